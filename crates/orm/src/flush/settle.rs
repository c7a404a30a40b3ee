//! After a flush: keys, defaults and states are written back to the objects, and only here.

use vidro_sql::Value;

use super::changes::Changes;
use super::collect::{UnitIndex, Units};
use super::execute::{Fetched, Outcome};
use super::plan::{FlushPlan, StepKind};
use crate::Orm;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::host::{Host, Moment};
use crate::instance::{Flags, InstanceId, Key, Slot, State};
use crate::load;
use crate::session::{self, Transition, transition};

/// Writes what a flush did back to its objects and their session.
pub(crate) fn settle(
    orm: &mut Orm,
    host: &mut dyn Host,
    units: &Units,
    changes: &Changes,
    plan: &FlushPlan,
    outcome: Outcome,
) -> Result<()> {
    write_copies(orm, units, changes, plan, &outcome);
    write_generated(orm, plan, outcome)?;
    orm.tell_notices(host)?;
    // Listeners still see what was new, changed and deleted.
    host.on_session(orm, Moment::AfterFlush, units.session)?;
    for unit in units.all.iter().filter(|unit| unit.delete) {
        session::remove_deleted(orm, units.session, unit.id)?;
    }
    reserve(orm, units)?;
    for unit in units.all.iter().filter(|unit| !unit.delete) {
        // Its identity key is read, which loads an object that is still expired.
        if orm.is_key_expired(unit.id) {
            load::refresh_expired(orm, host, unit.id)?;
        }
        settle_saved(orm, units, unit.id)?;
    }
    orm.tell_notices(host)?;
    settle_rest(orm, units)?;
    orm.emit(Event::FlushFinished { session: units.session });
    Ok(())
}

/// What of the session's lists outlives a flush.
fn settle_rest(orm: &mut Orm, units: &Units) -> Result<()> {
    let mut modified = orm.sessions.dirty(orm, units.session);
    if units.whole && !modified.is_empty() {
        orm.warn(&format!(
            "Attribute history events accumulated on {} previously clean instances within \
             inner-flush event handlers have been reset, and will not result in database updates. \
             Consider using set_committed_value() within inner-flush event handlers to avoid this \
             warning.",
            modified.len()
        ));
        for id in modified.drain(..) {
            commit(orm, id);
        }
    }
    // An object whose deletion was called off keeps its mark: the next flush deletes it.
    let deleted = orm.sessions.deleted(orm, units.session);
    let pending = orm.sessions.new_objects(orm, units.session);
    let session = orm.sessions.get_mut(units.session)?;
    session.new.retain(|(_, id)| pending.contains(id));
    session.deleted = deleted;
    session.modified = modified;
    Ok(())
}

/// After a failure new objects keep the keys that the steps before it gave them, as in SQLAlchemy;
/// nothing else of them changes.
pub(crate) fn keep_keys(
    orm: &mut Orm,
    units: &Units,
    changes: &Changes,
    plan: &FlushPlan,
    outcome: &Outcome,
) {
    for batch in plan.batches.iter().take(outcome.finished) {
        let (StepKind::Insert, Some(attribute)) = (batch.kind, batch.generated) else { continue };
        for step in batch.steps() {
            let value = outcome.generated.get(step.position()).cloned().unwrap_or_default();
            if let Some(step) = plan.steps.get(step.position()) {
                *orm.instances.column_mut(step.instance, attribute) = Slot::Value(value);
            }
        }
    }
    for index in 0..units.all.len() {
        let unit = UnitIndex(u32::try_from(index).unwrap_or(u32::MAX));
        let id = units.unit(unit).id;
        if orm.instances[id].key.is_some() {
            continue;
        }
        for copy in changes.of(unit) {
            let Some((source, attribute)) = copy.source else { continue };
            if let Some(value) = orm.instances[source].column(attribute).value().cloned() {
                *orm.instances.column_mut(id, copy.column) = Slot::Value(value);
            }
        }
    }
}

