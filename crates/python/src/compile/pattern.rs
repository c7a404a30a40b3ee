//! The match statement. Subjects of patterns are kept in hidden local variables, so that a failing
//! pattern leaves nothing on the stack.

use ruff_python_ast::{
    Pattern, PatternMatchClass, PatternMatchMapping, PatternMatchSequence, Singleton, StmtMatch,
};

use super::assemble::Label;
use super::expression::count;
use super::{Compiler, Op};
use crate::host::Compare;
use crate::value::{Str, Value};

impl<'a> Compiler<'a> {
    pub(super) fn match_statement(&mut self, node: &'a StmtMatch) {
        self.expression(&node.subject);
        let subject = self.hidden_local();
        self.emit(Op::StoreFast(subject));
        let end = self.label();
        for case in &node.cases {
            let next = self.label();
            self.pattern(&case.pattern, subject, next);
            if let Some(guard) = &case.guard {
                self.expression(guard);
                self.emit(Op::JumpIfFalse(next.0));
            }
            self.statements(&case.body);
            self.emit(Op::Jump(end.0));
            self.place(next);
        }
        self.place(end);
        // The subject must not live longer than the statement.
        self.emit(Op::Nothing);
        self.emit(Op::StoreFast(subject));
    }

    fn pattern(&mut self, pattern: &'a Pattern, subject: u32, fail: Label) {
        self.at(pattern, |compiler| compiler.pattern_node(pattern, subject, fail));
    }

    fn pattern_node(&mut self, pattern: &'a Pattern, subject: u32, fail: Label) {
        match pattern {
            Pattern::MatchValue(node) => {
                self.emit(Op::LoadFast(subject));
                self.expression(&node.value);
                self.emit(Op::Compare(Compare::Equal));
                self.emit(Op::JumpIfFalse(fail.0));
            }
            Pattern::MatchSingleton(node) => {
                self.emit(Op::LoadFast(subject));
                match node.value {
                    Singleton::None => self.emit(Op::Nothing),
                    Singleton::True => self.constant(Value::Bool(true)),
                    Singleton::False => self.constant(Value::Bool(false)),
                }
                self.emit(Op::Is(false));
                self.emit(Op::JumpIfFalse(fail.0));
            }
            Pattern::MatchSequence(node) => self.sequence_pattern(node, subject, fail),
            Pattern::MatchMapping(node) => self.mapping_pattern(node, subject, fail),
            Pattern::MatchClass(node) => self.class_pattern(node, subject, fail),
            Pattern::MatchStar(node) => {
                if let Some(name) = &node.name {
                    self.emit(Op::LoadFast(subject));
                    self.store_name(name.as_str());
                }
            }
            Pattern::MatchAs(node) => {
                if let Some(inner) = &node.pattern {
                    self.pattern(inner, subject, fail);
                }
                if let Some(name) = &node.name {
                    self.emit(Op::LoadFast(subject));
                    self.store_name(name.as_str());
                }
            }
            Pattern::MatchOr(node) => {
                let matched = self.label();
                let last = node.patterns.len().saturating_sub(1);
                for (at, alternative) in node.patterns.iter().enumerate() {
                    if at == last {
                        self.pattern(alternative, subject, fail);
                    } else {
                        let next = self.label();
                        self.pattern(alternative, subject, next);
                        self.emit(Op::Jump(matched.0));
                        self.place(next);
                    }
                }
                self.place(matched);
            }
        }
    }

    fn sequence_pattern(&mut self, node: &'a PatternMatchSequence, subject: u32, fail: Label) {
        self.emit(Op::LoadFast(subject));
        self.emit(Op::MatchSequence);
        self.emit(Op::JumpIfFalse(fail.0));
        let star = node.patterns.iter().position(|part| matches!(part, Pattern::MatchStar(_)));
        let fixed = node.patterns.len() - usize::from(star.is_some());
        self.emit(Op::LoadFast(subject));
        self.emit(Op::Length);
        self.constant(Value::size(fixed));
        let by = if star.is_some() { Compare::GreaterEqual } else { Compare::Equal };
        self.emit(Op::Compare(by));
        self.emit(Op::JumpIfFalse(fail.0));
        self.emit(Op::LoadFast(subject));
        match star {
            Some(at) => {
                let after = node.patterns.len() - at - 1;
                let (before, after) = (u16::try_from(at), u16::try_from(after));
                self.emit(Op::UnpackRest(before.unwrap_or(0), after.unwrap_or(0)));
            }
            None => self.emit(Op::Unpack(count(fixed))),
        }
        let slots = self.store_hidden(node.patterns.len());
        for (part, slot) in node.patterns.iter().zip(slots) {
            self.pattern(part, slot, fail);
        }
    }

    /// Stores values on the stack, the first on top, into hidden variables.
    fn store_hidden(&mut self, number: usize) -> Vec<u32> {
        let slots: Vec<u32> = (0..number).map(|_| self.hidden_local()).collect();
        for slot in &slots {
            self.emit(Op::StoreFast(*slot));
        }
        slots
    }

    /// The tuple or `None` on the stack: fails, or unpacks it into hidden variables.
    fn unpack_found(&mut self, number: usize, fail: Label) -> Vec<u32> {
        let found = self.hidden_local();
        self.emit(Op::StoreFast(found));
        self.emit(Op::LoadFast(found));
        self.emit(Op::Nothing);
        self.emit(Op::Is(true));
        self.emit(Op::JumpIfFalse(fail.0));
        self.emit(Op::LoadFast(found));
        self.emit(Op::Unpack(count(number)));
        self.store_hidden(number)
    }

    fn mapping_pattern(&mut self, node: &'a PatternMatchMapping, subject: u32, fail: Label) {
        self.emit(Op::LoadFast(subject));
        self.emit(Op::MatchMapping);
        self.emit(Op::JumpIfFalse(fail.0));
        self.emit(Op::LoadFast(subject));
        self.keys(node);
        self.emit(Op::MatchKeys);
        let slots = self.unpack_found(node.patterns.len(), fail);
        for (part, slot) in node.patterns.iter().zip(slots) {
            self.pattern(part, slot, fail);
        }
        if let Some(rest) = &node.rest {
            self.emit(Op::LoadFast(subject));
            self.keys(node);
            self.emit(Op::MatchRest);
            self.store_name(rest.as_str());
        }
    }

    fn keys(&mut self, node: &'a PatternMatchMapping) {
        for key in &node.keys {
            self.expression(key);
        }
        self.emit(Op::BuildTuple(count(node.keys.len())));
    }

    fn class_pattern(&mut self, node: &'a PatternMatchClass, subject: u32, fail: Label) {
        self.emit(Op::LoadFast(subject));
        self.expression(&node.cls);
        let positional = node.arguments.patterns.len();
        let names: Vec<Str> =
            node.arguments.keywords.iter().map(|keyword| keyword.attr.as_str().into()).collect();
        let total = positional + names.len();
        let names = self.keyword_names(names);
        self.emit(Op::MatchClass(u16::try_from(positional).unwrap_or(0), names));
        let slots = self.unpack_found(total, fail);
        let parts = node.arguments.patterns.iter();
        let parts = parts.chain(node.arguments.keywords.iter().map(|keyword| &keyword.pattern));
        for (part, slot) in parts.zip(slots) {
            self.pattern(part, slot, fail);
        }
    }
}
