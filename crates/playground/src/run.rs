//! A run: one script from its first statement to its end, in slices, with what the page needs told between statements.

use std::rc::Rc;

use vidro_protocol::{
    Diagnostic, EventBody, FlushPlanned, ModelView, Named, PauseReason, PlanStage, PlanView,
    ResponseBody,
};
use vidro_script::{DialectText, EchoStyle, Limits, Mode, Script, Services, Step, StepMode};

use crate::Drivers;
use crate::convert;
use crate::outbox::Outbox;
use crate::recorder::Recorder;

/// The name tracebacks show for the page's script.
pub(crate) const FILE: &str = "script.py";

/// Instructions between two looks at the clock.
const SLICE: u64 = 20_000;

/// What a run does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Activity {
    /// Nothing: it ended or was never started.
    Idle,
    /// It goes on by itself.
    Going,
    /// It stops before the next statement.
    Stepping(StepMode),
    /// It waits for the reader.
    Waiting,
}

/// One script and what was told about it.
pub(crate) struct Run {
    script: Script,
    recorder: Rc<Recorder>,
    outbox: Outbox,
    mode: Activity,
    /// The request that is answered when the run ends or pauses.
    asked: Option<u32>,
    /// Names as they were told: objects, then sessions.
    object_names: Vec<Named>,
    session_names: Vec<Named>,
    models: Vec<ModelView>,
    /// How many relationships were configured when the models were told.
    relationships: usize,
    previewed: bool,
}

impl Run {
    /// Compiles a script. Everything wrong with it is told; nothing has happened yet.
    pub(crate) fn compile(
        source: &str,
        drivers: Drivers,
        outbox: &Outbox,
        limits: Limits,
    ) -> Result<Self, Vec<Diagnostic>> {
        let recorder = Recorder::new(outbox.clone());
        let mut script = Script::new(Services {
            surroundings: recorder.clone(),
            drivers,
            engine_observer: Some(recorder.clone()),
            orm_observer: Some(recorder.clone()),
            place: outbox.place().clone(),
            echo: EchoStyle::Logging,
            force_echo: false,
            limits,
        });
        recorder.locate(script.places());
        script
            .load(FILE, source, Mode::Module)
            .map_err(|found| found.iter().map(convert::of_diagnostic).collect::<Vec<_>>())?;
        Ok(Self {
            script,
            recorder,
            outbox: outbox.clone(),
            mode: Activity::Idle,
            asked: None,
            object_names: Vec::new(),
            session_names: Vec::new(),
            models: Vec::new(),
            relationships: 0,
            previewed: false,
        })
    }

    /// Starts the compiled script.
    pub(crate) fn start(&mut self, request: u32, stepping: bool) {
        self.outbox.restart();
        self.outbox.emit(EventBody::ScriptStarted);
        self.go(
            request,
            if stepping { Activity::Stepping(StepMode::Into) } else { Activity::Going },
        );
    }

    /// Runs more lines in the same namespace.
    pub(crate) fn append(
        &mut self,
        request: u32,
        source: &str,
        line: u32,
    ) -> Result<(), Vec<Diagnostic>> {
        self.script
            .load_from(FILE, source, line)
            .map_err(|found| found.iter().map(convert::of_diagnostic).collect::<Vec<_>>())?;
        self.outbox.emit_at(None, EventBody::ScriptResumed);
        self.go(request, Activity::Going);
        Ok(())
    }

    /// Goes on after a pause.
    pub(crate) fn go_on(&mut self, request: u32, step: Option<vidro_protocol::StepKind>) {
        if self.mode != Activity::Waiting {
            self.outbox.answer(request, ResponseBody::Done);
            return;
        }
        let mode = match step {
            None => Activity::Going,
            Some(vidro_protocol::StepKind::Into) => Activity::Stepping(StepMode::Into),
            Some(vidro_protocol::StepKind::Over) => {
                Activity::Stepping(StepMode::Over(self.script.depth()))
            }
        };
        self.go(request, mode);
    }

    fn go(&mut self, request: u32, mode: Activity) {
        if let Some(earlier) = self.asked.replace(request) {
            self.outbox.answer(earlier, ResponseBody::Done);
        }
        self.mode = mode;
    }

    /// Ends the run where it is.
    pub(crate) fn stop(&mut self) {
        if matches!(self.mode, Activity::Idle) {
            return;
        }
        self.script.stop();
        self.tell_state();
        self.outbox.emit(EventBody::Stopped);
        self.end();
    }

    /// Whether it runs or waits.
    pub(crate) fn is_active(&self) -> bool {
        self.mode != Activity::Idle
    }

    /// Runs until `seconds` have passed, it ends or it waits. True when there is more to do.
    pub(crate) fn pump(&mut self, seconds: f64) -> bool {
        let until = self.outbox.clock().elapsed() + seconds;
        while matches!(self.mode, Activity::Going | Activity::Stepping(_)) {
            self.slice();
            if self.outbox.clock().elapsed() >= until {
                break;
            }
        }
        if self.outbox.is_long() {
            self.tell_names();
            self.tell_models();
        }
        matches!(self.mode, Activity::Going | Activity::Stepping(_))
    }

