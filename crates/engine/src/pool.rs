//! Connection pools: the queue, the null, the static and the one-per-thread pool of SQLAlchemy.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::ops::ControlFlow;
use std::rc::Rc;

use crate::driver::{Driver, DriverConnection, Once};
use crate::error::{Error, Result};
use crate::event::{Event, PoolMoment, PoolNote};
use crate::host::Host;
use crate::listen::{Listeners, Subject};
use crate::url::Url;

/// The class of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolClass {
    /// A fixed number of connections kept open, some more on demand.
    QueuePool,
    /// A fresh connection for each checkout.
    NullPool,
    /// One connection for everybody.
    StaticPool,
    /// One connection for each thread, of which there is one.
    SingletonThreadPool,
    /// One connection, an error for the second checkout.
    AssertionPool,
}

impl PoolClass {
    /// The Python class name.
    pub fn name(self) -> &'static str {
        match self {
            Self::QueuePool => "QueuePool",
            Self::NullPool => "NullPool",
            Self::StaticPool => "StaticPool",
            Self::SingletonThreadPool => "SingletonThreadPool",
            Self::AssertionPool => "AssertionPool",
        }
    }
}

/// What is done to a connection before it goes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResetOnReturn {
    /// `"rollback"`
    #[default]
    Rollback,
    /// `"commit"`
    Commit,
    /// `None`
    Nothing,
}

/// The arguments of a pool.
#[derive(Clone, Debug)]
pub struct PoolOptions {
    /// `poolclass`; `None` leaves the choice to the URL.
    pub class: Option<PoolClass>,
    /// `pool_size`
    pub size: i64,
    /// `max_overflow`; -1 is without limit.
    pub max_overflow: i64,
    /// `pool_timeout` in seconds.
    pub timeout: f64,
    /// `pool_recycle` in seconds; -1 is never.
    pub recycle: f64,
    /// `pool_pre_ping`
    pub pre_ping: bool,
    /// `pool_use_lifo`
    pub use_lifo: bool,
    /// `pool_reset_on_return`
    pub reset_on_return: ResetOnReturn,
}

impl Default for PoolOptions {
    fn default() -> Self {
        Self {
            class: None,
            size: 5,
            max_overflow: 10,
            timeout: 30.0,
            recycle: -1.0,
            pre_ping: false,
            use_lifo: false,
            reset_on_return: ResetOnReturn::Rollback,
        }
    }
}

/// Runs on each new DBAPI connection before anybody uses it.
pub type ConnectHook = Rc<dyn Fn(&Dbapi) -> Result<()>>;

/// A pool of connections to one URL.
pub struct Pool {
    class: PoolClass,
    options: PoolOptions,
    engine: u32,
    driver: Rc<dyn Driver>,
    url: Url,
    host: Host,
    listeners: Listeners,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    /// Connections at rest.
    idle: VecDeque<Dbapi>,
    /// The connection of a static or one-per-thread pool.
    shared: Option<Dbapi>,
    /// Open connections less the pool's size.
    overflow: i64,
    /// Checkouts not yet given back.
    in_use: i64,
    /// Connections opened before this moment are thrown away when they are asked for.
    invalid_before: f64,
}

/// A slot for one DBAPI connection. Clones share.
#[derive(Clone)]
pub struct Dbapi(Rc<Slot>);

struct Slot {
    /// Its number, a new one after each reconnect.
    id: Cell<u32>,
    /// The connection; `None` when closed or thrown away.
    connection: RefCell<Option<Box<dyn DriverConnection>>>,
    /// When it was opened.
    opened: Cell<f64>,
    /// Whether nobody has used it yet.
    fresh: Cell<bool>,
    /// How many checkouts hold it.
    holders: Cell<u32>,
    /// Thrown away at the next checkout.
    stale: Cell<bool>,
}

impl Dbapi {
    /// Its number; a new one after each reconnect.
    pub fn id(&self) -> u32 {
        self.0.id.get()
    }

    /// Whether it is open.
    pub fn is_open(&self) -> bool {
        self.0.connection.try_borrow().is_ok_and(|connection| connection.is_some())
    }

    /// Uses the driver's connection.
    pub fn with<T>(&self, job: impl FnOnce(&mut dyn DriverConnection) -> T) -> Result<T> {
        let mut guard = self.0.connection.try_borrow_mut().map_err(|_| {
            Error::invalid_request("This connection is busy with another statement")
        })?;
        match guard.as_deref_mut() {
            Some(connection) => Ok(job(connection)),
            None => Err(Error::resource_closed("This Connection is closed")),
        }
    }

    /// Runs a statement without parameters, log or events.
    pub fn run(&self, sql: &str) -> Result<()> {
        let mut ignore = |_: &dyn crate::driver::RowView| ControlFlow::Continue(());
        let mut once = Once::new(&[], &mut ignore);
        self.with(|connection| connection.execute(sql, false, &mut once))?.map_err(Error::dbapi)
    }

