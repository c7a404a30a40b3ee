//! `sys`, `time`, `traceback`, and what there is of `re`.

use std::rc::Rc;

use crate::diagnostic::format_exception;
use crate::host::{Args, Raise};
use crate::value::{Instance, Module, Value};
use crate::vm::Vm;

fn exit(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let class = vm.exception("SystemExit");
    Err(vm.raise(&class, args.positional))
}

fn write(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let text = args.at(1).as_str().unwrap_or_default();
    vm.write(&text);
    Ok(Value::size(text.chars().count()))
}

fn exc_info(vm: &mut Vm, _: Args) -> Result<Value, Raise> {
    Ok(Value::tuple(match vm.handled() {
        Some(exception) => {
            vec![Value::Class(exception.class()), Value::Instance(exception), Value::None]
        }
        None => vec![Value::None, Value::None, Value::None],
    }))
}

fn nothing(_: &mut Vm, _: Args) -> Result<Value, Raise> {
    Ok(Value::None)
}

fn recursion_limit(vm: &mut Vm, _: Args) -> Result<Value, Raise> {
    Ok(Value::size(vm.limits.recursion))
}

fn intern(_: &mut Vm, args: Args) -> Result<Value, Raise> {
    Ok(args.at(0))
}

fn size_of_value(_: &mut Vm, args: Args) -> Result<Value, Raise> {
    let _ = args;
    Ok(Value::Int(56))
}

pub(super) fn build_sys(vm: &mut Vm, module: &Rc<Module>) -> Result<(), Raise> {
    let stream = crate::host::ClassBuilder::new("sys", "_Stream")
        .method("write", write)
        .method("flush", nothing)
        .method("isatty", |_, _| Ok(Value::Bool(false)))
        .build(vm);
    for name in ["stdout", "stderr"] {
        module.set(name, Value::Instance(Instance::new(Rc::clone(&stream))));
    }
    module.set("version", "3.11.7 (vidro)".into());
    let version = [Value::Int(3), Value::Int(11), Value::Int(7), "final".into(), Value::Int(0)];
    module.set("version_info", Value::tuple(version.into()));
    module.set("platform", "vidro".into());
    module.set("maxsize", Value::Int(i64::MAX));
    module.set("byteorder", "little".into());
    module.set("argv", Value::list(vec!["".into()]));
    module.set("path", Value::list(Vec::new()));
    module.set("modules", Value::Dict(Rc::clone(&vm.modules)));
    module.set("exit", Value::function("exit", exit));
    module.set("exc_info", Value::function("exc_info", exc_info));
    module.set("getrecursionlimit", Value::function("getrecursionlimit", recursion_limit));
    module.set("setrecursionlimit", Value::function("setrecursionlimit", nothing));
    module.set("intern", Value::function("intern", intern));
    module.set("getsizeof", Value::function("getsizeof", size_of_value));
    Ok(())
}

fn seconds(vm: &mut Vm, _: Args) -> Result<Value, Raise> {
    let now = vm.host().now();
    let micros = i64::try_from(now / 1000).unwrap_or(0);
    let whole = vm.to_float(&Value::Int(micros))?;
    Ok(Value::Float(whole / 1e6))
}

fn nanoseconds(vm: &mut Vm, _: Args) -> Result<Value, Raise> {
    Ok(Value::int(vm.host().now().into()))
}

fn elapsed(vm: &mut Vm, _: Args) -> Result<Value, Raise> {
    Ok(Value::Float(vm.host().elapsed()))
}

pub(super) fn build_time(_: &mut Vm, module: &Rc<Module>) -> Result<(), Raise> {
    module.set("time", Value::function("time", seconds));
    module.set("time_ns", Value::function("time_ns", nanoseconds));
    module.set("perf_counter", Value::function("perf_counter", elapsed));
    module.set("monotonic", Value::function("monotonic", elapsed));
    module.set("process_time", Value::function("process_time", elapsed));
    module.set("sleep", Value::function("sleep", nothing));
    Ok(())
}

fn format(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    match args.at(0) {
        Value::Instance(exception) if exception.is_exception() => {
            Ok(Value::from(format_exception(vm, &exception)))
        }
        _ => Err(vm.type_error("an exception is required")),
    }
}

fn format_handled(vm: &mut Vm, _: Args) -> Result<Value, Raise> {
    Ok(match vm.handled() {
        Some(exception) => Value::from(format_exception(vm, &exception)),
        None => "NoneType: None\n".into(),
    })
}

pub(super) fn build_traceback(_: &mut Vm, module: &Rc<Module>) -> Result<(), Raise> {
    module.set("_format", Value::function("_format", format));
    module.set("_format_handled", Value::function("_format_handled", format_handled));
    Ok(())
}

pub(super) fn build_builtins(vm: &mut Vm, module: &Rc<Module>) -> Result<(), Raise> {
    for (name, value) in vm.builtins.names() {
        module.dict.set_name(&name, value);
    }
    Ok(())
}
