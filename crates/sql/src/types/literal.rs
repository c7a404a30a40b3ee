//! Values written into SQL text, for `literal_binds` and DDL.

use super::{Affinity, Type, TypeKind, process, temporal};
use crate::dialect::{Dialect, Family};
use crate::error::Result;
use crate::repr;
use crate::value::Value;

/// A value as SQL text; `None` when the type has no literal form.
pub(super) fn literal(ty: &Type, value: &Value, dialect: &Dialect) -> Result<Option<String>> {
    let ty = ty.on(dialect);
    if let Some(decorator) = ty.decorator() {
        let value = match decorator.process_literal_param(value, dialect)? {
            Some(value) => value,
            None if decorator.has_bind() => decorator.process_bind_param(value, dialect)?,
            None => value.clone(),
        };
        return literal(&process::impl_on(decorator, dialect)?, &value, dialect);
    }
    if value.is_null() && !matches!(ty.kind(), TypeKind::JSON | TypeKind::JSONB) {
        return Ok(Some("NULL".into()));
    }
    if dialect.family() == Family::Oracle
        && let Some(text) = oracle(ty, value)
    {
        return Ok(Some(text));
    }
    let temporal = |text: String| Some(quoted(&text, dialect));
    Ok(match ty.affinity() {
        Affinity::Boolean => boolean(value, dialect),
        Affinity::Integer => match value {
            Value::Text(text) => text.trim().parse::<i64>().ok().map(|i| i.to_string()),
            other => other.as_int().map(|i| i.to_string()),
        },
        Affinity::Numeric | Affinity::Float => match value {
            Value::Decimal(d) => Some(d.to_string()),
            Value::Real(r) => Some(repr::float(*r)),
            other => other.as_int().map(|i| i.to_string()),
        },
        Affinity::Date | Affinity::DateTime | Affinity::Time
            if dialect.family() == Family::Sqlite && ty.bind_processor(dialect)?.is_some() =>
        {
            match ty.bind(value, dialect)? {
                Value::Text(text) => Some(quoted(&text, dialect)),
                _ => None,
            }
        }
        Affinity::Date => match value {
            Value::Date(d) => temporal(temporal::date_text(*d)),
            _ => None,
        },
        Affinity::DateTime => match value {
            Value::DateTime(d) => {
                let text = temporal::datetime_text(*d);
                temporal(text.strip_suffix(".000000").unwrap_or(&text).to_owned())
            }
            _ => None,
        },
        Affinity::Time => match value {
            Value::Time(t) => {
                let text = temporal::time_text(*t);
                temporal(text.strip_suffix(".000000").unwrap_or(&text).to_owned())
            }
            _ => None,
        },
        Affinity::Other
            if matches!(
                ty.kind(),
                TypeKind::JSONIntIndexType | TypeKind::JSONStrIndexType | TypeKind::JSONPathType
            ) =>
        {
            match ty.bind(value, dialect)? {
                Value::Text(text) => Some(quoted(&text, dialect)),
                other => other.as_int().map(|i| i.to_string()),
            }
        }
        Affinity::String => match ty.bind(value, dialect)? {
            Value::Text(text) => Some(quoted(&text, dialect)),
            Value::Int(i) => Some(format!("'{i}'")),
            _ => None,
        },
        Affinity::Uuid => uuid(ty, value, dialect),
        Affinity::Binary => match value {
            Value::Blob(bytes) => Some(format!("'{}'", String::from_utf8_lossy(bytes))),
            _ => None,
        },
        _ => None,
    })
}

/// Points in time and durations, which Oracle reads by functions.
fn oracle(ty: &Type, value: &Value) -> Option<String> {
    match (ty.kind(), value) {
        (TypeKind::Date | TypeKind::DATE, Value::Date(date)) => {
            Some(format!("TO_DATE('{}', 'YYYY-MM-DD')", temporal::date_text(*date)))
        }
        (TypeKind::DateTime | TypeKind::DATE, Value::DateTime(at)) => {
            let text = temporal::datetime_text(*at);
            Some(match text.strip_suffix(".000000") {
                Some(text) => format!("TO_DATE('{text}', 'YYYY-MM-DD HH24:MI:SS')"),
                None => format!("TO_TIMESTAMP('{text}', 'YYYY-MM-DD HH24:MI:SS.FF')"),
            })
        }
        (TypeKind::Interval | TypeKind::INTERVAL, Value::Interval(micros)) => {
            let (sign, micros) = (if *micros < 0 { "-" } else { "" }, micros.unsigned_abs());
            let parts = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
            let seconds = parts.trim_end_matches('0');
            let zero = if seconds.ends_with('.') { "0" } else { "" };
            Some(format!("NUMTODSINTERVAL({sign}{seconds}{zero}, 'SECOND')"))
        }
        _ => None,
    }
}

fn boolean(value: &Value, dialect: &Dialect) -> Option<String> {
    let words = match dialect.family() {
        Family::Mysql => true,
        Family::Oracle => false,
        _ => dialect.caps().native_boolean,
    };
    match value {
        Value::Bool(truth) if words => Some(truth.to_string()),
        other => other.as_int().map(|i| i.to_string()),
    }
}

fn uuid(ty: &Type, value: &Value, dialect: &Dialect) -> Option<String> {
    match value {
        Value::Uuid(bytes) if ty.is_native_uuid(dialect) => {
            Some(format!("'{}'", repr::uuid(bytes)))
        }
        Value::Uuid(bytes) => Some(format!("'{}'", repr::uuid(bytes).replace('-', ""))),
        Value::Text(text) => Some(quoted(&text.replace('-', ""), dialect)),
        _ => None,
    }
}

/// A string in single quotes, as this dialect's drivers need it.
pub(crate) fn quoted(text: &str, dialect: &Dialect) -> String {
    let mut text = text.replace('\'', "''");
    if dialect.family() == Family::Mysql {
        text = text.replace('\\', "\\\\");
    }
    if dialect.doubles_percent() {
        text = text.replace('%', "%%");
    }
    format!("'{text}'")
}
