//! `composite()`: several columns of a mapped class, read and written as one object.

mod comparator;
mod declared;
mod shape;

use std::rc::Rc;

use vidro_orm::instance::Item as HistoryItem;
use vidro_orm::load::EntityId;
use vidro_orm::{InstanceId, MapperId, Orm};
use vidro_python::{Args, Class, ClassBuilder, Compare, Descriptor, Object, Raise, Str, Value, Vm};
use vidro_sql::expr::{Expr, Op, and_};

use super::{AttributeObject, instance};
use crate::expression::{self, operators};
use crate::world::{World, with_orm};
use crate::{exc, value};

pub(super) use declared::{CompositeObject, Part, Pending, composite, part_of};
pub(crate) use shape::Shape;

/// `User.address`, made of several columns.
#[derive(Clone, Debug)]
pub(crate) struct CompositeAttribute {
    /// The class it belongs to.
    pub(super) mapper: MapperId,
    /// The class, or its alias.
    entity: EntityId,
    /// Its name.
    pub(crate) key: Rc<str>,
    /// Which columns, and what they make.
    pub(crate) shape: Rc<Shape>,
}

/// Operators of columns that mean nothing for several.
const UNDEFINED: &[&str] = &[
    "between",
    "contains",
    "endswith",
    "ilike",
    "in_",
    "like",
    "not_in",
    "not_like",
    "startswith",
];

pub(super) fn define(vm: &mut Vm) {
    comparator::define(vm);
    ClassBuilder::new("sqlalchemy.orm.descriptor_props", "CompositeAttribute")
        .method("asc", |vm, args| ordered(vm, &args, &Op::Asc))
        .method("desc", |vm, args| ordered(vm, &args, &Op::Desc))
        .build(vm);
}

/// Gives a class the attribute of a composite, once it is mapped.
pub(super) fn install(class: &Rc<Class>, mapper: MapperId, key: &Rc<str>, shape: Rc<Shape>) {
    let (entity, key) = (EntityId::of(mapper), Rc::clone(key));
    class.set(&Rc::clone(&key), Value::object(CompositeAttribute { mapper, entity, key, shape }));
}

/// The composite of that name of a mapped class or of an alias of it.
pub(crate) fn composite_of(
    vm: &mut Vm,
    entity: EntityId,
    name: &str,
) -> Result<Option<CompositeAttribute>, Raise> {
    let world = World::of(vm)?;
    let Some(mapper) = world.look(|orm| orm.entity_mapper(entity)) else { return Ok(None) };
    let found = world.class_of(mapper).and_then(|class| class.lookup(name));
    let found = found.and_then(|found| found.downcast::<CompositeAttribute>());
    Ok(found.map(|found| CompositeAttribute { mapper, entity, ..(*found).clone() }))
}

impl CompositeAttribute {
    /// The attributes it is made of.
    pub(crate) fn attributes(&self) -> impl Iterator<Item = AttributeObject> {
        let of = |key| AttributeObject {
            entity: self.entity,
            ..AttributeObject::of_class(self.mapper, key)
        };
        self.shape.keys.iter().map(move |key| of(key))
    }

    /// Its columns.
    pub(crate) fn exprs(&self, vm: &mut Vm) -> Result<Vec<Expr>, Raise> {
        self.check(vm)?;
        self.attributes().map(|attribute| attribute.expect_expr(vm)).collect()
    }

    /// Refuses names that are no attributes of the class.
    fn check(&self, vm: &mut Vm) -> Result<(), Raise> {
        let unknown = World::of(vm)?.look(|orm| {
            let mapper = orm.mapping.mapper(self.mapper);
            let key = self.shape.keys.iter().find(|key| !mapper.has_attribute(key))?;
            Some((mapper.describe(), Rc::clone(key)))
        });
        let Some((mapper, key)) = unknown.flatten() else { return Ok(()) };
        let message = format!(
            "Mapper '{mapper}' has no property '{key}'.  If this property was indicated from other \
             mappers or configure events, ensure registry.configure() has been called."
        );
        Err(exc::invalid_request(vm, message))
    }

    /// `User.address`
    pub(crate) fn shown(&self, vm: &mut Vm) -> Result<String, Raise> {
        let class =
            World::of(vm)?.look(|orm| Rc::clone(&orm.mapping.mapper(self.mapper).class_name));
        let class = class.unwrap_or_default();
        Ok(if self.entity == EntityId::of(self.mapper) {
            format!("{class}.{}", self.key)
        } else {
            format!("aliased({class}).{}", self.key)
        })
    }

