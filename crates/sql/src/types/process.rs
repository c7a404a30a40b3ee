//! What happens to values on their way into and out of the database.

use std::fmt;
use std::rc::Rc;

use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive as _, ToPrimitive as _};

use super::{EnumMembers, JsonCodec, Type, TypeDecorator, TypeKind, temporal};
use crate::dialect::{Dialect, Family};
use crate::error::{Error, Result};
use crate::repr;
use crate::value::{MemoryView, Value, int_to_f64};

/// A conversion of values, found once per statement rather than once per value.
#[derive(Clone)]
pub enum Processor {
    /// Python's truth values and SQL's integers.
    Boolean,
    /// Decimals bound as floats.
    Float,
    /// Floats read as decimals of that many digits after the point.
    Decimal(u32),
    /// Decimals read as floats.
    ToFloat,
    /// ISO dates.
    Date,
    /// ISO times.
    Time,
    /// ISO points in time.
    DateTime,
    /// Durations as points after the epoch.
    Interval,
    /// Names of an enum's members.
    Enum(Type),
    /// JSON text.
    Json(Type),
    /// Keys and positions inside JSON documents, as the backend's path language.
    JsonPath,
    /// Hexadecimal text; whether `uuid.UUID` is wanted.
    Uuid(bool),
    /// Bytes seen through `memoryview`.
    Binary,
    /// A script's decorator around another conversion.
    Decorator(Rc<dyn TypeDecorator>, Option<Box<Processor>>),
}

impl fmt::Debug for Processor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Processor")
    }
}

/// The impl a decorator has on a dialect.
pub(super) fn impl_on(decorator: &Rc<dyn TypeDecorator>, dialect: &Dialect) -> Result<Type> {
    let found = decorator.load_dialect_impl(dialect)?;
    let ty = found.unwrap_or_else(|| decorator.impl_type());
    Ok(ty.on(dialect).clone())
}

pub(super) fn bind_processor(ty: &Type, dialect: &Dialect) -> Result<Option<Processor>> {
    let ty = ty.on(dialect);
    if let Some(decorator) = ty.decorator() {
        let inner = bind_processor(&impl_on(decorator, dialect)?, dialect)?;
        return Ok(match (decorator.has_bind(), inner) {
            (true, inner) => Some(Processor::Decorator(decorator.clone(), inner.map(Box::new))),
            (false, inner) => inner,
        });
    }
    let sqlite = dialect.family() == Family::Sqlite;
    Ok(match ty.kind() {
        TypeKind::Boolean | TypeKind::BOOLEAN => Some(Processor::Boolean),
        TypeKind::Numeric
        | TypeKind::NUMERIC
        | TypeKind::DECIMAL
        | TypeKind::Float
        | TypeKind::FLOAT
        | TypeKind::REAL
        | TypeKind::Double
        | TypeKind::DOUBLE
        | TypeKind::DOUBLE_PRECISION
            if !dialect.caps().native_decimal =>
        {
            Some(Processor::Float)
        }
        TypeKind::Date | TypeKind::DATE if sqlite => Some(Processor::Date),
        TypeKind::Time | TypeKind::TIME if sqlite => Some(Processor::Time),
        TypeKind::DateTime | TypeKind::DATETIME | TypeKind::TIMESTAMP if sqlite => {
            Some(Processor::DateTime)
        }
        TypeKind::Interval if !ty.is_native_interval(dialect) => Some(Processor::Interval),
        TypeKind::Enum | TypeKind::ENUM if ty.enum_members().is_some() => {
            Some(Processor::Enum(ty.clone()))
        }
        TypeKind::JSON | TypeKind::JSONB => Some(Processor::Json(ty.clone())),
        TypeKind::JSONPathType if dialect.family() != Family::Default => Some(Processor::JsonPath),
        TypeKind::JSONIntIndexType | TypeKind::JSONStrIndexType
            if matches!(dialect.family(), Family::Sqlite | Family::Mysql | Family::Oracle) =>
        {
            Some(Processor::JsonPath)
        }
        TypeKind::Uuid | TypeKind::UUID if !ty.is_native_uuid(dialect) => {
            Some(Processor::Uuid(ty.args().and_then(|a| a.as_uuid).unwrap_or(true)))
        }
        TypeKind::LargeBinary | TypeKind::BLOB | TypeKind::BINARY | TypeKind::VARBINARY
            if sqlite =>
        {
            Some(Processor::Binary)
        }
        _ => None,
    })
}

