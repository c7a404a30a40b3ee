//! The system's time and chance.

use std::cell::Cell;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use vidro_playground::Clock;

/// The clock of the computer.
#[derive(Debug)]
pub(crate) struct System {
    started: Instant,
    /// State of the generator behind `random`, never nought.
    state: Cell<u64>,
}

impl System {
    /// A clock that starts now.
    pub(crate) fn new() -> Self {
        let seed = since_1970().map_or(1, |since| u64::from(since.subsec_nanos()) | 1);
        Self { started: Instant::now(), state: Cell::new(seed) }
    }
}

fn since_1970() -> Option<std::time::Duration> {
    SystemTime::now().duration_since(UNIX_EPOCH).ok()
}

impl Clock for System {
    fn now(&self) -> i128 {
        since_1970().and_then(|since| i128::try_from(since.as_nanos()).ok()).unwrap_or(0)
    }

    fn elapsed(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }

    /// Marsaglia's xorshift.
    fn random(&self) -> u64 {
        let mut state = self.state.get();
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        self.state.set(state);
        state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
}
