//! The SQL spelling of types, dialect by dialect.

use super::{Type, TypeArgs, TypeKind, process};
use crate::dialect::{Dialect, Family};
use crate::error::{Error, ErrorKind, Result};

/// The SQL spelling of a type on a dialect.
pub(super) fn type_text(ty: &Type, dialect: &Dialect) -> Result<String> {
    let ty = ty.on(dialect);
    if let Some(decorator) = ty.decorator() {
        if let Some(spec) = decorator.col_spec()? {
            return Ok(spec);
        }
        return type_text(&process::impl_on(decorator, dialect)?, dialect);
    }
    let default = TypeArgs::default();
    let args = ty.args().unwrap_or(&default);
    let text = match dialect.family() {
        Family::Postgresql => postgresql(ty, args, dialect)?,
        Family::Mysql => mysql(ty, args, dialect)?,
        Family::Sqlite => sqlite(ty, args),
        Family::Oracle => oracle(ty, args)?,
        Family::Default => None,
    };
    match text {
        Some(text) => Ok(text),
        None => generic(ty, args, dialect),
    }
}

fn lengthed(name: &str, args: &TypeArgs) -> String {
    let mut text = name.to_owned();
    if let Some(length) = args.length {
        text.push_str(&format!("({length})"));
    }
    if let Some(collation) = &args.collation {
        text.push_str(&format!(" COLLATE {}", quoted_collation(collation)));
    }
    text
}

fn quoted_collation(name: &str) -> String {
    let plain = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if plain { name.to_owned() } else { format!("\"{name}\"") }
}

fn numeric(name: &str, args: &TypeArgs) -> String {
    match (args.precision, args.scale) {
        (None, _) => name.to_owned(),
        (Some(p), None) => format!("{name}({p})"),
        (Some(p), Some(s)) => format!("{name}({p}, {s})"),
    }
}

/// The length an Enum's VARCHAR needs.
fn enum_length(args: &TypeArgs) -> i64 {
    let names = args.members.as_ref().map(|members| members.names.as_slice()).unwrap_or_default();
    let longest = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    args.length.unwrap_or_else(|| i64::try_from(longest).unwrap_or(0))
}

fn generic(ty: &Type, args: &TypeArgs, dialect: &Dialect) -> Result<String> {
    use TypeKind as K;
    Ok(match ty.kind() {
        K::Integer | K::INTEGER => "INTEGER".into(),
        K::SmallInteger | K::SMALLINT => "SMALLINT".into(),
        K::BigInteger | K::BIGINT => "BIGINT".into(),
        K::String | K::Unicode | K::VARCHAR => lengthed("VARCHAR", args),
        K::Text | K::UnicodeText | K::TEXT => lengthed("TEXT", args),
        K::CHAR => lengthed("CHAR", args),
        K::NVARCHAR => lengthed("NVARCHAR", args),
        K::NCHAR => lengthed("NCHAR", args),
        K::CLOB => "CLOB".into(),
        K::NCLOB => "NCLOB".into(),
        K::Boolean | K::BOOLEAN | K::MatchType => "BOOLEAN".into(),
        K::Float | K::FLOAT => "FLOAT".into(),
        K::REAL => "REAL".into(),
        K::Double | K::DOUBLE => "DOUBLE".into(),
        K::DOUBLE_PRECISION => "DOUBLE PRECISION".into(),
        K::Numeric | K::NUMERIC => numeric("NUMERIC", args),
        K::DECIMAL => numeric("DECIMAL", args),
        K::Date | K::DATE => "DATE".into(),
        K::Time | K::TIME => "TIME".into(),
        K::DateTime | K::DATETIME | K::Interval => "DATETIME".into(),
        K::TIMESTAMP => "TIMESTAMP".into(),
        K::LargeBinary | K::BLOB => "BLOB".into(),
        K::BINARY => lengthed("BINARY", args),
        K::VARBINARY => lengthed("VARBINARY", args),
        K::Enum | K::ENUM if !args.is_mysql() || dialect.family() == Family::Default => {
            match enum_length(args) {
                0 => "VARCHAR".into(),
                length => format!("VARCHAR({length})"),
            }
        }
        K::JSON => "JSON".into(),
        K::JSONB if !matches!(dialect.family(), Family::Mysql | Family::Oracle) => "JSONB".into(),
        K::Uuid => "CHAR(32)".into(),
        K::UUID => "UUID".into(),
        K::ARRAY if dialect.family() == Family::Default => "ARRAY".into(),
        K::NullType if dialect.family() == Family::Default => "NULL".into(),
        K::NullType => {
            return Err(Error::compile(
                "Can't generate DDL for NullType(); did you forget to specify a type on this Column?",
            ));
        }
        other if dialect.family() == Family::Default => other.name().into(),
        other => {
            let class = match dialect.family() {
                Family::Sqlite => "sqlite.base.SQLiteTypeCompiler",
                Family::Postgresql => "postgresql.base.PGTypeCompiler",
                Family::Mysql => "mysql.base.MySQLTypeCompiler",
                Family::Oracle => "oracle.base.OracleTypeCompiler",
                Family::Default => "default.StrSQLTypeCompiler",
            };
            return Err(Error::new(
                ErrorKind::UnsupportedCompilationError,
                format!(
                    "Compiler <sqlalchemy.dialects.{class} object at 0x7f0000000000> can't render \
                     element of type {}",
                    other.name()
                ),
            )
            .with_code("l7de"));
        }
    })
}

