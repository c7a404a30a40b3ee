//! A page without a screen: requests go in, responses and events come out.

mod told;

use std::rc::Rc;

use vidro_engine::{Driver, Url};
use vidro_protocol::{
    CardGesture, Event, EventBody, Gesture, PauseReason, PlanStage, PoolAction, Request,
    RequestBody, ResponseBody, Standing, StepKind, Stream,
};
use vidro_sqlite::Sqlite;

use crate::clock::Still;
use crate::{Limits, Playground};

const BLOG: &str = r#"
from sqlalchemy import create_engine, ForeignKey, String
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

class Base(DeclarativeBase):
    pass

class User(Base):
    __tablename__ = "user_account"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(30), unique=True)
    posts: Mapped[list["Post"]] = relationship(back_populates="user")

class Post(Base):
    __tablename__ = "post"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    user: Mapped[User] = relationship(back_populates="posts")

engine = create_engine("sqlite://", echo=True)
Base.metadata.create_all(engine)
session = Session(engine)
ana = User(name="ana", posts=[Post(title="one"), Post(title="two")])
session.add(ana)
session.commit()
print(ana.name, len(ana.posts))
"#;

/// A core and what it has sent.
struct Page {
    core: Playground,
    asked: u32,
    events: Vec<Event>,
}

impl Page {
    fn new(limits: Limits) -> Self {
        let drivers = Rc::new(|url: &Url| {
            (url.backend_name() == "sqlite").then(|| Rc::new(Sqlite) as Rc<dyn Driver>)
        });
        let core = Playground::new(Rc::new(Still), drivers, limits);
        Self { core, asked: 0, events: Vec::new() }
    }

    /// Sends a request and lets the core work until it rests; its answer.
    fn ask(&mut self, body: RequestBody) -> Option<ResponseBody> {
        self.asked += 1;
        self.core.handle(Request { id: self.asked, body });
        let mut answer = None;
        loop {
            let more = self.core.pump(0.01);
            let sent = self.core.take();
            self.events.extend(sent.events);
            let mine = sent.responses.into_iter().find(|response| response.id == self.asked);
            answer = mine.map(|response| response.body).or(answer);
            if !more {
                return answer;
            }
        }
    }

    fn run(&mut self, source: &str) -> Option<ResponseBody> {
        self.events.clear();
        self.ask(RequestBody::Run { source: source.to_owned(), stepping: false })
    }

    /// What was written to one stream.
    fn text(&self, wanted: Stream) -> String {
        let outputs = self.events.iter().filter_map(|event| match &event.body {
            EventBody::Output(output) if output.stream == wanted => Some(output.text.as_str()),
            _ => None,
        });
        outputs.collect()
    }

    fn count(&self, wanted: impl Fn(&EventBody) -> bool) -> usize {
        self.events.iter().filter(|event| wanted(&event.body)).count()
    }

    fn last(&self) -> Option<&EventBody> {
        self.events.last().map(|event| &event.body)
    }
}

fn page() -> Page {
    Page::new(Limits::default())
}

