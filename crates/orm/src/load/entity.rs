//! What a query may select from: mapped classes and their aliases.

use std::rc::Rc;

use vidro_sql::expr::{Expr, Kind, Note, Op, Operand, OwnerTag, and_, or_};
use vidro_sql::from::FromClause;
use vidro_sql::name::Name;
use vidro_sql::schema::{Column, Table};
use vidro_sql::select::JoinStep;

use super::polymorphic::{Aliasing, Polymorphic};
use crate::Orm;
use crate::error::{Error, Result};
use crate::mapping::{Direction, Mapper, MapperId, Relationship};

/// A mapped class or an alias of one. Plain classes and aliases share one number range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntityId(pub u32);

/// Aliases are numbered from here.
const FIRST_ALIAS: u32 = 0x1_0000;

/// An alias of a mapped class: `aliased(User)`.
#[derive(Clone, Debug)]
pub struct Entity {
    /// The class.
    pub mapper: MapperId,
    /// What stands for its tables, the root's first.
    pub from: Vec<FromClause>,
    /// Of `with_polymorphic`.
    pub polymorphic: Option<Polymorphic>,
    /// Columns are found by name where they are not the class's own: `adapt_on_names`.
    pub by_name: bool,
}

impl Entity {
    /// A column of the class's tables as the alias has it.
    pub(super) fn find(&self, column: &Expr) -> Option<Expr> {
        let itself = self.from.iter().find_map(|from| from.corresponding_column(column));
        itself.or_else(|| {
            let name = column.column_name().filter(|_| self.by_name)?;
            self.from.iter().find_map(|from| from.c(&name).ok())
        })
    }
}

impl EntityId {
    /// The class itself.
    pub fn of(mapper: MapperId) -> Self {
        Self(u32::from(mapper.get()))
    }

    /// The tag that columns of this entity carry.
    pub fn tag(self) -> OwnerTag {
        OwnerTag(self.0)
    }
}

impl Orm {
    /// `aliased(User)`, `aliased(User, name=…)` or `aliased(User, subquery)`.
    pub fn aliased(
        &mut self,
        mapper: MapperId,
        name: Option<Name>,
        from: Option<FromClause>,
    ) -> Result<EntityId> {
        let owner = Rc::clone(self.mapping.mapper(mapper));
        let from = match from {
            Some(from) => vec![from],
            None => owner
                .tables
                .iter()
                .map(|mapped| FromClause::Table(mapped.table.clone()).alias(name.clone()))
                .collect(),
        };
        self.add_entity(Entity { mapper, from, polymorphic: None, by_name: false })
    }

    /// `aliased(User, subquery, adapt_on_names=True)`
    pub fn aliased_by_name(&mut self, mapper: MapperId, from: FromClause) -> Result<EntityId> {
        let from = vec![from];
        self.add_entity(Entity { mapper, from, polymorphic: None, by_name: true })
    }

    pub(super) fn add_entity(&mut self, entity: Entity) -> Result<EntityId> {
        let number = u32::try_from(self.aliases.len())
            .map_err(|_| Error::invalid_request("too many aliases"))?;
        self.aliases.push(entity);
        Ok(EntityId(FIRST_ALIAS + number))
    }

    /// The mapper of an entity.
    pub fn entity_mapper(&self, entity: EntityId) -> MapperId {
        match self.alias(entity) {
            Some(alias) => alias.mapper,
            None => MapperId(u16::try_from(entity.0).unwrap_or(u16::MAX)),
        }
    }

    /// The alias behind an entity; `None` for a class itself.
    pub fn alias(&self, entity: EntityId) -> Option<&Entity> {
        let index = entity.0.checked_sub(FIRST_ALIAS)?;
        self.aliases.get(usize::try_from(index).ok()?)
    }

