//! Anonymous names: templates that get their number when they are first printed.
//!
//! A template holds marks `⟨identity base⟩`. Each new identity takes the next number of its base, so
//! that names are numbered in the order in which the text needs them, whatever they name.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::expr::{BindName, ColumnTarget, Expr, Kind, LabelName};
use crate::from::{AliasName, FromClause, ProxyColumn};
use crate::name::Name;
use crate::select::LabelStyle;

/// Opens a mark inside a template; not a character of any text.
pub(crate) const OPEN: char = '\u{FDD2}';
/// Closes it.
pub(crate) const CLOSE: char = '\u{FDD3}';

/// The numbers given out so far.
#[derive(Debug, Default)]
pub(super) struct AnonMap {
    names: FxHashMap<String, Rc<str>>,
    counters: FxHashMap<String, u32>,
    truncated: FxHashMap<String, Rc<str>>,
    truncations: u32,
}

impl AnonMap {
    /// The text of a template.
    pub(super) fn resolve(&mut self, template: &str) -> Rc<str> {
        if !template.contains(OPEN) {
            return template.into();
        }
        let mut out = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once(OPEN) {
            out.push_str(before);
            let Some((mark, tail)) = after.split_once(CLOSE) else { break };
            out.push_str(&self.number(mark));
            rest = tail;
        }
        out.push_str(rest);
        out.into()
    }

    /// The text of a template, cut to what the dialect allows.
    pub(super) fn resolve_within(&mut self, template: &str, limit: usize) -> Rc<str> {
        let full = self.resolve(template);
        if full.chars().count() + 6 <= limit {
            return full;
        }
        if let Some(known) = self.truncated.get(template) {
            return known.clone();
        }
        self.truncations += 1;
        let head: String = full.chars().take(limit.saturating_sub(6)).collect();
        let cut: Rc<str> = format!("{head}_{:x}", self.truncations).into();
        self.truncated.insert(template.to_owned(), cut.clone());
        cut
    }

    fn number(&mut self, mark: &str) -> Rc<str> {
        if let Some(name) = self.names.get(mark) {
            return name.clone();
        }
        let base = mark.split_once(' ').map_or("", |(_, base)| base);
        let counter = self.counters.entry(base.to_owned()).or_insert(1);
        let name: Rc<str> = format!("{base}_{counter}").into();
        *counter += 1;
        self.names.insert(mark.to_owned(), name.clone());
        name
    }
}

/// A template that is one mark.
pub(super) fn mark(identity: &str, base: &str) -> String {
    if base.contains(OPEN) {
        format!("{base}{OPEN}{identity} {CLOSE}")
    } else {
        format!("{OPEN}{identity} {base}{CLOSE}")
    }
}

/// What makes an expression itself: the column it means, or its node.
pub(super) fn identity(expr: &Expr) -> String {
    match expr.kind() {
        Kind::Column(column) => match &column.target {
            ColumnTarget::Schema { column, .. } => format!("{:x}", column.id()),
            ColumnTarget::Proxy { from, index } => format!("{:x}.{index}", from.id()),
            ColumnTarget::Bare { .. } => format!("{:x}", expr.id()),
        },
        _ => format!("{:x}", expr.id()),
    }
}

/// The name of a FROM object, as a template.
pub(super) fn from_name(from: &FromClause) -> Option<Name> {
    let alias = |name: &AliasName| match name {
        AliasName::Named(name) => name.clone(),
        AliasName::Anon(base) => Name::new(mark(&format!("{:x}", from.id()), base)),
    };
    match from {
        FromClause::Table(table) => Some(table.name().clone()),
        FromClause::Clause(clause) => Some(clause.name.clone()),
        FromClause::Alias(inner) => Some(alias(&inner.name)),
        FromClause::Values(values) => values.name.as_ref().map(alias),
        FromClause::Join(_) | FromClause::Text(_) => None,
    }
}

/// The name of a column in SQL, as a template.
pub(super) fn column_name(expr: &Expr) -> Option<Name> {
    let Kind::Column(column) = expr.kind() else { return None };
    match &column.target {
        ColumnTarget::Schema { column, .. } => column.name_opt(),
        ColumnTarget::Proxy { from, index } => from.proxy(*index)?.name,
        ColumnTarget::Bare { name, .. } => Some(name.clone()),
    }
}

