//! Writing INSERT, UPDATE and DELETE.

use std::rc::Rc;

use super::compiled::Source;
use super::compiler::{Compiler, Cx, InsertSplit, Level};
use super::crud::Assignment;
use super::from::{holds, with_parts};
use super::names::columns_plus_names;
use crate::dialect::{Family, Sentinel};
use crate::dml::{Delete, DmlKey, Insert, InsertValues, OnConflict, Update};
use crate::error::{Error, Result};
use crate::expr::{Bind, BindValue, Expr, froms};
use crate::from::FromClause;
use crate::name::Name;
use crate::schema::{Column, Default};
use crate::select::{LabelStyle, Query};

impl Compiler<'_> {
    fn push_level(&mut self, froms: &[FromClause]) {
        let parts = with_parts(froms);
        self.stack.push(Level { correlate: parts.clone(), asfrom: parts, ..Level::default() });
    }

    pub(super) fn insert(&mut self, insert: &Insert, cx: Cx, out: &mut String) -> Result<()> {
        let toplevel = self.stack.is_empty();
        self.stack.push(Level::default());
        let start = out.len();
        let done = self.insert_body(insert, toplevel, cx, out);
        if done.is_ok() && !self.cte_follows_insert() {
            self.with_clause(toplevel, start, out);
        }
        self.stack.pop();
        done
    }

    /// `INSERT INTO … WITH … SELECT` rather than `WITH … INSERT INTO`.
    fn cte_follows_insert(&self) -> bool {
        matches!(self.dialect.family(), Family::Mysql | Family::Oracle)
    }

    fn insert_body(
        &mut self,
        insert: &Insert,
        toplevel: bool,
        cx: Cx,
        out: &mut String,
    ) -> Result<()> {
        let cx = Cx { asfrom: false, ..cx };
        let (list, modifiers, mut info) = match &insert.values {
            InsertValues::Select { .. } => (
                Vec::new(),
                None,
                Some(self.fresh_info(&insert.table, !insert.returning.is_empty())),
            ),
            _ => {
                let (list, modifiers, info) = self.insert_assignments(insert, toplevel, cx)?;
                (list, Some(modifiers), Some(info))
            }
        };
        let multi = matches!(insert.values, InsertValues::Many(_));
        out.push_str("INSERT ");
        self.prefix_words(&insert.prefixes, cx, out)?;
        out.push_str("INTO ");
        self.independent_ctes(&insert.ctes, cx)?;
        self.table_name(&insert.table, out);
        let many = modifiers.is_some_and(|m| m.insertmanyvalues);
        let mut split = None;
        match &insert.values {
            InsertValues::Select { names, query, include_defaults } => {
                let defaults = if *include_defaults {
                    defaults_beyond(&insert.table, names)
                } else {
                    Vec::new()
                };
                let inner = Cx { insert_into: true, ..cx };
                let start = self.insert_select(insert, (names, &defaults), query, inner, out)?;
                if self.cte_follows_insert() {
                    self.with_clause(toplevel, start, out);
                }
                if let Some(info) = &mut info {
                    info.prefetch = self.prefetched(&defaults);
                }
            }
            _ => split = self.values_clause(insert, &list, many, cx, out)?,
        }
        if let Some(clause) = &insert.on_conflict {
            self.on_conflict(&insert.table, clause, cx, out)?;
        }
        self.on_duplicate(insert, cx, out)?;
        let returning = match &info {
            Some(info) if !info.implicit_returning.is_empty() => {
                info.implicit_returning.iter().map(Column::expr).collect()
            }
            _ => insert.returning.clone(),
        };
        let sentinel = self.sentinel_columns(insert, &list, many, !returning.is_empty());
        let ordered = !insert.sort_by_parameter_order || sentinel.is_some();
        if let (Some(split), true) = (split, many) {
            self.insert_split = Some(InsertSplit { ordered, ..split });
        }
        let mut returning: Vec<Expr> = returning;
        returning.extend(sentinel.unwrap_or_default());
        if !returning.is_empty() {
            self.returning(&returning, toplevel, cx, out)?;
        }
        if toplevel {
            if let Some(info) = &mut info {
                info.multi_values = multi;
            }
            self.dml = info;
        }
        Ok(())
    }

    /// ` (columns) SELECT …`, the SELECT extended by the defaults of columns it does not give;
    /// tells where the SELECT starts.
    fn insert_select(
        &mut self,
        insert: &Insert,
        (names, defaults): (&[DmlKey], &[Column]),
        query: &Query,
        cx: Cx,
        out: &mut String,
    ) -> Result<usize> {
        out.push_str(" (");
        let given = names.iter().map(|key| self.target_name(&insert.table, key));
        let all: Vec<Name> = given.chain(defaults.iter().map(Column::name)).collect();
        for (at, name) in all.iter().enumerate() {
            if at > 0 {
                out.push_str(", ");
            }
            self.name(name, out);
        }
        out.push_str(") ");
        let start = out.len();
        match query {
            Query::Select(select) if !defaults.is_empty() => {
                let values = defaults.iter().map(default_value);
                let extended = select.clone().altered(|data| data.columns.extend(values));
                self.query(&Query::Select(extended), cx, out)?;
            }
            _ if !defaults.is_empty() => {
                let names: Vec<_> =
                    defaults.iter().map(|c| crate::repr::string(&c.key())).collect();
                return Err(Error::compile(format!(
                    "Can't extend statement for INSERT..FROM SELECT to include additional \
                     default-holding column(s) {}.  Convert the selectable to a subquery() first, \
                     or pass include_defaults=False to Insert.from_select() to skip these columns.",
                    names.join(", ")
                )));
            }
            _ => self.query(query, cx, out)?,
        }
        Ok(start)
    }

    /// The columns whose defaults are made before execution: their parameters wait for them.
    fn prefetched(&mut self, defaults: &[Column]) -> Vec<Column> {
        let python = |column: &&Column| {
            matches!(column.spec().default, Some(Default::Scalar(_) | Default::Callable(_)))
        };
        let columns: Vec<Column> = defaults.iter().filter(python).cloned().collect();
        for column in &columns {
            let at = self.param_names.get(&column.key()).copied();
            if let Some(param) = at.and_then(|at| self.params.get_mut(at)) {
                param.source = Source::Prefetch(column.clone());
            }
        }
        columns
    }

    /// Key columns that are returned once more so that rows can be matched with parameters.
    fn sentinel_columns(
        &self,
        insert: &Insert,
        list: &[Assignment],
        many: bool,
        returns: bool,
    ) -> Option<Vec<Expr>> {
        if !many || !returns || !insert.sort_by_parameter_order {
            return None;
        }
        let table = insert.table.as_table()?;
        let keys = table.primary_key_columns();
        let matched = match table.autoincrement_column() {
            Some(_) => self.dialect.caps().sentinel != Sentinel::None,
            None => !keys.is_empty() && gives_all(list, &keys),
        };
        matched.then(|| keys.iter().map(Column::expr).collect())
    }

    /// ` (columns) VALUES (…)`; tells where the row stands.
    fn values_clause(
        &mut self,
        insert: &Insert,
        list: &[Assignment],
        many: bool,
        cx: Cx,
        out: &mut String,
    ) -> Result<Option<InsertSplit>> {
        let caps = self.dialect.caps();
        if list.is_empty() {
            let first = insert.table.columns().into_iter().next();
            if let (true, true, Some(first)) = (many, caps.default_metavalue, first) {
                out.push_str(" (");
                let name = self.target_name(&insert.table, &DmlKey::Name(first.0));
                self.name(&name, out);
                let default =
                    if self.dialect.family() == Family::Sqlite { "NULL" } else { "DEFAULT" };
                out.push_str(") VALUES (");
                out.push_str(default);
                out.push(')');
            } else if caps.default_values {
                out.push_str(" DEFAULT VALUES");
            } else if caps.empty_insert || caps.default_metavalue {
                out.push_str(" () VALUES ()");
            } else {
                return Err(Error::compile(format!(
                    "The '{}' dialect with current database version settings does not support \
                     empty inserts.",
                    self.dialect.name()
                )));
            }
            return Ok(None);
        }
        out.push_str(" (");
        for (at, made) in list.iter().enumerate() {
            if at > 0 {
                out.push_str(", ");
            }
            out.push_str(&made.name);
        }
        out.push_str(") ");
        let counted = many
            && insert.sort_by_parameter_order
            && caps.sentinel == Sentinel::SelectFromValues
            && insert.table.as_table().is_some_and(|table| {
                table.autoincrement_column().is_some()
                    && !gives_all(list, &table.primary_key_columns())
            });
        if counted {
            return self.counted_values(list, out).map(Some);
        }
        let more = self.more_rows(insert, list, cx)?;
        if !caps.multivalues_insert && matches!(insert.values, InsertValues::Many(_)) {
            return Err(Error::compile(format!(
                "The '{}' dialect with current database version settings does not support in-place \
                 multirow inserts.",
                self.dialect.name()
            )));
        }
        out.push_str("VALUES ");
        let start = out.len();
        row(list.iter().map(|made| made.value.as_str()), out);
        let end = out.len();
        for texts in more {
            out.push_str(", ");
            row(texts.iter().map(String::as_str), out);
        }
        Ok(Some(InsertSplit { start, end, ordered: true, counter: false }))
    }

    /// PostgreSQL's form that keeps rows in order: values with a counter, sorted by it.
    fn counted_values(&mut self, list: &[Assignment], out: &mut String) -> Result<InsertSplit> {
        out.push_str("SELECT ");
        for (at, made) in list.iter().enumerate() {
            if at > 0 {
                out.push_str(", ");
            }
            out.push_str(&format!("p{at}"));
            if let Some(column) = &made.column {
                let cast = self.cast_name(&column.ty())?;
                out.push_str(&cast.map_or_else(String::new, |cast| format!("::{cast}")));
            }
        }
        out.push_str(" FROM (VALUES ");
        let start = out.len();
        row(list.iter().map(|made| made.value.as_str()), out);
        let end = out.len();
        out.push_str(") AS imp_sen(");
        for at in 0..list.len() {
            out.push_str(&format!("p{at}, "));
        }
        out.push_str("sen_counter) ORDER BY sen_counter");
        Ok(InsertSplit { start, end, ordered: true, counter: true })
    }

    fn target_name(&self, table: &FromClause, key: &DmlKey) -> Name {
        let column = match key {
            DmlKey::Column(expr) => expr.schema_column().cloned(),
            DmlKey::Name(name) => table.as_table().and_then(|t| t.column(name)),
        };
        column.map_or_else(|| Name::new(key.key()), |column| column.name())
    }

    /// RETURNING; SQLAlchemy writes it for backends without it, too.
    fn returning(
        &mut self,
        columns: &[Expr],
        toplevel: bool,
        cx: Cx,
        out: &mut String,
    ) -> Result<()> {
        if self.dialect.family() == Family::Oracle {
            return self.oracle_returning(columns, toplevel, cx, out);
        }
        out.push_str(" RETURNING ");
        let names = columns_plus_names(columns, LabelStyle::DisambiguateOnly, true);
        let bare = self.dialect.family() == Family::Sqlite;
        let cx = Cx { columns: true, label: false, bare, asfrom: false, ..cx };
        for (at, (column, name)) in columns.iter().zip(names).enumerate() {
            if at > 0 {
                out.push_str(", ");
            }
            self.result_column(column, &name, toplevel, cx, out)?;
        }
        Ok(())
    }

    fn on_conflict(
        &mut self,
        table: &FromClause,
        clause: &OnConflict,
        cx: Cx,
        out: &mut String,
    ) -> Result<()> {
        if !self.dialect.caps().on_conflict && self.dialect.family() != Family::Default {
            return Err(Error::unsupported_compilation(format!(
                "Compiler for {} can't render ON CONFLICT",
                self.dialect.name()
            )));
        }
        let postgresql = self.dialect.family() == Family::Postgresql;
        if postgresql && !clause.postgresql {
            let class = if clause.set.is_empty() { "DoNothing" } else { "DoUpdate" };
            return Err(Error::attribute(format!(
                "'OnConflict{class}' object has no attribute 'constraint_target'"
            )));
        }
        out.push_str(" ON CONFLICT");
        let plain = Cx { bare: true, literal_execute: !postgresql, ..cx };
        if let Some(name) = clause.constraint.as_ref().filter(|_| postgresql) {
            out.push_str(" ON CONSTRAINT ");
            self.name(&Name::new(name.clone()), out);
        } else if !clause.elements.is_empty() {
            out.push_str(" (");
            self.joined(&clause.elements, ", ", plain, out)?;
            out.push(')');
            if let Some(condition) = &clause.index_where {
                out.push_str(" WHERE ");
                self.expr(condition, plain, out)?;
            }
        } else if !clause.set.is_empty() {
            // The place of the missing target stays.
            out.push(' ');
        }
        if clause.set.is_empty() {
            out.push_str(" DO NOTHING");
            return Ok(());
        }
        out.push_str(" DO UPDATE SET ");
        let mut pairs: Vec<&(DmlKey, Expr)> = Vec::new();
        if let Some(known) = table.as_table() {
            for column in known.columns() {
                pairs.extend(clause.set.iter().filter(|(key, _)| key.key() == column.key()));
            }
        }
        for pair in &clause.set {
            if !pairs.iter().any(|known| known.0.key() == pair.0.key()) {
                pairs.push(pair);
            }
        }
        for (at, (key, value)) in pairs.into_iter().enumerate() {
            if at > 0 {
                out.push_str(", ");
            }
            let name = self.target_name(table, key);
            self.name(&name, out);
            out.push_str(" = ");
            let own = Cx { columns: false, own_names: true, ..cx };
            self.expr(&value.self_group(None), own, out)?;
        }
        if let Some(condition) = &clause.where_ {
            out.push_str(" WHERE ");
            self.expr(condition, cx, out)?;
        }
        Ok(())
    }

    fn on_duplicate(&mut self, insert: &Insert, cx: Cx, out: &mut String) -> Result<()> {
        if insert.on_duplicate.is_empty() {
            return Ok(());
        }
        if self.dialect.family() != Family::Mysql {
            return Err(Error::unsupported_compilation(format!(
                "Compiler for {} can't render ON DUPLICATE KEY UPDATE",
                self.dialect.name()
            )));
        }
        out.push_str(" ON DUPLICATE KEY UPDATE ");
        let cx = Cx { own_names: true, inserted: true, ..cx };
        for (at, (key, value)) in insert.on_duplicate.iter().enumerate() {
            if at > 0 {
                out.push_str(", ");
            }
            let name = self.target_name(&insert.table, key);
            self.name(&name, out);
            out.push_str(" = ");
            self.expr(&value.self_group(None), cx, out)?;
        }
        Ok(())
    }

    pub(super) fn update(&mut self, update: &Update, cx: Cx, out: &mut String) -> Result<()> {
        let toplevel = self.stack.is_empty();
        let extra = extra_froms(
            &update.table,
            &[],
            update.where_.iter().chain(update.values.iter().map(|(_, value)| value)),
        );
        let mut all = vec![update.table.clone()];
        all.extend(extra.iter().cloned());
        self.push_level(&all);
        let start = out.len();
        let done = self.update_body(update, &extra, toplevel, cx, out);
        if done.is_ok() {
            self.with_clause(toplevel, start, out);
        }
        self.stack.pop();
        done
    }

    fn update_body(
        &mut self,
        update: &Update,
        extra: &[FromClause],
        toplevel: bool,
        cx: Cx,
        out: &mut String,
    ) -> Result<()> {
        let mysql = self.dialect.family() == Family::Mysql;
        let cx = Cx { asfrom: false, ..cx };
        out.push_str("UPDATE ");
        self.prefix_words(&update.prefixes, cx, out)?;
        self.independent_ctes(&update.ctes, cx)?;
        self.from(&update.table, Cx { asfrom: true, ..cx }, out)?;
        if mysql && !extra.is_empty() {
            out.push_str(", ");
            self.write_froms(extra, cx, out)?;
        }
        let (list, info) = self.update_assignments(update, if mysql { extra } else { &[] }, cx)?;
        out.push_str(" SET ");
        for (at, made) in list.iter().enumerate() {
            if at > 0 {
                out.push_str(", ");
            }
            out.push_str(&made.name);
            out.push('=');
            out.push_str(&made.value);
        }
        if !mysql && !extra.is_empty() {
            if self.dialect.family() == Family::Oracle {
                return Err(Error::not_implemented(
                    "This backend does not support multiple-table criteria within UPDATE",
                ));
            }
            out.push_str(" FROM ");
            self.write_froms(extra, cx, out)?;
        }
        self.dml_where(&update.where_, cx, out)?;
        self.dml_limit(update.limit.as_ref(), cx, out)?;
        let returning = if info.implicit_returning.is_empty() {
            update.returning.clone()
        } else {
            info.implicit_returning.iter().map(Column::expr).collect()
        };
        if !returning.is_empty() {
            self.returning(&returning, toplevel, cx, out)?;
        }
        if toplevel {
            self.dml = Some(info);
        }
        Ok(())
    }

    fn write_froms(&mut self, list: &[FromClause], cx: Cx, out: &mut String) -> Result<()> {
        for (at, from) in list.iter().enumerate() {
            if at > 0 {
                out.push_str(", ");
            }
            self.from(from, Cx { asfrom: true, ..cx }, out)?;
        }
        Ok(())
    }

    fn dml_where(&mut self, list: &[Expr], cx: Cx, out: &mut String) -> Result<()> {
        if list.is_empty() {
            return Ok(());
        }
        self.keyword_conditions(" WHERE ", list, cx, out)
    }

    /// `LIMIT`, where it was given for this very dialect.
    fn dml_limit(
        &mut self,
        limit: Option<&(Rc<str>, Expr)>,
        cx: Cx,
        out: &mut String,
    ) -> Result<()> {
        match limit {
            Some((dialect, limit)) if **dialect == *self.dialect.name() => {
                out.push_str(" LIMIT ");
                self.expr(limit, cx, out)
            }
            _ => Ok(()),
        }
    }

    pub(super) fn delete(&mut self, delete: &Delete, cx: Cx, out: &mut String) -> Result<()> {
        let toplevel = self.stack.is_empty();
        let extra = extra_froms(&delete.table, &delete.using, &delete.where_);
        let mut all = vec![delete.table.clone()];
        all.extend(extra.iter().cloned());
        self.push_level(&all);
        let start = out.len();
        let done = self.delete_body(delete, &extra, toplevel, cx, out);
        if done.is_ok() {
            self.with_clause(toplevel, start, out);
        }
        self.stack.pop();
        done
    }

    fn delete_body(
        &mut self,
        delete: &Delete,
        extra: &[FromClause],
        toplevel: bool,
        cx: Cx,
        out: &mut String,
    ) -> Result<()> {
        let cx = Cx { asfrom: false, ..cx };
        out.push_str("DELETE ");
        self.prefix_words(&delete.prefixes, cx, out)?;
        out.push_str("FROM ");
        self.independent_ctes(&delete.ctes, cx)?;
        self.from(&delete.table, Cx { asfrom: true, ..cx }, out)?;
        if !extra.is_empty() {
            match self.dialect.family() {
                Family::Sqlite | Family::Oracle => {
                    return Err(Error::not_implemented(
                        "This backend does not support multiple-table criteria within DELETE",
                    ));
                }
                Family::Default => out.push_str(" , "),
                Family::Postgresql => out.push_str(" USING "),
                Family::Mysql => {
                    out.push_str(" USING ");
                    if !holds(&with_parts(extra), &delete.table) {
                        self.from(&delete.table, Cx { asfrom: true, ..cx }, out)?;
                        out.push_str(", ");
                    }
                }
            }
            self.write_froms(extra, cx, out)?;
        }
        self.dml_where(&delete.where_, cx, out)?;
        self.dml_limit(delete.limit.as_ref(), cx, out)?;
        if !delete.returning.is_empty() {
            self.returning(&delete.returning, toplevel, cx, out)?;
        }
        if toplevel {
            self.dml = Some(super::compiled::DmlInfo {
                table: delete.table.as_table().cloned(),
                prefetch: Vec::new(),
                postfetch: Vec::new(),
                implicit_returning: Vec::new(),
                lastrowid: false,
                has_returning: !delete.returning.is_empty(),
                multi_values: false,
                insert_many: None,
            });
        }
        Ok(())
    }
}

