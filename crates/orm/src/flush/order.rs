//! The order of a flush: SQLAlchemy's actions, topologically sorted in levels, split by row inside cycles.

use indexmap::{IndexMap, IndexSet};
use rustc_hash::{FxBuildHasher, FxHashSet};

use super::collect::{UnitIndex, Units};
use crate::Orm;
use crate::error::Error;
use crate::mapping::{Direction, MapperId, Relationship, RelationshipId};

/// A piece of work that is ordered as a whole. The first four concern all units of a hierarchy,
/// the others one unit inside a cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    Save(MapperId),
    Delete(MapperId),
    Process { relationship: RelationshipId, delete: bool },
    PostUpdate { mapper: MapperId, delete: bool },
    SaveUnit(UnitIndex),
    DeleteUnit(UnitIndex),
    ProcessUnit { relationship: RelationshipId, delete: bool, unit: UnitIndex },
}

/// Work that runs together: one action, or one kind of per-unit actions of a level.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Group {
    Save(MapperId, Vec<UnitIndex>),
    Delete(MapperId, Vec<UnitIndex>),
    Process { relationship: RelationshipId, delete: bool, units: Vec<UnitIndex> },
    PostUpdate { mapper: MapperId, delete: bool },
}

/// The groups of a flush.
#[derive(Debug, Default)]
pub(crate) struct Order {
    /// As they run.
    pub(crate) groups: Vec<Group>,
    /// Work that waits for itself comes after them.
    pub(crate) circular: Option<Error>,
}

/// Puts the work of a flush in order.
pub(crate) fn order(orm: &Orm, units: &Units) -> Order {
    let mut graph = Graph::new(orm, units);
    graph.add_mappers();
    graph.add_relationships();
    let cycles = find_cycles(graph.edges.iter().copied());
    if !cycles.is_empty() {
        graph.split(&cycles);
    }
    graph.levels(&cycles)
}

/// Actions that wait for themselves, as they were found.
type Cycles = IndexSet<Action, FxBuildHasher>;

/// The actions that wait for themselves, found depth first from each action others wait for.
fn find_cycles(edges: impl Iterator<Item = (Action, Action)>) -> Cycles {
    let mut followers: IndexMap<Action, Vec<Action>, FxBuildHasher> = IndexMap::default();
    for (before, after) in edges {
        followers.entry(before).or_default().push(after);
    }
    let mut cycles = Cycles::default();
    for start in followers.keys() {
        let mut todo: FxHashSet<Action> = followers.keys().copied().collect();
        todo.remove(start);
        let mut path = vec![*start];
        while let Some(top) = path.last() {
            let mut next = None;
            for node in followers.get(top).into_iter().flatten() {
                if let Some(at) = path.iter().position(|on_path| on_path == node) {
                    let cycle = path.iter().skip(at);
                    cycle.clone().for_each(|node| _ = todo.remove(node));
                    cycles.extend(cycle);
                }
                if todo.remove(node) {
                    next = Some(*node);
                    break;
                }
            }
            match next {
                Some(node) => path.push(node),
                None => _ = path.pop(),
            }
        }
    }
    cycles
}

struct Graph<'a> {
    orm: &'a Orm,
    units: &'a Units,
    /// Every action, by first mention.
    actions: IndexSet<Action, FxBuildHasher>,
    /// Actions that were replaced by others.
    disabled: FxHashSet<Action>,
    /// `before → after`.
    edges: IndexSet<(Action, Action), FxBuildHasher>,
}

impl<'a> Graph<'a> {
    fn new(orm: &'a Orm, units: &'a Units) -> Self {
        Self {
            orm,
            units,
            actions: IndexSet::default(),
            disabled: FxHashSet::default(),
            edges: IndexSet::default(),
        }
    }

    fn edge(&mut self, before: Action, after: Action) {
        self.actions.insert(before);
        self.actions.insert(after);
        self.edges.insert((before, after));
    }

    fn edges(&mut self, pairs: &[(Action, Action)]) {
        for (before, after) in pairs {
            self.edge(*before, *after);
        }
    }

