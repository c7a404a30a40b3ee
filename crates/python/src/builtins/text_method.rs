//! The methods of strings.

use std::rc::Rc;

use super::list::wrap;
use super::string::{byte_position, character_count, character_position};
use crate::host::{Args, Raise};
use crate::value::{Dict, Str, Value};
use crate::vm::{Kind, Vm};

fn this(vm: &mut Vm, args: &Args) -> Result<Str, Raise> {
    text(vm, args, 0)
}

/// A positional argument that must be a string.
fn text(vm: &mut Vm, args: &Args, at: usize) -> Result<Str, Raise> {
    match args.at(at).as_str() {
        Some(text) => Ok(text),
        None => {
            let class = vm.class_of(&args.at(at)).name();
            Err(vm.type_error(format!("must be str, not {class}")))
        }
    }
}

fn optional(vm: &mut Vm, args: &Args, at: usize) -> Result<Option<Str>, Raise> {
    match args.get(at) {
        None | Some(Value::None) => Ok(None),
        Some(_) => text(vm, args, at).map(Some),
    }
}

fn count_argument(vm: &mut Vm, args: &Args, at: usize, absent: i64) -> Result<i64, Raise> {
    match args.get(at) {
        Some(value) if !value.is_none() => vm.index(value),
        _ => Ok(absent),
    }
}

/// Defines methods that map the whole text.
macro_rules! mapped {
    ($($name:ident = |$text:ident| $body:expr;)*) => {
        $(fn $name(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
            let $text = this(vm, &args)?;
            Ok(Value::from($body))
        })*
    };
}

mapped! {
    lower = |text| text.to_lowercase();
    upper = |text| text.to_uppercase();
    casefold = |text| text.to_lowercase().replace('ß', "ss");
    swapcase = |text| text.chars().map(swap_case).collect::<String>();
    capitalize = |text| capitalized(&text);
    title = |text| titled(&text);
    isalpha = |text| !text.is_empty() && text.chars().all(char::is_alphabetic);
    isdigit = |text| !text.is_empty() && text.chars().all(is_digit);
    isdecimal = |text| !text.is_empty() && text.chars().all(|c| c.is_numeric() && is_digit(c));
    isnumeric = |text| !text.is_empty() && text.chars().all(char::is_numeric);
    isalnum = |text| !text.is_empty() && text.chars().all(char::is_alphanumeric);
    isspace = |text| !text.is_empty() && text.chars().all(is_space);
    isascii = |text| text.is_ascii();
    isprintable = |text| text.chars().all(super::quote::is_printable);
    islower = |text| text.chars().any(char::is_lowercase) && !text.chars().any(char::is_uppercase);
    isupper = |text| text.chars().any(char::is_uppercase) && !text.chars().any(char::is_lowercase);
    istitle = |text| text.chars().any(char::is_alphabetic) && titled(&text) == *text;
    isidentifier = |text| is_identifier(&text);
}

fn is_digit(character: char) -> bool {
    character.is_ascii_digit() || (character.is_numeric() && !character.is_alphabetic())
}

fn is_space(character: char) -> bool {
    character.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&character)
}

fn is_identifier(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && characters.all(|c| c.is_alphanumeric() || c == '_')
}

fn swap_case(character: char) -> String {
    if character.is_uppercase() {
        character.to_lowercase().collect()
    } else {
        character.to_uppercase().collect()
    }
}

fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => {
            first.to_uppercase().chain(characters.flat_map(char::to_lowercase)).collect()
        }
        None => String::new(),
    }
}

fn titled(text: &str) -> String {
    let mut inside = false;
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if inside {
            out.extend(character.to_lowercase());
        } else {
            out.extend(character.to_uppercase());
        }
        inside = character.is_alphabetic();
    }
    out
}

#[derive(Clone, Copy)]
enum Side {
    Left,
    Right,
    Both,
}

fn strip(vm: &mut Vm, args: &Args, side: Side) -> Result<Value, Raise> {
    let this = this(vm, args)?;
    let set = optional(vm, args, 1)?;
    let drop = |c: char| match &set {
        Some(set) => set.contains(c),
        None => is_space(c),
    };
    Ok(Value::from(match side {
        Side::Left => this.trim_start_matches(drop),
        Side::Right => this.trim_end_matches(drop),
        Side::Both => this.trim_matches(drop),
    }))
}

