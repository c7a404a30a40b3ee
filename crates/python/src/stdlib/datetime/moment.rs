//! `datetime`: a date and a time.

use std::rc::Rc;

use super::time::zone;
use super::{Date, Time, TimeDelta, TimeZone, number, text, text_argument};
use crate::host::{Args, BinaryOperator, ClassBuilder, Compare, Object, Raise};
use crate::value::{Class, Str, Value};
use crate::vm::Vm;

const DAY: i128 = 86_400_000_000;
/// The number of the first of January 1970.
const EPOCH: i64 = 719_163;

/// A date and a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DateTime {
    /// The day.
    pub date: Date,
    /// The time of day, with the zone of aware values.
    pub time: Time,
}

impl DateTime {
    pub(super) fn midnight(date: Date) -> Self {
        Self { date, time: Time::default() }
    }

    /// Microseconds since the day before the first, in its own zone.
    fn microseconds(&self) -> i128 {
        i128::from(self.date.ordinal()) * DAY + i128::from(self.time.microseconds())
    }

    /// The same in UTC, for aware values.
    fn in_utc(&self) -> i128 {
        let offset = self.time.zone.as_ref().map_or(0, |zone| zone.offset);
        self.microseconds() - i128::from(offset) * 1_000_000
    }

    fn from_microseconds(
        vm: &mut Vm,
        micros: i128,
        zone: Option<Rc<TimeZone>>,
    ) -> Result<Self, Raise> {
        let day = i64::try_from(micros.div_euclid(DAY)).unwrap_or(i64::MAX);
        let date = Date::from_ordinal(vm, day)?;
        let rest = i64::try_from(micros.rem_euclid(DAY)).unwrap_or(0);
        Ok(Self { date, time: Time::from_microseconds(rest, zone) })
    }

    /// The host's clock; local time is UTC.
    pub(super) fn now(vm: &mut Vm) -> Result<Self, Raise> {
        let micros = vm.host().now() / 1000;
        Self::from_microseconds(vm, micros + i128::from(EPOCH) * DAY, None)
    }

    pub(super) fn from_timestamp(vm: &mut Vm, seconds: f64) -> Result<Self, Raise> {
        let micros = num_traits::ToPrimitive::to_i128(&(seconds * 1e6).round_ties_even());
        Self::from_microseconds(vm, micros.unwrap_or(0) + i128::from(EPOCH) * DAY, None)
    }

    /// `2024-05-01 13:30:00`, with the separator that is given.
    pub fn iso(&self, separator: &str) -> String {
        format!("{}{separator}{}", self.date.iso(), self.time.iso())
    }

    fn moved(&self, vm: &mut Vm, by: i128) -> Result<Value, Raise> {
        let zone = self.time.zone.clone();
        Self::from_microseconds(vm, self.microseconds() + by, zone).map(Value::object)
    }

    fn in_zone(&self, vm: &mut Vm, zone: Rc<TimeZone>) -> Result<Value, Raise> {
        let micros = self.in_utc() + i128::from(zone.offset) * 1_000_000;
        Self::from_microseconds(vm, micros, Some(zone)).map(Value::object)
    }
}

impl Object for DateTime {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        super::class(vm, "datetime.datetime")
    }

    fn repr(&self, vm: &mut Vm) -> Result<Str, Raise> {
        let Date { year, month, day } = self.date;
        let time = self.time.repr_parts(vm)?.join(", ");
        Ok(format!("datetime.datetime({year}, {month}, {day}, {time})").into())
    }

    fn str(&self, _: &mut Vm) -> Result<Str, Raise> {
        Ok(self.iso(" ").into())
    }

    fn format(&self, vm: &mut Vm, specification: &str) -> Result<Option<Str>, Raise> {
        if specification.is_empty() {
            return Ok(None);
        }
        text::strftime(vm, self, specification).map(|text| Some(text.into()))
    }

    fn hash(&self, _: &mut Vm) -> Result<u64, Raise> {
        Ok(u64::try_from(self.in_utc().rem_euclid(1 << 61)).unwrap_or(0))
    }

    fn compare(self: Rc<Self>, vm: &mut Vm, by: Compare, other: &Value) -> Result<Value, Raise> {
        let equality = matches!(by, Compare::Equal | Compare::NotEqual);
        let Some(other) = other.downcast_ref::<Self>() else {
            if other.downcast_ref::<Date>().is_some() && !equality {
                return Err(vm.type_error("can't compare datetime.datetime to datetime.date"));
            }
            return Ok(Value::NotImplemented);
        };
        if self.time.zone.is_some() != other.time.zone.is_some() {
            if equality {
                return Ok(Value::Bool(by == Compare::NotEqual));
            }
            return Err(vm.type_error("can't compare offset-naive and offset-aware datetimes"));
        }
        Ok(Value::Bool(by.accepts(self.in_utc().cmp(&other.in_utc()))))
    }

    fn binary(
        self: Rc<Self>,
        vm: &mut Vm,
        operator: BinaryOperator,
        other: &Value,
        reflected: bool,
    ) -> Result<Value, Raise> {
        if let Some(delta) = other.downcast_ref::<TimeDelta>() {
            return match (operator, reflected) {
                (BinaryOperator::Add, _) => self.moved(vm, delta.microseconds),
                (BinaryOperator::Sub, false) => self.moved(vm, -delta.microseconds),
                _ => Ok(Value::NotImplemented),
            };
        }
        match (operator, other.downcast_ref::<Self>(), reflected) {
            (BinaryOperator::Sub, Some(other), false) => {
                if self.time.zone.is_some() != other.time.zone.is_some() {
                    return Err(
                        vm.type_error("can't subtract offset-naive and offset-aware datetimes")
                    );
                }
                let microseconds = self.in_utc() - other.in_utc();
                Ok(Value::object(TimeDelta { microseconds }))
            }
            _ => Ok(Value::NotImplemented),
        }
    }
}

