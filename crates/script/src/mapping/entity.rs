//! Mapped classes and their aliases as entities of a query: `aliased(User)`.

use std::rc::Rc;

use vidro_orm::MapperId;
use vidro_orm::load::{Aliasing, EntityId};
use vidro_python::{Args, Class, ClassBuilder, Object, Raise, Str, Value, Vm};

use super::{AttributeObject, mapper_of};
use crate::expression;
use crate::world::{World, with_orm};
use crate::{exc, value};

/// `aliased(User)`
#[derive(Debug)]
pub(crate) struct AliasObject {
    /// The class.
    pub(crate) mapper: MapperId,
    /// The alias.
    pub(crate) entity: EntityId,
    name: Option<Rc<str>>,
}

pub(super) fn define(vm: &mut Vm) {
    ClassBuilder::new("sqlalchemy.orm.util", "AliasedClass").build(vm);
}

/// The entity that a class or alias is.
pub(crate) fn entity_of(vm: &mut Vm, given: &Value) -> Result<Option<EntityId>, Raise> {
    if let Some(alias) = given.downcast_ref::<AliasObject>() {
        return Ok(Some(alias.entity));
    }
    Ok(mapper_of(vm, given)?.map(EntityId::of))
}

/// `aliased(element, alias=None, name=None, flat=False, adapt_on_names=False)`
pub(super) fn aliased(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [element, alias, name, _, by_name] =
        args.bind(vm, "aliased(element, alias=, name=, flat=, adapt_on_names=)")?;
    let element = element.unwrap_or_default();
    super::configure(vm)?;
    let named = name.as_ref().and_then(expression::name);
    let Some(mapper) = mapper_of(vm, &element)? else {
        let Some(from) = expression::try_from_clause(vm, &element)? else {
            return Err(exc::no_inspection(vm, &element));
        };
        return expression::from_object(vm, from.alias(named));
    };
    let from = match alias.filter(|given| !given.is_none()) {
        Some(given) => Some(expression::from_clause(vm, &given)?),
        None => None,
    };
    let shown = named.as_ref().map(|name| Rc::clone(&name.text));
    let by_name = value::flag(vm, by_name)?;
    let entity = with_orm(vm, |orm, _| match from {
        Some(from) if by_name => orm.aliased_by_name(mapper, from),
        from => orm.aliased(mapper, named, from),
    })?;
    Ok(Value::object(AliasObject { mapper, entity, name: shown }))
}

/// `with_polymorphic(base, classes, selectable=None, flat=False, …)`
pub(super) fn with_polymorphic(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [base, classes, _selectable, flat, _on, aliased, inner, _adapt, name] = args.bind(
        vm,
        "with_polymorphic(base, classes, selectable=, flat=, polymorphic_on=, aliased=, innerjoin=, adapt_on_names=, name=)",
    )?;
    super::configure(vm)?;
    let base = base.unwrap_or_default();
    let Some(mapper) = mapper_of(vm, &base)? else {
        let shown = vm.repr(&base)?;
        return Err(exc::argument(vm, format!("Expected mapped class or mapper, got: {shown}")));
    };
    let classes = classes.unwrap_or_default();
    let classes = match classes.as_str() {
        Some(_) => None,
        None => Some(mappers(vm, &classes)?),
    };
    let named = name.as_ref().and_then(expression::name);
    let shown = named.as_ref().map(|name| Rc::clone(&name.text));
    let aliasing = if value::flag(vm, flat)? {
        Aliasing::Flat(named)
    } else if value::flag(vm, aliased)? {
        Aliasing::Subquery(named)
    } else {
        Aliasing::None
    };
    let inner = value::flag(vm, inner)?;
    let entity =
        with_orm(vm, |orm, _| orm.with_polymorphic(mapper, classes.as_deref(), aliasing, inner))?;
    Ok(Value::object(AliasObject { mapper, entity, name: shown }))
}

/// The mappers of a list of classes.
pub(crate) fn mappers(vm: &mut Vm, given: &Value) -> Result<Vec<MapperId>, Raise> {
    let mut found = Vec::new();
    for class in vm.collect(given)? {
        match mapper_of(vm, &class)? {
            Some(mapper) => found.push(mapper),
            None => {
                let shown = vm.repr(&class)?;
                let message = format!("Expected mapped class or mapper, got: {shown}");
                return Err(exc::argument(vm, message));
            }
        }
    }
    Ok(found)
}

impl AliasObject {
    /// The entity of a subclass that `with_polymorphic` selects along: `employee.Manager`.
    fn subclass(&self, vm: &mut Vm, name: &str) -> Result<Option<Value>, Raise> {
        let found = World::of(vm)?.look(|orm| {
            let polymorphic = orm.alias(self.entity)?.polymorphic.as_ref()?;
            let named = |(mapper, _): &&(MapperId, EntityId)| {
                *orm.mapping.mapper(*mapper).class_name == *name
            };
            polymorphic.subclasses.iter().find(named).copied()
        });
        Ok(found.flatten().map(|(mapper, entity)| {
            Value::object(Self { mapper, entity, name: self.name.clone() })
        }))
    }

    /// The name rows show it under.
    pub(crate) fn shown_name(&self, vm: &mut Vm) -> Result<Rc<str>, Raise> {
        if let Some(name) = &self.name {
            return Ok(Rc::clone(name));
        }
        let world = World::of(vm)?;
        let name = world.look(|orm| Rc::clone(&orm.mapping.mapper(self.mapper).class_name));
        Ok(name.unwrap_or_else(|| "".into()))
    }
}

impl Object for AliasObject {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class("sqlalchemy.orm.util.AliasedClass")
    }

    fn get_attribute(self: Rc<Self>, vm: &mut Vm, name: &str) -> Result<Option<Value>, Raise> {
        if let Some(composite) = super::composite_of(vm, self.entity, name)? {
            return Ok(Some(Value::object(composite)));
        }
        let world = World::of(vm)?;
        let mapped = world.look(|orm| orm.mapping.mapper(self.mapper).has_attribute(name));
        if mapped == Some(true) {
            return Ok(Some(Value::object(AttributeObject {
                entity: self.entity,
                ..AttributeObject::of_class(self.mapper, name)
            })));
        }
        if let Some(subclass) = self.subclass(vm, name)? {
            return Ok(Some(subclass));
        }
        // Hybrids and methods of the class work on the alias.
        let Some(class) = world.class_of(self.mapper) else { return Ok(None) };
        let Some(found) = class.lookup(name) else { return Ok(None) };
        match vm.try_attribute(&found, "_expression_on")? {
            Some(method) => vm.call(&method, [Value::Object(self)]).map(Some),
            None => vm.try_attribute(&Value::Class(class), name),
        }
    }

    fn repr(&self, vm: &mut Vm) -> Result<Str, Raise> {
        let mapper = self.mapper;
        let name = World::of(vm)?.look(|orm| Rc::clone(&orm.mapping.mapper(mapper).class_name));
        let name = name.unwrap_or_else(|| "".into());
        Ok(format!("<AliasedClass at 0x7f0000000000; {name}>").into())
    }
}
