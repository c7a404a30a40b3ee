//! `sqlalchemy.sql`: expressions and FROM objects as Python objects, and what may stand for one.

mod collection;
mod containment;
mod dialect;
mod dml;
mod frame;
mod from;
mod functions;
pub(crate) mod operators;
mod select;

use std::rc::Rc;

use vidro_python::{
    Args, BinaryOperator, Class, ClassBuilder, Compare, Object, Raise, Str, UnaryOperator, Value,
    Vm,
};
use vidro_sql::expr::Expr;
use vidro_sql::expr::{Kind, LabelName, Op, Operand};
use vidro_sql::name::Name;

use crate::world::with_sql;
use crate::{exc, mapping, schema, types, value};

pub(crate) use collection::{collection, facade};
pub use dialect::DialectText;
pub(crate) use dialect::{
    DialectObject, dialect_class, dialect_or_default, in_dialects, statement_of, statement_text,
    texts,
};
pub(crate) use dml::{DmlObject, delete, insert, insert_for, update};
pub(crate) use from::{FromObject, from_clause, from_object, try_from_clause};
pub(crate) use functions::{FUNCTIONS, aggregate_order_by, array, func};
pub(crate) use select::{Body, SelectObject, as_query, compound, core, exists, items_of, select};

/// The module of the element classes.
pub(crate) const ELEMENTS: &str = "sqlalchemy.sql.elements";
/// The module of the function classes.
const FUNCTION_CLASSES: &str = "sqlalchemy.sql.functions";

/// An expression as Python sees it.
#[derive(Debug)]
pub(crate) struct ExprObject {
    /// The expression.
    pub(crate) expr: Expr,
}

/// Class and base, all of the elements module.
const CLASSES: &[(&str, &str)] = &[
    ("ColumnClause", "ColumnElement"),
    ("BindParameter", "ColumnElement"),
    ("Null", "ColumnElement"),
    ("True_", "ColumnElement"),
    ("False_", "ColumnElement"),
    ("TextClause", "ClauseElement"),
    ("OperatorExpression", "ColumnElement"),
    ("UnaryExpression", "ColumnElement"),
    ("AsBoolean", "UnaryExpression"),
    ("BinaryExpression", "OperatorExpression"),
    ("CollectionAggregate", "UnaryExpression"),
    ("ExpressionClauseList", "OperatorExpression"),
    ("BooleanClauseList", "ExpressionClauseList"),
    ("ClauseList", "ClauseElement"),
    ("Tuple", "ColumnElement"),
    ("Grouping", "ColumnElement"),
    ("Label", "ColumnElement"),
    ("Case", "ColumnElement"),
    ("Cast", "ColumnElement"),
    ("TryCast", "Cast"),
    ("TypeCoerce", "ColumnElement"),
    ("Extract", "ColumnElement"),
    ("CollationClause", "ColumnElement"),
    ("Over", "ColumnElement"),
    ("WithinGroup", "ColumnElement"),
    ("AggregateOrderBy", "WithinGroup"),
    ("FunctionFilter", "ColumnElement"),
    ("Slice", "ColumnElement"),
    ("TableValuedColumn", "ColumnElement"),
    ("ScalarSelect", "ColumnElement"),
    ("Exists", "UnaryExpression"),
    ("quoted_name", ""),
];

