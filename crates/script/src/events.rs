//! `sqlalchemy.event`: listeners of engines, sessions, mappers and attributes; validators.

use std::cell::RefCell;
use std::rc::Rc;

use vidro_orm::host::{Moment, RelatedChange};
use vidro_orm::{InstanceId, RelationshipId, SessionId};
use vidro_python::{Args, Raise, Value, Vm};

use crate::engine;
use crate::mapping::{self, AttributeObject};
use crate::world::{World, object, with_orm};
use crate::{exc, session, value};

type Call = fn(&mut Vm, Args) -> Result<Value, Raise>;

/// Functions of `sqlalchemy.event`.
pub(crate) const FUNCTIONS: &[(&str, Call)] =
    &[("listen", listen), ("listens_for", listens_for), ("remove", remove), ("contains", contains)];

/// Functions of `sqlalchemy.orm.attributes`.
pub(crate) const ATTRIBUTES: &[(&str, Call)] = &[
    ("get_history", get_history),
    ("flag_modified", flag_modified),
    ("instance_state", |vm, args| {
        let found = mapping::inspect(vm, &args.at(0))?;
        Ok(found.unwrap_or_default())
    }),
];

/// What a flush tells the listeners of a mapper.
const FLUSH_EVENTS: &[&str] = &[
    "before_insert",
    "after_insert",
    "before_update",
    "after_update",
    "before_delete",
    "after_delete",
];

/// One listener.
#[derive(Clone, Debug)]
struct Listener {
    target: Value,
    name: Rc<str>,
    function: Value,
    /// `retval=True`
    returns: bool,
    /// `propagate=True`
    propagate: bool,
}

/// All listeners of a script.
#[derive(Debug, Default)]
pub(crate) struct Listeners(RefCell<Vec<Listener>>);

pub(crate) fn define(_: &mut Vm) {}

/// `event.listen(target, name, function)`
fn listen(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [target, name, function, returns, propagate, _, _, _, _] = args
        .bind(
            vm,
            "listen(target, identifier, fn, *, retval=, propagate=, once=, insert=, named=, raw=)",
        )
        .map(|[a, b, c, d, e, f, g, h, i]: [Option<Value>; 9]| [a, b, c, d, e, f, g, h, i])?;
    let target = target.unwrap_or_default();
    let name = value::text(vm, &name.unwrap_or_default())?;
    let function = function.unwrap_or_default();
    let returns = value::flag(vm, returns)?;
    let propagate = value::flag(vm, propagate)?;
    add(vm, target, name, function, returns, propagate)?;
    Ok(Value::None)
}

/// `@event.listens_for(target, name)`
fn listens_for(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    let returns = value::flag(vm, args.take_keyword("retval"))?;
    let propagate = value::flag(vm, args.take_keyword("propagate"))?;
    let target = args.at(0);
    let name = value::text(vm, &args.at(1))?;
    Ok(Value::closure("listens_for", move |vm, args| {
        let function = args.at(0);
        add(vm, target.clone(), Rc::clone(&name), function.clone(), returns, propagate)?;
        Ok(function)
    }))
}

fn add(
    vm: &mut Vm,
    target: Value,
    name: Rc<str>,
    function: Value,
    returns: bool,
    propagate: bool,
) -> Result<(), Raise> {
    let world = World::of(vm)?;
    if let Some(listeners) = engine::listeners_of(&world, &target) {
        if engine::listen(&listeners, &name, &function) {
            return Ok(());
        }
        return Err(vm.unsupported(format!("engine event '{name}' is not supported yet")));
    }
    if target.downcast_ref::<AttributeObject>().is_some() || target.as_class().is_some() {
        mapping::listen(vm, &target)?;
    }
    if FLUSH_EVENTS.contains(&&*name) {
        with_orm(vm, |orm, _| {
            orm.mapping.listened = true;
            Ok(())
        })?;
    }
    let listener = Listener { target, name, function, returns, propagate };
    world.listeners.0.borrow_mut().push(listener);
    Ok(())
}

fn remove(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let world = World::of(vm)?;
    let (target, function) = (args.at(0), args.at(2));
    let name = value::text(vm, &args.at(1))?;
    world.listeners.0.borrow_mut().retain(|known| {
        !(known.target.is(&target) && known.name == name && known.function.is(&function))
    });
    Ok(Value::None)
}

