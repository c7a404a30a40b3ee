//! The engine over an instrumented driver that records what it is asked and fails on demand.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::rc::Rc;

#[cfg(all(target_family = "wasm", target_os = "unknown"))]
use wasm_bindgen_test::wasm_bindgen_test as test;

use vidro_sql::Value;

use crate::clock::ManualClock;
use crate::driver::{
    DbapiClass, Done, Driver, DriverConnection, DriverError, DriverResult, Exchange, RowChange,
};
use crate::error::{Error, Result};
use crate::event::Note;
use crate::execute::{Call, Style};
use crate::host::Host;
use crate::pool::{PoolClass, PoolOptions};
use crate::{Collector, Connection, DriverParameters, Engine, EngineOptions, Url};

#[cfg(all(target_family = "wasm", target_os = "unknown"))]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

/// What the driver was asked, and the statement it shall refuse.
#[derive(Clone, Default)]
struct Script(Rc<RefCell<(Vec<String>, Option<String>)>>);

impl Script {
    fn note(&self, line: impl Into<String>) {
        self.0.borrow_mut().0.push(line.into());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.borrow_mut().0)
    }

    fn refuse(&self, sql: &str) {
        self.0.borrow_mut().1 = Some(sql.into());
    }

    fn check(&self, sql: &str) -> DriverResult<()> {
        if self.0.borrow().1.as_deref() != Some(sql) {
            return Ok(());
        }
        let class = DbapiClass::OperationalError;
        Err(DriverError { module: "fake", class, message: "refused".into(), name: "", code: 1 })
    }
}

struct FakeDriver(Script);

struct FakeConnection(Script);

impl Driver for FakeDriver {
    fn connect(&self, _url: &Url) -> Result<Box<dyn DriverConnection>> {
        self.0.check("connect").map_err(Error::dbapi)?;
        self.0.note("connect");
        Ok(Box::new(FakeConnection(self.0.clone())))
    }

    fn is_memory(&self, url: &Url) -> bool {
        url.database.is_none()
    }
}

impl DriverConnection for FakeConnection {
    fn execute(&mut self, sql: &str, many: bool, exchange: &mut dyn Exchange) -> DriverResult<()> {
        self.0.check(sql)?;
        let mut set = Vec::new();
        while exchange.next_set(&mut set) {
            self.0.note(format!("{}{sql} {set:?}", if many { "many " } else { "" }));
            self.0.check(&format!("{sql} {set:?}"))?;
            set.clear();
            let done = Done { rowcount: 1, last_insert_rowid: 7 };
            if exchange.done(done) == ControlFlow::Break(()) {
                break;
            }
        }
        Ok(())
    }

    fn commit(&mut self) -> DriverResult<()> {
        self.0.note("commit");
        self.0.check("commit")
    }

    fn rollback(&mut self) -> DriverResult<()> {
        self.0.note("rollback");
        Ok(())
    }

    fn in_transaction(&self) -> bool {
        false
    }

    fn set_autocommit(&mut self, on: bool) {
        self.0.note(format!("autocommit {on}"));
    }

    fn autocommit(&self) -> bool {
        false
    }

    fn watch_rows(&mut self, _on: bool) {}

    fn take_row_changes(&mut self) -> Vec<RowChange> {
        Vec::new()
    }

    fn set_step_limit(&mut self, _steps: Option<u64>) {}

    fn last_insert_rowid(&self) -> i64 {
        7
    }
}

impl Drop for FakeConnection {
    fn drop(&mut self) {
        self.0.note("close");
    }
}

fn engine(pool: PoolOptions) -> (Engine, Script, ManualClock) {
    let (script, clock) = (Script::default(), ManualClock::default());
    let options = EngineOptions { pool, ..EngineOptions::default() };
    let url = Url::parse("sqlite:///file.db").unwrap();
    let engine = Engine::create(
        url,
        Rc::new(vidro_sql::dialect::Dialect::sqlite()),
        Rc::new(FakeDriver(script.clone())),
        options,
        Host::new(Rc::new(clock.clone())),
    );
    (engine.unwrap(), script, clock)
}

fn show<T>(result: Result<T>) -> String {
    result.map_or_else(|error| format!("{error:?}"), |_| "ok".into())
}

fn run(connection: &Connection, sql: &str) -> Result<()> {
    connection.exec_driver_sql(sql, DriverParameters::One(Vec::new())).map(drop)
}

