//! Statements.

use ruff_python_ast::{Expr, Stmt, StmtAnnAssign, StmtImport, StmtImportFrom};
use ruff_text_size::Ranged;

use super::code::AnnotationText;
use super::scope::ScopeKind;
use super::{CodeKind, Compiler, Mode, Op, span};
use crate::value::{GeneratorKind, Value};

impl<'a> Compiler<'a> {
    pub(super) fn statements(&mut self, body: &'a [Stmt]) {
        for statement in body {
            self.at(statement, |compiler| compiler.statement(statement));
        }
    }

    fn statement(&mut self, statement: &'a Stmt) {
        self.begin_statement(statement);
        match statement {
            Stmt::Expr(node) => {
                self.expression(&node.value);
                let shown = self.mode == Mode::Single && self.unit().kind == CodeKind::Module;
                self.emit(if shown { Op::Display } else { Op::Pop });
            }
            Stmt::Assign(node) => self.assign(node),
            Stmt::AugAssign(node) => self.augmented(node),
            Stmt::AnnAssign(node) => self.annotated(node),
            Stmt::Return(node) => self.return_statement(node),
            Stmt::If(node) => self.if_statement(node),
            Stmt::For(node) => self.for_statement(node),
            Stmt::While(node) => self.while_statement(node),
            Stmt::With(node) => self.with_statement(node),
            Stmt::Try(node) => self.try_statement(node),
            Stmt::Raise(node) => {
                let mut count = 0;
                for part in node.exc.iter().chain(&node.cause) {
                    self.expression(part);
                    count += 1;
                }
                self.emit(Op::Raise(count));
            }
            Stmt::Assert(node) => self.assert_statement(node),
            Stmt::Delete(node) => {
                for target in &node.targets {
                    self.delete(target);
                }
            }
            Stmt::Import(node) => self.import(node),
            Stmt::ImportFrom(node) => self.import_from(node),
            Stmt::FunctionDef(node) => self.function_def(node),
            Stmt::ClassDef(node) => self.class_def(node),
            Stmt::Match(node) => self.match_statement(node),
            Stmt::Break(_) => self.leave_loop(false),
            Stmt::Continue(_) => self.leave_loop(true),
            Stmt::Pass(_) | Stmt::Global(_) | Stmt::Nonlocal(_) => {}
            Stmt::TypeAlias(node) => {
                self.expression(&node.value);
                self.store(&node.name);
            }
            Stmt::IpyEscapeCommand(node) => self.error(node.range, "invalid syntax", None),
        }
    }

    /// Marks the beginning of a statement; definitions are marked with their first line only.
    fn begin_statement(&mut self, statement: &Stmt) {
        let head = match statement {
            Stmt::FunctionDef(node) => Some(node.name.range().end()),
            Stmt::ClassDef(node) => Some(node.name.range().end()),
            Stmt::If(node) => Some(node.test.range().end()),
            Stmt::For(node) => Some(node.iter.range().end()),
            Stmt::While(node) => Some(node.test.range().end()),
            Stmt::With(node) => node.items.last().map(|item| item.range.end()),
            Stmt::Match(node) => Some(node.subject.range().end()),
            Stmt::Try(node) => Some(node.range.start()),
            _ => None,
        };
        let outer = self.span;
        if let Some(end) = head {
            self.span = ruff_text_size::TextRange::new(outer.start(), end.max(outer.start()));
        }
        self.emit(Op::Statement);
        self.span = outer;
    }

    fn return_statement(&mut self, node: &'a ruff_python_ast::StmtReturn) {
        if self.unit().kind != CodeKind::Function {
            self.error(node.range, "'return' outside function", None);
            return;
        }
        match &node.value {
            Some(value) => {
                if self.unit().generator == Some(GeneratorKind::AsyncGenerator) {
                    self.error(node.range, "'return' with value in async generator", None);
                }
                self.expression(value);
            }
            None => self.emit(Op::Nothing),
        }
        self.unwind_to(0, true);
        self.emit(Op::Return);
    }

