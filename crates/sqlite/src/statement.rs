//! One prepared statement at work: binding parameter sets and handing out rows.

use std::cell::Cell;
use std::ops::ControlFlow;

use rusqlite::types::{ToSqlOutput, ValueRef as SqliteRef};
use rusqlite::{Row, Statement, ToSql};
use vidro_engine::driver::{Columns, DbapiClass, DriverError, DriverResult, Exchange, RowView};
use vidro_engine::sql::{Value, ValueRef};

use crate::error::{convert, overflow, programming, raise};

/// Binds one parameter set.
pub(crate) fn bind(statement: &mut Statement<'_>, set: &[Value]) -> DriverResult<()> {
    let expected = statement.parameter_count();
    if expected != set.len() {
        return Err(programming(format!(
            "Incorrect number of bindings supplied. The current statement uses {expected}, and \
             there are {} supplied.",
            set.len()
        )));
    }
    for (index, value) in set.iter().enumerate() {
        let position = index + 1;
        let bound = match value.as_ref() {
            Some(plain) => statement.raw_bind_parameter(position, Plain(plain)),
            None => {
                let text = adapt(value, position)?;
                statement.raw_bind_parameter(position, text)
            }
        };
        bound.map_err(|error| convert(&error))?;
    }
    Ok(())
}

/// The adapters of Python's `sqlite3`: dates become ISO text, other types are refused.
fn adapt(value: &Value, position: usize) -> DriverResult<String> {
    let name = match value {
        Value::Date(date) => return Ok(date.to_string()),
        Value::DateTime(datetime) => {
            let whole = datetime.strftime("%Y-%m-%d %H:%M:%S").to_string();
            return Ok(match datetime.subsec_nanosecond() / 1000 {
                0 => whole,
                micros => format!("{whole}.{micros:06}"),
            });
        }
        Value::Time(_) => "datetime.time".into(),
        Value::Interval(_) => "datetime.timedelta".into(),
        Value::Decimal(_) => "decimal.Decimal".into(),
        other => other.type_name(),
    };
    if &*name == "int" {
        return Err(overflow("Python int too large to convert to SQLite INTEGER"));
    }
    Err(programming(format!("Error binding parameter {position}: type '{name}' is not supported")))
}

/// A value that SQLite stores as it is.
struct Plain<'a>(ValueRef<'a>);

impl ToSql for Plain<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            ValueRef::Null => SqliteRef::Null,
            ValueRef::Int(i) => SqliteRef::Integer(i),
            ValueRef::Real(r) => SqliteRef::Real(r),
            ValueRef::Text(t) => SqliteRef::Text(t.as_bytes()),
            ValueRef::Blob(b) => SqliteRef::Blob(b),
        }))
    }
}

/// Steps through the rows of a statement whose parameters are bound.
pub(crate) fn fetch(
    statement: &mut Statement<'_>,
    exchange: &mut dyn Exchange,
) -> DriverResult<()> {
    let bad = Cell::new(None);
    let len = statement.column_count();
    let mut rows = statement.raw_query();
    loop {
        let row = match rows.next() {
            Ok(Some(row)) => row,
            Ok(None) => return Ok(()),
            Err(error) => return Err(convert(&error)),
        };
        let flow = exchange.row(&CurrentRow { row, len, bad: &bad });
        if let Some(index) = bad.get() {
            return Err(undecodable(row, index));
        }
        if flow == ControlFlow::Break(()) {
            return Ok(());
        }
    }
}

/// Text that is not UTF-8, as the Python module words it.
fn undecodable(row: &Row<'_>, index: usize) -> DriverError {
    let name = row.as_ref().column_name(index).unwrap_or("").to_owned();
    let text = match row.get_ref(index) {
        Ok(SqliteRef::Text(bytes)) => String::from_utf8_lossy(bytes).into_owned(),
        _ => String::new(),
    };
    raise(
        DbapiClass::OperationalError,
        format!("Could not decode to UTF-8 column '{name}' with text '{text}'"),
    )
}

/// The row that SQLite stands on.
struct CurrentRow<'a, 's> {
    row: &'a Row<'s>,
    len: usize,
    /// A column whose text could not be decoded.
    bad: &'a Cell<Option<usize>>,
}

impl RowView for CurrentRow<'_, '_> {
    fn len(&self) -> usize {
        self.len
    }

    fn get(&self, index: usize) -> ValueRef<'_> {
        match self.row.get_ref(index) {
            Ok(SqliteRef::Integer(i)) => ValueRef::Int(i),
            Ok(SqliteRef::Text(bytes)) => match std::str::from_utf8(bytes) {
                Ok(text) => ValueRef::Text(text),
                Err(_) => {
                    self.bad.set(Some(index));
                    ValueRef::Null
                }
            },
            Ok(SqliteRef::Real(r)) => ValueRef::Real(r),
            Ok(SqliteRef::Blob(blob)) => ValueRef::Blob(blob),
            Ok(SqliteRef::Null) | Err(_) => ValueRef::Null,
        }
    }
}

/// The columns of a prepared statement.
pub(crate) struct StatementColumns<'a, 'c>(pub(crate) &'a Statement<'c>);

impl Columns for StatementColumns<'_, '_> {
    fn len(&self) -> usize {
        self.0.column_count()
    }

    fn name(&self, index: usize) -> &str {
        self.0.column_name(index).unwrap_or("")
    }
}

/// The first word of a statement, comments and white space before it left out.
pub(crate) fn first_word(sql: &str) -> &str {
    let mut rest = sql.trim_start();
    loop {
        if let Some(comment) = rest.strip_prefix("--") {
            rest = comment.split_once('\n').map_or("", |(_, rest)| rest).trim_start();
        } else if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.split_once("*/").map_or("", |(_, rest)| rest).trim_start();
        } else {
            break;
        }
    }
    let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
    rest.get(..end).unwrap_or("")
}
