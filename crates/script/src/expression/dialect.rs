//! Dialects as Python objects, and statements compiled for them.

use std::rc::Rc;

use vidro_engine::Construct;
use vidro_python::{Args, Class, ClassBuilder, Object, Raise, Str, Value, Vm};
use vidro_sql::compile::{BindSet, CompileOptions, Compiled, compile as compile_statement};
use vidro_sql::dialect::{Dialect, Family, Paramstyle};
use vidro_sql::expr::BindValue;
use vidro_sql::statement::Statement;

use super::{DmlObject, ExprObject, FromObject, SelectObject};
use crate::schema::DdlObject;
use crate::world::with_sql;
use crate::{engine, exc, types, value};

const INTERFACES: &str = "sqlalchemy.engine.interfaces";
const COMPILER: &str = "sqlalchemy.sql.compiler";

/// A dialect as Python sees it.
#[derive(Debug)]
pub(crate) struct DialectObject {
    /// The dialect.
    pub(crate) dialect: Dialect,
}

/// A compiled statement as Python sees it.
#[derive(Debug)]
struct CompiledObject {
    compiled: Compiled,
    statement: Statement,
    /// Values that `params()` gave.
    given: Vec<(Rc<str>, Value)>,
    text: String,
    class: &'static str,
}

pub(super) fn define(vm: &mut Vm) {
    let base = ClassBuilder::new(INTERFACES, "Dialect").build(vm);
    ClassBuilder::new("sqlalchemy.engine.default", "DefaultDialect")
        .base(&base)
        .constructor(|_, _| {
            Ok(Value::object(DialectObject { dialect: Dialect::default_dialect() }))
        })
        .method("type_descriptor", |vm, args| {
            let ty = types::expect(vm, &args.at(1))?;
            Ok(types::object(vm, &ty))
        })
        .build(vm);
    let compiled = ClassBuilder::new("sqlalchemy.engine.interfaces", "Compiled").build(vm);
    for name in ["StrSQLCompiler", "SQLCompiler", "DDLCompiler"] {
        ClassBuilder::new(COMPILER, name)
            .base(&compiled)
            .method("construct_params", |vm, args| vm.get_attribute(&args.at(0), "params"))
            .build(vm);
    }
}

/// What makes a dialect when it is called: `postgresql.asyncpg.dialect`, `url.get_dialect()`.
pub(crate) fn dialect_class(dialect: Dialect) -> Value {
    // Without a DBAPI, SQLAlchemy's own choice holds; for MySQL that is not the driver's.
    let dialect = match (dialect.family(), dialect.paramstyle()) {
        (Family::Mysql, Paramstyle::Pyformat) => dialect.with_paramstyle(Paramstyle::Format),
        _ => dialect,
    };
    Value::closure("dialect", move |vm, mut args| {
        let style = args.take_keyword("paramstyle").and_then(|style| style.as_str());
        let dialect = match style {
            None => dialect,
            Some(style) => match PARAMSTYLES.iter().find(|(_, name)| **name == *style) {
                Some((style, _)) => dialect.with_paramstyle(*style),
                None => return Err(vm.key_error(Value::from(&*style))),
            },
        };
        Ok(Value::object(DialectObject { dialect }))
    })
}

/// A dialect given as an object, an engine or not at all.
pub(crate) fn dialect_or_default(vm: &mut Vm, given: Option<Value>) -> Result<Dialect, Raise> {
    match given.filter(|given| !given.is_none()) {
        None => Ok(Dialect::default_dialect()),
        Some(given) => {
            if let Some(object) = given.downcast_ref::<DialectObject>() {
                return Ok(object.dialect);
            }
            if let Some(dialect) = engine::dialect_of(vm, &given)? {
                return Ok(dialect);
            }
            // A dialect module: `sqlalchemy.dialects.postgresql`.
            if let Value::Module(module) = &given
                && let Some(name) = module.name.rsplit('.').next()
                && let Ok(dialect) = Dialect::for_url(name, None)
            {
                return Ok(dialect);
            }
            let shown = vm.repr(&given)?;
            Err(exc::argument(vm, format!("expected a dialect, got {shown}")))
        }
    }
}

