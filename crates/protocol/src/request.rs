//! What the page may ask for, and the answers.

use crate::{Diagnostic, ModelView, ObjectId, RelationshipKind, SessionId};
use serde::{Deserialize, Serialize};

/// One question of the page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Comes back in the answer.
    pub id: u32,
    /// What is asked.
    pub body: RequestBody,
}

/// How far *Step* goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StepKind {
    /// To the next statement at the same depth or outside.
    Over,
    /// To the next statement anywhere.
    Into,
}

/// The questions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum RequestBody {
    /// Run a script in a fresh namespace with a fresh in-memory database. A script that cannot be compiled is
    /// answered with `Failed` and leaves everything as it was.
    Run {
        /// The whole script.
        source: String,
        /// Pause before the first statement.
        stepping: bool,
    },
    /// Run the script from one line to its end in the namespace of the run before: a gesture's line.
    Append {
        /// The whole script, with the line already in it.
        source: String,
        /// First line to run, from 1.
        line: u32,
    },
    /// Go on after a pause.
    Continue,
    /// Go on to the next statement.
    Step(StepKind),
    /// End the run. Objects and database stay as they are.
    Stop,
    /// Forget the run, its objects and its database.
    Reset,
    /// Look at a script without running it.
    Check {
        /// The whole script.
        source: String,
    },
    /// Show what a flush would do now, as a `FlushPlanned` event of stage `Preview`.
    Preview,
    /// The text edits a gesture stands for. Nothing runs.
    Edit {
        /// The whole script.
        source: String,
        /// What the reader did.
        gesture: Gesture,
    },
    /// The text of a statement in the four dialects.
    Compile {
        /// A Python expression, evaluated in the namespace of the last run.
        expression: String,
    },
    /// The text of a statement that ran, in the four dialects.
    Dialects {
        /// The statement, as numbered in its `Sql` event.
        statement: u32,
    },
}

/// What a reader does with the mouse or the keyboard instead of typing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Gesture {
    /// A new mapped class.
    DeclareClass(ClassDraft),
    /// A new column of a class.
    AddColumn {
        /// The class.
        class: String,
        /// The column.
        column: ColumnDraft,
    },
    /// A new relationship, on both sides when `back_populates` is given.
    AddRelationship(RelationshipDraft),
    /// The cascades of a relationship.
    SetCascade {
        /// The class.
        class: String,
        /// The relationship.
        relationship: String,
        /// All cascades it shall have.
        cascade: Vec<String>,
    },
    /// A line at the end of the script that does something to an object or a session.
    Card(CardGesture),
}

/// A class to declare.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClassDraft {
    /// Class name.
    pub class: String,
    /// Table name.
    pub table: String,
    /// Its columns; an `id` primary key is written when none of them is a key.
    pub columns: Vec<ColumnDraft>,
}

/// A column to declare.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ColumnDraft {
    /// Attribute name.
    pub name: String,
    /// SQLAlchemy type, `String(50)`.
    pub type_name: String,
    /// Part of the primary key.
    pub primary_key: bool,
    /// NULL allowed.
    pub nullable: bool,
    /// Values unique.
    pub unique: bool,
    /// `table.column` it refers to.
    pub foreign_key: Option<String>,
}

/// A relationship to declare.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RelationshipDraft {
    /// The class that gets it.
    pub class: String,
    /// Its name there.
    pub name: String,
    /// The class on the other side.
    pub target: String,
    /// How many of each. The foreign key is written on the side that needs it, the association table when needed.
    pub kind: RelationshipKind,
    /// Its name on the other side.
    pub back_populates: Option<String>,
}

/// Something done to a card or to a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum CardGesture {
    /// `name = Class(attribute=value)`.
    New {
        /// The class.
        class: String,
        /// Variable, or empty for one that is free.
        variable: String,
        /// Attributes and their values as Python source.
        values: Vec<(String, String)>,
    },
    /// `session.add(x)`.
    Add(ObjectId),
    /// `session.delete(x)`.
    Delete(ObjectId),
    /// `session.expunge(x)`.
    Expunge(ObjectId),
    /// `session.expire(x)`.
    Expire(ObjectId),
    /// `session.refresh(x)`.
    Refresh(ObjectId),
    /// `x.attribute = value`.
    SetAttribute {
        /// The object.
        object: ObjectId,
        /// Its attribute.
        attribute: String,
        /// Python source of the new value.
        value: String,
    },
    /// `x.attribute = y`.
    SetReference {
        /// The object.
        object: ObjectId,
        /// Its relationship.
        attribute: String,
        /// The other object, or nothing for `None`.
        target: Option<ObjectId>,
    },
    /// `x.attribute.append(y)`.
    Append {
        /// The object.
        object: ObjectId,
        /// Its collection.
        attribute: String,
        /// What goes in.
        target: ObjectId,
    },
    /// `x.attribute.remove(y)`.
    Remove {
        /// The object.
        object: ObjectId,
        /// Its collection.
        attribute: String,
        /// What goes out.
        target: ObjectId,
    },
    /// `session.flush()`.
    Flush(SessionId),
    /// `session.commit()`.
    Commit(SessionId),
    /// `session.rollback()`.
    Rollback(SessionId),
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Response {
    /// The question's id.
    pub id: u32,
    /// The answer.
    pub body: ResponseBody,
}

/// The answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ResponseBody {
    /// Done; what came of it was told in events. A run answers when it has ended or paused for the first time.
    Done,
    /// What a gesture writes.
    Edits(Edits),
    /// What a look at the script found.
    Checked(CheckReport),
    /// One statement in several dialects.
    Compiled(Vec<Compiled>),
    /// It could not be done, and nothing changed.
    Failed(Diagnostic),
}

/// A change to the script's text. Offsets count UTF-8 bytes in the text before any edit of the same list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextEdit {
    /// First byte that goes.
    pub start: u32,
    /// Byte after the last that goes.
    pub end: u32,
    /// What comes instead.
    pub insert: String,
}

/// The edits of a gesture, in ascending order, not overlapping.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edits {
    /// The changes.
    pub edits: Vec<TextEdit>,
    /// First line to send with `Append`, counted after the edits. Nothing: the script has to run again.
    pub line: Option<u32>,
}

/// What is known of a script that has not run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CheckReport {
    /// Everything wrong with it, by place.
    pub diagnostics: Vec<Diagnostic>,
    /// The models it declares, as far as the text alone tells.
    pub models: Vec<ModelView>,
}

/// A statement's text in one dialect.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compiled {
    /// Dialect name.
    pub dialect: String,
    /// SQL, or why there is none.
    pub text: String,
    /// What it is good for.
    pub standing: Standing,
}

/// What a text in a dialect is good for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// This page can run it.
    RunsHere,
    /// It is for reading.
    #[default]
    TextOnly,
    /// The dialect has no such thing; the text says why.
    Refused,
}
