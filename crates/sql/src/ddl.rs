//! DDL elements: CREATE, DROP and ALTER as values.

use std::rc::Rc;

use crate::schema::{Column, Constraint, Index, Sequence, Table};
use crate::select::Query;

/// A DDL statement.
#[derive(Clone, Debug)]
pub enum Ddl {
    /// `CREATE TABLE`
    CreateTable(CreateTable),
    /// `DROP TABLE`
    DropTable {
        /// The table.
        table: Table,
        /// `IF EXISTS`
        if_exists: bool,
    },
    /// A column as `CREATE TABLE` spells it; no statement of its own.
    CreateColumn(Column),
    /// `CREATE INDEX`
    CreateIndex {
        /// The index.
        index: Index,
        /// `IF NOT EXISTS`
        if_not_exists: bool,
    },
    /// `DROP INDEX`
    DropIndex {
        /// The index.
        index: Index,
        /// `IF EXISTS`
        if_exists: bool,
    },
    /// `ALTER TABLE … ADD CONSTRAINT`
    AddConstraint(Constraint),
    /// `ALTER TABLE … DROP CONSTRAINT`
    DropConstraint {
        /// The constraint.
        constraint: Constraint,
        /// `IF EXISTS`
        if_exists: bool,
        /// `CASCADE`
        cascade: bool,
    },
    /// `CREATE SEQUENCE`
    CreateSequence {
        /// The sequence.
        sequence: Sequence,
        /// `IF NOT EXISTS`
        if_not_exists: bool,
    },
    /// `DROP SEQUENCE`
    DropSequence {
        /// The sequence.
        sequence: Sequence,
        /// `IF EXISTS`
        if_exists: bool,
    },
    /// `CREATE SCHEMA`
    CreateSchema {
        /// Its name.
        name: Rc<str>,
        /// `IF NOT EXISTS`
        if_not_exists: bool,
    },
    /// `DROP SCHEMA`
    DropSchema {
        /// Its name.
        name: Rc<str>,
        /// `IF EXISTS`
        if_exists: bool,
        /// `CASCADE`
        cascade: bool,
    },
    /// `COMMENT ON TABLE`
    SetTableComment(Table),
    /// `COMMENT ON COLUMN`
    SetColumnComment(crate::schema::Column),
    /// `CREATE TABLE … AS SELECT`
    CreateTableAs {
        /// The table's name.
        name: Rc<str>,
        /// The rows.
        query: Query,
    },
    /// `DDL("…")`: text of the user.
    Text(Rc<str>),
}

/// `CreateTable(table)`
#[derive(Clone, Debug)]
pub struct CreateTable {
    /// The table.
    pub table: Table,
    /// Foreign keys it holds; `None` is all of them.
    pub foreign_keys: Option<Vec<Constraint>>,
    /// `IF NOT EXISTS`
    pub if_not_exists: bool,
}

impl Ddl {
    /// `CreateTable(table)`
    pub fn create_table(table: &Table) -> Self {
        Self::CreateTable(CreateTable {
            table: table.clone(),
            foreign_keys: None,
            if_not_exists: false,
        })
    }

    /// `DropTable(table)`
    pub fn drop_table(table: &Table) -> Self {
        Self::DropTable { table: table.clone(), if_exists: false }
    }
}
