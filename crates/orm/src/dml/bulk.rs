//! Rows written without objects: grouped by the columns they give, each table of a class in turn.

use std::rc::Rc;

use vidro_sql::Value;
use vidro_sql::dml::{Insert, Update};
use vidro_sql::expr::Expr;
use vidro_sql::schema::{Column, Table};

use super::{BulkRow, DmlOptions, Outcome, Returning, Synchronize, run, values};
use crate::Orm;
use crate::error::{Error, Result};
use crate::flush;
use crate::host::Host;
use crate::instance::{InstanceId, Key, Slot};
use crate::mapping::{MappedTable, Mapper, MapperId, Property, TableColumn};
use crate::session::{self, SessionId};

/// `session.execute(insert(User), [row, …])` and `session.bulk_insert_mappings(User, [row, …])`.
pub fn bulk_insert(
    orm: &mut Orm,
    host: &mut dyn Host,
    session: SessionId,
    mapper: MapperId,
    statement: Option<&Insert>,
    rows: &[BulkRow],
    options: &DmlOptions,
) -> Result<Outcome> {
    flush::autoflush(orm, host, session)?;
    let mapper = Rc::clone(orm.mapping.mapper(mapper));
    let returning = Returning::new(orm, options)?;
    let mut writer = Writer {
        mapper: &mapper,
        statement,
        returning: &returning,
        render_nulls: options.render_nulls,
        keys: vec![Vec::new(); rows.len()],
        returned: vec![vec![Value::Null; returning.columns.len()]; rows.len()],
    };
    let connection = session::connection(orm, host, session)?;
    for mapped in &mapper.tables {
        let sets: Vec<BulkRow> =
            rows.iter().enumerate().map(|(at, row)| writer.set(mapped, at, row)).collect();
        let mut start = 0;
        for group in group(&sets) {
            writer.write(&connection, mapped, start, group)?;
            start += group.len();
        }
    }
    let rows = returning.read(orm, session, writer.returned)?;
    Ok(Outcome { info: None, rows })
}

/// A bulk INSERT at work.
struct Writer<'a> {
    mapper: &'a Mapper,
    statement: Option<&'a Insert>,
    returning: &'a Returning<'a>,
    render_nulls: bool,
    /// The primary key that the first table made for each row.
    keys: Vec<Vec<Value>>,
    /// What RETURNING gave for each row, from whatever table.
    returned: Vec<Vec<Value>>,
}

impl Writer<'_> {
    /// What a row gives to a table, by column key.
    fn set(&self, mapped: &MappedTable, at: usize, row: &BulkRow) -> BulkRow {
        let mut set = Vec::with_capacity(row.len());
        for column in &mapped.columns {
            let Some(attribute) = column.attribute else { continue };
            let given = |(name, _): &&(Rc<str>, Value)| matches!(self.mapper.property(name), Some(Property::Column(i)) if i == attribute);
            let given = row.iter().find(given).map(|(_, value)| value.clone());
            let made = || {
                let position = self.mapper.primary_key.iter().position(|pk| *pk == attribute)?;
                self.keys.get(at)?.get(position).cloned()
            };
            let identity = || {
                let identity = self.mapper.polymorphic_identity.clone();
                identity.filter(|_| self.mapper.polymorphic_on == Some(attribute))
            };
            let value = given.or_else(made).or_else(identity);
            let value = value.filter(|value| self.render_nulls || !value.is_null());
            set.extend(value.map(|value| (column.column.key(), value)));
        }
        set
    }

    /// One statement for rows that give the same columns.
    fn write(
        &mut self,
        connection: &vidro_engine::Connection,
        mapped: &MappedTable,
        start: usize,
        group: &[BulkRow],
    ) -> Result<()> {
        let several = self.mapper.tables.len() > 1;
        let is_first = self.mapper.tables.first().is_some_and(|t| t.table.ptr_eq(&mapped.table));
        let own =
            |column: &&Expr| column.schema_column().is_some_and(|c| belongs(c, &mapped.table));
        let mut columns: Vec<Expr> = self.returning.columns.iter().filter(own).cloned().collect();
        let keys = primary_key(mapped);
        let given =
            |key: &&Column| group.iter().all(|set| set.iter().any(|(name, _)| *name == key.key()));
        let needs_keys = several && is_first && !keys.iter().all(|key| given(&key));
        let asked = needs_keys && (group.len() > 1 || !columns.is_empty());
        for key in keys.iter().filter(|_| asked || (several && !self.returning.is_empty())) {
            if is_first && !columns.iter().any(|column| column.same_column(&key.expr())) {
                columns.push(key.expr());
            }
        }
        let order = |column: &Expr| {
            let own = |own: &TableColumn| own.column.expr().same_column(column);
            mapped.columns.iter().position(own)
        };
        columns.sort_by_key(order);
        let base = match self.statement {
            Some(statement)
                if statement.table.as_table().is_some_and(|t| t.ptr_eq(&mapped.table)) =>
            {
                statement.clone()
            }
            _ => Insert::new(&mapped.table),
        };
        let statement = base.altered(|s| {
            s.sort_by_parameter_order |= several && !columns.is_empty();
            s.returning.clone_from(&columns);
        });
        let result = run(connection, statement.into(), group)?;
        let info = result.info();
        for (at, row) in values(&result)?.into_iter().enumerate() {
            self.take(start + at, &columns, row, is_first.then_some(&keys));
        }
        if needs_keys && !asked {
            let made = info.inserted_primary_keys.into_iter();
            self.keys.iter_mut().skip(start).zip(made).for_each(|(slot, key)| *slot = key);
        }
        Ok(())
    }

    /// Notes what a table returned for a row.
    fn take(&mut self, at: usize, columns: &[Expr], row: Vec<Value>, keys: Option<&Vec<Column>>) {
        let value_of = |wanted: &Expr| {
            let position = columns.iter().position(|column| column.same_column(wanted))?;
            row.get(position).cloned()
        };
        if let (Some(keys), Some(slot)) = (keys, self.keys.get_mut(at)) {
            let made: Option<Vec<Value>> = keys.iter().map(|key| value_of(&key.expr())).collect();
            *slot = made.unwrap_or_default();
        }
        if let Some(returned) = self.returned.get_mut(at) {
            for (slot, wanted) in returned.iter_mut().zip(&self.returning.columns) {
                if let Some(value) = value_of(wanted) {
                    *slot = value;
                }
            }
        }
    }
}

