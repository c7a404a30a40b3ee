//! The engine on real SQLite: what `echo=True` prints, what errors say, what the pool does.

mod statements;

use std::cell::RefCell;
use std::rc::Rc;

#[cfg(all(target_family = "wasm", target_os = "unknown"))]
use wasm_bindgen_test::wasm_bindgen_test as test;

use vidro_engine::clock::ManualClock;
use vidro_engine::sql::Value;
use vidro_engine::sql::dialect::Dialect;
use vidro_engine::{
    Connection, DriverParameters, Echo, Engine, EngineOptions, Event, Host, Log, Observer, Result,
    Url,
};

use crate::Sqlite;

#[cfg(all(target_family = "wasm", target_os = "unknown"))]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

/// Collects log lines and a word for each event.
#[derive(Default)]
struct Recorder(RefCell<Vec<String>>);

impl Recorder {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.borrow_mut())
    }
}

impl Log for Recorder {
    fn log(&self, _logger: &str, _level: Echo, message: &str) {
        self.0.borrow_mut().push(message.into());
    }
}

impl Observer for Recorder {
    fn observe(&self, event: &Event<'_>) -> Result<()> {
        let word = match event {
            Event::Pool(note) => {
                format!("{:?} {}/{}", note.moment, note.checked_in, note.checked_out)
            }
            Event::RowsChanged { changes, .. } => {
                let shown = changes
                    .iter()
                    .map(|c| format!("{}#{} {:?}>{:?}", c.table, c.rowid, c.old, c.new));
                shown.collect::<Vec<_>>().join(" ")
            }
            Event::SchemaChanged { tables, .. } => {
                format!("tables {:?}", tables.iter().map(|table| &table.name).collect::<Vec<_>>())
            }
            _ => return Ok(()),
        };
        self.0.borrow_mut().push(word);
        Ok(())
    }

    fn wants_rows(&self) -> bool {
        true
    }
}

fn engine_at(url: &str, options: EngineOptions, host: Host) -> Engine {
    let url = Url::parse(url).unwrap();
    Engine::create(url, Rc::new(Dialect::sqlite()), Rc::new(Sqlite), options, host).unwrap()
}

fn host() -> Host {
    Host::new(Rc::new(ManualClock::default()))
}

fn echoing() -> (Engine, Rc<Recorder>) {
    let host = host();
    let recorder = Rc::new(Recorder::default());
    host.set_log(Some(Rc::clone(&recorder) as Rc<dyn Log>));
    let options = EngineOptions { echo: Echo::Info, ..EngineOptions::default() };
    (engine_at("sqlite://", options, host), recorder)
}

fn run(connection: &Connection, sql: &str, set: Vec<Value>) -> Result<String> {
    let result = connection.exec_driver_sql(sql, DriverParameters::One(set))?;
    if !result.returns_rows() {
        return Ok(result.rowcount().to_string());
    }
    Ok(result.all()?.iter().map(|item| format!("{item:?}")).collect::<Vec<_>>().join(" "))
}

#[test]
fn echo_is_sqlalchemys_to_the_letter() {
    let (engine, log) = echoing();
    let connection = engine.connect().unwrap();
    run(&connection, "create table t (x int)", vec![]).unwrap();
    connection
        .exec_driver_sql(
            "insert into t values (?)",
            DriverParameters::Many(vec![vec![1.into()], vec![2.into()]]),
        )
        .unwrap();
    connection.commit().unwrap();
    let savepoint = connection.begin_nested().unwrap();
    run(&connection, "delete from t where x = ?", vec![1.into()]).unwrap();
    savepoint.rollback().unwrap();
    assert_eq!(run(&connection, "select * from t", vec![]).unwrap(), "Row((1,)) Row((2,))");
    connection.close().unwrap();
    assert_eq!(
        log.take(),
        [
            "BEGIN (implicit)",
            "create table t (x int)",
            "[raw sql] ()",
            "insert into t values (?)",
            "[raw sql] [(1,), (2,)]",
            "COMMIT",
            "BEGIN (implicit)",
            "SAVEPOINT sa_savepoint_1",
            "[no key 0.00000s] ()",
            "delete from t where x = ?",
            "[raw sql] (1,)",
            "ROLLBACK TO SAVEPOINT sa_savepoint_1",
            "[no key 0.00000s] ()",
            "select * from t",
            "[raw sql] ()",
            "ROLLBACK",
        ]
    );
}

