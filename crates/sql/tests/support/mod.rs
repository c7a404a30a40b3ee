//! Tables and checks that the test files share.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use vidro_sql::compile::{CompileOptions, compile};
use vidro_sql::dialect::Dialect;
use vidro_sql::expr::Expr;
use vidro_sql::from::FromClause;
use vidro_sql::schema::{ColumnSpec, MetaData, Table, TableItem, TableOptions};
use vidro_sql::statement::Statement;
use vidro_sql::types::Type;

pub(crate) fn schema() -> MetaData {
    let m = MetaData::new();
    table(
        &m,
        "user_account",
        vec![
            ColumnSpec::new("id", Type::integer()).primary_key(),
            ColumnSpec::new("name", Type::string_of(30)).nullable(false),
            ColumnSpec::new("fullname", Type::string()),
        ],
    );
    table(
        &m,
        "address",
        vec![
            ColumnSpec::new("id", Type::integer()).primary_key(),
            ColumnSpec::new("email_address", Type::string()).nullable(false),
            ColumnSpec::new("user_id", Type::null()).references("user_account.id").nullable(false),
        ],
    );
    m
}

pub(crate) fn table(m: &MetaData, name: &str, columns: Vec<ColumnSpec>) -> Table {
    let items = columns.into_iter().map(|spec| TableItem::Column(spec.build())).collect();
    Table::new(name, m, items, TableOptions::default()).unwrap()
}

pub(crate) fn user(m: &MetaData) -> Table {
    m.table("user_account").unwrap()
}

pub(crate) fn address(m: &MetaData) -> Table {
    m.table("address").unwrap()
}

pub(crate) fn c(table: &Table, key: &str) -> Expr {
    table.c(key).unwrap()
}

pub(crate) fn alias(table: &Table, name: &str) -> FromClause {
    FromClause::from(table).alias(Some(name.into()))
}

pub(crate) fn bind(name: &str) -> Expr {
    Expr::bindparam(name, Type::null())
}

pub(crate) fn check(statement: impl Into<Statement>, expect: &str) {
    check_on(statement, &Dialect::default_dialect(), expect);
}

pub(crate) fn check_on(statement: impl Into<Statement>, dialect: &Dialect, expect: &str) {
    let compiled = compile(&statement.into(), dialect, &CompileOptions::default()).unwrap();
    assert_eq!(&*compiled.sql, expect);
}
