//! Mapped dataclasses: `MappedAsDataclass` and `@registry.mapped_as_dataclass`.

use std::rc::Rc;

use vidro_python::{Args, Class, Raise, Str, Value, Vm};

use super::column::FieldOptions;
use crate::{exc, value};

/// The class attribute that makes a class a mapped dataclass: keywords for those below, as pairs.
pub(super) const OPTIONS: &str = "__sa_dataclass__";

/// Adds the keywords of a class statement to those its bases were given.
pub(super) fn inherit(
    vm: &mut Vm,
    class: &Rc<Class>,
    keywords: &[(Str, Value)],
) -> Result<(), Raise> {
    let Some(above) = class.lookup(OPTIONS) else {
        let Some((name, _)) = keywords.first() else { return Ok(()) };
        let class = class.name();
        return Err(vm.type_error(format!(
            "{class}.__init_subclass__() got an unexpected keyword argument '{name}'"
        )));
    };
    if keywords.is_empty() {
        return Ok(());
    }
    let mut options = pairs(&above);
    for (name, given) in keywords {
        options.retain(|(known, _)| known != name);
        options.push((name.clone(), given.clone()));
    }
    let pair = |(name, given): (Str, Value)| Value::tuple(vec![Value::Str(name), given]);
    class.set(OPTIONS, Value::tuple(options.into_iter().map(pair).collect()));
    Ok(())
}

/// Gives a mapped class the methods of a dataclass; refuses dataclass arguments on other classes.
///
/// Scalar defaults are set by `__init__`, but for `None`, which an unset attribute shows anyway.
pub(super) fn apply(
    vm: &mut Vm,
    class: &Rc<Class>,
    fields: &[(Str, FieldOptions)],
) -> Result<(), Raise> {
    let Some(options) = class.lookup(OPTIONS) else { return refuse(vm, class, fields) };
    let mut given = Vec::with_capacity(fields.len());
    for (name, field) in fields {
        let mut options = field.given();
        if field.read_only && field.init.is_none() {
            options.push(("init", Value::Bool(false)));
        }
        let options = Value::dict(options);
        given.push(Value::tuple(vec![Value::Str(name.clone()), options]));
    }
    let make = vm.import("dataclasses")?.dict.get("_mapped").unwrap_or_default();
    let positional = vec![Value::Class(Rc::clone(class)), Value::list(given)];
    let made = vm.call(&make, Args { positional, keywords: pairs(&options) });
    made.map(drop).map_err(|raise| {
        let class = class.name();
        let shown = vm.repr(&Value::Instance(raise.0)).unwrap_or_default();
        let raise = exc::invalid_request(
            vm,
            format!(
                "Python dataclasses error encountered when creating dataclass for '{class}': \
                 {shown}. Please refer to Python dataclasses documentation for additional \
                 information."
            ),
        );
        raise.0.set("code", Value::from("dcte"));
        raise
    })
}

fn refuse(vm: &mut Vm, class: &Rc<Class>, fields: &[(Str, FieldOptions)]) -> Result<(), Raise> {
    for (name, field) in fields {
        let arguments = field.given();
        let named = arguments.iter().filter(|(option, _)| *option != "default");
        let named: Vec<String> = named.map(|(option, _)| format!("'{option}'")).collect();
        if !named.is_empty() {
            let (class, named) = (value::full_name(class), named.join(", "));
            return Err(exc::argument(
                vm,
                format!(
                    "Attribute '{name}' on class <class '{class}'> includes dataclasses \
                     argument(s): {named} but class does not specify SQLAlchemy native dataclass \
                     configuration."
                ),
            ));
        }
    }
    Ok(())
}

fn pairs(options: &Value) -> Vec<(Str, Value)> {
    let Value::Tuple(options) = options else { return Vec::new() };
    let pair = |option: &Value| match option {
        Value::Tuple(pair) => match &***pair {
            [Value::Str(name), given] => Some((name.clone(), given.clone())),
            _ => None,
        },
        _ => None,
    };
    options.iter().filter_map(pair).collect()
}
