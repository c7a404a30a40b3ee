//! Running other programs: where they are, with what environment, and what is said when they fail.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What every step returns: nothing, or a message that says what to do.
pub(crate) type Outcome<T = ()> = Result<T, String>;

/// The crates that are compiled to WebAssembly, the page's two artefacts last.
pub(crate) const WASM_CRATES: [&str; 11] = [
    "sql",
    "engine",
    "sqlite",
    "orm",
    "python",
    "script",
    "protocol",
    "playground",
    "wasm",
    "web",
    "bench",
];

pub(crate) const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// Cargo's target directory, honouring `CARGO_TARGET_DIR`.
pub(crate) fn target_dir() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Where `cargo install` puts programs.
pub(crate) fn cargo_bin() -> Option<PathBuf> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    home.or_else(|| env::home_dir().map(|home| home.join(".cargo"))).map(|home| home.join("bin"))
}

/// Folders of programs that come before the user's `PATH`.
fn tool_folders() -> Vec<PathBuf> {
    let mut folders = vec![root().join("xtask/npm/node_modules/.bin")];
    folders.extend(cargo_bin());
    folders
}

fn search_path() -> std::ffi::OsString {
    let known = env::var_os("PATH").unwrap_or_default();
    let all = tool_folders().into_iter().chain(env::split_paths(&known));
    env::join_paths(all).unwrap_or(known)
}

/// The first of these programs that is on the search path.
pub(crate) fn find<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<PathBuf> {
    let folders: Vec<PathBuf> = env::split_paths(&search_path()).collect();
    let suffixes: &[&str] = if cfg!(windows) { &[".exe", ".cmd", ".bat"] } else { &[""] };
    for name in names {
        for folder in &folders {
            for suffix in suffixes {
                let path = folder.join(format!("{name}{suffix}"));
                if path.is_file() {
                    return Some(path);
                }
            }
        }
    }
    None
}

/// A program about to run in the repository's root with the tools of `setup` within reach.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let found = program.as_ref().to_str().and_then(|name| find([name]));
    let mut command = Command::new(found.as_deref().map_or(program.as_ref(), Path::as_os_str));
    command.current_dir(root()).env("PATH", search_path()).stdin(Stdio::null());
    command
}

/// Cargo for the machine this runs on.
pub(crate) fn cargo() -> Command {
    command("cargo")
}

/// A program that compiles for the browser, or starts one: knows clang, Chromium and the wasm standard library.
pub(crate) fn for_browser(program: impl AsRef<OsStr>) -> Command {
    let mut command = command(program);
    crate::setup::clang::provide(&mut command);
    crate::setup::rust::provide(&mut command);
    crate::setup::chromium::provide(&mut command);
    command
}

/// Runs a command to its end, showing what it prints.
pub(crate) fn run(command: &mut Command) -> Outcome {
    let shown = show(command);
    println!("$ {shown}");
    let status = command.status().map_err(|error| format!("`{shown}` could not start: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{shown}` failed ({status})")) }
}

/// Runs a command to its end and returns what it printed, or nothing if it failed.
pub(crate) fn read(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(text)
}

/// A command that runs while others do, its output kept until it is waited for.
pub(crate) struct Background {
    name: String,
    work: std::thread::JoinHandle<Outcome<String>>,
}

impl Background {
    pub(crate) fn start(name: &str, mut command: Command) -> Self {
        println!("$ {} (in the background)", show(&command));
        let label = name.to_owned();
        let work = std::thread::spawn(move || {
            let output =
                command.output().map_err(|error| format!("{label} could not start: {error}"))?;
            let text = format!(
                "{}{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
            if output.status.success() {
                Ok(text)
            } else {
                Err(format!("{label} failed ({}):\n{text}", output.status))
            }
        });
        Self { name: name.to_owned(), work }
    }

    pub(crate) fn wait(self) -> Outcome {
        println!("waiting for {}", self.name);
        let text = self.work.join().map_err(|_| format!("{} was interrupted", self.name))??;
        let lines: Vec<&str> = text.lines().collect();
        let tail = lines.len().saturating_sub(12);
        println!("{}", lines.get(tail..).unwrap_or_default().join("\n"));
        Ok(())
    }
}

fn show(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let mut text = program.to_string_lossy().into_owned();
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    text
}

/// Times the steps of a command and prints a heading for each.
pub(crate) struct Steps {
    started: Instant,
    done: Vec<(String, Duration)>,
}

impl Steps {
    pub(crate) fn new() -> Self {
        Self { started: Instant::now(), done: Vec::new() }
    }

    pub(crate) fn step(&mut self, name: &str, work: impl FnOnce() -> Outcome) -> Outcome {
        println!("\n== {name}");
        let started = Instant::now();
        work().map_err(|message| format!("{name}: {message}"))?;
        self.done.push((name.to_owned(), started.elapsed()));
        Ok(())
    }

    pub(crate) fn summary(&self) {
        println!();
        for (name, time) in &self.done {
            println!("{:>7.1} s  {name}", time.as_secs_f64());
        }
        println!("{:>7.1} s  in all", self.started.elapsed().as_secs_f64());
    }
}

/// Refuses arguments that a command does not know.
pub(crate) fn known(arguments: &[String], flags: &[&str]) -> Outcome {
    match arguments.iter().find(|argument| !flags.contains(&argument.as_str())) {
        Some(other) if flags.is_empty() => Err(format!("takes no arguments, but got {other}")),
        Some(other) => Err(format!("does not know {other}; it takes {}", flags.join(" "))),
        None => Ok(()),
    }
}
