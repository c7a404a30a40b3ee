//! Defining a native class.

use std::rc::Rc;

use super::{Args, ClassHooks, Raise};
use crate::builtins::Property;
use crate::value::{Class, Str, Value};
use crate::vm::Vm;

type Call = fn(&mut Vm, Args) -> Result<Value, Raise>;

/// Collects what a native class has; [`ClassBuilder::build`] makes it.
pub struct ClassBuilder {
    module: &'static str,
    name: Str,
    bases: Vec<Rc<Class>>,
    hooks: Option<Rc<dyn ClassHooks>>,
    attributes: Vec<(Str, Value)>,
    doc: Option<&'static str>,
}

impl std::fmt::Debug for ClassBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ClassBuilder({}.{})", self.module, self.name)
    }
}

impl ClassBuilder {
    /// A class of this module and name. Without a base it derives from `object`.
    pub fn new(module: &'static str, name: impl Into<Str>) -> Self {
        Self {
            module,
            name: name.into(),
            bases: Vec::new(),
            hooks: None,
            attributes: Vec::new(),
            doc: None,
        }
    }

    /// Adds a base.
    #[must_use]
    pub fn base(mut self, base: &Rc<Class>) -> Self {
        self.bases.push(Rc::clone(base));
        self
    }

    /// Sets the hooks, which classes below inherit.
    #[must_use]
    pub fn hooks(mut self, hooks: Rc<dyn ClassHooks>) -> Self {
        self.hooks = Some(hooks);
        self
    }

    /// Sets what `C(…)` runs instead of making a plain instance: `__new__`, whose first argument is
    /// the class.
    #[must_use]
    pub fn constructor(self, call: Call) -> Self {
        let constructor = Value::function("__new__", call);
        self.attribute("__new__", constructor)
    }

    /// Adds a method.
    #[must_use]
    pub fn method(self, name: &'static str, call: Call) -> Self {
        let method = Value::method(name, call);
        self.attribute(name, method)
    }

    /// Adds many methods.
    #[must_use]
    pub fn methods(mut self, methods: &[(&'static str, Call)]) -> Self {
        for (name, call) in methods {
            self = self.method(name, *call);
        }
        self
    }

    /// Adds a method that receives the class.
    #[must_use]
    pub fn class_method(self, name: &'static str, call: Call) -> Self {
        let method = Property::class_method(Value::function(name, call));
        self.attribute(name, method)
    }

    /// Adds a function that receives neither instance nor class.
    #[must_use]
    pub fn static_method(self, name: &'static str, call: Call) -> Self {
        let method = Property::static_method(Value::function(name, call));
        self.attribute(name, method)
    }

    /// Adds a read-only property.
    #[must_use]
    pub fn property(self, name: &'static str, get: Call) -> Self {
        let property = Property::read_only(Value::function(name, get));
        self.attribute(name, property)
    }

    /// Adds a property that can be set.
    #[must_use]
    pub fn property_with_setter(self, name: &'static str, get: Call, set: Call) -> Self {
        let property = Property::read_write(Value::function(name, get), Value::function(name, set));
        self.attribute(name, property)
    }

    /// Adds any attribute.
    #[must_use]
    pub fn attribute(mut self, name: &str, value: Value) -> Self {
        self.attributes.push((name.into(), value));
        self
    }

    /// Sets the documentation.
    #[must_use]
    pub fn doc(mut self, text: &'static str) -> Self {
        self.doc = Some(text);
        self
    }

    /// Makes the class and registers it as `module.name`, for [`Vm::named_class`].
    pub fn build(self, vm: &mut Vm) -> Rc<Class> {
        let class = vm.new_native_class(self.name, self.bases, self.hooks);
        class.set("__module__", Value::str(self.module));
        class.set("__doc__", self.doc.map_or(Value::None, Value::from));
        for (name, value) in self.attributes {
            class.set(&name, value);
        }
        vm.name_class(format!("{}.{}", self.module, class.name()), &class);
        class
    }
}
