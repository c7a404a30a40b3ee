//! Mapped objects: an id each, attribute values in slots by column order, relationships as ids.

mod arena;
mod attributes;
mod collect;
mod collection;
mod history;

use std::fmt;
use std::rc::Rc;

use vidro_sql::Value;

use crate::load::LoadContext;
use crate::mapping::{MapperId, RelationshipId};
use crate::session::SessionId;

pub use arena::Arena;
pub use attributes::{Loaded, Passive};
pub(crate) use history::RelatedHistory;
pub use history::{History, Item};

/// A mapped object. Ids are never used again, so they are stable names in events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstanceId(pub(crate) u32);

impl InstanceId {
    /// The number behind the id, for views and for names such as `<User at 0x…>`.
    pub fn get(self) -> u32 {
        self.0
    }

    /// The id behind a number that `get` gave.
    pub fn from_raw(raw: u32) -> Self {
        Self(raw)
    }
}

/// A place in the script, given by the host; 0 is nowhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SpanTag(pub u32);

/// Where an object stands towards its session and the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// In no session, without a row.
    Transient,
    /// In a session, without a row yet.
    Pending,
    /// In a session, with a row.
    Persistent,
    /// Its row was deleted by a flush; the transaction is still open.
    Deleted,
    /// It has or had a row, but no session.
    Detached,
}

/// What a column attribute holds.
#[derive(Clone, Debug, Default)]
pub enum Slot {
    /// Never set: not in the object's `__dict__`, reads as `None`.
    #[default]
    Absent,
    /// Left out when its row was loaded; reading it loads it.
    Deferred,
    /// Was loaded once; the next read refreshes it with all other expired attributes.
    Expired,
    /// A value.
    Value(Value),
    /// A SQL expression that the next flush evaluates in the database.
    Expression(Rc<vidro_sql::expr::Expr>),
}

impl Slot {
    /// The value, if there is one.
    pub fn value(&self) -> Option<&Value> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Deferred | Self::Expired | Self::Expression(_) => None,
        }
    }

    /// Whether the attribute is in the object's `__dict__`.
    pub fn is_loaded(&self) -> bool {
        matches!(self, Self::Value(_) | Self::Expression(_))
    }
}

/// What a relationship attribute holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Related {
    /// Nothing known; reading it loads.
    #[default]
    NotLoaded,
    /// A scalar side.
    One(Option<InstanceId>),
    /// A collection.
    Many(Vec<InstanceId>),
    /// A collection that was changed through a backref without being loaded.
    Queued(Box<Queued>),
}

/// Changes that wait for their collection to be loaded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Queued {
    /// Appended, in order.
    pub added: Vec<InstanceId>,
    /// Removed.
    pub deleted: Vec<InstanceId>,
}

impl Related {
    /// The objects held, in order.
    pub fn ids(&self) -> &[InstanceId] {
        match self {
            Self::One(Some(id)) => std::slice::from_ref(id),
            Self::Many(ids) => ids,
            Self::NotLoaded | Self::One(None) | Self::Queued(_) => &[],
        }
    }

    /// Whether the attribute is in the object's `__dict__`.
    pub fn is_loaded(&self) -> bool {
        matches!(self, Self::One(_) | Self::Many(_))
    }
}

/// The primary key part of an identity key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// A single integer, by far the most common.
    Int(i64),
    /// Anything else, in primary key order.
    Values(Rc<[Value]>),
}

impl Key {
    /// The key of these primary key values.
    pub fn new(values: &[Value]) -> Self {
        match values {
            [Value::Int(int)] => Self::Int(*int),
            [Value::Bool(truth)] => Self::Int(i64::from(*truth)),
            _ => Self::Values(values.into()),
        }
    }

    /// The primary key values.
    pub fn values(&self) -> Vec<Value> {
        match self {
            Self::Int(int) => vec![Value::Int(*int)],
            Self::Values(values) => values.to_vec(),
        }
    }
}