    /// The FROM object of an entity: a table, an alias, or the join of a class with several tables.
    pub fn entity_from(&self, entity: EntityId) -> Result<FromClause> {
        let mapper = self.mapping.mapper(self.entity_mapper(entity));
        if let Some(Entity { polymorphic: Some(polymorphic), .. }) = self.alias(entity) {
            return Ok(polymorphic.from.clone());
        }
        let subclasses = self.loaded_subclasses(entity);
        if !subclasses.is_empty() {
            let made = self.polymorphic_from(mapper.id, &subclasses, &Aliasing::None, false)?;
            return Ok(made.1);
        }
        let mut parts = match self.alias(entity) {
            Some(alias) => alias.from.clone(),
            None => mapper.tables.iter().map(|m| FromClause::Table(m.table.clone())).collect(),
        }
        .into_iter();
        let first = parts.next();
        let mut from = first.ok_or_else(|| Error::invalid_request("a class without a table"))?;
        for (joined, part) in (1..).zip(parts) {
            let on = self.inherit_condition(mapper, joined)?;
            let on = self.adapt(&on, entity)?;
            from = from.join(&part, Some(on), false, false)?;
        }
        Ok(from)
    }

    /// How a subclass's table joins its parent's: by the primary key they share.
    pub(super) fn inherit_condition(&self, mapper: &Mapper, index: usize) -> Result<Expr> {
        let parent = index.checked_sub(1).and_then(|i| mapper.tables.get(i));
        let (Some(parent), Some(own)) = (parent, mapper.tables.get(index)) else {
            return Err(Error::invalid_request("a class without a table"));
        };
        let mut clauses = Vec::new();
        for column in own.table.columns() {
            let target = column.foreign_keys().iter().find_map(|key| {
                let target = key.column().ok()?;
                target.table()?.ptr_eq(&parent.table).then_some(target)
            });
            if let Some(target) = target.filter(|_| column.is_primary_key()) {
                clauses.push(target.expr().eq(column.expr())?);
            }
        }
        match clauses.as_slice() {
            [only] => Ok(only.clone()),
            _ => Ok(and_(clauses)?),
        }
    }

    /// A column attribute of an entity as an expression, noted as the entity's.
    pub fn attribute_expr(&self, entity: EntityId, attribute: u16) -> Result<Expr> {
        let mapper = self.mapping.mapper(self.entity_mapper(entity));
        let found = mapper.column(attribute)?;
        let expr = match (&found.expression, found.column()) {
            (Some(expression), _) => expression.clone(),
            (None, Some(column)) => column.expr(),
            (None, None) => return Err(Error::attribute(found.key.to_string())),
        };
        let note = Note { owner: entity.tag(), key: Rc::clone(&found.key) };
        Ok(self.adapt(&expr, entity)?.with_note(note))
    }

    /// All columns of an attribute, for SELECT: several where inheritance joins tables.
    pub(super) fn attribute_columns(&self, entity: EntityId, attribute: u16) -> Result<Vec<Expr>> {
        self.columns_as(entity, self.entity_mapper(entity), attribute)
    }

    /// The same of a subclass that the entity loads along.
    pub(super) fn columns_as(
        &self,
        entity: EntityId,
        mapper: MapperId,
        attribute: u16,
    ) -> Result<Vec<Expr>> {
        let mapper = self.mapping.mapper(mapper);
        let found = mapper.column(attribute)?;
        if let Some(expression) = &found.expression {
            return Ok(vec![self.adapt(expression, entity)?]);
        }
        let of = |column: &Column| match self.alias(entity) {
            Some(alias) => alias.find(&column.expr()),
            None => Some(column.expr()),
        };
        Ok(found.columns.iter().filter_map(of).collect())
    }

    /// A column of an entity's tables, in its alias if it is one.
    pub(crate) fn column_of(&self, entity: EntityId, column: &Column) -> Result<Expr> {
        let expr = column.expr();
        let Some(alias) = self.alias(entity) else { return Ok(expr) };
        alias
            .find(&expr)
            .ok_or_else(|| Error::invalid_request(format!("{column} is not in the alias")))
    }

    /// A condition on a class's tables, turned to one of its aliases.
    pub(crate) fn adapt(&self, expr: &Expr, entity: EntityId) -> Result<Expr> {
        let Some(alias) = self.alias(entity) else { return Ok(expr.clone()) };
        replace(expr, &|column| alias.find(column))
    }
}

