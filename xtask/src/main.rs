//! `cargo xtask COMMAND`: everything that is done to the repository by a command.
#![expect(clippy::print_stdout, reason = "a command line tool speaks on standard output")]
#![expect(clippy::disallowed_methods, reason = "this tool runs natively, on files, with a clock")]

mod bench;
mod build;
mod serve;
mod setup;
mod shell;
mod size;
mod split;
mod suite;
mod test;

use std::process::ExitCode;

use shell::Outcome;

const HELP: &str = "\
cargo xtask COMMAND

  setup               install what is missing to build and test; nothing is done twice
  serve [--port N]    build the page, serve it on localhost and reload it on every change
        [--release] [--no-open]
  build --release     write the optimised static site to dist/
  test                everything CI checks: format, lints, docs, native tests, browser tests, page, size
  test --quick        format, native lints and native tests
  test --step NAME    one of: format lints lints-wasm docs native doctests browser size page
  size                what the page in dist/ weighs against its budgets
  split               cut the core in dist/ in two (trunk calls it after a release build)
  bench [--quick]     the ORM beside hand-written loops, natively and in headless Chromium
  suite [--check]     record the literate suite from real SQLAlchemy, or only compare it
        [FILE ...]
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", &[][..]),
    };
    match run(command, rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("\nxtask {command}: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: &str, rest: &[String]) -> Outcome {
    match command {
        "setup" => setup::run(rest),
        "serve" => serve::run(rest),
        "build" => build::run(rest),
        "test" => test::run(rest),
        "size" => size::run(rest),
        "split" => split::run(rest),
        "bench" => bench::run(rest),
        "suite" => suite::run(rest),
        "help" | "--help" | "-h" => {
            println!("{HELP}");
            Ok(())
        }
        other => Err(format!("there is no such command: {other}\n\n{HELP}")),
    }
}
