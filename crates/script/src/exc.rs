//! `sqlalchemy.exc`, `sqlalchemy.orm.exc` and `sqlite3`'s exceptions as Python classes, and errors of the lower crates as exceptions.

use std::any::Any;
use std::rc::Rc;

use vidro_engine::error::FailedStatement;
use vidro_python::{Args, Class, ClassBuilder, Instance, Raise, Value, Vm};

use crate::value;

/// An exception class: module, name, bases, code of its background page.
struct Row(&'static str, &'static str, &'static [&'static str], &'static str);

const EXC: &str = "sqlalchemy.exc";
const ORM: &str = "sqlalchemy.orm.exc";
const SQLITE: &str = "sqlite3";

/// Every class after those it derives from.
#[rustfmt::skip]
static CLASSES: &[Row] = &[
    Row(EXC, "SQLAlchemyError", &["Exception"], ""),
    Row(EXC, "ArgumentError", &["SQLAlchemyError"], ""),
    Row(EXC, "DuplicateColumnError", &["ArgumentError"], ""),
    Row(EXC, "ObjectNotExecutableError", &["ArgumentError"], ""),
    Row(EXC, "NoSuchModuleError", &["ArgumentError"], ""),
    Row(EXC, "NoForeignKeysError", &["ArgumentError"], ""),
    Row(EXC, "AmbiguousForeignKeysError", &["ArgumentError"], ""),
    Row(EXC, "ConstraintColumnNotFoundError", &["ArgumentError"], ""),
    Row(EXC, "CircularDependencyError", &["SQLAlchemyError"], ""),
    Row(EXC, "CompileError", &["SQLAlchemyError"], ""),
    Row(EXC, "UnsupportedCompilationError", &["CompileError"], "l7de"),
    Row(EXC, "IdentifierError", &["SQLAlchemyError"], ""),
    Row(EXC, "DisconnectionError", &["SQLAlchemyError"], ""),
    Row(EXC, "InvalidatePoolError", &["DisconnectionError"], ""),
    Row(EXC, "TimeoutError", &["SQLAlchemyError"], ""),
    Row(EXC, "InvalidRequestError", &["SQLAlchemyError"], ""),
    Row(EXC, "IllegalStateChangeError", &["InvalidRequestError"], ""),
    Row(EXC, "NoInspectionAvailable", &["InvalidRequestError"], ""),
    Row(EXC, "PendingRollbackError", &["InvalidRequestError"], ""),
    Row(EXC, "ResourceClosedError", &["InvalidRequestError"], ""),
    Row(EXC, "NoSuchColumnError", &["InvalidRequestError", "KeyError"], ""),
    Row(EXC, "AmbiguousColumnError", &["InvalidRequestError"], ""),
    Row(EXC, "NoResultFound", &["InvalidRequestError"], ""),
    Row(EXC, "MultipleResultsFound", &["InvalidRequestError"], ""),
    Row(EXC, "NoReferenceError", &["InvalidRequestError"], ""),
    Row(EXC, "NoReferencedTableError", &["NoReferenceError"], ""),
    Row(EXC, "NoReferencedColumnError", &["NoReferenceError"], ""),
    Row(EXC, "AwaitRequired", &["InvalidRequestError"], "xd1r"),
    Row(EXC, "MissingGreenlet", &["InvalidRequestError"], "xd2s"),
    Row(EXC, "NoSuchTableError", &["InvalidRequestError"], ""),
    Row(EXC, "UnreflectableTableError", &["InvalidRequestError"], ""),
    Row(EXC, "UnboundExecutionError", &["InvalidRequestError"], ""),
    Row(EXC, "NoDBAPILoaded", &["InvalidRequestError"], ""),
    Row(EXC, "DontWrapMixin", &["object"], ""),
    Row(EXC, "StatementError", &["SQLAlchemyError"], ""),
    Row(EXC, "DBAPIError", &["StatementError"], "dbapi"),
    Row(EXC, "InterfaceError", &["DBAPIError"], "rvf5"),
    Row(EXC, "DatabaseError", &["DBAPIError"], "4xp6"),
    Row(EXC, "DataError", &["DatabaseError"], "9h9h"),
    Row(EXC, "OperationalError", &["DatabaseError"], "e3q8"),
    Row(EXC, "IntegrityError", &["DatabaseError"], "gkpj"),
    Row(EXC, "InternalError", &["DatabaseError"], "2j85"),
    Row(EXC, "ProgrammingError", &["DatabaseError"], "f405"),
    Row(EXC, "NotSupportedError", &["DatabaseError"], "tw8g"),
    Row(EXC, "SADeprecationWarning", &["DeprecationWarning"], ""),
    Row(EXC, "Base20DeprecationWarning", &["SADeprecationWarning"], ""),
    Row(EXC, "LegacyAPIWarning", &["Base20DeprecationWarning"], ""),
    Row(EXC, "MovedIn20Warning", &["Base20DeprecationWarning"], ""),
    Row(EXC, "SAPendingDeprecationWarning", &["PendingDeprecationWarning"], ""),
    Row(EXC, "SAWarning", &["RuntimeWarning"], ""),
    Row(ORM, "StaleDataError", &["SQLAlchemyError"], ""),
    Row(ORM, "FlushError", &["SQLAlchemyError"], ""),
    Row(ORM, "MappedAnnotationError", &["ArgumentError"], ""),
    Row(ORM, "UnmappedError", &["InvalidRequestError"], ""),
    Row(ORM, "ObjectDereferencedError", &["SQLAlchemyError"], ""),
    Row(ORM, "DetachedInstanceError", &["SQLAlchemyError"], "bhk3"),
    Row(ORM, "UnmappedInstanceError", &["UnmappedError"], ""),
    Row(ORM, "UnmappedClassError", &["UnmappedError"], ""),
    Row(ORM, "ObjectDeletedError", &["InvalidRequestError"], ""),
    Row(ORM, "UnmappedColumnError", &["InvalidRequestError"], ""),
    Row(ORM, "LoaderStrategyException", &["InvalidRequestError"], ""),
    Row(SQLITE, "Warning", &["Exception"], ""),
    Row(SQLITE, "Error", &["Exception"], ""),
    Row(SQLITE, "InterfaceError", &["sqlite3.Error"], ""),
    Row(SQLITE, "DatabaseError", &["sqlite3.Error"], ""),
    Row(SQLITE, "DataError", &["sqlite3.DatabaseError"], ""),
    Row(SQLITE, "OperationalError", &["sqlite3.DatabaseError"], ""),
    Row(SQLITE, "IntegrityError", &["sqlite3.DatabaseError"], ""),
    Row(SQLITE, "InternalError", &["sqlite3.DatabaseError"], ""),
    Row(SQLITE, "ProgrammingError", &["sqlite3.DatabaseError"], ""),
    Row(SQLITE, "NotSupportedError", &["sqlite3.DatabaseError"], ""),
];

