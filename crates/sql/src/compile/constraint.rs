//! Writing constraints.

use std::fmt::Write as _;
use std::rc::Rc;

use super::compiler::Compiler;
use super::ddl::{on_conflict, sqlite_inline_key};
use crate::dialect::Family;
use crate::error::{Error, Result};
use crate::from::FromClause;
use crate::name::Name;
use crate::schema::{Column, Constraint, ConstraintKind, ForeignKey, constraint_name};
use crate::value::Value;

impl Compiler<'_> {
    /// A constraint; nothing when the dialect leaves it out here.
    pub(super) fn constraint(&mut self, constraint: &Constraint, out: &mut String) -> Result<()> {
        match constraint.kind() {
            ConstraintKind::PrimaryKey(columns) => self.primary_key(constraint, &columns, out)?,
            ConstraintKind::Unique(columns) => {
                if columns.is_empty() {
                    return Ok(());
                }
                self.preamble(constraint, out)?;
                out.push_str("UNIQUE (");
                self.column_names(&columns, out);
                out.push(')');
                self.deferrability(constraint, out);
                self.sqlite_conflict(constraint, &columns, "sqlite_on_conflict_unique", out);
            }
            ConstraintKind::Check(condition) => {
                self.preamble(constraint, out)?;
                let text = self.ddl_expr(&condition)?;
                let _ = write!(out, "CHECK ({text})");
                self.deferrability(constraint, out);
            }
            ConstraintKind::ForeignKey(keys) => self.foreign_key(constraint, &keys, out)?,
        }
        Ok(())
    }

    fn primary_key(
        &mut self,
        constraint: &Constraint,
        columns: &[Column],
        out: &mut String,
    ) -> Result<()> {
        let Some(first) = columns.first() else { return Ok(()) };
        let table = constraint.table().or_else(|| first.table());
        if let (Family::Sqlite, Some(table), [one]) = (self.dialect.family(), &table, columns)
            && sqlite_inline_key(table, one)
        {
            return Ok(());
        }
        self.preamble(constraint, out)?;
        out.push_str("PRIMARY KEY (");
        let mut ordered = columns.to_vec();
        // MySQL wants the counting column first; SQLAlchemy does so for all.
        if constraint.is_implicit() {
            let counting = table.and_then(|table| table.autoincrement_column());
            ordered.sort_by_key(|column| !counting.as_ref().is_some_and(|c| c.ptr_eq(column)));
        }
        self.column_names(&ordered, out);
        out.push(')');
        self.deferrability(constraint, out);
        self.sqlite_conflict(constraint, columns, "sqlite_on_conflict_primary_key", out);
        Ok(())
    }

    fn sqlite_conflict(
        &self,
        constraint: &Constraint,
        columns: &[Column],
        column_key: &str,
        out: &mut String,
    ) {
        if self.dialect.family() != Family::Sqlite {
            return;
        }
        if option_of(constraint.dialect_options(), "sqlite_on_conflict").is_some() {
            on_conflict(constraint.dialect_options(), "sqlite_on_conflict", out);
        } else if let [column] = columns {
            on_conflict(&column.spec().dialect_options, column_key, out);
        }
    }

    fn foreign_key(
        &mut self,
        constraint: &Constraint,
        keys: &[ForeignKey],
        out: &mut String,
    ) -> Result<()> {
        let remote = constraint.referred_table()?;
        let local = constraint.table();
        let sqlite = self.dialect.family() == Family::Sqlite;
        if sqlite && local.as_ref().is_some_and(|t| t.schema() != remote.schema()) {
            return Ok(());
        }
        self.preamble(constraint, out)?;
        out.push_str("FOREIGN KEY(");
        let parents: Vec<Column> = keys.iter().filter_map(ForeignKey::parent).collect();
        self.column_names(&parents, out);
        out.push_str(") REFERENCES ");
        if sqlite {
            self.name(remote.name(), out);
        } else {
            self.table_name(&FromClause::Table(remote), out);
        }
        out.push_str(" (");
        let mut targets = Vec::with_capacity(keys.len());
        for key in keys {
            targets.push(key.column()?);
        }
        self.column_names(&targets, out);
        out.push(')');
        let options = constraint.options();
        for (word, phrase) in [
            ("MATCH", &options.match_),
            ("ON DELETE", &options.ondelete),
            ("ON UPDATE", &options.onupdate),
        ] {
            if let Some(phrase) = phrase {
                if word == "MATCH" && self.dialect.family() == Family::Mysql {
                    return Err(Error::compile(
                        "MySQL ignores the 'MATCH' keyword while at the same time causes ON \
                         UPDATE/ON DELETE clauses to be ignored.",
                    ));
                }
                // Oracle has no such action.
                if word == "ON UPDATE" && self.dialect.family() == Family::Oracle {
                    continue;
                }
                let _ = write!(out, " {word} {}", keyword_phrase(phrase)?);
            }
        }
        self.deferrability(constraint, out);
        Ok(())
    }

    fn column_names(&mut self, columns: &[Column], out: &mut String) {
        for (at, column) in columns.iter().enumerate() {
            if at > 0 {
                out.push_str(", ");
            }
            self.name(&column.name(), out);
        }
    }

    fn preamble(&mut self, constraint: &Constraint, out: &mut String) -> Result<()> {
        if let Some(name) = constraint_name(constraint)? {
            let name = self.limited_name(&name)?;
            out.push_str("CONSTRAINT ");
            self.name(&name, out);
            out.push(' ');
        }
        Ok(())
    }

    fn deferrability(&self, constraint: &Constraint, out: &mut String) {
        let options = constraint.options();
        match options.deferrable {
            Some(true) => out.push_str(" DEFERRABLE"),
            Some(false) => out.push_str(" NOT DEFERRABLE"),
            None => {}
        }
        if let Some(initially) = &options.initially {
            let _ = write!(out, " INITIALLY {initially}");
        }
    }

    /// A name as long as the dialect allows, or the error of one that is longer.
    pub(super) fn limited_name(&self, name: &Name) -> Result<Name> {
        let limit = self.dialect.caps().max_identifier.min(match self.dialect.family() {
            Family::Mysql => 64,
            _ => usize::MAX,
        });
        if name.chars().count() > limit {
            return Err(Error::new(
                crate::ErrorKind::IdentifierError,
                format!("Identifier '{name}' exceeds maximum length of {limit} characters"),
            ));
        }
        Ok(name.clone())
    }

    pub(super) fn drop_constraint(
        &mut self,
        constraint: &Constraint,
        if_exists: bool,
        cascade: bool,
        out: &mut String,
    ) -> Result<()> {
        out.push_str("ALTER TABLE ");
        self.constraint_table(constraint, out);
        let mysql = self.dialect.family() == Family::Mysql;
        if mysql && matches!(constraint.kind(), ConstraintKind::PrimaryKey(_)) {
            out.push_str(" DROP PRIMARY KEY ");
            return Ok(());
        }
        let name = constraint_name(constraint)?.ok_or_else(|| {
            Error::compile(format!(
                "Can't emit DROP CONSTRAINT for constraint {constraint:?}; it has no name"
            ))
        })?;
        if mysql {
            out.push_str(match constraint.kind() {
                ConstraintKind::ForeignKey(_) => " DROP FOREIGN KEY ",
                ConstraintKind::Unique(_) => " DROP INDEX ",
                ConstraintKind::Check(_) if self.dialect.name() == "mysql" => " DROP CHECK ",
                _ => " DROP CONSTRAINT ",
            });
            self.name(&name, out);
            return Ok(());
        }
        out.push_str(" DROP CONSTRAINT ");
        if if_exists {
            out.push_str("IF EXISTS ");
        }
        self.name(&name, out);
        if cascade {
            out.push_str(" CASCADE");
        }
        Ok(())
    }
}

/// An option of a dialect by its full key.
pub(super) fn option_of<'a>(options: &'a [(Rc<str>, Value)], key: &str) -> Option<&'a Value> {
    options.iter().find(|(known, _)| **known == *key).map(|(_, value)| value)
}

/// Words such as `SET NULL`; anything else is no keyword.
fn keyword_phrase(phrase: &str) -> Result<&str> {
    let legal = phrase.chars().all(|c| c.is_alphanumeric() || c == '_' || c == ' ');
    if legal && !phrase.is_empty() {
        return Ok(phrase);
    }
    Err(Error::compile(format!("Unexpected SQL phrase: {}", crate::repr::string(phrase))))
}
