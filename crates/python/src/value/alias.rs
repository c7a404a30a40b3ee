//! Typing objects that a host can take apart: `list[int]`, `Optional[str]`, `int | None`.

use std::rc::Rc;

use super::{Class, Str, Value};
use crate::host::{Args, BinaryOperator, Compare, Object, Raise};
use crate::vm::Vm;

/// A subscripted type: `origin[args]`. A union has the special form `Union` as its origin.
#[derive(Debug)]
pub struct Alias {
    /// `list` in `list[int]`, [`SpecialForm`] `Optional` never: `Optional[X]` is `Union[X, None]`.
    pub origin: Value,
    /// The arguments; `None` stands for `NoneType`.
    pub args: Vec<Value>,
    /// Whether a union was written `X | Y`, which its `repr` shows.
    pub pipe: bool,
}

/// A name of `typing` that can be subscripted: `Any`, `Union`, `ClassVar`, `List`.
#[derive(Debug)]
pub struct SpecialForm {
    /// The name, without module.
    pub name: Str,
    /// The class it stands for, as `list` for `List`.
    pub stands_for: Option<Rc<Class>>,
}

/// A name in an annotation that does not exist (yet).
#[derive(Debug)]
pub struct ForwardRef {
    /// The name.
    pub name: Str,
}

impl Alias {
    /// The special form's name if this is one of `typing`'s, else the class's name.
    pub fn origin_name(&self) -> Str {
        if let Some(form) = self.origin.downcast_ref::<SpecialForm>() {
            return form.name.clone();
        }
        self.origin.as_class().map(|class| class.name()).unwrap_or_default()
    }

    /// Whether this is `Union[…]`, `Optional[…]` or `X | Y`.
    pub fn is_union(&self) -> bool {
        &*self.origin_name() == "Union"
    }

    /// A union of types, flattened and without repetitions.
    pub fn union(vm: &Vm, members: Vec<Value>, pipe: bool) -> Value {
        let mut args: Vec<Value> = Vec::new();
        for member in members {
            let parts = match member.downcast_ref::<Self>() {
                Some(alias) if alias.is_union() => alias.args.clone(),
                _ => vec![member],
            };
            for part in parts {
                let part = match part {
                    Value::None => Value::Class(vm.class_of(&Value::None)),
                    other => other,
                };
                if !args.iter().any(|known| same_type(known, &part)) {
                    args.push(part);
                }
            }
        }
        if args.len() == 1 {
            return args.remove(0);
        }
        let origin = vm.special_form("Union");
        Value::object(Self { origin, args, pipe })
    }
}

/// Whether two typing objects mean the same type.
pub(crate) fn same_type(a: &Value, b: &Value) -> bool {
    if a.is(b) {
        return true;
    }
    if let (Some(a), Some(b)) = (a.downcast_ref::<Alias>(), b.downcast_ref::<Alias>()) {
        return same_type(&a.origin, &b.origin)
            && a.args.len() == b.args.len()
            && a.args.iter().zip(&b.args).all(|(a, b)| same_type(a, b));
    }
    if let (Some(a), Some(b)) = (a.downcast_ref::<ForwardRef>(), b.downcast_ref::<ForwardRef>()) {
        return a.name == b.name;
    }
    a.plainly_equal(b) == Some(true)
}

/// How a type shows inside the brackets of another.
fn argument_repr(vm: &mut Vm, value: &Value) -> Result<String, Raise> {
    Ok(match value {
        Value::Class(class) => class.full_name(),
        Value::Ellipsis => "...".into(),
        Value::List(items) => {
            let mut parts = Vec::new();
            for item in items.to_vec() {
                parts.push(argument_repr(vm, &item)?);
            }
            format!("[{}]", parts.join(", "))
        }
        other => vm.repr(other)?.to_string(),
    })
}

