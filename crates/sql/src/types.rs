//! Column types: what SQL they are, how values go in and come out, how Python prints them.

mod ddl;
mod kind;
pub(crate) mod literal;
mod operate;
mod process;
mod temporal;

use std::fmt;
use std::rc::Rc;

pub use self::kind::{Affinity, TypeKind};
pub use self::process::Processor;

use crate::dialect::{Dialect, Family};
use crate::error::Result;
use crate::expr::{Expr, Op};
use crate::value::Value;

/// A column type. Two words, cheap to clone; arguments are shared.
#[derive(Clone)]
pub struct Type {
    kind: TypeKind,
    args: Option<Rc<TypeArgs>>,
}

/// The arguments a type was made with. Only those that the kind knows have a meaning.
#[derive(Clone, Default)]
pub struct TypeArgs {
    /// Length of a string or binary type.
    pub length: Option<i64>,
    /// Collation of a string type.
    pub collation: Option<Rc<str>>,
    /// Precision of a number, interval or time.
    pub precision: Option<i64>,
    /// Scale of a number.
    pub scale: Option<i64>,
    /// Whether a number comes back as `Decimal`; `None` is the kind's own choice.
    pub asdecimal: Option<bool>,
    /// Digits after the point of a `Decimal` made from a float.
    pub decimal_return_scale: Option<i64>,
    /// The family whose own class it is, among those of its name.
    pub own: Option<Family>,
    /// Whether a string is `NATIONAL`.
    pub national: bool,
    /// Whether `BIT` of PostgreSQL varies.
    pub varying: bool,
    /// Whether `Uuid` uses a backend's own type; `None` is yes.
    pub native_uuid: Option<bool>,
    /// Whether `Interval` uses a backend's own type; `None` is yes.
    pub native_interval: Option<bool>,
    /// Whether a time carries its zone.
    pub timezone: bool,
    /// Whether `Uuid` takes and gives `uuid.UUID`; `None` is yes.
    pub as_uuid: Option<bool>,
    /// Whether `JSON` stores `None` as SQL NULL.
    pub none_as_null: bool,
    /// The item of an `ARRAY`, the impl of a variant.
    pub item: Option<Type>,
    /// Number of dimensions of an `ARRAY`.
    pub dimensions: Option<i64>,
    /// MySQL's `UNSIGNED`.
    pub unsigned: bool,
    /// MySQL's `ZEROFILL`.
    pub zerofill: bool,
    /// MySQL's display width.
    pub display_width: Option<i64>,
    /// MySQL's `CHARACTER SET`.
    pub charset: Option<Rc<str>>,
    /// MySQL's fractional seconds.
    pub fsp: Option<i64>,
    /// Oracle's precision of floats, in bits.
    pub binary_precision: Option<i64>,
    /// Oracle's digits of an interval's days.
    pub day_precision: Option<i64>,
    /// Oracle's `TIMESTAMP WITH LOCAL TIME ZONE`.
    pub local_timezone: bool,
    /// PostgreSQL's interval fields, such as `YEAR TO MONTH`.
    pub fields: Option<Rc<str>>,
    /// Name of a Boolean's or Enum's constraint or type.
    pub name: Option<Rc<str>>,
    /// Schema of a named type.
    pub schema: Option<Rc<str>>,
    /// Whether a Boolean or Enum makes a CHECK constraint.
    pub create_constraint: bool,
    /// The members of an `Enum`.
    pub members: Option<EnumMembers>,
    /// Types that replace this one on a dialect, by its name.
    pub variants: Vec<(Rc<str>, Type)>,
    /// The script's `TypeDecorator`.
    pub decorator: Option<Rc<dyn TypeDecorator>>,
    /// The script's `UserDefinedType`, drawn by its `get_col_spec`.
    pub codec: Option<Rc<dyn JsonCodec>>,
    /// Item types of a tuple.
    pub items: Vec<Type>,
}

/// What an `Enum` type may hold.
#[derive(Clone, Default)]
pub struct EnumMembers {
    /// Names as stored.
    pub names: Vec<Rc<str>>,
    /// The objects they stand for, one for each name.
    pub values: Vec<Value>,
    /// The class of a Python enum; `None` for plain strings.
    pub class_name: Option<Rc<str>>,
    /// Whether a PostgreSQL or MySQL enum is used; `None` is yes.
    pub native: Option<bool>,
    /// Whether unknown strings are errors.
    pub validate_strings: bool,
}

