//! `create_engine` and `Engine`.

use std::rc::Rc;

use vidro_engine::engine::EngineOptions;
use vidro_engine::pool::{PoolClass, PoolOptions};
use vidro_engine::{Echo, Engine, ExecutionOptions, Url};
use vidro_python::{Args, Class, ClassBuilder, Instance, Object, Raise, Str, Value, Vm};
use vidro_sql::dialect::Dialect;

use super::connection::{ConnectionObject, connection_object, execution_options};
use super::url::{UrlObject, url_of};
use crate::expression;
use crate::world::{World, with_engine};
use crate::{exc, value};

type Call = fn(&mut Vm, Args) -> Result<Value, Raise>;

/// Functions of `sqlalchemy.engine`.
pub(crate) const FUNCTIONS: &[(&str, Call)] = &[
    ("create_engine", create_engine),
    ("engine_from_config", engine_from_config),
    ("make_url", super::url::make_url),
];

/// An engine as Python sees it.
#[derive(Debug)]
pub(crate) struct EngineObject {
    /// The engine.
    pub(crate) engine: Engine,
}

/// `with engine.begin() as connection`
#[derive(Debug)]
struct Begin {
    engine: Engine,
    open: std::cell::RefCell<Option<(Value, vidro_engine::Transaction)>>,
}

/// `engine.pool`
#[derive(Debug)]
pub(super) struct PoolObject {
    pub(super) engine: Engine,
}

pub(super) fn define(vm: &mut Vm) {
    ClassBuilder::new("sqlalchemy.engine.base", "Engine")
        .method("connect", connect)
        .method("begin", begin)
        .method("dispose", dispose)
        .method("raw_connection", raw_connection)
        .method("execution_options", options)
        .method("update_execution_options", update_options)
        .method("table_names", table_names)
        .method("clear_compiled_cache", |_, _| Ok(Value::None))
        .build(vm);
    ClassBuilder::new("sqlalchemy.engine.base", "EngineBegin").build(vm);
    let pool = ClassBuilder::new("sqlalchemy.pool.base", "Pool")
        .method("status", |vm, args| {
            let this = args.this::<PoolObject>(vm)?;
            Ok(Value::from(this.engine.pool().status()))
        })
        .method("checkedout", |vm, args| {
            pool_number(vm, &args, vidro_engine::pool::Pool::checked_out)
        })
        .method("checkedin", |vm, args| {
            pool_number(vm, &args, vidro_engine::pool::Pool::checked_in)
        })
        .method("overflow", |vm, args| pool_number(vm, &args, vidro_engine::pool::Pool::overflow))
        .method("size", |vm, args| {
            let this = args.this::<PoolObject>(vm)?;
            Ok(Value::Int(this.engine.pool().options().size))
        })
        .method("dispose", |vm, args| {
            let this = args.this::<PoolObject>(vm)?;
            with_engine(vm, || this.engine.dispose())?;
            Ok(Value::None)
        })
        .build(vm);
    for name in POOLS {
        ClassBuilder::new("sqlalchemy.pool.impl", *name).base(&pool).build(vm);
    }
}

/// The pool classes that `sqlalchemy.pool` offers.
pub(crate) const POOLS: &[&str] = &[
    "QueuePool",
    "NullPool",
    "StaticPool",
    "SingletonThreadPool",
    "AssertionPool",
    "AsyncAdaptedQueuePool",
];

fn pool_number(
    vm: &mut Vm,
    args: &Args,
    number: fn(&vidro_engine::pool::Pool) -> i64,
) -> Result<Value, Raise> {
    let this = args.this::<PoolObject>(vm)?;
    Ok(Value::Int(number(&this.engine.pool())))
}

