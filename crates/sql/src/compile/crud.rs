//! Which columns an INSERT or UPDATE sets, where each value comes from, and what must be fetched.

use std::rc::Rc;

use super::compiled::{DmlInfo, Source};
use super::compiler::{Compiler, Cx};
use crate::dialect::Family;
use crate::dml::{DmlKey, Insert, InsertValues, Update};
use crate::error::{Error, Result};
use crate::expr::{Expr, Kind};
use crate::from::FromClause;
use crate::schema::{Column, Default, Table};

/// One `column = value`.
pub(super) struct Assignment {
    /// The column, when the table knows it.
    pub(super) column: Option<Column>,
    /// The column's text.
    pub(super) name: String,
    /// The value's text, parameters as marks.
    pub(super) value: String,
}

/// What a statement gives for one column.
enum Given {
    Expr(Expr),
    Required,
}

/// How new keys and server defaults come back.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "the modifiers SQLAlchemy computes together")]
pub(super) struct Modifiers {
    pub(super) need_pks: bool,
    pub(super) implicit_returning: bool,
    pub(super) return_defaults: bool,
    pub(super) lastrowid: bool,
    pub(super) insertmanyvalues: bool,
}

impl Compiler<'_> {
    pub(super) fn fresh_info(&self, table: &FromClause, has_returning: bool) -> DmlInfo {
        DmlInfo {
            table: table.as_table().cloned(),
            prefetch: Vec::new(),
            postfetch: Vec::new(),
            implicit_returning: Vec::new(),
            lastrowid: false,
            has_returning,
            multi_values: false,
            insert_many: None,
        }
    }

    /// `_get_returning_modifiers` of an INSERT.
    fn insert_modifiers(&self, insert: &Insert, toplevel: bool) -> Modifiers {
        let caps = self.dialect.caps();
        let many = self.options.for_executemany;
        let multi = matches!(insert.values, InsertValues::Many(_));
        let table = insert.table.as_table();
        let asks = insert.return_defaults.is_some();
        let executemany_returning = caps.insert_returning && caps.insertmanyvalues;
        let need_pks = toplevel
            && table.is_some()
            && !insert.inline
            && (!many || (executemany_returning && asks))
            && insert.returning.is_empty()
            && !multi;
        let mut lastrowid = need_pks
            && caps.postfetch_lastrowid
            && table.is_some_and(|t| t.autoincrement_column().is_some());
        let allowed = table.is_some_and(|t| t.options().implicit_returning != Some(false));
        let implicit_returning =
            need_pks && caps.insert_returning && allowed && (!lastrowid || asks);
        if implicit_returning {
            lastrowid = false;
        }
        let return_defaults = implicit_returning && asks;
        let insertmanyvalues = toplevel
            && many
            && caps.insertmanyvalues
            && (return_defaults || !insert.returning.is_empty());
        Modifiers { need_pks, implicit_returning, return_defaults, lastrowid, insertmanyvalues }
    }

    /// The columns and values of an INSERT of one row; fills what must be fetched.
    pub(super) fn insert_assignments(
        &mut self,
        insert: &Insert,
        toplevel: bool,
        cx: Cx,
    ) -> Result<(Vec<Assignment>, Modifiers, DmlInfo)> {
        let modifiers = self.insert_modifiers(insert, toplevel);
        let mut info = self.fresh_info(&insert.table, !insert.returning.is_empty());
        info.lastrowid = false;
        let row: &[(DmlKey, Expr)] = match &insert.values {
            InsertValues::One(row) => row,
            InsertValues::Many(rows) => rows.first().map_or(&[], Vec::as_slice),
            _ => &[],
        };
        let Some(table) = insert.table.as_table().cloned() else {
            let list = self.clause_assignments(&insert.table, row, cx)?;
            return Ok((list, modifiers, info));
        };
        if self.options.column_keys.is_none() && matches!(insert.values, InsertValues::None) {
            let list = self.all_columns(&table)?;
            if modifiers.lastrowid && toplevel {
                info.lastrowid = true;
            }
            return Ok((list, modifiers, info));
        }
        let mut given = self.given(row);
        let mut list = Vec::new();
        for column in table.columns() {
            match take(&mut given, &column) {
                Some(value) => {
                    self.given_value(&column, value, &modifiers, &mut info, &mut list, cx)?;
                }
                None => {
                    self.missing_value(
                        insert, &table, &column, &modifiers, &mut info, &mut list, cx,
                    )?;
                }
            }
        }
        unconsumed(&given)?;
        Ok((list, modifiers, info))
    }

    /// Without any parameters, every column is listed with a parameter of its own.
    fn all_columns(&mut self, table: &Table) -> Result<Vec<Assignment>> {
        let mut list = Vec::new();
        for column in table.columns() {
            let mut value = String::new();
            self.column_param(column.key(), column.ty(), Source::Required, &mut value)?;
            list.push(self.assignment(&column, value));
        }
        Ok(list)
    }

    fn clause_assignments(
        &mut self,
        table: &FromClause,
        row: &[(DmlKey, Expr)],
        cx: Cx,
    ) -> Result<Vec<Assignment>> {
        let mut given = self.given(row);
        let mut list = Vec::new();
        let all = given.is_empty() && self.options.column_keys.is_none();
        for (key, expr) in table.columns() {
            let at = given.iter().position(|(known, _)| known.key() == key);
            let mut value = String::new();
            match at.map(|at| given.remove(at).1) {
                Some(Given::Expr(given)) => self.expr(&given, cx, &mut value)?,
                Some(Given::Required) => {
                    self.column_param(key.clone(), expr.ty(), Source::Required, &mut value)?;
                }
                None if all => {
                    self.column_param(key.clone(), expr.ty(), Source::Required, &mut value)?;
                }
                None => continue,
            }
            let mut name = String::new();
            self.name(&crate::name::Name::new(key), &mut name);
            list.push(Assignment { column: None, name, value });
        }
        unconsumed(&given)?;
        Ok(list)
    }

    fn given(&self, row: &[(DmlKey, Expr)]) -> Vec<(DmlKey, Given)> {
        let mut given: Vec<(DmlKey, Given)> = Vec::new();
        for key in self.options.column_keys.iter().flat_map(|keys| keys.iter()) {
            if !row.iter().any(|(known, _)| known.key() == *key) {
                given.push((DmlKey::Name(key.clone()), Given::Required));
            }
        }
        given.extend(row.iter().map(|(key, expr)| (key.clone(), Given::Expr(expr.clone()))));
        given
    }

    fn assignment(&mut self, column: &Column, value: String) -> Assignment {
        let mut name = String::new();
        self.name(&column.name(), &mut name);
        Assignment { column: Some(column.clone()), name, value }
    }

    /// A column whose value the statement or the execution gives.
    fn given_value(
        &mut self,
        column: &Column,
        given: Given,
        modifiers: &Modifiers,
        info: &mut DmlInfo,
        list: &mut Vec<Assignment>,
        cx: Cx,
    ) -> Result<()> {
        let mut value = String::new();
        match given {
            Given::Required => {
                self.column_param(column.key(), column.ty(), Source::Required, &mut value)?;
                self.null_key(column, modifiers, info);
            }
            Given::Expr(expr) => {
                self.expr(&expr.self_group(None), cx, &mut value)?;
                match expr.kind() {
                    Kind::Bind(_) => self.null_key(column, modifiers, info),
                    _ => self.computed_value(column, modifiers, info),
                }
            }
        }
        let made = self.assignment(column, value);
        list.push(made);
        Ok(())
    }

    /// A key given as NULL still counts up on SQLite and MySQL, so it is fetched all the same.
    fn null_key(&self, column: &Column, modifiers: &Modifiers, info: &mut DmlInfo) {
        let counts = matches!(self.dialect.family(), Family::Sqlite | Family::Mysql)
            && column.is_primary_key()
            && column
                .table()
                .and_then(|t| t.autoincrement_column())
                .is_some_and(|c| c.ptr_eq(column));
        if !counts {
            return;
        }
        if modifiers.lastrowid {
            info.lastrowid = true;
        } else if modifiers.implicit_returning {
            info.implicit_returning.push(column.clone());
        }
    }

    /// A column set by SQL: its value is known only afterwards.
    fn computed_value(&self, column: &Column, modifiers: &Modifiers, info: &mut DmlInfo) {
        if column.is_primary_key() {
            if modifiers.implicit_returning {
                info.implicit_returning.push(column.clone());
            } else if self.dialect.caps().postfetch_lastrowid {
                info.lastrowid = true;
            }
        } else if modifiers.return_defaults {
            info.implicit_returning.push(column.clone());
        } else {
            info.postfetch.push(column.clone());
        }
    }

    /// A column that nobody gives a value: defaults, generated keys.
    #[expect(clippy::too_many_arguments, reason = "the loop above in one more function")]
    fn missing_value(
        &mut self,
        insert: &Insert,
        table: &Table,
        column: &Column,
        modifiers: &Modifiers,
        info: &mut DmlInfo,
        list: &mut Vec<Assignment>,
        cx: Cx,
    ) -> Result<()> {
        let key = column.is_primary_key() && modifiers.need_pks;
        let default = column.spec().default.clone();
        let returned = modifiers.return_defaults
            && insert.return_defaults.as_ref().is_some_and(|columns| {
                columns.is_empty() || columns.iter().any(|c| c.ptr_eq(column))
            });
        match default {
            // The standard's way to a new key is to ask the sequence before the INSERT.
            Some(Default::Sequence(_)) if key && self.dialect.family() == Family::Default => {
                self.prefetch(column, info, list)?;
            }
            Some(Default::Sequence(sequence)) if self.dialect.caps().sequences => {
                let mut value = String::new();
                let next = Expr::new(Kind::NextValue(sequence), column.ty());
                self.expr(&next, cx, &mut value)?;
                let made = self.assignment(column, value);
                list.push(made);
                if (key && modifiers.implicit_returning) || returned {
                    info.implicit_returning.push(column.clone());
                } else if !column.is_primary_key() {
                    info.postfetch.push(column.clone());
                }
            }
            Some(Default::Sql(expr)) => {
                let mut value = String::new();
                self.expr(&expr.self_group(None), cx, &mut value)?;
                let made = self.assignment(column, value);
                list.push(made);
                if (key && modifiers.implicit_returning) || returned {
                    info.implicit_returning.push(column.clone());
                } else if !column.is_primary_key() {
                    info.postfetch.push(column.clone());
                }
            }
            Some(Default::Scalar(_) | Default::Callable(_)) => {
                self.prefetch(column, info, list)?;
            }
            _ if key => {
                let counts = table.autoincrement_column().is_some_and(|c| c.ptr_eq(column));
                if !counts && !column.has_server_default() {
                    return Ok(());
                }
                if modifiers.implicit_returning {
                    info.implicit_returning.push(column.clone());
                } else if self.dialect.caps().postfetch_lastrowid {
                    info.lastrowid = true;
                }
            }
            _ if returned => info.implicit_returning.push(column.clone()),
            _ if column.has_server_default() && !column.is_primary_key() => {
                info.postfetch.push(column.clone());
            }
            _ => {}
        }
        Ok(())
    }

    /// A parameter that a Python-side default fills before execution.
    fn prefetch(
        &mut self,
        column: &Column,
        info: &mut DmlInfo,
        list: &mut Vec<Assignment>,
    ) -> Result<()> {
        let mut value = String::new();
        let source = Source::Prefetch(column.clone());
        self.column_param(column.key(), column.ty(), source, &mut value)?;
        info.prefetch.push(column.clone());
        let made = self.assignment(column, value);
        list.push(made);
        Ok(())
    }

    /// The values of the rows after the first, in the columns of the first.
    pub(super) fn more_rows(
        &mut self,
        insert: &Insert,
        first: &[Assignment],
        cx: Cx,
    ) -> Result<Vec<Vec<String>>> {
        let InsertValues::Many(rows) = &insert.values else { return Ok(Vec::new()) };
        let mut out = Vec::with_capacity(rows.len());
        for (at, row) in rows.iter().enumerate().skip(1) {
            let mut texts = Vec::with_capacity(first.len());
            for made in first {
                let key =
                    made.column.as_ref().map_or_else(|| made.name.as_str().into(), Column::key);
                let found = row.iter().find(|(known, _)| known.key() == key);
                let mut value = String::new();
                match (found, &made.column) {
                    (Some((_, expr)), _) => self.expr(&expr.self_group(None), cx, &mut value)?,
                    (None, Some(column)) if column.spec().default.is_some() => {
                        self.row_default(column, at, cx, &mut value)?;
                    }
                    (None, _) => {
                        return Err(Error::compile(format!(
                            "INSERT value for column {} is explicitly rendered as a boundparameter \
                             in the VALUES clause; a Python-side value or SQL expression is required",
                            made.column.as_ref().map_or(key.to_string(), ToString::to_string)
                        )));
                    }
                }
                texts.push(value);
            }
            out.push(texts);
        }
        Ok(out)
    }

    fn row_default(&mut self, column: &Column, at: usize, cx: Cx, out: &mut String) -> Result<()> {
        let default = column.spec().default.clone();
        if let Some(Default::Sql(expr)) = default {
            return self.expr(&expr.self_group(None), cx, out);
        }
        let name: Rc<str> = format!("{}_m{at}", column.key()).into();
        self.column_param(name, column.ty(), Source::Prefetch(column.clone()), out)
    }

    /// The SET of an UPDATE.
    pub(super) fn update_assignments(
        &mut self,
        update: &Update,
        extra: &[FromClause],
        cx: Cx,
    ) -> Result<(Vec<Assignment>, DmlInfo)> {
        let with_table = !extra.is_empty();
        let mut info = self.fresh_info(&update.table, !update.returning.is_empty());
        let target = match &update.table {
            FromClause::Alias(alias) => match &alias.element {
                crate::from::Element::From(inner) => inner.clone(),
                _ => update.table.clone(),
            },
            other => other.clone(),
        };
        let Some(table) = target.as_table().cloned() else {
            let list = self.clause_assignments(&update.table, &update.values, cx)?;
            return Ok((list, info));
        };
        info.table = Some(table.clone());
        if self.options.column_keys.is_none() && update.values.is_empty() {
            return Ok((self.all_columns(&table)?, info));
        }
        let mut given = self.given(&update.values);
        let mut columns = table.columns();
        if update.ordered {
            let rank = |column: &Column| {
                update.values.iter().position(|(key, _)| key.key() == column.key())
            };
            columns.sort_by_key(|column| rank(column).unwrap_or(usize::MAX));
        }
        if self.dialect.family() != Family::Mysql {
            only_own(&given, &table)?;
        }
        let mut list = self.other_tables(&mut given, extra, cx)?;
        for column in columns {
            let returned = update.return_defaults.is_some() && self.dialect.caps().update_returning;
            let mut value = String::new();
            match take(&mut given, &column) {
                Some(Given::Required) => {
                    self.column_param(column.key(), column.ty(), Source::Required, &mut value)?;
                }
                Some(Given::Expr(expr)) => {
                    self.expr(&expr.self_group(None), cx, &mut value)?;
                    if expr.as_bind().is_none() {
                        let slot = if returned {
                            &mut info.implicit_returning
                        } else {
                            &mut info.postfetch
                        };
                        slot.push(column.clone());
                    }
                }
                None => {
                    if !self.onupdate(&column, returned, &mut info, &mut value, cx)? {
                        continue;
                    }
                }
            }
            let mut made = self.assignment(&column, value);
            if with_table {
                let mut name = String::new();
                self.table_name(&update.table, &mut name);
                made.name = format!("{name}.{}", made.name);
            }
            list.push(made);
        }
        unconsumed(&given)?;
        Ok((list, info))
    }

    /// Columns of other tables in SET, which MySQL allows; they come first.
    fn other_tables(
        &mut self,
        given: &mut Vec<(DmlKey, Given)>,
        extra: &[FromClause],
        cx: Cx,
    ) -> Result<Vec<Assignment>> {
        let mut list = Vec::new();
        for (_, column) in extra.iter().flat_map(FromClause::columns) {
            let own = |(key, _): &(DmlKey, Given)| match key {
                DmlKey::Column(known) => known.same_column(&column),
                DmlKey::Name(_) => false,
            };
            let Some(at) = given.iter().position(own) else { continue };
            let (_, Given::Expr(expr)) = given.remove(at) else { continue };
            let mut name = String::new();
            self.expr(&column, cx, &mut name)?;
            let mut value = String::new();
            self.expr(&expr.self_group(None), cx, &mut value)?;
            list.push(Assignment { column: None, name, value });
        }
        Ok(list)
    }

    /// What `onupdate` puts into a SET that does not mention the column.
    fn onupdate(
        &mut self,
        column: &Column,
        returned: bool,
        info: &mut DmlInfo,
        value: &mut String,
        cx: Cx,
    ) -> Result<bool> {
        let (onupdate, server) = {
            let spec = column.spec();
            (spec.onupdate.clone(), spec.server_onupdate.is_some() || spec.computed.is_some())
        };
        match onupdate {
            Some(Default::Sql(expr)) => {
                self.expr(&expr.self_group(None), cx, value)?;
                let slot =
                    if returned { &mut info.implicit_returning } else { &mut info.postfetch };
                slot.push(column.clone());
                Ok(true)
            }
            Some(Default::Scalar(_) | Default::Callable(_)) => {
                let source = Source::Prefetch(column.clone());
                self.column_param(column.key(), column.ty(), source, value)?;
                info.prefetch.push(column.clone());
                Ok(true)
            }
            _ => {
                if server {
                    let slot =
                        if returned { &mut info.implicit_returning } else { &mut info.postfetch };
                    slot.push(column.clone());
                }
                Ok(false)
            }
        }
    }
}

