//! `decimal`: numbers of up to 28 digits.

use std::rc::Rc;
use std::str::FromStr;

use num_traits::{FromPrimitive, ToPrimitive};
use rust_decimal::RoundingStrategy;

use crate::host::{Args, BinaryOperator, ClassBuilder, Compare, Object, Raise, UnaryOperator};
use crate::value::{Class, Module, Str, Value, big};
use crate::vm::Vm;

type Number = rust_decimal::Decimal;

/// A decimal number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal(pub Number);

impl Decimal {
    fn operand(value: &Value) -> Option<Number> {
        if let Some(decimal) = value.downcast_ref::<Self>() {
            return Some(decimal.0);
        }
        match value {
            Value::Int(int) => Some(Number::from(*int)),
            Value::Bool(flag) => Some(Number::from(i64::from(*flag))),
            Value::Big(_) => Number::from_i128(big(value)?.to_i128()?),
            _ => None,
        }
    }

    /// The text, as Python writes it.
    pub fn text(self) -> String {
        self.0.to_string()
    }
}

fn invalid(vm: &mut Vm, class: &str, message: &str) -> Raise {
    let class = vm.named_class(&format!("decimal.{class}"));
    vm.raise(&class, vec![Value::from(message)])
}

fn overflow(vm: &mut Vm) -> Raise {
    invalid(vm, "Overflow", "[<class 'decimal.Overflow'>]")
}

