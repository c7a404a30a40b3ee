//! Asking a session for objects: `session.execute`, `session.get`, `session.query`, loader options.

mod dml;
mod legacy;
mod loader;

use std::rc::Rc;

use vidro_orm::load::{self, Item, LoadOption, OrmSelect, RowCell, Rows};
use vidro_orm::{MapperId, SessionId};
use vidro_python::{Args, Raise, Str, Value, Vm};
use vidro_sql::expr::Expr;

use crate::engine;
use crate::expression::{DmlObject, SelectObject};
use crate::mapping;
use crate::session;
use crate::world::{self, World, with_orm};
use crate::{exc, value};

pub(crate) use dml::SESSION_METHODS as BULK_METHODS;
use loader::FUNCTIONS as LOADERS;
pub(crate) use loader::load_options;

type Call = fn(&mut Vm, Args) -> Result<Value, Raise>;

/// Methods of a session that ask for rows.
pub(crate) const SESSION_METHODS: &[(&str, Call)] = &[
    ("execute", execute),
    ("scalars", scalars),
    ("scalar", scalar),
    ("get", get),
    ("get_one", get_one),
    ("query", legacy::query),
];

/// Makes all classes.
pub(crate) fn define(vm: &mut Vm) {
    legacy::define(vm);
    loader::define(vm);
}

