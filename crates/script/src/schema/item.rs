//! What stands beside columns in a table: foreign keys, constraints, indexes, sequences, defaults.

use std::rc::Rc;

use vidro_python::{Args, Class, ClassBuilder, Object, Raise, Str, Value, Vm};
use vidro_sql::expr::Expr;
use vidro_sql::name::Name;
use vidro_sql::schema::{
    ColumnArg, Computed, Constraint, ConstraintKind, Default, ForeignKey, ForeignKeyOptions,
    ForeignKeyTarget, Identity, Index, Sequence, SequenceOptions, ServerDefault, Table,
};

use super::SCHEMA;
use super::column::{is_dialect_option, optional_name};
use crate::{exc, expression, value};

/// One of those things.
#[derive(Clone, Debug)]
pub(crate) enum Item {
    /// `ForeignKey`
    ForeignKey(ForeignKey),
    /// Any constraint.
    Constraint(Constraint),
    /// `Index`
    Index(Index),
    /// `Sequence`
    Sequence(Sequence),
    /// `Computed`
    Computed(Computed),
    /// `Identity`
    Identity(Identity),
    /// `DefaultClause`, `FetchedValue`
    ServerDefault(ServerDefault),
    /// `ColumnDefault`
    Default(Default),
}

impl Item {
    /// As a Python object.
    pub(crate) fn object(self) -> Value {
        Value::object(ItemObject { item: self })
    }

    fn class_name(&self) -> &'static str {
        match self {
            Self::ForeignKey(_) => "ForeignKey",
            Self::Constraint(constraint) => match constraint.kind() {
                ConstraintKind::PrimaryKey(_) => "PrimaryKeyConstraint",
                ConstraintKind::Unique(_) => "UniqueConstraint",
                ConstraintKind::ForeignKey(_) => "ForeignKeyConstraint",
                ConstraintKind::Check(_) => "CheckConstraint",
            },
            Self::Index(_) => "Index",
            Self::Sequence(_) => "Sequence",
            Self::Computed(_) => "Computed",
            Self::Identity(_) => "Identity",
            Self::ServerDefault(ServerDefault::Fetched) => "FetchedValue",
            Self::ServerDefault(_) => "DefaultClause",
            Self::Default(Default::Callable(_)) => "CallableColumnDefault",
            Self::Default(Default::Scalar(_)) => "ScalarElementColumnDefault",
            Self::Default(_) => "ColumnElementColumnDefault",
        }
    }

    /// What tells two handles apart.
    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::ForeignKey(a), Self::ForeignKey(b)) => a.ptr_eq(b),
            (Self::Constraint(a), Self::Constraint(b)) => a.ptr_eq(b),
            (Self::Index(a), Self::Index(b)) => a.ptr_eq(b),
            (Self::Sequence(a), Self::Sequence(b)) => a.ptr_eq(b),
            _ => false,
        }
    }
}

/// One of those things as Python sees it.
#[derive(Debug)]
pub(crate) struct ItemObject {
    /// Which.
    pub(crate) item: Item,
}

type Call = fn(&mut Vm, Args) -> Result<Value, Raise>;

/// Class, base, constructor.
const CLASSES: &[(&str, &str, Option<Call>)] = &[
    ("SchemaItem", "", None),
    ("ForeignKey", "SchemaItem", Some(foreign_key)),
    ("Constraint", "SchemaItem", None),
    ("ColumnCollectionConstraint", "Constraint", None),
    ("PrimaryKeyConstraint", "ColumnCollectionConstraint", Some(primary_key)),
    ("UniqueConstraint", "ColumnCollectionConstraint", Some(unique)),
    ("ForeignKeyConstraint", "ColumnCollectionConstraint", Some(foreign_key_constraint)),
    ("CheckConstraint", "ColumnCollectionConstraint", Some(check)),
    ("Index", "SchemaItem", Some(index)),
    ("DefaultGenerator", "SchemaItem", None),
    ("Sequence", "DefaultGenerator", Some(sequence)),
    ("ColumnDefault", "DefaultGenerator", Some(column_default)),
    ("ScalarElementColumnDefault", "ColumnDefault", None),
    ("CallableColumnDefault", "ColumnDefault", None),
    ("ColumnElementColumnDefault", "ColumnDefault", None),
    ("FetchedValue", "SchemaItem", Some(fetched)),
    ("DefaultClause", "FetchedValue", Some(default_clause)),
    ("Computed", "FetchedValue", Some(computed)),
    ("Identity", "FetchedValue", Some(identity)),
];

