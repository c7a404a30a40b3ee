//! `time`.

use std::rc::Rc;

use super::{Date, DateTime, TimeZone, number, text, text_argument};
use crate::host::{Args, ClassBuilder, Compare, Object, Raise};
use crate::value::{Class, Str, Value};
use crate::vm::Vm;

/// A time of day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Time {
    /// 0 to 23.
    pub hour: i64,
    /// 0 to 59.
    pub minute: i64,
    /// 0 to 59.
    pub second: i64,
    /// 0 to 999999.
    pub microsecond: i64,
    /// The zone, of aware times.
    pub zone: Option<Rc<TimeZone>>,
}

impl Time {
    /// A time that exists; Python's error otherwise.
    pub fn new(vm: &mut Vm, parts: [i64; 4], zone: Option<Rc<TimeZone>>) -> Result<Self, Raise> {
        let [hour, minute, second, microsecond] = parts;
        let limits = [
            ("hour", hour, 23),
            ("minute", minute, 59),
            ("second", second, 59),
            ("microsecond", microsecond, 999_999),
        ];
        for (name, value, most) in limits {
            if !(0..=most).contains(&value) {
                return Err(vm.value_error(format!("{name} must be in 0..{most}")));
            }
        }
        Ok(Self { hour, minute, second, microsecond, zone })
    }

    /// Microseconds since midnight.
    pub fn microseconds(&self) -> i64 {
        ((self.hour * 60 + self.minute) * 60 + self.second) * 1_000_000 + self.microsecond
    }

    pub(super) fn from_microseconds(micros: i64, zone: Option<Rc<TimeZone>>) -> Self {
        let seconds = micros / 1_000_000;
        Self {
            hour: seconds / 3600,
            minute: seconds / 60 % 60,
            second: seconds % 60,
            microsecond: micros % 1_000_000,
            zone,
        }
    }

    /// `13:30:00.000001+02:00`.
    pub fn iso(&self) -> String {
        let mut out = format!("{:02}:{:02}:{:02}", self.hour, self.minute, self.second);
        if self.microsecond != 0 {
            out += &format!(".{:06}", self.microsecond);
        }
        if let Some(zone) = &self.zone {
            out += &zone.suffix(":");
        }
        out
    }

    /// As many parts as `timespec` asks for.
    pub(super) fn iso_spec(&self, specification: &str) -> Option<String> {
        let Self { hour, minute, second, microsecond, .. } = self;
        let mut out = match specification {
            "auto" => return Some(self.iso()),
            "hours" => format!("{hour:02}"),
            "minutes" => format!("{hour:02}:{minute:02}"),
            "seconds" => format!("{hour:02}:{minute:02}:{second:02}"),
            "milliseconds" => {
                format!("{hour:02}:{minute:02}:{second:02}.{:03}", microsecond / 1000)
            }
            "microseconds" => format!("{hour:02}:{minute:02}:{second:02}.{microsecond:06}"),
            _ => return None,
        };
        if let Some(zone) = &self.zone {
            out += &zone.suffix(":");
        }
        Some(out)
    }

    /// The arguments `repr` shows.
    pub(super) fn repr_parts(&self, vm: &mut Vm) -> Result<Vec<String>, Raise> {
        let mut parts = vec![self.hour.to_string(), self.minute.to_string()];
        if self.second != 0 || self.microsecond != 0 {
            parts.push(self.second.to_string());
        }
        if self.microsecond != 0 {
            parts.push(self.microsecond.to_string());
        }
        if let Some(zone) = &self.zone {
            parts.push(format!("tzinfo={}", zone.repr(vm)?));
        }
        Ok(parts)
    }

    /// Moves an aware time to UTC for comparison.
    pub(super) fn in_utc(&self) -> i64 {
        let offset = self.zone.as_ref().map_or(0, |zone| zone.offset);
        self.microseconds() - offset * 1_000_000
    }
}

/// A zone argument.
pub(super) fn zone(vm: &mut Vm, value: Option<Value>) -> Result<Option<Rc<TimeZone>>, Raise> {
    match value {
        None | Some(Value::None) => Ok(None),
        Some(value) => match value.downcast::<TimeZone>() {
            Some(zone) => Ok(Some(zone)),
            None => {
                let class = vm.class_of(&value).name();
                Err(vm.type_error(format!(
                    "tzinfo argument must be None or of a tzinfo subclass, not type '{class}'"
                )))
            }
        },
    }
}

