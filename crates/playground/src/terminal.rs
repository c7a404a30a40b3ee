//! The playground without a page: scripts and single statements, their text going to a sink.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use vidro_orm::event::Event;
use vidro_orm::{Observer, Orm};
use vidro_script::{
    Diagnostic, Drivers, EchoStyle, Limits, Location, Mode, Place, Script, Services, Surroundings,
};

use crate::clock::Clock;

/// What a text is that goes to the sink.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// `print` and displayed values.
    Output,
    /// A log line of `echo`.
    Log,
    /// A flush plan, before it runs.
    Plan,
}

/// Where the text goes.
pub type Sink = Rc<dyn Fn(Channel, &str)>;

/// How a terminal behaves.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Log lines are bare messages, without time, level and logger.
    pub bare_echo: bool,
    /// Every engine logs as with `echo=True`.
    pub force_echo: bool,
    /// Each flush shows its plan before it runs.
    pub plans: bool,
    /// Bounds of a run.
    pub limits: Limits,
}

/// A script in a terminal.
pub struct Terminal {
    script: Script,
}

impl fmt::Debug for Terminal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terminal").finish_non_exhaustive()
    }
}

impl Terminal {
    /// A terminal that has run nothing.
    pub fn new(clock: Rc<dyn Clock>, drivers: Drivers, options: Options, sink: Sink) -> Self {
        let plans: Option<Rc<dyn Observer>> =
            options.plans.then(|| Rc::new(Plans(Rc::clone(&sink))) as Rc<dyn Observer>);
        let script = Script::new(Services {
            surroundings: Rc::new(Outside { clock, sink }),
            drivers,
            engine_observer: None,
            orm_observer: plans,
            place: Place::default(),
            echo: if options.bare_echo { EchoStyle::Bare } else { EchoStyle::Logging },
            force_echo: options.force_echo,
            limits: options.limits,
        });
        Self { script }
    }

    /// Runs a whole script. The error is what Python prints: a traceback, or what is wrong with
    /// the text.
    pub fn run(&mut self, name: &str, source: &str) -> Result<(), String> {
        self.execute(name, source, Mode::Module)
    }

    /// Runs one interactive statement and displays the values of its expressions.
    pub fn feed(&mut self, name: &str, source: &str) -> Result<(), String> {
        self.execute(name, source, Mode::Single)
    }

    fn execute(&mut self, name: &str, source: &str, mode: Mode) -> Result<(), String> {
        self.script
            .load(name, source, mode)
            .map_err(|found| found.iter().map(Diagnostic::render).collect::<Vec<_>>().join("\n"))?;
        let ended = self.script.run_to_end();
        let ended = ended.map(drop).map_err(|raise| self.script.traceback(&raise));
        self.script.collect_unreferenced();
        ended
    }

    /// The script behind the terminal.
    pub fn script(&mut self) -> &mut Script {
        &mut self.script
    }
}

/// Collects what goes to the sink, by channel.
#[derive(Clone, Debug, Default)]
pub struct Transcript(Rc<RefCell<Vec<(Channel, String)>>>);

impl Transcript {
    /// A sink that writes here.
    pub fn sink(&self) -> Sink {
        let lines = Rc::clone(&self.0);
        Rc::new(move |channel, text| lines.borrow_mut().push((channel, text.to_owned())))
    }

    /// Everything, in order; forgotten here.
    pub fn take(&self) -> Vec<(Channel, String)> {
        std::mem::take(&mut *self.0.borrow_mut())
    }
}

struct Outside {
    clock: Rc<dyn Clock>,
    sink: Sink,
}

impl Surroundings for Outside {
    fn write(&self, text: &str, _: Option<&Location>) {
        (self.sink)(Channel::Output, text);
    }

    fn write_log(&self, text: &str, _: Option<&Location>) {
        (self.sink)(Channel::Log, text);
    }

    fn now(&self) -> i128 {
        self.clock.now()
    }

    fn elapsed(&self) -> f64 {
        self.clock.elapsed()
    }

    fn random(&self) -> u64 {
        self.clock.random()
    }
}

/// Prints each plan before it runs.
struct Plans(Sink);

impl Observer for Plans {
    fn event(&self, _: &Orm, event: &Event<'_>) {
        if let Event::FlushPlanned { plan, .. } = event {
            (self.0)(Channel::Plan, &plan.to_string());
        }
    }
}
