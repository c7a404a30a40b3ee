//! From source text to bytecode: size and nesting check, ruff's parser, scopes, code.

mod assemble;
mod assign;
mod call;
mod class;
mod code;
mod comprehension;
mod control;
mod expression;
mod function;
mod guard;
mod literal;
mod pattern;
mod report;
mod scope;
mod statement;
mod unwind;

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use ruff_python_ast::{Expr, Stmt};
use ruff_text_size::{Ranged, TextRange};

use crate::diagnostic::{Diagnostic, Location, Source, Span};
use crate::value::{Str, Table, Value, hash_str};

pub(crate) use code::{Code, CodeKind, Name, Op, Parameters};

use assemble::Unit;
use scope::Scopes;

/// What a source text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A whole program.
    Module,
    /// One interactive input: expression statements at the top level show their value.
    Single,
    /// One expression, whose value is returned.
    Expression,
    /// An annotation: names that do not exist become forward references.
    Annotation,
}

/// Shares the texts of names, so that comparing names is mostly comparing addresses.
#[derive(Default)]
pub(crate) struct Interner {
    names: RefCell<Table>,
}

impl Interner {
    /// The shared text of a name.
    pub(crate) fn intern(&self, text: &str) -> Str {
        self.name(text).text
    }

    /// The shared text of a name, with its hash.
    pub(crate) fn name(&self, text: &str) -> Name {
        let hash = hash_str(text);
        let mut names = self.names.borrow_mut();
        if let Some(at) = names.find_str(hash, text)
            && let Some(Value::Str(text)) = names.key_at(at)
        {
            return Name { text: text.clone(), hash };
        }
        let text = Str::from(text);
        names.insert(hash, Value::Str(text.clone()), Value::None);
        Name { text, hash }
    }
}

impl fmt::Debug for Interner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Interner({})", self.names.borrow().len())
    }
}

/// Compiles a program of the user.
pub(crate) fn compile(
    interner: &Interner,
    name: &str,
    text: &str,
    mode: Mode,
) -> Result<Rc<Code>, Vec<Diagnostic>> {
    compile_source(interner, Source::new(name, text), mode, false)
}

/// Compiles a part of the standard library.
pub(crate) fn compile_internal(
    interner: &Interner,
    name: &str,
    text: &str,
    mode: Mode,
) -> Result<Rc<Code>, Vec<Diagnostic>> {
    compile_source(interner, Source::new(format!("<{name}>"), text), mode, true)
}

fn compile_source(
    interner: &Interner,
    source: Rc<Source>,
    mode: Mode,
    internal: bool,
) -> Result<Rc<Code>, Vec<Diagnostic>> {
    guard::check(&source)?;
    let parsed = match mode {
        Mode::Module | Mode::Single => {
            let parsed = ruff_python_parser::parse_unchecked_source(
                &source.text,
                ruff_python_ast::PySourceType::Python,
            );
            report::check(&source, parsed.errors())?;
            Tree::Body(parsed.into_suite().into_iter().collect())
        }
        Mode::Expression | Mode::Annotation => {
            match ruff_python_parser::parse_expression(&source.text) {
                Ok(parsed) => Tree::Expression(parsed.into_expr()),
                Err(error) => return Err(report::all(&source, &[error])),
            }
        }
    };
    let scopes = match &parsed {
        Tree::Body(body) => scope::analyze(body, None),
        Tree::Expression(expression) => scope::analyze(&[], Some(expression)),
    };
    let future_annotations = matches!(&parsed, Tree::Body(body) if imports_annotations(body));
    let mut compiler = Compiler {
        source: Rc::clone(&source),
        interner,
        scopes,
        units: Vec::new(),
        span: TextRange::default(),
        class_names: Vec::new(),
        errors: Vec::new(),
        mode,
        internal,
        future_annotations,
    };
    for (at, message) in std::mem::take(&mut compiler.scopes.errors) {
        compiler.error(at, message, None);
    }
    let code = compiler.module(&parsed);
    if compiler.errors.is_empty() { Ok(code) } else { Err(compiler.errors) }
}

/// The statements of a program; none if it cannot be parsed.
pub(crate) fn parse_program(text: &str) -> Option<Vec<Stmt>> {
    guard::check(&Source::new("<string>", text)).ok()?;
    let parsed = ruff_python_parser::parse_module(text).ok()?;
    Some(parsed.into_suite().into_iter().collect())
}

/// What was parsed.
enum Tree {
    Body(Vec<Stmt>),
    Expression(Expr),
}

fn imports_annotations(body: &[Stmt]) -> bool {
    body.iter().any(|statement| match statement {
        Stmt::ImportFrom(import) => {
            import.module.as_ref().is_some_and(|module| module.as_str() == "__future__")
                && import.names.iter().any(|name| name.name.as_str() == "annotations")
        }
        _ => false,
    })
}

/// The compiler of one source text.
struct Compiler<'a> {
    source: Rc<Source>,
    interner: &'a Interner,
    scopes: Scopes,
    /// Code objects that are being made, the innermost last.
    units: Vec<Unit<'a>>,
    /// The node instructions belong to.
    span: TextRange,
    /// Names of enclosing classes, for private names.
    class_names: Vec<Str>,
    errors: Vec<Diagnostic>,
    mode: Mode,
    internal: bool,
    future_annotations: bool,
}

impl<'a> Compiler<'a> {
    fn module(&mut self, tree: &'a Tree) -> Rc<Code> {
        self.begin_unit("<module>".into(), CodeKind::Module, 0);
        match tree {
            Tree::Body(body) => {
                self.statements(body);
                self.emit(Op::Nothing);
            }
            Tree::Expression(expression) => self.expression(expression),
        }
        self.emit(Op::Return);
        self.end_unit()
    }

    /// Records an error; compilation goes on to find more.
    fn error(&mut self, at: TextRange, message: impl Into<String>, hint: Option<&str>) {
        self.errors.push(Diagnostic {
            class: "SyntaxError",
            message: message.into(),
            location: Location { source: Rc::clone(&self.source), span: span(at) },
            hint: hint.map(str::to_owned),
        });
    }

    /// Does something with the spans of a node.
    fn at<T>(&mut self, node: &impl Ranged, with: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.span, node.range());
        let result = with(self);
        self.span = outer;
        result
    }

    /// The private name `__x` of a class is `_Class__x`.
    fn mangle(&self, name: &str) -> Str {
        match self.class_names.last() {
            Some(class) => scope::mangle(class, name).into(),
            None => name.into(),
        }
    }
}

fn span(range: TextRange) -> Span {
    Span { start: range.start().to_u32(), end: range.end().to_u32() }
}
