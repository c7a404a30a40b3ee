//! Building expressions: coercion, grouping and negation as SQLAlchemy does them.

use std::rc::Rc;

use super::{
    Binary, BindValue, Case, ColumnRef, ColumnTarget, CustomOp, Expr, InOperand, IntoExpr, Kind,
    Label, List, ListClass, Modifiers, Note, Op, Operand,
};
use crate::error::{Error, Result};
use crate::name::Name;
use crate::select::Query;
use crate::types::{Affinity, Type};
use crate::value::Value;

impl Expr {
    /// `null()`
    pub fn null() -> Self {
        Self::new(Kind::Null, Type::null())
    }

    /// `true()`
    pub fn true_() -> Self {
        Self::new(Kind::True, Type::boolean())
    }

    /// `false()`
    pub fn false_() -> Self {
        Self::new(Kind::False, Type::boolean())
    }

    /// `column(name, type)`
    pub fn column(name: impl Into<Name>, ty: Type) -> Self {
        let target = ColumnTarget::Bare { name: name.into(), literal: false, table: None };
        Self::new(Kind::Column(ColumnRef { target, note: None }), ty)
    }

    /// `literal_column(text, type)`
    pub fn literal_column(text: impl Into<Name>, ty: Type) -> Self {
        let target = ColumnTarget::Bare { name: text.into(), literal: true, table: None };
        Self::new(Kind::Column(ColumnRef { target, note: None }), ty)
    }

    /// A column reference.
    pub fn column_ref(target: ColumnTarget, ty: Type) -> Self {
        Self::new(Kind::Column(ColumnRef { target, note: None }), ty)
    }

    /// The same column with what a mapping says about it.
    pub fn with_note(&self, note: Note) -> Self {
        match self.kind() {
            Kind::Column(column) => {
                let column = ColumnRef { target: column.target.clone(), note: Some(note) };
                Self::new(Kind::Column(column), self.0.ty.clone())
            }
            _ => self.clone(),
        }
    }

    /// Parentheses where the operator around needs them.
    pub fn self_group(&self, against: Option<&Op>) -> Self {
        match self.kind() {
            Kind::Binary(binary) => self.group_operator(&binary.op, true, against),
            Kind::List(list) if list.class == ListClass::Tuple => self.clone(),
            Kind::List(list) if list.class == ListClass::Clause => {
                if list.group && list.op.is_precedent(against) {
                    self.grouped()
                } else {
                    self.clone()
                }
            }
            Kind::List(list) => self.group_operator(&list.op, list.group, against),
            Kind::Unary(op, _) => {
                if op.is_precedent(against) {
                    self.grouped()
                } else {
                    self.clone()
                }
            }
            Kind::Modifier(..) | Kind::AsBoolean(..) | Kind::Grouping(_) | Kind::Slice(..) => {
                self.clone()
            }
            Kind::Text(_) => {
                if against == Some(&Op::In) {
                    self.grouped()
                } else {
                    self.clone()
                }
            }
            Kind::Label(label) => {
                let element = label.element.self_group(against);
                if element.ptr_eq(&label.element) {
                    return self.clone();
                }
                let name = label.name.clone();
                Self::new(Kind::Label(Label { name, element }), self.0.ty.clone())
            }
            Kind::Scalar(_) | Kind::Subselect(_) => self.clone(),
            Kind::Filter(..) if Op::Filter.is_precedent(against) => self.grouped(),
            _ => match against {
                Some(Op::And | Op::Or) if self.is_boolean_typed() => self.as_bool(),
                Some(Op::Any | Op::All) => self.grouped(),
                _ => self.clone(),
            },
        }
    }

    fn group_operator(&self, op: &Op, group: bool, against: Option<&Op>) -> Self {
        let negated = against == Some(&Op::Inv) && !op.is_boolean();
        if (group && op.is_precedent(against)) || negated { self.grouped() } else { self.clone() }
    }

