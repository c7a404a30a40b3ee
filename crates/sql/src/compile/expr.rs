//! Writing expressions.

use super::compiler::{Compiler, Cx};
use super::names::{column_name, from_name, label_name, own_name};
use crate::dialect::Family;
use crate::dml::INSERTED;
use crate::error::{Error, Result};
use crate::expr::{Case, CastKind, ColumnRef, ColumnTarget, Expr, Kind, List, ListClass, Op};
use crate::from::FromClause;
use crate::name::Name;
use crate::types::Type;

impl Compiler<'_> {
    /// An expression.
    pub(super) fn expr(&mut self, expr: &Expr, cx: Cx, out: &mut String) -> Result<()> {
        match expr.kind() {
            Kind::Column(column) => self.column(expr, column, cx, out),
            Kind::Bind(_) => self.bind(expr, cx, out),
            Kind::Null => {
                out.push_str("NULL");
                Ok(())
            }
            Kind::True => self.constant("true", "1", out),
            Kind::False => self.constant("false", "0", out),
            Kind::Text(text) => self.text(text, cx, out),
            Kind::Unary(op, inner) => self.unary(op, inner, cx, out),
            Kind::Modifier(op, inner) => self.modifier(op, inner, cx, out),
            Kind::AsBoolean(op, inner) => self.as_boolean(op, inner, cx, out),
            Kind::Binary(binary) => self.binary(expr, binary, cx, out),
            Kind::List(list) => self.list(list, cx, out),
            Kind::Grouping(inner) => {
                out.push('(');
                self.expr(inner, cx, out)?;
                out.push(')');
                Ok(())
            }
            Kind::Label(label) => self.label(expr, &label.element, cx, out),
            Kind::LabelReference(inner) => self.label_reference(inner, cx, out),
            Kind::TextualLabel(name) => self.textual_label(name, cx, out),
            Kind::Case(case) => self.case(case, cx, out),
            Kind::Cast(kind, inner) => self.cast(*kind, inner, &expr.ty(), cx, out),
            Kind::Extract(field, inner) => self.extract(field, inner, cx, out),
            Kind::Collation(name) => {
                self.collation(name, out);
                Ok(())
            }
            Kind::Function(function) => self.function(function, cx, out),
            Kind::Over(over) => self.over(over, cx, out),
            Kind::WithinGroup(inner, list) => self.within_group(inner, list, cx, out),
            Kind::AggregateOrderBy(inner, list) => self.aggregate_order_by(inner, list, cx, out),
            Kind::Filter(inner, condition) => {
                self.expr(inner, cx, out)?;
                out.push_str(" FILTER (WHERE ");
                self.expr(condition, cx, out)?;
                out.push(')');
                Ok(())
            }
            Kind::Scalar(query) | Kind::Subselect(query) => {
                let cx = Cx {
                    columns: false,
                    label: false,
                    asfrom: false,
                    compound: None,
                    bare: false,
                    insert_into: false,
                    ..cx
                };
                out.push('(');
                self.nested_query(query, cx, out)?;
                out.push(')');
                Ok(())
            }
            Kind::Array(items) => self.array(items, &expr.ty(), cx, out),
            Kind::Slice(start, stop, _) => {
                self.joined(start.as_slice(), "", cx, out)?;
                out.push(':');
                self.joined(stop.as_slice(), "", cx, out)
            }
            Kind::NextValue(sequence) => self.next_value(sequence, out),
            Kind::FromValue(from) => {
                self.column_value(from, out);
                Ok(())
            }
            Kind::Field(inner, name) => {
                out.push('(');
                self.expr(inner, cx, out)?;
                out.push_str(").");
                self.name(name, out);
                Ok(())
            }
        }
    }

    /// What a FROM object of one column is worth.
    fn column_value(&mut self, from: &FromClause, out: &mut String) {
        if let Some(name) = from_name(from) {
            self.name(&name, out);
        }
        if self.dialect.family() == Family::Oracle {
            out.push_str(".COLUMN_VALUE");
        }
    }

    /// A query inside an expression; its own levels decide about results.
    fn nested_query(
        &mut self,
        query: &crate::select::Query,
        cx: Cx,
        out: &mut String,
    ) -> Result<()> {
        if self.stack.is_empty() {
            // An expression printed by itself still has a subquery, not a result.
            self.stack.push(super::compiler::Level::default());
            let done = self.query(query, cx, out);
            self.stack.pop();
            return done;
        }
        self.query(query, cx, out)
    }

    fn constant(&self, native: &str, number: &str, out: &mut String) -> Result<()> {
        let has = match self.dialect.family() {
            Family::Mysql => true,
            // Conditions need no `= 1` there, yet the constants are numbers.
            Family::Oracle => false,
            _ => self.dialect.caps().native_boolean,
        };
        out.push_str(if has { native } else { number });
        Ok(())
    }

    /// Expressions joined by a separator.
    pub(super) fn joined(
        &mut self,
        exprs: &[Expr],
        separator: &str,
        cx: Cx,
        out: &mut String,
    ) -> Result<()> {
        let mut first = true;
        for expr in exprs {
            let mark = out.len();
            if !first {
                out.push_str(separator);
            }
            let start = out.len();
            self.expr(expr, cx, out)?;
            // An expression without text takes its separator with it.
            if out.len() == start {
                out.truncate(mark);
            } else {
                first = false;
            }
        }
        Ok(())
    }

    /// Conditions joined by AND, constants folded.
    pub(super) fn conditions(&mut self, exprs: &[Expr], cx: Cx, out: &mut String) -> Result<()> {
        if let Some(constant) = exprs.iter().find(|e| matches!(e.kind(), Kind::False)) {
            return self.expr(&constant.as_bool(), cx, out);
        }
        let kept: Vec<&Expr> = exprs.iter().filter(|e| !matches!(e.kind(), Kind::True)).collect();
        match kept.as_slice() {
            [] => match exprs.first() {
                Some(constant) => self.expr(&constant.as_bool(), cx, out),
                None => Ok(()),
            },
            [one] => self.expr(&one.as_bool(), cx, out),
            many => {
                let grouped: Vec<Expr> =
                    many.iter().map(|expr| expr.self_group(Some(&Op::And))).collect();
                self.joined(&grouped, " AND ", cx, out)
            }
        }
    }

    fn column(&mut self, expr: &Expr, column: &ColumnRef, cx: Cx, out: &mut String) -> Result<()> {
        let name = column_name(expr).ok_or_else(|| {
            Error::compile("Cannot compile Column object until its 'name' is assigned.")
        })?;
        if let ColumnTarget::Bare { literal: true, .. } = column.target {
            if self.dialect.doubles_percent() {
                out.push_str(&name.replace('%', "%%"));
            } else {
                out.push_str(&name);
            }
            return Ok(());
        }
        if cx.inserted
            && column.from_clause().and_then(|from| from.plain_name()).as_deref() == Some(INSERTED)
        {
            out.push_str("VALUES(");
            self.name(&name, out);
            out.push(')');
            return Ok(());
        }
        // A name made by numbering is numbered before that of its table.
        let name = Name::quoted(self.plain_name(&name), name.quote);
        if !cx.bare
            && let Some(from) = column.from_clause()
            && let Some(table) = from_name(&from)
        {
            self.schema_prefix(&from, out);
            self.name(&table, out);
            out.push('.');
        }
        self.name(&name, out);
        Ok(())
    }

    /// `schema.` of a table.
    pub(super) fn schema_prefix(&mut self, from: &FromClause, out: &mut String) {
        let schema = match from {
            FromClause::Table(table) => self.translated(table.schema()),
            FromClause::Clause(clause) => self.translated(clause.schema.as_ref()),
            _ => None,
        };
        if let Some(schema) = schema {
            self.write_schema(&schema, out);
            out.push('.');
        }
    }

    /// A schema, which may be several names with dots.
    pub(super) fn write_schema(&mut self, schema: &Name, out: &mut String) {
        self.name(schema, out);
    }

    /// The schema that `schema_translate_map` puts in place.
    pub(super) fn translated(&self, schema: Option<&Name>) -> Option<Name> {
        let own = schema.map(|name| name.text.clone());
        match self.options.schema_translate.iter().find(|(from, _)| *from == own) {
            Some((_, to)) => to.clone().map(Name::new),
            None => schema.cloned(),
        }
    }

    fn label(&mut self, expr: &Expr, element: &Expr, cx: Cx, out: &mut String) -> Result<()> {
        let only = cx.label_only == Some(expr.id());
        let with_as = cx.columns && !cx.label;
        if !with_as && !only {
            return self.expr(element, Cx { columns: false, ..cx }, out);
        }
        // The label is numbered before whatever is inside it.
        let name = label_name(expr);
        let name = name.map(|name| Name::quoted(self.plain_name(&name), name.quote));
        if with_as {
            self.expr(element, Cx { columns: true, label: true, ..cx }, out)?;
            out.push_str(" AS ");
        }
        if let Some(name) = name {
            self.name(&name, out);
        }
        Ok(())
    }

    /// An ORDER BY item whose label the SELECT has prints as its name.
    fn label_reference(&mut self, inner: &Expr, cx: Cx, out: &mut String) -> Result<()> {
        let label = order_by_label(inner).filter(|_| self.dialect.family() != Family::Oracle);
        let known = match (&label, self.stack.last()) {
            (Some(label), Some(level)) => {
                let name = label_name(label);
                level.labels.iter().any(|column| {
                    own_name(column).map(|n| n.text) == name.as_ref().map(|n| n.text.clone())
                        && same_lineage(column, label)
                })
            }
            _ => false,
        };
        let label_only = if known { label.map(|label| label.id()) } else { cx.label_only };
        self.expr(inner, Cx { label_only, ..cx }, out)
    }

    /// An ORDER BY item given as a string.
    fn textual_label(&mut self, name: &str, cx: Cx, out: &mut String) -> Result<()> {
        let Some(level) = self.stack.last() else {
            out.push_str(name);
            return Ok(());
        };
        let failed = || {
            Error::compile(format!(
                "Can't resolve label reference for ORDER BY / GROUP BY / DISTINCT etc. Textual SQL \
                 expression {text} should be explicitly declared as text({text})",
                text = crate::repr::string(name)
            ))
        };
        if !level.has_labels {
            return Err(failed());
        }
        let key_of = |expr: &Expr| match expr.kind() {
            Kind::Column(_) => super::names::table_label(expr).map(|n| n.text),
            _ => own_name(expr).map(|n| n.text),
        };
        let by_label =
            level.labels.iter().rev().find(|expr| key_of(expr).as_deref() == Some(name)).cloned();
        let by_from = || {
            let mut found = None;
            for from in &level.froms {
                for (key, column) in from.columns() {
                    if *key == *name {
                        found = Some(column);
                    }
                }
            }
            found
        };
        let by_key = || {
            level.labels.iter().rev().find(|expr| {
                matches!(expr.kind(), Kind::Column(_)) && expr.proxy_key().as_deref() == Some(name)
            })
        };
        let column = by_label.or_else(by_from).or_else(|| by_key().cloned()).ok_or_else(failed)?;
        self.expr(&column, Cx { label_only: Some(column.id()), ..cx }, out)
    }

    fn list(&mut self, list: &List, cx: Cx, out: &mut String) -> Result<()> {
        let separator = match &list.op {
            Op::Mod if self.dialect.family() == Family::Oracle => {
                return self.oracle_mod(&list.items, cx, out);
            }
            Op::Mod if self.dialect.doubles_percent() => " %% ",
            Op::Concat if self.dialect.family() == Family::Mysql => {
                out.push_str("concat(");
                self.joined(&list.items, ", ", cx, out)?;
                out.push(')');
                return Ok(());
            }
            op => op.sql().unwrap_or(", "),
        };
        let tuple = list.class == ListClass::Tuple;
        let cx = match list.class {
            ListClass::Boolean | ListClass::Expression => Cx { in_operator: true, ..cx },
            ListClass::Clause | ListClass::Tuple => cx,
        };
        if tuple {
            out.push('(');
        }
        self.joined(&list.items, separator, cx, out)?;
        if tuple {
            out.push(')');
        }
        Ok(())
    }

    fn case(&mut self, case: &Case, cx: Cx, out: &mut String) -> Result<()> {
        out.push_str("CASE ");
        if let Some(value) = &case.value {
            self.expr(value, cx, out)?;
            out.push(' ');
        }
        for (when, then) in &case.whens {
            out.push_str("WHEN ");
            self.expr(when, cx, out)?;
            out.push_str(" THEN ");
            self.expr(then, cx, out)?;
            out.push(' ');
        }
        if let Some(otherwise) = &case.otherwise {
            out.push_str("ELSE ");
            self.expr(otherwise, cx, out)?;
            out.push(' ');
        }
        out.push_str("END");
        Ok(())
    }

    fn cast(
        &mut self,
        kind: CastKind,
        inner: &Expr,
        ty: &Type,
        cx: Cx,
        out: &mut String,
    ) -> Result<()> {
        let word = match kind {
            CastKind::Coerce => return self.expr(inner, cx, out),
            CastKind::Cast => "CAST(",
            CastKind::TryCast => {
                if self.dialect.family() != Family::Default {
                    return Err(Error::unsupported_compilation(format!(
                        "Compiler <sqlalchemy.dialects.{}.base object> can't render element of type TryCast",
                        self.dialect.name()
                    )));
                }
                "TRY_CAST("
            }
        };
        let text = match self.dialect.family() {
            Family::Mysql => match self.mysql_cast_type(ty)? {
                Some(text) => text,
                // MySQL has no such cast; SQLAlchemy leaves it out.
                None => return self.expr(&inner.self_group(None), cx, out),
            },
            Family::Oracle => self.oracle_cast_type(ty)?,
            _ => ty.ddl(&self.dialect)?,
        };
        let (text, collate) = match text.find(" COLLATE ") {
            Some(at) => text.split_at(at),
            None => (text.as_str(), ""),
        };
        out.push_str(word);
        self.expr(inner, cx, out)?;
        out.push_str(" AS ");
        out.push_str(text);
        out.push(')');
        out.push_str(collate);
        Ok(())
    }

    fn extract(&mut self, field: &str, inner: &Expr, cx: Cx, out: &mut String) -> Result<()> {
        if self.dialect.family() == Family::Sqlite {
            const FORMATS: &[(&str, &str)] = &[
                ("month", "%m"),
                ("day", "%d"),
                ("year", "%Y"),
                ("second", "%S"),
                ("hour", "%H"),
                ("doy", "%j"),
                ("minute", "%M"),
                ("epoch", "%s"),
                ("dow", "%w"),
                ("week", "%W"),
            ];
            let found = FORMATS.iter().find(|(name, _)| *name == field);
            let (_, format) = found.ok_or_else(|| {
                Error::compile(format!("{field} is not a valid extract argument."))
            })?;
            out.push_str("CAST(STRFTIME('");
            out.push_str(format);
            out.push_str("', ");
            self.expr(inner, cx, out)?;
            out.push_str(") AS INTEGER)");
            return Ok(());
        }
        let field = match (self.dialect.family(), field) {
            (Family::Mysql, "milliseconds") => "millisecond",
            _ => field,
        };
        out.push_str("EXTRACT(");
        out.push_str(field);
        out.push_str(" FROM ");
        self.expr(inner, cx, out)?;
        out.push(')');
        Ok(())
    }

    fn collation(&mut self, name: &Name, out: &mut String) {
        self.name(name, out);
    }

    fn array(&mut self, items: &[Expr], ty: &Type, cx: Cx, out: &mut String) -> Result<()> {
        if !matches!(self.dialect.family(), Family::Postgresql | Family::Default) {
            return Err(Error::unsupported_compilation(format!(
                "Compiler for {} can't render element of type array",
                self.dialect.name()
            )));
        }
        out.push_str("ARRAY[");
        self.joined(items, ", ", cx, out)?;
        out.push(']');
        if items.is_empty() && self.dialect.family() == Family::Postgresql {
            out.push_str("::");
            out.push_str(&ty.ddl(&self.dialect)?);
        }
        Ok(())
    }

    fn next_value(&mut self, sequence: &crate::schema::Sequence, out: &mut String) -> Result<()> {
        let mut name = String::new();
        if let Some(schema) = self.translated(sequence.schema()) {
            self.write_schema(&schema, &mut name);
            name.push('.');
        }
        self.name(sequence.name(), &mut name);
        match self.dialect.name() {
            "postgresql" => out.push_str(&format!("nextval('{name}')")),
            "mysql" | "mariadb" => out.push_str(&format!("nextval({name})")),
            "oracle" => out.push_str(&format!("{name}.nextval")),
            "default" => out.push_str(&format!("<next sequence value: {name}>")),
            other => {
                return Err(Error::not_implemented(format!(
                    "Dialect '{other}' does not support sequence increments."
                )));
            }
        }
        Ok(())
    }
}

/// The label that an ORDER BY item is about.
fn order_by_label(expr: &Expr) -> Option<Expr> {
    match expr.kind() {
        Kind::Label(_) => Some(expr.clone()),
        Kind::Modifier(_, inner) | Kind::LabelReference(inner) => order_by_label(inner),
        _ => None,
    }
}

/// Whether a result column is that label or an equal one.
fn same_lineage(column: &Expr, label: &Expr) -> bool {
    match (column.kind(), label.kind()) {
        (Kind::Label(a), Kind::Label(b)) => {
            column.ptr_eq(label)
                || a.element.ptr_eq(&b.element)
                || a.element.same_column(&b.element)
        }
        (_, Kind::Label(b)) => column.same_column(&b.element),
        _ => false,
    }
}
