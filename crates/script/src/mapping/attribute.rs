//! `User.name`: a mapped attribute, an expression on the class and a value on an object.

use std::rc::Rc;

use vidro_orm::instance::{Loaded, Slot};
use vidro_orm::load::EntityId;
use vidro_orm::mapping::Property;
use vidro_orm::{InstanceId, MapperId, RelationshipId};
use vidro_python::{
    Args, BinaryOperator, Class, ClassBuilder, Compare, Descriptor, Object, Raise, Str,
    UnaryOperator, Value, Vm,
};
use vidro_sql::expr::Expr;

use super::{collection, comparator, instance, write_only};
use crate::expression::{self, operators};
use crate::value;
use crate::world::{World, object, with_orm};

/// An attribute of a mapped class or of an alias of one.
#[derive(Clone, Debug)]
pub(crate) struct AttributeObject {
    /// The class it belongs to.
    pub(crate) mapper: MapperId,
    /// The class, or its alias.
    pub(crate) entity: EntityId,
    /// Its name.
    pub(crate) key: Rc<str>,
    /// `User.posts.of_type(Special)`
    pub(crate) of_type: Option<EntityId>,
    /// `User.posts.and_(condition)`
    pub(crate) criteria: Vec<Expr>,
    /// The property that instances use in its place, of a synonym.
    pub(crate) descriptor: Option<Value>,
}

pub(super) fn define(vm: &mut Vm) {
    let operators = vm.named_class("sqlalchemy.sql.operators.ColumnOperators");
    let base = ClassBuilder::new("sqlalchemy.orm.attributes", "QueryableAttribute")
        .base(&operators)
        .methods(comparator::METHODS)
        .method("label", label)
        .method("__clause_element__", clause_element)
        .build(vm);
    ClassBuilder::new("sqlalchemy.orm.attributes", "InstrumentedAttribute").base(&base).build(vm);
}

impl AttributeObject {
    /// The attribute of a class itself.
    pub(crate) fn of_class(mapper: MapperId, key: &str) -> Self {
        Self {
            mapper,
            entity: EntityId::of(mapper),
            key: Rc::from(key),
            of_type: None,
            criteria: Vec::new(),
            descriptor: None,
        }
    }

    /// What it is; relationships are configured first.
    fn property(&self, vm: &mut Vm) -> Result<Option<Property>, Raise> {
        let world = World::of(vm)?;
        let look = |world: &World| {
            world.look(|orm| orm.mapping.mapper(self.mapper).property(&self.key)).flatten()
        };
        if let Some(known) = look(&world) {
            return Ok(Some(known));
        }
        super::configure(vm)?;
        Ok(look(&world))
    }

    /// The relationship it is, if it is one.
    pub(crate) fn relationship(&self, vm: &mut Vm) -> Result<Option<RelationshipId>, Raise> {
        Ok(match self.property(vm)? {
            Some(Property::Relationship(relationship)) => Some(relationship),
            _ => None,
        })
    }

    /// The column expression it is, if it is no relationship.
    pub(crate) fn expr(&self, vm: &mut Vm) -> Result<Option<Expr>, Raise> {
        let Some(Property::Column(column)) = self.property(vm)? else { return Ok(None) };
        with_orm(vm, |orm, _| orm.attribute_expr(self.entity, column)).map(Some)
    }

    /// The column expression; of a relationship its join condition.
    pub(crate) fn expect_expr(&self, vm: &mut Vm) -> Result<Expr, Raise> {
        match self.expr(vm)? {
            Some(expr) => Ok(expr),
            None => comparator::as_condition(vm, self),
        }
    }

    /// The name that rows show it under where it is not that of its column: a synonym's own.
    pub(crate) fn row_key(&self, vm: &mut Vm) -> Result<Option<Rc<str>>, Raise> {
        let own = World::of(vm)?
            .look(|orm| orm.mapping.mapper(self.mapper).synonyms.contains_key(&self.key));
        Ok((own == Some(true)).then(|| Rc::clone(&self.key)))
    }

    /// The name of its class.
    pub(super) fn class_name(&self, vm: &mut Vm) -> Result<Rc<str>, Raise> {
        let world = World::of(vm)?;
        let name = world.look(|orm| Rc::clone(&orm.mapping.mapper(self.mapper).class_name));
        Ok(name.unwrap_or_else(|| "".into()))
    }
}

