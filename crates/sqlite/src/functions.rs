//! The SQL functions that SQLAlchemy adds to each SQLite connection.

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Result};

/// Adds them.
pub(crate) fn install(connection: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("floor", 1, flags, floor)
}

/// Python's `math.floor`, which gives an integer.
fn floor(context: &Context<'_>) -> Result<Value> {
    Ok(match context.get_raw(0) {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(i) => Value::Integer(i),
        ValueRef::Real(r) => {
            #[expect(clippy::cast_possible_truncation, reason = "out of range saturates")]
            let whole = r.floor() as i64;
            Value::Integer(whole)
        }
        ValueRef::Text(_) | ValueRef::Blob(_) => {
            return Err(rusqlite::Error::UserFunctionError(
                "user-defined function raised exception".into(),
            ));
        }
    })
}
