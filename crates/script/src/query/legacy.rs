//! `session.query(…)`: the `Query` of SQLAlchemy's first decade over the same selects.

use std::rc::Rc;

use rustc_hash::FxHashSet;
use vidro_orm::dml::DmlOptions;
use vidro_orm::load::{self, Item, OrmSelect, Rows};
use vidro_orm::{MapperId, Orm, SessionId};
use vidro_python::{Args, Class, ClassBuilder, Object, Raise, Str, Value, Vm, iterator};
use vidro_sql::compile::{CompileOptions, compile};
use vidro_sql::dml::{Delete, DmlKey, Update};
use vidro_sql::expr::Expr;
use vidro_sql::schema::Table;
use vidro_sql::select::{CompoundSelect, Query as CoreQuery, Select, SetOperation};
use vidro_sql::statement::Statement;

use super::{cells, dml, get_with, prepared, run};
use crate::expression::{self, Body, SelectObject};
use crate::mapping;
use crate::session;
use crate::world::{self, World, with_orm, with_sql};
use crate::{engine, exc, value};

/// A query as Python sees it.
#[derive(Debug)]
struct QueryObject {
    session: Value,
    id: SessionId,
    select: Rc<SelectObject>,
}

type Call = fn(&mut Vm, Args) -> Result<Value, Raise>;

/// Methods that make another query.
const GENERATIVE: &[(&str, Call)] = &[
    ("filter", |vm, args| same(vm, args, "filter")),
    ("where", |vm, args| same(vm, args, "where")),
    ("filter_by", filter_by),
    ("having", |vm, args| same(vm, args, "having")),
    ("join", |vm, args| joined(vm, args, "join")),
    ("outerjoin", |vm, args| joined(vm, args, "outerjoin")),
    ("order_by", |vm, args| same(vm, args, "order_by")),
    ("group_by", |vm, args| same(vm, args, "group_by")),
    ("distinct", |vm, args| same(vm, args, "distinct")),
    ("limit", |vm, args| same(vm, args, "limit")),
    ("offset", |vm, args| same(vm, args, "offset")),
    ("slice", |vm, args| same(vm, args, "slice")),
    ("options", |vm, args| same(vm, args, "options")),
    ("execution_options", |vm, args| same(vm, args, "execution_options")),
    ("select_from", |vm, args| same(vm, args, "select_from")),
    ("add_columns", |vm, args| same(vm, args, "add_columns")),
    ("add_column", |vm, args| same(vm, args, "add_columns")),
    ("add_entity", |vm, args| same(vm, args, "add_columns")),
    ("with_for_update", |vm, args| same(vm, args, "with_for_update")),
    ("correlate", |vm, args| same(vm, args, "correlate")),
    ("params", |vm, args| same(vm, args, "params")),
    ("prefix_with", |vm, args| same(vm, args, "prefix_with")),
    ("from_statement", |vm, args| same(vm, args, "from_statement")),
    ("union", |vm, args| compound(vm, &args, SetOperation::Union)),
    ("union_all", |vm, args| compound(vm, &args, SetOperation::UnionAll)),
    ("intersect", |vm, args| compound(vm, &args, SetOperation::Intersect)),
    ("intersect_all", |vm, args| compound(vm, &args, SetOperation::IntersectAll)),
    ("except_", |vm, args| compound(vm, &args, SetOperation::Except)),
    ("except_all", |vm, args| compound(vm, &args, SetOperation::ExceptAll)),
    ("with_entities", with_entities),
    ("populate_existing", populate_existing),
    ("autoflush", |_, args| Ok(args.at(0))),
    ("enable_eagerloads", enable_eagerloads),
    ("yield_per", |_, args| Ok(args.at(0))),
];

/// Methods that turn the query into something else.
const ENDING: &[(&str, Call)] = &[
    ("subquery", |vm, args| on_select(vm, args, "subquery")),
    ("cte", |vm, args| on_select(vm, args, "cte")),
    ("scalar_subquery", |vm, args| on_select(vm, args, "scalar_subquery")),
    ("as_scalar", |vm, args| on_select(vm, args, "scalar_subquery")),
    ("label", |vm, args| on_select(vm, args, "label")),
    ("exists", exists),
    ("all", all),
    ("first", first),
    ("one", one),
    ("one_or_none", one_or_none),
    ("scalar", scalar),
    ("count", count),
    ("get", get_by_key),
    ("delete", delete),
    ("update", update),
    ("__query_element__", |vm, args| {
        let this = args.this::<QueryObject>(vm)?;
        let query = this.lowered(vm, false)?;
        Ok(expression::core(query))
    }),
];

