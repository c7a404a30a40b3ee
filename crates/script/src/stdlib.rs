//! Values of Python's standard library that databases know: decimals, dates, times, UUIDs.

use std::rc::Rc;

use jiff::civil;
use vidro_python::{Date, DateTime, Decimal, Time, TimeDelta, TimeZone, Uuid, Value, Vm};
use vidro_sql::value::Zoned;

/// A value of the standard library as a value of statements; none if it is something else.
pub(crate) fn from_python(given: &Value) -> Option<vidro_sql::Value> {
    use vidro_sql::Value as Sql;
    if let Some(moment) = given.downcast_ref::<DateTime>() {
        let datetime = date(moment.date)?.to_datetime(time(&moment.time)?);
        return Some(match &moment.time.zone {
            Some(zone) => {
                let offset = i32::try_from(zone.offset).ok()?;
                Sql::Zoned(Zoned { datetime, offset })
            }
            None => Sql::DateTime(datetime),
        });
    }
    if let Some(day) = given.downcast_ref::<Date>() {
        return date(*day).map(Sql::Date);
    }
    if let Some(clock) = given.downcast_ref::<Time>() {
        return time(clock).map(Sql::Time);
    }
    if let Some(delta) = given.downcast_ref::<TimeDelta>() {
        return i64::try_from(delta.microseconds).ok().map(Sql::Interval);
    }
    if let Some(decimal) = given.downcast_ref::<Decimal>() {
        return Some(Sql::Decimal(decimal.0));
    }
    given.downcast_ref::<Uuid>().map(|uuid| Sql::Uuid(uuid.0.to_be_bytes()))
}

fn date(given: Date) -> Option<civil::Date> {
    let year = i16::try_from(given.year).ok()?;
    let (month, day) = (i8::try_from(given.month).ok()?, i8::try_from(given.day).ok()?);
    civil::Date::new(year, month, day).ok()
}

fn time(given: &Time) -> Option<civil::Time> {
    let part = |part: i64| i8::try_from(part).ok();
    let nanoseconds = i32::try_from(given.microsecond * 1000).ok()?;
    let (hour, minute, second) = (part(given.hour)?, part(given.minute)?, part(given.second)?);
    civil::Time::new(hour, minute, second, nanoseconds).ok()
}

/// A value of statements as a value of the standard library.
pub(crate) fn to_python(vm: &mut Vm, given: &vidro_sql::Value) -> Value {
    use vidro_sql::Value as Sql;
    prepare(vm, given);
    match given {
        Sql::Date(day) => Value::object(python_date(*day)),
        Sql::Time(clock) => Value::object(python_time(*clock, None)),
        Sql::DateTime(moment) => Value::object(DateTime {
            date: python_date(moment.date()),
            time: python_time(moment.time(), None),
        }),
        Sql::Zoned(zoned) => {
            let zone = if zoned.offset == 0 {
                TimeZone::utc()
            } else {
                TimeZone { offset: i64::from(zoned.offset), name: None }
            };
            Value::object(DateTime {
                date: python_date(zoned.datetime.date()),
                time: python_time(zoned.datetime.time(), Some(Rc::new(zone))),
            })
        }
        Sql::Interval(microseconds) => {
            Value::object(TimeDelta { microseconds: i128::from(*microseconds) })
        }
        Sql::Decimal(decimal) => Value::object(Decimal(*decimal)),
        Sql::Uuid(bytes) => Value::object(Uuid(u128::from_be_bytes(*bytes))),
        other => Value::from(other.repr()),
    }
}

/// The module that makes the class of a value must be there before the value.
fn prepare(vm: &mut Vm, given: &vidro_sql::Value) {
    use vidro_sql::Value as Sql;
    let module = match given {
        Sql::Decimal(_) => "decimal",
        Sql::Uuid(_) => "uuid",
        _ => "datetime",
    };
    // A module of the standard library cannot fail to be imported.
    let _ = vm.import(module);
}

fn python_date(day: civil::Date) -> Date {
    Date { year: i64::from(day.year()), month: i64::from(day.month()), day: i64::from(day.day()) }
}

fn python_time(clock: civil::Time, zone: Option<Rc<TimeZone>>) -> Time {
    Time {
        hour: i64::from(clock.hour()),
        minute: i64::from(clock.minute()),
        second: i64::from(clock.second()),
        microsecond: i64::from(clock.subsec_nanosecond() / 1000),
        zone,
    }
}