pub(super) fn result_processor(ty: &Type, dialect: &Dialect) -> Result<Option<Processor>> {
    let ty = ty.on(dialect);
    if let Some(decorator) = ty.decorator() {
        let inner = result_processor(&impl_on(decorator, dialect)?, dialect)?;
        return Ok(match (decorator.has_result(), inner) {
            (true, inner) => Some(Processor::Decorator(decorator.clone(), inner.map(Box::new))),
            (false, inner) => inner,
        });
    }
    let args = ty.args();
    let as_decimal = |default: bool| args.and_then(|a| a.asdecimal).unwrap_or(default);
    let decimals = || {
        let scale = args.and_then(|a| a.decimal_return_scale.or(a.scale)).unwrap_or(10);
        Processor::Decimal(u32::try_from(scale).unwrap_or(10))
    };
    Ok(match ty.kind() {
        TypeKind::Numeric | TypeKind::NUMERIC | TypeKind::DECIMAL if as_decimal(true) => {
            (!dialect.caps().native_decimal).then(decimals)
        }
        TypeKind::Float
        | TypeKind::FLOAT
        | TypeKind::REAL
        | TypeKind::Double
        | TypeKind::DOUBLE
        | TypeKind::DOUBLE_PRECISION
            if as_decimal(mysql_decimal(ty)) =>
        {
            Some(decimals())
        }
        TypeKind::Numeric | TypeKind::NUMERIC | TypeKind::DECIMAL => {
            dialect.caps().native_decimal.then_some(Processor::ToFloat)
        }
        TypeKind::Float
        | TypeKind::FLOAT
        | TypeKind::REAL
        | TypeKind::Double
        | TypeKind::DOUBLE
        | TypeKind::DOUBLE_PRECISION => None,
        TypeKind::Boolean | TypeKind::BOOLEAN => {
            (!dialect.caps().native_boolean).then_some(Processor::Boolean)
        }
        TypeKind::LargeBinary | TypeKind::BLOB | TypeKind::BINARY | TypeKind::VARBINARY => None,
        _ => bind_processor(ty, dialect)?,
    })
}

/// MySQL's own DOUBLE and REAL give decimals unless told otherwise.
pub(super) fn mysql_decimal(ty: &Type) -> bool {
    matches!(ty.kind(), TypeKind::DOUBLE | TypeKind::REAL)
        && ty.args().is_some_and(|args| args.is_mysql())
}

