//! What the ORM asks of the script language: callbacks, each handed the `Orm` down again.

use vidro_sql::Value;

use crate::Orm;
use crate::error::{Error, Result};
use crate::instance::InstanceId;
use crate::mapping::{Deferred, MapperId, RelationshipId, Resolved};
use crate::notice::Notice;
use crate::session::{SessionId, Transition};

/// The script language, as the ORM sees it.
pub trait Host {
    /// Resolves a string or callable of a relationship's configuration, such as `"Post.created.desc()"`.
    fn resolve(&mut self, orm: &mut Orm, parent: MapperId, deferred: &Deferred)
    -> Result<Resolved>;

    /// Calls a callable in an expression or a column default.
    fn call(&mut self, _orm: &mut Orm, _callable: &Value) -> Result<Value> {
        Err(Error::invalid_request("no script runs here that could be called"))
    }

    /// Runs validators and attribute listeners; gives back the value to set.
    fn on_set(
        &mut self,
        _orm: &mut Orm,
        _instance: InstanceId,
        _column: u16,
        value: Value,
    ) -> Result<Value> {
        Ok(value)
    }

    /// Runs validators and listeners of a relationship; gives back the member to use.
    fn on_related(
        &mut self,
        _orm: &mut Orm,
        _instance: InstanceId,
        _relationship: RelationshipId,
        change: RelatedChange,
    ) -> Result<Option<InstanceId>> {
        Ok(change.member())
    }

    /// Runs the listeners of a mapper event.
    fn on_mapper(&mut self, _orm: &mut Orm, _moment: Moment, _instance: InstanceId) -> Result<()> {
        Ok(())
    }

    /// Runs the listeners of what happened to an object.
    fn on_instance(&mut self, _orm: &mut Orm, _notice: &Notice) -> Result<()> {
        Ok(())
    }

    /// Runs the listeners of a session event.
    fn on_session(&mut self, _orm: &mut Orm, _moment: Moment, _session: SessionId) -> Result<()> {
        Ok(())
    }
}

/// A change of a relationship that listeners may veto.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelatedChange {
    /// A member joins a collection.
    Append(InstanceId),
    /// A member leaves a collection.
    Remove(InstanceId),
    /// A scalar is set.
    Set {
        /// To what.
        new: Option<InstanceId>,
        /// What it was, as far as that is known.
        old: Option<Option<InstanceId>>,
    },
}

impl RelatedChange {
    /// The member that comes or goes.
    pub fn member(self) -> Option<InstanceId> {
        match self {
            Self::Append(member) | Self::Remove(member) => Some(member),
            Self::Set { new, .. } => new,
        }
    }
}

/// A moment that listeners may be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// `before_insert`
    BeforeInsert,
    /// `after_insert`
    AfterInsert,
    /// `before_update`
    BeforeUpdate,
    /// `after_update`
    AfterUpdate,
    /// `before_delete`
    BeforeDelete,
    /// `after_delete`
    AfterDelete,
    /// `load`
    Load,
    /// `refresh`
    Refresh,
    /// `refresh_flush`
    RefreshFlush,
    /// `expire`
    Expire,
    /// An object's state changed.
    Transition(Transition),
    /// `before_flush`
    BeforeFlush,
    /// `after_flush`
    AfterFlush,
    /// `after_flush_postexec`
    AfterFlushPostexec,
    /// `before_commit`
    BeforeCommit,
    /// `after_commit`
    AfterCommit,
    /// `after_rollback`
    AfterRollback,
    /// `after_begin`
    AfterBegin,
}

/// A host without a script: names of classes resolve, nothing else does.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHost;

impl Host for NoHost {
    fn resolve(
        &mut self,
        orm: &mut Orm,
        parent: MapperId,
        deferred: &Deferred,
    ) -> Result<Resolved> {
        crate::mapping::resolve_name(orm, parent, deferred)
    }
}
