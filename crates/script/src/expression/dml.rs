//! `insert`, `update`, `delete` as generative Python objects.

use std::rc::Rc;

use vidro_orm::MapperId;
use vidro_orm::load::EntityId;
use vidro_python::{Args, Class, ClassBuilder, Object, Raise, Str, Value, Vm};
use vidro_sql::compile::{CompileOptions, compile};
use vidro_sql::dialect::Dialect;
use vidro_sql::dml::{Delete, DmlKey, Insert, OnConflict, Update};
use vidro_sql::expr::{Expr, Operand};
use vidro_sql::from::FromClause;
use vidro_sql::select::Affix;
use vidro_sql::statement::Statement;

use super::{conditions, expect, object, operand};
use crate::mapping::CompositeAttribute;
use crate::world::with_sql;
use crate::{exc, mapping, value};

const DML: &str = "sqlalchemy.sql.dml";

/// An INSERT, UPDATE or DELETE as Python sees it.
#[derive(Clone, Debug)]
pub(crate) struct DmlObject {
    /// The statement.
    pub(crate) statement: Statement,
    /// The mapped class it is about, if it was given one.
    pub(crate) entity: Option<MapperId>,
    /// What RETURNING was given, as Python values: classes and attributes among them.
    pub(crate) returning: Vec<Value>,
    /// Execution options.
    pub(crate) options: Vec<(Str, Value)>,
    /// Loader options.
    pub(crate) loaders: Vec<Value>,
    /// The dialect whose constructor made it: `sqlalchemy.dialects.sqlite.insert`.
    dialect: Option<&'static str>,
}

type Call = fn(&mut Vm, Args) -> Result<Value, Raise>;

const COMMON: &[(&str, Call)] = &[
    ("values", values),
    ("returning", returning),
    ("execution_options", execution_options),
    ("options", options),
    ("prefix_with", prefix_with),
    ("where", where_),
    ("filter", where_),
    ("filter_by", filter_by),
    ("with_dialect_options", with_dialect_options),
    ("with_hint", |_, args| Ok(args.at(0))),
    ("return_defaults", return_defaults),
    ("add_cte", add_cte),
    ("cte", cte),
];

const INSERT: &[(&str, Call)] = &[
    ("from_select", from_select),
    ("inline", inline),
    ("on_conflict_do_update", |vm, args| on_conflict(vm, args, true)),
    ("on_conflict_do_nothing", |vm, args| on_conflict(vm, args, false)),
    ("on_duplicate_key_update", on_duplicate),
];

pub(super) fn define(vm: &mut Vm) {
    let root = vm.named_class("sqlalchemy.sql.elements.ClauseElement");
    let base = ClassBuilder::new(DML, "UpdateBase").base(&root).methods(COMMON).build(vm);
    ClassBuilder::new(DML, "Insert").base(&base).methods(INSERT).build(vm);
    ClassBuilder::new(DML, "Update").base(&base).method("ordered_values", ordered_values).build(vm);
    ClassBuilder::new(DML, "Delete").base(&base).method("using", using).build(vm);
    for (module, _) in DIALECTS {
        let insert = vm.named_class("sqlalchemy.sql.dml.Insert");
        ClassBuilder::new(module, "Insert").base(&insert).build(vm);
    }
}

const DIALECTS: &[(&str, &str)] = &[
    ("sqlalchemy.dialects.sqlite.dml", "sqlite"),
    ("sqlalchemy.dialects.postgresql.dml", "postgresql"),
    ("sqlalchemy.dialects.mysql.dml", "mysql"),
];

/// The table an entity or table argument means, and the mapper.
fn target(vm: &mut Vm, given: &Value) -> Result<(FromClause, Option<MapperId>), Raise> {
    let mapper = mapping::mapper_of(vm, given)?;
    if let Some(mapper) = mapper
        && let Some(table) = mapping::local_table(vm, mapper)?
    {
        return Ok((FromClause::Table(table), Some(mapper)));
    }
    match super::try_from_clause(vm, given)? {
        Some(from) => Ok((from, None)),
        None => {
            let raise =
                super::expected(vm, "subject table for an INSERT, UPDATE or DELETE", given)?;
            let class = vm.class_of(given);
            if given.downcast_ref::<super::SelectObject>().is_none() {
                return Err(raise);
            }
            let shown = vm.repr(given)?;
            let message = format!(
                "subject table for an INSERT, UPDATE or DELETE expected, got {shown}. To create a \
                 FROM clause from a <class '{}'> object, use the .subquery() method.",
                class.full_name()
            );
            let raise = exc::argument(vm, message);
            Err(exc::with_code(raise, Some("89ve")))
        }
    }
}

