//! From statement and dialect to SQL text, parameters and result columns.
//!
//! One `Compiler` walks the tree and writes text. Parameters are written as marks and get
//! their final spelling when the text is complete, because only then their order is known.

mod binds;
mod compiled;
mod compiler;
mod constraint;
mod crud;
mod cte;
mod ddl;
mod dml;
mod expr;
mod from;
mod function;
mod index;
mod item;
mod names;
mod operator;
mod oracle;
mod select;

use std::rc::Rc;

pub use self::compiled::{
    BindSet, Compiled, DmlInfo, InsertMany, Param, Rendered, ResultColumn, Source, StatementKind,
};

use crate::cache::Key;
use crate::dialect::Dialect;
use crate::error::Result;
use crate::expr::Expr;
use crate::from::ProxyColumn;
use crate::select::LabelStyle;
use crate::statement::Statement;

/// A schema name and what takes its place; `None` is no schema.
pub type SchemaPair = (Option<Rc<str>>, Option<Rc<str>>);

/// What a compilation may be told.
#[derive(Clone, Debug, Default)]
pub struct CompileOptions {
    /// The keys of the parameters that an INSERT or UPDATE is executed with.
    pub column_keys: Option<Rc<[Rc<str>]>>,
    /// Whether several parameter sets follow.
    pub for_executemany: bool,
    /// Values are written into the text.
    pub literal_binds: bool,
    /// Expanding parameters are written out.
    pub render_postcompile: bool,
    /// Schema names to exchange.
    pub schema_translate: Vec<SchemaPair>,
}

/// Compile a statement for a dialect.
pub fn compile(
    statement: &Statement,
    dialect: &Dialect,
    options: &CompileOptions,
) -> Result<Compiled> {
    let mut key = Key::default();
    key.write(statement, dialect, options);
    compile_with(statement, dialect, options, &key)
}

/// The same, when the key is written already.
pub(crate) fn compile_with(
    statement: &Statement,
    dialect: &Dialect,
    options: &CompileOptions,
    key: &Key,
) -> Result<Compiled> {
    compiler::compile(statement, dialect, options, key)
}

/// `str(statement)`
pub fn to_string(statement: &Statement) -> Result<String> {
    let compiled = compile(statement, &Dialect::default_dialect(), &CompileOptions::default())?;
    Ok(compiled.sql.to_string())
}

/// `str(expr)`
pub fn expr_to_string(expr: &Expr) -> Result<String> {
    to_string(&Statement::Expr(expr.clone()))
}

/// The columns of a subquery over these result columns.
pub(crate) fn exported_columns(columns: &[Expr], style: LabelStyle) -> Vec<ProxyColumn> {
    names::exported_columns(columns, style)
}
