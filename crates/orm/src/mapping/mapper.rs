//! What a class maps to: tables, column attributes by index, relationships by slot.

use std::rc::Rc;

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;
use vidro_sql::Value;
use vidro_sql::expr::{Expr, Kind};
use vidro_sql::schema::{Column, Table};

use super::relationship::{Pending, RelationshipSpec};
use super::{MapperId, RelationshipId, inheritance};
use crate::Orm;
use crate::error::{Error, Result};

/// The arguments of a mapping: what declarative or `map_imperatively` gathered.
#[derive(Clone, Debug, Default)]
pub struct MapperSpec {
    /// The class name.
    pub class_name: Rc<str>,
    /// The module it lives in; `__main__` for scripts.
    pub module: Rc<str>,
    /// Its own table; none for single-table inheritance.
    pub table: Option<Table>,
    /// The mapped class it derives from.
    pub inherits: Option<MapperId>,
    /// Attributes given explicitly, in order; table columns not among them map under their own keys.
    pub properties: Vec<(Rc<str>, PropertySpec)>,
    /// Primary key columns when the table does not tell.
    pub primary_key: Vec<Column>,
    /// The column that tells subclasses apart.
    pub polymorphic_on: Option<Column>,
    /// What that column holds for this class.
    pub polymorphic_identity: Option<Value>,
    /// How the class is loaded with its base.
    pub polymorphic_load: Option<PolymorphicLoad>,
    /// The column that counts versions.
    pub version_id_col: Option<Column>,
    /// `eager_defaults`; none is `"auto"`.
    pub eager_defaults: Option<bool>,
    /// Columns of the table that are not mapped.
    pub exclude: Vec<Rc<str>>,
    /// The only columns of the table that are mapped, if not all are.
    pub include: Option<Vec<Rc<str>>>,
    /// What attributes are called before the names of their columns, where they are not named.
    pub column_prefix: Option<Rc<str>>,
    /// Whether DELETE that matches too few rows goes unnoticed.
    pub ignore_deleted_rows: bool,
    /// The host's own data: its class.
    pub tag: u32,
}

/// How a subclass is loaded where its base class is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolymorphicLoad {
    /// In the same statement.
    Inline,
    /// By one `IN` after it.
    SelectIn,
}

/// One explicit attribute of a mapping.
#[derive(Clone, Debug)]
pub enum PropertySpec {
    /// A column, perhaps under another name.
    Column(ColumnSpec),
    /// A SQL expression, read only.
    Expression(ColumnSpec, Expr),
    /// `relationship()`
    Relationship(Box<RelationshipSpec>),
    /// `synonym()`
    Synonym(Rc<str>),
    /// An attribute that the host makes of others, such as `composite()`: only its name is kept.
    Foreign,
}

/// Options of a column attribute.
#[derive(Clone, Debug, Default)]
pub struct ColumnSpec {
    /// The column; none for an expression.
    pub column: Option<Column>,
    /// Not loaded until read.
    pub deferred: bool,
    /// Deferred columns that are loaded together.
    pub deferred_group: Option<Rc<str>>,
    /// Reading it unloaded is an error.
    pub deferred_raiseload: bool,
    /// Loads the old value when a new one is set.
    pub active_history: bool,
    /// Validators or listeners want to see what is set.
    pub listened: bool,
}

/// What a name on a mapped class is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Property {
    /// A column attribute, by index.
    Column(u16),
    /// A relationship.
    Relationship(RelationshipId),
}

/// A column attribute.
#[derive(Clone, Debug)]
pub struct ColumnAttribute {
    /// Its name.
    pub key: Rc<str>,
    /// Its columns, the most specific table's first; several when inheritance joins them.
    pub columns: Vec<Column>,
    /// What a read-only attribute computes.
    pub expression: Option<Expr>,
    /// Not loaded until read.
    pub deferred: bool,
    /// Deferred columns that are loaded together.
    pub deferred_group: Option<Rc<str>>,
    /// Reading it unloaded is an error.
    pub deferred_raiseload: bool,
    /// Loads the old value when a new one is set.
    pub active_history: bool,
    /// Validators or listeners want to see what is set.
    pub listened: bool,
}

impl ColumnAttribute {
    /// `query_expression()` without a default: a value only where a query gives the expression.
    pub fn is_query_expression(&self) -> bool {
        self.expression.as_ref().is_some_and(|expr| matches!(expr.kind(), Kind::Null))
    }

