//! The schema: metadata, tables, columns, constraints, indexes, sequences.
//!
//! All are cheap handles with identity. Interior mutability lives here and nowhere else in the
//! crate, because declarative mapping makes columns before tables and foreign keys before targets.

mod column;
mod constraint;
mod index;
mod metadata;
mod naming;
mod sort;
mod table;

pub use self::column::{
    Autoincrement, Column, ColumnSpec, Computed, Default, DefaultContext, DefaultFn, Identity,
    ServerDefault,
};
pub use self::constraint::{
    ColumnArg, Constraint, ConstraintKind, ForeignKey, ForeignKeyOptions, ForeignKeyTarget,
};
pub use self::index::{Index, Sequence, SequenceOptions};
pub use self::metadata::MetaData;
pub(crate) use self::naming::{constraint_name, index_name};
pub use self::sort::{SortedTables, sort_tables, sort_tables_in_order};
pub use self::table::{Table, TableItem, TableOptions};
