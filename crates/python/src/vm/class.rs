//! The class statement, and attributes that objects have without storing them.

use std::rc::Rc;

use super::types::layout_of;
use super::{Frame, Kind, Then, Vm};
use crate::compile::Name;
use crate::host::{Args, Raise};
use crate::value::{Annotation, CellRef, Class, ClassParts, Dict, Function, Str, Value, linearize};

/// A class whose body is running.
pub(crate) struct ClassBuild {
    pub(crate) name: Str,
    pub(crate) qualified_name: Str,
    pub(crate) bases: Vec<Value>,
    pub(crate) keywords: Vec<(Str, Value)>,
    pub(crate) namespace: Rc<Dict>,
    /// The cell behind `__class__`, which `super()` reads.
    pub(crate) cell: Option<CellRef>,
    pub(crate) annotations: Rc<std::cell::RefCell<Vec<Annotation>>>,
}

impl Vm {
    /// `MakeClass`: begins a class body. Bases and keywords are on the stack.
    pub(crate) fn make_class(&mut self, code: u32) -> Result<(), Raise> {
        let keywords = self.frame.pop();
        let bases = self.frame.pop();
        let function = self.frame.pop();
        let Value::Function(function) = function else { return Ok(()) };
        let Some(body) = self.frame.code.codes.get(code as usize).cloned() else { return Ok(()) };
        let bases = self.collect(&bases)?;
        let keywords = match &keywords {
            Value::Dict(dict) => dict.names(),
            _ => Vec::new(),
        };
        let namespace = Rc::new(Dict::default());
        let module = self.frame.globals.get("__name__").unwrap_or_else(|| "builtins".into());
        namespace.set("__module__", module);
        namespace.set("__qualname__", Value::Str(body.qualified_name.clone()));
        if let Some(text) = &body.documentation {
            namespace.set("__doc__", Value::Str(text.clone()));
        }
        let mut frame = Frame::new(Rc::clone(&body), Rc::clone(&self.frame.globals), Then::Discard);
        frame.namespace = Some(Rc::clone(&namespace));
        frame.cells.extend(function.closure.iter().cloned());
        let own = body.cell_names.iter().take(body.own_cells);
        let cell = own.zip(&frame.cells).find(|(name, _)| &***name == "__class__");
        let build = ClassBuild {
            name: body.name.clone(),
            qualified_name: body.qualified_name.clone(),
            bases,
            keywords,
            namespace,
            cell: cell.map(|(_, cell)| Rc::clone(cell)),
            annotations: Rc::default(),
        };
        frame.then = Then::Class(Box::new(build));
        self.push_frame(frame)
    }

    /// Records an annotation of the class or module body that runs.
    pub(crate) fn annotate(&mut self, at: u32) {
        let thunk = self.frame.pop();
        let Value::Function(thunk) = thunk else { return };
        let Some(text) = self.frame.code.annotations.get(at as usize).cloned() else { return };
        let annotation = Annotation {
            name: text.name,
            source: text.source,
            span: text.span,
            assigned: text.assigned,
            thunk,
        };
        match &self.frame.then {
            Then::Class(build) => build.annotations.borrow_mut().push(annotation),
            _ => self.annotate_module(annotation),
        }
    }

    fn annotate_module(&mut self, annotation: Annotation) {
        let globals = Rc::clone(&self.frame.globals);
        let known = globals.get("__annotations__");
        let dict = match known {
            Some(Value::Dict(dict)) => dict,
            _ => {
                let dict = Rc::new(Dict::default());
                globals.set("__annotations__", Value::Dict(Rc::clone(&dict)));
                dict
            }
        };
        // A module's annotations are rarely read; their text stands for them.
        dict.set_name(&annotation.name, Value::Str(annotation.source));
    }

