//! What the script wrote, and what went wrong.

use super::{editor, line_link, live};
use crate::i18n::{Text, notice};
use crate::store::Store;
use leptos::prelude::*;
use vidro_protocol::{Diagnostic, EventBody, Severity, Stream};

/// At most this many pieces of output are shown.
const SHOWN: usize = 400;

/// The output panel.
pub(crate) fn console(store: Store) -> AnyView {
    view! {
        <section class="console" aria-label=store.s(Text::Output)>
            <h2>{store.s(Text::Output)}</h2>
            <div class="scroll" tabindex="0" role="log" aria-label=store.s(Text::Output)>
                {live(move || output(store))}
                {live(move || errors(store))}
            </div>
        </section>
    }
    .into_any()
}

fn output(store: Store) -> AnyView {
    let count = store.cursor.get();
    let lang = store.lang.get();
    let (pieces, cut) = store.with_log(|log| {
        let all = log.output_before(count);
        let from = all.len().saturating_sub(SHOWN);
        let pieces: Vec<_> = all
            .iter()
            .skip(from)
            .filter_map(|at| log.event(*at))
            .map(|event| event.body.clone())
            .collect();
        (pieces, from > 0)
    });
    if pieces.is_empty() && editor::problems(store).is_empty() {
        return super::empty(store.t(Text::OutputEmpty));
    }
    let pieces = pieces.into_iter().map(|body| match body {
        EventBody::Output(output) => {
            view! { <span class=stream_class(output.stream)>{output.text}</span> }.into_any()
        }
        EventBody::Notice(told) => {
            view! { <span class="o notice">{notice(lang, &told)}"\n"</span> }.into_any()
        }
        _ => ().into_any(),
    });
    let cut = cut.then(|| view! { <p class="empty">{store.t(Text::OutputCut)}</p> });
    view! { {cut}<pre>{pieces.collect_view()}</pre> }.into_any()
}

fn stream_class(stream: Stream) -> &'static str {
    match stream {
        Stream::Stdout => "o",
        Stream::Echo => "o echo",
        Stream::Display => "o display",
        Stream::Warning => "o warning",
    }
}

fn errors(store: Store) -> AnyView {
    editor::problems(store)
        .into_iter()
        .map(|problem| error(store, &problem))
        .collect_view()
        .into_any()
}

fn error(store: Store, problem: &Diagnostic) -> AnyView {
    let place = problem.span.map(|span| {
        let column = store.tf(Text::Column, &[&span.column.to_string()]);
        view! { <p class="place">{line_link(store, span.line)}", "{column}</p> }
    });
    let hint = problem
        .hint
        .as_ref()
        .map(|hint| view! { <p class="hint">{store.tf(Text::Hint, &[hint])}</p> });
    let traceback = (!problem.traceback.is_empty()).then(|| {
        let text = problem.traceback.clone();
        view! { <details><summary>"Traceback"</summary><pre>{text}</pre></details> }
    });
    let class = if problem.severity == Severity::Warning { "error mild" } else { "error" };
    view! {
        <div class=class role="alert">
            <p><strong>{problem.name.clone()}</strong>": "{problem.message.clone()}</p>
            {place}{hint}{traceback}
        </div>
    }
    .into_any()
}
