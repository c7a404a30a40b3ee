//! How a statement reaches the driver: once, many times, or one "insertmanyvalues" row after another.

use std::ops::ControlFlow;

use vidro_sql::Value;

use crate::connection::Connection;
use crate::driver::{Columns, Done, DriverError, Exchange, Once, RowView};
use crate::error::{Error, ErrorKind, FailedStatement, Result};
use crate::event::{BatchNote, Construct, Event, Execution, Note, Outcome, Parameters};
use crate::pool::Dbapi;

/// A statement ready to run: compiled, its parameters to come from an [`Exchange`].
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The SQL text.
    pub sql: &'a str,
    /// What the text was compiled from; `None` when it was given as text.
    pub construct: Option<&'a Construct>,
    /// Where the text came from, for the log.
    pub note: Note,
    /// How it is run.
    pub style: Style,
    /// How many parameter sets there are; needed for [`Style::RowByRow`] only.
    pub total: usize,
}

/// How a statement is run for its parameter sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// One execution.
    Once,
    /// The DBAPI's `executemany`.
    Many,
    /// One execution for each set, told as an ordered "insertmanyvalues" run that cannot be batched.
    RowByRow,
    /// One execution of an "insertmanyvalues" run, whose place is given.
    Batch(BatchNote),
}

impl Connection {
    /// Runs a statement for every parameter set of `exchange`: the hot path of flush and load.
    ///
    /// Nothing is allocated for a row or a set unless somebody listens.
    pub fn run(&self, call: &Call<'_>, exchange: &mut dyn Exchange) -> Result<()> {
        let dbapi = self.prepare_to_execute()?;
        match call.style {
            Style::Many if self.is_watched() => self.run_many_watched(call, &dbapi, exchange),
            Style::Many => self.run_many(call, &dbapi, exchange),
            Style::RowByRow if !self.is_watched() => self.run_rows(call, &dbapi, exchange),
            Style::Once | Style::RowByRow | Style::Batch(_) => {
                self.run_each(call, &dbapi, exchange)
            }
        }
    }

    /// Runs a statement once, each row given to `on_row`.
    pub fn run_set(
        &self,
        call: &Call<'_>,
        params: &[Value],
        on_row: &mut dyn FnMut(&dyn RowView) -> ControlFlow<()>,
    ) -> Result<Done> {
        let dbapi = self.prepare_to_execute()?;
        let mut once = Once::new(params, on_row);
        if self.is_watched() {
            self.run_watched_set(call, &dbapi, params, batch_note(call, 1), &mut once)?;
        } else {
            let ran = dbapi.with(|driver| driver.execute(call.sql, false, &mut once))?;
            ran.map_err(|error| self.failure(error, call, vec![params.to_vec()]))?;
        }
        Ok(once.ended())
    }

    /// One driver call for each set.
    fn run_each(&self, call: &Call<'_>, dbapi: &Dbapi, exchange: &mut dyn Exchange) -> Result<()> {
        let mut set = Vec::new();
        let mut number = 0;
        loop {
            set.clear();
            if !exchange.next_set(&mut set) {
                return Ok(());
            }
            number += 1;
            let mut one = OneSet {
                inner: exchange,
                set: Some(&set),
                rows: 0,
                done: Done::default(),
                stop: false,
            };
            self.run_watched_set(call, dbapi, &set, batch_note(call, number), &mut one)?;
            if one.stop {
                return Ok(());
            }
        }
    }

    /// One driver call for one set, with its events.
    fn run_watched_set(
        &self,
        call: &Call<'_>,
        dbapi: &Dbapi,
        set: &[Value],
        batch: Option<BatchNote>,
        exchange: &mut dyn Exchange,
    ) -> Result<()> {
        let execution = self.execution(call, dbapi, Parameters::One(set), batch);
        self.emit(&Event::BeforeExecute(&execution))?;
        let started = self.engine().host().now();
        let mut counter = Counter { inner: exchange, connection: self, rows: 0, rowcount: 0 };
        let ran = dbapi.with(|driver| driver.execute(call.sql, false, &mut counter))?;
        let outcome = (counter.rowcount, counter.rows);
        if let Err(error) = ran {
            let error = self.failure(error, call, vec![set.to_vec()]);
            self.emit(&Event::ExecuteFailed(&execution, &error))?;
            return Err(error);
        }
        self.after(&execution, dbapi, outcome, started)
    }

    /// `executemany` with nobody listening; sets are kept flat, for an error's sake only.
    fn run_many(&self, call: &Call<'_>, dbapi: &Dbapi, exchange: &mut dyn Exchange) -> Result<()> {
        let mut keeper = Keeper { inner: exchange, values: Vec::new(), ends: Vec::new() };
        let ran = dbapi.with(|driver| driver.execute(call.sql, true, &mut keeper))?;
        ran.map_err(|error| {
            while keeper.next_set(&mut Vec::new()) {}
            self.failure(error, call, keeper.sets())
        })
    }

