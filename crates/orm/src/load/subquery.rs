//! Eager loading by subquery: the first statement again, for its keys alone, joined to what is wanted.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};
use vidro_sql::Value;
use vidro_sql::expr::{Expr, Kind};
use vidro_sql::from::FromClause;
use vidro_sql::schema::Column;
use vidro_sql::select::{Query, Select};

use super::entity::{EntityId, join_relationship};
use super::follow::{Follow, Loaded, Trail};
use super::lazy::{local_columns, single_criterion};
use super::reader::warn_of_many;
use super::select::{Cell, Item, OrmSelect, Place, Rows, load};
use super::strategy::{LoadOption, below};
use crate::Orm;
use crate::error::Result;
use crate::event::{Event, Purpose};
use crate::host::Host;
use crate::instance::{InstanceId, Key};
use crate::mapping::Relationship;

/// Loads a relationship of all owners.
pub(super) fn subquery(
    orm: &mut Orm,
    host: &mut dyn Host,
    follow: &Follow<'_>,
    owners: &Loaded<'_>,
    relationship: &Rc<Relationship>,
    option: &LoadOption,
) -> Result<()> {
    let Some(root) = follow.statement else { return Ok(()) };
    let further = orm.load_origin.below(relationship.id);
    let outer = std::mem::replace(&mut orm.load_origin, further);
    let purpose = Purpose::Subquery { relationship: relationship.id };
    orm.emit(Event::LoadStarted { purpose });
    let below = below(orm, owners.options, option, relationship.target);
    let joined = statement(orm, root, &owners.trail, relationship, option);
    let rows = joined.and_then(|statement| {
        let statement =
            OrmSelect { options: below, populate_existing: follow.populate_existing, ..statement };
        let trail = owners.trail.along(relationship);
        let place = Place::along(&owners.trail.classes, relationship.id);
        let place = Place { repeated: Some((root, &trail)), ..place };
        load(orm, host, follow.session, &statement, place)
    });
    orm.emit(Event::LoadFinished { purpose });
    orm.load_origin = outer;
    let found = by_key(&rows?);
    for &owner in owners.ids {
        let key = local_key(orm, host, owner, relationship)?;
        let members = found.get(&key).cloned().unwrap_or_default();
        fill(orm, owner, relationship, members, follow.populate_existing)?;
    }
    Ok(())
}

/// Gives an owner what was found, unless it has the relationship already.
pub(super) fn fill(
    orm: &mut Orm,
    owner: InstanceId,
    relationship: &Relationship,
    mut found: Vec<InstanceId>,
    overwrites: bool,
) -> Result<()> {
    let slot = orm.relationship_slot(owner, relationship.id)?;
    if !relationship.uselist && found.len() > 1 {
        warn_of_many(orm, relationship.id);
        found.truncate(1);
    }
    if overwrites || !orm.instances[owner].related(slot).is_loaded() {
        orm.set_loaded(owner, slot, relationship, found)?;
    }
    Ok(())
}

/// The values of an owner by which rows are found.
fn local_key(
    orm: &mut Orm,
    host: &mut dyn Host,
    owner: InstanceId,
    relationship: &Relationship,
) -> Result<Key> {
    let mapper = orm.mapper_of(owner)?;
    let mut values = Vec::new();
    for column in local_columns(relationship) {
        let Some(attribute) = mapper.attribute_of(&column) else { continue };
        if !orm.instances[owner].column(attribute).is_loaded() {
            orm.load_column(host, owner, attribute)?;
        }
        let slot = orm.instances[owner].column(attribute);
        values.push(slot.value().cloned().unwrap_or_default());
    }
    Ok(Key::new(&values))
}

/// The members by the owner's values, which each row ends with; each row once.
fn by_key(rows: &Rows) -> FxHashMap<Key, Vec<InstanceId>> {
    let mut found: FxHashMap<Key, Vec<InstanceId>> = FxHashMap::default();
    let mut seen = FxHashSet::default();
    for row in rows.iter() {
        let Some((Cell::Instance(Some(member)), key)) = row.split_first() else { continue };
        let value = |cell: &Cell| match cell {
            Cell::Value(value) => value.clone(),
            Cell::Instance(_) => Value::Null,
        };
        let key = Key::new(&key.iter().map(value).collect::<Vec<Value>>());
        if seen.insert((key.clone(), *member)) {
            found.entry(key).or_default().push(*member);
        }
    }
    found
}

