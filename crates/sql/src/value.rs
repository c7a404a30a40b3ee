//! The values that statements bind and rows return.

use std::any::Any;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

use jiff::civil::{Date, DateTime, Time};
use rust_decimal::Decimal;

/// One value of Python as far as a database is concerned. Small and cheap to clone.
#[derive(Clone, Default)]
pub enum Value {
    /// `None`
    #[default]
    Null,
    /// `bool`
    Bool(bool),
    /// `int` that fits 64 bits; larger ones are objects
    Int(i64),
    /// `float`
    Real(f64),
    /// `str`
    Text(Rc<str>),
    /// `bytes`
    Blob(Rc<[u8]>),
    /// `decimal.Decimal`
    Decimal(Decimal),
    /// `datetime.date`
    Date(Date),
    /// `datetime.time` without a time zone
    Time(Time),
    /// `datetime.datetime` without a time zone
    DateTime(DateTime),
    /// `datetime.datetime` with a fixed offset
    Zoned(Zoned),
    /// `datetime.timedelta` in microseconds
    Interval(i64),
    /// `uuid.UUID`
    Uuid([u8; 16]),
    /// Any other value of the script
    Object(Rc<dyn Object>),
}

/// A date and time with its offset from UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Zoned {
    /// Local date and time.
    pub datetime: DateTime,
    /// Offset from UTC in seconds.
    pub offset: i32,
}

/// A value that belongs to the script: an enum member, a dict or list for JSON, a big integer.
pub trait Object {
    /// The Python class name, as error messages show it.
    fn type_name(&self) -> Rc<str>;
    /// Python's `repr()`.
    fn repr(&self) -> String;
    /// Python's `str()`.
    fn str(&self) -> String {
        self.repr()
    }
    /// Python's `==`.
    fn equals(&self, other: &Value) -> bool;
    /// Python's `hash()`; equal values hash alike.
    fn hash_code(&self) -> u64 {
        0
    }
    /// The concrete value, for the side that made it.
    fn as_any(&self) -> &dyn Any;
    /// An enum member's name; `None` for anything else.
    fn enum_name(&self) -> Option<Rc<str>> {
        None
    }
    /// The members of a list, tuple or set; `None` for anything else.
    fn items(&self) -> Option<Vec<Value>> {
        None
    }
    /// The bytes that a driver takes for it; `None` for anything else.
    fn bytes(&self) -> Option<&[u8]> {
        None
    }
}

/// `memoryview(…)`, which bytes of a binary type are bound as and logs show them as.
#[derive(Debug)]
pub struct MemoryView(pub Rc<[u8]>);

impl Object for MemoryView {
    fn type_name(&self) -> Rc<str> {
        "memoryview".into()
    }

    fn repr(&self) -> String {
        format!("<memory at {:#x}>", self.0.as_ptr().addr())
    }

    fn equals(&self, other: &Value) -> bool {
        match other {
            Value::Blob(bytes) => *bytes == self.0,
            Value::Object(object) => object.bytes() == Some(&*self.0),
            _ => false,
        }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn bytes(&self) -> Option<&[u8]> {
        Some(&self.0)
    }
}

/// A value borrowed from a row of the driver.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ValueRef<'a> {
    /// NULL
    Null,
    /// An integer
    Int(i64),
    /// A float
    Real(f64),
    /// A string
    Text(&'a str),
    /// Bytes
    Blob(&'a [u8]),
}

impl ValueRef<'_> {
    /// The same value, owned.
    pub fn to_value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Int(i) => Value::Int(i),
            Self::Real(r) => Value::Real(r),
            Self::Text(t) => Value::Text(t.into()),
            Self::Blob(b) => Value::Blob(b.into()),
        }
    }
}

impl Value {
    /// A string value.
    pub fn text(text: impl Into<Rc<str>>) -> Self {
        Self::Text(text.into())
    }

