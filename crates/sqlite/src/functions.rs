//! The SQL functions that SQLAlchemy adds to each SQLite connection.

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Result};

use crate::regex::Regex;

/// Adds them.
pub(crate) fn install(connection: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("regexp", 2, flags, regexp)?;
    connection.create_scalar_function("floor", 1, flags, floor)
}

/// `x REGEXP pattern`, which SQLite hands over as `regexp(pattern, x)`: Python's `re.search`.
fn regexp(context: &Context<'_>) -> Result<Option<bool>> {
    let (ValueRef::Text(pattern), text) = (context.get_raw(0), context.get_raw(1)) else {
        return Err(raised());
    };
    let text = match text {
        ValueRef::Null => return Ok(None),
        ValueRef::Text(text) => String::from_utf8_lossy(text),
        ValueRef::Integer(_) | ValueRef::Real(_) | ValueRef::Blob(_) => return Err(raised()),
    };
    let regex = Regex::new(&String::from_utf8_lossy(pattern)).map_err(|_| raised())?;
    regex.search(&text).map(Some).map_err(|_| raised())
}

/// What Python's module says when a function of the program fails.
fn raised() -> rusqlite::Error {
    rusqlite::Error::UserFunctionError("user-defined function raised exception".into())
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
            return Err(raised());
        }
    })
}
