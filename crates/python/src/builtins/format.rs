//! Format specifications and `str.format`.

use num_traits::{Signed, ToPrimitive};

use crate::host::Raise;
use crate::value::{Str, Value, big, format_float};
use crate::vm::Vm;

/// A parsed format specification.
#[derive(Default)]
struct Spec {
    fill: Option<char>,
    align: Option<char>,
    sign: Option<char>,
    alternate: bool,
    zero: bool,
    width: usize,
    grouping: Option<char>,
    precision: Option<usize>,
    kind: Option<char>,
}

fn parse(text: &str) -> Option<Spec> {
    let mut spec = Spec::default();
    let characters: Vec<char> = text.chars().collect();
    let mut at = 0;
    let peek = |at: usize| characters.get(at).copied();
    let aligns = |c: Option<char>| c.filter(|c| matches!(c, '<' | '>' | '=' | '^'));
    if let Some(align) = aligns(peek(1)) {
        (spec.fill, spec.align, at) = (peek(0), Some(align), 2);
    } else if let Some(align) = aligns(peek(0)) {
        (spec.align, at) = (Some(align), 1);
    }
    if let Some(sign @ ('+' | '-' | ' ')) = peek(at) {
        spec.sign = Some(sign);
        at += 1;
    }
    if peek(at) == Some('z') {
        at += 1;
    }
    if peek(at) == Some('#') {
        spec.alternate = true;
        at += 1;
    }
    if peek(at) == Some('0') {
        spec.zero = true;
        at += 1;
    }
    let number = |at: &mut usize| -> Option<usize> {
        let start = *at;
        let mut value = 0_usize;
        while let Some(digit) = peek(*at).and_then(|c| c.to_digit(10)) {
            value = value.checked_mul(10)?.checked_add(usize::try_from(digit).ok()?)?;
            *at += 1;
        }
        (*at > start).then_some(value)
    };
    spec.width = number(&mut at).unwrap_or(0);
    if let Some(grouping @ (',' | '_')) = peek(at) {
        spec.grouping = Some(grouping);
        at += 1;
    }
    if peek(at) == Some('.') {
        at += 1;
        spec.precision = Some(number(&mut at)?);
    }
    spec.kind = peek(at);
    (at + usize::from(spec.kind.is_some()) == characters.len()).then_some(spec)
}

/// `format(value, specification)` of a built-in string or number.
pub(crate) fn format_value(vm: &mut Vm, value: &Value, text: &str) -> Result<Str, Raise> {
    let Some(spec) = parse(text) else {
        let class = vm.class_of(value).name();
        return Err(vm.value_error(format!(
            "Invalid format specifier '{text}' for object of type '{class}'"
        )));
    };
    vm.reserve(spec.width.saturating_add(spec.precision.unwrap_or(0)))?;
    match value {
        Value::Str(string) => format_text(vm, string, &spec),
        Value::Float(float) => format_real(vm, *float, &spec),
        Value::Bool(flag) if spec.kind.is_none() && text.chars().all(|c| !c.is_ascii_digit()) => {
            format_text(vm, if *flag { "True" } else { "False" }, &spec)
        }
        other => match spec.kind {
            Some('e' | 'E' | 'f' | 'F' | 'g' | 'G' | '%') => {
                let float = vm.to_float(other)?;
                format_real(vm, float, &spec)
            }
            _ => format_integer(vm, other, &spec),
        },
    }
}

fn unknown(vm: &mut Vm, kind: char, class: &str) -> Raise {
    vm.value_error(format!("Unknown format code '{kind}' for object of type '{class}'"))
}

fn format_text(vm: &mut Vm, text: &str, spec: &Spec) -> Result<Str, Raise> {
    match (spec.kind, spec.align) {
        (Some(kind), _) if kind != 's' => return Err(unknown(vm, kind, "str")),
        (_, Some('=')) => {
            return Err(vm.value_error("'=' alignment not allowed in string format specifier"));
        }
        _ => {}
    }
    if spec.sign.is_some() {
        return Err(vm.value_error("Sign not allowed in string format specifier"));
    }
    let cut: String = match spec.precision {
        Some(precision) => text.chars().take(precision).collect(),
        None => text.to_owned(),
    };
    let fill = spec.fill.unwrap_or(if spec.zero { '0' } else { ' ' });
    Ok(pad(&cut, "", fill, spec.align.unwrap_or('<'), spec.width).into())
}

