//! What a terminal says to scripts that cannot run: a clear error at a place, and never a crash.

use std::rc::Rc;

use vidro_engine::Driver;
use vidro_playground::clock::Still;
use vidro_playground::terminal::{Channel, Failure, Options, Terminal, Transcript};
use vidro_playground::{Drivers, Limits, Url};
use vidro_sqlite::Sqlite;
use vidro_tests::crowd;

/// A script and what is wrong with it.
struct Bad {
    source: String,
    class: &'static str,
    /// Part of the message.
    message: &'static str,
    line: usize,
    column: usize,
}

fn bad(
    source: impl Into<String>,
    class: &'static str,
    message: &'static str,
    (line, column): (usize, usize),
) -> Bad {
    Bad { source: source.into(), class, message, line, column }
}

fn terminal(transcript: &Transcript) -> Terminal {
    let limits = Limits { instructions: Some(5_000_000), memory: 16 << 20, ..Limits::default() };
    let drivers: Drivers = Rc::new(|url: &Url| {
        (url.backend_name() == "sqlite").then(|| Rc::new(Sqlite) as Rc<dyn Driver>)
    });
    let options = Options { limits, ..Options::default() };
    Terminal::new(Rc::new(Still), drivers, options, transcript.sink())
}

fn run(source: &str) -> Failure {
    let failure = terminal(&Transcript::default()).run("script.py", source);
    failure.expect_err("the script ran to its end")
}

const MODELS: &str = "\
from sqlalchemy import create_engine, Column, ForeignKey, Integer, String
from sqlalchemy.orm import Session, declarative_base, relationship
Base = declarative_base()
class User(Base):
    __tablename__ = 'users'
    id = Column(Integer, primary_key=True)
    name = Column(String)
";

fn language() -> Vec<Bad> {
    vec![
        bad("x = 1\nprint(x y)\n", "SyntaxError", "", (2, 9)),
        bad("def f():\nreturn 1\n", "IndentationError", "expected an indented block", (2, 1)),
        bad(
            "x = 1\nimport os\nos.remove('x')\n",
            "NotImplementedError",
            "a script here has no files",
            (3, 1),
        ),
        bad(
            "x = 1\nimport requests\n",
            "ModuleNotFoundError",
            "No module named 'requests'",
            (2, 8),
        ),
        bad("from sqlalchemy import Colum\n", "ImportError", "cannot import name 'Colum'", (1, 24)),
        bad("x = 1\nexec('x')\n", "NotImplementedError", "exec() is not available", (2, 1)),
        bad("x = open('a')\n", "NotImplementedError", "there are no files", (1, 5)),
    ]
}

fn mapping() -> Vec<Bad> {
    let models = |more: &str| format!("{MODELS}{more}");
    let column = "    user_id = Column(Integer)\n";
    let post = "class Post(Base):\n    __tablename__ = 'posts'\n    id = Column(Integer, primary_key=True)\n";
    vec![
        bad(
            models("User().nome\n"),
            "AttributeError",
            "'User' object has no attribute 'nome'",
            (8, 1),
        ),
        bad(
            models("u = User(nome='a')\n"),
            "TypeError",
            "'nome' is an invalid keyword argument for User",
            (8, 5),
        ),
        bad(
            models(&format!("{post}    author = relationship('Autor')\nPost()\n")),
            "sqlalchemy.exc.InvalidRequestError",
            "expression 'Autor' failed to locate a name",
            (12, 1),
        ),
        bad(
            models(&format!("{post}{column}    author = relationship('User')\nPost()\n")),
            "sqlalchemy.exc.NoForeignKeysError",
            "there are no foreign keys linking these tables",
            (13, 1),
        ),
    ]
}

