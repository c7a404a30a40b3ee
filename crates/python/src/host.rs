//! How native things enter a program: objects, classes, functions, descriptors, exceptions, modules.
//!
//! A **module** is registered by name and filled when it is first imported:
//!
//! ```
//! # use vidro_python::{Args, ClassBuilder, Compare, Module, Object, Raise, Str, Value, Vm};
//! # use std::rc::Rc;
//! fn greet(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
//!     let [name, loud] = args.bind(vm, "greet(name, *, loud=)")?;
//!     let name = name.and_then(|name| name.as_str()).unwrap_or_default();
//!     let loud = loud.is_some_and(|loud| vm.truth(&loud).unwrap_or(false));
//!     Ok(Value::from(format!("hello {name}{}", if loud { "!" } else { "" })))
//! }
//!
//! fn hello(vm: &mut Vm, module: &Rc<Module>) -> Result<(), Raise> {
//!     module.set("greet", Value::function("greet", greet));
//!     // An exception: a class below another one, raised with `vm.raise(&class, args)`.
//!     let base = vm.exception("Exception");
//!     let error = ClassBuilder::new("hello", "GreetingError").base(&base).build(vm);
//!     module.set("GreetingError", Value::Class(error));
//!     // A class whose instances are the Rust type `Point`.
//!     let point = ClassBuilder::new("hello", "Point")
//!         .constructor(new_point)
//!         .method("norm", norm)
//!         .property("x", |vm, args| Ok(Value::Int(args.this::<Point>(vm)?.x)))
//!         .build(vm);
//!     module.set("Point", Value::Class(point));
//!     Ok(())
//! }
//!
//! #[derive(Debug)]
//! struct Point { x: i64, y: i64 }
//!
//! impl Object for Point {
//!     fn class(&self, vm: &Vm) -> Rc<vidro_python::Class> {
//!         vm.named_class("hello.Point")
//!     }
//!     fn repr(&self, _: &mut Vm) -> Result<Str, Raise> {
//!         Ok(format!("Point({}, {})", self.x, self.y).into())
//!     }
//! }
//!
//! fn new_point(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
//!     // The first argument of a constructor is the class.
//!     let [_class, x, y] = args.bind(vm, "Point(cls, x, y)")?;
//!     let int = |value: Option<Value>| value.and_then(|value| value.as_int()).unwrap_or(0);
//!     Ok(Value::object(Point { x: int(x), y: int(y) }))
//! }
//!
//! fn norm(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
//!     let point = args.this::<Point>(vm)?;
//!     Ok(Value::Int(point.x * point.x + point.y * point.y))
//! }
//!
//! let mut vm = Vm::default();
//! vm.register_module("hello", hello);
//! let program = "from hello import *\np = Point(3, 4)\nprint(greet('Ana', loud=True), p, p.norm())";
//! assert_eq!(vidro_python::run_to_string(&mut vm, program), "hello Ana! Point(3, 4) 25\n");
//! ```
//!
//! A **descriptor** is an [`Object`] that answers [`Object::descriptor`] and stands in a class: the
//! machine asks its [`Object::descriptor_get`] and [`Object::descriptor_set`] for instance and
//! class access. **Class hooks** ([`ClassHooks`]) see every subclass written in Python, new
//! instances, and attributes set on the class later. An instance carries a **payload** of any Rust
//! type ([`crate::Instance::set_payload`]), dropped when the last reference to the instance goes.
//!
//! Native code that calls back ([`Vm::call`]) runs a nested loop with its own instruction budget;
//! as the last thing it does it should rather return [`Vm::tail_call`], which keeps the machine
//! pausable. A `RefCell` must never stay borrowed across such a call.

mod args;
mod builder;
mod operator;

use std::any::Any;
use std::fmt;
use std::rc::Rc;

pub use args::Args;
pub(crate) use args::missing_message;
pub use builder::ClassBuilder;
pub use operator::{BinaryOperator, Compare, UnaryOperator};

use crate::diagnostic::Location;
use crate::value::{Class, Instance, Iter, Str, Value};
use crate::vm::Vm;

/// An exception on its way up.
#[derive(Clone)]
pub struct Raise(pub Rc<Instance>);

impl Raise {
    /// Whether the exception is of this class or one below it.
    pub fn is(&self, class: &Class) -> bool {
        self.0.class().is_subclass(class)
    }
}

impl fmt::Debug for Raise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Raise({}{:?})", self.0.class().name(), self.0.exception(|e| e.args.clone()))
    }
}

/// What an object does when it is found in a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Descriptor {
    /// It is an ordinary value.
    No,
    /// It computes what is read; an attribute of the instance goes before it.
    Get,
    /// It computes what is read and takes what is written: it goes before the instance.
    GetSet,
}

