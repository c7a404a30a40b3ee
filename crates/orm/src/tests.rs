//! Scenarios against SQLite, each statement compared with what SQLAlchemy 2.1 runs for the same script.

mod blog;
mod flush;
mod inheritance;
#[cfg(not(target_family = "wasm"))]
mod laws;
mod load;
mod mapping;
mod states;

use std::cell::RefCell;
use std::fmt::Write;
use std::rc::Rc;

use vidro_engine::clock::ManualClock;
use vidro_engine::event::{Event, Observer, Parameters};
use vidro_engine::{DriverParameters, Engine, EngineOptions, Host as EngineHost, Url};
use vidro_sql::Value;
use vidro_sql::compile::{CompileOptions, compile};
use vidro_sql::ddl::Ddl;
use vidro_sql::schema::MetaData;
use vidro_sqlite::Sqlite;

use crate::instance::Slot;
use crate::session::{self, Bind};
use crate::{InstanceId, Loaded, MapperId, NoHost, Orm, RelationshipId, SessionId, SessionOptions};

/// Statements with parameters, and transaction marks, in the order they ran.
#[derive(Default)]
struct Recorder(RefCell<Vec<String>>);

impl Observer for Recorder {
    fn observe(&self, event: &Event<'_>) -> vidro_engine::Result<()> {
        let line = match event {
            Event::Begin { .. } => "BEGIN".to_owned(),
            Event::Commit { .. } => "COMMIT".to_owned(),
            Event::Rollback { .. } => "ROLLBACK".to_owned(),
            Event::BeforeExecute(execution) => {
                let words: Vec<&str> = execution.sql.split_whitespace().collect();
                let mut line = words.join(" ");
                match execution.parameters {
                    Parameters::One([]) => {}
                    Parameters::One(set) => write!(line, " {}", shown(set)).unwrap(),
                    Parameters::Many(sets) => {
                        sets.iter().for_each(|set| write!(line, " {}", shown(set)).unwrap());
                    }
                }
                line
            }
            _ => return Ok(()),
        };
        self.0.borrow_mut().push(line);
        Ok(())
    }
}

fn shown(set: &[Value]) -> String {
    let values: Vec<String> = set.iter().map(Value::repr).collect();
    format!("({})", values.join(", "))
}

/// An `Orm` with a session on an empty database in memory.
struct Bench {
    orm: Orm,
    session: SessionId,
    recorder: Rc<Recorder>,
}

fn engine(recorder: Option<Rc<Recorder>>, metadata: &MetaData, options: EngineOptions) -> Engine {
    let host = EngineHost::new(Rc::new(ManualClock::default()));
    let url = Url::parse("sqlite://").unwrap();
    let dialect = Rc::new(vidro_sql::dialect::Dialect::sqlite());
    let engine = Engine::create(url, dialect, Rc::new(Sqlite), options, host.clone()).unwrap();
    let connection = engine.connect().unwrap();
    for (table, _) in metadata.sorted_tables().tables {
        let statement = vidro_sql::statement::Statement::Ddl(Ddl::create_table(&table));
        let compiled = compile(&statement, engine.dialect(), &CompileOptions::default()).unwrap();
        let none = DriverParameters::One(Vec::new());
        connection.exec_driver_sql(&compiled.sql, none).unwrap();
    }
    connection.commit().unwrap();
    connection.close().unwrap();
    if let Some(recorder) = recorder {
        host.set_observer(Some(recorder));
    }
    engine
}

impl Bench {
    fn new(mut orm: Orm, metadata: &MetaData) -> Self {
        let recorder = Rc::new(Recorder::default());
        let engine = engine(Some(Rc::clone(&recorder)), metadata, EngineOptions::default());
        crate::mapping::configure(&mut orm, &mut NoHost).unwrap();
        let options =
            SessionOptions { bind: Some(Bind::Engine(engine)), ..SessionOptions::default() };
        let session = orm.session(options);
        Self { orm, session, recorder }
    }

    /// What ran since the last call, one statement a line.
    fn log(&self) -> String {
        self.recorder.0.take().join("\n")
    }

