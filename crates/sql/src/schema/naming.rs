//! Names of constraints and indexes from the metadata's naming convention.

use super::Column;
use super::constraint::{Constraint, ConstraintKind};
use super::index::Index;
use super::table::Table;
use crate::error::{Error, Result};
use crate::name::Name;

/// The name of a constraint: its own, or what the convention makes.
pub(crate) fn constraint_name(constraint: &Constraint) -> Result<Option<Name>> {
    let own = constraint.name();
    let Some(table) = constraint.table() else { return Ok(own) };
    let kind = match constraint.kind() {
        ConstraintKind::PrimaryKey(_) => "pk",
        ConstraintKind::Unique(_) => "uq",
        ConstraintKind::ForeignKey(_) => "fk",
        ConstraintKind::Check(_) => "ck",
    };
    let Some(pattern) = table.metadata().and_then(|m| m.naming_convention(kind)) else {
        return Ok(own);
    };
    let uses_own = pattern.contains("%(constraint_name)s");
    if (own.is_some() && !uses_own) || (own.is_none() && uses_own) {
        return Ok(own);
    }
    let referred = match constraint.kind() {
        ConstraintKind::ForeignKey(_) => Some(constraint),
        _ => None,
    };
    let parts = Parts { table: &table, columns: constraint.columns(), own: own.as_ref(), referred };
    parts.fill(&pattern).map(|text| Some(Name::new(text)))
}

/// The name of an index: its own, or what the convention makes.
pub(crate) fn index_name(index: &Index) -> Result<Option<Name>> {
    if let Some(name) = index.name() {
        return Ok(Some(name));
    }
    let Some(table) = index.table() else { return Ok(None) };
    let pattern = table
        .metadata()
        .and_then(|metadata| metadata.naming_convention("ix"))
        .unwrap_or_else(|| "ix_%(column_0_label)s".into());
    let mut columns: Vec<Column> = Vec::new();
    for expr in index.expressions() {
        columns.extend(crate::expr_columns(&expr));
    }
    let parts = Parts { table: &table, columns, own: None, referred: None };
    parts.fill(&pattern).map(|text| Some(Name::new(text)))
}

/// What the tokens of a pattern stand for.
struct Parts<'a> {
    table: &'a Table,
    columns: Vec<Column>,
    own: Option<&'a Name>,
    referred: Option<&'a Constraint>,
}

impl Parts<'_> {
    fn fill(&self, pattern: &str) -> Result<String> {
        let mut out = String::new();
        let mut rest = pattern;
        while let Some((before, after)) = rest.split_once("%(") {
            out.push_str(before);
            let (token, tail) = after
                .split_once(")s")
                .ok_or_else(|| Error::value("incomplete format in naming convention"))?;
            out.push_str(&self.token(token)?);
            rest = tail;
        }
        out.push_str(rest);
        Ok(out)
    }

    fn token(&self, token: &str) -> Result<String> {
        match token {
            "table_name" => return Ok(self.table.name().to_string()),
            "constraint_name" => {
                return Ok(self.own.map(ToString::to_string).unwrap_or_default());
            }
            "referred_table_name" => {
                let Some(constraint) = self.referred else { return Err(Error::key(token)) };
                let key = constraint.foreign_keys().first().and_then(|k| k.target_table_key());
                let key = key.unwrap_or_default();
                return Ok(key.rsplit('.').next().unwrap_or_default().to_owned());
            }
            _ => {}
        }
        let referred = token.starts_with("referred_");
        let token_body = token.strip_prefix("referred_").unwrap_or(token);
        let body = token_body.strip_prefix("column_").ok_or_else(|| Error::key(token))?;
        let (which, what) = body.rsplit_once('_').ok_or_else(|| Error::key(token))?;
        let names = self.names(what, referred)?;
        if let Some(all) = which.strip_suffix("_N") {
            let _ = all;
            return Ok(names.join("_"));
        }
        if let Some(stripped) = which.strip_suffix('N') {
            let _ = stripped;
            return Ok(names.concat());
        }
        let at: usize = which.parse().map_err(|_| Error::key(token))?;
        Ok(names.into_iter().nth(at).unwrap_or_default())
    }

    fn names(&self, what: &str, referred: bool) -> Result<Vec<String>> {
        if referred {
            let keys = self.referred.map(Constraint::foreign_keys).unwrap_or_default();
            let last = |full: String| full.rsplit('.').next().unwrap_or_default().to_owned();
            return Ok(keys.iter().map(|key| last(key.target_fullname())).collect());
        }
        let name = |column: &Column| match what {
            "label" => format!("{}_{}", self.table.name(), column.name()),
            "key" => column.key().to_string(),
            _ => column.name().to_string(),
        };
        Ok(self.columns.iter().map(name).collect())
    }
}
