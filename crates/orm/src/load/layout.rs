//! Where the columns of an entity stand in a SELECT, and the recipe that follows.

use std::rc::Rc;

use vidro_sql::expr::Expr;

use super::LoadSql;
use super::entity::EntityId;
use super::hydrate::{Fill, Recipe, Source};
use super::lazy::polymorphic_mappers;
use super::strategy::Choice;
use crate::Orm;
use crate::error::Result;
use crate::mapping::MapperId;

/// Where the columns of an entity stand in a SELECT.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(super) entity: EntityId,
    /// Attribute and position of its first column.
    pub(super) columns: Vec<(u16, usize)>,
    /// Attributes left out.
    pub(super) deferred: Vec<u16>,
    /// The same of subclasses that are loaded along.
    pub(super) subclasses: Vec<(MapperId, Vec<(u16, usize)>)>,
}

impl Layout {
    /// Puts columns where a statement has them; those it lacks are left out.
    pub(super) fn move_to(&mut self, place: &dyn Fn(usize) -> Option<usize>) {
        for (attribute, position) in std::mem::take(&mut self.columns) {
            match place(position) {
                Some(position) => self.columns.push((attribute, position)),
                None => self.deferred.push(attribute),
            }
        }
    }

    /// The recipe for a compiled statement with these columns.
    pub(super) fn recipe(
        &self,
        orm: &Orm,
        sql: &LoadSql,
        context: Option<Rc<super::LoadContext>>,
    ) -> Result<Recipe> {
        self.recipe_with(orm, &|position| Source::of(sql.compiled(), position), context)
    }

    /// The recipe for rows whose columns are read by `source`.
    pub(super) fn recipe_with(
        &self,
        orm: &Orm,
        source: &dyn Fn(usize) -> Source,
        context: Option<Rc<super::LoadContext>>,
    ) -> Result<Recipe> {
        let mapper = orm.mapping.mapper(orm.entity_mapper(self.entity));
        let fill: Vec<Fill> = self
            .columns
            .iter()
            .map(|(attribute, position)| Fill { attribute: *attribute, source: source(*position) })
            .collect();
        let subclass = |(mapper, places): &(MapperId, Vec<(u16, usize)>)| {
            let fill = |(attribute, position): &(u16, usize)| Fill {
                attribute: *attribute,
                source: source(*position),
            };
            (*mapper, places.iter().map(fill).collect())
        };
        let of = |attribute: &u16| {
            self.columns.iter().find(|(a, _)| a == attribute).map(|(_, position)| source(*position))
        };
        let identities = polymorphic_mappers(orm, mapper);
        let polymorphic = mapper
            .polymorphic_on
            .and_then(|attribute| Some((of(&attribute)?, identities)))
            .filter(|(_, mappers)| !mappers.is_empty());
        Ok(Recipe {
            mapper: mapper.id,
            base: mapper.base,
            key: mapper.primary_key.iter().filter_map(of).collect(),
            fill,
            width: mapper.columns.len(),
            deferred: self.deferred.clone(),
            subclasses: self.subclasses.iter().map(subclass).collect(),
            context,
            polymorphic,
            populate_existing: false,
        })
    }
}

/// Appends an entity's columns to a SELECT's.
pub(super) fn add_columns(
    orm: &Orm,
    entity: EntityId,
    choice: &Choice,
    columns: &mut Vec<Expr>,
) -> Result<Layout> {
    let mapper = Rc::clone(orm.mapping.mapper(orm.entity_mapper(entity)));
    let mut layout =
        Layout { entity, columns: Vec::new(), deferred: Vec::new(), subclasses: Vec::new() };
    for (index, attribute) in mapper.columns.iter().enumerate() {
        let Ok(number) = u16::try_from(index) else { continue };
        let given = choice.expressions.iter().rev().find(|(of, _)| *of == number);
        let wanted = match &choice.only {
            Some(only) => only.contains(&number),
            None => !attribute.deferred,
        };
        if given.is_none() && attribute.is_query_expression() {
            continue;
        }
        if wanted {
            let mut first = None;
            let columns_of = match given {
                Some((_, expr)) => vec![expr.clone()],
                None => orm.attribute_columns(entity, number)?,
            };
            // An alias may lack a column; it is loaded from the table when it is read.
            if columns_of.is_empty() {
                layout.deferred.push(number);
                continue;
            }
            for column in columns_of {
                // A column that is selected already is not selected twice.
                let known = columns.iter().position(|known| known.same_column(&column));
                let position = known.unwrap_or(columns.len());
                first.get_or_insert(position);
                if known.is_none() {
                    columns.push(column);
                }
            }
            layout.columns.extend(first.map(|position| (number, position)));
        } else {
            layout.deferred.push(number);
        }
    }
    for subclass in orm.loaded_subclasses(entity) {
        let places = add_subclass(orm, entity, subclass, columns)?;
        layout.subclasses.push((subclass, places));
    }
    Ok(layout)
}

/// Appends what a subclass has beyond its base.
fn add_subclass(
    orm: &Orm,
    entity: EntityId,
    subclass: MapperId,
    columns: &mut Vec<Expr>,
) -> Result<Vec<(u16, usize)>> {
    let mapper = Rc::clone(orm.mapping.mapper(subclass));
    let inherited = orm.mapping.mapper(orm.entity_mapper(entity)).columns.len();
    let mut places = Vec::new();
    for (attribute, number) in mapper.columns.iter().zip(0_u16..) {
        let own = usize::from(number) >= inherited;
        if attribute.is_query_expression() || (own && attribute.deferred) {
            continue;
        }
        let several = attribute.columns.len() > 1;
        for column in
            orm.columns_as(entity, subclass, number)?.into_iter().filter(|_| own || several)
        {
            let known = columns.iter().position(|known| known.same_column(&column));
            let position = known.unwrap_or(columns.len());
            if known.is_none() {
                columns.push(column);
            }
            if own && !places.iter().any(|(known, _)| *known == number) {
                places.push((number, position));
            }
        }
    }
    Ok(places)
}
