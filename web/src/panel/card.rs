//! One object as a card: its names, state, key, values, and what changed in them.

use super::board::{class_of, glyph_of};
use super::value;
use crate::i18n::{Text, state_name};
use crate::store::{Overlay, Store};
use crate::workspace::{Card, Slot, Workspace};
use leptos::prelude::*;
use vidro_protocol::State;
use web_sys::{DragEvent, MouseEvent};

/// At most this many members of a collection are named.
const MEMBERS: usize = 6;

/// The card.
pub(crate) fn card(store: Store, now: &Workspace, shown: &Card) -> AnyView {
    let id = shown.id;
    let dirty =
        if shown.is_dirty() && shown.state != State::Pending && shown.state != State::Transient {
            " dirty"
        } else {
            ""
        };
    let hollow = if shown.is_expired() { " hollow" } else { "" };
    let fresh = if shown.touched == now.statement && now.statement > 0 { " fresh" } else { "" };
    let class = format!("card {}{dirty}{hollow}{fresh}", class_of(shown.state));
    let label = shown.label();
    let menu = store.tf(Text::CardMenu, &[&label]);
    let slots = in_order(now, shown).map(|slot| row(store, now, shown, slot)).collect_view();
    let key = shown.key.as_ref().map(|key| {
        let key = format!("({}, {})", key.class, key.values.join(", "));
        view! { <code class="key">{key}</code> }
    });
    let also = (shown.names.len() > 1).then(|| {
        let also = shown.names.iter().skip(1).cloned().collect::<Vec<_>>().join(", ");
        view! { <span class="also">"= "{also}</span> }
    });
    view! {
        <article
            class=class
            id=format!("card-{id}")
            style=format!("view-transition-name:card-{id}")
            draggable="true"
            on:dragstart=move |event| drag(&event, id)
        >
            <header>
                <b>{label}</b>
                <span class="class">{shown.class.clone()}</span>
                <button type="button" class="more" aria-label=menu aria-haspopup="dialog" on:click=move |event| open(store, &event, id)>
                    "⋯"
                </button>
            </header>
            {also}
            <dl>{slots}</dl>
            <footer>
                <span class="state"><span aria-hidden="true">{glyph_of(shown.state)}</span>" "{store.t(state_name(shown.state))}</span>
                {key}
            </footer>
        </article>
    }
    .into_any()
}

/// The attributes as the class declares them: columns, then relationships.
fn in_order<'a>(now: &Workspace, card: &'a Card) -> impl Iterator<Item = &'a Slot> {
    let place = |slot: &Slot| {
        let model = now.model(&card.class)?;
        let columns = model.columns.iter().map(|column| &column.attribute);
        let ties = model.relationships.iter().map(|tie| &tie.name);
        columns.chain(ties).position(|name| *name == slot.name)
    };
    let mut slots: Vec<(usize, &Slot)> =
        card.slots.iter().map(|slot| (place(slot).unwrap_or(usize::MAX), slot)).collect();
    slots.sort_by_key(|(place, _)| *place);
    slots.into_iter().map(|(_, slot)| slot)
}

fn drag(event: &DragEvent, id: u32) {
    if let Some(data) = event.data_transfer() {
        let _ = data.set_data("text/plain", &id.to_string());
    }
}

fn open(store: Store, event: &MouseEvent, id: u32) {
    let (x, y) = (f64::from(event.client_x()), f64::from(event.client_y()));
    store.overlay.set(Some(Overlay::Card { object: id, x, y }));
}

fn row(store: Store, now: &Workspace, card: &Card, slot: &Slot) -> AnyView {
    let tells_change = slot.dirty && card.state != State::Pending && card.state != State::Transient;
    let before = (tells_change && slot.before.is_some()).then(|| {
        let before = slot.before.as_ref().map(|before| value(now, before));
        let changed = store.t(Text::Changed);
        view! { <del>{before}</del><span aria-label=changed>" → "</span> }
    });
    let held = match (&slot.members, &slot.value) {
        _ if slot.expired => view! { <em>{store.t(Text::Expired)}</em> }.into_any(),
        (Some(members), _) => members_of(store, now, members),
        (None, Some(held)) => value(now, held),
        (None, None) => view! { <em>{store.t(Text::NotLoaded)}</em> }.into_any(),
    };
    let class = if tells_change { "slot changed" } else { "slot" };
    view! { <div class=class><dt>{slot.name.clone()}</dt><dd>{before}{held}</dd></div> }.into_any()
}

fn members_of(store: Store, now: &Workspace, members: &[u32]) -> AnyView {
    let named =
        members.iter().take(MEMBERS).map(|id| now.name_of(*id)).collect::<Vec<_>>().join(", ");
    let rest = members.len().saturating_sub(MEMBERS);
    let more = (rest > 0).then(|| store.tf(Text::MoreObjects, &[&rest.to_string()]));
    view! { <span class="v object">"["{named}"]"</span>" "{more} }.into_any()
}
