//! `DeclarativeBase`, `declarative_base`, `registry`: where declarative classes come from.

use std::cell::RefCell;
use std::rc::Rc;

use vidro_orm::MapperSpec;
use vidro_python::{
    Args, Class, ClassBuilder, ClassHooks, Descriptor, Instance, Object, Raise, Str, Value, Vm,
};

use super::composite::{CompositeObject, Pending};
use super::{dataclass, declarative, instance, mapper_of_class};
use crate::events;
use crate::exc;
use crate::schema;
use crate::value;
use crate::world::with_orm;

const API: &str = "sqlalchemy.orm.decl_api";
const BASE: &str = "sqlalchemy.orm.base";

/// Names of classes of this module that `sqlalchemy.orm` offers, with their full names.
pub(crate) const BASES: &[(&str, &str)] = &[
    ("DeclarativeBase", "sqlalchemy.orm.decl_api.DeclarativeBase"),
    ("DeclarativeBaseNoMeta", "sqlalchemy.orm.decl_api.DeclarativeBaseNoMeta"),
    ("DeclarativeMeta", "sqlalchemy.orm.decl_api.DeclarativeMeta"),
    ("MappedAsDataclass", "sqlalchemy.orm.decl_api.MappedAsDataclass"),
    ("registry", "sqlalchemy.orm.decl_api.registry"),
    ("declared_attr", "sqlalchemy.orm.decl_api.declared_attr"),
    ("Mapped", "sqlalchemy.orm.base.Mapped"),
    ("WriteOnlyMapped", "sqlalchemy.orm.base.WriteOnlyMapped"),
    ("DynamicMapped", "sqlalchemy.orm.base.DynamicMapped"),
];

/// A registry as Python sees it.
#[derive(Debug)]
pub(crate) struct RegistryObject {
    metadata: Value,
    type_annotation_map: Value,
    constructor: Option<Value>,
    classes: RefCell<Vec<Rc<Class>>>,
}

/// `@declared_attr`
#[derive(Debug)]
struct DeclaredAttribute {
    function: Value,
    /// `declared_attr.cascading`
    cascading: bool,
}

pub(super) fn define(vm: &mut Vm) {
    let hooks: Rc<dyn ClassHooks> = Rc::new(DeclarativeHooks { direct: true });
    for name in ["DeclarativeBase", "DeclarativeBaseNoMeta"] {
        base_class(ClassBuilder::new(API, name).hooks(Rc::clone(&hooks))).build(vm);
    }
    ClassBuilder::new(API, "DeclarativeMeta").build(vm);
    let dataclass: Rc<dyn ClassHooks> = Rc::new(DataclassHooks);
    ClassBuilder::new(API, "MappedAsDataclass")
        .attribute(dataclass::OPTIONS, Value::tuple(Vec::new()))
        .hooks(dataclass)
        .build(vm);
    ClassBuilder::new(API, "registry")
        .constructor(new_registry)
        .method("mapped", mapped)
        .method("mapped_as_dataclass", mapped_as_dataclass)
        .method("map_declaratively", |vm, args| {
            let class = mapped(vm, args)?;
            vm.get_attribute(&class, "__mapper__")
        })
        .method("map_imperatively", map_imperatively)
        .method("generate_base", generate_base)
        .method("as_declarative_base", |vm, args| {
            let this = args.at(0);
            let this = this.clone();
            let _ = vm;
            Ok(Value::closure("decorate", move |vm, args| based_on(vm, &args.at(0), &this)))
        })
        .method("configure", |vm, _| super::configure(vm).map(|()| Value::None))
        .method("dispose", |_, _| Ok(Value::None))
        .method("update_type_annotation_map", update_map)
        .build(vm);
    ClassBuilder::new(API, "declared_attr")
        .constructor(|_, args| Ok(declared_attribute(args.at(1), false)))
        .static_method("directive", |_, args| Ok(declared_attribute(args.at(0), false)))
        .static_method("cascading", |_, args| Ok(declared_attribute(args.at(0), true)))
        .build(vm);
    for (module, name) in [
        (BASE, "Mapped"),
        (BASE, "WriteOnlyMapped"),
        (BASE, "DynamicMapped"),
        (super::typed::MODULE, "Named"),
    ] {
        ClassBuilder::new(module, name)
            .class_method("__class_getitem__", |vm, args| {
                let _ = vm;
                let given = args.at(1);
                let inner = match &given {
                    Value::Tuple(items) => items.to_vec(),
                    other => vec![other.clone()],
                };
                Ok(Value::object(vidro_python::Alias {
                    origin: args.at(0),
                    args: inner,
                    pipe: false,
                }))
            })
            .build(vm);
    }
    ClassBuilder::new(super::typed::MODULE, "TypedColumns")
        .constructor(|vm, _| {
            Err(exc::invalid_request(vm, "Cannot instantiate a TypedColumns object."))
        })
        .build(vm);
}

