//! `Mapped[…]`: what an annotation says about an attribute.

use std::rc::Rc;

use vidro_orm::mapping::Deferred;
use vidro_python::{Alias, Annotation, Class, ForwardRef, Raise, SpecialForm, Str, Value, Vm};
use vidro_sql::types::Type;

use crate::{exc, types, value};

/// What stands in the brackets, taken apart.
#[derive(Clone, Debug)]
pub(crate) struct MappedType {
    /// `Mapped`, `WriteOnlyMapped` or `DynamicMapped`.
    pub(crate) container: &'static str,
    /// The type without `Optional`.
    pub(crate) inner: Value,
    /// Whether `None` is among the types.
    pub(crate) optional: bool,
    /// The collection around the target: `list`, `set`, `dict`.
    pub(crate) collection: Option<Value>,
    /// What `Annotated[…]` carries besides.
    pub(crate) metadata: Vec<Value>,
    /// The annotation as it is written in the brackets.
    pub(crate) whole: Value,
    /// What was seen on the way from the whole to the inner type: each may have an SQL type of its own.
    layers: Vec<Value>,
    /// The name, where the type was written in quotes: a registry looks it up later.
    forward: Option<Str>,
}

/// An annotation of a class body.
#[derive(Clone, Debug)]
pub(crate) enum Meaning {
    /// `Mapped[…]`
    Mapped(MappedType),
    /// `ClassVar[…]` and other things that are not mapped.
    Ignored,
    /// Anything else, which declarative refuses unless told otherwise.
    Plain,
}

/// What an annotation means.
pub(crate) fn meaning(vm: &mut Vm, annotation: &Annotation) -> Result<Meaning, Raise> {
    let given = vm.evaluate_thunk(annotation)?;
    let given = parsed(vm, given)?;
    meaning_of(vm, &given)
}

/// A string annotation, evaluated.
fn parsed(vm: &mut Vm, given: Value) -> Result<Value, Raise> {
    match given.as_str() {
        Some(text) => {
            let globals = Rc::clone(&vm.main().dict);
            vm.evaluate_annotation(&text, &globals)
        }
        None => Ok(given),
    }
}

/// What an annotation says that stands without `Mapped[…]` around it.
pub(crate) fn of_type(vm: &mut Vm, given: &Value) -> Result<MappedType, Raise> {
    take_apart(vm, "Mapped", given)
}

fn meaning_of(vm: &mut Vm, given: &Value) -> Result<Meaning, Raise> {
    if let Some(form) = given.downcast_ref::<SpecialForm>() {
        return Ok(if &*form.name == "ClassVar" { Meaning::Ignored } else { Meaning::Plain });
    }
    let Some(alias) = given.downcast_ref::<Alias>() else {
        return Ok(match given {
            // A bare `Mapped` leaves the type to `mapped_column`.
            Value::Class(class) => match container(class) {
                Some(container) => Meaning::Mapped(MappedType {
                    container,
                    inner: Value::None,
                    optional: false,
                    collection: None,
                    metadata: Vec::new(),
                    layers: Vec::new(),
                    whole: Value::None,
                    forward: None,
                }),
                None => Meaning::Plain,
            },
            _ => Meaning::Plain,
        });
    };
    if &*alias.origin_name() == "ClassVar" || &*alias.origin_name() == "InitVar" {
        return Ok(Meaning::Ignored);
    }
    let found = match &alias.origin {
        Value::Class(class) => container(class),
        _ => None,
    };
    let (Some(container), Some(argument)) = (found, alias.args.first()) else {
        return Ok(Meaning::Plain);
    };
    take_apart(vm, container, argument).map(Meaning::Mapped)
}

/// The mapping generic that a class is.
fn container(class: &Rc<Class>) -> Option<&'static str> {
    const NAMES: &[&str] =
        &["Mapped", "WriteOnlyMapped", "DynamicMapped", "MappedColumn", "Relationship", "Named"];
    let module = class.module();
    if !module.starts_with("sqlalchemy") {
        return None;
    }
    NAMES.iter().copied().find(|name| **name == *class.name())
}

/// The name that a quoted type is, if it is but a name.
fn quoted_name(given: &Value) -> Option<Str> {
    match given.downcast_ref::<ForwardRef>() {
        Some(forward) => Some(forward.name.clone()),
        None => given.as_str().filter(|text| {
            text.chars().all(|c| c.is_alphanumeric() || c == '_')
                && !text.starts_with(|c: char| c.is_ascii_digit())
        }),
    }
}

