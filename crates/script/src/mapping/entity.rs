//! Mapped classes and their aliases as entities of a query: `aliased(User)`.

use std::rc::Rc;

use vidro_orm::MapperId;
use vidro_orm::load::EntityId;
use vidro_python::{Args, Class, ClassBuilder, Object, Raise, Str, Value, Vm};

use super::{AttributeObject, mapper_of};
use crate::expression;
use crate::world::{World, with_orm};

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
    let [element, alias, name, _, _] =
        args.bind(vm, "aliased(element, alias=, name=, flat=, adapt_on_names=)")?;
    let element = element.unwrap_or_default();
    super::configure(vm)?;
    let named = name.as_ref().and_then(expression::name);
    let Some(mapper) = mapper_of(vm, &element)? else {
        let from = expression::from_clause(vm, &element)?;
        return expression::from_object(vm, from.alias(named));
    };
    let from = match alias.filter(|given| !given.is_none()) {
        Some(given) => Some(expression::from_clause(vm, &given)?),
        None => None,
    };
    let shown = named.as_ref().map(|name| Rc::clone(&name.text));
    let entity = with_orm(vm, |orm, _| orm.aliased(mapper, named, from))?;
    Ok(Value::object(AliasObject { mapper, entity, name: shown }))
}

impl AliasObject {
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
        let world = World::of(vm)?;
        let mapped = world.look(|orm| {
            let mapper = orm.mapping.mapper(self.mapper);
            mapper.property(name).is_some() || mapper.waiting().iter().any(|k| **k == *name)
        });
        if mapped == Some(true) {
            return Ok(Some(Value::object(AttributeObject {
                entity: self.entity,
                ..AttributeObject::of_class(self.mapper, name)
            })));
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
        let name = self.shown_name(vm)?;
        Ok(format!("<AliasedClass at 0x7f0000000000; {name}>").into())
    }
}
