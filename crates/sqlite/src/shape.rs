//! The tables of a connection as SQLite describes them, for those who watch schema changes.

use rusqlite::{Connection, Row};
use vidro_engine::driver::{ColumnShape, TableShape};

/// All tables of the program, in order of creation.
pub(crate) fn tables(connection: &Connection) -> rusqlite::Result<Vec<TableShape>> {
    let names = texts(
        connection,
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~' ORDER BY rowid",
        [],
    )?;
    names.into_iter().map(|name| table(connection, name)).collect()
}

fn table(connection: &Connection, name: String) -> rusqlite::Result<TableShape> {
    let mut columns = Vec::new();
    let mut statement = connection.prepare("SELECT * FROM pragma_table_info(?)")?;
    let mut rows = statement.query([&name])?;
    while let Some(row) = rows.next()? {
        columns.push(column(row)?);
    }
    let mut statement = connection.prepare(
        "SELECT \"from\", \"table\", coalesce(\"to\", 'rowid') FROM pragma_foreign_key_list(?)",
    )?;
    let mut rows = statement.query([&name])?;
    while let Some(row) = rows.next()? {
        let from: String = row.get(0)?;
        let target = format!("{}.{}", row.get::<_, String>(1)?, row.get::<_, String>(2)?);
        if let Some(column) = columns.iter_mut().find(|column| column.name == from) {
            column.foreign_key = Some(target);
        }
    }
    for unique in texts(
        connection,
        "SELECT min(i.name) FROM pragma_index_list(?) AS l, pragma_index_info(l.name) AS i \
         WHERE l.\"unique\" AND l.origin = 'u' GROUP BY l.name HAVING count(*) = 1",
        [&name],
    )? {
        if let Some(column) = columns.iter_mut().find(|column| column.name == unique) {
            column.unique = true;
        }
    }
    Ok(TableShape { name, columns })
}

fn column(row: &Row<'_>) -> rusqlite::Result<ColumnShape> {
    Ok(ColumnShape {
        name: row.get(1)?,
        type_name: row.get(2)?,
        nullable: !row.get::<_, bool>(3)?,
        default: row.get(4)?,
        primary_key: row.get::<_, i64>(5)? > 0,
        unique: false,
        foreign_key: None,
    })
}

fn texts(
    connection: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
) -> rusqlite::Result<Vec<String>> {
    connection.prepare(sql)?.query_map(params, |row| row.get(0))?.collect()
}
