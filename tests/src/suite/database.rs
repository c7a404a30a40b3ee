//! A driver that remembers its connections, so that their tables can be read when the script has ended.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::rc::{Rc, Weak};

use vidro_engine::driver::{
    DriverConnection, DriverResult, Exchange, RowChange, RowView, TableShape,
};
use vidro_engine::sql::{Value, ValueRef};
use vidro_engine::{Driver, Result, Url};
use vidro_sqlite::Sqlite;

use super::observed::{Cell, TableRows};

type Open = RefCell<Box<dyn DriverConnection>>;

/// SQLite, shared by a script and whoever looks at its databases afterwards.
pub(crate) struct Shared {
    /// Where relative paths lead.
    folder: PathBuf,
    /// Every connection ever opened; those the script closed are gone.
    connections: RefCell<Vec<Weak<Open>>>,
}

impl Shared {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder, connections: RefCell::default() }
    }

    /// The rows of every table of every database, each file once.
    pub(crate) fn tables(&self) -> Vec<TableRows> {
        let mut files = BTreeSet::new();
        let mut tables = Vec::new();
        for connection in self.connections.borrow().iter().filter_map(Weak::upgrade) {
            let mut connection = connection.borrow_mut();
            let file = query(&mut **connection, "PRAGMA database_list");
            let file = file.first().and_then(|row| row.get(2)).map(text).unwrap_or_default();
            if file.is_empty() || files.insert(file) {
                tables.extend(tables_of(&mut **connection));
            }
        }
        tables
    }
}

impl Driver for Shared {
    fn connect(&self, url: &Url) -> Result<Box<dyn DriverConnection>> {
        let mut url = url.clone();
        if !self.is_memory(&url) {
            url.database = url.database.map(|name| match name.starts_with("file:") {
                true => name,
                false => self.folder.join(name).to_string_lossy().into_owned(),
            });
        }
        let connection = Rc::new(RefCell::new(Sqlite.connect(&url)?));
        self.connections.borrow_mut().push(Rc::downgrade(&connection));
        Ok(Box::new(Handle(connection)))
    }

    fn check_url(&self, url: &Url) -> Result<()> {
        Sqlite.check_url(url)
    }

    fn is_memory(&self, url: &Url) -> bool {
        Sqlite.is_memory(url)
    }
}

/// The script's end of a connection.
struct Handle(Rc<Open>);

impl DriverConnection for Handle {
    fn execute(&mut self, sql: &str, many: bool, exchange: &mut dyn Exchange) -> DriverResult<()> {
        self.0.borrow_mut().execute(sql, many, exchange)
    }

    fn commit(&mut self) -> DriverResult<()> {
        self.0.borrow_mut().commit()
    }

    fn rollback(&mut self) -> DriverResult<()> {
        self.0.borrow_mut().rollback()
    }

    fn in_transaction(&self) -> bool {
        self.0.borrow().in_transaction()
    }

    fn set_autocommit(&mut self, on: bool) {
        self.0.borrow_mut().set_autocommit(on);
    }

    fn autocommit(&self) -> bool {
        self.0.borrow().autocommit()
    }

    fn watch_rows(&mut self, on: bool) {
        self.0.borrow_mut().watch_rows(on);
    }

    fn take_row_changes(&mut self) -> Vec<RowChange> {
        self.0.borrow_mut().take_row_changes()
    }

    fn tables(&mut self) -> DriverResult<Vec<TableShape>> {
        self.0.borrow_mut().tables()
    }

    fn set_step_limit(&mut self, steps: Option<u64>) {
        self.0.borrow_mut().set_step_limit(steps);
    }

    fn last_insert_rowid(&self) -> i64 {
        self.0.borrow().last_insert_rowid()
    }
}

fn tables_of(connection: &mut dyn DriverConnection) -> Vec<TableRows> {
    let names = query(
        connection,
        "SELECT name FROM sqlite_master WHERE type = 'table' \
         AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid",
    );
    names.iter().filter_map(|row| row.first()).map(|name| rows_of(connection, text(name))).collect()
}

/// A table's rows by primary key, or by rowid where it has none.
fn rows_of(connection: &mut dyn DriverConnection, name: String) -> TableRows {
    let columns = query(connection, &format!("PRAGMA table_info({})", quoted(&name)));
    let column = |row: &Vec<Cell>| row.get(1).map(text).unwrap_or_default();
    let mut key: Vec<(i64, String)> = Vec::new();
    for row in &columns {
        if let Some(Cell::Integer(place @ 1..)) = row.get(5) {
            key.push((*place, quoted(&column(row))));
        }
    }
    key.sort();
    let key: Vec<String> = key.into_iter().map(|(_, name)| name).collect();
    let order = if key.is_empty() { "rowid".to_owned() } else { key.join(", ") };
    let select = format!("SELECT * FROM {} ORDER BY {order}", quoted(&name));
    let rows = query(connection, &select);
    TableRows { name, columns: columns.iter().map(column).collect(), rows }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn text(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => text.clone(),
        Cell::Null | Cell::Integer(_) | Cell::Real(_) | Cell::Blob(_) => String::new(),
    }
}

/// All rows of a statement; none where it fails, as on a connection in ruins.
fn query(connection: &mut dyn DriverConnection, sql: &str) -> Vec<Vec<Cell>> {
    let mut rows = Rows { asked: false, rows: Vec::new() };
    match connection.execute(sql, false, &mut rows) {
        Ok(()) => rows.rows,
        Err(_) => Vec::new(),
    }
}

struct Rows {
    asked: bool,
    rows: Vec<Vec<Cell>>,
}

impl Exchange for Rows {
    fn next_set(&mut self, _: &mut Vec<Value>) -> bool {
        !std::mem::replace(&mut self.asked, true)
    }

    fn row(&mut self, row: &dyn RowView) -> ControlFlow<()> {
        self.rows.push((0..row.len()).map(|index| cell(row.get(index))).collect());
        ControlFlow::Continue(())
    }
}

fn cell(value: ValueRef<'_>) -> Cell {
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Int(number) => Cell::Integer(number),
        ValueRef::Real(number) => Cell::Real(number),
        ValueRef::Text(text) => Cell::Text(text.to_owned()),
        ValueRef::Blob(bytes) => Cell::Blob(bytes.to_vec()),
    }
}
