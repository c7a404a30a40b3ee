//! Eager loading by `IN`: relationships of many owners, and subclasses of many objects, by one statement.

use std::ops::ControlFlow;
use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};
use vidro_sql::Value;
use vidro_sql::expr::{Expr, InOperand, Op};
use vidro_sql::from::FromClause;
use vidro_sql::select::{LabelStyle, Select};

use super::LoadSql;
use super::entity::EntityId;
use super::layout::add_columns;
use super::lazy::single_criterion;
use super::select::{Cell, Item, OrmSelect, Place, Rows, load};
use super::strategy::{Choice, LoadOption, choice, context, options_for};
use super::subquery::fill;
use crate::Orm;
use crate::error::Result;
use crate::event::{Event, Purpose};
use crate::flush;
use crate::host::Host;
use crate::instance::{InstanceId, Key};
use crate::mapping::{ColumnAttribute, MapperId, Relationship};
use crate::session::{self, SessionId};

/// What objects of a subclass have beyond their base: `WHERE employee.id IN (…)`.
pub(super) fn select_subclass(
    orm: &mut Orm,
    host: &mut dyn Host,
    session: SessionId,
    subclass: MapperId,
    owners: &[InstanceId],
    options: &[LoadOption],
) -> Result<()> {
    let mapper = Rc::clone(orm.mapping.mapper(subclass));
    let entity = EntityId::of(subclass);
    let base = mapper.inherits.map_or(0, |base| orm.mapping.mapper(base).columns.len());
    let chosen = choice(&mapper, &options_for(orm, options, subclass));
    let wanted = |(index, column): (u16, &ColumnAttribute)| {
        let key = mapper.primary_key.contains(&index) || mapper.polymorphic_on == Some(index);
        let loaded = match &chosen.only {
            Some(only) => only.contains(&index),
            None => !column.deferred,
        };
        (key || (loaded && usize::from(index) >= base)).then_some(index)
    };
    let attributes: Vec<u16> = (0_u16..).zip(&mapper.columns).filter_map(wanted).collect();
    let mut columns = Vec::new();
    let layout = add_columns(orm, entity, &Choice::only(&attributes), &mut columns)?;
    let mut keys = Vec::with_capacity(mapper.primary_key.len());
    for pk in &mapper.primary_key {
        let column = mapper.column(*pk)?.columns.last();
        keys.extend(column.map(vidro_sql::schema::Column::expr));
    }
    let dialect = flush::dialect(orm, session);
    for chunk in owners.chunks(CHUNK) {
        let key_of = |id: &InstanceId| orm.instances[*id].key.as_ref().map(Key::values);
        let values: Vec<Vec<Value>> = chunk.iter().filter_map(key_of).collect();
        let mut select = Select::new(columns.clone())
            .label_style(LabelStyle::TablenamePlusCol)
            .where_(in_keys(&keys, values)?);
        if mapper.tables.len() > 1 {
            select = select.select_from(orm.entity_from(entity)?);
        }
        if let Some(criterion) = single_criterion(orm, entity)? {
            select = select.where_(criterion);
        }
        let connection = session::connection(orm, host, session)?;
        let sql = LoadSql::prepare(orm, &connection, select, 0)?;
        let recipe = layout.recipe(orm, &sql, context(orm, options))?;
        let mut failed = None;
        sql.run(
            &connection,
            &|_| None,
            &mut |row| match recipe.hydrate(orm, session, row, &dialect) {
                Ok(_) => ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            },
        )?;
        failed.map_or(Ok(()), Err)?;
        orm.tell_notices(host)?;
    }
    Ok(())
}

/// The most keys of one `IN`.
const CHUNK: usize = 500;

