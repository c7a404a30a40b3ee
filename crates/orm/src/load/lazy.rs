//! Loading one thing at a time: lazy columns and relationships.

use std::ops::ControlFlow;
use std::rc::Rc;

use vidro_sql::Value;
use vidro_sql::expr::{Expr, and_};
use vidro_sql::schema::Column;
use vidro_sql::select::{LabelStyle, Select};

use super::entity::{EntityId, replace};
use super::follow::follows;
use super::get::{confirm, is_expired};
use super::layout::{Layout, add_columns};
use super::refresh::{Wanted, expired_attributes, load_attributes, refresh_expired};
use super::select::{self, Item, OrmSelect, Place};
use super::strategy::{self, Choice, LoadOption, Strategy, lazy_of};
use super::{LoadKey, LoadSql, Loader};
use crate::Orm;
use crate::error::{Error, Result};
use crate::event::{Event, Purpose};
use crate::flush;
use crate::host::Host;
use crate::instance::{Flags, InstanceId, Key, Passive, Related, RelatedChange, Slot};
use crate::mapping::{Direction, Lazy, Mapper, MapperId, Relationship, RelationshipId};
use crate::session::{self, SessionId};

/// The value behind a parameter `pk_1`, `pk_2` …
pub(super) fn key_value(name: &str, key: &[Value]) -> Option<Value> {
    let number: usize = name.strip_prefix("pk_")?.parse().ok()?;
    key.get(number.checked_sub(1)?).cloned()
}

/// The parameters `pk_1`, `pk_2` … of a statement that is run by a general road.
pub(super) fn key_params(values: &[Value]) -> Vec<(Rc<str>, Value)> {
    let named = |(number, value): (usize, &Value)| (format!("pk_{number}").into(), value.clone());
    (1..).zip(values).map(named).collect()
}

/// Whether loading objects of a class brings along more: relationships or columns of subclasses.
pub(super) fn loads_more(orm: &Orm, mapper: MapperId) -> bool {
    let more = |id: &RelationshipId| {
        let lazy = orm.mapping.relationship(*id).lazy;
        lazy == Lazy::Joined || follows(lazy)
    };
    let mut classes = orm.mapping.self_and_descendants(mapper).into_iter();
    classes.any(|class| orm.mapping.mapper(class).relationships.iter().any(more))
}

pub(super) fn where_key(orm: &Orm, select: Select, mapper: MapperId) -> Result<Select> {
    let select = select.where_(key_criterion(orm, mapper)?);
    where_class(orm, select, EntityId::of(mapper))
}

/// `users.id = :pk_1`
pub(super) fn key_criterion(orm: &Orm, mapper: MapperId) -> Result<Expr> {
    let owner = orm.mapping.mapper(mapper);
    let mut clauses = Vec::new();
    for (index, pk) in owner.primary_key.iter().enumerate() {
        // The root's column, which every table of the hierarchy shares.
        if let Some(column) = owner.column(*pk)?.columns.last() {
            let bind = Expr::bindparam(format!("pk_{}", index + 1), column.ty());
            clauses.push(column.expr().eq(bind)?);
        }
    }
    Ok(match clauses.as_slice() {
        [only] => only.clone(),
        _ => and_(clauses)?,
    })
}

/// Adds the condition of a class without a table of its own, after all others.
fn where_class(orm: &Orm, select: Select, entity: EntityId) -> Result<Select> {
    Ok(match single_criterion(orm, entity)? {
        Some(criterion) => select.where_(criterion),
        None => select,
    })
}

