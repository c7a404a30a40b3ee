//! How types take part in operators: the type of a value, of a comparison, of `a + b`.

use super::{Affinity, Type, TypeKind};
use crate::error::Result;
use crate::expr::Op;
use crate::value::Value;

pub(super) fn type_of_value(value: &Value) -> Type {
    match value {
        Value::Null | Value::Object(_) => match value {
            Value::Object(object) if &*object.type_name() == "int" => Type::integer(),
            _ => Type::null(),
        },
        Value::Bool(_) => Type::boolean(),
        Value::Int(i) if i32::try_from(*i).is_ok() => Type::integer(),
        Value::Int(_) => Type::big_integer(),
        Value::Real(_) => Type::double(),
        Value::Text(_) => Type::string(),
        Value::Blob(_) => Type::large_binary(),
        Value::Decimal(_) => Type::numeric(),
        Value::Date(_) => Type::date(),
        Value::Time(_) => Type::time(),
        Value::DateTime(_) => Type::datetime(),
        Value::Zoned(_) => Type::datetime().altered(|args| args.timezone = true),
        Value::Interval(_) => Type::interval(),
        Value::Uuid(_) => Type::uuid(),
    }
}

/// The type that a value beside an expression of type `ty` is bound as.
pub(super) fn coerce_compared_value(ty: &Type, op: &Op, value: &Value) -> Result<Type> {
    if let Some(decorator) = ty.decorator() {
        return Ok(decorator.coerce_compared_value(op, value)?.unwrap_or_else(|| ty.clone()));
    }
    if ty.kind() == TypeKind::TupleType {
        return Ok(type_of_value(value));
    }
    match op {
        Op::JsonPathGetItem => return Ok(Type::of(TypeKind::JSONPathType)),
        Op::JsonGetItem if matches!(value, Value::Int(_)) => {
            return Ok(Type::of(TypeKind::JSONIntIndexType));
        }
        Op::JsonGetItem => return Ok(Type::of(TypeKind::JSONStrIndexType)),
        _ => {}
    }
    let own = type_of_value(value);
    if own.is_null() || own.affinity() == ty.affinity() {
        return Ok(ty.clone());
    }
    Ok(match (ty.affinity(), own.affinity()) {
        // An exact or floating column takes any number of Python as it is.
        (
            Affinity::Numeric | Affinity::Float,
            Affinity::Integer | Affinity::Float | Affinity::Numeric,
        ) if ty.affinity() == own.affinity() => ty.clone(),
        (Affinity::Date | Affinity::DateTime | Affinity::Time, Affinity::Interval) => own,
        _ => own,
    })
}

/// The operator and type of `left op right`.
pub(super) fn adapt_operator(left: &Type, op: &Op, right: &Type) -> (Op, Type) {
    // The unknown type leaves the choice to the other side.
    if left.is_null() {
        return if right.is_null()
            || !matches!(
                op,
                Op::Add | Op::Sub | Op::Mul | Op::TrueDiv | Op::Concat | Op::FloorDiv | Op::Mod
            ) {
            (op.clone(), left.clone())
        } else if is_commutative(op) {
            adapt_operator(right, op, left)
        } else {
            (op.clone(), left.clone())
        };
    }
    let concatenable = |affinity: Affinity| {
        matches!(affinity, Affinity::String | Affinity::Json | Affinity::Array)
    };
    if concatenable(left.affinity()) && *op == Op::Add {
        if concatenable(right.affinity()) || right.is_null() {
            return (Op::Concat, left.clone());
        }
        return (op.clone(), left.clone());
    }
    let found = table(left.affinity(), op, right.affinity());
    let ty = match found {
        Found::Left => left.clone(),
        Found::Right => right.clone(),
        Found::Type(ty) => ty,
        Found::Null => Type::null(),
        Found::None => left.clone(),
    };
    (op.clone(), ty)
}

fn is_commutative(op: &Op) -> bool {
    matches!(op, Op::Add | Op::Mul)
}

/// What the table of adaptations says.
enum Found {
    Left,
    Right,
    Type(Type),
    Null,
    None,
}

fn table(left: Affinity, op: &Op, right: Affinity) -> Found {
    use Affinity::{Date, DateTime, Float, Integer, Interval, Numeric, Time};
    use Found::{Left, Right};
    match (left, op, right) {
        (Integer, Op::Add | Op::Sub, Date) if *op == Op::Add => Found::Type(Type::date()),
        (Integer, Op::Mul, Interval) => Found::Type(Type::interval()),
        (Integer, Op::TrueDiv, Integer) => Found::Type(Type::numeric()),
        (Integer, Op::TrueDiv, Numeric | Float) => Right,
        (Integer, Op::Add | Op::Sub | Op::Mul | Op::FloorDiv | Op::Mod, Integer) => Left,
        (Integer, Op::Add | Op::Sub | Op::Mul | Op::FloorDiv | Op::Mod, Numeric | Float) => Right,
        (Numeric | Float, Op::Mul, Interval) => Found::Type(Type::interval()),
        (Numeric, Op::Add | Op::Sub | Op::Mul | Op::TrueDiv, Float) => Right,
        (Numeric | Float, Op::Add | Op::Sub | Op::Mul | Op::TrueDiv, Integer | Numeric | Float) => {
            Left
        }
        (DateTime, Op::Add, Interval) => Left,
        (DateTime, Op::Sub, Interval) => Left,
        (DateTime, Op::Sub, DateTime) => Found::Type(Type::interval()),
        (Date, Op::Add, Integer) => Left,
        (Date, Op::Add | Op::Sub, Interval) => Found::Type(Type::datetime()),
        (Date, Op::Add, Time) => Found::Type(Type::datetime()),
        (Date, Op::Sub, Integer) => Left,
        (Date, Op::Sub, Date) => Found::Type(Type::integer()),
        (Date, Op::Sub, DateTime) => Found::Type(Type::interval()),
        (Time, Op::Add, Date) => Found::Type(Type::datetime()),
        (Time, Op::Add | Op::Sub, Interval) => Left,
        (Time, Op::Sub, Time) => Found::Type(Type::interval()),
        (Interval, Op::Add, Date) => Found::Type(Type::datetime()),
        (Interval, Op::Add, DateTime | Time) => Right,
        (Interval, Op::Add | Op::Sub, Interval) => Left,
        (Interval, Op::Mul | Op::TrueDiv, Numeric | Integer | Float) => Left,
        (Integer | Numeric | Float | DateTime | Date | Time | Interval, op, other)
            if is_math(op) && other != Affinity::Null =>
        {
            Found::Null
        }
        _ => Found::None,
    }
}

fn is_math(op: &Op) -> bool {
    matches!(op, Op::Add | Op::Sub | Op::Mul | Op::TrueDiv)
}
