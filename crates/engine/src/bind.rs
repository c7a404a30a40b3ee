//! What schema operations and inspectors run on: an engine, or a connection of the caller.

use crate::connection::Connection;
use crate::engine::Engine;
use crate::error::Result;

/// The argument `bind`.
#[derive(Clone, Debug)]
pub enum Bind {
    /// A connection of its own for each job.
    Engine(Engine),
    /// The caller's connection and its transaction.
    Connection(Connection),
}

impl Bind {
    /// Runs a job on a connection; the engine's own is closed afterwards.
    pub fn with<T>(&self, job: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        match self {
            Self::Connection(connection) => job(connection),
            Self::Engine(engine) => {
                let connection = engine.connect()?;
                let answer = job(&connection);
                let closed = connection.close();
                answer.and_then(|answer| closed.map(|()| answer))
            }
        }
    }

    /// Runs a job in a transaction, which the engine's own connection commits.
    pub fn begin<T>(&self, job: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        match self {
            Self::Connection(connection) => job(connection),
            Self::Engine(_) => self.with(|connection| {
                let transaction = connection.begin()?;
                let answer = job(connection);
                let ended = transaction.exit(answer.is_err());
                answer.and_then(|answer| ended.map(|()| answer))
            }),
        }
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        match self {
            Self::Engine(engine) => engine,
            Self::Connection(connection) => connection.engine(),
        }
    }
}
