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
use super::hydrate::Source;
use super::layout::{Layout, add_columns};
use super::lazy::single_criterion;
use super::strategy::{Choice, LoadOption, after, choice, context, options_for};
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
        let sql = LoadSql::prepare(orm, &connection, select)?;
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
    }
    Ok(())
}

/// The most keys of one `IN`.
const CHUNK: usize = 500;

pub(super) fn select_in(
    orm: &mut Orm,
    host: &mut dyn Host,
    mut load: SelectIn<'_>,
    owners: &[InstanceId],
) -> Result<()> {
    let SelectIn { session, relationship, option, .. } = load;
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
    let members = load.members;
    let below = options_for(orm, &option.children, relationship.target);
    let done =
        done.and_then(|()| after(orm, host, session, relationship.target, &members, &below, false));
    orm.load_origin = outer;
    done
}

/// An eager load by `IN`.
pub(super) struct SelectIn<'a> {
    pub(super) session: SessionId,
    pub(super) relationship: &'a Rc<Relationship>,
    pub(super) option: &'a LoadOption,
    /// Owners that have loaded the relationship already are asked for, too; whether they are filled
    /// again.
    pub(super) overwrites: bool,
    /// Everything loaded, each once.
    pub(super) members: Vec<InstanceId>,
}

impl SelectIn<'_> {
    /// Collections of up to `CHUNK` owners: `WHERE posts.user_id IN (…)`.
    fn collections(
        &mut self,
        orm: &mut Orm,
        host: &mut dyn Host,
        owners: &[InstanceId],
    ) -> Result<()> {
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
        let (select, layout, width) = self.collection_select(orm, keys)?;
        let mut found: FxHashMap<Key, Vec<InstanceId>> = FxHashMap::default();
        self.run(orm, host, select, &layout, width, &mut |key, member| {
            found.entry(key).or_default().push(member);
        })?;
        for &owner in owners {
            let slot = orm.relationship_slot(owner, self.relationship.id)?;
            let values: Vec<Value> = pairs
                .iter()
                .map(|p| orm.instances[owner].column(p.source_attribute).value().cloned())
                .map(Option::unwrap_or_default)
                .collect();
            let members = found.get(&Key::new(&values)).cloned().unwrap_or_default();
            self.fill(orm, owner, slot, members)?;
        }
        Ok(())
    }

    /// The statement for collections, and how many columns the owner's key takes in front.
    fn collection_select(
        &self,
        orm: &Orm,
        keys: Vec<Vec<Value>>,
    ) -> Result<(Select, Layout, usize)> {
        let entity = self.entity();
        let remote: Result<Vec<Expr>> = self
            .relationship
            .synchronize_pairs
            .iter()
            .map(|pair| orm.adapt(&pair.dest.expr(), entity))
            .collect();
        let remote = remote?;
        let mut columns = remote.clone();
        let layout = add_columns(orm, entity, &self.choice(orm), &mut columns)?;
        let mut select = Select::new(columns).label_style(LabelStyle::None);
        let from = orm.entity_from(entity)?;
        if let (Some(secondary), Some(join)) =
            (&self.relationship.secondary, &self.relationship.secondaryjoin)
        {
            let left = FromClause::Table(secondary.clone());
            let join = orm.adapt(join, entity)?;
            select = select.select_from(left.join(&from, Some(join), false, false)?);
        } else if matches!(from, FromClause::Join(_)) {
            select = select.select_from(from);
        }
        select = select.where_(in_keys(&remote, keys)?);
        select = self.finish(orm, select, entity)?;
        Ok((select, layout, remote.len()))
    }

    /// What is selected: the class, or what `of_type` names.
    fn entity(&self) -> EntityId {
        self.option.entity.unwrap_or(EntityId::of(self.relationship.target))
    }

    fn choice(&self, orm: &Orm) -> Choice {
        let target = self.relationship.target;
        let below = options_for(orm, &self.option.children, target);
        choice(orm.mapping.mapper(target), &below)
    }

    fn finish(&self, orm: &Orm, mut select: Select, entity: EntityId) -> Result<Select> {
        if let Some(criterion) = single_criterion(orm, entity)? {
            select = select.where_(criterion);
        }
        for criterion in &self.option.criteria {
            select = select.where_(orm.adapt(criterion, entity)?);
        }
        for item in &self.relationship.order_by {
            select = select.order_by(orm.adapt(item, entity)?);
        }
        Ok(select)
    }

    /// Targets of a many-to-one relationship: `WHERE users.id IN (…)`.
    fn targets(&mut self, orm: &mut Orm, host: &mut dyn Host, owners: &[InstanceId]) -> Result<()> {
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
            let mut columns = Vec::new();
            let layout = add_columns(orm, entity, &self.choice(orm), &mut columns)?;
            let key_columns: Result<Vec<Expr>> = target
                .primary_key
                .iter()
                .map(|pk| Ok(orm.attribute_columns(entity, *pk)?.pop().unwrap_or_else(Expr::null)))
                .collect();
            let mut select = Select::new(columns)
                .label_style(LabelStyle::None)
                .where_(in_keys(&key_columns?, chunk.to_vec())?);
            let from = orm.entity_from(entity)?;
            if matches!(from, FromClause::Join(_)) {
                select = select.select_from(from);
            }
            let select = self.finish(orm, select, entity)?;
            self.run(orm, host, select, &layout, 0, &mut |_, _| {})?;
        }
        for (owner, key) in wanted {
            let slot = orm.relationship_slot(owner, self.relationship.id)?;
            let identity = &orm.sessions.get(self.session)?.identity;
            let found = key.and_then(|key| identity.get(target.base, &key));
            self.fill(orm, owner, slot, found.into_iter().collect())?;
        }
        Ok(())
    }

    fn fill(
        &self,
        orm: &mut Orm,
        owner: InstanceId,
        slot: u16,
        found: Vec<InstanceId>,
    ) -> Result<()> {
        if self.overwrites || !orm.instances[owner].related(slot).is_loaded() {
            orm.set_loaded(owner, slot, self.relationship, found)?;
        }
        Ok(())
    }

    /// Runs the statement; tells each row's owner key and member.
    fn run(
        &mut self,
        orm: &mut Orm,
        host: &mut dyn Host,
        select: Select,
        layout: &Layout,
        width: usize,
        on_member: &mut dyn FnMut(Key, InstanceId),
    ) -> Result<()> {
        let dialect = flush::dialect(orm, self.session);
        let connection = session::connection(orm, host, self.session)?;
        let sql = LoadSql::prepare(orm, &connection, select)?;
        let below = options_for(orm, &self.option.children, self.relationship.target);
        let recipe = layout.recipe(orm, &sql, context(orm, &below))?;
        let sources: Vec<Source> = (0..width).map(|i| Source::of(sql.compiled(), i)).collect();
        let mut failed = None;
        let mut seen: FxHashSet<InstanceId> = self.members.iter().copied().collect();
        let (session, members) = (self.session, &mut self.members);
        sql.run(&connection, &|_| None, &mut |row| {
            let mut read = || -> Result<()> {
                let Some(member) = recipe.hydrate(orm, session, row, &dialect)? else {
                    return Ok(());
                };
                if seen.insert(member) {
                    members.push(member);
                }
                if width > 0 {
                    let values: Result<Vec<Value>> =
                        sources.iter().map(|source| source.read(row, &dialect)).collect();
                    on_member(Key::new(&values?), member);
                }
                Ok(())
            };
            match read() {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            }
        })?;
        failed.map_or(Ok(()), Err)
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
