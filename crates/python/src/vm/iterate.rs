//! Iteration, subscription, length, truth, membership.

use std::rc::Rc;

use super::{Then, Vm};
use crate::builtins::{DictView, Range, index_of, slice_indices, slice_list};
use crate::host::{Args, Raise};
use crate::value::{Iter, IterSource, Part, Value};

impl Vm {
    /// `iter(value)`.
    pub fn iter(&mut self, value: &Value) -> Result<Value, Raise> {
        match self.try_iter(value)? {
            Some(iterator) => Ok(iterator),
            None => {
                let class = self.class_of(value).name();
                Err(self.type_error(format!("'{class}' object is not iterable")))
            }
        }
    }

    /// Whether `iter(value)` would work.
    pub fn is_iterable(&mut self, value: &Value) -> bool {
        match value {
            Value::Instance(_) => {
                self.special_method(value, "__iter__").is_some()
                    || self.special_method(value, "__getitem__").is_some()
            }
            other => matches!(self.try_iter(other), Ok(Some(_))),
        }
    }

    fn try_iter(&mut self, value: &Value) -> Result<Option<Value>, Raise> {
        Ok(Some(match value {
            Value::Iter(_) | Value::Generator(_) => value.clone(),
            Value::List(list) => {
                Iter::value(IterSource::List { list: Rc::clone(list), at: 0 }, "list_iterator")
            }
            Value::Tuple(tuple) => {
                Iter::value(IterSource::Tuple { tuple: Rc::clone(tuple), at: 0 }, "tuple_iterator")
            }
            Value::Str(text) => {
                Iter::value(IterSource::Str { text: text.clone(), at: 0 }, "str_ascii_iterator")
            }
            Value::Bytes(bytes) => {
                let values = bytes.iter().map(|byte| Value::Int(i64::from(*byte)));
                let values: Vec<Value> = values.collect();
                Iter::value(IterSource::Values { values: values.into_iter() }, "bytes_iterator")
            }
            Value::Dict(dict) => {
                let size = dict.len();
                let dict = Rc::clone(dict);
                let source = IterSource::Dict { dict, part: Part::Keys, at: 0, size };
                Iter::value(source, "dict_keyiterator")
            }
            Value::Set(set) => {
                let order = crate::builtins::set_order(set).into_iter();
                let size = set.len();
                Iter::value(IterSource::Set { set: Rc::clone(set), order, size }, "set_iterator")
            }
            Value::Object(object) => return Rc::clone(object).iterate(self),
            Value::Instance(_) | Value::Class(_) => return self.iter_of_python(value),
            _ => return Ok(None),
        }))
    }

    fn iter_of_python(&mut self, value: &Value) -> Result<Option<Value>, Raise> {
        if let Some(method) = self.special_method(value, "__iter__") {
            let iterator = self.call(&method, [value.clone()])?;
            if matches!(&iterator, Value::Instance(_))
                && self.special_method(&iterator, "__next__").is_none()
            {
                let class = self.class_of(&iterator).name();
                return Err(
                    self.type_error(format!("iter() returned non-iterator of type '{class}'"))
                );
            }
            return Ok(Some(iterator));
        }
        if let Value::Instance(instance) = value {
            if let Some(base) = instance.base() {
                return self.try_iter(&base);
            }
            if let Some(method) = self.special_method(value, "__getitem__") {
                return Ok(Some(self.iter_by_index(value.clone(), method)));
            }
        }
        Ok(None)
    }

    fn iter_by_index(&mut self, target: Value, method: Value) -> Value {
        let mut at = 0;
        Iter::from_fn("iterator", move |vm| {
            let result = vm.call(&method, [target.clone(), Value::Int(at)]);
            at += 1;
            match result {
                Ok(value) => Ok(Some(value)),
                Err(raise)
                    if raise.is(&vm.exception("IndexError"))
                        || raise.is(&vm.exception("StopIteration")) =>
                {
                    Ok(None)
                }
                Err(raise) => Err(raise),
            }
        })
    }

