//! What `relationship()` declares, and what `configure` makes of it.

use std::rc::Rc;

use vidro_sql::expr::Expr;
use vidro_sql::schema::{Column, Table};

use super::resolve::Deferred;
use super::{MapperId, RelationshipId};

/// Which side holds the foreign key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The target's table refers to the parent's.
    OneToMany,
    /// The parent's table refers to the target's.
    ManyToOne,
    /// A secondary table refers to both.
    ManyToMany,
}

impl Direction {
    /// The symbol as SQLAlchemy's `repr` shows it.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::OneToMany => "<RelationshipDirection.ONETOMANY: 1>",
            Self::ManyToOne => "<RelationshipDirection.MANYTOONE: 2>",
            Self::ManyToMany => "<RelationshipDirection.MANYTOMANY: 3>",
        }
    }
}

/// A set of cascades.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cascade(pub u8);

impl Cascade {
    /// `save-update`
    pub const SAVE_UPDATE: Self = Self(1);
    /// `delete`
    pub const DELETE: Self = Self(2);
    /// `refresh-expire`
    pub const REFRESH_EXPIRE: Self = Self(4);
    /// `merge`
    pub const MERGE: Self = Self(8);
    /// `expunge`
    pub const EXPUNGE: Self = Self(16);
    /// `delete-orphan`
    pub const DELETE_ORPHAN: Self = Self(32);
    /// `all`: everything but `delete-orphan`.
    pub const ALL: Self = Self(31);
    /// What a relationship has unless told otherwise.
    pub const DEFAULT: Self = Self(1 | 8);

    /// Whether all of `other` is in here.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both together.
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// When and how a relationship is loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lazy {
    /// On first access, by a SELECT.
    #[default]
    Select,
    /// With the owner, by LEFT OUTER JOIN.
    Joined,
    /// With the owner, by a second SELECT … IN.
    SelectIn,
    /// With the owner, by a second SELECT that wraps the first.
    Subquery,
    /// With the owner, as `Select` would.
    Immediate,
    /// Never: access is an error.
    Raise,
    /// Never by SQL: access is an error unless the identity map has it.
    RaiseOnSql,
    /// Never: access gives nothing.
    NoLoad,
    /// Only through a statement of its own; add and remove work unloaded.
    WriteOnly,
    /// Through a query.
    Dynamic,
}

/// What the deletion of a parent does to children that are not loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PassiveDeletes {
    /// Loads them, to delete or null them.
    #[default]
    No,
    /// Leaves them to the database.
    Yes,
    /// Leaves even loaded ones alone.
    All,
}

/// `backref=`: a relationship made on the target.
#[derive(Clone, Debug)]
pub struct BackrefSpec {
    /// Its attribute name.
    pub key: Rc<str>,
    /// What `backref()` was given besides.
    pub spec: Box<RelationshipSpec>,
}

/// The arguments of `relationship()`.
#[derive(Clone, Debug, Default)]
pub struct RelationshipSpec {
    /// The target class.
    pub target: Deferred,
    /// The association table.
    pub secondary: Option<Deferred>,
    /// The join between parent and target, or parent and secondary.
    pub primaryjoin: Option<Deferred>,
    /// The join between secondary and target.
    pub secondaryjoin: Option<Deferred>,
    /// Columns that count as foreign keys.
    pub foreign_keys: Option<Deferred>,
    /// Columns of the other side of a self-referential relationship.
    pub remote_side: Option<Deferred>,
    /// Order of the loaded collection.
    pub order_by: Option<Deferred>,
    /// The relationship on the target that mirrors this one.
    pub back_populates: Option<Rc<str>>,
    /// A relationship to make on the target.
    pub backref: Option<BackrefSpec>,
    /// Scalar or collection; inferred when not given.
    pub uselist: Option<bool>,
    /// Cascades; the default when not given.
    pub cascade: Option<Cascade>,
    /// Loader strategy.
    pub lazy: Lazy,
    /// Read but never written.
    pub viewonly: Option<bool>,
    /// Foreign keys are set by a second UPDATE.
    pub post_update: Option<bool>,
    /// What deletion does to unloaded children.
    pub passive_deletes: PassiveDeletes,
    /// Whether the database follows primary key changes; yes unless said otherwise.
    pub passive_updates: Option<bool>,
    /// A target belongs to one parent at a time.
    pub single_parent: bool,
    /// Loads the old value when a new one is set.
    pub active_history: bool,
    /// Whether the mirror relationship follows changes of this one.
    pub sync_backref: Option<bool>,
    /// Names of relationships that may write the same columns.
    pub overlaps: Vec<Rc<str>>,
    /// Whether joined eager loading may use INNER JOIN.
    pub innerjoin: bool,
    /// Depth of eager loading along a self-referential relationship.
    pub join_depth: Option<u32>,
    /// The host's own data, such as a collection class.
    pub tag: u32,
}

