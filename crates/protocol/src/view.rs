//! The shapes that events and answers are made of.

mod objects;
mod plan;
mod rows;
mod schema;

pub use objects::{IdentityKey, NamedValue, State, Value, ValueKind};
pub use plan::{
    BatchView, Cause, CauseKind, EdgeKind, EdgeView, Operand, OperandValue, PlanStage, PlanView,
    Reason, ReasonKind, StepAction, StepView,
};
pub use rows::{Parameter, Provenance, Purpose, SqlView};
pub use schema::{ColumnView, ModelView, RelationshipKind, RelationshipView, TableView};

use serde::{Deserialize, Serialize};

/// A stretch of the script. Lines and columns count from 1, columns in characters; the end is exclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// First line.
    pub line: u32,
    /// First column.
    pub column: u32,
    /// Last line.
    pub end_line: u32,
    /// Column after the last character.
    pub end_column: u32,
}

/// How bad a diagnostic is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Severity {
    /// The script cannot run, or stopped here.
    #[default]
    Error,
    /// The script runs, but probably not as meant.
    Warning,
}

/// Something wrong with the script, told at its place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Python's or SQLAlchemy's name for it, `IntegrityError`.
    pub name: String,
    /// What is wrong, as Python would print it after the name.
    pub message: String,
    /// What to do about it, if the core knows.
    pub hint: Option<String>,
    /// Where in the script.
    pub span: Option<Span>,
    /// The whole Python-shaped traceback, empty when nothing ran.
    pub traceback: String,
}
