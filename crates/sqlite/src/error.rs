//! SQLite's result codes as the exceptions of Python's `sqlite3` module.

use rusqlite::Error;
use rusqlite::ffi;
use vidro_engine::driver::{DbapiClass, DriverError};

const MODULE: &str = "sqlite3";

/// An exception that the module raises itself.
pub(crate) fn raise(class: DbapiClass, message: impl Into<String>) -> DriverError {
    DriverError { module: MODULE, class, message: message.into(), name: "", code: 0 }
}

/// A `ProgrammingError` of the module.
pub(crate) fn programming(message: impl Into<String>) -> DriverError {
    raise(DbapiClass::ProgrammingError, message)
}

/// An exception of Python itself that comes out of the module.
pub(crate) fn overflow(message: &str) -> DriverError {
    DriverError { module: "builtins", ..raise(DbapiClass::Error, message) }
}

/// The exception for a failed open, which names no path.
pub(crate) fn convert_open(error: &Error) -> DriverError {
    match error {
        Error::SqliteFailure(code, _) if code.extended_code & 0xff == ffi::SQLITE_CANTOPEN => {
            from_code(code.extended_code, "unable to open database file".into())
        }
        other => convert(other),
    }
}

/// The exception for any error of rusqlite.
pub(crate) fn convert(error: &Error) -> DriverError {
    match error {
        Error::SqliteFailure(code, message) => {
            let text = message.clone().unwrap_or_else(|| code.to_string());
            from_code(code.extended_code, text)
        }
        Error::SqlInputError { error, msg, .. } => from_code(error.extended_code, msg.clone()),
        Error::MultipleStatement => programming("You can only execute one statement at a time."),
        Error::NulError(_) => programming("the query contains a null character"),
        other => raise(DbapiClass::OperationalError, other.to_string()),
    }
}

fn from_code(code: i32, message: String) -> DriverError {
    let class = match code & 0xff {
        ffi::SQLITE_INTERNAL | ffi::SQLITE_NOTFOUND => DbapiClass::InternalError,
        ffi::SQLITE_ERROR
        | ffi::SQLITE_PERM
        | ffi::SQLITE_ABORT
        | ffi::SQLITE_BUSY
        | ffi::SQLITE_LOCKED
        | ffi::SQLITE_NOMEM
        | ffi::SQLITE_READONLY
        | ffi::SQLITE_INTERRUPT
        | ffi::SQLITE_IOERR
        | ffi::SQLITE_FULL
        | ffi::SQLITE_CANTOPEN
        | ffi::SQLITE_PROTOCOL
        | ffi::SQLITE_EMPTY
        | ffi::SQLITE_SCHEMA => DbapiClass::OperationalError,
        ffi::SQLITE_TOOBIG => DbapiClass::DataError,
        ffi::SQLITE_CONSTRAINT | ffi::SQLITE_MISMATCH => DbapiClass::IntegrityError,
        ffi::SQLITE_MISUSE | ffi::SQLITE_RANGE => DbapiClass::InterfaceError,
        _ => DbapiClass::DatabaseError,
    };
    DriverError { module: MODULE, class, message, name: code_name(code), code }
}

/// The name of a result code, for `sqlite_errorname`.
fn code_name(code: i32) -> &'static str {
    const NAMES: &[(i32, &str)] = &[
        (ffi::SQLITE_CONSTRAINT_CHECK, "SQLITE_CONSTRAINT_CHECK"),
        (ffi::SQLITE_CONSTRAINT_FOREIGNKEY, "SQLITE_CONSTRAINT_FOREIGNKEY"),
        (ffi::SQLITE_CONSTRAINT_NOTNULL, "SQLITE_CONSTRAINT_NOTNULL"),
        (ffi::SQLITE_CONSTRAINT_PRIMARYKEY, "SQLITE_CONSTRAINT_PRIMARYKEY"),
        (ffi::SQLITE_CONSTRAINT_TRIGGER, "SQLITE_CONSTRAINT_TRIGGER"),
        (ffi::SQLITE_CONSTRAINT_UNIQUE, "SQLITE_CONSTRAINT_UNIQUE"),
        (ffi::SQLITE_CONSTRAINT_ROWID, "SQLITE_CONSTRAINT_ROWID"),
        (ffi::SQLITE_ERROR, "SQLITE_ERROR"),
        (ffi::SQLITE_BUSY, "SQLITE_BUSY"),
        (ffi::SQLITE_LOCKED, "SQLITE_LOCKED"),
        (ffi::SQLITE_READONLY, "SQLITE_READONLY"),
        (ffi::SQLITE_INTERRUPT, "SQLITE_INTERRUPT"),
        (ffi::SQLITE_FULL, "SQLITE_FULL"),
        (ffi::SQLITE_CANTOPEN, "SQLITE_CANTOPEN"),
        (ffi::SQLITE_TOOBIG, "SQLITE_TOOBIG"),
        (ffi::SQLITE_CONSTRAINT, "SQLITE_CONSTRAINT"),
        (ffi::SQLITE_MISMATCH, "SQLITE_MISMATCH"),
    ];
    NAMES.iter().find(|(known, _)| *known == code).map_or("unknown", |(_, name)| name)
}
