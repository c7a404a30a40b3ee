//! Comparison and hashes.

use std::cmp::Ordering;
use std::rc::Rc;

use num_traits::ToPrimitive;

use super::Vm;
use crate::host::{Compare, Raise};
use crate::value::{Table, Value, big};

impl Vm {
    /// Whether two values are equal; the result of `==` is reduced to its truth.
    pub fn equal(&mut self, a: &Value, b: &Value) -> Result<bool, Raise> {
        if let Some(equal) = a.plainly_equal(b) {
            return Ok(equal);
        }
        if a.is(b) && !matches!(a, Value::Object(_)) {
            return Ok(true);
        }
        let result = self.compare(Compare::Equal, a, b)?;
        self.truth(&result)
    }

    /// `a < b` and the like; any value may come out.
    pub fn compare(&mut self, by: Compare, a: &Value, b: &Value) -> Result<Value, Raise> {
        if let (Value::Int(x), Value::Int(y)) = (a, b) {
            return Ok(Value::Bool(by.accepts(x.cmp(y))));
        }
        if let Some(result) = self.compare_native(by, a, b)? {
            return Ok(Value::Bool(result));
        }
        let reflected_first = matches!(
            (a, b),
            (Value::Instance(_), Value::Instance(_)) | (Value::Object(_), Value::Object(_))
        ) && self.class_of(b).serial != self.class_of(a).serial
            && self.class_of(b).is_subclass(&self.class_of(a));
        let order = if reflected_first { [true, false] } else { [false, true] };
        for reflected in order {
            let result = if reflected {
                self.compare_side(by.swapped(), b, a)?
            } else {
                self.compare_side(by, a, b)?
            };
            if !result.is_not_implemented() {
                return Ok(result);
            }
        }
        match by {
            Compare::Equal => Ok(Value::Bool(a.is(b))),
            Compare::NotEqual => Ok(Value::Bool(!a.is(b))),
            _ => {
                let (left, right) = (self.class_of(a).name(), self.class_of(b).name());
                Err(self.type_error(format!(
                    "'{}' not supported between instances of '{left}' and '{right}'",
                    by.symbol()
                )))
            }
        }
    }

    fn compare_side(&mut self, by: Compare, a: &Value, b: &Value) -> Result<Value, Raise> {
        match a {
            Value::Object(object) => Rc::clone(object).compare(self, by, b),
            Value::Instance(instance) => {
                if let Some(method) = self.special_method(a, by.method()) {
                    return self.call(&method, [a.clone(), b.clone()]);
                }
                if by == Compare::NotEqual
                    && let Some(method) = self.special_method(a, "__eq__")
                {
                    let result = self.call(&method, [a.clone(), b.clone()])?;
                    if result.is_not_implemented() {
                        return Ok(result);
                    }
                    return Ok(Value::Bool(!self.truth(&result)?));
                }
                match instance.base() {
                    Some(base) => {
                        let other = b.unwrapped();
                        Ok(self
                            .compare_native(by, &base, &other)?
                            .map_or(Value::NotImplemented, Value::Bool))
                    }
                    None => Ok(Value::NotImplemented),
                }
            }
            Value::Class(class) if class.metaclass.borrow().is_some() => {
                match self.special_method(a, by.method()) {
                    Some(method) => self.call(&method, [a.clone(), b.clone()]),
                    None => Ok(Value::NotImplemented),
                }
            }
            _ => match b {
                // A built-in value beside an instance of a subclass of its type.
                Value::Instance(instance) if instance.base().is_some() => Ok(self
                    .compare_native(by, a, &b.unwrapped())?
                    .map_or(Value::NotImplemented, Value::Bool)),
                _ => Ok(Value::NotImplemented),
            },
        }
    }

    /// Comparison of built-in values; none if these two types do not compare.
    fn compare_native(&mut self, by: Compare, a: &Value, b: &Value) -> Result<Option<bool>, Raise> {
        let ordering = match (a, b) {
            (Value::Str(a), Value::Str(b)) => Some(a.as_str().cmp(b.as_str())),
            (Value::Bytes(a), Value::Bytes(b)) => Some(a.cmp(b)),
            (
                Value::Int(_) | Value::Bool(_) | Value::Big(_) | Value::Float(_),
                Value::Int(_) | Value::Bool(_) | Value::Big(_) | Value::Float(_),
            ) => {
                return Ok(Some(match compare_numbers(a, b) {
                    Some(ordering) => by.accepts(ordering),
                    None => by == Compare::NotEqual,
                }));
            }
            (Value::List(x), Value::List(y)) => {
                let (x, y) = (x.to_vec(), y.to_vec());
                return self.compare_sequences(by, &x, &y);
            }
            (Value::Tuple(x), Value::Tuple(y)) => {
                let (x, y) = (Rc::clone(x), Rc::clone(y));
                return self.compare_sequences(by, &x, &y);
            }
            (Value::Dict(x), Value::Dict(y)) => {
                if !matches!(by, Compare::Equal | Compare::NotEqual) {
                    return Ok(None);
                }
                let equal = self.equal_dicts(&Rc::clone(x), &Rc::clone(y))?;
                return Ok(Some(equal == (by == Compare::Equal)));
            }
            (Value::Set(x), Value::Set(y)) => {
                let (x, y) = (Rc::clone(x), Rc::clone(y));
                return self.compare_sets(by, &x, &y).map(Some);
            }
            _ => None,
        };
        if let Some(ordering) = ordering {
            return Ok(Some(by.accepts(ordering)));
        }
        if let (Compare::Equal | Compare::NotEqual, Some(equal)) = (by, a.plainly_equal(b)) {
            let identity = matches!(a, Value::Class(class) if class.metaclass.borrow().is_some());
            if !identity {
                return Ok(Some(equal == (by == Compare::Equal)));
            }
        }
        Ok(None)
    }