/// SELECT of attributes that only a subclass's own tables hold: the parents' tables stay out of it.
pub(super) fn own_tables_select(
    orm: &Orm,
    mapper: &Mapper,
    attributes: &[u16],
) -> Result<Option<(Select, Layout)>> {
    let mut needed = vec![false; mapper.tables.len()];
    for &attribute in attributes {
        let column = mapper.column(attribute)?.column().cloned();
        let table = column.and_then(|column| column.table());
        let index = table.and_then(|t| mapper.tables.iter().position(|m| m.table.ptr_eq(&t)));
        match index.and_then(|index| needed.get_mut(index)) {
            Some(slot) => *slot = true,
            None => return Ok(None),
        }
    }
    if mapper.tables.len() < 2 || needed.first() != Some(&false) {
        return Ok(None);
    }
    let mut columns = Vec::new();
    let choice = Choice::only(attributes);
    let layout = add_columns(orm, EntityId::of(mapper.id), &choice, &mut columns)?;
    let mut select = Select::new(columns).label_style(LabelStyle::TablenamePlusCol);
    for index in 1..needed.len() {
        if needed.get(index) != Some(&true) {
            continue;
        }
        let joined = needed.get(index - 1) == Some(&true);
        let condition = orm.inherit_condition(mapper, index)?;
        let parent = mapper.tables.get(index - 1).map(|mapped| mapped.table.id());
        let condition = replace(&condition, &|expr| {
            let column = expr.schema_column().filter(|_| !joined)?;
            let of_parent = column.table().map(|table| table.id()) == parent;
            let attribute = mapper.attribute_of(column)?;
            let position = mapper.primary_key.iter().position(|pk| *pk == attribute)?;
            let bind = || Expr::bindparam(format!("pk_{}", position + 1), column.ty());
            of_parent.then(bind)
        })?;
        select = select.where_(condition);
    }
    Ok(Some((select, layout)))
}

/// SELECT of an entity's columns: those chosen, or all that are not deferred.
pub(super) fn entity_select(
    orm: &Orm,
    entity: EntityId,
    choice: &Choice,
) -> Result<(Select, Layout)> {
    let mut columns = Vec::new();
    let layout = add_columns(orm, entity, choice, &mut columns)?;
    let mut select = Select::new(columns);
    let mapper = orm.mapping.mapper(orm.entity_mapper(entity));
    if mapper.tables.len() > 1 {
        select = select.select_from(orm.entity_from(entity)?);
    }
    Ok((select, layout))
}

/// The value of the discriminator for each mapper of a hierarchy.
pub(super) fn polymorphic_mappers(orm: &Orm, mapper: &Mapper) -> Vec<(Value, MapperId)> {
    orm.mapping
        .self_and_descendants(mapper.id)
        .into_iter()
        .filter_map(|id| Some((orm.mapping.mapper(id).polymorphic_identity.clone()?, id)))
        .collect()
}

/// `WHERE type IN (…)` of a class without a table of its own.
pub(crate) fn single_criterion(orm: &Orm, entity: EntityId) -> Result<Option<Expr>> {
    let mapper = orm.mapping.mapper(orm.entity_mapper(entity));
    let (true, Some(on)) = (mapper.single, mapper.polymorphic_on) else { return Ok(None) };
    let identities: Vec<Value> =
        polymorphic_mappers(orm, mapper).into_iter().map(|(identity, _)| identity).collect();
    let column = orm.attribute_expr(entity, on)?;
    Ok(Some(column.in_values(identities)?))
}

impl Orm {
    /// The loader of a key, made once.
    pub(super) fn loader(
        &mut self,
        key: LoadKey,
        make: impl FnOnce(&Self) -> Result<Loader>,
    ) -> Result<Rc<Loader>> {
        if let Some(loader) = self.loaders.get(&key) {
            return Ok(Rc::clone(loader));
        }
        let loader = Rc::new(make(self)?);
        self.loaders.insert(key, Rc::clone(&loader));
        Ok(loader)
    }

    /// Loads a column that is expired or deferred.
    pub(crate) fn load_column(
        &mut self,
        host: &mut dyn Host,
        id: InstanceId,
        column: u16,
    ) -> Result<()> {
        let mapper = self.mapper_of(id)?;
        let attribute = mapper.column(column)?;
        match self.instances[id].column(column) {
            Slot::Value(_) | Slot::Expression(_) => Ok(()),
            // What no query fills is empty, and no reason to load.
            _ if attribute.is_query_expression() => Ok(()),
            Slot::Expired => refresh_expired(self, host, id),
            Slot::Absent if !attribute.deferred => Ok(()),
            Slot::Absent | Slot::Deferred => self.load_deferred(host, id, column),
        }
    }

