//! SQL expressions: a closed tree behind cheap handles.
//!
//! An [`Expr`] is one shared node. Building never fails late: what SQLAlchemy coerces, groups or
//! refuses while an expression is written is coerced, grouped or refused here, so that compiling
//! only prints.

mod bind;
mod build;
mod cast;
mod construct;
mod function;
mod label;
mod list;
mod op;
mod operand;
mod walk;

use std::fmt;
use std::rc::Rc;

pub use self::bind::{Bind, BindName, BindValue};
pub use self::cast::CastKind;
pub(crate) use self::function::is_ansi;
pub use self::function::{Frame, FrameBound, FrameKind, Function, Over};
pub use self::label::{Label, LabelName};
pub use self::list::{ListClass, and_, not_, or_, tuple};
pub use self::op::{CustomOp, Op};
pub use self::operand::{InOperand, IntoExpr, Operand};
pub(crate) use self::walk::{columns, froms};

use crate::from::FromClause;
use crate::name::Name;
use crate::schema::{Column, Sequence, Table};
use crate::select::Query;
use crate::text::TextClause;
use crate::types::Type;

/// A handle on one expression.
#[derive(Clone)]
pub struct Expr(Rc<Node>);

/// What an expression is, and its type.
struct Node {
    kind: Kind,
    ty: Type,
}

/// The kinds of expressions.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A column of a table or other FROM object, or a free one.
    Column(ColumnRef),
    /// A bound parameter.
    Bind(Bind),
    /// `NULL`
    Null,
    /// `true`
    True,
    /// `false`
    False,
    /// Text of the user.
    Text(TextClause),
    /// A prefix operator.
    Unary(Op, Expr),
    /// A postfix of ORDER BY.
    Modifier(Op, Expr),
    /// A column used as a condition: `IsTrue` or `IsFalse`.
    AsBoolean(Op, Expr),
    /// `left op right`
    Binary(Binary),
    /// Several expressions joined by one operator.
    List(List),
    /// Parentheses.
    Grouping(Expr),
    /// `element AS name`
    Label(Label),
    /// An ORDER BY or GROUP BY item that may be printed as the name of a label.
    LabelReference(Expr),
    /// The same, given as a string.
    TextualLabel(Rc<str>),
    /// `CASE`
    Case(Case),
    /// `CAST`, `TRY_CAST` or a type that only Python sees.
    Cast(CastKind, Expr),
    /// `EXTRACT(field FROM expr)`
    Extract(Rc<str>, Expr),
    /// The name after `COLLATE`.
    Collation(Name),
    /// A function call.
    Function(Function),
    /// A window.
    Over(Box<Over>),
    /// `WITHIN GROUP (ORDER BY …)`
    WithinGroup(Expr, Vec<Expr>),
    /// Aggregate arguments in order.
    AggregateOrderBy(Expr, Vec<Expr>),
    /// `FILTER (WHERE …)`
    Filter(Expr, Expr),
    /// A SELECT as a value.
    Scalar(Query),
    /// A SELECT on the right of IN, or inside EXISTS.
    Subselect(Query),
    /// `ARRAY[…]` of PostgreSQL.
    Array(Vec<Expr>),
    /// `[start:stop]`
    Slice(Option<Expr>, Option<Expr>, Option<Expr>),
    /// The next value of a sequence.
    NextValue(Sequence),
    /// A FROM object used as a value: a whole row, or the sole column of a function.
    FromValue(FromClause),
    /// `(f(…)).name`: a field of what a function returns.
    Field(Expr, Name),
}

/// `left op right`
#[derive(Clone, Debug)]
pub struct Binary {
    /// Left operand, grouped.
    pub left: Expr,
    /// Operator.
    pub op: Op,
    /// Right operand, grouped.
    pub right: Expr,
    /// The operator of the negated expression.
    pub negate: Option<Op>,
    /// What else the operator was given.
    pub modifiers: Modifiers,
}

/// What an operator was given beside its operands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Modifiers {
    /// `ESCAPE` of the LIKE family.
    pub escape: Option<Rc<str>>,
    /// Flags of a regular expression.
    pub flags: Option<Rc<str>>,
    /// `BETWEEN SYMMETRIC`
    pub symmetric: bool,
    /// Options of a dialect's MATCH, such as `mysql_boolean_mode`.
    pub options: Vec<(Rc<str>, bool)>,
}

/// Several expressions joined by one operator.
#[derive(Clone, Debug)]
pub struct List {
    /// The operator between them.
    pub op: Op,
    /// The expressions, grouped.
    pub items: Vec<Expr>,
    /// Whether the whole may get parentheses.
    pub group: bool,
    /// Which of SQLAlchemy's list classes this is.
    pub class: ListClass,
}