pub(super) fn define(vm: &mut Vm) {
    ClassBuilder::new("sqlalchemy.orm.query", "Query")
        .methods(GENERATIVE)
        .methods(ENDING)
        .build(vm);
}

/// `session.query(*entities)`
pub(super) fn query(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = args.at(0);
    let Some(id) = session::session_id(&this) else { return Ok(Value::None) };
    let given = args.positional.get(1..).unwrap_or_default();
    let select = Rc::new(SelectObject::new(vm, given)?);
    Ok(Value::object(QueryObject { session: this, id, select }))
}

impl QueryObject {
    fn with(&self, select: SelectObject) -> Value {
        Value::object(Self { session: self.session.clone(), id: self.id, select: Rc::new(select) })
    }

    fn orm_select(&self, vm: &mut Vm) -> Result<OrmSelect, Raise> {
        Ok(OrmSelect { legacy: true, ..prepared(vm, &self.select)? })
    }

    /// The SELECT it sends; without joined eager loads where it is to be part of another.
    fn lowered(&self, vm: &mut Vm, eagerloads: bool) -> Result<CoreQuery, Raise> {
        mapping::configure(vm)?;
        let mut statement = self.orm_select(vm)?;
        statement.eagerloads &= eagerloads;
        let lowered = with_orm(vm, |orm, _| load::lower(orm, &statement))?;
        Ok(CoreQuery::Select(lowered.select))
    }

    fn is_single_entity(&self) -> bool {
        matches!(self.select.items.as_slice(), [Item::Entity(_)])
    }

    /// Whether its only item is a bundle that asks not to be wrapped in a row.
    fn is_single_bundle(&self) -> bool {
        let all = self.select.items.len();
        matches!(self.select.bundles.as_slice(), [only] if only.single && only.keys.len() == all)
    }

    /// All items: objects for a single entity, rows otherwise; each once where they hold objects.
    fn items(&self, vm: &mut Vm) -> Result<Vec<Value>, Raise> {
        let select = self.orm_select(vm)?;
        let rows = run(vm, self.id, &select)?;
        self.shaped(vm, rows)
    }

    fn shaped(&self, vm: &mut Vm, rows: Rows) -> Result<Vec<Value>, Raise> {
        if self.is_single_entity() {
            let mut seen = FxHashSet::default();
            let first = |row: &[load::RowCell]| match row.first() {
                Some(load::RowCell::Instance(id)) => *id,
                _ => None,
            };
            let ids: Vec<_> = rows.iter().map(first).filter(|id| seen.insert(*id)).collect();
            let mut out = Vec::with_capacity(ids.len());
            for id in ids {
                out.push(match id {
                    Some(id) => world::object(vm, id)?,
                    None => Value::None,
                });
            }
            return Ok(out);
        }
        let mut keys = rows.keys.clone();
        for (key, name) in keys.iter_mut().zip(self.select.entity_names(vm)?) {
            if let Some(name) = name {
                *key = name;
            }
        }
        let with_objects = self.select.items.iter().any(|item| matches!(item, Item::Entity(_)));
        let mut values = cells(vm, rows)?;
        mapping::gather_bundles(vm, &self.select.bundles, &mut keys, &mut values)?;
        let mut result = engine::result::from_rows(keys, values, with_objects);
        if with_objects {
            result = vm.call_method(&result, "unique", Args::none())?;
        }
        if self.is_single_bundle() {
            result = vm.call_method(&result, "scalars", Args::none())?;
        }
        let all = vm.call_method(&result, "all", Args::none())?;
        vm.collect(&all)
    }
}

/// A method of the SELECT below, its result again a query.
fn same(vm: &mut Vm, mut args: Args, name: &str) -> Result<Value, Raise> {
    let this = args.this::<QueryObject>(vm)?;
    args.positional.remove(0);
    let inner = Value::Object(this.select.clone());
    let changed = vm.call_method(&inner, name, args)?;
    match changed.downcast_ref::<SelectObject>() {
        Some(select) => Ok(this.with(select.clone())),
        None => Ok(changed),
    }
}

