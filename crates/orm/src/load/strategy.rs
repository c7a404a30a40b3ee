//! Eager loading: by join within the statement, by `IN` after it.

use std::ops::ControlFlow;
use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};
use vidro_sql::Value;
use vidro_sql::expr::{Expr, InOperand, Op, and_};
use vidro_sql::from::FromClause;
use vidro_sql::select::{JoinStep, LabelStyle, Query, Select};

use super::entity::{EntityId, join_parts, multiplies, replace};
use super::hydrate::Source;
use super::lazy::{Layout, add_columns, single_criterion};
use super::{LoadContext, LoadSql, polymorphic};
use crate::Orm;
use crate::error::Result;
use crate::event::{Event, Purpose};
use crate::flush;
use crate::host::Host;
use crate::instance::{InstanceId, Key, Passive};
use crate::mapping::{Lazy, Mapper, MapperId, Relationship, RelationshipId};
use crate::session::{self, SessionId};

/// How an option wants an attribute loaded.
#[derive(Clone, Debug, Default)]
pub enum Strategy {
    /// As mapped.
    #[default]
    Default,
    /// `lazyload`
    Select,
    /// `joinedload`
    Joined,
    /// `selectinload`
    SelectIn,
    /// `subqueryload`
    Subquery,
    /// `immediateload`
    Immediate,
    /// `raiseload`
    Raise,
    /// `raiseload(sql_only=True)`
    RaiseOnSql,
    /// `noload`
    NoLoad,
    /// `contains_eager`: the statement has the rows already.
    ContainsEager,
    /// `defer`
    Defer(Columns),
    /// `undefer`
    Undefer(Columns),
    /// `load_only`
    LoadOnly(Columns),
    /// `selectin_polymorphic`: subclasses loaded by one `IN` each.
    SelectInPolymorphic(Vec<MapperId>),
    /// `with_expression`: what a `query_expression()` attribute is this time.
    Expression(u16, Expr),
}

/// The columns that an option names.
#[derive(Clone, Debug, Default)]
pub struct Columns {
    /// By attribute.
    pub named: Vec<u16>,
    /// `"*"`
    pub all: bool,
    /// `raiseload=True`: reading what is left out is an error.
    pub raises: bool,
}

impl Columns {
    fn holds(&self, index: u16) -> bool {
        self.all || self.named.contains(&index)
    }
}

/// Which of its columns an entity loads.
#[derive(Clone, Debug, Default)]
pub(super) struct Choice {
    /// The attributes; none where nothing is said, and the mapping decides.
    pub(super) only: Option<Vec<u16>>,
    /// What attributes of `query_expression()` are.
    pub(super) expressions: Vec<(u16, Expr)>,
}

impl Choice {
    /// These attributes and no others.
    pub(super) fn only(attributes: &[u16]) -> Self {
        Self { only: Some(attributes.to_vec()), expressions: Vec::new() }
    }
}

impl Strategy {
    /// The strategy, or the mapped one where the option does not say.
    pub(crate) fn lazy(&self, mapped: Lazy) -> Lazy {
        match self {
            Self::Select => Lazy::Select,
            Self::Joined | Self::ContainsEager => Lazy::Joined,
            Self::SelectIn => Lazy::SelectIn,
            Self::Subquery => Lazy::Subquery,
            Self::Immediate => Lazy::Immediate,
            Self::Raise => Lazy::Raise,
            Self::RaiseOnSql => Lazy::RaiseOnSql,
            Self::NoLoad => Lazy::NoLoad,
            Self::Default
            | Self::Defer(_)
            | Self::Undefer(_)
            | Self::LoadOnly(_)
            | Self::SelectInPolymorphic(_)
            | Self::Expression(..) => mapped,
        }
    }

    /// Whether it is about columns, not relationships.
    fn is_about_columns(&self) -> bool {
        matches!(
            self,
            Self::Defer(_)
                | Self::Undefer(_)
                | Self::LoadOnly(_)
                | Self::SelectInPolymorphic(_)
                | Self::Expression(..)
        )
    }
}

/// A loader option: `joinedload(User.posts)` and what hangs below it.
#[derive(Clone, Debug, Default)]
pub struct LoadOption {
    /// The relationship; `None` for column options and wildcards.
    pub relationship: Option<RelationshipId>,
    /// The class that column options are for.
    pub mapper: Option<MapperId>,
    /// How to load.
    pub strategy: Strategy,
    /// Options for the target.
    pub children: Vec<LoadOption>,
    /// The alias that `contains_eager` or `of_type` names.
    pub entity: Option<EntityId>,
    /// INNER JOIN, for joined loading.
    pub innerjoin: Option<bool>,
    /// Extra conditions of `User.posts.and_(…)`.
    pub criteria: Vec<Expr>,
}

