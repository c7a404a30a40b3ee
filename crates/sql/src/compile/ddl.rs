//! Writing DDL.

use std::fmt::Write as _;

use super::compiler::{Compiler, Cx};
use super::constraint::option_of;
use crate::ddl::{CreateTable, Ddl};
use crate::dialect::Family;
use crate::error::{Error, Result};
use crate::expr::Expr;
use crate::from::FromClause;
use crate::name::Name;
use crate::schema::{
    Autoincrement, Column, Constraint, ConstraintKind, Default, Sequence, SequenceOptions,
    ServerDefault, Table,
};
use crate::types::{Affinity, TypeKind, literal};
use crate::value::Value;

impl Compiler<'_> {
    pub(super) fn ddl(&mut self, ddl: &Ddl, out: &mut String) -> Result<()> {
        match ddl {
            Ddl::CreateTable(create) => self.create_table(create, out),
            Ddl::DropTable { table, if_exists } => {
                out.push_str("\nDROP TABLE ");
                if_flag(*if_exists, "IF EXISTS ", out);
                self.table_name(&FromClause::Table(table.clone()), out);
                Ok(())
            }
            Ddl::CreateColumn(column) => {
                self.column_definition(column.table().as_ref(), column, out)
            }
            Ddl::CreateIndex { index, if_not_exists } => {
                self.create_index(index, *if_not_exists, out)
            }
            Ddl::DropIndex { index, if_exists } => self.drop_index(index, *if_exists, out),
            Ddl::AddConstraint(constraint) => {
                out.push_str("ALTER TABLE ");
                self.constraint_table(constraint, out);
                out.push_str(" ADD ");
                self.constraint(constraint, out)?;
                Ok(())
            }
            Ddl::DropConstraint { constraint, if_exists, cascade } => {
                self.drop_constraint(constraint, *if_exists, *cascade, out)
            }
            Ddl::CreateSequence { sequence, if_not_exists } => {
                out.push_str("CREATE SEQUENCE ");
                if_flag(*if_not_exists, "IF NOT EXISTS ", out);
                self.sequence_name(sequence, out);
                let options = self.sequence_options(sequence.options());
                if !options.is_empty() {
                    out.push(' ');
                    out.push_str(&options);
                }
                Ok(())
            }
            Ddl::DropSequence { sequence, if_exists } => {
                out.push_str("DROP SEQUENCE ");
                if_flag(*if_exists, "IF EXISTS ", out);
                self.sequence_name(sequence, out);
                Ok(())
            }
            Ddl::CreateSchema { name, if_not_exists } => {
                out.push_str("CREATE SCHEMA ");
                if_flag(*if_not_exists, "IF NOT EXISTS ", out);
                self.name(&Name::new(name.clone()), out);
                Ok(())
            }
            Ddl::DropSchema { name, if_exists, cascade } => {
                out.push_str("DROP SCHEMA ");
                if_flag(*if_exists, "IF EXISTS ", out);
                self.name(&Name::new(name.clone()), out);
                if_flag(*cascade, " CASCADE", out);
                Ok(())
            }
            Ddl::SetTableComment(table) => {
                out.push_str("COMMENT ON TABLE ");
                self.table_name(&FromClause::Table(table.clone()), out);
                let comment = table.options().comment.clone().unwrap_or_else(|| "".into());
                let _ = write!(out, " IS {}", literal::quoted(&comment, &self.dialect));
                Ok(())
            }
            Ddl::SetColumnComment(column) => {
                out.push_str("COMMENT ON COLUMN ");
                self.expr(&column.expr(), Cx::default(), out)?;
                let comment = column.spec().comment.clone().unwrap_or_else(|| "".into());
                let _ = write!(out, " IS {}", literal::quoted(&comment, &self.dialect));
                Ok(())
            }
            Ddl::CreateTableAs { name, query } => {
                out.push_str("CREATE TABLE ");
                self.name(&Name::new(name.clone()), out);
                out.push_str(" AS ");
                self.query(query, Cx { literal: true, ..Cx::default() }, out)
            }
            Ddl::Text(text) => self.ddl_text(text, out),
        }
    }

    /// Text of the user, where `%%` stands for a percent sign and `%(name)s` for what only a table
    /// that it listens to could give.
    fn ddl_text(&self, text: &str, out: &mut String) -> Result<()> {
        if let Some((name, _)) =
            text.replace("%%", "").split_once("%(").and_then(|(_, rest)| rest.split_once(')'))
        {
            return Err(Error::key(name));
        }
        let percent = if self.dialect.doubles_percent() { "%%" } else { "%" };
        out.push_str(&text.replace("%%", percent));
        Ok(())
    }

    pub(super) fn constraint_table(&mut self, constraint: &Constraint, out: &mut String) {
        if let Some(table) = constraint.table() {
            self.table_name(&FromClause::Table(table), out);
        }
    }

    fn sequence_name(&mut self, sequence: &Sequence, out: &mut String) {
        if let Some(schema) = self.translated(sequence.schema()) {
            self.write_schema(&schema, out);
            out.push('.');
        }
        self.name(sequence.name(), out);
    }

    fn create_table(&mut self, create: &CreateTable, out: &mut String) -> Result<()> {
        let table = &create.table;
        out.push_str("\nCREATE ");
        for prefix in &table.options().prefixes {
            out.push_str(prefix);
            out.push(' ');
        }
        out.push_str("TABLE ");
        if_flag(create.if_not_exists, "IF NOT EXISTS ", out);
        self.table_name(&FromClause::Table(table.clone()), out);
        out.push_str(" (");
        let mut separator = "\n";
        for column in table.columns() {
            if column.spec().system {
                continue;
            }
            let mut text = String::new();
            self.column_definition(Some(table), &column, &mut text).map_err(|error| {
                Error::compile(format!(
                    "(in table '{}', column '{}'): {}",
                    table.name(),
                    column.name(),
                    error.message()
                ))
            })?;
            let _ = write!(out, "{separator}\t{text}");
            separator = ", \n";
        }
        for text in self.table_constraints(create)? {
            let _ = write!(out, "{separator}\t{text}");
            separator = ", \n";
        }
        out.push_str("\n)");
        self.table_options(table, out);
        out.push_str("\n\n");
        Ok(())
    }

    fn table_constraints(&mut self, create: &CreateTable) -> Result<Vec<String>> {
        let table = &create.table;
        let mut list = vec![table.primary_key()];
        list.extend(table.constraints());
        let mut out = Vec::new();
        for constraint in list {
            if let (ConstraintKind::ForeignKey(_), Some(kept)) =
                (constraint.kind(), &create.foreign_keys)
                && !kept.iter().any(|other| other.ptr_eq(&constraint))
            {
                continue;
            }
            // Added by ALTER TABLE once all tables are there.
            if self.dialect.caps().alter
                && constraint.options().use_alter
                && create.foreign_keys.is_none()
            {
                continue;
            }
            let mut text = String::new();
            self.constraint(&constraint, &mut text)?;
            if !text.is_empty() {
                out.push(text);
            }
        }
        for column in table.columns() {
            if let Some(text) = self.type_check(&column)? {
                out.push(text);
            }
        }
        Ok(out)
    }

    /// The CHECK that a Boolean or Enum asks for where it is no type of its own.
    fn type_check(&mut self, column: &Column) -> Result<Option<String>> {
        let ty = column.ty();
        let Some(args) = ty.args().filter(|args| args.create_constraint) else { return Ok(None) };
        let caps = self.dialect.caps();
        let list = match ty.kind() {
            TypeKind::Boolean | TypeKind::BOOLEAN if !caps.native_boolean => "0, 1".to_owned(),
            TypeKind::Enum => {
                let Some(members) = &args.members else { return Ok(None) };
                if caps.native_enum && members.native.unwrap_or(true) {
                    return Ok(None);
                }
                let names: Vec<String> =
                    members.names.iter().map(|n| literal::quoted(n, &self.dialect)).collect();
                names.join(", ")
            }
            _ => return Ok(None),
        };
        let mut text = String::new();
        if let Some(name) = &args.name {
            text.push_str("CONSTRAINT ");
            self.name(&Name::new(name.clone()), &mut text);
            text.push(' ');
        }
        text.push_str("CHECK (");
        self.name(&column.name(), &mut text);
        let _ = write!(text, " IN ({list}))");
        Ok(Some(text))
    }

    fn column_definition(
        &mut self,
        table: Option<&Table>,
        column: &Column,
        out: &mut String,
    ) -> Result<()> {
        self.name(&column.name(), out);
        out.push(' ');
        match self.dialect.family() {
            Family::Sqlite => self.sqlite_column(table, column, out)?,
            Family::Postgresql => self.postgresql_column(table, column, out)?,
            Family::Mysql => self.mysql_column(table, column, out)?,
            Family::Oracle => self.oracle_column(column, out)?,
            Family::Default => self.standard_column(column, out)?,
        }
        let checks = column.spec().checks.clone();
        for check in &checks {
            out.push(' ');
            self.constraint(check, out)?;
        }
        Ok(())
    }

    pub(super) fn standard_column(&mut self, column: &Column, out: &mut String) -> Result<()> {
        out.push_str(&column.ty().ddl(&self.dialect)?);
        self.default_clause(column, out)?;
        self.computed(column, out)?;
        let identity = self.identity(column, out);
        if_flag(!column.is_nullable() && !identity, " NOT NULL", out);
        Ok(())
    }

    fn sqlite_column(
        &mut self,
        table: Option<&Table>,
        column: &Column,
        out: &mut String,
    ) -> Result<()> {
        if column.is_primary_key()
            && column.spec().autoincrement == Autoincrement::True
            && table.is_some_and(|table| table.primary_key_columns().len() != 1)
        {
            return Err(Error::compile(
                "SQLite does not support autoincrement for composite primary keys",
            ));
        }
        out.push_str(&column.ty().ddl(&self.dialect)?);
        if let Some(default) = self.default_text(column)? {
            let quoted = default.trim_start().starts_with(['\'', '"', '(']);
            let plain = default.chars().all(|c| c.is_alphanumeric() || c == '_');
            if quoted || plain {
                let _ = write!(out, " DEFAULT {default}");
            } else {
                let _ = write!(out, " DEFAULT ({default})");
            }
        }
        if !column.is_nullable() {
            out.push_str(" NOT NULL");
            on_conflict(&column.spec().dialect_options, "sqlite_on_conflict_not_null", out);
        }
        if table.is_some_and(|table| sqlite_inline_key(table, column)) {
            out.push_str(" PRIMARY KEY");
            on_conflict(&column.spec().dialect_options, "sqlite_on_conflict_primary_key", out);
            out.push_str(" AUTOINCREMENT");
        }
        self.computed(column, out)
    }

    fn postgresql_column(
        &mut self,
        table: Option<&Table>,
        column: &Column,
        out: &mut String,
    ) -> Result<()> {
        let spec = column.spec().clone();
        let counts = table.and_then(Table::autoincrement_column).is_some_and(|c| c.ptr_eq(column));
        let plain = match &spec.default {
            None => true,
            Some(Default::Sequence(sequence)) => sequence.is_optional(),
            Some(_) => false,
        };
        let identity = spec.identity.is_some();
        if column.is_primary_key() && counts && !identity && plain {
            out.push_str(match column.ty().on(&self.dialect).kind() {
                TypeKind::BigInteger | TypeKind::BIGINT => "BIGSERIAL",
                TypeKind::SmallInteger | TypeKind::SMALLINT => "SMALLSERIAL",
                _ => "SERIAL",
            });
        } else {
            out.push_str(&column.ty().ddl(&self.dialect)?);
            self.default_clause(column, out)?;
        }
        self.computed(column, out)?;
        self.identity(column, out);
        if !column.is_nullable() && !identity {
            out.push_str(" NOT NULL");
        } else if column.is_nullable() && identity {
            out.push_str(" NULL");
        }
        Ok(())
    }

    /// `GENERATED … AS IDENTITY`, if the column has one.
    fn identity(&self, column: &Column, out: &mut String) -> bool {
        let Some(identity) = column.spec().identity.clone() else { return false };
        let word = if identity.always { "ALWAYS" } else { "BY DEFAULT" };
        let _ = write!(out, " GENERATED {word} AS IDENTITY");
        let options = self.sequence_options(&identity.options);
        if !options.is_empty() {
            let _ = write!(out, " ({options})");
        }
        true
    }

    /// The numbers of a sequence or identity; two backends write NO and its word together.
    fn sequence_options(&self, options: &SequenceOptions) -> String {
        let text = sequence_options(options);
        match self.dialect.family() {
            Family::Oracle => text.replace("NO M", "NOM").replace("NO CYCLE", "NOCYCLE"),
            Family::Mysql => text.replace("NO CYCLE", "NOCYCLE"),
            _ => text,
        }
    }

    fn mysql_column(
        &mut self,
        table: Option<&Table>,
        column: &Column,
        out: &mut String,
    ) -> Result<()> {
        out.push_str(&column.ty().ddl(&self.dialect)?);
        self.computed(column, out)?;
        let timestamp = column.ty().on(&self.dialect).kind() == TypeKind::TIMESTAMP;
        if !column.is_nullable() {
            out.push_str(" NOT NULL");
        } else if timestamp {
            out.push_str(" NULL");
        }
        let spec = column.spec().clone();
        if let Some(comment) = &spec.comment {
            let _ = write!(out, " COMMENT {}", literal::quoted(comment, &self.dialect));
        }
        let counts = table.and_then(Table::autoincrement_column).is_some_and(|c| c.ptr_eq(column));
        let sequence = self.dialect.caps().sequences
            && matches!(&spec.default, Some(Default::Sequence(s)) if !s.is_optional());
        if counts && (spec.server_default.is_none() || spec.identity.is_some()) && !sequence {
            out.push_str(" AUTO_INCREMENT");
        } else if let Some(default) = self.default_text(column)? {
            let upper = default.to_uppercase();
            let quoted = default.trim_start().starts_with(['\'', '"', '(']);
            let plain = default.chars().all(|c| c.is_alphanumeric() || c == '_');
            if quoted || plain || upper.contains("ON UPDATE") {
                let _ = write!(out, " DEFAULT {default}");
            } else {
                let _ = write!(out, " DEFAULT ({default})");
            }
        }
        Ok(())
    }

    fn default_clause(&mut self, column: &Column, out: &mut String) -> Result<()> {
        if let Some(default) = self.default_text(column)? {
            let _ = write!(out, " DEFAULT {default}");
        }
        Ok(())
    }

    fn default_text(&mut self, column: &Column) -> Result<Option<String>> {
        let default = column.spec().server_default.clone();
        Ok(match default {
            Some(ServerDefault::Text(text)) => Some(literal::quoted(&text, &self.dialect)),
            Some(ServerDefault::Sql(expr)) => Some(self.ddl_expr(&expr)?),
            Some(ServerDefault::Fetched) | None => None,
        })
    }

    /// An expression inside DDL: no table names, values written out.
    pub(super) fn ddl_expr(&mut self, expr: &Expr) -> Result<String> {
        let mut text = String::new();
        self.expr(expr, Cx { bare: true, literal: true, ..Cx::default() }, &mut text)?;
        Ok(text)
    }

    fn computed(&mut self, column: &Column, out: &mut String) -> Result<()> {
        let computed = column.spec().computed.clone();
        let Some(computed) = computed else { return Ok(()) };
        let text = self.ddl_expr(&computed.sqltext)?;
        let _ = write!(out, " GENERATED ALWAYS AS ({text})");
        match computed.persisted {
            Some(true) => out.push_str(" STORED"),
            Some(false) => out.push_str(" VIRTUAL"),
            None => {}
        }
        Ok(())
    }

    fn table_options(&mut self, table: &Table, out: &mut String) {
        match self.dialect.family() {
            Family::Sqlite => {
                let mut options = Vec::new();
                if table.dialect_option("sqlite_with_rowid") == Some(Value::Bool(false)) {
                    options.push("WITHOUT ROWID");
                }
                if table.dialect_option("sqlite_strict") == Some(Value::Bool(true)) {
                    options.push("STRICT");
                }
                if !options.is_empty() {
                    let _ = write!(out, "\n {}", options.join(",\n "));
                }
            }
            Family::Mysql => self.mysql_options(table, out),
            Family::Postgresql => self.postgresql_options(table, out),
            Family::Oracle => self.oracle_options(table, out),
            Family::Default => {}
        }
    }

    fn postgresql_options(&self, table: &Table, out: &mut String) {
        let quote = |name: &str| self.dialect.quote_name(&Name::new(name));
        if let Some(value) = table.dialect_option("postgresql_inherits") {
            let names: Vec<String> = texts(&value).iter().map(|name| quote(name)).collect();
            let _ = write!(out, "\n INHERITS ({})", names.join(", "));
        }
        for (key, word) in
            [("postgresql_partition_by", "PARTITION BY"), ("postgresql_using", "USING")]
        {
            if let Some(value) = table.dialect_option(key) {
                let _ = write!(out, "\n {word} {}", plain_text(&value));
            }
        }
        let with = with_options(&table.options().dialect_options);
        if let Some(with) = with {
            let _ = write!(out, "\n WITH ({with})");
        }
        if let Some(value) = table.dialect_option("postgresql_on_commit") {
            let action = plain_text(&value).replace('_', " ").to_uppercase();
            let _ = write!(out, "\n ON COMMIT {action}");
        }
        if let Some(value) = table.dialect_option("postgresql_tablespace") {
            let _ = write!(out, "\n TABLESPACE {}", quote(&plain_text(&value)));
        }
    }

    fn mysql_options(&mut self, table: &Table, out: &mut String) {
        let prefix = format!("{}_", self.dialect.name());
        let mut options: Vec<(String, String)> = table
            .options()
            .dialect_options
            .iter()
            .filter_map(|(key, value)| {
                let key = key.strip_prefix(&prefix)?.to_uppercase();
                Some((key, plain_text(value)))
            })
            .collect();
        if let Some(comment) = &table.options().comment {
            options.push(("COMMENT".into(), comment.to_string()));
        }
        // COLLATE follows the character set it belongs to.
        options.sort_by_key(|(key, _)| key == "COLLATE");
        let mut first = true;
        for (key, value) in options {
            if !first {
                out.push(' ');
            }
            first = false;
            let value = match key.as_str() {
                "COMMENT" | "PASSWORD" => literal::quoted(&value, &self.dialect),
                _ => value,
            };
            let key = match key.as_str() {
                "DATA_DIRECTORY"
                | "INDEX_DIRECTORY"
                | "DEFAULT_CHARACTER_SET"
                | "CHARACTER_SET"
                | "DEFAULT_CHARSET"
                | "DEFAULT_COLLATE" => key.replace('_', " "),
                _ => key,
            };
            let spaced = matches!(
                key.as_str(),
                "TABLESPACE" | "DEFAULT CHARACTER SET" | "CHARACTER SET" | "COLLATE"
            );
            let _ = write!(out, "{key}{}{value}", if spaced { " " } else { "=" });
        }
    }
}