fn endless() -> Vec<Bad> {
    vec![
        bad("x = 1\nwhile True:\n    pass\n", "RuntimeError", "instructions", (2, 1)),
        bad(
            "def f(n):\n    return f(n + 1)\nf(0)\n",
            "RecursionError",
            "maximum recursion depth exceeded",
            (2, 12),
        ),
        bad(
            "class A:\n    def __repr__(self):\n        return repr(self)\nrepr(A())\n",
            "RecursionError",
            "",
            (3, 16),
        ),
        bad("x = []\nwhile True:\n    x.append('abc' * 10)\n", "MemoryError", "16 MB", (2, 1)),
        bad("s = 'a'\nwhile True:\n    s += s\n", "MemoryError", "16 MB", (3, 5)),
        bad("x = [0] * 10 ** 12\n", "MemoryError", "16 MB", (1, 5)),
        bad("x = 10 ** 10 ** 10\n", "MemoryError", "16 MB", (1, 5)),
        bad(
            "l = []\nfor i in range(100000):\n    l = [l]\nrepr(l)\n",
            "RecursionError",
            "",
            (4, 1),
        ),
    ]
}

fn huge() -> Vec<Bad> {
    let lines = "x = 'nothing but data'\n".repeat(230_000);
    let nested = format!("x = {}1{}\n", "(".repeat(100_000), ")".repeat(100_000));
    let sum = format!("x = {}1\n", "1 + ".repeat(200_000));
    vec![
        bad(lines, "SyntaxError", "the program is too long", (1, 1)),
        bad(nested, "SyntaxError", "too many nested parentheses", (1, 1)),
        bad(sum, "SyntaxError", "the expression is too complex", (1, 1)),
    ]
}

#[test]
fn every_error_has_its_place() {
    let all: Vec<Bad> = [language(), mapping(), endless(), huge()].into_iter().flatten().collect();
    let complaints = crowd::map(&all, |bad| {
        let failure = run(&bad.source);
        let place = failure.place.map_or((0, 0), |place| (place.line, place.column));
        let right = failure.class == bad.class
            && failure.message.contains(bad.message)
            && place == (bad.line, bad.column)
            && failure.report.contains(&format!("line {}", bad.line));
        let start: String = bad.source.chars().take(300).collect();
        let message: String = failure.message.chars().take(200).collect();
        (!right).then(|| format!("{start}\n{}: {message} at {place:?}\n", failure.class))
    });
    let complaints: Vec<String> = complaints.into_iter().flatten().collect();
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn a_chain_of_objects_is_let_go_without_recursion() {
    let source = "class A:\n    pass\nx = A()\nfor i in range(20000):\n    y = A(); y.n = x; x = y\ndel x, y\n";
    assert_eq!(terminal(&Transcript::default()).run("script.py", source), Ok(()));
}

#[test]
fn what_ran_before_stays() {
    let transcript = Transcript::default();
    let mut terminal = terminal(&transcript);
    let before = format!(
        "{MODELS}engine = create_engine('sqlite://')\nBase.metadata.create_all(engine)\n\
         session = Session(engine)\nsession.add(User(name='Ana'))\nsession.commit()\n"
    );
    assert_eq!(terminal.run("script.py", &before), Ok(()));
    for source in ["print(\n", "while True:\n    pass\n", "session.add(User(nome='Bia'))\n"] {
        assert!(terminal.feed("<stdin>", source).is_err(), "{source}");
    }
    assert_eq!(terminal.feed("<stdin>", "print(session.query(User).count())\n"), Ok(()));
    assert_eq!(transcript.take(), [(Channel::Output, "1\n".to_owned())]);
}

#[test]
fn a_warning_is_told_once_for_its_line() {
    let transcript = Transcript::default();
    let source = format!(
        "{MODELS}engine = create_engine('sqlite://')\nBase.metadata.create_all(engine)\n\
         session = Session(engine)\nfor key in 1, 2:\n    session.query(User).get(key)\n"
    );
    assert_eq!(terminal(&transcript).run("script.py", &source), Ok(()));
    let line = source.lines().count();
    let written = transcript.take();
    let [(Channel::Warning, text)] = written.as_slice() else { panic!("{written:?}") };
    assert!(text.starts_with(&format!("script.py:{line}: LegacyAPIWarning: The Query.get()")));
    assert!(text.ends_with("\n  session.query(User).get(key)\n"), "{text}");
}
