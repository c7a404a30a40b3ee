//! `sqlalchemy.event`: listeners of engines, sessions, mappers, objects and attributes.

mod attributes;
mod dispatch;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use vidro_python::{Args, Class, Raise, Value, Vm};

use crate::engine::{self, Subscription};
use crate::mapping::{self, AttributeObject};
use crate::world::{World, with_orm};
use crate::{exc, session, value};

pub(crate) use attributes::FUNCTIONS as ATTRIBUTES;
pub(crate) use dispatch::{
    on_configured, on_init, on_instance, on_mapper, on_related, on_session, on_set,
};

type Call = fn(&mut Vm, Args) -> Result<Value, Raise>;

/// Functions of `sqlalchemy.event`.
pub(crate) const FUNCTIONS: &[(&str, Call)] =
    &[("listen", listen), ("listens_for", listens_for), ("remove", remove), ("contains", contains)];

/// An event and the names of what its listeners are called with.
type EventRow = (&'static str, &'static [&'static str]);

/// What a flush tells the listeners of a mapper.
const FLUSH_EVENTS: &[EventRow] = &[
    ("before_insert", &["mapper", "connection", "target"]),
    ("after_insert", &["mapper", "connection", "target"]),
    ("before_update", &["mapper", "connection", "target"]),
    ("after_update", &["mapper", "connection", "target"]),
    ("before_delete", &["mapper", "connection", "target"]),
    ("after_delete", &["mapper", "connection", "target"]),
];

/// What happens to objects when their rows are read or forgotten.
const INSTANCE_EVENTS: &[EventRow] = &[
    ("load", &["target", "context"]),
    ("refresh", &["target", "context", "attrs"]),
    ("refresh_flush", &["target", "flush_context", "attrs"]),
    ("expire", &["target", "attrs"]),
];

/// What else classes and mappers tell.
const CLASS_EVENTS: &[EventRow] = &[
    ("init", &["target", "args", "kwargs"]),
    ("mapper_configured", &["mapper", "class_"]),
    ("before_configured", &[]),
    ("after_configured", &[]),
];

/// What attributes tell.
const ATTRIBUTE_EVENTS: &[EventRow] = &[
    ("set", &["target", "value", "oldvalue", "initiator"]),
    ("append", &["target", "value", "initiator"]),
    ("remove", &["target", "value", "initiator"]),
    ("modified", &["target", "initiator"]),
];

/// What sessions tell of their own work.
const SESSION_EVENTS: &[EventRow] = &[
    ("before_flush", &["session", "flush_context", "instances"]),
    ("after_flush", &["session", "flush_context"]),
    ("after_flush_postexec", &["session", "flush_context"]),
    ("before_commit", &["session"]),
    ("after_commit", &["session"]),
    ("after_rollback", &["session"]),
    ("after_begin", &["session", "transaction", "connection"]),
];

/// What sessions tell of the states of their objects.
const LIFECYCLE_EVENTS: &[EventRow] = &[
    ("transient_to_pending", &["session", "instance"]),
    ("pending_to_transient", &["session", "instance"]),
    ("persistent_to_transient", &["session", "instance"]),
    ("pending_to_persistent", &["session", "instance"]),
    ("detached_to_persistent", &["session", "instance"]),
    ("loaded_as_persistent", &["session", "instance"]),
    ("persistent_to_deleted", &["session", "instance"]),
    ("deleted_to_persistent", &["session", "instance"]),
    ("deleted_to_detached", &["session", "instance"]),
    ("persistent_to_detached", &["session", "instance"]),
];

/// Events of SQLAlchemy that nothing here tells.
const UNTOLD: &str = "init_failure pickle unpickle first_init instrument_class \
     after_mapper_constructed before_mapper_configured bulk_replace append_wo_mutation init_scalar \
     init_collection dispose_collection do_orm_execute after_transaction_create \
     after_transaction_end after_soft_rollback before_attach after_attach after_bulk_update \
     after_bulk_delete before_create after_create before_drop after_drop before_parent_attach \
     after_parent_attach column_reflect before_compile before_execute after_execute handle_error \
     engine_connect set_connection_execution_options set_engine_execution_options engine_disposed \
     begin_twophase prepare_twophase rollback_twophase commit_twophase soft_invalidate detach \
     close_detached do_connect do_execute do_executemany do_setinputsizes";

/// How a listener wants to be called.
#[derive(Clone, Debug, Default)]
struct Options {
    /// `retval=True`
    returns: bool,
    /// `propagate=True`
    propagate: bool,
    /// `raw=True`
    raw: bool,
    /// `named=True`
    named: bool,
    /// `insert=True`
    insert: bool,
    /// `active_history=True`
    active_history: bool,
    /// `once=True`, and whether it was called.
    once: Option<Rc<Cell<bool>>>,
}

/// One listener.
#[derive(Clone, Debug)]
struct Listener {
    target: Value,
    name: Rc<str>,
    function: Value,
    options: Options,
    /// Where it stands among the listeners of an engine, if it listens to one.
    subscription: Option<Subscription>,
}

/// All listeners of a script.
#[derive(Debug, Default)]
pub(crate) struct Listeners {
    all: RefCell<Vec<Listener>>,
    /// How many mappers were told of as configured.
    configured: Cell<usize>,
    /// Whether some class has a method that runs when its objects are loaded.
    reconstructs: Cell<bool>,
}

/// What may be listened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Engine,
    Attribute,
    Class,
    Session,
    Other,
}

impl Kind {
    /// The kind of a target.
    fn of(vm: &mut Vm, world: &World, target: &Value) -> Self {
        if engine::listeners_of(world, target).is_some() {
            return Self::Engine;
        }
        if target.downcast_ref::<AttributeObject>().is_some() {
            return Self::Attribute;
        }
        let class = match target {
            Value::Class(class) => Rc::clone(class),
            other => vm.class_of(other),
        };
        let of_session = |class: &Rc<Class>| {
            let module = class.module();
            matches!(&*module, "sqlalchemy.orm.session" | "sqlalchemy.orm.scoping")
        };
        if class.mro().any(of_session) {
            Self::Session
        } else if target.as_class().is_some() || mapping::is_mapper(target) {
            Self::Class
        } else {
            Self::Other
        }
    }

    /// The events of this kind, in tables.
    fn events(self) -> &'static [&'static [EventRow]] {
        match self {
            Self::Attribute => &[ATTRIBUTE_EVENTS],
            Self::Class => &[FLUSH_EVENTS, INSTANCE_EVENTS, CLASS_EVENTS],
            Self::Session => &[SESSION_EVENTS, LIFECYCLE_EVENTS],
            Self::Engine | Self::Other => &[],
        }
    }

    fn knows(self, name: &str) -> bool {
        match self {
            Self::Engine => engine::is_event(name),
            _ => self.events().iter().any(|table| contains_event(table, name)),
        }
    }
}

