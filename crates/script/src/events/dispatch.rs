//! Calling the listeners: what each event hands them, and what comes of their answers.

use std::rc::Rc;

use vidro_orm::host::{Moment, RelatedChange};
use vidro_orm::{InstanceId, Notice, RelationshipId, SessionId};
use vidro_python::{Args, Class, Raise, Value, Vm};

use super::{Listener, Listeners};
use crate::mapping::{self, AttributeObject};
use crate::world::{World, entity, object};
use crate::{names, session, value};

const NO_VALUE: &str = "<LoaderCallableStatus.NO_VALUE: 4>";

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
    let old = match old {
        Some(old) => value::to_python(vm, &old),
        None => names::symbol(NO_VALUE),
    };
    for one in of_attribute(&world, "set", &class, &key) {
        let args = vec![one.view(vm, &target), current.clone(), old.clone(), Value::None];
        if let Some(answer) = one.call(vm, args)?.filter(|_| one.options.returns) {
            current = answer;
        }
    }
    value::from_python(vm, &current)
}

/// The listeners of an attribute event of a class.
fn of_attribute(world: &World, name: &str, class: &Rc<Class>, key: &str) -> Vec<Listener> {
    world.listeners.fitting(name, |one| {
        let Some(attribute) = one.target.downcast_ref::<AttributeObject>() else { return false };
        let owner = || world.class_of(attribute.mapper);
        &*attribute.key == key
            && owner().is_some_and(|owner| {
                Rc::ptr_eq(&owner, class) || one.options.propagate && class.is_subclass(&owner)
            })
    })
}

/// Validators and listeners of a relationship; gives back the member to use.
pub(crate) fn on_related(
    vm: &mut Vm,
    instance: InstanceId,
    relationship: RelationshipId,
    change: RelatedChange,
) -> Result<Option<InstanceId>, Raise> {
    let world = World::of(vm)?;
    let key = world.look(|orm| Rc::clone(&orm.mapping.relationship(relationship).key));
    let Some(key) = key else { return Ok(change.member()) };
    let target = object(vm, instance)?;
    let class = vm.class_of(&target);
    let name = match change {
        RelatedChange::Append(_) => "append",
        RelatedChange::Remove(_) => "remove",
        RelatedChange::Set { .. } => "set",
    };
    let listeners = of_attribute(&world, name, &class, &key);
    let validators =
        if name == "remove" { Vec::new() } else { mapping::validators(vm, &target, &key) };
    if listeners.is_empty() && validators.is_empty() {
        return Ok(change.member());
    }
    let mut member = member_object(vm, change.member())?;
    for validator in validators {
        member = vm.call(&validator, [Value::from(&*key), member])?;
    }
    for one in listeners {
        let mut args = vec![one.view(vm, &target), member.clone()];
        if let RelatedChange::Set { old, .. } = change {
            args.push(match old {
                Some(old) => member_object(vm, old)?,
                None => names::symbol(NO_VALUE),
            });
        }
        args.push(Value::None);
        if let Some(answer) = one.call(vm, args)?.filter(|_| one.options.returns) {
            member = answer;
        }
    }
    match member {
        Value::None => Ok(None),
        member => mapping::adopt(vm, &member).map(Some),
    }
}

fn member_object(vm: &mut Vm, member: Option<InstanceId>) -> Result<Value, Raise> {
    match member {
        Some(member) => object(vm, member),
        None => Ok(Value::None),
    }
}

/// Listeners of `flag_modified`.
pub(super) fn on_modified(vm: &mut Vm, target: &Value, key: &str) -> Result<(), Raise> {
    let world = World::of(vm)?;
    if !world.listeners.any("modified") {
        return Ok(());
    }
    let class = vm.class_of(target);
    for one in of_attribute(&world, "modified", &class, key) {
        let args = vec![one.view(vm, target), Value::None];
        one.call(vm, args)?;
    }
    Ok(())
}

