//! Oracle, as text only: no driver of it runs here.

use super::{Capabilities, DEFAULT_CAPS, Family};

/// What Oracle Database 23ai can do, which is what SQLAlchemy supposes without a connection.
pub(super) static CAPS: Capabilities = Capabilities {
    name: "oracle",
    family: Family::Oracle,
    max_identifier: 128,
    native_boolean: true,
    default_metavalue: true,
    empty_insert: false,
    insert_returning: true,
    update_returning: true,
    delete_returning: true,
    postfetch_lastrowid: false,
    sequences: true,
    comments: true,
    div_is_floordiv: false,
    ..DEFAULT_CAPS
};

/// Functions that Oracle writes without parentheses when they have no arguments.
pub(crate) static NO_ARGUMENTS: &[&str] =
    &["UID", "CURRENT_DATE", "SYSDATE", "USER", "CURRENT_TIME", "CURRENT_TIMESTAMP"];
