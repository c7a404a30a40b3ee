//! Writing operators: the general case, and those that a dialect spells its own way.

use super::binds::literal_value;
use super::compiler::{Compiler, Cx};
use super::oracle;
use crate::dialect::Family;
use crate::error::{Error, Result};
use crate::expr::{Binary, CastKind, Expr, Kind, Op};
use crate::types::literal::quoted;
use crate::types::{Affinity, Type};
use crate::value::Value;

impl Compiler<'_> {
    pub(super) fn unary(&mut self, op: &Op, inner: &Expr, cx: Cx, out: &mut String) -> Result<()> {
        match op {
            Op::BitNot if self.dialect.family() == Family::Oracle => {
                return Err(oracle::cannot("bitwise_not"));
            }
            Op::Custom(custom) => {
                out.push_str(&custom.text);
                out.push(' ');
            }
            op => out.push_str(op.sql().unwrap_or_default()),
        }
        let cx = match op {
            Op::Exists => Cx { columns: false, ..cx },
            _ => cx,
        };
        self.expr(inner, cx, out)
    }

    pub(super) fn modifier(
        &mut self,
        op: &Op,
        inner: &Expr,
        cx: Cx,
        out: &mut String,
    ) -> Result<()> {
        self.expr(inner, cx, out)?;
        out.push_str(op.sql().unwrap_or_default());
        Ok(())
    }

    pub(super) fn as_boolean(
        &mut self,
        op: &Op,
        inner: &Expr,
        cx: Cx,
        out: &mut String,
    ) -> Result<()> {
        let native = self.dialect.caps().native_boolean || is_implicitly_boolean(inner);
        if native {
            if *op == Op::IsFalse {
                out.push_str("NOT ");
            }
            return self.expr(inner, cx, out);
        }
        self.expr(inner, cx, out)?;
        out.push_str(if *op == Op::IsFalse { " = 0" } else { " = 1" });
        Ok(())
    }

    pub(super) fn binary(
        &mut self,
        expr: &Expr,
        binary: &Binary,
        cx: Cx,
        out: &mut String,
    ) -> Result<()> {
        if binary.op.is_like_family() {
            return self.like(binary, cx, out);
        }
        if self.dialect.family() == Family::Oracle && self.oracle_binary(binary, cx, out)? {
            return Ok(());
        }
        let (left, right) = (&binary.left, &binary.right);
        match &binary.op {
            Op::TrueDiv => return self.true_div(left, right, cx, out),
            Op::FloorDiv => return self.floor_div(left, right, cx, out),
            Op::Mod if self.dialect.doubles_percent() => {
                return self.generic((left, right), " %% ", cx, out);
            }
            Op::NotIn => {
                out.push('(');
                self.generic((left, right), " NOT IN ", cx, out)?;
                out.push(')');
                return Ok(());
            }
            Op::Between | Op::NotBetween => {
                let word = match (&binary.op, binary.modifiers.symmetric) {
                    (Op::Between, false) => " BETWEEN ",
                    (Op::Between, true) => " BETWEEN SYMMETRIC ",
                    (_, false) => " NOT BETWEEN ",
                    (_, true) => " NOT BETWEEN SYMMETRIC ",
                };
                return self.generic((left, right), word, cx, out);
            }
            Op::BitXor if self.dialect.family() == Family::Sqlite => {
                return self.sqlite_xor(left, right, cx, out);
            }
            Op::BitXor if self.dialect.family() == Family::Postgresql => {
                return self.generic((left, right), " # ", cx, out);
            }
            Op::Custom(custom) => {
                let text = if self.dialect.doubles_percent() {
                    custom.text.replace('%', "%%")
                } else {
                    custom.text.to_string()
                };
                let cx = Cx { eager_grouping: custom.eager_grouping || cx.eager_grouping, ..cx };
                return self.generic((left, right), &format!(" {text} "), cx, out);
            }
            Op::RegexpMatch | Op::NotRegexpMatch | Op::RegexpReplace => {
                return self.regexp(binary, cx, out);
            }
            Op::Match | Op::NotMatch => return self.matches(binary, cx, out),
            Op::GetItem | Op::JsonGetItem | Op::JsonPathGetItem => {
                return self.get_item(expr, binary, cx, out);
            }
            Op::IsDistinct | Op::IsNotDistinct if self.dialect.family() != Family::Default => {
                return self.is_distinct(binary, cx, out);
            }
            Op::Concat if self.dialect.family() == Family::Mysql => {
                out.push_str("concat(");
                self.infix(left, ", ", right, cx, out)?;
                out.push(')');
                return Ok(());
            }
            _ => {}
        }
        let Some(word) = binary.op.sql() else {
            return Err(Error::unsupported_compilation(format!(
                "Compiler can't render element of type {:?}",
                binary.op
            )));
        };
        self.generic((left, right), word, cx, out)
    }

    /// Operands around an operator, in parentheses where an operator around wants that of its parts.
    pub(super) fn generic(
        &mut self,
        operands: (&Expr, &Expr),
        word: &str,
        cx: Cx,
        out: &mut String,
    ) -> Result<()> {
        let grouped = cx.in_operator && cx.eager_grouping;
        if grouped {
            out.push('(');
        }
        self.infix(operands.0, word, operands.1, Cx { in_operator: true, ..cx }, out)?;
        if grouped {
            out.push(')');
        }
        Ok(())
    }

    pub(super) fn infix(
        &mut self,
        left: &Expr,
        word: &str,
        right: &Expr,
        cx: Cx,
        out: &mut String,
    ) -> Result<()> {
        self.expr(left, cx, out)?;
        out.push_str(word);
        self.expr(right, cx, out)
    }

    /// SQLite has no XOR: `(a | b) - (a & b)`, as SQLAlchemy writes it.
    fn sqlite_xor(&mut self, left: &Expr, right: &Expr, cx: Cx, out: &mut String) -> Result<()> {
        let cx = Cx { eager_grouping: true, ..cx };
        out.push('(');
        self.generic((left, right), " | ", cx, out)?;
        out.push_str(" - ");
        self.generic((left, right), " & ", cx, out)?;
        out.push(')');
        Ok(())
    }

    fn true_div(&mut self, left: &Expr, right: &Expr, cx: Cx, out: &mut String) -> Result<()> {
        self.expr(left, cx, out)?;
        out.push_str(" / ");
        match self.dialect.family() {
            // SQLite divides as integers unless one side is a float.
            Family::Sqlite => {
                out.push('(');
                self.expr(right, cx, out)?;
                out.push_str(" + 0.0)");
                Ok(())
            }
            _ if self.dialect.caps().div_is_floordiv => {
                let ty = match right.ty().affinity() {
                    Affinity::Numeric | Affinity::Float => right.ty(),
                    _ => Type::numeric(),
                };
                let cast = Expr::new(Kind::Cast(CastKind::Cast, right.clone()), ty);
                self.expr(&cast, cx, out)
            }
            _ => self.expr(right, cx, out),
        }
    }

    fn floor_div(&mut self, left: &Expr, right: &Expr, cx: Cx, out: &mut String) -> Result<()> {
        let integers =
            left.ty().affinity() == Affinity::Integer && right.ty().affinity() == Affinity::Integer;
        if integers && self.dialect.caps().div_is_floordiv {
            return self.infix(left, " / ", right, cx, out);
        }
        out.push_str("FLOOR(");
        self.infix(left, " / ", right, cx, out)?;
        out.push(')');
        Ok(())
    }

    fn is_distinct(&mut self, binary: &Binary, cx: Cx, out: &mut String) -> Result<()> {
        let not = binary.op == Op::IsNotDistinct;
        let (left, right) = (&binary.left, &binary.right);
        match self.dialect.family() {
            Family::Sqlite => {
                self.infix(left, if not { " IS " } else { " IS NOT " }, right, cx, out)
            }
            Family::Mysql => {
                if !not {
                    out.push_str("NOT (");
                }
                self.infix(left, " <=> ", right, cx, out)?;
                if !not {
                    out.push(')');
                }
                Ok(())
            }
            _ => self.infix(left, binary.op.sql().unwrap_or_default(), right, cx, out),
        }
    }

    /// LIKE and what is made of it.
    fn like(&mut self, binary: &Binary, cx: Cx, out: &mut String) -> Result<()> {
        let shape = LikeShape::of(&binary.op);
        let postgres = self.dialect.family() == Family::Postgresql;
        let native_ilike = postgres && shape.insensitive && !shape.before && !shape.after;
        let lower = shape.insensitive && !native_ilike;
        self.lowered(&binary.left, lower && !postgres_keeps(postgres, &shape), cx, out)?;
        let word = match (shape.negated, native_ilike || (postgres && shape.insensitive)) {
            (false, false) => " LIKE ",
            (true, false) => " NOT LIKE ",
            (false, true) => " ILIKE ",
            (true, true) => " NOT ILIKE ",
        };
        out.push_str(word);
        let lower = lower && !postgres_keeps(postgres, &shape);
        let percent = if self.dialect.doubles_percent() { "'%%'" } else { "'%'" };
        if !shape.before && !shape.after {
            self.lowered(&binary.right, lower, cx, out)?;
        } else if self.dialect.family() == Family::Mysql {
            self.mysql_like(binary, &shape, lower, percent, cx, out)?;
        } else {
            if shape.before {
                out.push_str(percent);
                out.push_str(" || ");
            }
            let right = match lower {
                true => binary.right.clone(),
                false => binary.right.self_group(Some(&Op::Concat)),
            };
            self.lowered(&right, lower, cx, out)?;
            if shape.after {
                out.push_str(" || ");
                out.push_str(percent);
            }
        }
        if let Some(escape) = &binary.modifiers.escape {
            out.push_str(" ESCAPE ");
            let value = Value::Text(escape.clone());
            out.push_str(&literal_value(&value, &Type::string(), &self.dialect)?);
        }
        Ok(())
    }

    fn mysql_like(
        &mut self,
        binary: &Binary,
        shape: &LikeShape,
        lower: bool,
        percent: &str,
        cx: Cx,
        out: &mut String,
    ) -> Result<()> {
        let nested = shape.before && shape.after;
        out.push_str("concat(");
        if shape.before {
            out.push_str(percent);
            out.push_str(", ");
        }
        self.lowered(&binary.right, lower, cx, out)?;
        if shape.after {
            out.push_str(", ");
            out.push_str(percent);
        }
        let _ = nested;
        out.push(')');
        Ok(())
    }

    fn lowered(&mut self, expr: &Expr, lower: bool, cx: Cx, out: &mut String) -> Result<()> {
        if lower {
            out.push_str("lower(");
        }
        self.expr(expr, cx, out)?;
        if lower {
            out.push(')');
        }
        Ok(())
    }

    fn matches(&mut self, binary: &Binary, cx: Cx, out: &mut String) -> Result<()> {
        let (left, right) = (&binary.left, &binary.right);
        let negated = binary.op == Op::NotMatch;
        match self.dialect.family() {
            Family::Postgresql => {
                let text = match binary.modifiers.flags.as_deref() {
                    Some(config) => format!(" @@ plainto_tsquery('{config}', "),
                    None => " @@ plainto_tsquery(".to_owned(),
                };
                if negated {
                    out.push_str("NOT ");
                }
                self.infix(left, &text, right, cx, out)?;
                out.push(')');
                Ok(())
            }
            Family::Mysql => {
                let boolean =
                    !binary.modifiers.options.iter().any(|(name, _)| name.contains("natural"));
                if negated {
                    out.push_str("NOT ");
                }
                out.push_str("MATCH (");
                self.expr(left, cx, out)?;
                out.push_str(") AGAINST (");
                self.expr(right, cx, out)?;
                out.push_str(if boolean {
                    " IN BOOLEAN MODE)"
                } else {
                    " IN NATURAL LANGUAGE MODE)"
                });
                Ok(())
            }
            Family::Oracle => {
                out.push_str(if negated { "NOT CONTAINS (" } else { "CONTAINS (" });
                self.infix(left, ", ", right, cx, out)?;
                out.push(')');
                Ok(())
            }
            Family::Sqlite | Family::Default => {
                if negated {
                    out.push_str("NOT ");
                }
                self.infix(left, " MATCH ", right, cx, out)
            }
        }
    }

    fn regexp(&mut self, binary: &Binary, cx: Cx, out: &mut String) -> Result<()> {
        if binary.op == Op::RegexpReplace {
            return self.regexp_replace(binary, cx, out);
        }
        let (left, right) = (&binary.left, &binary.right);
        let negated = binary.op == Op::NotRegexpMatch;
        let word = match (self.dialect.family(), negated) {
            (Family::Default, false) => " <regexp> ",
            (Family::Default, true) => " <not regexp> ",
            (Family::Postgresql, false) => " ~ ",
            (Family::Postgresql, true) => " !~ ",
            (Family::Sqlite | Family::Mysql, false) => " REGEXP ",
            (Family::Sqlite | Family::Mysql, true) => " NOT REGEXP ",
            (Family::Oracle, _) => return self.regexp_like(binary, cx, out),
        };
        let Some(flags) = binary.modifiers.flags.as_deref() else {
            return self.infix(left, word, right, cx, out);
        };
        match (self.dialect.family(), flags, self.dialect.name()) {
            (Family::Postgresql, "i", _) => {
                let word = format!("{}* ", word.trim_end());
                self.infix(left, &word, right, cx, out)
            }
            (Family::Mysql, _, "mysql") => self.regexp_like(binary, cx, out),
            (Family::Postgresql | Family::Mysql, ..) => {
                let flags = quoted(flags, &self.dialect);
                let word = format!("{word}CONCAT('(?', {flags}, ')', ");
                self.infix(left, &word, right, cx, out)?;
                out.push(')');
                Ok(())
            }
            _ => self.infix(left, word, right, cx, out),
        }
    }

    /// `REGEXP_LIKE(text, pattern, flags)`
    fn regexp_like(&mut self, binary: &Binary, cx: Cx, out: &mut String) -> Result<()> {
        let negated = binary.op == Op::NotRegexpMatch;
        out.push_str(if negated { "NOT REGEXP_LIKE(" } else { "REGEXP_LIKE(" });
        self.infix(&binary.left, ", ", &binary.right, cx, out)?;
        if let Some(flags) = binary.modifiers.flags.as_deref() {
            out.push_str(&format!(", {}", quoted(flags, &self.dialect)));
        }
        out.push(')');
        Ok(())
    }

    fn regexp_replace(&mut self, binary: &Binary, cx: Cx, out: &mut String) -> Result<()> {
        match self.dialect.family() {
            Family::Default => out.push_str("<regexp replace>("),
            Family::Postgresql | Family::Mysql | Family::Oracle => {
                out.push_str("REGEXP_REPLACE(");
            }
            Family::Sqlite => {
                return Err(Error::compile(
                    "sqlite dialect does not support regular expression replacements",
                ));
            }
        }
        let flags = binary.modifiers.flags.as_deref();
        if let (Some(flags), "mariadb", Kind::List(list)) =
            (flags, self.dialect.name(), binary.right.kind())
            && let [pattern, replacement] = list.items.as_slice()
        {
            let word = format!(", CONCAT('(?', {}, ')', ", quoted(flags, &self.dialect));
            self.infix(&binary.left, &word, pattern, cx, out)?;
            out.push_str("), ");
            self.expr(replacement, cx, out)?;
            out.push(')');
            return Ok(());
        }
        self.infix(&binary.left, ", ", &binary.right, cx, out)?;
        if let Some(flags) = flags.filter(|_| self.dialect.family() != Family::Default) {
            out.push_str(&format!(", {}", quoted(flags, &self.dialect)));
        }
        out.push(')');
        Ok(())
    }
}

