//! The views that `keys()`, `values()` and `items()` of a dict answer.

use std::rc::Rc;

use crate::host::{BinaryOperator, Compare, Object, Raise};
use crate::value::{Class, Dict, Iter, IterSource, Part, Str, Value};
use crate::vm::{Kind, Vm};

/// A live view of a dict.
#[derive(Debug)]
pub(crate) struct DictView {
    pub(crate) dict: Rc<Dict>,
    pub(crate) part: Part,
}

impl DictView {
    fn items(&self) -> Vec<Value> {
        let items = self.dict.items();
        match self.part {
            Part::Keys => items.into_iter().map(|(key, _)| key).collect(),
            Part::Values => items.into_iter().map(|(_, value)| value).collect(),
            Part::Items => {
                items.into_iter().map(|(key, value)| Value::tuple(vec![key, value])).collect()
            }
        }
    }
}

impl Object for DictView {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.kind(match self.part {
            Part::Keys => Kind::DictKeys,
            Part::Values => Kind::DictValues,
            Part::Items => Kind::DictItems,
        })
    }

    fn repr(&self, vm: &mut Vm) -> Result<Str, Raise> {
        let list = vm.repr(&Value::list(self.items()))?;
        Ok(format!("{}({list})", self.class(vm).name()).into())
    }

    fn iterate(self: Rc<Self>, _: &mut Vm) -> Result<Option<Value>, Raise> {
        let size = self.dict.len();
        let dict = Rc::clone(&self.dict);
        let source = IterSource::Dict { dict, part: self.part, at: 0, size };
        let name = match self.part {
            Part::Keys => "dict_keyiterator",
            Part::Values => "dict_valueiterator",
            Part::Items => "dict_itemiterator",
        };
        Ok(Some(Iter::value(source, name)))
    }

    fn length(&self, _: &mut Vm) -> Result<Option<usize>, Raise> {
        Ok(Some(self.dict.len()))
    }

    fn contains(&self, vm: &mut Vm, item: &Value) -> Result<Option<bool>, Raise> {
        match self.part {
            Part::Keys => Ok(Some(vm.dict_get(&self.dict, item)?.is_some())),
            Part::Values => Ok(None),
            Part::Items => {
                let Value::Tuple(pair) = item else { return Ok(Some(false)) };
                let [key, value] = &***pair else { return Ok(Some(false)) };
                match vm.dict_get(&self.dict, key)? {
                    Some(found) => vm.equal(&found, value).map(Some),
                    None => Ok(Some(false)),
                }
            }
        }
    }

    fn compare(self: Rc<Self>, vm: &mut Vm, by: Compare, other: &Value) -> Result<Value, Raise> {
        let set_like = matches!(other, Value::Set(_))
            || other.downcast_ref::<Self>().is_some_and(|view| view.part != Part::Values);
        if self.part == Part::Values || !set_like {
            return Ok(Value::NotImplemented);
        }
        let this = vm.new_set(self.items(), false)?;
        let items = vm.collect(other)?;
        let other = vm.new_set(items, false)?;
        vm.compare(by, &this, &other)
    }

    fn binary(
        self: Rc<Self>,
        vm: &mut Vm,
        operator: BinaryOperator,
        other: &Value,
        reflected: bool,
    ) -> Result<Value, Raise> {
        let set_operator = matches!(
            operator,
            BinaryOperator::BitAnd
                | BinaryOperator::BitOr
                | BinaryOperator::BitXor
                | BinaryOperator::Sub
        );
        if self.part == Part::Values || !set_operator || !vm.is_iterable(other) {
            return Ok(Value::NotImplemented);
        }
        let this = vm.new_set(self.items(), false)?;
        let items = vm.collect(other)?;
        let other = vm.new_set(items, false)?;
        if reflected {
            vm.binary(operator, &other, &this)
        } else {
            vm.binary(operator, &this, &other)
        }
    }
}

fn isdisjoint(vm: &mut Vm, args: crate::host::Args) -> Result<Value, Raise> {
    let view = args.this::<DictView>(vm)?;
    for item in vm.collect(&args.at(1))? {
        if view.contains(vm, &item)? == Some(true) {
            return Ok(Value::Bool(false));
        }
    }
    Ok(Value::Bool(true))
}

pub(super) fn install(vm: &mut Vm) {
    super::add_methods(vm, Kind::DictKeys, &[("isdisjoint", isdisjoint, None)]);
    super::add_methods(vm, Kind::DictItems, &[("isdisjoint", isdisjoint, None)]);
}
