//! Results: `CursorResult`, `ScalarResult` and `MappingResult` over rows in flat storage.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;

use rustc_hash::FxHashSet;
use vidro_sql::Value;

use crate::error::{Error, Result};
use crate::row::{Batch, Keys, Row, Selection};

/// Rows of one execution, taken out one after another. Clones share the position.
#[derive(Clone)]
pub struct ResultSet {
    cursor: Rc<Cursor>,
    selection: Rc<Selection>,
    shape: Shape,
    /// What `unique()` has seen.
    seen: Option<Rc<RefCell<FxHashSet<Vec<Value>>>>>,
    /// `yield_per`
    yield_per: Option<usize>,
}

/// What a result's items are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Named tuples: `CursorResult`
    Rows,
    /// Single values: `ScalarResult`
    Scalars,
    /// Dictionaries: `MappingResult`
    Mappings,
}

/// One item of a result.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// A named tuple.
    Row(Row),
    /// A single value.
    Scalar(Value),
    /// A dictionary, seen through its row.
    Mapping(Row),
}

struct Cursor {
    batch: RefCell<Rc<Batch>>,
    /// The next row to give out.
    next: Cell<usize>,
    state: Cell<State>,
    /// Whether the rows stay for as long as the result does.
    prebuffered: Cell<bool>,
    info: RefCell<Info>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// All rows are gone; asking for more gives none.
    Exhausted,
    /// Closed by somebody; asking for more is an error.
    Closed,
    /// There never were rows.
    Rowless,
}

/// What an execution leaves beside rows.
#[derive(Clone, Debug, Default)]
pub struct Info {
    /// `rowcount`
    pub rowcount: i64,
    /// `lastrowid`
    pub lastrowid: i64,
    /// Whether the statement was an INSERT.
    pub is_insert: bool,
    /// `inserted_primary_key_rows`, one for each parameter set.
    pub inserted_primary_keys: Vec<Vec<Value>>,
    /// The names of the primary key's columns, in order.
    pub primary_key_names: Vec<Rc<str>>,
    /// `last_inserted_params()` and `last_updated_params()`: the last parameter set by name.
    pub last_params: Vec<(Rc<str>, Value)>,
    /// Whether the statement was a compiled one; only those tell about inserted keys.
    pub compiled: bool,
    /// How many parameter sets there were.
    pub sets: usize,
}

impl ResultSet {
    /// A result of rows that are there already.
    pub fn new(keys: Rc<Keys>, values: Vec<Value>, info: Info) -> Self {
        let width = keys.len();
        Self::over(keys, Batch { values, width }, State::Open, info)
    }

    /// A result of rows without columns is still counted: `width` says how values are cut.
    pub fn rowless(info: Info) -> Self {
        Self::over(Rc::default(), Batch { values: Vec::new(), width: 0 }, State::Rowless, info)
    }

    fn over(keys: Rc<Keys>, batch: Batch, state: State, info: Info) -> Self {
        let cursor = Cursor {
            batch: RefCell::new(Rc::new(batch)),
            next: Cell::new(0),
            state: Cell::new(state),
            prebuffered: Cell::new(false),
            info: RefCell::new(info),
        };
        Self {
            cursor: Rc::new(cursor),
            selection: Rc::new(Selection { keys, positions: None }),
            shape: Shape::Rows,
            seen: None,
            yield_per: None,
        }
    }

    /// What its items are.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// What the execution leaves beside rows.
    pub fn info(&self) -> Info {
        self.cursor.info.borrow().clone()
    }

    /// `rowcount`
    pub fn rowcount(&self) -> i64 {
        self.cursor.info.borrow().rowcount
    }

    /// `returns_rows`
    pub fn returns_rows(&self) -> bool {
        self.cursor.state.get() != State::Rowless
    }

    /// `closed`
    pub fn is_closed(&self) -> bool {
        matches!(self.cursor.state.get(), State::Closed | State::Rowless)
    }

    /// `keys()`
    pub fn keys(&self) -> Result<Rc<Keys>> {
        if self.cursor.state.get() == State::Rowless {
            return Err(rowless());
        }
        Ok(Rc::clone(&self.selection.keys))
    }

    /// `close()`
    pub fn close(&self) {
        if self.cursor.state.get() != State::Rowless {
            self.cursor.state.set(State::Closed);
        }
        self.drop_rows();
    }

    /// `prebuffer_rows`: what the rows hold stays alive for as long as the result, though they were read.
    pub fn prebuffer(&self) {
        self.cursor.prebuffered.set(true);
    }

    /// `scalars(index)`
    pub fn scalars(&self, index: usize) -> Result<Self> {
        let mut scalars = self.columns(&[index])?;
        scalars.shape = Shape::Scalars;
        scalars.seen = None;
        Ok(scalars)
    }