    /// The class body ended.
    pub(crate) fn finish_class(&mut self, mut build: ClassBuild) -> Result<(), Raise> {
        let original = build.bases.clone();
        let bases = self.resolve_bases(&build.bases)?;
        if bases.len() != original.len()
            || original.iter().any(|base| !matches!(base, Value::Class(_)))
        {
            build.namespace.set("__orig_bases__", Value::tuple(original));
        }
        let explicit = build.keywords.iter().position(|(name, _)| &**name == "metaclass");
        let explicit = explicit.map(|at| build.keywords.remove(at).1);
        let metaclass = self.metaclass_of(explicit.as_ref(), &bases);
        let class = match metaclass {
            Some(metaclass) if !metaclass.native => {
                let args = Args {
                    positional: vec![
                        Value::Str(build.name.clone()),
                        Value::tuple(bases.into_iter().map(Value::Class).collect()),
                        Value::Dict(Rc::clone(&build.namespace)),
                    ],
                    keywords: build.keywords,
                };
                // `type.__new__` finds the annotations through the namespace.
                self.class_annotations = Some(Rc::clone(&build.annotations));
                let made = self.call(&Value::Class(metaclass), args);
                self.class_annotations = None;
                match made? {
                    Value::Class(class) => class,
                    other => {
                        self.frame.push(other);
                        return Ok(());
                    }
                }
            }
            _ => {
                self.class_annotations = Some(Rc::clone(&build.annotations));
                let namespace = Rc::clone(&build.namespace);
                self.create_class(build.name, bases, namespace, &build.keywords, None)?
            }
        };
        *class.qualified_name.borrow_mut() = build.qualified_name;
        if let Some(cell) = build.cell {
            *cell.borrow_mut() = Some(Value::Class(Rc::clone(&class)));
        }
        self.frame.push(Value::Class(class));
        Ok(())
    }

    fn metaclass_of(&mut self, explicit: Option<&Value>, bases: &[Rc<Class>]) -> Option<Rc<Class>> {
        let mut best = match explicit {
            Some(Value::Class(class)) => Some(Rc::clone(class)),
            _ => None,
        };
        for base in bases {
            let candidate = base.metaclass.borrow().clone();
            if let Some(candidate) = candidate
                && best.as_ref().is_none_or(|best| candidate.is_subclass(best))
            {
                best = Some(candidate);
            }
        }
        best
    }

    fn resolve_bases(&mut self, bases: &[Value]) -> Result<Vec<Rc<Class>>, Raise> {
        let mut classes: Vec<Rc<Class>> = Vec::new();
        for base in bases {
            let found = match base {
                Value::Class(class) => vec![Rc::clone(class)],
                Value::Object(object) => match object.bases(self) {
                    Some(bases) => bases,
                    None => return Err(self.bad_base(base)),
                },
                other => {
                    let Some(resolve) = self.try_attribute(other, "__mro_entries__")? else {
                        return Err(self.bad_base(other));
                    };
                    let entries = self.call(&resolve, [Value::tuple(bases.to_vec())])?;
                    let entries = self.collect(&entries)?;
                    entries.iter().filter_map(|entry| entry.as_class().cloned()).collect()
                }
            };
            for class in found {
                if !classes.iter().any(|known| known.serial == class.serial)
                    || matches!(base, Value::Class(_))
                {
                    classes.push(class);
                }
            }
        }
        Ok(classes)
    }

    fn bad_base(&mut self, base: &Value) -> Raise {
        let class = self.class_of(base).name();
        self.type_error(format!("'{class}' object cannot be used as a base class"))
    }

    /// `type.__new__`: makes a class and tells everybody who wants to know.
    pub(crate) fn create_class(
        &mut self,
        name: Str,
        mut bases: Vec<Rc<Class>>,
        namespace: Rc<Dict>,
        keywords: &[(Str, Value)],
        metaclass: Option<Rc<Class>>,
    ) -> Result<Rc<Class>, Raise> {
        if bases.is_empty() {
            bases.push(self.kind(Kind::Object));
        }
        self.check_bases(&bases)?;
        let Some(ancestors) = linearize(&bases) else {
            let names: Vec<String> = bases.iter().map(|base| base.name().to_string()).collect();
            return Err(self.type_error(format!(
                "Cannot create a consistent method resolution\norder (MRO) for bases {}",
                names.join(", ")
            )));
        };
        let layout = layout_of(&bases);
        if namespace.contains("__eq__") && !namespace.contains("__hash__") {
            namespace.set("__hash__", Value::None);
        }
        self.wrap_implicit_methods(&namespace);
        let inherited = self.metaclass_of(None, &bases);
        let class = Class::from_parts(ClassParts {
            name,
            bases,
            ancestors,
            dict: Rc::clone(&namespace),
            hooks: None,
            layout,
            native: false,
            instantiable: true,
        });
        *class.metaclass.borrow_mut() = metaclass.or(inherited);
        if let Some(Value::Str(qualified)) = namespace.remove("__qualname__") {
            *class.qualified_name.borrow_mut() = qualified;
        }
        if let Some(cell) = namespace.remove("__classcell__") {
            drop(cell);
        }
        if !namespace.contains("__doc__") {
            namespace.set("__doc__", Value::None);
        }
        if let Some(annotations) = self.class_annotations.take() {
            *class.annotations.borrow_mut() = annotations.take();
        }
        self.announce_class(&class, keywords)?;
        Ok(class)
    }

