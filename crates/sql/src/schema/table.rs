//! Tables.

use std::cell::{Cell, OnceCell, RefCell};
use std::fmt;
use std::rc::{Rc, Weak};

use super::column::{Autoincrement, Column, Default, ServerDefault};
use super::constraint::{Constraint, ConstraintKind, ForeignKey, ForeignKeyOptions};
use super::index::Index;
use super::metadata::{MetaData, MetaInner};
use crate::error::{Error, ErrorKind, Result};
use crate::expr::{ColumnRef, ColumnTarget, Expr, Kind};
use crate::name::Name;
use crate::types::Type;
use crate::value::Value;

/// A table: a handle with identity.
#[derive(Clone)]
pub struct Table(Rc<TableInner>);

pub(super) struct TableInner {
    name: Name,
    schema: Option<Name>,
    metadata: Weak<MetaInner>,
    columns: RefCell<Columns>,
    primary_key: RefCell<Constraint>,
    constraints: RefCell<Vec<Constraint>>,
    indexes: RefCell<Vec<Index>>,
    options: RefCell<TableOptions>,
    /// Whether only its shape changed since plans were made; grows with every column.
    version: Cell<u32>,
    full_name: OnceCell<Rc<str>>,
}

/// Columns in order, and where each key is.
#[derive(std::default::Default)]
struct Columns {
    list: Vec<Column>,
    keys: rustc_hash::FxHashMap<Rc<str>, usize>,
}

/// Everything a table may be given beside columns and constraints.
#[derive(Clone, Debug, std::default::Default)]
pub struct TableOptions {
    /// Schema; `None` takes the metadata's.
    pub schema: Option<Name>,
    /// `quote`
    pub quote: Option<bool>,
    /// Comment in the DDL.
    pub comment: Option<Rc<str>>,
    /// Words after CREATE.
    pub prefixes: Vec<Rc<str>>,
    /// Options of a dialect, such as `mysql_engine`.
    pub dialect_options: Vec<(Rc<str>, Value)>,
    /// `info`, a dict of the script.
    pub info: Option<Value>,
    /// Replace what is there under the same name.
    pub extend_existing: bool,
    /// Take what is there under the same name.
    pub keep_existing: bool,
    /// Whether inserts fetch new keys.
    pub implicit_returning: Option<bool>,
}

/// What may stand in `Table(…)` after the metadata.
#[derive(Clone, Debug)]
pub enum TableItem {
    /// A column.
    Column(Column),
    /// A constraint.
    Constraint(Constraint),
    /// An index.
    Index(Index),
}

impl Table {
    /// `Table(name, metadata, *items, **options)`
    pub fn new(
        name: impl Into<Name>,
        metadata: &MetaData,
        items: Vec<TableItem>,
        options: TableOptions,
    ) -> Result<Self> {
        let mut name = name.into();
        name.quote = name.quote.or(options.quote);
        let schema = options.schema.clone().or_else(|| metadata.schema().map(Name::new));
        let key = match &schema {
            Some(schema) => format!("{schema}.{name}"),
            None => name.to_string(),
        };
        if let Some(existing) = metadata.table(&key) {
            if options.keep_existing {
                return Ok(existing);
            }
            if options.extend_existing {
                existing.extend(items, true)?;
                return Ok(existing);
            }
            if items.is_empty() {
                return Ok(existing);
            }
            return Err(Error::invalid_request(format!(
                "Table '{key}' is already defined for this MetaData instance.  Specify \
                 'extend_existing=True' to redefine options and columns on an existing Table object."
            )));
        }
        let primary_key = Constraint::with(
            ConstraintKind::PrimaryKey(Vec::new()),
            None,
            ForeignKeyOptions::default(),
            true,
            Vec::new(),
        );
        let table = Self(Rc::new(TableInner {
            name,
            schema,
            metadata: metadata.downgrade(),
            columns: RefCell::default(),
            primary_key: RefCell::new(primary_key),
            constraints: RefCell::default(),
            indexes: RefCell::default(),
            options: RefCell::new(options),
            version: Cell::new(0),
            full_name: OnceCell::new(),
        }));
        table.0.primary_key.borrow().attach(&table)?;
        table.extend(items, false)?;
        metadata.insert(&table);
        Ok(table)
    }

    fn extend(&self, items: Vec<TableItem>, replace: bool) -> Result<()> {
        for item in items {
            match item {
                TableItem::Column(column) => self.append_column(&column, replace)?,
                TableItem::Constraint(constraint) => self.append_constraint(&constraint)?,
                TableItem::Index(index) => self.append_index(&index)?,
            }
        }
        Ok(())
    }

