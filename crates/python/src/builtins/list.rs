//! The methods of lists and tuples.

use std::rc::Rc;

use super::sequence::position;
use crate::host::{Args, Raise};
use crate::value::{List, Value};
use crate::vm::{Kind, Vm};

fn this(vm: &mut Vm, args: &Args) -> Result<Rc<List>, Raise> {
    match args.at(0).unwrapped() {
        Value::List(list) => Ok(list),
        other => {
            let class = vm.class_of(&other).name();
            Err(vm.type_error(format!(
                "descriptor requires a 'list' object but received a '{class}'"
            )))
        }
    }
}

/// The items of a list or tuple receiver.
fn items(args: &Args) -> Vec<Value> {
    match args.at(0).unwrapped() {
        Value::List(list) => list.to_vec(),
        Value::Tuple(tuple) => tuple.to_vec(),
        _ => Vec::new(),
    }
}

fn append(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let list = this(vm, &args)?;
    if args.len() != 2 {
        let given = args.len().saturating_sub(1);
        return Err(
            vm.type_error(format!("list.append() takes exactly one argument ({given} given)"))
        );
    }
    list.push(args.at(1));
    Ok(Value::None)
}

fn extend(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let list = this(vm, &args)?;
    let items = vm.collect(&args.at(1))?;
    list.edit(|list| list.extend(items));
    Ok(Value::None)
}

fn insert(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let list = this(vm, &args)?;
    let index = vm.index(&args.at(1))?;
    let length = list.len();
    let at = if index >= 0 {
        usize::try_from(index).unwrap_or(length).min(length)
    } else {
        position(index, length).unwrap_or(0)
    };
    list.edit(|list| list.insert(at.min(list.len()), args.at(2)));
    Ok(Value::None)
}

fn pop(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let list = this(vm, &args)?;
    let index = match args.get(1) {
        Some(index) => vm.index(index)?,
        None => -1,
    };
    if list.is_empty() {
        return Err(vm.index_error("pop from empty list"));
    }
    let at = position(index, list.len());
    let popped = list.edit(|list| at.filter(|at| *at < list.len()).map(|at| list.remove(at)));
    popped.ok_or_else(|| vm.index_error("pop index out of range"))
}

fn remove(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let list = this(vm, &args)?;
    let wanted = args.at(1);
    for (at, item) in list.to_vec().iter().enumerate() {
        if item.is(&wanted) || vm.equal(item, &wanted)? {
            let removed = list.edit(|list| (at < list.len()).then(|| list.remove(at)));
            drop(removed);
            return Ok(Value::None);
        }
    }
    Err(vm.value_error("list.remove(x): x not in list"))
}

fn index(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let items = items(&args);
    let bound = |vm: &mut Vm, at: usize, absent: i64| -> Result<usize, Raise> {
        let index = match args.get(at) {
            Some(index) => vm.index(index)?,
            None => absent,
        };
        let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
        let index = if index < 0 { (index + length).max(0) } else { index };
        Ok(usize::try_from(index.min(length)).unwrap_or(0))
    };
    let from = bound(vm, 2, 0)?;
    let to = bound(vm, 3, i64::MAX)?;
    let wanted = args.at(1);
    for (at, item) in items.iter().enumerate().take(to).skip(from) {
        if item.is(&wanted) || vm.equal(item, &wanted)? {
            return Ok(Value::size(at));
        }
    }
    if matches!(args.at(0).unwrapped(), Value::Tuple(_)) {
        return Err(vm.value_error("tuple.index(x): x not in tuple"));
    }
    let wanted = vm.repr(&wanted)?;
    Err(vm.value_error(format!("{wanted} is not in list")))
}

fn count(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let wanted = args.at(1);
    let mut count = 0;
    for item in items(&args) {
        if item.is(&wanted) || vm.equal(&item, &wanted)? {
            count += 1;
        }
    }
    Ok(Value::Int(count))
}

fn reverse(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let list = this(vm, &args)?;
    list.edit(|list| list.reverse());
    Ok(Value::None)
}

fn clear(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let list = this(vm, &args)?;
    let old = list.edit(std::mem::take);
    drop(old);
    Ok(Value::None)
}

fn copy(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let list = this(vm, &args)?;
    Ok(Value::list(list.to_vec()))
}

/// `list.sort`; the prelude computes keys first.
fn sort(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let list = this(vm, &args)?;
    let [_, key, reverse] = args.bind(vm, "sort(self, *, key=, reverse=)")?;
    let reverse = match reverse {
        Some(reverse) => vm.truth(&reverse)?,
        None => false,
    };
    let items = list.edit(std::mem::take);
    match sort_values(vm, items.clone(), key.as_ref(), reverse) {
        Ok(sorted) => {
            list.edit(|list| *list = sorted);
            Ok(Value::None)
        }
        Err(raise) => {
            list.edit(|list| *list = items);
            Err(raise)
        }
    }
}

