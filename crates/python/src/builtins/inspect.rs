//! Functions about objects: `getattr`, `isinstance`, `dir`, `id` and their like.

use std::rc::Rc;

use crate::host::{Args, Raise};
use crate::value::{Alias, Dict, SpecialForm, Str, Value};
use crate::vm::Vm;

fn name_argument(vm: &mut Vm, value: Option<Value>) -> Result<Str, Raise> {
    match value.as_ref().and_then(Value::as_str) {
        Some(name) => Ok(name),
        None => {
            let class = vm.class_of(&value.unwrap_or_default()).name();
            Err(vm.type_error(format!("attribute name must be string, not '{class}'")))
        }
    }
}

fn getattr(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [target, name, default] = args.bind(vm, "getattr(object, name, default=, /)")?;
    let name = name_argument(vm, name)?;
    let target = target.unwrap_or_default();
    match default {
        None => vm.get_attribute(&target, &name),
        Some(default) => Ok(vm.try_attribute(&target, &name)?.unwrap_or(default)),
    }
}

fn hasattr(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [target, name] = args.bind(vm, "hasattr(object, name, /)")?;
    let name = name_argument(vm, name)?;
    Ok(Value::Bool(vm.try_attribute(&target.unwrap_or_default(), &name)?.is_some()))
}

fn setattr(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [target, name, value] = args.bind(vm, "setattr(object, name, value, /)")?;
    let name = name_argument(vm, name)?;
    vm.set_attribute(&target.unwrap_or_default(), &name, value.unwrap_or_default())?;
    Ok(Value::None)
}

fn delattr(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [target, name] = args.bind(vm, "delattr(object, name, /)")?;
    let name = name_argument(vm, name)?;
    vm.delete_attribute(&target.unwrap_or_default(), &name)?;
    Ok(Value::None)
}

impl Vm {
    /// `isinstance(value, classes)`.
    pub fn is_instance_of(&mut self, value: &Value, classes: &Value) -> Result<bool, Raise> {
        let own = Value::Class(self.class_of(value));
        self.is_subclass_of(&own, classes, "isinstance", Some(value))
    }