/// Makes all classes.
pub(crate) fn define(vm: &mut Vm) {
    let root = ClassBuilder::new(ELEMENTS, "ClauseElement")
        .method("compile", dialect::compile)
        .method("self_group", |vm, args| match args.at(0).downcast_ref::<ExprObject>() {
            Some(object) => Ok(self::object(vm, object.expr.self_group(None))),
            None => Ok(args.at(0)),
        })
        .method("params", params)
        .method("unique_params", params)
        .method("compare", |vm, args| {
            let one = statement_of(vm, &args.at(0))?;
            let other = statement_of(vm, &args.at(1))?;
            Ok(Value::Bool(one.zip(other).is_some_and(|(one, other)| one.same_as(&other))))
        })
        .build(vm);
    let operators = ClassBuilder::new("sqlalchemy.sql.operators", "ColumnOperators")
        .methods(operators::METHODS)
        .build(vm);
    ClassBuilder::new(ELEMENTS, "ColumnElement").base(&operators).base(&root).build(vm);
    for (name, base) in CLASSES {
        let mut builder = ClassBuilder::new(ELEMENTS, *name);
        if !base.is_empty() {
            let base = vm.named_class(&format!("{ELEMENTS}.{base}"));
            builder = builder.base(&base);
        }
        builder = match *name {
            "TextClause" => builder
                .method("bindparams", functions::text_bindparams)
                .method("columns", select::text_columns),
            "quoted_name" => {
                let builder = builder.constructor(functions::quoted_name);
                match crate::value::builtin(vm, "str") {
                    Some(Value::Class(text)) => builder.base(&text),
                    _ => builder,
                }
            }
            "Case" => builder.constructor(functions::case_of_class),
            "FunctionFilter" | "WithinGroup" => builder.methods(functions::AGGREGATE_METHODS),
            "ScalarSelect" | "Exists" => builder.methods(select::VALUE_METHODS),
            _ => builder,
        };
        builder.build(vm);
    }
    let element = vm.named_class("sqlalchemy.sql.elements.ColumnElement");
    let base = ClassBuilder::new(FUNCTION_CLASSES, "FunctionElement")
        .base(&element)
        .methods(functions::METHODS)
        .build(vm);
    let base = ClassBuilder::new(FUNCTION_CLASSES, "Function").base(&base).build(vm);
    ClassBuilder::new(FUNCTION_CLASSES, "GenericFunction").base(&base).build(vm);
    ClassBuilder::new(FUNCTION_CLASSES, "ScalarFunctionColumn").base(&element).build(vm);
    functions::define(vm);
    collection::define(vm);
    from::define(vm);
    select::define(vm);
    dml::define(vm);
    dialect::define(vm);
}

/// An expression as a Python object. A column of a table is that column's own object.
pub(crate) fn object(vm: &mut Vm, expr: Expr) -> Value {
    if expr.note().is_none()
        && let Some(column) = expr.schema_column()
        && column.table().is_some()
        && let Ok(made) = schema::column_object(vm, &column.clone())
    {
        return made;
    }
    Value::object(ExprObject { expr })
}

/// An expression as a Python object, in the shape of a native function's result.
#[expect(clippy::unnecessary_wraps, reason = "the tables of methods want a result")]
pub(crate) fn object_result(vm: &mut Vm, expr: Expr) -> Result<Value, Raise> {
    Ok(object(vm, expr))
}

/// The result of building an expression as a Python object.
pub(crate) fn built(vm: &mut Vm, result: vidro_sql::Result<Expr>) -> Result<Value, Raise> {
    match result {
        Ok(expr) => Ok(object(vm, expr)),
        Err(error) => Err(exc::from_sql(vm, &error)),
    }
}

/// The expression behind a Python value; none if it is a plain value.
pub(crate) fn try_expr(vm: &mut Vm, given: &Value) -> Result<Option<Expr>, Raise> {
    if let Some(object) = given.downcast_ref::<ExprObject>() {
        return Ok(Some(object.expr.clone()));
    }
    if let Some(column) = schema::as_column(given) {
        return Ok(Some(column.expr()));
    }
    if let Some(expr) = mapping::expression_of(vm, given)? {
        return Ok(Some(expr));
    }
    if let Some(object) = given.downcast_ref::<SelectObject>() {
        let query = object.query(vm)?;
        return Ok(Some(query.scalar_subquery()));
    }
    if let Some(object) = given.downcast_ref::<FromObject>() {
        return Ok(Some(Expr::from_clause_value(&object.from)));
    }
    match given {
        Value::Instance(_) | Value::Object(_) => {
            let Some(method) = vm.try_attribute(given, "__clause_element__")? else {
                return Ok(None);
            };
            let element = vm.call(&method, Args::none())?;
            if element.is(given) { Ok(None) } else { try_expr(vm, &element) }
        }
        _ => Ok(None),
    }
}

/// The expression behind a Python value that must be one.
pub(crate) fn expect(vm: &mut Vm, given: &Value) -> Result<Expr, Raise> {
    expect_as(vm, "SQL expression element", given)
}

