//! `configure`: builds the relationships that declarations only noted, links mirrors, lays out slots.

use std::rc::Rc;

use vidro_sql::expr::Expr;
use vidro_sql::schema::{Column, Table};

use super::join::{self, JoinCondition, Request};
use super::mapper::{NO_SLOT, Property};
use super::relationship::{
    Cascade, Direction, PassiveDeletes, Pending, Relationship, RelationshipSpec, SyncPair,
};
use super::resolve::{Deferred, Resolved};
use super::{MapperId, RelationshipId};
use crate::Orm;
use crate::error::{Error, Result};
use crate::host::Host;

/// A mapper whose configuration failed; every later use says so again.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    /// The mapper that failed.
    pub(crate) mapper: String,
    /// What went wrong.
    pub(crate) error: Error,
}

/// Builds every relationship that is still pending. Mappers are usable for queries only afterwards.
pub fn configure(orm: &mut Orm, host: &mut dyn Host) -> Result<()> {
    if let Some(failure) = &orm.mapping.failed {
        return Err(Error::invalid_request(format!(
            "One or more mappers failed to initialize - can't proceed with initialization of \
             other mappers. Triggering mapper: '{}'. Original exception was: {}",
            failure.mapper, failure.error
        )));
    }
    if orm.mapping.pending.is_empty() {
        return Ok(());
    }
    let pending = std::mem::take(&mut orm.mapping.pending);
    let first_new = orm.mapping.relationships.len();
    let mut queue: std::collections::VecDeque<Pending> = pending.into();
    while let Some(next) = queue.pop_front() {
        let mapper = orm.mapping.mapper(next.parent).describe();
        match build(orm, host, &next) {
            Ok(backref) => queue.extend(backref),
            Err(error) => {
                orm.mapping.failed = Some(Failure { mapper, error: error.clone() });
                return Err(error);
            }
        }
    }
    if let Err(error) = link_all(orm, first_new) {
        let mapper = orm.mapping.mappers().first().map(|m| m.describe()).unwrap_or_default();
        orm.mapping.failed = Some(Failure { mapper, error: error.clone() });
        return Err(error);
    }
    Ok(())
}

/// Builds one relationship; gives back the backref it asks for.
fn build(orm: &mut Orm, host: &mut dyn Host, pending: &Pending) -> Result<Option<Pending>> {
    let Pending { parent, key, spec } = pending;
    let (parent, name) = (*parent, format!("{}.{key}", orm.mapping.mapper(*parent).class_name));
    let target = match host.resolve(orm, parent, &spec.target)? {
        Resolved::Mapper(mapper) => mapper,
        Resolved::Table(_) | Resolved::Exprs(_) => {
            return Err(Error::argument(format!(
                "relationship '{key}' expects a class or a mapper argument (received: {})",
                "<class 'sqlalchemy.sql.schema.Table'>"
            )));
        }
    };
    let mut resolver = Resolver { orm, host, parent };
    let secondary = resolver.table(spec.secondary.as_ref())?;
    let primaryjoin = resolver.expr(spec.primaryjoin.as_ref())?;
    let secondaryjoin = resolver.expr(spec.secondaryjoin.as_ref())?;
    let foreign_keys = resolver.columns(spec.foreign_keys.as_ref())?;
    let remote_side = resolver.columns(spec.remote_side.as_ref())?;
    let order_by = resolver.exprs(spec.order_by.as_ref())?;
    let tables = |id: MapperId| -> Vec<Table> {
        orm.mapping.mapper(id).tables.iter().map(|mapped| mapped.table.clone()).collect()
    };
    let condition = join::determine(&Request {
        name: &name,
        parent: tables(parent),
        target: tables(target),
        secondary: secondary.clone(),
        primaryjoin,
        secondaryjoin,
        foreign_keys,
        remote_side,
        viewonly: spec.viewonly.unwrap_or(false),
    })?;
    let number = u16::try_from(orm.mapping.relationships.len())
        .map_err(|_| Error::invalid_request("too many relationships"))?;
    let relationship =
        assemble(orm, RelationshipId(number), pending, target, secondary, condition, order_by);
    check_cascade(orm, &relationship)?;
    let backref = backref(orm, &relationship, spec)?;
    install(orm, relationship)?;
    Ok(backref)
}