    /// `mappings()`
    pub fn mappings(&self) -> Self {
        Self { shape: Shape::Mappings, ..self.clone() }
    }

    /// `columns(*positions)`
    pub fn columns(&self, positions: &[usize]) -> Result<Self> {
        let old = &self.selection;
        let mut keys = Keys::default();
        let mut picked = Vec::with_capacity(positions.len());
        for position in positions {
            let name = old.keys.names().get(*position);
            let stored = match &old.positions {
                Some(known) => known.get(*position).copied(),
                None => Some(*position),
            };
            let (Some(name), Some(stored)) = (name, stored) else {
                if self.cursor.state.get() == State::Rowless {
                    return Err(rowless());
                }
                return Err(Error::index("list index out of range"));
            };
            keys.push(Rc::clone(name));
            picked.push(stored);
        }
        let selection = Selection { keys: Rc::new(keys), positions: Some(picked) };
        Ok(Self { selection: Rc::new(selection), ..self.clone() })
    }

    /// `unique()`, by value.
    pub fn unique(&self) -> Self {
        Self { seen: Some(Rc::default()), ..self.clone() }
    }

    /// `yield_per(count)`
    pub fn yield_per(&self, count: usize) -> Self {
        Self { yield_per: Some(count), ..self.clone() }
    }

    /// The size of the partitions asked for by `yield_per`.
    pub fn partition_size(&self) -> Option<usize> {
        self.yield_per
    }

    /// The next item: `fetchone()` and iteration.
    pub fn next_item(&self) -> Result<Option<Item>> {
        match self.cursor.state.get() {
            State::Open => {}
            State::Exhausted => return Ok(None),
            State::Closed => return Err(Error::resource_closed("This result object is closed.")),
            State::Rowless => return Err(rowless()),
        }
        while let Some(row) = self.next_row() {
            if let Some(seen) = &self.seen
                && !seen.borrow_mut().insert(row.to_vec())
            {
                continue;
            }
            return Ok(Some(self.shaped(row)));
        }
        self.cursor.state.set(State::Exhausted);
        self.drop_rows();
        Ok(None)
    }

    fn next_row(&self) -> Option<Row> {
        let batch = self.cursor.batch.borrow();
        let number = self.cursor.next.get();
        let count = batch.values.len().checked_div(batch.width).unwrap_or(0);
        if number >= count {
            return None;
        }
        self.cursor.next.set(number + 1);
        Some(Row::new(Rc::clone(&batch), Rc::clone(&self.selection), number))
    }

    fn shaped(&self, row: Row) -> Item {
        match self.shape {
            Shape::Rows => Item::Row(row),
            Shape::Scalars => Item::Scalar(row.get(0).cloned().unwrap_or_default()),
            Shape::Mappings => Item::Mapping(row),
        }
    }

    fn drop_rows(&self) {
        if self.cursor.prebuffered.get() {
            return;
        }
        self.cursor.batch.replace(Rc::new(Batch { values: Vec::new(), width: 0 }));
    }

    /// `all()`
    pub fn all(&self) -> Result<Vec<Item>> {
        let mut items = Vec::new();
        while let Some(item) = self.next_item()? {
            items.push(item);
        }
        Ok(items)
    }

    /// `fetchmany(size)`; without a size the one of `yield_per`, or all.
    pub fn fetch_many(&self, size: Option<usize>) -> Result<Vec<Item>> {
        // A cursor's own size of a fetch is one row; rows that are there already come all at once.
        let own = (self.cursor.info.borrow().sets == 1).then_some(1);
        let Some(size) = size.or(self.yield_per).or(own) else { return self.all() };
        let mut items = Vec::new();
        while items.len() < size {
            match self.next_item()? {
                Some(item) => items.push(item),
                None => break,
            }
        }
        Ok(items)
    }

    /// `first()`, which closes the result.
    pub fn first(&self) -> Result<Option<Item>> {
        let item = self.next_item()?;
        self.close();
        Ok(item)
    }

    /// `one()`
    pub fn one(&self) -> Result<Item> {
        let message = "Multiple rows were found when exactly one was required";
        let item = self.at_most_one(message)?;
        item.ok_or_else(|| Error::no_result_found("No row was found when one was required"))
    }

    /// `one_or_none()`
    pub fn one_or_none(&self) -> Result<Option<Item>> {
        self.at_most_one("Multiple rows were found when one or none was required")
    }

    /// `scalar()`: the first column of the first row.
    pub fn scalar(&self) -> Result<Value> {
        Ok(self.first()?.map_or(Value::Null, first_value))
    }