    fn load_deferred(&mut self, host: &mut dyn Host, id: InstanceId, column: u16) -> Result<()> {
        let mapper = self.mapper_of(id)?;
        let attribute = mapper.column(column)?;
        if self.instances[id].session.is_none() {
            return Err(Error::detached(format!(
                "Parent instance {} is not bound to a Session; deferred load operation of \
                 attribute '{}' cannot proceed",
                self.state_str(id),
                attribute.key
            )));
        }
        let context = self.instances[id].load.as_ref();
        let raises = context.is_some_and(|context| strategy::raises(&context.options, column));
        if attribute.deferred_raiseload || raises {
            return Err(Error::invalid_request(format!(
                "'{}.{}' is not available due to raiseload=True",
                mapper.class_name, attribute.key
            )));
        }
        let mut together = vec![column];
        if let Some(group) = &attribute.deferred_group {
            let count = u16::try_from(mapper.columns.len()).unwrap_or(u16::MAX);
            let same = |index: &u16| {
                mapper.column(*index).is_ok_and(|c| c.deferred_group.as_ref() == Some(group))
                    && !self.instances[id].column(*index).is_loaded()
            };
            together = (0..count).filter(same).collect();
        }
        let purpose = Purpose::Deferred { instance: id };
        if load_attributes(self, host, id, &Wanted::columns(together), purpose, true)? {
            return Ok(());
        }
        Err(Error::object_deleted(format!(
            "Instance '{}' has been deleted, or its row is otherwise not present.",
            self.state_str(id)
        )))
    }

    /// Makes a relationship known as far as `passive` allows; says whether it is.
    pub(crate) fn load_related(
        &mut self,
        host: &mut dyn Host,
        id: InstanceId,
        relationship: &Relationship,
        passive: Passive,
    ) -> Result<bool> {
        let slot = self.relationship_slot(id, relationship.id)?;
        let instance = &self.instances[id];
        if instance.related(slot).is_loaded() || instance.key.is_none() {
            return Ok(true);
        }
        if passive == Passive::NoInitialize {
            return Ok(false);
        }
        if matches!(passive, Passive::Off | Passive::OffNoAutoflush)
            && instance.session.is_some()
            && self.comes_with_refresh(id, relationship)
        {
            refresh_expired(self, host, id)?;
            if self.instances[id].related(slot).is_loaded() {
                return Ok(true);
            }
        }
        if relationship.use_get
            && let Some(known) = self.related_in_map(host, id, relationship, passive)?
        {
            self.set_loaded(id, slot, relationship, known)?;
            return Ok(true);
        }
        let own_only = passive == Passive::NoFetchRelated && relationship.use_get;
        if passive == Passive::NoFetch || own_only {
            return Ok(false);
        }
        let Some(session) = self.instances[id].session else {
            if passive != Passive::Off {
                return Ok(false);
            }
            return Err(Error::detached(format!(
                "Parent instance {} is not bound to a Session; lazy load operation of attribute \
                 '{}' cannot proceed",
                self.state_str(id),
                relationship.key
            )));
        };
        if let Some(nothing) = self.refuse(id, relationship)? {
            self.set_loaded(id, slot, relationship, nothing)?;
            return Ok(true);
        }
        let purpose = Purpose::Lazy { instance: id, relationship: relationship.id };
        self.emit(Event::LoadStarted { purpose });
        let loaded = self.select_related(host, session, id, relationship, passive);
        self.emit(Event::LoadFinished { purpose });
        self.set_loaded(id, slot, relationship, loaded?)?;
        Ok(true)
    }

    /// `raise` and `noload`, by mapping or option.
    fn refuse(
        &self,
        id: InstanceId,
        relationship: &Relationship,
    ) -> Result<Option<Vec<InstanceId>>> {
        let option =
            self.instances[id].load.as_ref().and_then(|load| load.strategy(relationship.id));
        let lazy =
            option.map_or(relationship.lazy, |option| option.strategy.lazy(relationship.lazy));
        let word = match lazy {
            Lazy::NoLoad => return Ok(Some(Vec::new())),
            Lazy::Raise => "raise",
            Lazy::RaiseOnSql => "raise_on_sql",
            _ => return Ok(None),
        };
        Err(Error::invalid_request(format!(
            "'{}' is not available due to lazy='{word}'",
            self.mapping.relationship_str(relationship)
        )))
    }

    /// What the identity map knows of a many-to-one target.
    fn related_in_map(
        &mut self,
        host: &mut dyn Host,
        id: InstanceId,
        relationship: &Relationship,
        passive: Passive,
    ) -> Result<Option<Vec<InstanceId>>> {
        let Some(key) = self.foreign_key(host, id, relationship, passive)? else { return Ok(None) };
        if key.iter().any(Value::is_null) {
            return Ok(Some(Vec::new()));
        }
        let Some(session) = self.instances[id].session else { return Ok(None) };
        let base = self.mapping.mapper(relationship.target).base;
        let found = self.sessions.get(session)?.identity.get(base, &Key::new(&key));
        let Some(found) = found else { return Ok(None) };
        if !is_expired(self, found) || passive == Passive::NoFetchRelated {
            return Ok(Some(vec![found]));
        }
        if passive == Passive::NoFetch {
            return Ok(None);
        }
        Ok(confirm(self, host, session, found)?.map(|id| vec![id]))
    }

