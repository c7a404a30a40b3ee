//! A session's transaction: begun lazily, connected lazily, undone object by object.

use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashSet};
use vidro_engine::{Connection, Transaction as EngineTransaction};

use super::membership::{expunge_all, forget_identity};
use super::state::leave;
use super::state::transition;
use super::{Bind, SessionId, Transition, expire_instance, is_clean};
use crate::Orm;
use crate::error::{Error, ErrorKind, Result};
use crate::event::Event;
use crate::flush;
use crate::host::{Host, Moment};
use crate::instance::{Flags, InstanceId, Key, State};
use crate::mapping::MapperId;

/// One transaction or savepoint of a session, and what to restore when it is rolled back.
#[derive(Debug, Default)]
pub(crate) struct Transaction {
    /// Its number among the transactions of its session.
    pub(crate) serial: u32,
    /// A savepoint.
    pub(crate) nested: bool,
    /// Objects that got their row in here.
    pub(crate) new: FxHashSet<InstanceId>,
    /// Objects that lost their row in here, in order.
    pub(crate) deleted: Vec<InstanceId>,
    /// Objects updated in here.
    pub(crate) dirty: FxHashSet<InstanceId>,
    /// Objects whose primary key changed in here, with the key they had.
    pub(crate) key_switches: IndexMap<InstanceId, Key, FxBuildHasher>,
    /// The connection and its transaction, once something was executed.
    pub(crate) link: Option<Link>,
    /// The message of the flush error that ended it early.
    pub(crate) broken: Option<String>,
    /// It was rolled back by a failing flush and waits for `rollback()`.
    pub(crate) inactive: bool,
}

/// A connection and its transaction.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) connection: Connection,
    pub(crate) transaction: EngineTransaction,
    /// The session took the connection and gives it back.
    pub(crate) own: bool,
    /// The session ends the transaction.
    pub(crate) commits: bool,
}

/// Makes sure that a session has a transaction.
pub(crate) fn autobegin(orm: &mut Orm, session: SessionId) -> Result<()> {
    let owner = orm.sessions.get(session)?;
    if !owner.transactions.is_empty() {
        return Ok(());
    }
    if !owner.options.autobegin {
        return Err(Error::invalid_request(
            "Autobegin is disabled on this Session; please call session.begin() to start a new \
             transaction",
        ));
    }
    push(orm, session, false)
}

/// The same where a failure to begin shows up later anyway.
pub(crate) fn autobegin_quietly(orm: &mut Orm, session: SessionId) {
    if orm.sessions.get(session).is_ok_and(|owner| owner.transactions.is_empty()) {
        // A session that must be begun by hand says so as soon as it needs its connection.
        let _: Result<()> = autobegin(orm, session);
    }
}

fn push(orm: &mut Orm, session: SessionId, nested: bool) -> Result<()> {
    let owner = orm.sessions.get_mut(session)?;
    if owner.block.is_some_and(|block| !owner.transactions.iter().any(|t| t.serial == block)) {
        return Err(Error::invalid_request(
            "Can't operate on closed transaction inside context manager.  Please complete the \
             context manager before emitting further commands.",
        ));
    }
    owner.next_serial = owner.next_serial.wrapping_add(1);
    let serial = owner.next_serial;
    owner.transactions.push(Transaction { serial, nested, ..Transaction::default() });
    orm.emit(Event::TransactionBegun { session, nested });
    Ok(())
}

/// `session.begin()`
pub fn begin(orm: &mut Orm, session: SessionId) -> Result<()> {
    if !orm.sessions.get(session)?.transactions.is_empty() {
        return Err(Error::invalid_request("A transaction is already begun on this Session."));
    }
    push(orm, session, false)
}

/// `session.begin_nested()`: flushes, then sets a savepoint.
pub fn begin_nested(orm: &mut Orm, host: &mut dyn Host, session: SessionId) -> Result<()> {
    if orm.sessions.get(session)?.transactions.is_empty() {
        push(orm, session, false)?;
    }
    check_active(orm, session)?;
    flush::flush(orm, host, session, None)?;
    // The savepoint itself is set with the first statement.
    push(orm, session, true)
}