/// What every declarative base has.
fn base_class(builder: ClassBuilder) -> ClassBuilder {
    builder
        .method("__init__", declarative::constructor)
        .method("__repr__", instance::repr)
        .property_with_setter("__dict__", instance::dict, |_, _| Ok(Value::None))
        .property("_sa_instance_state", instance::state)
}

/// Maps the classes below a base.
struct DeclarativeHooks {
    /// Whether the class is `DeclarativeBase`, whose direct subclasses are bases themselves.
    direct: bool,
}

impl ClassHooks for DeclarativeHooks {
    fn takes_keywords(&self) -> bool {
        true
    }

    fn on_subclass(
        &self,
        vm: &mut Vm,
        class: &Rc<Class>,
        keywords: &[(Str, Value)],
    ) -> Result<(), Raise> {
        let is_base = self.direct
            && class.bases().iter().any(|base| {
                &*base.module() == API
                    && matches!(&*base.name(), "DeclarativeBase" | "DeclarativeBaseNoMeta")
            });
        if is_base {
            dataclass::inherit(vm, class, keywords)?;
            return set_up_base(vm, class);
        }
        declarative::map_class(vm, class, keywords)
    }

    fn on_init(&self, vm: &mut Vm, instance: &Value, args: &mut Args) -> Result<(), Raise> {
        events::on_init(vm, instance, args)
    }

    fn on_instance(&self, vm: &mut Vm, instance: &Rc<Instance>) -> Result<(), Raise> {
        if instance::created(vm, instance)?.is_none() {
            let class = instance.class();
            if mapper_of_class(vm, &class)?.is_none() && is_abstract(vm, &class)? {
                return Ok(());
            }
        }
        Ok(())
    }

    fn set_class_attribute(
        &self,
        vm: &mut Vm,
        class: &Rc<Class>,
        name: &str,
        given: &Value,
    ) -> Result<bool, Raise> {
        declarative::add_later(vm, class, name, given)
    }
}

fn is_abstract(vm: &mut Vm, class: &Rc<Class>) -> Result<bool, Raise> {
    match class.dict.get("__abstract__") {
        Some(given) => vm.truth(&given),
        None => Ok(false),
    }
}

/// `MappedAsDataclass` beside `DeclarativeBase`, or on its own.
struct DataclassHooks;

impl ClassHooks for DataclassHooks {
    fn takes_keywords(&self) -> bool {
        true
    }

    fn on_subclass(
        &self,
        vm: &mut Vm,
        class: &Rc<Class>,
        keywords: &[(Str, Value)],
    ) -> Result<(), Raise> {
        // Where the hooks of a declarative base are not first in line, they are called from here.
        let declarative =
            class.mro().any(|level| &*level.module() == API && &*level.name() == "DeclarativeBase")
                || class.lookup("registry").is_some();
        if declarative {
            return DeclarativeHooks { direct: true }.on_subclass(vm, class, keywords);
        }
        Ok(())
    }

    fn on_init(&self, vm: &mut Vm, instance: &Value, args: &mut Args) -> Result<(), Raise> {
        events::on_init(vm, instance, args)
    }

    fn on_instance(&self, vm: &mut Vm, instance: &Rc<Instance>) -> Result<(), Raise> {
        DeclarativeHooks { direct: true }.on_instance(vm, instance)
    }

    fn set_class_attribute(
        &self,
        vm: &mut Vm,
        class: &Rc<Class>,
        name: &str,
        given: &Value,
    ) -> Result<bool, Raise> {
        declarative::add_later(vm, class, name, given)
    }
}

