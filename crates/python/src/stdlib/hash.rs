//! The digests behind `hashlib`.

use std::rc::Rc;

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest as _, Sha224, Sha256, Sha384, Sha512};

use crate::host::{Args, Raise};
use crate::value::{Module, Value};
use crate::vm::Vm;

/// `_digest(name, data)`: the digest, or None for a name nobody knows.
fn digest(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [name, data] = args.bind(vm, "_digest(name, data)")?;
    let (Some(name), Some(Value::Bytes(data))) = (name.as_ref().and_then(Value::as_str), data)
    else {
        return Err(vm.type_error("object supporting the buffer API required"));
    };
    let bytes = match &*name {
        "md5" => Md5::digest(&*data).to_vec(),
        "sha1" => Sha1::digest(&*data).to_vec(),
        "sha224" => Sha224::digest(&*data).to_vec(),
        "sha256" => Sha256::digest(&*data).to_vec(),
        "sha384" => Sha384::digest(&*data).to_vec(),
        "sha512" => Sha512::digest(&*data).to_vec(),
        _ => return Ok(Value::None),
    };
    Ok(Value::Bytes(bytes.into()))
}

pub(super) fn build(_: &mut Vm, module: &Rc<Module>) -> Result<(), Raise> {
    module.set("_digest", Value::function("_digest", digest));
    Ok(())
}
