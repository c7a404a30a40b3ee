//! What a SELECT can read from: tables, aliases, subqueries, CTEs, joins, values.

use std::cell::OnceCell;
use std::fmt;
use std::rc::Rc;

use crate::error::{Error, Result};
use crate::expr::{ColumnRef, ColumnTarget, Expr, Kind};
use crate::join;
use crate::name::Name;
use crate::schema::Table;
use crate::select::Query;
use crate::statement::Statement;
use crate::types::Type;
use crate::value::Value;

/// A FROM object. Cheap to clone, compared by identity.
#[derive(Clone)]
pub enum FromClause {
    /// A table of the schema.
    Table(Table),
    /// `table("name", column("x"))`
    Clause(Rc<TableClause>),
    /// Anything with a name of its own: alias, subquery, CTE …
    Alias(Rc<Alias>),
    /// `a JOIN b`
    Join(Rc<Join>),
    /// `values(…)`
    Values(Rc<Values>),
    /// `text("…")` in FROM.
    Text(Expr),
}

/// `table("name", column("x"))`: a table that no schema knows.
#[derive(Debug)]
pub struct TableClause {
    /// Its name.
    pub name: Name,
    /// Its schema.
    pub schema: Option<Name>,
    /// Its columns.
    pub columns: Vec<(Name, Type)>,
}

/// An alias, subquery, CTE, lateral, sample or table-valued function.
#[derive(Debug)]
pub struct Alias {
    /// Which of those.
    pub kind: AliasKind,
    /// What it gives a name to.
    pub element: Element,
    /// The name.
    pub name: AliasName,
    /// Columns, found when first asked for.
    columns: OnceCell<Vec<ProxyColumn>>,
}

/// The kinds of named FROM objects.
#[derive(Clone, Debug)]
pub enum AliasKind {
    /// `table.alias()`
    Alias,
    /// `select.subquery()`
    Subquery,
    /// `select.cte()`
    Cte(Cte),
    /// `select.lateral()`
    Lateral,
    /// `table.tablesample(…)`
    TableSample {
        /// The sampling function.
        sampling: Expr,
        /// `REPEATABLE (…)`
        seed: Option<Expr>,
    },
    /// `func.f().table_valued(…)`
    TableValued(TableValued),
}

/// What makes a CTE more than a subquery.
#[derive(Clone, Debug, Default)]
pub struct Cte {
    /// `WITH RECURSIVE`
    pub recursive: bool,
    /// Whether it stays where it is used.
    pub nesting: bool,
    /// The CTE this one repeats with a UNION added.
    pub restates: Option<FromClause>,
    /// The CTE this one is an alias of.
    pub alias_of: Option<FromClause>,
    /// Text before the parentheses, with its dialect.
    pub prefixes: Vec<(Rc<str>, Option<Rc<str>>)>,
    /// Text after the parentheses, with its dialect.
    pub suffixes: Vec<(Rc<str>, Option<Rc<str>>)>,
}

/// What makes a table-valued function.
#[derive(Clone, Debug, Default)]
pub struct TableValued {
    /// Columns and types.
    pub columns: Vec<(Name, Type)>,
    /// `WITH ORDINALITY`
    pub ordinality: bool,
    /// Whether the columns are listed after the alias.
    pub derived: bool,
    /// Whether their types are, too.
    pub derived_types: bool,
    /// Whether it needs no condition to the other FROM objects.
    pub joins_implicitly: bool,
    /// Whether it came from `column_valued`.
    pub scalar: bool,
}

/// What has been given a name.
#[derive(Clone, Debug)]
pub enum Element {
    /// Another FROM object.
    From(FromClause),
    /// A query.
    Query(Query),
    /// An INSERT, UPDATE or DELETE with RETURNING.
    Dml(Box<Statement>),
    /// A function.
    Function(Expr),
}

/// The name of an alias.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AliasName {
    /// As given.
    Named(Name),
    /// Base of a numbered name.
    Anon(Rc<str>),
}

