//! DBAPI connections in the hands of the script: `event.listens_for(engine, "connect")`, raw connections.

use std::cell::RefCell;
use std::rc::Rc;

use vidro_engine::driver::Once;
use vidro_engine::event::{Parameters, PoolMoment};
use vidro_engine::pool::{ConnectHook, Dbapi};
use vidro_engine::{Connection, DriverParameters, Error, Event, Listener, Listeners, Subject};
use vidro_python::{Args, Class, ClassBuilder, Instance, Object, Raise, Value, Vm, iterator};

use super::connection::{connection_object, driver_parameters};
use crate::world::with_engine;
use crate::{exc, lend, value};

/// `sqlite3.Connection`
#[derive(Debug)]
struct DbapiObject {
    dbapi: Dbapi,
    /// Keeps the connection out of the pool, for `engine.raw_connection()`.
    holder: Option<Connection>,
}

/// `sqlite3.Cursor`
#[derive(Debug)]
struct CursorObject {
    dbapi: Dbapi,
    rows: RefCell<std::collections::VecDeque<Value>>,
    rowcount: std::cell::Cell<i64>,
    names: RefCell<Vec<Rc<str>>>,
    lastrowid: std::cell::Cell<i64>,
}

pub(super) fn define(vm: &mut Vm) {
    ClassBuilder::new("sqlite3", "Connection")
        .method("cursor", cursor)
        .method("execute", |vm, args| {
            let made = cursor(vm, Args::from([args.at(0)]))?;
            let mut rest = args;
            if let Some(first) = rest.positional.first_mut() {
                first.clone_from(&made);
            }
            execute(vm, rest)
        })
        .method("commit", |vm, args| {
            let this = args.this::<DbapiObject>(vm)?;
            with_engine(vm, || this.dbapi.with(|driver| driver.commit())?.map_err(Error::dbapi))?;
            Ok(Value::None)
        })
        .method("rollback", |vm, args| {
            let this = args.this::<DbapiObject>(vm)?;
            with_engine(vm, || this.dbapi.with(|driver| driver.rollback())?.map_err(Error::dbapi))?;
            Ok(Value::None)
        })
        .method("close", |vm, args| {
            let this = args.this::<DbapiObject>(vm)?;
            if let Some(holder) = &this.holder {
                with_engine(vm, || holder.close())?;
            }
            Ok(Value::None)
        })
        .method("create_function", |_, _| Ok(Value::None))
        .method("set_trace_callback", |_, _| Ok(Value::None))
        .build(vm);
    ClassBuilder::new("sqlite3", "Cursor")
        .method("execute", execute)
        .method("executescript", execute)
        .method("fetchall", |vm, args| {
            let this = args.this::<CursorObject>(vm)?;
            let rows = this.rows.borrow_mut().drain(..).collect();
            Ok(Value::list(rows))
        })
        .method("fetchone", |vm, args| {
            let this = args.this::<CursorObject>(vm)?;
            let row = this.rows.borrow_mut().pop_front();
            Ok(row.unwrap_or_default())
        })
        .method("close", |_, _| Ok(Value::None))
        .build(vm);
    ClassBuilder::new("sqlalchemy.pool.base", "ConnectionRecord").build(vm);
}

/// A DBAPI connection as a Python object.
pub(super) fn dbapi_connection(dbapi: Dbapi, holder: Option<Connection>) -> Value {
    Value::object(DbapiObject { dbapi, holder })
}

/// The events of engines and pools that a script may listen to.
const EVENTS: &[&str] = &[
    "begin",
    "commit",
    "rollback",
    "savepoint",
    "rollback_savepoint",
    "release_savepoint",
    "before_cursor_execute",
    "after_cursor_execute",
    "checkout",
    "checkin",
    "reset",
    "invalidate",
    "close",
];

/// One function of the script and the event it waits for.
struct ScriptListener {
    name: Rc<str>,
    function: Value,
}

/// The events of DBAPI connections that are opened.
const CONNECT_EVENTS: &[&str] = &["connect", "first_connect"];

/// Whether engines or pools have an event of this name.
pub(crate) fn is_event(name: &str) -> bool {
    EVENTS.contains(&name) || CONNECT_EVENTS.contains(&name)
}

