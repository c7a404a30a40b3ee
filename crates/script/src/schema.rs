//! `sqlalchemy.schema`: metadata, tables, columns, constraints, indexes, DDL.

mod column;
mod ddl;
mod item;
mod metadata;
mod table;

use vidro_python::{Raise, Value, Vm};
use vidro_sql::schema::{Column, MetaData, Table};

pub(crate) use column::{ColumnArguments, ColumnObject, column_arguments, refuse_rest};
pub(crate) use ddl::DdlObject;
pub(crate) use item::{Item, ItemObject};
pub(crate) use metadata::{metadata_object, metadata_of};
pub(crate) use table::{new_table, table_options};

use crate::expression::FromObject;
use crate::world::World;

/// The module of the classes.
pub(crate) const SCHEMA: &str = "sqlalchemy.sql.schema";

/// Makes all classes.
pub(crate) fn define(vm: &mut Vm) {
    item::define(vm);
    column::define(vm);
    table::define(vm);
    metadata::define(vm);
    ddl::define(vm);
}

/// The Python object of a column: always the same one.
pub(crate) fn column_object(vm: &mut Vm, column: &Column) -> Result<Value, Raise> {
    let world = World::of(vm)?;
    let known = world.wrappers.borrow().get(&column.id()).cloned();
    if let Some(known) = known {
        return Ok(known);
    }
    let made = Value::object(ColumnObject { column: column.clone() });
    world.wrappers.borrow_mut().insert(column.id(), made.clone());
    Ok(made)
}

/// The Python object of a table: always the same one.
pub(crate) fn table_object(vm: &mut Vm, table: &Table) -> Result<Value, Raise> {
    let world = World::of(vm)?;
    let known = world.wrappers.borrow().get(&table.id()).cloned();
    if let Some(known) = known {
        return Ok(known);
    }
    let made = Value::object(FromObject { from: table.into() });
    world.wrappers.borrow_mut().insert(table.id(), made.clone());
    Ok(made)
}

/// The table behind a Python value, if it is one.
pub(crate) fn as_table(value: &Value) -> Option<Table> {
    value.downcast_ref::<FromObject>().and_then(|object| object.from.as_table().cloned())
}

/// The column behind a Python value, if it is a plain one.
pub(crate) fn as_column(value: &Value) -> Option<Column> {
    value.downcast_ref::<ColumnObject>().map(|object| object.column.clone())
}

/// The metadata that a table belongs to, as a Python object.
pub(crate) fn metadata_of_table(vm: &mut Vm, table: &Table) -> Result<Value, Raise> {
    match table.metadata() {
        Some(metadata) => metadata_object(vm, &metadata),
        None => Ok(Value::None),
    }
}

/// A fresh metadata object.
pub(crate) fn new_metadata(vm: &mut Vm) -> Result<Value, Raise> {
    metadata_object(vm, &MetaData::new())
}