fn this(vm: &mut Vm, args: &Args) -> Result<Rc<DateTime>, Raise> {
    args.this::<DateTime>(vm)
}

fn new(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [_, year, month, day, hour, minute, second, microsecond, tzinfo, _] = args.bind(
        vm,
        "datetime(cls, year, month, day, hour=, minute=, second=, microsecond=, tzinfo=, *, fold=)",
    )?;
    let day_parts = [
        number(vm, year.as_ref(), 0)?,
        number(vm, month.as_ref(), 0)?,
        number(vm, day.as_ref(), 0)?,
    ];
    let [year, month, day] = day_parts;
    let date = Date::new(vm, year, month, day)?;
    let parts = [
        number(vm, hour.as_ref(), 0)?,
        number(vm, minute.as_ref(), 0)?,
        number(vm, second.as_ref(), 0)?,
        number(vm, microsecond.as_ref(), 0)?,
    ];
    let zone = zone(vm, tzinfo)?;
    let time = Time::new(vm, parts, zone)?;
    Ok(Value::object(DateTime { date, time }))
}

fn now(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [_, tz] = args.bind(vm, "now(cls, tz=)")?;
    let now = DateTime::now(vm)?;
    match zone(vm, tz)? {
        None => Ok(Value::object(now)),
        Some(zone) => now.in_zone(vm, zone),
    }
}

fn utc_now(vm: &mut Vm, _: Args) -> Result<Value, Raise> {
    DateTime::now(vm).map(Value::object)
}

fn from_timestamp(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [_, seconds, tz] = args.bind(vm, "fromtimestamp(cls, timestamp, tz=)")?;
    let seconds = vm.to_float(&seconds.unwrap_or_default())?;
    let moment = DateTime::from_timestamp(vm, seconds)?;
    match zone(vm, tz)? {
        None => Ok(Value::object(moment)),
        Some(zone) => moment.in_zone(vm, zone),
    }
}

fn from_iso(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let given = text_argument(vm, &args, "fromisoformat")?;
    let day = given.get(..10).and_then(text::parse_date);
    let rest = given.get(10..).unwrap_or("");
    let time = if rest.is_empty() {
        Some(([0, 0, 0, 0], None))
    } else {
        let skip = rest.chars().next().map_or(0, char::len_utf8);
        rest.get(skip..).and_then(text::parse_time)
    };
    match (day, time) {
        (Some((year, month, day)), Some((parts, zone))) => {
            let date = Date::new(vm, year, month, day)?;
            let time = Time::new(vm, parts, zone.map(Rc::new))?;
            Ok(Value::object(DateTime { date, time }))
        }
        _ => {
            let quoted = vm.repr(&args.at(1))?;
            Err(vm.value_error(format!("Invalid isoformat string: {quoted}")))
        }
    }
}

fn combine(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [_, date, time, tzinfo] = args.bind(vm, "combine(cls, date, time, tzinfo=)")?;
    let date = Date::of(&date.unwrap_or_default());
    let time = time.and_then(|time| time.downcast::<Time>());
    let (Some(date), Some(time)) = (date, time) else {
        return Err(vm.type_error("combine() argument 1 must be datetime.date"));
    };
    let mut time = (*time).clone();
    if tzinfo.is_some() {
        time.zone = zone(vm, tzinfo)?;
    }
    Ok(Value::object(DateTime { date, time }))
}

fn replace(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let old = this(vm, &args)?;
    let [_, year, month, day, hour, minute, second, microsecond, tzinfo, _] = args.bind(
        vm,
        "replace(self, year=, month=, day=, hour=, minute=, second=, microsecond=, tzinfo=, *, fold=)",
    )?;
    let year = number(vm, year.as_ref(), old.date.year)?;
    let month = number(vm, month.as_ref(), old.date.month)?;
    let day = number(vm, day.as_ref(), old.date.day)?;
    let date = Date::new(vm, year, month, day)?;
    let parts = [
        number(vm, hour.as_ref(), old.time.hour)?,
        number(vm, minute.as_ref(), old.time.minute)?,
        number(vm, second.as_ref(), old.time.second)?,
        number(vm, microsecond.as_ref(), old.time.microsecond)?,
    ];
    let zone = match tzinfo {
        None => old.time.zone.clone(),
        given => zone(vm, given)?,
    };
    let time = Time::new(vm, parts, zone)?;
    Ok(Value::object(DateTime { date, time }))
}

