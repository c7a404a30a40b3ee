//! Database URLs: parsing, changing and rendering `sqlalchemy.engine.URL`.

use std::fmt;

use indexmap::IndexMap;

use crate::error::{Error, Result};

/// The parts of a database URL.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Url {
    /// Backend and driver, such as `postgresql+psycopg`.
    pub drivername: String,
    /// User name.
    pub username: Option<String>,
    /// Password, never shown unless asked for.
    pub password: Option<String>,
    /// Host name or address.
    pub host: Option<String>,
    /// Port number.
    pub port: Option<i64>,
    /// Database name or file path.
    pub database: Option<String>,
    /// The query string, in the order given.
    pub query: IndexMap<String, QueryValue>,
}

/// The value of a key in a URL's query string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueryValue {
    /// A key given once: `str`
    One(String),
    /// A key given several times: `tuple`
    Many(Vec<String>),
}

impl QueryValue {
    /// All values of the key.
    pub fn as_slice(&self) -> &[String] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values,
        }
    }

    fn push(&mut self, value: String) {
        match self {
            Self::One(first) => *self = Self::Many(vec![std::mem::take(first), value]),
            Self::Many(values) => values.push(value),
        }
    }
}

impl Url {
    /// `make_url(text)`
    pub fn parse(text: &str) -> Result<Self> {
        let bad = || Error::argument("Could not parse SQLAlchemy URL from given URL string");
        let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '+'));
        let (drivername, rest) = text.split_at(end.ok_or_else(bad)?);
        let rest = rest.strip_prefix("://").filter(|_| !drivername.is_empty()).ok_or_else(bad)?;
        let mut url = Self { drivername: drivername.into(), ..Self::default() };
        let rest = url.take_user(rest);
        let rest = url.take_host(rest)?;
        url.take_database(rest);
        Ok(url)
    }

    /// `user[:password]@`; a password may hold slashes, a user may not.
    fn take_user<'a>(&mut self, text: &'a str) -> &'a str {
        let end = text.find([':', '/']).unwrap_or(text.len());
        let (user, rest) = text.split_at(end);
        if let Some(after) = rest.strip_prefix(':')
            && let Some((password, rest)) = after.split_once('@')
        {
            self.username = Some(unquote(user, false));
            self.password = Some(unquote(password, false));
            return rest;
        }
        match user.rsplit_once('@') {
            Some((user, _)) => {
                self.username = Some(unquote(user, false));
                text.get(user.len() + 1..).unwrap_or("")
            }
            None => text,
        }
    }

    /// `host[:port]`, where an IPv6 address stands in brackets.
    fn take_host<'a>(&mut self, text: &'a str) -> Result<&'a str> {
        let mut rest = text;
        let segment = segment(text, &['/', '?']);
        let bracketed = segment.strip_prefix('[').and_then(|inner| {
            let (address, _) = inner.rsplit_once(']')?;
            (!address.is_empty()).then_some(address)
        });
        if let Some(address) = bracketed {
            self.host = Some(address.into());
            rest = text.get(address.len() + 2..).unwrap_or("");
        } else {
            let host = self::segment(text, &['/', ':', '?']);
            if !host.is_empty() {
                self.host = Some(host.into());
                rest = text.get(host.len()..).unwrap_or("");
            }
        }
        if let Some(after) = rest.strip_prefix(':') {
            let port = self::segment(after, &['/', '?']);
            self.port = Some(parse_port(port)?);
            rest = after.get(port.len()..).unwrap_or("");
        }
        Ok(rest)
    }

    /// `/database?query`
    fn take_database(&mut self, text: &str) {
        let mut rest = text;
        if let Some(after) = rest.strip_prefix('/') {
            let database = segment(after, &['?']);
            self.database = Some(unquote(database, false));
            rest = after.get(database.len()..).unwrap_or("");
        }
        if let Some(query) = rest.strip_prefix('?') {
            self.query = parse_query(segment(query, &['\n']));
        }
    }

    /// `sqlite` of `sqlite+pysqlite`.
    pub fn backend_name(&self) -> &str {
        self.drivername.split_once('+').map_or(&self.drivername, |(backend, _)| backend)
    }

    /// `pysqlite` of `sqlite+pysqlite`, or the backend's usual driver.
    pub fn driver_name(&self) -> &str {
        match self.drivername.split_once('+') {
            Some((_, driver)) => driver,
            None => default_driver(&self.drivername),
        }
    }

    /// `render_as_string(hide_password)`
    pub fn render(&self, hide_password: bool) -> String {
        let mut text = format!("{}://", self.drivername);
        if let Some(username) = &self.username {
            quote(&mut text, username, " +");
            if let Some(password) = &self.password {
                text.push(':');
                if hide_password {
                    text.push_str("***");
                } else {
                    quote(&mut text, password, " +");
                }
            }
            text.push('@');
        }
        if let Some(host) = &self.host {
            if host.contains(':') {
                text.push_str(&format!("[{host}]"));
            } else {
                text.push_str(host);
            }
        }
        if let Some(port) = self.port {
            text.push_str(&format!(":{port}"));
        }
        if let Some(database) = &self.database {
            text.push('/');
            quote(&mut text, database, " +/");
        }
        self.render_query(&mut text);
        text
    }

    fn render_query(&self, text: &mut String) {
        let mut keys: Vec<&String> = self.query.keys().collect();
        keys.sort();
        let mut separator = '?';
        for key in keys {
            for value in self.query.get(key).map_or(&[][..], QueryValue::as_slice) {
                text.push(separator);
                quote_plus(text, key);
                text.push('=');
                quote_plus(text, value);
                separator = '&';
            }
        }
    }

    /// `update_query_pairs(pairs, append)`
    pub fn update_query(&self, pairs: &[(String, String)], append: bool) -> Self {
        let mut fresh: IndexMap<String, QueryValue> = IndexMap::new();
        for (key, value) in pairs {
            add_query(&mut fresh, key.clone(), value.clone());
        }
        let mut url = self.clone();
        for (key, value) in fresh {
            match url.query.get_mut(&key).filter(|_| append) {
                Some(old) => value.as_slice().iter().for_each(|value| old.push(value.clone())),
                None => {
                    url.query.insert(key, value);
                }
            }
        }
        url
    }

    /// `update_query_string(text, append)`
    pub fn update_query_string(&self, text: &str, append: bool) -> Self {
        self.update_query(&query_pairs(text), append)
    }

    /// `difference_update_query(names)`
    pub fn difference_update_query(&self, names: &[&str]) -> Self {
        let mut url = self.clone();
        url.query.retain(|key, _| !names.contains(&key.as_str()));
        url
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(true))
    }
}

