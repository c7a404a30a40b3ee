//! The standard library: native modules, and modules written in Python.

use crate::host::Raise;
use crate::vm::Vm;

/// Registers the native modules.
pub(crate) fn register(vm: &mut Vm) {
    for name in SOURCES.iter().map(|(name, _)| *name) {
        if vm.builder(name).is_none() {
            vm.register_module(name, |_, _| Ok(()));
        }
    }
}

/// Modules written in Python.
const SOURCES: &[(&str, &str)] = &[("__future__", "annotations = None\n")];

/// The source of a module written in Python.
pub(crate) fn source(name: &str) -> Option<&'static str> {
    SOURCES.iter().find(|(known, _)| *known == name).map(|(_, source)| *source)
}

/// Runs the part of the builtins that is written in Python.
pub(crate) fn install_prelude(vm: &mut Vm) {
    let module = crate::value::Module::new("builtins".into());
    let result: Result<(), Raise> =
        vm.run_in_module("builtins", include_str!("stdlib/prelude.py"), &module);
    if result.is_ok() {
        for (name, value) in module.dict.names() {
            vm.builtins.set_name(&name, value);
        }
    }
}
