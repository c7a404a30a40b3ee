//! Colours code by weight and shade: a small scanner for Python and SQL that writes HTML.

const PYTHON: &[&str] = &[
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
    "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import",
    "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while",
    "with", "yield",
];

const SQL: &[&str] = &[
    "ALTER",
    "AND",
    "AS",
    "ASC",
    "BEGIN",
    "BETWEEN",
    "BY",
    "CASCADE",
    "CASE",
    "CHECK",
    "COMMIT",
    "CONSTRAINT",
    "CREATE",
    "DEFAULT",
    "DELETE",
    "DESC",
    "DISTINCT",
    "DROP",
    "ELSE",
    "END",
    "EXISTS",
    "FOREIGN",
    "FROM",
    "GROUP",
    "HAVING",
    "IN",
    "INDEX",
    "INNER",
    "INSERT",
    "INTO",
    "IS",
    "JOIN",
    "KEY",
    "LEFT",
    "LIKE",
    "LIMIT",
    "NOT",
    "NULL",
    "OFFSET",
    "ON",
    "OR",
    "ORDER",
    "OUTER",
    "PRAGMA",
    "PRIMARY",
    "REFERENCES",
    "RETURNING",
    "ROLLBACK",
    "SAVEPOINT",
    "SELECT",
    "SET",
    "TABLE",
    "THEN",
    "UNION",
    "UNIQUE",
    "UPDATE",
    "VALUES",
    "WHEN",
    "WHERE",
    "WITH",
];

/// Appends text with what HTML treats specially replaced.
pub(crate) fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            _ => out.push(c),
        }
    }
}

/// The lines of a Python script as HTML. A triple-quoted string goes on from line to line.
pub(crate) fn python(source: &str) -> Vec<String> {
    let mut open = None;
    source.split('\n').map(|line| paint_line(line, PYTHON, "#", &mut open)).collect()
}

/// A SQL statement as HTML.
pub(crate) fn sql(text: &str) -> String {
    let mut open = None;
    let lines: Vec<String> =
        text.split('\n').map(|line| paint_line(line.trim_end(), SQL, "--", &mut open)).collect();
    lines.join("\n")
}

fn paint_line(
    line: &str,
    words: &[&str],
    comment: &str,
    open: &mut Option<&'static str>,
) -> String {
    let mut out = String::with_capacity(line.len() + 32);
    let mut rest = line;
    while !rest.is_empty() {
        let (class, length) = match open {
            Some(quote) => {
                let end = rest.find(*quote).map(|at| at + quote.len());
                if end.is_some() {
                    *open = None;
                }
                ("s", end.unwrap_or(rest.len()))
            }
            None => next_token(rest, words, comment, open),
        };
        let (token, after) = rest.split_at(length);
        if class.is_empty() {
            escape(token, &mut out);
        } else {
            out.push_str("<i class=");
            out.push_str(class);
            out.push('>');
            escape(token, &mut out);
            out.push_str("</i>");
        }
        rest = after;
    }
    out
}

/// The class of the token at the front, empty for plain text, and its length in bytes.
fn next_token(
    rest: &str,
    words: &[&str],
    comment: &str,
    open: &mut Option<&'static str>,
) -> (&'static str, usize) {
    if rest.starts_with(comment) {
        return ("c", rest.len());
    }
    for quote in ["\"\"\"", "'''"] {
        if rest.starts_with(quote) {
            *open = Some(quote);
            return ("s", quote.len());
        }
    }
    let first = rest.chars().next().unwrap_or(' ');
    if first == '"' || first == '\'' {
        return ("s", string_length(rest, first));
    }
    let word: usize =
        rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').map(char::len_utf8).sum();
    if word == 0 {
        return ("", first.len_utf8());
    }
    let text = rest.get(..word).unwrap_or_default();
    if first.is_ascii_digit() {
        ("n", word)
    } else if words.contains(&text) {
        ("k", word)
    } else {
        ("", word)
    }
}

fn string_length(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == quote {
            return at + 1;
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, expect: &[&str]) {
        assert_eq!(python(source), expect);
    }

    #[test]
    fn tokens_have_their_class() {
        check("if a: pass", &["<i class=k>if</i> a: <i class=k>pass</i>"]);
        check("x = 'a\\'<b' # é", &["x = <i class=s>'a\\'&lt;b'</i> <i class=c># é</i>"]);
        check("n1 = 12", &["n1 = <i class=n>12</i>"]);
        check("'open", &["<i class=s>'open</i>"]);
    }

    #[test]
    fn long_strings_go_on() {
        check(
            "a = '''x\ny''' + z",
            &["a = <i class=s>'''</i><i class=s>x</i>", "<i class=s>y'''</i> + z"],
        );
    }

    #[test]
    fn sql_keeps_its_lines() {
        assert_eq!(sql("SELECT a\nFROM t "), "<i class=k>SELECT</i> a\n<i class=k>FROM</i> t");
    }
}
