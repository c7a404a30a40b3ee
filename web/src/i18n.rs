//! Every text of the page in every language it speaks. A text without a translation does not compile.

mod reasons;
mod texts;

pub(crate) use reasons::{cause, kind_name, notice, reason, relationship_kind, state_name};
pub(crate) use texts::Text;

/// A language of the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Lang {
    /// English.
    #[default]
    En,
    /// Brazilian Portuguese.
    Pt,
}

impl Lang {
    /// The value of `<html lang>` and of the query.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Pt => "pt-BR",
        }
    }

    /// The other one.
    pub(crate) fn other(self) -> Self {
        match self {
            Self::En => Self::Pt,
            Self::Pt => Self::En,
        }
    }
}

/// Puts arguments where a text says `{0}`, `{1}`, …
pub(crate) fn fill(text: &str, arguments: &[&str]) -> String {
    let mut result = text.to_owned();
    for (number, argument) in arguments.iter().enumerate() {
        result = result.replace(&format!("{{{number}}}"), argument);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holes(text: &str) -> Vec<usize> {
        (0..4).filter(|number| text.contains(&format!("{{{number}}}"))).collect()
    }

    #[test]
    fn both_languages_name_the_same_things() {
        for text in texts::ALL {
            let (en, pt) = (text.in_language(Lang::En), text.in_language(Lang::Pt));
            assert_eq!(holes(en), holes(pt), "{text:?}");
            assert!(!en.is_empty() && !pt.is_empty(), "{text:?}");
        }
    }

    #[test]
    fn holes_are_filled() {
        assert_eq!(fill("{0} before {1}", &["a", "b"]), "a before b");
        assert_eq!(fill("plain", &["a"]), "plain");
    }
}
