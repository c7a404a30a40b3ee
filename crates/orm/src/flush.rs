//! The unit of work: a flush is planned as a value, executed by an interpreter, then settled.

mod changes;
mod collect;
mod execute;
mod listen;
mod order;
mod plan;
mod settle;
mod statement;
mod view;

use crate::Orm;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::host::{Host, Moment};
use crate::instance::{Instance, InstanceId, Slot};
use crate::session::{self, SessionId};

pub use collect::Reason;
pub use plan::{Batch, BatchColumn, FlushPlan, Operand, Step, StepId, StepKind};
pub(crate) use settle::commit;
pub(crate) use statement::{CacheKey, Since, Sql, dialect, engine_id};
pub use view::{Cause, Edge, Why};

/// The objects a flush is limited to; `None` is all of them.
pub type FlushScope = Option<Vec<InstanceId>>;

/// `session.flush()`
pub fn flush(
    orm: &mut Orm,
    host: &mut dyn Host,
    session: SessionId,
    scope: FlushScope,
) -> Result<()> {
    if orm.sessions.get(session)?.flushing {
        return Err(Error::invalid_request("Session is already flushing"));
    }
    if session::is_clean(orm, session) {
        return Ok(());
    }
    orm.sessions.get_mut(session)?.flushing = true;
    let result = run(orm, host, session, &scope);
    orm.sessions.get_mut(session)?.flushing = false;
    result
}

fn run(orm: &mut Orm, host: &mut dyn Host, session: SessionId, scope: &FlushScope) -> Result<()> {
    host.on_session(orm, Moment::BeforeFlush, session)?;
    session::autobegin(orm, session)?;
    match stages(orm, host, session, scope) {
        Ok(()) => host.on_session(orm, Moment::AfterFlushPostexec, session),
        Err(error) => {
            orm.emit(Event::FlushFailed { session, error: &error });
            session::flush_failed(orm, host, session, &error)?;
            Err(error)
        }
    }
}

/// The five stages of a flush.
fn stages(
    orm: &mut Orm,
    host: &mut dyn Host,
    session: SessionId,
    scope: &FlushScope,
) -> Result<()> {
    let units = collect::collect(orm, host, session, scope)?;
    let changes = changes::diff(orm, &units)?;
    let mut plan = plan::plan(orm, &units, &changes)?;
    let mut outcome = execute::Outcome::default();
    let executed = match orm.mapping.listened {
        false => execute::execute(orm, host, &plan, &mut outcome),
        true => listen::execute(orm, host, &units, &changes, &mut plan, &mut outcome),
    };
    if let Err(error) = executed.and(plan.circular.take().map_or(Ok(()), Err)) {
        settle::keep_keys(orm, &units, &changes, &plan, &outcome);
        return Err(error);
    }
    settle::settle(orm, host, &units, &changes, &plan, outcome)
}

/// `session.plan()`: what a flush would do now, unrun. Loads that cascades need do run.
pub fn plan(orm: &mut Orm, host: &mut dyn Host, session: SessionId) -> Result<FlushPlan> {
    let units = collect::collect(orm, host, session, &None)?;
    let changes = changes::diff(orm, &units)?;
    let mut plan = plan::plan(orm, &units, &changes)?;
    match plan.circular.take() {
        Some(error) => Err(error),
        None => Ok(plan),
    }
}

/// Flushes before a query, where the session is set to.
pub fn autoflush(orm: &mut Orm, host: &mut dyn Host, session: SessionId) -> Result<()> {
    let owner = orm.sessions.get(session)?;
    if !owner.options.autoflush || owner.flushing || session::is_clean(orm, session) {
        return Ok(());
    }
    orm.emit(Event::Autoflush { session });
    flush(orm, host, session, None).map_err(|error| {
        error.with_detail(
            "raised as a result of Query-invoked autoflush; consider using a session.no_autoflush \
             block if this flush is occurring prematurely",
        )
    })
}

/// Whether a column differs from what its row holds.
pub(crate) fn column_changed(instance: &Instance, column: u16) -> bool {
    if instance.is_fresh() {
        return instance.column(column).is_loaded();
    }
    let Some((old, _)) = instance.committed_column(column) else { return false };
    match (instance.column(column), old) {
        (Slot::Value(new), Slot::Value(old)) => new != old,
        (Slot::Absent | Slot::Deferred | Slot::Expired, Slot::Absent) => false,
        _ => true,
    }
}