    /// `scalar_one()`
    pub fn scalar_one(&self) -> Result<Value> {
        self.one().map(first_value)
    }

    /// `scalar_one_or_none()`
    pub fn scalar_one_or_none(&self) -> Result<Value> {
        Ok(self.one_or_none()?.map_or(Value::Null, first_value))
    }

    fn at_most_one(&self, message: &str) -> Result<Option<Item>> {
        let first = self.next_item()?;
        let second = if first.is_some() { self.next_item()? } else { None };
        self.close();
        if second.is_some() { Err(Error::multiple_results_found(message)) } else { Ok(first) }
    }

    /// `inserted_primary_key`
    pub fn inserted_primary_key(&self) -> Result<Row> {
        let info = self.cursor.info.borrow();
        if !info.compiled {
            return Err(Error::invalid_request(
                "Statement is not a compiled expression construct.",
            ));
        }
        if !info.is_insert {
            return Err(Error::invalid_request(
                "Statement is not an insert() expression construct.",
            ));
        }
        if info.sets > 1 {
            return Err(Error::invalid_request(
                "This statement was an executemany call; if primary key returning is supported, \
                 please use .inserted_primary_key_rows.",
            ));
        }
        let keys = Keys::new(info.primary_key_names.iter().cloned());
        let values = info.inserted_primary_keys.first().cloned().unwrap_or_default();
        Ok(Row::from_values(Rc::new(keys), values))
    }
}

fn first_value(item: Item) -> Value {
    match item {
        Item::Scalar(value) => value,
        Item::Row(row) | Item::Mapping(row) => row.get(0).cloned().unwrap_or_default(),
    }
}

fn rowless() -> Error {
    Error::resource_closed(
        "This result object does not return rows. It has been closed automatically.",
    )
}

impl fmt::Debug for ResultSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResultSet")
            .field("keys", &self.selection.keys.names())
            .field("shape", &self.shape)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #[cfg(all(target_family = "wasm", target_os = "unknown"))]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn result() -> ResultSet {
        let keys = Keys::new(["id".into(), "name".into()]);
        let values = vec![1.into(), "a".into(), 2.into(), "b".into(), 1.into(), "a".into()];
        ResultSet::new(Rc::new(keys), values, Info::default())
    }

    fn show<T: fmt::Debug>(result: Result<T>) -> String {
        match result {
            Ok(value) => format!("{value:?}"),
            Err(error) => format!("{error:?}"),
        }
    }

    #[test]
    fn rows_come_out_in_every_shape() {
        assert_eq!(result().all().unwrap().len(), 3);
        assert_eq!(result().unique().all().unwrap().len(), 2);
        assert_eq!(show(result().first()), "Some(Row((1, 'a')))");
        assert_eq!(show(result().scalars(1).and_then(|s| s.first())), "Some(Scalar('a'))");
        assert_eq!(show(result().mappings().first()), "Some(Mapping((1, 'a')))");
        assert_eq!(show(result().columns(&[1, 0]).and_then(|s| s.first())), "Some(Row(('a', 1)))");
        assert_eq!(result().fetch_many(Some(2)).unwrap().len(), 2);
        assert_eq!(show(result().scalar()), "1");
    }

    #[test]
    fn misuse_is_worded_as_sqlalchemy_words_it() {
        let multiple =
            "MultipleResultsFound: Multiple rows were found when exactly one was required";
        assert_eq!(show(result().one()), multiple);
        let multiple =
            "MultipleResultsFound: Multiple rows were found when one or none was required";
        assert_eq!(show(result().one_or_none()), multiple);
        let closed = result();
        closed.close();
        assert_eq!(show(closed.all()), "ResourceClosedError: This result object is closed.");
        let used = result();
        used.all().unwrap();
        assert_eq!(show(used.all()), "[]");
        assert_eq!(show(used.one()), "NoResultFound: No row was found when one was required");
        let rowless = "ResourceClosedError: This result object does not return rows. It has been closed automatically.";
        assert_eq!(show(ResultSet::rowless(Info::default()).all()), rowless);
    }

    #[test]
    fn rows_answer_by_name_and_index() {
        let Ok(Some(Item::Row(row))) = result().first() else { unreachable!() };
        assert_eq!(show(row.attribute("name").cloned()), "'a'");
        assert_eq!(show(row.index(-1).cloned()), "'a'");
        let missing = "Could not locate column in row for column 'x'";
        assert_eq!(show(row.attribute("x").cloned()), format!("AttributeError: {missing}"));
        assert_eq!(show(row.mapped("x").cloned()), format!("NoSuchColumnError: {missing}"));
        assert_eq!(show(row.index(2).cloned()), "IndexError: tuple index out of range");
    }
}