    /// The foreign key of a many-to-one relationship in the order of the target's primary key.
    fn foreign_key(
        &mut self,
        host: &mut dyn Host,
        id: InstanceId,
        relationship: &Relationship,
        passive: Passive,
    ) -> Result<Option<Vec<Value>>> {
        let target = Rc::clone(self.mapping.mapper(relationship.target));
        let mut key = Vec::with_capacity(target.primary_key.len());
        for pk in &target.primary_key {
            let pair = relationship.synchronize_pairs.iter().find(|p| p.source_attribute == *pk);
            let Some(attribute) = pair.and_then(|pair| pair.dest_attribute) else {
                return Ok(None);
            };
            let known = self.instances[id].column(attribute).is_loaded();
            let changed =
                passive != Passive::Off && self.instances[id].committed_column(attribute).is_some();
            if !known && !changed {
                if passive == Passive::NoFetch || self.instances[id].session.is_none() {
                    return Ok(None);
                }
                self.load_column(host, id, attribute)?;
            }
            key.push(self.value_for(id, attribute, passive));
        }
        Ok(Some(key))
    }

    /// A column's value as a load of this kind reads it; NULL when there is none.
    fn value_for(&self, id: InstanceId, attribute: u16, passive: Passive) -> Value {
        let instance = &self.instances[id];
        let committed = instance.committed_column(attribute).map(|(old, _)| old);
        let slot = match committed.filter(|_| passive != Passive::Off) {
            Some(committed) => committed,
            None => instance.column(attribute),
        };
        slot.value().cloned().unwrap_or_default()
    }

    /// What a relationship held before it was set, which nobody has asked for so far.
    pub(crate) fn load_old(
        &mut self,
        host: &mut dyn Host,
        id: InstanceId,
        relationship: &Relationship,
    ) -> Result<()> {
        let slot = self.relationship_slot(id, relationship.id)?;
        let instance = &self.instances[id];
        let deferred = !relationship.uselist
            && !relationship.active_history
            && (relationship.direction != Direction::ManyToOne || !relationship.use_get);
        let unknown = instance.committed_related(slot).is_some_and(|(old, _)| !old.is_loaded());
        if !deferred || !unknown || instance.key.is_none() {
            return Ok(());
        }
        let Some(session) = instance.session else { return Ok(()) };
        let found =
            self.select_related(host, session, id, relationship, Passive::OffNoAutoflush)?;
        let old = found.first().copied();
        if let Some(old) = old {
            self.instances.link(old);
        }
        if let Some(changes) = self.instances[id].changes.as_deref_mut()
            && let Some(change) = changes.relationships.iter_mut().find(|c| c.slot == slot)
        {
            change.old = Related::One(old);
        }
        Ok(())
    }

    fn select_related(
        &mut self,
        host: &mut dyn Host,
        session: SessionId,
        id: InstanceId,
        relationship: &Relationship,
        passive: Passive,
    ) -> Result<Vec<InstanceId>> {
        let values = match relationship.use_get {
            true => self.foreign_key(host, id, relationship, passive)?.unwrap_or_default(),
            false => self.local_values(host, id, relationship, passive)?,
        };
        if passive == Passive::Off {
            flush::autoflush(self, host, session)?;
        }
        let context = self.instances[id].load.clone();
        let option = context.as_ref().and_then(|context| context.strategy(relationship.id));
        let below = match (&context, option) {
            (Some(context), Some(option)) => {
                strategy::below(self, &context.options, option, relationship.target)
            }
            _ => Vec::new(),
        };
        let origin = context.as_ref().map(|context| context.origin).unwrap_or_default();
        let engine = flush::engine_id(self, session);
        let key = LoadKey::Lazy(relationship.id.get(), engine, origin);
        let outer = std::mem::replace(&mut self.load_origin, origin);
        let plain = self.loaders.contains_key(&key) || !loads_more(self, relationship.target);
        let found = if below.is_empty() && plain {
            self.select_members(host, session, relationship, key, &values)
        } else {
            let path = &[self.instances[id].mapper];
            let place = Place { path, kind: key.kind(), lazy: true, ..Place::default() };
            self.select_with_more(host, session, relationship, (below, &values), place)
        };
        self.load_origin = outer;
        found
    }

