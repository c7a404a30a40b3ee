//! Lists of expressions: conjunctions, flattened operators, tuples.

use super::{Expr, Kind, List, Op, Operand};
use crate::error::Result;
use crate::types::{Type, TypeArgs, TypeKind};

/// Which of SQLAlchemy's list classes a list is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ListClass {
    /// `BooleanClauseList`
    Boolean,
    /// `ExpressionClauseList`
    Expression,
    /// `ClauseList`
    Clause,
    /// `Tuple`
    Tuple,
}

/// `and_(*clauses)`
pub fn and_(clauses: impl IntoIterator<Item = Expr>) -> Result<Expr> {
    conjunction(Op::And, clauses.into_iter().collect())
}

/// `or_(*clauses)`
pub fn or_(clauses: impl IntoIterator<Item = Expr>) -> Result<Expr> {
    conjunction(Op::Or, clauses.into_iter().collect())
}

/// `not_(clause)`
pub fn not_(clause: &Expr) -> Expr {
    clause.negate()
}

/// `tuple_(*items)`
pub fn tuple(items: Vec<Operand>) -> Result<Expr> {
    let mut exprs = Vec::with_capacity(items.len());
    for item in items {
        exprs.push(item.coerce(None)?);
    }
    let types = exprs.iter().map(Expr::ty).collect();
    let ty = Type::with(TypeKind::TupleType, TypeArgs { items: types, ..TypeArgs::default() });
    Ok(Expr::list(Op::Comma, exprs, ListClass::Tuple, ty))
}

fn conjunction(op: Op, clauses: Vec<Expr>) -> Result<Expr> {
    let is_and = op == Op::And;
    let mut kept: Vec<Expr> = Vec::with_capacity(clauses.len());
    let mut neutral = None;
    for clause in clauses {
        match clause.kind() {
            Kind::True if is_and => neutral = Some(clause),
            Kind::False if !is_and => neutral = Some(clause),
            Kind::True | Kind::False => return Ok(clause.as_bool()),
            _ => kept.push(clause),
        }
    }
    if kept.is_empty() {
        if let Some(constant) = neutral {
            return Ok(constant.as_bool());
        }
        // Nothing at all is allowed still: a condition without text.
        let list = List { op, items: kept, group: true, class: ListClass::Boolean };
        return Ok(Expr::new(Kind::List(list), Type::boolean()));
    }
    if kept.len() == 1 {
        return Ok(kept.swap_remove(0).as_bool());
    }
    let mut flat = Vec::with_capacity(kept.len());
    for clause in kept {
        match clause.kind() {
            Kind::List(list) if list.op == op && list.class == ListClass::Boolean => {
                flat.extend(list.items.iter().cloned());
            }
            _ => flat.push(clause),
        }
    }
    let items = flat.iter().map(|item| item.self_group(Some(&op))).collect();
    let list = List { op, items, group: true, class: ListClass::Boolean };
    Ok(Expr::new(Kind::List(list), Type::boolean()))
}

impl Expr {
    /// A list whose items are grouped against its operator.
    pub(crate) fn list(op: Op, items: Vec<Expr>, class: ListClass, ty: Type) -> Self {
        let items = items.iter().map(|item| item.self_group(Some(&op))).collect();
        Self::new(Kind::List(List { op, items, group: true, class }), ty)
    }

    /// A list that is printed as it is.
    pub(crate) fn plain_list(op: Op, items: Vec<Expr>) -> Self {
        let list = List { op, items, group: false, class: ListClass::Expression };
        Self::new(Kind::List(list), Type::null())
    }
}
