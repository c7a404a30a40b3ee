//! The forms that declare classes, columns, relationships and objects by writing them into the script.

use super::menu::heading;
use crate::i18n::{Text, relationship_kind};
use crate::store::Store;
use leptos::prelude::*;
use vidro_protocol::{
    CardGesture, ClassDraft, ColumnDraft, Gesture, RelationshipDraft, RelationshipKind,
};
use wasm_bindgen::JsCast;
use web_sys::{FormData, HtmlFormElement, SubmitEvent};

/// The types a form offers, as SQLAlchemy spells them.
const TYPES: &[&str] = &[
    "String(50)",
    "Text",
    "Integer",
    "Float",
    "Numeric(10, 2)",
    "Boolean",
    "Date",
    "DateTime",
    "LargeBinary",
];
/// Column rows in the form for a class.
const ROWS: usize = 4;
const KINDS: [RelationshipKind; 4] = [
    RelationshipKind::OneToMany,
    RelationshipKind::ManyToOne,
    RelationshipKind::OneToOne,
    RelationshipKind::ManyToMany,
];

/// The fields of a submitted form, by name, trimmed; keeps the browser from leaving the page.
pub(crate) fn fields(event: &SubmitEvent) -> impl Fn(&str) -> String + use<> {
    event.prevent_default();
    let form = event.target().and_then(|target| target.dyn_into::<HtmlFormElement>().ok());
    let data = form.and_then(|form| FormData::new_with_form(&form).ok());
    move |name| {
        let value = data.as_ref().and_then(|data| data.get(name).as_string());
        value.unwrap_or_default().trim().to_owned()
    }
}

/// An option whose value is its text.
pub(crate) fn option(text: &str) -> AnyView {
    view! { <option value=text.to_owned()>{text.to_owned()}</option> }.into_any()
}

/// What a reader typed as Python source: text columns get quotes when they have none.
pub(crate) fn python_value(typed: &str, type_name: &str) -> String {
    if typed.is_empty() {
        return "None".to_owned();
    }
    let upper = type_name.to_ascii_uppercase();
    let textual = ["VARCHAR", "CHAR", "TEXT", "STRING", "CLOB", "ENUM"]
        .iter()
        .any(|name| upper.contains(name));
    let quoted = typed.starts_with(['"', '\'']) || typed == "None";
    if !textual || quoted {
        return typed.to_owned();
    }
    format!("\"{}\"", typed.replace('\\', "\\\\").replace('"', "\\\""))
}

fn input(label: String, name: &'static str, required: bool) -> AnyView {
    view! { <label>{label}<input name=name autocomplete="off" spellcheck="false" required=required autofocus=required /></label> }.into_any()
}

fn check(label: &'static str, name: String) -> AnyView {
    view! { <label class="check"><input type="checkbox" name=name />{label}</label> }.into_any()
}

fn types(store: Store, name: String) -> AnyView {
    let label = store.t(Text::Type);
    view! { <select name=name aria-label=label>{TYPES.iter().map(|name| option(name)).collect_view()}</select> }.into_any()
}

fn buttons(store: Store) -> AnyView {
    view! { <footer class="form-end"><button type="submit" class="primary">{store.t(Text::WriteIt)}</button></footer> }.into_any()
}

/// The form for a new class.
pub(crate) fn new_class(store: Store) -> AnyView {
    let submit = move |event: SubmitEvent| {
        let fields = fields(&event);
        let class = fields("class");
        let table = Some(fields("table"))
            .filter(|table| !table.is_empty())
            .unwrap_or_else(|| class.to_lowercase());
        let columns = (0..ROWS).map(|row| ColumnDraft {
            name: fields(&format!("name{row}")),
            type_name: fields(&format!("type{row}")),
            nullable: fields(&format!("nullable{row}")) == "on",
            ..ColumnDraft::default()
        });
        let columns = columns.filter(|column| !column.name.is_empty()).collect();
        store.gesture(Gesture::DeclareClass(ClassDraft { class, table, columns }));
    };
    let rows = (0..ROWS).map(|row| {
        let label = format!("{} {}", store.t(Text::ColumnName), row + 1);
        view! {
            <div class="line">
                <input name=format!("name{row}") aria-label=label.clone() placeholder=label autocomplete="off" spellcheck="false" />
                {types(store, format!("type{row}"))}
                {check(store.t(Text::Nullable), format!("nullable{row}"))}
            </div>
        }
    });
    view! {
        <form class="form" on:submit=submit>
            {heading(store, store.t(Text::NewClass).to_owned())}
            <div class="line">
                {input(store.t(Text::ClassName).to_owned(), "class", true)}
                {input(store.t(Text::TableName).to_owned(), "table", false)}
            </div>
            <p class="note"><code>"id"</code>" "{store.t(Text::PrimaryKey)}</p>
            {rows.collect_view()}
            {buttons(store)}
        </form>
    }
    .into_any()
}

