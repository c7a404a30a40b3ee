//! Programs written in Rust, compiled once by `cargo install` and kept in Cargo's folder of programs.

use crate::shell::{Outcome, cargo, command, read, root, run};

/// The newest trunk that this repository's compiler builds.
const TRUNK: &str = "0.21.14";

const WASM_PACK: &str = "0.15.1";

const NEXTEST: &str = "0.9.143";

pub(super) fn trunk_present() -> Option<String> {
    version_of("trunk", &[]).filter(|version| version == TRUNK)
}

/// Without optimisation trunk compiles in half the time and builds the page no slower: it mostly waits for others.
pub(super) fn install_trunk() -> Outcome {
    install("trunk", TRUNK, &["--debug", "--no-default-features", "--features", "rustls"])
}

pub(super) fn bindgen_present() -> Option<String> {
    let locked = locked_bindgen().ok();
    version_of("wasm-bindgen", &[]).filter(|version| Some(version) == locked.as_ref())
}

pub(super) fn install_bindgen() -> Outcome {
    let version = locked_bindgen()?;
    // A dependency locked by its release may be missing from a mirror, so an unlocked build is the second try.
    install("wasm-bindgen-cli", &version, &[]).or_else(|_| {
        run(cargo()
            .args(["install", "wasm-bindgen-cli", "--force", "--version", &version])
            .env_remove("CARGO_TARGET_DIR"))
    })
}

pub(super) fn wasm_pack_present() -> Option<String> {
    version_of("wasm-pack", &[])
}

pub(super) fn install_wasm_pack() -> Outcome {
    install("wasm-pack", WASM_PACK, &["--debug"])
}

pub(super) fn nextest_present() -> Option<String> {
    version_of("cargo-nextest", &["nextest"])
}

pub(super) fn install_nextest() -> Outcome {
    install("cargo-nextest", NEXTEST, &[])
}

fn install(name: &str, version: &str, options: &[&str]) -> Outcome {
    println!("     compiling {name} {version}, which takes some minutes, once");
    run(cargo()
        .args(["install", name, "--quiet", "--locked", "--force", "--version", version])
        .args(options)
        .env_remove("CARGO_TARGET_DIR"))
}

/// The version in `NAME VERSION …`, the form in which each of these programs tells it.
fn version_of(program: &str, before: &[&str]) -> Option<String> {
    let text = read(command(program).args(before).arg("--version"))?;
    text.split_whitespace().nth(1).map(ToOwned::to_owned)
}

/// The version of `wasm-bindgen` in Cargo.lock, which the program must equal.
fn locked_bindgen() -> Outcome<String> {
    let lock = std::fs::read_to_string(root().join("Cargo.lock"))
        .map_err(|error| format!("Cargo.lock: {error}"))?;
    locked_version(&lock, "wasm-bindgen").ok_or_else(|| "Cargo.lock has no wasm-bindgen".to_owned())
}

fn locked_version(lock: &str, package: &str) -> Option<String> {
    let start = lock.find(&format!("name = \"{package}\"\n"))?;
    let line = lock.get(start..)?.lines().nth(1)?;
    Some(line.strip_prefix("version = \"")?.trim_end_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::locked_version;

    #[test]
    fn versions_are_read_from_the_lock_file() {
        let lock = "[[package]]\nname = \"wasm-bindgen-futures\"\nversion = \"0.4.1\"\n\n\
                    [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\n";
        assert_eq!(locked_version(lock, "wasm-bindgen").as_deref(), Some("0.2.130"));
        assert_eq!(locked_version(lock, "wasm-pack"), None);
    }
}