fn format_integer(vm: &mut Vm, value: &Value, spec: &Spec) -> Result<Str, Raise> {
    let number = big(value).unwrap_or_default();
    if spec.precision.is_some() {
        return Err(vm.value_error("Precision not allowed in integer format specifier"));
    }
    let magnitude = number.abs();
    let (digits, prefix) = match spec.kind {
        None | Some('d' | 'n') => (magnitude.to_string(), ""),
        Some('b') => (magnitude.to_str_radix(2), "0b"),
        Some('o') => (magnitude.to_str_radix(8), "0o"),
        Some('x') => (magnitude.to_str_radix(16), "0x"),
        Some('X') => (magnitude.to_str_radix(16).to_uppercase(), "0X"),
        Some('c') => {
            let character = number.to_u32().and_then(char::from_u32);
            return match character {
                Some(character) => {
                    let text = character.to_string();
                    Ok(pad(&text, "", spec.fill.unwrap_or(' '), '<', spec.width).into())
                }
                None => Err(vm.error("OverflowError", "%c arg not in range(0x110000)")),
            };
        }
        Some(kind) => return Err(unknown(vm, kind, "int")),
    };
    let prefix = if spec.alternate { prefix } else { "" };
    Ok(numeric(&digits, "", number.is_negative(), prefix, spec).into())
}

/// Sign, grouping and padding of a number.
fn numeric(digits: &str, tail: &str, negative: bool, prefix: &str, spec: &Spec) -> String {
    let sign = match (negative, spec.sign) {
        (true, _) => "-",
        (false, Some('+')) => "+",
        (false, Some(' ')) => " ",
        _ => "",
    };
    let head = format!("{sign}{prefix}");
    let (fill, align) = match (spec.fill, spec.align, spec.zero) {
        (None, None, true) => ('0', '='),
        (fill, align, zero) => (fill.unwrap_or(if zero { '0' } else { ' ' }), align.unwrap_or('>')),
    };
    let body = match spec.grouping {
        Some(separator) => {
            let group = if matches!(spec.kind, Some('b' | 'o' | 'x' | 'X')) { 4 } else { 3 };
            let minimum = if fill == '0' && align == '=' {
                spec.width.saturating_sub(head.len() + tail.len())
            } else {
                0
            };
            group_digits(digits, separator, group, minimum)
        }
        None => digits.to_owned(),
    };
    pad(&format!("{body}{tail}"), &head, fill, align, spec.width)
}

fn group_digits(digits: &str, separator: char, group: usize, minimum: usize) -> String {
    let mut digits: Vec<char> = digits.chars().collect();
    let length = |count: usize| count + count.saturating_sub(1) / group;
    while length(digits.len()) < minimum {
        digits.insert(0, '0');
    }
    let mut out = String::new();
    let count = digits.len();
    for (at, digit) in digits.into_iter().enumerate() {
        if at > 0 && (count - at).is_multiple_of(group) {
            out.push(separator);
        }
        out.push(digit);
    }
    out
}

fn format_real(vm: &mut Vm, value: f64, spec: &Spec) -> Result<Str, Raise> {
    let magnitude = value.abs();
    let negative = value.is_sign_negative() && !value.is_nan();
    let upper = matches!(spec.kind, Some('E' | 'F' | 'G'));
    let mut percent = "";
    let text = if !value.is_finite() {
        if value.is_nan() { "nan".to_owned() } else { "inf".to_owned() }
    } else {
        match spec.kind {
            None => match spec.precision {
                None => format_float(magnitude),
                Some(precision) => general(magnitude, precision.max(1), spec.alternate, true),
            },
            Some('f' | 'F') => format!("{magnitude:.*}", spec.precision.unwrap_or(6)),
            Some('%') => {
                percent = "%";
                format!("{:.*}", spec.precision.unwrap_or(6), magnitude * 100.0)
            }
            Some('e' | 'E') => exponential(magnitude, spec.precision.unwrap_or(6)),
            Some('g' | 'G' | 'n') => {
                general(magnitude, spec.precision.unwrap_or(6).max(1), spec.alternate, false)
            }
            Some(kind) => return Err(unknown(vm, kind, "float")),
        }
    };
    let text = if upper { text.to_uppercase() } else { text };
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, tail) = text.split_at(split);
    Ok(numeric(digits, &format!("{tail}{percent}"), negative, "", spec).into())
}

