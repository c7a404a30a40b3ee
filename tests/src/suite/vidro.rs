//! The runner of this repository: a terminal over SQLite, each script with files and connections of its own.

use std::path::PathBuf;
use std::process;
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};

use vidro_engine::Driver;
use vidro_playground::clock::Still;
use vidro_playground::terminal::{self, Channel, NamedObject, Options, Terminal, Transcript};
use vidro_playground::{Drivers, Limits, Url};

use super::database::Shared;
use super::observed::{Failure, ObjectState, Observed, Runner};

/// Runs scripts in a fresh terminal each.
#[derive(Clone, Copy, Debug, Default)]
pub struct Vidro;

impl Runner for Vidro {
    fn run(&mut self, source: &str) -> Observed {
        let folder = Folder::new();
        let database = Rc::new(Shared::new(folder.0.clone()));
        let transcript = Transcript::default();
        let options = Options {
            bare_echo: !echoes(source),
            force_echo: !echoes(source),
            plans: true,
            limits: Limits { instructions: Some(200_000_000), ..Limits::default() },
        };
        let drivers = only(&database);
        let mut terminal = Terminal::new(Rc::new(Still), drivers, options, transcript.sink());
        let ended = terminal.run("script.py", source);
        let mut seen = Observed {
            states: terminal.objects().into_iter().map(ObjectState::from).collect(),
            tables: database.tables(),
            error: ended.err().filter(|failure| failure.class != "SystemExit").map(Failure::from),
            ..Observed::default()
        };
        for (channel, text) in transcript.take() {
            match channel {
                Channel::Log if !echoes(source) => {
                    seen.sql.push(text.strip_suffix('\n').unwrap_or(&text).to_owned());
                }
                Channel::Output | Channel::Log => seen.output += &text,
                Channel::Plan => seen.plan += &text,
                Channel::Warning => {}
            }
        }
        seen
    }
}

/// Whether the script asks for the log itself.
fn echoes(source: &str) -> bool {
    source.contains("echo=True")
}

fn only(database: &Rc<Shared>) -> Drivers {
    let database = Rc::clone(database);
    Rc::new(move |url: &Url| {
        (url.backend_name() == "sqlite").then(|| Rc::clone(&database) as Rc<dyn Driver>)
    })
}

/// A folder for the files of one script, gone when it ends.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("vidro-suite-{}-{number}", process::id()));
        // Without the folder the script cannot open its file, and says so.
        let _ = std::fs::create_dir_all(&folder);
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl From<NamedObject> for ObjectState {
    fn from(object: NamedObject) -> Self {
        Self { name: object.name, state: object.state.to_owned(), key: object.key }
    }
}

impl From<terminal::Failure> for Failure {
    fn from(failure: terminal::Failure) -> Self {
        let text = format!("{}: {}", failure.class, failure.message);
        let message = text.trim_end_matches([':', ' ']).to_owned();
        Self { line: failure.place.map_or(0, |place| place.line), message }
    }
}