    fn compare_sequences(
        &mut self,
        by: Compare,
        a: &[Value],
        b: &[Value],
    ) -> Result<Option<bool>, Raise> {
        if a.len() != b.len() && matches!(by, Compare::Equal | Compare::NotEqual) {
            return Ok(Some(by == Compare::NotEqual));
        }
        self.enter_native()?;
        let mut result = Ok(None);
        for (x, y) in a.iter().zip(b) {
            match if x.is(y) { Ok(true) } else { self.equal(x, y) } {
                Ok(true) => {}
                Ok(false) => {
                    result = match by {
                        Compare::Equal => Ok(Some(false)),
                        Compare::NotEqual => Ok(Some(true)),
                        _ => self
                            .compare(by, x, y)
                            .and_then(|ordered| self.truth(&ordered))
                            .map(Some),
                    };
                    break;
                }
                Err(raise) => {
                    result = Err(raise);
                    break;
                }
            }
        }
        self.leave_native();
        Ok(Some(result?.unwrap_or_else(|| by.accepts(a.len().cmp(&b.len())))))
    }

    fn equal_dicts(
        &mut self,
        a: &crate::value::Dict,
        b: &crate::value::Dict,
    ) -> Result<bool, Raise> {
        if a.len() != b.len() {
            return Ok(false);
        }
        self.enter_native()?;
        let mut equal = Ok(true);
        for (key, value) in a.items() {
            let same = match self.dict_get(b, &key) {
                Ok(Some(other)) => {
                    if value.is(&other) {
                        Ok(true)
                    } else {
                        self.equal(&value, &other)
                    }
                }
                Ok(None) => Ok(false),
                Err(raise) => Err(raise),
            };
            if !matches!(same, Ok(true)) {
                equal = same;
                break;
            }
        }
        self.leave_native();
        equal
    }

    fn compare_sets(
        &mut self,
        by: Compare,
        a: &crate::value::Set,
        b: &crate::value::Set,
    ) -> Result<bool, Raise> {
        let (small, large, strict) = match by {
            Compare::Equal | Compare::NotEqual => {
                let equal = a.len() == b.len() && self.is_subset(a, b)?;
                return Ok(equal == (by == Compare::Equal));
            }
            Compare::Less => (a, b, true),
            Compare::LessEqual => (a, b, false),
            Compare::Greater => (b, a, true),
            Compare::GreaterEqual => (b, a, false),
        };
        if small.len() > large.len() || (strict && small.len() == large.len()) {
            return Ok(false);
        }
        self.is_subset(small, large)
    }

