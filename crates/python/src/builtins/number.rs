//! `int`, `float` and `bool`.

use num_bigint::{BigInt, Sign};
use num_traits::{Signed, Zero};

use super::list::wrap;
use crate::host::{Args, Raise};
use crate::value::{Value, big, float_to_big, parse_float, parse_int};
use crate::vm::{Kind, Vm};

fn new_int(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [class, value, base] = args.bind(vm, "int(cls, x=, /, base=)")?;
    let value = match (value, base) {
        (None, _) => Value::Int(0),
        (Some(value), Some(base)) => {
            let base = vm.index(&base)?;
            match value.as_str() {
                Some(text) => text_to_int(vm, &text, base)?,
                None => {
                    return Err(vm.type_error("int() can't convert non-string with explicit base"));
                }
            }
        }
        (Some(value), None) => to_int(vm, &value)?,
    };
    wrap(vm, &class.unwrap_or_default(), value, Kind::Int)
}

/// `int(value)`.
pub(super) fn to_int(vm: &mut Vm, value: &Value) -> Result<Value, Raise> {
    match value {
        Value::Int(_) | Value::Big(_) => Ok(value.clone()),
        Value::Bool(value) => Ok(Value::Int(i64::from(*value))),
        Value::Float(float) => float_to_int(vm, *float),
        Value::Str(text) => text_to_int(vm, text, 10),
        Value::Bytes(bytes) => {
            let text = String::from_utf8_lossy(bytes).into_owned();
            text_to_int(vm, &text, 10)
        }
        other => {
            for name in ["__int__", "__index__", "__trunc__"] {
                if let Some(method) = vm.special_method(other, name) {
                    return vm.call(&method, [other.clone()]);
                }
            }
            if let Value::Instance(instance) = other
                && let Some(base) = instance.base()
            {
                return to_int(vm, &base);
            }
            let class = vm.class_of(other).name();
            Err(vm.type_error(format!(
                "int() argument must be a string, a bytes-like object or a real number, not '{class}'"
            )))
        }
    }
}

fn float_to_int(vm: &mut Vm, float: f64) -> Result<Value, Raise> {
    if float.is_nan() {
        return Err(vm.value_error("cannot convert float NaN to integer"));
    }
    match float_to_big(float) {
        Some(value) => Ok(Value::int(value)),
        None => Err(vm.error("OverflowError", "cannot convert float infinity to integer")),
    }
}

fn text_to_int(vm: &mut Vm, text: &str, base: i64) -> Result<Value, Raise> {
    let radix = u32::try_from(base).ok().filter(|base| *base == 0 || (2..=36).contains(base));
    let Some(radix) = radix else {
        return Err(vm.value_error("int() base must be >= 2 and <= 36, or 0"));
    };
    if text.len() > 4300 && !radix.is_power_of_two() {
        return Err(vm.value_error(format!(
            "Exceeds the limit (4300 digits) for integer string conversion: value has {} digits; \
             use sys.set_int_max_str_digits() to increase the limit",
            text.len()
        )));
    }
    match parse_int(text, radix) {
        Some(value) => Ok(Value::int(value)),
        None => {
            let quoted = super::quote_str(text);
            Err(vm.value_error(format!("invalid literal for int() with base {base}: {quoted}")))
        }
    }
}

fn new_float(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [class, value] = args.bind(vm, "float(cls, x=, /)")?;
    let value = value.unwrap_or(Value::Float(0.0));
    let float = to_float(vm, &value)?;
    wrap(vm, &class.unwrap_or_default(), Value::Float(float), Kind::Float)
}

fn to_float(vm: &mut Vm, value: &Value) -> Result<f64, Raise> {
    match value {
        Value::Float(float) => Ok(*float),
        Value::Int(_) | Value::Bool(_) | Value::Big(_) => vm.to_float(value),
        Value::Str(text) => match parse_float(text) {
            Some(float) => Ok(float),
            None => {
                let quoted = super::quote_str(text);
                Err(vm.value_error(format!("could not convert string to float: {quoted}")))
            }
        },
        other => {
            for name in ["__float__", "__index__"] {
                if let Some(method) = vm.special_method(other, name) {
                    let result = vm.call(&method, [other.clone()])?;
                    return vm.to_float(&result);
                }
            }
            if let Value::Instance(instance) = other
                && let Some(base) = instance.base()
            {
                return to_float(vm, &base);
            }
            let class = vm.class_of(other).name();
            Err(vm.type_error(format!(
                "float() argument must be a string or a real number, not '{class}'"
            )))
        }
    }
}

