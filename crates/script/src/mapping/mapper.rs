//! `inspect(User)`, `inspect(user)`: mappers, their properties, and the state of instances.

use std::rc::Rc;

use vidro_orm::instance::State;
use vidro_orm::load::EntityId;
use vidro_orm::mapping::{ColumnAttribute, Property};
use vidro_orm::{InstanceId, MapperId};
use vidro_python::{Args, Class, ClassBuilder, Object, Raise, Str, Value, Vm};

use super::{AttributeObject, mapper_of};
use crate::world::{World, object as entity_object, with_orm};
use crate::{exc, expression, schema, session, value};

const MAPPER: &str = "sqlalchemy.orm.mapper";
const STATE: &str = "sqlalchemy.orm.state";

/// A mapper as Python sees it.
#[derive(Debug)]
pub(crate) struct MapperObject {
    /// Which.
    pub(crate) mapper: MapperId,
}

/// A property of a mapper.
#[derive(Debug)]
struct MapperProperty {
    mapper: MapperId,
    key: Rc<str>,
}

/// `inspect(instance)`
#[derive(Debug)]
pub(crate) struct StateObject {
    /// The instance, unless whoever holds the state must not keep it.
    instance: Option<Value>,
    id: InstanceId,
}

/// `inspect(instance).attrs.name`
#[derive(Debug)]
struct AttributeState {
    id: InstanceId,
    instance: Value,
    key: Rc<str>,
}

/// `(added, unchanged, deleted)`
#[derive(Debug)]
struct HistoryObject {
    parts: [Value; 3],
}

pub(super) fn define(vm: &mut Vm) {
    ClassBuilder::new(MAPPER, "Mapper")
        .method("get_property", get_property)
        .method("has_property", has_property)
        .method("primary_key_from_instance", primary_key_from_instance)
        .method("isa", isa)
        .build(vm);
    for name in ["ColumnProperty", "RelationshipProperty"] {
        ClassBuilder::new("sqlalchemy.orm.interfaces", name).build(vm);
    }
    ClassBuilder::new(STATE, "InstanceState").build(vm);
    ClassBuilder::new(STATE, "AttributeState")
        .method("load_history", |vm, args| vm.get_attribute(&args.at(0), "history"))
        .build(vm);
    ClassBuilder::new("sqlalchemy.orm.attributes", "History")
        .method("has_changes", has_changes)
        .method("empty", |vm, args| {
            let parts = vm.collect(&args.at(0))?;
            let mut empty = true;
            for part in &parts {
                empty &= !vm.truth(part)?;
            }
            Ok(Value::Bool(empty))
        })
        .method("sum", |vm, args| {
            let mut all = Vec::new();
            for part in vm.collect(&args.at(0))? {
                all.extend(vm.collect(&part)?);
            }
            Ok(Value::list(all))
        })
        .build(vm);
}

/// A mapper as a Python object.
pub(crate) fn object(mapper: MapperId) -> Value {
    Value::object(MapperObject { mapper })
}

/// A property of a mapper as a Python object.
pub(crate) fn property_object(mapper: MapperId, key: &str) -> Value {
    Value::object(MapperProperty { mapper, key: Rc::from(key) })
}

/// The state of an instance as a Python object.
pub(crate) fn state_object(instance: &Value, id: InstanceId) -> Value {
    Value::object(StateObject { instance: Some(instance.clone()), id })
}

/// The state of an instance as listeners get it, who do not keep the instance with it.
pub(crate) fn state_of(_: &mut Vm, id: InstanceId) -> Value {
    Value::object(StateObject { instance: None, id })
}

/// `class_mapper(User)`
pub(super) fn class_mapper(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let given = args.at(0);
    match mapper_of(vm, &given)? {
        Some(mapper) => {
            super::configure(vm)?;
            Ok(object(mapper))
        }
        None => {
            let shown = vm.repr(&given)?;
            Err(exc::raise(vm, "UnmappedClassError", format!("Class {shown} is not mapped")))
        }
    }
}

/// `object_mapper(user)`
pub(super) fn object_mapper(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let class = Value::Class(vm.class_of(&args.at(0)));
    class_mapper(vm, Args::from([class]))
}

