//! `composite(…)` in a class body or among the properties of an imperative mapping.

use std::rc::Rc;

use vidro_orm::MapperId;
use vidro_orm::mapping::{ColumnSpec as AttributeSpec, PropertySpec};
use vidro_python::{Args, Class, Object, Raise, Str, Value, Vm};
use vidro_sql::schema::Column;

use super::shape::{NoneOn, Shape, fields};
use crate::exc;
use crate::mapping::column::{FieldOptions, PropertyObject, field_options};
use crate::mapping::{AttributeObject, column_behind};
use crate::schema;
use crate::value;
use crate::world::World;

/// `composite(Point, "x", "y")` of a class that is not mapped yet.
#[derive(Debug)]
pub(in crate::mapping) struct CompositeObject {
    /// The class or function that makes the objects; without one the annotation tells.
    pub(in crate::mapping) class: Option<Value>,
    /// Its columns as given.
    pub(in crate::mapping) parts: Vec<Value>,
    /// `column_template`: names of columns that are not given.
    template: Option<Str>,
    none_on: NoneOn,
    comparator: Option<Value>,
    /// What it says of its columns.
    options: AttributeSpec,
    /// What dataclass mapping wants to know.
    field: FieldOptions,
}

/// One column of a composite.
#[derive(Clone, Debug)]
pub(in crate::mapping) enum Part {
    /// An attribute by name.
    Name(Rc<str>),
    /// A column, mapped under whatever name.
    Column(Column),
}

/// A composite of a class whose mapper is about to be made.
#[derive(Debug)]
pub(in crate::mapping) struct Pending {
    /// Its name.
    pub(in crate::mapping) key: Rc<str>,
    /// The class or function that makes the objects.
    class: Value,
    /// Its columns.
    pub(in crate::mapping) parts: Vec<Part>,
    none_on: NoneOn,
    comparator: Option<Value>,
    options: AttributeSpec,
}

/// `composite(class_or_attribute, *attributes, …)`
pub(in crate::mapping) fn composite(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    let field = field_options(vm, &mut args)?;
    args.take_keyword("default");
    let group = value::optional_text(vm, args.take_keyword("group"))?;
    let options = AttributeSpec {
        deferred: value::flag(vm, args.take_keyword("deferred"))?,
        deferred_group: group,
        active_history: value::flag(vm, args.take_keyword("active_history"))?,
        ..AttributeSpec::default()
    };
    let none_on = match args.take_keyword("return_none_on") {
        None => NoneOn::Unset,
        Some(Value::None) => NoneOn::Never,
        Some(function) => NoneOn::Given(function),
    };
    let comparator = args.take_keyword("comparator_factory").filter(|given| !given.is_none());
    let template = value::optional_text(vm, args.take_keyword("column_template"))?;
    if let Some(template) = template.as_ref().filter(|template| filled(template, "x").is_none()) {
        let shown = vm.repr(&Value::from(&**template))?;
        let message = "is not a valid template; expected a string containing exactly one '%s' \
                       placeholder";
        return Err(exc::argument(vm, format!("column_template {shown} {message}")));
    }
    let mut parts = args.positional;
    let names_class = parts.first().is_some_and(|first| !is_part(first));
    let class = names_class.then(|| parts.remove(0)).filter(|class| !class.is_none());
    let template = template.map(|template| Str::from(&*template));
    Ok(Value::object(CompositeObject {
        class,
        parts,
        template,
        none_on,
        comparator,
        options,
        field,
    }))
}

/// Whether a value names a column, where a class may stand as well.
fn is_part(given: &Value) -> bool {
    given.as_str().is_some()
        || column_behind(given).is_some()
        || given.downcast_ref::<AttributeObject>().is_some()
}

/// A template with a name in the place of its `%s`, if it has exactly one.
fn filled(template: &str, name: &str) -> Option<String> {
    let (before, after) = template.split_once("%s")?;
    (!before.contains('%') && !after.contains('%')).then(|| format!("{before}{name}{after}"))
}

/// A column of a composite that a dataclass completes: its place, its name there and its annotation.
pub(in crate::mapping) struct Field {
    /// The field.
    pub(in crate::mapping) name: Str,
    /// Its annotation.
    pub(in crate::mapping) annotation: Value,
    /// The column given for it, or what the template names.
    pub(in crate::mapping) given: Option<Value>,
    /// The name the template gives a column that is not given.
    pub(in crate::mapping) named: Option<Rc<str>>,
}

impl CompositeObject {
    /// What dataclass mapping wants to know. A default of `None` is set like any other: an attribute
    /// that is not set would show an object made of nothing.
    pub(in crate::mapping) fn field(&self) -> FieldOptions {
        let mut field = self.field.clone();
        if field.default.as_ref().is_some_and(Value::is_none) {
            field.default = None;
            field.default_factory = Some(Value::function("default", |_, _| Ok(Value::None)));
        }
        field
    }

    /// The class of its objects: its own, else that of the annotation.
    pub(in crate::mapping) fn class_or(
        &self,
        vm: &mut Vm,
        owner: &Rc<Class>,
        name: &str,
        annotated: Option<&Value>,
    ) -> Result<Value, Raise> {
        let annotated = annotated.filter(|given| !given.is_none());
        match self.class.as_ref().or(annotated) {
            Some(class) => Ok(class.clone()),
            None => {
                let owner = owner.name();
                let message = format!(
                    "Python typing annotation is required for attribute \"{owner}.{name}\" when \
                     primary argument(s) for \"Composite\" construct are None or not present"
                );
                Err(exc::argument(vm, message))
            }
        }
    }

