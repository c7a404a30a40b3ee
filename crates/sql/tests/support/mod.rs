//! Tables and checks that the test files share.
use vidro_sql::expr::Expr;
use vidro_sql::schema::{ColumnSpec, MetaData, Table, TableItem, TableOptions};
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

pub(crate) fn c(table: &Table, key: &str) -> Expr {
    table.c(key).unwrap()
}
