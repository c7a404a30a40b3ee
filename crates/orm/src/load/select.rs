//! Entity selects: lowered to a plain SELECT with a recipe, executed, and their rows assembled.

use std::hash::{Hash, Hasher};
use std::rc::Rc;

use rustc_hash::{FxHashSet, FxHasher};
use vidro_engine::Connection;
use vidro_sql::Value;
use vidro_sql::expr::Expr;
use vidro_sql::from::FromClause;
use vidro_sql::select::{LabelStyle, Query, Select};
use vidro_sql::statement::Statement;

use super::LoadSql;
use super::entity::EntityId;
use super::follow::{self, Follow, Loaded, Trail};
use super::hydrate::Source;
use super::layout::{Layout, add_columns};
use super::lazy::single_criterion;
use super::reader::Reader;
use super::strategy::{self, Choice, EagerJoin, LoadOption, Owner};
use crate::Orm;
use crate::error::Result;
use crate::flush;
use crate::host::Host;
use crate::instance::InstanceId;
use crate::mapping::{MapperId, RelationshipId};
use crate::session::{self, SessionId};

/// One thing that an entity select yields in each row.
#[derive(Clone, Debug)]
pub enum Item {
    /// An object.
    Entity(EntityId),
    /// A value.
    Column(Expr),
}

/// A SELECT of mapped classes: what `select(User, Post.title)` and `session.query(…)` stand for.
#[derive(Clone, Debug)]
pub struct OrmSelect {
    /// What each row yields.
    pub items: Vec<Item>,
    /// Everything else: joins, conditions, order, limits. Its columns are ignored.
    pub select: Select,
    /// Loader options.
    pub options: Vec<LoadOption>,
    /// Loaded objects are filled again.
    pub populate_existing: bool,
    /// Flush first, where the session is set to.
    pub autoflush: bool,
    /// What relationships and options load along is loaded: `enable_eagerloads`.
    pub eagerloads: bool,
    /// Columns are labelled as `session.query` labels them.
    pub legacy: bool,
    /// Values of named parameters.
    pub params: Vec<(Rc<str>, Value)>,
    /// The statement that runs instead, of `from_statement(…)`.
    pub from_statement: Option<Statement>,
}

impl OrmSelect {
    /// `select(*items)`
    pub fn new(items: Vec<Item>) -> Self {
        Self {
            items,
            select: Select::new([]),
            options: Vec::new(),
            populate_existing: false,
            autoflush: true,
            eagerloads: true,
            legacy: false,
            params: Vec::new(),
            from_statement: None,
        }
    }
}

/// One value of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// A plain value.
    Value(Value),
    /// An object, or `None` where an outer join found nothing.
    Instance(Option<InstanceId>),
}

/// The rows of an entity select.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    /// Name of each item.
    pub keys: Vec<Rc<str>>,
    /// Cells, row by row.
    pub cells: Vec<Cell>,
    /// Joined eager loading repeats rows; `unique()` must be called.
    pub requires_unique: bool,
}

impl Rows {
    /// The rows.
    pub fn iter(&self) -> impl Iterator<Item = &[Cell]> {
        self.cells.chunks(self.keys.len().max(1))
    }

    /// The objects in the first column, each once.
    pub fn unique_instances(&self) -> Vec<InstanceId> {
        let mut seen = FxHashSet::default();
        let of = |row: &[Cell]| match row.first() {
            Some(Cell::Instance(Some(id))) => Some(*id),
            _ => None,
        };
        self.iter().filter_map(of).filter(|id| seen.insert(*id)).collect()
    }
}

/// A lowered entity select: plain SQL and how its rows are read.
#[derive(Debug)]
pub struct Lowered {
    /// The SELECT that runs.
    pub select: Select,
    pub(super) layouts: Vec<ItemLayout>,
    pub(super) eager: Vec<EagerJoin>,
}

/// Where a statement stands among those that load one another's objects.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place<'a> {
    /// The classes that lead to what it selects.
    pub(super) path: &'a [MapperId],
    /// Tells apart statements of one text that SQLAlchemy compiles one by one; 0 for those of scripts.
    pub(super) kind: u64,
    /// It is a lazy load: only objects that were not known before bring along more.
    pub(super) lazy: bool,
    /// The statement that subquery loads repeat in its stead, and the way from there to its objects.
    pub(super) repeated: Option<(&'a OrmSelect, &'a Trail)>,
    /// What it refreshes.
    pub(super) refresh: Option<&'a Refreshing>,
}

impl<'a> Place<'a> {
    /// Of the eager load of a relationship, after the classes that lead to it.
    pub(super) fn along(path: &'a [MapperId], relationship: RelationshipId) -> Self {
        let mut hasher = FxHasher::default();
        (path, relationship).hash(&mut hasher);
        Self { path, kind: hasher.finish() | 1, ..Self::default() }
    }
}

/// An object to load again.
#[derive(Debug)]
pub(super) struct Refreshing {
    pub(super) instance: InstanceId,
    /// Its columns.
    pub(super) choice: Choice,
    /// Its relationships, by join.
    pub(super) joined: Vec<RelationshipId>,
}

