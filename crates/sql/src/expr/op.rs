//! Operators: their SQL, how tightly they bind, what negates them.

use std::rc::Rc;

use crate::types::Type;

/// An operator of the expression language.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "each is the operator of that name in sqlalchemy.sql.operators")]
pub enum Op {
    And,
    Or,
    Inv,
    IsTrue,
    IsFalse,
    Add,
    Sub,
    Mul,
    TrueDiv,
    FloorDiv,
    Mod,
    Neg,
    Lt,
    Le,
    Ne,
    Gt,
    Ge,
    Eq,
    Is,
    IsNot,
    IsDistinct,
    IsNotDistinct,
    Concat,
    Match,
    NotMatch,
    In,
    NotIn,
    Between,
    NotBetween,
    Like,
    NotLike,
    ILike,
    NotILike,
    StartsWith,
    NotStartsWith,
    EndsWith,
    NotEndsWith,
    Contains,
    NotContains,
    IStartsWith,
    NotIStartsWith,
    IEndsWith,
    NotIEndsWith,
    IContains,
    NotIContains,
    RegexpMatch,
    NotRegexpMatch,
    RegexpReplace,
    Comma,
    From,
    As,
    Collate,
    Exists,
    Distinct,
    Any,
    All,
    Desc,
    Asc,
    NullsFirst,
    NullsLast,
    BitXor,
    BitOr,
    BitAnd,
    BitNot,
    LShift,
    RShift,
    GetItem,
    JsonGetItem,
    JsonPathGetItem,
    Filter,
    FunctionAsComparison,
    Custom(Rc<CustomOp>),
}

/// An operator of the user, made by `op()` or `bool_op()`.
#[derive(Clone, Debug)]
pub struct CustomOp {
    /// The SQL text.
    pub text: Rc<str>,
    /// How tightly it binds; nought binds least.
    pub precedence: i32,
    /// Whether the result is a truth value.
    pub is_comparison: bool,
    /// The type of the result.
    pub return_type: Option<Type>,
    /// Whether `(a op b) op c` needs no parentheses.
    pub natural_self_precedent: bool,
    /// Whether it stands in parentheses inside any other operator.
    pub eager_grouping: bool,
}

impl PartialEq for CustomOp {
    fn eq(&self, other: &Self) -> bool {
        (&self.text, self.precedence, self.is_comparison)
            == (&other.text, other.precedence, other.is_comparison)
    }
}

impl Op {
    /// A number for each operator, for cache keys.
    pub(crate) fn code(&self) -> u64 {
        use std::hash::{Hash as _, Hasher as _};
        let mut hasher = rustc_hash::FxHasher::default();
        std::mem::discriminant(self).hash(&mut hasher);
        hasher.finish()
    }

