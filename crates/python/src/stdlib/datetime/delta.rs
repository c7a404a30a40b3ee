//! `timedelta`.

use std::rc::Rc;

use crate::host::{Args, BinaryOperator, ClassBuilder, Compare, Object, Raise, UnaryOperator};
use crate::value::{Class, Str, Value};
use crate::vm::Vm;

const SECOND: i128 = 1_000_000;
const DAY: i128 = 86_400 * SECOND;

/// A span of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeDelta {
    /// Its length.
    pub microseconds: i128,
}

impl TimeDelta {
    pub(super) fn from_days(days: i64) -> Self {
        Self { microseconds: i128::from(days) * DAY }
    }

    /// Whole days, rounded down.
    pub(super) fn days(self) -> i64 {
        i64::try_from(self.microseconds.div_euclid(DAY)).unwrap_or(0)
    }

    fn seconds(self) -> i64 {
        i64::try_from(self.microseconds.rem_euclid(DAY) / SECOND).unwrap_or(0)
    }

    fn micros(self) -> i64 {
        i64::try_from(self.microseconds.rem_euclid(SECOND)).unwrap_or(0)
    }

    /// The length in seconds.
    pub fn total_seconds(self) -> f64 {
        let micros = i64::try_from(self.microseconds).unwrap_or(i64::MAX);
        int_to_float(micros) / 1e6
    }

    fn checked(vm: &mut Vm, microseconds: i128) -> Result<Value, Raise> {
        let days = microseconds.div_euclid(DAY);
        if days.abs() > 999_999_999 {
            return Err(
                vm.error("OverflowError", format!("days={days}; must have magnitude <= 999999999"))
            );
        }
        Ok(Value::object(Self { microseconds }))
    }
}

/// An integer as a float; exact below 2^53, which microseconds of 285 years are.
fn int_to_float(value: i64) -> f64 {
    num_traits::ToPrimitive::to_f64(&value).unwrap_or(0.0)
}

impl Object for TimeDelta {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        super::class(vm, "datetime.timedelta")
    }

    fn repr(&self, _: &mut Vm) -> Result<Str, Raise> {
        let mut parts = Vec::new();
        for (name, value) in
            [("days", self.days()), ("seconds", self.seconds()), ("microseconds", self.micros())]
        {
            if value != 0 {
                parts.push(format!("{name}={value}"));
            }
        }
        let parts = if parts.is_empty() { "0".to_owned() } else { parts.join(", ") };
        Ok(format!("datetime.timedelta({parts})").into())
    }

    fn str(&self, _: &mut Vm) -> Result<Str, Raise> {
        let (days, seconds, micros) = (self.days(), self.seconds(), self.micros());
        let mut out = String::new();
        if days != 0 {
            let plural = if days.abs() == 1 { "" } else { "s" };
            out = format!("{days} day{plural}, ");
        }
        out += &format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
        if micros != 0 {
            out += &format!(".{micros:06}");
        }
        Ok(out.into())
    }

    fn truth(&self, _: &mut Vm) -> Result<Option<bool>, Raise> {
        Ok(Some(self.microseconds != 0))
    }

    fn hash(&self, _: &mut Vm) -> Result<u64, Raise> {
        Ok(u64::try_from(self.microseconds.rem_euclid(1 << 61)).unwrap_or(0))
    }

    fn compare(self: Rc<Self>, _: &mut Vm, by: Compare, other: &Value) -> Result<Value, Raise> {
        Ok(match other.downcast_ref::<Self>() {
            Some(other) => Value::Bool(by.accepts(self.as_ref().cmp(other))),
            None => Value::NotImplemented,
        })
    }

    fn unary(self: Rc<Self>, _: &mut Vm, operator: UnaryOperator) -> Result<Value, Raise> {
        Ok(match operator {
            UnaryOperator::Plus => Value::Object(self),
            UnaryOperator::Minus => Value::object(Self { microseconds: -self.microseconds }),
            UnaryOperator::Invert => Value::NotImplemented,
        })
    }

    fn binary(
        self: Rc<Self>,
        vm: &mut Vm,
        operator: BinaryOperator,
        other: &Value,
        reflected: bool,
    ) -> Result<Value, Raise> {
        if let Some(other) = other.downcast_ref::<Self>() {
            let (a, b) = if reflected {
                (other.microseconds, self.microseconds)
            } else {
                (self.microseconds, other.microseconds)
            };
            return with_delta(vm, operator, a, b);
        }
        let micros = self.microseconds;
        match (operator, other) {
            (BinaryOperator::Mul, Value::Int(factor)) => {
                Self::checked(vm, micros.saturating_mul(i128::from(*factor)))
            }
            (BinaryOperator::Mul, Value::Float(factor)) => {
                let value = self.total_seconds() * 1e6 * factor;
                Self::checked(vm, rounded(value))
            }
            (BinaryOperator::FloorDiv | BinaryOperator::Div, Value::Int(0)) if !reflected => {
                Err(vm.error("ZeroDivisionError", "integer division or modulo by zero"))
            }
            (BinaryOperator::FloorDiv, Value::Int(divisor)) if !reflected => {
                Self::checked(vm, micros.div_euclid(i128::from(*divisor)))
            }
            (BinaryOperator::Div, Value::Int(divisor)) if !reflected => {
                let value = self.total_seconds() * 1e6 / int_to_float(*divisor);
                Self::checked(vm, rounded(value))
            }
            (BinaryOperator::Div, Value::Float(divisor)) if !reflected => {
                let value = self.total_seconds() * 1e6 / divisor;
                Self::checked(vm, rounded(value))
            }
            _ => Ok(Value::NotImplemented),
        }
    }
}