pub(super) fn define(vm: &mut Vm) {
    for (name, base, constructor) in CLASSES {
        let mut builder = ClassBuilder::new(SCHEMA, *name);
        if !base.is_empty() {
            let base = vm.named_class(&format!("{SCHEMA}.{base}"));
            builder = builder.base(&base);
        }
        if let Some(constructor) = constructor {
            builder = builder.constructor(*constructor);
        }
        if *name == "Sequence" {
            builder = builder.method("next_value", next_value);
        }
        builder.build(vm);
    }
}

fn options(vm: &mut Vm, args: &mut Args) -> Result<ForeignKeyOptions, Raise> {
    let text = |vm: &mut Vm, given: Option<Value>| value::optional_text(vm, given);
    let mut out = ForeignKeyOptions {
        name: optional_name(args.take_keyword("name")),
        ..ForeignKeyOptions::default()
    };
    out.ondelete = text(vm, args.take_keyword("ondelete"))?;
    out.onupdate = text(vm, args.take_keyword("onupdate"))?;
    out.initially = text(vm, args.take_keyword("initially"))?;
    out.match_ = text(vm, args.take_keyword("match"))?;
    out.comment = text(vm, args.take_keyword("comment"))?;
    out.deferrable = value::optional_flag(vm, args.take_keyword("deferrable"))?;
    out.use_alter = value::flag(vm, args.take_keyword("use_alter"))?;
    out.link_to_name = value::flag(vm, args.take_keyword("link_to_name"))?;
    args.take_keyword("info");
    Ok(out)
}

/// Dialect options among the keywords, the rest refused.
fn dialect_options(
    vm: &mut Vm,
    args: &mut Args,
) -> Result<Vec<(Rc<str>, vidro_sql::Value)>, Raise> {
    let mut out = Vec::new();
    for (name, given) in std::mem::take(&mut args.keywords) {
        if !is_dialect_option(&name) {
            return Err(vm.type_error(format!(
                "Additional arguments should be named <dialectname>_<argument>, got '{name}'"
            )));
        }
        dialect_option(vm, &name, &given, &mut out)?;
    }
    Ok(out)
}

/// Keeps an option of a dialect; a dict is kept entry by entry, as `postgresql_ops.name`.
pub(super) fn dialect_option(
    vm: &mut Vm,
    name: &str,
    given: &Value,
    out: &mut Vec<(Rc<str>, vidro_sql::Value)>,
) -> Result<(), Raise> {
    if let Value::Dict(entries) = given {
        for (key, given) in entries.items() {
            let key = value::text(vm, &key)?;
            out.push((Rc::from(format!("{name}.{key}")), value::from_python(vm, &given)?));
        }
        return Ok(());
    }
    out.push((Rc::from(name), value::from_python(vm, given)?));
    Ok(())
}

/// A constraint as a Python object; over columns of a table it belongs to that table at once.
fn constraint_object(vm: &mut Vm, constraint: Constraint) -> Result<Value, Raise> {
    if let Some(table) = constraint.table_of_columns() {
        table.append_constraint(&constraint).map_err(|error| exc::from_sql(vm, &error))?;
    }
    Ok(Item::Constraint(constraint).object())
}

