//! `repr`, `str` and `format` of any value.

use std::fmt::Write;
use std::rc::Rc;

use super::{Then, Vm};
use crate::builtins::{format_value, quote_bytes, quote_str};
use crate::host::{Args, Raise};
use crate::value::{Class, GeneratorKind, Instance, Str, Value, format_float};

impl Vm {
    /// `repr(value)`.
    pub fn repr(&mut self, value: &Value) -> Result<Str, Raise> {
        match value {
            Value::Str(text) => return Ok(quote_str(text).into()),
            Value::Int(int) => return Ok(int.to_string().into()),
            _ => {}
        }
        self.enter_native()?;
        let result = self.repr_nested(value);
        self.leave_native();
        result
    }

    fn repr_nested(&mut self, value: &Value) -> Result<Str, Raise> {
        let address = value.address().unwrap_or(0);
        Ok(match value {
            Value::None => "None".into(),
            Value::NotImplemented => "NotImplemented".into(),
            Value::Ellipsis => "Ellipsis".into(),
            Value::Bool(true) => "True".into(),
            Value::Bool(false) => "False".into(),
            Value::Int(value) => value.to_string().into(),
            Value::Float(value) => format_float(*value).into(),
            Value::Big(value) => {
                if value.bits() > 14_280 {
                    return Err(self.value_error(
                        "Exceeds the limit (4300 digits) for integer string conversion; \
                         use sys.set_int_max_str_digits() to increase the limit",
                    ));
                }
                value.to_string().into()
            }
            Value::Str(text) => quote_str(text).into(),
            Value::Bytes(bytes) => quote_bytes(bytes).into(),
            Value::Tuple(items) => {
                let list = self.repr_items(&Rc::clone(items))?;
                let comma = if items.len() == 1 { "," } else { "" };
                format!("({list}{comma})").into()
            }
            Value::List(list) => {
                if !self.begin_repr(address) {
                    return Ok("[...]".into());
                }
                let inner = self.repr_items(&list.to_vec());
                self.end_repr();
                format!("[{}]", inner?).into()
            }
            Value::Dict(dict) => {
                if !self.begin_repr(address) {
                    return Ok("{...}".into());
                }
                let inner = self.repr_pairs(dict.items());
                self.end_repr();
                format!("{{{}}}", inner?).into()
            }
            Value::Set(set) => {
                let items = crate::builtins::set_order(set);
                let inner = self.repr_items(&items)?;
                match (set.frozen, items.is_empty()) {
                    (true, true) => "frozenset()".into(),
                    (true, false) => format!("frozenset({{{inner}}})").into(),
                    (false, true) => "set()".into(),
                    (false, false) => format!("{{{inner}}}").into(),
                }
            }
            Value::Object(object) => Rc::clone(object).repr(self)?,
            Value::Instance(instance) => self.repr_instance(value, &Rc::clone(instance))?,
            Value::Class(class) => self.repr_class(value, &Rc::clone(class))?,
            other => self.repr_other(other, address),
        })
    }

    fn repr_other(&mut self, value: &Value, address: usize) -> Str {
        match value {
            Value::Function(function) => {
                let name = function.qualified_name.borrow().clone();
                format!("<function {name} at {address:#x}>").into()
            }
            Value::Native(native) => format!("<built-in function {}>", native.name).into(),
            Value::BoundMethod(method) => {
                let receiver = method.receiver.clone();
                match &method.function {
                    Value::Native(native) => {
                        let class = self.class_of(&receiver).name();
                        let at = receiver.address().unwrap_or(0);
                        format!("<built-in method {} of {class} object at {at:#x}>", native.name)
                            .into()
                    }
                    function => {
                        let name = match function {
                            Value::Function(function) => function.qualified_name.borrow().clone(),
                            _ => "?".into(),
                        };
                        let receiver = self.repr(&receiver).unwrap_or_default();
                        format!("<bound method {name} of {receiver}>").into()
                    }
                }
            }
            Value::Generator(generator) => {
                let kind = match generator.kind {
                    GeneratorKind::Generator => "generator",
                    GeneratorKind::Coroutine => "coroutine",
                    GeneratorKind::AsyncGenerator => "async_generator",
                };
                format!("<{kind} object {} at {address:#x}>", generator.name).into()
            }
            Value::Module(module) => match &*module.name {
                "__main__" | "builtins" | "sys" | "math" | "time" | "itertools" => {
                    format!("<module '{}' (built-in)>", module.name).into()
                }
                name => format!("<module '{name}'>").into(),
            },
            Value::Iter(iter) => format!("<{} object at {address:#x}>", iter.name).into(),
            _ => "?".into(),
        }
    }