/// The expression behind a Python value that must be one, in a place that has a name of its own.
pub(crate) fn expect_as(vm: &mut Vm, role: &str, given: &Value) -> Result<Expr, Raise> {
    match try_expr(vm, given)? {
        Some(expr) => Ok(expr),
        None => Err(expected(vm, role, given)?),
    }
}

/// The error of a value that stands in the place of something else.
pub(crate) fn expected(vm: &mut Vm, role: &str, given: &Value) -> Result<Raise, Raise> {
    let shown = vm.repr(given)?;
    Ok(exc::argument(vm, format!("{role} expected, got {shown}.")))
}

/// The same where a string is most likely meant as SQL.
pub(crate) fn expected_sql(vm: &mut Vm, role: &str, given: &Value) -> Result<Raise, Raise> {
    if given.as_str().is_none() {
        return expected(vm, role, given);
    }
    let shown = vm.repr(given)?;
    let message =
        format!("Textual SQL expression {shown} should be explicitly declared as text({shown})");
    Ok(exc::argument(vm, message))
}

/// A Python value beside an operator.
pub(crate) fn operand(vm: &mut Vm, given: &Value) -> Result<Operand, Raise> {
    match try_expr(vm, given)? {
        Some(expr) => Ok(Operand::Expr(expr)),
        None => value::from_python(vm, given).map(Operand::Value),
    }
}

/// Many Python values as operands.
pub(crate) fn operands(vm: &mut Vm, given: &[Value]) -> Result<Vec<Operand>, Raise> {
    given.iter().map(|given| operand(vm, given)).collect()
}

/// A condition of WHERE, HAVING or ON.
pub(crate) fn condition(vm: &mut Vm, given: &Value) -> Result<Expr, Raise> {
    match given {
        Value::Bool(true) => return Ok(Expr::true_()),
        Value::Bool(false) => return Ok(Expr::false_()),
        Value::None => return Ok(Expr::null()),
        _ => {}
    }
    match try_expr(vm, given)? {
        Some(expr) => Ok(expr),
        None => Err(expected_sql(vm, "SQL expression for WHERE/HAVING role", given)?),
    }
}

/// The ON of a join.
pub(crate) fn on_clause(vm: &mut Vm, given: &Value) -> Result<Expr, Raise> {
    if matches!(given, Value::Bool(_)) {
        return condition(vm, given);
    }
    expect_as(vm, "ON clause, typically a SQL expression or ORM relationship attribute", given)
}

/// Conditions of `where(*criteria)`.
pub(crate) fn conditions(vm: &mut Vm, given: &[Value]) -> Result<Vec<Expr>, Raise> {
    given.iter().map(|given| condition(vm, given)).collect()
}

/// A name given as a string or `quoted_name`.
pub(crate) fn name(given: &Value) -> Option<Name> {
    if let Some(instance) = given.as_instance()
        && let Some(quote) = instance.get("quote")
    {
        let quote = match quote {
            Value::Bool(quote) => Some(quote),
            _ => None,
        };
        return given.as_str().map(|text| Name::quoted(&*text, quote));
    }
    given.as_str().map(|text| Name::new(&*text))
}

fn params(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let mut pairs = Vec::new();
    for given in args.positional.iter().skip(1) {
        for (key, given) in value::items(vm, given)? {
            pairs.push((value::text(vm, &key)?, value::from_python(vm, &given)?));
        }
    }
    for (key, given) in &args.keywords {
        pairs.push((Rc::from(&**key), value::from_python(vm, given)?));
    }
    let this = args.at(0);
    if let Some(object) = this.downcast_ref::<SelectObject>() {
        return object.with_params(vm, &pairs);
    }
    let expr = expect(vm, &this)?;
    // Only statements are run with parameters; an expression stays what it is.
    Ok(object(vm, expr))
}

