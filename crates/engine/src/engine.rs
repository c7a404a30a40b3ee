//! The engine: a URL, a dialect, a pool and the cache of compiled statements.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;

use vidro_sql::cache::{Cache, DEFAULT_SIZE, Origin};
use vidro_sql::compile::{CompileOptions, Compiled};
use vidro_sql::dialect::Dialect;
use vidro_sql::expr::Expr;
use vidro_sql::statement::Statement;

use crate::connection::{Connection, apply_isolation_level};
use crate::driver::Driver;
use crate::echo::Echo;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::event::Note;
use crate::host::Host;
use crate::listen::Listeners;
use crate::options::ExecutionOptions;
use crate::pool::{Pool, PoolOptions};
use crate::url::Url;

/// `sqlalchemy.engine.Engine`. Clones are the same engine.
#[derive(Clone)]
pub struct Engine(Rc<Inner>);

struct Inner {
    /// Its number.
    id: u32,
    /// Where it connects to.
    url: Url,
    /// What SQL it speaks.
    dialect: Rc<Dialect>,
    /// Its surroundings.
    host: Host,
    /// Its connections; replaced by `dispose()`.
    pool: Rc<RefCell<Rc<Pool>>>,
    /// Statements compiled before.
    cache: Rc<RefCell<Cache>>,
    /// What runs on new DBAPI connections.
    listeners: Listeners,
    /// The arguments it was made with.
    options: EngineOptions,
    /// `echo`, which a script may change.
    echo: Cell<Echo>,
    /// The name of its logger.
    logger: String,
    /// Options that each connection starts with.
    execution_options: RefCell<Rc<ExecutionOptions>>,
}

/// The arguments of `create_engine`.
#[derive(Clone, Debug, Default)]
pub struct EngineOptions {
    /// `echo`
    pub echo: Echo,
    /// `logging_name`
    pub logging_name: Option<String>,
    /// `hide_parameters`
    pub hide_parameters: bool,
    /// `isolation_level`
    pub isolation_level: Option<String>,
    /// `execution_options`
    pub execution_options: ExecutionOptions,
    /// `query_cache_size`; `None` is 500.
    pub query_cache_size: Option<usize>,
    /// `use_insertmanyvalues`; `None` is yes.
    pub use_insertmanyvalues: Option<bool>,
    /// `insertmanyvalues_page_size`; `None` is 1000.
    pub insertmanyvalues_page_size: Option<usize>,
    /// `implicit_returning`; `None` is yes.
    pub implicit_returning: Option<bool>,
    /// The pool's arguments.
    pub pool: PoolOptions,
}

/// A compiled statement with the values of the one it was asked for.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The text and what it needs, shared by all statements of the same structure.
    pub compiled: Rc<Compiled>,
    /// The bound parameters of this statement, in the order of its walk.
    pub binds: Vec<Expr>,
    /// Where the text came from, for the log.
    pub note: Note,
}

impl Engine {
    /// `create_engine(url, **options)`. Nothing connects yet.
    pub fn create(
        url: Url,
        dialect: Rc<Dialect>,
        driver: Rc<dyn Driver>,
        options: EngineOptions,
        host: Host,
    ) -> Result<Self> {
        driver.check_url(&url)?;
        let id = host.next_id();
        let listeners = Listeners::default();
        if let Some(level) = options.isolation_level.clone() {
            listeners.on_connect(Rc::new(move |dbapi| apply_isolation_level(dbapi, &level)));
        }
        let pool = Pool::new(
            id,
            driver,
            url.clone(),
            options.pool.clone(),
            host.clone(),
            listeners.clone(),
        );
        let logger = match &options.logging_name {
            Some(name) => format!("sqlalchemy.engine.Engine.{name}"),
            None => "sqlalchemy.engine.Engine".into(),
        };
        host.observe(&Event::EngineCreated {
            engine: id,
            url: &url,
            dialect: dialect.name(),
            pool: pool.class_name(),
            bounds: pool.bounds(),
        })?;
        Ok(Self(Rc::new(Inner {
            id,
            url,
            dialect,
            host,
            pool: Rc::new(RefCell::new(Rc::new(pool))),
            cache: Rc::new(RefCell::new(Cache::new(
                options.query_cache_size.unwrap_or(DEFAULT_SIZE),
            ))),
            listeners,
            echo: Cell::new(options.echo),
            logger,
            execution_options: RefCell::new(Rc::new(options.execution_options.clone())),
            options,
        })))
    }

    /// Compiles a statement, or finds it compiled, and takes the values out of it.
    pub fn prepare(
        &self,
        statement: &Statement,
        options: &CompileOptions,
        caching_disabled: bool,
    ) -> Result<Prepared> {
        let now = self.0.host.now();
        // A type of the script that executes a statement while this one is compiled finds the
        // cache in use, and goes without.
        let mut without = Cache::new(0);
        let mut shared = self.0.cache.try_borrow_mut().ok().filter(|_| !caching_disabled);
        let cache = shared.as_deref_mut().unwrap_or(&mut without);
        let (compiled, origin) = cache.compile(statement, &self.0.dialect, options, now)?;
        let note = match origin {
            Origin::Generated => Note::Generated(now),
            Origin::Cached(since) => Note::Cached(since),
            Origin::NoKey => Note::NoKey(now),
            Origin::Disabled => Note::CachingDisabled(now),
        };
        Ok(Prepared { compiled, binds: cache.take_binds(), note })
    }

