//! Gestures between the page's words and the script's.

use vidro_protocol as view;
use vidro_script as script;

/// A gesture of the page as the script's editor takes it.
pub(crate) fn gesture(gesture: &view::Gesture) -> script::Gesture {
    match gesture {
        view::Gesture::DeclareClass(draft) => script::Gesture::DeclareClass(script::ClassDraft {
            class: draft.class.clone(),
            table: draft.table.clone(),
            columns: draft.columns.iter().map(column).collect(),
        }),
        view::Gesture::AddColumn { class, column: draft } => {
            script::Gesture::AddColumn { class: class.clone(), column: column(draft) }
        }
        view::Gesture::AddRelationship(draft) => {
            script::Gesture::AddRelationship(script::RelationshipDraft {
                class: draft.class.clone(),
                name: draft.name.clone(),
                target: draft.target.clone(),
                kind: kind(draft.kind),
                back_populates: draft.back_populates.clone(),
            })
        }
        view::Gesture::SetCascade { class, relationship, cascade } => script::Gesture::SetCascade {
            class: class.clone(),
            relationship: relationship.clone(),
            cascade: cascade.clone(),
        },
        view::Gesture::Card(gesture) => script::Gesture::Card(card(gesture)),
    }
}

fn column(draft: &view::ColumnDraft) -> script::ColumnDraft {
    script::ColumnDraft {
        name: draft.name.clone(),
        type_name: draft.type_name.clone(),
        primary_key: draft.primary_key,
        nullable: draft.nullable,
        unique: draft.unique,
        foreign_key: draft.foreign_key.clone(),
    }
}

fn kind(kind: view::RelationshipKind) -> script::RelationshipKind {
    match kind {
        view::RelationshipKind::OneToMany => script::RelationshipKind::OneToMany,
        view::RelationshipKind::ManyToOne => script::RelationshipKind::ManyToOne,
        view::RelationshipKind::OneToOne => script::RelationshipKind::OneToOne,
        view::RelationshipKind::ManyToMany => script::RelationshipKind::ManyToMany,
    }
}

fn card(gesture: &view::CardGesture) -> script::CardGesture {
    use script::CardGesture as To;
    use view::CardGesture as From;
    let on_object = |method, object| To::OnObject { method, object };
    let on_session = |method, session| To::OnSession { method, session };
    match gesture {
        From::New { class, variable, values } => {
            To::New { class: class.clone(), variable: variable.clone(), values: values.clone() }
        }
        From::Add(object) => on_object("add", *object),
        From::Delete(object) => on_object("delete", *object),
        From::Expunge(object) => on_object("expunge", *object),
        From::Expire(object) => on_object("expire", *object),
        From::Refresh(object) => on_object("refresh", *object),
        From::SetAttribute { object, attribute, value } => {
            To::SetAttribute { object: *object, attribute: attribute.clone(), value: value.clone() }
        }
        From::SetReference { object, attribute, target } => {
            To::SetReference { object: *object, attribute: attribute.clone(), target: *target }
        }
        From::Append { object, attribute, target } => To::OnCollection {
            method: "append",
            object: *object,
            attribute: attribute.clone(),
            target: *target,
        },
        From::Remove { object, attribute, target } => To::OnCollection {
            method: "remove",
            object: *object,
            attribute: attribute.clone(),
            target: *target,
        },
        From::Flush(session) => on_session("flush", *session),
        From::Commit(session) => on_session("commit", *session),
        From::Rollback(session) => on_session("rollback", *session),
    }
}

/// The edits as the page takes them.
pub(crate) fn edits(edits: script::Edits) -> view::Edits {
    let edit = |edit: script::Edit| view::TextEdit {
        start: edit.start,
        end: edit.end,
        insert: edit.insert,
    };
    view::Edits { edits: edits.edits.into_iter().map(edit).collect(), line: edits.line }
}