    fn assert_statement(&mut self, node: &'a ruff_python_ast::StmtAssert) {
        let fine = self.label();
        self.expression(&node.test);
        self.emit(Op::JumpIfTrue(fine.0));
        self.emit(Op::LoadAssertionError);
        if let Some(message) = &node.msg {
            self.expression(message);
            self.emit(Op::Call(1));
        }
        self.emit(Op::Raise(1));
        self.place(fine);
    }

    fn annotated(&mut self, node: &'a StmtAnnAssign) {
        let simple = matches!(&*node.target, Expr::Name(_)) && node.simple;
        if simple && self.unit().kind != CodeKind::Function {
            self.annotation(node);
        }
        if let Some(value) = &node.value {
            self.expression(value);
            self.store(&node.target);
        }
    }

    fn annotation(&mut self, node: &'a StmtAnnAssign) {
        let Expr::Name(name) = &*node.target else { return };
        let text = self.source.slice(span(node.annotation.range())).to_owned();
        let scope = self.scopes.of(node.range, ScopeKind::Annotation);
        self.begin_unit("__annotate__".into(), CodeKind::Function, scope);
        if self.future_annotations {
            self.constant(Value::from(&*text));
        } else {
            self.expression(&node.annotation);
        }
        self.emit(Op::Return);
        let code = self.end_unit();
        let code = self.add_code(code);
        self.emit(Op::MakeFunction(code, 0));
        let name = self.mangle(name.id.as_str());
        let annotation = AnnotationText {
            name: self.interner.intern(&name),
            source: text.into(),
            span: span(node.annotation.range()),
            assigned: node.value.is_some(),
        };
        let annotations = &mut self.unit().annotations;
        annotations.push(annotation);
        let at = u32::try_from(annotations.len() - 1).unwrap_or(0);
        self.emit(Op::Annotate(at));
    }

    fn import(&mut self, node: &'a StmtImport) {
        for alias in &node.names {
            self.at(alias, |compiler| {
                let path = alias.name.as_str();
                let full = compiler.name(path);
                compiler.emit(Op::ImportName(full));
                match &alias.asname {
                    Some(name) => compiler.store_name(name.as_str()),
                    None => {
                        let top = path.split('.').next().unwrap_or(path);
                        if top != path {
                            compiler.emit(Op::Pop);
                            let top = compiler.name(top);
                            compiler.emit(Op::ImportName(top));
                        }
                        compiler.store_name(top);
                    }
                }
            });
        }
    }

    fn import_from(&mut self, node: &'a StmtImportFrom) {
        if node.level > 0 {
            self.error(
                node.range,
                "relative imports are not supported",
                Some("the program is one file: put all classes into it"),
            );
            return;
        }
        let module = node.module.as_ref().map_or("", |module| module.as_str());
        if module == "__future__" {
            self.check_future(node);
        }
        let at = self.name(module);
        self.emit(Op::ImportName(at));
        for alias in &node.names {
            self.at(alias, |compiler| {
                let name = alias.name.as_str();
                if name == "*" {
                    compiler.emit(Op::Dup);
                    compiler.emit(Op::ImportStar);
                    if compiler.unit().kind != CodeKind::Module {
                        let message = "import * only allowed at module level";
                        compiler.error(alias.range, message, None);
                    }
                    return;
                }
                let at = compiler.name(name);
                compiler.emit(Op::ImportFrom(at));
                compiler.store_name(alias.asname.as_ref().unwrap_or(&alias.name).as_str());
            });
        }
        self.emit(Op::Pop);
    }

    fn check_future(&mut self, node: &StmtImportFrom) {
        let known = [
            "annotations",
            "division",
            "print_function",
            "absolute_import",
            "unicode_literals",
            "generator_stop",
            "with_statement",
            "nested_scopes",
            "generators",
        ];
        for alias in &node.names {
            let name = alias.name.as_str();
            if !known.contains(&name) {
                self.error(alias.range, format!("future feature {name} is not defined"), None);
            }
        }
    }
}
