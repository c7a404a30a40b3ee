//! Functions, native functions, bound methods, generators.

use std::cell::{OnceCell, RefCell};
use std::fmt;
use std::rc::Rc;

use super::{Dict, Str, Value};
use crate::compile::Code;
use crate::host::{Args, Raise};
use crate::vm::{Frame, Vm};

/// A variable shared by closures; none while it is unbound.
pub(crate) type CellRef = Rc<RefCell<Option<Value>>>;

/// A function written in Python.
pub struct Function {
    pub(crate) code: Rc<Code>,
    pub(crate) globals: Rc<Dict>,
    pub(crate) name: RefCell<Str>,
    pub(crate) qualified_name: RefCell<Str>,
    pub(crate) module: Value,
    pub(crate) defaults: RefCell<Vec<Value>>,
    pub(crate) keyword_defaults: Vec<(Str, Value)>,
    pub(crate) closure: Vec<CellRef>,
    /// The namespace a class-level annotation looks in first.
    pub(crate) namespace: Option<Rc<Dict>>,
    pub(crate) dict: OnceCell<Rc<Dict>>,
    /// Computes `__annotations__`.
    pub(crate) annotate: Option<Rc<Function>>,
}

impl Function {
    /// The name it was defined with.
    pub fn name(&self) -> Str {
        self.name.borrow().clone()
    }

    /// The names of its positional parameters, in order.
    pub fn parameters(&self) -> Vec<Str> {
        let count = self.code.parameters.positional;
        self.code.local_names.iter().take(count).cloned().collect()
    }

    /// How many positional parameters have no default.
    pub fn required(&self) -> usize {
        self.code.parameters.positional.saturating_sub(self.defaults.borrow().len())
    }

    /// Whether it takes `*args`.
    pub fn is_variadic(&self) -> bool {
        self.code.parameters.variadic
    }

    /// Whether it is declared with `async def`.
    pub fn is_coroutine(&self) -> bool {
        self.code.generator == Some(GeneratorKind::Coroutine)
    }

    /// Attributes that were set on it.
    pub fn dict(&self) -> &Rc<Dict> {
        self.dict.get_or_init(Rc::default)
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<function {}>", self.name.borrow())
    }
}

/// A native function with state.
pub(super) type Closure = dyn Fn(&mut Vm, Args) -> Result<Value, Raise>;

/// The Rust code of a native function.
pub enum NativeCall {
    /// A plain function.
    Plain(fn(&mut Vm, Args) -> Result<Value, Raise>),
    /// A closure with state.
    Closure(Box<Closure>),
}

/// A function written in Rust.
pub struct NativeFunction {
    /// The name errors show.
    pub name: Str,
    /// The code.
    pub call: NativeCall,
    /// Whether it receives the instance when it is found in a class.
    pub binds: bool,
    /// A positional argument that must be finite: an iterator there is turned into a list first,
    /// by the machine, so that a long one can be paused.
    pub(crate) drains: Option<u8>,
}

impl fmt::Debug for NativeCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NativeCall")
    }
}

impl NativeFunction {
    /// Runs it.
    pub(crate) fn invoke(&self, vm: &mut Vm, args: Args) -> Result<Value, Raise> {
        match &self.call {
            NativeCall::Plain(function) => function(vm, args),
            NativeCall::Closure(closure) => closure(vm, args),
        }
    }
}

impl fmt::Debug for NativeFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<native {}>", self.name)
    }
}

impl Value {
    /// A native function that is not a method.
    pub fn function(name: impl Into<Str>, call: fn(&mut Vm, Args) -> Result<Self, Raise>) -> Self {
        Self::native(name, NativeCall::Plain(call), false, None)
    }

    /// A native function that receives the instance when it is found in a class.
    pub fn method(name: impl Into<Str>, call: fn(&mut Vm, Args) -> Result<Self, Raise>) -> Self {
        Self::native(name, NativeCall::Plain(call), true, None)
    }

    /// A native function with state; not a method.
    pub fn closure(
        name: impl Into<Str>,
        call: impl Fn(&mut Vm, Args) -> Result<Self, Raise> + 'static,
    ) -> Self {
        Self::native(name, NativeCall::Closure(Box::new(call)), false, None)
    }

    pub(crate) fn native(
        name: impl Into<Str>,
        call: NativeCall,
        binds: bool,
        drains: Option<u8>,
    ) -> Self {
        Self::Native(Rc::new(NativeFunction { name: name.into(), call, binds, drains }))
    }

    /// A function bound to a receiver.
    pub fn bound(receiver: Self, function: Self) -> Self {
        Self::BoundMethod(Rc::new(BoundMethod { receiver, function }))
    }
}

/// A function bound to its first argument.
#[derive(Debug)]
pub struct BoundMethod {
    /// The first argument.
    pub receiver: Value,
    /// The function.
    pub function: Value,
}

/// What a suspended frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GeneratorKind {
    /// A function with `yield`.
    Generator,
    /// An `async def` function.
    Coroutine,
    /// An `async def` function with `yield`.
    AsyncGenerator,
}

/// A generator or coroutine: a frame that runs when it is asked for the next value.
pub struct Generator {
    pub(crate) kind: GeneratorKind,
    pub(crate) name: Str,
    pub(crate) state: RefCell<GeneratorState>,
}

/// Where a generator is.
pub(crate) enum GeneratorState {
    /// Not started, or waiting at a `yield`.
    Waiting { frame: Box<Frame>, started: bool },
    /// Its frame is on the machine's stack.
    Running,
    /// It returned or raised.
    Finished,
}

impl fmt::Debug for Generator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<generator {}>", self.name)
    }
}

impl Function {
    /// A function without parameters around a code object.
    pub(crate) fn bare(code: Rc<Code>, globals: Rc<Dict>) -> Self {
        Self {
            name: RefCell::new(code.name.clone()),
            qualified_name: RefCell::new(code.qualified_name.clone()),
            code,
            globals,
            module: Value::None,
            defaults: RefCell::default(),
            keyword_defaults: Vec::new(),
            closure: Vec::new(),
            namespace: None,
            dict: OnceCell::new(),
            annotate: None,
        }
    }
}
