//! What a database driver is: the DBAPI as two traits, streaming rows without allocating for each.

use std::ops::ControlFlow;

use vidro_sql::{Value, ValueRef};

use crate::error::Result;
use crate::url::Url;

/// A kind of database that can be connected to.
pub trait Driver {
    /// Opens a connection. A bad URL is an `ArgumentError`, a failure of the database a wrapped driver error.
    fn connect(&self, url: &Url) -> Result<Box<dyn DriverConnection>>;

    /// Checks a URL when an engine is made, before anything connects.
    fn check_url(&self, _url: &Url) -> Result<()> {
        Ok(())
    }

    /// Whether the URL names a database that lives only in its one connection.
    fn is_memory(&self, url: &Url) -> bool;
}

/// One open connection of a driver.
pub trait DriverConnection {
    /// Runs `sql` once for each parameter set that `exchange` gives, with one prepared statement.
    ///
    /// `many` is the DBAPI's `executemany`: data manipulation only.
    fn execute(&mut self, sql: &str, many: bool, exchange: &mut dyn Exchange) -> DriverResult<()>;

    /// Ends the transaction for good, if one is open.
    fn commit(&mut self) -> DriverResult<()>;

    /// Undoes the transaction, if one is open.
    fn rollback(&mut self) -> DriverResult<()>;

    /// Whether the database has a transaction open.
    fn in_transaction(&self) -> bool;

    /// With `true` the driver never opens a transaction of its own.
    fn set_autocommit(&mut self, on: bool);

    /// Whether the driver leaves transactions to the caller.
    fn autocommit(&self) -> bool;

    /// Starts or stops recording changed rows.
    fn watch_rows(&mut self, on: bool);

    /// The rows changed since the last call, oldest first.
    fn take_row_changes(&mut self) -> Vec<RowChange>;

    /// The tables as they are now, in order of creation; empty where the driver cannot tell.
    fn tables(&mut self) -> DriverResult<Vec<TableShape>> {
        Ok(Vec::new())
    }

    /// Limits the work of each statement, in steps of the database's own machine.
    fn set_step_limit(&mut self, steps: Option<u64>);

    /// The rowid of the last row inserted, `cursor.lastrowid`.
    fn last_insert_rowid(&self) -> i64;
}

/// What a statement takes and gives: parameter sets in, rows out. The driver calls it.
pub trait Exchange {
    /// Puts the next parameter set into `set`, which is empty; false when there is none.
    fn next_set(&mut self, set: &mut Vec<Value>) -> bool;

    /// The statement's columns, before its first row; not called when it returns no rows.
    fn columns(&mut self, _columns: &dyn Columns) {}

    /// One row. `Break` asks for no more of them.
    fn row(&mut self, _row: &dyn RowView) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    /// After each parameter set. `Break` ends the run.
    fn done(&mut self, _done: Done) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// The columns of a statement that returns rows.
pub trait Columns {
    /// How many there are.
    fn len(&self) -> usize;
    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The name in the cursor's description.
    fn name(&self, index: usize) -> &str;
}

/// One row while the driver stands on it.
pub trait RowView {
    /// How many columns it has.
    fn len(&self) -> usize;
    /// Whether it has none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// A column's value, NULL beyond the last one.
    fn get(&self, index: usize) -> ValueRef<'_>;
}

/// How one execution ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Rows changed, or -1 for a statement that changes none.
    pub rowcount: i64,
    /// The rowid of the last row inserted by this connection.
    pub last_insert_rowid: i64,
}

/// One row that an execution changed.
#[derive(Clone, Debug, PartialEq)]
pub struct RowChange {
    /// The table.
    pub table: String,
    /// The rowid before, or after for an insert.
    pub rowid: i64,
    /// Values before in column order; empty for an insert.
    pub old: Vec<Value>,
    /// Values after in column order; empty for a delete.
    pub new: Vec<Value>,
}

/// A table as the database describes it, for those who watch schema changes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableShape {
    /// Its name.
    pub name: String,
    /// Its columns, in order.
    pub columns: Vec<ColumnShape>,
}

