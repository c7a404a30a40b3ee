//! The identity map: one object per row, found by mapper and primary key.

use std::rc::Rc;

use rustc_hash::FxHashMap;
use vidro_sql::Value;

use crate::instance::{InstanceId, Key};
use crate::mapping::MapperId;

/// The persistent objects of a session by base mapper and primary key.
#[derive(Debug, Default)]
pub struct IdentityMap {
    tables: Vec<Table>,
}

#[derive(Debug, Default)]
struct Table {
    ints: FxHashMap<i64, InstanceId>,
    others: FxHashMap<Rc<[Value]>, InstanceId>,
}

impl IdentityMap {
    /// The object of a key.
    pub fn get(&self, base: MapperId, key: &Key) -> Option<InstanceId> {
        let table = self.tables.get(usize::from(base.get()))?;
        match key {
            Key::Int(int) => table.ints.get(int).copied(),
            Key::Values(values) => table.others.get(values).copied(),
        }
    }

    /// The object of an integer key.
    pub fn get_int(&self, base: MapperId, key: i64) -> Option<InstanceId> {
        self.tables.get(usize::from(base.get()))?.ints.get(&key).copied()
    }

    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.tables.iter().map(|table| table.ints.len() + table.others.len()).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All objects, oldest first.
    pub fn all(&self) -> Vec<InstanceId> {
        let mut all = Vec::with_capacity(self.len());
        for table in &self.tables {
            all.extend(table.ints.values().chain(table.others.values()));
        }
        all.sort_unstable();
        all
    }

    /// Puts an object under its key; gives back another one that was there.
    pub(crate) fn replace(
        &mut self,
        base: MapperId,
        key: &Key,
        id: InstanceId,
    ) -> Option<InstanceId> {
        let table = self.table(base);
        let old = match key {
            Key::Int(int) => table.ints.insert(*int, id),
            Key::Values(values) => table.others.insert(Rc::clone(values), id),
        };
        old.filter(|old| *old != id)
    }

    /// Takes an object out, if it is still the one under its key.
    pub(crate) fn discard(&mut self, base: MapperId, key: &Key, id: InstanceId) {
        if self.get(base, key) == Some(id) {
            let table = self.table(base);
            match key {
                Key::Int(int) => table.ints.remove(int),
                Key::Values(values) => table.others.remove(values),
            };
        }
    }

    pub(crate) fn reserve(&mut self, base: MapperId, count: usize) {
        self.table(base).ints.reserve(count);
    }

    fn table(&mut self, base: MapperId) -> &mut Table {
        let index = usize::from(base.get());
        if self.tables.len() <= index {
            self.tables.resize_with(index + 1, Table::default);
        }
        &mut self.tables[index]
    }
}