fn take_apart(vm: &mut Vm, container: &'static str, argument: &Value) -> Result<MappedType, Raise> {
    let whole = parsed(vm, argument.clone())?;
    let mut out = MappedType {
        container,
        inner: whole.clone(),
        optional: false,
        collection: None,
        metadata: Vec::new(),
        layers: Vec::new(),
        whole,
        forward: quoted_name(argument),
    };
    loop {
        let inner = out.inner.clone();
        if let Some(forward) = inner.downcast_ref::<ForwardRef>() {
            // The name may be there by now.
            let name = forward.name.clone();
            if let Some(found) = vm.main().dict.get(&name) {
                out.inner = found;
            }
            out.forward = Some(name);
            break;
        }
        if inner.as_str().is_some() {
            out.forward = quoted_name(&inner);
            out.inner = parsed(vm, inner)?;
            if out.inner.as_str().is_some() {
                break;
            }
            continue;
        }
        out.layers.push(inner.clone());
        let Some(alias) = inner.downcast_ref::<Alias>() else { break };
        if alias.is_union() {
            let none = |part: &Value| matches!(part, Value::None) || is_none_type(part);
            let rest: Vec<Value> = alias.args.iter().filter(|part| !none(part)).cloned().collect();
            out.optional |= rest.len() < alias.args.len();
            match rest.as_slice() {
                [one] => {
                    out.inner = one.clone();
                    continue;
                }
                _ => break,
            }
        }
        match &*alias.origin_name() {
            "Annotated" => {
                out.metadata.extend(alias.args.iter().skip(1).cloned());
                out.inner = alias.args.first().cloned().unwrap_or_default();
            }
            "list" | "List" | "set" | "Set" | "dict" | "Dict" | "Sequence" | "Collection"
            | "MutableSequence" | "MutableSet" | "MutableMapping" | "Mapping" | "Iterable"
            | "FrozenSet" | "AbstractSet" | "deque" => {
                out.collection = Some(alias.origin.clone());
                out.inner = alias.args.last().cloned().unwrap_or_default();
                let inner = out.inner.clone();
                out.forward = quoted_name(&inner);
                out.inner = parsed(vm, inner)?;
                break;
            }
            _ => break,
        }
    }
    Ok(out)
}

fn is_none_type(value: &Value) -> bool {
    value.as_class().is_some_and(|class| &*class.name() == "NoneType")
}

/// The target of a relationship that the annotation names.
pub(crate) fn target(vm: &mut Vm, mapped: &MappedType) -> Result<Deferred, Raise> {
    if let Some(name) = &mapped.forward {
        // A name in this module may stand for a class of another name.
        let class = mapped.inner.as_class().map(|class| class.name());
        return Ok(Deferred::Text(Rc::from(&*class.unwrap_or_else(|| name.clone()))));
    }
    super::relationship::deferred(vm, &mapped.inner)
}

/// The SQL type of a Python type, by the class's `type_annotation_map` and SQLAlchemy's own.
pub(crate) fn sql_type(
    vm: &mut Vm,
    mapped: &MappedType,
    maps: &[Value],
    key: &str,
) -> Result<Type, Raise> {
    let ends = [&mapped.whole, &mapped.inner];
    for candidate in mapped.layers.iter().chain(ends) {
        for map in maps {
            if let Some(found) = lookup(vm, map, candidate)? {
                return types::expect(vm, &found);
            }
        }
    }
    let inner = match mapped.collection {
        Some(_) => mapped.whole.clone(),
        None => mapped.inner.clone(),
    };
    if let Some(found) = builtin_type(vm, &inner)? {
        return Ok(found);
    }
    let whole = &mapped.whole;
    if let Some(forward) = mapped.inner.downcast_ref::<ForwardRef>() {
        let name = forward.name.clone();
        return Err(exc::raise(
            vm,
            "MappedAnnotationError",
            format!(
                "Could not resolve all types within mapped annotation: \
                 \"sqlalchemy.orm.base.Mapped[ForwardRef('{name}')]\".  Ensure all types are written \
                 correctly and are imported within the module in use."
            ),
        ));
    }
    let shown = match whole {
        Value::Class(class) => format!("<class '{}'>", class.full_name()),
        other => vm.repr(other)?.to_string(),
    };
    Err(exc::raise(
        vm,
        "MappedAnnotationError",
        format!(
            "Could not locate SQLAlchemy Core type when resolving for Python type indicated by \
             '{shown}' inside the Mapped[] annotation for the '{key}' attribute; the type object is \
             not resolvable by the registry"
        ),
    ))
}

fn lookup(vm: &mut Vm, map: &Value, key: &Value) -> Result<Option<Value>, Raise> {
    for (known, found) in value::items(vm, map)? {
        if known.is(key) || vm.equal(&known, key)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// SQLAlchemy's own map from Python types.
fn builtin_type(vm: &mut Vm, given: &Value) -> Result<Option<Type>, Raise> {
    if let Some(alias) = given.downcast_ref::<Alias>() {
        if &*alias.origin_name() == "Literal" {
            return literal_enum(vm, alias).map(Some);
        }
        return Ok(None);
    }
    let Some(class) = given.as_class() else { return Ok(None) };
    for class in class.mro() {
        let found = match (&*class.module(), &*class.name()) {
            ("builtins", "int") => Type::integer(),
            ("builtins", "str") => Type::string(),
            ("builtins", "bool") => Type::boolean(),
            ("builtins", "float") => Type::double(),
            ("builtins", "bytes") => Type::large_binary(),
            ("datetime", "datetime") => Type::datetime(),
            ("datetime", "date") => Type::date(),
            ("datetime", "time") => Type::time(),
            ("datetime", "timedelta") => Type::interval(),
            ("decimal", "Decimal") => Type::numeric(),
            ("uuid", "UUID") => Type::uuid(),
            ("enum", "Enum") => {
                let given = given.as_class().cloned();
                return match given {
                    Some(class) => types::enum_of(vm, &class).map(Some),
                    None => Ok(None),
                };
            }
            _ => continue,
        };
        return Ok(Some(found));
    }
    Ok(None)
}

fn literal_enum(vm: &mut Vm, alias: &Alias) -> Result<Type, Raise> {
    let class = vm.named_class("sqlalchemy.sql.sqltypes.Enum");
    let args = vidro_python::Args::from(alias.args.clone()).with("native_enum", Value::Bool(false));
    let made = vm.call(&Value::Class(class), args)?;
    types::expect(vm, &made)
}
