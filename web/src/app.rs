//! The page's frame: where each panel stands, on any width.

use crate::examples::EXAMPLES;
use crate::i18n::Text;
use crate::panel::{
    board, choice, console, data, dialects, editor, er, menu, models, plan, pool, sql, timeline,
    toolbar,
};
use crate::settings;
use crate::store::{Side, Stage, Store, Tab};
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

/// The whole page.
pub(crate) fn app() -> AnyView {
    let (lang, theme) = settings::read();
    let store = Store::new(lang, theme);
    store.connect();
    dress(store);
    first_visit(store);
    let tab = move || match store.tab.get() {
        Tab::Code => "code",
        Tab::Stage => "stage",
        Tab::Sql => "sql",
        Tab::Data => "data",
    };
    view! {
        <div class="page" data-tab=tab>
            <a class="skip" href="#script">{store.s(Text::SkipToScript)}</a>
            {toolbar::toolbar(store)}
            <main>
                {left(store)}
                {centre(store)}
                {right(store)}
            </main>
            {timeline::timeline(store)}
            {bottom_tabs(store)}
            {menu::overlay(store)}
            <p class="toast" role="status" data-shown=move || if store.toast.with(String::is_empty) { "false" } else { "true" }>
                {move || store.toast.get()}
            </p>
        </div>
    }
    .into_any()
}

/// Keeps language and colours of the page's root, its title and its address in step with the store.
fn dress(store: Store) {
    Effect::new(move |first: Option<()>| {
        let (lang, theme) = (store.lang.get(), store.theme.get());
        if let Some(root) = document().document_element() {
            let _ = root.set_attribute("lang", lang.code());
            let _ = root.set_attribute("data-theme", theme.name());
        }
        document().set_title(&format!("Vidro: {}", Text::Tagline.in_language(lang)));
        if first.is_some() {
            settings::remember(store);
        }
    });
}

/// Shows the script of the link, or the first example, already run; and again when another link is opened here.
fn first_visit(store: Store) {
    let opened = window_event_listener(leptos::ev::hashchange, move |_| open_link(store));
    on_cleanup(move || opened.remove());
    open_link(store);
}

fn open_link(store: Store) {
    spawn_local(async move {
        let shared = settings::shared_source().await;
        let source = shared.or_else(|| EXAMPLES.first().map(|example| example.source.to_owned()));
        store.source.set(source.unwrap_or_default());
        store.run(false);
    });
}

fn left(store: Store) -> AnyView {
    let side = move || if store.side.get() == Side::Script { "script" } else { "models" };
    view! {
        <section class="column code" data-side=side aria-label=store.s(Text::Code)>
            <h2 class="hidden">{store.s(Text::Code)}</h2>
            <div class="tabs" role="group" aria-label=store.s(Text::Code)>
                {choice(store, store.side, Side::Script, Text::Script)}
                {choice(store, store.side, Side::Models, Text::Models)}
            </div>
            {editor::editor(store)}
            {models::models(store)}
            {console::console(store)}
        </section>
    }
    .into_any()
}

fn centre(store: Store) -> AnyView {
    let stage = move || match store.stage.get() {
        Stage::Er => "er",
        Stage::Session => "session",
        Stage::Plan => "plan",
        Stage::Pool => "pool",
        Stage::Dialects => "dialects",
    };
    view! {
        <section class="column stage" data-stage=stage aria-label=store.s(Text::StageTab)>
            <h2 class="hidden">{store.s(Text::StageTab)}</h2>
            <div class="tabs" role="group" aria-label=store.s(Text::StageTab)>
                {choice(store, store.stage, Stage::Er, Text::Er)}
                {choice(store, store.stage, Stage::Session, Text::Session)}
                {choice(store, store.stage, Stage::Plan, Text::Plan)}
                {choice(store, store.stage, Stage::Pool, Text::Pool)}
                {choice(store, store.stage, Stage::Dialects, Text::Dialects)}
                {plan::badge(store)}
            </div>
            {er::er(store)}
            {board::board(store)}
            {plan::plan(store)}
            {pool::pool(store)}
            {dialects::dialects(store)}
        </section>
    }
    .into_any()
}

fn right(store: Store) -> AnyView {
    view! {
        <div class="column right">
            {sql::sql_log(store)}
            {data::data(store)}
        </div>
    }
    .into_any()
}

fn bottom_tabs(store: Store) -> AnyView {
    view! {
        <nav class="bottom-tabs" aria-label="Vidro">
            {choice(store, store.tab, Tab::Code, Text::Code)}
            {choice(store, store.tab, Tab::Stage, Text::StageTab)}
            {choice(store, store.tab, Tab::Sql, Text::SqlLog)}
            {choice(store, store.tab, Tab::Data, Text::Data)}
        </nav>
    }
    .into_any()
}