    /// Parentheses around this.
    pub fn grouped(&self) -> Self {
        Self::new(Kind::Grouping(self.clone()), Type::null())
    }

    fn is_boolean_typed(&self) -> bool {
        self.ty().affinity() == Affinity::Boolean
    }

    /// As a condition: a bare boolean column becomes `col = 1` where the dialect needs it.
    pub(crate) fn as_bool(&self) -> Self {
        match self.kind() {
            Kind::Binary(binary) if binary.op.is_loosest() => self.grouped(),
            Kind::Binary(_) | Kind::List(_) | Kind::Unary(..) | Kind::Modifier(..) => self.clone(),
            Kind::AsBoolean(..) | Kind::Grouping(_) | Kind::Text(_) | Kind::Scalar(_) => {
                self.clone()
            }
            Kind::Label(_) | Kind::Subselect(_) | Kind::Slice(..) => self.clone(),
            _ if self.is_boolean_typed() => {
                Self::new(Kind::AsBoolean(Op::IsTrue, self.clone()), Type::boolean())
            }
            _ => self.clone(),
        }
    }

    /// Through a label or mapped wrapper to the value an operator works on.
    pub(crate) fn as_value(&self) -> Self {
        match self.kind() {
            Kind::Subselect(query) => query.scalar_subquery(),
            _ => self.clone(),
        }
    }

    /// `~expr`
    pub fn negate(&self) -> Self {
        match self.kind() {
            Kind::True => Self::false_(),
            Kind::False => Self::true_(),
            Kind::AsBoolean(op, inner) => match (op, inner.kind()) {
                (_, Kind::True | Kind::False) => inner.negate(),
                (op, _) => {
                    let op = op.negated().unwrap_or(Op::IsFalse);
                    Self::new(Kind::AsBoolean(op, inner.clone()), Type::boolean())
                }
            },
            Kind::Binary(binary) => match &binary.negate {
                Some(negated) => self.negate_binary(binary, negated),
                None => self.grouped().negate(),
            },
            Kind::List(_) => self.not_of(Type::null()),
            Kind::Unary(..) | Kind::Modifier(..) if self.is_boolean_typed() => {
                self.not_of(Type::boolean())
            }
            Kind::Label(label) => label.element.negate(),
            Kind::Grouping(_) if self.is_boolean_typed() => {
                Self::new(Kind::AsBoolean(Op::IsFalse, self.clone()), Type::boolean())
            }
            Kind::Grouping(_) | Kind::Unary(..) | Kind::Modifier(..) | Kind::Text(_) => {
                self.not_of(Type::null())
            }
            _ if self.is_boolean_typed() => {
                Self::new(Kind::AsBoolean(Op::IsFalse, self.clone()), Type::boolean())
            }
            _ => self.not_of(Type::null()),
        }
    }

    fn not_of(&self, ty: Type) -> Self {
        Self::new(Kind::Unary(Op::Inv, self.self_group(Some(&Op::Inv))), ty)
    }

    fn negate_binary(&self, binary: &Binary, negated: &Op) -> Self {
        let right = match binary.right.kind() {
            Kind::Bind(bind) if bind.expanding => {
                let mut bind = bind.clone();
                bind.in_negated = *negated == Op::NotIn;
                bind.expr(binary.right.ty())
            }
            _ => binary.right.clone(),
        };
        let binary = Binary {
            left: binary.left.clone(),
            op: negated.clone(),
            right,
            negate: Some(binary.op.clone()),
            modifiers: binary.modifiers.clone(),
        };
        Self::new(Kind::Binary(binary), self.0.ty.clone())
    }