#[test]
fn a_run_tells_everything_in_order() {
    let mut page = page();
    assert_eq!(page.run(BLOG), Some(ResponseBody::Done));
    assert_eq!(page.text(Stream::Stdout), "ana 2\n");
    assert!(page.text(Stream::Echo).contains("INSERT INTO user_account (name) VALUES (?)"));
    assert_eq!(page.last(), Some(&EventBody::Finished));
    let models: std::collections::BTreeSet<&str> = page
        .events
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::ModelDeclared(model) => Some(model.class.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(models.into_iter().collect::<Vec<_>>(), ["Post", "User"]);
    assert_eq!(page.count(|body| matches!(body, EventBody::TableCreated(_))), 2);
    // Nothing but the expired collection held the posts: they are collected, and loaded again.
    assert_eq!(page.count(|body| matches!(body, EventBody::ObjectCreated(_))), 5);
    assert_eq!(page.count(|body| matches!(body, EventBody::ObjectCollected(_))), 2);
    assert_eq!(page.count(|body| matches!(body, EventBody::RowInserted(_))), 3);
    assert_eq!(page.count(|body| matches!(body, EventBody::IdentityAssigned(_))), 5);
    assert_eq!(page.count(|body| matches!(body, EventBody::StepExecuted(_))), 3);
    let numbers: Vec<u32> = page.events.iter().map(|event| event.seq).collect();
    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{numbers:?}");
}

#[test]
fn every_executed_step_was_planned() {
    let mut page = page();
    page.run(BLOG);
    let (mut planned, mut executed) = (Vec::new(), Vec::new());
    for event in &page.events {
        match &event.body {
            EventBody::FlushPlanned(plan) => planned.extend(plan.plan.steps.iter().map(|s| s.id)),
            EventBody::StepExecuted(step) => executed.push(step.step),
            _ => {}
        }
    }
    assert_eq!((planned, executed), (vec![1, 2, 3], vec![1, 2, 3]));
}

#[test]
fn stepping_pauses_before_each_statement() {
    let mut page = page();
    let source = "a = 1\nb = 2\nprint(a + b)\n".to_owned();
    page.ask(RequestBody::Run { source, stepping: true });
    let mut pauses = 0;
    while page.last() == Some(&EventBody::Paused(PauseReason::Step)) {
        pauses += 1;
        page.ask(RequestBody::Step(StepKind::Over));
    }
    assert_eq!((pauses, page.last()), (3, Some(&EventBody::Finished)));
    assert_eq!(page.text(Stream::Stdout), "3\n");
}

#[test]
fn a_preview_plans_and_changes_nothing() {
    let mut page = page();
    page.run(&BLOG.replace("session.commit()\nprint(ana.name, len(ana.posts))\n", ""));
    page.events.clear();
    page.ask(RequestBody::Preview);
    let stages: Vec<PlanStage> = page
        .events
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::FlushPlanned(plan) => Some(plan.stage),
            _ => None,
        })
        .collect();
    assert_eq!(stages, [PlanStage::Preview]);
    assert_eq!(page.count(|body| matches!(body, EventBody::RowInserted(_))), 0);
}

#[test]
fn a_gesture_is_an_edit_that_runs() {
    let mut page = page();
    page.run(BLOG);
    let named = page.events.iter().find_map(|event| match &event.body {
        EventBody::ObjectNamed(named) if named.names == ["ana"] => Some(named.id),
        _ => None,
    });
    let object = named.unwrap_or_default();
    let gesture = Gesture::Card(CardGesture::Delete(object));
    let answer = page.ask(RequestBody::Edit { source: BLOG.to_owned(), gesture });
    let Some(ResponseBody::Edits(edits)) = answer else { panic!("{answer:?}") };
    let text: String = edits.edits.iter().map(|edit| edit.insert.as_str()).collect();
    assert_eq!(text.trim(), "session.delete(ana)");
}

#[test]
fn what_is_wrong_has_a_place_and_harms_nothing() {
    let cases = [
        ("x = = 1", "SyntaxError", 1),
        ("import nothing", "ModuleNotFoundError", 1),
        ("\nprint(missing)", "NameError", 2),
        ("def f():\n    return f()\nf()", "RecursionError", 2),
        ("from sqlalchemy import create_engin", "ImportError", 1),
    ];
    for (source, name, line) in cases {
        let mut page = page();
        page.run(BLOG);
        let answer = page.run(source);
        let failed = match answer {
            Some(ResponseBody::Failed(found)) => Some(found),
            _ => page.events.iter().find_map(|event| match &event.body {
                EventBody::Failed(found) => Some(found.clone()),
                _ => None,
            }),
        };
        let failed = failed.unwrap_or_default();
        let at = failed.span.map(|span| span.line);
        assert_eq!((failed.name.as_str(), at), (name, Some(line)), "{source}: {failed:?}");
        assert_eq!(page.run("print('alive')"), Some(ResponseBody::Done));
        assert_eq!(page.text(Stream::Stdout), "alive\n");
    }
}

