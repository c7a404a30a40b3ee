//! What an attribute gained, kept and lost since the last flush, as `attributes.get_history` tells it.

use std::borrow::Cow;

use rustc_hash::FxHashSet;
use vidro_sql::Value;

use super::{Instance, InstanceId, Related, Slot};
use crate::Orm;
use crate::error::Result;
use crate::host::Host;
use crate::mapping::Property;

/// `History(added=…, unchanged=…, deleted=…)`
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// New values.
    pub added: Vec<Item>,
    /// Values that stayed.
    pub unchanged: Vec<Item>,
    /// It compares two versions of a collection.
    pub compared: bool,
    /// Values that went away.
    pub deleted: Vec<Item>,
}

/// One value in a history.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// A column's value.
    Value(Value),
    /// A SQL expression.
    Expression,
    /// A related object, or `None`.
    Instance(Option<InstanceId>),
}

/// The history of one relationship, borrowed where nothing changed.
#[derive(Debug, Default)]
pub(crate) struct RelatedHistory<'a> {
    pub(crate) added: Cow<'a, [InstanceId]>,
    pub(crate) unchanged: Cow<'a, [InstanceId]>,
    pub(crate) deleted: Cow<'a, [InstanceId]>,
    /// A scalar was set to `None`.
    pub(crate) added_none: bool,
    /// A scalar is and was `None`.
    pub(crate) unchanged_none: bool,
}

impl RelatedHistory<'_> {
    pub(crate) fn is_empty(&self) -> bool {
        self.added.is_empty()
            && self.unchanged.is_empty()
            && self.deleted.is_empty()
            && !self.added_none
            && !self.unchanged_none
    }
}

impl Instance {
    /// The history of a relationship as far as it is loaded.
    pub(crate) fn related_history(&self, slot: u16) -> RelatedHistory<'_> {
        let current = self.related(slot);
        let old = self.committed_related(slot).map(|(old, _)| old);
        match (current, old) {
            (Related::NotLoaded, None) => RelatedHistory::default(),
            (Related::NotLoaded, Some(Related::One(Some(old)))) => {
                RelatedHistory { deleted: vec![*old].into(), ..Default::default() }
            }
            (Related::NotLoaded, Some(old)) => {
                let added_none = matches!(old, Related::NotLoaded | Related::One(None));
                RelatedHistory { added_none, ..Default::default() }
            }
            (Related::Queued(queued), _) => RelatedHistory {
                added: Cow::Borrowed(&queued.added),
                deleted: Cow::Borrowed(&queued.deleted),
                ..Default::default()
            },
            (Related::One(new), old) => self.scalar_history(*new, old),
            (Related::Many(ids), None) if self.is_fresh() => {
                RelatedHistory { added: Cow::Borrowed(ids), ..Default::default() }
            }
            (Related::Many(ids), None) => {
                RelatedHistory { unchanged: Cow::Borrowed(ids), ..Default::default() }
            }
            (Related::Many(ids), Some(old)) => compare(ids, old.ids()),
        }
    }

    /// What a loaded relationship holds or held: what was added, what stayed, what is gone.
    pub(crate) fn all_pending(&self, slot: u16) -> Vec<InstanceId> {
        if !self.related(slot).is_loaded() {
            return Vec::new();
        }
        let history = self.related_history(slot);
        [history.added, history.unchanged, history.deleted].concat()
    }

    fn scalar_history(&self, new: Option<InstanceId>, old: Option<&Related>) -> RelatedHistory<'_> {
        let mut history = RelatedHistory::default();
        let changed = match old {
            Some(Related::One(old)) => {
                if let Some(old) = old.filter(|old| Some(*old) != new) {
                    history.deleted = vec![old].into();
                }
                *old != new
            }
            Some(_) => true,
            None => self.is_fresh(),
        };
        match (new, changed) {
            (Some(new), true) => history.added = vec![new].into(),
            (Some(new), false) => history.unchanged = vec![new].into(),
            (None, true) => history.added_none = true,
            (None, false) => history.unchanged_none = true,
        }
        history
    }
}

fn compare<'a>(new: &[InstanceId], old: &[InstanceId]) -> RelatedHistory<'a> {
    let before: FxHashSet<_> = old.iter().copied().collect();
    let after: FxHashSet<_> = new.iter().copied().collect();
    let (unchanged, added): (Vec<_>, Vec<_>) = new.iter().partition(|id| before.contains(id));
    let deleted: Vec<_> = old.iter().copied().filter(|id| !after.contains(id)).collect();
    RelatedHistory {
        added: added.into(),
        unchanged: unchanged.into(),
        deleted: deleted.into(),
        ..Default::default()
    }
}

impl Orm {
    /// `attributes.get_history(obj, key)`; loads nothing.
    pub fn history(&mut self, _host: &mut dyn Host, id: InstanceId, key: &str) -> Result<History> {
        match self.property(id, key)? {
            Property::Column(column) => Ok(column_history(&self.instances[id], column)),
            Property::Relationship(relationship) => {
                let slot = self.relationship_slot(id, relationship)?;
                let history = self.instances[id].related_history(slot);
                let items = |ids: &[InstanceId], none: bool| {
                    let ids = ids.iter().map(|id| Item::Instance(Some(*id)));
                    ids.chain(none.then_some(Item::Instance(None))).collect()
                };
                Ok(History {
                    added: items(&history.added, history.added_none),
                    unchanged: items(&history.unchanged, history.unchanged_none),
                    deleted: items(&history.deleted, false),
                    compared: self.mapping.relationship(relationship).uselist
                        && !self.instances[id].is_fresh()
                        && self.instances[id].committed_related(slot).is_some(),
                })
            }
        }
    }
}

fn column_history(instance: &Instance, column: u16) -> History {
    let current = item(instance.column(column));
    let old = match instance.committed_column(column) {
        Some((old, _)) => old,
        None if instance.is_fresh() => &Slot::Absent,
        None => {
            return History { unchanged: current.into_iter().collect(), ..Default::default() };
        }
    };
    let old = item(old);
    match (current, old) {
        (Some(new), Some(old)) if new == old && new != Item::Expression => {
            History { unchanged: vec![new], ..Default::default() }
        }
        (Some(new), old) => {
            History { added: vec![new], deleted: old.into_iter().collect(), ..Default::default() }
        }
        (None, Some(old)) => History { deleted: vec![old], ..Default::default() },
        (None, None) => History::default(),
    }
}

fn item(slot: &Slot) -> Option<Item> {
    match slot {
        Slot::Value(value) => Some(Item::Value(value.clone())),
        Slot::Expression(_) => Some(Item::Expression),
        Slot::Absent | Slot::Deferred | Slot::Expired => None,
    }
}