/// Makes all classes.
pub(crate) fn define(vm: &mut Vm) {
    for Row(module, name, bases, code) in CLASSES {
        let mut builder = ClassBuilder::new(module, *name);
        for base in *bases {
            let base = class(vm, base);
            builder = builder.base(&base);
        }
        if !code.is_empty() {
            builder = builder.attribute("code", Value::from(*code));
        }
        builder = match *name {
            "SQLAlchemyError" => builder
                .attribute("code", Value::None)
                .method("__init__", init)
                .method("__str__", text)
                .method("_message", message),
            "StatementError" => builder
                .attribute("statement", Value::None)
                .attribute("params", Value::None)
                .attribute("orig", Value::None)
                .attribute("ismulti", Value::None)
                .attribute("hide_parameters", Value::Bool(false))
                .method("__init__", init_statement)
                .method("add_detail", add_detail),
            "DBAPIError" => builder
                .attribute("connection_invalidated", Value::Bool(false))
                .method("__init__", init_dbapi)
                .property("driver_exception", |vm, args| vm.get_attribute(&args.at(0), "orig")),
            "ObjectNotExecutableError" => builder.method("__init__", init_not_executable),
            "CircularDependencyError" => builder.method("__init__", init_circular),
            "NoReferencedTableError" | "NoReferencedColumnError" => {
                builder.method("__init__", init_reference)
            }
            _ => builder,
        };
        builder.build(vm);
    }
}

