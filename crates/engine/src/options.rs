//! Execution options of engines, connections and statements: a small map with names for the known ones.

use std::rc::Rc;

use indexmap::IndexMap;
use vidro_sql::Value;

/// Execution options by name.
#[derive(Clone, Debug, Default)]
pub struct ExecutionOptions(IndexMap<Rc<str>, Value>);

impl ExecutionOptions {
    /// One option's value.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// Sets an option.
    pub fn insert(&mut self, name: &str, value: Value) {
        self.0.insert(name.into(), value);
    }

    /// All options in the order they were set.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }

    /// Whether none is set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// These options with others laid over them.
    pub fn merged(&self, over: &Self) -> Self {
        let mut merged = self.clone();
        for (name, value) in &over.0 {
            merged.0.insert(Rc::clone(name), value.clone());
        }
        merged
    }

    /// A string option.
    pub fn text(&self, name: &str) -> Option<Rc<str>> {
        match self.get(name) {
            Some(Value::Text(text)) => Some(Rc::clone(text)),
            _ => None,
        }
    }

    /// `isolation_level`
    pub fn isolation_level(&self) -> Option<&str> {
        self.get("isolation_level").and_then(Value::as_str)
    }

    /// `yield_per`
    pub fn yield_per(&self) -> Option<usize> {
        self.count("yield_per")
    }

    /// `insertmanyvalues_page_size`
    pub fn insertmanyvalues_page_size(&self) -> Option<usize> {
        self.count("insertmanyvalues_page_size")
    }

    /// Whether `compiled_cache=None` switches caching off.
    pub fn caching_disabled(&self) -> bool {
        self.get("compiled_cache").is_some_and(Value::is_null)
    }

    fn count(&self, name: &str) -> Option<usize> {
        self.get(name).and_then(Value::as_int).and_then(|count| usize::try_from(count).ok())
    }
}
