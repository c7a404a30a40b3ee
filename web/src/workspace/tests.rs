//! The fold, event by event.

use super::{Phase, RowMark, Workspace};
use vidro_protocol::{
    AttributeSet, AttributesNamed, CollectionChanged, Event, EventBody, FlushEnd, FlushPlanned,
    IdentityAssigned, IdentityKey, Named, NewObject, PlanStage, PlanView, RowChange, RowRemoved,
    State, StateChange, StepExecuted, StepView, TableView, TransactionAction, TransactionChange,
    Value, ValueKind,
};

fn fold(bodies: Vec<EventBody>) -> Workspace {
    let mut workspace = Workspace::default();
    for (seq, body) in (0..).zip(bodies) {
        workspace.apply(&Event { seq, time: 0.0, span: None, body });
    }
    workspace
}

fn text(value: &str) -> Value {
    Value { text: format!("'{value}'"), kind: ValueKind::Text, object: None }
}

fn created(id: u32) -> EventBody {
    EventBody::ObjectCreated(NewObject { id, class: "Author".into(), ..NewObject::default() })
}

fn moved(id: u32, from: State, to: State) -> EventBody {
    EventBody::StateChanged(StateChange { id, from, to, session: Some(1) })
}

fn set(id: u32, old: Option<&str>, new: &str) -> EventBody {
    EventBody::AttributeSet(AttributeSet {
        id,
        attribute: "name".into(),
        old: old.map(text),
        new: text(new),
    })
}

fn table() -> EventBody {
    EventBody::TableCreated(TableView { engine: 1, name: "author".into(), columns: Vec::new() })
}

fn row(key: &str, name: &str) -> RowChange {
    RowChange {
        engine: 1,
        connection: 1,
        table: "author".into(),
        row: key.into(),
        values: vec![text(name)],
    }
}

fn gone(key: &str) -> EventBody {
    EventBody::RowDeleted(RowRemoved {
        engine: 1,
        connection: 1,
        table: "author".into(),
        row: key.into(),
    })
}

fn transaction(action: TransactionAction) -> EventBody {
    EventBody::Transaction(TransactionChange { connection: 1, action, savepoint: None })
}

fn savepoint(action: TransactionAction, name: &str) -> EventBody {
    EventBody::Transaction(TransactionChange {
        connection: 1,
        action,
        savepoint: Some(name.into()),
    })
}

#[track_caller]
fn check_rows(bodies: Vec<EventBody>, expect: &[(&str, RowMark)]) {
    let workspace = fold(bodies);
    let rows: Vec<_> = workspace.database.tables[0]
        .rows
        .values()
        .map(|row| (row.values[0].text.trim_matches('\'').to_owned(), row.mark))
        .collect();
    let expect: Vec<_> = expect.iter().map(|(name, mark)| ((*name).to_owned(), *mark)).collect();
    assert_eq!(rows, expect);
}

#[test]
fn an_object_walks_through_its_states() {
    let workspace = fold(vec![
        created(7),
        EventBody::ObjectNamed(Named { id: 7, names: vec!["ana".into()] }),
        moved(7, State::Transient, State::Pending),
        moved(7, State::Pending, State::Persistent),
        EventBody::IdentityAssigned(IdentityAssigned {
            id: 7,
            key: IdentityKey { class: "Author".into(), values: vec!["1".into()] },
        }),
    ]);
    let card = &workspace.objects[&7];
    assert_eq!(
        (card.state, card.session, card.label().as_str()),
        (State::Persistent, Some(1), "ana")
    );
    let detached = {
        let mut workspace = workspace.clone();
        workspace.apply(&Event {
            seq: 9,
            time: 0.0,
            span: None,
            body: moved(7, State::Persistent, State::Detached),
        });
        workspace.objects[&7].session
    };
    assert_eq!(detached, None);
}

#[test]
fn a_change_remembers_the_value_before_the_first_one() {
    let workspace = fold(vec![created(1), set(1, Some("Ana"), "Bea"), set(1, Some("Bea"), "Cleo")]);
    let slot = &workspace.objects[&1].slots[0];
    assert_eq!(
        (slot.before.clone(), slot.value.clone(), slot.dirty),
        (Some(text("Ana")), Some(text("Cleo")), true)
    );

    let back = fold(vec![created(1), set(1, Some("Ana"), "Bea"), set(1, Some("Bea"), "Ana")]);
    assert!(!back.objects[&1].is_dirty());
}