/// The same expression with some of its columns replaced.
pub(crate) fn replace(expr: &Expr, with: &dyn Fn(&Expr) -> Option<Expr>) -> Result<Expr> {
    Ok(match expr.kind() {
        Kind::Column(_) => with(expr).unwrap_or_else(|| expr.clone()),
        Kind::Binary(binary) => {
            let left = replace(&binary.left, with)?;
            let right = Operand::Expr(replace(&binary.right, with)?);
            match binary.negate {
                Some(_) => left.compare_with(binary.op.clone(), right, binary.modifiers.clone())?,
                None => left.operate(binary.op.clone(), right)?,
            }
        }
        Kind::List(list) if list.op == Op::And || list.op == Op::Or => {
            let items: Result<Vec<Expr>> = list.items.iter().map(|i| replace(i, with)).collect();
            if list.op == Op::And { and_(items?)? } else { or_(items?)? }
        }
        Kind::Grouping(inner) => replace(inner, with)?,
        Kind::Modifier(op, inner) => replace(inner, with)?.modifier(op.clone()),
        Kind::Unary(op, inner) => replace(inner, with)?.unary(op.clone()),
        Kind::LabelReference(inner) => replace(inner, with)?,
        _ => expr.clone(),
    })
}

/// The joins that `.join(User.posts)` means: one, or two through an association table.
pub fn join_relationship(
    orm: &mut Orm,
    owner: EntityId,
    relationship: &Relationship,
    target: Option<EntityId>,
    outer: bool,
    criteria: &[Expr],
) -> Result<Vec<JoinStep>> {
    let target = target.unwrap_or(EntityId::of(relationship.target));
    let left = orm.entity_from(owner)?;
    let right = orm.entity_from(target)?;
    let parts = join_parts(orm, owner, relationship, target, None)?;
    let mut on = parts.on;
    for criterion in criteria {
        on = and_([on, orm.adapt(criterion, target)?])?;
    }
    let step =
        |left, right, on| JoinStep { left, right, on: Some(on), outer, full: false, called: None };
    match parts.secondary {
        None => Ok(vec![step(Some(left), right, on)]),
        Some((secondary, primary)) => {
            Ok(vec![step(Some(left), secondary.clone(), primary), step(Some(secondary), right, on)])
        }
    }
}

/// The conditions of a join along a relationship.
pub(super) struct JoinParts {
    /// The alias of the association table and how the owner joins it.
    pub(super) secondary: Option<(FromClause, Expr)>,
    /// How the target joins.
    pub(super) on: Expr,
}

/// Turns a relationship's join condition to two entities, local columns to one, remote to the other.
pub(super) fn join_parts(
    orm: &Orm,
    owner: EntityId,
    relationship: &Relationship,
    target: EntityId,
    secondary: Option<FromClause>,
) -> Result<JoinParts> {
    let Some(table) = &relationship.secondary else {
        return Ok(JoinParts { secondary: None, on: turn(orm, owner, relationship, target)? });
    };
    let middle = secondary.unwrap_or_else(|| FromClause::Table(table.clone()).alias(None));
    let to_middle = |column: &Expr| {
        in_table(column, table).then(|| middle.corresponding_column(column)).flatten()
    };
    let primary =
        replace(&relationship.primaryjoin, &|c| to_middle(c).or_else(|| of_entity(orm, owner, c)))?;
    let second = match &relationship.secondaryjoin {
        Some(join) => replace(join, &|c| to_middle(c).or_else(|| of_entity(orm, target, c)))?,
        None => return Err(Error::invalid_request("a secondary without a join condition")),
    };
    Ok(JoinParts { secondary: Some((middle, primary)), on: second })
}

fn turn(orm: &Orm, owner: EntityId, relationship: &Relationship, target: EntityId) -> Result<Expr> {
    let remote = |column: &Column| relationship.remote_columns.iter().any(|c| c.ptr_eq(column));
    replace(&relationship.primaryjoin, &|expr| {
        let column = expr.schema_column()?;
        if remote(column) { of_entity(orm, target, expr) } else { of_entity(orm, owner, expr) }
    })
}

/// A column as an entity's alias has it; `None` leaves it as it is.
fn of_entity(orm: &Orm, entity: EntityId, expr: &Expr) -> Option<Expr> {
    let alias = orm.alias(entity)?;
    alias.find(expr)
}

fn in_table(expr: &Expr, table: &Table) -> bool {
    expr.schema_column().and_then(Column::table).is_some_and(|t| t.ptr_eq(table))
}

/// Whether the target side of a relationship holds many rows for one owner.
pub(super) fn multiplies(relationship: &Relationship) -> bool {
    relationship.uselist || relationship.direction != Direction::ManyToOne
}
