//! A Python subset: compiler, resumable virtual machine, builtins.
//!
//! [`Vm::load`] compiles a program, [`Vm::run`] runs it in slices. How native things enter a
//! program is told in [`host`].

#[cfg(all(test, target_family = "wasm"))]
#[macro_use]
extern crate vidro_browser_test;
#[cfg(all(test, target_family = "wasm"))]
wasm_bindgen_test_configure!(run_in_browser);

mod builtins;
mod compile;
pub mod diagnostic;
pub mod host;
pub mod outline;
mod stdlib;
#[cfg(test)]
mod tests;
mod value;
mod vm;

pub use compile::Mode;
pub use diagnostic::{Diagnostic, Location, Source, Span, format_exception};
pub use host::{
    Args, BinaryOperator, ClassBuilder, ClassHooks, Compare, Descriptor, Host, ModuleHooks, NoHost,
    Object, Raise, UnaryOperator, iterator,
};
pub use stdlib::{Date, DateTime, Decimal, Time, TimeDelta, TimeZone, Uuid};
pub use value::{
    Alias, Annotation, BoundMethod, Bytes, Class, Dict, ExceptionState, ForwardRef, Function,
    Generator, Instance, Iter, List, Module, NativeCall, NativeFunction, Set, SpecialForm, Str,
    Table, TraceEntry, Tuple, Value,
};
pub use vm::{Limits, ModuleBuilder, Step, StepMode, Vm};

use std::cell::RefCell;
use std::rc::Rc;

/// Runs a program and returns what it prints; an exception nobody caught, or a syntax error, comes
/// at the end as Python would show it. For tests and small tools; it replaces the machine's host.
pub fn run_to_string(vm: &mut Vm, program: &str) -> String {
    let output = Rc::new(Collector::default());
    vm.host = output.clone();
    let end = match vm.load("<string>", program, Mode::Module) {
        Err(errors) => errors.iter().map(Diagnostic::render).collect(),
        Ok(()) => match vm.run_to_end() {
            Ok(_) => String::new(),
            Err(raise) => format_exception(vm, &raise.0),
        },
    };
    output.text.take() + &end
}

/// A host that keeps what is printed.
#[derive(Debug, Default)]
struct Collector {
    text: RefCell<String>,
}

impl Host for Collector {
    fn write(&self, text: &str, _: Option<&Location>) {
        self.text.borrow_mut().push_str(text);
    }
}
