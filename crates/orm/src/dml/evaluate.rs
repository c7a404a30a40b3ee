//! Conditions evaluated against objects in memory, as far as SQLAlchemy's evaluator goes.

use vidro_sql::Value;
use vidro_sql::expr::{BindValue, Expr, Kind, Op};

use crate::Orm;
use crate::instance::{InstanceId, Slot};
use crate::mapping::Mapper;

/// Evaluates expressions over one class's columns.
pub(super) struct Evaluator<'a> {
    pub(super) orm: &'a Orm,
    pub(super) mapper: &'a Mapper,
}

/// Whether an object satisfies a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Yes,
    No,
    /// It may: an attribute that the condition asks for is expired.
    Expired,
}

/// What an expression is for one object.
#[derive(Clone, Debug, PartialEq)]
enum Outcome {
    Value(Value),
    /// It needs an attribute that is expired.
    Expired,
    /// It cannot be told.
    Unknown,
}

impl Evaluator<'_> {
    /// Whether an expression can be evaluated at all; says what cannot.
    pub(super) fn check(&self, expr: &Expr) -> Result<(), String> {
        match expr.kind() {
            Kind::Column(_) => {
                let column = expr.schema_column();
                match column.and_then(|column| self.mapper.attribute_of(column)) {
                    Some(_) => Ok(()),
                    None => Err(format!(
                        "Can't evaluate criteria against alternate class for column {expr}"
                    )),
                }
            }
            Kind::Bind(_) | Kind::Null | Kind::True | Kind::False => Ok(()),
            Kind::Grouping(inner) | Kind::Unary(Op::Inv, inner) | Kind::AsBoolean(_, inner) => {
                self.check(inner)
            }
            Kind::List(list) if matches!(list.op, Op::And | Op::Or | Op::Comma) => {
                list.items.iter().try_for_each(|item| self.check(item))
            }
            Kind::Binary(binary) if is_known(&binary.op) => {
                self.check(&binary.left)?;
                self.check(&binary.right)
            }
            _ => Err(format!("Cannot evaluate {}", expr.python_class())),
        }
    }

    /// Whether an object satisfies a condition.
    pub(super) fn holds(&self, condition: &Expr, id: InstanceId) -> Answer {
        match self.outcome(condition, id) {
            Outcome::Value(Value::Bool(true)) => Answer::Yes,
            Outcome::Expired => Answer::Expired,
            Outcome::Value(_) | Outcome::Unknown => Answer::No,
        }
    }

    /// The value of an expression for an object, if it can be told.
    pub(super) fn value(&self, expr: &Expr, id: InstanceId) -> Option<Value> {
        self.check(expr).ok()?;
        match self.outcome(expr, id) {
            Outcome::Value(value) => Some(value),
            Outcome::Expired | Outcome::Unknown => None,
        }
    }

    fn outcome(&self, expr: &Expr, id: InstanceId) -> Outcome {
        match expr.kind() {
            Kind::Column(_) => {
                let attribute = expr.schema_column().and_then(|c| self.mapper.attribute_of(c));
                let Some(attribute) = attribute else { return Outcome::Unknown };
                match self.orm.instances[id].column(attribute) {
                    Slot::Value(value) => Outcome::Value(value.clone()),
                    Slot::Absent => Outcome::Value(Value::Null),
                    Slot::Expired | Slot::Deferred | Slot::Expression(_) => Outcome::Expired,
                }
            }
            Kind::Bind(bind) => match &bind.value {
                BindValue::One(value) => Outcome::Value(value.clone()),
                BindValue::Many(_) | BindValue::Tuples(_) | BindValue::Required => Outcome::Unknown,
            },
            Kind::Null => Outcome::Value(Value::Null),
            Kind::True => Outcome::Value(Value::Bool(true)),
            Kind::False => Outcome::Value(Value::Bool(false)),
            Kind::Grouping(inner) => self.outcome(inner, id),
            Kind::AsBoolean(op, inner) => match self.outcome(inner, id) {
                Outcome::Value(value) if !value.is_null() => {
                    let truth = value.as_int().is_some_and(|int| int != 0);
                    Outcome::Value(Value::Bool(truth == (*op == Op::IsTrue)))
                }
                other => other,
            },
            Kind::Unary(Op::Inv, inner) => match self.outcome(inner, id) {
                Outcome::Value(Value::Bool(truth)) => Outcome::Value(Value::Bool(!truth)),
                other => other,
            },
            Kind::List(list) => self.list(&list.op, &list.items, id),
            Kind::Binary(binary) => match (&binary.op, binary.right.as_bind()) {
                (Op::In | Op::NotIn, Some(bind)) => {
                    self.within(&binary.left, &bind.value, binary.op == Op::NotIn, id)
                }
                _ => match (self.outcome(&binary.left, id), self.outcome(&binary.right, id)) {
                    (Outcome::Value(left), Outcome::Value(right)) => {
                        operate(&binary.op, &left, &right)
                    }
                    (Outcome::Unknown, _) | (_, Outcome::Unknown) => Outcome::Unknown,
                    _ => Outcome::Expired,
                },
            },
            _ => Outcome::Unknown,
        }
    }

    fn list(&self, op: &Op, items: &[Expr], id: InstanceId) -> Outcome {
        let stop = Value::Bool(*op == Op::Or);
        let mut result = Outcome::Value(Value::Bool(*op == Op::And));
        for item in items {
            match self.outcome(item, id) {
                Outcome::Value(value) if value == stop && !value.is_null() => {
                    return Outcome::Value(value);
                }
                Outcome::Value(Value::Null) => result = Outcome::Value(Value::Null),
                Outcome::Value(_) => {}
                other => result = other,
            }
        }
        result
    }

    fn within(&self, left: &Expr, values: &BindValue, negate: bool, id: InstanceId) -> Outcome {
        let BindValue::Many(values) = values else { return Outcome::Unknown };
        match self.outcome(left, id) {
            Outcome::Value(Value::Null) => Outcome::Value(Value::Null),
            Outcome::Value(value) => Outcome::Value(Value::Bool(values.contains(&value) != negate)),
            other => other,
        }
    }
}

