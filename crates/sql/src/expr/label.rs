//! Labels: names that expressions get in a SELECT.

use std::rc::Rc;

use super::{Expr, Kind, Op};

/// `element AS name`
#[derive(Clone, Debug)]
pub struct Label {
    /// The name.
    pub name: LabelName,
    /// The labelled expression, grouped as AS needs it.
    pub element: Expr,
}

/// The name of a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LabelName {
    /// As given.
    Named(Rc<str>),
    /// Base of a numbered name.
    Anon(Rc<str>),
}

impl Expr {
    /// `expr.label(name)`
    pub fn label(&self, name: impl Into<Rc<str>>) -> Self {
        self.label_as(LabelName::Named(name.into()))
    }

    /// `expr.label(None)`: the name is numbered when compiled.
    pub fn label_anon(&self) -> Self {
        let base = self.anon_base();
        self.label_as(LabelName::Anon(base))
    }

    /// A label of either sort of name.
    pub fn label_as(&self, name: LabelName) -> Self {
        // A label of a label keeps the innermost element.
        let inner = match self.kind() {
            Kind::Label(label) => label.element.clone(),
            _ => self.clone(),
        };
        let ty = inner.ty();
        let element = inner.self_group(Some(&Op::As));
        Self::new(Kind::Label(Label { name, element }), ty)
    }

    /// What an anonymous name of this expression is made of.
    pub(crate) fn anon_base(&self) -> Rc<str> {
        match self.kind() {
            Kind::Column(_) => self.column_name().unwrap_or_else(|| "anon".into()),
            Kind::Function(function) => function.name(),
            Kind::Bind(bind) => match &bind.name {
                super::BindName::Named(name) | super::BindName::Anon(name) => name.clone(),
            },
            Kind::Cast(_, inner) | Kind::Grouping(inner) => match inner.kind() {
                Kind::Column(_) | Kind::Cast(..) | Kind::Grouping(_) => inner.anon_base(),
                _ => "anon".into(),
            },
            _ => "anon".into(),
        }
    }

    /// The name a column or label has in a result, if it has one.
    pub fn column_name(&self) -> Option<Rc<str>> {
        match self.kind() {
            Kind::Column(column) => column.name(),
            Kind::Label(label) => match &label.name {
                LabelName::Named(name) => Some(name.clone()),
                LabelName::Anon(_) => None,
            },
            Kind::LabelReference(inner) => inner.column_name(),
            _ => None,
        }
    }

    /// The key under which a subquery lists this expression.
    pub fn proxy_key(&self) -> Option<Rc<str>> {
        match self.kind() {
            Kind::Column(column) => {
                column.note.as_ref().map(|note| note.key.clone()).or_else(|| column.key())
            }
            Kind::Cast(_, inner) | Kind::Grouping(inner) => inner.proxy_key(),
            _ => self.column_name(),
        }
    }
}
