//! The other built-in functions.

use std::rc::Rc;

use num_traits::Signed;

use crate::host::{Args, Compare, Raise};
use crate::value::{Iter, Value, big};
use crate::vm::{Kind, Vm};

fn print(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    let option = |vm: &mut Vm, value: Option<Value>, absent: &str| -> Result<String, Raise> {
        match value {
            None | Some(Value::None) => Ok(absent.to_owned()),
            Some(other) => match other.as_str() {
                Some(text) => Ok(text.to_string()),
                None => {
                    let class = vm.class_of(&other).name();
                    Err(vm.type_error(format!("sep must be None or a string, not {class}")))
                }
            },
        }
    };
    let separator = args.take_keyword("sep");
    let separator = option(vm, separator, " ")?;
    let end = args.take_keyword("end");
    let end = option(vm, end, "\n")?;
    let file = args.take_keyword("file");
    args.take_keyword("flush");
    if let Some((name, _)) = args.keywords.first() {
        let name = name.clone();
        return Err(vm.type_error(format!("'{name}' is an invalid keyword argument for print()")));
    }
    let mut out = String::new();
    for (at, value) in args.positional.iter().enumerate() {
        if at > 0 {
            out.push_str(&separator);
        }
        out.push_str(&vm.str(value)?);
    }
    out.push_str(&end);
    vm.reserve(out.len())?;
    match file {
        Some(file @ Value::Instance(_)) => {
            vm.call_method(&file, "write", [Value::from(out)])?;
        }
        _ => vm.write(&out),
    }
    Ok(Value::None)
}

fn len(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [value] = args.bind(vm, "len(obj, /)")?;
    vm.length(&value.unwrap_or_default()).map(Value::size)
}

fn repr(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [value] = args.bind(vm, "repr(obj, /)")?;
    vm.repr(&value.unwrap_or_default()).map(Value::Str)
}

fn ascii(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    vm.ascii(&args.at(0)).map(Value::Str)
}

fn format(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [value, specification] = args.bind(vm, "format(value, format_spec=, /)")?;
    let specification = specification.and_then(|s| s.as_str()).unwrap_or_default();
    vm.format(&value.unwrap_or_default(), &specification).map(Value::Str)
}

fn abs(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let value = args.at(0);
    match &value {
        Value::Float(float) => Ok(Value::Float(float.abs())),
        Value::Int(_) | Value::Bool(_) | Value::Big(_) => {
            Ok(Value::int(big(&value).unwrap_or_default().abs()))
        }
        other => match vm.special_method(other, "__abs__") {
            Some(method) => vm.tail_call(method, [value]),
            None => {
                if let Value::Instance(instance) = other
                    && let Some(base) = instance.base()
                {
                    return abs(vm, Args::from([base]));
                }
                let class = vm.class_of(other).name();
                Err(vm.type_error(format!("bad operand type for abs(): '{class}'")))
            }
        },
    }
}

fn round(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [number, digits] = args.bind(vm, "round(number, ndigits=)")?;
    let digits = match digits {
        None | Some(Value::None) => None,
        Some(digits) => Some(vm.index(&digits)?),
    };
    super::number::round(vm, &number.unwrap_or_default().unwrapped(), digits)
}

fn divmod(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    use crate::host::BinaryOperator::{FloorDiv, Mod};
    let (a, b) = (args.at(0), args.at(1));
    if let Some(method) = vm.special_method(&a, "__divmod__") {
        return vm.call(&method, [a, b]);
    }
    let quotient = vm.binary(FloorDiv, &a, &b)?;
    let rest = vm.binary(Mod, &a, &b)?;
    Ok(Value::tuple(vec![quotient, rest]))
}

fn pow(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [base, exponent, modulus] = args.bind(vm, "pow(base, exp, mod=)")?;
    let (base, exponent) = (base.unwrap_or_default(), exponent.unwrap_or_default());
    match modulus {
        None | Some(Value::None) => vm.binary(crate::host::BinaryOperator::Pow, &base, &exponent),
        Some(modulus) => vm.power_modulo(&[base, exponent, modulus]),
    }
}

