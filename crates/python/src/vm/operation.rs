//! Operators.

use std::rc::Rc;

use super::{Then, Vm};
use crate::host::{Args, BinaryOperator, Raise, UnaryOperator};
use crate::value::{Value, big};

impl Vm {
    /// `a operator b`.
    pub fn binary(
        &mut self,
        operator: BinaryOperator,
        a: &Value,
        b: &Value,
    ) -> Result<Value, Raise> {
        if let Some(value) = self.number_operator(operator, a, b)? {
            return Ok(value);
        }
        let result = self.binary_dispatch(operator, a, b)?;
        if result.is_not_implemented() {
            return Err(self.unsupported_operands(operator.symbol(), a, b));
        }
        Ok(result)
    }

    fn binary_dispatch(
        &mut self,
        operator: BinaryOperator,
        a: &Value,
        b: &Value,
    ) -> Result<Value, Raise> {
        let (left, right) = (self.class_of(a), self.class_of(b));
        let right_first = left.serial != right.serial
            && right.is_subclass(&left)
            && matches!(b, Value::Instance(_));
        if right_first {
            let result = self.binary_side(operator, b, a, true)?;
            if !result.is_not_implemented() {
                return Ok(result);
            }
        }
        let result = self.binary_side(operator, a, b, false)?;
        if !result.is_not_implemented() || right_first {
            return Ok(result);
        }
        let result = self.binary_side(operator, b, a, true)?;
        if !result.is_not_implemented() {
            return Ok(result);
        }
        // Subclasses of built-in types work as what they wrap.
        if matches!(a, Value::Instance(i) if i.base().is_some())
            || matches!(b, Value::Instance(i) if i.base().is_some())
        {
            let (a, b) = (a.unwrapped(), b.unwrapped());
            if let Some(value) = self.number_operator(operator, &a, &b)? {
                return Ok(value);
            }
            return self.binary_side(operator, &a, &b, false);
        }
        Ok(Value::NotImplemented)
    }

    fn binary_side(
        &mut self,
        operator: BinaryOperator,
        this: &Value,
        other: &Value,
        reflected: bool,
    ) -> Result<Value, Raise> {
        match this {
            Value::Object(object) => Rc::clone(object).binary(self, operator, other, reflected),
            Value::Instance(_) => {
                let name = if reflected { operator.reflected() } else { operator.method() };
                match self.special_method(this, name) {
                    Some(method) => self.call(&method, [this.clone(), other.clone()]),
                    None => Ok(Value::NotImplemented),
                }
            }
            Value::Class(class) if class.metaclass.borrow().is_some() => {
                let name = if reflected { operator.reflected() } else { operator.method() };
                match self.special_method(this, name) {
                    Some(method) => self.call(&method, [this.clone(), other.clone()]),
                    None => Ok(self.type_union(operator, this, other, reflected)),
                }
            }
            Value::Class(_) | Value::None => Ok(self.type_union(operator, this, other, reflected)),
            _ => crate::builtins::container_operator(self, operator, this, other, reflected),
        }
    }

    fn type_union(
        &mut self,
        operator: BinaryOperator,
        this: &Value,
        other: &Value,
        reflected: bool,
    ) -> Value {
        if this.is_none() && (other.is_none() || !matches!(other, Value::Class(_))) {
            return Value::NotImplemented;
        }
        crate::value::union_operator(self, this.clone(), operator, other, reflected)
    }

    /// The `TypeError` for operands that do not go together.
    pub(crate) fn unsupported_operands(&mut self, symbol: &str, a: &Value, b: &Value) -> Raise {
        if symbol == "+" {
            let kind = match a {
                Value::Str(_) => Some("str"),
                Value::List(_) => Some("list"),
                Value::Tuple(_) => Some("tuple"),
                _ => None,
            };
            if let Some(kind) = kind {
                let other = self.class_of(b).name();
                return self.type_error(format!(
                    "can only concatenate {kind} (not \"{other}\") to {kind}"
                ));
            }
        }
        if symbol == "*" {
            let sequence =
                |value: &Value| matches!(value, Value::Str(_) | Value::List(_) | Value::Tuple(_));
            if sequence(a) || sequence(b) {
                let other = if sequence(a) { b } else { a };
                let class = self.class_of(other).name();
                return self
                    .type_error(format!("can't multiply sequence by non-int of type '{class}'"));
            }
        }
        let (left, right) = (self.class_of(a).name(), self.class_of(b).name());
        self.type_error(format!("unsupported operand type(s) for {symbol}: '{left}' and '{right}'"))
    }

