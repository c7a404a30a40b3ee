//! Indices, slices and `range`.

use std::rc::Rc;

use crate::host::{Args, Compare, Object, Raise};
use crate::value::{Class, Iter, IterSource, List, Str, Value};
use crate::vm::{Kind, Vm};

/// A slice object.
#[derive(Clone, Debug)]
pub(crate) struct Slice {
    pub(crate) start: Value,
    pub(crate) stop: Value,
    pub(crate) step: Value,
}

impl Object for Slice {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.kind(Kind::Slice)
    }

    fn repr(&self, vm: &mut Vm) -> Result<Str, Raise> {
        let (start, stop) = (vm.repr(&self.start)?, vm.repr(&self.stop)?);
        Ok(format!("slice({start}, {stop}, {})", vm.repr(&self.step)?).into())
    }

    fn get_attribute(self: Rc<Self>, _: &mut Vm, name: &str) -> Result<Option<Value>, Raise> {
        Ok(match name {
            "start" => Some(self.start.clone()),
            "stop" => Some(self.stop.clone()),
            "step" => Some(self.step.clone()),
            _ => None,
        })
    }

    fn compare(self: Rc<Self>, vm: &mut Vm, by: Compare, other: &Value) -> Result<Value, Raise> {
        let Some(other) = other.downcast::<Self>() else { return Ok(Value::NotImplemented) };
        let tuple = |slice: &Self| {
            Value::tuple(vec![slice.start.clone(), slice.stop.clone(), slice.step.clone()])
        };
        vm.compare(by, &tuple(&self), &tuple(&other))
    }
}

/// The position an integer key means in a sequence; `length` itself if it is out of range.
pub(crate) fn index_of(
    vm: &mut Vm,
    key: &Value,
    length: usize,
    kind: &str,
) -> Result<usize, Raise> {
    let index = match key {
        Value::Int(index) => *index,
        Value::Bool(_) | Value::Instance(_) | Value::Big(_) => vm.index(key)?,
        other => {
            let class = vm.class_of(other).name();
            return Err(
                vm.type_error(format!("{kind} indices must be integers or slices, not {class}"))
            );
        }
    };
    Ok(position(index, length).unwrap_or(length))
}

/// A possibly negative index as a position.
pub(crate) fn position(index: i64, length: usize) -> Option<usize> {
    let length_int = i64::try_from(length).ok()?;
    let index = if index < 0 { index + length_int } else { index };
    usize::try_from(index).ok().filter(|index| *index < length)
}

/// Start, stop and step of a slice over a length, as `slice.indices` computes them.
pub(crate) fn slice_indices(
    vm: &mut Vm,
    slice: &Slice,
    length: usize,
) -> Result<(i64, i64, i64), Raise> {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let step = match &slice.step {
        Value::None => 1,
        other => slice_index(vm, other)?,
    };
    if step == 0 {
        return Err(vm.value_error("slice step cannot be zero"));
    }
    let (lowest, highest) = if step < 0 { (-1, length - 1) } else { (0, length) };
    let mut bound = |value: &Value, absent: i64| -> Result<i64, Raise> {
        match value {
            Value::None => Ok(absent),
            other => {
                let index = slice_index(vm, other)?;
                let index = if index < 0 { index.saturating_add(length) } else { index };
                Ok(index.clamp(lowest, highest.max(lowest)))
            }
        }
    };
    let start = bound(&slice.start, if step < 0 { highest } else { lowest })?;
    let stop = bound(&slice.stop, if step < 0 { lowest } else { highest })?;
    Ok((start, stop, step))
}

fn slice_index(vm: &mut Vm, value: &Value) -> Result<i64, Raise> {
    match value {
        Value::Int(_) | Value::Bool(_) | Value::Instance(_) => vm.index(value),
        Value::Big(big) => {
            Ok(if big.sign() == num_bigint::Sign::Minus { i64::MIN / 2 } else { i64::MAX / 2 })
        }
        _ => {
            Err(vm.type_error("slice indices must be integers or None or have an __index__ method"))
        }
    }
}

/// The positions a slice selects.
pub(crate) fn slice_positions(
    vm: &mut Vm,
    slice: &Slice,
    length: usize,
) -> Result<Vec<usize>, Raise> {
    let (start, stop, step) = slice_indices(vm, slice, length)?;
    let mut positions = Vec::new();
    let mut at = start;
    while (step > 0 && at < stop) || (step < 0 && at > stop) {
        positions.extend(usize::try_from(at).ok());
        at = at.saturating_add(step);
    }
    Ok(positions)
}

