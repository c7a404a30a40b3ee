//! The methods of sets, and the order in which CPython would walk them.

use std::rc::Rc;

use super::list::{CONTAINER, wrap};
use crate::host::{Args, BinaryOperator, Raise};
use crate::value::{Set, Value};
use crate::vm::{Kind, Vm};

/// The items in the order CPython walks a set of small integers; other items, whose hashes are
/// random there, in the order of insertion.
pub(crate) fn set_order(set: &Set) -> Vec<Value> {
    let items = set.items();
    let hash = |item: &Value| match item {
        Value::Int(value) => usize::try_from(*value).ok(),
        _ => None,
    };
    if items.iter().any(|item| hash(item).is_none()) {
        return items;
    }
    // CPython's table: linear probing over nine neighbours, then a perturbed jump; grown by four.
    let mut slots: Vec<Option<Value>> = vec![None; 8];
    let mut used = 0;
    for item in items {
        place(&mut slots, item);
        used += 1;
        if used * 5 >= (slots.len() - 1) * 3 {
            let wanted = if used > 50_000 { used * 2 } else { used * 4 };
            let mut size = 8;
            while size <= wanted {
                size <<= 1;
            }
            let old = std::mem::replace(&mut slots, vec![None; size]);
            for item in old.into_iter().flatten() {
                place(&mut slots, item);
            }
        }
    }
    slots.into_iter().flatten().collect()
}

fn place(slots: &mut [Option<Value>], item: Value) {
    let Value::Int(value) = item else { return };
    let mask = slots.len() - 1;
    let hash = usize::try_from(value).unwrap_or(0);
    let mut perturb = hash;
    let mut at = hash & mask;
    loop {
        let probes = if at + 9 <= mask { 9 } else { 0 };
        for slot in slots.iter_mut().skip(at).take(probes + 1) {
            if slot.is_none() {
                *slot = Some(Value::Int(value));
                return;
            }
        }
        perturb >>= 5;
        at = at.wrapping_mul(5).wrapping_add(1).wrapping_add(perturb) & mask;
    }
}

fn this(vm: &mut Vm, args: &Args) -> Result<Rc<Set>, Raise> {
    match args.at(0).unwrapped() {
        Value::Set(set) => Ok(set),
        other => {
            let class = vm.class_of(&other).name();
            Err(vm
                .type_error(format!("descriptor requires a 'set' object but received a '{class}'")))
        }
    }
}

fn add(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let set = this(vm, &args)?;
    vm.set_add(&set, args.at(1))?;
    Ok(Value::None)
}

fn discard(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let set = this(vm, &args)?;
    vm.set_remove(&set, &args.at(1))?;
    Ok(Value::None)
}

fn remove(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let set = this(vm, &args)?;
    if vm.set_remove(&set, &args.at(1))? { Ok(Value::None) } else { Err(vm.key_error(args.at(1))) }
}

fn pop(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let set = this(vm, &args)?;
    match set_order(&set).into_iter().next() {
        Some(item) => {
            vm.set_remove(&set, &item)?;
            Ok(item)
        }
        None => Err(vm.key_error("pop from an empty set".into())),
    }
}

fn clear(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let set = this(vm, &args)?;
    let old = set.table.borrow_mut().clear();
    drop(old);
    Ok(Value::None)
}

fn copy(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let set = this(vm, &args)?;
    Ok(Value::Set(Rc::new(Set::new(Vm::copy_table(&set.table), set.frozen))))
}

/// `union` and its like, with any number of iterables.
fn combine(vm: &mut Vm, args: &Args, operator: BinaryOperator) -> Result<Value, Raise> {
    let mut result = copy(vm, args.clone())?;
    for other in args.positional.iter().skip(1) {
        let items = vm.collect(other)?;
        let other = vm.new_set(items, false)?;
        result = vm.binary(operator, &result, &other)?;
    }
    Ok(result)
}

