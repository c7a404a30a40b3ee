//! Operators on expressions: Python's own, and the methods of `ColumnOperators`.

use std::rc::Rc;

use vidro_python::{Args, BinaryOperator, Compare, Raise, UnaryOperator, Value, Vm};
use vidro_sql::expr::Expr;
use vidro_sql::expr::{CustomOp, InOperand, Kind, ListClass, Op, Operand};
use vidro_sql::name::Name;
use vidro_sql::select::{Query, Select};
use vidro_sql::types::{Affinity, Type, TypeArgs, TypeKind};

use super::{built, expect, object, operand, try_expr};
use crate::world::with_sql;
use crate::{types, value};

type Call = fn(&mut Vm, Args) -> Result<Value, Raise>;

/// `self op other` for one Python operator.
pub(crate) fn binary(
    vm: &mut Vm,
    this: &Expr,
    operator: BinaryOperator,
    other: &Value,
    reflected: bool,
) -> Result<Value, Raise> {
    let op = match operator {
        BinaryOperator::Add => Op::Add,
        BinaryOperator::Sub => Op::Sub,
        BinaryOperator::Mul => Op::Mul,
        BinaryOperator::Div => Op::TrueDiv,
        BinaryOperator::FloorDiv => Op::FloorDiv,
        BinaryOperator::Mod => Op::Mod,
        BinaryOperator::LShift => Op::LShift,
        BinaryOperator::RShift => Op::RShift,
        BinaryOperator::BitAnd => Op::And,
        BinaryOperator::BitOr => Op::Or,
        BinaryOperator::MatMul | BinaryOperator::Pow | BinaryOperator::BitXor => {
            return Ok(Value::NotImplemented);
        }
    };
    operate(vm, this, op, other, reflected)
}

fn operate(
    vm: &mut Vm,
    this: &Expr,
    op: Op,
    other: &Value,
    reflected: bool,
) -> Result<Value, Raise> {
    let other = operand(vm, other)?;
    let made = with_sql(vm, || {
        if reflected && !matches!(op, Op::And | Op::Or) {
            this.operate_reversed(op, other)
        } else {
            this.operate(op, other)
        }
    })?;
    Ok(object(vm, made))
}

/// `+`, `-`, `~` before an expression.
pub(crate) fn unary(vm: &mut Vm, this: &Expr, operator: UnaryOperator) -> Result<Value, Raise> {
    let made = match operator {
        UnaryOperator::Minus => this.unary(Op::Neg),
        UnaryOperator::Invert => this.negate(),
        UnaryOperator::Plus => return Ok(Value::NotImplemented),
    };
    Ok(object(vm, made))
}

/// A rich comparison.
pub(crate) fn compare(
    vm: &mut Vm,
    this: &Expr,
    by: Compare,
    other: &Value,
) -> Result<Value, Raise> {
    let op = match by {
        Compare::Equal => Op::Eq,
        Compare::NotEqual => Op::Ne,
        Compare::Less => Op::Lt,
        Compare::LessEqual => Op::Le,
        Compare::Greater => Op::Gt,
        Compare::GreaterEqual => Op::Ge,
    };
    operate(vm, this, op, other, false)
}

/// `expr[key]`, `expr[1:2]`
pub(crate) fn get_item(vm: &mut Vm, this: &Expr, key: &Value) -> Result<Value, Raise> {
    let path = match key {
        Value::Tuple(items) => Some(items.to_vec()),
        _ => None,
    };
    if &*vm.class_of(key).name() == "slice" && this.ty().affinity() == Affinity::Array {
        let (start, stop) = (vm.get_attribute(key, "start")?, vm.get_attribute(key, "stop")?);
        let (start, stop) = (operand(vm, &start)?, operand(vm, &stop)?);
        return built(vm, this.slice(start, stop));
    }
    let other = match path {
        Some(items) => {
            let path = value::from_python(vm, &Value::tuple(items))?;
            let made = with_sql(vm, || this.get_item(Operand::Value(path)))?;
            return Ok(object(vm, made));
        }
        None => operand(vm, key)?,
    };
    let made = with_sql(vm, || this.get_item(other))?;
    Ok(object(vm, made))
}

/// The truth of an expression: that of comparing two identical or different operands.
pub(crate) fn truth(vm: &mut Vm, this: &Expr) -> Result<Option<bool>, Raise> {
    match this.kind() {
        Kind::Binary(binary) if matches!(binary.op, Op::Eq | Op::Ne) => {
            let same = binary.left.same_column(&binary.right);
            Ok(Some(same == (binary.op == Op::Eq)))
        }
        Kind::True => Ok(Some(true)),
        Kind::False => Ok(Some(false)),
        _ => Err(vm.type_error("Boolean value of this clause is not defined")),
    }
}

