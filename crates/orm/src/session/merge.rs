//! `session.merge`: copies a given object's state onto the session's own object of that row.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::SessionId;
use super::membership::{add, contains, make_transient_to_detached};
use crate::Orm;
use crate::error::{Error, Result};
use crate::host::Host;
use crate::instance::{InstanceId, Key, Passive, Related, Slot};
use crate::load;
use crate::mapping::{Cascade, Mapper};

/// `session.merge(obj)`; without `load` the object's state is taken for that of its row.
pub fn merge(
    orm: &mut Orm,
    host: &mut dyn Host,
    session: SessionId,
    given: InstanceId,
    load: bool,
) -> Result<InstanceId> {
    if !load {
        return adopt(orm, host, session, given, &mut FxHashMap::default());
    }
    super::autobegin(orm, session)?;
    crate::flush::autoflush(orm, host, session)?;
    let owner = orm.sessions.get_mut(session)?;
    let autoflush = std::mem::replace(&mut owner.options.autoflush, false);
    let merged = one(orm, host, session, given, &mut FxHashMap::default());
    orm.sessions.get_mut(session)?.options.autoflush = autoflush;
    merged
}

fn one(
    orm: &mut Orm,
    host: &mut dyn Host,
    session: SessionId,
    given: InstanceId,
    done: &mut FxHashMap<InstanceId, InstanceId>,
) -> Result<InstanceId> {
    if let Some(merged) = done.get(&given) {
        return Ok(*merged);
    }
    if contains(orm, session, given) && orm.instances[given].key.is_some() {
        done.insert(given, given);
        return Ok(given);
    }
    let mapper = orm.mapper_of(given)?;
    let key = match orm.instances[given].key.clone() {
        Some(key) => Some(key),
        None => orm.key_of(given)?,
    };
    let found = match key {
        Some(key) => load::get(orm, host, session, mapper.id, &key.values())?,
        None => None,
    };
    let merged = match found {
        Some(merged) => merged,
        None => {
            let new = orm.create(mapper.id);
            add(orm, host, session, new)?;
            new
        }
    };
    done.insert(given, merged);
    if merged != given {
        copy_columns(orm, host, &mapper, given, merged)?;
        for id in &mapper.relationships {
            copy_related(orm, host, session, *id, given, merged, done)?;
        }
    }
    Ok(merged)
}

/// Merges without a look at the database.
fn adopt(
    orm: &mut Orm,
    host: &mut dyn Host,
    session: SessionId,
    given: InstanceId,
    done: &mut FxHashMap<InstanceId, InstanceId>,
) -> Result<InstanceId> {
    if let Some(merged) = done.get(&given) {
        return Ok(*merged);
    }
    let refuse = |what: &str| {
        Error::invalid_request(format!(
            "merge() with load=False option does not support objects {what}.  flush() all changes \
             on mapped instances before merging with load=False."
        ))
    };
    let mapper = orm.mapper_of(given)?;
    let Some(key) = orm.instances[given].key.clone() else {
        return Err(refuse("transient (i.e. unpersisted) objects"));
    };
    let merged = match orm.sessions.get(session)?.identity.get(mapper.base, &key) {
        Some(merged) => merged,
        None if orm.instances[given].is_modified() => return Err(refuse("marked as 'dirty'")),
        None => take_over(orm, host, session, &mapper, key)?,
    };
    done.insert(given, merged);
    if merged == given {
        return Ok(merged);
    }
    for column in 0..u16::try_from(mapper.columns.len()).unwrap_or(u16::MAX) {
        let slot = orm.instances[given].column(column).clone();
        if slot.is_loaded() {
            *orm.instances.column_mut(merged, column) = slot;
        }
    }
    for &id in &mapper.relationships {
        let relationship = orm.mapping.relationship(id);
        let slot = orm.relationship_slot(given, id)?;
        let held = orm.instances[given].related(slot).clone();
        if !relationship.cascade.contains(Cascade::MERGE) || !held.is_loaded() {
            continue;
        }
        let members = held.ids().iter();
        let copies: Result<Vec<InstanceId>> =
            members.map(|member| adopt(orm, host, session, *member, done)).collect();
        let copies = copies?;
        let related = match held {
            Related::Many(_) => Related::Many(copies),
            _ => Related::One(copies.first().copied()),
        };
        orm.instances.set_related(merged, slot, related);
    }
    crate::flush::commit(orm, merged);
    Ok(merged)
}

/// A new object for a row that is known to be there.
fn take_over(
    orm: &mut Orm,
    host: &mut dyn Host,
    session: SessionId,
    mapper: &Mapper,
    key: Key,
) -> Result<InstanceId> {
    let new = orm.create(mapper.id);
    let values = key.values();
    for (attribute, value) in mapper.primary_key.iter().zip(values) {
        *orm.instances.column_mut(new, *attribute) = Slot::Value(value);
    }
    make_transient_to_detached(orm, new)?;
    add(orm, host, session, new)?;
    Ok(new)
}

fn copy_columns(
    orm: &mut Orm,
    host: &mut dyn Host,
    mapper: &Rc<Mapper>,
    given: InstanceId,
    merged: InstanceId,
) -> Result<()> {
    let count = u16::try_from(mapper.columns.len()).unwrap_or(u16::MAX);
    for column in 0..count {
        let slot = orm.instances[given].column(column).clone();
        match slot {
            Slot::Value(_) | Slot::Expression(_) => orm.set_column(host, merged, column, slot)?,
            Slot::Absent | Slot::Deferred | Slot::Expired => {}
        }
    }
    Ok(())
}

fn copy_related(
    orm: &mut Orm,
    host: &mut dyn Host,
    session: SessionId,
    id: crate::RelationshipId,
    given: InstanceId,
    merged: InstanceId,
    done: &mut FxHashMap<InstanceId, InstanceId>,
) -> Result<()> {
    let relationship = orm.mapping.relationship(id);
    let slot = orm.relationship_slot(given, id)?;
    if !relationship.cascade.contains(Cascade::MERGE)
        || !orm.instances[given].related(slot).is_loaded()
    {
        return Ok(());
    }
    // The session's own collection must be known before it can be told what changed.
    orm.load_related(host, merged, &relationship, Passive::OffNoAutoflush)?;
    let ids = orm.instances[given].related(slot).ids().to_vec();
    let mut copies = Vec::with_capacity(ids.len());
    for member in ids {
        let copy = one(orm, host, session, member, done)?;
        if !copies.contains(&copy) {
            copies.push(copy);
        }
    }
    if relationship.uselist {
        return orm.replace(host, merged, id, &copies);
    }
    let new = copies.first().copied();
    let current = orm.instances[merged].related(slot).clone();
    if current == Related::One(new) {
        return Ok(());
    }
    orm.set_one(host, merged, id, new)
}