fn filter_by(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = args.this::<QueryObject>(vm)?;
    if let Some(entity) = this.select.filter_entity() {
        for (name, _) in &args.keywords {
            let unknown = with_orm(vm, |orm, _| {
                let mapper = orm.mapping.mapper(orm.entity_mapper(entity));
                let table = mapper.local_table().map(|table| table.full_name());
                Ok(table.filter(|_| !mapper.has_attribute(name)))
            })?;
            if let Some(table) = unknown {
                let message =
                    format!("Entity namespace for \"{table}\" has no property \"{name}\"");
                return Err(exc::invalid_request(vm, message));
            }
        }
    }
    same(vm, args, "filter_by")
}

/// `query.join(A, B)` of several targets was left behind in 2.0; one at a time.
fn joined(vm: &mut Vm, args: Args, name: &str) -> Result<Value, Raise> {
    same(vm, args, name)
}

/// A method of the SELECT below, labelled as queries label.
fn on_select(vm: &mut Vm, mut args: Args, name: &str) -> Result<Value, Raise> {
    let this = args.this::<QueryObject>(vm)?;
    args.positional.remove(0);
    let plain = matches!(name, "subquery" | "cte" | "scalar_subquery");
    let inner = if plain {
        Value::Object(this.select.clone())
    } else {
        let query = this.lowered(vm, false)?;
        expression::core(query)
    };
    vm.call_method(&inner, name, args)
}

/// `EXISTS (SELECT 1 FROM …)`
fn exists(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = args.this::<QueryObject>(vm)?;
    let query = this.lowered(vm, false)?;
    let froms = query.froms();
    let CoreQuery::Select(select) = query else { return Ok(Value::None) };
    let select = select.altered(|s| {
        s.columns = vec![Expr::literal_column("1", vidro_sql::types::Type::integer())];
        s.from = froms;
        s.joins.clear();
    });
    Ok(expression::object(vm, CoreQuery::Select(select).exists()))
}

/// `query.union(other, …)`: the same entities, read from the set operation as a subquery.
fn compound(vm: &mut Vm, args: &Args, keyword: SetOperation) -> Result<Value, Raise> {
    let this = args.this::<QueryObject>(vm)?;
    let mut queries = vec![this.lowered(vm, false)?];
    for given in args.positional.iter().skip(1) {
        let other = given.downcast::<QueryObject>();
        let Some(other) = other else {
            return Err(exc::argument(vm, "a Query was expected"));
        };
        queries.push(other.lowered(vm, false)?);
    }
    let made = with_sql(vm, || CompoundSelect::new(keyword, queries))?;
    let from = CoreQuery::Compound(made).subquery(None);
    let mut items = Vec::with_capacity(this.select.items.len());
    let mut stand_ins = Vec::new();
    for item in &this.select.items {
        items.push(match item {
            Item::Entity(entity) => {
                let from = Some(from.clone());
                let alias =
                    with_orm(vm, |orm, _| orm.aliased(orm.entity_mapper(*entity), None, from))?;
                stand_ins.push(alias);
                Item::Entity(alias)
            }
            Item::Column(expr) => {
                Item::Column(from.corresponding_column(expr).unwrap_or_else(|| expr.clone()))
            }
        });
    }
    let body = Body::Select(Select::new([]));
    Ok(this.with(SelectObject { items, body, stand_ins, ..(*this.select).clone() }))
}

fn with_entities(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    same(vm, args, "with_only_columns")
}

fn populate_existing(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = args.this::<QueryObject>(vm)?;
    let mut select = (*this.select).clone();
    select.options.push((Str::from("populate_existing"), Value::Bool(true)));
    Ok(this.with(select))
}

fn enable_eagerloads(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = args.this::<QueryObject>(vm)?;
    let mut select = (*this.select).clone();
    let enabled = vm.truth(&args.at(1))?;
    select.options.push((Str::from("enable_eagerloads"), Value::Bool(enabled)));
    Ok(this.with(select))
}

fn all(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = args.this::<QueryObject>(vm)?;
    this.items(vm).map(Value::list)
}

