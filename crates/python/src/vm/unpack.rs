//! Unpacking assignments and the tests of `match`.

use std::rc::Rc;

use super::{Kind, Vm};
use crate::host::Raise;
use crate::value::{Dict, Str, Value};

impl Vm {
    /// `Unpack`: pushes the items of the value on the stack, the first on top.
    pub(crate) fn unpack(&mut self, count: usize) -> Result<(), Raise> {
        let value = self.frame.pop();
        let items = self.unpacked(&value)?;
        if items.len() != count {
            let message = if items.len() < count {
                format!("not enough values to unpack (expected {count}, got {})", items.len())
            } else {
                format!("too many values to unpack (expected {count})")
            };
            return Err(self.value_error(message));
        }
        self.frame.stack.extend(items.into_iter().rev());
        Ok(())
    }

    /// `UnpackRest`: with a starred target in the middle.
    pub(crate) fn unpack_rest(&mut self, before: usize, after: usize) -> Result<(), Raise> {
        let value = self.frame.pop();
        let mut items = self.unpacked(&value)?;
        if items.len() < before + after {
            let (expected, got) = (before + after, items.len());
            return Err(self.value_error(format!(
                "not enough values to unpack (expected at least {expected}, got {got})"
            )));
        }
        let tail = items.split_off(items.len() - after);
        let rest = items.split_off(before);
        self.frame.stack.extend(tail.into_iter().rev());
        self.frame.push(Value::list(rest));
        self.frame.stack.extend(items.into_iter().rev());
        Ok(())
    }

    fn unpacked(&mut self, value: &Value) -> Result<Vec<Value>, Raise> {
        if !self.is_iterable(value) {
            let class = self.class_of(value).name();
            return Err(self.type_error(format!("cannot unpack non-iterable {class} object")));
        }
        self.collect(value)
    }

    /// `MatchSequence`: whether the subject on the stack is a sequence.
    pub(crate) fn match_sequence(&mut self) {
        let found = match self.frame.pop() {
            Value::List(_) | Value::Tuple(_) => true,
            Value::Instance(instance) => {
                matches!(instance.base(), Some(Value::List(_) | Value::Tuple(_)))
            }
            Value::Object(object) => {
                let class = object.class(self);
                class.lookup("__match_sequence__").is_some()
            }
            _ => false,
        };
        self.frame.push(Value::Bool(found));
    }

    /// `MatchMapping`: whether the subject on the stack is a mapping.
    pub(crate) fn match_mapping(&mut self) {
        let found = matches!(self.frame.pop().unwrapped(), Value::Dict(_));
        self.frame.push(Value::Bool(found));
    }

    /// `MatchKeys`: pushes the values of the keys in the tuple on the stack, or `None`.
    pub(crate) fn match_keys(&mut self) -> Result<(), Raise> {
        let keys = self.frame.pop();
        let subject = self.frame.pop().unwrapped();
        let Value::Dict(dict) = &subject else {
            self.frame.push(Value::None);
            return Ok(());
        };
        let mut values = Vec::new();
        for key in self.collect(&keys)? {
            match self.dict_get(dict, &key)? {
                Some(value) => values.push(value),
                None => {
                    self.frame.push(Value::None);
                    return Ok(());
                }
            }
        }
        self.frame.push(Value::tuple(values));
        Ok(())
    }

    /// `MatchRest`: replaces keys and subject by a dict of what is left.
    pub(crate) fn match_rest(&mut self) -> Result<(), Raise> {
        let keys = self.frame.pop();
        let subject = self.frame.pop().unwrapped();
        let rest = Rc::new(Dict::default());
        self.dict_update(&rest, &subject)?;
        for key in self.collect(&keys)? {
            self.dict_remove(&rest, &key)?;
        }
        self.frame.push(Value::Dict(rest));
        Ok(())
    }

    /// `MatchClass`: subject and class on the stack; pushes a tuple of attributes, or `None`.
    pub(crate) fn match_class(&mut self, positional: usize, names: &[Str]) -> Result<(), Raise> {
        let class = self.frame.pop();
        let subject = self.frame.pop();
        let Value::Class(class) = &class else {
            return Err(self.type_error("called match pattern must be a class"));
        };
        if !self.is_instance(&subject, class) {
            self.frame.push(Value::None);
            return Ok(());
        }
        let mut values = Vec::new();
        if positional > 0 {
            let itself = [
                Kind::Int,
                Kind::Str,
                Kind::Float,
                Kind::Bool,
                Kind::Bytes,
                Kind::List,
                Kind::Tuple,
                Kind::Dict,
                Kind::Set,
                Kind::FrozenSet,
            ];
            if positional == 1 && itself.iter().any(|kind| self.kind(*kind).serial == class.serial)
            {
                values.push(subject.clone());
            } else {
                let fields = match class.lookup("__match_args__") {
                    Some(fields) => self.collect(&fields)?,
                    None => Vec::new(),
                };
                if fields.len() < positional {
                    let name = class.name();
                    let accepts = fields.len();
                    let plural = if accepts == 1 { "" } else { "s" };
                    return Err(self.type_error(format!(
                        "{name}() accepts {accepts} positional sub-pattern{plural} ({positional} given)"
                    )));
                }
                for field in fields.iter().take(positional) {
                    let name = field.as_str().unwrap_or_default();
                    match self.try_attribute(&subject, &name)? {
                        Some(value) => values.push(value),
                        None => {
                            self.frame.push(Value::None);
                            return Ok(());
                        }
                    }
                }
            }
        }
        for name in names {
            match self.try_attribute(&subject, name)? {
                Some(value) => values.push(value),
                None => {
                    self.frame.push(Value::None);
                    return Ok(());
                }
            }
        }
        self.frame.push(Value::tuple(values));
        Ok(())
    }
}
