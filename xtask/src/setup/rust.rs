//! The standard library for WebAssembly: rustup's, or one built from Debian's packages where rustup reaches no server.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::system::Packages;
use crate::shell::{Outcome, WASM_TARGET, command, find, read, run, target_dir};

/// Debian's Rust for browsers: a compiler, its sources and its linker.
const DEBIAN: Packages = Packages {
    debian: &["rustc-web", "cargo-web", "rust-web-src", "rust-web-llvm", "lld-22", "clang-22"],
    linux: RUSTUP,
    macos: RUSTUP,
    windows: RUSTUP,
};

const RUSTUP: &str = "rustup target add wasm32-unknown-unknown (rustup is at https://rustup.rs)";

const DEBIAN_RUSTC: &str = "/usr/bin/rustc";

pub(super) fn present() -> Option<String> {
    let rustc = compiler()?;
    read(command(rustc).arg("--version"))
}

pub(super) fn install() -> Outcome {
    if find(["rustup"]).is_some()
        && run(command("rustup").args(["target", "add", WASM_TARGET])).is_ok()
    {
        return Ok(());
    }
    println!("     rustup could not add the target; trying Debian's packages");
    DEBIAN.install()?;
    build_debian_library()
}

/// Whether clippy can lint for WebAssembly; Debian's compiler comes without it.
pub(crate) fn has_clippy() -> bool {
    compiler().is_none_or(|rustc| rustc != Path::new(DEBIAN_RUSTC))
}

/// Puts Debian's compiler first on the path of a command if it is the one that knows WebAssembly.
/// It has a target directory of its own, or the two compilers would undo each other's work.
pub(crate) fn provide(command: &mut Command) {
    if has_clippy() {
        return;
    }
    let known = command
        .get_envs()
        .find_map(|(name, value)| (name == "PATH").then(|| value.map(ToOwned::to_owned))?)
        .unwrap_or_default();
    let folders = std::iter::once(PathBuf::from("/usr/bin")).chain(std::env::split_paths(&known));
    if let Ok(path) = std::env::join_paths(folders) {
        command.env("PATH", path);
    }
    for name in ["RUSTUP_TOOLCHAIN", "LD_LIBRARY_PATH", "CARGO", "RUSTC"] {
        command.env_remove(name);
    }
    command.env("CARGO_TARGET_DIR", target_dir().join("debian"));
    if command.get_program().to_string_lossy().ends_with("cargo") {
        let mut other = Command::new("/usr/bin/cargo");
        other.args(command.get_args()).stdin(std::process::Stdio::null());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => other.env(name, value),
                None => other.env_remove(name),
            };
        }
        if let Some(folder) = command.get_current_dir() {
            other.current_dir(folder);
        }
        *command = other;
    }
}

/// The compiler that has a standard library for WebAssembly.
fn compiler() -> Option<PathBuf> {
    let usual = find(["rustc"]).into_iter();
    usual.chain([PathBuf::from(DEBIAN_RUSTC)]).find(|rustc| has_library(rustc))
}

fn has_library(rustc: &Path) -> bool {
    library(rustc)
        .and_then(|folder| std::fs::read_dir(folder).ok())
        .is_some_and(|mut files| files.any(|file| file.is_ok_and(|file| is_core(&file.path()))))
}

fn is_core(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with("libcore-") && name.ends_with(".rlib")
}

fn library(rustc: &Path) -> Option<PathBuf> {
    let sysroot = read(command(rustc).args(["--print", "sysroot"]))?;
    Some(Path::new(&sysroot).join("lib/rustlib").join(WASM_TARGET).join("lib"))
}

/// Compiles the standard library once, from Debian's sources, into the place where Debian's compiler looks.
fn build_debian_library() -> Outcome {
    let folder = target_dir().join("debian-std");
    let write = |file: &str, text: &str| {
        let path = folder.join(file);
        std::fs::create_dir_all(path.parent().unwrap_or(&folder))
            .and_then(|()| std::fs::write(&path, text))
            .map_err(|error| format!("{}: {error}", path.display()))
    };
    write("Cargo.toml", "[package]\nname = \"empty\"\nedition = \"2024\"\n\n[workspace]\n")?;
    write("src/lib.rs", "")?;
    let mut build = Command::new("/usr/bin/cargo");
    build.current_dir(&folder).args(["build", "--release", "--target", WASM_TARGET]);
    build.arg("-Zbuild-std=std,panic_abort,panic_unwind,test,proc_macro");
    build
        .env("RUSTC", DEBIAN_RUSTC)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", "-Cembed-bitcode=yes");
    build.env("CARGO_TARGET_DIR", folder.join("target"));
    for name in ["RUSTUP_TOOLCHAIN", "LD_LIBRARY_PATH", "CARGO"] {
        build.env_remove(name);
    }
    run(&mut build)?;

    let made = folder.join("target").join(WASM_TARGET).join("release/deps");
    let library = library(Path::new(DEBIAN_RUSTC)).ok_or("Debian's rustc tells no sysroot")?;
    copy_libraries(&made, &library).map_err(|error| format!("{}: {error}", library.display()))
}

fn copy_libraries(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to.join("self-contained"))?;
    for file in std::fs::read_dir(from)? {
        let path = file?.path();
        if let (Some("rlib"), Some(name)) =
            (path.extension().and_then(|e| e.to_str()), path.file_name())
        {
            std::fs::copy(&path, to.join(name))?;
        }
    }
    Ok(())
}
