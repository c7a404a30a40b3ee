//! The panels, each a function of the store, and the small parts they share.

pub(crate) mod board;
pub(crate) mod card;
pub(crate) mod console;
pub(crate) mod data;
pub(crate) mod dialects;
pub(crate) mod editor;
pub(crate) mod er;
pub(crate) mod forms;
pub(crate) mod menu;
pub(crate) mod models;
pub(crate) mod plan;
pub(crate) mod plan_graph;
pub(crate) mod plan_rows;
pub(crate) mod pool;
pub(crate) mod sql;
pub(crate) mod timeline;
pub(crate) mod toolbar;

use crate::i18n::Text;
use crate::store::Store;
use crate::workspace::Workspace;
use leptos::prelude::*;
use vidro_protocol::{Value, ValueKind};

/// A button with a text and what it does.
pub(crate) fn button(label: String, class: &'static str, act: impl Fn() + 'static) -> AnyView {
    boxed_button(label, class, Box::new(act))
}

fn boxed_button(label: String, class: &'static str, act: Box<dyn Fn()>) -> AnyView {
    view! { <button type="button" class=class on:click=move |_| act()>{label}</button> }.into_any()
}

/// A part of the page that is drawn again when what it reads changes. All such parts are of one type, which
/// keeps the page small.
pub(crate) fn live(draw: impl Fn() -> AnyView + Send + 'static) -> AnyView {
    live_boxed(Box::new(draw))
}

fn live_boxed(draw: Box<dyn Fn() -> AnyView + Send>) -> AnyView {
    (move || draw()).into_any()
}

/// A button of which one in a group is pressed.
pub(crate) fn choice<T>(store: Store, signal: RwSignal<T>, value: T, label: Text) -> AnyView
where
    T: Copy + PartialEq + Send + Sync + 'static,
{
    let pressed = Signal::derive(move || if signal.get() == value { "true" } else { "false" });
    choice_button(store.s(label), pressed, Box::new(move || signal.set(value)))
}

fn choice_button(
    label: Signal<&'static str>,
    pressed: Signal<&'static str>,
    choose: Box<dyn Fn()>,
) -> AnyView {
    view! { <button type="button" class="choice" aria-pressed=pressed on:click=move |_| choose()>{label}</button> }
        .into_any()
}

/// A button that shows the line of the script something came from.
pub(crate) fn line_link(store: Store, line: u32) -> AnyView {
    if line == 0 {
        return ().into_any();
    }
    let label = store.tf(Text::LineLink, &[&line.to_string()]);
    let short = store.tf(Text::Line, &[&line.to_string()]);
    view! {
        <button type="button" class="line-link" title=label on:click=move |_| store.reveal(line)>{short}</button>
    }
    .into_any()
}

/// What an empty panel teaches.
pub(crate) fn empty(text: &'static str) -> AnyView {
    view! { <p class="empty">{text}</p> }.into_any()
}

/// A value as text: objects by their names, the rest as Python prints it.
pub(crate) fn value_text(now: &Workspace, value: &Value) -> String {
    match value.object {
        Some(id) => now.name_of(id),
        None => value.text.clone(),
    }
}

/// The class that gives a value its look.
pub(crate) fn value_class(value: &Value) -> &'static str {
    match value.kind {
        ValueKind::None => "v none",
        ValueKind::Bool | ValueKind::Number => "v number",
        ValueKind::Text => "v text",
        ValueKind::Object => "v object",
        ValueKind::Other => "v",
    }
}

/// A value with its look.
pub(crate) fn value(now: &Workspace, shown: &Value) -> AnyView {
    view! { <span class=value_class(shown)>{value_text(now, shown)}</span> }.into_any()
}

/// `1 row`, `2 rows`.
pub(crate) fn rows_text(store: Store, count: usize) -> String {
    if count == 1 {
        store.t(Text::OneRow).to_owned()
    } else {
        store.tf(Text::RowsReturned, &[&count.to_string()])
    }
}