fn foreign_key(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    let options = options(vm, &mut args)?;
    let target = args.take_keyword("column").or_else(|| args.get(1).cloned());
    let Some(target) = target else {
        return Err(
            vm.type_error("ForeignKey.__init__() missing 1 required positional argument: 'column'")
        );
    };
    let target = match target.as_str() {
        Some(text) => ForeignKeyTarget::Spec(Rc::from(&*text)),
        None => match column(vm, &target)? {
            Some(column) => ForeignKeyTarget::Column(column),
            None => {
                let shown = vm.repr(&target)?;
                return Err(exc::argument(
                    vm,
                    format!(
                        "String column name or Column object for DDL foreign key constraint expected, got {shown}."
                    ),
                ));
            }
        },
    };
    Ok(Item::ForeignKey(ForeignKey::new(target, options)).object())
}

/// The schema column behind a column, mapped attribute or `mapped_column`.
fn column(vm: &mut Vm, value: &Value) -> Result<Option<vidro_sql::schema::Column>, Raise> {
    if let Some(column) = crate::mapping::column_behind(value) {
        return Ok(Some(column));
    }
    Ok(expression::try_expr(vm, value)?.and_then(|expr| expr.schema_column().cloned()))
}

/// Columns or their names.
fn columns(vm: &mut Vm, values: &[Value]) -> Result<Vec<ColumnArg>, Raise> {
    let mut out = Vec::new();
    for given in values {
        out.push(match given.as_str() {
            Some(name) => ColumnArg::Name(Rc::from(&*name)),
            None => match column(vm, given)? {
                Some(column) => ColumnArg::Column(column),
                None => {
                    let shown = vm.repr(given)?;
                    return Err(exc::argument(
                        vm,
                        format!("String column name or column object for DDL constraint expected, got {shown}."),
                    ));
                }
            },
        });
    }
    Ok(out)
}

fn column_constraint(vm: &mut Vm, mut args: Args, kind: ConstraintKind) -> Result<Value, Raise> {
    let options = options(vm, &mut args)?;
    args.take_keyword("_implicit_generated");
    let dialect = dialect_options(vm, &mut args)?;
    let columns = columns(vm, args.positional.get(1..).unwrap_or_default())?;
    let name = options.name.clone();
    let constraint = Constraint::with(kind, name, options, false, dialect).of_columns(columns);
    constraint_object(vm, constraint)
}

fn primary_key(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    column_constraint(vm, args, ConstraintKind::PrimaryKey(Vec::new()))
}

fn unique(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    column_constraint(vm, args, ConstraintKind::Unique(Vec::new()))
}

fn foreign_key_constraint(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    let options = options(vm, &mut args)?;
    let locals = args.take_keyword("columns").unwrap_or_else(|| args.at(1));
    let remotes = args.take_keyword("refcolumns").unwrap_or_else(|| args.at(2));
    let locals = vm.collect(&locals)?;
    let remotes = vm.collect(&remotes)?;
    if locals.len() != remotes.len() {
        return Err(exc::argument(
            vm,
            "ForeignKeyConstraint number of constrained columns must match the number of \
             referenced columns.",
        ));
    }
    let dialect = dialect_options(vm, &mut args)?;
    let mut keys = Vec::new();
    for remote in &remotes {
        let target = match remote.as_str() {
            Some(text) => ForeignKeyTarget::Spec(Rc::from(&*text)),
            None => match column(vm, remote)? {
                Some(column) => ForeignKeyTarget::Column(column),
                None => {
                    return Err(exc::argument(vm, "String column name or Column object expected"));
                }
            },
        };
        keys.push(ForeignKey::new(target, options.clone()));
    }
    let locals = columns(vm, &locals)?;
    let name = options.name.clone();
    let kind = ConstraintKind::ForeignKey(keys);
    let constraint = Constraint::with(kind, name, options, false, dialect).of_columns(locals);
    constraint_object(vm, constraint)
}

fn check(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    let options = options(vm, &mut args)?;
    let text = args.take_keyword("sqltext").unwrap_or_else(|| args.at(1));
    let condition = text_or_expr(vm, &text)?;
    let name = options.name.clone();
    let constraint = Constraint::new(ConstraintKind::Check(condition), name, options);
    constraint_object(vm, constraint)
}