/// The names of a module's classes.
pub(crate) fn names(module: &str) -> impl Iterator<Item = &'static str> {
    CLASSES.iter().filter(move |row| row.0 == module).map(|row| row.1)
}

/// The class of this name: SQLAlchemy's if it has one, else Python's own.
pub(crate) fn class(vm: &Vm, name: &str) -> Rc<Class> {
    if name == "object" {
        return vm.named_class("object");
    }
    if name.contains('.') {
        return vm.named_class(name);
    }
    match CLASSES.iter().find(|row| row.1 == name && row.0 != SQLITE) {
        Some(Row(module, name, ..)) => vm.named_class(&format!("{module}.{name}")),
        None => vm.exception(name),
    }
}

/// An exception of one of these classes with a message.
pub(crate) fn raise(vm: &mut Vm, class_name: &str, message: impl Into<String>) -> Raise {
    let class = class(vm, class_name);
    plain(&class, message.into())
}

/// An `ArgumentError`.
pub(crate) fn argument(vm: &mut Vm, message: impl Into<String>) -> Raise {
    raise(vm, "ArgumentError", message)
}

/// The `NoInspectionAvailable` of an object that `inspect()` knows nothing of.
pub(crate) fn no_inspection(vm: &mut Vm, subject: &Value) -> Raise {
    let class = vm.class_of(subject);
    let message = format!(
        "No inspection system is available for object of type <class '{}'>",
        class.full_name()
    );
    raise(vm, "NoInspectionAvailable", message)
}

/// An `InvalidRequestError`.
pub(crate) fn invalid_request(vm: &mut Vm, message: impl Into<String>) -> Raise {
    raise(vm, "InvalidRequestError", message)
}

fn plain(class: &Rc<Class>, message: String) -> Raise {
    let instance = Instance::new(Rc::clone(class));
    instance.exception(|state| state.args = vec![Value::from(message)]);
    Raise(instance)
}

/// The same exception with the code of its background page.
pub(crate) fn with_code(raise: Raise, code: Option<&'static str>) -> Raise {
    if let Some(code) = code {
        raise.0.set("code", Value::from(code));
    }
    raise
}

/// The script's own exception inside an error that passed through the lower crates.
fn foreign(payload: Option<&Rc<dyn Any>>) -> Option<Raise> {
    payload?.downcast_ref::<Raise>().cloned()
}

/// An error of `vidro-sql`.
pub(crate) fn from_sql(vm: &mut Vm, error: &vidro_sql::Error) -> Raise {
    if let Some(raise) = foreign(error.payload()) {
        return raise;
    }
    let class = class(vm, error.kind().name());
    with_code(plain(&class, error.message().into()), error.code())
}

/// An error of `vidro-engine`.
pub(crate) fn from_engine(vm: &mut Vm, error: &vidro_engine::Error) -> Raise {
    let own = error.sql_error().and_then(|sql| foreign(sql.payload()));
    let mut error = error.clone();
    if let Some(own) = own {
        // What the script raised on the way to a statement is told with the statement.
        if error.statement().is_none() || !own.is(&vm.exception("Exception")) {
            return own;
        }
        let raised = Value::Instance(Rc::clone(&own.0));
        let text = vm.str(&raised).unwrap_or_default();
        let class = crate::value::full_name(&vm.class_of(&raised));
        error = error.with_message(format!("({class}) {text}"));
    }
    let class = class(vm, error.kind().name());
    let raise = with_code(plain(&class, error.message().into()), error.code());
    if let Some(statement) = error.statement() {
        raise.0.set("statement", Value::from(statement.sql.as_str()));
        let parameters = parameters(vm, statement);
        raise.0.set("params", parameters);
        raise.0.set("hide_parameters", Value::Bool(statement.hide));
        raise.0.set("ismulti", Value::Bool(statement.many));
    }
    let orig = match (error.orig(), error.sql_error()) {
        (Some(orig), _) => {
            let name = format!("{}.{}", orig.module, orig.class.name());
            let known = matches!(orig.module, "sqlite3").then(|| vm.named_class(&name));
            known.map(|class| plain(&class, orig.message.clone()))
        }
        (None, Some(sql)) if error.statement().is_some() => Some(from_sql(vm, sql)),
        _ => None,
    };
    if let Some(orig) = orig {
        raise.0.set("orig", Value::Instance(Rc::clone(&orig.0)));
        raise.0.exception(|state| state.cause = Some(orig.0));
    }
    raise.0.set_payload(Rc::new(error));
    raise
}

