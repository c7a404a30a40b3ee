//! Names, and targets of assignment and deletion.

use ruff_python_ast::{Expr, StmtAssign, StmtAugAssign};
use ruff_text_size::Ranged;

use super::{CodeKind, Compiler, Mode, Op};
use crate::compile::scope::ScopeKind;

/// Where a name lives.
enum Place {
    Fast(u32),
    Cell(u32),
    /// A free variable read in a class body or annotation, where a namespace goes first.
    Both(u16, u16),
    Global(u32),
    Namespace(u32),
    /// In an annotation: the class namespace, the globals, or a forward reference.
    Lenient(u32),
}

impl<'a> Compiler<'a> {
    fn place_of(&mut self, name: &str, load: bool) -> Place {
        let name = &*self.mangle(name);
        let scope = self.unit().scope;
        let kind = self.unit().kind;
        let (scope_kind, symbol) = match self.scopes.all.get(scope) {
            Some(scope) => (scope.kind, scope.get(name).copied().unwrap_or_default()),
            None => return Place::Global(self.name(name)),
        };
        if symbol.global {
            return Place::Global(self.name(name));
        }
        let cell = self.unit().cell_names.iter().position(|known| &**known == name);
        let annotation = scope_kind == ScopeKind::Annotation
            || (self.mode == Mode::Annotation && scope_kind == ScopeKind::Module);
        if let Some(cell) = cell {
            let own_class_cell = kind == CodeKind::Class && !symbol.nonlocal;
            if own_class_cell && name != "__class__" && !(symbol.free && load) {
                return Place::Namespace(self.name(name));
            }
            if load && (own_class_cell || annotation) && name != "__class__" {
                let at = u16::try_from(self.name(name)).unwrap_or(u16::MAX);
                return Place::Both(at, u16::try_from(cell).unwrap_or(u16::MAX));
            }
            if !own_class_cell || load {
                return Place::Cell(u32::try_from(cell).unwrap_or(0));
            }
        }
        if annotation {
            return Place::Lenient(self.name(name));
        }
        match kind {
            CodeKind::Module => Place::Global(self.name(name)),
            CodeKind::Class => Place::Namespace(self.name(name)),
            CodeKind::Function if symbol.bound => Place::Fast(self.local(name)),
            CodeKind::Function => Place::Global(self.name(name)),
        }
    }

    pub(super) fn load_name(&mut self, name: &str) {
        let op = match self.place_of(name, true) {
            Place::Fast(at) => Op::LoadFast(at),
            Place::Cell(at) => Op::LoadCell(at),
            Place::Both(at, cell) => {
                if self.unit().kind == CodeKind::Class {
                    Op::LoadNameOrCell(at, cell)
                } else {
                    Op::LoadLenientCell(at, cell)
                }
            }
            Place::Global(at) => Op::LoadGlobal(at),
            Place::Namespace(at) => Op::LoadName(at),
            Place::Lenient(at) => Op::LoadLenient(at),
        };
        self.emit(op);
    }

    pub(super) fn store_name(&mut self, name: &str) {
        let op = match self.place_of(name, false) {
            Place::Fast(at) => Op::StoreFast(at),
            Place::Cell(at) => Op::StoreCell(at),
            Place::Global(at) | Place::Lenient(at) => Op::StoreGlobal(at),
            Place::Namespace(at) => Op::StoreName(at),
            Place::Both(at, _) => Op::StoreName(u32::from(at)),
        };
        self.emit(op);
    }

    pub(super) fn delete_name(&mut self, name: &str) {
        let op = match self.place_of(name, false) {
            Place::Fast(at) => Op::DeleteFast(at),
            Place::Cell(at) => Op::DeleteCell(at),
            Place::Global(at) | Place::Lenient(at) => Op::DeleteGlobal(at),
            Place::Namespace(at) => Op::DeleteName(at),
            Place::Both(at, _) => Op::DeleteName(u32::from(at)),
        };
        self.emit(op);
    }

    pub(super) fn assign(&mut self, node: &'a StmtAssign) {
        self.expression(&node.value);
        let last = node.targets.len().saturating_sub(1);
        for (at, target) in node.targets.iter().enumerate() {
            if at < last {
                self.emit(Op::Dup);
            }
            self.store(target);
        }
    }

