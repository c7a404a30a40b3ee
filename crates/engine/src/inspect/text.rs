//! What SQLite's pragmas do not tell, read out of the text of CREATE TABLE.

/// A constraint found in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Clause {
    /// `PRIMARY KEY` with a name.
    PrimaryKey { name: String },
    /// `FOREIGN KEY … REFERENCES …`
    ForeignKey(ForeignKeyClause),
    /// `UNIQUE (…)` of the table, or `UNIQUE` of a column.
    Unique { name: Option<String>, columns: Vec<String> },
    /// `CHECK (…)`
    Check { name: Option<String>, sqltext: String },
}

/// `FOREIGN KEY … REFERENCES …`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ForeignKeyClause {
    pub(super) name: Option<String>,
    pub(super) columns: Vec<String>,
    pub(super) table: String,
    pub(super) referred: Vec<String>,
    pub(super) ondelete: Option<String>,
    pub(super) onupdate: Option<String>,
    pub(super) deferrable: Option<bool>,
    pub(super) initially: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Word,
    Quoted,
    Open,
    Close,
    Comma,
    Other,
}

#[derive(Clone, Copy, Debug)]
struct Token<'a> {
    kind: Kind,
    text: &'a str,
    /// Bytes of the whole text before and up to its end.
    start: usize,
    end: usize,
}

impl Token<'_> {
    fn is(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }
}

/// All constraints of a CREATE TABLE statement, in order.
pub(super) fn clauses(sql: &str) -> Vec<Clause> {
    let tokens = tokens(sql);
    let Some(open) = tokens.iter().position(|token| token.kind == Kind::Open) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for part in split(tokens.get(open + 1..).unwrap_or_default()) {
        Reader { sql, tokens: part, at: 0 }.definition(&mut found);
    }
    found
}

/// Whether the text after the closing parenthesis says so: `WITHOUT ROWID`, `STRICT`.
pub(super) fn table_options(sql: &str) -> (bool, bool) {
    let tail = sql.rsplit_once(')').map_or("", |(_, tail)| tail).to_uppercase();
    let words: Vec<&str> = tail.split(|c: char| !c.is_alphabetic()).collect();
    (words.contains(&"ROWID"), words.contains(&"STRICT"))
}

fn tokens(sql: &str) -> Vec<Token<'_>> {
    let mut list = Vec::new();
    let mut at = 0;
    while let Some(c) = sql.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = sql.get(at..).unwrap_or("");
        let (kind, length, inner) = match c {
            '(' => (Kind::Open, 1, 0..1),
            ')' => (Kind::Close, 1, 0..1),
            ',' => (Kind::Comma, 1, 0..1),
            '"' | '`' | '\'' | '[' => {
                let close = if c == '[' { ']' } else { c };
                let end =
                    rest.get(1..).and_then(|inner| inner.find(close)).map_or(rest.len(), |i| i + 2);
                let kind = if c == '\'' { Kind::Other } else { Kind::Quoted };
                (kind, end, 1..end.saturating_sub(1).max(1))
            }
            c if c.is_alphanumeric() || c == '_' => {
                let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_'));
                let end = end.unwrap_or(rest.len());
                (Kind::Word, end, 0..end)
            }
            c => (Kind::Other, c.len_utf8(), 0..c.len_utf8()),
        };
        if !c.is_whitespace() {
            let text = rest.get(inner).unwrap_or("");
            list.push(Token { kind, text, start: at, end: at + length });
        }
        at += length;
    }
    list
}

/// The parts between the commas of the outermost level.
fn split<'a, 't>(tokens: &'t [Token<'a>]) -> Vec<&'t [Token<'a>]> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (index, token) in tokens.iter().enumerate() {
        let ends = match token.kind {
            Kind::Open => {
                depth += 1;
                false
            }
            Kind::Close if depth == 0 => true,
            Kind::Close => {
                depth -= 1;
                false
            }
            Kind::Comma => depth == 0,
            Kind::Word | Kind::Quoted | Kind::Other => false,
        };
        if ends {
            parts.push(tokens.get(start..index).unwrap_or_default());
            start = index + 1;
            if token.kind == Kind::Close {
                return parts;
            }
        }
    }
    parts.push(tokens.get(start..).unwrap_or_default());
    parts
}

/// Reads one definition between two commas.
struct Reader<'a, 't> {
    sql: &'a str,
    tokens: &'t [Token<'a>],
    at: usize,
}