/// Loads a relationship of all owners.
pub(super) fn select_in(
    orm: &mut Orm,
    host: &mut dyn Host,
    load: &SelectIn<'_>,
    owners: &[InstanceId],
) -> Result<()> {
    let relationship = load.relationship;
    let purpose = Purpose::SelectIn { relationship: relationship.id };
    orm.emit(Event::LoadStarted { purpose });
    let below = orm.load_origin.below(relationship.id);
    let outer = std::mem::replace(&mut orm.load_origin, below);
    let done = if relationship.use_get {
        load.targets(orm, host, owners)
    } else {
        owners.chunks(CHUNK).try_for_each(|chunk| load.collections(orm, host, chunk))
    };
    orm.emit(Event::LoadFinished { purpose });
    orm.load_origin = outer;
    done
}

/// An eager load by `IN`.
pub(super) struct SelectIn<'a> {
    pub(super) session: SessionId,
    pub(super) relationship: &'a Rc<Relationship>,
    pub(super) option: &'a LoadOption,
    /// Options for what is loaded.
    pub(super) below: Vec<LoadOption>,
    /// The classes that lead to the owners, theirs last.
    pub(super) classes: &'a [MapperId],
    /// Owners that have loaded the relationship already are asked for, too; whether they are filled
    /// again.
    pub(super) populate_existing: bool,
}

