//! Arithmetic of built-in numbers.

use num_bigint::BigInt;
use num_traits::{Signed, ToPrimitive, Zero};

use super::Vm;
use crate::host::{BinaryOperator, Raise};
use crate::value::{Value, big, checked_shift};

impl Vm {
    /// An operator on two built-in numbers; none if one of them is no number.
    pub(crate) fn number_operator(
        &mut self,
        operator: BinaryOperator,
        a: &Value,
        b: &Value,
    ) -> Result<Option<Value>, Raise> {
        match (a, b) {
            (Value::Int(x), Value::Int(y)) => {
                if let Some(value) = small(operator, *x, *y) {
                    return Ok(Some(value));
                }
            }
            (Value::Float(x), Value::Float(y)) => {
                return self.float_operator(operator, *x, *y);
            }
            (Value::Bool(x), Value::Bool(y)) => {
                let value = match operator {
                    BinaryOperator::BitAnd => x & y,
                    BinaryOperator::BitOr => x | y,
                    BinaryOperator::BitXor => x ^ y,
                    _ => {
                        let (x, y) = (Value::Int(i64::from(*x)), Value::Int(i64::from(*y)));
                        return self.number_operator(operator, &x, &y);
                    }
                };
                return Ok(Some(Value::Bool(value)));
            }
            _ => {}
        }
        let number = |value: &Value| {
            matches!(value, Value::Int(_) | Value::Bool(_) | Value::Big(_) | Value::Float(_))
        };
        if !number(a) || !number(b) {
            return Ok(None);
        }
        if matches!(a, Value::Float(_)) || matches!(b, Value::Float(_)) {
            let (x, y) = (self.to_float(a)?, self.to_float(b)?);
            return self.float_operator(operator, x, y);
        }
        match (big(a), big(b)) {
            (Some(x), Some(y)) => self.big_operator(operator, &x, &y),
            _ => Ok(None),
        }
    }

    /// A number as a float.
    pub fn to_float(&mut self, value: &Value) -> Result<f64, Raise> {
        match value {
            Value::Float(value) => Ok(*value),
            other => match big(other).and_then(|big| big.to_f64()).filter(|f| f.is_finite()) {
                Some(value) => Ok(value),
                None => Err(self.error("OverflowError", "int too large to convert to float")),
            },
        }
    }

    fn zero_division(&mut self, message: &'static str) -> Raise {
        self.error("ZeroDivisionError", message)
    }

    fn float_operator(
        &mut self,
        operator: BinaryOperator,
        x: f64,
        y: f64,
    ) -> Result<Option<Value>, Raise> {
        Ok(Some(Value::Float(match operator {
            BinaryOperator::Add => x + y,
            BinaryOperator::Sub => x - y,
            BinaryOperator::Mul => x * y,
            BinaryOperator::Div if y == 0.0 => {
                return Err(self.zero_division("float division by zero"));
            }
            BinaryOperator::Div => x / y,
            BinaryOperator::FloorDiv if y == 0.0 => {
                return Err(self.zero_division("float floor division by zero"));
            }
            BinaryOperator::FloorDiv => ((x - float_modulo(x, y)) / y).round(),
            BinaryOperator::Mod if y == 0.0 => {
                return Err(self.zero_division("float modulo"));
            }
            BinaryOperator::Mod => float_modulo(x, y),
            BinaryOperator::Pow if x == 0.0 && y < 0.0 => {
                return Err(self.zero_division("0.0 cannot be raised to a negative power"));
            }
            BinaryOperator::Pow if x < 0.0 && y.fract() != 0.0 && y.is_finite() => {
                return Err(self.unsupported("complex numbers are not supported"));
            }
            BinaryOperator::Pow => {
                let value = x.powf(y);
                if value.is_infinite() && x.is_finite() && y.is_finite() {
                    return Err(
                        self.error("OverflowError", "(34, 'Numerical result out of range')")
                    );
                }
                value
            }
            _ => return Ok(None),
        })))
    }

    fn big_operator(
        &mut self,
        operator: BinaryOperator,
        x: &BigInt,
        y: &BigInt,
    ) -> Result<Option<Value>, Raise> {
        let size = usize::try_from(x.bits() + y.bits()).unwrap_or(usize::MAX);
        self.tick(u64::try_from(size / 4096).unwrap_or(0))?;
        Ok(Some(Value::int(match operator {
            BinaryOperator::Add => x + y,
            BinaryOperator::Sub => x - y,
            BinaryOperator::Mul => {
                if size > 8_000_000 {
                    return Err(self.memory_error());
                }
                self.tick(x.bits() / 64 * (y.bits() / 64) / 64)?;
                x * y
            }
            BinaryOperator::Div => return self.true_division(x, y).map(Some),
            BinaryOperator::FloorDiv | BinaryOperator::Mod if y.is_zero() => {
                return Err(self.zero_division(if operator == BinaryOperator::Mod {
                    "integer modulo by zero"
                } else {
                    "integer division or modulo by zero"
                }));
            }
            BinaryOperator::FloorDiv => floor_divide(x, y).0,
            BinaryOperator::Mod => floor_divide(x, y).1,
            BinaryOperator::Pow => return self.power(x, y).map(Some),
            BinaryOperator::LShift | BinaryOperator::RShift if y.is_negative() => {
                return Err(self.value_error("negative shift count"));
            }
            BinaryOperator::LShift => match y.to_i64().and_then(|by| checked_shift(x, by)) {
                Some(value) => value,
                None => return Err(self.memory_error()),
            },
            BinaryOperator::RShift => match y.to_usize() {
                Some(by) => x >> by,
                None if x.is_negative() => BigInt::from(-1),
                None => BigInt::zero(),
            },
            BinaryOperator::BitAnd => x & y,
            BinaryOperator::BitOr => x | y,
            BinaryOperator::BitXor => x ^ y,
            BinaryOperator::MatMul => return Ok(None),
        })))
    }