fn split(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = this(vm, &args)?;
    let [_, separator, limit] = args.bind(vm, "split(self, sep=, maxsplit=)")?;
    let args = Args::from([Value::None, separator.unwrap_or_default(), limit.unwrap_or_default()]);
    let limit = usize::try_from(count_argument(vm, &args, 2, -1)?).ok();
    let parts: Vec<Value> = match optional(vm, &args, 1)? {
        Some(separator) if separator.is_empty() => {
            return Err(vm.value_error("empty separator"));
        }
        Some(separator) => match limit {
            Some(limit) => this.splitn(limit + 1, &*separator).map(Value::from).collect(),
            None => this.split(&*separator).map(Value::from).collect(),
        },
        None => split_spaces(&this, limit),
    };
    Ok(Value::list(parts))
}

fn split_spaces(text: &str, limit: Option<usize>) -> Vec<Value> {
    let mut parts = Vec::new();
    let mut rest = text.trim_start_matches(is_space);
    while !rest.is_empty() {
        if limit.is_some_and(|limit| parts.len() >= limit) {
            parts.push(Value::from(rest.trim_end_matches(is_space)));
            break;
        }
        let end = rest.find(is_space).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        parts.push(Value::from(part));
        rest = after.trim_start_matches(is_space);
    }
    parts
}

fn rsplit(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = this(vm, &args)?;
    let [_, separator, limit] = args.bind(vm, "rsplit(self, sep=, maxsplit=)")?;
    let args = Args::from([Value::None, separator.unwrap_or_default(), limit.unwrap_or_default()]);
    let limit = usize::try_from(count_argument(vm, &args, 2, -1)?).ok();
    let mut parts: Vec<Value> = match optional(vm, &args, 1)? {
        Some(separator) if separator.is_empty() => {
            return Err(vm.value_error("empty separator"));
        }
        Some(separator) => match limit {
            Some(limit) => this.rsplitn(limit + 1, &*separator).map(Value::from).collect(),
            None => this.rsplit(&*separator).map(Value::from).collect(),
        },
        None => {
            let mut parts = Vec::new();
            let mut rest = this.trim_end_matches(is_space);
            while !rest.is_empty() {
                if limit.is_some_and(|limit| parts.len() >= limit) {
                    parts.push(Value::from(rest.trim_start_matches(is_space)));
                    break;
                }
                let start = rest
                    .char_indices()
                    .rev()
                    .find(|(_, c)| is_space(*c))
                    .map_or(0, |(at, c)| at + c.len_utf8());
                let (before, part) = rest.split_at(start);
                parts.push(Value::from(part));
                rest = before.trim_end_matches(is_space);
            }
            parts
        }
    };
    parts.reverse();
    Ok(Value::list(parts))
}

fn splitlines(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = this(vm, &args)?;
    let keep = match args.get(1).or(args.keywords.first().map(|(_, value)| value)) {
        Some(keep) => vm.truth(&keep.clone())?,
        None => false,
    };
    let mut lines = Vec::new();
    let mut rest: &str = &this;
    while !rest.is_empty() {
        let end = rest.find(['\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}']);
        let Some(end) = end else {
            lines.push(Value::from(rest));
            break;
        };
        let (line, tail) = rest.split_at(end);
        let width = if tail.starts_with("\r\n") {
            2
        } else {
            tail.chars().next().map_or(1, char::len_utf8)
        };
        let (ending, after) = tail.split_at(width);
        lines.push(if keep { Value::from(format!("{line}{ending}")) } else { Value::from(line) });
        rest = after;
    }
    Ok(Value::list(lines))
}

fn join(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let separator = this(vm, &args)?;
    if !vm.is_iterable(&args.at(1)) {
        return Err(vm.type_error("can only join an iterable"));
    }
    let mut out = String::new();
    for (at, item) in vm.collect(&args.at(1))?.into_iter().enumerate() {
        if at > 0 {
            out.push_str(&separator);
        }
        match item.as_str() {
            Some(text) => out.push_str(&text),
            None => {
                let class = vm.class_of(&item).name();
                return Err(vm.type_error(format!(
                    "sequence item {at}: expected str instance, {class} found"
                )));
            }
        }
    }
    vm.reserve(out.len())?;
    Ok(Value::from(out))
}