/// A `with` block of the innermost transaction begins; gives the block around it.
pub fn enter_block(orm: &mut Orm, session: SessionId) -> Result<Option<u32>> {
    let owner = orm.sessions.get_mut(session)?;
    let innermost = owner.transactions.last().map(|transaction| transaction.serial);
    Ok(std::mem::replace(&mut owner.block, innermost))
}

/// The `with` block inside `outer` ends.
pub fn exit_block(orm: &mut Orm, session: SessionId, outer: Option<u32>) -> Result<()> {
    orm.sessions.get_mut(session)?.block = outer;
    Ok(())
}

/// The number of the innermost transaction, unique within its session.
pub fn innermost(orm: &Orm, session: SessionId) -> Option<u32> {
    orm.sessions.get(session).ok()?.transactions.last().map(|transaction| transaction.serial)
}

/// The number of the outermost transaction: `session.get_transaction()`
pub fn outermost(orm: &Orm, session: SessionId) -> Option<u32> {
    orm.sessions.get(session).ok()?.transactions.first().map(|transaction| transaction.serial)
}

/// The number of the innermost savepoint: `session.get_nested_transaction()`
pub fn innermost_nested(orm: &Orm, session: SessionId) -> Option<u32> {
    let transactions = &orm.sessions.get(session).ok()?.transactions;
    transactions.iter().rfind(|transaction| transaction.nested).map(|t| t.serial)
}

/// Whether a transaction is open and no failed flush has ended it.
pub fn is_transaction_active(orm: &Orm, session: SessionId, serial: u32) -> bool {
    orm.sessions.get(session).is_ok_and(|owner| {
        owner.transactions.iter().any(|open| open.serial == serial && !open.inactive)
    })
}

/// `session.in_transaction()`
pub fn in_transaction(orm: &Orm, session: SessionId) -> bool {
    orm.sessions.get(session).is_ok_and(|owner| !owner.transactions.is_empty())
}

/// `session.in_nested_transaction()`
pub fn in_nested_transaction(orm: &Orm, session: SessionId) -> bool {
    orm.sessions.get(session).is_ok_and(|owner| owner.transactions.iter().any(|t| t.nested))
}

/// The error of using a transaction that a failed flush ended.
fn check_active(orm: &Orm, session: SessionId) -> Result<()> {
    let Some(transaction) = orm.sessions.get(session)?.transactions.last() else { return Ok(()) };
    if !transaction.inactive {
        return Ok(());
    }
    Err(match &transaction.broken {
        Some(original) => Error::new(
            ErrorKind::PendingRollbackError,
            format!(
                "This Session's transaction has been rolled back due to a previous exception \
                 during flush. To begin a new transaction with this Session, first issue \
                 Session.rollback(). Original exception was: {original}"
            ),
        )
        .with_code("7s2a"),
        None => Error::invalid_request(
            "This session is in 'inactive' state, due to the SQL transaction being rolled back; \
             no further SQL can be emitted within this transaction.",
        ),
    })
}

/// `session.connection()`: the connection of the innermost transaction, taken when first asked for.
pub fn connection(orm: &mut Orm, host: &mut dyn Host, session: SessionId) -> Result<Connection> {
    autobegin(orm, session)?;
    check_active(orm, session)?;
    let count = orm.sessions.get(session)?.transactions.len();
    for depth in 0..count {
        let transactions = &orm.sessions.get(session)?.transactions;
        let Some(transaction) = transactions.get(depth) else { break };
        if transaction.link.is_some() {
            continue;
        }
        let link = match depth.checked_sub(1).and_then(|outer| transactions.get(outer)) {
            None => connect(orm, session)?,
            Some(outer) => savepoint(outer)?,
        };
        if let Some(transaction) = orm.sessions.get_mut(session)?.transactions.get_mut(depth) {
            transaction.link = Some(link);
        }
        host.on_session(orm, Moment::AfterBegin, session)?;
    }
    let innermost = orm.sessions.get(session)?.transactions.last();
    let link = innermost.and_then(|transaction| transaction.link.as_ref());
    link.map(|link| link.connection.clone())
        .ok_or_else(|| Error::new(ErrorKind::ResourceClosedError, "This transaction is closed"))
}

