//! A clang that knows WebAssembly and an archiver beside it, for SQLite's C.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::system::Packages;
use crate::shell::{Outcome, command, find, read};

const PACKAGES: Packages = Packages {
    debian: &["clang", "llvm"],
    linux: "your distribution's packages clang and llvm (version 14 or newer)",
    macos: "brew install llvm (Apple's own clang does not know WebAssembly)",
    windows: "winget install LLVM.LLVM",
};

/// Folders outside the usual path where package managers put LLVM.
const FOLDERS: [&str; 3] =
    ["/opt/homebrew/opt/llvm/bin", "/usr/local/opt/llvm/bin", "C:/Program Files/LLVM/bin"];

/// Versions whose programs Debian names with a number.
const VERSIONS: std::ops::RangeInclusive<u32> = 14..=24;

/// The two programs.
struct Compiler {
    clang: PathBuf,
    archiver: PathBuf,
}

pub(super) fn present() -> Option<String> {
    let found = search()?;
    let version = read(command(&found.clang).arg("--version"))?;
    version.lines().next().map(ToOwned::to_owned)
}

pub(super) fn install() -> Outcome {
    PACKAGES.install()
}

/// Names clang to the `cc` crate, unless the user's environment does.
pub(crate) fn provide(command: &mut Command) {
    static FOUND: OnceLock<Option<Compiler>> = OnceLock::new();
    let Some(found) = FOUND.get_or_init(search) else { return };
    for (name, program) in [
        ("CC_wasm32_unknown_unknown", &found.clang),
        ("AR_wasm32_unknown_unknown", &found.archiver),
    ] {
        if std::env::var_os(name).is_none() {
            command.env(name, program);
        }
    }
}

fn search() -> Option<Compiler> {
    let numbered = |name: &str| {
        let newest_first = VERSIONS.rev().map(|version| format!("{name}-{version}"));
        std::iter::once(name.to_owned()).chain(newest_first).collect::<Vec<_>>()
    };
    let clangs = candidates(&numbered("clang"));
    let clang = clangs.into_iter().find(|clang| knows_wasm(clang))?;
    let archiver = candidates(&numbered("llvm-ar")).into_iter().next()?;
    Some(Compiler { clang, archiver })
}

/// Every program of these names, on the path first.
fn candidates(names: &[String]) -> Vec<PathBuf> {
    let on_path = names.iter().filter_map(|name| find([name.as_str()]));
    let elsewhere = FOLDERS.iter().flat_map(|folder| {
        names.iter().map(move |name| {
            Path::new(folder).join(name).with_extension(std::env::consts::EXE_EXTENSION)
        })
    });
    on_path.chain(elsewhere.filter(|path| path.is_file())).collect()
}

fn knows_wasm(clang: &Path) -> bool {
    read(command(clang).arg("--print-targets")).is_some_and(|targets| targets.contains("wasm32"))
}