/// Names of `sqlalchemy.orm` that this module makes.
pub(crate) fn names(vm: &mut Vm) -> Vec<(&'static str, Value)> {
    let mut names: Vec<(&'static str, Value)> =
        LOADERS.iter().map(|(name, call)| (*name, Value::function(*name, *call))).collect();
    for (name, class) in
        [("Query", "sqlalchemy.orm.query.Query"), ("Load", "sqlalchemy.orm.strategy_options.Load")]
    {
        names.push((name, Value::Class(vm.named_class(class))));
    }
    names
}

/// `session.execute(statement, params, execution_options=…)`
fn execute(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [this, statement, params, options, _binds, _parent, _event] = args.bind(
        vm,
        "execute(self, statement, params=, *, execution_options=, bind_arguments=, _parent_execute_state=, _add_event=)",
    )?;
    let this = this.unwrap_or_default();
    let Some(id) = session::session_id(&this) else { return Ok(Value::None) };
    let statement = statement.unwrap_or_default();
    if statement.as_str().is_some() {
        return Err(crate::expression::expected_sql(vm, "", &statement)?);
    }
    mapping::configure(vm)?;
    if let Some(select) = statement.downcast::<SelectObject>() {
        let select = with_options(vm, &select, options.as_ref(), params.as_ref())?;
        if needs_orm(&select) {
            return orm_result(vm, id, &select);
        }
        return on_connection(vm, id, Value::object(select), None, None);
    }
    if let Some(dml) = statement.downcast_ref::<DmlObject>()
        && let Some(mapper) = dml.entity
    {
        return dml::execute(vm, id, &statement, mapper, params, options);
    }
    on_connection(vm, id, statement, params, options)
}

/// Runs a statement on the session's connection as it is.
fn on_connection(
    vm: &mut Vm,
    id: SessionId,
    statement: Value,
    params: Option<Value>,
    options: Option<Value>,
) -> Result<Value, Raise> {
    let connection = with_orm(vm, |orm, host| vidro_orm::session::connection(orm, host, id))?;
    let connection = engine::connection_object(vm, &connection)?;
    let mut args = Args::from([statement]);
    args.positional.extend(params.filter(|given| !given.is_none()));
    if let Some(options) = options.filter(|given| !given.is_none()) {
        args = args.with("execution_options", options);
    }
    vm.call_method(&connection, "execute", args)
}

/// The statement with execution options and parameters of this execution.
fn with_options(
    vm: &mut Vm,
    select: &SelectObject,
    options: Option<&Value>,
    params: Option<&Value>,
) -> Result<SelectObject, Raise> {
    let mut select = select.clone();
    if let Some(options) = options.filter(|given| !given.is_none()) {
        for (name, given) in value::items(vm, options)? {
            let name = value::text(vm, &name)?;
            select.options.push((Str::from(&*name), given));
        }
    }
    if let Some(params) = params.filter(|given| !given.is_none()) {
        for (name, given) in value::items(vm, params)? {
            let name = value::text(vm, &name)?;
            select.options.push((Str::from(format!("__param_{name}")), given));
        }
    }
    Ok(select)
}

/// Whether rows hold objects or columns of mapped attributes.
fn needs_orm(select: &SelectObject) -> bool {
    let mapped = |item: &Item| match item {
        Item::Entity(_) => true,
        Item::Column(expr) => expr.note().is_some(),
    };
    matches!(select.body, crate::expression::Body::Select(_))
        && (select.items.iter().any(mapped)
            || !select.loaders.is_empty()
            || select.statement.is_some())
}

/// The statement as the ORM takes it, values of its parameters included.
fn prepared(vm: &mut Vm, select: &SelectObject) -> Result<OrmSelect, Raise> {
    let mut params = Vec::new();
    for (name, given) in select.params() {
        params.push((name, value::from_python(vm, &given)?));
    }
    let mut prepared = OrmSelect { params, ..select.orm_select() };
    for entity in &select.stand_ins {
        let plain = prepared.select.clone();
        prepared.select = with_orm(vm, |orm, _| {
            let adapt = |all: &[Expr]| -> vidro_orm::Result<Vec<Expr>> {
                all.iter().map(|expr| orm.adapt_to(expr, *entity)).collect()
            };
            let data = &plain;
            let (where_, having) = (adapt(&data.where_)?, adapt(&data.having)?);
            let (order_by, group_by) = (adapt(&data.order_by)?, adapt(&data.group_by)?);
            Ok(plain.altered(|data| {
                data.where_ = where_;
                data.having = having;
                data.order_by = order_by;
                data.group_by = group_by;
            }))
        })?;
    }
    Ok(prepared)
}

/// Runs an entity select and gives its rows to Python.
fn orm_result(vm: &mut Vm, id: SessionId, select: &SelectObject) -> Result<Value, Raise> {
    let statement = prepared(vm, select)?;
    let rows = run(vm, id, &statement)?;
    let names = select.entity_names(vm)?;
    let mut keys = rows.keys.clone();
    for (key, name) in keys.iter_mut().zip(names) {
        if let Some(name) = name {
            *key = name;
        }
    }
    let requires_unique = rows.requires_unique;
    let mut values = cells(vm, rows)?;
    mapping::gather_bundles(vm, &select.bundles, &mut keys, &mut values)?;
    let result = engine::result::from_rows(keys, values, requires_unique);
    let option = |wanted: &str| {
        select.options.iter().rev().find(|(name, _)| &**name == wanted).map(|(_, given)| given)
    };
    if let Some(given) = option("prebuffer_rows")
        && vm.truth(given)?
    {
        engine::result::prebuffer(&result);
    }
    match option("yield_per") {
        Some(count) => vm.call_method(&result, "yield_per", [count.clone()]),
        None => Ok(result),
    }
}

fn run(vm: &mut Vm, id: SessionId, select: &OrmSelect) -> Result<Rows, Raise> {
    mapping::configure(vm)?;
    with_orm(vm, |orm, host| load::execute(orm, host, id, select))
}

/// Rows with Python's objects in the places of ids.
fn cells(vm: &mut Vm, rows: Rows) -> Result<Vec<Vec<vidro_sql::Value>>, Raise> {
    let width = rows.keys.len().max(1);
    let mut out = Vec::with_capacity(rows.cells.len() / width);
    let mut row = Vec::with_capacity(width);
    for cell in rows.cells {
        row.push(match cell {
            RowCell::Value(found) => found,
            RowCell::Instance(Some(id)) => value::held(world::object(vm, id)?),
            RowCell::Instance(None) => vidro_sql::Value::Null,
        });
        if row.len() == width {
            out.push(std::mem::replace(&mut row, Vec::with_capacity(width)));
        }
    }
    Ok(out)
}

fn scalars(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let result = execute(vm, args)?;
    vm.call_method(&result, "scalars", Args::none())
}

fn scalar(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let result = execute(vm, args)?;
    vm.call_method(&result, "scalar", Args::none())
}

/// `session.get(User, key)`
fn get(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [this, entity, ident, options, populate, _lock, _token, _execution, _binds] = args.bind(
        vm,
        "get(self, entity, ident, *, options=, populate_existing=, with_for_update=, identity_token=, execution_options=, bind_arguments=)",
    )?;
    let this = this.unwrap_or_default();
    let Some(id) = session::session_id(&this) else { return Ok(Value::None) };
    let mut loaders = Vec::new();
    if let Some(given) = options.filter(|given| !given.is_none()) {
        for one in vm.collect(&given)? {
            loaders.extend(load_options(vm, &one)?);
        }
    }
    let populate = value::flag(vm, populate)?;
    let (entity, ident) = (entity.unwrap_or_default(), ident.unwrap_or_default());
    get_with(vm, id, &entity, &ident, &loaders, populate)
}

/// The object of a primary key, loaded with options.
fn get_with(
    vm: &mut Vm,
    id: SessionId,
    entity: &Value,
    ident: &Value,
    options: &[LoadOption],
    populate: bool,
) -> Result<Value, Raise> {
    mapping::configure(vm)?;
    let Some(mapper) = mapping::mapper_of(vm, entity)? else {
        let shown = vm.repr(entity)?;
        return Err(exc::argument(vm, format!("Expected mapped class or mapper, got: {shown}")));
    };
    let key = key_of(vm, mapper, ident)?;
    let found =
        with_orm(vm, |orm, host| load::get_with(orm, host, id, mapper, &key, options, populate))?;
    match found {
        Some(object) => world::object(vm, object),
        None => Ok(Value::None),
    }
}

/// A primary key given as a value, a tuple or a dict.
fn key_of(vm: &mut Vm, mapper: MapperId, given: &Value) -> Result<Vec<vidro_sql::Value>, Raise> {
    match given {
        Value::Dict(dict) => {
            let world = World::of(vm)?;
            let names: Vec<Rc<str>> = world
                .look(|orm| {
                    let mapper = orm.mapping.mapper(mapper);
                    let key = mapper.primary_key.iter();
                    key.filter_map(|i| Some(Rc::clone(&mapper.column(*i).ok()?.key))).collect()
                })
                .unwrap_or_default();
            let mut key = Vec::new();
            for name in names {
                let found = dict.get(&name).unwrap_or_default();
                key.push(value::from_python(vm, &found)?);
            }
            Ok(key)
        }
        Value::Tuple(_) | Value::List(_) => {
            let mut key = Vec::new();
            for item in vm.collect(given)? {
                key.push(value::from_python(vm, &item)?);
            }
            Ok(key)
        }
        one => Ok(vec![value::from_python(vm, one)?]),
    }
}

fn get_one(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let found = get(vm, args)?;
    if found.is_none() {
        return Err(exc::raise(vm, "NoResultFound", "No row was found when one was required"));
    }
    Ok(found)
}
