//! The functions of `sqlalchemy`: `and_`, `case`, `cast`, `func`, `literal`, `text` and their kin.

use std::rc::Rc;

use vidro_python::{Args, Class, ClassBuilder, Instance, Object, Raise, Str, Value, Vm};
use vidro_sql::expr::{self, Bind, BindValue, CastKind, Expr, Kind, Operand};
use vidro_sql::from::{FromClause, TableValued};
use vidro_sql::name::Name;
use vidro_sql::text::TextClause;
use vidro_sql::types::Type;

use super::{built, condition, conditions, expect, object, operand, operands, try_expr};
use crate::world::with_sql;
use crate::{exc, types, value};

type Call = fn(&mut Vm, Args) -> Result<Value, Raise>;

/// Names of `sqlalchemy` that are functions.
pub(crate) const FUNCTIONS: &[(&str, Call)] = &[
    ("and_", |vm, args| conjunction(vm, &args, true)),
    ("or_", |vm, args| conjunction(vm, &args, false)),
    ("not_", not_),
    ("null", |vm, _| Ok(object(vm, Expr::null()))),
    ("true", |vm, _| Ok(object(vm, Expr::true_()))),
    ("false", |vm, _| Ok(object(vm, Expr::false_()))),
    ("text", text),
    ("column", column),
    ("literal_column", literal_column),
    ("literal", literal),
    ("bindparam", bindparam),
    ("outparam", bindparam),
    ("cast", |vm, args| cast(vm, args, CastKind::Cast)),
    ("try_cast", |vm, args| cast(vm, args, CastKind::TryCast)),
    ("type_coerce", |vm, args| cast(vm, args, CastKind::Coerce)),
    ("case", case),
    ("extract", extract),
    ("tuple_", tuple),
    ("desc", |vm, args| method(vm, args, "desc")),
    ("asc", |vm, args| method(vm, args, "asc")),
    ("nulls_first", |vm, args| method(vm, args, "nulls_first")),
    ("nullsfirst", |vm, args| method(vm, args, "nulls_first")),
    ("nulls_last", |vm, args| method(vm, args, "nulls_last")),
    ("nullslast", |vm, args| method(vm, args, "nulls_last")),
    ("distinct", |vm, args| method(vm, args, "distinct")),
    ("bitwise_not", |vm, args| method(vm, args, "bitwise_not")),
    ("any_", |vm, args| method(vm, args, "any_")),
    ("all_", |vm, args| method(vm, args, "all_")),
    ("collate", |vm, args| method(vm, args, "collate")),
    ("between", |vm, args| method(vm, args, "between")),
    ("over", over),
    ("within_group", within_group),
    ("funcfilter", filter),
    ("values", super::from::values_of),
    ("table", super::from::lightweight_table),
    ("join", |vm, args| super::from::join(vm, args, false)),
    ("outerjoin", |vm, args| super::from::join(vm, args, true)),
    ("alias", |vm, args| method(vm, args, "alias")),
    ("lateral", |vm, args| method(vm, args, "lateral")),
    ("tablesample", |vm, args| method(vm, args, "tablesample")),
    ("custom_op", |vm, _| Err(vm.unsupported("custom_op() is not supported; use .op()"))),
];

/// Methods of functions.
pub(super) const METHODS: &[(&str, Call)] = &[
    ("over", over),
    ("filter", filter),
    ("within_group", within_group),
    ("aggregate_order_by", aggregate_order_by),
    ("table_valued", table_valued),
    ("column_valued", column_valued),
    ("scalar_table_valued", scalar_table_valued),
    ("alias", alias),
    ("select", super::select::select_of_expr),
    ("as_comparison", |_, args| Ok(args.at(0))),
];

/// Methods of `function.filter(…)` and `function.within_group(…)`.
pub(super) const AGGREGATE_METHODS: &[(&str, Call)] =
    &[("over", over), ("filter", filter), ("within_group", within_group)];

pub(super) fn define(vm: &mut Vm) {
    ClassBuilder::new("sqlalchemy.sql.functions", "_FunctionGenerator").build(vm);
}

/// `func`
pub(crate) fn func() -> Value {
    Value::object(FunctionGenerator { names: Vec::new() })
}

/// `func` and `func.package`: any attribute is a function.
#[derive(Debug)]
struct FunctionGenerator {
    names: Vec<Name>,
}

