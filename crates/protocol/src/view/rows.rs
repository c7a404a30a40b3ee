//! SQL as it ran, with where its parameters came from.

use crate::{ConnectionId, FlushId, ObjectId, Value};
use serde::{Deserialize, Serialize};

/// Where the value of a parameter came from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Provenance {
    /// The script or the library wrote it into the statement.
    #[default]
    Literal,
    /// An attribute of an object.
    Attribute {
        /// The object.
        object: ObjectId,
        /// Its attribute.
        attribute: String,
    },
    /// A key that a step of the flush generated.
    StepKey {
        /// Step number within the plan.
        step: u32,
        /// Column that step generated.
        column: String,
    },
    /// A default of the column.
    Default,
}

/// One bound parameter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    /// Bind name when the dialect has names, else empty.
    pub name: String,
    /// What was sent.
    pub value: Value,
    /// Where it came from.
    pub provenance: Provenance,
}

/// Why a statement ran.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// The script asked for rows or wrote the statement itself.
    #[default]
    Query,
    /// Steps of a flush.
    Flush {
        /// The flush.
        flush: FlushId,
        /// Its steps, by number.
        steps: Vec<u32>,
    },
    /// A relationship or deferred column was touched.
    LazyLoad {
        /// The object.
        object: ObjectId,
        /// The attribute touched.
        attribute: String,
    },
    /// An eager loader fetched related rows of an earlier query.
    EagerLoad {
        /// `Class.attribute`.
        path: String,
    },
    /// An expired object was read again.
    Refresh {
        /// The object.
        object: ObjectId,
    },
    /// The schema is made or dropped.
    Ddl,
    /// The library looks at the schema.
    Introspection,
}

/// One statement that went to the database.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SqlView {
    /// Number of the statement within the run, from 1.
    pub id: u32,
    /// The connection that ran it.
    pub connection: ConnectionId,
    /// SQL text as the driver saw it.
    pub text: String,
    /// Parameter sets in order; one empty set when there are none. Long lists are cut, see `set_count`.
    pub sets: Vec<Vec<Parameter>>,
    /// How many sets there were before cutting.
    pub set_count: u32,
    /// Why it ran.
    pub purpose: Purpose,
    /// Rows a DML statement touched.
    pub affected: Option<u32>,
    /// Rows it returned, when known.
    pub returned: Option<u32>,
    /// Milliseconds in the database.
    pub duration: f64,
    /// The database's message, when it refused.
    pub error: Option<String>,
}
