//! `user.posts`: a list that belongs to an object; every change goes through the ORM.

use std::rc::Rc;

use vidro_orm::{InstanceId, RelationshipId};
use vidro_python::host::iterator;
use vidro_python::{
    Args, BinaryOperator, Class, ClassBuilder, Compare, Object, Raise, Str, Value, Vm,
};

use super::instance;
use crate::ext;
use crate::world::{self, World, with_orm};

/// The collection of an object. It holds the object, as a list held by it would be held.
#[derive(Debug)]
pub(crate) struct CollectionObject {
    owner: Value,
    id: InstanceId,
    relationship: RelationshipId,
}

type Method = fn(&mut Vm, Args) -> Result<Value, Raise>;

const METHODS: &[(&str, Method)] = &[
    ("append", append),
    ("extend", extend),
    ("insert", insert),
    ("remove", remove),
    ("pop", pop),
    ("clear", clear),
    ("index", index),
    ("count", count),
    ("copy", copy),
    ("sort", sort),
    ("reverse", reverse),
];

pub(super) fn define(vm: &mut Vm) {
    let list = crate::value::builtin(vm, "list").and_then(|list| list.as_class().cloned());
    let mut builder = ClassBuilder::new("sqlalchemy.orm.collections", "InstrumentedList");
    if let Some(list) = list {
        builder = builder.base(&list);
    }
    builder.methods(METHODS).build(vm);
}

impl CollectionObject {
    pub(super) fn value(owner: &Value, id: InstanceId, relationship: RelationshipId) -> Value {
        Value::object(Self { owner: owner.clone(), id, relationship })
    }

    /// The collection as its class shows it: a list, or what stands over one.
    pub(super) fn shown(
        vm: &mut Vm,
        owner: &Value,
        id: InstanceId,
        relationship: RelationshipId,
    ) -> Result<Value, Raise> {
        let members = Self::value(owner, id, relationship);
        let world = World::of(vm)?;
        let tag = world.look(|orm| orm.mapping.relationship(relationship).tag).unwrap_or(0);
        match world.collection_class(tag) {
            Some(class) => ext::call(vm, ext::COLLECTIONS, "adapt", Args::from([class, members])),
            None => Ok(members),
        }
    }

    /// Ids of the members, loaded if need be.
    fn ids(&self, vm: &mut Vm) -> Result<Vec<InstanceId>, Raise> {
        let (id, relationship) = (self.id, self.relationship);
        with_orm(vm, |orm, host| {
            Ok(match orm.get_related(host, id, relationship)? {
                vidro_orm::Loaded::Many(ids) => ids.to_vec(),
                vidro_orm::Loaded::One(one) => one.into_iter().collect(),
                _ => Vec::new(),
            })
        })
    }

    /// The members.
    pub(crate) fn members(&self, vm: &mut Vm) -> Result<Vec<Value>, Raise> {
        let ids = self.ids(vm)?;
        let mut members = Vec::with_capacity(ids.len());
        for id in ids {
            members.push(world::object(vm, id)?);
        }
        Ok(members)
    }

    fn as_list(&self, vm: &mut Vm) -> Result<Value, Raise> {
        self.members(vm).map(Value::list)
    }

    fn key(&self, vm: &mut Vm) -> Result<Rc<str>, Raise> {
        let relationship = self.relationship;
        let key = World::of(vm)?.look(|orm| Rc::clone(&orm.mapping.relationship(relationship).key));
        Ok(key.unwrap_or_else(|| "".into()))
    }

    fn target(&self, vm: &mut Vm, given: &Value) -> Result<InstanceId, Raise> {
        let key = self.key(vm)?;
        instance::target(vm, &self.owner, &key, given)
    }

    fn replace(&self, vm: &mut Vm, members: &[Value]) -> Result<(), Raise> {
        let mut ids = Vec::with_capacity(members.len());
        for member in members {
            ids.push(self.target(vm, member)?);
        }
        let (id, relationship) = (self.id, self.relationship);
        with_orm(vm, |orm, host| orm.replace(host, id, relationship, &ids))
    }