/// A native object. Every method has a default that refuses as Python does.
pub trait Object: Any + fmt::Debug {
    /// Its class: `type(x)`. Methods and properties of the class work on the object.
    fn class(&self, vm: &Vm) -> Rc<Class>;

    /// An attribute that the class does not know; none if there is no such attribute.
    fn get_attribute(self: Rc<Self>, _: &mut Vm, _name: &str) -> Result<Option<Value>, Raise> {
        Ok(None)
    }

    /// Sets an attribute; false if it has no such attribute.
    fn set_attribute(
        self: Rc<Self>,
        _: &mut Vm,
        _name: &str,
        _value: Value,
    ) -> Result<bool, Raise> {
        Ok(false)
    }

    /// Removes an attribute; false if it has no such attribute.
    fn delete_attribute(self: Rc<Self>, _: &mut Vm, _name: &str) -> Result<bool, Raise> {
        Ok(false)
    }

    /// The names of attributes beyond those of the class, for `dir` and suggestions.
    fn attribute_names(&self, _: &mut Vm) -> Vec<Str> {
        Vec::new()
    }

    /// Calls it.
    fn call(self: Rc<Self>, vm: &mut Vm, _args: Args) -> Result<Value, Raise> {
        let class = self.class(vm).name();
        Err(vm.type_error(format!("'{class}' object is not callable")))
    }

    /// Whether `callable()` is true of it.
    fn is_callable(&self) -> bool {
        false
    }

    /// `self operator other`, or `other operator self` when `reflected`; `NotImplemented` if it
    /// does not know the other operand.
    fn binary(
        self: Rc<Self>,
        _: &mut Vm,
        _operator: BinaryOperator,
        _other: &Value,
        _reflected: bool,
    ) -> Result<Value, Raise> {
        Ok(Value::NotImplemented)
    }

    /// `+self`, `-self`, `~self`; `NotImplemented` refuses.
    fn unary(self: Rc<Self>, _: &mut Vm, _operator: UnaryOperator) -> Result<Value, Raise> {
        Ok(Value::NotImplemented)
    }

    /// A comparison, which may answer any value; `NotImplemented` falls back to identity for
    /// equality and to a `TypeError` for order.
    fn compare(self: Rc<Self>, _: &mut Vm, _by: Compare, _other: &Value) -> Result<Value, Raise> {
        Ok(Value::NotImplemented)
    }

    /// `item in self`; none falls back to iteration.
    fn contains(&self, _: &mut Vm, _item: &Value) -> Result<Option<bool>, Raise> {
        Ok(None)
    }

    /// `self[key]`.
    fn get_item(self: Rc<Self>, vm: &mut Vm, _key: &Value) -> Result<Value, Raise> {
        let class = self.class(vm).name();
        Err(vm.type_error(format!("'{class}' object is not subscriptable")))
    }

    /// `self[key] = value`.
    fn set_item(self: Rc<Self>, vm: &mut Vm, _key: &Value, _value: Value) -> Result<(), Raise> {
        let class = self.class(vm).name();
        Err(vm.type_error(format!("'{class}' object does not support item assignment")))
    }

    /// `del self[key]`.
    fn delete_item(self: Rc<Self>, vm: &mut Vm, _key: &Value) -> Result<(), Raise> {
        let class = self.class(vm).name();
        Err(vm.type_error(format!("'{class}' object does not support item deletion")))
    }

    /// `iter(self)`; none if it is not iterable.
    fn iterate(self: Rc<Self>, _: &mut Vm) -> Result<Option<Value>, Raise> {
        Ok(None)
    }

    /// `next(self)` for an object that is an iterator: none when it is exhausted.
    fn next(self: Rc<Self>, vm: &mut Vm) -> Result<Option<Value>, Raise> {
        let class = self.class(vm).name();
        Err(vm.type_error(format!("'{class}' object is not an iterator")))
    }

    /// `len(self)`; none if it has no length.
    fn length(&self, _: &mut Vm) -> Result<Option<usize>, Raise> {
        Ok(None)
    }

    /// `bool(self)`; none falls back to the length, then to true.
    fn truth(&self, _: &mut Vm) -> Result<Option<bool>, Raise> {
        Ok(None)
    }

    /// `hash(self)`; by identity.
    fn hash(&self, _: &mut Vm) -> Result<u64, Raise> {
        Ok(u64::try_from(std::ptr::from_ref(self).cast::<()>().addr() >> 3).unwrap_or(0))
    }

    /// `repr(self)`.
    fn repr(&self, vm: &mut Vm) -> Result<Str, Raise> {
        let class = self.class(vm).full_name();
        let address = std::ptr::from_ref(self).cast::<()>().addr();
        Ok(format!("<{class} object at {address:#x}>").into())
    }

    /// `str(self)`.
    fn str(&self, vm: &mut Vm) -> Result<Str, Raise> {
        self.repr(vm)
    }

