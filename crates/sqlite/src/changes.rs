//! Changed rows, taken from SQLite's pre-update hook.

use std::cell::RefCell;

use rusqlite::Connection;
use rusqlite::hooks::{Action, PreUpdateCase};
use rusqlite::types::ValueRef;
use vidro_engine::driver::RowChange;
use vidro_engine::sql::Value;

thread_local! {
    /// The hook may own nothing that is bound to a thread, so what it finds waits here, beside the
    /// number of the connection that it came from.
    static WAITING: RefCell<Vec<(u32, RowChange)>> = const { RefCell::new(Vec::new()) };
}

/// Starts or stops recording.
pub(crate) fn watch(connection: &mut Connection, token: u32, on: bool) {
    let hook = move |_: Action, database: &str, table: &str, case: &PreUpdateCase| {
        if database != "main" && database != "temp" {
            return;
        }
        let change = match case {
            PreUpdateCase::Insert(new) => RowChange {
                table: table.into(),
                rowid: new.get_new_row_id(),
                old: Vec::new(),
                new: values(new.get_column_count(), |i| new.get_new_column_value(i)),
            },
            PreUpdateCase::Delete(old) => RowChange {
                table: table.into(),
                rowid: old.get_old_row_id(),
                old: values(old.get_column_count(), |i| old.get_old_column_value(i)),
                new: Vec::new(),
            },
            PreUpdateCase::Update { old_value_accessor: old, new_value_accessor: new } => {
                RowChange {
                    table: table.into(),
                    rowid: old.get_old_row_id(),
                    old: values(old.get_column_count(), |i| old.get_old_column_value(i)),
                    new: values(new.get_column_count(), |i| new.get_new_column_value(i)),
                }
            }
            PreUpdateCase::Unknown => return,
        };
        WAITING.with_borrow_mut(|waiting| waiting.push((token, change)));
    };
    // Only a connection that is being closed refuses a hook.
    let _ = connection.preupdate_hook(on.then_some(hook));
}

/// What was recorded for a connection, which is forgotten here.
pub(crate) fn take(token: u32) -> Vec<RowChange> {
    WAITING.with_borrow_mut(|waiting| {
        let taken = waiting.extract_if(.., |(owner, _)| *owner == token);
        taken.map(|(_, change)| change).collect()
    })
}

fn values<'a>(count: i32, get: impl Fn(i32) -> rusqlite::Result<ValueRef<'a>>) -> Vec<Value> {
    (0..count).map(|index| get(index).map_or(Value::Null, to_value)).collect()
}

fn to_value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(i) => Value::Int(i),
        ValueRef::Real(r) => Value::Real(r),
        ValueRef::Text(text) => Value::text(String::from_utf8_lossy(text).as_ref()),
        ValueRef::Blob(blob) => Value::Blob(blob.into()),
    }
}
