//! RETURNING of bulk statements: which columns it asks for, and objects made of its rows.

use vidro_sql::Value;
use vidro_sql::expr::Expr;

use super::DmlOptions;
use crate::Orm;
use crate::error::Result;
use crate::load::{self, Item, Rows};
use crate::session::SessionId;

/// What RETURNING yields and the columns it takes.
pub(super) struct Returning<'a> {
    items: &'a [Item],
    /// The columns, each once.
    pub(super) columns: Vec<Expr>,
    /// Where the columns of the items stand.
    positions: Vec<usize>,
    populate_existing: bool,
}

impl<'a> Returning<'a> {
    pub(super) fn new(orm: &Orm, options: &'a DmlOptions) -> Result<Self> {
        let mut columns = Vec::new();
        load::item_layouts(orm, &options.returning, &[], &mut columns)?;
        Ok(Self {
            items: &options.returning,
            positions: (0..columns.len()).collect(),
            columns,
            populate_existing: options.populate_existing,
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The same with other columns in front.
    pub(super) fn behind(mut self, front: Vec<Expr>) -> Self {
        let mut columns = front;
        for (column, position) in self.columns.iter().zip(&mut self.positions) {
            let known = columns.iter().position(|known| known.same_column(column));
            *position = known.unwrap_or(columns.len());
            if known.is_none() {
                columns.push(column.clone());
            }
        }
        self.columns = columns;
        self
    }

    /// Objects and values of rows that hold the columns.
    pub(super) fn read(
        &self,
        orm: &mut Orm,
        session: SessionId,
        rows: Vec<Vec<Value>>,
    ) -> Result<Option<Rows>> {
        if self.is_empty() {
            return Ok(None);
        }
        let pick = |row: Vec<Value>| {
            let at = |at: &usize| row.get(*at).cloned().unwrap_or_default();
            self.positions.iter().map(at).collect::<Vec<Value>>()
        };
        let rows: Vec<Vec<Value>> = rows.into_iter().map(pick).collect();
        let name = |at: &usize| self.columns.get(*at).and_then(Expr::proxy_key);
        let names: Vec<_> =
            self.positions.iter().map(|at| name(at).unwrap_or_else(|| "".into())).collect();
        load::hydrate_values(orm, session, self.items, &rows, &names, self.populate_existing)
            .map(Some)
    }
}
