//! `typing`: names that can be subscripted. The rest is written in Python.

use std::rc::Rc;

use crate::host::{Args, ClassBuilder, Raise};
use crate::value::{Alias, Module, SpecialForm, Value};
use crate::vm::{Kind, Vm};

/// Names, and the built-in class each stands for.
const FORMS: &[(&str, Option<Kind>)] = &[
    ("Any", None),
    ("Union", None),
    ("Optional", None),
    ("ClassVar", None),
    ("Final", None),
    ("Literal", None),
    ("Annotated", None),
    ("Callable", None),
    ("Type", Some(Kind::Type)),
    ("List", Some(Kind::List)),
    ("Dict", Some(Kind::Dict)),
    ("Set", Some(Kind::Set)),
    ("FrozenSet", Some(Kind::FrozenSet)),
    ("Tuple", Some(Kind::Tuple)),
    ("Sequence", None),
    ("MutableSequence", None),
    ("Mapping", None),
    ("MutableMapping", None),
    ("Iterable", None),
    ("Iterator", None),
    ("Collection", None),
    ("Container", None),
    ("Reversible", None),
    ("AbstractSet", None),
    ("MutableSet", None),
    ("Generator", None),
    ("AsyncGenerator", None),
    ("AsyncIterator", None),
    ("AsyncIterable", None),
    ("Awaitable", None),
    ("Coroutine", None),
    ("ContextManager", None),
    ("AsyncContextManager", None),
    ("Hashable", None),
    ("Sized", None),
    ("SupportsInt", None),
    ("SupportsFloat", None),
    ("NoReturn", None),
    ("Never", None),
    ("Self", None),
    ("TypeAlias", None),
    ("TypeGuard", None),
    ("LiteralString", None),
    ("Required", None),
    ("NotRequired", None),
    ("ReadOnly", None),
    ("Unpack", None),
    ("Concatenate", None),
    ("IO", None),
    ("TextIO", None),
    ("DefaultDict", Some(Kind::Dict)),
    ("OrderedDict", Some(Kind::Dict)),
    ("Counter", Some(Kind::Dict)),
    ("Deque", None),
];

/// Makes the forms, which natives need before anybody imports `typing`.
pub(super) fn install(vm: &mut Vm) {
    ClassBuilder::new("typing", "_SpecialForm").build(vm);
    ClassBuilder::new("typing", "ForwardRef").build(vm);
    ClassBuilder::new("types", "GenericAlias").build(vm);
    ClassBuilder::new("types", "UnionType").build(vm);
    for (name, kind) in FORMS {
        let stands_for = kind.map(|kind| vm.kind(kind));
        let form = Value::object(SpecialForm { name: (*name).into(), stands_for });
        vm.set_special_form(name, form);
    }
}

fn alias(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [origin, params] = args.bind(vm, "_alias(origin, params)")?;
    let params = params.unwrap_or_default();
    let args = match &params {
        Value::Tuple(items) => items.to_vec(),
        other => vec![other.clone()],
    };
    Ok(Value::object(Alias { origin: origin.unwrap_or_default(), args, pipe: false }))
}

fn forward_ref(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [name] = args.bind(vm, "ForwardRef(arg)")?;
    let name = name.and_then(|name| name.as_str()).unwrap_or_default();
    Ok(Value::object(crate::value::ForwardRef { name }))
}

pub(super) fn build(vm: &mut Vm, module: &Rc<Module>) -> Result<(), Raise> {
    for (name, _) in FORMS {
        module.set(name, vm.special_form(name));
    }
    module.set("_alias", Value::function("_alias", alias));
    module.set("ForwardRef", Value::function("ForwardRef", forward_ref));
    Ok(())
}

/// `typing_extensions` is `typing`.
pub(super) fn build_extensions(vm: &mut Vm, module: &Rc<Module>) -> Result<(), Raise> {
    let typing = vm.import("typing")?;
    for (name, value) in typing.dict.names() {
        module.dict.set_name(&name, value);
    }
    Ok(())
}

/// `collections.abc` has those of `typing` that are no special syntax.
pub(super) fn build_abstract(vm: &mut Vm, module: &Rc<Module>) -> Result<(), Raise> {
    for (name, kind) in FORMS.iter().skip(7) {
        if kind.is_none() {
            module.set(name, vm.special_form(name));
        }
    }
    module.set("Callable", vm.special_form("Callable"));
    module.set("Set", vm.special_form("AbstractSet"));
    Ok(())
}