    /// Runs the SELECT of a lazy load that brings along more than the members.
    fn select_with_more(
        &mut self,
        host: &mut dyn Host,
        session: SessionId,
        relationship: &Relationship,
        (mut options, values): (Vec<LoadOption>, &[Value]),
        place: Place<'_>,
    ) -> Result<Vec<InstanceId>> {
        // The way back to the owner is known to the identity map.
        for back in &relationship.reverse {
            let reverse = self.mapping.relationship(*back);
            if reverse.use_get && (reverse.lazy == Lazy::Joined || follows(reverse.lazy)) {
                let relationship = Some(*back);
                let strategy = Strategy::Select;
                options.push(LoadOption { relationship, strategy, ..LoadOption::default() });
            }
        }
        let statement = OrmSelect {
            select: related_select(self, relationship)?.label_style(LabelStyle::None),
            options,
            params: key_params(values),
            ..OrmSelect::new(vec![Item::Entity(EntityId::of(relationship.target))])
        };
        Ok(select::load(self, host, session, &statement, place)?.unique_instances())
    }

    /// Whether the refresh of an expired object loads a relationship of it.
    fn comes_with_refresh(&self, id: InstanceId, relationship: &Relationship) -> bool {
        let instance = &self.instances[id];
        if !instance.flags.has(Flags::EXPIRED) || expired_attributes(self, id).is_empty() {
            return false;
        }
        let options = instance.load.as_ref().map(|context| context.options.as_slice());
        let lazy = lazy_of(relationship, options.unwrap_or_default());
        lazy == Lazy::Joined || follows(lazy)
    }

    /// Runs the SELECT of a lazy load.
    fn select_members(
        &mut self,
        host: &mut dyn Host,
        session: SessionId,
        relationship: &Relationship,
        key: LoadKey,
        values: &[Value],
    ) -> Result<Vec<InstanceId>> {
        let dialect = flush::dialect(self, session);
        let loader = self.loader(key, |orm| {
            let entity = EntityId::of(relationship.target);
            let mut columns = Vec::new();
            let layout = add_columns(orm, entity, &Choice::default(), &mut columns)?;
            let mut select = related_select(orm, relationship)?;
            if orm.mapping.mapper(relationship.target).tables.len() > 1 {
                select = select.select_from(orm.entity_from(entity)?);
            }
            let select = where_class(orm, select, entity)?.altered(|s| s.columns = columns);
            let sql = LoadSql::new(select, &dialect)?;
            let recipe = Rc::new(layout.recipe(orm, &sql, strategy::context(orm, &[]))?);
            Ok(Loader { sql, recipe })
        })?;
        let connection = session::connection(self, host, session)?;
        let (mut found, mut failed) = (Vec::new(), None);
        loader.sql.run(&connection, &|name| key_value(name, values), &mut |row| {
            match loader.recipe.hydrate(self, session, row, &dialect) {
                Ok(Some(member)) => found.push(member),
                Ok(None) => {}
                Err(error) => failed = Some(error),
            }
            ControlFlow::Continue(())
        })?;
        self.tell_notices(host)?;
        failed.map_or(Ok(found), Err)
    }

    /// The values of the owner's columns that a relationship's condition mentions.
    fn local_values(
        &mut self,
        host: &mut dyn Host,
        id: InstanceId,
        relationship: &Relationship,
        passive: Passive,
    ) -> Result<Vec<Value>> {
        let owner = self.mapper_of(id)?;
        let mut values = Vec::new();
        for column in &local_columns(relationship) {
            let Some(attribute) = owner.attribute_of(column) else { continue };
            if !self.instances[id].column(attribute).is_loaded() {
                self.load_column(host, id, attribute)?;
            }
            values.push(self.value_for(id, attribute, passive));
        }
        Ok(values)
    }

