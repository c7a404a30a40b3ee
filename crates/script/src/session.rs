//! `sqlalchemy.orm.session`: `Session`, `sessionmaker`, `scoped_session` and their transactions.

mod factory;

use std::any::Any;
use std::cell::RefCell;
use std::rc::{Rc, Weak};

use vidro_orm::session::{self, Bind};
use vidro_orm::{InstanceId, SessionId, SessionOptions};
use vidro_python::{Args, Class, ClassBuilder, Instance, Object, Raise, Str, Value, Vm};

use crate::mapping::{self, configure};
use crate::world::{self, World, with_orm};
use crate::{engine, exc, query, value};

/// A session as Python sees it.
#[derive(Debug)]
pub(crate) struct SessionObject {
    /// Which.
    pub(crate) id: SessionId,
    /// `bind`
    bind: Value,
    /// `info`
    info: Value,
}

/// `session.begin()`, `session.begin_nested()`: the transaction as a context manager.
#[derive(Debug)]
struct TransactionObject {
    session: Value,
    id: SessionId,
    nested: bool,
    /// Its number in the session.
    serial: Option<u32>,
    /// What leaving the block does besides: the session itself is closed.
    closes: bool,
    /// The blocks that were around its own, while that runs.
    outer: RefCell<Vec<Option<u32>>>,
}

impl TransactionObject {
    fn new(
        vm: &mut Vm,
        session: Value,
        id: SessionId,
        nested: bool,
        closes: bool,
    ) -> Result<Self, Raise> {
        let serial = World::of(vm)?.look(|orm| session::innermost(orm, id)).flatten();
        Ok(Self { session, id, nested, serial, closes, outer: RefCell::default() })
    }
}

/// `session.no_autoflush`
#[derive(Debug)]
struct NoAutoflush {
    session: Value,
    id: SessionId,
    before: RefCell<Vec<bool>>,
}

type Method = fn(&mut Vm, Args) -> Result<Value, Raise>;

const METHODS: &[(&str, Method)] = &[
    ("add", add),
    ("add_all", add_all),
    ("delete", delete),
    ("delete_all", delete_all),
    ("flush", flush),
    ("commit", commit),
    ("rollback", rollback),
    ("close", close),
    ("reset", close),
    ("invalidate", close),
    ("begin", begin),
    ("begin_nested", begin_nested),
    ("expunge", expunge),
    ("expunge_all", expunge_all),
    ("expire", expire),
    ("expire_all", expire_all),
    ("refresh", refresh),
    ("merge", merge),
    ("is_modified", is_modified),
    ("in_transaction", in_transaction),
    ("in_nested_transaction", in_nested_transaction),
    ("get_transaction", |vm, args| open_transaction(vm, &args, false)),
    ("get_nested_transaction", |vm, args| open_transaction(vm, &args, true)),
    ("connection", connection),
    ("get_bind", get_bind),
    ("plan", plan),
];

/// Makes all classes.
pub(crate) fn define(vm: &mut Vm) {
    ClassBuilder::new("sqlalchemy.orm.session", "Session")
        .constructor(construct)
        .methods(METHODS)
        .methods(query::SESSION_METHODS)
        .methods(query::BULK_METHODS)
        .class_method("object_session", object_session_of)
        .build(vm);
    ClassBuilder::new("sqlalchemy.orm.session", "SessionTransaction")
        .method("commit", |vm, args| end(vm, &args, true))
        .method("rollback", |vm, args| end(vm, &args, false))
        .method("close", |vm, args| end(vm, &args, false))
        .build(vm);
    ClassBuilder::new("sqlalchemy.orm.session", "NoAutoflush").build(vm);
    ClassBuilder::new("sqlalchemy.orm.attributes", "History").build(vm);
    factory::define(vm);
}

