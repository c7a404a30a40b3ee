//! What takes part in a flush and why. May load what cascades and statements need.

use indexmap::IndexSet;
use rustc_hash::{FxBuildHasher, FxHashSet};

use super::FlushScope;
use crate::Orm;
use crate::error::Result;
use crate::host::Host;
use crate::instance::{Cause, Flags, InstanceId, Passive, RelatedHistory, Slot};
use crate::load;
use crate::mapping::{Cascade, Direction, MapperId, PassiveDeletes, Relationship, RelationshipId};
use crate::session::{self, SessionId};

/// Index of a unit in the running flush.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct UnitIndex(pub(crate) u32);

/// One object that takes part in a flush.
#[derive(Clone, Debug)]
pub(crate) struct Unit {
    pub(crate) id: InstanceId,
    pub(crate) mapper: MapperId,
    /// Its row goes away; otherwise it is inserted or updated.
    pub(crate) delete: bool,
    /// It only stands by; nothing is written for it.
    pub(crate) list_only: bool,
    pub(crate) reason: Reason,
}

/// Why an object takes part in a flush.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It was added to the session.
    Added(Cause),
    /// Its attributes changed.
    Modified,
    /// `session.delete` marked it.
    Deleted(Cause),
    /// A parent that it belonged to let go of it.
    Orphan,
    /// It joined or left a relationship of another object.
    Related {
        /// The other object.
        owner: InstanceId,
        /// Its relationship.
        relationship: RelationshipId,
    },
    /// It is deleted because the owner of a relationship is, or let go of it.
    OrphanOf {
        /// The owner.
        owner: InstanceId,
        /// Its relationship.
        relationship: RelationshipId,
    },
}

/// All objects of a flush and the relationships that have work in it.
#[derive(Debug)]
pub(crate) struct Units {
    pub(crate) session: SessionId,
    /// They are all that the session has to flush.
    pub(crate) whole: bool,
    pub(crate) all: Vec<Unit>,
    /// Mappers with units, in order of first registration.
    pub(crate) mappers: IndexSet<MapperId, FxBuildHasher>,
    /// Units by mapper; a unit stands here again when it stops being `list_only`.
    by_mapper: Vec<Vec<UnitIndex>>,
    /// Mappers that SQLAlchemy's preprocessors looked at.
    touched: FxHashSet<MapperId>,
    preprocessors: Vec<Preprocessor>,
    /// Relationships with work to do or order to keep.
    pub(crate) active: Vec<RelationshipId>,
}

/// Progress of one relationship through the units it concerns.
#[derive(Debug)]
struct Preprocessor {
    relationship: RelationshipId,
    /// The hierarchy of its parent and how many of each mapper's units were seen.
    seen: Vec<(MapperId, usize)>,
    active: bool,
}

impl Units {
    pub(crate) fn unit(&self, index: UnitIndex) -> &Unit {
        &self.all[position(index)]
    }

    /// The unit of an object, if it takes part.
    pub(crate) fn find(&self, orm: &Orm, id: InstanceId) -> Option<UnitIndex> {
        let index = orm.instances[id].flush_index;
        let unit = self.all.get(position(UnitIndex(index)))?;
        (unit.id == id).then_some(UnitIndex(index))
    }

    fn of_mapper(&self, mapper: MapperId) -> &[UnitIndex] {
        self.by_mapper.get(usize::from(mapper.get())).map_or(&[], Vec::as_slice)
    }

    /// Units of a hierarchy that are saved, or those that are deleted.
    pub(crate) fn of_hierarchy(&self, orm: &Orm, base: MapperId, delete: bool) -> Vec<UnitIndex> {
        let mut found = Vec::new();
        for mapper in orm.mapping.self_and_descendants(base) {
            self.pick(mapper, delete, &mut found);
        }
        found
    }

    /// Units that have a relationship and are saved, or deleted.
    pub(crate) fn of_relationship(
        &self,
        orm: &Orm,
        relationship: RelationshipId,
        delete: bool,
    ) -> Vec<UnitIndex> {
        let parent = orm.mapping.relationship(relationship).parent;
        let mut found = Vec::new();
        for mapper in orm.mapping.self_and_descendants(parent) {
            if orm.mapping.mapper(mapper).slot(relationship).is_some() {
                self.pick(mapper, delete, &mut found);
            }
        }
        found
    }

