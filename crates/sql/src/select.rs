//! SELECT and what is built of it: generative, cheap to clone, coerced as it is written.

use std::rc::Rc;

use crate::error::{Error, Result};
use crate::expr::{Expr, IntoExpr, Kind, LabelName, Op};
use crate::from::{Alias, AliasKind, AliasName, Cte, Element, FromClause, ProxyColumn};
use crate::name::Name;
use crate::text::TextClause;
use crate::types::Type;

/// Anything that yields rows and can be nested.
#[derive(Clone, Debug)]
pub enum Query {
    /// `select(…)`
    Select(Select),
    /// `union(…)` and its kin.
    Compound(CompoundSelect),
    /// `text(…).columns(…)`
    Text(TextualSelect),
    /// `values(…)` in a query's place.
    Values(FromClause),
}

/// `select(…)`. Cloning shares; building copies what is shared.
#[derive(Clone, Debug)]
pub struct Select(Rc<SelectData>);

/// The parts of a SELECT.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "each is the clause of that name")]
pub struct SelectData {
    pub columns: Vec<Expr>,
    pub from: Vec<FromClause>,
    pub joins: Vec<JoinStep>,
    pub where_: Vec<Expr>,
    pub group_by: Vec<Expr>,
    pub having: Vec<Expr>,
    pub order_by: Vec<Expr>,
    pub distinct: bool,
    pub distinct_on: Vec<Expr>,
    pub limit: Option<Expr>,
    pub offset: Option<Expr>,
    pub fetch: Option<Fetch>,
    pub for_update: Option<ForUpdate>,
    pub prefixes: Vec<Affix>,
    pub suffixes: Vec<Affix>,
    pub hints: Vec<Hint>,
    pub correlate: Option<Vec<FromClause>>,
    pub correlate_except: Option<Vec<FromClause>>,
    pub label_style: LabelStyle,
    pub ctes: Vec<(FromClause, bool)>,
}

/// One `.join(…)` of a SELECT; the left side is found when compiled.
#[derive(Clone, Debug)]
pub struct JoinStep {
    /// The left side, if it was given.
    pub left: Option<FromClause>,
    /// The right side.
    pub right: FromClause,
    /// The condition, if it was given.
    pub on: Option<Expr>,
    /// LEFT OUTER
    pub outer: bool,
    /// FULL OUTER
    pub full: bool,
    /// What messages call the right side, where it stands for a mapped class.
    pub called: Option<Rc<str>>,
}

/// `FETCH FIRST n ROWS …`
#[derive(Clone, Debug)]
pub struct Fetch {
    /// How many.
    pub count: Expr,
    /// `WITH TIES`
    pub with_ties: bool,
    /// `PERCENT`
    pub percent: bool,
}

/// `FOR UPDATE …`
#[derive(Clone, Debug, Default)]
pub struct ForUpdate {
    /// `NOWAIT`
    pub nowait: bool,
    /// `SHARE` rather than `UPDATE`
    pub read: bool,
    /// `OF …`
    pub of: Vec<Expr>,
    /// `OF` tables.
    pub of_tables: Vec<FromClause>,
    /// `SKIP LOCKED`
    pub skip_locked: bool,
    /// PostgreSQL's `NO KEY UPDATE` and `KEY SHARE`
    pub key_share: bool,
}

/// Text beside a keyword, on one dialect or all.
#[derive(Clone, Debug)]
pub struct Affix {
    /// The text.
    pub text: Expr,
    /// The dialect.
    pub dialect: Option<Rc<str>>,
}

/// A hint for one FROM object or the statement.
#[derive(Clone, Debug)]
pub struct Hint {
    /// The FROM object; `None` is the statement.
    pub from: Option<FromClause>,
    /// The text.
    pub text: Rc<str>,
    /// The dialect, `*` for all.
    pub dialect: Rc<str>,
}

/// How result columns get their names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum LabelStyle {
    /// `LABEL_STYLE_DISAMBIGUATE_ONLY`, which is the default: `id`, `id_1`
    #[default]
    DisambiguateOnly,
    /// `LABEL_STYLE_TABLENAME_PLUS_COL`: `users_id`
    TablenamePlusCol,
    /// `LABEL_STYLE_NONE`
    None,
}

/// `union(…)` and its kin.
#[derive(Clone, Debug)]
pub struct CompoundSelect(Rc<CompoundData>);

