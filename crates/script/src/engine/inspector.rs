//! `inspect(engine)`: the inspector, and tables filled from the database.

use std::rc::Rc;

use vidro_engine::Bind;
use vidro_engine::inspect::{
    CheckInfo, ColumnInfo, ForeignKeyInfo, IndexInfo, Inspector, PrimaryKeyInfo, UniqueInfo,
};
use vidro_python::{Args, Class, ClassBuilder, Object, Raise, Value, Vm};
use vidro_sql::expr::Expr;
use vidro_sql::schema::{
    ColumnArg, ColumnSpec, Constraint, ConstraintKind, ForeignKey, ForeignKeyOptions,
    ForeignKeyTarget, Index, MetaData, ServerDefault, Table, TableOptions,
};

use crate::world::with_engine;
use crate::{exc, types, value};

/// An inspector as Python sees it.
#[derive(Debug)]
struct InspectorObject {
    inspector: Inspector,
}

type Call = fn(&mut Vm, Args) -> Result<Value, Raise>;

const METHODS: &[(&str, Call)] = &[
    ("get_table_names", |vm, args| names(vm, &args, Inspector::table_names)),
    ("get_view_names", |vm, args| names(vm, &args, Inspector::view_names)),
    ("get_temp_table_names", |vm, args| names(vm, &args, Inspector::temp_table_names)),
    ("get_temp_view_names", |vm, args| names(vm, &args, Inspector::temp_view_names)),
    ("get_schema_names", |vm, args| names(vm, &args, Inspector::schema_names)),
    ("has_table", |vm, args| {
        let (this, table) = this(vm, &args)?;
        with_engine(vm, || this.inspector.has_table(&table)).map(Value::Bool)
    }),
    ("has_index", |vm, args| {
        let (this, table) = this(vm, &args)?;
        let name = value::text(vm, &args.at(2))?;
        let found = with_engine(vm, || this.inspector.indexes(&table))?;
        Ok(Value::Bool(found.iter().any(|index| *index.name == *name)))
    }),
    ("get_table_comment", |vm, _| {
        Err(exc::raise(vm, "NotImplementedError", "SQLite knows no comments on tables"))
    }),
    ("get_columns", |vm, args| {
        let (this, table) = this(vm, &args)?;
        let found = with_engine(vm, || this.inspector.columns(&table))?;
        Ok(Value::list(found.iter().map(|column| column_dict(vm, column)).collect()))
    }),
    ("get_pk_constraint", |vm, args| {
        let (this, table) = this(vm, &args)?;
        let found = with_engine(vm, || this.inspector.primary_key(&table))?;
        Ok(Value::dict([
            ("constrained_columns", texts(&found.columns)),
            ("name", optional(found.name.as_deref())),
        ]))
    }),
    ("get_foreign_keys", |vm, args| {
        let (this, table) = this(vm, &args)?;
        let found = with_engine(vm, || this.inspector.foreign_keys(&table))?;
        Ok(Value::list(found.iter().map(foreign_key_dict).collect()))
    }),
    ("get_indexes", |vm, args| {
        let (this, table) = this(vm, &args)?;
        let found = with_engine(vm, || this.inspector.indexes(&table))?;
        Ok(Value::list(found.iter().map(index_dict).collect()))
    }),
    ("get_unique_constraints", |vm, args| {
        let (this, table) = this(vm, &args)?;
        let found = with_engine(vm, || this.inspector.unique_constraints(&table))?;
        let dict = |one: &UniqueInfo| {
            Value::dict([
                ("name", optional(one.name.as_deref())),
                ("column_names", texts(&one.columns)),
            ])
        };
        Ok(Value::list(found.iter().map(dict).collect()))
    }),
    ("get_check_constraints", |vm, args| {
        let (this, table) = this(vm, &args)?;
        let found = with_engine(vm, || this.inspector.check_constraints(&table))?;
        let dict = |one: &CheckInfo| {
            Value::dict([
                ("sqltext", Value::from(one.sqltext.as_str())),
                ("name", optional(one.name.as_deref())),
            ])
        };
        Ok(Value::list(found.iter().map(dict).collect()))
    }),
    ("get_view_definition", |vm, args| {
        let (this, table) = this(vm, &args)?;
        with_engine(vm, || this.inspector.view_definition(&table)).map(Value::from)
    }),
    ("clear_cache", |vm, args| {
        args.this::<InspectorObject>(vm)?.inspector.clear_cache();
        Ok(Value::None)
    }),
];

