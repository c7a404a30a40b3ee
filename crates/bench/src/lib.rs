//! The ORM's workloads beside hand-written loops over the same statements, alternating in one run.
//!
//! `cargo xtask bench` runs them natively (`benches/workloads.rs`) and in Chromium (`tests/e2e/bench.mjs`).

#[cfg(target_family = "wasm")]
pub mod browser;

use std::fmt;
use std::rc::Rc;

use vidro_engine::{Clock, Driver, Event, Observer};
pub use vidro_orm::bench::Workload;
use vidro_orm::bench::run;
use vidro_sqlite::{Sqlite, raw};

/// Listens to everything and keeps nothing: what the page's event log costs at least.
struct Listener;

impl Observer for Listener {
    fn observe(&self, _: &Event<'_>) -> vidro_engine::Result<()> {
        Ok(())
    }

    fn wants_rows(&self) -> bool {
        true
    }
}

/// Medians of some rounds, in seconds.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// The hand-written loop.
    pub raw: f64,
    /// The ORM.
    pub orm: f64,
    /// The ORM with a listener attached to everything.
    pub watched: f64,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { raw, orm, watched } = self;
        let (of_orm, of_watched) = (orm / raw, watched / raw);
        let (raw, orm, watched) = (raw * 1e3, orm * 1e3, watched * 1e3);
        write!(f, "{raw:>12.2}{orm:>12.2}{of_orm:>8.2}{watched:>12.2}{of_watched:>8.2}")
    }
}

/// The heading of a table of [`Figures`] behind a workload's name and its number of users.
pub const HEADING: &str = "workload      users      raw ms      orm ms   ratio  watched ms   ratio";

/// Times a workload for that many users; an error says what failed.
pub fn measure(
    name: &str,
    workload: Workload,
    users: i64,
    rounds: usize,
    clock: &Rc<dyn Clock>,
) -> Result<Figures, String> {
    let driver = || Rc::new(Sqlite) as Rc<dyn Driver>;
    let (mut loops, mut orm, mut watched) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        loops.push(raw::run(name, users, &|| clock.now())?);
        let seconds = run(workload, users, driver(), clock, None);
        orm.push(seconds.map_err(|error| error.to_string())?);
        let listener = Some(Rc::new(Listener) as Rc<dyn Observer>);
        let seconds = run(workload, users, driver(), clock, listener);
        watched.push(seconds.map_err(|error| error.to_string())?);
    }
    Ok(Figures { raw: median(loops), orm: median(orm), watched: median(watched) })
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds.get(seconds.len() / 2).copied().unwrap_or(0.0)
}