/// The statement behind a Python object that can be compiled or executed.
pub(crate) fn statement_of(vm: &mut Vm, given: &Value) -> Result<Option<Statement>, Raise> {
    if let Some(object) = given.downcast_ref::<SelectObject>() {
        return object.whole_query(vm).map(|query| Some(Statement::Query(query)));
    }
    if let Some(object) = given.downcast_ref::<DmlObject>() {
        return Ok(Some(object.statement.clone()));
    }
    if let Some(object) = given.downcast_ref::<DdlObject>() {
        return Ok(Some(Statement::Ddl(object.ddl.clone())));
    }
    if let Some(object) = given.downcast_ref::<ExprObject>() {
        return Ok(Some(match object.expr.kind() {
            vidro_sql::expr::Kind::Text(text) => Statement::Text(text.clone()),
            _ => Statement::Expr(object.expr.clone()),
        }));
    }
    if let Some(object) = given.downcast_ref::<FromObject>() {
        return Ok(Some(Statement::From(object.from.clone())));
    }
    Ok(super::try_expr(vm, given)?.map(Statement::Expr))
}

/// The text of a statement for the default dialect.
pub(crate) fn statement_text(vm: &mut Vm, statement: &Statement) -> Result<Str, Raise> {
    let text = with_sql(vm, || vidro_sql::compile::to_string(statement))?;
    Ok(text.into())
}

/// `statement.compile(bind=…, dialect=…, compile_kwargs=…)`
pub(super) fn compile(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [this, bind, dialect, options, column_keys] = args
        .bind(vm, "compile(self, bind=, dialect=, compile_kwargs=, column_keys=, **kw)")
        .map(|[this, bind, dialect, options, keys, _]: [Option<Value>; 6]| {
            [this, bind, dialect, options, keys]
        })?;
    let this = this.unwrap_or_default();
    let str_dialect =
        bind.as_ref().is_none_or(Value::is_none) && dialect.as_ref().is_none_or(Value::is_none);
    let given = dialect.filter(|given| !given.is_none()).or(bind);
    let own = this.downcast_ref::<DmlObject>().filter(|_| str_dialect);
    let dialect = match own {
        Some(object) => object.own_dialect(),
        None => dialect_or_default(vm, given)?,
    };
    let mut option = |name: &str| match &options {
        Some(Value::Dict(options)) => value::flag(vm, options.get(name)),
        _ => Ok(false),
    };
    let (literal_binds, render_postcompile) =
        (option("literal_binds")?, option("render_postcompile")?);
    let column_keys = match column_keys.filter(|given| !given.is_none()) {
        Some(keys) => Some(value::strings(vm, &keys)?.into()),
        None => None,
    };
    let Some(statement) = statement_of(vm, &this)? else {
        return Err(exc::argument(vm, "nothing to compile"));
    };
    let defaults = CompileOptions::default();
    let options = CompileOptions { literal_binds, render_postcompile, column_keys, ..defaults };
    let compiled = with_sql(vm, || compile_statement(&statement, &dialect, &options))?;
    let text = compiled.sql.to_string();
    let class = match (&statement, str_dialect) {
        (Statement::Ddl(_), _) => "DDLCompiler",
        (_, true) => "StrSQLCompiler",
        _ => "SQLCompiler",
    };
    let given = match this.downcast_ref::<SelectObject>() {
        Some(object) => object.params(),
        None => Vec::new(),
    };
    Ok(Value::object(CompiledObject { compiled, statement, given, text, class }))
}

