//! `property`, `classmethod`, `staticmethod` and `super`.

use std::rc::Rc;

use crate::host::{Args, Descriptor, Object, Raise};
use crate::value::{Class, Str, Value};
use crate::vm::{Found, Kind, Vm};

/// A descriptor made of functions.
#[derive(Debug)]
pub(crate) enum Property {
    /// `property`: functions that get, set and delete; `None` where there is none.
    Accessors { get: Value, set: Value, delete: Value, doc: Value },
    /// `classmethod`.
    Class(Value),
    /// `staticmethod`.
    Static(Value),
}

impl Property {
    /// A property that can only be read.
    pub(crate) fn read_only(get: Value) -> Value {
        Self::read_write(get, Value::None)
    }

    /// A property that can be read and set.
    pub(crate) fn read_write(get: Value, set: Value) -> Value {
        Value::object(Self::Accessors { get, set, delete: Value::None, doc: Value::None })
    }

    /// A class method.
    pub(crate) fn class_method(function: Value) -> Value {
        Value::object(Self::Class(function))
    }

    /// A static method.
    pub(crate) fn static_method(function: Value) -> Value {
        Value::object(Self::Static(function))
    }

    /// The function it is made of.
    pub(crate) fn function(&self) -> Value {
        match self {
            Self::Accessors { get, .. } => get.clone(),
            Self::Class(function) | Self::Static(function) => function.clone(),
        }
    }

    /// Reads the attribute of an instance, or of the class; `None` from the class means itself.
    pub(crate) fn bind(
        &self,
        vm: &mut Vm,
        instance: Option<&Value>,
        class: &Rc<Class>,
    ) -> Result<Found, Raise> {
        match (self, instance) {
            (Self::Accessors { get: Value::None, .. }, Some(_)) => {
                Err(vm.attribute_error("unreadable attribute"))
            }
            (Self::Accessors { get, .. }, Some(instance)) => {
                Ok(Found::Call(get.clone(), Args::from([instance.clone()])))
            }
            (Self::Accessors { .. }, None) => Ok(Found::Value(Value::None)),
            (Self::Class(function), _) => {
                let receiver = match (instance, vm.is_metaclass(class)) {
                    (Some(Value::Class(class)), true) => Value::Class(Rc::clone(class)),
                    _ => Value::Class(Rc::clone(class)),
                };
                Ok(Found::Value(Value::bound(receiver, function.clone())))
            }
            (Self::Static(function), _) => Ok(Found::Value(function.clone())),
        }
    }

    /// `fget` and the like.
    pub(crate) fn attribute(&self, name: &str) -> Option<Value> {
        match (self, name) {
            (Self::Accessors { get, .. }, "fget") => Some(get.clone()),
            (Self::Accessors { set, .. }, "fset") => Some(set.clone()),
            (Self::Accessors { delete, .. }, "fdel") => Some(delete.clone()),
            (Self::Accessors { doc, .. }, "__doc__") => Some(doc.clone()),
            (Self::Class(function) | Self::Static(function), "__func__" | "__wrapped__") => {
                Some(function.clone())
            }
            _ => None,
        }
    }
}

impl Object for Property {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.kind(match self {
            Self::Accessors { .. } => Kind::Property,
            Self::Class(_) => Kind::ClassMethod,
            Self::Static(_) => Kind::StaticMethod,
        })
    }

    fn descriptor(&self) -> Descriptor {
        match self {
            Self::Accessors { .. } => Descriptor::GetSet,
            Self::Class(_) | Self::Static(_) => Descriptor::Get,
        }
    }

    fn get_attribute(self: Rc<Self>, vm: &mut Vm, name: &str) -> Result<Option<Value>, Raise> {
        match self.attribute(name) {
            Some(value) => Ok(Some(value)),
            None if name.starts_with("__") && !matches!(*self, Self::Accessors { .. }) => {
                vm.try_attribute(&self.function(), name)
            }
            None => Ok(None),
        }
    }

    fn call(self: Rc<Self>, vm: &mut Vm, args: Args) -> Result<Value, Raise> {
        match &*self {
            Self::Static(function) => vm.tail_call(function.clone(), args),
            _ => {
                let class = self.class(vm).name();
                Err(vm.type_error(format!("'{class}' object is not callable")))
            }
        }
    }

    fn descriptor_set(
        self: Rc<Self>,
        vm: &mut Vm,
        instance: &Value,
        value: Value,
    ) -> Result<(), Raise> {
        match &*self {
            Self::Accessors { set: Value::None, .. } => {
                let message = no_accessor(vm, &self, instance, "setter");
                Err(vm.attribute_error(message))
            }
            Self::Accessors { set, .. } => vm.call(set, [instance.clone(), value]).map(drop),
            Self::Class(_) | Self::Static(_) => Err(vm.attribute_error("can't set attribute")),
        }
    }

    fn descriptor_delete(self: Rc<Self>, vm: &mut Vm, instance: &Value) -> Result<(), Raise> {
        match &*self {
            Self::Accessors { delete: Value::None, .. } | Self::Class(_) | Self::Static(_) => {
                let message = no_accessor(vm, &self, instance, "deleter");
                Err(vm.attribute_error(message))
            }
            Self::Accessors { delete, .. } => vm.call(delete, [instance.clone()]).map(drop),
        }
    }
}