    fn pick(&self, mapper: MapperId, delete: bool, into: &mut Vec<UnitIndex>) {
        let mut last = None;
        for &index in self.of_mapper(mapper) {
            let unit = self.unit(index);
            if unit.delete == delete && !unit.list_only && last != Some(index) {
                into.push(index);
                last = Some(index);
            }
        }
    }

    /// Everything a relationship of a unit holds or held; `None` when nothing is known.
    pub(crate) fn all_pending(
        &self,
        orm: &Orm,
        relationship: &Relationship,
        index: UnitIndex,
    ) -> Option<Vec<Option<InstanceId>>> {
        let unit = self.unit(index);
        let slot = orm.mapping.mapper(unit.mapper).slot(relationship.id)?;
        let instance = &orm.instances[unit.id];
        let current = instance.related(slot);
        if !current.is_loaded() {
            return None;
        }
        let mut ids: Vec<_> = instance.all_pending(slot).into_iter().map(Some).collect();
        if !relationship.uselist && current.ids().is_empty() {
            ids.insert(0, None);
        }
        (!ids.is_empty()).then_some(ids)
    }
}

pub(super) fn position(index: UnitIndex) -> usize {
    usize::try_from(index.0).unwrap_or(usize::MAX)
}

/// Gathers every object that the flush concerns, following relationships until nothing new turns up.
pub(crate) fn collect(
    orm: &mut Orm,
    host: &mut dyn Host,
    session: SessionId,
    scope: &FlushScope,
) -> Result<Units> {
    let units = Units {
        session,
        whole: scope.is_none(),
        all: Vec::new(),
        mappers: IndexSet::default(),
        by_mapper: vec![Vec::new(); orm.mapping.mappers().len()],
        touched: FxHashSet::default(),
        preprocessors: Vec::new(),
        active: Vec::new(),
    };
    let mut collector = Collector { orm, host, units };
    collector.register_session(scope)?;
    collector.preprocess()?;
    collector.load_values()?;
    Ok(collector.units)
}

struct Collector<'a> {
    orm: &'a mut Orm,
    host: &'a mut dyn Host,
    units: Units,
}

/// How an object is registered with a flush.
#[derive(Clone, Copy, Default)]
struct Register {
    delete: bool,
    list_only: bool,
    cancel_delete: bool,
    /// What was done along which relationship, for the warning when the object is in no session.
    operation: Option<&'static str>,
}

