//! `session.merge`: copies a given object's state onto the session's own object of that row.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::SessionId;
use super::membership::{add, contains};
use crate::Orm;
use crate::error::Result;
use crate::host::Host;
use crate::instance::{InstanceId, Passive, Related, Slot};
use crate::load;
use crate::mapping::{Cascade, Mapper};

/// `session.merge(obj)`
pub fn merge(
    orm: &mut Orm,
    host: &mut dyn Host,
    session: SessionId,
    given: InstanceId,
) -> Result<InstanceId> {
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