    /// `left op right`, flattened where the operator is associative.
    pub(crate) fn construct(
        left: &Self,
        op: Op,
        right: &Self,
        ty: Type,
        negate: Option<Op>,
        modifiers: Modifiers,
    ) -> Self {
        if op.is_associative() {
            let mut items = Vec::new();
            let multi =
                left.flatten_into(&op, &ty, &mut items) | right.flatten_into(&op, &ty, &mut items);
            if multi {
                return Self::list(op, items, ListClass::Expression, ty);
            }
        }
        let aggregate = left.is_collection_aggregate() || right.is_collection_aggregate();
        let binary = Binary {
            left: left.self_group(Some(&op)),
            right: right.self_group(Some(&op)),
            negate: if aggregate { None } else { negate },
            op,
            modifiers,
        };
        Self::new(Kind::Binary(binary), ty)
    }

    fn flatten_into(&self, op: &Op, ty: &Type, items: &mut Vec<Self>) -> bool {
        match self.kind() {
            Kind::Binary(binary) if binary.op == *op && ty.same_affinity(&self.ty()) => {
                items.push(binary.left.clone());
                items.push(binary.right.clone());
                true
            }
            Kind::List(list) if list.op == *op && ty.same_affinity(&self.ty()) => {
                items.extend(list.items.iter().cloned());
                true
            }
            _ => {
                items.push(self.clone());
                false
            }
        }
    }

    pub(crate) fn is_collection_aggregate(&self) -> bool {
        matches!(self.kind(), Kind::Unary(Op::Any | Op::All, _))
    }

    /// `self op other` for a comparison.
    pub fn compare(&self, op: Op, other: impl IntoExpr) -> Result<Self> {
        self.compare_with(op, other.into_operand(), Modifiers::default())
    }

    /// A comparison with modifiers.
    pub fn compare_with(&self, op: Op, other: Operand, modifiers: Modifiers) -> Result<Self> {
        let result = match &op {
            Op::Custom(custom) => custom.return_type.clone().unwrap_or_else(Type::boolean),
            Op::Match => Type::match_type(),
            _ => Type::boolean(),
        };
        let (op, flipped) = match self.is_collection_aggregate() {
            true => (op.mirror(), true),
            false => (op, false),
        };
        let constant = match &other {
            Operand::Value(Value::Null) => Some(Self::null()),
            Operand::Value(Value::Bool(true)) => Some(Self::true_()),
            Operand::Value(Value::Bool(false)) => Some(Self::false_()),
            Operand::Expr(expr) if matches!(expr.kind(), Kind::Null | Kind::True | Kind::False) => {
                Some(expr.clone())
            }
            _ => None,
        };
        let negate = op.negated();
        let right = match constant {
            Some(constant) => {
                let truth = !matches!(constant.kind(), Kind::Null);
                match op {
                    Op::Eq | Op::Ne if truth => constant,
                    Op::IsDistinct | Op::IsNotDistinct => constant,
                    _ if flipped => constant,
                    Op::Eq | Op::Is => return Ok(self.is_constant(Op::Is, &constant)),
                    Op::Ne | Op::IsNot => return Ok(self.is_constant(Op::IsNot, &constant)),
                    _ if op.is_like_family()
                        || !matches!(op, Op::Lt | Op::Le | Op::Gt | Op::Ge) =>
                    {
                        return Err(only_equality());
                    }
                    _ => return Err(only_equality()),
                }
            }
            None => other.beside(self, &op)?,
        };
        let (left, right) = if flipped { (&right, self) } else { (self, &right) };
        Ok(Self::construct(left, op, right, result, negate, modifiers))
    }

    fn is_constant(&self, op: Op, constant: &Self) -> Self {
        let negate = op.negated();
        Self::construct(self, op, constant, Type::boolean(), negate, Modifiers::default())
    }

    /// `self op other` for arithmetic and the like: the types decide about the result.
    pub fn operate(&self, op: Op, other: impl IntoExpr) -> Result<Self> {
        if op.is_comparison() && !matches!(op, Op::Custom(_)) {
            return self.compare(op, other);
        }
        match op {
            Op::And => return and_pair(self, other, Op::And),
            Op::Or => return and_pair(self, other, Op::Or),
            _ => {}
        }
        let right = other.into_operand().beside(self, &op)?;
        Ok(Self::combine(self, op, &right))
    }

