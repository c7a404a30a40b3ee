//! INSERT, UPDATE and DELETE.

use std::rc::Rc;

use crate::error::Result;
use crate::expr::{Bind, BindName, BindValue, Expr, IntoExpr, Operand};
use crate::from::FromClause;
use crate::schema::{Column, Table};
use crate::select::{Affix, Query};
use crate::types::Type;

/// `insert(table)`. Cloning shares; building copies what is shared.
#[derive(Clone, Debug)]
pub struct Insert(Rc<InsertData>);

/// The parts of an INSERT.
#[derive(Clone, Debug)]
pub struct InsertData {
    /// The table.
    pub table: FromClause,
    /// What is inserted.
    pub values: InsertValues,
    /// RETURNING
    pub returning: Vec<Expr>,
    /// Whether generated values are fetched although nothing returns them: `return_defaults`.
    pub return_defaults: Option<Vec<Column>>,
    /// Whether `returning` rows come back in the order of the parameters.
    pub sort_by_parameter_order: bool,
    /// `inline()`: nothing is fetched afterwards.
    pub inline: bool,
    /// Words after INSERT.
    pub prefixes: Vec<Affix>,
    /// ON CONFLICT of SQLite and PostgreSQL.
    pub on_conflict: Option<OnConflict>,
    /// ON DUPLICATE KEY UPDATE of MySQL.
    pub on_duplicate: Vec<(DmlKey, Expr)>,
    /// CTEs of `add_cte`.
    pub ctes: Vec<(FromClause, bool)>,
}

/// What an INSERT inserts.
#[derive(Clone, Debug, Default)]
pub enum InsertValues {
    /// What the execution gives.
    #[default]
    None,
    /// One row.
    One(Vec<(DmlKey, Expr)>),
    /// Many rows in one statement.
    Many(Vec<Vec<(DmlKey, Expr)>>),
    /// `from_select(names, query)`
    Select {
        /// Column keys.
        names: Vec<DmlKey>,
        /// The rows.
        query: Query,
        /// Whether Python-side defaults are added.
        include_defaults: bool,
    },
}

/// A column in VALUES or SET.
#[derive(Clone, Debug)]
pub enum DmlKey {
    /// By key.
    Name(Rc<str>),
    /// A column, possibly of another table.
    Column(Expr),
}

/// `ON CONFLICT … DO …`
#[derive(Clone, Debug, Default)]
pub struct OnConflict {
    /// `ON CONSTRAINT name`
    pub constraint: Option<Rc<str>>,
    /// The columns of the conflict.
    pub elements: Vec<Expr>,
    /// The condition of a partial index.
    pub index_where: Option<Expr>,
    /// DO UPDATE SET; empty is DO NOTHING.
    pub set: Vec<(DmlKey, Expr)>,
    /// The condition of DO UPDATE.
    pub where_: Option<Expr>,
    /// Whether it is PostgreSQL's, which knows constraints by name, rather than SQLite's.
    pub postgresql: bool,
}

/// `update(table)`. Cloning shares; building copies what is shared.
#[derive(Clone, Debug)]
pub struct Update(Rc<UpdateData>);

/// The parts of an UPDATE.
#[derive(Clone, Debug)]
pub struct UpdateData {
    /// The table.
    pub table: FromClause,
    /// SET
    pub values: Vec<(DmlKey, Expr)>,
    /// Whether SET keeps the order given: `ordered_values`.
    pub ordered: bool,
    /// WHERE
    pub where_: Vec<Expr>,
    /// RETURNING
    pub returning: Vec<Expr>,
    /// Whether generated values are fetched although nothing returns them.
    pub return_defaults: Option<Vec<Column>>,
    /// Words after UPDATE.
    pub prefixes: Vec<Affix>,
    /// LIMIT with its dialect: `mysql_limit`, `mariadb_limit`.
    pub limit: Option<(Rc<str>, Expr)>,
    /// CTEs of `add_cte`.
    pub ctes: Vec<(FromClause, bool)>,
}

