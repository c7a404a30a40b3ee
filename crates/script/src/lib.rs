//! SQLAlchemy's names in the script language.
//!
//! A [`Script`] is a machine with SQLAlchemy in it. Whoever owns one gives it its surroundings
//! ([`Services`]), loads programs, runs them in slices, and looks at what they made.

#[cfg(all(test, target_family = "wasm"))]
#[macro_use]
extern crate vidro_browser_test;
#[cfg(all(test, target_family = "wasm"))]
wasm_bindgen_test_configure!(run_in_browser);

mod edit;
mod engine;
mod events;
mod exc;
mod expression;
mod ext;
mod host;
mod lend;
mod mapping;
mod names;
mod query;
mod schema;
mod session;
mod stdlib;
#[cfg(test)]
mod tests;
mod types;
mod value;
mod world;

use std::fmt;
use std::rc::Rc;

pub use edit::{
    CardGesture, ClassDraft, ColumnDraft, Edit, Edits, Gesture, RelationshipDraft, RelationshipKind,
};
pub use expression::DialectText;
pub use vidro_python::{
    Diagnostic, Limits, Location, Mode, Raise, Source, Span, Step, StepMode, Value,
    format_exception,
};
pub use world::{Drivers, Model, Place};

use vidro_engine::{Clock, Construct, Echo, Log};
use vidro_orm::flush::FlushPlan;
use vidro_orm::{InstanceId, Orm, SessionId, SpanTag};
use vidro_python::{Dict, Host, Vm};
use world::World;

/// The world around a script.
pub trait Surroundings {
    /// Text on standard output: of `print`, of displayed values, of `echo`.
    fn write(&self, text: &str, at: Option<&Location>);

    /// A log line of `echo`, which also goes to standard output.
    fn write_log(&self, text: &str, at: Option<&Location>) {
        self.write(text, at);
    }

    /// Nanoseconds since 1970 in UTC.
    fn now(&self) -> i128 {
        0
    }

    /// Seconds on a clock that only goes forward.
    fn elapsed(&self) -> f64 {
        0.0
    }

    /// A random number.
    fn random(&self) -> u64 {
        4
    }

    /// A statement is about to run; objects nobody refers to are gone.
    fn at_statement(&self, _at: &Location) {}

    /// A class was mapped.
    fn declared(&self, _model: &Model) {}
}

/// Resolves the ORM's tags to places of the script.
#[derive(Clone)]
pub struct Places(Rc<World>);

impl Places {
    /// The place behind a tag.
    pub fn get(&self, tag: SpanTag) -> Option<Location> {
        self.0.location(tag)
    }
}

impl fmt::Debug for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Places")
    }
}

/// How log lines of `echo=True` look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EchoStyle {
    /// As `logging` prints them: with time, level and logger.
    #[default]
    Logging,
    /// The message alone.
    Bare,
    /// Not at all: listeners tell the story.
    Silent,
}

/// What a script is given from outside.
pub struct Services {
    /// Output, time, chance, and who is told of statements.
    pub surroundings: Rc<dyn Surroundings>,
    /// Finds the driver of a URL.
    pub drivers: Drivers,
    /// Listens to engines.
    pub engine_observer: Option<Rc<dyn vidro_engine::Observer>>,
    /// Listens to the ORM.
    pub orm_observer: Option<Rc<dyn vidro_orm::Observer>>,
    /// Where the script is; the observers may hold a clone.
    pub place: Place,
    /// How log lines look.
    pub echo: EchoStyle,
    /// Every engine logs as with `echo=True`.
    pub force_echo: bool,
    /// Bounds of a run.
    pub limits: Limits,
}

impl fmt::Debug for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Services").field("echo", &self.echo).finish_non_exhaustive()
    }
}

/// A machine with SQLAlchemy in it.
pub struct Script {
    vm: Vm,
    world: Rc<World>,
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script").field("vm", &self.vm).finish_non_exhaustive()
    }
}

impl Script {
    /// A fresh script: nothing imported, no objects.
    pub fn new(services: Services) -> Self {
        let surroundings = Rc::clone(&services.surroundings);
        let engines = vidro_engine::Host::new(Rc::new(Time(Rc::clone(&surroundings))));
        engines.set_observer(services.engine_observer);
        let level = if services.force_echo { Echo::Info } else { Echo::Off };
        engines.set_log(Some(Rc::new(Logging {
            surroundings: Rc::clone(&surroundings),
            style: services.echo,
            place: services.place.clone(),
            level,
        })));
        let world = Rc::new(World::new(
            engines,
            services.drivers,
            services.place,
            Rc::clone(&surroundings),
        ));
        world.edit(|orm| orm.observe(services.orm_observer));
        let mut vm = Vm::new(Rc::new(Outside(surroundings)));
        vm.limits = services.limits;
        vm.set_state(Rc::clone(&world));
        names::install(&mut vm);
        Self { vm, world }
    }

