//! Subclasses loaded with their base class: in the same statement, or by one `IN` for each of them.

use std::rc::Rc;

use vidro_sql::from::FromClause;
use vidro_sql::name::Name;
use vidro_sql::select::{LabelStyle, Query, Select};

use super::entity::{Entity, EntityId};
use super::strategy::{LoadOption, Strategy};
use crate::Orm;
use crate::error::{Error, Result};
use crate::instance::InstanceId;
use crate::mapping::{Mapper, MapperId, PolymorphicLoad};

/// What `with_polymorphic` adds to an entity.
#[derive(Clone, Debug)]
pub struct Polymorphic {
    /// The subclasses, and the entity that stands for each of them in the same FROM.
    pub subclasses: Vec<(MapperId, EntityId)>,
    /// What is selected from.
    pub from: FromClause,
}

/// How `with_polymorphic` names what it selects from.
#[derive(Clone, Debug, Default)]
pub enum Aliasing {
    /// The tables themselves.
    #[default]
    None,
    /// Each table under a name of its own: `flat=True`.
    Flat(Option<Name>),
    /// One subquery: `aliased=True`.
    Subquery(Option<Name>),
}

impl Orm {
    /// `with_polymorphic(Employee, [Manager, Engineer])`; all subclasses for `None`.
    pub fn with_polymorphic(
        &mut self,
        mapper: MapperId,
        classes: Option<&[MapperId]>,
        aliasing: Aliasing,
        inner: bool,
    ) -> Result<EntityId> {
        let mut subclasses = self.mapping.self_and_descendants(mapper);
        subclasses.retain(|sub| {
            *sub != mapper
                && classes.is_none_or(|classes| {
                    classes.iter().any(|class| self.mapping.is_a(*class, *sub))
                })
        });
        let (parts, from) = self.polymorphic_from(mapper, &subclasses, &aliasing, inner)?;
        let (parts, from) = match aliasing {
            Aliasing::Subquery(name) => {
                let columns = from.columns().into_iter().map(|(_, column)| column);
                let select = Select::new(columns)
                    .label_style(LabelStyle::TablenamePlusCol)
                    .select_from(from);
                let from = Query::Select(select).subquery(name);
                (vec![from.clone()], from)
            }
            Aliasing::None | Aliasing::Flat(_) => (parts, from),
        };
        let mut found = Vec::with_capacity(subclasses.len());
        for sub in subclasses {
            let polymorphic = Polymorphic { subclasses: Vec::new(), from: from.clone() };
            let entity = Entity {
                mapper: sub,
                from: parts.clone(),
                polymorphic: Some(polymorphic),
                by_name: false,
            };
            found.push((sub, self.add_entity(entity)?));
        }
        let polymorphic = Polymorphic { subclasses: found, from };
        let polymorphic = Some(polymorphic);
        self.add_entity(Entity { mapper, from: parts, polymorphic, by_name: false })
    }

    /// The tables of a class and of subclasses, each once, and their join.
    pub(super) fn polymorphic_from(
        &self,
        mapper: MapperId,
        subclasses: &[MapperId],
        aliasing: &Aliasing,
        inner: bool,
    ) -> Result<(Vec<FromClause>, FromClause)> {
        let mut parts: Vec<FromClause> = Vec::new();
        let mut tables = Vec::new();
        let mut from: Option<FromClause> = None;
        for class in std::iter::once(mapper).chain(subclasses.iter().copied()) {
            let owner = Rc::clone(self.mapping.mapper(class));
            for (index, mapped) in owner.tables.iter().enumerate() {
                if tables.contains(&mapped.table.id()) {
                    continue;
                }
                tables.push(mapped.table.id());
                let table = FromClause::Table(mapped.table.clone());
                let part = match aliasing {
                    Aliasing::Flat(name) => {
                        let of_table = |name: &Name| {
                            Name::new(format!("{}_{}", name.text, mapped.table.name().text))
                        };
                        table.alias(name.as_ref().map(of_table))
                    }
                    Aliasing::None | Aliasing::Subquery(_) => table,
                };
                parts.push(part.clone());
                from = Some(match from {
                    None => part,
                    Some(from) => {
                        let on = self.inherit_condition(&owner, index)?;
                        let on = super::entity::replace(&on, &|column| {
                            parts.iter().find_map(|part| part.corresponding_column(column))
                        })?;
                        from.join(&part, Some(on), class != mapper && !inner, false)?
                    }
                });
            }
        }
        let from = from.ok_or_else(|| Error::invalid_request("a class without a table"))?;
        Ok((parts, from))
    }

    /// The subclasses whose columns an entity loads along.
    pub(super) fn loaded_subclasses(&self, entity: EntityId) -> Vec<MapperId> {
        match self.alias(entity) {
            Some(alias) => match &alias.polymorphic {
                Some(polymorphic) => polymorphic.subclasses.iter().map(|(sub, _)| *sub).collect(),
                None => Vec::new(),
            },
            None => self.subclasses_by(self.entity_mapper(entity), PolymorphicLoad::Inline),
        }
    }

    /// Subclasses that say how they are loaded with their base: `polymorphic_load`.
    fn subclasses_by(&self, mapper: MapperId, load: PolymorphicLoad) -> Vec<MapperId> {
        let owner = self.mapping.mapper(mapper);
        if owner.children.is_empty() {
            return Vec::new();
        }
        let mut all = self.mapping.self_and_descendants(mapper);
        all.retain(|sub| {
            *sub != mapper && self.mapping.mapper(*sub).polymorphic_load == Some(load)
        });
        all
    }
}

/// The subclasses to load by `IN` after a statement, each with its objects, in the order of rows.
pub(super) fn by_subclass(
    orm: &Orm,
    mapper: &Mapper,
    owners: &[InstanceId],
    options: &[LoadOption],
) -> Vec<(MapperId, Vec<InstanceId>)> {
    let mut wanted = orm.subclasses_by(mapper.id, PolymorphicLoad::SelectIn);
    for option in options {
        if let Strategy::SelectInPolymorphic(classes) = &option.strategy {
            wanted.extend(classes.iter().filter(|class| **class != mapper.id));
        }
    }
    let mut groups: Vec<(MapperId, Vec<InstanceId>)> = Vec::new();
    for owner in owners.iter().filter(|_| !wanted.is_empty()) {
        let class = orm.instances[*owner].mapper;
        let Some(sub) = wanted.iter().rev().find(|sub| orm.mapping.is_a(class, **sub)) else {
            continue;
        };
        match groups.iter_mut().find(|(known, _)| known == sub) {
            Some((_, members)) => members.push(*owner),
            None => groups.push((*sub, vec![*owner])),
        }
    }
    groups
}
