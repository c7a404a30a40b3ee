//! What the relationships of a flush write: copied keys, cleared keys, association rows. Pure.

use rustc_hash::FxHashSet;

use super::collect::{UnitIndex, Units};
use crate::Orm;
use crate::error::{Error, Result};
use crate::instance::InstanceId;
use crate::mapping::{Cascade, Direction, PassiveDeletes, Relationship, RelationshipId};
use crate::session;

/// A key copied along a relationship, or cleared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Copy {
    /// The next copy into the same unit.
    pub(crate) next: Option<u32>,
    /// The column written.
    pub(crate) column: u16,
    /// Where the value comes from; `None` clears it.
    pub(crate) source: Option<(InstanceId, u16)>,
    /// The relationship that says so.
    pub(crate) relationship: RelationshipId,
}

/// A row of an association table to insert or delete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AssociationRow {
    pub(crate) parent: InstanceId,
    pub(crate) child: InstanceId,
    pub(crate) insert: bool,
    /// The parent is deleted.
    pub(crate) delete: bool,
    pub(crate) owner: UnitIndex,
    pub(crate) relationship: RelationshipId,
}

/// An expired key that a relationship reads when its turn comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) instance: InstanceId,
    pub(crate) relationship: RelationshipId,
    /// In the turn of its deleted owners.
    pub(crate) delete: bool,
    pub(crate) owner: UnitIndex,
}

/// What the relationships of a flush write.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// Key copies, chained by unit.
    pub(crate) copies: Vec<Copy>,
    /// First copy into each unit.
    pub(crate) first: Vec<Option<u32>>,
    /// Association rows in order of relationships.
    pub(crate) rows: Vec<AssociationRow>,
    /// Expired keys that are read, in order.
    pub(crate) reads: Vec<Read>,
    /// Columns that wait for a second UPDATE: unit and column.
    pub(crate) post_updates: Vec<(UnitIndex, u16)>,
}

impl Changes {
    /// Copies into a unit.
    pub(crate) fn of(&self, unit: UnitIndex) -> impl Iterator<Item = &Copy> {
        let first = self.first.get(super::collect::position(unit)).copied().flatten();
        std::iter::successors(self.copy(first), |copy| self.copy(copy.next))
    }

    fn copy(&self, index: Option<u32>) -> Option<&Copy> {
        self.copies.get(super::collect::position(UnitIndex(index?)))
    }

    /// The copy into a column of a unit.
    pub(crate) fn copy_into(&self, unit: UnitIndex, column: u16) -> Option<&Copy> {
        self.of(unit).find(|copy| copy.column == column)
    }

    fn put(&mut self, unit: UnitIndex, new: Copy) {
        let Some(first) = self.first.get_mut(super::collect::position(unit)) else { return };
        let mut index = *first;
        while let Some(at) = index {
            let Some(copy) = self.copies.get_mut(super::collect::position(UnitIndex(at))) else {
                return;
            };
            if copy.column == new.column {
                copy.source = new.source;
                copy.relationship = new.relationship;
                return;
            }
            index = copy.next;
        }
        let at = u32::try_from(self.copies.len()).ok();
        self.copies.push(Copy { next: *first, ..new });
        *first = at;
    }
}

/// What every active relationship writes. Reads histories only.
pub(crate) fn diff(orm: &Orm, units: &Units) -> Result<Changes> {
    let mut changes = Changes { first: vec![None; units.all.len()], ..Changes::default() };
    let mut active: Vec<_> = units.active.iter().map(|id| orm.mapping.relationship(*id)).collect();
    active.sort_by(|a, b| a.sort_key.cmp(&b.sort_key));
    let owner = UnitIndex(0);
    let mirrored = FxHashSet::default();
    let mut differ = Differ { orm, units, changes: &mut changes, mirrored, owner, delete: true };
    for delete in [true, false] {
        for relationship in &active {
            for unit in units.of_relationship(orm, relationship.id, delete) {
                (differ.owner, differ.delete) = (unit, delete);
                differ.unit(relationship, unit, delete)?;
            }
        }
    }
    Ok(changes)
}

struct Differ<'a> {
    orm: &'a Orm,
    units: &'a Units,
    changes: &'a mut Changes,
    /// Association rows the mirror relationship has dealt with, parent first.
    mirrored: FxHashSet<(RelationshipId, InstanceId, InstanceId)>,
    /// The unit whose turn it is.
    owner: UnitIndex,
    /// Whether that unit is deleted.
    delete: bool,
}

