//! What a run of a script showed, and how it is written in a fence.

use super::document::Fence;
use std::fmt::Write as _;

/// Runs scripts, each on a world of its own.
pub trait Runner {
    /// Runs a whole script from a fresh start.
    fn run(&mut self, source: &str) -> Observed;
}

/// What a run of a script showed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    /// Standard output, log lines of `echo=True` included.
    pub output: String,
    /// What the engines log at level INFO whether or not they echo, one message each, without the logger's prefix.
    pub sql: Vec<String>,
    /// The mapped objects that global variables hold at the end, in order of assignment.
    pub states: Vec<ObjectState>,
    /// The tables at the end, in order of creation.
    pub tables: Vec<TableRows>,
    /// The uncaught exception.
    pub error: Option<Failure>,
    /// What `session.plan()` prints, for each flush in turn.
    pub plan: String,
}

/// The state of an object under one of its names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectState {
    /// The global variable.
    pub name: String,
    /// SQLAlchemy's word for the state.
    pub state: String,
    /// The identity key as `Author, 1`.
    pub key: Option<String>,
}

/// A table's rows.
#[derive(Clone, Debug, PartialEq)]
pub struct TableRows {
    /// The table.
    pub name: String,
    /// Its columns.
    pub columns: Vec<String>,
    /// Its rows by primary key, or by rowid where it has none.
    pub rows: Vec<Vec<Cell>>,
}

/// A value as SQLite stores it.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// NULL.
    Null,
    /// An integer.
    Integer(i64),
    /// A float.
    Real(f64),
    /// A string.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

/// An exception that nobody caught.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The script's innermost line in the traceback, counted from 1.
    pub line: usize,
    /// Class (with its module unless built in) and message: `sqlalchemy.exc.ArgumentError: …`.
    pub message: String,
}

impl Observed {
    /// The text of a fence; empty where there is nothing to tell.
    pub fn fence(&self, fence: Fence) -> String {
        let text = match fence {
            Fence::Output => self.output.clone(),
            Fence::Sql => fold_schema(&self.sql),
            Fence::States => self.states.iter().map(state_line).collect(),
            Fence::Tables => self.tables.iter().map(table_lines).collect(),
            Fence::Error => self.error.as_ref().map(error_lines).unwrap_or_default(),
            Fence::Plan => self.plan.clone(),
        };
        if text.is_empty() || text.ends_with('\n') { text } else { text + "\n" }
    }
}

fn state_line(object: &ObjectState) -> String {
    let key = object.key.as_ref().map(|key| format!(" ({key})")).unwrap_or_default();
    format!("{}: {}{key}\n", object.name, object.state)
}

fn table_lines(table: &TableRows) -> String {
    let mut text = format!("{} ({})\n", table.name, table.columns.join(", "));
    for row in &table.rows {
        let cells: Vec<String> = row.iter().map(cell).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {}", cells.join(", "));
    }
    text
}

fn cell(value: &Cell) -> String {
    match value {
        Cell::Null => "NULL".to_owned(),
        Cell::Integer(number) => number.to_string(),
        Cell::Real(number) => format!("{number:?}"),
        Cell::Text(text) => format!("'{}'", text.replace('\'', "''").replace('\n', "\\n")),
        Cell::Blob(bytes) => {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("x'{digits}'")
        }
    }
}

fn error_lines(failure: &Failure) -> String {
    format!("line {}: {}\n", failure.line, failure.message.trim_end())
}

const SCHEMA: [&str; 4] = ["PRAGMA main.table_info", "PRAGMA temp.table_info", "CREATE ", "DROP "];

/// Joins the log messages; a transaction that only creates or drops tables becomes one line.
fn fold_schema(messages: &[String]) -> String {
    let mut text = String::new();
    let mut rest = messages;
    while let Some((first, after)) = rest.split_first() {
        let ends = |message: &String| message == "COMMIT" || message == "ROLLBACK";
        let end = after.iter().position(ends).filter(|_| first == "BEGIN (implicit)");
        let inside = end.and_then(|end| after.get(..end)).unwrap_or_default();
        match (end, schema_line(inside)) {
            (Some(end), Some(line)) => {
                text += &line;
                rest = after.get(end + 1..).unwrap_or_default();
            }
            _ => {
                text += first;
                rest = after;
            }
        }
        text.push('\n');
    }
    text
}