/// The form for a new column.
pub(crate) fn new_column(store: Store, class: String) -> AnyView {
    let keys = store.now.with_untracked(|now| {
        let models = now.models.iter().flat_map(|model| {
            let keys = model.columns.iter().filter(|column| column.primary_key);
            keys.map(|column| option(&format!("{}.{}", model.table, column.name)))
                .collect::<Vec<_>>()
        });
        models.collect_view()
    });
    let title = format!("{}: {}", class, store.t(Text::NewColumn));
    let submit = move |event: SubmitEvent| {
        let fields = fields(&event);
        let column = ColumnDraft {
            name: fields("name"),
            type_name: fields("type"),
            nullable: fields("nullable") == "on",
            unique: fields("unique") == "on",
            foreign_key: Some(fields("key")).filter(|key| !key.is_empty()),
            primary_key: false,
        };
        store.gesture(Gesture::AddColumn { class: class.clone(), column });
    };
    view! {
        <form class="form" on:submit=submit>
            {heading(store, title)}
            {input(store.t(Text::ColumnName).to_owned(), "name", true)}
            <label>{store.t(Text::Type)}{types(store, "type".to_owned())}</label>
            <label>
                {store.t(Text::ForeignKey)}
                <select name="key"><option value="">{store.t(Text::NoForeignKey)}</option>{keys}</select>
            </label>
            {check(store.t(Text::Nullable), "nullable".to_owned())}
            {check(store.t(Text::Unique), "unique".to_owned())}
            {buttons(store)}
        </form>
    }
    .into_any()
}

/// The form for a new relationship.
pub(crate) fn new_relationship(store: Store, class: String) -> AnyView {
    let classes = store
        .now
        .with_untracked(|now| now.models.iter().map(|model| option(&model.class)).collect_view());
    let kinds = KINDS.iter().enumerate().map(|(at, kind)| {
        view! { <option value=at.to_string()>{store.t(relationship_kind(*kind))}</option> }
    });
    let title = format!("{}: {}", class, store.t(Text::NewRelationship));
    let submit = move |event: SubmitEvent| {
        let fields = fields(&event);
        let kind = fields("kind")
            .parse::<usize>()
            .ok()
            .and_then(|at| KINDS.get(at))
            .copied()
            .unwrap_or_default();
        store.gesture(Gesture::AddRelationship(RelationshipDraft {
            class: class.clone(),
            name: fields("name"),
            target: fields("target"),
            kind,
            back_populates: Some(fields("other")).filter(|other| !other.is_empty()),
        }));
    };
    view! {
        <form class="form" on:submit=submit>
            {heading(store, title)}
            {input(store.t(Text::ColumnName).to_owned(), "name", true)}
            <label>{store.t(Text::Kind)}<select name="kind">{kinds.collect_view()}</select></label>
            <label>{store.t(Text::Target)}<select name="target">{classes}</select></label>
            {input(store.t(Text::OtherName).to_owned(), "other", false)}
            {buttons(store)}
        </form>
    }
    .into_any()
}

/// The form for a new object.
pub(crate) fn new_object(store: Store) -> AnyView {
    let classes: Vec<String> = store
        .now
        .with_untracked(|now| now.models.iter().map(|model| model.class.clone()).collect());
    let class = RwSignal::new(classes.first().cloned().unwrap_or_default());
    let columns = move || -> Vec<(String, String)> {
        store.now.with_untracked(|now| {
            let model = class.with(|class| now.model(class).cloned()).unwrap_or_default();
            let plain = model.columns.into_iter().filter(|column| !column.primary_key);
            plain.map(|column| (column.attribute, column.type_name)).collect()
        })
    };
    let inputs = move || {
        columns().into_iter().map(|(name, type_name)| {
            view! { <label><code>{name.clone()}</code><input name=format!("a-{name}") placeholder=type_name autocomplete="off" /></label> }
        }).collect_view()
    };
    let submit = move |event: SubmitEvent| {
        let fields = fields(&event);
        let values = columns().into_iter().filter_map(|(name, type_name)| {
            let typed = fields(&format!("a-{name}"));
            (!typed.is_empty()).then(|| (name, python_value(&typed, &type_name)))
        });
        let values = values.collect();
        store.card_gesture(CardGesture::New {
            class: class.get_untracked(),
            variable: fields("variable"),
            values,
        });
    };
    let options = classes.iter().map(|name| option(name)).collect_view();
    view! {
        <form class="form" on:submit=submit>
            {heading(store, store.t(Text::NewObject).to_owned())}
            <div class="line">
                <label>
                    {store.t(Text::ClassName)}
                    <select on:change=move |event| class.set(event_target_value(&event))>{options}</select>
                </label>
                {input(store.t(Text::Variable).to_owned(), "variable", false)}
            </div>
            {inputs}
            {buttons(store)}
        </form>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_text_becomes_python() {
        let check = |typed: &str, type_name: &str, expect: &str| {
            assert_eq!(python_value(typed, type_name), expect);
        };
        check("", "VARCHAR", "None");
        check("Ana", "VARCHAR(50)", "\"Ana\"");
        check("a\"b\\", "TEXT", "\"a\\\"b\\\\\"");
        check("'Ana'", "VARCHAR", "'Ana'");
        check("None", "VARCHAR", "None");
        check("12", "INTEGER", "12");
        check("ana.name", "INTEGER", "ana.name");
    }
}
