//! Every type class in one table: module, name, base, kind, arguments.

/// The module of the generic types.
pub(super) const SQL: &str = "sqlalchemy.sql.sqltypes";
/// The module of the base classes.
pub(super) const API: &str = "sqlalchemy.sql.type_api";
/// PostgreSQL's types.
pub(super) const PG: &str = "sqlalchemy.dialects.postgresql.types";
/// MySQL's types.
pub(super) const MY: &str = "sqlalchemy.dialects.mysql.types";
/// Oracle's types.
pub(super) const ORA: &str = "sqlalchemy.dialects.oracle.types";
/// SQLite's types.
const LITE: &str = "sqlalchemy.dialects.sqlite.base";

/// One class.
#[derive(Debug)]
pub(super) struct Row {
    /// Its module.
    pub(super) module: &'static str,
    /// Its name.
    pub(super) name: &'static str,
    /// The class it derives from: of the same module or a generic one.
    pub(super) base: &'static str,
    /// The kind of `vidro-sql`.
    pub(super) kind: &'static str,
    /// Names of arguments in order.
    pub(super) arguments: &'static str,
}

const fn row(
    module: &'static str,
    name: &'static str,
    base: &'static str,
    arguments: &'static str,
) -> Row {
    Row { module, name, base, kind: name, arguments }
}

const TEXT: &str = "length collation collation_schema";
const NUMERIC: &str = "precision scale decimal_return_scale asdecimal";
const FLOAT: &str = "precision asdecimal decimal_return_scale";
const MY_INT: &str = "display_width unsigned zerofill";
const MY_TEXT: &str = "length charset collation unicode national binary ascii";
const MY_FLOAT: &str = "precision scale asdecimal unsigned zerofill";

/// The name under which the class of a base is registered.
pub(super) fn full_name(base: &str) -> String {
    match base {
        "TypeEngine" | "TypeDecorator" | "UserDefinedType" => format!("{API}.{base}"),
        _ => format!("{SQL}.{base}"),
    }
}

