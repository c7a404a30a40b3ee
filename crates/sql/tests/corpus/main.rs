//! The corpus: statements and their text on five dialects, recorded from SQLAlchemy by `record.py`.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[cfg(target_family = "wasm")]
#[macro_use]
extern crate vidro_browser_test;
#[cfg(target_family = "wasm")]
wasm_bindgen_test_configure!(run_in_browser);

mod expressions;
mod schema;
mod selects;
mod writes;

use vidro_sql::compile::{CompileOptions, compile};
use vidro_sql::dialect::Dialect;
use vidro_sql::expr::Expr;
use vidro_sql::schema::{MetaData, Table};
use vidro_sql::statement::Statement;

/// A name of `record.py`, and the same statement built here.
pub(crate) type Case = (&'static str, Statement);

/// The tables of `record.py`.
pub(crate) struct Tables {
    pub(crate) u: Table,
    pub(crate) a: Table,
    pub(crate) o: Table,
    pub(crate) _metadata: MetaData,
}

pub(crate) fn c(table: &Table, key: &str) -> Expr {
    table.c(key).unwrap()
}

fn text_on(statement: &Statement, name: &str) -> String {
    let dialect = match name {
        "default" => Dialect::default_dialect(),
        "sqlite" => Dialect::sqlite(),
        "postgresql" => Dialect::postgresql(),
        "mysql" => Dialect::mysql(),
        _ => Dialect::mariadb(),
    };
    match compile(statement, &dialect, &CompileOptions::default()) {
        Ok(compiled) => compiled.sql.to_string(),
        Err(error) => format!("!{}: {error}", error.kind().name()),
    }
}

#[test]
fn the_text_is_sqlalchemys() {
    let tables = schema::tables();
    let mut cases = expressions::cases(&tables);
    cases.extend(selects::cases(&tables));
    cases.extend(writes::cases(&tables));
    cases.extend(schema::cases(&tables));
    let recorded = include_str!("corpus.txt");
    let mut failures = Vec::new();
    let mut checked = 0;
    for line in recorded.lines() {
        let mut parts = line.splitn(3, '\t');
        let (Some(name), Some(dialect), Some(text)) = (parts.next(), parts.next(), parts.next())
        else {
            continue;
        };
        let Some((_, statement)) = cases.iter().find(|(known, _)| *known == name) else {
            if dialect == "default" {
                failures.push(format!("{name}: not built"));
            }
            continue;
        };
        checked += 1;
        let expect = text.replace("\\n", "\n").replace("\\t", "\t").replace("\\\\", "\\");
        let found = text_on(statement, dialect);
        if found != expect {
            failures.push(format!("{name} on {dialect}\n  want {expect:?}\n  have {found:?}"));
        }
    }
    let count = failures.len();
    assert!(failures.is_empty(), "{count} of {checked} differ\n{}", failures.join("\n"));
}
