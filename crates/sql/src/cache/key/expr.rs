//! The part of the key that expressions write.

use super::Key;
use crate::expr::{
    Bind, BindName, BindValue, ColumnTarget, Expr, Frame, FrameBound, Function, Kind, LabelName,
    Modifiers, Op,
};

impl Key {
    fn bind(&mut self, expr: &Expr, bind: &Bind) {
        match &bind.name {
            BindName::Named(name) => {
                self.push(1);
                self.text(name);
            }
            BindName::Anon(base) => {
                self.push(2);
                self.text(base);
            }
        }
        let shape = match &bind.value {
            BindValue::One(_) => 0,
            BindValue::Many(_) => 1,
            BindValue::Tuples(rows) => 2 + rows.first().map_or(0, |row| row.len()),
            BindValue::Required => usize::MAX,
        };
        self.code(shape);
        self.flags(&[
            bind.unique,
            bind.expanding,
            bind.literal_execute,
            bind.crud,
            bind.in_negated,
        ]);
        // The same parameter twice is one parameter: its first place tells.
        let here = self.binds.len();
        let first = *self.first.entry(expr.id()).or_insert(here);
        self.code(here - first);
        self.ty(&expr.ty());
        self.binds.push(expr.clone());
    }

    fn column(&mut self, expr: &Expr, target: &ColumnTarget) {
        match target {
            ColumnTarget::Schema { column, table } => {
                self.push(1);
                self.address(column.id());
                self.flags(&[table.is_some()]);
            }
            ColumnTarget::Proxy { from, index } => {
                self.push(2);
                self.code(*index);
                self.from(from);
            }
            ColumnTarget::Bare { name, literal, table } => {
                self.push(3);
                self.name(name);
                self.flags(&[*literal]);
                self.ty(&expr.ty());
                if let Some(table) = table {
                    self.from(table);
                }
            }
        }
    }

    fn modifiers(&mut self, modifiers: &Modifiers) {
        self.option_text(modifiers.escape.as_deref());
        self.option_text(modifiers.flags.as_deref());
        self.flags(&[modifiers.symmetric]);
        for (name, on) in &modifiers.options {
            self.text(name);
            self.flags(&[*on]);
        }
    }

    fn function(&mut self, function: &Function) {
        self.code(function.names.len());
        for name in &function.names {
            self.name(name);
        }
        self.flags(&[function.generic]);
        self.list(&function.args);
    }

    fn frame(&mut self, frame: Option<&Frame>) {
        let Some(frame) = frame else {
            self.push(0);
            return;
        };
        self.code(frame.kind as usize + 1);
        for bound in [&frame.start, &frame.end] {
            match bound {
                FrameBound::Unbounded => self.push(0),
                FrameBound::Current => self.push(1),
                FrameBound::Preceding(n) => {
                    self.push(2);
                    self.expr(n);
                }
                FrameBound::Following(n) => {
                    self.push(3);
                    self.expr(n);
                }
            }
        }
        self.option_text(frame.exclude.as_deref());
    }

    /// An expression.
    pub(super) fn expr(&mut self, expr: &Expr) {
        match expr.kind() {
            Kind::Column(column) => {
                self.push(1);
                self.column(expr, &column.target);
            }
            Kind::Bind(bind) => {
                self.push(2);
                self.bind(expr, bind);
            }
            Kind::Null => self.push(3),
            Kind::True => self.push(4),
            Kind::False => self.push(5),
            Kind::Text(text) => {
                self.push(6);
                self.text_clause(text);
            }
            Kind::Unary(op, inner) => self.operator(7, op, inner),
            Kind::Modifier(op, inner) => self.operator(8, op, inner),
            Kind::AsBoolean(op, inner) => self.operator(9, op, inner),
            Kind::Binary(binary) => {
                self.push(10);
                self.op(&binary.op);
                self.modifiers(&binary.modifiers);
                self.code(expr.ty().kind() as usize);
                self.expr(&binary.left);
                self.expr(&binary.right);
            }
            Kind::List(list) => {
                self.push(11);
                self.op(&list.op);
                self.code(list.class as usize);
                self.list(&list.items);
            }
            Kind::Grouping(inner) => self.inner(12, inner),
            Kind::Label(label) => {
                self.push(13);
                match &label.name {
                    LabelName::Named(name) => {
                        self.push(1);
                        self.text(name);
                    }
                    LabelName::Anon(base) => {
                        self.push(2);
                        self.text(base);
                    }
                }
                self.expr(&label.element);
            }
            Kind::LabelReference(inner) => self.inner(14, inner),
            Kind::TextualLabel(name) => {
                self.push(15);
                self.text(name);
            }
            Kind::Case(case) => {
                self.push(16);
                self.option(case.value.as_ref());
                self.code(case.whens.len());
                for (when, then) in &case.whens {
                    self.expr(when);
                    self.expr(then);
                }
                self.option(case.otherwise.as_ref());
            }
            Kind::Cast(kind, inner) => {
                self.push(17);
                self.code(*kind as usize);
                self.ty(&expr.ty());
                self.expr(inner);
            }
            _ => self.rare(expr),
        }
    }

    fn inner(&mut self, code: u64, inner: &Expr) {
        self.push(code);
        self.expr(inner);
    }

    fn operator(&mut self, code: u64, op: &Op, inner: &Expr) {
        self.push(code);
        self.op(op);
        self.expr(inner);
    }

    /// Expressions of the less common kinds.
    fn rare(&mut self, expr: &Expr) {
        match expr.kind() {
            Kind::Extract(field, inner) => {
                self.push(20);
                self.text(field);
                self.expr(inner);
            }
            Kind::Collation(name) => {
                self.push(21);
                self.name(name);
            }
            Kind::Function(function) => {
                self.push(22);
                self.function(function);
                self.ty(&expr.ty());
            }
            Kind::Over(over) => {
                self.push(23);
                self.expr(&over.element);
                self.list(&over.partition_by);
                self.list(&over.order_by);
                self.frame(over.frame.as_ref());
            }
            Kind::WithinGroup(inner, list) => {
                self.push(24);
                self.expr(inner);
                self.list(list);
            }
            Kind::AggregateOrderBy(inner, list) => {
                self.push(25);
                self.expr(inner);
                self.list(list);
            }
            Kind::Filter(inner, condition) => {
                self.push(26);
                self.expr(inner);
                self.expr(condition);
            }
            Kind::Scalar(query) => {
                self.push(27);
                self.query(query);
            }
            Kind::Subselect(query) => {
                self.push(28);
                self.query(query);
            }
            Kind::Array(items) => {
                self.push(29);
                self.list(items);
            }
            Kind::Slice(start, stop, step) => {
                self.push(30);
                self.option(start.as_ref());
                self.option(stop.as_ref());
                self.option(step.as_ref());
            }
            Kind::NextValue(sequence) => {
                self.push(31);
                self.name(sequence.name());
                self.option_name(sequence.schema());
            }
            Kind::FromValue(from) => {
                self.push(32);
                self.from(from);
            }
            Kind::Field(inner, name) => {
                self.push(33);
                self.expr(inner);
                self.name(name);
            }
            _ => {}
        }
    }
}
