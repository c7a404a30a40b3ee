//! The standard library: native modules, and modules written in Python.

mod datetime;
mod decimal;
mod hash;
mod math;
mod random;
mod regex;
mod system;
mod typing;
mod uuid;

use std::rc::Rc;

use crate::host::Raise;
use crate::value::Module;
use crate::vm::{ModuleBuilder, Vm};

pub use datetime::{Date, DateTime, Time, TimeDelta, TimeZone};
pub use decimal::Decimal;
pub use uuid::Uuid;

/// Modules that are native, or have native parts below their Python source.
const NATIVE: &[(&str, ModuleBuilder)] = &[
    ("typing", typing::build),
    ("typing_extensions", typing::build_extensions),
    ("collections.abc", typing::build_abstract),
    ("math", math::build),
    ("random", random::build),
    ("sys", system::build_sys),
    ("time", system::build_time),
    ("traceback", system::build_traceback),
    ("re", regex::build),
    ("hashlib", hash::build),
    ("builtins", system::build_builtins),
    ("datetime", datetime::build),
    ("decimal", decimal::build),
    ("uuid", uuid::build),
];

macro_rules! sources {
    ($($name:literal),* $(,)?) => {
        /// Modules written in Python.
        const SOURCES: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("stdlib/py/", $name, ".py")))),*];
    };
}

sources! {
    "abc", "asyncio", "collections", "contextlib", "copy", "dataclasses", "enum", "functools", "hashlib",
    "inspect", "io", "itertools", "json", "logging", "operator", "os", "pprint", "random", "re",
    "secrets", "statistics", "string", "textwrap", "traceback", "types", "typing", "warnings",
    "weakref",
}

/// Registers all modules; none is made before it is imported.
pub(crate) fn register(vm: &mut Vm) {
    for (name, _) in SOURCES {
        vm.register_module(name, nothing);
    }
    for (name, builder) in NATIVE {
        vm.register_module(name, *builder);
    }
    vm.register_module("__future__", build_future);
    typing::install(vm);
}

fn nothing(_: &mut Vm, _: &Rc<Module>) -> Result<(), Raise> {
    Ok(())
}

fn build_future(_: &mut Vm, module: &Rc<Module>) -> Result<(), Raise> {
    for name in [
        "annotations",
        "division",
        "print_function",
        "absolute_import",
        "unicode_literals",
        "generator_stop",
        "with_statement",
        "nested_scopes",
        "generators",
    ] {
        module.set(name, crate::value::Value::None);
    }
    Ok(())
}

/// The source of a module written in Python.
pub(crate) fn source(name: &str) -> Option<&'static str> {
    SOURCES.iter().find(|(known, _)| *known == name).map(|(_, source)| *source)
}

/// Runs the part of the builtins that is written in Python.
pub(crate) fn install_prelude(vm: &mut Vm) {
    let module = Module::new("builtins".into());
    let source = include_str!("stdlib/py/prelude.py");
    if vm.run_in_module("builtins", source, &module).is_ok() {
        for (name, value) in module.dict.names() {
            vm.builtins.set_name(&name, value);
        }
    }
}
