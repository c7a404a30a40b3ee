//! `create_all` and `drop_all`: DDL in order of dependency, tables that are there left out.

use vidro_sql::ddl::{CreateTable, Ddl};
use vidro_sql::schema::{MetaData, SortedTables, Table, sort_tables, sort_tables_in_order};
use vidro_sql::statement::Statement;

use crate::bind::Bind;
use crate::connection::Connection;
use crate::error::Result;
use crate::event::{Construct, Note};
use crate::execute::{Call, Style};
use crate::inspect::has_table;

/// `metadata.create_all(bind, tables, checkfirst)`
pub fn create_all(
    bind: &Bind,
    metadata: &MetaData,
    tables: Option<&[Table]>,
    checkfirst: bool,
) -> Result<()> {
    let chosen = chosen(metadata, tables);
    bind.begin(|connection| {
        let missing = filter(connection, chosen, checkfirst, false)?;
        let sorted = sorted(connection, &missing);
        let alter = connection.engine().dialect().caps().alter;
        // A reference that leads nowhere is told before anything is created.
        for (table, _) in &sorted.tables {
            for foreign_key in table.foreign_keys() {
                foreign_key.column()?;
            }
        }
        for (table, keys) in &sorted.tables {
            let foreign_keys = alter.then(|| keys.clone());
            let table = table.clone();
            let create = CreateTable { table, foreign_keys, if_not_exists: false };
            create_one(connection, create)?;
        }
        if alter {
            for constraint in sorted.remaining {
                run_ddl(connection, Ddl::AddConstraint(constraint))?;
            }
        }
        Ok(())
    })
}

/// `metadata.drop_all(bind, tables, checkfirst)`
pub fn drop_all(
    bind: &Bind,
    metadata: &MetaData,
    tables: Option<&[Table]>,
    checkfirst: bool,
) -> Result<()> {
    let chosen = chosen(metadata, tables);
    bind.begin(|connection| {
        let present = filter(connection, chosen, checkfirst, true)?;
        let sorted = sorted(connection, &present);
        if connection.engine().dialect().caps().alter {
            for constraint in sorted.remaining {
                let (if_exists, cascade) = (false, false);
                run_ddl(connection, Ddl::DropConstraint { constraint, if_exists, cascade })?;
            }
        }
        for (table, _) in sorted.tables.iter().rev() {
            run_ddl(connection, Ddl::drop_table(table))?;
        }
        Ok(())
    })
}

/// `table.create(bind, checkfirst)`
pub fn create_table(bind: &Bind, table: &Table, checkfirst: bool) -> Result<()> {
    bind.begin(|connection| {
        if checkfirst && is_there(connection, table)? {
            return Ok(());
        }
        let (table, foreign_keys) = (table.clone(), None);
        create_one(connection, CreateTable { table, foreign_keys, if_not_exists: false })
    })
}

/// `table.drop(bind, checkfirst)`
pub fn drop_table(bind: &Bind, table: &Table, checkfirst: bool) -> Result<()> {
    bind.begin(|connection| {
        if checkfirst && !is_there(connection, table)? {
            return Ok(());
        }
        run_ddl(connection, Ddl::drop_table(table))
    })
}

/// Runs one DDL element.
pub fn run_ddl(connection: &Connection, ddl: Ddl) -> Result<()> {
    let construct = Construct::from(Statement::Ddl(ddl));
    let host = connection.engine().host();
    let note = Note::NoKey(host.now());
    let dialect = connection.engine().dialect();
    let sql = construct.text(dialect)?;
    let call = Call { sql: &sql, construct: Some(&construct), note, style: Style::Once, total: 1 };
    let mut ignore = |_: &dyn crate::driver::RowView| std::ops::ControlFlow::Continue(());
    connection.run_set(&call, &[], &mut ignore).map(drop)
}

fn create_one(connection: &Connection, create: CreateTable) -> Result<()> {
    let table = create.table.clone();
    run_ddl(connection, Ddl::CreateTable(create))?;
    for index in table.indexes() {
        run_ddl(connection, Ddl::CreateIndex { index, if_not_exists: false })?;
    }
    Ok(())
}

fn chosen(metadata: &MetaData, tables: Option<&[Table]>) -> Vec<Table> {
    match tables {
        Some(tables) => tables.to_vec(),
        None => metadata.tables().into_iter().map(|(_, table)| table).collect(),
    }
}

/// The tables that are there, or those that are not.
fn filter(
    connection: &Connection,
    tables: Vec<Table>,
    checkfirst: bool,
    wanted: bool,
) -> Result<Vec<Table>> {
    let mut kept = Vec::with_capacity(tables.len());
    for table in tables {
        if !checkfirst || is_there(connection, &table)? == wanted {
            kept.push(table);
        }
    }
    Ok(kept)
}

fn is_there(connection: &Connection, table: &Table) -> Result<bool> {
    has_table(connection, table.schema().map(|schema| &*schema.text), &table.name().text)
}

fn sorted(connection: &Connection, tables: &[Table]) -> SortedTables {
    if connection.engine().host().tables_by_name() {
        sort_tables(tables)
    } else {
        sort_tables_in_order(tables)
    }
}