/// Sorts values, perhaps by a key function.
pub(super) fn sort_values(
    vm: &mut Vm,
    items: Vec<Value>,
    key: Option<&Value>,
    reverse: bool,
) -> Result<Vec<Value>, Raise> {
    let mut pairs = Vec::with_capacity(items.len());
    for item in items {
        let by = match key {
            Some(key) if !key.is_none() => vm.call(key, [item.clone()])?,
            _ => item.clone(),
        };
        pairs.push((by, item));
    }
    vm.sort_pairs(pairs, reverse)
}

fn new_list(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let class = args.at(0);
    // A list of a subclass is filled by `__init__`.
    if !matches!(&class, Value::Class(class) if class.serial == vm.kind(Kind::List).serial) {
        return wrap(vm, &class, Value::list(Vec::new()), Kind::List);
    }
    if args.len() > 2 {
        let given = args.len() - 1;
        return Err(vm.type_error(format!("list expected at most 1 argument, got {given}")));
    }
    let items = match args.get(1) {
        Some(from) => vm.collect(from)?,
        None => Vec::new(),
    };
    wrap(vm, &class, Value::list(items), Kind::List)
}

fn new_tuple(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let items = match args.get(1) {
        Some(from) => vm.collect(from)?,
        None => Vec::new(),
    };
    wrap(vm, &args.at(0), Value::tuple(items), Kind::Tuple)
}

/// The value itself, or inside an instance of the subclass that is asked for.
pub(super) fn wrap(vm: &mut Vm, class: &Value, value: Value, kind: Kind) -> Result<Value, Raise> {
    match class {
        Value::Class(class) if class.serial != vm.kind(kind).serial => {
            let instance = crate::value::Instance::wrapping(Rc::clone(class), value);
            if let Some(hooks) = class.hooks.clone() {
                hooks.on_instance(vm, &instance)?;
            }
            Ok(Value::Instance(instance))
        }
        _ => Ok(value),
    }
}

/// `list.__init__` of a subclass: fills the list that `__new__` left empty when it had keywords.
fn init_list(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let list = this(vm, &args)?;
    if let Some(from) = args.get(1) {
        let items = vm.collect(from)?;
        list.edit(|list| *list = items);
    }
    Ok(Value::None)
}

fn get_item(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = args.at(0);
    vm.base_item(&this, &this.unwrapped(), &args.at(1))
}

fn set_item(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    vm.set_item(&args.at(0).unwrapped(), &args.at(1), args.at(2)).map(|()| Value::None)
}

fn delete_item(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    vm.delete_item(&args.at(0).unwrapped(), &args.at(1)).map(|()| Value::None)
}

fn iterate(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    vm.iter(&args.at(0).unwrapped())
}

fn length(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    vm.length(&args.at(0).unwrapped()).map(Value::size)
}

fn contains(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    vm.contains(&args.at(0).unwrapped(), &args.at(1)).map(Value::Bool)
}

/// Methods by which subclasses of containers reach what they override.
pub(super) const CONTAINER: &[super::Entry] = &[
    ("__getitem__", get_item, None),
    ("__iter__", iterate, None),
    ("__len__", length, None),
    ("__contains__", contains, None),
];

/// Those of mutable containers.
pub(super) const MUTABLE: &[super::Entry] =
    &[("__setitem__", set_item, None), ("__delitem__", delete_item, None)];

pub(super) fn install(vm: &mut Vm) {
    super::set_constructor(vm, Kind::List, new_list, Some(0));
    super::set_constructor(vm, Kind::Tuple, new_tuple, Some(0));
    super::add_methods(
        vm,
        Kind::List,
        &[
            ("append", append, None),
            ("extend", extend, Some(1)),
            ("insert", insert, None),
            ("pop", pop, None),
            ("remove", remove, None),
            ("index", index, None),
            ("count", count, None),
            ("reverse", reverse, None),
            ("clear", clear, None),
            ("copy", copy, None),
            ("sort", sort, None),
            ("__init__", init_list, Some(1)),
        ],
    );
    super::add_methods(vm, Kind::List, CONTAINER);
    super::add_methods(vm, Kind::List, MUTABLE);
    super::add_methods(vm, Kind::Tuple, &[("index", index, None), ("count", count, None)]);
    super::add_methods(vm, Kind::Tuple, CONTAINER);
}