fn sqlite(ty: &Type, args: &TypeArgs) -> Option<String> {
    match ty.kind() {
        TypeKind::TIMESTAMP => Some("TIMESTAMP".into()),
        TypeKind::DOUBLE_PRECISION => Some("DOUBLE PRECISION".into()),
        TypeKind::BINARY => Some(lengthed("BINARY", args)),
        _ => None,
    }
}

fn oracle(ty: &Type, args: &TypeArgs) -> Result<Option<String>> {
    use TypeKind as K;
    let varchar = |name: &str| match args.length {
        Some(length) if length != 0 => format!("{name}({length} CHAR)"),
        _ => name.to_owned(),
    };
    let digits = |number: Option<i64>| number.map_or_else(String::new, |n| format!("({n})"));
    Ok(Some(match ty.kind() {
        K::DateTime => "DATE".into(),
        K::Interval if args.native_interval == Some(false) => "DATE".into(),
        K::INTERVAL if args.own != Some(Family::Oracle) => {
            return Err(Error::attribute("'INTERVAL' object has no attribute 'day_precision'"));
        }
        K::Interval | K::INTERVAL => format!(
            "INTERVAL DAY{} TO SECOND{}",
            digits(args.day_precision),
            digits(args.precision)
        ),
        K::TIMESTAMP if args.local_timezone => "TIMESTAMP WITH LOCAL TIME ZONE".into(),
        K::TIMESTAMP if args.timezone => "TIMESTAMP WITH TIME ZONE".into(),
        K::Float | K::FLOAT => oracle_float(ty, args)?,
        K::Double | K::DOUBLE_PRECISION => numeric("DOUBLE PRECISION", args),
        K::NUMBER | K::BINARY_DOUBLE | K::BINARY_FLOAT => numeric(ty.kind().name(), args),
        K::BigInteger => "NUMBER(19)".into(),
        K::String | K::Unicode | K::VARCHAR2 => varchar("VARCHAR2"),
        K::VARCHAR => varchar("VARCHAR"),
        K::NVARCHAR => match args.length {
            Some(length) if length != 0 => format!("NVARCHAR2({length})"),
            _ => "NVARCHAR2".into(),
        },
        K::Text | K::UnicodeText => "CLOB".into(),
        K::LargeBinary => "BLOB".into(),
        K::RAW => format!("RAW{}", digits(args.length.filter(|length| *length != 0))),
        K::Enum | K::ENUM if !args.is_mysql() => match enum_length(args) {
            0 => "VARCHAR".into(),
            length => format!("VARCHAR({length} CHAR)"),
        },
        K::LONG | K::ROWID => ty.kind().name().into(),
        _ => return Ok(None),
    }))
}

/// Oracle counts a float's precision in bits, which no decimal one says exactly.
fn oracle_float(ty: &Type, args: &TypeArgs) -> Result<String> {
    match (args.precision.filter(|precision| *precision != 0), args.binary_precision) {
        (Some(precision), None) => {
            let name = ty.kind().name();
            // As SQLAlchemy estimates it, in whole bits.
            let bits = precision.saturating_mul(100_000) / 30_103;
            Err(Error::argument(format!(
                "Oracle Database FLOAT types use 'binary precision', which does not convert \
                 cleanly from decimal 'precision'.  Please specify this type with a separate \
                 Oracle Database variant, such as {name}(precision={precision}).with_variant(\
                 oracle.FLOAT(binary_precision={bits}), 'oracle'), so that the Oracle Database \
                 specific 'binary_precision' may be specified accurately."
            )))
        }
        (_, Some(bits)) => Ok(format!("FLOAT({bits})")),
        (None, None) => Ok("FLOAT".into()),
    }
}

fn zone(args: &TypeArgs) -> &'static str {
    if args.timezone { "WITH TIME ZONE" } else { "WITHOUT TIME ZONE" }
}

