//! `test`: every check, cheapest first; `--quick` stops after the native ones.

use crate::build;
use crate::shell::{
    Background, Outcome, Steps, WASM_CRATES, WASM_TARGET, cargo, command, for_browser, root,
    run as run_command,
};

/// The crates whose tests also run in a browser.
const BROWSER_TESTED: [&str; 6] = ["sql", "engine", "orm", "python", "script", "playground"];

/// One check, by the name that `--step` knows.
struct Check {
    name: &'static str,
    title: &'static str,
    run: fn() -> Outcome,
}

const FORMAT: Check = Check { name: "format", title: "format", run: format };
const LINTS: Check = Check { name: "lints", title: "lints, native", run: lints_native };
const LINTS_WASM: Check =
    Check { name: "lints-wasm", title: "lints, WebAssembly", run: lints_wasm };
const DOCS: Check = Check { name: "docs", title: "documentation", run: documentation };
const NATIVE: Check = Check { name: "native", title: "tests, native", run: tests_native };
const DOCTESTS: Check =
    Check { name: "doctests", title: "tests in the documentation", run: tests_in_documentation };
const BROWSER: Check =
    Check { name: "browser", title: "tests, headless Chromium", run: tests_browser };
const SIZE: Check = Check { name: "size", title: "size", run: crate::size::report };
const PAGE: Check = Check { name: "page", title: "tests, the whole page", run: tests_page };

const QUICK: [Check; 3] = [FORMAT, LINTS, NATIVE];
const WHILE_LINKING: [Check; 5] = [LINTS_WASM, DOCS, NATIVE, DOCTESTS, BROWSER];
const AFTER_LINKING: [Check; 2] = [SIZE, PAGE];

pub(crate) fn run(arguments: &[String]) -> Outcome {
    let mut steps = Steps::new();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => {
            steps.step("set-up", crate::setup::ensure_all)?;
            everything(&mut steps)?;
        }
        ["--quick"] => {
            crate::setup::ensure_nextest()?;
            all(&mut steps, &QUICK)?;
        }
        ["--step", name] => {
            let known = [FORMAT, LINTS].into_iter().chain(WHILE_LINKING).chain(AFTER_LINKING);
            let check = known.into_iter().find(|check| check.name == *name);
            let check = check.ok_or_else(|| format!("there is no step {name}"))?;
            steps.step(check.title, check.run)?;
        }
        _ => return Err("takes nothing, --quick, or --step NAME".to_owned()),
    }
    steps.summary();
    Ok(())
}

fn everything(steps: &mut Steps) -> Outcome {
    all(steps, &[FORMAT, LINTS])?;
    // Linking the optimised page keeps one core busy for minutes; the other works on.
    let page = Background::start("the optimised page", build::release());
    all(steps, &WHILE_LINKING)?;
    steps.step("the optimised page", || page.wait())?;
    all(steps, &AFTER_LINKING)
}

fn all(steps: &mut Steps, checks: &[Check]) -> Outcome {
    checks.iter().try_for_each(|check| steps.step(check.title, check.run))
}

fn format() -> Outcome {
    run_command(cargo().args(["fmt", "--all", "--check"]))
}

fn lints_native() -> Outcome {
    run_command(cargo().args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "-Dwarnings",
    ]))
}

/// Debian's compiler has no clippy; there the compiler's own lints must do.
fn lints_wasm() -> Outcome {
    let clippy = crate::setup::rust::has_clippy();
    let mut lints = for_browser("cargo");
    lints.args([if clippy { "clippy" } else { "check" }, "--target", WASM_TARGET, "--locked"]);
    for name in WASM_CRATES {
        lints.args(["-p", &format!("vidro-{name}")]);
    }
    if clippy {
        lints.args(["--", "-Dwarnings"]);
    }
    run_command(&mut lints)
}

fn documentation() -> Outcome {
    run_command(
        cargo()
            .args(["doc", "--workspace", "--no-deps", "--document-private-items", "--locked"])
            .env("RUSTDOCFLAGS", "-Dwarnings"),
    )
}

fn tests_native() -> Outcome {
    run_command(cargo().args(["nextest", "run", "--workspace", "--locked", "--no-fail-fast"]))
}

fn tests_in_documentation() -> Outcome {
    run_command(cargo().args(["test", "--doc", "--workspace", "--locked", "--quiet"]))
}

fn tests_browser() -> Outcome {
    for name in BROWSER_TESTED {
        let mut tests = for_browser("wasm-pack");
        tests.args(["--log-level", "warn", "test", "--headless", "--chrome"]);
        if let Some(driver) = crate::setup::chromium::driver() {
            tests.arg("--chromedriver").arg(driver);
        }
        // A failing test would otherwise bring the trace of the program that runs it, which tells nothing.
        tests.env("RUST_BACKTRACE", "0");
        run_command(tests.arg(root().join("crates").join(name)))?;
    }
    Ok(())
}

/// Node's test runner over `tests/e2e/*.test.mjs`, against `dist/`.
fn tests_page() -> Outcome {
    let folder = root().join("tests/e2e");
    let entries = std::fs::read_dir(&folder).map_err(|error| format!("tests/e2e: {error}"))?;
    let mut files: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".test.mjs"))
        .map(|name| format!("tests/e2e/{name}"))
        .collect();
    files.sort();
    if files.is_empty() {
        return Err("there are no tests in tests/e2e".to_owned());
    }
    let mut node = command("node");
    crate::setup::chromium::provide(&mut node);
    run_command(node.args(["--test", "--test-concurrency=2"]).args(files))
}