#[test]
fn an_endless_loop_ends_with_an_error() {
    let limits = Limits { instructions: Some(200_000), ..Limits::default() };
    let mut page = Page::new(limits);
    page.run("while True:\n    pass\n");
    assert_eq!(page.count(|body| matches!(body, EventBody::Failed(_))), 1);
}

#[test]
fn a_statement_compiles_in_four_dialects() {
    let mut page = page();
    page.run(BLOG);
    let expression = "select(User.name).where(User.id == 1).limit(2)".to_owned();
    let answer = page.ask(RequestBody::Compile { expression });
    let Some(ResponseBody::Compiled(texts)) = answer else { panic!("{answer:?}") };
    let dialects: Vec<&str> = texts.iter().map(|text| &*text.dialect).collect();
    assert_eq!(dialects, ["sqlite", "postgresql", "mysql", "mariadb"]);
    assert!(texts[1].text.contains("%(id_1)s"), "{texts:?}");
    assert_eq!(texts[0].standing, Standing::RunsHere);
    assert_eq!(texts[1].standing, Standing::TextOnly);
}

#[test]
fn what_ran_is_shown_in_four_dialects() {
    let mut page = page();
    page.run(BLOG);
    let ran = page.events.iter().filter_map(|event| match &event.body {
        EventBody::Sql(sql) => Some((sql.text.clone(), sql.id)),
        _ => None,
    });
    let ran: Vec<(String, u32)> = ran.collect();
    let mut texts = |start: &str| {
        let found = ran.iter().find(|(text, _)| text.starts_with(start));
        let statement = found.map_or(0, |(_, id)| *id);
        match page.ask(RequestBody::Dialects { statement }) {
            Some(ResponseBody::Compiled(texts)) => {
                texts.into_iter().map(|text| text.text).collect::<Vec<_>>()
            }
            other => panic!("{start}: {other:?}"),
        }
    };
    let insert = texts("INSERT INTO user_account");
    assert_eq!(insert[0], "INSERT INTO user_account (name) VALUES (?)");
    assert_eq!(
        insert[1],
        "INSERT INTO user_account (name) VALUES (%(name)s::VARCHAR) RETURNING user_account.id"
    );
    assert_eq!(insert[3], "INSERT INTO user_account (name) VALUES (%s)");
    let create = texts("CREATE TABLE user_account");
    assert!(create[1].contains("id SERIAL NOT NULL"), "{create:?}");
    assert!(create[2].contains("AUTO_INCREMENT"), "{create:?}");
    assert!(texts("PRAGMA").is_empty());
}

#[test]
fn the_pool_tells_who_holds_what() {
    let mut page = page();
    page.run(
        "from sqlalchemy import create_engine, text
engine = create_engine('sqlite:///shop.db', pool_size=1, max_overflow=1, pool_timeout=0)
one = engine.connect()
two = engine.connect()
try:
    engine.connect()
except Exception as error:
    print(type(error).__name__)
two.close()
one.close()
",
    );
    assert_eq!(page.text(Stream::Stdout), "TimeoutError\n");
    let told = page.events.iter().filter_map(|event| match &event.body {
        EventBody::Pool(change) => Some(change),
        _ => None,
    });
    let told: Vec<_> = told.filter(|change| change.action != PoolAction::Reset).collect();
    use PoolAction::{CheckedIn, CheckedOut, Closed, Opened, Overflowed, TimedOut};
    let expected = [
        Opened, CheckedOut, Opened, Overflowed, CheckedOut, TimedOut, CheckedIn, CheckedIn, Closed,
    ];
    assert_eq!(told.iter().map(|change| change.action).collect::<Vec<_>>(), expected);
    let (one, two) = (told[1], told[4]);
    assert!(one.link != two.link && one.holder != two.holder);
    let back: Vec<u32> = told[6..8].iter().map(|change| change.holder).collect();
    assert_eq!(back, [two.holder, one.holder]);
}
