//! Strings and bytes: shared, immutable, counted against the memory limit when they are large.

use std::cell::Cell;
use std::fmt;
use std::ops::Deref;
use std::rc::Rc;

thread_local! {
    /// Bytes held by containers and large strings, for the memory limit.
    pub(crate) static MEMORY: Cell<usize> = const { Cell::new(0) };
}

/// Strings below this size are not counted: the slots that hold them count for more than they are.
const COUNTED: usize = 128;
/// What a slot of a container counts for: itself and a small value behind it.
pub(crate) const SLOT: usize = 64;

/// An immutable string; cloning shares it.
#[derive(PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Str(Rc<str>);

impl Str {
    fn new(text: Rc<str>) -> Self {
        count(text.len());
        Self(text)
    }

    /// The address of the text, its identity.
    pub(crate) fn address(&self) -> usize {
        self.0.as_ptr().addr()
    }

    /// Whether both share one text, which makes them equal without looking.
    pub(crate) fn same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Clone for Str {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl Drop for Str {
    fn drop(&mut self) {
        if self.0.len() >= COUNTED && Rc::strong_count(&self.0) == 1 {
            uncount(self.0.len());
        }
    }
}

impl Deref for Str {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl Default for Str {
    fn default() -> Self {
        Self::new("".into())
    }
}

impl fmt::Debug for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for Str {
    fn from(value: &str) -> Self {
        Self::new(value.into())
    }
}

impl From<&String> for Str {
    fn from(value: &String) -> Self {
        Self::new(value.as_str().into())
    }
}

impl From<String> for Str {
    fn from(value: String) -> Self {
        Self::new(value.into())
    }
}

/// An immutable sequence of bytes; cloning shares it.
#[derive(PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Bytes(Rc<[u8]>);

impl Bytes {
    pub(crate) fn address(&self) -> usize {
        self.0.as_ptr().addr()
    }
}

impl Clone for Bytes {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl Drop for Bytes {
    fn drop(&mut self) {
        if self.0.len() >= COUNTED && Rc::strong_count(&self.0) == 1 {
            uncount(self.0.len());
        }
    }
}

impl Deref for Bytes {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(value: Vec<u8>) -> Self {
        count(value.len());
        Self(value.into())
    }
}

impl From<&[u8]> for Bytes {
    fn from(value: &[u8]) -> Self {
        Self::from(value.to_vec())
    }
}

fn count(length: usize) {
    if length >= COUNTED {
        MEMORY.with(|memory| memory.set(memory.get().saturating_add(length)));
    }
}

fn uncount(length: usize) {
    // Thread-local state may already be gone when the thread ends; then nobody counts.
    let _ = MEMORY.try_with(|memory| memory.set(memory.get().saturating_sub(length)));
}
