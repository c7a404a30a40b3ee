//! The committed numbers of passing cases, `tests/suite/progress.md`, which only go up.

use super::document::Level;
use std::fmt::Write as _;

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
