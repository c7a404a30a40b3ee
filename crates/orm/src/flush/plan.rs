//! From changes to statements: every row a step, its operands, and the batches that run together.

mod batch;
mod rows;

use std::rc::Rc;

use vidro_sql::Value;
use vidro_sql::schema::{Column, Table};

use super::changes::Changes;
use super::collect::{Unit, UnitIndex, Units};
use super::order::{Group, Order, order};
use super::statement::Sql;
use crate::Orm;
use crate::error::{Error, Result};
use crate::instance::InstanceId;
use crate::mapping::{MapperId, RelationshipId};
use crate::session::SessionId;

pub(crate) use rows::{Progress, sort};

/// A step of a plan: one row. Steps are numbered in the order they run in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepId(pub u32);

impl StepId {
    pub(crate) fn position(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// INSERT of an object's row.
    Insert,
    /// UPDATE of an object's row.
    Update,
    /// DELETE of an object's row.
    Delete,
    /// INSERT into an association table.
    AssociationInsert,
    /// DELETE from an association table.
    AssociationDelete,
    /// UPDATE of foreign keys that could not be written earlier.
    PostUpdate,
}

/// A value that a statement needs.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// Known now.
    Known(Value),
    /// Known once another step has run: the column attribute it generates.
    From {
        /// The step.
        step: StepId,
        /// Attribute of the step's object.
        column: u16,
    },
    /// A SQL expression inside the statement.
    Expression,
}

/// One row to write.
#[derive(Clone, Debug)]
pub struct Step {
    /// What it does.
    pub kind: StepKind,
    /// Whose row; for an association row, the owner of the collection.
    pub instance: InstanceId,
    /// The other object of an association row.
    pub other: Option<InstanceId>,
    /// The batch it belongs to.
    pub batch: u32,
    /// Start of its operands.
    pub(crate) operands: u32,
    /// Its unit.
    pub(crate) unit: UnitIndex,
}

/// A column that the steps of a batch give an operand for.
#[derive(Clone, Debug)]
pub struct BatchColumn {
    /// The column.
    pub column: Column,
    /// Its attribute; none in association tables.
    pub attribute: Option<u16>,
    /// It finds the row; otherwise it is written.
    pub condition: bool,
}

/// How the steps of a batch reach the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// One execution for each step.
    Single,
    /// One execution for all steps.
    Many,
    /// "insertmanyvalues": each step brings generated values back, in order.
    Returning,
}

/// Consecutive steps that share a statement.
#[derive(Clone, Debug)]
pub struct Batch {
    /// What its steps do.
    pub kind: StepKind,
    /// The table.
    pub table: Table,
    /// The relationship whose association table this is.
    pub relationship: Option<RelationshipId>,
    /// The mapper of its objects.
    pub mapper: MapperId,
    /// The operands of each step, in this order.
    pub columns: Rc<[BatchColumn]>,
    /// Its first step.
    pub first: StepId,
    /// How many steps it has.
    pub count: u32,
    /// How they run.
    pub manner: Manner,
    /// The attribute whose value the database generates.
    pub generated: Option<u16>,
    /// The statement.
    pub(crate) sql: Rc<Sql>,
}

impl Batch {
    /// Its steps.
    pub fn steps(&self) -> impl Iterator<Item = StepId> {
        (self.first.0..self.first.0 + self.count).map(StepId)
    }

    /// The statement's text.
    pub fn sql(&self) -> &str {
        self.sql.text()
    }
}

/// A flush, as a value: what will run, in order.
#[derive(Debug)]
pub struct FlushPlan {
    /// Whose.
    pub session: SessionId,
    /// All rows, in the order they are written.
    pub steps: Vec<Step>,
    /// The same, by statement.
    pub batches: Vec<Batch>,
    /// Operands of all steps.
    pub(crate) operands: Vec<Operand>,
    /// Deletions that an INSERT of the same key made superfluous: the new object and the old.
    pub(crate) row_switches: Vec<(InstanceId, InstanceId)>,
    /// Loads between the batches, in order.
    pub(crate) refreshes: Vec<Refresh>,
    /// What the steps were made of.
    pub(crate) units: Vec<PlannedUnit>,
    /// The steps are not all: what comes after them waits for itself.
    pub(crate) circular: Option<Error>,
}

/// Expired attributes that are loaded on the way, because a statement or a copy reads the key among them.
#[derive(Clone, Debug)]
pub(crate) struct Refresh {
    pub(crate) instance: InstanceId,
    pub(crate) attributes: Vec<u16>,
    /// The batch it comes before.
    pub(crate) before: u32,
}

/// What a plan knows of a unit.
#[derive(Clone, Debug)]
pub(crate) struct PlannedUnit {
    /// The INSERT that generates its key.
    pub(crate) insert: Option<StepId>,
    pub(crate) reason: super::Reason,
}

impl FlushPlan {
    /// A plan without steps.
    pub(crate) fn new(units: &Units) -> Self {
        let planned = |unit: &Unit| PlannedUnit { insert: None, reason: unit.reason };
        Self {
            session: units.session,
            steps: Vec::with_capacity(units.all.len()),
            batches: Vec::new(),
            operands: Vec::with_capacity(units.all.len() * 4),
            row_switches: Vec::new(),
            refreshes: Vec::new(),
            units: units.all.iter().map(planned).collect(),
            circular: None,
        }
    }

    /// The operands of a step, in the order of its batch's columns.
    pub fn operands(&self, step: StepId) -> &[Operand] {
        let Some(step) = self.steps.get(step.position()) else { return &[] };
        let Some(batch) = self.batch(step) else { return &[] };
        let start = usize::try_from(step.operands).unwrap_or(usize::MAX);
        self.operands.get(start..start + batch.columns.len()).unwrap_or_default()
    }

    /// The batch of a step.
    pub fn batch(&self, step: &Step) -> Option<&Batch> {
        self.batches.get(usize::try_from(step.batch).ok()?)
    }

    /// Whether nothing would run.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

/// Lays out the statements of a flush. Reads objects, writes nothing.
pub(crate) fn plan(orm: &Orm, units: &Units, changes: &Changes) -> Result<FlushPlan> {
    let Order { groups, circular } = order(orm, units);
    let mut plan = FlushPlan { circular, ..FlushPlan::new(units) };
    let mut progress = Progress::default();
    for group in groups {
        add(orm, units, changes, group, &mut plan, &mut progress)?;
    }
    Ok(plan)
}

/// Lays out the statements of one group behind those that are there.
pub(crate) fn add(
    orm: &Orm,
    units: &Units,
    changes: &Changes,
    group: Group,
    plan: &mut FlushPlan,
    progress: &mut Progress,
) -> Result<()> {
    let mut planner = rows::Planner::new(orm, units, changes, plan, progress);
    match group {
        Group::Save(base, members) => planner.save(base, members),
        Group::Delete(base, members) => planner.delete(base, members),
        Group::Process { relationship, delete, units } => {
            planner.process(relationship, delete, &units)
        }
        Group::PostUpdate { mapper, delete } => planner.post_update(mapper, delete),
    }
}