    fn begin_repr(&mut self, address: usize) -> bool {
        if self.printing.contains(&address) {
            return false;
        }
        self.printing.push(address);
        true
    }

    fn end_repr(&mut self) {
        self.printing.pop();
    }

    fn repr_items(&mut self, items: &[Value]) -> Result<String, Raise> {
        let mut out = String::new();
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                out.push_str(", ");
            }
            out.push_str(&self.repr(item)?);
        }
        self.reserve(out.len())?;
        Ok(out)
    }

    fn repr_pairs(&mut self, pairs: Vec<(Value, Value)>) -> Result<String, Raise> {
        let mut out = String::new();
        for (at, (key, value)) in pairs.iter().enumerate() {
            if at > 0 {
                out.push_str(", ");
            }
            out.push_str(&self.repr(key)?);
            out.push_str(": ");
            out.push_str(&self.repr(value)?);
        }
        self.reserve(out.len())?;
        Ok(out)
    }

    fn repr_instance(&mut self, value: &Value, instance: &Rc<Instance>) -> Result<Str, Raise> {
        if let Some(method) = self.special_method(value, "__repr__") {
            return self.call_for_text(&method, value, "__repr__");
        }
        if let Some(base) = instance.base() {
            // Of the built-in containers only sets show the class.
            if let Value::Set(set) = &base {
                let items = crate::builtins::set_order(set);
                let inner = self.repr_items(&items)?;
                let name = instance.class().name();
                let shown = if items.is_empty() { String::new() } else { format!("{{{inner}}}") };
                return Ok(format!("{name}({shown})").into());
            }
            return self.repr(&base);
        }
        if let Some(args) = instance.exception(|state| state.args.clone()) {
            let inner = self.repr_items(&args)?;
            return Ok(format!("{}({inner})", instance.class().name()).into());
        }
        Ok(self.default_repr(value))
    }

    /// `object.__repr__`.
    pub(crate) fn default_repr(&mut self, value: &Value) -> Str {
        let address = value.address().unwrap_or(0);
        let class = self.class_of(value);
        let module = class.module();
        let name = class.qualified_name();
        if module.is_empty() || &*module == "builtins" {
            format!("<{name} object at {address:#x}>").into()
        } else {
            format!("<{module}.{name} object at {address:#x}>").into()
        }
    }

    fn repr_class(&mut self, value: &Value, class: &Rc<Class>) -> Result<Str, Raise> {
        if class.metaclass.borrow().is_some()
            && let Some(method) = self.special_method(value, "__repr__")
        {
            return self.call_for_text(&method, value, "__repr__");
        }
        Ok(format!("<class '{}'>", class.full_name()).into())
    }

    fn call_for_text(&mut self, method: &Value, value: &Value, name: &str) -> Result<Str, Raise> {
        let result = self.call(method, [value.clone()])?;
        match result.as_str() {
            Some(text) => Ok(text),
            None => {
                let class = self.class_of(&result).name();
                Err(self.type_error(format!("{name} returned non-string (type {class})")))
            }
        }
    }

    /// `str(value)`.
    pub fn str(&mut self, value: &Value) -> Result<Str, Raise> {
        match value {
            Value::Str(text) => Ok(text.clone()),
            Value::Object(object) => {
                self.enter_native()?;
                let text = Rc::clone(object).str(self);
                self.leave_native();
                text
            }
            Value::Instance(instance) => {
                if let Some(method) = self.special_method(value, "__str__") {
                    return self.call_for_text(&method, value, "__str__");
                }
                match instance.base() {
                    Some(Value::Str(text)) => {
                        if instance.class().lookup("__repr__").is_some() {
                            return self.repr(value);
                        }
                        Ok(text)
                    }
                    _ if instance.is_exception() => self.exception_text(instance),
                    _ => self.repr(value),
                }
            }
            other => self.repr(other),
        }
    }

    /// `BaseException.__str__`.
    pub(crate) fn exception_text(&mut self, instance: &Rc<Instance>) -> Result<Str, Raise> {
        let args = instance.exception(|state| state.args.clone()).unwrap_or_default();
        match args.as_slice() {
            [] => Ok(Str::default()),
            [one] => {
                if instance.class().is_subclass(&self.exception("KeyError")) {
                    return self.repr(one);
                }
                self.str(one)
            }
            many => self.repr(&Value::tuple(many.to_vec())),
        }
    }

    /// `ascii(value)`.
    pub(crate) fn ascii(&mut self, value: &Value) -> Result<Str, Raise> {
        let text = self.repr(value)?;
        if text.is_ascii() {
            return Ok(text);
        }
        let mut out = String::new();
        for character in text.chars() {
            let code = u32::from(character);
            let written = match code {
                0..=0x7F => write!(out, "{character}"),
                0x80..=0xFF => write!(out, "\\x{code:02x}"),
                0x100..=0xFFFF => write!(out, "\\u{code:04x}"),
                _ => write!(out, "\\U{code:08x}"),
            };
            let _ = written;
        }
        Ok(out.into())
    }

    /// `format(value, specification)`.
    pub fn format(&mut self, value: &Value, specification: &str) -> Result<Str, Raise> {
        match value {
            Value::Object(object) => {
                if let Some(text) = Rc::clone(object).format(self, specification)? {
                    return Ok(text);
                }
            }
            Value::Instance(_) => {
                if let Some(method) = self.special_method(value, "__format__") {
                    let args = [value.clone(), Value::from(specification)];
                    let result = self.call(&method, args)?;
                    return match result.as_str() {
                        Some(text) => Ok(text),
                        None => {
                            let class = self.class_of(&result).name();
                            Err(self
                                .type_error(format!("__format__ must return a str, not {class}")))
                        }
                    };
                }
            }
            _ => {}
        }
        if specification.is_empty() {
            return self.str(value);
        }
        match value {
            Value::Instance(instance) => match instance.base() {
                Some(base) => {
                    let text = self.special_method(value, "__str__").is_some();
                    let base = if text { Value::Str(self.str(value)?) } else { base };
                    format_value(self, &base, specification)
                }
                None => Err(self.unsupported_format(value)),
            },
            Value::Str(_) | Value::Int(_) | Value::Big(_) | Value::Float(_) | Value::Bool(_) => {
                format_value(self, value, specification)
            }
            _ => Err(self.unsupported_format(value)),
        }
    }

    fn unsupported_format(&mut self, value: &Value) -> Raise {
        let class = self.class_of(value).name();
        self.type_error(format!("unsupported format string passed to {class}.__format__"))
    }

    /// `Format`: a value of an f-string.
    pub(crate) fn format_op(&mut self, conversion: u8, with_spec: bool) -> Result<(), Raise> {
        let specification = if with_spec { self.frame.pop() } else { Value::None };
        let value = self.frame.pop();
        let value = match conversion {
            b's' => Value::Str(self.str(&value)?),
            b'r' => Value::Str(self.repr(&value)?),
            b'a' => Value::Str(self.ascii(&value)?),
            _ => value,
        };
        let specification = specification.as_str().unwrap_or_default();
        if specification.is_empty()
            && let Value::Instance(_) = &value
            && self.special_method(&value, "__format__").is_none()
            && let Some(method @ Value::Function(_)) = self.special_method(&value, "__str__")
        {
            return self.call_into(method, Args::from([value]), Then::Push);
        }
        let text = self.format(&value, &specification)?;
        self.frame.push(Value::Str(text));
        Ok(())
    }

    /// `BuildString`.
    pub(crate) fn build_string(&mut self, count: usize) -> Result<(), Raise> {
        let mut out = String::new();
        for part in self.frame.pop_many(count) {
            if let Some(text) = part.as_str() {
                out.push_str(&text);
            } else {
                out.push_str(&self.str(&part)?);
            }
        }
        self.reserve(out.len())?;
        self.frame.push(Value::from(out));
        Ok(())
    }

    /// `Display`: what the interactive prompt shows of an expression statement.
    pub(crate) fn display(&mut self) -> Result<(), Raise> {
        let value = self.frame.pop();
        if value.is_none() {
            return Ok(());
        }
        let text = self.repr(&value)?;
        self.write(&format!("{text}\n"));
        self.builtins.set("_", value);
        Ok(())
    }
}