    /// What an UPDATE or INSERT sets for it: its attributes, each with a value.
    pub(crate) fn assigned(
        &self,
        vm: &mut Vm,
        given: &Value,
    ) -> Result<Vec<(Rc<str>, Value)>, Raise> {
        if !given.is_none() && !self.shape.is_instance(vm, given) {
            let (attribute, given) = (self.shown(vm)?, vm.repr(given)?);
            let message = format!("Can't UPDATE composite attribute {attribute} to {given}");
            return Err(exc::argument(vm, message));
        }
        let values = self.shape.take_apart(vm, given)?;
        Ok(self.shape.keys.iter().cloned().zip(values).collect())
    }

    /// `(added, unchanged, deleted)`
    pub(super) fn history(&self, vm: &mut Vm, id: InstanceId) -> Result<[Value; 3], Raise> {
        let (mut now, mut before, mut changed) = (Vec::new(), Vec::new(), false);
        let object = crate::world::object(vm, id)?;
        for key in &self.shape.keys {
            // Unlike that of a column, it is about what the row holds, so that is loaded.
            vm.get_attribute(&object, key)?;
            let history = with_orm(vm, |orm, host| orm.history(host, id, key))?;
            changed |= !history.added.is_empty() || !history.deleted.is_empty();
            let first = |vm: &mut Vm, items: &[HistoryItem]| match items.first() {
                Some(HistoryItem::Value(found)) => Some(value::to_python(vm, found)),
                _ => None,
            };
            let (added, unchanged) = (first(vm, &history.added), first(vm, &history.unchanged));
            now.push(added.or(unchanged).unwrap_or_default());
            before.push(first(vm, &history.deleted).unwrap_or_default());
        }
        let now = Value::list(vec![self.shape.make(vm, now)?]);
        let none = || Value::tuple(Vec::new());
        if !changed {
            return Ok([none(), now, none()]);
        }
        let before = Value::list(vec![self.shape.make(vm, before)?]);
        Ok([now, none(), before])
    }

    /// Reads it from an instance; the object stays the same until its columns are loaded anew.
    fn read(&self, vm: &mut Vm, object: &Value) -> Result<Value, Raise> {
        let id = instance::adopt(vm, object)?;
        let world = World::of(vm)?;
        let dict = object.as_instance().map(|instance| Rc::clone(instance.dict()));
        let stands = |orm: &Orm| orm.instances.get(id).is_some_and(|found| found.is_derived());
        if world.look(stands) == Some(true) {
            if let Some(held) = dict.as_ref().and_then(|dict| dict.get(&self.key)) {
                return Ok(held);
            }
        } else {
            self.forget_all(vm, object)?;
        }
        self.check(vm)?;
        let mut values = Vec::with_capacity(self.shape.keys.len());
        for key in &self.shape.keys {
            values.push(vm.get_attribute(object, key)?);
        }
        let made = self.shape.make(vm, values)?;
        if let Some(dict) = dict {
            dict.set(&self.key, made.clone());
            world.edit(|orm| orm.instances.mark_derived(id));
        }
        Ok(made)
    }

    /// Forgets what all composites of an object were made of: its columns have changed.
    fn forget_all(&self, vm: &mut Vm, object: &Value) -> Result<(), Raise> {
        let Some(instance) = object.as_instance() else { return Ok(()) };
        let class = vm.class_of(object);
        for (name, _) in instance.dict().names() {
            let found = class.lookup(&name);
            if found.is_some_and(|found| found.downcast_ref::<Self>().is_some()) {
                instance.dict().remove(&name);
            }
        }
        Ok(())
    }

    /// Sets it on an instance, and so its columns.
    fn write(&self, vm: &mut Vm, object: &Value, given: &Value) -> Result<(), Raise> {
        self.check(vm)?;
        let id = instance::adopt(vm, object)?;
        let world = World::of(vm)?;
        let stands = |orm: &Orm| orm.instances.get(id).is_some_and(|found| found.is_derived());
        if world.look(stands) != Some(true) {
            self.forget_all(vm, object)?;
        }
        if let Some(instance) = object.as_instance() {
            instance.set(&self.key, given.clone());
        }
        let values = self.shape.take_apart(vm, given)?;
        for (key, value) in self.shape.keys.iter().zip(values) {
            vm.set_attribute(object, key, value)?;
        }
        world.edit(|orm| orm.instances.mark_derived(id));
        Ok(())
    }