#[test]
fn errors_are_worded_as_pythons_sqlite3_words_them() {
    let engine = engine_at("sqlite://", EngineOptions::default(), host());
    let connection = engine.connect().unwrap();
    run(
        &connection,
        "create table t (id integer primary key, x text unique not null, check (x <> 'z'))",
        vec![],
    )
    .unwrap();
    run(&connection, "insert into t values (1, 'a')", vec![]).unwrap();
    let check = |sql: &str, set: Vec<Value>, expect: &str| {
        let shown = run(&connection, sql, set).map_err(|error| format!("{error:?}"));
        assert_eq!(shown.unwrap_or_else(|error| error), expect, "{sql}");
    };
    let link =
        |code: &str| format!("(Background on this error at: https://sqlalche.me/e/21/{code})");
    let dbapi = |class: &str, message: &str, sql: &str, parameters: &str, code: &str| {
        format!("{class}: (sqlite3.{class}) {message}\n[SQL: {sql}]{parameters}\n{}", link(code))
    };
    for (sql, class, message, code) in [
        (
            "insert into t values (2, 'a')",
            "IntegrityError",
            "UNIQUE constraint failed: t.x",
            "gkpj",
        ),
        (
            "insert into t values (2, null)",
            "IntegrityError",
            "NOT NULL constraint failed: t.x",
            "gkpj",
        ),
        (
            "insert into t values (2, 'z')",
            "IntegrityError",
            "CHECK constraint failed: x <> 'z'",
            "gkpj",
        ),
        ("insert into t values ('q', 'q')", "IntegrityError", "datatype mismatch", "gkpj"),
        ("selec", "OperationalError", "near \"selec\": syntax error", "e3q8"),
        ("select * from nope", "OperationalError", "no such table: nope", "e3q8"),
        ("select y from t", "OperationalError", "no such column: y", "e3q8"),
        ("select 'a", "OperationalError", "unrecognized token: \"'a\"", "e3q8"),
        (
            "select 1; select 2",
            "ProgrammingError",
            "You can only execute one statement at a time.",
            "f405",
        ),
    ] {
        check(sql, vec![], &dbapi(class, message, sql, "", code));
    }
    let bindings = "Incorrect number of bindings supplied. The current statement uses 1, and there are 2 supplied.";
    check(
        "select ?",
        vec![1.into(), "x".into()],
        &dbapi("ProgrammingError", bindings, "select ?", "\n[parameters: (1, 'x')]", "f405"),
    );
    check("select ?", vec![Value::from(true)], "Row((1,))");
}

#[test]
fn transactions_open_at_the_first_change() {
    let engine = engine_at("sqlite://", EngineOptions::default(), host());
    let connection = engine.connect().unwrap();
    let in_transaction =
        || connection.dbapi().unwrap().with(|driver| driver.in_transaction()).unwrap();
    run(&connection, "create table t (x int)", vec![]).unwrap();
    assert!(!in_transaction());
    run(&connection, "select 1", vec![]).unwrap();
    assert!(!in_transaction());
    run(&connection, "insert into t values (1)", vec![]).unwrap();
    assert!(in_transaction());
    connection.rollback().unwrap();
    assert_eq!(run(&connection, "select count(*) from t", vec![]).unwrap(), "Row((0,))");
}

#[test]
fn transaction_rules() {
    let engine = engine_at("sqlite://", EngineOptions::default(), host());
    let connection = engine.connect().unwrap();
    let show =
        |result: Result<()>| result.map_or_else(|error| format!("{error:?}"), |()| "ok".into());
    let transaction = connection.begin().unwrap();
    assert_eq!(
        show(connection.begin().map(drop)),
        "InvalidRequestError: This connection has already initialized a SQLAlchemy Transaction() \
         object via begin() or autobegin; can't call begin() here unless rollback() or commit() is \
         called first."
    );
    transaction.enter();
    transaction.commit().unwrap();
    assert_eq!(
        show(run(&connection, "select 1", vec![]).map(drop)),
        "InvalidRequestError: Can't operate on closed transaction inside context manager.  Please \
         complete the context manager before emitting further commands."
    );
    transaction.exit(false).unwrap();
    assert_eq!(show(transaction.commit()), "InvalidRequestError: This transaction is inactive");
    let outer = connection.begin().unwrap();
    let inner = connection.begin_nested().unwrap();
    outer.rollback().unwrap();
    assert!(!inner.is_active());
    assert_eq!(show(inner.commit()), "InvalidRequestError: This nested transaction is inactive");
    connection.close().unwrap();
    assert_eq!(
        show(run(&connection, "select 1", vec![]).map(drop)),
        "ResourceClosedError: This Connection is closed"
    );
}

