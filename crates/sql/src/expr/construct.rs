//! Expressions that only a script writes by hand: names of labels, whole rows, items of documents.

use std::rc::Rc;

use super::{Binary, CustomOp, Expr, Kind, Op, Operand};
use crate::error::{Error, Result};
use crate::from::{Alias, AliasKind, AliasName, Element, FromClause};
use crate::name::Name;
use crate::schema::Sequence;
use crate::statement::Statement;
use crate::types::{Affinity, Type};

impl Expr {
    /// A string in ORDER BY: the name of a label or column.
    pub fn textual_label(name: &str) -> Self {
        Self::new(Kind::TextualLabel(name.into()), Type::null())
    }

    /// A FROM object in a value's place.
    pub fn from_clause_value(from: &FromClause) -> Self {
        Self::new(Kind::FromValue(from.clone()), Type::null())
    }

    /// `function.scalar_table_valued(name, type)`
    pub fn field(&self, name: Name, ty: Type) -> Self {
        Self::new(Kind::Field(self.clone(), name), ty)
    }

    /// `sequence.next_value()`
    pub fn next_value(sequence: &Sequence) -> Self {
        Self::new(Kind::NextValue(sequence.clone()), Type::integer())
    }

    /// `expr[index]`
    pub fn get_item(&self, index: Operand) -> Result<Self> {
        let json = self.ty().affinity() == Affinity::Json;
        let path = matches!(&index, Operand::Value(crate::Value::Object(_)));
        let op = match (json, path) {
            (true, true) => Op::JsonPathGetItem,
            (true, false) => Op::JsonGetItem,
            (false, _) => Op::GetItem,
        };
        if !matches!(self.ty().affinity(), Affinity::Json | Affinity::Array) {
            return Err(Error::not_implemented(
                "Operator 'getitem' is not supported on this expression",
            ));
        }
        self.operate(op, index)
    }

    /// `document["key"].as_string()`: the item as a value of another type.
    pub fn json_as(&self, method: &str, ty: Type) -> Result<Self> {
        match self.kind() {
            Kind::Binary(binary) if matches!(binary.op, Op::JsonGetItem | Op::JsonPathGetItem) => {
                Ok(Self::new(Kind::Binary(binary.clone()), ty))
            }
            _ => Err(Error::invalid_request(format!(
                "The JSON cast operator JSON.{method}() only works with a JSON index expression \
                 e.g. col['q'].{method}()"
            ))),
        }
    }

    /// `document["key"].astext` of PostgreSQL: the item as text, by an operator of its own.
    pub fn as_text(&self) -> Option<Self> {
        let Kind::Binary(binary) = self.kind() else { return None };
        let text = match binary.op {
            Op::JsonGetItem => "->>",
            Op::JsonPathGetItem => "#>>",
            _ => return None,
        };
        let op = CustomOp {
            text: text.into(),
            precedence: 15,
            is_comparison: false,
            return_type: Some(Type::text()),
            natural_self_precedent: true,
            eager_grouping: true,
        };
        let binary = Binary { op: Op::Custom(Rc::new(op)), negate: None, ..binary.clone() };
        Some(Self::new(Kind::Binary(binary), Type::text()))
    }
}

impl FromClause {
    /// This under another kind of name: a lateral, a sample.
    pub fn named_as(&self, kind: AliasKind, name: Option<Name>) -> Self {
        self.element_as(Element::From(self.clone()), kind, name)
    }

    fn element_as(&self, element: Element, kind: AliasKind, name: Option<Name>) -> Self {
        let base = self.plain_name().unwrap_or_else(|| "anon".into());
        let name = name.map_or(AliasName::Anon(base), AliasName::Named);
        Self::Alias(Rc::new(Alias::new(kind, element, name)))
    }

    /// `insert(…).returning(…).cte(name)`
    pub fn dml_cte(statement: Statement, name: Option<Name>) -> Self {
        let kind = AliasKind::Cte(crate::from::Cte::default());
        let name = name.map_or_else(|| AliasName::Anon("anon".into()), AliasName::Named);
        let element = Element::Dml(Box::new(statement));
        Self::Alias(Rc::new(Alias::new(kind, element, name)))
    }

    /// Python's `repr()`.
    pub fn python_repr(&self) -> String {
        crate::python::from_repr(self)
    }
}

impl crate::select::Query {
    /// The FROM objects that a SELECT reads: given, joined or mentioned.
    pub fn froms(&self) -> Vec<FromClause> {
        let Self::Select(select) = self else { return Vec::new() };
        let mut out: Vec<FromClause> = select.from.clone();
        let mentioned = crate::join::froms_of(select.columns.iter().chain(&select.where_));
        for from in mentioned.into_iter().chain(select.joins.iter().map(|step| step.right.clone()))
        {
            if !out.iter().any(|known| known.ptr_eq(&from)) {
                out.push(from);
            }
        }
        out
    }
}
