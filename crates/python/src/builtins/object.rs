//! `object` and `type`.

use std::rc::Rc;

use crate::host::{Args, BinaryOperator, Raise};
use crate::value::{Dict, Layout, Value};
use crate::vm::{Kind, Then, Vm};

fn object_init(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let class = vm.class_of(&args.at(0));
    let extra = args.len() > 1 || !args.keywords.is_empty();
    let plain = class.layout == Layout::Object
        && class.lookup("__new__").is_none_or(|new| matches!(new, Value::Native(_)));
    if extra && plain {
        let own = class.lookup("__init__");
        let name = class.name();
        return Err(vm.type_error(match own {
            Some(Value::Function(_)) => {
                "object.__init__() takes exactly one argument (the instance to initialize)"
                    .to_owned()
            }
            _ => format!("{name}() takes no arguments"),
        }));
    }
    Ok(Value::None)
}

fn object_new(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    match args.at(0) {
        Value::Class(class) => vm.allocate_default(&class, args),
        _ => Err(vm.type_error("object.__new__(X): X is not a type object")),
    }
}

fn object_repr(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    Ok(Value::Str(vm.default_repr(&args.at(0))))
}

fn object_str(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    vm.repr(&args.at(0)).map(Value::Str)
}

fn object_eq(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let (this, other) = (args.at(0), args.at(1));
    let wrapped = matches!(&this, Value::Instance(instance) if instance.base().is_some());
    if wrapped || !matches!(this, Value::Instance(_)) {
        return vm.equal(&this.unwrapped(), &other.unwrapped()).map(Value::Bool);
    }
    Ok(if args.at(0).is(&args.at(1)) { Value::Bool(true) } else { Value::NotImplemented })
}

fn object_hash(_: &mut Vm, args: Args) -> Result<Value, Raise> {
    Ok(Value::size(args.at(0).address().unwrap_or(0) >> 4))
}

fn object_setattr(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let name = args.at(1).as_str().unwrap_or_default();
    let name = vm.interner.name(&name);
    vm.store_generic(&args.at(0), &name, args.at(2))?;
    Ok(Value::None)
}

fn object_delattr(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let name = args.at(1).as_str().unwrap_or_default();
    vm.delete_generic(&args.at(0), &name)?;
    Ok(Value::None)
}

fn object_getattribute(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let name = args.at(1).as_str().unwrap_or_default();
    vm.generic_attribute(&args.at(0), &name)
}

fn object_format(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let specification = args.at(1).as_str().unwrap_or_default();
    if !specification.is_empty() {
        let class = vm.class_of(&args.at(0)).name();
        return Err(
            vm.type_error(format!("unsupported format string passed to {class}.__format__"))
        );
    }
    vm.str(&args.at(0)).map(Value::Str)
}

fn nothing(_: &mut Vm, _: Args) -> Result<Value, Raise> {
    Ok(Value::None)
}

fn init_subclass(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    if args.keywords.is_empty() {
        return Ok(Value::None);
    }
    let name = match args.at(0) {
        Value::Class(class) => class.name(),
        _ => "object".into(),
    };
    Err(vm.type_error(format!("{name}.__init_subclass__() takes no keyword arguments")))
}

/// `type(x)` and `type(name, bases, namespace)`; also `type.__new__` of metaclasses.
fn type_new(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    if args.len() == 2 && args.keywords.is_empty() {
        return Ok(Value::Class(vm.class_of(&args.at(1))));
    }
    let (name, bases, namespace) = (args.at(1), args.at(2), args.at(3));
    let (Some(name), Value::Dict(namespace)) = (name.as_str(), namespace.unwrapped()) else {
        return Err(vm.type_error("type() takes 1 or 3 arguments"));
    };
    let mut classes = Vec::new();
    for base in vm.collect(&bases)? {
        match base {
            Value::Class(class) => classes.push(class),
            _ => return Err(vm.type_error("bases must be types")),
        }
    }
    let metaclass = match args.at(0) {
        Value::Class(class) if !class.native => Some(class),
        _ => None,
    };
    let copy = Rc::new(Dict::new(Vm::copy_table(&namespace.table)));
    if !copy.contains("__module__") {
        let module = vm.frame.globals.get("__name__").unwrap_or_else(|| "builtins".into());
        copy.set("__module__", module);
    }
    let keywords: Vec<_> =
        args.keywords.into_iter().filter(|(name, _)| &**name != "metaclass").collect();
    vm.create_class(name, classes, copy, &keywords, metaclass).map(Value::Class)
}

fn type_init(_: &mut Vm, _: Args) -> Result<Value, Raise> {
    Ok(Value::None)
}

/// `type.__call__`, which metaclasses reach through `super()`.
fn type_call(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    if args.positional.is_empty() {
        return Err(vm.type_error("descriptor '__call__' of 'type' object needs an argument"));
    }
    match args.positional.remove(0) {
        Value::Class(class) => vm.construct_now(&class, args),
        _ => Err(vm.type_error("descriptor '__call__' requires a 'type' object")),
    }
}

fn type_mro(_: &mut Vm, args: Args) -> Result<Value, Raise> {
    match args.at(0) {
        Value::Class(class) => Ok(Value::list(class.mro().cloned().map(Value::Class).collect())),
        _ => Ok(Value::None),
    }
}