    /// Stores the value on the stack into a target.
    pub(super) fn store(&mut self, target: &'a Expr) {
        self.at(target, |compiler| compiler.store_target(target));
    }

    fn store_target(&mut self, target: &'a Expr) {
        match target {
            Expr::Name(name) => self.store_name(name.id.as_str()),
            Expr::Attribute(node) => {
                self.expression(&node.value);
                let name = self.mangle(node.attr.as_str());
                let at = self.name(&name);
                self.emit(Op::StoreAttribute(at));
            }
            Expr::Subscript(node) => {
                self.expression(&node.value);
                self.expression(&node.slice);
                self.emit(Op::StoreItem);
            }
            Expr::Tuple(node) => self.store_many(&node.elts),
            Expr::List(node) => self.store_many(&node.elts),
            Expr::Starred(node) => {
                self.error(
                    node.range,
                    "starred assignment target must be in a list or tuple",
                    None,
                );
            }
            other => self.error(other.range(), "cannot assign to expression here", None),
        }
    }

    fn store_many(&mut self, targets: &'a [Expr]) {
        let star = targets.iter().position(|target| matches!(target, Expr::Starred(_)));
        match star {
            None => {
                let count = u32::try_from(targets.len()).unwrap_or(u32::MAX);
                self.emit(Op::Unpack(count));
            }
            Some(at) => {
                let after = targets.len() - at - 1;
                let (before, after) = (u16::try_from(at), u16::try_from(after));
                self.emit(Op::UnpackRest(before.unwrap_or(0), after.unwrap_or(0)));
            }
        }
        let mut starred = 0;
        for target in targets {
            match target {
                Expr::Starred(node) => {
                    starred += 1;
                    if starred > 1 {
                        let message = "multiple starred expressions in assignment";
                        self.error(node.range, message, None);
                    }
                    self.store(&node.value);
                }
                other => self.store(other),
            }
        }
    }

    pub(super) fn delete(&mut self, target: &'a Expr) {
        self.at(target, |compiler| match target {
            Expr::Name(name) => compiler.delete_name(name.id.as_str()),
            Expr::Attribute(node) => {
                compiler.expression(&node.value);
                let name = compiler.mangle(node.attr.as_str());
                let at = compiler.name(&name);
                compiler.emit(Op::DeleteAttribute(at));
            }
            Expr::Subscript(node) => {
                compiler.expression(&node.value);
                compiler.expression(&node.slice);
                compiler.emit(Op::DeleteItem);
            }
            Expr::Tuple(node) => node.elts.iter().for_each(|target| compiler.delete(target)),
            Expr::List(node) => node.elts.iter().for_each(|target| compiler.delete(target)),
            other => compiler.error(other.range(), "cannot delete expression", None),
        });
    }

    pub(super) fn augmented(&mut self, node: &'a StmtAugAssign) {
        let operator = Op::InPlace(super::expression::binary_operator(node.op));
        match &*node.target {
            Expr::Name(name) => {
                self.at(&*node.target, |compiler| compiler.load_name(name.id.as_str()));
                self.expression(&node.value);
                self.emit(operator);
                self.store_name(name.id.as_str());
            }
            Expr::Attribute(target) => {
                self.expression(&target.value);
                let name = self.mangle(target.attr.as_str());
                let at = self.name(&name);
                self.emit(Op::Dup);
                self.emit(Op::LoadAttribute(at));
                self.expression(&node.value);
                self.emit(operator);
                self.emit(Op::Swap);
                self.emit(Op::StoreAttribute(at));
            }
            Expr::Subscript(target) => {
                self.expression(&target.value);
                self.expression(&target.slice);
                self.emit(Op::DupTwo);
                self.emit(Op::LoadItem);
                self.expression(&node.value);
                self.emit(operator);
                self.emit(Op::Rotate3);
                self.emit(Op::StoreItem);
            }
            other => {
                let message = "illegal expression for augmented assignment";
                self.error(other.range(), message, None);
            }
        }
    }
}
