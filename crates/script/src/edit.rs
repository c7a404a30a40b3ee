//! What a gesture writes: text edits of the script, formatting kept.

use crate::Script;

/// A change to the script's text. Offsets count bytes in the text before any edit of the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edit {
    /// First byte that goes.
    pub start: u32,
    /// Byte after the last that goes.
    pub end: u32,
    /// What comes instead.
    pub insert: String,
}

/// The edits of a gesture, ascending, not overlapping.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edits {
    /// The changes.
    pub edits: Vec<Edit>,
    /// First line to run after the edits; nothing means that the script runs again.
    pub line: Option<u32>,
}

/// How many of each a relationship leads to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RelationshipKind {
    /// A collection here, one there.
    #[default]
    OneToMany,
    /// One here, a collection there.
    ManyToOne,
    /// One on each side.
    OneToOne,
    /// Collections on both sides.
    ManyToMany,
}

/// A class to declare.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClassDraft {
    /// Class name.
    pub class: String,
    /// Table name.
    pub table: String,
    /// Its columns.
    pub columns: Vec<ColumnDraft>,
}

/// A column to declare.
#[derive(Clone, Debug, Default, PartialEq)]
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
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RelationshipDraft {
    /// The class that gets it.
    pub class: String,
    /// Its name there.
    pub name: String,
    /// The class on the other side.
    pub target: String,
    /// How many of each.
    pub kind: RelationshipKind,
    /// Its name on the other side.
    pub back_populates: Option<String>,
}

/// Something done to a card or a session.
#[derive(Clone, Debug, PartialEq)]
pub enum CardGesture {
    /// `name = Class(attribute=value)`
    New {
        /// The class.
        class: String,
        /// Variable, or empty for one that is free.
        variable: String,
        /// Attributes and their values as Python source.
        values: Vec<(String, String)>,
    },
    /// `session.add(x)` and other session methods of one object.
    Session {
        /// `add`, `delete`, `expunge`, `expire`, `refresh`.
        method: &'static str,
        /// The object.
        object: u32,
    },
    /// `x.attribute = value`
    SetAttribute {
        /// The object.
        object: u32,
        /// Its attribute.
        attribute: String,
        /// Python source of the new value.
        value: String,
    },
    /// `x.attribute = y`
    SetReference {
        /// The object.
        object: u32,
        /// Its relationship.
        attribute: String,
        /// The other object.
        target: Option<u32>,
    },
    /// `x.attribute.append(y)`
    Append {
        /// The object.
        object: u32,
        /// Its collection.
        attribute: String,
        /// What goes in.
        target: u32,
    },
    /// `x.attribute.remove(y)`
    Remove {
        /// The object.
        object: u32,
        /// Its collection.
        attribute: String,
        /// What goes out.
        target: u32,
    },
    /// `session.flush()`, `session.commit()`, `session.rollback()`
    Transaction {
        /// The method.
        method: &'static str,
        /// The session.
        session: u32,
    },
}

/// What a reader does instead of typing.
#[derive(Clone, Debug, PartialEq)]
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
    /// A new relationship.
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
    /// A line at the end of the script.
    Card(CardGesture),
}

/// The edits of a gesture.
pub(crate) fn edit(_: &Script, _: &str, _: &Gesture) -> Result<Edits, String> {
    Err("not yet".into())
}