impl Collector<'_> {
    /// New, modified and deleted objects of the session; orphans among them are deleted.
    fn register_session(&mut self, scope: &FlushScope) -> Result<()> {
        let session = self.units.session;
        let wanted = |id: &InstanceId| scope.as_ref().is_none_or(|only| only.contains(id));
        let deleted = self.orm.sessions.deleted(self.orm, session);
        let new = self.orm.sessions.new_objects(self.orm, session);
        let dirty = self.orm.sessions.dirty(self.orm, session);
        self.units.all.reserve(new.len() + dirty.len() + deleted.len());
        for id in new.into_iter().chain(dirty).filter(wanted) {
            let orphan = self.orm.is_orphan(id);
            let instance = &self.orm.instances[id];
            let persistent = instance.key.is_some();
            if orphan && !persistent && instance.flags.has(Flags::ORPHANED) {
                session::expunge_only(self.orm, session, id)?;
                continue;
            }
            let reason = match (orphan, persistent) {
                (true, true) => Reason::Orphan,
                (false, true) => Reason::Modified,
                (_, false) => Reason::Added(instance.cause),
            };
            let how = Register { delete: orphan && persistent, ..Register::default() };
            self.register(id, how, reason);
        }
        for id in deleted.into_iter().filter(wanted) {
            let reason = Reason::Deleted(self.orm.instances[id].cause);
            if self.units.find(self.orm, id).is_none() {
                self.register(id, Register { delete: true, ..Register::default() }, reason);
            }
        }
        Ok(())
    }

    fn register(&mut self, id: InstanceId, how: Register, reason: Reason) -> bool {
        if !session::contains(self.orm, self.units.session, id) {
            self.warn_not_in_session(id, how, reason);
            return false;
        }
        if let Some(index) = self.units.find(self.orm, id) {
            if how.list_only || !(how.delete || how.cancel_delete) {
                return true;
            }
            let unit = &mut self.units.all[position(index)];
            let (was_listed, mapper) = (unit.list_only, unit.mapper);
            if how.delete && !unit.delete {
                unit.reason = reason;
            }
            unit.delete = how.delete;
            unit.list_only = false;
            if was_listed {
                self.units.by_mapper[usize::from(mapper.get())].push(index);
            }
            return true;
        }
        let mapper = self.orm.instances[id].mapper;
        if !self.units.mappers.contains(&mapper) {
            self.add_mapper(mapper);
        }
        let index = u32::try_from(self.units.all.len()).unwrap_or(u32::MAX);
        self.orm.instances[id].flush_index = index;
        let Register { delete, list_only, .. } = how;
        self.units.all.push(Unit { id, mapper, delete, list_only, reason });
        if let Some(of_mapper) = self.units.by_mapper.get_mut(usize::from(mapper.get())) {
            of_mapper.push(UnitIndex(index));
        }
        true
    }

    fn warn_not_in_session(&self, id: InstanceId, how: Register, reason: Reason) {
        let relationship = match reason {
            Reason::Related { relationship, .. } | Reason::OrphanOf { relationship, .. } => {
                relationship
            }
            Reason::Added(_) | Reason::Modified | Reason::Deleted(_) | Reason::Orphan => return,
        };
        let Some(operation) = how.operation else { return };
        if self.orm.instances[id].state == crate::State::Deleted {
            return;
        }
        let class = self.orm.mapping.mapper(self.orm.instances[id].mapper);
        let along = self.orm.mapping.relationship(relationship);
        self.orm.warn(&format!(
            "Object of type <{}> not in session, {operation} operation along '{}' will not proceed",
            class.class_name,
            self.orm.mapping.relationship_str(&along),
        ));
    }

    fn add_mapper(&mut self, mapper: MapperId) {
        self.units.mappers.insert(mapper);
        self.units.touched.insert(mapper);
        let mapper = std::rc::Rc::clone(self.orm.mapping.mapper(mapper));
        for &id in &mapper.relationships {
            let relationship = self.orm.mapping.relationship(id);
            let known = self.units.preprocessors.iter().any(|p| p.relationship == id);
            if known || !relationship.is_persisted() {
                continue;
            }
            let hierarchy = self.orm.mapping.self_and_descendants(relationship.parent);
            let has = |m: &MapperId| self.orm.mapping.mapper(*m).slot(id).is_some();
            let seen = hierarchy.into_iter().filter(has).map(|m| (m, 0)).collect();
            self.units.preprocessors.push(Preprocessor { relationship: id, seen, active: false });
        }
    }

    /// Lets each relationship register what it brings along, until none finds anything new.
    fn preprocess(&mut self) -> Result<()> {
        loop {
            let mut found = false;
            // A pass may add preprocessors; they have their turn in the next one.
            for turn in 0..self.units.preprocessors.len() {
                found |= self.run_preprocessor(turn)?;
            }
            if !found {
                return Ok(());
            }
        }
    }

    fn run_preprocessor(&mut self, turn: usize) -> Result<bool> {
        let Units { preprocessors, by_mapper, touched, all, .. } = &mut self.units;
        let preprocessor = &mut preprocessors[turn];
        let relationship = self.orm.mapping.relationship(preprocessor.relationship);
        let (mut saves, mut deletes) = (Vec::new(), Vec::new());
        for (mapper, seen) in &mut preprocessor.seen {
            touched.insert(*mapper);
            let units = &by_mapper[usize::from(mapper.get())];
            for index in units.iter().skip(*seen) {
                let unit = &all[position(*index)];
                match (unit.list_only, unit.delete) {
                    (true, _) => {}
                    (false, true) => deletes.push(unit.id),
                    (false, false) => saves.push(unit.id),
                }
            }
            *seen = units.len();
        }
        let was_active = preprocessor.active;
        if saves.is_empty() && deletes.is_empty() {
            return Ok(false);
        }
        self.presort(&relationship, &deletes, true)?;
        self.presort(&relationship, &saves, false)?;
        if !was_active
            && (self.has_changes(&relationship, &deletes, true)?
                || self.has_changes(&relationship, &saves, false)?)
        {
            self.units.preprocessors[turn].active = true;
            self.units.active.push(relationship.id);
        }
        Ok(true)
    }

    fn presort(
        &mut self,
        relationship: &Relationship,
        ids: &[InstanceId],
        delete: bool,
    ) -> Result<()> {
        for &id in ids {
            match (relationship.direction, delete) {
                (Direction::OneToMany, true) => self.presort_parent_delete(relationship, id)?,
                (Direction::OneToMany, false) => self.presort_parent_save(relationship, id)?,
                (Direction::ManyToOne, true) => self.presort_child_delete(relationship, id)?,
                (Direction::ManyToOne, false) | (Direction::ManyToMany, false) => {
                    self.presort_orphans(relationship, id)?;
                }
                (Direction::ManyToMany, true) => {
                    if relationship.passive_deletes == PassiveDeletes::No {
                        self.load(relationship, id)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Loads expired values that a plan cannot take from an identity key: version counters, and
    /// columns other than the primary key that relationships copy.
    fn load_values(&mut self) -> Result<()> {
        let mut wanted: Vec<InstanceId> = Vec::new();
        let expired = |orm: &Orm, id: InstanceId, attribute: u16| {
            orm.instances[id].key.is_some()
                && matches!(orm.instances[id].column(attribute), Slot::Expired)
        };
        for unit in &self.units.all {
            let version = self.orm.mapping.mapper(unit.mapper).version;
            if version.is_some_and(|version| expired(self.orm, unit.id, version)) {
                wanted.push(unit.id);
            }
        }
        for &id in &self.units.active {
            let relationship = self.orm.mapping.relationship(id);
            let source = match relationship.direction {
                Direction::ManyToOne => relationship.target,
                Direction::OneToMany | Direction::ManyToMany => relationship.parent,
            };
            let primary_key = &self.orm.mapping.mapper(source).primary_key;
            let mut copied = relationship.synchronize_pairs.iter().map(|p| p.source_attribute);
            let Some(attribute) = copied.find(|a| !primary_key.contains(a)) else { continue };
            for index in self.units.of_relationship(self.orm, id, false) {
                let owner = self.units.unit(index).id;
                let slot = self.orm.relationship_slot(owner, id)?;
                let added = self.orm.instances[owner].related_history(slot).added.into_owned();
                let many_to_one = relationship.direction == Direction::ManyToOne;
                let sources = if many_to_one { added } else { vec![owner] };
                wanted.extend(sources.into_iter().filter(|id| expired(self.orm, *id, attribute)));
            }
        }
        for id in wanted {
            load::refresh_expired(self.orm, self.host, id)?;
        }
        Ok(())
    }

    fn slot(&self, relationship: &Relationship, id: InstanceId) -> Result<u16> {
        self.orm.relationship_slot(id, relationship.id)
    }

    fn load(&mut self, relationship: &Relationship, id: InstanceId) -> Result<()> {
        self.orm.load_related(self.host, id, relationship, Passive::OffNoAutoflush)?;
        Ok(())
    }

    /// The history of a relationship; an old value that nobody asked for so far is loaded.
    fn history(
        &mut self,
        relationship: &Relationship,
        id: InstanceId,
    ) -> Result<RelatedHistory<'_>> {
        let slot = self.slot(relationship, id)?;
        self.orm.load_old(self.host, id, relationship)?;
        Ok(self.orm.instances[id].related_history(slot))
    }

    fn presort_parent_delete(&mut self, relationship: &Relationship, id: InstanceId) -> Result<()> {
        if relationship.passive_deletes == PassiveDeletes::No {
            self.load(relationship, id)?;
        }
        let null_keys = !relationship.cascade.contains(Cascade::DELETE)
            && relationship.passive_deletes != PassiveDeletes::All;
        let history = self.history(relationship, id)?;
        let (deleted, unchanged) = (history.deleted.to_vec(), history.unchanged.to_vec());
        let related = Reason::Related { owner: id, relationship: relationship.id };
        let orphan = Reason::OrphanOf { owner: id, relationship: relationship.id };
        for child in deleted {
            if self.orm.has_parent(relationship.id, child, false) {
                continue;
            }
            if relationship.cascade.contains(Cascade::DELETE_ORPHAN) {
                self.register(child, Register { delete: true, ..Register::default() }, orphan);
            } else {
                self.register(child, Register::default(), related);
            }
        }
        if null_keys {
            for child in unchanged {
                let how = Register { operation: Some("delete"), ..Register::default() };
                self.register(child, how, related);
            }
        }
        Ok(())
    }

    fn presort_parent_save(&mut self, relationship: &Relationship, id: InstanceId) -> Result<()> {
        let keys_changed = self.keys_changed(relationship, id);
        if keys_changed && !relationship.passive_updates {
            self.load(relationship, id)?;
        }
        let history = self.history(relationship, id)?;
        if history.is_empty() {
            return Ok(());
        }
        let added = history.added.to_vec();
        let deleted = history.deleted.to_vec();
        let unchanged = if keys_changed { history.unchanged.to_vec() } else { Vec::new() };
        let related = Reason::Related { owner: id, relationship: relationship.id };
        for child in added {
            let how =
                Register { cancel_delete: true, operation: Some("add"), ..Register::default() };
            self.register(child, how, related);
        }
        for child in deleted {
            if !relationship.cascade.contains(Cascade::DELETE_ORPHAN) {
                if relationship.passive_deletes != PassiveDeletes::All {
                    let how = Register { operation: Some("delete"), ..Register::default() };
                    self.register(child, how, related);
                }
            } else if !self.orm.has_parent(relationship.id, child, false) {
                self.delete_orphan(relationship, id, child)?;
            }
        }
        for child in unchanged {
            let how = Register {
                list_only: relationship.passive_updates,
                operation: Some("pk change"),
                ..Register::default()
            };
            self.register(child, how, related);
        }
        Ok(())
    }

    /// Deletes an object that its owner let go of, and what it owns in turn.
    fn delete_orphan(
        &mut self,
        relationship: &Relationship,
        owner: InstanceId,
        child: InstanceId,
    ) -> Result<()> {
        let reason = Reason::OrphanOf { owner, relationship: relationship.id };
        let how = Register { delete: true, operation: Some("delete"), ..Register::default() };
        self.register(child, how, reason);
        let reached = session::cascade(self.orm, self.host, Cascade::DELETE, child, &|_, _| false)?;
        for step in reached {
            let reason = Reason::OrphanOf { owner: step.from, relationship: step.along };
            self.register(step.id, Register { delete: true, ..Register::default() }, reason);
        }
        Ok(())
    }

    fn presort_child_delete(&mut self, relationship: &Relationship, id: InstanceId) -> Result<()> {
        let orphans = relationship.cascade.contains(Cascade::DELETE_ORPHAN);
        if !relationship.cascade.contains(Cascade::DELETE) && !orphans {
            return Ok(());
        }
        if relationship.passive_deletes == PassiveDeletes::No {
            self.load(relationship, id)?;
        }
        let history = self.history(relationship, id)?;
        let mut doomed = history.added.to_vec();
        doomed.extend(history.unchanged.iter());
        if orphans {
            doomed.extend(history.deleted.iter());
        }
        for child in doomed {
            self.delete_orphan(relationship, id, child)?;
        }
        Ok(())
    }

    fn presort_orphans(&mut self, relationship: &Relationship, id: InstanceId) -> Result<()> {
        if !relationship.cascade.contains(Cascade::DELETE_ORPHAN) {
            return Ok(());
        }
        let deleted = self.history(relationship, id)?.deleted.to_vec();
        for child in deleted {
            if !self.orm.has_parent(relationship.id, child, false) {
                self.delete_orphan(relationship, id, child)?;
            }
        }
        Ok(())
    }

    fn keys_changed(&self, relationship: &Relationship, id: InstanceId) -> bool {
        let instance = &self.orm.instances[id];
        instance.key.is_some()
            && relationship
                .synchronize_pairs
                .iter()
                .any(|pair| super::column_changed(instance, pair.source_attribute))
    }

    /// Whether a relationship has work, or merely order to keep because its target takes part too.
    fn has_changes(
        &mut self,
        relationship: &Relationship,
        ids: &[InstanceId],
        delete: bool,
    ) -> Result<bool> {
        let passive = match relationship.direction {
            _ if !delete || relationship.passive_deletes != PassiveDeletes::No => {
                Passive::NoInitialize
            }
            Direction::ManyToOne => Passive::NoFetchRelated,
            Direction::OneToMany | Direction::ManyToMany => Passive::OffNoAutoflush,
        };
        for &id in ids {
            self.orm.load_related(self.host, id, relationship, passive)?;
            if !self.history(relationship, id)?.is_empty() {
                return Ok(true);
            }
        }
        let target = relationship.target;
        let involved = self.units.mappers.contains(&target) || self.units.touched.contains(&target);
        Ok(!ids.is_empty() && !relationship.self_referential && involved)
    }
}
