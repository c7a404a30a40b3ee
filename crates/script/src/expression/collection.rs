//! Read-only collections of named things: `table.c`, `metadata.tables`, `select.selected_columns`.

use std::rc::Rc;

use vidro_python::{Args, Class, ClassBuilder, Object, Raise, Str, Value, Vm, iterator};

use crate::{exc, value};

/// Named things in order.
#[derive(Debug)]
pub(crate) struct CollectionObject {
    items: Vec<(Rc<str>, Value)>,
    /// A mapping iterates over keys, a column collection over values.
    mapping: bool,
}

const BASE: &str = "sqlalchemy.sql.base";

pub(super) fn define(vm: &mut Vm) {
    for name in ["ReadOnlyColumnCollection", "FacadeDict"] {
        ClassBuilder::new(BASE, name)
            .method("keys", keys)
            .method("values", values)
            .method("items", items)
            .method("get", get)
            .method("contains_column", contains_column)
            .build(vm);
    }
}

/// A column collection.
pub(crate) fn collection(items: Vec<(Rc<str>, Value)>) -> Value {
    Value::object(CollectionObject { items, mapping: false })
}

/// A mapping such as `metadata.tables`.
pub(crate) fn facade(items: Vec<(Rc<str>, Value)>) -> Value {
    Value::object(CollectionObject { items, mapping: true })
}

/// The columns of a column collection, if it is one.
pub(super) fn columns(given: &Value) -> Option<Vec<Value>> {
    let object = given.downcast_ref::<CollectionObject>().filter(|object| !object.mapping)?;
    Some(object.items.iter().map(|(_, item)| item.clone()).collect())
}

fn keys(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = args.this::<CollectionObject>(vm)?;
    if this.mapping {
        return this.view(vm, "keys");
    }
    Ok(Value::list(this.items.iter().map(|(key, _)| Value::from(&**key)).collect()))
}

fn values(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = args.this::<CollectionObject>(vm)?;
    if this.mapping {
        return this.view(vm, "values");
    }
    Ok(Value::list(this.items.iter().map(|(_, item)| item.clone()).collect()))
}

fn items(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = args.this::<CollectionObject>(vm)?;
    if this.mapping {
        return this.view(vm, "items");
    }
    let pair =
        |(key, item): &(Rc<str>, Value)| Value::tuple(vec![Value::from(&**key), item.clone()]);
    Ok(Value::list(this.items.iter().map(pair).collect()))
}

fn get(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = args.this::<CollectionObject>(vm)?;
    let name = value::text(vm, &args.at(1))?;
    Ok(this.find(&name).unwrap_or_else(|| args.at(2)))
}

fn contains_column(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = args.this::<CollectionObject>(vm)?;
    Ok(Value::Bool(this.items.iter().any(|(_, item)| item.is(&args.at(1)))))
}

impl CollectionObject {
    /// What a dict of the same entries gives: `dict_keys([…])` and its kin.
    fn view(&self, vm: &mut Vm, method: &str) -> Result<Value, Raise> {
        let dict = Value::dict(self.items.iter().map(|(key, item)| (&**key, item.clone())));
        vm.call_method(&dict, method, Args::none())
    }

    fn find(&self, name: &str) -> Option<Value> {
        self.items.iter().find(|(key, _)| **key == *name).map(|(_, item)| item.clone())
    }
}

impl Object for CollectionObject {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        let name = if self.mapping { "FacadeDict" } else { "ReadOnlyColumnCollection" };
        vm.named_class(&format!("{BASE}.{name}"))
    }

    fn get_attribute(self: Rc<Self>, vm: &mut Vm, name: &str) -> Result<Option<Value>, Raise> {
        if self.mapping || name.starts_with("__") {
            return Ok(None);
        }
        match self.find(name) {
            Some(found) => Ok(Some(found)),
            None => Err(vm.attribute_error(name)),
        }
    }

    fn attribute_names(&self, _: &mut Vm) -> Vec<Str> {
        self.items.iter().map(|(key, _)| Str::from(&**key)).collect()
    }

    fn get_item(self: Rc<Self>, vm: &mut Vm, key: &Value) -> Result<Value, Raise> {
        if let Some(name) = key.as_str() {
            return match self.find(&name) {
                Some(item) => Ok(item),
                None => Err(vm.key_error(key.clone())),
            };
        }
        if let (Value::Int(index), false) = (key, self.mapping) {
            let count = i64::try_from(self.items.len()).unwrap_or(i64::MAX);
            let at = if *index < 0 { index + count } else { *index };
            let found = usize::try_from(at).ok().and_then(|at| self.items.get(at));
            return match found {
                Some((_, item)) => Ok(item.clone()),
                None => Err(vm.index_error(index.to_string())),
            };
        }
        if let (Value::Tuple(names), false) = (key, self.mapping) {
            let mut picked = Vec::new();
            for name in names.iter() {
                let text = value::text(vm, name)?;
                match self.find(&text) {
                    Some(item) => picked.push((text, item)),
                    None => return Err(vm.key_error(name.clone())),
                }
            }
            return Ok(collection(picked));
        }
        Err(vm.key_error(key.clone()))
    }

    fn contains(&self, vm: &mut Vm, item: &Value) -> Result<Option<bool>, Raise> {
        match item.as_str() {
            Some(name) => Ok(Some(self.find(&name).is_some())),
            None if self.mapping => Ok(Some(false)),
            None => Err(exc::argument(vm, "__contains__ requires a string argument")),
        }
    }

    fn iterate(self: Rc<Self>, _: &mut Vm) -> Result<Option<Value>, Raise> {
        let pick = |(key, item): &(Rc<str>, Value)| {
            if self.mapping { Value::from(&**key) } else { item.clone() }
        };
        Ok(Some(iterator(self.items.iter().map(pick).collect())))
    }

    fn length(&self, _: &mut Vm) -> Result<Option<usize>, Raise> {
        Ok(Some(self.items.len()))
    }

    fn repr(&self, vm: &mut Vm) -> Result<Str, Raise> {
        if !self.mapping {
            let address = std::ptr::from_ref(self).addr();
            let class = "sqlalchemy.sql.base.ReadOnlyColumnCollection";
            return Ok(super::plain_repr(class, address).into());
        }
        let mut parts = Vec::new();
        for (key, item) in &self.items {
            parts.push(format!("{}: {}", vidro_sql::repr::string(key), vm.repr(item)?));
        }
        Ok(format!("FacadeDict({{{}}})", parts.join(", ")).into())
    }
}
