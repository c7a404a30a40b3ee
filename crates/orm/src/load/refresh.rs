//! Refreshing: attributes of one object loaded again.

use std::ops::ControlFlow;
use std::rc::Rc;

use vidro_sql::select::Select;

use super::entity::EntityId;
use super::follow::leads_back;
use super::layout::Layout;
use super::lazy::{
    entity_select, key_criterion, key_params, key_value, own_tables_select, where_key,
};
use super::select::{self, Item, OrmSelect, Place, Refreshing};
use super::strategy::{self, Choice, lazy_of, option_of};
use super::{LoadKey, LoadSql, Loader};
use crate::Orm;
use crate::error::{Error, Result};
use crate::event::{Event, Purpose};
use crate::flush;
use crate::host::{Host, Moment};
use crate::instance::{Flags, InstanceId, Key, Passive, Slot};
use crate::mapping::{Lazy, Mapper, Property, Relationship, RelationshipId};
use crate::session::{self, SessionId};

/// Loads every expired attribute of an object, the way reading one of them does.
pub(crate) fn refresh_expired(orm: &mut Orm, host: &mut dyn Host, id: InstanceId) -> Result<()> {
    let attributes = expired_attributes(orm, id);
    refresh_attributes(orm, host, id, &attributes)
}

/// The attributes of an object that reading one of them loads.
pub(crate) fn expired_attributes(orm: &Orm, id: InstanceId) -> Vec<u16> {
    let instance = &orm.instances[id];
    let wanted = |index: &u16| {
        matches!(instance.column(*index), Slot::Expired)
            && instance.committed_column(*index).is_none()
    };
    let count = orm.mapping.mapper(instance.mapper).columns.len();
    (0..u16::try_from(count).unwrap_or(u16::MAX)).filter(wanted).collect()
}

/// Relationships that were expired with an object and not read or changed since.
fn expired_relationships(orm: &Orm, id: InstanceId) -> Vec<u16> {
    let instance = &orm.instances[id];
    if !instance.flags.has(Flags::EXPIRED) {
        return Vec::new();
    }
    let untouched = |slot: &u16| {
        !instance.related(*slot).is_loaded() && instance.committed_related(*slot).is_none()
    };
    let count = orm.mapping.mapper(instance.mapper).relationships.len();
    (0..u16::try_from(count).unwrap_or(u16::MAX)).filter(untouched).collect()
}

/// Loads these attributes of an object that is expected to have a row.
pub(crate) fn refresh_attributes(
    orm: &mut Orm,
    host: &mut dyn Host,
    id: InstanceId,
    attributes: &[u16],
) -> Result<()> {
    let purpose = Purpose::Refresh { instance: id };
    let wanted = Wanted {
        attributes: attributes.to_vec(),
        related: expired_relationships(orm, id),
        ends_expiry: true,
        ..Wanted::default()
    };
    let found = load_attributes(orm, host, id, &wanted, purpose, true)?;
    if !found {
        return Err(Error::object_deleted(format!(
            "Instance '{}' has been deleted, or its row is otherwise not present.",
            orm.state_str(id)
        )));
    }
    Ok(())
}

/// What of an object is to be loaded again.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) attributes: Vec<u16>,
    /// Slots of relationships.
    pub(super) related: Vec<u16>,
    /// The script named the relationships, so that lazy ones are loaded, too.
    pub(super) named: bool,
    /// All of the object, as `session.refresh(obj)` asks.
    pub(super) whole: bool,
    /// Nothing of the object is expired any more afterwards.
    pub(super) ends_expiry: bool,
}

impl Wanted {
    /// These columns alone.
    pub(super) fn columns(attributes: Vec<u16>) -> Self {
        Self { attributes, ..Self::default() }
    }

    fn key(&self, orm: &Orm, mapper: &Mapper, engine: u32, id: InstanceId) -> LoadKey {
        if self.whole {
            return LoadKey::Refresh(mapper.id.get(), engine);
        }
        let origin = orm.instances[id].load.as_ref().map(|load| load.origin).unwrap_or_default();
        let (attributes, related) = (self.attributes.clone(), self.related.clone());
        LoadKey::Attributes(mapper.id.get(), engine, attributes, related, origin)
    }
}

/// The relationships that a refresh loads, by how.
#[derive(Default)]
struct Along {
    /// In the same SELECT.
    joined: Vec<RelationshipId>,
    /// One by one after it, each with how far its load may go.
    after: Vec<(Rc<Relationship>, Passive)>,
}

