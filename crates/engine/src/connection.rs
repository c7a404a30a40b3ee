//! A connection: autobegin, transactions, and the one place where statements meet the driver.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;

use vidro_sql::Value;

use crate::echo::{self, Echo};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::execute::{Call, Style};
use crate::listen::Subject;
use crate::options::ExecutionOptions;
use crate::pool::{Checkout, Dbapi};
use crate::transaction::{Transaction, TransactionState};

/// `sqlalchemy.engine.Connection`. Clones are the same connection.
#[derive(Clone)]
pub struct Connection(pub(crate) Rc<Inner>);

pub(crate) struct Inner {
    /// Its number.
    pub(crate) id: u32,
    /// Where it came from.
    pub(crate) engine: Engine,
    /// What the pool gave; `None` when closed or thrown away.
    checkout: RefCell<Option<Checkout>>,
    /// Whether it may take another one from the pool: not once it is closed.
    can_reconnect: Cell<bool>,
    /// The outermost transaction.
    pub(crate) root: RefCell<Option<Rc<TransactionState>>>,
    /// The innermost savepoint.
    pub(crate) nested: RefCell<Option<Rc<TransactionState>>>,
    /// The transaction whose `with` block is running.
    pub(crate) context: RefCell<Option<Rc<TransactionState>>>,
    /// How many savepoints were named.
    savepoints: Cell<u32>,
    /// What `execution_options()` set.
    options: RefCell<Rc<ExecutionOptions>>,
    /// Whether the driver's isolation level must be put back.
    isolation_changed: Cell<bool>,
    /// How much is logged; fixed when the connection is made.
    echo: Echo,
}

impl Connection {
    /// Takes a connection from the engine's pool.
    pub(crate) fn new(engine: &Engine) -> Result<Self> {
        let id = engine.host().next_id();
        let checkout = engine.pool().connect(id)?;
        let connection = Self(Rc::new(Inner {
            id,
            engine: engine.clone(),
            checkout: RefCell::new(Some(checkout)),
            can_reconnect: Cell::new(true),
            root: RefCell::new(None),
            nested: RefCell::new(None),
            context: RefCell::new(None),
            savepoints: Cell::new(0),
            options: RefCell::new(engine.execution_options()),
            isolation_changed: Cell::new(false),
            echo: engine.effective_echo(),
        }));
        let options = engine.execution_options();
        if let Some(level) = options.isolation_level() {
            connection.set_isolation_level(level)?;
        }
        Ok(connection)
    }

    /// Its number, unique among connections of this host.
    pub fn id(&self) -> u32 {
        self.0.id
    }

    /// The engine it came from.
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// Whether two handles are the same connection.
    pub fn is_same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// `closed`
    pub fn is_closed(&self) -> bool {
        self.0.checkout.borrow().is_none() && !self.0.can_reconnect.get()
    }

    /// `invalidated`
    pub fn is_invalidated(&self) -> bool {
        self.0.checkout.borrow().is_none() && self.0.can_reconnect.get()
    }

    /// The DBAPI connection, a new one where the last was thrown away.
    pub fn dbapi(&self) -> Result<Dbapi> {
        if let Some(checkout) = &*self.0.checkout.borrow()
            && let Some(dbapi) = checkout.dbapi()
        {
            return Ok(dbapi.clone());
        }
        if !self.0.can_reconnect.get() {
            return Err(Error::resource_closed("This Connection is closed"));
        }
        if self.0.root.borrow().is_some() {
            return Err(self.invalid_transaction());
        }
        let checkout = self.0.engine.pool().connect(self.id())?;
        let dbapi = checkout.dbapi().cloned();
        self.0.checkout.replace(Some(checkout));
        dbapi.ok_or_else(|| Error::resource_closed("This Connection is closed"))
    }

    /// `begin()`
    pub fn begin(&self) -> Result<Transaction> {
        if self.0.root.borrow().is_some() {
            return Err(Error::invalid_request(
                "This connection has already initialized a SQLAlchemy Transaction() object via \
                 begin() or autobegin; can't call begin() here unless rollback() or commit() is \
                 called first.",
            ));
        }
        self.check_context()?;
        // A closed connection says that it begins before it finds that it cannot.
        if !self.is_closed() {
            self.dbapi()?;
        }
        self.emit(&Event::Begin { connection: self.id(), autocommit: self.is_autocommit() })?;
        self.dbapi()?;
        let state = Rc::new(TransactionState::root());
        self.0.root.replace(Some(Rc::clone(&state)));
        Ok(Transaction::new(self.clone(), state))
    }

    /// `begin_nested()`
    pub fn begin_nested(&self) -> Result<Transaction> {
        if self.0.root.borrow().is_none() {
            self.begin()?;
        }
        self.check_context()?;
        let number = self.0.savepoints.get() + 1;
        self.0.savepoints.set(number);
        let name: Rc<str> = format!("sa_savepoint_{number}").into();
        self.emit(&Event::Savepoint { connection: self.id(), name: &name })?;
        self.run_command(&format!("SAVEPOINT {name}"))?;
        let previous = self.0.nested.borrow().clone();
        let state = Rc::new(TransactionState::nested(name, previous));
        self.0.nested.replace(Some(Rc::clone(&state)));
        Ok(Transaction::new(self.clone(), state))
    }

