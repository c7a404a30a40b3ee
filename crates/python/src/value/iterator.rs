//! Iterators over native things: what `iter()` answers for containers, ranges and native sources.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use super::{Dict, List, Set, Str, Tuple, Value};
use crate::host::Raise;
use crate::vm::Vm;

/// Which part of its entries a dict iterator yields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Keys,
    Values,
    Items,
}

type NextFn = Box<dyn FnMut(&mut Vm) -> Result<Option<Value>, Raise>>;

/// What an iterator walks over.
pub(crate) enum Source {
    List { list: Rc<List>, at: usize },
    ListBack { list: Rc<List>, left: usize },
    Tuple { tuple: Rc<Tuple>, at: usize },
    Values { values: std::vec::IntoIter<Value> },
    Range { next: i64, step: i64, left: u64 },
    Str { text: Str, at: usize },
    Dict { dict: Rc<Dict>, part: Part, at: usize, size: usize },
    DictBack { dict: Rc<Dict>, part: Part, at: usize },
    Set { set: Rc<Set>, order: std::vec::IntoIter<Value>, size: usize },
    Host(NextFn),
    Done,
}

/// An iterator over something native.
pub struct Iter {
    pub(crate) source: RefCell<Source>,
    /// The name of its class, as in `<list_iterator object …>`.
    pub(crate) name: &'static str,
}

impl Iter {
    pub(crate) fn value(source: Source, name: &'static str) -> Value {
        Value::Iter(Rc::new(Self { source: RefCell::new(source), name }))
    }

    /// An iterator over values that are already there.
    pub fn over(values: Vec<Value>) -> Value {
        Self::value(Source::Values { values: values.into_iter() }, "list_iterator")
    }

    /// An iterator that asks a closure for each value; none ends it.
    pub fn from_fn(
        name: &'static str,
        next: impl FnMut(&mut Vm) -> Result<Option<Value>, Raise> + 'static,
    ) -> Value {
        Self::value(Source::Host(Box::new(next)), name)
    }

    /// Whether it walks over a finite container, so that running it to its end cannot hang.
    pub(crate) fn is_finite(&self) -> bool {
        !matches!(self.source.try_borrow().as_deref(), Ok(Source::Host(_)) | Err(_))
    }

    /// The number of values left, where that is known.
    pub(crate) fn remaining(&self) -> Option<usize> {
        match &*self.source.try_borrow().ok()? {
            Source::List { list, at } => Some(list.len().saturating_sub(*at)),
            Source::ListBack { left, .. } => Some(*left),
            Source::Tuple { tuple, at } => Some(tuple.len().saturating_sub(*at)),
            Source::Values { values } => Some(values.len()),
            Source::Range { left, .. } => usize::try_from(*left).ok(),
            Source::Set { order, .. } => Some(order.len()),
            _ => None,
        }
    }

    /// The next value.
    pub(crate) fn next(&self, vm: &mut Vm) -> Result<Option<Value>, Raise> {
        let Ok(mut source) = self.source.try_borrow_mut() else {
            return Err(vm.value_error("iterator already executing"));
        };
        let next = match &mut *source {
            Source::Host(_) => {
                let Source::Host(mut next) = std::mem::replace(&mut *source, Source::Done) else {
                    return Ok(None);
                };
                // The closure may run the machine, which may come back here: it finds `Done`.
                drop(source);
                let value = next(vm)?;
                if value.is_some()
                    && let Ok(mut source) = self.source.try_borrow_mut()
                {
                    *source = Source::Host(next);
                }
                return Ok(value);
            }
            plain => advance(plain).map_err(|message| vm.runtime_error(message))?,
        };
        if next.is_none() {
            *source = Source::Done;
        }
        Ok(next)
    }
}

/// One step of an iterator that needs no machine.
fn advance(source: &mut Source) -> Result<Option<Value>, &'static str> {
    Ok(match source {
        Source::List { list, at } => {
            let value = list.get(*at);
            *at += 1;
            value
        }
        Source::ListBack { list, left } => {
            *left = (*left).min(list.len());
            match left.checked_sub(1) {
                Some(at) => {
                    *left = at;
                    list.get(at)
                }
                None => None,
            }
        }
        Source::Tuple { tuple, at } => {
            let value = tuple.get(*at).cloned();
            *at += 1;
            value
        }
        Source::Values { values } => values.next(),
        Source::Range { next, step, left } => match left.checked_sub(1) {
            Some(rest) => {
                let value = *next;
                *left = rest;
                *next = next.wrapping_add(*step);
                Some(Value::Int(value))
            }
            None => None,
        },
        Source::Str { text, at } => {
            let next = text.get(*at..).and_then(|rest| rest.chars().next());
            next.map(|character| {
                *at += character.len_utf8();
                Value::str(&*character.encode_utf8(&mut [0; 4]))
            })
        }
        Source::Dict { dict, part, at, size } => {
            let table = dict.table.borrow();
            if table.len() != *size {
                return Err("dictionary changed size during iteration");
            }
            table.next_from(*at).map(|(after, key, value)| {
                *at = after;
                pick(*part, key, value)
            })
        }
        Source::DictBack { dict, part, at } => {
            let table = dict.table.borrow();
            table.previous_from(*at).map(|(before, key, value)| {
                *at = before;
                pick(*part, key, value)
            })
        }
        Source::Set { set, order, size } => {
            if set.len() != *size {
                return Err("Set changed size during iteration");
            }
            order.next()
        }
        Source::Host(_) | Source::Done => None,
    })
}

fn pick(part: Part, key: &Value, value: &Value) -> Value {
    match part {
        Part::Keys => key.clone(),
        Part::Values => value.clone(),
        Part::Items => Value::tuple(vec![key.clone(), value.clone()]),
    }
}

impl fmt::Debug for Iter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.name)
    }
}
