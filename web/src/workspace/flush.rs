//! The plan of the fold: what the next flush would do, or what the last one did.

use super::Workspace;
use std::collections::BTreeMap;
use std::rc::Rc;
use vidro_protocol::{Event, EventBody, FlushEnd, NamedValue, PlanStage, PlanView, Span};

/// A plan and how far it has run.
#[derive(Clone, Debug, Default)]
pub(crate) struct PlanRun {
    /// The plan.
    pub plan: Rc<PlanView>,
    /// Whether it is only a preview.
    pub stage: PlanStage,
    /// The line that flushed.
    pub span: Option<Span>,
    /// Steps that are done, with what the database filled in.
    pub done: BTreeMap<u32, Vec<NamedValue>>,
    /// Whether the flush is over.
    pub finished: bool,
    /// Whether it failed.
    pub failed: bool,
}

impl PlanRun {
    /// Whether it only shows what a flush would do.
    pub(crate) fn is_preview(&self) -> bool {
        self.stage == PlanStage::Preview
    }
}

/// Folds one event into the plan.
pub(super) fn apply(workspace: &mut Workspace, event: &Event) {
    match &event.body {
        EventBody::FlushPlanned(planned) => {
            if planned.stage == PlanStage::Preview && planned.plan.steps.is_empty() {
                if workspace.plan.as_ref().is_some_and(|plan| plan.is_preview()) {
                    workspace.plan = None;
                }
                return;
            }
            workspace.plan = Some(Rc::new(PlanRun {
                plan: Rc::new(planned.plan.clone()),
                stage: planned.stage,
                span: event.span,
                ..PlanRun::default()
            }));
        }
        EventBody::StepExecuted(step) => {
            if let Some(run) = running(workspace, step.flush) {
                run.done.insert(step.step, step.generated.clone());
            }
        }
        EventBody::FlushFinished(end) => finish(workspace, end),
        EventBody::FlushFailed(end) => {
            if let Some(run) = running(workspace, end.flush) {
                run.failed = true;
                run.finished = true;
            }
        }
        _ => {}
    }
}

fn running(workspace: &mut Workspace, flush: u32) -> Option<&mut PlanRun> {
    workspace
        .plan
        .as_mut()
        .filter(|run| run.plan.flush == flush && !run.is_preview())
        .map(Rc::make_mut)
}

/// A finished flush leaves no change open in its session.
fn finish(workspace: &mut Workspace, end: &FlushEnd) {
    if let Some(run) = running(workspace, end.flush) {
        run.finished = true;
    }
    for card in workspace
        .objects
        .values_mut()
        .filter(|card| card.session == Some(end.session) && card.is_dirty())
    {
        Rc::make_mut(card).settle();
    }
}