/// Where an item stands in the columns.
#[derive(Debug)]
pub(super) enum ItemLayout {
    Entity(Layout, Vec<LoadOption>),
    Column(usize),
}

/// Every object of a class, for `select(User)` without conditions.
pub fn all(
    orm: &mut Orm,
    host: &mut dyn Host,
    session: SessionId,
    entity: EntityId,
) -> Result<Vec<InstanceId>> {
    let select = OrmSelect::new(vec![Item::Entity(entity)]);
    Ok(execute(orm, host, session, &select)?.unique_instances())
}

/// Lowers an entity select; what `str(stmt)` shows of it is `lowered.select`.
pub fn lower(orm: &mut Orm, statement: &OrmSelect) -> Result<Lowered> {
    lower_at(orm, statement, Place::default())
}

fn lower_at(orm: &mut Orm, statement: &OrmSelect, place: Place<'_>) -> Result<Lowered> {
    let mut columns = Vec::new();
    let mut layouts = Vec::new();
    let mut select = statement.select.clone();
    let mut from: Vec<FromClause> = Vec::new();
    let mut plan = strategy::JoinPlan::default();
    for (index, item) in statement.items.iter().enumerate() {
        match item {
            Item::Entity(entity) => {
                let mapper = Rc::clone(orm.mapping.mapper(orm.entity_mapper(*entity)));
                let options = strategy::options_for(orm, &statement.options, mapper.id);
                if statement.eagerloads {
                    plan.collect(orm, *entity, &options, index, place)?;
                }
                plan.add_contained(orm, index, &mut columns)?;
                let choice = match place.refresh {
                    Some(refresh) => refresh.choice.clone(),
                    None => strategy::choice(&mapper, &options),
                };
                let layout = add_columns(orm, *entity, &choice, &mut columns)?;
                layouts.push(ItemLayout::Entity(layout, options));
                let selected = orm.entity_from(*entity)?;
                let joined = select.joins.iter().any(|step| {
                    step.right.ptr_eq(&selected)
                        || step.left.as_ref().is_some_and(|left| left.ptr_eq(&selected))
                });
                match orm.alias(*entity).and_then(|alias| alias.polymorphic.as_ref()) {
                    Some(_) if !joined => select = select.select_from(selected),
                    None if matches!(selected, FromClause::Join(_)) => from.push(selected),
                    _ => {}
                }
                if let Some(criterion) = single_criterion(orm, *entity)? {
                    select = select.where_(criterion);
                }
            }
            Item::Column(expr) => {
                layouts.push(ItemLayout::Column(columns.len()));
                columns.push(expr.clone());
            }
        }
    }
    if select.from.is_empty() && select.joins.is_empty() {
        for from in from {
            select = select.select_from(from);
        }
    }
    let style = if statement.legacy { LabelStyle::TablenamePlusCol } else { select.label_style };
    select = select.altered(|s| {
        s.columns = columns;
        s.label_style = style;
    });
    eager(orm, select, layouts, plan)
}

/// Adds joined eager loads, around a subquery where a limit must count owners.
fn eager(
    orm: &mut Orm,
    mut select: Select,
    layouts: Vec<ItemLayout>,
    mut plan: strategy::JoinPlan,
) -> Result<Lowered> {
    if plan.joins.is_empty() {
        return Ok(Lowered { select, layouts, eager: Vec::new() });
    }
    let limited = select.limit.is_some() || select.offset.is_some() || select.distinct;
    if limited && plan.multiplies() {
        select = plan.wrap(orm, select)?;
    }
    let eager = plan.finish(orm, &mut select)?;
    Ok(Lowered { select, layouts, eager })
}

/// Runs an entity select and gives back its rows, every eager load done.
pub fn execute(
    orm: &mut Orm,
    host: &mut dyn Host,
    session: SessionId,
    statement: &OrmSelect,
) -> Result<Rows> {
    if statement.autoflush && statement.from_statement.is_none() {
        flush::autoflush(orm, host, session)?;
    }
    let outer = std::mem::replace(&mut orm.load_origin, strategy::origin(&statement.options));
    let rows = run(orm, host, session, statement);
    orm.load_origin = outer;
    rows
}

fn run(
    orm: &mut Orm,
    host: &mut dyn Host,
    session: SessionId,
    statement: &OrmSelect,
) -> Result<Rows> {
    if let Some(given) = &statement.from_statement {
        return super::statement::execute(orm, host, session, statement, given);
    }
    load(orm, host, session, statement, Place::default())
}