/// A script's subclass of `TypeDecorator`.
pub trait TypeDecorator {
    /// The Python class name.
    fn type_name(&self) -> Rc<str>;
    /// Python's `repr()`.
    fn repr(&self) -> String;
    /// The type it wraps.
    fn impl_type(&self) -> Type;
    /// Another impl for one dialect, `load_dialect_impl`.
    fn load_dialect_impl(&self, _dialect: &Dialect) -> Result<Option<Type>> {
        Ok(None)
    }
    /// Whether `process_bind_param` is there.
    fn has_bind(&self) -> bool;
    /// Whether `process_result_value` is there.
    fn has_result(&self) -> bool;
    /// `process_bind_param`
    fn process_bind_param(&self, value: &Value, dialect: &Dialect) -> Result<Value>;
    /// `process_result_value`
    fn process_result_value(&self, value: Value, dialect: &Dialect) -> Result<Value>;
    /// `process_literal_param`, when it is there.
    fn process_literal_param(&self, _value: &Value, _dialect: &Dialect) -> Result<Option<Value>> {
        Ok(None)
    }
    /// `coerce_compared_value`; `None` keeps this type.
    fn coerce_compared_value(&self, _op: &Op, _value: &Value) -> Result<Option<Type>> {
        Ok(None)
    }
    /// `bind_expression`
    fn bind_expression(&self, _bind: &Expr) -> Result<Option<Expr>> {
        Ok(None)
    }
    /// `column_expression`
    fn column_expression(&self, _column: &Expr) -> Result<Option<Expr>> {
        Ok(None)
    }
    /// Whether statements that hold it may be cached.
    fn cache_ok(&self) -> bool {
        true
    }
    /// Identity for caching: the same for equal class and arguments.
    fn identity(&self) -> usize;
    /// The concrete value, for the side that made it.
    fn as_any(&self) -> Option<&dyn std::any::Any> {
        None
    }
    /// `get_col_spec` of a `UserDefinedType`, which has no impl.
    fn col_spec(&self) -> Result<Option<String>> {
        Ok(None)
    }
}

/// How the script's values become JSON text and come back.
pub trait JsonCodec {
    /// `json.dumps`
    fn dumps(&self, value: &Value) -> Result<String>;
    /// `json.loads`
    fn loads(&self, text: &str) -> Result<Value>;
}

macro_rules! plain {
    ($($name:ident => $kind:ident),* $(,)?) => {
        $(
            #[doc = concat!("`", stringify!($kind), "()`")]
            pub const fn $name() -> Self {
                Self { kind: TypeKind::$kind, args: None }
            }
        )*
    };
}

impl Type {
    plain! {
        null => NullType, integer => Integer, small_integer => SmallInteger, big_integer => BigInteger,
        string => String, text => Text, unicode => Unicode, boolean => Boolean, float => Float,
        numeric => Numeric, date => Date, time => Time, datetime => DateTime, interval => Interval,
        large_binary => LargeBinary, json => JSON, uuid => Uuid, match_type => MatchType,
        double => Double, tuple => TupleType, table_value => TableValueType,
    }

    /// A type of this kind without arguments.
    pub const fn of(kind: TypeKind) -> Self {
        Self { kind, args: None }
    }

    /// A type with arguments.
    pub fn with(kind: TypeKind, args: TypeArgs) -> Self {
        Self { kind, args: Some(Rc::new(args)) }
    }

    /// `String(length)`
    pub fn string_of(length: i64) -> Self {
        Self::with(TypeKind::String, TypeArgs { length: Some(length), ..TypeArgs::default() })
    }

    /// `Numeric(precision, scale)`
    pub fn numeric_of(precision: i64, scale: i64) -> Self {
        let args =
            TypeArgs { precision: Some(precision), scale: Some(scale), ..TypeArgs::default() };
        Self::with(TypeKind::Numeric, args)
    }

    /// The script's `TypeDecorator` as a type.
    pub fn decorated(decorator: Rc<dyn TypeDecorator>) -> Self {
        let args = TypeArgs { decorator: Some(decorator), ..TypeArgs::default() };
        Self::with(TypeKind::TypeDecorator, args)
    }