impl Along {
    fn new(orm: &Orm, mapper: &Mapper, id: InstanceId, wanted: &Wanted, autoflush: bool) -> Self {
        let mut along = Self::default();
        let options = orm.instances[id].load.as_ref().map(|load| load.options.as_slice());
        let options = options.unwrap_or_default();
        for &slot in &wanted.related {
            let Some(&relationship) = mapper.relationships.get(usize::from(slot)) else { continue };
            let relationship = orm.mapping.relationship(relationship);
            let lazy = lazy_of(&relationship, options);
            let said = option_of(options, relationship.id)
                .is_some_and(|option| option.relationship.is_some());
            let stops = !said && leads_back(&relationship, &[mapper.id]);
            let passive = match (lazy, autoflush) {
                (Lazy::Immediate, _) if stops => Passive::NoFetchRelated,
                (_, true) => Passive::Off,
                (_, false) => Passive::OffNoAutoflush,
            };
            match lazy {
                Lazy::Joined if !stops => along.joined.push(relationship.id),
                Lazy::SelectIn | Lazy::Subquery if stops => {}
                Lazy::SelectIn | Lazy::Subquery | Lazy::Immediate => {
                    along.after.push((relationship, passive));
                }
                Lazy::Select if wanted.named => along.after.push((relationship, passive)),
                _ => {}
            }
        }
        along
    }
}

/// Loads some attributes of a persistent object; false when there is no row.
pub(super) fn load_attributes(
    orm: &mut Orm,
    host: &mut dyn Host,
    id: InstanceId,
    wanted: &Wanted,
    purpose: Purpose,
    autoflush: bool,
) -> Result<bool> {
    let mapper = orm.mapper_of(id)?;
    let session = orm.instances[id].session;
    let session = session.ok_or_else(|| {
        Error::detached(format!(
            "Instance {} is not bound to a Session; attribute refresh operation cannot proceed",
            orm.state_str(id)
        ))
    })?;
    orm.emit(Event::LoadStarted { purpose });
    if autoflush {
        flush::autoflush(orm, host, session)?;
    }
    let choice = chosen(orm, &mapper, id, &wanted.attributes);
    let along = Along::new(orm, &mapper, id, wanted, autoflush);
    let found = if along.joined.is_empty() {
        load_columns(orm, host, (session, id), &mapper, wanted, &choice)
    } else {
        load_joined(orm, host, (session, id), &mapper, wanted, (choice.clone(), along.joined))
    };
    // What no query fills is empty until one does.
    for &attribute in &wanted.attributes {
        let filled = choice.expressions.iter().any(|(of, _)| *of == attribute);
        if mapper.column(attribute)?.is_query_expression() && !filled {
            *orm.instances.column_mut(id, attribute) = Slot::Absent;
        }
    }
    if wanted.ends_expiry && matches!(found, Ok(true)) {
        orm.instances[id].flags.set(Flags::EXPIRED, false);
    }
    orm.emit(Event::Loaded { instance: id, refreshed: true });
    orm.emit(Event::LoadFinished { purpose });
    if matches!(found, Ok(true)) {
        orm.notice_of(id, Moment::Refresh, |orm| {
            let related = |slot: &u16| mapper.relationships.get(usize::from(*slot)).copied();
            let related: Vec<_> = wanted.related.iter().filter_map(related).collect();
            (!wanted.whole).then(|| orm.attribute_names(id, &wanted.attributes, &related))
        });
        orm.tell_notices(host)?;
        for (relationship, passive) in &along.after {
            orm.load_related(host, id, relationship, *passive)?;
        }
    }
    found
}

/// Loads columns by a SELECT of their own.
fn load_columns(
    orm: &mut Orm,
    host: &mut dyn Host,
    (session, id): (SessionId, InstanceId),
    mapper: &Mapper,
    wanted: &Wanted,
    choice: &Choice,
) -> Result<bool> {
    let key = orm.instances[id].key.as_ref().map(Key::values).unwrap_or_default();
    let dialect = flush::dialect(orm, session);
    let cache_key = wanted.key(orm, mapper, flush::engine_id(orm, session), id);
    let connection = session::connection(orm, host, session)?;
    let loader = match choice.expressions.is_empty() {
        true => orm.loader(cache_key, |orm| {
            let (select, layout) = columns_select(orm, mapper, choice)?;
            let sql = LoadSql::new(select, &dialect)?;
            let recipe = Rc::new(layout.recipe(orm, &sql, None)?);
            Ok(Loader { sql, recipe })
        })?,
        // Expressions hold values of their own, so the statement is made each time.
        false => {
            let (select, layout) = columns_select(orm, mapper, choice)?;
            let sql = LoadSql::prepare(orm, &connection, select, cache_key.kind())?;
            let recipe = Rc::new(layout.recipe(orm, &sql, None)?);
            Rc::new(Loader { sql, recipe })
        }
    };
    let mut outcome = Ok(false);
    loader.sql.run(&connection, &|name| key_value(name, &key), &mut |row| {
        outcome = loader.recipe.refill(orm, id, row, &dialect).map(|()| true);
        ControlFlow::Break(())
    })?;
    outcome
}

