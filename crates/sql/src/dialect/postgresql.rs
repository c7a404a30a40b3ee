//! PostgreSQL.

use super::{Capabilities, DEFAULT_CAPS, Family, Sentinel};

/// What PostgreSQL can do.
pub(super) static CAPS: Capabilities = Capabilities {
    name: "postgresql",
    family: Family::Postgresql,
    max_identifier: 63,
    native_boolean: true,
    native_enum: true,
    native_uuid: true,
    native_decimal: true,
    native_interval: true,
    default_values: true,
    default_metavalue: true,
    empty_insert: false,
    multivalues_insert: true,
    insert_returning: true,
    update_returning: true,
    delete_returning: true,
    postfetch_lastrowid: false,
    insertmanyvalues: true,
    sentinel: Sentinel::SelectFromValues,
    sequences: true,
    comments: true,
    on_conflict: true,
    ..DEFAULT_CAPS
};
