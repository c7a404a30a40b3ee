//! `date`.

use std::rc::Rc;

use super::calendar::{days_in_month, from_ordinal, ordinal};
use super::{DateTime, TimeDelta, number, text, text_argument};
use crate::host::{Args, BinaryOperator, ClassBuilder, Compare, Object, Raise};
use crate::value::{Class, Str, Value};
use crate::vm::Vm;

/// A day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    /// 1 to 9999.
    pub year: i64,
    /// 1 to 12.
    pub month: i64,
    /// 1 to 31.
    pub day: i64,
}

impl Date {
    /// A day that exists; Python's error otherwise.
    pub fn new(vm: &mut Vm, year: i64, month: i64, day: i64) -> Result<Self, Raise> {
        if !(1..=9999).contains(&year) {
            return Err(vm.value_error(format!("year {year} is out of range")));
        }
        if !(1..=12).contains(&month) {
            return Err(vm.value_error("month must be in 1..12"));
        }
        if !(1..=days_in_month(year, month)).contains(&day) {
            return Err(vm.value_error("day is out of range for month"));
        }
        Ok(Self { year, month, day })
    }

    /// The day with this number; day 1 is the first of January of year 1.
    pub fn from_ordinal(vm: &mut Vm, day: i64) -> Result<Self, Raise> {
        if !(1..=3_652_059).contains(&day) {
            return Err(vm.error("OverflowError", "date value out of range"));
        }
        let (year, month, day) = from_ordinal(day);
        Ok(Self { year, month, day })
    }

    /// The number of the day.
    pub fn ordinal(self) -> i64 {
        ordinal(self.year, self.month, self.day)
    }