    /// `Binary`: operands on the stack; a special method written in Python runs in a frame of its
    /// own when it cannot fall back to the other operand.
    pub(crate) fn binary_op(&mut self, operator: BinaryOperator) -> Result<(), Raise> {
        let b = self.frame.pop();
        let a = self.frame.pop();
        if let Value::Instance(_) = &a
            && !matches!(&b, Value::Instance(_) | Value::Object(_))
            && let Some(method @ Value::Function(_)) = self.special_method(&a, operator.method())
            && !self.may_decline(&method)
        {
            return self.call_into(method, Args::from([a, b]), Then::Push);
        }
        let result = self.binary(operator, &a, &b)?;
        self.frame.push(result);
        Ok(())
    }

    /// Whether a function may return `NotImplemented`: it names it.
    fn may_decline(&self, function: &Value) -> bool {
        match function {
            Value::Function(function) => {
                function.code.names.iter().any(|name| &*name.text == "NotImplemented")
            }
            _ => true,
        }
    }

    /// `InPlace`.
    pub(crate) fn in_place_op(&mut self, operator: BinaryOperator) -> Result<(), Raise> {
        let b = self.frame.pop();
        let a = self.frame.pop();
        let result = self.in_place(operator, &a, &b)?;
        self.frame.push(result);
        Ok(())
    }

    /// `a operator= b`.
    pub(crate) fn in_place(
        &mut self,
        operator: BinaryOperator,
        a: &Value,
        b: &Value,
    ) -> Result<Value, Raise> {
        if let Some(value) = self.number_operator(operator, a, b)? {
            return Ok(value);
        }
        match a {
            Value::Instance(_) => {
                if let Some(method) = self.special_method(a, operator.in_place()) {
                    let result = self.call(&method, [a.clone(), b.clone()])?;
                    if !result.is_not_implemented() {
                        return Ok(result);
                    }
                }
            }
            Value::Object(object) => {
                if let Some(method) = self.special_method(a, operator.in_place()) {
                    return self.call(&method, [a.clone(), b.clone()]);
                }
                let _ = object;
            }
            Value::List(_) | Value::Set(_) | Value::Dict(_) => {
                if let Some(result) = crate::builtins::container_in_place(self, operator, a, b)? {
                    return Ok(result);
                }
            }
            _ => {}
        }
        let result = self.binary_dispatch(operator, a, b)?;
        if result.is_not_implemented() {
            let symbol = operator.symbol();
            let symbol = if symbol.starts_with("**") { "**" } else { symbol };
            if symbol == "+" && matches!(a, Value::Str(_) | Value::Tuple(_) | Value::List(_)) {
                return Err(self.unsupported_operands("+", a, b));
            }
            return Err(self.unsupported_operands(&format!("{symbol}="), a, b));
        }
        Ok(result)
    }

    /// `-a` and the like.
    pub fn unary(&mut self, operator: UnaryOperator, a: &Value) -> Result<Value, Raise> {
        let value = match (operator, a) {
            (UnaryOperator::Minus, Value::Int(value)) => value
                .checked_neg()
                .map_or_else(|| Value::int(-num_bigint::BigInt::from(*value)), Value::Int),
            (UnaryOperator::Plus, Value::Int(_) | Value::Float(_) | Value::Big(_)) => a.clone(),
            (UnaryOperator::Invert, Value::Int(value)) => Value::Int(!value),
            (UnaryOperator::Minus, Value::Float(value)) => Value::Float(-value),
            (UnaryOperator::Minus | UnaryOperator::Invert, Value::Big(_)) => match big(a) {
                Some(value) if operator == UnaryOperator::Minus => Value::int(-value),
                Some(value) => Value::int(-value - 1),
                None => Value::NotImplemented,
            },
            (_, Value::Bool(value)) => {
                return self.unary(operator, &Value::Int(i64::from(*value)));
            }
            (_, Value::Object(object)) => Rc::clone(object).unary(self, operator)?,
            (_, Value::Instance(instance)) => match self.special_method(a, operator.method()) {
                Some(method) => self.call(&method, [a.clone()])?,
                None => match instance.base() {
                    Some(base) => return self.unary(operator, &base),
                    None => Value::NotImplemented,
                },
            },
            _ => Value::NotImplemented,
        };
        if value.is_not_implemented() {
            let class = self.class_of(a).name();
            let symbol = operator.symbol();
            return Err(self.type_error(format!("bad operand type for unary {symbol}: '{class}'")));
        }
        Ok(value)
    }

    /// `operator.index(value)`: an integer where only that will do.
    pub fn index(&mut self, value: &Value) -> Result<i64, Raise> {
        if let Some(int) = value.as_int() {
            return Ok(int);
        }
        match value {
            Value::Big(_) => {
                return Err(
                    self.error("OverflowError", "Python int too large to convert to C ssize_t")
                );
            }
            Value::Instance(_) => {
                if let Some(method) = self.special_method(value, "__index__") {
                    let result = self.call(&method, [value.clone()])?;
                    if let Some(int) = result.as_int() {
                        return Ok(int);
                    }
                }
            }
            _ => {}
        }
        let class = self.class_of(value).name();
        Err(self.type_error(format!("'{class}' object cannot be interpreted as an integer")))
    }
}