/// The items a slice selects.
pub(crate) fn slice_list(vm: &mut Vm, items: &[Value], slice: &Slice) -> Result<Vec<Value>, Raise> {
    let positions = slice_positions(vm, slice, items.len())?;
    Ok(positions.into_iter().filter_map(|at| items.get(at).cloned()).collect())
}

/// `list[slice] = values`.
pub(crate) fn assign_slice(
    vm: &mut Vm,
    list: &Rc<List>,
    slice: &Slice,
    value: &Value,
) -> Result<(), Raise> {
    if !vm.is_iterable(value) {
        return Err(vm.type_error("can only assign an iterable"));
    }
    let values = vm.collect(value)?;
    let (start, stop, step) = slice_indices(vm, slice, list.len())?;
    if step == 1 {
        let from = usize::try_from(start).unwrap_or(0);
        let to = usize::try_from(stop.max(start)).unwrap_or(0);
        let old: Vec<Value> = list.edit(|items| {
            let to = to.min(items.len());
            items.splice(from.min(to)..to, values).collect()
        });
        drop(old);
        return Ok(());
    }
    let positions = slice_positions(vm, slice, list.len())?;
    if positions.len() != values.len() {
        return Err(vm.value_error(format!(
            "attempt to assign sequence of size {} to extended slice of size {}",
            values.len(),
            positions.len()
        )));
    }
    list.edit(|items| {
        for (at, value) in positions.into_iter().zip(values) {
            if let Some(slot) = items.get_mut(at) {
                *slot = value;
            }
        }
    });
    Ok(())
}

/// `del list[slice]`.
pub(crate) fn delete_slice(vm: &mut Vm, list: &Rc<List>, slice: &Slice) -> Result<(), Raise> {
    let mut positions = slice_positions(vm, slice, list.len())?;
    positions.sort_unstable();
    let removed = list.edit(|items| {
        let mut removed = Vec::new();
        let mut kept = Vec::with_capacity(items.len());
        let mut next = positions.into_iter().peekable();
        for (at, item) in std::mem::take(items).into_iter().enumerate() {
            if next.peek() == Some(&at) {
                next.next();
                removed.push(item);
            } else {
                kept.push(item);
            }
        }
        *items = kept;
        removed
    });
    drop(removed);
    Ok(())
}

/// A `range`.
#[derive(Debug)]
pub(crate) struct Range {
    start: i64,
    stop: i64,
    step: i64,
}

impl Range {
    fn len(&self) -> u64 {
        let (low, high, step) = if self.step > 0 {
            (self.start, self.stop, self.step.unsigned_abs())
        } else {
            (self.stop, self.start, self.step.unsigned_abs())
        };
        if low >= high { 0 } else { (high.abs_diff(low) - 1) / step + 1 }
    }

    fn get(&self, at: u64) -> Value {
        let at = i64::try_from(at).unwrap_or(i64::MAX);
        Value::Int(self.start.wrapping_add(at.wrapping_mul(self.step)))
    }

    fn iter(&self) -> Value {
        let source = IterSource::Range { next: self.start, step: self.step, left: self.len() };
        Iter::value(source, "range_iterator")
    }

    pub(crate) fn reversed_iter(&self) -> Value {
        let left = self.len();
        let last = match self.get(left.saturating_sub(1)) {
            Value::Int(last) => last,
            _ => 0,
        };
        let source = IterSource::Range { next: last, step: self.step.wrapping_neg(), left };
        Iter::value(source, "range_iterator")
    }

    fn position(&self, value: &Value) -> Option<u64> {
        let value = match value {
            Value::Float(float) if float.fract() == 0.0 => {
                i64::try_from(crate::value::float_to_big(*float)?).ok()?
            }
            other => other.as_int()?,
        };
        let inside = if self.step > 0 {
            self.start <= value && value < self.stop
        } else {
            self.stop < value && value <= self.start
        };
        let offset = value.abs_diff(self.start);
        (inside && offset.is_multiple_of(self.step.unsigned_abs()))
            .then(|| offset / self.step.unsigned_abs())
    }
}