    fn slice(&mut self) {
        // Between statements of the script itself names and models are told, so a run that goes
        // by itself stops there too, until it is too long for that.
        let step = match self.mode {
            Activity::Stepping(step) => step,
            _ if self.outbox.is_long() => StepMode::Run,
            _ => StepMode::Over(1),
        };
        match self.script.resume(SLICE, step) {
            Step::Paused => {}
            Step::Statement(_) => {
                self.tell_names();
                self.tell_models();
                if matches!(self.mode, Activity::Stepping(_)) {
                    self.tell_state();
                    self.mode = Activity::Waiting;
                    self.outbox.emit(EventBody::Paused(PauseReason::Step));
                    self.answer();
                }
            }
            Step::Finished(_) => {
                self.tell_state();
                self.outbox.emit_at(None, EventBody::Finished);
                self.end();
            }
            Step::Raised(raise) => {
                let failed = convert::of_raise(&mut self.script, &raise, FILE);
                drop(raise);
                self.tell_state();
                self.outbox.emit_at(failed.span, EventBody::Failed(failed));
                self.end();
            }
        }
    }

    fn end(&mut self) {
        self.mode = Activity::Idle;
        self.outbox.place().clear();
        self.answer();
    }

    fn answer(&mut self) {
        if let Some(request) = self.asked.take() {
            self.outbox.answer(request, ResponseBody::Done);
        }
    }

    /// Everything that is told when the reader may look around.
    fn tell_state(&mut self) {
        self.script.collect_unreferenced();
        self.script.configure();
        self.tell_names();
        self.tell_models();
        self.preview();
    }

    fn tell_names(&mut self) {
        if self.outbox.is_full() {
            return;
        }
        let now = grouped(self.script.object_names(), |id| id.get());
        let before = std::mem::replace(&mut self.object_names, now);
        let changed = differences(&before, &self.object_names);
        if !changed.is_empty() {
            let first = |named: &Named| Some((named.id, named.names.first()?.clone()));
            self.recorder.name(self.object_names.iter().filter_map(first).collect());
        }
        for named in changed {
            self.outbox.emit(EventBody::ObjectNamed(named));
        }
        let now = grouped(self.script.session_names(), |id| id.get());
        let before = std::mem::replace(&mut self.session_names, now);
        for named in differences(&before, &self.session_names) {
            self.outbox.emit(EventBody::SessionNamed(named));
        }
    }

    fn tell_models(&mut self) {
        let count = self.script.orm(|orm| orm.mapping.relationships().len()).unwrap_or(0);
        if !self.recorder.take_declared() && count == self.relationships {
            return;
        }
        self.relationships = count;
        let models = self.script.models();
        let now: Vec<ModelView> = self
            .script
            .orm(|orm| models.iter().map(|model| convert::model(orm, model)).collect())
            .unwrap_or_default();
        for model in &now {
            if !self.models.contains(model) {
                self.outbox.emit(EventBody::ModelDeclared(model.clone()));
            }
        }
        self.models = now;
    }

    /// Shows what the next flush of each session would do.
    pub(crate) fn preview(&mut self) {
        let sessions = self.script.orm(|orm| orm.sessions.ids()).unwrap_or_default();
        let mut shown = false;
        for session in sessions {
            let number = self.recorder.next_flush();
            let Ok(plan) = self.script.plan(session) else { continue };
            let view = self.script.orm(|orm| self.recorder.plan(orm, number, session, &plan));
            let Some(plan) = view.flatten().filter(|plan| !plan.steps.is_empty()) else { continue };
            shown = true;
            self.show(plan);
        }
        if self.previewed && !shown {
            self.show(PlanView::default());
        }
        self.previewed = shown;
    }

    fn show(&self, plan: PlanView) {
        let stage = PlanStage::Preview;
        self.outbox.emit(EventBody::FlushPlanned(FlushPlanned { stage, plan }));
    }

    /// The texts of a statement that ran; nothing when it was given as text or ran long ago.
    pub(crate) fn dialects(&mut self, statement: u32) -> Vec<DialectText> {
        let construct = self.recorder.construct(statement);
        construct.map(|construct| self.script.dialects(&construct)).unwrap_or_default()
    }

    pub(crate) fn script(&mut self) -> &mut Script {
        &mut self.script
    }
}

/// Names by what they name, in order of first appearance.
fn grouped<T>(names: Vec<(String, T)>, number: impl Fn(&T) -> u32) -> Vec<Named> {
    let mut all: Vec<Named> = Vec::new();
    for (name, target) in names {
        let id = number(&target);
        match all.iter_mut().find(|named| named.id == id) {
            Some(named) => named.names.push(name),
            None => all.push(Named { id, names: vec![name] }),
        }
    }
    all
}

/// What changed: new lists, and empty ones for what lost its last name.
fn differences(before: &[Named], now: &[Named]) -> Vec<Named> {
    let lost = before.iter().filter(|old| !now.iter().any(|named| named.id == old.id));
    let lost = lost.map(|old| Named { id: old.id, names: Vec::new() });
    now.iter().filter(|named| !before.contains(named)).cloned().chain(lost).collect()
}
