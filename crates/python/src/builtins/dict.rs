//! The methods of dicts.

use std::rc::Rc;

use super::list::{CONTAINER, MUTABLE, wrap};
use super::view::DictView;
use crate::host::{Args, Raise};
use crate::value::{Dict, Part, Value};
use crate::vm::{Kind, Vm};

fn this(vm: &mut Vm, args: &Args) -> Result<Rc<Dict>, Raise> {
    match args.at(0).unwrapped() {
        Value::Dict(dict) => Ok(dict),
        other => {
            let class = vm.class_of(&other).name();
            Err(vm.type_error(format!(
                "descriptor requires a 'dict' object but received a '{class}'"
            )))
        }
    }
}

fn view(vm: &mut Vm, args: &Args, part: Part) -> Result<Value, Raise> {
    let dict = this(vm, args)?;
    Ok(Value::object(DictView { dict, part }))
}

fn get(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let dict = this(vm, &args)?;
    let [_, key, default] = args.bind(vm, "get(self, key, default=, /)")?;
    let found = vm.dict_get(&dict, &key.unwrap_or_default())?;
    Ok(found.or(default).unwrap_or_default())
}

fn set_default(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let dict = this(vm, &args)?;
    let key = args.at(1);
    if let Some(found) = vm.dict_get(&dict, &key)? {
        return Ok(found);
    }
    let default = args.at(2);
    vm.dict_set(&dict, key, default.clone())?;
    Ok(default)
}

fn pop(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let dict = this(vm, &args)?;
    match vm.dict_remove(&dict, &args.at(1))? {
        Some(value) => Ok(value),
        None => match args.get(2) {
            Some(default) => Ok(default.clone()),
            None => Err(vm.key_error(args.at(1))),
        },
    }
}

fn pop_item(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let dict = this(vm, &args)?;
    let mut table = dict.table.borrow_mut();
    let last = table.previous_from(table.positions()).map(|(at, _, _)| at);
    let popped = last.and_then(|at| table.remove_at(at));
    drop(table);
    match popped {
        Some((key, value)) => Ok(Value::tuple(vec![key, value])),
        None => Err(vm.key_error("popitem(): dictionary is empty".into())),
    }
}

fn update(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let dict = this(vm, &args)?;
    if let Some(from) = args.get(1) {
        vm.dict_update(&dict, from)?;
    }
    for (name, value) in &args.keywords {
        dict.set_name(name, value.clone());
    }
    Ok(Value::None)
}

fn clear(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let dict = this(vm, &args)?;
    let old = dict.table.borrow_mut().clear();
    drop(old);
    Ok(Value::None)
}

fn copy(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let dict = this(vm, &args)?;
    let copy = Dict::new(Vm::copy_table(&dict.table));
    Ok(Value::Dict(Rc::new(copy)))
}

fn from_keys(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let dict = Rc::new(Dict::default());
    for key in vm.collect(&args.at(1))? {
        vm.dict_set(&dict, key, args.at(2))?;
    }
    Ok(Value::Dict(dict))
}

fn new_dict(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let dict = Rc::new(Dict::default());
    let class = args.at(0);
    let own = matches!(&class, Value::Class(class) if class.serial == vm.kind(Kind::Dict).serial);
    if own {
        if args.len() > 2 {
            let given = args.len() - 1;
            return Err(vm.type_error(format!("dict expected at most 1 argument, got {given}")));
        }
        if let Some(from) = args.get(1) {
            if !vm.is_iterable(from) {
                let class = vm.class_of(from).name();
                return Err(vm.type_error(format!("'{class}' object is not iterable")));
            }
            vm.dict_update(&dict, from)?;
        }
        for (name, value) in &args.keywords {
            dict.set_name(name, value.clone());
        }
    }
    wrap(vm, &class, Value::Dict(dict), Kind::Dict)
}

pub(super) fn install(vm: &mut Vm) {
    super::set_constructor(vm, Kind::Dict, new_dict, Some(0));
    super::add_methods(
        vm,
        Kind::Dict,
        &[
            ("keys", |vm, args| view(vm, &args, Part::Keys), None),
            ("values", |vm, args| view(vm, &args, Part::Values), None),
            ("items", |vm, args| view(vm, &args, Part::Items), None),
            ("get", get, None),
            ("setdefault", set_default, None),
            ("pop", pop, None),
            ("popitem", pop_item, None),
            ("update", update, Some(1)),
            ("clear", clear, None),
            ("copy", copy, None),
            ("__init__", update, Some(1)),
        ],
    );
    super::add_methods(vm, Kind::Dict, CONTAINER);
    super::add_methods(vm, Kind::Dict, MUTABLE);
    let from_keys = super::Property::class_method(Value::function("fromkeys", from_keys));
    vm.kind(Kind::Dict).set("fromkeys", from_keys);
}