/// A column of an alias or subquery.
#[derive(Clone, Debug)]
pub struct ProxyColumn {
    /// Its name in SQL; anonymous columns take theirs from `source`.
    pub name: Option<Name>,
    /// The key in `.c`.
    pub key: Rc<str>,
    /// The expression it stands for.
    pub source: Option<Expr>,
    /// Its type when there is no source.
    pub ty: Type,
}

/// `left JOIN right ON condition`
#[derive(Debug)]
pub struct Join {
    /// Left side.
    pub left: FromClause,
    /// Right side.
    pub right: FromClause,
    /// The condition.
    pub on: Expr,
    /// LEFT OUTER
    pub outer: bool,
    /// FULL OUTER
    pub full: bool,
}

/// `values(column("x"), …).data([…])`
#[derive(Debug)]
pub struct Values {
    /// Columns and types.
    pub columns: Vec<(Name, Type)>,
    /// Rows.
    pub rows: Vec<Vec<Expr>>,
    /// The alias.
    pub name: Option<AliasName>,
    /// Whether values are written into the text.
    pub literal_binds: bool,
    /// `LATERAL`
    pub lateral: bool,
}

impl Alias {
    /// A named FROM object.
    pub fn new(kind: AliasKind, element: Element, name: AliasName) -> Self {
        Self { kind, element, name, columns: OnceCell::new() }
    }

    /// Its columns.
    pub fn columns(&self) -> &[ProxyColumn] {
        self.columns.get_or_init(|| match (&self.kind, &self.element) {
            (AliasKind::TableValued(valued), _) => plain_columns(&valued.columns),
            (_, Element::From(from)) => from.exported_columns(),
            (_, Element::Query(query)) => query.exported_columns(),
            (_, Element::Dml(statement)) => statement.exported_columns(),
            (_, Element::Function(_)) => Vec::new(),
        })
    }

    /// What makes it a CTE, if it is one.
    pub fn as_cte(&self) -> Option<&Cte> {
        match &self.kind {
            AliasKind::Cte(cte) => Some(cte),
            _ => None,
        }
    }
}

pub(crate) fn plain_columns(columns: &[(Name, Type)]) -> Vec<ProxyColumn> {
    let proxy = |(name, ty): &(Name, Type)| ProxyColumn {
        name: Some(name.clone()),
        key: name.text.clone(),
        source: None,
        ty: ty.clone(),
    };
    columns.iter().map(proxy).collect()
}

impl ProxyColumn {
    /// A column that stands for an expression.
    pub(crate) fn of(source: &Expr, key: Rc<str>) -> Self {
        let name = source.column_name().map(|text| match source.schema_column() {
            Some(column) => Name::quoted(text, column.name().quote),
            None => Name::new(text),
        });
        Self { name, key, source: Some(source.clone()), ty: Type::null() }
    }

    /// Its type.
    pub fn ty(&self) -> Type {
        self.source.as_ref().map_or_else(|| self.ty.clone(), Expr::ty)
    }
}

