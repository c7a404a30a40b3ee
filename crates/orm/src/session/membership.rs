//! Adding, deleting and expunging: which objects belong to a session.

use std::rc::Rc;

use super::cascade::cascade;
use super::state::leave;
use super::state::transition;
use super::{SessionId, Transition, autobegin};
use crate::Orm;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::host::Host;
use crate::instance::{Cause, Flags, InstanceId, Key, State};
use crate::mapping::{Cascade, MapperId, RelationshipId};

/// `obj in session`
pub fn contains(orm: &Orm, session: SessionId, id: InstanceId) -> bool {
    let instance = &orm.instances[id];
    instance.session == Some(session)
        && matches!(instance.state, State::Pending | State::Persistent)
}

/// `session.add(obj)`
pub fn add(orm: &mut Orm, host: &mut dyn Host, session: SessionId, id: InstanceId) -> Result<()> {
    save_or_update(orm, host, session, id, None)
}

/// `session.add_all(objs)`
pub fn add_all(
    orm: &mut Orm,
    host: &mut dyn Host,
    session: SessionId,
    ids: &[InstanceId],
) -> Result<()> {
    ids.iter().try_for_each(|id| add(orm, host, session, *id))
}

/// Takes an object and everything save-update reaches from it into a session.
pub(crate) fn save_or_update(
    orm: &mut Orm,
    host: &mut dyn Host,
    session: SessionId,
    id: InstanceId,
    via: Option<(InstanceId, RelationshipId)>,
) -> Result<()> {
    orm.instances[id].flags.set(Flags::ORPHANED, false);
    take_in(orm, session, id, via)?;
    if orm.instances[id].related.is_empty() {
        return Ok(());
    }
    let halt = |orm: &Orm, id: InstanceId| contains(orm, session, id);
    for step in cascade(orm, host, Cascade::SAVE_UPDATE, id, &halt)? {
        take_in(orm, session, step.id, Some((step.from, step.along)))?;
    }
    Ok(())
}

fn take_in(
    orm: &mut Orm,
    session: SessionId,
    id: InstanceId,
    via: Option<(InstanceId, RelationshipId)>,
) -> Result<()> {
    if orm.instances[id].key.is_none() {
        return save(orm, session, id, via);
    }
    if orm.instances[id].flags.has(Flags::WAS_DELETED) {
        return Err(Error::invalid_request(format!(
            "Instance '{}' has been deleted.  Use the make_transient() function to send this \
             object back to the transient state.",
            orm.state_str(id)
        )));
    }
    update(orm, session, id)
}

fn save(
    orm: &mut Orm,
    session: SessionId,
    id: InstanceId,
    via: Option<(InstanceId, RelationshipId)>,
) -> Result<()> {
    if !before_attach(orm, session, id)? {
        return Ok(());
    }
    let span = orm.current_span;
    let owner = orm.sessions.get_mut(session)?;
    let order = owner.next_order;
    owner.next_order += 1;
    owner.new.push((order, id));
    let instance = &mut orm.instances[id];
    instance.insert_order = order;
    instance.session = Some(session);
    instance.cause = Cause { span, via };
    transition(orm, id, Transition::TransientToPending)
}

/// A detached object comes (back) into a session; a persistent one loses its deletion mark.
fn update(orm: &mut Orm, session: SessionId, id: InstanceId) -> Result<()> {
    let to_attach = before_attach(orm, session, id)?;
    if orm.instances[id].flags.has(Flags::TO_DELETE) {
        orm.instances[id].flags.set(Flags::TO_DELETE, false);
        orm.emit(Event::MarkedForDeletion { instance: id, marked: false });
    }
    if to_attach {
        attach_persistent(orm, session, id)?;
    }
    Ok(())
}

fn attach_persistent(orm: &mut Orm, session: SessionId, id: InstanceId) -> Result<()> {
    let base = orm.mapper_of(id)?.base;
    let Some(key) = orm.instances[id].key.clone() else { return Ok(()) };
    check_identity(orm, session, id, base, &key)?;
    orm.sessions.get_mut(session)?.identity.replace(base, &key, id);
    let instance = &mut orm.instances[id];
    instance.session = Some(session);
    instance.cause = Cause { span: orm.current_span, via: None };
    instance.flags.set(Flags::LISTED, false);
    transition(orm, id, Transition::DetachedToPersistent)?;
    if orm.instances[id].is_modified() {
        orm.mark_modified(id);
    }
    Ok(())
}

