//! Dialects: what each backend can do and how it spells it, one constant each.

mod mysql;
mod oracle;
mod postgresql;
mod quote;
mod reserved;
mod sqlite;

pub(crate) use oracle::NO_ARGUMENTS as ORACLE_NO_ARGUMENTS;

use crate::error::{Error, ErrorKind, Result};

/// A backend as SQL text sees it: its constant, and what the driver decides.
#[derive(Clone, Copy, Debug)]
pub struct Dialect {
    caps: &'static Capabilities,
    paramstyle: Paramstyle,
    driver: &'static str,
}

/// The language family a dialect compiles in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// What `str(statement)` shows.
    Default,
    /// SQLite
    Sqlite,
    /// PostgreSQL
    Postgresql,
    /// MySQL and MariaDB
    Mysql,
    /// Oracle
    Oracle,
}

/// How parameters are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Paramstyle {
    /// `?`
    Qmark,
    /// `:name`
    Named,
    /// `%s`
    Format,
    /// `%(name)s`
    Pyformat,
    /// `$1`
    NumericDollar,
    /// `:1`
    Numeric,
}

/// What a backend can do.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "a table of yes and no")]
pub struct Capabilities {
    /// SQLAlchemy's name.
    pub name: &'static str,
    /// The family it compiles in.
    pub family: Family,
    /// Quotes around identifiers.
    pub quote: char,
    /// Longest identifier.
    pub max_identifier: usize,
    /// Whether `true` and `false` exist.
    pub native_boolean: bool,
    /// Whether enums are types of their own.
    pub native_enum: bool,
    /// Whether UUIDs are.
    pub native_uuid: bool,
    /// Whether the driver takes decimals.
    pub native_decimal: bool,
    /// Whether durations are a type of their own.
    pub native_interval: bool,
    /// `INSERT … DEFAULT VALUES`
    pub default_values: bool,
    /// `VALUES (DEFAULT)`
    pub default_metavalue: bool,
    /// `INSERT INTO t () VALUES ()`
    pub empty_insert: bool,
    /// `VALUES (…), (…)`
    pub multivalues_insert: bool,
    /// `INSERT … RETURNING`
    pub insert_returning: bool,
    /// `UPDATE … RETURNING`
    pub update_returning: bool,
    /// `DELETE … RETURNING`
    pub delete_returning: bool,
    /// Whether new keys come from the cursor's `lastrowid`.
    pub postfetch_lastrowid: bool,
    /// Whether one INSERT of many rows replaces executemany when rows are returned.
    pub insertmanyvalues: bool,
    /// Most rows of such a statement.
    pub insertmanyvalues_page: usize,
    /// Most parameters of such a statement.
    pub insertmanyvalues_params: usize,
    /// How such a statement keeps rows in order.
    pub sentinel: Sentinel,
    /// Whether sequences exist.
    pub sequences: bool,
    /// Whether ALTER TABLE adds constraints.
    pub alter: bool,
    /// `COMMENT`
    pub comments: bool,
    /// Whether comments stand inside CREATE TABLE.
    pub inline_comments: bool,
    /// `FOR UPDATE`
    pub for_update: bool,
    /// Whether statements that hold types and names of it may be cached.
    pub statement_cache: bool,
    /// Whether `a / b` of integers drops the rest.
    pub div_is_floordiv: bool,
    /// `IS DISTINCT FROM` in its standard spelling.
    pub schemas: bool,
    /// Whether tuples may stand in IN.
    pub tuple_in_values: bool,
    /// Whether ON CONFLICT exists.
    pub on_conflict: bool,
}

/// How rows returned by one INSERT of many are matched with their parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sentinel {
    /// Not at all.
    None,
    /// A counting key comes back in order.
    Autoincrement,
    /// As PostgreSQL: the rows are sorted by a counter inside the statement.
    SelectFromValues,
}

static DEFAULT: Capabilities = Capabilities {
    native_boolean: true,
    multivalues_insert: true,
    insert_returning: true,
    update_returning: true,
    delete_returning: true,
    sequences: true,
    ..DEFAULT_CAPS
};

const DEFAULT_CAPS: Capabilities = Capabilities {
    name: "default",
    family: Family::Default,
    quote: '"',
    max_identifier: 9999,
    native_boolean: false,
    native_enum: false,
    native_uuid: false,
    native_decimal: false,
    native_interval: false,
    default_values: false,
    default_metavalue: false,
    empty_insert: true,
    multivalues_insert: false,
    insert_returning: false,
    update_returning: false,
    delete_returning: false,
    postfetch_lastrowid: true,
    insertmanyvalues: false,
    insertmanyvalues_page: 1000,
    insertmanyvalues_params: 32700,
    sentinel: Sentinel::None,
    sequences: false,
    alter: true,
    comments: false,
    inline_comments: false,
    for_update: true,
    statement_cache: true,
    div_is_floordiv: true,
    schemas: true,
    tuple_in_values: false,
    on_conflict: false,
};

impl Dialect {
    /// What `str(statement)` compiles for.
    pub const fn default_dialect() -> Self {
        Self { caps: &DEFAULT, paramstyle: Paramstyle::Named, driver: "" }
    }

    /// SQLite over pysqlite.
    pub const fn sqlite() -> Self {
        Self { caps: &sqlite::CAPS, paramstyle: Paramstyle::Qmark, driver: "pysqlite" }
    }

