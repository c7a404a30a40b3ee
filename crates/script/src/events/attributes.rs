//! Functions of `sqlalchemy.orm.attributes`.

use vidro_orm::InstanceId;
use vidro_orm::mapping::Property;
use vidro_python::{Args, Raise, Value, Vm};

use super::{Call, dispatch};
use crate::world::with_orm;
use crate::{mapping, value};

/// Functions of `sqlalchemy.orm.attributes`.
pub(crate) const FUNCTIONS: &[(&str, Call)] = &[
    ("get_history", get_history),
    ("flag_modified", flag_modified),
    ("flag_dirty", flag_dirty),
    ("set_committed_value", set_committed_value),
    ("set_attribute", |vm, args| {
        let key = value::text(vm, &args.at(1))?;
        vm.set_attribute(&args.at(0), &key, args.at(2)).map(|()| Value::None)
    }),
    ("instance_state", |vm, args| {
        let found = mapping::inspect(vm, &args.at(0))?;
        Ok(found.unwrap_or_default())
    }),
];

fn instance(vm: &mut Vm, given: &Value) -> Result<InstanceId, Raise> {
    match mapping::try_entity(vm, given)? {
        Some(id) => Ok(id),
        None => Err(mapping::unmapped_instance(vm, given)),
    }
}

/// `get_history(instance, key)`
fn get_history(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let key = value::text(vm, &args.at(1))?;
    let id = instance(vm, &args.at(0))?;
    mapping::history(vm, id, &key)
}

/// `flag_modified(instance, key)`: the next flush writes the attribute as it is then.
fn flag_modified(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let id = instance(vm, &args.at(0))?;
    let key = value::text(vm, &args.at(1))?;
    let Property::Column(column) = with_orm(vm, |orm, _| orm.property(id, &key))? else {
        return Ok(Value::None);
    };
    dispatch::on_modified(vm, &args.at(0), &key)?;
    let held = with_orm(vm, |orm, _| Ok(orm.instances[id].column(column).value().cloned()))?;
    // What a value shows of itself was taken when it was set; it may have changed inside.
    let current = match held {
        Some(held) => {
            let held = value::to_python(vm, &held);
            value::from_python(vm, &held)?
        }
        None => vidro_sql::Value::Null,
    };
    with_orm(vm, |orm, _| orm.flag_modified(id, column, current))?;
    Ok(Value::None)
}

/// `flag_dirty(instance)`: the next flush looks at the object.
fn flag_dirty(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let id = instance(vm, &args.at(0))?;
    with_orm(vm, |orm, _| {
        orm.flag_dirty(id);
        Ok(())
    })?;
    Ok(Value::None)
}

/// `set_committed_value(instance, key, value)`: without history or listeners.
fn set_committed_value(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let id = instance(vm, &args.at(0))?;
    let key = value::text(vm, &args.at(1))?;
    match with_orm(vm, |orm, _| orm.property(id, &key))? {
        Property::Column(column) => {
            let given = value::from_python(vm, &args.at(2))?;
            with_orm(vm, |orm, _| {
                orm.set_committed(id, column, given);
                Ok(())
            })?;
        }
        Property::Relationship(relationship) => {
            let given = args.at(2);
            let members = match &given {
                Value::None => Vec::new(),
                other if crate::world::entity(other).is_some() => vec![given.clone()],
                other => vm.collect(other)?,
            };
            let members: Result<Vec<InstanceId>, Raise> =
                members.iter().map(|member| instance(vm, member)).collect();
            let members = members?;
            with_orm(vm, |orm, _| orm.set_committed_related(id, relationship, members))?;
        }
    }
    Ok(Value::None)
}