/// Why an object is in its session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cause {
    /// The line that did it.
    pub span: SpanTag,
    /// The object and relationship it was cascaded along, if it was.
    pub via: Option<(InstanceId, RelationshipId)>,
}

/// Marks on an instance; each is one bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flags(u16);

impl Flags {
    /// Never flushed: every value present counts as added.
    pub(crate) const FRESH: Self = Self(1);
    /// Has changes for the next flush.
    pub(crate) const MODIFIED: Self = Self(2);
    /// Stands in its session's list of modified instances.
    pub(crate) const LISTED: Self = Self(4);
    /// Became an orphan while in no session; a flush expunges instead of refusing it.
    pub(crate) const ORPHANED: Self = Self(8);
    /// Marked by `session.delete`.
    pub(crate) const TO_DELETE: Self = Self(16);
    /// Stands in the arena's list of instances that nothing refers to.
    pub(crate) const UNREFERENCED: Self = Self(32);
    /// Reached by the current mark pass.
    pub(crate) const MARKED: Self = Self(64);
    /// A flush deleted its row, and no rollback brought it back.
    pub(crate) const WAS_DELETED: Self = Self(128);
    /// It was expired as a whole, and no refresh came since.
    pub(crate) const EXPIRED: Self = Self(256);
    /// What the host made of its columns stands as long as no load, flush or expiry changes them.
    pub(crate) const DERIVED: Self = Self(512);

    pub(crate) fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(crate) fn set(&mut self, other: Self, on: bool) {
        if on {
            self.0 |= other.0;
        } else {
            self.0 &= !other.0;
        }
    }
}

/// Which parents hold an object, per relationship that tracks them.
#[derive(Clone, Debug, Default)]
pub(crate) enum Parents {
    /// No relationship ever held or released it.
    #[default]
    Unknown,
    /// The usual case: one relationship.
    One(ParentLink),
    /// Several.
    #[expect(clippy::box_collection, reason = "keeps every object a word or two smaller")]
    Many(Box<Vec<ParentLink>>),
}

/// The last word of one relationship about an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ParentLink {
    /// The relationship on the parent's class.
    pub(crate) relationship: RelationshipId,
    /// The parent, or `None` once it let go.
    pub(crate) parent: Option<InstanceId>,
}

impl Parents {
    pub(crate) fn links(&self) -> &[ParentLink] {
        match self {
            Self::Unknown => &[],
            Self::One(link) => std::slice::from_ref(link),
            Self::Many(links) => links,
        }
    }

    pub(crate) fn get(&self, relationship: RelationshipId) -> Option<ParentLink> {
        self.links().iter().find(|link| link.relationship == relationship).copied()
    }

    pub(crate) fn put(&mut self, link: ParentLink) {
        match self {
            Self::Unknown => *self = Self::One(link),
            Self::One(one) if one.relationship == link.relationship => *one = link,
            Self::One(one) => *self = Self::Many(Box::new(vec![*one, link])),
            Self::Many(links) => {
                match links.iter_mut().find(|l| l.relationship == link.relationship) {
                    Some(old) => *old = link,
                    None => links.push(link),
                }
            }
        }
    }
}

/// The committed side of what was changed since the last flush.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changes {
    /// Changed columns, in order of first change.
    pub(crate) columns: Vec<ColumnChange>,
    /// Changed relationships, in order of first change.
    pub(crate) relationships: Vec<RelatedChange>,
}

/// The committed value of a changed column.
#[derive(Clone, Debug)]
pub(crate) struct ColumnChange {
    /// Column attribute index.
    pub(crate) column: u16,
    /// The line that changed it last.
    pub(crate) span: SpanTag,
    /// What was there; `Absent` when that is not known.
    pub(crate) old: Slot,
}

/// The committed value of a changed relationship.
#[derive(Clone, Debug)]
pub(crate) struct RelatedChange {
    /// Relationship slot index.
    pub(crate) slot: u16,
    /// The line that changed it last.
    pub(crate) span: SpanTag,
    /// What was there; `NotLoaded` when that is not known.
    pub(crate) old: Related,
}

