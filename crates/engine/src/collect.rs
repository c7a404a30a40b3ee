//! Collecting the rows of an execution into a result.

use std::ops::ControlFlow;
use std::rc::Rc;

use vidro_sql::Value;

use crate::connection::Connection;
use crate::driver::{Columns, Done, Exchange, RowView};
use crate::error::Result;
use crate::event::Note;
use crate::execute::{Call, Style};
use crate::result::{Info, ResultSet};
use crate::row::Keys;

/// Gives out parameter sets that are there already and keeps all rows, flat.
#[derive(Debug, Default)]
pub struct Collector {
    sets: std::vec::IntoIter<Vec<Value>>,
    /// The column names of the cursor.
    pub names: Vec<Rc<str>>,
    /// The rows, one after another.
    pub values: Vec<Value>,
    /// Rows changed, of all sets.
    pub rowcount: i64,
    /// The rowid after the last set.
    pub lastrowid: i64,
    /// The rowids after each set.
    pub rowids: Vec<i64>,
    /// Whether the statement returns rows.
    pub returns_rows: bool,
}

impl Collector {
    /// A collector for these sets.
    pub fn new(sets: Vec<Vec<Value>>) -> Self {
        Self { sets: sets.into_iter(), ..Self::default() }
    }

    /// One more set to give out.
    pub fn add_set(&mut self, set: Vec<Value>) {
        self.sets = vec![set].into_iter();
    }

    /// What the execution left beside rows.
    pub fn info(&self) -> Info {
        Info { rowcount: self.rowcount, lastrowid: self.lastrowid, ..Info::default() }
    }

    /// The result with the cursor's own column names.
    pub fn into_result(self) -> ResultSet {
        let info = self.info();
        if self.returns_rows {
            ResultSet::new(Rc::new(Keys::new(self.names)), self.values, info)
        } else {
            ResultSet::rowless(info)
        }
    }
}

impl Exchange for Collector {
    fn next_set(&mut self, set: &mut Vec<Value>) -> bool {
        match self.sets.next() {
            Some(mut next) => {
                set.append(&mut next);
                true
            }
            None => false,
        }
    }

    fn columns(&mut self, columns: &dyn Columns) {
        self.returns_rows = true;
        if self.names.is_empty() {
            self.names = (0..columns.len()).map(|index| columns.name(index).into()).collect();
        }
    }

    fn row(&mut self, row: &dyn RowView) -> ControlFlow<()> {
        self.values.extend((0..row.len()).map(|index| row.get(index).to_value()));
        ControlFlow::Continue(())
    }

    fn done(&mut self, done: Done) -> ControlFlow<()> {
        if self.rowids.is_empty() || done.rowcount < 0 {
            self.rowcount = done.rowcount;
        } else {
            self.rowcount += done.rowcount;
        }
        self.lastrowid = done.last_insert_rowid;
        self.rowids.push(done.last_insert_rowid);
        ControlFlow::Continue(())
    }
}

/// The parameters of `exec_driver_sql`.
#[derive(Clone, Debug)]
pub enum DriverParameters {
    /// One set; empty when none was given.
    One(Vec<Value>),
    /// A list of sets.
    Many(Vec<Vec<Value>>),
}

impl Connection {
    /// `exec_driver_sql(statement, parameters)`
    pub fn exec_driver_sql(&self, sql: &str, parameters: DriverParameters) -> Result<ResultSet> {
        let (style, sets) = match parameters {
            DriverParameters::One(set) => (Style::Once, vec![set]),
            DriverParameters::Many(sets) => (Style::Many, sets),
        };
        let mut collector = Collector::new(sets);
        self.run(
            &Call { sql, construct: None, note: Note::RawSql, style, total: 1 },
            &mut collector,
        )?;
        Ok(collector.into_result())
    }

    /// The rows of a statement of the library itself, logged as raw SQL.
    pub(crate) fn raw_rows(&self, sql: &str, set: Vec<Value>) -> Result<Vec<Vec<Value>>> {
        let mut collector = Collector::new(vec![set]);
        let call = Call { sql, construct: None, note: Note::RawSql, style: Style::Once, total: 1 };
        self.run(&call, &mut collector)?;
        let width = collector.names.len().max(1);
        Ok(collector.values.chunks(width).map(<[Value]>::to_vec).collect())
    }
}