    /// Its first column, which names it in SQL; none for an expression.
    pub fn column(&self) -> Option<&Column> {
        self.columns.first()
    }
}

/// A table of a mapper and how its columns map.
#[derive(Clone, Debug)]
pub struct MappedTable {
    /// The table.
    pub table: Table,
    /// Its columns, in order.
    pub columns: Vec<TableColumn>,
    /// Positions of its primary key in `columns`.
    pub primary_key: Vec<usize>,
    /// Position of the column the database counts up.
    pub autoincrement: Option<usize>,
}

/// A column of a mapped table.
#[derive(Clone, Debug)]
pub struct TableColumn {
    /// The column.
    pub column: Column,
    /// Its attribute; none when it is not mapped.
    pub attribute: Option<u16>,
    /// Part of the primary key.
    pub primary_key: bool,
    /// An INSERT without a value says NULL.
    pub null_when_missing: bool,
    /// The server makes a value, which an INSERT brings back.
    pub server_default: bool,
    /// `None` is a value of its type, such as JSON's `null`; only what was never set is missing.
    pub evaluates_none: bool,
}

/// A mapped class.
#[derive(Clone, Debug)]
pub struct Mapper {
    /// Its id.
    pub id: MapperId,
    /// The class name.
    pub class_name: Rc<str>,
    /// The module of the class.
    pub module: Rc<str>,
    /// `module.Class`, by which a flush sorts what nothing else orders.
    pub sort_key: Rc<str>,
    /// The root of its hierarchy.
    pub base: MapperId,
    /// The mapper it derives from.
    pub inherits: Option<MapperId>,
    /// Mappers that derive from it directly.
    pub children: Vec<MapperId>,
    /// Its tables, the root's first.
    pub tables: Vec<MappedTable>,
    /// Column attributes by index, inherited ones first.
    pub columns: Vec<ColumnAttribute>,
    /// Relationships in order of declaration, inherited ones first.
    pub relationships: Vec<RelationshipId>,
    /// Everything by name.
    pub properties: IndexMap<Rc<str>, Property, FxBuildHasher>,
    /// Other names of attributes: `synonym()`.
    pub synonyms: IndexMap<Rc<str>, Rc<str>, FxBuildHasher>,
    /// The names of all attributes, those of the host among them, in the order of SQLAlchemy.
    pub names: Vec<Rc<str>>,
    /// Attributes that are the primary key.
    pub primary_key: Vec<u16>,
    /// Relationships that delete objects of this class when they let go of them.
    pub delete_orphans: Vec<RelationshipId>,
    /// The attribute that tells subclasses apart.
    pub polymorphic_on: Option<u16>,
    /// What it holds for this class.
    pub polymorphic_identity: Option<Value>,
    /// How the class is loaded with its base.
    pub polymorphic_load: Option<PolymorphicLoad>,
    /// The attribute that counts versions.
    pub version: Option<u16>,
    /// `eager_defaults`; none is `"auto"`.
    pub eager_defaults: Option<bool>,
    /// Whether DELETE that matches too few rows is worth a warning.
    pub confirm_deleted_rows: bool,
    /// Single-table inheritance: it has no table of its own.
    pub single: bool,
    /// The host's own data: its class.
    pub tag: u32,
    /// Slot by relationship; `NO_SLOT` where the class has none.
    pub(crate) slots: Vec<u16>,
    /// Names of relationships not configured yet.
    pub(crate) unconfigured: Vec<Rc<str>>,
}

pub(crate) const NO_SLOT: u16 = u16::MAX;

impl Mapper {
    /// `<class '__main__.User'>`, as messages show the class.
    pub fn class_repr(&self) -> String {
        if &*self.module == "builtins" {
            return format!("<class '{}'>", self.class_name);
        }
        format!("<class '{}.{}'>", self.module, self.class_name)
    }

    /// `Mapper[User(user)]`, as messages show the mapper.
    pub fn describe(&self) -> String {
        let table = self.local_table().map(|t| t.full_name()).unwrap_or_default();
        format!("Mapper[{}({table})]", self.class_name)
    }

    /// Names of relationships that `configure` has yet to build.
    pub fn waiting(&self) -> &[Rc<str>] {
        &self.unconfigured
    }

    /// What a name is, if the class has it.
    pub fn property(&self, key: &str) -> Option<Property> {
        self.properties.get(self.meant(key)).copied()
    }

