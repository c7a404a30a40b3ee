//! One statement in four dialects, side by side: one that ran, or one the reader types.

use super::forms::fields;
use super::{empty, live};
use crate::i18n::Text;
use crate::paint;
use crate::store::{Shown, Store};
use leptos::prelude::*;
use vidro_protocol::{Compiled, Standing};

/// The panel.
pub(crate) fn dialects(store: Store) -> AnyView {
    let texts = live(move || {
        store.dialects.with(|shown| match shown {
            Shown::Nothing => empty(store.t(Text::DialectsEmpty)),
            Shown::Plain => empty(store.t(Text::DialectsPlain)),
            Shown::Failed(message) => {
                view! { <p class="error" role="alert">{message.clone()}</p> }.into_any()
            }
            Shown::Texts(texts) => {
                let texts = texts.iter().map(|text| one(store, text)).collect_view();
                view! { <div class="dialect-grid">{texts}</div> }.into_any()
            }
        })
    });
    let ask = move |event| {
        let field = fields(&event);
        store.compile(field("expression"));
    };
    view! {
        <section class="panel dialects" aria-label=store.s(Text::Dialects)>
            <div class="scroll" tabindex="0" role="group" aria-label=store.s(Text::Dialects)>
                <form class="ask" on:submit=ask>
                    <input name="expression" aria-label=store.s(Text::DialectsAsk) placeholder="select(Author).limit(2)"
                        autocomplete="off" autocapitalize="off" spellcheck="false"/>
                    <button type="submit">{store.s(Text::DialectsShow)}</button>
                </form>
                {texts}
            </div>
        </section>
    }
    .into_any()
}

fn one(store: Store, text: &Compiled) -> AnyView {
    let (standing, class) = match text.standing {
        Standing::RunsHere => (Text::RunsHere, "standing here"),
        Standing::TextOnly => (Text::ForReading, "standing"),
        Standing::Refused => (Text::Refused, "standing bad"),
    };
    let body = match text.standing {
        Standing::Refused => view! { <p class="refused">{text.text.clone()}</p> }.into_any(),
        Standing::RunsHere | Standing::TextOnly => {
            view! { <pre class="code" tabindex="0" inner_html=paint::sql(&text.text)></pre> }
                .into_any()
        }
    };
    view! {
        <article>
            <header><h3>{text.dialect.clone()}</h3><span class=class>{store.t(standing)}</span></header>
            {body}
        </article>
    }
    .into_any()
}