fn new_bool(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    match args.get(1) {
        Some(value) => vm.truth(value).map(Value::Bool),
        None => Ok(Value::Bool(false)),
    }
}

fn this(args: &Args) -> BigInt {
    big(&args.at(0)).unwrap_or_default()
}

fn float(args: &Args) -> f64 {
    match args.at(0).unwrapped() {
        Value::Float(float) => float,
        _ => 0.0,
    }
}

fn bit_length(_: &mut Vm, args: Args) -> Result<Value, Raise> {
    Ok(Value::Int(i64::try_from(this(&args).bits()).unwrap_or(i64::MAX)))
}

fn bit_count(_: &mut Vm, args: Args) -> Result<Value, Raise> {
    let ones: u64 = this(&args).iter_u64_digits().map(|digit| u64::from(digit.count_ones())).sum();
    Ok(Value::Int(i64::try_from(ones).unwrap_or(i64::MAX)))
}

fn to_bytes(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let value = this(&args);
    let [_, length, order, signed] =
        args.bind(vm, "to_bytes(self, length=, byteorder=, *, signed=)")?;
    let length = match length {
        Some(length) => usize::try_from(vm.index(&length)?).unwrap_or(0),
        None => 1,
    };
    let little = order.and_then(|order| order.as_str()).is_some_and(|order| &*order == "little");
    let signed = signed.is_some_and(|signed| matches!(signed, Value::Bool(true)));
    if value.is_negative() && !signed {
        return Err(vm.error("OverflowError", "can't convert negative int to unsigned"));
    }
    let mut bytes =
        if signed { value.to_signed_bytes_le() } else { value.magnitude().to_bytes_le() };
    if value.is_zero() {
        bytes.clear();
    }
    if bytes.len() > length {
        return Err(vm.error("OverflowError", "int too big to convert"));
    }
    vm.reserve(length)?;
    bytes.resize(length, if value.is_negative() { 0xFF } else { 0 });
    if !little {
        bytes.reverse();
    }
    Ok(Value::Bytes(bytes.into()))
}

fn from_bytes(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [_, bytes, order, signed] =
        args.bind(vm, "from_bytes(cls, bytes, byteorder=, *, signed=)")?;
    let Some(Value::Bytes(bytes)) = bytes else {
        return Err(vm.type_error("cannot convert to bytes"));
    };
    let little = order.and_then(|order| order.as_str()).is_some_and(|order| &*order == "little");
    let signed = signed.is_some_and(|signed| matches!(signed, Value::Bool(true)));
    Ok(Value::int(match (signed, little) {
        (true, true) => BigInt::from_signed_bytes_le(&bytes),
        (true, false) => BigInt::from_signed_bytes_be(&bytes),
        (false, true) => BigInt::from_bytes_le(Sign::Plus, &bytes),
        (false, false) => BigInt::from_bytes_be(Sign::Plus, &bytes),
    }))
}

fn itself(_: &mut Vm, args: Args) -> Result<Value, Raise> {
    Ok(args.at(0).unwrapped())
}

fn is_integer(_: &mut Vm, args: Args) -> Result<Value, Raise> {
    let value = float(&args);
    Ok(Value::Bool(value.is_finite() && value.fract() == 0.0))
}

fn as_integer_ratio(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let value = match args.at(0).unwrapped() {
        Value::Float(value) => value,
        other => return Ok(Value::tuple(vec![other, Value::Int(1)])),
    };
    if !value.is_finite() {
        return Err(vm.error("OverflowError", "cannot convert Infinity to integer ratio"));
    }
    let mut numerator = value;
    let mut shift = 0_u32;
    while numerator.fract() != 0.0 && shift < 1100 {
        numerator *= 2.0;
        shift += 1;
    }
    let top = float_to_big(numerator).unwrap_or_default();
    let bottom = BigInt::from(1) << shift;
    Ok(Value::tuple(vec![Value::int(top), Value::int(bottom)]))
}

