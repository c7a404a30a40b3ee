//! Changing collections, and keeping both sides of a relationship in step.

use std::rc::Rc;

use indexmap::IndexSet;
use rustc_hash::{FxBuildHasher, FxHashSet};

use super::attributes::Passive;
use super::{Flags, InstanceId, Queued, Related, State};
use crate::Orm;
use crate::error::{Error, ErrorKind, Result};
use crate::event::Event;
use crate::host::{self, Host};
use crate::mapping::{Cascade, Lazy, Relationship, RelationshipId};
use crate::session;

/// The change that started a chain of backref events; the chain ends where it would come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Initiator {
    pub(super) relationship: RelationshipId,
    pub(super) operation: Operation,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Append,
    Remove,
    /// A scalar was set.
    Replace,
    /// A whole collection was set.
    BulkReplace,
}

impl Initiator {
    pub(super) fn new(relationship: RelationshipId, operation: Operation) -> Self {
        Self { relationship, operation }
    }

    /// Adding to a relationship: appending to a collection, setting a scalar.
    fn adding_to(relationship: &Relationship) -> Self {
        let operation = if relationship.uselist { Operation::Append } else { Operation::Replace };
        Self::new(relationship.id, operation)
    }
}

/// Some collections are changed without being loaded.
fn passive(relationship: &Relationship) -> Passive {
    match relationship.lazy {
        Lazy::WriteOnly | Lazy::Dynamic => Passive::NoFetch,
        _ => Passive::Off,
    }
}

impl Orm {
    /// `collection.append(member)`
    pub fn append(
        &mut self,
        host: &mut dyn Host,
        owner: InstanceId,
        relationship: RelationshipId,
        member: InstanceId,
    ) -> Result<()> {
        let relationship = self.mapping.relationship(relationship);
        let passive = passive(&relationship);
        self.add_member(host, owner, &relationship, member, None, None, passive)
    }

    /// `collection.insert(index, member)`; an index beyond the end appends.
    pub fn insert(
        &mut self,
        host: &mut dyn Host,
        owner: InstanceId,
        relationship: RelationshipId,
        index: usize,
        member: InstanceId,
    ) -> Result<()> {
        let relationship = self.mapping.relationship(relationship);
        self.add_member(host, owner, &relationship, member, Some(index), None, Passive::Off)
    }

    /// `collection.remove(member)`
    pub fn remove(
        &mut self,
        host: &mut dyn Host,
        owner: InstanceId,
        relationship: RelationshipId,
        member: InstanceId,
    ) -> Result<()> {
        let relationship = self.mapping.relationship(relationship);
        let passive = passive(&relationship);
        self.remove_member(host, owner, &relationship, member, None, passive)
    }

    /// `collection.pop(index)` and `del collection[index]`; gives back the member.
    pub fn remove_at(
        &mut self,
        host: &mut dyn Host,
        owner: InstanceId,
        relationship: RelationshipId,
        index: usize,
    ) -> Result<InstanceId> {
        let relationship = self.mapping.relationship(relationship);
        self.load_related(host, owner, &relationship, Passive::Off)?;
        let slot = self.relationship_slot(owner, relationship.id)?;
        let member = self.instances[owner].related(slot).ids().get(index).copied();
        let member = member.ok_or_else(|| Error::index("pop index out of range"))?;
        self.fire_remove(host, owner, &relationship, slot, member, None)?;
        if let Related::Many(ids) = self.instances.related_mut(owner, slot)
            && ids.get(index) == Some(&member)
        {
            ids.remove(index);
            self.instances.unlink(member);
        }
        Ok(member)
    }