/// The columns with a default that an `INSERT … SELECT` does not name.
fn defaults_beyond(table: &FromClause, names: &[DmlKey]) -> Vec<Column> {
    let Some(table) = table.as_table() else { return Vec::new() };
    let missing = |column: &Column| {
        column.spec().default.is_some() && !names.iter().any(|name| name.key() == column.key())
    };
    table.columns().into_iter().filter(missing).collect()
}

/// What a SELECT yields for the default of a column.
fn default_value(column: &Column) -> Expr {
    match column.spec().default.clone() {
        Some(Default::Sql(expr)) => expr.self_group(None),
        Some(Default::Sequence(sequence)) => Expr::next_value(&sequence),
        _ => {
            let mut bind = Bind::named(column.key(), BindValue::Required);
            bind.crud = true;
            bind.expr(column.ty())
        }
    }
}

/// Whether every one of these columns has a value in the INSERT.
fn gives_all(list: &[Assignment], columns: &[Column]) -> bool {
    columns.iter().all(|column| {
        list.iter().any(|made| made.column.as_ref().is_some_and(|c| c.ptr_eq(column)))
    })
}

fn row<'a>(values: impl Iterator<Item = &'a str>, out: &mut String) {
    out.push('(');
    for (at, value) in values.enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        out.push_str(value);
    }
    out.push(')');
}

/// FROM objects of criteria and values beyond the table itself.
fn extra_froms<'a>(
    table: &FromClause,
    explicit: &[FromClause],
    exprs: impl IntoIterator<Item = &'a Expr>,
) -> Vec<FromClause> {
    let mut known = Vec::new();
    table.flatten(&mut known);
    let mut extra = explicit.to_vec();
    explicit.iter().for_each(|from| from.flatten(&mut known));
    for expr in exprs {
        froms(expr, &mut |from| {
            if !holds(&known, from) {
                known.push(from.clone());
                extra.push(from.clone());
            }
        });
    }
    extra
}
