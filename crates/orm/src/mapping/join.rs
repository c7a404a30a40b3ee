//! The join condition of a relationship: found from foreign keys or read from the one that was given.

use vidro_sql::expr::{Expr, Kind, Op, and_};
use vidro_sql::schema::{Column, Table};

use super::Direction;
use crate::error::{Error, Result};

/// What a join condition is made of.
pub(super) struct Request<'a> {
    /// `User.posts`, for messages.
    pub(super) name: &'a str,
    /// Tables of the parent class, the root's first.
    pub(super) parent: Vec<Table>,
    /// Tables of the target class, the root's first.
    pub(super) target: Vec<Table>,
    pub(super) secondary: Option<Table>,
    pub(super) primaryjoin: Option<Expr>,
    pub(super) secondaryjoin: Option<Expr>,
    pub(super) foreign_keys: Vec<Column>,
    pub(super) remote_side: Vec<Column>,
    pub(super) viewonly: bool,
}

/// A join condition, understood.
pub(super) struct JoinCondition {
    pub(super) primaryjoin: Expr,
    pub(super) secondaryjoin: Option<Expr>,
    pub(super) direction: Direction,
    /// Local and remote column of each comparison.
    pub(super) local_remote: Vec<(Column, Column)>,
    pub(super) remote: Vec<Column>,
    /// Source and destination of key copies; the destination is the foreign key.
    pub(super) synchronize: Vec<(Column, Column)>,
    pub(super) secondary_synchronize: Vec<(Column, Column)>,
}

/// Finds and analyses the join condition.
pub(super) fn determine(request: &Request<'_>) -> Result<JoinCondition> {
    if request.secondaryjoin.is_some() && request.secondary.is_none() {
        return Err(Error::argument(format!(
            "Property {} specified with secondary join condition but no secondary argument",
            request.name
        )));
    }
    let (primaryjoin, secondaryjoin) = joins(request)?;
    let mut primary = comparisons(&primaryjoin);
    let mut second = secondaryjoin.as_ref().map(comparisons).unwrap_or_default();
    mark_foreign(request, &mut primary);
    mark_foreign(request, &mut second);
    mark_remote(request, &mut primary);
    mark_remote(request, &mut second);
    let mut condition = JoinCondition {
        direction: Direction::ManyToMany,
        local_remote: Vec::new(),
        remote: Vec::new(),
        synchronize: Vec::new(),
        secondary_synchronize: Vec::new(),
        primaryjoin,
        secondaryjoin,
    };
    pairs(&primary, &mut condition, true);
    pairs(&second, &mut condition, false);
    check_foreign(request, &condition.primaryjoin, &primary, &condition.synchronize, "primary")?;
    if let Some(join) = &condition.secondaryjoin {
        check_foreign(request, join, &second, &condition.secondary_synchronize, "secondary")?;
    }
    condition.direction = direction(request, &primary)?;
    if condition.local_remote.is_empty() {
        return Err(Error::argument(format!(
            "Relationship {} could not determine any unambiguous local/remote column pairs based \
             on join condition and remote_side arguments.  Consider using the remote() annotation \
             to accurately mark those elements of the join condition that are on the remote side \
             of the relationship.",
            request.name
        )));
    }
    Ok(condition)
}

fn joins(request: &Request<'_>) -> Result<(Expr, Option<Expr>)> {
    let find = |left: &[Table], right: &[Table]| find_join(left, right, &request.foreign_keys);
    let Some(secondary) = &request.secondary else {
        let primary = match &request.primaryjoin {
            Some(join) => join.clone(),
            None => find(&request.parent, &request.target).map_err(|e| explain(request, &e))?,
        };
        return Ok((primary, None));
    };
    let middle = std::slice::from_ref(secondary);
    let second = match &request.secondaryjoin {
        Some(join) => join.clone(),
        None => find(&request.target, middle).map_err(|e| explain(request, &e))?,
    };
    let primary = match &request.primaryjoin {
        Some(join) => join.clone(),
        None => find(&request.parent, middle).map_err(|e| explain(request, &e))?,
    };
    Ok((primary, Some(second)))
}