impl SelectIn<'_> {
    /// Collections of up to `CHUNK` owners: `WHERE posts.user_id IN (…)`.
    fn collections(&self, orm: &mut Orm, host: &mut dyn Host, owners: &[InstanceId]) -> Result<()> {
        let pairs = &self.relationship.synchronize_pairs;
        let mut by_key: FxHashMap<Key, Vec<InstanceId>> = FxHashMap::default();
        let mut keys: Vec<Vec<Value>> = Vec::new();
        for &owner in owners {
            let mut values = Vec::with_capacity(pairs.len());
            for pair in pairs {
                if !orm.instances[owner].column(pair.source_attribute).is_loaded() {
                    orm.load_column(host, owner, pair.source_attribute)?;
                }
                let slot = orm.instances[owner].column(pair.source_attribute);
                values.push(slot.value().cloned().unwrap_or_default());
            }
            let group = by_key.entry(Key::new(&values)).or_default();
            if group.is_empty() {
                keys.push(values);
            }
            group.push(owner);
        }
        let statement = self.collection_select(orm, keys)?;
        let rows = self.run(orm, host, &statement)?;
        let mut found: FxHashMap<Key, Vec<InstanceId>> = FxHashMap::default();
        let mut seen = FxHashSet::default();
        for row in rows.iter() {
            let Some((Cell::Instance(Some(member)), key)) = row.split_last() else { continue };
            let value = |cell: &Cell| match cell {
                Cell::Value(value) => value.clone(),
                Cell::Instance(_) => Value::Null,
            };
            let key = Key::new(&key.iter().map(value).collect::<Vec<Value>>());
            if seen.insert((key.clone(), *member)) {
                found.entry(key).or_default().push(*member);
            }
        }
        for &owner in owners {
            let values: Vec<Value> = pairs
                .iter()
                .map(|p| orm.instances[owner].column(p.source_attribute).value().cloned())
                .map(Option::unwrap_or_default)
                .collect();
            let members = found.get(&Key::new(&values)).cloned().unwrap_or_default();
            fill(orm, owner, self.relationship, members, self.populate_existing)?;
        }
        Ok(())
    }

    /// The statement for collections; the owner's key stands in front of each row.
    fn collection_select(&self, orm: &Orm, keys: Vec<Vec<Value>>) -> Result<OrmSelect> {
        let entity = self.entity();
        let remote: Result<Vec<Expr>> = self
            .relationship
            .synchronize_pairs
            .iter()
            .map(|pair| orm.adapt(&pair.dest.expr(), entity))
            .collect();
        let remote = remote?;
        let mut select = Select::new([]).where_(in_keys(&remote, keys)?);
        if let (Some(secondary), Some(join)) =
            (&self.relationship.secondary, &self.relationship.secondaryjoin)
        {
            let left = FromClause::Table(secondary.clone());
            let join = orm.adapt(join, entity)?;
            let from = orm.entity_from(entity)?;
            select = select.select_from(left.join(&from, Some(join), false, false)?);
        }
        let mut items: Vec<Item> = remote.into_iter().map(Item::Column).collect();
        items.push(Item::Entity(entity));
        self.statement(orm, items, select)
    }

    /// What is selected: the class, or what `of_type` names.
    fn entity(&self) -> EntityId {
        self.option.entity.unwrap_or(EntityId::of(self.relationship.target))
    }

    fn statement(&self, orm: &Orm, items: Vec<Item>, mut select: Select) -> Result<OrmSelect> {
        let entity = self.entity();
        for criterion in &self.option.criteria {
            select = select.where_(orm.adapt(criterion, entity)?);
        }
        for item in &self.relationship.order_by {
            select = select.order_by(orm.adapt(item, entity)?);
        }
        Ok(OrmSelect {
            select: select.label_style(LabelStyle::None),
            options: self.below.clone(),
            populate_existing: self.populate_existing,
            ..OrmSelect::new(items)
        })
    }

    /// Targets of a many-to-one relationship: `WHERE users.id IN (…)`.
    fn targets(&self, orm: &mut Orm, host: &mut dyn Host, owners: &[InstanceId]) -> Result<()> {
        let target = Rc::clone(orm.mapping.mapper(self.relationship.target));
        let mut wanted: Vec<(InstanceId, Option<Key>)> = Vec::with_capacity(owners.len());
        let mut keys: Vec<Vec<Value>> = Vec::new();
        let mut seen = FxHashSet::default();
        for &owner in owners {
            let mut values = Vec::new();
            for pk in &target.primary_key {
                let pairs = &self.relationship.synchronize_pairs;
                let pair = pairs.iter().find(|pair| pair.source_attribute == *pk);
                let attribute = pair.and_then(|pair| pair.dest_attribute);
                if let Some(attribute) = attribute {
                    if !orm.instances[owner].column(attribute).is_loaded() {
                        orm.load_column(host, owner, attribute)?;
                    }
                    let slot = orm.instances[owner].column(attribute);
                    values.push(slot.value().cloned().unwrap_or_default());
                }
            }
            if values.iter().any(Value::is_null) {
                wanted.push((owner, None));
                continue;
            }
            let key = Key::new(&values);
            if seen.insert(key.clone()) {
                keys.push(values);
            }
            wanted.push((owner, Some(key)));
        }
        for chunk in keys.chunks(CHUNK) {
            let entity = self.entity();
            let key_columns: Result<Vec<Expr>> = target
                .primary_key
                .iter()
                .map(|pk| Ok(orm.attribute_columns(entity, *pk)?.pop().unwrap_or_else(Expr::null)))
                .collect();
            let select = Select::new([]).where_(in_keys(&key_columns?, chunk.to_vec())?);
            let statement = self.statement(orm, vec![Item::Entity(entity)], select)?;
            self.run(orm, host, &statement)?;
        }
        for (owner, key) in wanted {
            let identity = &orm.sessions.get(self.session)?.identity;
            let found = key.and_then(|key| identity.get(target.base, &key)).into_iter().collect();
            fill(orm, owner, self.relationship, found, self.populate_existing)?;
        }
        Ok(())
    }

    fn run(&self, orm: &mut Orm, host: &mut dyn Host, statement: &OrmSelect) -> Result<Rows> {
        let place = Place::along(self.classes, self.relationship.id);
        load(orm, host, self.session, statement, place)
    }
}

/// `column IN (…)`, or a tuple of columns.
fn in_keys(columns: &[Expr], keys: Vec<Vec<Value>>) -> Result<Expr> {
    match columns {
        [only] => {
            let values: Vec<Value> = keys.into_iter().filter_map(|mut key| key.pop()).collect();
            Ok(only.in_op(Op::In, InOperand::Values(values))?)
        }
        _ => {
            let items = columns.iter().cloned().map(vidro_sql::expr::Operand::Expr).collect();
            Ok(vidro_sql::expr::tuple(items)?.in_op(Op::In, InOperand::Tuples(keys))?)
        }
    }
}