#[test]
fn a_finished_flush_settles_its_session() {
    let plan =
        PlanView { flush: 3, session: 1, steps: vec![StepView::default()], ..PlanView::default() };
    let workspace = fold(vec![
        created(1),
        set(1, None, "Ana"),
        moved(1, State::Transient, State::Pending),
        EventBody::FlushPlanned(FlushPlanned { stage: PlanStage::Running, plan }),
        EventBody::StepExecuted(StepExecuted { flush: 3, step: 1, generated: Vec::new() }),
        EventBody::FlushFinished(FlushEnd { flush: 3, session: 1 }),
    ]);
    assert!(!workspace.objects[&1].is_dirty());
    let run = workspace.plan.expect("a plan");
    assert!(run.finished && run.done.contains_key(&1));
}

#[test]
fn an_empty_preview_clears_only_a_preview() {
    let preview = |steps| {
        let plan = PlanView { steps, ..PlanView::default() };
        EventBody::FlushPlanned(FlushPlanned { stage: PlanStage::Preview, plan })
    };
    assert!(fold(vec![preview(vec![StepView::default()]), preview(Vec::new())]).plan.is_none());
    let running = EventBody::FlushPlanned(FlushPlanned {
        stage: PlanStage::Running,
        plan: PlanView::default(),
    });
    assert!(fold(vec![running, preview(Vec::new())]).plan.is_some());
}

#[test]
fn collections_and_expiry() {
    let change = |added: Vec<u32>, removed: Vec<u32>| {
        EventBody::CollectionChanged(CollectionChanged {
            id: 1,
            attribute: "books".into(),
            added,
            removed,
        })
    };
    let workspace = fold(vec![created(1), change(vec![2, 3], vec![]), change(vec![4], vec![2])]);
    assert_eq!(workspace.objects[&1].slots[0].members, Some(vec![3, 4]));

    let expired = EventBody::AttributesExpired(AttributesNamed { id: 1, attributes: Vec::new() });
    let workspace = fold(vec![created(1), set(1, None, "Ana"), expired]);
    assert!(workspace.objects[&1].is_expired() && !workspace.objects[&1].is_dirty());
}

#[test]
fn rows_follow_their_transaction() {
    use RowMark::{Deleted, Inserted, None, Updated};
    use TransactionAction::{Began, Committed, RolledBack, RolledBackTo, Savepoint};
    let insert = |key: &str, name: &str| EventBody::RowInserted(row(key, name));
    let update = |key: &str, name: &str| EventBody::RowUpdated(row(key, name));

    check_rows(
        vec![table(), insert("10", "b"), insert("9", "a")],
        &[("a", Inserted), ("b", Inserted)],
    );
    check_rows(vec![table(), transaction(Began), insert("1", "a"), transaction(RolledBack)], &[]);
    let committed = || vec![table(), transaction(Began), insert("1", "a"), transaction(Committed)];
    check_rows(committed(), &[("a", Inserted)]);
    let with = |more: Vec<EventBody>| committed().into_iter().chain(more).collect::<Vec<_>>();
    check_rows(with(vec![transaction(Began)]), &[("a", None)]);
    check_rows(with(vec![transaction(Began), update("1", "b")]), &[("b", Updated)]);
    check_rows(with(vec![transaction(Began), gone("1")]), &[("a", Deleted)]);
    check_rows(
        with(vec![transaction(Began), gone("1"), transaction(Committed), transaction(Began)]),
        &[],
    );
    check_rows(
        with(vec![transaction(Began), update("1", "b"), gone("1"), transaction(RolledBack)]),
        &[("a", None)],
    );
    check_rows(
        with(vec![
            transaction(Began),
            update("1", "b"),
            savepoint(Savepoint, "sa_1"),
            update("1", "c"),
            savepoint(RolledBackTo, "sa_1"),
        ]),
        &[("b", Updated)],
    );
}

#[test]
fn a_new_script_forgets_the_run_before() {
    let workspace = fold(vec![created(1), EventBody::Statement, EventBody::ScriptStarted]);
    assert!(workspace.objects.is_empty());
    assert_eq!((workspace.phase, workspace.at, workspace.statement), (Phase::Running, 3, 0));
}
