//! Attributes: finding, binding, setting, deleting.

use std::fmt;
use std::rc::Rc;

use super::{Then, Vm};
use crate::builtins::{Property, Super, default_slot};
use crate::compile::Name;
use crate::host::{Args, Descriptor, Object, Raise};
use crate::value::{CLASS_VERSION, Class, Instance, Module, Str, Value};

/// What an attribute turned out to be.
pub(crate) enum Found {
    /// A value.
    Value(Value),
    /// A function of the class, to be bound to the object.
    Method(Value),
    /// A function that computes it.
    Call(Value, Args),
}

/// Remembers where class attributes were found, until any class changes.
#[derive(Default)]
pub(crate) struct Cache {
    entries: Vec<CacheEntry>,
}

#[derive(Clone, Default)]
struct CacheEntry {
    class: u64,
    version: u64,
    name: Str,
    found: Option<Value>,
}

const CACHE_SIZE: usize = 512;

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cache")
    }
}

impl Vm {
    /// The attribute of an object, bound and computed: `getattr(target, name)`.
    pub fn get_attribute(&mut self, target: &Value, name: &str) -> Result<Value, Raise> {
        let name = self.interner.name(name);
        match self.find_attribute(target, &name)? {
            Some(found) => self.found_value(target, found),
            None => Err(self.no_attribute(target, &name.text)),
        }
    }

    /// The attribute of an object, none if it has no such attribute.
    pub fn try_attribute(&mut self, target: &Value, name: &str) -> Result<Option<Value>, Raise> {
        match self.get_attribute(target, name) {
            Ok(value) => Ok(Some(value)),
            Err(raise) if raise.is(&self.exception("AttributeError")) => Ok(None),
            Err(raise) => Err(raise),
        }
    }

    fn found_value(&mut self, target: &Value, found: Found) -> Result<Value, Raise> {
        match found {
            Found::Value(value) => Ok(value),
            Found::Method(function) => Ok(Value::bound(target.clone(), function)),
            Found::Call(function, args) => self.call(&function, args),
        }
    }

    /// `LoadAttribute`.
    pub(crate) fn load_attribute(&mut self, name: &Name) -> Result<(), Raise> {
        let target = self.frame.pop();
        match self.find_attribute(&target, name)? {
            Some(Found::Value(value)) => self.frame.push(value),
            Some(Found::Method(function)) => self.frame.push(Value::bound(target, function)),
            Some(Found::Call(function, args)) => {
                return self.call_into(function, args, Then::Push);
            }
            None => return Err(self.no_attribute(&target, &name.text)),
        }
        Ok(())
    }

    /// `LoadMethod`: function and receiver, or a mark and a callable.
    pub(crate) fn load_method(&mut self, name: &Name) -> Result<(), Raise> {
        let target = self.frame.pop();
        match self.find_attribute(&target, name)? {
            Some(Found::Method(function)) => {
                self.frame.push(function);
                self.frame.push(target);
            }
            Some(Found::Value(value)) => {
                self.frame.push(Value::NotImplemented);
                self.frame.push(value);
            }
            Some(Found::Call(function, args)) => {
                self.frame.push(Value::NotImplemented);
                return self.call_into(function, args, Then::Push);
            }
            None => return Err(self.no_attribute(&target, &name.text)),
        }
        Ok(())
    }

    /// An attribute along a class's method resolution order, not bound.
    pub(crate) fn class_lookup(&mut self, class: &Class, name: &Name) -> Option<Value> {
        let version = CLASS_VERSION.with(std::cell::Cell::get);
        if self.attribute_cache.entries.is_empty() {
            self.attribute_cache.entries.resize(CACHE_SIZE, CacheEntry::default());
        }
        let mixed = class.serial.wrapping_mul(31) ^ name.hash;
        let at = usize::try_from((mixed ^ (mixed >> 17)) & (CACHE_SIZE as u64 - 1)).unwrap_or(0);
        if let Some(entry) = self.attribute_cache.entries.get(at)
            && entry.class == class.serial
            && entry.version == version
            && entry.name.same(&name.text)
        {
            return entry.found.clone();
        }
        let found = class.lookup_name(name.hash, &name.text);
        if let Some(entry) = self.attribute_cache.entries.get_mut(at) {
            *entry = CacheEntry {
                class: class.serial,
                version,
                name: name.text.clone(),
                found: found.clone(),
            };
        }
        found
    }

