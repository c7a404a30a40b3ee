//! INSERT, UPDATE and DELETE of mapped classes in bulk: no objects, no unit of work, sessions kept in step.

mod evaluate;

use std::rc::Rc;

use vidro_engine::{Connection, ExecutionOptions, Item as ResultItem, ResultSet};
use vidro_sql::Value;
use vidro_sql::dml::{Delete, DmlKey, Insert, Update};
use vidro_sql::expr::{Expr, Operand, and_};
use vidro_sql::schema::Column;
use vidro_sql::statement::Statement;

use crate::Orm;
use crate::error::{Error, Result};
use crate::flush;
use crate::host::Host;
use crate::instance::{Flags, InstanceId, Key, Slot, State};
use crate::load::{self, EntityId, Item, Rows};
use crate::mapping::{Mapper, MapperId, Property};
use crate::session::{self, SessionId, Transition, transition};
use evaluate::Evaluator;

/// One row of a bulk statement: attribute or column keys and values.
pub type BulkRow = Vec<(Rc<str>, Value)>;

/// How objects in the session learn of an UPDATE or DELETE: `synchronize_session`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Synchronize {
    /// By evaluating the condition in Python, else by fetching keys.
    #[default]
    Auto,
    /// By evaluating the condition in Python.
    Evaluate,
    /// By fetching the keys of the rows.
    Fetch,
    /// Not at all.
    No,
}

/// What a bulk statement did.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Rows matched, or -1.
    pub rowcount: i64,
    /// What RETURNING gave.
    pub rows: Option<Rows>,
}

/// `session.execute(insert(User), [row, …])`: rows of one shape share a statement.
pub fn bulk_insert(
    orm: &mut Orm,
    host: &mut dyn Host,
    session: SessionId,
    mapper: MapperId,
    insert: Option<Insert>,
    rows: &[BulkRow],
    returning: &[Item],
) -> Result<Outcome> {
    flush::autoflush(orm, host, session)?;
    let mapper = Rc::clone(orm.mapping.mapper(mapper));
    let connection = session::connection(orm, host, session)?;
    let mut outcome = Outcome::default();
    for (index, mapped) in mapper.tables.iter().enumerate() {
        let own = index + 1 == mapper.tables.len();
        let base = match (&insert, own) {
            (Some(insert), true) => insert.clone(),
            _ => Insert::new(mapped.table.clone()),
        };
        let in_table = |row: &BulkRow| -> Result<BulkRow> {
            let mut set = Vec::with_capacity(row.len());
            for (key, value) in row {
                let columns = columns_of(&mapper, key)?;
                let column = columns.iter().find(|c| belongs(c, &mapped.table));
                if let Some(column) = column.filter(|_| !value.is_null()) {
                    set.push((column.key(), value.clone()));
                }
            }
            identity(&mapper, mapped, &mut set);
            Ok(set)
        };
        let sets = rows.iter().map(in_table).collect::<Result<Vec<_>>>()?;
        for group in group(&sets) {
            let statement = with_returning(orm, &base, own.then_some(returning))?;
            let result = run(&connection, statement.into(), group)?;
            outcome.rowcount += result.rowcount();
            if own && !returning.is_empty() {
                let rows = hydrate(orm, session, returning, &result)?;
                append(&mut outcome.rows, rows);
            }
        }
    }
    Ok(outcome)
}

/// The discriminator of a class goes with every row of the table that holds it.
fn identity(mapper: &Mapper, mapped: &crate::mapping::MappedTable, set: &mut BulkRow) {
    let (Some(on), Some(identity)) = (mapper.polymorphic_on, &mapper.polymorphic_identity) else {
        return;
    };
    let column = mapped.columns.iter().find(|column| column.attribute == Some(on));
    if let Some(column) = column
        && !set.iter().any(|(key, _)| **key == *column.column.key())
    {
        set.push((column.column.key(), identity.clone()));
    }
}

fn columns_of<'a>(mapper: &'a Mapper, key: &str) -> Result<&'a [Column]> {
    match mapper.property(key) {
        Some(Property::Column(index)) => Ok(&mapper.column(index)?.columns),
        _ => Err(Error::invalid_request(format!(
            "Attribute name not found, can't be synchronized back to objects: '{key}'"
        ))),
    }
}