    fn is_subclass_of(
        &mut self,
        class: &Value,
        classes: &Value,
        function: &str,
        value: Option<&Value>,
    ) -> Result<bool, Raise> {
        let Value::Class(own) = class else {
            return Err(self.type_error("issubclass() arg 1 must be a class"));
        };
        match classes {
            Value::Class(candidate) => {
                if own.is_subclass(candidate) {
                    return Ok(true);
                }
                if candidate.metaclass.borrow().is_some() {
                    let hook =
                        if value.is_some() { "__instancecheck__" } else { "__subclasscheck__" };
                    if let Some(method) = self.special_method(classes, hook) {
                        let argument = value.unwrap_or(class).clone();
                        let result = self.call(&method, [classes.clone(), argument])?;
                        return self.truth(&result);
                    }
                }
                Ok(false)
            }
            Value::Tuple(items) => {
                for item in items.iter() {
                    if self.is_subclass_of(class, item, function, value)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Value::None => Ok(matches!(value, Some(Value::None))),
            other => {
                if let Some(alias) = other.downcast::<Alias>()
                    && alias.is_union()
                {
                    return self.is_subclass_of(
                        class,
                        &Value::tuple(alias.args.clone()),
                        function,
                        value,
                    );
                }
                if let Some(form) = other.downcast::<SpecialForm>() {
                    return match &form.stands_for {
                        Some(candidate) => Ok(own.is_subclass(candidate)),
                        None => self.protocol_check(&form.name, value.unwrap_or(class)),
                    };
                }
                Err(self.type_error(if function == "isinstance" {
                    "isinstance() arg 2 must be a type, a tuple of types, or a union"
                } else {
                    "issubclass() arg 2 must be a class, a tuple of classes, or a union"
                }))
            }
        }
    }

    /// `isinstance` with the abstract classes of `typing`.
    fn protocol_check(&mut self, name: &str, value: &Value) -> Result<bool, Raise> {
        Ok(match name {
            "Iterable" | "Collection" => self.is_iterable(value),
            "Callable" => self.is_callable(value),
            "Hashable" => self.hash(value).is_ok(),
            "Sized" => self.try_length(value)?.is_some(),
            "Iterator" => {
                matches!(value, Value::Iter(_) | Value::Generator(_))
                    || self.special_method(value, "__next__").is_some()
            }
            _ => {
                return Err(
                    self.type_error(format!("typing.{name} cannot be used with isinstance()"))
                );
            }
        })
    }

    /// `callable(value)`.
    pub fn is_callable(&mut self, value: &Value) -> bool {
        match value {
            Value::Function(_) | Value::Native(_) | Value::BoundMethod(_) | Value::Class(_) => true,
            Value::Object(object) => object.is_callable(),
            other => self.special_method(other, "__call__").is_some(),
        }
    }
}

fn isinstance(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [value, classes] = args.bind(vm, "isinstance(obj, class_or_tuple, /)")?;
    vm.is_instance_of(&value.unwrap_or_default(), &classes.unwrap_or_default()).map(Value::Bool)
}

fn issubclass(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [class, classes] = args.bind(vm, "issubclass(cls_, class_or_tuple, /)")?;
    let (class, classes) = (class.unwrap_or_default(), classes.unwrap_or_default());
    vm.is_subclass_of(&class, &classes, "issubclass", None).map(Value::Bool)
}

fn callable(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    Ok(Value::Bool(vm.is_callable(&args.at(0))))
}

fn id(_: &mut Vm, args: Args) -> Result<Value, Raise> {
    let value = args.at(0);
    Ok(match (&value, value.address()) {
        (_, Some(address)) => Value::size(address),
        (Value::Int(int), None) => Value::Int(int.wrapping_mul(32).wrapping_add(9_000_000)),
        (Value::Bool(flag), None) => Value::Int(1000 + 32 * i64::from(*flag)),
        (Value::Float(float), None) => Value::Int((float.to_bits() >> 2).cast_signed()),
        _ => Value::Int(64),
    })
}

fn hash(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    Ok(Value::Int(vm.hash(&args.at(0))?.cast_signed()))
}

/// `vars`; the prelude handles the call without arguments.
fn vars(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    match args.get(0) {
        None => locals(vm, args),
        Some(target) => match vm.try_attribute(&target.clone(), "__dict__")? {
            Some(dict) => Ok(dict),
            None => Err(vm.type_error("vars() argument must have __dict__ attribute")),
        },
    }
}

fn locals(vm: &mut Vm, _: Args) -> Result<Value, Raise> {
    let module =
        vm.frame.namespace.is_none() && vm.frame.code.kind == crate::compile::CodeKind::Module;
    if module {
        return Ok(Value::Dict(Rc::clone(&vm.frame.globals)));
    }
    let dict = Dict::default();
    for (name, value) in vm.frame.visible_names() {
        dict.set_name(&name, value);
    }
    Ok(Value::Dict(Rc::new(dict)))
}

fn globals(vm: &mut Vm, _: Args) -> Result<Value, Raise> {
    Ok(Value::Dict(Rc::clone(&vm.frame.globals)))
}

pub(super) fn dir(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let mut names: Vec<Str> = match args.get(0) {
        None => vm.frame.visible_names().into_iter().map(|(name, _)| name).collect(),
        Some(target) => {
            if let Some(method @ Value::Function(_)) = vm.special_method(target, "__dir__") {
                let result = vm.call(&method, [target.clone()])?;
                let mut items = vm.collect(&result)?;
                vm.sort(&mut items)?;
                return Ok(Value::list(items));
            }
            vm.attribute_names(target)
        }
    };
    names.sort();
    names.dedup();
    Ok(Value::list(names.into_iter().map(Value::Str).collect()))
}

impl Vm {
    /// The names of an object's attributes.
    pub fn attribute_names(&mut self, target: &Value) -> Vec<Str> {
        let mut names = Vec::new();
        let keys = |dict: &Dict| dict.names().into_iter().map(|(name, _)| name);
        let class = match target {
            Value::Class(class) => Rc::clone(class),
            Value::Module(module) => {
                names.extend(keys(&module.dict));
                if let Some(hooks) = module.hooks.borrow().clone() {
                    names.extend(hooks.names().into_iter().map(Str::from));
                }
                return names;
            }
            Value::Instance(instance) => {
                names.extend(keys(instance.dict()));
                instance.class()
            }
            Value::Object(object) => {
                names.extend(object.attribute_names(self));
                object.class(self)
            }
            Value::Function(function) => {
                names.extend(keys(function.dict()));
                self.class_of(target)
            }
            other => self.class_of(other),
        };
        for ancestor in class.mro() {
            names.extend(keys(&ancestor.dict));
        }
        for name in ["__class__", "__dict__", "__eq__", "__hash__", "__repr__", "__str__"] {
            names.push(name.into());
        }
        names
    }
}

pub(super) fn install(vm: &mut Vm) {
    super::add_functions(
        vm,
        &[
            ("getattr", getattr, None),
            ("hasattr", hasattr, None),
            ("setattr", setattr, None),
            ("delattr", delattr, None),
            ("isinstance", isinstance, None),
            ("issubclass", issubclass, None),
            ("callable", callable, None),
            ("id", id, None),
            ("hash", hash, None),
            ("vars", vars, None),
            ("locals", locals, None),
            ("globals", globals, None),
            ("dir", dir, None),
        ],
    );
}
