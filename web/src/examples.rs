//! The scripts of the examples menu.

use crate::i18n::Text;

/// One example.
pub(crate) struct Example {
    /// Its name in the menu.
    pub title: Text,
    /// Its script.
    pub source: &'static str,
}

/// All examples; the first is what a first visit shows.
pub(crate) const EXAMPLES: &[Example] = &[
    Example { title: Text::ExampleStart, source: include_str!("../examples/start.py") },
    Example { title: Text::ExampleOrphan, source: include_str!("../examples/orphans.py") },
    Example { title: Text::ExampleManyToMany, source: include_str!("../examples/many_to_many.py") },
    Example { title: Text::ExampleLazy, source: include_str!("../examples/lazy_loading.py") },
    Example { title: Text::ExampleFailure, source: include_str!("../examples/failing_flush.py") },
];
