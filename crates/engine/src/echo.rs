//! `echo=True`: SQLAlchemy's log lines to the letter, made from events.

use std::fmt::Write as _;

use vidro_sql::Value;

use crate::event::{Event, Execution, Note, Parameters};

/// How much an engine or pool logs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Echo {
    /// Nothing of its own accord.
    #[default]
    Off,
    /// Statements and transactions.
    Info,
    /// Rows as well.
    Debug,
}

/// Where log lines go: `logging` of the script.
pub trait Log {
    /// One message of a logger such as `sqlalchemy.engine.Engine`.
    fn log(&self, logger: &str, level: Echo, message: &str);

    /// What the script asked of a logger itself, beside `echo`.
    fn level(&self, _logger: &str) -> Echo {
        Echo::Off
    }
}

/// The lines an event is worth at `echo=True`, in order.
pub fn messages(event: &Event<'_>, now: f64, hide: bool, each: &mut dyn FnMut(&str)) {
    match event {
        Event::Begin { autocommit: true, .. } => {
            each("BEGIN (implicit; DBAPI should not BEGIN due to autocommit mode)");
        }
        Event::Begin { .. } => each("BEGIN (implicit)"),
        Event::Commit { autocommit: true, .. } => {
            each("COMMIT using DBAPI connection.commit(), has no effect due to autocommit mode");
        }
        Event::Commit { .. } => each("COMMIT"),
        Event::Rollback { autocommit: true, .. } => {
            each(
                "ROLLBACK using DBAPI connection.rollback(); set skip_autocommit_rollback to prevent fully",
            );
        }
        Event::Rollback { .. } => each("ROLLBACK"),
        Event::BeforeExecute(execution) => {
            if execution.batch.is_some() {
                each(&long_statement(execution.sql));
            } else {
                each(execution.sql);
            }
            each(&statement_note(execution, now, hide));
        }
        Event::EngineCreated { .. }
        | Event::Pool(_)
        | Event::Savepoint { .. }
        | Event::RollbackToSavepoint { .. }
        | Event::ReleaseSavepoint { .. }
        | Event::AfterExecute(..)
        | Event::ExecuteFailed(..)
        | Event::RowsChanged { .. }
        | Event::SchemaChanged { .. } => {}
    }
}

/// `[generated in 0.00012s] ('sandy',)`
fn statement_note(execution: &Execution<'_>, now: f64, hide: bool) -> String {
    let mut text = String::from("[");
    let stats = match execution.note {
        Note::RawSql => "raw sql".to_owned(),
        Note::Generated(at) => format!("generated in {:.5}s", now - at),
        Note::Cached(at) => format!("cached since {}s ago", general(now - at, 4)),
        Note::NoKey(at) => format!("no key {:.5}s", now - at),
        Note::CachingDisabled(at) => format!("caching disabled {:.5}s", now - at),
    };
    match execution.batch {
        None => text.push_str(&stats),
        Some(batch) => {
            if batch.number == 1 {
                text.push_str(&stats);
                text.push_str(" (insertmanyvalues)");
            } else {
                text.push_str("insertmanyvalues");
            }
            let order = if batch.ordered { "ordered" } else { "unordered" };
            let fallback = if batch.downgraded { "; batch not supported" } else { "" };
            let _ = write!(text, " {}/{} ({order}{fallback})", batch.number, batch.total);
        }
    }
    text.push_str("] ");
    match execution.parameters {
        _ if hide => text.push_str("[SQL parameters hidden due to hide_parameters=True]"),
        Parameters::One(set) => text.push_str(&repr_set(set)),
        Parameters::Many(sets) => text.push_str(&repr_sets(sets)),
    }
    text
}

/// A statement of an "insertmanyvalues" run, its middle left out when it is long.
pub(crate) fn long_statement(sql: &str) -> String {
    let count = sql.chars().count();
    if count <= 500 {
        return sql.to_owned();
    }
    let left: String = sql.chars().take(250).collect();
    let right: String = sql.chars().skip(count - 100).collect();
    format!("{left} ... {} characters truncated ... {right}", count - 350)
}

