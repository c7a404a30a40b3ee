//! Constraints, and the foreign keys of columns.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::{Rc, Weak};

use super::column::{Column, WeakColumn};
use super::table::{Table, TableInner};
use crate::error::{Error, ErrorKind, Result};
use crate::expr::Expr;
use crate::name::Name;
use crate::value::Value;

/// A foreign key of one column: a handle with identity.
#[derive(Clone)]
pub struct ForeignKey(Rc<KeyInner>);

struct KeyInner {
    target: ForeignKeyTarget,
    options: ForeignKeyOptions,
    parent: RefCell<WeakColumn>,
    /// The target once it was found.
    resolved: RefCell<WeakColumn>,
    /// The constraint it became part of.
    constraint: RefCell<Weak<ConstraintInner>>,
}

/// What a foreign key points at.
#[derive(Clone, Debug)]
pub enum ForeignKeyTarget {
    /// `"table.column"` or `"schema.table.column"`, found when first needed.
    Spec(Rc<str>),
    /// A column.
    Column(Column),
}

/// What a foreign key may be given.
#[derive(Clone, Debug, Default)]
pub struct ForeignKeyOptions {
    /// Name of the constraint.
    pub name: Option<Name>,
    /// `ON DELETE`
    pub ondelete: Option<Rc<str>>,
    /// `ON UPDATE`
    pub onupdate: Option<Rc<str>>,
    /// `DEFERRABLE`
    pub deferrable: Option<bool>,
    /// `INITIALLY`
    pub initially: Option<Rc<str>>,
    /// `MATCH`
    pub match_: Option<Rc<str>>,
    /// Whether it is added by ALTER after the tables.
    pub use_alter: bool,
    /// Whether the target must have no table named here.
    pub link_to_name: bool,
    /// Comment.
    pub comment: Option<Rc<str>>,
}

/// A constraint of a table: a handle with identity.
#[derive(Clone)]
pub struct Constraint(Rc<ConstraintInner>);

pub(super) struct ConstraintInner {
    name: RefCell<Option<Name>>,
    kind: RefCell<ConstraintKind>,
    options: ForeignKeyOptions,
    table: RefCell<Weak<TableInner>>,
    /// Whether a column or type made it, not the user.
    implicit: bool,
    dialect_options: Vec<(Rc<str>, Value)>,
    /// Columns given by name, looked up when the table is known.
    pending: RefCell<Vec<ColumnArg>>,
    /// When it was made; CREATE TABLE lists constraints in this order.
    order: u64,
}

/// A column, or its name in the table to come.
#[derive(Clone, Debug)]
pub enum ColumnArg {
    /// A column.
    Column(Column),
    /// A key of the table.
    Name(Rc<str>),
}

thread_local! {
    static ORDER: Cell<u64> = const { Cell::new(0) };
}

fn next_order() -> u64 {
    ORDER.with(|order| {
        order.set(order.get() + 1);
        order.get()
    })
}

/// The kinds of constraints.
#[derive(Clone, Debug)]
pub enum ConstraintKind {
    /// `PRIMARY KEY (…)`
    PrimaryKey(Vec<Column>),
    /// `UNIQUE (…)`
    Unique(Vec<Column>),
    /// `FOREIGN KEY(…) REFERENCES …`
    ForeignKey(Vec<ForeignKey>),
    /// `CHECK (…)`
    Check(Expr),
}

impl ForeignKey {
    /// `ForeignKey("table.column")`
    pub fn to(spec: &str) -> Self {
        Self::new(ForeignKeyTarget::Spec(spec.into()), ForeignKeyOptions::default())
    }

    /// `ForeignKey(…)`
    pub fn new(target: ForeignKeyTarget, options: ForeignKeyOptions) -> Self {
        Self(Rc::new(KeyInner {
            target,
            options,
            parent: RefCell::default(),
            resolved: RefCell::default(),
            constraint: RefCell::default(),
        }))
    }

    /// The same arguments without a parent.
    pub fn copy(&self) -> Self {
        Self::new(self.0.target.clone(), self.0.options.clone())
    }

    /// Whether both handles are on one key.
    pub fn ptr_eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// What it was given.
    pub fn options(&self) -> &ForeignKeyOptions {
        &self.0.options
    }

    /// What it points at, as given.
    pub fn target(&self) -> &ForeignKeyTarget {
        &self.0.target
    }

    pub(super) fn set_parent(&self, column: &Column) {
        *self.0.parent.borrow_mut() = column.downgrade();
    }

    /// The column that has it.
    pub fn parent(&self) -> Option<Column> {
        self.0.parent.borrow().upgrade()
    }

    pub(super) fn set_constraint(&self, constraint: &Constraint) {
        *self.0.constraint.borrow_mut() = Rc::downgrade(&constraint.0);
    }

    /// The constraint it is part of.
    pub fn constraint(&self) -> Option<Constraint> {
        self.0.constraint.borrow().upgrade().map(Constraint)
    }