enum JoinError {
    NoForeignKeys,
    Ambiguous,
    Other(Error),
}

/// The condition that the foreign keys between two sets of tables suggest.
fn find_join(left: &[Table], right: &[Table], only: &[Column]) -> Result<Expr, JoinError> {
    // The most specific table of an inheritance chain has the first word.
    let subsets = [left.get(left.len().saturating_sub(1)..).unwrap_or_default(), left];
    for left in subsets {
        let mut found = constraints_between(left, right, only).map_err(JoinError::Other)?;
        if found.len() > 1 && !only.is_empty() {
            found.retain(|pairs| {
                pairs.len() == only.len() && pairs.iter().all(|(_, c)| contains(only, c))
            });
        }
        found.dedup_by(|a, b| same_pairs(a, b));
        match found.as_slice() {
            [] => {}
            [pairs] => {
                let equal = |(a, b): &(Column, Column)| a.expr().eq(b.expr());
                let clauses: Result<Vec<Expr>, _> = pairs.iter().map(equal).collect();
                let clauses = clauses.map_err(|e| JoinError::Other(e.into()))?;
                if let [clause] = clauses.as_slice() {
                    return Ok(clause.clone());
                }
                return and_(clauses).map_err(|e| JoinError::Other(e.into()));
            }
            _ => return Err(JoinError::Ambiguous),
        }
    }
    Err(JoinError::NoForeignKeys)
}

/// Column pairs of each foreign key constraint between two sets of tables: referred, referring.
fn constraints_between(
    left: &[Table],
    right: &[Table],
    only: &[Column],
) -> Result<Vec<Vec<(Column, Column)>>> {
    let mut found = Vec::new();
    let same =
        |a: &[Table], b: &[Table]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.ptr_eq(b));
    let mut directions = vec![(left, right)];
    if !same(left, right) {
        directions.push((right, left));
    }
    for (referred, referring) in directions {
        for constraint in referring.iter().flat_map(Table::foreign_key_constraints) {
            let mut pairs = Vec::new();
            for key in constraint.foreign_keys() {
                let Some(parent) = key.parent() else { continue };
                if !only.is_empty() && !contains(only, &parent) {
                    continue;
                }
                let Ok(target) = key.column() else { continue };
                if referred.iter().any(|table| belongs(&target, table)) {
                    pairs.push((target, parent));
                }
            }
            if !pairs.is_empty() {
                found.push(pairs);
            }
        }
    }
    Ok(found)
}

fn same_pairs(a: &[(Column, Column)], b: &[(Column, Column)]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.0.ptr_eq(&b.0) && a.1.ptr_eq(&b.1))
}

fn contains(columns: &[Column], column: &Column) -> bool {
    columns.iter().any(|c| c.ptr_eq(column))
}

fn belongs(column: &Column, table: &Table) -> bool {
    column.table().is_some_and(|t| t.ptr_eq(table))
}

fn explain(request: &Request<'_>, error: &JoinError) -> Error {
    use crate::error::ErrorKind::{AmbiguousForeignKeysError, NoForeignKeysError};
    let name = request.name;
    let start = format!(
        "Could not determine join condition between parent/child tables on relationship {name} - "
    );
    match (error, &request.secondary) {
        (JoinError::Other(error), _) => error.clone(),
        (JoinError::NoForeignKeys, None) => Error::new(
            NoForeignKeysError,
            format!(
                "{start}there are no foreign keys linking these tables.  Ensure that referencing \
                 columns are associated with a ForeignKey or ForeignKeyConstraint, or specify a \
                 'primaryjoin' expression."
            ),
        ),
        (JoinError::NoForeignKeys, Some(secondary)) => Error::new(
            NoForeignKeysError,
            format!(
                "{start}there are no foreign keys linking these tables via secondary table \
                 '{}'.  Ensure that referencing columns are associated with a ForeignKey or \
                 ForeignKeyConstraint, or specify 'primaryjoin' and 'secondaryjoin' expressions.",
                secondary.full_name()
            ),
        ),
        (JoinError::Ambiguous, None) => Error::new(
            AmbiguousForeignKeysError,
            format!(
                "{start}there are multiple foreign key paths linking the tables.  Specify the \
                 'foreign_keys' argument, providing a list of those columns which should be \
                 counted as containing a foreign key reference to the parent table."
            ),
        ),
        (JoinError::Ambiguous, Some(secondary)) => Error::new(
            AmbiguousForeignKeysError,
            format!(
                "{start}there are multiple foreign key paths linking the tables via secondary \
                 table '{}'.  Specify the 'foreign_keys' argument, providing a list of those \
                 columns which should be counted as containing a foreign key reference from the \
                 secondary table to each of the parent and child tables.",
                secondary.full_name()
            ),
        ),
    }
}