    /// `obj.collection = members`
    pub fn replace(
        &mut self,
        host: &mut dyn Host,
        owner: InstanceId,
        relationship: RelationshipId,
        members: &[InstanceId],
    ) -> Result<()> {
        let relationship = self.mapping.relationship(relationship);
        let slot = self.relationship_slot(owner, relationship.id)?;
        self.load_related(host, owner, &relationship, Passive::Off)?;
        let initiator = Initiator::new(relationship.id, Operation::BulkReplace);
        self.record_related(owner, slot, true);
        let old = self.instances.swap_related(owner, slot, Related::Many(Vec::new()));
        let before: FxHashSet<_> = old.ids().iter().copied().collect();
        let after: FxHashSet<_> = members.iter().copied().collect();
        for &member in members {
            let member = if before.contains(&member) {
                member
            } else {
                self.fire_append(host, owner, &relationship, slot, member, Some(initiator))?
            };
            self.place_member(owner, slot, member, None);
        }
        // A member is told of once, however often it was in the list.
        let unique: IndexSet<InstanceId, FxBuildHasher> = old.ids().iter().copied().collect();
        let (kept, removed): (Vec<_>, Vec<_>) =
            unique.into_iter().partition(|member| after.contains(member));
        if let Some(session) = self.instances[owner].session {
            for member in kept {
                self.cascade_save(host, session, owner, &relationship, member, initiator)?;
            }
        }
        for member in removed {
            self.fire_remove(host, owner, &relationship, slot, member, Some(initiator))?;
        }
        self.instances.drop_related(&old);
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "one list operation with all its variants")]
    fn add_member(
        &mut self,
        host: &mut dyn Host,
        owner: InstanceId,
        relationship: &Rc<Relationship>,
        member: InstanceId,
        index: Option<usize>,
        initiator: Option<Initiator>,
        passive: Passive,
    ) -> Result<()> {
        let slot = self.relationship_slot(owner, relationship.id)?;
        let known = self.load_related(host, owner, relationship, passive)?;
        let member = self.fire_append(host, owner, relationship, slot, member, initiator)?;
        if known {
            self.place_member(owner, slot, member, index);
        } else {
            self.queue(owner, slot, member, true);
        }
        Ok(())
    }

    fn remove_member(
        &mut self,
        host: &mut dyn Host,
        owner: InstanceId,
        relationship: &Rc<Relationship>,
        member: InstanceId,
        initiator: Option<Initiator>,
        passive: Passive,
    ) -> Result<()> {
        let slot = self.relationship_slot(owner, relationship.id)?;
        let known = self.load_related(host, owner, relationship, passive)?;
        if known && !self.instances[owner].related(slot).is_loaded() {
            // The empty collection of a new object becomes a real one.
            self.instances.set_related(owner, slot, Related::Many(Vec::new()));
        }
        // Events come first, as in SQLAlchemy: they are sent even for what is not a member.
        self.fire_remove(host, owner, relationship, slot, member, initiator)?;
        if !known {
            self.queue(owner, slot, member, false);
            return Ok(());
        }
        self.take_out(owner, slot, member)
    }

    /// Takes the first mention of a member out of a list.
    pub(crate) fn take_out(
        &mut self,
        owner: InstanceId,
        slot: u16,
        member: InstanceId,
    ) -> Result<()> {
        if let Related::Many(ids) = self.instances.related_mut(owner, slot)
            && let Some(index) = ids.iter().position(|id| *id == member)
        {
            ids.remove(index);
            self.instances.unlink(member);
            return Ok(());
        }
        Err(Error::value("list.remove(x): x not in list"))
    }

    /// Tells everybody of a new member; gives back the member that takes its place.
    fn fire_append(
        &mut self,
        host: &mut dyn Host,
        owner: InstanceId,
        relationship: &Rc<Relationship>,
        slot: u16,
        member: InstanceId,
        initiator: Option<Initiator>,
    ) -> Result<InstanceId> {
        let initiator = initiator.unwrap_or(Initiator::new(relationship.id, Operation::Append));
        self.check_single_parent(owner, relationship, member, None, initiator)?;
        let change = host::RelatedChange::Append(member);
        let member = host.on_related(self, owner, relationship.id, change)?.unwrap_or(member);
        if let Some(session) = self.instances[owner].session {
            self.cascade_save(host, session, owner, relationship, member, initiator)?;
        }
        if let Some(back) = relationship.back_populates {
            let back = self.mapping.relationship(back);
            self.backref_add(host, relationship, &back, owner, member, initiator)?;
        }
        self.record_related(owner, slot, true);
        if relationship.tracks_parent() {
            self.set_parent(relationship.id, member, owner, true)?;
        }
        self.emit(Event::CollectionChanged {
            instance: owner,
            relationship: relationship.id,
            member,
            added: true,
        });
        Ok(member)
    }

    fn fire_remove(
        &mut self,
        host: &mut dyn Host,
        owner: InstanceId,
        relationship: &Rc<Relationship>,
        slot: u16,
        member: InstanceId,
        initiator: Option<Initiator>,
    ) -> Result<()> {
        let initiator = initiator.unwrap_or(Initiator::new(relationship.id, Operation::Remove));
        host.on_related(self, owner, relationship.id, host::RelatedChange::Remove(member))?;
        if relationship.tracks_parent() {
            self.set_parent(relationship.id, member, owner, false)?;
        }
        self.cascade_remove(host, owner, relationship, member)?;
        self.backref_remove(host, relationship, owner, slot, member, initiator)?;
        self.record_related(owner, slot, true);
        self.emit(Event::CollectionChanged {
            instance: owner,
            relationship: relationship.id,
            member,
            added: false,
        });
        Ok(())
    }

    /// A member of a `single_parent` relationship has to leave one parent before another takes it.
    pub(super) fn check_single_parent(
        &self,
        owner: InstanceId,
        relationship: &Relationship,
        member: InstanceId,
        old: Option<InstanceId>,
        initiator: Initiator,
    ) -> Result<()> {
        if !relationship.single_parent
            || initiator.relationship != relationship.id
            || old == Some(member)
            || !self.has_parent(relationship.id, member, false)
        {
            return Ok(());
        }
        let class = self.mapping.mapper(self.instances[owner].mapper).class_repr();
        let message = format!(
            "Instance {} is already associated with an instance of {class} via its {} attribute, \
             and is only allowed a single parent.",
            self.state_str(member),
            self.mapping.relationship_str(relationship),
        );
        Err(Error::invalid_request(message).with_code("bbf1"))
    }

    /// A pending orphan leaves the session at once; another is remembered until the flush.
    fn cascade_remove(
        &mut self,
        host: &mut dyn Host,
        owner: InstanceId,
        relationship: &Relationship,
        member: InstanceId,
    ) -> Result<()> {
        if !relationship.cascade.contains(Cascade::DELETE_ORPHAN) || !self.is_orphan(member) {
            return Ok(());
        }
        let pending = self.instances[member].state == State::Pending;
        match self.instances[owner].session {
            Some(session) if pending && self.instances[member].session == Some(session) => {
                session::expunge(self, host, session, member)
            }
            _ => {
                self.instances[member].flags.set(Flags::ORPHANED, true);
                Ok(())
            }
        }
    }

    /// Tells the other side of a scalar that was set.
    pub(super) fn backref_set(
        &mut self,
        host: &mut dyn Host,
        id: InstanceId,
        relationship: &Rc<Relationship>,
        new: Option<InstanceId>,
        old: Option<InstanceId>,
        initiator: Initiator,
    ) -> Result<()> {
        let Some(back) = relationship.back_populates else { return Ok(()) };
        let back = self.mapping.relationship(back);
        if let Some(old) = old {
            let operation = if back.uselist { Operation::Remove } else { Operation::Replace };
            if initiator != Initiator::new(back.id, operation) {
                let initiator = Initiator::adding_to(relationship);
                self.pop_member(host, old, &back, id, initiator)?;
            }
        }
        match new {
            Some(new) => self.backref_add(host, relationship, &back, id, new, initiator),
            None => Ok(()),
        }
    }

    /// Adds `owner` to the other side of `member`, unless the chain started there.
    fn backref_add(
        &mut self,
        host: &mut dyn Host,
        relationship: &Relationship,
        back: &Rc<Relationship>,
        owner: InstanceId,
        member: InstanceId,
        initiator: Initiator,
    ) -> Result<()> {
        if initiator.relationship != relationship.id && initiator.relationship != back.id {
            let origin = self.mapping.relationship(initiator.relationship);
            return Err(Error::value(format!(
                "Bidirectional attribute conflict detected: Passing object {} to attribute \
                 \"{}\" triggers a modify event on attribute \"{}\" via the backref \"{}\".",
                self.state_str(owner),
                self.mapping.relationship_str(&origin),
                self.mapping.relationship_str(back),
                self.mapping.relationship_str(relationship),
            )));
        }
        if initiator == Initiator::adding_to(back)
            || initiator == Initiator::new(back.id, Operation::BulkReplace)
        {
            return Ok(());
        }
        if back.uselist {
            let passive = Passive::NoFetch;
            self.add_member(host, member, back, owner, None, Some(initiator), passive)
        } else {
            self.set_scalar(host, member, back, Some(owner), Some(initiator), None)
        }
    }

    fn backref_remove(
        &mut self,
        host: &mut dyn Host,
        relationship: &Relationship,
        owner: InstanceId,
        slot: u16,
        member: InstanceId,
        initiator: Initiator,
    ) -> Result<()> {
        let Some(back) = relationship.back_populates else { return Ok(()) };
        let back = self.mapping.relationship(back);
        let replace = if back.uselist { Operation::BulkReplace } else { Operation::Replace };
        if initiator == Initiator::new(back.id, Operation::Remove)
            || initiator == Initiator::new(back.id, replace)
        {
            return Ok(());
        }
        if !back.uselist && relationship.uselist {
            let ids = self.instances[owner].related(slot).ids();
            if ids.iter().filter(|id| **id == member).count() > 1 {
                // Another mention of the same object keeps the link alive.
                return Ok(());
            }
        }
        self.pop_member(host, member, &back, owner, initiator)
    }

    /// Takes `member` out of the other side, if it is there.
    fn pop_member(
        &mut self,
        host: &mut dyn Host,
        owner: InstanceId,
        relationship: &Rc<Relationship>,
        member: InstanceId,
        initiator: Initiator,
    ) -> Result<()> {
        if !relationship.uselist {
            return self.set_scalar(host, owner, relationship, None, Some(initiator), Some(member));
        }
        let passive = Passive::NoFetch;
        match self.remove_member(host, owner, relationship, member, Some(initiator), passive) {
            Err(error) if error.kind() == ErrorKind::ValueError => Ok(()),
            done => done,
        }
    }

    fn place_member(
        &mut self,
        owner: InstanceId,
        slot: u16,
        member: InstanceId,
        index: Option<usize>,
    ) {
        self.instances.link(member);
        match self.instances.related_mut(owner, slot) {
            Related::Many(ids) => match index {
                Some(index) => ids.insert(index.min(ids.len()), member),
                None => ids.push(member),
            },
            empty => *empty = Related::Many(vec![member]),
        }
    }

    /// Remembers a change of a collection that is not loaded.
    fn queue(&mut self, owner: InstanceId, slot: u16, member: InstanceId, added: bool) {
        let related = self.instances.related_mut(owner, slot);
        if !matches!(related, Related::Queued(_)) {
            *related = Related::Queued(Box::default());
        }
        let Related::Queued(queued) = related else { return };
        let Queued { added: joining, deleted: leaving } = &mut **queued;
        let (undone, done) = if added { (leaving, joining) } else { (joining, leaving) };
        if let Some(index) = undone.iter().position(|id| *id == member) {
            undone.remove(index);
            self.instances.unlink(member);
        } else if !done.contains(&member) {
            done.push(member);
            self.instances.link(member);
        }
    }
}
