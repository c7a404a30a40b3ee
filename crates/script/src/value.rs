//! Python values and the values of statements: both ways, in one place.

use std::any::Any;
use std::rc::Rc;

use vidro_python::{Args, Class, Raise, Value, Vm};
use vidro_sql::value::Object;

use crate::exc;

/// A Python value that databases do not know, carried through statements.
pub(crate) struct Foreign {
    /// The value itself.
    pub(crate) value: Value,
    type_name: Rc<str>,
    repr: String,
    text: String,
    enum_name: Option<Rc<str>>,
    items: Option<Vec<vidro_sql::Value>>,
    hash: u64,
}

impl Object for Foreign {
    fn type_name(&self) -> Rc<str> {
        Rc::clone(&self.type_name)
    }

    fn repr(&self) -> String {
        self.repr.clone()
    }

    fn str(&self) -> String {
        self.text.clone()
    }

    fn equals(&self, other: &vidro_sql::Value) -> bool {
        let vidro_sql::Value::Object(other) = other else { return false };
        let Some(other) = other.as_any().downcast_ref::<Self>() else { return false };
        let (one, two) = (self.value.unwrapped(), other.value.unwrapped());
        one.is(&two) || one.plainly_equal(&two).unwrap_or(self.repr == other.repr)
    }

    fn hash_code(&self) -> u64 {
        self.hash
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn enum_name(&self) -> Option<Rc<str>> {
        self.enum_name.clone()
    }

    fn items(&self) -> Option<Vec<vidro_sql::Value>> {
        self.items.clone()
    }
}

/// A Python value as a value of statements.
pub(crate) fn from_python(vm: &mut Vm, value: &Value) -> Result<vidro_sql::Value, Raise> {
    use vidro_sql::Value as Sql;
    Ok(match value {
        Value::None => Sql::Null,
        Value::Bool(value) => Sql::Bool(*value),
        Value::Int(value) => Sql::Int(*value),
        Value::Float(value) => Sql::Real(*value),
        Value::Str(text) => Sql::Text(Rc::from(&**text)),
        Value::Bytes(bytes) => Sql::Blob(Rc::from(&**bytes)),
        Value::Object(_) => match crate::stdlib::from_python(value) {
            Some(known) => known,
            None => foreign(vm, value)?,
        },
        _ => foreign(vm, value)?,
    })
}

fn foreign(vm: &mut Vm, value: &Value) -> Result<vidro_sql::Value, Raise> {
    if let Value::Instance(_) = value {
        let plain = value.unwrapped();
        // Of a subclass of `str` or `int` the plain value is enough; a `MutableDict` must stay itself.
        let keeps =
            matches!(plain, Value::Instance(_) | Value::Dict(_) | Value::List(_) | Value::Set(_));
        if !keeps && !is_enum_member(vm, value) {
            return from_python(vm, &plain);
        }
    }
    let items = match &value.unwrapped() {
        Value::List(list) => Some(list.to_vec()),
        Value::Tuple(items) => Some(items.to_vec()),
        Value::Set(set) => Some(set.items()),
        _ => None,
    };
    let items = match items {
        Some(items) => {
            let mut out = Vec::with_capacity(items.len());
            for item in &items {
                out.push(from_python(vm, item)?);
            }
            Some(out)
        }
        None => None,
    };
    let enum_name = if is_enum_member(vm, value) {
        let name = vm.get_attribute(value, "name")?;
        name.as_str().map(|name| Rc::from(&*name))
    } else {
        None
    };
    let type_name = Rc::from(&*vm.class_of(value).name());
    let repr = vm.repr(value)?.to_string();
    let text = vm.str(value)?.to_string();
    let hash = vm.hash(value).unwrap_or(0);
    let foreign = Foreign { value: value.clone(), type_name, repr, text, enum_name, items, hash };
    Ok(vidro_sql::Value::Object(Rc::new(foreign)))
}

fn is_enum_member(vm: &mut Vm, value: &Value) -> bool {
    let class = vm.class_of(value);
    class.mro().any(|class| &*class.name() == "Enum" && &*class.module() == "enum")
}

/// A Python object in a row, told apart by identity alone.
#[derive(Debug)]
struct Held(Value);

impl vidro_sql::Object for Held {
    fn type_name(&self) -> Rc<str> {
        let class = self.0.as_instance().map(|instance| instance.class().name());
        class.map_or_else(|| Rc::from("object"), |name| Rc::from(&*name))
    }

    fn repr(&self) -> String {
        format!("<{} object>", self.type_name())
    }