struct Resolver<'a> {
    orm: &'a mut Orm,
    host: &'a mut dyn Host,
    parent: MapperId,
}

impl Resolver<'_> {
    fn resolve(&mut self, given: Option<&Deferred>) -> Result<Option<Resolved>> {
        match given {
            None | Some(Deferred::Missing) => Ok(None),
            Some(Deferred::Exprs(exprs)) => Ok(Some(Resolved::Exprs(exprs.clone()))),
            Some(Deferred::Table(table)) => Ok(Some(Resolved::Table(table.clone()))),
            Some(other) => self.host.resolve(self.orm, self.parent, other).map(Some),
        }
    }

    fn table(&mut self, given: Option<&Deferred>) -> Result<Option<Table>> {
        match self.resolve(given)? {
            None => Ok(None),
            Some(Resolved::Table(table)) => Ok(Some(table)),
            Some(Resolved::Mapper(mapper)) => {
                let table = self.orm.mapping.mapper(mapper).local_table().cloned();
                Ok(table)
            }
            Some(Resolved::Exprs(_)) => Err(Error::argument("secondary must be a Table")),
        }
    }

    fn exprs(&mut self, given: Option<&Deferred>) -> Result<Vec<Expr>> {
        match self.resolve(given)? {
            Some(Resolved::Exprs(exprs)) => Ok(exprs),
            None | Some(Resolved::Table(_) | Resolved::Mapper(_)) => Ok(Vec::new()),
        }
    }

    fn expr(&mut self, given: Option<&Deferred>) -> Result<Option<Expr>> {
        Ok(self.exprs(given)?.into_iter().next())
    }

    fn columns(&mut self, given: Option<&Deferred>) -> Result<Vec<Column>> {
        Ok(self.resolve(given)?.map(|resolved| resolved.columns()).unwrap_or_default())
    }
}

fn assemble(
    orm: &Orm,
    id: RelationshipId,
    Pending { parent, key, spec }: &Pending,
    target: MapperId,
    secondary: Option<Table>,
    condition: JoinCondition,
    order_by: Vec<Expr>,
) -> Relationship {
    let (source_mapper, target_mapper) = (orm.mapping.mapper(*parent), orm.mapping.mapper(target));
    let direction = condition.direction;
    let (from, to) = match direction {
        Direction::ManyToOne => (target_mapper, source_mapper),
        Direction::OneToMany | Direction::ManyToMany => (source_mapper, target_mapper),
    };
    let pair =
        |from: &super::Mapper, to: Option<&super::Mapper>, (source, dest): (Column, Column)| {
            Some(SyncPair {
                source_attribute: from.attribute_of(&source)?,
                dest_attribute: to.and_then(|to| to.attribute_of(&dest)),
                source,
                dest,
            })
        };
    let to = secondary.is_none().then_some(to);
    let synchronize_pairs: Vec<SyncPair> =
        condition.synchronize.into_iter().filter_map(|p| pair(from, to.map(|t| &**t), p)).collect();
    let secondary_synchronize_pairs = condition
        .secondary_synchronize
        .into_iter()
        .filter_map(|p| pair(target_mapper, None, p))
        .collect();
    let simple = join::is_simple(&condition.primaryjoin, synchronize_pairs.len());
    let use_get = direction == Direction::ManyToOne
        && simple
        && synchronize_pairs.len() == target_mapper.primary_key.len()
        && target_mapper
            .primary_key
            .iter()
            .all(|pk| synchronize_pairs.iter().any(|p| p.source_attribute == *pk));
    let viewonly = spec.viewonly.unwrap_or(false);
    let cascade = match spec.cascade {
        Some(cascade) => cascade,
        None if viewonly => Cascade::default(),
        None => Cascade::DEFAULT,
    };
    Relationship {
        id,
        key: Rc::clone(key),
        parent: *parent,
        target,
        direction,
        uselist: spec.uselist.unwrap_or(direction != Direction::ManyToOne),
        secondary,
        primaryjoin: condition.primaryjoin,
        secondaryjoin: condition.secondaryjoin,
        local_remote_pairs: condition.local_remote,
        remote_columns: condition.remote,
        synchronize_pairs,
        secondary_synchronize_pairs,
        order_by,
        reverse: Vec::new(),
        back_populates: None,
        cascade,
        lazy: spec.lazy,
        viewonly,
        post_update: spec.post_update.unwrap_or(false),
        passive_deletes: spec.passive_deletes,
        passive_updates: spec.passive_updates.unwrap_or(true),
        single_parent: spec.single_parent,
        active_history: spec.active_history,
        use_get,
        self_referential: orm.mapping.common_parent(*parent, target),
        innerjoin: spec.innerjoin,
        join_depth: spec.join_depth,
        sort_key: format!("{}_{key}", source_mapper.sort_key).into(),
        tag: spec.tag,
        mirror: spec
            .back_populates
            .clone()
            .or_else(|| spec.backref.as_ref().map(|b| Rc::clone(&b.key))),
        sync_backref: spec.sync_backref,
    }
}