fn made(statement: Statement, entity: Option<MapperId>, dialect: Option<&'static str>) -> Value {
    Value::object(DmlObject {
        statement,
        entity,
        returning: Vec::new(),
        options: Vec::new(),
        loaders: Vec::new(),
        dialect,
    })
}

/// `insert(table)`
pub(crate) fn insert(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let (table, entity) = target(vm, &args.at(0))?;
    Ok(made(Insert::new(table).into(), entity, None))
}

/// `sqlalchemy.dialects.NAME.insert(table)`
pub(crate) fn insert_for(vm: &mut Vm, args: &Args, dialect: &'static str) -> Result<Value, Raise> {
    let (table, entity) = target(vm, &args.at(0))?;
    Ok(made(Insert::new(table).into(), entity, Some(dialect)))
}

/// `update(table)`
pub(crate) fn update(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let (table, entity) = target(vm, &args.at(0))?;
    Ok(made(Update::new(table).into(), entity, None))
}

/// `delete(table)`
pub(crate) fn delete(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let (table, entity) = target(vm, &args.at(0))?;
    Ok(made(Delete::new(table).into(), entity, None))
}

fn this(vm: &mut Vm, args: &Args) -> Result<DmlObject, Raise> {
    args.this::<DmlObject>(vm).map(|object| (*object).clone())
}

/// The same statement with its parts changed.
fn altered(
    mut object: DmlObject,
    insert: impl FnOnce(Insert) -> Insert,
    update: impl FnOnce(Update) -> Update,
    delete: impl FnOnce(Delete) -> Delete,
) -> Value {
    object.statement = match object.statement {
        Statement::Insert(statement) => insert(statement).into(),
        Statement::Update(statement) => update(statement).into(),
        Statement::Delete(statement) => delete(statement).into(),
        other => other,
    };
    Value::object(object)
}

/// A column in VALUES or SET: a name, a column, an attribute.
fn key(vm: &mut Vm, object: &DmlObject, given: &Value) -> Result<DmlKey, Raise> {
    if let Some(name) = given.as_str() {
        let column = match object.entity {
            Some(mapper) => mapping::column_of_attribute(vm, mapper, &name)?,
            None => None,
        };
        return Ok(match column {
            Some(column) if *column.key() != *name => DmlKey::Name(column.key()),
            _ => DmlKey::Name(Rc::from(&*name)),
        });
    }
    match mapping::column_behind(given) {
        Some(column) if object.entity.is_some() => Ok(DmlKey::Name(column.key())),
        _ => {
            let expr = super::expect_as(vm, "SET/VALUES column expression or string key", given)?;
            // A column of the statement's own table is known by its key.
            let own = object.table().and_then(FromClause::as_table);
            let column = expr.schema_column().filter(|column| match (own, column.table()) {
                (Some(own), Some(table)) => own.ptr_eq(&table),
                _ => true,
            });
            Ok(column.map_or_else(|| DmlKey::Column(expr.clone()), |c| DmlKey::Name(c.key())))
        }
    }
}

type DmlRow = Vec<(DmlKey, Operand)>;

/// What one entry of VALUES or SET assigns: a column, or those of a composite.
fn assign(
    vm: &mut Vm,
    object: &DmlObject,
    name: &Value,
    given: &Value,
    row: &mut DmlRow,
) -> Result<(), Raise> {
    let composite = match (object.entity, name.as_str()) {
        (Some(mapper), Some(name)) => mapping::composite_of(vm, EntityId::of(mapper), &name)?,
        _ => name.downcast_ref::<CompositeAttribute>().cloned(),
    };
    match composite {
        Some(composite) => {
            for (name, given) in composite.assigned(vm, given)? {
                assign(vm, object, &Value::from(&*name), &given, row)?;
            }
        }
        None => row.push((key(vm, object, name)?, operand(vm, given)?)),
    }
    Ok(())
}

