//! Mapping: classes to tables, attributes to columns, relationships between classes.

mod configure;
mod inheritance;
mod join;
mod mapper;
mod relationship;
mod resolve;

use std::fmt;
use std::rc::Rc;

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use crate::error::{Error, Result};

pub use configure::configure;
pub use mapper::{
    ColumnAttribute, ColumnSpec, MappedTable, Mapper, MapperSpec, PolymorphicLoad, Property,
    PropertySpec, TableColumn,
};
pub use relationship::{
    BackrefSpec, Cascade, Direction, Lazy, PassiveDeletes, Relationship, RelationshipSpec, SyncPair,
};
pub use resolve::{Deferred, Resolved, resolve_name, unresolved_class};

/// A mapper: one mapped class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MapperId(pub(crate) u16);

impl MapperId {
    /// The mapper of an object that no longer exists.
    pub(crate) const NONE: Self = Self(u16::MAX);

    /// The number behind the id.
    pub fn get(self) -> u16 {
        self.0
    }
}

/// A relationship of a mapped class, shared by its subclasses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelationshipId(pub(crate) u16);

impl RelationshipId {
    /// The number behind the id.
    pub fn get(self) -> u16 {
        self.0
    }
}

/// All mappers and relationships. Mappers are immutable once configured.
pub struct Mapping {
    pub(crate) mappers: Vec<Rc<Mapper>>,
    pub(crate) relationships: Vec<Rc<Relationship>>,
    /// Relationships that `configure` has yet to build, in order of declaration.
    pub(crate) pending: Vec<relationship::Pending>,
    /// The first error of `configure`; the class stays broken, as SQLAlchemy's does.
    pub(crate) failed: Option<configure::Failure>,
    /// Mappers by class name; the newest wins.
    pub(crate) by_name: IndexMap<Rc<str>, Vec<MapperId>, FxBuildHasher>,
    /// Somebody listens to what a flush does to objects.
    pub listened: bool,
    /// Stand-ins behind ids that nobody made.
    nobody: (Rc<Mapper>, Rc<Relationship>),
}

impl Default for Mapping {
    fn default() -> Self {
        Self {
            mappers: Vec::new(),
            relationships: Vec::new(),
            pending: Vec::new(),
            failed: None,
            by_name: IndexMap::default(),
            listened: false,
            nobody: (Rc::new(mapper::nobody()), Rc::new(relationship::nobody())),
        }
    }
}

impl Mapping {
    /// The mapper behind an id.
    pub fn mapper(&self, id: MapperId) -> &Rc<Mapper> {
        self.mappers.get(usize::from(id.0)).unwrap_or(&self.nobody.0)
    }

    /// The relationship behind an id.
    pub fn relationship(&self, id: RelationshipId) -> Rc<Relationship> {
        Rc::clone(self.relationships.get(usize::from(id.0)).unwrap_or(&self.nobody.1))
    }

    /// All mappers, in order of declaration.
    pub fn mappers(&self) -> &[Rc<Mapper>] {
        &self.mappers
    }

    /// All configured relationships.
    pub fn relationships(&self) -> &[Rc<Relationship>] {
        &self.relationships
    }

    /// The mapper of a class of this name.
    pub fn by_name(&self, class_name: &str) -> Option<&Rc<Mapper>> {
        let id = self.by_name.get(class_name)?.last()?;
        Some(self.mapper(*id))
    }

    /// Whether `id` is `ancestor` or inherits from it.
    pub fn is_a(&self, id: MapperId, ancestor: MapperId) -> bool {
        let mut current = Some(id);
        while let Some(mapper) = current {
            if mapper == ancestor {
                return true;
            }
            current = self.mapper(mapper).inherits;
        }
        false
    }

    /// The mapper and all that inherit from it, parents first.
    pub fn self_and_descendants(&self, id: MapperId) -> Vec<MapperId> {
        let mut all = vec![id];
        let mut next = 0;
        while let Some(&mapper) = all.get(next) {
            all.extend(self.mapper(mapper).children.iter().copied());
            next += 1;
        }
        all
    }

    /// Whether two mappers share a root.
    pub(crate) fn common_parent(&self, a: MapperId, b: MapperId) -> bool {
        self.mapper(a).base == self.mapper(b).base
    }

    /// `User.posts`, as error messages name a relationship.
    pub fn relationship_str(&self, relationship: &Relationship) -> String {
        format!("{}.{}", self.mapper(relationship.parent).class_name, relationship.key)
    }

    /// Whether `configure` has anything to do.
    pub fn needs_configure(&self) -> bool {
        !self.pending.is_empty() || self.failed.is_some()
    }

    pub(crate) fn mapper_mut(&mut self, id: MapperId) -> Result<&mut Mapper> {
        let mapper = self.mappers.get_mut(usize::from(id.0));
        let mapper = mapper.ok_or_else(|| Error::invalid_request("no such mapper"))?;
        Ok(Rc::make_mut(mapper))
    }
}

impl fmt::Debug for Mapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.mappers.iter().map(|m| &m.class_name)).finish()
    }
}
