//! A frame: one activation of a code object.

use std::cell::RefCell;
use std::rc::Rc;

use crate::compile::{Code, CodeKind, Op, Parameters};
use crate::diagnostic::{Location, Source, Span};
use crate::value::{CellRef, Dict, Generator, Instance, Str, Value};
use crate::vm::Then;

/// One activation of a code object.
pub(crate) struct Frame {
    pub(crate) code: Rc<Code>,
    /// The next instruction.
    pub(crate) pc: usize,
    pub(crate) stack: Vec<Value>,
    pub(crate) locals: Vec<Option<Value>>,
    pub(crate) cells: Vec<CellRef>,
    pub(crate) globals: Rc<Dict>,
    /// The namespace of a class body or of a class-level annotation.
    pub(crate) namespace: Option<Rc<Dict>>,
    /// Exceptions being handled, innermost last.
    pub(crate) handled: Vec<Rc<Instance>>,
    /// What happens with the value it returns.
    pub(crate) then: Then,
    /// The generator it belongs to.
    pub(crate) generator: Option<Rc<Generator>>,
    /// The instruction at which its current statement began.
    pub(crate) statement: usize,
}

impl Frame {
    pub(crate) fn new(code: Rc<Code>, globals: Rc<Dict>, then: Then) -> Box<Self> {
        let locals = vec![None; code.local_names.len()];
        Self::with_locals(code, globals, then, locals)
    }

    pub(crate) fn with_locals(
        code: Rc<Code>,
        globals: Rc<Dict>,
        then: Then,
        locals: Vec<Option<Value>>,
    ) -> Box<Self> {
        let cells = (0..code.own_cells).map(|_| Rc::new(RefCell::new(None))).collect();
        Box::new(Self {
            code,
            pc: 0,
            stack: Vec::new(),
            locals,
            cells,
            globals,
            namespace: None,
            handled: Vec::new(),
            then,
            generator: None,
            statement: 0,
        })
    }

    /// The frame of a machine that runs nothing.
    pub(crate) fn idle() -> Box<Self> {
        let code = Code {
            name: Str::default(),
            qualified_name: Str::default(),
            source: Source::new("", ""),
            kind: CodeKind::Module,
            ops: Vec::new(),
            spans: Vec::new(),
            constants: Vec::new(),
            names: Vec::new(),
            hints: Vec::new(),
            codes: Vec::new(),
            keyword_names: Vec::new(),
            annotations: Vec::new(),
            handlers: Vec::new(),
            local_names: Vec::new(),
            cell_names: Vec::new(),
            own_cells: 0,
            cell_parameters: Vec::new(),
            parameters: Parameters::default(),
            generator: None,
            documentation: None,
            internal: true,
        };
        Self::new(Rc::new(code), Rc::default(), Then::Stop)
    }

    pub(crate) fn push(&mut self, value: Value) {
        self.stack.push(value);
    }

    pub(crate) fn pop(&mut self) -> Value {
        self.stack.pop().unwrap_or_default()
    }

    /// Takes the topmost values, the deepest first.
    pub(crate) fn pop_many(&mut self, count: usize) -> Vec<Value> {
        let from = self.stack.len().saturating_sub(count);
        self.stack.split_off(from)
    }

    /// The value this deep in the stack; 0 is the top.
    pub(crate) fn peek(&self, depth: usize) -> Option<&Value> {
        self.stack.len().checked_sub(depth + 1).and_then(|at| self.stack.get(at))
    }

    /// The span of the instruction that ran last.
    pub(crate) fn span(&self) -> Span {
        self.code.spans.get(self.pc.saturating_sub(1)).copied().unwrap_or_default()
    }

    /// Where its current statement is.
    pub(crate) fn statement_location(&self) -> Location {
        let span = self.code.spans.get(self.statement).copied().unwrap_or_default();
        Location { source: Rc::clone(&self.code.source), span }
    }

    /// Bound local variables and cells; of a module or class body the namespace.
    pub(crate) fn visible_names(&self) -> Vec<(Str, Value)> {
        if let Some(namespace) = &self.namespace {
            return namespace.names();
        }
        if self.code.kind == CodeKind::Module {
            return self.globals.names();
        }
        let locals = self.code.local_names.iter().zip(&self.locals);
        let mut names: Vec<(Str, Value)> = locals
            .filter_map(|(name, value)| Some((name.clone(), value.clone()?)))
            .filter(|(name, _)| !name.starts_with('.'))
            .collect();
        for (name, cell) in self.code.cell_names.iter().zip(&self.cells) {
            if let Some(value) = &*cell.borrow() {
                names.push((name.clone(), value.clone()));
            }
        }
        names
    }

    /// The next instruction; none at the end of the code.
    pub(crate) fn fetch(&mut self) -> Option<Op> {
        let op = self.code.ops.get(self.pc).copied();
        self.pc += 1;
        op
    }
}