/// Take what was given for a column.
fn take(given: &mut Vec<(DmlKey, Given)>, column: &Column) -> Option<Given> {
    let key = column.key();
    let at = given.iter().position(|(known, _)| match known {
        DmlKey::Name(name) => *name == key,
        DmlKey::Column(expr) => match expr.schema_column() {
            Some(other) => other.ptr_eq(column),
            None => crate::join::base_column(expr).map_or(known.key() == key, |c| c.ptr_eq(column)),
        },
    })?;
    Some(given.remove(at).1)
}

/// Only MySQL sets columns of other tables.
fn only_own(given: &[(DmlKey, Given)], table: &Table) -> Result<()> {
    let mut others: Vec<String> = Vec::new();
    for (key, _) in given {
        let DmlKey::Column(expr) = key else { continue };
        let from = expr.as_column().and_then(|column| column.from_clause());
        if let Some(from) = from.filter(|from| from.as_table().is_none_or(|t| !t.ptr_eq(table)))
            && crate::join::base_column(expr)
                .and_then(|column| column.table())
                .is_none_or(|t| !t.ptr_eq(table))
        {
            let name = format!("'{}'", from.plain_name().unwrap_or_default());
            if !others.contains(&name) {
                others.push(name);
            }
        }
    }
    if others.is_empty() {
        return Ok(());
    }
    Err(Error::compile(format!(
        "Backend does not support additional tables in the SET clause; cannot include columns from \
         table(s) {} in SET clause",
        others.join(", ")
    )))
}

fn unconsumed(given: &[(DmlKey, Given)]) -> Result<()> {
    if given.is_empty() || given.iter().all(|(_, value)| matches!(value, Given::Required)) {
        return Ok(());
    }
    let names: Vec<String> = given
        .iter()
        .filter(|(_, value)| matches!(value, Given::Expr(_)))
        .map(|(key, _)| key.key().to_string())
        .collect();
    Err(Error::compile(format!("Unconsumed column names: {}", names.join(", "))))
}
