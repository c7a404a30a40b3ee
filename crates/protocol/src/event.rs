//! What happens while a script runs, in order.
//!
//! The state of everything after *n* events is a fold of the first *n*: no event says "look it up".

use crate::{
    ConnectionId, Diagnostic, EngineId, FlushId, IdentityKey, ModelView, NamedValue, ObjectId,
    PlanStage, PlanView, SessionId, Span, SqlView, State, TableView, Value,
};
use serde::{Deserialize, Serialize};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Counts up by one from the start of the worker.
    pub seq: u32,
    /// Milliseconds since the run began.
    pub time: f64,
    /// The running line, when a script runs.
    pub span: Option<Span>,
    /// What happened.
    pub body: EventBody,
}

/// The things that happen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum EventBody {
    /// A run begins; everything folded before is void.
    ScriptStarted,
    /// More lines run in the namespace of the run before.
    ScriptResumed,
    /// A statement begins; its place is the event's span.
    Statement,
    /// The script, or the library in its name, wrote something.
    Output(Output),
    /// The run waits.
    Paused(PauseReason),
    /// The run ended well.
    Finished,
    /// The run ended because it was told to.
    Stopped,
    /// The run ended with an error.
    Failed(Diagnostic),
    /// Something the reader should know that is no error.
    Notice(Notice),

    /// A class was mapped, or its mapping became more complete; replaces the model of the same class.
    ModelDeclared(ModelView),
    /// All mappings were dropped.
    ModelsCleared,

    /// `create_engine` ran.
    EngineCreated(Engine),
    /// Something happened in a pool.
    Pool(PoolChange),
    /// A session took a connection.
    SessionConnected(SessionConnected),
    /// Something happened to a transaction.
    Transaction(TransactionChange),
    /// A statement ran or was refused. The row events it caused follow it.
    Sql(SqlView),

    /// A table appeared.
    TableCreated(TableView),
    /// A table went.
    TableDropped(TableDropped),
    /// A row appeared.
    RowInserted(RowChange),
    /// A row has new values.
    RowUpdated(RowChange),
    /// A row went.
    RowDeleted(RowRemoved),

    /// A session was opened.
    SessionOpened(SessionId),
    /// The script's names for a session.
    SessionNamed(Named),
    /// A session was closed.
    SessionClosed(SessionId),

    /// An object came to be, in the script or from a row.
    ObjectCreated(NewObject),
    /// The script's names for an object.
    ObjectNamed(Named),
    /// An object changed its state.
    StateChanged(StateChange),
    /// An object has a place in the identity map.
    IdentityAssigned(IdentityAssigned),
    /// The script set an attribute.
    AttributeSet(AttributeSet),
    /// Values came from the database; they are not changes.
    AttributesLoaded(AttributesLoaded),
    /// Values were forgotten and will be read again when touched; no names: all.
    AttributesExpired(AttributesNamed),
    /// A collection changed.
    CollectionChanged(CollectionChanged),
    /// A relationship was filled from the database; not a change.
    RelationLoaded(RelationLoaded),
    /// Nobody held the object any more.
    ObjectCollected(ObjectId),

    /// A plan exists: of the flush that begins, or a preview of the next one. An empty preview clears it.
    FlushPlanned(FlushPlanned),
    /// A step of the running flush is done.
    StepExecuted(StepExecuted),
    /// The flush is done; changes of the objects in its plan are settled.
    FlushFinished(FlushEnd),
    /// The flush failed.
    FlushFailed(FlushEnd),
}

/// Where written text goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stream {
    /// `print`.
    #[default]
    Stdout,
    /// `echo=True`.
    Echo,
    /// The value of an expression line.
    Display,
    /// A warning.
    Warning,
}

/// Written text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// The text, with its line ends.
    pub text: String,
    /// Where it goes.
    pub stream: Stream,
}

/// Why a run waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PauseReason {
    /// A step is done.
    Step,
    /// A flush is planned and has not run.
    BeforeFlush,
}

/// What a notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NoticeKind {
    /// A file database is kept in memory. Arguments: file name.
    KeptInMemory,
    /// Events are no longer recorded because there are too many. Arguments: how many were kept.
    EventsCut,
    /// Output is no longer recorded because there is too much.
    OutputCut,
    /// Plain text from the core. Arguments: the text.
    Text,
}

/// Something the reader should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// What it is about.
    pub kind: NoticeKind,
    /// What its description names.
    pub arguments: Vec<String>,
}

/// An engine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Engine {
    /// Its id.
    pub id: EngineId,
    /// Its URL without password.
    pub url: String,
    /// Dialect name.
    pub dialect: String,
    /// Pool class.
    pub pool: String,
    /// How many connections the pool keeps open, where it has such a bound.
    pub pool_size: Option<u32>,
    /// How many more it opens at most, where it has such a bound.
    pub max_overflow: Option<u32>,
}