    /// The class of the type.
    pub fn kind(&self) -> TypeKind {
        self.kind
    }

    /// The arguments, when there are any.
    pub fn args(&self) -> Option<&TypeArgs> {
        self.args.as_deref()
    }

    /// The arguments, or the defaults.
    pub(crate) fn args_or_default(&self) -> TypeArgs {
        self.args.as_deref().cloned().unwrap_or_default()
    }

    /// The same type with an argument changed.
    pub fn altered(&self, change: impl FnOnce(&mut TypeArgs)) -> Self {
        let mut args = self.args_or_default();
        change(&mut args);
        Self::with(self.kind, args)
    }

    /// Whether an INSERT writes `None` that was set, as JSON's `null`, instead of leaving it out.
    pub fn evaluates_none(&self) -> bool {
        let args = self.args();
        self.decorator().is_none()
            && self.kind.affinity() == Affinity::Json
            && !args.is_some_and(|args| args.none_as_null)
    }

    /// Where its arguments are: the same for clones of one type, as long as one is alive.
    pub fn address(&self) -> Option<usize> {
        self.args.as_ref().map(|args| Rc::as_ptr(args).addr())
    }

    /// `with_variant(type, *dialect_names)`
    pub fn with_variant(&self, other: &Type, dialects: &[&str]) -> Result<Self> {
        let mut args = self.args_or_default();
        for name in dialects {
            if args.variants.iter().any(|(known, _)| &**known == *name) {
                return Err(crate::Error::argument(format!(
                    "Dialect {} is already present in the mapping for this {}",
                    crate::repr::string(name),
                    self.python_repr()
                )));
            }
            args.variants.push(((*name).into(), other.clone()));
        }
        Ok(Self::with(self.kind, args))
    }

    /// Whether UUIDs of this type pass as such to that backend.
    pub(crate) fn is_native_uuid(&self, dialect: &Dialect) -> bool {
        dialect.family() == Family::Postgresql
            && self.args().and_then(|args| args.native_uuid).unwrap_or(true)
    }

    /// Whether durations of this type pass as such to that backend.
    pub(crate) fn is_native_interval(&self, dialect: &Dialect) -> bool {
        dialect.caps().native_interval
            && self.args().and_then(|args| args.native_interval).unwrap_or(true)
    }

    /// Whether this is `NullType`.
    pub fn is_null(&self) -> bool {
        self.kind == TypeKind::NullType
    }

    /// The group of types this one behaves as.
    pub fn affinity(&self) -> Affinity {
        match self.decorator() {
            Some(decorator) => decorator.impl_type().affinity(),
            // Oracle's one number is whole unless it has digits after the point.
            None if self.kind == TypeKind::NUMBER
                && self.args().and_then(|args| args.scale).is_some_and(|scale| scale > 0) =>
            {
                Affinity::Numeric
            }
            None => self.kind.affinity(),
        }
    }

    /// The script's decorator, if this is one.
    pub fn decorator(&self) -> Option<&Rc<dyn TypeDecorator>> {
        self.args().and_then(|args| args.decorator.as_ref())
    }

    /// The members of an `Enum`.
    pub fn enum_members(&self) -> Option<&EnumMembers> {
        self.args().and_then(|args| args.members.as_ref())
    }