/// An error of `vidro-orm`.
pub(crate) fn from_orm(vm: &mut Vm, error: &vidro_orm::Error) -> Raise {
    if let Some(raise) = foreign(error.payload()) {
        return raise;
    }
    if let Some(sql) = error.as_sql() {
        return from_sql(vm, sql);
    }
    if let Some(engine) = error.as_engine() {
        let raise = from_engine(vm, engine);
        if let Some(detail) = error.detail() {
            raise.0.set("detail", Value::list(vec![Value::from(detail)]));
        }
        return raise;
    }
    let class = class(vm, error.kind().name());
    with_code(plain(&class, error.message().into()), error.code())
}

/// The script's exception on its way through `vidro-sql`.
pub(crate) fn into_sql(vm: &mut Vm, raise: Raise) -> vidro_sql::Error {
    let message = message_of(vm, &raise);
    vidro_sql::Error::foreign(Rc::new(raise), message)
}

/// The script's exception on its way through `vidro-orm`.
pub(crate) fn into_orm(vm: &mut Vm, raise: Raise) -> vidro_orm::Error {
    let message = message_of(vm, &raise);
    vidro_orm::Error::foreign(Rc::new(raise), message)
}

fn message_of(vm: &mut Vm, raise: &Raise) -> String {
    vm.str(&Value::Instance(Rc::clone(&raise.0))).map(|text| text.to_string()).unwrap_or_default()
}

fn parameters(vm: &mut Vm, statement: &FailedStatement) -> Value {
    let mut sets = Vec::new();
    for set in &statement.parameters {
        let values = set.iter().map(|item| value::to_python(vm, item)).collect();
        sets.push(Value::tuple(values));
    }
    if statement.many {
        Value::list(sets)
    } else {
        sets.pop().unwrap_or_else(|| Value::tuple(vec![]))
    }
}

fn init(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    let code = args.take_keyword("code");
    let this = args.at(0);
    let Some(instance) = this.as_instance() else { return Ok(Value::None) };
    if !args.keywords.is_empty() {
        let class = instance.class().name();
        return Err(vm.type_error(format!("{class}() takes no keyword arguments")));
    }
    let rest = args.positional.iter().skip(1).cloned().collect();
    instance.exception(|state| state.args = rest);
    if let Some(code) = code.filter(|code| !code.is_none()) {
        instance.set("code", code);
    }
    Ok(Value::None)
}

fn init_statement(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [this, message, statement, params, orig, hide, code, multi] = args.bind(
        vm,
        "StatementError.__init__(self, message, statement, params, orig, hide_parameters=, code=, ismulti=)",
    )?;
    let fields = [("statement", statement), ("params", params), ("orig", orig)];
    let more = [("hide_parameters", hide), ("code", code), ("ismulti", multi)];
    if let Some(instance) = this.as_ref().and_then(Value::as_instance) {
        instance.exception(|state| state.args = message.into_iter().collect());
        for (name, field) in fields.into_iter().chain(more) {
            if let Some(field) = field {
                instance.set(name, field);
            }
        }
    }
    Ok(Value::None)
}

