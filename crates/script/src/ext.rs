//! `sqlalchemy.ext`: extensions that are written in Python.

use std::rc::Rc;

use vidro_python::{Args, Module, Raise, Value, Vm};

/// The module of collections other than lists.
pub(crate) const COLLECTIONS: &str = "sqlalchemy.orm.mapped_collection";

/// The module of what a scoped session is made of.
pub(crate) const SCOPING: &str = "sqlalchemy.orm.scoping";

/// The modules and their sources.
const SOURCES: &[(&str, &str)] = &[
    ("sqlalchemy.ext.associationproxy", include_str!("ext/associationproxy.py")),
    ("sqlalchemy.ext.asyncio", include_str!("ext/asyncio.py")),
    ("sqlalchemy.ext.hybrid", include_str!("ext/hybrid.py")),
    ("sqlalchemy.ext.mutable", include_str!("ext/mutable.py")),
    ("sqlalchemy.ext.orderinglist", include_str!("ext/orderinglist.py")),
    (SCOPING, include_str!("ext/scoping.py")),
    (COLLECTIONS, include_str!("ext/collections.py")),
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

/// Calls a function of one of the modules.
pub(crate) fn call(vm: &mut Vm, module: &str, name: &str, args: Args) -> Result<Value, Raise> {
    let module = Value::Module(vm.import(module)?);
    let function = vm.get_attribute(&module, name)?;
    vm.call(&function, args)
}
