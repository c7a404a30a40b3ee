//! Building one code object: instructions, labels, tables, names.

use std::cell::Cell;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::code::{AnnotationText, Handler};
use super::unwind::Block;
use super::{Code, CodeKind, Compiler, Name, Op, Parameters, span};
use crate::diagnostic::Span;
use crate::value::{GeneratorKind, Str, Value};

/// A place in the code that is not known yet; jumps hold its number until the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Label(pub(super) u32);

/// A code object that is being made.
pub(super) struct Unit<'a> {
    name: Str,
    qualified_name: Str,
    pub(super) kind: CodeKind,
    pub(super) scope: usize,
    ops: Vec<Op>,
    spans: Vec<Span>,
    constants: Vec<Value>,
    names: Vec<Name>,
    name_index: FxHashMap<Str, u32>,
    pub(super) codes: Vec<Rc<Code>>,
    keyword_names: Vec<Rc<[Str]>>,
    pub(super) annotations: Vec<AnnotationText>,
    pub(super) handlers: Vec<Handler>,
    pub(super) local_names: Vec<Str>,
    pub(super) cell_names: Vec<Str>,
    own_cells: usize,
    pub(super) parameters: Parameters,
    pub(super) generator: Option<GeneratorKind>,
    pub(super) documentation: Option<Str>,
    labels: Vec<u32>,
    pub(super) blocks: Vec<Block<'a>>,
    /// Values that statements around hold on the stack.
    pub(super) depth: u32,
    /// Exceptions being handled around.
    pub(super) handled: u32,
}

impl<'a> Compiler<'a> {
    /// Begins a code object of a scope.
    pub(super) fn begin_unit(&mut self, name: Str, kind: CodeKind, scope: usize) {
        let qualified_name = match self.units.last() {
            Some(outer) if outer.kind == CodeKind::Function => {
                format!("{}.<locals>.{name}", outer.qualified_name).into()
            }
            Some(outer) if outer.kind == CodeKind::Class => {
                format!("{}.{name}", outer.qualified_name).into()
            }
            _ => name.clone(),
        };
        let mut own: Vec<Str> = Vec::new();
        let mut free: Vec<Str> = Vec::new();
        if let Some(scope) = self.scopes.all.get(scope) {
            for (name, symbol) in &scope.names {
                if symbol.cell {
                    own.push(self.interner.intern(name));
                } else if symbol.free {
                    free.push(self.interner.intern(name));
                }
            }
        }
        let own_cells = own.len();
        own.extend(free);
        self.units.push(Unit {
            name,
            qualified_name,
            kind,
            scope,
            ops: Vec::new(),
            spans: Vec::new(),
            constants: Vec::new(),
            names: Vec::new(),
            name_index: FxHashMap::default(),
            codes: Vec::new(),
            keyword_names: Vec::new(),
            annotations: Vec::new(),
            handlers: Vec::new(),
            local_names: Vec::new(),
            cell_names: own,
            own_cells,
            parameters: Parameters::default(),
            generator: None,
            documentation: None,
            labels: Vec::new(),
            blocks: Vec::new(),
            depth: 0,
            handled: 0,
        });
    }

    /// Ends the innermost code object.
    pub(super) fn end_unit(&mut self) -> Rc<Code> {
        let unit = match self.units.pop() {
            Some(unit) => unit,
            None => {
                self.begin_unit(Str::default(), CodeKind::Module, 0);
                return self.end_unit();
            }
        };
        let target = |label: u32| unit.labels.get(label as usize).copied().unwrap_or(0);
        let ops = unit.ops.iter().map(|op| with_target(*op, target)).collect();
        let handlers = unit
            .handlers
            .iter()
            .map(|handler| Handler { target: target(handler.target), ..*handler })
            .collect();
        let parameters = unit.local_names.iter().take(unit.parameters.count()).enumerate();
        let cell_parameters = parameters
            .filter_map(|(slot, name)| {
                let cell = unit.cell_names.iter().take(unit.own_cells).position(|c| c == name)?;
                Some((u32::try_from(slot).ok()?, u32::try_from(cell).ok()?))
            })
            .collect();
        let hints = unit.names.iter().map(|_| Cell::new(u32::MAX)).collect();
        Rc::new(Code {
            name: unit.name,
            qualified_name: unit.qualified_name,
            source: Rc::clone(&self.source),
            kind: unit.kind,
            ops,
            spans: unit.spans,
            constants: unit.constants,
            names: unit.names,
            hints,
            codes: unit.codes,
            keyword_names: unit.keyword_names,
            annotations: unit.annotations,
            handlers,
            local_names: unit.local_names,
            cell_names: unit.cell_names,
            own_cells: unit.own_cells,
            cell_parameters,
            parameters: unit.parameters,
            generator: unit.generator,
            documentation: unit.documentation,
            internal: self.internal,
        })
    }

