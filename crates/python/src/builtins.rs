//! The built-in functions, types and exceptions.

mod bytes;
mod container;
mod descriptor;
mod dict;
mod exception;
mod format;
mod function;
mod inspect;
mod list;
mod number;
mod object;
mod percent;
mod quote;
mod sequence;
mod set;
mod string;
mod text_method;
mod view;

use crate::host::{Args, Raise};
use crate::value::Value;
use crate::vm::{Kind, Vm};

pub(crate) use bytes::{bytes_contains, bytes_item};
pub(crate) use container::{container_in_place, container_operator};
pub(crate) use descriptor::{Property, Super};
pub(crate) use format::format_value;
pub(crate) use object::default_slot;
pub(crate) use quote::{quote_bytes, quote_str};
pub(crate) use sequence::{
    Range, Slice, assign_slice, delete_slice, index_of, slice_indices, slice_list,
};
pub(crate) use set::set_order;
pub(crate) use string::str_item;
pub(crate) use view::DictView;

type Call = fn(&mut Vm, Args) -> Result<Value, Raise>;

/// What a table of natives says of each: name, code, and the argument that must be finite.
pub(crate) type Entry = (&'static str, Call, Option<u8>);

/// Fills the builtins of a new machine.
pub(crate) fn install(vm: &mut Vm) {
    for (_, class) in vm.types.all().map(|(kind, class)| (kind, class.clone())).collect::<Vec<_>>()
    {
        let name = class.name();
        let hidden = ["NoneType", "NotImplementedType", "ellipsis", "function", "method"];
        let internal = ["generator", "coroutine", "async_generator", "module", "iterator"];
        let views = ["dict_keys", "dict_values", "dict_items", "traceback"];
        let absent = hidden.iter().chain(&internal).chain(&views).any(|hidden| **hidden == *name);
        if !absent && &*name != "builtin_function_or_method" {
            vm.builtins.set(&name, Value::Class(class.clone()));
        }
        vm.name_class(format!("builtins.{name}"), &class);
    }
    vm.builtins.set("None", Value::None);
    vm.builtins.set("NotImplemented", Value::NotImplemented);
    vm.builtins.set("Ellipsis", Value::Ellipsis);
    vm.builtins.set("__debug__", Value::Bool(true));
    exception::install(vm);
    object::install(vm);
    number::install(vm);
    text_method::install(vm);
    bytes::install(vm);
    list::install(vm);
    dict::install(vm);
    set::install(vm);
    sequence::install(vm);
    view::install(vm);
    descriptor::install(vm);
    inspect::install(vm);
    function::install(vm);
    crate::stdlib::install_prelude(vm);
}

/// Adds methods to a built-in class.
pub(crate) fn add_methods(vm: &mut Vm, kind: Kind, methods: &[Entry]) {
    let class = vm.kind(kind);
    for (name, call, drains) in methods {
        let method = Value::native(*name, crate::value::NativeCall::Plain(*call), true, *drains);
        class.set(name, method);
    }
}

/// Sets what calling a built-in class does.
pub(crate) fn set_constructor(vm: &mut Vm, kind: Kind, call: Call, drains: Option<u8>) {
    let class = vm.kind(kind);
    class.set("__new__", Value::function("__new__", call));
    class.drains.set(drains);
}

/// Adds functions to the builtins.
pub(crate) fn add_functions(vm: &mut Vm, functions: &[Entry]) {
    for (name, call, drains) in functions {
        let function = Value::native(*name, crate::value::NativeCall::Plain(*call), false, *drains);
        vm.builtins.set(name, function);
    }
}