    /// Compares column by column, with AND between them.
    pub(crate) fn compared(&self, vm: &mut Vm, by: Compare, other: &Value) -> Result<Expr, Raise> {
        let values = self.shape.take_apart(vm, other)?;
        let mut parts = Vec::with_capacity(values.len());
        for (column, value) in self.exprs(vm)?.iter().zip(&values) {
            let made = operators::compare(vm, column, by, value)?;
            parts.push(expression::condition(vm, &made)?);
        }
        and_(parts).map_err(|error| exc::from_sql(vm, &error))
    }
}

/// `User.address.desc()`: each of its columns.
fn ordered(vm: &mut Vm, args: &Args, by: &Op) -> Result<Value, Raise> {
    let this = args.this::<CompositeAttribute>(vm)?;
    let exprs = this.exprs(vm)?.iter().map(|expr| expr.modifier(by.clone())).collect();
    Ok(expression::object(vm, Expr::clause_list(exprs)))
}

/// The names in an object's `__dict__` that are composites made of values it no longer has.
pub(super) fn is_stale(class: &Rc<Class>, name: &str, derived: bool) -> bool {
    !derived
        && class
            .lookup(name)
            .is_some_and(|found| found.downcast_ref::<CompositeAttribute>().is_some())
}

impl Object for CompositeAttribute {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class("sqlalchemy.orm.descriptor_props.CompositeAttribute")
    }

    fn descriptor(&self) -> Descriptor {
        Descriptor::GetSet
    }

    fn descriptor_get(
        self: Rc<Self>,
        vm: &mut Vm,
        object: Option<&Value>,
        owner: &Rc<Class>,
    ) -> Result<Value, Raise> {
        if let Some(object) = object {
            return self.read(vm, object);
        }
        // A class below has the same composite of its own columns.
        Ok(match super::mapper_of_class(vm, owner)? {
            Some(mapper) if mapper != self.mapper => {
                let entity = EntityId::of(mapper);
                Value::object(Self { mapper, entity, ..(*self).clone() })
            }
            _ => Value::Object(self),
        })
    }

    fn descriptor_set(
        self: Rc<Self>,
        vm: &mut Vm,
        object: &Value,
        given: Value,
    ) -> Result<(), Raise> {
        self.write(vm, object, &given)
    }

    fn descriptor_delete(self: Rc<Self>, vm: &mut Vm, object: &Value) -> Result<(), Raise> {
        self.write(vm, object, &Value::None)?;
        if let Some(instance) = object.as_instance() {
            instance.dict().remove(&self.key);
        }
        Ok(())
    }

    fn compare(self: Rc<Self>, vm: &mut Vm, by: Compare, other: &Value) -> Result<Value, Raise> {
        if let Some(comparator) = comparator::of(vm, &self)? {
            return vm.compare(by, &comparator, other);
        }
        let made = self.compared(vm, by, other)?;
        Ok(expression::object(vm, made))
    }

    fn get_attribute(self: Rc<Self>, vm: &mut Vm, name: &str) -> Result<Option<Value>, Raise> {
        Ok(match name {
            "key" => Some(Value::from(&*self.key)),
            "parent" => Some(super::mapper::object(self.mapper)),
            "class_" => World::of(vm)?.class_of(self.mapper).map(Value::Class),
            "property" | "prop" => Some(super::mapper::property_object(self.mapper, &self.key)),
            other if other.starts_with("__") || matches!(other, "asc" | "desc") => None,
            other if UNDEFINED.contains(&other) => {
                let operator = format!("<function {}_op at 0x0>", other.trim_end_matches('_'));
                Some(Value::closure("operate", move |vm, _| {
                    Err(exc::raise(vm, "NotImplementedError", operator.clone()))
                }))
            }
            other => {
                if let Some(comparator) = comparator::of(vm, &self)?
                    && let Some(found) = vm.try_attribute(&comparator, other)?
                {
                    return Ok(Some(found));
                }
                let shown = self.shown(vm)?;
                return Err(vm.attribute_error(format!(
                    "Neither 'property' object nor 'Comparator' object associated with {shown} \
                     has an attribute '{other}'"
                )));
            }
        })
    }

    fn truth(&self, vm: &mut Vm) -> Result<Option<bool>, Raise> {
        Err(vm.type_error("Boolean value of this clause is not defined"))
    }

    fn hash(&self, _: &mut Vm) -> Result<u64, Raise> {
        Ok(u64::try_from(Rc::as_ptr(&self.shape).addr()).unwrap_or(0))
    }

    fn str(&self, vm: &mut Vm) -> Result<Str, Raise> {
        self.shown(vm).map(Str::from)
    }
}
