//! The event log with checkpoints, so that any moment of a run is found fast.

use crate::workspace::Workspace;
use vidro_protocol::{Event, EventBody};

/// At most this many checkpoints are kept; the space between them grows with the log.
const CHECKPOINTS: usize = 32;
/// Events between the first checkpoints.
const FIRST_SPACING: usize = 256;
/// Events that are kept; what comes later moves only the live state.
const LIMIT: usize = 200_000;

/// All events of a run, and the live state.
#[derive(Debug)]
pub(crate) struct Log {
    events: Vec<Event>,
    checkpoints: Vec<(usize, Workspace)>,
    spacing: usize,
    live: Workspace,
    sql: Vec<usize>,
    output: Vec<usize>,
    stops: Vec<usize>,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            events: Vec::new(),
            checkpoints: Vec::new(),
            spacing: FIRST_SPACING,
            live: Workspace::default(),
            sql: Vec::new(),
            output: Vec::new(),
            stops: Vec::new(),
        }
    }
}

impl Log {
    /// Takes one more event. A new run begins a new log.
    pub(crate) fn push(&mut self, event: Event) {
        if matches!(event.body, EventBody::ScriptStarted) {
            *self = Self::default();
        }
        self.live.apply(&event);
        if self.events.len() >= LIMIT {
            return;
        }
        self.index(&event);
        self.events.push(event);
        if self.events.len().is_multiple_of(self.spacing) {
            self.checkpoint();
        }
    }

    fn index(&mut self, event: &Event) {
        let at = self.events.len();
        match &event.body {
            EventBody::Sql(_) | EventBody::Transaction(_) => self.sql.push(at),
            EventBody::Output(_) | EventBody::Notice(_) => self.output.push(at),
            _ => {}
        }
        if is_stop(&event.body) {
            self.stops.push(at + 1);
        }
    }

    fn checkpoint(&mut self) {
        self.checkpoints.push((self.events.len(), self.live.clone()));
        if self.checkpoints.len() > CHECKPOINTS {
            self.spacing *= 2;
            let spacing = self.spacing;
            self.checkpoints.retain(|(at, _)| at.is_multiple_of(spacing));
        }
    }

    /// How many events there are.
    pub(crate) fn len(&self) -> usize {
        self.events.len()
    }

    /// The state after all events.
    pub(crate) fn live(&self) -> &Workspace {
        &self.live
    }

    /// The state after the first `count` events.
    pub(crate) fn state_at(&self, count: usize) -> Workspace {
        if count >= self.events.len() {
            return self.live.clone();
        }
        let near = self.checkpoints.partition_point(|(at, _)| *at <= count);
        let (from, mut state) = near
            .checked_sub(1)
            .and_then(|at| self.checkpoints.get(at))
            .map_or_else(|| (0, Workspace::default()), |(at, state)| (*at, state.clone()));
        for event in self.events.iter().take(count).skip(from) {
            state.apply(event);
        }
        state
    }

    /// The event of that number, from 0.
    pub(crate) fn event(&self, at: usize) -> Option<&Event> {
        self.events.get(at)
    }

    /// Numbers of the statement and transaction events among the first `count`, in order.
    pub(crate) fn sql_before(&self, count: usize) -> &[usize] {
        let end = self.sql.partition_point(|at| *at < count);
        self.sql.get(..end).unwrap_or_default()
    }

    /// Numbers of the output events among the first `count`, in order.
    pub(crate) fn output_before(&self, count: usize) -> &[usize] {
        let end = self.output.partition_point(|at| *at < count);
        self.output.get(..end).unwrap_or_default()
    }

    /// The last moment worth a stop before `count`.
    pub(crate) fn stop_before(&self, count: usize) -> usize {
        let at = self.stops.partition_point(|stop| *stop < count);
        at.checked_sub(1).and_then(|at| self.stops.get(at)).copied().unwrap_or(0)
    }

    /// The first moment worth a stop after `count`.
    pub(crate) fn stop_after(&self, count: usize) -> usize {
        let at = self.stops.partition_point(|stop| *stop <= count);
        self.stops.get(at).copied().unwrap_or(self.events.len())
    }

    /// Up to `most` events that deserve a mark on the timeline, spread evenly.
    pub(crate) fn marks(&self, most: usize) -> Vec<usize> {
        let stride = self.stops.len().div_ceil(most.max(1)).max(1);
        self.stops.iter().step_by(stride).map(|stop| stop - 1).collect()
    }
}

/// Whether a reader who steps through the log wants to stop after this event.
fn is_stop(body: &EventBody) -> bool {
    matches!(
        body,
        EventBody::Statement
            | EventBody::Finished
            | EventBody::Stopped
            | EventBody::Failed(_)
            | EventBody::Sql(_)
            | EventBody::StateChanged(_)
            | EventBody::FlushPlanned(_)
            | EventBody::FlushFinished(_)
            | EventBody::FlushFailed(_)
            | EventBody::Transaction(_)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use vidro_protocol::{NewObject, Span, State};

    fn event(seq: u32, body: EventBody) -> Event {
        Event { seq, time: 0.0, span: Some(Span { line: seq, ..Span::default() }), body }
    }

    fn long_log(objects: u32) -> Log {
        let mut log = Log::default();
        log.push(event(0, EventBody::ScriptStarted));
        for id in 1..=objects {
            log.push(event(
                id,
                EventBody::ObjectCreated(NewObject {
                    id,
                    class: "Node".into(),
                    ..NewObject::default()
                }),
            ));
        }
        log
    }

    #[test]
    fn any_moment_is_the_fold_of_what_came_before() {
        let log = long_log(20_000);
        for count in [0_usize, 1, 2, 255, 256, 257, 9_999, 20_000, 20_001, 50_000] {
            let expected = count.min(20_001).saturating_sub(1);
            assert_eq!(log.state_at(count).objects.len(), expected, "after {count} events");
        }
        assert!(log.checkpoints.len() <= CHECKPOINTS + 1);
    }

    #[test]
    fn a_new_run_begins_a_new_log() {
        let mut log = long_log(10);
        log.push(event(11, EventBody::ScriptStarted));
        assert_eq!(log.len(), 1);
        assert!(log.live().objects.is_empty());
    }

    #[test]
    fn stops_are_found_on_both_sides() {
        let mut log = long_log(3);
        log.push(event(4, EventBody::Statement));
        log.push(event(5, EventBody::ModelsCleared));
        log.push(event(6, EventBody::Finished));
        let state = log.live().objects.values().next().map(|card| card.state);
        assert_eq!(state, Some(State::Transient));
        assert_eq!(
            (log.stop_before(7), log.stop_before(5), log.stop_after(0), log.stop_after(5)),
            (5, 0, 5, 7)
        );
    }
}