/// The driver a backend name alone stands for.
fn default_driver(backend: &str) -> &str {
    match backend {
        "sqlite" => "pysqlite",
        "postgresql" => "psycopg",
        "mysql" | "mariadb" => "mysqldb",
        "oracle" => "oracledb",
        "mssql" => "pyodbc",
        other => other,
    }
}

/// The text before the first of `stops`.
fn segment<'a>(text: &'a str, stops: &[char]) -> &'a str {
    text.get(..text.find(stops).unwrap_or(text.len())).unwrap_or(text)
}

/// Python's `int(text)`.
fn parse_port(text: &str) -> Result<i64> {
    text.trim().parse().map_err(|_| {
        let shown = vidro_sql::Value::from(text).repr();
        Error::value(format!("invalid literal for int() with base 10: {shown}"))
    })
}

fn add_query(query: &mut IndexMap<String, QueryValue>, key: String, value: String) {
    match query.get_mut(&key) {
        Some(old) => old.push(value),
        None => {
            query.insert(key, QueryValue::One(value));
        }
    }
}

/// `urllib.parse.parse_qsl` without blank values.
fn query_pairs(text: &str) -> Vec<(String, String)> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| (unquote(key, true), unquote(value, true)))
        .collect()
}

fn parse_query(text: &str) -> IndexMap<String, QueryValue> {
    let mut query = IndexMap::new();
    for (key, value) in query_pairs(text) {
        add_query(&mut query, key, value);
    }
    query
}

