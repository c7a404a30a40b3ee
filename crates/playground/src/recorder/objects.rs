//! Objects, their attributes, and flushes.

use vidro_orm::event::Event;
use vidro_orm::instance::Related;
use vidro_orm::mapping::Property;
use vidro_orm::{InstanceId, Observer, Orm, Purpose, RelationshipId};
use vidro_protocol as view;
use vidro_protocol::EventBody;

use super::Recorder;
use crate::convert;

impl Observer for Recorder {
    fn event(&self, orm: &Orm, event: &Event<'_>) {
        if self.outbox.is_full() {
            return;
        }
        match event {
            Event::SessionCreated { session } => {
                self.emit(EventBody::SessionOpened(session.get()));
            }
            Event::Connected { session, connection } => {
                self.emit(EventBody::SessionConnected(view::SessionConnected {
                    session: session.get(),
                    connection: *connection,
                }));
            }
            Event::Created { instance } => self.created(orm, *instance, None),
            Event::Transition { instance, transition } => {
                let session = orm.instances[*instance].session().map(|session| session.get());
                if *transition == vidro_orm::Transition::LoadedAsPersistent {
                    self.created(orm, *instance, session);
                    return;
                }
                self.emit(EventBody::StateChanged(view::StateChange {
                    id: instance.get(),
                    from: convert::state(transition.from()),
                    to: convert::state(transition.to()),
                    session,
                }));
            }
            Event::IdentityAssigned { instance } => self.identity(orm, *instance),
            Event::Collected { instance } => {
                self.emit(EventBody::ObjectCollected(instance.get()));
            }
            Event::Warning { category, message } => self.emit(EventBody::Output(view::Output {
                text: format!("{category}: {message}\n"),
                stream: view::Stream::Warning,
            })),
            Event::AttributeSet { .. }
            | Event::RelatedSet { .. }
            | Event::CollectionChanged { .. }
            | Event::Loaded { .. }
            | Event::RelatedLoaded { .. }
            | Event::Expired { .. }
            | Event::AttributesExpired { .. } => self.attributes(orm, event),
            Event::FlushPlanned { .. }
            | Event::StepStarted { .. }
            | Event::StepFinished { .. }
            | Event::FlushFinished { .. }
            | Event::FlushFailed { .. } => self.flush(orm, event),
            Event::LoadStarted { purpose } => {
                let purpose = loading(orm, *purpose);
                self.state.borrow_mut().purposes.push(purpose);
            }
            Event::LoadFinished { .. } => {
                self.state.borrow_mut().purposes.pop();
            }
            Event::TransactionBegun { .. }
            | Event::TransactionEnded { .. }
            | Event::MarkedForDeletion { .. }
            | Event::Autoflush { .. } => {}
        }
    }
}

impl Recorder {
    fn created(&self, orm: &Orm, id: InstanceId, session: Option<u32>) {
        let instance = &orm.instances[id];
        let class = orm.mapping.mapper(instance.mapper()).class_name.to_string();
        let state = convert::state(instance.state());
        self.emit(EventBody::ObjectCreated(view::NewObject {
            id: id.get(),
            class,
            state,
            session,
        }));
        if instance.key().is_some() {
            self.identity(orm, id);
        }
    }

    fn identity(&self, orm: &Orm, id: InstanceId) {
        let instance = &orm.instances[id];
        let Some(key) = instance.key() else { return };
        let base = orm.mapping.mapper(instance.mapper()).base;
        let class = orm.mapping.mapper(base).class_name.to_string();
        let values = key.values().iter().map(vidro_sql::repr::value).collect();
        let key = view::IdentityKey { class, values };
        self.emit(EventBody::IdentityAssigned(view::IdentityAssigned { id: id.get(), key }));
    }

    fn attributes(&self, orm: &Orm, event: &Event<'_>) {
        match event {
            Event::AttributeSet { instance, column, old, new } => {
                self.emit(EventBody::AttributeSet(view::AttributeSet {
                    id: instance.get(),
                    attribute: convert::column_name(orm, *instance, *column),
                    old: convert::slot(old),
                    new: convert::slot(new).unwrap_or_default(),
                }));
            }
            Event::RelatedSet { instance, relationship, old, new } => {
                self.emit(EventBody::AttributeSet(view::AttributeSet {
                    id: instance.get(),
                    attribute: convert::relationship_name(orm, *relationship),
                    old: old.map(|old| convert::object(orm, Some(old))),
                    new: convert::object(orm, *new),
                }));
            }
            Event::CollectionChanged { instance, relationship, member, added } => {
                let (added, removed) = if *added {
                    (vec![member.get()], Vec::new())
                } else {
                    (Vec::new(), vec![member.get()])
                };
                self.emit(EventBody::CollectionChanged(view::CollectionChanged {
                    id: instance.get(),
                    attribute: convert::relationship_name(orm, *relationship),
                    added,
                    removed,
                }));
            }
            Event::Loaded { instance, .. } => self.loaded(orm, *instance),
            Event::RelatedLoaded { instance, relationship } => {
                self.related_loaded(orm, *instance, *relationship);
            }
            Event::Expired { instance } => self.expired(instance.get(), Vec::new()),
            Event::AttributesExpired { instance } => {
                let names = expired_names(orm, *instance);
                self.expired(instance.get(), names);
            }
            _ => {}
        }
    }

