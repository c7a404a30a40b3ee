//! One SQLite connection with the transaction rules of Python's `sqlite3` module.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, Statement};
use vidro_engine::driver::{Done, DriverConnection, DriverResult, Exchange, RowChange, TableShape};
use vidro_engine::sql::Value;

use crate::changes;
use crate::error::{convert, programming};
use crate::functions;
use crate::shape;
use crate::statement::{StatementColumns, bind, fetch, first_word};

/// Steps of SQLite's machine between two looks at the limit.
const STEPS_BETWEEN_CHECKS: i32 = 10_000;

/// An open connection.
pub(crate) struct SqliteConnection {
    inner: Connection,
    /// Its number among the connections of this thread.
    token: u32,
    /// `isolation_level = None`: no transaction is opened here.
    autocommit: bool,
    /// Steps each statement may take.
    step_limit: Option<i64>,
    /// Steps left for the running statement. SQLite may call its handler from anywhere, hence atomic.
    steps_left: Arc<AtomicI64>,
    /// The parameter set being bound, kept for its memory.
    set: Vec<Value>,
}

impl SqliteConnection {
    /// Prepares a fresh connection for use.
    pub(crate) fn new(inner: Connection) -> rusqlite::Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        inner.set_prepared_statement_cache_capacity(128);
        // One thread only: nobody can end the lock while this one waits for it.
        inner.busy_timeout(Duration::ZERO)?;
        // rusqlite compiles SQLite to check foreign keys; by itself it does so only when told to.
        inner.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, false)?;
        functions::install(&inner)?;
        Ok(Self {
            inner,
            token: NEXT.fetch_add(1, Ordering::Relaxed),
            autocommit: false,
            step_limit: None,
            steps_left: Arc::default(),
            set: Vec::new(),
        })
    }

    fn run(&self, sql: &str) -> DriverResult<()> {
        self.inner.execute_batch(sql).map_err(|error| convert(&error))
    }

    fn execute_sets(
        &self,
        sql: &str,
        many: bool,
        set: &mut Vec<Value>,
        exchange: &mut dyn Exchange,
    ) -> DriverResult<()> {
        let word = first_word(sql);
        let is = |known: &str| word.eq_ignore_ascii_case(known);
        let changes_rows = is("INSERT") || is("UPDATE") || is("DELETE") || is("REPLACE");
        if many && !changes_rows {
            return Err(programming("executemany() can only execute DML statements."));
        }
        if changes_rows || is("SELECT") || is("WITH") {
            let mut cached = self.inner.prepare_cached(sql).map_err(|error| convert(&error))?;
            self.execute_prepared(&mut cached, changes_rows, set, exchange)
        } else {
            let mut fresh = self.inner.prepare(sql).map_err(|error| convert(&error))?;
            self.execute_prepared(&mut fresh, changes_rows, set, exchange)
        }
    }

    fn execute_prepared(
        &self,
        statement: &mut Statement<'_>,
        changes_rows: bool,
        set: &mut Vec<Value>,
        exchange: &mut dyn Exchange,
    ) -> DriverResult<()> {
        let returns_rows = statement.column_count() > 0;
        if returns_rows {
            exchange.columns(&StatementColumns(statement));
        }
        loop {
            set.clear();
            if !exchange.next_set(set) {
                return Ok(());
            }
            bind(statement, set)?;
            if changes_rows && !self.autocommit && self.inner.is_autocommit() {
                self.run("BEGIN ")?;
            }
            if let Some(limit) = self.step_limit {
                self.steps_left.store(limit, Ordering::Relaxed);
            }
            let mut rowcount = -1;
            if returns_rows {
                fetch(statement, exchange)?;
                if changes_rows {
                    rowcount = i64::try_from(self.inner.changes()).unwrap_or(i64::MAX);
                }
            } else {
                let changed = statement.raw_execute().map_err(|error| convert(&error))?;
                if changes_rows {
                    rowcount = i64::try_from(changed).unwrap_or(i64::MAX);
                }
            }
            let done = Done { rowcount, last_insert_rowid: self.inner.last_insert_rowid() };
            if exchange.done(done) == ControlFlow::Break(()) {
                return Ok(());
            }
        }
    }
}

impl DriverConnection for SqliteConnection {
    fn execute(&mut self, sql: &str, many: bool, exchange: &mut dyn Exchange) -> DriverResult<()> {
        let mut set = std::mem::take(&mut self.set);
        let ran = self.execute_sets(sql, many, &mut set, exchange);
        set.clear();
        self.set = set;
        ran
    }

    fn commit(&mut self) -> DriverResult<()> {
        if self.inner.is_autocommit() { Ok(()) } else { self.run("COMMIT") }
    }

    fn rollback(&mut self) -> DriverResult<()> {
        if self.inner.is_autocommit() { Ok(()) } else { self.run("ROLLBACK") }
    }

    fn in_transaction(&self) -> bool {
        !self.inner.is_autocommit()
    }

    fn set_autocommit(&mut self, on: bool) {
        self.autocommit = on;
    }

    fn autocommit(&self) -> bool {
        self.autocommit
    }

    fn watch_rows(&mut self, on: bool) {
        changes::watch(&mut self.inner, self.token, on);
    }

    fn take_row_changes(&mut self) -> Vec<RowChange> {
        changes::take(self.token)
    }

    fn tables(&mut self) -> DriverResult<Vec<TableShape>> {
        shape::tables(&self.inner).map_err(|error| convert(&error))
    }

    fn set_step_limit(&mut self, steps: Option<u64>) {
        self.step_limit = steps.map(|steps| i64::try_from(steps).unwrap_or(i64::MAX));
        let left = Arc::clone(&self.steps_left);
        let handler = self.step_limit.map(|_| {
            let step = i64::from(STEPS_BETWEEN_CHECKS);
            move || left.fetch_sub(step, Ordering::Relaxed) < step
        });
        // Only a connection that is being closed refuses a handler.
        let _ = self.inner.progress_handler(STEPS_BETWEEN_CHECKS, handler);
    }

    fn last_insert_rowid(&self) -> i64 {
        self.inner.last_insert_rowid()
    }
}

impl Drop for SqliteConnection {
    fn drop(&mut self) {
        drop(changes::take(self.token));
    }
}