/// One comparison of a join condition, with what is known about its sides.
struct Comparison {
    left: Side,
    right: Side,
    equal: bool,
}

struct Side {
    column: Column,
    foreign: bool,
    remote: bool,
}

/// Whether a condition is nothing but equalities of columns, `count` of them.
pub(super) fn is_simple(condition: &Expr, count: usize) -> bool {
    let leaves = match condition.kind() {
        Kind::List(list) if list.op == Op::And => list.items.len(),
        Kind::Binary(_) => 1,
        _ => return false,
    };
    let found = comparisons(condition);
    leaves == count && found.len() == count && found.iter().all(|c| c.equal)
}

/// All comparisons of two columns in a condition.
fn comparisons(condition: &Expr) -> Vec<Comparison> {
    let mut found = Vec::new();
    gather(condition, &mut found);
    found
}

fn gather(expr: &Expr, into: &mut Vec<Comparison>) {
    let side = |column: &Column| Side { column: column.clone(), foreign: false, remote: false };
    match expr.kind() {
        Kind::Binary(binary) => match (binary.left.schema_column(), binary.right.schema_column()) {
            (Some(left), Some(right)) => {
                let (left, right) = (side(left), side(right));
                into.push(Comparison { left, right, equal: binary.op == Op::Eq });
            }
            _ => {
                gather(&binary.left, into);
                gather(&binary.right, into);
            }
        },
        Kind::List(list) => list.items.iter().for_each(|item| gather(item, into)),
        Kind::Grouping(inner) | Kind::Cast(_, inner) => gather(inner, into),
        _ => {}
    }
}

fn mark_foreign(request: &Request<'_>, comparisons: &mut [Comparison]) {
    for comparison in comparisons {
        let Comparison { left, right, .. } = comparison;
        if !request.foreign_keys.is_empty() {
            left.foreign = contains(&request.foreign_keys, &left.column);
            right.foreign = contains(&request.foreign_keys, &right.column);
            continue;
        }
        if left.column.references(&right.column) {
            left.foreign = true;
        } else if right.column.references(&left.column) {
            right.foreign = true;
        } else if let Some(secondary) = &request.secondary {
            let (l, r) = (belongs(&left.column, secondary), belongs(&right.column, secondary));
            left.foreign = l && !r;
            right.foreign = r && !l;
        }
    }
}

fn mark_remote(request: &Request<'_>, comparisons: &mut [Comparison]) {
    let in_parent = |c: &Column| request.parent.iter().any(|table| belongs(c, table));
    let in_target = |c: &Column| request.target.iter().any(|table| belongs(c, table));
    let own = |c: &Comparison| {
        let both = |c: &Column| in_parent(c) && in_target(c);
        both(&c.left.column) && both(&c.right.column)
    };
    let self_referential = request.secondary.is_none() && comparisons.iter().any(own);
    let local_parent = request.parent.last();
    let local_target = request.target.last();
    for comparison in comparisons {
        let equated = comparison.left.column.ptr_eq(&comparison.right.column);
        for (index, side) in [&mut comparison.left, &mut comparison.right].into_iter().enumerate() {
            side.remote = if let Some(secondary) = &request.secondary {
                belongs(&side.column, secondary)
            } else if !request.remote_side.is_empty() {
                contains(&request.remote_side, &side.column) && !(equated && index == 1)
            } else if self_referential {
                side.foreign && !(equated && index == 1)
            } else {
                in_target(&side.column)
                    && (!local_parent.is_some_and(|t| belongs(&side.column, t))
                        || local_target.is_some_and(|t| belongs(&side.column, t)))
            };
        }
    }
}