    fn take(&self) -> Option<Box<dyn DriverConnection>> {
        self.0.connection.try_borrow_mut().ok().and_then(|mut connection| connection.take())
    }
}

impl fmt::Debug for Dbapi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dbapi({})", self.id())
    }
}

impl Pool {
    /// A pool for `url`. Nothing is opened yet.
    pub(crate) fn new(
        engine: u32,
        driver: Rc<dyn Driver>,
        url: Url,
        options: PoolOptions,
        host: Host,
        listeners: Listeners,
    ) -> Self {
        let default = if driver.is_memory(&url) {
            PoolClass::SingletonThreadPool
        } else {
            PoolClass::QueuePool
        };
        let class = options.class.unwrap_or(default);
        let state = State { overflow: -options.size, ..State::default() };
        Self { class, options, engine, driver, url, host, listeners, state: RefCell::new(state) }
    }

    /// The same pool, empty: what `dispose()` leaves.
    pub(crate) fn recreate(&self) -> Self {
        Self::new(
            self.engine,
            Rc::clone(&self.driver),
            self.url.clone(),
            PoolOptions { class: Some(self.class), ..self.options.clone() },
            self.host.clone(),
            self.listeners.clone(),
        )
    }

    /// The class of the pool.
    pub fn class(&self) -> PoolClass {
        self.class
    }

    /// The arguments it was made with.
    pub fn options(&self) -> &PoolOptions {
        &self.options
    }

    /// How many connections it keeps open, and how many more it opens at most; `None` where there is no such bound.
    pub fn bounds(&self) -> Option<(u32, Option<u32>)> {
        let keeps = u32::try_from(self.options.size).ok().filter(|size| *size > 0)?;
        let more = u32::try_from(self.options.max_overflow).ok();
        (self.class == PoolClass::QueuePool).then_some((keeps, more))
    }

    /// Connections at rest.
    pub fn checked_in(&self) -> i64 {
        i64::try_from(self.state.borrow().idle.len()).unwrap_or(i64::MAX)
    }

    /// Connections in use.
    pub fn checked_out(&self) -> i64 {
        match self.class {
            PoolClass::QueuePool => {
                self.options.size - self.checked_in() + self.state.borrow().overflow
            }
            PoolClass::NullPool
            | PoolClass::StaticPool
            | PoolClass::SingletonThreadPool
            | PoolClass::AssertionPool => self.state.borrow().in_use,
        }
    }

    /// Open connections less the pool's size.
    pub fn overflow(&self) -> i64 {
        if self.options.size == 0 { 0 } else { self.state.borrow().overflow }
    }

    /// `pool.status()`
    pub fn status(&self) -> String {
        match self.class {
            PoolClass::QueuePool => format!(
                "Pool size: {}  Connections in pool: {} Current Overflow: {} Current Checked out connections: {}",
                self.options.size,
                self.checked_in(),
                self.overflow(),
                self.checked_out()
            ),
            PoolClass::SingletonThreadPool => {
                let open = u8::from(self.state.borrow().shared.is_some());
                format!("SingletonThreadPool id:{} size: {open}", self.engine)
            }
            PoolClass::NullPool | PoolClass::StaticPool | PoolClass::AssertionPool => {
                self.class.name().into()
            }
        }
    }

    /// Takes a connection out of the pool. `holder` numbers who takes it, for those who listen.
    pub fn connect(self: &Rc<Self>, holder: u32) -> Result<Checkout> {
        let dbapi = self.get()?;
        let holders = dbapi.0.holders.get();
        dbapi.0.holders.set(holders + 1);
        self.state.borrow_mut().in_use += 1;
        let checkout = Checkout { pool: Rc::clone(self), dbapi: Some(dbapi.clone()), holder };
        if holders == 0 || self.class != PoolClass::SingletonThreadPool {
            self.ping(&dbapi)?;
            self.tell_of(holder, PoolMoment::Checkout, Some(&dbapi), None)?;
        } else {
            self.tell_of(holder, PoolMoment::Share, Some(&dbapi), None)?;
        }
        Ok(checkout)
    }

    /// Closes all connections at rest.
    pub fn dispose(&self) -> Result<()> {
        let (idle, shared) = {
            let mut state = self.state.borrow_mut();
            state.overflow = -self.options.size;
            (std::mem::take(&mut state.idle), state.shared.take())
        };
        for dbapi in idle.into_iter().chain(shared) {
            self.close(&dbapi)?;
        }
        Ok(())
    }