    /// `table.append_column(column)`
    pub fn append_column(&self, column: &Column, replace: bool) -> Result<()> {
        if column.name_opt().is_none() {
            return Err(Error::argument(
                "Column must be constructed with a non-blank name or assign a non-blank .name before adding to a Table.",
            ));
        }
        if let Some(other) = column.table().filter(|other| !other.ptr_eq(self)) {
            return Err(Error::argument(format!(
                "Column object '{}' already assigned to Table '{}'",
                column.name(),
                other.name()
            )));
        }
        let key = column.key();
        let position = {
            let mut columns = self.0.columns.borrow_mut();
            match columns.keys.get(&key).copied() {
                Some(at) if replace => {
                    if let Some(slot) = columns.list.get_mut(at) {
                        *slot = column.clone();
                    }
                    at
                }
                Some(_) => return Err(self.duplicate(column)),
                None => {
                    let at = columns.list.len();
                    columns.list.push(column.clone());
                    columns.keys.insert(key, at);
                    at
                }
            }
        };
        self.0.version.set(self.0.version.get() + 1);
        column.attach(self, position);
        if column.is_primary_key() {
            self.0.primary_key.borrow().add_column(column);
        }
        self.constraints_of(column)
    }

    fn duplicate(&self, column: &Column) -> Error {
        let message = format!(
            "A column with name '{}' is already present in table '{}'.",
            column.name(),
            self.name()
        );
        Error::new(ErrorKind::DuplicateColumnError, message)
    }

    /// The indexes and constraints that a column's own arguments ask for.
    fn constraints_of(&self, column: &Column) -> Result<()> {
        let (index, unique, keys, checks) = {
            let spec = column.spec();
            (spec.index, spec.unique, spec.foreign_keys.clone(), spec.checks.clone())
        };
        let implicit =
            |kind, name, options| Constraint::with(kind, name, options, true, Vec::new());
        if index == Some(true) {
            let expr = self.column_expr(column);
            let unique = unique == Some(true);
            let index = Index::with(None, vec![expr], unique, Vec::new(), Vec::new(), true);
            self.append_index(&index)?;
        } else if unique == Some(true) {
            let kind = ConstraintKind::Unique(vec![column.clone()]);
            let constraint = implicit(kind, None, ForeignKeyOptions::default());
            self.append_constraint(&constraint)?;
        }
        for key in keys {
            if key.constraint().is_none() {
                let options = key.options().clone();
                let name = options.name.clone();
                let kind = ConstraintKind::ForeignKey(vec![key]);
                self.append_constraint(&implicit(kind, name, options))?;
            }
        }
        // A check given to a column stays with it: CREATE TABLE prints it there.
        for check in checks {
            check.attach(self)?;
        }
        Ok(())
    }

    /// `table.append_constraint(constraint)`
    pub fn append_constraint(&self, constraint: &Constraint) -> Result<()> {
        constraint.attach(self)?;
        if let ConstraintKind::PrimaryKey(columns) = constraint.kind() {
            for column in &columns {
                column.set_primary_key();
            }
            *self.0.primary_key.borrow_mut() = constraint.clone();
            return Ok(());
        }
        let mut constraints = self.0.constraints.borrow_mut();
        if !constraints.iter().any(|known| known.ptr_eq(constraint)) {
            constraints.push(constraint.clone());
        }
        Ok(())
    }

    /// Add an index.
    pub fn append_index(&self, index: &Index) -> Result<()> {
        index.attach(self)?;
        self.0.indexes.borrow_mut().push(index.clone());
        Ok(())
    }

    /// Whether both handles are on one table.
    pub fn ptr_eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// A number that is the same for handles on one table.
    pub fn id(&self) -> usize {
        Rc::as_ptr(&self.0).addr()
    }

    pub(super) fn downgrade(&self) -> Weak<TableInner> {
        Rc::downgrade(&self.0)
    }

    pub(super) fn upgrade(weak: &Weak<TableInner>) -> Option<Self> {
        weak.upgrade().map(Self)
    }

    /// Its name.
    pub fn name(&self) -> &Name {
        &self.0.name
    }

    /// Its schema.
    pub fn schema(&self) -> Option<&Name> {
        self.0.schema.as_ref()
    }

    /// `schema.name`, or just the name: its key in the metadata.
    pub fn full_name(&self) -> String {
        self.full_name_rc().to_string()
    }

    pub(crate) fn full_name_rc(&self) -> Rc<str> {
        let make = || match &self.0.schema {
            Some(schema) => format!("{schema}.{}", self.0.name).into(),
            None => self.0.name.text.clone(),
        };
        self.0.full_name.get_or_init(make).clone()
    }

    /// Its metadata, while that lives.
    pub fn metadata(&self) -> Option<MetaData> {
        MetaData::upgrade(&self.0.metadata)
    }