    /// The next value of an iterator; none at its end.
    pub fn next(&mut self, iterator: &Value) -> Result<Option<Value>, Raise> {
        match iterator {
            Value::Iter(iter) => Rc::clone(iter).next(self),
            Value::Generator(generator) => self.next_of_generator(&Rc::clone(generator)),
            Value::Object(object) => Rc::clone(object).next(self),
            other => match self.special_method(other, "__next__") {
                Some(method) => match self.call(&method, [other.clone()]) {
                    Ok(value) => Ok(Some(value)),
                    Err(raise) if raise.is(&self.exception("StopIteration")) => Ok(None),
                    Err(raise) => Err(raise),
                },
                None => {
                    let class = self.class_of(other).name();
                    Err(self.type_error(format!("'{class}' object is not an iterator")))
                }
            },
        }
    }

    /// `ForIter`: pushes the next value, or drops the iterator and jumps.
    pub(crate) fn for_iter(&mut self, target: u32) -> Result<(), Raise> {
        let Some(iterator) = self.frame.peek(0).cloned() else { return Ok(()) };
        if let Value::Generator(generator) = &iterator {
            return self.resume(&Rc::clone(generator), Value::None, Then::ForIter(target));
        }
        match self.next(&iterator)? {
            Some(value) => self.frame.push(value),
            None => {
                self.frame.pop();
                self.frame.pc = target as usize;
            }
        }
        Ok(())
    }

    /// `GetIter`: pushes the iterator of the value on the stack; `__iter__` runs in a frame.
    pub(crate) fn get_iter(&mut self) -> Result<(), Raise> {
        let value = self.frame.pop();
        if let Value::Instance(_) = &value
            && let Some(method @ Value::Function(_)) = self.special_method(&value, "__iter__")
        {
            return self.call_into(method, Args::from([value]), Then::Push);
        }
        let iterator = self.iter(&value)?;
        self.frame.push(iterator);
        Ok(())
    }

    /// `target[key]`.
    pub fn get_item(&mut self, target: &Value, key: &Value) -> Result<Value, Raise> {
        match target {
            Value::List(list) => {
                if let Some(slice) = self.as_slice(key)? {
                    let items = slice_list(self, &list.borrow().clone(), &slice)?;
                    return Ok(Value::list(items));
                }
                let at = index_of(self, key, list.len(), "list")?;
                list.get(at).ok_or_else(|| self.index_error("list index out of range"))
            }
            Value::Tuple(tuple) => {
                if let Some(slice) = self.as_slice(key)? {
                    return Ok(Value::tuple(slice_list(self, tuple, &slice)?));
                }
                let at = index_of(self, key, tuple.len(), "tuple")?;
                tuple.get(at).cloned().ok_or_else(|| self.index_error("tuple index out of range"))
            }
            Value::Dict(dict) => match self.dict_get(dict, key)? {
                Some(value) => Ok(value),
                None => Err(self.key_error(key.clone())),
            },
            Value::Str(text) => crate::builtins::str_item(self, text, key),
            Value::Bytes(bytes) => crate::builtins::bytes_item(self, bytes, key),
            Value::Object(object) => Rc::clone(object).get_item(self, key),
            Value::Class(class) => {
                let class = Rc::clone(class);
                self.subscript_class(target, &class, key)
            }
            Value::Instance(instance) => {
                let base = instance.base();
                match (self.special_method(target, "__getitem__"), base) {
                    (Some(Value::Native(_)) | None, Some(base)) => {
                        self.base_item(target, &base, key)
                    }
                    (Some(method), _) => self.call(&method, [target.clone(), key.clone()]),
                    (None, None) => Err(self.not_subscriptable(target)),
                }
            }
            other => Err(self.not_subscriptable(other)),
        }
    }