/// What `inspect` says of a class, an alias or an instance; none for anything else.
pub(crate) fn inspect(vm: &mut Vm, given: &Value) -> Result<Option<Value>, Raise> {
    if given.downcast_ref::<super::AliasObject>().is_some() {
        return Ok(Some(given.clone()));
    }
    if let Some(mapper) = mapper_of(vm, given)? {
        super::configure(vm)?;
        return Ok(Some(object(mapper)));
    }
    if let Some(id) = super::try_entity(vm, given)? {
        return Ok(Some(state_object(given, id)));
    }
    if given.downcast_ref::<AttributeObject>().is_some()
        || given.downcast_ref::<StateObject>().is_some()
        || given.downcast_ref::<MapperObject>().is_some()
    {
        return Ok(Some(given.clone()));
    }
    Ok(None)
}

/// The kinds of attributes that a mapper lists.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Column,
    Relationship,
    Synonym,
    Composite,
}

impl Kind {
    fn of(mapper: &vidro_orm::Mapper, key: &str) -> Self {
        if mapper.synonyms.contains_key(key) {
            return Self::Synonym;
        }
        match mapper.property(key) {
            Some(Property::Column(_)) => Self::Column,
            Some(Property::Relationship(_)) => Self::Relationship,
            None => Self::Composite,
        }
    }
}

fn attributes(vm: &mut Vm, mapper: MapperId) -> Result<Vec<(Rc<str>, Kind)>, Raise> {
    super::configure(vm)?;
    let all = World::of(vm)?.look(|orm| {
        let mapper = orm.mapping.mapper(mapper);
        let names = mapper.names.iter();
        names.map(|key| (Rc::clone(key), Kind::of(mapper, key))).collect()
    });
    Ok(all.unwrap_or_default())
}

fn attributes_of(vm: &mut Vm, mapper: Option<MapperId>) -> Result<Vec<(Rc<str>, Kind)>, Raise> {
    match mapper {
        Some(mapper) => attributes(vm, mapper),
        None => Ok(Vec::new()),
    }
}

fn get_property(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = args.this::<MapperObject>(vm)?;
    let key = value::text(vm, &args.at(1))?;
    if attributes(vm, this.mapper)?.iter().any(|(known, _)| *known == key) {
        return Ok(property_object(this.mapper, &key));
    }
    let world = World::of(vm)?;
    let shown = world.look(|orm| orm.mapping.mapper(this.mapper).describe()).unwrap_or_default();
    Err(exc::invalid_request(vm, format!("Mapper '{shown}' has no property '{key}'.")))
}

fn has_property(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = args.this::<MapperObject>(vm)?;
    let key = value::text(vm, &args.at(1))?;
    Ok(Value::Bool(attributes(vm, this.mapper)?.iter().any(|(known, _)| *known == key)))
}

fn primary_key_from_instance(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = args.this::<MapperObject>(vm)?;
    let world = World::of(vm)?;
    let keys: Vec<Rc<str>> = world
        .look(|orm| {
            let mapper = orm.mapping.mapper(this.mapper);
            let key = |index: &u16| mapper.column(*index).ok().map(|c| Rc::clone(&c.key));
            mapper.primary_key.iter().filter_map(key).collect()
        })
        .unwrap_or_default();
    let mut out = Vec::new();
    for key in keys {
        out.push(vm.get_attribute(&args.at(1), &key)?);
    }
    Ok(Value::list(out))
}

fn isa(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = args.this::<MapperObject>(vm)?;
    let other = args.at(1).downcast::<MapperObject>();
    let world = World::of(vm)?;
    let answer =
        other.and_then(|other| world.look(|orm| orm.mapping.is_a(this.mapper, other.mapper)));
    Ok(Value::Bool(answer.unwrap_or(false)))
}

fn has_changes(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = args.this::<HistoryObject>(vm)?;
    let [added, _, deleted] = &this.parts;
    Ok(Value::Bool(vm.truth(added)? || vm.truth(deleted)?))
}

