//! Entity selects: lowered to a plain SELECT with a recipe, executed, and their rows assembled.

use std::ops::ControlFlow;
use std::rc::Rc;

use rustc_hash::FxHashSet;
use vidro_engine::Connection;
use vidro_engine::driver::RowView;
use vidro_sql::Value;
use vidro_sql::dialect::Dialect;
use vidro_sql::expr::{Expr, Kind};
use vidro_sql::from::FromClause;
use vidro_sql::select::{LabelStyle, Query, Select};
use vidro_sql::statement::Statement;

use super::LoadSql;
use super::entity::EntityId;
use super::hydrate::{Recipe, Source};
use super::layout::{Layout, add_columns};
use super::lazy::single_criterion;
use super::strategy::{self, EagerJoin, LoadOption};
use crate::Orm;
use crate::error::{Error, Result};
use crate::flush;
use crate::host::Host;
use crate::instance::{InstanceId, Related};
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
    layouts: Vec<ItemLayout>,
    eager: Vec<EagerJoin>,
}

/// Where an item stands in the columns.
#[derive(Debug)]
enum ItemLayout {
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
                plan.collect(orm, *entity, mapper.id, &options, index)?;
                plan.add_contained(orm, index, &mut columns)?;
                let choice = strategy::choice(&mapper, &options);
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
    let lowered = lower(orm, statement)?;
    let dialect = flush::dialect(orm, session);
    let connection = connection_of(orm, host, session, statement)?;
    let sql = LoadSql::prepare(orm, &connection, lowered.select.clone())?;
    let mut reader = Reader::new(orm, session, &sql, &dialect, &lowered, statement)?;
    let given = |name: &str| {
        statement.params.iter().find(|(known, _)| **known == *name).map(|(_, value)| value.clone())
    };
    sql.run(&connection, &given, &mut |row| reader.row(row))?;
    let Reader { rows, failed, loaded, .. } = reader;
    if let Some(error) = failed {
        return Err(error);
    }
    for (layout, owners) in lowered.layouts.iter().zip(loaded) {
        if let ItemLayout::Entity(layout, options) = layout {
            let mapper = orm.entity_mapper(layout.entity);
            strategy::after(
                orm,
                host,
                session,
                mapper,
                &owners,
                options,
                statement.populate_existing,
            )?;
        }
    }
    Ok(rows)
}

/// Reads rows by recipe.
struct Reader<'a> {
    orm: &'a mut Orm,
    session: SessionId,
    dialect: &'a Dialect,
    items: Vec<Reading>,
    eager: Vec<(&'a EagerJoin, Recipe)>,
    rows: Rows,
    /// Objects of each entity item, each once, in order.
    loaded: Vec<Vec<InstanceId>>,
    seen: FxHashSet<(usize, InstanceId)>,
    /// Collections that this result fills.
    filling: FxHashSet<(InstanceId, u16)>,
    members: FxHashSet<(InstanceId, u16, InstanceId)>,
    populate_existing: bool,
    failed: Option<Error>,
}

enum Reading {
    Entity(Recipe),
    Column(Source),
}

impl<'a> Reader<'a> {
    fn new(
        orm: &'a mut Orm,
        session: SessionId,
        sql: &LoadSql,
        dialect: &'a Dialect,
        lowered: &'a Lowered,
        statement: &OrmSelect,
    ) -> Result<Self> {
        let mut items = Vec::new();
        let mut keys = Vec::new();
        for (number, layout) in lowered.layouts.iter().enumerate() {
            match layout {
                ItemLayout::Entity(layout, options) => {
                    let context = strategy::context(orm, options);
                    let mut recipe = layout.recipe(orm, sql, context)?;
                    recipe.populate_existing = statement.populate_existing;
                    let mapper = orm.mapping.mapper(recipe.mapper);
                    keys.push(Rc::clone(&mapper.class_name));
                    items.push(Reading::Entity(recipe));
                }
                ItemLayout::Column(position) => {
                    keys.push(column_key(statement, number, &keys));
                    items.push(Reading::Column(Source::of(sql.compiled(), *position)));
                }
            }
        }
        let mut eager = Vec::new();
        for join in &lowered.eager {
            let mut recipe = join.layout.recipe(orm, sql, strategy::context(orm, &join.options))?;
            recipe.populate_existing = statement.populate_existing;
            eager.push((join, recipe));
        }
        let requires_unique = lowered.eager.iter().any(|join| join.multiplies);
        Ok(Self {
            loaded: vec![Vec::new(); items.len()],
            rows: Rows { keys, cells: Vec::new(), requires_unique },
            orm,
            session,
            dialect,
            items,
            eager,
            seen: FxHashSet::default(),
            filling: FxHashSet::default(),
            members: FxHashSet::default(),
            populate_existing: statement.populate_existing,
            failed: None,
        })
    }