fn init_dbapi(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [this, statement, params, orig, hide, invalidated, code, multi] = args.bind(
        vm,
        "DBAPIError.__init__(self, statement, params, orig, hide_parameters=, connection_invalidated=, code=, ismulti=)",
    )?;
    let orig = orig.unwrap_or_default();
    let text = vm.str(&orig)?;
    let message = format!("({}) {text}", crate::value::full_name(&vm.class_of(&orig)));
    let this = this.unwrap_or_default();
    let mut rest = Args::from([this.clone(), Value::from(message)]);
    rest.positional.extend([statement.unwrap_or_default(), params.unwrap_or_default(), orig]);
    for (name, field) in [("hide_parameters", hide), ("code", code), ("ismulti", multi)] {
        if let Some(field) = field {
            rest = rest.with(name, field);
        }
    }
    if let (Some(instance), Some(invalidated)) = (this.as_instance(), invalidated) {
        instance.set("connection_invalidated", invalidated);
    }
    init_statement(vm, rest)
}

fn init_not_executable(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let target = args.at(1);
    let message = format!("Not an executable object: {}", vm.repr(&target)?);
    if let Some(instance) = args.at(0).as_instance() {
        instance.set("target", target);
    }
    init(vm, Args::from([args.at(0), Value::from(message)]))
}

fn init_circular(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [this, message, cycles, edges, msg, code] = args.bind(
        vm,
        "CircularDependencyError.__init__(self, message, cycles=, edges=, msg=, code=)",
    )?;
    let this = this.unwrap_or_default();
    if let Some(instance) = this.as_instance() {
        instance.set("cycles", cycles.unwrap_or_default());
        instance.set("edges", edges.unwrap_or_default());
    }
    let message = msg.or(message).unwrap_or_default();
    init(vm, Args::from([this, message]).with("code", code.unwrap_or_default()))
}

fn init_reference(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    if let Some(instance) = args.at(0).as_instance() {
        instance.set("table_name", args.at(2));
        instance.set("column_name", args.at(3));
    }
    init(vm, Args::from([args.at(0), args.at(1)]))
}

fn add_detail(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    if let Some(instance) = args.at(0).as_instance() {
        let details = instance.get("detail").unwrap_or_else(|| Value::list(Vec::new()));
        instance.set("detail", details.clone());
        if let Value::List(details) = &details {
            details.push(args.at(1));
        }
    }
    let _ = vm;
    Ok(Value::None)
}

fn message(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    own_message(vm, &args.at(0)).map(Value::from)
}

/// The message without statement and link: the one argument, or all of them as a tuple.
fn own_message(vm: &mut Vm, this: &Value) -> Result<String, Raise> {
    let args = this.as_instance().and_then(|i| i.exception(|state| state.args.clone()));
    match args.unwrap_or_default().as_slice() {
        [one] => Ok(vm.str(one)?.to_string()),
        many => Ok(vm.repr(&Value::tuple(many.to_vec()))?.to_string()),
    }
}

/// `str(error)`: message, details, statement, parameters, link.
fn text(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = args.at(0);
    let mut lines = Vec::new();
    if let Some(Value::List(details)) = this.as_instance().and_then(|i| i.get("detail")) {
        for detail in details.to_vec() {
            lines.push(format!("({})", vm.str(&detail)?));
        }
    }
    let message = own_message(vm, &this)?;
    if let Some(error) = this.payload::<vidro_engine::Error>() {
        lines.push(error.to_string());
        return Ok(Value::from(lines.join("\n")));
    }
    lines.push(message);
    let statement_error = class(vm, "StatementError");
    let is_statement = vm.class_of(&this).is_subclass(&statement_error);
    if is_statement {
        let statement = vm.get_attribute(&this, "statement")?;
        if vm.truth(&statement)? {
            lines.push(format!("[SQL: {}]", vm.str(&statement)?));
            let params = vm.get_attribute(&this, "params")?;
            if vm.truth(&params)? {
                lines.push(format!("[parameters: {}]", vm.repr(&params)?));
            }
        }
    }
    let code = vm.get_attribute(&this, "code")?;
    if let Some(code) = code.as_str() {
        let link = format!("(Background on this error at: https://sqlalche.me/e/21/{code})");
        if is_statement {
            lines.push(link);
        } else if let Some(last) = lines.last_mut() {
            *last = format!("{last} {link}");
        }
    }
    Ok(Value::from(lines.join("\n")))
}
