//! `MetaData`: the tables that belong together.

use std::cell::RefCell;
use std::fmt;
use std::rc::{Rc, Weak};

use indexmap::IndexMap;

use super::index::Sequence;
use super::sort::{SortedTables, sort_tables};
use super::table::Table;
use crate::value::Value;

/// The tables that belong together: a handle with identity.
#[derive(Clone, Default)]
pub struct MetaData(Rc<MetaInner>);

#[derive(Default)]
pub(super) struct MetaInner {
    tables: RefCell<IndexMap<Rc<str>, Table>>,
    sequences: RefCell<Vec<Sequence>>,
    schema: RefCell<Option<Rc<str>>>,
    naming_convention: RefCell<Vec<(Rc<str>, Rc<str>)>>,
    info: RefCell<Option<Value>>,
}

impl MetaData {
    /// `MetaData()`
    pub fn new() -> Self {
        Self::default()
    }

    /// `MetaData(schema=…, naming_convention=…)`
    pub fn with(schema: Option<Rc<str>>, naming_convention: Vec<(Rc<str>, Rc<str>)>) -> Self {
        let metadata = Self::default();
        *metadata.0.schema.borrow_mut() = schema;
        *metadata.0.naming_convention.borrow_mut() = naming_convention;
        metadata
    }

    /// Whether both handles are on one object.
    pub fn ptr_eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    pub(super) fn downgrade(&self) -> Weak<MetaInner> {
        Rc::downgrade(&self.0)
    }

    pub(super) fn upgrade(weak: &Weak<MetaInner>) -> Option<Self> {
        weak.upgrade().map(Self)
    }

    /// The default schema of its tables.
    pub fn schema(&self) -> Option<Rc<str>> {
        self.0.schema.borrow().clone()
    }

    /// The pattern of names for `ix`, `uq`, `ck`, `fk`, `pk`.
    pub fn naming_convention(&self, kind: &str) -> Option<Rc<str>> {
        let found = self.0.naming_convention.borrow();
        found
            .iter()
            .find(|(key, _)| **key == *kind)
            .map(|(_, pattern)| pattern.clone())
            .or_else(|| (kind == "ix" && found.is_empty()).then(|| "ix_%(column_0_label)s".into()))
    }

    /// `info`, a dict of the script.
    pub fn info(&self) -> Option<Value> {
        self.0.info.borrow().clone()
    }

    /// Set `info`.
    pub fn set_info(&self, info: Value) {
        *self.0.info.borrow_mut() = Some(info);
    }

    /// Tables with their keys, in order of definition.
    pub fn tables(&self) -> Vec<(Rc<str>, Table)> {
        self.0.tables.borrow().iter().map(|(k, t)| (k.clone(), t.clone())).collect()
    }

    /// A table by its key: `name` or `schema.name`.
    pub fn table(&self, key: &str) -> Option<Table> {
        self.0.tables.borrow().get(key).cloned()
    }

    /// Whether a key is taken.
    pub fn contains(&self, key: &str) -> bool {
        self.0.tables.borrow().contains_key(key)
    }

    pub(super) fn insert(&self, table: &Table) {
        self.0.tables.borrow_mut().insert(table.full_name().into(), table.clone());
    }

    /// `metadata.remove(table)`
    pub fn remove(&self, table: &Table) {
        self.0.tables.borrow_mut().shift_remove(&*table.full_name());
    }

    /// `metadata.clear()`
    pub fn clear(&self) {
        self.0.tables.borrow_mut().clear();
    }

    /// Sequences that belong here.
    pub fn sequences(&self) -> Vec<Sequence> {
        self.0.sequences.borrow().clone()
    }

    /// Add a sequence.
    pub fn add_sequence(&self, sequence: Sequence) {
        self.0.sequences.borrow_mut().push(sequence);
    }

    /// `metadata.sorted_tables`: parents before children, and the foreign keys that must wait.
    pub fn sorted_tables(&self) -> SortedTables {
        let tables: Vec<Table> = self.0.tables.borrow().values().cloned().collect();
        sort_tables(&tables)
    }
}

impl fmt::Debug for MetaData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MetaData()")
    }
}
