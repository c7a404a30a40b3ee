//! Bytes.

use super::list::wrap;
use super::sequence::{Slice, index_of, slice_positions};
use crate::host::{Args, Raise};
use crate::value::{Bytes, Value};
use crate::vm::{Kind, Vm};

/// `bytes[key]`.
pub(crate) fn bytes_item(vm: &mut Vm, bytes: &Bytes, key: &Value) -> Result<Value, Raise> {
    if let Some(slice) = key.downcast::<Slice>() {
        let positions = slice_positions(vm, &slice, bytes.len())?;
        let part: Vec<u8> = positions.into_iter().filter_map(|at| bytes.get(at).copied()).collect();
        return Ok(Value::Bytes(part.into()));
    }
    let at = index_of(vm, key, bytes.len(), "byte")?;
    match bytes.get(at) {
        Some(byte) => Ok(Value::Int(i64::from(*byte))),
        None => Err(vm.index_error("index out of range")),
    }
}

/// `item in bytes`.
pub(crate) fn bytes_contains(vm: &mut Vm, bytes: &Bytes, item: &Value) -> Result<bool, Raise> {
    match item {
        Value::Bytes(part) => Ok(find(bytes, part).is_some()),
        other => {
            let byte = vm.index(other)?;
            match u8::try_from(byte) {
                Ok(byte) => Ok(bytes.contains(&byte)),
                Err(_) => Err(vm.value_error("byte must be in range(0, 256)")),
            }
        }
    }
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    if part.is_empty() {
        return Some(0);
    }
    bytes.windows(part.len()).position(|window| window == part)
}

fn this(vm: &mut Vm, args: &Args, at: usize) -> Result<Bytes, Raise> {
    match args.at(at).unwrapped() {
        Value::Bytes(bytes) => Ok(bytes),
        other => {
            let class = vm.class_of(&other).name();
            Err(vm.type_error(format!("a bytes-like object is required, not '{class}'")))
        }
    }
}

fn decode(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let bytes = this(vm, &args, 0)?;
    let [_, encoding, errors] = args.bind(vm, "decode(self, encoding=, errors=)")?;
    let encoding = encoding.and_then(|e| e.as_str()).unwrap_or_else(|| "utf-8".into());
    if encoding.to_ascii_lowercase().starts_with("latin") {
        return Ok(Value::from(bytes.iter().map(|byte| char::from(*byte)).collect::<String>()));
    }
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Value::from(text)),
        Err(_) if errors.is_some_and(|e| e.as_str().is_some_and(|e| &*e != "strict")) => {
            Ok(Value::from(String::from_utf8_lossy(&bytes).into_owned()))
        }
        Err(error) => {
            let at = error.valid_up_to();
            let byte = bytes.get(at).copied().unwrap_or(0);
            Err(vm.error(
                "UnicodeDecodeError",
                format!(
                    "'utf-8' codec can't decode byte 0x{byte:02x} in position {at}: invalid start byte"
                ),
            ))
        }
    }
}

fn hex(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let bytes = this(vm, &args, 0)?;
    Ok(Value::from(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()))
}

fn from_hex(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let text = args.at(1).as_str().unwrap_or_default();
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let mut out = Vec::new();
    for pair in digits.chunks(2) {
        let byte = std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2);
        match byte.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) => out.push(byte),
            None => {
                return Err(
                    vm.value_error("non-hexadecimal number found in fromhex() arg at position 0")
                );
            }
        }
    }
    Ok(Value::Bytes(out.into()))
}

fn starts_with(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let (bytes, part) = (this(vm, &args, 0)?, this(vm, &args, 1)?);
    Ok(Value::Bool(bytes.starts_with(&part)))
}

fn ends_with(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let (bytes, part) = (this(vm, &args, 0)?, this(vm, &args, 1)?);
    Ok(Value::Bool(bytes.ends_with(&part)))
}

fn find_method(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let (bytes, part) = (this(vm, &args, 0)?, this(vm, &args, 1)?);
    Ok(find(&bytes, &part).map_or(Value::Int(-1), Value::size))
}

fn case(vm: &mut Vm, args: &Args, upper: bool) -> Result<Value, Raise> {
    let bytes = this(vm, args, 0)?;
    let mapped = if upper { bytes.to_ascii_uppercase() } else { bytes.to_ascii_lowercase() };
    Ok(Value::Bytes(mapped.into()))
}

fn join(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let separator = this(vm, &args, 0)?;
    let mut out: Vec<u8> = Vec::new();
    for (at, item) in vm.collect(&args.at(1))?.into_iter().enumerate() {
        if at > 0 {
            out.extend_from_slice(&separator);
        }
        out.extend_from_slice(&this(vm, &Args::from([item]), 0)?);
    }
    Ok(Value::Bytes(out.into()))
}

fn new_bytes(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [class, value, encoding, _] = args.bind(vm, "bytes(cls, source=, encoding=, errors=)")?;
    let bytes: Vec<u8> = match value {
        None => Vec::new(),
        Some(Value::Str(text)) => {
            if encoding.is_none() {
                return Err(vm.type_error("string argument without an encoding"));
            }
            text.as_bytes().to_vec()
        }
        Some(Value::Bytes(bytes)) => bytes.to_vec(),
        Some(size @ (Value::Int(_) | Value::Bool(_))) => match usize::try_from(vm.index(&size)?) {
            Ok(size) => {
                vm.reserve(size)?;
                vec![0; size]
            }
            Err(_) => return Err(vm.value_error("negative count")),
        },
        Some(other) => {
            if let Some(method) = vm.special_method(&other, "__bytes__") {
                return vm.call(&method, [other]);
            }
            let mut bytes = Vec::new();
            for item in vm.collect(&other)? {
                match u8::try_from(vm.index(&item)?) {
                    Ok(byte) => bytes.push(byte),
                    Err(_) => return Err(vm.value_error("bytes must be in range(0, 256)")),
                }
            }
            bytes
        }
    };
    wrap(vm, &class.unwrap_or_default(), Value::Bytes(bytes.into()), Kind::Bytes)
}

pub(super) fn install(vm: &mut Vm) {
    super::set_constructor(vm, Kind::Bytes, new_bytes, Some(0));
    super::add_methods(
        vm,
        Kind::Bytes,
        &[
            ("decode", decode, None),
            ("hex", hex, None),
            ("startswith", starts_with, None),
            ("endswith", ends_with, None),
            ("find", find_method, None),
            ("upper", |vm, args| case(vm, &args, true), None),
            ("lower", |vm, args| case(vm, &args, false), None),
            ("join", join, Some(1)),
        ],
    );
    let from_hex = super::Property::class_method(Value::function("fromhex", from_hex));
    vm.kind(Kind::Bytes).set("fromhex", from_hex);
}
