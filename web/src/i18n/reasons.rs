//! Causes and reasons of a plan, told in a sentence.

use super::{Lang, Text, fill};
use vidro_protocol::{
    Cause, CauseKind, EdgeKind, Notice, NoticeKind, Reason, ReasonKind, RelationshipKind, State,
};

fn told(lang: Lang, pair: [&str; 2], arguments: &[String]) -> String {
    let text = match lang {
        Lang::En => pair[0],
        Lang::Pt => pair[1],
    };
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    fill(text, &arguments)
}

/// Why a step is in the plan.
pub(crate) fn cause(lang: Lang, cause: &Cause) -> String {
    let pair = match cause.kind {
        CauseKind::Added => ["session.add({0})", "session.add({0})"],
        CauseKind::CascadeSaveUpdate => {
            ["cascade save-update along {0}", "cascata save-update por {0}"]
        }
        CauseKind::AttributeChanged => ["{0} changed: {1} → {2}", "{0} mudou: {1} → {2}"],
        CauseKind::CollectionAppended => ["put into {0}", "posto em {0}"],
        CauseKind::CollectionRemoved => ["taken out of {0}", "retirado de {0}"],
        CauseKind::Deleted => ["session.delete({0})", "session.delete({0})"],
        CauseKind::CascadeDelete => ["cascade delete along {0}", "cascata delete por {0}"],
        CauseKind::Orphan => ["orphan: lost its parent in {0}", "órfão: perdeu o pai em {0}"],
        CauseKind::KeyCopied => ["{0} follows the key of {1}", "{0} segue a chave de {1}"],
        CauseKind::KeyCleared => ["{0} is cleared, {1} goes", "{0} é esvaziada, {1} sai"],
        CauseKind::Merged => ["session.merge({0})", "session.merge({0})"],
    };
    told(lang, pair, &cause.arguments)
}

/// Why one step comes before another.
pub(crate) fn reason(lang: Lang, reason: &Reason) -> String {
    let pair = match reason.kind {
        ReasonKind::KeyCopied => {
            ["its new {1} is copied into {0}", "seu novo {1} é copiado para {0}"]
        }
        ReasonKind::ParentFirst => {
            ["the parent row comes first ({0})", "a linha do pai vem primeiro ({0})"]
        }
        ReasonKind::ChildFirst => [
            "rows that refer to it go first ({0})",
            "as linhas que se referem a ela saem antes ({0})",
        ],
        ReasonKind::KeyClearedFirst => [
            "{0} is cleared before the row it points to goes",
            "{0} é esvaziada antes de sair a linha apontada",
        ],
        ReasonKind::RowsBeforePair => {
            ["a pair in {0} needs both rows", "um par em {0} precisa das duas linhas"]
        }
        ReasonKind::PairBeforeRows => {
            ["the pair in {0} goes before its rows", "o par em {0} sai antes das linhas"]
        }
        ReasonKind::BaseTableFirst => ["the row in {0} comes first", "a linha em {0} vem primeiro"],
        ReasonKind::PostUpdate => [
            "a cycle is cut: {0} is filled in afterwards",
            "um ciclo é cortado: {0} é preenchida depois",
        ],
        ReasonKind::RowSwitch => [
            "a new object takes over the row of a deleted one",
            "um objeto novo assume a linha de um excluído",
        ],
        ReasonKind::SavesBeforeDeletes => {
            ["rows are saved before rows are deleted", "linhas são salvas antes de exclusões"]
        }
        ReasonKind::MapperOrder => ["{0} is mapped before {1}", "{0} é mapeada antes de {1}"],
        ReasonKind::AddOrder => {
            ["new rows go in the order of add()", "linhas novas seguem a ordem dos add()"]
        }
        ReasonKind::PrimaryKeyOrder => [
            "existing rows go in the order of their primary keys",
            "linhas existentes seguem a ordem da chave primária",
        ],
        ReasonKind::TableOrder => {
            ["tables go in the order of the schema", "tabelas seguem a ordem do esquema"]
        }
    };
    told(lang, pair, &reason.arguments)
}

/// What a notice says.
pub(crate) fn notice(lang: Lang, notice: &Notice) -> String {
    let text = match notice.kind {
        NoticeKind::KeptInMemory => Text::NoticeMemory,
        NoticeKind::EventsCut => Text::NoticeEvents,
        NoticeKind::OutputCut => Text::NoticeOutput,
        NoticeKind::Text => return notice.arguments.join(" "),
    };
    let arguments: Vec<&str> = notice.arguments.iter().map(String::as_str).collect();
    fill(text.in_language(lang), &arguments)
}

/// The name of a state.
pub(crate) fn state_name(state: State) -> Text {
    match state {
        State::Transient => Text::Transient,
        State::Pending => Text::Pending,
        State::Persistent => Text::Persistent,
        State::Deleted => Text::Deleted,
        State::Detached => Text::Detached,
    }
}

/// The name of an edge's kind.
pub(crate) fn kind_name(kind: EdgeKind) -> Text {
    match kind {
        EdgeKind::Must => Text::Must,
        EdgeKind::KeyCopy => Text::KeyCopy,
        EdgeKind::TieBreak => Text::TieBreak,
    }
}

/// The name of a relationship's kind.
pub(crate) fn relationship_kind(kind: RelationshipKind) -> Text {
    match kind {
        RelationshipKind::OneToMany => Text::OneToMany,
        RelationshipKind::ManyToOne => Text::ManyToOne,
        RelationshipKind::OneToOne => Text::OneToOne,
        RelationshipKind::ManyToMany => Text::ManyToMany,
    }
}