    /// Its columns beside the fields of a dataclass; none for another class, whose columns are named.
    pub(in crate::mapping) fn fields(
        &self,
        vm: &mut Vm,
        class: &Value,
    ) -> Result<Option<Vec<Field>>, Raise> {
        let found = match class.as_class() {
            Some(class) => fields(vm, class)?,
            None => None,
        };
        let Some(found) = found else { return self.refuse_unnamed(vm).map(|()| None) };
        if self.parts.len() > found.len() {
            let (given, wanted) = (self.parts.len(), found.len());
            let class = class.as_class().map(|class| class.name()).unwrap_or_default();
            let message = format!(
                "number of composite attributes {given} exceeds that of the number of attributes \
                 in class {class} {wanted}"
            );
            return Err(exc::argument(vm, message));
        }
        let mut out = Vec::with_capacity(found.len());
        for (index, (name, annotation)) in found.into_iter().enumerate() {
            let template = self.template.as_ref();
            let named = template.and_then(|template| filled(template, &name)).map(Rc::from);
            let given = self.parts.get(index).cloned();
            out.push(Field { name, annotation, given, named });
        }
        Ok(Some(out))
    }

    fn refuse_unnamed(&self, vm: &mut Vm) -> Result<(), Raise> {
        if self.template.is_some() {
            let message = "column_template is only supported when composite_class is a dataclass";
            return Err(exc::argument(vm, message));
        }
        let unnamed = |given| column_behind(given).is_some_and(|c| c.name_opt().is_none());
        if self.parts.iter().any(unnamed) {
            let message =
                "Composite class column arguments must be named unless a dataclass is used";
            return Err(exc::argument(vm, message));
        }
        Ok(())
    }

    /// The composite of an attribute whose columns are known.
    ///
    /// `optional` is whether `None` is among the types of its annotation.
    pub(in crate::mapping) fn pending(
        &self,
        key: Rc<str>,
        class: Value,
        parts: Vec<Part>,
        optional: bool,
    ) -> Pending {
        let none_on = match &self.none_on {
            NoneOn::Unset if optional && self.class.is_none() => NoneOn::All,
            given => given.clone(),
        };
        let (comparator, options) = (self.comparator.clone(), self.options.clone());
        Pending { key, class, parts, none_on, comparator, options }
    }

    /// The composite of an imperative mapping, whose columns are all there.
    pub(in crate::mapping) fn ready(&self, vm: &mut Vm, key: Rc<str>) -> Result<Pending, Raise> {
        let class = self.class.clone().unwrap_or_default();
        let mut parts = Vec::with_capacity(self.parts.len());
        for given in &self.parts {
            parts.push(part_of(vm, given)?);
        }
        Ok(self.pending(key, class, parts, false))
    }
}

/// A part that is a name, a column or an attribute.
pub(in crate::mapping) fn part_of(vm: &mut Vm, given: &Value) -> Result<Part, Raise> {
    if let Some(name) = given.as_str() {
        return Ok(Part::Name(Rc::from(&*name)));
    }
    if let Some(attribute) = given.downcast_ref::<AttributeObject>() {
        return Ok(Part::Name(Rc::clone(&attribute.key)));
    }
    let column = match given.downcast_ref::<PropertyObject>() {
        Some(property) => property.column.clone(),
        None => schema::as_column(given),
    };
    match column {
        Some(column) => Ok(Part::Column(column)),
        None => {
            let shown = vm.repr(given)?;
            let message = format!(
                "Composite expects Column objects or mapped attributes/attribute names as \
                 arguments, got: {shown}"
            );
            Err(exc::argument(vm, message))
        }
    }
}

impl Pending {
    /// Tells its columns what it was told: to be deferred, to keep the old value.
    pub(in crate::mapping) fn instruct(&self, properties: &mut [(Rc<str>, PropertySpec)]) {
        for (key, property) in properties {
            let PropertySpec::Column(options) = property else { continue };
            let own = self.parts.iter().any(|part| match part {
                Part::Name(name) => name == key,
                Part::Column(column) => {
                    options.column.as_ref().is_some_and(|own| own.ptr_eq(column))
                }
            });
            if own {
                options.deferred |= self.options.deferred;
                options.active_history |= self.options.active_history;
                options.deferred_group.clone_from(&self.options.deferred_group);
            }
        }
    }

    /// Gives the class its attribute, once the mapper knows what its columns are called.
    pub(in crate::mapping) fn install(
        self,
        vm: &mut Vm,
        owner: &Rc<Class>,
        mapper: MapperId,
    ) -> Result<(), Raise> {
        let world = World::of(vm)?;
        let keys = world.look(|orm| {
            let mapper = orm.mapping.mapper(mapper);
            let key = |part: &Part| match part {
                Part::Name(name) => Some(Rc::clone(name)),
                Part::Column(column) => {
                    let attribute = mapper.column(mapper.attribute_of(column)?).ok()?;
                    Some(Rc::clone(&attribute.key))
                }
            };
            self.parts.iter().filter_map(key).collect()
        });
        let keys = keys.unwrap_or_default();
        let (class, none_on, comparator) = (self.class, self.none_on, self.comparator);
        let shape = Shape { class, keys, none_on, comparator };
        super::install(owner, mapper, &self.key, Rc::new(shape));
        Ok(())
    }
}

impl Object for CompositeObject {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class("sqlalchemy.orm.descriptor_props.Composite")
    }
}
