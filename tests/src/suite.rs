//! The literate suite: scripts in Markdown beside what real SQLAlchemy did with them.
//!
//! [`document`] reads a file, a [`Runner`] runs its scripts, [`judge`](judge()) compares, [`progress`] counts.
//! What a file looks like is told in `tests/suite/README.md`; `tests/record.py` is the other reader.

mod database;
pub mod document;
pub mod judge;
pub mod observed;
pub mod progress;
mod vidro;

pub use document::{Case, Document, Fence, Level};
pub use judge::{Difference, judge};
pub use observed::{Cell, Failure, ObjectState, Observed, Runner, TableRows};
pub use vidro::Vidro;
