//! The one store: what the reader typed, what the run told, and what is on show.

use crate::client::{Client, Message, gently};
use crate::i18n::{Lang, Text, fill};
use crate::log::Log;
use crate::settings::{self, Theme};
use crate::workspace::{Phase, Workspace};
use leptos::prelude::*;
use std::collections::BTreeMap;
use std::time::Duration;
use vidro_protocol::{
    CardGesture, CheckReport, Compiled, Diagnostic, Edits, EventBody, Gesture, RequestBody,
    Response, ResponseBody, StepKind, TextEdit,
};

/// What `rest.js` calls its error when the core's second part cannot be fetched.
const REST_MISSING: &str = "RestMissing";

/// How often in a row a dead worker is replaced.
const LIVES: u32 = 2;

/// The views of the centre stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Declared models and their ties.
    Er,
    /// The session board.
    Session,
    /// The flush plan.
    Plan,
    /// The connection pools.
    Pool,
    /// One statement in four dialects.
    Dialects,
}

/// The views of the left column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// The script.
    Script,
    /// Models as cards and forms.
    Models,
}

/// The tabs of a narrow page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tab {
    /// Script and models.
    Code,
    /// The centre stage.
    Stage,
    /// The SQL log.
    Sql,
    /// Tables.
    Data,
}

/// What is open above the page.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Overlay {
    /// The menu of a card.
    Card { object: u32, x: f64, y: f64 },
    /// The form for a new object.
    NewObject,
    /// The form for a new class.
    NewClass,
    /// The form for a new column of a class.
    NewColumn(String),
    /// The form for a new relationship of a class.
    NewRelationship(String),
}

/// What the view of four dialects holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shown {
    /// Nothing was asked for yet.
    Nothing,
    /// A statement that was given as text, or ran too long ago.
    Plain,
    /// Why there is no statement.
    Failed(String),
    /// A statement.
    Texts(Vec<Compiled>),
}

/// What an answer will be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    Run,
    Check,
    Gesture,
    Dialects,
    Nothing,
}

/// Every signal of the page; cheap to copy.
#[derive(Clone, Copy)]
pub(crate) struct Store {
    /// The page's language.
    pub lang: RwSignal<Lang>,
    /// The page's colours.
    pub theme: RwSignal<Theme>,
    /// The script as it stands in the editor.
    pub source: RwSignal<String>,
    /// The state on show.
    pub now: RwSignal<Workspace, LocalStorage>,
    /// How many events the state on show has seen.
    pub cursor: RwSignal<usize>,
    /// How many events there are.
    pub length: RwSignal<usize>,
    /// Whether the state on show follows the run.
    pub follows: RwSignal<bool>,
    /// Where the live run stands.
    pub phase: RwSignal<Phase>,
    /// What is wrong with the script as typed.
    pub diagnostics: RwSignal<Vec<Diagnostic>>,
    /// The line that the reader points at, from either side of a link.
    pub line: RwSignal<Option<u32>>,
    /// The view of the centre stage.
    pub stage: RwSignal<Stage>,
    /// The view of the left column.
    pub side: RwSignal<Side>,
    /// The tab of a narrow page.
    pub tab: RwSignal<Tab>,
    /// The statement in four dialects.
    pub dialects: RwSignal<Shown>,
    /// What is open above the page.
    pub overlay: RwSignal<Option<Overlay>>,
    /// A short message that goes away, for a screen reader too.
    pub toast: RwSignal<String>,
    log: StoredValue<Log, LocalStorage>,
    client: StoredValue<Option<Client>, LocalStorage>,
    waiting: StoredValue<BTreeMap<u32, Wait>>,
    ran: StoredValue<String>,
    checks: StoredValue<u32>,
    /// Runs that were asked for and have not begun: what the log tells meanwhile is of an older one.
    starting: StoredValue<u32>,
    refreshing: StoredValue<bool>,
    deaths: StoredValue<u32>,
}

impl Store {
    /// A store with nothing in it and no worker yet.
    pub(crate) fn new(lang: Lang, theme: Theme) -> Self {
        Self {
            lang: RwSignal::new(lang),
            theme: RwSignal::new(theme),
            source: RwSignal::new(String::new()),
            now: RwSignal::new_local(Workspace::default()),
            cursor: RwSignal::new(0),
            length: RwSignal::new(0),
            follows: RwSignal::new(true),
            phase: RwSignal::new(Phase::Empty),
            diagnostics: RwSignal::new(Vec::new()),
            line: RwSignal::new(None),
            stage: RwSignal::new(Stage::Session),
            side: RwSignal::new(Side::Script),
            tab: RwSignal::new(Tab::Stage),
            dialects: RwSignal::new(Shown::Nothing),
            overlay: RwSignal::new(None),
            toast: RwSignal::new(String::new()),
            log: StoredValue::new_local(Log::default()),
            client: StoredValue::new_local(None),
            waiting: StoredValue::new(BTreeMap::new()),
            ran: StoredValue::new(String::new()),
            checks: StoredValue::new(0),
            starting: StoredValue::new(0),
            refreshing: StoredValue::new(false),
            deaths: StoredValue::new(0),
        }
    }