fn type_subclasses(_: &mut Vm, args: Args) -> Result<Value, Raise> {
    match args.at(0) {
        Value::Class(class) => {
            Ok(Value::list(class.subclasses().into_iter().map(Value::Class).collect()))
        }
        _ => Ok(Value::None),
    }
}

pub(super) fn install(vm: &mut Vm) {
    let object = vm.kind(Kind::Object);
    for (name, call, _) in OBJECT {
        object.dict.set(name, Value::method(*name, *call));
    }
    let hook = super::Property::class_method(Value::function("__init_subclass__", init_subclass));
    object.dict.set("__init_subclass__", hook);
    object.dict.set("__doc__", Value::None);
    let class = vm.kind(Kind::Type);
    class.set("__new__", Value::function("__new__", type_new));
    super::add_methods(
        vm,
        Kind::Type,
        &[
            ("__init__", type_init, None),
            ("__call__", type_call, None),
            ("mro", type_mro, None),
            ("__subclasses__", type_subclasses, None),
        ],
    );
}

/// What every object finds in its class.
const OBJECT: &[super::Entry] = &[("__init__", object_init, None), ("__reduce__", nothing, None)];

/// What `super()` and explicit calls find when no class has it: the machine's own behaviour.
const SLOTS: &[super::Entry] = &[
    ("__repr__", slot_repr, None),
    ("__str__", slot_str, None),
    ("__eq__", object_eq, None),
    ("__ne__", object_ne, None),
    ("__hash__", slot_hash, None),
    ("__format__", object_format, None),
    ("__setattr__", object_setattr, None),
    ("__delattr__", object_delattr, None),
    ("__getattribute__", object_getattribute, None),
    ("__dir__", |vm, args| super::inspect::dir(vm, args), None),
];

/// The machine's own behaviour for a special method, as a method that binds.
pub(crate) fn default_slot(name: &str) -> Option<Value> {
    if name == "__new__" {
        return Some(Value::function("__new__", object_new));
    }
    if let Some((name, call, _)) = SLOTS.iter().find(|(known, _, _)| *known == name) {
        return Some(Value::method(*name, *call));
    }
    let operator = BINARY.iter().find(|operator| operator.method() == name)?;
    let operator = *operator;
    let native = move |vm: &mut Vm, args: Args| {
        let (a, b) = (args.at(0).unwrapped(), args.at(1).unwrapped());
        vm.binary(operator, &a, &b)
    };
    Some(Value::native(
        operator.method(),
        crate::value::NativeCall::Closure(Box::new(native)),
        true,
        None,
    ))
}

const BINARY: &[BinaryOperator] = &[
    BinaryOperator::Add,
    BinaryOperator::Sub,
    BinaryOperator::Mul,
    BinaryOperator::Div,
    BinaryOperator::FloorDiv,
    BinaryOperator::Mod,
    BinaryOperator::Pow,
    BinaryOperator::BitAnd,
    BinaryOperator::BitOr,
    BinaryOperator::BitXor,
];

/// `super().__repr__()`: of the built-in value inside, of an exception, or the default.
fn slot_repr(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = args.at(0);
    if let Value::Instance(instance) = &this {
        if let Some(base) = instance.base() {
            return vm.repr(&base).map(Value::Str);
        }
        if let Some(state) = instance.exception(|state| state.args.clone()) {
            let list = vm.repr(&Value::tuple(state.clone()))?;
            let list = if state.len() == 1 { list.replace(",)", ")") } else { list.to_string() };
            return Ok(Value::from(format!("{}{list}", instance.class().name())));
        }
        return object_repr(vm, args);
    }
    vm.repr(&this).map(Value::Str)
}

fn slot_str(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    match args.at(0) {
        Value::Instance(instance) => match instance.base() {
            Some(base) => vm.str(&base).map(Value::Str),
            None => object_str(vm, args),
        },
        other => vm.str(&other).map(Value::Str),
    }
}

fn slot_hash(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    match args.at(0) {
        Value::Instance(instance) => match instance.base() {
            Some(base) => Ok(Value::Int(vm.hash(&base)?.cast_signed())),
            None => object_hash(vm, args),
        },
        other => Ok(Value::Int(vm.hash(&other)?.cast_signed())),
    }
}

fn object_ne(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    match object_eq(vm, args)? {
        Value::Bool(equal) => Ok(Value::Bool(!equal)),
        other => Ok(other),
    }
}

impl Vm {
    /// `object.__new__(class)`.
    pub(crate) fn allocate_default(
        &mut self,
        class: &Rc<crate::value::Class>,
        _: Args,
    ) -> Result<Value, Raise> {
        self.allocate(class, &Args::none())
    }

    /// `type.__call__(class, …)` from native code.
    pub(crate) fn construct_now(
        &mut self,
        class: &Rc<crate::value::Class>,
        args: Args,
    ) -> Result<Value, Raise> {
        let depth = self.callers.len();
        self.construct_plain(class, args, Then::Stop)?;
        if self.callers.len() > depth {
            self.run_nested()?;
        }
        Ok(self.outcome.take().unwrap_or_default())
    }
}
