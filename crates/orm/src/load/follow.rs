//! Eager loads that follow a statement, for the objects it loaded.

use std::rc::Rc;

use rustc_hash::FxHashSet;

use super::entity::EntityId;
use super::polymorphic;
use super::select::OrmSelect;
use super::select_in::{SelectIn, select_in, select_subclass};
use super::strategy::{EagerJoin, LoadOption, Owner, below, lazy_of, option_of};
use super::subquery::subquery;
use crate::Orm;
use crate::error::Result;
use crate::host::Host;
use crate::instance::{InstanceId, Passive};
use crate::mapping::{Lazy, MapperId, Relationship, RelationshipId};
use crate::session::SessionId;

/// A statement that has run, for the loads that follow it.
pub(super) struct Follow<'a> {
    pub(super) session: SessionId,
    /// The select that subquery loads repeat; none where the rows came from something else.
    pub(super) statement: Option<&'a OrmSelect>,
    /// The statement's joined eager loads.
    pub(super) joins: &'a [EagerJoin],
    /// Loaded objects are filled again.
    pub(super) populate_existing: bool,
    /// It refreshed one object, whose own relationships are not for us; those further on are loaded
    /// one by one.
    pub(super) refresh: bool,
    /// Objects that a lazy load came upon and has nothing more to load for.
    pub(super) known: &'a FxHashSet<InstanceId>,
}

/// Objects of one place in a statement.
pub(super) struct Loaded<'a> {
    pub(super) owner: Owner,
    pub(super) mapper: MapperId,
    pub(super) ids: &'a [InstanceId],
    pub(super) options: &'a [LoadOption],
    pub(super) trail: Trail,
}

/// The way to objects that statements loaded.
#[derive(Clone, Debug)]
pub(super) struct Trail {
    /// Where subquery loads set out: what the repeated statement selects.
    pub(super) entity: EntityId,
    /// The relationships from there to the objects.
    pub(super) steps: Vec<Rc<Relationship>>,
    /// The classes on the way from the very first statement, that of the objects last.
    pub(super) classes: Vec<MapperId>,
}

impl Trail {
    /// One relationship further.
    pub(super) fn along(&self, relationship: &Rc<Relationship>) -> Self {
        let mut further = self.clone();
        further.steps.push(Rc::clone(relationship));
        further.classes.push(relationship.target);
        further
    }
}

/// Whether a relationship leads to a class that is on its way already, where only the mapping asks
/// for it. `classes` ends with the owner's.
pub(super) fn leads_back(relationship: &Relationship, classes: &[MapperId]) -> bool {
    match relationship.join_depth.and_then(|depth| usize::try_from(depth).ok()) {
        Some(depth) if depth > 0 => classes.len() > depth,
        _ => classes.contains(&relationship.target),
    }
}

/// Whether a strategy loads after the statement.
pub(super) fn follows(lazy: Lazy) -> bool {
    matches!(lazy, Lazy::SelectIn | Lazy::Subquery | Lazy::Immediate)
}

/// Runs the eager loads that follow: subquery loads as the first row is read, all others after the last.
pub(super) fn after(
    orm: &mut Orm,
    host: &mut dyn Host,
    follow: &Follow<'_>,
    loaded: &Loaded<'_>,
) -> Result<()> {
    follow.walk(orm, host, loaded, Turn::Row)?;
    follow.walk(orm, host, loaded, Turn::End)
}

/// When loads run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// As the first row is read.
    Row,
    /// After the last row.
    End,
}

