//! Where all mapped objects live: contiguous chunks, ids never used twice, memory given back chunk by chunk.

use std::fmt;
use std::ops::{Index, IndexMut};

use super::{Flags, Instance, InstanceId, Related, Slot, State};
use crate::mapping::MapperId;

const CHUNK: usize = 512;

/// All mapped objects of all sessions, and those in none.
///
/// A collected object reads as an empty detached one, so that a stale id is harmless.
pub struct Arena {
    chunks: Vec<Chunk>,
    /// The id of the next object.
    next: u32,
    /// Objects alive.
    live: usize,
    /// Objects whose last reference went away since the last collection.
    pub(super) unreferenced: Vec<InstanceId>,
    /// `live` at which the next mark pass looks for cycles.
    pub(super) mark_at: usize,
    tombstone: Box<Instance>,
}

struct Chunk {
    slots: Vec<Option<Instance>>,
    live: usize,
}

impl Arena {
    /// A new transient object whose columns are all absent.
    pub(crate) fn insert(&mut self, mapper: MapperId, columns: Box<[Slot]>) -> InstanceId {
        let id = InstanceId(self.next);
        self.next += 1;
        self.live += 1;
        if self.chunks.last().is_none_or(|chunk| chunk.slots.len() == CHUNK) {
            self.chunks.push(Chunk { slots: Vec::with_capacity(CHUNK), live: 0 });
        }
        if let Some(chunk) = self.chunks.last_mut() {
            chunk.slots.push(Some(blank(mapper, columns)));
            chunk.live += 1;
        }
        self.unreferenced.push(id);
        self[id].flags.set(Flags::UNREFERENCED, true);
        id
    }

    /// The object, unless it was collected.
    pub fn get(&self, id: InstanceId) -> Option<&Instance> {
        let (chunk, slot) = place(id);
        self.chunks.get(chunk)?.slots.get(slot)?.as_ref()
    }

    /// How many objects are alive.
    pub fn len(&self) -> usize {
        self.live
    }

    /// Whether no object is alive.
    pub fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// All living objects, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (InstanceId, &Instance)> {
        self.chunks.iter().enumerate().flat_map(|(n, chunk)| {
            chunk.slots.iter().enumerate().filter_map(move |(i, slot)| {
                let id = u32::try_from(n * CHUNK + i).ok()?;
                Some((InstanceId(id), slot.as_ref()?))
            })
        })
    }

    /// Counts one reference from the script.
    pub fn retain(&mut self, id: InstanceId) {
        let instance = &mut self[id];
        instance.host_refs = instance.host_refs.saturating_add(1);
    }

    /// Takes back one reference from the script.
    pub fn release(&mut self, id: InstanceId) {
        let instance = &mut self[id];
        instance.host_refs = instance.host_refs.saturating_sub(1);
        self.note_unreferenced(id);
    }

    pub(crate) fn link(&mut self, id: InstanceId) {
        let instance = &mut self[id];
        instance.slot_refs = instance.slot_refs.saturating_add(1);
    }

    pub(crate) fn unlink(&mut self, id: InstanceId) {
        let instance = &mut self[id];
        instance.slot_refs = instance.slot_refs.saturating_sub(1);
        self.note_unreferenced(id);
    }

    /// Queues an object that may have become collectable.
    pub(crate) fn note_unreferenced(&mut self, id: InstanceId) {
        let instance = &mut self[id];
        let referenced = instance.host_refs > 0 || instance.slot_refs > 0;
        if !referenced && !instance.flags.has(Flags::UNREFERENCED) {
            instance.flags.set(Flags::UNREFERENCED, true);
            self.unreferenced.push(id);
        }
    }

    /// Puts a relationship value and keeps the reference counts right; gives back the old one,
    /// whose references the caller now owns and must keep or `drop_related`.
    pub(crate) fn swap_related(&mut self, id: InstanceId, slot: u16, new: Related) -> Related {
        self.link_related(&new);
        let place = self.related_mut(id, slot);
        std::mem::replace(place, new)
    }

    /// Puts a relationship value and lets go of the old one.
    pub(crate) fn set_related(&mut self, id: InstanceId, slot: u16, new: Related) {
        let old = self.swap_related(id, slot, new);
        self.drop_related(&old);
    }

    pub(crate) fn link_related(&mut self, related: &Related) {
        each_id(related, |id| self.link(id));
    }

    pub(crate) fn drop_related(&mut self, related: &Related) {
        each_id(related, |id| self.unlink(id));
    }

    /// The slot itself; whoever changes ids in it does the counting.
    pub(crate) fn related_mut(&mut self, id: InstanceId, slot: u16) -> &mut Related {
        let related = &mut self[id].related;
        let index = usize::from(slot);
        if related.len() <= index {
            related.resize(index + 1, Related::NotLoaded);
        }
        &mut related[index]
    }

    /// The column slot itself.
    pub(crate) fn column_mut(&mut self, id: InstanceId, index: u16) -> &mut Slot {
        self[id].flags.set(Flags::DERIVED, false);
        self.set_slot(id, index)
    }

    /// Notes that the host made something of the columns of an object, which holds until
    /// [`Instance::is_derived`] denies it.
    pub fn mark_derived(&mut self, id: InstanceId) {
        self[id].flags.set(Flags::DERIVED, true);
    }

    /// A column slot for a value that the script sets.
    pub(super) fn set_slot(&mut self, id: InstanceId, index: u16) -> &mut Slot {
        let columns = &mut self[id].columns;
        let index = usize::from(index);
        if columns.len() <= index {
            let mut grown = std::mem::take(columns).into_vec();
            grown.resize(index + 1, Slot::Absent);
            *columns = grown.into();
        }
        &mut columns[index]
    }

    /// Removes an object for good.
    pub(super) fn remove(&mut self, id: InstanceId) -> Option<Instance> {
        let (number, slot) = place(id);
        let chunk = self.chunks.get_mut(number)?;
        let instance = chunk.slots.get_mut(slot)?.take()?;
        chunk.live -= 1;
        self.live -= 1;
        // The last chunk is still being filled; any other empty one can give its memory back.
        if chunk.live == 0 && chunk.slots.len() == CHUNK {
            chunk.slots = Vec::new();
            if number + 1 == self.chunks.len() {
                self.chunks.push(Chunk { slots: Vec::with_capacity(CHUNK), live: 0 });
            }
        }
        Some(instance)
    }
}

