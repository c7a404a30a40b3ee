//! Strings and callables in `relationship()`, resolved when all classes are there.

use std::rc::Rc;

use vidro_orm::MapperId;
use vidro_orm::mapping::{Deferred, Resolved};
use vidro_python::{Args, Dict, Raise, Value, Vm};

use super::mapper_of;
use crate::world::World;
use crate::{exc, expression, names, schema, value};

/// What a string or callable of a relationship means.
pub(crate) fn resolve(
    vm: &mut Vm,
    parent: MapperId,
    deferred: &Deferred,
) -> Result<Resolved, Raise> {
    match deferred {
        Deferred::Mapper(mapper) => Ok(Resolved::Mapper(*mapper)),
        Deferred::Table(table) => Ok(Resolved::Table(table.clone())),
        Deferred::Exprs(exprs) => Ok(Resolved::Exprs(exprs.clone())),
        Deferred::Missing => Err(exc::argument(vm, "relationship() needs a class")),
        Deferred::Text(text) => {
            let found = evaluate(vm, parent, text)?;
            resolved(vm, &found)
        }
        Deferred::Callable(callable) => {
            let callable = value::to_python(vm, callable);
            if let Some(mapper) = mapper_of(vm, &callable)? {
                return Ok(Resolved::Mapper(mapper));
            }
            let found = vm.call(&callable, Args::none())?;
            match found.as_str() {
                Some(text) => {
                    let found = evaluate(vm, parent, &text)?;
                    resolved(vm, &found)
                }
                None => resolved(vm, &found),
            }
        }
    }
}

fn resolved(vm: &mut Vm, found: &Value) -> Result<Resolved, Raise> {
    if let Some(mapper) = mapper_of(vm, found)? {
        return Ok(Resolved::Mapper(mapper));
    }
    if let Some(table) = schema::as_table(found) {
        return Ok(Resolved::Table(table));
    }
    let items = match found {
        Value::List(_) | Value::Tuple(_) | Value::Set(_) => vm.collect(found)?,
        other => vec![other.clone()],
    };
    let mut exprs = Vec::new();
    for item in &items {
        exprs.push(match item.downcast::<super::AttributeObject>() {
            // Joins are about columns, not about entities.
            Some(attribute) => {
                let expr = attribute.expect_expr(vm)?;
                match expr.schema_column() {
                    Some(column) => column.expr(),
                    None => expr,
                }
            }
            None => expression::expect(vm, item)?,
        });
    }
    Ok(Resolved::Exprs(exprs))
}

/// Evaluates an expression among classes and tables.
fn evaluate(vm: &mut Vm, parent: MapperId, text: &str) -> Result<Value, Raise> {
    let world = World::of(vm)?;
    let namespace = Rc::new(Dict::default());
    for (name, found) in names::for_relationships(vm)? {
        namespace.set(&name, found);
    }
    let table = super::local_table(vm, parent)?;
    let metadata = table.as_ref().and_then(vidro_sql::schema::Table::metadata);
    let tables = metadata.as_ref().map(|metadata| metadata.tables()).unwrap_or_default();
    for (key, table) in &tables {
        if !key.contains('.') {
            let table = schema::table_object(vm, table)?;
            namespace.set(key, table);
        }
    }
    for model in world.models.borrow().iter() {
        namespace.set(&model.class.name(), Value::Class(Rc::clone(&model.class)));
    }
    // A whole string may be the key of a table, or a class with its module in front.
    if let Some((_, table)) = tables.iter().find(|(key, _)| **key == *text) {
        return schema::table_object(vm, table);
    }
    let last = text.rsplit('.').next().unwrap_or(text);
    let dotted = text.contains('.') && text.split('.').all(is_identifier);
    let first = text.split('.').next().unwrap_or(text);
    if dotted
        && !namespace.contains(first)
        && let Some(found) = namespace.get(last)
    {
        return Ok(found);
    }
    match vm.evaluate(text, &namespace) {
        Ok(found) => Ok(found),
        Err(raise) if raise.is(&vm.exception("NameError")) => {
            let missing = vm.str(&Value::Instance(Rc::clone(&raise.0)))?;
            let name = missing.split('\'').nth(1).unwrap_or(text).to_owned();
            let shown = world.look(|orm| {
                let mapper = orm.mapping.mapper(parent);
                (mapper.describe(), mapper.class_repr())
            });
            let (mapper, class) = shown.unwrap_or_default();
            Err(exc::invalid_request(
                vm,
                format!(
                    "When initializing mapper {mapper}, expression {} failed to locate a name ({}). \
                     If this is a class name, consider adding this relationship() to the {class} \
                     class after both dependent classes have been defined.",
                    vidro_sql::repr::string(text),
                    vidro_sql::repr::string(&name),
                ),
            ))
        }
        Err(raise) => Err(raise),
    }
}

fn is_identifier(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_')
}