    /// The attribute that a name means: what a synonym stands for, any other name itself.
    pub fn meant<'a>(&'a self, key: &'a str) -> &'a str {
        let mut meant = key;
        // Synonyms may name each other in a circle, so no more steps than there are names.
        for _ in 0..self.synonyms.len() {
            match self.synonyms.get(meant) {
                Some(next) => meant = next,
                None => break,
            }
        }
        meant
    }

    /// Gives an attribute its place among the names.
    pub(super) fn note_name(&mut self, key: &Rc<str>) {
        if !self.names.contains(key) {
            self.names.push(Rc::clone(key));
        }
    }

    /// Whether a name is an attribute, be it of a relationship that is not configured yet.
    pub fn has_attribute(&self, key: &str) -> bool {
        self.names.iter().any(|known| **known == *key)
    }

    /// A column attribute by index.
    pub fn column(&self, index: u16) -> Result<&ColumnAttribute> {
        self.columns.get(usize::from(index)).ok_or_else(|| {
            Error::attribute(format!("{} has no attribute number {index}", self.class_name))
        })
    }

    /// The slot of a relationship in objects of this class.
    pub fn slot(&self, relationship: RelationshipId) -> Option<u16> {
        let slot = self.slots.get(usize::from(relationship.0)).copied()?;
        (slot != NO_SLOT).then_some(slot)
    }

    /// The attribute of a column.
    pub fn attribute_of(&self, column: &Column) -> Option<u16> {
        let has = |a: &ColumnAttribute| a.columns.iter().any(|c| c.ptr_eq(column));
        self.columns.iter().position(has).and_then(|index| u16::try_from(index).ok())
    }

    /// The most specific of its tables.
    pub fn local_table(&self) -> Option<&Table> {
        self.tables.last().map(|mapped| &mapped.table)
    }

    /// The root's table.
    pub fn base_table(&self) -> Option<&Table> {
        self.tables.first().map(|mapped| &mapped.table)
    }

    /// Whether one of its tables has this column.
    pub fn has_column(&self, column: &Column) -> bool {
        self.tables.iter().any(|mapped| is_in(column, &mapped.table))
    }
}

fn is_in(column: &Column, table: &Table) -> bool {
    column.table().is_some_and(|t| t.ptr_eq(table))
}

/// The mapper of an object that no longer exists.
pub(crate) fn nobody() -> Mapper {
    Mapper {
        id: MapperId::NONE,
        class_name: "object".into(),
        module: "builtins".into(),
        sort_key: "".into(),
        base: MapperId::NONE,
        inherits: None,
        children: Vec::new(),
        tables: Vec::new(),
        columns: Vec::new(),
        relationships: Vec::new(),
        properties: IndexMap::default(),
        synonyms: IndexMap::default(),
        names: Vec::new(),
        primary_key: Vec::new(),
        delete_orphans: Vec::new(),
        polymorphic_on: None,
        polymorphic_identity: None,
        polymorphic_load: None,
        version: None,
        eager_defaults: None,
        confirm_deleted_rows: true,
        single: false,
        tag: 0,
        slots: Vec::new(),
        unconfigured: Vec::new(),
    }
}

impl Orm {
    /// Maps a class. Relationships are only noted; `configure` builds them.
    pub fn declare(&mut self, spec: MapperSpec) -> Result<MapperId> {
        let number = u16::try_from(self.mapping.mappers.len())
            .map_err(|_| Error::invalid_request("too many mapped classes"))?;
        let id = MapperId(number);
        let mut mapper = match spec.inherits {
            Some(parent) => inheritance::inherit(&self.mapping, parent, id)?,
            None => Mapper { id, base: id, ..nobody() },
        };
        mapper.class_name = spec.class_name.clone();
        mapper.module = spec.module.clone();
        mapper.sort_key = format!("{}.{}", spec.module, spec.class_name).into();
        mapper.tag = spec.tag;
        mapper.single = spec.table.is_none() && spec.inherits.is_some();
        mapper.confirm_deleted_rows = !spec.ignore_deleted_rows;
        mapper.eager_defaults = spec.eager_defaults.or(mapper.eager_defaults);
        let pending = map_properties(&mut mapper, &spec)?;
        find_primary_key(&mut mapper, &spec)?;
        inheritance::set_polymorphic(&mut mapper, &spec)?;
        mapper.version = match &spec.version_id_col {
            Some(column) => mapper.attribute_of(column),
            None => mapper.version,
        };
        mark_active(&mut mapper);
        if let Some(parent) = spec.inherits {
            self.mapping.mapper_mut(parent)?.children.push(id);
        }
        self.mapping.by_name.entry(spec.class_name).or_default().push(id);
        self.mapping.mappers.push(Rc::new(mapper));
        self.mapping.pending.extend(pending);
        Ok(id)
    }