impl ExprObject {
    fn class_name(&self) -> (&'static str, &'static str) {
        let name = match self.expr.kind() {
            // A column of an alias or subquery over a table is a `Column`, too.
            Kind::Column(_) if self.expr.stands_for_schema_column() => {
                return (schema::SCHEMA, "Column");
            }
            Kind::Column(_) => "ColumnClause",
            Kind::Bind(_) => "BindParameter",
            Kind::Null => "Null",
            Kind::True => "True_",
            Kind::False => "False_",
            Kind::Text(_) => "TextClause",
            Kind::Unary(Op::Exists, _) => "Exists",
            Kind::Unary(Op::Any | Op::All, _) => "CollectionAggregate",
            Kind::Unary(..)
            | Kind::Modifier(..)
            | Kind::LabelReference(_)
            | Kind::TextualLabel(_) => "UnaryExpression",
            Kind::AsBoolean(..) => "AsBoolean",
            Kind::Binary(_) => "BinaryExpression",
            Kind::List(list) => match list.class {
                vidro_sql::expr::ListClass::Boolean => "BooleanClauseList",
                vidro_sql::expr::ListClass::Expression => "ExpressionClauseList",
                vidro_sql::expr::ListClass::Clause => "ClauseList",
                vidro_sql::expr::ListClass::Tuple => "Tuple",
            },
            Kind::Grouping(_) => "Grouping",
            Kind::Label(_) => "Label",
            Kind::Case(_) => "Case",
            Kind::Cast(kind, _) => match kind {
                vidro_sql::expr::CastKind::Cast => "Cast",
                vidro_sql::expr::CastKind::TryCast => "TryCast",
                vidro_sql::expr::CastKind::Coerce => "TypeCoerce",
            },
            Kind::Extract(..) => "Extract",
            Kind::Collation(_) => "CollationClause",
            Kind::Function(function) => {
                let name = if function.generic { "GenericFunction" } else { "Function" };
                return (FUNCTION_CLASSES, name);
            }
            Kind::NextValue(_) => return (FUNCTION_CLASSES, "Function"),
            Kind::Over(_) => "Over",
            Kind::WithinGroup(..) => "WithinGroup",
            Kind::AggregateOrderBy(..) => "AggregateOrderBy",
            Kind::Filter(..) => "FunctionFilter",
            Kind::Scalar(_) | Kind::Subselect(_) => "ScalarSelect",
            Kind::Array(_) => "ExpressionClauseList",
            Kind::Slice(..) => "Slice",
            Kind::FromValue(_) => "TableValuedColumn",
            Kind::Field(..) => return (FUNCTION_CLASSES, "ScalarFunctionColumn"),
        };
        (ELEMENTS, name)
    }
}

impl Object for ExprObject {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        let (module, name) = self.class_name();
        vm.named_class(&format!("{module}.{name}"))
    }

    fn get_attribute(self: Rc<Self>, vm: &mut Vm, name: &str) -> Result<Option<Value>, Raise> {
        let found = attribute(vm, &self.expr, name)?;
        match (&found, self.expr.kind()) {
            (None, Kind::Text(_)) | (Some(_), _) => Ok(found),
            (None, Kind::Function(function)) if function.generic => {
                comparator_attribute(vm, &self.expr, &function.name(), name)
            }
            (None, _) => comparator_attribute(vm, &self.expr, self.class_name().1, name),
        }
    }

    fn binary(
        self: Rc<Self>,
        vm: &mut Vm,
        operator: BinaryOperator,
        other: &Value,
        reflected: bool,
    ) -> Result<Value, Raise> {
        operators::binary(vm, &self.expr, operator, other, reflected)
    }

    fn unary(self: Rc<Self>, vm: &mut Vm, operator: UnaryOperator) -> Result<Value, Raise> {
        operators::unary(vm, &self.expr, operator)
    }

    fn compare(self: Rc<Self>, vm: &mut Vm, by: Compare, other: &Value) -> Result<Value, Raise> {
        operators::compare(vm, &self.expr, by, other)
    }

    fn get_item(self: Rc<Self>, vm: &mut Vm, key: &Value) -> Result<Value, Raise> {
        operators::get_item(vm, &self.expr, key)
    }

    fn truth(&self, vm: &mut Vm) -> Result<Option<bool>, Raise> {
        operators::truth(vm, &self.expr)
    }

    fn repr(&self, _: &mut Vm) -> Result<Str, Raise> {
        Ok(python_repr(&self.expr).into())
    }

    fn str(&self, vm: &mut Vm) -> Result<Str, Raise> {
        let expr = self.expr.clone();
        let text = with_sql(vm, || vidro_sql::compile::expr_to_string(&expr))?;
        Ok(text.into())
    }

    fn contains(&self, vm: &mut Vm, _: &Value) -> Result<Option<bool>, Raise> {
        Err(no_membership(vm))
    }
}