fn label(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = args.this::<AttributeObject>(vm)?;
    let expr = this.expect_expr(vm)?;
    let made = match args.get(1).or_else(|| args.keywords.first().map(|(_, given)| given)) {
        None | Some(Value::None) => expr.label_anon(),
        Some(name) => expr.label(value::text(vm, name)?),
    };
    Ok(expression::object(vm, made))
}

fn clause_element(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = args.this::<AttributeObject>(vm)?;
    let expr = this.expect_expr(vm)?;
    Ok(expression::object(vm, expr))
}

/// What reading gave, owned.
enum Read {
    Value(vidro_sql::Value),
    Expression(Expr),
    One(InstanceId),
    Many(RelationshipId),
}

/// Reads an attribute of an instance.
fn read(vm: &mut Vm, given: &Value, key: &str) -> Result<Value, Raise> {
    let id = instance::adopt(vm, given)?;
    let world = World::of(vm)?;
    // What is loaded needs no machine.
    let quick = world.look(|orm| {
        let found = orm.instances.get(id)?;
        match orm.mapping.mapper(found.mapper()).property(key)? {
            Property::Column(column) => found.column(column).value().cloned(),
            Property::Relationship(_) => None,
        }
    });
    if let Some(Some(found)) = quick {
        return Ok(value::to_python(vm, &found));
    }
    super::configure(vm)?;
    if let Some(collection) = write_only::collection(vm, given, id, key) {
        return Ok(collection);
    }
    let found = with_orm(vm, |orm, host| {
        let property = orm.property(id, key)?;
        Ok(match (orm.get(host, id, key)?, property) {
            (Loaded::Value(found), _) => Read::Value(found.clone()),
            (Loaded::Expression(expr), _) => Read::Expression((**expr).clone()),
            (Loaded::One(Some(other)), _) => Read::One(other),
            (Loaded::Many(_), Property::Relationship(relationship)) => Read::Many(relationship),
            (Loaded::One(None) | Loaded::Many(_), _) => Read::Value(vidro_sql::Value::Null),
        })
    })?;
    match found {
        Read::Value(found) => Ok(value::to_python(vm, &found)),
        Read::Expression(expr) => Ok(expression::object(vm, expr)),
        Read::One(other) => object(vm, other),
        Read::Many(relationship) => {
            collection::CollectionObject::shown(vm, given, id, relationship)
        }
    }
}

/// Sets an attribute of an instance.
fn write(vm: &mut Vm, instance: &Value, key: &str, given: &Value) -> Result<(), Raise> {
    let id = instance::adopt(vm, instance)?;
    super::configure(vm)?;
    match with_orm(vm, |orm, _| orm.property(id, key))? {
        Property::Column(column) => {
            let slot = match expression::try_expr(vm, given)? {
                Some(expr) => Slot::Expression(Rc::new(expr)),
                None => Slot::Value(value::from_python(vm, given)?),
            };
            with_orm(vm, |orm, host| orm.set_column(host, id, column, slot))
        }
        Property::Relationship(relationship) => {
            let uselist =
                with_orm(vm, |orm, _| Ok(orm.mapping.relationship(relationship).uselist))?;
            if uselist {
                write_only::refuse_replacement(vm, id, key)?;
                return collection::assign(vm, instance, id, relationship, key, given);
            }
            let other = match given {
                Value::None => None,
                other => Some(instance::target(vm, instance, key, other)?),
            };
            with_orm(vm, |orm, host| orm.set_one(host, id, relationship, other))
        }
    }
}

/// `del instance.attribute`
fn delete(vm: &mut Vm, given: &Value, key: &str) -> Result<(), Raise> {
    let id = instance::adopt(vm, given)?;
    super::configure(vm)?;
    match with_orm(vm, |orm, _| orm.property(id, key))? {
        Property::Column(column) => with_orm(vm, |orm, host| orm.delete_column(host, id, column)),
        Property::Relationship(relationship) => with_orm(vm, |orm, host| {
            if orm.mapping.relationship(relationship).uselist {
                orm.replace(host, id, relationship, &[])
            } else {
                orm.set_one(host, id, relationship, None)
            }
        }),
    }
}

