//! `template % values`.

use crate::host::Raise;
use crate::value::{Str, Value};
use crate::vm::Vm;

/// `template % values`.
pub(super) fn percent_format(vm: &mut Vm, template: &Str, values: &Value) -> Result<Value, Raise> {
    let mapping = matches!(values.unwrapped(), Value::Dict(_));
    let list = match values {
        Value::Tuple(items) => items.to_vec(),
        other => vec![other.clone()],
    };
    let mut next = list.into_iter();
    let mut used_mapping = false;
    let mut out = String::new();
    let mut rest: &str = template;
    while let Some(at) = rest.find('%') {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let mut conversion = Conversion { rest: after.get(1..).unwrap_or("") };
        let key = conversion.key();
        let flags = conversion.flags();
        let mut flags = flags.to_owned();
        let width = conversion.number(vm, &mut next)?.unwrap_or(0);
        if width < 0 {
            flags.push('-');
        }
        let width = usize::try_from(width.unsigned_abs()).unwrap_or(0);
        let precision = conversion.precision(vm, &mut next)?;
        let Some(kind) = conversion.kind() else {
            return Err(vm.value_error("incomplete format"));
        };
        rest = conversion.rest;
        if kind == '%' {
            out.push('%');
            continue;
        }
        let value = match key {
            Some(key) => {
                used_mapping = true;
                if !mapping {
                    return Err(vm.type_error("format requires a mapping"));
                }
                vm.get_item(values, &Value::from(key))?
            }
            None => match next.next() {
                Some(value) => value,
                None => return Err(vm.type_error("not enough arguments for format string")),
            },
        };
        out.push_str(&convert(vm, kind, &flags, width, precision, value)?);
    }
    out.push_str(rest);
    if next.next().is_some() && !mapping && !used_mapping {
        return Err(vm.type_error("not all arguments converted during string formatting"));
    }
    vm.reserve(out.len())?;
    Ok(Value::from(out))
}

struct Conversion<'a> {
    rest: &'a str,
}

impl<'a> Conversion<'a> {
    fn key(&mut self) -> Option<&'a str> {
        let (key, rest) = self.rest.strip_prefix('(')?.split_once(')')?;
        self.rest = rest;
        Some(key)
    }

    fn flags(&mut self) -> &'a str {
        let end = self.rest.find(|c| !"#0- +".contains(c)).unwrap_or(self.rest.len());
        let (flags, rest) = self.rest.split_at(end);
        self.rest = rest;
        flags
    }

    fn number(
        &mut self,
        vm: &mut Vm,
        next: &mut dyn Iterator<Item = Value>,
    ) -> Result<Option<i64>, Raise> {
        if let Some(rest) = self.rest.strip_prefix('*') {
            self.rest = rest;
            return match next.next() {
                Some(value) => vm.index(&value).map(Some),
                None => Err(vm.type_error("not enough arguments for format string")),
            };
        }
        let end = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at(end);
        self.rest = rest;
        Ok(digits.parse().ok())
    }

    fn precision(
        &mut self,
        vm: &mut Vm,
        next: &mut dyn Iterator<Item = Value>,
    ) -> Result<Option<usize>, Raise> {
        let Some(rest) = self.rest.strip_prefix('.') else { return Ok(None) };
        self.rest = rest;
        Ok(Some(usize::try_from(self.number(vm, next)?.unwrap_or(0)).unwrap_or(0)))
    }

    fn kind(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start_matches(['l', 'h', 'L']);
        let kind = self.rest.chars().next()?;
        self.rest = self.rest.get(kind.len_utf8()..).unwrap_or("");
        Some(kind)
    }
}

fn convert(
    vm: &mut Vm,
    kind: char,
    flags: &str,
    width: usize,
    precision: Option<usize>,
    value: Value,
) -> Result<String, Raise> {
    let text = match kind {
        's' => vm.str(&value)?,
        'r' => vm.repr(&value)?,
        'a' => vm.ascii(&value)?,
        'c' => match value.as_str() {
            Some(text) => text,
            None => {
                let code = vm.index(&value)?;
                let character = u32::try_from(code).ok().and_then(char::from_u32);
                match character {
                    Some(character) => character.to_string().into(),
                    None => {
                        return Err(vm.error("OverflowError", "%c arg not in range(0x110000)"));
                    }
                }
            }
        },
        'd' | 'i' | 'u' | 'x' | 'X' | 'o' | 'e' | 'E' | 'f' | 'F' | 'g' | 'G' => {
            let value = value.unwrapped();
            let number =
                matches!(value, Value::Int(_) | Value::Bool(_) | Value::Big(_) | Value::Float(_));
            let whole = matches!(kind, 'x' | 'X' | 'o');
            if !number || (whole && matches!(value, Value::Float(_))) {
                if let Some(method) = vm.special_method(&value, "__float__") {
                    let float = vm.call(&method, [value])?;
                    return convert(vm, kind, flags, width, precision, float);
                }
                let class = vm.class_of(&value).name();
                let wanted = match kind {
                    'x' | 'X' | 'o' => "an integer is required",
                    'd' | 'i' | 'u' => "a real number is required",
                    _ => return Err(vm.type_error(format!("must be real number, not {class}"))),
                };
                return Err(vm.type_error(format!("%{kind} format: {wanted}, not {class}")));
            }
            let (kind, value) = match (kind, value) {
                ('d' | 'i' | 'u', value @ Value::Float(_)) => {
                    ('d', super::number::to_int(vm, &value)?)
                }
                ('i' | 'u', value) => ('d', value),
                (kind, value) => (kind, value),
            };
            return super::format::format_printf(vm, &value, flags, width, precision, kind);
        }
        other => {
            return Err(vm.value_error(format!("unsupported format character '{other}'")));
        }
    };
    super::format::format_printf(vm, &Value::Str(text), flags, width, precision, 's')
}