pub(super) fn define(vm: &mut Vm) {
    ClassBuilder::new("sqlalchemy.engine.reflection", "Inspector").methods(METHODS).build(vm);
}

/// `inspect(engine)`, `inspect(connection)`; none for anything else.
pub(crate) fn inspect(vm: &mut Vm, given: &Value) -> Result<Option<Value>, Raise> {
    let bind = match (super::engine_of(given), super::connection_of(given)) {
        (Some(engine), _) => Bind::Engine(engine),
        (_, Some(connection)) => Bind::Connection(connection),
        _ => return Ok(None),
    };
    let inspector = match bind {
        Bind::Engine(engine) => with_engine(vm, || Inspector::of_engine(&engine))?,
        Bind::Connection(connection) => Inspector::of_connection(&connection),
    };
    Ok(Some(Value::object(InspectorObject { inspector })))
}

fn this(vm: &mut Vm, args: &Args) -> Result<(Rc<InspectorObject>, String), Raise> {
    let this = args.this::<InspectorObject>(vm)?;
    let table = value::text(vm, &args.at(1))?;
    Ok((this, table.to_string()))
}

fn names(
    vm: &mut Vm,
    args: &Args,
    ask: fn(&Inspector) -> vidro_engine::Result<Vec<String>>,
) -> Result<Value, Raise> {
    let this = args.this::<InspectorObject>(vm)?;
    let found = with_engine(vm, || ask(&this.inspector))?;
    Ok(texts(&found))
}

fn texts(all: &[String]) -> Value {
    Value::list(all.iter().map(|text| Value::from(text.as_str())).collect())
}

fn optional(text: Option<&str>) -> Value {
    text.map_or(Value::None, Value::from)
}

fn column_dict(vm: &mut Vm, column: &ColumnInfo) -> Value {
    Value::dict([
        ("name", Value::from(column.name.as_str())),
        ("type", types::object(vm, &column.ty)),
        ("nullable", Value::Bool(column.nullable)),
        ("default", optional(column.default.as_deref())),
        ("primary_key", Value::Int(column.primary_key)),
    ])
}

fn foreign_key_dict(key: &ForeignKeyInfo) -> Value {
    let options = key.options.iter().map(|(name, given)| (*name, Value::from(given.as_str())));
    Value::dict([
        ("name", optional(key.name.as_deref())),
        ("constrained_columns", texts(&key.columns)),
        ("referred_schema", Value::None),
        ("referred_table", Value::from(key.referred_table.as_str())),
        ("referred_columns", texts(&key.referred_columns)),
        ("options", Value::dict(options)),
    ])
}

fn index_dict(index: &IndexInfo) -> Value {
    Value::dict([
        ("name", Value::from(index.name.as_str())),
        ("column_names", texts(&index.columns)),
        ("unique", Value::Int(i64::from(index.unique))),
        ("dialect_options", Value::dict([])),
    ])
}

/// What the database tells of one table.
#[derive(Default)]
struct Found {
    columns: Vec<ColumnInfo>,
    primary: PrimaryKeyInfo,
    keys: Vec<ForeignKeyInfo>,
    indexes: Vec<IndexInfo>,
    uniques: Vec<UniqueInfo>,
    checks: Vec<CheckInfo>,
}

/// Asks about several tables, one kind of question after the other, as SQLAlchemy does.
fn ask(inspector: &Inspector, names: &[String]) -> vidro_engine::Result<Vec<Found>> {
    let mut all: Vec<Found> = names.iter().map(|_| Found::default()).collect();
    let mut each = |ask: &dyn Fn(&mut Found, &str) -> vidro_engine::Result<()>| {
        all.iter_mut().zip(names).try_for_each(|(found, name)| ask(found, name))
    };
    each(&|found, name| inspector.columns(name).map(|columns| found.columns = columns))?;
    each(&|found, name| inspector.primary_key(name).map(|key| found.primary = key))?;
    each(&|found, name| inspector.foreign_keys(name).map(|keys| found.keys = keys))?;
    each(&|found, name| inspector.indexes(name).map(|indexes| found.indexes = indexes))?;
    each(&|found, name| inspector.unique_constraints(name).map(|all| found.uniques = all))?;
    each(&|found, name| inspector.check_constraints(name).map(|all| found.checks = all))?;
    Ok(all)
}

