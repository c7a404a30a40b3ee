//! Looking at a plan: why each step is there, why it comes where it does, and the whole as text.

use std::fmt;

use vidro_sql::Value;

use super::Reason;
use super::plan::{FlushPlan, Operand, Step, StepId, StepKind};
use crate::Orm;
use crate::instance::{InstanceId, SpanTag};
use crate::mapping::RelationshipId;

/// One step must precede another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The earlier step.
    pub before: StepId,
    /// The later one.
    pub after: StepId,
    /// Why.
    pub why: Why,
}

/// Why one step must precede another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The later step needs a value that the earlier one generates.
    Value {
        /// Attribute of the earlier step's object.
        column: u16,
    },
    /// A row that refers to another goes before that one.
    ChildFirst,
    /// The foreign key is written when both rows are there, or cleared before one goes.
    PostUpdate,
    /// The tables of one object: the parent class's row comes first.
    Inheritance,
    /// Nothing but the order of `add()`.
    AddOrder,
    /// Nothing but the primary key.
    PrimaryKey,
}

impl Why {
    /// Whether this is a tie-break and not a need.
    pub fn is_tie_break(self) -> bool {
        matches!(self, Self::AddOrder | Self::PrimaryKey)
    }
}

/// Why a step is in the plan.
#[derive(Clone, Debug, PartialEq)]
pub enum Cause {
    /// Why its object takes part.
    Reason(Reason),
    /// An attribute differs from its row.
    Changed {
        /// Column attribute.
        column: u16,
        /// What the row holds, if that is known.
        old: Option<Value>,
        /// What it will hold; `None` when a statement or step computes it.
        new: Option<Value>,
        /// The line that changed it.
        span: SpanTag,
    },
    /// An object joined or left a collection with an association table.
    Associated {
        /// The owner of the collection.
        owner: InstanceId,
        /// Which relationship.
        relationship: RelationshipId,
    },
}

impl FlushPlan {
    /// Why a step is in the plan.
    pub fn causes(&self, orm: &Orm, step: StepId) -> Vec<Cause> {
        let Some(found) = self.steps.get(step.position()) else { return Vec::new() };
        let Some(batch) = self.batch(found) else { return Vec::new() };
        if let (Some(relationship), Some(_)) = (batch.relationship, found.other) {
            return vec![Cause::Associated { owner: found.instance, relationship }];
        }
        let unit = usize::try_from(found.unit.0).ok().and_then(|index| self.units.get(index));
        let mut causes: Vec<Cause> =
            unit.map(|unit| Cause::Reason(unit.reason)).into_iter().collect();
        if found.kind != StepKind::Update {
            return causes;
        }
        let instance = &orm.instances[found.instance];
        for (column, operand) in batch.columns.iter().zip(self.operands(step)) {
            let Some(attribute) = column.attribute.filter(|_| !column.condition) else { continue };
            let (old, span) = match instance.committed_column(attribute) {
                Some((old, span)) => (old.value().cloned(), span),
                None => (instance.column(attribute).value().cloned(), SpanTag::default()),
            };
            let new = match operand {
                Operand::Known(value) => Some(value.clone()),
                Operand::From { .. } | Operand::Expression => None,
            };
            causes.push(Cause::Changed { column: attribute, old, new, span });
        }
        causes
    }

    /// The edges that end at a step, found when asked for.
    pub fn edges_into(&self, orm: &Orm, step: StepId) -> Vec<Edge> {
        let Some(after) = self.steps.get(step.position()) else { return Vec::new() };
        let mut edges = Vec::new();
        for operand in self.operands(step) {
            if let Operand::From { step: before, column } = operand {
                let same =
                    self.steps.get(before.position()).is_some_and(|s| s.instance == after.instance);
                let why = match (after.kind, same) {
                    (StepKind::Insert, true) => Why::Inheritance,
                    (StepKind::PostUpdate, _) => Why::PostUpdate,
                    _ => Why::Value { column: *column },
                };
                edges.push(Edge { before: *before, after: step, why });
            }
        }
        if after.kind == StepKind::Delete {
            self.children_first(orm, step, after, &mut edges);
        }
        if edges.is_empty()
            && let Some(tie) = self.tie_break(step, after)
        {
            edges.push(tie);
        }
        edges
    }

    /// Every edge of the plan.
    pub fn edges(&self, orm: &Orm) -> Vec<Edge> {
        let steps = 0..u32::try_from(self.steps.len()).unwrap_or(u32::MAX);
        steps.flat_map(|step| self.edges_into(orm, StepId(step))).collect()
    }

    /// Rows that refer to a deleted row go, or let go, before it.
    fn children_first(&self, orm: &Orm, step: StepId, after: &Step, edges: &mut Vec<Edge>) {
        let mapper = orm.mapping.mapper(orm.instances[after.instance].mapper);
        let mut related: Vec<InstanceId> = Vec::new();
        for id in &mapper.relationships {
            if let Some(slot) = mapper.slot(*id) {
                let instance = &orm.instances[after.instance];
                related.extend(instance.related(slot).ids());
                related
                    .extend(instance.committed_related(slot).iter().flat_map(|(old, _)| old.ids()));
            }
        }
        for (index, before) in self.steps.iter().enumerate().take(step.position()) {
            let concerns = related.contains(&before.instance)
                || before.other == Some(after.instance)
                || (before.other.is_some() && before.instance == after.instance);
            if concerns && before.kind != StepKind::Insert {
                let before = StepId(u32::try_from(index).unwrap_or(u32::MAX));
                edges.push(Edge { before, after: step, why: Why::ChildFirst });
            }
        }
    }

    fn tie_break(&self, step: StepId, after: &Step) -> Option<Edge> {
        let batch = self.batch(after)?;
        if batch.first == step {
            return None;
        }
        let why = match after.kind {
            StepKind::Insert | StepKind::AssociationInsert | StepKind::AssociationDelete => {
                Why::AddOrder
            }
            StepKind::Update | StepKind::Delete | StepKind::PostUpdate => Why::PrimaryKey,
        };
        Some(Edge { before: StepId(step.0 - 1), after: step, why })
    }
}

/// The plan as text: a line for each step, `(1) from step 1` where a value is copied.
impl fmt::Display for FlushPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.steps.iter().enumerate() {
            let Some(batch) = self.batch(step) else { continue };
            let (sign, verb) = match step.kind {
                StepKind::Insert | StepKind::AssociationInsert => ('+', "insert into"),
                StepKind::Update | StepKind::PostUpdate => ('~', "update"),
                StepKind::Delete | StepKind::AssociationDelete => ('-', "delete from"),
            };
            write!(f, "{:>3} {sign} {verb} {}", index + 1, batch.table.full_name())?;
            let id = StepId(u32::try_from(index).unwrap_or(u32::MAX));
            for (column, operand) in batch.columns.iter().zip(self.operands(id)) {
                let word = if column.condition { " where" } else { "" };
                write!(f, "{word} {}=", column.column.name())?;
                match operand {
                    Operand::Known(value) => write!(f, "{}", value.repr())?,
                    Operand::From { step, .. } => write!(f, "(key of step {})", step.0 + 1)?,
                    Operand::Expression => write!(f, "(expression)")?,
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
