//! Everything that can be executed or compiled.

use std::fmt;
use std::rc::Rc;

use crate::cache::Key;
use crate::compile::CompileOptions;
use crate::ddl::Ddl;
use crate::dialect::Dialect;
use crate::dml::{Delete, Insert, Update};
use crate::expr::Expr;
use crate::from::{Alias, AliasKind, AliasName, Cte, Element, FromClause, ProxyColumn};
use crate::name::Name;
use crate::select::{CompoundSelect, Query, Select, TextualSelect};
use crate::text::TextClause;

/// An executable statement.
#[derive(Clone)]
pub enum Statement {
    /// SELECT, UNION or text with columns.
    Query(Query),
    /// INSERT
    Insert(Insert),
    /// UPDATE
    Update(Update),
    /// DELETE
    Delete(Delete),
    /// `text(…)`
    Text(TextClause),
    /// DDL
    Ddl(Ddl),
    /// A function or sequence executed by itself.
    Expr(Expr),
    /// A FROM object printed by itself.
    From(FromClause),
}

impl Statement {
    /// `insert(…).returning(…).cte(name)`
    pub fn cte(&self, name: Option<Name>, nesting: bool) -> FromClause {
        let name = name.map_or_else(|| AliasName::Anon("anon".into()), AliasName::Named);
        let kind = AliasKind::Cte(Cte { nesting, ..Cte::default() });
        let element = Element::Dml(Box::new(self.clone()));
        FromClause::Alias(Rc::new(Alias::new(kind, element, name)))
    }

    /// `statement.compare(other)`: the same structure with the same values.
    pub fn same_as(&self, other: &Self) -> bool {
        let (dialect, options) = (Dialect::default_dialect(), CompileOptions::default());
        let key = |statement: &Self| {
            let mut key = Key::default();
            key.write(statement, &dialect, &options);
            key
        };
        key(self).same_values(&key(other))
    }

    /// The columns of a CTE made of this: those of RETURNING, or of the query.
    pub(crate) fn exported_columns(&self) -> Vec<ProxyColumn> {
        let returning = match self {
            Self::Query(query) => return query.exported_columns(),
            Self::Insert(insert) => &insert.returning,
            Self::Update(update) => &update.returning,
            Self::Delete(delete) => &delete.returning,
            _ => return Vec::new(),
        };
        crate::compile::exported_columns(returning, crate::select::LabelStyle::DisambiguateOnly)
    }
}

/// `str(statement)`: compiled for the default dialect.
impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match crate::compile::to_string(self) {
            Ok(text) => f.write_str(&text),
            Err(error) => write!(f, "{error}"),
        }
    }
}

impl fmt::Debug for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(crate::python::statement_class(self))
    }
}

macro_rules! from {
    ($($name:ident => $variant:ident),*) => {
        $(
            impl From<$name> for Statement {
                fn from(inner: $name) -> Self {
                    Self::$variant(inner)
                }
            }
        )*
    };
}

from!(
    Query => Query, Insert => Insert, Update => Update, Delete => Delete, TextClause => Text,
    Ddl => Ddl
);

impl From<Select> for Statement {
    fn from(select: Select) -> Self {
        Self::Query(Query::Select(select))
    }
}

impl From<CompoundSelect> for Statement {
    fn from(select: CompoundSelect) -> Self {
        Self::Query(Query::Compound(select))
    }
}

impl From<TextualSelect> for Statement {
    fn from(select: TextualSelect) -> Self {
        Self::Query(Query::Text(select))
    }
}