impl Object for MapperObject {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class("sqlalchemy.orm.mapper.Mapper")
    }

    fn compare(
        self: Rc<Self>,
        _: &mut Vm,
        by: vidro_python::Compare,
        other: &Value,
    ) -> Result<Value, Raise> {
        use vidro_python::Compare;
        let same = other.downcast_ref::<Self>().is_some_and(|other| other.mapper == self.mapper);
        Ok(match by {
            Compare::Equal => Value::Bool(same),
            Compare::NotEqual => Value::Bool(!same),
            _ => Value::NotImplemented,
        })
    }

    fn hash(&self, _: &mut Vm) -> Result<u64, Raise> {
        Ok(u64::from(self.mapper.get()))
    }

    fn repr(&self, vm: &mut Vm) -> Result<Str, Raise> {
        let number = usize::from(self.mapper.get()) * 0x40;
        let class = self.class(vm).full_name();
        let world = World::of(vm)?;
        let name = world.look(|orm| Rc::clone(&orm.mapping.mapper(self.mapper).class_name));
        let name = name.unwrap_or_else(|| "".into());
        Ok(format!("<Mapper at {:#x}; {name}>", 0x7f00_0000_0000_u64 + number as u64)
            .replace(&class, &class)
            .into())
    }

    fn str(&self, vm: &mut Vm) -> Result<Str, Raise> {
        let world = World::of(vm)?;
        let shown = world.look(|orm| orm.mapping.mapper(self.mapper).describe());
        Ok(shown.unwrap_or_default().into())
    }

    fn get_attribute(self: Rc<Self>, vm: &mut Vm, name: &str) -> Result<Option<Value>, Raise> {
        let world = World::of(vm)?;
        let mapper = world.look(|orm| Rc::clone(orm.mapping.mapper(self.mapper)));
        let Some(mapper) = mapper else { return Ok(None) };
        let pick = |vm: &mut Vm, wanted: Option<Kind>| -> Result<Value, Raise> {
            let mut out = Vec::new();
            for (key, kind) in attributes(vm, self.mapper)? {
                if wanted.is_none_or(|wanted| wanted == kind) {
                    let item = property_object(self.mapper, &key);
                    out.push((key, item));
                }
            }
            Ok(expression::collection(out))
        };
        Ok(match name {
            "class_" | "entity" => world.class_of(self.mapper).map(Value::Class),
            "class_manager" | "mapper" => Some(Value::Object(self)),
            "local_table" | "persist_selectable" | "selectable" | "mapped_table" => {
                match mapper.local_table() {
                    Some(table) => Some(schema::table_object(vm, table)?),
                    None => Some(Value::None),
                }
            }
            "tables" => {
                let mut out = Vec::new();
                for mapped in &mapper.tables {
                    out.push(schema::table_object(vm, &mapped.table)?);
                }
                Some(Value::list(out))
            }
            "columns" | "c" => {
                let mut out = Vec::new();
                let kept = |attribute: &&ColumnAttribute| !attribute.is_query_expression();
                for attribute in mapper.columns.iter().filter(kept) {
                    let shown = match (attribute.column(), &attribute.expression) {
                        (Some(column), _) => schema::column_object(vm, column)?,
                        (None, Some(expr)) => expression::object(vm, expr.clone()),
                        (None, None) => continue,
                    };
                    out.push((Rc::clone(&attribute.key), shown));
                }
                Some(expression::collection(out))
            }
            "primary_key" => {
                let mut out = Vec::new();
                for index in &mapper.primary_key {
                    if let Ok(attribute) = mapper.column(*index)
                        && let Some(column) = attribute.column()
                    {
                        out.push(schema::column_object(vm, column)?);
                    }
                }
                Some(Value::tuple(out))
            }
            "attrs" | "all_orm_descriptors" => Some(pick(vm, None)?),
            "column_attrs" => Some(pick(vm, Some(Kind::Column))?),
            "relationships" => Some(pick(vm, Some(Kind::Relationship))?),
            "synonyms" => Some(pick(vm, Some(Kind::Synonym))?),
            "composites" => Some(pick(vm, Some(Kind::Composite))?),
            "inherits" => Some(mapper.inherits.map_or(Value::None, object)),
            "base_mapper" => Some(object(mapper.base)),
            "single" => Some(Value::Bool(mapper.single)),
            "polymorphic_identity" => Some(match &mapper.polymorphic_identity {
                Some(identity) => value::to_python(vm, identity),
                None => Value::None,
            }),
            "polymorphic_on" => Some(match mapper.polymorphic_on {
                Some(index) => match mapper.column(index).ok().and_then(|a| a.column()) {
                    Some(column) => schema::column_object(vm, column)?,
                    None => Value::None,
                },
                None => Value::None,
            }),
            "self_and_descendants" => {
                let all = world.look(|orm| orm.mapping.self_and_descendants(self.mapper));
                Some(Value::list(all.unwrap_or_default().into_iter().map(object).collect()))
            }
            "is_mapper" => Some(Value::Bool(true)),
            "is_aliased_class" => Some(Value::Bool(false)),
            _ => None,
        })
    }
}

