//! A flush as the reader sees it: steps, edges, batches and why each is there.

use crate::{FlushId, NamedValue, ObjectId, SessionId, Span, Value};
use serde::{Deserialize, Serialize};

/// What one step does to one row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum StepAction {
    /// A new row.
    #[default]
    Insert,
    /// Changed columns of a row.
    Update,
    /// A row goes.
    Delete,
    /// A pair in an association table appears.
    Link,
    /// A pair in an association table goes.
    Unlink,
    /// A key is filled in after both rows exist.
    PostUpdate,
}

/// Where a step's value comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OperandValue {
    /// Known before the flush.
    Known(Value),
    /// The key that another step generates.
    From {
        /// That step.
        step: u32,
        /// The column it generates.
        column: String,
    },
    /// The database makes it up when the row is written.
    Generated,
}

/// One column of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operand {
    /// Column name.
    pub column: String,
    /// What is written, or compared in a condition.
    pub value: OperandValue,
    /// Whether it selects the row (in WHERE) instead of being written.
    pub condition: bool,
}

/// Why a step is in the plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum CauseKind {
    /// `session.add`. Arguments: variable or object.
    #[default]
    Added,
    /// The save-update cascade reached it. Arguments: path, `ana.posts`.
    CascadeSaveUpdate,
    /// An attribute changed. Arguments: attribute, old, new.
    AttributeChanged,
    /// It was put into a collection. Arguments: path.
    CollectionAppended,
    /// It was taken out of a collection. Arguments: path.
    CollectionRemoved,
    /// `session.delete`. Arguments: variable or object.
    Deleted,
    /// The delete cascade reached it. Arguments: path.
    CascadeDelete,
    /// It lost its parent under delete-orphan. Arguments: path.
    Orphan,
    /// Its foreign key follows the parent. Arguments: column, path.
    KeyCopied,
    /// Its foreign key is set to NULL because the parent goes. Arguments: column, path.
    KeyCleared,
    /// `session.merge`. Arguments: object.
    Merged,
}

/// One cause of a step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// Which kind.
    pub kind: CauseKind,
    /// What the kind's description names, in order.
    pub arguments: Vec<String>,
    /// The line that caused it.
    pub span: Option<Span>,
}

/// How strongly one step is tied after another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum EdgeKind {
    /// Any other order would be wrong.
    #[default]
    Must,
    /// The later step copies a key the earlier one generates.
    KeyCopy,
    /// Both orders would do; a rule of the library picks one.
    TieBreak,
}

/// Why one step comes before another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReasonKind {
    /// The later row copies the earlier row's key. Arguments: column that is filled, column that is copied.
    KeyCopied,
    /// The relationship puts the parent's row first. Arguments: relationship path.
    #[default]
    ParentFirst,
    /// The rows that refer to it go before it goes. Arguments: relationship path.
    ChildFirst,
    /// The foreign key is cleared before the row it points to goes. Arguments: column.
    KeyClearedFirst,
    /// The pair is written when both of its rows exist. Arguments: association table.
    RowsBeforePair,
    /// The pair goes before its rows go. Arguments: association table.
    PairBeforeRows,
    /// The base table's row comes before the subclass's row. Arguments: base table.
    BaseTableFirst,
    /// A cycle is cut: the key is filled in afterwards. Arguments: column.
    PostUpdate,
    /// A new object takes over the row of a deleted one. No arguments.
    RowSwitch,
    /// Rows are saved before rows are deleted. No arguments.
    SavesBeforeDeletes,
    /// Classes go in the order of their dependencies. Arguments: earlier class, later class.
    MapperOrder,
    /// New rows go in the order of `add`. No arguments.
    AddOrder,
    /// Existing rows go in the order of their primary keys. No arguments.
    PrimaryKeyOrder,
    /// Tables without a tie go in the order of the schema. No arguments.
    TableOrder,
}

/// A reason with what its description names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Which kind.
    pub kind: ReasonKind,
    /// What the kind's description names, in order.
    pub arguments: Vec<String>,
}

/// One row of work.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepView {
    /// Number within the plan, from 1, in order of execution.
    pub id: u32,
    /// What it does.
    pub action: StepAction,
    /// The class of the object; empty for an association row.
    pub class: String,
    /// The object whose row it is.
    pub object: Option<ObjectId>,
    /// Table name.
    pub table: String,
    /// Columns and their values.
    pub operands: Vec<Operand>,
    /// Values before, of the columns an update changes.
    pub old: Vec<NamedValue>,
    /// Why it is here.
    pub causes: Vec<Cause>,
    /// Steps of one wave do not depend on each other; from 1.
    pub wave: u32,
    /// Index of its batch in the plan.
    pub batch: u32,
}

/// One arrow between two steps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EdgeView {
    /// The earlier step.
    pub before: u32,
    /// The later step.
    pub after: u32,
    /// How strongly.
    pub kind: EdgeKind,
    /// Why.
    pub reason: Reason,
}

/// Steps that share one statement.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchView {
    /// The SQL that will run.
    pub sql: String,
    /// Its steps, by number.
    pub steps: Vec<u32>,
}

/// Whether a plan is only shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PlanStage {
    /// What the next flush would do.
    #[default]
    Preview,
    /// The flush is about to run.
    Running,
}

/// A whole flush.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanView {
    /// Names the flush; a preview has the number the next flush will have.
    pub flush: FlushId,
    /// The session that flushes.
    pub session: SessionId,
    /// Steps in order of execution. No steps: nothing to do.
    pub steps: Vec<StepView>,
    /// Arrows between them.
    pub edges: Vec<EdgeView>,
    /// Statements in order of execution.
    pub batches: Vec<BatchView>,
    /// How many steps there are when `steps` was cut because there are too many to show.
    pub step_count: u32,
}
