//! Writing CREATE INDEX and DROP INDEX.

use std::fmt::Write as _;

use super::compiler::Compiler;
use super::constraint::option_of;
use super::ddl::{if_flag, plain_text, texts, with_options};
use crate::dialect::Family;
use crate::error::{Error, Result};
use crate::expr::{Expr, Kind};
use crate::from::FromClause;
use crate::name::Name;
use crate::schema::{Index, index_name};
use crate::value::Value;

impl Compiler<'_> {
    fn index_text(&mut self, index: &Index, with_schema: bool, out: &mut String) -> Result<()> {
        let name = index_name(index)?
            .ok_or_else(|| Error::compile("CREATE INDEX requires that the index have a name"))?;
        if with_schema && let Some(schema) = index.table().and_then(|t| self.translated(t.schema()))
        {
            self.write_schema(&schema, out);
            out.push('.');
        }
        let name = self.limited_name(&name)?;
        self.name(&name, out);
        Ok(())
    }

    pub(super) fn create_index(
        &mut self,
        index: &Index,
        if_not_exists: bool,
        out: &mut String,
    ) -> Result<()> {
        let table = index.table().ok_or_else(|| {
            let name = index.name().map_or_else(|| "None".into(), |name| name.text);
            Error::compile(format!("Index '{name}' is not associated with any table."))
        })?;
        let family = self.dialect.family();
        let option = |key: &str| option_of(index.dialect_options(), key).map(plain_text);
        let own = |key: &str| option(&format!("{}_{key}", self.dialect.name()));
        out.push_str("CREATE ");
        if_flag(index.is_unique(), "UNIQUE ", out);
        if let (Family::Mysql, Some(prefix)) = (family, own("prefix")) {
            let _ = write!(out, "{prefix} ");
        }
        let bitmap = option("oracle_bitmap").as_deref() == Some("True");
        if_flag(family == Family::Oracle && bitmap, "BITMAP ", out);
        out.push_str("INDEX ");
        let concurrently = option("postgresql_concurrently").as_deref() == Some("True");
        if_flag(family == Family::Postgresql && concurrently, "CONCURRENTLY ", out);
        if_flag(if_not_exists && family != Family::Oracle, "IF NOT EXISTS ", out);
        let (using, parser) = (option("mysql_using"), own("with_parser"));
        self.index_text(index, matches!(family, Family::Sqlite | Family::Oracle), out)?;
        out.push_str(" ON ");
        if family == Family::Sqlite {
            self.name(table.name(), out);
        } else {
            self.table_name(&FromClause::Table(table), out);
        }
        if let (Family::Postgresql, Some(using)) = (family, option("postgresql_using")) {
            let _ = write!(out, " USING {}", using.to_lowercase());
        }
        out.push_str(" (");
        for (at, expr) in index.expressions().iter().enumerate() {
            if at > 0 {
                out.push_str(", ");
            }
            let text = self.index_item(index, expr)?;
            out.push_str(&text);
        }
        out.push(')');
        match family {
            Family::Postgresql => self.postgresql_index_options(index, out),
            Family::Mysql => {
                if let Some(parser) = parser {
                    let _ = write!(out, " WITH PARSER {parser}");
                }
                if let Some(using) = using {
                    let _ = write!(out, " USING {using}");
                }
            }
            Family::Oracle => match option_of(index.dialect_options(), "oracle_compress") {
                None | Some(Value::Bool(false) | Value::Null) => {}
                Some(Value::Bool(true)) => out.push_str(" COMPRESS"),
                Some(prefix) => {
                    let _ = write!(out, " COMPRESS {}", plain_text(prefix));
                }
            },
            Family::Sqlite | Family::Default => {}
        }
        if let Some(condition) = index.where_on(self.dialect.name()) {
            let text = self.ddl_expr(&condition.clone())?;
            let _ = write!(out, " WHERE {text}");
        }
        Ok(())
    }

    fn postgresql_index_options(&self, index: &Index, out: &mut String) {
        let options = index.dialect_options();
        let quote = |name: &str| self.dialect.quote_name(&Name::new(name));
        if let Some(columns) = option_of(options, "postgresql_include") {
            let columns: Vec<String> = texts(columns).iter().map(|name| quote(name)).collect();
            let _ = write!(out, " INCLUDE ({})", columns.join(", "));
        }
        match option_of(options, "postgresql_nulls_not_distinct") {
            Some(Value::Bool(true)) => out.push_str(" NULLS NOT DISTINCT"),
            Some(Value::Bool(false)) => out.push_str(" NULLS DISTINCT"),
            _ => {}
        }
        if let Some(with) = with_options(options) {
            let _ = write!(out, " WITH ({with})");
        }
        if let Some(tablespace) = option_of(options, "postgresql_tablespace") {
            let _ = write!(out, " TABLESPACE {}", quote(&plain_text(tablespace)));
        }
    }

    /// One item of an index, with the operator class or prefix length it was given.
    fn index_item(&mut self, index: &Index, expr: &Expr) -> Result<String> {
        let plain = expr.as_column().is_some();
        let family = self.dialect.family();
        let grouped = match (family, expr.kind()) {
            (Family::Postgresql, _) if !plain => expr.self_group(None),
            (Family::Mysql, Kind::Function(_) | Kind::Binary(_)) => expr.grouped(),
            _ => expr.clone(),
        };
        let mut text = self.ddl_expr(&grouped)?;
        let option = |key: &str| option_of(index.dialect_options(), key).map(plain_text);
        let column = expr.as_column();
        let key = column.and_then(|column| column.key()).unwrap_or_default();
        match family {
            Family::Postgresql => {
                if let Some(class) = option(&format!("postgresql_ops.{key}")) {
                    let _ = write!(text, " {class}");
                }
            }
            Family::Mysql => {
                let name = column.and_then(|column| column.name()).unwrap_or_default();
                let length = format!("{}_length", self.dialect.name());
                if let Some(n) = option(&length).or_else(|| option(&format!("{length}.{name}"))) {
                    let _ = write!(text, "({n})");
                }
            }
            Family::Sqlite | Family::Oracle | Family::Default => {}
        }
        Ok(text)
    }

    pub(super) fn drop_index(
        &mut self,
        index: &Index,
        if_exists: bool,
        out: &mut String,
    ) -> Result<()> {
        out.push_str("\nDROP INDEX ");
        if_flag(if_exists, "IF EXISTS ", out);
        self.index_text(index, self.dialect.family() != Family::Mysql, out)?;
        if let (Family::Mysql, Some(table)) = (self.dialect.family(), index.table()) {
            out.push_str(" ON ");
            self.table_name(&FromClause::Table(table), out);
        }
        Ok(())
    }
}
