//! Listens to engines, ORM and script, and puts what they say into the outbox in the reader's words.

mod engine;
mod objects;

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use vidro_engine::Construct;
use vidro_orm::flush::FlushPlan;
use vidro_orm::{InstanceId, Orm, SessionId};
use vidro_protocol::{EventBody, Output, PlanView, Purpose, Stream, TableView};
use vidro_script::{Location, Model, Places, Surroundings};

use crate::convert::Names;
use crate::outbox::Outbox;

/// The listener of one run.
pub(crate) struct Recorder {
    outbox: Outbox,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    /// Statements so far.
    statements: u32,
    /// What the last statements were compiled from, oldest first.
    constructs: VecDeque<Option<Construct>>,
    /// Tables of each engine as they were told.
    tables: BTreeMap<u32, Vec<TableView>>,
    /// Why statements run now, innermost last.
    purposes: Vec<Purpose>,
    /// Flushes so far; a preview shows the next number.
    flushes: u32,
    /// The plan that runs.
    running: Option<PlanView>,
    /// Objects whose rows the running plan writes.
    written: Vec<InstanceId>,
    /// Steps of the running batch whose statements have not run yet.
    steps: Vec<u32>,
    /// Whether the mapping may have changed since it was told.
    declared: bool,
    /// What the script calls its objects.
    names: Names,
    /// Resolves the ORM's tags; set as soon as there is a script.
    places: Option<Places>,
}

impl Recorder {
    pub(crate) fn new(outbox: Outbox) -> Rc<Self> {
        Rc::new(Self { outbox, state: RefCell::default() })
    }

    /// Where the script's lines are.
    pub(crate) fn locate(&self, places: Places) {
        self.state.borrow_mut().places = Some(places);
    }

    /// What the script calls its objects now.
    pub(crate) fn name(&self, names: Names) {
        self.state.borrow_mut().names = names;
    }

    /// A plan in the reader's words. `number` names the flush.
    pub(crate) fn plan(
        &self,
        orm: &Orm,
        number: u32,
        session: SessionId,
        plan: &FlushPlan,
    ) -> Option<PlanView> {
        let state = self.state.borrow();
        let places = state.places.as_ref()?;
        Some(crate::convert::plan(orm, number, session, plan, places, &state.names))
    }

    /// Whether classes were mapped since the last call.
    pub(crate) fn take_declared(&self) -> bool {
        std::mem::take(&mut self.state.borrow_mut().declared)
    }

    /// What a statement was compiled from; nothing for one that was given as text or ran long ago.
    pub(crate) fn construct(&self, statement: u32) -> Option<Construct> {
        self.state.borrow().construct(statement).cloned()
    }

    /// The number the next flush will have.
    pub(crate) fn next_flush(&self) -> u32 {
        self.state.borrow().flushes.saturating_add(1)
    }

    fn emit(&self, body: EventBody) {
        self.outbox.emit(body);
    }
}

impl Surroundings for Recorder {
    fn write(&self, text: &str, at: Option<&Location>) {
        let stream = Stream::Stdout;
        let body = EventBody::Output(Output { text: text.into(), stream });
        self.outbox.emit_at(at.map(crate::convert::span), body);
    }

    fn write_log(&self, text: &str, at: Option<&Location>) {
        let body = EventBody::Output(Output { text: text.into(), stream: Stream::Echo });
        self.outbox.emit_at(at.map(crate::convert::span), body);
    }

    fn now(&self) -> i128 {
        self.outbox.clock().now()
    }

    fn elapsed(&self) -> f64 {
        self.outbox.clock().elapsed()
    }

    fn random(&self) -> u64 {
        self.outbox.clock().random()
    }

    fn at_statement(&self, at: &Location) {
        if !self.outbox.is_full() {
            self.outbox.emit_at(Some(crate::convert::span(at)), EventBody::Statement);
        }
    }

    fn declared(&self, _: &Model) {
        self.state.borrow_mut().declared = true;
    }
}
