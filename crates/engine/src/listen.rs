//! Listeners of the script: `event.listens_for(engine, "before_cursor_execute")` and its kin.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use crate::connection::Connection;
use crate::error::Result;
use crate::event::Event;
use crate::pool::{ConnectHook, Dbapi};

/// Whom an event is about.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    /// A connection that executes or ends a transaction.
    Connection(&'a Connection),
    /// A DBAPI connection that comes or goes.
    Dbapi(&'a Dbapi),
}

/// Hears what an engine does, before it is logged. An error stops the operation.
pub trait Listener {
    /// Called at each event.
    fn hear(&self, subject: Subject<'_>, event: &Event<'_>) -> Result<()>;
}

/// The listeners of one engine, or of all. Clones share.
#[derive(Clone, Default)]
pub struct Listeners(Rc<RefCell<Lists>>);

#[derive(Default)]
struct Lists {
    hooks: Vec<ConnectHook>,
    listeners: Vec<Rc<dyn Listener>>,
}

impl Listeners {
    /// Runs on each DBAPI connection opened from now on.
    pub fn on_connect(&self, hook: ConnectHook) {
        self.0.borrow_mut().hooks.push(hook);
    }

    /// Hears every event from now on.
    pub fn add(&self, listener: Rc<dyn Listener>) {
        self.0.borrow_mut().listeners.push(listener);
    }

    /// Runs no more on DBAPI connections.
    pub fn off_connect(&self, hook: &ConnectHook) {
        self.0.borrow_mut().hooks.retain(|known| !Rc::ptr_eq(known, hook));
    }

    /// Hears nothing from now on.
    pub fn remove(&self, listener: &Rc<dyn Listener>) {
        self.0.borrow_mut().listeners.retain(|known| !Rc::ptr_eq(known, listener));
    }

    /// Whether nobody listens.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.borrow().listeners.is_empty()
    }

    pub(crate) fn connected(&self, dbapi: &Dbapi) -> Result<()> {
        let hooks = self.0.borrow().hooks.clone();
        hooks.iter().try_for_each(|hook| hook(dbapi))
    }

    pub(crate) fn tell(&self, subject: Subject<'_>, event: &Event<'_>) -> Result<()> {
        let listeners = self.0.borrow().listeners.clone();
        listeners.iter().try_for_each(|listener| listener.hear(subject, event))
    }
}

impl fmt::Debug for Listeners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listeners").finish_non_exhaustive()
    }
}