    /// Its options.
    pub fn options(&self) -> std::cell::Ref<'_, TableOptions> {
        self.0.options.borrow()
    }

    /// A dialect's option, such as `sqlite_autoincrement`.
    pub fn dialect_option(&self, name: &str) -> Option<Value> {
        let options = self.0.options.borrow();
        options.dialect_options.iter().find(|(key, _)| **key == *name).map(|(_, v)| v.clone())
    }

    /// A number that grows when columns are added.
    pub fn version(&self) -> u32 {
        self.0.version.get()
    }

    /// Its columns in order.
    pub fn columns(&self) -> Vec<Column> {
        self.0.columns.borrow().list.clone()
    }

    /// Number of columns.
    pub fn column_count(&self) -> usize {
        self.0.columns.borrow().list.len()
    }

    /// A column by key.
    pub fn column(&self, key: &str) -> Option<Column> {
        let columns = self.0.columns.borrow();
        columns.keys.get(key).and_then(|at| columns.list.get(*at)).cloned()
    }

    /// The column at a position.
    pub fn column_at(&self, index: usize) -> Option<Column> {
        self.0.columns.borrow().list.get(index).cloned()
    }

    /// `table.c.key` as an expression.
    pub fn c(&self, key: &str) -> Result<Expr> {
        match self.column(key) {
            Some(column) => Ok(self.column_expr(&column)),
            None => Err(Error::attribute(key)),
        }
    }

    /// A column of this table as an expression.
    pub fn column_expr(&self, column: &Column) -> Expr {
        Expr::of_column(column, Some(self.clone()))
    }

    /// The PRIMARY KEY.
    pub fn primary_key(&self) -> Constraint {
        self.0.primary_key.borrow().clone()
    }

    /// The columns of the primary key.
    pub fn primary_key_columns(&self) -> Vec<Column> {
        self.0.primary_key.borrow().columns()
    }

    /// All other constraints, in order of definition.
    pub fn constraints(&self) -> Vec<Constraint> {
        let mut list = self.0.constraints.borrow().clone();
        list.sort_by_key(Constraint::creation_order);
        list
    }

    /// Its FOREIGN KEY constraints.
    pub fn foreign_key_constraints(&self) -> Vec<Constraint> {
        let mut list = self.constraints();
        list.retain(|c| matches!(c.kind(), ConstraintKind::ForeignKey(_)));
        list
    }

    /// The foreign keys of all columns, in column order.
    pub fn foreign_keys(&self) -> Vec<ForeignKey> {
        self.columns().iter().flat_map(Column::foreign_keys).collect()
    }

    /// Its indexes.
    pub fn indexes(&self) -> Vec<Index> {
        self.0.indexes.borrow().clone()
    }

    /// The column whose value the database counts up.
    pub fn autoincrement_column(&self) -> Option<Column> {
        let columns = self.primary_key_columns();
        let explicit =
            columns.iter().find(|c| c.spec().autoincrement == Autoincrement::True).cloned();
        if explicit.is_some() {
            return explicit;
        }
        let [column] = columns.as_slice() else { return None };
        let spec = column.spec();
        let counts = match spec.autoincrement {
            Autoincrement::True => true,
            Autoincrement::False => return None,
            Autoincrement::Auto => spec.foreign_keys.is_empty(),
            Autoincrement::IgnoreFk => true,
        };
        let default_free = matches!(&spec.default, None | Some(Default::Sequence(_)));
        let server_free = spec.server_default.is_none()
            || matches!(spec.server_default, Some(ServerDefault::Fetched));
        let free = default_free && (server_free || spec.identity.is_some());
        drop(spec);
        (counts && free && column.may_autoincrement()).then(|| column.clone())
    }

    /// `table.to_metadata(metadata)`: a copy.
    pub fn to_metadata(&self, metadata: &MetaData, name: Option<Name>) -> Result<Self> {
        let mut items: Vec<TableItem> =
            self.columns().iter().map(|column| TableItem::Column(column.copy())).collect();
        for constraint in self.constraints().into_iter().filter(|c| !c.is_implicit()) {
            items.push(TableItem::Constraint(copy_constraint(&constraint)));
        }
        let options = self.0.options.borrow().clone();
        Self::new(name.unwrap_or_else(|| self.0.name.clone()), metadata, items, options)
    }
}

fn copy_constraint(constraint: &Constraint) -> Constraint {
    let columns = constraint.columns().iter().map(|c| super::ColumnArg::Name(c.key())).collect();
    let kind = match constraint.kind() {
        ConstraintKind::PrimaryKey(_) => ConstraintKind::PrimaryKey(Vec::new()),
        ConstraintKind::Unique(_) => ConstraintKind::Unique(Vec::new()),
        ConstraintKind::ForeignKey(keys) => {
            ConstraintKind::ForeignKey(keys.iter().map(ForeignKey::copy).collect())
        }
        ConstraintKind::Check(condition) => ConstraintKind::Check(condition),
    };
    Constraint::new(kind, constraint.name(), constraint.options().clone()).of_columns(columns)
}

impl Expr {
    /// A schema column as an expression.
    pub fn of_column(column: &Column, table: Option<Table>) -> Self {
        let target = ColumnTarget::Schema { column: column.clone(), table };
        Self::new(Kind::Column(ColumnRef { target, note: None }), Type::null())
    }
}

impl PartialEq for Table {
    fn eq(&self, other: &Self) -> bool {
        self.ptr_eq(other)
    }
}

impl Eq for Table {}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::python::table_repr(self))
    }
}

/// `str(table)`: its full name.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.full_name_rc())
    }
}
