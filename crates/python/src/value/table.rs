//! The hash table behind dict, set, namespaces and instances: keeps the order of insertion.
//!
//! Keys whose equality needs the machine (instances with `__eq__`, native objects) are left to the
//! caller: [`Table::find`] then answers with the candidates to ask.

use std::cell::Cell;
use std::hash::Hasher;

use rustc_hash::FxHasher;

use super::list::recount;
use super::{SLOT, Str, Value, trash};

const EMPTY: u32 = u32::MAX;
const DELETED: u32 = u32::MAX - 1;
/// Below this many entries a linear look at the hashes beats an index.
const LINEAR: usize = 8;

struct Entry {
    hash: u64,
    /// The key; none when the entry was removed.
    key: Option<Value>,
    value: Value,
}

/// A hash table from values to values.
#[derive(Default)]
pub struct Table {
    entries: Vec<Entry>,
    index: Vec<u32>,
    live: usize,
    /// Index slots that are not empty, removed ones included: a full index would never end a probe.
    used: usize,
    counted: Cell<usize>,
}

/// The answer of a search by hash.
pub(crate) enum Lookup {
    /// The entry at this position.
    Found(usize),
    /// No such key.
    Absent,
    /// Only the machine can compare: these positions have the same hash.
    Ask(Vec<usize>),
}

/// The hash of a string key.
pub(crate) fn hash_str(text: &str) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(text.as_bytes());
    hasher.finish()
}

impl Table {
    /// The number of entries.
    pub fn len(&self) -> usize {
        self.live
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// Keys and values in order of insertion.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&Value, &Value)> {
        self.entries.iter().filter_map(|entry| Some((entry.key.as_ref()?, &entry.value)))
    }

    /// The entry at or after a position, and the position after it: how iterators walk.
    pub(crate) fn next_from(&self, mut at: usize) -> Option<(usize, &Value, &Value)> {
        while let Some(entry) = self.entries.get(at) {
            at += 1;
            if let Some(key) = &entry.key {
                return Some((at, key, &entry.value));
            }
        }
        None
    }

    /// The entry before a position, and its position: how reversed iterators walk.
    pub(crate) fn previous_from(&self, at: usize) -> Option<(usize, &Value, &Value)> {
        let mut at = at.min(self.entries.len());
        while at > 0 {
            at -= 1;
            if let Some(Entry { key: Some(key), value, .. }) = self.entries.get(at) {
                return Some((at, key, value));
            }
        }
        None
    }

    /// The number of positions, removed entries included.
    pub(crate) fn positions(&self) -> usize {
        self.entries.len()
    }

    fn probe(&self, hash: u64, mut same: impl FnMut(&Value) -> bool) -> Option<usize> {
        if self.index.is_empty() {
            return self
                .entries
                .iter()
                .position(|entry| entry.hash == hash && entry.key.as_ref().is_some_and(&mut same));
        }
        let mask = self.index.len() - 1;
        let mut slot = spread(hash) & mask;
        loop {
            match self.index.get(slot).copied() {
                Some(EMPTY) | None => return None,
                Some(DELETED) => {}
                Some(at) => {
                    if let Some(Entry { hash: found, key: Some(key), .. }) =
                        self.entries.get(at as usize)
                        && *found == hash
                        && same(key)
                    {
                        return Some(at as usize);
                    }
                }
            }
            slot = (slot + 1) & mask;
        }
    }

    /// Finds a key; the machine is asked only where plain comparison cannot tell.
    pub(crate) fn find(&self, hash: u64, key: &Value) -> Lookup {
        let mut ask = Vec::new();
        let mut found = None;
        let stop = self.probe(hash, |candidate| {
            if candidate.is(key) {
                return true;
            }
            match candidate.plainly_equal(key) {
                Some(equal) => equal,
                None => {
                    found = Some(());
                    false
                }
            }
        });
        if let Some(at) = stop {
            return Lookup::Found(at);
        }
        if found.is_none() {
            return Lookup::Absent;
        }
        for (at, entry) in self.entries.iter().enumerate() {
            if entry.hash == hash
                && entry.key.as_ref().is_some_and(|other| other.plainly_equal(key).is_none())
            {
                ask.push(at);
            }
        }
        Lookup::Ask(ask)
    }

    /// The position of a string key.
    pub(crate) fn find_str(&self, hash: u64, text: &str) -> Option<usize> {
        self.probe(hash, |candidate| match candidate {
            Value::Str(name) => name.as_str() == text,
            _ => false,
        })
    }

    /// The position of a name: names are shared, so this is mostly a comparison of addresses.
    pub(crate) fn find_name(&self, hash: u64, text: &Str) -> Option<usize> {
        self.probe(hash, |candidate| match candidate {
            Value::Str(name) => name.same(text) || name == text,
            _ => false,
        })
    }

    /// The value under a string key.
    pub fn get_str(&self, key: &str) -> Option<&Value> {
        self.value_at(self.find_str(hash_str(key), key)?)
    }

    /// The value under a name whose hash is known.
    pub(crate) fn get_name(&self, hash: u64, key: &Str) -> Option<&Value> {
        self.value_at(self.find_name(hash, key)?)
    }

    /// The key at a position.
    pub(crate) fn key_at(&self, at: usize) -> Option<&Value> {
        self.entries.get(at)?.key.as_ref()
    }