/// `update` and its like.
fn combine_in_place(vm: &mut Vm, args: &Args, operator: BinaryOperator) -> Result<Value, Raise> {
    let set = this(vm, args)?;
    let result = combine(vm, args, operator)?;
    if let Value::Set(result) = result {
        let table = Vm::copy_table(&result.table);
        let old = std::mem::replace(&mut *set.table.borrow_mut(), table);
        drop(old);
    }
    Ok(Value::None)
}

fn other(vm: &mut Vm, args: &Args) -> Result<Rc<Set>, Raise> {
    let items = vm.collect(&args.at(1))?;
    match vm.new_set(items, false)? {
        Value::Set(set) => Ok(set),
        _ => this(vm, args),
    }
}

fn is_subset(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let (set, other) = (this(vm, &args)?, other(vm, &args)?);
    vm.is_subset(&set, &other).map(Value::Bool)
}

fn is_superset(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let (set, other) = (this(vm, &args)?, other(vm, &args)?);
    vm.is_subset(&other, &set).map(Value::Bool)
}

fn is_disjoint(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let set = this(vm, &args)?;
    for item in vm.collect(&args.at(1))? {
        if vm.set_contains(&set, &item)? {
            return Ok(Value::Bool(false));
        }
    }
    Ok(Value::Bool(true))
}

fn new_set(vm: &mut Vm, args: &Args, frozen: bool) -> Result<Value, Raise> {
    let own = matches!(args.get(0), Some(Value::Class(class)) if class.native);
    let items = match args.get(1) {
        // A set of a subclass is filled by `__init__`.
        Some(from) if own || frozen => vm.collect(from)?,
        _ => Vec::new(),
    };
    let set = vm.new_set(items, frozen)?;
    wrap(vm, &args.at(0), set, if frozen { Kind::FrozenSet } else { Kind::Set })
}

const SHARED: &[super::Entry] = &[
    ("copy", copy, None),
    ("union", |vm, args| combine(vm, &args, BinaryOperator::BitOr), Some(1)),
    ("intersection", |vm, args| combine(vm, &args, BinaryOperator::BitAnd), Some(1)),
    ("difference", |vm, args| combine(vm, &args, BinaryOperator::Sub), Some(1)),
    ("symmetric_difference", |vm, args| combine(vm, &args, BinaryOperator::BitXor), Some(1)),
    ("issubset", is_subset, Some(1)),
    ("issuperset", is_superset, Some(1)),
    ("isdisjoint", is_disjoint, Some(1)),
];

pub(super) fn install(vm: &mut Vm) {
    super::set_constructor(vm, Kind::Set, |vm, args| new_set(vm, &args, false), Some(0));
    super::set_constructor(vm, Kind::FrozenSet, |vm, args| new_set(vm, &args, true), Some(0));
    super::add_methods(
        vm,
        Kind::Set,
        &[
            ("add", add, None),
            ("discard", discard, None),
            ("remove", remove, None),
            ("pop", pop, None),
            ("clear", clear, None),
            ("update", |vm, args| combine_in_place(vm, &args, BinaryOperator::BitOr), Some(1)),
            ("__init__", |vm, args| combine_in_place(vm, &args, BinaryOperator::BitOr), Some(1)),
            (
                "intersection_update",
                |vm, args| combine_in_place(vm, &args, BinaryOperator::BitAnd),
                Some(1),
            ),
            (
                "difference_update",
                |vm, args| combine_in_place(vm, &args, BinaryOperator::Sub),
                Some(1),
            ),
            (
                "symmetric_difference_update",
                |vm, args| combine_in_place(vm, &args, BinaryOperator::BitXor),
                Some(1),
            ),
        ],
    );
    for kind in [Kind::Set, Kind::FrozenSet] {
        super::add_methods(vm, kind, SHARED);
        super::add_methods(vm, kind, CONTAINER);
    }
}