/// Names of `sqlalchemy.orm` that this module makes.
pub(crate) fn names(vm: &mut Vm) -> Vec<(&'static str, Value)> {
    let class = |vm: &mut Vm, name: &str| Value::Class(vm.named_class(name));
    let mut names = vec![
        ("Session", class(vm, "sqlalchemy.orm.session.Session")),
        ("SessionTransaction", class(vm, "sqlalchemy.orm.session.SessionTransaction")),
        ("object_session", Value::function("object_session", object_session)),
        ("make_transient", Value::function("make_transient", make_transient)),
        (
            "make_transient_to_detached",
            Value::function("make_transient_to_detached", make_transient_to_detached),
        ),
        ("close_all_sessions", Value::function("close_all_sessions", close_all_sessions)),
    ];
    names.extend(factory::names(vm));
    names
}

/// The session behind a Python value.
pub(crate) fn session_id(given: &Value) -> Option<SessionId> {
    given.downcast_ref::<SessionObject>().map(|session| session.id)
}

/// The session of a method's receiver.
pub(crate) fn this(vm: &mut Vm, args: &Args) -> Result<SessionId, Raise> {
    args.this::<SessionObject>(vm).map(|session| session.id)
}

fn construct(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [_class, bind, autoflush, _future, expire_on_commit, autobegin, twophase, binds, listing, info, _query_cls, _autocommit, _join, _close] = args.bind(
        vm,
        "Session(cls, bind=, *, autoflush=, future=, expire_on_commit=, autobegin=, twophase=, binds=, enable_baked_queries=, info=, query_cls=, autocommit=, join_transaction_mode=, close_resets_only=)",
    )?;
    let _ = (twophase, binds, listing);
    let bind = bind.unwrap_or_default();
    let yes = |vm: &mut Vm, given: Option<Value>| match given {
        None => Ok(true),
        Some(given) => vm.truth(&given),
    };
    let options = SessionOptions {
        bind: bind_of(vm, &bind)?,
        autoflush: yes(vm, autoflush)?,
        expire_on_commit: yes(vm, expire_on_commit)?,
        autobegin: yes(vm, autobegin)?,
    };
    let id = with_orm(vm, |orm, _| Ok(orm.session(options)))?;
    let info = info.unwrap_or_else(|| Value::dict([]));
    let session = Rc::new(SessionObject { id, bind, info });
    let any: Rc<dyn Any> = session.clone();
    let weak: Weak<dyn Any> = Rc::downgrade(&any);
    World::of(vm)?.sessions.borrow_mut().insert(id, weak);
    Ok(Value::Object(session))
}

fn bind_of(vm: &mut Vm, given: &Value) -> Result<Option<Bind>, Raise> {
    if given.is_none() {
        return Ok(None);
    }
    if let Some(engine) = engine::engine_of(given) {
        return Ok(Some(Bind::Engine(engine)));
    }
    if let Some(connection) = engine::connection_of(given) {
        return Ok(Some(Bind::Connection(connection)));
    }
    let shown = vm.repr(given)?;
    Err(exc::argument(vm, format!("Acceptable bind is an Engine or Connection, got {shown}")))
}

/// The Python object of a session; made by the script, so it is there as long as the script holds it.
pub(crate) fn session_object(vm: &mut Vm, id: SessionId) -> Result<Value, Raise> {
    let world = World::of(vm)?;
    let known = world.sessions.borrow().get(&id).and_then(Weak::upgrade);
    let known = known.and_then(|any| any.downcast::<SessionObject>().ok());
    Ok(known.map_or(Value::None, |session| Value::Object(session)))
}

/// The session that holds an object.
pub(crate) fn of_object(vm: &mut Vm, id: InstanceId) -> Result<Value, Raise> {
    match World::of(vm)?.look(|orm| orm.instances[id].session()).flatten() {
        Some(session) => session_object(vm, session),
        None => Ok(Value::None),
    }
}

/// `make_transient(instance)`
fn make_transient(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let id = entity(vm, &args.at(0))?;
    with_orm(vm, |orm, _| session::make_transient(orm, id))?;
    Ok(Value::None)
}

/// `make_transient_to_detached(instance)`
fn make_transient_to_detached(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let id = entity(vm, &args.at(0))?;
    with_orm(vm, |orm, _| session::make_transient_to_detached(orm, id))?;
    Ok(Value::None)
}

fn object_session(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let id = entity(vm, &args.at(0))?;
    of_object(vm, id)
}

fn object_session_of(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let id = entity(vm, &args.at(1))?;
    of_object(vm, id)
}