    /// `table.column` as text.
    pub fn target_fullname(&self) -> String {
        match &self.0.target {
            ForeignKeyTarget::Spec(spec) => spec.to_string(),
            ForeignKeyTarget::Column(column) => match column.table() {
                Some(table) => format!("{}.{}", table.full_name(), column.key()),
                None => column.key().to_string(),
            },
        }
    }

    /// The key of the target table in its metadata, without looking for it.
    pub fn target_table_key(&self) -> Option<String> {
        match &self.0.target {
            ForeignKeyTarget::Spec(spec) => {
                let (table, _) = spec.rsplit_once('.').unwrap_or((spec, ""));
                let schema = self.parent().and_then(|c| c.table()).and_then(|t| t.metadata());
                match schema.and_then(|m| m.schema()) {
                    Some(schema) if !table.contains('.') => Some(format!("{schema}.{table}")),
                    _ => Some(table.to_owned()),
                }
            }
            ForeignKeyTarget::Column(column) => column.table().map(|t| t.full_name()),
        }
    }

    /// The column it points at.
    pub fn column(&self) -> Result<Column> {
        if let Some(column) = self.0.resolved.borrow().upgrade() {
            return Ok(column);
        }
        let column = self.resolve()?;
        *self.0.resolved.borrow_mut() = column.downgrade();
        Ok(column)
    }

    fn resolve(&self) -> Result<Column> {
        let spec = match &self.0.target {
            ForeignKeyTarget::Column(column) => return Ok(column.clone()),
            ForeignKeyTarget::Spec(spec) => spec,
        };
        let parent = self.parent().ok_or_else(|| {
            Error::invalid_request("this ForeignKey object does not yet have a parent Column")
        })?;
        let table = parent.table().ok_or_else(|| {
            Error::invalid_request(
                "This ForeignKey's parent Column is not yet associated with a Table.",
            )
        })?;
        let (key, column) = match spec.rsplit_once('.') {
            Some((key, column)) => (key, Some(column)),
            None => (&**spec, None),
        };
        let schema = table.metadata().and_then(|m| m.schema());
        let full = match schema {
            Some(schema) if !key.contains('.') => format!("{schema}.{key}"),
            _ => key.to_owned(),
        };
        let target = if table.full_name() == full { Some(table.clone()) } else { None };
        let target = target.or_else(|| table.metadata().and_then(|metadata| metadata.table(&full)));
        let target = target.ok_or_else(|| {
            let column = column.unwrap_or_default();
            Error::new(
                ErrorKind::NoReferencedTableError,
                format!(
                    "Foreign key associated with column '{parent}' could not find table \
                     '{full}' with which to generate a foreign key to target column '{column}'"
                ),
            )
        })?;
        let wanted = column.map_or_else(|| parent.key(), Rc::from);
        let found = if self.0.options.link_to_name {
            target.columns().into_iter().find(|c| *c.name() == *wanted)
        } else {
            target.column(&wanted)
        };
        found.ok_or_else(|| {
            Error::new(
                ErrorKind::NoReferencedColumnError,
                format!(
                    "Could not initialize target column for ForeignKey '{spec}' on table '{}': \
                     table '{}' has no column named '{wanted}'",
                    table.name(),
                    target.name(),
                ),
            )
        })
    }
}

impl Constraint {
    /// A constraint of the user.
    pub fn new(kind: ConstraintKind, name: Option<Name>, options: ForeignKeyOptions) -> Self {
        Self::with(kind, name, options, false, Vec::new())
    }

    /// `PrimaryKeyConstraint(*columns)`
    pub fn primary_key(columns: Vec<Column>, name: Option<Name>) -> Self {
        Self::new(ConstraintKind::PrimaryKey(columns), name, ForeignKeyOptions::default())
    }

    /// `UniqueConstraint(*columns)`
    pub fn unique(columns: Vec<Column>, name: Option<Name>) -> Self {
        Self::new(ConstraintKind::Unique(columns), name, ForeignKeyOptions::default())
    }

    /// `CheckConstraint(condition)`
    pub fn check(condition: Expr, name: Option<Name>) -> Self {
        Self::new(ConstraintKind::Check(condition), name, ForeignKeyOptions::default())
    }

    /// A constraint with everything said.
    pub fn with(
        kind: ConstraintKind,
        name: Option<Name>,
        options: ForeignKeyOptions,
        implicit: bool,
        dialect_options: Vec<(Rc<str>, Value)>,
    ) -> Self {
        let constraint = Self(Rc::new(ConstraintInner {
            name: RefCell::new(name),
            kind: RefCell::new(kind),
            options,
            table: RefCell::default(),
            implicit,
            dialect_options,
            pending: RefCell::default(),
            order: next_order(),
        }));
        if let ConstraintKind::ForeignKey(keys) = &*constraint.0.kind.borrow() {
            for key in keys {
                key.set_constraint(&constraint);
            }
        }
        constraint
    }

    /// The same, of columns that may be given by name: `UniqueConstraint("a", "b")`. A foreign key
    /// constraint takes its keys in `kind`, one for each column.
    pub fn of_columns(self, columns: Vec<ColumnArg>) -> Self {
        *self.0.pending.borrow_mut() = columns;
        self
    }