    /// The code object that is being made. There always is one while code is emitted.
    pub(super) fn unit(&mut self) -> &mut Unit<'a> {
        if self.units.is_empty() {
            self.begin_unit(Str::default(), CodeKind::Module, 0);
        }
        let last = self.units.len() - 1;
        &mut self.units[last]
    }

    /// Adds an instruction with the span of the current node.
    pub(super) fn emit(&mut self, op: Op) {
        let at = span(self.span);
        let unit = self.unit();
        unit.ops.push(op);
        unit.spans.push(at);
    }

    /// The position of the next instruction.
    pub(super) fn here(&mut self) -> u32 {
        u32::try_from(self.unit().ops.len()).unwrap_or(u32::MAX)
    }

    /// A label whose place is not known yet.
    pub(super) fn label(&mut self) -> Label {
        let labels = &mut self.unit().labels;
        labels.push(0);
        Label(u32::try_from(labels.len() - 1).unwrap_or(0))
    }

    /// Puts a label here.
    pub(super) fn place(&mut self, label: Label) {
        let here = self.here();
        if let Some(slot) = self.unit().labels.get_mut(label.0 as usize) {
            *slot = here;
        }
    }

    /// A label here.
    pub(super) fn label_here(&mut self) -> Label {
        let label = self.label();
        self.place(label);
        label
    }

    /// Pushes a constant.
    pub(super) fn constant(&mut self, value: Value) {
        if value.is_none() {
            self.emit(Op::Nothing);
            return;
        }
        let constants = &mut self.unit().constants;
        let known = constants.iter().rev().take(40).position(|known| match (known, &value) {
            (Value::Str(a), Value::Str(b)) => a == b,
            (Value::Int(a), Value::Int(b)) => a == b,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            _ => false,
        });
        let at = match known {
            Some(back) => constants.len() - 1 - back,
            None => {
                constants.push(value);
                constants.len() - 1
            }
        };
        self.emit(Op::Const(u32::try_from(at).unwrap_or(0)));
    }

    /// Pushes a string constant whose text is shared with names.
    pub(super) fn name_constant(&mut self, text: &str) {
        let text = self.interner.intern(text);
        self.constant(Value::Str(text));
    }

    /// The number of a name in the table of names.
    pub(super) fn name(&mut self, text: &str) -> u32 {
        let name = self.interner.name(text);
        let unit = self.unit();
        if let Some(at) = unit.name_index.get(&name.text) {
            return *at;
        }
        let at = u32::try_from(unit.names.len()).unwrap_or(0);
        unit.name_index.insert(name.text.clone(), at);
        unit.names.push(name);
        at
    }

    /// The number of a list of keyword names.
    pub(super) fn keyword_names(&mut self, names: Vec<Str>) -> u16 {
        let names: Vec<Str> = names.iter().map(|name| self.interner.intern(name)).collect();
        let lists = &mut self.unit().keyword_names;
        lists.push(names.into());
        u16::try_from(lists.len() - 1).unwrap_or(u16::MAX)
    }

    /// The slot of a local variable, made on first use.
    pub(super) fn local(&mut self, name: &str) -> u32 {
        let name = self.interner.intern(name);
        let locals = &mut self.unit().local_names;
        let at = locals.iter().position(|known| known.same(&name)).unwrap_or_else(|| {
            locals.push(name);
            locals.len() - 1
        });
        u32::try_from(at).unwrap_or(0)
    }

    /// A slot for a value the program does not see.
    pub(super) fn hidden_local(&mut self) -> u32 {
        let locals = &mut self.unit().local_names;
        let name = format!(".{}", locals.len());
        locals.push(name.into());
        u32::try_from(locals.len() - 1).unwrap_or(0)
    }

    /// Adds a nested code object.
    pub(super) fn add_code(&mut self, code: Rc<Code>) -> u16 {
        let codes = &mut self.unit().codes;
        codes.push(code);
        u16::try_from(codes.len() - 1).unwrap_or(u16::MAX)
    }
}

fn with_target(op: Op, target: impl Fn(u32) -> u32) -> Op {
    match op {
        Op::Jump(label) => Op::Jump(target(label)),
        Op::JumpIfFalse(label) => Op::JumpIfFalse(target(label)),
        Op::JumpIfTrue(label) => Op::JumpIfTrue(target(label)),
        Op::JumpIfFalseKeep(label) => Op::JumpIfFalseKeep(target(label)),
        Op::JumpIfTrueKeep(label) => Op::JumpIfTrueKeep(target(label)),
        Op::ForIter(label) => Op::ForIter(target(label)),
        Op::Send(label) => Op::Send(target(label)),
        Op::MatchException(label) => Op::MatchException(target(label)),
        other => other,
    }
}
