//! Values of Python's standard library that databases know: decimals, dates, times, UUIDs.

use vidro_python::{Value, Vm};

/// A value of the standard library as a value of statements; none if it is something else.
pub(crate) fn from_python(_: &Value) -> Option<vidro_sql::Value> {
    None
}

/// A value of statements as a value of the standard library.
pub(crate) fn to_python(_: &mut Vm, given: &vidro_sql::Value) -> Value {
    Value::from(given.repr())
}
