//! From the core's types to the page's: by hand, in one place, shortened where a reader could not take it in.

mod diagnostic;
mod plan;
mod schema;

use std::collections::BTreeMap;

use vidro_orm::{InstanceId, Orm, RelationshipId, instance::Slot};
use vidro_protocol as view;
use vidro_script::Location;

pub(crate) use diagnostic::{of_diagnostic, of_raise};
pub(crate) use plan::{plan, step_number};
pub(crate) use schema::{model, table};

/// Longest text of a single value.
const LONGEST_VALUE: usize = 300;

/// A place as the page counts: lines and columns from 1, columns in characters, end exclusive.
pub(crate) fn span(location: &Location) -> view::Span {
    let source = &location.source;
    let last = location.span.end.saturating_sub(1).max(location.span.start);
    view::Span {
        line: small(location.line()),
        column: small(location.column()),
        end_line: small(source.line(last)),
        end_column: small(
            source.column(last) + usize::from(location.span.end > location.span.start),
        ),
    }
}

/// A count that fits the page; counts that large are not shown exactly.
pub(crate) fn small(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// A value of the database or of an attribute.
pub(crate) fn value(value: &vidro_sql::Value) -> view::Value {
    use vidro_sql::Value;
    let kind = match value {
        Value::Null => view::ValueKind::None,
        Value::Bool(_) => view::ValueKind::Bool,
        Value::Int(_) | Value::Real(_) | Value::Decimal(_) => view::ValueKind::Number,
        Value::Text(_) => view::ValueKind::Text,
        _ => view::ValueKind::Other,
    };
    view::Value { text: shorten(vidro_sql::repr::value(value)), kind, object: None }
}

/// What a column attribute holds.
pub(crate) fn slot(slot: &Slot) -> Option<view::Value> {
    match slot {
        Slot::Value(held) => Some(value(held)),
        Slot::Expression(_) => Some(view::Value { text: "SQL …".into(), ..Default::default() }),
        Slot::Absent | Slot::Deferred | Slot::Expired => None,
    }
}

/// A mapped object as a value.
pub(crate) fn object(orm: &Orm, id: Option<InstanceId>) -> view::Value {
    match id {
        Some(id) => view::Value {
            text: orm.state_str(id),
            kind: view::ValueKind::Object,
            object: Some(id.get()),
        },
        None => view::Value { text: "None".into(), kind: view::ValueKind::None, object: None },
    }
}

/// The script's first name for each object that has one.
pub(crate) type Names = BTreeMap<u32, String>;

/// What a reader calls an object: its variable, its key, or its class and number.
pub(crate) fn name(orm: &Orm, names: &Names, id: InstanceId) -> String {
    if let Some(name) = names.get(&id.get()) {
        return name.clone();
    }
    let instance = &orm.instances[id];
    let class = &orm.mapping.mapper(instance.mapper()).class_name;
    match instance.key() {
        Some(key) => {
            let values: Vec<String> = key.values().iter().map(vidro_sql::repr::value).collect();
            format!("{class} {}", values.join(", "))
        }
        None => format!("{class} #{}", id.get()),
    }
}

/// The name of a relationship attribute.
pub(crate) fn relationship_name(orm: &Orm, id: RelationshipId) -> String {
    orm.mapping.relationship(id).key.to_string()
}

/// The name of a column attribute of an object.
pub(crate) fn column_name(orm: &Orm, id: InstanceId, column: u16) -> String {
    orm.mapper_of(id)
        .ok()
        .and_then(|mapper| mapper.columns.get(usize::from(column)).map(|c| c.key.to_string()))
        .unwrap_or_default()
}

/// A state.
pub(crate) fn state(state: vidro_orm::State) -> view::State {
    match state {
        vidro_orm::State::Transient => view::State::Transient,
        vidro_orm::State::Pending => view::State::Pending,
        vidro_orm::State::Persistent => view::State::Persistent,
        vidro_orm::State::Deleted => view::State::Deleted,
        vidro_orm::State::Detached => view::State::Detached,
    }
}

/// A text of bounded length; the cut falls between characters.
pub(crate) fn shorten(mut text: String) -> String {
    if text.len() > LONGEST_VALUE {
        let cut = (0..=LONGEST_VALUE).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(cut);
        text.push('…');
    }
    text
}