#[test]
fn observers_hear_of_pool_rows_and_schema() {
    let host = host();
    let recorder = Rc::new(Recorder::default());
    host.set_observer(Some(Rc::clone(&recorder) as Rc<dyn Observer>));
    let engine = engine_at("sqlite://", EngineOptions::default(), host);
    let connection = engine.connect().unwrap();
    run(&connection, "create table t (id integer primary key, x text)", vec![]).unwrap();
    run(&connection, "insert into t (x) values ('a'), ('b')", vec![]).unwrap();
    run(&connection, "update t set x = 'c' where id = 2", vec![]).unwrap();
    run(&connection, "delete from t where id = 1", vec![]).unwrap();
    connection.close().unwrap();
    assert_eq!(
        recorder.take(),
        [
            "Connect 0/0",
            "Checkout 0/1",
            "tables [\"t\"]",
            "t#1 []>[1, 'a'] t#2 []>[2, 'b']",
            "t#2 [2, 'b']>[2, 'c']",
            "t#1 [1, 'a']>[]",
            "Reset 0/0",
            "Checkin 0/0",
        ]
    );
}

#[test]
fn a_memory_database_is_shared_by_its_engine() {
    let engine = engine_at("sqlite://", EngineOptions::default(), host());
    let first = engine.connect().unwrap();
    run(&first, "create table t (x int)", vec![]).unwrap();
    let second = engine.connect().unwrap();
    assert_eq!(run(&second, "select count(*) from t", vec![]).unwrap(), "Row((0,))");
    assert!(engine.pool().status().starts_with("SingletonThreadPool id:"));
}

#[test]
fn an_inspector_reads_the_schema() {
    let engine = engine_at("sqlite://", EngineOptions::default(), host());
    let connection = engine.connect().unwrap();
    for sql in [
        "create table \"user\" (id integer not null, name varchar(30) not null, nick varchar default 'x', primary key (id), unique (name))",
        "create table addr (id integer primary key, uid integer, email numeric(10, 2), constraint uq1 unique (uid, email), constraint ck check (email > 0), foreign key(uid) references \"user\" (id) on delete cascade)",
        "create index ix_e on addr (email) where email > 1",
        "create view v as select 1 as x",
    ] {
        run(&connection, sql, vec![]).unwrap();
    }
    let inspector = vidro_engine::inspect::Inspector::of_connection(&connection);
    let shown = [
        format!("{:?} {:?}", inspector.table_names().unwrap(), inspector.view_names().unwrap()),
        format!("{:?}", inspector.primary_key("user").unwrap()),
        format!("{:?}", inspector.foreign_keys("addr").unwrap()),
        format!("{:?}", inspector.indexes("addr").unwrap()),
        format!("{:?}", inspector.unique_constraints("user").unwrap()),
        format!("{:?}", inspector.unique_constraints("addr").unwrap()),
        format!("{:?}", inspector.check_constraints("addr").unwrap()),
        format!("{:?}", inspector.has_table("v").unwrap()),
        format!("{:?}", inspector.columns("nope").map(|_| ()).unwrap_err()),
    ];
    assert_eq!(
        shown,
        [
            "[\"addr\", \"user\"] [\"v\"]",
            "PrimaryKeyInfo { columns: [\"id\"], name: None }",
            "[ForeignKeyInfo { name: None, columns: [\"uid\"], referred_table: \"user\", referred_columns: [\"id\"], options: [(\"ondelete\", \"CASCADE\")], deferrable: None }]",
            "[IndexInfo { name: \"ix_e\", columns: [\"email\"], unique: false, condition: Some(\"email > 1\") }]",
            "[UniqueInfo { name: None, columns: [\"name\"] }]",
            "[UniqueInfo { name: Some(\"uq1\"), columns: [\"uid\", \"email\"] }]",
            "[CheckInfo { name: Some(\"ck\"), sqltext: \"email > 0\" }]",
            "true",
            "NoSuchTableError: nope",
        ]
    );
}

#[test]
fn an_endless_statement_is_interrupted() {
    let engine = engine_at("sqlite://", EngineOptions::default(), host());
    let connection = engine.connect().unwrap();
    connection.dbapi().unwrap().with(|driver| driver.set_step_limit(Some(100_000))).unwrap();
    let sql =
        "with recursive c(x) as (select 1 union all select x + 1 from c) select count(*) from c";
    let error = run(&connection, sql, vec![]).unwrap_err();
    assert_eq!(error.message(), "(sqlite3.OperationalError) interrupted");
}
