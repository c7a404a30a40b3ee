//! Classes: name, bases, method resolution order, attributes, annotations, host hooks.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::{Rc, Weak};

use super::{Dict, Function, Str, Value};
use crate::diagnostic::Span;
use crate::host::ClassHooks;

/// How instances of a class hold their data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// Attributes only.
    Object,
    /// An exception: arguments, cause, context, traceback.
    Exception,
    /// A built-in value inside, as in `class Names(list)`.
    Wrapper,
}

/// An annotation in a class or module body, evaluated when asked for.
#[derive(Clone)]
pub struct Annotation {
    /// The annotated name.
    pub name: Str,
    /// The annotation as it is written.
    pub source: Str,
    /// Where it is written.
    pub span: Span,
    /// Whether a value is assigned in the same statement.
    pub assigned: bool,
    /// Computes the annotation.
    pub(crate) thunk: Rc<Function>,
}

impl fmt::Debug for Annotation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.source)
    }
}

/// A class.
pub struct Class {
    /// A number no other class of this thread has had.
    pub(crate) serial: u64,
    name: RefCell<Str>,
    pub(crate) qualified_name: RefCell<Str>,
    pub(crate) bases: Vec<Rc<Class>>,
    /// The method resolution order without the class itself.
    pub(crate) ancestors: Vec<Rc<Class>>,
    /// The attributes of the class itself.
    pub dict: Rc<Dict>,
    pub(crate) metaclass: RefCell<Option<Rc<Class>>>,
    pub(crate) hooks: Option<Rc<dyn ClassHooks>>,
    pub(crate) layout: Layout,
    pub(crate) annotations: RefCell<Vec<Annotation>>,
    pub(crate) evaluated: RefCell<Option<Rc<Dict>>>,
    pub(crate) subclasses: RefCell<Vec<Weak<Class>>>,
    /// Whether instances compare and hash by identity: no `__eq__` or `__hash__` above `object`.
    pub(crate) plain: Cell<bool>,
    /// Whether only Rust code made it.
    pub(crate) native: bool,
    /// Whether `C()` may make plain instances of it.
    pub(crate) instantiable: bool,
    /// The argument that must be finite, as for native functions.
    pub(crate) drains: Cell<Option<u8>>,
}

thread_local! {
    static SERIAL: Cell<u64> = const { Cell::new(1) };
    /// Changes whenever an attribute of any class changes: what attribute caches compare.
    pub(crate) static CLASS_VERSION: Cell<u64> = const { Cell::new(1) };
}

/// Forgets what attribute caches hold.
pub(crate) fn touch_classes() {
    CLASS_VERSION.with(|version| version.set(version.get() + 1));
}

/// What is needed to make a class.
pub(crate) struct ClassParts {
    pub(crate) name: Str,
    pub(crate) bases: Vec<Rc<Class>>,
    pub(crate) ancestors: Vec<Rc<Class>>,
    pub(crate) dict: Rc<Dict>,
    pub(crate) hooks: Option<Rc<dyn ClassHooks>>,
    pub(crate) layout: Layout,
    pub(crate) native: bool,
    pub(crate) instantiable: bool,
}

impl Class {
    pub(crate) fn from_parts(parts: ClassParts) -> Rc<Self> {
        let serial = SERIAL.with(|serial| serial.replace(serial.get() + 1));
        let hooks = parts
            .hooks
            .or_else(|| parts.ancestors.iter().find_map(|ancestor| ancestor.hooks.clone()));
        let class = Rc::new(Self {
            serial,
            qualified_name: RefCell::new(parts.name.clone()),
            name: RefCell::new(parts.name),
            bases: parts.bases,
            ancestors: parts.ancestors,
            dict: parts.dict,
            metaclass: RefCell::new(None),
            hooks,
            layout: parts.layout,
            annotations: RefCell::default(),
            evaluated: RefCell::default(),
            subclasses: RefCell::default(),
            plain: Cell::new(true),
            native: parts.native,
            instantiable: parts.instantiable,
            drains: Cell::new(None),
        });
        for base in &class.bases {
            base.subclasses.borrow_mut().push(Rc::downgrade(&class));
        }
        class.refresh();
        class
    }

    /// The name, without module.
    pub fn name(&self) -> Str {
        self.name.borrow().clone()
    }

    pub(crate) fn rename(&self, name: Str) {
        *self.name.borrow_mut() = name;
    }

