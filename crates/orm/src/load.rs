//! Loading: entity selects are lowered to plain SQL and a recipe, rows become objects by recipe.

mod compare;
mod entity;
mod hydrate;
mod lazy;
mod select;
mod strategy;

use std::cell::Cell;
use std::ops::ControlFlow;
use std::rc::Rc;

use vidro_engine::driver::RowView;
use vidro_engine::{Call, Connection, Note, Style};
use vidro_sql::Value;
use vidro_sql::compile::{BindSet, CompileOptions, Compiled, compile};
use vidro_sql::dialect::Dialect;
use vidro_sql::expr::Expr;
use vidro_sql::select::Select;
use vidro_sql::statement::Statement;

use crate::error::Result;
use crate::mapping::RelationshipId;

pub use entity::{Entity, EntityId, join_relationship};
pub use lazy::{get, with_parent};
pub(crate) use lazy::{refresh, refresh_expired};
pub use select::{Cell as RowCell, Item, Lowered, OrmSelect, Rows, all, count, execute, lower};
pub use strategy::{LoadOption, Strategy};

/// What a statement said about loading, kept by the objects it loaded for their lazy loads.
#[derive(Debug, Default)]
pub struct LoadContext {
    /// Options for the attributes of the object, and below them.
    pub options: Vec<LoadOption>,
}

impl LoadContext {
    /// The strategy an option gives a relationship.
    pub(crate) fn strategy(&self, relationship: RelationshipId) -> Option<&LoadOption> {
        self.options.iter().rev().find(|option| option.relationship == Some(relationship))
    }
}

/// A compiled SELECT that is used again and again with other values.
#[derive(Debug)]
pub(crate) struct LoadSql {
    compiled: Compiled,
    binds: Vec<Expr>,
    since: Cell<Option<f64>>,
    /// Whether the log calls it cached when it runs again.
    cached: bool,
}

impl LoadSql {
    pub(crate) fn new(select: Select, dialect: &Dialect, cached: bool) -> Result<Self> {
        let statement = Statement::from(select);
        let compiled = compile(&statement, dialect, &CompileOptions::default())?;
        let mut binds = BindSet::default();
        binds.collect(&statement);
        Ok(Self { compiled, binds: binds.binds, since: Cell::new(None), cached })
    }

    /// Runs it; parameters named in `given` take those values.
    pub(crate) fn run(
        &self,
        connection: &Connection,
        given: &dyn Fn(&str) -> Option<Value>,
        on_row: &mut dyn FnMut(&dyn RowView) -> ControlFlow<()>,
    ) -> Result<()> {
        let rendered = self.compiled.render(&self.binds, given)?;
        let now = connection.engine().host().now();
        let note = match self.since.get() {
            _ if !self.cached => Note::Generated(now),
            Some(since) => Note::Cached(since),
            None => {
                self.since.set(Some(now));
                Note::Generated(now)
            }
        };
        let call = Call { sql: &rendered.sql, note, style: Style::Once, total: 1 };
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
    /// By primary key: mapper, dialect, attributes left out.
    Get(u16, &'static str, Vec<u16>),
    /// Of a relationship: dialect.
    Lazy(u16, &'static str),
}

/// A loaded statement and how its rows become objects.
#[derive(Debug)]
pub(crate) struct Loader {
    pub(crate) sql: LoadSql,
    pub(crate) recipe: Rc<hydrate::Recipe>,
}
