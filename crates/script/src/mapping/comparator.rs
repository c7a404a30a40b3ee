//! Relationships inside expressions: `any`, `has`, `contains`, `of_type`, `and_`, `==`.

use std::rc::Rc;

use vidro_orm::RelationshipId;
use vidro_orm::load::{EntityId, with_parent};
use vidro_python::{Args, Compare, Raise, Value, Vm};
use vidro_sql::expr::{Expr, and_};

use super::AttributeObject;
use crate::exc;
use crate::expression::{self, operators};
use crate::world::{World, entity, with_orm};

type Call = fn(&mut Vm, Args) -> Result<Value, Raise>;

/// Methods of attributes that mean something else on relationships.
pub(super) const METHODS: &[(&str, Call)] = &[
    ("any", |vm, args| exists(vm, args, "any")),
    ("has", |vm, args| exists(vm, args, "has")),
    ("contains", contains),
    ("of_type", of_type),
    ("and_", and_criteria),
];

/// The relationship of an attribute, its target entity among it.
struct Related {
    relationship: Rc<vidro_orm::Relationship>,
    target: EntityId,
}

fn related(vm: &mut Vm, this: &AttributeObject) -> Result<Option<Related>, Raise> {
    let Some(id) = this.relationship(vm)? else { return Ok(None) };
    let relationship = with_orm(vm, |orm, _| Ok(orm.mapping.relationship(id)))?;
    let target = this.of_type.unwrap_or(EntityId::of(relationship.target));
    Ok(Some(Related { relationship, target }))
}

/// `User.posts.any(condition)`, `Post.user.has(condition)`
fn exists(vm: &mut Vm, args: Args, name: &str) -> Result<Value, Raise> {
    let this = args.this::<AttributeObject>(vm)?;
    let Some(related) = related(vm, &this)? else {
        let shown = vm.str(&args.at(0))?;
        return Err(exc::raise(vm, "NotImplementedError", format!("{shown}.{name}()")));
    };
    if related.relationship.uselist != (name == "any") {
        let message = if name == "any" {
            "'any()' not implemented for scalar attributes. Use has()."
        } else {
            "'has()' not implemented for collections. Use any()."
        };
        return Err(exc::invalid_request(vm, message));
    }
    let mut conditions = this.criteria.clone();
    for given in args.positional.iter().skip(1).filter(|given| !given.is_none()) {
        conditions.push(expression::condition(vm, given)?);
    }
    for (key, given) in &args.keywords {
        let column = AttributeObject {
            entity: related.target,
            ..AttributeObject::of_class(related.relationship.target, key)
        };
        let column = column.expect_expr(vm)?;
        let given = expression::operand(vm, given)?;
        conditions.push(crate::world::with_sql(vm, || column.eq(given))?);
    }
    let made = exists_expr(vm, &this, &related, &conditions)?;
    Ok(expression::object(vm, made))
}

/// `EXISTS (SELECT 1 FROM target WHERE join AND conditions)`
fn exists_expr(
    vm: &mut Vm,
    this: &AttributeObject,
    related: &Related,
    conditions: &[Expr],
) -> Result<Expr, Raise> {
    with_orm(vm, |orm, _| {
        orm.exists_condition(this.entity, &related.relationship, Some(related.target), conditions)
    })
}

/// `User.posts.contains(post)`; of a column the LIKE of that name.
fn contains(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = args.this::<AttributeObject>(vm)?;
    let Some(related) = related(vm, &this)? else {
        let expr = this.expect_expr(vm)?;
        let mut args = args;
        if let Some(first) = args.positional.first_mut() {
            *first = expression::object(vm, expr);
        }
        let method = operators::METHODS.iter().find(|(name, _)| *name == "contains");
        return match method {
            Some((_, call)) => call(vm, args),
            None => Ok(Value::None),
        };
    };
    if !related.relationship.uselist {
        return Err(exc::invalid_request(
            vm,
            "'contains' not implemented for scalar attributes.  Use ==",
        ));
    }
    let other = args.at(1);
    let Some(id) = entity(&other) else {
        return Err(instance_expected(vm, &this));
    };
    let reverse = related.relationship.clone();
    let made = with_orm(vm, |orm, host| orm.contains_condition(host, &reverse, id))?;
    Ok(expression::object(vm, made))
}

/// The error of a relationship that is compared with something else than an object.
fn instance_expected(vm: &mut Vm, this: &AttributeObject) -> Raise {
    let class = with_orm(vm, |orm, _| Ok(orm.mapping.mapper(this.mapper).class_name.clone()));
    let class = match class {
        Ok(class) => class,
        Err(raise) => return raise,
    };
    exc::argument(
        vm,
        format!(
            "Mapped instance expected for relationship comparison to object.   Classes, queries and \
             other SQL elements are not accepted in this context; for comparison with a subquery, \
             use {class}.{}.has(**criteria).",
            this.key
        ),
    )
}

