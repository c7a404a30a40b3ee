//! Chromium and chromedriver: the browser that tests run in.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::system::Packages;
use crate::shell::{Outcome, command, find, read, root};

const PACKAGES: Packages = Packages {
    debian: &["chromium", "chromium-driver"],
    linux: "your distribution's packages chromium and chromedriver",
    macos: "brew install --cask chromium chromedriver",
    windows: "winget install Google.Chrome, and the chromedriver of the same version on the PATH",
};

/// Where browsers are that are not on the path.
const ELSEWHERE: [&str; 4] = [
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Google/Chrome/Application/chrome.exe",
];

pub(super) fn present() -> Option<String> {
    let (browser, driver) = (browser()?, driver()?);
    let version = read(command(driver).arg("--version"))?;
    let short = version.split(" (").next().unwrap_or_default();
    Some(format!("{}, {short}", browser.display()))
}

pub(super) fn install() -> Outcome {
    PACKAGES.install()
}

/// The browser: `CHROMIUM` if set, else the first that is found.
pub(crate) fn browser() -> Option<PathBuf> {
    let given = std::env::var_os("CHROMIUM").map(PathBuf::from);
    given
        .or_else(|| {
            find([
                "chromium",
                "chromium-browser",
                "google-chrome",
                "google-chrome-stable",
                "chrome",
            ])
        })
        .or_else(|| ELSEWHERE.iter().map(PathBuf::from).find(|path| Path::is_file(path)))
}

/// The driver: `CHROMEDRIVER` if set, else the one on the path.
pub(crate) fn driver() -> Option<PathBuf> {
    std::env::var_os("CHROMEDRIVER").map(PathBuf::from).or_else(|| find(["chromedriver"]))
}

/// Tells a command where both are, and that the browser is to ask nobody anything.
pub(crate) fn provide(command: &mut Command) {
    if let Some(browser) = browser() {
        command.env("CHROMIUM", browser);
    }
    if let Some(driver) = driver() {
        command.env("CHROMEDRIVER", driver);
    }
    command.env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", root().join("xtask/webdriver.json"));
    command.env("WASM_BINDGEN_TEST_TIMEOUT", "300");
}