fn close_all_sessions(vm: &mut Vm, _: Args) -> Result<Value, Raise> {
    let all = World::of(vm)?.look(|orm| orm.sessions.ids()).unwrap_or_default();
    for id in all {
        with_orm(vm, |orm, host| session::close(orm, host, id))?;
    }
    Ok(Value::None)
}

fn entity(vm: &mut Vm, given: &Value) -> Result<InstanceId, Raise> {
    match mapping::try_entity(vm, given)? {
        Some(id) => Ok(id),
        None => Err(mapping::unmapped_instance(vm, given)),
    }
}

fn add(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [this, instance, _warn] = args.bind(vm, "add(self, instance, *, _warn=)")?;
    let id = this.as_ref().and_then(session_id);
    let object = entity(vm, &instance.unwrap_or_default())?;
    if let Some(id) = id {
        with_orm(vm, |orm, host| session::add(orm, host, id, object))?;
    }
    Ok(Value::None)
}

fn entities(vm: &mut Vm, given: &Value) -> Result<Vec<InstanceId>, Raise> {
    let mut ids = Vec::new();
    for item in vm.collect(given)? {
        ids.push(entity(vm, &item)?);
    }
    Ok(ids)
}

fn add_all(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let id = this(vm, &args)?;
    let objects = entities(vm, &args.at(1))?;
    with_orm(vm, |orm, host| session::add_all(orm, host, id, &objects))?;
    Ok(Value::None)
}

fn delete(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let id = this(vm, &args)?;
    let object = entity(vm, &args.at(1))?;
    with_orm(vm, |orm, host| session::delete(orm, host, id, object))?;
    Ok(Value::None)
}

fn delete_all(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let id = this(vm, &args)?;
    for object in entities(vm, &args.at(1))? {
        with_orm(vm, |orm, host| session::delete(orm, host, id, object))?;
    }
    Ok(Value::None)
}

fn flush(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let id = this(vm, &args)?;
    let given = args.at(1);
    let scope = if given.is_none() { None } else { Some(entities(vm, &given)?) };
    with_orm(vm, |orm, host| vidro_orm::flush::flush(orm, host, id, scope))?;
    Ok(Value::None)
}

fn commit(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let id = this(vm, &args)?;
    with_orm(vm, |orm, host| session::commit(orm, host, id))?;
    Ok(Value::None)
}

fn rollback(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let id = this(vm, &args)?;
    with_orm(vm, |orm, host| session::rollback(orm, host, id))?;
    Ok(Value::None)
}

fn close(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let id = this(vm, &args)?;
    with_orm(vm, |orm, host| session::close(orm, host, id))?;
    Ok(Value::None)
}

fn begin(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [this_, nested] = args.bind(vm, "begin(self, nested=)")?;
    let this_ = this_.unwrap_or_default();
    if value::flag(vm, nested)? {
        return begin_nested(vm, Args::from([this_]));
    }
    let Some(id) = session_id(&this_) else { return Ok(Value::None) };
    with_orm(vm, |orm, _| session::begin(orm, id))?;
    TransactionObject::new(vm, this_, id, false, false).map(Value::object)
}

fn begin_nested(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let id = this(vm, &args)?;
    with_orm(vm, |orm, host| session::begin_nested(orm, host, id))?;
    TransactionObject::new(vm, args.at(0), id, true, false).map(Value::object)
}

fn expunge(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let id = this(vm, &args)?;
    let object = entity(vm, &args.at(1))?;
    with_orm(vm, |orm, host| session::expunge(orm, host, id, object))?;
    Ok(Value::None)
}

fn expunge_all(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let id = this(vm, &args)?;
    with_orm(vm, |orm, _| session::expunge_all(orm, id))?;
    Ok(Value::None)
}

fn expire(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [this_, instance, names] = args.bind(vm, "expire(self, instance, attribute_names=)")?;
    let object = entity(vm, &instance.unwrap_or_default())?;
    let names = optional_names(vm, names)?;
    let names = names.as_ref().map(|names| borrowed(names));
    if let Some(id) = this_.as_ref().and_then(session_id) {
        with_orm(vm, |orm, host| session::expire(orm, host, id, object, names.as_deref()))?;
    }
    Ok(Value::None)
}

