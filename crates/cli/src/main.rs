//! `vidro run FILE.py` and `vidro repl`: scripts written for SQLAlchemy, in a terminal.
#![expect(clippy::print_stdout, reason = "a command line tool speaks on standard output")]
#![expect(clippy::disallowed_methods, reason = "this tool reads files and the clock of the system")]

mod clock;
mod jsonl;
mod repl;

use std::io::Write as _;
use std::process::ExitCode;
use std::rc::Rc;

use vidro_playground::terminal::{Channel, Options, Sink, Terminal};
use vidro_playground::{Driver, Drivers, Limits, Url};
use vidro_sqlite::Sqlite;

const HELP: &str = "\
vidro run FILE.py [--echo] [--plan]    run a script
vidro repl [--jsonl]                   type statements, or send them as JSON lines

  --echo    log every statement, as create_engine(…, echo=True) does
  --plan    print each flush's plan before it runs
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["run", rest @ ..] => run(rest),
        ["repl"] => repl::run(),
        ["repl", "--jsonl"] => jsonl::run(),
        [] | ["--help" | "-h" | "help"] => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        _ => usage("unknown command or option"),
    }
}

/// Instructions of a run: some ten seconds of pure Python. What takes longer is an endless loop.
const MOST_INSTRUCTIONS: u64 = 1_000_000_000;

/// How scripts run here, before the command line has its say.
fn options() -> Options {
    let limits = Limits { instructions: Some(MOST_INSTRUCTIONS), ..Limits::default() };
    Options { limits, ..Options::default() }
}

/// Runs a file; the exit code and the streams are those of `python FILE.py`.
fn run(arguments: &[&str]) -> ExitCode {
    let mut options = options();
    let mut file = None;
    for argument in arguments {
        match *argument {
            "--echo" => options.force_echo = true,
            "--plan" => options.plans = true,
            name if name.starts_with("--") => return usage(&format!("unknown option {name}")),
            name if file.is_none() => file = Some(name),
            _ => return usage("one file at a time"),
        }
    }
    let Some(file) = file else { return usage("which file?") };
    let source = match std::fs::read_to_string(file) {
        Ok(source) => source,
        Err(error) => {
            eprintln!("vidro: can't open file '{file}': {error}");
            return ExitCode::from(2);
        }
    };
    let mut terminal = Terminal::new(Rc::new(clock::System::new()), drivers(), options, stdout());
    let ended = terminal.run(file, &source);
    flush();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{}", failure.report.trim_end());
            ExitCode::FAILURE
        }
    }
}

fn usage(problem: &str) -> ExitCode {
    eprintln!("vidro: {problem}\n\n{HELP}");
    ExitCode::from(2)
}

/// The databases this program can connect to.
fn drivers() -> Drivers {
    Rc::new(|url: &Url| (url.backend_name() == "sqlite").then(|| Rc::new(Sqlite) as Rc<dyn Driver>))
}

/// Everything but warnings goes to standard output, where Python's `print` and SQLAlchemy's echo go
/// as well.
fn stdout() -> Sink {
    let out = std::cell::RefCell::new(std::io::BufWriter::new(std::io::stdout()));
    Rc::new(move |channel: Channel, text: &str| {
        if channel == Channel::Warning {
            eprint!("{text}");
            return;
        }
        let mut out = out.borrow_mut();
        // A closed pipe is noticed at the end of the program, as in Python.
        let _ = out.write_all(text.as_bytes());
        let _ = out.flush();
    })
}

fn flush() {
    let _ = std::io::stdout().flush();
}
