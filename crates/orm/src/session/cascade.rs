//! Walking from an object to those a cascade reaches, in SQLAlchemy's order.

use rustc_hash::FxHashSet;

use crate::Orm;
use crate::error::{Error, Result};
use crate::host::Host;
use crate::instance::{InstanceId, Passive};
use crate::mapping::{Cascade, PassiveDeletes, Relationship, RelationshipId};

/// One object that a cascade reached.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reached {
    /// The object.
    pub(crate) id: InstanceId,
    /// Where it was reached from.
    pub(crate) from: InstanceId,
    /// Along which relationship.
    pub(crate) along: RelationshipId,
}

/// Objects reached from `head` by `kind`, depth first, `head` itself excluded.
///
/// Where `halt` says so the walk does not enter. A delete cascade loads what it must.
pub(crate) fn cascade(
    orm: &mut Orm,
    host: &mut dyn Host,
    kind: Cascade,
    head: InstanceId,
    halt: &dyn Fn(&Orm, InstanceId) -> bool,
) -> Result<Vec<Reached>> {
    let mut walk = Walk { kind, halt, visited: FxHashSet::default(), reached: Vec::new() };
    let mut stack = vec![Frame::new(head)];
    while let Some(frame) = stack.last_mut() {
        if let Some(next) = frame.children.pop() {
            walk.reached.push(next);
            stack.push(Frame::new(next.id));
            continue;
        }
        let id = frame.id;
        let mapper = orm.mapper_of(id)?;
        let Some(&along) = mapper.relationships.get(frame.next) else {
            stack.pop();
            continue;
        };
        frame.next += 1;
        let relationship = orm.mapping.relationship(along);
        if relationship.cascade.contains(kind) {
            frame.children = walk.children(orm, host, id, &relationship)?;
            frame.children.reverse();
        }
    }
    Ok(walk.reached)
}

/// One object whose relationships are being followed.
struct Frame {
    id: InstanceId,
    /// Index of the relationship to follow next.
    next: usize,
    /// What the current relationship reached, last first.
    children: Vec<Reached>,
}

impl Frame {
    fn new(id: InstanceId) -> Self {
        Self { id, next: 0, children: Vec::new() }
    }
}

struct Walk<'a> {
    kind: Cascade,
    halt: &'a dyn Fn(&Orm, InstanceId) -> bool,
    visited: FxHashSet<InstanceId>,
    reached: Vec<Reached>,
}

impl Walk<'_> {
    fn children(
        &mut self,
        orm: &mut Orm,
        host: &mut dyn Host,
        from: InstanceId,
        relationship: &Relationship,
    ) -> Result<Vec<Reached>> {
        let slot = orm.relationship_slot(from, relationship.id)?;
        if self.kind == Cascade::DELETE && relationship.passive_deletes == PassiveDeletes::No {
            orm.load_related(host, from, relationship, Passive::Off)?;
        }
        let instance = &orm.instances[from];
        let ids = match self.kind {
            // What was removed is still pending work: its row must be changed too.
            Cascade::SAVE_UPDATE => instance.all_pending(slot),
            _ => instance.related(slot).ids().to_vec(),
        };
        let skip_pending = self.kind == Cascade::REFRESH_EXPIRE
            && !relationship.cascade.contains(Cascade::DELETE_ORPHAN);
        let mut children = Vec::new();
        for id in ids {
            if self.visited.contains(&id)
                || (self.halt)(orm, id)
                || (skip_pending && orm.instances[id].key.is_none())
            {
                continue;
            }
            check_type(orm, relationship, id)?;
            self.visited.insert(id);
            children.push(Reached { id, from, along: relationship.id });
        }
        Ok(children)
    }
}

fn check_type(orm: &Orm, relationship: &Relationship, id: InstanceId) -> Result<()> {
    let mapper = orm.instances[id].mapper;
    if orm.mapping.is_a(mapper, relationship.target) {
        return Ok(());
    }
    Err(Error::assertion(format!(
        "Attribute '{}' on class '{}' doesn't handle objects of type '{}'",
        relationship.key,
        orm.mapping.mapper(relationship.parent).class_repr(),
        orm.mapping.mapper(mapper).class_repr(),
    )))
}