impl Object for FunctionGenerator {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class("sqlalchemy.sql.functions._FunctionGenerator")
    }

    fn get_attribute(self: Rc<Self>, _: &mut Vm, name: &str) -> Result<Option<Value>, Raise> {
        if name.starts_with("__") {
            return Ok(None);
        }
        let name = if name.ends_with('_') { name.trim_end_matches('_') } else { name };
        let mut names = self.names.clone();
        names.push(Name::new(name));
        Ok(Some(Value::object(Self { names })))
    }

    fn is_callable(&self) -> bool {
        !self.names.is_empty()
    }

    fn call(self: Rc<Self>, vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
        if let [name] = self.names.as_slice() {
            // Names that SQLAlchemy registers for constructs of their own.
            match &*name.text.to_lowercase() {
                "cast" => return cast(vm, args, CastKind::Cast),
                "extract" => return extract(vm, args),
                "next_value" => return vm.call_method(&args.at(0), "next_value", Args::none()),
                _ => {}
            }
        }
        let ty = args.take_keyword("type_");
        let ty = types::optional(vm, ty)?;
        let operands = operands(vm, &args.positional)?;
        let names = self.names.clone();
        let made = with_sql(vm, || Expr::function_in(names, operands, ty))?;
        Ok(object(vm, made))
    }

    fn repr(&self, _: &mut Vm) -> Result<Str, Raise> {
        Ok("<sqlalchemy.sql.functions._FunctionGenerator object at 0x7f0000000000>".into())
    }
}

fn conjunction(vm: &mut Vm, args: &Args, and: bool) -> Result<Value, Raise> {
    let clauses = conditions(vm, &args.positional)?;
    let made = with_sql(vm, || if and { expr::and_(clauses) } else { expr::or_(clauses) })?;
    Ok(object(vm, made))
}

fn not_(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [clause] = args.bind(vm, "not_(clause)")?;
    let clause = condition(vm, &clause.unwrap_or_default())?;
    Ok(object(vm, clause.negate()))
}

/// A function that is a method of its first argument.
fn method(vm: &mut Vm, mut args: Args, name: &str) -> Result<Value, Raise> {
    if args.positional.is_empty() {
        return Err(
            vm.type_error(format!("{name}() missing 1 required positional argument: 'column'"))
        );
    }
    let this = args.positional.remove(0);
    let this = match this.as_str() {
        Some(text) if matches!(name, "desc" | "asc" | "nulls_first" | "nulls_last") => {
            object(vm, Expr::textual_label(&text))
        }
        _ => this,
    };
    let method = match vm.try_attribute(&this, name)? {
        Some(method) => method,
        None => {
            let expr = expect(vm, &this)?;
            let this = object(vm, expr);
            vm.get_attribute(&this, name)?
        }
    };
    vm.tail_call(method, args)
}

fn text(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [text] = args.bind(vm, "text(text)")?;
    let text = text.unwrap_or_default();
    match text.as_str() {
        Some(text) => Ok(object(vm, Expr::text(&text))),
        None => {
            let class = vm.class_of(&text).name();
            Err(vm.type_error(format!("expected string or bytes-like object, got '{class}'")))
        }
    }
}

/// `text(…).bindparams(*binds, **values)`
pub(super) fn text_bindparams(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = expect(vm, &args.at(0))?;
    let Kind::Text(text) = this.kind() else { return Ok(args.at(0)) };
    let mut text: TextClause = text.clone();
    for given in args.positional.iter().skip(1) {
        let bind = expect(vm, given)?;
        text = text.bind_param(&bind).map_err(|error| exc::from_sql(vm, &error))?;
    }
    for (name, given) in &args.keywords {
        let given = value::from_python(vm, given)?;
        text = text.bind_value(name, given).map_err(|error| exc::from_sql(vm, &error))?;
    }
    Ok(object(vm, text.expr()))
}

fn column(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [name, ty, literal, _selectable] =
        args.bind(vm, "column(text, type_=, is_literal=, _selectable=)")?;
    let ty = types::optional(vm, ty)?.unwrap_or_else(Type::null);
    let Some(name) = super::name(&name.unwrap_or_default()) else {
        return Err(exc::argument(vm, "a column needs a name"));
    };
    let literal = value::flag(vm, literal)?;
    let made = if literal { Expr::literal_column(name, ty) } else { Expr::column(name, ty) };
    Ok(object(vm, made))
}

fn literal_column(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [text, ty] = args.bind(vm, "literal_column(text, type_=)")?;
    let text = value::text(vm, &text.unwrap_or_default())?;
    let ty = types::optional(vm, ty)?.unwrap_or_else(Type::null);
    Ok(object(vm, Expr::literal_column(Name::new(text), ty)))
}

