//! Objects and sessions of the fold.

use super::Workspace;
use std::rc::Rc;
use vidro_protocol::{
    AttributeSet, CollectionChanged, EventBody, IdentityKey, NewObject, RelationLoaded, State,
    StateChange, Value, ValueKind,
};

/// One attribute of a card.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Slot {
    /// Attribute name.
    pub name: String,
    /// What it holds; nothing when it was not loaded, or is a collection.
    pub value: Option<Value>,
    /// What it held before the change that no flush has written yet.
    pub before: Option<Value>,
    /// Whether a change waits for a flush.
    pub dirty: bool,
    /// Whether its value was forgotten.
    pub expired: bool,
    /// The objects in a collection.
    pub members: Option<Vec<u32>>,
}

/// One object.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Card {
    /// Its id.
    pub id: u32,
    /// Its class.
    pub class: String,
    /// Script variables that hold it.
    pub names: Vec<String>,
    /// Its state.
    pub state: State,
    /// The session that has it.
    pub session: Option<u32>,
    /// Its identity key.
    pub key: Option<IdentityKey>,
    /// Its attributes, in order of appearance.
    pub slots: Vec<Slot>,
    /// The statement that changed it last.
    pub touched: usize,
}

/// One session.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct SessionCard {
    /// Its id.
    pub id: u32,
    /// Script variables that hold it.
    pub names: Vec<String>,
    /// Whether it is open.
    pub open: bool,
}

impl SessionCard {
    /// What a reader calls it.
    pub(crate) fn label(&self) -> String {
        self.names.first().cloned().unwrap_or_else(|| "Session".to_owned())
    }
}

impl Card {
    /// What a reader calls it.
    pub(crate) fn label(&self) -> String {
        match (&self.names.first(), &self.key) {
            (Some(name), _) => (*name).clone(),
            (None, Some(key)) => format!("{} {}", self.class, key.values.join(", ")),
            (None, None) => format!("{} #{}", self.class, self.id),
        }
    }

    /// Whether a change waits for a flush.
    pub(crate) fn is_dirty(&self) -> bool {
        self.slots.iter().any(|slot| slot.dirty)
    }

    /// Whether all that it knew was forgotten.
    pub(crate) fn is_expired(&self) -> bool {
        let mut plain = self.slots.iter().filter(|slot| slot.members.is_none()).peekable();
        plain.peek().is_some() && plain.all(|slot| slot.expired)
    }

    /// Forgets that anything was changed.
    pub(crate) fn settle(&mut self) {
        for slot in &mut self.slots {
            slot.dirty = false;
            slot.before = None;
        }
    }

    fn slot(&mut self, name: &str) -> &mut Slot {
        let at = match self.slots.iter().position(|slot| slot.name == name) {
            Some(at) => at,
            None => {
                self.slots.push(Slot { name: name.to_owned(), ..Slot::default() });
                self.slots.len() - 1
            }
        };
        &mut self.slots[at]
    }

    fn load(&mut self, name: &str, value: Value) {
        let slot = self.slot(name);
        *slot = Slot { name: name.to_owned(), value: Some(value), ..Slot::default() };
    }

    fn set(&mut self, change: &AttributeSet) {
        let slot = self.slot(&change.attribute);
        if !slot.dirty {
            slot.before = change.old.clone();
        }
        slot.dirty = slot.before.as_ref() != Some(&change.new);
        slot.value = Some(change.new.clone());
        slot.expired = false;
        slot.members = None;
    }

    fn collect(&mut self, change: &CollectionChanged) {
        let slot = self.slot(&change.attribute);
        slot.dirty = true;
        slot.expired = false;
        let members = slot.members.get_or_insert_default();
        members.retain(|member| !change.removed.contains(member));
        for added in &change.added {
            if !members.contains(added) {
                members.push(*added);
            }
        }
    }

    fn relate(&mut self, loaded: &RelationLoaded) {
        let slot = self.slot(&loaded.attribute);
        slot.dirty = false;
        slot.before = None;
        slot.expired = false;
        if loaded.many {
            slot.members = Some(loaded.targets.clone());
        } else {
            slot.members = None;
            let object = loaded.targets.first().copied();
            let kind = if object.is_some() { ValueKind::Object } else { ValueKind::None };
            let text = if object.is_some() { String::new() } else { "None".to_owned() };
            slot.value = Some(Value { text, kind, object });
        }
    }

    fn expire(&mut self, attributes: &[String]) {
        for slot in &mut self.slots {
            if attributes.is_empty() || attributes.contains(&slot.name) {
                slot.expired = true;
                slot.dirty = false;
                slot.before = None;
            }
        }
    }

    fn change_state(&mut self, change: &StateChange) {
        self.state = change.to;
        self.session = match change.to {
            State::Transient | State::Detached => None,
            State::Pending | State::Persistent | State::Deleted => change.session.or(self.session),
        };
        if change.to == State::Transient {
            self.key = None;
        }
    }
}

/// Folds one event into the objects and sessions.
pub(super) fn apply(workspace: &mut Workspace, body: &EventBody) {
    match body {
        EventBody::SessionOpened(id) => {
            let card = SessionCard { id: *id, open: true, ..SessionCard::default() };
            workspace.sessions.insert(*id, Rc::new(card));
        }
        EventBody::SessionNamed(named) => {
            if let Some(session) = workspace.sessions.get_mut(&named.id) {
                Rc::make_mut(session).names = named.names.clone();
            }
        }
        EventBody::SessionClosed(id) => {
            if let Some(session) = workspace.sessions.get_mut(id) {
                Rc::make_mut(session).open = false;
            }
        }
        EventBody::ObjectCreated(new) => create(workspace, new),
        EventBody::ObjectCollected(id) => {
            workspace.objects.remove(id);
        }
        EventBody::ObjectNamed(named) => {
            touch(workspace, named.id, |card| card.names = named.names.clone());
        }
        EventBody::StateChanged(change) => {
            touch(workspace, change.id, |card| card.change_state(change));
        }
        EventBody::IdentityAssigned(identity) => {
            touch(workspace, identity.id, |card| card.key = Some(identity.key.clone()));
        }
        EventBody::AttributeSet(change) => touch(workspace, change.id, |card| card.set(change)),
        EventBody::AttributesLoaded(loaded) => touch(workspace, loaded.id, |card| {
            for named in &loaded.values {
                card.load(&named.name, named.value.clone());
            }
        }),
        EventBody::AttributesExpired(expired) => {
            touch(workspace, expired.id, |card| card.expire(&expired.attributes));
        }
        EventBody::CollectionChanged(change) => {
            touch(workspace, change.id, |card| card.collect(change));
        }
        EventBody::RelationLoaded(loaded) => {
            touch(workspace, loaded.id, |card| card.relate(loaded));
        }
        _ => {}
    }
}

fn create(workspace: &mut Workspace, new: &NewObject) {
    let card = Card {
        id: new.id,
        class: new.class.clone(),
        state: new.state,
        session: new.session,
        touched: workspace.statement,
        ..Card::default()
    };
    workspace.objects.insert(new.id, Rc::new(card));
}

fn touch(workspace: &mut Workspace, id: u32, change: impl FnOnce(&mut Card)) {
    let statement = workspace.statement;
    if let Some(card) = workspace.objects.get_mut(&id) {
        let card = Rc::make_mut(card);
        change(card);
        card.touched = statement;
    }
}