    fn get(&self) -> Result<Dbapi> {
        match self.class {
            PoolClass::QueuePool => self.get_queued(),
            PoolClass::NullPool => self.open(),
            PoolClass::AssertionPool if self.state.borrow().in_use > 0 => Err(Error::new(
                crate::error::ErrorKind::Sql(vidro_sql::ErrorKind::InvalidRequestError),
                "connection is already checked out",
            )),
            PoolClass::StaticPool | PoolClass::SingletonThreadPool | PoolClass::AssertionPool => {
                let known = self.state.borrow().shared.clone();
                let dbapi = match known {
                    Some(dbapi) => {
                        self.revive(&dbapi)?;
                        dbapi
                    }
                    None => self.open()?,
                };
                self.state.borrow_mut().shared = Some(dbapi.clone());
                Ok(dbapi)
            }
        }
    }

    fn get_queued(&self) -> Result<Dbapi> {
        let idle = {
            let mut state = self.state.borrow_mut();
            if self.options.use_lifo { state.idle.pop_back() } else { state.idle.pop_front() }
        };
        if let Some(dbapi) = idle {
            if let Err(error) = self.revive(&dbapi) {
                self.state.borrow_mut().overflow -= 1;
                return Err(error);
            }
            return Ok(dbapi);
        }
        let limit = if self.options.size == 0 { -1 } else { self.options.max_overflow };
        if limit > -1 && self.state.borrow().overflow >= limit {
            // One thread only: nobody can give a connection back while this one waits.
            self.host.sleep(self.options.timeout);
            self.tell(PoolMoment::Timeout, None, None)?;
            return Err(Error::timeout(format!(
                "QueuePool limit of size {} overflow {} reached, connection timed out, timeout {:.2}",
                self.options.size,
                self.overflow(),
                self.options.timeout
            ))
            .with_code("3o7r"));
        }
        self.state.borrow_mut().overflow += 1;
        let opened = self.open();
        match &opened {
            Err(_) => self.state.borrow_mut().overflow -= 1,
            Ok(dbapi) if self.state.borrow().overflow > 0 => {
                self.tell(PoolMoment::Overflow, Some(dbapi), None)?;
            }
            Ok(_) => {}
        }
        opened
    }

    /// A new slot with an open connection.
    fn open(&self) -> Result<Dbapi> {
        let dbapi = Dbapi(Rc::new(Slot {
            id: Cell::new(0),
            connection: RefCell::new(None),
            opened: Cell::new(0.0),
            fresh: Cell::new(true),
            holders: Cell::new(0),
            stale: Cell::new(false),
        }));
        self.reopen(&dbapi)?;
        Ok(dbapi)
    }

    fn reopen(&self, dbapi: &Dbapi) -> Result<()> {
        let mut connection = self.driver.connect(&self.url)?;
        let watched = self.host.observer().is_some_and(|observer| observer.wants_rows());
        connection.watch_rows(watched);
        dbapi.0.id.set(self.host.next_id());
        dbapi.0.opened.set(self.host.now());
        dbapi.0.fresh.set(true);
        dbapi.0.stale.set(false);
        dbapi.0.connection.replace(Some(connection));
        self.tell(PoolMoment::Connect, Some(dbapi), None)?;
        self.host.listeners().connected(dbapi)?;
        self.listeners.connected(dbapi)
    }

    /// Opens a slot again when its connection is gone, too old or marked.
    fn revive(&self, dbapi: &Dbapi) -> Result<()> {
        if !dbapi.is_open() {
            return self.reopen(dbapi);
        }
        let age = self.host.now() - dbapi.0.opened.get();
        let reason = if self.options.recycle > -1.0 && age > self.options.recycle {
            "recycle"
        } else if dbapi.0.stale.get() {
            "soft invalidation"
        } else if self.state.borrow().invalid_before > dbapi.0.opened.get() {
            "pool invalidation"
        } else {
            return Ok(());
        };
        if dbapi.0.holders.get() > 0 {
            return Ok(());
        }
        self.tell(PoolMoment::Invalidate, Some(dbapi), Some(reason))?;
        self.close(dbapi)?;
        self.reopen(dbapi)
    }

    /// `pool_pre_ping`: tests a used connection and replaces a dead one.
    fn ping(&self, dbapi: &Dbapi) -> Result<()> {
        let fresh = dbapi.0.fresh.replace(false);
        if !self.options.pre_ping || fresh || dbapi.run("SELECT 1").is_ok() {
            return Ok(());
        }
        self.tell(PoolMoment::Invalidate, Some(dbapi), Some("pre-ping failed"))?;
        self.state.borrow_mut().invalid_before = self.host.now();
        self.close(dbapi)?;
        self.reopen(dbapi)
    }

    fn close(&self, dbapi: &Dbapi) -> Result<()> {
        if let Some(connection) = dbapi.take() {
            drop(connection);
            self.tell(PoolMoment::Close, Some(dbapi), None)?;
        }
        Ok(())
    }