fn integer_text(vm: &mut Vm, args: &Args, radix: u32, prefix: &str) -> Result<Value, Raise> {
    let value = match big(&args.at(0)) {
        Some(value) => value,
        None => num_bigint::BigInt::from(vm.index(&args.at(0))?),
    };
    let sign = if value.is_negative() { "-" } else { "" };
    Ok(Value::from(format!("{sign}{prefix}{}", value.abs().to_str_radix(radix))))
}

fn ord(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let value = args.at(0);
    if let Some(text) = value.as_str() {
        let mut characters = text.chars();
        if let (Some(one), None) = (characters.next(), characters.next()) {
            return Ok(Value::Int(i64::from(u32::from(one))));
        }
        let length = text.chars().count();
        return Err(vm.type_error(format!(
            "ord() expected a character, but string of length {length} found"
        )));
    }
    if let Value::Bytes(bytes) = &value
        && let [byte] = &**bytes
    {
        return Ok(Value::Int(i64::from(*byte)));
    }
    let class = vm.class_of(&value).name();
    Err(vm.type_error(format!("ord() expected string of length 1, but {class} found")))
}

fn chr(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let code = vm.index(&args.at(0))?;
    match u32::try_from(code).ok().and_then(char::from_u32) {
        Some(character) => Ok(Value::from(&*character.encode_utf8(&mut [0; 4]))),
        None => Err(vm.value_error("chr() arg not in range(0x110000)")),
    }
}

fn iter(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [target, sentinel] = args.bind(vm, "iter(object, sentinel=, /)")?;
    let target = target.unwrap_or_default();
    match sentinel {
        None => vm.iter(&target),
        Some(sentinel) => Ok(Iter::from_fn("callable_iterator", move |vm| {
            let value = vm.call(&target, Vec::new())?;
            Ok(if vm.equal(&value, &sentinel)? { None } else { Some(value) })
        })),
    }
}

fn next(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [iterator, default] = args.bind(vm, "next(iterator, default=, /)")?;
    let iterator = iterator.unwrap_or_default();
    match (vm.next(&iterator)?, default) {
        (Some(value), _) | (None, Some(value)) => Ok(value),
        (None, None) => {
            let class = vm.exception("StopIteration");
            Err(vm.raise(&class, Vec::new()))
        }
    }
}

fn reversed(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    vm.reversed(&args.at(1))
}

fn enumerate(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [_, iterable, start] = args.bind(vm, "enumerate(cls, iterable, start=)")?;
    let iterator = vm.iter(&iterable.unwrap_or_default())?;
    let mut at = match start {
        Some(start) => vm.index(&start)?,
        None => 0,
    };
    Ok(Iter::from_fn("enumerate", move |vm| {
        let Some(value) = vm.next(&iterator)? else { return Ok(None) };
        at += 1;
        Ok(Some(Value::tuple(vec![Value::Int(at - 1), value])))
    }))
}

fn zip(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    let strict = match args.take_keyword("strict") {
        Some(strict) => vm.truth(&strict)?,
        None => false,
    };
    let mut iterators = Vec::new();
    for iterable in args.positional.iter().skip(1) {
        iterators.push(vm.iter(iterable)?);
    }
    Ok(Iter::from_fn("zip", move |vm| {
        let mut row = Vec::with_capacity(iterators.len());
        for (at, iterator) in iterators.iter().enumerate() {
            match vm.next(iterator)? {
                Some(value) => row.push(value),
                None if strict && at > 0 => {
                    let plural = if at == 1 { " " } else { "s 1-" };
                    let message =
                        format!("zip() argument {} is shorter than argument{plural}{at}", at + 1);
                    return Err(vm.value_error(message));
                }
                None => {
                    if strict {
                        for (other, iterator) in iterators.iter().enumerate().skip(1) {
                            if vm.next(iterator)?.is_some() {
                                let plural = if other == 1 { " " } else { "s 1-" };
                                let message = format!(
                                    "zip() argument {} is longer than argument{plural}{other}",
                                    other + 1
                                );
                                return Err(vm.value_error(message));
                            }
                        }
                    }
                    return Ok(None);
                }
            }
        }
        Ok(if row.is_empty() { None } else { Some(Value::tuple(row)) })
    }))
}

