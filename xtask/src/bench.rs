//! `bench`: the workloads of the ORM, each beside a hand-written loop in the same run, natively and in Chromium.

use crate::shell::{Outcome, cargo, command, for_browser, known, root, run as run_command};

pub(crate) fn run(arguments: &[String]) -> Outcome {
    known(arguments, &["--quick"])?;
    crate::setup::ensure_all()?;
    let quick = !arguments.is_empty();
    let native = root().join("xtask/benches/workloads.rs");
    let browser = root().join("tests/e2e/bench.mjs");
    if !native.is_file() && !browser.is_file() {
        return Err("there are no workloads yet: xtask/benches/workloads.rs, tests/e2e/bench.mjs"
            .to_owned());
    }
    if native.is_file() {
        println!("\n== native");
        let mut bench = cargo();
        bench.args(["bench", "--package", "xtask", "--bench", "workloads", "--"]);
        if quick {
            bench.arg("--quick");
        }
        run_command(&mut bench)?;
    }
    if browser.is_file() {
        println!("\n== headless Chromium");
        build_for_browser()?;
        let mut bench = command("node");
        crate::setup::chromium::provide(&mut bench);
        bench.arg(browser);
        if quick {
            bench.arg("--quick");
        }
        run_command(&mut bench)?;
    }
    Ok(())
}

/// The worker's module with its `bench` feature, outside `dist/`, for `tests/e2e/bench.mjs` to load.
fn build_for_browser() -> Outcome {
    let out = crate::shell::target_dir().join("bench-wasm");
    run_command(
        for_browser("wasm-pack")
            .args(["--log-level", "warn", "build", "--release", "--target", "web", "--no-opt"])
            .arg("--out-dir")
            .arg(out)
            .arg("crates/wasm")
            .args(["--", "--features", "bench"]),
    )
}