/// The options that concern a class.
pub(super) fn options_for(orm: &Orm, options: &[LoadOption], mapper: MapperId) -> Vec<LoadOption> {
    let concerns = |option: &&LoadOption| match (option.relationship, option.mapper) {
        (Some(relationship), _) => {
            let parent = orm.mapping.relationship(relationship).parent;
            orm.mapping.is_a(mapper, parent) || orm.mapping.is_a(parent, mapper)
        }
        (None, Some(class)) => orm.mapping.is_a(mapper, class),
        (None, None) => true,
    };
    options.iter().filter(concerns).cloned().collect()
}

/// The columns that options leave to load.
pub(super) fn choice(mapper: &Mapper, options: &[LoadOption]) -> Choice {
    let mut choice = Choice::default();
    if !options.iter().any(|option| option.strategy.is_about_columns()) {
        return choice;
    }
    let count = u16::try_from(mapper.columns.len()).unwrap_or(u16::MAX);
    let mut wanted: Vec<bool> = mapper.columns.iter().map(|column| !column.deferred).collect();
    for option in options {
        if let Strategy::Expression(index, expr) = &option.strategy {
            choice.expressions.push((*index, expr.clone()));
        }
        for index in 0..count {
            let Some(slot) = wanted.get_mut(usize::from(index)) else { continue };
            let key = mapper.primary_key.contains(&index) || mapper.polymorphic_on == Some(index);
            match &option.strategy {
                Strategy::Defer(columns) if columns.holds(index) => *slot = key,
                Strategy::Undefer(columns) if columns.holds(index) => *slot = true,
                Strategy::LoadOnly(columns) => *slot = key || columns.holds(index),
                _ => {}
            }
        }
    }
    let indexes = (0..count).filter(|i| wanted.get(usize::from(*i)).copied().unwrap_or(false));
    choice.only = Some(indexes.collect());
    choice
}

/// Whether an option makes reading a column that it left out an error.
pub(super) fn raises(options: &[LoadOption], index: u16) -> bool {
    let says = |option: &LoadOption| match &option.strategy {
        Strategy::Defer(columns) if columns.holds(index) => Some(columns.raises),
        Strategy::LoadOnly(columns) if !columns.holds(index) => Some(columns.raises),
        Strategy::Undefer(columns) if columns.holds(index) => Some(false),
        _ => None,
    };
    options.iter().rev().find_map(says).unwrap_or(false)
}

/// What loaded objects keep of their options.
pub(super) fn context(options: &[LoadOption]) -> Option<Rc<LoadContext>> {
    (!options.is_empty()).then(|| Rc::new(LoadContext { options: options.to_vec() }))
}

/// The option for a relationship, the last word winning.
fn option_of(options: &[LoadOption], relationship: RelationshipId) -> Option<&LoadOption> {
    let named = options.iter().rev().find(|option| option.relationship == Some(relationship));
    named.or_else(|| {
        let wildcard = |option: &&LoadOption| {
            option.relationship.is_none()
                && option.mapper.is_none()
                && !option.strategy.is_about_columns()
        };
        options.iter().rev().find(wildcard)
    })
}

fn lazy_of(relationship: &Relationship, options: &[LoadOption]) -> Lazy {
    match option_of(options, relationship.id) {
        Some(option) => option.strategy.lazy(relationship.lazy),
        None => relationship.lazy,
    }
}

/// Whose relationship a join fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// An item of the statement.
    Item(usize),
    /// Another eager join.
    Join(usize),
}

/// A joined eager load.
#[derive(Debug)]
pub(super) struct EagerJoin {
    pub(super) owner: Owner,
    pub(super) relationship: RelationshipId,
    pub(super) uselist: bool,
    pub(super) multiplies: bool,
    pub(super) layout: Layout,
    pub(super) options: Vec<LoadOption>,
}

impl EagerJoin {
    /// The slot it fills in an owner.
    pub(super) fn slot(&self, orm: &Orm, owner: InstanceId) -> Option<u16> {
        orm.mapping.mapper(orm.instances[owner].mapper).slot(self.relationship)
    }
}

/// The joined eager loads of a statement, while it is lowered.
#[derive(Default)]
pub(super) struct JoinPlan {
    pub(super) joins: Vec<PlannedJoin>,
}

