//! Gestures to text: each says which bytes of the script change and which line stands for it.

mod card;
mod model;

use vidro_python::outline::{Outline, outline};

use crate::Script;

pub use card::CardGesture;

/// What a reader does with the mouse or the keyboard instead of typing.
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
    /// A new relationship, on both sides when a name for the other side is given.
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

/// A class to declare.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClassDraft {
    /// Class name.
    pub class: String,
    /// Table name; made from the class name when empty.
    pub table: String,
    /// Its columns; an `id` is written when none of them is a key.
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

/// How many of one side go with how many of the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RelationshipKind {
    /// A collection whose rows point back here.
    #[default]
    OneToMany,
    /// A reference to the row this one points to.
    ManyToOne,
    /// A single partner.
    OneToOne,
    /// A collection through a table of pairs.
    ManyToMany,
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

/// A change of the script's text. Offsets count bytes of the text before any edit of the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edit {
    /// First byte that goes.
    pub start: u32,
    /// Byte after the last that goes.
    pub end: u32,
    /// What comes instead.
    pub insert: String,
}

/// The edits of a gesture, in ascending order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edits {
    /// The changes.
    pub edits: Vec<Edit>,
    /// First line to run, counted from 1 after the edits; none when the script has to run again.
    pub line: Option<u32>,
}

/// The edits of a gesture, or what stands against it.
pub(crate) fn edit(script: &Script, source: &str, gesture: &Gesture) -> Result<Edits, String> {
    let Some(outline) = outline(source) else {
        return Err("the script has a syntax error; correct it first".into());
    };
    let text = Text { source, outline };
    match gesture {
        Gesture::DeclareClass(draft) => model::declare_class(&text, draft),
        Gesture::AddColumn { class, column } => model::add_column(&text, class, column),
        Gesture::AddRelationship(draft) => model::add_relationship(&text, draft),
        Gesture::SetCascade { class, relationship, cascade } => {
            model::set_cascade(&text, class, relationship, cascade)
        }
        Gesture::Card(gesture) => card::line(script, &text, gesture),
    }
}

/// A script's text and its shape.
struct Text<'a> {
    source: &'a str,
    outline: Outline,
}

impl Text<'_> {
    /// Whether a name may be written: a Python identifier.
    fn check_name(name: &str, what: &str) -> Result<(), String> {
        let mut letters = name.chars();
        let starts = letters.next().is_some_and(|c| c.is_alphabetic() || c == '_');
        if starts && letters.all(|c| c.is_alphanumeric() || c == '_') {
            return Ok(());
        }
        Err(format!(
            "'{name}' is no {what}: letters, digits and _ only, not beginning with a digit"
        ))
    }

    fn slice(&self, start: u32, end: u32) -> &str {
        let at = |offset: u32| usize::try_from(offset).unwrap_or(usize::MAX);
        self.source.get(at(start)..at(end)).unwrap_or_default()
    }

    fn end(&self) -> u32 {
        u32::try_from(self.source.len()).unwrap_or(u32::MAX)
    }

    /// A line at the end of the script, which alone has to run.
    fn append(&self, line: &str) -> Edits {
        let kept = self.source.trim_end_matches([' ', '\t', '\n', '\r']);
        let blank = if kept.is_empty() { "" } else { "\n" };
        let start = u32::try_from(kept.len()).unwrap_or(u32::MAX);
        let insert = format!("{blank}{line}\n");
        let number = kept.lines().count() + 1;
        Edits {
            edits: vec![Edit { start, end: self.end(), insert }],
            line: u32::try_from(number).ok(),
        }
    }
}