fn contains_event(table: &[EventRow], name: &str) -> bool {
    table.iter().any(|(known, _)| *known == name)
}

/// `event.listen(target, name, function)`
fn listen(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    let options = options(vm, &mut args)?;
    let [target, name, function] = args.bind(vm, "listen(target, identifier, fn)")?;
    let name = value::text(vm, &name.unwrap_or_default())?;
    add(vm, target.unwrap_or_default(), name, function.unwrap_or_default(), options)?;
    Ok(Value::None)
}

/// `@event.listens_for(target, name)`
fn listens_for(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    let options = options(vm, &mut args)?;
    let target = args.at(0);
    let name = value::text(vm, &args.at(1))?;
    Ok(Value::closure("listens_for", move |vm, args| {
        let function = args.at(0);
        add(vm, target.clone(), Rc::clone(&name), function.clone(), options.clone())?;
        Ok(function)
    }))
}

/// Takes the options of a listener out of the keywords.
fn options(vm: &mut Vm, args: &mut Args) -> Result<Options, Raise> {
    let mut flag = |name: &str| value::flag(vm, args.take_keyword(name));
    Ok(Options {
        returns: flag("retval")?,
        propagate: flag("propagate")?,
        raw: flag("raw")?,
        named: flag("named")?,
        insert: flag("insert")?,
        active_history: flag("active_history")?,
        once: flag("once")?.then(Rc::default),
    })
}

/// The target behind one that only passes events on, such as `mapper` for its class.
fn resolved(vm: &mut Vm, target: Value) -> Result<Value, Raise> {
    if mapping::is_mapper(&target) {
        return vm.get_attribute(&target, "class_");
    }
    Ok(target)
}

fn add(
    vm: &mut Vm,
    target: Value,
    name: Rc<str>,
    function: Value,
    options: Options,
) -> Result<(), Raise> {
    let world = World::of(vm)?;
    let kind = known_kind(vm, &world, &target, &name)?;
    let target = resolved(vm, target)?;
    let subscription = match engine::listeners_of(&world, &target) {
        Some(listeners) => {
            if options.returns || options.named || options.once.is_some() {
                return Err(
                    vm.unsupported("listeners of engines do not take retval, named or once yet")
                );
            }
            Some(engine::listen(&listeners, &name, &function))
        }
        None => None,
    };
    if kind == Kind::Attribute {
        mapping::listen(vm, &target, options.active_history)?;
    }
    let of_instances = kind != Kind::Attribute
        && (contains_event(INSTANCE_EVENTS, &name) || contains_event(LIFECYCLE_EVENTS, &name));
    let of_flush = kind == Kind::Class && contains_event(FLUSH_EVENTS, &name);
    if of_instances || of_flush {
        with_orm(vm, |orm, _| {
            orm.mapping.listened |= of_flush;
            if of_instances {
                orm.listen_to_instances();
            }
            Ok(())
        })?;
    }
    let first = options.insert;
    let listener = Listener { target, name, function, options, subscription };
    let mut all = world.listeners.all.borrow_mut();
    let at = if first { 0 } else { all.len() };
    all.insert(at, listener);
    Ok(())
}