impl FromClause {
    /// Whether both are the same object.
    pub fn ptr_eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Table(a), Self::Table(b)) => a.ptr_eq(b),
            (Self::Clause(a), Self::Clause(b)) => Rc::ptr_eq(a, b),
            (Self::Alias(a), Self::Alias(b)) => Rc::ptr_eq(a, b),
            (Self::Join(a), Self::Join(b)) => Rc::ptr_eq(a, b),
            (Self::Values(a), Self::Values(b)) => Rc::ptr_eq(a, b),
            (Self::Text(a), Self::Text(b)) => a.ptr_eq(b),
            _ => false,
        }
    }

    /// A number that is the same for handles on one object.
    pub fn id(&self) -> usize {
        match self {
            Self::Table(table) => table.id(),
            Self::Clause(clause) => Rc::as_ptr(clause).addr(),
            Self::Alias(alias) => Rc::as_ptr(alias).addr(),
            Self::Join(join) => Rc::as_ptr(join).addr(),
            Self::Values(values) => Rc::as_ptr(values).addr(),
            Self::Text(text) => text.id(),
        }
    }

    /// The table, if it is one.
    pub fn as_table(&self) -> Option<&Table> {
        match self {
            Self::Table(table) => Some(table),
            _ => None,
        }
    }

    /// Columns of `.c` with their keys, in order.
    pub fn columns(&self) -> Vec<(Rc<str>, Expr)> {
        let proxies = |columns: &[ProxyColumn]| {
            let pair = |(index, column): (usize, &ProxyColumn)| {
                let target = ColumnTarget::Proxy { from: self.clone(), index };
                (column.key.clone(), Expr::column_ref(target, column.ty()))
            };
            columns.iter().enumerate().map(pair).collect()
        };
        match self {
            Self::Table(table) => {
                table.columns().iter().map(|c| (c.key(), table.column_expr(c))).collect()
            }
            Self::Clause(clause) => {
                let pair = |(name, ty): &(Name, Type)| {
                    let target = ColumnTarget::Bare {
                        name: name.clone(),
                        literal: false,
                        table: Some(self.clone()),
                    };
                    (name.text.clone(), Expr::column_ref(target, ty.clone()))
                };
                clause.columns.iter().map(pair).collect()
            }
            Self::Alias(alias) => proxies(alias.columns()),
            Self::Values(values) => proxies(&plain_columns(&values.columns)),
            Self::Text(_) => Vec::new(),
            Self::Join(join) => {
                let mut all = join.left.prefixed_columns();
                all.extend(join.right.prefixed_columns());
                all
            }
        }
    }

    /// The columns of a join's side, with keys as `table_column`.
    fn prefixed_columns(&self) -> Vec<(Rc<str>, Expr)> {
        let prefix = match self {
            Self::Join(_) => return self.columns(),
            Self::Table(table) => Some(table.name().text.clone()),
            other => other.plain_name(),
        };
        let with = |key: &str| match &prefix {
            Some(prefix) => Rc::from(format!("{prefix}_{key}")),
            None => Rc::from(key),
        };
        self.columns().into_iter().map(|(key, expr)| (with(&key), expr)).collect()
    }

    /// The name, when it is known before compiling.
    pub fn plain_name(&self) -> Option<Rc<str>> {
        match self {
            Self::Table(table) => Some(table.name().text.clone()),
            Self::Clause(clause) => Some(clause.name.text.clone()),
            Self::Alias(alias) => match &alias.name {
                AliasName::Named(name) => Some(name.text.clone()),
                AliasName::Anon(_) => None,
            },
            Self::Values(values) => match &values.name {
                Some(AliasName::Named(name)) => Some(name.text.clone()),
                _ => None,
            },
            Self::Join(_) | Self::Text(_) => None,
        }
    }

    /// A column by key: `from.c.key`.
    pub fn c(&self, key: &str) -> Result<Expr> {
        let found = match self {
            Self::Table(table) => table.column(key).map(|column| table.column_expr(&column)),
            _ => self.columns().into_iter().find(|(known, _)| **known == *key).map(|(_, e)| e),
        };
        found.ok_or_else(|| Error::attribute(key))
    }

    /// The column at a position.
    pub fn column_at(&self, index: usize) -> Option<Expr> {
        match self {
            Self::Table(table) => table.column_at(index).map(|column| table.column_expr(&column)),
            Self::Alias(alias) => alias.columns().get(index).map(|column| {
                let target = ColumnTarget::Proxy { from: self.clone(), index };
                Expr::column_ref(target, column.ty())
            }),
            _ => self.columns().into_iter().nth(index).map(|(_, e)| e),
        }
    }

    /// The column behind a proxy reference.
    pub(crate) fn proxy(&self, index: usize) -> Option<ProxyColumn> {
        match self {
            Self::Alias(alias) => alias.columns().get(index).cloned(),
            Self::Values(values) => plain_columns(&values.columns).into_iter().nth(index),
            _ => None,
        }
    }

    /// The columns an alias of this would have.
    pub(crate) fn exported_columns(&self) -> Vec<ProxyColumn> {
        self.columns().into_iter().map(|(key, expr)| ProxyColumn::of(&expr, key)).collect()
    }

    /// `from.alias(name)`
    pub fn alias(&self, name: Option<Name>) -> Self {
        if let Self::Values(_) = self {
            let name = name.map_or_else(|| AliasName::Anon("anon".into()), AliasName::Named);
            return self.altered_values(|values| values.name = Some(name));
        }
        let name = match (name, self.plain_name()) {
            (Some(name), _) => AliasName::Named(name),
            (None, Some(base)) => AliasName::Anon(base),
            (None, None) => AliasName::Anon(match self {
                Self::Alias(alias) => match &alias.name {
                    AliasName::Anon(base) => base.clone(),
                    AliasName::Named(name) => name.text.clone(),
                },
                _ => "anon".into(),
            }),
        };
        let kind = match self {
            Self::Alias(alias) => match &alias.kind {
                AliasKind::Cte(cte) => {
                    AliasKind::Cte(Cte { alias_of: Some(self.clone()), ..cte.clone() })
                }
                AliasKind::TableValued(valued) => AliasKind::TableValued(valued.clone()),
                _ => AliasKind::Alias,
            },
            _ => AliasKind::Alias,
        };
        let element = match (self, &kind) {
            (Self::Alias(alias), AliasKind::Cte(_) | AliasKind::TableValued(_)) => {
                alias.element.clone()
            }
            _ => Element::From(self.clone()),
        };
        Self::Alias(Rc::new(Alias::new(kind, element, name)))
    }

    /// `left.join(right, on)`; without a condition it comes from the foreign keys.
    pub fn join(&self, right: &Self, on: Option<Expr>, outer: bool, full: bool) -> Result<Self> {
        let on = match on {
            Some(on) => on.as_bool(),
            None => join::condition(self, right)?,
        };
        let join = Join { left: self.clone(), right: right.clone(), on, outer, full };
        Ok(Self::Join(Rc::new(join)))
    }

    /// The same, always an alias of a function: `func.f().table_valued(…)`.
    pub fn table_valued(function: Expr, valued: TableValued, name: Option<Name>) -> Self {
        let name = match name {
            Some(name) => AliasName::Named(name),
            None => AliasName::Anon("anon".into()),
        };
        let kind = AliasKind::TableValued(valued);
        Self::Alias(Rc::new(Alias::new(kind, Element::Function(function), name)))
    }

    /// `func.f().column_valued(name)`: the sole column of a function, read by its alias.
    pub fn column_valued(function: Expr, name: Option<Name>) -> Expr {
        let ty = function.ty();
        let valued = TableValued { scalar: true, ..TableValued::default() };
        let from = Self::table_valued(function, valued, name);
        Expr::new(Kind::FromValue(from), ty)
    }

    /// `values(…)`
    pub fn values(columns: Vec<(Name, Type)>, name: Option<Name>, rows: Vec<Vec<Value>>) -> Self {
        let typed = |(i, value): (usize, Value)| {
            let ty = columns.get(i).map_or_else(Type::null, |column| column.1.clone());
            let ty = if ty.is_null() { Type::for_value(&value) } else { ty };
            Expr::literal_typed(value, ty)
        };
        let rows =
            rows.into_iter().map(|row| row.into_iter().enumerate().map(typed).collect()).collect();
        let name = Some(name.map_or_else(|| AliasName::Anon("anon".into()), AliasName::Named));
        Self::Values(Rc::new(Values { columns, rows, name, literal_binds: false, lateral: false }))
    }

    /// The same CTE with a change; anything else stays as it is.
    pub fn altered_cte(&self, change: impl FnOnce(&mut Cte)) -> Self {
        let Self::Alias(alias) = self else { return self.clone() };
        let AliasKind::Cte(cte) = &alias.kind else { return self.clone() };
        let mut cte = cte.clone();
        change(&mut cte);
        let element = alias.element.clone();
        Self::Alias(Rc::new(Alias::new(AliasKind::Cte(cte), element, alias.name.clone())))
    }

    /// `literal_binds`, `lateral` and the like: the same values with a change.
    pub fn altered_values(&self, change: impl FnOnce(&mut Values)) -> Self {
        match self {
            Self::Values(values) => {
                let mut copy = Values {
                    columns: values.columns.clone(),
                    rows: values.rows.clone(),
                    name: values.name.clone(),
                    literal_binds: values.literal_binds,
                    lateral: values.lateral,
                };
                change(&mut copy);
                Self::Values(Rc::new(copy))
            }
            other => other.clone(),
        }
    }

    /// This and everything a join holds.
    pub(crate) fn flatten(&self, out: &mut Vec<FromClause>) {
        out.push(self.clone());
        if let Self::Join(join) = self {
            join.left.flatten(out);
            join.right.flatten(out);
        }
    }

    /// The column of this FROM object that stands for a column of what it was made of.
    pub fn corresponding_column(&self, column: &Expr) -> Option<Expr> {
        let columns = self.columns();
        if let Some((_, same)) = columns.iter().find(|(_, c)| c.same_column(column)) {
            return Some(same.clone());
        }
        columns.into_iter().map(|(_, c)| c).find(|c| c.derives_from(column))
    }
}

