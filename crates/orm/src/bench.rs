//! Workloads of the ORM, timed: what `cargo xtask bench` and the browser run beside hand-written loops.

use std::rc::Rc;

use vidro_engine::{
    Bind, Clock, Driver, DriverParameters, Engine, EngineOptions, Observer, Url, schema,
};
use vidro_sql::Value;
use vidro_sql::dialect::Dialect;
use vidro_sql::schema::{ColumnSpec, MetaData, Table, TableItem, TableOptions};
use vidro_sql::types::Type;

use crate::instance::Slot;
use crate::load::{EntityId, all};
use crate::mapping::{Deferred, MapperSpec, Property, PropertySpec, RelationshipSpec, configure};
use crate::session::{self, Bind as SessionBind};
use crate::{
    Error, InstanceId, MapperId, NoHost, Orm, RelationshipId, Result, SessionId, SessionOptions,
};

/// What is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workload {
    /// Users with three addresses each are built, added, flushed and committed.
    Insert,
    /// All users are loaded into a fresh session.
    Load,
    /// The name of every loaded user changes; flush and commit.
    Update,
}

impl Workload {
    /// All of them, with the names the figures go by.
    pub const ALL: [(&'static str, Self); 3] =
        [("W1", Self::Insert), ("W2", Self::Load), ("W4", Self::Update)];
}

/// Seconds that a workload takes for that many users, on a database of its own in memory.
pub fn run(
    workload: Workload,
    users: i64,
    driver: Rc<dyn Driver>,
    clock: &Rc<dyn Clock>,
    observer: Option<Rc<dyn Observer>>,
) -> Result<f64> {
    let mut bench = Bench::new(driver, clock, observer)?;
    if workload == Workload::Insert {
        let started = clock.now();
        bench.insert(users)?;
        return Ok(clock.now() - started);
    }
    bench.populate(users)?;
    if workload == Workload::Load {
        let started = clock.now();
        let loaded = bench.load()?;
        let seconds = clock.now() - started;
        debug_assert_eq!(i64::try_from(loaded.len()), Ok(users));
        return Ok(seconds);
    }
    let loaded = bench.load()?;
    let started = clock.now();
    bench.update(&loaded)?;
    Ok(clock.now() - started)
}

/// The two models, an engine and a session.
struct Bench {
    orm: Orm,
    engine: Engine,
    session: SessionId,
    user: Model,
    address: Model,
    addresses: RelationshipId,
}

/// A mapper and the attribute numbers of its columns.
struct Model {
    mapper: MapperId,
    columns: Vec<u16>,
}

impl Bench {
    fn new(
        driver: Rc<dyn Driver>,
        clock: &Rc<dyn Clock>,
        observer: Option<Rc<dyn Observer>>,
    ) -> Result<Self> {
        let metadata = MetaData::new();
        let id = || ColumnSpec::new("id", Type::integer()).primary_key();
        let text = |name: &str| ColumnSpec::new(name, Type::string_of(100)).nullable(false);
        let user = table(&metadata, "user", vec![id(), text("name"), text("fullname")])?;
        let mut key = ColumnSpec::new("user_id", Type::integer()).references("user.id");
        key = key.nullable(false);
        key.index = Some(true);
        let address = table(&metadata, "address", vec![id(), text("email"), key])?;
        let mut orm = Orm::default();
        declare(&mut orm, "User", &user, "addresses", "Address", "user")?;
        declare(&mut orm, "Address", &address, "user", "User", "addresses")?;
        configure(&mut orm, &mut NoHost)?;
        let host = vidro_engine::Host::new(Rc::clone(clock));
        let dialect = Rc::new(Dialect::sqlite());
        let url = Url::parse("sqlite://")?;
        let engine = Engine::create(url, dialect, driver, EngineOptions::default(), host.clone())?;
        schema::create_all(&Bind::Engine(engine.clone()), &metadata, None, false)?;
        host.set_observer(observer);
        let bind = Some(SessionBind::Engine(engine.clone()));
        let session = orm.session(SessionOptions { bind, ..SessionOptions::default() });
        let (user, found) = model(&orm, "User", &["name", "fullname"], "addresses")?;
        let (address, _) = model(&orm, "Address", &["email"], "user")?;
        Ok(Self { orm, engine, session, user, address, addresses: found })
    }

    fn create(&mut self, is_user: bool, values: [String; 2]) -> Result<InstanceId> {
        let model = if is_user { &self.user } else { &self.address };
        let id = self.orm.create(model.mapper);
        self.orm.instances.retain(id);
        for (column, value) in model.columns.iter().zip(values) {
            self.orm.set_column(&mut NoHost, id, *column, Slot::Value(value.into()))?;
        }
        Ok(id)
    }

    fn insert(&mut self, users: i64) -> Result<()> {
        let mut built = Vec::new();
        for i in 0..users {
            let user = self.create(true, [format!("name{i}"), format!("Full Name {i}")])?;
            for j in 0..3 {
                let email = format!("user{i}_{j}@example.com");
                let address = self.create(false, [email, String::new()])?;
                self.orm.append(&mut NoHost, user, self.addresses, address)?;
            }
            built.push(user);
        }
        session::add_all(&mut self.orm, &mut NoHost, self.session, &built)?;
        session::commit(&mut self.orm, &mut NoHost, self.session)
    }

    /// Fills the table without the ORM.
    fn populate(&self, users: i64) -> Result<()> {
        let connection = self.engine.connect()?;
        let sql = "INSERT INTO user (id, name, fullname) WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL \
                   SELECT i + 1 FROM c WHERE i < ?) SELECT i, 'name' || i, 'Full Name ' || i FROM c";
        connection.exec_driver_sql(sql, DriverParameters::One(vec![Value::Int(users)]))?;
        connection.commit()?;
        Ok(connection.close()?)
    }

    fn load(&mut self) -> Result<Vec<InstanceId>> {
        let entity = EntityId::of(self.user.mapper);
        all(&mut self.orm, &mut NoHost, self.session, entity)
    }

    fn update(&mut self, users: &[InstanceId]) -> Result<()> {
        let Some(name) = self.user.columns.first().copied() else { return Ok(()) };
        for (i, id) in users.iter().enumerate() {
            let value = Slot::Value(format!("name{i}x").into());
            self.orm.set_column(&mut NoHost, *id, name, value)?;
        }
        session::commit(&mut self.orm, &mut NoHost, self.session)
    }
}

fn table(metadata: &MetaData, name: &str, columns: Vec<ColumnSpec>) -> Result<Table> {
    let items = columns.into_iter().map(|column| TableItem::Column(column.build())).collect();
    Ok(Table::new(name, metadata, items, TableOptions::default())?)
}

fn declare(
    orm: &mut Orm,
    class: &str,
    table: &Table,
    key: &str,
    target: &str,
    back: &str,
) -> Result<()> {
    let relationship = RelationshipSpec {
        target: Deferred::Text(target.into()),
        back_populates: Some(back.into()),
        ..RelationshipSpec::default()
    };
    let properties = vec![(key.into(), PropertySpec::Relationship(Box::new(relationship)))];
    orm.declare(MapperSpec {
        class_name: class.into(),
        module: "__main__".into(),
        table: Some(table.clone()),
        properties: properties.into_iter().collect(),
        ..MapperSpec::default()
    })?;
    Ok(())
}

/// A mapper with the numbers of some columns and the id of a relationship.
fn model(
    orm: &Orm,
    class: &str,
    columns: &[&str],
    relationship: &str,
) -> Result<(Model, RelationshipId)> {
    let missing = || Error::invalid_request("the workload's mapping is incomplete");
    let mapper = orm.mapping.by_name(class).ok_or_else(missing)?;
    let number = |key: &&str| match mapper.property(key) {
        Some(Property::Column(number)) => Some(number),
        _ => None,
    };
    let found: Vec<u16> = columns.iter().filter_map(number).collect();
    let Some(Property::Relationship(id)) = mapper.property(relationship) else {
        return Err(missing());
    };
    Ok((Model { mapper: mapper.id, columns: found }, id))
}