fn optional_names(vm: &mut Vm, given: Option<Value>) -> Result<Option<Vec<Rc<str>>>, Raise> {
    match given.filter(|given| !given.is_none()) {
        Some(given) => value::strings(vm, &given).map(Some),
        None => Ok(None),
    }
}

fn borrowed(names: &[Rc<str>]) -> Vec<&str> {
    names.iter().map(|name| &**name).collect()
}

fn expire_all(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let id = this(vm, &args)?;
    with_orm(vm, |orm, _| session::expire_all(orm, id))?;
    Ok(Value::None)
}

fn refresh(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [this_, instance, names, _lock] =
        args.bind(vm, "refresh(self, instance, attribute_names=, with_for_update=)")?;
    let object = entity(vm, &instance.unwrap_or_default())?;
    let names = optional_names(vm, names)?;
    let names = names.as_ref().map(|names| borrowed(names));
    if let Some(id) = this_.as_ref().and_then(session_id) {
        with_orm(vm, |orm, host| session::refresh(orm, host, id, object, names.as_deref()))?;
    }
    Ok(Value::None)
}

fn merge(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [this_, instance, load, _options] =
        args.bind(vm, "merge(self, instance, *, load=, options=)")?;
    configure(vm)?;
    let object = entity(vm, &instance.unwrap_or_default())?;
    let load = match load {
        Some(load) => value::flag(vm, Some(load))?,
        None => true,
    };
    let Some(id) = this_.as_ref().and_then(session_id) else { return Ok(Value::None) };
    let merged = with_orm(vm, |orm, host| session::merge(orm, host, id, object, load))?;
    world::object(vm, merged)
}

fn is_modified(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let object = entity(vm, &args.at(1))?;
    with_orm(vm, |orm, _| session::is_modified(orm, object)).map(Value::Bool)
}

fn in_transaction(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let id = this(vm, &args)?;
    with_orm(vm, |orm, _| Ok(session::in_transaction(orm, id))).map(Value::Bool)
}

fn in_nested_transaction(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let id = this(vm, &args)?;
    with_orm(vm, |orm, _| Ok(session::in_nested_transaction(orm, id))).map(Value::Bool)
}

/// The open transaction of a session, or its innermost savepoint; None without one.
fn open_transaction(vm: &mut Vm, args: &Args, nested: bool) -> Result<Value, Raise> {
    let id = this(vm, args)?;
    let serial = with_orm(vm, |orm, _| {
        Ok(if nested { session::innermost_nested(orm, id) } else { session::outermost(orm, id) })
    })?;
    Ok(serial.map_or(Value::None, |serial| {
        let outer = RefCell::default();
        let session = args.at(0);
        let serial = Some(serial);
        Value::object(TransactionObject { session, id, nested, serial, closes: false, outer })
    }))
}

fn connection(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let id = this(vm, &args)?;
    let connection = with_orm(vm, |orm, host| session::connection(orm, host, id))?;
    engine::connection_object(vm, &connection)
}

fn get_bind(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = args.this::<SessionObject>(vm)?;
    Ok(this.bind.clone())
}

/// `session.plan()`: what a flush would do, as text that prints itself.
fn plan(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let id = this(vm, &args)?;
    let plan = with_orm(vm, |orm, host| vidro_orm::flush::plan(orm, host, id))?;
    Ok(Value::from(plan.to_string()))
}

/// Objects of a session by kind.
fn objects(vm: &mut Vm, id: SessionId, which: &str) -> Result<Vec<Value>, Raise> {
    let world = World::of(vm)?;
    let ids = world.look(|orm| match which {
        "new" => orm.sessions.new_objects(orm, id),
        "dirty" => orm.sessions.dirty(orm, id),
        "deleted" => orm.sessions.deleted(orm, id),
        _ => orm.sessions.get(id).map(|session| session.identity.all()).unwrap_or_default(),
    });
    let mut found = Vec::new();
    for id in ids.unwrap_or_default() {
        found.push(world::object(vm, id)?);
    }
    Ok(found)
}

