//! The session board: five lanes, and the identity map below.

use super::{button, card, empty, live, toolbar::session_buttons};
use crate::i18n::{Text, state_name};
use crate::store::{Overlay, Store};
use crate::workspace::{Card, Workspace};
use leptos::prelude::*;
use std::rc::Rc;
use vidro_protocol::{CardGesture, State};
use web_sys::DragEvent;

/// At most this many cards stand in one lane.
const SHOWN: usize = 24;

/// The board.
pub(crate) fn board(store: Store) -> AnyView {
    view! {
        <section class="panel board" aria-label=store.s(Text::Session)>
            <div class="scroll" tabindex="0" role="group" aria-label=store.s(Text::Session)>
                {live(move || store.now.with(|now| lanes(store, now)))}
                {live(move || store.now.with(|now| identity_map(store, now)))}
            </div>
        </section>
    }
    .into_any()
}

fn lanes(store: Store, now: &Workspace) -> AnyView {
    let lane = |state| lane(store, now, state);
    let blank = now.objects.is_empty().then(|| empty(store.t(Text::SessionEmpty)));
    view! {
        {blank}
        <div class="lanes">
            {lane(State::Transient)}
            <div class="session-box" style=columns(now)>
                {session_headers(store, now)}
                <div class="inner">
                    {lane(State::Pending)}
                    {lane(State::Persistent)}
                    {lane(State::Deleted)}
                </div>
                <div class="row-bar"><span>{store.t(Text::DatabaseRow)}</span></div>
            </div>
            {lane(State::Detached)}
        </div>
    }
    .into_any()
}

/// Lanes with cards share the width; the bar of rows begins where the persistent lane does.
fn columns(now: &Workspace) -> String {
    let widths = [State::Pending, State::Persistent, State::Deleted].map(|state| {
        let bare = !now.objects.values().any(|card| card.state == state);
        if bare { "92px" } else { "minmax(0,1fr)" }
    });
    let all_bare = widths.iter().all(|width| *width == "92px");
    let widths = if all_bare { ["minmax(0,1fr)"; 3] } else { widths };
    format!("--columns:{}", widths.join(" "))
}

fn session_headers(store: Store, now: &Workspace) -> AnyView {
    let open: Vec<_> = now.sessions.values().filter(|session| session.open).collect();
    if open.is_empty() {
        let title = store.t(Text::Session);
        return view! { <header><h3>{title}" "<small>{store.t(Text::NoSession)}</small></h3></header> }.into_any();
    }
    let from = open.len().saturating_sub(3);
    let header = |session: &&Rc<crate::workspace::SessionCard>| {
        let title = store.t(Text::Session);
        let name = session.label();
        let buttons = session_buttons(store, session.id);
        view! { <header><h3>{title}" "<code>{name}</code></h3>{buttons}</header> }
    };
    open.iter().skip(from).map(header).collect_view().into_any()
}

fn lane(store: Store, now: &Workspace, state: State) -> AnyView {
    let cards: Vec<_> = now.objects.values().filter(|card| card.state == state).collect();
    let count = cards.len();
    let title = store.t(state_name(state));
    let from = count.saturating_sub(SHOWN);
    let shown = cards.iter().skip(from).map(|shown| card::card(store, now, shown)).collect_view();
    let more = (from > 0).then(
        || view! { <p class="more-cards">{store.tf(Text::MoreObjects, &[&from.to_string()])}</p> },
    );
    let new = (state == State::Transient && !now.models.is_empty()).then(|| {
        button(store.t(Text::NewObject).to_owned(), "quiet new", move || {
            store.overlay.set(Some(Overlay::NewObject));
        })
    });
    let class = format!("lane {}{}", class_of(state), if count == 0 { " bare" } else { "" });
    view! {
        <section
            class=class
            aria-label=title
            title=store.t(hint_of(state))
            on:dragover=move |event| event.prevent_default()
            on:drop=move |event| dropped(store, state, &event)
        >
            <h3 class="lane-head"><span class="glyph" aria-hidden="true">{glyph_of(state)}</span>{title}<span class="count">{count}</span></h3>
            {shown}{more}{new}
        </section>
    }
    .into_any()
}