/// One join to add.
pub(super) struct PlannedJoin {
    owner: Owner,
    owner_entity: EntityId,
    target: EntityId,
    relationship: Rc<Relationship>,
    inner: bool,
    /// The statement has the rows already.
    contained: bool,
    /// Where its columns stand, once they are added.
    layout: Option<Layout>,
    options: Vec<LoadOption>,
    criteria: Vec<Expr>,
}

impl JoinPlan {
    /// Finds the relationships of an entity that are to be joined, and those below them.
    pub(super) fn collect(
        &mut self,
        orm: &mut Orm,
        entity: EntityId,
        mapper: MapperId,
        options: &[LoadOption],
        item: usize,
    ) -> Result<()> {
        self.descend(orm, entity, mapper, options, Owner::Item(item), &mut Vec::new())
    }

    fn descend(
        &mut self,
        orm: &mut Orm,
        entity: EntityId,
        mapper: MapperId,
        options: &[LoadOption],
        owner: Owner,
        path: &mut Vec<RelationshipId>,
    ) -> Result<()> {
        let mapper = Rc::clone(orm.mapping.mapper(mapper));
        for &id in &mapper.relationships {
            let relationship = orm.mapping.relationship(id);
            if lazy_of(&relationship, options) != Lazy::Joined {
                continue;
            }
            let option = option_of(options, id).cloned().unwrap_or_default();
            let explicit = option.relationship == Some(id);
            // A cycle of mapped joined loads ends where it would repeat itself.
            let mirrored = relationship.reverse.iter().any(|back| path.contains(back));
            let repeats = path.iter().filter(|p| **p == id).count();
            let depth = usize::try_from(relationship.join_depth.unwrap_or(0)).unwrap_or(0);
            if !explicit && (mirrored || (repeats > 0 && repeats >= depth) || path.len() > 32) {
                continue;
            }
            if !explicit && relationship.self_referential && depth == 0 {
                continue;
            }
            let contained = matches!(option.strategy, Strategy::ContainsEager);
            let target = match (option.entity, contained) {
                (Some(entity), _) => entity,
                (None, true) => EntityId::of(relationship.target),
                (None, false) => orm.aliased(relationship.target, None, None)?,
            };
            let below = options_for(orm, &option.children, relationship.target);
            let index = self.joins.len();
            self.joins.push(PlannedJoin {
                owner,
                owner_entity: entity,
                target,
                inner: option.innerjoin.unwrap_or(relationship.innerjoin),
                contained,
                layout: None,
                options: below.clone(),
                criteria: option.criteria,
                relationship: Rc::clone(&relationship),
            });
            path.push(id);
            self.descend(orm, target, relationship.target, &below, Owner::Join(index), path)?;
            path.pop();
        }
        Ok(())
    }

    pub(super) fn multiplies(&self) -> bool {
        self.joins.iter().any(|join| !join.contained && multiplies(&join.relationship))
    }

    /// Makes the statement a subquery, so that its limit counts owners, and joins around it.
    pub(super) fn wrap(&mut self, orm: &mut Orm, select: Select) -> Result<Select> {
        let order = select.order_by.clone();
        let style = select.label_style;
        let columns = select.columns.clone();
        let inner: FromClause = Query::Select(select).subquery(None);
        let outside = |expr: &Expr| inner.corresponding_column(expr);
        let mut outer =
            Select::new(columns.iter().map(|c| outside(c).unwrap_or_else(|| c.clone())))
                .label_style(style)
                .select_from(inner.clone());
        for item in &order {
            let item = replace(item, &outside)?;
            outer = outer.order_by(item);
        }
        // Owners are found in the subquery now.
        for join in &mut self.joins {
            if let Owner::Item(_) = join.owner {
                let mapper = orm.entity_mapper(join.owner_entity);
                join.owner_entity = orm.aliased(mapper, None, Some(inner.clone()))?;
            }
        }
        Ok(outer)
    }

    /// Adds joins, columns and order of every eager load.
    pub(super) fn finish(mut self, orm: &mut Orm, select: &mut Select) -> Result<Vec<EagerJoin>> {
        let mut columns = select.columns.clone();
        for index in self.below(None) {
            self.add_layouts(orm, index, false, &mut columns)?;
        }
        let mut steps = Vec::new();
        let mut order = Vec::new();
        for join in &self.joins {
            if join.contained {
                continue;
            }
            steps.push(join.step(orm)?);
            for item in &join.relationship.order_by {
                order.push(orm.adapt(item, join.target)?);
            }
        }
        *select = select.clone().altered(|s| {
            s.columns = columns;
            s.joins.extend(steps);
        });
        for item in order {
            *select = select.clone().order_by(item);
        }
        let done = self.joins.into_iter().filter_map(|join| {
            Some(EagerJoin {
                owner: join.owner,
                relationship: join.relationship.id,
                uselist: join.relationship.uselist,
                multiplies: join.relationship.uselist,
                layout: join.layout?,
                options: join.options,
            })
        });
        Ok(done.collect())
    }

