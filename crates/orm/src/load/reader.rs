//! Reading the rows of an entity select: objects by recipe, joined objects into their owners.

use std::ops::ControlFlow;
use std::rc::Rc;

use rustc_hash::FxHashSet;
use vidro_engine::driver::RowView;
use vidro_sql::dialect::Dialect;
use vidro_sql::expr::{Expr, Kind};

use super::LoadSql;
use super::hydrate::{Recipe, Source};
use super::select::{Cell, Item, ItemLayout, Lowered, OrmSelect, Place, Rows};
use super::strategy::{self, EagerJoin, Owner};
use crate::Orm;
use crate::error::{Error, Result};
use crate::instance::{InstanceId, Related};
use crate::mapping::RelationshipId;
use crate::session::SessionId;

/// Reads rows by recipe.
pub(super) struct Reader<'a> {
    orm: &'a mut Orm,
    session: SessionId,
    dialect: &'a Dialect,
    items: Vec<Reading>,
    eager: Vec<(&'a EagerJoin, Recipe)>,
    pub(super) rows: Rows,
    /// Objects of each entity item, each once, in order.
    pub(super) loaded: Vec<Vec<InstanceId>>,
    seen: FxHashSet<(usize, InstanceId)>,
    /// Collections that this result fills.
    filling: FxHashSet<(InstanceId, u16)>,
    members: FxHashSet<(InstanceId, u16, InstanceId)>,
    populate_existing: bool,
    pub(super) failed: Option<Error>,
    /// The object that all rows are about, in a refresh.
    refreshed: Option<InstanceId>,
    pub(super) met: Met,
}

/// The objects that the rows of a lazy load came upon.
#[derive(Default)]
pub(super) struct Met {
    /// Whether anybody asks.
    lazy: bool,
    /// Those that were in the session before.
    pub(super) known: FxHashSet<InstanceId>,
    /// The others.
    new: FxHashSet<InstanceId>,
}

impl Met {
    /// The object of a row.
    fn meet(
        &mut self,
        recipe: &Recipe,
        (orm, session): (&mut Orm, SessionId),
        row: &dyn RowView,
        dialect: &Dialect,
    ) -> Result<Option<InstanceId>> {
        if !self.lazy {
            return recipe.hydrate(orm, session, row, dialect);
        }
        let before = recipe.known(orm, session, row, dialect)?;
        let id = recipe.hydrate(orm, session, row, dialect)?;
        if let Some(id) = id.filter(|id| !self.new.contains(id)) {
            if before.is_some() {
                self.known.insert(id)
            } else {
                self.new.insert(id)
            };
        }
        Ok(id)
    }
}

enum Reading {
    Entity(Recipe),
    Column(Source),
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        orm: &'a mut Orm,
        session: SessionId,
        sql: &LoadSql,
        dialect: &'a Dialect,
        lowered: &'a Lowered,
        statement: &OrmSelect,
        place: Place<'_>,
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
            refreshed: place.refresh.map(|refresh| refresh.instance),
            met: Met { lazy: place.lazy, ..Met::default() },
        })
    }

    pub(super) fn row(&mut self, row: &dyn RowView) -> ControlFlow<()> {
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
                    let id = match self.refreshed {
                        Some(id) => {
                            recipe.refill(self.orm, id, row, self.dialect)?;
                            Some(id)
                        }
                        None => self.met.meet(
                            recipe,
                            (&mut *self.orm, self.session),
                            row,
                            self.dialect,
                        )?,
                    };
                    if let Some(id) = id
                        && !self.met.known.contains(&id)
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
                Owner::Item(index) => match self.rows.cells.get(start + index) {
                    Some(Cell::Instance(id)) => *id,
                    _ => None,
                },
                Owner::Join(index) => joined.get(index).copied().flatten(),
            };
            let Some(owner) = owner else {
                joined.push(None);
                continue;
            };
            let place = (&mut *self.orm, self.session);
            let member = self.met.meet(recipe, place, row, self.dialect)?;
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
        match orm.instances[owner].related(slot) {
            Related::One(Some(first)) if *first != member => warn_of_many(orm, join.relationship),
            _ => orm.instances.set_related(owner, slot, Related::One(Some(member))),
        }
    } else if members.insert((owner, slot, member)) {
        orm.instances.link(member);
        if let Related::Many(ids) = orm.instances.related_mut(owner, slot) {
            ids.push(member);
        }
    }
}

/// Warns that a scalar relationship found several rows.
pub(super) fn warn_of_many(orm: &Orm, relationship: RelationshipId) {
    let relationship = orm.mapping.relationship(relationship);
    orm.warn(&format!(
        "Multiple rows returned with uselist=False for eagerly-loaded attribute '{}' ",
        orm.mapping.relationship_str(&relationship)
    ));
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