impl Expr {
    /// Whether this is a column of a schema's table, itself or through aliases and subqueries.
    pub fn stands_for_schema_column(&self) -> bool {
        match self.kind() {
            Kind::Column(ColumnRef { target: ColumnTarget::Proxy { from, index }, .. }) => from
                .proxy(*index)
                .and_then(|proxy| proxy.source)
                .is_some_and(|source| source.stands_for_schema_column()),
            _ => self.schema_column().is_some(),
        }
    }

    /// Whether this column stands, through aliases and subqueries, for another.
    pub fn derives_from(&self, other: &Expr) -> bool {
        if self.same_column(other) {
            return true;
        }
        match self.kind() {
            Kind::Column(ColumnRef { target: ColumnTarget::Proxy { from, index }, .. }) => from
                .proxy(*index)
                .and_then(|proxy| proxy.source)
                .is_some_and(|source| source.derives_from(other)),
            Kind::Label(label) => label.element.derives_from(other),
            Kind::Grouping(inner) => inner.derives_from(other),
            _ => false,
        }
    }
}

impl ColumnRef {
    /// The FROM object the column belongs to.
    pub fn from_clause(&self) -> Option<FromClause> {
        match &self.target {
            ColumnTarget::Schema { column, table } => {
                table.clone().or_else(|| column.table()).map(FromClause::Table)
            }
            ColumnTarget::Proxy { from, .. } => Some(from.clone()),
            ColumnTarget::Bare { table, .. } => table.clone(),
        }
    }

