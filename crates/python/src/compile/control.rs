//! Compound statements: if, loops, with, try.

use ruff_python_ast::{
    ExceptHandler, ExceptHandlerExceptHandler, Stmt, StmtFor, StmtIf, StmtTry, StmtWhile, StmtWith,
    WithItem,
};

use super::assemble::Label;
use super::unwind::Block;
use super::{Compiler, Op};

impl<'a> Compiler<'a> {
    pub(super) fn if_statement(&mut self, node: &'a StmtIf) {
        let end = self.label();
        let mut next = self.label();
        self.expression(&node.test);
        self.emit(Op::JumpIfFalse(next.0));
        self.statements(&node.body);
        for clause in &node.elif_else_clauses {
            self.emit(Op::Jump(end.0));
            self.place(next);
            next = self.label();
            if let Some(test) = &clause.test {
                self.expression(test);
                self.emit(Op::JumpIfFalse(next.0));
            }
            self.statements(&clause.body);
        }
        self.place(next);
        self.place(end);
    }

    pub(super) fn while_statement(&mut self, node: &'a StmtWhile) {
        let (otherwise, end) = (self.label(), self.label());
        let next = self.label_here();
        self.expression(&node.test);
        self.emit(Op::JumpIfFalse(otherwise.0));
        self.push_block(Block::Loop { next, end, iterator: false });
        self.statements(&node.body);
        self.pop_block();
        self.emit(Op::Jump(next.0));
        self.place(otherwise);
        self.statements(&node.orelse);
        self.place(end);
    }

    pub(super) fn for_statement(&mut self, node: &'a StmtFor) {
        if node.is_async {
            self.async_for(node);
            return;
        }
        let (otherwise, end) = (self.label(), self.label());
        self.expression(&node.iter);
        self.emit(Op::GetIter);
        let next = self.label_here();
        self.emit(Op::ForIter(otherwise.0));
        self.store(&node.target);
        self.loop_body(next, end, &node.body);
        self.emit(Op::Jump(next.0));
        self.place(otherwise);
        self.statements(&node.orelse);
        self.place(end);
    }

    /// The body of a loop over an iterator, which is on the stack.
    fn loop_body(&mut self, next: Label, end: Label, body: &'a [Stmt]) {
        self.unit().depth += 1;
        self.push_block(Block::Loop { next, end, iterator: true });
        self.statements(body);
        self.pop_block();
        self.unit().depth -= 1;
    }

    fn async_for(&mut self, node: &'a StmtFor) {
        self.require_async(node.range, "async for");
        let (exhausted, end) = (self.label(), self.label());
        self.expression(&node.iter);
        self.emit(Op::GetAsyncIter);
        self.unit().depth += 1;
        let next = self.label_here();
        let range = self.begin_range(exhausted);
        self.emit(Op::GetAsyncNext);
        self.await_value();
        self.end_range(range);
        self.store(&node.target);
        self.unit().depth -= 1;
        self.loop_body(next, end, &node.body);
        self.emit(Op::Jump(next.0));
        self.place(exhausted);
        self.emit(Op::EndAsyncFor);
        self.statements(&node.orelse);
        self.place(end);
    }

    /// Waits for the value on the stack.
    pub(super) fn await_value(&mut self) {
        self.emit(Op::GetAwaitable);
        self.emit(Op::Nothing);
        self.send_loop();
    }

    /// Passes values between the caller and the iterator on the stack, to its end.
    pub(super) fn send_loop(&mut self) {
        let end = self.label();
        let next = self.label_here();
        self.emit(Op::Send(end.0));
        self.emit(Op::Yield);
        self.emit(Op::Jump(next.0));
        self.place(end);
    }

    pub(super) fn with_statement(&mut self, node: &'a StmtWith) {
        if node.is_async {
            self.require_async(node.range, "async with");
        }
        self.with_items(&node.items, node.is_async, &node.body);
    }

