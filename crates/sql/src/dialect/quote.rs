//! Which identifiers are quoted, and how.

use super::{Dialect, Family, reserved};
use crate::name::Name;

/// Append an identifier, quoted when it must be.
pub(super) fn write_name(dialect: &Dialect, name: &Name, out: &mut String) {
    let quoted = name.quote.unwrap_or_else(|| needs_quotes(dialect, &name.text));
    let percent = dialect.doubles_percent();
    if !quoted {
        push(&name.text, None, percent, out);
        return;
    }
    let quote = dialect.caps().quote;
    out.push(quote);
    push(&name.text, Some(quote), percent, out);
    out.push(quote);
}

fn push(text: &str, quote: Option<char>, percent: bool, out: &mut String) {
    for c in text.chars() {
        if Some(c) == quote || (c == '%' && percent) {
            out.push(c);
        }
        out.push(c);
    }
}

/// Whether SQLAlchemy quotes this identifier: reserved, mixed case, or with odd characters.
fn needs_quotes(dialect: &Dialect, text: &str) -> bool {
    let Some(first) = text.chars().next() else { return true };
    let odd_first = first.is_ascii_digit() || first == '$';
    if odd_first || (first == '_' && dialect.family() == Family::Oracle) {
        return true;
    }
    let mut upper = false;
    for c in text.chars() {
        if !(c.is_ascii_alphanumeric() || c == '_' || c == '$') {
            return true;
        }
        upper |= c.is_ascii_uppercase();
    }
    upper || is_reserved(dialect, text)
}

pub(super) fn is_reserved(dialect: &Dialect, text: &str) -> bool {
    let words = match (dialect.family(), dialect.name()) {
        (Family::Default, _) => reserved::DEFAULT,
        (Family::Sqlite, _) => reserved::SQLITE,
        (Family::Postgresql, _) => reserved::POSTGRESQL,
        (Family::Mysql, "mariadb") => reserved::MARIADB,
        (Family::Mysql, _) => reserved::MYSQL,
        (Family::Oracle, _) => reserved::ORACLE,
    };
    words.binary_search(&text).is_ok()
}
