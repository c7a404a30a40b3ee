//! Arguments of a native call, and binding them to parameters with Python's own errors.

use std::rc::Rc;

use super::{Object, Raise};
use crate::value::{Dict, Str, Value};
use crate::vm::Vm;

/// The arguments of a call.
#[derive(Clone, Debug, Default)]
pub struct Args {
    /// Positional arguments; of a method the first is the receiver.
    pub positional: Vec<Value>,
    /// Keyword arguments in the order they were given.
    pub keywords: Vec<(Str, Value)>,
}

impl From<Vec<Value>> for Args {
    fn from(positional: Vec<Value>) -> Self {
        Self { positional, keywords: Vec::new() }
    }
}

impl<const N: usize> From<[Value; N]> for Args {
    fn from(positional: [Value; N]) -> Self {
        Self { positional: positional.into(), keywords: Vec::new() }
    }
}

impl Args {
    /// No arguments.
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds a keyword argument.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.keywords.push((name.into(), value));
        self
    }

    /// A positional argument.
    pub fn get(&self, at: usize) -> Option<&Value> {
        self.positional.get(at)
    }

    /// A positional argument, or `None`.
    pub fn at(&self, at: usize) -> Value {
        self.positional.get(at).cloned().unwrap_or_default()
    }

    /// The number of positional arguments.
    pub fn len(&self) -> usize {
        self.positional.len()
    }

    /// Whether there are no arguments at all.
    pub fn is_empty(&self) -> bool {
        self.positional.is_empty() && self.keywords.is_empty()
    }

    /// Takes a keyword argument out.
    pub fn take_keyword(&mut self, name: &str) -> Option<Value> {
        let at = self.keywords.iter().position(|(keyword, _)| &**keyword == name)?;
        Some(self.keywords.remove(at).1)
    }

    /// The receiver as a native object of type `T`.
    pub fn this<T: Object>(&self, vm: &mut Vm) -> Result<Rc<T>, Raise> {
        let this = self.at(0);
        match this.downcast::<T>() {
            Some(object) => Ok(object),
            None => {
                let class = vm.class_of(&this).name();
                Err(vm.type_error(format!("descriptor does not apply to a '{class}' object")))
            }
        }
    }

    /// Binds the arguments to parameters written as in Python:
    /// `"sorted(iterable, /, *, key=, reverse=)"`. A parameter with `=` may be absent (none);
    /// `*name` collects a tuple and `**name` a dict. One slot per parameter, in order. Errors are
    /// Python's. A first parameter `self` or `cls` is not counted in them.
    pub fn bind<const N: usize>(
        self,
        vm: &mut Vm,
        signature: &'static str,
    ) -> Result<[Option<Value>; N], Raise> {
        let mut slots: [Option<Value>; N] = std::array::from_fn(|_| None);
        match fill(self, signature, &mut slots) {
            Ok(()) => Ok(slots),
            Err(message) => Err(vm.type_error(message)),
        }
    }
}

/// A parameter of a textual signature.
struct Parameter<'a> {
    name: &'a str,
    kind: Kind,
    required: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    PositionalOnly,
    Positional,
    KeywordOnly,
    Variadic,
    Keywords,
}

fn parse(signature: &str) -> (&str, Vec<Parameter<'_>>) {
    let (function, rest) = signature.split_once('(').unwrap_or((signature, ""));
    let mut parameters: Vec<Parameter<'_>> = Vec::new();
    let mut kind = Kind::Positional;
    for part in rest.trim_end_matches(')').split(',').map(str::trim).filter(|p| !p.is_empty()) {
        if part == "/" {
            for parameter in &mut parameters {
                parameter.kind = Kind::PositionalOnly;
            }
        } else if part == "*" {
            kind = Kind::KeywordOnly;
        } else if let Some(name) = part.strip_prefix("**") {
            parameters.push(Parameter { name, kind: Kind::Keywords, required: false });
        } else if let Some(name) = part.strip_prefix('*') {
            parameters.push(Parameter { name, kind: Kind::Variadic, required: false });
            kind = Kind::KeywordOnly;
        } else {
            let name = part.split('=').next().unwrap_or(part);
            parameters.push(Parameter { name, kind, required: !part.contains('=') });
        }
    }
    (function, parameters)
}

