//! The script editor: a textarea over painted lines, with marks for the current line and for errors.

use crate::client::insert_text;
use crate::i18n::Text;
use crate::paint;
use crate::settings;
use crate::store::Store;
use leptos::prelude::*;
use vidro_protocol::Diagnostic;
use wasm_bindgen::JsCast;
use web_sys::{HtmlTextAreaElement, KeyboardEvent};

/// Longer scripts are shown plain.
const PAINTED: usize = 120_000;

/// The editor.
pub(crate) fn editor(store: Store) -> AnyView {
    let painted = move || lines(store);
    let plain = move || store.source.with(|source| source.len() > PAINTED);
    follow_line(store);
    view! {
        <div class="panel editor" data-plain=plain>
            <div class="paper">
                <pre class="lines" aria-hidden="true" inner_html=painted></pre>
                <textarea
                    id="script"
                    aria-label=store.s(Text::EditorLabel)
                    aria-describedby="editor-keys"
                    spellcheck="false"
                    autocapitalize="off"
                    autocomplete="off"
                    wrap="off"
                    prop:value=move || store.source.get()
                    on:input=move |event| typed(store, event_target_value(&event))
                    on:keydown=move |event| key(store, &event)
                    on:keyup=move |event| caret(store, &event)
                    on:click=move |event| caret(store, &event)
                ></textarea>
            </div>
            <p id="editor-keys" class="hidden">{store.s(Text::EditorKeys)}</p>
        </div>
    }
    .into_any()
}

fn typed(store: Store, text: String) {
    store.source.set(text);
    store.line.set(None);
    store.check_soon();
    if store.source.with_untracked(String::len) < PAINTED {
        settings::remember(store);
    }
}

/// Scrolls to the line that the reader points at, or that the run stands at.
fn follow_line(store: Store) {
    Effect::new(move |_| {
        let line =
            store.line.get().or_else(|| store.now.with(|now| now.line.map(|span| span.line)));
        let Some(line) = line else { return };
        let found = document().query_selector(&format!(".lines [data-n='{line}']"));
        if let Ok(Some(found)) = found {
            let options = web_sys::ScrollIntoViewOptions::new();
            options.set_block(web_sys::ScrollLogicalPosition::Nearest);
            found.scroll_into_view_with_scroll_into_view_options(&options);
        }
    });
}

fn area(event: &web_sys::Event) -> Option<HtmlTextAreaElement> {
    event.target()?.dyn_into().ok()
}

fn caret_offset(area: &HtmlTextAreaElement) -> usize {
    area.selection_start().ok().flatten().unwrap_or(0) as usize
}

/// The text before the caret; the browser counts in UTF-16.
fn before_caret(area: &HtmlTextAreaElement) -> String {
    let units: Vec<u16> = area.value().encode_utf16().take(caret_offset(area)).collect();
    String::from_utf16_lossy(&units)
}

fn caret(store: Store, event: &web_sys::Event) {
    let Some(area) = area(event) else { return };
    if store.source.with_untracked(String::len) > PAINTED {
        return;
    }
    let line = before_caret(&area).matches('\n').count() + 1;
    store.line.set(u32::try_from(line).ok());
}

fn key(store: Store, event: &KeyboardEvent) {
    let Some(area) = area(event) else { return };
    match event.key().as_str() {
        "Enter" if event.ctrl_key() || event.meta_key() => {
            event.prevent_default();
            store.go();
        }
        "Enter" if !event.shift_key() => {
            let indent = indent_after(&before_caret(&area));
            event.prevent_default();
            insert_text(&format!("\n{indent}"));
        }
        "Tab" if !event.shift_key() && area.get_attribute("data-leave").is_none() => {
            event.prevent_default();
            let column =
                before_caret(&area).rsplit('\n').next().map_or(0, |line| line.chars().count());
            insert_text(&" ".repeat(4 - column % 4));
        }
        "Escape" => {
            let _ = area.set_attribute("data-leave", "");
            return;
        }
        _ => {}
    }
    if event.key() != "Tab" && event.key() != "Shift" {
        let _ = area.remove_attribute("data-leave");
    }
}

/// The indentation of the line after this text.
fn indent_after(text: &str) -> String {
    let line = text.rsplit('\n').next().unwrap_or_default();
    let mut indent: String = line.chars().take_while(|c| *c == ' ').collect();
    if line.trim_end().ends_with([':', '(', '[', '{']) {
        indent.push_str("    ");
    }
    indent
}

fn lines(store: Store) -> String {
    let source = store.source.get();
    if source.len() > PAINTED {
        return String::new();
    }
    let current = store.now.with(|now| now.line.map_or(0, |span| span.line));
    let pointed = store.line.get().unwrap_or(0);
    let problems = problems(store);
    let sent = statements_per_line(store);
    let mut out = String::with_capacity(source.len() * 2);
    for (number, html) in (1_u32..).zip(paint::python(&source)) {
        let problem =
            problems.iter().find(|problem| problem.span.is_some_and(|span| span.line == number));
        let class = match (number == current, problem.is_some(), number == pointed) {
            (_, true, _) => "ln bad",
            (true, false, _) => "ln now",
            (false, false, true) => "ln at",
            (false, false, false) => "ln",
        };
        let count = sent.iter().filter(|line| **line == number).count();
        let dots = if count > 0 { format!(" data-sql={count}") } else { String::new() };
        out.push_str(&format!("<div class='{class}' data-n='{number}'{dots}>{html}"));
        if let Some(problem) = problem {
            out.push_str("<span class=msg>");
            paint::escape(&format!("{}: {}", problem.name, first_line(&problem.message)), &mut out);
            out.push_str("</span>");
        }
        out.push_str("\n</div>");
    }
    out
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// What is wrong: with the text as typed, else with the run on show while its script stands.
pub(crate) fn problems(store: Store) -> Vec<Diagnostic> {
    let typed = store.diagnostics.get();
    if !typed.is_empty() || !store.is_fresh() {
        return typed;
    }
    store
        .now
        .with(|now| now.error.as_ref().map(|error| vec![(**error).clone()]).unwrap_or_default())
}

/// The lines whose statements went to the database, one entry for each statement; cut when there are very many.
fn statements_per_line(store: Store) -> Vec<u32> {
    let count = store.cursor.get();
    store.with_log(|log| {
        let sql = log.sql_before(count).iter().rev().take(400);
        sql.filter_map(|at| log.event(*at))
            .filter(|event| matches!(event.body, vidro_protocol::EventBody::Sql(_)))
            .filter_map(|event| event.span.map(|span| span.line))
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_line_is_indented_like_the_one_before() {
        let check =
            |text: &str, expect: usize| assert_eq!(indent_after(text).len(), expect, "{text:?}");
        check("", 0);
        check("a = 1", 0);
        check("def f():", 4);
        check("x\n    y", 4);
        check("    f(", 8);
    }
}
