//! URL, driver, pool, connection, transaction and result: everything between SQL text and a database.
//!
//! A [`Driver`] opens DBAPI connections, a [`Pool`](pool::Pool) keeps them, an
//! [`Engine`] hands out a [`Connection`] over one of them. [`Connection::run`] is the only door to
//! the driver; everything that happens behind it is an [`Event`].

pub mod bind;
pub mod clock;
pub mod collect;
pub mod connection;
pub mod driver;
pub mod echo;
pub mod engine;
pub mod error;
pub mod event;
pub mod execute;
pub mod host;
pub mod inspect;
pub mod listen;
pub mod options;
pub mod pool;
pub mod result;
pub mod row;
pub mod schema;
pub mod statement;
pub mod transaction;
pub mod url;

/// Values and dialects, as drivers need them: a driver knows this crate alone.
pub use vidro_sql as sql;

pub use bind::Bind;
pub use clock::Clock;
pub use collect::{Collector, DriverParameters};
pub use connection::Connection;
pub use driver::Driver;
pub use echo::{Echo, Log};
pub use engine::{Engine, EngineOptions, Prepared};
pub use error::{Error, ErrorKind, Result};
pub use event::{Construct, Event, Note, Observer};
pub use execute::{Call, Style};
pub use host::Host;
pub use listen::{Listener, Listeners, Subject};
pub use options::ExecutionOptions;
pub use pool::{ConnectHook, Dbapi};
pub use result::{Item, ResultSet};
pub use row::{Keys, Row};
pub use statement::ParameterSet;
pub use transaction::Transaction;
pub use url::Url;

#[cfg(test)]
mod tests;