    /// Row by row with nobody listening: one driver call, one prepared statement.
    fn run_rows(&self, call: &Call<'_>, dbapi: &Dbapi, exchange: &mut dyn Exchange) -> Result<()> {
        let mut last = LastSet { inner: exchange, set: Vec::new() };
        let ran = dbapi.with(|driver| driver.execute(call.sql, false, &mut last))?;
        ran.map_err(|error| self.failure(error, call, vec![std::mem::take(&mut last.set)]))
    }

    fn run_many_watched(
        &self,
        call: &Call<'_>,
        dbapi: &Dbapi,
        exchange: &mut dyn Exchange,
    ) -> Result<()> {
        let mut sets = Vec::new();
        loop {
            let mut set = Vec::new();
            if !exchange.next_set(&mut set) {
                break;
            }
            sets.push(set);
        }
        let execution = self.execution(call, dbapi, Parameters::Many(&sets), None);
        self.emit(&Event::BeforeExecute(&execution))?;
        let started = self.engine().host().now();
        let mut replay = Replay { inner: exchange, sets: sets.iter() };
        let mut counter = Counter { inner: &mut replay, connection: self, rows: 0, rowcount: 0 };
        let ran = dbapi.with(|driver| driver.execute(call.sql, true, &mut counter))?;
        let outcome = (counter.rowcount, counter.rows);
        if let Err(error) = ran {
            let error = self.failure(error, call, sets.clone());
            self.emit(&Event::ExecuteFailed(&execution, &error))?;
            return Err(error);
        }
        self.after(&execution, dbapi, outcome, started)
    }

    fn execution<'a>(
        &self,
        call: &Call<'a>,
        dbapi: &Dbapi,
        parameters: Parameters<'a>,
        batch: Option<BatchNote>,
    ) -> Execution<'a> {
        Execution {
            connection: self.id(),
            dbapi: dbapi.id(),
            sql: call.sql,
            construct: call.construct,
            parameters,
            note: call.note,
            batch,
        }
    }

    /// Tells what an execution did: its outcome, the rows and the schema it changed.
    fn after(
        &self,
        execution: &Execution<'_>,
        dbapi: &Dbapi,
        (rowcount, rows): (i64, usize),
        started: f64,
    ) -> Result<()> {
        let host = self.engine().host();
        let seconds = host.now() - started;
        let event = Event::AfterExecute(execution, Outcome { rowcount, rows, seconds });
        self.tell(&event)?;
        let Some(observer) = host.observer() else { return Ok(()) };
        observer.observe(&event)?;
        let (engine, connection) = (self.engine().id(), self.id());
        if observer.wants_rows() {
            let changes = dbapi.with(|driver| driver.take_row_changes())?;
            if !changes.is_empty() {
                observer.observe(&Event::RowsChanged { engine, connection, changes: &changes })?;
            }
        }
        if observer.wants_rows() && defines_schema(execution.sql) {
            // What cannot be described is not shown; the statement itself has succeeded.
            let tables = dbapi.with(|driver| driver.tables())?.unwrap_or_default();
            observer.observe(&Event::SchemaChanged { engine, connection, tables: &tables })?;
        }
        Ok(())
    }

    /// The driver's error under SQLAlchemy's class, with the statement.
    fn failure(&self, error: DriverError, call: &Call<'_>, parameters: Vec<Vec<Value>>) -> Error {
        if error.module == "builtins" {
            return Error::new(ErrorKind::OverflowError, error.message);
        }
        let sql = match call.style {
            Style::RowByRow | Style::Batch(_) => crate::echo::long_statement(call.sql),
            Style::Once | Style::Many => call.sql.to_owned(),
        };
        let many = call.style == Style::Many;
        let hide = self.hide_parameters();
        Error::dbapi(error).with_statement(FailedStatement {
            sql,
            parameters,
            many,
            hide,
            text: None,
        })
    }
}

/// The place of set `number` in an "insertmanyvalues" run.
fn batch_note(call: &Call<'_>, number: usize) -> Option<BatchNote> {
    match call.style {
        Style::Once | Style::Many => None,
        Style::RowByRow => {
            Some(BatchNote { number, total: call.total, ordered: true, downgraded: true })
        }
        Style::Batch(note) => Some(note),
    }
}

