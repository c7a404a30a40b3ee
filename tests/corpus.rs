//! Runs the corpus of Core statements on Vidro: each must come out as on SQLAlchemy, to the letter.
//!
//! `CORPUS=word` runs only the statements whose file or text contains the word.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use vidro_tests::corpus::{self, Statement};
use vidro_tests::crowd;
use vidro_tests::suite::judge::diff;
use vidro_tests::suite::{Observed, Runner, Vidro};

/// A statement and the file it stands in.
struct Entry {
    file: String,
    statement: Statement,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

#[expect(clippy::disallowed_methods, reason = "the corpus is read from the source tree")]
fn entries() -> Result<Vec<Entry>, Box<dyn Error>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder())? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if Path::new(&name).extension().is_some_and(|extension| extension == "txt") {
            names.push(name);
        }
    }
    names.sort();
    let mut entries = Vec::new();
    for file in names {
        let statements = corpus::parse(&fs::read_to_string(folder().join(&file))?);
        entries.extend(statements.into_iter().map(|s| Entry { file: file.clone(), statement: s }));
    }
    Ok(entries)
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the corpus is read from the source tree")]
fn statements_compile_as_on_sqlalchemy() -> Result<(), Box<dyn Error>> {
    let prologue = fs::read_to_string(folder().join("prologue.py"))?;
    let mut entries = entries()?;
    assert!(entries.len() >= 1000, "only {} statements found", entries.len());
    if let Ok(word) = std::env::var("CORPUS") {
        entries.retain(|Entry { file, statement }| {
            file.contains(&word) || statement.source.iter().any(|line| line.contains(&word))
        });
    }
    let outputs = crowd::map(&entries, |entry| {
        let seen = Vidro.run(&entry.statement.script(&prologue));
        let Observed { output, error, .. } = seen;
        corpus::masked(&output) + &error.map(|e| format!("{}\n", e.message)).unwrap_or_default()
    });
    let mut report = String::new();
    for (Entry { file, statement }, output) in entries.iter().zip(outputs) {
        if output != statement.expected {
            let (line, source) = (statement.line, statement.source.join("\n> "));
            let lines = diff(&statement.expected, &output);
            report += &format!("--- {file}:{line}\n> {source}\n{lines}\n");
        }
    }
    assert!(report.is_empty(), "\n{report}");
    Ok(())
}
