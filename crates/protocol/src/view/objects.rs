//! Objects, their states and the values in them.

use crate::ObjectId;
use serde::{Deserialize, Serialize};

/// Where an object stands towards its session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// No session knows it, and it has no row.
    #[default]
    Transient,
    /// A session will insert it at the next flush.
    Pending,
    /// It stands for a row.
    Persistent,
    /// Its row was deleted in a transaction that is still open.
    Deleted,
    /// It has, or had, a row, but no session watches it.
    Detached,
}

/// What a value is, as far as its look depends on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ValueKind {
    /// Python's `None`, SQL's NULL.
    None,
    /// `True` or `False`.
    Bool,
    /// Any number.
    Number,
    /// A string.
    Text,
    /// A mapped object.
    Object,
    /// Anything else: bytes, dates, lists.
    #[default]
    Other,
}

/// One value, ready to show.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Value {
    /// Python's `repr`, shortened when very long.
    pub text: String,
    /// What it is.
    pub kind: ValueKind,
    /// The object it refers to, when it is one.
    pub object: Option<ObjectId>,
}

/// A value and the attribute or column that holds it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedValue {
    /// Attribute or column name.
    pub name: String,
    /// What it holds.
    pub value: Value,
}

/// The key of an object in the identity map.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityKey {
    /// The mapped class that owns the key: the base class of an inheritance tree.
    pub class: String,
    /// Primary-key values as Python prints them.
    pub values: Vec<String>,
}