fn float_hex(_: &mut Vm, args: Args) -> Result<Value, Raise> {
    let value = float(&args);
    let bits = value.to_bits();
    let exponent = i64::try_from((bits >> 52) & 0x7FF).unwrap_or(0) - 1023;
    let sign = if value.is_sign_negative() { "-" } else { "" };
    if value == 0.0 {
        return Ok(Value::from(format!("{sign}0x0.0p+0")));
    }
    Ok(Value::from(format!("{sign}0x1.{:013x}p{exponent:+}", bits & ((1 << 52) - 1))))
}

/// `round(value, digits)`.
pub(super) fn round(vm: &mut Vm, value: &Value, digits: Option<i64>) -> Result<Value, Raise> {
    match value {
        Value::Bool(value) => Ok(Value::Int(i64::from(*value))),
        Value::Int(_) | Value::Big(_) => match digits {
            Some(digits @ ..0) => {
                let unit = BigInt::from(10).pow(u32::try_from(-digits).unwrap_or(0).min(10_000));
                let value = big(value).unwrap_or_default();
                let (quotient, rest) = crate::vm::floor_divide(&value, &unit);
                let twice: BigInt = &rest * 2;
                let odd = (&quotient % 2_i32) != BigInt::zero();
                let up = twice > unit || (twice == unit && odd);
                Ok(Value::int((quotient + i32::from(up)) * unit))
            }
            _ => Ok(value.clone()),
        },
        Value::Float(float) => match digits {
            None => float_to_int(vm, round_half_even(*float)),
            Some(digits) => Ok(Value::Float(round_digits(*float, digits))),
        },
        other => {
            if let Some(method) = vm.special_method(other, "__round__") {
                let mut args = vec![other.clone()];
                args.extend(digits.map(Value::Int));
                return vm.call(&method, args);
            }
            let class = vm.class_of(other).name();
            Err(vm.type_error(format!("type {class} doesn't define __round__ method")))
        }
    }
}

fn round_half_even(value: f64) -> f64 {
    value.round_ties_even()
}

/// Rounds to decimal digits, exactly, as CPython does through the decimal expansion.
fn round_digits(value: f64, digits: i64) -> f64 {
    if !value.is_finite() || digits > 308 {
        return value;
    }
    if digits >= 0 {
        let places = usize::try_from(digits).unwrap_or(0);
        return format!("{value:.places$}").parse().unwrap_or(value);
    }
    let unit = 10_f64.powi(i32::try_from(-digits).unwrap_or(400).min(400));
    if unit.is_infinite() { 0.0 } else { round_half_even(value / unit) * unit }
}

fn real(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    itself(vm, args)
}

pub(super) fn install(vm: &mut Vm) {
    super::set_constructor(vm, Kind::Int, new_int, None);
    super::set_constructor(vm, Kind::Float, new_float, None);
    super::set_constructor(vm, Kind::Bool, new_bool, None);
    super::add_methods(
        vm,
        Kind::Int,
        &[
            ("bit_length", bit_length, None),
            ("bit_count", bit_count, None),
            ("to_bytes", to_bytes, None),
            ("conjugate", itself, None),
            ("as_integer_ratio", as_integer_ratio, None),
        ],
    );
    super::add_methods(
        vm,
        Kind::Float,
        &[
            ("is_integer", is_integer, None),
            ("as_integer_ratio", as_integer_ratio, None),
            ("hex", float_hex, None),
            ("conjugate", itself, None),
        ],
    );
    let int = vm.kind(Kind::Int);
    let from_bytes = super::Property::class_method(Value::function("from_bytes", from_bytes));
    int.set("from_bytes", from_bytes);
    for kind in [Kind::Int, Kind::Float] {
        let class = vm.kind(kind);
        let getter = |call| super::Property::read_only(Value::function("real", call));
        class.set("real", getter(real));
        class.set("numerator", getter(real));
        class.set("imag", getter(|_, _| Ok(Value::Int(0))));
        class.set("denominator", getter(|_, _| Ok(Value::Int(1))));
    }
}