fn row(vm: &mut Vm, object: &DmlObject, given: &Value) -> Result<DmlRow, Raise> {
    let mut out = Vec::new();
    if matches!(given, Value::Tuple(_) | Value::List(_) | Value::Str(_)) {
        let Some(table) = object.table().cloned() else { return Ok(out) };
        let cells = vm.collect(given)?;
        for ((name, _), cell) in table.columns().into_iter().zip(cells.iter()) {
            out.push((DmlKey::Name(name), operand(vm, cell)?));
        }
        return Ok(out);
    }
    for (name, cell) in value::items(vm, given)? {
        assign(vm, object, &name, &cell, &mut out)?;
    }
    Ok(out)
}

fn values(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let object = this(vm, &args)?;
    let positional: Vec<Value> = args.positional.iter().skip(1).cloned().collect();
    let many = match positional.as_slice() {
        [Value::List(rows)] => Some(rows.to_vec()).filter(|rows| {
            matches!(rows.first(), Some(Value::Dict(_) | Value::Tuple(_) | Value::List(_)))
        }),
        [_, _, ..] => {
            return Err(exc::argument(
                vm,
                "Only a single dictionary/tuple or list of dictionaries/tuples is accepted positionally.",
            ));
        }
        _ => None,
    };
    if let Some(rows) = many {
        let mut all = Vec::new();
        for given in &rows {
            all.push(row(vm, &object, given)?);
        }
        let Statement::Insert(insert) = &object.statement else {
            return Err(exc::invalid_request(
                vm,
                "UPDATE construct does not support multiple parameter sets.",
            ));
        };
        let statement = insert.clone();
        let statement = with_sql(vm, || statement.values_many(all))?;
        return Ok(Value::object(DmlObject { statement: statement.into(), ..object }));
    }
    let mut pairs = match positional.first() {
        Some(given) => row(vm, &object, given)?,
        None => Vec::new(),
    };
    for (name, given) in &args.keywords {
        assign(vm, &object, &Value::Str(name.clone()), given, &mut pairs)?;
    }
    let statement = with_sql(vm, || match object.statement.clone() {
        Statement::Insert(insert) => insert.values(pairs).map(Statement::from),
        Statement::Update(update) => update.values(pairs).map(Statement::from),
        other => Ok(other),
    })?;
    Ok(Value::object(DmlObject { statement, ..object }))
}

fn ordered_values(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let object = this(vm, &args)?;
    let mut pairs = Vec::new();
    for given in args.positional.iter().skip(1) {
        if let [name, given] = vm.collect(given)?.as_slice() {
            assign(vm, &object, name, given, &mut pairs)?;
        }
    }
    let Statement::Update(update) = object.statement.clone() else { return Ok(args.at(0)) };
    let statement = with_sql(vm, || update.ordered_values(pairs))?;
    Ok(Value::object(DmlObject { statement: statement.into(), ..object }))
}

fn returning(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    let ordered = value::flag(vm, args.take_keyword("sort_by_parameter_order"))?;
    let mut object = this(vm, &args)?;
    let mut columns = Vec::new();
    for given in args.positional.iter().skip(1) {
        object.returning.push(given.clone());
        if let Some(mapper) = mapping::mapper_of(vm, given)? {
            columns.extend(mapping::column_expressions(vm, mapper)?);
        } else if let Some(from) = super::try_from_clause(vm, given)? {
            columns.extend(from.columns().into_iter().map(|(_, expr)| expr));
        } else {
            columns.push(expect(vm, given)?);
        }
    }
    Ok(altered(
        object,
        |s| s.returning(columns.clone()).altered(|data| data.sort_by_parameter_order = ordered),
        |s| s.returning(columns.clone()),
        |s| s.returning(columns.clone()),
    ))
}

fn where_(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let object = this(vm, &args)?;
    let all = conditions(vm, args.positional.get(1..).unwrap_or_default())?;
    Ok(restricted(object, all))
}

fn using(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let object = this(vm, &args)?;
    let mut froms = Vec::new();
    for given in args.positional.iter().skip(1) {
        froms.push(super::from_clause(vm, given)?);
    }
    Ok(altered(object, |s| s, |s| s, |s| s.using(froms)))
}