fn primary_key(mapped: &MappedTable) -> Vec<Column> {
    let of = |at: &usize| mapped.columns.get(*at).map(|column| column.column.clone());
    mapped.primary_key.iter().filter_map(of).collect()
}

fn belongs(column: &Column, table: &Table) -> bool {
    column.table().is_some_and(|t| t.ptr_eq(table))
}

/// Runs of consecutive rows that give the same columns.
fn group(sets: &[BulkRow]) -> Vec<&[BulkRow]> {
    let keys = |set: &BulkRow| {
        let mut keys: Vec<Rc<str>> = set.iter().map(|(key, _)| Rc::clone(key)).collect();
        keys.sort();
        keys
    };
    sets.chunk_by(|a, b| keys(a) == keys(b)).collect()
}

/// `session.execute(update(User), [row, …])`: each row names its primary key.
pub fn bulk_update(
    orm: &mut Orm,
    host: &mut dyn Host,
    session: SessionId,
    mapper: MapperId,
    statement: Option<&Update>,
    rows: &[BulkRow],
    synchronize: Synchronize,
) -> Result<Outcome> {
    let restricted = statement.is_some_and(|statement| !statement.where_.is_empty());
    if synchronize == Synchronize::Fetch {
        return Err(Error::invalid_request(
            "The 'fetch' synchronization strategy is not available for 'bulk' ORM updates (i.e. \
             multiple parameter sets)",
        ));
    }
    if restricted && synchronize != Synchronize::No {
        return Err(Error::invalid_request(
            "bulk synchronize of persistent objects not supported when using bulk update with \
             additional WHERE criteria right now.  add synchronize_session=None execution option \
             to bypass synchronize of persistent objects.",
        ));
    }
    flush::autoflush(orm, host, session)?;
    let mapper = Rc::clone(orm.mapping.mapper(mapper));
    let connection = session::connection(orm, host, session)?;
    for mapped in &mapper.tables {
        let mut sets = Vec::with_capacity(rows.len());
        for row in rows {
            sets.extend(update_set(&mapper, mapped, row)?);
        }
        let own = statement.filter(|s| s.table.as_table().is_some_and(|t| t.ptr_eq(&mapped.table)));
        let mut update = own.cloned().unwrap_or_else(|| Update::new(&mapped.table));
        for key in primary_key(mapped) {
            let bind = Expr::bindparam(label(&key), key.ty());
            update = update.where_(key.expr().eq(bind)?);
        }
        for group in group(&sets) {
            let matched = run(&connection, update.clone().into(), group)?.rowcount();
            let expected = i64::try_from(group.len()).unwrap_or(i64::MAX);
            if matched >= 0 && matched != expected && !restricted {
                return Err(Error::stale_data(format!(
                    "UPDATE statement on table '{}' expected to update {expected} row(s); \
                     {matched} were matched.",
                    mapped.table.full_name()
                )));
            }
        }
    }
    if synchronize != Synchronize::No {
        take_over(orm, session, &mapper, rows)?;
    }
    Ok(Outcome::default())
}

