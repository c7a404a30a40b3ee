//! What the ORM says while it works, as borrowed values; it does not know who listens.

use std::fmt;
use std::rc::Rc;

use vidro_sql::Value;

use crate::Orm;
use crate::error::Error;
use crate::flush::{FlushPlan, StepId};
use crate::instance::{InstanceId, Slot};
use crate::mapping::RelationshipId;
use crate::session::{SessionId, Transition};

/// One thing that happened. Object, relationship and session ids resolve through the `Orm` that comes along.
#[derive(Debug)]
pub enum Event<'a> {
    /// A session was made.
    SessionCreated {
        /// The new session.
        session: SessionId,
    },
    /// A session took a connection.
    Connected {
        /// Whose.
        session: SessionId,
        /// The connection's number.
        connection: u32,
    },
    /// A session's transaction began; `nested` means a savepoint.
    TransactionBegun {
        /// Whose.
        session: SessionId,
        /// Whether it is a savepoint.
        nested: bool,
    },
    /// A session's transaction ended.
    TransactionEnded {
        /// Whose.
        session: SessionId,
        /// Whether it is a savepoint.
        nested: bool,
        /// Whether it was committed.
        committed: bool,
    },
    /// An object was constructed by the script.
    Created {
        /// The new object.
        instance: InstanceId,
    },
    /// An object's state changed.
    Transition {
        /// The object.
        instance: InstanceId,
        /// Which of the ten transitions.
        transition: Transition,
    },
    /// `session.delete` marked an object, or took the mark back.
    MarkedForDeletion {
        /// The object.
        instance: InstanceId,
        /// Whether it is marked now.
        marked: bool,
    },
    /// A column attribute was set.
    AttributeSet {
        /// The object.
        instance: InstanceId,
        /// Column attribute index.
        column: u16,
        /// What was there.
        old: &'a Slot,
        /// What is there.
        new: &'a Slot,
    },
    /// A scalar relationship was set.
    RelatedSet {
        /// The object.
        instance: InstanceId,
        /// Which relationship.
        relationship: RelationshipId,
        /// What was there.
        old: Option<InstanceId>,
        /// What is there.
        new: Option<InstanceId>,
    },
    /// A collection gained or lost a member.
    CollectionChanged {
        /// The owner.
        instance: InstanceId,
        /// Which relationship.
        relationship: RelationshipId,
        /// The member.
        member: InstanceId,
        /// Gained, not lost.
        added: bool,
    },
    /// A row became an object, or refreshed one.
    Loaded {
        /// The object.
        instance: InstanceId,
        /// Whether it was in the identity map already.
        refreshed: bool,
    },
    /// A relationship was filled from the database.
    RelatedLoaded {
        /// The owner.
        instance: InstanceId,
        /// Which relationship.
        relationship: RelationshipId,
    },
    /// All attributes were expired.
    Expired {
        /// The object.
        instance: InstanceId,
    },
    /// Some attributes were expired.
    AttributesExpired {
        /// The object.
        instance: InstanceId,
    },
    /// A flush gave an object its identity key.
    IdentityAssigned {
        /// The object.
        instance: InstanceId,
    },
    /// Nothing referred to an object any more.
    Collected {
        /// Its id, which is never used again.
        instance: InstanceId,
    },
    /// A query is about to flush first.
    Autoflush {
        /// Whose.
        session: SessionId,
    },
    /// A flush knows what it will do.
    FlushPlanned {
        /// Whose.
        session: SessionId,
        /// Everything about to run.
        plan: &'a FlushPlan,
    },
    /// A step is about to run.
    StepStarted {
        /// Whose.
        session: SessionId,
        /// The step, or the first of its batch.
        step: StepId,
    },
    /// A step has run.
    StepFinished {
        /// Whose.
        session: SessionId,
        /// The step.
        step: StepId,
        /// The key the database generated.
        generated: Option<&'a Value>,
    },
    /// A flush wrote its results back to the objects.
    FlushFinished {
        /// Whose.
        session: SessionId,
    },
    /// A flush failed; its transaction is rolled back.
    FlushFailed {
        /// Whose.
        session: SessionId,
        /// Why.
        error: &'a Error,
    },
    /// Statements that follow have this purpose.
    LoadStarted {
        /// What for.
        purpose: Purpose,
    },
    /// The load is over.
    LoadFinished {
        /// What for.
        purpose: Purpose,
    },
    /// Something SQLAlchemy warns about.
    Warning {
        /// The class of the warning, `SAWarning` for most.
        category: &'static str,
        /// Its text.
        message: &'a str,
    },
}

/// Why the ORM reads from the database on its own account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A relationship was read that was not loaded.
    Lazy {
        /// The owner.
        instance: InstanceId,
        /// Which relationship.
        relationship: RelationshipId,
    },
    /// Expired attributes are refreshed.
    Refresh {
        /// The object.
        instance: InstanceId,
    },
    /// A deferred column was read.
    Deferred {
        /// The object.
        instance: InstanceId,
    },
    /// `session.get` missed the identity map.
    Get,
    /// An eager load by `IN` follows the main statement.
    SelectIn {
        /// Which relationship.
        relationship: RelationshipId,
    },
    /// An eager load by subquery follows the main statement.
    Subquery {
        /// Which relationship.
        relationship: RelationshipId,
    },
}

/// Who listens.
pub trait Observer {
    /// One event, with the state it left behind.
    fn event(&self, orm: &Orm, event: &Event<'_>);
}

/// The observer of an `Orm`, if any.
#[derive(Clone, Default)]
pub(crate) struct Listener(pub(crate) Option<Rc<dyn Observer>>);

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Listener" } else { "no listener" })
    }
}
