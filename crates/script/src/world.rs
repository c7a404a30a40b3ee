//! What a script's machine carries beside Python: the ORM, the engines' surroundings, and who is who between Python objects and ids.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::{Rc, Weak};

use rustc_hash::FxHashMap;
use vidro_engine::{Driver, Url};
use vidro_orm::{Host, InstanceId, MapperId, Orm, SessionId, SpanTag};
use vidro_python::{Class, Dict, Instance, Location, Raise, Value, Vm};

use crate::Surroundings;
use crate::events::Listeners;
use crate::exc;
use crate::host::ScriptHost;
use crate::lend::{self, lend};

/// Finds the driver of a URL.
pub type Drivers = Rc<dyn Fn(&Url) -> Option<Rc<dyn Driver>>>;

/// Where the script is, for those who listen to the lower crates. Clones share.
#[derive(Clone, Default)]
pub struct Place(Rc<RefCell<Option<Location>>>);

impl Place {
    /// The statement that runs.
    pub fn get(&self) -> Option<Location> {
        self.0.borrow().clone()
    }

    /// No script runs.
    pub fn clear(&self) {
        self.set(None);
    }

    pub(crate) fn set(&self, location: Option<Location>) {
        *self.0.borrow_mut() = location;
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Place({:?})", self.get().map(|at| at.line()))
    }
}

/// A mapped class and where it is declared.
#[derive(Clone, Debug)]
pub struct Model {
    /// Its mapper.
    pub mapper: MapperId,
    /// The Python class.
    pub class: Rc<Class>,
    /// The class statement, or the line that mapped the class.
    pub declared_at: Option<Location>,
}

/// Everything the bindings share; the machine's one state of this type.
pub(crate) struct World {
    /// The ORM; out while one of its operations runs.
    orm: RefCell<Option<Box<Orm>>>,
    /// What stands in the place of an ORM that is lent to a callback.
    spare: RefCell<Option<Box<Orm>>>,
    /// Clock, log and observer of all engines.
    pub(crate) engines: vidro_engine::Host,
    /// Finds drivers.
    pub(crate) drivers: Drivers,
    /// The world around the script.
    pub(crate) surroundings: Rc<dyn Surroundings>,
    /// Where the script is.
    pub(crate) place: Place,
    /// Mapped classes in order of declaration.
    pub(crate) models: RefCell<Vec<Model>>,
    /// Python objects of arena ids that are alive.
    objects: RefCell<FxHashMap<InstanceId, Weak<Instance>>>,
    /// Attributes that are not mapped, of objects that Python let go but the arena keeps.
    pub(crate) kept: RefCell<FxHashMap<InstanceId, Rc<Dict>>>,
    /// Ids whose Python object is gone.
    released: Rc<RefCell<Vec<Released>>>,
    /// Places that were given to the ORM as tags; tag 1 is the first.
    places: RefCell<Vec<Location>>,
    /// Tags of places by address of the source and start.
    tags: RefCell<FxHashMap<(usize, u32), SpanTag>>,
    /// Python's session objects by id.
    pub(crate) sessions: RefCell<FxHashMap<SessionId, Weak<dyn Any>>>,
    /// Tables and other objects that must stay the same in Python.
    pub(crate) wrappers: RefCell<FxHashMap<usize, Value>>,
    /// Python objects of metadata.
    pub(crate) metadatas: RefCell<Vec<Value>>,
    /// What `collection_class` was given; a relationship's tag is an index, from one.
    collections: RefCell<Vec<Value>>,
    /// How many operations of the ORM wait for what they called in the script.
    callbacks: Cell<usize>,
    /// Listeners that the script added.
    pub(crate) listeners: Listeners,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").finish_non_exhaustive()
    }
}

/// What a mapped instance carries: its id, given back when Python lets the instance go.
pub(crate) struct Entity {
    /// The object in the arena.
    pub(crate) id: InstanceId,
    /// Attributes that are not mapped.
    dict: Rc<Dict>,
    released: Rc<RefCell<Vec<Released>>>,
}

/// An id whose Python object is gone, and the attributes it had besides.
struct Released {
    id: InstanceId,
    dict: Option<Rc<Dict>>,
}

impl Drop for Entity {
    fn drop(&mut self) {
        let dict = (!self.dict.is_empty()).then(|| Rc::clone(&self.dict));
        self.released.borrow_mut().push(Released { id: self.id, dict });
    }
}

impl World {
    pub(crate) fn new(
        engines: vidro_engine::Host,
        drivers: Drivers,
        place: Place,
        surroundings: Rc<dyn Surroundings>,
    ) -> Self {
        Self {
            orm: RefCell::new(Some(Box::default())),
            spare: RefCell::new(None),
            engines,
            drivers,
            surroundings,
            place,
            models: RefCell::default(),
            objects: RefCell::default(),
            kept: RefCell::default(),
            released: Rc::default(),
            places: RefCell::default(),
            tags: RefCell::default(),
            sessions: RefCell::default(),
            wrappers: RefCell::default(),
            metadatas: RefCell::default(),
            collections: RefCell::default(),
            callbacks: Cell::default(),
            listeners: Listeners::default(),
        }
    }