    fn base(&self, mapper: MapperId) -> MapperId {
        self.orm.mapping.mapper(mapper).base
    }

    fn add_mappers(&mut self) {
        for &mapper in &self.units.mappers {
            let base = self.base(mapper);
            self.edge(Action::Save(base), Action::Delete(base));
        }
    }

    fn add_relationships(&mut self) {
        for &id in &self.units.active {
            let relationship = self.orm.mapping.relationship(id);
            let (parent, child) = (self.base(relationship.parent), self.base(relationship.target));
            let after_save = Action::Process { relationship: id, delete: false };
            let before_delete = Action::Process { relationship: id, delete: true };
            self.actions.insert(after_save);
            self.actions.insert(before_delete);
            let whole = Whole {
                parent_saves: Action::Save(parent),
                child_saves: Action::Save(child),
                parent_deletes: Action::Delete(parent),
                child_deletes: Action::Delete(child),
                after_save,
                before_delete,
                parent,
                child,
            };
            self.edges(&whole.pairs(&relationship));
        }
    }

    /// Replaces each action of a cycle by one action for each unit.
    fn split(&mut self, cycles: &Cycles) {
        let mut parts: IndexMap<Action, Vec<Action>, FxBuildHasher> = IndexMap::default();
        for &action in cycles {
            let (mapper, delete) = match action {
                Action::Save(mapper) => (mapper, false),
                Action::Delete(mapper) => (mapper, true),
                _ => {
                    parts.insert(action, Vec::new());
                    continue;
                }
            };
            let members: Vec<UnitIndex> = self.units.of_hierarchy(self.orm, mapper, delete);
            let mut own = Vec::new();
            for &unit in &members {
                // Saves stay before deletes, so that a row can be taken over by a new object.
                if delete {
                    self.edge(Action::Save(mapper), Action::DeleteUnit(unit));
                    own.push(Action::DeleteUnit(unit));
                } else {
                    self.edge(Action::SaveUnit(unit), Action::Delete(mapper));
                    own.push(Action::SaveUnit(unit));
                }
            }
            parts.insert(action, own);
            for &id in &self.units.active {
                let relationship = self.orm.mapping.relationship(id);
                if self.base(relationship.parent) == mapper {
                    self.split_relationship(cycles, &relationship, &members, delete);
                }
            }
        }
        self.rewrite(cycles, &parts);
    }

    fn split_relationship(
        &mut self,
        cycles: &Cycles,
        relationship: &Relationship,
        members: &[UnitIndex],
        delete: bool,
    ) {
        let id = relationship.id;
        self.disabled.insert(Action::Process { relationship: id, delete });
        let (parent, child) = (self.base(relationship.parent), self.base(relationship.target));
        let whole = [(Some(Action::Save(child)), false), (Some(Action::Delete(child)), true)];
        let child_cyclic = cycles.contains(&Action::Save(child));
        for &unit in members {
            let Some(related) = self.units.all_pending(self.orm, relationship, unit) else {
                continue;
            };
            let parent_action = match delete {
                false if cycles.contains(&Action::Save(parent)) => Action::SaveUnit(unit),
                false => Action::Save(parent),
                true if cycles.contains(&Action::Delete(parent)) => Action::DeleteUnit(unit),
                true => Action::Delete(parent),
            };
            let process = Action::ProcessUnit { relationship: id, delete, unit };
            self.actions.insert(process);
            let children: Vec<(Option<Action>, bool)> = if child_cyclic {
                related.iter().map(|id| self.child_action(*id)).collect()
            } else {
                whole.to_vec()
            };
            for (child_action, child_deleted) in children {
                let row = Row {
                    parent,
                    child,
                    parent_action,
                    child_action,
                    process,
                    delete,
                    child_deleted,
                };
                self.row_edges(relationship, &row);
            }
        }
    }