    /// Starts the worker.
    pub(crate) fn connect(self) {
        self.client.set_value(Some(Client::start(move |message| self.hear(message))));
    }

    /// A text of the page in the reader's language.
    pub(crate) fn t(self, text: Text) -> &'static str {
        text.in_language(self.lang.get())
    }

    /// The same as a signal. All texts of the frame are of this one type, which keeps the page small.
    pub(crate) fn s(self, text: Text) -> Signal<&'static str> {
        Signal::derive(move || self.t(text))
    }

    /// A text with what it names.
    pub(crate) fn tf(self, text: Text, arguments: &[&str]) -> String {
        fill(self.t(text), arguments)
    }

    /// Reads the log.
    pub(crate) fn with_log<T>(self, read: impl FnOnce(&Log) -> T) -> T {
        self.log.with_value(read)
    }

    /// Says something that goes away again.
    pub(crate) fn say(self, text: &str) {
        self.toast.set(text.to_owned());
        let said = text.to_owned();
        set_timeout(
            move || {
                if self.toast.with_untracked(|now| *now == said) {
                    self.toast.set(String::new());
                }
            },
            Duration::from_secs(5),
        );
    }

    fn ask(self, body: RequestBody, wait: Wait) {
        let id = self.client.with_value(|client| client.as_ref().map(|client| client.send(body)));
        if let Some(id) = id {
            self.waiting.update_value(|waiting| {
                waiting.insert(id, wait);
            });
        }
    }

    // What the reader asks for.

    /// Runs the whole script.
    pub(crate) fn run(self, stepping: bool) {
        let source = self.source.get_untracked();
        self.ran.set_value(source.clone());
        self.diagnostics.set(Vec::new());
        self.follows.set(true);
        if matches!(self.phase.get_untracked(), Phase::Running | Phase::Paused) {
            self.ask(RequestBody::Stop, Wait::Nothing);
        }
        self.begin(RequestBody::Run { source, stepping });
    }

    /// Asks for a run, and shows at once that there will be one.
    fn begin(self, run: RequestBody) {
        self.starting.update_value(|count| *count = count.saturating_add(1));
        self.phase.set(Phase::Running);
        self.ask(run, Wait::Run);
    }

    fn begun(self, runs: usize) {
        let runs = u32::try_from(runs).unwrap_or(u32::MAX);
        self.starting.update_value(|count| *count = count.saturating_sub(runs));
    }

    /// One statement on: through the log when the past is on show, else in the run, else the flush that waits.
    pub(crate) fn step(self) {
        if !self.follows.get_untracked() {
            return self.walk(true);
        }
        match self.phase.get_untracked() {
            Phase::Paused => {
                self.phase.set(Phase::Running);
                self.ask(RequestBody::Step(StepKind::Over), Wait::Nothing);
            }
            Phase::Running => {}
            Phase::Finished if self.flush_waits() => self.apply_plan(),
            Phase::Empty | Phase::Finished | Phase::Stopped | Phase::Failed => self.run(true),
        }
    }

    /// Goes on after a pause, or runs the script.
    pub(crate) fn go(self) {
        if self.phase.get_untracked() == Phase::Paused {
            self.follows.set(true);
            self.phase.set(Phase::Running);
            self.ask(RequestBody::Continue, Wait::Nothing);
        } else {
            self.run(false);
        }
    }

    /// Ends the run; what it built stays.
    pub(crate) fn stop(self) {
        self.ask(RequestBody::Stop, Wait::Nothing);
    }

    /// Forgets the run.
    pub(crate) fn reset(self) {
        self.starting.update_value(|count| *count = count.saturating_add(1));
        self.ask(RequestBody::Reset, Wait::Nothing);
        self.log.set_value(Log::default());
        self.ran.set_value(String::new());
        self.phase.set(Phase::Empty);
        self.diagnostics.set(Vec::new());
        self.jump(0);
        self.follows.set(true);
    }

    /// Looks at the script once the reader pauses typing.
    pub(crate) fn check_soon(self) {
        self.checks.update_value(|count| *count = count.wrapping_add(1));
        let mine = self.checks.get_value();
        set_timeout(
            move || {
                if self.checks.get_value() == mine && self.phase.get_untracked() != Phase::Running {
                    self.ask(
                        RequestBody::Check { source: self.source.get_untracked() },
                        Wait::Check,
                    );
                }
            },
            Duration::from_millis(400),
        );
    }

    /// Has a gesture written into the script, and its line run.
    pub(crate) fn gesture(self, gesture: Gesture) {
        self.overlay.set(None);
        if !self.follows.get_untracked() {
            self.jump(usize::MAX);
        }
        self.ask(RequestBody::Edit { source: self.source.get_untracked(), gesture }, Wait::Gesture);
    }

    /// A gesture on a card or a session.
    pub(crate) fn card_gesture(self, gesture: CardGesture) {
        self.gesture(Gesture::Card(gesture));
    }

    /// Whether the live state has work for a flush.
    pub(crate) fn flush_waits(self) -> bool {
        self.with_log(|log| log.live().plan.as_ref().is_some_and(|plan| plan.is_preview()))
    }

    /// Runs the flush that the preview shows: in the past by going on, in the present by writing the line.
    pub(crate) fn apply_plan(self) {
        if !self.follows.get_untracked() {
            return self.walk_past_flush();
        }
        if self.phase.get_untracked() == Phase::Paused {
            return self.step();
        }
        let session = self.now.with_untracked(|now| now.plan.as_ref().map(|run| run.plan.session));
        if let Some(session) = session {
            self.card_gesture(CardGesture::Flush(session));
        }
    }

    /// Shows a statement that ran in four dialects.
    pub(crate) fn show_dialects(self, statement: u32) {
        self.stage.set(Stage::Dialects);
        self.tab.set(Tab::Stage);
        self.ask(RequestBody::Dialects { statement }, Wait::Dialects);
    }

    /// Shows a statement that the reader typed in four dialects.
    pub(crate) fn compile(self, expression: String) {
        self.ask(RequestBody::Compile { expression }, Wait::Dialects);
    }

    // Time travel.

    /// Shows the state after `count` events.
    pub(crate) fn jump(self, count: usize) {
        let length = self.with_log(Log::len);
        let count = count.min(length);
        self.now.set(self.with_log(|log| log.state_at(count)));
        self.length.set(length);
        self.cursor.set(count);
        self.follows.set(count == length);
    }

    /// Goes to the next or the last moment worth a stop.
    pub(crate) fn walk(self, forward: bool) {
        let at = self.cursor.get_untracked();
        let to =
            self.with_log(|log| if forward { log.stop_after(at) } else { log.stop_before(at) });
        gently(move || self.jump(to));
    }

    fn walk_past_flush(self) {
        let at = self.cursor.get_untracked();
        let to = self.with_log(|log| {
            let mut to = log.stop_after(at);
            while to < log.len() && log.state_at(to).plan.as_ref().is_some_and(|run| !run.finished)
            {
                to = log.stop_after(to);
            }
            to
        });
        gently(move || self.jump(to));
    }

    /// Whether the script is still the one that ran.
    pub(crate) fn is_fresh(self) -> bool {
        self.ran.with_value(|ran| self.source.with(|source| source == ran))
    }

    /// Points at a line of the script and shows it.
    pub(crate) fn reveal(self, line: u32) {
        self.side.set(Side::Script);
        self.tab.set(Tab::Code);
        self.line.set(Some(line));
    }

    // What the worker tells.

    fn hear(self, message: Message) {
        match message {
            Message::Batch(batch) => {
                self.deaths.set_value(0);
                if !batch.events.is_empty() {
                    self.begun(batch.events.iter().filter(|event| begins(&event.body)).count());
                    self.log.update_value(|log| {
                        batch.events.into_iter().for_each(|event| log.push(event));
                    });
                    self.refresh_soon();
                }
                for response in batch.responses {
                    self.answer(response);
                }
            }
            Message::Died(reason) => self.died(reason),
        }
    }

    /// Many batches in one frame are shown once.
    fn refresh_soon(self) {
        if self.refreshing.get_value() {
            return;
        }
        self.refreshing.set_value(true);
        set_timeout(
            move || {
                self.refreshing.set_value(false);
                self.refresh();
            },
            Duration::from_millis(16),
        );
    }

    fn refresh(self) {
        if !self.follows.get_untracked() {
            self.show_phase();
            return self.length.set(self.with_log(Log::len));
        }
        // Phase and state in one go: a page that says it is finished shows what came of it.
        let show = move || {
            self.show_phase();
            self.jump(usize::MAX);
        };
        let few = self
            .with_log(|log| log.live().objects.len() < 40 && log.live().phase != Phase::Running);
        if few { gently(show) } else { show() }
    }

    /// Takes the phase from the log, unless a newer run was asked for.
    fn show_phase(self) {
        let phase = self.with_log(|log| log.live().phase);
        if self.starting.get_value() == 0 && self.phase.get_untracked() != phase {
            self.phase.set(phase);
        }
    }

    fn answer(self, response: Response) {
        let mut wait = None;
        self.waiting.update_value(|waiting| wait = waiting.remove(&response.id));
        match (wait, response.body) {
            (Some(Wait::Gesture), ResponseBody::Edits(edits)) => self.write(&edits),
            (Some(Wait::Gesture), ResponseBody::Failed(diagnostic)) => {
                self.say(&diagnostic.message);
            }
            (Some(Wait::Check), ResponseBody::Checked(CheckReport { diagnostics, .. })) => {
                self.diagnostics.set(diagnostics);
            }
            (_, ResponseBody::Compiled(texts)) => {
                let plain = texts.is_empty();
                self.dialects.set(if plain { Shown::Plain } else { Shown::Texts(texts) });
            }
            (Some(Wait::Dialects), ResponseBody::Failed(Diagnostic { name, message, .. })) => {
                self.dialects.set(Shown::Failed(format!("{name}: {message}")));
            }
            (wait, ResponseBody::Failed(diagnostic)) => {
                self.begun(usize::from(wait == Some(Wait::Run)));
                self.show_phase();
                self.diagnostics.set(vec![diagnostic]);
            }
            _ => {}
        }
    }

    /// Puts a gesture's edits into the script and runs what they stand for.
    fn write(self, edits: &Edits) {
        let before = self.source.get_untracked();
        let fresh = self.ran.with_value(|ran| *ran == before);
        let source = apply_edits(&before, &edits.edits);
        self.source.set(source.clone());
        settings::remember(self);
        match edits.line {
            Some(line) if fresh && self.phase.get_untracked() == Phase::Finished => {
                self.ran.set_value(source.clone());
                self.line.set(Some(line));
                self.begin(RequestBody::Append { source, line });
            }
            _ => self.run(false),
        }
    }

    /// A worker that dies is replaced, but not for ever: one that cannot even start would die again at once.
    fn died(self, reason: String) {
        self.deaths.update_value(|deaths| *deaths += 1);
        if self.deaths.get_value() <= LIVES {
            self.client.with_value(|client| client.as_ref().map(Client::restart));
        }
        self.waiting.update_value(BTreeMap::clear);
        self.starting.set_value(0);
        self.ran.set_value(String::new());
        self.phase.set(Phase::Failed);
        let died = if reason.contains(REST_MISSING) { Text::RestMissing } else { Text::WorkerDied };
        let message = died.in_language(self.lang.get_untracked()).to_owned();
        let hint = Some(reason).filter(|reason| !reason.is_empty());
        self.diagnostics.set(vec![Diagnostic {
            name: "Vidro".into(),
            message,
            hint,
            ..Default::default()
        }]);
    }
}

