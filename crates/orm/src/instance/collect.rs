//! Letting go of objects that nothing refers to, as CPython's reference counts and cycle collector do.

use super::{Arena, Flags, Instance, InstanceId, Related, State};
use crate::Orm;
use crate::event::Event;

impl Orm {
    /// Collects what lost its last reference, and now and then what only refers to itself.
    ///
    /// The host calls it between statements. It costs what was let go of, never what is loaded;
    /// the pass that finds cycles runs when the number of objects has doubled.
    pub fn collect_unreferenced(&mut self) {
        while let Some(id) = self.instances.unreferenced.pop() {
            self.instances[id].flags.set(Flags::UNREFERENCED, false);
            if self.instances.get(id).is_some_and(is_collectable) {
                self.drop_instance(id);
            }
        }
        if self.instances.len() >= self.instances.mark_at {
            self.collect_cycles();
            self.instances.mark_at = (self.instances.len() * 2).max(10_000);
        }
    }

    /// Collects every object that no variable, session or living object leads to.
    pub fn collect_cycles(&mut self) {
        let arena = &mut self.instances;
        let everything: Vec<InstanceId> = arena.iter().map(|(id, _)| id).collect();
        let mut todo: Vec<InstanceId> =
            arena.iter().filter(|(_, i)| i.host_refs > 0 || is_held(i)).map(|(id, _)| id).collect();
        while let Some(id) = todo.pop() {
            let instance = &mut arena[id];
            if instance.flags.has(Flags::MARKED) {
                continue;
            }
            instance.flags.set(Flags::MARKED, true);
            references(&arena[id], &mut todo);
        }
        let dead: Vec<InstanceId> =
            everything.iter().copied().filter(|id| !arena[*id].flags.has(Flags::MARKED)).collect();
        for id in everything {
            arena[id].flags.set(Flags::MARKED, false);
        }
        for id in dead {
            self.drop_instance(id);
        }
    }

    fn drop_instance(&mut self, id: InstanceId) {
        let Some(instance) = self.instances.remove(id) else { return };
        if let (Some(session), Some(key)) = (instance.session, &instance.key) {
            let base = self.mapping.mapper(instance.mapper).base;
            self.sessions.forget(session, base, key, id);
        }
        let mut neighbours = Vec::new();
        references(&instance, &mut neighbours);
        for neighbour in neighbours {
            self.instances.unlink(neighbour);
        }
        self.emit(Event::Collected { instance: id });
    }
}

/// Whether its session holds an object, whatever the script does.
fn is_held(instance: &Instance) -> bool {
    let in_session = instance.session.is_some();
    in_session
        && (matches!(instance.state, State::Pending | State::Deleted)
            || instance.flags.has(Flags::MODIFIED)
            || instance.flags.has(Flags::TO_DELETE))
}

fn is_collectable(instance: &Instance) -> bool {
    instance.host_refs == 0 && instance.slot_refs == 0 && !is_held(instance)
}

/// All objects an object refers to, once per reference.
fn references(instance: &Instance, into: &mut Vec<InstanceId>) {
    let old = instance.changes.iter().flat_map(|c| c.relationships.iter().map(|r| &r.old));
    for related in instance.related.iter().chain(old) {
        into.extend(related.ids());
        if let Related::Queued(queued) = related {
            into.extend(queued.added.iter().chain(&queued.deleted));
        }
    }
}

impl Arena {
    /// Lets go of what an object's changes remembered.
    pub(crate) fn drop_changes(&mut self, id: InstanceId) {
        let Some(changes) = self[id].changes.take() else { return };
        for change in changes.relationships {
            self.drop_related(&change.old);
        }
    }
}