/// All classes, generic ones first; bases come before what derives from them.
#[rustfmt::skip]
pub(super) static ROWS: &[Row] = &[
    row(SQL, "NullType", "TypeEngine", ""),
    row(SQL, "Integer", "TypeEngine", ""),
    row(SQL, "SmallInteger", "Integer", ""),
    row(SQL, "BigInteger", "Integer", ""),
    row(SQL, "INTEGER", "Integer", ""),
    row(SQL, "SMALLINT", "SmallInteger", ""),
    row(SQL, "BIGINT", "BigInteger", ""),
    row(SQL, "String", "TypeEngine", TEXT),
    row(SQL, "Text", "String", TEXT),
    row(SQL, "Unicode", "String", TEXT),
    row(SQL, "UnicodeText", "Text", TEXT),
    row(SQL, "VARCHAR", "String", TEXT),
    row(SQL, "CHAR", "String", TEXT),
    row(SQL, "NVARCHAR", "Unicode", TEXT),
    row(SQL, "NCHAR", "Unicode", TEXT),
    row(SQL, "TEXT", "Text", TEXT),
    row(SQL, "CLOB", "Text", TEXT),
    row(SQL, "Boolean", "TypeEngine", "create_constraint name"),
    row(SQL, "BOOLEAN", "Boolean", "create_constraint name"),
    row(SQL, "MatchType", "Boolean", "create_constraint name"),
    row(SQL, "Numeric", "TypeEngine", NUMERIC),
    row(SQL, "NUMERIC", "Numeric", NUMERIC),
    row(SQL, "DECIMAL", "Numeric", NUMERIC),
    row(SQL, "Float", "TypeEngine", FLOAT),
    row(SQL, "FLOAT", "Float", FLOAT),
    row(SQL, "REAL", "Float", FLOAT),
    row(SQL, "Double", "Float", FLOAT),
    row(SQL, "DOUBLE", "Double", FLOAT),
    row(SQL, "DOUBLE_PRECISION", "Double", FLOAT),
    row(SQL, "Date", "TypeEngine", ""),
    row(SQL, "DATE", "Date", ""),
    row(SQL, "Time", "TypeEngine", "timezone"),
    row(SQL, "TIME", "Time", "timezone"),
    row(SQL, "DateTime", "TypeEngine", "timezone"),
    row(SQL, "DATETIME", "DateTime", "timezone"),
    row(SQL, "TIMESTAMP", "DateTime", "timezone"),
    row(SQL, "Interval", "TypeEngine", "native second_precision day_precision"),
    row(SQL, "LargeBinary", "TypeEngine", "length"),
    row(SQL, "BLOB", "LargeBinary", "length"),
    row(SQL, "BINARY", "TypeEngine", "length"),
    row(SQL, "VARBINARY", "TypeEngine", "length"),
    row(SQL, "Enum", "String", "*enums"),
    row(SQL, "JSON", "TypeEngine", "none_as_null"),
    row(SQL, "Uuid", "TypeEngine", "as_uuid native_uuid"),
    row(SQL, "UUID", "Uuid", "as_uuid"),
    row(SQL, "ARRAY", "TypeEngine", "item_type as_tuple dimensions zero_indexes"),
    row(SQL, "TupleType", "TypeEngine", "*types"),
    Row { module: SQL, name: "INT", base: "Integer", kind: "INTEGER", arguments: "" },
    row(SQL, "PickleType", "TypeEngine", "pickle"),
    row(PG, "JSON", "JSON", "none_as_null astext_type"),
    row(PG, "JSONB", "JSON", "none_as_null astext_type"),
    row(PG, "BYTEA", "LargeBinary", "length"),
    row(PG, "INTERVAL", "TypeEngine", "precision fields"),
    row(PG, "TIMESTAMP", "TIMESTAMP", "timezone precision"),
    row(PG, "TIME", "TIME", "timezone precision"),
    row(PG, "ENUM", "Enum", "*enums"),
    row(PG, "INET", "TypeEngine", ""),
    row(PG, "CIDR", "TypeEngine", ""),
    row(PG, "MACADDR", "TypeEngine", ""),
    row(PG, "MONEY", "TypeEngine", ""),
    row(PG, "OID", "TypeEngine", ""),
    row(PG, "REGCLASS", "TypeEngine", ""),
    row(PG, "TSVECTOR", "TypeEngine", ""),
    row(PG, "TSQUERY", "TypeEngine", ""),
    row(PG, "HSTORE", "TypeEngine", "text_type"),
    row(PG, "BIT", "TypeEngine", "length varying"),
    row(PG, "CITEXT", "TEXT", TEXT),
    row(PG, "INT4RANGE", "TypeEngine", ""),
    row(PG, "INT8RANGE", "TypeEngine", ""),
    row(PG, "NUMRANGE", "TypeEngine", ""),
    row(PG, "DATERANGE", "TypeEngine", ""),
    row(PG, "TSRANGE", "TypeEngine", ""),
    row(PG, "TSTZRANGE", "TypeEngine", ""),
    row(PG, "INT4MULTIRANGE", "TypeEngine", ""),
    row(PG, "INT8MULTIRANGE", "TypeEngine", ""),
    row(PG, "NUMMULTIRANGE", "TypeEngine", ""),
    row(PG, "DATEMULTIRANGE", "TypeEngine", ""),
    row(PG, "TSMULTIRANGE", "TypeEngine", ""),
    row(PG, "TSTZMULTIRANGE", "TypeEngine", ""),
    row(PG, "MACADDR8", "TypeEngine", ""),
    row(PG, "REGCONFIG", "TypeEngine", ""),
    row(PG, "JSONPATH", "TypeEngine", ""),
    row(MY, "INTEGER", "INTEGER", MY_INT),
    row(MY, "SMALLINT", "SMALLINT", MY_INT),
    row(MY, "BIGINT", "BIGINT", MY_INT),
    row(MY, "TINYINT", "TypeEngine", MY_INT),
    row(MY, "MEDIUMINT", "TypeEngine", MY_INT),
    row(MY, "VARCHAR", "VARCHAR", MY_TEXT),
    row(MY, "CHAR", "CHAR", MY_TEXT),
    row(MY, "TEXT", "TEXT", MY_TEXT),
    row(MY, "TINYTEXT", "TypeEngine", MY_TEXT),
    row(MY, "MEDIUMTEXT", "TypeEngine", MY_TEXT),
    row(MY, "LONGTEXT", "TypeEngine", MY_TEXT),
    row(MY, "TINYBLOB", "TypeEngine", "length"),
    row(MY, "MEDIUMBLOB", "TypeEngine", "length"),
    row(MY, "LONGBLOB", "TypeEngine", "length"),
    row(MY, "DATETIME", "DATETIME", "timezone fsp"),
    row(MY, "TIMESTAMP", "TIMESTAMP", "timezone fsp"),
    row(MY, "TIME", "TIME", "timezone fsp"),
    row(MY, "NVARCHAR", "NVARCHAR", "length collation"),
    row(MY, "NCHAR", "NCHAR", "length collation"),
    row(MY, "BIT", "TypeEngine", "length"),
    row(MY, "YEAR", "TypeEngine", "display_width"),
    row(MY, "DECIMAL", "DECIMAL", MY_FLOAT),
    row(MY, "NUMERIC", "NUMERIC", MY_FLOAT),
    row(MY, "FLOAT", "FLOAT", MY_FLOAT),
    row(MY, "REAL", "REAL", MY_FLOAT),
    row(MY, "DOUBLE", "DOUBLE", MY_FLOAT),
    row(MY, "ENUM", "Enum", "*enums"),
    row(MY, "SET", "TypeEngine", "*enums"),
    row(ORA, "VARCHAR2", "VARCHAR", TEXT),
    Row { module: ORA, name: "NVARCHAR2", base: "NVARCHAR", kind: "NVARCHAR", arguments: TEXT },
    row(ORA, "NCLOB", "Text", TEXT),
    row(ORA, "LONG", "Text", TEXT),
    row(ORA, "NUMBER", "Numeric", "precision scale asdecimal"),
    row(ORA, "FLOAT", "FLOAT", "binary_precision asdecimal decimal_return_scale"),
    row(ORA, "BINARY_DOUBLE", "Double", FLOAT),
    row(ORA, "BINARY_FLOAT", "Float", FLOAT),
    row(ORA, "RAW", "TypeEngine", "length"),
    row(ORA, "BFILE", "LargeBinary", "length"),
    row(ORA, "ROWID", "TypeEngine", ""),
    row(ORA, "INTERVAL", "TypeEngine", "day_precision second_precision"),
    row(ORA, "TIMESTAMP", "TIMESTAMP", "timezone local_timezone"),
    row(ORA, "DATE", "DateTime", ""),
    row(LITE, "DATE", "DATE", "storage_format regexp truncate_microseconds"),
    row(LITE, "DATETIME", "DATETIME", "storage_format regexp truncate_microseconds timezone"),
    row(LITE, "TIME", "TIME", "storage_format regexp truncate_microseconds timezone"),
];

/// The names of the types that a module of SQLAlchemy offers.
pub(crate) fn names(module: &str) -> Vec<(&'static str, String)> {
    let own = match module {
        "postgresql" => Some(PG),
        "mysql" | "mariadb" => Some(MY),
        "sqlite" => Some(LITE),
        "oracle" => Some(ORA),
        _ => None,
    };
    let mut names: Vec<(&'static str, String)> = Vec::new();
    for module in own.into_iter().chain([SQL]) {
        for row in ROWS.iter().filter(|row| row.module == module) {
            if !names.iter().any(|(name, _)| *name == row.name) {
                names.push((row.name, format!("{module}.{}", row.name)));
            }
        }
    }
    for base in ["TypeEngine", "TypeDecorator", "UserDefinedType"] {
        names.push((base, format!("{API}.{base}")));
    }
    names
}
