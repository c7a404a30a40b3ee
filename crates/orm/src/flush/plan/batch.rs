//! The batches of a plan: neighbouring rows with the same columns share a statement.

use std::rc::Rc;

use vidro_sql::expr::Expr;
use vidro_sql::schema::Column;

use super::rows::{Picked, Planner, small};
use super::{Batch, BatchColumn, Manner, Step, StepId, StepKind};
use crate::error::Result;
use crate::flush::collect::UnitIndex;
use crate::flush::statement::{self, Shape};
use crate::mapping::{MappedTable, Mapper, MapperId};

/// The batch being built.
pub(super) struct Open {
    pub(super) kind: StepKind,
    pub(super) mapper: MapperId,
    pub(super) table: usize,
    /// Every generated value is given; nothing has to come back.
    pub(super) complete: bool,
    pub(super) columns: Vec<Picked>,
    /// Its first step.
    pub(super) first: usize,
    pub(super) expressions: Vec<(usize, Rc<Expr>)>,
}

/// A row that wants to join a batch; its columns and operands are in the planner's scratch.
pub(super) struct Row<'a> {
    pub(super) kind: StepKind,
    pub(super) unit: UnitIndex,
    /// Where its operands start.
    pub(super) operands: usize,
    pub(super) mapper: &'a Rc<Mapper>,
    /// Index of the table in the mapper.
    pub(super) table: usize,
    /// Every generated value is given.
    pub(super) complete: bool,
}

impl Planner<'_> {
    /// Adds a step; opens a new batch when its columns are not those of the open one.
    pub(super) fn push_step(&mut self, row: &Row<'_>) -> Result<StepId> {
        let fits = self.open.as_ref().is_some_and(|open| {
            open.kind == row.kind
                && open.complete == row.complete
                && open.columns == self.columns
                && self.same_table(open, row)
        });
        let alone = !self.expressions.is_empty();
        if !fits || alone {
            self.close()?;
            self.open = Some(Open {
                kind: row.kind,
                mapper: row.mapper.id,
                table: row.table,
                complete: row.complete,
                columns: self.columns.clone(),
                first: self.plan.steps.len(),
                expressions: std::mem::take(&mut self.expressions),
            });
        }
        let step = StepId(small(self.plan.steps.len()));
        self.plan.steps.push(Step {
            kind: row.kind,
            instance: self.units.unit(row.unit).id,
            other: None,
            batch: small(self.plan.batches.len()),
            operands: small(row.operands),
            unit: row.unit,
        });
        if alone {
            self.close()?;
        }
        Ok(step)
    }

    /// Whether a row goes into the table of the open batch; classes of a hierarchy share theirs.
    fn same_table(&self, open: &Open, row: &Row<'_>) -> bool {
        if open.mapper == row.mapper.id {
            return open.table == row.table;
        }
        let table = |mapper: &Mapper, index: usize| mapper.tables.get(index).map(|t| t.table.id());
        let owner = self.orm.mapping.mapper(open.mapper);
        table(owner, open.table) == table(row.mapper, row.table)
    }

    /// Turns the open batch into one of the plan, now that its size is known.
    pub(super) fn close(&mut self) -> Result<()> {
        let Some(open) = self.open.take() else { return Ok(()) };
        let owner = Rc::clone(self.orm.mapping.mapper(open.mapper));
        let Some(mapped) = owner.tables.get(open.table) else { return Ok(()) };
        let columns: Rc<[BatchColumn]> = open
            .columns
            .iter()
            .filter_map(|picked| {
                let column = mapped.columns.get(picked.position)?;
                Some(BatchColumn {
                    column: column.column.clone(),
                    attribute: column.attribute,
                    condition: picked.condition,
                })
            })
            .collect();
        let count = self.plan.steps.len() - open.first;
        let manner = self.manner(&open, &owner, count);
        let returning = self.returning(&open, &owner, mapped, manner);
        let attributes: Vec<(Column, u16)> = mapped
            .columns
            .iter()
            .filter_map(|column| Some((column.column.clone(), column.attribute?)))
            .collect();
        let shape = Shape {
            attributes: &attributes,
            kind: open.kind,
            columns: &columns,
            returning: &returning,
            many: manner == Manner::Many,
            expressions: &open.expressions,
        };
        let sql = statement::compiled(self.orm, self.plan.session, &mapped.table, &shape)?;
        let given = |a: &u16| columns.iter().any(|c| c.attribute == Some(*a));
        let generated = mapped.autoincrement.and_then(|i| mapped.columns.get(i)?.attribute);
        let generated = generated.filter(|a| open.kind == StepKind::Insert && !given(a));
        self.plan.batches.push(Batch {
            kind: open.kind,
            table: mapped.table.clone(),
            relationship: None,
            mapper: open.mapper,
            columns,
            first: StepId(small(open.first)),
            count: small(count),
            manner,
            generated,
            sql,
        });
        Ok(())
    }

    /// How a batch runs.
    fn manner(&self, open: &Open, owner: &Mapper, count: usize) -> Manner {
        if count < 2 || !open.expressions.is_empty() {
            return Manner::Single;
        }
        match open.kind {
            StepKind::Insert if open.complete => Manner::Many,
            StepKind::Insert if statement::returns_in_order(self.orm, self.plan.session) => {
                Manner::Returning
            }
            StepKind::Insert => Manner::Single,
            StepKind::Update | StepKind::Delete if owner.version.is_some() => Manner::Single,
            _ => Manner::Many,
        }
    }

    /// What an INSERT brings back: server defaults, and keys when it has many rows.
    fn returning(
        &self,
        open: &Open,
        owner: &Mapper,
        mapped: &MappedTable,
        manner: Manner,
    ) -> Vec<Column> {
        let mut columns = Vec::new();
        if open.kind != StepKind::Insert || open.complete {
            return columns;
        }
        let returns = statement::returns_defaults(self.orm, self.plan.session);
        let eager = owner.eager_defaults != Some(false) && returns;
        let missing = |position: usize| !open.columns.iter().any(|c| c.position == position);
        for (position, column) in mapped.columns.iter().enumerate() {
            // SQLAlchemy asks for the version it has just given, and the key comes along.
            let asked = manner == Manner::Returning || (owner.version.is_some() && returns);
            let key = column.primary_key && asked;
            let default =
                column.server_default && !column.primary_key && eager && missing(position);
            if key || default {
                columns.push(column.column.clone());
            }
        }
        columns
    }
}