    /// A special method of an object's class, not bound.
    pub(crate) fn special_method(&mut self, target: &Value, name: &str) -> Option<Value> {
        let class = self.class_of(target);
        let name = self.interner.name(name);
        self.class_lookup(&class, &name).filter(|found| !found.is_none())
    }

    /// Finds an attribute without calling anything written in Python.
    pub(crate) fn find_attribute(
        &mut self,
        target: &Value,
        name: &Name,
    ) -> Result<Option<Found>, Raise> {
        match target {
            Value::Instance(instance) => self.find_in_instance(target, instance, name),
            Value::Class(class) => self.find_in_class(target, class, name),
            Value::Module(module) => self.find_in_module(module, name),
            Value::Object(object) => self.find_in_object(target, object, name),
            _ => {
                let class = self.class_of(target);
                let in_class = self.class_lookup(&class, name);
                if let Some(found) = in_class.as_ref().filter(|found| !found.is_none()) {
                    return self.bind(found.clone(), target, &class).map(Some);
                }
                // `None` in a class, such as `object.__doc__`, gives way to the value's own.
                Ok(match self.own_attribute(target, name)?.or(in_class) {
                    Some(value) => Some(Found::Value(value)),
                    None => default_slot(&name.text).map(Found::Method),
                })
            }
        }
    }

    fn find_in_instance(
        &mut self,
        target: &Value,
        instance: &Rc<Instance>,
        name: &Name,
    ) -> Result<Option<Found>, Raise> {
        let class = instance.class();
        let in_class = self.class_lookup(&class, name);
        if let Some(found) = &in_class
            && self.descriptor_kind(found) == Descriptor::GetSet
        {
            return self.bind(found.clone(), target, &class).map(Some);
        }
        if !class.native && self.overrides_getattribute(&class) {
            let getter = self.interner.name("__getattribute__");
            if let Some(getter) = self.class_lookup(&class, &getter) {
                let args = Args::from([target.clone(), Value::Str(name.text.clone())]);
                return Ok(Some(Found::Call(getter, args)));
            }
        }
        self.find_plainly(target, instance, in_class, name)
    }

    /// `object.__getattribute__`, then `__getattr__`.
    fn find_plainly(
        &mut self,
        target: &Value,
        instance: &Rc<Instance>,
        in_class: Option<Value>,
        name: &Name,
    ) -> Result<Option<Found>, Raise> {
        if let Some(value) = instance.get_name(name.hash, &name.text) {
            return Ok(Some(Found::Value(value)));
        }
        let class = instance.class();
        if let Some(found) = in_class {
            return self.bind(found, target, &class).map(Some);
        }
        if let Some(value) = self.own_attribute(target, name)? {
            return Ok(Some(Found::Value(value)));
        }
        if let Some(hook) = self.special_method(target, "__getattr__") {
            let args = Args::from([target.clone(), Value::Str(name.text.clone())]);
            return Ok(Some(Found::Call(hook, args)));
        }
        Ok(default_slot(&name.text).map(Found::Method))
    }

    /// `object.__getattribute__(instance, name)`.
    pub(crate) fn generic_attribute(&mut self, target: &Value, name: &str) -> Result<Value, Raise> {
        let name = self.interner.name(name);
        let found = match target {
            Value::Instance(instance) => {
                let class = instance.class();
                let in_class = self.class_lookup(&class, &name);
                self.find_plainly(target, instance, in_class, &name)?
            }
            _ => self.find_attribute(target, &name)?,
        };
        match found {
            Some(found) => self.found_value(target, found),
            None => Err(self.no_attribute(target, &name.text)),
        }
    }

    fn overrides_getattribute(&mut self, class: &Class) -> bool {
        let name = self.interner.name("__getattribute__");
        matches!(self.class_lookup(class, &name), Some(Value::Function(_)))
    }

