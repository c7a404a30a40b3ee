//! What a run tells the page: plans, rows, where parameters came from, and no more than a page can take.

use std::cell::Cell;
use std::rc::Rc;

use vidro_protocol::{
    EventBody, PlanStage, Provenance, Request, RequestBody, Response, ResponseBody, State,
    StepKind, ToPage, Value,
};
use vidro_sqlite::Sqlite;

use crate::{Clock, Driver, Limits, Playground, Url};

const MODELS: &str = r#"
from sqlalchemy import ForeignKey, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

class Base(DeclarativeBase):
    pass

class Author(Base):
    __tablename__ = "author"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    books: Mapped[list["Book"]] = relationship(back_populates="author")

class Book(Base):
    __tablename__ = "book"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    author_id: Mapped[int | None] = mapped_column(ForeignKey("author.id"))
    author: Mapped["Author | None"] = relationship(back_populates="books")

engine = create_engine("sqlite://")
Base.metadata.create_all(engine)
session = Session(engine)
ana = Author(name="Ana")
sea = Book(title="Sea", author=ana)
boat = Book(title="Boat", author=ana)
session.add(ana)
"#;

/// Every look at this clock takes a tenth of a second, so each slice of a run is short.
#[derive(Default)]
struct Slow(Cell<f64>);

impl Clock for Slow {
    fn now(&self) -> i128 {
        0
    }

    fn elapsed(&self) -> f64 {
        self.0.set(self.0.get() + 0.1);
        self.0.get()
    }

    fn random(&self) -> u64 {
        4
    }
}

struct Page {
    playground: Playground,
    asked: u32,
}

impl Page {
    fn new(limits: Limits) -> Self {
        let drivers =
            |url: &Url| (url.backend_name() == "sqlite").then(|| Rc::new(Sqlite) as Rc<dyn Driver>);
        let playground = Playground::new(Rc::new(Slow::default()), Rc::new(drivers), limits);
        Self { playground, asked: 0 }
    }

    /// Asks, and lets the script run for a while.
    fn ask(&mut self, body: RequestBody) -> ToPage {
        self.asked += 1;
        self.playground.handle(Request { id: self.asked, body });
        let mut slices = 0;
        while slices < 2_100 && self.playground.pump(0.01) {
            slices += 1;
        }
        self.playground.take()
    }

    fn run(&mut self, source: &str) -> Vec<EventBody> {
        let batch = self.ask(RequestBody::Run { source: source.to_owned(), stepping: false });
        batch.events.into_iter().map(|event| event.body).collect()
    }
}

fn page() -> Page {
    Page::new(Limits::default())
}

fn failed(batch: &ToPage) -> Option<&vidro_protocol::Diagnostic> {
    batch.responses.iter().find_map(|Response { body, .. }| match body {
        ResponseBody::Failed(diagnostic) => Some(diagnostic),
        _ => None,
    })
}

#[test]
fn a_plan_is_previewed_with_causes_in_the_scripts_names() {
    let events = page().run(MODELS);
    let plan = events.iter().find_map(|event| match event {
        EventBody::FlushPlanned(planned) if planned.stage == PlanStage::Preview => {
            Some(&planned.plan)
        }
        _ => None,
    });
    let steps = &plan.expect("a preview").steps;
    let told: Vec<String> = steps
        .iter()
        .map(|step| format!("{} {} {:?}", step.wave, step.table, step.causes[0].arguments))
        .collect();
    assert_eq!(told, [r#"1 author ["ana"]"#, r#"2 book ["ana.books"]"#, r#"2 book ["ana.books"]"#]);
    assert!(!events.iter().any(|event| matches!(event, EventBody::RowInserted(_))));
}

#[test]
fn a_flush_tells_rows_keys_and_where_parameters_came_from() {
    let events = page().run(&format!("{MODELS}session.flush()\n"));
    let rows = events.iter().filter(|event| matches!(event, EventBody::RowInserted(_))).count();
    assert_eq!(rows, 3);
    let inserts: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            EventBody::Sql(sql) if sql.text.starts_with("INSERT INTO book") => Some(sql),
            _ => None,
        })
        .collect();
    let titles: Vec<_> = inserts.iter().map(|sql| &sql.sets[0][0]).collect();
    assert_eq!(titles[1].value.text, "'Boat'");
    assert_ne!(titles[0].provenance, titles[1].provenance);
    let key = Provenance::StepKey { step: 1, column: "id".into() };
    assert!(inserts.iter().all(|sql| sql.sets[0][1].provenance == key));
    let id = events.iter().find_map(|event| match event {
        EventBody::AttributesLoaded(loaded) => {
            loaded.values.iter().find(|named| named.name == "author_id").map(|named| &named.value)
        }
        _ => None,
    });
    assert_eq!(id.map(|Value { text, .. }| text.as_str()), Some("1"));
    let persistent = |event: &&EventBody| matches!(event, EventBody::StateChanged(change) if change.to == State::Persistent);
    assert_eq!(events.iter().filter(persistent).count(), 3);
}

#[test]
fn a_script_that_cannot_be_compiled_leaves_the_run_before() {
    let mut page = page();
    page.run(MODELS);
    let source = "def def\n".to_owned();
    let batch = page.ask(RequestBody::Run { source, stepping: false });
    let error = failed(&batch).expect("an error");
    assert_eq!((error.name.as_str(), error.span.map(|span| span.line)), ("SyntaxError", Some(1)));
    assert!(batch.events.is_empty());
    let source = format!("{MODELS}print(ana.name)\n");
    let line = u32::try_from(source.lines().count()).expect("few lines");
    let batch = page.ask(RequestBody::Append { source, line });
    let printed = |event: &vidro_protocol::Event| matches!(&event.body, EventBody::Output(output) if output.text.starts_with("Ana"));
    assert!(batch.events.iter().any(printed));
}

#[test]
fn an_endless_loop_is_stopped_and_does_not_bury_the_page() {
    let mut page = page();
    let events = page.run("while True:\n    pass\n");
    assert!(page.playground.is_active());
    assert!(events.len() < 3_000, "{} events", events.len());
    let batch = page.ask(RequestBody::Stop);
    assert!(batch.events.iter().any(|event| event.body == EventBody::Stopped));
    assert!(!page.playground.is_active());
}

#[test]
fn a_run_that_is_too_long_is_an_error_at_its_line() {
    let mut page = Page::new(Limits { instructions: Some(100_000), ..Limits::default() });
    let events = page.run("x = 1\nwhile True:\n    x += 1\n");
    let Some(EventBody::Failed(error)) = events.last() else { panic!("{:?}", events.last()) };
    assert!(error.message.contains("100000 instructions"), "{}", error.message);
    assert!(error.span.is_some_and(|span| span.line >= 2));
}

#[test]
fn stepping_waits_before_each_statement() {
    let mut page = page();
    page.ask(RequestBody::Run { source: "a = 1\nb = 2\nprint(a + b)\n".into(), stepping: true });
    for line in 2..=3 {
        let batch = page.ask(RequestBody::Step(StepKind::Over));
        let at = batch.events.last().and_then(|event| event.span).map(|span| span.line);
        assert_eq!(at, Some(line));
    }
    let batch = page.ask(RequestBody::Continue);
    assert!(batch.events.iter().any(|event| event.body == EventBody::Finished));
}
