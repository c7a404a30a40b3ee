//! Formatting and parsing dates and times.

use super::calendar::{DAYS, MONTHS};
use super::{Date, DateTime, TimeZone};
use crate::host::Raise;
use crate::vm::Vm;

fn name<'a>(names: &[&'a str], at: i64) -> &'a str {
    usize::try_from(at).ok().and_then(|at| names.get(at)).copied().unwrap_or("")
}

/// `strftime`.
pub(super) fn strftime(vm: &mut Vm, moment: &DateTime, format: &str) -> Result<String, Raise> {
    let mut out = String::new();
    let mut characters = format.chars();
    while let Some(character) = characters.next() {
        if character != '%' {
            out.push(character);
            continue;
        }
        let mut directive = characters.next();
        let plain = directive == Some('-');
        if plain {
            directive = characters.next();
        }
        match directive {
            Some(directive) => {
                let text = field(moment, directive);
                let text = match &text {
                    Some(text) if plain => {
                        let short = text.trim_start_matches('0');
                        if short.is_empty() { "0" } else { short }
                    }
                    Some(text) => text,
                    None => "",
                };
                if text.is_empty() && !matches!(directive, 'z' | 'Z') {
                    out.push('%');
                    out.push(directive);
                } else {
                    out.push_str(text);
                }
            }
            None => out.push('%'),
        }
        vm.reserve(out.len())?;
    }
    Ok(out)
}

fn field(moment: &DateTime, directive: char) -> Option<String> {
    let DateTime { date, time } = moment;
    let twelve = if time.hour % 12 == 0 { 12 } else { time.hour % 12 };
    let first = Date { month: 1, day: 1, ..*date }.ordinal();
    let day_of_year = date.ordinal() - first + 1;
    Some(match directive {
        'Y' => date.year.to_string(),
        'y' => format!("{:02}", date.year % 100),
        'm' => format!("{:02}", date.month),
        'd' => format!("{:02}", date.day),
        'e' => format!("{:2}", date.day),
        'H' => format!("{:02}", time.hour),
        'I' => format!("{twelve:02}"),
        'M' => format!("{:02}", time.minute),
        'S' => format!("{:02}", time.second),
        'f' => format!("{:06}", time.microsecond),
        'p' => if time.hour < 12 { "AM" } else { "PM" }.to_owned(),
        'B' => name(&MONTHS, date.month - 1).to_owned(),
        'b' | 'h' => name(&MONTHS, date.month - 1).get(..3)?.to_owned(),
        'A' => name(&DAYS, date.weekday()).to_owned(),
        'a' => name(&DAYS, date.weekday()).get(..3)?.to_owned(),
        'w' => ((date.weekday() + 1) % 7).to_string(),
        'u' => (date.weekday() + 1).to_string(),
        'j' => format!("{day_of_year:03}"),
        'U' => format!("{:02}", (day_of_year + 6 - (date.weekday() + 1) % 7) / 7),
        'W' => format!("{:02}", (day_of_year + 6 - date.weekday()) / 7),
        'G' => date.iso_calendar().0.to_string(),
        'V' => format!("{:02}", date.iso_calendar().1),
        'F' => date.iso(),
        'T' => format!("{:02}:{:02}:{:02}", time.hour, time.minute, time.second),
        'R' => format!("{:02}:{:02}", time.hour, time.minute),
        'D' => format!("{:02}/{:02}/{:02}", date.month, date.day, date.year % 100),
        'x' => format!("{:02}/{:02}/{:02}", date.month, date.day, date.year % 100),
        'X' => format!("{:02}:{:02}:{:02}", time.hour, time.minute, time.second),
        'c' => format!(
            "{} {} {:2} {:02}:{:02}:{:02} {}",
            name(&DAYS, date.weekday()).get(..3)?,
            name(&MONTHS, date.month - 1).get(..3)?,
            date.day,
            time.hour,
            time.minute,
            time.second,
            date.year
        ),
        'z' => time.zone.as_ref().map(|zone| zone.suffix("")).unwrap_or_default(),
        'Z' => time.zone.as_ref().map(|zone| zone.display()).unwrap_or_default(),
        'n' => "\n".to_owned(),
        't' => "\t".to_owned(),
        '%' => "%".to_owned(),
        _ => return None,
    })
}

/// Digits of a fixed width.
fn digits(text: &str) -> Option<i64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// `2024-05-01` or `20240501`.
pub(super) fn parse_date(text: &str) -> Option<(i64, i64, i64)> {
    let (month, day) = match text.len() {
        10 if text.get(4..5) == Some("-") && text.get(7..8) == Some("-") => (5..7, 8..10),
        8 => (4..6, 6..8),
        _ => return None,
    };
    Some((digits(text.get(..4)?)?, digits(text.get(month)?)?, digits(text.get(day)?)?))
}

/// Hour, minute, second, microsecond; and the zone if there is one.
pub(super) type TimeParts = ([i64; 4], Option<TimeZone>);