    fn row(&mut self, row: &dyn RowView) -> ControlFlow<()> {
        match self.read(row) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.failed = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    fn read(&mut self, row: &dyn RowView) -> Result<()> {
        let start = self.rows.cells.len();
        for (index, item) in self.items.iter().enumerate() {
            let cell = match item {
                Reading::Column(source) => Cell::Value(source.read(row, self.dialect)?),
                Reading::Entity(recipe) => {
                    let id = recipe.hydrate(self.orm, self.session, row, self.dialect)?;
                    if let Some(id) = id
                        && self.seen.insert((index, id))
                        && let Some(loaded) = self.loaded.get_mut(index)
                    {
                        loaded.push(id);
                    }
                    Cell::Instance(id)
                }
            };
            self.rows.cells.push(cell);
        }
        if self.eager.is_empty() {
            return Ok(());
        }
        let mut joined: Vec<Option<InstanceId>> = Vec::with_capacity(self.eager.len());
        for (join, recipe) in &self.eager {
            let owner = match join.owner {
                strategy::Owner::Item(index) => match self.rows.cells.get(start + index) {
                    Some(Cell::Instance(id)) => *id,
                    _ => None,
                },
                strategy::Owner::Join(index) => joined.get(index).copied().flatten(),
            };
            let Some(owner) = owner else {
                joined.push(None);
                continue;
            };
            let member = recipe.hydrate(self.orm, self.session, row, self.dialect)?;
            joined.push(member);
            let Some(slot) = join.slot(self.orm, owner) else { continue };
            attach(
                self.orm,
                (owner, slot, member),
                join,
                self.populate_existing,
                &mut self.filling,
                &mut self.members,
            );
        }
        Ok(())
    }
}

/// Puts a joined member into its owner, if this result is the one that fills it.
fn attach(
    orm: &mut Orm,
    (owner, slot, member): (InstanceId, u16, Option<InstanceId>),
    join: &EagerJoin,
    populate_existing: bool,
    filling: &mut FxHashSet<(InstanceId, u16)>,
    members: &mut FxHashSet<(InstanceId, u16, InstanceId)>,
) {
    if !filling.contains(&(owner, slot)) {
        if orm.instances[owner].related(slot).is_loaded() && !populate_existing {
            return;
        }
        filling.insert((owner, slot));
        let empty = if join.uselist { Related::Many(Vec::new()) } else { Related::One(None) };
        orm.instances.set_related(owner, slot, empty);
    }
    let Some(member) = member else { return };
    if !join.uselist {
        orm.instances.set_related(owner, slot, Related::One(Some(member)));
    } else if members.insert((owner, slot, member)) {
        orm.instances.link(member);
        if let Related::Many(ids) = orm.instances.related_mut(owner, slot) {
            ids.push(member);
        }
    }
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

/// The name of a value in each row. `session.query` lets names repeat and leaves out those that
/// SQL alone needs; `select()` has one for every value.
fn column_key(statement: &OrmSelect, item: usize, before: &[Rc<str>]) -> Rc<str> {
    let expr = match statement.items.get(item) {
        Some(Item::Column(expr)) => Some(expr),
        Some(Item::Entity(_)) | None => None,
    };
    let name = expr.and_then(Expr::proxy_key);
    if statement.legacy {
        return name.unwrap_or_else(|| "".into());
    }
    let function = expr.and_then(|expr| match expr.kind() {
        Kind::Function(function) => Some(function.name()),
        _ => None,
    });
    let name = name.or(function).unwrap_or_else(|| "_no_label".into());
    let taken = |candidate: &str| before.iter().any(|key| **key == *candidate);
    if !taken(&name) {
        return name;
    }
    let numbered = |number: u32| format!("{name}_{number}");
    let free = (1..).map(numbered).find(|candidate| !taken(candidate));
    free.map_or(name.clone(), Rc::from)
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
    let inner = lower(orm, &OrmSelect { options: Vec::new(), legacy: true, ..statement.clone() })?;
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