    /// Whether this is `None`.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The string inside, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The integer inside; `True` and `False` count as one and nought, as in Python.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(i) => Some(*i),
            Self::Bool(b) => Some(i64::from(*b)),
            _ => None,
        }
    }

    /// The Python class name.
    pub fn type_name(&self) -> Rc<str> {
        let name = match self {
            Self::Null => "NoneType",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Real(_) => "float",
            Self::Text(_) => "str",
            Self::Blob(_) => "bytes",
            Self::Decimal(_) => "Decimal",
            Self::Date(_) => "date",
            Self::Time(_) => "time",
            Self::DateTime(_) | Self::Zoned(_) => "datetime",
            Self::Interval(_) => "timedelta",
            Self::Uuid(_) => "UUID",
            Self::Object(object) => return object.type_name(),
        };
        name.into()
    }

    /// Python's `repr()`.
    pub fn repr(&self) -> String {
        crate::repr::value(self)
    }

    /// Borrow as a driver's value where that needs no conversion.
    pub fn as_ref(&self) -> Option<ValueRef<'_>> {
        match self {
            Self::Null => Some(ValueRef::Null),
            Self::Bool(b) => Some(ValueRef::Int(i64::from(*b))),
            Self::Int(i) => Some(ValueRef::Int(*i)),
            Self::Real(r) => Some(ValueRef::Real(*r)),
            Self::Text(t) => Some(ValueRef::Text(t)),
            Self::Blob(b) => Some(ValueRef::Blob(b)),
            Self::Object(object) => object.bytes().map(ValueRef::Blob),
            _ => None,
        }
    }
}

/// Python's equality: `1 == 1.0 == True`, and objects decide for themselves.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        use Value::{Blob, Bool, Date, DateTime, Decimal, Int, Interval, Null, Object, Real, Text};
        use Value::{Time, Uuid, Zoned};
        match (self, other) {
            (Null, Null) => true,
            (Text(a), Text(b)) => a == b,
            (Blob(a), Blob(b)) => a == b,
            (Date(a), Date(b)) => a == b,
            (Time(a), Time(b)) => a == b,
            (DateTime(a), DateTime(b)) => a == b,
            (Zoned(a), Zoned(b)) => a == b,
            (Interval(a), Interval(b)) => a == b,
            (Uuid(a), Uuid(b)) => a == b,
            (Object(a), _) => a.equals(other),
            (_, Object(b)) => b.equals(self),
            (Real(a), Real(b)) => a == b,
            (Decimal(a), Decimal(b)) => a == b,
            (Decimal(a), Real(b)) | (Real(b), Decimal(a)) => {
                rust_decimal::prelude::ToPrimitive::to_f64(a) == Some(*b)
            }
            (Real(a), b) | (b, Real(a)) => b.as_int().is_some_and(|i| int_to_f64(i) == *a),
            (Decimal(a), b) | (b, Decimal(a)) => {
                b.as_int().is_some_and(|i| rust_decimal::Decimal::from(i) == *a)
            }
            (Bool(_) | Int(_), Bool(_) | Int(_)) => self.as_int() == other.as_int(),
            _ => false,
        }
    }
}

impl Eq for Value {}

#[expect(clippy::cast_precision_loss, reason = "Python's int-to-float conversion rounds too")]
pub(crate) fn int_to_f64(i: i64) -> f64 {
    i as f64
}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Null => 0u8.hash(state),
            Self::Bool(b) => int_to_f64(i64::from(*b)).to_bits().hash(state),
            Self::Int(i) => int_to_f64(*i).to_bits().hash(state),
            Self::Real(r) => (if *r == 0.0 { 0.0f64 } else { *r }).to_bits().hash(state),
            Self::Decimal(d) => {
                let float = rust_decimal::prelude::ToPrimitive::to_f64(d).unwrap_or(0.0);
                float.to_bits().hash(state);
            }
            Self::Text(t) => t.hash(state),
            Self::Blob(b) => b.hash(state),
            Self::Date(d) => d.hash(state),
            Self::Time(t) => t.hash(state),
            Self::DateTime(d) => d.hash(state),
            Self::Zoned(z) => z.hash(state),
            Self::Interval(i) => i.hash(state),
            Self::Uuid(u) => u.hash(state),
            Self::Object(o) => o.hash_code().hash(state),
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repr())
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Real(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.into())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_three_words() {
        assert!(size_of::<Value>() <= 24);
    }
}