    fn true_division(&mut self, x: &BigInt, y: &BigInt) -> Result<Value, Raise> {
        if y.is_zero() {
            return Err(self.zero_division("division by zero"));
        }
        let exact = |value: &BigInt| value.bits() <= 53;
        if exact(x) && exact(y) {
            return Ok(Value::Float(x.to_f64().unwrap_or(0.0) / y.to_f64().unwrap_or(1.0)));
        }
        // Scale so that the integral quotient has some 66 bits, round once.
        let bits = |value: &BigInt| i64::try_from(value.bits()).unwrap_or(i64::MAX / 4);
        let shift = 66 - (bits(x) - bits(y));
        let quotient = if shift >= 0 {
            (x << shift.unsigned_abs()) / y
        } else {
            x / (y << shift.unsigned_abs())
        };
        let value = quotient.to_f64().unwrap_or(f64::INFINITY);
        let power = i32::try_from(-shift).unwrap_or(i32::MAX);
        let value = value * 2.0_f64.powi(power);
        if value.is_infinite() {
            return Err(
                self.error("OverflowError", "integer division result too large for a float")
            );
        }
        Ok(Value::Float(value))
    }

    fn power(&mut self, x: &BigInt, y: &BigInt) -> Result<Value, Raise> {
        if y.is_negative() {
            let (x, y) = (Value::int(x.clone()), Value::int(y.clone()));
            let (base, exponent) = (self.to_float(&x)?, self.to_float(&y)?);
            if base == 0.0 {
                return Err(self.zero_division("0.0 cannot be raised to a negative power"));
            }
            return Ok(Value::Float(base.powf(exponent)));
        }
        let Some(exponent) = y.to_u32() else {
            return match x.to_i64() {
                Some(0 | 1) => Ok(Value::int(x.clone())),
                Some(-1) => Ok(Value::Int(if (y % BigInt::from(2)).is_zero() { 1 } else { -1 })),
                _ => Err(self.memory_error()),
            };
        };
        if x.bits().saturating_mul(u64::from(exponent)) > 8_000_000 && x.bits() > 1 {
            return Err(self.memory_error());
        }
        Ok(Value::int(x.pow(exponent)))
    }

    /// `pow(base, exponent, modulus)`.
    pub(crate) fn power_modulo(&mut self, args: &[Value]) -> Result<Value, Raise> {
        let [base, exponent, modulus] = args else { return Ok(Value::None) };
        let (Some(base), Some(exponent), Some(modulus)) = (big(base), big(exponent), big(modulus))
        else {
            return Err(
                self.type_error("pow() 3rd argument not allowed unless all arguments are integers")
            );
        };
        if modulus.is_zero() {
            return Err(self.value_error("pow() 3rd argument cannot be 0"));
        }
        if exponent.is_negative() {
            return match base.modinv(&modulus) {
                Some(inverse) => Ok(Value::int(inverse.modpow(&-exponent, &modulus))),
                None => Err(self.value_error("base is not invertible for the given modulus")),
            };
        }
        Ok(Value::int(base.modpow(&exponent, &modulus)))
    }
}

/// Operators on 64-bit integers; none if the result does not fit or the general way must decide.
fn small(operator: BinaryOperator, x: i64, y: i64) -> Option<Value> {
    Some(Value::Int(match operator {
        BinaryOperator::Add => x.checked_add(y)?,
        BinaryOperator::Sub => x.checked_sub(y)?,
        BinaryOperator::Mul => x.checked_mul(y)?,
        BinaryOperator::FloorDiv => {
            let quotient = x.checked_div(y)?;
            if x % y != 0 && (x < 0) != (y < 0) { quotient - 1 } else { quotient }
        }
        BinaryOperator::Mod => {
            let rest = x.checked_rem(y)?;
            if rest != 0 && (rest < 0) != (y < 0) { rest + y } else { rest }
        }
        BinaryOperator::BitAnd => x & y,
        BinaryOperator::BitOr => x | y,
        BinaryOperator::BitXor => x ^ y,
        BinaryOperator::RShift => {
            let by = u32::try_from(y).ok()?;
            x >> by.min(63)
        }
        BinaryOperator::LShift => {
            let by = u32::try_from(y).ok().filter(|by| *by < 62)?;
            x.checked_mul(1_i64.checked_shl(by)?)?
        }
        BinaryOperator::Pow => x.checked_pow(u32::try_from(y).ok()?)?,
        BinaryOperator::Div | BinaryOperator::MatMul => return None,
    }))
}

/// Python's modulo: the sign of the divisor.
pub(crate) fn float_modulo(x: f64, y: f64) -> f64 {
    let rest = x % y;
    if rest == 0.0 {
        0.0_f64.copysign(y)
    } else if (rest < 0.0) != (y < 0.0) {
        rest + y
    } else {
        rest
    }
}

/// Quotient rounded down, and rest.
pub(crate) fn floor_divide(x: &BigInt, y: &BigInt) -> (BigInt, BigInt) {
    let (quotient, rest) = (x / y, x % y);
    if !rest.is_zero() && rest.is_negative() != y.is_negative() {
        (quotient - 1, rest + y)
    } else {
        (quotient, rest)
    }
}