/// The kind of a target, which must have an event of this name.
fn known_kind(vm: &mut Vm, world: &World, target: &Value, name: &str) -> Result<Kind, Raise> {
    let kind = Kind::of(vm, world, target);
    if kind.knows(name) {
        return Ok(kind);
    }
    if UNTOLD.split_whitespace().any(|known| known == name) {
        return Err(vm.unsupported(format!("event '{name}' is not supported yet")));
    }
    let shown = vm.str(target)?;
    Err(exc::invalid_request(vm, format!("No such event '{name}' for target '{shown}'")))
}

/// The place of a listener in the list.
fn position(vm: &mut Vm, args: &Args) -> Result<Option<usize>, Raise> {
    let world = World::of(vm)?;
    let name = value::text(vm, &args.at(1))?;
    known_kind(vm, &world, &args.at(0), &name)?;
    let (target, function) = (resolved(vm, args.at(0))?, args.at(2));
    let all = world.listeners.all.borrow().clone();
    for (at, known) in all.iter().enumerate() {
        // Attributes and bound methods are made anew each time they are read.
        let same_target = match target.downcast_ref::<AttributeObject>() {
            Some(one) => known
                .target
                .downcast_ref::<AttributeObject>()
                .is_some_and(|other| (one.entity, &one.key) == (other.entity, &other.key)),
            None => known.target.is(&target),
        };
        if same_target && known.name == name && vm.equal(&known.function, &function)? {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

/// `event.remove(target, name, function)`
fn remove(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let world = World::of(vm)?;
    let Some(at) = position(vm, &args)? else {
        let (target, function) = (vm.str(&args.at(0))?, vm.str(&args.at(2))?);
        let name = vm.repr(&args.at(1))?;
        let message = format!("No listeners found for event {target} / {name} / {function} ");
        return Err(exc::invalid_request(vm, message));
    };
    let gone = world.listeners.all.borrow_mut().remove(at);
    if let (Some(subscription), Some(listeners)) =
        (&gone.subscription, engine::listeners_of(&world, &gone.target))
    {
        subscription.cancel(&listeners);
    }
    Ok(Value::None)
}

/// `event.contains(target, name, function)`
fn contains(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    position(vm, &args).map(|found| Value::Bool(found.is_some()))
}

impl Listener {
    /// Calls the function; none if it wants no call.
    fn call(&self, vm: &mut Vm, args: Vec<Value>) -> Result<Option<Value>, Raise> {
        if self.options.once.as_ref().is_some_and(|called| called.replace(true)) {
            return Ok(None);
        }
        let args = match self.options.named {
            true => Args { positional: Vec::new(), keywords: self.named(args) },
            false => Args::from(args),
        };
        vm.call(&self.function, args).map(Some)
    }

    /// Arguments by the names that SQLAlchemy gives them.
    fn named(&self, args: Vec<Value>) -> Vec<(vidro_python::Str, Value)> {
        let kinds = [Kind::Class, Kind::Attribute, Kind::Session];
        let mut rows = kinds.iter().flat_map(|kind| kind.events()).copied().flatten();
        let names = rows.find(|(known, _)| **known == *self.name).map_or(&[][..], |row| row.1);
        names.iter().zip(args).map(|(name, given)| ((*name).into(), given)).collect()
    }

    /// Whether a class event of this class is for it.
    fn fits_class(&self, class: &Rc<Class>) -> bool {
        match &self.target {
            Value::Class(wanted) => {
                Rc::ptr_eq(wanted, class)
                    || self.options.propagate && class.is_subclass(wanted)
                    || self.is_general()
            }
            _ => false,
        }
    }

    /// Whether an event of this session is for it.
    fn fits_session(&self, target: &Value) -> bool {
        match &self.target {
            Value::Class(_) => true,
            other => other.is(target) || session::session_id(other).is_none(),
        }
    }

    /// Whether it listens to all mappers or all sessions; such are called first.
    fn is_general(&self) -> bool {
        match &self.target {
            Value::Class(class) => class.module().starts_with("sqlalchemy.orm."),
            _ => false,
        }
    }

    /// The object as this listener wants to see it.
    fn view(&self, vm: &mut Vm, target: &Value) -> Value {
        match crate::world::entity(target) {
            Some(id) if self.options.raw => mapping::state_of(vm, id),
            _ => target.clone(),
        }
    }
}

impl Listeners {
    /// Has loaded objects' `@reconstructor` methods called.
    pub(crate) fn reconstruct(&self) {
        self.reconstructs.set(true);
    }

    /// Whether anybody listens to an event.
    fn any(&self, name: &str) -> bool {
        self.all.borrow().iter().any(|one| &*one.name == name)
    }

    /// Listeners of an event that fit, general ones first.
    fn fitting(&self, name: &str, fits: impl Fn(&Listener) -> bool) -> Vec<Listener> {
        let all = self.all.borrow();
        let wanted = |one: &&Listener| &*one.name == name && fits(one);
        let mut found: Vec<Listener> = all.iter().filter(wanted).cloned().collect();
        found.sort_by_key(|one| !one.is_general());
        found
    }
}
