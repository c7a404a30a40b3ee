//! Columns of tables.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::{Rc, Weak};

use super::constraint::ForeignKey;
use super::index::{Sequence, SequenceOptions};
use super::table::{Table, TableInner};
use crate::error::Result;
use crate::expr::Expr;
use crate::name::Name;
use crate::types::{Affinity, Type};
use crate::value::Value;

/// A column of a table: a handle with identity.
#[derive(Clone)]
pub struct Column(Rc<Inner>);

struct Inner {
    spec: RefCell<ColumnSpec>,
    table: RefCell<Weak<TableInner>>,
    /// Position in the table, once it has one.
    position: Cell<usize>,
}

/// Everything a column may be given.
#[derive(Clone, Debug)]
pub struct ColumnSpec {
    /// Its name; declarative gives it later.
    pub name: Option<Name>,
    /// The key in `.c`; the name when `None`.
    pub key: Option<Rc<str>>,
    /// Its type.
    pub ty: Type,
    /// Foreign keys.
    pub foreign_keys: Vec<ForeignKey>,
    /// Part of the primary key.
    pub primary_key: bool,
    /// `nullable`; `None` leaves it to `primary_key`.
    pub nullable: Option<bool>,
    /// `unique=True`
    pub unique: Option<bool>,
    /// `index=True`
    pub index: Option<bool>,
    /// Python-side default of INSERT.
    pub default: Option<Default>,
    /// Python-side default of UPDATE.
    pub onupdate: Option<Default>,
    /// Default in the DDL.
    pub server_default: Option<ServerDefault>,
    /// Whether the server changes it in UPDATE.
    pub server_onupdate: Option<ServerDefault>,
    /// `autoincrement`
    pub autoincrement: Autoincrement,
    /// `GENERATED ALWAYS AS (…)`
    pub computed: Option<Computed>,
    /// `GENERATED … AS IDENTITY`
    pub identity: Option<Identity>,
    /// Comment in the DDL.
    pub comment: Option<Rc<str>>,
    /// Left out of CREATE TABLE.
    pub system: bool,
    /// CHECK constraints given to the column, as expressions with names.
    pub checks: Vec<super::Constraint>,
    /// `info`, a dict of the script.
    pub info: Option<Value>,
    /// `doc`
    pub doc: Option<Rc<str>>,
    /// Marks a sentinel of insertmanyvalues.
    pub insert_sentinel: bool,
    /// Options of a dialect, such as `sqlite_on_conflict_not_null`.
    pub dialect_options: Vec<(Rc<str>, Value)>,
}

/// The argument `autoincrement`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Autoincrement {
    /// `"auto"`
    #[default]
    Auto,
    /// `True`
    True,
    /// `False`
    False,
    /// `"ignore_fk"`
    IgnoreFk,
}

/// A default that Python computes, or SQL inside the statement.
#[derive(Clone, Debug)]
pub enum Default {
    /// A plain value.
    Scalar(Value),
    /// A callable of the script.
    Callable(Rc<dyn DefaultFn>),
    /// An SQL expression.
    Sql(Expr),
    /// A sequence.
    Sequence(Sequence),
}

/// A callable of the script that makes a default.
pub trait DefaultFn {
    /// Call it for one row.
    fn call(&self, cx: &dyn DefaultContext) -> Result<Value>;
    /// The callable's own value, for the side that made it.
    fn object(&self) -> Value;
}

/// What a context-sensitive default may ask.
pub trait DefaultContext {
    /// Parameters of the row so far, by column key.
    fn current_parameters(&self) -> Vec<(Rc<str>, Value)>;
    /// Whether the statement is an INSERT.
    fn is_insert(&self) -> bool;
}

/// A default of the DDL.
#[derive(Clone, Debug)]
pub enum ServerDefault {
    /// A string, printed in quotes.
    Text(Rc<str>),
    /// An SQL expression, printed as it is.
    Sql(Expr),
    /// `FetchedValue()`: the server makes it, the DDL does not say how.
    Fetched,
}

/// `Computed(sqltext, persisted)`
#[derive(Clone, Debug)]
pub struct Computed {
    /// The expression.
    pub sqltext: Expr,
    /// STORED, VIRTUAL or the server's choice.
    pub persisted: Option<bool>,
}

/// `Identity(always, start, …)`
#[derive(Clone, Debug, Default)]
pub struct Identity {
    /// ALWAYS rather than BY DEFAULT.
    pub always: bool,
    /// `ON NULL`
    pub on_null: Option<bool>,
    /// The sequence options.
    pub options: SequenceOptions,
}

impl ColumnSpec {
    /// A column of a name and a type, all else default.
    pub fn new(name: impl Into<Name>, ty: Type) -> Self {
        Self { name: Some(name.into()), ..Self::unnamed(ty) }
    }

    /// A column that gets its name later.
    pub fn unnamed(ty: Type) -> Self {
        Self {
            name: None,
            key: None,
            ty,
            foreign_keys: Vec::new(),
            primary_key: false,
            nullable: None,
            unique: None,
            index: None,
            default: None,
            onupdate: None,
            server_default: None,
            server_onupdate: None,
            autoincrement: Autoincrement::Auto,
            computed: None,
            identity: None,
            comment: None,
            system: false,
            checks: Vec::new(),
            info: None,
            doc: None,
            insert_sentinel: false,
            dialect_options: Vec::new(),
        }
    }

    /// `primary_key=True`
    pub fn primary_key(mut self) -> Self {
        self.primary_key = true;
        self
    }

    /// `nullable=…`
    pub fn nullable(mut self, nullable: bool) -> Self {
        self.nullable = Some(nullable);
        self
    }

    /// `ForeignKey("table.column")`
    pub fn references(mut self, target: &str) -> Self {
        self.foreign_keys.push(ForeignKey::to(target));
        self
    }

