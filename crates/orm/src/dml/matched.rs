//! Which objects of a session an UPDATE or DELETE concerns, and what becomes of them.

use std::rc::Rc;

use vidro_sql::Value;
use vidro_sql::expr::{Expr, and_};
use vidro_sql::schema::Column;

use super::Synchronize;
use super::evaluate::{Answer, Evaluator};
use crate::Orm;
use crate::error::{Error, Result};
use crate::instance::{Flags, InstanceId, Key, Slot, State};
use crate::mapping::Mapper;
use crate::session::{self, SessionId, Transition, transition};

/// How the objects are found.
pub(super) enum Matched {
    /// Nobody asks.
    No,
    /// Those whose attributes satisfy the condition, found before it runs.
    Evaluated(Found),
    /// Those whose keys the statement returns.
    Fetched,
}

/// Objects that a statement concerns.
#[derive(Default)]
pub(super) struct Found {
    /// Those it certainly concerns.
    pub(super) exactly: Vec<InstanceId>,
    /// Those that may be concerned: what the condition asks for is expired.
    pub(super) expired: Vec<InstanceId>,
}

impl Matched {
    pub(super) fn before(
        orm: &Orm,
        session: SessionId,
        mapper: &Mapper,
        conditions: &[Expr],
        synchronize: Synchronize,
    ) -> Result<Self> {
        match synchronize {
            Synchronize::No => return Ok(Self::No),
            Synchronize::Fetch => return Ok(Self::Fetched),
            Synchronize::Auto | Synchronize::Evaluate => {}
        }
        let condition = match conditions {
            [] => Expr::true_(),
            [only] => only.clone(),
            _ => and_(conditions.iter().cloned())?,
        };
        let evaluator = Evaluator { orm, mapper };
        if let Err(reason) = evaluator.check(&condition) {
            if synchronize == Synchronize::Auto {
                return Ok(Self::Fetched);
            }
            return Err(Error::invalid_request(format!(
                "Could not evaluate current criteria in Python: \"{reason}\". Specify 'fetch' or \
                 False for the synchronize_session execution option."
            )));
        }
        let mut found = Found::default();
        for id in orm.sessions.get(session)?.identity.all() {
            let instance = &orm.instances[id];
            if !orm.mapping.is_a(instance.mapper, mapper.id) || instance.flags.has(Flags::EXPIRED) {
                continue;
            }
            match evaluator.holds(&condition, id) {
                Answer::Yes => found.exactly.push(id),
                Answer::Expired => found.expired.push(id),
                Answer::No => {}
            }
        }
        Ok(Self::Evaluated(found))
    }

    /// The key columns that RETURNING must bring.
    pub(super) fn keys(&self, mapper: &Mapper) -> Vec<Expr> {
        let of = |pk: &u16| mapper.column(*pk).ok()?.column().map(Column::expr);
        match self {
            Self::Fetched => mapper.primary_key.iter().filter_map(of).collect(),
            Self::No | Self::Evaluated(_) => Vec::new(),
        }
    }

    /// The objects, once the statement has run; keys stand in front of its rows.
    pub(super) fn after(
        self,
        orm: &Orm,
        session: SessionId,
        mapper: &Mapper,
        rows: &[Vec<Value>],
    ) -> Result<Found> {
        match self {
            Self::No => Ok(Found::default()),
            Self::Evaluated(found) => Ok(found),
            Self::Fetched => {
                let identity = &orm.sessions.get(session)?.identity;
                let width = mapper.primary_key.len();
                let of = |row: &Vec<Value>| identity.get(mapper.base, &Key::new(row.get(..width)?));
                let exactly = rows.iter().filter_map(of).collect();
                Ok(Found { exactly, expired: Vec::new() })
            }
        }
    }
}

/// An object takes over what was written to its row; what cannot be told expires.
pub(super) fn write_back(
    orm: &mut Orm,
    mapper: &Mapper,
    id: InstanceId,
    changes: &[(Option<u16>, Expr)],
) -> Result<()> {
    let evaluator = Evaluator { orm, mapper };
    let told = |(attribute, expr): &(Option<u16>, Expr)| {
        attribute.map(|attribute| (attribute, evaluator.value(expr, id)))
    };
    let values: Vec<(u16, Option<Value>)> = changes.iter().filter_map(told).collect();
    for (attribute, value) in values {
        let instance = &orm.instances[id];
        let unchanged = instance.committed_column(attribute).is_none();
        if !instance.column(attribute).is_loaded() {
            continue;
        }
        match value.filter(|_| unchanged) {
            Some(value) => *orm.instances.column_mut(id, attribute) = Slot::Value(value),
            None => {
                let key = Rc::clone(&mapper.column(attribute)?.key);
                session::expire_attributes(orm, id, &[&key])?;
            }
        }
    }
    Ok(())
}

/// An object whose row a DELETE took.
pub(super) fn remove(orm: &mut Orm, session: SessionId, id: InstanceId) -> Result<()> {
    if orm.instances[id].state != State::Persistent {
        return Ok(());
    }
    let base = orm.mapper_of(id)?.base;
    let key = orm.instances[id].key.clone();
    let owner = orm.sessions.get_mut(session)?;
    if let Some(key) = &key {
        owner.identity.discard(base, key, id);
    }
    if let Some(transaction) = owner.transactions.last_mut() {
        transaction.deleted.push(id);
    }
    orm.instances[id].flags.set(Flags::TO_DELETE, false);
    transition(orm, id, Transition::PersistentToDeleted)
}
