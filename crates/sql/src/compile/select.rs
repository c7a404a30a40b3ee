//! Writing SELECT and UNION.

use std::rc::Rc;

use super::compiler::{Compiler, Cx, Level};
use super::from::{holds, with_parts};
use super::names::{ColumnName, columns_plus_names, from_name, own_name};
use crate::dialect::Family;
use crate::error::{Error, Result};
use crate::expr::{ColumnTarget, Expr, Kind, froms};
use crate::from::FromClause;
use crate::join;
use crate::name::Name;
use crate::select::{
    Affix, CompoundSelect, Fetch, ForUpdate, JoinStep, Query, Select, SetOperation,
};
use crate::types::Type;

impl Compiler<'_> {
    pub(super) fn select(&mut self, select: &Select, cx: Cx, out: &mut String) -> Result<()> {
        let toplevel = self.stack.is_empty();
        let is_result = self.is_result(cx);
        let embedded = cx.compound.is_some() || cx.insert_into;
        let all_froms = self.all_froms(select)?;
        let shown = self.shown_froms(select, all_froms.clone(), cx)?;
        let asfrom = with_parts(&shown);
        let mut correlate = asfrom.clone();
        if let Some(level) = self.stack.last() {
            correlate.extend(level.correlate.iter().cloned());
        }
        self.stack.push(Level {
            correlate,
            asfrom,
            need_result_map: false,
            labels: select.columns.clone(),
            froms: all_froms,
            has_labels: true,
        });
        let start = out.len();
        let done = self.select_body(select, &shown, is_result, cx, out);
        if done.is_ok() && (!embedded || toplevel) {
            self.with_clause(toplevel, start, out);
        }
        self.stack.pop();
        done
    }

    fn select_body(
        &mut self,
        select: &Select,
        shown: &[FromClause],
        is_result: bool,
        cx: Cx,
        out: &mut String,
    ) -> Result<()> {
        let inner = Cx {
            columns: false,
            label: false,
            compound: None,
            insert_into: false,
            asfrom: false,
            lateral: false,
            label_only: None,
            ..cx
        };
        out.push_str("SELECT ");
        self.independent_ctes(&select.ctes, inner)?;
        self.affixes(&select.prefixes, inner, out)?;
        self.distinct(select, inner, out)?;
        self.select_columns(select, is_result, cx, out)?;
        if select.columns.is_empty() {
            out.truncate(out.trim_end().len());
        }
        if !shown.is_empty() {
            out.push_str(" \nFROM ");
            for (at, from) in shown.iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                self.from(from, Cx { asfrom: true, ..inner }, out)?;
                self.hint_of(select, from, out);
            }
        }
        let dual = match self.dialect.family() {
            Family::Oracle => true,
            Family::Mysql => !select.where_.is_empty(),
            _ => false,
        };
        if shown.is_empty() && dual {
            out.push_str(" FROM DUAL");
        }
        self.where_clause(&select.where_, inner, out)?;
        if !select.group_by.is_empty() {
            out.push_str(" GROUP BY ");
            self.joined(&select.group_by, ", ", inner, out)?;
        }
        if !select.having.is_empty() {
            self.keyword_conditions(" \nHAVING ", &select.having, inner, out)?;
        }
        self.order_by(&select.order_by, inner, out)?;
        self.limits(&select.limit, &select.offset, &select.fetch, inner, out)?;
        if let Some(lock) = &select.for_update {
            self.for_update(lock, out)?;
        }
        for hint in select.hints.iter().filter(|hint| hint.from.is_none()) {
            if &*hint.dialect == "*" || *hint.dialect == *self.dialect.name() {
                out.push(' ');
                out.push_str(&hint.text);
            }
        }
        if !select.suffixes.is_empty() {
            out.push(' ');
            self.affixes(&select.suffixes, inner, out)?;
        }
        Ok(())
    }

    fn hint_of(&mut self, select: &Select, from: &FromClause, out: &mut String) {
        for hint in &select.hints {
            let mine = hint.from.as_ref().is_some_and(|f| f.ptr_eq(from));
            let here = &*hint.dialect == "*" || *hint.dialect == *self.dialect.name();
            if mine && here && self.dialect.family() == Family::Mysql {
                out.push(' ');
                out.push_str(&hint.text);
            }
        }
    }

    /// ` \nWHERE …`
    pub(super) fn where_clause(&mut self, list: &[Expr], cx: Cx, out: &mut String) -> Result<()> {
        if list.is_empty() {
            return Ok(());
        }
        self.keyword_conditions(" \nWHERE ", list, cx, out)
    }

    /// A keyword and conditions; nothing when the conditions have no text.
    pub(super) fn keyword_conditions(
        &mut self,
        keyword: &str,
        list: &[Expr],
        cx: Cx,
        out: &mut String,
    ) -> Result<()> {
        let mark = out.len();
        out.push_str(keyword);
        let start = out.len();
        self.conditions(list, cx, out)?;
        if out.len() == start {
            out.truncate(mark);
        }
        Ok(())
    }

    fn order_by(&mut self, list: &[Expr], cx: Cx, out: &mut String) -> Result<()> {
        if list.is_empty() {
            return Ok(());
        }
        out.push_str(" ORDER BY ");
        self.joined(list, ", ", cx, out)
    }

    fn affixes(&mut self, list: &[Affix], cx: Cx, out: &mut String) -> Result<()> {
        for affix in list {
            if affix
                .dialect
                .as_ref()
                .is_none_or(|name| **name == *self.dialect.name() || &**name == "*")
            {
                self.expr(&affix.text, cx, out)?;
                out.push(' ');
            }
        }
        Ok(())
    }

    /// Words after INSERT and its kin.
    pub(super) fn prefix_words(&mut self, list: &[Affix], cx: Cx, out: &mut String) -> Result<()> {
        self.affixes(list, cx, out)
    }

    fn distinct(&mut self, select: &Select, cx: Cx, out: &mut String) -> Result<()> {
        if !select.distinct && select.distinct_on.is_empty() {
            return Ok(());
        }
        if select.distinct_on.is_empty() || self.dialect.family() != Family::Postgresql {
            out.push_str("DISTINCT ");
            return Ok(());
        }
        out.push_str("DISTINCT ON (");
        self.joined(&select.distinct_on, ", ", cx, out)?;
        out.push_str(") ");
        Ok(())
    }

    fn select_columns(
        &mut self,
        select: &Select,
        is_result: bool,
        cx: Cx,
        out: &mut String,
    ) -> Result<()> {
        let names = columns_plus_names(&select.columns, select.label_style, true);
        let cx = Cx { columns: true, label: false, compound: None, label_only: None, ..cx };
        for (at, (column, name)) in select.columns.iter().zip(names).enumerate() {
            if at > 0 {
                out.push_str(", ");
            }
            self.result_column(column, &name, is_result, cx, out)?;
        }
        Ok(())
    }

    /// One column of SELECT or RETURNING, labelled as it must be.
    pub(super) fn result_column(
        &mut self,
        column: &Expr,
        name: &ColumnName,
        is_result: bool,
        cx: Cx,
        out: &mut String,
    ) -> Result<()> {
        let asfrom = cx.asfrom;
        let cx = Cx { asfrom: false, ..cx };
        let ty = column.ty();
        let wrapped = match ty.decorator() {
            Some(decorator) if is_result => decorator.column_expression(column)?,
            _ => None,
        };
        let expr = wrapped.as_ref().unwrap_or(column);
        let label = match (column.kind(), &name.required) {
            (Kind::Label(_), _) => None,
            (_, Some(required)) => Some(required.clone()),
            _ if wrapped.is_some() || self.needs_label(column, asfrom) => name.fallback.clone(),
            _ => None,
        };
        let target = if name.repeated { None } else { Some(column.clone()) };
        let Some(label) = label else {
            self.expr(expr, cx, out)?;
            if is_result {
                let key = self.result_name(column);
                self.add_result(key, target, ty)?;
            }
            return Ok(());
        };
        // The label is numbered before whatever is inside it.
        let text = self.plain_name(&label);
        self.expr(expr, Cx { label: true, ..cx }, out)?;
        out.push_str(" AS ");
        self.name(&Name::quoted(text.clone(), label.quote), out);
        if is_result {
            self.add_result(text, target, ty)?;
        }
        Ok(())
    }

    /// The name under which the cursor shows a column that prints without a label of ours.
    fn result_name(&mut self, column: &Expr) -> Rc<str> {
        match column.kind() {
            Kind::Unary(_, inner) | Kind::Modifier(_, inner) | Kind::AsBoolean(_, inner) => {
                let inner = inner.clone();
                self.result_name(&inner)
            }
            Kind::Text(_) => "".into(),
            _ => match own_name(column) {
                Some(name) => self.plain_name(&name),
                None => "".into(),
            },
        }
    }

    fn needs_label(&self, column: &Expr, asfrom: bool) -> bool {
        match column.kind() {
            Kind::Column(reference) => {
                asfrom
                    && !matches!(reference.target, ColumnTarget::Bare { literal: true, .. })
                    && reference.from_clause().is_some()
            }
            Kind::Text(_) | Kind::Label(_) | Kind::FromValue(_) | Kind::Field(..) => false,
            Kind::AsBoolean(_, inner) => {
                !self.dialect.caps().native_boolean || own_name(inner).is_none() || asfrom
            }
            Kind::Unary(_, inner) | Kind::Modifier(_, inner) => {
                let inner = match inner.kind() {
                    Kind::Grouping(inner) => inner,
                    _ => inner,
                };
                own_name(inner).is_none() || asfrom
            }
            _ => true,
        }
    }

    /// Every FROM object of a SELECT, those inside joins hidden.
    fn all_froms(&mut self, select: &Select) -> Result<Vec<FromClause>> {
        let mut clauses = select.from.clone();
        for step in &select.joins {
            place_join(select, step, &mut clauses)?;
        }
        let mut all: Vec<FromClause> = Vec::new();
        let mut add = |from: &FromClause| {
            if !holds(&all, from) {
                all.push(from.clone());
            }
        };
        clauses.iter().for_each(&mut add);
        for expr in select.columns.iter().chain(&select.where_) {
            froms(expr, &mut add);
        }
        let mut hidden = Vec::new();
        for from in &all {
            hidden.extend(join::hides(from));
        }
        all.retain(|from| !holds(&hidden, from));
        Ok(all)
    }

    /// The FROM objects to print, those of enclosing statements left out.
    fn shown_froms(
        &self,
        select: &Select,
        all: Vec<FromClause>,
        cx: Cx,
    ) -> Result<Vec<FromClause>> {
        let Some(level) = self.stack.last() else { return Ok(all) };
        let nested = cx.asfrom && !cx.lateral;
        let explicit: Vec<FromClause> = if nested {
            level.correlate.iter().filter(|from| !holds(&level.asfrom, from)).cloned().collect()
        } else {
            level.correlate.clone()
        };
        let implicit: &[FromClause] = if nested { &[] } else { &level.asfrom };
        let mut shown = all;
        if let Some(list) = select.correlate.as_ref().filter(|list| !list.is_empty()) {
            shown.retain(|from| !(holds(&explicit, from) && holds(list, from)));
        }
        if let Some(list) = &select.correlate_except {
            shown.retain(|from| !holds(&explicit, from) || holds(list, from));
        }
        let auto = select.correlate.is_none() && select.correlate_except.is_none();
        if auto && !implicit.is_empty() && shown.len() > 1 {
            shown.retain(|from| !holds(implicit, from));
            if shown.is_empty() {
                return Err(Error::invalid_request(format!(
                    "Select statement '<sqlalchemy.sql.selectable.Select object at {:#x}>' returned \
                     no FROM clauses due to auto-correlation; specify correlate(<tables>) to control \
                     correlation manually.",
                    select.id()
                )));
            }
        }
        Ok(shown)
    }

    pub(super) fn compound(
        &mut self,
        compound: &CompoundSelect,
        cx: Cx,
        out: &mut String,
    ) -> Result<()> {
        let toplevel = self.stack.is_empty();
        let need = self.is_result(cx);
        let mut level = self.stack.last().cloned().unwrap_or_default();
        level.need_result_map = need;
        level.labels =
            compound.selects.first().map(|q| q.selected_columns().to_vec()).unwrap_or_default();
        level.froms = Vec::new();
        level.has_labels = true;
        self.stack.push(level);
        let start = out.len();
        let done = self.compound_body(compound, cx, out);
        if done.is_ok() && cx.compound.is_none() {
            self.with_clause(toplevel, start, out);
        }
        self.stack.pop();
        done
    }

    fn compound_body(&mut self, compound: &CompoundSelect, cx: Cx, out: &mut String) -> Result<()> {
        self.independent_ctes(&compound.ctes, cx)?;
        let oracle = self.dialect.family() == Family::Oracle;
        let word = match compound.keyword {
            SetOperation::Except if oracle => " MINUS ",
            SetOperation::Union => " UNION ",
            SetOperation::UnionAll => " UNION ALL ",
            SetOperation::Except => " EXCEPT ",
            SetOperation::ExceptAll => " EXCEPT ALL ",
            SetOperation::Intersect => " INTERSECT ",
            SetOperation::IntersectAll => " INTERSECT ALL ",
        };
        let width = compound.selects.first().map_or(0, Query::width);
        for (at, query) in compound.selects.iter().enumerate() {
            let count = query.width();
            if count != width {
                return Err(Error::compile(format!(
                    "All selectables passed to CompoundSelect must have identical numbers of \
                     columns; select #1 has {width} columns, select #{} has {count}",
                    at + 1
                )));
            }
            if at > 0 {
                out.push_str(word);
            }
            let grouped = needs_parentheses(query);
            if grouped {
                out.push('(');
            }
            self.query(query, Cx { compound: Some(at), ..cx }, out)?;
            if grouped {
                out.push(')');
            }
        }
        let cx = Cx { bare: true, compound: None, asfrom: false, ..cx };
        if !compound.group_by.is_empty() {
            out.push_str(" GROUP BY ");
            self.joined(&compound.group_by, ", ", cx, out)?;
        }
        self.order_by(&compound.order_by, cx, out)?;
        self.limits(&compound.limit, &compound.offset, &compound.fetch, cx, out)
    }

    fn limits(
        &mut self,
        limit: &Option<Expr>,
        offset: &Option<Expr>,
        fetch: &Option<Fetch>,
        cx: Cx,
        out: &mut String,
    ) -> Result<()> {
        if self.dialect.family() == Family::Oracle {
            let (limit, offset) = (limit.as_ref(), offset.as_ref());
            return match fetch {
                Some(fetch) => self.oracle_fetch(fetch, offset, cx, out),
                None => self.oracle_limits(limit, offset, cx, out),
            };
        }
        if let Some(fetch) = fetch {
            return self.fetch(fetch, offset, cx, out);
        }
        match self.dialect.family() {
            Family::Sqlite => self.sqlite_limit(limit, offset, cx, out),
            Family::Mysql => self.mysql_limit(limit, offset, cx, out),
            Family::Postgresql => {
                if let Some(limit) = limit {
                    out.push_str(" \n LIMIT ");
                    self.expr(limit, cx, out)?;
                }
                if let Some(offset) = offset {
                    if limit.is_none() {
                        out.push_str("\n LIMIT ALL");
                    }
                    out.push_str(" OFFSET ");
                    self.expr(offset, cx, out)?;
                }
                Ok(())
            }
            Family::Default | Family::Oracle => {
                if let Some(limit) = limit {
                    out.push_str("\n LIMIT ");
                    self.expr(limit, cx, out)?;
                }
                if let Some(offset) = offset {
                    if limit.is_none() {
                        out.push_str("\n LIMIT -1");
                    }
                    out.push_str(" OFFSET ");
                    self.expr(offset, cx, out)?;
                }
                Ok(())
            }
        }
    }

    fn sqlite_limit(
        &mut self,
        limit: &Option<Expr>,
        offset: &Option<Expr>,
        cx: Cx,
        out: &mut String,
    ) -> Result<()> {
        if let Some(limit) = limit {
            out.push_str("\n LIMIT ");
            self.expr(limit, cx, out)?;
        }
        match (limit, offset) {
            (_, Some(offset)) => {
                if limit.is_none() {
                    out.push_str("\n LIMIT ");
                    self.own_param(-1, cx, out)?;
                }
                out.push_str(" OFFSET ");
                self.expr(offset, cx, out)
            }
            (Some(_), None) => {
                out.push_str(" OFFSET ");
                self.own_param(0, cx, out)
            }
            (None, None) => Ok(()),
        }
    }

    /// A parameter that the statement does not hold.
    fn own_param(&mut self, value: i64, cx: Cx, out: &mut String) -> Result<()> {
        let expr = Expr::literal_typed(value, Type::integer());
        self.constants.push(expr.id());
        self.expr(&expr, cx, out)
    }

    fn mysql_limit(
        &mut self,
        limit: &Option<Expr>,
        offset: &Option<Expr>,
        cx: Cx,
        out: &mut String,
    ) -> Result<()> {
        match (limit, offset) {
            (None, None) => Ok(()),
            (Some(limit), None) => {
                out.push_str(" \n LIMIT ");
                self.expr(limit, cx, out)
            }
            (limit, Some(offset)) => {
                out.push_str(" \n LIMIT ");
                self.expr(offset, cx, out)?;
                out.push_str(", ");
                match limit {
                    Some(limit) => self.expr(limit, cx, out),
                    None => {
                        out.push_str("18446744073709551615");
                        Ok(())
                    }
                }
            }
        }
    }

    fn fetch(
        &mut self,
        fetch: &Fetch,
        offset: &Option<Expr>,
        cx: Cx,
        out: &mut String,
    ) -> Result<()> {
        if let Some(offset) = offset {
            let postgresql = self.dialect.family() == Family::Postgresql;
            out.push_str(if postgresql { "\n OFFSET (" } else { "\n OFFSET " });
            self.expr(offset, cx, out)?;
            out.push_str(if postgresql { ") ROWS" } else { " ROWS" });
        }
        out.push_str("\n FETCH FIRST ");
        let parens = self.dialect.family() == Family::Postgresql;
        if parens {
            out.push('(');
        }
        self.expr(&fetch.count, cx, out)?;
        if parens {
            out.push(')');
        }
        if fetch.percent {
            out.push_str(" PERCENT");
        }
        out.push_str(if fetch.with_ties { " ROWS WITH TIES" } else { " ROWS ONLY" });
        Ok(())
    }

    fn for_update(&mut self, lock: &ForUpdate, out: &mut String) -> Result<()> {
        match self.dialect.family() {
            // SQLite locks the whole file; SQLAlchemy writes nothing.
            Family::Sqlite => return Ok(()),
            Family::Default => {
                out.push_str(" FOR UPDATE");
                return Ok(());
            }
            Family::Postgresql => out.push_str(match (lock.read, lock.key_share) {
                (true, true) => " FOR KEY SHARE",
                (true, false) => " FOR SHARE",
                (false, true) => " FOR NO KEY UPDATE",
                (false, false) => " FOR UPDATE",
            }),
            Family::Mysql if lock.read => {
                out.push_str(" LOCK IN SHARE MODE");
            }
            Family::Oracle => return self.oracle_for_update(lock, out),
            Family::Mysql => out.push_str(" FOR UPDATE"),
        }
        let mut tables: Vec<FromClause> = join::froms_of(&lock.of);
        for table in &lock.of_tables {
            if !holds(&tables, table) {
                tables.push(table.clone());
            }
        }
        if !tables.is_empty() && self.dialect.family() == Family::Postgresql {
            out.push_str(" OF ");
            for (at, table) in tables.iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                if let Some(name) = from_name(table) {
                    self.name(&name, out);
                }
            }
        }
        if lock.nowait {
            out.push_str(" NOWAIT");
        }
        if lock.skip_locked {
            out.push_str(" SKIP LOCKED");
        }
        Ok(())
    }
}