/// `delete(table)`. Cloning shares; building copies what is shared.
#[derive(Clone, Debug)]
pub struct Delete(Rc<DeleteData>);

/// The parts of a DELETE.
#[derive(Clone, Debug)]
pub struct DeleteData {
    /// The table.
    pub table: FromClause,
    /// Further tables, for criteria: `.using(*froms)`.
    pub using: Vec<FromClause>,
    /// WHERE
    pub where_: Vec<Expr>,
    /// RETURNING
    pub returning: Vec<Expr>,
    /// Words after DELETE.
    pub prefixes: Vec<Affix>,
    /// LIMIT with its dialect: `mysql_limit`, `mariadb_limit`.
    pub limit: Option<(Rc<str>, Expr)>,
    /// CTEs of `add_cte`.
    pub ctes: Vec<(FromClause, bool)>,
}

impl Insert {
    /// `insert(table)`
    pub fn new(table: impl Into<FromClause>) -> Self {
        Self(Rc::new(InsertData {
            table: table.into(),
            values: InsertValues::None,
            returning: Vec::new(),
            return_defaults: None,
            sort_by_parameter_order: false,
            inline: false,
            prefixes: Vec::new(),
            on_conflict: None,
            on_duplicate: Vec::new(),
            ctes: Vec::new(),
        }))
    }

    /// The same with any part changed.
    pub fn altered(mut self, change: impl FnOnce(&mut InsertData)) -> Self {
        change(Rc::make_mut(&mut self.0));
        self
    }

    /// `.values(**row)`
    pub fn values(self, row: Vec<(DmlKey, Operand)>) -> Result<Self> {
        let row = coerce_row(&self.0.table, row, None)?;
        Ok(self.altered(|s| match &mut s.values {
            InsertValues::One(old) => merge(old, row),
            slot => *slot = InsertValues::One(row),
        }))
    }

    /// `.values([row, …])`
    pub fn values_many(self, rows: Vec<Vec<(DmlKey, Operand)>>) -> Result<Self> {
        let mut out = Vec::with_capacity(rows.len());
        for (at, row) in rows.into_iter().enumerate() {
            out.push(coerce_row(&self.0.table, row, Some(at))?);
        }
        Ok(self.altered(|s| s.values = InsertValues::Many(out)))
    }

    /// `.from_select(names, query)`
    pub fn from_select(self, names: Vec<DmlKey>, query: Query, include_defaults: bool) -> Self {
        self.altered(|s| {
            s.values = InsertValues::Select { names, query, include_defaults };
        })
    }

    /// `.returning(*columns)`
    pub fn returning(self, columns: Vec<Expr>) -> Self {
        self.altered(|s| s.returning.extend(columns))
    }

    /// `.on_conflict_do_update(…)` and `.on_conflict_do_nothing(…)`
    pub fn on_conflict(self, clause: OnConflict) -> Self {
        self.altered(|s| s.on_conflict = Some(clause))
    }

    /// `excluded.key` in ON CONFLICT DO UPDATE.
    pub fn excluded(table: &Table) -> FromClause {
        FromClause::Table(table.clone()).alias(Some(crate::name::Name::new("excluded")))
    }

    /// `inserted.key` in ON DUPLICATE KEY UPDATE, which prints as `VALUES(key)`.
    pub fn inserted(&self) -> FromClause {
        self.table.alias(Some(crate::name::Name::new(INSERTED)))
    }
}

/// The name by which [`Insert::inserted`] is known again.
pub(crate) const INSERTED: &str = "inserted";

impl Update {
    /// `update(table)`
    pub fn new(table: impl Into<FromClause>) -> Self {
        Self(Rc::new(UpdateData {
            table: table.into(),
            values: Vec::new(),
            ordered: false,
            where_: Vec::new(),
            returning: Vec::new(),
            return_defaults: None,
            prefixes: Vec::new(),
            limit: None,
            ctes: Vec::new(),
        }))
    }

    /// The same with any part changed.
    pub fn altered(mut self, change: impl FnOnce(&mut UpdateData)) -> Self {
        change(Rc::make_mut(&mut self.0));
        self
    }

