//! Gestures on cards and sessions: the one line each stands for.

use vidro_orm::InstanceId;

use super::{Edits, Text};
use crate::Script;

/// Something done to a card or to a session. Objects and sessions are named by their numbers.
#[derive(Clone, Debug, PartialEq)]
pub enum CardGesture {
    /// `name = Class(attribute=value)`
    New {
        /// The class.
        class: String,
        /// Variable, or empty for one that is free.
        variable: String,
        /// Attributes and their values as Python source.
        values: Vec<(String, String)>,
    },
    /// `session.METHOD(x)`: add, delete, expunge, expire, refresh.
    OnObject {
        /// The session's method.
        method: &'static str,
        /// The object.
        object: u32,
    },
    /// `x.attribute = value`
    SetAttribute {
        /// The object.
        object: u32,
        /// Its attribute.
        attribute: String,
        /// Python source of the new value.
        value: String,
    },
    /// `x.attribute = y`
    SetReference {
        /// The object.
        object: u32,
        /// Its relationship.
        attribute: String,
        /// The other object, or nothing for `None`.
        target: Option<u32>,
    },
    /// `x.attribute.METHOD(y)`: append, remove.
    OnCollection {
        /// The collection's method.
        method: &'static str,
        /// The object.
        object: u32,
        /// Its collection.
        attribute: String,
        /// The member.
        target: u32,
    },
    /// `session.METHOD()`: flush, commit, rollback.
    OnSession {
        /// The method.
        method: &'static str,
        /// The session.
        session: u32,
    },
}

pub(super) fn line(
    script: &Script,
    text: &Text<'_>,
    gesture: &CardGesture,
) -> Result<Edits, String> {
    let line = match gesture {
        CardGesture::New { class, variable, values } => {
            Text::check_name(class, "class name")?;
            let variable = free_name(script, text, class, variable)?;
            let values: Vec<String> =
                values.iter().map(|(name, value)| format!("{name}={value}")).collect();
            format!("{variable} = {class}({})", values.join(", "))
        }
        CardGesture::OnObject { method, object } => {
            let session = session_of(script, *object)?;
            format!("{session}.{method}({})", name(script, *object)?)
        }
        CardGesture::SetAttribute { object, attribute, value } => {
            Text::check_name(attribute, "attribute name")?;
            let value = value.replace(['\n', '\r'], " ");
            format!("{}.{attribute} = {value}", name(script, *object)?)
        }
        CardGesture::SetReference { object, attribute, target } => {
            Text::check_name(attribute, "attribute name")?;
            let target = match target {
                Some(target) => name(script, *target)?,
                None => "None".into(),
            };
            format!("{}.{attribute} = {target}", name(script, *object)?)
        }
        CardGesture::OnCollection { method, object, attribute, target } => {
            Text::check_name(attribute, "attribute name")?;
            let (object, target) = (name(script, *object)?, name(script, *target)?);
            format!("{object}.{attribute}.{method}({target})")
        }
        CardGesture::OnSession { method, session } => {
            format!("{}.{method}()", session_name(script, Some(*session))?)
        }
    };
    Ok(text.append(&line))
}

/// The wanted variable, or one made from the class name that is not taken.
fn free_name(
    script: &Script,
    text: &Text<'_>,
    class: &str,
    wanted: &str,
) -> Result<String, String> {
    if !wanted.is_empty() {
        Text::check_name(wanted, "variable name")?;
        return Ok(wanted.to_owned());
    }
    let base = class.to_lowercase();
    let taken =
        |name: &str| text.outline.names.iter().any(|known| known == name) || script.has_name(name);
    let mut name = base.clone();
    let mut number = 1_u32;
    while taken(&name) {
        number += 1;
        name = format!("{base}{number}");
    }
    Ok(name)
}

/// How the script reaches an object: a variable, or the identity map when it has a key.
fn name(script: &Script, object: u32) -> Result<String, String> {
    let id = InstanceId::from_raw(object);
    if let Some((name, _)) = script.object_names().into_iter().find(|(_, known)| *known == id) {
        return Ok(name);
    }
    let found = script.orm(|orm| {
        let instance = orm.instances.get(id)?;
        let class = orm.mapping.mapper(instance.mapper()).class_name.to_string();
        let key: Vec<String> =
            instance.key()?.values().iter().map(vidro_sql::repr::value).collect();
        Some((class, key, instance.session()?.get()))
    });
    let Some((class, key, session)) = found.flatten() else {
        return Err("no variable of the script refers to this object, and it has no key yet".into());
    };
    let session = session_name(script, Some(session))?;
    let key = match key.as_slice() {
        [one] => one.clone(),
        many => format!("({})", many.join(", ")),
    };
    Ok(format!("{session}.get({class}, {key})"))
}

/// The variable of the session that holds an object, or of any session.
fn session_of(script: &Script, object: u32) -> Result<String, String> {
    let id = InstanceId::from_raw(object);
    let session = script.orm(|orm| orm.instances.get(id).and_then(|found| found.session()));
    session_name(script, session.flatten().map(|session| session.get()))
}

fn session_name(script: &Script, wanted: Option<u32>) -> Result<String, String> {
    let names = script.session_names();
    let exact = names.iter().find(|(_, id)| Some(id.get()) == wanted);
    let found = exact.or(names.last().filter(|_| wanted.is_none()));
    found.map(|(name, _)| name.clone()).ok_or_else(|| {
        "no variable of the script refers to the session: keep it with session = Session(engine)"
            .into()
    })
}
