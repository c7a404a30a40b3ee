//! Values: what a name in a running program can hold.

mod alias;
mod class;
mod function;
mod instance;
mod iterator;
mod list;
mod number;
mod plain;
mod string;
mod table;
mod trash;

use std::any::Any;
use std::fmt;
use std::rc::Rc;

use num_bigint::BigInt;

use crate::host::Object;

pub(crate) use alias::union_operator;
pub use alias::{Alias, ForwardRef, SpecialForm};
pub use class::{Annotation, Class};
pub(crate) use class::{CLASS_VERSION, ClassParts, Layout, linearize};
pub use function::Generator;
pub use function::{BoundMethod, Function, NativeCall, NativeFunction};
pub(crate) use function::{CellRef, GeneratorKind, GeneratorState};
pub use instance::{ExceptionState, Instance, Module, TraceEntry};
pub use iterator::Iter;
pub(crate) use iterator::{Part, Source as IterSource};
pub use list::{Dict, List, Set, Tuple};
pub(crate) use number::{
    big, checked_shift, float_to_big, format_float, hash_big, hash_float, parse_float, parse_int,
};
pub use string::{Bytes, Str};
pub(crate) use string::{MEMORY, SLOT};
pub use table::Table;
pub(crate) use table::{Lookup, hash_str};

/// One Python value. Heap values are reference counted, as in CPython: when the last reference to
/// an instance goes, its payload is dropped at once.
#[derive(Clone, Default)]
pub enum Value {
    /// `None`.
    #[default]
    None,
    /// `NotImplemented`, what an operator answers when it does not know the other operand.
    NotImplemented,
    /// `...`.
    Ellipsis,
    /// `True` or `False`.
    Bool(bool),
    /// An integer that fits 64 bits.
    Int(i64),
    /// A floating point number.
    Float(f64),
    /// An integer that does not fit 64 bits.
    Big(Rc<BigInt>),
    /// A string.
    Str(Str),
    /// A bytes object.
    Bytes(Bytes),
    /// A tuple.
    Tuple(Rc<Tuple>),
    /// A list.
    List(Rc<List>),
    /// A dict.
    Dict(Rc<Dict>),
    /// A set or frozenset.
    Set(Rc<Set>),
    /// An iterator over something native.
    Iter(Rc<Iter>),
    /// A function written in Python.
    Function(Rc<Function>),
    /// A function written in Rust.
    Native(Rc<NativeFunction>),
    /// A function bound to its first argument.
    BoundMethod(Rc<BoundMethod>),
    /// A generator or coroutine.
    Generator(Rc<Generator>),
    /// A class, native or written in Python.
    Class(Rc<Class>),
    /// An instance of a class written in Python, or of a native class without its own object type.
    Instance(Rc<Instance>),
    /// A module.
    Module(Rc<Module>),
    /// A native object.
    Object(Rc<dyn Object>),
}

impl Value {
    /// A string value.
    pub fn str(text: impl Into<Str>) -> Self {
        Self::Str(text.into())
    }

    /// A tuple value.
    pub fn tuple(items: Vec<Self>) -> Self {
        Self::Tuple(Rc::new(Tuple::new(items)))
    }

    /// A list value.
    pub fn list(items: Vec<Self>) -> Self {
        Self::List(Rc::new(List::new(items)))
    }

    /// A native object as a value.
    pub fn object(object: impl Object) -> Self {
        Self::Object(Rc::new(object))
    }

    /// An integer of any size, in its smallest form.
    pub fn int(value: BigInt) -> Self {
        i64::try_from(&value).map_or_else(|_| Self::Big(Rc::new(value)), Self::Int)
    }

    /// A length or an index as an integer.
    pub fn size(value: usize) -> Self {
        i64::try_from(value).map_or_else(|_| Self::int(BigInt::from(value)), Self::Int)
    }