    /// `target[key]` of an instance of a subclass of a built-in container, by the container.
    pub(crate) fn base_item(
        &mut self,
        target: &Value,
        base: &Value,
        key: &Value,
    ) -> Result<Value, Raise> {
        if let Value::Dict(dict) = base {
            if let Some(value) = self.dict_get(dict, key)? {
                return Ok(value);
            }
            return match self.special_method(target, "__missing__") {
                Some(missing) => self.call(&missing, [target.clone(), key.clone()]),
                None => Err(self.key_error(key.clone())),
            };
        }
        self.get_item(base, key)
    }

    fn not_subscriptable(&mut self, target: &Value) -> Raise {
        let class = self.class_of(target).name();
        self.type_error(format!("'{class}' object is not subscriptable"))
    }

    /// `list[int]`, `C[key]` through a metaclass or `__class_getitem__`.
    fn subscript_class(
        &mut self,
        target: &Value,
        class: &Rc<crate::value::Class>,
        key: &Value,
    ) -> Result<Value, Raise> {
        if class.metaclass.borrow().is_some()
            && let Some(method) = self.special_method(target, "__getitem__")
        {
            return self.call(&method, [target.clone(), key.clone()]);
        }
        if let Some(method) = class.lookup("__class_getitem__") {
            return match self.bind_to_class(method, class)? {
                super::attribute::Found::Value(method) => self.call(&method, [key.clone()]),
                super::attribute::Found::Method(method)
                | super::attribute::Found::Call(method, _) => {
                    self.call(&method, [target.clone(), key.clone()])
                }
            };
        }
        let generic = ["list", "dict", "tuple", "set", "frozenset", "type"];
        if class.native && generic.contains(&&*class.name()) {
            let args = match key {
                Value::Tuple(items) => items.to_vec(),
                other => vec![other.clone()],
            };
            return Ok(Value::object(crate::value::Alias {
                origin: target.clone(),
                args,
                pipe: false,
            }));
        }
        let name = class.name();
        Err(self.type_error(format!("type '{name}' is not subscriptable")))
    }

    /// `target[key] = value`.
    pub fn set_item(&mut self, target: &Value, key: &Value, value: Value) -> Result<(), Raise> {
        match target {
            Value::List(list) => {
                if let Some(slice) = self.as_slice(key)? {
                    return crate::builtins::assign_slice(self, list, &slice, &value);
                }
                let at = index_of(self, key, list.len(), "list")?;
                let old =
                    list.edit(|items| items.get_mut(at).map(|slot| std::mem::replace(slot, value)));
                match old {
                    Some(_) => Ok(()),
                    None => Err(self.index_error("list assignment index out of range")),
                }
            }
            Value::Dict(dict) => self.dict_set(dict, key.clone(), value),
            Value::Object(object) => Rc::clone(object).set_item(self, key, value),
            other => {
                if let Some(method) = self.special_method(other, "__setitem__") {
                    return self.call(&method, [other.clone(), key.clone(), value]).map(drop);
                }
                if let Value::Instance(instance) = other
                    && let Some(base) = instance.base()
                {
                    return self.set_item(&base, key, value);
                }
                let class = self.class_of(other).name();
                Err(self.type_error(format!("'{class}' object does not support item assignment")))
            }
        }
    }

    /// `del target[key]`.
    pub fn delete_item(&mut self, target: &Value, key: &Value) -> Result<(), Raise> {
        match target {
            Value::List(list) => {
                if let Some(slice) = self.as_slice(key)? {
                    return crate::builtins::delete_slice(self, list, &slice);
                }
                let at = index_of(self, key, list.len(), "list")?;
                let old = list.edit(|items| (at < items.len()).then(|| items.remove(at)));
                match old {
                    Some(_) => Ok(()),
                    None => Err(self.index_error("list assignment index out of range")),
                }
            }
            Value::Dict(dict) => match self.dict_remove(dict, key)? {
                Some(_) => Ok(()),
                None => Err(self.key_error(key.clone())),
            },
            Value::Object(object) => Rc::clone(object).delete_item(self, key),
            other => {
                if let Some(method) = self.special_method(other, "__delitem__") {
                    return self.call(&method, [other.clone(), key.clone()]).map(drop);
                }
                if let Value::Instance(instance) = other
                    && let Some(base) = instance.base()
                {
                    return self.delete_item(&base, key);
                }
                let class = self.class_of(other).name();
                Err(self.type_error(format!("'{class}' object doesn't support item deletion")))
            }
        }
    }

