//! Mapping: declarative classes, their attributes and collections, mappers and registries.

mod annotation;
mod attribute;
mod bundle;
mod collection;
mod column;
mod comparator;
mod composite;
mod dataclass;
mod declarative;
mod entity;
mod instance;
pub(crate) mod mapper;
mod registry;
mod relationship;
mod resolver;
mod typed;
mod write_only;

use std::rc::Rc;

use vidro_orm::load::EntityId;
use vidro_orm::mapping::Property;
use vidro_orm::{MapperId, mapping as orm_mapping};
use vidro_python::{Args, Class, Raise, Str, Value, Vm};
use vidro_sql::expr::Expr;
use vidro_sql::from::FromClause;
use vidro_sql::schema::{Column, Table};

use crate::world::{World, with_orm};
use crate::{events, expression, ext, schema};

pub(crate) use attribute::AttributeObject;
pub(crate) use bundle::{BundleObject, Bundled, gather as gather_bundles};
pub(crate) use column::PropertyObject;
pub(crate) use composite::{CompositeAttribute, Shape, composite_of};
pub(crate) use entity::{AliasObject, entity_of, mappers};
pub(crate) use instance::{adopt, try_entity, unmapped as unmapped_instance};
pub(crate) use mapper::{history, inspect, state_of};
pub(crate) use registry::BASES;
pub(crate) use resolver::resolve;
pub(crate) use typed::typed_columns;

type Call = fn(&mut Vm, Args) -> Result<Value, Raise>;

/// Functions of `sqlalchemy.orm` that belong to mapping.
pub(crate) const FUNCTIONS: &[(&str, Call)] = &[
    ("mapped_column", column::mapped_column),
    ("column_property", column::column_property),
    ("deferred", column::deferred),
    ("query_expression", column::query_expression),
    ("composite", composite::composite),
    ("synonym", column::synonym),
    ("synonym_for", column::synonym_for),
    ("relationship", relationship::relationship),
    ("dynamic_loader", relationship::dynamic_loader),
    ("backref", relationship::backref),
    ("aliased", entity::aliased),
    ("with_polymorphic", entity::with_polymorphic),
    ("with_parent", comparator::with_parent_condition),
    ("attribute_keyed_dict", |vm, args| keyed(vm, "attribute_keyed_dict", args)),
    ("column_keyed_dict", |vm, args| keyed(vm, "column_keyed_dict", args)),
    ("keyfunc_mapping", |vm, args| keyed(vm, "keyfunc_mapping", args)),
    ("foreign", |_, args| Ok(args.at(0))),
    ("remote", |_, args| Ok(args.at(0))),
    ("declarative_base", registry::declarative_base),
    ("configure_mappers", |vm, _| configure(vm).map(|()| Value::None)),
    ("class_mapper", mapper::class_mapper),
    ("object_mapper", mapper::object_mapper),
    ("mapped_as_dataclass", registry::mapped_as_dataclass),
    ("has_inherited_table", registry::has_inherited_table),
    ("declarative_mixin", |_, args| Ok(args.at(0))),
    ("as_declarative", registry::as_declarative),
    ("clear_mappers", |_, _| Ok(Value::None)),
    ("validates", registry::validates),
    ("reconstructor", reconstructor),
];

/// Makes all classes.
pub(crate) fn define(vm: &mut Vm) {
    column::define(vm);
    relationship::define(vm);
    attribute::define(vm);
    composite::define(vm);
    collection::define(vm);
    write_only::define(vm);
    bundle::define(vm);
    mapper::define(vm);
    entity::define(vm);
    registry::define(vm);
}

/// The mapper of a class, if it is mapped itself.
pub(crate) fn mapper_of_class(vm: &mut Vm, class: &Rc<Class>) -> Result<Option<MapperId>, Raise> {
    let world = World::of(vm)?;
    let models = world.models.borrow();
    Ok(models.iter().rev().find(|model| Rc::ptr_eq(&model.class, class)).map(|m| m.mapper))
}

/// The mapper of a class, mapper object or alias.
pub(crate) fn mapper_of(vm: &mut Vm, given: &Value) -> Result<Option<MapperId>, Raise> {
    match given {
        Value::Class(class) => mapper_of_class(vm, class),
        Value::Object(_) => {
            if let Some(object) = given.downcast_ref::<mapper::MapperObject>() {
                return Ok(Some(object.mapper));
            }
            Ok(given.downcast_ref::<AliasObject>().map(|alias| alias.mapper))
        }
        _ => Ok(None),
    }
}

/// The table of a mapper.
pub(crate) fn local_table(vm: &mut Vm, mapper: MapperId) -> Result<Option<Table>, Raise> {
    let world = World::of(vm)?;
    let table = world.look(|orm| orm.mapping.mapper(mapper).local_table().cloned());
    Ok(table.flatten())
}