    /// Asks the host about every value that is set on a column attribute, of the class and below it.
    pub fn listen_to(&mut self, mapper: MapperId, key: &str, active: bool) -> Result<()> {
        for id in self.mapping.self_and_descendants(mapper) {
            let mapper = self.mapping.mapper_mut(id)?;
            if let Some(Property::Column(index)) = mapper.property(key)
                && let Some(attribute) = mapper.columns.get_mut(usize::from(index))
            {
                attribute.listened = true;
                attribute.active_history |= active;
            }
        }
        Ok(())
    }

    /// Adds an attribute to a class that is already mapped: `User.posts = relationship(…)`.
    pub fn add_property(
        &mut self,
        mapper: MapperId,
        key: Rc<str>,
        property: PropertySpec,
    ) -> Result<()> {
        let pending = {
            let mapper = self.mapping.mapper_mut(mapper)?;
            let pending = add_property(mapper, &key, &property)?;
            rebuild_tables(mapper);
            mark_active(mapper);
            pending
        };
        self.mapping.pending.extend(pending);
        Ok(())
    }
}

/// Explicit properties and the remaining table columns, in the table's order.
fn map_properties(mapper: &mut Mapper, spec: &MapperSpec) -> Result<Vec<Pending>> {
    let mut pending = Vec::new();
    let local = |column: &Column| spec.table.as_ref().is_some_and(|table| is_in(column, table));
    if let Some(table) = &spec.table {
        mapper.tables.push(mapped_table(mapper, table));
    }
    for (key, property) in &spec.properties {
        let in_table = match property {
            PropertySpec::Column(c) => c.column.as_ref().is_some_and(local),
            _ => false,
        };
        if !in_table {
            pending.extend(add_property(mapper, key, property)?);
        }
    }
    for column in spec.table.iter().flat_map(Table::columns) {
        let explicit = spec.properties.iter().find_map(|(key, property)| match property {
            PropertySpec::Column(given)
                if given.column.as_ref().is_some_and(|c| c.ptr_eq(&column)) =>
            {
                Some((Rc::clone(key), given.clone()))
            }
            _ => None,
        });
        let is_named = |names: &[Rc<str>]| names.iter().any(|name| **name == *column.name().text);
        let included = spec.include.as_deref().is_none_or(is_named);
        let excluded = is_named(&spec.exclude) || !included;
        let (key, given) = match explicit {
            Some(explicit) => explicit,
            None if excluded => continue,
            None => {
                let prefix = spec.column_prefix.as_deref().unwrap_or_default();
                (format!("{prefix}{}", column.key()).into(), ColumnSpec::default())
            }
        };
        inheritance::add_column(mapper, &key, &column, &given)?;
    }
    rebuild_tables(mapper);
    if mapper.tables.is_empty() {
        return Err(Error::invalid_request(format!(
            "Class {} does not have a __table__ or __tablename__ specified and does not inherit \
             from an existing table-mapped class.",
            mapper.class_repr()
        )));
    }
    Ok(pending)
}

fn add_property(
    mapper: &mut Mapper,
    key: &Rc<str>,
    property: &PropertySpec,
) -> Result<Option<Pending>> {
    mapper.note_name(key);
    match property {
        PropertySpec::Foreign => {}
        PropertySpec::Column(given) => {
            if let Some(column) = &given.column {
                check_represented(mapper, key, column)?;
                inheritance::add_column(mapper, key, column, given)?;
            }
        }
        PropertySpec::Expression(given, expression) => {
            push_column(mapper, key, Vec::new(), given, Some(expression.clone()))?;
        }
        PropertySpec::Relationship(spec) => {
            mapper.unconfigured.push(Rc::clone(key));
            let (parent, key, spec) = (mapper.id, Rc::clone(key), (**spec).clone());
            return Ok(Some(Pending { parent, key, spec }));
        }
        PropertySpec::Synonym(target) => {
            mapper.synonyms.insert(Rc::clone(key), Rc::clone(target));
        }
    }
    Ok(None)
}

