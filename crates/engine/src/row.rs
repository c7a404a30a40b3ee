//! Rows: handles into the flat storage of one result.

use std::cmp::Ordering;
use std::fmt;
use std::rc::Rc;

use rustc_hash::FxHashMap;
use vidro_sql::Value;

use crate::error::{Error, Result};

/// The names of a result's columns, and what else finds them.
#[derive(Debug, Default)]
pub struct Keys {
    /// The names, in order.
    names: Vec<Rc<str>>,
    /// Positions by name; `None` where a name is there twice.
    positions: FxHashMap<Rc<str>, Option<usize>>,
    /// Positions by the identity of a column or label; `None` where it is there twice.
    identities: FxHashMap<usize, Option<usize>>,
    /// Errors name the missing key alone, as those of results without a cursor do.
    plain_errors: bool,
}

impl Keys {
    /// Keys of these names.
    pub fn new(names: impl IntoIterator<Item = Rc<str>>) -> Self {
        let mut keys = Self::default();
        for name in names {
            keys.push(name);
        }
        keys
    }

    /// Keys of a result that has no cursor.
    pub fn without_cursor(names: impl IntoIterator<Item = Rc<str>>) -> Self {
        Self { plain_errors: true, ..Self::new(names) }
    }

    /// Adds a column and gives its position.
    pub fn push(&mut self, name: Rc<str>) -> usize {
        let position = self.names.len();
        let seen = |known: &mut Option<usize>| *known = None;
        self.positions.entry(Rc::clone(&name)).and_modify(seen).or_insert(Some(position));
        self.names.push(name);
        position
    }

    /// Lets another name find a position, unless it is taken.
    pub fn alias(&mut self, name: Rc<str>, position: usize) {
        self.positions.entry(name).or_insert(Some(position));
    }

    /// Lets a column or label find a position.
    pub fn identify(&mut self, identity: usize, position: usize) {
        let clash = |known: &mut Option<usize>| {
            if *known != Some(position) {
                *known = None;
            }
        };
        self.identities.entry(identity).and_modify(clash).or_insert(Some(position));
    }

    /// The names, in order.
    pub fn names(&self) -> &[Rc<str>] {
        &self.names
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The position of a name.
    pub fn position(&self, name: &str) -> Result<usize> {
        match self.positions.get(name) {
            Some(Some(position)) => Ok(*position),
            Some(None) => Err(ambiguous(name)),
            None => Err(self.missing(name)),
        }
    }

    fn missing(&self, name: &str) -> Error {
        if self.plain_errors {
            return Error::key(name);
        }
        Error::no_such_column(not_located(name))
    }

    /// The position of a column or label by its identity, by its name where the identity is unknown.
    pub fn position_of(&self, identity: usize, name: &str) -> Result<usize> {
        match self.identities.get(&identity) {
            Some(Some(position)) => Ok(*position),
            Some(None) => Err(ambiguous(name)),
            None if self.identities.is_empty() => self.position(name),
            None => Err(self.missing(name)),
        }
    }

    /// Whether a name is there.
    pub fn contains(&self, name: &str) -> bool {
        self.positions.contains_key(name)
    }
}

fn not_located(name: &str) -> String {
    format!("Could not locate column in row for column '{name}'")
}

fn ambiguous(name: &str) -> Error {
    Error::invalid_request(format!(
        "Ambiguous column name '{name}' in result set column descriptions"
    ))
}

/// The values of a result, one row after another.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) values: Vec<Value>,
    /// Columns of each row in `values`.
    pub(crate) width: usize,
}

/// Columns picked out of a row, in their order.
#[derive(Debug)]
pub(crate) struct Selection {
    pub(crate) keys: Rc<Keys>,
    /// Positions in the stored row; `None` takes all.
    pub(crate) positions: Option<Vec<usize>>,
}

/// One row: a named tuple. Two words and an index, cheap to clone.
#[derive(Clone)]
pub struct Row {
    batch: Rc<Batch>,
    selection: Rc<Selection>,
    start: usize,
}

impl Row {
    pub(crate) fn new(batch: Rc<Batch>, selection: Rc<Selection>, number: usize) -> Self {
        let start = number * batch.width;
        Self { batch, selection, start }
    }

    /// A row of its own.
    pub fn from_values(keys: Rc<Keys>, values: Vec<Value>) -> Self {
        let width = values.len();
        let selection = Rc::new(Selection { keys, positions: None });
        Self::new(Rc::new(Batch { values, width }), selection, 0)
    }

    /// The names of its columns: `_fields`.
    pub fn keys(&self) -> &Rc<Keys> {
        &self.selection.keys
    }

    /// How many values it has.
    pub fn len(&self) -> usize {
        self.selection.positions.as_ref().map_or(self.batch.width, Vec::len)
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A value by position.
    pub fn get(&self, index: usize) -> Option<&Value> {
        let position = match &self.selection.positions {
            Some(positions) => *positions.get(index)?,
            None if index < self.batch.width => index,
            None => return None,
        };
        self.batch.values.get(self.start + position)
    }

    /// A value by Python's index, which may be negative.
    pub fn index(&self, index: i64) -> Result<&Value> {
        let len = i64::try_from(self.len()).unwrap_or(i64::MAX);
        let index = if index < 0 { index + len } else { index };
        let value = usize::try_from(index).ok().and_then(|index| self.get(index));
        value.ok_or_else(|| Error::index("tuple index out of range"))
    }

    /// `row.name`
    pub fn attribute(&self, name: &str) -> Result<&Value> {
        match self.keys().position(name) {
            Ok(position) => self.index(i64::try_from(position).unwrap_or(i64::MAX)),
            Err(error) if self.keys().contains(name) => Err(error),
            Err(_) if self.keys().plain_errors => Err(Error::attribute(name)),
            Err(_) => Err(Error::attribute(not_located(name))),
        }
    }

    /// `row._mapping[name]`
    pub fn mapped(&self, name: &str) -> Result<&Value> {
        self.index(i64::try_from(self.keys().position(name)?).unwrap_or(i64::MAX))
    }

    /// All values.
    pub fn iter(&self) -> impl Iterator<Item = &Value> {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// All values, owned.
    pub fn to_vec(&self) -> Vec<Value> {
        self.iter().cloned().collect()
    }
}

/// Python's `repr()`: that of a tuple.
impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(")?;
        for (index, value) in self.iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            f.write_str(&value.repr())?;
        }
        f.write_str(if self.len() == 1 { ",)" } else { ")" })
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PartialEq for Row {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().zip(other.iter()).all(|(a, b)| a == b)
    }
}

impl Row {
    /// Python's tuple ordering, where the values have one.
    pub fn compare(&self, other: &Self, order: impl Fn(&Value, &Value) -> Ordering) -> Ordering {
        for (a, b) in self.iter().zip(other.iter()) {
            if a != b {
                return order(a, b);
            }
        }
        self.len().cmp(&other.len())
    }
}