    /// `.values(**row)`
    pub fn values(self, row: Vec<(DmlKey, Operand)>) -> Result<Self> {
        let row = coerce_row(&self.0.table, row, None)?;
        Ok(self.altered(|s| merge(&mut s.values, row)))
    }

    /// `.ordered_values(*pairs)`
    pub fn ordered_values(self, row: Vec<(DmlKey, Operand)>) -> Result<Self> {
        let row = coerce_row(&self.0.table, row, None)?;
        Ok(self.altered(|s| {
            s.values = row;
            s.ordered = true;
        }))
    }

    /// `.where(condition)`
    pub fn where_(self, condition: Expr) -> Self {
        self.altered(|s| s.where_.push(condition))
    }

    /// `.returning(*columns)`
    pub fn returning(self, columns: Vec<Expr>) -> Self {
        self.altered(|s| s.returning.extend(columns))
    }
}

impl Delete {
    /// `.using(*froms)`
    pub fn using(self, froms: Vec<FromClause>) -> Self {
        self.altered(|s| s.using.extend(froms))
    }

    /// `delete(table)`
    pub fn new(table: impl Into<FromClause>) -> Self {
        Self(Rc::new(DeleteData {
            table: table.into(),
            using: Vec::new(),
            where_: Vec::new(),
            returning: Vec::new(),
            prefixes: Vec::new(),
            limit: None,
            ctes: Vec::new(),
        }))
    }

    /// The same with any part changed.
    pub fn altered(mut self, change: impl FnOnce(&mut DeleteData)) -> Self {
        change(Rc::make_mut(&mut self.0));
        self
    }

    /// `.where(condition)`
    pub fn where_(self, condition: Expr) -> Self {
        self.altered(|s| s.where_.push(condition))
    }

    /// `.returning(*columns)`
    pub fn returning(self, columns: Vec<Expr>) -> Self {
        self.altered(|s| s.returning.extend(columns))
    }
}

macro_rules! derefs {
    ($($name:ident => $data:ident),*) => {
        $(
            impl std::ops::Deref for $name {
                type Target = $data;

                fn deref(&self) -> &$data {
                    &self.0
                }
            }
        )*
    };
}

derefs!(Insert => InsertData, Update => UpdateData, Delete => DeleteData);

impl DmlKey {
    /// The key in the parameters.
    pub fn key(&self) -> Rc<str> {
        match self {
            Self::Name(name) => name.clone(),
            Self::Column(expr) => {
                expr.as_column().and_then(|column| column.key()).unwrap_or_else(|| "".into())
            }
        }
    }

    /// The name of its parameter; that of another table's column tells the table, too.
    fn bind_name(&self, own: &FromClause) -> Rc<str> {
        let table = match self {
            Self::Name(_) => None,
            Self::Column(expr) => expr.as_column().and_then(|column| column.from_clause()),
        };
        match table.filter(|table| !table.ptr_eq(own)).and_then(|table| table.plain_name()) {
            Some(table) => format!("{table}_{}", self.key()).into(),
            None => self.key(),
        }
    }

    /// The same column of the same table.
    pub fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Column(a), Self::Column(b)) => a.same_column(b),
            (Self::Name(a), Self::Name(b)) => a == b,
            (Self::Name(_), Self::Column(_)) | (Self::Column(_), Self::Name(_)) => false,
        }
    }
}

impl From<&str> for DmlKey {
    fn from(name: &str) -> Self {
        Self::Name(name.into())
    }
}

fn merge(old: &mut Vec<(DmlKey, Expr)>, new: Vec<(DmlKey, Expr)>) {
    for (key, value) in new {
        match old.iter_mut().find(|(known, _)| known.same(&key)) {
            Some(slot) => slot.1 = value,
            None => old.push((key, value)),
        }
    }
}

