//! The bar at the top: examples, run controls, link, language, colours.

use super::button;
use crate::examples::EXAMPLES;
use crate::i18n::Text;
use crate::settings::{self, Theme};
use crate::store::Store;
use crate::workspace::Phase;
use leptos::prelude::*;

/// The bar.
pub(crate) fn toolbar(store: Store) -> AnyView {
    view! {
        <header class="bar">
            <h1 class="logo">
                {mark()}
                <span>"Vidro"</span>
                <small>{store.s(Text::Tagline)}</small>
            </h1>
            {examples(store)}
            {controls(store)}
            <span class="phase" data-phase=move || phase_class(store) role="status">
                {move || store.t(phase_text(store.phase.get()))}
            </span>
            <div class="settings">
                {share(store)}
                {language(store)}
                {theme(store)}
            </div>
        </header>
    }
    .into_any()
}

fn mark() -> AnyView {
    view! {
        <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true">
            <path d="M4 3h16l-3.2 9.6a5 5 0 0 1-9.6 0z" fill="var(--glass)" stroke="currentColor" stroke-width="1.4" />
            <path d="M5.7 8h12.6l-1.6 4.6a5 5 0 0 1-9.4 0z" fill="var(--blue)" opacity=".45" />
            <path d="M12 16v5M8 21h8" stroke="currentColor" stroke-width="1.4" stroke-linecap="round" />
        </svg>
    }
    .into_any()
}

fn examples(store: Store) -> AnyView {
    let choose = move |event| {
        let chosen =
            event_target_value(&event).parse::<usize>().ok().and_then(|at| EXAMPLES.get(at));
        if let Some(example) = chosen {
            store.source.set(example.source.to_owned());
            store.line.set(None);
            settings::remember(store);
            store.run(false);
        }
    };
    let current = Signal::derive(move || {
        store.source.with(|source| {
            EXAMPLES
                .iter()
                .position(|example| example.source == source)
                .map_or("custom".to_owned(), |at| at.to_string())
        })
    });
    let options = move || {
        let all = EXAMPLES.iter().enumerate();
        all.map(|(at, example)| view! { <option value=at.to_string()>{store.t(example.title)}</option> }).collect_view()
    };
    view! {
        <select class="examples" aria-label=store.s(Text::Example) prop:value=current on:change=choose>
            {options}
            <option value="custom" disabled=true>{store.s(Text::ExampleCustom)}</option>
        </select>
    }
    .into_any()
}

fn controls(store: Store) -> AnyView {
    let running = Signal::derive(move || store.phase.get() == Phase::Running);
    let run_text = Signal::derive(move || {
        store.t(if store.phase.get() == Phase::Paused { Text::Continue } else { Text::Run })
    });
    let step_hint = Signal::derive(move || {
        store.length.track();
        let ended = store.phase.get() == Phase::Finished && store.follows.get();
        store.t(if ended && store.flush_waits() { Text::StepFlushHint } else { Text::StepHint })
    });
    view! {
        <div class="controls">
            <button type="button" class="primary" title=store.s(Text::RunHint) disabled=running on:click=move |_| store.go()>
                {icon("M7 5l11 7-11 7z")}<span>{run_text}</span>
            </button>
            <button type="button" title=step_hint disabled=running on:click=move |_| store.step()>
                {icon("M5 5l8 7-8 7zM16 5h2.5v14H16z")}<span>{store.s(Text::Step)}</span>
            </button>
            <button
                type="button"
                title=store.s(Text::StopHint)
                disabled=move || !matches!(store.phase.get(), Phase::Running | Phase::Paused)
                on:click=move |_| store.stop()
            >
                {icon("M6 6h12v12H6z")}<span>{store.s(Text::Stop)}</span>
            </button>
            <button type="button" title=store.s(Text::ResetHint) on:click=move |_| store.reset()>
                {icon("M12 5a7 7 0 1 1-6.7 5h2.2A5 5 0 1 0 12 7v3L7.5 6 12 2z")}<span>{store.s(Text::Reset)}</span>
            </button>
        </div>
    }
    .into_any()
}

/// A small filled shape; the word beside it says what it means.
pub(crate) fn icon(path: &'static str) -> AnyView {
    view! { <svg class="icon" viewBox="0 0 24 24" width="14" height="14" aria-hidden="true"><path d=path fill="currentColor" /></svg> }
        .into_any()
}

fn share(store: Store) -> AnyView {
    let copied = move |done| {
        store.say(Text::in_language(
            if done { Text::Shared } else { Text::ShareFailed },
            store.lang.get_untracked(),
        ));
    };
    view! {
        <button type="button" class="quiet" on:click=move |_| settings::share(store, copied)>
            {store.s(Text::Share)}
        </button>
    }
    .into_any()
}

fn language(store: Store) -> AnyView {
    let label = Signal::derive(move || store.t(Text::LanguageLabel));
    let other = move || store.lang.get().other();
    view! {
        <button
            type="button"
            class="quiet"
            lang=move || other().code()
            aria-label=label
            title=label
            on:click=move |_| store.lang.update(|lang| *lang = lang.other())
        >
            {store.s(Text::Language)}
        </button>
    }
    .into_any()
}

fn theme(store: Store) -> AnyView {
    let label = Signal::derive(move || {
        store.t(match store.theme.get() {
            Theme::Auto => Text::ThemeAuto,
            Theme::Light => Text::ThemeLight,
            Theme::Dark => Text::ThemeDark,
        })
    });
    let path = Signal::derive(move || match store.theme.get() {
        Theme::Auto => "M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18v-1.6a7.4 7.4 0 0 0 0-14.8z",
        Theme::Light => {
            "M12 7a5 5 0 1 0 0 10 5 5 0 0 0 0-10zM11 1h2v4h-2zM11 19h2v4h-2zM1 11h4v2H1zM19 11h4v2h-4z"
        }
        Theme::Dark => "M20 14.5A8.5 8.5 0 1 1 9.5 4a7 7 0 0 0 10.5 10.5z",
    });
    view! {
        <button type="button" class="quiet theme" aria-label=label title=label on:click=move |_| store.theme.update(|theme| *theme = theme.next())>
            <svg class="icon" viewBox="0 0 24 24" width="16" height="16" aria-hidden="true"><path d=path fill="currentColor" /></svg>
        </button>
    }
    .into_any()
}

fn phase_class(store: Store) -> &'static str {
    match store.phase.get() {
        Phase::Empty => "empty",
        Phase::Running => "running",
        Phase::Paused => "paused",
        Phase::Finished => "finished",
        Phase::Stopped => "stopped",
        Phase::Failed => "failed",
    }
}

fn phase_text(phase: Phase) -> Text {
    match phase {
        Phase::Empty => Text::PhaseEmpty,
        Phase::Running => Text::PhaseRunning,
        Phase::Paused => Text::PhasePaused,
        Phase::Finished => Text::PhaseFinished,
        Phase::Stopped => Text::PhaseStopped,
        Phase::Failed => Text::PhaseFailed,
    }
}

/// The buttons that end a unit of work, for a session's header.
pub(crate) fn session_buttons(store: Store, session: u32) -> AnyView {
    use vidro_protocol::CardGesture::{Commit, Flush, Rollback};
    let act = move |gesture| move || store.card_gesture(gesture);
    let flush = { button("flush".into(), "quiet", move || act(Flush(session))()) };
    let commit = { button("commit".into(), "quiet", move || act(Commit(session))()) };
    let rollback = button("rollback".into(), "quiet", move || act(Rollback(session))());
    view! { <span class="session-buttons">{flush}{commit}{rollback}</span> }.into_any()
}
