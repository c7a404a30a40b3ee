//! The machine: frames on the heap, run in slices, paused after any instruction.

mod arithmetic;
mod attribute;
mod call;
mod class;
mod collection;
mod compare;
mod execute;
mod frame;
mod generator;
mod import;
mod iterate;
mod operation;
mod raise;
mod text;
mod types;
mod unpack;
mod with;

use std::any::{Any, TypeId};
use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::compile::{Code, Interner, Mode, compile};
use crate::diagnostic::{Diagnostic, Location};
use crate::host::{Args, Host, NoHost, Raise};
use crate::value::{Annotation, Class, Dict, Function, Generator, MEMORY, Module, Str, Value};

pub(crate) use arithmetic::floor_divide;
pub(crate) use attribute::Found;
pub(crate) use call::Then;
pub(crate) use frame::Frame;
pub(crate) use types::Kind;
use types::Types;

/// What a run is bounded by. Exceeding one is an error, never a hang.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Instructions of a whole run; none for no bound.
    pub instructions: Option<u64>,
    /// Instructions of one call from native code back into the program.
    pub nested: u64,
    /// Frames, as `sys.getrecursionlimit()`.
    pub recursion: usize,
    /// Bytes in containers and strings.
    pub memory: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { instructions: None, nested: 20_000_000, recursion: 1000, memory: 256 << 20 }
    }
}

/// Where the machine stops by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StepMode {
    /// Only when the fuel is used up.
    #[default]
    Run,
    /// Before each statement of the program, in any frame.
    Into,
    /// Before each statement of a frame no deeper than this.
    Over(usize),
}

/// How a slice ended.
#[derive(Debug)]
pub enum Step {
    /// The fuel is used up; call [`Vm::run`] again.
    Paused,
    /// A statement is about to run and the step mode asked to stop there.
    Statement(Location),
    /// The program ended.
    Finished(Value),
    /// The program raised an exception nobody caught.
    Raised(Raise),
}

/// Fills a module when it is first imported.
pub type ModuleBuilder = fn(&mut Vm, &Rc<Module>) -> Result<(), Raise>;

/// The machine and everything a program can reach.
pub struct Vm {
    pub(crate) frame: Box<Frame>,
    #[expect(clippy::vec_box, reason = "frames also live in generators and move between the two")]
    pub(crate) callers: Vec<Box<Frame>>,
    pub(crate) host: Rc<dyn Host>,
    pub(crate) builtins: Rc<Dict>,
    pub(crate) modules: Rc<Dict>,
    builders: Vec<(&'static str, ModuleBuilder)>,
    pub(crate) types: Types,
    named_classes: FxHashMap<String, Rc<Class>>,
    forms: FxHashMap<&'static str, Value>,
    state: Vec<(TypeId, Rc<dyn Any>)>,
    pub(crate) interner: Interner,
    /// Bounds.
    pub limits: Limits,
    /// Where to stop before statements.
    pub step_mode: StepMode,
    pub(crate) fuel: u64,
    pub(crate) used: u64,
    nested: usize,
    native_depth: usize,
    /// Work that native loops did since the machine last ran an instruction of the program.
    native_work: u64,
    pub(crate) outcome: Option<Value>,
    pub(crate) pending: Option<(Value, Args)>,
    /// A generator that a native function wants resumed as its last act.
    pub(crate) pending_send: Option<(Rc<Generator>, Value)>,
    stopping: bool,
    /// The exception on its way was raised before in this frame.
    pub(crate) reraising: bool,
    /// The frame depth and instruction of the statement the step mode stopped at.
    stopped_at: Option<(usize, usize)>,
    main: Rc<Module>,
    /// Annotations of the class statement that is being finished, until its class exists.
    pub(crate) class_annotations: Option<Rc<RefCell<Vec<Annotation>>>>,
    /// Containers whose `repr` is being made: a container inside itself shows as dots.
    printing: Vec<usize>,
    attribute_cache: attribute::Cache,
}

impl fmt::Debug for Vm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vm({} frames)", self.callers.len())
    }
}

/// A function holds its module's names, and those hold the function: emptying the modules lets go
/// of both.
impl Drop for Vm {
    fn drop(&mut self) {
        for (_, value) in self.modules.names() {
            if let Value::Module(module) = value {
                module.dict.clear();
            }
        }
        self.main.dict.clear();
    }
}

impl Default for Vm {
    fn default() -> Self {
        Self::new(Rc::new(NoHost))
    }
}