impl Object for SessionObject {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class("sqlalchemy.orm.session.Session")
    }

    fn get_attribute(self: Rc<Self>, vm: &mut Vm, name: &str) -> Result<Option<Value>, Raise> {
        let id = self.id;
        Ok(Some(match name {
            "new" | "dirty" | "deleted" => {
                let found = objects(vm, id, name)?;
                let set = vm.new_set(found, false)?;
                identity_set(vm, set)?
            }
            "identity_map" => identity_map(vm, id)?,
            "bind" => self.bind.clone(),
            "info" => self.info.clone(),
            "is_active" => {
                Value::Bool(World::of(vm)?.look(|orm| session::is_active(orm, id)).unwrap_or(false))
            }
            "autoflush" => Value::Bool(option(vm, id, |options| options.autoflush)?),
            "expire_on_commit" => Value::Bool(option(vm, id, |options| options.expire_on_commit)?),
            "no_autoflush" => {
                let session = Value::Object(self);
                Value::object(NoAutoflush { session, id, before: RefCell::default() })
            }
            _ => return Ok(None),
        }))
    }

    fn set_attribute(self: Rc<Self>, vm: &mut Vm, name: &str, given: Value) -> Result<bool, Raise> {
        let on = vm.truth(&given)?;
        let id = self.id;
        match name {
            "autoflush" => change(vm, id, |options| options.autoflush = on)?,
            "expire_on_commit" => change(vm, id, |options| options.expire_on_commit = on)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn contains(&self, vm: &mut Vm, item: &Value) -> Result<Option<bool>, Raise> {
        let object = entity(vm, item)?;
        let id = self.id;
        Ok(World::of(vm)?.look(|orm| session::contains(orm, id, object)))
    }

    fn iterate(self: Rc<Self>, vm: &mut Vm) -> Result<Option<Value>, Raise> {
        let mut all = objects(vm, self.id, "new")?;
        all.extend(objects(vm, self.id, "identity_map")?);
        Ok(Some(vidro_python::host::iterator(all)))
    }

    fn enter(self: Rc<Self>, _: &mut Vm) -> Result<Value, Raise> {
        Ok(Value::Object(self))
    }

    fn exit(self: Rc<Self>, vm: &mut Vm, _: Option<&Rc<Instance>>) -> Result<bool, Raise> {
        let id = self.id;
        with_orm(vm, |orm, host| session::close(orm, host, id))?;
        Ok(false)
    }
}

fn option(
    vm: &mut Vm,
    id: SessionId,
    read: impl FnOnce(&SessionOptions) -> bool,
) -> Result<bool, Raise> {
    with_orm(vm, |orm, _| Ok(read(&orm.sessions.get(id)?.options)))
}

fn change(
    vm: &mut Vm,
    id: SessionId,
    write: impl FnOnce(&mut SessionOptions),
) -> Result<(), Raise> {
    with_orm(vm, |orm, _| {
        write(&mut orm.sessions.get_mut(id)?.options);
        Ok(())
    })
}

/// `IdentitySet([...])`, as `session.new` prints.
fn identity_set(vm: &mut Vm, set: Value) -> Result<Value, Raise> {
    let class = vm.named_class("sqlalchemy.util._collections.IdentitySet");
    let _ = class;
    Ok(Value::object(IdentitySet { items: set }))
}

/// A set that compares by identity and prints as SQLAlchemy's.
#[derive(Debug)]
struct IdentitySet {
    items: Value,
}

impl Object for IdentitySet {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class("sqlalchemy.util._collections.IdentitySet")
    }

    fn length(&self, vm: &mut Vm) -> Result<Option<usize>, Raise> {
        vm.collect(&self.items).map(|items| Some(items.len()))
    }

    fn contains(&self, vm: &mut Vm, item: &Value) -> Result<Option<bool>, Raise> {
        Ok(Some(vm.collect(&self.items)?.iter().any(|known| known.is(item))))
    }

    fn iterate(self: Rc<Self>, vm: &mut Vm) -> Result<Option<Value>, Raise> {
        vm.collect(&self.items).map(|items| Some(vidro_python::host::iterator(items)))
    }

    fn repr(&self, vm: &mut Vm) -> Result<Str, Raise> {
        let items = Value::list(vm.collect(&self.items)?);
        Ok(format!("IdentitySet({})", vm.repr(&items)?).into())
    }
}