    /// The type this one is on a dialect: its variant, or itself.
    pub fn on<'a>(&'a self, dialect: &Dialect) -> &'a Self {
        let Some(args) = self.args() else { return self };
        let found = args.variants.iter().find(|(name, _)| **name == *dialect.name());
        found.map_or(self, |(_, other)| other)
    }

    /// Python's `repr()`: `String(length=50)`.
    pub fn python_repr(&self) -> String {
        self.kind.repr(self.args())
    }

    /// The SQL spelling on a dialect, such as `VARCHAR(50)`.
    pub fn ddl(&self, dialect: &Dialect) -> Result<String> {
        ddl::type_text(self, dialect)
    }

    /// What must happen to a value on its way in; `None` when nothing.
    pub fn bind_processor(&self, dialect: &Dialect) -> Result<Option<Processor>> {
        process::bind_processor(self, dialect)
    }

    /// What must happen to a value on its way out; `None` when nothing.
    pub fn result_processor(&self, dialect: &Dialect) -> Result<Option<Processor>> {
        process::result_processor(self, dialect)
    }

    /// Whether values pass unchanged both ways.
    pub fn is_identity(&self, dialect: &Dialect) -> bool {
        matches!(self.bind_processor(dialect), Ok(None))
            && matches!(self.result_processor(dialect), Ok(None))
    }

    /// A value on its way in.
    pub fn bind(&self, value: &Value, dialect: &Dialect) -> Result<Value> {
        match self.bind_processor(dialect)? {
            Some(processor) => processor.bind(value, dialect),
            None => Ok(value.clone()),
        }
    }

    /// A value on its way out.
    pub fn result(&self, value: Value, dialect: &Dialect) -> Result<Value> {
        match self.result_processor(dialect)? {
            Some(processor) => processor.result(value, dialect),
            None => Ok(value),
        }
    }

    /// The value written into the SQL text, for `literal_binds`.
    pub fn literal(&self, value: &Value, dialect: &Dialect) -> Result<Option<String>> {
        literal::literal(self, value, dialect)
    }

    /// The type of a plain Python value; `NullType` when there is none.
    pub fn for_value(value: &Value) -> Self {
        operate::type_of_value(value)
    }

    /// The type a value compared with this type is bound as.
    pub fn coerce_compared_value(&self, op: &Op, value: &Value) -> Result<Self> {
        operate::coerce_compared_value(self, op, value)
    }

    /// The operator and type of `self op other`.
    pub fn adapt_operator(&self, op: &Op, other: &Type) -> (Op, Type) {
        operate::adapt_operator(self, op, other)
    }

    /// Whether two types are of one group.
    pub fn same_affinity(&self, other: &Type) -> bool {
        self.affinity() == other.affinity()
            || (self.kind == TypeKind::Enum && other.affinity() == Affinity::String)
    }

    /// Whether statements holding this type may share a cache entry: same class, same arguments.
    pub fn same_for_cache(&self, other: &Type) -> bool {
        if self.kind != other.kind {
            return false;
        }
        match (&self.args, &other.args) {
            (None, None) => true,
            (Some(a), Some(b)) => Rc::ptr_eq(a, b) || a.same(b),
            _ => false,
        }
    }
}

impl TypeArgs {
    /// Whether the class is MySQL's own.
    pub(crate) fn is_mysql(&self) -> bool {
        self.own == Some(Family::Mysql)
    }

    /// Structural equality, identity for members and decorators.
    fn same(&self, other: &Self) -> bool {
        let decorators = match (&self.decorator, &other.decorator) {
            (None, None) => true,
            (Some(a), Some(b)) => a.cache_ok() && b.cache_ok() && a.identity() == b.identity(),
            _ => false,
        };
        let members = match (&self.members, &other.members) {
            (None, None) => true,
            (Some(a), Some(b)) => a.names == b.names && a.class_name == b.class_name,
            _ => false,
        };
        let items = match (&self.item, &other.item) {
            (None, None) => true,
            (Some(a), Some(b)) => a.same_for_cache(b),
            _ => false,
        };
        decorators
            && members
            && items
            && self.variants.is_empty()
            && other.variants.is_empty()
            && (self.length, self.precision, self.scale, self.asdecimal)
                == (other.length, other.precision, other.scale, other.asdecimal)
            && (self.timezone, self.as_uuid, self.none_as_null, self.decimal_return_scale)
                == (other.timezone, other.as_uuid, other.none_as_null, other.decimal_return_scale)
            && (self.own, self.varying, self.native_uuid, self.native_interval)
                == (other.own, other.varying, other.native_uuid, other.native_interval)
            && (self.unsigned, self.zerofill, self.display_width, self.fsp, self.dimensions)
                == (
                    other.unsigned,
                    other.zerofill,
                    other.display_width,
                    other.fsp,
                    other.dimensions,
                )
            && (self.binary_precision, self.day_precision, self.local_timezone)
                == (other.binary_precision, other.day_precision, other.local_timezone)
            && (&self.collation, &self.charset, &self.name, &self.schema, &self.fields)
                == (&other.collation, &other.charset, &other.name, &other.schema, &other.fields)
    }
}

impl fmt::Debug for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.python_repr())
    }
}

impl fmt::Debug for TypeArgs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TypeArgs").finish_non_exhaustive()
    }
}

impl fmt::Debug for EnumMembers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnumMembers").field("names", &self.names).finish_non_exhaustive()
    }
}
