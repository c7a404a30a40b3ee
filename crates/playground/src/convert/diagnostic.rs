//! What went wrong, with its place in the reader's script.

use vidro_protocol as view;
use vidro_script::{Diagnostic, Location, Raise, Script};

use super::span;

/// What was found before anything ran.
pub(crate) fn of_diagnostic(found: &Diagnostic) -> view::Diagnostic {
    view::Diagnostic {
        severity: view::Severity::Error,
        name: found.class.into(),
        message: found.message.clone(),
        hint: found.hint.clone(),
        span: Some(span(&found.location)),
        traceback: found.render(),
    }
}

/// An exception nobody caught. Its place is the innermost line of the script called `file`.
pub(crate) fn of_raise(script: &mut Script, raise: &Raise, file: &str) -> view::Diagnostic {
    let traceback = script.traceback(raise);
    let exception = &raise.0;
    let name = exception.class().name().to_string();
    let message = script.exception_text(raise);
    let place = exception.exception(|state| {
        let own = state.traceback.iter().find(|entry| &*entry.source.name == file);
        own.map(|entry| span(&Location { source: entry.source.clone(), span: entry.span }))
    });
    let hint = script.hint(raise);
    view::Diagnostic {
        severity: view::Severity::Error,
        name,
        message,
        hint,
        span: place.flatten(),
        traceback,
    }
}
