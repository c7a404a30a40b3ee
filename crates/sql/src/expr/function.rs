//! Function calls, windows, and what may follow an aggregate.

use std::rc::Rc;

use super::{Expr, IntoExpr, Kind, ListClass, Op, Operand};
use crate::error::{Error, Result};
use crate::name::Name;
use crate::types::{Type, TypeArgs, TypeKind};
use crate::value::Value;

/// A function call.
#[derive(Clone, Debug)]
pub struct Function {
    /// Package names, then the function's own name.
    pub names: Vec<Name>,
    /// Arguments, grouped against the comma.
    pub args: Vec<Expr>,
    /// Whether SQLAlchemy knows the function (a `GenericFunction`).
    pub generic: bool,
}

/// `element OVER (PARTITION BY … ORDER BY … frame)`
#[derive(Clone, Debug)]
pub struct Over {
    /// The function.
    pub element: Expr,
    /// PARTITION BY
    pub partition_by: Vec<Expr>,
    /// ORDER BY
    pub order_by: Vec<Expr>,
    /// RANGE, ROWS or GROUPS
    pub frame: Option<Frame>,
}

/// The frame of a window.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Its unit.
    pub kind: FrameKind,
    /// Where it starts.
    pub start: FrameBound,
    /// Where it ends.
    pub end: FrameBound,
    /// `EXCLUDE …`
    pub exclude: Option<Rc<str>>,
}

/// The unit of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FrameKind {
    /// `RANGE`
    Range,
    /// `ROWS`
    Rows,
    /// `GROUPS`
    Groups,
}

/// An end of a frame.
#[derive(Clone, Debug)]
pub enum FrameBound {
    /// `UNBOUNDED`
    Unbounded,
    /// `CURRENT ROW`
    Current,
    /// `n PRECEDING`
    Preceding(Expr),
    /// `n FOLLOWING`
    Following(Expr),
}

/// What type a known function returns.
enum Returns {
    Fixed(Type),
    FromArgs,
    Array,
}

fn known(name: &str) -> Option<Returns> {
    use Returns::{Array, Fixed, FromArgs};
    Some(match name {
        "coalesce" | "max" | "min" | "sum" | "pow" => FromArgs,
        "now" | "current_timestamp" | "localtime" | "localtimestamp" | "sysdate" => {
            Fixed(Type::datetime())
        }
        "current_date" => Fixed(Type::date()),
        "current_time" => Fixed(Type::time()),
        "concat" | "current_user" | "session_user" | "user" | "aggregate_strings" => {
            Fixed(Type::string())
        }
        "char_length" | "count" | "rank" | "dense_rank" => Fixed(Type::integer()),
        "percent_rank" | "cume_dist" => Fixed(Type::numeric()),
        "random" | "mode" | "percentile_cont" | "percentile_disc" | "cube" | "rollup"
        | "grouping_sets" => Fixed(Type::null()),
        "array_agg" => Array,
        _ => return None,
    })
}

/// Functions that print without parentheses when they have no arguments.
pub(crate) fn is_ansi(name: &str) -> bool {
    matches!(
        name,
        "current_date"
            | "current_time"
            | "current_timestamp"
            | "current_user"
            | "localtime"
            | "localtimestamp"
            | "session_user"
            | "sysdate"
            | "user"
    )
}

impl Function {
    /// The function's own name.
    pub fn name(&self) -> Rc<str> {
        self.names.last().map_or_else(|| "anon".into(), |name| name.text.clone())
    }
}

impl Expr {
    /// `func.name(*args)`
    pub fn function(name: &str, args: Vec<Operand>) -> Result<Self> {
        Self::function_in(vec![name.into()], args, None)
    }