/// A float as a number of microseconds.
fn rounded(value: f64) -> i128 {
    num_traits::ToPrimitive::to_i128(&value.round_ties_even()).unwrap_or(i128::MAX / 2)
}

fn with_delta(vm: &mut Vm, operator: BinaryOperator, a: i128, b: i128) -> Result<Value, Raise> {
    match operator {
        BinaryOperator::Add => TimeDelta::checked(vm, a + b),
        BinaryOperator::Sub => TimeDelta::checked(vm, a - b),
        BinaryOperator::Div | BinaryOperator::FloorDiv | BinaryOperator::Mod if b == 0 => {
            Err(vm.error("ZeroDivisionError", "division by zero"))
        }
        BinaryOperator::Div => {
            let float = |value: i128| num_traits::ToPrimitive::to_f64(&value).unwrap_or(0.0);
            Ok(Value::Float(float(a) / float(b)))
        }
        BinaryOperator::FloorDiv => {
            Ok(Value::Int(i64::try_from(a.div_euclid(b)).unwrap_or(i64::MAX)))
        }
        BinaryOperator::Mod => TimeDelta::checked(vm, a.rem_euclid(b)),
        _ => Ok(Value::NotImplemented),
    }
}

fn new(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [_, days, seconds, microseconds, milliseconds, minutes, hours, weeks] = args.bind(
        vm,
        "timedelta(cls, days=, seconds=, microseconds=, milliseconds=, minutes=, hours=, weeks=)",
    )?;
    let units = [
        (days, DAY),
        (seconds, SECOND),
        (microseconds, 1),
        (milliseconds, 1000),
        (minutes, 60 * SECOND),
        (hours, 3600 * SECOND),
        (weeks, 7 * DAY),
    ];
    let mut whole: i128 = 0;
    let mut part = 0.0;
    for (value, unit) in units {
        match value {
            None => {}
            Some(Value::Float(value)) => {
                let micros = num_traits::ToPrimitive::to_f64(&unit).unwrap_or(0.0);
                let days = value.trunc();
                let units = num_traits::ToPrimitive::to_i128(&days).unwrap_or(0);
                whole = whole.saturating_add(units.saturating_mul(unit));
                part += (value - days) * micros;
            }
            Some(other) => {
                let count = vm.index(&other)?;
                whole = whole.saturating_add(i128::from(count).saturating_mul(unit));
            }
        }
    }
    TimeDelta::checked(vm, whole.saturating_add(rounded(part)))
}

fn this(vm: &mut Vm, args: &Args) -> Result<Rc<TimeDelta>, Raise> {
    args.this::<TimeDelta>(vm)
}

pub(super) fn class(vm: &mut Vm) -> Rc<Class> {
    let class = ClassBuilder::new("datetime", "timedelta")
        .constructor(new)
        .method("total_seconds", |vm, args| Ok(Value::Float(this(vm, &args)?.total_seconds())))
        .method("__abs__", |vm, args| {
            let delta = this(vm, &args)?;
            Ok(Value::object(TimeDelta { microseconds: delta.microseconds.abs() }))
        })
        .property("days", |vm, args| Ok(Value::Int(this(vm, &args)?.days())))
        .property("seconds", |vm, args| Ok(Value::Int(this(vm, &args)?.seconds())))
        .property("microseconds", |vm, args| Ok(Value::Int(this(vm, &args)?.micros())))
        .build(vm);
    let limit = 999_999_999 * DAY;
    class.set("min", Value::object(TimeDelta { microseconds: -limit }));
    class.set("max", Value::object(TimeDelta { microseconds: limit + DAY - 1 }));
    class.set("resolution", Value::object(TimeDelta { microseconds: 1 }));
    class
}
