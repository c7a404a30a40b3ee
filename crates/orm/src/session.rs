//! Sessions: what belongs to them, and moving objects in and out.

mod cascade;
mod expire;
mod identity;
mod membership;
mod merge;
mod state;
mod transaction;

use std::fmt;

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;
use vidro_engine::{Connection, Engine};
use vidro_sql::dialect::Dialect;

use crate::Orm;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::host::Host;
use crate::instance::{Flags, InstanceId, Key, State};
use crate::mapping::MapperId;

pub(crate) use cascade::cascade;
pub use expire::{expire, expire_all, refresh};
pub(crate) use expire::{expire_attributes, expire_instance};
pub use identity::IdentityMap;
pub use membership::{
    add, add_all, contains, delete, expunge, expunge_all, is_modified, make_transient,
    make_transient_to_detached,
};
pub(crate) use membership::{expunge_only, remove_deleted, save_or_update};
pub use merge::merge;
pub use state::Transition;
pub(crate) use state::transition;
pub(crate) use transaction::{
    Transaction, autobegin, autobegin_quietly, connection_for, flush_failed,
};
pub use transaction::{
    begin, begin_nested, close, commit, commit_innermost, connection, enter_block, exit_block,
    in_nested_transaction, in_transaction, innermost, innermost_nested, is_transaction_active,
    outermost, rollback, rollback_innermost,
};

/// A session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub(crate) u32);

impl SessionId {
    /// The number that messages show.
    pub fn get(self) -> u32 {
        self.0
    }
}

/// What a session talks to.
#[derive(Clone)]
pub enum Bind {
    /// Connections are taken from its pool.
    Engine(Engine),
    /// One connection of the caller's.
    Connection(Connection),
}

impl Bind {
    /// The dialect of its database.
    pub fn dialect(&self) -> &Dialect {
        match self {
            Self::Engine(engine) => engine.dialect(),
            Self::Connection(connection) => connection.engine().dialect(),
        }
    }
}

impl fmt::Debug for Bind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Engine(_) => "Engine",
            Self::Connection(_) => "Connection",
        })
    }
}

/// The arguments of `Session()`.
#[derive(Clone, Debug)]
pub struct SessionOptions {
    /// What it talks to.
    pub bind: Option<Bind>,
    /// Queries flush first.
    pub autoflush: bool,
    /// Commit expires everything.
    pub expire_on_commit: bool,
    /// Transactions begin by themselves.
    pub autobegin: bool,
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self { bind: None, autoflush: true, expire_on_commit: true, autobegin: true }
    }
}

/// One session.
#[derive(Debug)]
pub struct Session {
    /// Its arguments; `autoflush` changes inside `no_autoflush`.
    pub options: SessionOptions,
    /// Its persistent objects by key.
    pub identity: IdentityMap,
    /// Objects added and not flushed, with the order they were added in; may hold stale entries.
    pub(crate) new: Vec<(u32, InstanceId)>,
    /// Persistent objects that were changed; may hold stale entries.
    pub(crate) modified: Vec<InstanceId>,
    /// Persistent objects marked by `delete`; may hold stale entries.
    pub(crate) deleted: Vec<InstanceId>,
    /// The next position in `new`.
    pub(crate) next_order: u32,
    /// The open transaction and its savepoints, the innermost last.
    pub(crate) transactions: Vec<Transaction>,
    /// The number of the last transaction.
    pub(crate) next_serial: u32,
    /// The transaction whose `with` block runs.
    pub(crate) block: Option<u32>,
    /// A flush is running.
    pub(crate) flushing: bool,
}

/// All open sessions.
#[derive(Debug, Default)]
pub struct Sessions {
    all: IndexMap<SessionId, Session, FxBuildHasher>,
    last: u32,
}

impl Sessions {
    /// The session behind an id.
    pub fn get(&self, id: SessionId) -> Result<&Session> {
        self.all.get(&id).ok_or_else(closed)
    }

    /// The session behind an id, to change its options.
    pub fn get_mut(&mut self, id: SessionId) -> Result<&mut Session> {
        self.all.get_mut(&id).ok_or_else(closed)
    }