impl Differ<'_> {
    fn unit(&mut self, relationship: &Relationship, unit: UnitIndex, delete: bool) -> Result<()> {
        match (relationship.direction, delete) {
            (Direction::OneToMany, false) => self.parent_saved(relationship, unit),
            (Direction::OneToMany, true) => self.parent_deleted(relationship, unit),
            (Direction::ManyToOne, false) => self.child_saved(relationship, unit),
            (Direction::ManyToOne, true) => self.child_deleted(relationship, unit),
            (Direction::ManyToMany, _) => self.associated(relationship, unit, delete),
        }
    }

    fn parent_saved(&mut self, relationship: &Relationship, unit: UnitIndex) -> Result<()> {
        let id = self.units.unit(unit).id;
        let instance = &self.orm.instances[id];
        let history = instance.related_history(self.orm.relationship_slot(id, relationship.id)?);
        for &child in history.added.iter() {
            self.copy_key(relationship, id, child, false)?;
        }
        let null_keys = !relationship.cascade.contains(Cascade::DELETE_ORPHAN)
            && relationship.passive_deletes != PassiveDeletes::All;
        for &child in history.deleted.iter() {
            if null_keys && !self.orm.has_parent(relationship.id, child, false) {
                self.clear_key(relationship, child)?;
            }
        }
        let moved = instance.key.is_some()
            && relationship
                .synchronize_pairs
                .iter()
                .any(|pair| super::column_changed(instance, pair.source_attribute));
        if moved {
            for &child in history.unchanged.iter() {
                self.copy_key(relationship, id, child, true)?;
            }
        }
        Ok(())
    }

    fn parent_deleted(&mut self, relationship: &Relationship, unit: UnitIndex) -> Result<()> {
        if !relationship.post_update && relationship.passive_deletes == PassiveDeletes::All {
            return Ok(());
        }
        let id = self.units.unit(unit).id;
        let instance = &self.orm.instances[id];
        let history = instance.related_history(self.orm.relationship_slot(id, relationship.id)?);
        for &child in history.deleted.iter() {
            if !self.orm.has_parent(relationship.id, child, false) {
                self.clear_key(relationship, child)?;
            }
        }
        if relationship.post_update || !relationship.cascade.contains(Cascade::DELETE) {
            for &child in history.unchanged.iter() {
                // A child that another parent took meanwhile gets that one's key later on.
                self.clear_key(relationship, child)?;
            }
        }
        Ok(())
    }

    fn child_saved(&mut self, relationship: &Relationship, unit: UnitIndex) -> Result<()> {
        let id = self.units.unit(unit).id;
        let instance = &self.orm.instances[id];
        let history = instance.related_history(self.orm.relationship_slot(id, relationship.id)?);
        if let Some(&parent) = history.added.first() {
            if !session::contains(self.orm, self.units.session, parent) {
                if self.orm.instances[parent].state != crate::State::Deleted {
                    self.warn_outside(relationship, parent, "add");
                }
                return Ok(());
            }
            self.check_type(relationship, parent)?;
            self.put(relationship, unit, Some(parent));
        } else if history.added_none || !history.deleted.is_empty() {
            self.put(relationship, unit, None);
        }
        if relationship.post_update
            && !(history.added.is_empty()
                && history.unchanged.is_empty()
                && history.deleted.is_empty()
                && !history.added_none
                && !history.unchanged_none)
        {
            self.post_update(relationship, unit);
        }
        Ok(())
    }

    fn child_deleted(&mut self, relationship: &Relationship, unit: UnitIndex) -> Result<()> {
        if !relationship.post_update
            || relationship.cascade.contains(Cascade::DELETE_ORPHAN)
            || relationship.passive_deletes == PassiveDeletes::All
        {
            return Ok(());
        }
        let id = self.units.unit(unit).id;
        let slot = self.orm.relationship_slot(id, relationship.id)?;
        let history = self.orm.instances[id].related_history(slot);
        self.put(relationship, unit, None);
        if !(history.added.is_empty() && history.unchanged.is_empty() && history.deleted.is_empty())
        {
            self.post_update(relationship, unit);
        }
        Ok(())
    }

    fn associated(
        &mut self,
        relationship: &Relationship,
        unit: UnitIndex,
        delete: bool,
    ) -> Result<()> {
        let id = self.units.unit(unit).id;
        let slot = self.orm.relationship_slot(id, relationship.id)?;
        let history = self.orm.instances[id].related_history(slot);
        if delete {
            for child in history.unchanged.iter().chain(history.deleted.iter()) {
                self.row(relationship, unit, id, *child, false, true)?;
            }
            return Ok(());
        }
        for child in history.added.iter() {
            self.row(relationship, unit, id, *child, true, false)?;
        }
        for child in history.deleted.iter() {
            self.row(relationship, unit, id, *child, false, false)?;
        }
        Ok(())
    }

    fn row(
        &mut self,
        relationship: &Relationship,
        owner: UnitIndex,
        parent: InstanceId,
        child: InstanceId,
        insert: bool,
        delete: bool,
    ) -> Result<()> {
        if self.mirrored.contains(&(relationship.id, parent, child)) {
            return Ok(());
        }
        self.check_type(relationship, child)?;
        if !session::contains(self.orm, self.units.session, child) {
            if self.orm.instances[child].state != crate::State::Deleted {
                self.warn_outside(relationship, child, if insert { "add" } else { "delete" });
            }
            return Ok(());
        }
        for &back in &relationship.reverse {
            self.mirrored.insert((back, child, parent));
        }
        self.read(relationship, parent);
        self.read(relationship, child);
        let relationship = relationship.id;
        let row = AssociationRow { parent, child, insert, delete, owner, relationship };
        self.changes.rows.push(row);
        Ok(())
    }

    /// Copies the parent's key into a child's foreign key.
    fn copy_key(
        &mut self,
        relationship: &Relationship,
        parent: InstanceId,
        child: InstanceId,
        pk_changed: bool,
    ) -> Result<()> {
        self.check_type(relationship, child)?;
        let Some(unit) = self.units.find(self.orm, child) else { return Ok(()) };
        if self.units.unit(unit).delete && !relationship.post_update {
            return Ok(());
        }
        self.put(relationship, unit, Some(parent));
        if relationship.post_update && !pk_changed {
            self.post_update(relationship, unit);
        }
        Ok(())
    }

    fn clear_key(&mut self, relationship: &Relationship, child: InstanceId) -> Result<()> {
        let Some(unit) = self.units.find(self.orm, child) else { return Ok(()) };
        if self.units.unit(unit).delete && !relationship.post_update {
            return Ok(());
        }
        self.check_clearable(relationship, child)?;
        self.put(relationship, unit, None);
        if relationship.post_update {
            self.post_update(relationship, unit);
        }
        Ok(())
    }

    /// A primary key column cannot be blanked out.
    fn check_clearable(&self, relationship: &Relationship, child: InstanceId) -> Result<()> {
        let mapper = self.orm.mapping.mapper(self.orm.instances[child].mapper);
        for pair in &relationship.synchronize_pairs {
            let Some(dest) = pair.dest_attribute else { continue };
            let has_value =
                self.orm.instances[child].column(dest).value().is_some_and(|v| !v.is_null());
            if mapper.primary_key.contains(&dest) && has_value {
                return Err(Error::assertion(format!(
                    "Dependency rule on column '{}' tried to blank-out primary key column '{}' \
                     on instance '{}'",
                    pair.source,
                    pair.dest,
                    self.orm.state_str(child),
                )));
            }
        }
        Ok(())
    }

    /// Takes note of a key that has to be loaded before it can be copied.
    fn read(&mut self, relationship: &Relationship, instance: InstanceId) {
        if self.orm.is_key_expired(instance) {
            let (relationship, delete, owner) = (relationship.id, self.delete, self.owner);
            self.changes.reads.push(Read { instance, relationship, delete, owner });
        }
    }

    fn put(&mut self, relationship: &Relationship, unit: UnitIndex, source: Option<InstanceId>) {
        if let Some(source) = source {
            self.read(relationship, source);
        }
        for pair in &relationship.synchronize_pairs {
            let Some(column) = pair.dest_attribute else { continue };
            let source = source.map(|id| (id, pair.source_attribute));
            let relationship = relationship.id;
            self.changes.put(unit, Copy { next: None, column, source, relationship });
        }
    }

    fn post_update(&mut self, relationship: &Relationship, unit: UnitIndex) {
        for pair in &relationship.synchronize_pairs {
            let Some(column) = pair.dest_attribute else { continue };
            if !self.changes.post_updates.contains(&(unit, column)) {
                self.changes.post_updates.push((unit, column));
            }
        }
    }

    fn warn_outside(&self, relationship: &Relationship, id: InstanceId, operation: &str) {
        let class = self.orm.mapping.mapper(self.orm.instances[id].mapper);
        self.orm.warn(&format!(
            "Object of type <{}> not in session, {operation} operation along '{}' won't proceed",
            class.class_name,
            self.orm.mapping.relationship_str(relationship),
        ));
    }

    fn check_type(&self, relationship: &Relationship, member: InstanceId) -> Result<()> {
        let mapper = self.orm.instances[member].mapper;
        if self.orm.mapping.is_a(mapper, relationship.target) {
            return Ok(());
        }
        let (class, expected) =
            (self.orm.mapping.mapper(mapper), self.orm.mapping.mapper(relationship.target));
        Err(Error::flush(format!(
            "Attempting to flush an item of type {} as a member of collection \"{}\". Expected \
             an object of type {} or a polymorphic subclass of this type.",
            class.class_repr(),
            self.orm.mapping.relationship_str(relationship),
            expected.class_repr(),
        )))
    }
}