impl Processor {
    /// A value on its way in.
    pub fn bind(&self, value: &Value, dialect: &Dialect) -> Result<Value> {
        if let Self::Decorator(decorator, inner) = self {
            let value = decorator.process_bind_param(value, dialect)?;
            return match inner {
                Some(inner) => inner.bind(&value, dialect),
                None => Ok(value),
            };
        }
        if let (Self::Json(ty), Value::Null) = (self, value) {
            let none_as_null = ty.args().is_some_and(|args| args.none_as_null);
            return if none_as_null { Ok(Value::Null) } else { dump(ty, value) };
        }
        if value.is_null() {
            return Ok(Value::Null);
        }
        match self {
            Self::Boolean => boolean(value, dialect),
            Self::Float | Self::Decimal(_) | Self::ToFloat => to_float(value),
            Self::Date => match value {
                Value::Date(d) => Ok(Value::text(temporal::date_text(*d))),
                Value::DateTime(d) => Ok(Value::text(temporal::date_text(d.date()))),
                Value::Zoned(z) => Ok(Value::text(temporal::date_text(z.datetime.date()))),
                _ => Err(only("Date type only accepts Python date objects")),
            },
            Self::Time => match value {
                Value::Time(t) => Ok(Value::text(temporal::time_text(*t))),
                _ => Err(only("Time type only accepts Python time objects")),
            },
            Self::DateTime => match value {
                Value::DateTime(d) => Ok(Value::text(temporal::datetime_text(*d))),
                Value::Zoned(z) => Ok(Value::text(temporal::datetime_text(z.datetime))),
                Value::Date(d) => Ok(Value::text(temporal::datetime_text(
                    d.to_datetime(jiff::civil::Time::midnight()),
                ))),
                _ => Err(only("DateTime type only accepts Python datetime and date objects")),
            },
            Self::Interval => interval_in(value, dialect),
            Self::Enum(ty) => ty.enum_members().map_or_else(
                || Ok(value.clone()),
                |members| members.stored(value, ty.args().and_then(|a| a.name.as_deref())),
            ),
            Self::Json(ty) => dump(ty, value),
            Self::JsonPath => Ok(Value::text(json_path(value, dialect))),
            Self::Uuid(as_uuid) => uuid_in(value, *as_uuid),
            Self::Binary => memory_view(value),
            Self::Decorator(..) => Ok(value.clone()),
        }
    }

    /// A value on its way out.
    pub fn result(&self, value: Value, dialect: &Dialect) -> Result<Value> {
        if let Self::Decorator(decorator, inner) = self {
            let value = match inner {
                Some(inner) => inner.result(value, dialect)?,
                None => value,
            };
            return decorator.process_result_value(value, dialect);
        }
        if value.is_null() {
            return Ok(value);
        }
        match self {
            Self::Boolean => Ok(match value {
                Value::Int(i) => Value::Bool(i != 0),
                Value::Real(r) => Value::Bool(r != 0.0),
                Value::Text(t) => Value::Bool(!t.is_empty()),
                other => other,
            }),
            Self::Decimal(scale) => decimal_out(&value, *scale),
            Self::Float | Self::JsonPath | Self::Binary => Ok(value),
            Self::ToFloat => to_float(&value),
            Self::Date => temporal::parse_date(iso(&value)?),
            Self::Time => temporal::parse_time(iso(&value)?),
            Self::DateTime => temporal::parse_datetime(iso(&value)?),
            Self::Interval => interval_out(value, dialect),
            Self::Enum(ty) => ty.enum_members().map_or_else(
                || Ok(value.clone()),
                |members| members.object(&value, ty.args().and_then(|a| a.name.as_deref())),
            ),
            Self::Json(ty) => match (&value, codec(ty)) {
                (Value::Text(text), Some(codec)) => codec.loads(text),
                (Value::Int(_) | Value::Real(_), Some(codec)) => codec.loads(&value.repr()),
                _ => Ok(value),
            },
            Self::Uuid(as_uuid) => uuid_out(value, *as_uuid),
            Self::Decorator(..) => Ok(value),
        }
    }
}

fn only(what: &str) -> Error {
    Error::type_error(format!("SQLite {what} as input."))
}

fn iso(value: &Value) -> Result<&str> {
    value.as_str().ok_or_else(|| Error::type_error("fromisoformat: argument must be str"))
}

fn boolean(value: &Value, dialect: &Dialect) -> Result<Value> {
    let truth = match value {
        Value::Bool(b) => Some(*b),
        Value::Int(0) => Some(false),
        Value::Int(1) => Some(true),
        Value::Real(r) if *r == 0.0 || *r == 1.0 => Some(*r == 1.0),
        _ => None,
    };
    match (truth, value) {
        (Some(truth), _) if dialect.caps().native_boolean => Ok(Value::Bool(truth)),
        (Some(truth), _) => Ok(Value::Int(i64::from(truth))),
        (None, Value::Int(_)) => {
            Err(Error::value(format!("Value {} is not None, True, or False", value.repr())))
        }
        (None, _) => Err(Error::type_error(format!("Not a boolean value: {}", value.repr()))),
    }
}

