//! Walking expressions and statements: one order for caching, binds and FROM objects.

use super::{ColumnTarget, Expr, FrameBound, Kind};
use crate::dml::{DmlKey, InsertValues, OnConflict};
use crate::from::{Alias, AliasKind, Element, FromClause};
use crate::select::{Fetch, Query, Select};
use crate::statement::Statement;

/// What a walk calls on each node; answering `false` keeps it from going inside.
pub(crate) trait Visit {
    /// An expression.
    fn expr(&mut self, expr: &Expr) -> bool;
    /// A FROM object.
    fn from(&mut self, from: &FromClause) -> bool;
    /// A query.
    fn query(&mut self, _query: &Query) -> bool {
        true
    }
}

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
        | Kind::Extract(_, inner) => f(inner),
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
        _ => children(expr, &mut |child| froms(child, f)),
    }
}

/// Walk an expression.
pub(crate) fn visit_expr(expr: &Expr, v: &mut dyn Visit) {
    if !v.expr(expr) {
        return;
    }
    match expr.kind() {
        Kind::Scalar(query) | Kind::Subselect(query) => visit_query(query, v),
        Kind::Column(column) => match &column.target {
            ColumnTarget::Proxy { from, .. } => {
                let _ = v.from(from);
            }
            ColumnTarget::Bare { table: Some(from), .. } => {
                let _ = v.from(from);
            }
            _ => {}
        },
        Kind::FromValue(from) => visit_from(from, v),
        _ => children(expr, &mut |child| visit_expr(child, v)),
    }
}

/// Walk a FROM object.
pub(crate) fn visit_from(from: &FromClause, v: &mut dyn Visit) {
    if !v.from(from) {
        return;
    }
    match from {
        FromClause::Table(_) | FromClause::Clause(_) => {}
        FromClause::Alias(alias) => visit_alias(alias, v),
        FromClause::Join(join) => {
            visit_from(&join.left, v);
            visit_from(&join.right, v);
            visit_expr(&join.on, v);
        }
        FromClause::Values(values) => {
            values.rows.iter().flatten().for_each(|value| visit_expr(value, v));
        }
    }
}

fn visit_alias(alias: &Alias, v: &mut dyn Visit) {
    if let AliasKind::TableSample { sampling, seed } = &alias.kind {
        visit_expr(sampling, v);
        seed.iter().for_each(|seed| visit_expr(seed, v));
    }
    match &alias.element {
        Element::From(from) => visit_from(from, v),
        Element::Query(query) => visit_query(query, v),
        Element::Dml(statement) => visit_statement(statement, v),
        Element::Function(function) => visit_expr(function, v),
    }
}

/// Walk a query.
pub(crate) fn visit_query(query: &Query, v: &mut dyn Visit) {
    if !v.query(query) {
        return;
    }
    match query {
        Query::Select(select) => visit_select(select, v),
        Query::Compound(compound) => {
            compound.ctes.iter().for_each(|(cte, _)| visit_from(cte, v));
            compound.selects.iter().for_each(|query| visit_query(query, v));
            visit_all(&compound.group_by, v);
            visit_all(&compound.order_by, v);
            visit_limits(&compound.limit, &compound.offset, &compound.fetch, v);
        }
        Query::Text(text) => {
            visit_all(&text.text.binds, v);
            visit_all(&text.columns, v);
        }
        Query::Values(from) => visit_from(from, v),
    }
}

fn visit_select(select: &Select, v: &mut dyn Visit) {
    select.ctes.iter().for_each(|(cte, _)| visit_from(cte, v));
    select.prefixes.iter().for_each(|affix| visit_expr(&affix.text, v));
    visit_all(&select.distinct_on, v);
    for column in &select.columns {
        visit_column(column, v);
    }
    select.from.iter().for_each(|from| visit_from(from, v));
    for step in &select.joins {
        step.left.iter().for_each(|from| visit_from(from, v));
        visit_from(&step.right, v);
        step.on.iter().for_each(|on| visit_expr(on, v));
    }
    for condition in &select.where_ {
        visit_column(condition, v);
    }
    visit_all(&select.group_by, v);
    visit_all(&select.having, v);
    visit_all(&select.order_by, v);
    visit_limits(&select.limit, &select.offset, &select.fetch, v);
    if let Some(lock) = &select.for_update {
        visit_all(&lock.of, v);
    }
    select.suffixes.iter().for_each(|affix| visit_expr(&affix.text, v));
}

/// An expression, and the FROM objects it brings along.
fn visit_column(expr: &Expr, v: &mut dyn Visit) {
    visit_expr(expr, v);
    froms(expr, &mut |from| visit_from(from, v));
}

fn visit_all(exprs: &[Expr], v: &mut dyn Visit) {
    exprs.iter().for_each(|expr| visit_expr(expr, v));
}

fn visit_limits(
    limit: &Option<Expr>,
    offset: &Option<Expr>,
    fetch: &Option<Fetch>,
    v: &mut dyn Visit,
) {
    limit.iter().chain(offset.iter()).for_each(|expr| visit_expr(expr, v));
    fetch.iter().for_each(|fetch| visit_expr(&fetch.count, v));
}

fn visit_row(row: &[(DmlKey, Expr)], v: &mut dyn Visit) {
    for (key, value) in row {
        if let DmlKey::Column(column) = key {
            visit_expr(column, v);
        }
        visit_expr(value, v);
    }
}

fn visit_conflict(clause: &OnConflict, v: &mut dyn Visit) {
    visit_all(&clause.elements, v);
    clause.index_where.iter().for_each(|expr| visit_expr(expr, v));
    visit_row(&clause.set, v);
    clause.where_.iter().for_each(|expr| visit_expr(expr, v));
}

/// Walk a statement.
pub(crate) fn visit_statement(statement: &Statement, v: &mut dyn Visit) {
    match statement {
        Statement::Query(query) => visit_query(query, v),
        Statement::Insert(insert) => {
            insert.ctes.iter().for_each(|(cte, _)| visit_from(cte, v));
            visit_from(&insert.table, v);
            match &insert.values {
                InsertValues::None => {}
                InsertValues::One(row) => visit_row(row, v),
                InsertValues::Many(rows) => rows.iter().for_each(|row| visit_row(row, v)),
                InsertValues::Select { query, .. } => visit_query(query, v),
            }
            insert.on_conflict.iter().for_each(|clause| visit_conflict(clause, v));
            visit_row(&insert.on_duplicate, v);
            visit_all(&insert.returning, v);
        }
        Statement::Update(update) => {
            update.ctes.iter().for_each(|(cte, _)| visit_from(cte, v));
            visit_from(&update.table, v);
            visit_row(&update.values, v);
            update.where_.iter().for_each(|expr| visit_column(expr, v));
            visit_all(&update.returning, v);
            update.limit.iter().for_each(|expr| visit_expr(expr, v));
        }
        Statement::Delete(delete) => {
            delete.ctes.iter().for_each(|(cte, _)| visit_from(cte, v));
            visit_from(&delete.table, v);
            delete.where_.iter().for_each(|expr| visit_column(expr, v));
            visit_all(&delete.returning, v);
            delete.limit.iter().for_each(|expr| visit_expr(expr, v));
        }
        Statement::Text(text) => visit_all(&text.binds, v),
        Statement::Ddl(_) => {}
        Statement::Expr(expr) => visit_expr(expr, v),
        Statement::From(from) => visit_from(from, v),
    }
}
