//! Numbers: Python's text forms of floats and integers, hashes, conversions.

use num_bigint::{BigInt, BigUint, Sign};
use num_traits::{FromPrimitive, Num, ToPrimitive, Zero};

use super::Value;

/// An integer value as a big integer.
pub(crate) fn big(value: &Value) -> Option<BigInt> {
    match value {
        Value::Int(value) => Some(BigInt::from(*value)),
        Value::Bool(value) => Some(BigInt::from(u8::from(*value))),
        Value::Big(value) => Some((**value).clone()),
        Value::Instance(instance) => big(&instance.base()?),
        _ => None,
    }
}

/// The integral part of a finite float.
pub(crate) fn float_to_big(value: f64) -> Option<BigInt> {
    BigInt::from_f64(value.trunc())
}

/// A left shift whose result is not absurdly large.
pub(crate) fn checked_shift(value: &BigInt, by: i64) -> Option<BigInt> {
    let by = usize::try_from(by).ok().filter(|by| *by < 8_000_000 || value.is_zero())?;
    Some(if value.is_zero() { BigInt::zero() } else { value << by })
}

/// CPython's hash of a big integer.
pub(crate) fn hash_big(value: &BigInt) -> i64 {
    let modulus = BigUint::from((1_u64 << 61) - 1);
    let hash = (value.magnitude() % modulus).to_i64().unwrap_or(0);
    let hash = if value.sign() == Sign::Minus { -hash } else { hash };
    if hash == -1 { -2 } else { hash }
}

/// CPython's hash of a float: equal to that of the integer where it is one.
pub(crate) fn hash_float(value: f64) -> i64 {
    if value.is_nan() {
        return 0;
    }
    if value.is_infinite() {
        return if value > 0.0 { 314_159 } else { -314_159 };
    }
    if value.fract() == 0.0 {
        if let Some(int) = value.to_i64() {
            return Value::Int(int).plain_hash().unwrap_or(0).cast_signed();
        }
        return float_to_big(value).map_or(0, |big| hash_big(&big));
    }
    // m * 2^e with m in [0.5, 1): reduce modulo 2^61 - 1 as CPython does.
    let bits = value.abs().to_bits();
    let exponent = i64::try_from(bits >> 52).unwrap_or(0) - 1075;
    let mantissa = (bits & ((1 << 52) - 1)) | (1 << 52);
    let modulus = (1_u128 << 61) - 1;
    let shift = u32::try_from(exponent.rem_euclid(61)).unwrap_or(0);
    let hash = (u128::from(mantissa) << shift) % modulus;
    let hash = i64::try_from(hash).unwrap_or(0);
    let hash = if value < 0.0 { -hash } else { hash };
    if hash == -1 { -2 } else { hash }
}

/// The shortest text that reads back as this float, in Python's form.
pub(crate) fn format_float(value: f64) -> String {
    if value.is_nan() {
        return "nan".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf".into() } else { "-inf".into() };
    }
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if value == 0.0 || (-4..16).contains(&exponent) {
        let plain = format!("{value}");
        return if plain.contains('.') { plain } else { plain + ".0" };
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

/// Reads a float as `float()` does.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    let text = text.trim();
    let clean = without_underscores(text)?;
    let lower = clean.to_ascii_lowercase();
    match lower.trim_start_matches(['+', '-']) {
        "inf" | "infinity" | "nan" => {
            if lower.len() - lower.trim_start_matches(['+', '-']).len() > 1 {
                return None;
            }
            lower.parse().ok()
        }
        other if other.bytes().all(|b| b.is_ascii_digit() || b".e+-".contains(&b)) => {
            lower.parse().ok()
        }
        _ => None,
    }
}

/// Reads an integer as `int(text, base)` does; base 0 reads prefixes.
pub(crate) fn parse_int(text: &str, base: u32) -> Option<BigInt> {
    let text = text.trim();
    let (negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, text.get(1..)?),
        Some(b'+') => (false, text.get(1..)?),
        _ => (false, text),
    };
    let lower = digits.to_ascii_lowercase();
    let prefix = match lower.get(..2) {
        Some("0x") => Some(16),
        Some("0o") => Some(8),
        Some("0b") => Some(2),
        _ => None,
    };
    let (base, digits) = match prefix {
        Some(found) if base == 0 || base == found => {
            (found, lower.get(2..)?.trim_start_matches('_').to_owned())
        }
        _ if base == 0 => (10, lower),
        _ => (base, lower),
    };
    if digits.is_empty() || digits.starts_with(['+', '-', '_']) {
        return None;
    }
    let clean = without_underscores(&digits)?;
    let value = if base == 10 {
        if !clean.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        clean.parse::<BigInt>().ok()?
    } else {
        BigInt::from_str_radix(&clean, base).ok()?
    };
    Some(if negative { -value } else { value })
}

/// Removes single underscores between digits; any other underscore is wrong.
fn without_underscores(text: &str) -> Option<String> {
    if text.is_empty() || text.starts_with('_') || text.ends_with('_') || text.contains("__") {
        return None;
    }
    Some(text.replace('_', ""))
}