/// PostgreSQL compares without case by ILIKE, so nothing is lowered.
fn postgres_keeps(postgres: bool, shape: &LikeShape) -> bool {
    postgres && shape.insensitive
}

/// What a member of the LIKE family does.
struct LikeShape {
    negated: bool,
    insensitive: bool,
    before: bool,
    after: bool,
}

impl LikeShape {
    fn of(op: &Op) -> Self {
        let negated = matches!(
            op,
            Op::NotLike
                | Op::NotILike
                | Op::NotStartsWith
                | Op::NotEndsWith
                | Op::NotContains
                | Op::NotIStartsWith
                | Op::NotIEndsWith
                | Op::NotIContains
        );
        let insensitive = matches!(
            op,
            Op::ILike
                | Op::NotILike
                | Op::IStartsWith
                | Op::NotIStartsWith
                | Op::IEndsWith
                | Op::NotIEndsWith
                | Op::IContains
                | Op::NotIContains
        );
        let before = matches!(
            op,
            Op::EndsWith
                | Op::NotEndsWith
                | Op::Contains
                | Op::NotContains
                | Op::IEndsWith
                | Op::NotIEndsWith
                | Op::IContains
                | Op::NotIContains
        );
        let after = matches!(
            op,
            Op::StartsWith
                | Op::NotStartsWith
                | Op::Contains
                | Op::NotContains
                | Op::IStartsWith
                | Op::NotIStartsWith
                | Op::IContains
                | Op::NotIContains
        );
        Self { negated, insensitive, before, after }
    }
}

/// Whether every database knows that this is a condition.
fn is_implicitly_boolean(expr: &Expr) -> bool {
    match expr.kind() {
        Kind::Binary(binary) => binary.op.is_boolean(),
        Kind::List(list) => list.op.is_boolean(),
        Kind::Label(label) => is_implicitly_boolean(&label.element),
        Kind::Grouping(inner) => is_implicitly_boolean(inner),
        _ => false,
    }
}