impl Object for MapperProperty {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        let world = vm.state::<World>();
        let kind = world.and_then(|world| {
            world.look(|orm| Kind::of(orm.mapping.mapper(self.mapper), &self.key))
        });
        vm.named_class(match kind {
            Some(Kind::Relationship) => "sqlalchemy.orm.interfaces.RelationshipProperty",
            Some(Kind::Synonym) => "sqlalchemy.orm.descriptor_props.Synonym",
            Some(Kind::Composite) => "sqlalchemy.orm.descriptor_props.Composite",
            Some(Kind::Column) | None => "sqlalchemy.orm.interfaces.ColumnProperty",
        })
    }

    fn str(&self, vm: &mut Vm) -> Result<Str, Raise> {
        let world = World::of(vm)?;
        let name = world.look(|orm| Rc::clone(&orm.mapping.mapper(self.mapper).class_name));
        Ok(format!("{}.{}", name.unwrap_or_else(|| "".into()), self.key).into())
    }

    fn get_attribute(self: Rc<Self>, vm: &mut Vm, name: &str) -> Result<Option<Value>, Raise> {
        let world = World::of(vm)?;
        let mapper = world.look(|orm| Rc::clone(orm.mapping.mapper(self.mapper)));
        let Some(mapper) = mapper else { return Ok(None) };
        match name {
            "key" => return Ok(Some(Value::from(&*self.key))),
            "parent" => return Ok(Some(object(self.mapper))),
            "class_attribute" => {
                let attribute = AttributeObject::of_class(self.mapper, &self.key);
                return Ok(Some(Value::object(attribute)));
            }
            _ => {}
        }
        Ok(match mapper.property(&self.key) {
            Some(Property::Column(index)) => {
                let attribute = mapper.column(index).ok();
                let columns = attribute.map(|a| a.columns.clone()).unwrap_or_default();
                match name {
                    "columns" => {
                        let mut out = Vec::new();
                        for column in &columns {
                            out.push(schema::column_object(vm, column)?);
                        }
                        Some(Value::list(out))
                    }
                    "expression" => match columns.first() {
                        Some(column) => Some(schema::column_object(vm, column)?),
                        None => None,
                    },
                    "deferred" => Some(Value::Bool(attribute.is_some_and(|a| a.deferred))),
                    _ => None,
                }
            }
            Some(Property::Relationship(relationship)) => {
                let found = world.look(|orm| orm.mapping.relationship(relationship));
                let Some(found) = found else { return Ok(None) };
                match name {
                    "mapper" | "entity" => Some(object(found.target)),
                    "uselist" => Some(Value::Bool(found.uselist)),
                    "direction" => {
                        let name = found.direction.symbol();
                        Some(crate::names::symbol(name))
                    }
                    "secondary" => match &found.secondary {
                        Some(table) => Some(schema::table_object(vm, table)?),
                        None => Some(Value::None),
                    },
                    "primaryjoin" => Some(expression::object(vm, found.primaryjoin.clone())),
                    "argument" | "target_class" => world.class_of(found.target).map(Value::Class),
                    "back_populates" => Some(match found.back_populates {
                        Some(other) => {
                            let key =
                                world.look(|orm| Rc::clone(&orm.mapping.relationship(other).key));
                            key.map_or(Value::None, |key| Value::from(&*key))
                        }
                        None => Value::None,
                    }),
                    "viewonly" => Some(Value::Bool(found.viewonly)),
                    "local_remote_pairs" => {
                        let mut out = Vec::new();
                        for (local, remote) in &found.local_remote_pairs {
                            let pair = vec![
                                schema::column_object(vm, local)?,
                                schema::column_object(vm, remote)?,
                            ];
                            out.push(Value::tuple(pair));
                        }
                        Some(Value::list(out))
                    }
                    _ => None,
                }
            }
            None => None,
        })
    }
}