/// The SELECT of the members, with the owner's columns behind them.
fn statement(
    orm: &mut Orm,
    root: &OrmSelect,
    trail: &Trail,
    relationship: &Rc<Relationship>,
    option: &LoadOption,
) -> Result<OrmSelect> {
    let first = trail.steps.first().unwrap_or(relationship);
    let mut owner = keys_of(orm, root, trail.entity, first)?;
    let mut select = Select::new([]);
    for step in &trail.steps {
        let next = orm.aliased(step.target, None, None)?;
        for join in join_relationship(orm, owner, step, Some(next), false, &[])? {
            select = select.join_step(join);
        }
        owner = next;
    }
    let entity = option.entity.unwrap_or(EntityId::of(relationship.target));
    for join in join_relationship(orm, owner, relationship, Some(entity), false, &option.criteria)?
    {
        select = select.join_step(join);
    }
    for item in &relationship.order_by {
        select = select.order_by(orm.adapt(item, entity)?);
    }
    let mut items = vec![Item::Entity(entity)];
    for column in local_columns(relationship) {
        items.push(Item::Column(orm.column_of(owner, &column)?));
    }
    Ok(OrmSelect { select, legacy: true, params: root.params.clone(), ..OrmSelect::new(items) })
}

/// The repeated statement as a subquery that has only the columns of an entity by which a
/// relationship finds its rows; as an alias of the entity's class.
fn keys_of(
    orm: &mut Orm,
    root: &OrmSelect,
    entity: EntityId,
    relationship: &Relationship,
) -> Result<EntityId> {
    let locals = local_columns(relationship);
    let columns: Result<Vec<Expr>> = locals.iter().map(|c| orm.column_of(entity, c)).collect();
    let mut columns = columns?;
    let mut select = root.select.clone();
    if select.from.is_empty() {
        for from in selected(orm, root)? {
            select = select.select_from(from);
        }
    }
    if let Some(criterion) = single_criterion(orm, entity)? {
        select = select.where_(criterion);
    }
    let limited = select.limit.is_some() || select.offset.is_some() || select.fetch.is_some();
    let distinct = select.distinct || !names_rows(&locals);
    if limited && distinct {
        columns.extend(select.order_by.iter().filter_map(ordered_column));
    }
    let select = select.altered(|data| {
        data.columns = columns;
        data.distinct = distinct;
        if !limited {
            data.order_by.clear();
        }
        data.label_style = vidro_sql::select::LabelStyle::TablenamePlusCol;
    });
    let mapper = orm.entity_mapper(entity);
    orm.aliased(mapper, None, Some(Query::Select(select).subquery(None)))
}

/// What the items of a statement are selected from, each once.
fn selected(orm: &Orm, root: &OrmSelect) -> Result<Vec<FromClause>> {
    let mut froms: Vec<FromClause> = Vec::new();
    for item in &root.items {
        let entity = match item {
            Item::Entity(entity) => Some(*entity),
            Item::Column(expr) => expr.note().map(|note| EntityId(note.owner.0)),
        };
        let from = entity.map(|entity| orm.entity_from(entity)).transpose()?;
        froms.extend(from.filter(|from| !froms.iter().any(|known| known.ptr_eq(from))));
    }
    Ok(froms)
}

/// Whether columns hold the whole primary key of each table they are of.
fn names_rows(columns: &[Column]) -> bool {
    let holds = |key: &Column| columns.iter().any(|column| column.ptr_eq(key));
    columns
        .iter()
        .filter_map(Column::table)
        .all(|table| table.columns().iter().filter(|column| column.is_primary_key()).all(holds))
}

/// The column that an item of ORDER BY sorts by.
fn ordered_column(item: &Expr) -> Option<Expr> {
    match item.kind() {
        Kind::Column(_) => Some(item.clone()),
        Kind::Modifier(_, inner) | Kind::LabelReference(inner) => ordered_column(inner),
        _ => None,
    }
}