/// Reads tables of these names, and all they refer to.
pub(super) fn reflect(
    vm: &mut Vm,
    inspector: &Inspector,
    metadata: &MetaData,
    names: &[String],
) -> Result<(), Raise> {
    let found = with_engine(vm, || ask(inspector, names))?;
    for (name, found) in names.iter().zip(found) {
        // A table that another one refers to may have come in with it.
        if !metadata.contains(name) {
            let table = Table::new(name.as_str(), metadata, Vec::new(), TableOptions::default());
            let table = table.map_err(|error| exc::from_sql(vm, &error))?;
            fill(vm, inspector, &table, found)?;
        }
    }
    Ok(())
}

/// Gives a table the columns and constraints that the database has.
pub(super) fn autoload(vm: &mut Vm, inspector: &Inspector, table: &Table) -> Result<(), Raise> {
    let names = [table.name().to_string()];
    let found = with_engine(vm, || ask(inspector, &names))?;
    found.into_iter().try_for_each(|found| fill(vm, inspector, table, found))
}

fn fill(vm: &mut Vm, inspector: &Inspector, table: &Table, found: Found) -> Result<(), Raise> {
    let name = table.name().to_string();
    let Found { columns, primary, keys, indexes, uniques, checks } = found;
    let sql = |vm: &mut Vm, result: vidro_sql::Result<()>| {
        result.map_err(|error| exc::from_sql(vm, &error))
    };
    for found in columns {
        if table.column(&found.name).is_some() {
            continue;
        }
        let mut spec = ColumnSpec::new(found.name.as_str(), found.ty.clone());
        spec.nullable = Some(found.nullable);
        spec.primary_key = primary.columns.contains(&found.name);
        spec.server_default =
            found.default.as_deref().map(|text| ServerDefault::Sql(Expr::text(text)));
        let added = table.append_column(&spec.build(), false);
        sql(vm, added)?;
    }
    let metadata = table.metadata();
    for key in keys {
        if let Some(metadata) = &metadata
            && key.referred_table != name
            && !metadata.contains(&key.referred_table)
        {
            reflect(vm, inspector, metadata, std::slice::from_ref(&key.referred_table))?;
        }
        let mut options = ForeignKeyOptions::default();
        for (option, given) in &key.options {
            match *option {
                "ondelete" => options.ondelete = Some(given.as_str().into()),
                "onupdate" => options.onupdate = Some(given.as_str().into()),
                _ => {}
            }
        }
        let made = key.referred_columns.iter().map(|column| {
            let target = format!("{}.{column}", key.referred_table);
            ForeignKey::new(ForeignKeyTarget::Spec(target.into()), options.clone())
        });
        let kind = ConstraintKind::ForeignKey(made.collect());
        let locals = key.columns.iter().map(|column| ColumnArg::Name(column.as_str().into()));
        let name = key.name.as_deref().map(vidro_sql::name::Name::new);
        let constraint = Constraint::new(kind, name, options.clone()).of_columns(locals.collect());
        let added = table.append_constraint(&constraint);
        sql(vm, added)?;
    }
    for unique in uniques {
        let locals = unique.columns.iter().map(|column| ColumnArg::Name(column.as_str().into()));
        let name = unique.name.map(vidro_sql::name::Name::new);
        let constraint = Constraint::unique(Vec::new(), name).of_columns(locals.collect());
        let added = table.append_constraint(&constraint);
        sql(vm, added)?;
    }
    for check in checks {
        let name = check.name.map(vidro_sql::name::Name::new);
        let added = table.append_constraint(&Constraint::check(Expr::text(&check.sqltext), name));
        sql(vm, added)?;
    }
    for index in indexes {
        let expressions = index.columns.iter().filter_map(|column| table.c(column).ok()).collect();
        let name = Some(vidro_sql::name::Name::new(index.name.as_str()));
        let added = table.append_index(&Index::new(name, expressions, index.unique));
        sql(vm, added)?;
    }
    Ok(())
}

impl Object for InspectorObject {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class("sqlalchemy.engine.reflection.Inspector")
    }

    fn get_attribute(self: Rc<Self>, _: &mut Vm, name: &str) -> Result<Option<Value>, Raise> {
        Ok((name == "default_schema_name").then(|| Value::from("main")))
    }
}
