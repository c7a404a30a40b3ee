//! Collections that are never loaded whole: `WriteOnlyMapped[…]` and `DynamicMapped[…]`.

use std::rc::Rc;

use vidro_orm::load::with_parent;
use vidro_orm::mapping::{Lazy, Relationship};
use vidro_orm::{InstanceId, RelationshipId};
use vidro_python::{Args, Class, ClassBuilder, Object, Raise, Value, Vm, iterator};
use vidro_sql::expr::Expr;

use super::instance;
use crate::expression::{self, SelectObject};
use crate::world::{self, World, with_orm};
use crate::{exc, session};

/// The collection of an object: changes wait for the flush, rows are asked for by statements.
#[derive(Debug)]
pub(super) struct UnloadedObject {
    owner: Value,
    id: InstanceId,
    relationship: RelationshipId,
    /// `lazy="dynamic"`: the collection is a query as well.
    dynamic: bool,
}

type Call = fn(&mut Vm, Args) -> Result<Value, Raise>;

const CHANGES: &[(&str, Call)] = &[
    ("add", |vm, args| each(vm, &args, true, false)),
    ("add_all", |vm, args| each(vm, &args, true, true)),
    ("remove", |vm, args| each(vm, &args, false, false)),
];

const STATEMENTS: &[(&str, Call)] = &[
    ("select", |vm, args| {
        let this = args.this::<UnloadedObject>(vm)?;
        this.select(vm)
    }),
    ("insert", insert),
    ("update", |vm, args| restricted(vm, &args, "update")),
    ("delete", |vm, args| restricted(vm, &args, "delete")),
];

const DYNAMIC: &[(&str, Call)] = &[
    ("append", |vm, args| each(vm, &args, true, false)),
    ("extend", |vm, args| each(vm, &args, true, true)),
];

pub(super) fn define(vm: &mut Vm) {
    ClassBuilder::new("sqlalchemy.orm.writeonly", "WriteOnlyCollection")
        .methods(CHANGES)
        .methods(STATEMENTS)
        .build(vm);
    ClassBuilder::new("sqlalchemy.orm.dynamic", "AppenderQuery")
        .methods(CHANGES)
        .methods(DYNAMIC)
        .build(vm);
}

/// The collection of an attribute, if it is one that is never loaded.
pub(super) fn collection(vm: &mut Vm, owner: &Value, id: InstanceId, key: &str) -> Option<Value> {
    let relationship = unloaded(vm, id, key)?;
    let dynamic = relationship.lazy == Lazy::Dynamic;
    let relationship = relationship.id;
    Some(Value::object(UnloadedObject { owner: owner.clone(), id, relationship, dynamic }))
}

fn unloaded(vm: &mut Vm, id: InstanceId, key: &str) -> Option<Rc<Relationship>> {
    let found = World::of(vm).ok()?.look(|orm| {
        let mapper = orm.mapping.mapper(orm.instances.get(id)?.mapper());
        match mapper.property(key)? {
            vidro_orm::mapping::Property::Relationship(id) => Some(orm.mapping.relationship(id)),
            vidro_orm::mapping::Property::Column(_) => None,
        }
    });
    found.flatten().filter(|found| matches!(found.lazy, Lazy::WriteOnly | Lazy::Dynamic))
}

/// Refuses to replace the collection of an object that has a row.
pub(super) fn refuse_replacement(vm: &mut Vm, id: InstanceId, key: &str) -> Result<(), Raise> {
    let Some(relationship) = unloaded(vm, id, key) else { return Ok(()) };
    let has_row = World::of(vm)?.look(|orm| orm.instances[id].key().is_some()).unwrap_or(false);
    if !has_row || relationship.lazy == Lazy::Dynamic {
        return Ok(());
    }
    let shown = World::of(vm)?.look(|orm| orm.mapping.relationship_str(&relationship));
    let shown = shown.unwrap_or_default();
    Err(exc::invalid_request(
        vm,
        format!(
            "Collection \"{shown}\" does not support implicit iteration; collection replacement \
             operations can't be used"
        ),
    ))
}

/// Adds or removes members.
fn each(vm: &mut Vm, args: &Args, adds: bool, many: bool) -> Result<Value, Raise> {
    let this = args.this::<UnloadedObject>(vm)?;
    let given = args.at(1);
    let given = if many { vm.collect(&given)? } else { vec![given] };
    let (id, relationship) = (this.id, this.relationship);
    for member in given {
        let member = instance::target(vm, &this.owner, "", &member)?;
        with_orm(vm, |orm, host| {
            if adds {
                orm.append(host, id, relationship, member)
            } else {
                orm.remove(host, id, relationship, member)
            }
        })?;
    }
    Ok(Value::None)
}

