//! The built-in containers: tuple, list, dict and set.

use std::cell::{Cell, Ref, RefCell};
use std::fmt;
use std::ops::Deref;

use super::{MEMORY, SLOT, Str, Table, Value, trash};

/// An immutable sequence.
pub struct Tuple(Vec<Value>);

impl Tuple {
    /// A tuple of these items.
    pub fn new(items: Vec<Value>) -> Self {
        Self(items)
    }
}

impl Deref for Tuple {
    type Target = [Value];
    fn deref(&self) -> &[Value] {
        &self.0
    }
}

impl Drop for Tuple {
    fn drop(&mut self) {
        trash::discard(std::mem::take(&mut self.0));
    }
}

impl fmt::Debug for Tuple {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tuple({})", self.0.len())
    }
}

/// A mutable sequence. Borrows never live across a call into the machine.
#[derive(Default)]
pub struct List {
    items: RefCell<Vec<Value>>,
    /// The capacity last counted against the memory limit.
    counted: Cell<usize>,
}

impl List {
    /// A list of these items.
    pub fn new(items: Vec<Value>) -> Self {
        let list = Self { items: RefCell::new(items), counted: Cell::new(0) };
        list.count();
        list
    }

    /// The items, for reading.
    pub fn borrow(&self) -> Ref<'_, Vec<Value>> {
        self.items.borrow()
    }

    /// A copy of the items, safe to hold while the machine runs.
    pub fn to_vec(&self) -> Vec<Value> {
        self.items.borrow().clone()
    }

    /// The number of items.
    pub fn len(&self) -> usize {
        self.items.borrow().len()
    }

    /// Whether there are no items.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The item at an index.
    pub fn get(&self, index: usize) -> Option<Value> {
        self.items.borrow().get(index).cloned()
    }

    /// Appends an item.
    pub fn push(&self, value: Value) {
        let mut items = self.items.borrow_mut();
        items.push(value);
        if items.capacity() * SLOT != self.counted.get() {
            drop(items);
            self.count();
        }
    }

    /// Changes the items in place; the closure must not run the machine.
    pub fn edit<T>(&self, change: impl FnOnce(&mut Vec<Value>) -> T) -> T {
        let result = change(&mut self.items.borrow_mut());
        self.count();
        result
    }

    fn count(&self) {
        let capacity = self.items.borrow().capacity();
        recount(&self.counted, capacity * SLOT);
    }
}

impl Drop for List {
    fn drop(&mut self) {
        recount(&self.counted, 0);
        trash::discard(std::mem::take(self.items.get_mut()));
    }
}

impl fmt::Debug for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "List({})", self.len())
    }
}

/// A mapping that keeps the order of insertion.
#[derive(Default)]
pub struct Dict {
    pub(crate) table: RefCell<Table>,
}

impl Dict {
    /// A dict over a table that was filled before.
    pub(crate) fn new(table: Table) -> Self {
        Self { table: RefCell::new(table) }
    }

    /// The value under a string key.
    pub fn get(&self, key: &str) -> Option<Value> {
        self.table.borrow().get_str(key).cloned()
    }

    /// Sets the value under a string key.
    pub fn set(&self, key: &str, value: Value) {
        let old = self.table.borrow_mut().set_str(key, value);
        drop(old);
    }

    /// Sets the value under a string key that is shared, not copied.
    pub fn set_name(&self, key: &Str, value: Value) {
        let old = self.table.borrow_mut().set_name(key, value);
        drop(old);
    }

    /// Takes everything out.
    pub(crate) fn clear(&self) {
        let old = self.table.borrow_mut().clear();
        drop(old);
    }

    /// Removes a string key and returns what it held.
    pub fn remove(&self, key: &str) -> Option<Value> {
        self.table.borrow_mut().remove_str(key)
    }

    /// Whether there is such a string key.
    pub fn contains(&self, key: &str) -> bool {
        self.table.borrow().get_str(key).is_some()
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.table.borrow().len()
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A copy of keys and values, in order.
    pub fn items(&self) -> Vec<(Value, Value)> {
        self.table.borrow().iter().map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// A copy of the entries whose key is a string, in order.
    pub fn names(&self) -> Vec<(Str, Value)> {
        let table = self.table.borrow();
        table
            .iter()
            .filter_map(|(key, value)| match key {
                Value::Str(name) => Some((name.clone(), value.clone())),
                _ => None,
            })
            .collect()
    }
}

impl fmt::Debug for Dict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dict({})", self.len())
    }
}

/// A set; `frozen` makes it a frozenset.
pub struct Set {
    pub(crate) table: RefCell<Table>,
    /// Whether it is a frozenset.
    pub frozen: bool,
}

impl Set {
    pub(crate) fn new(table: Table, frozen: bool) -> Self {
        Self { table: RefCell::new(table), frozen }
    }

    /// A copy of the items.
    pub fn items(&self) -> Vec<Value> {
        self.table.borrow().iter().map(|(key, _)| key.clone()).collect()
    }

    /// The number of items.
    pub fn len(&self) -> usize {
        self.table.borrow().len()
    }

    /// Whether there are no items.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl fmt::Debug for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Set({})", self.len())
    }
}

/// Replaces what a container counted against the memory limit.
pub(crate) fn recount(counted: &Cell<usize>, now: usize) {
    let before = counted.replace(now);
    if before != now {
        let _ = MEMORY.try_with(|memory| {
            memory.set(memory.get().saturating_add(now).saturating_sub(before));
        });
    }
}