/// One value of a parameter set, its middle left out when it is long.
fn repr_value(out: &mut String, value: &Value) {
    const MOST: usize = 300;
    let repr = value.repr();
    let count = if repr.len() > MOST { repr.chars().count() } else { 0 };
    if count <= MOST {
        out.push_str(&repr);
        return;
    }
    out.extend(repr.chars().take(MOST / 2));
    let _ = write!(out, " ... ({} characters truncated) ... ", count - MOST);
    out.extend(repr.chars().skip(count - MOST / 2));
}

/// One parameter set as Python prints the tuple, long ones with their middle left out.
pub(crate) fn repr_set(set: &[Value]) -> String {
    const MOST: usize = 100;
    let mut text = String::from("(");
    let list = |text: &mut String, values: &[Value]| {
        for (index, value) in values.iter().enumerate() {
            if index > 0 {
                text.push_str(", ");
            }
            repr_value(text, value);
        }
    };
    if set.len() > MOST {
        let (left, rest) = set.split_at(MOST / 2);
        let (middle, right) = rest.split_at(rest.len() - MOST / 2);
        list(&mut text, left);
        let _ = write!(text, " ... {} parameters truncated ... ", middle.len());
        list(&mut text, right);
    } else {
        list(&mut text, set);
        if set.len() == 1 {
            text.push(',');
        }
    }
    text.push(')');
    text
}

/// Many parameter sets as Python prints the list, ten of them at most.
pub(crate) fn repr_sets(sets: &[Vec<Value>]) -> String {
    const MOST: usize = 10;
    let list = |sets: &[Vec<Value>]| {
        let shown: Vec<String> = sets.iter().map(|set| repr_set(set)).collect();
        shown.join(", ")
    };
    if sets.len() <= MOST {
        return format!("[{}]", list(sets));
    }
    let (left, rest) = sets.split_at(MOST - 2);
    let right = rest.get(rest.len() - 2..).unwrap_or(rest);
    format!(
        "[{}  ... displaying {MOST} of {} total bound parameter sets ...  {}]",
        list(left),
        sets.len(),
        list(right)
    )
}

/// One parameter set by name as Python prints the dictionary.
pub fn repr_named(set: &[(std::rc::Rc<str>, Value)]) -> String {
    let mut text = String::from("{");
    for (index, (name, value)) in set.iter().enumerate() {
        if index > 0 {
            text.push_str(", ");
        }
        let _ = write!(text, "{}: ", vidro_sql::repr::string(name));
        repr_value(&mut text, value);
    }
    text.push('}');
    text
}

/// Python's `'%.{digits}g' % number` for numbers that are not negative.
fn general(number: f64, digits: i32) -> String {
    let number = if number.is_finite() { number.max(0.0) } else { 0.0 };
    let precision = usize::try_from(digits - 1).unwrap_or(0);
    let scientific = format!("{number:.precision$e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trim = |text: &str| {
        if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            text.to_owned()
        }
    };
    if exponent < -4 || exponent >= digits {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", trim(mantissa), exponent.abs());
    }
    let decimals = usize::try_from(digits - 1 - exponent).unwrap_or(0);
    trim(&format!("{number:.decimals$}"))
}

#[cfg(test)]
mod tests {
    #[cfg(all(target_family = "wasm", target_os = "unknown"))]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn numbers_print_as_percent_g() {
        for (number, expect) in [
            (0.0, "0"),
            (0.000_123_456, "0.0001235"),
            (0.000_012_345_6, "1.235e-05"),
            (1.5, "1.5"),
            (123.456, "123.5"),
            (12345.6, "1.235e+04"),
        ] {
            assert_eq!(general(number, 4), expect);
        }
    }

    #[test]
    fn parameters_print_as_tuples() {
        assert_eq!(repr_set(&[]), "()");
        assert_eq!(repr_set(&["x".into()]), "('x',)");
        assert_eq!(repr_set(&["x".into(), 1.into()]), "('x', 1)");
        let many: Vec<Vec<Value>> = (0..12).map(|i| vec![Value::from(i)]).collect();
        assert_eq!(
            repr_sets(&many),
            "[(0,), (1,), (2,), (3,), (4,), (5,), (6,), (7,)  ... displaying 10 of 12 total bound parameter sets ...  (10,), (11,)]"
        );
        let long: Vec<Value> = (0..102).map(Value::from).collect();
        assert!(repr_set(&long).contains("49 ... 2 parameters truncated ... 52, 53"));
    }
}
