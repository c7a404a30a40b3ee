//! `vidro repl --jsonl`: one statement a line in, what it wrote a line out.

use std::io::{BufRead as _, Write as _};
use std::process::ExitCode;
use std::rc::Rc;

use serde_json::{Value, json};
use vidro_playground::terminal::{Channel, Options, Terminal, Transcript};

/// Answers requests `{"id", "source"}` with `{"id", "stdout", "error"}` until the input ends.
pub(crate) fn run() -> ExitCode {
    let transcript = Transcript::default();
    let options = Options { bare_echo: true, ..crate::options() };
    let clock = Rc::new(crate::clock::System::new());
    let mut terminal = Terminal::new(clock, crate::drivers(), options, transcript.sink());
    terminal.script().create_tables_by_name();
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let Ok(line) = line else { break };
        if line.trim().is_empty() {
            continue;
        }
        let request: Value = match serde_json::from_str(&line) {
            Ok(request) => request,
            Err(error) => {
                eprintln!("vidro: not a request: {error}");
                return ExitCode::FAILURE;
            }
        };
        let id = request.get("id").cloned().unwrap_or_default();
        let source = request.get("source").and_then(Value::as_str).unwrap_or_default();
        let name = format!("<example {id}>");
        let error = terminal.feed(&name, source).err().map(|failure| failure.report);
        let written = transcript.take().into_iter();
        let written = written.filter(|(channel, _)| *channel != Channel::Warning);
        let stdout: String = written.map(|(_, text)| text).collect();
        let answer = json!({"id": id, "stdout": stdout, "error": error});
        if writeln!(out, "{answer}").and_then(|()| out.flush()).is_err() {
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