/// Foreign keys take the keys that were copied into their rows.
fn write_copies(
    orm: &mut Orm,
    units: &Units,
    changes: &Changes,
    plan: &FlushPlan,
    outcome: &Outcome,
) {
    for index in 0..units.all.len() {
        let unit = UnitIndex(u32::try_from(index).unwrap_or(u32::MAX));
        let id = units.unit(unit).id;
        for copy in changes.of(unit) {
            let value = match copy.source {
                None => Value::Null,
                Some((source, attribute)) => {
                    resolve(orm, units, changes, plan, outcome, source, attribute, 0)
                }
            };
            *orm.instances.column_mut(id, copy.column) = Slot::Value(value);
        }
    }
}

/// Listeners of a group see the keys that were copied into its objects.
pub(crate) fn publish_copies(
    orm: &mut Orm,
    units: &Units,
    changes: &Changes,
    plan: &FlushPlan,
    outcome: &Outcome,
    members: &[UnitIndex],
) {
    for &unit in members {
        let id = units.unit(unit).id;
        for copy in changes.of(unit) {
            if orm.mapping.relationship(copy.relationship).post_update {
                continue;
            }
            let value = match copy.source {
                None => Value::Null,
                Some((source, attribute)) => {
                    resolve(orm, units, changes, plan, outcome, source, attribute, 0)
                }
            };
            orm.write_column(id, copy.column, Slot::Value(value));
        }
    }
}

/// Listeners see what the database and defaults made for the batches since `first`.
pub(crate) fn publish_generated(orm: &mut Orm, plan: &FlushPlan, outcome: &Outcome, first: usize) {
    let mut steps = Vec::new();
    for batch in plan.batches.iter().skip(first) {
        steps.extend(batch.steps());
        let Some(attribute) = batch.generated else { continue };
        for step in batch.steps() {
            let value = outcome.generated.get(step.position()).cloned().unwrap_or_default();
            if let Some(step) = plan.steps.get(step.position()) {
                *orm.instances.column_mut(step.instance, attribute) = Slot::Value(value);
            }
        }
    }
    let Some(first) = steps.first() else { return };
    let start = outcome.fetched.partition_point(|fetched| fetched.step < *first);
    for fetched in outcome.fetched.iter().skip(start) {
        if let Some(step) = plan.steps.get(fetched.step.position()) {
            let value = Slot::Value(fetched.value.clone());
            *orm.instances.column_mut(step.instance, fetched.attribute) = value;
        }
    }
}

/// The value of an attribute after the flush, through copies and generated keys.
#[expect(clippy::too_many_arguments, reason = "everything a value can come from")]
fn resolve(
    orm: &Orm,
    units: &Units,
    changes: &Changes,
    plan: &FlushPlan,
    outcome: &Outcome,
    id: InstanceId,
    attribute: u16,
    depth: u32,
) -> Value {
    if let Some(unit) = units.find(orm, id) {
        let copy = changes.copy_into(unit, attribute).filter(|_| depth < 32);
        if let Some(copy) = copy {
            let Some((source, from)) = copy.source else { return Value::Null };
            return resolve(orm, units, changes, plan, outcome, source, from, depth + 1);
        }
        let known = orm.instances[id].column(attribute).value().filter(|value| !value.is_null());
        if let Some(value) = known {
            return value.clone();
        }
        let planned = usize::try_from(unit.0).ok().and_then(|index| plan.units.get(index));
        if let Some(step) = planned.and_then(|planned| planned.insert) {
            return outcome.value(plan, step, attribute);
        }
    }
    match orm.instances[id].column(attribute).value() {
        Some(value) => value.clone(),
        None => orm.key_part(id, attribute),
    }
}

