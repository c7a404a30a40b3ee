//! Identifiers: a text, and whether the user decided about its quotes.

use std::fmt;
use std::ops::Deref;
use std::rc::Rc;

/// An identifier, `quoted_name` in SQLAlchemy.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name {
    /// The identifier as given.
    pub text: Rc<str>,
    /// `Some` forces quotes on or off; `None` leaves it to the dialect.
    pub quote: Option<bool>,
}

impl Name {
    /// An identifier that the dialect quotes when it must.
    pub fn new(text: impl Into<Rc<str>>) -> Self {
        Self { text: text.into(), quote: None }
    }

    /// An identifier with forced quotes on or off.
    pub fn quoted(text: impl Into<Rc<str>>, quote: Option<bool>) -> Self {
        Self { text: text.into(), quote }
    }
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<Rc<str>> for Name {
    fn from(text: Rc<str>) -> Self {
        Self::new(text)
    }
}

impl From<String> for Name {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.text)
    }
}