    /// `len(value)`; none if it has no length.
    pub fn try_length(&mut self, value: &Value) -> Result<Option<usize>, Raise> {
        Ok(Some(match value {
            Value::Str(text) => {
                if text.is_ascii() {
                    text.len()
                } else {
                    text.chars().count()
                }
            }
            Value::Bytes(bytes) => bytes.len(),
            Value::Tuple(tuple) => tuple.len(),
            Value::List(list) => list.len(),
            Value::Dict(dict) => dict.len(),
            Value::Set(set) => set.len(),
            Value::Object(object) => return Rc::clone(object).length(self),
            Value::Instance(instance) => {
                if let Some(method) = self.special_method(value, "__len__") {
                    let length = self.call(&method, [value.clone()])?;
                    return self.check_length(&length).map(Some);
                }
                match instance.base() {
                    Some(base) => return self.try_length(&base),
                    None => return Ok(None),
                }
            }
            Value::Class(class) if class.metaclass.borrow().is_some() => {
                match self.special_method(value, "__len__") {
                    Some(method) => {
                        let length = self.call(&method, [value.clone()])?;
                        return self.check_length(&length).map(Some);
                    }
                    None => return Ok(None),
                }
            }
            _ => return Ok(None),
        }))
    }

    fn check_length(&mut self, length: &Value) -> Result<usize, Raise> {
        match length.as_int() {
            Some(length) => usize::try_from(length)
                .map_err(|_| self.value_error("__len__() should return >= 0")),
            None => {
                let class = self.class_of(length).name();
                Err(self
                    .type_error(format!("'{class}' object cannot be interpreted as an integer")))
            }
        }
    }

    /// `len(value)`.
    pub fn length(&mut self, value: &Value) -> Result<usize, Raise> {
        match self.try_length(value)? {
            Some(length) => Ok(length),
            None => {
                let class = self.class_of(value).name();
                Err(self.type_error(format!("object of type '{class}' has no len()")))
            }
        }
    }

    /// `bool(value)`.
    pub fn truth(&mut self, value: &Value) -> Result<bool, Raise> {
        Ok(match value {
            Value::None => false,
            Value::Bool(value) => *value,
            Value::Int(value) => *value != 0,
            Value::Float(value) => *value != 0.0,
            Value::Str(text) => !text.is_empty(),
            Value::Bytes(bytes) => !bytes.is_empty(),
            Value::Tuple(tuple) => !tuple.is_empty(),
            Value::List(list) => !list.is_empty(),
            Value::Dict(dict) => !dict.is_empty(),
            Value::Set(set) => !set.is_empty(),
            Value::Object(object) => match Rc::clone(object).truth(self)? {
                Some(truth) => truth,
                None => Rc::clone(object).length(self)?.is_none_or(|length| length != 0),
            },
            Value::Instance(instance) => {
                if let Some(method) = self.special_method(value, "__bool__") {
                    return match self.call(&method, [value.clone()])? {
                        Value::Bool(truth) => Ok(truth),
                        other => {
                            let class = self.class_of(&other).name();
                            Err(self.type_error(format!(
                                "__bool__ should return bool, returned {class}"
                            )))
                        }
                    };
                }
                match instance.base() {
                    Some(base) if self.special_method(value, "__len__").is_none() => {
                        self.truth(&base)?
                    }
                    _ => self.try_length(value)?.is_none_or(|length| length != 0),
                }
            }
            _ => true,
        })
    }

