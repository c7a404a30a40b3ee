//! `setup`: installs what is missing to build and test the page, and says what and why.

pub(crate) mod cargo_tools;
pub(crate) mod chromium;
pub(crate) mod clang;
pub(crate) mod npm;
pub(crate) mod rust;
mod system;

use crate::shell::{Outcome, known};

/// One thing the repository's commands need from the machine.
struct Need {
    name: &'static str,
    why: &'static str,
    /// What is there already, as the user would recognise it; nothing if it is missing or too old.
    present: fn() -> Option<String>,
    install: fn() -> Outcome,
}

const WASM: Need = Need {
    name: "WebAssembly target",
    why: "the standard library that the page's Rust links",
    present: rust::present,
    install: rust::install,
};
const CLANG: Need = Need {
    name: "clang and llvm-ar",
    why: "compile SQLite's C to WebAssembly",
    present: clang::present,
    install: clang::install,
};
const NODE: Need = Need {
    name: "Node.js and npm",
    why: "run wasm-opt and the end-to-end tests",
    present: npm::node_present,
    install: npm::install_node,
};
const TOOLS: Need = Need {
    name: "npm packages, tools",
    why: "binaryen's wasm-opt makes the modules smaller and faster",
    present: npm::tools_present,
    install: npm::install_tools,
};
const BINDGEN: Need = Need {
    name: "wasm-bindgen",
    why: "joins WebAssembly and JavaScript; its version is the one in Cargo.lock",
    present: cargo_tools::bindgen_present,
    install: cargo_tools::install_bindgen,
};
const TRUNK: Need = Need {
    name: "trunk",
    why: "builds and serves the page",
    present: cargo_tools::trunk_present,
    install: cargo_tools::install_trunk,
};
const WASM_PACK: Need = Need {
    name: "wasm-pack",
    why: "runs the crates' tests in a browser",
    present: cargo_tools::wasm_pack_present,
    install: cargo_tools::install_wasm_pack,
};
const NEXTEST: Need = Need {
    name: "cargo-nextest",
    why: "runs the native tests",
    present: cargo_tools::nextest_present,
    install: cargo_tools::install_nextest,
};
const CHROMIUM: Need = Need {
    name: "Chromium and its driver",
    why: "the browser that tests run in",
    present: chromium::present,
    install: chromium::install,
};
const E2E: Need = Need {
    name: "npm packages, tests",
    why: "playwright-core drives the browser",
    present: npm::tests_present,
    install: npm::install_tests,
};

const PAGE: [Need; 6] = [WASM, CLANG, NODE, TOOLS, BINDGEN, TRUNK];
const TESTS: [Need; 4] = [WASM_PACK, NEXTEST, CHROMIUM, E2E];

pub(crate) fn run(arguments: &[String]) -> Outcome {
    known(arguments, &[])?;
    ensure_all()?;
    println!("\nEverything is there. Next: cargo xtask serve, cargo xtask test.");
    Ok(())
}

/// What `serve` and `build` need.
pub(crate) fn ensure_for_page() -> Outcome {
    ensure(PAGE.iter())
}

/// What `test` needs.
pub(crate) fn ensure_all() -> Outcome {
    ensure(PAGE.iter().chain(&TESTS))
}

pub(crate) fn ensure_nextest() -> Outcome {
    ensure([NEXTEST].iter())
}

/// Tries every need, so that one run tells all that is missing.
fn ensure<'a>(needs: impl Iterator<Item = &'a Need>) -> Outcome {
    let mut failures = Vec::new();
    for need in needs {
        if let Some(found) = (need.present)() {
            println!("ok   {:<24} {found}", need.name);
            continue;
        }
        println!("get  {:<24} {}", need.name, need.why);
        let installed = (need.install)().and_then(|()| {
            (need.present)().ok_or_else(|| "was installed but is still not found".to_owned())
        });
        match installed {
            Ok(found) => println!("ok   {:<24} {found}", need.name),
            Err(message) => failures.push(format!("{} ({}): {message}", need.name, need.why)),
        }
    }
    if failures.is_empty() {
        return Ok(());
    }
    Err(format!("these are missing:\n\n- {}", failures.join("\n- ")))
}