impl Object for Time {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        super::class(vm, "datetime.time")
    }

    fn repr(&self, vm: &mut Vm) -> Result<Str, Raise> {
        Ok(format!("datetime.time({})", self.repr_parts(vm)?.join(", ")).into())
    }

    fn str(&self, _: &mut Vm) -> Result<Str, Raise> {
        Ok(self.iso().into())
    }

    fn format(&self, vm: &mut Vm, specification: &str) -> Result<Option<Str>, Raise> {
        if specification.is_empty() {
            return Ok(None);
        }
        let moment = moment(self);
        text::strftime(vm, &moment, specification).map(|text| Some(text.into()))
    }

    fn hash(&self, _: &mut Vm) -> Result<u64, Raise> {
        Ok(self.in_utc().cast_unsigned())
    }

    fn compare(self: Rc<Self>, vm: &mut Vm, by: Compare, other: &Value) -> Result<Value, Raise> {
        let Some(other) = other.downcast_ref::<Self>() else { return Ok(Value::NotImplemented) };
        if self.zone.is_some() != other.zone.is_some() {
            return match by {
                Compare::Equal => Ok(Value::Bool(false)),
                Compare::NotEqual => Ok(Value::Bool(true)),
                _ => Err(vm.type_error("can't compare offset-naive and offset-aware times")),
            };
        }
        Ok(Value::Bool(by.accepts(self.in_utc().cmp(&other.in_utc()))))
    }
}

/// The time on the first day there is, for formatting.
fn moment(time: &Time) -> DateTime {
    DateTime { date: Date { year: 1900, month: 1, day: 1 }, time: time.clone() }
}

fn new(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [_, hour, minute, second, microsecond, tzinfo, _] =
        args.bind(vm, "time(cls, hour=, minute=, second=, microsecond=, tzinfo=, *, fold=)")?;
    let parts = [
        number(vm, hour.as_ref(), 0)?,
        number(vm, minute.as_ref(), 0)?,
        number(vm, second.as_ref(), 0)?,
        number(vm, microsecond.as_ref(), 0)?,
    ];
    let zone = zone(vm, tzinfo)?;
    Time::new(vm, parts, zone).map(Value::object)
}

fn this(vm: &mut Vm, args: &Args) -> Result<Rc<Time>, Raise> {
    args.this::<Time>(vm)
}

fn from_iso(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let text = text_argument(vm, &args, "fromisoformat")?;
    match text::parse_time(text.strip_prefix('T').unwrap_or(&text)) {
        Some((parts, zone)) => Time::new(vm, parts, zone.map(Rc::new)).map(Value::object),
        None => {
            let quoted = vm.repr(&args.at(1))?;
            Err(vm.value_error(format!("Invalid isoformat string: {quoted}")))
        }
    }
}

fn replace(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let time = this(vm, &args)?;
    let [_, hour, minute, second, microsecond, tzinfo, _] =
        args.bind(vm, "replace(self, hour=, minute=, second=, microsecond=, tzinfo=, *, fold=)")?;
    let parts = [
        number(vm, hour.as_ref(), time.hour)?,
        number(vm, minute.as_ref(), time.minute)?,
        number(vm, second.as_ref(), time.second)?,
        number(vm, microsecond.as_ref(), time.microsecond)?,
    ];
    let zone = match tzinfo {
        None => time.zone.clone(),
        given => zone(vm, given)?,
    };
    Time::new(vm, parts, zone).map(Value::object)
}

fn iso_format(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let time = this(vm, &args)?;
    let [_, specification] = args.bind(vm, "isoformat(self, timespec=)")?;
    let specification = specification.and_then(|s| s.as_str()).unwrap_or_else(|| "auto".into());
    match time.iso_spec(&specification) {
        Some(text) => Ok(Value::from(text)),
        None => Err(vm.value_error("Unknown timespec value")),
    }
}

fn strftime(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let time = this(vm, &args)?;
    let format = text_argument(vm, &args, "strftime()")?;
    text::strftime(vm, &moment(&time), &format).map(Value::from)
}

pub(super) fn class(vm: &mut Vm) -> Rc<Class> {
    let class = ClassBuilder::new("datetime", "time")
        .constructor(new)
        .class_method("fromisoformat", from_iso)
        .method("replace", replace)
        .method("isoformat", iso_format)
        .method("strftime", strftime)
        .property("hour", |vm, args| Ok(Value::Int(this(vm, &args)?.hour)))
        .property("minute", |vm, args| Ok(Value::Int(this(vm, &args)?.minute)))
        .property("second", |vm, args| Ok(Value::Int(this(vm, &args)?.second)))
        .property("microsecond", |vm, args| Ok(Value::Int(this(vm, &args)?.microsecond)))
        .property("tzinfo", |vm, args| {
            let zone = this(vm, &args)?.zone.clone();
            Ok(zone.map_or(Value::None, |zone| Value::Object(zone)))
        })
        .build(vm);
    class.set("min", Value::object(Time::default()));
    class.set("max", Value::object(Time::from_microseconds(86_399_999_999, None)));
    class
}