    fn find_in_class(
        &mut self,
        target: &Value,
        class: &Rc<Class>,
        name: &Name,
    ) -> Result<Option<Found>, Raise> {
        let metaclass = class.metaclass.borrow().clone();
        let meta = match &metaclass {
            Some(metaclass) => self.class_lookup(metaclass, name),
            None => None,
        };
        if let (Some(found), Some(metaclass)) = (&meta, &metaclass)
            && self.descriptor_kind(found) == Descriptor::GetSet
        {
            return self.bind(found.clone(), target, metaclass).map(Some);
        }
        // A descriptor of `type`, which comes before what the class holds for its instances.
        if &*name.text == "__dict__" {
            return Ok(Some(Found::Value(Value::Dict(Rc::clone(&class.dict)))));
        }
        if let Some(found) = self.class_lookup(class, name) {
            return self.bind_to_class(found, class).map(Some);
        }
        if let Some(hooks) = class.hooks.clone()
            && let Some(value) = hooks.get_class_attribute(self, class, &name.text)?
        {
            return Ok(Some(Found::Value(value)));
        }
        if let Some(value) = self.own_attribute(target, name)? {
            return Ok(Some(Found::Value(value)));
        }
        if let Some(slot) = default_slot(&name.text) {
            return Ok(Some(Found::Value(slot)));
        }
        let metaclass = metaclass.unwrap_or_else(|| self.type_class());
        if let Some(found) = meta.or_else(|| self.class_lookup(&metaclass, name)) {
            return self.bind(found, target, &metaclass).map(Some);
        }
        if !metaclass.native
            && let Some(hook) = self.special_method(target, "__getattr__")
        {
            let args = Args::from([target.clone(), Value::Str(name.text.clone())]);
            return Ok(Some(Found::Call(hook, args)));
        }
        Ok(None)
    }

    fn find_in_module(&mut self, module: &Rc<Module>, name: &Name) -> Result<Option<Found>, Raise> {
        if let Some(value) = module.dict.table.borrow().get_name(name.hash, &name.text) {
            return Ok(Some(Found::Value(value.clone())));
        }
        let hooks = module.hooks.borrow().clone();
        if let Some(hooks) = hooks
            && let Some(value) = hooks.get(self, &name.text)?
        {
            module.dict.set_name(&name.text, value.clone());
            return Ok(Some(Found::Value(value)));
        }
        if let Some(value) = self.own_attribute(&Value::Module(Rc::clone(module)), name)? {
            return Ok(Some(Found::Value(value)));
        }
        let full = format!("{}.{}", module.name, name.text);
        Ok(self.modules.get(&full).map(Found::Value))
    }

    fn find_in_object(
        &mut self,
        target: &Value,
        object: &Rc<dyn Object>,
        name: &Name,
    ) -> Result<Option<Found>, Raise> {
        if let Some(above) = target.downcast::<Super>()
            && &*name.text != "__class__"
        {
            return self.find_above(&above, name);
        }
        let class = object.class(self);
        if let Some(found) = self.class_lookup(&class, name) {
            return self.bind(found, target, &class).map(Some);
        }
        if let Some(value) = Rc::clone(object).get_attribute(self, &name.text)? {
            return Ok(Some(Found::Value(value)));
        }
        match self.own_attribute(target, name)? {
            Some(value) => Ok(Some(Found::Value(value))),
            None => Ok(default_slot(&name.text).map(Found::Method)),
        }
    }

    /// `super().name`.
    fn find_above(&mut self, above: &Super, name: &Name) -> Result<Option<Found>, Raise> {
        let mut found = None;
        let mut after = false;
        for class in above.start.mro() {
            if after && let Some(value) = class.dict.table.borrow().get_name(name.hash, &name.text)
            {
                found = Some(value.clone());
                break;
            }
            after = after || class.serial == above.class.serial;
        }
        let Some(found) = found.or_else(|| default_slot(&name.text)) else { return Ok(None) };
        if above.class_level {
            if matches!(&*name.text, "__new__" | "__init_subclass__" | "__class_getitem__") {
                return self.bind_to_class(found, &above.start).map(Some);
            }
            if let Value::Class(class) = &above.receiver
                && !class.is_subclass(&self.type_class())
                && !above.start.is_subclass(&self.type_class())
            {
                let class = Rc::clone(class);
                return self.bind_to_class(found, &class).map(Some);
            }
        }
        match self.bind(found, &above.receiver, &above.start)? {
            Found::Method(function) => {
                Ok(Some(Found::Value(Value::bound(above.receiver.clone(), function))))
            }
            other => Ok(Some(other)),
        }
    }

    /// Whether a value that stands in a class is a descriptor.
    pub(crate) fn descriptor_kind(&mut self, value: &Value) -> Descriptor {
        match value {
            Value::Object(object) => object.descriptor(),
            Value::Instance(instance) => {
                let class = instance.class();
                if class.native {
                    return Descriptor::No;
                }
                let (get, set) = (self.interner.name("__get__"), self.interner.name("__set__"));
                if self.class_lookup(&class, &set).is_some() {
                    Descriptor::GetSet
                } else if self.class_lookup(&class, &get).is_some() {
                    Descriptor::Get
                } else {
                    Descriptor::No
                }
            }
            _ => Descriptor::No,
        }
    }

