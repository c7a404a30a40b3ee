//! Expressions.

use ruff_python_ast::{BoolOp, CmpOp, Expr, ExprBoolOp, ExprCompare, ExprDict, Operator, UnaryOp};
use ruff_text_size::Ranged;

use super::scope::ScopeKind;
use super::{Compiler, Op};
use crate::host::{BinaryOperator, Compare, UnaryOperator};
use crate::value::Value;

/// The operator of a node.
pub(super) fn binary_operator(operator: Operator) -> BinaryOperator {
    match operator {
        Operator::Add => BinaryOperator::Add,
        Operator::Sub => BinaryOperator::Sub,
        Operator::Mult => BinaryOperator::Mul,
        Operator::MatMult => BinaryOperator::MatMul,
        Operator::Div => BinaryOperator::Div,
        Operator::Mod => BinaryOperator::Mod,
        Operator::Pow => BinaryOperator::Pow,
        Operator::LShift => BinaryOperator::LShift,
        Operator::RShift => BinaryOperator::RShift,
        Operator::BitOr => BinaryOperator::BitOr,
        Operator::BitXor => BinaryOperator::BitXor,
        Operator::BitAnd => BinaryOperator::BitAnd,
        Operator::FloorDiv => BinaryOperator::FloorDiv,
    }
}

fn compare_op(operator: CmpOp) -> Op {
    match operator {
        CmpOp::Eq => Op::Compare(Compare::Equal),
        CmpOp::NotEq => Op::Compare(Compare::NotEqual),
        CmpOp::Lt => Op::Compare(Compare::Less),
        CmpOp::LtE => Op::Compare(Compare::LessEqual),
        CmpOp::Gt => Op::Compare(Compare::Greater),
        CmpOp::GtE => Op::Compare(Compare::GreaterEqual),
        CmpOp::Is => Op::Is(false),
        CmpOp::IsNot => Op::Is(true),
        CmpOp::In => Op::Contains(false),
        CmpOp::NotIn => Op::Contains(true),
    }
}

/// A count as an operand.
pub(super) fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

impl<'a> Compiler<'a> {
    pub(super) fn expression(&mut self, expression: &'a Expr) {
        self.at(expression, |compiler| compiler.expression_node(expression));
    }