fn contains(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let world = World::of(vm)?;
    let (target, function) = (args.at(0), args.at(2));
    let name = value::text(vm, &args.at(1))?;
    let found = world.listeners.0.borrow().iter().any(|known| {
        known.target.is(&target) && known.name == name && known.function.is(&function)
    });
    Ok(Value::Bool(found))
}

/// Listeners of an event whose target fits.
fn fitting(
    vm: &mut Vm,
    name: &str,
    fits: impl Fn(&Listener) -> bool,
) -> Result<Vec<Listener>, Raise> {
    let world = World::of(vm)?;
    let listeners = world.listeners.0.borrow();
    Ok(listeners.iter().filter(|one| &*one.name == name && fits(one)).cloned().collect())
}

/// Validators and `set` listeners of a column attribute.
pub(crate) fn on_set(
    vm: &mut Vm,
    instance: InstanceId,
    column: u16,
    given: vidro_sql::Value,
) -> Result<vidro_sql::Value, Raise> {
    let world = World::of(vm)?;
    let key = world.look(|orm| {
        let mapper = orm.mapping.mapper(orm.instances[instance].mapper());
        mapper.column(column).ok().map(|attribute| Rc::clone(&attribute.key))
    });
    let Some(key) = key.flatten() else { return Ok(given) };
    let old = world.look(|orm| orm.instances[instance].column(column).value().cloned()).flatten();
    let target = object(vm, instance)?;
    let mut current = value::to_python(vm, &given);
    for validator in mapping::validators(vm, &target, &key) {
        current = vm.call(&validator, [Value::from(&*key), current])?;
    }
    let class = vm.class_of(&target);
    let listeners = fitting(vm, "set", |one| listens_to(one, &class, &key))?;
    let old = match old {
        Some(old) => value::to_python(vm, &old),
        None => crate::names::symbol("<LoaderCallableStatus.NO_VALUE: 4>"),
    };
    for one in listeners {
        let args = [target.clone(), current.clone(), old.clone(), Value::None];
        let answer = vm.call(&one.function, args)?;
        if one.returns {
            current = answer;
        }
    }
    value::from_python(vm, &current)
}

/// Whether a listener is for an attribute of a class.
fn listens_to(one: &Listener, class: &Rc<vidro_python::Class>, key: &str) -> bool {
    let Some(attribute) = one.target.downcast_ref::<AttributeObject>() else { return false };
    let _ = one.propagate;
    &*attribute.key == key && class.lookup(key).is_some()
}

/// Validators and listeners of a relationship.
pub(crate) fn on_related(
    vm: &mut Vm,
    instance: InstanceId,
    relationship: RelationshipId,
    change: RelatedChange,
) -> Result<(), Raise> {
    let world = World::of(vm)?;
    let key = world.look(|orm| Rc::clone(&orm.mapping.relationship(relationship).key));
    let Some(key) = key else { return Ok(()) };
    let target = object(vm, instance)?;
    let class = vm.class_of(&target);
    let (name, member) = match change {
        RelatedChange::Append(member) => ("append", Some(member)),
        RelatedChange::Remove(member) => ("remove", Some(member)),
        RelatedChange::Set(member) => ("set", member),
    };
    let listeners = fitting(vm, name, |one| listens_to(one, &class, &key))?;
    let validators =
        if name == "remove" { Vec::new() } else { mapping::validators(vm, &target, &key) };
    if listeners.is_empty() && validators.is_empty() {
        return Ok(());
    }
    let member = match member {
        Some(member) => object(vm, member)?,
        None => Value::None,
    };
    for validator in validators {
        vm.call(&validator, [Value::from(&*key), member.clone()])?;
    }
    for one in listeners {
        let mut args = vec![target.clone(), member.clone()];
        if name == "set" {
            args.push(Value::None);
        }
        args.push(Value::None);
        vm.call(&one.function, args)?;
    }
    Ok(())
}