    /// `commit()`
    pub fn commit(&self) -> Result<()> {
        self.transaction().map_or(Ok(()), |transaction| transaction.commit())
    }

    /// `rollback()`
    pub fn rollback(&self) -> Result<()> {
        self.transaction().map_or(Ok(()), |transaction| transaction.rollback())
    }

    /// `get_transaction()`
    pub fn transaction(&self) -> Option<Transaction> {
        let state = self.0.root.borrow().clone();
        state.map(|state| Transaction::new(self.clone(), state))
    }

    /// `get_nested_transaction()`
    pub fn nested_transaction(&self) -> Option<Transaction> {
        let state = self.0.nested.borrow().clone();
        state.map(|state| Transaction::new(self.clone(), state))
    }

    /// `in_transaction()`
    pub fn in_transaction(&self) -> bool {
        self.0.root.borrow().as_ref().is_some_and(|state| state.is_active())
    }

    /// `in_nested_transaction()`
    pub fn in_nested_transaction(&self) -> bool {
        self.0.nested.borrow().as_ref().is_some_and(|state| state.is_active())
    }

    /// `close()`: undoes the transaction and gives the DBAPI connection back.
    pub fn close(&self) -> Result<()> {
        let transaction = self.transaction();
        let already_reset = transaction.is_some();
        let closed = transaction.map_or(Ok(()), |transaction| transaction.close());
        let restored = self.restore_isolation();
        self.0.can_reconnect.set(false);
        let checkout = self.0.checkout.take();
        let returned = checkout.map_or(Ok(()), |checkout| checkout.close(already_reset));
        closed.and(restored).and(returned)
    }

    /// `invalidate()`: throws the DBAPI connection away.
    pub fn invalidate(&self) -> Result<()> {
        if self.is_invalidated() {
            return Ok(());
        }
        if self.is_closed() {
            return Err(Error::resource_closed("This Connection is closed"));
        }
        let checkout = self.0.checkout.take();
        checkout.map_or(Ok(()), |mut checkout| checkout.invalidate(false, "invalidate()"))
    }

    /// What `execution_options()` set.
    pub fn execution_options(&self) -> Rc<ExecutionOptions> {
        Rc::clone(&self.0.options.borrow())
    }

    /// `execution_options(**options)`, which changes the connection itself.
    pub fn set_execution_options(&self, changes: &ExecutionOptions) -> Result<()> {
        if let Some(level) = changes.isolation_level() {
            if self.in_transaction() {
                return Err(Error::invalid_request(
                    "This connection has already initialized a SQLAlchemy Transaction() object \
                     via begin() or autobegin; isolation_level may not be altered unless \
                     rollback() or commit() is called first.",
                ));
            }
            self.set_isolation_level(level)?;
        }
        let merged = self.0.options.borrow().merged(changes);
        self.0.options.replace(Rc::new(merged));
        Ok(())
    }

    /// Whether the driver commits each statement by itself.
    pub fn is_autocommit(&self) -> bool {
        let level = self.0.options.borrow();
        let level = level.isolation_level().or(self.0.engine.isolation_level());
        level.is_some_and(|level| level == "AUTOCOMMIT")
    }