/// The parts of a UNION.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each is the clause of that name")]
pub struct CompoundData {
    pub keyword: SetOperation,
    pub selects: Vec<Query>,
    pub group_by: Vec<Expr>,
    pub order_by: Vec<Expr>,
    pub limit: Option<Expr>,
    pub offset: Option<Expr>,
    pub fetch: Option<Fetch>,
    pub for_update: Option<ForUpdate>,
    pub label_style: LabelStyle,
    pub ctes: Vec<(FromClause, bool)>,
}

/// How a compound select joins its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is the keyword of that name")]
pub enum SetOperation {
    Union,
    UnionAll,
    Except,
    ExceptAll,
    Intersect,
    IntersectAll,
}

/// `text(…).columns(…)`
#[derive(Clone, Debug)]
pub struct TextualSelect(Rc<TextualData>);

/// The parts of a textual select.
#[derive(Clone, Debug)]
pub struct TextualData {
    /// The text.
    pub text: TextClause,
    /// Its columns: bare columns or those of tables.
    pub columns: Vec<Expr>,
    /// Whether columns are matched by position rather than by name.
    pub positional: bool,
}

/// An ORDER BY or GROUP BY item.
#[derive(Clone, Debug)]
pub enum OrderItem {
    /// An expression.
    Expr(Expr),
    /// The name of a label or column.
    Name(Rc<str>),
}

impl std::ops::Deref for Select {
    type Target = SelectData;

    fn deref(&self) -> &SelectData {
        &self.0
    }
}

impl std::ops::Deref for CompoundSelect {
    type Target = CompoundData;

    fn deref(&self) -> &CompoundData {
        &self.0
    }
}

impl std::ops::Deref for TextualSelect {
    type Target = TextualData;

    fn deref(&self) -> &TextualData {
        &self.0
    }
}

impl Select {
    /// `select(*columns)`
    pub fn new(columns: impl IntoIterator<Item = Expr>) -> Self {
        let columns = columns.into_iter().collect();
        Self(Rc::new(SelectData { columns, ..SelectData::default() }))
    }

    /// `select(table)`: all its columns.
    pub fn of(from: &FromClause) -> Self {
        Self::new(from.columns().into_iter().map(|(_, column)| column))
    }

    /// The same with any part changed; what the named methods are made of.
    pub fn altered(mut self, change: impl FnOnce(&mut SelectData)) -> Self {
        change(Rc::make_mut(&mut self.0));
        self
    }

    /// A number that is the same for clones.
    pub fn id(&self) -> usize {
        Rc::as_ptr(&self.0).addr()
    }

    /// `.where(condition)`
    pub fn where_(self, condition: Expr) -> Self {
        self.altered(|s| s.where_.push(condition))
    }

    /// `.having(condition)`
    pub fn having(self, condition: Expr) -> Self {
        self.altered(|s| s.having.push(condition))
    }

    /// `.order_by(item)`
    pub fn order_by(self, item: impl Into<OrderItem>) -> Self {
        let item = item.into().expr();
        self.altered(|s| s.order_by.push(item))
    }

    /// `.group_by(item)`
    pub fn group_by(self, item: impl Into<OrderItem>) -> Self {
        let item = item.into().expr();
        self.altered(|s| s.group_by.push(item))
    }

    /// `.select_from(from)`
    pub fn select_from(self, from: impl Into<FromClause>) -> Self {
        let from = from.into();
        self.altered(|s| s.from.push(from))
    }

    /// `.join(right, on)`
    pub fn join(self, right: impl Into<FromClause>, on: Option<Expr>) -> Self {
        self.join_from(right.into(), on, false)
    }

    fn join_from(self, right: FromClause, on: Option<Expr>, outer: bool) -> Self {
        self.join_step(JoinStep { left: None, right, on, outer, full: false, called: None })
    }

    /// `.outerjoin(right, on)`
    pub fn outerjoin(self, right: impl Into<FromClause>, on: Option<Expr>) -> Self {
        self.join_from(right.into(), on, true)
    }

    /// Any join.
    pub fn join_step(self, step: JoinStep) -> Self {
        self.altered(|s| s.joins.push(step))
    }

    /// `.distinct()`
    pub fn distinct(self) -> Self {
        self.altered(|s| s.distinct = true)
    }

    /// `.limit(n)`
    pub fn limit(self, count: impl IntoExpr) -> Result<Self> {
        let count = limit_expr(count)?;
        Ok(self.altered(|s| {
            s.fetch = None;
            s.limit = count;
        }))
    }