/// `User.posts.of_type(alias)`
fn of_type(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = args.this::<AttributeObject>(vm)?;
    let given = args.at(1);
    match super::entity_of(vm, &given)? {
        Some(entity) => {
            let made = AttributeObject { of_type: Some(entity), ..(*this).clone() };
            Ok(Value::object(made))
        }
        None => {
            let shown = vm.repr(&given)?;
            Err(exc::argument(vm, format!("a mapped class or alias was expected, got {shown}")))
        }
    }
}

/// `User.posts.and_(condition)`
fn and_criteria(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = args.this::<AttributeObject>(vm)?;
    let mut made = (*this).clone();
    for given in args.positional.iter().skip(1) {
        made.criteria.push(expression::condition(vm, given)?);
    }
    Ok(Value::object(made))
}

/// `Post.user == user`, `Post.user != None`
pub(super) fn compare(
    vm: &mut Vm,
    this: &AttributeObject,
    by: Compare,
    other: &Value,
) -> Result<Value, Raise> {
    let Some(related) = related(vm, this)? else { return Ok(Value::NotImplemented) };
    let negate = match by {
        Compare::Equal => false,
        Compare::NotEqual => true,
        _ => return Err(exc::raise(vm, "NotImplementedError", by.symbol().to_owned())),
    };
    if let Some(other) = other.downcast_ref::<AttributeObject>()
        && (&other.key, other.entity) == (&this.key, this.entity)
    {
        return Ok(Value::Bool(!negate));
    }
    let made = match other {
        Value::None => none_condition(vm, this, &related, negate)?,
        other => {
            if related.relationship.uselist {
                return Err(exc::invalid_request(
                    vm,
                    "Can't compare a collection to an object or collection; use contains() to test for membership.",
                ));
            }
            let Some(id) = entity(other) else {
                return Err(instance_expected(vm, this));
            };
            let relationship = Rc::clone(&related.relationship);
            let owner = this.entity;
            with_orm(vm, |orm, host| {
                if negate {
                    return orm.differs_condition(host, owner, &relationship, id);
                }
                let made = orm.equals_condition(host, &relationship, id)?;
                orm.adapt_to(&made, owner)
            })?
        }
    };
    Ok(expression::object(vm, made))
}

/// `Post.user == None`: the foreign key is NULL, or there is nothing on the other side.
fn none_condition(
    vm: &mut Vm,
    this: &AttributeObject,
    related: &Related,
    negate: bool,
) -> Result<Expr, Raise> {
    let relationship = &related.relationship;
    if relationship.direction == vidro_orm::mapping::Direction::ManyToOne {
        let mut parts = Vec::new();
        for (local, _) in &relationship.local_remote_pairs {
            let column = local.expr();
            let owner = this.entity;
            let column = with_orm(vm, |orm, _| orm.adapt_to(&column, owner))?;
            let part = if negate {
                column.is_not(vidro_sql::Value::Null)
            } else {
                column.is(vidro_sql::Value::Null)
            };
            parts.push(part.map_err(|error| exc::from_sql(vm, &error))?);
        }
        return and_(parts).map_err(|error| exc::from_sql(vm, &error));
    }
    let exists = exists_expr(vm, this, related, &[])?;
    Ok(if negate { exists } else { exists.negate() })
}

/// A relationship where a condition is expected: its join condition.
pub(super) fn as_condition(vm: &mut Vm, this: &AttributeObject) -> Result<Expr, Raise> {
    match related(vm, this)? {
        Some(related) => Ok(related.relationship.primaryjoin.clone()),
        None => {
            let world = World::of(vm)?;
            let class = world.look(|orm| Rc::clone(&orm.mapping.mapper(this.mapper).class_name));
            let class = class.unwrap_or_else(|| "".into());
            Err(vm
                .attribute_error(format!("type object '{class}' has no attribute '{}'", this.key)))
        }
    }
}

/// `with_parent(user, User.posts)`
pub(crate) fn with_parent_condition(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [instance, property, _] = args.bind(vm, "with_parent(instance, prop, from_entity=)")?;
    let instance = instance.unwrap_or_default();
    let property = property.unwrap_or_default();
    let attribute = property.downcast::<AttributeObject>();
    let relationship: Option<RelationshipId> = match &attribute {
        Some(attribute) => attribute.relationship(vm)?,
        None => None,
    };
    let (Some(relationship), Some(id)) = (relationship, entity(&instance)) else {
        return Err(exc::argument(vm, "with_parent() needs an object and a relationship"));
    };
    let made = with_orm(vm, |orm, host| {
        let relationship = orm.mapping.relationship(relationship);
        with_parent(orm, host, id, &relationship)
    })?;
    Ok(expression::object(vm, made))
}