impl Object for StateObject {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class("sqlalchemy.orm.state.InstanceState")
    }

    fn compare(
        self: Rc<Self>,
        _: &mut Vm,
        by: vidro_python::Compare,
        other: &Value,
    ) -> Result<Value, Raise> {
        use vidro_python::Compare;
        let same = other.downcast_ref::<Self>().is_some_and(|other| other.id == self.id);
        Ok(match by {
            Compare::Equal => Value::Bool(same),
            Compare::NotEqual => Value::Bool(!same),
            _ => Value::NotImplemented,
        })
    }

    fn hash(&self, _: &mut Vm) -> Result<u64, Raise> {
        Ok(u64::from(self.id.get()))
    }

    fn get_attribute(self: Rc<Self>, vm: &mut Vm, name: &str) -> Result<Option<Value>, Raise> {
        let world = World::of(vm)?;
        let id = self.id;
        if name == "obj" {
            return Ok(Some(Value::closure("obj", move |vm, _| self.instance(vm))));
        }
        let state = world.look(|orm| orm.instances.get(id).map(|found| found.state())).flatten();
        let Some(state) = state else { return Ok(None) };
        let is = |wanted: State| Some(Value::Bool(state == wanted));
        let mapper = world.look(|orm| orm.instances[id].mapper());
        Ok(match name {
            "transient" => is(State::Transient),
            "pending" => is(State::Pending),
            "persistent" => is(State::Persistent),
            "deleted" | "was_deleted" => is(State::Deleted),
            "detached" => is(State::Detached),
            "object" => Some(self.instance(vm)?),
            "mapper" => mapper.map(object),
            "class_" => mapper.and_then(|mapper| world.class_of(mapper)).map(Value::Class),
            "modified" => world.look(|orm| Value::Bool(orm.instances[id].is_modified())),
            "has_identity" => world.look(|orm| Value::Bool(orm.instances[id].key().is_some())),
            "dict" => {
                let instance = self.instance(vm)?;
                Some(vm.get_attribute(&instance, "__dict__")?)
            }
            "identity" => {
                let key = world.look(|orm| orm.instances[id].key().map(|key| key.values()));
                Some(match key.flatten() {
                    Some(values) => Value::tuple(value::all_to_python(vm, &values)),
                    None => Value::None,
                })
            }
            "key" | "identity_key" => {
                let key = world.look(|orm| orm.instances[id].key().map(|key| key.values()));
                let base = mapper.and_then(|m| world.look(|orm| orm.mapping.mapper(m).base));
                Some(match key.flatten() {
                    Some(values) => {
                        let class = base.and_then(|base| world.class_of(base));
                        let values = Value::tuple(value::all_to_python(vm, &values));
                        Value::tuple(vec![
                            class.map_or(Value::None, Value::Class),
                            values,
                            Value::None,
                        ])
                    }
                    None => Value::None,
                })
            }
            "session" => {
                let session = world.look(|orm| orm.instances[id].session()).flatten();
                Some(match session {
                    Some(session) => session::session_object(vm, session)?,
                    None => Value::None,
                })
            }
            "attrs" => Some(self.attributes(vm, mapper)?),
            "unloaded" | "expired_attributes" => Some(self.loaded(vm, mapper, false)?),
            "unmodified" => Some(self.loaded(vm, mapper, true)?),
            "expired" => {
                let expired = world.look(|orm| {
                    let found = &orm.instances[id];
                    let columns = orm.mapping.mapper(found.mapper()).columns.len();
                    (0..columns).any(|index| {
                        let index = u16::try_from(index).unwrap_or(u16::MAX);
                        matches!(found.column(index), vidro_orm::instance::Slot::Expired)
                    })
                });
                Some(Value::Bool(expired.unwrap_or(false)))
            }
            _ => None,
        })
    }
}

impl StateObject {
    /// The instance; none once it is gone.
    fn instance(&self, vm: &mut Vm) -> Result<Value, Raise> {
        let world = World::of(vm)?;
        match &self.instance {
            Some(instance) => Ok(instance.clone()),
            None if world.look(|orm| orm.instances.get(self.id).is_some()) == Some(true) => {
                entity_object(vm, self.id)
            }
            None => Ok(Value::None),
        }
    }

    /// `.attrs`: every attribute with its value and history.
    fn attributes(&self, vm: &mut Vm, mapper: Option<MapperId>) -> Result<Value, Raise> {
        let mut out = Vec::new();
        for (key, _) in attributes_of(vm, mapper)? {
            let instance = self.instance(vm)?;
            let state = AttributeState { id: self.id, instance, key: Rc::clone(&key) };
            out.push((key, Value::object(state)));
        }
        Ok(expression::collection(out))
    }

