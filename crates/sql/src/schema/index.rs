//! Indexes and sequences.

use std::cell::RefCell;
use std::fmt;
use std::rc::{Rc, Weak};

use super::table::{Table, TableInner};
use crate::error::{Error, ErrorKind, Result};
use crate::expr::{ColumnRef, ColumnTarget, Expr};
use crate::name::Name;
use crate::value::Value;

/// An index of a table: a handle with identity.
#[derive(Clone)]
pub struct Index(Rc<IndexInner>);

struct IndexInner {
    name: Option<Name>,
    expressions: RefCell<Vec<Expr>>,
    unique: bool,
    table: RefCell<Weak<TableInner>>,
    dialect_options: Vec<(Rc<str>, Value)>,
    /// `sqlite_where`, `postgresql_where`, by dialect.
    wheres: Vec<(Rc<str>, Expr)>,
    /// Whether `index=True` of a column made it.
    column_flag: bool,
}

impl Index {
    /// `Index(name, *expressions, unique=…)`
    pub fn new(name: Option<Name>, expressions: Vec<Expr>, unique: bool) -> Self {
        Self::with(name, expressions, unique, Vec::new(), Vec::new(), false)
    }

    /// An index with everything said.
    pub fn with(
        name: Option<Name>,
        expressions: Vec<Expr>,
        unique: bool,
        dialect_options: Vec<(Rc<str>, Value)>,
        wheres: Vec<(Rc<str>, Expr)>,
        column_flag: bool,
    ) -> Self {
        let table = RefCell::default();
        Self(Rc::new(IndexInner {
            name,
            expressions: RefCell::new(expressions),
            unique,
            table,
            dialect_options,
            wheres,
            column_flag,
        }))
    }

    /// Whether both handles are on one index.
    pub fn ptr_eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// The name as given; conventions are applied when compiled.
    pub fn name(&self) -> Option<Name> {
        self.0.name.clone()
    }

    /// The name by which it is created: as given, or what the metadata's convention makes.
    pub fn final_name(&self) -> Option<Name> {
        super::naming::index_name(self).ok().flatten()
    }

    /// What it is over.
    pub fn expressions(&self) -> Vec<Expr> {
        self.0.expressions.borrow().clone()
    }

    /// `UNIQUE`
    pub fn is_unique(&self) -> bool {
        self.0.unique
    }

    /// Whether a column's `index=True` made it.
    pub fn is_column_flag(&self) -> bool {
        self.0.column_flag
    }

    /// Options of a dialect.
    pub fn dialect_options(&self) -> &[(Rc<str>, Value)] {
        &self.0.dialect_options
    }

    /// The condition of a partial index on a dialect.
    pub fn where_on(&self, dialect: &str) -> Option<&Expr> {
        self.0.wheres.iter().find(|(name, _)| **name == *dialect).map(|(_, expr)| expr)
    }

    /// Make it part of a table, looking up columns given by name.
    pub(super) fn attach(&self, table: &Table) -> Result<()> {
        *self.0.table.borrow_mut() = table.downgrade();
        for expr in self.0.expressions.borrow_mut().iter_mut() {
            let Some(ColumnRef {
                target: ColumnTarget::Bare { name, literal: false, table: None },
                ..
            }) = expr.as_column()
            else {
                continue;
            };
            let Some(column) = table.column(name) else {
                return Err(Error::new(
                    ErrorKind::ConstraintColumnNotFoundError,
                    format!(
                        "Can't create Index on table '{}': no column named '{name}' is present.",
                        table.name()
                    ),
                ));
            };
            *expr = table.column_expr(&column);
        }
        Ok(())
    }

    /// The table it belongs to.
    pub fn table(&self) -> Option<Table> {
        Table::upgrade(&self.0.table.borrow()).or_else(|| {
            let expressions = self.0.expressions.borrow();
            expressions.iter().find_map(|e| crate::expr_columns(e).first()?.table())
        })
    }
}

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::python::index_repr(self))
    }
}

/// `Sequence(name, …)`: a handle with identity.
#[derive(Clone)]
pub struct Sequence(Rc<SequenceInner>);

struct SequenceInner {
    name: Name,
    schema: Option<Name>,
    options: SequenceOptions,
    optional: bool,
}

/// The numbers of a sequence or identity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SequenceOptions {
    /// `START WITH`
    pub start: Option<i64>,
    /// `INCREMENT BY`
    pub increment: Option<i64>,
    /// `MINVALUE`
    pub minvalue: Option<i64>,
    /// `MAXVALUE`
    pub maxvalue: Option<i64>,
    /// `NO MINVALUE`
    pub nominvalue: bool,
    /// `NO MAXVALUE`
    pub nomaxvalue: bool,
    /// `CYCLE`
    pub cycle: Option<bool>,
    /// `CACHE`
    pub cache: Option<i64>,
}

impl Sequence {
    /// `Sequence(name, schema=…)`
    pub fn new(name: Name, schema: Option<Name>, options: SequenceOptions, optional: bool) -> Self {
        Self(Rc::new(SequenceInner { name, schema, options, optional }))
    }

    /// Whether both handles are on one sequence.
    pub fn ptr_eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// Its name.
    pub fn name(&self) -> &Name {
        &self.0.name
    }

    /// Its schema.
    pub fn schema(&self) -> Option<&Name> {
        self.0.schema.as_ref()
    }

    /// Its numbers.
    pub fn options(&self) -> &SequenceOptions {
        &self.0.options
    }

    /// Whether it is used only where nothing else makes keys.
    pub fn is_optional(&self) -> bool {
        self.0.optional
    }
}

impl fmt::Debug for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sequence({}", crate::repr::string(&self.0.name))?;
        let options = self.options();
        for (name, number) in [
            ("start", options.start),
            ("increment", options.increment),
            ("minvalue", options.minvalue),
            ("maxvalue", options.maxvalue),
        ] {
            if let Some(number) = number {
                write!(f, ", {name}={number}")?;
            }
        }
        f.write_str(")")
    }
}