/// `CASE value WHEN … THEN … ELSE … END`
#[derive(Clone, Debug)]
pub struct Case {
    /// The value that is compared, for the short form.
    pub value: Option<Expr>,
    /// Conditions and results.
    pub whens: Vec<(Expr, Expr)>,
    /// The ELSE.
    pub otherwise: Option<Expr>,
}

/// A column inside an expression.
#[derive(Clone, Debug)]
pub struct ColumnRef {
    /// Which column.
    pub target: ColumnTarget,
    /// What the mapping says about it; compiling ignores it but for the key.
    pub note: Option<Note>,
}

/// Which column a reference means.
#[derive(Clone, Debug)]
pub enum ColumnTarget {
    /// A column of a schema's table; the table is held so that it lives as long as the expression.
    Schema {
        /// The column.
        column: Column,
        /// Its table, when it had one.
        table: Option<Table>,
    },
    /// A column of an alias, subquery, CTE, values.
    Proxy {
        /// The FROM object.
        from: FromClause,
        /// Its position there.
        index: usize,
    },
    /// `column("x")`, `literal_column("x")`.
    Bare {
        /// The name.
        name: Name,
        /// Whether the text is printed as it is.
        literal: bool,
        /// The `table()` it belongs to.
        table: Option<FromClause>,
    },
}

/// What a mapping says about a column: whose attribute it is, and under which key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Which mapped entity, a number of the mapping's own.
    pub owner: OwnerTag,
    /// The attribute's name.
    pub key: Rc<str>,
}

/// A number by which a mapping knows its entities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OwnerTag(pub u32);

impl Expr {
    /// An expression of a kind and a type.
    pub(crate) fn new(kind: Kind, ty: Type) -> Self {
        Self(Rc::new(Node { kind, ty }))
    }

    /// What it is.
    pub fn kind(&self) -> &Kind {
        &self.0.kind
    }

    /// Its type. A column's is read when asked, since a foreign key may give it one later.
    pub fn ty(&self) -> Type {
        match &self.0.kind {
            Kind::Column(ColumnRef { target: ColumnTarget::Schema { column, .. }, .. }) => {
                column.ty()
            }
            Kind::Column(ColumnRef { target: ColumnTarget::Proxy { from, index }, .. }) => {
                from.proxy(*index).map_or_else(Type::null, |proxy| proxy.ty())
            }
            Kind::Grouping(inner) | Kind::LabelReference(inner) => inner.ty(),
            Kind::Label(label) if self.0.ty.is_null() => label.element.ty(),
            _ => self.0.ty.clone(),
        }
    }

    /// Whether both handles are on one node.
    pub fn ptr_eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// A number that is the same for handles on one node.
    pub fn id(&self) -> usize {
        Rc::as_ptr(&self.0).addr()
    }

    /// The column inside, if it is one.
    pub fn as_column(&self) -> Option<&ColumnRef> {
        match &self.0.kind {
            Kind::Column(column) => Some(column),
            _ => None,
        }
    }

    /// The schema column inside, if it is one of a table.
    pub fn schema_column(&self) -> Option<&Column> {
        match &self.0.kind {
            Kind::Column(ColumnRef { target: ColumnTarget::Schema { column, .. }, .. }) => {
                Some(column)
            }
            _ => None,
        }
    }

    /// The note of a mapping, through labels and groupings.
    pub fn note(&self) -> Option<&Note> {
        match &self.0.kind {
            Kind::Column(column) => column.note.as_ref(),
            Kind::Label(label) => label.element.note(),
            Kind::Grouping(inner) => inner.note(),
            _ => None,
        }
    }

    /// Whether two expressions are the same column of the same FROM object.
    pub fn same_column(&self, other: &Self) -> bool {
        match (&self.0.kind, &other.0.kind) {
            (Kind::Column(a), Kind::Column(b)) => a.target == b.target,
            _ => self.ptr_eq(other),
        }
    }
}

impl PartialEq for ColumnTarget {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Schema { column: a, .. }, Self::Schema { column: b, .. }) => a.ptr_eq(b),
            (Self::Proxy { from: f, index: i }, Self::Proxy { from: g, index: j }) => {
                i == j && f.ptr_eq(g)
            }
            (
                Self::Bare { name: a, literal: l, table: s },
                Self::Bare { name: b, literal: m, table: t },
            ) => {
                a == b
                    && l == m
                    && match (s, t) {
                        (None, None) => true,
                        (Some(s), Some(t)) => s.ptr_eq(t),
                        _ => false,
                    }
            }
            _ => false,
        }
    }
}

impl fmt::Debug for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.python_class())
    }
}

/// `str(expr)`: compiled for the default dialect.
impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match crate::compile::expr_to_string(self) {
            Ok(text) => f.write_str(&text),
            Err(error) => write!(f, "{error}"),
        }
    }
}
