//! Models as cards, with the forms that change them in the script.

use super::{button, empty, line_link, live};
use crate::i18n::{Text, relationship_kind};
use crate::store::{Overlay, Store};
use leptos::prelude::*;
use vidro_protocol::{ColumnView, Gesture, ModelView, RelationshipKind, RelationshipView};

/// The cascade that the switch on a relationship turns.
const ORPHAN: &str = "delete-orphan";

/// The panel.
pub(crate) fn models(store: Store) -> AnyView {
    let new = live(move || {
        button(store.t(Text::NewClass).to_owned(), "", move || {
            store.overlay.set(Some(Overlay::NewClass));
        })
    });
    let cards = live(move || {
        store.now.with(|now| {
            if now.models.is_empty() {
                return empty(store.t(Text::ModelsEmpty));
            }
            now.models.iter().map(|shown| model(store, shown)).collect_view().into_any()
        })
    });
    view! {
        <section class="panel models" aria-label=store.s(Text::Models)>
            <div class="scroll" tabindex="0" role="group" aria-label=store.s(Text::Models)>{cards}<p>{new}</p></div>
        </section>
    }
    .into_any()
}

fn model(store: Store, shown: &ModelView) -> AnyView {
    let line = shown.span.map_or(0, |span| span.line);
    let open = |overlay: fn(String) -> Overlay, text: Text| {
        let class = shown.class.clone();
        button(format!("+ {}", store.t(text)), "quiet", move || {
            store.overlay.set(Some(overlay(class.clone())));
        })
    };
    let columns = shown.columns.iter().map(|shown| column(store, shown)).collect_view();
    let ties =
        shown.relationships.iter().map(|tie| relationship(store, &shown.class, tie)).collect_view();
    view! {
        <article class="model">
            <header>
                <h3>{shown.class.clone()}</h3>
                <code>{shown.table.clone()}</code>
                {line_link(store, line)}
            </header>
            <ul class="columns">{columns}</ul>
            <ul class="ties">{ties}</ul>
            <footer>{open(Overlay::NewColumn, Text::NewColumn)}{open(Overlay::NewRelationship, Text::NewRelationship)}</footer>
        </article>
    }
    .into_any()
}

fn column(store: Store, shown: &ColumnView) -> AnyView {
    let mut notes = Vec::new();
    if shown.primary_key {
        notes.push(store.t(Text::PrimaryKey).to_owned());
    } else if !shown.nullable {
        notes.push(store.t(Text::NotNull).to_owned());
    }
    if shown.unique {
        notes.push(store.t(Text::Unique).to_owned());
    }
    if let Some(key) = &shown.foreign_key {
        notes.push(format!("→ {key}"));
    }
    if let Some(default) = &shown.default {
        notes.push(format!("= {default}"));
    }
    let class = if shown.primary_key { "pk" } else { "" };
    view! {
        <li class=class>
            <b>{shown.attribute.clone()}</b>
            <span class="type">{shown.type_name.clone()}</span>
            <span class="notes">{notes.join(" · ")}</span>
        </li>
    }
    .into_any()
}

fn relationship(store: Store, class: &str, tie: &RelationshipView) -> AnyView {
    let through =
        tie.secondary.as_ref().map(|table| format!(" {}", store.tf(Text::Through, &[table])));
    let owns = matches!(tie.kind, RelationshipKind::OneToMany | RelationshipKind::OneToOne);
    let switch = owns.then(|| orphan_switch(store, class.to_owned(), tie));
    view! {
        <li>
            <b>{tie.name.clone()}</b>
            <span class="type">{tie.target.clone()}</span>
            <span class="notes">{store.t(relationship_kind(tie.kind))}{through}</span>
            {switch}
        </li>
    }
    .into_any()
}

fn orphan_switch(store: Store, class: String, tie: &RelationshipView) -> AnyView {
    let on = tie.cascade.iter().any(|word| word == ORPHAN);
    let (relationship, cascade) = (tie.name.clone(), flipped(&tie.cascade));
    let flip = move |_| {
        store.gesture(Gesture::SetCascade {
            class: class.clone(),
            relationship: relationship.clone(),
            cascade: cascade.clone(),
        });
    };
    view! {
        <label class="check" title=store.t(Text::DeleteOrphanHint)>
            <input type="checkbox" prop:checked=on on:change=flip />
            {store.t(Text::DeleteOrphan)}
        </label>
    }
    .into_any()
}

/// The cascades with delete-orphan turned; it needs delete beside it.
fn flipped(cascade: &[String]) -> Vec<String> {
    let mut words: Vec<String> = cascade.iter().filter(|word| *word != ORPHAN).cloned().collect();
    if words.len() == cascade.len() {
        if !words.iter().any(|word| word == "delete" || word == "all") {
            words.push("delete".to_owned());
        }
        words.push(ORPHAN.to_owned());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delete_orphan_is_turned_with_what_it_needs() {
        let check = |from: &str, to: &str| {
            let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
            assert_eq!(flipped(&words(from)), words(to));
        };
        check("save-update merge", "save-update merge delete delete-orphan");
        check("all", "all delete-orphan");
        check("save-update delete delete-orphan", "save-update delete");
    }
}