/// Objects take generated keys and defaults; what the server changed unseen is expired.
fn write_generated(orm: &mut Orm, plan: &FlushPlan, outcome: Outcome) -> Result<()> {
    let Outcome { mut generated, fetched, .. } = outcome;
    for batch in &plan.batches {
        let mapper = std::rc::Rc::clone(orm.mapping.mapper(batch.mapper));
        if batch.relationship.is_some() || matches!(batch.kind, StepKind::Delete) {
            continue;
        }
        let expired: Vec<u16> =
            batch.sql.postfetch.iter().filter_map(|column| mapper.attribute_of(column)).collect();
        let inserted_version = mapper.version.filter(|_| batch.kind == StepKind::Insert);
        for step in batch.steps() {
            let Some(id) = plan.steps.get(step.position()).map(|step| step.instance) else {
                continue;
            };
            if let Some(attribute) = batch.generated
                && let Some(value) = generated.get_mut(step.position())
            {
                *orm.instances.column_mut(id, attribute) = Slot::Value(std::mem::take(value));
            }
            for &attribute in &expired {
                *orm.instances.column_mut(id, attribute) = Slot::Expired;
            }
            if let Some(version) = inserted_version {
                *orm.instances.column_mut(id, version) = Slot::Value(Value::Int(1));
            }
            write_updated_version(orm, plan, batch, step, id);
        }
    }
    notice_fetched(orm, plan, &fetched);
    for fetched in fetched {
        if let Some(step) = plan.steps.get(fetched.step.position()) {
            *orm.instances.column_mut(step.instance, fetched.attribute) =
                Slot::Value(fetched.value);
        }
    }
    Ok(())
}

/// Listeners hear which attributes of an object defaults and the server filled.
fn notice_fetched(orm: &mut Orm, plan: &FlushPlan, fetched: &[Fetched]) {
    if !orm.takes_notice() {
        return;
    }
    for of_step in fetched.chunk_by(|one, next| one.step == next.step) {
        let step = of_step.first().and_then(|fetched| plan.steps.get(fetched.step.position()));
        let Some(id) = step.map(|step| step.instance) else { continue };
        let mapper = std::rc::Rc::clone(orm.mapping.mapper(orm.instances[id].mapper));
        let attributes: Vec<u16> = of_step.iter().map(|fetched| fetched.attribute).collect();
        let beside_key: Vec<u16> =
            attributes.into_iter().filter(|at| !mapper.primary_key.contains(at)).collect();
        if !beside_key.is_empty() {
            orm.notice_of(id, Moment::RefreshFlush, |orm| {
                Some(orm.attribute_names(id, &beside_key, &[]))
            });
        }
    }
}

fn write_updated_version(
    orm: &mut Orm,
    plan: &FlushPlan,
    batch: &super::Batch,
    step: super::StepId,
    id: InstanceId,
) {
    let version = orm.mapping.mapper(batch.mapper).version;
    let (Some(version), StepKind::Update) = (version, batch.kind) else { return };
    for (column, operand) in batch.columns.iter().zip(plan.operands(step)) {
        if let (Some(attribute), false, super::Operand::Known(value)) =
            (column.attribute, column.condition, operand)
            && attribute == version
        {
            *orm.instances.column_mut(id, version) = Slot::Value(value.clone());
        }
    }
}

/// Makes room in the identity map for everything that is new.
fn reserve(orm: &mut Orm, units: &Units) -> Result<()> {
    for &mapper in &units.mappers {
        let base = orm.mapping.mapper(mapper).base;
        let new = units.all.iter().filter(|unit| unit.mapper == mapper && !unit.delete).count();
        orm.sessions.get_mut(units.session)?.identity.reserve(base, new);
    }
    Ok(())
}

fn settle_saved(orm: &mut Orm, units: &Units, id: InstanceId) -> Result<()> {
    if orm.instances[id].state == State::Deleted {
        return Ok(());
    }
    let Some(key) = orm.key_of(id)? else {
        return Err(Error::flush(format!(
            "Instance {} has a NULL identity key.  If this is an auto-generated value, check that \
             the database table allows generation of new primary key values, and that the mapped \
             Column object is configured to expect these generated values.  Ensure also that this \
             flush() is not occurring at an inappropriate time, such as within a load() event.",
            orm.state_str(id)
        )));
    };
    let base = orm.mapping.mapper(orm.instances[id].mapper).base;
    let new = orm.instances[id].key.is_none();
    let old_key = orm.instances[id].key.replace(key.clone());
    let session = orm.sessions.get_mut(units.session)?;
    if let Some(old_key) = &old_key
        && *old_key != key
    {
        session.identity.discard(base, old_key, id);
        if let Some(transaction) = session.transactions.last_mut() {
            transaction.key_switches.entry(id).or_insert_with(|| old_key.clone());
        }
    }
    if new || old_key.as_ref() != Some(&key) {
        session.identity.replace(base, &key, id);
    }
    if let Some(transaction) = session.transactions.last_mut() {
        if new {
            transaction.new.insert(id);
        } else {
            transaction.dirty.insert(id);
        }
    }
    commit(orm, id);
    if new {
        transition(orm, id, Transition::PendingToPersistent)?;
        orm.emit(Event::IdentityAssigned { instance: id });
    }
    Ok(())
}