    /// `func.package.name(*args, type_=ty)`
    pub fn function_in(names: Vec<Name>, args: Vec<Operand>, ty: Option<Type>) -> Result<Self> {
        let name = names.last().map_or("", |name| &**name).to_lowercase();
        let found = if names.len() == 1 { known(&name) } else { None };
        let mut exprs = Vec::with_capacity(args.len());
        for arg in args {
            exprs.push(match (arg, &found) {
                (Operand::Value(Value::Null), _) => Self::null(),
                (Operand::Value(value), None) => {
                    let ty = Type::for_value(&value);
                    super::Bind::anonymous(names.last().map_or("param", |n| n), value).expr(ty)
                }
                (Operand::Value(value), Some(_)) => {
                    let ty = Type::for_value(&value);
                    super::Bind::anonymous(&*name, value).expr(ty)
                }
                (Operand::Expr(expr), _) => expr,
            });
        }
        if found.is_some() && name == "count" && exprs.is_empty() {
            exprs.push(Self::literal_column("*", Type::null()));
        }
        let inferred = match &found {
            Some(Returns::Fixed(ty)) => ty.clone(),
            Some(Returns::FromArgs) => type_of_args(&exprs),
            Some(Returns::Array) => {
                let item = Some(type_of_args(&exprs));
                let dimensions = Some(1);
                Type::with(TypeKind::ARRAY, TypeArgs { item, dimensions, ..TypeArgs::default() })
            }
            None => Type::null(),
        };
        let args = exprs.iter().map(|arg| arg.self_group(Some(&Op::Comma))).collect();
        // A known function prints in its own lower-case name.
        let names = if found.is_some() { vec![Name::from(name)] } else { names };
        let function = Function { names, args, generic: found.is_some() };
        Ok(Self::new(Kind::Function(function), ty.unwrap_or(inferred)))
    }

    /// `func.count(expr)`
    pub fn count(expr: &Expr) -> Self {
        let function =
            Function { names: vec!["count".into()], args: vec![expr.clone()], generic: true };
        Self::new(Kind::Function(function), Type::integer())
    }

    /// `func.count()`, that is `count(*)`
    pub fn count_star() -> Self {
        Self::count(&Self::literal_column("*", Type::null()))
    }

    /// `function.over(…)`
    pub fn over(&self, partition_by: Vec<Expr>, order_by: Vec<Expr>, frame: Option<Frame>) -> Self {
        let over = Over { element: self.clone(), partition_by, order_by, frame };
        Self::new(Kind::Over(Box::new(over)), self.ty())
    }

    /// `function.filter(*conditions)`
    pub fn filter(&self, conditions: Vec<Expr>) -> Result<Self> {
        // One condition stays as it is, even where a boolean column needs a comparison.
        let condition = match conditions.as_slice() {
            [one] => one.clone(),
            _ => super::and_(conditions)?,
        };
        Ok(Self::new(Kind::Filter(self.clone(), condition), self.ty()))
    }

    /// `function.within_group(*order_by)`
    pub fn within_group(&self, order_by: Vec<Expr>) -> Self {
        let ty = match self.kind() {
            Kind::Function(f)
                if matches!(&*f.name(), "mode" | "percentile_cont" | "percentile_disc") =>
            {
                order_by.first().map_or_else(Type::null, Expr::ty)
            }
            _ => self.ty(),
        };
        Self::new(Kind::WithinGroup(self.clone(), order_by), ty)
    }

    /// `function.aggregate_order_by(*order_by)`
    pub fn aggregate_order_by(&self, order_by: Vec<Expr>) -> Self {
        Self::new(Kind::AggregateOrderBy(self.clone(), order_by), self.ty())
    }

    /// `array([…])` of PostgreSQL.
    pub fn array(items: Vec<Operand>) -> Result<Self> {
        let mut exprs = Vec::with_capacity(items.len());
        for item in items {
            exprs.push(item.coerce(None)?);
        }
        let item = exprs.first().map(Expr::ty);
        let ty = Type::with(TypeKind::ARRAY, TypeArgs { item, ..TypeArgs::default() });
        Ok(Self::new(Kind::Array(exprs), ty))
    }

    /// A comma list, such as the items of `aggregate` helpers.
    pub fn clause_list(items: Vec<Expr>) -> Self {
        Self::list(Op::Comma, items, ListClass::Clause, Type::null())
    }
}

fn type_of_args(args: &[Expr]) -> Type {
    args.iter().map(Expr::ty).find(|ty| !ty.is_null()).unwrap_or_else(Type::null)
}

impl Frame {
    /// `range_=(a, b)`, `rows=(a, b)`, `groups=(a, b)`: `None` is unbounded, nought the current
    /// row, negative numbers precede.
    pub fn new(kind: FrameKind, start: Option<i64>, end: Option<i64>) -> Result<Self> {
        Ok(Self { kind, start: bound(start)?, end: bound(end)?, exclude: None })
    }
}

fn bound(at: Option<i64>) -> Result<FrameBound> {
    Ok(match at {
        None => FrameBound::Unbounded,
        Some(0) => FrameBound::Current,
        Some(n) => {
            let distance = n.checked_abs().ok_or_else(|| Error::argument("frame out of range"))?;
            let expr = distance.into_operand().coerce(Some(&Type::integer()))?;
            if n < 0 { FrameBound::Preceding(expr) } else { FrameBound::Following(expr) }
        }
    })
}
