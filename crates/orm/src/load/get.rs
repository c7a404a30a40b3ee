//! `session.get`: one object by its primary key.

use std::ops::ControlFlow;
use std::rc::Rc;

use vidro_sql::Value;
use vidro_sql::select::Select;

use super::entity::EntityId;
use super::lazy::{entity_select, key_criterion, key_params, key_value, loads_more, where_key};
use super::refresh::refresh_expired;
use super::select::{self, Item, OrmSelect, Place};
use super::strategy::{self, Choice, LoadOption};
use super::{LoadKey, LoadSql, Loader};
use crate::Orm;
use crate::error::{Error, Result};
use crate::event::{Event, Purpose};
use crate::flush;
use crate::host::Host;
use crate::instance::{InstanceId, Key, Slot};
use crate::mapping::MapperId;
use crate::session::{self, SessionId};

/// `session.get(User, key)`: the identity map first, then a SELECT.
pub fn get(
    orm: &mut Orm,
    host: &mut dyn Host,
    session: SessionId,
    mapper: MapperId,
    key: &[Value],
) -> Result<Option<InstanceId>> {
    get_with(orm, host, session, mapper, key, &[], false)
}

/// `session.get(User, key, options=…, populate_existing=…)`
pub fn get_with(
    orm: &mut Orm,
    host: &mut dyn Host,
    session: SessionId,
    mapper: MapperId,
    key: &[Value],
    options: &[LoadOption],
    populate_existing: bool,
) -> Result<Option<InstanceId>> {
    let owner = Rc::clone(orm.mapping.mapper(mapper));
    if key.len() != owner.primary_key.len() {
        let names: Vec<String> = owner
            .primary_key
            .iter()
            .filter_map(|pk| Some(format!("'{}'", owner.column(*pk).ok()?.column()?)))
            .collect();
        return Err(Error::invalid_request(format!(
            "Incorrect number of values in identifier to formulate primary key for \
             session.get(); primary key columns are {}",
            names.join(",")
        )));
    }
    let identity = &orm.sessions.get(session)?.identity;
    let known = identity.get(owner.base, &Key::new(key));
    if let Some(id) = known.filter(|_| !populate_existing) {
        if !orm.mapping.is_a(orm.instances[id].mapper, mapper) {
            return Ok(None);
        }
        if let Some(id) = confirm(orm, host, session, id)? {
            return Ok(Some(id));
        }
    }
    orm.emit(Event::LoadStarted { purpose: Purpose::Get });
    flush::autoflush(orm, host, session)?;
    let cache_key = LoadKey::Get(mapper.get(), flush::engine_id(orm, session));
    let plain = options.is_empty() && !populate_existing;
    let found = if plain && (orm.loaders.contains_key(&cache_key) || !loads_more(orm, mapper)) {
        load_by_key(orm, host, session, mapper, key, cache_key)
    } else {
        let select = Select::new([]).where_(key_criterion(orm, mapper)?);
        let statement = OrmSelect {
            select,
            options: options.to_vec(),
            populate_existing,
            params: key_params(key),
            ..OrmSelect::new(vec![Item::Entity(EntityId::of(mapper))])
        };
        let origin = std::mem::replace(&mut orm.load_origin, strategy::origin(options));
        let place = Place { kind: cache_key.kind(), ..Place::default() };
        let rows = select::load(orm, host, session, &statement, place);
        orm.load_origin = origin;
        rows.map(|rows| rows.unique_instances().first().copied())
    };
    orm.emit(Event::LoadFinished { purpose: Purpose::Get });
    found
}

/// A known object, refreshed if it is expired; gone when its row is.
pub(super) fn confirm(
    orm: &mut Orm,
    host: &mut dyn Host,
    session: SessionId,
    id: InstanceId,
) -> Result<Option<InstanceId>> {
    if !is_expired(orm, id) {
        return Ok(Some(id));
    }
    match refresh_expired(orm, host, id) {
        Ok(()) => Ok(Some(id)),
        Err(error) if error.kind() == crate::ErrorKind::ObjectDeletedError => {
            session::remove_deleted(orm, session, id)?;
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

pub(super) fn is_expired(orm: &Orm, id: InstanceId) -> bool {
    let mapper = orm.mapping.mapper(orm.instances[id].mapper);
    let instance = &orm.instances[id];
    mapper.primary_key.iter().any(|pk| matches!(instance.column(*pk), Slot::Expired))
}

fn load_by_key(
    orm: &mut Orm,
    host: &mut dyn Host,
    session: SessionId,
    mapper: MapperId,
    key: &[Value],
    cache_key: LoadKey,
) -> Result<Option<InstanceId>> {
    let dialect = flush::dialect(orm, session);
    let loader = orm.loader(cache_key, |orm| {
        let entity = EntityId::of(mapper);
        let (select, layout) = entity_select(orm, entity, &Choice::default())?;
        let select = where_key(orm, select, mapper)?;
        let sql = LoadSql::new(select, &dialect)?;
        let recipe = Rc::new(layout.recipe(orm, &sql, None)?);
        Ok(Loader { sql, recipe })
    })?;
    let connection = session::connection(orm, host, session)?;
    let mut found = Ok(None);
    loader.sql.run(&connection, &|name| key_value(name, key), &mut |row| {
        found = loader.recipe.hydrate(orm, session, row, &dialect);
        ControlFlow::Continue(())
    })?;
    orm.tell_notices(host)?;
    found
}
