//! Refreshing: attributes of one object loaded again.

use std::ops::ControlFlow;
use std::rc::Rc;

use vidro_sql::select::Select;

use super::entity::EntityId;
use super::layout::Layout;
use super::lazy::{entity_select, key_value, own_tables_select, where_key};
use super::strategy::{self, Choice};
use super::{LoadKey, LoadSql, Loader};
use crate::Orm;
use crate::error::{Error, Result};
use crate::event::{Event, Purpose};
use crate::flush;
use crate::host::Host;
use crate::instance::{Flags, InstanceId, Key, Passive, Slot};
use crate::mapping::{Mapper, Property};
use crate::session::{self, SessionId};

/// Loads every expired attribute of an object, the way reading one of them does.
pub(crate) fn refresh_expired(orm: &mut Orm, host: &mut dyn Host, id: InstanceId) -> Result<()> {
    let attributes = expired_attributes(orm, id);
    refresh_attributes(orm, host, id, &attributes)
}

/// The attributes of an object that reading one of them loads.
pub(crate) fn expired_attributes(orm: &Orm, id: InstanceId) -> Vec<u16> {
    let instance = &orm.instances[id];
    let wanted = |index: &u16| {
        matches!(instance.column(*index), Slot::Expired)
            && instance.committed_column(*index).is_none()
    };
    let count = orm.mapping.mapper(instance.mapper).columns.len();
    (0..u16::try_from(count).unwrap_or(u16::MAX)).filter(wanted).collect()
}

/// Relationships that were expired with an object and not read or changed since.
fn expired_relationships(orm: &Orm, id: InstanceId) -> Vec<u16> {
    let instance = &orm.instances[id];
    if !instance.flags.has(Flags::EXPIRED) {
        return Vec::new();
    }
    let untouched = |slot: &u16| {
        !instance.related(*slot).is_loaded() && instance.committed_related(*slot).is_none()
    };
    let count = orm.mapping.mapper(instance.mapper).relationships.len();
    (0..u16::try_from(count).unwrap_or(u16::MAX)).filter(untouched).collect()
}

/// Loads these attributes of an object that is expected to have a row.
pub(crate) fn refresh_attributes(
    orm: &mut Orm,
    host: &mut dyn Host,
    id: InstanceId,
    attributes: &[u16],
) -> Result<()> {
    let purpose = Purpose::Refresh { instance: id };
    let found = load_attributes(orm, host, id, attributes, purpose, true)?;
    orm.instances[id].flags.set(Flags::EXPIRED, false);
    if !found {
        return Err(Error::object_deleted(format!(
            "Instance '{}' has been deleted, or its row is otherwise not present.",
            orm.state_str(id)
        )));
    }
    Ok(())
}