fn literal(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [given, ty, execute] = args.bind(vm, "literal(value, type_=, literal_execute=)")?;
    let given = given.unwrap_or_default();
    if let Some(expr) = try_expr(vm, &given)? {
        return Ok(object(vm, expr));
    }
    let given = value::from_python(vm, &given)?;
    let ty = match types::optional(vm, ty)? {
        Some(ty) => ty,
        None => Type::for_value(&given),
    };
    let mut bind = Bind::anonymous("param", given);
    bind.literal_execute = value::flag(vm, execute)?;
    Ok(object(vm, bind.expr(ty)))
}

fn bindparam(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [key, given, ty, unique, required, _quote, callable, expanding, _out, execute] = args.bind(
        vm,
        "bindparam(key, value=, type_=, unique=, required=, quote=, callable_=, expanding=, isoutparam=, literal_execute=)",
    )?;
    let ty = types::optional(vm, ty)?;
    let expanding = value::flag(vm, expanding)?;
    let given = match (given, callable) {
        (Some(given), _) => Some(given),
        (None, Some(callable)) => Some(vm.call(&callable, Args::none())?),
        (None, None) => None,
    };
    let required = value::optional_flag(vm, required)?;
    let bound = match given {
        Some(given) if expanding && vm.is_iterable(&given) && given.as_str().is_none() => {
            let mut values = Vec::new();
            for item in vm.collect(&given)? {
                values.push(value::from_python(vm, &item)?);
            }
            BindValue::Many(values.into())
        }
        Some(given) => BindValue::One(value::from_python(vm, &given)?),
        None if required == Some(false) => BindValue::One(vidro_sql::Value::Null),
        None => BindValue::Required,
    };
    let ty = match (ty, &bound) {
        (Some(ty), _) => ty,
        (None, BindValue::One(given)) => Type::for_value(given),
        (None, _) => Type::null(),
    };
    let key = key.unwrap_or_default();
    let mut bind = match key.as_str() {
        Some(name) => Bind::named(&*name, bound),
        None => {
            let mut bind = Bind::anonymous("param", vidro_sql::Value::Null);
            bind.value = bound;
            bind
        }
    };
    if value::flag(vm, unique)? {
        bind.unique = true;
        if let expr::BindName::Named(name) = &bind.name {
            bind.name = expr::BindName::Anon(Rc::clone(name));
        }
    }
    bind.expanding = expanding;
    bind.literal_execute = value::flag(vm, execute)?;
    Ok(object(vm, bind.expr(ty)))
}

fn cast(vm: &mut Vm, args: Args, kind: CastKind) -> Result<Value, Raise> {
    let [expression, ty] = args.bind(vm, "cast(expression, type_)")?;
    let ty = types::expect(vm, &ty.unwrap_or_default())?;
    let expression = operand(vm, &expression.unwrap_or_default())?;
    let made = with_sql(vm, || Expr::cast_as(kind, expression, ty))?;
    Ok(object(vm, made))
}

fn case(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    let subject = match args.take_keyword("value").filter(|given| !given.is_none()) {
        Some(subject) => Some(expect(vm, &subject)?),
        None => None,
    };
    let otherwise = match args.take_keyword("else_").filter(|given| !given.is_none()) {
        Some(given) => Some(operand(vm, &given)?),
        None => None,
    };
    let mut whens = Vec::new();
    for given in &args.positional {
        let pairs = match given {
            Value::Dict(dict) => dict.items(),
            other => match vm.collect(other)?.as_slice() {
                [when, then] => vec![(when.clone(), then.clone())],
                _ => {
                    return Err(exc::argument(
                        vm,
                        "The \"whens\" argument to case(), when referring to a sequence of items, is \
                         now passed as a series of positional elements, rather than as a list. ",
                    ));
                }
            },
        };
        for (when, then) in pairs {
            let when = match &when {
                Value::Bool(_) if subject.is_none() => Operand::Expr(condition(vm, &when)?),
                other => operand(vm, other)?,
            };
            whens.push((when, operand(vm, &then)?));
        }
    }
    let made = with_sql(vm, || Expr::case(subject, whens, otherwise))?;
    Ok(object(vm, made))
}

/// `Case(…)`: the class itself called.
pub(super) fn case_of_class(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    args.positional.remove(0);
    case(vm, args)
}

fn extract(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [field, expression] = args.bind(vm, "extract(field, expr)")?;
    let field = value::text(vm, &field.unwrap_or_default())?;
    let expression = operand(vm, &expression.unwrap_or_default())?;
    let made = Expr::extract(&field, expression);
    built(vm, made)
}

fn tuple(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    args.take_keyword("types");
    let items = operands(vm, &args.positional)?;
    let made = expr::tuple(items);
    built(vm, made)
}

