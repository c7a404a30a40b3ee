//! The corpus of Core statements: its files, and the script that makes Vidro say what it makes of one.
//!
//! The format is told in `tests/corpus/README.md`; `tests/record_corpus.py` is the other reader.

/// One statement and what SQLAlchemy makes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Its first line in the file, counted from 1.
    pub line: usize,
    /// Its lines of Python; the last one is the expression that is shown.
    pub source: Vec<String>,
    /// What `show()` prints of it.
    pub expected: String,
    /// Whether values go into the text.
    pub literal: bool,
}

impl Statement {
    /// The script that prints what is expected: the prologue, then the statement in a `try`.
    pub fn script(&self, prologue: &str) -> String {
        let mut text = format!("{prologue}\n\ntry:\n");
        let (last, before) = match self.source.split_last() {
            Some((last, before)) => (last.as_str(), before),
            None => ("None", &self.source[..]),
        };
        for line in before {
            text += &format!("    {line}\n");
        }
        let literal = if self.literal { "True" } else { "False" };
        text += &format!("    show(({last}), {literal})\n");
        text += "except Exception as error:\n";
        text += "    print(f\"raises: {type(error).__name__}: {escape(error)}\")\n";
        text
    }
}

/// Text with the addresses of objects made alike: `at 0x0`.
pub fn masked(text: &str) -> String {
    let mut parts = text.split(" at 0x");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out += " at 0x0";
        out += part.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, 'a'..='f'));
    }
    out
}

/// Reads a file of the corpus.
pub fn parse(text: &str) -> Vec<Statement> {
    let literal = text.starts_with("literal\n");
    let mut statements: Vec<Statement> = Vec::new();
    let mut in_source = false;
    for (index, line) in text.lines().enumerate() {
        let source = line.strip_prefix("> ");
        if let Some(source) = source {
            if !in_source {
                let line = index + 1;
                let (source, expected) = (Vec::new(), String::new());
                statements.push(Statement { line, source, expected, literal });
            }
            if let Some(statement) = statements.last_mut() {
                statement.source.push(source.to_owned());
            }
        } else if !line.is_empty()
            && !line.starts_with("# ")
            && let Some(statement) = statements.last_mut()
        {
            statement.expected += line;
            statement.expected.push('\n');
        }
        in_source = source.is_some();
    }
    statements
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn reads_statements() {
        let file = "literal\n\n# H\n\n> a = 1\n> a == 2\nstr: x\nsqlite: y\n\n> b\nvalue: 3\n";
        let statements = parse(file);
        assert_eq!(statements.len(), 2);
        assert_eq!(statements[0].source, ["a = 1", "a == 2"]);
        assert_eq!(statements[0].expected, "str: x\nsqlite: y\n");
        assert_eq!((statements[1].line, statements[1].literal), (10, true));
        let script = statements[0].script("import x");
        assert!(script.contains("try:\n    a = 1\n    show((a == 2), True)\nexcept "), "{script}");
    }
}
