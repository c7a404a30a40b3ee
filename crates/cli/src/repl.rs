//! `vidro repl`: statements typed by a person.

use std::io::{BufRead as _, Write as _};
use std::process::ExitCode;
use std::rc::Rc;

use vidro_playground::terminal::Terminal;

/// Reads statements until the input ends.
pub(crate) fn run() -> ExitCode {
    let clock = Rc::new(crate::clock::System::new());
    let mut terminal = Terminal::new(clock, crate::drivers(), crate::options(), crate::stdout());
    println!("Vidro: Python as SQLAlchemy scripts use it, on SQLite. End with Ctrl-D.");
    let mut statement = String::new();
    prompt(">>> ");
    for line in std::io::stdin().lock().lines() {
        let Ok(line) = line else { break };
        statement.push_str(&line);
        statement.push('\n');
        if wants_more(&statement) {
            prompt("... ");
            continue;
        }
        if !statement.trim().is_empty()
            && let Err(failure) = terminal.feed("<stdin>", &statement)
        {
            println!("{}", failure.report.trim_end());
        }
        statement.clear();
        prompt(">>> ");
    }
    println!();
    ExitCode::SUCCESS
}

fn prompt(text: &str) {
    print!("{text}");
    let _ = std::io::stdout().flush();
}

/// Whether Python's prompt would ask for another line.
fn wants_more(text: &str) -> bool {
    let scan = scan(text);
    if scan.in_string || scan.depth > 0 || text.trim_end_matches('\n').ends_with('\\') {
        return true;
    }
    let compound = scan.ends_with_colon || text.trim_start().starts_with('@');
    compound && !text.ends_with("\n\n")
}

#[derive(Default)]
struct Scan {
    /// Brackets that are open.
    depth: i32,
    /// Whether a triple-quoted string is open.
    in_string: bool,
    /// Whether a line outside brackets ends in a colon.
    ends_with_colon: bool,
}

fn scan(text: &str) -> Scan {
    let mut found = Scan::default();
    let mut quote: Option<&str> = None;
    let mut last = ' ';
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let mut step = c.len_utf8();
        match quote {
            Some(open) => {
                if c == '\\' {
                    step += rest.chars().nth(1).map_or(0, char::len_utf8);
                } else if rest.starts_with(open) || (c == '\n' && open.len() == 1) {
                    step = open.len();
                    quote = None;
                }
            }
            None => match c {
                '#' => step = rest.find('\n').unwrap_or(rest.len()),
                '"' | '\'' => {
                    let triple = ["\"\"\"", "'''"].into_iter().find(|open| rest.starts_with(open));
                    let open = triple.unwrap_or(if c == '"' { "\"" } else { "'" });
                    quote = Some(open);
                    step = open.len();
                }
                '(' | '[' | '{' => found.depth += 1,
                ')' | ']' | '}' => found.depth -= 1,
                '\n' => found.ends_with_colon |= last == ':' && found.depth <= 0,
                _ => {}
            },
        }
        if !c.is_whitespace() && c != '#' {
            last = c;
        }
        rest = rest.get(step..).unwrap_or("");
    }
    found.in_string = quote.is_some_and(|open| open.len() == 3);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_end_where_pythons_prompt_ends_them() {
        for (text, more) in [
            ("x = 1\n", false),
            ("x = (1,\n", true),
            ("x = (1,\n2)\n", false),
            ("class A:\n", true),
            ("class A:\n    x = 1\n", true),
            ("class A:\n    x = 1\n\n", false),
            ("@decorated\n", true),
            ("x = \"\"\"a\n", true),
            ("x = {'a': 1}\n", false),
            ("x = 1 \\\n", true),
            ("# for:\n", false),
            ("print('(')\n", false),
        ] {
            assert_eq!(wants_more(text), more, "{text:?}");
        }
    }
}
