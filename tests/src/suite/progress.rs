//! The committed numbers of passing cases, `progress.md` beside the cases, which only go up.

use super::document::Level;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// How one file fares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Score {
    /// Its path under `tests/suite`.
    pub file: String,
    /// Whether its cases must pass.
    pub level: Level,
    /// How many cases it has.
    pub cases: usize,
    /// How many of them pass.
    pub passing: usize,
}

/// Writes the `progress.md` of a test target.
pub fn render(target: &str, scores: &[Score]) -> String {
    let mut text = format!(
        "# Progress\n\nWhat passes. `UPDATE_EXPECT=1 cargo test -p vidro-tests --test {target}` writes this file; \
         a number here never goes down.\n\n| file | level | cases | passing |\n|---|---|---:|---:|\n"
    );
    for score in scores {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} |",
            score.file,
            score.level.word(),
            score.cases,
            score.passing
        );
    }
    text
}

/// The committed number for a file; 0 for a file that is not listed yet.
pub fn committed(progress: &str, file: &str) -> usize {
    progress
        .lines()
        .filter_map(|line| {
            let mut cells = line.trim_matches('|').split('|').map(str::trim);
            (cells.next()? == file).then(|| cells.nth(2)?.parse().ok())?
        })
        .next()
        .unwrap_or(0)
}

/// Complains in `report` about numbers that went down and, on `update`, writes the others; a file
/// that is out of date without `update` is a complaint too.
#[expect(clippy::disallowed_methods, reason = "the numbers stand in the source tree")]
pub fn settle(
    path: &Path,
    target: &str,
    before: &str,
    scores: &[Score],
    update: bool,
    report: &mut String,
) -> Result<(), Box<dyn Error>> {
    for score in scores {
        let old = committed(before, &score.file);
        if score.passing < old {
            *report += &format!("{}: {} cases passed, now {}\n", score.file, old, score.passing);
        }
    }
    let now = render(target, scores);
    if now == before || !report.is_empty() {
        return Ok(());
    }
    if update {
        fs::write(path, now)?;
    } else {
        *report += &format!("{} is out of date; run with UPDATE_EXPECT=1\n", path.display());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Score, committed, render};
    use crate::suite::Level;

    #[test]
    fn reads_what_it_writes() {
        let score =
            |file: &str, level, passing| Score { file: file.to_owned(), level, cases: 9, passing };
        let text =
            render("suite", &[score("a.md", Level::Issue2, 9), score("b/c.md", Level::Later, 4)]);
        assert_eq!(committed(&text, "a.md"), 9);
        assert_eq!(committed(&text, "b/c.md"), 4);
        assert_eq!(committed(&text, "new.md"), 0);
    }
}