#[test]
fn a_queue_pool_opens_lazily_overflows_and_times_out() {
    let pool = PoolOptions { size: 1, max_overflow: 1, timeout: 2.5, ..PoolOptions::default() };
    let (engine, script, _) = engine(pool);
    assert_eq!(script.take(), Vec::<String>::new());
    let status = |expect: &str| assert_eq!(engine.pool().status(), expect);
    status(
        "Pool size: 1  Connections in pool: 0 Current Overflow: -1 Current Checked out connections: 0",
    );
    let first = engine.connect().unwrap();
    let second = engine.connect().unwrap();
    status(
        "Pool size: 1  Connections in pool: 0 Current Overflow: 1 Current Checked out connections: 2",
    );
    assert_eq!(
        show(engine.connect()),
        "TimeoutError: QueuePool limit of size 1 overflow 1 reached, connection timed out, timeout \
         2.50 (Background on this error at: https://sqlalche.me/e/21/3o7r)"
    );
    first.close().unwrap();
    second.close().unwrap();
    status(
        "Pool size: 1  Connections in pool: 1 Current Overflow: 0 Current Checked out connections: 0",
    );
    assert_eq!(script.take(), ["connect", "connect", "rollback", "rollback", "close"]);
    engine.dispose().unwrap();
    assert_eq!(script.take(), ["close"]);
}

#[test]
fn a_pool_recycles_pings_and_invalidates() {
    let pool = PoolOptions { recycle: 10.0, pre_ping: true, ..PoolOptions::default() };
    let (engine, script, clock) = engine(pool);
    engine.connect().unwrap().close().unwrap();
    assert_eq!(script.take(), ["connect", "rollback"]);
    clock.advance(11.0);
    engine.connect().unwrap().close().unwrap();
    assert_eq!(script.take(), ["close", "connect", "rollback"]);
    engine.connect().unwrap().close().unwrap();
    assert_eq!(script.take(), ["SELECT 1 []", "rollback"]);
    script.refuse("SELECT 1");
    let connection = engine.connect().unwrap();
    assert_eq!(script.take(), ["close", "connect"]);
    connection.invalidate().unwrap();
    assert!(connection.is_invalidated());
    run(&connection, "x").unwrap();
    assert_eq!(script.take(), ["close", "connect", "x []"]);
}

#[test]
fn other_pools_keep_what_they_promise() {
    let of = |class| engine(PoolOptions { class: Some(class), ..PoolOptions::default() });
    let (null, script, _) = of(PoolClass::NullPool);
    null.connect().unwrap().close().unwrap();
    assert_eq!(script.take(), ["connect", "rollback", "close"]);
    let (single, script, _) = of(PoolClass::StaticPool);
    let connections = (single.connect().unwrap(), single.connect().unwrap());
    drop(connections);
    assert_eq!(script.take(), ["connect", "rollback", "rollback"]);
    let (thread, script, _) = of(PoolClass::SingletonThreadPool);
    let connections = (thread.connect().unwrap(), thread.connect().unwrap());
    drop(connections);
    assert_eq!(script.take(), ["connect", "rollback"]);
}

#[test]
fn a_refused_statement_shows_its_parameters() {
    let (engine, script, _) = engine(PoolOptions::default());
    let connection = engine.connect().unwrap();
    script.refuse("i [3]");
    let sets: Vec<Vec<Value>> = (0..12).map(|n| vec![Value::from(n)]).collect();
    let failed = connection.exec_driver_sql("i", DriverParameters::Many(sets));
    assert_eq!(
        show(failed),
        "OperationalError: (fake.OperationalError) refused\n[SQL: i]\n[parameters: [(0,), (1,), \
         (2,), (3,), (4,), (5,), (6,), (7,)  ... displaying 10 of 12 total bound parameter sets \
         ...  (10,), (11,)]]\n(Background on this error at: https://sqlalche.me/e/21/e3q8)"
    );
    let call =
        Call { sql: "i", construct: None, note: Note::RawSql, style: Style::RowByRow, total: 2 };
    let mut sets = Collector::new(vec![vec![1.into()], vec![3.into()]]);
    let failed = connection.run(&call, &mut sets);
    assert!(show(failed).contains("[parameters: (3,)]"));
    script.refuse("commit");
    script.take();
    let transaction = connection.transaction().unwrap();
    assert!(show(transaction.exit(false)).contains("refused"));
    assert_eq!(script.take(), ["commit"]);
    assert!(!connection.in_transaction());
}

#[test]
fn autocommit_is_set_and_put_back() {
    let (engine, script, _) = engine(PoolOptions::default());
    let connection = engine.connect().unwrap();
    let mut options = crate::ExecutionOptions::default();
    options.insert("isolation_level", "AUTOCOMMIT".into());
    connection.set_execution_options(&options).unwrap();
    assert!(connection.is_autocommit());
    connection.close().unwrap();
    let expect = [
        "connect",
        "autocommit true",
        "autocommit false",
        "PRAGMA read_uncommitted = 0 []",
        "rollback",
    ];
    assert_eq!(script.take(), expect);
    options.insert("isolation_level", "NOPE".into());
    assert_eq!(
        show(engine.with_execution_options(&options)),
        "ArgumentError: Invalid value 'NOPE' for isolation_level. Valid isolation levels for \
         'sqlite' are READ UNCOMMITTED, SERIALIZABLE, AUTOCOMMIT"
    );
}