fn label_template(expr: &Expr, name: &LabelName) -> Name {
    match name {
        LabelName::Named(name) => Name::new(name.clone()),
        LabelName::Anon(base) => Name::new(mark(&identity(expr), base)),
    }
}

/// The name of a label, as a template.
pub(super) fn label_name(expr: &Expr) -> Option<Name> {
    match expr.kind() {
        Kind::Label(label) => Some(label_template(expr, &label.name)),
        _ => None,
    }
}

/// The name an expression has by itself.
pub(super) fn own_name(expr: &Expr) -> Option<Name> {
    match expr.kind() {
        Kind::Column(_) => column_name(expr),
        Kind::Label(label) => Some(label_template(expr, &label.name)),
        Kind::FromValue(from) => from_name(from),
        Kind::Field(_, name) => Some(name.clone()),
        _ => None,
    }
}

/// `_anon_name_label`: a numbered name made of the expression's own.
pub(super) fn anon_name(expr: &Expr) -> String {
    match expr.kind() {
        Kind::Cast(_, inner)
        | Kind::AsBoolean(_, inner)
        | Kind::AggregateOrderBy(inner, _)
        | Kind::WithinGroup(inner, _)
            if !matches!(inner.kind(), Kind::Text(_)) =>
        {
            match own_name(inner) {
                Some(name) => name.text.to_string(),
                None => anon_name(inner),
            }
        }
        _ => {
            let base = match expr.kind() {
                Kind::Column(_) | Kind::Label(_) => own_name(expr).map(|name| name.text),
                Kind::Function(function) => Some(function.name()),
                Kind::Grouping(inner) => own_name(inner).map(|name| name.text),
                Kind::NextValue(_) => Some("next_value".into()),
                _ => None,
            };
            mark(&identity(expr), base.as_deref().unwrap_or("anon"))
        }
    }
}

/// `_tq_label`: `table_column`, or the name of a label.
pub(super) fn table_label(expr: &Expr) -> Option<Name> {
    match expr.kind() {
        Kind::Column(column) => {
            let name = column_name(expr)?;
            if let ColumnTarget::Bare { literal: true, .. } = column.target {
                return None;
            }
            Some(qualified(column.from_clause().as_ref(), &name))
        }
        Kind::Label(_) => own_name(expr),
        Kind::Cast(_, inner) => table_label(inner),
        _ => None,
    }
}

fn qualified(from: Option<&FromClause>, name: &Name) -> Name {
    let Some(from) = from else { return name.clone() };
    let Some(table) = from_name(from) else { return name.clone() };
    let mut label = match from.as_table().and_then(|t| t.schema()) {
        Some(schema) => format!("{}_{table}_{name}", schema.replace('.', "_")),
        None => format!("{table}_{name}"),
    };
    // A column of that very name in the table would be mistaken for it.
    if let FromClause::Table(table) = from {
        let plain = label.clone();
        let mut counter = 1;
        while table.column(&label).is_some() {
            label = format!("{plain}_{counter}");
            counter += 1;
        }
    }
    Name::quoted(label, name.quote.or(table.quote))
}

fn anon_table(expr: &Expr) -> String {
    let base = table_label(expr);
    mark(&identity(expr), base.as_ref().map_or("anon", |name| &name.text))
}

fn dedupe(expr: &Expr, table: bool, index: u32) -> String {
    let own = if table { None } else { own_name(expr) };
    let base = own.or_else(|| table_label(expr));
    let base = base.as_ref().map_or("anon", |name| &*name.text);
    mark(&format!("{}+{index}", identity(expr)), &format!("{base}_"))
}

/// How one result column is named.
#[derive(Clone, Debug)]
pub(super) struct ColumnName {
    /// The label it must have.
    pub(super) required: Option<Name>,
    /// The label it gets where one is needed.
    pub(super) fallback: Option<Name>,
    /// Whether the same column came before.
    pub(super) repeated: bool,
}

/// Whether labels are considered at all: text and free columns print as they are.
fn takes_label(expr: &Expr) -> bool {
    match expr.kind() {
        Kind::Text(_) => false,
        Kind::Column(column) => column.from_clause().is_some(),
        _ => true,
    }
}

