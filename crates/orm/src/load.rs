//! Loading: entity selects are lowered to plain SQL and a recipe, rows become objects by recipe.

mod compare;
mod entity;
mod follow;
mod get;
mod hydrate;
mod layout;
mod lazy;
mod polymorphic;
mod reader;
mod refresh;
mod select;
mod select_in;
mod statement;
mod strategy;
mod subquery;

use std::cell::Cell;
use std::hash::{Hash, Hasher};
use std::ops::ControlFlow;
use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHasher};

use vidro_engine::driver::RowView;
use vidro_engine::{Call, Connection, Construct, Note, Style};
use vidro_sql::Value;
use vidro_sql::compile::{BindSet, Compiled, compile};
use vidro_sql::dialect::Dialect;
use vidro_sql::expr::Expr;
use vidro_sql::select::Select;
use vidro_sql::statement::Statement;

use crate::Orm;
use crate::error::Result;
use crate::mapping::RelationshipId;

pub use entity::{Entity, EntityId, join_relationship};
pub use get::{get, get_with};
pub(crate) use lazy::single_criterion as class_criterion;
pub use lazy::with_parent;
pub use polymorphic::{Aliasing, Polymorphic};
pub(crate) use refresh::{expired_attributes, refresh, refresh_attributes, refresh_expired};
pub use select::{Cell as RowCell, Item, Lowered, OrmSelect, Rows, all, count, execute, lower};
pub(crate) use select::{hydrate_values, item_layouts};
pub use strategy::{Columns, LoadOption, Strategy};

/// The options of a statement as a number, 0 for none. Texts that stem from statements with other
/// options are compiled anew by SQLAlchemy, and its log says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Origin(pub(crate) u64);

/// When texts that the engine compiles ran first: by engine, options, kind of statement and text.
pub(crate) type LoadNotes = FxHashMap<(u32, Origin, u64, Rc<str>), f64>;

impl Origin {
    /// The same along a relationship.
    pub(crate) fn below(self, relationship: RelationshipId) -> Self {
        match self.0 {
            0 => self,
            origin => Self(origin.rotate_left(7) ^ u64::from(relationship.get())),
        }
    }
}

/// What a statement said about loading, kept by the objects it loaded for their lazy loads.
#[derive(Debug, Default)]
pub struct LoadContext {
    /// Options for the attributes of the object, and below them.
    pub options: Vec<LoadOption>,
    /// Tells apart the statements that had options.
    pub(crate) origin: Origin,
}

impl LoadContext {
    /// The strategy an option gives a relationship.
    pub(crate) fn strategy(&self, relationship: RelationshipId) -> Option<&LoadOption> {
        strategy::option_of(&self.options, relationship)
    }
}

/// A compiled SELECT, perhaps used again and again with other values.
#[derive(Debug)]
pub(crate) struct LoadSql {
    construct: Construct,
    compiled: Rc<Compiled>,
    binds: Vec<Expr>,
    /// What the log says about the text; none until it runs for the first time.
    note: Cell<Option<Note>>,
}

impl LoadSql {
    /// A statement of our own, kept by whoever asked for it.
    pub(crate) fn new(select: Select, dialect: &Dialect) -> Result<Self> {
        let construct = Construct::from(Statement::from(select));
        let compiled = Rc::new(compile(&construct.statement, dialect, &construct.options)?);
        let mut binds = BindSet::default();
        binds.collect(&construct.statement);
        Ok(Self { construct, compiled, binds: binds.binds, note: Cell::new(None) })
    }

    /// A statement for one use, compiled through the engine's cache. `kind` tells apart statements of
    /// one text that SQLAlchemy compiles one by one.
    pub(crate) fn prepare(
        orm: &Orm,
        connection: &Connection,
        select: Select,
        kind: u64,
    ) -> Result<Self> {
        let construct = Construct::from(Statement::from(select));
        let disabled = connection.execution_options().caching_disabled();
        let prepared =
            connection.engine().prepare(&construct.statement, &construct.options, disabled)?;
        let sql = Rc::clone(&prepared.compiled.sql);
        let key = (connection.engine().id(), orm.load_origin, kind, sql);
        let mut notes = orm.load_notes.borrow_mut();
        let note = match (prepared.note, notes.get(&key)) {
            (Note::Cached(_), Some(since)) => Note::Cached(*since),
            (Note::Cached(_), None) => Note::Generated(connection.engine().host().now()),
            (note, _) => note,
        };
        if let Note::Generated(now) = note {
            notes.insert(key, now);
        }
        let note = Cell::new(Some(note));
        Ok(Self { construct, compiled: prepared.compiled, binds: prepared.binds, note })
    }

    /// Runs it; parameters named in `given` take those values.
    pub(crate) fn run(
        &self,
        connection: &Connection,
        given: &dyn Fn(&str) -> Option<Value>,
        on_row: &mut dyn FnMut(&dyn RowView) -> ControlFlow<()>,
    ) -> Result<()> {
        let rendered = self.compiled.render(&self.binds, given)?;
        let note = match self.note.get() {
            Some(note) => note,
            None => {
                let now = connection.engine().host().now();
                self.note.set(Some(Note::Cached(now)));
                Note::Generated(now)
            }
        };
        let construct = Some(&self.construct);
        let call = Call { sql: &rendered.sql, construct, note, style: Style::Once, total: 1 };
        connection.run_set(&call, &rendered.values, on_row)?;
        Ok(())
    }

    pub(crate) fn compiled(&self) -> &Compiled {
        &self.compiled
    }
}

/// What a cached SELECT of this crate is found by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum LoadKey {
    /// By primary key: mapper, engine.
    Get(u16, u32),
    /// All of an object for `session.refresh`: mapper, engine.
    Refresh(u16, u32),
    /// Some attributes of an object: mapper, engine, columns, and the slots of relationships that
    /// SQLAlchemy names with them, whether it loads them or not.
    Attributes(u16, u32, Vec<u16>, Vec<u16>, Origin),
    /// Of a relationship: engine.
    Lazy(u16, u32, Origin),
}

impl LoadKey {
    /// The key as a number, never 0.
    pub(crate) fn kind(&self) -> u64 {
        let mut hasher = FxHasher::default();
        self.hash(&mut hasher);
        hasher.finish() | 1
    }
}

/// A loaded statement and how its rows become objects.
#[derive(Debug)]
pub(crate) struct Loader {
    pub(crate) sql: LoadSql,
    pub(crate) recipe: Rc<hydrate::Recipe>,
}
