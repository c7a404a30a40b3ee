//! `sqlalchemy.ext`: extensions, most of them in Python.

use vidro_python::Vm;

/// Registers the modules that are written in Python.
pub(crate) fn register(_: &mut Vm) {}