impl Object for Decimal {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class("decimal.Decimal")
    }

    fn repr(&self, _: &mut Vm) -> Result<Str, Raise> {
        Ok(format!("Decimal('{}')", self.text()).into())
    }

    fn str(&self, _: &mut Vm) -> Result<Str, Raise> {
        Ok(self.text().into())
    }

    fn truth(&self, _: &mut Vm) -> Result<Option<bool>, Raise> {
        Ok(Some(!self.0.is_zero()))
    }

    fn hash(&self, vm: &mut Vm) -> Result<u64, Raise> {
        if self.0.fract().is_zero() {
            let int = Value::int(self.0.to_i128().unwrap_or(0).into());
            return vm.hash(&int);
        }
        vm.hash(&Value::Float(self.0.to_f64().unwrap_or(0.0)))
    }

    fn format(&self, vm: &mut Vm, specification: &str) -> Result<Option<Str>, Raise> {
        if specification.is_empty() {
            return Ok(None);
        }
        // Round exactly before the text is made; the rest is the format of a float's digits.
        let head = specification.trim_end_matches(['f', 'F']);
        let (layout, places) = match head.split_once('.') {
            Some((layout, places)) => (layout, places.parse::<u32>().ok()),
            None => (head, None),
        };
        if specification.ends_with(['%', 'e', 'E', 'g', 'G']) {
            let float = Value::Float(self.0.to_f64().unwrap_or(0.0));
            return vm.format(&float, specification).map(Some);
        }
        let places = places.unwrap_or(self.0.scale());
        let rounded = self.0.round_dp_with_strategy(places, RoundingStrategy::MidpointNearestEven);
        let digits = usize::try_from(places).unwrap_or(0);
        let text = format!("{:.digits$}", rounded.abs());
        let (whole, fraction) = match text.split_once('.') {
            Some((whole, fraction)) => (whole.to_owned(), format!(".{fraction}")),
            None => (text, String::new()),
        };
        let grouped = layout.contains(',');
        let whole = if grouped { group(&whole) } else { whole };
        let sign = if rounded.is_sign_negative() {
            "-"
        } else if layout.contains('+') {
            "+"
        } else {
            ""
        };
        let body = Value::from(format!("{sign}{whole}{fraction}"));
        let layout: String = layout.chars().filter(|c| !matches!(c, ',' | '+')).collect();
        if layout.is_empty() {
            return Ok(body.as_str());
        }
        let aligned = if layout.starts_with(['<', '>', '^']) || layout.contains(['<', '>', '^']) {
            layout
        } else {
            format!(">{layout}")
        };
        vm.format(&body, &aligned).map(Some)
    }

    fn compare(self: Rc<Self>, _: &mut Vm, by: Compare, other: &Value) -> Result<Value, Raise> {
        let other = match other {
            Value::Float(float) => Number::from_f64(*float),
            other => Self::operand(other),
        };
        Ok(match other {
            Some(other) => Value::Bool(by.accepts(self.0.cmp(&other))),
            None => Value::NotImplemented,
        })
    }

    fn unary(self: Rc<Self>, _: &mut Vm, operator: UnaryOperator) -> Result<Value, Raise> {
        Ok(match operator {
            UnaryOperator::Plus => Value::Object(self),
            UnaryOperator::Minus => Value::object(Self(-self.0)),
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
        let Some(other) = Self::operand(other) else { return Ok(Value::NotImplemented) };
        let (a, b) = if reflected { (other, self.0) } else { (self.0, other) };
        let dividing = matches!(
            operator,
            BinaryOperator::Div | BinaryOperator::FloorDiv | BinaryOperator::Mod
        );
        if dividing && b.is_zero() {
            return Err(invalid(vm, "DivisionByZero", "[<class 'decimal.DivisionByZero'>]"));
        }
        let result = match operator {
            BinaryOperator::Add => {
                a.checked_add(b).map(|sum| rescale(sum, a.scale().max(b.scale())))
            }
            BinaryOperator::Sub => {
                a.checked_sub(b).map(|sum| rescale(sum, a.scale().max(b.scale())))
            }
            BinaryOperator::Mul => {
                a.checked_mul(b).map(|product| rescale(product, a.scale() + b.scale()))
            }
            BinaryOperator::Div => a.checked_div(b).map(|quotient| {
                let ideal = a.scale().saturating_sub(b.scale());
                let normal = significant(quotient).normalize();
                if normal.scale() < ideal { rescale(normal, ideal) } else { normal }
            }),
            BinaryOperator::FloorDiv => a.checked_div(b).map(|quotient| quotient.trunc()),
            BinaryOperator::Mod => a.checked_rem(b),
            BinaryOperator::Pow => power(a, b),
            _ => return Ok(Value::NotImplemented),
        };
        match result {
            Some(value) => Ok(Value::object(Self(value))),
            None => Err(overflow(vm)),
        }
    }
}

/// Rounds to the 28 digits of Python's default context.
fn significant(value: Number) -> Number {
    let digits = value.mantissa().unsigned_abs().to_string().len();
    match u32::try_from(digits.saturating_sub(28)) {
        Ok(surplus @ 1..) => value.round_dp_with_strategy(
            value.scale().saturating_sub(surplus),
            RoundingStrategy::MidpointNearestEven,
        ),
        _ => value,
    }
}

/// Shows as many decimal places as Python would, where they fit.
fn rescale(mut value: Number, scale: u32) -> Number {
    if value.scale() < scale && scale <= 28 {
        value.rescale(scale);
    }
    value
}

fn power(base: Number, exponent: Number) -> Option<Number> {
    let count = exponent.to_i64().filter(|_| exponent.fract().is_zero())?;
    let mut result = Number::ONE;
    for _ in 0..count.unsigned_abs().min(10_000) {
        result = result.checked_mul(base)?;
    }
    if count < 0 { Number::ONE.checked_div(result) } else { Some(result) }
}

fn group(digits: &str) -> String {
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn parse(text: &str) -> Option<Number> {
    let clean = text.trim().replace('_', "");
    Number::from_str(&clean).or_else(|_| Number::from_scientific(&clean)).ok()
}

fn new(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [_, value, _] = args.bind(vm, "Decimal(cls, value=, context=)")?;
    let value = value.unwrap_or(Value::Int(0));
    if let Some(number) = Decimal::operand(&value) {
        return Ok(Value::object(Decimal(number)));
    }
    match &value {
        Value::Float(float) => match Number::from_f64_retain(*float) {
            Some(number) => Ok(Value::object(Decimal(number))),
            None => Err(overflow(vm)),
        },
        Value::Str(text) => match parse(text) {
            Some(number) => Ok(Value::object(Decimal(number))),
            None => {
                let message = "[<class 'decimal.ConversionSyntax'>]";
                Err(invalid(vm, "InvalidOperation", message))
            }
        },
        other => {
            let class = vm.class_of(other).name();
            Err(vm.type_error(format!("conversion from {class} to Decimal is not supported")))
        }
    }
}

fn this(vm: &mut Vm, args: &Args) -> Result<Number, Raise> {
    Ok(args.this::<Decimal>(vm)?.0)
}

fn strategy(vm: &mut Vm, rounding: Option<&Value>) -> Result<RoundingStrategy, Raise> {
    let Some(name) = rounding.and_then(Value::as_str) else {
        return Ok(RoundingStrategy::MidpointNearestEven);
    };
    Ok(match &*name {
        "ROUND_HALF_EVEN" => RoundingStrategy::MidpointNearestEven,
        "ROUND_HALF_UP" => RoundingStrategy::MidpointAwayFromZero,
        "ROUND_HALF_DOWN" => RoundingStrategy::MidpointTowardZero,
        "ROUND_UP" => RoundingStrategy::AwayFromZero,
        "ROUND_DOWN" => RoundingStrategy::ToZero,
        "ROUND_CEILING" => RoundingStrategy::ToPositiveInfinity,
        "ROUND_FLOOR" => RoundingStrategy::ToNegativeInfinity,
        _ => return Err(vm.type_error("valid values for rounding are the ROUND_ constants")),
    })
}

fn quantize(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let number = this(vm, &args)?;
    let [_, exponent, rounding, _] = args.bind(vm, "quantize(self, exp, rounding=, context=)")?;
    let rounding = strategy(vm, rounding.as_ref())?;
    let Some(exponent) = Decimal::operand(&exponent.unwrap_or_default()) else {
        return Err(vm.type_error("conversion to Decimal is not supported"));
    };
    let scale = exponent.scale();
    let rounded = number.round_dp_with_strategy(scale, rounding);
    Ok(Value::object(Decimal(rescale(rounded, scale))))
}

fn round(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let number = this(vm, &args)?;
    let even = RoundingStrategy::MidpointNearestEven;
    match args.get(1) {
        None | Some(Value::None) => {
            let whole = number.round_dp_with_strategy(0, even);
            Ok(Value::int(whole.to_i128().unwrap_or(0).into()))
        }
        Some(digits) => {
            let scale = u32::try_from(vm.index(digits)?).unwrap_or(0);
            let rounded = number.round_dp_with_strategy(scale, even);
            Ok(Value::object(Decimal(rescale(rounded, scale))))
        }
    }
}

fn integer(vm: &mut Vm, args: &Args, by: fn(&Number) -> Number) -> Result<Value, Raise> {
    let number = this(vm, args)?;
    Ok(Value::int(by(&number).to_i128().unwrap_or(0).into()))
}

fn as_tuple(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let number = this(vm, &args)?;
    let digits = number.mantissa().abs().to_string();
    let digits = digits.chars().filter_map(|c| c.to_digit(10)).map(|d| Value::Int(d.into()));
    Ok(Value::tuple(vec![
        Value::Int(i64::from(number.is_sign_negative())),
        Value::tuple(digits.collect()),
        Value::Int(-i64::from(number.scale())),
    ]))
}

fn normalize(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    Ok(Value::object(Decimal(this(vm, &args)?.normalize())))
}

fn get_context(vm: &mut Vm, _: Args) -> Result<Value, Raise> {
    let class = vm.named_class("decimal.Context");
    let context = crate::value::Instance::new(class);
    context.set("prec", Value::Int(28));
    context.set("rounding", "ROUND_HALF_EVEN".into());
    Ok(Value::Instance(context))
}

pub(super) fn build(vm: &mut Vm, module: &Rc<Module>) -> Result<(), Raise> {
    let class = ClassBuilder::new("decimal", "Decimal")
        .constructor(new)
        .method("quantize", quantize)
        .method("__round__", round)
        .method("as_tuple", as_tuple)
        .method("normalize", normalize)
        .method("__int__", |vm, args| integer(vm, &args, Number::trunc))
        .method("__trunc__", |vm, args| integer(vm, &args, Number::trunc))
        .method("__floor__", |vm, args| integer(vm, &args, Number::floor))
        .method("__ceil__", |vm, args| integer(vm, &args, Number::ceil))
        .method("to_integral_value", |vm, args| {
            let even = RoundingStrategy::MidpointNearestEven;
            Ok(Value::object(Decimal(this(vm, &args)?.round_dp_with_strategy(0, even))))
        })
        .method("__float__", |vm, args| {
            Ok(Value::Float(this(vm, &args)?.to_string().parse().unwrap_or(0.0)))
        })
        .method("__abs__", |vm, args| Ok(Value::object(Decimal(this(vm, &args)?.abs()))))
        .method("copy_abs", |vm, args| Ok(Value::object(Decimal(this(vm, &args)?.abs()))))
        .method("is_zero", |vm, args| Ok(Value::Bool(this(vm, &args)?.is_zero())))
        .method("is_signed", |vm, args| Ok(Value::Bool(this(vm, &args)?.is_sign_negative())))
        .method("is_nan", |_, _| Ok(Value::Bool(false)))
        .method("is_infinite", |_, _| Ok(Value::Bool(false)))
        .method("sqrt", |vm, args| {
            let root = this(vm, &args)?.to_f64().unwrap_or(0.0).sqrt();
            Ok(Value::object(Decimal(Number::from_f64(root).unwrap_or_default())))
        })
        .build(vm);
    module.set("Decimal", Value::Class(class));
    let context = ClassBuilder::new("decimal", "Context").build(vm);
    module.set("Context", Value::Class(context));
    module.set("getcontext", Value::function("getcontext", get_context));
    let arithmetic = vm.exception("ArithmeticError");
    let base = ClassBuilder::new("decimal", "DecimalException").base(&arithmetic).build(vm);
    for name in ["InvalidOperation", "Overflow", "Inexact", "Rounded"] {
        let class = ClassBuilder::new("decimal", name).base(&base).build(vm);
        module.set(name, Value::Class(class));
    }
    let zero = vm.exception("ZeroDivisionError");
    let class = ClassBuilder::new("decimal", "DivisionByZero").base(&base).base(&zero).build(vm);
    module.set("DivisionByZero", Value::Class(class));
    module.set("DecimalException", Value::Class(base));
    for name in [
        "ROUND_HALF_EVEN",
        "ROUND_HALF_UP",
        "ROUND_HALF_DOWN",
        "ROUND_UP",
        "ROUND_DOWN",
        "ROUND_CEILING",
        "ROUND_FLOOR",
    ] {
        module.set(name, name.into());
    }
    Ok(())
}
