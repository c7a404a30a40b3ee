//! What may stand beside an operator, and how it becomes an expression.

use std::rc::Rc;

use super::{Bind, BindValue, Expr, Kind, ListClass, Op};
use crate::error::Result;
use crate::select::{Query, Select};
use crate::types::Type;
use crate::value::Value;

/// An expression, or a Python value that becomes a bound parameter.
#[derive(Clone, Debug)]
pub enum Operand {
    /// An expression.
    Expr(Expr),
    /// A plain value.
    Value(Value),
}

/// The right side of IN.
#[derive(Clone, Debug)]
pub enum InOperand {
    /// A list of plain values.
    Values(Vec<Value>),
    /// A list of tuples of plain values.
    Tuples(Vec<Vec<Value>>),
    /// A list with expressions among the values.
    Operands(Vec<Operand>),
    /// A subquery.
    Query(Query),
    /// An expanding parameter, or another expression.
    Expr(Expr),
}

/// Whatever can be an operand.
pub trait IntoExpr {
    /// This as an operand.
    fn into_operand(self) -> Operand;
}

impl Operand {
    /// As an expression of its own, a value bound as `param`.
    pub fn coerce(self, ty: Option<&Type>) -> Result<Expr> {
        Ok(match self {
            Self::Expr(expr) => expr,
            Self::Value(Value::Null) => Expr::null(),
            Self::Value(value) => match ty {
                Some(ty) if !ty.is_null() => Expr::literal_typed(value, ty.clone()),
                _ => Expr::literal(value),
            },
        })
    }

    /// As the other side of `expr op …`: a value takes the name and type of `expr`.
    pub fn beside(self, expr: &Expr, op: &Op) -> Result<Expr> {
        match self {
            Self::Expr(other) => Ok(other.as_value().typed_like(expr)),
            Self::Value(value) => expr.bind_beside(op, value),
        }
    }
}

impl Expr {
    /// A parameter without a type takes that of the expression beside it.
    fn typed_like(self, other: &Expr) -> Expr {
        match self.as_bind() {
            Some(bind) if self.ty().is_null() => {
                let ty = other.compared_type();
                if ty.is_null() { self } else { bind.clone().expr(ty) }
            }
            _ => self,
        }
    }

    /// A parameter for a value compared with this expression; beside a tuple, one for each item.
    pub(crate) fn bind_beside(&self, op: &Op, value: Value) -> Result<Expr> {
        if let (Kind::List(list), Value::Object(object)) = (self.kind(), &value)
            && list.class == ListClass::Tuple
            && let Some(items) = object.items()
        {
            let typed = |(at, item): (usize, Value)| {
                let ty = list.items.get(at).map_or_else(Type::null, Expr::ty);
                Operand::Expr(Expr::literal_typed(item, ty))
            };
            return super::tuple(items.into_iter().enumerate().map(typed).collect());
        }
        let ty = self.compared_type().coerce_compared_value(op, &value)?;
        Ok(Bind::anonymous(self.bind_base(), value).expr(ty))
    }

    /// `array.any(value)` and `array.all(value)`
    pub fn compare_items(&self, op: Op, other: Operand) -> Result<Expr> {
        let other = match other {
            Operand::Expr(expr) => expr,
            Operand::Value(value) => {
                let item = self.ty().args().and_then(|args| args.item.clone());
                let ty = item.unwrap_or_else(|| Type::for_value(&value));
                Bind::anonymous(self.bind_base(), value).expr(ty)
            }
        };
        self.unary(op).compare(Op::Eq, other)
    }

    /// `array[start:stop]`
    pub fn slice(&self, start: Operand, stop: Operand) -> Result<Expr> {
        let end = |end: Operand| match end {
            Operand::Expr(expr) => Some(expr),
            Operand::Value(Value::Null) => None,
            Operand::Value(value) => {
                Some(Bind::anonymous(self.bind_base(), value).expr(Type::integer()))
            }
        };
        let slice = Expr::new(Kind::Slice(end(start), end(stop), None), Type::null());
        let ty = self.ty();
        let modifiers = super::Modifiers::default();
        Ok(Self::construct(self, Op::GetItem, &slice, ty, None, modifiers))
    }

    /// An expanding parameter for the values after IN.
    pub(crate) fn bind_many(&self, op: &Op, value: BindValue) -> Result<Expr> {
        let ty = match &value {
            BindValue::Many(values) => match values.first() {
                Some(first) => self.compared_type().coerce_compared_value(op, first)?,
                None => self.compared_type(),
            },
            _ => self.ty(),
        };
        let mut bind = Bind::anonymous(self.bind_base(), Value::Null);
        bind.value = value;
        bind.expanding = true;
        bind.in_negated = *op == Op::NotIn;
        Ok(bind.expr(ty))
    }

    fn compared_type(&self) -> Type {
        match self.kind() {
            // ANY and ALL compare with the items of what they hold.
            Kind::Unary(Op::Any | Op::All, inner) => {
                let ty = inner.ty();
                ty.args().and_then(|args| args.item.clone()).unwrap_or(ty)
            }
            _ => self.ty(),
        }
    }

    fn bind_base(&self) -> Rc<str> {
        match self.kind() {
            Kind::Column(column) => column.key().unwrap_or_else(|| "param".into()),
            Kind::Function(function) => function.name(),
            _ => "param".into(),
        }
    }
}

impl IntoExpr for Operand {
    fn into_operand(self) -> Operand {
        self
    }
}

impl IntoExpr for Expr {
    fn into_operand(self) -> Operand {
        Operand::Expr(self)
    }
}

impl IntoExpr for &Expr {
    fn into_operand(self) -> Operand {
        Operand::Expr(self.clone())
    }
}

impl IntoExpr for Select {
    fn into_operand(self) -> Operand {
        Operand::Expr(Query::Select(self).scalar_subquery())
    }
}

impl<T: Into<Value>> IntoExpr for T {
    fn into_operand(self) -> Operand {
        Operand::Value(self.into())
    }
}
