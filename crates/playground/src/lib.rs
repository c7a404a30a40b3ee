//! Requests in, responses and events out: the whole core behind one handle, for page and terminal alike.
//!
//! A composition root makes a [`Playground`] from a clock and drivers, gives it requests, calls
//! [`Playground::pump`] while there is work and passes on what [`Playground::take`] returns.

#[cfg(all(test, target_family = "wasm"))]
#[macro_use]
extern crate vidro_browser_test;
#[cfg(all(test, target_family = "wasm"))]
wasm_bindgen_test_configure!(run_in_browser);

pub mod clock;
mod convert;
mod gesture;
mod outbox;
mod recorder;
mod run;
pub mod terminal;
#[cfg(test)]
mod tests;

use std::fmt;
use std::rc::Rc;

pub use clock::Clock;
pub use vidro_engine::{Driver, Url};
pub use vidro_script::{Drivers, Limits};

use vidro_script::DialectText;

use outbox::Outbox;
use run::Run;
use vidro_protocol::{
    CheckReport, Compiled, Diagnostic, EventBody, Request, RequestBody, ResponseBody, Standing,
    ToPage,
};

/// A page's core: at most one script, with its objects and its database.
pub struct Playground {
    drivers: Drivers,
    outbox: Outbox,
    limits: Limits,
    run: Option<Run>,
}

impl fmt::Debug for Playground {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Playground").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Playground {
    /// A core that has run nothing.
    pub fn new(clock: Rc<dyn Clock>, drivers: Drivers, limits: Limits) -> Self {
        Self { drivers, outbox: Outbox::new(clock), limits, run: None }
    }

    /// Takes a request. What is quick is done at once; scripts run in [`Playground::pump`].
    pub fn handle(&mut self, request: Request) {
        let id = request.id;
        match request.body {
            RequestBody::Run { source, stepping } => self.start(id, &source, stepping),
            RequestBody::Append { source, line } => self.append(id, &source, line),
            RequestBody::Continue => self.go_on(id, None),
            RequestBody::Step(kind) => self.go_on(id, Some(kind)),
            RequestBody::Stop => {
                if let Some(run) = &mut self.run {
                    run.stop();
                }
                self.outbox.answer(id, ResponseBody::Done);
            }
            RequestBody::Reset => {
                self.run = None;
                self.outbox.restart();
                self.outbox.emit_at(None, EventBody::ScriptStarted);
                self.outbox.emit_at(None, EventBody::Finished);
                self.outbox.answer(id, ResponseBody::Done);
            }
            RequestBody::Check { source } => {
                let diagnostics = self.check(&source);
                let report = CheckReport { diagnostics, models: Vec::new() };
                self.outbox.answer(id, ResponseBody::Checked(report));
            }
            RequestBody::Preview => {
                if let Some(run) = &mut self.run {
                    run.preview();
                }
                self.outbox.answer(id, ResponseBody::Done);
            }
            RequestBody::Edit { source, gesture } => {
                let answer = self.edit(&source, &gesture);
                self.outbox.answer(id, answer);
            }
            RequestBody::Compile { expression } => {
                let answer = self.compile(&expression);
                self.outbox.answer(id, answer);
            }
            RequestBody::Dialects { statement } => {
                let answer = self.dialects(statement);
                self.outbox.answer(id, answer);
            }
        }
    }

    /// Runs the script for about `seconds`. True when there is more to do.
    pub fn pump(&mut self, seconds: f64) -> bool {
        self.run.as_mut().is_some_and(|run| run.pump(seconds))
    }

    /// Whether a script runs or waits for the reader.
    pub fn is_active(&self) -> bool {
        self.run.as_ref().is_some_and(Run::is_active)
    }

    /// What is to be sent to the page now.
    pub fn take(&mut self) -> ToPage {
        self.outbox.take()
    }

    fn start(&mut self, id: u32, source: &str, stepping: bool) {
        // A script that cannot be compiled leaves the run before it as it is.
        match Run::compile(source, Rc::clone(&self.drivers), &self.outbox, self.limits) {
            Ok(mut run) => {
                if let Some(mut before) = self.run.take() {
                    before.stop();
                }
                run.start(id, stepping);
                self.run = Some(run);
            }
            Err(found) => self.fail(id, found),
        }
    }

    fn append(&mut self, id: u32, source: &str, line: u32) {
        let Some(run) = &mut self.run else {
            self.start(id, source, false);
            return;
        };
        run.stop();
        if let Err(found) = run.append(id, source, line) {
            self.fail(id, found);
        }
    }

    fn go_on(&mut self, id: u32, step: Option<vidro_protocol::StepKind>) {
        match &mut self.run {
            Some(run) => run.go_on(id, step),
            None => self.outbox.answer(id, ResponseBody::Done),
        }
    }

    fn fail(&self, id: u32, found: Vec<Diagnostic>) {
        let first = found.into_iter().next().unwrap_or_default();
        self.outbox.answer(id, ResponseBody::Failed(first));
    }

    fn check(&self, source: &str) -> Vec<Diagnostic> {
        let quiet = Outbox::new(Rc::clone(self.outbox.clock()));
        match Run::compile(source, Rc::clone(&self.drivers), &quiet, self.limits) {
            Ok(_) => Vec::new(),
            Err(found) => found,
        }
    }

    fn edit(&mut self, source: &str, gesture: &vidro_protocol::Gesture) -> ResponseBody {
        if self.run.is_none() {
            // The designer works on a page that has run nothing, too.
            self.run = Run::compile("", Rc::clone(&self.drivers), &self.outbox, self.limits).ok();
        }
        let Some(run) = &mut self.run else { return failed("nothing has run yet".into()) };
        let gesture = gesture::gesture(gesture);
        match run.script().edit(source, &gesture) {
            Ok(edits) => ResponseBody::Edits(gesture::edits(edits)),
            Err(message) => failed(message),
        }
    }

    fn compile(&mut self, expression: &str) -> ResponseBody {
        let Some(run) = &mut self.run else { return failed("nothing has run yet".into()) };
        match run.script().compile(expression) {
            Ok(texts) => compiled(texts),
            Err(raise) => ResponseBody::Failed(convert::of_raise(run.script(), &raise, run::FILE)),
        }
    }

    fn dialects(&mut self, statement: u32) -> ResponseBody {
        let Some(run) = &mut self.run else { return failed("nothing has run yet".into()) };
        compiled(run.dialects(statement))
    }
}

fn compiled(texts: Vec<DialectText>) -> ResponseBody {
    let compiled = texts.into_iter().map(|(dialect, text)| Compiled {
        dialect: dialect.into(),
        standing: match &text {
            Ok(_) if dialect == "sqlite" => Standing::RunsHere,
            Ok(_) => Standing::TextOnly,
            Err(_) => Standing::Refused,
        },
        text: text.unwrap_or_else(|why| why).trim().to_owned(),
    });
    ResponseBody::Compiled(compiled.collect())
}

fn failed(message: String) -> ResponseBody {
    ResponseBody::Failed(Diagnostic { name: "Error".into(), message, ..Diagnostic::default() })
}