    fn child_action(&self, child: Option<crate::InstanceId>) -> (Option<Action>, bool) {
        let unit = child.and_then(|id| self.units.find(self.orm, id));
        match unit {
            Some(unit) if self.units.unit(unit).delete => (Some(Action::DeleteUnit(unit)), true),
            Some(unit) => (Some(Action::SaveUnit(unit)), false),
            None => (None, false),
        }
    }

    fn row_edges(&mut self, relationship: &Relationship, row: &Row) {
        let mut add = |before: Option<Action>, after: Option<Action>| {
            if let (Some(before), Some(after)) = (before, after) {
                self.edge(before, after);
            }
        };
        let (parent, child, process) =
            (Some(row.parent_action), row.child_action, Some(row.process));
        let post = |mapper, delete| Some(Action::PostUpdate { mapper, delete });
        match (relationship.direction, relationship.post_update, row.delete) {
            (Direction::OneToMany, true, false) => {
                if !row.child_deleted {
                    add(parent, process);
                }
                add(child, process);
                add(process, post(row.child, false));
            }
            (Direction::OneToMany, true, true) => {
                add(process, post(row.child, true));
                add(post(row.child, true), parent);
            }
            (Direction::OneToMany, false, false) => {
                add(parent, process);
                add(process, child);
                add(parent, child);
            }
            (Direction::OneToMany, false, true) => {
                add(process, child);
                add(child, parent);
            }
            (Direction::ManyToOne, true, false) => {
                if row.child_deleted {
                    add(process, post(row.parent, false));
                    add(post(row.parent, false), child);
                } else {
                    add(parent, process);
                    add(child, process);
                    add(process, post(row.parent, false));
                }
            }
            (Direction::ManyToOne, true, true) => {
                add(process, post(row.parent, true));
                add(post(row.parent, true), parent);
                add(post(row.parent, true), child);
            }
            (Direction::ManyToOne, false, false) => {
                if !row.child_deleted {
                    add(child, process);
                }
                add(process, parent);
            }
            (Direction::ManyToOne, false, true) => {
                if row.child_deleted {
                    add(parent, child);
                }
            }
            (Direction::ManyToMany, _, false) => {
                add(parent, process);
                if row.child_deleted {
                    add(process, child);
                } else {
                    add(child, process);
                }
            }
            (Direction::ManyToMany, _, true) => {
                add(process, child);
                add(process, parent);
            }
        }
    }

    /// Points edges of split actions at their parts and drops those within the cycles.
    fn rewrite(&mut self, cycles: &Cycles, parts: &IndexMap<Action, Vec<Action>, FxBuildHasher>) {
        for (before, after) in std::mem::take(&mut self.edges) {
            let within = cycles.contains(&before) && cycles.contains(&after);
            if within || self.disabled.contains(&before) || self.disabled.contains(&after) {
                continue;
            }
            if let Some(parts) = parts.get(&before) {
                self.edges.extend(parts.iter().map(|part| (*part, after)));
            } else if let Some(parts) = parts.get(&after) {
                self.edges.extend(parts.iter().map(|part| (before, *part)));
            } else {
                self.edges.insert((before, after));
            }
        }
    }

    /// Sorts level by level; within a level by SQLAlchemy's sort key.
    fn levels(&self, cycles: &Cycles) -> Order {
        let mut todo: Vec<Action> = self.actions.iter().copied().collect();
        todo.retain(|action| !cycles.contains(action) && !self.disabled.contains(action));
        todo.sort_by_cached_key(|action| self.sort_key(action));
        let mut waits: IndexMap<Action, usize, FxBuildHasher> =
            todo.iter().map(|action| (*action, 0)).collect();
        let mut followers: IndexMap<Action, Vec<Action>, FxBuildHasher> = IndexMap::default();
        for (before, after) in &self.edges {
            if waits.contains_key(before)
                && let Some(count) = waits.get_mut(after)
            {
                *count += 1;
                followers.entry(*before).or_default().push(*after);
            }
        }
        let mut order = Order::default();
        while !todo.is_empty() {
            let (ready, rest): (Vec<Action>, Vec<Action>) =
                todo.iter().partition(|action| waits.get(*action) == Some(&0));
            if ready.is_empty() {
                order.circular = Some(self.circular(&rest));
                break;
            }
            for after in ready.iter().filter_map(|action| followers.get(action)).flatten() {
                if let Some(count) = waits.get_mut(after) {
                    *count -= 1;
                }
            }
            self.group(&ready, !cycles.is_empty(), &mut order.groups);
            todo = rest;
        }
        order
    }