/// `create_engine(url, **options)`
pub(crate) fn create_engine(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    if args.positional.is_empty() {
        match args.take_keyword("url") {
            Some(url) => args.positional.push(url),
            None => {
                return Err(
                    vm.type_error("create_engine() missing 1 required positional argument: 'url'")
                );
            }
        }
    }
    let url = url_of(vm, &args.at(0))?;
    let options = engine_options(vm, &url, args.keywords)?;
    let world = World::of(vm)?;
    let dialect = dialect_of_url(vm, &url)?;
    let Some(driver) = (world.drivers)(&url) else {
        let (backend, driver) = (url.backend_name().to_owned(), url.driver_name().to_owned());
        let module = if driver.is_empty() { backend } else { driver };
        return Err(exc::raise(
            vm,
            "ModuleNotFoundError",
            format!("No module named '{module}': this page can connect to SQLite only"),
        ));
    };
    let host = world.engines.clone();
    let engine = with_engine(vm, || Engine::create(url, Rc::new(dialect), driver, options, host))?;
    Ok(Value::object(EngineObject { engine }))
}

fn dialect_of_url(vm: &mut Vm, url: &Url) -> Result<Dialect, Raise> {
    let (name, driver) = match url.drivername.split_once('+') {
        Some((name, driver)) => (name, Some(driver)),
        None => (url.drivername.as_str(), None),
    };
    Dialect::for_url(name, driver).map_err(|error| exc::from_sql(vm, &error))
}

fn engine_options(
    vm: &mut Vm,
    url: &Url,
    keywords: Vec<(Str, Value)>,
) -> Result<EngineOptions, Raise> {
    let mut out = EngineOptions::default();
    let (mut unknown, mut queue) = (Vec::new(), Vec::new());
    for (name, given) in keywords {
        let size = given.as_int().and_then(|n| usize::try_from(n).ok());
        match &*name {
            "echo" => out.echo = echo(vm, &given)?,
            "logging_name" => out.logging_name = given.as_str().map(|text| text.to_string()),
            "hide_parameters" => out.hide_parameters = vm.truth(&given)?,
            "isolation_level" => {
                out.isolation_level = given.as_str().map(|text| text.to_string());
            }
            "execution_options" => out.execution_options = execution_options(vm, &given)?,
            "query_cache_size" => out.query_cache_size = size,
            "use_insertmanyvalues" => {
                out.use_insertmanyvalues = value::optional_flag(vm, Some(given))?;
            }
            "insertmanyvalues_page_size" => out.insertmanyvalues_page_size = size,
            "implicit_returning" => {
                out.implicit_returning = value::optional_flag(vm, Some(given))?;
            }
            "poolclass" => out.pool.class = pool_class(vm, &given)?,
            other if pool_option(vm, &mut out.pool, other, &given)? => {
                if matches!(other, "pool_size" | "max_overflow" | "pool_timeout" | "pool_use_lifo")
                {
                    queue.push(other.to_owned());
                }
            }
            "future"
            | "echo_pool"
            | "connect_args"
            | "encoding"
            | "module"
            | "dbapi"
            | "plugins"
            | "pool"
            | "json_serializer"
            | "json_deserializer"
            | "label_length"
            | "paramstyle"
            | "pool_logging_name"
            | "enable_from_linting"
            | "max_identifier_length"
            | "skip_autocommit_rollback"
            | "creator"
            | "strategy"
            | "native_datetime" => {}
            other => unknown.push(format!("'{other}'")),
        }
    }
    // Pools that keep no queue have no use for its bounds.
    if matches!(out.pool.class, Some(PoolClass::NullPool | PoolClass::StaticPool)) {
        unknown.extend(queue.into_iter().map(|name| format!("'{name}'")));
    }
    if !unknown.is_empty() {
        let pool = out.pool.class.unwrap_or(match url.backend_name() {
            "sqlite" => PoolClass::SingletonThreadPool,
            _ => PoolClass::QueuePool,
        });
        let dialect = url.backend_name();
        let dialect = if dialect == "sqlite" {
            "SQLiteDialect_pysqlite".to_owned()
        } else {
            dialect.to_owned()
        };
        return Err(vm.type_error(format!(
            "Invalid argument(s) {} sent to create_engine(), using configuration \
             {dialect}/{pool:?}/Engine.  Please check that the keyword arguments are appropriate for \
             this combination of components.",
            unknown.join(",")
        )));
    }
    Ok(out)
}

