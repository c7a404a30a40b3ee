//! Node.js and the packages of npm, locked in the folders that use them.

use std::path::{Path, PathBuf};

use super::system::Packages;
use crate::shell::{Outcome, command, find, read, root, run};

const PACKAGES: Packages = Packages {
    debian: &["nodejs", "npm"],
    linux: "Node.js 20 or newer from https://nodejs.org",
    macos: "brew install node",
    windows: "winget install OpenJS.NodeJS.LTS",
};

/// The oldest version with the parts of its test runner that are used.
const OLDEST_NODE: u32 = 20;

/// Programs that build the page.
const TOOLS: &str = "xtask/npm";

/// What the end-to-end tests import.
const TESTS: &str = "tests/e2e";

pub(super) fn node_present() -> Option<String> {
    find(["npm"])?;
    let version = read(command("node").arg("--version"))?;
    let major: u32 = version.trim_start_matches('v').split('.').next()?.parse().ok()?;
    (major >= OLDEST_NODE).then_some(version)
}

pub(super) fn install_node() -> Outcome {
    PACKAGES.install()?;
    match node_present() {
        Some(_) => Ok(()),
        None => {
            Err(format!("version {OLDEST_NODE} or newer is needed; get it from https://nodejs.org"))
        }
    }
}

pub(super) fn tools_present() -> Option<String> {
    present(TOOLS)
}

pub(super) fn install_tools() -> Outcome {
    install(TOOLS)
}

pub(super) fn tests_present() -> Option<String> {
    present(TESTS)
}

pub(super) fn install_tests() -> Outcome {
    install(TESTS)
}

/// A copy of the lock file beside the packages tells for which lock they were installed.
fn stamp(folder: &Path) -> PathBuf {
    folder.join("node_modules/.installed-for")
}

fn present(folder: &str) -> Option<String> {
    let folder = root().join(folder);
    let lock = std::fs::read_to_string(folder.join("package-lock.json")).ok()?;
    let installed = std::fs::read_to_string(stamp(&folder)).ok()?;
    (lock == installed).then(|| "as locked".to_owned())
}

fn install(folder: &str) -> Outcome {
    let folder = root().join(folder);
    let mut npm = command("npm");
    npm.current_dir(&folder).args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
    run(npm.env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"))?;
    std::fs::copy(folder.join("package-lock.json"), stamp(&folder))
        .map(|_| ())
        .map_err(|error| format!("{}: {error}", folder.display()))
}
