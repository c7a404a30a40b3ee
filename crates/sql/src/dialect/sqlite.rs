//! SQLite.

use super::{Capabilities, DEFAULT_CAPS, Family};

/// What SQLite 3.35 and later can do.
pub(super) static CAPS: Capabilities = Capabilities {
    name: "sqlite",
    family: Family::Sqlite,
    default_values: true,
    default_metavalue: true,
    empty_insert: false,
    multivalues_insert: true,
    insert_returning: true,
    update_returning: true,
    delete_returning: true,
    insertmanyvalues: true,
    alter: false,
    tuple_in_values: true,
    on_conflict: true,
    ..DEFAULT_CAPS
};