    /// PostgreSQL over psycopg, which is what `postgresql://` means.
    pub const fn postgresql() -> Self {
        Self { caps: &postgresql::CAPS, paramstyle: Paramstyle::Pyformat, driver: "psycopg" }
    }

    /// MySQL over mysqlclient, which is what `mysql://` means.
    pub const fn mysql() -> Self {
        Self { caps: &mysql::MYSQL, paramstyle: Paramstyle::Format, driver: "mysqldb" }
    }

    /// MariaDB over mysqlclient, which is what `mariadb://` means.
    pub const fn mariadb() -> Self {
        Self { caps: &mysql::MARIADB, paramstyle: Paramstyle::Format, driver: "mysqldb" }
    }

    /// Oracle over oracledb, which is what `oracle://` means.
    pub const fn oracle() -> Self {
        Self { caps: &oracle::CAPS, paramstyle: Paramstyle::Named, driver: "oracledb" }
    }

    /// The dialect of a URL's name and driver: `("postgresql", Some("asyncpg"))`.
    pub fn for_url(name: &str, driver: Option<&str>) -> Result<Self> {
        let base = match name {
            "sqlite" => Self::sqlite(),
            "postgresql" => Self::postgresql(),
            "mysql" => Self::mysql(),
            "mariadb" => Self::mariadb(),
            "oracle" => Self::oracle(),
            _ => return Err(unknown(name, driver)),
        };
        let Some(driver) = driver else { return Ok(base) };
        let (paramstyle, driver) = match (base.caps.family, driver) {
            (Family::Sqlite, "pysqlite") => (Paramstyle::Qmark, "pysqlite"),
            (Family::Sqlite, "aiosqlite") => (Paramstyle::Qmark, "aiosqlite"),
            (Family::Postgresql, "psycopg2") => (Paramstyle::Pyformat, "psycopg2"),
            (Family::Postgresql, "psycopg") => (Paramstyle::Pyformat, "psycopg"),
            (Family::Postgresql, "pg8000") => (Paramstyle::Format, "pg8000"),
            (Family::Postgresql, "asyncpg") => (Paramstyle::NumericDollar, "asyncpg"),
            (Family::Mysql, "pymysql") => (Paramstyle::Pyformat, "pymysql"),
            (Family::Mysql, "mysqldb") => (Paramstyle::Format, "mysqldb"),
            (Family::Mysql, "mysqlconnector") => (Paramstyle::Format, "mysqlconnector"),
            (Family::Mysql, "mariadbconnector") => (Paramstyle::Qmark, "mariadbconnector"),
            (Family::Mysql, "aiomysql") => (Paramstyle::Pyformat, "aiomysql"),
            (Family::Mysql, "asyncmy") => (Paramstyle::Pyformat, "asyncmy"),
            (Family::Oracle, "oracledb") => (Paramstyle::Named, "oracledb"),
            (Family::Oracle, "cx_oracle") => (Paramstyle::Named, "cx_oracle"),
            _ => return Err(unknown(name, Some(driver))),
        };
        Ok(Self { caps: base.caps, paramstyle, driver })
    }

    /// The same dialect with another way of writing parameters.
    pub fn with_paramstyle(mut self, paramstyle: Paramstyle) -> Self {
        self.paramstyle = paramstyle;
        self
    }

    /// SQLAlchemy's name: `sqlite`.
    pub fn name(&self) -> &'static str {
        self.caps.name
    }

    /// The driver's name: `pysqlite`.
    pub fn driver(&self) -> &'static str {
        self.driver
    }

    /// How parameters are written.
    pub fn paramstyle(&self) -> Paramstyle {
        self.paramstyle
    }

    /// What the backend can do.
    pub fn caps(&self) -> &'static Capabilities {
        self.caps
    }

    /// The family it compiles in.
    pub fn family(&self) -> Family {
        self.caps.family
    }

    /// Whether both are the same backend and spell parameters the same way.
    pub fn same(&self, other: &Self) -> bool {
        std::ptr::eq(self.caps, other.caps) && self.paramstyle == other.paramstyle
    }

    /// An identifier, quoted when it must be.
    pub fn quote_name(&self, name: &crate::name::Name) -> String {
        let mut out = String::with_capacity(name.len() + 2);
        quote::write_name(self, name, &mut out);
        out
    }

    /// Whether a lower-case word is reserved.
    pub(crate) fn reserves(&self, word: &str) -> bool {
        quote::is_reserved(self, word)
    }

    pub(crate) fn write_name(&self, name: &crate::name::Name, out: &mut String) {
        quote::write_name(self, name, out);
    }

    /// Whether `%` must be doubled in the text for this driver.
    pub fn doubles_percent(&self) -> bool {
        matches!(self.paramstyle, Paramstyle::Format | Paramstyle::Pyformat)
    }
}

impl Paramstyle {
    /// Whether parameters are passed in order rather than by name.
    pub fn is_positional(self) -> bool {
        !matches!(self, Self::Named | Self::Pyformat)
    }
}

fn unknown(name: &str, driver: Option<&str>) -> Error {
    let full = driver.map_or_else(|| name.to_owned(), |driver| format!("{name}.{driver}"));
    Error::new(
        ErrorKind::NoSuchModuleError,
        format!("Can't load plugin: sqlalchemy.dialects:{full}"),
    )
}
