//! Loader options, and eager loading by join within the statement.

use std::hash::{Hash, Hasher};
use std::rc::Rc;

use rustc_hash::FxHasher;
use vidro_sql::expr::{Expr, and_};
use vidro_sql::from::FromClause;
use vidro_sql::select::{JoinStep, Query, Select};

use super::entity::{EntityId, join_parts, multiplies, replace};
use super::follow::leads_back;
use super::layout::{Layout, add_columns};
use super::select::Place;
use super::{LoadContext, Origin};
use crate::Orm;
use crate::error::Result;
use crate::instance::InstanceId;
use crate::mapping::{Lazy, Mapper, MapperId, Relationship, RelationshipId};

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

impl LoadOption {
    /// Whether it is about every relationship.
    fn is_wildcard(&self) -> bool {
        self.relationship.is_none() && self.mapper.is_none() && !self.strategy.is_about_columns()
    }
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

/// The options for the target of a relationship: what hangs below its own option, and what is said
/// of everything.
pub(super) fn below(
    orm: &Orm,
    options: &[LoadOption],
    option: &LoadOption,
    target: MapperId,
) -> Vec<LoadOption> {
    let everywhere = options.iter().filter(|option| option.is_wildcard());
    let all: Vec<LoadOption> = everywhere.chain(&option.children).cloned().collect();
    options_for(orm, &all, target)
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
pub(super) fn context(orm: &Orm, options: &[LoadOption]) -> Option<Rc<LoadContext>> {
    let origin = orm.load_origin;
    let said = !options.is_empty() || origin != Origin::default();
    said.then(|| Rc::new(LoadContext { options: options.to_vec(), origin }))
}

/// The number of a statement's options.
pub(super) fn origin(options: &[LoadOption]) -> Origin {
    if options.is_empty() {
        return Origin::default();
    }
    let mut hasher = FxHasher::default();
    hash(options, &mut hasher);
    Origin(hasher.finish() | 1)
}

fn hash(options: &[LoadOption], hasher: &mut FxHasher) {
    options.len().hash(hasher);
    for option in options {
        (option.relationship, option.mapper, option.innerjoin).hash(hasher);
        (option.entity.is_some(), option.criteria.len()).hash(hasher);
        std::mem::discriminant(&option.strategy).hash(hasher);
        match &option.strategy {
            Strategy::Defer(columns) | Strategy::Undefer(columns) | Strategy::LoadOnly(columns) => {
                (&columns.named, columns.all, columns.raises).hash(hasher);
            }
            Strategy::SelectInPolymorphic(mappers) => mappers.hash(hasher),
            Strategy::Expression(column, _) => column.hash(hasher),
            _ => {}
        }
        hash(&option.children, hasher);
    }
}

/// The option for a relationship, the last word winning.
pub(super) fn option_of(
    options: &[LoadOption],
    relationship: RelationshipId,
) -> Option<&LoadOption> {
    let named = options.iter().rev().find(|option| option.relationship == Some(relationship));
    named.or_else(|| options.iter().rev().find(|option| option.is_wildcard()))
}

/// The strategy of a relationship, by mapping or option.
pub(super) fn lazy_of(relationship: &Relationship, options: &[LoadOption]) -> Lazy {
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
        options: &[LoadOption],
        item: usize,
        place: Place<'_>,
    ) -> Result<()> {
        let only = place.refresh.map(|refresh| refresh.joined.as_slice());
        let mut classes = vec![orm.entity_mapper(entity)];
        self.descend(orm, entity, options, Owner::Item(item), only, &mut classes)
    }

    fn descend(
        &mut self,
        orm: &mut Orm,
        entity: EntityId,
        options: &[LoadOption],
        owner: Owner,
        only: Option<&[RelationshipId]>,
        classes: &mut Vec<MapperId>,
    ) -> Result<()> {
        let mapper = Rc::clone(orm.mapping.mapper(orm.entity_mapper(entity)));
        for &id in &mapper.relationships {
            let relationship = orm.mapping.relationship(id);
            let left_out = only.is_some_and(|only| !only.contains(&id));
            if left_out || lazy_of(&relationship, options) != Lazy::Joined {
                continue;
            }
            let option = option_of(options, id).cloned().unwrap_or_default();
            // A cycle of mapped joined loads ends where it would come back.
            if option.relationship != Some(id) && leads_back(&relationship, classes) {
                continue;
            }
            let contained = matches!(option.strategy, Strategy::ContainsEager);
            let target = match (option.entity, contained) {
                (Some(entity), _) => entity,
                (None, true) => EntityId::of(relationship.target),
                (None, false) => orm.aliased(relationship.target, None, None)?,
            };
            let below = below(orm, options, &option, relationship.target);
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
            classes.push(relationship.target);
            self.descend(orm, target, &below, Owner::Join(index), None, classes)?;
            classes.pop();
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
        Ok(JoinStep { left, right, on: Some(on), outer: !self.inner, full: false, called: None })
    }
}