    fn circular(&self, rest: &[Action]) -> Error {
        let within =
            |(before, after): &&(Action, Action)| rest.contains(before) && rest.contains(after);
        let cycles = find_cycles(self.edges.iter().filter(within).copied());
        let names: Vec<String> = cycles.iter().map(|action| self.describe(*action)).collect();
        let message = format!("Circular dependency detected. ({})", names.join(", "));
        Error::circular(message).with_code("cycles")
    }

    /// An action as SQLAlchemy's messages write it.
    fn describe(&self, action: Action) -> String {
        let mapper = |id| self.orm.mapping.mapper(id).describe();
        let object = |unit| self.orm.state_str(self.units.unit(unit).id);
        let python = |truth: bool| if truth { "True" } else { "False" };
        let processor = |id| {
            let relationship = self.orm.mapping.relationship(id);
            let direction = match relationship.direction {
                Direction::OneToMany => "OneToMany",
                Direction::ManyToOne => "ManyToOne",
                Direction::ManyToMany => "ManyToMany",
            };
            format!("_{direction}DP({})", self.orm.mapping.relationship_str(&relationship))
        };
        match action {
            Action::Save(id) => format!("_SaveUpdateAll({})", mapper(id)),
            Action::Delete(id) => format!("_DeleteAll({})", mapper(id)),
            Action::PostUpdate { mapper: id, .. } => format!("_PostUpdateAll({})", mapper(id)),
            Action::SaveUnit(unit) => format!("_SaveUpdateState({})", object(unit)),
            Action::DeleteUnit(unit) => format!("_DeleteState({})", object(unit)),
            Action::Process { relationship, delete } => {
                format!("_ProcessAll({}, isdelete={})", processor(relationship), python(delete))
            }
            Action::ProcessUnit { relationship, delete, unit } => format!(
                "_ProcessState({}, {}, delete={})",
                processor(relationship),
                object(unit),
                python(delete)
            ),
        }
    }

    fn sort_key(&self, action: &Action) -> (u8, String, bool) {
        let mapper = |id: MapperId| self.orm.mapping.mapper(id).sort_key.to_string();
        let of_unit = |unit: UnitIndex| mapper(self.base(self.units.unit(unit).mapper));
        let relationship = |id| self.orm.mapping.relationship(id).sort_key.to_string();
        match *action {
            Action::Delete(id) => (0, mapper(id), false),
            Action::DeleteUnit(unit) => (1, of_unit(unit), false),
            Action::PostUpdate { mapper: id, delete } => (2, mapper(id), delete),
            Action::Process { relationship: id, delete } => (3, relationship(id), delete),
            Action::ProcessUnit { relationship: id, .. } => (4, relationship(id), false),
            Action::SaveUnit(unit) => (4, of_unit(unit), false),
            Action::Save(id) => (5, mapper(id), false),
        }
    }

    /// Turns a level into groups; per-unit actions of one kind join the last of them.
    ///
    /// Without cycles a level runs in order. With them SQLAlchemy takes actions out of a set; the
    /// one added last is the first to go.
    fn group(&self, level: &[Action], cyclic: bool, groups: &mut Vec<Group>) {
        if !cyclic {
            groups.extend(level.iter().map(|action| self.single(*action)));
            return;
        }
        let mut rest = level.to_vec();
        while let Some(last) = rest.pop() {
            let mut group = self.single(last);
            rest.retain(|action| !group.join(&self.single(*action)));
            groups.push(group);
        }
    }