    /// `item in container`.
    pub fn contains(&mut self, container: &Value, item: &Value) -> Result<bool, Raise> {
        match container {
            Value::Dict(dict) => return Ok(self.dict_get(dict, item)?.is_some()),
            Value::Set(set) => return self.set_contains(set, item),
            Value::Str(text) => {
                return match item.as_str() {
                    Some(part) => Ok(text.contains(&*part)),
                    None => {
                        let class = self.class_of(item).name();
                        Err(self.type_error(format!(
                            "'in <string>' requires string as left operand, not {class}"
                        )))
                    }
                };
            }
            Value::Bytes(bytes) => return crate::builtins::bytes_contains(self, bytes, item),
            Value::Object(object) => {
                if let Some(found) = Rc::clone(object).contains(self, item)? {
                    return Ok(found);
                }
            }
            Value::Instance(_) | Value::Class(_) => {
                if let Some(method) = self.special_method(container, "__contains__") {
                    let found = self.call(&method, [container.clone(), item.clone()])?;
                    return self.truth(&found);
                }
                if let Value::Instance(instance) = container
                    && let Some(base) = instance.base()
                    && self.special_method(container, "__iter__").is_none()
                {
                    return self.contains(&base, item);
                }
            }
            _ => {}
        }
        if !self.is_iterable(container) {
            let class = self.class_of(container).name();
            return Err(self.type_error(format!("argument of type '{class}' is not iterable")));
        }
        let iterator = self.iter(container)?;
        while let Some(candidate) = self.next(&iterator)? {
            if candidate.is(item) || self.equal(&candidate, item)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A slice's bounds if the key is a slice.
    fn as_slice(&mut self, key: &Value) -> Result<Option<crate::builtins::Slice>, Raise> {
        Ok(key.downcast_ref::<crate::builtins::Slice>().cloned())
    }

    /// `reversed(value)`.
    pub(crate) fn reversed(&mut self, value: &Value) -> Result<Value, Raise> {
        if let Some(method) = self.special_method(value, "__reversed__")
            && matches!(value, Value::Instance(_))
        {
            return self.tail_call(method, [value.clone()]);
        }
        match value.unwrapped() {
            Value::List(list) => {
                let left = list.len();
                Ok(Iter::value(IterSource::ListBack { list, left }, "list_reverseiterator"))
            }
            Value::Dict(dict) => {
                let at = dict.table.borrow().positions();
                Ok(Iter::value(
                    IterSource::DictBack { dict, part: Part::Keys, at },
                    "dict_reversekeyiterator",
                ))
            }
            other => {
                if let Some(range) = other.downcast_ref::<Range>() {
                    return Ok(range.reversed_iter());
                }
                if let Some(view) = other.downcast_ref::<DictView>() {
                    let at = view.dict.table.borrow().positions();
                    let source =
                        IterSource::DictBack { dict: Rc::clone(&view.dict), part: view.part, at };
                    return Ok(Iter::value(source, "dict_reverseitemiterator"));
                }
                let sequence = matches!(other, Value::Tuple(_) | Value::Str(_) | Value::Bytes(_))
                    || (self.special_method(&other, "__getitem__").is_some()
                        && self.special_method(&other, "__len__").is_some());
                if !sequence {
                    let class = self.class_of(value).name();
                    return Err(self.type_error(format!("'{class}' object is not reversible")));
                }
                let mut items = self.collect(&other)?;
                items.reverse();
                let source = IterSource::Values { values: items.into_iter() };
                Ok(Iter::value(source, "reversed"))
            }
        }
    }

    /// The start, stop and step of a slice over a length.
    pub fn slice_bounds(
        &mut self,
        key: &Value,
        length: usize,
    ) -> Result<Option<(i64, i64, i64)>, Raise> {
        match key.downcast_ref::<crate::builtins::Slice>() {
            Some(slice) => slice_indices(self, slice, length).map(Some),
            None => Ok(None),
        }
    }
}