fn check_cascade(orm: &Orm, relationship: &Relationship) -> Result<()> {
    let name = orm.mapping.relationship_str(relationship);
    let orphans = relationship.cascade.contains(Cascade::DELETE_ORPHAN);
    if orphans && !relationship.single_parent && relationship.direction != Direction::OneToMany {
        let direction = match relationship.direction {
            Direction::ManyToOne => "many-to-one",
            Direction::OneToMany | Direction::ManyToMany => "many-to-many",
        };
        let target = &orm.mapping.mapper(relationship.target).class_name;
        let parent = &orm.mapping.mapper(relationship.parent).class_name;
        return Err(Error::argument(format!(
            "For {direction} relationship {name}, delete-orphan cascade is normally configured \
             only on the \"one\" side of a one-to-many relationship, and not on the \"many\" side \
             of a many-to-one or many-to-many relationship.  To force this relationship to allow \
             a particular \"{target}\" object to be referenced by only a single \"{parent}\" \
             object at a time via the {name} relationship, which would allow delete-orphan \
             cascade to take place in this direction, set the single_parent=True flag."
        ))
        .with_code("bbf0"));
    }
    if relationship.passive_deletes == PassiveDeletes::All
        && (relationship.cascade.contains(Cascade::DELETE) || orphans)
    {
        return Err(Error::argument(format!(
            "On {name}, can't set passive_deletes='all' in conjunction with 'delete' or \
             'delete-orphan' cascade"
        )));
    }
    Ok(())
}

/// The declaration of the mirror that `backref=` asks for.
fn backref(
    orm: &Orm,
    relationship: &Relationship,
    spec: &RelationshipSpec,
) -> Result<Option<Pending>> {
    let (Some(backref), None) = (&spec.backref, &spec.back_populates) else { return Ok(None) };
    let target = orm.mapping.mapper(relationship.target);
    if target.property(&backref.key).is_some() || target.unconfigured.contains(&backref.key) {
        return Err(Error::argument(format!(
            "Error creating backref '{}' on relationship '{}': property of that name exists on \
             mapper '{}'",
            backref.key,
            orm.mapping.relationship_str(relationship),
            target.describe(),
        )));
    }
    let mut mirror = (*backref.spec).clone();
    let join = |expr: &Expr| Some(Deferred::Exprs(vec![expr.clone()]));
    match &relationship.secondaryjoin {
        Some(secondaryjoin) => {
            mirror.secondary = relationship.secondary.clone().map(Deferred::Table);
            mirror.primaryjoin = mirror.primaryjoin.or_else(|| join(secondaryjoin));
            mirror.secondaryjoin = mirror.secondaryjoin.or_else(|| join(&relationship.primaryjoin));
        }
        None => mirror.primaryjoin = mirror.primaryjoin.or_else(|| join(&relationship.primaryjoin)),
    }
    if mirror.remote_side.is_none()
        && relationship.self_referential
        && relationship.secondary.is_none()
    {
        // What is remote in one direction is local in the other.
        let local = relationship.local_remote_pairs.iter().map(|(local, _)| local.expr()).collect();
        mirror.remote_side = Some(Deferred::Exprs(local));
    }
    mirror.target = Deferred::Mapper(relationship.parent);
    mirror.foreign_keys = mirror.foreign_keys.or_else(|| spec.foreign_keys.clone());
    mirror.viewonly = mirror.viewonly.or(spec.viewonly);
    mirror.post_update = mirror.post_update.or(spec.post_update);
    mirror.passive_updates = mirror.passive_updates.or(spec.passive_updates);
    mirror.sync_backref = mirror.sync_backref.or(spec.sync_backref);
    mirror.back_populates = Some(Rc::clone(&relationship.key));
    Ok(Some(Pending { parent: relationship.target, key: Rc::clone(&backref.key), spec: mirror }))
}

