//! A suite file: its level, its cases, and writing back a fence that is ours to write.

use std::fmt;
use std::ops::Range;

/// Whether a file's cases must pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Every case must pass.
    Issue2,
    /// A case may fail, but the number of passing cases never goes down.
    Later,
}

impl Level {
    /// The word on the file's first line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Issue2 => "issue-2",
            Self::Later => "later",
        }
    }

    fn from_first_line(line: &str) -> Option<Self> {
        let word = line.strip_prefix("level: ")?;
        [Self::Issue2, Self::Later].into_iter().find(|level| level.word() == word)
    }
}

/// The kinds of expected fences, in the order in which they stand in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fence {
    /// Standard output.
    Output,
    /// What the engine logged.
    Sql,
    /// States of the objects that global variables hold.
    States,
    /// Rows of each table.
    Tables,
    /// The uncaught exception.
    Error,
    /// What `session.plan()` prints; not recorded from SQLAlchemy.
    Plan,
}

impl Fence {
    /// All kinds, in file order.
    pub const ALL: [Self; 6] =
        [Self::Output, Self::Sql, Self::States, Self::Tables, Self::Error, Self::Plan];

    /// The word after the backticks.
    pub fn word(self) -> &'static str {
        match self {
            Self::Output => "output",
            Self::Sql => "sql",
            Self::States => "states",
            Self::Tables => "tables",
            Self::Error => "error",
            Self::Plan => "plan",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fence| fence.word() == word)
    }
}

/// What is expected of one case in one respect.
#[derive(Clone, Debug)]
pub struct Expected {
    /// In which respect.
    pub fence: Fence,
    /// The text between the backticks, with its last line end.
    pub text: String,
    /// The lines of the whole fence, backticks included, counted from 0.
    pub lines: Range<usize>,
}

/// One `##` section.
#[derive(Clone, Debug)]
pub struct Case {
    /// The heading without its marks.
    pub title: String,
    /// The line of the heading, counted from 1.
    pub line: usize,
    /// The whole script.
    pub source: String,
    /// What the fence says not to compare (`without=tables`).
    pub without: Vec<Fence>,
    /// The fences after the script.
    pub expected: Vec<Expected>,
    /// The line after the last fence of the case, counted from 0.
    pub end: usize,
}

impl Case {
    /// The expected text, where the file has the fence.
    pub fn fence(&self, fence: Fence) -> Option<&str> {
        self.expected.iter().find(|e| e.fence == fence).map(|e| e.text.as_str())
    }
}

/// A suite file.
#[derive(Clone, Debug)]
pub struct Document {
    /// Whether its cases must pass.
    pub level: Level,
    /// Its cases in order.
    pub cases: Vec<Case>,
    lines: Vec<String>,
}

/// A file that does not follow the format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The offending line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for Malformed {}