fn no_accessor(vm: &mut Vm, property: &Property, instance: &Value, what: &str) -> String {
    let class = vm.class_of(instance).qualified_name();
    let name: Str = match property.function() {
        Value::Function(function) => function.name(),
        Value::Native(native) => native.name.clone(),
        _ => Str::default(),
    };
    format!("property '{name}' of '{class}' object has no {what}")
}

/// What `super()` answers.
#[derive(Debug)]
pub(crate) struct Super {
    /// The class whose successors are searched.
    pub(crate) class: Rc<Class>,
    /// The instance or class methods are bound to.
    pub(crate) receiver: Value,
    /// The class whose resolution order is walked.
    pub(crate) start: Rc<Class>,
    /// Whether the receiver is a class, as in class methods.
    pub(crate) class_level: bool,
}

impl Object for Super {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.kind(Kind::Super)
    }

    fn repr(&self, vm: &mut Vm) -> Result<Str, Raise> {
        let receiver = vm.class_of(&self.receiver).name();
        Ok(format!("<super: <class '{}'>, <{receiver} object>>", self.class.name()).into())
    }
}

fn new_property(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [_, get, set, delete, doc] = args.bind(vm, "property(cls, fget=, fset=, fdel=, doc=)")?;
    let get = get.unwrap_or_default();
    let doc = match (doc, &get) {
        (Some(doc), _) => doc,
        (None, Value::Function(_)) => vm.get_attribute(&get, "__doc__")?,
        (None, _) => Value::None,
    };
    Ok(Value::object(Property::Accessors {
        get,
        set: set.unwrap_or_default(),
        delete: delete.unwrap_or_default(),
        doc,
    }))
}

fn with_accessor(vm: &mut Vm, args: &Args, which: usize) -> Result<Value, Raise> {
    let property = args.this::<Property>(vm)?;
    let Property::Accessors { get, set, delete, doc } = &*property else {
        return Ok(Value::None);
    };
    let mut parts = [get.clone(), set.clone(), delete.clone()];
    if let Some(part) = parts.get_mut(which) {
        *part = args.at(1);
    }
    let [get, set, delete] = parts;
    Ok(Value::object(Property::Accessors { get, set, delete, doc: doc.clone() }))
}

fn new_class_method(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [_, function] = args.bind(vm, "classmethod(cls, function, /)")?;
    Ok(Property::class_method(function.unwrap_or_default()))
}

fn new_static_method(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [_, function] = args.bind(vm, "staticmethod(cls, function, /)")?;
    Ok(Property::static_method(function.unwrap_or_default()))
}

fn new_super(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let (class, receiver) = match (args.get(1), args.get(2)) {
        (Some(Value::Class(class)), Some(receiver)) => (Rc::clone(class), receiver.clone()),
        (None, None) => match vm.enclosing_class() {
            Some(found) => found,
            None => return Err(vm.runtime_error("super(): no arguments")),
        },
        _ => return Err(vm.type_error("super() argument 1 must be a type")),
    };
    let own = vm.class_of(&receiver);
    if own.is_subclass(&class) {
        let object = Super { class, receiver, start: own, class_level: false };
        return Ok(Value::object(object));
    }
    match &receiver {
        Value::Class(start) if start.is_subclass(&class) => {
            let start = Rc::clone(start);
            Ok(Value::object(Super { class, receiver, start, class_level: true }))
        }
        _ => Err(vm.type_error("super(type, obj): obj must be an instance or subtype of type")),
    }
}

pub(super) fn install(vm: &mut Vm) {
    super::set_constructor(vm, Kind::Property, new_property, None);
    super::set_constructor(vm, Kind::ClassMethod, new_class_method, None);
    super::set_constructor(vm, Kind::StaticMethod, new_static_method, None);
    super::set_constructor(vm, Kind::Super, new_super, None);
    super::add_methods(
        vm,
        Kind::Property,
        &[
            ("getter", |vm, args| with_accessor(vm, &args, 0), None),
            ("setter", |vm, args| with_accessor(vm, &args, 1), None),
            ("deleter", |vm, args| with_accessor(vm, &args, 2), None),
        ],
    );
}

impl Vm {
    /// Whether a class is `type` or below it.
    pub(crate) fn is_metaclass(&self, class: &Class) -> bool {
        class.is_subclass(&self.type_class())
    }

    /// Class and first argument of the method that runs: what `super()` without arguments takes.
    pub(crate) fn enclosing_class(&self) -> Option<(Rc<Class>, Value)> {
        let frame = &self.frame;
        let at = frame.code.cell_names.iter().position(|name| &**name == "__class__")?;
        let class = match frame.cells.get(at)?.borrow().clone()? {
            Value::Class(class) => class,
            _ => return None,
        };
        let first = frame.locals.first().cloned().flatten().or_else(|| {
            let (_, cell) = frame.code.cell_parameters.iter().find(|(slot, _)| *slot == 0)?;
            frame.cells.get(*cell as usize)?.borrow().clone()
        })?;
        Some((class, first))
    }
}
