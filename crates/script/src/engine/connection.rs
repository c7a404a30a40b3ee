//! `Connection` and its transactions.

use std::rc::Rc;

use vidro_engine::{Connection, DriverParameters, ExecutionOptions, ParameterSet, Transaction};
use vidro_python::{Args, Class, ClassBuilder, Instance, Object, Raise, Str, Value, Vm};
use vidro_sql::statement::Statement;

use super::create::{EngineObject, options_of};
use super::result;
use crate::expression;
use crate::world::with_engine;
use crate::{exc, value};

/// A connection as Python sees it.
#[derive(Debug)]
pub(crate) struct ConnectionObject {
    /// The connection.
    pub(crate) connection: Connection,
}

/// A transaction as Python sees it.
#[derive(Debug)]
struct TransactionObject {
    transaction: Transaction,
    connection: Value,
}

type Call = fn(&mut Vm, Args) -> Result<Value, Raise>;

const METHODS: &[(&str, Call)] = &[
    ("execute", execute),
    ("scalar", |vm, args| {
        let result = execute(vm, args)?;
        vm.call_method(&result, "scalar", Args::none())
    }),
    ("scalars", |vm, args| {
        let result = execute(vm, args)?;
        vm.call_method(&result, "scalars", Args::none())
    }),
    ("exec_driver_sql", exec_driver_sql),
    ("begin", |vm, args| begin(vm, &args, false)),
    ("begin_nested", |vm, args| begin(vm, &args, true)),
    ("commit", |vm, args| {
        let this = this(vm, &args)?;
        with_engine(vm, || this.commit())?;
        Ok(Value::None)
    }),
    ("rollback", |vm, args| {
        let this = this(vm, &args)?;
        with_engine(vm, || this.rollback())?;
        Ok(Value::None)
    }),
    ("close", |vm, args| {
        let this = this(vm, &args)?;
        with_engine(vm, || this.close())?;
        Ok(Value::None)
    }),
    ("invalidate", |vm, args| {
        let this = this(vm, &args)?;
        with_engine(vm, || this.invalidate())?;
        Ok(Value::None)
    }),
    ("in_transaction", |vm, args| Ok(Value::Bool(this(vm, &args)?.in_transaction()))),
    ("in_nested_transaction", |vm, args| Ok(Value::Bool(this(vm, &args)?.in_nested_transaction()))),
    ("get_transaction", |vm, args| {
        let this = this(vm, &args)?;
        Ok(transaction_object(this.transaction(), args.at(0)))
    }),
    ("get_nested_transaction", |vm, args| {
        let this = this(vm, &args)?;
        Ok(transaction_object(this.nested_transaction(), args.at(0)))
    }),
    ("execution_options", |vm, args| {
        let this = this(vm, &args)?;
        let changes = options_of(vm, &args.keywords)?;
        with_engine(vm, || this.set_execution_options(&changes))?;
        Ok(args.at(0))
    }),
    ("get_execution_options", |vm, args| {
        let this = this(vm, &args)?;
        let options = this.execution_options();
        let pairs: Vec<_> =
            options.iter().map(|(name, given)| (name, value::to_python(vm, given))).collect();
        Ok(Value::dict(pairs))
    }),
    ("get_isolation_level", |vm, args| {
        let this = this(vm, &args)?;
        with_engine(vm, || this.isolation_level()).map(Value::from)
    }),
];

pub(super) fn define(vm: &mut Vm) {
    ClassBuilder::new("sqlalchemy.engine.base", "Connection").methods(METHODS).build(vm);
    let base = ClassBuilder::new("sqlalchemy.engine.base", "Transaction")
        .method("commit", |vm, args| end(vm, &args, Transaction::commit))
        .method("rollback", |vm, args| end(vm, &args, Transaction::rollback))
        .method("close", |vm, args| end(vm, &args, Transaction::close))
        .build(vm);
    for name in ["RootTransaction", "NestedTransaction"] {
        ClassBuilder::new("sqlalchemy.engine.base", name).base(&base).build(vm);
    }
}

/// A connection as a Python object.
#[expect(clippy::unnecessary_wraps, reason = "callers are native functions")]
pub(crate) fn connection_object(vm: &mut Vm, connection: &Connection) -> Result<Value, Raise> {
    let _ = vm;
    Ok(Value::object(ConnectionObject { connection: connection.clone() }))
}

fn transaction_object(transaction: Option<Transaction>, connection: Value) -> Value {
    transaction.map_or(Value::None, |transaction| {
        Value::object(TransactionObject { transaction, connection })
    })
}