fn postgresql(ty: &Type, args: &TypeArgs, dialect: &Dialect) -> Result<Option<String>> {
    use TypeKind as K;
    let precision = |name: &str| match args.precision {
        Some(p) => format!("{name}({p}) {}", zone(args)),
        None => format!("{name} {}", zone(args)),
    };
    Ok(Some(match ty.kind() {
        K::Double | K::DOUBLE_PRECISION => "DOUBLE PRECISION".into(),
        K::Float | K::FLOAT => match args.precision {
            Some(p) => format!("FLOAT({p})"),
            None => "FLOAT".into(),
        },
        K::DateTime | K::TIMESTAMP => precision("TIMESTAMP"),
        K::Interval if args.native_interval == Some(false) => precision("TIMESTAMP"),
        K::Time | K::TIME => precision("TIME"),
        K::INTERVAL if args.own == Some(Family::Oracle) => {
            return Err(Error::attribute("'INTERVAL' object has no attribute 'fields'"));
        }
        K::Interval | K::INTERVAL => {
            let mut text = String::from("INTERVAL");
            if let Some(fields) = &args.fields {
                text.push_str(&format!(" {fields}"));
            }
            if let Some(p) = args.precision {
                text.push_str(&format!(" ({p})"));
            }
            text
        }
        K::LargeBinary | K::BYTEA => "BYTEA".into(),
        K::JSONIntIndexType => "INT".into(),
        K::JSONStrIndexType => "TEXT".into(),
        K::JSONPathType => "JSONPATH".into(),
        K::Uuid if args.native_uuid == Some(false) => return Ok(None),
        K::Uuid | K::UUID => "UUID".into(),
        K::Enum | K::ENUM => postgresql_enum(ty, args, dialect)?,
        K::ARRAY => {
            let item = args.item.clone().unwrap_or_else(Type::null);
            let dimensions = usize::try_from(args.dimensions.unwrap_or(1)).unwrap_or(1);
            format!("{}{}", type_text(&item, dialect)?, "[]".repeat(dimensions))
        }
        K::BIT if args.is_mysql() => {
            return Err(Error::attribute("'BIT' object has no attribute 'varying'"));
        }
        K::BIT => match (args.varying, args.length) {
            (true, Some(n)) => format!("BIT VARYING({n})"),
            (true, None) => "BIT VARYING".into(),
            (false, n) => format!("BIT({})", n.unwrap_or(1)),
        },
        own if POSTGRESQL_OWN.contains(&own) => own.name().into(),
        _ => return Ok(None),
    }))
}

/// Types that PostgreSQL alone knows, spelled as their classes.
const POSTGRESQL_OWN: &[TypeKind] = &[
    TypeKind::INET,
    TypeKind::CIDR,
    TypeKind::MACADDR,
    TypeKind::MACADDR8,
    TypeKind::MONEY,
    TypeKind::OID,
    TypeKind::REGCLASS,
    TypeKind::REGCONFIG,
    TypeKind::TSVECTOR,
    TypeKind::TSQUERY,
    TypeKind::HSTORE,
    TypeKind::CITEXT,
    TypeKind::JSONPATH,
    TypeKind::INT4RANGE,
    TypeKind::INT8RANGE,
    TypeKind::NUMRANGE,
    TypeKind::DATERANGE,
    TypeKind::TSRANGE,
    TypeKind::TSTZRANGE,
    TypeKind::INT4MULTIRANGE,
    TypeKind::INT8MULTIRANGE,
    TypeKind::NUMMULTIRANGE,
    TypeKind::DATEMULTIRANGE,
    TypeKind::TSMULTIRANGE,
    TypeKind::TSTZMULTIRANGE,
];

fn postgresql_enum(ty: &Type, args: &TypeArgs, dialect: &Dialect) -> Result<String> {
    let native = args.members.as_ref().and_then(|m| m.native).unwrap_or(true);
    let quoted = |name: &std::rc::Rc<str>| dialect.quote_name(&name.clone().into());
    match (&args.name, &args.schema) {
        _ if !native => Ok(format!("VARCHAR({})", enum_length(args))),
        (Some(name), Some(schema)) => Ok(format!("{}.{}", quoted(schema), quoted(name))),
        (Some(name), None) => Ok(quoted(name)),
        (None, _) => {
            let word = ty.kind().name();
            Err(Error::compile(format!("PostgreSQL {word} type requires a name.")))
        }
    }
}