    /// `other op self`
    pub fn operate_reversed(&self, op: Op, other: impl IntoExpr) -> Result<Self> {
        let left = other.into_operand().beside(self, &op)?;
        Ok(Self::combine(&left, op, self))
    }

    fn combine(left: &Self, op: Op, right: &Self) -> Self {
        let (op, ty) = match &op {
            Op::Custom(custom) => {
                let ty = match &custom.return_type {
                    Some(ty) => ty.clone(),
                    None if custom.is_comparison => Type::boolean(),
                    None => left.ty().adapt_operator(&op, &right.ty()).1,
                };
                (op, ty)
            }
            _ => left.ty().adapt_operator(&op, &right.ty()),
        };
        let negate = if op.is_comparison() { op.negated() } else { None };
        Self::construct(left, op, right, ty, negate, Modifiers::default())
    }

    /// `self.op(text)(other)`
    pub fn custom(&self, op: CustomOp, other: impl IntoExpr) -> Result<Self> {
        self.operate(Op::Custom(Rc::new(op)), other)
    }

    /// `between(low, high)`
    pub fn between(&self, low: impl IntoExpr, high: impl IntoExpr) -> Result<Self> {
        self.between_with(Op::Between, low.into_operand(), high.into_operand(), false)
    }

    /// `between` or its negation, symmetric or not.
    pub fn between_with(
        &self,
        op: Op,
        low: Operand,
        high: Operand,
        symmetric: bool,
    ) -> Result<Self> {
        let low = low.beside(self, &Op::And)?;
        let high = high.beside(self, &Op::And)?;
        let bounds = Self::plain_list(Op::And, vec![low, high]);
        let negate = op.negated();
        let binary = Binary {
            left: self.self_group(Some(&op)),
            right: bounds,
            negate,
            op,
            modifiers: Modifiers { symmetric, ..Modifiers::default() },
        };
        Ok(Self::new(Kind::Binary(binary), Type::null()))
    }

    /// `in_(…)` and `not_in(…)`
    pub fn in_op(&self, op: Op, other: InOperand) -> Result<Self> {
        let right = match other {
            InOperand::Values(values) => self.bind_many(&op, BindValue::Many(values.into()))?,
            InOperand::Tuples(rows) => {
                let rows: Vec<Rc<[Value]>> = rows.into_iter().map(Rc::from).collect();
                self.bind_many(&op, BindValue::Tuples(rows.into()))?
            }
            InOperand::Operands(operands) => {
                let mut items = Vec::with_capacity(operands.len());
                for operand in operands {
                    items.push(match operand {
                        Operand::Value(Value::Null) => Self::null(),
                        other => other.beside(self, &op)?,
                    });
                }
                let list = List { op: Op::Comma, items, group: true, class: ListClass::Clause };
                Self::new(Kind::List(list), Type::null())
            }
            InOperand::Query(query) => Self::new(Kind::Subselect(query.unlabelled()), Type::null()),
            InOperand::Expr(expr) => match expr.kind() {
                Kind::Bind(bind) => {
                    let mut bind = bind.clone();
                    bind.expanding = true;
                    bind.in_negated = op == Op::NotIn;
                    let ty = if expr.ty().is_null() { self.ty() } else { expr.ty() };
                    bind.expr(ty)
                }
                Kind::Scalar(query) => Self::new(Kind::Subselect(query.clone()), Type::null()),
                _ => expr,
            },
        };
        let negate = op.negated();
        Ok(Self::construct(self, op, &right, Type::boolean(), negate, Modifiers::default()))
    }

    /// `in_([…])`
    pub fn in_values<V: Into<Value>>(&self, values: impl IntoIterator<Item = V>) -> Result<Self> {
        self.in_op(Op::In, InOperand::Values(values.into_iter().map(Into::into).collect()))
    }