fn begins(body: &EventBody) -> bool {
    matches!(body, EventBody::ScriptStarted | EventBody::ScriptResumed)
}

/// The text after the edits; an edit that does not fit the text is left out.
pub(crate) fn apply_edits(source: &str, edits: &[TextEdit]) -> String {
    let mut result = String::with_capacity(source.len() + 64);
    let mut from = 0;
    for edit in edits {
        let (start, end) = (edit.start as usize, edit.end as usize);
        if start < from || end < start || source.get(start..end).is_none() {
            continue;
        }
        result.push_str(source.get(from..start).unwrap_or_default());
        result.push_str(&edit.insert);
        from = end;
    }
    result.push_str(source.get(from..).unwrap_or_default());
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_applied_from_the_front() {
        let edit = |start, end, insert: &str| TextEdit { start, end, insert: insert.to_owned() };
        let check = |source: &str, edits: &[TextEdit], expect: &str| {
            assert_eq!(apply_edits(source, edits), expect);
        };
        check("ab", &[], "ab");
        check("ab", &[edit(1, 1, "-")], "a-b");
        check("abc", &[edit(0, 1, "x"), edit(2, 3, "yz")], "xbyz");
        check("é", &[edit(1, 1, "x")], "é");
        check("ab", &[edit(1, 9, "x")], "ab");
    }
}