    fn expression_node(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Name(name) => self.load_name(name.id.as_str()),
            Expr::NumberLiteral(node) => self.number(node),
            Expr::StringLiteral(node) => self.name_constant(node.value.to_str()),
            Expr::BytesLiteral(node) => {
                let bytes: Vec<u8> = node.value.bytes().collect();
                self.constant(Value::Bytes(bytes.into()));
            }
            Expr::BooleanLiteral(node) => self.constant(Value::Bool(node.value)),
            Expr::NoneLiteral(_) => self.emit(Op::Nothing),
            Expr::EllipsisLiteral(_) => self.constant(Value::Ellipsis),
            Expr::FString(node) => self.f_string(node),
            Expr::Attribute(node) => {
                self.expression(&node.value);
                let name = self.mangle(node.attr.as_str());
                let at = self.name(&name);
                self.emit(Op::LoadAttribute(at));
            }
            Expr::Subscript(node) => {
                self.expression(&node.value);
                self.expression(&node.slice);
                self.emit(Op::LoadItem);
            }
            Expr::Call(node) => self.call(node),
            Expr::BinOp(node) => {
                self.expression(&node.left);
                self.expression(&node.right);
                self.emit(Op::Binary(binary_operator(node.op)));
            }
            Expr::UnaryOp(node) => {
                self.expression(&node.operand);
                self.emit(match node.op {
                    UnaryOp::Not => Op::Not,
                    UnaryOp::UAdd => Op::Unary(UnaryOperator::Plus),
                    UnaryOp::USub => Op::Unary(UnaryOperator::Minus),
                    UnaryOp::Invert => Op::Unary(UnaryOperator::Invert),
                });
            }
            Expr::BoolOp(node) => self.bool_op(node),
            Expr::Compare(node) => self.compare(node),
            other => self.expression_rest(other),
        }
    }

    fn expression_rest(&mut self, expression: &'a Expr) {
        match expression {
            Expr::If(node) => {
                let (otherwise, end) = (self.label(), self.label());
                self.expression(&node.test);
                self.emit(Op::JumpIfFalse(otherwise.0));
                self.expression(&node.body);
                self.emit(Op::Jump(end.0));
                self.place(otherwise);
                self.expression(&node.orelse);
                self.place(end);
            }
            Expr::Named(node) => {
                self.expression(&node.value);
                self.emit(Op::Dup);
                self.store(&node.target);
            }
            Expr::Tuple(node) if node.elts.is_empty() => self.constant(Value::tuple(Vec::new())),
            Expr::Tuple(node) => self.sequence(&node.elts, Op::BuildTuple, true),
            Expr::List(node) => self.sequence(&node.elts, Op::BuildList, false),
            Expr::Set(node) => self.set_display(&node.elts),
            Expr::Dict(node) => self.dict_display(node),
            Expr::ListComp(node) => {
                self.comprehension(expression, &node.generators, Some(&node.elt), None);
            }
            Expr::SetComp(node) => {
                self.comprehension(expression, &node.generators, Some(&node.elt), None);
            }
            Expr::Generator(node) => {
                self.comprehension(expression, &node.generators, Some(&node.elt), None);
            }
            Expr::DictComp(node) => {
                let key = node.key.as_deref();
                self.comprehension(expression, &node.generators, key, Some(&node.value));
            }
            Expr::Lambda(node) => self.lambda(node),
            Expr::Slice(node) => {
                for part in [&node.lower, &node.upper, &node.step] {
                    match part {
                        Some(part) => self.expression(part),
                        None => self.emit(Op::Nothing),
                    }
                }
                self.emit(Op::BuildSlice(3));
            }
            Expr::Yield(node) => {
                match &node.value {
                    Some(value) => self.expression(value),
                    None => self.emit(Op::Nothing),
                }
                self.emit(Op::Yield);
            }
            Expr::YieldFrom(node) => {
                self.expression(&node.value);
                self.emit(Op::GetYieldFrom);
                self.emit(Op::Nothing);
                self.send_loop();
            }
            Expr::Await(node) => {
                self.require_async(node.range, "await");
                self.expression(&node.value);
                self.await_value();
            }
            Expr::Starred(node) => {
                self.error(node.range, "can't use starred expression here", None);
            }
            Expr::TString(node) => {
                self.error(node.range, "t-strings are not supported", Some("use an f-string"));
            }
            other => self.error(other.range(), "invalid syntax", None),
        }
    }

    /// Refuses what belongs into `async def` elsewhere.
    pub(super) fn require_async(&mut self, at: ruff_text_size::TextRange, what: &str) {
        let scope = self.unit().scope;
        let kind = self.scopes.all.get(scope).map(|scope| (scope.kind, scope.is_async));
        match kind {
            Some((ScopeKind::Function, true)) => {}
            Some((ScopeKind::Function | ScopeKind::Lambda, false)) => {
                self.error(at, format!("'{what}' outside async function"), None);
            }
            Some((ScopeKind::Comprehension, _)) => self.error(
                at,
                format!("'{what}' in a comprehension is not supported"),
                Some("use a loop"),
            ),
            _ => self.error(at, format!("'{what}' outside function"), None),
        }
    }

    fn bool_op(&mut self, node: &'a ExprBoolOp) {
        let end = self.label();
        let last = node.values.len().saturating_sub(1);
        for (at, value) in node.values.iter().enumerate() {
            self.expression(value);
            if at < last {
                self.emit(match node.op {
                    BoolOp::And => Op::JumpIfFalseKeep(end.0),
                    BoolOp::Or => Op::JumpIfTrueKeep(end.0),
                });
            }
        }
        self.place(end);
    }

    fn compare(&mut self, node: &'a ExprCompare) {
        self.expression(&node.left);
        let last = node.ops.len().saturating_sub(1);
        if last == 0 {
            for (operator, right) in node.ops.iter().zip(&node.comparators) {
                self.expression(right);
                self.emit(compare_op(*operator));
            }
            return;
        }
        let (broken, end) = (self.label(), self.label());
        for (at, (operator, right)) in node.ops.iter().zip(&node.comparators).enumerate() {
            self.expression(right);
            if at < last {
                self.emit(Op::Dup);
                self.emit(Op::Rotate3);
                self.emit(compare_op(*operator));
                self.emit(Op::JumpIfFalseKeep(broken.0));
            } else {
                self.emit(compare_op(*operator));
            }
        }
        self.emit(Op::Jump(end.0));
        self.place(broken);
        self.emit(Op::Swap);
        self.emit(Op::Pop);
        self.place(end);
    }

    /// A tuple or list display.
    fn sequence(&mut self, items: &'a [Expr], build: fn(u32) -> Op, tuple: bool) {
        if items.iter().any(|item| matches!(item, Expr::Starred(_))) {
            self.spread_list(items);
            if tuple {
                self.emit(Op::ListToTuple);
            }
            return;
        }
        for item in items {
            self.expression(item);
        }
        self.emit(build(count(items.len())));
    }

    /// A list of items some of which are starred.
    pub(super) fn spread_list(&mut self, items: &'a [Expr]) {
        self.emit(Op::BuildList(0));
        for item in items {
            match item {
                Expr::Starred(node) => {
                    self.expression(&node.value);
                    self.at(item, |compiler| compiler.emit(Op::ListExtend));
                }
                other => {
                    self.expression(other);
                    self.emit(Op::ListAppend(0));
                }
            }
        }
    }

    fn set_display(&mut self, items: &'a [Expr]) {
        if !items.iter().any(|item| matches!(item, Expr::Starred(_))) {
            for item in items {
                self.expression(item);
            }
            self.emit(Op::BuildSet(count(items.len())));
            return;
        }
        self.emit(Op::BuildSet(0));
        for item in items {
            match item {
                Expr::Starred(node) => {
                    self.expression(&node.value);
                    self.emit(Op::SetExtend);
                }
                other => {
                    self.expression(other);
                    self.emit(Op::SetAdd(0));
                }
            }
        }
    }

    fn dict_display(&mut self, node: &'a ExprDict) {
        if node.items.iter().all(|item| item.key.is_some()) && node.items.len() < 1000 {
            for item in &node.items {
                if let Some(key) = &item.key {
                    self.expression(key);
                    self.expression(&item.value);
                }
            }
            self.emit(Op::BuildDict(count(node.items.len())));
            return;
        }
        self.emit(Op::BuildDict(0));
        for item in &node.items {
            match &item.key {
                Some(key) => {
                    self.expression(key);
                    self.expression(&item.value);
                    self.emit(Op::DictAdd(0));
                }
                None => {
                    self.expression(&item.value);
                    self.emit(Op::DictMerge(false));
                }
            }
        }
    }
}