    fn position(&self, vm: &mut Vm, given: &Value, message: &str) -> Result<usize, Raise> {
        let length = self.ids(vm)?.len();
        let at = vm.index(given)?;
        let at = if at < 0 { at + i64::try_from(length).unwrap_or(i64::MAX) } else { at };
        match usize::try_from(at) {
            Ok(at) if at < length => Ok(at),
            _ => Err(vm.index_error(message.to_owned())),
        }
    }
}

/// `owner.collection = members`
pub(super) fn assign(
    vm: &mut Vm,
    owner: &Value,
    id: InstanceId,
    relationship: RelationshipId,
    key: &str,
    given: &Value,
) -> Result<(), Raise> {
    if given.is_none() || !vm.is_iterable(given) || given.as_str().is_some() {
        let class = vm.class_of(given).name();
        let class = if given.is_none() { "None".into() } else { class };
        return Err(
            vm.type_error(format!("Incompatible collection type: {class} is not list-like"))
        );
    }
    let items = match given {
        Value::Dict(dict) => dict.items().into_iter().map(|(_, item)| item).collect(),
        other => vm.collect(other)?,
    };
    let mut members = Vec::with_capacity(items.len());
    for item in &items {
        members.push(instance::target(vm, owner, key, item)?);
    }
    with_orm(vm, |orm, host| orm.replace(host, id, relationship, &members))
}

fn this(vm: &mut Vm, args: &Args) -> Result<Rc<CollectionObject>, Raise> {
    args.this::<CollectionObject>(vm)
}

fn append(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = this(vm, &args)?;
    let member = this.target(vm, &args.at(1))?;
    let (id, relationship) = (this.id, this.relationship);
    with_orm(vm, |orm, host| orm.append(host, id, relationship, member))?;
    Ok(Value::None)
}

fn extend(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = this(vm, &args)?;
    let (id, relationship) = (this.id, this.relationship);
    for member in vm.collect(&args.at(1))? {
        let member = this.target(vm, &member)?;
        with_orm(vm, |orm, host| orm.append(host, id, relationship, member))?;
    }
    Ok(Value::None)
}

fn insert(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = this(vm, &args)?;
    let length = i64::try_from(this.ids(vm)?.len()).unwrap_or(i64::MAX);
    let at = vm.index(&args.at(1))?;
    let at = if at < 0 { (at + length).max(0) } else { at.min(length) };
    let member = this.target(vm, &args.at(2))?;
    let (id, relationship) = (this.id, this.relationship);
    let at = usize::try_from(at).unwrap_or(0);
    with_orm(vm, |orm, host| orm.insert(host, id, relationship, at, member))?;
    Ok(Value::None)
}

fn remove(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = this(vm, &args)?;
    let member = this.target(vm, &args.at(1))?;
    let (id, relationship) = (this.id, this.relationship);
    with_orm(vm, |orm, host| orm.remove(host, id, relationship, member))?;
    Ok(Value::None)
}

fn remove_at(vm: &mut Vm, this: &CollectionObject, at: usize) -> Result<Value, Raise> {
    let (id, relationship) = (this.id, this.relationship);
    let member = with_orm(vm, |orm, host| orm.remove_at(host, id, relationship, at))?;
    world::object(vm, member)
}

fn pop(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = this(vm, &args)?;
    let given = args.get(1).cloned().unwrap_or(Value::Int(-1));
    if this.ids(vm)?.is_empty() {
        return Err(vm.index_error("pop from empty list"));
    }
    let at = this.position(vm, &given, "pop index out of range")?;
    remove_at(vm, &this, at)
}

fn clear(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = this(vm, &args)?;
    for _ in 0..this.ids(vm)?.len() {
        remove_at(vm, &this, 0)?;
    }
    Ok(Value::None)
}