    /// Binds what was found in the class of an object.
    fn bind(&mut self, found: Value, target: &Value, class: &Rc<Class>) -> Result<Found, Raise> {
        match &found {
            Value::Function(_) => Ok(Found::Method(found)),
            Value::Native(native) if native.binds => Ok(Found::Method(found)),
            Value::Object(object) => {
                if let Some(property) = found.downcast_ref::<Property>() {
                    return property.bind(self, Some(target), class);
                }
                if object.descriptor() == Descriptor::No {
                    return Ok(Found::Value(found));
                }
                let value = Rc::clone(object).descriptor_get(self, Some(target), class)?;
                Ok(Found::Value(value))
            }
            Value::Instance(_) => self.bind_python(found, target.clone(), class),
            _ => Ok(Found::Value(found)),
        }
    }

    /// An instance with `__get__`.
    fn bind_python(
        &mut self,
        found: Value,
        target: Value,
        class: &Rc<Class>,
    ) -> Result<Found, Raise> {
        if self.descriptor_kind(&found) == Descriptor::No {
            return Ok(Found::Value(found));
        }
        match self.special_method(&found, "__get__") {
            Some(get) => {
                Ok(Found::Call(get, Args::from([found, target, Value::Class(Rc::clone(class))])))
            }
            None => Ok(Found::Value(found)),
        }
    }

    /// What `C.name` is for something found in `C` or above.
    pub(crate) fn bind_to_class(
        &mut self,
        found: Value,
        class: &Rc<Class>,
    ) -> Result<Found, Raise> {
        match &found {
            Value::Object(object) => {
                if let Some(property) = found.downcast_ref::<Property>() {
                    return property.bind(self, None, class).map(|bound| match bound {
                        Found::Value(Value::None) => Found::Value(found.clone()),
                        other => other,
                    });
                }
                if object.descriptor() == Descriptor::No {
                    return Ok(Found::Value(found));
                }
                let value = Rc::clone(object).descriptor_get(self, None, class)?;
                Ok(Found::Value(if value.is_not_implemented() { found } else { value }))
            }
            Value::Instance(_) => self.bind_python(found, Value::None, class),
            _ => Ok(Found::Value(found)),
        }
    }

    /// `setattr(target, name, value)`.
    pub fn set_attribute(&mut self, target: &Value, name: &str, value: Value) -> Result<(), Raise> {
        let name = self.interner.name(name);
        self.store_attribute(target, &name, value)
    }

    /// Sets an attribute as the statement does.
    pub(crate) fn store_attribute(
        &mut self,
        target: &Value,
        name: &Name,
        value: Value,
    ) -> Result<(), Raise> {
        if let Value::Instance(instance) = target {
            let class = instance.class();
            if !class.native {
                let setter = self.interner.name("__setattr__");
                if let Some(setter @ Value::Function(_)) = self.class_lookup(&class, &setter) {
                    let args = [target.clone(), Value::Str(name.text.clone()), value];
                    return self.call(&setter, args).map(drop);
                }
            }
        }
        self.store_generic(target, name, value)
    }

    /// `object.__setattr__`.
    pub(crate) fn store_generic(
        &mut self,
        target: &Value,
        name: &Name,
        value: Value,
    ) -> Result<(), Raise> {
        match target {
            Value::Instance(instance) => {
                let class = instance.class();
                if let Some(found) = self.class_lookup(&class, name)
                    && self.descriptor_kind(&found) == Descriptor::GetSet
                {
                    return self.descriptor_set(&found, target, value);
                }
                if name.text.starts_with("__") && self.set_special(target, &name.text, &value)? {
                    return Ok(());
                }
                if instance.is_exception() && &*name.text == "args" {
                    let args = self.collect(&value)?;
                    instance.exception(|state| state.args = args);
                    return Ok(());
                }
                let old =
                    instance.dict().table.borrow_mut().set_hashed(name.hash, &name.text, value);
                drop(old);
                Ok(())
            }
            Value::Class(class) => self.store_in_class(class, name, value),
            Value::Module(module) => {
                module.dict.set_name(&name.text, value);
                Ok(())
            }
            Value::Object(object) => {
                let class = object.class(self);
                if let Some(found) = self.class_lookup(&class, name)
                    && self.descriptor_kind(&found) == Descriptor::GetSet
                {
                    return self.descriptor_set(&found, target, value);
                }
                if Rc::clone(object).set_attribute(self, &name.text, value)? {
                    return Ok(());
                }
                Err(self.no_attribute(target, &name.text))
            }
            Value::Function(function) => {
                if !self.set_special(target, &name.text, &value)? {
                    function.dict().set_name(&name.text, value);
                }
                Ok(())
            }
            _ => Err(self.no_attribute(target, &name.text)),
        }
    }

