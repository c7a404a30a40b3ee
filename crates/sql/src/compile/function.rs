//! Writing functions, windows and ordered aggregates.

use super::compiler::{Compiler, Cx};
use super::oracle;
use crate::dialect::Family;
use crate::error::{Error, Result};
use crate::expr::{Expr, FrameBound, FrameKind, Function, Kind, Over, is_ansi};
use crate::name::Name;
use crate::types::{Affinity, Type, TypeKind};

impl Compiler<'_> {
    pub(super) fn function(&mut self, function: &Function, cx: Cx, out: &mut String) -> Result<()> {
        let name = function.name();
        let cx = Cx { columns: cx.columns, ..cx };
        if function.generic && self.special(function, &name, cx, out)? {
            return Ok(());
        }
        let last = function.names.len().saturating_sub(1);
        for (at, part) in function.names.iter().enumerate() {
            if at < last {
                self.function_name(part, out);
                out.push('.');
            }
        }
        if function.generic && is_ansi(&name) {
            // The standard does not know SYSDATE, so nothing spells it in capitals.
            match &*name {
                "sysdate" => out.push_str(&name),
                known => out.push_str(&known.to_uppercase()),
            }
            if function.args.is_empty() {
                return Ok(());
            }
        } else if let (true, Some(word)) = (function.generic, grouping_word(&name)) {
            out.push_str(word);
        } else if let Some(part) = function.names.last() {
            self.function_name(part, out);
        }
        if function.args.is_empty()
            && self.dialect.family() == Family::Oracle
            && oracle::is_bare(&name)
        {
            return Ok(());
        }
        out.push('(');
        self.joined(&function.args, ", ", cx, out)?;
        out.push(')');
        Ok(())
    }

    /// A function's name is quoted only when its characters demand it.
    fn function_name(&mut self, name: &Name, out: &mut String) {
        let first = name.chars().next();
        let legal = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$')
            && first.is_some_and(|c| !c.is_ascii_digit() && c != '$');
        if legal && name.quote != Some(true) {
            out.push_str(name);
        } else {
            self.name(&Name::quoted(name.text.clone(), Some(true)), out);
        }
    }

    /// Functions that a dialect spells its own way.
    fn special(
        &mut self,
        function: &Function,
        name: &str,
        cx: Cx,
        out: &mut String,
    ) -> Result<bool> {
        let family = self.dialect.family();
        match (name, family) {
            ("now", Family::Sqlite) => out.push_str("CURRENT_TIMESTAMP"),
            ("localtimestamp", Family::Sqlite) => {
                out.push_str("DATETIME(CURRENT_TIMESTAMP, 'localtime')");
            }
            ("pow", Family::Postgresql) => {
                out.push_str("power(");
                self.joined(&function.args, ", ", cx, out)?;
                out.push(')');
            }
            ("char_length", Family::Sqlite) => {
                out.push_str("length(");
                self.joined(&function.args, ", ", cx, out)?;
                out.push(')');
            }
            ("random", Family::Mysql) => out.push_str("rand()"),
            ("sysdate", Family::Mysql) => out.push_str("SYSDATE()"),
            ("rollup", Family::Mysql) => {
                self.joined(&function.args, ", ", cx, out)?;
                out.push_str(" WITH ROLLUP");
            }
            ("aggregate_strings", _) => self.aggregate_strings(function, cx, out)?,
            (_, Family::Oracle) => return self.oracle_function(function, name, cx, out),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn aggregate_strings(&mut self, function: &Function, cx: Cx, out: &mut String) -> Result<()> {
        let [value, separator] = function.args.as_slice() else {
            return Err(Error::compile("aggregate_strings() needs two arguments"));
        };
        let (word, between, end) = match self.dialect.family() {
            Family::Sqlite => ("group_concat(", ", ", ")"),
            Family::Mysql => ("group_concat(", " SEPARATOR ", ")"),
            Family::Postgresql => ("string_agg(", ", ", ")"),
            Family::Oracle => ("LISTAGG(", ", ", ")"),
            Family::Default => ("aggregate_strings(", ", ", ")"),
        };
        out.push_str(word);
        self.expr(value, cx, out)?;
        out.push_str(between);
        self.expr(separator, Cx { literal_execute: true, ..cx }, out)?;
        out.push_str(end);
        Ok(())
    }

    pub(super) fn over(&mut self, over: &Over, cx: Cx, out: &mut String) -> Result<()> {
        self.expr(&over.element, cx, out)?;
        out.push_str(" OVER (");
        let mut started = false;
        for (word, list) in [("PARTITION BY ", &over.partition_by), ("ORDER BY ", &over.order_by)] {
            if !list.is_empty() {
                if started {
                    out.push(' ');
                }
                out.push_str(word);
                self.joined(list, ", ", cx, out)?;
                started = true;
            }
        }
        if let Some(frame) = &over.frame {
            if started {
                out.push(' ');
            }
            out.push_str(match frame.kind {
                FrameKind::Range => "RANGE BETWEEN ",
                FrameKind::Rows => "ROWS BETWEEN ",
                FrameKind::Groups => "GROUPS BETWEEN ",
            });
            self.bound(&frame.start, "UNBOUNDED PRECEDING", cx, out)?;
            out.push_str(" AND ");
            self.bound(&frame.end, "UNBOUNDED FOLLOWING", cx, out)?;
            if let Some(exclude) = &frame.exclude {
                let word = exclude.to_uppercase();
                if !matches!(&*word, "CURRENT ROW" | "GROUP" | "TIES" | "NO OTHERS") {
                    return Err(Error::compile(format!(
                        "Unexpected SQL phrase: {} (matching against '^(?:CURRENT ROW|GROUP|TIES|\
                         NO OTHERS)$')",
                        crate::repr::string(exclude)
                    )));
                }
                out.push_str(" EXCLUDE ");
                out.push_str(exclude);
            }
        }
        out.push(')');
        Ok(())
    }

    fn bound(
        &mut self,
        bound: &FrameBound,
        unbounded: &str,
        cx: Cx,
        out: &mut String,
    ) -> Result<()> {
        match bound {
            FrameBound::Unbounded => out.push_str(unbounded),
            FrameBound::Current => out.push_str("CURRENT ROW"),
            FrameBound::Preceding(n) => {
                self.expr(n, cx, out)?;
                out.push_str(" PRECEDING");
            }
            FrameBound::Following(n) => {
                self.expr(n, cx, out)?;
                out.push_str(" FOLLOWING");
            }
        }
        Ok(())
    }

    pub(super) fn within_group(
        &mut self,
        inner: &Expr,
        list: &[Expr],
        cx: Cx,
        out: &mut String,
    ) -> Result<()> {
        self.expr(inner, cx, out)?;
        out.push_str(" WITHIN GROUP (ORDER BY ");
        self.joined(list, ", ", cx, out)?;
        out.push(')');
        Ok(())
    }

    pub(super) fn aggregate_order_by(
        &mut self,
        inner: &Expr,
        list: &[Expr],
        cx: Cx,
        out: &mut String,
    ) -> Result<()> {
        if self.dialect.family() == Family::Oracle && matches!(inner.kind(), Kind::Function(_)) {
            return self.within_group(inner, list, cx, out);
        }
        if !matches!(inner.kind(), Kind::Function(_)) {
            return self.ordered_argument(inner, list, cx, out);
        }
        let start = out.len();
        self.expr(inner, cx, out)?;
        if out.get(start..).is_some_and(|text| text.ends_with(')')) {
            out.pop();
            out.push_str(" ORDER BY ");
            self.joined(list, ", ", cx, out)?;
            out.push(')');
        }
        Ok(())
    }

    /// `aggregate_order_by(expr, …)` of PostgreSQL, inside a function's parentheses.
    fn ordered_argument(
        &mut self,
        inner: &Expr,
        list: &[Expr],
        cx: Cx,
        out: &mut String,
    ) -> Result<()> {
        if !matches!(self.dialect.family(), Family::Postgresql | Family::Default) {
            return Err(Error::unsupported_compilation(format!(
                "Compiler for {} can't render element of type aggregate_order_by",
                self.dialect.name()
            )));
        }
        self.expr(inner, cx, out)?;
        out.push_str(" ORDER BY ");
        self.joined(list, ", ", cx, out)
    }

    /// What MySQL can cast to; `None` when it cannot.
    pub(super) fn mysql_cast_type(&self, ty: &Type) -> Result<Option<String>> {
        let args = ty.args();
        Ok(Some(match ty.affinity() {
            Affinity::Integer => {
                let unsigned = args.is_some_and(|args| args.unsigned);
                (if unsigned { "UNSIGNED INTEGER" } else { "SIGNED INTEGER" }).into()
            }
            Affinity::Date | Affinity::Time => ty.ddl(&self.dialect)?,
            Affinity::DateTime | Affinity::Interval => "DATETIME".into(),
            _ if ty.enum_members().is_some() => return Ok(None),
            Affinity::String => match args.and_then(|args| args.length) {
                Some(n) => format!("CHAR({n})"),
                None => "CHAR".into(),
            },
            Affinity::Binary => "BINARY".into(),
            Affinity::Json => "JSON".into(),
            Affinity::Numeric => {
                Type::with(TypeKind::DECIMAL, ty.args_or_default()).ddl(&self.dialect)?
            }
            _ => return Ok(None),
        }))
    }
}

fn grouping_word(name: &str) -> Option<&'static str> {
    match name {
        "cube" => Some("CUBE"),
        "rollup" => Some("ROLLUP"),
        "grouping_sets" => Some("GROUPING SETS"),
        _ => None,
    }
}
