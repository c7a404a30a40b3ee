//! The SQLite driver: the one crate that knows rusqlite, and SQLite through it.
//!
//! It behaves as Python's `sqlite3` module does in its usual mode: a transaction is opened by the
//! first INSERT, UPDATE, DELETE or REPLACE, and errors are worded as that module words them.

mod changes;
mod connection;
mod error;
mod functions;
#[cfg(feature = "bench")]
pub mod raw;
mod regex;
mod shape;
mod statement;

use rusqlite::OpenFlags;
use vidro_engine::driver::{Driver, DriverConnection};
use vidro_engine::url::{QueryValue, Url};
use vidro_engine::{Error, Result};

use crate::connection::SqliteConnection;

/// `sqlite+pysqlite`
#[derive(Clone, Copy, Debug, Default)]
pub struct Sqlite;

impl Driver for Sqlite {
    fn connect(&self, url: &Url) -> Result<Box<dyn DriverConnection>> {
        self.check_url(url)?;
        let uri = query_text(url, "uri").is_some_and(is_true);
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        if uri {
            flags |= OpenFlags::SQLITE_OPEN_URI;
        }
        let path = database_path(url, uri);
        let opened = rusqlite::Connection::open_with_flags(&path, flags);
        let connection = opened.and_then(SqliteConnection::new);
        match connection {
            Ok(connection) => Ok(Box::new(connection)),
            Err(error) => Err(Error::dbapi(error::convert_open(&error))),
        }
    }

    fn check_url(&self, url: &Url) -> Result<()> {
        if url.username.is_none()
            && url.password.is_none()
            && url.host.is_none()
            && url.port.is_none()
        {
            return Ok(());
        }
        Err(Error::argument(format!(
            "Invalid SQLite URL: {url}\n\
             Valid SQLite URL forms are:\n \
             sqlite:///:memory: (or, sqlite://)\n \
             sqlite:///relative/path/to/file.db\n \
             sqlite:////absolute/path/to/file.db"
        )))
    }

    fn is_memory(&self, url: &Url) -> bool {
        let named = url.database.as_deref().is_some_and(|name| !name.is_empty());
        !named
            || url.database.as_deref() == Some(":memory:")
            || query_text(url, "mode") == Some("memory")
    }
}

/// What SQLite opens: a path, a URI with the options that are SQLite's own, or memory.
fn database_path(url: &Url, uri: bool) -> String {
    const DRIVER_OPTIONS: &[&str] = &[
        "uri",
        "timeout",
        "isolation_level",
        "detect_types",
        "check_same_thread",
        "cached_statements",
    ];
    let name = url.database.clone().filter(|name| !name.is_empty());
    let mut path = name.unwrap_or_else(|| ":memory:".into());
    if !uri {
        return path;
    }
    let mut options: Vec<String> = url
        .query
        .iter()
        .filter(|(key, _)| !DRIVER_OPTIONS.contains(&key.as_str()))
        .map(|(key, value)| format!("{key}={}", value.as_slice().join("")))
        .collect();
    options.sort();
    if !options.is_empty() {
        path.push('?');
        path.push_str(&options.join("&"));
    }
    path
}

fn query_text<'a>(url: &'a Url, key: &str) -> Option<&'a str> {
    url.query.get(key).and_then(|value| QueryValue::as_slice(value).first()).map(String::as_str)
}

fn is_true(text: &str) -> bool {
    matches!(text.to_ascii_lowercase().as_str(), "true" | "yes" | "on" | "y" | "t" | "1")
}

#[cfg(test)]
mod tests;