    pub(crate) fn is_subset(
        &mut self,
        a: &crate::value::Set,
        b: &crate::value::Set,
    ) -> Result<bool, Raise> {
        for item in a.items() {
            if !self.set_contains(b, &item)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// `hash(value)` as the table uses it.
    pub fn hash(&mut self, value: &Value) -> Result<u64, Raise> {
        if let Some(hash) = value.plain_hash() {
            return Ok(hash);
        }
        match value {
            Value::Object(object) => Rc::clone(object).hash(self),
            Value::Tuple(items) => {
                self.enter_native()?;
                let mut hash = 0x345_6789_u64;
                for item in items.iter() {
                    match self.hash(item) {
                        Ok(part) => hash = hash.rotate_left(5).wrapping_mul(1_000_003) ^ part,
                        Err(raise) => {
                            self.leave_native();
                            return Err(raise);
                        }
                    }
                }
                self.leave_native();
                Ok(hash)
            }
            Value::Set(set) if set.frozen => {
                let mut hash = 1_927_868_237_u64;
                for item in set.items() {
                    hash ^= self.hash(&item)?.wrapping_mul(0x9E37_79B9_7F4A_7C15);
                }
                Ok(hash)
            }
            Value::Instance(instance) => {
                let class = instance.class();
                match class.lookup("__hash__") {
                    Some(Value::None) => Err(self.unhashable(value)),
                    Some(method @ Value::Function(_)) => {
                        let hash = self.call(&method, [value.clone()])?;
                        match &hash {
                            Value::Int(_) | Value::Big(_) | Value::Bool(_) => {
                                Ok(hash.plain_hash().unwrap_or(0))
                            }
                            _ => Err(self.type_error("__hash__ method should return an integer")),
                        }
                    }
                    _ => match instance.base() {
                        Some(base) => self.hash(&base),
                        None => Ok(u64::try_from(value.address().unwrap_or(0) >> 3).unwrap_or(0)),
                    },
                }
            }
            other => Err(self.unhashable(other)),
        }
    }

    fn unhashable(&mut self, value: &Value) -> Raise {
        let class = self.class_of(value).name();
        self.type_error(format!("unhashable type: '{class}'"))
    }

    /// Sorts values by `<`, stably. The first error ends it.
    pub(crate) fn sort(&mut self, items: &mut Vec<Value>) -> Result<(), Raise> {
        let keyed = std::mem::take(items);
        let pairs: Vec<(Value, Value)> =
            keyed.into_iter().map(|item| (item.clone(), item)).collect();
        *items = self.sort_pairs(pairs, false)?;
        Ok(())
    }

    /// Sorts values by keys, stably, perhaps in reverse.
    pub(crate) fn sort_pairs(
        &mut self,
        mut pairs: Vec<(Value, Value)>,
        reverse: bool,
    ) -> Result<Vec<Value>, Raise> {
        if reverse {
            pairs.reverse();
        }
        let sorted = self.merge_sort(pairs)?;
        let mut values: Vec<Value> = sorted.into_iter().map(|(_, value)| value).collect();
        if reverse {
            values.reverse();
        }
        Ok(values)
    }

    // A merge sort of our own: the standard library's may panic if `<` is no order.
    fn merge_sort(&mut self, pairs: Vec<(Value, Value)>) -> Result<Vec<(Value, Value)>, Raise> {
        let mut runs: Vec<Vec<(Value, Value)>> = Vec::new();
        for pair in pairs {
            match runs.last_mut() {
                Some(run) => {
                    let ordered = match run.last() {
                        Some((last, _)) => !self.less(&pair.0, last)?,
                        None => true,
                    };
                    if ordered {
                        run.push(pair);
                    } else {
                        runs.push(vec![pair]);
                    }
                }
                None => runs.push(vec![pair]),
            }
        }
        while runs.len() > 1 {
            let mut merged = Vec::with_capacity(runs.len() / 2 + 1);
            let mut rest = runs.into_iter();
            while let Some(left) = rest.next() {
                match rest.next() {
                    Some(right) => merged.push(self.merge(left, right)?),
                    None => merged.push(left),
                }
            }
            runs = merged;
        }
        Ok(runs.pop().unwrap_or_default())
    }

    fn merge(
        &mut self,
        left: Vec<(Value, Value)>,
        right: Vec<(Value, Value)>,
    ) -> Result<Vec<(Value, Value)>, Raise> {
        let mut merged = Vec::with_capacity(left.len() + right.len());
        let mut left = left.into_iter().peekable();
        let mut right = right.into_iter().peekable();
        while let (Some((a, _)), Some((b, _))) = (left.peek(), right.peek()) {
            if self.less(b, a)? {
                merged.extend(right.next());
            } else {
                merged.extend(left.next());
            }
        }
        merged.extend(left);
        merged.extend(right);
        Ok(merged)
    }

    pub(crate) fn less(&mut self, a: &Value, b: &Value) -> Result<bool, Raise> {
        match (a, b) {
            (Value::Int(a), Value::Int(b)) => Ok(a < b),
            (Value::Str(a), Value::Str(b)) => Ok(a.as_str() < b.as_str()),
            _ => {
                let result = self.compare(Compare::Less, a, b)?;
                self.truth(&result)
            }
        }
    }

    /// The table of a dict or set, copied.
    pub(crate) fn copy_table(table: &std::cell::RefCell<Table>) -> Table {
        table.borrow().clone()
    }
}

/// The order of two numbers; none with a NaN.
fn compare_numbers(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        (Value::Float(a), b) => compare_float(*a, b),
        (a, Value::Float(b)) => compare_float(*b, a).map(Ordering::reverse),
        (a, b) => match (a.as_int(), b.as_int()) {
            (Some(a), Some(b)) => Some(a.cmp(&b)),
            _ => Some(big(a)?.cmp(&big(b)?)),
        },
    }
}

fn compare_float(a: f64, b: &Value) -> Option<Ordering> {
    if a.is_nan() {
        return None;
    }
    if a.is_infinite() {
        return Some(if a > 0.0 { Ordering::Greater } else { Ordering::Less });
    }
    let whole = crate::value::float_to_big(a)?;
    let order = whole.cmp(&big(b)?);
    Some(if order == Ordering::Equal {
        a.partial_cmp(&whole.to_f64()?).unwrap_or(Ordering::Equal)
    } else {
        order
    })
}