/// `_generate_columns_plus_names`
pub(super) fn columns_plus_names(
    columns: &[Expr],
    style: LabelStyle,
    anon_for_dupe: bool,
) -> Vec<ColumnName> {
    let table = style == LabelStyle::TablenamePlusCol;
    let mut names: Vec<(String, String)> = Vec::new();
    let mut dedupes = 0;
    let mut next = |expr: &Expr| {
        dedupes += 1;
        Name::from(dedupe(expr, table, dedupes))
    };
    let mut out = Vec::with_capacity(columns.len());
    for expr in columns {
        let mut made = ColumnName { required: None, fallback: None, repeated: false };
        if !takes_label(expr) {
            out.push(made);
            continue;
        }
        if style == LabelStyle::None {
            made.fallback = own_name(expr).or_else(|| Some(anon_name(expr).into()));
            out.push(made);
            continue;
        }
        let effective = if table { table_label(expr) } else { own_name(expr) };
        let id = identity(expr);
        match &effective {
            Some(name) => {
                made.required = if table { effective.clone() } else { None };
                made.fallback = effective.clone();
                let known = names.iter().find(|(known, _)| **known == *name.text);
                match known.map(|(_, other)| *other == id) {
                    None => names.push((name.text.to_string(), id)),
                    Some(false) => {
                        let text = if table { anon_table(expr) } else { anon_name(expr) };
                        if anon_for_dupe && names.iter().any(|(known, _)| *known == text) {
                            made.required = Some(next(expr));
                            made.repeated = true;
                        } else {
                            names.push((text.clone(), id));
                            made.required = Some(text.into());
                        }
                        made.fallback = made.required.clone();
                    }
                    Some(true) if anon_for_dupe => {
                        made.required = Some(next(expr));
                        made.fallback = made.required.clone();
                        made.repeated = true;
                    }
                    Some(true) => {}
                }
            }
            None => {
                let text = anon_name(expr);
                made.repeated = names.iter().any(|(known, _)| *known == text);
                if made.repeated {
                    made.fallback = Some(next(expr));
                } else {
                    names.push((text.clone(), id));
                    made.fallback = Some(text.into());
                }
            }
        }
        out.push(made);
    }
    out
}

/// The columns of a subquery over these result columns.
pub(super) fn exported_columns(columns: &[Expr], style: LabelStyle) -> Vec<ProxyColumn> {
    let names = columns_plus_names(columns, style, false);
    let table = style == LabelStyle::TablenamePlusCol;
    let mut keys: Vec<Rc<str>> = Vec::new();
    let mut out = Vec::with_capacity(columns.len());
    for (expr, made) in columns.iter().zip(names) {
        if matches!(expr.kind(), Kind::Text(_)) {
            continue;
        }
        let key = proxy_key(expr, table);
        let key: Rc<str> = match key {
            Some(key) if !keys.contains(&key) => key,
            Some(key) => mark(&identity(expr), &key).into(),
            None => "_no_label".into(),
        };
        keys.push(key.clone());
        let own = own_name(expr).map(|name| match expr.kind() {
            Kind::Label(_) => Name::new(name.text),
            _ => name,
        });
        let name = made.required.or(own).or_else(|| made.fallback.clone());
        out.push(ProxyColumn { name, key, source: Some(expr.clone()), ty: expr.ty() });
    }
    number_keys(&mut out);
    out
}

fn proxy_key(expr: &Expr, table: bool) -> Option<Rc<str>> {
    if table {
        let label = table_label(expr)?;
        return Some(match (expr.kind(), expr.proxy_key()) {
            (Kind::Column(column), Some(key)) if column.name().as_deref() != Some(&*key) => {
                qualified(column.from_clause().as_ref(), &Name::new(key)).text
            }
            _ => label.text,
        });
    }
    match expr.kind() {
        Kind::Function(function) => Some(function.name()),
        Kind::Label(_) => own_name(expr).map(|name| name.text),
        Kind::Bind(bind) => match &bind.name {
            BindName::Named(name) => Some(name.clone()),
            BindName::Anon(_) => None,
        },
        _ => expr.proxy_key(),
    }
}

/// Keys of `.c` are seen by Python, so their numbers are given at once.
fn number_keys(columns: &mut [ProxyColumn]) {
    let mut anon = AnonMap::default();
    for column in columns {
        if column.key.contains(OPEN) {
            column.key = anon.resolve(&column.key);
        }
    }
}