fn map(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let function = args.at(1);
    if args.len() < 3 {
        return Err(vm.type_error("map() must have at least two arguments."));
    }
    let mut iterators = Vec::new();
    for iterable in args.positional.iter().skip(2) {
        iterators.push(vm.iter(iterable)?);
    }
    Ok(Iter::from_fn("map", move |vm| {
        let mut row = Vec::with_capacity(iterators.len());
        for iterator in &iterators {
            match vm.next(iterator)? {
                Some(value) => row.push(value),
                None => return Ok(None),
            }
        }
        vm.call(&function, row).map(Some)
    }))
}

fn filter(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [_, function, iterable] = args.bind(vm, "filter(cls, function, iterable, /)")?;
    let function = function.unwrap_or_default();
    let iterator = vm.iter(&iterable.unwrap_or_default())?;
    Ok(Iter::from_fn("filter", move |vm| {
        while let Some(value) = vm.next(&iterator)? {
            let keep = match &function {
                Value::None => value.clone(),
                function => vm.call(function, [value.clone()])?,
            };
            if vm.truth(&keep)? {
                return Ok(Some(value));
            }
            vm.tick(1)?;
        }
        Ok(None)
    }))
}

fn sum(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [iterable, start] = args.bind(vm, "sum(iterable, /, start=)")?;
    let mut total = start.unwrap_or(Value::Int(0));
    if matches!(total, Value::Str(_)) {
        return Err(vm.type_error("sum() can't sum strings [use ''.join(seq) instead]"));
    }
    for item in vm.collect(&iterable.unwrap_or_default())? {
        total = vm.binary(crate::host::BinaryOperator::Add, &total, &item)?;
    }
    Ok(total)
}

fn extreme(vm: &mut Vm, mut args: Args, by: Compare, name: &str) -> Result<Value, Raise> {
    let key = args.take_keyword("key").filter(|key| !key.is_none());
    let default = args.take_keyword("default");
    let single = args.len() == 1;
    let items = if single {
        vm.collect(&args.at(0))?
    } else if args.positional.is_empty() {
        return Err(vm.type_error(format!("{name} expected at least 1 argument, got 0")));
    } else {
        args.positional
    };
    let mut best: Option<(Value, Value)> = None;
    for item in items {
        let measure = match &key {
            Some(key) => vm.call(key, [item.clone()])?,
            None => item.clone(),
        };
        let better = match &best {
            None => true,
            Some((so_far, _)) => {
                let result = vm.compare(by, &measure, so_far)?;
                vm.truth(&result)?
            }
        };
        if better {
            best = Some((measure, item));
        }
    }
    match (best, default) {
        (Some((_, item)), _) => Ok(item),
        (None, Some(default)) => Ok(default),
        (None, None) => Err(vm.value_error(format!("{name}() arg is an empty sequence"))),
    }
}

fn sorted(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [iterable, key, reverse] = args.bind(vm, "sorted(iterable, /, *, key=, reverse=)")?;
    let items = vm.collect(&iterable.unwrap_or_default())?;
    let reverse = match reverse {
        Some(reverse) => vm.truth(&reverse)?,
        None => false,
    };
    super::list::sort_values(vm, items, key.as_ref(), reverse).map(Value::list)
}

fn absent(vm: &mut Vm, name: &str, why: &str) -> Result<Value, Raise> {
    Err(vm.unsupported(format!("{name}() is not available here: {why}")))
}

/// `eval` of expressions: enough for what scripts print.
fn eval(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let text = args.at(0).as_str().unwrap_or_default();
    let globals = match args.at(1) {
        Value::Dict(dict) => dict,
        _ => Rc::clone(&vm.frame.globals),
    };
    vm.evaluate(text.trim(), &globals)
}