    /// Puts a connection back, its transaction undone unless that has been done already.
    fn give_back(&self, dbapi: &Dbapi, holder: u32, already_reset: bool) -> Result<()> {
        let holders = dbapi.0.holders.get().saturating_sub(1);
        dbapi.0.holders.set(holders);
        self.state.borrow_mut().in_use -= 1;
        if holders > 0 && self.class == PoolClass::SingletonThreadPool {
            return self.tell_of(holder, PoolMoment::Unshare, Some(dbapi), None);
        }
        let reset = if dbapi.is_open() { self.reset(dbapi, already_reset) } else { Ok(()) };
        if reset.is_err() {
            self.close(dbapi)?;
        }
        self.tell_of(holder, PoolMoment::Checkin, Some(dbapi), None)?;
        match self.class {
            PoolClass::NullPool => self.close(dbapi)?,
            PoolClass::QueuePool => {
                let full = self.options.size > 0 && self.checked_in() >= self.options.size;
                if full {
                    self.state.borrow_mut().overflow -= 1;
                    self.close(dbapi)?;
                } else {
                    self.state.borrow_mut().idle.push_back(dbapi.clone());
                }
            }
            PoolClass::StaticPool | PoolClass::SingletonThreadPool | PoolClass::AssertionPool => {}
        }
        reset
    }

    fn reset(&self, dbapi: &Dbapi, already_reset: bool) -> Result<()> {
        match self.options.reset_on_return {
            ResetOnReturn::Nothing => return Ok(()),
            ResetOnReturn::Rollback if already_reset => {}
            ResetOnReturn::Rollback => {
                dbapi.with(|driver| driver.rollback())?.map_err(Error::dbapi)?;
            }
            ResetOnReturn::Commit => dbapi.with(|driver| driver.commit())?.map_err(Error::dbapi)?,
        }
        self.tell(PoolMoment::Reset, Some(dbapi), None)
    }

    /// The name of its class.
    pub fn class_name(&self) -> &'static str {
        self.class.name()
    }

    fn tell(&self, moment: PoolMoment, dbapi: Option<&Dbapi>, reason: Option<&str>) -> Result<()> {
        self.tell_of(0, moment, dbapi, reason)
    }

    fn tell_of(
        &self,
        holder: u32,
        moment: PoolMoment,
        dbapi: Option<&Dbapi>,
        reason: Option<&str>,
    ) -> Result<()> {
        let everywhere = self.host.listeners();
        let heard = !(self.listeners.is_empty() && everywhere.is_empty());
        if !heard && self.host.observer().is_none() {
            return Ok(());
        }
        let event = Event::Pool(PoolNote {
            moment,
            engine: self.engine,
            dbapi: dbapi.map_or(0, Dbapi::id),
            holder,
            checked_in: self.checked_in(),
            checked_out: self.checked_out(),
            reason,
        });
        if let Some(dbapi) = dbapi.filter(|_| heard) {
            everywhere.tell(Subject::Dbapi(dbapi), &event)?;
            self.listeners.tell(Subject::Dbapi(dbapi), &event)?;
        }
        self.host.observe(&event)
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.status())
    }
}

/// A connection taken out of a pool. It goes back when it is closed or dropped.
#[derive(Debug)]
pub struct Checkout {
    pool: Rc<Pool>,
    dbapi: Option<Dbapi>,
    holder: u32,
}

impl Checkout {
    /// The DBAPI connection; `None` once it was given back, thrown away or detached.
    pub fn dbapi(&self) -> Option<&Dbapi> {
        self.dbapi.as_ref()
    }

    /// Gives the connection back.
    pub fn close(mut self, already_reset: bool) -> Result<()> {
        match self.dbapi.take() {
            Some(dbapi) => self.pool.give_back(&dbapi, self.holder, already_reset),
            None => Ok(()),
        }
    }

    /// Throws the connection away; with `soft` only once it is asked for again.
    pub fn invalidate(&mut self, soft: bool, reason: &str) -> Result<()> {
        let Some(dbapi) = &self.dbapi else { return Ok(()) };
        self.pool.tell(PoolMoment::Invalidate, Some(dbapi), Some(reason))?;
        if soft {
            dbapi.0.stale.set(true);
            return Ok(());
        }
        self.pool.close(dbapi)?;
        match self.dbapi.take() {
            Some(dbapi) => self.pool.give_back(&dbapi, self.holder, true),
            None => Ok(()),
        }
    }
}

impl Drop for Checkout {
    fn drop(&mut self) {
        if let Some(dbapi) = self.dbapi.take() {
            // Nobody is left to hear of a failure; the connection has been closed in that case.
            let _ = self.pool.give_back(&dbapi, self.holder, false);
        }
    }
}
