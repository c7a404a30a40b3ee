//! What the engine says while it works, to an observer that may be absent.

use std::rc::Rc;

use vidro_sql::Value;
use vidro_sql::compile::{CompileOptions, compile};
use vidro_sql::dialect::Dialect;
use vidro_sql::statement::Statement;

use crate::driver::{RowChange, TableShape};
use crate::error::{Error, Result};
use crate::url::Url;

/// Listens to an engine. An error stops the operation that spoke.
pub trait Observer {
    /// Called at each event.
    fn observe(&self, event: &Event<'_>) -> Result<()>;

    /// Whether changed rows shall be recorded and told.
    fn wants_rows(&self) -> bool {
        false
    }
}

/// Something that happened in an engine.
#[derive(Debug)]
pub enum Event<'a> {
    /// An engine was made.
    EngineCreated {
        /// Its number.
        engine: u32,
        /// Where it connects to.
        url: &'a Url,
        /// Its dialect.
        dialect: &'static str,
        /// The class of its pool.
        pool: &'static str,
        /// How many connections its pool keeps open, and how many more it opens at most; none where the
        /// pool has no such bound.
        bounds: Option<(u32, Option<u32>)>,
    },
    /// Something happened in a pool.
    Pool(PoolNote<'a>),
    /// A transaction began.
    Begin {
        /// Which connection.
        connection: u32,
        /// Whether the driver commits each statement by itself.
        autocommit: bool,
    },
    /// A transaction is committed.
    Commit {
        /// Which connection.
        connection: u32,
        /// Whether the driver commits each statement by itself.
        autocommit: bool,
    },
    /// A transaction is rolled back.
    Rollback {
        /// Which connection.
        connection: u32,
        /// Whether the driver commits each statement by itself.
        autocommit: bool,
    },
    /// A savepoint is set.
    Savepoint {
        /// Which connection.
        connection: u32,
        /// Its name.
        name: &'a str,
    },
    /// All since a savepoint is undone.
    RollbackToSavepoint {
        /// Which connection.
        connection: u32,
        /// Its name.
        name: &'a str,
    },
    /// A savepoint is given up, its work kept.
    ReleaseSavepoint {
        /// Which connection.
        connection: u32,
        /// Its name.
        name: &'a str,
    },
    /// A statement is about to run.
    BeforeExecute(&'a Execution<'a>),
    /// A statement has run.
    AfterExecute(&'a Execution<'a>, Outcome),
    /// A statement failed.
    ExecuteFailed(&'a Execution<'a>, &'a Error),
    /// Rows changed on a DBAPI connection.
    RowsChanged {
        /// Which engine.
        engine: u32,
        /// Which connection.
        connection: u32,
        /// The rows, oldest first.
        changes: &'a [RowChange],
    },
    /// A statement that defines or drops schema has run.
    SchemaChanged {
        /// Which engine.
        engine: u32,
        /// Which connection.
        connection: u32,
        /// All tables there are now.
        tables: &'a [TableShape],
    },
}

/// What happened in a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolMoment {
    /// A connection was opened.
    Connect,
    /// A connection left the pool.
    Checkout,
    /// A connection that is out already went to one more holder.
    Share,
    /// One of several holders gave a connection back.
    Unshare,
    /// A connection came back.
    Checkin,
    /// A connection was rolled back before it was put away.
    Reset,
    /// A connection was closed.
    Close,
    /// A connection was found unusable or thrown away on request.
    Invalidate,
    /// All connections were in use and one beyond the pool's size was opened.
    Overflow,
    /// Nobody gave a connection back in time.
    Timeout,
}

/// A pool at the moment of an event.
#[derive(Clone, Debug)]
pub struct PoolNote<'a> {
    /// What happened.
    pub moment: PoolMoment,
    /// The engine whose pool it is.
    pub engine: u32,
    /// Which DBAPI connection; 0 when there is none yet.
    pub dbapi: u32,
    /// Number of the [`Connection`](crate::Connection) that takes it or gives it back; 0 for other moments.
    pub holder: u32,
    /// Connections resting in the pool.
    pub checked_in: i64,
    /// Connections in use.
    pub checked_out: i64,
    /// Why, where there is a reason.
    pub reason: Option<&'a str>,
}

/// One statement sent to the driver.
#[derive(Clone, Debug)]
pub struct Execution<'a> {
    /// Which connection.
    pub connection: u32,
    /// Which DBAPI connection.
    pub dbapi: u32,
    /// The text.
    pub sql: &'a str,
    /// What the text was compiled from; `None` when it was given as text.
    pub construct: Option<&'a Construct>,
    /// What is bound.
    pub parameters: Parameters<'a>,
    /// Where the text came from.
    pub note: Note,
    /// The place in an "insertmanyvalues" run.
    pub batch: Option<BatchNote>,
}

/// A statement and how it was compiled, which is enough to compile it for another dialect.
#[derive(Clone, Debug)]
pub struct Construct {
    /// The statement.
    pub statement: Statement,
    /// How it was compiled.
    pub options: CompileOptions,
}

impl Construct {
    /// The text for a dialect. An error says what the dialect lacks.
    pub fn text(&self, dialect: &Dialect) -> Result<Rc<str>> {
        Ok(compile(&self.statement, dialect, &self.options)?.sql)
    }
}

impl From<Statement> for Construct {
    fn from(statement: Statement) -> Self {
        Self { statement, options: CompileOptions::default() }
    }
}

/// The parameters of one execution.
#[derive(Clone, Copy, Debug)]
pub enum Parameters<'a> {
    /// One set.
    One(&'a [Value]),
    /// Many sets, the DBAPI's `executemany`.
    Many(&'a [Vec<Value>]),
}

/// Where an execution's text came from, and when it was made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Note {
    /// Given as text: `[raw sql]`
    RawSql,
    /// Compiled just now: `[generated in …]`
    Generated(f64),
    /// Compiled earlier: `[cached since … ago]`
    Cached(f64),
    /// Not cacheable: `[no key …]`
    NoKey(f64),
    /// Caching is switched off: `[caching disabled …]`
    CachingDisabled(f64),
}

/// The place of an execution in an "insertmanyvalues" run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchNote {
    /// Its number, from one.
    pub number: usize,
    /// How many there are.
    pub total: usize,
    /// Whether rows come back in the order of the parameter sets.
    pub ordered: bool,
    /// Whether it had to fall back to one row at a time.
    pub downgraded: bool,
}

/// How an execution ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// Rows changed, -1 where that has no meaning.
    pub rowcount: i64,
    /// Rows returned.
    pub rows: usize,
    /// Seconds it took.
    pub seconds: f64,
}