    /// The world of a machine.
    pub(crate) fn of(vm: &mut Vm) -> Result<Rc<Self>, Raise> {
        match vm.state::<Self>() {
            Some(world) => Ok(world),
            None => Err(vm.runtime_error("this machine has no SQLAlchemy")),
        }
    }

    /// Looks at the ORM; none while one of its operations runs.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Orm) -> T) -> Option<T> {
        self.orm.borrow().as_deref().map(look)
    }

    /// Changes the ORM directly, for what runs no script.
    pub(crate) fn edit<T>(&self, edit: impl FnOnce(&mut Orm) -> T) -> Option<T> {
        self.orm.borrow_mut().as_deref_mut().map(edit)
    }

    /// The tag of a place, the same for the same place.
    fn tag(&self, location: &Location) -> SpanTag {
        let key = (Rc::as_ptr(&location.source).addr(), location.span.start);
        if let Some(tag) = self.tags.borrow().get(&key) {
            return *tag;
        }
        let mut places = self.places.borrow_mut();
        places.push(location.clone());
        let tag = SpanTag(u32::try_from(places.len()).unwrap_or(0));
        self.tags.borrow_mut().insert(key, tag);
        tag
    }

    /// The place behind a tag.
    pub(crate) fn location(&self, tag: SpanTag) -> Option<Location> {
        let index = usize::try_from(tag.0).ok()?.checked_sub(1)?;
        self.places.borrow().get(index).cloned()
    }

    /// Tells the arena which Python objects are gone.
    fn settle(&self, orm: &mut Orm) {
        if self.released.borrow().is_empty() {
            return;
        }
        let released = std::mem::take(&mut *self.released.borrow_mut());
        let mut objects = self.objects.borrow_mut();
        for Released { id, dict } in released {
            orm.instances.release(id);
            if let Some(dict) = dict {
                self.kept.borrow_mut().insert(id, dict);
            }
            if objects.get(&id).is_some_and(|weak| weak.strong_count() == 0) {
                objects.remove(&id);
            }
        }
    }

    /// Notes where the script is, for the ORM and for listeners.
    fn arrive(&self, orm: &mut Orm, vm: &Vm) {
        let location = vm.location();
        orm.current_span = location.as_ref().map(|at| self.tag(at)).unwrap_or_default();
        self.place.set(location);
    }

    /// The Python object of an id, if there is one already.
    pub(crate) fn known(&self, id: InstanceId) -> Option<Rc<Instance>> {
        self.objects.borrow().get(&id).and_then(Weak::upgrade)
    }

    /// Ties a Python object to an id of the arena.
    pub(crate) fn tie(&self, orm: &mut Orm, instance: &Rc<Instance>, id: InstanceId) {
        orm.instances.retain(id);
        let released = Rc::clone(&self.released);
        let dict = Rc::clone(instance.dict());
        instance.set_payload(Rc::new(Entity { id, dict, released }));
        self.objects.borrow_mut().insert(id, Rc::downgrade(instance));
    }

    /// Keeps a collection class for a relationship and gives its tag.
    pub(crate) fn keep_collection_class(&self, class: Value) -> u32 {
        let mut kept = self.collections.borrow_mut();
        kept.push(class);
        u32::try_from(kept.len()).unwrap_or(0)
    }

    /// The collection class behind a relationship's tag, if it has one.
    pub(crate) fn collection_class(&self, tag: u32) -> Option<Value> {
        let index = usize::try_from(tag).ok()?.checked_sub(1)?;
        self.collections.borrow().get(index).cloned()
    }

    /// The Python class of a mapper.
    pub(crate) fn class_of(&self, mapper: MapperId) -> Option<Rc<Class>> {
        let models = self.models.borrow();
        models.iter().find(|model| model.mapper == mapper).map(|model| Rc::clone(&model.class))
    }
}

/// The id of a mapped object.
pub(crate) fn entity(value: &Value) -> Option<InstanceId> {
    value.payload::<Entity>().map(|entity| entity.id)
}

