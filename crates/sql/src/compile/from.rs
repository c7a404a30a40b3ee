//! Writing what stands in FROM.

use super::compiler::{Compiler, Cx};
use super::names::from_name;
use crate::dialect::Family;
use crate::error::Result;
use crate::expr::{Expr, Kind};
use crate::from::{Alias, AliasKind, Element, FromClause, Join, TableValued, Values};
use crate::select::{Query, TextualSelect};

impl Compiler<'_> {
    /// A FROM object where it is read from.
    pub(super) fn from(&mut self, from: &FromClause, cx: Cx, out: &mut String) -> Result<()> {
        match from {
            FromClause::Table(_) | FromClause::Clause(_) => {
                self.table_name(from, out);
                Ok(())
            }
            FromClause::Alias(alias) => self.alias(from, alias, cx, out),
            FromClause::Join(join) => self.join(join, cx, out),
            FromClause::Values(values) => self.values_from(from, values, cx, out),
            FromClause::Text(text) => self.expr(text, cx, out),
        }
    }

    /// A FROM object printed by itself: an alias shows what it is an alias of.
    pub(super) fn alone(&mut self, from: &FromClause, cx: Cx, out: &mut String) -> Result<()> {
        let alias = match from {
            FromClause::Alias(alias) => alias,
            // A table has no text but where it is read from.
            FromClause::Table(_) | FromClause::Clause(_) => return Ok(()),
            FromClause::Values(_) => return self.values_body(from, cx, out),
            _ => return self.from(from, Cx { asfrom: true, ..cx }, out),
        };
        let lateral = match alias.kind {
            AliasKind::Cte(_) => return Ok(()),
            AliasKind::TableSample { .. } => {
                return self.from(from, Cx { asfrom: true, ..cx }, out);
            }
            AliasKind::Lateral => true,
            AliasKind::Alias | AliasKind::Subquery | AliasKind::TableValued(_) => false,
        };
        if lateral {
            out.push_str("LATERAL (");
        }
        match &alias.element {
            Element::From(element) => self.alone(element, cx, out)?,
            Element::Query(query) => self.query(query, cx, out)?,
            Element::Function(function) => self.expr(function, cx, out)?,
            Element::Dml(_) => {}
        }
        if lateral {
            out.push(')');
        }
        Ok(())
    }

    /// `schema.table`
    pub(super) fn table_name(&mut self, from: &FromClause, out: &mut String) {
        self.schema_prefix(from, out);
        if let Some(name) = from_name(from) {
            self.name(&name, out);
        }
    }

    fn join(&mut self, join: &Join, cx: Cx, out: &mut String) -> Result<()> {
        self.from(&join.left, cx, out)?;
        out.push_str(match (join.full, join.outer, self.dialect.family()) {
            (true, _, Family::Mysql) => " FULL OUTER JOIN ",
            (false, false, Family::Mysql) => " INNER JOIN ",
            (true, ..) => " FULL OUTER JOIN ",
            (false, true, _) => " LEFT OUTER JOIN ",
            (false, false, _) => " JOIN ",
        });
        match &join.right {
            FromClause::Join(_) => {
                out.push('(');
                self.from(&join.right, cx, out)?;
                out.push(')');
            }
            right => self.from(right, cx, out)?,
        }
        out.push_str(" ON ");
        self.expr(&join.on, Cx { asfrom: false, ..cx }, out)
    }

    fn alias(&mut self, from: &FromClause, alias: &Alias, cx: Cx, out: &mut String) -> Result<()> {
        match &alias.kind {
            AliasKind::Cte(_) => return self.cte_reference(from, alias, cx, out),
            AliasKind::Lateral => out.push_str("LATERAL "),
            _ => {}
        }
        let name = from_name(from);
        // The alias is numbered before whatever is inside it.
        let name = match name {
            Some(name) => {
                let quote = name.quote;
                let text = self.plain_name(&name);
                Some(crate::name::Name::quoted(text, quote))
            }
            None => None,
        };
        let inner = Cx {
            asfrom: true,
            columns: false,
            label: false,
            compound: None,
            insert_into: false,
            lateral: matches!(alias.kind, AliasKind::Lateral),
            ..cx
        };
        match &alias.element {
            Element::From(FromClause::Join(join)) => {
                out.push('(');
                self.join(join, inner, out)?;
                out.push(')');
            }
            Element::From(element) => self.from(element, inner, out)?,
            Element::Query(query) => {
                out.push('(');
                self.query(query, inner, out)?;
                out.push(')');
            }
            Element::Dml(_) => {}
            Element::Function(function) => {
                let wrapped = self.dialect.family() == Family::Oracle && !is_table(function);
                out.push_str(if wrapped { "TABLE (" } else { "" });
                self.expr(function, Cx { asfrom: false, ..inner }, out)?;
                if let AliasKind::TableValued(TableValued { ordinality: true, .. }) = &alias.kind {
                    out.push_str(" WITH ORDINALITY");
                }
                out.push_str(if wrapped { ")" } else { "" });
            }
        }
        if let Some(name) = name {
            out.push_str(self.alias_word());
            self.name(&name, out);
        }
        match &alias.kind {
            AliasKind::TableValued(valued) if valued.derived => self.derived(valued, out)?,
            AliasKind::TableSample { sampling, seed } => {
                out.push_str(" TABLESAMPLE ");
                self.expr(sampling, Cx { asfrom: false, ..inner }, out)?;
                if let Some(seed) = seed {
                    out.push_str(" REPEATABLE (");
                    self.expr(seed, Cx { asfrom: false, ..inner }, out)?;
                    out.push(')');
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// What stands between a FROM object and its alias; Oracle knows no AS there.
    pub(super) fn alias_word(&self) -> &'static str {
        if self.dialect.family() == Family::Oracle { " " } else { " AS " }
    }

    /// The columns after a table-valued alias: `(a, b INTEGER)`.
    fn derived(&mut self, valued: &TableValued, out: &mut String) -> Result<()> {
        out.push('(');
        for (at, (name, ty)) in valued.columns.iter().enumerate() {
            if at > 0 {
                out.push_str(", ");
            }
            self.name(name, out);
            if valued.derived_types {
                out.push(' ');
                out.push_str(&ty.ddl(&self.dialect)?);
            }
        }
        out.push(')');
        Ok(())
    }

    fn values_from(
        &mut self,
        from: &FromClause,
        values: &Values,
        cx: Cx,
        out: &mut String,
    ) -> Result<()> {
        if values.lateral {
            out.push_str("LATERAL ");
        }
        out.push('(');
        self.values_body(from, cx, out)?;
        out.push(')');
        if let Some(name) = from_name(from) {
            out.push_str(self.alias_word());
            self.name(&name, out);
            out.push_str(" (");
            for (at, (column, _)) in values.columns.iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                self.name(column, out);
            }
            out.push(')');
        }
        Ok(())
    }

    /// `VALUES (…), (…)`
    pub(super) fn values_body(
        &mut self,
        from: &FromClause,
        cx: Cx,
        out: &mut String,
    ) -> Result<()> {
        let FromClause::Values(values) = from else { return Ok(()) };
        let cx = Cx { literal: cx.literal || values.literal_binds, asfrom: false, ..cx };
        out.push_str("VALUES ");
        for (at, row) in values.rows.iter().enumerate() {
            out.push_str(if at > 0 { ", (" } else { "(" });
            self.joined(row, ", ", cx, out)?;
            out.push(')');
        }
        Ok(())
    }

    /// `text(…).columns(…)`
    pub(super) fn textual(&mut self, text: &TextualSelect, cx: Cx, out: &mut String) -> Result<()> {
        if self.is_result(cx) {
            for column in &text.columns {
                let name = column.column_name().unwrap_or_else(|| "".into());
                self.add_result(name, Some(column.clone()), column.ty())?;
            }
            self.columns_ordered = text.positional;
        }
        self.stack.push(super::compiler::Level::default());
        let done = self.text(&text.text, Cx { columns: false, ..cx }, out);
        self.stack.pop();
        done
    }
}

/// Whether a function is Oracle's own `TABLE(…)`.
fn is_table(function: &Expr) -> bool {
    match function.kind() {
        Kind::Function(function) => function.name().eq_ignore_ascii_case("table"),
        _ => false,
    }
}

/// FROM objects with the parts of joins, for correlation.
pub(super) fn with_parts(froms: &[FromClause]) -> Vec<FromClause> {
    let mut out = Vec::new();
    for from in froms {
        from.flatten(&mut out);
    }
    out
}

/// Whether a list of FROM objects holds one.
pub(super) fn holds(froms: &[FromClause], from: &FromClause) -> bool {
    froms.iter().any(|known| known.ptr_eq(from))
}

/// Columns of a query that its CTE lists by name.
pub(super) fn query_columns(query: &Query) -> &[Expr] {
    query.selected_columns()
}