    /// Puts what was loaded, with changes that were waiting for it.
    pub(crate) fn set_loaded(
        &mut self,
        id: InstanceId,
        slot: u16,
        relationship: &Relationship,
        found: Vec<InstanceId>,
    ) -> Result<()> {
        let loaded = if relationship.uselist {
            Related::Many(found)
        } else {
            if found.len() > 1 {
                self.warn(&format!(
                    "Multiple rows returned with uselist=False for lazily-loaded attribute '{}' ",
                    self.mapping.relationship_str(relationship)
                ));
            }
            Related::One(found.first().copied())
        };
        let span = self.current_span;
        let old = self.instances.swap_related(id, slot, loaded.clone());
        if let Related::Queued(queued) = &old {
            let mut merged = loaded.ids().to_vec();
            merged.extend(queued.added.iter());
            self.instances.set_related(id, slot, Related::Many(merged));
            self.instances.link_related(&loaded);
            let changes = &mut self.instances[id].changes.get_or_insert_default().relationships;
            changes.retain(|change| change.slot != slot);
            changes.push(RelatedChange { slot, span, old: loaded });
            for &member in &queued.deleted {
                self.take_out(id, slot, member)?;
            }
        }
        self.instances.drop_related(&old);
        self.emit(Event::RelatedLoaded { instance: id, relationship: relationship.id });
        Ok(())
    }
}

/// The SELECT of a lazy load, its columns still to be named.
fn related_select(orm: &Orm, relationship: &Relationship) -> Result<Select> {
    if relationship.use_get {
        return Ok(Select::new([]).where_(key_criterion(orm, relationship.target)?));
    }
    let criterion = lazy_criterion(relationship, &|index, ty| {
        Expr::bindparam(format!("pk_{}", index + 1), ty)
    })?;
    let mut select = Select::new([]);
    for clause in criterion {
        select = select.where_(clause);
    }
    for item in &relationship.order_by {
        select = select.order_by(item.clone());
    }
    Ok(select)
}

/// The owner's columns that a relationship's condition mentions, each once, in order.
pub(super) fn local_columns(relationship: &Relationship) -> Vec<Column> {
    let mut locals: Vec<Column> = Vec::new();
    for (local, _) in &relationship.local_remote_pairs {
        let secondary = relationship.secondary.as_ref();
        let in_secondary = local.table().zip(secondary).is_some_and(|(t, s)| t.ptr_eq(s));
        // The second half of a many-to-many join relates the target, not the owner.
        let of_target = relationship.secondary.is_some()
            && !relationship.synchronize_pairs.iter().any(|pair| pair.source.ptr_eq(local));
        if !in_secondary && !of_target && !locals.iter().any(|c| c.ptr_eq(local)) {
            locals.push(local.clone());
        }
    }
    locals
}

/// The condition of a lazy load: the join with the owner's columns as parameters.
pub(super) fn lazy_criterion(
    relationship: &Relationship,
    bind: &dyn Fn(usize, vidro_sql::types::Type) -> Expr,
) -> Result<Vec<Expr>> {
    let locals = local_columns(relationship);
    let remote = |column: &Column| relationship.remote_columns.iter().any(|c| c.ptr_eq(column));
    let self_referential_remote =
        |column: &Column| relationship.secondary.is_none() && remote(column);
    let primary = replace(&relationship.primaryjoin, &|expr| {
        let column = expr.schema_column()?;
        let index = locals.iter().position(|local| local.ptr_eq(column))?;
        (!self_referential_remote(column)).then(|| bind(index, column.ty()))
    })?;
    let mut clauses = vec![primary];
    clauses.extend(relationship.secondaryjoin.clone());
    Ok(clauses)
}

/// `with_parent(obj, User.posts)` and `Post.user == obj` seen from the other side.
pub fn with_parent(
    orm: &mut Orm,
    host: &mut dyn Host,
    id: InstanceId,
    relationship: &Relationship,
) -> Result<Expr> {
    let locals = local_columns(relationship);
    let owner = orm.mapper_of(id)?;
    let mut values = Vec::new();
    for column in &locals {
        let Some(attribute) = owner.attribute_of(column) else { continue };
        if !orm.instances[id].column(attribute).is_loaded() && orm.instances[id].key.is_some() {
            orm.load_column(host, id, attribute)?;
        }
        values.push(orm.instances[id].column(attribute).value().cloned().unwrap_or_default());
    }
    let clauses = lazy_criterion(relationship, &|index, ty| {
        Expr::literal_typed(values.get(index).cloned().unwrap_or_default(), ty)
    })?;
    match clauses.as_slice() {
        [only] => Ok(only.clone()),
        _ => Ok(and_(clauses)?),
    }
}