    /// `.offset(n)`
    pub fn offset(self, count: impl IntoExpr) -> Result<Self> {
        let count = limit_expr(count)?;
        Ok(self.altered(|s| s.offset = count))
    }

    /// `.add_columns(column)`
    pub fn add_column(self, column: Expr) -> Self {
        self.altered(|s| s.columns.push(column))
    }

    /// `.set_label_style(style)`
    pub fn label_style(self, style: LabelStyle) -> Self {
        self.altered(|s| s.label_style = style)
    }

    /// `.with_for_update(…)`
    pub fn with_for_update(self, options: ForUpdate) -> Self {
        self.altered(|s| s.for_update = Some(options))
    }

    /// `.correlate(from)`
    pub fn correlate(self, from: impl IntoIterator<Item = FromClause>) -> Self {
        let mut list: Vec<FromClause> = from.into_iter().collect();
        self.altered(|s| s.correlate.get_or_insert_default().append(&mut list))
    }

    /// `.correlate_except(from)`
    pub fn correlate_except(self, from: impl IntoIterator<Item = FromClause>) -> Self {
        let mut list: Vec<FromClause> = from.into_iter().collect();
        self.altered(|s| s.correlate_except.get_or_insert_default().append(&mut list))
    }
}

impl CompoundSelect {
    /// `union(*selects)` and its kin.
    pub fn new(keyword: SetOperation, selects: Vec<Query>) -> Result<Self> {
        Ok(Self(Rc::new(CompoundData {
            keyword,
            selects,
            group_by: Vec::new(),
            order_by: Vec::new(),
            limit: None,
            offset: None,
            fetch: None,
            for_update: None,
            label_style: LabelStyle::default(),
            ctes: Vec::new(),
        })))
    }

    /// The same with any part changed.
    pub fn altered(mut self, change: impl FnOnce(&mut CompoundData)) -> Self {
        change(Rc::make_mut(&mut self.0));
        self
    }

    /// `.order_by(item)`
    pub fn order_by(self, item: impl Into<OrderItem>) -> Self {
        let item = item.into().expr();
        self.altered(|s| s.order_by.push(item))
    }
}

impl TextualSelect {
    /// `text(…).columns(*columns)`
    pub fn new(text: TextClause, columns: Vec<Expr>, positional: bool) -> Self {
        Self(Rc::new(TextualData { text, columns, positional }))
    }
}

impl Query {
    /// The result columns: what a subquery of this has in `.c`.
    pub fn selected_columns(&self) -> &[Expr] {
        match self {
            Self::Select(select) => &select.columns,
            Self::Compound(compound) => {
                compound.selects.first().map_or(&[], Query::selected_columns)
            }
            Self::Text(text) => &text.columns,
            Self::Values(_) => &[],
        }
    }

    /// Number of result columns.
    pub(crate) fn width(&self) -> usize {
        match self {
            Self::Values(from) => from.columns().len(),
            other => other.selected_columns().len(),
        }
    }

    fn style(&self) -> LabelStyle {
        match self {
            Self::Select(select) => select.label_style,
            Self::Compound(compound) => match compound.label_style {
                LabelStyle::DisambiguateOnly => {
                    compound.selects.first().map_or(LabelStyle::default(), Query::style)
                }
                style => style,
            },
            _ => LabelStyle::DisambiguateOnly,
        }
    }

    /// The columns of a subquery made of this.
    pub(crate) fn exported_columns(&self) -> Vec<ProxyColumn> {
        if let Self::Values(from) = self {
            return from.exported_columns();
        }
        crate::compile::exported_columns(self.selected_columns(), self.style())
    }

    /// `.scalar_subquery()`
    pub fn scalar_subquery(&self) -> Expr {
        let ty = self.selected_columns().first().map_or_else(Type::null, Expr::ty);
        Expr::new(Kind::Scalar(self.unlabelled()), ty)
    }

    /// As a value needs it: nobody refers to its columns, so none is renamed.
    pub(crate) fn unlabelled(&self) -> Self {
        match self {
            Self::Select(select) => Self::Select(select.clone().label_style(LabelStyle::None)),
            other => other.clone(),
        }
    }

    /// `.exists()`
    pub fn exists(&self) -> Expr {
        let inner = Expr::new(Kind::Subselect(self.unlabelled()), Type::null());
        Expr::new(Kind::Unary(Op::Exists, inner), Type::boolean())
    }

    /// `.label(name)`
    pub fn label(&self, name: &str) -> Expr {
        self.scalar_subquery().label_as(LabelName::Named(name.into()))
    }

