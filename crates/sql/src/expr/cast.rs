//! `CAST` and its kin.

use super::{Expr, IntoExpr, Kind};
use crate::error::Result;
use crate::types::Type;

/// How an expression gets another type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CastKind {
    /// `CAST(x AS t)`
    Cast,
    /// `TRY_CAST(x AS t)`
    TryCast,
    /// `type_coerce`: only Python sees it.
    Coerce,
}

impl Expr {
    /// `cast(expr, type)`
    pub fn cast(operand: impl IntoExpr, ty: Type) -> Result<Self> {
        Self::cast_as(CastKind::Cast, operand, ty)
    }

    /// `cast`, `try_cast` or `type_coerce`.
    pub fn cast_as(kind: CastKind, operand: impl IntoExpr, ty: Type) -> Result<Self> {
        let inner = operand.into_operand().coerce(Some(&ty))?;
        // A literal inside takes the type it is cast to, as SQLAlchemy does.
        Ok(Self::new(Kind::Cast(kind, inner), ty))
    }

    /// `extract(field, expr)`
    pub fn extract(field: &str, operand: impl IntoExpr) -> Result<Self> {
        let inner = operand.into_operand().coerce(None)?;
        Ok(Self::new(Kind::Extract(field.into(), inner), Type::integer()))
    }
}
