//! The SQL log: statements with parameters and where they came from, in brackets of transactions.

use super::{empty, line_link, live, rows_text, value};
use crate::i18n::Text;
use crate::paint;
use crate::store::Store;
use crate::workspace::Workspace;
use leptos::html::Div;
use leptos::prelude::*;
use std::time::Duration;
use vidro_protocol::{
    EventBody, Parameter, Provenance, Purpose, Span, SqlView, TransactionAction, TransactionChange,
};

/// At most this many entries are shown.
const SHOWN: usize = 120;
/// At most this many parameter sets of one statement are shown.
const SETS: usize = 8;

/// The panel.
pub(crate) fn sql_log(store: Store) -> AnyView {
    let list = NodeRef::<Div>::new();
    Effect::new(move |_| {
        store.cursor.track();
        let Some(list) = list.get() else { return };
        set_timeout(move || list.set_scroll_top(list.scroll_height()), Duration::ZERO);
    });
    view! {
        <section class="sql" aria-label=store.s(Text::SqlLog)>
            <h2>{store.s(Text::SqlLog)}</h2>
            <div class="scroll" node_ref=list tabindex="0" role="group" aria-label=store.s(Text::SqlLog)>{live(move || entries(store))}</div>
        </section>
    }
    .into_any()
}

enum Entry {
    Sql(SqlView),
    Transaction(TransactionChange),
}

fn entries(store: Store) -> AnyView {
    let count = store.cursor.get();
    let pointed = store.line.get();
    let (entries, cut) = store.with_log(|log| {
        let all = log.sql_before(count);
        let from = all.len().saturating_sub(SHOWN);
        let shown = all.iter().skip(from).filter_map(|at| log.event(*at));
        let shown: Vec<(Option<Span>, Entry)> = shown
            .filter_map(|event| match &event.body {
                EventBody::Sql(sql) => Some((event.span, Entry::Sql(sql.clone()))),
                EventBody::Transaction(change) => {
                    Some((event.span, Entry::Transaction(change.clone())))
                }
                _ => None,
            })
            .collect();
        (shown, from > 0)
    });
    if entries.is_empty() {
        return empty(store.t(Text::SqlEmpty));
    }
    let mut inside = false;
    let list: Vec<AnyView> = store.now.with(|now| {
        let show = |(span, entry): (Option<Span>, Entry)| match entry {
            Entry::Transaction(change) => {
                inside = matches!(
                    change.action,
                    TransactionAction::Began | TransactionAction::Savepoint
                ) || (inside
                    && matches!(
                        change.action,
                        TransactionAction::Released | TransactionAction::RolledBackTo
                    ));
                bracket(&change)
            }
            Entry::Sql(sql) => {
                let line = span.map_or(0, |span| span.line);
                statement(store, now, &sql, line, inside, pointed == Some(line))
            }
        };
        entries.into_iter().map(show).collect()
    });
    let cut = cut.then(|| view! { <p class="empty">{store.t(Text::SqlCut)}</p> });
    view! { {cut}<ol class="log">{list}</ol> }.into_any()
}

fn bracket(change: &TransactionChange) -> AnyView {
    let (word, class) = match change.action {
        TransactionAction::Began => ("BEGIN", "tx began"),
        TransactionAction::Committed => ("COMMIT", "tx ended"),
        TransactionAction::RolledBack => ("ROLLBACK", "tx undone"),
        TransactionAction::Savepoint => ("SAVEPOINT", "tx in"),
        TransactionAction::Released => ("RELEASE", "tx in"),
        TransactionAction::RolledBackTo => ("ROLLBACK TO", "tx in undone"),
    };
    let name = change.savepoint.clone().unwrap_or_default();
    view! { <li class=class><code>{word}" "{name}</code></li> }.into_any()
}