/// Loads some attributes of a persistent object; false when there is no row.
pub(super) fn load_attributes(
    orm: &mut Orm,
    host: &mut dyn Host,
    id: InstanceId,
    attributes: &[u16],
    purpose: Purpose,
    autoflush: bool,
) -> Result<bool> {
    let mapper = orm.mapper_of(id)?;
    let session = orm.instances[id].session;
    let session = session.ok_or_else(|| {
        Error::detached(format!(
            "Instance {} is not bound to a Session; attribute refresh operation cannot proceed",
            orm.state_str(id)
        ))
    })?;
    let key = orm.instances[id].key.as_ref().map(Key::values).unwrap_or_default();
    let related = expired_relationships(orm, id);
    orm.emit(Event::LoadStarted { purpose });
    if autoflush {
        flush::autoflush(orm, host, session)?;
    }
    let dialect = flush::dialect(orm, session);
    let engine = flush::engine_id(orm, session);
    let whole = attributes.len() == mapper.columns.len();
    let cache_key = match autoflush || !whole {
        true => {
            let origin = orm.instances[id].load.as_ref().map(|load| load.origin);
            let columns = attributes.to_vec();
            LoadKey::Attributes(
                mapper.id.get(),
                engine,
                columns,
                related,
                origin.unwrap_or_default(),
            )
        }
        // `session.refresh` comes without; its statement is one of its own.
        false => LoadKey::Refresh(mapper.id.get(), engine),
    };
    let choice = chosen(orm, &mapper, id, attributes);
    let connection = session::connection(orm, host, session)?;
    let loader = match choice.expressions.is_empty() {
        true => orm.loader(cache_key, |orm| {
            let (select, layout) = select(orm, &mapper, &choice)?;
            let sql = LoadSql::new(select, &dialect)?;
            let recipe = Rc::new(layout.recipe(orm, &sql, None)?);
            Ok(Loader { sql, recipe })
        })?,
        // Expressions hold values of their own, so the statement is made each time.
        false => {
            let (select, layout) = select(orm, &mapper, &choice)?;
            let sql = LoadSql::prepare(orm, &connection, select)?;
            let recipe = Rc::new(layout.recipe(orm, &sql, None)?);
            Rc::new(Loader { sql, recipe })
        }
    };
    let mut outcome = Ok(false);
    loader.sql.run(&connection, &|name| key_value(name, &key), &mut |row| {
        outcome = Ok(true);
        for fill in &loader.recipe.fill {
            match fill.source.read(row, &dialect) {
                Ok(value) => *orm.instances.column_mut(id, fill.attribute) = Slot::Value(value),
                Err(error) => outcome = Err(error),
            }
        }
        ControlFlow::Break(())
    })?;
    // What no query fills is empty until one does.
    for &attribute in attributes {
        let filled = choice.expressions.iter().any(|(of, _)| *of == attribute);
        if mapper.column(attribute)?.is_query_expression() && !filled {
            *orm.instances.column_mut(id, attribute) = Slot::Absent;
        }
    }
    orm.emit(Event::Loaded { instance: id, refreshed: true });
    orm.emit(Event::LoadFinished { purpose });
    outcome
}

/// The attributes to load, with what the query that loaded the object said of expressions.
fn chosen(orm: &Orm, mapper: &Mapper, id: InstanceId, attributes: &[u16]) -> Choice {
    let mut choice = Choice::only(attributes);
    if let Some(context) = &orm.instances[id].load {
        choice.expressions = strategy::choice(mapper, &context.options).expressions;
        choice.expressions.retain(|(of, _)| attributes.contains(of));
    }
    choice
}

/// The SELECT of some attributes of one object.
fn select(orm: &Orm, mapper: &Mapper, choice: &Choice) -> Result<(Select, Layout)> {
    let attributes = choice.only.as_deref().unwrap_or_default();
    if let Some(own) = own_tables_select(orm, mapper, attributes)? {
        return Ok(own);
    }
    let (select, layout) = entity_select(orm, EntityId::of(mapper.id), choice)?;
    Ok((where_key(orm, select, mapper.id)?, layout))
}

/// `session.refresh`: loads attributes again; false when there is no row.
pub(crate) fn refresh(
    orm: &mut Orm,
    host: &mut dyn Host,
    _session: SessionId,
    id: InstanceId,
    names: Option<&[&str]>,
) -> Result<bool> {
    let mapper = orm.mapper_of(id)?;
    let mut attributes = Vec::new();
    let mut related = Vec::new();
    match names {
        None => {
            let count = u16::try_from(mapper.columns.len()).unwrap_or(u16::MAX);
            let eager = |index: &u16| mapper.column(*index).is_ok_and(|column| !column.deferred);
            attributes.extend((0..count).filter(eager));
        }
        Some(names) => {
            for name in names {
                match orm.property(id, name)? {
                    Property::Column(column) => attributes.push(column),
                    Property::Relationship(relationship) => related.push(relationship),
                }
            }
        }
    }
    let purpose = Purpose::Refresh { instance: id };
    let found =
        attributes.is_empty() || load_attributes(orm, host, id, &attributes, purpose, false)?;
    for relationship in related {
        let relationship = orm.mapping.relationship(relationship);
        orm.load_related(host, id, &relationship, Passive::OffNoAutoflush)?;
    }
    Ok(found)
}
