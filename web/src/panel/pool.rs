//! The pools: which connections are open, who holds them, and what happened last.

use super::{empty, line_link, live};
use crate::i18n::Text;
use crate::store::Store;
use crate::workspace::{Holder, Link, Moment, PoolState, Workspace};
use leptos::prelude::*;
use vidro_protocol::{Engine, PoolAction};

/// The panel.
pub(crate) fn pool(store: Store) -> AnyView {
    let pools = live(move || {
        store.now.with(|now| {
            if now.pools.is_empty() {
                return empty(store.t(Text::PoolEmpty));
            }
            now.pools.iter().map(|shown| one(store, now, shown)).collect_view().into_any()
        })
    });
    view! {
        <section class="panel pools" aria-label=store.s(Text::Pool)>
            <div class="scroll" tabindex="0" role="group" aria-label=store.s(Text::Pool)>{pools}</div>
        </section>
    }
    .into_any()
}

fn one(store: Store, now: &Workspace, shown: &PoolState) -> AnyView {
    let Some(engine) = now.engines.iter().find(|engine| engine.id == shown.engine) else {
        return ().into_any();
    };
    let links = shown.links.iter().map(|open| link(store, now, open)).collect_view();
    let none = shown.links.is_empty().then(|| empty(store.t(Text::PoolLazy)));
    let moments = shown.moments.iter().rev().map(|past| moment(store, past)).collect_view();
    let history = (!shown.moments.is_empty()).then(|| {
        view! {
            <h4>{store.t(Text::PoolHistory)}</h4>
            <ol class="moments">{moments}</ol>
        }
    });
    view! {
        <article class="pool">
            <header><h3><code>{engine.url.clone()}</code></h3><span>{engine.pool.clone()}</span></header>
            <p class="counts">{counts(store, engine, shown)}</p>
            <ul class="links">{links}</ul>{none}{history}
        </article>
    }
    .into_any()
}

fn counts(store: Store, engine: &Engine, shown: &PoolState) -> String {
    let (open, used) = (shown.links.len(), shown.in_use());
    let mut parts = vec![store.tf(Text::PoolInUse, &[&used.to_string()])];
    if let Some(size) = engine.pool_size {
        parts.push(store.tf(Text::PoolIdle, &[&(open - used).to_string(), &size.to_string()]));
        let most = engine.max_overflow.map_or("∞".to_owned(), |most| most.to_string());
        let over = open.saturating_sub(size as usize).to_string();
        parts.push(store.tf(Text::PoolOverflow, &[&over, &most]));
    }
    parts.join(" · ")
}

fn link(store: Store, now: &Workspace, open: &Link) -> AnyView {
    let (class, sign) = if open.holders.is_empty() { ("idle", "○") } else { ("used", "●") };
    let holders = open.holders.iter().map(|held| holder(store, now, held)).collect_view();
    let rests = open.holders.is_empty().then(|| view! { <span>{store.t(Text::PoolRests)}</span> });
    view! {
        <li class=class>
            <span class="glyph" aria-hidden="true">{sign}</span>
            <b>{store.tf(Text::PoolLink, &[&open.number.to_string()])}</b>
            <span class="holders">{holders}{rests}</span>
            <small>{store.tf(Text::PoolUses, &[&open.uses.to_string()])}</small>
        </li>
    }
    .into_any()
}

fn holder(store: Store, now: &Workspace, held: &Holder) -> AnyView {
    let who = match held.session {
        Some(session) => {
            let card = now.sessions.get(&session);
            card.map_or_else(|| format!("Session {session}"), |card| card.label())
        }
        None => "Connection".to_owned(),
    };
    view! { <span class="holder"><code>{who}</code>{line_link(store, held.line)}</span> }.into_any()
}

fn moment(store: Store, past: &Moment) -> AnyView {
    let (text, class) = match past.action {
        PoolAction::Opened => (Text::PoolOpened, "moment"),
        PoolAction::CheckedOut => (Text::PoolCheckedOut, "moment out"),
        PoolAction::Shared => (Text::PoolShared, "moment out"),
        PoolAction::Unshared => (Text::PoolUnshared, "moment back"),
        PoolAction::Reset => (Text::PoolReset, "moment"),
        PoolAction::CheckedIn => (Text::PoolCheckedIn, "moment back"),
        PoolAction::Closed => (Text::PoolClosed, "moment"),
        PoolAction::Invalidated => (Text::PoolInvalidated, "moment bad"),
        PoolAction::Overflowed => (Text::PoolOverflowed, "moment"),
        PoolAction::TimedOut => (Text::PoolTimedOut, "moment bad"),
    };
    let reason = past.reason.clone().map(|reason| format!(" ({reason})"));
    view! { <li class=class>{store.tf(text, &[&past.link.to_string()])}{reason}{line_link(store, past.line)}</li> }.into_any()
}
