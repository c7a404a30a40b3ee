//! Building and compiling a select of five joins, cold and from the cache: `cargo bench -p vidro-sql`.
//!
//! Given a Python that has SQLAlchemy, it also times `compile.py`, the same statement there, between its own rounds.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::disallowed_methods, reason = "a benchmark runs natively, with a clock")]
#![expect(clippy::expect_used, reason = "a statement that cannot be built has no figure")]

#[path = "../tests/support/five_joins.rs"]
mod five_joins;

use std::hint::black_box;
use std::process::Command;
use std::time::Instant;

use five_joins::Shop;
use vidro_sql::cache::Cache;
use vidro_sql::compile::{CompileOptions, compile};
use vidro_sql::dialect::Dialect;

/// Statements in one round.
const TURNS: u32 = 2_000;
/// Rounds of which the fastest counts, as in Python's `timeit`.
const ROUNDS: usize = 7;

/// Microseconds for one statement: built, built and compiled, built and found in the cache.
#[derive(Clone, Copy)]
struct Figures([f64; 3]);

fn main() {
    let shop = Shop::new();
    let (sqlite, options) = (Dialect::sqlite(), CompileOptions::default());
    let mut cache = Cache::default();
    let statement = shop.select(10).expect("the statement");
    let oracle = std::env::var_os("VIDRO_ORACLE");
    let mut best = Figures([f64::INFINITY; 3]);
    let mut theirs = Figures([f64::INFINITY; 3]);
    for _ in 0..ROUNDS {
        best.keep(Figures([
            time(|| drop(black_box(shop.select(10)))),
            time(|| {
                let statement = shop.select(10).expect("the statement");
                drop(black_box(compile(&statement, &sqlite, &options)));
            }),
            time(|| {
                let statement = shop.select(10).expect("the statement");
                drop(black_box(cache.compile(&statement, &sqlite, &options, 0.0)));
            }),
        ]));
        if let Some(python) = &oracle {
            theirs.keep(sqlalchemy(python));
        }
    }
    println!("{}\n", compile(&statement, &sqlite, &options).expect("the text").sql);
    println!("{:<28}{:>12}{:>14}{:>10}", "microseconds", "Vidro", "SQLAlchemy", "ratio");
    let rows = ["build", "build and compile, cold", "build and compile, cached"];
    for ((name, ours), theirs) in rows.into_iter().zip(best.0).zip(theirs.0) {
        println!("{name:<28}{ours:>12.2}{theirs:>14.2}{:>9.0}x", theirs / ours);
    }
    if oracle.is_none() {
        println!(
            "VIDRO_ORACLE names no Python with SQLAlchemy, so there is nothing to compare with"
        );
    }
}

impl Figures {
    fn keep(&mut self, other: Self) {
        for (best, new) in self.0.iter_mut().zip(other.0) {
            *best = best.min(new);
        }
    }
}

/// Microseconds for one turn.
fn time(mut turn: impl FnMut()) -> f64 {
    let started = Instant::now();
    for _ in 0..TURNS {
        turn();
    }
    started.elapsed().as_secs_f64() * 1e6 / f64::from(TURNS)
}

/// One round of `compile.py`.
fn sqlalchemy(python: &std::ffi::OsStr) -> Figures {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/compile.py");
    let output = Command::new(python).arg(script).output().expect("the oracle runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let mut numbers = text.split_whitespace().filter_map(|word| word.parse().ok());
    let mut next = || numbers.next().expect("three figures");
    Figures([next(), next(), next()])
}