/// Calls a function of the property behind a synonym.
fn through<const N: usize>(
    vm: &mut Vm,
    property: &Value,
    function: &str,
    args: [Value; N],
) -> Result<Value, Raise> {
    match vm.try_attribute(property, function)?.filter(|found| !found.is_none()) {
        Some(function) => vm.call(&function, args),
        None => Err(vm.attribute_error("can't set attribute")),
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
        _: &Rc<Class>,
    ) -> Result<Value, Raise> {
        match (object, &self.descriptor) {
            (Some(object), None) => read(vm, object, &self.key),
            (Some(object), Some(property)) => through(vm, property, "fget", [object.clone()]),
            (None, _) => Ok(Value::Object(self)),
        }
    }

    fn descriptor_set(
        self: Rc<Self>,
        vm: &mut Vm,
        object: &Value,
        given: Value,
    ) -> Result<(), Raise> {
        match &self.descriptor {
            None => write(vm, object, &self.key, &given),
            Some(property) => through(vm, property, "fset", [object.clone(), given]).map(drop),
        }
    }

    fn descriptor_delete(self: Rc<Self>, vm: &mut Vm, object: &Value) -> Result<(), Raise> {
        delete(vm, object, &self.key)
    }

    fn get_attribute(self: Rc<Self>, vm: &mut Vm, name: &str) -> Result<Option<Value>, Raise> {
        let world = World::of(vm)?;
        match name {
            "key" => return Ok(Some(Value::from(&*self.key))),
            "class_" => return Ok(world.class_of(self.mapper).map(Value::Class)),
            "parent" => return Ok(Some(super::mapper::object(self.mapper))),
            "property" | "prop" => {
                super::configure(vm)?;
                let meant = |orm: &vidro_orm::Orm| -> Rc<str> {
                    Rc::from(orm.mapping.mapper(self.mapper).meant(&self.key))
                };
                let meant = world.look(meant).unwrap_or_else(|| Rc::clone(&self.key));
                return Ok(Some(super::mapper::property_object(self.mapper, &meant)));
            }
            "info" => return Ok(Some(Value::dict([]))),
            other if other.starts_with("__") => return Ok(None),
            _ => {}
        }
        if let Some(expr) = self.expr(vm)? {
            let column = match expr.schema_column() {
                Some(schema) if self.entity == EntityId::of(self.mapper) => {
                    crate::schema::column_object(vm, &schema.clone())?
                }
                _ => expression::object(vm, expr),
            };
            if matches!(name, "expression" | "comparator") {
                return Ok(Some(column));
            }
            if let Some(found) = vm.try_attribute(&column, name)? {
                return Ok(Some(found));
            }
        } else if matches!(name, "entity" | "mapper")
            && let Some(relationship) = self.relationship(vm)?
        {
            let target = world.look(|orm| orm.mapping.relationship(relationship).target);
            return Ok(target.map(super::mapper::object));
        }
        let class = self.class_name(vm)?;
        let kind = match self.row_key(vm)? {
            Some(_) => "property",
            None => "InstrumentedAttribute",
        };
        Err(vm.attribute_error(format!(
            "Neither '{kind}' object nor 'Comparator' object associated with \
             {class}.{} has an attribute '{name}'",
            self.key
        )))
    }

    fn binary(
        self: Rc<Self>,
        vm: &mut Vm,
        operator: BinaryOperator,
        other: &Value,
        reflected: bool,
    ) -> Result<Value, Raise> {
        let expr = self.expect_expr(vm)?;
        operators::binary(vm, &expr, operator, other, reflected)
    }

    fn unary(self: Rc<Self>, vm: &mut Vm, operator: UnaryOperator) -> Result<Value, Raise> {
        let expr = self.expect_expr(vm)?;
        operators::unary(vm, &expr, operator)
    }

    fn compare(self: Rc<Self>, vm: &mut Vm, by: Compare, other: &Value) -> Result<Value, Raise> {
        match self.expr(vm)? {
            Some(expr) => operators::compare(vm, &expr, by, other),
            None => comparator::compare(vm, &self, by, other),
        }
    }

    fn get_item(self: Rc<Self>, vm: &mut Vm, key: &Value) -> Result<Value, Raise> {
        let expr = self.expect_expr(vm)?;
        operators::get_item(vm, &expr, key)
    }

    fn truth(&self, vm: &mut Vm) -> Result<Option<bool>, Raise> {
        Err(vm.type_error("Boolean value of this clause is not defined"))
    }

    fn str(&self, vm: &mut Vm) -> Result<Str, Raise> {
        let class = self.class_name(vm)?;
        let key = &self.key;
        Ok(if self.entity == EntityId::of(self.mapper) {
            format!("{class}.{key}").into()
        } else {
            format!("aliased({class}).{key}").into()
        })
    }
}
