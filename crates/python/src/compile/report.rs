//! Syntax errors of the parser in CPython's words.

use std::rc::Rc;

use ruff_python_ast::token::TokenKind;
use ruff_python_parser::{LexicalErrorType, ParseError, ParseErrorType};
use ruff_text_size::Ranged;

use super::span;
use crate::diagnostic::{Diagnostic, Location, Source, Span};

/// An error if the parser found any.
pub(super) fn check(source: &Rc<Source>, errors: &[ParseError]) -> Result<(), Vec<Diagnostic>> {
    if errors.is_empty() { Ok(()) } else { Err(all(source, errors)) }
}

/// The errors of the parser as diagnostics; more than a few are noise.
pub(super) fn all(source: &Rc<Source>, errors: &[ParseError]) -> Vec<Diagnostic> {
    errors.iter().take(5).map(|error| diagnose(source, error)).collect()
}

fn diagnose(source: &Rc<Source>, error: &ParseError) -> Diagnostic {
    let mut at = span(error.range());
    let (mut class, mut message, mut hint) = ("SyntaxError", "invalid syntax".to_owned(), None);
    match &error.error {
        ParseErrorType::UnexpectedIndentation => {
            (class, message) = ("IndentationError", "unexpected indent".into());
        }
        ParseErrorType::Lexical(error) => {
            (class, message) = lexical(error, source, at);
            if matches!(error, LexicalErrorType::Eof)
                && let Some(open) = unclosed_bracket(source)
            {
                (message, at) = never_closed(source, open);
            }
        }
        ParseErrorType::ExpectedToken { expected, found } => {
            (message, hint) = expected_token(source, &mut at, *expected, *found);
        }
        ParseErrorType::OtherError(text) if text.starts_with("Expected an indented block") => {
            class = "IndentationError";
            let after = text.strip_prefix("Expected an indented block after ").unwrap_or("");
            let line = previous_line(source, at);
            message = format!(
                "expected an indented block after {} on line {line}",
                after.replace('`', "'")
            );
        }
        ParseErrorType::ExpectedExpression => {
            if let Some(open) = unclosed_bracket(source) {
                (message, at) = never_closed(source, open);
            }
        }
        ParseErrorType::InvalidAssignmentTarget
        | ParseErrorType::InvalidNamedAssignmentTarget
        | ParseErrorType::InvalidAugmentedAssignmentTarget => {
            message =
                "cannot assign to expression here. Maybe you meant '==' instead of '='?".into();
        }
        ParseErrorType::PositionalAfterKeywordArgument => {
            message = "positional argument follows keyword argument".into();
        }
        ParseErrorType::PositionalAfterKeywordUnpacking => {
            message = "positional argument follows keyword argument unpacking".into();
        }
        ParseErrorType::NonDefaultParamAfterDefaultParam => {
            message = "non-default argument follows default argument".into();
        }
        ParseErrorType::UnparenthesizedGeneratorExpression => {
            message = "Generator expression must be parenthesized".into();
        }
        ParseErrorType::InvalidDeleteTarget => message = "cannot delete expression".into(),
        ParseErrorType::FStringError(error) => message = format!("f-string: {error}"),
        ParseErrorType::SimpleStatementsOnSameLine => {
            if let Some((found, text)) = old_print(source, at) {
                (at, message) = (found, text);
            }
        }
        other => {
            let text = other.to_string();
            hint = Some(text);
        }
    }
    Diagnostic { class, message, location: Location { source: Rc::clone(source), span: at }, hint }
}

