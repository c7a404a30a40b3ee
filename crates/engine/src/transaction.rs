//! Transactions and savepoints of a connection, and their `with` blocks.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;

use crate::connection::Connection;
use crate::error::{Error, Result};
use crate::event::Event;

/// `RootTransaction` or `NestedTransaction`. Clones are the same transaction.
#[derive(Clone)]
pub struct Transaction {
    connection: Connection,
    state: Rc<TransactionState>,
}

/// What a connection keeps of a transaction.
pub(crate) struct TransactionState {
    /// Whether it has not ended yet.
    active: Cell<bool>,
    /// The savepoint's name; `None` for the outermost transaction.
    savepoint: Option<Rc<str>>,
    /// The savepoint around this one.
    previous: Option<Rc<TransactionState>>,
    /// The `with` block around this one's.
    outer_context: RefCell<Option<Rc<TransactionState>>>,
}

impl TransactionState {
    pub(crate) fn root() -> Self {
        Self {
            active: Cell::new(true),
            savepoint: None,
            previous: None,
            outer_context: RefCell::new(None),
        }
    }

    pub(crate) fn nested(name: Rc<str>, previous: Option<Rc<Self>>) -> Self {
        Self { savepoint: Some(name), previous, ..Self::root() }
    }

    pub(crate) fn is_active(&self) -> bool {
        self.active.get()
    }
}

impl Transaction {
    pub(crate) fn new(connection: Connection, state: Rc<TransactionState>) -> Self {
        Self { connection, state }
    }

    /// Its connection.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// `is_active`
    pub fn is_active(&self) -> bool {
        self.state.is_active()
    }

    /// `is_valid`
    pub fn is_valid(&self) -> bool {
        self.is_active() && !self.connection.is_invalidated()
    }

    /// Whether this is a savepoint.
    pub fn is_nested(&self) -> bool {
        self.state.savepoint.is_some()
    }

    /// Whether two handles are the same transaction.
    pub fn is_same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.state, &other.state)
    }

    /// `commit()`
    pub fn commit(&self) -> Result<()> {
        if !self.is_active() {
            if self.is_current() {
                return Err(self.connection.invalid_transaction());
            }
            let which = if self.is_nested() { "nested " } else { "" };
            return Err(Error::invalid_request(format!("This {which}transaction is inactive")));
        }
        if let Some(name) = &self.state.savepoint {
            let connection = self.connection.id();
            self.connection.emit(&Event::ReleaseSavepoint { connection, name })?;
            let released = self.connection.run_command(&format!("RELEASE SAVEPOINT {name}"));
            self.state.active.set(false);
            self.leave();
            return released;
        }
        let committed = self.connection.finish_root(true);
        self.cancel_nested();
        self.state.active.set(false);
        if committed.is_ok() {
            self.leave();
        }
        committed
    }

    /// `rollback()`
    pub fn rollback(&self) -> Result<()> {
        self.undo()
    }

    /// `close()`: undoes it when it has not ended.
    pub fn close(&self) -> Result<()> {
        self.undo()
    }

    fn undo(&self) -> Result<()> {
        let undone = if !self.is_active() {
            Ok(())
        } else if let Some(name) = &self.state.savepoint {
            if self.connection.in_transaction() {
                let connection = self.connection.id();
                let told = self.connection.emit(&Event::RollbackToSavepoint { connection, name });
                told.and_then(|()| {
                    self.connection.run_command(&format!("ROLLBACK TO SAVEPOINT {name}"))
                })
            } else {
                Ok(())
            }
        } else {
            self.connection.finish_root(false)
        };
        if !self.is_nested() && self.is_current() {
            self.cancel_nested();
        }
        self.state.active.set(false);
        self.leave();
        undone
    }

    /// Whether the connection still regards this as its transaction.
    pub fn is_current(&self) -> bool {
        let slot =
            if self.is_nested() { &self.connection.0.nested } else { &self.connection.0.root };
        slot.borrow().as_ref().is_some_and(|state| Rc::ptr_eq(state, &self.state))
    }

    /// Takes itself out of the connection.
    fn leave(&self) {
        if !self.is_current() {
            return;
        }
        if self.is_nested() {
            self.connection.0.nested.replace(self.state.previous.clone());
        } else {
            self.connection.0.root.replace(None);
        }
    }

    /// Ends all savepoints, which the end of the outermost transaction has made meaningless.
    fn cancel_nested(&self) {
        let mut next = self.connection.0.nested.take();
        while let Some(state) = next {
            state.active.set(false);
            next = state.previous.clone();
        }
    }

    /// `__enter__`
    pub fn enter(&self) {
        let outer = self.connection.0.context.replace(Some(Rc::clone(&self.state)));
        self.state.outer_context.replace(outer);
    }

    /// `__exit__`, with whether the block ended in an exception.
    pub fn exit(&self, failed: bool) -> Result<()> {
        let ended = if failed || !self.is_active() {
            if self.is_active() {
                self.rollback()
            } else if self.is_current() {
                self.close()
            } else {
                Ok(())
            }
        } else {
            self.commit().inspect_err(|_| {
                // The commit's error is the one to report.
                let _ = self.rollback();
            })
        };
        let outer = self.state.outer_context.take();
        let mut context = self.connection.0.context.borrow_mut();
        if context.as_ref().is_some_and(|state| Rc::ptr_eq(state, &self.state)) {
            *context = outer;
        }
        ended
    }
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction")
            .field("savepoint", &self.state.savepoint)
            .field("active", &self.is_active())
            .finish_non_exhaustive()
    }
}