/// The session's connection for work on a mapper; `with` tells what else could have said where to.
pub(crate) fn connection_for(
    orm: &mut Orm,
    host: &mut dyn Host,
    session: SessionId,
    mapper: MapperId,
    with: &str,
) -> Result<Connection> {
    connection(orm, host, session).map_err(|error| {
        if error.kind() != ErrorKind::UnboundExecutionError {
            return error;
        }
        let mapper = orm.mapping.mapper(mapper).describe();
        Error::unbound(format!(
            "Could not locate a bind configured on mapper {mapper}{with} or this Session."
        ))
    })
}

fn connect(orm: &Orm, session: SessionId) -> Result<Link> {
    match &orm.sessions.get(session)?.options.bind {
        None => Err(Error::unbound(
            "Could not locate a bind configured on SQL expression or this Session.",
        )),
        Some(Bind::Engine(engine)) => {
            let connection = engine.connect()?;
            orm.emit(Event::Connected { session, connection: connection.id() });
            let transaction = connection.begin()?;
            Ok(Link { connection, transaction, own: true, commits: true })
        }
        Some(Bind::Connection(connection)) => {
            let current = connection.nested_transaction().or_else(|| connection.transaction());
            let (transaction, commits) = match current.filter(|t| t.is_active()) {
                None => (connection.begin()?, true),
                Some(nested) if nested.is_nested() => (connection.begin_nested()?, true),
                Some(outer) => (outer, false),
            };
            Ok(Link { connection: connection.clone(), transaction, own: false, commits })
        }
    }
}

fn savepoint(outer: &Transaction) -> Result<Link> {
    let Some(link) = &outer.link else {
        return Err(Error::invalid_request(
            "the transaction around the savepoint has no connection",
        ));
    };
    let transaction = link.connection.begin_nested()?;
    Ok(Link { connection: link.connection.clone(), transaction, own: false, commits: true })
}

/// `session.commit()`: commits savepoints and the transaction around them.
pub fn commit(orm: &mut Orm, host: &mut dyn Host, session: SessionId) -> Result<()> {
    autobegin(orm, session)?;
    while in_transaction(orm, session) {
        commit_innermost(orm, host, session)?;
    }
    Ok(())
}

/// Commits the innermost savepoint, or the transaction when there is none.
pub fn commit_innermost(orm: &mut Orm, host: &mut dyn Host, session: SessionId) -> Result<()> {
    check_active(orm, session)?;
    host.on_session(orm, Moment::BeforeCommit, session)?;
    let mut rounds = 0;
    while !is_clean(orm, session) {
        rounds += 1;
        if rounds > 100 {
            return Err(Error::flush(
                "Over 100 subsequent flushes have occurred within session.commit() - is an \
                 after_flush() hook creating new objects?",
            ));
        }
        flush::flush(orm, host, session, None)?;
    }
    let link = innermost_link(orm, session)?;
    if let Some(link) = link.as_ref().filter(|link| link.commits) {
        link.transaction.commit()?;
    }
    host.on_session(orm, Moment::AfterCommit, session)?;
    let Some(done) = orm.sessions.get_mut(session)?.transactions.pop() else { return Ok(()) };
    keep(orm, session, &done)?;
    disconnect(link.as_ref(), false)?;
    orm.emit(Event::TransactionEnded { session, nested: done.nested, committed: true });
    Ok(())
}

fn innermost_link(orm: &Orm, session: SessionId) -> Result<Option<Link>> {
    Ok(orm.sessions.get(session)?.transactions.last().and_then(|t| t.link.clone()))
}