fn restricted(object: DmlObject, all: Vec<Expr>) -> Value {
    altered(
        object,
        |s| s,
        |s| s.altered(|data| data.where_.extend(all.iter().cloned())),
        |s| s.altered(|data| data.where_.extend(all.iter().cloned())),
    )
}

fn filter_by(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let object = this(vm, &args)?;
    let table = match &object.statement {
        Statement::Update(update) => update.table.clone(),
        Statement::Delete(delete) => delete.table.clone(),
        _ => return Ok(args.at(0)),
    };
    let mut all = Vec::new();
    for (name, given) in &args.keywords {
        let column = match object.entity {
            Some(mapper) => mapping::column_of_attribute(vm, mapper, name)?.map(|c| c.expr()),
            None => None,
        };
        let column = match column {
            Some(column) => column,
            None => table.c(name).map_err(|error| exc::from_sql(vm, &error))?,
        };
        let given = operand(vm, given)?;
        all.push(with_sql(vm, || column.eq(given))?);
    }
    Ok(restricted(object, all))
}

fn execution_options(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let mut object = this(vm, &args)?;
    object.options.extend(args.keywords);
    Ok(Value::object(object))
}

fn options(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let mut object = this(vm, &args)?;
    object.loaders.extend(args.positional.into_iter().skip(1));
    Ok(Value::object(object))
}

fn prefix_with(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    let dialect = value::optional_text(vm, args.take_keyword("dialect"))?;
    let object = this(vm, &args)?;
    let mut all = Vec::new();
    for given in args.positional.iter().skip(1) {
        let text = match given.as_str() {
            Some(text) => Expr::text(&text),
            None => expect(vm, given)?,
        };
        all.push(Affix { text, dialect: dialect.clone() });
    }
    Ok(altered(
        object,
        |s| s.altered(|data| data.prefixes.extend(all.iter().cloned())),
        |s| s.altered(|data| data.prefixes.extend(all.iter().cloned())),
        |s| s.altered(|data| data.prefixes.extend(all.iter().cloned())),
    ))
}

fn return_defaults(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let object = this(vm, &args)?;
    let columns: Vec<_> =
        args.positional.iter().skip(1).filter_map(mapping::column_behind).collect();
    Ok(altered(
        object,
        |s| s.altered(|data| data.return_defaults = Some(columns.clone())),
        |s| s.altered(|data| data.return_defaults = Some(columns.clone())),
        |s| s,
    ))
}

fn add_cte(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    let nest = value::flag(vm, args.take_keyword("nest_here"))?;
    let object = this(vm, &args)?;
    let mut all = Vec::new();
    for given in args.positional.iter().skip(1) {
        all.push((super::from_clause(vm, given)?, nest));
    }
    Ok(altered(
        object,
        |s| s.altered(|data| data.ctes.extend(all.iter().cloned())),
        |s| s.altered(|data| data.ctes.extend(all.iter().cloned())),
        |s| s.altered(|data| data.ctes.extend(all.iter().cloned())),
    ))
}

fn cte(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let object = this(vm, &args)?;
    let name = args.get(1).and_then(super::name);
    super::from_object(vm, FromClause::dml_cte(object.statement, name))
}

fn from_select(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [this, names, select, defaults] =
        args.bind(vm, "from_select(self, names, select, include_defaults=)")?;
    let this = this.unwrap_or_default();
    let Some(object) = this.downcast_ref::<DmlObject>().cloned() else { return Ok(this) };
    let mut keys = Vec::new();
    for given in vm.collect(&names.unwrap_or_default())? {
        keys.push(key(vm, &object, &given)?);
    }
    let select = select.unwrap_or_default();
    let Some(query) = super::as_query(vm, &select)? else {
        let role = "SELECT statement or equivalent textual object";
        return Err(super::expected(vm, role, &select)?);
    };
    let defaults = value::optional_flag(vm, defaults)?.unwrap_or(true);
    Ok(altered(object, |s| s.from_select(keys, query, defaults), |s| s, |s| s))
}

fn inline(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let object = this(vm, &args)?;
    Ok(altered(object, |s| s.altered(|data| data.inline = true), |s| s, |s| s))
}

