//! Operators of strings, lists, tuples, dicts and sets.

use std::rc::Rc;

use crate::host::{BinaryOperator, Raise};
use crate::value::{Dict, SLOT, Set, Value};
use crate::vm::Vm;

/// `this operator other` for a built-in container; `NotImplemented` if it does not know the other.
pub(crate) fn container_operator(
    vm: &mut Vm,
    operator: BinaryOperator,
    this: &Value,
    other: &Value,
    reflected: bool,
) -> Result<Value, Raise> {
    match operator {
        BinaryOperator::Add if !reflected => concatenate(vm, this, other),
        BinaryOperator::Mul => match other {
            Value::Int(_) | Value::Bool(_) => repeat(vm, this, other),
            _ => Ok(Value::NotImplemented),
        },
        BinaryOperator::Mod if !reflected => match this {
            Value::Str(text) => super::percent::percent_format(vm, text, other),
            _ => Ok(Value::NotImplemented),
        },
        BinaryOperator::BitOr
        | BinaryOperator::BitAnd
        | BinaryOperator::BitXor
        | BinaryOperator::Sub
            if !reflected =>
        {
            match (this, other) {
                (Value::Set(a), Value::Set(b)) => set_operator(vm, operator, a, b),
                (Value::Dict(a), Value::Dict(b)) if operator == BinaryOperator::BitOr => {
                    let merged = Dict::new(Vm::copy_table(&a.table));
                    vm.dict_update(&merged, &Value::Dict(Rc::clone(b)))?;
                    Ok(Value::Dict(Rc::new(merged)))
                }
                _ => Ok(Value::NotImplemented),
            }
        }
        _ => Ok(Value::NotImplemented),
    }
}

fn concatenate(vm: &mut Vm, a: &Value, b: &Value) -> Result<Value, Raise> {
    Ok(match (a, b) {
        (Value::Str(a), Value::Str(b)) => {
            vm.reserve(a.len() + b.len())?;
            let mut text = String::with_capacity(a.len() + b.len());
            text.push_str(a);
            text.push_str(b);
            Value::from(text)
        }
        (Value::Bytes(a), Value::Bytes(b)) => Value::Bytes([&**a, &**b].concat().into()),
        (Value::List(a), Value::List(b)) => {
            vm.reserve((a.len() + b.len()) * SLOT)?;
            let mut items = a.to_vec();
            items.extend(b.to_vec());
            Value::list(items)
        }
        (Value::Tuple(a), Value::Tuple(b)) => {
            vm.reserve((a.len() + b.len()) * SLOT)?;
            Value::tuple(a.iter().chain(b.iter()).cloned().collect())
        }
        _ => Value::NotImplemented,
    })
}

fn repeat(vm: &mut Vm, this: &Value, count: &Value) -> Result<Value, Raise> {
    let count = usize::try_from(vm.index(count)?.max(0)).unwrap_or(usize::MAX);
    let items = |vm: &mut Vm, items: &[Value]| -> Result<Vec<Value>, Raise> {
        vm.reserve(items.len().saturating_mul(count).saturating_mul(SLOT))?;
        let mut out = Vec::with_capacity(items.len() * count);
        for _ in 0..count {
            out.extend_from_slice(items);
        }
        Ok(out)
    };
    Ok(match this {
        Value::Str(text) => {
            vm.reserve(text.len().saturating_mul(count))?;
            Value::from(text.repeat(count))
        }
        Value::Bytes(bytes) => {
            vm.reserve(bytes.len().saturating_mul(count))?;
            Value::Bytes(bytes.repeat(count).into())
        }
        Value::List(list) => Value::list(items(vm, &list.to_vec())?),
        Value::Tuple(tuple) => Value::tuple(items(vm, tuple)?),
        _ => Value::NotImplemented,
    })
}

fn set_operator(
    vm: &mut Vm,
    operator: BinaryOperator,
    a: &Rc<Set>,
    b: &Rc<Set>,
) -> Result<Value, Raise> {
    let result = Set::new(crate::value::Table::default(), a.frozen);
    for item in a.items() {
        let keep = match operator {
            BinaryOperator::BitAnd => vm.set_contains(b, &item)?,
            BinaryOperator::Sub | BinaryOperator::BitXor => !vm.set_contains(b, &item)?,
            _ => true,
        };
        if keep {
            vm.set_add(&result, item)?;
        }
    }
    if matches!(operator, BinaryOperator::BitOr | BinaryOperator::BitXor) {
        for item in b.items() {
            if operator == BinaryOperator::BitOr || !vm.set_contains(a, &item)? {
                vm.set_add(&result, item)?;
            }
        }
    }
    Ok(Value::Set(Rc::new(result)))
}

/// `this operator= other` for a mutable container; none if it has no such operator.
pub(crate) fn container_in_place(
    vm: &mut Vm,
    operator: BinaryOperator,
    this: &Value,
    other: &Value,
) -> Result<Option<Value>, Raise> {
    match (operator, this) {
        (BinaryOperator::Add, Value::List(list)) => {
            if !vm.is_iterable(other) {
                let class = vm.class_of(other).name();
                return Err(vm.type_error(format!("'{class}' object is not iterable")));
            }
            let items = vm.collect(other)?;
            vm.reserve(items.len() * SLOT)?;
            list.edit(|list| list.extend(items));
        }
        (BinaryOperator::Mul, Value::List(list)) if other.as_int().is_some() => {
            let repeated = repeat(vm, this, other)?;
            if let Value::List(items) = repeated {
                list.edit(|list| *list = items.to_vec());
            }
        }
        (BinaryOperator::BitOr, Value::Dict(dict)) => vm.dict_update(dict, other)?,
        (_, Value::Set(set)) if !set.frozen && matches!(other, Value::Set(_)) => {
            let result = container_operator(vm, operator, this, other, false)?;
            match result {
                Value::Set(result) => {
                    let table = Vm::copy_table(&result.table);
                    let old = std::mem::replace(&mut *set.table.borrow_mut(), table);
                    drop(old);
                }
                _ => return Ok(None),
            }
        }
        _ => return Ok(None),
    }
    Ok(Some(this.clone()))
}
