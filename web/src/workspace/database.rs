//! Tables and rows of the fold, with what an open transaction would undo.

use std::collections::BTreeMap;
use std::rc::Rc;
use vidro_protocol::{
    ColumnView, EventBody, RowChange, RowRemoved, TableView, TransactionAction, TransactionChange,
    Value,
};

/// Rows sort by number where SQLite numbers them, by text where it does not.
type RowKey = (i64, String);

/// What happened to a row lately.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum RowMark {
    /// Nothing.
    #[default]
    None,
    /// It is new.
    Inserted,
    /// It has new values.
    Updated,
    /// It went; it is kept as a trace until the transaction ends.
    Deleted,
}

/// One row.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Row {
    /// Values in column order.
    pub values: Vec<Value>,
    /// Values before the change.
    pub before: Vec<Value>,
    /// What happened to it lately.
    pub mark: RowMark,
    /// The script statement that changed it last.
    pub statement: usize,
    /// Whether the change is still open to rollback.
    pub open: bool,
}

/// One table with its rows.
#[derive(Clone, Debug, Default)]
pub(crate) struct TableState {
    /// Engine whose database holds it.
    pub engine: u32,
    /// Table name.
    pub name: String,
    /// Its columns.
    pub columns: Vec<ColumnView>,
    /// Its rows.
    pub rows: BTreeMap<RowKey, Rc<Row>>,
}

impl TableState {
    /// How many rows there are, traces of deleted ones not counted.
    pub(crate) fn count(&self) -> usize {
        self.rows.values().filter(|row| row.mark != RowMark::Deleted).count()
    }
}

#[derive(Clone, Debug)]
enum Undo {
    Row { engine: u32, table: String, key: RowKey, before: Option<Rc<Row>> },
    Savepoint(String),
}

/// All databases of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Database {
    /// Tables in order of creation.
    pub tables: Vec<Rc<TableState>>,
    open: BTreeMap<u32, Vec<Undo>>,
}

impl Database {
    /// How many transactions are open.
    pub(crate) fn open_transactions(&self) -> usize {
        self.open.len()
    }

    pub(super) fn apply(&mut self, body: &EventBody, statement: usize) {
        match body {
            EventBody::TableCreated(table) => self.create(table),
            EventBody::TableDropped(dropped) => {
                self.tables
                    .retain(|table| table.engine != dropped.engine || table.name != dropped.name);
            }
            EventBody::RowInserted(change) => self.write(change, RowMark::Inserted, statement),
            EventBody::RowUpdated(change) => self.write(change, RowMark::Updated, statement),
            EventBody::RowDeleted(removed) => self.remove(removed, statement),
            EventBody::Transaction(change) => self.transact(change),
            _ => {}
        }
    }

    fn create(&mut self, table: &TableView) {
        let state = TableState {
            engine: table.engine,
            name: table.name.clone(),
            columns: table.columns.clone(),
            rows: BTreeMap::new(),
        };
        self.tables.retain(|known| known.engine != table.engine || known.name != table.name);
        self.tables.push(Rc::new(state));
    }

    fn find(&mut self, engine: u32, name: &str) -> Option<&mut TableState> {
        self.tables
            .iter_mut()
            .find(|table| table.engine == engine && table.name == name)
            .map(Rc::make_mut)
    }

    fn write(&mut self, change: &RowChange, mark: RowMark, statement: usize) {
        let open = self.open.contains_key(&change.connection);
        let key = row_key(&change.row);
        let Some(table) = self.find(change.engine, &change.table) else { return };
        let old = table.rows.get(&key).cloned();
        let mut row =
            Row { values: change.values.clone(), mark, statement, open, ..Row::default() };
        if let Some(old) = old.as_ref().filter(|_| mark == RowMark::Updated) {
            let same_change = old.open && open && old.mark != RowMark::None;
            row.before = if same_change { old.before.clone() } else { old.values.clone() };
            if same_change && old.mark == RowMark::Inserted {
                row.mark = RowMark::Inserted;
            }
        }
        table.rows.insert(key.clone(), Rc::new(row));
        self.remember(change.connection, change.engine, &change.table, key, old);
    }

    fn remove(&mut self, removed: &RowRemoved, statement: usize) {
        let open = self.open.contains_key(&removed.connection);
        let key = row_key(&removed.row);
        let Some(table) = self.find(removed.engine, &removed.table) else { return };
        let Some(old) = table.rows.get(&key).cloned() else { return };
        let trace =
            Row { mark: RowMark::Deleted, statement, open, before: Vec::new(), ..(*old).clone() };
        table.rows.insert(key.clone(), Rc::new(trace));
        self.remember(removed.connection, removed.engine, &removed.table, key, Some(old));
    }

    fn remember(
        &mut self,
        connection: u32,
        engine: u32,
        table: &str,
        key: RowKey,
        before: Option<Rc<Row>>,
    ) {
        if let Some(undo) = self.open.get_mut(&connection) {
            undo.push(Undo::Row { engine, table: table.to_owned(), key, before });
        }
    }

    fn transact(&mut self, change: &TransactionChange) {
        let savepoint = change.savepoint.as_deref().unwrap_or_default();
        match change.action {
            TransactionAction::Began => {
                self.sweep();
                self.open.entry(change.connection).or_default();
            }
            TransactionAction::Savepoint => {
                if let Some(undo) = self.open.get_mut(&change.connection) {
                    undo.push(Undo::Savepoint(savepoint.to_owned()));
                }
            }
            TransactionAction::Committed => {
                let undo = self.open.remove(&change.connection).unwrap_or_default();
                self.close(&undo);
            }
            TransactionAction::RolledBack => {
                let undo = self.open.remove(&change.connection).unwrap_or_default();
                self.undo(undo);
            }
            TransactionAction::RolledBackTo => {
                let Some(undo) = self.open.get_mut(&change.connection) else { return };
                let at = undo
                    .iter()
                    .rposition(|entry| matches!(entry, Undo::Savepoint(name) if name == savepoint));
                let tail = at.map(|at| undo.split_off(at + 1)).unwrap_or_default();
                self.undo(tail);
            }
            TransactionAction::Released => {}
        }
    }

    /// Marks rows of a committed transaction as closed; they keep their mark until the next transaction begins.
    fn close(&mut self, undo: &[Undo]) {
        for entry in undo {
            let Undo::Row { engine, table, key, .. } = entry else { continue };
            let Some(table) = self.find(*engine, table) else { continue };
            if let Some(row) = table.rows.get_mut(key) {
                Rc::make_mut(row).open = false;
            }
        }
    }

    fn undo(&mut self, undo: Vec<Undo>) {
        for entry in undo.into_iter().rev() {
            let Undo::Row { engine, table, key, before } = entry else { continue };
            let Some(table) = self.find(engine, &table) else { continue };
            match before {
                Some(row) => table.rows.insert(key, row),
                None => table.rows.remove(&key),
            };
        }
    }

    /// Drops traces and marks that no open transaction holds.
    fn sweep(&mut self) {
        for table in &mut self.tables {
            if table.rows.values().all(|row| row.open || row.mark == RowMark::None) {
                continue;
            }
            let table = Rc::make_mut(table);
            table.rows.retain(|_, row| row.open || row.mark != RowMark::Deleted);
            for row in table.rows.values_mut().filter(|row| !row.open && row.mark != RowMark::None)
            {
                let row = Rc::make_mut(row);
                row.mark = RowMark::None;
                row.before = Vec::new();
            }
        }
    }
}

fn row_key(text: &str) -> RowKey {
    text.parse().map_or_else(|_| (0, text.to_owned()), |number| (number, String::new()))
}
