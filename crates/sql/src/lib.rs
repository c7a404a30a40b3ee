//! Schema, expressions, statements and dialects, compiled to SQL text.
//!
//! Everything here is pure: no connection, no clock, no IO. A [`Table`] belongs to a
//! [`MetaData`]; its columns become [`Expr`]essions; those make up
//! [`Select`](select::Select), [`Insert`](dml::Insert) and the rest; and [`compile`](compile::compile)
//! turns a [`Statement`] and a [`Dialect`] into a
//! [`Compiled`](compile::Compiled): SQL text, parameters in order, result columns.
//!
//! ```
//! use vidro_sql::schema::{ColumnSpec, MetaData, Table, TableItem, TableOptions};
//! use vidro_sql::{select::Select, statement::Statement, types::Type};
//!
//! # fn main() -> vidro_sql::Result<()> {
//! let metadata = MetaData::new();
//! let id = ColumnSpec::new("id", Type::integer()).primary_key().build();
//! let name = ColumnSpec::new("name", Type::string()).build();
//! let items = vec![TableItem::Column(id), TableItem::Column(name)];
//! let user = Table::new("user_account", &metadata, items, TableOptions::default())?;
//!
//! let statement = Select::new([user.c("id")?]).where_(user.c("name")?.eq("ed")?);
//! assert_eq!(
//!     Statement::from(statement).to_string(),
//!     "SELECT user_account.id \nFROM user_account \nWHERE user_account.name = :name_1"
//! );
//! # Ok(())
//! # }
//! ```

#[cfg(all(test, target_family = "wasm"))]
#[macro_use]
extern crate vidro_browser_test;
#[cfg(all(test, target_family = "wasm"))]
wasm_bindgen_test_configure!(run_in_browser);

pub mod cache;
pub mod compile;
pub mod ddl;
pub mod dialect;
pub mod dml;
mod error;
pub mod expr;
pub mod from;
mod join;
pub mod name;
mod python;
pub mod repr;
pub mod schema;
pub mod select;
pub mod statement;
pub mod text;
pub mod types;
pub mod value;

pub use dialect::Dialect;
pub use error::{Error, ErrorKind, Result};
pub use expr::Expr;
pub use name::Name;
pub use schema::{Column, MetaData, Sequence, Table};
pub use statement::Statement;
pub use types::Type;
pub use value::{Object, Value, ValueRef};

/// The schema columns an expression mentions, each once, in order.
pub(crate) fn expr_columns(expr: &expr::Expr) -> Vec<schema::Column> {
    let mut refs = Vec::new();
    expr_refs(expr, &mut refs);
    refs.iter().filter_map(|expr| expr.schema_column().cloned()).collect()
}

/// The column references an expression mentions, each once, in order.
pub(crate) fn expr_refs(expr: &expr::Expr, out: &mut Vec<expr::Expr>) {
    expr::columns(expr, &mut |column| {
        if !out.iter().any(|known| known.same_column(column)) {
            out.push(column.clone());
        }
    });
}