    /// `in_(subquery)`
    pub fn in_query(&self, query: Query) -> Result<Self> {
        self.in_op(Op::In, InOperand::Query(query))
    }

    /// A prefix operator: minus, bitwise not, DISTINCT.
    pub fn unary(&self, op: Op) -> Self {
        let ty = match op {
            Op::Any | Op::All | Op::Exists => Type::boolean(),
            _ => self.ty(),
        };
        let inner = match op {
            Op::Any | Op::All => self.self_group(None).self_group(Some(&op)),
            _ => self.self_group(Some(&op)),
        };
        Self::new(Kind::Unary(op, inner), ty)
    }

    /// A postfix of ORDER BY: `DESC`, `ASC`, `NULLS FIRST`, `NULLS LAST`.
    pub fn modifier(&self, op: Op) -> Self {
        let inner = match self.kind() {
            Kind::LabelReference(_) | Kind::TextualLabel(_) | Kind::Modifier(..) => self.clone(),
            Kind::Label(_) => self.label_reference(),
            _ => self.self_group(Some(&op)),
        };
        Self::new(Kind::Modifier(op, inner), Type::null())
    }

    /// A string in ORDER BY or GROUP BY: the name of a label or column, `desc("name")` inside.
    pub fn order_name(name: &str) -> Self {
        Self::new(Kind::TextualLabel(name.into()), Type::null())
    }

    /// An ORDER BY item that prints as a label's name where it can.
    pub(crate) fn label_reference(&self) -> Self {
        match self.kind() {
            Kind::LabelReference(_) | Kind::TextualLabel(_) => self.clone(),
            _ => Self::new(Kind::LabelReference(self.clone()), Type::null()),
        }
    }

    /// `collate(name)`
    pub fn collate(&self, name: impl Into<Name>) -> Self {
        let right = Self::new(Kind::Collation(name.into()), Type::null());
        let ty = self.ty();
        let ty = match (ty.affinity(), right.kind()) {
            (Affinity::String, Kind::Collation(name)) => {
                ty.altered(|args| args.collation = Some(name.text.clone()))
            }
            _ => ty,
        };
        Self::construct(self, Op::Collate, &right, ty, None, Modifiers::default())
    }

    /// `regexp_match(pattern, flags)`
    pub fn regexp_match(&self, pattern: Operand, flags: Option<Rc<str>>) -> Result<Self> {
        let right = pattern.beside(self, &Op::Comma)?;
        let modifiers = Modifiers { flags, ..Modifiers::default() };
        let negate = Some(Op::NotRegexpMatch);
        let op = Op::RegexpMatch;
        Ok(Self::construct(self, op, &right, Type::null(), negate, modifiers))
    }

    /// `regexp_replace(pattern, replacement, flags)`
    pub fn regexp_replace(
        &self,
        pattern: Operand,
        replacement: Operand,
        flags: Option<Rc<str>>,
    ) -> Result<Self> {
        let items = vec![pattern.beside(self, &Op::Comma)?, replacement.beside(self, &Op::Comma)?];
        let right = Self::plain_list(Op::Comma, items);
        let modifiers = Modifiers { flags, ..Modifiers::default() };
        Ok(Self::construct(self, Op::RegexpReplace, &right, Type::null(), None, modifiers))
    }

    /// Python's `bool(expr)`: only `==` and `!=` have a truth value, that of identity.
    pub fn truth(&self) -> Result<bool> {
        let ungroup = |expr: &Self| match expr.kind() {
            Kind::Grouping(inner) => inner.clone(),
            _ => expr.clone(),
        };
        match self.kind() {
            Kind::Binary(Binary { left, op: op @ (Op::Eq | Op::Ne), right, .. }) => {
                Ok(ungroup(left).same_column(&ungroup(right)) == (*op == Op::Eq))
            }
            _ => Err(Error::type_error("Boolean value of this clause is not defined")),
        }
    }