    /// `.subquery(name)`
    pub fn subquery(&self, name: Option<Name>) -> FromClause {
        self.named(AliasKind::Subquery, name)
    }

    /// `.lateral(name)`
    pub fn lateral(&self, name: Option<Name>) -> FromClause {
        self.named(AliasKind::Lateral, name)
    }

    /// `.cte(name, recursive=…)`
    pub fn cte(&self, name: Option<Name>, recursive: bool, nesting: bool) -> FromClause {
        self.named(AliasKind::Cte(Cte { recursive, nesting, ..Cte::default() }), name)
    }

    fn named(&self, kind: AliasKind, name: Option<Name>) -> FromClause {
        let name = name.map_or_else(|| AliasName::Anon("anon".into()), AliasName::Named);
        FromClause::Alias(Rc::new(Alias::new(kind, Element::Query(self.clone()), name)))
    }

    /// Whether both are the same statement object.
    pub fn ptr_eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Select(a), Self::Select(b)) => Rc::ptr_eq(&a.0, &b.0),
            (Self::Compound(a), Self::Compound(b)) => Rc::ptr_eq(&a.0, &b.0),
            (Self::Text(a), Self::Text(b)) => Rc::ptr_eq(&a.0, &b.0),
            (Self::Values(a), Self::Values(b)) => a.ptr_eq(b),
            _ => false,
        }
    }
}

impl FromClause {
    /// `cte.union(other)` and `cte.union_all(other)`: the recursive part.
    pub fn cte_union(&self, keyword: SetOperation, others: Vec<Query>) -> Result<Self> {
        let Self::Alias(alias) = self else {
            return Err(Error::attribute("union"));
        };
        let (AliasKind::Cte(cte), Element::Query(query)) = (&alias.kind, &alias.element) else {
            return Err(Error::attribute("union"));
        };
        let mut selects = vec![query.clone()];
        selects.extend(others);
        let compound = CompoundSelect::new(keyword, selects)?;
        let cte = Cte { restates: Some(self.clone()), ..cte.clone() };
        let element = Element::Query(Query::Compound(compound));
        Ok(Self::Alias(Rc::new(Alias::new(AliasKind::Cte(cte), element, alias.name.clone()))))
    }
}

/// `limit()`: an integer is bound as `param`, `None` removes it.
pub(crate) fn limit_expr(count: impl IntoExpr) -> Result<Option<Expr>> {
    use crate::expr::Operand;
    use crate::value::Value;
    match count.into_operand() {
        Operand::Value(Value::Null) => Ok(None),
        Operand::Value(Value::Int(n)) => Ok(Some(Expr::literal_typed(n, Type::integer()))),
        Operand::Value(Value::Bool(b)) => {
            Ok(Some(Expr::literal_typed(i64::from(b), Type::integer())))
        }
        Operand::Value(Value::Real(n)) if n.is_finite() => {
            let whole = format!("{:.0}", n.trunc()).parse::<i64>().ok();
            Ok(whole.map(|n| Expr::literal_typed(n, Type::integer())))
        }
        Operand::Value(Value::Text(text)) if text.trim().parse::<i64>().is_ok() => {
            let whole = text.trim().parse::<i64>().ok();
            Ok(whole.map(|n| Expr::literal_typed(n, Type::integer())))
        }
        Operand::Value(other) => {
            Err(Error::value(format!("invalid literal for int() with base 10: {}", other.repr())))
        }
        Operand::Expr(expr) => Ok(Some(expr)),
    }
}

impl OrderItem {
    pub(crate) fn expr(self) -> Expr {
        match self {
            Self::Expr(expr) => match expr.kind() {
                Kind::Label(_) => expr.label_reference(),
                Kind::Modifier(..) | Kind::LabelReference(_) | Kind::TextualLabel(_) => expr,
                _ => expr,
            },
            Self::Name(name) => Expr::new(Kind::TextualLabel(name), Type::null()),
        }
    }
}

impl From<Expr> for OrderItem {
    fn from(expr: Expr) -> Self {
        Self::Expr(expr)
    }
}

impl From<&str> for OrderItem {
    fn from(name: &str) -> Self {
        Self::Name(name.into())
    }
}

impl From<Select> for Query {
    fn from(select: Select) -> Self {
        Self::Select(select)
    }
}

impl From<CompoundSelect> for Query {
    fn from(select: CompoundSelect) -> Self {
        Self::Compound(select)
    }
}
