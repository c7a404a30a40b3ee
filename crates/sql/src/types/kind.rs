//! Every type class in one table: Python name, group, and how its `repr()` lists arguments.

use super::TypeArgs;
use crate::dialect::Family;
use crate::repr;

/// The group a type behaves as when operators look for a result type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Affinity {
    /// Whole numbers
    Integer,
    /// Exact numbers
    Numeric,
    /// Floating numbers
    Float,
    /// Strings, enums among them
    String,
    /// Truth values
    Boolean,
    /// Dates
    Date,
    /// Times of day
    Time,
    /// Points in time
    DateTime,
    /// Durations
    Interval,
    /// Bytes
    Binary,
    /// JSON documents
    Json,
    /// UUIDs
    Uuid,
    /// Arrays
    Array,
    /// Tuples
    Tuple,
    /// Types that are a group of their own
    Other,
    /// The unknown type
    Null,
}

/// Which arguments `repr()` shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    None,
    String,
    Number,
    Zone,
    Binary,
    Enum,
    Json,
    Jsonb,
    Uuid,
    Boolean,
    Item,
    MyInteger,

    PgTime,
    MyText,
    PgInterval,
    Hstore,
    Bit,
    Decorator,
}

macro_rules! kinds {
    ($($name:ident $affinity:ident $shape:ident;)*) => {
        /// The class of a type: SQLAlchemy's generic and uppercase names, and those of its dialects.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[expect(non_camel_case_types, reason = "SQLAlchemy's own names")]
        pub enum TypeKind {
            $(#[doc = concat!("`", stringify!($name), "`")] $name,)*
        }

        /// Name, group and repr of each kind, in the order of the enum.
        static KINDS: &[(TypeKind, &str, Affinity, Shape)] = &[
            $((TypeKind::$name, stringify!($name), Affinity::$affinity, Shape::$shape),)*
        ];
    };
}

kinds! {
    NullType Null None;
    Integer Integer MyInteger; SmallInteger Integer MyInteger; BigInteger Integer MyInteger;
    INTEGER Integer MyInteger; SMALLINT Integer MyInteger; BIGINT Integer MyInteger;
    String String String; Text String String; Unicode String String; UnicodeText String String;
    VARCHAR String String; CHAR String String; NVARCHAR String String; NCHAR String String;
    TEXT String String; CLOB String String;
    Boolean Boolean Boolean; BOOLEAN Boolean Boolean; MatchType Boolean None;
    Float Float Number; FLOAT Float Number; REAL Float Number; Double Float Number;
    DOUBLE Float Number; DOUBLE_PRECISION Float Number;
    Numeric Numeric Number; NUMERIC Numeric Number; DECIMAL Numeric Number;
    Date Date None; DATE Date None; Time Time Zone; TIME Time PgTime;
    DateTime DateTime Zone; DATETIME DateTime Zone; TIMESTAMP DateTime PgTime;
    Interval Interval None; INTERVAL Interval PgInterval;
    LargeBinary Binary Binary; BLOB Binary Binary; BINARY Binary Binary; VARBINARY Binary Binary;
    Enum String Enum; JSON Json Json; Uuid Uuid Uuid; UUID Uuid Uuid;
    ARRAY Array Item; TupleType Tuple None; TableValueType Other None;
    TypeDecorator Null Decorator;
    JSONB Json Jsonb; BYTEA Binary Binary; INET Other None; CIDR Other None; MACADDR Other None;
    MONEY Other None; OID Other None; REGCLASS Other None; TSVECTOR Other None; TSQUERY Other None;
    HSTORE Other Hstore; BIT Other Bit; CITEXT Other None; INT4RANGE Other None; INT8RANGE Other None;
    NUMRANGE Other None; DATERANGE Other None; TSRANGE Other None; TSTZRANGE Other None;
    ENUM String Enum; JSONIntIndexType Other None; JSONStrIndexType Other None;
    JSONPathType Other None; JSONPATH Other None; MACADDR8 Other None; REGCONFIG Other None;
    INT4MULTIRANGE Other None; INT8MULTIRANGE Other None; NUMMULTIRANGE Other None;
    DATEMULTIRANGE Other None; TSMULTIRANGE Other None; TSTZMULTIRANGE Other None;
    TINYINT Integer MyInteger; MEDIUMINT Integer MyInteger; YEAR Other MyInteger; SET Other Enum;
    TINYTEXT String MyText; MEDIUMTEXT String MyText; LONGTEXT String MyText;
    NUMBER Integer Number; VARCHAR2 String String; NCLOB String String; LONG String String;
    RAW Binary Binary; BFILE Binary Binary; ROWID Other None;
    BINARY_DOUBLE Float Number; BINARY_FLOAT Float Number;
    TINYBLOB Binary None; MEDIUMBLOB Binary None; LONGBLOB Binary None;
}

impl TypeKind {
    fn row(self) -> (&'static str, Affinity, Shape) {
        // The table is written in the enum's order by the same macro.
        let found = KINDS.get(self as usize);
        found.map_or(("NullType", Affinity::Null, Shape::None), |row| (row.1, row.2, row.3))
    }

    /// The Python class name.
    pub fn name(self) -> &'static str {
        self.row().0
    }

    /// The kind of that Python class name.
    pub fn from_name(name: &str) -> Option<Self> {
        KINDS.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    /// The group it behaves as.
    pub fn affinity(self) -> Affinity {
        self.row().1
    }

    /// Python's `repr()` with these arguments.
    pub(super) fn repr(self, args: Option<&TypeArgs>) -> String {
        let (name, _, shape) = self.row();
        let default = TypeArgs::default();
        let args = args.unwrap_or(&default);
        if shape == Shape::Decorator {
            return args.decorator.as_ref().map_or_else(String::new, |d| d.repr());
        }
        let mut list = Arguments::default();
        shape.fill(args, &mut list);
        if args.is_mysql() && args.asdecimal.is_none() && matches!(self, Self::DOUBLE | Self::REAL)
        {
            list.0.push("asdecimal=True".into());
        }
        format!("{name}({})", list.0.join(", "))
    }
}

/// The arguments of a `repr()`, collected in order.
#[derive(Default)]
struct Arguments(Vec<String>);

impl Arguments {
    fn number(&mut self, name: &str, value: Option<i64>) {
        if let Some(value) = value {
            self.0.push(format!("{name}={value}"));
        }
    }

    fn text(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.0.push(format!("{name}={}", repr::string(value)));
        }
    }

    fn flag(&mut self, name: &str, value: bool, default: bool) {
        if value != default {
            self.0.push(format!("{name}={}", if value { "True" } else { "False" }));
        }
    }
}