/// A column as the database describes it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ColumnShape {
    /// Its name.
    pub name: String,
    /// Its type as it was declared.
    pub type_name: String,
    /// Whether it takes NULL.
    pub nullable: bool,
    /// Whether it belongs to the primary key.
    pub primary_key: bool,
    /// Whether its values are unique by a constraint of this column alone.
    pub unique: bool,
    /// Its default as SQL.
    pub default: Option<String>,
    /// `table.column` it refers to.
    pub foreign_key: Option<String>,
}

/// What `Result` means for a driver.
pub type DriverResult<T> = std::result::Result<T, DriverError>;

/// An exception of a DBAPI driver.
#[derive(Clone, Debug, PartialEq)]
pub struct DriverError {
    /// The Python module of its class, such as `sqlite3`.
    pub module: &'static str,
    /// Its class.
    pub class: DbapiClass,
    /// Its message, as the Python driver words it.
    pub message: String,
    /// The database's own name for it, such as `SQLITE_CONSTRAINT_UNIQUE`.
    pub name: &'static str,
    /// The database's own number for it.
    pub code: i32,
}

/// The exception classes of the DBAPI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DbapiClass {
    /// `Error`
    Error,
    /// `InterfaceError`
    InterfaceError,
    /// `DatabaseError`
    DatabaseError,
    /// `DataError`
    DataError,
    /// `OperationalError`
    OperationalError,
    /// `IntegrityError`
    IntegrityError,
    /// `InternalError`
    InternalError,
    /// `ProgrammingError`
    ProgrammingError,
    /// `NotSupportedError`
    NotSupportedError,
}

impl DbapiClass {
    /// The class name; `sqlalchemy.exc` calls the base class `DBAPIError`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "DBAPIError",
            Self::InterfaceError => "InterfaceError",
            Self::DatabaseError => "DatabaseError",
            Self::DataError => "DataError",
            Self::OperationalError => "OperationalError",
            Self::IntegrityError => "IntegrityError",
            Self::InternalError => "InternalError",
            Self::ProgrammingError => "ProgrammingError",
            Self::NotSupportedError => "NotSupportedError",
        }
    }

    /// The code of its background page.
    pub fn code(self) -> &'static str {
        match self {
            Self::Error => "dbapi",
            Self::InterfaceError => "rvf5",
            Self::DatabaseError => "4xp6",
            Self::DataError => "9h9h",
            Self::OperationalError => "e3q8",
            Self::IntegrityError => "gkpj",
            Self::InternalError => "2j85",
            Self::ProgrammingError => "f405",
            Self::NotSupportedError => "tw8g",
        }
    }
}

/// An exchange of one parameter set whose rows go to a closure.
pub struct Once<'a> {
    /// The parameters, taken by the first call.
    params: Option<&'a [Value]>,
    /// Receives each row.
    on_row: &'a mut dyn FnMut(&dyn RowView) -> ControlFlow<()>,
    /// How it ended.
    done: Done,
}

impl<'a> Once<'a> {
    /// One execution with `params`.
    pub fn new(
        params: &'a [Value],
        on_row: &'a mut dyn FnMut(&dyn RowView) -> ControlFlow<()>,
    ) -> Self {
        Self { params: Some(params), on_row, done: Done::default() }
    }

    /// How it ended.
    pub fn ended(&self) -> Done {
        self.done
    }
}

impl std::fmt::Debug for Once<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Once").field("params", &self.params).finish_non_exhaustive()
    }
}

impl Exchange for Once<'_> {
    fn next_set(&mut self, set: &mut Vec<Value>) -> bool {
        match self.params.take() {
            Some(params) => {
                set.extend_from_slice(params);
                true
            }
            None => false,
        }
    }

    fn row(&mut self, row: &dyn RowView) -> ControlFlow<()> {
        (self.on_row)(row)
    }

    fn done(&mut self, done: Done) -> ControlFlow<()> {
        self.done = done;
        ControlFlow::Continue(())
    }
}