    /// Tables without a dependency are created in order of their names, as SQLAlchemy's own
    /// documentation tests have it, instead of in order of declaration.
    pub fn create_tables_by_name(&self) {
        self.world.engines.set_tables_by_name(true);
    }

    /// Compiles a program and makes it ready to run. Everything wrong with it is told at once.
    pub fn load(&mut self, name: &str, text: &str, mode: Mode) -> Result<(), Vec<Diagnostic>> {
        self.vm.load(name, text, mode)
    }

    /// Like [`Script::load`], but only the lines from `line` (counted from 1) on; places stay as in
    /// the whole text.
    pub fn load_from(&mut self, name: &str, text: &str, line: u32) -> Result<(), Vec<Diagnostic>> {
        let skip = usize::try_from(line).unwrap_or(1).saturating_sub(1);
        let mut blank = String::with_capacity(text.len());
        for (number, row) in text.split_inclusive('\n').enumerate() {
            if number < skip {
                blank.extend(row.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
                // A line of blanks alone is no indentation.
            } else {
                blank.push_str(row);
            }
        }
        self.vm.load(name, &blank, Mode::Module)
    }

    /// Runs until the program ends, the fuel (instructions) is used up or the step mode stops it.
    pub fn resume(&mut self, fuel: u64, mode: StepMode) -> Step {
        self.vm.step_mode = mode;
        self.vm.run(fuel)
    }

    /// Runs a loaded program to its end.
    pub fn run_to_end(&mut self) -> Result<Value, Raise> {
        self.vm.step_mode = StepMode::Run;
        self.vm.run_to_end()
    }

    /// Ends the program where it is. Names, objects and database stay.
    pub fn stop(&mut self) {
        self.vm.abandon();
    }

    /// Whether a program is loaded and has not ended.
    pub fn is_running(&self) -> bool {
        self.vm.is_running()
    }

    /// The number of frames on the stack, for stepping over calls.
    pub fn depth(&self) -> usize {
        self.vm.depth()
    }

    /// The statement that runs.
    pub fn location(&self) -> Option<Location> {
        self.vm.location()
    }

    /// The machine itself.
    pub fn vm(&mut self) -> &mut Vm {
        &mut self.vm
    }

    /// Looks at the ORM.
    pub fn orm<T>(&self, look: impl FnOnce(&Orm) -> T) -> Option<T> {
        self.world.look(look)
    }

    /// Resolves tags of the ORM to places, without borrowing the script.
    pub fn places(&self) -> Places {
        Places(Rc::clone(&self.world))
    }

    /// The place behind a tag of the ORM.
    pub fn place(&self, tag: SpanTag) -> Option<Location> {
        self.world.location(tag)
    }

    /// Mapped classes in order of declaration.
    pub fn models(&self) -> Vec<Model> {
        self.world.models.borrow().clone()
    }

    /// Global names that hold a mapped object, in order of definition.
    pub fn object_names(&self) -> Vec<(String, InstanceId)> {
        self.names(world::entity)
    }

    /// Global names that hold a session, in order of definition.
    pub fn session_names(&self) -> Vec<(String, SessionId)> {
        self.names(session::session_id)
    }

    /// Whether the namespace of the last run has a name.
    pub(crate) fn has_name(&self, name: &str) -> bool {
        self.vm.main().dict.contains(name)
    }

    fn names<T>(&self, pick: impl Fn(&Value) -> Option<T>) -> Vec<(String, T)> {
        let names = self.vm.main().dict.names();
        names.iter().filter_map(|(name, value)| Some((name.to_string(), pick(value)?))).collect()
    }

    /// What a flush of this session would do now, unrun.
    pub fn plan(&mut self, session: SessionId) -> Result<FlushPlan, Raise> {
        world::with_orm(&mut self.vm, |orm, host| vidro_orm::flush::plan(orm, host, session))
    }

    /// An expression, evaluated in the namespace of the last run.
    pub fn evaluate(&mut self, expression: &str) -> Result<Value, Raise> {
        let globals = Rc::clone(&self.vm.main().dict);
        self.vm.evaluate(expression, &globals)
    }

    /// A statement's text in each of the four dialects, or why there is none.
    ///
    /// A reader who types one need not import anything: SQLAlchemy's names stand behind the script's own.
    pub fn compile(&mut self, expression: &str) -> Result<Vec<DialectText>, Raise> {
        let globals = Rc::new(Dict::default());
        for module in ["sqlalchemy", "sqlalchemy.schema"] {
            self.vm.import_all(module, &globals)?;
        }
        for (name, value) in self.vm.main().dict.names() {
            globals.set_name(&name, value);
        }
        let value = self.vm.evaluate(expression, &globals)?;
        expression::in_dialects(&mut self.vm, &value)
    }

    /// The texts of a statement that ran.
    pub fn dialects(&mut self, construct: &Construct) -> Vec<DialectText> {
        expression::texts(&mut self.vm, construct)
    }

    /// `repr()` of a value.
    pub fn repr(&mut self, value: &Value) -> String {
        self.vm.repr(value).map(|text| text.to_string()).unwrap_or_default()
    }

    /// An exception as Python prints it.
    pub fn traceback(&mut self, raise: &Raise) -> String {
        format_exception(&mut self.vm, &raise.0)
    }

    /// The message of an exception, `str()` of it.
    pub fn exception_text(&mut self, raise: &Raise) -> String {
        let exception = Value::Instance(Rc::clone(&raise.0));
        self.vm.str(&exception).map(|text| text.to_string()).unwrap_or_default()
    }

    /// What to do about an exception, when its own note tells.
    pub fn hint(&mut self, raise: &Raise) -> Option<String> {
        let notes = raise.0.exception(|state| state.notes.clone()).unwrap_or_default();
        let note = notes.first().and_then(Value::as_str)?;
        Some(note.strip_prefix("Hint: ").unwrap_or(&note).to_owned())
    }

    /// Builds relationships that are still only declared, so that they can be shown. What is wrong
    /// with them is told when the script first needs them.
    pub fn configure(&mut self) {
        let _ = world::with_orm(&mut self.vm, |orm, host| vidro_orm::mapping::configure(orm, host));
    }

    /// The text edits of a gesture. Cards are named as in the namespace of the last run.
    pub fn edit(&mut self, source: &str, gesture: &Gesture) -> Result<Edits, String> {
        edit::edit(self, source, gesture)
    }

    /// Lets objects that nobody refers to go; between statements this happens by itself.
    pub fn collect_unreferenced(&mut self) {
        world::collect(&mut self.vm);
    }
}

/// The machine's host: the surroundings, and what is due between statements.
struct Outside(Rc<dyn Surroundings>);

impl Host for Outside {
    fn write(&self, text: &str, at: Option<&Location>) {
        self.0.write(text, at);
    }