/// Runs an entity select as one of several, and every eager load that follows it.
pub(super) fn load(
    orm: &mut Orm,
    host: &mut dyn Host,
    session: SessionId,
    statement: &OrmSelect,
    place: Place<'_>,
) -> Result<Rows> {
    let lowered = lower_at(orm, statement, place)?;
    let dialect = flush::dialect(orm, session);
    let connection = connection_of(orm, host, session, statement)?;
    let sql = LoadSql::prepare(orm, &connection, lowered.select.clone(), place.kind)?;
    let mut reader = Reader::new(orm, session, &sql, &dialect, &lowered, statement, place)?;
    let given = |name: &str| {
        statement.params.iter().find(|(known, _)| **known == *name).map(|(_, value)| value.clone())
    };
    sql.run(&connection, &given, &mut |row| reader.row(row))?;
    let Reader { rows, failed, loaded, met, .. } = reader;
    orm.tell_notices(host)?;
    if let Some(error) = failed {
        return Err(error);
    }
    let (repeated, way) = place.repeated.unzip();
    let follow = Follow {
        session,
        statement: repeated.or(Some(statement)),
        joins: &lowered.eager,
        populate_existing: statement.populate_existing,
        refresh: place.refresh.is_some(),
        known: &met.known,
    };
    for (index, (layout, ids)) in lowered.layouts.iter().zip(&loaded).enumerate() {
        let ItemLayout::Entity(Layout { entity, .. }, options) = layout else { continue };
        if !statement.eagerloads {
            continue;
        }
        let mapper = orm.entity_mapper(*entity);
        let trail = way.cloned().unwrap_or_else(|| {
            let classes = place.path.iter().copied().chain([mapper]).collect();
            Trail { entity: *entity, steps: Vec::new(), classes }
        });
        let owner = Owner::Item(index);
        follow::after(orm, host, &follow, &Loaded { owner, mapper, ids, options, trail })?;
    }
    Ok(rows)
}

fn connection_of(
    orm: &mut Orm,
    host: &mut dyn Host,
    session: SessionId,
    statement: &OrmSelect,
) -> Result<Connection> {
    let entity = statement.items.iter().find_map(|item| match item {
        Item::Entity(entity) => Some(*entity),
        Item::Column(_) => None,
    });
    let Some(entity) = entity else { return session::connection(orm, host, session) };
    let mapper = orm.entity_mapper(entity);
    session::connection_for(orm, host, session, mapper, ", SQL expression")
}

/// The columns of some items, for RETURNING, and where each item stands among them.
pub(crate) fn item_layouts(
    orm: &Orm,
    items: &[Item],
    options: &[LoadOption],
    columns: &mut Vec<Expr>,
) -> Result<Vec<Result<Layout, usize>>> {
    let mut layouts = Vec::with_capacity(items.len());
    for item in items {
        layouts.push(match item {
            Item::Entity(entity) => {
                let mapper = orm.mapping.mapper(orm.entity_mapper(*entity));
                let options = strategy::options_for(orm, options, mapper.id);
                Ok(add_columns(orm, *entity, &strategy::choice(mapper, &options), columns)?)
            }
            Item::Column(expr) => {
                let known = columns.iter().position(|known| known.same_column(expr));
                if known.is_none() {
                    columns.push(expr.clone());
                }
                Err(known.unwrap_or(columns.len() - 1))
            }
        });
    }
    Ok(layouts)
}

/// Rows of items from values that a result has converted already, for RETURNING.
pub(crate) fn hydrate_values(
    orm: &mut Orm,
    session: SessionId,
    items: &[Item],
    values: &[Vec<Value>],
    names: &[Rc<str>],
    populate_existing: bool,
) -> Result<Rows> {
    let layouts = item_layouts(orm, items, &[], &mut Vec::new())?;
    let plain = |position| Source { position, processor: None };
    let mut rows = Rows::default();
    let mut recipes = Vec::with_capacity(layouts.len());
    for layout in &layouts {
        match layout {
            Ok(layout) => {
                let mut recipe = layout.recipe_with(orm, &plain, None)?;
                recipe.populate_existing = populate_existing;
                rows.keys.push(Rc::clone(&orm.mapping.mapper(recipe.mapper).class_name));
                recipes.push(Ok(recipe));
            }
            Err(position) => {
                rows.keys.push(names.get(*position).cloned().unwrap_or_else(|| "".into()));
                recipes.push(Err(*position));
            }
        }
    }
    for row in values {
        for recipe in &recipes {
            rows.cells.push(match recipe {
                Ok(recipe) => Cell::Instance(recipe.hydrate_row(orm, session, row.as_slice())?),
                Err(position) => Cell::Value(row.get(*position).cloned().unwrap_or_default()),
            });
        }
    }
    Ok(rows)
}

/// `SELECT count(*) FROM (…)`, as `query.count()` asks.
pub fn count(
    orm: &mut Orm,
    host: &mut dyn Host,
    session: SessionId,
    statement: &OrmSelect,
) -> Result<Value> {
    let plain = OrmSelect { eagerloads: false, legacy: true, ..statement.clone() };
    let inner = lower(orm, &plain)?;
    let subquery = Query::Select(inner.select).subquery(None);
    let count = vidro_sql::expr::Expr::count_star();
    let outer = OrmSelect {
        select: Select::new([]).select_from(subquery),
        ..OrmSelect::new(vec![Item::Column(count)])
    };
    let rows = execute(orm, host, session, &outer)?;
    match rows.cells.into_iter().next() {
        Some(Cell::Value(value)) => Ok(value),
        _ => Ok(Value::Null),
    }
}
