//! Writing what only Oracle spells its way.

use std::borrow::Cow;

use super::compiler::{Compiler, Cx};
use super::names::own_name;
use crate::dialect::{Dialect, ORACLE_NO_ARGUMENTS};
use crate::error::{Error, Result};
use crate::expr::{Binary, Bind, BindValue, Expr, Function, Op};
use crate::schema::{Column, Table};
use crate::select::{Fetch, ForUpdate};
use crate::types::{Affinity, Type, TypeKind};
use crate::value::Value;

impl Compiler<'_> {
    /// Operators that are functions in Oracle; false for all others.
    pub(super) fn oracle_binary(
        &mut self,
        binary: &Binary,
        cx: Cx,
        out: &mut String,
    ) -> Result<bool> {
        let (start, end) = match &binary.op {
            Op::Mod => ("mod(", ")"),
            Op::BitAnd => ("BITAND(", ")"),
            Op::BitOr => ("BITOR(", ")"),
            Op::BitXor => ("BITXOR(", ")"),
            Op::IsDistinct => ("DECODE(", ", 0, 1) = 1"),
            Op::IsNotDistinct => ("DECODE(", ", 0, 1) = 0"),
            Op::LShift => return Err(cannot("bitwise_lshift")),
            Op::RShift => return Err(cannot("bitwise_rshift")),
            _ => return Ok(false),
        };
        out.push_str(start);
        self.infix(&binary.left, ", ", &binary.right, cx, out)?;
        out.push_str(end);
        Ok(true)
    }

    /// `mod(mod(a, b), c)`
    pub(super) fn oracle_mod(&mut self, items: &[Expr], cx: Cx, out: &mut String) -> Result<()> {
        let Some((last, before)) = items.split_last() else { return Ok(()) };
        if before.is_empty() {
            return self.expr(last, cx, out);
        }
        out.push_str("mod(");
        self.oracle_mod(before, cx, out)?;
        out.push_str(", ");
        self.expr(last, cx, out)?;
        out.push(')');
        Ok(())
    }

    /// A JSON path, whose function depends on what is wanted of it.
    pub(super) fn oracle_item(
        &mut self,
        ty: &Type,
        operands: (&Expr, &Expr),
        cx: Cx,
        out: &mut String,
    ) -> Result<()> {
        let mut inner = String::new();
        self.expr(operands.0, cx, &mut inner)?;
        inner.push_str(", ");
        self.expr(operands.1, Cx { literal: true, ..cx }, &mut inner)?;
        let returning = match ty.affinity() {
            // RETURNING knows no truth values as numbers.
            Affinity::Boolean => {
                out.push_str(&format!(
                    "CASE JSON_VALUE({inner}) WHEN 'true' THEN 1 WHEN 'false' THEN 0 \
                     ELSE CAST(JSON_VALUE({inner}) AS NUMBER(1)) END"
                ));
                return Ok(());
            }
            Affinity::Integer => "INTEGER".to_owned(),
            Affinity::Float => "FLOAT".to_owned(),
            Affinity::Numeric => {
                let digit = |number: Option<i64>| {
                    number.map_or_else(|| "None".to_owned(), |number| number.to_string())
                };
                let args = ty.args_or_default();
                format!("NUMBER({}, {})", digit(args.precision), digit(args.scale))
            }
            Affinity::String => "VARCHAR2(4000)".to_owned(),
            _ => {
                out.push_str(&format!("JSON_QUERY({inner})"));
                return Ok(());
            }
        };
        out.push_str(&format!("JSON_VALUE({inner} RETURNING {returning} ERROR ON ERROR)"));
        Ok(())
    }

    /// Functions that Oracle spells its own way; false for all others.
    pub(super) fn oracle_function(
        &mut self,
        function: &Function,
        name: &str,
        cx: Cx,
        out: &mut String,
    ) -> Result<bool> {
        let word = match name {
            "now" => {
                out.push_str("CURRENT_TIMESTAMP");
                return Ok(true);
            }
            "char_length" => "LENGTH(",
            "pow" => "POWER(",
            _ => return Ok(false),
        };
        out.push_str(word);
        self.joined(&function.args, ", ", cx, out)?;
        out.push(')');
        Ok(true)
    }

    /// The type that CAST names: Oracle wants a length of every VARCHAR2.
    pub(super) fn oracle_cast_type(&self, ty: &Type) -> Result<String> {
        let text = matches!(
            ty.kind(),
            TypeKind::Text
                | TypeKind::UnicodeText
                | TypeKind::TEXT
                | TypeKind::CLOB
                | TypeKind::NCLOB
                | TypeKind::LONG
        );
        if ty.affinity() != Affinity::String || ty.decorator().is_some() || text {
            return ty.ddl(&self.dialect);
        }
        if ty.kind() == TypeKind::VARCHAR2 {
            return ty.ddl(&self.dialect);
        }
        let length = ty.args().and_then(|args| args.length).filter(|length| *length != 0);
        Ok(format!("VARCHAR2({} CHAR)", length.unwrap_or(4000)))
    }

    /// LIMIT is FETCH in Oracle, its plain numbers written out.
    pub(super) fn oracle_limits(
        &mut self,
        limit: Option<&Expr>,
        offset: Option<&Expr>,
        cx: Cx,
        out: &mut String,
    ) -> Result<()> {
        if let Some(offset) = offset {
            out.push_str("\n OFFSET ");
            self.written_out(offset, cx, out)?;
            out.push_str(" ROWS");
        }
        if let Some(limit) = limit {
            out.push_str("\n FETCH FIRST ");
            self.written_out(limit, cx, out)?;
            out.push_str(" ROWS ONLY");
        }
        Ok(())
    }

    /// FETCH, its plain numbers written out.
    pub(super) fn oracle_fetch(
        &mut self,
        fetch: &Fetch,
        offset: Option<&Expr>,
        cx: Cx,
        out: &mut String,
    ) -> Result<()> {
        self.oracle_limits(None, offset, cx, out)?;
        out.push_str("\n FETCH FIRST ");
        self.written_out(&fetch.count, cx, out)?;
        out.push_str(if fetch.percent { " PERCENT" } else { "" });
        out.push_str(if fetch.with_ties { " ROWS WITH TIES" } else { " ROWS ONLY" });
        Ok(())
    }

    fn written_out(&mut self, number: &Expr, cx: Cx, out: &mut String) -> Result<()> {
        let simple = number
            .as_bind()
            .is_some_and(|bind| matches!(bind.value, BindValue::One(Value::Int(_))));
        self.expr(number, Cx { literal_execute: simple || cx.literal_execute, ..cx }, out)
    }

    /// `FOR UPDATE OF` columns; nothing inside another statement.
    pub(super) fn oracle_for_update(&mut self, lock: &ForUpdate, out: &mut String) -> Result<()> {
        if self.stack.len() > 1 {
            return Ok(());
        }
        out.push_str(" FOR UPDATE");
        if !(lock.of.is_empty() && lock.of_tables.is_empty()) {
            // A table among them has no text of its own; SQLAlchemy leaves its place empty.
            out.push_str(" OF ");
            self.joined(&lock.of, ", ", Cx::default(), out)?;
        }
        out.push_str(if lock.nowait { " NOWAIT" } else { "" });
        out.push_str(if lock.skip_locked { " SKIP LOCKED" } else { "" });
        Ok(())
    }

    /// ` RETURNING … INTO …`, into parameters that the driver fills.
    pub(super) fn oracle_returning(
        &mut self,
        columns: &[Expr],
        toplevel: bool,
        cx: Cx,
        out: &mut String,
    ) -> Result<()> {
        out.push_str(" RETURNING ");
        let cx = Cx { columns: false, label: false, asfrom: false, ..cx };
        for (at, column) in columns.iter().enumerate() {
            if at > 0 {
                out.push_str(", ");
            }
            let ty = column.ty();
            let wrapped = match ty.decorator() {
                Some(decorator) => decorator.column_expression(column)?,
                None => None,
            };
            self.expr(wrapped.as_ref().unwrap_or(column), cx, out)?;
            if toplevel {
                let key = own_name(column).map(|name| self.plain_name(&name));
                self.add_result(key.unwrap_or_default(), Some(column.clone()), ty)?;
            }
        }
        out.push_str(" INTO ");
        for (at, column) in columns.iter().enumerate() {
            if at > 0 {
                out.push_str(", ");
            }
            let value = Bind::named(format!("ret_{at}"), BindValue::One(Value::Null));
            let value = value.expr(column.ty());
            self.constants.push(value.id());
            self.expr(&value, Cx { literal: false, ..cx }, out)?;
        }
        Ok(())
    }

    pub(super) fn oracle_column(&mut self, column: &Column, out: &mut String) -> Result<()> {
        if column.spec().computed.as_ref().and_then(|computed| computed.persisted) == Some(true) {
            return Err(Error::compile(
                "Oracle Database computed columns do not support 'stored' persistence; set the \
                 'persisted' flag to None or False for Oracle Database support.",
            ));
        }
        self.standard_column(column, out)
    }

    pub(super) fn oracle_options(&self, table: &Table, out: &mut String) {
        use super::ddl::plain_text;
        if let Some(value) = table.dialect_option("oracle_on_commit") {
            let action = plain_text(&value).replace('_', " ").to_uppercase();
            out.push_str(&format!("\n ON COMMIT {action}"));
        }
        match table.dialect_option("oracle_compress") {
            None | Some(Value::Bool(false) | Value::Null) => {}
            Some(Value::Bool(true)) => out.push_str("\n COMPRESS"),
            Some(level) => out.push_str(&format!("\n COMPRESS FOR {}", plain_text(&level))),
        }
        if let Some(value) = table.dialect_option("oracle_tablespace") {
            let name = crate::name::Name::new(plain_text(&value));
            out.push_str(&format!("\n TABLESPACE {}", self.dialect.quote_name(&name)));
        }
    }
}

/// The name of a parameter, in quotes where Oracle would misread it.
pub(super) fn bind_name<'a>(name: &'a str, dialect: &Dialect) -> Cow<'a, str> {
    let legal = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '$'));
    let odd_first = name.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '_' | '$'));
    if legal && !odd_first && !dialect.reserves(&name.to_lowercase()) {
        return Cow::Borrowed(name);
    }
    Cow::Owned(format!("\"{name}\""))
}

/// Whether a function without arguments has no parentheses either.
pub(super) fn is_bare(name: &str) -> bool {
    ORACLE_NO_ARGUMENTS.contains(&name.to_uppercase().as_str())
}

/// The error of an operator that Oracle lacks.
pub(super) fn cannot(operator: &str) -> Error {
    Error::compile(format!("Cannot compile {operator} in oracle"))
}
