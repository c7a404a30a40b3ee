//! The matching behind `re`: Python's patterns, put into the words of `fancy-regex`.

use std::rc::Rc;

use fancy_regex::{Regex, RegexBuilder};

use crate::host::{Args, ClassBuilder, Object, Raise};
use crate::value::{Class, Module, Value};
use crate::vm::Vm;

const IGNORECASE: i64 = 2;
const MULTILINE: i64 = 8;
const DOTALL: i64 = 16;
const VERBOSE: i64 = 64;

/// A compiled pattern: as `search`, `match` and `fullmatch` need it.
#[derive(Debug)]
struct Compiled {
    search: Regex,
    start: Regex,
    whole: Regex,
}

impl Object for Compiled {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class("re._Compiled")
    }
}

impl Compiled {
    fn new(pattern: &str, flags: i64) -> Result<Self, String> {
        let pattern = translated(pattern, flags & MULTILINE != 0);
        // A verbose pattern may end in a comment, which a new line ends.
        let end = if flags & VERBOSE == 0 { "" } else { "\n" };
        let built = |pattern: &str| {
            RegexBuilder::new(pattern)
                .case_insensitive(flags & IGNORECASE != 0)
                .multi_line(flags & MULTILINE != 0)
                .dot_matches_new_line(flags & DOTALL != 0)
                .ignore_whitespace(flags & VERBOSE != 0)
                .build()
                .map_err(|error| error.to_string())
        };
        Ok(Self {
            search: built(&pattern)?,
            start: built(&format!("\\G(?:{pattern}{end})"))?,
            whole: built(&format!("\\G(?:{pattern}{end})\\z"))?,
        })
    }

    fn named(&self, mode: &str) -> &Regex {
        match mode {
            "match" => &self.start,
            "fullmatch" => &self.whole,
            _ => &self.search,
        }
    }
}

/// Where Rust reads a character of a pattern in another way than Python.
fn translated(pattern: &str, multiline: bool) -> String {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut chars = pattern.chars().peekable();
    // How many characters of a class were read, its first `^` not counted.
    let mut class: Option<usize> = None;
    while let Some(c) = chars.next() {
        match (c, class) {
            ('\\', _) => {
                class = class.map(|read| read + 1);
                match chars.next() {
                    // Python's end of the text is Rust's, whatever the flags.
                    Some('Z') => out.push_str("\\z"),
                    Some(c) => out.extend(['\\', c]),
                    None => out.push('\\'),
                }
            }
            ('[', None) => {
                out.push('[');
                class = Some(0);
                if chars.next_if_eq(&'^').is_some() {
                    out.push('^');
                }
            }
            // Python knows no classes in classes, and no operators between them.
            ('[' | '&' | '~', Some(read)) => {
                out.extend(['\\', c]);
                class = Some(read + 1);
            }
            (']', Some(0)) => {
                out.push_str("\\]");
                class = Some(1);
            }
            (']', Some(_)) => {
                out.push(']');
                class = None;
            }
            (_, Some(read)) => {
                out.push(c);
                class = Some(read + 1);
            }
            // A last new line does not count.
            ('$', None) if !multiline => out.push_str("(?=\\n?\\z)"),
            ('{', None) => {
                let bounds: String = chars.clone().take_while(|c| *c != '}').collect();
                let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
                let closed = chars.clone().nth(bounds.chars().count()) == Some('}');
                match bounds.split_once(',') {
                    Some(("", most)) if closed && digits(most) && !most.is_empty() => {
                        out.push_str("{0");
                    }
                    Some((least, most)) if closed && digits(least) && digits(most) => out.push('{'),
                    None if closed && !bounds.is_empty() && digits(&bounds) => out.push('{'),
                    _ => out.push_str("\\{"),
                }
            }
            _ => out.push(c),
        }
    }
    out
}

/// `_compile(pattern, flags)`: the pattern, or the text of what is wrong with it.
fn compile(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [pattern, flags] = args.bind(vm, "_compile(pattern, flags)")?;
    let Some(pattern) = pattern.as_ref().and_then(Value::as_str) else {
        return Err(vm.type_error("first argument must be string or compiled pattern"));
    };
    let flags = flags.and_then(|flags| flags.as_int()).unwrap_or(0);
    Ok(match Compiled::new(&pattern, flags) {
        Ok(compiled) => Value::object(compiled),
        Err(message) => Value::from(message),
    })
}

/// `find(mode, text, pos, endpos)`: the spans of the match and its groups, or None.
fn find(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = args.this::<Compiled>(vm)?;
    let (Some(mode), Some(text)) = (args.at(1).as_str(), args.at(2).as_str()) else {
        return Err(vm.type_error("find() takes a mode, a string and two positions"));
    };
    let position = |value: Value| value.as_int().map_or(0, |at| usize::try_from(at).unwrap_or(0));
    let (start, end) = (position(args.at(3)), position(args.at(4)));
    let bytes = |at: usize| text.char_indices().nth(at).map_or(text.len(), |(at, _)| at);
    let Some(text) = text.get(..bytes(end)).filter(|_| start <= end) else {
        return Ok(Value::None);
    };
    let start = bytes(start);
    let found = this.named(&mode).captures_from_pos(text, start);
    let Some(found) = found.map_err(|error| vm.value_error(error.to_string()))? else {
        return Ok(Value::None);
    };
    let number = |bytes: usize| {
        let chars = text.get(..bytes).map_or(0, |before| before.chars().count());
        Value::Int(i64::try_from(chars).unwrap_or(i64::MAX))
    };
    let spans = found.iter().map(|group| match group {
        Some(group) => Value::tuple(vec![number(group.start()), number(group.end())]),
        None => Value::None,
    });
    Ok(Value::list(spans.collect()))
}

/// `names()`: the name of each group, or None.
fn names(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = args.this::<Compiled>(vm)?;
    let names = this.search.capture_names().map(|name| name.map_or(Value::None, Value::from));
    Ok(Value::list(names.collect()))
}

pub(super) fn build(vm: &mut Vm, module: &Rc<Module>) -> Result<(), Raise> {
    ClassBuilder::new("re", "_Compiled").method("find", find).method("names", names).build(vm);
    module.set("_compile", Value::function("_compile", compile));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::translated;

    #[test]
    fn patterns_mean_what_they_mean_in_python() {
        let table = [
            (r"^\w+@\w+\.com$", r"^\w+@\w+\.com(?=\n?\z)"),
            (r"[[a&&b]\Z", r"[\[a\&\&b]\z"),
            (r"[]x]{,3}", r"[\]x]{0,3}"),
            (r"[^]]{2}{x}", r"[^\]]{2}\{x}"),
            (r"a{2,}b{", r"a{2,}b\{"),
        ];
        for (python, rust) in table {
            assert_eq!(translated(python, false), rust);
        }
        assert_eq!(translated("a$", true), "a$");
    }
}