/// Whether SQLite's AUTOINCREMENT puts the key beside the column.
pub(super) fn sqlite_inline_key(table: &Table, column: &Column) -> bool {
    column.is_primary_key()
        && table.dialect_option("sqlite_autoincrement") == Some(Value::Bool(true))
        && table.primary_key_columns().len() == 1
        && column.ty().affinity() == Affinity::Integer
        && column.foreign_keys().is_empty()
}

/// ` ON CONFLICT …` of SQLite's options.
pub(super) fn on_conflict(options: &[(std::rc::Rc<str>, Value)], key: &str, out: &mut String) {
    if let Some(value) = option_of(options, key).filter(|value| !value.is_null()) {
        let _ = write!(out, " ON CONFLICT {}", plain_text(value));
    }
}

/// `name = value` of PostgreSQL's WITH.
pub(super) fn with_options(options: &[(std::rc::Rc<str>, Value)]) -> Option<String> {
    let pair = |(key, value): &(std::rc::Rc<str>, Value)| {
        let name = key.strip_prefix("postgresql_with.")?;
        Some(format!("{name} = {}", plain_text(value)))
    };
    let list: Vec<String> = options.iter().filter_map(pair).collect();
    (!list.is_empty()).then(|| list.join(", "))
}

/// An option's value as one text or several.
pub(super) fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Object(object) => match object.items() {
            Some(items) => items.iter().map(plain_text).collect(),
            None => vec![object.str()],
        },
        other => vec![plain_text(other)],
    }
}

/// An option's value as text.
pub(super) fn plain_text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.to_string(),
        Value::Object(object) => object.str(),
        other => other.repr(),
    }
}

pub(super) fn if_flag(yes: bool, text: &str, out: &mut String) {
    if yes {
        out.push_str(text);
    }
}

/// The numbers of a sequence or identity, as the standard writes them.
fn sequence_options(options: &SequenceOptions) -> String {
    let mut list = Vec::new();
    let mut number = |word: &str, value: Option<i64>| {
        if let Some(value) = value {
            list.push(format!("{word} {value}"));
        }
    };
    number("INCREMENT BY", options.increment);
    number("START WITH", options.start);
    number("MINVALUE", options.minvalue);
    number("MAXVALUE", options.maxvalue);
    if options.nominvalue {
        list.push("NO MINVALUE".into());
    }
    if options.nomaxvalue {
        list.push("NO MAXVALUE".into());
    }
    if let Some(cache) = options.cache {
        list.push(format!("CACHE {cache}"));
    }
    if let Some(cycle) = options.cycle {
        list.push(if cycle { "CYCLE".into() } else { "NO CYCLE".into() });
    }
    list.join(" ")
}