    fn store_in_class(
        &mut self,
        class: &Rc<Class>,
        name: &Name,
        value: Value,
    ) -> Result<(), Raise> {
        if class.native && class.hooks.is_none() {
            let (class, name) = (class.name(), &name.text);
            return Err(self
                .type_error(format!("cannot set '{name}' attribute of immutable type '{class}'")));
        }
        if let Some(hooks) = class.hooks.clone()
            && hooks.set_class_attribute(self, class, &name.text, &value)?
        {
            return Ok(());
        }
        if self.set_special(&Value::Class(Rc::clone(class)), &name.text, &value)? {
            return Ok(());
        }
        class.dict.set_name(&name.text, value);
        class.changed(&name.text);
        Ok(())
    }

    fn descriptor_set(
        &mut self,
        descriptor: &Value,
        target: &Value,
        value: Value,
    ) -> Result<(), Raise> {
        match descriptor {
            Value::Object(object) => Rc::clone(object).descriptor_set(self, target, value),
            other => match self.special_method(other, "__set__") {
                Some(set) => self.call(&set, [other.clone(), target.clone(), value]).map(drop),
                None => Err(self.attribute_error("can't set attribute")),
            },
        }
    }

    /// `delattr(target, name)`.
    pub fn delete_attribute(&mut self, target: &Value, name: &str) -> Result<(), Raise> {
        let class = self.class_of(target);
        let key = self.interner.name(name);
        if !class.native
            && let Some(hook @ Value::Function(_)) = class.lookup("__delattr__")
        {
            return self.call(&hook, [target.clone(), Value::Str(key.text)]).map(drop);
        }
        self.delete_generic(target, name)
    }

    /// `object.__delattr__`.
    pub(crate) fn delete_generic(&mut self, target: &Value, name: &str) -> Result<(), Raise> {
        let key = self.interner.name(name);
        let class = self.class_of(target);
        if !matches!(target, Value::Class(_))
            && let Some(found) = self.class_lookup(&class, &key)
            && self.descriptor_kind(&found) == Descriptor::GetSet
        {
            return match &found {
                Value::Object(object) => Rc::clone(object).descriptor_delete(self, target),
                other => match self.special_method(other, "__delete__") {
                    Some(delete) => self.call(&delete, [other.clone(), target.clone()]).map(drop),
                    None => Err(self.attribute_error("__delete__")),
                },
            };
        }
        let removed = match target {
            Value::Instance(instance) => instance.dict().remove(name).is_some(),
            Value::Class(class) => {
                if let Some(hooks) = class.hooks.clone()
                    && hooks.delete_class_attribute(self, class, name)?
                {
                    return Ok(());
                }
                class.remove(name).is_some()
            }
            Value::Module(module) => module.dict.remove(name).is_some(),
            Value::Function(function) => function.dict().remove(name).is_some(),
            Value::Object(object) => Rc::clone(object).delete_attribute(self, name)?,
            _ => false,
        };
        if removed { Ok(()) } else { Err(self.no_attribute(target, &key.text)) }
    }

    /// The error for an attribute that does not exist.
    pub fn no_attribute(&mut self, target: &Value, name: &str) -> Raise {
        let message = match target {
            Value::Class(class) => {
                format!("type object '{}' has no attribute '{name}'", class.name())
            }
            Value::Module(module) => format!("module '{}' has no attribute '{name}'", module.name),
            other => {
                let class = match other.downcast_ref::<Super>() {
                    Some(_) => "super".into(),
                    None => self.class_of(other).name(),
                };
                format!("'{class}' object has no attribute '{name}'")
            }
        };
        let raise = self.attribute_error(message);
        raise.0.set("name", Value::from(name));
        raise.0.set("obj", target.clone());
        raise
    }
}