/// What a pool did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PoolAction {
    /// A new connection to the database.
    Opened,
    /// Somebody took a connection.
    CheckedOut,
    /// Somebody took a connection that is out already.
    Shared,
    /// One of several holders gave it back.
    Unshared,
    /// It was rolled back before it was put away.
    Reset,
    /// It came back.
    CheckedIn,
    /// It was closed.
    Closed,
    /// It was found broken.
    Invalidated,
    /// All were in use, so one more was opened.
    Overflowed,
    /// All were in use, and nobody gave one back in time.
    TimedOut,
}

/// A change in a pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolChange {
    /// The engine that owns the pool.
    pub engine: EngineId,
    /// The connection to the database, which outlives those who hold it.
    pub link: u32,
    /// Who takes it or gives it back; 0 for other actions.
    pub holder: ConnectionId,
    /// What happened.
    pub action: PoolAction,
    /// Why, where there is a reason.
    pub reason: Option<String>,
}

/// A session that took a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionConnected {
    /// The session.
    pub session: SessionId,
    /// The connection, a holder in its engine's pool.
    pub connection: ConnectionId,
}

/// What happened to a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TransactionAction {
    /// It began.
    Began,
    /// Its changes are kept.
    Committed,
    /// Its changes are undone.
    RolledBack,
    /// A savepoint was set.
    Savepoint,
    /// A savepoint's changes join the transaction.
    Released,
    /// A savepoint's changes are undone.
    RolledBackTo,
}

/// A change of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransactionChange {
    /// The connection it runs on.
    pub connection: ConnectionId,
    /// What happened.
    pub action: TransactionAction,
    /// The savepoint's name.
    pub savepoint: Option<String>,
}

/// A table that went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableDropped {
    /// The engine whose database held it.
    pub engine: EngineId,
    /// Table name.
    pub name: String,
    /// The connection that dropped it.
    pub connection: ConnectionId,
}

/// A row with its values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowChange {
    /// The engine whose database holds it.
    pub engine: EngineId,
    /// The connection that changed it.
    pub connection: ConnectionId,
    /// Table name.
    pub table: String,
    /// SQLite's row id as text; names the row within its table.
    pub row: String,
    /// Values in the order of the table's columns.
    pub values: Vec<Value>,
}

/// A row that went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowRemoved {
    /// The engine whose database held it.
    pub engine: EngineId,
    /// The connection that deleted it.
    pub connection: ConnectionId,
    /// Table name.
    pub table: String,
    /// SQLite's row id as text.
    pub row: String,
}

/// All names the script has for something.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// The object or session.
    pub id: u32,
    /// Global variables that hold it, in order of binding; empty when none does.
    pub names: Vec<String>,
}

/// An object that came to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewObject {
    /// Its id.
    pub id: ObjectId,
    /// Its class.
    pub class: String,
    /// Transient when the script made it, persistent when a row did.
    pub state: State,
    /// The session that loaded it.
    pub session: Option<SessionId>,
}

/// A transition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateChange {
    /// The object.
    pub id: ObjectId,
    /// State before.
    pub from: State,
    /// State after.
    pub to: State,
    /// The session involved.
    pub session: Option<SessionId>,
}

/// A place in the identity map.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityAssigned {
    /// The object.
    pub id: ObjectId,
    /// Its key.
    pub key: IdentityKey,
}

/// An attribute the script set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttributeSet {
    /// The object.
    pub id: ObjectId,
    /// Its attribute.
    pub attribute: String,
    /// Value before, when it was loaded.
    pub old: Option<Value>,
    /// Value now.
    pub new: Value,
}

/// Values from the database.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttributesLoaded {
    /// The object.
    pub id: ObjectId,
    /// Attributes and values.
    pub values: Vec<NamedValue>,
}

/// Some attributes of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttributesNamed {
    /// The object.
    pub id: ObjectId,
    /// Attribute names; none means all.
    pub attributes: Vec<String>,
}

/// A change of a collection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectionChanged {
    /// The object that owns the collection.
    pub id: ObjectId,
    /// Its attribute.
    pub attribute: String,
    /// What came in.
    pub added: Vec<ObjectId>,
    /// What went out.
    pub removed: Vec<ObjectId>,
}

/// A relationship filled from the database.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelationLoaded {
    /// The object.
    pub id: ObjectId,
    /// Its attribute.
    pub attribute: String,
    /// The objects on the other side.
    pub targets: Vec<ObjectId>,
    /// Whether it is a collection.
    pub many: bool,
}

/// A plan and what it is for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlushPlanned {
    /// Preview or real.
    pub stage: PlanStage,
    /// The plan.
    pub plan: PlanView,
}

/// A step that is done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepExecuted {
    /// The flush.
    pub flush: FlushId,
    /// Step number.
    pub step: u32,
    /// Columns the database filled in.
    pub generated: Vec<NamedValue>,
}

/// The end of a flush.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlushEnd {
    /// The flush.
    pub flush: FlushId,
    /// Its session.
    pub session: SessionId,
}