/// A relationship that waits for `configure`.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    /// The class it was declared on.
    pub(crate) parent: MapperId,
    /// Its attribute name.
    pub(crate) key: Rc<str>,
    /// Its arguments.
    pub(crate) spec: RelationshipSpec,
}

/// A foreign key column and what it is copied from.
#[derive(Clone, Debug)]
pub struct SyncPair {
    /// Column that is copied from.
    pub source: Column,
    /// Column that is written.
    pub dest: Column,
    /// Attribute of the class that holds `source`.
    pub source_attribute: u16,
    /// Attribute of the class that holds `dest`; none when `dest` is in the secondary table.
    pub dest_attribute: Option<u16>,
}

/// A configured relationship.
#[derive(Clone, Debug)]
pub struct Relationship {
    /// Its id.
    pub id: RelationshipId,
    /// Its attribute name.
    pub key: Rc<str>,
    /// The class it was declared on.
    pub parent: MapperId,
    /// The class it leads to.
    pub target: MapperId,
    /// Which side holds the foreign key.
    pub direction: Direction,
    /// Collection, not scalar.
    pub uselist: bool,
    /// The association table.
    pub secondary: Option<Table>,
    /// The join between parent and target, or parent and secondary.
    pub primaryjoin: Expr,
    /// The join between secondary and target.
    pub secondaryjoin: Option<Expr>,
    /// Local column of the parent and remote column, for each comparison of the join.
    pub local_remote_pairs: Vec<(Column, Column)>,
    /// Columns of the other side: target or secondary.
    pub remote_columns: Vec<Column>,
    /// What a flush copies between parent and target, or parent and secondary.
    pub synchronize_pairs: Vec<SyncPair>,
    /// What a flush copies from the target to the secondary.
    pub secondary_synchronize_pairs: Vec<SyncPair>,
    /// Order of the loaded collection.
    pub order_by: Vec<Expr>,
    /// Relationships that mirror this one.
    pub reverse: Vec<RelationshipId>,
    /// The one of them that attribute events keep in step.
    pub back_populates: Option<RelationshipId>,
    /// Cascades.
    pub cascade: Cascade,
    /// Loader strategy.
    pub lazy: Lazy,
    /// Read but never written.
    pub viewonly: bool,
    /// Foreign keys are set by a second UPDATE.
    pub post_update: bool,
    /// What deletion does to unloaded children.
    pub passive_deletes: PassiveDeletes,
    /// Whether the database follows primary key changes.
    pub passive_updates: bool,
    /// A target belongs to one parent at a time.
    pub single_parent: bool,
    /// Loads the old value when a new one is set.
    pub active_history: bool,
    /// The target's primary key is compared, so the identity map can answer.
    pub use_get: bool,
    /// Parent and target share a table or a hierarchy.
    pub self_referential: bool,
    /// Joined eager loading may use INNER JOIN.
    pub innerjoin: bool,
    /// Depth of eager loading along a self-referential relationship.
    pub join_depth: Option<u32>,
    /// `_sort_key` of SQLAlchemy's dependency processor: `module.Class_key`.
    pub sort_key: Rc<str>,
    /// The host's own data.
    pub tag: u32,
    /// Name of the relationship on the target that mirrors this one.
    pub(crate) mirror: Option<Rc<str>>,
    /// Whether the mirror follows changes of this one.
    pub(crate) sync_backref: Option<bool>,
}

impl Relationship {
    /// Whether objects remember which parent holds them through this relationship.
    pub(crate) fn tracks_parent(&self) -> bool {
        self.single_parent || self.direction == Direction::OneToMany
    }

    /// Whether a flush writes what this relationship says.
    pub(crate) fn is_persisted(&self) -> bool {
        !self.viewonly
    }
}

/// The relationship behind an id that nobody made.
pub(crate) fn nobody() -> Relationship {
    Relationship {
        id: RelationshipId(u16::MAX),
        key: "".into(),
        parent: MapperId::NONE,
        target: MapperId::NONE,
        direction: Direction::ManyToOne,
        uselist: false,
        secondary: None,
        primaryjoin: Expr::null(),
        secondaryjoin: None,
        local_remote_pairs: Vec::new(),
        remote_columns: Vec::new(),
        synchronize_pairs: Vec::new(),
        secondary_synchronize_pairs: Vec::new(),
        order_by: Vec::new(),
        reverse: Vec::new(),
        back_populates: None,
        cascade: Cascade::default(),
        lazy: Lazy::Select,
        viewonly: true,
        post_update: false,
        passive_deletes: PassiveDeletes::No,
        passive_updates: true,
        single_parent: false,
        active_history: false,
        use_get: false,
        self_referential: false,
        innerjoin: false,
        join_depth: None,
        sort_key: "".into(),
        tag: 0,
        mirror: None,
        sync_backref: None,
    }
}