/// The Python object of an arena id; made when the id has none.
pub(crate) fn object(vm: &mut Vm, id: InstanceId) -> Result<Value, Raise> {
    let world = World::of(vm)?;
    if let Some(known) = world.known(id) {
        return Ok(Value::Instance(known));
    }
    // One that was let go a moment ago left what it had besides.
    world.edit(|orm| world.settle(orm));
    let mapper = world.look(|orm| orm.instances.get(id).map(|instance| instance.mapper()));
    let Some(class) = mapper.flatten().and_then(|mapper| world.class_of(mapper)) else {
        return Ok(Value::None);
    };
    let instance = Instance::new(class);
    if let Some(dict) = world.kept.borrow_mut().remove(&id) {
        for (name, value) in dict.names() {
            instance.set(&name, value);
        }
    }
    world.edit(|orm| world.tie(orm, &instance, id));
    Ok(Value::Instance(instance))
}

/// Runs an operation of the ORM. Its callbacks find the machine and, given back to the world, the ORM.
pub(crate) fn with_orm<T>(
    vm: &mut Vm,
    work: impl FnOnce(&mut Orm, &mut dyn Host) -> vidro_orm::Result<T>,
) -> Result<T, Raise> {
    let world = World::of(vm)?;
    let mut orm = take(vm, &world)?;
    let result = lend(vm, || {
        let result = work(&mut orm, &mut ScriptHost);
        let told = orm.tell_notices(&mut ScriptHost);
        result.and_then(|done| told.map(|()| done))
    });
    *world.orm.borrow_mut() = Some(orm);
    result.map_err(|error| exc::from_orm(vm, &error))
}

fn take(vm: &mut Vm, world: &World) -> Result<Box<Orm>, Raise> {
    let taken = world.orm.borrow_mut().take();
    let Some(mut orm) = taken else {
        return Err(vm.runtime_error("the session is busy with another operation"));
    };
    world.settle(&mut orm);
    world.arrive(&mut orm, vm);
    Ok(orm)
}

/// Runs an operation of the engine or of statements, whose callbacks find the machine.
pub(crate) fn with_engine<T>(
    vm: &mut Vm,
    work: impl FnOnce() -> vidro_engine::Result<T>,
) -> Result<T, Raise> {
    let world = World::of(vm)?;
    world.place.set(vm.location());
    let result = lend(vm, work);
    result.map_err(|error| exc::from_engine(vm, &error))
}

/// Runs work on statements, whose callbacks find the machine.
pub(crate) fn with_sql<T>(
    vm: &mut Vm,
    work: impl FnOnce() -> vidro_sql::Result<T>,
) -> Result<T, Raise> {
    let result = lend(vm, work);
    result.map_err(|error| exc::from_sql(vm, &error))
}

/// Calls back into the script from inside an ORM operation: the machine is picked up and the ORM
/// put where the script's own operations find it.
pub(crate) fn call_back<T>(
    orm: &mut Orm,
    work: impl FnOnce(&mut Vm) -> Result<T, Raise>,
) -> vidro_orm::Result<T> {
    let answer = lend::borrow(|vm| {
        let Some(world) = vm.state::<World>() else {
            let raise = vm.runtime_error("this machine has no SQLAlchemy");
            return Err(exc::into_orm(vm, raise));
        };
        let mut own = world.spare.borrow_mut().take().unwrap_or_default();
        std::mem::swap(orm, &mut own);
        *world.orm.borrow_mut() = Some(own);
        world.callbacks.update(|count| count + 1);
        let result = work(vm);
        world.callbacks.update(|count| count.saturating_sub(1));
        let back = world.orm.borrow_mut().take();
        if let Some(mut back) = back {
            std::mem::swap(orm, &mut back);
            *world.spare.borrow_mut() = Some(back);
        }
        result.map_err(|raise| exc::into_orm(vm, raise))
    });
    answer.unwrap_or_else(|| Err(vidro_orm::Error::invalid_request("no script runs here")))
}

/// Calls back into the script from inside an operation of statements or engine.
pub(crate) fn call_back_sql<T>(
    work: impl FnOnce(&mut Vm) -> Result<T, Raise>,
) -> vidro_sql::Result<T> {
    let answer = lend::borrow(|vm| work(vm).map_err(|raise| exc::into_sql(vm, raise)));
    answer.unwrap_or_else(|| Err(vidro_sql::Error::invalid_request("no script runs here")))
}

/// What is due between two statements: objects nobody refers to go away.
pub(crate) fn at_statement(vm: &mut Vm, location: &Location) {
    if let Some(world) = vm.state::<World>() {
        world.place.set(Some(location.clone()));
        collect(vm);
    }
}

/// Lets objects that nobody refers to go; none while an operation may hold some by their ids alone.
pub(crate) fn collect(vm: &mut Vm) {
    let Some(world) = vm.state::<World>().filter(|world| world.callbacks.get() == 0) else {
        return;
    };
    world.edit(|orm| {
        world.settle(orm);
        orm.collect_unreferenced();
    });
    let gone =
        |id: &InstanceId| world.look(|orm| orm.instances.get(*id).is_none()).unwrap_or(false);
    world.kept.borrow_mut().retain(|id, _| !gone(id));
}
