//! MySQL and MariaDB.

use super::{Capabilities, DEFAULT_CAPS, Family, Sentinel};

/// What MySQL can do.
pub(super) static MYSQL: Capabilities = MYSQL_CAPS;

/// What MariaDB can do beyond MySQL.
pub(super) static MARIADB: Capabilities = Capabilities {
    name: "mariadb",
    native_uuid: true,
    insert_returning: true,
    delete_returning: true,
    ..MYSQL_CAPS
};

const MYSQL_CAPS: Capabilities = Capabilities {
    name: "mysql",
    family: Family::Mysql,
    quote: '`',
    max_identifier: 255,
    native_enum: true,
    native_decimal: true,
    default_metavalue: true,
    multivalues_insert: true,
    insertmanyvalues: true,
    sentinel: Sentinel::Autoincrement,
    comments: true,
    inline_comments: true,
    div_is_floordiv: false,
    ..DEFAULT_CAPS
};