    /// As a column.
    pub fn build(self) -> Column {
        Column::new(self)
    }
}

impl Column {
    /// `Column(…)`
    pub fn new(spec: ColumnSpec) -> Self {
        let column = Self(Rc::new(Inner {
            spec: RefCell::new(spec),
            table: RefCell::new(Weak::new()),
            position: Cell::new(usize::MAX),
        }));
        for key in &column.0.spec.borrow().foreign_keys {
            key.set_parent(&column);
        }
        column
    }

    /// Whether both handles are on one column.
    pub fn ptr_eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// A number that is the same for handles on one column.
    pub fn id(&self) -> usize {
        Rc::as_ptr(&self.0).addr()
    }

    pub(super) fn downgrade(&self) -> WeakColumn {
        WeakColumn(Rc::downgrade(&self.0))
    }

    /// Read all arguments.
    pub fn spec(&self) -> std::cell::Ref<'_, ColumnSpec> {
        self.0.spec.borrow()
    }

    /// Change arguments; declarative does so before the table exists.
    pub fn alter(&self, change: impl FnOnce(&mut ColumnSpec)) {
        change(&mut self.0.spec.borrow_mut());
        for key in &self.0.spec.borrow().foreign_keys {
            key.set_parent(self);
        }
    }

    /// A free copy: same arguments, no table, foreign keys copied.
    pub fn copy(&self) -> Self {
        let mut spec = self.0.spec.borrow().clone();
        spec.foreign_keys = spec.foreign_keys.iter().map(ForeignKey::copy).collect();
        Self::new(spec)
    }

    /// Its name; empty until it has one.
    pub fn name(&self) -> Name {
        self.0.spec.borrow().name.clone().unwrap_or_else(|| Name::new(""))
    }

    /// Its name, when it has one.
    pub fn name_opt(&self) -> Option<Name> {
        self.0.spec.borrow().name.clone()
    }

    /// The key in `.c`.
    pub fn key(&self) -> Rc<str> {
        let spec = self.0.spec.borrow();
        match (&spec.key, &spec.name) {
            (Some(key), _) => key.clone(),
            (None, Some(name)) => name.text.clone(),
            (None, None) => "".into(),
        }
    }

    /// Its type. A column without one takes that of the column its foreign key points at.
    pub fn ty(&self) -> Type {
        let own = self.0.spec.borrow().ty.clone();
        if !own.is_null() || self.0.spec.borrow().foreign_keys.is_empty() {
            return own;
        }
        let keys = self.0.spec.borrow().foreign_keys.clone();
        let found = keys.iter().find_map(|key| key.column().ok()).filter(|c| !c.ptr_eq(self));
        match found {
            Some(target) => {
                let ty = target.ty();
                self.0.spec.borrow_mut().ty = ty.clone();
                ty
            }
            None => own,
        }
    }

    /// The table it belongs to.
    pub fn table(&self) -> Option<Table> {
        Table::upgrade(&self.0.table.borrow())
    }

    /// Its position in the table.
    pub fn position(&self) -> usize {
        self.0.position.get()
    }

    pub(super) fn attach(&self, table: &Table, position: usize) {
        *self.0.table.borrow_mut() = table.downgrade();
        self.0.position.set(position);
    }

    /// Whether it is part of the primary key.
    pub fn is_primary_key(&self) -> bool {
        self.0.spec.borrow().primary_key
    }

    pub(super) fn set_primary_key(&self) {
        self.0.spec.borrow_mut().primary_key = true;
    }

    /// Whether it may hold NULL.
    pub fn is_nullable(&self) -> bool {
        let spec = self.0.spec.borrow();
        spec.nullable.unwrap_or(!spec.primary_key && spec.identity.is_none())
    }

    /// Its foreign keys.
    pub fn foreign_keys(&self) -> Vec<ForeignKey> {
        self.0.spec.borrow().foreign_keys.clone()
    }

    pub(super) fn add_foreign_key(&self, key: &ForeignKey) {
        key.set_parent(self);
        self.0.spec.borrow_mut().foreign_keys.push(key.clone());
    }

    /// Whether this column points at another by a foreign key.
    pub fn references(&self, other: &Column) -> bool {
        self.foreign_keys().iter().any(|key| key.column().is_ok_and(|c| c.ptr_eq(other)))
    }

    /// As an expression.
    pub fn expr(&self) -> Expr {
        Expr::of_column(self, self.table())
    }

    /// Whether the type counts up by itself: an integer, or a number without a scale.
    pub(super) fn may_autoincrement(&self) -> bool {
        let ty = self.ty();
        match ty.affinity() {
            Affinity::Integer => true,
            Affinity::Numeric => ty.args().is_none_or(|args| args.scale.unwrap_or(0) == 0),
            _ => false,
        }
    }

    /// Whether the server makes a value when INSERT gives none.
    pub fn has_server_default(&self) -> bool {
        let spec = self.0.spec.borrow();
        spec.server_default.is_some() || spec.computed.is_some() || spec.identity.is_some()
    }
}

/// A column that does not keep itself alive.
#[derive(Clone, std::default::Default)]
pub(super) struct WeakColumn(Weak<Inner>);

impl WeakColumn {
    pub(super) fn upgrade(&self) -> Option<Column> {
        self.0.upgrade().map(Column)
    }
}

impl fmt::Debug for WeakColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WeakColumn")
    }
}

impl fmt::Debug for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::python::column_repr(self))
    }
}

/// `str(column)`: `table.name`
impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.table() {
            Some(table) => write!(f, "{}.{}", table.name(), self.name()),
            None => write!(f, "{}", self.name()),
        }
    }
}

impl fmt::Debug for dyn DefaultFn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.object())
    }
}
