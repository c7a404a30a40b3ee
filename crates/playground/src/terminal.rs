//! The playground without a page: scripts and single statements, their text going to a sink.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::rc::Rc;

use vidro_orm::event::Event;
use vidro_orm::{InstanceId, Observer, Orm, State};
use vidro_script::{
    Diagnostic, Drivers, EchoStyle, Limits, Location, Mode, Place, Raise, Script, Services,
    Surroundings,
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
    /// What Python's `warnings` prints.
    Warning,
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
        let place = Place::default();
        let told = Told {
            plans: options.plans,
            place: place.clone(),
            warned: RefCell::default(),
            sink: Rc::clone(&sink),
        };
        let script = Script::new(Services {
            surroundings: Rc::new(Outside { clock, sink }),
            drivers,
            engine_observer: None,
            orm_observer: Some(Rc::new(told)),
            place,
            echo: if options.bare_echo { EchoStyle::Bare } else { EchoStyle::Logging },
            force_echo: options.force_echo,
            limits: options.limits,
        });
        Self { script }
    }

    /// Runs a whole script.
    pub fn run(&mut self, name: &str, source: &str) -> Result<(), Failure> {
        self.execute(name, source, Mode::Module)
    }

    /// Runs one interactive statement and displays the values of its expressions.
    pub fn feed(&mut self, name: &str, source: &str) -> Result<(), Failure> {
        self.execute(name, source, Mode::Single)
    }

    fn execute(&mut self, name: &str, source: &str, mode: Mode) -> Result<(), Failure> {
        self.script.load(name, source, mode).map_err(|found| Failure::of_text(&found))?;
        let ended = self.script.run_to_end();
        let ended =
            ended.map(drop).map_err(|raise| Failure::of_raise(&mut self.script, &raise, name));
        self.script.collect_unreferenced();
        ended
    }

    /// The mapped objects that global names hold, in order of definition.
    pub fn objects(&self) -> Vec<NamedObject> {
        let names = self.script.object_names();
        let describe = |orm: &Orm| {
            let objects = names.into_iter();
            objects.filter_map(|(name, id)| NamedObject::describe(orm, name, id)).collect()
        };
        self.script.orm(describe).unwrap_or_default()
    }

    /// The script behind the terminal.
    pub fn script(&mut self) -> &mut Script {
        &mut self.script
    }
}

/// Why a script ended before its last line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failure {
    /// The exception's class, with its module unless it is Python's or the script's own.
    pub class: String,
    /// Its message.
    pub message: String,
    /// Where in the script, the innermost place if there are several.
    pub place: Option<Position>,
    /// What Python prints: a traceback, or what is wrong with the text.
    pub report: String,
}

/// A place in a text, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

impl Position {
    fn of(location: &Location) -> Self {
        Self { line: location.line(), column: location.column() }
    }
}

impl Failure {
    fn of_text(found: &[Diagnostic]) -> Self {
        let reports: Vec<String> = found.iter().map(Diagnostic::render).collect();
        let first = found.first();
        Self {
            class: first.map(|first| first.class.to_owned()).unwrap_or_default(),
            message: first.map(|first| first.message.clone()).unwrap_or_default(),
            place: first.map(|first| Position::of(&first.location)),
            report: reports.join("\n"),
        }
    }

    fn of_raise(script: &mut Script, raise: &Raise, name: &str) -> Self {
        let class = raise.0.class().full_name();
        let place = raise.0.exception(|state| {
            let own = state.traceback.iter().find(|entry| &*entry.source.name == name)?;
            let location = Location { source: Rc::clone(&own.source), span: own.span };
            Some(Position::of(&location))
        });
        Self {
            class: class.strip_prefix("__main__.").unwrap_or(&class).to_owned(),
            message: script.exception_text(raise),
            place: place.flatten(),
            report: script.traceback(raise),
        }
    }
}

/// A mapped object under one of its names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedObject {
    /// The global name.
    pub name: String,
    /// SQLAlchemy's word for its state.
    pub state: &'static str,
    /// Class and primary key as in its identity key: `Author, 1`.
    pub key: Option<String>,
}

impl NamedObject {
    fn describe(orm: &Orm, name: String, id: InstanceId) -> Option<Self> {
        let instance = orm.instances.get(id)?;
        let base = orm.mapping.mapper(instance.mapper()).base;
        let class = &orm.mapping.mapper(base).class_name;
        let key = instance.key().map(|key| {
            let values = key.values();
            let values = values.iter().map(vidro_sql::repr::value);
            std::iter::once(class.to_string()).chain(values).collect::<Vec<_>>().join(", ")
        });
        let state = match instance.state() {
            State::Transient => "transient",
            State::Pending => "pending",
            State::Persistent => "persistent",
            State::Deleted => "deleted",
            State::Detached => "detached",
        };
        Some(Self { name, state, key })
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

/// Prints warnings, and each plan before it runs.
struct Told {
    plans: bool,
    place: Place,
    /// Warnings that were shown: Python shows each once for a line.
    warned: RefCell<BTreeSet<String>>,
    sink: Sink,
}

impl Observer for Told {
    fn event(&self, _: &Orm, event: &Event<'_>) {
        match event {
            Event::FlushPlanned { plan, .. } if self.plans => {
                (self.sink)(Channel::Plan, &plan.to_string());
            }
            Event::Warning { category, message } => {
                let mut text = format!("{category}: {message}\n");
                if let Some(at) = self.place.get() {
                    let (source, line) = (&at.source, at.line());
                    text = format!(
                        "{}:{line}: {text}  {}\n",
                        source.name,
                        source.line_text(line).trim()
                    );
                }
                if self.warned.borrow_mut().insert(text.clone()) {
                    (self.sink)(Channel::Warning, &text);
                }
            }
            _ => {}
        }
    }
}