/// `class Base(DeclarativeBase)`: gives it a registry and metadata.
fn set_up_base(vm: &mut Vm, class: &Rc<Class>) -> Result<(), Raise> {
    let own = class.dict.get("registry");
    let registry = match own {
        Some(registry) => registry,
        None => {
            let metadata = match class.dict.get("metadata") {
                Some(metadata) => metadata,
                None => schema::new_metadata(vm)?,
            };
            let map = class.dict.get("type_annotation_map").unwrap_or_default();
            let registry = registry(metadata, map);
            class.set("registry", registry.clone());
            registry
        }
    };
    if !class.dict.contains("metadata") {
        let metadata = vm.get_attribute(&registry, "metadata")?;
        class.set("metadata", metadata);
    }
    Ok(())
}

fn registry(metadata: Value, type_annotation_map: Value) -> Value {
    Value::object(RegistryObject {
        metadata,
        type_annotation_map,
        constructor: None,
        classes: RefCell::default(),
    })
}

fn new_registry(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [_, metadata, _, map, constructor] = args.bind(
        vm,
        "registry.__init__(cls, *, metadata=, class_registry=, type_annotation_map=, constructor=)",
    )?;
    let metadata = match metadata.filter(|given| !given.is_none()) {
        Some(metadata) => metadata,
        None => schema::new_metadata(vm)?,
    };
    Ok(Value::object(RegistryObject {
        metadata,
        type_annotation_map: map.unwrap_or_default(),
        constructor,
        classes: RefCell::default(),
    }))
}

fn update_map(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = args.this::<RegistryObject>(vm)?;
    if let Value::Dict(known) = &this.type_annotation_map {
        for (key, given) in value::items(vm, &args.at(1))? {
            vm.dict_set(known, key, given)?;
        }
    }
    Ok(Value::None)
}

/// `declarative_base(metadata=…, cls=…, name=…, type_annotation_map=…)`
pub(super) fn declarative_base(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [metadata, _mapper, cls, name, _class_registry, map, constructor, _metaclass] = args.bind(
        vm,
        "declarative_base(*, metadata=, mapper=, cls=, name=, class_registry=, type_annotation_map=, constructor=, metaclass=)",
    )?;
    let metadata = match metadata.filter(|given| !given.is_none()) {
        Some(metadata) => metadata,
        None => schema::new_metadata(vm)?,
    };
    let registry = Value::object(RegistryObject {
        metadata,
        type_annotation_map: map.unwrap_or_default(),
        constructor,
        classes: RefCell::default(),
    });
    make_base(vm, &registry, cls, name)
}

fn generate_base(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [this, _mapper, cls, name, _metaclass] =
        args.bind(vm, "registry.generate_base(self, mapper=, cls=, name=, metaclass=)")?;
    make_base(vm, &this.unwrap_or_default(), cls, name)
}

fn make_base(
    vm: &mut Vm,
    registry: &Value,
    cls: Option<Value>,
    name: Option<Value>,
) -> Result<Value, Raise> {
    let name = name.and_then(|name| name.as_str()).unwrap_or_else(|| "Base".into());
    let hooks: Rc<dyn ClassHooks> = Rc::new(DeclarativeHooks { direct: false });
    let metadata = vm.get_attribute(registry, "metadata")?;
    let mut builder = ClassBuilder::new(API, name).hooks(hooks);
    builder = base_class(builder)
        .attribute("registry", registry.clone())
        .attribute("metadata", metadata)
        .attribute("__module__", "sqlalchemy.orm.decl_api".into());
    let bases = match cls {
        Some(Value::Class(class)) => vec![class],
        Some(Value::Tuple(classes)) => {
            classes.iter().filter_map(|class| class.as_class().cloned()).collect()
        }
        _ => Vec::new(),
    };
    for base in &bases {
        builder = builder.base(base);
    }
    Ok(Value::Class(builder.build(vm)))
}

/// `@as_declarative()`
pub(super) fn as_declarative(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    let metadata = match args.take_keyword("metadata").filter(|given| !given.is_none()) {
        Some(metadata) => metadata,
        None => schema::new_metadata(vm)?,
    };
    let registry = registry(metadata, Value::None);
    Ok(Value::closure("decorate", move |vm, args| based_on(vm, &args.at(0), &registry)))
}

