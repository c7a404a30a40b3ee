//! Dates and times as ISO text, the way SQLite stores them.

use jiff::civil::{Date, DateTime, Time};

use crate::error::{Error, Result};
use crate::value::{Value, Zoned};

/// `YYYY-MM-DD`
pub(crate) fn date_text(date: Date) -> String {
    format!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day())
}

/// `HH:MM:SS.ffffff`
pub(crate) fn time_text(time: Time) -> String {
    let micros = time.subsec_nanosecond() / 1000;
    format!("{:02}:{:02}:{:02}.{micros:06}", time.hour(), time.minute(), time.second())
}

/// `YYYY-MM-DD HH:MM:SS.ffffff`
pub(crate) fn datetime_text(datetime: DateTime) -> String {
    format!("{} {}", date_text(datetime.date()), time_text(datetime.time()))
}

fn invalid(text: &str) -> Error {
    Error::value(format!("Invalid isoformat string: {}", crate::repr::string(text)))
}

fn number(text: &str) -> Option<u32> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

fn date_of(text: &str) -> Option<Date> {
    let year = i16::try_from(number(text.get(0..4)?)?).ok()?;
    let month = i8::try_from(number(text.get(5..7)?)?).ok()?;
    let day = i8::try_from(number(text.get(8..10)?)?).ok()?;
    let dashes = text.as_bytes().get(4) == Some(&b'-') && text.as_bytes().get(7) == Some(&b'-');
    if !dashes || text.len() != 10 {
        return None;
    }
    Date::new(year, month, day).ok()
}

fn time_of(text: &str) -> Option<Time> {
    let (clock, fraction) = match text.split_once('.') {
        Some((clock, fraction)) => (clock, fraction),
        None => (text, ""),
    };
    let mut parts = clock.split(':');
    let hour = i8::try_from(number(parts.next()?)?).ok()?;
    let minute = i8::try_from(number(parts.next().unwrap_or("0"))?).ok()?;
    let second = i8::try_from(number(parts.next().unwrap_or("0"))?).ok()?;
    if parts.next().is_some() {
        return None;
    }
    let mut nanos = 0i32;
    if !fraction.is_empty() {
        let padded: String = fraction.chars().chain("000000".chars()).take(6).collect();
        nanos = i32::try_from(number(&padded)?).ok()? * 1000;
    }
    Time::new(hour, minute, second, nanos).ok()
}

/// `date.fromisoformat`
pub(crate) fn parse_date(text: &str) -> Result<Value> {
    date_of(text).map(Value::Date).ok_or_else(|| invalid(text))
}

/// `time.fromisoformat`
pub(crate) fn parse_time(text: &str) -> Result<Value> {
    time_of(text).map(Value::Time).ok_or_else(|| invalid(text))
}

/// `datetime.fromisoformat`
pub(crate) fn parse_datetime(text: &str) -> Result<Value> {
    datetime_of(text).ok_or_else(|| invalid(text))
}

fn datetime_of(text: &str) -> Option<Value> {
    let date = date_of(text.get(0..10)?)?;
    let rest = text.get(10..)?;
    if rest.is_empty() {
        return Some(Value::DateTime(date.to_datetime(Time::midnight())));
    }
    let clock = rest.get(1..)?;
    if let Some(clock) = clock.strip_suffix('Z') {
        let datetime = date.to_datetime(time_of(clock)?);
        return Some(Value::Zoned(Zoned { datetime, offset: 0 }));
    }
    let Some(at) = clock.find(['+', '-']) else {
        return Some(Value::DateTime(date.to_datetime(time_of(clock)?)));
    };
    let (clock, zone) = clock.split_at(at);
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let mut parts = zone.get(1..)?.split(':');
    let hours = i32::try_from(number(parts.next()?)?).ok()?;
    let minutes = i32::try_from(number(parts.next().unwrap_or("0"))?).ok()?;
    let offset = sign * (hours * 3600 + minutes * 60);
    Some(Value::Zoned(Zoned { datetime: date.to_datetime(time_of(clock)?), offset }))
}

/// The point in time that many microseconds after the epoch.
pub(crate) fn from_epoch(micros: i64) -> Option<DateTime> {
    let epoch = jiff::civil::datetime(1970, 1, 1, 0, 0, 0, 0);
    epoch.checked_add(jiff::SignedDuration::from_micros(micros)).ok()
}

/// Microseconds between the epoch and a point in time.
pub(crate) fn to_epoch(datetime: DateTime) -> Option<i64> {
    let epoch = jiff::civil::datetime(1970, 1, 1, 0, 0, 0, 0);
    i64::try_from(datetime.duration_since(epoch).as_micros()).ok()
}