fn this(vm: &mut Vm, args: &Args) -> Result<Connection, Raise> {
    args.this::<ConnectionObject>(vm).map(|object| object.connection.clone())
}

fn begin(vm: &mut Vm, args: &Args, nested: bool) -> Result<Value, Raise> {
    let this = this(vm, args)?;
    let made = with_engine(vm, || if nested { this.begin_nested() } else { this.begin() })?;
    Ok(transaction_object(Some(made), args.at(0)))
}

fn end(
    vm: &mut Vm,
    args: &Args,
    how: fn(&Transaction) -> vidro_engine::Result<()>,
) -> Result<Value, Raise> {
    let this = args.this::<TransactionObject>(vm)?;
    with_engine(vm, || how(&this.transaction))?;
    Ok(Value::None)
}

/// Execution options given as a dict.
pub(crate) fn execution_options(vm: &mut Vm, given: &Value) -> Result<ExecutionOptions, Raise> {
    let mut out = ExecutionOptions::default();
    if given.is_none() {
        return Ok(out);
    }
    for (name, given) in value::items(vm, given)? {
        let name = value::text(vm, &name)?;
        let given = value::from_python(vm, &given)?;
        out.insert(&name, given);
    }
    Ok(out)
}

/// Parameters of an execution: a mapping, a list of them, or nothing.
pub(crate) fn parameter_sets(vm: &mut Vm, given: &Value) -> Result<Vec<ParameterSet>, Raise> {
    match given {
        Value::None => Ok(Vec::new()),
        Value::List(_) | Value::Tuple(_) => {
            let mut sets = Vec::new();
            for one in vm.collect(given)? {
                if !is_mapping(vm, &one)? {
                    return Err(exc::argument(
                        vm,
                        "List argument must consist only of dictionaries",
                    ));
                }
                sets.push(parameter_set(vm, &one)?);
            }
            Ok(sets)
        }
        other if is_mapping(vm, other)? => Ok(vec![parameter_set(vm, other)?]),
        _ => Err(exc::argument(vm, "mapping or list expected for parameters")),
    }
}

fn is_mapping(vm: &mut Vm, given: &Value) -> Result<bool, Raise> {
    Ok(matches!(given, Value::Dict(_)) || vm.try_attribute(given, "items")?.is_some())
}

fn parameter_set(vm: &mut Vm, given: &Value) -> Result<ParameterSet, Raise> {
    let mut set = Vec::new();
    for (name, given) in value::items(vm, given)? {
        let name = match crate::mapping::column_behind(&name) {
            Some(column) => column.key(),
            None => value::text(vm, &name)?,
        };
        set.push((name, value::from_python(vm, &given)?));
    }
    Ok(set)
}

/// `connection.execute(statement, parameters, execution_options=…)`
fn execute(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [this, statement, parameters, options] =
        args.bind(vm, "Connection.execute(self, statement, parameters=, *, execution_options=)")?;
    let this = this.unwrap_or_default();
    let Some(object) = this.downcast::<ConnectionObject>() else { return Ok(Value::None) };
    let given = statement.unwrap_or_default();
    let sets = parameter_sets(vm, &parameters.unwrap_or_default())?;
    let options = execution_options(vm, &options.unwrap_or_default())?;
    run(vm, &object.connection, &given, sets, &options)
}

/// Executes a plain statement on a connection.
pub(crate) fn run(
    vm: &mut Vm,
    connection: &Connection,
    given: &Value,
    mut sets: Vec<ParameterSet>,
    options: &ExecutionOptions,
) -> Result<Value, Raise> {
    if given.as_str().is_some() {
        let shown = vm.repr(given)?;
        return Err(not_executable(vm, given, &shown));
    }
    let statement = match given {
        Value::Object(_) => expression::statement_of(vm, given)?,
        _ => None,
    };
    let statement = match statement {
        Some(Statement::From(_)) | None => {
            let shown = vm.repr(given)?;
            return Err(not_executable(vm, given, &shown));
        }
        Some(statement) => statement,
    };
    let mut merged = options.clone();
    if let Some(select) = given.downcast_ref::<expression::SelectObject>() {
        merged = options_of(vm, &select.options)?.merged(options);
        for (name, given) in select.params() {
            let given = value::from_python(vm, &given)?;
            if sets.is_empty() {
                sets.push(Vec::new());
            }
            for set in &mut sets {
                if !set.iter().any(|(known, _)| *known == name) {
                    set.push((Rc::clone(&name), given.clone()));
                }
            }
        }
    }
    if let Some(dml) = given.downcast_ref::<expression::DmlObject>() {
        merged = options_of(vm, &dml.options)?.merged(options);
    }
    let found = with_engine(vm, || connection.execute(&statement, &sets, &merged))?;
    Ok(result::object(found))
}