    /// Adds the columns of an item's relationships that the statement contains, before its own.
    pub(super) fn add_contained(
        &mut self,
        orm: &Orm,
        item: usize,
        columns: &mut Vec<Expr>,
    ) -> Result<()> {
        for index in self.below(None) {
            if self.joins.get(index).is_some_and(|join| join.owner == Owner::Item(item)) {
                self.add_layouts(orm, index, true, columns)?;
            }
        }
        Ok(())
    }

    /// The joins right below another one, or below an item.
    fn below(&self, above: Option<usize>) -> Vec<usize> {
        let here = |index: &usize| match self.joins.get(*index).map(|join| join.owner) {
            Some(Owner::Item(_)) => above.is_none(),
            Some(Owner::Join(owner)) => above == Some(owner),
            None => false,
        };
        (0..self.joins.len()).filter(here).collect()
    }

    /// Columns of a join; those further down come first, as SQLAlchemy has it.
    fn add_layouts(
        &mut self,
        orm: &Orm,
        index: usize,
        contained: bool,
        columns: &mut Vec<Expr>,
    ) -> Result<()> {
        if self.joins.get(index).is_none_or(|join| contained && !join.contained) {
            return Ok(());
        }
        for below in self.below(Some(index)) {
            self.add_layouts(orm, below, contained, columns)?;
        }
        if let Some(join) = self.joins.get_mut(index).filter(|join| join.layout.is_none()) {
            let mapper = orm.mapping.mapper(orm.entity_mapper(join.target));
            let choice = choice(mapper, &join.options);
            join.layout = Some(add_columns(orm, join.target, &choice, columns)?);
        }
        Ok(())
    }
}

impl PlannedJoin {
    fn step(&self, orm: &Orm) -> Result<JoinStep> {
        let left = match orm.alias(self.owner_entity) {
            Some(alias) => alias.from.first().cloned(),
            None => Some(orm.entity_from(self.owner_entity)?),
        };
        let right = orm.entity_from(self.target)?;
        let parts = join_parts(orm, self.owner_entity, &self.relationship, self.target, None)?;
        let (right, mut on) = match parts.secondary {
            None => (right, parts.on),
            Some((secondary, primary)) => {
                (secondary.join(&right, Some(parts.on), false, false)?, primary)
            }
        };
        for criterion in &self.criteria {
            on = and_([on, orm.adapt(criterion, self.target)?])?;
        }
        Ok(JoinStep { left, right, on: Some(on), outer: !self.inner, full: false })
    }
}

/// Eager loads that follow a statement, for the objects it loaded.
pub(super) fn after(
    orm: &mut Orm,
    host: &mut dyn Host,
    session: SessionId,
    mapper: MapperId,
    owners: &[InstanceId],
    options: &[LoadOption],
    populate_existing: bool,
) -> Result<()> {
    if owners.is_empty() {
        return Ok(());
    }
    let mapper = Rc::clone(orm.mapping.mapper(mapper));
    let follow = Follow { session, options, populate_existing };
    for &id in &mapper.relationships {
        follow.relationship(orm, host, id, owners)?;
    }
    let groups = polymorphic::by_subclass(orm, &mapper, owners, options);
    for (subclass, members) in &groups {
        select_subclass(orm, host, session, *subclass, members, options)?;
        follow.own_relationships(orm, host, &mapper, *subclass, members)?;
    }
    for subclass in orm.mapping.self_and_descendants(mapper.id) {
        let known = subclass == mapper.id || groups.iter().any(|(known, _)| *known == subclass);
        if known || !follow.speaks_of(orm, subclass) {
            continue;
        }
        let of_class = |id: &&InstanceId| orm.mapping.is_a(orm.instances[**id].mapper, subclass);
        let members: Vec<InstanceId> = owners.iter().filter(of_class).copied().collect();
        follow.own_relationships(orm, host, &mapper, subclass, &members)?;
    }
    Ok(())
}

/// Eager loads of the relationships of objects that a statement loaded.
struct Follow<'a> {
    session: SessionId,
    options: &'a [LoadOption],
    populate_existing: bool,
}