fn on_conflict(vm: &mut Vm, args: Args, update: bool) -> Result<Value, Raise> {
    let [this, constraint, elements, index_where, set, where_] = args.bind(
        vm,
        if update {
            "on_conflict_do_update(self, constraint=, index_elements=, index_where=, set_=, where=)"
        } else {
            "on_conflict_do_nothing(self, constraint=, index_elements=, index_where=, set_=, where=)"
        },
    )?;
    let this = this.unwrap_or_default();
    let Some(object) = this.downcast_ref::<DmlObject>().cloned() else { return Ok(this) };
    let postgresql = object.dialect == Some("postgresql");
    let mut clause = OnConflict { postgresql, ..OnConflict::default() };
    if let Some(constraint) = constraint.filter(|given| !given.is_none()) {
        clause.constraint = match constraint.as_str() {
            Some(name) => Some(Rc::from(&*name)),
            None => {
                let name = vm.get_attribute(&constraint, "name")?;
                value::optional_text(vm, Some(name))?
            }
        };
    }
    if let Some(elements) = elements.filter(|given| !given.is_none()) {
        for given in vm.collect(&elements)? {
            clause.elements.push(match given.as_str() {
                Some(name) => Expr::column(&*name, vidro_sql::types::Type::null()),
                None => expect(vm, &given)?,
            });
        }
    }
    if let Some(given) = index_where.filter(|given| !given.is_none()) {
        clause.index_where = Some(super::condition(vm, &given)?);
    }
    if let Some(given) = where_.filter(|given| !given.is_none()) {
        clause.where_ = Some(super::condition(vm, &given)?);
    }
    if let Some(set) = set.filter(|given| !given.is_none()) {
        clause.set = assignments(vm, &object, &set)?;
    } else if update {
        return Err(vm.value_error("set parameter must be a non-empty dictionary"));
    }
    Ok(altered(object, |s| s.on_conflict(clause), |s| s, |s| s))
}

/// `{column: value}` of ON CONFLICT and ON DUPLICATE KEY.
fn assignments(
    vm: &mut Vm,
    object: &DmlObject,
    given: &Value,
) -> Result<Vec<(DmlKey, Expr)>, Raise> {
    let pairs = row(vm, object, given)?;
    let table = match &object.statement {
        Statement::Insert(insert) => insert.table.clone(),
        _ => return Ok(Vec::new()),
    };
    let mut out = Vec::new();
    for (key, operand) in pairs {
        let expr = match operand {
            Operand::Expr(expr) => expr,
            Operand::Value(given) => {
                let ty = table.c(&key.key()).map(|expr| expr.ty());
                let ty = ty.unwrap_or_else(|_| vidro_sql::types::Type::for_value(&given));
                Expr::literal_typed(given, ty)
            }
        };
        out.push((key, expr));
    }
    Ok(out)
}

fn on_duplicate(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let object = this(vm, &args)?;
    let ordered = matches!(args.get(1), Some(Value::List(_)));
    let given = match args.get(1) {
        Some(Value::List(pairs)) => {
            let mut dict = Vec::new();
            for pair in pairs.to_vec() {
                if let [name, given] = vm.collect(&pair)?.as_slice() {
                    dict.push((name.as_str().unwrap_or_default(), given.clone()));
                }
            }
            Value::dict(dict.iter().map(|(name, given)| (&**name, given.clone())))
        }
        Some(given) => given.clone(),
        None => {
            let pairs: Vec<_> = args.keywords.clone();
            Value::dict(pairs.iter().map(|(name, given)| (&**name, given.clone())))
        }
    };
    let mut set = assignments(vm, &object, &given)?;
    if let (false, Some(table)) = (ordered, object.table()) {
        let columns = table.columns();
        set.sort_by_key(|(key, _)| columns.iter().position(|(name, _)| *name == key.key()));
    }
    Ok(altered(object, |s| s.altered(|data| data.on_duplicate = set), |s| s, |s| s))
}