    /// `clear_compiled_cache()`
    pub fn clear_compiled_cache(&self) {
        if let Ok(mut cache) = self.0.cache.try_borrow_mut() {
            cache.clear();
        }
    }

    /// Its number, unique among engines of this host.
    pub fn id(&self) -> u32 {
        self.0.id
    }

    /// Where it connects to.
    pub fn url(&self) -> &Url {
        &self.0.url
    }

    /// What SQL it speaks.
    pub fn dialect(&self) -> &Rc<Dialect> {
        &self.0.dialect
    }

    /// Its surroundings.
    pub fn host(&self) -> &Host {
        &self.0.host
    }

    /// Its pool.
    pub fn pool(&self) -> Rc<Pool> {
        Rc::clone(&self.0.pool.borrow())
    }

    /// Whether two handles are the same engine.
    pub fn is_same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// The arguments it was made with.
    pub fn options(&self) -> &EngineOptions {
        &self.0.options
    }

    /// `connect()`
    pub fn connect(&self) -> Result<Connection> {
        Connection::new(self)
    }

    /// `dispose()`: closes what rests in the pool and starts a new one.
    pub fn dispose(&self) -> Result<()> {
        let old = self.pool();
        let fresh = Rc::new(old.recreate());
        self.0.pool.replace(fresh);
        old.dispose()
    }

    /// Who in the script listens to it.
    pub fn listeners(&self) -> &Listeners {
        &self.0.listeners
    }

    /// `execution_options(**options)`: another engine over the same pool.
    pub fn with_execution_options(&self, changes: &ExecutionOptions) -> Result<Self> {
        let merged = self.execution_options().merged(changes);
        if let Some(level) = merged.isolation_level() {
            check_isolation_level(level)?;
        }
        Ok(Self(Rc::new(Inner {
            id: self.0.id,
            url: self.0.url.clone(),
            dialect: Rc::clone(&self.0.dialect),
            host: self.0.host.clone(),
            pool: Rc::clone(&self.0.pool),
            cache: Rc::clone(&self.0.cache),
            listeners: self.0.listeners.clone(),
            options: self.0.options.clone(),
            echo: Cell::new(self.0.echo.get()),
            logger: self.0.logger.clone(),
            execution_options: RefCell::new(Rc::new(merged)),
        })))
    }

    /// `update_execution_options(**options)`
    pub fn update_execution_options(&self, changes: &ExecutionOptions) {
        let merged = self.execution_options().merged(changes);
        self.0.execution_options.replace(Rc::new(merged));
    }

    /// Options that each connection starts with.
    pub fn execution_options(&self) -> Rc<ExecutionOptions> {
        Rc::clone(&self.0.execution_options.borrow())
    }

    /// `engine.echo`
    pub fn echo(&self) -> Echo {
        self.0.echo.get()
    }

    /// `engine.echo = …`, for connections made from now on.
    pub fn set_echo(&self, echo: Echo) {
        self.0.echo.set(echo);
    }

    /// How much a connection made now logs: `echo`, or what the script asked of the logger.
    pub(crate) fn effective_echo(&self) -> Echo {
        match self.0.echo.get() {
            Echo::Off => self.0.host.log().map_or(Echo::Off, |log| log.level(&self.0.logger)),
            on => on,
        }
    }

    /// The name of its logger.
    pub fn logger(&self) -> &str {
        &self.0.logger
    }

    /// `hide_parameters`
    pub fn hide_parameters(&self) -> bool {
        self.0.options.hide_parameters
    }

    /// `isolation_level` as given to `create_engine`.
    pub fn isolation_level(&self) -> Option<&str> {
        self.0.options.isolation_level.as_deref()
    }

    /// Whether several rows may be inserted by one statement with RETURNING.
    pub fn use_insertmanyvalues(&self) -> bool {
        self.0.options.use_insertmanyvalues.unwrap_or(true)
    }

    /// Rows for each statement of an "insertmanyvalues" run.
    pub fn insertmanyvalues_page_size(&self) -> usize {
        self.0.options.insertmanyvalues_page_size.unwrap_or(1000)
    }

    /// Whether RETURNING may be added to fetch generated values.
    pub fn implicit_returning(&self) -> bool {
        self.0.options.implicit_returning.unwrap_or(true)
    }
}

fn check_isolation_level(level: &str) -> Result<()> {
    let normal = level.replace('_', " ").to_uppercase();
    if matches!(normal.as_str(), "AUTOCOMMIT" | "READ UNCOMMITTED" | "SERIALIZABLE") {
        return Ok(());
    }
    Err(Error::argument(format!(
        "Invalid value {} for isolation_level. Valid isolation levels for 'sqlite' are \
         READ UNCOMMITTED, SERIALIZABLE, AUTOCOMMIT",
        vidro_sql::Value::from(normal).repr()
    )))
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Engine({})", self.0.url)
    }
}