impl Follow<'_> {
    /// Whether an option, or the mapping, wants a subclass's relationships.
    fn speaks_of(&self, orm: &Orm, subclass: MapperId) -> bool {
        let mapper = orm.mapping.mapper(subclass);
        mapper.relationships.iter().any(|id| {
            let lazy = lazy_of(&orm.mapping.relationship(*id), self.options);
            matches!(lazy, Lazy::SelectIn | Lazy::Subquery | Lazy::Immediate)
        })
    }

    /// The relationships that a subclass has beyond those of its base.
    fn own_relationships(
        &self,
        orm: &mut Orm,
        host: &mut dyn Host,
        base: &Mapper,
        subclass: MapperId,
        owners: &[InstanceId],
    ) -> Result<()> {
        let subclass = Rc::clone(orm.mapping.mapper(subclass));
        for id in subclass.relationships.iter().filter(|id| !base.relationships.contains(id)) {
            if !owners.is_empty() {
                self.relationship(orm, host, *id, owners)?;
            }
        }
        Ok(())
    }

    fn relationship(
        &self,
        orm: &mut Orm,
        host: &mut dyn Host,
        id: RelationshipId,
        owners: &[InstanceId],
    ) -> Result<()> {
        let relationship = orm.mapping.relationship(id);
        let option = option_of(self.options, id).cloned().unwrap_or_default();
        match lazy_of(&relationship, self.options) {
            Lazy::SelectIn | Lazy::Subquery => {
                let load = SelectIn {
                    session: self.session,
                    relationship: &relationship,
                    option: &option,
                    overwrites: self.populate_existing,
                    members: Vec::new(),
                };
                select_in(orm, host, load, owners)
            }
            Lazy::Immediate => owners.iter().try_for_each(|&owner| {
                orm.load_related(host, owner, &relationship, Passive::Off).map(drop)
            }),
            Lazy::Joined if !option.children.is_empty() => {
                let mut members = Vec::new();
                let mut seen = FxHashSet::default();
                for &owner in owners {
                    let slot = orm.mapping.mapper(orm.instances[owner].mapper).slot(id);
                    let related =
                        slot.map(|slot| orm.instances[owner].related(slot).ids().to_vec());
                    let related = related.unwrap_or_default().into_iter();
                    members.extend(related.filter(|member| seen.insert(*member)));
                }
                let target = relationship.target;
                let below = options_for(orm, &option.children, target);
                after(orm, host, self.session, target, &members, &below, self.populate_existing)
            }
            _ => Ok(()),
        }
    }
}

/// What objects of a subclass have beyond their base: `WHERE employee.id IN (…)`.
fn select_subclass(
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
    let wanted = |(index, column): (u16, &crate::mapping::ColumnAttribute)| {
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
        let sql = LoadSql::prepare(&connection, select)?;
        let recipe = layout.recipe(orm, &sql, context(options))?;
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

fn select_in(
    orm: &mut Orm,
    host: &mut dyn Host,
    mut load: SelectIn<'_>,
    owners: &[InstanceId],
) -> Result<()> {
    let SelectIn { session, relationship, option, .. } = load;
    let purpose = Purpose::SelectIn { relationship: relationship.id };
    orm.emit(Event::LoadStarted { purpose });
    let done = if relationship.use_get {
        load.targets(orm, host, owners)
    } else {
        owners.chunks(CHUNK).try_for_each(|chunk| load.collections(orm, host, chunk))
    };
    orm.emit(Event::LoadFinished { purpose });
    done?;
    let members = load.members;
    let below = options_for(orm, &option.children, relationship.target);
    after(orm, host, session, relationship.target, &members, &below, false)
}

/// An eager load by `IN`.
struct SelectIn<'a> {
    session: SessionId,
    relationship: &'a Rc<Relationship>,
    option: &'a LoadOption,
    /// Owners that have loaded the relationship already are asked for, too; whether they are filled
    /// again.
    overwrites: bool,
    /// Everything loaded, each once.
    members: Vec<InstanceId>,
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
            self.fill(orm, owner, slot, members);
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
            self.fill(orm, owner, slot, found.into_iter().collect());
        }
        Ok(())
    }

    fn fill(&self, orm: &mut Orm, owner: InstanceId, slot: u16, found: Vec<InstanceId>) {
        if self.overwrites || !orm.instances[owner].related(slot).is_loaded() {
            orm.set_loaded(owner, slot, self.relationship, found);
        }
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
        let sql = LoadSql::prepare(&connection, select)?;
        let below = options_for(orm, &self.option.children, self.relationship.target);
        let recipe = layout.recipe(orm, &sql, context(&below))?;
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