/// Plain values become parameters named after their columns, `name_m0` in rows of many.
pub(crate) fn coerce_row(
    table: &FromClause,
    row: Vec<(DmlKey, Operand)>,
    at: Option<usize>,
) -> Result<Vec<(DmlKey, Expr)>> {
    let mut out = Vec::with_capacity(row.len());
    for (key, operand) in row {
        let value = match operand {
            Operand::Expr(expr) => match expr.as_bind() {
                Some(bind) => {
                    let mut bind = bind.clone();
                    // A parameter without a name of its own takes the column's.
                    if bind.unique && matches!(bind.name, BindName::Anon(_)) {
                        bind.name = BindName::Named(column_bind_name(table, &key, at));
                        bind.crud = true;
                    }
                    let ty = expr.ty();
                    bind.expr(if ty.is_null() { key_type(table, &key) } else { ty })
                }
                None => expr,
            },
            Operand::Value(value) => {
                let ty = key_type(table, &key);
                let name = column_bind_name(table, &key, at);
                let mut bind = Bind::named(name, BindValue::One(value));
                bind.crud = true;
                bind.unique = true;
                bind.expr(ty)
            }
        };
        out.push((key, value));
    }
    Ok(out)
}

fn column_bind_name(table: &FromClause, key: &DmlKey, row: Option<usize>) -> Rc<str> {
    let name = key.bind_name(table);
    match row {
        Some(at) => format!("{name}_m{at}").into(),
        None => name,
    }
}

fn key_type(table: &FromClause, key: &DmlKey) -> Type {
    match (key, table) {
        (DmlKey::Column(expr), _) => expr.ty(),
        (DmlKey::Name(name), FromClause::Table(table)) => {
            table.column(name).map_or_else(Type::null, |column| column.ty())
        }
        (DmlKey::Name(name), other) => {
            other.c(name).map_or_else(|_| Type::null(), |expr| expr.ty())
        }
    }
}

/// The plain statements that a unit of work runs again and again, by column position.
impl Insert {
    /// `INSERT INTO table (columns) VALUES (…)`, each value a parameter named after its column.
    pub fn of_columns(table: &Table, columns: &[usize]) -> Self {
        let row = parameters(table, columns, "");
        let values = if row.is_empty() { InsertValues::None } else { InsertValues::One(row) };
        Self::new(table).altered(|s| s.values = values)
    }
}

impl Update {
    /// `UPDATE table SET columns WHERE keys`; the key parameters are named `table_column`.
    pub fn of_columns(table: &Table, columns: &[usize], keys: &[usize]) -> Result<Self> {
        let row = parameters(table, columns, "");
        let conditions = key_conditions(table, keys)?;
        Ok(Self::new(table).altered(|s| {
            s.values = row;
            s.where_ = conditions;
        }))
    }
}

impl Delete {
    /// `DELETE FROM table WHERE keys`; the parameters are named after the columns.
    pub fn of_keys(table: &Table, keys: &[usize]) -> Result<Self> {
        let mut conditions = Vec::with_capacity(keys.len());
        for column in keys.iter().filter_map(|at| table.column_at(*at)) {
            let bind = Bind::named(column.key(), BindValue::Required).expr(column.ty());
            conditions.push(table.column_expr(&column).eq(bind)?);
        }
        Ok(Self::new(table).altered(|s| s.where_ = conditions))
    }
}

fn parameters(table: &Table, columns: &[usize], suffix: &str) -> Vec<(DmlKey, Expr)> {
    let pair = |at: &usize| {
        let column = table.column_at(*at)?;
        let name = match suffix {
            "" => column.key(),
            suffix => format!("{}{suffix}", column.key()).into(),
        };
        let mut bind = Bind::named(name, BindValue::Required);
        bind.crud = true;
        Some((DmlKey::Name(column.key()), bind.expr(column.ty())))
    };
    columns.iter().filter_map(pair).collect()
}

fn key_conditions(table: &Table, keys: &[usize]) -> Result<Vec<Expr>> {
    let mut out = Vec::with_capacity(keys.len());
    for column in keys.iter().filter_map(|at| table.column_at(*at)) {
        let name = format!("{}_{}", table.name(), column.key());
        let bind = Expr::bindparam(name, column.ty());
        out.push(table.column_expr(&column).eq(bind.into_operand())?);
    }
    Ok(out)
}
