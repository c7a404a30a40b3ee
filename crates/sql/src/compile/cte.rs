//! Writing CTEs: collected while the statement is written, put in front of it at the end.

use super::compiler::{Compiler, Cx};
use super::from::query_columns;
use super::names::{columns_plus_names, from_name};
use crate::dialect::Family;
use crate::error::{Error, Result};
use crate::expr::Expr;
use crate::from::{Alias, Cte, Element, FromClause};
use crate::name::Name;
use crate::select::{LabelStyle, Query};
use crate::statement::Statement;

/// A CTE met while writing.
#[derive(Debug)]
pub(super) struct CteEntry {
    from: FromClause,
    name: String,
    text: String,
    recursive: bool,
    nesting: bool,
    level: usize,
}

impl Compiler<'_> {
    /// A CTE where it is read from: it is written once, and named here.
    pub(super) fn cte_reference(
        &mut self,
        from: &FromClause,
        alias: &Alias,
        cx: Cx,
        out: &mut String,
    ) -> Result<()> {
        let Some(cte) = alias.as_cte() else { return Ok(()) };
        if let Some(original) = &cte.alias_of {
            let FromClause::Alias(inner) = original else { return Ok(()) };
            self.cte_reference(original, inner, cx, out)?;
            out.push_str(self.alias_word());
            if let Some(name) = from_name(from) {
                self.name(&name, out);
            }
            return Ok(());
        }
        self.cte_body(from, alias, cte, cx, false)?;
        if self.stack.is_empty() {
            return Ok(());
        }
        if let Some(name) = from_name(from) {
            self.name(&name, out);
        }
        Ok(())
    }

    /// CTEs of `add_cte`, which nothing needs to read from.
    pub(super) fn independent_ctes(&mut self, ctes: &[(FromClause, bool)], cx: Cx) -> Result<()> {
        for (from, nest) in ctes {
            let FromClause::Alias(alias) = from else { continue };
            if let Some(cte) = alias.as_cte() {
                self.cte_body(from, alias, cte, cx, *nest)?;
            }
        }
        Ok(())
    }

    fn cte_body(
        &mut self,
        from: &FromClause,
        alias: &Alias,
        cte: &Cte,
        cx: Cx,
        nest: bool,
    ) -> Result<()> {
        let Some(template) = from_name(from) else { return Ok(()) };
        let name = self.plain_name(&template).to_string();
        let nesting = cte.nesting || nest;
        let level = if nesting { self.stack.len() } else { 1 };
        let known = self.ctes.iter().position(|c| c.name == name && c.level == level);
        if let Some(at) = known {
            let Some(entry) = self.ctes.get(at) else { return Ok(()) };
            let restated = match &entry.from {
                FromClause::Alias(known) => known.as_cte().and_then(|c| c.restates.clone()),
                _ => None,
            };
            if entry.from.ptr_eq(from) || restated.is_some_and(|inner| inner.ptr_eq(from)) {
                return Ok(());
            }
            let replaces = cte.restates.as_ref().is_some_and(|inner| inner.ptr_eq(&entry.from));
            if !replaces {
                return Err(Error::compile(format!(
                    "Multiple, unrelated CTEs found with the same name: {}",
                    crate::repr::string(&name)
                )));
            }
            self.ctes.remove(at);
        }
        self.ctes.push(CteEntry {
            from: from.clone(),
            name,
            text: String::new(),
            recursive: cte.recursive,
            nesting,
            level,
        });
        let text = self.cte_text(&template, alias, cte, cx)?;
        // Inner CTEs were written while this one was, so they stand before it.
        if let Some(at) = self.ctes.iter().position(|entry| entry.from.ptr_eq(from)) {
            let mut entry = self.ctes.remove(at);
            entry.text = text;
            self.ctes.push(entry);
        }
        Ok(())
    }

    fn cte_text(&mut self, name: &Name, alias: &Alias, cte: &Cte, cx: Cx) -> Result<String> {
        let mut text = String::new();
        self.name(name, &mut text);
        let (columns, style): (&[Expr], _) = match &alias.element {
            Element::Query(query) => (query_columns(query), LabelStyle::DisambiguateOnly),
            _ => (&[], LabelStyle::DisambiguateOnly),
        };
        let named_values = match &alias.element {
            Element::Query(Query::Values(FromClause::Values(values))) => Some(values.clone()),
            _ => None,
        };
        if cte.recursive && named_values.is_none() {
            text.push('(');
            let names = columns_plus_names(columns, style, true);
            let mut first = true;
            for (column, made) in columns.iter().zip(names) {
                if made.repeated {
                    continue;
                }
                let label = made.fallback.or_else(|| column.proxy_key().map(Name::new));
                let Some(label) = label else { continue };
                if !first {
                    text.push_str(", ");
                }
                first = false;
                self.name(&label, &mut text);
            }
            text.push(')');
        } else if let Some(values) = named_values {
            text.push('(');
            for (at, (column, _)) in values.columns.iter().enumerate() {
                if at > 0 {
                    text.push_str(", ");
                }
                self.name(column, &mut text);
            }
            text.push(')');
        }
        text.push_str(" AS ");
        self.affix_texts(&cte.prefixes, &mut text);
        text.push_str("\n(");
        let inner = Cx {
            asfrom: true,
            columns: false,
            label: false,
            compound: None,
            insert_into: false,
            own_names: true,
            ..cx
        };
        match &alias.element {
            Element::Query(query) => self.query(query, inner, &mut text)?,
            Element::Dml(statement) => self.nested_dml(statement, inner, &mut text)?,
            Element::From(from) => self.from(from, inner, &mut text)?,
            Element::Function(function) => self.expr(function, inner, &mut text)?,
        }
        text.push(')');
        if !cte.suffixes.is_empty() {
            text.push(' ');
            self.affix_texts(&cte.suffixes, &mut text);
        }
        Ok(text)
    }

    fn nested_dml(&mut self, statement: &Statement, cx: Cx, out: &mut String) -> Result<()> {
        match statement {
            Statement::Insert(insert) => self.insert(insert, cx, out),
            Statement::Update(update) => self.update(update, cx, out),
            Statement::Delete(delete) => self.delete(delete, cx, out),
            Statement::Query(query) => self.query(query, cx, out),
            _ => Ok(()),
        }
    }

    fn affix_texts(
        &mut self,
        list: &[(std::rc::Rc<str>, Option<std::rc::Rc<str>>)],
        out: &mut String,
    ) {
        for (text, dialect) in list {
            if dialect.as_ref().is_none_or(|name| **name == *self.dialect.name()) {
                out.push_str(text);
                out.push(' ');
            }
        }
    }

    /// `WITH …` in front of what was written, of the CTEs that belong here.
    pub(super) fn with_clause(&mut self, toplevel: bool, start: usize, out: &mut String) {
        let level = self.stack.len();
        let here = |entry: &CteEntry| toplevel || (entry.nesting && entry.level == level);
        if !self.ctes.iter().any(here) {
            return;
        }
        let (mine, rest): (Vec<CteEntry>, Vec<CteEntry>) =
            std::mem::take(&mut self.ctes).into_iter().partition(here);
        self.ctes = rest;
        let recursive = mine.iter().any(|entry| entry.recursive);
        let texts: Vec<String> = mine.into_iter().map(|entry| entry.text).collect();
        let word = if recursive && self.dialect.family() != Family::Oracle {
            "WITH RECURSIVE "
        } else {
            "WITH "
        };
        let clause = format!("{word}{}\n ", texts.join(", \n"));
        out.insert_str(start, &clause);
        if let Some(split) = &mut self.insert_split {
            split.start += clause.len();
            split.end += clause.len();
        }
    }
}
