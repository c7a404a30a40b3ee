//! Runs the literate suite on Vidro.
//!
//! `SUITE=word` runs only the cases whose file or title contains the word and prints every difference;
//! `UPDATE_EXPECT=1` writes the `plan` fences and `progress.md`, all the rest is recorded from SQLAlchemy.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use vidro_tests::suite::Document;

/// A suite file and its path under the suite's folder.
struct File {
    name: String,
    document: Document,
}

/// The suite's folder.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("suite")
}

/// Every suite file in order of its path.
fn files() -> Result<Vec<File>, Box<dyn Error>> {
    let mut paths = Vec::new();
    collect(&folder(), &mut paths)?;
    paths.sort();
    paths.iter().map(|path| open(path)).collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let no_suite = ["README.md", "progress.md"].iter().any(|name| path.ends_with(name));
        if path.is_dir() {
            collect(&path, paths)?;
        } else if path.extension().is_some_and(|extension| extension == "md") && !no_suite {
            paths.push(path);
        }
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "the suite is read from the source tree")]
fn open(path: &Path) -> Result<File, Box<dyn Error>> {
    let name = path.strip_prefix(folder())?.to_string_lossy().replace('\\', "/");
    let document = Document::parse(&fs::read_to_string(path)?)
        .map_err(|problem| format!("{name}, {problem}"))?;
    Ok(File { name, document })
}

#[test]
fn files_are_well_formed() -> Result<(), Box<dyn Error>> {
    let files = files()?;
    let cases: usize = files.iter().map(|file| file.document.cases.len()).sum();
    assert!(cases >= 100, "only {cases} cases found");
    for File { name, document } in files {
        let mut titles: Vec<_> = document.cases.iter().map(|case| &case.title).collect();
        titles.sort();
        titles.dedup();
        assert_eq!(titles.len(), document.cases.len(), "{name} has two cases of one title");
    }
    Ok(())
}