impl Vm {
    /// A machine with builtins and standard library; more modules are registered by the host.
    pub fn new(host: Rc<dyn Host>) -> Self {
        let mut vm = Self {
            frame: Frame::idle(),
            callers: Vec::new(),
            host,
            builtins: Rc::default(),
            modules: Rc::default(),
            builders: Vec::new(),
            types: Types::new(),
            named_classes: FxHashMap::default(),
            forms: FxHashMap::default(),
            state: Vec::new(),
            interner: Interner::default(),
            limits: Limits::default(),
            step_mode: StepMode::Run,
            fuel: 0,
            used: 0,
            nested: 0,
            native_depth: 0,
            native_work: 0,
            outcome: None,
            pending: None,
            pending_send: None,
            stopping: false,
            reraising: false,
            stopped_at: None,
            main: Module::new("__main__".into()),
            class_annotations: None,
            printing: Vec::new(),
            attribute_cache: attribute::Cache::default(),
        };
        crate::builtins::install(&mut vm);
        crate::stdlib::register(&mut vm);
        vm
    }

    /// Registers a module that is filled on first import.
    pub fn register_module(&mut self, name: &'static str, builder: ModuleBuilder) {
        self.builders.retain(|(known, _)| *known != name);
        self.builders.push((name, builder));
    }

    /// The namespace of the program: its globals live on between runs until it is replaced.
    pub fn main(&self) -> &Rc<Module> {
        &self.main
    }

    /// Begins a new program with an empty namespace. Modules that were imported stay.
    pub fn reset_main(&mut self) {
        self.main = Module::new("__main__".into());
        self.modules.set("__main__", Value::Module(Rc::clone(&self.main)));
    }

    /// Keeps a value of the host's own, one per type.
    pub fn set_state<T: Any>(&mut self, state: Rc<T>) {
        self.state.retain(|(known, _)| *known != TypeId::of::<T>());
        self.state.push((TypeId::of::<T>(), state));
    }

    /// The host's value of this type.
    pub fn state<T: Any>(&self) -> Option<Rc<T>> {
        let (_, state) = self.state.iter().find(|(known, _)| *known == TypeId::of::<T>())?;
        Rc::clone(state).downcast::<T>().ok()
    }

    /// The world outside.
    pub fn host(&self) -> Rc<dyn Host> {
        Rc::clone(&self.host)
    }

    /// Compiles a program and makes it ready for [`Vm::run`]. Nothing runs yet.
    pub fn load(&mut self, name: &str, text: &str, mode: Mode) -> Result<(), Vec<Diagnostic>> {
        let code = compile(&self.interner, name, text, mode)?;
        let globals = Rc::clone(&self.main.dict);
        if mode == Mode::Module && !globals.contains("__name__") {
            globals.set("__name__", Value::str("__main__"));
            globals.set("__doc__", Value::None);
        }
        self.begin(code, globals);
        Ok(())
    }

    fn begin(&mut self, code: Rc<Code>, globals: Rc<Dict>) {
        self.abandon();
        let frame = Frame::new(code, globals, Then::Stop);
        self.callers.push(std::mem::replace(&mut self.frame, frame));
        self.used = 0;
        self.stopping = false;
    }

    /// Runs until the program ends, the fuel (a number of instructions) is used up, or the step
    /// mode asks to stop.
    pub fn run(&mut self, fuel: u64) -> Step {
        if self.callers.is_empty() {
            return Step::Finished(Value::None);
        }
        let left = self.limits.instructions.map(|limit| limit.saturating_sub(self.used));
        self.fuel = left.map_or(fuel, |left| fuel.min(left.max(1)));
        match self.execute() {
            Ok(execute::Exit::Stopped) => Step::Finished(self.outcome.take().unwrap_or_default()),
            Ok(execute::Exit::Paused) => match self.over_limit() {
                Some(raise) => {
                    self.abandon();
                    Step::Raised(raise)
                }
                None => Step::Paused,
            },
            Ok(execute::Exit::Statement) => match self.location() {
                Some(location) => Step::Statement(location),
                None => Step::Paused,
            },
            Err(raise) => Step::Raised(raise),
        }
    }

    fn over_limit(&mut self) -> Option<Raise> {
        let limit = self.limits.instructions?;
        if self.used < limit {
            return None;
        }
        let raise =
            self.runtime_error(format!("the program was stopped after {limit} instructions"));
        self.trace_current(&raise);
        Some(raise)
    }

    /// Runs a loaded program to its end, whatever it takes.
    pub fn run_to_end(&mut self) -> Result<Value, Raise> {
        loop {
            let left = self.limits.instructions.map(|limit| limit.saturating_sub(self.used).max(1));
            match self.run(left.unwrap_or(u64::MAX / 2)) {
                Step::Paused | Step::Statement(_) => {}
                Step::Finished(value) => return Ok(value),
                Step::Raised(raise) => return Err(raise),
            }
        }
    }

    /// Drops all frames: the program is over. Namespaces stay.
    pub fn abandon(&mut self) {
        self.callers.clear();
        self.frame = Frame::idle();
        self.nested = 0;
        self.native_depth = 0;
        self.pending = None;
        self.outcome = None;
    }

