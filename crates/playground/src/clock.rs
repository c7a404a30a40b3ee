//! Time and chance, which the composition root injects: a browser's, a terminal's or a test's.

/// Where a playground gets time and chance from.
pub trait Clock {
    /// Nanoseconds since 1970 in UTC.
    fn now(&self) -> i128;

    /// Seconds on a clock that only goes forward.
    fn elapsed(&self) -> f64;

    /// A random number.
    fn random(&self) -> u64;
}

/// A clock that stands still, for tests and for recordings that must not change.
#[derive(Clone, Copy, Debug, Default)]
pub struct Still;

impl Clock for Still {
    fn now(&self) -> i128 {
        0
    }

    fn elapsed(&self) -> f64 {
        0.0
    }

    fn random(&self) -> u64 {
        4
    }
}
