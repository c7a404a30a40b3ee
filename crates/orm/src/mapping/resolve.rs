//! Configuration that is written as text or a callable and looked up when all classes are there.

use std::rc::Rc;

use vidro_sql::Value;
use vidro_sql::expr::Expr;
use vidro_sql::schema::{Column, Table};

use super::{MapperId, Property};
use crate::Orm;
use crate::error::{Error, Result};

/// A configuration argument, perhaps not resolved yet.
#[derive(Clone, Debug, Default)]
pub enum Deferred {
    /// Not given.
    #[default]
    Missing,
    /// A mapped class.
    Mapper(MapperId),
    /// A table.
    Table(Table),
    /// Expressions; columns come as expressions, too.
    Exprs(Vec<Expr>),
    /// A class name or Python expression.
    Text(Rc<str>),
    /// A callable of the script.
    Callable(Value),
}

/// What a configuration argument turned out to be.
#[derive(Clone, Debug)]
pub enum Resolved {
    /// A mapped class.
    Mapper(MapperId),
    /// A table.
    Table(Table),
    /// Expressions.
    Exprs(Vec<Expr>),
}

impl Resolved {
    /// The columns among the expressions.
    pub(super) fn columns(&self) -> Vec<Column> {
        match self {
            Self::Exprs(exprs) => exprs.iter().filter_map(Expr::schema_column).cloned().collect(),
            Self::Mapper(_) | Self::Table(_) => Vec::new(),
        }
    }
}

/// Resolves what needs no script: class names, table names and `Class.attribute`.
pub fn resolve_name(orm: &mut Orm, parent: MapperId, deferred: &Deferred) -> Result<Resolved> {
    let text = match deferred {
        Deferred::Mapper(mapper) => return Ok(Resolved::Mapper(*mapper)),
        Deferred::Table(table) => return Ok(Resolved::Table(table.clone())),
        Deferred::Exprs(exprs) => return Ok(Resolved::Exprs(exprs.clone())),
        Deferred::Text(text) => text,
        Deferred::Missing | Deferred::Callable(_) => {
            return Err(Error::invalid_request("no script runs here that could resolve this"));
        }
    };
    let text = text.trim().trim_start_matches('[').trim_end_matches(']');
    if let Some((class, key)) = text.split_once('.') {
        let mapper = orm.mapping.by_name(class);
        let attribute = mapper.and_then(|mapper| match mapper.property(key)? {
            Property::Column(index) => mapper.column(index).ok()?.column().map(Column::expr),
            Property::Relationship(_) => None,
        });
        return attribute.map(|expr| Resolved::Exprs(vec![expr])).ok_or_else(|| not_found(text));
    }
    if let Some(mapper) = orm.mapping.by_name(text) {
        return Ok(Resolved::Mapper(mapper.id));
    }
    let table = orm.mapping.mapper(parent).local_table().and_then(Table::metadata);
    let table = table.and_then(|metadata| metadata.table(text));
    table.map(Resolved::Table).ok_or_else(|| not_found(text))
}

fn not_found(text: &str) -> Error {
    Error::invalid_request(format!("expression '{text}' failed to locate a name ('{text}')"))
}

/// The error of a relationship whose class does not exist.
pub fn unresolved_class(orm: &Orm, parent: MapperId, expression: &str, name: &str) -> Error {
    let mapper = orm.mapping.mapper(parent);
    Error::invalid_request(format!(
        "When initializing mapper {}, expression {} failed to locate a name ({}). If this is a \
         class name, consider adding this relationship() to the {} class after both dependent \
         classes have been defined.",
        mapper.describe(),
        Value::from(expression).repr(),
        Value::from(name).repr(),
        mapper.class_repr(),
    ))
}
