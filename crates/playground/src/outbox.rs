//! What waits to be sent: answers, and events stamped with number, place and time.

use std::cell::RefCell;
use std::rc::Rc;

use vidro_protocol::{Event, EventBody, Notice, NoticeKind, Response, ResponseBody, Span, ToPage};
use vidro_script::Place;

use crate::clock::Clock;
use crate::convert;

/// Beyond this many events of one run only those that tell its end are kept.
const MOST_EVENTS: u32 = 200_000;
/// Beyond this many statements of one run only those that do something are told: a loop that computes
/// would bury the page.
const MOST_STATEMENTS: u32 = 2_000;
/// Pieces of output that one line writes in a long loop are joined up to this many bytes.
const LONGEST_OUTPUT: usize = 16 << 10;
/// Beyond this many bytes of one run output is no longer kept.
const MOST_OUTPUT: usize = 4 << 20;

/// Collects answers and events until somebody takes them. Clones share.
#[derive(Clone)]
pub(crate) struct Outbox(Rc<Inner>);

struct Inner {
    clock: Rc<dyn Clock>,
    place: Place,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    waiting: ToPage,
    /// Number of the next event.
    seq: u32,
    /// When the run began, in seconds of the clock.
    started: f64,
    /// Events of this run so far.
    events: u32,
    /// Bytes of output of this run so far.
    output: usize,
    /// Statements of this run so far.
    statements: u32,
    /// The last statement of a long run, while it has done nothing yet.
    held: Option<Event>,
}

impl Outbox {
    pub(crate) fn new(clock: Rc<dyn Clock>) -> Self {
        Self(Rc::new(Inner { clock, place: Place::default(), state: RefCell::default() }))
    }

    /// Where the script is; the script writes it, the stamp reads it.
    pub(crate) fn place(&self) -> &Place {
        &self.0.place
    }

    pub(crate) fn clock(&self) -> &Rc<dyn Clock> {
        &self.0.clock
    }

    /// A run begins: time and counts start over.
    pub(crate) fn restart(&self) {
        let mut state = self.0.state.borrow_mut();
        state.started = self.0.clock.elapsed();
        state.events = 0;
        state.output = 0;
        state.statements = 0;
        state.held = None;
    }

    /// Whether there are so many events that no more are wanted.
    pub(crate) fn is_full(&self) -> bool {
        self.0.state.borrow().events >= MOST_EVENTS
    }

    /// Whether so many statements ran that only those are told that do something.
    pub(crate) fn is_long(&self) -> bool {
        self.0.state.borrow().statements >= MOST_STATEMENTS
    }

    pub(crate) fn emit(&self, body: EventBody) {
        let span = self.0.place.get().map(|location| convert::span(&location));
        self.emit_at(span, body);
    }

    pub(crate) fn emit_at(&self, span: Option<Span>, body: EventBody) {
        let mut state = self.0.state.borrow_mut();
        let last_words = matches!(
            body,
            EventBody::Paused(_)
                | EventBody::Finished
                | EventBody::Stopped
                | EventBody::Failed(_)
                | EventBody::Notice(_)
                | EventBody::Output(_)
        );
        if state.events == MOST_EVENTS {
            state.events += 1;
            let arguments = vec![MOST_EVENTS.to_string()];
            let cut = Notice { kind: NoticeKind::EventsCut, arguments };
            state.push(self.0.clock.elapsed(), span, EventBody::Notice(cut));
        }
        if state.events > MOST_EVENTS && !last_words {
            return;
        }
        if let EventBody::Output(output) = &body {
            let before = state.output;
            state.output = before.saturating_add(output.text.len());
            if state.output > MOST_OUTPUT {
                if before <= MOST_OUTPUT {
                    let cut = Notice { kind: NoticeKind::OutputCut, arguments: Vec::new() };
                    state.push(self.0.clock.elapsed(), span, EventBody::Notice(cut));
                }
                return;
            }
        }
        state.push(self.0.clock.elapsed(), span, body);
    }

    pub(crate) fn answer(&self, id: u32, body: ResponseBody) {
        self.0.state.borrow_mut().waiting.responses.push(Response { id, body });
    }

    /// Everything that waits; empty when nothing does.
    pub(crate) fn take(&self) -> ToPage {
        std::mem::take(&mut self.0.state.borrow_mut().waiting)
    }
}

impl State {
    fn push(&mut self, now: f64, span: Option<Span>, body: EventBody) {
        let time = (now - self.started) * 1000.0;
        if body == EventBody::Statement {
            self.statements = self.statements.saturating_add(1);
            if self.statements > MOST_STATEMENTS {
                self.held = Some(Event { seq: 0, time, span, body });
                return;
            }
        } else if let Some(held) = self.held.take() {
            if self.joins(span, &body) {
                return;
            }
            self.append(held.time, held.span, held.body);
        }
        self.append(time, span, body);
    }

    /// In a long loop, output goes to the output before it when the same line wrote both.
    fn joins(&mut self, span: Option<Span>, body: &EventBody) -> bool {
        match (self.waiting.events.last_mut(), body) {
            (
                Some(Event { span: before, body: EventBody::Output(last), .. }),
                EventBody::Output(more),
            ) if *before == span
                && last.stream == more.stream
                && last.text.len() < LONGEST_OUTPUT =>
            {
                last.text.push_str(&more.text);
                true
            }
            _ => false,
        }
    }

    fn append(&mut self, time: f64, span: Option<Span>, body: EventBody) {
        self.waiting.events.push(Event { seq: self.seq, time, span, body });
        self.seq = self.seq.wrapping_add(1);
        self.events = self.events.saturating_add(1);
    }
}

impl std::fmt::Debug for Outbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outbox").finish_non_exhaustive()
    }
}
