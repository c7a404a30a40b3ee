//! Flush plans: steps in waves, operands, causes, edges with reasons.

use vidro_orm::flush::{
    Batch, Cause, Edge, FlushPlan, Operand, Reason, Step, StepId, StepKind, Why,
};
use vidro_orm::instance::Cause as Membership;
use vidro_orm::{InstanceId, Orm, RelationshipId, SessionId, SpanTag};
use vidro_protocol as view;
use vidro_script::Places;

use super::{Names, relationship_name, small, span, value};

/// Steps of one plan that are shown.
const MOST_STEPS: usize = 500;

/// The number of a step in the page: from 1.
pub(crate) fn step_number(step: StepId) -> u32 {
    step.0.saturating_add(1)
}

/// A whole plan. `number` names the flush.
pub(crate) fn plan(
    orm: &Orm,
    number: u32,
    session: SessionId,
    plan: &FlushPlan,
    places: &Places,
    names: &Names,
) -> view::PlanView {
    let context = Context { orm, plan, places, names };
    let shown = plan.steps.len().min(MOST_STEPS);
    let ids: Vec<StepId> = (0..small(shown)).map(StepId).collect();
    let edges: Vec<Edge> = ids.iter().flat_map(|id| plan.edges_into(orm, *id)).collect();
    let waves = waves(&edges, shown);
    let steps = plan.steps.iter().zip(&ids).zip(&waves);
    view::PlanView {
        flush: number,
        session: session.get(),
        steps: steps.map(|((step, id), wave)| context.step(*id, step, *wave)).collect(),
        edges: edges.iter().map(|edge| context.edge(edge)).collect(),
        batches: plan.batches.iter().map(|batch| batch_view(batch, shown)).collect(),
        step_count: small(plan.steps.len()),
    }
}

/// The wave of each step: one more than the latest step it must wait for.
fn waves(edges: &[Edge], count: usize) -> Vec<u32> {
    let mut waves = vec![1_u32; count];
    // Edges come by their later step, which never precedes the earlier one.
    for edge in edges.iter().filter(|edge| !edge.why.is_tie_break()) {
        let position = |step: StepId| usize::try_from(step.0).unwrap_or(usize::MAX);
        let before = waves.get(position(edge.before)).copied().unwrap_or(1);
        if let Some(after) = waves.get_mut(position(edge.after)) {
            *after = (*after).max(before.saturating_add(1));
        }
    }
    waves
}

fn batch_view(batch: &Batch, shown: usize) -> view::BatchView {
    let steps = batch.steps().map(step_number).filter(|number| *number <= small(shown));
    view::BatchView { sql: batch.sql().trim().to_owned(), steps: steps.collect() }
}

struct Context<'a> {
    orm: &'a Orm,
    plan: &'a FlushPlan,
    places: &'a Places,
    names: &'a Names,
}