fn memory_view(value: &Value) -> Result<Value> {
    match value {
        Value::Blob(bytes) => Ok(Value::Object(Rc::new(MemoryView(Rc::clone(bytes))))),
        Value::Object(object) if object.bytes().is_some() => Ok(value.clone()),
        other => Err(Error::type_error(format!(
            "memoryview: a bytes-like object is required, not '{}'",
            other.type_name()
        ))),
    }
}

fn to_float(value: &Value) -> Result<Value> {
    Ok(match value {
        Value::Decimal(d) => Value::Real(d.to_f64().unwrap_or(f64::NAN)),
        Value::Int(i) => Value::Real(int_to_f64(*i)),
        Value::Bool(b) => Value::Real(if *b { 1.0 } else { 0.0 }),
        Value::Real(r) => Value::Real(*r),
        Value::Text(t) => match t.trim().parse::<f64>() {
            Ok(number) => Value::Real(number),
            Err(_) => {
                return Err(Error::value(format!(
                    "could not convert string to float: {}",
                    repr::string(t)
                )));
            }
        },
        other => {
            return Err(Error::type_error(format!(
                "float() argument must be a string or a real number, not '{}'",
                other.type_name()
            )));
        }
    })
}

fn decimal_out(value: &Value, scale: u32) -> Result<Value> {
    let made = match value {
        Value::Int(i) => Some(Decimal::from(*i)),
        Value::Real(r) => Decimal::from_f64(*r),
        Value::Text(t) => t.trim().parse().ok(),
        _ => None,
    };
    // Python formats the float first, so rounding happens on its decimal text.
    let shown = match value {
        Value::Real(r) => format!("{r:.*}", usize::try_from(scale).unwrap_or(10)).parse().ok(),
        _ => None,
    };
    let Some(mut decimal) = shown.or(made) else { return Ok(value.clone()) };
    decimal.rescale(scale);
    Ok(Value::Decimal(decimal))
}

fn interval_in(value: &Value, dialect: &Dialect) -> Result<Value> {
    let Value::Interval(micros) = value else {
        return Err(Error::type_error(format!(
            "unsupported operand type(s) for +: 'datetime.datetime' and '{}'",
            value.type_name()
        )));
    };
    let at =
        temporal::from_epoch(*micros).ok_or_else(|| Error::value("date value out of range"))?;
    if dialect.family() == Family::Sqlite {
        Ok(Value::text(temporal::datetime_text(at)))
    } else {
        Ok(Value::DateTime(at))
    }
}

fn interval_out(value: Value, dialect: &Dialect) -> Result<Value> {
    let value = match (&value, dialect.family()) {
        (Value::Text(text), Family::Sqlite) => temporal::parse_datetime(text)?,
        _ => value,
    };
    Ok(match value {
        Value::DateTime(at) => temporal::to_epoch(at).map_or(Value::Null, Value::Interval),
        other => other,
    })
}

fn codec(ty: &Type) -> Option<&Rc<dyn JsonCodec>> {
    ty.args().and_then(|args| args.codec.as_ref())
}

fn dump(ty: &Type, value: &Value) -> Result<Value> {
    match codec(ty) {
        Some(codec) => codec.dumps(value).map(Value::text),
        None => Ok(match value {
            Value::Null => Value::text("null"),
            Value::Bool(b) => Value::text(if *b { "true" } else { "false" }),
            other => Value::text(other.repr()),
        }),
    }
}