impl Shape {
    fn fill(self, args: &TypeArgs, list: &mut Arguments) {
        match self {
            Self::None | Self::Decorator => {}
            Self::String | Self::MyText if args.is_mysql() => {
                list.text("charset", args.charset.as_deref());
                list.text("collation", args.collation.as_deref());
                list.flag("national", args.national, false);
                list.number("length", args.length);
            }
            Self::String | Self::MyText => {
                list.number("length", args.length);
                list.text("collation", args.collation.as_deref());
            }
            Self::Number => {
                list.flag("unsigned", args.unsigned, false);
                list.flag("zerofill", args.zerofill, false);
                list.number("binary_precision", args.binary_precision);
                list.number("precision", args.precision);
                list.number("scale", args.scale);
                if let Some(asdecimal) = args.asdecimal {
                    list.flag("asdecimal", asdecimal, !asdecimal);
                }
                list.number("decimal_return_scale", args.decimal_return_scale);
            }
            Self::Zone => {
                list.flag("timezone", args.timezone, false);
                list.number("fsp", args.fsp);
            }
            Self::PgTime => {
                list.flag("timezone", args.timezone, false);
                list.flag("local_timezone", args.local_timezone, false);
                list.text("fields", args.fields.as_deref());
                list.number("precision", args.precision);
                list.number("fsp", args.fsp);
            }
            Self::Binary => list.number("length", args.length),
            Self::Enum => fill_enum(args, list),
            Self::Json => {
                list.flag("none_as_null", args.none_as_null, false);
                if args.own.is_some() {
                    list.0.push("astext_type=Text()".into());
                }
            }
            Self::Jsonb => {
                list.flag("none_as_null", args.none_as_null, false);
                list.0.push("astext_type=Text()".into());
            }
            Self::Uuid => {
                list.flag("as_uuid", args.as_uuid.unwrap_or(true), true);
                list.flag("native_uuid", args.native_uuid.unwrap_or(true), true);
            }
            Self::Boolean => {
                list.flag("create_constraint", args.create_constraint, false);
                list.text("name", args.name.as_deref());
            }
            Self::Item => {
                if let Some(item) = &args.item {
                    list.0.push(item.python_repr());
                }
                list.number("dimensions", args.dimensions);
            }
            Self::MyInteger => {
                list.number("display_width", args.display_width);
                list.flag("unsigned", args.unsigned, false);
                list.flag("zerofill", args.zerofill, false);
            }
            Self::PgInterval if args.own == Some(Family::Oracle) => {
                list.number("day_precision", args.day_precision);
                list.number("second_precision", args.precision);
            }
            Self::PgInterval => {
                list.number("precision", args.precision);
                list.text("fields", args.fields.as_deref());
            }
            Self::Hstore => list.0.push("text_type=Text()".into()),
            Self::Bit => {
                let default = if args.is_mysql() { None } else { Some(1) };
                list.number("length", args.length.or(default));
                list.flag("varying", args.varying, false);
            }
        }
    }
}

fn fill_enum(args: &TypeArgs, list: &mut Arguments) {
    if let Some(members) = &args.members {
        list.0.extend(members.names.iter().map(|name| repr::string(name)));
        list.text("name", args.name.as_deref());
        list.text("schema", args.schema.as_deref());
        list.text("charset", args.charset.as_deref());
        list.text("collation", args.collation.as_deref());
        list.flag("native_enum", members.native.unwrap_or(true), true);
        list.flag("create_constraint", args.create_constraint, false);
        let longest = members.names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
        list.number("length", args.length.filter(|length| usize::try_from(*length) != Ok(longest)));
    }
}