/// `with_dialect_options(mysql_limit=…)`
fn with_dialect_options(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let object = this(vm, &args)?;
    let mut limit = None;
    for (name, given) in &args.keywords {
        let Some(dialect) = name.strip_suffix("_limit") else { continue };
        let expr = match given.as_int() {
            Some(number) => {
                Expr::literal_column(number.to_string(), vidro_sql::types::Type::integer())
            }
            None => expect(vm, given)?,
        };
        limit = Some((Rc::from(dialect), expr));
    }
    Ok(altered(
        object,
        |s| s,
        |s| s.altered(|data| data.limit.clone_from(&limit)),
        |s| s.altered(|data| data.limit.clone_from(&limit)),
    ))
}

impl DmlObject {
    /// The dialect its text is shown in: that of its constructor.
    pub(super) fn own_dialect(&self) -> Dialect {
        let found = self.dialect.and_then(|name| Dialect::for_url(name, None).ok());
        found.unwrap_or_else(Dialect::default_dialect)
    }

    /// The table that is written to.
    fn table(&self) -> Option<&FromClause> {
        match &self.statement {
            Statement::Insert(insert) => Some(&insert.table),
            Statement::Update(update) => Some(&update.table),
            Statement::Delete(delete) => Some(&delete.table),
            _ => None,
        }
    }
}

impl Object for DmlObject {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        let name = match &self.statement {
            Statement::Update(_) => "Update",
            Statement::Delete(_) => "Delete",
            _ => "Insert",
        };
        match self.dialect.and_then(|d| DIALECTS.iter().find(|(_, name)| *name == d)) {
            Some((module, _)) => vm.named_class(&format!("{module}.Insert")),
            None => vm.named_class(&format!("{DML}.{name}")),
        }
    }

    fn get_attribute(self: Rc<Self>, vm: &mut Vm, name: &str) -> Result<Option<Value>, Raise> {
        let (table, columns) = match &self.statement {
            Statement::Insert(insert) => (&insert.table, &insert.returning),
            Statement::Update(update) => (&update.table, &update.returning),
            Statement::Delete(delete) => (&delete.table, &delete.returning),
            _ => return Ok(None),
        };
        Ok(match name {
            "table" => Some(super::from_object(vm, table.clone())?),
            "entity_description" => mapping::entity_description(vm, self.entity, table)?,
            "returning_column_descriptions" => {
                let mut out = Vec::new();
                for (at, given) in self.returning.iter().enumerate() {
                    let expr = columns.get(at).cloned();
                    out.push(mapping::column_description(vm, given, expr)?);
                }
                Some(Value::list(out))
            }
            "excluded" => {
                let FromClause::Table(table) = table else { return Ok(None) };
                Some(super::from::columns_of(vm, &Insert::excluded(table)))
            }
            "inserted" => match &self.statement {
                Statement::Insert(insert) => Some(super::from::columns_of(vm, &insert.inserted())),
                _ => None,
            },
            "selected_columns" | "exported_columns" => {
                let columns = columns.clone();
                let pair = |expr: Expr| (expr.proxy_key().unwrap_or_default(), expr);
                let items: Vec<_> = columns.into_iter().map(pair).collect();
                let items = items.into_iter().map(|(key, expr)| (key, object(vm, expr))).collect();
                Some(super::collection(items))
            }
            "is_insert" => Some(Value::Bool(matches!(self.statement, Statement::Insert(_)))),
            "is_update" => Some(Value::Bool(matches!(self.statement, Statement::Update(_)))),
            "is_delete" => Some(Value::Bool(matches!(self.statement, Statement::Delete(_)))),
            "is_dml" => Some(Value::Bool(true)),
            "is_select" => Some(Value::Bool(false)),
            _ => None,
        })
    }

    fn repr(&self, vm: &mut Vm) -> Result<Str, Raise> {
        let class = self.class(vm).full_name();
        Ok(super::plain_repr(&class, std::ptr::from_ref(self).addr()).into())
    }

    fn str(&self, vm: &mut Vm) -> Result<Str, Raise> {
        let dialect = self.own_dialect();
        let options = CompileOptions::default();
        let compiled = with_sql(vm, || compile(&self.statement, &dialect, &options))?;
        Ok(compiled.sql.to_string().into())
    }

    fn truth(&self, vm: &mut Vm) -> Result<Option<bool>, Raise> {
        Err(vm.type_error("Boolean value of this clause is not defined"))
    }
}
