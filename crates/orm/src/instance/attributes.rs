//! Reading and setting attributes, with history, backrefs, cascades and lazy loads.

use std::rc::Rc;

use vidro_sql::Value;
use vidro_sql::expr::Expr;

use super::collection::{Initiator, Operation};
use super::{ColumnChange, Flags, InstanceId, ParentLink, Related, RelatedChange, Slot, State};
use crate::Orm;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::host::{self, Host};
use crate::mapping::{Cascade, Property, Relationship, RelationshipId};
use crate::session;

/// What reading an attribute gives.
#[derive(Clone, Copy, Debug)]
pub enum Loaded<'a> {
    /// A column's value.
    Value(&'a Value),
    /// A SQL expression that was set and not yet flushed.
    Expression(&'a Rc<Expr>),
    /// A scalar relationship.
    One(Option<InstanceId>),
    /// A collection.
    Many(&'a [InstanceId]),
}

/// How far reading an unloaded relationship may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passive {
    /// Any SQL it takes.
    Off,
    /// Any SQL it takes, without an autoflush first, and silently nothing when detached. Reads what
    /// the row holds, not what was changed since.
    OffNoAutoflush,
    /// The identity map, and SQL for the object's own columns only; otherwise as `OffNoAutoflush`.
    NoFetchRelated,
    /// The identity map, no SQL; what the row holds, not what was changed since.
    NoFetch,
    /// What is there.
    NoInitialize,
}

impl Orm {
    /// A new transient object of a class.
    pub fn create(&mut self, mapper: crate::MapperId) -> InstanceId {
        let owner = self.mapping.mapper(mapper);
        let mut columns = vec![Slot::Absent; owner.columns.len()];
        if let (Some(on), Some(identity)) = (owner.polymorphic_on, &owner.polymorphic_identity)
            && let Some(slot) = columns.get_mut(usize::from(on))
        {
            *slot = Slot::Value(identity.clone());
        }
        let id = self.instances.insert(mapper, columns.into());
        self.instances[id].cause.span = self.current_span;
        self.emit(Event::Created { instance: id });
        id
    }

    /// Reads an attribute by name, loading it if need be.
    pub fn get(&mut self, host: &mut dyn Host, id: InstanceId, key: &str) -> Result<Loaded<'_>> {
        match self.property(id, key)? {
            Property::Column(column) => self.get_column(host, id, column),
            Property::Relationship(relationship) => self.get_related(host, id, relationship),
        }
    }

    /// The attribute of this name on an object's class.
    pub fn property(&self, id: InstanceId, key: &str) -> Result<Property> {
        let mapper = self.mapper_of(id)?;
        mapper.property(key).ok_or_else(|| {
            Error::attribute(format!("'{}' object has no attribute '{key}'", mapper.class_name))
        })
    }

    /// Reads a column attribute, loading it if need be.
    pub fn get_column(
        &mut self,
        host: &mut dyn Host,
        id: InstanceId,
        column: u16,
    ) -> Result<Loaded<'_>> {
        const NONE: &Value = &Value::Null;
        if !self.instances[id].column(column).is_loaded() && self.instances[id].key.is_some() {
            self.load_column(host, id, column)?;
        }
        Ok(match self.instances[id].column(column) {
            Slot::Value(value) => Loaded::Value(value),
            Slot::Expression(expr) => Loaded::Expression(expr),
            Slot::Absent | Slot::Deferred | Slot::Expired => Loaded::Value(NONE),
        })
    }

    /// Reads a relationship, loading it if need be.
    pub fn get_related(
        &mut self,
        host: &mut dyn Host,
        id: InstanceId,
        relationship: RelationshipId,
    ) -> Result<Loaded<'_>> {
        let relationship = self.mapping.relationship(relationship);
        let slot = self.relationship_slot(id, relationship.id)?;
        if !self.instances[id].related(slot).is_loaded() {
            self.load_related(host, id, &relationship, Passive::Off)?;
        }
        let ids = self.instances[id].related(slot).ids();
        Ok(if relationship.uselist { Loaded::Many(ids) } else { Loaded::One(ids.first().copied()) })
    }

    /// Sets a column attribute.
    pub fn set_column(
        &mut self,
        host: &mut dyn Host,
        id: InstanceId,
        column: u16,
        value: Slot,
    ) -> Result<()> {
        let mapper = self.mapper_of(id)?;
        let attribute = mapper.column(column)?;
        let value = match value {
            Slot::Value(value) if attribute.listened => {
                Slot::Value(host.on_set(self, id, column, value)?)
            }
            value => value,
        };
        if attribute.active_history
            && !self.instances[id].column(column).is_loaded()
            && matches!(self.instances[id].state, State::Persistent)
        {
            self.load_column(host, id, column)?;
        }
        self.write_column(id, column, value);
        Ok(())
    }

    /// Sets a column without listeners or loading of the old value.
    pub(crate) fn write_column(&mut self, id: InstanceId, column: u16, value: Slot) {
        let old = std::mem::replace(self.instances.set_slot(id, column), value);
        if self.is_observed() {
            let new = self.instances[id].column(column);
            self.emit(Event::AttributeSet { instance: id, column, old: &old, new });
        }
        let span = self.current_span;
        let instance = &mut self.instances[id];
        if !instance.is_fresh() {
            let changes = &mut instance.changes.get_or_insert_default().columns;
            match changes.iter_mut().find(|change| change.column == column) {
                Some(change) => change.span = span,
                None => {
                    let old = if old.is_loaded() { old } else { Slot::Absent };
                    changes.push(ColumnChange { column, span, old });
                }
            }
        }
        self.mark_modified(id);
    }

    /// Sets a column to what its row is said to hold: no listener, no history.
    pub fn set_committed(&mut self, id: InstanceId, column: u16, value: Value) {
        *self.instances.column_mut(id, column) = Slot::Value(value);
        if let Some(changes) = self.instances[id].changes.as_deref_mut() {
            changes.columns.retain(|change| change.column != column);
        }
    }

    /// Sets a relationship to what its rows are said to hold: no listener, no history.
    pub fn set_committed_related(
        &mut self,
        id: InstanceId,
        relationship: RelationshipId,
        members: Vec<InstanceId>,
    ) -> Result<()> {
        let slot = self.relationship_slot(id, relationship)?;
        let relationship = self.mapping.relationship(relationship);
        self.set_loaded(id, slot, &relationship, members)
    }

    /// Has the next flush look at an object.
    pub fn flag_dirty(&mut self, id: InstanceId) {
        self.mark_modified(id);
    }

    /// Has the next flush write a column, whatever was there before. `value` is what it holds, as
    /// it reads now.
    pub fn flag_modified(&mut self, id: InstanceId, column: u16, value: Value) -> Result<()> {
        if !self.instances[id].column(column).is_loaded() {
            let mapper = self.mapper_of(id)?;
            return Err(Error::invalid_request(format!(
                "Can't flag attribute '{}' modified; it's not present in the object state",
                mapper.column(column)?.key
            )));
        }
        self.write_column(id, column, Slot::Value(value));
        let changes = self.instances[id].changes.as_deref_mut();
        let change = changes.and_then(|c| c.columns.iter_mut().find(|c| c.column == column));
        if let Some(change) = change {
            change.old = Slot::Absent;
        }
        Ok(())
    }

    /// `del obj.attribute` of a column.
    pub fn delete_column(
        &mut self,
        host: &mut dyn Host,
        id: InstanceId,
        column: u16,
    ) -> Result<()> {
        let mapper = self.mapper_of(id)?;
        if !self.instances[id].column(column).is_loaded() {
            if self.instances[id].key.is_none() {
                return Err(Error::attribute(mapper.column(column)?.key.to_string()));
            }
            self.load_column(host, id, column)?;
        }
        self.write_column(id, column, Slot::Absent);
        Ok(())
    }

    /// Sets a scalar relationship.
    pub fn set_one(
        &mut self,
        host: &mut dyn Host,
        id: InstanceId,
        relationship: RelationshipId,
        new: Option<InstanceId>,
    ) -> Result<()> {
        let relationship = self.mapping.relationship(relationship);
        self.set_scalar(host, id, &relationship, new, None, None)
    }

    /// Sets a scalar side; with `check_old` only if that is what it held.
    pub(super) fn set_scalar(
        &mut self,
        host: &mut dyn Host,
        id: InstanceId,
        relationship: &Rc<Relationship>,
        new: Option<InstanceId>,
        initiator: Option<Initiator>,
        check_old: Option<InstanceId>,
    ) -> Result<()> {
        let slot = self.relationship_slot(id, relationship.id)?;
        let passive =
            if relationship.active_history { Passive::OffNoAutoflush } else { Passive::NoFetch };
        let known = self.load_related(host, id, relationship, passive)?;
        let old = self.instances[id].related(slot).ids().first().copied();
        let known = known || self.was_never_set(id, relationship);
        if check_old.is_some() && known && check_old != old {
            return Ok(());
        }
        let initiator = initiator.unwrap_or(Initiator::new(relationship.id, Operation::Replace));
        if let Some(new) = new {
            self.check_single_parent(id, relationship, new, old, initiator)?;
        }
        let told = self.instances[id].related(slot).is_loaded().then_some(old);
        let change = host::RelatedChange::Set { new, old: told };
        let new = host.on_related(self, id, relationship.id, change)?;
        if let Some(old) = old.filter(|_| relationship.tracks_parent() && old != new) {
            self.set_parent(relationship.id, old, id, false)?;
        }
        if old != new {
            self.cascade_set(host, id, relationship, new, old, initiator)?;
            self.backref_set(host, id, relationship, new, old, initiator)?;
        }
        self.record_related(id, slot, false);
        if let Some(new) = new.filter(|_| relationship.tracks_parent()) {
            self.set_parent(relationship.id, new, id, true)?;
        }
        self.instances.set_related(id, slot, Related::One(new));
        self.emit(Event::RelatedSet { instance: id, relationship: relationship.id, old, new });
        Ok(())
    }

    /// Whether the foreign key of a many-to-one was neither loaded nor set, so that its target is
    /// none as far as anybody knows.
    fn was_never_set(&self, id: InstanceId, relationship: &Relationship) -> bool {
        let instance = &self.instances[id];
        let absent = |column: u16| {
            matches!(instance.column(column), Slot::Absent)
                && instance.committed_column(column).is_none()
        };
        relationship.use_get
            && relationship.synchronize_pairs.iter().filter_map(|p| p.dest_attribute).any(absent)
    }

    fn cascade_set(
        &mut self,
        host: &mut dyn Host,
        id: InstanceId,
        relationship: &Relationship,
        new: Option<InstanceId>,
        old: Option<InstanceId>,
        initiator: Initiator,
    ) -> Result<()> {
        let Some(session) = self.instances[id].session else { return Ok(()) };
        if let Some(new) = new {
            self.cascade_save(host, session, id, relationship, new, initiator)?;
        }
        if let Some(old) = old
            && relationship.cascade.contains(Cascade::DELETE_ORPHAN)
            && self.instances[old].state == State::Pending
            && self.is_orphan(old)
        {
            session::expunge(self, host, session, old)?;
        }
        Ok(())
    }

    /// Adds a new member to its owner's session, unless the change came in through the backref.
    pub(super) fn cascade_save(
        &mut self,
        host: &mut dyn Host,
        session: crate::SessionId,
        owner: InstanceId,
        relationship: &Relationship,
        member: InstanceId,
        initiator: Initiator,
    ) -> Result<()> {
        if relationship.cascade.contains(Cascade::SAVE_UPDATE)
            && initiator.relationship == relationship.id
            && !session::contains(self, session, member)
        {
            let via = Some((owner, relationship.id));
            session::save_or_update(self, host, session, member, via)?;
        }
        Ok(())
    }

    /// Remembers what a relationship held, before its first change since the last flush.
    pub(super) fn record_related(&mut self, id: InstanceId, slot: u16, collection: bool) {
        let span = self.current_span;
        let instance = &mut self.instances[id];
        if !instance.is_fresh() {
            let known = instance.committed_related(slot).is_some();
            if known {
                let changes = &mut instance.changes.get_or_insert_default().relationships;
                if let Some(change) = changes.iter_mut().find(|change| change.slot == slot) {
                    change.span = span;
                }
            } else {
                let old = match instance.related(slot) {
                    Related::Queued(_) => Related::NotLoaded,
                    related => related.clone(),
                };
                let old = if collection && old == Related::NotLoaded && instance.key.is_none() {
                    Related::Many(Vec::new())
                } else {
                    old
                };
                let changes = &mut instance.changes.get_or_insert_default().relationships;
                changes.push(RelatedChange { slot, span, old: old.clone() });
                self.instances.link_related(&old);
            }
        }
        self.mark_modified(id);
    }

    /// Notes that an object has something to flush; its session begins a transaction.
    pub(crate) fn mark_modified(&mut self, id: InstanceId) {
        let instance = &mut self.instances[id];
        instance.flags.set(Flags::MODIFIED, true);
        let Some(session) = instance.session else { return };
        if instance.state == State::Persistent && !instance.flags.has(Flags::LISTED) {
            instance.flags.set(Flags::LISTED, true);
            self.sessions.note_modified(session, id);
        }
        session::autobegin_quietly(self, session);
    }

    /// Notes that `parent` took or let go of `child`.
    pub(super) fn set_parent(
        &mut self,
        relationship: RelationshipId,
        child: InstanceId,
        parent: InstanceId,
        held: bool,
    ) -> Result<()> {
        if !held
            && let Some(last) = self.instances[child].parents.get(relationship)
            && let Some(holder) = last.parent
            && self.instances[holder].key != self.instances[parent].key
        {
            if self.instances.get(holder).is_none() {
                let relationship = self.mapping.relationship(relationship);
                return Err(Error::stale_data(format!(
                    "Removing state {} from parent state {} along attribute '{}', but the parent \
                     record has gone stale, can't be sure this is the most recent parent.",
                    self.state_str(child),
                    self.state_str(parent),
                    relationship.key,
                )));
            }
            // Another parent took it meanwhile; that one's word stands.
            return Ok(());
        }
        let parent = held.then_some(parent);
        self.instances[child].parents.put(ParentLink { relationship, parent });
        Ok(())
    }

    /// Whether some parent holds an object through a relationship; `unknown` when none ever spoke.
    pub(crate) fn has_parent(
        &self,
        relationship: RelationshipId,
        child: InstanceId,
        unknown: bool,
    ) -> bool {
        match self.instances[child].parents.get(relationship) {
            Some(link) => link.parent.is_some(),
            None => unknown,
        }
    }

    /// Whether a `delete-orphan` relationship has let go of an object.
    pub(crate) fn is_orphan(&self, id: InstanceId) -> bool {
        let has_identity = self.instances[id].key.is_some();
        let mut mapper = Some(self.instances[id].mapper);
        while let Some(current) = mapper {
            let current = self.mapping.mapper(current);
            let orphaned = |r: &RelationshipId| !self.has_parent(*r, id, has_identity);
            if current.delete_orphans.iter().any(orphaned) {
                return true;
            }
            mapper = current.inherits;
        }
        false
    }
}