/// `13:30`, `13:30:15.123`, with `Z` or an offset.
pub(super) fn parse_time(text: &str) -> Option<TimeParts> {
    let split = text.find(['+', '-', 'Z']).unwrap_or(text.len());
    let (clock, zone) = (text.get(..split)?, text.get(split..)?);
    let (clock, fraction) = match clock.split_once(['.', ',']) {
        Some((clock, fraction)) => (clock, Some(fraction)),
        None => (clock, None),
    };
    let mut parts = [0; 4];
    let pieces: Vec<&str> = if clock.contains(':') {
        clock.split(':').collect()
    } else {
        (0..clock.len()).step_by(2).filter_map(|at| clock.get(at..at + 2)).collect()
    };
    if pieces.is_empty() || pieces.len() > 3 || pieces.iter().any(|piece| piece.len() != 2) {
        return None;
    }
    for (slot, piece) in parts.iter_mut().zip(&pieces) {
        *slot = digits(piece)?;
    }
    if let Some(fraction) = fraction {
        let padded = format!("{:0<6}", fraction.get(..6).unwrap_or(fraction));
        parts[3] = digits(&padded)?;
    }
    Some((parts, if zone.is_empty() { None } else { Some(parse_zone(zone)?) }))
}

fn parse_zone(text: &str) -> Option<TimeZone> {
    if text == "Z" {
        return Some(TimeZone::utc());
    }
    let sign = match text.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let rest: String = text.get(1..)?.chars().filter(|c| *c != ':').collect();
    let hours = digits(rest.get(..2)?)?;
    let minutes = match rest.get(2..4) {
        Some(minutes) => digits(minutes)?,
        None => 0,
    };
    Some(TimeZone { offset: sign * (hours * 3600 + minutes * 60), name: None })
}

/// What `strptime` found.
pub(super) struct Parsed {
    pub(super) year: i64,
    pub(super) month: i64,
    pub(super) day: i64,
    pub(super) time: [i64; 4],
    pub(super) zone: Option<TimeZone>,
}

/// `strptime`.
pub(super) fn strptime(text: &str, format: &str) -> Option<Parsed> {
    let mut found = Parsed { year: 1900, month: 1, day: 1, time: [0; 4], zone: None };
    let mut rest = text;
    let mut afternoon = None;
    let mut characters = format.chars();
    while let Some(character) = characters.next() {
        if character == '%' {
            rest = directive(&mut found, &mut afternoon, characters.next()?, rest)?;
        } else if character.is_whitespace() {
            rest = rest.trim_start();
        } else {
            rest = rest.strip_prefix(character)?;
        }
    }
    if let Some(afternoon) = afternoon {
        let hour = found.time[0] % 12;
        found.time[0] = if afternoon { hour + 12 } else { hour };
    }
    rest.is_empty().then_some(found)
}

fn take(rest: &str, most: usize) -> Option<(i64, &str)> {
    let end = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
    Some((digits(rest.get(..end)?)?, rest.get(end..)?))
}

fn directive<'a>(
    found: &mut Parsed,
    afternoon: &mut Option<bool>,
    directive: char,
    rest: &'a str,
) -> Option<&'a str> {
    let number = |most: usize, slot: &mut i64| -> Option<&'a str> {
        let (value, after) = take(rest, most)?;
        *slot = value;
        Some(after)
    };
    let named = |names: &[&str], short: bool| -> Option<(i64, &'a str)> {
        names.iter().enumerate().find_map(|(at, name)| {
            let name = if short { name.get(..3)? } else { name };
            let head = rest.get(..name.len())?;
            head.eq_ignore_ascii_case(name)
                .then_some((i64::try_from(at).ok()?, rest.get(name.len()..)?))
        })
    };
    match directive {
        'Y' => number(4, &mut found.year),
        'y' => {
            let after = number(2, &mut found.year)?;
            found.year += if found.year < 69 { 2000 } else { 1900 };
            Some(after)
        }
        'm' => number(2, &mut found.month),
        'd' => number(2, &mut found.day),
        'H' | 'I' => number(2, &mut found.time[0]),
        'M' => number(2, &mut found.time[1]),
        'S' => number(2, &mut found.time[2]),
        'f' => {
            let end = rest.bytes().take(6).take_while(u8::is_ascii_digit).count();
            found.time[3] = digits(&format!("{:0<6}", rest.get(..end)?))?;
            rest.get(end..)
        }
        'B' => named(&MONTHS, false).map(|(at, after)| {
            found.month = at + 1;
            after
        }),
        'b' => named(&MONTHS, true).map(|(at, after)| {
            found.month = at + 1;
            after
        }),
        'A' => named(&DAYS, false).map(|(_, after)| after),
        'a' => named(&DAYS, true).map(|(_, after)| after),
        'p' => {
            let head = rest.get(..2)?.to_ascii_uppercase();
            *afternoon = Some(match head.as_str() {
                "AM" => false,
                "PM" => true,
                _ => return None,
            });
            rest.get(2..)
        }
        'z' => {
            let end = if rest.starts_with('Z') {
                1
            } else {
                rest.find(|c: char| !matches!(c, '+' | '-' | ':' | '0'..='9')).unwrap_or(rest.len())
            };
            found.zone = Some(parse_zone(rest.get(..end)?)?);
            rest.get(end..)
        }
        '%' => rest.strip_prefix('%'),
        _ => None,
    }
}