fn replace(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = this(vm, &args)?;
    let (from, to) = (text(vm, &args, 1)?, text(vm, &args, 2)?);
    let limit = usize::try_from(count_argument(vm, &args, 3, -1)?).ok();
    vm.reserve(this.len().saturating_mul(to.len().max(1)).min(this.len() + (1 << 26)))?;
    Ok(Value::from(match limit {
        Some(limit) => this.replacen(&*from, &to, limit),
        None => this.replace(&*from, &to),
    }))
}

/// The part of the text that optional start and end select, and its byte offset.
fn region(vm: &mut Vm, args: &Args, this: &str) -> Result<Option<(usize, usize)>, Raise> {
    let length = i64::try_from(character_count(this)).unwrap_or(i64::MAX);
    let from = count_argument(vm, args, 2, 0)?;
    let to = count_argument(vm, args, 3, length)?;
    let clamp = |index: i64| if index < 0 { (index + length).max(0) } else { index };
    let (from, to) = (clamp(from), clamp(to).min(length));
    if from > to {
        return Ok(None);
    }
    let size = |index: i64| usize::try_from(index).unwrap_or(0);
    Ok(Some((byte_position(this, size(from)), byte_position(this, size(to)))))
}

fn search(vm: &mut Vm, args: &Args, last: bool) -> Result<Option<usize>, Raise> {
    let this = this(vm, args)?;
    let part = text(vm, args, 1)?;
    let Some((from, to)) = region(vm, args, &this)? else { return Ok(None) };
    let area = this.get(from..to).unwrap_or("");
    let found = if last { area.rfind(&*part) } else { area.find(&*part) };
    Ok(found.map(|at| character_position(&this, from + at)))
}

fn find(vm: &mut Vm, args: &Args, last: bool) -> Result<Value, Raise> {
    Ok(search(vm, args, last)?.map_or(Value::Int(-1), Value::size))
}

fn index(vm: &mut Vm, args: &Args, last: bool) -> Result<Value, Raise> {
    match search(vm, args, last)? {
        Some(at) => Ok(Value::size(at)),
        None => Err(vm.value_error("substring not found")),
    }
}

fn count(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = this(vm, &args)?;
    let part = text(vm, &args, 1)?;
    let Some((from, to)) = region(vm, &args, &this)? else { return Ok(Value::Int(0)) };
    let area = this.get(from..to).unwrap_or("");
    Ok(Value::size(if part.is_empty() {
        character_count(area) + 1
    } else {
        area.matches(&*part).count()
    }))
}

