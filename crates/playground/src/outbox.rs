//! What waits to be sent: answers, and events stamped with number, place and time.

use std::cell::RefCell;
use std::rc::Rc;

use vidro_protocol::{Event, EventBody, Notice, NoticeKind, Response, ResponseBody, Span, ToPage};
use vidro_script::Place;

use crate::clock::Clock;
use crate::convert;

/// Beyond this many events of one run only those that tell its end are kept.
const MOST_EVENTS: u32 = 200_000;
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
    }

    /// Whether there are so many events that no more are wanted.
    pub(crate) fn is_full(&self) -> bool {
        self.0.state.borrow().events >= MOST_EVENTS
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
