//! The built-in classes, and the class of each value.

use std::rc::Rc;

use super::Vm;
use crate::host::ClassHooks;
use crate::value::{Class, ClassParts, Dict, GeneratorKind, Layout, Str, Value, linearize};

macro_rules! kinds {
    ($($kind:ident $name:literal),* $(,)?) => {
        /// The built-in classes that values of the machine have.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Kind { $($kind),* }

        const NAMES: &[(Kind, &str)] = &[$((Kind::$kind, $name)),*];
    };
}

kinds! {
    Object "object", Type "type", NoneType "NoneType", NotImplementedType "NotImplementedType",
    Ellipsis "ellipsis", Int "int", Bool "bool", Float "float", Str "str", Bytes "bytes",
    Tuple "tuple", List "list", Dict "dict", Set "set", FrozenSet "frozenset",
    Range "range", Slice "slice", Function "function", Builtin "builtin_function_or_method",
    Method "method", Generator "generator", Coroutine "coroutine",
    AsyncGenerator "async_generator", Module "module", Iterator "iterator", Property "property",
    ClassMethod "classmethod", StaticMethod "staticmethod", Super "super",
    DictKeys "dict_keys", DictValues "dict_values", DictItems "dict_items",
    Enumerate "enumerate", Zip "zip", Map "map", Filter "filter", Reversed "reversed",
    BaseException "BaseException", Exception "Exception", Traceback "traceback",
}

/// The built-in classes.
#[derive(Debug)]
pub(crate) struct Types {
    classes: Vec<Rc<Class>>,
}

impl Types {
    pub(crate) fn new() -> Self {
        let mut types = Self { classes: Vec::with_capacity(NAMES.len()) };
        for (kind, name) in NAMES {
            let class = match kind {
                Kind::Object => build(Str::from(*name), Vec::new(), Layout::Object),
                Kind::BaseException => {
                    build(Str::from(*name), vec![types.class(Kind::Object)], Layout::Exception)
                }
                Kind::Exception => {
                    let base = types.class(Kind::BaseException);
                    build(Str::from(*name), vec![base], Layout::Exception)
                }
                Kind::Bool => build("bool".into(), vec![types.class(Kind::Int)], Layout::Wrapper),
                Kind::Int
                | Kind::Float
                | Kind::Str
                | Kind::Bytes
                | Kind::Tuple
                | Kind::List
                | Kind::Dict
                | Kind::Set
                | Kind::FrozenSet => {
                    build(Str::from(*name), vec![types.class(Kind::Object)], Layout::Wrapper)
                }
                _ => build(Str::from(*name), vec![types.class(Kind::Object)], Layout::Object),
            };
            class.set("__module__", Value::str("builtins"));
            types.classes.push(class);
        }
        types
    }

    /// The class of a kind.
    pub(crate) fn class(&self, kind: Kind) -> Rc<Class> {
        match self.classes.get(kind as usize).or_else(|| self.classes.first()) {
            Some(class) => Rc::clone(class),
            None => build("object".into(), Vec::new(), Layout::Object),
        }
    }

    /// All of them with their names.
    pub(crate) fn all(&self) -> impl Iterator<Item = (Kind, &Rc<Class>)> {
        NAMES.iter().map(|(kind, _)| *kind).zip(&self.classes)
    }
}

fn build(name: Str, bases: Vec<Rc<Class>>, layout: Layout) -> Rc<Class> {
    let ancestors = linearize(&bases).unwrap_or_default();
    let instantiable = layout == Layout::Exception || ancestors.is_empty();
    Class::from_parts(ClassParts {
        name,
        bases,
        ancestors,
        dict: Rc::new(Dict::default()),
        hooks: None,
        layout,
        native: true,
        instantiable,
    })
}

impl Vm {
    /// The class of a value: `type(value)`.
    pub fn class_of(&self, value: &Value) -> Rc<Class> {
        let kind = match value {
            Value::Instance(instance) => return instance.class(),
            Value::Object(object) => return object.class(self),
            Value::Class(class) => {
                return class.metaclass.borrow().clone().unwrap_or_else(|| self.type_class());
            }
            Value::None => Kind::NoneType,
            Value::NotImplemented => Kind::NotImplementedType,
            Value::Ellipsis => Kind::Ellipsis,
            Value::Bool(_) => Kind::Bool,
            Value::Int(_) | Value::Big(_) => Kind::Int,
            Value::Float(_) => Kind::Float,
            Value::Str(_) => Kind::Str,
            Value::Bytes(_) => Kind::Bytes,
            Value::Tuple(_) => Kind::Tuple,
            Value::List(_) => Kind::List,
            Value::Dict(_) => Kind::Dict,
            Value::Set(set) if set.frozen => Kind::FrozenSet,
            Value::Set(_) => Kind::Set,
            Value::Iter(iter) => match iter.name {
                "enumerate" => Kind::Enumerate,
                "zip" => Kind::Zip,
                "map" => Kind::Map,
                "filter" => Kind::Filter,
                "reversed" | "list_reverseiterator" => Kind::Reversed,
                _ => Kind::Iterator,
            },
            Value::Function(_) => Kind::Function,
            Value::Native(_) => Kind::Builtin,
            Value::BoundMethod(method) => match &method.function {
                Value::Native(_) => Kind::Builtin,
                _ => Kind::Method,
            },
            Value::Generator(generator) => match generator.kind {
                GeneratorKind::Generator => Kind::Generator,
                GeneratorKind::Coroutine => Kind::Coroutine,
                GeneratorKind::AsyncGenerator => Kind::AsyncGenerator,
            },
            Value::Module(_) => Kind::Module,
        };
        self.types.class(kind)
    }

    /// Whether a value is an instance of a class or of one below it.
    pub fn is_instance(&self, value: &Value, class: &Class) -> bool {
        self.class_of(value).is_subclass(class)
    }

    /// The class of a built-in kind.
    pub(crate) fn kind(&self, kind: Kind) -> Rc<Class> {
        self.types.class(kind)
    }

    /// A class without Python code. Without bases it derives from `object`.
    pub(crate) fn new_native_class(
        &mut self,
        name: Str,
        mut bases: Vec<Rc<Class>>,
        hooks: Option<Rc<dyn ClassHooks>>,
    ) -> Rc<Class> {
        if bases.is_empty() {
            bases.push(self.kind(Kind::Object));
        }
        let ancestors = linearize(&bases).unwrap_or_else(|| bases.clone());
        let layout = layout_of(&bases);
        Class::from_parts(ClassParts {
            name,
            bases,
            ancestors,
            dict: Rc::new(Dict::default()),
            hooks,
            layout,
            native: true,
            instantiable: true,
        })
    }
}

/// The layout of a class with these bases.
pub(crate) fn layout_of(bases: &[Rc<Class>]) -> Layout {
    bases
        .iter()
        .map(|base| base.layout)
        .find(|layout| *layout != Layout::Object)
        .unwrap_or(Layout::Object)
}