fn affix(vm: &mut Vm, args: &Args, end: bool) -> Result<Value, Raise> {
    let this = this(vm, args)?;
    let Some((from, to)) = region(vm, args, &this)? else { return Ok(Value::Bool(false)) };
    let area = this.get(from..to).unwrap_or("");
    let wanted = match args.at(1) {
        Value::Tuple(items) => items.to_vec(),
        other => vec![other],
    };
    for affix in wanted {
        let Some(affix) = affix.as_str() else {
            let class = vm.class_of(&affix).name();
            let name = if end { "endswith" } else { "startswith" };
            return Err(vm.type_error(format!(
                "{name} first arg must be str or a tuple of str, not {class}"
            )));
        };
        if (end && area.ends_with(&*affix)) || (!end && area.starts_with(&*affix)) {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

fn partition(vm: &mut Vm, args: &Args, last: bool) -> Result<Value, Raise> {
    let this = this(vm, args)?;
    let separator = text(vm, args, 1)?;
    if separator.is_empty() {
        return Err(vm.value_error("empty separator"));
    }
    let found = if last { this.rsplit_once(&*separator) } else { this.split_once(&*separator) };
    let parts = match found {
        Some((before, after)) => [before, &*separator, after],
        None if last => ["", "", &*this],
        None => [&*this, "", ""],
    };
    Ok(Value::tuple(parts.into_iter().map(Value::from).collect()))
}

fn pad(vm: &mut Vm, args: &Args, side: Side) -> Result<Value, Raise> {
    let this = this(vm, args)?;
    let width = usize::try_from(count_argument(vm, args, 1, 0)?).unwrap_or(0);
    let fill = optional(vm, args, 2)?.unwrap_or_else(|| " ".into());
    if fill.chars().count() != 1 {
        return Err(vm.type_error("The fill character must be exactly one character long"));
    }
    let missing = width.saturating_sub(character_count(&this));
    vm.reserve(missing * fill.len())?;
    let (left, right) = match side {
        Side::Left => (0, missing),
        Side::Right => (missing, 0),
        // CPython puts the odd space left when the width is odd.
        Side::Both => {
            let left = missing / 2 + (missing & width & 1);
            (left, missing - left)
        }
    };
    Ok(Value::from(format!("{}{this}{}", fill.repeat(left), fill.repeat(right))))
}

fn zfill(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = this(vm, &args)?;
    let width = usize::try_from(count_argument(vm, &args, 1, 0)?).unwrap_or(0);
    let missing = width.saturating_sub(character_count(&this));
    vm.reserve(missing)?;
    let (sign, digits) = match this.strip_prefix(['+', '-']) {
        Some(digits) => (this.get(..1).unwrap_or(""), digits),
        None => ("", &*this),
    };
    Ok(Value::from(format!("{sign}{}{digits}", "0".repeat(missing))))
}

fn expandtabs(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = this(vm, &args)?;
    let size = usize::try_from(count_argument(vm, &args, 1, 8)?).unwrap_or(0);
    let mut out = String::new();
    let mut column = 0;
    for character in this.chars() {
        match character {
            '\t' if size > 0 => {
                let width = size - column % size;
                vm.reserve(out.len() + width)?;
                out.push_str(&" ".repeat(width));
                column += width;
            }
            '\t' => {}
            other => {
                out.push(other);
                column = if matches!(other, '\n' | '\r') { 0 } else { column + 1 };
            }
        }
    }
    Ok(Value::from(out))
}

fn removed(vm: &mut Vm, args: &Args, end: bool) -> Result<Value, Raise> {
    let this = this(vm, args)?;
    let affix = text(vm, args, 1)?;
    let rest = if end { this.strip_suffix(&*affix) } else { this.strip_prefix(&*affix) };
    Ok(Value::from(rest.unwrap_or(&this)))
}

fn encode(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = this(vm, &args)?;
    let [_, encoding, _] = args.bind(vm, "encode(self, encoding=, errors=)")?;
    let encoding = encoding.and_then(|e| e.as_str()).unwrap_or_else(|| "utf-8".into());
    match encoding.to_ascii_lowercase().replace('_', "-").as_str() {
        "utf-8" | "utf8" => Ok(Value::Bytes(this.as_bytes().into())),
        "ascii" | "latin-1" | "iso-8859-1" | "latin1" => {
            let limit = if encoding.starts_with('a') { 128 } else { 256 };
            let mut bytes = Vec::new();
            for (at, character) in this.chars().enumerate() {
                match u8::try_from(u32::from(character)) {
                    Ok(byte) if u32::from(byte) < limit => bytes.push(byte),
                    _ => {
                        let code = u32::from(character);
                        return Err(vm.error(
                            "UnicodeEncodeError",
                            format!(
                                "'{encoding}' codec can't encode character '\\u{code:04x}' in \
                                 position {at}: ordinal not in range({limit})"
                            ),
                        ));
                    }
                }
            }
            Ok(Value::Bytes(bytes.into()))
        }
        other => Err(vm.error("LookupError", format!("unknown encoding: {other}"))),
    }
}

fn translate(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = this(vm, &args)?;
    let table = args.at(1);
    let mut out = String::new();
    for character in this.chars() {
        let key = Value::Int(i64::from(u32::from(character)));
        let found = match &table {
            Value::Dict(dict) => vm.dict_get(dict, &key)?,
            other => vm.get_item(other, &key).ok(),
        };
        match found {
            None => out.push(character),
            Some(Value::None) => {}
            Some(Value::Int(code)) => {
                out.extend(u32::try_from(code).ok().and_then(char::from_u32));
            }
            Some(other) => out.push_str(&vm.str(&other)?),
        }
    }
    Ok(Value::from(out))
}

fn maketrans(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let table = Rc::new(Dict::default());
    let code = |c: char| Value::Int(i64::from(u32::from(c)));
    if let (Value::Dict(from), 1) = (args.at(0), args.len()) {
        for (key, value) in from.items() {
            let key = match key.as_str().and_then(|text| text.chars().next()) {
                Some(character) => code(character),
                None => key,
            };
            vm.dict_set(&table, key, value)?;
        }
        return Ok(Value::Dict(table));
    }
    let (from, to) = (text(vm, &args, 0)?, text(vm, &args, 1)?);
    if character_count(&from) != character_count(&to) {
        return Err(vm.value_error("the first two maketrans arguments must have equal length"));
    }
    for (from, to) in from.chars().zip(to.chars()) {
        vm.dict_set(&table, code(from), code(to))?;
    }
    for removed in optional(vm, &args, 2)?.unwrap_or_default().chars() {
        vm.dict_set(&table, code(removed), Value::None)?;
    }
    Ok(Value::Dict(table))
}

fn format_map(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = this(vm, &args)?;
    super::format::format_template(vm, &this, &[], Some(&args.at(1)))
}

fn format(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = this(vm, &args)?;
    let names = Dict::default();
    for (name, value) in &args.keywords {
        names.set_name(name, value.clone());
    }
    let names = Value::Dict(Rc::new(names));
    super::format::format_template(vm, &this, args.positional.get(1..).unwrap_or(&[]), Some(&names))
}

fn new_str(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [class, value, encoding, _] = args.bind(vm, "str(cls, object=, encoding=, errors=)")?;
    let text = match (value, encoding) {
        (None, _) => Str::default(),
        (Some(Value::Bytes(bytes)), Some(_)) => String::from_utf8_lossy(&bytes).into_owned().into(),
        (Some(value), _) => vm.str(&value)?,
    };
    wrap(vm, &class.unwrap_or_default(), Value::Str(text), Kind::Str)
}

pub(super) fn install(vm: &mut Vm) {
    super::set_constructor(vm, Kind::Str, new_str, None);
    super::add_methods(
        vm,
        Kind::Str,
        &[
            ("lower", lower, None),
            ("upper", upper, None),
            ("casefold", casefold, None),
            ("swapcase", swapcase, None),
            ("capitalize", capitalize, None),
            ("title", title, None),
            ("isalpha", isalpha, None),
            ("isdigit", isdigit, None),
            ("isdecimal", isdecimal, None),
            ("isnumeric", isnumeric, None),
            ("isalnum", isalnum, None),
            ("isspace", isspace, None),
            ("isascii", isascii, None),
            ("isprintable", isprintable, None),
            ("islower", islower, None),
            ("isupper", isupper, None),
            ("istitle", istitle, None),
            ("isidentifier", isidentifier, None),
            ("split", split, None),
            ("rsplit", rsplit, None),
            ("splitlines", splitlines, None),
            ("join", join, Some(1)),
            ("replace", replace, None),
            ("count", count, None),
            ("zfill", zfill, None),
            ("expandtabs", expandtabs, None),
            ("encode", encode, None),
            ("translate", translate, None),
            ("format", format, None),
            ("format_map", format_map, None),
            ("strip", |vm, args| strip(vm, &args, Side::Both), None),
            ("lstrip", |vm, args| strip(vm, &args, Side::Left), None),
            ("rstrip", |vm, args| strip(vm, &args, Side::Right), None),
            ("find", |vm, args| find(vm, &args, false), None),
            ("rfind", |vm, args| find(vm, &args, true), None),
            ("index", |vm, args| index(vm, &args, false), None),
            ("rindex", |vm, args| index(vm, &args, true), None),
            ("startswith", |vm, args| affix(vm, &args, false), None),
            ("endswith", |vm, args| affix(vm, &args, true), None),
            ("partition", |vm, args| partition(vm, &args, false), None),
            ("rpartition", |vm, args| partition(vm, &args, true), None),
            ("ljust", |vm, args| pad(vm, &args, Side::Left), None),
            ("rjust", |vm, args| pad(vm, &args, Side::Right), None),
            ("center", |vm, args| pad(vm, &args, Side::Both), None),
            ("removeprefix", |vm, args| removed(vm, &args, false), None),
            ("removesuffix", |vm, args| removed(vm, &args, true), None),
        ],
    );
    let maketrans = super::Property::static_method(Value::function("maketrans", maketrans));
    vm.kind(Kind::Str).set("maketrans", maketrans);
}