/// What a row changes in a table, with its key; `None` when it changes nothing there.
fn update_set(mapper: &Mapper, mapped: &MappedTable, row: &BulkRow) -> Result<Option<BulkRow>> {
    let given = |column: &TableColumn| {
        let named = |(name, _): &&(Rc<str>, Value)| matches!(mapper.property(name), Some(Property::Column(i)) if Some(i) == column.attribute);
        row.iter().find(named).map(|(_, value)| value.clone())
    };
    let mut set = Vec::with_capacity(row.len());
    let mut missing = Vec::new();
    let mut changes = false;
    for (at, column) in mapped.columns.iter().enumerate() {
        match (mapped.primary_key.contains(&at), given(column)) {
            (true, Some(value)) => set.push((label(&column.column), value)),
            (true, None) => missing.push(column.column.to_string()),
            (false, Some(value)) => {
                changes = true;
                set.push((column.column.key(), value));
            }
            (false, None) => {}
        }
    }
    if !missing.is_empty() {
        return Err(Error::invalid_request(format!(
            "No primary key value supplied for column(s) {}; per-row ORM Bulk UPDATE by Primary \
             Key requires that records contain primary key values",
            missing.join(", ")
        ))
        .with_code("bupq"));
    }
    Ok(changes.then_some(set))
}

/// `users_id`: the name that finds a row, told apart from the one that is written.
fn label(column: &Column) -> Rc<str> {
    let table = column.table().map(|t| t.name().text.to_string()).unwrap_or_default();
    format!("{table}_{}", column.name().text).into()
}

/// Objects in the session take over what a bulk UPDATE by key wrote.
fn take_over(orm: &mut Orm, session: SessionId, mapper: &Mapper, rows: &[BulkRow]) -> Result<()> {
    let attribute = |key: &str| match mapper.property(key) {
        Some(Property::Column(index)) => Some(index),
        _ => None,
    };
    for row in rows {
        let of = |pk: &u16| row.iter().find(|(key, _)| attribute(key) == Some(*pk));
        let key: Option<Vec<Value>> =
            mapper.primary_key.iter().map(|pk| of(pk).map(|(_, value)| value.clone())).collect();
        let Some(key) = key else { continue };
        let found = orm.sessions.get(session)?.identity.get(mapper.base, &Key::new(&key));
        let Some(id) = found else { continue };
        for (key, value) in row {
            if let Some(index) = attribute(key)
                && orm.instances[id].column(index).is_loaded()
            {
                *orm.instances.column_mut(id, index) = Slot::Value(value.clone());
            }
        }
    }
    Ok(())
}

/// Runs one of the session's `bulk_` methods, which fail as a flush does: the transaction is rolled back
/// and waits for `rollback()`.
pub fn as_flush<T>(
    orm: &mut Orm,
    host: &mut dyn Host,
    session: SessionId,
    run: impl FnOnce(&mut Orm, &mut dyn Host) -> Result<T>,
) -> Result<T> {
    session::autobegin(orm, session)?;
    match run(orm, host) {
        Ok(done) => Ok(done),
        Err(error) => {
            session::flush_failed(orm, host, session, &error)?;
            Err(error)
        }
    }
}

/// `session.bulk_save_objects(objects)`: rows of objects, which stay as they are.
pub fn save_objects(
    orm: &mut Orm,
    host: &mut dyn Host,
    session: SessionId,
    objects: &[InstanceId],
) -> Result<()> {
    let kind =
        |orm: &Orm, id: InstanceId| (orm.instances[id].mapper, orm.instances[id].key.is_some());
    let mut rest = objects;
    while let Some(first) = rest.first() {
        let (mapper, persistent) = kind(orm, *first);
        let same = rest.iter().take_while(|id| kind(orm, **id) == (mapper, persistent)).count();
        let (run, others) = rest.split_at(same);
        rest = others;
        let rows = run.iter().map(|id| row_of(orm, *id, persistent)).collect::<Result<Vec<_>>>()?;
        if persistent {
            bulk_update(orm, host, session, mapper, None, &rows, Synchronize::No)?;
        } else {
            let options = DmlOptions::default();
            bulk_insert(orm, host, session, mapper, None, &rows, &options)?;
        }
    }
    Ok(())
}

/// The loaded attributes of an object; of a persistent one, its key and what changed.
fn row_of(orm: &Orm, id: InstanceId, persistent: bool) -> Result<BulkRow> {
    let mapper = orm.mapper_of(id)?;
    let instance = &orm.instances[id];
    let mut row = Vec::new();
    for (column, index) in mapper.columns.iter().zip(0_u16..) {
        let wanted = !persistent
            || mapper.primary_key.contains(&index)
            || instance.committed_column(index).is_some();
        if let (true, Slot::Value(value)) = (wanted, instance.column(index)) {
            row.push((Rc::clone(&column.key), value.clone()));
        }
    }
    Ok(row)
}
