//! `Enum`: strings, or the members of a Python enum.

use std::rc::Rc;

use vidro_python::{Args, Class, Raise, Value, Vm};
use vidro_sql::types::Type;
use vidro_sql::types::{EnumMembers, TypeArgs, TypeKind};

use crate::value::{self, Foreign};

/// `Enum(*enums, **options)`
pub(super) fn construct(vm: &mut Vm, kind: TypeKind, mut args: Args) -> Result<Type, Raise> {
    let mut out = TypeArgs::default();
    let mut members = EnumMembers::default();
    let callable = args.take_keyword("values_callable").filter(|value| !value.is_none());
    let mut sized = None;
    for (name, value) in std::mem::take(&mut args.keywords) {
        match &*name {
            "native_enum" => members.native = Some(vm.truth(&value)?),
            "validate_strings" => members.validate_strings = vm.truth(&value)?,
            "length" => sized = value.as_int(),
            _ => {
                super::set(vm, &mut out, &name, &value)?;
            }
        }
    }
    let enums: Vec<Value> = args.positional.into_iter().skip(1).collect();
    match enums.as_slice() {
        [Value::Class(class)] => {
            let (names, values) = of_class(vm, class, callable)?;
            members.names = names;
            members.values = values;
            members.class_name = Some(Rc::from(&*class.name()));
            if out.name.is_none() {
                out.name = Some(class.name().to_lowercase().into());
            }
        }
        strings => {
            let flat = match strings {
                [Value::List(items)] => items.to_vec(),
                other => other.to_vec(),
            };
            for item in flat {
                let text = value::text(vm, &item)?;
                members.values.push(vidro_sql::Value::Text(Rc::clone(&text)));
                members.names.push(text);
            }
        }
    }
    let longest = members.names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    out.length = sized.or_else(|| i64::try_from(longest).ok());
    out.members = Some(members);
    Ok(Type::with(kind, out))
}

type Members = (Vec<Rc<str>>, Vec<vidro_sql::Value>);

fn of_class(vm: &mut Vm, class: &Rc<Class>, callable: Option<Value>) -> Result<Members, Raise> {
    let class = Value::Class(Rc::clone(class));
    let all = vm.get_attribute(&class, "__members__")?;
    let mut names = Vec::new();
    let mut values = Vec::new();
    for (name, member) in value::items(vm, &all)? {
        names.push(value::text(vm, &name)?);
        values.push(value::from_python(vm, &member)?);
    }
    if let Some(callable) = callable {
        let texts = vm.call(&callable, Args::from([class]))?;
        names = value::strings(vm, &texts)?;
    }
    Ok((names, values))
}

/// The type of a Python enum class in an annotation: `Enum(cls)`.
pub(crate) fn of_annotation(vm: &mut Vm, class: &Rc<Class>) -> Result<Type, Raise> {
    let mut args = Args::from([Value::None, Value::Class(Rc::clone(class))]);
    args.keywords.clear();
    construct(vm, TypeKind::Enum, args)
}

/// The Python class behind an enum type.
pub(super) fn class_of(ty: &Type) -> Option<Value> {
    let members = ty.enum_members()?;
    members.class_name.as_ref()?;
    let vidro_sql::Value::Object(first) = members.values.first()? else { return None };
    let foreign = first.as_any().downcast_ref::<Foreign>()?;
    foreign.value.as_instance().map(|instance| Value::Class(instance.class()))
}
