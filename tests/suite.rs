//! Runs the literate suite on Vidro.
//!
//! `SUITE=word` runs only the cases whose file or title contains the word and prints every difference;
//! `UPDATE_EXPECT=1` writes the `plan` fences and `progress.md`, all the rest is recorded from SQLAlchemy.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use vidro_tests::crowd;
use vidro_tests::suite::progress::{self, Score};
use vidro_tests::suite::{Case, Difference, Document, Fence, Level, Runner, Vidro, judge};

/// A suite file and its path under the suite's folder.
struct File {
    name: String,
    document: Document,
}

/// What became of one case.
struct Verdict {
    differences: Vec<Difference>,
    /// The plan to write where it differs from the one in the file.
    plan: Option<String>,
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

#[test]
fn cases_run_as_on_sqlalchemy() -> Result<(), Box<dyn Error>> {
    let files = files()?;
    let word = std::env::var("SUITE").ok();
    let chosen: Vec<(&File, &Case)> = files
        .iter()
        .flat_map(|file| file.document.cases.iter().map(move |case| (file, case)))
        .filter(|(file, case)| {
            let word = word.as_deref().unwrap_or_default();
            file.name.contains(word) || case.title.contains(word)
        })
        .collect();
    let verdicts = crowd::map(&chosen, |(_, case)| decide(case));
    let mut report = String::new();
    for ((file, case), verdict) in chosen.iter().zip(&verdicts) {
        if word.is_some() || file.document.level == Level::Issue2 {
            report += &listing(file, case, verdict);
        }
    }
    if word.is_some() {
        let passing = verdicts.iter().filter(|verdict| verdict.differences.is_empty()).count();
        println!("{passing} of {} cases pass", verdicts.len());
    } else {
        settle(&files, &chosen, &verdicts, &mut report)?;
    }
    assert!(report.is_empty(), "\n{report}");
    Ok(())
}

/// Runs a case and compares.
fn decide(case: &Case) -> Verdict {
    let seen = Vidro.run(&case.source);
    let plan = seen.fence(Fence::Plan);
    let old = case.fence(Fence::Plan);
    let plan = old.is_some_and(|old| old != plan).then_some(plan);
    Verdict { differences: judge(case, &seen), plan }
}

fn listing(file: &File, case: &Case, verdict: &Verdict) -> String {
    let heading = format!("{}:{} {}", file.name, case.line, case.title);
    let lines = verdict.differences.iter().map(|difference| {
        let note = if difference.only_cache_notes { " (only cache notes)" } else { "" };
        format!("--- {heading}: {}{note}\n{}\n", difference.fence.word(), difference.lines)
    });
    lines.collect()
}

/// Compares the numbers of passing cases with the committed ones, and writes what is ours to write.
#[expect(clippy::disallowed_methods, reason = "the suite stands in the source tree")]
fn settle(
    files: &[File],
    chosen: &[(&File, &Case)],
    verdicts: &[Verdict],
    report: &mut String,
) -> Result<(), Box<dyn Error>> {
    let path = folder().join("progress.md");
    let committed = fs::read_to_string(&path).unwrap_or_default();
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut scores = Vec::new();
    for file in files {
        let own = chosen.iter().zip(verdicts).filter(|((of, _), _)| of.name == file.name);
        let own: Vec<&Verdict> = own.map(|(_, verdict)| verdict).collect();
        let passing = own.iter().filter(|verdict| verdict.differences.is_empty()).count();
        let (level, cases) = (file.document.level, file.document.cases.len());
        scores.push(Score { file: file.name.clone(), level, cases, passing });
        if update {
            write_plans(file, &own)?;
        }
    }
    progress::settle(&path, "suite", &committed, &scores, update, report)
}

/// Brings the `plan` fences of a file up to date, last one first so that line numbers stay true.
#[expect(clippy::disallowed_methods, reason = "the suite stands in the source tree")]
fn write_plans(file: &File, verdicts: &[&Verdict]) -> Result<(), Box<dyn Error>> {
    let path = folder().join(&file.name);
    for (number, verdict) in verdicts.iter().enumerate().rev() {
        if let Some(plan) = &verdict.plan {
            let document = Document::parse(&fs::read_to_string(&path)?)?;
            fs::write(&path, document.with_fence(number, Fence::Plan, plan))?;
        }
    }
    Ok(())
}
