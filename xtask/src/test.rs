//! `test`: every check, cheapest first; `--quick` stops after the native ones.

use crate::build;
use crate::shell::{
    Background, Outcome, Steps, WASM_CRATES, WASM_TARGET, cargo, command, for_browser, known, root,
    run as run_command,
};

/// The crates whose tests also run in a browser.
const BROWSER_TESTED: [&str; 6] = ["sql", "engine", "orm", "python", "script", "playground"];

pub(crate) fn run(arguments: &[String]) -> Outcome {
    known(arguments, &["--quick"])?;
    let mut steps = Steps::new();
    if arguments.is_empty() {
        steps.step("set-up", crate::setup::ensure_all)?;
        everything(&mut steps)?;
    } else {
        crate::setup::ensure_nextest()?;
        steps.step("format", format)?;
        steps.step("lints, native", lints_native)?;
        steps.step("tests, native", tests_native)?;
    }
    steps.summary();
    Ok(())
}

fn everything(steps: &mut Steps) -> Outcome {
    steps.step("format", format)?;
    steps.step("lints, native", lints_native)?;
    // Linking the optimised page keeps one core busy for minutes; the other works on.
    let page = Background::start("the optimised page", build::release());
    steps.step("lints, WebAssembly", lints_wasm)?;
    steps.step("documentation", documentation)?;
    steps.step("tests, native", tests_native)?;
    steps.step("tests in the documentation", tests_in_documentation)?;
    steps.step("tests, headless Chromium", tests_browser)?;
    steps.step("the optimised page", || page.wait())?;
    steps.step("size", crate::size::report)?;
    steps.step("tests, the whole page", tests_page)
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

fn lints_wasm() -> Outcome {
    let mut clippy = for_browser("cargo");
    clippy.args(["clippy", "--target", WASM_TARGET, "--locked"]);
    for name in WASM_CRATES {
        clippy.args(["-p", &format!("vidro-{name}")]);
    }
    run_command(clippy.args(["--", "-Dwarnings"]))
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
        tests.arg(root().join("crates").join(name));
        run_command(tests.args(["--", "--locked"]))?;
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