impl Follow<'_> {
    fn walk(
        &self,
        orm: &mut Orm,
        host: &mut dyn Host,
        loaded: &Loaded<'_>,
        turn: Turn,
    ) -> Result<()> {
        if loaded.ids.is_empty() {
            return Ok(());
        }
        let mapper = Rc::clone(orm.mapping.mapper(loaded.mapper));
        for &id in &mapper.relationships {
            self.relationship(orm, host, loaded, id, turn)?;
        }
        if turn == Turn::End { self.subclasses(orm, host, loaded) } else { Ok(()) }
    }

    fn relationship(
        &self,
        orm: &mut Orm,
        host: &mut dyn Host,
        loaded: &Loaded<'_>,
        id: RelationshipId,
        turn: Turn,
    ) -> Result<()> {
        let fills = |join: &EagerJoin| join.owner == loaded.owner && join.relationship == id;
        if let Some(index) = self.joins.iter().position(fills) {
            return self.joined(orm, host, loaded, index, turn);
        }
        let relationship = orm.mapping.relationship(id);
        let lazy = lazy_of(&relationship, loaded.options);
        let refreshed = self.refresh && matches!(loaded.owner, Owner::Item(_));
        let its_turn = if lazy == Lazy::Subquery { Turn::Row } else { Turn::End };
        if refreshed || !follows(lazy) || turn != its_turn {
            return Ok(());
        }
        let option = option_of(loaded.options, id).cloned().unwrap_or_default();
        let stops =
            option.relationship != Some(id) && leads_back(&relationship, &loaded.trail.classes);
        match lazy {
            Lazy::Immediate => self.one_by_one(orm, host, loaded, &relationship, stops),
            _ if stops => Ok(()),
            _ if self.refresh => self.one_by_one(orm, host, loaded, &relationship, false),
            Lazy::Subquery => subquery(orm, host, self, loaded, &relationship, &option),
            _ => {
                let load = SelectIn {
                    session: self.session,
                    relationship: &relationship,
                    option: &option,
                    below: below(orm, loaded.options, &option, relationship.target),
                    classes: &loaded.trail.classes,
                    populate_existing: self.populate_existing,
                };
                select_in(orm, host, &load, loaded.ids)
            }
        }
    }

    /// What follows for the objects of a joined eager load.
    fn joined(
        &self,
        orm: &mut Orm,
        host: &mut dyn Host,
        loaded: &Loaded<'_>,
        index: usize,
        turn: Turn,
    ) -> Result<()> {
        let Some(join) = self.joins.get(index) else { return Ok(()) };
        let relationship = orm.mapping.relationship(join.relationship);
        let owner = Owner::Join(index);
        let joined = self.joins.iter().any(|join| join.owner == owner);
        let mut classes = orm.mapping.self_and_descendants(relationship.target).into_iter();
        if !joined && !classes.any(|class| speaks_of(orm, &join.options, class)) {
            return Ok(());
        }
        let mut ids = Vec::new();
        let mut seen = FxHashSet::default();
        for &owner in loaded.ids {
            if let Some(slot) = join.slot(orm, owner) {
                let members = orm.instances[owner].related(slot).ids().iter().copied();
                ids.extend(members.filter(|id| !self.known.contains(id) && seen.insert(*id)));
            }
        }
        let trail = loaded.trail.along(&relationship);
        let further =
            Loaded { owner, mapper: relationship.target, ids: &ids, options: &join.options, trail };
        self.walk(orm, host, &further, turn)
    }

    fn one_by_one(
        &self,
        orm: &mut Orm,
        host: &mut dyn Host,
        loaded: &Loaded<'_>,
        relationship: &Relationship,
        known_only: bool,
    ) -> Result<()> {
        let passive = if known_only { Passive::NoFetchRelated } else { Passive::Off };
        let mut ids = loaded.ids.iter();
        ids.try_for_each(|&id| orm.load_related(host, id, relationship, passive).map(drop))
    }

    /// What objects of subclasses have beyond their base: columns by `IN`, and their relationships.
    fn subclasses(&self, orm: &mut Orm, host: &mut dyn Host, loaded: &Loaded<'_>) -> Result<()> {
        let Loaded { ids, options, .. } = loaded;
        let mapper = Rc::clone(orm.mapping.mapper(loaded.mapper));
        let groups = polymorphic::by_subclass(orm, &mapper, ids, options);
        for (subclass, members) in &groups {
            select_subclass(orm, host, self.session, *subclass, members, options)?;
            self.own_relationships(orm, host, loaded, *subclass, members)?;
        }
        for subclass in orm.mapping.self_and_descendants(mapper.id) {
            let known = subclass == mapper.id || groups.iter().any(|(known, _)| *known == subclass);
            if known || !speaks_of(orm, options, subclass) {
                continue;
            }
            let of_class =
                |id: &&InstanceId| orm.mapping.is_a(orm.instances[**id].mapper, subclass);
            let members: Vec<InstanceId> = ids.iter().filter(of_class).copied().collect();
            self.own_relationships(orm, host, loaded, subclass, &members)?;
        }
        Ok(())
    }

    /// The relationships that a subclass has beyond those of its base.
    fn own_relationships(
        &self,
        orm: &mut Orm,
        host: &mut dyn Host,
        base: &Loaded<'_>,
        subclass: MapperId,
        ids: &[InstanceId],
    ) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let inherited = Rc::clone(orm.mapping.mapper(base.mapper));
        let mapper = Rc::clone(orm.mapping.mapper(subclass));
        let trail = base.trail.clone();
        let loaded =
            Loaded { owner: base.owner, mapper: subclass, ids, options: base.options, trail };
        for id in mapper.relationships.iter().filter(|id| !inherited.relationships.contains(id)) {
            self.relationship(orm, host, &loaded, *id, Turn::Row)?;
            self.relationship(orm, host, &loaded, *id, Turn::End)?;
        }
        Ok(())
    }
}

/// Whether an option, or the mapping, wants a subclass's relationships.
fn speaks_of(orm: &Orm, options: &[LoadOption], subclass: MapperId) -> bool {
    let wanted = |id: &RelationshipId| follows(lazy_of(&orm.mapping.relationship(*id), options));
    orm.mapping.mapper(subclass).relationships.iter().any(wanted)
}