    /// The SQL text with its spaces, for operators that have just one.
    pub fn sql(&self) -> Option<&'static str> {
        Some(match self {
            Self::And => " AND ",
            Self::Or => " OR ",
            Self::Inv => "NOT ",
            Self::Add => " + ",
            Self::Sub => " - ",
            Self::Mul => " * ",
            Self::Mod => " % ",
            Self::Neg => "-",
            Self::Lt => " < ",
            Self::Le => " <= ",
            Self::Ne => " != ",
            Self::Gt => " > ",
            Self::Ge => " >= ",
            Self::Eq => " = ",
            Self::Is => " IS ",
            Self::IsNot => " IS NOT ",
            Self::IsDistinct => " IS DISTINCT FROM ",
            Self::IsNotDistinct => " IS NOT DISTINCT FROM ",
            Self::Concat => " || ",
            Self::Match => " MATCH ",
            Self::NotMatch => " NOT MATCH ",
            Self::In => " IN ",
            Self::NotIn => " NOT IN ",
            Self::Comma => ", ",
            Self::From => " FROM ",
            Self::As => " AS ",
            Self::Collate => " COLLATE ",
            Self::Exists => "EXISTS ",
            Self::Distinct => "DISTINCT ",
            Self::Any => "ANY ",
            Self::All => "ALL ",
            Self::Desc => " DESC",
            Self::Asc => " ASC",
            Self::NullsFirst => " NULLS FIRST",
            Self::NullsLast => " NULLS LAST",
            Self::BitXor => " ^ ",
            Self::BitOr => " | ",
            Self::BitAnd => " & ",
            Self::BitNot => "~",
            Self::LShift => " << ",
            Self::RShift => " >> ",
            _ => return None,
        })
    }

    /// How tightly it binds; `None` for operators that SQLAlchemy gives no rank.
    fn precedence(&self) -> Option<i32> {
        Some(match self {
            Self::From | Self::FunctionAsComparison | Self::Any | Self::All => 15,
            Self::GetItem | Self::JsonGetItem | Self::JsonPathGetItem => 15,
            Self::Mul | Self::TrueDiv | Self::FloorDiv | Self::Mod | Self::Neg | Self::BitNot => 8,
            Self::Add | Self::Sub | Self::BitXor | Self::BitOr | Self::BitAnd => 7,
            Self::LShift | Self::RShift => 7,
            Self::Filter => 6,
            Self::Concat | Self::Match | Self::NotMatch | Self::RegexpMatch => 5,
            Self::NotRegexpMatch | Self::RegexpReplace => 5,
            Self::Like | Self::NotLike | Self::ILike | Self::NotILike | Self::In | Self::NotIn => 5,
            Self::Is | Self::IsNot | Self::Eq | Self::Ne | Self::IsDistinct => 5,
            Self::IsNotDistinct | Self::Gt | Self::Lt | Self::Ge | Self::Le => 5,
            Self::Between | Self::NotBetween | Self::Distinct | Self::Inv => 5,
            Self::IsTrue | Self::IsFalse => 5,
            Self::Collate => 4,
            Self::And | Self::Desc | Self::Asc => 3,
            Self::Or => 2,
            Self::Exists => 0,
            Self::Comma | Self::As => -1,
            Self::Custom(op) => op.precedence,
            _ => return None,
        })
    }

    /// Whether it binds less than a condition standing alone.
    pub fn is_loosest(&self) -> bool {
        self.precedence().is_none()
    }

    /// Whether an expression of this operator needs parentheses inside one of `against`.
    pub fn is_precedent(&self, against: Option<&Op>) -> bool {
        let Some(against) = against else { return true };
        if self == against && self.is_natural_self_precedent() {
            return false;
        }
        self.precedence().unwrap_or(-100) <= against.precedence().unwrap_or(100)
    }

    fn is_natural_self_precedent(&self) -> bool {
        match self {
            Self::GetItem | Self::JsonGetItem | Self::JsonPathGetItem => true,
            Self::Custom(op) => op.natural_self_precedent,
            _ => self.is_associative(),
        }
    }

    /// Whether `a op (b op c)` may be written flat.
    pub fn is_associative(&self) -> bool {
        matches!(self, Self::Add | Self::Mul | Self::Concat | Self::And | Self::Or)
    }

    /// Whether the result is a truth value by comparison.
    pub fn is_comparison(&self) -> bool {
        match self {
            Self::Custom(op) => op.is_comparison,
            Self::Lt | Self::Le | Self::Ne | Self::Gt | Self::Ge | Self::Eq => true,
            Self::Is | Self::IsNot | Self::IsDistinct | Self::IsNotDistinct => true,
            Self::Match | Self::NotMatch | Self::In | Self::NotIn => true,
            Self::Between | Self::NotBetween | Self::FunctionAsComparison => true,
            Self::RegexpMatch | Self::NotRegexpMatch => true,
            _ => self.is_like_family(),
        }
    }

    /// `like` and everything made of it.
    pub fn is_like_family(&self) -> bool {
        matches!(
            self,
            Self::Like
                | Self::NotLike
                | Self::ILike
                | Self::NotILike
                | Self::StartsWith
                | Self::NotStartsWith
                | Self::EndsWith
                | Self::NotEndsWith
                | Self::Contains
                | Self::NotContains
                | Self::IStartsWith
                | Self::NotIStartsWith
                | Self::IEndsWith
                | Self::NotIEndsWith
                | Self::IContains
                | Self::NotIContains
        )
    }

    /// Whether the result is a truth value.
    pub fn is_boolean(&self) -> bool {
        self.is_comparison()
            || matches!(self, Self::Inv | Self::IsTrue | Self::IsFalse | Self::And | Self::Or)
    }

    /// Whether it is a postfix of ORDER BY.
    pub fn is_order_by_modifier(&self) -> bool {
        matches!(self, Self::Desc | Self::Asc | Self::NullsFirst | Self::NullsLast)
    }

    /// The operator that `a op b` needs as `b op a`.
    pub fn mirror(&self) -> Op {
        match self {
            Self::Gt => Self::Lt,
            Self::Ge => Self::Le,
            Self::Lt => Self::Gt,
            Self::Le => Self::Ge,
            other => other.clone(),
        }
    }

    /// The operator of `NOT (a op b)`, where there is one.
    pub fn negated(&self) -> Option<Op> {
        const PAIRS: &[(Op, Op)] = &[
            (Op::Lt, Op::Ge),
            (Op::Le, Op::Gt),
            (Op::Eq, Op::Ne),
            (Op::Is, Op::IsNot),
            (Op::IsDistinct, Op::IsNotDistinct),
            (Op::In, Op::NotIn),
            (Op::Match, Op::NotMatch),
            (Op::Between, Op::NotBetween),
            (Op::Like, Op::NotLike),
            (Op::ILike, Op::NotILike),
            (Op::StartsWith, Op::NotStartsWith),
            (Op::EndsWith, Op::NotEndsWith),
            (Op::Contains, Op::NotContains),
            (Op::IStartsWith, Op::NotIStartsWith),
            (Op::IEndsWith, Op::NotIEndsWith),
            (Op::IContains, Op::NotIContains),
            (Op::RegexpMatch, Op::NotRegexpMatch),
            (Op::IsTrue, Op::IsFalse),
        ];
        for (a, b) in PAIRS {
            if self == a {
                return Some(b.clone());
            }
            if self == b {
                return Some(a.clone());
            }
        }
        None
    }
}
