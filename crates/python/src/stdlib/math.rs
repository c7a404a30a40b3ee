//! `math`.

use std::rc::Rc;

use num_bigint::BigInt;
use num_traits::{Signed, ToPrimitive, Zero};

use crate::host::{Args, BinaryOperator, Raise};
use crate::value::{Module, Value, big, float_to_big};
use crate::vm::Vm;

fn number(vm: &mut Vm, args: &Args, at: usize) -> Result<f64, Raise> {
    let value = args.at(at).unwrapped();
    match &value {
        Value::Float(_) | Value::Int(_) | Value::Bool(_) | Value::Big(_) => vm.to_float(&value),
        other => match vm.special_method(other, "__float__") {
            Some(method) => {
                let result = vm.call(&method, [value])?;
                vm.to_float(&result)
            }
            None => {
                let class = vm.class_of(other).name();
                Err(vm.type_error(format!("must be real number, not {class}")))
            }
        },
    }
}

fn checked(vm: &mut Vm, inputs: &[f64], result: f64) -> Result<Value, Raise> {
    if result.is_nan() && !inputs.iter().any(|input| input.is_nan()) {
        return Err(vm.value_error("math domain error"));
    }
    if result.is_infinite() && !inputs.iter().any(|input| input.is_infinite()) {
        return Err(vm.error("OverflowError", "math range error"));
    }
    Ok(Value::Float(result))
}

macro_rules! unary {
    ($($name:literal $function:expr),* $(,)?) => {
        const UNARY: &[(&str, fn(f64) -> f64)] = &[$(($name, $function)),*];
    };
}

unary! {
    "sqrt" f64::sqrt, "exp" f64::exp, "expm1" f64::exp_m1, "log1p" f64::ln_1p,
    "sin" f64::sin, "cos" f64::cos, "tan" f64::tan, "asin" f64::asin, "acos" f64::acos,
    "atan" f64::atan, "sinh" f64::sinh, "cosh" f64::cosh, "tanh" f64::tanh, "fabs" f64::abs,
    "degrees" f64::to_degrees, "radians" f64::to_radians, "cbrt" f64::cbrt, "exp2" f64::exp2,
}

