//! Mapping, session, unit of work and loading.
//!
//! Everything hangs off one [`Orm`]: the mappers, the arena of mapped objects and the sessions.
//! Objects, mappers, relationships and sessions are small `Copy` ids; functions take `&mut Orm`.
//! What the script language must answer goes through [`Host`], which is handed the `Orm` again.

#[cfg(all(test, target_family = "wasm"))]
#[macro_use]
extern crate vidro_browser_test;
#[cfg(all(test, target_family = "wasm"))]
wasm_bindgen_test_configure!(run_in_browser);

#[cfg(feature = "bench")]
pub mod bench;
pub mod dml;
pub mod error;
pub mod event;
pub mod flush;
pub mod host;
pub mod instance;
pub mod load;
pub mod mapping;
mod notice;
pub mod session;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

pub use error::{Error, ErrorKind, Result};
pub use event::{Event, Observer, Purpose};
pub use host::{Host, NoHost};
pub use instance::{InstanceId, Loaded, SpanTag, State};
pub use mapping::{Mapper, MapperId, MapperSpec, Relationship, RelationshipId, RelationshipSpec};
pub use notice::Notice;
pub use session::{SessionId, SessionOptions, Transition};

use instance::Arena;
use mapping::Mapping;
use session::Sessions;

/// The mappers, the mapped objects and the sessions of one script.
#[derive(Debug, Default)]
pub struct Orm {
    /// Mappers and relationships.
    pub mapping: Mapping,
    /// All mapped objects.
    pub instances: Arena,
    /// All open sessions.
    pub sessions: Sessions,
    /// The line of the script that runs now; the host keeps it up to date.
    pub current_span: SpanTag,
    /// Statements of flushes, compiled.
    statements: RefCell<FxHashMap<flush::CacheKey, Rc<flush::Sql>>>,
    /// When texts of flushes with SQL expressions among their values ran first.
    expression_notes: RefCell<FxHashMap<Rc<str>, flush::Since>>,
    /// SELECTs of gets and lazy loads, compiled.
    loaders: FxHashMap<load::LoadKey, Rc<load::Loader>>,
    /// The options of the statement whose objects are being loaded.
    load_origin: load::Origin,
    /// When SELECTs that the engine compiles ran first: engine, options and text.
    load_notes: RefCell<load::LoadNotes>,
    /// Aliases of mapped classes.
    aliases: Vec<load::Entity>,
    /// Places that were warned of, and of what.
    legacy_uses: FxHashSet<(SpanTag, &'static str)>,
    listener: event::Listener,
    /// What listeners of objects have yet to be told.
    notices: notice::Notices,
}

impl Orm {
    /// Tells `observer` everything from now on.
    pub fn observe(&mut self, observer: Option<Rc<dyn Observer>>) {
        self.listener.0 = observer;
    }

    pub(crate) fn is_observed(&self) -> bool {
        self.listener.0.is_some()
    }

    pub(crate) fn emit(&self, event: Event<'_>) {
        if let Some(observer) = &self.listener.0 {
            observer.event(self, &event);
        }
    }

    pub(crate) fn warn(&self, message: &str) {
        self.emit(Event::Warning { category: "SAWarning", message });
    }

    /// Warns of what SQLAlchemy keeps for old programs only, once for each place of the script.
    pub fn warn_of_legacy(&mut self, message: &'static str) {
        if self.legacy_uses.insert((self.current_span, message)) {
            self.emit(Event::Warning { category: "LegacyAPIWarning", message });
        }
    }

    /// The mapper of an object; an error once the object was collected.
    pub fn mapper_of(&self, id: InstanceId) -> Result<Rc<Mapper>> {
        match self.instances.get(id) {
            Some(instance) => Ok(Rc::clone(self.mapping.mapper(instance.mapper))),
            None => Err(Error::new(
                ErrorKind::ObjectDereferencedError,
                "Can't emit change event for attribute - parent object has been garbage collected",
            )),
        }
    }

    /// The slot of a relationship in an object.
    pub(crate) fn relationship_slot(
        &self,
        id: InstanceId,
        relationship: RelationshipId,
    ) -> Result<u16> {
        let mapper = self.mapping.mapper(self.instances[id].mapper);
        mapper.slot(relationship).ok_or_else(|| {
            let key = &self.mapping.relationship(relationship).key;
            Error::attribute(format!("'{}' object has no attribute '{key}'", mapper.class_name))
        })
    }

    /// `<User at 0x…>`, as messages name an object.
    pub fn state_str(&self, id: InstanceId) -> String {
        let mapper = self.mapping.mapper(self.instances[id].mapper);
        format!("<{} at {}>", mapper.class_name, address(id))
    }
}

/// The address that an object's `repr` shows; Python's look like this.
pub fn address(id: InstanceId) -> String {
    format!("0x{:x}", 0x7f00_0000_0000_u64 + u64::from(id.get()) * 0x40)
}