/// Builds the relationships that wait, and gives classes the attributes that backrefs made.
pub(crate) fn configure(vm: &mut Vm) -> Result<(), Raise> {
    let world = World::of(vm)?;
    if world.look(|orm| orm.mapping.needs_configure()) == Some(true) {
        with_orm(vm, |orm, host| orm_mapping::configure(orm, host))?;
        let models = world.models.borrow().clone();
        for model in models {
            install_attributes(vm, &model.class, model.mapper)?;
        }
    }
    events::on_configured(vm, &world)
}

/// Gives a class an attribute object for each property that has none.
fn install_attributes(vm: &mut Vm, class: &Rc<Class>, mapper: MapperId) -> Result<(), Raise> {
    let world = World::of(vm)?;
    let names = |orm: &vidro_orm::Orm| -> (Vec<Rc<str>>, Vec<Rc<str>>) {
        let mapper = orm.mapping.mapper(mapper);
        let known = mapper.properties.keys().chain(mapper.waiting());
        (known.cloned().collect(), mapper.synonyms.keys().cloned().collect())
    };
    let (known, synonyms) = world.look(names).unwrap_or_default();
    let is_attribute = |found: &Value| found.downcast_ref::<AttributeObject>().is_some();
    for key in known {
        if !class.dict.get(&key).as_ref().is_some_and(is_attribute) {
            class.set(&key, Value::object(AttributeObject::of_class(mapper, &key)));
        }
    }
    for key in synonyms {
        if class.dict.get(&key).as_ref().is_some_and(is_attribute) {
            continue;
        }
        let descriptor = column::descriptor_of(vm, class, &key)?;
        let attribute = AttributeObject::of_class(mapper, &key);
        class.set(&key, Value::object(AttributeObject { descriptor, ..attribute }));
    }
    Ok(())
}

/// The schema column behind a column, a `mapped_column` or a mapped attribute's column.
pub(crate) fn column_behind(given: &Value) -> Option<Column> {
    if let Some(column) = schema::as_column(given) {
        return Some(column);
    }
    given.downcast_ref::<PropertyObject>().and_then(|property| property.column.clone())
}

/// The expression that an attribute, a `mapped_column` or a mapped class stands for.
pub(crate) fn expression_of(vm: &mut Vm, given: &Value) -> Result<Option<Expr>, Raise> {
    if let Some(attribute) = given.downcast::<AttributeObject>() {
        return attribute.expect_expr(vm).map(Some);
    }
    if let Some(composite) = given.downcast::<CompositeAttribute>() {
        return composite.exprs(vm).map(|exprs| Some(Expr::clause_list(exprs)));
    }
    Ok(given.downcast_ref::<PropertyObject>().map(PropertyObject::expr))
}

/// The FROM object that a mapped class or alias stands for.
pub(crate) fn from_of(vm: &mut Vm, given: &Value) -> Result<Option<FromClause>, Raise> {
    match entity_of(vm, given)? {
        Some(entity) => with_orm(vm, |orm, _| orm.entity_from(entity)).map(Some),
        None => Ok(None),
    }
}

/// The column of an attribute of a mapper.
pub(crate) fn column_of_attribute(
    vm: &mut Vm,
    mapper: MapperId,
    name: &str,
) -> Result<Option<Column>, Raise> {
    let world = World::of(vm)?;
    let found = world.look(|orm| {
        let mapper = orm.mapping.mapper(mapper);
        match mapper.property(name)? {
            Property::Column(index) => mapper.column(index).ok()?.column().cloned(),
            Property::Relationship(_) => None,
        }
    });
    Ok(found.flatten())
}

/// Expressions of all column attributes of a mapper.
pub(crate) fn column_expressions(vm: &mut Vm, mapper: MapperId) -> Result<Vec<Expr>, Raise> {
    with_orm(vm, |orm, _| {
        let count = orm.mapping.mapper(mapper).columns.len();
        let indexes = (0..count).filter_map(|index| u16::try_from(index).ok());
        indexes.map(|index| orm.attribute_expr(EntityId::of(mapper), index)).collect()
    })
}