/// What an engine holds of a listener, to be given back when it listens no more.
#[derive(Clone)]
pub(crate) enum Subscription {
    Connect(ConnectHook),
    Other(Rc<dyn Listener>),
}

impl std::fmt::Debug for Subscription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subscription").finish_non_exhaustive()
    }
}

impl Subscription {
    /// Takes the listener out.
    pub(crate) fn cancel(&self, listeners: &Listeners) {
        match self {
            Self::Connect(hook) => listeners.off_connect(hook),
            Self::Other(listener) => listeners.remove(listener),
        }
    }
}

/// Lets a function of the script listen to an engine, or to all.
pub(crate) fn listen(listeners: &Listeners, name: &Rc<str>, function: &Value) -> Subscription {
    if CONNECT_EVENTS.contains(&&**name) {
        let hook = connect_hook(function, &**name == "first_connect");
        listeners.on_connect(Rc::clone(&hook));
        return Subscription::Connect(hook);
    }
    let listener: Rc<dyn Listener> =
        Rc::new(ScriptListener { name: Rc::clone(name), function: function.clone() });
    listeners.add(Rc::clone(&listener));
    Subscription::Other(listener)
}

/// Runs a listener on every DBAPI connection that is opened from now on, or only on the first.
fn connect_hook(listener: &Value, once: bool) -> ConnectHook {
    let (listener, done) = (listener.clone(), std::cell::Cell::new(false));
    Rc::new(move |dbapi| {
        if once && done.replace(true) {
            return Ok(());
        }
        let object = dbapi_connection(dbapi.clone(), None);
        call(&listener, |_| Ok(vec![object, Value::dict([])]))
    })
}

/// Calls a listener while an engine works.
fn call(
    function: &Value,
    arguments: impl FnOnce(&mut Vm) -> Result<Vec<Value>, Raise>,
) -> vidro_engine::Result<()> {
    let answer = lend::borrow(|vm| {
        let done = arguments(vm).and_then(|arguments| vm.call(function, arguments));
        done.map_err(|raise| Error::from(exc::into_sql(vm, raise)))
    });
    answer.unwrap_or(Ok(Value::None)).map(drop)
}

impl Listener for ScriptListener {
    fn hear(&self, subject: Subject<'_>, event: &Event<'_>) -> vidro_engine::Result<()> {
        let name = &*self.name;
        match (subject, event) {
            (Subject::Dbapi(dbapi), Event::Pool(note)) if name == pool_event(note.moment) => {
                let dbapi = dbapi_connection(dbapi.clone(), None);
                let record = Value::dict([]);
                call(&self.function, |_| {
                    Ok(match name {
                        "checkout" => vec![dbapi.clone(), record, dbapi],
                        "reset" | "invalidate" => vec![dbapi, record, Value::None],
                        _ => vec![dbapi, record],
                    })
                })
            }
            (Subject::Connection(connection), event) if name == connection_event(event) => {
                call(&self.function, |vm| {
                    let connection = connection_object(vm, connection)?;
                    Ok(connection_arguments(vm, connection, event))
                })
            }
            _ => Ok(()),
        }
    }
}

fn pool_event(moment: PoolMoment) -> &'static str {
    match moment {
        PoolMoment::Checkout => "checkout",
        PoolMoment::Checkin => "checkin",
        PoolMoment::Reset => "reset",
        PoolMoment::Invalidate => "invalidate",
        PoolMoment::Close => "close",
        PoolMoment::Connect
        | PoolMoment::Share
        | PoolMoment::Unshare
        | PoolMoment::Overflow
        | PoolMoment::Timeout => "",
    }
}