fn each_id(related: &Related, mut action: impl FnMut(InstanceId)) {
    match related {
        Related::NotLoaded | Related::One(None) => {}
        Related::One(Some(id)) => action(*id),
        Related::Many(ids) => ids.iter().for_each(|id| action(*id)),
        Related::Queued(queued) => {
            queued.added.iter().chain(&queued.deleted).for_each(|id| action(*id));
        }
    }
}

fn place(id: InstanceId) -> (usize, usize) {
    let index = usize::try_from(id.0).unwrap_or(usize::MAX);
    (index / CHUNK, index % CHUNK)
}

fn blank(mapper: MapperId, columns: Box<[Slot]>) -> Instance {
    let mut flags = Flags::default();
    flags.set(Flags::FRESH, true);
    Instance {
        mapper,
        state: State::Transient,
        flags,
        session: None,
        host_refs: 0,
        slot_refs: 0,
        insert_order: 0,
        flush_index: 0,
        cause: Default::default(),
        key: None,
        columns,
        related: Vec::new(),
        changes: None,
        parents: Default::default(),
        load: None,
    }
}

fn tombstone() -> Instance {
    let mut instance = blank(MapperId::NONE, Box::default());
    instance.state = State::Detached;
    instance
}

impl Default for Arena {
    fn default() -> Self {
        // Ids start at 1, so that 0 stays free for the host; its place is never alive.
        let mut slots = Vec::with_capacity(CHUNK);
        slots.push(None);
        Self {
            chunks: vec![Chunk { slots, live: 0 }],
            next: 1,
            live: 0,
            unreferenced: Vec::new(),
            mark_at: 10_000,
            tombstone: Box::new(tombstone()),
        }
    }
}

impl Index<InstanceId> for Arena {
    type Output = Instance;

    fn index(&self, id: InstanceId) -> &Instance {
        self.get(id).unwrap_or(&self.tombstone)
    }
}

impl IndexMut<InstanceId> for Arena {
    fn index_mut(&mut self, id: InstanceId) -> &mut Instance {
        let (chunk, slot) = place(id);
        match self.chunks.get_mut(chunk).and_then(|chunk| chunk.slots.get_mut(slot)) {
            Some(Some(instance)) => instance,
            _ => {
                // Whatever a stale id writes is forgotten at once.
                *self.tombstone = tombstone();
                &mut self.tombstone
            }
        }
    }
}

impl fmt::Debug for Arena {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arena").field("live", &self.live).finish_non_exhaustive()
    }
}