impl Object for Alias {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class(if self.pipe { "types.UnionType" } else { "types.GenericAlias" })
    }

    fn repr(&self, vm: &mut Vm) -> Result<Str, Raise> {
        let mut parts = Vec::new();
        let typing = self.origin.downcast_ref::<SpecialForm>();
        let literal = typing.is_some_and(|form| &*form.name == "Literal");
        for arg in &self.args {
            match arg {
                Value::Str(name) if typing.is_some() && !literal => {
                    parts.push(format!("ForwardRef('{name}')"));
                }
                arg => parts.push(argument_repr(vm, arg)?),
            }
        }
        let is_none = |part: &String| part == "NoneType";
        if self.is_union() && self.pipe {
            for part in &mut parts {
                if is_none(part) {
                    *part = "None".into();
                }
            }
            return Ok(parts.join(" | ").into());
        }
        if self.is_union() && parts.len() == 2 && parts.iter().any(is_none) {
            parts.retain(|part| !is_none(part));
            return Ok(format!("typing.Optional[{}]", parts.join(", ")).into());
        }
        let origin = argument_repr(vm, &self.origin)?;
        Ok(format!("{origin}[{}]", parts.join(", ")).into())
    }

    fn get_attribute(self: Rc<Self>, vm: &mut Vm, name: &str) -> Result<Option<Value>, Raise> {
        Ok(match name {
            "__origin__" => match self.origin.downcast_ref::<SpecialForm>() {
                Some(SpecialForm { stands_for: Some(class), .. }) => {
                    Some(Value::Class(Rc::clone(class)))
                }
                _ => Some(self.origin.clone()),
            },
            "__args__" => Some(Value::tuple(self.args.clone())),
            _ => match &self.origin {
                Value::Class(_) if !name.starts_with("__") => {
                    Some(vm.get_attribute(&self.origin, name)?)
                }
                _ => None,
            },
        })
    }

    fn call(self: Rc<Self>, vm: &mut Vm, args: Args) -> Result<Value, Raise> {
        let target = match self.origin.downcast_ref::<SpecialForm>() {
            Some(SpecialForm { stands_for: Some(class), .. }) => Value::Class(Rc::clone(class)),
            _ => self.origin.clone(),
        };
        vm.tail_call(target, args)
    }

    fn binary(
        self: Rc<Self>,
        vm: &mut Vm,
        operator: BinaryOperator,
        other: &Value,
        reflected: bool,
    ) -> Result<Value, Raise> {
        Ok(union_operator(vm, Value::Object(self), operator, other, reflected))
    }

    fn compare(self: Rc<Self>, _: &mut Vm, by: Compare, other: &Value) -> Result<Value, Raise> {
        let this = Value::Object(self);
        Ok(match by {
            Compare::Equal => Value::Bool(same_type(&this, other)),
            Compare::NotEqual => Value::Bool(!same_type(&this, other)),
            _ => Value::NotImplemented,
        })
    }

    fn hash(&self, _: &mut Vm) -> Result<u64, Raise> {
        Ok(super::hash_str(&self.origin_name()))
    }

    fn get_item(self: Rc<Self>, _: &mut Vm, key: &Value) -> Result<Value, Raise> {
        let args = match key {
            Value::Tuple(items) => items.to_vec(),
            other => vec![other.clone()],
        };
        Ok(Value::object(Self { origin: self.origin.clone(), args, pipe: false }))
    }

    fn bases(&self, _: &mut Vm) -> Option<Vec<Rc<Class>>> {
        match &self.origin {
            Value::Class(class) => Some(vec![Rc::clone(class)]),
            other => match other.downcast_ref::<SpecialForm>() {
                Some(SpecialForm { stands_for: Some(class), .. }) => Some(vec![Rc::clone(class)]),
                Some(_) => Some(Vec::new()),
                None => None,
            },
        }
    }
}

/// `X | Y` for types.
pub(crate) fn union_operator(
    vm: &Vm,
    this: Value,
    operator: BinaryOperator,
    other: &Value,
    reflected: bool,
) -> Value {
    if operator != BinaryOperator::BitOr || !is_type(other) {
        return Value::NotImplemented;
    }
    let members = if reflected { vec![other.clone(), this] } else { vec![this, other.clone()] };
    Alias::union(vm, members, true)
}

/// Whether a value may stand in a union.
fn is_type(value: &Value) -> bool {
    matches!(value, Value::Class(_) | Value::None | Value::Str(_))
        || value.downcast_ref::<Alias>().is_some()
        || value.downcast_ref::<SpecialForm>().is_some()
        || value.downcast_ref::<ForwardRef>().is_some()
}

impl Object for SpecialForm {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class("typing._SpecialForm")
    }

    fn repr(&self, _: &mut Vm) -> Result<Str, Raise> {
        Ok(format!("typing.{}", self.name).into())
    }

    fn get_item(self: Rc<Self>, vm: &mut Vm, key: &Value) -> Result<Value, Raise> {
        let args = match key {
            Value::Tuple(items) => items.to_vec(),
            other => vec![other.clone()],
        };
        match &*self.name {
            "Union" => Ok(Alias::union(vm, args, false)),
            "Optional" => Ok(Alias::union(vm, vec![key.clone(), Value::None], false)),
            _ => Ok(Value::object(Alias { origin: Value::Object(self), args, pipe: false })),
        }
    }

    fn get_attribute(self: Rc<Self>, _: &mut Vm, name: &str) -> Result<Option<Value>, Raise> {
        Ok(match name {
            "__name__" | "_name" => Some(Value::Str(self.name.clone())),
            _ => None,
        })
    }

    fn call(self: Rc<Self>, vm: &mut Vm, args: Args) -> Result<Value, Raise> {
        match &self.stands_for {
            Some(class) => vm.tail_call(Value::Class(Rc::clone(class)), args),
            None => Err(vm.type_error(format!("Cannot instantiate typing.{}", self.name))),
        }
    }

    fn binary(
        self: Rc<Self>,
        vm: &mut Vm,
        operator: BinaryOperator,
        other: &Value,
        reflected: bool,
    ) -> Result<Value, Raise> {
        Ok(union_operator(vm, Value::Object(self), operator, other, reflected))
    }

    fn bases(&self, _: &mut Vm) -> Option<Vec<Rc<Class>>> {
        Some(self.stands_for.iter().cloned().collect())
    }
}

impl Object for ForwardRef {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class("typing.ForwardRef")
    }

    fn repr(&self, _: &mut Vm) -> Result<Str, Raise> {
        Ok(format!("ForwardRef('{}')", self.name).into())
    }

    fn get_attribute(self: Rc<Self>, _: &mut Vm, name: &str) -> Result<Option<Value>, Raise> {
        Ok((name == "__forward_arg__").then(|| Value::Str(self.name.clone())))
    }

    fn get_item(self: Rc<Self>, _: &mut Vm, key: &Value) -> Result<Value, Raise> {
        let args = match key {
            Value::Tuple(items) => items.to_vec(),
            other => vec![other.clone()],
        };
        Ok(Value::object(Alias { origin: Value::Object(self), args, pipe: false }))
    }

    fn binary(
        self: Rc<Self>,
        vm: &mut Vm,
        operator: BinaryOperator,
        other: &Value,
        reflected: bool,
    ) -> Result<Value, Raise> {
        Ok(union_operator(vm, Value::Object(self), operator, other, reflected))
    }
}