/// Whether a statement defines, alters or drops something.
fn defines_schema(sql: &str) -> bool {
    let word = sql.trim_start().split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or("");
    ["CREATE", "ALTER", "DROP"].iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// Gives one set to the driver and its rows to the exchange inside.
struct OneSet<'a> {
    inner: &'a mut dyn Exchange,
    set: Option<&'a Vec<Value>>,
    rows: usize,
    done: Done,
    stop: bool,
}

impl Exchange for OneSet<'_> {
    fn next_set(&mut self, set: &mut Vec<Value>) -> bool {
        match self.set.take() {
            Some(values) => {
                set.extend_from_slice(values);
                true
            }
            None => false,
        }
    }

    fn columns(&mut self, columns: &dyn Columns) {
        self.inner.columns(columns);
    }

    fn row(&mut self, row: &dyn RowView) -> ControlFlow<()> {
        self.rows += 1;
        self.inner.row(row)
    }

    fn done(&mut self, done: Done) -> ControlFlow<()> {
        self.done = done;
        let flow = self.inner.done(done);
        self.stop = flow.is_break();
        flow
    }
}

/// Counts what passes, and logs columns and rows at debug level.
struct Counter<'a> {
    inner: &'a mut dyn Exchange,
    connection: &'a Connection,
    rows: usize,
    rowcount: i64,
}

impl Exchange for Counter<'_> {
    fn next_set(&mut self, set: &mut Vec<Value>) -> bool {
        self.inner.next_set(set)
    }

    fn columns(&mut self, columns: &dyn Columns) {
        self.connection.debug(|| {
            let names: Vec<Value> =
                (0..columns.len()).map(|index| columns.name(index).into()).collect();
            format!("Col {}", crate::echo::repr_set(&names))
        });
        self.inner.columns(columns);
    }

    fn row(&mut self, row: &dyn RowView) -> ControlFlow<()> {
        self.rows += 1;
        self.connection.debug(|| {
            let values: Vec<Value> = (0..row.len()).map(|i| row.get(i).to_value()).collect();
            format!("Row {}", crate::echo::repr_set(&values))
        });
        self.inner.row(row)
    }

    fn done(&mut self, done: Done) -> ControlFlow<()> {
        self.rowcount += done.rowcount;
        self.inner.done(done)
    }
}

/// Keeps the sets that pass, flat, so that an error can show them.
struct Keeper<'a> {
    inner: &'a mut dyn Exchange,
    values: Vec<Value>,
    ends: Vec<usize>,
}

impl Keeper<'_> {
    fn sets(&self) -> Vec<Vec<Value>> {
        let mut start = 0;
        let cut = |end: &usize| {
            let set = self.values.get(start..*end).unwrap_or_default().to_vec();
            start = *end;
            set
        };
        self.ends.iter().map(cut).collect()
    }
}

impl Exchange for Keeper<'_> {
    fn next_set(&mut self, set: &mut Vec<Value>) -> bool {
        let more = self.inner.next_set(set);
        if more {
            self.values.extend_from_slice(set);
            self.ends.push(self.values.len());
        }
        more
    }

    fn columns(&mut self, columns: &dyn Columns) {
        self.inner.columns(columns);
    }

    fn row(&mut self, row: &dyn RowView) -> ControlFlow<()> {
        self.inner.row(row)
    }

    fn done(&mut self, done: Done) -> ControlFlow<()> {
        self.inner.done(done)
    }
}

/// Remembers the last set that passed.
struct LastSet<'a> {
    inner: &'a mut dyn Exchange,
    set: Vec<Value>,
}

impl Exchange for LastSet<'_> {
    fn next_set(&mut self, set: &mut Vec<Value>) -> bool {
        let more = self.inner.next_set(set);
        self.set.clear();
        self.set.extend_from_slice(set);
        more
    }

    fn columns(&mut self, columns: &dyn Columns) {
        self.inner.columns(columns);
    }

    fn row(&mut self, row: &dyn RowView) -> ControlFlow<()> {
        self.inner.row(row)
    }

    fn done(&mut self, done: Done) -> ControlFlow<()> {
        self.inner.done(done)
    }
}

/// Plays sets that were taken from the exchange inside back to the driver.
struct Replay<'a> {
    inner: &'a mut dyn Exchange,
    sets: std::slice::Iter<'a, Vec<Value>>,
}

impl Exchange for Replay<'_> {
    fn next_set(&mut self, set: &mut Vec<Value>) -> bool {
        match self.sets.next() {
            Some(values) => {
                set.extend_from_slice(values);
                true
            }
            None => false,
        }
    }

    fn columns(&mut self, columns: &dyn Columns) {
        self.inner.columns(columns);
    }

    fn row(&mut self, row: &dyn RowView) -> ControlFlow<()> {
        self.inner.row(row)
    }

    fn done(&mut self, done: Done) -> ControlFlow<()> {
        self.inner.done(done)
    }
}