    fn expired(&self, id: u32, attributes: Vec<String>) {
        self.emit(EventBody::AttributesExpired(view::AttributesNamed { id, attributes }));
    }

    fn loaded(&self, orm: &Orm, id: InstanceId) {
        let Some(instance) = orm.instances.get(id) else { return };
        let mapper = orm.mapping.mapper(instance.mapper());
        let named = mapper.columns.iter().zip(0u16..).filter_map(|(column, index)| {
            let value = convert::slot(instance.column(index))?;
            Some(view::NamedValue { name: column.key.to_string(), value })
        });
        let values = named.collect();
        self.emit(EventBody::AttributesLoaded(view::AttributesLoaded { id: id.get(), values }));
    }

    fn related_loaded(&self, orm: &Orm, id: InstanceId, relationship: RelationshipId) {
        let instance = &orm.instances[id];
        let Some(slot) = orm.mapping.mapper(instance.mapper()).slot(relationship) else { return };
        let related = instance.related(slot);
        self.emit(EventBody::RelationLoaded(view::RelationLoaded {
            id: id.get(),
            attribute: convert::relationship_name(orm, relationship),
            targets: related.ids().iter().map(|target| target.get()).collect(),
            many: matches!(related, Related::Many(_)),
        }));
    }

    fn flush(&self, orm: &Orm, event: &Event<'_>) {
        match event {
            Event::FlushPlanned { session, plan } => {
                let number = self.next_flush();
                let mut written: Vec<_> = plan.steps.iter().map(|step| step.instance).collect();
                written.dedup();
                let Some(plan) = self.plan(orm, number, *session, plan) else { return };
                let mut state = self.state.borrow_mut();
                state.written = written;
                state.flushes = number;
                state.running = Some(plan.clone());
                drop(state);
                let stage = view::PlanStage::Running;
                self.emit(EventBody::FlushPlanned(view::FlushPlanned { stage, plan }));
            }
            Event::StepStarted { step, .. } => self.step_started(convert::step_number(*step)),
            Event::StepFinished { step, generated, .. } => {
                let (flush, column) = {
                    let state = self.state.borrow();
                    let Some(plan) = &state.running else { return };
                    (plan.flush, key_column(plan, convert::step_number(*step)))
                };
                let generated = generated.map(|value| view::NamedValue {
                    name: column.unwrap_or_default(),
                    value: convert::value(value),
                });
                self.emit(EventBody::StepExecuted(view::StepExecuted {
                    flush,
                    step: convert::step_number(*step),
                    generated: generated.into_iter().collect(),
                }));
            }
            Event::FlushFinished { session } => {
                let written = std::mem::take(&mut self.state.borrow_mut().written);
                for id in written {
                    self.loaded(orm, id);
                }
                self.flush_ended(session.get(), EventBody::FlushFinished);
            }
            Event::FlushFailed { session, .. } => {
                self.flush_ended(session.get(), EventBody::FlushFailed);
            }
            _ => {}
        }
    }

    /// The batch of the step runs now.
    fn step_started(&self, step: u32) {
        let mut state = self.state.borrow_mut();
        let batch = state
            .running
            .as_ref()
            .and_then(|plan| plan.batches.iter().find(|batch| batch.steps.contains(&step)));
        let steps = batch.map_or_else(
            || vec![step],
            |batch| {
                // A batch that runs row by row starts each step.
                let from = batch.steps.iter().position(|id| *id == step).unwrap_or(0);
                batch.steps.get(from..).unwrap_or_default().to_vec()
            },
        );
        state.steps = steps;
    }

    fn flush_ended(&self, session: u32, body: fn(view::FlushEnd) -> EventBody) {
        let flush = {
            let mut state = self.state.borrow_mut();
            state.steps.clear();
            state.running.take().map_or(state.flushes, |plan| plan.flush)
        };
        self.emit(body(view::FlushEnd { flush, session }));
    }
}

/// The column that the database makes up in a step.
fn key_column(plan: &view::PlanView, step: u32) -> Option<String> {
    let step = plan.steps.iter().find(|known| known.id == step)?;
    let made = step.operands.iter().find(|o| o.value == view::OperandValue::Generated)?;
    Some(made.column.clone())
}

/// Attributes that the next read loads again.
fn expired_names(orm: &Orm, id: InstanceId) -> Vec<String> {
    let instance = &orm.instances[id];
    let mapper = orm.mapping.mapper(instance.mapper());
    let gone = mapper.properties.iter().filter(|(_, property)| match property {
        Property::Column(index) => !instance.column(*index).is_loaded(),
        Property::Relationship(relationship) => {
            mapper.slot(*relationship).is_some_and(|slot| !instance.related(slot).is_loaded())
        }
    });
    gone.map(|(name, _)| name.to_string()).collect()
}

fn loading(orm: &Orm, purpose: Purpose) -> view::Purpose {
    let path = |id: RelationshipId| orm.mapping.relationship_str(&orm.mapping.relationship(id));
    match purpose {
        Purpose::Lazy { instance, relationship } => view::Purpose::LazyLoad {
            object: instance.get(),
            attribute: convert::relationship_name(orm, relationship),
        },
        Purpose::Refresh { instance } | Purpose::Deferred { instance } => {
            view::Purpose::Refresh { object: instance.get() }
        }
        Purpose::Get => view::Purpose::Query,
        Purpose::SelectIn { relationship } | Purpose::Subquery { relationship } => {
            view::Purpose::EagerLoad { path: path(relationship) }
        }
    }
}
