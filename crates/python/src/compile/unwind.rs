//! Blocks that `return`, `break` and `continue` must leave in order.

use ruff_python_ast::Stmt;

use super::assemble::Label;
use super::code::Handler;
use super::{Compiler, Op};
use crate::value::Str;

/// A statement around the one that is compiled, which has something to clean up.
#[derive(Clone)]
pub(super) enum Block<'a> {
    /// A loop: where `continue` and `break` go, and whether an iterator is on the stack.
    Loop { next: Label, end: Label, iterator: bool },
    /// A range whose exceptions go to a handler.
    Try(Range),
    /// As `Try`, and the statements that run whenever it is left.
    Finally { range: Range, body: &'a [Stmt] },
    /// As `Try`, in a `with` block whose `__exit__` is on the stack.
    With { range: Range, is_async: bool },
    /// An exception is being handled.
    Handling,
    /// The name of a handled exception, which is deleted at the end.
    Name { range: Range, name: Str },
}

/// A range of instructions that is guarded by a handler; it may be interrupted by clean-up code.
#[derive(Clone, Copy)]
pub(super) struct Range {
    pub(super) handler: Label,
    start: u32,
    depth: u32,
    handled: u32,
    level: u32,
}

impl Block<'_> {
    fn range(&mut self) -> Option<&mut Range> {
        match self {
            Self::Try(range)
            | Self::Finally { range, .. }
            | Self::With { range, .. }
            | Self::Name { range, .. } => Some(range),
            Self::Loop { .. } | Self::Handling => None,
        }
    }
}

impl<'a> Compiler<'a> {
    /// A range that begins here.
    pub(super) fn begin_range(&mut self, handler: Label) -> Range {
        let start = self.here();
        let unit = self.unit();
        let level = u32::try_from(unit.blocks.len()).unwrap_or(0);
        Range { handler, start, depth: unit.depth, handled: unit.handled, level }
    }

    /// The guarded range ends here.
    pub(super) fn end_range(&mut self, range: Range) {
        let end = self.here();
        if end > range.start {
            let Range { handler, start, depth, handled, level } = range;
            let handler = Handler { start, end, target: handler.0, depth, handled, level };
            self.unit().handlers.push(handler);
        }
    }

    pub(super) fn push_block(&mut self, block: Block<'a>) {
        self.unit().blocks.push(block);
    }

    /// Leaves the innermost block normally; its range ends here.
    pub(super) fn pop_block(&mut self) {
        if let Some(mut block) = self.unit().blocks.pop()
            && let Some(range) = block.range()
        {
            let range = *range;
            self.end_range(range);
        }
    }

    /// Emits the clean-up of all blocks above a height, as a jump out of them needs it. The value
    /// on top of the stack, if there is one, is kept. Afterwards everything is as before.
    pub(super) fn unwind_to(&mut self, height: usize, keep: bool) {
        let saved = self.unit().blocks.clone();
        let (depth, handled) = (self.unit().depth, self.unit().handled);
        let mut open: Vec<usize> = Vec::new();
        while self.unit().blocks.len() > height {
            let Some(mut block) = self.unit().blocks.pop() else { break };
            if let Some(range) = block.range() {
                let range = *range;
                self.end_range(range);
                open.push(self.unit().blocks.len());
            }
            self.clean_up(block, keep);
        }
        let here = self.here();
        let unit = self.unit();
        (unit.depth, unit.handled) = (depth, handled);
        unit.blocks = saved;
        for at in open {
            if let Some(range) = unit.blocks.get_mut(at).and_then(Block::range) {
                range.start = here;
            }
        }
    }

    fn clean_up(&mut self, block: Block<'a>, keep: bool) {
        match block {
            Block::Loop { iterator: true, .. } => {
                if keep {
                    self.emit(Op::Swap);
                }
                self.emit(Op::Pop);
                self.unit().depth -= 1;
            }
            Block::Loop { .. } | Block::Try(_) => {}
            Block::Finally { body, .. } => {
                self.unit().depth += u32::from(keep);
                self.statements(body);
                self.unit().depth -= u32::from(keep);
            }
            Block::With { is_async, .. } => {
                if keep {
                    self.emit(Op::Swap);
                }
                self.unit().depth -= 1;
                self.exit_normally(is_async);
            }
            Block::Handling => {
                self.emit(Op::PopHandled);
                self.unit().handled -= 1;
            }
            Block::Name { name, .. } => self.clear_name(&name),
        }
    }

    /// `break` or `continue`.
    pub(super) fn leave_loop(&mut self, again: bool) {
        let found = self.unit().blocks.iter().rposition(|b| matches!(b, Block::Loop { .. }));
        let target = found.and_then(|at| match self.unit().blocks.get(at) {
            Some(Block::Loop { next, end, iterator }) => Some((at, *next, *end, *iterator)),
            _ => None,
        });
        let Some((at, next, end, iterator)) = target else {
            let message =
                if again { "'continue' not properly in loop" } else { "'break' outside loop" };
            self.error(self.span, message, None);
            return;
        };
        self.unwind_to(at + 1, false);
        if again {
            self.emit(Op::Jump(next.0));
        } else {
            if iterator {
                self.emit(Op::Pop);
            }
            self.emit(Op::Jump(end.0));
        }
    }
}
