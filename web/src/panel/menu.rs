//! What opens above the page: the menu of a card and the forms, in one native dialog.

use super::{button, forms};
use crate::i18n::Text;
use crate::store::{Overlay, Store};
use crate::workspace::{Card, Workspace};
use leptos::html::Dialog;
use leptos::prelude::*;
use std::time::Duration;
use vidro_protocol::{CardGesture, State};
use web_sys::SubmitEvent;

/// The dialog. The browser keeps the focus inside, closes it on Escape and gives the focus back.
pub(crate) fn overlay(store: Store) -> AnyView {
    let dialog = NodeRef::<Dialog>::new();
    Effect::new(move |_| {
        let open = store.overlay.with(Option::is_some);
        let Some(dialog) = dialog.get() else { return };
        if open && !dialog.open() {
            // The content is drawn first, so that the browser finds the field that wants the focus.
            let show = move || {
                let _ = dialog.show_modal();
            };
            set_timeout(show, Duration::ZERO);
        } else if !open && dialog.open() {
            dialog.close();
        }
    });
    let style =
        move || store.overlay.with(|overlay| overlay.as_ref().map(place).unwrap_or_default());
    let backdrop = move |event: web_sys::MouseEvent| {
        let on_backdrop =
            event.target().as_ref() == dialog.get_untracked().as_ref().map(AsRef::as_ref);
        if on_backdrop {
            store.overlay.set(None);
        }
    };
    view! {
        <dialog node_ref=dialog class="sheet" style=style on:close=move |_| store.overlay.set(None) on:click=backdrop>
            {move || store.overlay.get().map(|overlay| content(store, overlay))}
        </dialog>
    }
    .into_any()
}

/// A card's menu opens where it was asked for; forms stand in the middle.
fn place(overlay: &Overlay) -> String {
    match overlay {
        Overlay::Card { x, y, .. } => format!("--x:{x}px;--y:{y}px;"),
        Overlay::NewObject
        | Overlay::NewClass
        | Overlay::NewColumn(_)
        | Overlay::NewRelationship(_) => String::new(),
    }
}

fn content(store: Store, overlay: Overlay) -> AnyView {
    match overlay {
        Overlay::Card { object, .. } => store.now.with_untracked(|now| {
            now.objects
                .get(&object)
                .map_or_else(|| ().into_any(), |card| card_menu(store, now, card))
        }),
        Overlay::NewObject => forms::new_object(store),
        Overlay::NewClass => forms::new_class(store),
        Overlay::NewColumn(class) => forms::new_column(store, class),
        Overlay::NewRelationship(class) => forms::new_relationship(store, class),
    }
}

/// The heading of a form or menu, with the button that closes it.
pub(crate) fn heading(store: Store, title: String) -> AnyView {
    let close = store.t(Text::Close);
    view! {
        <header class="sheet-head">
            <h2>{title}</h2>
            <button type="button" class="quiet" aria-label=close on:click=move |_| store.overlay.set(None)>"×"</button>
        </header>
    }
    .into_any()
}

fn card_menu(store: Store, now: &Workspace, card: &Card) -> AnyView {
    let act = |text: Text, gesture: CardGesture| {
        button(store.t(text).to_owned(), "item", move || store.card_gesture(gesture.clone()))
    };
    let id = card.id;
    let items = match card.state {
        State::Transient | State::Detached => vec![act(Text::AddToSession, CardGesture::Add(id))],
        State::Pending => vec![act(Text::ExpungeIt, CardGesture::Expunge(id))],
        State::Persistent => vec![
            act(Text::DeleteIt, CardGesture::Delete(id)),
            act(Text::ExpungeIt, CardGesture::Expunge(id)),
            act(Text::ExpireIt, CardGesture::Expire(id)),
            act(Text::RefreshIt, CardGesture::Refresh(id)),
        ],
        State::Deleted => Vec::new(),
    };
    view! {
        <div class="card-menu">
            {heading(store, format!("{} · {}", card.label(), card.class))}
            <div class="items">{items}</div>
            {set_attribute(store, now, card)}
            {append(store, now, card)}
        </div>
    }
    .into_any()
}

fn set_attribute(store: Store, now: &Workspace, card: &Card) -> AnyView {
    let Some(model) = now.model(&card.class) else { return ().into_any() };
    let columns: Vec<(String, String)> = model
        .columns
        .iter()
        .map(|column| (column.attribute.clone(), column.type_name.clone()))
        .collect();
    let options =
        columns.iter().filter(|(name, _)| name != "id").map(|(name, _)| forms::option(name));
    let options = options.collect_view();
    let object = card.id;
    let submit = move |event: SubmitEvent| {
        let fields = forms::fields(&event);
        let attribute = fields("attribute");
        let type_name = columns
            .iter()
            .find(|(name, _)| *name == attribute)
            .map(|(_, type_name)| type_name.as_str());
        let value = forms::python_value(&fields("value"), type_name.unwrap_or_default());
        store.card_gesture(CardGesture::SetAttribute { object, attribute, value });
    };
    view! {
        <form on:submit=submit>
            <h3>{store.t(Text::SetAttribute)}</h3>
            <div class="line">
                <select name="attribute" aria-label=store.t(Text::Attribute)>{options}</select>
                <input name="value" autocomplete="off" aria-label=store.t(Text::Value)  />
                <button type="submit">{store.t(Text::Set)}</button>
            </div>
        </form>
    }
    .into_any()
}

fn append(store: Store, now: &Workspace, card: &Card) -> AnyView {
    use vidro_protocol::RelationshipKind::{ManyToMany, OneToMany};
    let Some(model) = now.model(&card.class) else { return ().into_any() };
    let many = model
        .relationships
        .iter()
        .filter(|relationship| matches!(relationship.kind, OneToMany | ManyToMany));
    let pairs = many.flat_map(|relationship| {
        let others = now
            .objects
            .values()
            .filter(|other| other.class == relationship.target && other.id != card.id);
        others.take(20).map(|other| {
            (
                format!("{} ← {}", relationship.name, other.label()),
                format!("{} {}", relationship.name, other.id),
            )
        })
    });
    let options: Vec<_> = pairs
        .map(|(text, value)| view! { <option value=value>{text}</option> }.into_any())
        .collect();
    if options.is_empty() {
        return ().into_any();
    }
    let object = card.id;
    let submit = move |event: SubmitEvent| {
        let chosen = forms::fields(&event)("target");
        let Some((attribute, target)) = chosen.split_once(' ') else { return };
        let Ok(target) = target.parse() else { return };
        store.card_gesture(CardGesture::Append { object, attribute: attribute.to_owned(), target });
    };
    view! {
        <form on:submit=submit>
            <h3>{store.t(Text::AppendTo)}</h3>
            <div class="line">
                <select name="target" aria-label=store.t(Text::Collection)>{options}</select>
                <button type="submit">{store.t(Text::Append)}</button>
            </div>
        </form>
    }
    .into_any()
}
