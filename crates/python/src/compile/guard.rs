//! What is refused before parsing: texts too long or nested too deeply for a native stack.

use std::rc::Rc;

use ruff_python_ast::token::TokenKind;
use ruff_python_parser::Mode;
use ruff_python_parser::lexer::lex;

use crate::diagnostic::{Diagnostic, Location, Source, Span};

/// A program longer than this is refused.
const MAX_LENGTH: usize = 1 << 20;
/// Brackets inside brackets, operators before operators.
const MAX_NESTING: usize = 100;
/// Operators after each other, as in a long sum.
const MAX_CHAIN: usize = 400;
/// Indentation inside indentation.
const MAX_INDENT: usize = 60;

/// Refuses texts that would overflow the stack of parser or compiler.
pub(super) fn check(source: &Rc<Source>) -> Result<(), Vec<Diagnostic>> {
    if source.text.len() > MAX_LENGTH {
        let limit = MAX_LENGTH >> 20;
        let size = source.text.len() / (1 << 20);
        return Err(vec![refusal(
            source,
            1,
            format!("the program is too long: more than {limit} MB"),
            format!("it has {size} MB; keep data out of the program text"),
        )]);
    }
    // Short texts cannot nest deeply enough to matter.
    if source.text.len() < MAX_NESTING {
        return Ok(());
    }
    let mut depth = Depth { chains: vec![0], nested: 0, indent: 0, line: 1 };
    let mut lexer = lex(&source.text, Mode::Module);
    loop {
        let token = lexer.next_token();
        if token == TokenKind::EndOfFile {
            return Ok(());
        }
        if let Some(message) = depth.take(token) {
            let hint = "split it into several statements".to_owned();
            return Err(vec![refusal(source, depth.line, message.to_owned(), hint)]);
        }
    }
}

fn refusal(source: &Rc<Source>, line: usize, message: String, hint: String) -> Diagnostic {
    let start = source.line_start(line);
    Diagnostic {
        class: "SyntaxError",
        message,
        location: Location { source: Rc::clone(source), span: Span { start, end: start } },
        hint: Some(hint),
    }
}

/// How deep the text is at a token.
struct Depth {
    /// Operators since the last separator, per bracket level.
    chains: Vec<usize>,
    /// The sum of all chains but the innermost.
    nested: usize,
    indent: usize,
    line: usize,
}

impl Depth {
    fn take(&mut self, token: TokenKind) -> Option<&'static str> {
        match token {
            TokenKind::Lpar | TokenKind::Lsqb | TokenKind::Lbrace | TokenKind::FStringStart => {
                self.nested += self.chain() + 1;
                self.chains.push(0);
                if self.chains.len() > MAX_NESTING {
                    return Some("too many nested parentheses");
                }
            }
            TokenKind::Rpar | TokenKind::Rsqb | TokenKind::Rbrace | TokenKind::FStringEnd => {
                if self.chains.len() > 1 {
                    self.chains.pop();
                    self.nested = self.nested.saturating_sub(self.chain() + 1);
                    // A call or subscription is one more link of the chain it stands in.
                    self.add();
                }
            }
            TokenKind::Indent => {
                self.indent += 1;
                if self.indent > MAX_INDENT {
                    return Some("too many levels of indentation");
                }
            }
            TokenKind::Dedent => self.indent = self.indent.saturating_sub(1),
            TokenKind::Newline => {
                self.line += 1;
                self.chains = vec![0];
                self.nested = 0;
            }
            TokenKind::NonLogicalNewline => self.line += 1,
            TokenKind::Comma | TokenKind::Semi | TokenKind::FStringMiddle => {
                if let Some(chain) = self.chains.last_mut() {
                    *chain = 0;
                }
            }
            TokenKind::Name
            | TokenKind::Int
            | TokenKind::Float
            | TokenKind::String
            | TokenKind::Comment
            | TokenKind::Equal => {}
            _ => self.add(),
        }
        (self.nested + self.chain() > MAX_CHAIN).then_some("the expression is too complex")
    }

    fn chain(&self) -> usize {
        self.chains.last().copied().unwrap_or(0)
    }

    fn add(&mut self) {
        if let Some(chain) = self.chains.last_mut() {
            *chain += 1;
        }
    }
}
