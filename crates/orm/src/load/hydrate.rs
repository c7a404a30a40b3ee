//! Rows to objects: a recipe says which result column fills which slot, once for all rows.

use std::rc::Rc;

use vidro_engine::driver::RowView;
use vidro_sql::compile::Compiled;
use vidro_sql::dialect::Dialect;
use vidro_sql::types::Processor;
use vidro_sql::{Value, ValueRef};

use super::LoadContext;
use crate::Orm;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::host::Moment;
use crate::instance::{Flags, InstanceId, Key, Slot};
use crate::mapping::MapperId;
use crate::session::{SessionId, Transition, transition};

/// How rows of a SELECT become objects of one entity.
#[derive(Debug)]
pub(crate) struct Recipe {
    /// The mapper of the entity.
    pub(crate) mapper: MapperId,
    /// The root of its hierarchy.
    pub(crate) base: MapperId,
    /// Slots that the result fills.
    pub(crate) fill: Vec<Fill>,
    /// Result columns of the primary key, in order, with their conversions.
    pub(crate) key: Vec<Source>,
    /// How many slots an object has.
    pub(crate) width: usize,
    /// Slots that are left out until they are read.
    pub(crate) deferred: Vec<u16>,
    /// Slots of subclasses that the result fills in objects of theirs.
    pub(crate) subclasses: Vec<(MapperId, Vec<Fill>)>,
    /// Options for lazy loads of the objects.
    pub(crate) context: Option<Rc<LoadContext>>,
    /// The result column that tells subclasses apart, and the mapper of each value.
    pub(crate) polymorphic: Option<(Source, Vec<(Value, MapperId)>)>,
    /// Loaded objects are filled again.
    pub(crate) populate_existing: bool,
}

/// A slot and the result column that fills it.
#[derive(Debug)]
pub(crate) struct Fill {
    pub(crate) attribute: u16,
    pub(crate) source: Source,
}

/// A result column and its conversion.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) position: usize,
    pub(crate) processor: Option<Processor>,
}

impl Source {
    /// The result column at a position of a compiled statement.
    pub(crate) fn of(compiled: &Compiled, position: usize) -> Self {
        let column = compiled.columns.get(position);
        Self { position, processor: column.and_then(|column| column.processor.clone()) }
    }

    pub(crate) fn read(&self, row: &dyn RowView, dialect: &Dialect) -> Result<Value> {
        let value = row.get(self.position).to_value();
        match &self.processor {
            Some(processor) => Ok(processor.result(value, dialect)?),
            None => Ok(value),
        }
    }
}

/// A row that objects are made of.
pub(crate) trait Cells {
    /// The value of a column, converted.
    fn value(&self, source: &Source) -> Result<Value>;

    /// The value of a column as the driver has it, where that needs no conversion.
    fn plain(&self, source: &Source) -> Option<ValueRef<'_>>;
}

/// A row while the driver stands on it.
pub(crate) struct Driven<'a> {
    pub(crate) row: &'a dyn RowView,
    pub(crate) dialect: &'a Dialect,
}

impl Cells for Driven<'_> {
    fn value(&self, source: &Source) -> Result<Value> {
        source.read(self.row, self.dialect)
    }

    fn plain(&self, source: &Source) -> Option<ValueRef<'_>> {
        source.processor.is_none().then(|| self.row.get(source.position))
    }
}

/// A row that a result has converted already.
impl Cells for [Value] {
    fn value(&self, source: &Source) -> Result<Value> {
        Ok(self.get(source.position).cloned().unwrap_or_default())
    }

    fn plain(&self, source: &Source) -> Option<ValueRef<'_>> {
        self.get(source.position)?.as_ref()
    }
}

impl Recipe {
    /// The identity key in a row; `None` when an outer join found nothing.
    fn key<R: Cells + ?Sized>(&self, row: &R) -> Result<Option<Key>> {
        if let [single] = self.key.as_slice() {
            match row.plain(single) {
                Some(ValueRef::Int(int)) => return Ok(Some(Key::Int(int))),
                Some(ValueRef::Null) => return Ok(None),
                _ => {}
            }
        }
        let values: Result<Vec<Value>> = self.key.iter().map(|s| row.value(s)).collect();
        let values = values?;
        Ok((!values.iter().all(Value::is_null)).then(|| Key::new(&values)))
    }

    /// Fills an object of any state again.
    pub(crate) fn refill(
        &self,
        orm: &mut Orm,
        id: InstanceId,
        row: &dyn RowView,
        dialect: &Dialect,
    ) -> Result<()> {
        for fill in &self.fill {
            let value = fill.source.read(row, dialect)?;
            *orm.instances.column_mut(id, fill.attribute) = Slot::Value(value);
        }
        Ok(())
    }

    /// The object of a row: known, refreshed or new.
    pub(crate) fn hydrate(
        &self,
        orm: &mut Orm,
        session: SessionId,
        row: &dyn RowView,
        dialect: &Dialect,
    ) -> Result<Option<InstanceId>> {
        self.hydrate_row(orm, session, &Driven { row, dialect })
    }

