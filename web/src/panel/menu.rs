//! What opens above the page: the menu of a card and the forms, in one native dialog.

use super::{button, forms, live};
use crate::i18n::Text;
use crate::store::{Overlay, Store};
use crate::workspace::{Card, Workspace};
use leptos::html::Dialog;
use leptos::prelude::*;
use std::time::Duration;
use vidro_protocol::{CardGesture, RelationshipKind, State};
use web_sys::SubmitEvent;

/// At most this many objects are offered for one relationship.
const CHOICES: usize = 20;

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
            {live(move || store.overlay.get().map(|overlay| content(store, overlay)).into_any())}
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
            {relate(store, now, card)}
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

/// One choice for each change of a relationship: put in, take out, point to.
fn relate(store: Store, now: &Workspace, card: &Card) -> AnyView {
    let Some(model) = now.model(&card.class) else { return ().into_any() };
    let mut options: Vec<(String, String)> = Vec::new();
    for tie in &model.relationships {
        let held = card.slots.iter().find(|slot| slot.name == tie.name);
        let members = held.and_then(|slot| slot.members.as_deref()).unwrap_or_default();
        let many = matches!(tie.kind, RelationshipKind::OneToMany | RelationshipKind::ManyToMany);
        let others =
            now.objects.values().filter(|other| other.class == tie.target && other.id != card.id);
        for other in others.take(CHOICES) {
            let (sign, word) = match (many, members.contains(&other.id)) {
                (true, false) => ("←", "append"),
                (true, true) => ("−", "remove"),
                (false, _) => ("=", "set"),
            };
            let text = format!("{} {sign} {}", tie.name, other.label());
            options.push((text, format!("{word} {} {}", tie.name, other.id)));
        }
        if !many {
            options.push((format!("{} = None", tie.name), format!("set {} ", tie.name)));
        }
    }
    if options.is_empty() {
        return ().into_any();
    }
    let options =
        options.into_iter().map(|(text, value)| view! { <option value=value>{text}</option> });
    let object = card.id;
    let submit = move |event: SubmitEvent| {
        if let Some(gesture) = chosen(object, &forms::fields(&event)("target")) {
            store.card_gesture(gesture);
        }
    };
    view! {
        <form on:submit=submit>
            <h3>{store.t(Text::ChangeRelationship)}</h3>
            <div class="line">
                <select name="target" aria-label=store.t(Text::NewRelationship)>{options.collect_view()}</select>
                <button type="submit">{store.t(Text::Set)}</button>
            </div>
        </form>
    }
    .into_any()
}

/// The gesture that a choice such as `append books 3` stands for.
fn chosen(object: u32, choice: &str) -> Option<CardGesture> {
    let mut words = choice.split_whitespace();
    let (word, attribute) = (words.next()?, words.next()?.to_owned());
    let target = words.next().and_then(|id| id.parse().ok());
    match (word, target) {
        ("append", Some(target)) => Some(CardGesture::Append { object, attribute, target }),
        ("remove", Some(target)) => Some(CardGesture::Remove { object, attribute, target }),
        ("set", target) => Some(CardGesture::SetReference { object, attribute, target }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_stands_for_a_gesture() {
        let attribute = || "books".to_owned();
        let check = |choice: &str, expect: Option<CardGesture>| {
            assert_eq!(chosen(1, choice), expect, "{choice}");
        };
        check(
            "append books 3",
            Some(CardGesture::Append { object: 1, attribute: attribute(), target: 3 }),
        );
        check(
            "remove books 3",
            Some(CardGesture::Remove { object: 1, attribute: attribute(), target: 3 }),
        );
        check(
            "set books 3",
            Some(CardGesture::SetReference { object: 1, attribute: attribute(), target: Some(3) }),
        );
        check(
            "set books",
            Some(CardGesture::SetReference { object: 1, attribute: attribute(), target: None }),
        );
        check("append books", None);
        check("", None);
    }
}