/// Makes the relationship an attribute of its class and of all that derive from it.
fn install(orm: &mut Orm, relationship: Relationship) -> Result<()> {
    let (id, key, target) = (relationship.id, Rc::clone(&relationship.key), relationship.target);
    let orphans = relationship.cascade.contains(Cascade::DELETE_ORPHAN);
    for mapper in orm.mapping.self_and_descendants(relationship.parent) {
        let own = mapper == relationship.parent;
        let mapper = orm.mapping.mapper_mut(mapper)?;
        mapper.unconfigured.retain(|name| !(own && *name == key));
        if !own && mapper.properties.contains_key(&key) {
            continue;
        }
        let used = mapper.slots.iter().filter(|slot| **slot != NO_SLOT).count();
        let index = usize::from(id.0);
        if mapper.slots.len() <= index {
            mapper.slots.resize(index + 1, NO_SLOT);
        }
        mapper.slots[index] = u16::try_from(used).unwrap_or(NO_SLOT);
        mapper.relationships.push(id);
        mapper.note_name(&key);
        mapper.properties.insert(Rc::clone(&key), Property::Relationship(id));
    }
    if orphans {
        orm.mapping.mapper_mut(target)?.delete_orphans.push(id);
    }
    orm.mapping.relationships.push(Rc::new(relationship));
    Ok(())
}

/// Connects the relationships built since `first` with their mirrors.
fn link_all(orm: &mut Orm, first: usize) -> Result<()> {
    for index in first..orm.mapping.relationships.len() {
        let Some(relationship) = orm.mapping.relationships.get(index).map(Rc::clone) else {
            continue;
        };
        if let Some(mirror) = &relationship.mirror {
            link(orm, &relationship, mirror)?;
        }
    }
    Ok(())
}

fn link(orm: &mut Orm, relationship: &Rc<Relationship>, mirror: &str) -> Result<()> {
    let name = orm.mapping.relationship_str(relationship);
    let target = orm.mapping.mapper(relationship.target);
    let other = match target.property(mirror) {
        Some(Property::Relationship(other)) => orm.mapping.relationship(other),
        Some(Property::Column(_)) => {
            return Err(Error::invalid_request(format!(
                "back_populates on relationship '{name}' refers to attribute '{}.{mirror}' that is \
                 not a relationship.  The back_populates parameter should refer to the name of a \
                 relationship on the target class.",
                target.class_name
            )));
        }
        None => {
            return Err(Error::invalid_request(format!(
                "Mapper '{}' has no property '{mirror}'.  If this property was indicated from \
                 other mappers or configure events, ensure registry.configure() has been called.",
                target.describe()
            )));
        }
    };
    if !orm.mapping.common_parent(other.target, relationship.parent) {
        return Err(Error::argument(format!(
            "reverse_property '{mirror}' on relationship {name} references relationship {}, which \
             does not reference mapper {}",
            orm.mapping.relationship_str(&other),
            orm.mapping.mapper(relationship.parent).describe(),
        )));
    }
    if relationship.direction == other.direction && relationship.direction != Direction::ManyToMany
    {
        return Err(Error::argument(format!(
            "{} and back-reference {name} are both of the same direction {}.  Did you mean to set \
             remote_side on the many-to-one side ?",
            orm.mapping.relationship_str(&other),
            relationship.direction.symbol(),
        )));
    }
    let syncs =
        relationship.sync_backref != Some(false) && !relationship.viewonly && !other.viewonly;
    add_reverse(orm, relationship.id, other.id, syncs);
    add_reverse(orm, other.id, relationship.id, false);
    Ok(())
}

fn add_reverse(orm: &mut Orm, id: RelationshipId, other: RelationshipId, syncs: bool) {
    if let Some(relationship) = orm.mapping.relationships.get_mut(usize::from(id.0)) {
        let relationship = Rc::make_mut(relationship);
        if !relationship.reverse.contains(&other) {
            relationship.reverse.push(other);
        }
        if syncs {
            relationship.back_populates = Some(other);
        }
    }
}