    fn equals(&self, other: &vidro_sql::Value) -> bool {
        match other {
            vidro_sql::Value::Object(other) => {
                other.as_any().downcast_ref::<Self>().is_some_and(|other| other.0.is(&self.0))
            }
            _ => false,
        }
    }

    fn hash_code(&self) -> u64 {
        self.0.address().and_then(|address| u64::try_from(address).ok()).unwrap_or(0)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A Python object as a value of rows; nothing of it is looked at.
pub(crate) fn held(object: Value) -> vidro_sql::Value {
    match object {
        Value::None => vidro_sql::Value::Null,
        object => vidro_sql::Value::Object(Rc::new(Held(object))),
    }
}

/// A value of statements as a Python value.
pub(crate) fn to_python(vm: &mut Vm, value: &vidro_sql::Value) -> Value {
    use vidro_sql::Value as Sql;
    match value {
        Sql::Null => Value::None,
        Sql::Bool(value) => Value::Bool(*value),
        Sql::Int(value) => Value::Int(*value),
        Sql::Real(value) => Value::Float(*value),
        Sql::Text(text) => Value::from(&**text),
        Sql::Blob(bytes) => Value::Bytes((&**bytes).into()),
        Sql::Object(object) => match object.as_any().downcast_ref::<Foreign>() {
            Some(foreign) => foreign.value.clone(),
            None => match object.as_any().downcast_ref::<Held>() {
                Some(held) => held.0.clone(),
                None => Value::from(object.repr()),
            },
        },
        known => crate::stdlib::to_python(vm, known),
    }
}

/// Many values as Python values.
pub(crate) fn all_to_python(vm: &mut Vm, values: &[vidro_sql::Value]) -> Vec<Value> {
    values.iter().map(|value| to_python(vm, value)).collect()
}

/// The text of a string argument.
pub(crate) fn text(vm: &mut Vm, value: &Value) -> Result<Rc<str>, Raise> {
    match value.as_str() {
        Some(text) => Ok(Rc::from(&*text)),
        None => {
            let class = vm.class_of(value).name();
            Err(vm.type_error(format!("expected a string, got '{class}'")))
        }
    }
}

/// The text of an optional string argument.
pub(crate) fn optional_text(vm: &mut Vm, value: Option<Value>) -> Result<Option<Rc<str>>, Raise> {
    match value {
        None | Some(Value::None) => Ok(None),
        Some(value) => text(vm, &value).map(Some),
    }
}

/// The texts of a sequence of strings.
pub(crate) fn strings(vm: &mut Vm, value: &Value) -> Result<Vec<Rc<str>>, Raise> {
    if value.is_none() {
        return Ok(Vec::new());
    }
    let mut out = Vec::new();
    for item in vm.collect(value)? {
        out.push(text(vm, &item)?);
    }
    Ok(out)
}

/// The entries of a mapping: a dict, or anything with `keys` and subscripts.
pub(crate) fn items(vm: &mut Vm, value: &Value) -> Result<Vec<(Value, Value)>, Raise> {
    if let Value::Dict(dict) = value {
        return Ok(dict.items());
    }
    let method = vm.get_attribute(value, "items")?;
    let all = vm.call(&method, Args::none())?;
    let mut out = Vec::new();
    for pair in vm.collect(&all)? {
        match vm.collect(&pair)?.as_slice() {
            [key, value] => out.push((key.clone(), value.clone())),
            _ => return Err(exc::argument(vm, "a mapping was expected")),
        }
    }
    Ok(out)
}

/// The truth of an optional argument.
pub(crate) fn flag(vm: &mut Vm, value: Option<Value>) -> Result<bool, Raise> {
    match value {
        None => Ok(false),
        Some(value) => vm.truth(&value),
    }
}

/// The truth of an optional argument that may be left to a default.
pub(crate) fn optional_flag(vm: &mut Vm, value: Option<Value>) -> Result<Option<bool>, Raise> {
    match value {
        None | Some(Value::None) => Ok(None),
        Some(value) => vm.truth(&value).map(Some),
    }
}

/// A built-in class, or one of the standard library by its dotted name.
pub(crate) fn class_named(vm: &mut Vm, name: &str) -> Option<Value> {
    match name.split_once('.') {
        Some((module, class)) => {
            let module = vm.import(module).ok()?;
            vm.get_attribute(&Value::Module(module), class).ok()
        }
        None => builtin(vm, name),
    }
}

/// A name of Python's builtins.
pub(crate) fn builtin(vm: &mut Vm, name: &str) -> Option<Value> {
    vm.evaluate(name, &Rc::default()).ok()
}

/// `module.Class`, with `builtins` spelled out.
pub(crate) fn full_name(class: &Class) -> String {
    format!("{}.{}", class.module(), class.qualified_name())
}
