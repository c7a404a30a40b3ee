//! What the address carries: settings in the query, the script in the hash.

use crate::client;
use crate::i18n::Lang;
use crate::store::Store;
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

/// Which colours the page wears.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Theme {
    /// As the system says.
    #[default]
    Auto,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// The value in the query and on the page's root.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The one after it, for a button that goes round.
    pub(crate) fn next(self) -> Self {
        match self {
            Self::Auto => Self::Light,
            Self::Light => Self::Dark,
            Self::Dark => Self::Auto,
        }
    }
}

/// How the hash begins: version 1, deflate.
const PREFIX: &str = "#1.d.";

/// Language and colours from the query, else from the browser.
pub(crate) fn read() -> (Lang, Theme) {
    let query = window().location().search().unwrap_or_default();
    let query = web_sys::UrlSearchParams::new_with_str(&query).ok();
    let value = |name: &str| query.as_ref().and_then(|query| query.get(name)).unwrap_or_default();
    let spoken = Some(value("lang"))
        .filter(|lang| !lang.is_empty())
        .or_else(|| window().navigator().language());
    let lang = if spoken.unwrap_or_default().starts_with("pt") { Lang::Pt } else { Lang::En };
    let theme = match value("theme").as_str() {
        "light" => Theme::Light,
        "dark" => Theme::Dark,
        _ => Theme::Auto,
    };
    (lang, theme)
}

/// The script in the hash, if there is one and it is whole.
pub(crate) async fn shared_source() -> Option<String> {
    let hash = window().location().hash().ok()?;
    client::from_link(hash.strip_prefix(PREFIX)?).await
}

/// Writes settings and script into the address, without a new entry in the history.
pub(crate) fn remember(store: Store) {
    spawn_local(async move {
        link(store).await;
    });
}

/// Writes the address and returns it.
pub(crate) async fn link(store: Store) -> Option<String> {
    let packed = client::to_link(&store.source.get_untracked()).await?;
    let lang = store.lang.get_untracked().code();
    let theme = match store.theme.get_untracked() {
        Theme::Auto => String::new(),
        chosen @ (Theme::Light | Theme::Dark) => format!("&theme={}", chosen.name()),
    };
    let address = format!("?lang={lang}{theme}{PREFIX}{packed}");
    // A frame without an address of its own refuses; the page works all the same.
    let history = window().history().ok()?;
    let _ = history.replace_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(&address));
    window().location().href().ok()
}

/// Puts the address on the clipboard.
pub(crate) fn share(store: Store, done: impl Fn(bool) + 'static) {
    spawn_local(async move {
        let Some(address) = link(store).await else { return done(false) };
        let write = window().navigator().clipboard().write_text(&address);
        done(wasm_bindgen_futures::JsFuture::from(write).await.is_ok());
    });
}
