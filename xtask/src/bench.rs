//! `bench`: statements beside SQLAlchemy's, and the workloads of the ORM beside hand-written loops, natively and in
//! Chromium, each pair in the same run.

use crate::shell::{Outcome, cargo, command, for_browser, known, root, run as run_command};

pub(crate) fn run(arguments: &[String]) -> Outcome {
    known(arguments, &["--quick"])?;
    crate::setup::ensure_all()?;
    let quick = !arguments.is_empty();
    let extra: &[&str] = if quick { &["--quick"] } else { &[] };
    println!("\n== a statement, beside SQLAlchemy");
    let mut statement = cargo();
    match crate::suite::python() {
        Ok(python) => drop(statement.env("VIDRO_ORACLE", python)),
        Err(missing) => println!("{missing}"),
    }
    run_command(statement.args(["bench", "--package", "vidro-sql", "--bench", "compile"]))?;
    println!("\n== native");
    let mut native = cargo();
    native.args(["bench", "--package", "vidro-bench", "--bench", "workloads", "--"]);
    run_command(native.args(extra))?;
    println!("\n== headless Chromium");
    let folder = build_for_browser()?;
    let mut browser = command("node");
    crate::setup::chromium::provide(&mut browser);
    run_command(browser.arg("tests/e2e/bench.mjs").args(extra).env("VIDRO_BENCH", folder))
}

/// `crates/bench` as a module for the browser; its folder.
fn build_for_browser() -> Outcome<std::path::PathBuf> {
    let folder = crate::shell::target_dir().join("bench-wasm");
    run_command(
        for_browser("wasm-pack")
            .args(["--log-level", "warn", "build", "--release", "--target", "web", "--no-opt"])
            .args(["--no-pack", "--no-typescript"])
            .arg("--out-dir")
            .arg(&folder)
            .arg(root().join("crates/bench")),
    )?;
    Ok(folder)
}
