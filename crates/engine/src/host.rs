//! What engines share with the program around them: clock, log, observer and the numbering of connections.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;

use crate::clock::Clock;
use crate::echo::Log;
use crate::error::Result;
use crate::event::{Event, Observer};
use crate::listen::Listeners;

/// The surroundings of engines. Clones share.
#[derive(Clone)]
pub struct Host(Rc<Inner>);

struct Inner {
    /// The time.
    clock: Rc<dyn Clock>,
    /// Where log lines go.
    log: RefCell<Option<Rc<dyn Log>>>,
    /// Who listens.
    observer: RefCell<Option<Rc<dyn Observer>>>,
    /// Who in the script listens to every engine.
    listeners: Listeners,
    /// The last number given out.
    last_id: Cell<u32>,
    /// Whether tables are created in order of their names where no dependency says otherwise.
    tables_by_name: Cell<bool>,
}

impl Host {
    /// Surroundings with a clock and nobody listening.
    pub fn new(clock: Rc<dyn Clock>) -> Self {
        Self(Rc::new(Inner {
            clock,
            log: RefCell::new(None),
            observer: RefCell::new(None),
            listeners: Listeners::default(),
            last_id: Cell::new(0),
            tables_by_name: Cell::new(false),
        }))
    }

    /// Seconds since some fixed moment.
    pub fn now(&self) -> f64 {
        self.0.clock.now()
    }

    /// Lets time pass.
    pub(crate) fn sleep(&self, seconds: f64) {
        self.0.clock.sleep(seconds);
    }

    /// Sends log lines somewhere.
    pub fn set_log(&self, log: Option<Rc<dyn Log>>) {
        *self.0.log.borrow_mut() = log;
    }

    /// Where log lines go.
    pub fn log(&self) -> Option<Rc<dyn Log>> {
        self.0.log.borrow().clone()
    }

    /// Lets somebody listen, or nobody.
    pub fn set_observer(&self, observer: Option<Rc<dyn Observer>>) {
        *self.0.observer.borrow_mut() = observer;
    }

    /// Who listens.
    pub fn observer(&self) -> Option<Rc<dyn Observer>> {
        self.0.observer.borrow().clone()
    }

    /// Who in the script listens to every engine.
    pub fn listeners(&self) -> &Listeners {
        &self.0.listeners
    }

    /// Tells the observer, if there is one.
    pub fn observe(&self, event: &Event<'_>) -> Result<()> {
        self.observer().map_or(Ok(()), |observer| observer.observe(event))
    }

    /// Creates tables in order of their names where no dependency says otherwise, as SQLAlchemy's
    /// own documentation tests do; the usual order is that of declaration.
    pub fn set_tables_by_name(&self, on: bool) {
        self.0.tables_by_name.set(on);
    }

    /// Whether tables are created in order of their names.
    pub(crate) fn tables_by_name(&self) -> bool {
        self.0.tables_by_name.get()
    }

    /// A number nobody else has.
    pub(crate) fn next_id(&self) -> u32 {
        let id = self.0.last_id.get().wrapping_add(1);
        self.0.last_id.set(id);
        id
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").finish_non_exhaustive()
    }
}
