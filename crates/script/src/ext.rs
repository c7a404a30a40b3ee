//! `sqlalchemy.ext`: extensions that are written in Python.

use std::rc::Rc;

use vidro_python::{Module, Raise, Vm};

/// The modules and their sources.
const SOURCES: &[(&str, &str)] = &[
    ("sqlalchemy.ext.associationproxy", include_str!("ext/associationproxy.py")),
    ("sqlalchemy.ext.asyncio", include_str!("ext/asyncio.py")),
    ("sqlalchemy.ext.hybrid", include_str!("ext/hybrid.py")),
];

/// Registers the modules; none is run before it is imported.
pub(crate) fn register(vm: &mut Vm) {
    for (name, _) in SOURCES {
        vm.register_module(name, run);
    }
}

fn run(vm: &mut Vm, module: &Rc<Module>) -> Result<(), Raise> {
    let source = SOURCES.iter().find(|(name, _)| **name == *module.name).map(|(_, source)| *source);
    match source {
        Some(source) => vm.run_in_module(module.name.as_str(), source, module),
        None => Ok(()),
    }
}