    /// The group of one action.
    fn single(&self, action: Action) -> Group {
        let base_of = |unit| self.base(self.units.unit(unit).mapper);
        match action {
            Action::Save(id) => Group::Save(id, self.units.of_hierarchy(self.orm, id, false)),
            Action::Delete(id) => Group::Delete(id, self.units.of_hierarchy(self.orm, id, true)),
            Action::Process { relationship, delete } => {
                let units = self.units.of_relationship(self.orm, relationship, delete);
                Group::Process { relationship, delete, units }
            }
            Action::PostUpdate { mapper, delete } => Group::PostUpdate { mapper, delete },
            Action::SaveUnit(unit) => Group::Save(base_of(unit), vec![unit]),
            Action::DeleteUnit(unit) => Group::Delete(base_of(unit), vec![unit]),
            Action::ProcessUnit { relationship, delete, unit } => {
                Group::Process { relationship, delete, units: vec![unit] }
            }
        }
    }
}

impl Group {
    /// Takes another group in if it is of the same kind; says whether it did.
    fn join(&mut self, other: &Self) -> bool {
        let (own, units) = match (self, other) {
            (Self::Save(a, own), Self::Save(b, units))
            | (Self::Delete(a, own), Self::Delete(b, units))
                if a == b =>
            {
                (own, units)
            }
            (
                Self::Process { relationship: a, delete: x, units: own },
                Self::Process { relationship: b, delete: y, units },
            ) if a == b && x == y => (own, units),
            _ => return false,
        };
        own.extend(units);
        true
    }
}

/// The whole-hierarchy actions around one relationship.
struct Whole {
    parent_saves: Action,
    child_saves: Action,
    parent_deletes: Action,
    child_deletes: Action,
    after_save: Action,
    before_delete: Action,
    parent: MapperId,
    child: MapperId,
}

impl Whole {
    fn pairs(&self, relationship: &Relationship) -> Vec<(Action, Action)> {
        let Self { parent_saves, child_saves, parent_deletes, child_deletes, .. } = *self;
        let (after_save, before_delete) = (self.after_save, self.before_delete);
        let post = |mapper, delete| Action::PostUpdate { mapper, delete };
        match (relationship.direction, relationship.post_update) {
            (Direction::OneToMany, true) => {
                let (updates, pre) = (post(self.child, false), post(self.child, true));
                vec![
                    (child_saves, after_save),
                    (parent_saves, after_save),
                    (after_save, updates),
                    (child_saves, before_delete),
                    (before_delete, updates),
                    (updates, parent_deletes),
                    (before_delete, pre),
                    (pre, parent_deletes),
                    (pre, child_deletes),
                ]
            }
            (Direction::OneToMany, false) => vec![
                (parent_saves, after_save),
                (after_save, child_saves),
                (after_save, child_deletes),
                (child_saves, parent_deletes),
                (child_deletes, parent_deletes),
                (before_delete, child_saves),
                (before_delete, child_deletes),
            ],
            (Direction::ManyToOne, true) => {
                let (updates, pre) = (post(self.parent, false), post(self.parent, true));
                vec![
                    (child_saves, after_save),
                    (parent_saves, after_save),
                    (after_save, updates),
                    (after_save, pre),
                    (before_delete, pre),
                    (pre, child_deletes),
                    (pre, parent_deletes),
                ]
            }
            (Direction::ManyToOne, false) => vec![
                (child_saves, after_save),
                (after_save, parent_saves),
                (parent_saves, child_deletes),
                (parent_deletes, child_deletes),
            ],
            (Direction::ManyToMany, _) => vec![
                (parent_saves, after_save),
                (child_saves, after_save),
                (after_save, child_deletes),
                (before_delete, parent_saves),
                (before_delete, parent_deletes),
                (before_delete, child_deletes),
                (before_delete, child_saves),
            ],
        }
    }
}

/// The actions around one relationship of one unit inside a cycle.
struct Row {
    parent: MapperId,
    child: MapperId,
    parent_action: Action,
    child_action: Option<Action>,
    process: Action,
    /// The parent is deleted.
    delete: bool,
    /// The child is deleted.
    child_deleted: bool,
}