impl Context<'_> {
    fn step(&self, id: StepId, step: &Step, wave: u32) -> view::StepView {
        let Some(batch) = self.plan.batch(step) else { return view::StepView::default() };
        let is_pair = step.other.is_some();
        let class = &self.orm.mapping.mapper(batch.mapper).class_name;
        view::StepView {
            id: step_number(id),
            action: action(step.kind),
            class: if is_pair { String::new() } else { class.to_string() },
            object: (!is_pair).then(|| step.instance.get()),
            table: batch.table.full_name(),
            operands: self.operands(id, step, batch),
            old: self.old(step, batch),
            causes: self.plan.causes(self.orm, id).iter().map(|c| self.cause(c, step)).collect(),
            wave,
            batch: step.batch,
        }
    }

    fn operands(&self, id: StepId, step: &Step, batch: &Batch) -> Vec<view::Operand> {
        let given = batch.columns.iter().zip(self.plan.operands(id));
        let mut operands: Vec<view::Operand> = given
            .map(|(column, operand)| view::Operand {
                column: column.column.name().to_string(),
                value: match operand {
                    Operand::Known(known) => view::OperandValue::Known(value(known)),
                    Operand::From { step, column } => view::OperandValue::From {
                        step: step_number(*step),
                        column: self.column(*step, *column),
                    },
                    Operand::Expression => {
                        let text = "SQL …".to_owned();
                        view::OperandValue::Known(view::Value { text, ..Default::default() })
                    }
                },
                condition: column.condition,
            })
            .collect();
        if let Some(made) = batch.generated {
            let column = super::column_name(self.orm, step.instance, made);
            let value = view::OperandValue::Generated;
            operands.insert(0, view::Operand { column, value, condition: false });
        }
        operands
    }

    /// The column attribute of the object of another step.
    fn column(&self, step: StepId, column: u16) -> String {
        let step = usize::try_from(step.0).ok().and_then(|at| self.plan.steps.get(at));
        step.map(|step| super::column_name(self.orm, step.instance, column)).unwrap_or_default()
    }

    fn old(&self, step: &Step, batch: &Batch) -> Vec<view::NamedValue> {
        if !matches!(step.kind, StepKind::Update | StepKind::PostUpdate) {
            return Vec::new();
        }
        let instance = &self.orm.instances[step.instance];
        let changed = batch.columns.iter().filter(|column| !column.condition);
        changed
            .filter_map(|column| {
                let (old, _) = instance.committed_column(column.attribute?)?;
                let name = column.column.name().to_string();
                Some(view::NamedValue { name, value: super::slot(old)? })
            })
            .collect()
    }

    fn place(&self, tag: SpanTag) -> Option<view::Span> {
        self.places.get(tag).map(|location| span(&location))
    }

    fn path(&self, owner: InstanceId, relationship: RelationshipId) -> String {
        let owner = self.name(owner);
        format!("{owner}.{}", relationship_name(self.orm, relationship))
    }

    fn name(&self, id: InstanceId) -> String {
        super::name(self.orm, self.names, id)
    }

    fn cause(&self, cause: &Cause, step: &Step) -> view::Cause {
        match cause {
            Cause::Reason(reason) => self.reason(*reason, step),
            Cause::Changed { column, old, new, span } => {
                let text = |value: &Option<vidro_sql::Value>| {
                    value.as_ref().map_or_else(|| "…".into(), |known| super::value(known).text)
                };
                view::Cause {
                    kind: view::CauseKind::AttributeChanged,
                    arguments: vec![
                        super::column_name(self.orm, step.instance, *column),
                        text(old),
                        text(new),
                    ],
                    span: self.place(*span),
                }
            }
            Cause::Associated { owner, relationship } => {
                let kind = if step.kind == StepKind::AssociationInsert {
                    view::CauseKind::CollectionAppended
                } else {
                    view::CauseKind::CollectionRemoved
                };
                self.along(kind, *owner, *relationship)
            }
        }
    }

    fn along(
        &self,
        kind: view::CauseKind,
        owner: InstanceId,
        relationship: RelationshipId,
    ) -> view::Cause {
        let instance = &self.orm.instances[owner];
        let slot = self.orm.mapping.mapper(instance.mapper()).slot(relationship);
        let changed = slot.and_then(|slot| instance.committed_related(slot));
        let span = changed.and_then(|(_, tag)| self.place(tag));
        view::Cause { kind, arguments: vec![self.path(owner, relationship)], span }
    }

    fn reason(&self, reason: Reason, step: &Step) -> view::Cause {
        let plain = |kind, cause: Membership| {
            let mut kind = kind;
            let mut arguments = vec![self.name(step.instance)];
            if let Some((owner, relationship)) = cause.via {
                kind = match kind {
                    view::CauseKind::Deleted => view::CauseKind::CascadeDelete,
                    _ => view::CauseKind::CascadeSaveUpdate,
                };
                arguments = vec![self.path(owner, relationship)];
            }
            view::Cause { kind, arguments, span: self.place(cause.span) }
        };
        match reason {
            Reason::Added(cause) => plain(view::CauseKind::Added, cause),
            Reason::Deleted(cause) => plain(view::CauseKind::Deleted, cause),
            Reason::Modified => view::Cause {
                kind: view::CauseKind::AttributeChanged,
                arguments: vec![self.name(step.instance), String::new(), String::new()],
                span: None,
            },
            Reason::Orphan => view::Cause {
                kind: view::CauseKind::Orphan,
                arguments: vec![self.name(step.instance)],
                span: None,
            },
            Reason::Related { owner, relationship } => {
                let deleted = self.orm.instances[owner].is_to_be_deleted();
                let kind =
                    if deleted { view::CauseKind::KeyCleared } else { view::CauseKind::KeyCopied };
                let column = self.first_written(step);
                let mut cause = self.along(kind, owner, relationship);
                cause.arguments.insert(0, column);
                cause
            }
            Reason::OrphanOf { owner, relationship } => {
                let deleted = self.orm.instances[owner].is_to_be_deleted();
                let kind =
                    if deleted { view::CauseKind::CascadeDelete } else { view::CauseKind::Orphan };
                self.along(kind, owner, relationship)
            }
        }
    }

    fn first_written(&self, step: &Step) -> String {
        let columns = self.plan.batch(step).map(|batch| &batch.columns);
        let written = columns.and_then(|columns| columns.iter().find(|column| !column.condition));
        written.map(|column| column.column.name().to_string()).unwrap_or_default()
    }

    fn edge(&self, edge: &Edge) -> view::EdgeView {
        let step = |id: StepId| {
            usize::try_from(id.0).ok().and_then(|position| self.plan.steps.get(position))
        };
        let table = |id: StepId| {
            let batch = step(id).and_then(|step| self.plan.batch(step));
            batch.map(|batch| batch.table.full_name()).unwrap_or_default()
        };
        let pair = step(edge.after).is_some_and(|step| step.other.is_some());
        let pair_first = step(edge.before).is_some_and(|step| step.other.is_some());
        let (kind, reason, arguments) = match edge.why {
            Why::Value { .. } if pair => {
                (view::EdgeKind::KeyCopy, view::ReasonKind::RowsBeforePair, vec![table(edge.after)])
            }
            Why::Value { column } => {
                let filled = step(edge.after).map(|step| self.filled(edge, step));
                let copied = format!("{}.{}", table(edge.before), self.column(edge.before, column));
                let arguments = vec![filled.unwrap_or_default(), copied];
                (view::EdgeKind::KeyCopy, view::ReasonKind::KeyCopied, arguments)
            }
            Why::ChildFirst if pair_first => {
                (view::EdgeKind::Must, view::ReasonKind::PairBeforeRows, vec![table(edge.before)])
            }
            Why::ChildFirst => {
                (view::EdgeKind::Must, view::ReasonKind::ChildFirst, vec![table(edge.before)])
            }
            Why::PostUpdate => {
                let filled = step(edge.after).map(|step| self.first_written(step));
                let arguments = filled.into_iter().collect();
                (view::EdgeKind::Must, view::ReasonKind::PostUpdate, arguments)
            }
            Why::Inheritance => {
                (view::EdgeKind::Must, view::ReasonKind::BaseTableFirst, vec![table(edge.before)])
            }
            Why::AddOrder => (view::EdgeKind::TieBreak, view::ReasonKind::AddOrder, Vec::new()),
            Why::PrimaryKey => {
                (view::EdgeKind::TieBreak, view::ReasonKind::PrimaryKeyOrder, Vec::new())
            }
        };
        view::EdgeView {
            before: step_number(edge.before),
            after: step_number(edge.after),
            kind,
            reason: view::Reason { kind: reason, arguments },
        }
    }

    /// The column of the later step that takes the earlier step's key.
    fn filled(&self, edge: &Edge, after: &Step) -> String {
        let Some(batch) = self.plan.batch(after) else { return String::new() };
        let taken = batch.columns.iter().zip(self.plan.operands(edge.after)).find(
            |(_, operand)| matches!(operand, Operand::From { step, .. } if *step == edge.before),
        );
        taken
            .map(|(column, _)| format!("{}.{}", batch.table.full_name(), column.column.name()))
            .unwrap_or_default()
    }
}

fn action(kind: StepKind) -> view::StepAction {
    match kind {
        StepKind::Insert => view::StepAction::Insert,
        StepKind::Update => view::StepAction::Update,
        StepKind::Delete => view::StepAction::Delete,
        StepKind::AssociationInsert => view::StepAction::Link,
        StepKind::AssociationDelete => view::StepAction::Unlink,
        StepKind::PostUpdate => view::StepAction::PostUpdate,
    }
}
