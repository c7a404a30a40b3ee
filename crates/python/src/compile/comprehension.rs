//! Comprehensions and generator expressions: small functions of their own.

use ruff_python_ast::{Comprehension, Expr};
use ruff_text_size::Ranged;

use super::scope::ScopeKind;
use super::{CodeKind, Compiler, Op, Parameters};
use crate::value::GeneratorKind;

impl<'a> Compiler<'a> {
    /// `first` is the element or key, `second` the value of a dict comprehension.
    pub(super) fn comprehension(
        &mut self,
        node: &'a Expr,
        generators: &'a [Comprehension],
        first: Option<&'a Expr>,
        second: Option<&'a Expr>,
    ) {
        let scope = self.scopes.of(node.range(), ScopeKind::Comprehension);
        let (name, build) = match node {
            Expr::ListComp(_) => ("<listcomp>", Some(Op::BuildList(0))),
            Expr::SetComp(_) => ("<setcomp>", Some(Op::BuildSet(0))),
            Expr::DictComp(_) => ("<dictcomp>", Some(Op::BuildDict(0))),
            _ => ("<genexpr>", None),
        };
        if let Some(generator) = generators.iter().find(|generator| generator.is_async) {
            self.error(
                generator.range,
                "asynchronous comprehensions are not supported",
                Some("use an 'async for' loop"),
            );
        }
        self.begin_unit(name.into(), CodeKind::Function, scope);
        let iterator = self.local(".0");
        self.unit().parameters = Parameters { positional: 1, ..Parameters::default() };
        match build {
            Some(build) => self.emit(build),
            None => self.unit().generator = Some(GeneratorKind::Generator),
        }
        self.emit(Op::LoadFast(iterator));
        self.generators(node, generators, 0, first, second);
        if build.is_none() {
            self.emit(Op::Nothing);
        }
        self.emit(Op::Return);
        let code = self.end_unit();
        let code = self.add_code(code);
        self.emit(Op::MakeFunction(code, 0));
        if let Some(generator) = generators.first() {
            self.expression(&generator.iter);
            self.at(&generator.iter, |compiler| compiler.emit(Op::GetIter));
        }
        self.emit(Op::Call(1));
    }

    /// The loops from the one at `depth` inwards; its iterator is on the stack.
    fn generators(
        &mut self,
        node: &'a Expr,
        generators: &'a [Comprehension],
        depth: usize,
        first: Option<&'a Expr>,
        second: Option<&'a Expr>,
    ) {
        let Some(generator) = generators.get(depth) else { return };
        let end = self.label();
        let next = self.label_here();
        self.emit(Op::ForIter(end.0));
        self.store(&generator.target);
        for condition in &generator.ifs {
            self.expression(condition);
            self.emit(Op::JumpIfFalse(next.0));
        }
        match generators.get(depth + 1) {
            Some(inner) => {
                self.expression(&inner.iter);
                self.emit(Op::GetIter);
                self.generators(node, generators, depth + 1, first, second);
            }
            None => {
                for part in first.iter().chain(&second) {
                    self.expression(part);
                }
                // The container lies under the iterators of all loops.
                let under = u32::try_from(generators.len()).unwrap_or(0);
                match node {
                    Expr::ListComp(_) => self.emit(Op::ListAppend(under)),
                    Expr::SetComp(_) => self.emit(Op::SetAdd(under)),
                    Expr::DictComp(_) => self.emit(Op::DictAdd(under)),
                    _ => {
                        self.emit(Op::Yield);
                        self.emit(Op::Pop);
                    }
                }
            }
        }
        self.emit(Op::Jump(next.0));
        self.place(end);
    }
}