    fn now(&self) -> i128 {
        self.0.now()
    }

    fn elapsed(&self) -> f64 {
        self.0.elapsed()
    }

    fn random(&self) -> u64 {
        self.0.random()
    }

    fn at_statement(&self, vm: &mut Vm, at: &Location) {
        world::at_statement(vm, at);
        self.0.at_statement(at);
    }
}

/// The engines' clock.
struct Time(Rc<dyn Surroundings>);

impl Clock for Time {
    fn now(&self) -> f64 {
        self.0.elapsed()
    }
}

/// Log lines to standard output.
struct Logging {
    surroundings: Rc<dyn Surroundings>,
    style: EchoStyle,
    place: Place,
    level: Echo,
}

impl Log for Logging {
    fn log(&self, logger: &str, level: Echo, message: &str) {
        let text = match self.style {
            EchoStyle::Silent => return,
            EchoStyle::Bare => format!("{message}\n"),
            EchoStyle::Logging => {
                let level = if level == Echo::Debug { "DEBUG" } else { "INFO" };
                format!("{} {level} {logger} {message}\n", stamp(self.surroundings.now()))
            }
        };
        self.surroundings.write_log(&text, self.place.get().as_ref());
    }

    fn level(&self, _: &str) -> Echo {
        self.level
    }
}

/// `2026-11-21 10:00:00,000`, as `logging` prints a moment.
fn stamp(nanoseconds: i128) -> String {
    let milliseconds = nanoseconds.div_euclid(1_000_000);
    let days = milliseconds.div_euclid(86_400_000);
    let rest = milliseconds.rem_euclid(86_400_000);
    let (year, month, day) = civil(i64::try_from(days).unwrap_or(0));
    let (hours, minutes) = (rest / 3_600_000, rest / 60_000 % 60);
    let (seconds, milliseconds) = (rest / 1000 % 60, rest % 1000);
    format!("{year:04}-{month:02}-{day:02} {hours:02}:{minutes:02}:{seconds:02},{milliseconds:03}")
}

/// Year, month and day of a day counted from 1970, by the Gregorian calendar.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}