/// Listeners of a mapper event.
pub(crate) fn on_mapper(vm: &mut Vm, moment: Moment, instance: InstanceId) -> Result<(), Raise> {
    let name = name_of(moment);
    let world = World::of(vm)?;
    if !world.listeners.0.borrow().iter().any(|one| &*one.name == name) {
        return Ok(());
    }
    let target = object(vm, instance)?;
    let class = vm.class_of(&target);
    let fits = |one: &Listener| match &one.target {
        Value::Class(wanted) => {
            let inherited = one.propagate && class.is_subclass(wanted);
            Rc::ptr_eq(wanted, &class) || inherited || &*wanted.name() == "Mapper"
        }
        _ => false,
    };
    for one in fitting(vm, name, fits)? {
        let args = match moment {
            Moment::Load | Moment::Refresh => vec![target.clone(), Value::None],
            _ => {
                let mapper = mapping::inspect(vm, &Value::Class(Rc::clone(&class)))?;
                let connection = session_connection(vm, instance)?;
                vec![mapper.unwrap_or_default(), connection, target.clone()]
            }
        };
        vm.call(&one.function, args)?;
    }
    Ok(())
}

/// The connection of the session that holds an object.
fn session_connection(vm: &mut Vm, instance: InstanceId) -> Result<Value, Raise> {
    let session = session::of_object(vm, instance)?;
    if session.is_none() {
        return Ok(Value::None);
    }
    vm.call_method(&session, "connection", Args::none())
}

/// Listeners of a session event.
pub(crate) fn on_session(vm: &mut Vm, moment: Moment, id: SessionId) -> Result<(), Raise> {
    let name = name_of(moment);
    let world = World::of(vm)?;
    if !world.listeners.0.borrow().iter().any(|one| &*one.name == name) {
        return Ok(());
    }
    let target = session::session_object(vm, id)?;
    let fits = |one: &Listener| match &one.target {
        Value::Class(_) => true,
        other => other.is(&target) || session::session_id(other).is_none(),
    };
    for one in fitting(vm, name, fits)? {
        let mut args = vec![target.clone()];
        match moment {
            Moment::BeforeFlush => args.extend([Value::None, Value::None]),
            Moment::AfterFlush | Moment::AfterFlushPostexec => args.push(Value::None),
            Moment::AfterBegin => args.extend([Value::None, Value::None]),
            _ => {}
        }
        vm.call(&one.function, args)?;
    }
    Ok(())
}

fn name_of(moment: Moment) -> &'static str {
    match moment {
        Moment::BeforeInsert => "before_insert",
        Moment::AfterInsert => "after_insert",
        Moment::BeforeUpdate => "before_update",
        Moment::AfterUpdate => "after_update",
        Moment::BeforeDelete => "before_delete",
        Moment::AfterDelete => "after_delete",
        Moment::Load => "load",
        Moment::Refresh => "refresh",
        Moment::BeforeFlush => "before_flush",
        Moment::AfterFlush => "after_flush",
        Moment::AfterFlushPostexec => "after_flush_postexec",
        Moment::BeforeCommit => "before_commit",
        Moment::AfterCommit => "after_commit",
        Moment::AfterRollback => "after_rollback",
        Moment::AfterBegin => "after_begin",
    }
}

fn get_history(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let key = value::text(vm, &args.at(1))?;
    match mapping::try_entity(vm, &args.at(0))? {
        Some(id) => mapping::history(vm, id, &key),
        None => Err(mapping::unmapped_instance(vm, &args.at(0))),
    }
}

/// `flag_modified(instance, key)`: sets the attribute to what it is.
fn flag_modified(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let key = value::text(vm, &args.at(1))?;
    let Some(id) = mapping::try_entity(vm, &args.at(0))? else {
        return Err(exc::invalid_request(vm, "the object is not mapped"));
    };
    with_orm(vm, |orm, host| {
        let held = match orm.get(host, id, &key)? {
            vidro_orm::Loaded::Value(held) => Some(held.clone()),
            _ => None,
        };
        match (orm.property(id, &key)?, held) {
            (vidro_orm::mapping::Property::Column(column), Some(held)) => {
                orm.delete_column(host, id, column)?;
                orm.set_column(host, id, column, vidro_orm::instance::Slot::Value(held))
            }
            _ => Ok(()),
        }
    })?;
    Ok(Value::None)
}
