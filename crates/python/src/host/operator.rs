//! The operators and their special method names.

/// An operator of two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum BinaryOperator {
    Add,
    Sub,
    Mul,
    MatMul,
    Div,
    FloorDiv,
    Mod,
    Pow,
    LShift,
    RShift,
    BitAnd,
    BitOr,
    BitXor,
}

impl BinaryOperator {
    fn names(self) -> (&'static str, &'static str, &'static str, &'static str) {
        match self {
            Self::Add => ("+", "__add__", "__radd__", "__iadd__"),
            Self::Sub => ("-", "__sub__", "__rsub__", "__isub__"),
            Self::Mul => ("*", "__mul__", "__rmul__", "__imul__"),
            Self::MatMul => ("@", "__matmul__", "__rmatmul__", "__imatmul__"),
            Self::Div => ("/", "__truediv__", "__rtruediv__", "__itruediv__"),
            Self::FloorDiv => ("//", "__floordiv__", "__rfloordiv__", "__ifloordiv__"),
            Self::Mod => ("%", "__mod__", "__rmod__", "__imod__"),
            Self::Pow => ("** or pow()", "__pow__", "__rpow__", "__ipow__"),
            Self::LShift => ("<<", "__lshift__", "__rlshift__", "__ilshift__"),
            Self::RShift => (">>", "__rshift__", "__rrshift__", "__irshift__"),
            Self::BitAnd => ("&", "__and__", "__rand__", "__iand__"),
            Self::BitOr => ("|", "__or__", "__ror__", "__ior__"),
            Self::BitXor => ("^", "__xor__", "__rxor__", "__ixor__"),
        }
    }

    /// The symbol, as errors show it.
    pub fn symbol(self) -> &'static str {
        self.names().0
    }

    /// The special method: `__add__`.
    pub fn method(self) -> &'static str {
        self.names().1
    }

    /// The reflected special method: `__radd__`.
    pub fn reflected(self) -> &'static str {
        self.names().2
    }

    /// The special method of the augmented assignment: `__iadd__`.
    pub fn in_place(self) -> &'static str {
        self.names().3
    }
}

/// An operator of one operand, `not` excepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum UnaryOperator {
    Plus,
    Minus,
    Invert,
}

impl UnaryOperator {
    /// The symbol.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Plus => "+",
            Self::Minus => "-",
            Self::Invert => "~",
        }
    }

    /// The special method.
    pub fn method(self) -> &'static str {
        match self {
            Self::Plus => "__pos__",
            Self::Minus => "__neg__",
            Self::Invert => "__invert__",
        }
    }
}

/// A rich comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Compare {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

impl Compare {
    /// The symbol.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
        }
    }

    /// The special method.
    pub fn method(self) -> &'static str {
        match self {
            Self::Equal => "__eq__",
            Self::NotEqual => "__ne__",
            Self::Less => "__lt__",
            Self::LessEqual => "__le__",
            Self::Greater => "__gt__",
            Self::GreaterEqual => "__ge__",
        }
    }

    /// The comparison with the operands exchanged.
    #[must_use]
    pub fn swapped(self) -> Self {
        match self {
            Self::Equal => Self::Equal,
            Self::NotEqual => Self::NotEqual,
            Self::Less => Self::Greater,
            Self::LessEqual => Self::GreaterEqual,
            Self::Greater => Self::Less,
            Self::GreaterEqual => Self::LessEqual,
        }
    }

    /// Whether an ordering of two values satisfies it.
    pub fn accepts(self, ordering: std::cmp::Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::NotEqual => ordering.is_ne(),
            Self::Less => ordering.is_lt(),
            Self::LessEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterEqual => ordering.is_ge(),
        }
    }
}