    /// All sessions, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (SessionId, &Session)> {
        self.all.iter().map(|(id, session)| (*id, session))
    }

    /// The ids of all sessions, oldest first.
    pub fn ids(&self) -> Vec<SessionId> {
        self.all.keys().copied().collect()
    }

    /// `session.new`
    pub fn new_objects(&self, orm: &Orm, id: SessionId) -> Vec<InstanceId> {
        let new = self.all.get(&id).map(|session| session.new.as_slice()).unwrap_or_default();
        let current = |(order, instance): &(u32, InstanceId)| {
            let found = &orm.instances[*instance];
            let same = found.insert_order == *order && found.session == Some(id);
            (same && found.state == State::Pending).then_some(*instance)
        };
        new.iter().filter_map(current).collect()
    }

    /// Persistent objects with changes that are not marked for deletion, `session.dirty`.
    pub fn dirty(&self, orm: &Orm, id: SessionId) -> Vec<InstanceId> {
        let modified =
            self.all.get(&id).map(|session| session.modified.as_slice()).unwrap_or_default();
        let current = |instance: &&InstanceId| {
            let found = &orm.instances[**instance];
            found.session == Some(id)
                && found.state == State::Persistent
                && found.flags.has(Flags::MODIFIED)
                && !found.flags.has(Flags::TO_DELETE)
        };
        modified.iter().filter(current).copied().collect()
    }

    /// `session.deleted`
    pub fn deleted(&self, orm: &Orm, id: SessionId) -> Vec<InstanceId> {
        let deleted =
            self.all.get(&id).map(|session| session.deleted.as_slice()).unwrap_or_default();
        let current = |instance: &&InstanceId| {
            let found = &orm.instances[**instance];
            found.session == Some(id) && found.flags.has(Flags::TO_DELETE)
        };
        deleted.iter().filter(current).copied().collect()
    }

    pub(crate) fn note_modified(&mut self, session: SessionId, id: InstanceId) {
        if let Some(session) = self.all.get_mut(&session) {
            session.modified.push(id);
        }
    }

    /// Drops a collected object from its session's identity map.
    pub(crate) fn forget(&mut self, session: SessionId, base: MapperId, key: &Key, id: InstanceId) {
        if let Some(session) = self.all.get_mut(&session) {
            session.identity.discard(base, key, id);
        }
    }
}

fn closed() -> Error {
    Error::invalid_request("This session no longer exists")
}

impl Orm {
    /// `Session(bind, …)`
    pub fn session(&mut self, options: SessionOptions) -> SessionId {
        self.sessions.last += 1;
        let id = SessionId(self.sessions.last);
        let session = Session {
            options,
            identity: IdentityMap::default(),
            new: Vec::new(),
            modified: Vec::new(),
            deleted: Vec::new(),
            next_order: 1,
            transactions: Vec::new(),
            next_serial: 0,
            block: None,
            flushing: false,
        };
        self.sessions.all.insert(id, session);
        self.emit(Event::SessionCreated { session: id });
        id
    }

    /// The host has no more use for a session: it is closed and forgotten.
    pub fn drop_session(&mut self, host: &mut dyn Host, id: SessionId) -> Result<()> {
        close(self, host, id)?;
        self.sessions.all.shift_remove(&id);
        Ok(())
    }
}

/// `session.is_active`: no flush failed inside the open transaction.
pub fn is_active(orm: &Orm, session: SessionId) -> bool {
    let transactions = orm.sessions.get(session).map(|session| session.transactions.as_slice());
    transactions.is_ok_and(|open| open.iter().all(|transaction| !transaction.inactive))
}

/// Whether a flush would have nothing to do, as far as can be told without looking closer.
pub fn is_clean(orm: &Orm, session: SessionId) -> bool {
    orm.sessions.new_objects(orm, session).is_empty()
        && orm.sessions.deleted(orm, session).is_empty()
        && orm.sessions.dirty(orm, session).is_empty()
}