/// A key, a position or several of both: `$."a"[1]`, and `{a, 1}` for PostgreSQL.
fn json_path(value: &Value, dialect: &Dialect) -> String {
    let steps = match value {
        Value::Object(object) => object.items().unwrap_or_default(),
        one => vec![one.clone()],
    };
    let plain = |step: &Value| step.as_str().map_or_else(|| step.repr(), ToOwned::to_owned);
    if dialect.family() == Family::Postgresql {
        return match value {
            Value::Text(text) => text.to_string(),
            _ => format!("{{{}}}", steps.iter().map(plain).collect::<Vec<_>>().join(", ")),
        };
    }
    let mut path = String::from("$");
    for step in &steps {
        path += &match step {
            Value::Int(at) => format!("[{at}]"),
            step => format!(".\"{}\"", plain(step)),
        };
    }
    path
}

fn uuid_in(value: &Value, as_uuid: bool) -> Result<Value> {
    match value {
        Value::Uuid(bytes) => {
            Ok(Value::text(bytes.iter().map(|b| format!("{b:02x}")).collect::<String>()))
        }
        Value::Text(text) if !as_uuid => Ok(Value::text(text.replace('-', ""))),
        other => {
            Err(Error::attribute(format!("'{}' object has no attribute 'hex'", other.type_name())))
        }
    }
}

fn uuid_out(value: Value, as_uuid: bool) -> Result<Value> {
    let Value::Text(text) = &value else { return Ok(value) };
    let digits: Vec<u8> = text.bytes().filter(|b| *b != b'-').collect();
    let mut bytes = [0u8; 16];
    let mut pairs = digits.chunks_exact(2);
    let parsed = digits.len() == 32
        && bytes.iter_mut().all(|slot| {
            let pair = pairs.next().and_then(|pair| std::str::from_utf8(pair).ok());
            pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()).map(|b| *slot = b).is_some()
        });
    if !parsed {
        return Err(Error::value("badly formed hexadecimal UUID string"));
    }
    Ok(if as_uuid { Value::Uuid(bytes) } else { Value::text(repr::uuid(&bytes)) })
}

impl EnumMembers {
    /// The stored name of a member.
    fn stored(&self, value: &Value, name: Option<&str>) -> Result<Value> {
        if let Some(at) = self.values.iter().position(|known| known == value) {
            return Ok(self.names.get(at).map_or(Value::Null, |n| Value::Text(n.clone())));
        }
        if let Value::Text(text) = value
            && (self.class_name.is_some() && self.names.contains(text) || !self.validate_strings)
        {
            return Ok(value.clone());
        }
        Err(self.unknown(value, name))
    }

    /// The member that a stored name stands for.
    fn object(&self, value: &Value, name: Option<&str>) -> Result<Value> {
        let found = value.as_str().and_then(|t| self.names.iter().position(|n| **n == *t));
        match found.and_then(|at| self.values.get(at)) {
            Some(member) => Ok(member.clone()),
            None if self.class_name.is_none()
                && !self.validate_strings
                && value.as_str().is_some() =>
            {
                Err(self.unknown(value, name))
            }
            None => Err(self.unknown(value, name)),
        }
    }

    fn unknown(&self, value: &Value, name: Option<&str>) -> Error {
        let shown = match value {
            Value::Text(text) => text.to_string(),
            Value::Object(object) => object.str(),
            other => other.repr(),
        };
        let name = name.map_or_else(|| "None".to_owned(), ToOwned::to_owned);
        Error::lookup(format!(
            "'{shown}' is not among the defined enum values. Enum name: {name}. \
             Possible values: {}",
            self.possible()
        ))
    }

    /// The names, shortened as SQLAlchemy shows them.
    fn possible(&self) -> String {
        let cut = |name: &str| -> String {
            if name.chars().count() <= 11 {
                name.to_owned()
            } else {
                let mut short: String = name.chars().take(11).collect();
                short.push_str("..");
                short
            }
        };
        let names: Vec<String> = self.names.iter().map(|name| cut(name)).collect();
        match names.as_slice() {
            [a, b, c, .., last] if names.len() > 4 => format!("{a}, {b}, {c}, ..., {last}"),
            _ => names.join(", "),
        }
    }
}