    /// A dict with string keys.
    pub fn dict<'a>(items: impl IntoIterator<Item = (&'a str, Self)>) -> Self {
        let dict = Dict::default();
        for (key, value) in items {
            dict.set(key, value);
        }
        Self::Dict(Rc::new(dict))
    }

    /// Whether this is `None`.
    pub fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// Whether this is `NotImplemented`.
    pub fn is_not_implemented(&self) -> bool {
        matches!(self, Self::NotImplemented)
    }

    /// The text of a string, also of an instance of a subclass of `str`.
    pub fn as_str(&self) -> Option<Str> {
        match self {
            Self::Str(text) => Some(text.clone()),
            Self::Instance(instance) => instance.base().and_then(|base| base.as_str()),
            _ => None,
        }
    }

    /// An integer or bool that fits 64 bits, also of an instance of a subclass of `int`.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(*value),
            Self::Bool(value) => Some(i64::from(*value)),
            Self::Instance(instance) => instance.base().and_then(|base| base.as_int()),
            _ => None,
        }
    }

    /// A class.
    pub fn as_class(&self) -> Option<&Rc<Class>> {
        match self {
            Self::Class(class) => Some(class),
            _ => None,
        }
    }

    /// An instance.
    pub fn as_instance(&self) -> Option<&Rc<Instance>> {
        match self {
            Self::Instance(instance) => Some(instance),
            _ => None,
        }
    }

    /// The native object of type `T` behind this value, if it is one.
    pub fn downcast<T: Object>(&self) -> Option<Rc<T>> {
        match self {
            Self::Object(object) => {
                let any: Rc<dyn Any> = object.clone();
                any.downcast::<T>().ok()
            }
            _ => None,
        }
    }

    /// A reference to the native object of type `T` behind this value, if it is one.
    pub fn downcast_ref<T: Object>(&self) -> Option<&T> {
        match self {
            Self::Object(object) => {
                let any: &dyn Any = object.as_ref();
                any.downcast_ref::<T>()
            }
            _ => None,
        }
    }

    /// The payload of type `T` that a host gave to this instance, if it has one.
    pub fn payload<T: Any>(&self) -> Option<Rc<T>> {
        match self {
            Self::Instance(instance) => instance.payload::<T>(),
            _ => None,
        }
    }

    /// Whether both are the same object: Python's `is`.
    pub fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::None, Self::None)
            | (Self::NotImplemented, Self::NotImplemented)
            | (Self::Ellipsis, Self::Ellipsis) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a.to_bits() == b.to_bits(),
            _ => match (self.address(), other.address()) {
                (Some(a), Some(b)) => a == b,
                _ => false,
            },
        }
    }

    /// The address of a heap value, which is its identity.
    pub fn address(&self) -> Option<usize> {
        fn thin<T: ?Sized>(pointer: &Rc<T>) -> usize {
            Rc::as_ptr(pointer).cast::<()>().addr()
        }
        Some(match self {
            Self::Big(value) => thin(value),
            Self::Str(value) => value.address(),
            Self::Bytes(value) => value.address(),
            Self::Tuple(value) => thin(value),
            Self::List(value) => thin(value),
            Self::Dict(value) => thin(value),
            Self::Set(value) => thin(value),
            Self::Iter(value) => thin(value),
            Self::Function(value) => thin(value),
            Self::Native(value) => thin(value),
            Self::BoundMethod(value) => thin(value),
            Self::Generator(value) => thin(value),
            Self::Class(value) => thin(value),
            Self::Instance(value) => thin(value),
            Self::Module(value) => thin(value),
            Self::Object(value) => thin(value),
            Self::None
            | Self::NotImplemented
            | Self::Ellipsis
            | Self::Bool(_)
            | Self::Int(_)
            | Self::Float(_) => return None,
        })
    }

    /// The built-in value an instance of a subclass of a built-in type wraps; anything else is
    /// itself.
    pub fn unwrapped(&self) -> Self {
        match self {
            Self::Instance(instance) => instance.base().unwrap_or_else(|| self.clone()),
            _ => self.clone(),
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value}"),
            Self::Str(value) => write!(f, "{:?}", &**value),
            Self::Class(class) => write!(f, "<class {}>", class.name()),
            Self::Instance(instance) => write!(f, "<{} instance>", instance.class().name()),
            other => write!(f, "<value at {:#x}>", other.address().unwrap_or(0)),
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Str(value.into())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Str(value.into())
    }
}

impl From<Str> for Value {
    fn from(value: Str) -> Self {
        Self::Str(value)
    }
}

impl From<Rc<Class>> for Value {
    fn from(value: Rc<Class>) -> Self {
        Self::Class(value)
    }
}

impl From<Rc<Instance>> for Value {
    fn from(value: Rc<Instance>) -> Self {
        Self::Instance(value)
    }
}
