//! Equality and hashes of values that need no machine: numbers, strings, bytes, tuples of those.

use std::hash::Hasher;

use num_traits::ToPrimitive;
use rustc_hash::FxHasher;

use super::{Value, hash_big, hash_float, hash_str};

impl Value {
    /// Whether two values are equal, where that can be told without running the machine.
    pub fn plainly_equal(&self, other: &Self) -> Option<bool> {
        use Value::{
            Big, Bool, BoundMethod, Bytes, Class, Ellipsis, Float, Function, Generator, Instance,
            Int, Iter, Module, Native, None as Nothing, NotImplemented, Object, Str, Tuple,
        };
        Some(match (self, other) {
            (Object(_), _) | (_, Object(_)) => return None,
            (Instance(a), Instance(b)) if a.plain() && b.plain() => std::rc::Rc::ptr_eq(a, b),
            (Instance(a), b) | (b, Instance(a)) => {
                if a.plain() {
                    match b {
                        Instance(_) => return None,
                        _ => false,
                    }
                } else {
                    return None;
                }
            }
            (Str(a), Str(b)) => a.same(b) || a == b,
            (Int(a), Int(b)) => a == b,
            (Int(a), Bool(b)) | (Bool(b), Int(a)) => *a == i64::from(*b),
            (Bool(a), Bool(b)) => a == b,
            (Float(a), Float(b)) => a == b,
            (Float(a), b @ (Int(_) | Bool(_) | Big(_)))
            | (b @ (Int(_) | Bool(_) | Big(_)), Float(a)) => float_equals_int(*a, b),
            (Big(a), Big(b)) => a == b,
            (Bytes(a), Bytes(b)) => a == b,
            (Tuple(a), Tuple(b)) => {
                if a.len() != b.len() {
                    return Some(false);
                }
                for (a, b) in a.iter().zip(b.iter()) {
                    if !a.is(b) && !a.plainly_equal(b)? {
                        return Some(false);
                    }
                }
                true
            }
            (Value::List(_) | Value::Dict(_) | Value::Set(_), _)
            | (_, Value::List(_) | Value::Dict(_) | Value::Set(_)) => {
                if std::mem::discriminant(self) == std::mem::discriminant(other) {
                    return None;
                }
                false
            }
            (BoundMethod(a), BoundMethod(b)) => {
                a.function.is(&b.function) && a.receiver.is(&b.receiver)
            }
            (
                Nothing | NotImplemented | Ellipsis | Function(_) | Native(_) | Generator(_)
                | Class(_) | Module(_) | Iter(_) | BoundMethod(_) | Tuple(_) | Bytes(_) | Big(_)
                | Float(_) | Bool(_) | Int(_) | Str(_),
                _,
            ) => self.is(other),
        })
    }

    /// The hash of a value that needs no machine; none for lists, instances and native objects.
    pub(crate) fn plain_hash(&self) -> Option<u64> {
        Some(match self {
            Self::Str(text) => hash_str(text),
            Self::Int(value) => hash_int(*value),
            Self::Bool(value) => hash_int(i64::from(*value)),
            Self::Float(value) => hash_float(*value).cast_unsigned(),
            Self::Big(value) => hash_big(value).cast_unsigned(),
            Self::None => 0x0FCA_86C9,
            Self::Tuple(items) => {
                let mut hasher = FxHasher::default();
                for item in items.iter() {
                    hasher.write_u64(item.plain_hash()?);
                }
                hasher.finish()
            }
            Self::Bytes(bytes) => {
                let mut hasher = FxHasher::default();
                hasher.write(bytes);
                hasher.finish()
            }
            Self::BoundMethod(method) => {
                let mut hasher = FxHasher::default();
                hasher.write_usize(method.function.address().unwrap_or(0));
                hasher.write_usize(method.receiver.address().unwrap_or(0));
                hasher.finish()
            }
            Self::Instance(instance) if instance.plain() => address_hash(self),
            Self::Instance(_) | Self::Object(_) | Self::List(_) | Self::Dict(_) | Self::Set(_) => {
                return None;
            }
            Self::NotImplemented
            | Self::Ellipsis
            | Self::Iter(_)
            | Self::Function(_)
            | Self::Native(_)
            | Self::Generator(_)
            | Self::Class(_)
            | Self::Module(_) => address_hash(self),
        })
    }
}

/// The hash of an object that is equal to itself only.
pub(crate) fn address_hash(value: &Value) -> u64 {
    u64::try_from(value.address().unwrap_or(1) >> 3).unwrap_or(0)
}

/// CPython's hash of an integer: its value modulo 2^61 - 1, and -1 is -2.
fn hash_int(value: i64) -> u64 {
    const MODULUS: i64 = (1 << 61) - 1;
    let hash = value % MODULUS;
    (if hash == -1 { -2 } else { hash }).cast_unsigned()
}

fn float_equals_int(float: f64, int: &Value) -> bool {
    match int {
        Value::Int(value) => {
            float.to_i64() == Some(*value) && float.trunc().to_bits() == float.to_bits()
                || (float == 0.0 && *value == 0)
        }
        Value::Bool(value) => float == f64::from(u8::from(*value)),
        Value::Big(value) => {
            super::float_to_big(float).is_some_and(|big| big == **value && float.fract() == 0.0)
        }
        _ => false,
    }
}