/// A key belongs to one object of a session.
fn check_identity(
    orm: &Orm,
    session: SessionId,
    id: InstanceId,
    base: MapperId,
    key: &Key,
) -> Result<()> {
    let holder = orm.sessions.get(session)?.identity.get(base, key);
    let Some(other) = holder.filter(|other| *other != id) else { return Ok(()) };
    Err(Error::invalid_request(format!(
        "Can't attach instance {}; another instance with key {} is already present in this \
         session.",
        orm.state_str(id),
        orm.identity_key_str(other),
    )))
}

/// Begins a transaction and says whether the object is not in the session yet.
fn before_attach(orm: &mut Orm, session: SessionId, id: InstanceId) -> Result<bool> {
    if orm.instances.get(id).is_none() {
        orm.mapper_of(id)?;
    }
    autobegin(orm, session)?;
    match orm.instances[id].session {
        Some(current) if current == session => Ok(false),
        Some(other) => Err(Error::invalid_request(format!(
            "Object '{}' is already attached to session '{}' (this is '{}')",
            orm.state_str(id),
            other.get(),
            session.get()
        ))),
        None => Ok(true),
    }
}

/// `session.delete(obj)`
pub fn delete(
    orm: &mut Orm,
    host: &mut dyn Host,
    session: SessionId,
    id: InstanceId,
) -> Result<()> {
    if orm.instances[id].key.is_none() {
        return Err(Error::invalid_request(format!(
            "Instance '{}' is not persisted",
            orm.state_str(id)
        )));
    }
    let to_attach = before_attach(orm, session, id)?;
    if orm.instances[id].flags.has(Flags::TO_DELETE) {
        return Ok(());
    }
    if to_attach {
        attach_persistent(orm, session, id)?;
    }
    redelete(orm, session, id)?;
    // Cascades load before anything is marked, so that an autoflush does not delete it half.
    let reached = cascade(orm, host, Cascade::DELETE, id, &|_, _| false)?;
    mark(orm, session, id, None)?;
    for step in reached {
        if orm.instances[step.id].key.is_none() {
            continue;
        }
        if before_attach(orm, session, step.id)? {
            attach_persistent(orm, session, step.id)?;
        }
        redelete(orm, session, step.id)?;
        mark(orm, session, step.id, Some((step.from, step.along)))?;
    }
    Ok(())
}

/// An object whose row this transaction deleted comes back to be deleted once more.
fn redelete(orm: &mut Orm, session: SessionId, id: InstanceId) -> Result<()> {
    let base = orm.mapper_of(id)?.base;
    if orm.instances[id].state == State::Deleted
        && let Some(key) = orm.instances[id].key.clone()
    {
        check_identity(orm, session, id, base, &key)?;
        orm.sessions.get_mut(session)?.identity.replace(base, &key, id);
        transition(orm, id, Transition::DeletedToPersistent)?;
    }
    Ok(())
}

fn mark(
    orm: &mut Orm,
    session: SessionId,
    id: InstanceId,
    via: Option<(InstanceId, RelationshipId)>,
) -> Result<()> {
    let span = orm.current_span;
    let instance = &mut orm.instances[id];
    if instance.flags.has(Flags::TO_DELETE) || instance.state != State::Persistent {
        return Ok(());
    }
    instance.flags.set(Flags::TO_DELETE, true);
    instance.cause = Cause { span, via };
    orm.sessions.get_mut(session)?.deleted.push(id);
    orm.emit(Event::MarkedForDeletion { instance: id, marked: true });
    Ok(())
}

/// `session.expunge(obj)`
pub fn expunge(
    orm: &mut Orm,
    host: &mut dyn Host,
    session: SessionId,
    id: InstanceId,
) -> Result<()> {
    if orm.instances[id].session != Some(session) {
        return Err(Error::invalid_request(format!(
            "Instance {} is not present in this Session",
            orm.state_str(id)
        )));
    }
    let reached = cascade(orm, host, Cascade::EXPUNGE, id, &|_, _| false)?;
    expunge_only(orm, session, id)?;
    for step in reached {
        if orm.instances[step.id].session == Some(session) {
            expunge_only(orm, session, step.id)?;
        }
    }
    Ok(())
}

/// Takes one object out of its session.
pub(crate) fn expunge_only(orm: &mut Orm, session: SessionId, id: InstanceId) -> Result<()> {
    let moved = match orm.instances[id].state {
        State::Pending => Transition::PendingToTransient,
        State::Persistent => Transition::PersistentToDetached,
        State::Deleted => Transition::DeletedToDetached,
        State::Transient | State::Detached => return Ok(()),
    };
    forget_identity(orm, session, id)?;
    leave(orm, session, id, moved)
}