/// What an object holds now is what its row holds.
pub(crate) fn commit(orm: &mut Orm, id: InstanceId) {
    let instance = &mut orm.instances[id];
    instance.flags.set(Flags::FRESH, false);
    instance.flags.set(Flags::MODIFIED, false);
    instance.flags.set(Flags::LISTED, false);
    instance.flags.set(Flags::ORPHANED, false);
    instance.flags.set(Flags::DERIVED, false);
    let has_expressions = instance.changes.is_some();
    for slot in &mut instance.columns {
        if matches!(slot, Slot::Expression(_)) {
            *slot = Slot::Expired;
        }
    }
    if has_expressions {
        orm.instances.drop_changes(id);
    }
    drop_queued(orm, id);
    orm.instances.note_unreferenced(id);
}

/// Changes of collections that were never loaded are in the database now.
fn drop_queued(orm: &mut Orm, id: InstanceId) {
    let queued =
        |related: &crate::instance::Related| matches!(related, crate::instance::Related::Queued(_));
    for slot in 0..orm.instances[id].related.len() {
        if orm.instances[id].related.get(slot).is_some_and(queued) {
            let slot = u16::try_from(slot).unwrap_or(u16::MAX);
            orm.instances.set_related(id, slot, crate::instance::Related::NotLoaded);
        }
    }
}

impl Orm {
    /// The identity key that an object's primary key attributes make, unless part of it is NULL.
    pub(crate) fn key_of(&self, id: InstanceId) -> Result<Option<Key>> {
        let mapper = self.mapping.mapper(self.instances[id].mapper);
        let instance = &self.instances[id];
        if let [single] = mapper.primary_key.as_slice() {
            return Ok(match instance.column(*single) {
                Slot::Value(Value::Null) => None,
                Slot::Value(value) => Some(Key::new(std::slice::from_ref(value))),
                _ => instance.key.clone(),
            });
        }
        let mut values = Vec::with_capacity(mapper.primary_key.len());
        for attribute in &mapper.primary_key {
            match instance.column(*attribute) {
                Slot::Value(value) => values.push(value.clone()),
                _ => values.push(self.key_part(id, *attribute)),
            }
        }
        // A composite key may be NULL in part, never altogether.
        Ok((!values.iter().all(Value::is_null)).then(|| Key::new(&values)))
    }

    /// Whether part of a row's key has to be loaded before it can be read.
    pub(crate) fn is_key_expired(&self, id: InstanceId) -> bool {
        let instance = &self.instances[id];
        let mapper = self.mapping.mapper(instance.mapper);
        let expired = |pk: &u16| matches!(instance.column(*pk), Slot::Expired);
        instance.key.is_some() && mapper.primary_key.iter().any(expired)
    }

    /// A primary key attribute as the identity key has it.
    pub(crate) fn key_part(&self, id: InstanceId, attribute: u16) -> Value {
        let instance = &self.instances[id];
        let mapper = self.mapping.mapper(instance.mapper);
        let position = mapper.primary_key.iter().position(|pk| *pk == attribute);
        match (position, &instance.key) {
            (Some(_), Some(Key::Int(int))) => Value::Int(*int),
            (Some(position), Some(Key::Values(values))) => {
                values.get(position).cloned().unwrap_or_default()
            }
            _ => Value::Null,
        }
    }

    /// `(<class '__main__.User'>, (1,), None)`, as messages show an identity key.
    pub fn identity_key_str(&self, id: InstanceId) -> String {
        let base = self.mapping.mapper(self.mapping.mapper(self.instances[id].mapper).base);
        let values = self.instances[id].key.as_ref().map(Key::values).unwrap_or_default();
        let shown: Vec<String> = values.iter().map(Value::repr).collect();
        let shown = match shown.as_slice() {
            [one] => format!("({one},)"),
            _ => format!("({})", shown.join(", ")),
        };
        format!("({}, {shown}, None)", base.class_repr())
    }
}
