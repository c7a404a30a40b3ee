//! The timeline: a slider over the event log that restores objects and rows at any event.

use super::live;
use crate::i18n::{Text, state_name};
use crate::store::Store;
use leptos::prelude::*;
use std::time::Duration;
use vidro_protocol::{Event, EventBody, PlanStage, TransactionAction};

/// At most this many marks are drawn.
const MARKS: usize = 300;
/// Time between two stops while playing.
const BEAT: Duration = Duration::from_millis(700);

/// The bar at the bottom.
pub(crate) fn timeline(store: Store) -> AnyView {
    let playing = RwSignal::new(false);
    let scrub = move |event| {
        playing.set(false);
        store.jump(event_target_value(&event).parse().unwrap_or(0));
    };
    view! {
        <section class="timeline" aria-label=store.s(Text::Timeline)>
            <div class="transport">
                {step(store, Text::TimelineStart, "M6 5h2.5v14H6zM20 5v14L9.5 12z", move || store.jump(0))}
                {step(store, Text::TimelineBack, "M17 5v14L6.5 12z", move || store.walk(false))}
                {play(store, playing)}
                {step(store, Text::TimelineForward, "M7 5v14l10.500-7z", move || store.walk(true))}
                {step(store, Text::TimelineEnd, "M15.500 5H18v14h-2.500zM4 5v14l10.500-7z", move || store.jump(usize::MAX))}
            </div>
            <div class="track">
                <svg class="marks" aria-hidden="true" preserveAspectRatio="none" viewBox="0 0 1000 10">{live(move || marks(store))}</svg>
                <input
                    type="range"
                    min="0"
                    max=move || store.length.get().to_string()
                    prop:value=move || { store.length.track(); store.cursor.get().to_string() }
                    aria-label=store.s(Text::Timeline)
                    aria-valuetext=move || caption(store)
                    on:input=scrub
                />
            </div>
            <p class="caption">{move || caption(store)}</p>
        </section>
    }
    .into_any()
}

fn step(store: Store, text: Text, path: &'static str, act: impl Fn() + Send + 'static) -> AnyView {
    let label = store.s(text);
    view! {
        <button type="button" class="quiet" aria-label=label title=label on:click=move |_| act()>{super::toolbar::icon(path)}</button>
    }
    .into_any()
}

fn play(store: Store, playing: RwSignal<bool>) -> AnyView {
    let label =
        move || store.t(if playing.get() { Text::TimelinePause } else { Text::TimelinePlay });
    let path = Signal::derive(move || {
        if playing.get() { "M7 5h3.500v14H7zM13.500 5H17v14h-3.500z" } else { "M7 5l11 7-11 7z" }
    });
    let toggle = move |_| {
        playing.update(|playing| *playing = !*playing);
        if playing.get_untracked() {
            if store.follows.get_untracked() {
                store.jump(0);
            }
            beat(store, playing);
        }
    };
    view! {
        <button type="button" class="quiet" aria-label=label title=label on:click=toggle>
            <svg class="icon" viewBox="0 0 24 24" width="14" height="14" aria-hidden="true"><path d=path fill="currentColor" /></svg>
        </button>
    }
    .into_any()
}

fn beat(store: Store, playing: RwSignal<bool>) {
    let next = move || {
        if !playing.get_untracked() {
            return;
        }
        store.walk(true);
        if store.follows.get_untracked() {
            playing.set(false);
        } else {
            beat(store, playing);
        }
    };
    set_timeout(next, BEAT);
}

/// What the last event before the cursor was, in a few words.
fn caption(store: Store) -> String {
    let (at, length) = (store.cursor.get(), store.length.get());
    if length == 0 {
        return store.t(Text::NoEvents).to_owned();
    }
    let counted = store.tf(Text::EventOf, &[&at.to_string(), &length.to_string()]);
    let event = store.with_log(|log| at.checked_sub(1).and_then(|at| log.event(at)).cloned());
    let Some(event) = event else { return counted };
    let line = event
        .span
        .filter(|span| span.line > 0)
        .map(|span| store.tf(Text::Line, &[&span.line.to_string()]));
    let parts = [Some(counted), line, Some(tell(store, &event)).filter(|told| !told.is_empty())];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

fn tell(store: Store, event: &Event) -> String {
    let text = match &event.body {
        EventBody::Sql(sql) => {
            let first: String =
                sql.text.trim().lines().next().unwrap_or_default().chars().take(48).collect();
            return store.tf(Text::EventSql, &[&first]);
        }
        EventBody::StateChanged(change) => {
            let name = store.now.with(|now| now.name_of(change.id));
            return store.tf(Text::EventState, &[&name, store.t(state_name(change.to))]);
        }
        EventBody::FlushPlanned(planned) if planned.stage == PlanStage::Preview => {
            Text::EventPreview
        }
        EventBody::FlushPlanned(_) => Text::EventPlanned,
        EventBody::FlushFinished(_) => Text::EventFlushed,
        EventBody::FlushFailed(_) => Text::EventFlushFailed,
        EventBody::Transaction(change) => match change.action {
            TransactionAction::Committed => Text::EventCommit,
            TransactionAction::RolledBack | TransactionAction::RolledBackTo => Text::EventRollback,
            TransactionAction::Began
            | TransactionAction::Savepoint
            | TransactionAction::Released => Text::EventBegin,
        },
        EventBody::Finished => Text::PhaseFinished,
        EventBody::Stopped => Text::PhaseStopped,
        EventBody::Failed(_) => Text::PhaseFailed,
        _ => return String::new(),
    };
    store.t(text).to_owned()
}

/// A mark for each stop: tall for SQL, coloured for what ends a flush or a transaction.
fn marks(store: Store) -> AnyView {
    let length = store.length.get();
    let all = store.with_log(|log| {
        let marks = log.marks(MARKS).into_iter();
        marks
            .filter_map(|at| log.event(at).map(|event| (at, class_of(&event.body))))
            .collect::<Vec<_>>()
    });
    let count = f64::from(u32::try_from(length.max(1)).unwrap_or(u32::MAX));
    let rects = all.into_iter().map(|(at, class)| {
        let x = f64::from(u32::try_from(at + 1).unwrap_or(u32::MAX)) / count * 1000.0;
        view! { <rect class=class x=format!("{x:.1}") y="0" width="1.500" height="10" /> }
    });
    rects.collect_view().into_any()
}

fn class_of(body: &EventBody) -> &'static str {
    match body {
        EventBody::Sql(_) => "sql",
        EventBody::FlushFinished(_) => "flush",
        EventBody::FlushFailed(_) | EventBody::Failed(_) => "bad",
        EventBody::Transaction(change) if change.action == TransactionAction::Committed => "commit",
        EventBody::StateChanged(_) => "state",
        _ => "plain",
    }
}
