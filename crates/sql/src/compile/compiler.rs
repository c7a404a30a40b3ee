//! The walk over a statement that writes its text.

use super::{CompileOptions, Compiled, Rendered};
use crate::dialect::Dialect;
use crate::error::{Error, Result};
use crate::expr::Expr;
use crate::from::ProxyColumn;
use crate::select::LabelStyle;
use crate::statement::Statement;
use crate::value::Value;

pub(super) fn compile(_: &Statement, _: &Dialect, _: &CompileOptions) -> Result<Compiled> {
    Err(Error::compile("the compiler is being written"))
}

pub(super) fn exported_columns(_: &[Expr], _: LabelStyle) -> Vec<ProxyColumn> {
    Vec::new()
}

pub(super) fn expand(
    compiled: &Compiled,
    _: &[Expr],
    _: &dyn Fn(&str) -> Option<Value>,
) -> Result<Rendered> {
    Ok(Rendered { sql: compiled.sql.clone(), values: Vec::new(), names: Vec::new() })
}
