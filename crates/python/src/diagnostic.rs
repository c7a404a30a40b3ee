//! Where something is in a source text, and what is wrong there.

mod suggest;
mod traceback;

use std::fmt;
use std::rc::Rc;

pub(crate) use suggest::suggestion;
pub use traceback::format_exception;

use crate::value::Str;

/// A range of bytes in a source text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
}

/// A source text with a name.
pub struct Source {
    /// The file name tracebacks show.
    pub name: Str,
    /// The text.
    pub text: Str,
    lines: Vec<u32>,
}

impl Source {
    /// A source text; the lines are found once.
    pub fn new(name: impl Into<Str>, text: impl Into<Str>) -> Rc<Self> {
        let text: Str = text.into();
        let mut lines = vec![0];
        for (at, _) in text.match_indices('\n') {
            lines.push(u32::try_from(at + 1).unwrap_or(u32::MAX));
        }
        Rc::new(Self { name: name.into(), text, lines })
    }

    /// The line of a byte offset, counted from 1.
    pub fn line(&self, offset: u32) -> usize {
        self.lines.partition_point(|start| *start <= offset).max(1)
    }

    /// The column of a byte offset in characters, counted from 1.
    pub fn column(&self, offset: u32) -> usize {
        let start = self.lines.get(self.line(offset) - 1).copied().unwrap_or(0);
        self.slice(Span { start, end: offset }).chars().count() + 1
    }

    /// The text of a span; empty where it lies outside.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or("")
    }

    /// The text of a line, counted from 1, without its end.
    pub fn line_text(&self, line: usize) -> &str {
        let start = self.lines.get(line.saturating_sub(1)).copied().unwrap_or(0) as usize;
        let rest = self.text.get(start..).unwrap_or("");
        rest.lines().next().unwrap_or("")
    }

    /// The byte at which a line begins.
    pub(crate) fn line_start(&self, line: usize) -> u32 {
        self.lines.get(line.saturating_sub(1)).copied().unwrap_or(0)
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({})", self.name)
    }
}

/// A span in a source text.
#[derive(Clone, Debug)]
pub struct Location {
    /// The text.
    pub source: Rc<Source>,
    /// The range in it.
    pub span: Span,
}

impl Location {
    /// The line where it begins, counted from 1.
    pub fn line(&self) -> usize {
        self.source.line(self.span.start)
    }

    /// The column where it begins, counted from 1.
    pub fn column(&self) -> usize {
        self.source.column(self.span.start)
    }

    /// Its text.
    pub fn text(&self) -> &str {
        self.source.slice(self.span)
    }
}

/// The longest part of a source line that an error shows, in characters.
const LONGEST: usize = 160;

/// An error found before anything ran.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// The exception class: `SyntaxError`, `IndentationError`, `MemoryError`.
    pub class: &'static str,
    /// What is wrong.
    pub message: String,
    /// Where.
    pub location: Location,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// The error as CPython prints it, with the line and a marker below it.
    pub fn render(&self) -> String {
        let Location { source, span } = &self.location;
        let line = self.location.line();
        let text = source.line_text(line);
        let trimmed = text.trim_start();
        let indent = text.chars().count() - trimmed.chars().count();
        let column = self.location.column().saturating_sub(1 + indent);
        let available = trimmed.chars().count().saturating_sub(column).max(1);
        let width = source.slice(*span).lines().next().unwrap_or("").chars().count();
        let marker = "^".repeat(width.clamp(1, available).min(LONGEST));
        // Of a very long line only the part around the error is worth showing.
        let skip = if column > LONGEST { column - LONGEST / 2 } else { 0 };
        let shown: String = trimmed.trim_end().chars().skip(skip).take(LONGEST).collect();
        let mut out = format!(
            "  File \"{}\", line {line}\n    {shown}\n    {}{marker}\n{}: {}\n",
            source.name,
            " ".repeat(column - skip),
            self.class,
            self.message,
        );
        if let Some(hint) = &self.hint {
            out.push_str("Hint: ");
            out.push_str(hint);
            out.push('\n');
        }
        out
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} (line {}, column {})",
            self.message,
            self.location.line(),
            self.location.column()
        )
    }
}
