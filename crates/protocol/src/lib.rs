//! What the page and the core say to each other.
//!
//! The page sends a [`Request`]; the core answers with one [`Response`] that carries the same id and, while a
//! script runs, with [`Event`]s in batches. All of it is plain data in the reader's words. Ids are small
//! numbers, stable for the life of one run; whole numbers that may not fit a JavaScript number travel as text.

mod event;
mod request;
mod view;

pub use event::{
    AttributeSet, AttributesLoaded, AttributesNamed, CollectionChanged, Engine, Event, EventBody,
    FlushEnd, FlushPlanned, IdentityAssigned, Named, NewObject, Notice, NoticeKind, Output,
    PauseReason, PoolAction, PoolChange, RelationLoaded, RowChange, RowRemoved, SessionConnected,
    StateChange, StepExecuted, Stream, TableDropped, TransactionAction, TransactionChange,
};
pub use request::{
    CardGesture, CheckReport, ClassDraft, ColumnDraft, Compiled, Edits, Gesture, RelationshipDraft,
    Request, RequestBody, Response, ResponseBody, Standing, StepKind, TextEdit,
};
pub use view::{
    BatchView, Cause, CauseKind, ColumnView, Diagnostic, EdgeKind, EdgeView, IdentityKey,
    ModelView, NamedValue, Operand, OperandValue, Parameter, PlanStage, PlanView, Provenance,
    Purpose, Reason, ReasonKind, RelationshipKind, RelationshipView, Severity, Span, SqlView,
    State, StepAction, StepView, TableView, Value, ValueKind,
};

use serde::{Deserialize, Serialize};

/// Names an object for the life of one run.
pub type ObjectId = u32;
/// Names a session for the life of one run.
pub type SessionId = u32;
/// Names a flush for the life of one run.
pub type FlushId = u32;
/// Names a database connection for the life of one run.
pub type ConnectionId = u32;
/// Names an engine, and so its database, for the life of one run.
pub type EngineId = u32;

/// One batch from the worker to the page.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ToPage {
    /// Answers that became ready, in order.
    pub responses: Vec<Response>,
    /// What happened since the batch before, in order.
    pub events: Vec<Event>,
}