/// Takes an object out of the identity map.
pub(super) fn forget_identity(orm: &mut Orm, session: SessionId, id: InstanceId) -> Result<()> {
    if let Some(key) = orm.instances[id].key.clone() {
        let base = orm.mapper_of(id)?.base;
        orm.sessions.get_mut(session)?.identity.discard(base, &key, id);
    }
    Ok(())
}

/// The row of a persistent object is gone.
pub(crate) fn remove_deleted(orm: &mut Orm, session: SessionId, id: InstanceId) -> Result<()> {
    if orm.instances[id].state != State::Persistent {
        return Ok(());
    }
    forget_identity(orm, session, id)?;
    if let Some(transaction) = orm.sessions.get_mut(session)?.transactions.last_mut() {
        transaction.deleted.push(id);
    }
    let flags = &mut orm.instances[id].flags;
    flags.set(Flags::TO_DELETE, false);
    flags.set(Flags::MODIFIED, false);
    flags.set(Flags::LISTED, false);
    flags.set(Flags::WAS_DELETED, true);
    transition(orm, id, Transition::PersistentToDeleted)
}

/// Cuts the tie from an object to its session.
pub(super) fn detach(orm: &mut Orm, id: InstanceId) {
    let instance = &mut orm.instances[id];
    instance.session = None;
    instance.flags.set(Flags::LISTED, false);
    instance.flags.set(Flags::TO_DELETE, false);
    orm.instances.note_unreferenced(id);
}

/// `session.expunge_all()`
pub fn expunge_all(orm: &mut Orm, session: SessionId) -> Result<()> {
    let mut all = orm.sessions.get(session)?.identity.all();
    all.extend(orm.sessions.new_objects(orm, session));
    let deleted = super::transaction::deleted_in_transaction(orm, session);
    all.extend(deleted);
    for id in all {
        expunge_only(orm, session, id)?;
    }
    let owner = orm.sessions.get_mut(session)?;
    owner.new.clear();
    owner.modified.clear();
    owner.deleted.clear();
    Ok(())
}

/// `make_transient(obj)`
pub fn make_transient(orm: &mut Orm, id: InstanceId) -> Result<()> {
    if let Some(session) = orm.instances[id].session {
        expunge_only(orm, session, id)?;
    }
    let instance = &mut orm.instances[id];
    // The only move that is not a transition of a session: the object forgets that it had a row.
    instance.state = State::Transient;
    instance.key = None;
    instance.flags.set(Flags::WAS_DELETED, false);
    instance.flags.set(Flags::FRESH, true);
    for slot in &mut instance.columns {
        if !slot.is_loaded() {
            *slot = crate::instance::Slot::Absent;
        }
    }
    Ok(())
}

/// `make_transient_to_detached(obj)`
pub fn make_transient_to_detached(orm: &mut Orm, id: InstanceId) -> Result<()> {
    let instance = &orm.instances[id];
    if instance.session.is_some() || instance.key.is_some() {
        return Err(Error::invalid_request("Given object must be transient"));
    }
    let key =
        orm.key_of(id)?.ok_or_else(|| Error::invalid_request("Given object has no primary key"))?;
    orm.instances[id].key = Some(key);
    orm.instances[id].state = State::Detached;
    orm.instances[id].flags.set(Flags::WAS_DELETED, false);
    expire_instance_of(orm, id);
    Ok(())
}

fn expire_instance_of(orm: &mut Orm, id: InstanceId) {
    super::expire_instance(orm, id);
}

/// `session.is_modified(obj)`
pub fn is_modified(orm: &Orm, id: InstanceId) -> Result<bool> {
    let mapper = Rc::clone(orm.mapping.mapper(orm.instances[id].mapper));
    let instance = &orm.instances[id];
    if !instance.is_modified() {
        return Ok(false);
    }
    let columns = 0..u16::try_from(mapper.columns.len()).unwrap_or(u16::MAX);
    let changed = columns.into_iter().any(|column| crate::flush::column_changed(instance, column));
    let related = mapper.relationships.iter().filter_map(|id| mapper.slot(*id)).any(|slot| {
        let history = instance.related_history(slot);
        !history.added.is_empty() || !history.deleted.is_empty() || history.added_none
    });
    Ok(changed || related)
}