/// `insert(Target)` with the foreign key of the owner.
fn insert(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = args.this::<UnloadedObject>(vm)?;
    let relationship = this.relationship(vm)?;
    if relationship.secondary.is_some() {
        return Err(exc::invalid_request(
            vm,
            "Write only bulk INSERT construct not supported for relationships that use a \
             secondary table",
        ));
    }
    let target = this.target(vm)?;
    let statement = expression::insert(vm, Args::from([target]))?;
    let mut values = Vec::new();
    for pair in &relationship.synchronize_pairs {
        let source = pair.source_attribute;
        let id = this.id;
        let found = with_orm(vm, |orm, host| {
            Ok(match orm.get_column(host, id, source)? {
                vidro_orm::Loaded::Value(found) => found.clone(),
                _ => vidro_sql::Value::Null,
            })
        })?;
        values.push((pair.dest.key(), crate::value::to_python(vm, &found)));
    }
    let values = Value::dict(values.iter().map(|(key, given)| (&**key, given.clone())));
    vm.call_method(&statement, "values", [values])
}

/// `update(Target)` and `delete(Target)` of the collection's rows.
fn restricted(vm: &mut Vm, args: &Args, name: &str) -> Result<Value, Raise> {
    let this = args.this::<UnloadedObject>(vm)?;
    let target = Args::from([this.target(vm)?]);
    let statement = match name {
        "update" => expression::update(vm, target)?,
        _ => expression::delete(vm, target)?,
    };
    let condition = this.condition(vm)?;
    let condition = expression::object(vm, condition);
    vm.call_method(&statement, "where", [condition])
}

impl UnloadedObject {
    fn relationship(&self, vm: &mut Vm) -> Result<Rc<Relationship>, Raise> {
        with_orm(vm, |orm, _| Ok(orm.mapping.relationship(self.relationship)))
    }

    /// The class of the members.
    fn target(&self, vm: &mut Vm) -> Result<Value, Raise> {
        let target = self.relationship(vm)?.target;
        Ok(World::of(vm)?.class_of(target).map_or(Value::None, Value::Class))
    }

    /// What makes a row a member.
    fn condition(&self, vm: &mut Vm) -> Result<Expr, Raise> {
        let (id, relationship) = (self.id, self.relationship);
        with_orm(vm, |orm, host| {
            let relationship = orm.mapping.relationship(relationship);
            with_parent(orm, host, id, &relationship)
        })
    }

    /// `select(Target)` of the members.
    fn select(&self, vm: &mut Vm) -> Result<Value, Raise> {
        let target = self.target(vm)?;
        let select = SelectObject::new(vm, &[target])?;
        self.narrowed(vm, Value::object(select))
    }

    /// A SELECT or query of the target, narrowed to the members and in their order.
    fn narrowed(&self, vm: &mut Vm, select: Value) -> Result<Value, Raise> {
        let condition = self.condition(vm)?;
        let condition = expression::object(vm, condition);
        let mut select = vm.call_method(&select, "where", [condition])?;
        for item in &self.relationship(vm)?.order_by {
            let item = expression::object(vm, item.clone());
            select = vm.call_method(&select, "order_by", [item])?;
        }
        Ok(select)
    }

    /// The query that a dynamic collection is.
    fn query(&self, vm: &mut Vm) -> Result<Value, Raise> {
        let session = session::of_object(vm, self.id)?;
        if session.is_none() {
            let shown = World::of(vm)?.look(|orm| orm.state_str(self.id)).unwrap_or_default();
            return Err(exc::raise(
                vm,
                "DetachedInstanceError",
                format!(
                    "Parent instance {shown} is not bound to a Session, and no contextual session \
                     is established; lazy load operation of attribute cannot proceed"
                ),
            ));
        }
        let target = self.target(vm)?;
        let query = vm.call_method(&session, "query", [target])?;
        self.narrowed(vm, query)
    }
}

impl Object for UnloadedObject {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class(if self.dynamic {
            "sqlalchemy.orm.dynamic.AppenderQuery"
        } else {
            "sqlalchemy.orm.writeonly.WriteOnlyCollection"
        })
    }

    fn get_attribute(self: Rc<Self>, vm: &mut Vm, name: &str) -> Result<Option<Value>, Raise> {
        if !self.dynamic || self.class(vm).lookup(name).is_some() {
            return Ok(None);
        }
        let query = self.query(vm)?;
        vm.try_attribute(&query, name)
    }

    fn get_item(self: Rc<Self>, vm: &mut Vm, key: &Value) -> Result<Value, Raise> {
        let query = self.query(vm)?;
        vm.get_item(&query, key)
    }

    fn iterate(self: Rc<Self>, vm: &mut Vm) -> Result<Option<Value>, Raise> {
        if !self.dynamic {
            return Err(vm.type_error(
                "WriteOnly collections don't support iteration in-place; to query for collection \
                 items, use the select() method to produce a SQL statement and execute it with \
                 session.scalars().",
            ));
        }
        if !session::of_object(vm, self.id)?.is_none() {
            let query = self.query(vm)?;
            return vm.collect(&query).map(|items| Some(iterator(items)));
        }
        let (id, relationship) = (self.id, self.relationship);
        let ids = with_orm(vm, |orm, host| {
            Ok(match orm.get_related(host, id, relationship)? {
                vidro_orm::Loaded::Many(ids) => ids.to_vec(),
                _ => Vec::new(),
            })
        })?;
        let mut members = Vec::with_capacity(ids.len());
        for id in ids {
            members.push(world::object(vm, id)?);
        }
        Ok(Some(iterator(members)))
    }
}