/// `urllib.parse.unquote`, or `unquote_plus` with `plus`.
fn unquote(text: &str, plus: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let mut ahead = rest.clone();
        let hex = |byte: Option<u8>| byte.and_then(|b| char::from(b).to_digit(16));
        match (byte, hex(ahead.next()), hex(ahead.next())) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(u8::try_from(high * 16 + low).unwrap_or(b'%'));
                rest = ahead;
            }
            (b'+', _, _) if plus => bytes.push(b' '),
            (other, _, _) => bytes.push(other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// `urllib.parse.quote(text, safe)`
fn quote(out: &mut String, text: &str, safe: &str) {
    for byte in text.bytes() {
        let c = char::from(byte);
        if c.is_ascii_alphanumeric() || "_.-~".contains(c) || (c.is_ascii() && safe.contains(c)) {
            out.push(c);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
}

/// `urllib.parse.quote_plus(text)`
fn quote_plus(out: &mut String, text: &str) {
    let mut quoted = String::with_capacity(text.len());
    quote(&mut quoted, text, " ");
    out.push_str(&quoted.replace(' ', "+"));
}

#[cfg(test)]
mod tests {
    #[cfg(all(target_family = "wasm", target_os = "unknown"))]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn check(text: &str, expect: &str) {
        let shown = match Url::parse(text) {
            Ok(url) => format!(
                "{url} {:?} {:?} {:?} {:?} {:?}",
                url.username, url.password, url.host, url.port, url.database
            ),
            Err(error) => format!("{error:?}"),
        };
        assert_eq!(shown, expect, "{text}");
    }

    #[test]
    fn urls_parse_as_sqlalchemy_does() {
        let unparsable = "ArgumentError: Could not parse SQLAlchemy URL from given URL string";
        for (text, expect) in [
            ("sqlite://", "sqlite:// None None None None None"),
            ("sqlite:///", "sqlite:/// None None None None Some(\"\")"),
            ("sqlite:///x.db", "sqlite:///x.db None None None None Some(\"x.db\")"),
            ("sqlite:////abs/x.db", "sqlite:////abs/x.db None None None None Some(\"/abs/x.db\")"),
            ("", unparsable),
            ("foo", unparsable),
            ("a b://x", unparsable),
            (
                "x://user@host:5432/db",
                "x://user@host:5432/db Some(\"user\") None Some(\"host\") Some(5432) Some(\"db\")",
            ),
            (
                "x://u:p%40ss/w@h/db",
                "x://u:***@h/db Some(\"u\") Some(\"p@ss/w\") Some(\"h\") None Some(\"db\")",
            ),
            (
                "x://u:p@[::1]:12/db?a=1&a=2&b=x%20y",
                "x://u:***@[::1]:12/db?a=1&a=2&b=x+y Some(\"u\") Some(\"p\") Some(\"::1\") Some(12) Some(\"db\")",
            ),
            ("x://h:abc/db", "ValueError: invalid literal for int() with base 10: 'abc'"),
            ("x://h:/db", "ValueError: invalid literal for int() with base 10: ''"),
        ] {
            check(text, expect);
        }
    }

    #[test]
    fn names_of_backend_and_driver() {
        let url = Url::parse("postgresql+asyncpg://h").unwrap();
        assert_eq!((url.backend_name(), url.driver_name()), ("postgresql", "asyncpg"));
        assert_eq!(Url::parse("sqlite://").unwrap().driver_name(), "pysqlite");
    }
}