fn pool_option(
    vm: &mut Vm,
    pool: &mut PoolOptions,
    name: &str,
    given: &Value,
) -> Result<bool, Raise> {
    let seconds = match given {
        Value::Float(seconds) => Some(*seconds),
        other => other.as_int().and_then(|n| i32::try_from(n).ok()).map(f64::from),
    };
    match name {
        "pool_size" => pool.size = given.as_int().unwrap_or(pool.size),
        "max_overflow" => pool.max_overflow = given.as_int().unwrap_or(pool.max_overflow),
        "pool_timeout" => pool.timeout = seconds.unwrap_or(pool.timeout),
        "pool_recycle" => pool.recycle = seconds.unwrap_or(pool.recycle),
        "pool_pre_ping" => pool.pre_ping = vm.truth(given)?,
        "pool_use_lifo" => pool.use_lifo = vm.truth(given)?,
        "pool_reset_on_return" => {
            use vidro_engine::pool::ResetOnReturn;
            pool.reset_on_return = match given.as_str().as_deref() {
                Some("commit") => ResetOnReturn::Commit,
                Some("rollback") => ResetOnReturn::Rollback,
                _ if vm.truth(given)? => ResetOnReturn::Rollback,
                _ => ResetOnReturn::Nothing,
            };
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn pool_class(vm: &mut Vm, given: &Value) -> Result<Option<PoolClass>, Raise> {
    let name = given.as_class().map(|class| class.name());
    Ok(match name.as_deref() {
        Some("QueuePool" | "AsyncAdaptedQueuePool") => Some(PoolClass::QueuePool),
        Some("NullPool") => Some(PoolClass::NullPool),
        Some("StaticPool") => Some(PoolClass::StaticPool),
        Some("SingletonThreadPool") => Some(PoolClass::SingletonThreadPool),
        _ if given.is_none() => None,
        _ => {
            let shown = vm.repr(given)?;
            return Err(exc::argument(vm, format!("unsupported pool class {shown}")));
        }
    })
}

fn echo(vm: &mut Vm, given: &Value) -> Result<Echo, Raise> {
    Ok(match given.as_str().as_deref() {
        Some("debug") => Echo::Debug,
        _ if vm.truth(given)? => Echo::Info,
        _ => Echo::Off,
    })
}

/// `engine_from_config(configuration, prefix="sqlalchemy.")`
fn engine_from_config(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let prefix = args.at(1).as_str().unwrap_or_else(|| "sqlalchemy.".into());
    let mut out = Args::none();
    for (key, given) in value::items(vm, &args.at(0))? {
        let Some(key) = key.as_str() else { continue };
        match key.strip_prefix(&*prefix) {
            Some("url") => out.positional.insert(0, given),
            Some(name) => {
                let given = match given.as_str().as_deref() {
                    Some("true" | "True") => Value::Bool(true),
                    Some("false" | "False") => Value::Bool(false),
                    Some(text) if text.parse::<i64>().is_ok() => {
                        Value::Int(text.parse().unwrap_or(0))
                    }
                    _ => given,
                };
                out.keywords.push((name.into(), given));
            }
            None => {}
        }
    }
    create_engine(vm, out)
}

fn this(vm: &mut Vm, args: &Args) -> Result<Engine, Raise> {
    args.this::<EngineObject>(vm).map(|object| object.engine.clone())
}

fn connect(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let engine = this(vm, &args)?;
    let connection = with_engine(vm, || engine.connect())?;
    connection_object(vm, &connection)
}

fn begin(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let engine = this(vm, &args)?;
    Ok(Value::object(Begin { engine, open: std::cell::RefCell::new(None) }))
}

fn dispose(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let engine = this(vm, &args)?;
    with_engine(vm, || engine.dispose())?;
    Ok(Value::None)
}

fn raw_connection(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let engine = this(vm, &args)?;
    let connection = with_engine(vm, || engine.connect())?;
    let dbapi = with_engine(vm, || connection.dbapi())?;
    Ok(super::event::dbapi_connection(dbapi, Some(connection)))
}

fn options(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let engine = this(vm, &args)?;
    let changes = options_of(vm, &args.keywords)?;
    let engine = with_engine(vm, || engine.with_execution_options(&changes))?;
    Ok(Value::object(EngineObject { engine }))
}

fn update_options(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let engine = this(vm, &args)?;
    let changes = options_of(vm, &args.keywords)?;
    engine.update_execution_options(&changes);
    Ok(Value::None)
}

/// Execution options given as keywords.
pub(crate) fn options_of(
    vm: &mut Vm,
    keywords: &[(Str, Value)],
) -> Result<ExecutionOptions, Raise> {
    let mut out = ExecutionOptions::default();
    for (name, given) in keywords {
        if name.starts_with("__") {
            continue;
        }
        let given = value::from_python(vm, given)?;
        out.insert(name, given);
    }
    Ok(out)
}

/// `engine.table_names()`, which SQLAlchemy has taken away.
fn table_names(vm: &mut Vm, _: Args) -> Result<Value, Raise> {
    let raise = vm.attribute_error("'Engine' object has no attribute 'table_names'");
    let hint = Value::from("Hint: use inspect(engine).get_table_names()");
    raise.0.exception(|state| state.notes.push(hint));
    Err(raise)
}

impl Object for EngineObject {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class("sqlalchemy.engine.base.Engine")
    }

    fn get_attribute(self: Rc<Self>, vm: &mut Vm, name: &str) -> Result<Option<Value>, Raise> {
        Ok(match name {
            "url" => Some(Value::object(UrlObject { url: self.engine.url().clone() })),
            "dialect" => {
                Some(Value::object(expression::DialectObject { dialect: **self.engine.dialect() }))
            }
            "name" => Some(Value::from(self.engine.dialect().name())),
            "driver" => Some(Value::from(self.engine.dialect().driver())),
            "echo" => Some(Value::Bool(self.engine.echo() != Echo::Off)),
            "pool" => Some(Value::object(PoolObject { engine: self.engine.clone() })),
            "engine" | "sync_engine" => Some(Value::Object(self)),
            "get_execution_options" => None,
            _ => {
                let _ = vm;
                None
            }
        })
    }

    fn set_attribute(self: Rc<Self>, vm: &mut Vm, name: &str, given: Value) -> Result<bool, Raise> {
        if name != "echo" {
            return Ok(false);
        }
        self.engine.set_echo(echo(vm, &given)?);
        Ok(true)
    }

    fn repr(&self, _: &mut Vm) -> Result<Str, Raise> {
        Ok(format!("Engine({})", self.engine.url().render(true)).into())
    }
}

impl Object for Begin {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class("sqlalchemy.engine.base.EngineBegin")
    }

    fn enter(self: Rc<Self>, vm: &mut Vm) -> Result<Value, Raise> {
        let connection = with_engine(vm, || self.engine.connect())?;
        let transaction = with_engine(vm, || connection.begin())?;
        transaction.enter();
        let made = connection_object(vm, &connection)?;
        *self.open.borrow_mut() = Some((made.clone(), transaction));
        Ok(made)
    }

    fn exit(self: Rc<Self>, vm: &mut Vm, exception: Option<&Rc<Instance>>) -> Result<bool, Raise> {
        let open = self.open.borrow_mut().take();
        let Some((connection, transaction)) = open else { return Ok(false) };
        let ended = with_engine(vm, || transaction.exit(exception.is_some()));
        if let Some(object) = connection.downcast_ref::<ConnectionObject>() {
            with_engine(vm, || object.connection.close())?;
        }
        ended.map(|()| false)
    }
}

impl Object for PoolObject {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        let name = self.engine.pool().class().name();
        vm.named_class(&format!("sqlalchemy.pool.impl.{name}"))
    }
}