fn connection_event(event: &Event<'_>) -> &'static str {
    match event {
        Event::Begin { .. } => "begin",
        Event::Commit { .. } => "commit",
        Event::Rollback { .. } => "rollback",
        Event::Savepoint { .. } => "savepoint",
        Event::RollbackToSavepoint { .. } => "rollback_savepoint",
        Event::ReleaseSavepoint { .. } => "release_savepoint",
        Event::BeforeExecute(_) => "before_cursor_execute",
        Event::AfterExecute(..) => "after_cursor_execute",
        Event::EngineCreated { .. }
        | Event::Pool(_)
        | Event::ExecuteFailed(..)
        | Event::RowsChanged { .. }
        | Event::SchemaChanged { .. } => "",
    }
}

/// What a listener of a connection is called with.
fn connection_arguments(vm: &mut Vm, connection: Value, event: &Event<'_>) -> Vec<Value> {
    match event {
        // The name is made only after the listeners were called.
        Event::Savepoint { .. } => vec![connection, Value::None],
        Event::RollbackToSavepoint { name, .. } | Event::ReleaseSavepoint { name, .. } => {
            vec![connection, Value::from(*name), Value::None]
        }
        Event::BeforeExecute(execution) | Event::AfterExecute(execution, _) => {
            let (parameters, many) = match execution.parameters {
                Parameters::One(set) => (Value::tuple(value::all_to_python(vm, set)), false),
                Parameters::Many(sets) => {
                    let set = |set: &Vec<_>| Value::tuple(value::all_to_python(vm, set));
                    (Value::list(sets.iter().map(set).collect()), true)
                }
            };
            let sql = Value::from(execution.sql);
            vec![connection, Value::None, sql, parameters, Value::None, Value::Bool(many)]
        }
        _ => vec![connection],
    }
}

fn cursor(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = args.this::<DbapiObject>(vm)?;
    Ok(Value::object(CursorObject {
        dbapi: this.dbapi.clone(),
        rows: RefCell::default(),
        rowcount: std::cell::Cell::new(-1),
        names: RefCell::default(),
        lastrowid: std::cell::Cell::new(0),
    }))
}

fn execute(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = args.this::<CursorObject>(vm)?;
    let sql = value::text(vm, &args.at(1))?;
    let parameters = match driver_parameters(vm, &args.at(2), false)? {
        DriverParameters::One(set) => set,
        DriverParameters::Many(_) => Vec::new(),
    };
    let mut rows: Vec<Vec<vidro_sql::Value>> = Vec::new();
    let done = with_engine(vm, || {
        let mut keep = |row: &dyn vidro_engine::driver::RowView| {
            rows.push((0..row.len()).map(|at| row.get(at).to_value()).collect());
            std::ops::ControlFlow::Continue(())
        };
        let mut once = Once::new(&parameters, &mut keep);
        this.dbapi.with(|driver| driver.execute(&sql, false, &mut once))?.map_err(Error::dbapi)?;
        Ok(once.ended())
    })?;
    this.rowcount.set(done.rowcount);
    this.lastrowid.set(done.last_insert_rowid);
    let rows = rows.iter().map(|row| Value::tuple(value::all_to_python(vm, row))).collect();
    *this.rows.borrow_mut() = rows;
    Ok(args.at(0))
}

impl Object for DbapiObject {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class("sqlite3.Connection")
    }

    fn get_attribute(self: Rc<Self>, _: &mut Vm, name: &str) -> Result<Option<Value>, Raise> {
        Ok(match name {
            "dbapi_connection" | "driver_connection" | "connection" => Some(Value::Object(self)),
            "isolation_level" => Some(Value::from("")),
            _ => None,
        })
    }

    fn set_attribute(self: Rc<Self>, _: &mut Vm, name: &str, given: Value) -> Result<bool, Raise> {
        if name != "isolation_level" {
            return Ok(name == "row_factory" || name == "text_factory");
        }
        let autocommit = given.is_none();
        let _ = self.dbapi.with(|driver| driver.set_autocommit(autocommit));
        Ok(true)
    }

    fn exit(self: Rc<Self>, _: &mut Vm, _: Option<&Rc<Instance>>) -> Result<bool, Raise> {
        Ok(false)
    }
}

impl Object for CursorObject {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class("sqlite3.Cursor")
    }

    fn get_attribute(self: Rc<Self>, _: &mut Vm, name: &str) -> Result<Option<Value>, Raise> {
        Ok(match name {
            "rowcount" => Some(Value::Int(self.rowcount.get())),
            "lastrowid" => Some(Value::Int(self.lastrowid.get())),
            "description" => {
                let names = self.names.borrow();
                Some(Value::list(names.iter().map(|name| Value::from(&**name)).collect()))
            }
            _ => None,
        })
    }

    fn iterate(self: Rc<Self>, _: &mut Vm) -> Result<Option<Value>, Raise> {
        Ok(Some(iterator(self.rows.borrow_mut().drain(..).collect())))
    }
}