/// Loads columns and joined relationships by one SELECT.
fn load_joined(
    orm: &mut Orm,
    host: &mut dyn Host,
    (session, id): (SessionId, InstanceId),
    mapper: &Mapper,
    wanted: &Wanted,
    (choice, joined): (Choice, Vec<RelationshipId>),
) -> Result<bool> {
    let key = orm.instances[id].key.as_ref().map(Key::values).unwrap_or_default();
    let context = orm.instances[id].load.clone();
    let (options, origin) = match context {
        Some(context) => (context.options.clone(), context.origin),
        None => Default::default(),
    };
    let statement = OrmSelect {
        select: Select::new([]).where_(key_criterion(orm, mapper.id)?),
        options,
        params: key_params(&key),
        ..OrmSelect::new(vec![Item::Entity(EntityId::of(mapper.id))])
    };
    let kind = wanted.key(orm, mapper, flush::engine_id(orm, session), id).kind();
    let refreshing = Refreshing { instance: id, choice, joined };
    let place = Place { kind, refresh: Some(&refreshing), ..Place::default() };
    let outer = std::mem::replace(&mut orm.load_origin, origin);
    let rows = select::load(orm, host, session, &statement, place);
    orm.load_origin = outer;
    Ok(!rows?.cells.is_empty())
}

/// The attributes to load, with what the query that loaded the object said of expressions.
fn chosen(orm: &Orm, mapper: &Mapper, id: InstanceId, attributes: &[u16]) -> Choice {
    let mut choice = Choice::only(attributes);
    if let Some(context) = &orm.instances[id].load {
        choice.expressions = strategy::choice(mapper, &context.options).expressions;
        choice.expressions.retain(|(of, _)| attributes.contains(of));
    }
    choice
}

/// The SELECT of some attributes of one object.
fn columns_select(orm: &Orm, mapper: &Mapper, choice: &Choice) -> Result<(Select, Layout)> {
    let attributes = choice.only.as_deref().unwrap_or_default();
    if let Some(own) = own_tables_select(orm, mapper, attributes)? {
        return Ok(own);
    }
    let (select, layout) = entity_select(orm, EntityId::of(mapper.id), choice)?;
    Ok((where_key(orm, select, mapper.id)?, layout))
}

/// `session.refresh`: loads attributes again; false when there is no row.
pub(crate) fn refresh(
    orm: &mut Orm,
    host: &mut dyn Host,
    id: InstanceId,
    names: Option<&[&str]>,
) -> Result<bool> {
    let mapper = orm.mapper_of(id)?;
    let mut wanted = Wanted::default();
    match names {
        None => {
            let count = u16::try_from(mapper.columns.len()).unwrap_or(u16::MAX);
            let eager = |index: &u16| mapper.column(*index).is_ok_and(|column| !column.deferred);
            wanted.attributes.extend((0..count).filter(eager));
            wanted.related.extend((0_u16..).zip(&mapper.relationships).map(|(slot, _)| slot));
            (wanted.whole, wanted.ends_expiry) = (true, true);
        }
        Some(names) => {
            for name in names {
                match orm.property(id, name)? {
                    Property::Column(column) => wanted.attributes.push(column),
                    Property::Relationship(relationship) => {
                        wanted.related.push(orm.relationship_slot(id, relationship)?);
                    }
                }
            }
            wanted.named = true;
            // The row has to be found for its relationships.
            if !wanted.related.is_empty() {
                wanted.attributes.extend(&mapper.primary_key);
            }
            wanted.attributes.sort_unstable();
            wanted.attributes.dedup();
        }
    }
    load_attributes(orm, host, id, &wanted, Purpose::Refresh { instance: id }, false)
}