    /// `2024-05-01`.
    pub fn iso(self) -> String {
        format!("{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }

    /// Monday is 0.
    pub(super) fn weekday(self) -> i64 {
        (self.ordinal() + 6).rem_euclid(7)
    }

    /// Year, week and weekday by ISO 8601.
    pub(super) fn iso_calendar(self) -> (i64, i64, i64) {
        let weekday = self.weekday();
        let thursday = self.ordinal() - weekday + 3;
        let (year, ..) = from_ordinal(thursday);
        (year, (thursday - ordinal(year, 1, 1)) / 7 + 1, weekday + 1)
    }

    /// The date of a `date` or `datetime` value.
    pub fn of(value: &Value) -> Option<Self> {
        if let Some(date) = value.downcast_ref::<Self>() {
            return Some(*date);
        }
        value.downcast_ref::<DateTime>().map(|moment| moment.date)
    }
}

impl Object for Date {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        super::class(vm, "datetime.date")
    }

    fn repr(&self, _: &mut Vm) -> Result<Str, Raise> {
        Ok(format!("datetime.date({}, {}, {})", self.year, self.month, self.day).into())
    }

    fn str(&self, _: &mut Vm) -> Result<Str, Raise> {
        Ok(self.iso().into())
    }

    fn format(&self, vm: &mut Vm, specification: &str) -> Result<Option<Str>, Raise> {
        if specification.is_empty() {
            return Ok(None);
        }
        let moment = DateTime::midnight(*self);
        text::strftime(vm, &moment, specification).map(|text| Some(text.into()))
    }

    fn hash(&self, _: &mut Vm) -> Result<u64, Raise> {
        Ok(self.ordinal().cast_unsigned())
    }

    fn compare(self: Rc<Self>, _: &mut Vm, by: Compare, other: &Value) -> Result<Value, Raise> {
        Ok(match other.downcast_ref::<Self>() {
            Some(other) => Value::Bool(by.accepts(self.as_ref().cmp(other))),
            None => Value::NotImplemented,
        })
    }

    fn binary(
        self: Rc<Self>,
        vm: &mut Vm,
        operator: BinaryOperator,
        other: &Value,
        reflected: bool,
    ) -> Result<Value, Raise> {
        if let Some(delta) = other.downcast_ref::<TimeDelta>() {
            let days = delta.days();
            let day = match (operator, reflected) {
                (BinaryOperator::Add, _) => self.ordinal() + days,
                (BinaryOperator::Sub, false) => self.ordinal() - days,
                _ => return Ok(Value::NotImplemented),
            };
            return Self::from_ordinal(vm, day).map(Value::object);
        }
        match (operator, other.downcast_ref::<Self>(), reflected) {
            (BinaryOperator::Sub, Some(other), false) => {
                Ok(Value::object(TimeDelta::from_days(self.ordinal() - other.ordinal())))
            }
            _ => Ok(Value::NotImplemented),
        }
    }
}

/// The date of the receiver.
pub(super) fn this(vm: &mut Vm, args: &Args) -> Result<Date, Raise> {
    match Date::of(&args.at(0)) {
        Some(date) => Ok(date),
        None => Err(vm.type_error("descriptor requires a 'datetime.date' object")),
    }
}

fn new(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [_, year, month, day] = args.bind(vm, "date(cls, year, month, day)")?;
    let part = |vm: &mut Vm, value: Option<Value>| number(vm, value.as_ref(), 0);
    let (year, month, day) = (part(vm, year)?, part(vm, month)?, part(vm, day)?);
    Date::new(vm, year, month, day).map(Value::object)
}

fn today(vm: &mut Vm, _: Args) -> Result<Value, Raise> {
    Ok(Value::object(DateTime::now(vm)?.date))
}

fn from_iso(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let text = text_argument(vm, &args, "fromisoformat")?;
    match text::parse_date(&text) {
        Some((year, month, day)) => Date::new(vm, year, month, day).map(Value::object),
        None => {
            let quoted = vm.repr(&args.at(1))?;
            Err(vm.value_error(format!("Invalid isoformat string: {quoted}")))
        }
    }
}

fn from_ordinal_method(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let day = vm.index(&args.at(1))?;
    Date::from_ordinal(vm, day).map(Value::object)
}

fn from_timestamp(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let seconds = vm.to_float(&args.at(1))?;
    Ok(Value::object(DateTime::from_timestamp(vm, seconds)?.date))
}

fn replace(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let date = this(vm, &args)?;
    let [_, year, month, day] = args.bind(vm, "replace(self, year=, month=, day=)")?;
    let year = number(vm, year.as_ref(), date.year)?;
    let month = number(vm, month.as_ref(), date.month)?;
    let day = number(vm, day.as_ref(), date.day)?;
    Date::new(vm, year, month, day).map(Value::object)
}

fn iso_calendar(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let (year, week, weekday) = this(vm, &args)?.iso_calendar();
    Ok(Value::tuple(vec![Value::Int(year), Value::Int(week), Value::Int(weekday)]))
}

fn strftime(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let date = this(vm, &args)?;
    let format = text_argument(vm, &args, "strftime()")?;
    text::strftime(vm, &DateTime::midnight(date), &format).map(Value::from)
}

fn ctime(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let date = this(vm, &args)?;
    text::strftime(vm, &DateTime::midnight(date), "%a %b %e %H:%M:%S %Y").map(Value::from)
}

pub(super) fn class(vm: &mut Vm) -> Rc<Class> {
    let class = ClassBuilder::new("datetime", "date")
        .constructor(new)
        .class_method("today", today)
        .class_method("fromisoformat", from_iso)
        .class_method("fromordinal", from_ordinal_method)
        .class_method("fromtimestamp", from_timestamp)
        .method("replace", replace)
        .method("isocalendar", iso_calendar)
        .method("strftime", strftime)
        .method("ctime", ctime)
        .method("isoformat", |vm, args| Ok(Value::from(this(vm, &args)?.iso())))
        .method("weekday", |vm, args| Ok(Value::Int(this(vm, &args)?.weekday())))
        .method("isoweekday", |vm, args| Ok(Value::Int(this(vm, &args)?.weekday() + 1)))
        .method("toordinal", |vm, args| Ok(Value::Int(this(vm, &args)?.ordinal())))
        .property("year", |vm, args| Ok(Value::Int(this(vm, &args)?.year)))
        .property("month", |vm, args| Ok(Value::Int(this(vm, &args)?.month)))
        .property("day", |vm, args| Ok(Value::Int(this(vm, &args)?.day)))
        .build(vm);
    class.set("min", Value::object(Date { year: 1, month: 1, day: 1 }));
    class.set("max", Value::object(Date { year: 9999, month: 12, day: 31 }));
    class.set("resolution", Value::object(TimeDelta::from_days(1)));
    class
}
