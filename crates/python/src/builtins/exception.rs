//! The exception hierarchy.

use std::rc::Rc;

use crate::host::{Args, Raise};
use crate::value::{Instance, Value};
use crate::vm::{Kind, Vm};

/// Each built-in exception and its base.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("SystemExit", "BaseException"),
    ("KeyboardInterrupt", "BaseException"),
    ("GeneratorExit", "BaseException"),
    ("StopIteration", "Exception"),
    ("StopAsyncIteration", "Exception"),
    ("ArithmeticError", "Exception"),
    ("FloatingPointError", "ArithmeticError"),
    ("OverflowError", "ArithmeticError"),
    ("ZeroDivisionError", "ArithmeticError"),
    ("AssertionError", "Exception"),
    ("AttributeError", "Exception"),
    ("BufferError", "Exception"),
    ("EOFError", "Exception"),
    ("ImportError", "Exception"),
    ("ModuleNotFoundError", "ImportError"),
    ("LookupError", "Exception"),
    ("IndexError", "LookupError"),
    ("KeyError", "LookupError"),
    ("MemoryError", "Exception"),
    ("NameError", "Exception"),
    ("UnboundLocalError", "NameError"),
    ("OSError", "Exception"),
    ("BlockingIOError", "OSError"),
    ("ConnectionError", "OSError"),
    ("FileExistsError", "OSError"),
    ("FileNotFoundError", "OSError"),
    ("PermissionError", "OSError"),
    ("TimeoutError", "OSError"),
    ("ReferenceError", "Exception"),
    ("RuntimeError", "Exception"),
    ("NotImplementedError", "RuntimeError"),
    ("RecursionError", "RuntimeError"),
    ("SyntaxError", "Exception"),
    ("IndentationError", "SyntaxError"),
    ("TabError", "IndentationError"),
    ("SystemError", "Exception"),
    ("TypeError", "Exception"),
    ("ValueError", "Exception"),
    ("UnicodeError", "ValueError"),
    ("UnicodeDecodeError", "UnicodeError"),
    ("UnicodeEncodeError", "UnicodeError"),
    ("Warning", "Exception"),
    ("DeprecationWarning", "Warning"),
    ("PendingDeprecationWarning", "Warning"),
    ("RuntimeWarning", "Warning"),
    ("SyntaxWarning", "Warning"),
    ("UserWarning", "Warning"),
    ("FutureWarning", "Warning"),
    ("ImportWarning", "Warning"),
    ("UnicodeWarning", "Warning"),
    ("ResourceWarning", "Warning"),
];

fn this(vm: &mut Vm, args: &Args) -> Result<Rc<Instance>, Raise> {
    match args.at(0) {
        Value::Instance(instance) if instance.is_exception() => Ok(instance),
        _ => Err(vm.type_error("descriptor requires a 'BaseException' object")),
    }
}

fn init(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    let exception = this(vm, &args)?;
    args.positional.remove(0);
    for (name, value) in args.keywords {
        let import = exception.class().is_subclass(&vm.exception("ImportError"));
        let attribute = exception.class().is_subclass(&vm.exception("AttributeError"));
        let known = (import && matches!(&*name, "name" | "path"))
            || (attribute && matches!(&*name, "name" | "obj"));
        if !known {
            let class = exception.class().name();
            return Err(vm.type_error(format!("{class}() takes no keyword arguments")));
        }
        exception.set(&name, value);
    }
    exception.exception(|state| state.args = args.positional);
    Ok(Value::None)
}

fn text(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let exception = this(vm, &args)?;
    vm.exception_text(&exception).map(Value::Str)
}

fn with_traceback(_: &mut Vm, args: Args) -> Result<Value, Raise> {
    Ok(args.at(0))
}

fn add_note(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let exception = this(vm, &args)?;
    exception.exception(|state| state.notes.push(args.at(1)));
    Ok(Value::None)
}

fn stop_value(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let exception = this(vm, &args)?;
    let first = exception.exception(|state| state.args.first().cloned()).flatten();
    Ok(first.unwrap_or_default())
}

pub(super) fn install(vm: &mut Vm) {
    for (name, base) in EXCEPTIONS {
        let base = vm.exception(base);
        let class = vm.new_native_class((*name).into(), vec![base], None);
        class.set("__module__", Value::str("builtins"));
        vm.builtins.set(name, Value::Class(Rc::clone(&class)));
        vm.name_class(format!("builtins.{name}"), &class);
    }
    for (alias, name) in [("IOError", "OSError"), ("EnvironmentError", "OSError")] {
        let class = vm.exception(name);
        vm.builtins.set(alias, Value::Class(class));
    }
    super::add_methods(
        vm,
        Kind::BaseException,
        &[
            ("__init__", init, None),
            ("__str__", text, None),
            ("with_traceback", with_traceback, None),
            ("add_note", add_note, None),
        ],
    );
    for name in ["StopIteration", "SystemExit"] {
        let attribute = if name == "StopIteration" { "value" } else { "code" };
        let getter = super::Property::read_only(Value::function(attribute, stop_value));
        vm.exception(name).set(attribute, getter);
    }
}
