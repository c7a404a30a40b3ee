//! `sqlalchemy.engine`: `create_engine`, connections, transactions, the inspector.

mod connection;
mod create;
mod event;
mod inspector;
pub(crate) mod result;
mod url;

use std::rc::Rc;

use vidro_engine::inspect::Inspector;
use vidro_engine::{Bind, Connection, Engine, Listeners};
use vidro_python::{Raise, Value, Vm};
use vidro_sql::dialect::Dialect;
use vidro_sql::schema::{MetaData, Table};

use crate::world::{World, with_engine};

pub(crate) use connection::{ConnectionObject, connection_object};
pub(crate) use create::{EngineObject, FUNCTIONS};
pub(crate) use event::{Subscription, is_event, listen};
pub(crate) use inspector::inspect;

/// Makes all classes.
pub(crate) fn define(vm: &mut Vm) {
    url::define(vm);
    create::define(vm);
    connection::define(vm);
    result::define(vm);
    inspector::define(vm);
    event::define(vm);
}

/// The engine behind a Python value.
pub(crate) fn engine_of(given: &Value) -> Option<Engine> {
    given.downcast_ref::<EngineObject>().map(|object| object.engine.clone())
}

/// The listeners of what `event.listen()` is given: an engine, a pool, or the class of either.
pub(crate) fn listeners_of(world: &World, given: &Value) -> Option<Listeners> {
    if let Some(engine) = engine_of(given) {
        return Some(engine.listeners().clone());
    }
    if let Some(pool) = given.downcast_ref::<create::PoolObject>() {
        return Some(pool.engine.listeners().clone());
    }
    let class = given.as_class()?;
    let module = class.module();
    let known = module.starts_with("sqlalchemy.pool") || &*module == "sqlalchemy.engine.base";
    known.then(|| world.engines.listeners().clone())
}

/// The connection behind a Python value.
pub(crate) fn connection_of(given: &Value) -> Option<Connection> {
    given.downcast_ref::<ConnectionObject>().map(|object| object.connection.clone())
}

/// What a `bind` argument means.
pub(crate) fn bind_of(vm: &mut Vm, given: &Value) -> Result<Bind, Raise> {
    if let Some(engine) = engine_of(given) {
        return Ok(Bind::Engine(engine));
    }
    if let Some(connection) = connection_of(given) {
        return Ok(Bind::Connection(connection));
    }
    let shown = vm.class_of(given).name();
    Err(vm.attribute_error(format!("'{shown}' object has no attribute '_run_ddl_visitor'")))
}

/// The dialect of an engine or connection.
pub(crate) fn dialect_of(vm: &mut Vm, given: &Value) -> Result<Option<Dialect>, Raise> {
    let _ = vm;
    Ok(match (engine_of(given), connection_of(given)) {
        (Some(engine), _) => Some(**engine.dialect()),
        (_, Some(connection)) => Some(**connection.engine().dialect()),
        _ => None,
    })
}

/// `create_all`, `drop_all`, `table.create`, `table.drop`
pub(crate) fn create_or_drop(
    vm: &mut Vm,
    bind: &Value,
    metadata: Option<&MetaData>,
    tables: Option<Vec<Table>>,
    check: bool,
    create: bool,
) -> Result<Value, Raise> {
    let bind = bind_of(vm, bind)?;
    with_engine(vm, || match (metadata, &tables) {
        (Some(metadata), tables) => {
            let tables = tables.as_deref();
            if create {
                vidro_engine::schema::create_all(&bind, metadata, tables, check)
            } else {
                vidro_engine::schema::drop_all(&bind, metadata, tables, check)
            }
        }
        (None, Some(tables)) => {
            for table in tables {
                if create {
                    vidro_engine::schema::create_table(&bind, table, check)?;
                } else {
                    vidro_engine::schema::drop_table(&bind, table, check)?;
                }
            }
            Ok(())
        }
        (None, None) => Ok(()),
    })?;
    Ok(Value::None)
}

/// `Table(…, autoload_with=bind)`
pub(crate) fn autoload(vm: &mut Vm, table: &Table, bind: &Value) -> Result<(), Raise> {
    let loaded = inspected(vm, bind, |vm, inspector| inspector::autoload(vm, inspector, table));
    if let (Err(_), Some(metadata)) = (&loaded, table.metadata()) {
        metadata.remove(table);
    }
    loaded
}

/// `metadata.reflect(bind)`
pub(crate) fn reflect(
    vm: &mut Vm,
    metadata: &MetaData,
    bind: &Value,
    only: Option<Vec<Rc<str>>>,
    views: bool,
) -> Result<(), Raise> {
    inspected(vm, bind, |vm, inspector| {
        let mut names = with_engine(vm, || inspector.table_names())?;
        if views {
            names.extend(with_engine(vm, || inspector.view_names())?);
        }
        let missing = only.iter().flatten().filter(|name| !names.iter().any(|n| **n == ***name));
        let missing: Vec<&str> = missing.map(|name| &**name).collect();
        if !missing.is_empty() {
            let bind = vm.repr(bind)?;
            let message = format!(
                "Could not reflect: requested table(s) not available in {bind}: ({})",
                missing.join(", ")
            );
            return Err(crate::exc::invalid_request(vm, message));
        }
        if !views {
            names.extend(with_engine(vm, || inspector.temp_table_names())?);
        }
        let wanted =
            |name: &String| only.as_ref().is_none_or(|only| only.iter().any(|one| **one == **name));
        names.retain(|name| wanted(name) && !metadata.contains(name));
        inspector::reflect(vm, inspector, metadata, &names)
    })
}

/// Inspects on one connection; an engine's own is closed afterwards.
fn inspected<T>(
    vm: &mut Vm,
    bind: &Value,
    job: impl FnOnce(&mut Vm, &Inspector) -> Result<T, Raise>,
) -> Result<T, Raise> {
    match bind_of(vm, bind)? {
        Bind::Connection(connection) => job(vm, &Inspector::of_connection(&connection)),
        Bind::Engine(engine) => {
            let connection = with_engine(vm, || engine.connect())?;
            let done = job(vm, &Inspector::of_connection(&connection));
            with_engine(vm, || connection.close())?;
            done
        }
    }
}
