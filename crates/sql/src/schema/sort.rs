//! The order in which tables are created: parents first, cycles cut at their foreign keys.

use super::constraint::Constraint;
use super::table::Table;
use crate::error::Error;

/// Tables in order of creation, and what must be added afterwards.
#[derive(Clone, Debug, Default)]
pub struct SortedTables {
    /// The tables, each with the foreign keys that CREATE TABLE may hold.
    pub tables: Vec<(Table, Vec<Constraint>)>,
    /// Foreign keys that ALTER TABLE must add.
    pub remaining: Vec<Constraint>,
    /// Whether some of those are there because of a cycle rather than `use_alter`.
    pub cycle: bool,
    /// The first foreign key whose table cannot be found; SQLAlchemy raises it before any DDL.
    pub error: Option<Error>,
}

impl SortedTables {
    /// Just the tables.
    pub fn table_list(&self) -> Vec<Table> {
        self.tables.iter().map(|(table, _)| table.clone()).collect()
    }
}

/// `metadata.sorted_tables`: by name, then parents before children.
pub fn sort_tables(tables: &[Table]) -> SortedTables {
    let mut tables: Vec<Table> = tables.to_vec();
    tables.sort_by_key(Table::full_name);
    sort_tables_in_order(&tables)
}

/// `sort_tables_and_constraints(tables)`: parents before children, the given order where it is free.
pub fn sort_tables_in_order(tables: &[Table]) -> SortedTables {
    let mut mutable: Vec<(usize, usize, Constraint)> = Vec::new();
    let mut remaining: Vec<Constraint> = Vec::new();
    let mut error = None;
    for (child, table) in tables.iter().enumerate() {
        for constraint in table.foreign_key_constraints() {
            if constraint.options().use_alter {
                remaining.push(constraint);
                continue;
            }
            let referred = match constraint.referred_table() {
                Ok(referred) => referred,
                Err(problem) => {
                    error = error.or(Some(problem));
                    continue;
                }
            };
            let parent = tables.iter().position(|t| t.ptr_eq(&referred));
            if let Some(parent) = parent.filter(|parent| *parent != child) {
                mutable.push((parent, child, constraint));
            }
        }
    }
    let count = tables.len();
    let edges = |mutable: &[(usize, usize, Constraint)]| -> Vec<(usize, usize)> {
        mutable.iter().map(|(parent, child, _)| (*parent, *child)).collect()
    };
    let mut cycle = false;
    let order = match topological(count, &edges(&mutable)) {
        Ok(order) => order,
        Err(stuck) => {
            cycle = true;
            // Every foreign key of a table in a cycle waits, even those that leave the cycle.
            let mut kept = Vec::new();
            for edge in mutable {
                if stuck.contains(&edge.1) {
                    remaining.push(edge.2);
                } else {
                    kept.push(edge);
                }
            }
            topological(count, &edges(&kept)).unwrap_or_else(|_| (0..count).collect())
        }
    };
    let with_keys = |at: usize| {
        let table = tables.get(at)?.clone();
        let mut keys = table.foreign_key_constraints();
        keys.retain(|key| !remaining.iter().any(|other| other.ptr_eq(key)));
        Some((table, keys))
    };
    let tables = order.into_iter().filter_map(with_keys).collect();
    SortedTables { tables, remaining, cycle, error }
}

/// SQLAlchemy's topological sort: rounds of everything whose parents are out, in given order.
/// The error lists the members of cycles.
fn topological(count: usize, edges: &[(usize, usize)]) -> Result<Vec<usize>, Vec<usize>> {
    let mut todo: Vec<usize> = (0..count).collect();
    let mut out = Vec::with_capacity(count);
    while !todo.is_empty() {
        let blocked = |node: usize| {
            edges.iter().any(|(parent, child)| *child == node && todo.contains(parent))
        };
        let ready: Vec<usize> = todo.iter().copied().filter(|node| !blocked(*node)).collect();
        if ready.is_empty() {
            return Err(members_of_cycles(&todo, edges));
        }
        todo.retain(|node| !ready.contains(node));
        out.extend(ready);
    }
    Ok(out)
}

fn members_of_cycles(todo: &[usize], edges: &[(usize, usize)]) -> Vec<usize> {
    let reaches_itself = |start: usize| {
        let mut seen = Vec::new();
        let mut stack = vec![start];
        while let Some(node) = stack.pop() {
            for (parent, child) in edges {
                if *parent == node && todo.contains(child) {
                    if *child == start {
                        return true;
                    }
                    if !seen.contains(child) {
                        seen.push(*child);
                        stack.push(*child);
                    }
                }
            }
        }
        false
    };
    todo.iter().copied().filter(|node| reaches_itself(*node)).collect()
}