fn send(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    match args.at(0) {
        Value::Generator(generator) => vm.send_to(&generator, args.at(1)),
        _ => Err(vm.type_error("descriptor 'send' requires a generator")),
    }
}

fn throw(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let Value::Generator(generator) = args.at(0) else { return Ok(Value::None) };
    let exception = match args.get(2) {
        Some(value @ Value::Instance(_)) => value.clone(),
        _ => args.at(1),
    };
    let raise = vm.exception_of(exception)?;
    match vm.throw_into(&generator, raise)? {
        Some(value) => Ok(value),
        None => {
            let class = vm.exception("StopIteration");
            Err(vm.raise(&class, Vec::new()))
        }
    }
}

fn close(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    if let Value::Generator(generator) = args.at(0) {
        vm.close_generator(&generator)?;
    }
    Ok(Value::None)
}

fn itself(_: &mut Vm, args: Args) -> Result<Value, Raise> {
    Ok(args.at(0))
}

fn iterator_next(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    next(vm, Args::from([args.at(0)]))
}

fn length_hint(_: &mut Vm, args: Args) -> Result<Value, Raise> {
    match args.at(0) {
        Value::Iter(iter) => Ok(iter.remaining().map_or(Value::Int(0), Value::size)),
        _ => Ok(Value::Int(0)),
    }
}

pub(super) fn install(vm: &mut Vm) {
    super::add_functions(
        vm,
        &[
            ("print", print, None),
            ("len", len, None),
            ("repr", repr, None),
            ("ascii", ascii, None),
            ("format", format, None),
            ("abs", abs, None),
            ("round", round, None),
            ("divmod", divmod, None),
            ("pow", pow, None),
            ("hex", |vm, args| integer_text(vm, &args, 16, "0x"), None),
            ("oct", |vm, args| integer_text(vm, &args, 8, "0o"), None),
            ("bin", |vm, args| integer_text(vm, &args, 2, "0b"), None),
            ("ord", ord, None),
            ("chr", chr, None),
            ("iter", iter, None),
            ("next", next, None),
            ("sum", sum, Some(0)),
            ("min", |vm, args| extreme(vm, args, Compare::Less, "min"), Some(0)),
            ("max", |vm, args| extreme(vm, args, Compare::Greater, "max"), Some(0)),
            ("sorted", sorted, Some(0)),
            ("eval", eval, None),
            ("input", |vm, _| absent(vm, "input", "a script cannot ask the reader"), None),
            ("open", |vm, _| absent(vm, "open", "there are no files"), None),
            ("exec", |vm, _| absent(vm, "exec", "write the code itself"), None),
            ("compile", |vm, _| absent(vm, "compile", "write the code itself"), None),
            ("breakpoint", |vm, _| absent(vm, "breakpoint", "use Step"), None),
        ],
    );
    super::set_constructor(vm, Kind::Enumerate, enumerate, None);
    super::set_constructor(vm, Kind::Zip, zip, None);
    super::set_constructor(vm, Kind::Map, map, None);
    super::set_constructor(vm, Kind::Filter, filter, None);
    super::set_constructor(vm, Kind::Reversed, reversed, None);
    for kind in [Kind::Generator, Kind::Coroutine, Kind::AsyncGenerator] {
        super::add_methods(
            vm,
            kind,
            &[
                ("send", send, None),
                ("throw", throw, None),
                ("close", close, None),
                ("__iter__", itself, None),
                ("__next__", iterator_next, None),
            ],
        );
    }
    for kind in
        [Kind::Iterator, Kind::Enumerate, Kind::Zip, Kind::Map, Kind::Filter, Kind::Reversed]
    {
        super::add_methods(
            vm,
            kind,
            &[
                ("__iter__", itself, None),
                ("__next__", iterator_next, None),
                ("__length_hint__", length_hint, None),
            ],
        );
    }
}