    fn check_bases(&mut self, bases: &[Rc<Class>]) -> Result<(), Raise> {
        for (at, base) in bases.iter().enumerate() {
            if bases.iter().take(at).any(|other| other.serial == base.serial) {
                let name = base.name();
                return Err(self.type_error(format!("duplicate base class {name}")));
            }
            let closed = ["bool", "NoneType", "function", "range", "slice", "ellipsis"];
            if base.native && &*base.module() == "builtins" && closed.contains(&&*base.name()) {
                let name = base.name();
                return Err(
                    self.type_error(format!("type '{name}' is not an acceptable base type"))
                );
            }
        }
        Ok(())
    }

    /// `__init_subclass__` and `__class_getitem__` are class methods without being declared so.
    fn wrap_implicit_methods(&mut self, namespace: &Dict) {
        for name in ["__init_subclass__", "__class_getitem__"] {
            if let Some(function @ Value::Function(_)) = namespace.get(name) {
                namespace.set(name, crate::builtins::Property::class_method(function));
            }
        }
        if let Some(function @ Value::Function(_)) = namespace.get("__new__") {
            namespace.set("__new__", crate::builtins::Property::static_method(function));
        }
    }

    /// `__set_name__`, `__init_subclass__`, and the hooks of native bases.
    fn announce_class(
        &mut self,
        class: &Rc<Class>,
        keywords: &[(Str, Value)],
    ) -> Result<(), Raise> {
        for (name, value) in class.dict.names() {
            match &value {
                Value::Object(object) => Rc::clone(object).set_name(self, class, &name)?,
                Value::Instance(_) => {
                    if let Some(hook) = self.special_method(&value, "__set_name__") {
                        let args =
                            [value.clone(), Value::Class(Rc::clone(class)), Value::Str(name)];
                        self.call(&hook, args)?;
                    }
                }
                _ => {}
            }
        }
        let hooks = class.hooks.clone();
        let taken = hooks.as_ref().is_some_and(|hooks| hooks.takes_keywords());
        let above = class.ancestors.iter().find_map(|ancestor| {
            ancestor.dict.get("__init_subclass__").filter(|_| !ancestor.native || !taken)
        });
        if let Some(above) = above {
            let found = self.bind_to_class(above, class)?;
            if let super::attribute::Found::Value(hook) = found {
                let keywords = if taken { Vec::new() } else { keywords.to_vec() };
                self.call(&hook, Args { positional: Vec::new(), keywords })?;
            }
        }
        if let Some(hooks) = hooks {
            hooks.on_subclass(self, class, keywords)?;
        }
        Ok(())
    }

    /// Names of abstract methods a class has not overridden.
    pub(crate) fn abstract_methods(&mut self, class: &Rc<Class>) -> Vec<Str> {
        if class.native || class.metaclass.borrow().is_none() {
            return Vec::new();
        }
        let mut names: Vec<Str> = Vec::new();
        for ancestor in class.mro() {
            for (name, value) in ancestor.dict.names() {
                if is_abstract(&value)
                    && !names.contains(&name)
                    && class.lookup(&name).is_some_and(|found| is_abstract(&found))
                {
                    names.push(name);
                }
            }
        }
        names.sort();
        names
    }

    pub(crate) fn abstract_error(&mut self, class: &Class, names: &[Str]) -> Raise {
        let plural = if names.len() == 1 { "" } else { "s" };
        let list: Vec<&str> = names.iter().map(Str::as_str).collect();
        self.type_error(format!(
            "Can't instantiate abstract class {} with abstract method{plural} {}",
            class.name(),
            list.join(", ")
        ))
    }