impl Document {
    /// Reads a file.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let level =
            lines.first().and_then(|line| Level::from_first_line(line)).ok_or_else(|| {
                malformed(0, "the first line must be `level: issue-2` or `level: later`")
            })?;
        let mut document = Self { level, cases: Vec::new(), lines };
        let mut at = 1;
        while at < document.lines.len() {
            at = document.read_line(at)?;
        }
        match document.cases.iter().find(|case| case.source.is_empty()) {
            Some(case) => Err(malformed(case.line - 1, "a case without a script")),
            None => Ok(document),
        }
    }

    /// The file with one fence of one case replaced, added or, for an empty text, taken away.
    pub fn with_fence(&self, case: usize, fence: Fence, text: &str) -> String {
        let mut lines = self.lines.clone();
        if let Some(case) = self.cases.get(case) {
            let old = case.expected.iter().find(|e| e.fence == fence);
            // A fence owns the empty line before it.
            let place = old.map_or(case.end..case.end, |e| e.lines.start - 1..e.lines.end);
            let mut new = Vec::new();
            if !text.is_empty() {
                new.extend([String::new(), format!("```{}", fence.word())]);
                new.extend(text.lines().map(str::to_owned));
                new.push("```".to_owned());
            }
            lines.splice(place, new);
        }
        lines.join("\n") + "\n"
    }

    /// Reads what begins at line `at` and returns the line after it.
    fn read_line(&mut self, at: usize) -> Result<usize, Malformed> {
        let line = self.lines.get(at).map_or("", String::as_str);
        if let Some(info) = line.strip_prefix("```") {
            let info = info.to_owned();
            return self.read_fence(at, &info);
        }
        if let Some(title) = line.strip_prefix("## ") {
            self.cases.push(Case {
                title: title.to_owned(),
                line: at + 1,
                source: String::new(),
                without: Vec::new(),
                expected: Vec::new(),
                end: at + 1,
            });
        } else if !line.is_empty() && self.cases.last().is_some_and(|case| !case.source.is_empty())
        {
            return Err(malformed(at, "text after the script of a case"));
        }
        Ok(at + 1)
    }

    fn read_fence(&mut self, at: usize, info: &str) -> Result<usize, Malformed> {
        let length = self.lines.iter().skip(at + 1).position(|line| line == "```");
        let end = at + 2 + length.ok_or_else(|| malformed(at, "a fence that does not end"))?;
        let body = self.lines.get(at + 1..end - 1).unwrap_or_default();
        let text: String = body.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
        let case = self.cases.last_mut().ok_or_else(|| malformed(at, "a fence outside a case"))?;
        let mut words = info.split_whitespace();
        let kind = words.next().unwrap_or_default();
        if kind == "python" && case.source.is_empty() {
            case.source = text;
            for word in words {
                let fence = word.strip_prefix("without=").and_then(Fence::from_word);
                case.without.push(fence.ok_or_else(|| malformed(at, "an unknown option"))?);
            }
        } else {
            let fence = Fence::from_word(kind).filter(|_| !case.source.is_empty());
            let fence = fence.ok_or_else(|| malformed(at, "a fence of no known kind"))?;
            if case.fence(fence).is_some() {
                return Err(malformed(at, "a second fence of this kind"));
            }
            case.expected.push(Expected { fence, text, lines: at..end });
        }
        case.end = end;
        Ok(end)
    }
}

fn malformed(index: usize, message: &str) -> Malformed {
    Malformed { line: index + 1, message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::{Document, Fence, Level};

    const FILE: &str = "level: later\n\n# T\n\nText.\n\n## One\n\nWhy.\n\n```python without=tables\nprint(1)\n```\n\n```output\n1\n```\n\n## Two\n\n```python\npass\n```\n";

    #[test]
    fn reads_cases() {
        let document = Document::parse(FILE).unwrap();
        assert_eq!(document.level, Level::Later);
        let titles: Vec<_> = document.cases.iter().map(|c| (c.title.as_str(), c.line)).collect();
        assert_eq!(titles, [("One", 7), ("Two", 19)]);
        assert_eq!(document.cases[0].source, "print(1)\n");
        assert_eq!(document.cases[0].without, [Fence::Tables]);
        assert_eq!(document.cases[0].fence(Fence::Output), Some("1\n"));
        assert_eq!(document.cases[1].fence(Fence::Output), None);
    }

    #[test]
    fn writes_fences() {
        let added = Document::parse(FILE).unwrap().with_fence(0, Fence::Plan, "+ insert\n");
        assert!(added.contains("```output\n1\n```\n\n```plan\n+ insert\n```\n\n## Two"), "{added}");
        let document = Document::parse(&added).unwrap();
        let changed = document.with_fence(0, Fence::Plan, "- delete\n");
        assert!(changed.contains("```\n\n```plan\n- delete\n```\n\n## Two"), "{changed}");
        assert_eq!(document.with_fence(0, Fence::Plan, ""), FILE);
    }

    #[test]
    fn refuses_what_does_not_follow_the_format() {
        let check = |text: &str, expect: &str| {
            let message = Document::parse(text).unwrap_err().to_string();
            assert_eq!(message, expect, "{text:?}");
        };
        check("# T\n", "line 1: the first line must be `level: issue-2` or `level: later`");
        check("level: later\n\n```python\n```\n", "line 3: a fence outside a case");
        check("level: later\n## A\n```python\nx\n", "line 3: a fence that does not end");
        check("level: later\n## A\n```sql\n```\n", "line 3: a fence of no known kind");
        check("level: later\n## A\n", "line 2: a case without a script");
        check(
            "level: later\n## A\n```python\nx\n```\nmore\n",
            "line 6: text after the script of a case",
        );
    }
}