    /// Whether a program is loaded and has not ended.
    pub fn is_running(&self) -> bool {
        !self.callers.is_empty()
    }

    /// The number of frames of the program on the stack.
    pub fn depth(&self) -> usize {
        self.callers.len()
    }

    /// The statement of the program that runs: of the topmost frame that is the user's.
    pub fn location(&self) -> Option<Location> {
        std::iter::once(&self.frame)
            .chain(self.callers.iter().rev())
            .find(|frame| !frame.code.internal && !frame.code.ops.is_empty())
            .map(|frame| frame.statement_location())
    }

    /// Statements of the frames of the program, innermost first.
    pub fn stack(&self) -> Vec<Location> {
        std::iter::once(&self.frame)
            .chain(self.callers.iter().rev())
            .filter(|frame| !frame.code.internal && !frame.code.ops.is_empty())
            .map(|frame| frame.statement_location())
            .collect()
    }

    /// Names and values of the topmost frame of the program.
    pub fn locals(&self) -> Vec<(Str, Value)> {
        let frame = std::iter::once(&self.frame)
            .chain(self.callers.iter().rev())
            .find(|frame| !frame.code.internal && !frame.code.ops.is_empty());
        frame.map(|frame| frame.visible_names()).unwrap_or_default()
    }

    /// Writes to standard output.
    pub fn write(&mut self, text: &str) {
        let at = self.location();
        self.host().write(text, at.as_ref());
    }

    /// Evaluates an expression in a namespace, with a nested loop.
    pub fn evaluate(&mut self, text: &str, globals: &Rc<Dict>) -> Result<Value, Raise> {
        self.evaluate_as(text, globals, Mode::Expression)
    }

    /// Evaluates an annotation in a namespace: names that do not exist become
    /// [`crate::ForwardRef`].
    pub fn evaluate_annotation(&mut self, text: &str, globals: &Rc<Dict>) -> Result<Value, Raise> {
        self.evaluate_as(text, globals, Mode::Annotation)
    }

    fn evaluate_as(&mut self, text: &str, globals: &Rc<Dict>, mode: Mode) -> Result<Value, Raise> {
        match compile(&self.interner, "<string>", text, mode) {
            Ok(code) => {
                let function = Function::bare(code, Rc::clone(globals));
                self.call(&Value::Function(Rc::new(function)), Args::none())
            }
            Err(mut errors) => {
                let first = if errors.is_empty() { None } else { Some(errors.remove(0)) };
                let message = first.map(|error| error.to_string()).unwrap_or_default();
                Err(self.error("SyntaxError", message))
            }
        }
    }

    /// A class that was built with [`crate::ClassBuilder`], by its full name; `object` if there is
    /// none of that name.
    pub fn named_class(&self, name: &str) -> Rc<Class> {
        self.named_classes.get(name).cloned().unwrap_or_else(|| self.types.class(Kind::Object))
    }

    /// Makes a class findable by a name.
    pub(crate) fn name_class(&mut self, name: String, class: &Rc<Class>) {
        self.named_classes.insert(name, Rc::clone(class));
    }

    /// One of `typing`'s special forms.
    pub fn special_form(&self, name: &str) -> Value {
        self.forms.get(name).cloned().unwrap_or_default()
    }

    pub(crate) fn set_special_form(&mut self, name: &'static str, form: Value) {
        self.forms.insert(name, form);
    }

    /// Refuses to make something too large before it is made.
    pub fn reserve(&mut self, bytes: usize) -> Result<(), Raise> {
        let held = MEMORY.with(std::cell::Cell::get);
        if held.saturating_add(bytes) > self.limits.memory {
            return Err(self.memory_error());
        }
        Ok(())
    }

    /// Bytes held by containers and large strings.
    pub fn memory(&self) -> usize {
        MEMORY.with(std::cell::Cell::get)
    }

    pub(crate) fn builder(&self, name: &str) -> Option<ModuleBuilder> {
        self.builders.iter().find(|(known, _)| *known == name).map(|(_, builder)| *builder)
    }

    /// The modules that can be imported.
    pub fn module_names(&self) -> Vec<&'static str> {
        let mut names: Vec<&'static str> = self.builders.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        names
    }

    /// Enters native recursion: `repr` of nested containers, callbacks. An error when too deep.
    pub(crate) fn enter_native(&mut self) -> Result<(), Raise> {
        if self.native_depth >= MAX_NATIVE_DEPTH {
            return Err(self.recursion_error());
        }
        self.native_depth += 1;
        Ok(())
    }

    pub(crate) fn leave_native(&mut self) {
        self.native_depth = self.native_depth.saturating_sub(1);
    }
}

/// How deeply native code may recurse: bounded by the stack of a browser's worker.
const MAX_NATIVE_DEPTH: usize = 120;
