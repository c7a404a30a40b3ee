//! Object states: SQLAlchemy's ten named transitions, one function, every move an event.

use crate::Orm;
use crate::error::{Error, ErrorKind, Result};
use crate::event::Event;
use crate::instance::{InstanceId, State};
use crate::session::SessionId;
use crate::session::membership::detach;

macro_rules! transitions {
    ($($name:ident $text:literal $from:ident -> $to:ident),* $(,)?) => {
        /// A move between two object states, named as SQLAlchemy's session events are.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Transition { $(#[doc = concat!("`", $text, "`")] $name),* }

        impl Transition {
            /// All transitions.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The event's name.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }

            /// The state it leaves.
            pub fn from(self) -> State {
                match self { $(Self::$name => State::$from),* }
            }

            /// The state it enters.
            pub fn to(self) -> State {
                match self { $(Self::$name => State::$to),* }
            }
        }
    };
}

transitions! {
    TransientToPending "transient_to_pending" Transient -> Pending,
    PendingToTransient "pending_to_transient" Pending -> Transient,
    PendingToPersistent "pending_to_persistent" Pending -> Persistent,
    PersistentToTransient "persistent_to_transient" Persistent -> Transient,
    PersistentToDeleted "persistent_to_deleted" Persistent -> Deleted,
    PersistentToDetached "persistent_to_detached" Persistent -> Detached,
    DeletedToPersistent "deleted_to_persistent" Deleted -> Persistent,
    DeletedToDetached "deleted_to_detached" Deleted -> Detached,
    DetachedToPersistent "detached_to_persistent" Detached -> Persistent,
    // A loaded object comes out of nowhere; the arena creates every object transient.
    LoadedAsPersistent "loaded_as_persistent" Transient -> Persistent,
}

/// Moves an object that stays with its session, or has just come.
pub(crate) fn transition(orm: &mut Orm, id: InstanceId, transition: Transition) -> Result<()> {
    let session = orm.instances[id].session;
    shift(orm, session, id, transition)
}

/// Moves an object and cuts the tie to its session.
pub(super) fn leave(
    orm: &mut Orm,
    session: SessionId,
    id: InstanceId,
    transition: Transition,
) -> Result<()> {
    detach(orm, id);
    shift(orm, Some(session), id, transition)
}

/// The only place where an object's state changes.
fn shift(
    orm: &mut Orm,
    session: Option<SessionId>,
    id: InstanceId,
    transition: Transition,
) -> Result<()> {
    let instance = &mut orm.instances[id];
    if instance.state != transition.from() {
        let message = format!(
            "Object {} is {:?}; {} is not possible",
            orm.state_str(id),
            orm.instances[id].state,
            transition.name()
        );
        return Err(Error::new(ErrorKind::IllegalStateChangeError, message));
    }
    instance.state = transition.to();
    orm.emit(Event::Transition { instance: id, transition });
    orm.notice_transition(session, id, transition);
    Ok(())
}