/// The error of executing something that is no statement.
pub(crate) fn not_executable(vm: &mut Vm, given: &Value, shown: &str) -> Raise {
    let raise =
        exc::raise(vm, "ObjectNotExecutableError", format!("Not an executable object: {shown}"));
    raise.0.set("target", given.clone());
    raise
}

/// `connection.exec_driver_sql(statement, parameters)`
fn exec_driver_sql(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [this, statement, parameters, _options] =
        args.bind(vm, "exec_driver_sql(self, statement, parameters=, execution_options=)")?;
    let this = this.unwrap_or_default();
    let Some(object) = this.downcast::<ConnectionObject>() else { return Ok(Value::None) };
    let sql = value::text(vm, &statement.unwrap_or_default())?;
    let parameters = driver_parameters(vm, &parameters.unwrap_or_default(), true)?;
    let found = with_engine(vm, || object.connection.exec_driver_sql(&sql, parameters))?;
    Ok(result::object(found))
}

/// Parameters as a DBAPI takes them: a sequence, or a list of sequences.
pub(super) fn driver_parameters(
    vm: &mut Vm,
    given: &Value,
    many: bool,
) -> Result<DriverParameters, Raise> {
    let one = |vm: &mut Vm, given: &Value| -> Result<Vec<vidro_sql::Value>, Raise> {
        let items = match given {
            Value::Dict(dict) => dict.items().into_iter().map(|(_, item)| item).collect(),
            other => vm.collect(other)?,
        };
        items.iter().map(|item| value::from_python(vm, item)).collect()
    };
    match given {
        Value::None => Ok(DriverParameters::One(Vec::new())),
        Value::List(items) if many => {
            let mut sets = Vec::new();
            for item in items.to_vec() {
                sets.push(one(vm, &item)?);
            }
            Ok(DriverParameters::Many(sets))
        }
        other => one(vm, other).map(DriverParameters::One),
    }
}

impl Object for ConnectionObject {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class("sqlalchemy.engine.base.Connection")
    }

    fn get_attribute(self: Rc<Self>, vm: &mut Vm, name: &str) -> Result<Option<Value>, Raise> {
        let connection = &self.connection;
        Ok(match name {
            "closed" => Some(Value::Bool(connection.is_closed())),
            "invalidated" => Some(Value::Bool(connection.is_invalidated())),
            "engine" => Some(Value::object(EngineObject { engine: connection.engine().clone() })),
            "dialect" => Some(Value::object(expression::DialectObject {
                dialect: **connection.engine().dialect(),
            })),
            "connection" => {
                let dbapi = with_engine(vm, || connection.dbapi())?;
                Some(super::event::dbapi_connection(dbapi, None))
            }
            "info" => Some(Value::dict([])),
            "default_isolation_level" => Some(Value::from("SERIALIZABLE")),
            _ => None,
        })
    }

    fn enter(self: Rc<Self>, _: &mut Vm) -> Result<Value, Raise> {
        Ok(Value::Object(self))
    }

    fn exit(self: Rc<Self>, vm: &mut Vm, _: Option<&Rc<Instance>>) -> Result<bool, Raise> {
        with_engine(vm, || self.connection.close())?;
        Ok(false)
    }

    fn repr(&self, vm: &mut Vm) -> Result<Str, Raise> {
        let class = self.class(vm).full_name();
        let number = usize::try_from(self.connection.id()).unwrap_or(0);
        Ok(expression::plain_repr(&class, number * 0x40).into())
    }
}

impl Object for TransactionObject {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        let name =
            if self.transaction.is_nested() { "NestedTransaction" } else { "RootTransaction" };
        vm.named_class(&format!("sqlalchemy.engine.base.{name}"))
    }

    fn get_attribute(self: Rc<Self>, _: &mut Vm, name: &str) -> Result<Option<Value>, Raise> {
        Ok(match name {
            "is_active" => Some(Value::Bool(self.transaction.is_active())),
            "is_valid" => Some(Value::Bool(self.transaction.is_valid())),
            "connection" => Some(self.connection.clone()),
            _ => None,
        })
    }

    fn enter(self: Rc<Self>, _: &mut Vm) -> Result<Value, Raise> {
        self.transaction.enter();
        Ok(Value::Object(self))
    }

    fn exit(self: Rc<Self>, vm: &mut Vm, exception: Option<&Rc<Instance>>) -> Result<bool, Raise> {
        with_engine(vm, || self.transaction.exit(exception.is_some()))?;
        Ok(false)
    }
}