    /// The names of the attributes that are loaded, or of those that are not.
    fn loaded(&self, vm: &mut Vm, mapper: Option<MapperId>, loaded: bool) -> Result<Value, Raise> {
        let mut keys = attributes_of(vm, mapper)?;
        keys.retain(|(_, kind)| matches!(kind, Kind::Column | Kind::Relationship));
        let instance = self.instance(vm)?;
        let dict = vm.get_attribute(&instance, "__dict__")?;
        let Value::Dict(dict) = &dict else { return vm.new_set(Vec::new(), false) };
        let names = keys.iter().filter(|(key, _)| dict.contains(key) == loaded);
        let names = names.map(|(key, _)| Value::from(&**key)).collect();
        vm.new_set(names, false)
    }
}

impl Object for AttributeState {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class("sqlalchemy.orm.state.AttributeState")
    }

    fn get_attribute(self: Rc<Self>, vm: &mut Vm, name: &str) -> Result<Option<Value>, Raise> {
        Ok(match name {
            "key" => Some(Value::from(&*self.key)),
            "value" => Some(vm.get_attribute(&self.instance, &self.key)?),
            "loaded_value" => {
                let dict = vm.get_attribute(&self.instance, "__dict__")?;
                match dict {
                    Value::Dict(dict) => Some(dict.get(&self.key).unwrap_or_else(|| {
                        crate::names::symbol("<LoaderCallableStatus.NO_VALUE: 4>")
                    })),
                    _ => None,
                }
            }
            "history" => Some(history(vm, self.id, &self.key)?),
            _ => None,
        })
    }
}

/// `attributes.get_history(instance, key)`
pub(crate) fn history(vm: &mut Vm, id: InstanceId, key: &str) -> Result<Value, Raise> {
    use vidro_orm::instance::Item as HistoryItem;
    let mapper = World::of(vm)?.look(|orm| orm.instances.get(id).map(|found| found.mapper()));
    if let Some(mapper) = mapper.flatten()
        && let Some(composite) = super::composite_of(vm, EntityId::of(mapper), key)?
    {
        let parts = composite.history(vm, id)?;
        return Ok(Value::object(HistoryObject { parts }));
    }
    let history = with_orm(vm, |orm, host| orm.history(host, id, key))?;
    let lists = history.compared;
    let part = |vm: &mut Vm, items: Vec<HistoryItem>| -> Result<Value, Raise> {
        let mut out = Vec::new();
        for item in items {
            out.push(match item {
                HistoryItem::Value(found) => value::to_python(vm, &found),
                HistoryItem::Instance(None) => Value::None,
                HistoryItem::Instance(Some(id)) => entity_object(vm, id)?,
                HistoryItem::Expression => Value::None,
            });
        }
        // SQLAlchemy's own empty parts are tuples.
        Ok(if out.is_empty() && !lists { Value::tuple(out) } else { Value::list(out) })
    };
    let parts =
        [part(vm, history.added)?, part(vm, history.unchanged)?, part(vm, history.deleted)?];
    Ok(Value::object(HistoryObject { parts }))
}

impl Object for HistoryObject {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class("sqlalchemy.orm.attributes.History")
    }

    fn get_attribute(self: Rc<Self>, _: &mut Vm, name: &str) -> Result<Option<Value>, Raise> {
        let [added, unchanged, deleted] = &self.parts;
        Ok(match name {
            "added" => Some(added.clone()),
            "unchanged" => Some(unchanged.clone()),
            "deleted" => Some(deleted.clone()),
            _ => None,
        })
    }

    fn iterate(self: Rc<Self>, _: &mut Vm) -> Result<Option<Value>, Raise> {
        Ok(Some(vidro_python::iterator(self.parts.to_vec())))
    }

    fn get_item(self: Rc<Self>, vm: &mut Vm, key: &Value) -> Result<Value, Raise> {
        vm.get_item(&Value::tuple(self.parts.to_vec()), key)
    }

    fn compare(
        self: Rc<Self>,
        vm: &mut Vm,
        by: vidro_python::Compare,
        other: &Value,
    ) -> Result<Value, Raise> {
        let this = Value::tuple(self.parts.to_vec());
        let other = match other.downcast_ref::<Self>() {
            Some(other) => Value::tuple(other.parts.to_vec()),
            None => other.clone(),
        };
        vm.compare(by, &this, &other)
    }

    fn repr(&self, vm: &mut Vm) -> Result<Str, Raise> {
        let [added, unchanged, deleted] = &self.parts;
        let (added, unchanged) = (vm.repr(added)?, vm.repr(unchanged)?);
        let deleted = vm.repr(deleted)?;
        Ok(format!("History(added={added}, unchanged={unchanged}, deleted={deleted})").into())
    }
}