/// The name of a dialect, and a statement's text in it or why there is none.
pub type DialectText = (&'static str, Result<String, String>);

/// A statement's text in each dialect.
pub(crate) fn in_dialects(vm: &mut Vm, given: &Value) -> Result<Vec<DialectText>, Raise> {
    match statement_of(vm, given)? {
        Some(statement) => Ok(texts(vm, &Construct::from(statement))),
        None => Err(exc::argument(vm, "this is no statement")),
    }
}

/// The text of what was compiled once, in each dialect with its usual driver.
pub(crate) fn texts(vm: &mut Vm, construct: &Construct) -> Vec<DialectText> {
    let mut texts = Vec::new();
    for name in ["sqlite", "postgresql", "mysql", "mariadb"] {
        let Ok(dialect) = Dialect::for_url(name, None) else { continue };
        let text = crate::lend::lend(vm, || construct.text(&dialect));
        texts.push((name, text.map(|sql| sql.to_string()).map_err(|error| error.to_string())));
    }
    texts
}

impl Object for DialectObject {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class("sqlalchemy.engine.default.DefaultDialect")
    }

    fn get_attribute(self: Rc<Self>, _: &mut Vm, name: &str) -> Result<Option<Value>, Raise> {
        Ok(match name {
            "name" => Some(Value::from(self.dialect.name())),
            "driver" => Some(Value::from(self.dialect.driver())),
            "paramstyle" => Some(Value::from(paramstyle(self.dialect))),
            _ => None,
        })
    }

    fn repr(&self, _: &mut Vm) -> Result<Str, Raise> {
        let name = self.dialect.name();
        Ok(format!("<sqlalchemy.dialects.{name} dialect object at 0x7f0000000000>").into())
    }
}

impl Object for CompiledObject {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class(&format!("{COMPILER}.{}", self.class))
    }

    fn str(&self, _: &mut Vm) -> Result<Str, Raise> {
        Ok(self.text.as_str().into())
    }

    fn get_attribute(self: Rc<Self>, vm: &mut Vm, name: &str) -> Result<Option<Value>, Raise> {
        Ok(match name {
            "string" => Some(Value::from(self.text.as_str())),
            "params" => Some(self.params(vm)),
            "positiontup" => {
                let name = |at: &usize| {
                    self.compiled.params.get(*at).map_or(Value::None, |p| Value::from(&*p.name))
                };
                Some(Value::list(self.compiled.positions.iter().map(name).collect()))
            }
            "dialect" => Some(Value::object(DialectObject { dialect: self.compiled.dialect })),
            _ => None,
        })
    }
}

/// Ways of writing parameters, and what the DBAPI calls them.
const PARAMSTYLES: &[(Paramstyle, &str)] = &[
    (Paramstyle::Qmark, "qmark"),
    (Paramstyle::Named, "named"),
    (Paramstyle::Format, "format"),
    (Paramstyle::Pyformat, "pyformat"),
    (Paramstyle::NumericDollar, "numeric_dollar"),
    (Paramstyle::Numeric, "numeric"),
];

/// `dialect.paramstyle`
fn paramstyle(dialect: Dialect) -> &'static str {
    let found = PARAMSTYLES.iter().find(|(style, _)| *style == dialect.paramstyle());
    found.map_or("named", |(_, name)| name)
}

impl CompiledObject {
    /// `compiled.params`: values by name.
    fn params(&self, vm: &mut Vm) -> Value {
        let mut set = BindSet::default();
        set.collect(&self.statement);
        let mut pairs = Vec::new();
        for param in &self.compiled.params {
            let given = self.given.iter().rev().find(|(name, _)| *name == param.name);
            let found = match given {
                Some((_, given)) => given.clone(),
                None => {
                    let own = self.compiled.value_of(param, &set.binds, &|_| None);
                    bound(vm, own.unwrap_or(BindValue::Required))
                }
            };
            pairs.push((param.shown_name(), found));
        }
        Value::dict(pairs.iter().map(|(name, found)| (&**name, found.clone())))
    }
}

/// The value of a parameter as Python shows it; `None` where only the execution has it.
fn bound(vm: &mut Vm, found: BindValue) -> Value {
    match found {
        BindValue::One(found) => value::to_python(vm, &found),
        BindValue::Many(found) => Value::list(value::all_to_python(vm, &found)),
        BindValue::Tuples(rows) => {
            let row = |row: &Rc<[vidro_sql::Value]>| value::all_to_python(vm, row);
            Value::list(rows.iter().map(row).map(Value::tuple).collect())
        }
        BindValue::Required => Value::None,
    }
}
