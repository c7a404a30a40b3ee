//! Indexing and searching strings by characters.

use super::sequence::{Slice, index_of, slice_indices};
use crate::host::Raise;
use crate::value::{Str, Value};
use crate::vm::Vm;

/// `text[key]`.
pub(crate) fn str_item(vm: &mut Vm, text: &Str, key: &Value) -> Result<Value, Raise> {
    let length = character_count(text);
    if let Some(slice) = key.downcast_ref::<Slice>() {
        let (start, stop, step) = slice_indices(vm, &slice.clone(), length)?;
        return Ok(Value::from(slice_str(text, start, stop, step)));
    }
    if !matches!(key, Value::Int(_) | Value::Bool(_) | Value::Instance(_) | Value::Big(_)) {
        let class = vm.class_of(key).name();
        return Err(vm.type_error(format!("string indices must be integers, not '{class}'")));
    }
    let at = index_of(vm, key, length, "string")?;
    if at >= length {
        return Err(vm.index_error("string index out of range"));
    }
    let found = if text.is_ascii() {
        text.get(at..=at).map(Value::from)
    } else {
        text.chars().nth(at).map(|c| Value::from(&*c.encode_utf8(&mut [0; 4])))
    };
    Ok(found.unwrap_or_else(|| Value::str("")))
}

/// The number of characters.
pub(super) fn character_count(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().count() }
}

/// The characters from `start` to `stop` by `step`.
fn slice_str(text: &str, start: i64, stop: i64, step: i64) -> String {
    let size = |value: i64| usize::try_from(value).unwrap_or(0);
    if step == 1 {
        let (from, count) = (size(start), size(stop - start));
        if text.is_ascii() {
            let from = from.min(text.len());
            return text.get(from..(from + count).min(text.len())).unwrap_or("").to_owned();
        }
        return text.chars().skip(from).take(count).collect();
    }
    let characters: Vec<char> = text.chars().collect();
    let mut out = String::new();
    let mut at = start;
    while (step > 0 && at < stop) || (step < 0 && at > stop) {
        if let Ok(index) = usize::try_from(at) {
            out.extend(characters.get(index));
        }
        at = at.saturating_add(step);
    }
    out
}

/// The byte position of a character position.
pub(super) fn byte_position(text: &str, character: usize) -> usize {
    if text.is_ascii() {
        return character.min(text.len());
    }
    text.char_indices().nth(character).map_or(text.len(), |(at, _)| at)
}

/// The character position of a byte position.
pub(super) fn character_position(text: &str, byte: usize) -> usize {
    if text.is_ascii() {
        return byte;
    }
    text.get(..byte).map_or(0, |before| before.chars().count())
}