/// The one line for the messages of a transaction, if they are all about the schema.
fn schema_line(messages: &[String]) -> Option<String> {
    let statements: Vec<&str> =
        messages.iter().filter(|m| !m.starts_with('[')).map(|m| m.trim()).collect();
    let about_schema = |text: &&str| SCHEMA.iter().any(|start| text.starts_with(start));
    if statements.is_empty() || !statements.iter().all(about_schema) {
        return None;
    }
    let done: Vec<String> =
        statements.iter().filter(|text| !text.starts_with('P')).map(|text| deed(text)).collect();
    let done = if done.is_empty() { "nothing to do".to_owned() } else { done.join(", ") };
    Some(format!("-- schema: {done}"))
}

/// `create article` for `CREATE TABLE article (…`.
fn deed(statement: &str) -> String {
    let head = statement.split('(').next().unwrap_or_default().to_lowercase();
    let words: Vec<&str> = head.split_whitespace().collect();
    let name = words.iter().position(|word| *word == "index").map_or(2, |at| at + 1);
    let word = |at: usize| words.get(at).copied().unwrap_or_default();
    format!("{} {}", word(0), word(name))
}

#[cfg(test)]
mod tests {
    use super::{Cell, Failure, Fence, ObjectState, Observed, TableRows};

    #[test]
    fn folds_the_schema() {
        let check = |messages: &[&str], expect: &str| {
            let sql = messages.iter().map(ToString::to_string).collect();
            assert_eq!(Observed { sql, ..Observed::default() }.fence(Fence::Sql), expect);
        };
        let pragma = "PRAGMA main.table_info(\"a\")";
        let create = "\nCREATE TABLE a (\n\tid INTEGER\n)\n\n";
        check(
            &["BEGIN (implicit)", pragma, "[raw sql] ()", create, "[no key] ()", "COMMIT"],
            "-- schema: create a\n",
        );
        check(
            &["BEGIN (implicit)", pragma, "[raw sql] ()", "COMMIT"],
            "-- schema: nothing to do\n",
        );
        check(
            &["BEGIN (implicit)", "CREATE UNIQUE INDEX ix ON a (b)", "COMMIT"],
            "-- schema: create ix\n",
        );
        check(&["BEGIN (implicit)", "SELECT 1", "COMMIT"], "BEGIN (implicit)\nSELECT 1\nCOMMIT\n");
        check(&["BEGIN (implicit)", "COMMIT", "SELECT 1"], "BEGIN (implicit)\nCOMMIT\nSELECT 1\n");
    }

    #[test]
    fn writes_states_tables_and_errors() {
        let key = Some("Author, 1".to_owned());
        let rows = vec![
            vec![Cell::Integer(1), Cell::Real(8.0), Cell::Text("d'água".to_owned())],
            vec![Cell::Integer(2), Cell::Null, Cell::Blob(vec![0, 255])],
        ];
        let seen = Observed {
            states: vec![
                ObjectState { name: "ana".to_owned(), state: "persistent".to_owned(), key },
                ObjectState { name: "x".to_owned(), state: "pending".to_owned(), key: None },
            ],
            tables: vec![TableRows {
                name: "author".to_owned(),
                columns: ["id", "n", "t"].map(str::to_owned).to_vec(),
                rows,
            }],
            error: Some(Failure { line: 3, message: "KeyError: 'a'".to_owned() }),
            ..Observed::default()
        };
        assert_eq!(seen.fence(Fence::States), "ana: persistent (Author, 1)\nx: pending\n");
        assert_eq!(
            seen.fence(Fence::Tables),
            "author (id, n, t)\n  1, 8.0, 'd''água'\n  2, NULL, x'00ff'\n"
        );
        assert_eq!(seen.fence(Fence::Error), "line 3: KeyError: 'a'\n");
        assert_eq!(seen.fence(Fence::Output), "");
    }
}