fn first(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = args.this::<QueryObject>(vm)?;
    let has_limit = matches!(&this.select.body, Body::Select(select) if select.limit.is_some());
    let limited = if has_limit {
        Value::Object(this)
    } else {
        vm.call_method(&Value::Object(this), "limit", [Value::Int(1)])?
    };
    let Some(limited) = limited.downcast::<QueryObject>() else { return Ok(Value::None) };
    let items = limited.items(vm)?;
    Ok(items.into_iter().next().unwrap_or_default())
}

fn only(vm: &mut Vm, args: &Args) -> Result<Option<Value>, Raise> {
    let this = args.this::<QueryObject>(vm)?;
    let mut items = this.items(vm)?.into_iter();
    let found = items.next();
    if items.next().is_some() {
        return Err(exc::raise(
            vm,
            "MultipleResultsFound",
            "Multiple rows were found when one or none was required",
        ));
    }
    Ok(found)
}

fn one(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = args.this::<QueryObject>(vm)?;
    let mut items = this.items(vm)?.into_iter();
    let Some(found) = items.next() else {
        let message = "No row was found when one was required";
        return Err(exc::raise(vm, "NoResultFound", message));
    };
    if items.next().is_some() {
        let message = "Multiple rows were found when exactly one was required";
        return Err(exc::raise(vm, "MultipleResultsFound", message));
    }
    Ok(found)
}

fn one_or_none(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    only(vm, &args).map(Option::unwrap_or_default)
}

fn scalar(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = args.this::<QueryObject>(vm)?;
    let mut items = this.items(vm)?.into_iter();
    let Some(found) = items.next() else { return Ok(Value::None) };
    if items.next().is_some() {
        let message = "Multiple rows were found when exactly one was required";
        return Err(exc::raise(vm, "MultipleResultsFound", message));
    }
    if this.is_single_entity() { Ok(found) } else { vm.get_item(&found, &Value::Int(0)) }
}

fn count(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = args.this::<QueryObject>(vm)?;
    mapping::configure(vm)?;
    let (id, select) = (this.id, this.orm_select(vm)?);
    let found = with_orm(vm, |orm, host| load::count(orm, host, id, &select))?;
    Ok(value::to_python(vm, &found))
}

/// Whether a query says nothing of which rows it is about.
fn is_plain(select: &Select) -> bool {
    select.where_.is_empty()
        && select.joins.is_empty()
        && select.group_by.is_empty()
        && select.limit.is_none()
        && select.offset.is_none()
}

const LEGACY_GET: &str = "The Query.get() method is considered legacy as of the 1.x series of SQLAlchemy and becomes a \
     legacy construct in 2.0. The method is now available as Session.get() (deprecated since: 2.0) \
     (Background on SQLAlchemy 2.0 at: https://sqlalche.me/e/b8d9)";

fn get_by_key(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = args.this::<QueryObject>(vm)?;
    with_orm(vm, |orm, _| {
        orm.warn_of_legacy(LEGACY_GET);
        Ok(())
    })?;
    let [Item::Entity(_)] = this.select.items.as_slice() else {
        return Err(exc::invalid_request(
            vm,
            "get() can only be used against a single mapped class.",
        ));
    };
    let plain = matches!(&this.select.body, Body::Select(select) if is_plain(select));
    if !plain {
        let message = "Query.get() being called on a Query with existing criterion. ";
        return Err(exc::invalid_request(vm, message));
    }
    let entity = this.select.raw.first().cloned().unwrap_or_default();
    let populate = this.orm_select(vm)?.populate_existing;
    get_with(vm, this.id, &entity, &args.at(1), &this.select.loaders, populate)
}

/// The class that `query.update()` and `query.delete()` are about, its table and the conditions.
fn bulk(vm: &mut Vm, this: &QueryObject) -> Result<(MapperId, Table, Vec<Expr>), Raise> {
    mapping::configure(vm)?;
    let given = this.select.raw.first().cloned().unwrap_or_default();
    let mapper = mapping::mapper_of(vm, &given)?;
    let table = match mapper {
        Some(mapper) => mapping::local_table(vm, mapper)?,
        None => None,
    };
    let (Some(mapper), Some(table)) = (mapper, table) else {
        let message = "query.update() and query.delete() need a query of one mapped class";
        return Err(exc::invalid_request(vm, message));
    };
    let conditions = match &this.select.body {
        Body::Select(select) => select.where_.clone(),
        _ => Vec::new(),
    };
    Ok((mapper, table, conditions))
}