    /// The LIKE family: `like`, `ilike`, `startswith`, `contains` …
    pub fn like_op(
        &self,
        op: Op,
        other: Operand,
        escape: Option<&str>,
        auto: bool,
    ) -> Result<Self> {
        let escape: Option<Rc<str>> = match (escape, auto) {
            (None, true) => Some("/".into()),
            (escape, _) => escape.map(Rc::from),
        };
        let other = match (other, auto, &escape) {
            (Operand::Value(Value::Text(text)), true, Some(mark)) => {
                Operand::Value(Value::text(autoescape(&text, mark)))
            }
            (Operand::Value(_) | Operand::Expr(_), true, _) => {
                return Err(Error::type_error("String value expected when autoescape=True"));
            }
            (other, ..) => other,
        };
        self.compare_with(op, other, Modifiers { escape, ..Modifiers::default() })
    }

    /// `case((when, then), …, else_=…)`
    pub fn case(
        value: Option<Expr>,
        whens: Vec<(Operand, Operand)>,
        otherwise: Option<Operand>,
    ) -> Result<Self> {
        let mut pairs = Vec::with_capacity(whens.len());
        for (when, then) in whens {
            let when = match (when, &value) {
                (Operand::Expr(expr), _) => expr.into_condition(value.is_some()),
                (other @ Operand::Value(_), _) => other.coerce(None)?,
            };
            pairs.push((when, then.coerce(None)?));
        }
        let otherwise = otherwise.map(|other| other.coerce(None)).transpose()?;
        // The last WHEN that has a type decides, the ELSE only where none has one.
        let ty = otherwise
            .iter()
            .map(Expr::ty)
            .chain(pairs.iter().map(|pair| pair.1.ty()))
            .rfind(|ty| !ty.is_null())
            .unwrap_or_else(Type::null);
        Ok(Self::new(Kind::Case(Case { value, whens: pairs, otherwise }), ty))
    }

    fn into_condition(self, plain: bool) -> Self {
        if plain { self } else { self.self_group(None) }
    }
}

fn and_pair(left: &Expr, other: impl IntoExpr, op: Op) -> Result<Expr> {
    let right = other.into_operand();
    let right = match right {
        Operand::Value(Value::Bool(true)) => Expr::true_(),
        Operand::Value(Value::Bool(false)) => Expr::false_(),
        other => other.coerce(None)?,
    };
    if op == Op::And {
        super::and_([left.clone(), right])
    } else {
        super::or_([left.clone(), right])
    }
}

fn only_equality() -> Error {
    Error::argument(
        "Only '=', '!=', 'is_()', 'is_not()', 'is_distinct_from()', 'is_not_distinct_from()' \
         operators can be used with None/True/False",
    )
}

fn autoescape(text: &str, mark: &str) -> String {
    let mut out = text.to_owned();
    if mark != "%" && mark != "_" {
        out = out.replace(mark, &format!("{mark}{mark}"));
    }
    out.replace('%', &format!("{mark}%")).replace('_', &format!("{mark}_"))
}

macro_rules! comparisons {
    ($($name:ident => $op:ident $doc:literal),* $(,)?) => {
        /// The comparison operators by name.
        impl Expr {
            $(
                #[doc = $doc]
                pub fn $name(&self, other: impl IntoExpr) -> Result<Self> {
                    self.operate(Op::$op, other)
                }
            )*
        }
    };
}

comparisons! {
    eq => Eq "`self == other`", ne => Ne "`self != other`", lt => Lt "`self < other`",
    le => Le "`self <= other`", gt => Gt "`self > other`", ge => Ge "`self >= other`",
    is => Is "`self.is_(other)`", is_not => IsNot "`self.is_not(other)`",
    add => Add "`self + other`", sub => Sub "`self - other`", mul => Mul "`self * other`",
    div => TrueDiv "`self / other`", modulo => Mod "`self % other`",
    concat => Concat "`self.concat(other)`", like => Like "`self.like(other)`",
    and => And "`self & other`", or => Or "`self | other`",
}
