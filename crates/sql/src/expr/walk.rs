//! Walking expressions: their parts, columns and FROM objects.

use super::{Expr, FrameBound, Kind};
use crate::from::FromClause;

/// Call `f` for each direct part of an expression, in the order of the text.
pub(crate) fn children(expr: &Expr, f: &mut dyn FnMut(&Expr)) {
    match expr.kind() {
        Kind::Column(_) | Kind::Bind(_) | Kind::Null | Kind::True | Kind::False => {}
        Kind::TextualLabel(_) | Kind::Collation(_) | Kind::NextValue(_) | Kind::FromValue(_) => {}
        Kind::Scalar(_) | Kind::Subselect(_) => {}
        Kind::Text(text) => text.binds.iter().for_each(f),
        Kind::Unary(_, inner)
        | Kind::Modifier(_, inner)
        | Kind::AsBoolean(_, inner)
        | Kind::Grouping(inner)
        | Kind::LabelReference(inner)
        | Kind::Cast(_, inner)
        | Kind::Extract(_, inner)
        | Kind::Field(inner, _) => f(inner),
        Kind::Label(label) => f(&label.element),
        Kind::Binary(binary) => {
            f(&binary.left);
            f(&binary.right);
        }
        Kind::List(list) => list.items.iter().for_each(f),
        Kind::Array(items) => items.iter().for_each(f),
        Kind::Function(function) => function.args.iter().for_each(f),
        Kind::Case(case) => {
            case.value.iter().for_each(&mut *f);
            for (when, then) in &case.whens {
                f(when);
                f(then);
            }
            case.otherwise.iter().for_each(f);
        }
        Kind::Over(over) => {
            f(&over.element);
            over.partition_by.iter().for_each(&mut *f);
            over.order_by.iter().for_each(&mut *f);
            if let Some(frame) = &over.frame {
                for bound in [&frame.start, &frame.end] {
                    if let FrameBound::Preceding(n) | FrameBound::Following(n) = bound {
                        f(n);
                    }
                }
            }
        }
        Kind::WithinGroup(inner, list) | Kind::AggregateOrderBy(inner, list) => {
            f(inner);
            list.iter().for_each(f);
        }
        Kind::Filter(inner, condition) => {
            f(inner);
            f(condition);
        }
        Kind::Slice(start, stop, step) => {
            start.iter().chain(stop.iter()).chain(step.iter()).for_each(f);
        }
    }
}

/// Call `f` for each FROM object an expression brings into a SELECT.
pub(crate) fn froms(expr: &Expr, f: &mut dyn FnMut(&FromClause)) {
    match expr.kind() {
        Kind::Column(column) => {
            if let Some(from) = column.from_clause() {
                f(&from);
            }
        }
        Kind::FromValue(from) => f(from),
        // A field's function brings no table of its own into the SELECT.
        Kind::Field(..) => {}
        _ => children(expr, &mut |child| froms(child, f)),
    }
}

/// Call `f` for each column reference of an expression, in order; subqueries are not entered.
pub(crate) fn columns(expr: &Expr, f: &mut dyn FnMut(&Expr)) {
    match expr.kind() {
        Kind::Column(_) => f(expr),
        _ => children(expr, &mut |child| columns(child, f)),
    }
}