/// What a committed transaction leaves behind.
fn keep(orm: &mut Orm, session: SessionId, done: &Transaction) -> Result<()> {
    if done.nested {
        if let Some(outer) = orm.sessions.get_mut(session)?.transactions.last_mut() {
            outer.new.extend(&done.new);
            outer.dirty.extend(&done.dirty);
            outer.deleted.extend(&done.deleted);
            for (id, key) in &done.key_switches {
                outer.key_switches.entry(*id).or_insert_with(|| key.clone());
            }
        }
        return Ok(());
    }
    if orm.sessions.get(session)?.options.expire_on_commit {
        super::expire_all(orm, session)?;
        for &id in &done.deleted {
            if orm.instances[id].session == Some(session)
                && orm.instances[id].state == State::Deleted
            {
                leave(orm, session, id, Transition::DeletedToDetached)?;
            }
        }
    }
    Ok(())
}

fn disconnect(link: Option<&Link>, undo: bool) -> Result<()> {
    let Some(link) = link else { return Ok(()) };
    if undo && link.commits && link.transaction.is_active() {
        link.transaction.close()?;
    }
    if link.own {
        link.connection.close()?;
    }
    Ok(())
}

/// `session.rollback()`: the outermost transaction, whatever is inside.
pub fn rollback(orm: &mut Orm, host: &mut dyn Host, session: SessionId) -> Result<()> {
    let mut result = Ok(());
    while in_transaction(orm, session) {
        let undone = rollback_innermost(orm, host, session);
        result = result.and(undone);
    }
    result
}

/// Rolls back the innermost savepoint, or the transaction when there is none.
pub fn rollback_innermost(orm: &mut Orm, host: &mut dyn Host, session: SessionId) -> Result<()> {
    let Some(transaction) = orm.sessions.get(session)?.transactions.last() else { return Ok(()) };
    let (nested, inactive) = (transaction.nested, transaction.inactive);
    let link = transaction.link.clone();
    let mut result = Ok(());
    if !inactive {
        result = undo(orm, host, session);
        host.on_session(orm, Moment::AfterRollback, session)?;
    }
    if !is_clean(orm, session) {
        if result.is_ok() {
            orm.warn(
                "Session's state has been changed on a non-active transaction - this state will \
                 be discarded.",
            );
        }
        restore(orm, host, session, nested)?;
    }
    orm.sessions.get_mut(session)?.transactions.pop();
    let closed = disconnect(link.as_ref(), true);
    orm.emit(Event::TransactionEnded { session, nested, committed: false });
    result.and(closed)
}

/// Rolls back in the database and restores the objects.
fn undo(orm: &mut Orm, host: &mut dyn Host, session: SessionId) -> Result<()> {
    let link = innermost_link(orm, session)?;
    let undone = match link.filter(|link| link.transaction.is_active()) {
        Some(link) => link.transaction.rollback().map_err(Error::from),
        None => Ok(()),
    };
    let nested = orm.sessions.get(session)?.transactions.last().is_some_and(|t| t.nested);
    restore(orm, host, session, nested)?;
    undone
}

/// A flush failed: its transaction is rolled back and waits for `rollback()`.
pub(crate) fn flush_failed(
    orm: &mut Orm,
    host: &mut dyn Host,
    session: SessionId,
    error: &Error,
) -> Result<()> {
    let undone = undo(orm, host, session);
    host.on_session(orm, Moment::AfterRollback, session)?;
    if let Some(transaction) = orm.sessions.get_mut(session)?.transactions.last_mut() {
        transaction.inactive = true;
        transaction.broken = Some(error.to_string());
    }
    undone
}

