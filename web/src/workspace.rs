//! What the page shows: a fold of the event log.
//!
//! [`Workspace::apply`] takes one event; the state at step *n* is the fold of the first *n* events. Nothing here
//! knows the browser, so all of it is tested natively.

mod database;
mod flush;
mod objects;
mod pool;

pub(crate) use database::{Database, Row, RowMark, TableState};
pub(crate) use flush::PlanRun;
pub(crate) use objects::{Card, SessionCard, Slot};
pub(crate) use pool::{Holder, Link, Moment, PoolState};

use std::collections::BTreeMap;
use std::rc::Rc;
use vidro_protocol::{Diagnostic, Engine, Event, EventBody, ModelView, Span};

/// Where the run stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Nothing ran yet.
    #[default]
    Empty,
    /// A script runs.
    Running,
    /// It waits for the reader.
    Paused,
    /// It ended well.
    Finished,
    /// It was stopped.
    Stopped,
    /// It ended with an error.
    Failed,
}

/// Everything the page shows of a run at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Workspace {
    /// Where the run stands.
    pub phase: Phase,
    /// How many events were folded.
    pub at: usize,
    /// How many statements of the script began.
    pub statement: usize,
    /// The line the run is at.
    pub line: Option<Span>,
    /// The error that ended the run.
    pub error: Option<Rc<Diagnostic>>,
    /// Mapped classes by name.
    pub models: Rc<Vec<ModelView>>,
    /// Engines in order of creation.
    pub engines: Vec<Rc<Engine>>,
    /// Their pools.
    pub pools: Vec<Rc<PoolState>>,
    /// Objects by id.
    pub objects: BTreeMap<u32, Rc<Card>>,
    /// Sessions by id.
    pub sessions: BTreeMap<u32, Rc<SessionCard>>,
    /// Tables, rows and open transactions.
    pub database: Database,
    /// The plan of the next flush, or of the last one.
    pub plan: Option<Rc<PlanRun>>,
}

impl Workspace {
    /// Folds one event.
    pub(crate) fn apply(&mut self, event: &Event) {
        if matches!(event.body, EventBody::ScriptStarted) {
            *self = Self { phase: Phase::Running, at: self.at, ..Self::default() };
        }
        self.at += 1;
        self.script(event);
        self.schema(&event.body);
        self.database.apply(&event.body, self.statement);
        pool::apply(&mut self.pools, &event.body, event.span);
        objects::apply(self, &event.body);
        flush::apply(self, event);
    }

    fn script(&mut self, event: &Event) {
        match &event.body {
            EventBody::ScriptResumed => {
                self.phase = Phase::Running;
                self.error = None;
            }
            EventBody::Statement => {
                self.phase = Phase::Running;
                self.statement += 1;
                self.line = event.span;
            }
            EventBody::Paused(_) => {
                self.phase = Phase::Paused;
                self.line = event.span.or(self.line);
            }
            EventBody::Finished => self.end(Phase::Finished),
            EventBody::Stopped => self.end(Phase::Stopped),
            EventBody::Failed(diagnostic) => {
                self.end(Phase::Failed);
                self.error = Some(Rc::new(diagnostic.clone()));
            }
            _ => {}
        }
    }

    fn end(&mut self, phase: Phase) {
        self.phase = phase;
        self.line = None;
    }

    fn schema(&mut self, body: &EventBody) {
        match body {
            EventBody::ModelDeclared(model) => {
                let models = Rc::make_mut(&mut self.models);
                match models.iter_mut().find(|known| known.class == model.class) {
                    Some(known) => *known = model.clone(),
                    None => models.push(model.clone()),
                }
            }
            EventBody::ModelsCleared => self.models = Rc::default(),
            EventBody::EngineCreated(engine) => self.engines.push(Rc::new(engine.clone())),
            _ => {}
        }
    }

    /// What a reader calls an object: its variable, its key, or its class and number.
    pub(crate) fn name_of(&self, id: u32) -> String {
        self.objects.get(&id).map_or_else(|| format!("#{id}"), |card| card.label())
    }

    /// The mapped class of that name.
    pub(crate) fn model(&self, class: &str) -> Option<&ModelView> {
        self.models.iter().find(|model| model.class == class)
    }
}

#[cfg(test)]
mod tests;