    /// The value at a position.
    pub(crate) fn value_at(&self, at: usize) -> Option<&Value> {
        let entry = self.entries.get(at)?;
        entry.key.is_some().then_some(&entry.value)
    }

    /// Sets the value at a position and returns the one before.
    pub(crate) fn replace_at(&mut self, at: usize, value: Value) -> Value {
        match self.entries.get_mut(at) {
            Some(entry) => std::mem::replace(&mut entry.value, value),
            None => value,
        }
    }

    /// Sets a string key; returns the value it had.
    pub fn set_str(&mut self, key: &str, value: Value) -> Option<Value> {
        let hash = hash_str(key);
        if let Some(at) = self.find_str(hash, key) {
            return Some(self.replace_at(at, value));
        }
        self.insert(hash, Value::Str(key.into()), value);
        None
    }

    /// Sets a name; returns the value it had.
    pub(crate) fn set_name(&mut self, key: &Str, value: Value) -> Option<Value> {
        self.set_hashed(hash_str(key), key, value)
    }

    /// Sets a name whose hash is known; returns the value it had.
    pub(crate) fn set_hashed(&mut self, hash: u64, key: &Str, value: Value) -> Option<Value> {
        if let Some(at) = self.find_name(hash, key) {
            return Some(self.replace_at(at, value));
        }
        self.insert(hash, Value::Str(key.clone()), value);
        None
    }

    /// Removes a string key and returns its value.
    pub fn remove_str(&mut self, key: &str) -> Option<Value> {
        let at = self.find_str(hash_str(key), key)?;
        self.remove_at(at).map(|(_, value)| value)
    }

    /// Adds a key known to be absent.
    pub(crate) fn insert(&mut self, hash: u64, key: Value, value: Value) {
        if self.entries.len() >= LINEAR.max(self.live * 2) && self.live * 2 < self.entries.len() {
            self.entries.retain(|entry| entry.key.is_some());
            self.index.clear();
        }
        let at = self.entries.len();
        self.entries.push(Entry { hash, key: Some(key), value });
        self.live += 1;
        if self.entries.len() > LINEAR {
            if self.index.is_empty() || self.used * 3 > self.index.len() * 2 {
                self.rebuild();
            } else {
                self.place(hash, at);
            }
        }
        let bytes = self.entries.capacity() * 2 * SLOT + self.index.capacity() * 4;
        recount(&self.counted, bytes);
    }

    /// Removes the entry at a position.
    pub(crate) fn remove_at(&mut self, at: usize) -> Option<(Value, Value)> {
        let entry = self.entries.get_mut(at)?;
        let key = entry.key.take()?;
        let hash = entry.hash;
        let value = std::mem::take(&mut entry.value);
        self.live -= 1;
        if at + 1 == self.entries.len() {
            self.entries.pop();
        }
        if !self.index.is_empty() {
            let mask = self.index.len() - 1;
            let mut slot = spread(hash) & mask;
            while let Some(found) = self.index.get_mut(slot) {
                if *found == EMPTY {
                    break;
                }
                if usize::try_from(*found) == Ok(at) {
                    *found = DELETED;
                    break;
                }
                slot = (slot + 1) & mask;
            }
        }
        Some((key, value))
    }

    /// Takes all entries out.
    pub(crate) fn clear(&mut self) -> Self {
        std::mem::take(self)
    }

    fn rebuild(&mut self) {
        let size = (self.entries.len() * 2).next_power_of_two().max(LINEAR * 4);
        self.index.clear();
        self.index.resize(size, EMPTY);
        self.used = 0;
        for at in 0..self.entries.len() {
            if let Some(Entry { hash, key: Some(_), .. }) = self.entries.get(at) {
                self.place(*hash, at);
            }
        }
    }

    fn place(&mut self, hash: u64, at: usize) {
        let mask = self.index.len() - 1;
        let mut slot = spread(hash) & mask;
        while let Some(found) = self.index.get_mut(slot) {
            if *found == EMPTY || *found == DELETED {
                self.used += usize::from(*found == EMPTY);
                *found = u32::try_from(at).unwrap_or(DELETED);
                return;
            }
            slot = (slot + 1) & mask;
        }
    }
}

impl Clone for Table {
    fn clone(&self) -> Self {
        let mut copy = Self::default();
        for entry in &self.entries {
            if let Some(key) = &entry.key {
                copy.insert(entry.hash, key.clone(), entry.value.clone());
            }
        }
        copy
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        recount(&self.counted, 0);
        let entries = std::mem::take(&mut self.entries);
        let plain = |value: &Value| value.address().is_none() || matches!(value, Value::Str(_));
        if entries.iter().all(|entry| plain(&entry.value) && entry.key.as_ref().is_none_or(plain)) {
            return;
        }
        let mut values = Vec::with_capacity(entries.len() * 2);
        for entry in entries {
            values.extend(entry.key);
            values.push(entry.value);
        }
        trash::discard(values);
    }
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Table({})", self.live)
    }
}

/// Spreads a hash over the low bits: small integers hash to themselves.
fn spread(hash: u64) -> usize {
    let mixed = hash.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    usize::try_from(mixed >> 40).unwrap_or(0)
}