    /// The object of a row, if the session has it already.
    pub(crate) fn known(
        &self,
        orm: &Orm,
        session: SessionId,
        row: &dyn RowView,
        dialect: &Dialect,
    ) -> Result<Option<InstanceId>> {
        let Some(key) = self.key(&Driven { row, dialect })? else { return Ok(None) };
        Ok(orm.sessions.get(session)?.identity.get(self.base, &key))
    }

    /// The object of a row of any kind: known, refreshed or new.
    pub(crate) fn hydrate_row<R: Cells + ?Sized>(
        &self,
        orm: &mut Orm,
        session: SessionId,
        row: &R,
    ) -> Result<Option<InstanceId>> {
        let Some(key) = self.key(row)? else { return Ok(None) };
        let known = orm.sessions.get(session)?.identity.get(self.base, &key);
        if let Some(id) = known {
            self.fill_known(orm, id, row)?;
            return Ok(Some(id));
        }
        let mapper = self.mapper_of_row(row)?;
        let width = if mapper == self.mapper {
            self.width
        } else {
            orm.mapping.mapper(mapper).columns.len()
        };
        let mut columns = vec![Slot::Absent; width];
        for fill in &self.fill {
            if let Some(slot) = columns.get_mut(usize::from(fill.attribute)) {
                *slot = Slot::Value(row.value(&fill.source)?);
            }
        }
        for slot in columns.iter_mut().skip(self.width) {
            // A subclass's own columns were not part of the SELECT.
            *slot = Slot::Expired;
        }
        for fill in self.fills_of(orm, mapper) {
            if let Some(slot) = columns.get_mut(usize::from(fill.attribute)) {
                *slot = Slot::Value(row.value(&fill.source)?);
            }
        }
        for &attribute in &self.deferred {
            if let Some(slot) = columns.get_mut(usize::from(attribute)) {
                *slot = Slot::Deferred;
            }
        }
        let id = orm.instances.insert(mapper, columns.into());
        orm.sessions.get_mut(session)?.identity.replace(self.base, &key, id);
        let instance = &mut orm.instances[id];
        instance.flags.set(Flags::FRESH, false);
        instance.session = Some(session);
        instance.key = Some(key);
        instance.load.clone_from(&self.context);
        orm.notice(id, Moment::Load);
        transition(orm, id, Transition::LoadedAsPersistent)?;
        orm.emit(Event::Loaded { instance: id, refreshed: false });
        Ok(Some(id))
    }

    /// What the result fills in objects of a subclass beyond those of the entity.
    fn fills_of(&self, orm: &Orm, mapper: MapperId) -> Vec<&Fill> {
        let of_class = |(subclass, _): &&(MapperId, Vec<Fill>)| orm.mapping.is_a(mapper, *subclass);
        self.subclasses.iter().filter(of_class).flat_map(|(_, own)| own).collect()
    }

    fn mapper_of_row<R: Cells + ?Sized>(&self, row: &R) -> Result<MapperId> {
        let Some((source, mappers)) = &self.polymorphic else { return Ok(self.mapper) };
        let value = row.value(source)?;
        let found = mappers.iter().find(|(identity, _)| *identity == value);
        match found {
            Some((_, mapper)) => Ok(*mapper),
            None if value.is_null() => Ok(self.mapper),
            None => Err(Error::assertion(format!(
                "No such polymorphic_identity {} is defined",
                value.repr()
            ))),
        }
    }

    /// Fills what a known object lacks; everything when told to populate existing objects.
    fn fill_known<R: Cells + ?Sized>(&self, orm: &mut Orm, id: InstanceId, row: &R) -> Result<()> {
        if self.populate_existing {
            orm.instances.drop_changes(id);
            let flags = &mut orm.instances[id].flags;
            flags.set(Flags::MODIFIED, false);
            flags.set(Flags::LISTED, false);
            orm.instances[id].load.clone_from(&self.context);
        }
        let instance = &orm.instances[id];
        let lacks = |slot: &Slot| !slot.is_loaded();
        if !self.populate_existing && !instance.columns.iter().any(lacks) {
            return Ok(());
        }
        let mut filled = Vec::new();
        let own = self.fills_of(orm, orm.instances[id].mapper);
        for fill in self.fill.iter().chain(own) {
            let changed = orm.instances[id].committed_column(fill.attribute).is_some();
            let wanted = self.populate_existing
                || (lacks(orm.instances[id].column(fill.attribute)) && !changed);
            if wanted {
                let value = row.value(&fill.source)?;
                *orm.instances.column_mut(id, fill.attribute) = Slot::Value(value);
                filled.push(fill.attribute);
            }
        }
        if !filled.is_empty() {
            let instance = &mut orm.instances[id];
            if !instance.columns.iter().any(|slot| matches!(slot, Slot::Expired)) {
                instance.flags.set(Flags::EXPIRED, false);
            }
            orm.emit(Event::Loaded { instance: id, refreshed: true });
            orm.notice_of(id, Moment::Refresh, |orm| {
                let related = orm.unloaded_relationships(id);
                (!self.populate_existing).then(|| orm.attribute_names(id, &filled, &related))
            });
        }
        Ok(())
    }
}