/// `ENUM('a','b')` and `SET('a','b')`
fn mysql_enum(ty: &Type, args: &TypeArgs) -> Option<String> {
    let members = args.members.as_ref();
    if !members.and_then(|m| m.native).unwrap_or(true) {
        return None;
    }
    let names = members.map(|m| m.names.as_slice()).unwrap_or_default();
    let list: Vec<String> =
        names.iter().map(|name| format!("'{}'", name.replace('\'', "''"))).collect();
    let word = if ty.kind() == TypeKind::SET { "SET" } else { "ENUM" };
    // A length is that of the text which stands in for it elsewhere.
    let args = TypeArgs { length: None, ..args.clone() };
    Some(charset(&format!("{word}({})", list.join(",")), &args))
}

fn mysql(ty: &Type, args: &TypeArgs, dialect: &Dialect) -> Result<Option<String>> {
    use TypeKind as K;
    let number = |name: String| {
        let mut text = name;
        if args.unsigned {
            text.push_str(" UNSIGNED");
        }
        if args.zerofill {
            text.push_str(" ZEROFILL");
        }
        text
    };
    let width = |name: &str| match args.display_width {
        Some(n) => number(format!("{name}({n})")),
        None => number(name.to_owned()),
    };
    let fsp = |name: &str| match args.fsp {
        Some(n) => format!("{name}({n})"),
        None => name.to_owned(),
    };
    Ok(Some(match ty.kind() {
        K::Integer | K::INTEGER => width("INTEGER"),
        K::SmallInteger | K::SMALLINT => width("SMALLINT"),
        K::BigInteger | K::BIGINT => width("BIGINT"),
        K::TINYINT => width("TINYINT"),
        K::MEDIUMINT => width("MEDIUMINT"),
        K::Numeric | K::NUMERIC => number(numeric("NUMERIC", args)),
        K::DECIMAL => number(numeric("DECIMAL", args)),
        K::Float | K::FLOAT => match (args.precision, args.scale) {
            (Some(p), Some(s)) => number(format!("FLOAT({p}, {s})")),
            (Some(p), None) => number(format!("FLOAT({p})")),
            _ => number("FLOAT".into()),
        },
        K::Double | K::DOUBLE => match (args.precision, args.scale) {
            (Some(p), Some(s)) => number(format!("DOUBLE({p}, {s})")),
            _ => number("DOUBLE".into()),
        },
        K::REAL => match (args.precision, args.scale) {
            (Some(p), Some(s)) => number(format!("REAL({p}, {s})")),
            _ => number("REAL".into()),
        },
        K::String | K::Unicode | K::VARCHAR if args.length.is_none() => {
            return Err(Error::compile(
                "VARCHAR requires a length on dialect ".to_owned() + dialect.name(),
            ));
        }
        K::String | K::Unicode | K::VARCHAR | K::CHAR | K::Text | K::UnicodeText | K::TEXT => {
            let name = match ty.kind() {
                K::CHAR => "CHAR",
                K::Text | K::UnicodeText | K::TEXT => "TEXT",
                _ => "VARCHAR",
            };
            charset(name, args)
        }
        K::NVARCHAR => charset("NATIONAL VARCHAR", args),
        K::NCHAR => charset("NATIONAL CHAR", args),
        K::TINYTEXT | K::MEDIUMTEXT | K::LONGTEXT => charset(ty.kind().name(), args),
        K::TINYBLOB | K::MEDIUMBLOB | K::LONGBLOB => ty.kind().name().into(),
        K::Boolean | K::BOOLEAN => "BOOL".into(),
        K::DateTime | K::DATETIME => fsp("DATETIME"),
        K::TIMESTAMP => fsp("TIMESTAMP"),
        K::Time | K::TIME => fsp("TIME"),
        K::YEAR => width("YEAR"),
        K::LargeBinary | K::BLOB => match args.length {
            Some(n) => format!("BLOB({n})"),
            None => "BLOB".into(),
        },
        K::Uuid if args.native_uuid == Some(false) => return Ok(None),
        K::Uuid | K::UUID if dialect.caps().native_uuid => "UUID".into(),
        K::Enum | K::ENUM | K::SET => return Ok(mysql_enum(ty, args)),
        K::BIT => match args.length {
            Some(n) => format!("BIT({n})"),
            None if args.is_mysql() => "BIT".into(),
            None => "BIT(1)".into(),
        },
        _ => return Ok(None),
    }))
}

fn charset(name: &str, args: &TypeArgs) -> String {
    let mut text = name.to_owned();
    if let Some(length) = args.length {
        text.push_str(&format!("({length})"));
    }
    if let Some(charset) = &args.charset {
        text.push_str(&format!(" CHARACTER SET {charset}"));
    }
    if let Some(collation) = &args.collation {
        text.push_str(&format!(" COLLATE {collation}"));
    }
    text
}