type Binary = (&'static str, fn(f64, f64) -> f64);

const BINARY: &[Binary] = &[
    ("atan2", f64::atan2),
    ("fmod", |a, b| a % b),
    ("copysign", f64::copysign),
    ("pow", f64::powf),
    ("remainder", |a, b| a - b * (a / b).round_ties_even()),
];

fn log(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let natural = |vm: &mut Vm, at: usize| -> Result<f64, Raise> {
        // A big integer's logarithm is finite where the integer as a float is not.
        if let Value::Big(value) = args.at(at) {
            let shift = value.bits().saturating_sub(60);
            let top = (&*value >> shift).to_f64().unwrap_or(1.0);
            let shift = u32::try_from(shift).unwrap_or(u32::MAX);
            return Ok(top.ln() + f64::from(shift) * std::f64::consts::LN_2);
        }
        let value = number(vm, &args, at)?;
        if value <= 0.0 {
            return Err(vm.value_error("math domain error"));
        }
        Ok(value.ln())
    };
    let value = natural(vm, 0)?;
    if args.len() < 2 {
        return Ok(Value::Float(value));
    }
    let base = natural(vm, 1)?;
    if base == 0.0 {
        return Err(vm.error("ZeroDivisionError", "float division by zero"));
    }
    Ok(Value::Float(value / base))
}

fn log_base(vm: &mut Vm, args: &Args, function: fn(f64) -> f64) -> Result<Value, Raise> {
    let value = number(vm, args, 0)?;
    if value <= 0.0 {
        return Err(vm.value_error("math domain error"));
    }
    Ok(Value::Float(function(value)))
}

fn to_integer(
    vm: &mut Vm,
    args: &Args,
    method: &str,
    function: fn(f64) -> f64,
) -> Result<Value, Raise> {
    let value = args.at(0).unwrapped();
    match &value {
        Value::Int(_) | Value::Big(_) => return Ok(value),
        Value::Bool(flag) => return Ok(Value::Int(i64::from(*flag))),
        Value::Float(_) => {}
        other => {
            if let Some(method) = vm.special_method(other, method) {
                return vm.call(&method, [value]);
            }
        }
    }
    let float = number(vm, args, 0)?;
    match float_to_big(function(float)) {
        Some(value) => Ok(Value::int(value)),
        None if float.is_nan() => Err(vm.value_error("cannot convert float NaN to integer")),
        None => Err(vm.error("OverflowError", "cannot convert float infinity to integer")),
    }
}

fn integer(vm: &mut Vm, value: &Value) -> Result<BigInt, Raise> {
    match big(value) {
        Some(value) => Ok(value),
        None => vm.index(value).map(BigInt::from),
    }
}

fn gcd(a: BigInt, b: BigInt) -> BigInt {
    let (mut a, mut b) = (a.abs(), b.abs());
    while !b.is_zero() {
        (a, b) = (b.clone(), a % b);
    }
    a
}

fn gcd_all(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let mut result = BigInt::zero();
    for value in &args.positional {
        result = gcd(result, integer(vm, value)?);
    }
    Ok(Value::int(result))
}

fn lcm_all(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let mut result = BigInt::from(1);
    for value in &args.positional {
        let value = integer(vm, value)?;
        if value.is_zero() {
            return Ok(Value::Int(0));
        }
        let common = gcd(result.clone(), value.clone());
        result = (result / common * value).abs();
    }
    Ok(Value::int(result))
}

fn small(vm: &mut Vm, args: &Args, at: usize) -> Result<i64, Raise> {
    vm.index(&args.at(at))
}

fn factorial(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let n = small(vm, &args, 0)?;
    if n < 0 {
        return Err(vm.value_error("factorial() not defined for negative values"));
    }
    if n > 20_000 {
        return Err(vm.memory_error());
    }
    Ok(Value::int((2..=n).fold(BigInt::from(1), |product, factor| product * factor)))
}

fn comb(vm: &mut Vm, args: &Args, ordered: bool) -> Result<Value, Raise> {
    let n = small(vm, args, 0)?;
    let k = if args.len() > 1 { small(vm, args, 1)? } else { n };
    if n < 0 || k < 0 {
        return Err(vm.value_error("n must be a non-negative integer"));
    }
    if k > n {
        return Ok(Value::Int(0));
    }
    let k = if ordered { k } else { k.min(n - k) };
    if k > 20_000 {
        return Err(vm.memory_error());
    }
    let mut result = BigInt::from(1);
    for step in 0..k {
        result *= n - step;
        if !ordered {
            result /= step + 1;
        }
    }
    Ok(Value::int(result))
}

fn isqrt(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let value = integer(vm, &args.at(0))?;
    if value.is_negative() {
        return Err(vm.value_error("isqrt() argument must be nonnegative"));
    }
    Ok(Value::int(value.sqrt()))
}

fn hypot(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let mut result: f64 = 0.0;
    for at in 0..args.len() {
        result = result.hypot(number(vm, &args, at)?);
    }
    Ok(Value::Float(result))
}

fn dist(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let (a, b) = (vm.collect(&args.at(0))?, vm.collect(&args.at(1))?);
    let mut result: f64 = 0.0;
    for (a, b) in a.into_iter().zip(b) {
        let pair = Args::from([a, b]);
        result = result.hypot(number(vm, &pair, 0)? - number(vm, &pair, 1)?);
    }
    Ok(Value::Float(result))
}

fn product(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [iterable, start] = args.bind(vm, "prod(iterable, /, *, start=)")?;
    let mut result = start.unwrap_or(Value::Int(1));
    for item in vm.collect(&iterable.unwrap_or_default())? {
        result = vm.binary(BinaryOperator::Mul, &result, &item)?;
    }
    Ok(result)
}

/// Adds floats without losing small parts, as Shewchuk's algorithm does.
fn fsum(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let mut partials: Vec<f64> = Vec::new();
    for item in vm.collect(&args.at(0))? {
        let mut x = number(vm, &Args::from([item]), 0)?;
        let mut kept = Vec::new();
        for y in partials {
            let (large, little) = if x.abs() < y.abs() { (y, x) } else { (x, y) };
            let high = large + little;
            let low = little - (high - large);
            if low != 0.0 {
                kept.push(low);
            }
            x = high;
        }
        kept.push(x);
        partials = kept;
    }
    Ok(Value::Float(partials.iter().rev().sum()))
}

fn isclose(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [a, b, relative, absolute] = args.bind(vm, "isclose(a, b, *, rel_tol=, abs_tol=)")?;
    let all = Args::from([
        a.unwrap_or_default(),
        b.unwrap_or_default(),
        relative.unwrap_or(Value::Float(1e-9)),
        absolute.unwrap_or(Value::Float(0.0)),
    ]);
    let (a, b) = (number(vm, &all, 0)?, number(vm, &all, 1)?);
    let (relative, absolute) = (number(vm, &all, 2)?, number(vm, &all, 3)?);
    let gap = (a - b).abs();
    let close = a.to_bits() == b.to_bits()
        || (gap.is_finite() && gap <= (relative * a.abs().max(b.abs())).max(absolute));
    Ok(Value::Bool(close))
}

fn modf(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let value = number(vm, &args, 0)?;
    Ok(Value::tuple(vec![Value::Float(value.fract()), Value::Float(value.trunc())]))
}

type Function = (&'static str, fn(&mut Vm, Args) -> Result<Value, Raise>);

pub(super) fn build(_: &mut Vm, module: &Rc<Module>) -> Result<(), Raise> {
    use std::f64::consts;
    for (name, value) in [
        ("pi", consts::PI),
        ("e", consts::E),
        ("tau", consts::TAU),
        ("inf", f64::INFINITY),
        ("nan", f64::NAN),
    ] {
        module.set(name, Value::Float(value));
    }
    for (name, function) in UNARY {
        let call = move |vm: &mut Vm, args: Args| {
            let value = number(vm, &args, 0)?;
            checked(vm, &[value], function(value))
        };
        module.set(name, Value::closure(*name, call));
    }
    for (name, function) in BINARY {
        let call = move |vm: &mut Vm, args: Args| {
            let (a, b) = (number(vm, &args, 0)?, number(vm, &args, 1)?);
            checked(vm, &[a, b], function(a, b))
        };
        module.set(name, Value::closure(*name, call));
    }
    let functions: &[Function] = &[
        ("log", log),
        ("log2", |vm, args| log_base(vm, &args, f64::log2)),
        ("log10", |vm, args| log_base(vm, &args, f64::log10)),
        ("floor", |vm, args| to_integer(vm, &args, "__floor__", f64::floor)),
        ("ceil", |vm, args| to_integer(vm, &args, "__ceil__", f64::ceil)),
        ("trunc", |vm, args| to_integer(vm, &args, "__trunc__", f64::trunc)),
        ("gcd", gcd_all),
        ("lcm", lcm_all),
        ("factorial", factorial),
        ("comb", |vm, args| comb(vm, &args, false)),
        ("perm", |vm, args| comb(vm, &args, true)),
        ("isqrt", isqrt),
        ("hypot", hypot),
        ("dist", dist),
        ("prod", product),
        ("fsum", fsum),
        ("isclose", isclose),
        ("modf", modf),
        ("isnan", |vm, args| Ok(Value::Bool(number(vm, &args, 0)?.is_nan()))),
        ("isinf", |vm, args| Ok(Value::Bool(number(vm, &args, 0)?.is_infinite()))),
        ("isfinite", |vm, args| Ok(Value::Bool(number(vm, &args, 0)?.is_finite()))),
    ];
    for (name, call) in functions {
        module.set(name, Value::function(*name, *call));
    }
    Ok(())
}
