//! W1, W2 and W4 natively: `cargo bench -p vidro-bench`, with `-- --quick` for a first look.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::disallowed_methods, reason = "a benchmark runs natively, with a clock")]
#![expect(clippy::expect_used, reason = "a workload that fails has no figure")]

use std::rc::Rc;
use std::time::Instant;

use vidro_bench::{HEADING, Workload, measure};
use vidro_engine::Clock;

struct System(Instant);

impl Clock for System {
    fn now(&self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }
}

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let (sizes, rounds): (&[i64], usize) =
        if quick { (&[1_000], 3) } else { (&[1_000, 10_000, 100_000], 7) };
    let clock: Rc<dyn Clock> = Rc::new(System(Instant::now()));
    println!("{HEADING}");
    for (name, workload) in Workload::ALL {
        for users in sizes {
            let rounds = if *users > 10_000 { rounds.min(3) } else { rounds };
            let figures = measure(name, workload, *users, rounds, &clock);
            let figures = figures.expect("the workload runs");
            println!("{name:<10}{users:>9}{figures}");
        }
    }
}
