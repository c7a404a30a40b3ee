//! Instances of mapped classes: made by the script or by a load, `__dict__` as SQLAlchemy keeps it.

use std::rc::Rc;

use vidro_orm::InstanceId;
use vidro_orm::instance::{Related, Slot};
use vidro_orm::mapping::Property;
use vidro_python::{Args, Instance, Raise, Str, Value, Vm};

use super::mapper_of_class;
use crate::world::{World, entity, object, with_orm};
use crate::{expression, value};

/// Ties a new instance of a mapped class to the arena.
pub(super) fn created(vm: &mut Vm, instance: &Rc<Instance>) -> Result<Option<InstanceId>, Raise> {
    let class = instance.class();
    let mut found = None;
    for level in class.mro().cloned().collect::<Vec<_>>() {
        found = mapper_of_class(vm, &level)?;
        if found.is_some() {
            break;
        }
    }
    let Some(mapper) = found else { return Ok(None) };
    super::configure(vm)?;
    let id = with_orm(vm, |orm, _| Ok(orm.create(mapper)))?;
    let world = World::of(vm)?;
    world.edit(|orm| world.tie(orm, instance, id));
    Ok(Some(id))
}

/// The id of an instance whose class was mapped without a base of ours; it is tied on first use.
pub(super) fn try_adopt(vm: &mut Vm, given: &Value) -> Result<Option<InstanceId>, Raise> {
    match given.as_instance() {
        Some(instance) => {
            let instance = Rc::clone(instance);
            created(vm, &instance)
        }
        None => Ok(None),
    }
}

/// The id of an instance, if its class is mapped.
pub(crate) fn try_entity(vm: &mut Vm, given: &Value) -> Result<Option<InstanceId>, Raise> {
    match entity(given) {
        Some(id) => Ok(Some(id)),
        None => try_adopt(vm, given),
    }
}

/// The id of an instance that must be mapped.
pub(crate) fn adopt(vm: &mut Vm, given: &Value) -> Result<InstanceId, Raise> {
    match try_entity(vm, given)? {
        Some(id) => Ok(id),
        None => {
            let class = vm.class_of(given).name();
            Err(vm
                .attribute_error(format!("'{class}' object has no attribute '_sa_instance_state'")))
        }
    }
}

/// The id of an object that goes into a relationship.
pub(crate) fn target(
    vm: &mut Vm,
    _owner: &Value,
    _key: &str,
    given: &Value,
) -> Result<InstanceId, Raise> {
    adopt(vm, given)
}

/// The error for an object that a session cannot take.
pub(crate) fn unmapped(vm: &mut Vm, given: &Value) -> Raise {
    let message = match given {
        Value::Class(class) => {
            let of_declarative_base = class
                .mro()
                .any(|base| base.full_name() == "sqlalchemy.orm.decl_api.DeclarativeBase");
            let metaclass = match (of_declarative_base, class.lookup("registry").is_some()) {
                (true, _) => "sqlalchemy.orm.decl_api.DeclarativeAttributeIntercept".to_owned(),
                (false, true) => "sqlalchemy.orm.decl_api.DeclarativeMeta".to_owned(),
                (false, false) => crate::value::full_name(&vm.class_of(given)),
            };
            format!(
                "Class '{metaclass}' is not mapped; was a class ({}) supplied where an instance was \
                 required?",
                crate::value::full_name(class)
            )
        }
        _ => {
            let class = vm.class_of(given);
            format!("Class '{}' is not mapped", crate::value::full_name(&class))
        }
    };
    crate::exc::raise(vm, "UnmappedInstanceError", message)
}

/// `instance._sa_instance_state`
pub(super) fn state(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = args.at(0);
    let id = adopt(vm, &this)?;
    Ok(super::mapper::state_object(&this, id))
}

/// `instance.__dict__`: `_sa_instance_state`, then what is loaded, then what is not mapped.
pub(super) fn dict(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = args.at(0);
    let Some(instance) = this.as_instance().cloned() else { return Ok(Value::None) };
    let Some(id) = entity(&this) else { return Ok(Value::Dict(Rc::clone(instance.dict()))) };
    let mut pairs: Vec<(Rc<str>, Value)> =
        vec![("_sa_instance_state".into(), super::mapper::state_object(&this, id))];
    let world = World::of(vm)?;
    let loaded = world.look(|orm| {
        let found = &orm.instances[id];
        let mapper = orm.mapping.mapper(found.mapper());
        let mut loaded = Vec::new();
        for (key, property) in &mapper.properties {
            match property {
                Property::Column(column) => match found.column(*column) {
                    Slot::Value(given) => {
                        loaded.push((Rc::clone(key), Content::Value(given.clone())));
                    }
                    Slot::Expression(expr) => {
                        loaded.push((Rc::clone(key), Content::Expression((**expr).clone())));
                    }
                    _ => {}
                },
                Property::Relationship(relationship) => {
                    let Some(slot) = mapper.slot(*relationship) else { continue };
                    match found.related(slot) {
                        Related::One(other) => {
                            loaded.push((Rc::clone(key), Content::One(*other)));
                        }
                        Related::Many(_) => {
                            loaded.push((Rc::clone(key), Content::Many(*relationship)));
                        }
                        _ => {}
                    }
                }
            }
        }
        loaded
    });
    for (key, content) in loaded.unwrap_or_default() {
        let found = match content {
            Content::Value(given) => value::to_python(vm, &given),
            Content::Expression(expr) => expression::object(vm, expr),
            Content::One(None) => Value::None,
            Content::One(Some(other)) => object(vm, other)?,
            Content::Many(relationship) => {
                super::collection::CollectionObject::shown(vm, &this, id, relationship)?
            }
        };
        pairs.push((key, found));
    }
    let derived = world.look(|orm| orm.instances[id].is_derived()).unwrap_or(false);
    let class = instance.class();
    let mut own = instance.dict().names();
    own.retain(|(name, _)| !super::composite::is_stale(&class, name, derived));
    let pairs = pairs.iter().map(|(key, found)| (&**key, found.clone()));
    Ok(Value::dict(pairs.chain(own.iter().map(|(key, found)| (&**key, found.clone())))))
}

/// What a slot holds, owned.
enum Content {
    Value(vidro_sql::Value),
    Expression(vidro_sql::expr::Expr),
    One(Option<InstanceId>),
    Many(vidro_orm::RelationshipId),
}

/// `repr()` of an instance whose class has none: with the address of its id.
pub(super) fn repr(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = args.at(0);
    let class = vm.class_of(&this);
    let class = match &*class.module() {
        "builtins" => class.qualified_name().to_string(),
        _ => crate::value::full_name(&class),
    };
    let address = match entity(&this) {
        Some(id) => vidro_orm::address(id),
        None => "0x7f0000000000".to_owned(),
    };
    Ok(Value::Str(Str::from(format!("<{class} object at {address}>"))))
}