/// A string is text, anything else an expression.
fn text_or_expr(vm: &mut Vm, given: &Value) -> Result<Expr, Raise> {
    match given.as_str() {
        Some(text) => Ok(Expr::text(&text)),
        None => expression::expect(vm, given),
    }
}

fn index(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    args.positional.remove(0);
    let named = args.take_keyword("name");
    let name = match (named, args.positional.is_empty()) {
        (Some(named), _) => expression::name(&named),
        (None, true) => None,
        (None, false) => expression::name(&args.positional.remove(0)),
    };
    let unique = value::flag(vm, args.take_keyword("unique"))?;
    args.take_keyword("quote");
    args.take_keyword("info");
    let table = args.take_keyword("_table");
    let mut wheres = Vec::new();
    for dialect in ["sqlite", "postgresql"] {
        if let Some(condition) = args.take_keyword(&format!("{dialect}_where")) {
            wheres.push((Rc::from(dialect), expression::condition(vm, &condition)?));
        }
    }
    let mut expressions = Vec::new();
    for given in args.positional.clone() {
        expressions.push(match given.as_str() {
            Some(name) => Expr::column(&*name, vidro_sql::types::Type::null()),
            None => match crate::mapping::column_behind(&given) {
                Some(column) => column.expr(),
                None => expression::expect(vm, &given)?,
            },
        });
    }
    let dialect = dialect_options(vm, &mut args)?;
    let index = Index::with(name, expressions, unique, dialect, wheres, false);
    // An index over columns of a table belongs to it at once.
    let table = table.as_ref().and_then(super::as_table).or_else(|| index.table());
    if let Some(table) = table
        && !table.indexes().iter().any(|known| known.ptr_eq(&index))
    {
        table.append_index(&index).map_err(|error| exc::from_sql(vm, &error))?;
    }
    Ok(Item::Index(index).object())
}

fn sequence_options(args: &mut Args) -> SequenceOptions {
    let mut number = |name: &str| args.take_keyword(name).and_then(|given| given.as_int());
    let mut out = SequenceOptions {
        start: number("start"),
        increment: number("increment"),
        minvalue: number("minvalue"),
        maxvalue: number("maxvalue"),
        cache: number("cache"),
        ..SequenceOptions::default()
    };
    out.cycle = number("cycle").map(|given| given != 0);
    out.nominvalue = number("nominvalue") == Some(1);
    out.nomaxvalue = number("nomaxvalue") == Some(1);
    out
}

fn sequence(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    let name = args.take_keyword("name").unwrap_or_else(|| args.at(1));
    let name = Name::new(value::text(vm, &name)?);
    let schema = optional_name(args.take_keyword("schema"));
    let optional = value::flag(vm, args.take_keyword("optional"))?;
    let metadata = args.take_keyword("metadata");
    let mut options = sequence_options(&mut args);
    options.start = options.start.or_else(|| args.at(2).as_int());
    options.increment = options.increment.or_else(|| args.at(3).as_int());
    let sequence = Sequence::new(name, schema, options, optional);
    if let Some(metadata) = metadata.as_ref().and_then(super::metadata_of) {
        metadata.add_sequence(sequence.clone());
    }
    Ok(Item::Sequence(sequence).object())
}

fn next_value(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = args.this::<ItemObject>(vm)?;
    match &this.item {
        Item::Sequence(sequence) => {
            let expr = Expr::next_value(sequence);
            expression::object_result(vm, expr)
        }
        _ => Ok(Value::None),
    }
}

fn column_default(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let made = super::column::default_of(vm, &args.at(1))?;
    Ok(made.map_or(Value::None, |default| Item::Default(default).object()))
}

fn fetched(_: &mut Vm, _: Args) -> Result<Value, Raise> {
    Ok(Item::ServerDefault(ServerDefault::Fetched).object())
}

