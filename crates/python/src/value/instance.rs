//! Instances of classes, exceptions among them, and modules.

use std::any::Any;
use std::cell::{OnceCell, RefCell};
use std::fmt;
use std::rc::Rc;

use super::class::Layout;
use super::{Class, Dict, Str, Value};
use crate::diagnostic::{Source, Span};
use crate::host::ModuleHooks;

/// An instance of a class.
pub struct Instance {
    class: RefCell<Rc<Class>>,
    dict: OnceCell<Rc<Dict>>,
    content: RefCell<Content>,
    payload: RefCell<Option<Rc<dyn Any>>>,
}

/// What an instance holds beside its attributes.
enum Content {
    Nothing,
    /// The built-in value of a subclass of a built-in type.
    Wrapped(Value),
    Exception(Box<ExceptionState>),
}

/// One line of a traceback.
#[derive(Clone, Debug)]
pub struct TraceEntry {
    /// The file.
    pub source: Rc<Source>,
    /// The expression or statement that ran.
    pub span: Span,
    /// The function, or `<module>`.
    pub function: Str,
}

/// What every exception carries.
#[derive(Clone, Default)]
pub struct ExceptionState {
    /// `args`.
    pub args: Vec<Value>,
    /// `__cause__`: from `raise … from …`.
    pub cause: Option<Rc<Instance>>,
    /// `__context__`: what was being handled.
    pub context: Option<Rc<Instance>>,
    /// Whether the context is not shown, after `raise … from None`.
    pub suppress_context: bool,
    /// Where it passed through, innermost first.
    pub traceback: Vec<TraceEntry>,
    /// Lines added with `add_note`.
    pub notes: Vec<Value>,
}

impl fmt::Debug for ExceptionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ExceptionState{:?}", self.args)
    }
}

impl Instance {
    /// A new instance; `__init__` is not called.
    pub fn new(class: Rc<Class>) -> Rc<Self> {
        let content = match class.layout {
            Layout::Exception => Content::Exception(Box::default()),
            Layout::Object | Layout::Wrapper => Content::Nothing,
        };
        Self::build(class, content)
    }

    /// A new instance of a subclass of a built-in type.
    pub fn wrapping(class: Rc<Class>, value: Value) -> Rc<Self> {
        Self::build(class, Content::Wrapped(value))
    }

    fn build(class: Rc<Class>, content: Content) -> Rc<Self> {
        Rc::new(Self {
            class: RefCell::new(class),
            dict: OnceCell::new(),
            content: RefCell::new(content),
            payload: RefCell::new(None),
        })
    }

    /// Its class.
    pub fn class(&self) -> Rc<Class> {
        Rc::clone(&self.class.borrow())
    }

    pub(crate) fn set_class(&self, class: Rc<Class>) {
        *self.class.borrow_mut() = class;
    }

    /// Whether it compares and hashes by identity.
    pub(crate) fn plain(&self) -> bool {
        self.class.borrow().plain.get()
    }

    /// Its attributes: `__dict__`.
    pub fn dict(&self) -> &Rc<Dict> {
        self.dict.get_or_init(Rc::default)
    }

    /// An attribute of the instance itself.
    pub fn get(&self, name: &str) -> Option<Value> {
        self.dict.get()?.get(name)
    }

    pub(crate) fn get_name(&self, hash: u64, name: &Str) -> Option<Value> {
        self.dict.get()?.table.borrow().get_name(hash, name).cloned()
    }

    /// Sets an attribute of the instance itself, past all descriptors.
    pub fn set(&self, name: &str, value: Value) {
        self.dict().set(name, value);
    }

    /// Gives the instance a payload; the payload is dropped with it.
    pub fn set_payload(&self, payload: Rc<dyn Any>) {
        *self.payload.borrow_mut() = Some(payload);
    }

    /// The payload, if it is of this type.
    pub fn payload<T: Any>(&self) -> Option<Rc<T>> {
        self.payload.borrow().clone()?.downcast::<T>().ok()
    }

    /// The built-in value inside an instance of a subclass of a built-in type.
    pub(crate) fn base(&self) -> Option<Value> {
        match &*self.content.borrow() {
            Content::Wrapped(value) => Some(value.clone()),
            Content::Nothing | Content::Exception(_) => None,
        }
    }

    /// Whether it is an exception.
    pub fn is_exception(&self) -> bool {
        matches!(&*self.content.borrow(), Content::Exception(_))
    }

    /// Reads or changes what an exception carries; none if this is no exception. The closure must
    /// not run the machine.
    pub fn exception<T>(&self, with: impl FnOnce(&mut ExceptionState) -> T) -> Option<T> {
        match &mut *self.content.borrow_mut() {
            Content::Exception(state) => Some(with(state)),
            Content::Nothing | Content::Wrapped(_) => None,
        }
    }
}

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} instance>", self.class.borrow().name())
    }
}

/// A module: a namespace, and hooks for names that are made when they are first used.
pub struct Module {
    /// The dotted name.
    pub name: Str,
    /// The names it has.
    pub dict: Rc<Dict>,
    pub(crate) hooks: RefCell<Option<Rc<dyn ModuleHooks>>>,
}

impl Module {
    pub(crate) fn new(name: Str) -> Rc<Self> {
        Rc::new(Self { name, dict: Rc::default(), hooks: RefCell::new(None) })
    }

    /// Defines a name.
    pub fn set(&self, name: &str, value: Value) {
        self.dict.set(name, value);
    }

    /// Makes names on first use.
    pub fn set_hooks(&self, hooks: Rc<dyn ModuleHooks>) {
        *self.hooks.borrow_mut() = Some(hooks);
    }
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<module {}>", self.name)
    }
}