/// A column that is mapped as such must belong to one of the mapper's tables.
fn check_represented(mapper: &Mapper, key: &str, column: &Column) -> Result<()> {
    let Some(table) = column.table() else { return Ok(()) };
    if mapper.has_column(column) {
        return Ok(());
    }
    Err(Error::argument(format!(
        "When configuring property '{key}' on {}, column '{}.{}' is not represented in the \
         mapper's table. Use the `column_property()` function to force this column to be mapped as \
         a read-only attribute.",
        mapper.describe(),
        table.full_name(),
        column.name().text,
    )))
}

/// Appends a column attribute.
pub(super) fn push_column(
    mapper: &mut Mapper,
    key: &Rc<str>,
    columns: Vec<Column>,
    given: &ColumnSpec,
    expression: Option<Expr>,
) -> Result<()> {
    let index = u16::try_from(mapper.columns.len())
        .map_err(|_| Error::invalid_request("too many columns in one class"))?;
    mapper.note_name(key);
    mapper.properties.insert(Rc::clone(key), Property::Column(index));
    mapper.columns.push(ColumnAttribute {
        key: Rc::clone(key),
        columns,
        expression,
        deferred: given.deferred,
        deferred_group: given.deferred_group.clone(),
        deferred_raiseload: given.deferred_raiseload,
        active_history: given.active_history,
        listened: given.listened,
    });
    Ok(())
}

fn mapped_table(mapper: &Mapper, table: &Table) -> MappedTable {
    let columns: Vec<TableColumn> = table
        .columns()
        .into_iter()
        .map(|column| {
            let has_default = {
                let spec = column.spec();
                spec.default.is_some() || spec.server_default.is_some()
            };
            let sql_default =
                matches!(column.spec().default, Some(vidro_sql::schema::Default::Sql(_)));
            let server_default = column.has_server_default() || sql_default;
            TableColumn {
                attribute: mapper.attribute_of(&column),
                primary_key: column.is_primary_key(),
                null_when_missing: !column.is_primary_key() && !has_default && !server_default,
                server_default,
                evaluates_none: column.ty().evaluates_none(),
                column,
            }
        })
        .collect();
    let primary_key: Vec<usize> =
        columns.iter().enumerate().filter(|(_, c)| c.primary_key).map(|(i, _)| i).collect();
    let autoincrement = table
        .autoincrement_column()
        .and_then(|counted| columns.iter().position(|c| c.column.ptr_eq(&counted)));
    MappedTable { table: table.clone(), columns, primary_key, autoincrement }
}

fn rebuild_tables(mapper: &mut Mapper) {
    let tables: Vec<Table> = mapper.tables.iter().map(|mapped| mapped.table.clone()).collect();
    mapper.tables = tables.iter().map(|table| mapped_table(mapper, table)).collect();
}

fn find_primary_key(mapper: &mut Mapper, spec: &MapperSpec) -> Result<()> {
    if spec.inherits.is_some() && spec.primary_key.is_empty() {
        return Ok(());
    }
    let columns = if spec.primary_key.is_empty() {
        mapper.base_table().map(Table::primary_key_columns).unwrap_or_default()
    } else {
        spec.primary_key.clone()
    };
    mapper.primary_key = columns.iter().filter_map(|column| mapper.attribute_of(column)).collect();
    if mapper.primary_key.is_empty() {
        return Err(Error::argument(format!(
            "Mapper {} could not assemble any primary key columns for mapped table '{}'",
            mapper.describe(),
            mapper.local_table().map(|t| t.full_name()).unwrap_or_default(),
        )));
    }
    if !spec.primary_key.is_empty() {
        let explicit = &spec.primary_key;
        for mapped in &mut mapper.tables {
            let own = |(i, c): (usize, &TableColumn)| {
                explicit.iter().any(|e| e.ptr_eq(&c.column)).then_some(i)
            };
            let found: Vec<usize> = mapped.columns.iter().enumerate().filter_map(own).collect();
            if !found.is_empty() {
                mapped.primary_key = found;
            }
        }
    }
    Ok(())
}

/// Primary key and version attributes always know their old value.
fn mark_active(mapper: &mut Mapper) {
    let version = mapper.version;
    for (index, attribute) in mapper.columns.iter_mut().enumerate() {
        let is_version = version.is_some_and(|v| usize::from(v) == index);
        let first = attribute.columns.first();
        if is_version || first.is_some_and(Column::is_primary_key) {
            attribute.active_history = true;
        }
    }
}
