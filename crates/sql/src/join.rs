//! The ON clause that foreign keys imply, and which side a join starts from.

use crate::error::{Error, ErrorKind, Result};
use crate::expr::{Expr, and_, froms};
use crate::from::{FromClause, Join};
use crate::schema::{Column, ForeignKey};

/// Pairs of columns by foreign key constraint, in order of discovery.
struct Candidate {
    constraint: usize,
    pairs: Vec<(Expr, Expr)>,
}

/// The condition between two FROM objects, from their foreign keys.
pub(crate) fn condition(a: &FromClause, b: &FromClause) -> Result<Expr> {
    let mut found = scan(a, b, None)?;
    if found.len() > 1 && all_alike(&found) {
        found.truncate(1);
    }
    if found.len() > 1 {
        let message = format!(
            "Can't determine join between '{}' and '{}'; tables have more than one foreign key \
             constraint relationship between them. Please specify the 'onclause' of this join \
             explicitly.",
            description(a),
            description(b)
        );
        return Err(Error::new(ErrorKind::AmbiguousForeignKeysError, message));
    }
    let Some(candidate) = found.pop() else {
        let message = format!(
            "Can't find any foreign key relationships between '{}' and '{}'.",
            description(a),
            description(b)
        );
        return Err(Error::new(ErrorKind::NoForeignKeysError, message));
    };
    let mut conditions = Vec::with_capacity(candidate.pairs.len());
    for (left, right) in candidate.pairs {
        conditions.push(left.eq(right)?);
    }
    and_(conditions)
}

fn all_alike(found: &[Candidate]) -> bool {
    let same = |a: &Candidate, b: &Candidate| {
        a.pairs.len() == b.pairs.len()
            && a.pairs
                .iter()
                .zip(&b.pairs)
                .all(|(p, q)| p.0.same_column(&q.0) && p.1.same_column(&q.1))
    };
    found.windows(2).all(|pair| match pair {
        [a, b] => same(a, b),
        _ => true,
    })
}

fn scan(a: &FromClause, b: &FromClause, subset: Option<&FromClause>) -> Result<Vec<Candidate>> {
    let mut found: Vec<Candidate> = Vec::new();
    for left in subset.into_iter().chain([a]) {
        collect(b, left, &mut found)?;
        if !left.ptr_eq(b) {
            collect(left, b, &mut found)?;
        }
        if !found.is_empty() {
            break;
        }
    }
    Ok(found)
}

/// Foreign keys of `child` that point into `parent`.
fn collect(child: &FromClause, parent: &FromClause, found: &mut Vec<Candidate>) -> Result<()> {
    for (_, column) in child.columns() {
        let Some(base) = base_column(&column) else { continue };
        for key in base.foreign_keys() {
            let target = match key.column() {
                Ok(target) => target,
                Err(error) if mentions(parent, &key) => return Err(error),
                Err(_) => continue,
            };
            let Some(referent) = parent.corresponding_column(&target.expr()) else { continue };
            let id = key.constraint().map_or(0, |constraint| constraint.creation_order_id());
            let pair = (referent, column.clone());
            match found.iter_mut().find(|candidate| candidate.constraint == id) {
                Some(candidate) => candidate.pairs.push(pair),
                None => found.push(Candidate { constraint: id, pairs: vec![pair] }),
            }
        }
    }
    Ok(())
}

/// Whether a foreign key that cannot be resolved names a table that is there.
fn mentions(from: &FromClause, key: &ForeignKey) -> bool {
    let mut all = Vec::new();
    from.flatten(&mut all);
    let wanted = key.target_table_key();
    all.iter().filter_map(FromClause::as_table).any(|t| Some(t.full_name()) == wanted)
}

/// The schema column that a column stands for.
pub(crate) fn base_column(expr: &Expr) -> Option<Column> {
    use crate::expr::{ColumnTarget, Kind};
    match expr.kind() {
        Kind::Column(column) => match &column.target {
            ColumnTarget::Schema { column, .. } => Some(column.clone()),
            ColumnTarget::Proxy { from, index } => {
                base_column(from.proxy(*index)?.source.as_ref()?)
            }
            ColumnTarget::Bare { .. } => None,
        },
        Kind::Label(label) => base_column(&label.element),
        Kind::Grouping(inner) => base_column(inner),
        _ => None,
    }
}

/// What errors call a FROM object.
pub(crate) fn description(from: &FromClause) -> String {
    match from {
        FromClause::Join(join) => format!(
            "Join object on {}({}) and {}({})",
            description(&join.left),
            join.left.id(),
            description(&join.right),
            join.right.id()
        ),
        FromClause::Alias(alias) => match &alias.name {
            crate::from::AliasName::Named(name) => name.to_string(),
            crate::from::AliasName::Anon(base) => match &alias.element {
                crate::from::Element::From(_) => format!("Anonymous alias of {base}"),
                _ => "anon_1".to_owned(),
            },
        },
        other => other.plain_name().map_or_else(String::new, |name| name.to_string()),
    }
}

/// Which of `clauses` a join to `right` can start from.
pub(crate) fn left_candidates(
    clauses: &[FromClause],
    right: &FromClause,
    on: Option<&Expr>,
) -> Result<Vec<usize>> {
    let mut found = Vec::new();
    let by_columns = clauses.len() > 1 && on.is_some();
    for (at, clause) in clauses.iter().enumerate() {
        if clause.ptr_eq(right) {
            continue;
        }
        let fits = match on {
            Some(on) if by_columns => {
                let mut columns = Vec::new();
                crate::expr_refs(on, &mut columns);
                let has = |from: &FromClause, c: &Expr| {
                    from.columns().iter().any(|(_, own)| own.same_column(c))
                };
                columns.iter().all(|c| has(clause, c) || has(right, c))
            }
            Some(_) => true,
            None => can_join(clause, right)?,
        };
        if fits {
            found.push(at);
        }
    }
    if found.len() > 1 {
        let mut hidden = Vec::new();
        for clause in clauses {
            hidden.extend(hides(clause));
        }
        found.retain(|at| {
            clauses.get(*at).is_some_and(|clause| !hidden.iter().any(|h| h.ptr_eq(clause)))
        });
    }
    if found.is_empty() && on.is_some() {
        return Ok((0..clauses.len()).collect());
    }
    Ok(found)
}

fn can_join(left: &FromClause, right: &FromClause) -> Result<bool> {
    let subset = match left {
        FromClause::Join(join) => Some(&join.right),
        _ => None,
    };
    Ok(!scan(left, right, subset)?.is_empty())
}

/// The FROM objects that a join stands for, so that they are not listed again.
pub(crate) fn hides(from: &FromClause) -> Vec<FromClause> {
    let FromClause::Join(join) = from else { return Vec::new() };
    let mut out = Vec::new();
    hidden_by(join, &mut out);
    out
}

fn hidden_by(join: &Join, out: &mut Vec<FromClause>) {
    for side in [&join.left, &join.right] {
        side.flatten(out);
    }
}

/// FROM objects of a list of expressions, in order, each once.
pub(crate) fn froms_of<'a>(exprs: impl IntoIterator<Item = &'a Expr>) -> Vec<FromClause> {
    let mut out: Vec<FromClause> = Vec::new();
    for expr in exprs {
        froms(expr, &mut |from| {
            if !out.iter().any(|known| known.ptr_eq(from)) {
                out.push(from.clone());
            }
        });
    }
    out
}
