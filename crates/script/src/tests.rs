//! Expressions in Python against their text, as SQLAlchemy 2.1 prints it; nothing is connected.

use std::cell::RefCell;
use std::rc::Rc;

use crate::{EchoStyle, Limits, Location, Mode, Place, Script, Services, Surroundings, Value};

const MODELS: &str = r#"
from sqlalchemy import *
from sqlalchemy import schema
from sqlalchemy.orm import *

class Base(DeclarativeBase):
    pass

class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(30))
    posts: Mapped[list["Post"]] = relationship(back_populates="user")

class Post(Base):
    __tablename__ = "posts"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    user: Mapped[User] = relationship(back_populates="posts")

session = Session()
"#;

/// Keeps what is printed.
#[derive(Default)]
struct Paper(RefCell<String>);

impl Surroundings for Paper {
    fn write(&self, text: &str, _: Option<&Location>) {
        self.0.borrow_mut().push_str(text);
    }
}

/// Prints an expression after the models, or the exception it raises.
fn show(expression: &str) -> String {
    let paper = Rc::new(Paper::default());
    let mut script = Script::new(Services {
        surroundings: paper.clone(),
        drivers: Rc::new(|_| None),
        engine_observer: None,
        orm_observer: None,
        place: Place::default(),
        echo: EchoStyle::Silent,
        force_echo: false,
        limits: Limits::default(),
    });
    let source = format!("{MODELS}\nprint({expression})\n");
    if let Err(found) = script.load("script.py", &source, Mode::Module) {
        return found.iter().map(crate::Diagnostic::render).collect();
    }
    match script.run_to_end() {
        Ok(_) => paper.0.take(),
        Err(raise) => {
            let class = raise.0.class().name();
            let raised = Value::Instance(Rc::clone(&raise.0));
            let message = script.vm.str(&raised).unwrap_or_default();
            // What SQLAlchemy says comes before links and hints of ours.
            let message = message.lines().next().unwrap_or_default();
            format!("{class}: {message}\n")
        }
    }
}

#[test]
fn expressions_print_as_sqlalchemy_prints_them() {
    let cases = [
        (
            "select(User.name).where(User.id > 1)",
            "SELECT users.name \nFROM users \nWHERE users.id > :id_1",
        ),
        (
            "select(User).join(User.posts).order_by(Post.title.desc())",
            "SELECT users.id, users.name \nFROM users JOIN posts ON users.id = posts.user_id ORDER BY posts.title DESC",
        ),
        (
            "select(func.count(Post.id)).group_by(Post.user_id).having(func.count() > 2)",
            "SELECT count(posts.id) AS count_1 \nFROM posts GROUP BY posts.user_id \nHAVING count(*) > :count_2",
        ),
        (
            r#"User.posts.any(Post.title == "x")"#,
            "EXISTS (SELECT 1 \nFROM posts, users \nWHERE users.id = posts.user_id AND posts.title = :title_1)",
        ),
        (
            r#"Post.user.has(name="ana")"#,
            "EXISTS (SELECT 1 \nFROM users, posts \nWHERE users.id = posts.user_id AND users.name = :name_1)",
        ),
        (
            "select(User.id).union(select(Post.id))",
            "SELECT users.id \nFROM users UNION SELECT posts.id \nFROM posts",
        ),
        (
            r#"update(User).where(User.id == 1).values(name="b")"#,
            "UPDATE users SET name=:name WHERE users.id = :id_1",
        ),
        (
            r#"delete(Post).where(Post.title.like("a%"))"#,
            "DELETE FROM posts WHERE posts.title LIKE :title_1",
        ),
        (r#"insert(User).values(name="a")"#, "INSERT INTO users (name) VALUES (:name)"),
        ("User.__table__", "users"),
        (
            "repr(User.__table__.c.name)",
            "Column('name', String(length=30), table=<users>, nullable=False)",
        ),
        (r#"User.name.in_(["a", "b"])"#, "users.name IN (__[POSTCOMPILE_name_1])"),
        ("~(User.name == None)", "users.name IS NOT NULL"),
        (
            r#"session.query(User).filter_by(name="a").limit(2)"#,
            "SELECT users.id AS users_id, users.name AS users_name \nFROM users \nWHERE users.name = :name_1\n LIMIT :param_1",
        ),
        (r#"aliased(User, name="u").name"#, "aliased(User).name"),
        ("inspect(User).relationships.keys()", "['posts']"),
        ("type(User.name).__name__", "InstrumentedAttribute"),
        (r#"User(name="a").posts"#, "[]"),
        (
            r#"case((User.id > 1, "x"), else_="y")"#,
            "CASE WHEN (users.id > :id_1) THEN :param_1 ELSE :param_2 END",
        ),
        (
            "select(select(User.id).subquery())",
            "SELECT anon_1.id \nFROM (SELECT users.id AS id \nFROM users) AS anon_1",
        ),
        (
            "schema.CreateTable(Post.__table__)",
            "\nCREATE TABLE posts (\n\tid INTEGER NOT NULL, \n\ttitle VARCHAR NOT NULL, \n\tuser_id INTEGER NOT NULL, \n\tPRIMARY KEY (id), \n\tFOREIGN KEY(user_id) REFERENCES users (id)\n)\n\n",
        ),
    ];
    for (expression, expect) in cases {
        assert_eq!(show(expression), format!("{expect}\n"), "{expression}");
    }
}

#[test]
fn mistakes_are_worded_as_sqlalchemy_words_them() {
    let cases = [
        (r#"User(nam="x")"#, "TypeError: 'nam' is an invalid keyword argument for User"),
        ("select(User.nope)", "AttributeError: type object 'User' has no attribute 'nope'"),
        (
            "User.posts == 3",
            "InvalidRequestError: Can't compare a collection to an object or collection; use contains() to test for membership.",
        ),
        (
            "session.query(User).one()",
            "UnboundExecutionError: Could not locate a bind configured on mapper Mapper[User(users)], SQL expression or this Session.",
        ),
        (
            "Post.user.nope",
            "AttributeError: Neither 'InstrumentedAttribute' object nor 'Comparator' object associated with Post.user has an attribute 'nope'",
        ),
        (
            r#"select("x")"#,
            "ArgumentError: Textual column expression 'x' should be explicitly declared with text('x'), or use column('x') for more specificity",
        ),
        (
            "relationship(1, 2, 3)",
            "TypeError: relationship() takes from 0 to 2 positional arguments but 3 were given",
        ),
        (r#"Column("a", Integr)"#, "NameError: name 'Integr' is not defined"),
        (
            r#"mapped_column(String, nullable="no", nope=1)"#,
            "TypeError: Additional arguments should be named <dialectname>_<argument>, got 'nope'",
        ),
    ];
    for (expression, expect) in cases {
        assert_eq!(show(expression), format!("{expect}\n"), "{expression}");
    }
}