/// The methods of every expression.
pub(crate) const METHODS: &[(&str, Call)] = &[
    ("like", |vm, args| like(vm, args, Op::Like)),
    ("ilike", |vm, args| like(vm, args, Op::ILike)),
    ("not_like", |vm, args| like(vm, args, Op::NotLike)),
    ("notlike", |vm, args| like(vm, args, Op::NotLike)),
    ("not_ilike", |vm, args| like(vm, args, Op::NotILike)),
    ("notilike", |vm, args| like(vm, args, Op::NotILike)),
    ("startswith", |vm, args| like(vm, args, Op::StartsWith)),
    ("istartswith", |vm, args| like(vm, args, Op::IStartsWith)),
    ("endswith", |vm, args| like(vm, args, Op::EndsWith)),
    ("iendswith", |vm, args| like(vm, args, Op::IEndsWith)),
    ("contains", |vm, args| like(vm, args, Op::Contains)),
    ("icontains", |vm, args| like(vm, args, Op::IContains)),
    ("in_", |vm, args| in_(vm, args, Op::In)),
    ("not_in", |vm, args| in_(vm, args, Op::NotIn)),
    ("notin_", |vm, args| in_(vm, args, Op::NotIn)),
    ("is_", |vm, args| with_other(vm, args, Op::Is)),
    ("is_not", |vm, args| with_other(vm, args, Op::IsNot)),
    ("isnot", |vm, args| with_other(vm, args, Op::IsNot)),
    ("is_distinct_from", |vm, args| with_other(vm, args, Op::IsDistinct)),
    ("is_not_distinct_from", |vm, args| with_other(vm, args, Op::IsNotDistinct)),
    ("isnot_distinct_from", |vm, args| with_other(vm, args, Op::IsNotDistinct)),
    ("concat", |vm, args| with_other(vm, args, Op::Concat)),
    ("match", match_),
    ("bitwise_and", |vm, args| with_other(vm, args, Op::BitAnd)),
    ("bitwise_or", |vm, args| with_other(vm, args, Op::BitOr)),
    ("bitwise_xor", |vm, args| with_other(vm, args, Op::BitXor)),
    ("bitwise_lshift", |vm, args| with_other(vm, args, Op::LShift)),
    ("bitwise_rshift", |vm, args| with_other(vm, args, Op::RShift)),
    ("bitwise_not", |vm, args| prefix(vm, &args, Op::BitNot)),
    ("distinct", |vm, args| prefix(vm, &args, Op::Distinct)),
    ("any_", |vm, args| prefix(vm, &args, Op::Any)),
    ("all_", |vm, args| prefix(vm, &args, Op::All)),
    ("desc", |vm, args| postfix(vm, &args, Op::Desc)),
    ("asc", |vm, args| postfix(vm, &args, Op::Asc)),
    ("nulls_first", |vm, args| postfix(vm, &args, Op::NullsFirst)),
    ("nullsfirst", |vm, args| postfix(vm, &args, Op::NullsFirst)),
    ("nulls_last", |vm, args| postfix(vm, &args, Op::NullsLast)),
    ("nullslast", |vm, args| postfix(vm, &args, Op::NullsLast)),
    ("between", between),
    ("label", label),
    ("cast", cast),
    ("collate", collate),
    ("regexp_match", regexp_match),
    ("regexp_replace", regexp_replace),
    ("op", custom),
    ("bool_op", bool_op),
    ("as_string", |vm, args| json_as(vm, &args, "as_string", Type::unicode())),
    ("as_integer", |vm, args| json_as(vm, &args, "as_integer", Type::integer())),
    ("as_float", |vm, args| json_as(vm, &args, "as_float", Type::float())),
    ("as_boolean", |vm, args| json_as(vm, &args, "as_boolean", Type::boolean())),
    ("as_json", |_, args| Ok(args.at(0))),
    ("as_numeric", as_numeric),
    ("operate", |vm, args| {
        let mut rest = args.positional.clone();
        rest.remove(0);
        if rest.is_empty() {
            return Ok(Value::NotImplemented);
        }
        let operator = rest.remove(0);
        rest.insert(0, args.at(0));
        vm.tail_call(operator, Args { positional: rest, keywords: args.keywords })
    }),
];

fn this(vm: &mut Vm, args: &Args) -> Result<Expr, Raise> {
    expect(vm, &args.at(0))
}

fn with_other(vm: &mut Vm, args: Args, op: Op) -> Result<Value, Raise> {
    let [this, other] = args.bind(vm, "operator(self, other)")?;
    let this = expect(vm, &this.unwrap_or_default())?;
    operate(vm, &this, op, &other.unwrap_or_default(), false)
}