/// A method of the plain list of members.
fn on_list(vm: &mut Vm, mut args: Args, name: &'static str) -> Result<Value, Raise> {
    let this = this(vm, &args)?;
    args.positional.remove(0);
    let list = this.as_list(vm)?;
    let method = vm.get_attribute(&list, name)?;
    vm.call(&method, args)
}

fn index(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    on_list(vm, args, "index")
}

fn count(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    on_list(vm, args, "count")
}

fn copy(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    this(vm, &args)?.as_list(vm)
}

/// Order is no history: members stay, only their places change.
fn reorder(vm: &mut Vm, mut args: Args, name: &'static str) -> Result<Value, Raise> {
    let this = this(vm, &args)?;
    args.positional.remove(0);
    let list = this.as_list(vm)?;
    let method = vm.get_attribute(&list, name)?;
    vm.call(&method, args)?;
    let members = vm.collect(&list)?;
    this.replace(vm, &members)?;
    Ok(Value::None)
}

fn sort(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    reorder(vm, args, "sort")
}

fn reverse(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    reorder(vm, args, "reverse")
}

impl Object for CollectionObject {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class("sqlalchemy.orm.collections.InstrumentedList")
    }

    fn length(&self, vm: &mut Vm) -> Result<Option<usize>, Raise> {
        self.ids(vm).map(|ids| Some(ids.len()))
    }

    fn iterate(self: Rc<Self>, vm: &mut Vm) -> Result<Option<Value>, Raise> {
        self.members(vm).map(|members| Some(iterator(members)))
    }

    fn contains(&self, vm: &mut Vm, item: &Value) -> Result<Option<bool>, Raise> {
        let ids = self.ids(vm)?;
        Ok(Some(world::entity(item).is_some_and(|id| ids.contains(&id))))
    }

    fn get_item(self: Rc<Self>, vm: &mut Vm, key: &Value) -> Result<Value, Raise> {
        if key.as_int().is_some() {
            let at = self.position(vm, key, "list index out of range")?;
            let ids = self.ids(vm)?;
            return match ids.get(at) {
                Some(id) => world::object(vm, *id),
                None => Err(vm.index_error("list index out of range")),
            };
        }
        let list = self.as_list(vm)?;
        vm.get_item(&list, key)
    }

    fn set_item(self: Rc<Self>, vm: &mut Vm, key: &Value, given: Value) -> Result<(), Raise> {
        let list = self.as_list(vm)?;
        vm.set_item(&list, key, given)?;
        let members = vm.collect(&list)?;
        self.replace(vm, &members)
    }

    fn delete_item(self: Rc<Self>, vm: &mut Vm, key: &Value) -> Result<(), Raise> {
        if key.as_int().is_some() {
            let at = self.position(vm, key, "list assignment index out of range")?;
            remove_at(vm, &self, at)?;
            return Ok(());
        }
        let list = self.as_list(vm)?;
        vm.delete_item(&list, key)?;
        let members = vm.collect(&list)?;
        self.replace(vm, &members)
    }

    fn binary(
        self: Rc<Self>,
        vm: &mut Vm,
        operator: BinaryOperator,
        other: &Value,
        reflected: bool,
    ) -> Result<Value, Raise> {
        let own = self.as_list(vm)?;
        let other = match other.downcast_ref::<Self>() {
            Some(collection) => collection.as_list(vm)?,
            None => other.clone(),
        };
        if reflected {
            vm.binary(operator, &other, &own)
        } else {
            vm.binary(operator, &own, &other)
        }
    }

    fn compare(self: Rc<Self>, vm: &mut Vm, by: Compare, other: &Value) -> Result<Value, Raise> {
        let own = self.as_list(vm)?;
        let other = match other.downcast_ref::<Self>() {
            Some(collection) => collection.as_list(vm)?,
            None => other.clone(),
        };
        vm.compare(by, &own, &other)
    }

    fn repr(&self, vm: &mut Vm) -> Result<Str, Raise> {
        let list = self.as_list(vm)?;
        vm.repr(&list)
    }
}
