//! What arrays, documents and ranges of PostgreSQL can be asked: `contains`, `overlap`, `has_key` …

use vidro_python::{Raise, Value, Vm};
use vidro_sql::expr::{CustomOp, Expr, Op};
use vidro_sql::types::{Affinity, Type, TypeKind};

use super::operators::waiting;
use super::{built, operand};

/// Method and operator.
const OPERATORS: &[(&str, &str)] = &[
    ("contains", "@>"),
    ("contained_by", "<@"),
    ("overlap", "&&"),
    ("overlaps", "&&"),
    ("has_key", "?"),
    ("has_all", "?&"),
    ("has_any", "?|"),
];

/// The methods that a type has.
fn methods(ty: &Type) -> &'static [&'static str] {
    match ty.kind() {
        _ if ty.affinity() == Affinity::Array => &["contains", "contained_by", "overlap"],
        TypeKind::JSONB | TypeKind::HSTORE => {
            &["contains", "contained_by", "has_key", "has_all", "has_any"]
        }
        kind if kind.name().ends_with("RANGE") => &["contains", "contained_by", "overlaps"],
        _ => &[],
    }
}

/// The method of that name which an expression of such a type has.
pub(super) fn method(expr: &Expr, name: &str) -> Option<Value> {
    let ty = expr.ty();
    if ty.affinity() == Affinity::Array && matches!(name, "any" | "all") {
        return Some(items(expr.clone(), if name == "any" { Op::Any } else { Op::All }));
    }
    if !methods(&ty).contains(&name) {
        return None;
    }
    let (_, text) = OPERATORS.iter().find(|(known, _)| *known == name)?;
    let op = CustomOp {
        text: (*text).into(),
        precedence: 5,
        is_comparison: true,
        return_type: None,
        natural_self_precedent: true,
        eager_grouping: !name.starts_with("overlap"),
    };
    Some(waiting(expr.clone(), op))
}

/// `array.any(value)` and `array.all(value)`
fn items(this: Expr, op: Op) -> Value {
    Value::closure("any", move |vm: &mut Vm, args| -> Result<Value, Raise> {
        let other = operand(vm, &args.at(0))?;
        built(vm, this.compare_items(op.clone(), other))
    })
}