/// `1.5e+10`.
fn exponential(value: f64, precision: usize) -> String {
    let text = format!("{value:.precision$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

/// `g`: significant digits, the shorter of both notations.
fn general(value: f64, precision: usize, alternate: bool, like_repr: bool) -> String {
    if value == 0.0 {
        return if like_repr { "0.0".into() } else { "0".into() };
    }
    let scientific = exponential(value, precision - 1);
    let exponent: i64 = scientific.split_once('e').and_then(|(_, e)| e.parse().ok()).unwrap_or(0);
    let limit = i64::try_from(precision).unwrap_or(i64::MAX);
    let strip = |text: &str| -> String {
        if alternate || !text.contains('.') {
            return text.to_owned();
        }
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    // Without a type the form of `repr` is wanted, which needs a place after the point.
    let limit = if like_repr { limit - 1 } else { limit };
    if exponent < -4 || exponent >= limit {
        let (mantissa, power) = scientific.split_once('e').unwrap_or((&scientific, "+00"));
        return format!("{}e{power}", strip(mantissa));
    }
    let places = usize::try_from(i64::try_from(precision).unwrap_or(0) - 1 - exponent).unwrap_or(0);
    let text = strip(&format!("{value:.places$}"));
    if like_repr && !text.contains('.') { text + ".0" } else { text }
}

fn pad(body: &str, head: &str, fill: char, align: char, width: usize) -> String {
    let length = body.chars().count() + head.chars().count();
    let missing = width.saturating_sub(length);
    let fill = |count: usize| -> String { std::iter::repeat_n(fill, count).collect() };
    match align {
        '<' => format!("{head}{body}{}", fill(missing)),
        '^' => format!("{}{head}{body}{}", fill(missing / 2), fill(missing - missing / 2)),
        '=' => format!("{head}{}{body}", fill(missing)),
        _ => format!("{}{head}{body}", fill(missing)),
    }
}

/// A number in a `printf` conversion, whose flags are those of a format specification.
pub(super) fn format_printf(
    vm: &mut Vm,
    value: &Value,
    flags: &str,
    width: usize,
    precision: Option<usize>,
    kind: char,
) -> Result<String, Raise> {
    let left = flags.contains('-');
    let spec = Spec {
        fill: None,
        align: left.then_some('<'),
        sign: if flags.contains('+') {
            Some('+')
        } else if flags.contains(' ') {
            Some(' ')
        } else {
            None
        },
        alternate: flags.contains('#'),
        zero: flags.contains('0') && !left,
        width,
        grouping: None,
        precision: if matches!(kind, 'd' | 'x' | 'X' | 'o') { None } else { precision },
        kind: Some(kind),
    };
    vm.reserve(width.saturating_add(precision.unwrap_or(0)))?;
    let text = match (kind, value) {
        ('s', Value::Str(text)) => {
            let spec =
                Spec { zero: false, align: Some(if left { '<' } else { '>' }), sign: None, ..spec };
            format_text(vm, text, &spec)?
        }
        ('d' | 'x' | 'X' | 'o', _) => {
            let digits = precision.unwrap_or(0);
            let text = format_integer(vm, value, &spec)?;
            if digits > text.len() && width == 0 {
                return Ok(format!("{text:0>digits$}"));
            }
            text
        }
        _ => {
            let float = vm.to_float(value)?;
            format_real(vm, float, &spec)?
        }
    };
    Ok(text.to_string())
}

/// `template.format(*args, **names)`.
pub(super) fn format_template(
    vm: &mut Vm,
    template: &str,
    args: &[Value],
    names: Option<&Value>,
) -> Result<Value, Raise> {
    let mut automatic = 0;
    let text = expand(vm, template, args, names, &mut automatic, 2)?;
    vm.reserve(text.len())?;
    Ok(Value::from(text))
}

fn expand(
    vm: &mut Vm,
    template: &str,
    args: &[Value],
    names: Option<&Value>,
    automatic: &mut usize,
    depth: u32,
) -> Result<String, Raise> {
    let mut out = String::new();
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        if let Some(after) = from.strip_prefix("{{") {
            out.push('{');
            rest = after;
        } else if let Some(after) = from.strip_prefix("}}") {
            out.push('}');
            rest = after;
        } else if let Some(inside) = from.strip_prefix('{') {
            let Some(end) = closing(inside) else {
                return Err(vm.value_error(if inside.is_empty() {
                    "Single '{' encountered in format string"
                } else {
                    "expected '}' before end of string"
                }));
            };
            let (field, after) = inside.split_at(end);
            out.push_str(&replacement(vm, field, args, names, automatic, depth)?);
            rest = after.get(1..).unwrap_or("");
        } else {
            return Err(vm.value_error("Single '}' encountered in format string"));
        }
    }
    out.push_str(rest);
    Ok(out)
}

fn closing(text: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, character) in text.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn replacement(
    vm: &mut Vm,
    field: &str,
    args: &[Value],
    names: Option<&Value>,
    automatic: &mut usize,
    depth: u32,
) -> Result<String, Raise> {
    if depth == 0 {
        return Err(vm.value_error("Max string recursion exceeded"));
    }
    let split = field.find([':', '!']).unwrap_or(field.len());
    let (path, tail) = field.split_at(split);
    let (conversion, specification) = match tail.strip_prefix('!') {
        Some(tail) => {
            let conversion = tail.chars().next();
            let after = tail.get(conversion.map_or(0, char::len_utf8)..).unwrap_or("");
            (conversion, after.strip_prefix(':').unwrap_or(""))
        }
        None => (None, tail.strip_prefix(':').unwrap_or("")),
    };
    let value = field_value(vm, path, args, names, automatic)?;
    let value = match conversion {
        Some('r') => Value::Str(vm.repr(&value)?),
        Some('s') => Value::Str(vm.str(&value)?),
        Some('a') => Value::Str(vm.ascii(&value)?),
        _ => value,
    };
    let specification = if specification.contains('{') {
        expand(vm, specification, args, names, automatic, depth - 1)?
    } else {
        specification.to_owned()
    };
    vm.format(&value, &specification).map(|text| text.to_string())
}

fn field_value(
    vm: &mut Vm,
    path: &str,
    args: &[Value],
    names: Option<&Value>,
    automatic: &mut usize,
) -> Result<Value, Raise> {
    let end = path.find(['.', '[']).unwrap_or(path.len());
    let (first, mut rest) = path.split_at(end);
    let mut value = if first.is_empty() {
        *automatic += 1;
        positional(vm, args, *automatic - 1)?
    } else if let Ok(at) = first.parse::<usize>() {
        positional(vm, args, at)?
    } else {
        match names {
            Some(names) => vm.get_item(names, &Value::from(first))?,
            None => return Err(vm.key_error(Value::from(first))),
        }
    };
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let (name, tail) = after.split_at(end);
            value = vm.get_attribute(&value, name)?;
            rest = tail;
        } else {
            let inside = rest.get(1..).unwrap_or("");
            let Some((key, tail)) = inside.split_once(']') else {
                return Err(vm.value_error("Missing ']' in format string"));
            };
            let key = key.parse::<i64>().map_or_else(|_| Value::from(key), Value::Int);
            value = vm.get_item(&value, &key)?;
            rest = tail;
        }
    }
    Ok(value)
}

fn positional(vm: &mut Vm, args: &[Value], at: usize) -> Result<Value, Raise> {
    args.get(at).cloned().ok_or_else(|| {
        vm.index_error(format!("Replacement index {at} out of range for positional args tuple"))
    })
}
