//! What happens to objects where no script can be called: kept until one can.

use std::rc::Rc;

use crate::Orm;
use crate::error::Result;
use crate::host::{Host, Moment};
use crate::instance::InstanceId;
use crate::mapping::{Property, RelationshipId};
use crate::session::{SessionId, Transition};

/// Something that happened to an object while its rows were read or its session was busy.
#[derive(Clone, Debug)]
pub struct Notice {
    /// The object.
    pub instance: InstanceId,
    /// The session that held it then.
    pub session: Option<SessionId>,
    /// What happened.
    pub moment: Moment,
    /// The attributes concerned; none when that is all of them.
    pub attributes: Option<Vec<Rc<str>>>,
}

/// Notices that wait, in order; none is kept unless somebody listens.
#[derive(Debug, Default)]
pub(crate) struct Notices {
    wanted: bool,
    waiting: Vec<Notice>,
}

impl Orm {
    /// Tells the host from now on when objects are loaded, refreshed and expired.
    pub fn listen_to_instances(&mut self) {
        self.notices.wanted = true;
    }

    /// Whether somebody wants to hear of objects.
    pub(crate) fn takes_notice(&self) -> bool {
        self.notices.wanted
    }

    /// Keeps a notice about all attributes of an object.
    pub(crate) fn notice(&mut self, instance: InstanceId, moment: Moment) {
        self.notice_of(instance, moment, |_| None);
    }

    /// Keeps a notice of an object's new state.
    pub(crate) fn notice_transition(
        &mut self,
        session: Option<SessionId>,
        instance: InstanceId,
        transition: Transition,
    ) {
        if self.takes_notice() {
            let moment = Moment::Transition(transition);
            self.notices.waiting.push(Notice { instance, session, moment, attributes: None });
        }
    }

    /// Keeps a notice about some attributes, which are named only if somebody listens.
    pub(crate) fn notice_of(
        &mut self,
        instance: InstanceId,
        moment: Moment,
        attributes: impl FnOnce(&Self) -> Option<Vec<Rc<str>>>,
    ) {
        if self.takes_notice() {
            let attributes = attributes(self);
            let session = self.instances[instance].session;
            self.notices.waiting.push(Notice { instance, session, moment, attributes });
        }
    }

    /// Tells the host what was kept. Called where a statement is through, before its rows are used.
    pub fn tell_notices(&mut self, host: &mut dyn Host) -> Result<()> {
        if self.notices.waiting.is_empty() {
            return Ok(());
        }
        for notice in std::mem::take(&mut self.notices.waiting) {
            if self.instances.get(notice.instance).is_some() {
                host.on_instance(self, &notice)?;
            }
        }
        Ok(())
    }

    /// The relationships of an object that nobody loaded.
    pub(crate) fn unloaded_relationships(&self, id: InstanceId) -> Vec<RelationshipId> {
        let instance = &self.instances[id];
        let mapper = self.mapping.mapper(instance.mapper);
        let unloaded = |relationship: &RelationshipId| {
            mapper.slot(*relationship).is_some_and(|slot| !instance.related(slot).is_loaded())
        };
        mapper.relationships.iter().copied().filter(unloaded).collect()
    }

    /// The names of columns and of relationships of an object.
    pub(crate) fn attribute_names(
        &self,
        id: InstanceId,
        columns: &[u16],
        relationships: &[RelationshipId],
    ) -> Vec<Rc<str>> {
        let mapper = self.mapping.mapper(self.instances[id].mapper);
        let wanted = |property: &Property| match property {
            Property::Column(column) => columns.contains(column),
            Property::Relationship(relationship) => relationships.contains(relationship),
        };
        let named = mapper.properties.iter().filter(|(_, property)| wanted(property));
        named.map(|(key, _)| Rc::clone(key)).collect()
    }
}