    /// `get_isolation_level()`
    pub fn isolation_level(&self) -> Result<&'static str> {
        let mut uncommitted = false;
        let dbapi = self.dbapi()?;
        let mut read = |row: &dyn crate::driver::RowView| {
            uncommitted = row.get(0) == vidro_sql::ValueRef::Int(1);
            std::ops::ControlFlow::Continue(())
        };
        let mut once = crate::driver::Once::new(&[], &mut read);
        let ran =
            dbapi.with(|driver| driver.execute("PRAGMA read_uncommitted", false, &mut once))?;
        ran.map_err(Error::dbapi)?;
        Ok(if uncommitted { "READ UNCOMMITTED" } else { "SERIALIZABLE" })
    }

    fn set_isolation_level(&self, level: &str) -> Result<()> {
        apply_isolation_level(&self.dbapi()?, level)?;
        self.0.isolation_changed.set(true);
        Ok(())
    }

    fn restore_isolation(&self) -> Result<()> {
        if !self.0.isolation_changed.take() || self.0.checkout.borrow().is_none() {
            return Ok(());
        }
        let usual = self.0.engine.isolation_level().unwrap_or("SERIALIZABLE");
        apply_isolation_level(&self.dbapi()?, usual)
    }

    /// Makes sure that a statement may run now, and begins a transaction if none is open.
    pub(crate) fn prepare_to_execute(&self) -> Result<Dbapi> {
        let dbapi = self.dbapi()?;
        let broken = |slot: &RefCell<Option<Rc<TransactionState>>>| {
            slot.borrow().as_ref().is_some_and(|state| !state.is_active())
        };
        if broken(&self.0.root) || broken(&self.0.nested) {
            return Err(self.invalid_transaction());
        }
        self.check_context()?;
        if self.0.root.borrow().is_none() {
            self.begin()?;
        }
        Ok(dbapi)
    }

    /// Runs a statement of transaction control, logged as SQLAlchemy logs its savepoint clauses.
    pub(crate) fn run_command(&self, sql: &str) -> Result<()> {
        let note = crate::event::Note::NoKey(self.0.engine.host().now());
        let call = Call { sql, construct: None, note, style: Style::Once, total: 1 };
        self.run_set(&call, &[], &mut |_| std::ops::ControlFlow::Continue(())).map(drop)
    }

    /// The error for work in a transaction that was rolled back behind the caller's back.
    pub(crate) fn invalid_transaction(&self) -> Error {
        let which = if self.0.nested.borrow().is_some() { "savepoint " } else { "" };
        Error::pending_rollback(format!(
            "Can't reconnect until invalid {which}transaction is rolled back.  Please rollback() \
             fully before proceeding"
        ))
        .with_code("8s2b")
    }

    pub(crate) fn check_context(&self) -> Result<()> {
        match &*self.0.context.borrow() {
            Some(state) if !state.is_active() => Err(Error::invalid_request(
                "Can't operate on closed transaction inside context manager.  Please complete \
                 the context manager before emitting further commands.",
            )),
            _ => Ok(()),
        }
    }

    /// Whether a DBAPI connection is there to be rolled back.
    pub(crate) fn is_connected(&self) -> bool {
        self.0.checkout.borrow().as_ref().is_some_and(|checkout| checkout.dbapi().is_some())
    }

    /// Whether anybody wants to know what happens.
    pub(crate) fn is_watched(&self) -> bool {
        self.0.echo != Echo::Off
            || self.0.engine.host().observer().is_some()
            || !(self.0.engine.listeners().is_empty()
                && self.0.engine.host().listeners().is_empty())
    }

    /// Tells the listeners of the script.
    pub(crate) fn tell(&self, event: &Event<'_>) -> Result<()> {
        self.0.engine.host().listeners().tell(Subject::Connection(self), event)?;
        self.0.engine.listeners().tell(Subject::Connection(self), event)
    }

    /// How much is logged.
    pub fn echo(&self) -> Echo {
        self.0.echo
    }

    /// Logs an event and tells the observer; the listeners hear of it first, of a beginning after.
    pub(crate) fn emit(&self, event: &Event<'_>) -> Result<()> {
        let host = self.0.engine.host();
        let begins = matches!(event, Event::Begin { .. });
        if !begins {
            self.tell(event)?;
        }
        if self.0.echo != Echo::Off
            && let Some(log) = host.log()
        {
            let token = self.0.options.borrow().text("logging_token");
            let hide = self.0.engine.hide_parameters();
            echo::messages(event, host.now(), hide, &mut |message| match &token {
                Some(token) => {
                    log.log(self.0.engine.logger(), Echo::Info, &format!("[{token}] {message}"));
                }
                None => log.log(self.0.engine.logger(), Echo::Info, message),
            });
        }
        if begins {
            self.tell(event)?;
        }
        host.observe(event)
    }

    /// Logs one line at debug level, made only when it is wanted.
    pub(crate) fn debug(&self, message: impl FnOnce() -> String) {
        if self.0.echo == Echo::Debug
            && let Some(log) = self.0.engine.host().log()
        {
            log.log(self.0.engine.logger(), Echo::Debug, &message());
        }
    }

    /// Ends the DBAPI transaction and tells about it.
    pub(crate) fn finish_root(&self, commit: bool) -> Result<()> {
        let (connection, autocommit) = (self.id(), self.is_autocommit());
        if commit {
            self.emit(&Event::Commit { connection, autocommit })?;
            self.dbapi()?.with(|driver| driver.commit())?.map_err(Error::dbapi)
        } else if self.is_connected() {
            self.emit(&Event::Rollback { connection, autocommit })?;
            self.dbapi()?.with(|driver| driver.rollback())?.map_err(Error::dbapi)
        } else {
            Ok(())
        }
    }

    /// The parameters as they go to the driver are shown in errors.
    /// `hide_parameters=True` of its engine.
    pub fn hide_parameters(&self) -> bool {
        self.0.engine.hide_parameters()
    }
}

/// Sets the isolation level of SQLite's driver.
pub(crate) fn apply_isolation_level(dbapi: &Dbapi, level: &str) -> Result<()> {
    let level = level.replace('_', " ").to_uppercase();
    let uncommitted = match level.as_str() {
        "AUTOCOMMIT" => {
            return dbapi.with(|driver| driver.set_autocommit(true));
        }
        "READ UNCOMMITTED" => 1,
        "SERIALIZABLE" => 0,
        other => {
            let shown = Value::from(other).repr();
            return Err(Error::argument(format!(
                "Invalid value {shown} for isolation_level. Valid isolation levels for 'sqlite' \
                 are READ UNCOMMITTED, SERIALIZABLE, AUTOCOMMIT"
            )));
        }
    };
    dbapi.with(|driver| driver.set_autocommit(false))?;
    dbapi.run(&format!("PRAGMA read_uncommitted = {uncommitted}"))
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connection({})", self.id())
    }
}