impl<'a> Reader<'a, '_> {
    fn definition(&mut self, found: &mut Vec<Clause>) {
        let constraint = ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"];
        let is_column = !constraint.iter().any(|word| self.sees(word));
        let column = if is_column { self.name() } else { None };
        let mut name = None;
        while self.at < self.tokens.len() {
            if self.takes("CONSTRAINT") {
                name = self.name();
            } else if self.takes("PRIMARY") {
                self.takes("KEY");
                if let Some(name) = name.take() {
                    found.push(Clause::PrimaryKey { name });
                }
            } else if self.takes("UNIQUE") {
                let columns = match &column {
                    Some(column) => vec![column.clone()],
                    None => self.names(),
                };
                found.push(Clause::Unique { name: name.take(), columns });
            } else if self.takes("CHECK") {
                let sqltext = self.inside();
                found.push(Clause::Check { name: name.take(), sqltext });
            } else if self.takes("FOREIGN") {
                self.takes("KEY");
                let columns = self.names();
                self.takes("REFERENCES");
                found.push(Clause::ForeignKey(self.reference(name.take(), columns)));
            } else if self.takes("REFERENCES") {
                let columns = column.clone().into_iter().collect();
                found.push(Clause::ForeignKey(self.reference(name.take(), columns)));
            } else {
                self.at += 1;
            }
        }
    }

    fn reference(&mut self, name: Option<String>, columns: Vec<String>) -> ForeignKeyClause {
        let table = self.name().unwrap_or_default();
        let mut referred = self.names();
        if referred.is_empty() {
            referred.clone_from(&columns);
        }
        let mut clause = ForeignKeyClause { name, columns, table, referred, ..Default::default() };
        loop {
            if self.takes("ON") {
                let delete = self.sees("DELETE");
                self.at += 1;
                let action = Some(self.action()).filter(|action| action != "NO ACTION");
                if delete {
                    clause.ondelete = action;
                } else {
                    clause.onupdate = action;
                }
            } else if self.sees("NOT") || self.sees("DEFERRABLE") {
                clause.deferrable = Some(!self.takes("NOT"));
                self.takes("DEFERRABLE");
            } else if self.takes("INITIALLY") {
                clause.initially = self.name().map(|word| word.to_uppercase());
            } else {
                return clause;
            }
        }
    }

    fn action(&mut self) -> String {
        let first = self.name().unwrap_or_default().to_uppercase();
        match first.as_str() {
            "SET" | "NO" => format!("{first} {}", self.name().unwrap_or_default().to_uppercase()),
            _ => first,
        }
    }

    fn peek(&self) -> Option<&Token<'a>> {
        self.tokens.get(self.at)
    }

    fn sees(&self, word: &str) -> bool {
        self.peek().is_some_and(|token| token.is(word))
    }

    fn takes(&mut self, word: &str) -> bool {
        let seen = self.sees(word);
        self.at += usize::from(seen);
        seen
    }

    fn name(&mut self) -> Option<String> {
        let token = self.peek()?;
        let name = matches!(token.kind, Kind::Word | Kind::Quoted).then(|| token.text.to_owned());
        self.at += 1;
        name
    }

    /// The names in parentheses; none when there are no parentheses.
    fn names(&mut self) -> Vec<String> {
        let (start, end) = self.parentheses();
        let inner = self.tokens.get(start..end).unwrap_or_default();
        inner
            .iter()
            .filter(|token| matches!(token.kind, Kind::Word | Kind::Quoted))
            .map(|token| token.text.to_owned())
            .collect()
    }

    /// The text in parentheses.
    fn inside(&mut self) -> String {
        let (start, end) = self.parentheses();
        let inner = self.tokens.get(start..end).unwrap_or_default();
        match (inner.first(), inner.last()) {
            (Some(first), Some(last)) => {
                self.sql.get(first.start..last.end).unwrap_or("").trim().to_owned()
            }
            _ => String::new(),
        }
    }

    /// Goes past a pair of parentheses and gives the tokens in it.
    fn parentheses(&mut self) -> (usize, usize) {
        if self.peek().is_none_or(|token| token.kind != Kind::Open) {
            return (self.at, self.at);
        }
        let start = self.at + 1;
        let mut depth = 0_usize;
        while let Some(token) = self.peek() {
            match token.kind {
                Kind::Open => depth += 1,
                Kind::Close => depth = depth.saturating_sub(1),
                Kind::Word | Kind::Quoted | Kind::Comma | Kind::Other => {}
            }
            self.at += 1;
            if depth == 0 {
                break;
            }
        }
        (start, self.at.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    #[cfg(all(target_family = "wasm", target_os = "unknown"))]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn check(sql: &str, expect: &[&str]) {
        let shown: Vec<String> = clauses(sql)
            .into_iter()
            .map(|clause| match clause {
                Clause::PrimaryKey { name } => format!("pk {name}"),
                Clause::Unique { name, columns } => format!("unique {name:?} {columns:?}"),
                Clause::Check { name, sqltext } => format!("check {name:?} {sqltext}"),
                Clause::ForeignKey(key) => format!(
                    "fk {:?} {:?} {} {:?} {:?} {:?} {:?} {:?}",
                    key.name,
                    key.columns,
                    key.table,
                    key.referred,
                    key.ondelete,
                    key.onupdate,
                    key.deferrable,
                    key.initially
                ),
            })
            .collect();
        assert_eq!(shown, expect, "{sql}");
    }

    #[test]
    fn constraints_are_found_in_the_text() {
        check("CREATE TABLE t (id INTEGER NOT NULL, PRIMARY KEY (id))", &[]);
        check("CREATE TABLE t (a INT UNIQUE, b INT)", &["unique None [\"a\"]"]);
        check(
            "CREATE TABLE t (a INT, CONSTRAINT \"u q\" UNIQUE (a, \"b c\"), CONSTRAINT ck CHECK (a > (1)))",
            &["unique Some(\"u q\") [\"a\", \"b c\"]", "check Some(\"ck\") a > (1)"],
        );
        check(
            "CREATE TABLE t (a INT, CONSTRAINT p PRIMARY KEY (a), CONSTRAINT f FOREIGN KEY(a) REFERENCES u (id) ON DELETE SET NULL ON UPDATE CASCADE DEFERRABLE INITIALLY deferred)",
            &[
                "pk p",
                "fk Some(\"f\") [\"a\"] u [\"id\"] Some(\"SET NULL\") Some(\"CASCADE\") Some(true) Some(\"DEFERRED\")",
            ],
        );
    }
}
