//! W1, W2 and W4 of the ORM beside hand-written rusqlite loops, alternating in one run, medians compared.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::disallowed_methods, reason = "a benchmark runs natively, with a clock")]

use std::rc::Rc;
use std::time::Instant;

use vidro_engine::{Clock, Driver, Event, Observer};
use vidro_orm::bench::{Workload, run};
use vidro_sqlite::{Sqlite, raw};

struct System(Instant);

impl Clock for System {
    fn now(&self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }
}

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

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let (sizes, rounds): (&[i64], usize) =
        if quick { (&[1_000], 3) } else { (&[1_000, 10_000, 100_000], 7) };
    println!(
        "{:<10}{:>9}{:>12}{:>12}{:>8}{:>12}{:>8}",
        "workload", "users", "raw ms", "orm ms", "ratio", "watched ms", "ratio"
    );
    for (name, workload) in Workload::ALL {
        for users in sizes {
            let rounds = if *users > 10_000 { rounds.min(3) } else { rounds };
            measure(name, workload, *users, rounds);
        }
    }
}

fn measure(name: &str, workload: Workload, users: i64, rounds: usize) {
    let system: Rc<dyn Clock> = Rc::new(System(Instant::now()));
    let driver = || Rc::new(Sqlite) as Rc<dyn Driver>;
    let (mut loops, mut orm, mut watched) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        loops.push(raw::run(name, users, &|| system.now()).expect("the raw loop runs"));
        orm.push(run(workload, users, driver(), &system, None).expect("the workload runs"));
        let listener = Some(Rc::new(Listener) as Rc<dyn Observer>);
        watched.push(run(workload, users, driver(), &system, listener).expect("the workload runs"));
    }
    let (loops, orm, watched) = (median(loops), median(orm), median(watched));
    println!(
        "{name:<10}{users:>9}{:>12.2}{:>12.2}{:>8.2}{:>12.2}{:>8.2}",
        loops * 1e3,
        orm * 1e3,
        orm / loops,
        watched * 1e3,
        watched / loops
    );
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds.get(seconds.len() / 2).copied().unwrap_or(0.0)
}
