//! `datetime`: dates, times, both, spans of time, fixed zones.

mod calendar;
mod date;
mod delta;
mod moment;
mod text;
mod time;
mod zone;

use std::rc::Rc;

use crate::host::{Args, Raise};
use crate::value::{Module, Value};
use crate::vm::Vm;

pub use date::Date;
pub use delta::TimeDelta;
pub use moment::DateTime;
pub use time::Time;
pub use zone::TimeZone;

pub(super) fn build(vm: &mut Vm, module: &Rc<Module>) -> Result<(), Raise> {
    let delta = delta::class(vm);
    let (tzinfo, timezone) = zone::classes(vm);
    let date = date::class(vm);
    let time = time::class(vm);
    let moment = moment::class(vm, &date);
    for class in [delta, tzinfo, timezone, date, time, moment] {
        let name = class.name();
        module.set(&name, Value::Class(class));
    }
    module.set("UTC", Value::object(TimeZone::utc()));
    module.set("MINYEAR", Value::Int(1));
    module.set("MAXYEAR", Value::Int(9999));
    Ok(())
}

/// An integer argument, or a default.
fn number(vm: &mut Vm, value: Option<&Value>, absent: i64) -> Result<i64, Raise> {
    match value {
        None => Ok(absent),
        Some(value) => vm.index(value),
    }
}

/// Makes sure that the classes exist when a host makes values before a script imports them.
fn class(vm: &Vm, name: &str) -> Rc<crate::value::Class> {
    vm.named_class(name)
}

/// The first text argument after the receiver.
fn text_argument(vm: &mut Vm, args: &Args, name: &str) -> Result<crate::value::Str, Raise> {
    match args.at(1).as_str() {
        Some(text) => Ok(text),
        None => Err(vm.type_error(format!("{name}: argument must be str"))),
    }
}