fn statement(
    store: Store,
    now: &Workspace,
    sql: &SqlView,
    line: u32,
    inside: bool,
    pointed: bool,
) -> AnyView {
    let class = match (inside, pointed) {
        (true, true) => "sql-entry in at",
        (true, false) => "sql-entry in",
        (false, true) => "sql-entry at",
        (false, false) => "sql-entry",
    };
    let sets = sql
        .sets
        .iter()
        .filter(|set| !set.is_empty())
        .take(SETS)
        .map(|set| parameters(store, now, set))
        .collect_view();
    let shown = sql.sets.len().min(SETS);
    let rest = (sql.set_count as usize).saturating_sub(shown);
    let more = (rest > 0 && !sql.sets.is_empty()).then(
        || view! { <p class="more-sets">{store.tf(Text::SetsMore, &[&rest.to_string()])}</p> },
    );
    let error = sql.error.clone().map(|error| view! { <p class="refused">{error}</p> });
    view! {
        <li class=class>
            <p class="meta">
                <span class="no">{sql.id}</span>
                {dialects(store, sql.id)}
                {line_link(store, line)}
                <span class="purpose">{purpose(store, now, &sql.purpose)}</span>
                <span class="numbers">{numbers(store, sql)}</span>
            </p>
            <pre class="code" inner_html=paint::sql(sql.text.trim())></pre>
            {sets}{more}{error}
        </li>
    }
    .into_any()
}

/// Opens the view of four dialects for a statement.
fn dialects(store: Store, statement: u32) -> AnyView {
    let label = store.tf(Text::ShowDialects, &[&statement.to_string()]);
    view! {
        <button type="button" class="swap" aria-label=label.clone() title=label on:click=move |_| store.show_dialects(statement)>"⇄"</button>
    }
    .into_any()
}

fn numbers(store: Store, sql: &SqlView) -> String {
    let rows = match (sql.affected, sql.returned) {
        (_, Some(returned)) => rows_text(store, returned as usize),
        (Some(1), None) => store.t(Text::OneRowAffected).to_owned(),
        (Some(affected), None) => store.tf(Text::RowsAffected, &[&affected.to_string()]),
        (None, None) => String::new(),
    };
    let time = format!("{:.1}", sql.duration);
    let time =
        if sql.duration >= 0.05 { store.tf(Text::Milliseconds, &[&time]) } else { String::new() };
    [rows, time].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

fn purpose(store: Store, now: &Workspace, purpose: &Purpose) -> String {
    match purpose {
        Purpose::Query => store.t(Text::PurposeQuery).to_owned(),
        Purpose::Flush { steps, .. } => {
            let steps = steps.iter().take(6).map(u32::to_string).collect::<Vec<_>>().join(", ");
            let step = store.tf(Text::StepNumber, &[&steps]);
            format!("{}, {step}", store.t(Text::PurposeFlush))
        }
        Purpose::LazyLoad { object, attribute } => {
            store.tf(Text::PurposeLazy, &[&now.name_of(*object), attribute])
        }
        Purpose::EagerLoad { path } => store.tf(Text::PurposeEager, &[path]),
        Purpose::Refresh { object } => store.tf(Text::PurposeRefresh, &[&now.name_of(*object)]),
        Purpose::Ddl => store.t(Text::PurposeDdl).to_owned(),
        Purpose::Introspection => store.t(Text::PurposeInspect).to_owned(),
    }
}

fn parameters(store: Store, now: &Workspace, set: &[Parameter]) -> AnyView {
    let all = set.iter().map(|parameter| {
        let (origin, class) = match &parameter.provenance {
            Provenance::Literal => (String::new(), "parameter"),
            Provenance::Attribute { object, attribute } => {
                (format!("{}.{attribute}", now.name_of(*object)), "parameter")
            }
            Provenance::StepKey { step, column } => (
                format!("= {}", store.tf(Text::FromStep, &[column, &step.to_string()])),
                "parameter key",
            ),
            Provenance::Default => (store.t(Text::FromDefault).to_owned(), "parameter"),
        };
        let origin = (!origin.is_empty()).then(|| view! { <small>{origin}</small> });
        view! { <li class=class>{value(now, &parameter.value)}{origin}</li> }
    });
    view! { <ol class="parameters">{all.collect_view()}</ol> }.into_any()
}