/// One entry of `returning_column_descriptions`.
pub(crate) fn column_description(
    vm: &mut Vm,
    given: &Value,
    expr: Option<Expr>,
) -> Result<Value, Raise> {
    let world = World::of(vm)?;
    if let Some(bundle) = given.downcast_ref::<BundleObject>() {
        let class = vm.named_class("sqlalchemy.orm.util.Bundle");
        return Ok(Value::dict([
            ("name", Value::from(&*bundle.name)),
            ("type", Value::Class(class)),
            ("aliased", Value::Bool(false)),
            ("expr", given.clone()),
            ("entity", Value::None),
        ]));
    }
    if let Some(composite) = given.downcast_ref::<CompositeAttribute>() {
        return Ok(Value::dict([
            ("name", Value::from(&*composite.key)),
            ("type", composite.shape.class.clone()),
            ("aliased", Value::Bool(false)),
            ("expr", given.clone()),
            ("entity", world.class_of(composite.mapper).map_or(Value::None, Value::Class)),
        ]));
    }
    if let Some(mapper) = mapper_of(vm, given)? {
        let class = world.class_of(mapper).map_or(Value::None, Value::Class);
        let alias = given.downcast::<AliasObject>();
        let aliased = alias.is_some();
        let name = match alias {
            Some(alias) => Some(alias.shown_name(vm)?),
            None => world.look(|orm| Rc::clone(&orm.mapping.mapper(mapper).class_name)),
        };
        return Ok(Value::dict([
            ("name", Value::from(&*name.unwrap_or_else(|| "".into()))),
            ("type", class.clone()),
            ("aliased", Value::Bool(aliased)),
            ("expr", given.clone()),
            ("entity", if aliased { given.clone() } else { class }),
        ]));
    }
    let attribute = given.downcast::<AttributeObject>();
    let expr = match (&attribute, expr) {
        (_, Some(expr)) => expr,
        (_, None) => expression::expect(vm, given)?,
    };
    let name = expr.proxy_key().map_or(Value::None, |name| Value::from(&*name));
    let ty = crate::types::object(vm, &expr.ty());
    let entity = attribute.and_then(|a| world.class_of(a.mapper)).map_or(Value::None, Value::Class);
    Ok(Value::dict([
        ("name", name),
        ("type", ty),
        ("aliased", Value::Bool(false)),
        ("expr", given.clone()),
        ("entity", entity),
    ]))
}

/// `statement.entity_description`
pub(crate) fn entity_description(
    vm: &mut Vm,
    mapper: Option<MapperId>,
    from: &FromClause,
) -> Result<Option<Value>, Raise> {
    let world = World::of(vm)?;
    let table = expression::from_object(vm, from.clone())?;
    Ok(Some(match mapper.and_then(|mapper| world.class_of(mapper)) {
        Some(class) => {
            let name = class.name();
            let class = Value::Class(class);
            Value::dict([
                ("name", Value::Str(name)),
                ("type", class.clone()),
                ("expr", class.clone()),
                ("entity", class),
                ("table", table),
            ])
        }
        None => {
            let name = from.plain_name().map_or(Value::None, |name| Value::from(&*name));
            Value::dict([("name", name), ("table", table)])
        }
    }))
}

/// Lets attributes tell the script what is set: validators and listeners are asked from now on.
pub(crate) fn listen(vm: &mut Vm, target: &Value, active_history: bool) -> Result<(), Raise> {
    let Some(attribute) = target.downcast::<AttributeObject>() else { return Ok(()) };
    with_orm(vm, |orm, _| orm.listen_to(attribute.mapper, &attribute.key, active_history))
}

/// Whether this is `inspect(User)` or `User.__mapper__`.
pub(crate) fn is_mapper(given: &Value) -> bool {
    given.downcast_ref::<mapper::MapperObject>().is_some()
}

/// `@reconstructor`: the method runs when objects are loaded.
fn reconstructor(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let function = args.at(0);
    vm.set_attribute(&function, RECONSTRUCTOR, Value::Bool(true))?;
    World::of(vm)?.listeners.reconstruct();
    with_orm(vm, |orm, _| {
        orm.listen_to_instances();
        Ok(())
    })?;
    Ok(function)
}

const RECONSTRUCTOR: &str = "__sa_reconstructor__";

/// Calls the `@reconstructor` of an object that was loaded.
pub(crate) fn reconstruct(vm: &mut Vm, target: &Value) -> Result<(), Raise> {
    let marked = |function: &Value| matches!(function, Value::Function(inner) if inner.dict().contains(RECONSTRUCTOR));
    let class = vm.class_of(target);
    let mut all = class.mro().flat_map(|level| level.dict.names());
    let found = all.find(|(_, function)| marked(function)).map(|(_, function)| function);
    if let Some(function) = found {
        vm.call(&function, [target.clone()])?;
    }
    Ok(())
}

/// A collection class whose members have keys.
fn keyed(vm: &mut Vm, name: &str, args: Args) -> Result<Value, Raise> {
    ext::call(vm, ext::COLLECTIONS, name, args)
}

/// Has the attributes that a class validates reported.
fn listen_for_validators(vm: &mut Vm, class: &Rc<Class>, mapper: MapperId) -> Result<(), Raise> {
    for level in class.mro() {
        for (_, function) in level.dict.names() {
            for name in validated(&function) {
                with_orm(vm, |orm, _| orm.listen_to(mapper, &name, false))?;
            }
        }
    }
    Ok(())
}

/// The names that `@validates` gave to a function.
fn validated(function: &Value) -> Vec<Str> {
    let Value::Function(inner) = function else { return Vec::new() };
    match inner.dict().get("__sa_validators__") {
        Some(Value::Tuple(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The validators of an attribute, bound to an object.
pub(crate) fn validators(vm: &mut Vm, target: &Value, key: &str) -> Vec<Value> {
    let class = vm.class_of(target);
    let mut found = Vec::new();
    for level in class.mro() {
        for (_, function) in level.dict.names() {
            if validated(&function).iter().any(|name| &**name == key) {
                found.push(Value::bound(target.clone(), function.clone()));
            }
        }
    }
    found
}
