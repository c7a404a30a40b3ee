//! Expiring and refreshing.

use std::rc::Rc;

use super::SessionId;
use super::cascade::cascade;
use super::membership::{contains, expunge_only};
use crate::Orm;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::host::{Host, Moment};
use crate::instance::{Flags, InstanceId, Parents, Related, Slot};
use crate::mapping::{Cascade, Property};
use crate::{flush, load};

/// `session.expire(obj)`, or only the attributes named.
pub fn expire(
    orm: &mut Orm,
    host: &mut dyn Host,
    session: SessionId,
    id: InstanceId,
    attributes: Option<&[&str]>,
) -> Result<()> {
    check_persistent(orm, session, id)?;
    if let Some(names) = attributes {
        return expire_attributes(orm, id, names);
    }
    let reached = cascade(orm, host, Cascade::REFRESH_EXPIRE, id, &|_, _| false)?;
    expire_instance(orm, id);
    for step in reached {
        if orm.instances[step.id].key.is_some() {
            expire_instance(orm, step.id);
        } else if orm.instances[step.id].session == Some(session) {
            expunge_only(orm, session, step.id)?;
        }
    }
    Ok(())
}

fn check_persistent(orm: &Orm, session: SessionId, id: InstanceId) -> Result<()> {
    if contains(orm, session, id) && orm.instances[id].key.is_some() {
        return Ok(());
    }
    Err(Error::invalid_request(format!(
        "Instance '{}' is not persistent within this Session",
        orm.state_str(id)
    )))
}

/// `session.expire_all()`
pub fn expire_all(orm: &mut Orm, session: SessionId) -> Result<()> {
    for id in orm.sessions.get(session)?.identity.all() {
        expire_instance(orm, id);
    }
    orm.sessions.get_mut(session)?.modified.clear();
    Ok(())
}

/// Forgets what is known of an object's row, and its pending changes with it.
pub(crate) fn expire_instance(orm: &mut Orm, id: InstanceId) {
    orm.instances.drop_changes(id);
    let instance = &mut orm.instances[id];
    instance.flags.set(Flags::MODIFIED, false);
    instance.flags.set(Flags::LISTED, false);
    instance.flags.set(Flags::EXPIRED, true);
    instance.flags.set(Flags::DERIVED, false);
    instance.parents = Parents::Unknown;
    let mapper = orm.mapping.mapper(instance.mapper);
    for (slot, column) in instance.columns.iter_mut().zip(&mapper.columns) {
        // A deferred column is not part of a refresh, even if it was loaded before.
        match (column.deferred, slot.is_loaded()) {
            (false, _) => *slot = Slot::Expired,
            (true, true) => *slot = Slot::Deferred,
            (true, false) => {}
        }
    }
    for related in std::mem::take(&mut orm.instances[id].related) {
        orm.instances.drop_related(&related);
    }
    orm.instances.note_unreferenced(id);
    orm.emit(Event::Expired { instance: id });
    orm.notice(id, Moment::Expire);
}

/// Expires some attributes; changes of the others stay.
pub(crate) fn expire_attributes(orm: &mut Orm, id: InstanceId, names: &[&str]) -> Result<()> {
    for name in names {
        let mapper = orm.mapping.mapper(orm.instances[id].mapper);
        if mapper.has_attribute(name) && mapper.property(name).is_none() {
            // What the host makes of columns is all there is to forget.
            orm.instances[id].flags.set(Flags::DERIVED, false);
            continue;
        }
        match orm.property(id, name)? {
            Property::Column(column) => {
                *orm.instances.column_mut(id, column) = Slot::Expired;
                if let Some(changes) = orm.instances[id].changes.as_deref_mut() {
                    changes.columns.retain(|change| change.column != column);
                }
            }
            Property::Relationship(relationship) => {
                let slot = orm.relationship_slot(id, relationship)?;
                orm.instances.set_related(id, slot, Related::NotLoaded);
                let changes = orm.instances[id].changes.as_deref_mut();
                let index = changes.as_ref().and_then(|changes| {
                    changes.relationships.iter().position(|change| change.slot == slot)
                });
                if let (Some(changes), Some(index)) = (changes, index) {
                    let change = changes.relationships.remove(index);
                    orm.instances.drop_related(&change.old);
                }
            }
        }
    }
    orm.emit(Event::AttributesExpired { instance: id });
    orm.notice_of(id, Moment::Expire, |_| Some(names.iter().map(|name| Rc::from(*name)).collect()));
    Ok(())
}

/// `session.refresh(obj)`, or only the attributes named.
pub fn refresh(
    orm: &mut Orm,
    host: &mut dyn Host,
    session: SessionId,
    id: InstanceId,
    attributes: Option<&[&str]>,
) -> Result<()> {
    expire(orm, host, session, id, attributes)?;
    // What only its collections held is gone by now in Python, and loaded as new objects.
    orm.collect_unreferenced();
    flush::autoflush(orm, host, session)?;
    if !load::refresh(orm, host, id, attributes)? {
        return Err(Error::invalid_request(format!(
            "Could not refresh instance '{}'",
            orm.state_str(id)
        )));
    }
    Ok(())
}