    /// The column's name in SQL, unless it is anonymous.
    pub fn name(&self) -> Option<Rc<str>> {
        match &self.target {
            ColumnTarget::Schema { column, .. } => Some(column.name().text),
            ColumnTarget::Proxy { from, index } => from.proxy(*index)?.name.map(|name| name.text),
            ColumnTarget::Bare { name, .. } => Some(name.text.clone()),
        }
    }

    /// The key of the column in its FROM object.
    pub fn key(&self) -> Option<Rc<str>> {
        match &self.target {
            ColumnTarget::Schema { column, .. } => Some(column.key()),
            ColumnTarget::Proxy { from, index } => Some(from.proxy(*index)?.key),
            ColumnTarget::Bare { name, .. } => Some(name.text.clone()),
        }
    }
}

impl From<Table> for FromClause {
    fn from(table: Table) -> Self {
        Self::Table(table)
    }
}

impl From<&Table> for FromClause {
    fn from(table: &Table) -> Self {
        Self::Table(table.clone())
    }
}

impl From<&FromClause> for FromClause {
    fn from(from: &FromClause) -> Self {
        from.clone()
    }
}

impl PartialEq for FromClause {
    fn eq(&self, other: &Self) -> bool {
        self.ptr_eq(other)
    }
}

impl Eq for FromClause {}

impl fmt::Debug for FromClause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::python::from_repr(self))
    }
}