fn prefix(vm: &mut Vm, args: &Args, op: Op) -> Result<Value, Raise> {
    let this = this(vm, args)?;
    Ok(object(vm, this.unary(op)))
}

fn postfix(vm: &mut Vm, args: &Args, op: Op) -> Result<Value, Raise> {
    let this = this(vm, args)?;
    Ok(object(vm, this.modifier(op)))
}

fn like(vm: &mut Vm, args: Args, op: Op) -> Result<Value, Raise> {
    let [this, other, escape, auto] = args.bind(vm, "like(self, other, escape=, autoescape=)")?;
    let this = expect(vm, &this.unwrap_or_default())?;
    let other = other.unwrap_or_default();
    if op == Op::Contains
        && let Some(method) = super::containment::method(&this, "contains")
    {
        return vm.tail_call(method, Args::from([other]));
    }
    let other = operand(vm, &other)?;
    let escape = value::optional_text(vm, escape)?;
    let auto = value::flag(vm, auto)?;
    let made = with_sql(vm, || this.like_op(op, other, escape.as_deref(), auto))?;
    Ok(object(vm, made))
}

/// What `in_` is given.
const IN_ROLE: &str = "IN expression list, SELECT construct, or bound parameter object";

/// The right side of `in_`.
fn in_operand(vm: &mut Vm, given: &Value) -> Result<InOperand, Raise> {
    if let Some(query) = super::as_query(vm, given)? {
        return Ok(InOperand::Query(query));
    }
    if let Some(expr) = try_expr(vm, given)? {
        return match expr.kind() {
            Kind::Bind(_) | Kind::Text(_) | Kind::List(_) | Kind::Scalar(_) => {
                Ok(InOperand::Expr(expr))
            }
            Kind::Function(_) => Ok(InOperand::Query(Query::Select(Select::new([expr])))),
            Kind::FromValue(from) => Ok(InOperand::Query(Query::Select(Select::of(from)))),
            _ => Err(super::expected(vm, IN_ROLE, given)?),
        };
    }
    if given.as_str().is_some() || !vm.is_iterable(given) {
        return Err(super::expected(vm, IN_ROLE, given)?);
    }
    let items = vm.collect(given)?;
    if !items.is_empty()
        && items.iter().all(|item| matches!(item, Value::Tuple(_) | Value::List(_)))
    {
        let mut rows = Vec::new();
        for item in &items {
            let mut row = Vec::new();
            for part in vm.collect(item)? {
                row.push(value::from_python(vm, &part)?);
            }
            rows.push(row);
        }
        return Ok(InOperand::Tuples(rows));
    }
    let operands = super::operands(vm, &items)?;
    let plain = operands.iter().all(|operand| matches!(operand, Operand::Value(_)));
    if !plain {
        return Ok(InOperand::Operands(operands));
    }
    let values = operands.into_iter().filter_map(|operand| match operand {
        Operand::Value(value) => Some(value),
        Operand::Expr(_) => None,
    });
    Ok(InOperand::Values(values.collect()))
}

fn in_(vm: &mut Vm, args: Args, op: Op) -> Result<Value, Raise> {
    let [this, other] = args.bind(vm, "ColumnOperators.in_(self, other)")?;
    let this = expect(vm, &this.unwrap_or_default())?;
    let other = in_operand(vm, &other.unwrap_or_default())?;
    if let (Kind::List(list), InOperand::Values(values)) = (this.kind(), &other)
        && list.class == ListClass::Tuple
        && let Some(first) = values.first()
    {
        return Err(vm.type_error(format!("'{}' object is not iterable", first.type_name())));
    }
    let made = with_sql(vm, || this.in_op(op, other))?;
    Ok(object(vm, made))
}

fn match_(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = this(vm, &args)?;
    let other = operand(vm, &args.at(1))?;
    let mut modifiers = vidro_sql::expr::Modifiers::default();
    for (name, given) in &args.keywords {
        let given = vm.truth(given)?;
        modifiers.options.push((Rc::from(&**name), given));
    }
    let made = with_sql(vm, || this.compare_with(Op::Match, other, modifiers))?;
    Ok(object(vm, made))
}

fn between(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [this, low, high, symmetric] =
        args.bind(vm, "ColumnOperators.between(self, cleft, cright, symmetric=)")?;
    let this = expect(vm, &this.unwrap_or_default())?;
    let low = operand(vm, &low.unwrap_or_default())?;
    let high = operand(vm, &high.unwrap_or_default())?;
    let symmetric = value::flag(vm, symmetric)?;
    let made = with_sql(vm, || this.between_with(Op::Between, low, high, symmetric))?;
    Ok(object(vm, made))
}

