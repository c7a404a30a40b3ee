//! DBAPI connections in the hands of the script: `event.listens_for(engine, "connect")`, raw connections.

use std::cell::RefCell;
use std::rc::Rc;

use vidro_engine::driver::Once;
use vidro_engine::pool::Dbapi;
use vidro_engine::{Connection, DriverParameters, Engine, Error};
use vidro_python::{Args, Class, ClassBuilder, Instance, Object, Raise, Value, Vm, iterator};

use super::connection::driver_parameters;
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

/// Runs a listener on every DBAPI connection that an engine opens from now on.
pub(crate) fn on_connect(engine: &Engine, listener: &Value) {
    let listener = listener.clone();
    engine.on_connect(Rc::new(move |dbapi| {
        let object = dbapi_connection(dbapi.clone(), None);
        let answer = lend::borrow(|vm| {
            let record = Value::dict([]);
            vm.call(&listener, [object.clone(), record])
                .map_err(|raise| vidro_engine::Error::from(exc::into_sql(vm, raise)))
        });
        answer.unwrap_or(Ok(Value::None)).map(drop)
    }));
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