    fn mapper(&self, name: &str) -> MapperId {
        self.orm.mapping.by_name(name).unwrap().id
    }

    fn relationship(&self, class: &str, key: &str) -> RelationshipId {
        match self.orm.mapping.by_name(class).unwrap().property(key) {
            Some(crate::mapping::Property::Relationship(id)) => id,
            other => panic!("{class}.{key} is {other:?}"),
        }
    }

    fn create(&mut self, class: &str, values: &[(&str, Value)]) -> InstanceId {
        let mapper = self.mapper(class);
        let id = self.orm.create(mapper);
        self.orm.instances.retain(id);
        for (key, value) in values {
            self.set(id, key, value.clone());
        }
        id
    }

    fn set(&mut self, id: InstanceId, key: &str, value: Value) {
        match self.orm.property(id, key).unwrap() {
            crate::mapping::Property::Column(column) => {
                self.orm.set_column(&mut NoHost, id, column, Slot::Value(value)).unwrap();
            }
            crate::mapping::Property::Relationship(_) => panic!("{key} is a relationship"),
        }
    }

    fn class_of(&self, id: InstanceId) -> String {
        self.orm.mapper_of(id).unwrap().class_name.to_string()
    }

    fn append(&mut self, owner: InstanceId, key: &str, member: InstanceId) {
        let relationship = self.relationship(&self.class_of(owner), key);
        self.orm.append(&mut NoHost, owner, relationship, member).unwrap();
    }

    fn remove(&mut self, owner: InstanceId, key: &str, member: InstanceId) {
        let relationship = self.relationship(&self.class_of(owner), key);
        self.orm.remove(&mut NoHost, owner, relationship, member).unwrap();
    }

    fn set_one(&mut self, owner: InstanceId, key: &str, member: Option<InstanceId>) {
        let relationship = self.relationship(&self.class_of(owner), key);
        self.orm.set_one(&mut NoHost, owner, relationship, member).unwrap();
    }

    fn value(&mut self, id: InstanceId, key: &str) -> Value {
        match self.orm.get(&mut NoHost, id, key).unwrap() {
            Loaded::Value(value) => value.clone(),
            other => panic!("{key} is {other:?}"),
        }
    }

    fn many(&mut self, id: InstanceId, key: &str) -> Vec<InstanceId> {
        match self.orm.get(&mut NoHost, id, key).unwrap() {
            Loaded::Many(ids) => ids.to_vec(),
            other => panic!("{key} is {other:?}"),
        }
    }

    fn one(&mut self, id: InstanceId, key: &str) -> Option<InstanceId> {
        match self.orm.get(&mut NoHost, id, key).unwrap() {
            Loaded::One(id) => id,
            other => panic!("{key} is {other:?}"),
        }
    }

    fn get(&mut self, class: &str, key: i64) -> Option<InstanceId> {
        let mapper = self.mapper(class);
        crate::load::get(&mut self.orm, &mut NoHost, self.session, mapper, &[Value::Int(key)])
            .unwrap()
    }

    fn add(&mut self, ids: &[InstanceId]) {
        session::add_all(&mut self.orm, &mut NoHost, self.session, ids).unwrap();
    }

    fn delete(&mut self, id: InstanceId) {
        session::delete(&mut self.orm, &mut NoHost, self.session, id).unwrap();
    }

    fn flush(&mut self) {
        crate::flush::flush(&mut self.orm, &mut NoHost, self.session, None).unwrap();
    }

    fn commit(&mut self) {
        session::commit(&mut self.orm, &mut NoHost, self.session).unwrap();
    }

    fn rollback(&mut self) {
        session::rollback(&mut self.orm, &mut NoHost, self.session).unwrap();
    }

    fn expunge_all(&mut self) {
        session::expunge_all(&mut self.orm, self.session).unwrap();
    }

    /// Compares what ran with what SQLAlchemy runs.
    #[track_caller]
    fn check(&self, expected: &str) {
        let expected: Vec<&str> =
            expected.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
        assert_eq!(self.log(), expected.join("\n"));
    }
}