/// `session.identity_map` as a dict by identity key.
fn identity_map(vm: &mut Vm, id: SessionId) -> Result<Value, Raise> {
    let map = Value::dict([]);
    let Value::Dict(dict) = &map else { return Ok(map) };
    for object in objects(vm, id, "identity_map")? {
        if let Some(state) = mapping::inspect(vm, &object)? {
            let key = vm.get_attribute(&state, "identity_key")?;
            vm.dict_set(dict, key, object)?;
        }
    }
    Ok(map)
}

/// Commits or rolls back a transaction object.
fn end(vm: &mut Vm, args: &Args, commits: bool) -> Result<Value, Raise> {
    let this = args.this::<TransactionObject>(vm)?;
    finish(vm, &this, commits)?;
    Ok(Value::None)
}

fn finish(vm: &mut Vm, transaction: &TransactionObject, commits: bool) -> Result<(), Raise> {
    let (id, nested) = (transaction.id, transaction.nested);
    with_orm(vm, |orm, host| match (nested, commits) {
        (true, true) => session::commit_innermost(orm, host, id),
        (true, false) => session::rollback_innermost(orm, host, id),
        (false, true) => session::commit(orm, host, id),
        (false, false) => session::rollback(orm, host, id),
    })
}

impl Object for TransactionObject {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class("sqlalchemy.orm.session.SessionTransaction")
    }

    fn get_attribute(self: Rc<Self>, vm: &mut Vm, name: &str) -> Result<Option<Value>, Raise> {
        let id = self.id;
        Ok(match name {
            "session" => Some(self.session.clone()),
            "nested" => Some(Value::Bool(self.nested)),
            "is_active" => {
                let active = |serial| {
                    move |orm: &_| Value::Bool(session::is_transaction_active(orm, id, serial))
                };
                match self.serial {
                    Some(serial) => World::of(vm)?.look(active(serial)),
                    None => Some(Value::Bool(false)),
                }
            }
            _ => None,
        })
    }

    fn enter(self: Rc<Self>, vm: &mut Vm) -> Result<Value, Raise> {
        let outer = with_orm(vm, |orm, _| session::enter_block(orm, self.id))?;
        self.outer.borrow_mut().push(outer);
        Ok(if self.closes { self.session.clone() } else { Value::Object(self) })
    }

    fn exit(self: Rc<Self>, vm: &mut Vm, exception: Option<&Rc<Instance>>) -> Result<bool, Raise> {
        let id = self.id;
        let nested = self.nested;
        let outer = self.outer.borrow_mut().pop().flatten();
        with_orm(vm, |orm, _| session::exit_block(orm, id, outer))?;
        // The block may have ended the transaction itself.
        let open = World::of(vm)?
            .look(|orm| {
                if nested {
                    session::in_nested_transaction(orm, id)
                } else {
                    session::in_transaction(orm, id)
                }
            })
            .unwrap_or(false);
        let ended = if open { finish(vm, &self, exception.is_none()) } else { Ok(()) };
        if ended.is_err() && open && exception.is_none() {
            finish(vm, &self, false)?;
        }
        if self.closes {
            with_orm(vm, |orm, host| session::close(orm, host, id))?;
        }
        ended.map(|()| false)
    }
}

impl Object for NoAutoflush {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class("sqlalchemy.orm.session.NoAutoflush")
    }

    fn enter(self: Rc<Self>, vm: &mut Vm) -> Result<Value, Raise> {
        let before = option(vm, self.id, |options| options.autoflush)?;
        self.before.borrow_mut().push(before);
        change(vm, self.id, |options| options.autoflush = false)?;
        Ok(self.session.clone())
    }

    fn exit(self: Rc<Self>, vm: &mut Vm, _: Option<&Rc<Instance>>) -> Result<bool, Raise> {
        let before = self.before.borrow_mut().pop().unwrap_or(true);
        change(vm, self.id, |options| options.autoflush = before)?;
        Ok(false)
    }
}