    /// Evaluates an annotation: names that do not exist yet become forward references.
    pub fn evaluate_thunk(&mut self, annotation: &Annotation) -> Result<Value, Raise> {
        self.call(&Value::Function(Rc::clone(&annotation.thunk)), Args::none())
    }

    /// `__annotations__` of a class: evaluated once.
    pub(crate) fn class_annotations(&mut self, class: &Class) -> Result<Value, Raise> {
        if let Some(dict) = &*class.evaluated.borrow() {
            return Ok(Value::Dict(Rc::clone(dict)));
        }
        let dict = Rc::new(Dict::default());
        for annotation in class.annotations() {
            let value = self.evaluate_thunk(&annotation)?;
            dict.set_name(&annotation.name, value);
        }
        *class.evaluated.borrow_mut() = Some(Rc::clone(&dict));
        Ok(Value::Dict(dict))
    }

    /// Attributes that are not in any namespace: `__class__`, `__dict__`, `__name__`.
    pub(crate) fn own_attribute(
        &mut self,
        target: &Value,
        name: &Name,
    ) -> Result<Option<Value>, Raise> {
        if !name.text.starts_with('_') && !matches!(target, Value::Instance(_)) {
            return Ok(self.plain_own_attribute(target, &name.text));
        }
        if &*name.text == "__class__" {
            return Ok(Some(Value::Class(self.class_of(target))));
        }
        match target {
            Value::Instance(instance) => match &*name.text {
                "__dict__" => Ok(Some(Value::Dict(Rc::clone(instance.dict())))),
                other => {
                    Ok(instance.exception(|state| exception_attribute(state, other)).flatten())
                }
            },
            Value::Class(class) => self.class_attribute(class, &name.text),
            Value::Module(module) => Ok(match &*name.text {
                "__name__" => Some(Value::Str(module.name.clone())),
                "__dict__" => Some(Value::Dict(Rc::clone(&module.dict))),
                "__doc__" => Some(Value::None),
                _ => None,
            }),
            Value::Function(function) => self.function_attribute(function, &name.text),
            Value::BoundMethod(method) => match &*name.text {
                "__self__" => Ok(Some(method.receiver.clone())),
                "__func__" => Ok(Some(method.function.clone())),
                other => self.try_attribute(&method.function.clone(), other),
            },
            Value::Native(native) => Ok(match &*name.text {
                "__name__" | "__qualname__" => Some(Value::Str(native.name.clone())),
                "__module__" => Some("builtins".into()),
                "__doc__" => Some(Value::None),
                _ => None,
            }),
            Value::Generator(generator) => Ok(match &*name.text {
                "__name__" | "__qualname__" => Some(Value::Str(generator.name.clone())),
                _ => None,
            }),
            _ => Ok(None),
        }
    }

    fn plain_own_attribute(&mut self, target: &Value, name: &str) -> Option<Value> {
        match target {
            Value::Function(function) => function.dict.get()?.get(name),
            Value::BoundMethod(method) => {
                let function = method.function.clone();
                self.plain_own_attribute(&function, name)
            }
            Value::Object(object) => {
                let property = target.downcast_ref::<crate::builtins::Property>()?;
                let _ = object;
                property.attribute(name)
            }
            _ => None,
        }
    }

    fn class_attribute(&mut self, class: &Rc<Class>, name: &str) -> Result<Option<Value>, Raise> {
        let classes =
            |classes: Vec<Rc<Class>>| Value::tuple(classes.into_iter().map(Value::Class).collect());
        Ok(Some(match name {
            "__name__" => Value::Str(class.name()),
            "__qualname__" => Value::Str(class.qualified_name()),
            "__bases__" => classes(class.bases.clone()),
            "__base__" => class.bases.first().cloned().map_or(Value::None, Value::Class),
            "__mro__" => classes(class.mro().cloned().collect()),
            "__annotations__" => self.class_annotations(class)?,
            "__abstractmethods__" => Value::None,
            _ => return Ok(None),
        }))
    }

