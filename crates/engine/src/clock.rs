//! Time, injected: the core never reads a clock of its own.

use std::cell::Cell;
use std::rc::Rc;

/// A source of time.
pub trait Clock {
    /// Seconds since some fixed moment.
    fn now(&self) -> f64;

    /// Lets time pass while waiting; a clock that cannot wait returns at once.
    fn sleep(&self, _seconds: f64) {}
}

/// A clock that stands still until it is told otherwise; waiting moves it.
#[derive(Clone, Debug, Default)]
pub struct ManualClock(Rc<Cell<f64>>);

impl ManualClock {
    /// Moves the clock forward.
    pub fn advance(&self, seconds: f64) {
        self.0.set(self.0.get() + seconds);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> f64 {
        self.0.get()
    }

    fn sleep(&self, seconds: f64) {
        self.advance(seconds);
    }
}
