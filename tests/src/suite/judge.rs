//! Compares what a run showed with what a case expects.

use super::document::{Case, Fence};
use super::observed::Observed;

/// One respect in which a run differs from what is expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// In which respect.
    pub fence: Fence,
    /// `true` where nothing but `[generated in …]` and `[cached since …]` differs.
    pub only_cache_notes: bool,
    /// The lines: ` ` in both, `-` expected, `+` seen.
    pub lines: String,
}

/// Every respect in which a run differs from what the case expects.
///
/// A missing fence expects nothing: no output, no SQL, no objects. It is not compared where the case says so,
/// and `sql` is not compared where `echo=True` shows it in the output already. `plan` is compared where it stands.
pub fn judge(case: &Case, seen: &Observed) -> Vec<Difference> {
    Fence::ALL.into_iter().filter_map(|fence| difference(case, seen, fence)).collect()
}

fn difference(case: &Case, seen: &Observed, fence: Fence) -> Option<Difference> {
    let silent = match fence {
        Fence::Plan => case.fence(fence).is_none(),
        Fence::Sql => case.source.contains("echo=True"),
        Fence::Output | Fence::States | Fence::Tables | Fence::Error => false,
    };
    if silent || case.without.contains(&fence) {
        return None;
    }
    let expected = case.fence(fence).unwrap_or_default();
    let seen = normalise(&seen.fence(fence));
    if expected == seen {
        return None;
    }
    Some(Difference {
        fence,
        only_cache_notes: without_cache_notes(expected) == without_cache_notes(&seen),
        lines: diff(expected, &seen),
    })
}

/// Replaces times and addresses, which differ from run to run, as `tests/record.py` does.
pub fn normalise(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let line = match without_log_time(line) {
            Some(rest) => format!("2000-01-01 00:00:00,000 {rest}"),
            None => line.to_owned(),
        };
        let line = replace_number(&line, "[generated in ", "s", "0.00000");
        let line = replace_number(&line, "[no key ", "s", "0.00000");
        let line = replace_number(&line, "[cached since ", "s ago", "0.000");
        result += &replace_addresses(&line);
    }
    result
}

/// What follows the time where the line is one of the logger's.
fn without_log_time(line: &str) -> Option<&str> {
    const SHAPE: &str = "0000-00-00 00:00:00,000 ";
    let (time, rest) = line.split_at_checked(SHAPE.len())?;
    let fits = |(seen, shape): (char, char)| {
        if shape == '0' { seen.is_ascii_digit() } else { seen == shape }
    };
    let (level, logger) = rest.split_once(' ')?;
    let is_log = level.chars().all(|c| c.is_ascii_uppercase()) && logger.starts_with("sqlalchemy.");
    (is_log && time.chars().zip(SHAPE.chars()).all(fits)).then_some(rest)
}

/// Replaces the number in each `before NUMBER after`.
fn replace_number(line: &str, before: &str, after: &str, number: &str) -> String {
    let mut result = String::new();
    let mut rest = line;
    while let Some(at) = rest.find(before) {
        let (head, tail) = rest.split_at(at + before.len());
        result += head;
        let digits = tail.trim_start_matches(|c: char| c.is_ascii_digit() || "e.+-".contains(c));
        rest = tail;
        if digits.len() < tail.len() && digits.starts_with(after) {
            result += number;
            rest = digits;
        }
    }
    result + rest
}

fn replace_addresses(line: &str) -> String {
    let mut result = String::new();
    let mut rest = line;
    while let Some(at) = rest.find("at 0x") {
        let (head, tail) = rest.split_at(at + "at 0x".len());
        result += head;
        let after = tail.trim_start_matches(|c: char| c.is_ascii_hexdigit());
        if after.len() < tail.len() {
            result.push('0');
        }
        rest = after;
    }
    result + rest
}

fn without_cache_notes(text: &str) -> String {
    text.replace("[cached since 0.000s ago", "[generated in 0.00000s")
}