/// Puts objects back to where they were when the innermost transaction began.
fn restore(orm: &mut Orm, host: &mut dyn Host, session: SessionId, dirty_only: bool) -> Result<()> {
    let Some(transaction) = orm.sessions.get_mut(session)?.transactions.last_mut() else {
        return Ok(());
    };
    let new = std::mem::take(&mut transaction.new);
    let deleted = std::mem::take(&mut transaction.deleted);
    let dirty = std::mem::take(&mut transaction.dirty);
    let switches = std::mem::take(&mut transaction.key_switches);
    let mut gone: Vec<InstanceId> = new.iter().copied().collect();
    gone.sort_unstable();
    gone.extend(orm.sessions.new_objects(orm, session));
    for &id in &gone {
        to_transient(orm, session, id)?;
    }
    for (id, key) in switches {
        forget_identity(orm, session, id)?;
        orm.instances[id].key = Some(key.clone());
        if !new.contains(&id) {
            let base = orm.mapper_of(id)?.base;
            orm.sessions.get_mut(session)?.identity.replace(base, &key, id);
        }
    }
    revive(orm, session, deleted, &new)?;
    // Listeners see the objects before they are expired.
    orm.tell_notices(host)?;
    for id in orm.sessions.get(session)?.identity.all() {
        if !dirty_only || orm.instances[id].is_modified() || dirty.contains(&id) {
            expire_instance(orm, id);
        }
    }
    let owner = orm.sessions.get_mut(session)?;
    owner.new.clear();
    owner.deleted.clear();
    owner.modified.clear();
    Ok(())
}

/// Deleted objects become persistent again, and deletion marks are taken back.
fn revive(
    orm: &mut Orm,
    session: SessionId,
    deleted: Vec<InstanceId>,
    new: &FxHashSet<InstanceId>,
) -> Result<()> {
    for id in orm.sessions.deleted(orm, session) {
        orm.instances[id].flags.set(Flags::TO_DELETE, false);
        orm.instances[id].flags.set(Flags::WAS_DELETED, false);
        orm.emit(Event::MarkedForDeletion { instance: id, marked: false });
    }
    for id in deleted {
        let instance = &orm.instances[id];
        if instance.session != Some(session)
            || instance.state != State::Deleted
            || new.contains(&id)
        {
            continue;
        }
        if let Some(key) = instance.key.clone() {
            let base = orm.mapper_of(id)?.base;
            orm.sessions.get_mut(session)?.identity.replace(base, &key, id);
        }
        orm.instances[id].flags.set(Flags::WAS_DELETED, false);
        transition(orm, id, Transition::DeletedToPersistent)?;
    }
    Ok(())
}

fn to_transient(orm: &mut Orm, session: SessionId, id: InstanceId) -> Result<()> {
    if orm.instances[id].session != Some(session) {
        return Ok(());
    }
    let moved = match orm.instances[id].state {
        State::Pending => Transition::PendingToTransient,
        State::Persistent => Transition::PersistentToTransient,
        State::Deleted => {
            // Inserted and deleted in one transaction: it goes the way of all deleted objects.
            transition(orm, id, Transition::DeletedToPersistent)?;
            Transition::PersistentToTransient
        }
        State::Transient | State::Detached => return Ok(()),
    };
    forget_identity(orm, session, id)?;
    orm.instances[id].key = None;
    leave(orm, session, id, moved)
}

/// Objects whose rows the open transactions deleted.
pub(super) fn deleted_in_transaction(orm: &Orm, session: SessionId) -> Vec<InstanceId> {
    let transactions =
        orm.sessions.get(session).map(|owner| owner.transactions.as_slice()).unwrap_or_default();
    transactions.iter().flat_map(|t| t.deleted.iter().copied()).collect()
}

/// `session.close()`
pub fn close(orm: &mut Orm, _host: &mut dyn Host, session: SessionId) -> Result<()> {
    expunge_all(orm, session)?;
    let mut result = Ok(());
    while let Some(transaction) = orm.sessions.get_mut(session)?.transactions.pop() {
        result = result.and(disconnect(transaction.link.as_ref(), true));
        let nested = transaction.nested;
        orm.emit(Event::TransactionEnded { session, nested, committed: false });
    }
    result
}