fn fill(args: Args, signature: &str, slots: &mut [Option<Value>]) -> Result<(), String> {
    let (function, parameters) = parse(signature);
    let hidden = parameters.first().is_some_and(|first| matches!(first.name, "self" | "cls"));
    let hidden = usize::from(hidden);
    let given = args.positional.len();
    let mut positional = args.positional.into_iter();
    for (parameter, slot) in parameters.iter().zip(slots.iter_mut()) {
        match parameter.kind {
            Kind::PositionalOnly | Kind::Positional => *slot = positional.next(),
            Kind::Variadic => *slot = Some(Value::tuple(positional.by_ref().collect())),
            Kind::KeywordOnly | Kind::Keywords => {}
        }
    }
    if positional.next().is_some() {
        return Err(too_many(function, &parameters, given, hidden));
    }
    let extra = Dict::default();
    for (name, value) in args.keywords {
        let named = |parameter: &Parameter<'_>| {
            parameter.name == &*name
                && matches!(parameter.kind, Kind::Positional | Kind::KeywordOnly)
        };
        if let Some(slot) = parameters.iter().position(named).and_then(|at| slots.get_mut(at)) {
            if slot.is_some() {
                return Err(format!("{function}() got multiple values for argument '{name}'"));
            }
            *slot = Some(value);
        } else if parameters.iter().any(|parameter| parameter.kind == Kind::Keywords) {
            extra.set_name(&name, value);
        } else {
            return Err(format!("{function}() got an unexpected keyword argument '{name}'"));
        }
    }
    if let Some(at) = parameters.iter().position(|parameter| parameter.kind == Kind::Keywords)
        && let Some(slot) = slots.get_mut(at)
    {
        *slot = Some(Value::Dict(Rc::new(extra)));
    }
    missing(function, &parameters, slots)
}

fn too_many(function: &str, parameters: &[Parameter<'_>], given: usize, hidden: usize) -> String {
    let takes = |required: bool| {
        parameters
            .iter()
            .filter(|p| matches!(p.kind, Kind::PositionalOnly | Kind::Positional))
            .filter(|p| !required || p.required)
            .count()
            .saturating_sub(hidden)
    };
    let (least, most) = (takes(true), takes(false));
    let given = given.saturating_sub(hidden);
    let was = if given == 1 { "was" } else { "were" };
    let plural = if most == 1 { "" } else { "s" };
    if most == 0 {
        return format!("{function}() takes no arguments ({given} given)");
    }
    if least == most {
        format!("{function}() takes {most} positional argument{plural} but {given} {was} given")
    } else {
        format!(
            "{function}() takes from {least} to {most} positional arguments but {given} {was} given"
        )
    }
}

fn missing(
    function: &str,
    parameters: &[Parameter<'_>],
    slots: &[Option<Value>],
) -> Result<(), String> {
    let absent = |keyword_only: bool| -> Vec<&str> {
        parameters
            .iter()
            .zip(slots)
            .filter(|(p, slot)| {
                p.required && slot.is_none() && (p.kind == Kind::KeywordOnly) == keyword_only
            })
            .map(|(p, _)| p.name)
            .collect()
    };
    for (names, kind) in [(absent(false), "positional"), (absent(true), "keyword-only")] {
        if !names.is_empty() {
            return Err(missing_message(function, kind, &names));
        }
    }
    Ok(())
}

/// Python's message for missing arguments.
pub(crate) fn missing_message(function: &str, kind: &str, names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("'{name}'")).collect();
    let list = match quoted.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [one, two] => format!("{one} and {two}"),
        [first @ .., last] => format!("{}, and {last}", first.join(", ")),
    };
    let plural = if names.len() == 1 { "" } else { "s" };
    format!("{function}() missing {} required {kind} argument{plural}: {list}", names.len())
}