fn default_clause(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let given = args.at(1);
    let default = match given.as_str() {
        Some(text) => ServerDefault::Text(Rc::from(&*text)),
        None => ServerDefault::Sql(expression::expect(vm, &given)?),
    };
    Ok(Item::ServerDefault(default).object())
}

fn computed(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [_, text, persisted] = args.bind(vm, "Computed(cls, sqltext, persisted=)")?;
    let sqltext = text_or_expr(vm, &text.unwrap_or_default())?;
    let persisted = value::optional_flag(vm, persisted)?;
    Ok(Item::Computed(Computed { sqltext, persisted }).object())
}

fn identity(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    let options = sequence_options(&mut args);
    let always = value::flag(vm, args.take_keyword("always").or_else(|| args.get(1).cloned()))?;
    let on_null = value::optional_flag(vm, args.take_keyword("on_null"))?;
    Ok(Item::Identity(Identity { always, on_null, options }).object())
}

impl Object for ItemObject {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class(&format!("{SCHEMA}.{}", self.item.class_name()))
    }

    fn compare(
        self: Rc<Self>,
        _: &mut Vm,
        by: vidro_python::Compare,
        other: &Value,
    ) -> Result<Value, Raise> {
        use vidro_python::Compare;
        let same = other.downcast_ref::<Self>().is_some_and(|other| self.item.same(&other.item));
        Ok(match by {
            Compare::Equal => Value::Bool(same),
            Compare::NotEqual => Value::Bool(!same),
            _ => Value::NotImplemented,
        })
    }

    fn hash(&self, _: &mut Vm) -> Result<u64, Raise> {
        // Handles on one thing are equal, so that only the kind may count.
        Ok(u64::try_from(self.item.class_name().len()).unwrap_or(0))
    }

    fn repr(&self, vm: &mut Vm) -> Result<Str, Raise> {
        Ok(match &self.item {
            Item::ForeignKey(key) => format!("{key:?}"),
            Item::Constraint(constraint) => format!("{constraint:?}"),
            Item::Index(index) => format!("{index:?}"),
            Item::Sequence(sequence) => format!("{sequence:?}"),
            Item::Default(Default::Scalar(given)) => {
                format!("ScalarElementColumnDefault({})", given.repr())
            }
            Item::Default(Default::Callable(callable)) => {
                format!("CallableColumnDefault({})", callable.object().repr())
            }
            other => {
                let class = self.class(vm).full_name();
                let _ = other;
                format!("<{class} object at 0x7f0000000000>")
            }
        }
        .into())
    }

    fn get_attribute(self: Rc<Self>, vm: &mut Vm, name: &str) -> Result<Option<Value>, Raise> {
        attribute(vm, &self.item, name)
    }
}

fn attribute(vm: &mut Vm, item: &Item, name: &str) -> Result<Option<Value>, Raise> {
    match item {
        Item::ForeignKey(key) => foreign_key_attribute(vm, key, name),
        Item::Constraint(constraint) => constraint_attribute(vm, constraint, name),
        Item::Index(index) => index_attribute(vm, index, name),
        _ => default_attribute(vm, item, name),
    }
}

fn named(name: Option<&Name>) -> Option<Value> {
    Some(name.map_or(Value::None, |name| Value::from(&**name)))
}

fn text(text: Option<&Rc<str>>) -> Option<Value> {
    Some(text.map_or(Value::None, |text| Value::from(&**text)))
}

fn optional_table(vm: &mut Vm, table: Option<&Table>) -> Result<Value, Raise> {
    table.map_or(Ok(Value::None), |table| super::table_object(vm, table))
}