/// A declarative base over a class of the script.
fn based_on(vm: &mut Vm, class: &Value, registry: &Value) -> Result<Value, Raise> {
    let name = class.as_class().map(|class| Value::Str(class.name()));
    make_base(vm, registry, Some(class.clone()), name)
}

/// `@registry.mapped`
fn mapped(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    map_plain(vm, &args.at(0), &args.at(1), None)?;
    Ok(args.at(1))
}

/// `@registry.mapped_as_dataclass`, with or without keywords; `@mapped_as_dataclass(registry, …)`.
pub(super) fn mapped_as_dataclass(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let (this, keywords) = (args.at(0), args.keywords.clone());
    if let Some(class) = args.get(1) {
        map_plain(vm, &this, class, Some(&keywords))?;
        return Ok(class.clone());
    }
    Ok(Value::closure("decorate", move |vm, args| {
        let class = args.at(0);
        map_plain(vm, &this, &class, Some(&keywords))?;
        Ok(class)
    }))
}

/// Maps a class that has no base of ours.
///
/// `dataclass` are the keywords of a class that is to be a dataclass.
fn map_plain(
    vm: &mut Vm,
    registry: &Value,
    class: &Value,
    dataclass: Option<&[(Str, Value)]>,
) -> Result<(), Raise> {
    let Some(class) = class.as_class().cloned() else { return Ok(()) };
    let metadata = vm.get_attribute(registry, "metadata")?;
    if class.lookup("registry").is_none() {
        class.set("registry", registry.clone());
    }
    if class.lookup("metadata").is_none() {
        class.set("metadata", metadata);
    }
    if dataclass.is_some() {
        class.set(dataclass::OPTIONS, Value::tuple(Vec::new()));
    }
    declarative::map_class(vm, &class, dataclass.unwrap_or_default())?;
    // What a dataclass was given stays.
    equip(vm, &class);
    Ok(())
}

/// Gives a plain class what the hooks of a base would.
fn equip(vm: &mut Vm, class: &Rc<Class>) {
    let has_init =
        class.mro().any(|level| &*level.module() != "builtins" && level.dict.contains("__init__"));
    if !has_init {
        class.set("__init__", Value::method("__init__", declarative::constructor));
    }
    let base = vm.named_class("sqlalchemy.orm.decl_api.DeclarativeBase");
    for name in ["__dict__", "_sa_instance_state", "__repr__"] {
        let own =
            class.mro().any(|level| &*level.module() != "builtins" && level.dict.contains(name));
        if !own && let Some(found) = base.dict.get(name) {
            class.set(name, found);
        }
    }
}

/// `registry.map_imperatively(User, table, properties={…})`
fn map_imperatively(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    let this = args.at(0);
    let class = args.at(1);
    let table = match args.get(2).cloned() {
        Some(table) => table,
        None => args.take_keyword("local_table").unwrap_or_default(),
    };
    let Some(class) = class.as_class().cloned() else {
        let given = value::full_name(&vm.class_of(&class));
        let given = given.trim_start_matches("builtins.");
        let expected = "Argument 'cls_' is expected to be of type '<class 'type'>'";
        return Err(exc::argument(vm, format!("{expected}, got '<class '{given}'>'")));
    };
    let location = vm.location();
    if mapper_of_class(vm, &class)?.is_some() {
        let class = value::full_name(&class);
        let message = format!("Class '<class '{class}'>' already has a primary mapper defined. ");
        return Err(exc::argument(vm, message));
    }
    let inherits = declarative::parent_of(vm, &class)?;
    if table.is_none() && inherits.is_none() {
        let message = "has None for a primary table argument and does not specify 'inherits'";
        return Err(exc::argument(vm, format!("Mapper[{}(None)] {message}", class.name())));
    }
    let mut spec = MapperSpec {
        class_name: Rc::from(&*class.name()),
        module: Rc::from(&*class.module()),
        table: schema::as_table(&table),
        inherits,
        ..MapperSpec::default()
    };
    let mut composites = Vec::new();
    for (name, given) in args.keywords {
        if &*name == "properties" {
            composites = composites_among(vm, &given)?;
        }
        declarative::mapper_argument(vm, &mut spec, &name, given)?;
    }
    for composite in &composites {
        composite.instruct(&mut spec.properties);
    }
    let table = spec.table.clone();
    class.set("registry", this);
    equip(vm, &class);
    let mapper = with_orm(vm, |orm, _| orm.declare(spec))?;
    for composite in composites {
        composite.install(vm, &class, mapper)?;
    }
    declarative::finish(vm, &class, mapper, table, location)?;
    Ok(super::mapper::object(mapper))
}