/// Parts of a UNION that are UNIONs themselves, or limited and ordered, need parentheses.
fn needs_parentheses(query: &Query) -> bool {
    match query {
        Query::Select(select) => {
            !select.order_by.is_empty()
                || select.limit.is_some()
                || select.offset.is_some()
                || select.fetch.is_some()
        }
        Query::Compound(_) => true,
        Query::Text(_) | Query::Values(_) => false,
    }
}

/// Turn one `.join()` into a join among the FROM objects.
fn place_join(select: &Select, step: &JoinStep, clauses: &mut Vec<FromClause>) -> Result<()> {
    let on = step.on.as_ref();
    let (left, replace) = match &step.left {
        Some(left) => {
            let at = clauses.iter().position(|from| {
                let mut parts = Vec::new();
                from.flatten(&mut parts);
                holds(&parts, left)
            });
            (left.clone(), at)
        }
        None if !clauses.is_empty() => {
            let found = join::left_candidates(clauses, &step.right, on)?;
            let at = only_one(&found, step)?;
            let left = clauses.get(at).cloned().ok_or_else(|| unknown_side(step))?;
            (left, Some(at))
        }
        None => {
            let all = join::froms_of(select.columns.iter().chain(&select.where_));
            let found = join::left_candidates(&all, &step.right, on)?;
            let at = only_one(&found, step)?;
            (all.get(at).cloned().ok_or_else(|| unknown_side(step))?, None)
        }
    };
    let on = match (&step.on, &step.left) {
        (None, Some(explicit)) => Some(join::condition(explicit, &step.right)?),
        (on, _) => on.clone(),
    };
    match replace.and_then(|at| clauses.get_mut(at)) {
        Some(slot) => *slot = slot.join(&step.right, on, step.outer, step.full)?,
        None => clauses.push(left.join(&step.right, on, step.outer, step.full)?),
    }
    Ok(())
}

fn only_one(found: &[usize], step: &JoinStep) -> Result<usize> {
    match found {
        [one] => Ok(*one),
        [] => Err(unknown_side(step)),
        _ => Err(Error::invalid_request(
            "Can't determine which FROM clause to join from, there are multiple FROMS which can join \
             to this entity. Please use the .select_from() method to establish an explicit left side, \
             as well as providing an explicit ON clause if not present already to help resolve the \
             ambiguity.",
        )),
    }
}

fn unknown_side(step: &JoinStep) -> Error {
    let right = match &step.called {
        Some(name) => name.to_string(),
        None => format!("{:?}", step.right),
    };
    Error::invalid_request(format!(
        "Don't know how to join to {right}. Please use the .select_from() method to establish an \
         explicit left side, as well as providing an explicit ON clause if not present already to \
         help resolve the ambiguity."
    ))
}