fn foreign_key_attribute(
    vm: &mut Vm,
    key: &ForeignKey,
    name: &str,
) -> Result<Option<Value>, Raise> {
    Ok(match name {
        "column" => {
            let column = key.column().map_err(|error| exc::from_sql(vm, &error))?;
            Some(super::column_object(vm, &column)?)
        }
        "parent" => match key.parent() {
            Some(column) => Some(super::column_object(vm, &column)?),
            None => Some(Value::None),
        },
        "target_fullname" => Some(Value::from(key.target_fullname())),
        "name" => named(key.options().name.as_ref()),
        "ondelete" => text(key.options().ondelete.as_ref()),
        "onupdate" => text(key.options().onupdate.as_ref()),
        "constraint" => {
            Some(key.constraint().map_or(Value::None, |c| Item::Constraint(c).object()))
        }
        _ => None,
    })
}

fn constraint_attribute(
    vm: &mut Vm,
    constraint: &Constraint,
    name: &str,
) -> Result<Option<Value>, Raise> {
    Ok(match name {
        "name" => named(constraint.final_name().as_ref()),
        "ondelete" => text(constraint.options().ondelete.as_ref()),
        "columns" | "c" => {
            let mut columns = Vec::new();
            for column in constraint.columns() {
                columns.push((column.key(), super::column_object(vm, &column)?));
            }
            Some(expression::collection(columns))
        }
        "column_keys" => {
            let keys = constraint.columns();
            Some(Value::list(keys.iter().map(|c| Value::from(&*c.key())).collect()))
        }
        "elements" => {
            let keys = constraint.foreign_keys().into_iter();
            Some(Value::list(keys.map(|key| Item::ForeignKey(key).object()).collect()))
        }
        "referred_table" => {
            let table = constraint.referred_table().map_err(|error| exc::from_sql(vm, &error))?;
            Some(super::table_object(vm, &table)?)
        }
        "table" => Some(optional_table(vm, constraint.table().as_ref())?),
        "sqltext" => match constraint.kind() {
            ConstraintKind::Check(condition) => Some(expression::object(vm, condition)),
            _ => None,
        },
        _ => None,
    })
}

fn index_attribute(vm: &mut Vm, index: &Index, name: &str) -> Result<Option<Value>, Raise> {
    Ok(match name {
        "name" => named(index.final_name().as_ref()),
        "unique" => Some(Value::Bool(index.is_unique())),
        "table" => Some(optional_table(vm, index.table().as_ref())?),
        "expressions" => {
            let expressions = index.expressions().to_vec();
            Some(Value::list(expressions.into_iter().map(|e| expression::object(vm, e)).collect()))
        }
        "columns" => {
            let mut columns = Vec::new();
            for column in index.expressions().iter().filter_map(Expr::schema_column) {
                columns.push((column.key(), super::column_object(vm, column)?));
            }
            Some(expression::collection(columns))
        }
        _ => None,
    })
}

fn default_attribute(vm: &mut Vm, item: &Item, name: &str) -> Result<Option<Value>, Raise> {
    Ok(match (item, name) {
        (Item::Sequence(sequence), "name") => named(Some(sequence.name())),
        (Item::ServerDefault(ServerDefault::Text(given)), "arg") => Some(Value::from(&**given)),
        (Item::ServerDefault(ServerDefault::Sql(expr)), "arg") => {
            Some(expression::object(vm, expr.clone()))
        }
        (Item::Default(Default::Scalar(given)), "arg") => Some(value::to_python(vm, given)),
        (Item::Default(Default::Callable(callable)), "arg") => {
            Some(value::to_python(vm, &callable.object()))
        }
        (Item::Default(Default::Sql(expr)), "arg") => Some(expression::object(vm, expr.clone())),
        (Item::Default(default), "is_callable") => {
            Some(Value::Bool(matches!(default, Default::Callable(_))))
        }
        (Item::Default(default), "is_scalar") => {
            Some(Value::Bool(matches!(default, Default::Scalar(_))))
        }
        (Item::Computed(computed), "sqltext") => {
            Some(expression::object(vm, computed.sqltext.clone()))
        }
        (Item::Computed(computed), "persisted") => {
            Some(computed.persisted.map_or(Value::None, Value::Bool))
        }
        _ => None,
    })
}