    fn with_items(&mut self, items: &'a [WithItem], is_async: bool, body: &'a [Stmt]) {
        let Some((item, rest)) = items.split_first() else {
            self.statements(body);
            return;
        };
        let (handler, swallowed, end) = (self.label(), self.label(), self.label());
        self.expression(&item.context_expr);
        self.at(&item.context_expr, |compiler| {
            compiler.emit(Op::WithEnter(is_async));
            if is_async {
                compiler.await_value();
            }
        });
        self.unit().depth += 1;
        let range = self.begin_range(handler);
        self.push_block(Block::With { range, is_async });
        match &item.optional_vars {
            Some(target) => self.store(target),
            None => self.emit(Op::Pop),
        }
        self.with_items(rest, is_async, body);
        self.pop_block();
        self.unit().depth -= 1;
        self.at(&item.context_expr, |compiler| {
            compiler.exit_normally(is_async);
            compiler.emit(Op::Jump(end.0));
            compiler.place(handler);
            compiler.emit(Op::ExitArguments);
            compiler.emit(Op::Call(3));
            if is_async {
                compiler.await_value();
            }
            compiler.emit(Op::JumpIfTrue(swallowed.0));
            compiler.emit(Op::Reraise);
            compiler.place(swallowed);
            compiler.emit(Op::PopHandled);
            compiler.place(end);
        });
    }

    /// Calls the `__exit__` on the stack without an exception.
    pub(super) fn exit_normally(&mut self, is_async: bool) {
        for _ in 0..3 {
            self.emit(Op::Nothing);
        }
        self.emit(Op::Call(3));
        if is_async {
            self.await_value();
        }
        self.emit(Op::Pop);
    }

    pub(super) fn try_statement(&mut self, node: &'a StmtTry) {
        if node.is_star {
            self.error(
                node.range,
                "'except*' is not supported",
                Some("use 'except' and handle one exception at a time"),
            );
            return;
        }
        if node.finalbody.is_empty() {
            self.try_except(node);
            return;
        }
        let (handler, end) = (self.label(), self.label());
        let range = self.begin_range(handler);
        self.push_block(Block::Finally { range, body: &node.finalbody });
        if node.handlers.is_empty() {
            self.statements(&node.body);
            self.statements(&node.orelse);
        } else {
            self.try_except(node);
        }
        self.pop_block();
        self.statements(&node.finalbody);
        self.emit(Op::Jump(end.0));
        self.place(handler);
        self.unit().handled += 1;
        self.push_block(Block::Handling);
        self.statements(&node.finalbody);
        self.pop_block();
        self.unit().handled -= 1;
        self.emit(Op::Reraise);
        self.place(end);
    }

    fn try_except(&mut self, node: &'a StmtTry) {
        let (handler, end) = (self.label(), self.label());
        let range = self.begin_range(handler);
        self.push_block(Block::Try(range));
        self.statements(&node.body);
        self.pop_block();
        self.statements(&node.orelse);
        self.emit(Op::Jump(end.0));
        self.place(handler);
        self.unit().handled += 1;
        self.push_block(Block::Handling);
        for (at, handler) in node.handlers.iter().enumerate() {
            let ExceptHandler::ExceptHandler(clause) = handler;
            if clause.type_.is_none() && at + 1 < node.handlers.len() {
                self.error(clause.range, "default 'except:' must be last", None);
            }
            self.except_clause(clause, end);
        }
        self.emit(Op::Reraise);
        self.pop_block();
        self.unit().handled -= 1;
        self.place(end);
    }

    fn except_clause(&mut self, clause: &'a ExceptHandlerExceptHandler, end: Label) {
        let next = self.label();
        if let Some(class) = &clause.type_ {
            self.at(&**class, |compiler| {
                compiler.expression(class);
                compiler.emit(Op::MatchException(next.0));
            });
        }
        match &clause.name {
            None => self.statements(&clause.body),
            Some(name) => {
                let name = self.mangle(name.as_str());
                self.emit(Op::LoadHandled);
                self.store_name(&name);
                let cleanup = self.label();
                let range = self.begin_range(cleanup);
                self.push_block(Block::Name { range, name: name.clone() });
                self.statements(&clause.body);
                self.pop_block();
                self.clear_name(&name);
                self.emit(Op::PopHandled);
                self.emit(Op::Jump(end.0));
                self.place(cleanup);
                self.clear_name(&name);
                self.emit(Op::Reraise);
                self.place(next);
                return;
            }
        }
        self.emit(Op::PopHandled);
        self.emit(Op::Jump(end.0));
        self.place(next);
    }

    /// Deletes the name of a handled exception, whether it is still bound or not.
    pub(super) fn clear_name(&mut self, name: &str) {
        self.emit(Op::Nothing);
        self.store_name(name);
        self.delete_name(name);
    }
}