fn iso_format(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let moment = this(vm, &args)?;
    let [_, separator, specification] = args.bind(vm, "isoformat(self, sep=, timespec=)")?;
    let separator = separator.and_then(|s| s.as_str()).unwrap_or_else(|| "T".into());
    let specification = specification.and_then(|s| s.as_str()).unwrap_or_else(|| "auto".into());
    match moment.time.iso_spec(&specification) {
        Some(time) => Ok(Value::from(format!("{}{separator}{time}", moment.date.iso()))),
        None => Err(vm.value_error("Unknown timespec value")),
    }
}

fn strftime(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let moment = this(vm, &args)?;
    let format = text_argument(vm, &args, "strftime()")?;
    text::strftime(vm, &moment, &format).map(Value::from)
}

fn strptime(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [_, given, format] = args.bind(vm, "strptime(cls, date_string, format, /)")?;
    let given = given.and_then(|given| given.as_str()).unwrap_or_default();
    let format = format.and_then(|format| format.as_str()).unwrap_or_default();
    let parsed = text::strptime(&given, &format);
    match parsed {
        Some(parts) => {
            let date = Date::new(vm, parts.year, parts.month, parts.day)?;
            let zone = parts.zone.map(Rc::new);
            let time = Time::new(vm, parts.time, zone)?;
            Ok(Value::object(DateTime { date, time }))
        }
        None => {
            let given = vm.repr(&Value::Str(given))?;
            let format = vm.repr(&Value::Str(format))?;
            Err(vm.value_error(format!("time data {given} does not match format {format}")))
        }
    }
}

fn timestamp(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let micros = this(vm, &args)?.in_utc() - i128::from(EPOCH) * DAY;
    let micros = num_traits::ToPrimitive::to_f64(&micros).unwrap_or(0.0);
    Ok(Value::Float(micros / 1e6))
}

fn as_timezone(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let moment = this(vm, &args)?;
    let [_, tz] = args.bind(vm, "astimezone(self, tz=)")?;
    let zone = zone(vm, tz)?.unwrap_or_else(|| Rc::new(TimeZone::utc()));
    moment.in_zone(vm, zone)
}

fn offset(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let zone = this(vm, &args)?.time.zone.clone();
    Ok(zone.map_or(Value::None, |zone| Value::object(zone.delta())))
}

fn time(vm: &mut Vm, args: &Args, keep_zone: bool) -> Result<Value, Raise> {
    let mut time = this(vm, args)?.time.clone();
    if !keep_zone {
        time.zone = None;
    }
    Ok(Value::object(time))
}

fn zone_name(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let zone = this(vm, &args)?.time.zone.clone();
    Ok(zone.map_or(Value::None, |zone| Value::from(zone.display())))
}

fn zone_value(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let zone = this(vm, &args)?.time.zone.clone();
    Ok(zone.map_or(Value::None, |zone| Value::Object(zone)))
}

pub(super) fn class(vm: &mut Vm, date: &Rc<Class>) -> Rc<Class> {
    let class = ClassBuilder::new("datetime", "datetime")
        .base(date)
        .constructor(new)
        .class_method("now", now)
        .class_method("today", utc_now)
        .class_method("utcnow", utc_now)
        .class_method("fromtimestamp", from_timestamp)
        .class_method("utcfromtimestamp", from_timestamp)
        .class_method("fromisoformat", from_iso)
        .class_method("combine", combine)
        .class_method("strptime", strptime)
        .method("replace", replace)
        .method("isoformat", iso_format)
        .method("strftime", strftime)
        .method("timestamp", timestamp)
        .method("astimezone", as_timezone)
        .method("utcoffset", offset)
        .method("tzname", zone_name)
        .method("dst", |_, _| Ok(Value::None))
        .method("date", |vm, args| Ok(Value::object(this(vm, &args)?.date)))
        .method("time", |vm, args| time(vm, &args, false))
        .method("timetz", |vm, args| time(vm, &args, true))
        .property("hour", |vm, args| Ok(Value::Int(this(vm, &args)?.time.hour)))
        .property("minute", |vm, args| Ok(Value::Int(this(vm, &args)?.time.minute)))
        .property("second", |vm, args| Ok(Value::Int(this(vm, &args)?.time.second)))
        .property("microsecond", |vm, args| Ok(Value::Int(this(vm, &args)?.time.microsecond)))
        .property("tzinfo", zone_value)
        .property("fold", |_, _| Ok(Value::Int(0)))
        .build(vm);
    let first = DateTime::midnight(Date { year: 1, month: 1, day: 1 });
    let last = DateTime {
        date: Date { year: 9999, month: 12, day: 31 },
        time: Time::from_microseconds(86_399_999_999, None),
    };
    class.set("min", Value::object(first));
    class.set("max", Value::object(last));
    class.set("resolution", Value::object(TimeDelta { microseconds: 1 }));
    class
}