fn is_known(op: &Op) -> bool {
    matches!(
        op,
        Op::Eq
            | Op::Ne
            | Op::Lt
            | Op::Le
            | Op::Gt
            | Op::Ge
            | Op::Is
            | Op::IsNot
            | Op::In
            | Op::NotIn
            | Op::Add
            | Op::Sub
            | Op::Mul
            | Op::Concat
            | Op::StartsWith
            | Op::EndsWith
    )
}

/// A binary operator as Python computes it; NULL makes everything but IS unknown.
fn operate(op: &Op, left: &Value, right: &Value) -> Outcome {
    let truth = |truth: bool| Outcome::Value(Value::Bool(truth));
    match op {
        Op::Is => return truth(left == right && left.is_null() == right.is_null()),
        Op::IsNot => return truth(left != right || left.is_null() != right.is_null()),
        _ if left.is_null() || right.is_null() => return Outcome::Value(Value::Null),
        Op::Eq => return truth(left == right),
        Op::Ne => return truth(left != right),
        _ => {}
    }
    match (left, right) {
        (Value::Text(a), Value::Text(b)) => match op {
            Op::Concat | Op::Add => Outcome::Value(Value::text(format!("{a}{b}"))),
            Op::Lt => truth(a < b),
            Op::Le => truth(a <= b),
            Op::Gt => truth(a > b),
            Op::Ge => truth(a >= b),
            Op::StartsWith => truth(a.starts_with(&**b)),
            Op::EndsWith => truth(a.ends_with(&**b)),
            _ => Outcome::Unknown,
        },
        (Value::Real(_), _) | (_, Value::Real(_)) => reals(op, left, right),
        (Value::Date(a), Value::Date(b)) => ordered(op, a, b),
        (Value::DateTime(a), Value::DateTime(b)) => ordered(op, a, b),
        (Value::Decimal(a), Value::Decimal(b)) => ordered(op, a, b),
        _ => match (left.as_int(), right.as_int()) {
            (Some(a), Some(b)) => integers(op, a, b),
            _ => Outcome::Unknown,
        },
    }
}

fn integers(op: &Op, a: i64, b: i64) -> Outcome {
    let number = match op {
        Op::Add => a.checked_add(b),
        Op::Sub => a.checked_sub(b),
        Op::Mul => a.checked_mul(b),
        _ => return ordered(op, &a, &b),
    };
    number.map_or(Outcome::Unknown, |number| Outcome::Value(Value::Int(number)))
}

fn reals(op: &Op, left: &Value, right: &Value) -> Outcome {
    let real = |value: &Value| match value {
        Value::Real(real) => Some(*real),
        other => other.as_int().and_then(|int| i32::try_from(int).ok()).map(f64::from),
    };
    let (Some(a), Some(b)) = (real(left), real(right)) else { return Outcome::Unknown };
    match op {
        Op::Add => Outcome::Value(Value::Real(a + b)),
        Op::Sub => Outcome::Value(Value::Real(a - b)),
        Op::Mul => Outcome::Value(Value::Real(a * b)),
        _ => ordered(op, &a, &b),
    }
}

fn ordered<T: PartialOrd>(op: &Op, a: &T, b: &T) -> Outcome {
    Outcome::Value(Value::Bool(match op {
        Op::Lt => a < b,
        Op::Le => a <= b,
        Op::Gt => a > b,
        Op::Ge => a >= b,
        _ => return Outcome::Unknown,
    }))
}