/// The lines of both texts as a unified listing with a little context.
pub fn diff(expected: &str, seen: &str) -> String {
    let old: Vec<&str> = expected.lines().collect();
    let new: Vec<&str> = seen.lines().collect();
    let common = common_lengths(&old, &new);
    let length = |at: usize, to: usize| common.get(at * (new.len() + 1) + to).copied().unwrap_or(0);
    let mut listing: Vec<(char, &str)> = Vec::new();
    let (mut at, mut to) = (0, 0);
    loop {
        match (old.get(at), new.get(to)) {
            (Some(left), Some(right)) if left == right => {
                listing.push((' ', left));
                (at, to) = (at + 1, to + 1);
            }
            (Some(left), right) if right.is_none() || length(at + 1, to) >= length(at, to + 1) => {
                listing.push(('-', left));
                at += 1;
            }
            (_, Some(right)) => {
                listing.push(('+', right));
                to += 1;
            }
            (_, None) => break,
        }
    }
    with_context(&listing)
}

/// For each pair of positions the length of the longest common rest, row by row.
fn common_lengths(old: &[&str], new: &[&str]) -> Vec<usize> {
    let width = new.len() + 1;
    let mut lengths = vec![0_usize; width * (old.len() + 1)];
    for (at, left) in old.iter().enumerate().rev() {
        for (to, right) in new.iter().enumerate().rev() {
            let cell = |at: usize, to: usize| lengths.get(at * width + to).copied().unwrap_or(0);
            let longest = if left == right {
                cell(at + 1, to + 1) + 1
            } else {
                cell(at + 1, to).max(cell(at, to + 1))
            };
            if let Some(place) = lengths.get_mut(at * width + to) {
                *place = longest;
            }
        }
    }
    lengths
}

/// Keeps changed lines and three lines around each.
fn with_context(listing: &[(char, &str)]) -> String {
    const AROUND: usize = 3;
    let mut text = String::new();
    let mut skipped = false;
    for (at, (mark, line)) in listing.iter().enumerate() {
        let near = listing.get(at.saturating_sub(AROUND)..(at + AROUND + 1).min(listing.len()));
        if near.unwrap_or_default().iter().all(|(mark, _)| *mark == ' ') {
            skipped = true;
            continue;
        }
        if skipped {
            text += "  ⋮\n";
            skipped = false;
        }
        text.push(*mark);
        text += line;
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{diff, judge, normalise};
    use crate::suite::{Document, Failure, Fence, Observed};

    #[test]
    fn normalises_times_and_addresses() {
        let check = |text: &str, expect: &str| assert_eq!(normalise(text), expect);
        check("[generated in 0.00012s] ()", "[generated in 0.00000s] ()");
        check(
            "[generated in 1.2e-05s (insertmanyvalues) 1/2]",
            "[generated in 0.00000s (insertmanyvalues) 1/2]",
        );
        check("[cached since 12.5s ago] (1,)", "[cached since 0.000s ago] (1,)");
        check("[no key 0.00031s] ()", "[no key 0.00000s] ()");
        check("<User at 0x7f3A>, <B at 0x1>", "<User at 0x0>, <B at 0x0>");
        check(
            "2026-11-21 10:54:00,123 INFO sqlalchemy.engine.Engine COMMIT\n",
            "2000-01-01 00:00:00,000 INFO sqlalchemy.engine.Engine COMMIT\n",
        );
        check("2026-11-21 10:54:00,123 is a date\n", "2026-11-21 10:54:00,123 is a date\n");
    }

    #[test]
    fn lists_differences() {
        assert_eq!(diff("a\nb\nc\n", "a\nx\nc\n"), " a\n-b\n+x\n c\n");
        assert_eq!(diff("", "a\n"), "+a\n");
        assert_eq!(diff("1\n2\n3\n4\n5\n6\n", "1\n2\n3\n4\n5\n"), "  ⋮\n 3\n 4\n 5\n-6\n");
    }

    #[test]
    fn judges() {
        let text = "level: later\n## A\n```python\nx\n```\n\n```output\n1\n```\n";
        let case = &Document::parse(text).unwrap().cases[0];
        let output = |text: &str| Observed { output: text.to_owned(), ..Observed::default() };
        assert_eq!(judge(case, &output("1\n")), []);
        assert_eq!(judge(case, &output("2\n"))[0].lines, "-1\n+2\n");
        let error = Some(Failure { line: 1, message: "E".to_owned() });
        let failed = Observed { error, ..output("1\n") };
        let respects: Vec<_> = judge(case, &failed).into_iter().map(|d| d.fence).collect();
        assert_eq!(respects, [Fence::Error]);
    }
}
