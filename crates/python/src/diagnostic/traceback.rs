//! Tracebacks in Python's form, with chained exceptions.

use std::rc::Rc;

use super::suggestion;
use crate::value::{Instance, Str, TraceEntry, Value};
use crate::vm::Vm;

/// The text Python prints for an exception nobody caught.
pub fn format_exception(vm: &mut Vm, exception: &Rc<Instance>) -> String {
    let mut seen = Vec::new();
    let mut out = String::new();
    write_chain(vm, exception, &mut seen, &mut out);
    out
}

fn write_chain(vm: &mut Vm, exception: &Rc<Instance>, seen: &mut Vec<usize>, out: &mut String) {
    let address = Rc::as_ptr(exception).addr();
    if seen.contains(&address) || seen.len() > 50 {
        return;
    }
    seen.push(address);
    let Some(state) = exception.exception(|state| state.clone()) else { return };
    if let Some(cause) = &state.cause {
        write_chain(vm, cause, seen, out);
        out.push_str("\nThe above exception was the direct cause of the following exception:\n\n");
    } else if let (Some(context), false) = (&state.context, state.suppress_context)
        && !seen.contains(&Rc::as_ptr(context).addr())
    {
        write_chain(vm, context, seen, out);
        out.push_str("\nDuring handling of the above exception, another exception occurred:\n\n");
    }
    if !state.traceback.is_empty() {
        out.push_str("Traceback (most recent call last):\n");
        write_entries(&state.traceback, out);
    }
    out.push_str(&summary(vm, exception));
    out.push('\n');
    for note in &state.notes {
        out.push_str(&vm.str(note).map(|note| note.to_string()).unwrap_or_default());
        out.push('\n');
    }
}

/// The last line: class and message.
pub(crate) fn summary(vm: &mut Vm, exception: &Rc<Instance>) -> String {
    let name = exception.class().full_name();
    let name = name.strip_prefix("__main__.").unwrap_or(&name).to_owned();
    let text = match vm.str(&Value::Instance(Rc::clone(exception))) {
        Ok(text) => text,
        Err(_) => "<exception str() failed>".into(),
    };
    let hint = suggest(vm, exception).map(|close| format!(". Did you mean: '{close}'?"));
    let text = format!("{text}{}", hint.unwrap_or_default());
    if text.is_empty() { name } else { format!("{name}: {text}") }
}

/// The known name closest to the one a `NameError` or `AttributeError` is about.
fn suggest(vm: &mut Vm, exception: &Rc<Instance>) -> Option<Str> {
    if let Some(Value::Str(close)) = exception.get("_suggestion") {
        return Some(close);
    }
    if !exception.class().is_subclass(&vm.exception("AttributeError")) {
        return None;
    }
    let (target, name) = (exception.get("obj")?, exception.get("name")?.as_str()?);
    let known = vm.attribute_names(&target);
    suggestion(&known, &name)
}

fn write_entries(innermost_first: &[TraceEntry], out: &mut String) {
    let same = |a: &TraceEntry, b: &TraceEntry| {
        Rc::ptr_eq(&a.source, &b.source)
            && a.source.line(a.span.start) == b.source.line(b.span.start)
            && a.function == b.function
    };
    let mut repeated = 0;
    let mut last: Option<&TraceEntry> = None;
    for entry in innermost_first.iter().rev() {
        if last.is_some_and(|last| same(last, entry)) {
            repeated += 1;
        } else {
            write_repetitions(repeated, out);
            repeated = 0;
        }
        last = Some(entry);
        if repeated < 3 {
            write_entry(entry, out);
        }
    }
    write_repetitions(repeated, out);
}

fn write_repetitions(repeated: usize, out: &mut String) {
    if let Some(more @ 1..) = repeated.checked_sub(2) {
        let plural = if more == 1 { "" } else { "s" };
        out.push_str(&format!("  [Previous line repeated {more} more time{plural}]\n"));
    }
}

fn write_entry(entry: &TraceEntry, out: &mut String) {
    let TraceEntry { source, span, function } = entry;
    let line = source.line(span.start);
    out.push_str(&format!("  File \"{}\", line {line}, in {function}\n", source.name));
    let text = source.line_text(line);
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return;
    }
    out.push_str(&format!("    {trimmed}\n"));
    let indent = text.chars().count() - text.trim_start().chars().count();
    let from = source.column(span.start).saturating_sub(1 + indent);
    let length = trimmed.chars().count();
    let to = if source.line(span.end.max(span.start + 1) - 1) == line {
        source.column(span.end).saturating_sub(1 + indent).min(length)
    } else {
        length
    };
    if to > from && (from > 0 || to < length) {
        out.push_str(&format!("    {}{}\n", " ".repeat(from), "^".repeat(to - from)));
    }
}
