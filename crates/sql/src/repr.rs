//! Python's `repr()` of values, as echo, parameters and error messages show them.

use std::fmt::Write as _;

use crate::value::{Value, Zoned};

/// `repr(value)`.
pub fn value(value: &Value) -> String {
    match value {
        Value::Null => "None".into(),
        Value::Bool(true) => "True".into(),
        Value::Bool(false) => "False".into(),
        Value::Int(i) => i.to_string(),
        Value::Real(r) => float(*r),
        Value::Text(t) => string(t),
        Value::Blob(b) => bytes(b),
        Value::Decimal(d) => format!("Decimal('{d}')"),
        Value::Date(d) => format!("datetime.date({}, {}, {})", d.year(), d.month(), d.day()),
        Value::Time(t) => {
            let mut out = String::from("datetime.time(");
            clock(&mut out, *t);
            out.push(')');
            out
        }
        Value::DateTime(d) => {
            let mut out = String::from("datetime.datetime(");
            date_and_clock(&mut out, *d);
            out.push(')');
            out
        }
        Value::Zoned(z) => zoned(*z),
        Value::Interval(us) => timedelta(*us),
        Value::Uuid(u) => format!("UUID('{}')", uuid(u)),
        Value::Object(o) => o.repr(),
    }
}

fn clock(out: &mut String, t: jiff::civil::Time) {
    let _ = write!(out, "{}, {}", t.hour(), t.minute());
    let micros = t.subsec_nanosecond() / 1000;
    if t.second() != 0 || micros != 0 {
        let _ = write!(out, ", {}", t.second());
    }
    if micros != 0 {
        let _ = write!(out, ", {micros}");
    }
}

fn date_and_clock(out: &mut String, d: jiff::civil::DateTime) {
    let _ = write!(out, "{}, {}, {}, ", d.year(), d.month(), d.day());
    clock(out, d.time());
}

fn zoned(z: Zoned) -> String {
    let mut out = String::from("datetime.datetime(");
    date_and_clock(&mut out, z.datetime);
    out.push_str(", tzinfo=");
    if z.offset == 0 {
        out.push_str("datetime.timezone.utc");
    } else {
        let delta = timedelta(i64::from(z.offset) * 1_000_000);
        let _ = write!(out, "datetime.timezone({delta})");
    }
    out.push(')');
    out
}

/// `repr()` of a `datetime.timedelta` of that many microseconds.
pub fn timedelta(micros: i64) -> String {
    let days = micros.div_euclid(86_400_000_000);
    let rest = micros.rem_euclid(86_400_000_000);
    let parts = [("days", days), ("seconds", rest / 1_000_000), ("microseconds", rest % 1_000_000)];
    let shown: Vec<String> =
        parts.iter().filter(|(_, n)| *n != 0).map(|(name, n)| format!("{name}={n}")).collect();
    let body = if shown.is_empty() { "0".into() } else { shown.join(", ") };
    format!("datetime.timedelta({body})")
}

/// `str()` of a `uuid.UUID`: lower-case hex with hyphens.
pub fn uuid(bytes: &[u8; 16]) -> String {
    let mut out = String::with_capacity(36);
    for (i, byte) in bytes.iter().enumerate() {
        if matches!(i, 4 | 6 | 8 | 10) {
            out.push('-');
        }
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// `repr()` of a float: shortest digits that round-trip, Python's exponent rules.
pub fn float(value: f64) -> String {
    if value.is_nan() {
        return "nan".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf".into() } else { "-inf".into() };
    }
    let scientific = format!("{value:e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if value != 0.0 && !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs());
    }
    let plain = format!("{value}");
    if plain.contains('.') { plain } else { plain + ".0" }
}

/// `repr()` of a `str`: single quotes unless only single quotes occur inside.
pub fn string(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c if u32::from(c) < 0x20 || u32::from(c) == 0x7f => {
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            c if is_unprintable(c) => {
                let code = u32::from(c);
                let _ = if code <= 0xff {
                    write!(out, "\\x{code:02x}")
                } else if code <= 0xffff {
                    write!(out, "\\u{code:04x}")
                } else {
                    write!(out, "\\U{code:08x}")
                };
            }
            c => out.push(c),
        }
    }
    out.push(quote);
    out
}

/// Whether Python escapes this character above ASCII: controls, separators and private use.
fn is_unprintable(c: char) -> bool {
    let code = u32::from(c);
    c.is_control()
        || (c.is_whitespace() && c != ' ')
        || code == 0xad
        || matches!(code, 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x2064 | 0x2066..=0x206f)
        || matches!(code, 0xe000..=0xf8ff | 0xfeff | 0xfff9..=0xfffb | 0xf_0000..)
}

/// `repr()` of `bytes`.
pub fn bytes(data: &[u8]) -> String {
    let quote = if data.contains(&b'\'') && !data.contains(&b'"') { b'"' } else { b'\'' };
    let mut out = String::with_capacity(data.len() + 3);
    out.push('b');
    out.push(char::from(quote));
    for &byte in data {
        match byte {
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            b if b == quote => {
                out.push('\\');
                out.push(char::from(b));
            }
            0x20..=0x7e => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "\\x{byte:02x}");
            }
        }
    }
    out.push(char::from(quote));
    out
}

/// `repr()` of a tuple of values.
pub fn tuple(values: &[Value]) -> String {
    let items: Vec<String> = values.iter().map(value).collect();
    match items.as_slice() {
        [one] => format!("({one},)"),
        _ => format!("({})", items.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reprs() {
        let cases: &[(Value, &str)] = &[
            (Value::Null, "None"),
            (Value::from("it's"), "\"it's\""),
            (Value::from("it's \"q\""), "'it\\'s \"q\"'"),
            (Value::from("a\n\u{1}é"), "'a\\n\\x01é'"),
            (Value::from(1.0), "1.0"),
            (Value::from(1e16), "1e+16"),
            (Value::from(1e15), "1000000000000000.0"),
            (Value::from(0.0001), "0.0001"),
            (Value::from(0.00001), "1e-05"),
            (Value::from(-0.0), "-0.0"),
            (Value::Blob((*b"a'\xff").into()), "b\"a'\\xff\""),
            (Value::Decimal(rust_decimal::Decimal::new(100, 2)), "Decimal('1.00')"),
            (
                Value::Interval(-1),
                "datetime.timedelta(days=-1, seconds=86399, microseconds=999999)",
            ),
            (
                Value::DateTime(jiff::civil::datetime(2024, 1, 2, 3, 4, 0, 5000)),
                "datetime.datetime(2024, 1, 2, 3, 4, 0, 5)",
            ),
        ];
        for (input, expect) in cases {
            assert_eq!(value(input), *expect);
        }
    }
}