impl Object for Range {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.kind(Kind::Range)
    }

    fn repr(&self, _: &mut Vm) -> Result<Str, Raise> {
        let Self { start, stop, step } = self;
        Ok(if *step == 1 {
            format!("range({start}, {stop})").into()
        } else {
            format!("range({start}, {stop}, {step})").into()
        })
    }

    fn iterate(self: Rc<Self>, _: &mut Vm) -> Result<Option<Value>, Raise> {
        Ok(Some(self.iter()))
    }

    fn length(&self, vm: &mut Vm) -> Result<Option<usize>, Raise> {
        match usize::try_from(self.len()) {
            Ok(length) => Ok(Some(length)),
            Err(_) => {
                Err(vm.error("OverflowError", "Python int too large to convert to C ssize_t"))
            }
        }
    }

    fn contains(&self, _: &mut Vm, item: &Value) -> Result<Option<bool>, Raise> {
        Ok(Some(self.position(item).is_some()))
    }

    fn get_item(self: Rc<Self>, vm: &mut Vm, key: &Value) -> Result<Value, Raise> {
        let length = usize::try_from(self.len()).unwrap_or(usize::MAX);
        if let Some(slice) = key.downcast::<Slice>() {
            let (start, stop, step) = slice_indices(vm, &slice, length)?;
            let at = |index: i64| self.start.wrapping_add(index.wrapping_mul(self.step));
            let step = self.step.wrapping_mul(step);
            return Ok(Value::object(Self { start: at(start), stop: at(stop), step }));
        }
        let at = index_of(vm, key, length, "range")?;
        if at >= length {
            return Err(vm.index_error("range object index out of range"));
        }
        Ok(self.get(u64::try_from(at).unwrap_or(0)))
    }

    fn get_attribute(self: Rc<Self>, _: &mut Vm, name: &str) -> Result<Option<Value>, Raise> {
        Ok(match name {
            "start" => Some(Value::Int(self.start)),
            "stop" => Some(Value::Int(self.stop)),
            "step" => Some(Value::Int(self.step)),
            _ => None,
        })
    }

    fn compare(self: Rc<Self>, _: &mut Vm, by: Compare, other: &Value) -> Result<Value, Raise> {
        let Some(other) = other.downcast::<Self>() else { return Ok(Value::NotImplemented) };
        let length = self.len();
        let equal = length == other.len()
            && (length == 0
                || (self.start == other.start && (length == 1 || self.step == other.step)));
        Ok(match by {
            Compare::Equal => Value::Bool(equal),
            Compare::NotEqual => Value::Bool(!equal),
            _ => Value::NotImplemented,
        })
    }

    fn hash(&self, _: &mut Vm) -> Result<u64, Raise> {
        Ok(self.len() ^ self.start.cast_unsigned().rotate_left(7))
    }
}

fn new_range(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    if !args.keywords.is_empty() {
        return Err(vm.type_error("range() takes no keyword arguments"));
    }
    let mut numbers = Vec::new();
    for value in args.positional.iter().skip(1) {
        numbers.push(vm.index(value)?);
    }
    let (start, stop, step) = match numbers.as_slice() {
        [stop] => (0, *stop, 1),
        [start, stop] => (*start, *stop, 1),
        [_, _, 0] => return Err(vm.value_error("range() arg 3 must not be zero")),
        [start, stop, step] => (*start, *stop, *step),
        [] => return Err(vm.type_error("range expected at least 1 argument, got 0")),
        more => {
            let given = more.len();
            return Err(vm.type_error(format!("range expected at most 3 arguments, got {given}")));
        }
    };
    Ok(Value::object(Range { start, stop, step }))
}

fn range_index(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let range = args.this::<Range>(vm)?;
    match range.position(&args.at(1)) {
        Some(at) => Ok(Value::size(usize::try_from(at).unwrap_or(0))),
        None => {
            let value = vm.repr(&args.at(1))?;
            Err(vm.value_error(format!("{value} is not in range")))
        }
    }
}

fn range_count(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let range = args.this::<Range>(vm)?;
    Ok(Value::Int(i64::from(range.position(&args.at(1)).is_some())))
}

fn new_slice(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let parts: Vec<Value> = args.positional.into_iter().skip(1).collect();
    let slice = match parts.as_slice() {
        [stop] => Slice { start: Value::None, stop: stop.clone(), step: Value::None },
        [start, stop] => Slice { start: start.clone(), stop: stop.clone(), step: Value::None },
        [start, stop, step] => {
            Slice { start: start.clone(), stop: stop.clone(), step: step.clone() }
        }
        _ => return Err(vm.type_error("slice expected 1 to 3 arguments")),
    };
    Ok(Value::object(slice))
}

fn slice_indices_method(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let slice = args.this::<Slice>(vm)?;
    let length = usize::try_from(vm.index(&args.at(1))?).unwrap_or(0);
    let (start, stop, step) = slice_indices(vm, &slice, length)?;
    Ok(Value::tuple(vec![Value::Int(start), Value::Int(stop), Value::Int(step)]))
}

pub(super) fn install(vm: &mut Vm) {
    super::set_constructor(vm, Kind::Range, new_range, None);
    super::set_constructor(vm, Kind::Slice, new_slice, None);
    super::add_methods(
        vm,
        Kind::Range,
        &[("index", range_index, None), ("count", range_count, None)],
    );
    super::add_methods(vm, Kind::Slice, &[("indices", slice_indices_method, None)]);
}
