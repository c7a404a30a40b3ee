//! Containers whose keys may need the machine to compare, and turning iterables into lists.

use std::rc::Rc;

use super::Vm;
use crate::host::Raise;
use crate::value::{Dict, Lookup, SLOT, Set, Table, Value};

impl Vm {
    fn locate(
        &mut self,
        table: &std::cell::RefCell<Table>,
        hash: u64,
        key: &Value,
    ) -> Result<Option<usize>, Raise> {
        let lookup = table.borrow().find(hash, key);
        match lookup {
            Lookup::Found(at) => Ok(Some(at)),
            Lookup::Absent => Ok(None),
            Lookup::Ask(candidates) => {
                for at in candidates {
                    let candidate = table.borrow().key_at(at).cloned();
                    if let Some(candidate) = candidate
                        && self.equal(&candidate, key)?
                    {
                        return Ok(Some(at));
                    }
                }
                Ok(None)
            }
        }
    }

    /// The value of a key in a dict.
    pub fn dict_get(&mut self, dict: &Dict, key: &Value) -> Result<Option<Value>, Raise> {
        let hash = self.hash(key)?;
        let at = self.locate(&dict.table, hash, key)?;
        Ok(at.and_then(|at| dict.table.borrow().value_at(at).cloned()))
    }

    /// Sets a key of a dict.
    pub fn dict_set(&mut self, dict: &Dict, key: Value, value: Value) -> Result<(), Raise> {
        let hash = self.hash(&key)?;
        match self.locate(&dict.table, hash, &key)? {
            Some(at) => {
                let old = dict.table.borrow_mut().replace_at(at, value);
                drop(old);
            }
            None => dict.table.borrow_mut().insert(hash, key, value),
        }
        Ok(())
    }

    /// Removes a key of a dict and returns what it held.
    pub fn dict_remove(&mut self, dict: &Dict, key: &Value) -> Result<Option<Value>, Raise> {
        let hash = self.hash(key)?;
        let at = self.locate(&dict.table, hash, key)?;
        Ok(at.and_then(|at| dict.table.borrow_mut().remove_at(at)).map(|(_, value)| value))
    }

    /// Adds an item to a set; whether it was new.
    pub fn set_add(&mut self, set: &Set, item: Value) -> Result<bool, Raise> {
        let hash = self.hash(&item)?;
        if self.locate(&set.table, hash, &item)?.is_some() {
            return Ok(false);
        }
        set.table.borrow_mut().insert(hash, item, Value::None);
        Ok(true)
    }

    /// Whether a set has an item.
    pub fn set_contains(&mut self, set: &Set, item: &Value) -> Result<bool, Raise> {
        let hash = self.hash(item)?;
        Ok(self.locate(&set.table, hash, item)?.is_some())
    }

    /// Removes an item of a set; whether it was there.
    pub(crate) fn set_remove(&mut self, set: &Set, item: &Value) -> Result<bool, Raise> {
        let hash = self.hash(item)?;
        let at = self.locate(&set.table, hash, item)?;
        let removed = at.and_then(|at| set.table.borrow_mut().remove_at(at));
        Ok(removed.is_some())
    }

    /// A set of these items.
    pub fn new_set(&mut self, items: Vec<Value>, frozen: bool) -> Result<Value, Raise> {
        let set = Set::new(Table::default(), frozen);
        for item in items {
            self.set_add(&set, item)?;
        }
        Ok(Value::Set(Rc::new(set)))
    }

    /// Updates a dict from a mapping or from pairs.
    pub(crate) fn dict_update(&mut self, dict: &Dict, from: &Value) -> Result<(), Raise> {
        match from.unwrapped() {
            Value::Dict(other) => {
                for (key, value) in other.items() {
                    self.dict_set(dict, key, value)?;
                }
                return Ok(());
            }
            other => {
                if let Some(keys) = self.try_attribute(&other, "keys")? {
                    let keys = self.call(&keys, Vec::new())?;
                    for key in self.collect(&keys)? {
                        let value = self.get_item(&other, &key)?;
                        self.dict_set(dict, key, value)?;
                    }
                    return Ok(());
                }
            }
        }
        for (at, pair) in self.collect(from)?.into_iter().enumerate() {
            if !self.is_iterable(&pair) {
                return Err(self.type_error(format!(
                    "cannot convert dictionary update sequence element #{at} to a sequence"
                )));
            }
            let mut parts = self.collect(&pair)?;
            let (Some(value), Some(key), true) = (parts.pop(), parts.pop(), parts.is_empty())
            else {
                let length = self.collect(&pair)?.len();
                return Err(self.value_error(format!(
                    "dictionary update sequence element #{at} has length {length}; 2 is required"
                )));
            };
            self.dict_set(dict, key, value)?;
        }
        Ok(())
    }

    /// Whether running a value to its end may take long or never end: an iterator that is not a
    /// walk over a native container.
    pub(crate) fn is_lazy(&mut self, value: &Value) -> bool {
        match value {
            Value::Generator(_) => true,
            Value::Iter(iter) => !iter.is_finite(),
            Value::Instance(instance) => instance.base().is_none() && !instance.class().native,
            _ => false,
        }
    }

    /// All items of an iterable.
    pub fn collect(&mut self, value: &Value) -> Result<Vec<Value>, Raise> {
        match value {
            Value::List(list) => return Ok(list.to_vec()),
            Value::Tuple(tuple) => return Ok(tuple.to_vec()),
            Value::Set(_) | Value::Dict(_) | Value::Str(_) => {}
            Value::Instance(_) | Value::Object(_) | Value::Iter(_) | Value::Generator(_) => {}
            _ => {}
        }
        let iterator = self.iter(value)?;
        let mut items = Vec::new();
        let mut counted = 0_usize;
        while let Some(item) = self.next(&iterator)? {
            items.push(item);
            counted += 1;
            if counted.is_multiple_of(4096) {
                self.reserve(items.len() * SLOT)?;
                self.tick(4096)?;
            }
        }
        Ok(items)
    }

    /// Counts work that native code does in a loop against the budget.
    pub(crate) fn tick(&mut self, work: u64) -> Result<(), Raise> {
        self.fuel = self.fuel.saturating_sub(work);
        self.used = self.used.saturating_add(work);
        self.native_work = self.native_work.saturating_add(work);
        if self.native_work > self.limits.nested {
            self.native_work = 0;
            return Err(self.budget_error());
        }
        Ok(())
    }

    /// The error for native work or a nested call that takes too long.
    pub(crate) fn budget_error(&mut self) -> Raise {
        let limit = self.limits.nested;
        self.runtime_error(format!(
            "a call from inside a built-in took more than {limit} instructions"
        ))
    }
}