    pub(crate) fn creation_order_id(&self) -> usize {
        usize::try_from(self.0.order).unwrap_or(usize::MAX)
    }

    /// When it was made, a number that only grows.
    pub fn creation_order(&self) -> u64 {
        self.0.order
    }

    /// Whether both handles are on one constraint.
    pub fn ptr_eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// Its kind and parts.
    pub fn kind(&self) -> ConstraintKind {
        self.0.kind.borrow().clone()
    }

    pub(super) fn add_column(&self, column: &Column) {
        if let ConstraintKind::PrimaryKey(columns) | ConstraintKind::Unique(columns) =
            &mut *self.0.kind.borrow_mut()
        {
            columns.push(column.clone());
        }
    }

    /// The name as given; conventions are applied when compiled.
    pub fn name(&self) -> Option<Name> {
        self.0.name.borrow().clone()
    }

    /// The name by which it is created: as given, or what the metadata's convention makes.
    pub fn final_name(&self) -> Option<Name> {
        super::naming::constraint_name(self).ok().flatten()
    }

    /// The table that all its columns belong to already, which it may join at once.
    pub fn table_of_columns(&self) -> Option<Table> {
        let pending = self.0.pending.borrow();
        let mut columns = self.columns();
        for arg in pending.iter() {
            match arg {
                ColumnArg::Column(column) => columns.push(column.clone()),
                ColumnArg::Name(_) => return None,
            }
        }
        let table = columns.first()?.table()?;
        let same = |column: &Column| column.table().is_some_and(|other| other.ptr_eq(&table));
        columns.iter().all(same).then_some(table)
    }

    /// ON DELETE and the like.
    pub fn options(&self) -> &ForeignKeyOptions {
        &self.0.options
    }

    /// Options of a dialect.
    pub fn dialect_options(&self) -> &[(Rc<str>, Value)] {
        &self.0.dialect_options
    }

    /// Whether a column or type made it.
    pub fn is_implicit(&self) -> bool {
        self.0.implicit
    }

    /// Make it part of a table, looking up columns given by name.
    pub(super) fn attach(&self, table: &Table) -> Result<()> {
        *self.0.table.borrow_mut() = table.downgrade();
        let pending = std::mem::take(&mut *self.0.pending.borrow_mut());
        let mut found = Vec::with_capacity(pending.len());
        for arg in pending {
            found.push(match arg {
                ColumnArg::Column(column) => column,
                ColumnArg::Name(name) => table.column(&name).ok_or_else(|| {
                    Error::new(
                        ErrorKind::ConstraintColumnNotFoundError,
                        format!(
                            "Can't create {} on table '{}': no column named '{name}' is present.",
                            self.class_name(),
                            table.name(),
                        ),
                    )
                })?,
            });
        }
        match &mut *self.0.kind.borrow_mut() {
            ConstraintKind::PrimaryKey(columns) | ConstraintKind::Unique(columns) => {
                columns.extend(found);
            }
            ConstraintKind::ForeignKey(keys) => {
                for (key, column) in keys.iter().zip(&found) {
                    column.add_foreign_key(key);
                }
            }
            ConstraintKind::Check(_) => {}
        }
        Ok(())
    }

    /// The Python class.
    pub fn class_name(&self) -> &'static str {
        match &*self.0.kind.borrow() {
            ConstraintKind::PrimaryKey(_) => "PrimaryKeyConstraint",
            ConstraintKind::Unique(_) => "UniqueConstraint",
            ConstraintKind::ForeignKey(_) => "ForeignKeyConstraint",
            ConstraintKind::Check(_) => "CheckConstraint",
        }
    }

    /// The table it belongs to.
    pub fn table(&self) -> Option<Table> {
        Table::upgrade(&self.0.table.borrow())
    }

    /// The columns it is about.
    pub fn columns(&self) -> Vec<Column> {
        match &*self.0.kind.borrow() {
            ConstraintKind::PrimaryKey(columns) | ConstraintKind::Unique(columns) => {
                columns.clone()
            }
            ConstraintKind::ForeignKey(keys) => {
                keys.iter().filter_map(ForeignKey::parent).collect()
            }
            ConstraintKind::Check(condition) => crate::expr_columns(condition),
        }
    }

    /// The foreign keys, when it is of that kind.
    pub fn foreign_keys(&self) -> Vec<ForeignKey> {
        match &*self.0.kind.borrow() {
            ConstraintKind::ForeignKey(keys) => keys.clone(),
            _ => Vec::new(),
        }
    }

    /// The table a foreign key constraint points at.
    pub fn referred_table(&self) -> Result<Table> {
        let keys = self.foreign_keys();
        let first = keys.first().ok_or_else(|| Error::argument("no foreign key"))?;
        let column = first.column()?;
        column.table().ok_or_else(|| Error::argument("the target column has no table"))
    }
}

impl fmt::Debug for ForeignKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ForeignKey({})", crate::repr::string(&self.target_fullname()))
    }
}

impl fmt::Debug for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::python::constraint_repr(self))
    }
}