fn label(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = this(vm, &args)?;
    let made = match args.get(1).or_else(|| args.keywords.first().map(|(_, given)| given)) {
        None | Some(Value::None) => this.label_anon(),
        Some(name) => {
            let name = value::text(vm, name)?;
            this.label(name)
        }
    };
    Ok(object(vm, made))
}

fn cast(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = this(vm, &args)?;
    let ty = types::expect(vm, &args.at(1))?;
    let made = Expr::cast(this, ty);
    built(vm, made)
}

fn collate(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = this(vm, &args)?;
    let name = value::text(vm, &args.at(1))?;
    Ok(object(vm, this.collate(Name::new(name))))
}

fn regexp_match(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [this, pattern, flags] = args.bind(vm, "regexp_match(self, pattern, flags=)")?;
    let this = expect(vm, &this.unwrap_or_default())?;
    let pattern = operand(vm, &pattern.unwrap_or_default())?;
    let flags = value::optional_text(vm, flags)?;
    let made = with_sql(vm, || this.regexp_match(pattern, flags))?;
    Ok(object(vm, made))
}

fn regexp_replace(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [this, pattern, replacement, flags] =
        args.bind(vm, "regexp_replace(self, pattern, replacement, flags=)")?;
    let this = expect(vm, &this.unwrap_or_default())?;
    let pattern = operand(vm, &pattern.unwrap_or_default())?;
    let replacement = operand(vm, &replacement.unwrap_or_default())?;
    let flags = value::optional_text(vm, flags)?;
    let made = with_sql(vm, || this.regexp_replace(pattern, replacement, flags))?;
    Ok(object(vm, made))
}

/// `expr.op("…")`: a function that waits for the other side.
fn custom(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [this, text, precedence, comparison, ty] = args.bind(
        vm,
        "op(self, opstring, precedence=, is_comparison=, return_type=, *, python_impl=)",
    )?;
    let this = expect(vm, &this.unwrap_or_default())?;
    let op = operator(vm, text, precedence, comparison, ty)?;
    Ok(waiting(this, op))
}

fn bool_op(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [this, text, precedence] =
        args.bind(vm, "bool_op(self, opstring, precedence=, *, python_impl=)")?;
    let this = expect(vm, &this.unwrap_or_default())?;
    let op = operator(vm, text, precedence, Some(Value::Bool(true)), None)?;
    Ok(waiting(this, op))
}

fn operator(
    vm: &mut Vm,
    text: Option<Value>,
    precedence: Option<Value>,
    comparison: Option<Value>,
    return_type: Option<Value>,
) -> Result<CustomOp, Raise> {
    let precedence = precedence.and_then(|given| given.as_int()).unwrap_or(0);
    Ok(CustomOp {
        text: value::text(vm, &text.unwrap_or_default())?,
        precedence: i32::try_from(precedence).unwrap_or(0),
        is_comparison: value::flag(vm, comparison)?,
        return_type: types::optional(vm, return_type)?,
        natural_self_precedent: false,
        eager_grouping: false,
    })
}

/// `operators.custom_op(opstring, …)`: called with both sides.
pub(crate) fn custom_op(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [text, precedence, comparison, ty, natural, eager] = args.bind(
        vm,
        "custom_op(opstring, precedence=, is_comparison=, return_type=, natural_self_precedent=, eager_grouping=)",
    )?;
    let mut op = operator(vm, text, precedence, comparison, ty)?;
    op.natural_self_precedent = value::flag(vm, natural)?;
    op.eager_grouping = value::flag(vm, eager)?;
    Ok(Value::closure("custom_op", move |vm, args| {
        let this = this(vm, &args)?;
        let other = operand(vm, &args.at(1))?;
        let op = op.clone();
        let made = with_sql(vm, || this.custom(op, other))?;
        Ok(object(vm, made))
    }))
}

pub(super) fn waiting(this: Expr, op: CustomOp) -> Value {
    Value::closure("op", move |vm, args| {
        let other = operand(vm, &args.at(0))?;
        let op = op.clone();
        let made = with_sql(vm, || this.custom(op, other))?;
        Ok(object(vm, made))
    })
}

fn json_as(vm: &mut Vm, args: &Args, method: &str, ty: Type) -> Result<Value, Raise> {
    let this = this(vm, args)?;
    built(vm, this.json_as(method, ty))
}

fn as_numeric(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [this, precision, scale, asdecimal] =
        args.bind(vm, "as_numeric(self, precision, scale, asdecimal=)")?;
    let this = expect(vm, &this.unwrap_or_default())?;
    let number = |given: Option<Value>| given.and_then(|given| given.as_int());
    let args = TypeArgs {
        precision: number(precision),
        scale: number(scale),
        asdecimal: value::optional_flag(vm, asdecimal)?,
        ..TypeArgs::default()
    };
    built(vm, this.json_as("as_numeric", Type::with(TypeKind::Numeric, args)))
}