/// Listeners of a mapper event of a flush.
pub(crate) fn on_mapper(vm: &mut Vm, moment: Moment, instance: InstanceId) -> Result<(), Raise> {
    let name = name_of(moment);
    let world = World::of(vm)?;
    if !world.listeners.any(name) {
        return Ok(());
    }
    let target = object(vm, instance)?;
    let class = vm.class_of(&target);
    for one in world.listeners.fitting(name, |one| one.fits_class(&class)) {
        let mapper = mapping::inspect(vm, &Value::Class(Rc::clone(&class)))?;
        let connection = session_connection(vm, instance)?;
        let args = vec![mapper.unwrap_or_default(), connection, one.view(vm, &target)];
        one.call(vm, args)?;
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

/// Listeners of what happened to an object: loads, refreshes, expirations, changes of state.
pub(crate) fn on_instance(vm: &mut Vm, notice: &Notice) -> Result<(), Raise> {
    let name = name_of(notice.moment);
    let world = World::of(vm)?;
    let reconstructs = notice.moment == Moment::Load && world.listeners.reconstructs.get();
    if !reconstructs && !world.listeners.any(name) {
        return Ok(());
    }
    let target = object(vm, notice.instance)?;
    if let Moment::Transition(_) = notice.moment {
        let session = match notice.session {
            Some(session) => session::session_object(vm, session)?,
            None => Value::None,
        };
        for one in world.listeners.fitting(name, |one| one.fits_session(&session)) {
            one.call(vm, vec![session.clone(), target.clone()])?;
        }
        return Ok(());
    }
    if reconstructs {
        mapping::reconstruct(vm, &target)?;
    }
    let names = notice.attributes.as_ref();
    let attributes = || match names {
        Some(names) => Value::list(names.iter().map(|name| Value::from(&**name)).collect()),
        None => Value::None,
    };
    let class = vm.class_of(&target);
    for one in world.listeners.fitting(name, |one| one.fits_class(&class)) {
        let mut args = vec![one.view(vm, &target)];
        if notice.moment != Moment::Expire {
            args.push(Value::None);
        }
        if notice.moment != Moment::Load {
            args.push(attributes());
        }
        one.call(vm, args)?;
    }
    Ok(())
}

/// Listeners of `init`, who may change the arguments.
pub(crate) fn on_init(vm: &mut Vm, target: &Value, args: &mut Args) -> Result<(), Raise> {
    let world = World::of(vm)?;
    if !world.listeners.any("init") || entity(target).is_none() {
        return Ok(());
    }
    let class = vm.class_of(target);
    let listeners = world.listeners.fitting("init", |one| one.fits_class(&class));
    if listeners.is_empty() {
        return Ok(());
    }
    let positional = Value::tuple(args.positional.clone());
    let keywords = Value::dict(args.keywords.iter().map(|(name, given)| (&**name, given.clone())));
    for one in listeners {
        let args = vec![one.view(vm, target), positional.clone(), keywords.clone()];
        one.call(vm, args)?;
    }
    if let Value::Dict(keywords) = &keywords {
        args.keywords = keywords.names();
    }
    Ok(())
}

/// Listeners of mappers that were configured since the last time.
pub(crate) fn on_configured(vm: &mut Vm, world: &World) -> Result<(), Raise> {
    let Listeners { configured, .. } = &world.listeners;
    let models = world.models.borrow().len();
    let first = configured.replace(models);
    if first >= models {
        return Ok(());
    }
    for one in world.listeners.fitting("before_configured", |_| true) {
        one.call(vm, Vec::new())?;
    }
    if world.listeners.any("mapper_configured") {
        let new: Vec<_> = world.models.borrow().iter().skip(first).cloned().collect();
        for model in new {
            let fits = |one: &Listener| one.fits_class(&model.class);
            for one in world.listeners.fitting("mapper_configured", fits) {
                let mapper = mapping::mapper::object(model.mapper);
                one.call(vm, vec![mapper, Value::Class(Rc::clone(&model.class))])?;
            }
        }
    }
    for one in world.listeners.fitting("after_configured", |_| true) {
        one.call(vm, Vec::new())?;
    }
    Ok(())
}

/// Listeners of a session event.
pub(crate) fn on_session(vm: &mut Vm, moment: Moment, id: SessionId) -> Result<(), Raise> {
    let name = name_of(moment);
    let world = World::of(vm)?;
    if !world.listeners.any(name) {
        return Ok(());
    }
    let target = session::session_object(vm, id)?;
    for one in world.listeners.fitting(name, |one| one.fits_session(&target)) {
        let mut args = vec![target.clone()];
        match moment {
            Moment::BeforeFlush => args.extend([Value::None, Value::None]),
            Moment::AfterFlush | Moment::AfterFlushPostexec => args.push(Value::None),
            Moment::AfterBegin => {
                args.push(vm.call_method(&target, "get_transaction", Args::none())?);
                args.push(vm.call_method(&target, "connection", Args::none())?);
            }
            _ => {}
        }
        one.call(vm, args)?;
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
        Moment::RefreshFlush => "refresh_flush",
        Moment::Expire => "expire",
        Moment::Transition(transition) => transition.name(),
        Moment::BeforeFlush => "before_flush",
        Moment::AfterFlush => "after_flush",
        Moment::AfterFlushPostexec => "after_flush_postexec",
        Moment::BeforeCommit => "before_commit",
        Moment::AfterCommit => "after_commit",
        Moment::AfterRollback => "after_rollback",
        Moment::AfterBegin => "after_begin",
    }
}