/// Runs a bulk statement; how many rows it matched.
fn matched(
    vm: &mut Vm,
    this: &QueryObject,
    mapper: MapperId,
    statement: Statement,
    synchronize: Option<Value>,
) -> Result<Value, Raise> {
    let synchronize = dml::synchronize(vm, synchronize.as_ref())?;
    let options = DmlOptions { synchronize, ..DmlOptions::default() };
    let outcome = dml::run(vm, this.id, mapper, &statement, &options)?;
    Ok(Value::Int(outcome.info.map_or(-1, |info| info.rowcount)))
}

fn delete(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    let synchronize = args.take_keyword("synchronize_session").or_else(|| args.get(1).cloned());
    let this = args.this::<QueryObject>(vm)?;
    let (mapper, table, conditions) = bulk(vm, &this)?;
    let statement = conditions.into_iter().fold(Delete::new(&table), Delete::where_);
    matched(vm, &this, mapper, statement.into(), synchronize)
}

fn update(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    let synchronize = args.take_keyword("synchronize_session").or_else(|| args.get(2).cloned());
    let this = args.this::<QueryObject>(vm)?;
    let (mapper, table, conditions) = bulk(vm, &this)?;
    let mut values = Vec::new();
    for (key, given) in value::items(vm, &args.at(1))? {
        let column = match mapping::expression_of(vm, &key)? {
            Some(expr) => expr.schema_column().cloned(),
            None => {
                let name = value::text(vm, &key)?;
                mapping::column_of_attribute(vm, mapper, &name)?
            }
        };
        let Some(column) = column else {
            let shown = vm.repr(&key)?;
            return Err(exc::invalid_request(vm, format!("Invalid expression type: {shown}")));
        };
        values.push((DmlKey::Name(column.key()), expression::operand(vm, &given)?));
    }
    let statement = with_sql(vm, || Update::new(&table).values(values))?;
    let statement = conditions.into_iter().fold(statement, Update::where_);
    matched(vm, &this, mapper, statement.into(), synchronize)
}

impl Object for QueryObject {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class("sqlalchemy.orm.query.Query")
    }

    fn get_attribute(self: Rc<Self>, vm: &mut Vm, name: &str) -> Result<Option<Value>, Raise> {
        Ok(match name {
            "session" => Some(self.session.clone()),
            "statement" => Some(Value::Object(self.select.clone())),
            "column_descriptions" => Some(self.select.descriptions(vm)?),
            "whereclause" => vm.try_attribute(&Value::Object(self.select.clone()), name)?,
            _ => None,
        })
    }

    fn iterate(self: Rc<Self>, vm: &mut Vm) -> Result<Option<Value>, Raise> {
        let items = self.items(vm)?;
        Ok(Some(iterator(items)))
    }

    fn get_item(self: Rc<Self>, vm: &mut Vm, key: &Value) -> Result<Value, Raise> {
        let this = Value::Object(self);
        if let Some(index) = key.as_int() {
            let sliced =
                vm.call_method(&this, "slice", [Value::Int(index), Value::Int(index + 1)])?;
            let all = vm.call_method(&sliced, "all", Args::none())?;
            return vm.get_item(&all, &Value::Int(0));
        }
        let start = vm.get_attribute(key, "start")?;
        let stop = vm.get_attribute(key, "stop")?;
        let sliced = vm.call_method(&this, "slice", [start, stop])?;
        vm.call_method(&sliced, "all", Args::none())
    }

    fn str(&self, vm: &mut Vm) -> Result<Str, Raise> {
        let statement = Statement::Query(self.lowered(vm, true)?);
        let look = |orm: &Orm| orm.sessions.get(self.id).ok()?.options.bind.clone();
        let Some(bind) = World::of(vm)?.look(look).flatten() else {
            return expression::statement_text(vm, &statement);
        };
        let options = CompileOptions::default();
        let compiled = with_sql(vm, || compile(&statement, bind.dialect(), &options))?;
        Ok(Str::from(&*compiled.sql))
    }
}