/// One mapped object.
#[derive(Clone)]
pub struct Instance {
    pub(crate) mapper: MapperId,
    pub(crate) state: State,
    pub(crate) flags: Flags,
    /// The session that holds it, from `add` or load until expunge, close or deletion.
    pub(crate) session: Option<SessionId>,
    /// References from the script's variables.
    pub(crate) host_refs: u32,
    /// References from relationship slots of other instances.
    pub(crate) slot_refs: u32,
    /// Position in its session's `new`; INSERTs follow it.
    pub(crate) insert_order: u32,
    /// Index into the running flush's units; meaningless outside of one.
    pub(crate) flush_index: u32,
    pub(crate) cause: Cause,
    /// Primary key part of the identity key, from the first flush or load.
    pub(crate) key: Option<Key>,
    /// Column attributes by index; may be shorter than the mapper when it grew later.
    pub(crate) columns: Box<[Slot]>,
    /// Relationship attributes by slot; empty until the first is touched.
    pub(crate) related: Vec<Related>,
    pub(crate) changes: Option<Box<Changes>>,
    pub(crate) parents: Parents,
    /// The options of the statement that loaded it, which its lazy loads honour.
    pub(crate) load: Option<Rc<LoadContext>>,
}

impl Instance {
    /// The mapper of its class.
    pub fn mapper(&self) -> MapperId {
        self.mapper
    }

    /// Where it stands.
    ///
    /// An object that was inserted and deleted in one transaction, rolled back and added anew still
    /// calls itself deleted, as in SQLAlchemy.
    pub fn state(&self) -> State {
        match self.state {
            State::Persistent if self.flags.has(Flags::WAS_DELETED) => State::Deleted,
            state => state,
        }
    }

    /// The session that holds it.
    pub fn session(&self) -> Option<SessionId> {
        self.session
    }

    /// The primary key part of its identity key.
    pub fn key(&self) -> Option<&Key> {
        self.key.as_ref()
    }

    /// Why it is in its session.
    pub fn cause(&self) -> Cause {
        self.cause
    }

    /// Whether it has changes for the next flush.
    pub fn is_modified(&self) -> bool {
        self.flags.has(Flags::MODIFIED)
    }

    /// Whether `session.delete` marked it.
    pub fn is_to_be_deleted(&self) -> bool {
        self.flags.has(Flags::TO_DELETE)
    }

    /// Whether nothing but the script has changed its columns since `Arena::mark_derived`.
    pub fn is_derived(&self) -> bool {
        self.flags.has(Flags::DERIVED)
    }

    /// A column attribute as it is, without loading.
    pub fn column(&self, index: u16) -> &Slot {
        const ABSENT: Slot = Slot::Absent;
        self.columns.get(usize::from(index)).unwrap_or(&ABSENT)
    }

    /// A relationship slot as it is, without loading.
    pub fn related(&self, slot: u16) -> &Related {
        const NOT_LOADED: &Related = &Related::NotLoaded;
        self.related.get(usize::from(slot)).unwrap_or(NOT_LOADED)
    }

    /// The committed value of a changed column and the line that changed it.
    pub fn committed_column(&self, index: u16) -> Option<(&Slot, SpanTag)> {
        let changes = self.changes.as_deref()?;
        let change = changes.columns.iter().find(|change| change.column == index)?;
        Some((&change.old, change.span))
    }

    /// The committed value of a changed relationship and the line that changed it.
    pub fn committed_related(&self, slot: u16) -> Option<(&Related, SpanTag)> {
        let changes = self.changes.as_deref()?;
        let change = changes.relationships.iter().find(|change| change.slot == slot)?;
        Some((&change.old, change.span))
    }

    pub(crate) fn is_fresh(&self) -> bool {
        self.flags.has(Flags::FRESH)
    }
}

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} of mapper {:?}: {:?}", self.state, self.mapper, self.columns)
    }
}
