//! The tables of the database, with what changed in them.

use super::{empty, live, rows_text, value};
use crate::i18n::Text;
use crate::store::Store;
use crate::workspace::{Row, RowMark, TableState, Workspace};
use leptos::prelude::*;

/// At most this many rows of a table are shown.
const SHOWN: usize = 60;

/// The panel.
pub(crate) fn data(store: Store) -> AnyView {
    let tables = live(move || {
        store.now.with(|now| {
            if now.database.tables.is_empty() {
                return empty(store.t(Text::DataEmpty));
            }
            now.database
                .tables
                .iter()
                .map(|shown| table(store, now, shown))
                .collect_view()
                .into_any()
        })
    });
    let open = move || store.now.with(|now| now.database.open_transactions() > 0);
    view! {
        <section class="data" aria-label=store.s(Text::Data)>
            <h2>
                {store.s(Text::Data)}
                {live(move || open().then(|| view! { <small class="open">{store.t(Text::Uncommitted)}</small> }).into_any())}
            </h2>
            <div class="scroll" tabindex="0" role="group" aria-label=store.s(Text::Data)>{tables}</div>
        </section>
    }
    .into_any()
}

fn table(store: Store, now: &Workspace, shown: &TableState) -> AnyView {
    let count = shown.count();
    let heads = shown.columns.iter().map(|column| {
        let class = if column.primary_key { "pk" } else { "" };
        view! { <th scope="col" class=class>{column.name.clone()}</th> }
    });
    let rows = shown.rows.values().take(SHOWN).map(|one| row(store, now, one)).collect_view();
    let none = shown.rows.is_empty().then(|| {
        let columns = shown.columns.len() + 1;
        view! { <tr><td colspan=columns.to_string() class="none">{store.t(Text::NoRows)}</td></tr> }
    });
    let rest = shown.rows.len().saturating_sub(SHOWN);
    let more = (rest > 0)
        .then(|| view! { <p class="empty">{store.tf(Text::MoreRows, &[&rest.to_string()])}</p> });
    view! {
        <div class="table-wrap">
            <table class="rows">
                <caption><code>{shown.name.clone()}</code>" "<small>{rows_text(store, count)}</small></caption>
                <thead><tr><th><span class="hidden">{store.t(Text::Changed)}</span></th>{heads.collect_view()}</tr></thead>
                <tbody>{rows}{none}</tbody>
            </table>
        </div>
        {more}
    }
    .into_any()
}

fn row(store: Store, now: &Workspace, shown: &Row) -> AnyView {
    let recent = shown.open || shown.statement == now.statement;
    let (sign, class, word) = match shown.mark {
        RowMark::Inserted if recent => ("+", "ins", Some(Text::MarkInserted)),
        RowMark::Updated if recent => ("~", "upd", Some(Text::MarkUpdated)),
        RowMark::Deleted => ("−", "del", Some(Text::MarkDeleted)),
        RowMark::None | RowMark::Inserted | RowMark::Updated => ("", "", None),
    };
    let class = if shown.open { format!("{class} open") } else { class.to_owned() };
    let cells = shown.values.iter().enumerate().map(|(at, held)| {
        let before =
            shown.before.get(at).filter(|before| class.starts_with("upd") && *before != held);
        let before = before.map(|before| view! { <del>{value(now, before)}</del>" → " });
        view! { <td>{before}{value(now, held)}</td> }
    });
    let cells = cells.collect_view();
    let word = word.map(|word| view! { <span class="hidden">{store.t(word)}</span> });
    view! { <tr class=class><td class="sign"><span aria-hidden="true">{sign}</span>{word}</td>{cells}</tr> }.into_any()
}
