//! Bound parameters.

use std::rc::Rc;

use super::{Expr, Kind};
use crate::types::Type;
use crate::value::Value;

/// A bound parameter: `bindparam()`, or a Python value inside an expression.
#[derive(Clone, Debug)]
pub struct Bind {
    /// Its name, or what its anonymous name is made of.
    pub name: BindName,
    /// Its value.
    pub value: BindValue,
    /// Whether two of one name are told apart by a number.
    pub unique: bool,
    /// Whether the value is a list that becomes several parameters.
    pub expanding: bool,
    /// Whether the value is written into the SQL text at execution.
    pub literal_execute: bool,
    /// Whether it stands for a column of an INSERT or UPDATE.
    pub crud: bool,
    /// The operator an empty list is compared by: `NotIn` makes it true.
    pub in_negated: bool,
}

/// The name of a bound parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BindName {
    /// As given.
    Named(Rc<str>),
    /// Base of a numbered name: `id` becomes `id_1`.
    Anon(Rc<str>),
}

/// The value of a bound parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum BindValue {
    /// One value.
    One(Value),
    /// The values of an expanding parameter.
    Many(Rc<[Value]>),
    /// The tuples of an expanding parameter.
    Tuples(Rc<[Rc<[Value]>]>),
    /// None: the execution must give it.
    Required,
}

impl Bind {
    /// A parameter with a numbered name.
    pub fn anonymous(base: impl Into<Rc<str>>, value: Value) -> Self {
        Self {
            name: BindName::Anon(base.into()),
            value: BindValue::One(value),
            unique: true,
            expanding: false,
            literal_execute: false,
            crud: false,
            in_negated: false,
        }
    }

    /// A parameter with a name of its own.
    pub fn named(name: impl Into<Rc<str>>, value: BindValue) -> Self {
        Self {
            name: BindName::Named(name.into()),
            value,
            unique: false,
            expanding: false,
            literal_execute: false,
            crud: false,
            in_negated: false,
        }
    }

    /// As an expression.
    pub fn expr(self, ty: Type) -> Expr {
        Expr::new(Kind::Bind(self), ty)
    }
}

impl Expr {
    /// `literal(value)`: a bound parameter of the value's own type.
    pub fn literal(value: impl Into<Value>) -> Self {
        let value = value.into();
        let ty = Type::for_value(&value);
        Bind::anonymous("param", value).expr(ty)
    }

    /// `literal(value, type)`
    pub fn literal_typed(value: impl Into<Value>, ty: Type) -> Self {
        Bind::anonymous("param", value.into()).expr(ty)
    }

    /// `bindparam(name)`: its value comes with the execution.
    pub fn bindparam(name: impl Into<Rc<str>>, ty: Type) -> Self {
        Bind::named(name, BindValue::Required).expr(ty)
    }

    /// The bound parameter inside, if it is one.
    pub fn as_bind(&self) -> Option<&Bind> {
        match self.kind() {
            Kind::Bind(bind) => Some(bind),
            _ => None,
        }
    }
}