/// A card dropped on a lane writes the line that moves it there.
fn dropped(store: Store, lane: State, event: &DragEvent) {
    event.prevent_default();
    let text =
        event.data_transfer().and_then(|data| data.get_data("text/plain").ok()).unwrap_or_default();
    let Ok(id) = text.parse::<u32>() else { return };
    let card = store.now.with_untracked(|now| now.objects.get(&id).cloned());
    if let Some(gesture) = card.and_then(|card| move_to(&card, lane)) {
        store.card_gesture(gesture);
    }
}

/// The gesture that brings a card to a lane, when there is one.
fn move_to(card: &Card, lane: State) -> Option<CardGesture> {
    match (card.state, lane) {
        (State::Transient | State::Detached, State::Pending | State::Persistent) => {
            Some(CardGesture::Add(card.id))
        }
        (State::Pending, State::Persistent) => card.session.map(CardGesture::Flush),
        (State::Persistent, State::Deleted) => Some(CardGesture::Delete(card.id)),
        (State::Pending | State::Persistent, State::Transient | State::Detached) => {
            Some(CardGesture::Expunge(card.id))
        }
        _ => None,
    }
}

/// The shape that stands for a state.
pub(crate) fn glyph_of(state: State) -> &'static str {
    match state {
        State::Transient => "○",
        State::Pending => "◐",
        State::Persistent => "●",
        State::Deleted => "⊗",
        State::Detached => "◌",
    }
}

/// The class that gives a state its look.
pub(crate) fn class_of(state: State) -> &'static str {
    match state {
        State::Transient => "transient",
        State::Pending => "pending",
        State::Persistent => "persistent",
        State::Deleted => "deleted",
        State::Detached => "detached",
    }
}

fn hint_of(state: State) -> Text {
    match state {
        State::Transient => Text::TransientHint,
        State::Pending => Text::PendingHint,
        State::Persistent => Text::PersistentHint,
        State::Deleted => Text::DeletedHint,
        State::Detached => Text::DetachedHint,
    }
}

fn identity_map(store: Store, now: &Workspace) -> AnyView {
    let inside = now
        .objects
        .values()
        .filter(|card| card.session.is_some() && card.state == State::Persistent);
    let rows: Vec<_> =
        inside.filter_map(|card| Some((card.key.clone()?, card))).take(SHOWN * 2).collect();
    let body = if rows.is_empty() {
        empty(store.t(Text::IdentityMapEmpty))
    } else {
        let rows = rows.into_iter().map(|(key, card)| {
            let key = format!("({}, {})", key.class, key.values.join(", "));
            let id = card.id;
            view! {
                <tr>
                    <td><code>{key}</code></td>
                    <td aria-hidden="true">"→"</td>
                    <td><a href=format!("#card-{id}") on:click=move |event| show_card(&event, id)>{card.label()}</a></td>
                </tr>
            }
        });
        let (key, object) = (store.t(Text::Key), store.t(Text::Object));
        view! {
            <table>
                <thead class="hidden"><tr><th>{key}</th><th></th><th>{object}</th></tr></thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        }
        .into_any()
    };
    view! {
        <section class="identity">
            <h3>{store.t(Text::IdentityMap)}" "<small>{store.t(Text::IdentityMapHint)}</small></h3>
            {body}
        </section>
    }
    .into_any()
}

/// Goes to a card without touching the hash, which holds the script.
fn show_card(event: &web_sys::MouseEvent, id: u32) {
    event.prevent_default();
    if let Ok(Some(found)) = document().query_selector(&format!("#card-{id} button")) {
        use wasm_bindgen::JsCast;
        if let Ok(found) = found.dyn_into::<web_sys::HtmlElement>() {
            let _ = found.focus();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_says_what_to_do_with_a_card() {
        let check = |from: State, lane: State, expect: Option<CardGesture>| {
            let card = Card { id: 7, state: from, session: Some(2), ..Card::default() };
            assert_eq!(move_to(&card, lane), expect, "{from:?} to {lane:?}");
        };
        check(State::Transient, State::Pending, Some(CardGesture::Add(7)));
        check(State::Detached, State::Persistent, Some(CardGesture::Add(7)));
        check(State::Pending, State::Persistent, Some(CardGesture::Flush(2)));
        check(State::Persistent, State::Deleted, Some(CardGesture::Delete(7)));
        check(State::Persistent, State::Detached, Some(CardGesture::Expunge(7)));
        check(State::Deleted, State::Pending, None);
        check(State::Pending, State::Pending, None);
    }
}
