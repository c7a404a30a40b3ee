//! `User.name`: a mapped attribute, an expression on the class and a value on an object.

use std::rc::Rc;

use vidro_orm::mapping::Property;
use vidro_orm::{Mapper, MapperId};
use vidro_python::host::Descriptor;
use vidro_python::{
    Args, BinaryOperator, Class, ClassBuilder, Compare, Object, Raise, Str, UnaryOperator, Value, Vm,
};
use vidro_sql::{Column, Expr};

use super::{column_expression, instance, mapper, relationship_of};
use crate::expression::{self, operators};
use crate::{exc, query};

/// An attribute of a mapped class.
#[derive(Debug)]
pub(crate) struct AttributeObject {
    /// The class it is read from.
    pub(crate) class: Rc<str>,
    /// That class's mapper.
    pub(crate) mapper: MapperId,
    /// Its name.
    pub(crate) key: Rc<str>,
    /// Its column, when it is a plain one.
    pub(crate) column: Option<Column>,
    /// `User.posts.and_(…)` and `of_type(…)`: the object that says so.
    pub(crate) refined: Option<Value>,
}

pub(super) fn define(vm: &mut Vm) {
    let operators = vm.named_class("sqlalchemy.sql.operators.ColumnOperators");
    ClassBuilder::new("sqlalchemy.orm.attributes", "QueryableAttribute")
        .base(&operators)
        .methods(query::COMPARATOR_METHODS)
        .build(vm);
    let base = vm.named_class("sqlalchemy.orm.attributes.QueryableAttribute");
    ClassBuilder::new("sqlalchemy.orm.attributes", "InstrumentedAttribute").base(&base).build(vm);
}

impl AttributeObject {
    /// The attribute of a mapper.
    pub(super) fn new(class: &Class, mapper: &Mapper, key: &str) -> Self {
        let column = match mapper.property(key) {
            Some(Property::Column(index)) => {
                mapper.column(index).ok().and_then(|attribute| attribute.column().cloned())
            }
            _ => None,
        };
        Self {
            class: Rc::from(&*class.name()),
            mapper: mapper.id,
            key: key.into(),
            column,
            refined: None,
        }
    }

    /// The expression it stands for: the column, or the condition of the relationship's join.
    pub(crate) fn expression(&self, vm: &mut Vm) -> Result<Expr, Raise> {
        let mapper = mapper(vm, self.mapper)?;
        if let Some(expr) = column_expression(&mapper, &self.key) {
            return Ok(expr);
        }
        match relationship_of(vm, self.mapper, &self.key)? {
            Some(relationship) => {
                let world = crate::world::World::of(vm)?;
                let join = world.look(|orm| orm.mapping.relationship(relationship).primaryjoin.clone());
                join.ok_or_else(|| vm.runtime_error("the session is busy with another operation"))
            }
            None => Err(self.missing(vm)),
        }
    }

    /// Whether it is a relationship.
    pub(crate) fn is_relationship(&self, vm: &mut Vm) -> Result<bool, Raise> {
        Ok(relationship_of(vm, self.mapper, &self.key)?.is_some())
    }

    fn missing(&self, vm: &mut Vm) -> Raise {
        vm.attribute_error(format!("type object '{}' has no attribute '{}'", self.class, self.key))
    }
}

impl Object for AttributeObject {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class("sqlalchemy.orm.attributes.InstrumentedAttribute")
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
            return instance::get_attribute(vm, object, &self.key);
        }
        // An inherited attribute speaks for the class it is read from.
        match super::mapper_of_class(vm, owner) {
            Some(id) if id != self.mapper => {
                let mapper = mapper(vm, id)?;
                Ok(Value::object(Self::new(owner, &mapper, &self.key)))
            }
            _ => Ok(Value::Object(self)),
        }
    }

    fn descriptor_set(
        self: Rc<Self>,
        vm: &mut Vm,
        object: &Value,
        given: Value,
    ) -> Result<(), Raise> {
        instance::set_attribute(vm, object, &self.key, given)
    }

    fn descriptor_delete(self: Rc<Self>, vm: &mut Vm, object: &Value) -> Result<(), Raise> {
        instance::delete_attribute(vm, object, &self.key)
    }

    fn get_attribute(self: Rc<Self>, vm: &mut Vm, name: &str) -> Result<Option<Value>, Raise> {
        match name {
            "key" => return Ok(Some(Value::from(&*self.key))),
            "class_" => {
                let world = crate::world::World::of(vm)?;
                return Ok(world.class_of(self.mapper).map(Value::Class));
            }
            "parent" => return Ok(Some(super::state::mapper_object(self.mapper))),
            "property" | "prop" => {
                return Ok(Some(Value::Object(self)));
            }
            _ => {}
        }
        if self.is_relationship(vm)? {
            return query::relationship_attribute(vm, &self, name);
        }
        let expr = self.expression(vm)?;
        if let Some(found) = expression::attribute(vm, &expr, name)? {
            return Ok(Some(found));
        }
        let message = format!(
            "Neither 'InstrumentedAttribute' object nor 'Comparator' object associated with \
             {}.{} has an attribute '{name}'",
            self.class, self.key
        );
        Err(vm.attribute_error(message))
    }

    fn binary(
        self: Rc<Self>,
        vm: &mut Vm,
        operator: BinaryOperator,
        other: &Value,
        reflected: bool,
    ) -> Result<Value, Raise> {
        if self.is_relationship(vm)? {
            return Ok(Value::NotImplemented);
        }
        let expr = self.expression(vm)?;
        operators::binary(vm, &expr, operator, other, reflected)
    }

    fn unary(self: Rc<Self>, vm: &mut Vm, operator: UnaryOperator) -> Result<Value, Raise> {
        let expr = self.expression(vm)?;
        operators::unary(vm, &expr, operator)
    }

    fn compare(self: Rc<Self>, vm: &mut Vm, by: Compare, other: &Value) -> Result<Value, Raise> {
        if self.is_relationship(vm)? {
            return query::compare_relationship(vm, &self, by, other);
        }
        let expr = self.expression(vm)?;
        operators::compare(vm, &expr, by, other)
    }

    fn get_item(self: Rc<Self>, vm: &mut Vm, key: &Value) -> Result<Value, Raise> {
        let expr = self.expression(vm)?;
        operators::get_item(vm, &expr, key)
    }

    fn call(self: Rc<Self>, vm: &mut Vm, _: Args) -> Result<Value, Raise> {
        Err(vm.type_error("'InstrumentedAttribute' object is not callable"))
    }

    fn truth(&self, vm: &mut Vm) -> Result<Option<bool>, Raise> {
        Err(exc::raise(vm, "TypeError", "Boolean value of this clause is not defined"))
    }

    fn str(&self, _: &mut Vm) -> Result<Str, Raise> {
        Ok(format!("{}.{}", self.class, self.key).into())
    }
}