fn belongs(column: &Column, table: &vidro_sql::schema::Table) -> bool {
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

fn run(connection: &Connection, statement: Statement, sets: &[BulkRow]) -> Result<ResultSet> {
    Ok(connection.execute(&statement, sets, &ExecutionOptions::default())?)
}

/// `session.execute(update(User), [row, …])`: each row names its primary key.
pub fn bulk_update(
    orm: &mut Orm,
    host: &mut dyn Host,
    session: SessionId,
    mapper: MapperId,
    rows: &[BulkRow],
) -> Result<Outcome> {
    flush::autoflush(orm, host, session)?;
    let mapper = Rc::clone(orm.mapping.mapper(mapper));
    let connection = session::connection(orm, host, session)?;
    let mut outcome = Outcome::default();
    for mapped in &mapper.tables {
        let keys: Vec<&crate::mapping::TableColumn> =
            mapped.primary_key.iter().filter_map(|i| mapped.columns.get(*i)).collect();
        let mut sets = Vec::with_capacity(rows.len());
        for row in rows {
            let mut set = Vec::with_capacity(row.len());
            let mut missing: Vec<String> = keys.iter().map(|c| c.column.to_string()).collect();
            let mut changes = false;
            for (key, value) in row {
                let columns = columns_of(&mapper, key)?;
                let Some(column) = columns.iter().find(|c| belongs(c, &mapped.table)) else {
                    continue;
                };
                if keys.iter().any(|k| k.column.ptr_eq(column)) {
                    missing.retain(|name| *name != column.to_string());
                    set.push((label(column), value.clone()));
                } else {
                    changes = true;
                    set.push((column.key(), value.clone()));
                }
            }
            if !missing.is_empty() {
                return Err(Error::invalid_request(format!(
                    "No primary key value supplied for column(s) {}; per-row ORM Bulk UPDATE by \
                     Primary Key requires that records contain primary key values",
                    missing.join(", ")
                ))
                .with_code("bupq"));
            }
            if changes {
                sets.push(set);
            }
        }
        let mut update = Update::new(mapped.table.clone());
        for key in &keys {
            let bind = Expr::bindparam(label(&key.column), key.column.ty());
            update = update.where_(key.column.expr().eq(bind)?);
        }
        for group in group(&sets) {
            let result = run(&connection, update.clone().into(), group)?;
            let matched = result.rowcount();
            let expected = i64::try_from(group.len()).unwrap_or(i64::MAX);
            if matched >= 0 && matched != expected {
                return Err(Error::stale_data(format!(
                    "UPDATE statement on table '{}' expected to update {expected} row(s); \
                     {matched} were matched.",
                    mapped.table.full_name()
                )));
            }
            outcome.rowcount += matched;
        }
    }
    take_over(orm, session, &mapper, rows)?;
    Ok(outcome)
}

/// `users_id`: the name that finds a row, told apart from the one that is written.
fn label(column: &Column) -> Rc<str> {
    let table = column.table().map(|t| t.name().text.to_string()).unwrap_or_default();
    format!("{table}_{}", column.name().text).into()
}

/// Objects in the session take over what a bulk UPDATE by key wrote.
fn take_over(orm: &mut Orm, session: SessionId, mapper: &Mapper, rows: &[BulkRow]) -> Result<()> {
    for row in rows {
        let attribute = |key: &str| match mapper.property(key) {
            Some(Property::Column(index)) => Some(index),
            _ => None,
        };
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

/// `session.execute(update(User).where(…).values(…))`
#[expect(clippy::too_many_arguments, reason = "a statement, its values and what is wanted of it")]
pub fn update(
    orm: &mut Orm,
    host: &mut dyn Host,
    session: SessionId,
    mapper: MapperId,
    update: Update,
    values: Vec<(DmlKey, Operand)>,
    synchronize: Synchronize,
    returning: &[Item],
) -> Result<Outcome> {
    flush::autoflush(orm, host, session)?;
    let owner = Rc::clone(orm.mapping.mapper(mapper));
    let conditions = update.where_.clone();
    let mut written = Vec::with_capacity(values.len());
    let mut changes: Vec<(Option<u16>, Operand)> = Vec::with_capacity(values.len());
    for (key, value) in values {
        let (key, attribute) = resolve(&owner, key)?;
        changes.push((attribute, value.clone()));
        written.push((key, value));
    }
    let update = update.values(written)?;
    let criterion = load::class_criterion(orm, EntityId::of(mapper))?;
    let update = criterion.into_iter().fold(update, Update::where_);
    let matched = Matched::before(orm, session, &owner, &conditions, synchronize)?;
    let fetched = if matched.fetches() { key_exprs(&owner) } else { Default::default() };
    let columns = returning_columns(orm, returning)?;
    let extra = columns.len();
    let update = update.returning(columns).returning(fetched);
    let connection = session::connection(orm, host, session)?;
    let result = run(&connection, update.into(), &[])?;
    let rowcount = result.rowcount();
    let rows = all_values(&result)?;
    for id in matched.after(orm, session, &owner, &rows, extra)? {
        write_back(orm, &owner, id, &changes)?;
    }
    let count =
        if rows.is_empty() { rowcount } else { i64::try_from(rows.len()).unwrap_or(rowcount) };
    let rows = rows_of(orm, session, returning, &rows, &result)?;
    Ok(Outcome { rowcount: count, rows })
}

/// The column key and attribute that a key of `values()` means.
fn resolve(mapper: &Mapper, key: DmlKey) -> Result<(DmlKey, Option<u16>)> {
    match &key {
        DmlKey::Name(name) => match mapper.property(name) {
            Some(Property::Column(index)) => {
                let column = mapper.column(index)?.column().map(Column::key);
                Ok((column.map_or(key, DmlKey::Name), Some(index)))
            }
            _ => Ok((key, None)),
        },
        DmlKey::Column(expr) => {
            let attribute = expr.schema_column().and_then(|column| mapper.attribute_of(column));
            Ok((key, attribute))
        }
    }
}

/// Objects take over what was written to their rows; what cannot be told expires.
fn write_back(
    orm: &mut Orm,
    mapper: &Mapper,
    id: InstanceId,
    changes: &[(Option<u16>, Operand)],
) -> Result<()> {
    let mut values = Vec::with_capacity(changes.len());
    for (attribute, operand) in changes {
        let Some(attribute) = attribute else { continue };
        let value = match operand {
            Operand::Value(value) => Some(value.clone()),
            Operand::Expr(expr) => Evaluator { orm, mapper }.value(expr, id),
        };
        values.push((*attribute, value));
    }
    for (attribute, value) in values {
        let instance = &orm.instances[id];
        let unchanged = instance.committed_column(attribute).is_none();
        if !instance.column(attribute).is_loaded() {
            continue;
        }
        match value.filter(|_| unchanged) {
            Some(value) => *orm.instances.column_mut(id, attribute) = Slot::Value(value),
            None => {
                let key = Rc::clone(&mapper.column(attribute)?.key);
                session::expire_attributes(orm, id, &[&key])?;
            }
        }
    }
    Ok(())
}

/// `session.execute(delete(User).where(…))`
pub fn delete(
    orm: &mut Orm,
    host: &mut dyn Host,
    session: SessionId,
    mapper: MapperId,
    delete: Delete,
    synchronize: Synchronize,
    returning: &[Item],
) -> Result<Outcome> {
    flush::autoflush(orm, host, session)?;
    let owner = Rc::clone(orm.mapping.mapper(mapper));
    let criterion = load::class_criterion(orm, EntityId::of(mapper))?;
    let matched = Matched::before(orm, session, &owner, &delete.where_, synchronize)?;
    let delete = criterion.into_iter().fold(delete, Delete::where_);
    let fetched = if matched.fetches() { key_exprs(&owner) } else { Default::default() };
    let columns = returning_columns(orm, returning)?;
    let extra = columns.len();
    let delete = delete.returning(columns).returning(fetched);
    let connection = session::connection(orm, host, session)?;
    let result = run(&connection, delete.into(), &[])?;
    let rowcount = result.rowcount();
    let rows = all_values(&result)?;
    let count =
        if rows.is_empty() { rowcount } else { i64::try_from(rows.len()).unwrap_or(rowcount) };
    let returned = rows_of(orm, session, returning, &rows, &result)?;
    for id in matched.after(orm, session, &owner, &rows, extra)? {
        remove(orm, session, id)?;
    }
    Ok(Outcome { rowcount: count, rows: returned })
}

/// An object whose row a bulk DELETE took.
fn remove(orm: &mut Orm, session: SessionId, id: InstanceId) -> Result<()> {
    if orm.instances[id].state != State::Persistent {
        return Ok(());
    }
    let base = orm.mapper_of(id)?.base;
    let key = orm.instances[id].key.clone();
    let owner = orm.sessions.get_mut(session)?;
    if let Some(key) = &key {
        owner.identity.discard(base, key, id);
    }
    if let Some(transaction) = owner.transactions.last_mut() {
        transaction.deleted.push(id);
    }
    orm.instances[id].flags.set(Flags::TO_DELETE, false);
    transition(orm, id, Transition::PersistentToDeleted)
}

/// Which objects of the session a statement concerns, and how that is found out.
enum Matched {
    /// Nobody asks.
    No,
    /// Those whose attributes satisfy the condition, found before it runs.
    Evaluated(Vec<InstanceId>),
    /// Those whose keys the statement returns.
    Fetched,
}

impl Matched {
    fn before(
        orm: &Orm,
        session: SessionId,
        mapper: &Mapper,
        conditions: &[Expr],
        synchronize: Synchronize,
    ) -> Result<Self> {
        if synchronize == Synchronize::No {
            return Ok(Self::No);
        }
        if synchronize == Synchronize::Fetch {
            return Ok(Self::Fetched);
        }
        let condition = match conditions {
            [] => Expr::true_(),
            [only] => only.clone(),
            _ => and_(conditions.iter().cloned())?,
        };
        let evaluator = Evaluator { orm, mapper };
        if let Err(reason) = evaluator.check(&condition) {
            if synchronize == Synchronize::Auto {
                return Ok(Self::Fetched);
            }
            return Err(Error::invalid_request(format!(
                "Could not evaluate current criteria in Python: \"{reason}\". Specify 'fetch' or \
                 False for the synchronize_session execution option."
            )));
        }
        let concerns = |id: &InstanceId| {
            orm.mapping.is_a(orm.instances[*id].mapper, mapper.id)
                && evaluator.holds(&condition, *id)
        };
        let known = orm.sessions.get(session)?.identity.all();
        Ok(Self::Evaluated(known.into_iter().filter(concerns).collect()))
    }

    fn fetches(&self) -> bool {
        matches!(self, Self::Fetched)
    }

    /// The objects, once the statement has run; keys stand behind `extra` other columns.
    fn after(
        self,
        orm: &Orm,
        session: SessionId,
        mapper: &Mapper,
        rows: &[Vec<Value>],
        extra: usize,
    ) -> Result<Vec<InstanceId>> {
        match self {
            Self::No => Ok(Vec::new()),
            Self::Evaluated(ids) => Ok(ids),
            Self::Fetched => {
                let identity = &orm.sessions.get(session)?.identity;
                let of = |row: &Vec<Value>| identity.get(mapper.base, &Key::new(row.get(extra..)?));
                Ok(rows.iter().filter_map(of).collect())
            }
        }
    }
}

fn key_exprs(mapper: &Mapper) -> Vec<Expr> {
    let of = |pk: &u16| mapper.column(*pk).ok()?.column().map(Column::expr);
    mapper.primary_key.iter().filter_map(of).collect()
}

fn with_returning(orm: &Orm, insert: &Insert, returning: Option<&[Item]>) -> Result<Insert> {
    let columns = returning_columns(orm, returning.unwrap_or_default())?;
    if columns.is_empty() {
        return Ok(insert.clone());
    }
    Ok(insert.clone().altered(|s| s.returning = columns))
}

/// The columns that RETURNING gives for these items.
fn returning_columns(orm: &Orm, returning: &[Item]) -> Result<Vec<Expr>> {
    let mut columns = Vec::new();
    load::item_layouts(orm, returning, &mut columns)?;
    Ok(columns)
}

fn all_values(result: &ResultSet) -> Result<Vec<Vec<Value>>> {
    if !result.returns_rows() {
        return Ok(Vec::new());
    }
    let of = |item: ResultItem| match item {
        ResultItem::Row(row) | ResultItem::Mapping(row) => row.to_vec(),
        ResultItem::Scalar(value) => vec![value],
    };
    Ok(result.all()?.into_iter().map(of).collect())
}

fn hydrate(
    orm: &mut Orm,
    session: SessionId,
    returning: &[Item],
    result: &ResultSet,
) -> Result<Option<Rows>> {
    let rows = all_values(result)?;
    rows_of(orm, session, returning, &rows, result)
}

fn rows_of(
    orm: &mut Orm,
    session: SessionId,
    returning: &[Item],
    rows: &[Vec<Value>],
    result: &ResultSet,
) -> Result<Option<Rows>> {
    if returning.is_empty() {
        return Ok(None);
    }
    let names = result.keys().map(|keys| keys.names().to_vec()).unwrap_or_default();
    load::hydrate_values(orm, session, returning, rows, &names).map(Some)
}

fn append(into: &mut Option<Rows>, rows: Option<Rows>) {
    match (into.as_mut(), rows) {
        (Some(into), Some(rows)) => into.cells.extend(rows.cells),
        (None, rows) => *into = rows,
        (Some(_), None) => {}
    }
}