/// What the comparator of an element's type answers for an attribute that the element lacks.
pub(crate) fn comparator_attribute(
    vm: &mut Vm,
    expr: &Expr,
    class: &str,
    name: &str,
) -> Result<Option<Value>, Raise> {
    if name.starts_with("__") {
        return Ok(None);
    }
    if let Some(method) = containment::method(expr, name) {
        return Ok(Some(method));
    }
    Err(vm.attribute_error(format!(
        "Neither '{class}' object nor 'Comparator' object has an attribute '{name}'"
    )))
}

/// `value in expression`: membership is for `in_()` to ask.
pub(crate) fn no_membership(vm: &mut Vm) -> Raise {
    let message = "Operator 'contains' is not supported on this expression";
    exc::raise(vm, "NotImplementedError", message)
}

/// How Python shows an expression.
fn python_repr(expr: &Expr) -> String {
    expr.python_repr()
}

fn attribute(vm: &mut Vm, expr: &Expr, name: &str) -> Result<Option<Value>, Raise> {
    Ok(match (name, expr.kind()) {
        ("type", _) => Some(types::object(vm, &expr.ty())),
        ("name", Kind::Bind(bind)) => match &bind.name {
            vidro_sql::expr::BindName::Named(name) | vidro_sql::expr::BindName::Anon(name) => {
                Some(Value::from(&**name))
            }
        },
        ("name", Kind::Function(function)) => Some(Value::from(&*function.name())),
        ("name" | "key", _) => match expr.proxy_key().or_else(|| expr.column_name()) {
            Some(name) => Some(Value::from(&*name)),
            None => Some(Value::None),
        },
        ("value", Kind::Bind(bind)) => match &bind.value {
            vidro_sql::expr::BindValue::One(given) => Some(value::to_python(vm, given)),
            vidro_sql::expr::BindValue::Many(given) => {
                Some(Value::list(value::all_to_python(vm, given)))
            }
            _ => Some(Value::None),
        },
        ("element", Kind::Label(label)) => match &label.name {
            LabelName::Named(_) | LabelName::Anon(_) => Some(object(vm, label.element.clone())),
        },
        ("element", Kind::Unary(_, inner) | Kind::Modifier(_, inner) | Kind::Grouping(inner)) => {
            Some(object(vm, inner.clone()))
        }
        ("left", Kind::Binary(binary)) => Some(object(vm, binary.left.clone())),
        ("right", Kind::Binary(binary)) => Some(object(vm, binary.right.clone())),
        ("astext", Kind::Binary(_)) => expr.as_text().map(|text| object(vm, text)),
        ("operator", Kind::Binary(binary)) => binary.op.sql().map(|text| Value::from(text.trim())),
        ("clauses", Kind::List(list)) => {
            let items = list.items.clone();
            Some(Value::list(items.into_iter().map(|item| object(vm, item)).collect()))
        }
        ("clauses", Kind::Function(function)) => {
            let items = function.args.clone();
            Some(Value::list(items.into_iter().map(|item| object(vm, item)).collect()))
        }
        ("text", Kind::Text(_)) => Some(Value::from(expr.to_string())),
        ("table", Kind::Column(column)) => match column.from_clause() {
            Some(from) => Some(from_object(vm, from)?),
            None => Some(Value::None),
        },
        ("c" | "columns", Kind::Function(_)) => None,
        ("primary_key", Kind::Column(_)) => {
            let key = expr.schema_column().is_some_and(vidro_sql::schema::Column::is_primary_key);
            Some(Value::Bool(key))
        }
        ("foreign_keys", _) => Some(vm.new_set(Vec::new(), false)?),
        ("expression", _) => Some(object(vm, expr.clone())),
        ("comparator", _) => Some(object(vm, expr.clone())),
        ("anon_label", _) => Some(object(vm, expr.label_anon())),
        _ => None,
    })
}

/// `<module.Class object at 0x…>`, with an address that is the same in every run.
pub(crate) fn plain_repr(class: &str, number: usize) -> String {
    format!("<{class} object at {:#x}>", 0x7f00_0000_0000_u64 + (number as u64 & 0xffff_ffff))
}
