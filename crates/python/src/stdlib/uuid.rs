//! `uuid`: random ones and those read from text.

use std::rc::Rc;

use num_bigint::BigInt;
use num_traits::ToPrimitive;

use crate::host::{Args, ClassBuilder, Compare, Object, Raise};
use crate::value::{Class, Module, Str, Value, big};
use crate::vm::Vm;

/// A universally unique identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uuid(pub u128);

impl Uuid {
    /// `12345678-1234-5678-1234-567812345678`.
    pub fn text(self) -> String {
        let hex = self.hex();
        let part = |from: usize, to: usize| hex.get(from..to).unwrap_or("");
        format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
    }

    /// The 32 digits.
    pub fn hex(self) -> String {
        format!("{:032x}", self.0)
    }

    /// Reads any of the forms Python reads.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.replace("urn:", "").replace("uuid:", "");
        let digits: String = text.chars().filter(|c| !matches!(c, '-' | '{' | '}')).collect();
        if digits.len() != 32 {
            return None;
        }
        u128::from_str_radix(&digits, 16).ok().map(Self)
    }
}

impl Object for Uuid {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class("uuid.UUID")
    }

    fn repr(&self, _: &mut Vm) -> Result<Str, Raise> {
        Ok(format!("UUID('{}')", self.text()).into())
    }

    fn str(&self, _: &mut Vm) -> Result<Str, Raise> {
        Ok(self.text().into())
    }

    fn compare(self: Rc<Self>, _: &mut Vm, by: Compare, other: &Value) -> Result<Value, Raise> {
        Ok(match other.downcast_ref::<Self>() {
            Some(other) => Value::Bool(by.accepts(self.0.cmp(&other.0))),
            None => Value::NotImplemented,
        })
    }

    fn hash(&self, _: &mut Vm) -> Result<u64, Raise> {
        Ok(u64::try_from(self.0 & u128::from(u64::MAX)).unwrap_or(0))
    }
}

fn new(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [_, hex, bytes, int, version] = args.bind(vm, "UUID(cls, hex=, bytes=, int=, version=)")?;
    let _ = version;
    if let Some(hex) = hex.filter(|hex| !hex.is_none()) {
        return match hex.as_str().and_then(|hex| Uuid::parse(&hex)) {
            Some(uuid) => Ok(Value::object(uuid)),
            None => Err(vm.value_error("badly formed hexadecimal UUID string")),
        };
    }
    if let Some(Value::Bytes(bytes)) = bytes {
        return match <[u8; 16]>::try_from(&*bytes) {
            Ok(bytes) => Ok(Value::object(Uuid(u128::from_be_bytes(bytes)))),
            Err(_) => Err(vm.value_error("bytes is not a 16-char string")),
        };
    }
    match int.and_then(|int| big(&int)).and_then(|int| int.to_u128()) {
        Some(int) => Ok(Value::object(Uuid(int))),
        None => Err(vm
            .type_error("one of the hex, bytes, bytes_le, fields, or int arguments must be given")),
    }
}

fn this(vm: &mut Vm, args: &Args) -> Result<Uuid, Raise> {
    Ok(*args.this::<Uuid>(vm)?)
}

fn uuid4(vm: &mut Vm, _: Args) -> Result<Value, Raise> {
    let host = vm.host();
    let random = (u128::from(host.random()) << 64) | u128::from(host.random());
    let version = random & !(0xF << 76) | (4 << 76);
    Ok(Value::object(Uuid(version & !(0x3 << 62) | (0x2 << 62))))
}

pub(super) fn build(vm: &mut Vm, module: &Rc<Module>) -> Result<(), Raise> {
    let class = ClassBuilder::new("uuid", "UUID")
        .constructor(new)
        .property("hex", |vm, args| Ok(Value::from(this(vm, &args)?.hex())))
        .property("int", |vm, args| Ok(Value::int(BigInt::from(this(vm, &args)?.0))))
        .property("bytes", |vm, args| {
            Ok(Value::Bytes(this(vm, &args)?.0.to_be_bytes().to_vec().into()))
        })
        .property("urn", |vm, args| {
            Ok(Value::from(format!("urn:uuid:{}", this(vm, &args)?.text())))
        })
        .property("version", |vm, args| {
            Ok(Value::Int(i64::try_from((this(vm, &args)?.0 >> 76) & 0xF).unwrap_or(0)))
        })
        .build(vm);
    class.set(
        "__int__",
        Value::method("__int__", |vm, args| Ok(Value::int(BigInt::from(this(vm, &args)?.0)))),
    );
    module.set("UUID", Value::Class(class));
    module.set("uuid4", Value::function("uuid4", uuid4));
    module.set("uuid1", Value::function("uuid1", uuid4));
    let namespace = |text: &str| Uuid::parse(text).map_or(Value::None, Value::object);
    module.set("NAMESPACE_DNS", namespace("6ba7b810-9dad-11d1-80b4-00c04fd430c8"));
    module.set("NAMESPACE_URL", namespace("6ba7b811-9dad-11d1-80b4-00c04fd430c8"));
    Ok(())
}