/// One expression or a sequence of them, strings being names of labels.
fn list(vm: &mut Vm, given: Option<Value>) -> Result<Vec<Expr>, Raise> {
    let Some(given) = given.filter(|given| !given.is_none()) else { return Ok(Vec::new()) };
    let items = match &given {
        Value::List(_) | Value::Tuple(_) => vm.collect(&given)?,
        _ => vec![given],
    };
    let mut out = Vec::new();
    for item in &items {
        out.push(match item.as_str() {
            Some(name) => Expr::textual_label(&name),
            None => super::expect_as(vm, "GROUP BY / OF / etc. expression", item)?,
        });
    }
    Ok(out)
}

fn over(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    let exclude = args.take_keyword("exclude");
    let [this, partition_by, order_by, rows, range, groups] =
        args.bind(vm, "over(self, partition_by=, order_by=, rows=, range_=, groups=)")?;
    let this = expect(vm, &this.unwrap_or_default())?;
    let partition_by = list(vm, partition_by)?;
    let order_by = list(vm, order_by)?;
    let frame = super::frame::frame(vm, rows, range, groups, exclude)?;
    Ok(object(vm, this.over(partition_by, order_by, frame)))
}

fn filter(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = expect(vm, &args.at(0))?;
    let conditions = conditions(vm, args.positional.get(1..).unwrap_or_default())?;
    let made = this.filter(conditions);
    built(vm, made)
}

fn within_group(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = expect(vm, &args.at(0))?;
    let order = list(vm, Some(Value::tuple(args.positional.iter().skip(1).cloned().collect())))?;
    Ok(object(vm, this.within_group(order)))
}

pub(crate) fn aggregate_order_by(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = expect(vm, &args.at(0))?;
    let order = list(vm, Some(Value::tuple(args.positional.iter().skip(1).cloned().collect())))?;
    Ok(object(vm, this.aggregate_order_by(order)))
}

fn table_valued(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    let this = expect(vm, &args.at(0))?;
    let name = args.take_keyword("name").as_ref().and_then(super::name);
    let ordinality = args.take_keyword("with_ordinality").as_ref().and_then(super::name);
    let joins_implicitly = value::flag(vm, args.take_keyword("joins_implicitly"))?;
    let mut columns = Vec::new();
    for given in args.positional.iter().skip(1) {
        columns.push(match super::name(given) {
            Some(name) => (name, Type::null()),
            None => {
                let column = expect(vm, given)?;
                (Name::new(column.column_name().unwrap_or_else(|| "anon".into())), column.ty())
            }
        });
    }
    if let Some(name) = &ordinality {
        columns.push((name.clone(), Type::integer()));
    }
    let valued = TableValued {
        columns,
        ordinality: ordinality.is_some(),
        joins_implicitly,
        ..TableValued::default()
    };
    super::from_object(vm, FromClause::table_valued(this, valued, name))
}

/// `function.column_valued(name)`: the column of its alias.
fn column_valued(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let alias = alias(vm, args)?;
    vm.get_attribute(&alias, "column")
}

/// `function.alias(name)`: the function in FROM, its sole column known by the alias.
fn alias(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    let this = expect(vm, &args.at(0))?;
    let named = args.take_keyword("name").or_else(|| args.get(1).cloned());
    let joins_implicitly = value::flag(vm, args.take_keyword("joins_implicitly"))?;
    let name = named.as_ref().and_then(super::name);
    let valued = TableValued { joins_implicitly, scalar: true, ..TableValued::default() };
    super::from_object(vm, FromClause::table_valued(this, valued, name))
}

/// `function.scalar_table_valued(name, type)`: one field of what the function returns.
fn scalar_table_valued(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [this, name, ty] = args.bind(vm, "scalar_table_valued(self, name, type_=)")?;
    let this = expect(vm, &this.unwrap_or_default())?;
    let name = value::text(vm, &name.unwrap_or_default())?;
    let ty = types::optional(vm, ty)?.unwrap_or_else(Type::null);
    Ok(object(vm, this.field(Name::new(name), ty)))
}

/// `quoted_name(value, quote)`: a string that knows about its quotes.
pub(super) fn quoted_name(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [class, text, quote] = args.bind(vm, "quoted_name.__new__(cls, value, quote)")?;
    let text = text.unwrap_or_default();
    let Some(Value::Class(class)) = class.filter(|_| text.as_str().is_some()) else {
        return Ok(text);
    };
    let made = Instance::wrapping(class, text);
    made.set("quote", quote.unwrap_or_default());
    Ok(Value::Instance(made))
}

/// `array([…])` of PostgreSQL.
pub(crate) fn array(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let items = vm.collect(&args.at(0))?;
    let items = operands(vm, &items)?;
    let made = Expr::array(items);
    built(vm, made)
}