fn pairs(comparisons: &[Comparison], condition: &mut JoinCondition, primary: bool) {
    for Comparison { left, right, equal } in comparisons {
        let pair = match (left.remote, right.remote) {
            (false, true) => Some((&left.column, &right.column)),
            (true, false) => Some((&right.column, &left.column)),
            _ => None,
        };
        if let Some((local, remote)) = pair {
            let known =
                condition.local_remote.iter().any(|(l, r)| l.ptr_eq(local) && r.ptr_eq(remote));
            if !known {
                condition.local_remote.push((local.clone(), remote.clone()));
            }
            if !contains(&condition.remote, remote) {
                condition.remote.push(remote.clone());
            }
        }
        let copied = match (equal, left.foreign, right.foreign) {
            (true, _, true) => (left.column.clone(), right.column.clone()),
            (true, true, false) => (right.column.clone(), left.column.clone()),
            _ => continue,
        };
        if primary {
            condition.synchronize.push(copied);
        } else {
            condition.secondary_synchronize.push(copied);
        }
    }
}

fn check_foreign(
    request: &Request<'_>,
    join: &Expr,
    comparisons: &[Comparison],
    synchronize: &[(Column, Column)],
    which: &str,
) -> Result<()> {
    let has_foreign = comparisons.iter().any(|c| c.left.foreign || c.right.foreign);
    if !synchronize.is_empty() || (request.viewonly && has_foreign) {
        return Ok(());
    }
    let name = request.name;
    if has_foreign {
        return Err(Error::argument(format!(
            "Could not locate any simple equality expressions involving locally mapped foreign \
             key columns for {which} join condition '{join}' on relationship {name}.  Ensure that \
             referencing columns are associated with a ForeignKey or ForeignKeyConstraint, or are \
             annotated in the join condition with the foreign() annotation. To allow comparison \
             operators other than '==', the relationship can be marked as viewonly=True."
        )));
    }
    Err(Error::argument(format!(
        "Could not locate any relevant foreign key columns for {which} join condition '{join}' on \
         relationship {name}.  Ensure that referencing columns are associated with a ForeignKey \
         or ForeignKeyConstraint, or are annotated in the join condition with the foreign() \
         annotation."
    )))
}

fn direction(request: &Request<'_>, comparisons: &[Comparison]) -> Result<Direction> {
    if request.secondary.is_some() {
        return Ok(Direction::ManyToMany);
    }
    let sides = || comparisons.iter().flat_map(|c| [&c.left, &c.right]).filter(|s| s.foreign);
    let within = |tables: &[Table], side: &Side| tables.iter().any(|t| belongs(&side.column, t));
    let to_many = sides().any(|side| within(&request.target, side));
    let to_one = sides().any(|side| within(&request.parent, side));
    match (to_many, to_one) {
        (true, false) => Ok(Direction::OneToMany),
        (false, true) => Ok(Direction::ManyToOne),
        (true, true) => {
            let remote = sides().any(|side| side.remote);
            let local = sides().any(|side| !side.remote);
            match (remote, local) {
                (true, false) => Ok(Direction::OneToMany),
                (false, true) => Ok(Direction::ManyToOne),
                _ => Err(Error::argument(format!(
                    "Can't determine relationship direction for relationship '{}' - foreign key \
                     columns within the join condition are present in both the parent and the \
                     child's mapped tables.  Ensure that only those columns referring to a parent \
                     column are marked as foreign, either via the foreign() annotation or via the \
                     foreign_keys argument.",
                    request.name
                ))),
            }
        }
        (false, false) => Err(Error::argument(format!(
            "Can't determine relationship direction for relationship '{}' - foreign key columns \
             are present in neither the parent nor the child's mapped tables",
            request.name
        ))),
    }
}
