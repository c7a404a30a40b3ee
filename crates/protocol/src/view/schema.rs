//! Declared models and the tables of a database.

use crate::{EngineId, Span};
use serde::{Deserialize, Serialize};

/// How many of one side go with how many of the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum RelationshipKind {
    /// A collection whose rows point back here.
    #[default]
    OneToMany,
    /// A reference to the row this one points to.
    ManyToOne,
    /// A single partner, on either side.
    OneToOne,
    /// A collection through a table of pairs.
    ManyToMany,
}

/// One column of a model or of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnView {
    /// Name in the database.
    pub name: String,
    /// Name of the attribute on the class; equal to `name` in a table that no class maps.
    pub attribute: String,
    /// Type as SQLAlchemy's DDL prints it, `VARCHAR(30)`.
    pub type_name: String,
    /// Whether it belongs to the primary key.
    pub primary_key: bool,
    /// Whether NULL is allowed.
    pub nullable: bool,
    /// Whether its values are unique by a constraint of this column alone.
    pub unique: bool,
    /// Whether it has an index of its own.
    pub index: bool,
    /// `table.column` it refers to.
    pub foreign_key: Option<String>,
    /// Default, as the script spells it or as SQL.
    pub default: Option<String>,
}

/// One relationship of a model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelationshipView {
    /// Attribute name.
    pub name: String,
    /// Name of the class on the other side.
    pub target: String,
    /// How many of each.
    pub kind: RelationshipKind,
    /// The association table of a many-to-many.
    pub secondary: Option<String>,
    /// Attribute on the other side that mirrors this one.
    pub back_populates: Option<String>,
    /// Cascades in SQLAlchemy's words, `save-update`, `merge`, `delete-orphan`.
    pub cascade: Vec<String>,
    /// Where the script declares it.
    pub span: Option<Span>,
}

/// One mapped class.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelView {
    /// Class name.
    pub class: String,
    /// Table name.
    pub table: String,
    /// The mapped class it inherits from.
    pub base: Option<String>,
    /// Its columns, in order.
    pub columns: Vec<ColumnView>,
    /// Its relationships, in order of declaration.
    pub relationships: Vec<RelationshipView>,
    /// Where the script declares the class.
    pub span: Option<Span>,
}

/// One table of a database.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableView {
    /// The engine whose database holds it.
    pub engine: EngineId,
    /// Table name.
    pub name: String,
    /// Its columns, in order.
    pub columns: Vec<ColumnView>,
}
