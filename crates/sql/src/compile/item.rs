//! Writing `array[index]` and `document["key"]`, which each dialect spells its own way.

use super::compiler::{Compiler, Cx};
use crate::dialect::Family;
use crate::error::{Error, Result};
use crate::expr::{Binary, Expr, Kind, Op};
use crate::types::{Affinity, TypeKind};

impl Compiler<'_> {
    /// `array[index]` and JSON paths.
    pub(super) fn get_item(
        &mut self,
        expr: &Expr,
        binary: &Binary,
        cx: Cx,
        out: &mut String,
    ) -> Result<()> {
        let operands = (&binary.left, &binary.right);
        let json = expr.ty().affinity() == Affinity::Json;
        let family = self.dialect.family();
        let slice = matches!(operands.1.kind(), Kind::Slice(..));
        if (binary.op == Op::GetItem && family != Family::Postgresql)
            && (slice || family != Family::Default)
        {
            return Err(Error::unsupported_compilation(format!(
                "Compiler for {} can't render items of arrays",
                self.dialect.name()
            )));
        }
        if binary.op == Op::GetItem || family == Family::Default {
            return self.subscript(operands, cx, out);
        }
        match family {
            Family::Oracle => self.oracle_item(&expr.ty(), operands, cx, out),
            Family::Mysql if json => self.call("JSON_EXTRACT(", operands, ")", cx, out),
            Family::Mysql => self.mysql_item(expr, operands, cx, out),
            Family::Sqlite if json => {
                self.call("JSON_QUOTE(JSON_EXTRACT(", operands, "))", cx, out)
            }
            Family::Postgresql if json => {
                if binary.op == Op::JsonGetItem && operands.0.ty().kind() == TypeKind::JSONB {
                    return self.subscript(operands, cx, out);
                }
                let word = if binary.op == Op::JsonPathGetItem { " #> " } else { " -> " };
                self.generic(operands, word, Cx { eager_grouping: true, ..cx }, out)
            }
            _ => {
                out.push_str("CAST(");
                if family == Family::Sqlite {
                    self.call("JSON_EXTRACT(", operands, ")", cx, out)?;
                } else {
                    let word = if binary.op == Op::JsonPathGetItem { " #>> " } else { " ->> " };
                    self.generic(operands, word, Cx { eager_grouping: true, ..cx }, out)?;
                }
                out.push_str(" AS ");
                out.push_str(&expr.ty().ddl(&self.dialect)?);
                out.push(')');
                Ok(())
            }
        }
    }

    fn subscript(&mut self, operands: (&Expr, &Expr), cx: Cx, out: &mut String) -> Result<()> {
        self.infix(operands.0, "[", operands.1, cx, out)?;
        out.push(']');
        Ok(())
    }

    /// MySQL casts neither JSON's null nor, in its older versions, to floats.
    fn mysql_item(
        &mut self,
        expr: &Expr,
        operands: (&Expr, &Expr),
        cx: Cx,
        out: &mut String,
    ) -> Result<()> {
        self.call("CASE JSON_EXTRACT(", operands, ") WHEN 'null' THEN NULL", cx, out)?;
        let ty = expr.ty();
        let digits = ty.args().and_then(|args| args.precision.zip(args.scale));
        match (ty.affinity(), digits) {
            (Affinity::Boolean, _) => out.push_str(" WHEN true THEN true ELSE false"),
            (Affinity::Integer, _) => {
                let end = ") AS SIGNED INTEGER)";
                self.call(" ELSE CAST(JSON_EXTRACT(", operands, end, cx, out)?;
            }
            (Affinity::Numeric | Affinity::Float, Some((precision, scale))) => {
                let end = format!(") AS DECIMAL({precision}, {scale}))");
                self.call(" ELSE CAST(JSON_EXTRACT(", operands, &end, cx, out)?;
            }
            (Affinity::Numeric | Affinity::Float, None) => {
                let end = ")+0.0000000000000000000000";
                self.call(" ELSE JSON_EXTRACT(", operands, end, cx, out)?;
            }
            (Affinity::String, _) => {
                self.call(" ELSE JSON_UNQUOTE(JSON_EXTRACT(", operands, "))", cx, out)?;
            }
            _ => self.call(" ELSE JSON_EXTRACT(", operands, ")", cx, out)?,
        }
        out.push_str(" END");
        Ok(())
    }

    fn call(
        &mut self,
        start: &str,
        operands: (&Expr, &Expr),
        end: &str,
        cx: Cx,
        out: &mut String,
    ) -> Result<()> {
        out.push_str(start);
        self.infix(operands.0, ", ", operands.1, cx, out)?;
        out.push_str(end);
        Ok(())
    }
}