    /// The name with the names of enclosing classes and functions.
    pub fn qualified_name(&self) -> Str {
        self.qualified_name.borrow().clone()
    }

    /// The module it was made in.
    pub fn module(&self) -> Str {
        self.lookup("__module__").and_then(|value| value.as_str()).unwrap_or_default()
    }

    /// The name that errors and `repr` show: with the module unless that is `builtins`.
    pub fn full_name(&self) -> String {
        let module = self.module();
        let name = self.qualified_name();
        if module.is_empty() || &*module == "builtins" {
            name.to_string()
        } else {
            format!("{module}.{name}")
        }
    }

    /// The direct bases.
    pub fn bases(&self) -> &[Rc<Class>] {
        &self.bases
    }

    /// The method resolution order, beginning with the class itself.
    pub fn mro(self: &Rc<Self>) -> impl Iterator<Item = &Rc<Class>> {
        std::iter::once(self).chain(self.ancestors.iter())
    }

    /// The direct subclasses that are still alive.
    pub fn subclasses(&self) -> Vec<Rc<Class>> {
        self.subclasses.borrow().iter().filter_map(Weak::upgrade).collect()
    }

    /// Whether it is `other` or derives from it.
    pub fn is_subclass(&self, other: &Class) -> bool {
        self.serial == other.serial
            || self.ancestors.iter().any(|ancestor| ancestor.serial == other.serial)
    }

    /// An attribute along the method resolution order, as it is stored: nothing is bound or called.
    pub fn lookup(&self, name: &str) -> Option<Value> {
        let hash = super::hash_str(name);
        let find = |dict: &Dict| {
            let table = dict.table.borrow();
            table.find_str(hash, name).and_then(|at| table.value_at(at).cloned())
        };
        find(&self.dict).or_else(|| self.ancestors.iter().find_map(|ancestor| find(&ancestor.dict)))
    }

    pub(crate) fn lookup_name(&self, hash: u64, name: &Str) -> Option<Value> {
        let find = |dict: &Dict| dict.table.borrow().get_name(hash, name).cloned();
        find(&self.dict).or_else(|| self.ancestors.iter().find_map(|ancestor| find(&ancestor.dict)))
    }

    /// Sets an attribute of the class without asking any hook.
    pub fn set(&self, name: &str, value: Value) {
        self.dict.set(name, value);
        self.changed(name);
    }

    /// Removes an attribute of the class without asking any hook.
    pub fn remove(&self, name: &str) -> Option<Value> {
        let old = self.dict.remove(name);
        self.changed(name);
        old
    }

    /// The annotations of the class body itself, in order.
    pub fn annotations(&self) -> Vec<Annotation> {
        self.annotations.borrow().clone()
    }

    /// To be called after attributes changed other than through [`Class::set`].
    pub(crate) fn changed(&self, name: &str) {
        touch_classes();
        if name == "__eq__" || name == "__hash__" {
            self.refresh();
        }
    }

    fn refresh(&self) {
        let own = self.dict.contains("__eq__") || self.dict.contains("__hash__");
        let root = self.ancestors.is_empty();
        let plain = self.layout != Layout::Wrapper
            && (root || (!own && self.ancestors.iter().all(|ancestor| ancestor.plain.get())));
        self.plain.set(plain);
        for subclass in self.subclasses() {
            subclass.refresh();
        }
    }
}

impl Drop for Class {
    fn drop(&mut self) {
        let _ = CLASS_VERSION.try_with(|version| version.set(version.get() + 1));
    }
}

impl fmt::Debug for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<class {}>", self.full_name())
    }
}

/// The C3 linearization: the ancestors of a class with these bases, or none if they conflict.
pub(crate) fn linearize(bases: &[Rc<Class>]) -> Option<Vec<Rc<Class>>> {
    let mut lists: Vec<Vec<Rc<Class>>> =
        bases.iter().map(|base| base.mro().cloned().collect()).collect();
    lists.push(bases.to_vec());
    let mut order: Vec<Rc<Class>> = Vec::new();
    loop {
        lists.retain(|list| !list.is_empty());
        if lists.is_empty() {
            return Some(order);
        }
        let next = lists.iter().filter_map(|list| list.first()).find(|candidate| {
            lists
                .iter()
                .all(|list| list.iter().skip(1).all(|other| other.serial != candidate.serial))
        })?;
        let next = Rc::clone(next);
        for list in &mut lists {
            if list.first().is_some_and(|first| first.serial == next.serial) {
                list.remove(0);
            }
        }
        order.push(next);
    }
}