/// The composites among the properties of an imperative mapping.
fn composites_among(vm: &mut Vm, properties: &Value) -> Result<Vec<Pending>, Raise> {
    let mut out = Vec::new();
    for (key, given) in value::items(vm, properties)? {
        if let Some(composite) = given.downcast_ref::<CompositeObject>() {
            let key = value::text(vm, &key)?;
            out.push(composite.ready(vm, key)?);
        }
    }
    Ok(out)
}

/// `has_inherited_table(cls)`
pub(super) fn has_inherited_table(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let Some(class) = args.at(0).as_class().cloned() else { return Ok(Value::Bool(false)) };
    let above: Vec<_> = class.mro().skip(1).cloned().collect();
    Ok(Value::Bool(above.iter().any(|level| {
        level.dict.get("__table__").is_some() && mapper_of_class(vm, level).ok().flatten().is_some()
    })))
}

/// `@validates("name", …)`
pub(super) fn validates(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let names = Value::tuple(args.positional.clone());
    let backrefs = args.keywords.iter().find(|(name, _)| &**name == "include_backrefs");
    let _ = (backrefs, &vm);
    Ok(Value::closure("validates", move |vm, args| {
        let function = args.at(0);
        vm.set_attribute(&function, "__sa_validators__", names.clone())?;
        Ok(function)
    }))
}

/// Notes a class in its registry.
pub(super) fn remember(vm: &mut Vm, registry: &Value, class: &Rc<Class>) -> Result<(), Raise> {
    let _ = vm;
    if let Some(object) = registry.downcast_ref::<RegistryObject>() {
        object.classes.borrow_mut().push(Rc::clone(class));
    }
    Ok(())
}

fn declared_attribute(function: Value, cascading: bool) -> Value {
    Value::object(DeclaredAttribute { function, cascading })
}

/// Whether a mixin's attribute is made anew for each subclass of a class that has it.
pub(super) fn cascades(found: &Value) -> bool {
    found.downcast_ref::<DeclaredAttribute>().is_some_and(|declared| declared.cascading)
}

/// The function behind a `declared_attr`.
pub(super) fn declared(found: &Value) -> Option<Value> {
    found.downcast_ref::<DeclaredAttribute>().map(|declared| match &declared.function {
        // A `classmethod` below it is unwrapped by the machine when it is called.
        Value::Object(object) => Value::Object(Rc::clone(object)),
        other => other.clone(),
    })
}

impl Object for RegistryObject {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class("sqlalchemy.orm.decl_api.registry")
    }

    fn get_attribute(self: Rc<Self>, vm: &mut Vm, name: &str) -> Result<Option<Value>, Raise> {
        Ok(match name {
            "metadata" => Some(self.metadata.clone()),
            "type_annotation_map" => Some(self.type_annotation_map.clone()),
            "constructor" => Some(self.constructor.clone().unwrap_or_default()),
            "mappers" => {
                let classes = self.classes.borrow().clone();
                let mut mappers = Vec::with_capacity(classes.len());
                for class in &classes {
                    mappers.extend(mapper_of_class(vm, class)?.map(super::mapper::object));
                }
                Some(vm.new_set(mappers, true)?)
            }
            "_class_registry" => {
                let classes = self.classes.borrow();
                let pairs: Vec<_> =
                    classes.iter().map(|c| (c.name(), Value::Class(Rc::clone(c)))).collect();
                Some(Value::dict(pairs.iter().map(|(name, class)| (&**name, class.clone()))))
            }
            _ => None,
        })
    }
}

impl Object for DeclaredAttribute {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class("sqlalchemy.orm.decl_api.declared_attr")
    }

    fn descriptor(&self) -> Descriptor {
        Descriptor::Get
    }

    fn descriptor_get(
        self: Rc<Self>,
        vm: &mut Vm,
        _: Option<&Value>,
        owner: &Rc<Class>,
    ) -> Result<Value, Raise> {
        vm.call(&self.function, [Value::Class(Rc::clone(owner))])
    }
}