fn lexical(error: &LexicalErrorType, source: &Source, at: Span) -> (&'static str, String) {
    let line = source.line(at.start);
    let message = match error {
        LexicalErrorType::IndentationError => {
            return (
                "IndentationError",
                "unindent does not match any outer indentation level".into(),
            );
        }
        LexicalErrorType::UnclosedStringError => {
            let triple = source.slice(at).contains("\"\"\"") || source.slice(at).contains("'''");
            let kind = if triple { "triple-quoted string" } else { "string" };
            let last = if triple { source.line(at.end) } else { line };
            format!("unterminated {kind} literal (detected at line {last})")
        }
        LexicalErrorType::FStringError(error) => format!("f-string: {error}"),
        LexicalErrorType::UnrecognizedToken { tok } => match tok {
            '$' | '?' | '!' | '`' => "invalid syntax".into(),
            other => format!("invalid character '{other}' (U+{:04X})", u32::from(*other)),
        },
        LexicalErrorType::LineContinuationError => {
            "unexpected character after line continuation character".into()
        }
        LexicalErrorType::Eof => "unexpected EOF while parsing".into(),
        other => other.to_string(),
    };
    ("SyntaxError", message)
}

fn expected_token(
    source: &Source,
    at: &mut Span,
    expected: TokenKind,
    found: TokenKind,
) -> (String, Option<String>) {
    if let Some(open) = unclosed_bracket(source) {
        let (message, open) = never_closed(source, open);
        *at = open;
        return (message, None);
    }
    match (expected, found) {
        (TokenKind::Colon, TokenKind::Equal) => {
            ("invalid syntax. Maybe you meant '==' or ':=' instead of '='?".into(), None)
        }
        (TokenKind::Colon, _) => ("expected ':'".into(), None),
        (TokenKind::Lpar, _) => ("expected '('".into(), None),
        (TokenKind::Rpar | TokenKind::Rsqb | TokenKind::Rbrace, _) => {
            ("invalid syntax. Perhaps you forgot a comma?".into(), None)
        }
        _ => ("invalid syntax".into(), Some(format!("expected {expected}, found {found}"))),
    }
}

fn previous_line(source: &Source, at: Span) -> usize {
    let line = source.line(at.start);
    (1..line).rev().find(|line| !source.line_text(*line).trim().is_empty()).unwrap_or(1)
}

fn never_closed(source: &Source, open: usize) -> (String, Span) {
    let start = u32::try_from(open).unwrap_or(0);
    let at = Span { start, end: start + 1 };
    (format!("'{}' was never closed", source.slice(at)), at)
}

/// The position of a bracket that nothing closes, if there is one.
fn unclosed_bracket(source: &Source) -> Option<usize> {
    let mut open: Vec<usize> = Vec::new();
    let text = source.text.as_bytes();
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        match byte {
            b'(' | b'[' | b'{' => open.push(at),
            b')' | b']' | b'}' => {
                open.pop();
            }
            b'#' => {
                while text.get(at + 1).is_some_and(|byte| *byte != b'\n') {
                    at += 1;
                }
            }
            quote @ (b'"' | b'\'') => {
                let triple = text.get(at + 1) == Some(quote) && text.get(at + 2) == Some(quote);
                let width = if triple { 3 } else { 1 };
                at += width;
                while let Some(byte) = text.get(at) {
                    if *byte == b'\\' {
                        at += 1;
                    } else if *byte == b'\n' && !triple {
                        break;
                    } else if byte == quote
                        && (!triple
                            || (text.get(at + 1) == Some(quote) && text.get(at + 2) == Some(quote)))
                    {
                        at += width - 1;
                        break;
                    }
                    at += 1;
                }
            }
            _ => {}
        }
        at += 1;
    }
    open.last().copied()
}

/// `print "text"`, the print statement of Python 2.
fn old_print(source: &Source, at: Span) -> Option<(Span, String)> {
    let line = source.line(at.start);
    let text = source.line_text(line);
    let trimmed = text.trim_start();
    let indent = u32::try_from(text.len() - trimmed.len()).ok()?;
    trimmed.strip_prefix("print ")?;
    let start = source.line_start(line) + indent;
    let end = source.line_start(line) + u32::try_from(text.trim_end().len()).ok()?;
    Some((
        Span { start, end },
        "Missing parentheses in call to 'print'. Did you mean print(...)?".into(),
    ))
}