    fn function_attribute(
        &mut self,
        function: &Rc<Function>,
        name: &str,
    ) -> Result<Option<Value>, Raise> {
        if let Some(value) = function.dict.get().and_then(|dict| dict.get(name)) {
            return Ok(Some(value));
        }
        Ok(Some(match name {
            "__name__" => Value::Str(function.name()),
            "__qualname__" => Value::Str(function.qualified_name.borrow().clone()),
            "__module__" => function.module.clone(),
            "__doc__" => function.code.documentation.clone().map_or(Value::None, Value::Str),
            "__dict__" => Value::Dict(Rc::clone(function.dict())),
            "__defaults__" => {
                let defaults = function.defaults.borrow().clone();
                if defaults.is_empty() { Value::None } else { Value::tuple(defaults) }
            }
            "__kwdefaults__" => {
                let defaults = &function.keyword_defaults;
                if defaults.is_empty() {
                    Value::None
                } else {
                    Value::dict(defaults.iter().map(|(name, value)| (&**name, value.clone())))
                }
            }
            "__globals__" => Value::Dict(Rc::clone(&function.globals)),
            "__annotations__" => match &function.annotate {
                Some(thunk) => {
                    let value = self.call(&Value::Function(Rc::clone(thunk)), Args::none())?;
                    function.dict().set("__annotations__", value.clone());
                    value
                }
                None => Value::Dict(Rc::default()),
            },
            _ => return Ok(None),
        }))
    }

    /// Sets an attribute that is not in any namespace; false if it is an ordinary one.
    pub(crate) fn set_special(
        &mut self,
        target: &Value,
        name: &str,
        value: &Value,
    ) -> Result<bool, Raise> {
        match (target, name, value) {
            (Value::Instance(instance), "__class__", Value::Class(class)) => {
                instance.set_class(Rc::clone(class));
            }
            (Value::Instance(instance), "__dict__", Value::Dict(dict)) => {
                let table = dict.table.borrow().clone();
                *instance.dict().table.borrow_mut() = table;
            }
            (Value::Instance(instance), _, _) if instance.is_exception() => {
                return Ok(set_exception_attribute(instance, name, value));
            }
            (Value::Class(class), "__name__", Value::Str(text)) => class.rename(text.clone()),
            (Value::Class(class), "__qualname__", Value::Str(text)) => {
                *class.qualified_name.borrow_mut() = text.clone();
            }
            (Value::Class(class), "__annotations__", Value::Dict(dict)) => {
                *class.evaluated.borrow_mut() = Some(Rc::clone(dict));
            }
            (Value::Function(function), "__name__", Value::Str(text)) => {
                *function.name.borrow_mut() = text.clone();
            }
            (Value::Function(function), "__qualname__", Value::Str(text)) => {
                *function.qualified_name.borrow_mut() = text.clone();
            }
            (Value::Function(function), "__defaults__", _) => {
                let defaults = match value {
                    Value::Tuple(items) => items.to_vec(),
                    _ => Vec::new(),
                };
                *function.defaults.borrow_mut() = defaults;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn is_abstract(value: &Value) -> bool {
    match value {
        Value::Function(function) => function
            .dict
            .get()
            .and_then(|dict| dict.get("__isabstractmethod__"))
            .is_some_and(|flag| matches!(flag, Value::Bool(true))),
        other => other
            .downcast_ref::<crate::builtins::Property>()
            .is_some_and(|property| is_abstract(&property.function())),
    }
}

fn exception_attribute(state: &mut crate::value::ExceptionState, name: &str) -> Option<Value> {
    let instance = |exception: &Option<Rc<crate::value::Instance>>| {
        exception.clone().map_or(Value::None, Value::Instance)
    };
    Some(match name {
        "args" => Value::tuple(state.args.clone()),
        "__cause__" => instance(&state.cause),
        "__context__" => instance(&state.context),
        "__suppress_context__" => Value::Bool(state.suppress_context),
        "__traceback__" => Value::None,
        "__notes__" if !state.notes.is_empty() => Value::list(state.notes.clone()),
        _ => return None,
    })
}

fn set_exception_attribute(instance: &crate::value::Instance, name: &str, value: &Value) -> bool {
    let exception = match value {
        Value::Instance(other) => Some(Rc::clone(other)),
        _ => None,
    };
    instance
        .exception(|state| match name {
            "__cause__" => {
                state.cause = exception;
                state.suppress_context = true;
                true
            }
            "__context__" => {
                state.context = exception;
                true
            }
            "__suppress_context__" => {
                state.suppress_context = matches!(value, Value::Bool(true));
                true
            }
            "__traceback__" => true,
            _ => false,
        })
        .unwrap_or(false)
}