    /// `format(self, specification)`; by default that of its text.
    fn format(&self, _: &mut Vm, _specification: &str) -> Result<Option<Str>, Raise> {
        Ok(None)
    }

    /// Whether it is a descriptor when it stands in a class.
    fn descriptor(&self) -> Descriptor {
        Descriptor::No
    }

    /// Reads the attribute it stands for: of an instance, or of the class when that is none.
    fn descriptor_get(
        self: Rc<Self>,
        _: &mut Vm,
        _instance: Option<&Value>,
        _owner: &Rc<Class>,
    ) -> Result<Value, Raise> {
        Ok(Value::NotImplemented)
    }

    /// Sets the attribute of an instance it stands for.
    fn descriptor_set(
        self: Rc<Self>,
        vm: &mut Vm,
        _instance: &Value,
        _value: Value,
    ) -> Result<(), Raise> {
        Err(vm.attribute_error("can't set attribute"))
    }

    /// Deletes the attribute of an instance it stands for.
    fn descriptor_delete(self: Rc<Self>, vm: &mut Vm, _instance: &Value) -> Result<(), Raise> {
        Err(vm.attribute_error("can't delete attribute"))
    }

    /// Called after it was assigned in a class body.
    fn set_name(self: Rc<Self>, _: &mut Vm, _owner: &Rc<Class>, _name: &str) -> Result<(), Raise> {
        Ok(())
    }

    /// `with self as value`: the value.
    fn enter(self: Rc<Self>, vm: &mut Vm) -> Result<Value, Raise> {
        let class = self.class(vm).name();
        Err(vm
            .type_error(format!("'{class}' object does not support the context manager protocol")))
    }

    /// The end of a `with` block; true swallows the exception.
    fn exit(self: Rc<Self>, _: &mut Vm, _exception: Option<&Rc<Instance>>) -> Result<bool, Raise> {
        Ok(false)
    }

    /// The classes that stand for it when it is named as a base of a class; none if it may not be.
    fn bases(&self, _: &mut Vm) -> Option<Vec<Rc<Class>>> {
        None
    }
}

/// What a native base class does with the classes below it and their instances.
pub trait ClassHooks {
    /// A class below was made: its body ran, `__set_name__` and `__init_subclass__` were called.
    fn on_subclass(
        &self,
        _: &mut Vm,
        _class: &Rc<Class>,
        _keywords: &[(Str, Value)],
    ) -> Result<(), Raise> {
        Ok(())
    }

    /// Whether keyword arguments in the class statement are for [`ClassHooks::on_subclass`].
    fn takes_keywords(&self) -> bool {
        false
    }

    /// An instance was made; `__init__` comes next.
    fn on_instance(&self, _: &mut Vm, _instance: &Rc<Instance>) -> Result<(), Raise> {
        Ok(())
    }

    /// `__init__` is about to be called with these arguments.
    fn on_init(&self, _: &mut Vm, _instance: &Value, _args: &mut Args) -> Result<(), Raise> {
        Ok(())
    }

    /// An attribute of the class that is not in its namespace; none if there is none.
    fn get_class_attribute(
        &self,
        _: &mut Vm,
        _class: &Rc<Class>,
        _name: &str,
    ) -> Result<Option<Value>, Raise> {
        Ok(None)
    }

    /// An attribute of the class is set after the class was made; true if that is all, false if the
    /// value shall be stored as usual.
    fn set_class_attribute(
        &self,
        _: &mut Vm,
        _class: &Rc<Class>,
        _name: &str,
        _value: &Value,
    ) -> Result<bool, Raise> {
        Ok(false)
    }

    /// An attribute of the class is deleted; true if that is all.
    fn delete_class_attribute(
        &self,
        _: &mut Vm,
        _class: &Rc<Class>,
        _name: &str,
    ) -> Result<bool, Raise> {
        Ok(false)
    }
}

/// Names of a module that are made when they are first used.
pub trait ModuleHooks {
    /// Makes a name; none if there is none.
    fn get(&self, vm: &mut Vm, name: &str) -> Result<Option<Value>, Raise>;

    /// All names, for `import *`, `dir` and suggestions.
    fn names(&self) -> Vec<&'static str> {
        Vec::new()
    }
}

/// The world outside the machine. All of it is injected.
pub trait Host {
    /// Text that `print`, the display of an expression, or a host wrote to standard output.
    fn write(&self, text: &str, at: Option<&Location>);

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

    /// A statement is about to run at this place. Values of finished statements are gone by now.
    fn at_statement(&self, _: &mut Vm, _at: &Location) {}
}

/// A host that throws its output away.
#[derive(Debug, Default)]
pub struct NoHost;

impl Host for NoHost {
    fn write(&self, _: &str, _: Option<&Location>) {}
}

/// Makes an iterator of native values; what most [`Object::iterate`] return.
pub fn iterator(values: Vec<Value>) -> Value {
    Iter::over(values)
}
