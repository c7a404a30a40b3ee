//! Classes, columns and relationships written in the spelling the script already uses.

use vidro_python::outline::{ClassOutline, Import, Member};

use super::{ClassDraft, ColumnDraft, Edit, Edits, RelationshipDraft, RelationshipKind, Text};

/// How a script declares attributes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spelling {
    /// `id = Column(Integer, primary_key=True)`
    Column,
    /// `id: Mapped[int] = mapped_column(primary_key=True)`
    Mapped,
}

/// Edits under way: insertions and the names they need imported.
struct Draft<'a, 'b> {
    text: &'a Text<'b>,
    spelling: Spelling,
    edits: Vec<Edit>,
    /// Names of `sqlalchemy`.
    core: Vec<String>,
    /// Names of `sqlalchemy.orm`.
    orm: Vec<String>,
}

impl<'a, 'b> Draft<'a, 'b> {
    fn new(text: &'a Text<'b>) -> Self {
        let calls = text.outline.classes.iter().flat_map(|class| &class.body);
        let uses = |name: &str| {
            calls
                .clone()
                .any(|m| m.call.as_ref().is_some_and(|call| last_part(&call.function) == name))
        };
        let spelling = if uses("Column") && !uses("mapped_column") {
            Spelling::Column
        } else {
            Spelling::Mapped
        };
        Self { text, spelling, edits: Vec::new(), core: Vec::new(), orm: Vec::new() }
    }

    fn insert(&mut self, at: u32, text: String) {
        self.edits.push(Edit { start: at, end: at, insert: text });
    }

    fn replace(&mut self, start: u32, end: u32, text: String) {
        self.edits.push(Edit { start, end, insert: text });
    }

    fn needs_core(&mut self, name: &str) {
        if !self.core.iter().any(|known| known == name) {
            self.core.push(name.to_owned());
        }
    }

    fn needs_orm(&mut self, name: &str) {
        if !self.orm.iter().any(|known| known == name) {
            self.orm.push(name.to_owned());
        }
    }

    fn class(&self, name: &str) -> Result<&'a ClassOutline, String> {
        let found = self.text.outline.classes.iter().rev().find(|class| class.name == name);
        found.ok_or_else(|| format!("the script has no class {name} at its top level"))
    }

    /// One line of a class body that declares a column.
    fn column(&mut self, column: &ColumnDraft) -> Result<String, String> {
        Text::check_name(&column.name, "attribute name")?;
        let type_name = if column.type_name.is_empty() { "String" } else { &column.type_name };
        let base = type_name.split('(').next().unwrap_or(type_name).trim().to_owned();
        Text::check_name(&base, "type")?;
        let mut options = Vec::new();
        if let Some(target) = &column.foreign_key {
            self.needs_core("ForeignKey");
            options.push(format!("ForeignKey({})", quoted(target)));
        }
        if column.primary_key {
            options.push("primary_key=True".into());
        }
        if column.unique {
            options.push("unique=True".into());
        }
        match self.spelling {
            Spelling::Column => {
                self.needs_core("Column");
                self.needs_core(&base);
                if !column.nullable && !column.primary_key {
                    options.push("nullable=False".into());
                }
                options.insert(0, type_name.to_owned());
                Ok(format!("{} = Column({})", column.name, options.join(", ")))
            }
            Spelling::Mapped => {
                self.needs_orm("Mapped");
                let python = python_type(&base);
                let plain = python.is_some() && !type_name.contains('(');
                if !plain {
                    self.needs_core(&base);
                    options.insert(0, type_name.to_owned());
                }
                let mut inner = python.unwrap_or("str").to_owned();
                if column.nullable && !column.primary_key {
                    inner.push_str(" | None");
                }
                let start = format!("{}: Mapped[{inner}]", column.name);
                if options.is_empty() {
                    return Ok(start);
                }
                self.needs_orm("mapped_column");
                Ok(format!("{start} = mapped_column({})", options.join(", ")))
            }
        }
    }

    /// One line that declares a relationship.
    fn relationship(&mut self, side: &Side<'_>) -> String {
        self.needs_orm("relationship");
        let mut options = Vec::new();
        let target = quoted(side.target);
        if self.spelling == Spelling::Column {
            options.push(target.clone());
        }
        if let Some(table) = side.secondary {
            options.push(format!("secondary={table}"));
        }
        if side.scalar_collection && self.spelling == Spelling::Column {
            options.push("uselist=False".into());
        }
        if let Some(back) = side.back {
            options.push(format!("back_populates={}", quoted(back)));
        }
        let call = format!("relationship({})", options.join(", "));
        match self.spelling {
            Spelling::Column => format!("{} = {call}", side.name),
            Spelling::Mapped => {
                self.needs_orm("Mapped");
                let inner = if side.many { format!("list[{target}]") } else { target };
                format!("{}: Mapped[{inner}] = {call}", side.name)
            }
        }
    }

    /// Adds lines to the end of the declarations of a class.
    fn add_to(&mut self, class: &ClassOutline, lines: &[String]) {
        let last = class.body.iter().rev().find(|member| !member.is_definition);
        let (indent, at) = match last.or(class.body.first()) {
            Some(member) => (self.indent(member), member.span.end),
            None => ("    ".into(), class.span.end),
        };
        let only_pass = class.body.len() == 1
            && class
                .body
                .first()
                .is_some_and(|m| self.text.slice(m.span.start, m.span.end) == "pass");
        let text: String = lines.iter().map(|line| format!("\n{indent}{line}")).collect();
        match class.body.first().filter(|_| only_pass) {
            Some(pass) => {
                let text = text.trim_start().to_owned();
                self.replace(pass.span.start, pass.span.end, text);
            }
            None => self.insert(at, text),
        }
    }

    /// The white space before a statement.
    fn indent(&self, member: &Member) -> String {
        let before = self.text.slice(0, member.span.start);
        let line = before.rsplit('\n').next().unwrap_or_default();
        if line.trim().is_empty() { line.to_owned() } else { "    ".into() }
    }

    /// Adds what is missing to the imports and sorts the edits.
    fn finish(mut self) -> Edits {
        let (core, orm) = (std::mem::take(&mut self.core), std::mem::take(&mut self.orm));
        self.import("sqlalchemy", &core);
        self.import("sqlalchemy.orm", &orm);
        self.edits.sort_by_key(|edit| edit.start);
        Edits { edits: self.edits, line: None }
    }

    fn import(&mut self, module: &str, names: &[String]) {
        let imports = &self.text.outline.imports;
        let has = |name: &String| {
            imports
                .iter()
                .any(|import| import.names.iter().any(|(known, _)| known == name || known == "*"))
        };
        let missing: Vec<&str> =
            names.iter().filter(|name| !has(name)).map(String::as_str).collect();
        if missing.is_empty() {
            return;
        }
        let own = imports.iter().find(|import| import.module == module);
        match own.and_then(|import: &Import| import.names.last()) {
            Some((_, end)) => self.insert(*end, format!(", {}", missing.join(", "))),
            None => {
                let line = format!("from {module} import {}\n", missing.join(", "));
                self.insert(imports.first().map_or(0, |import| import.span.start), line);
            }
        }
    }
}

/// One side of a relationship.
struct Side<'a> {
    name: &'a str,
    target: &'a str,
    back: Option<&'a str>,
    many: bool,
    /// A collection by direction that is used as a single object.
    scalar_collection: bool,
    secondary: Option<&'a str>,
}

pub(super) fn declare_class(text: &Text<'_>, draft: &ClassDraft) -> Result<Edits, String> {
    Text::check_name(&draft.class, "class name")?;
    if text.outline.classes.iter().any(|class| class.name == draft.class) {
        return Err(format!("the script has a class {} already", draft.class));
    }
    let mut edit = Draft::new(text);
    let table = if draft.table.is_empty() { snake(&draft.class) } else { draft.table.clone() };
    let mut lines = vec![format!("__tablename__ = {}", quoted(&table)), String::new()];
    let mut columns = draft.columns.clone();
    if !columns.iter().any(|column| column.primary_key) {
        let id = ColumnDraft {
            name: "id".into(),
            type_name: "Integer".into(),
            primary_key: true,
            ..ColumnDraft::default()
        };
        columns.insert(0, id);
    }
    for column in &columns {
        let line = edit.column(column)?;
        lines.push(line);
    }
    let mut class = String::new();
    let base = match base_class(text) {
        Some(base) => base,
        None => {
            edit.needs_orm("DeclarativeBase");
            class.push_str("class Base(DeclarativeBase):\n    pass\n\n\n");
            "Base".into()
        }
    };
    class.push_str(&format!("class {}({base}):\n", draft.class));
    for line in &lines {
        let indent = if line.is_empty() { "" } else { "    " };
        class.push_str(&format!("{indent}{line}\n"));
    }
    // After the last class or, without any, after the imports.
    let after = text.outline.classes.last().map(|class| class.span.end);
    match after.or(text.outline.imports.last().map(|import| import.span.end)) {
        Some(end) => edit.insert(end, format!("\n\n\n{}", class.trim_end())),
        None => edit.insert(0, format!("{class}\n")),
    }
    Ok(edit.finish())
}

pub(super) fn add_column(
    text: &Text<'_>,
    class: &str,
    column: &ColumnDraft,
) -> Result<Edits, String> {
    let mut edit = Draft::new(text);
    let found = edit.class(class)?;
    check_free(found, &column.name)?;
    let line = edit.column(column)?;
    edit.add_to(found, &[line]);
    Ok(edit.finish())
}

pub(super) fn add_relationship(
    text: &Text<'_>,
    draft: &RelationshipDraft,
) -> Result<Edits, String> {
    Text::check_name(&draft.name, "attribute name")?;
    let mut edit = Draft::new(text);
    let (class, target) = (edit.class(&draft.class)?, edit.class(&draft.target)?);
    check_free(class, &draft.name)?;
    if let Some(back) = &draft.back_populates {
        Text::check_name(back, "attribute name")?;
        check_free(target, back)?;
    }
    let back = draft.back_populates.as_deref();
    let secondary = (draft.kind == RelationshipKind::ManyToMany)
        .then(|| format!("{}_{}", table_of(class), table_of(target)));
    let mut own_lines = Vec::new();
    let mut other_lines = Vec::new();
    match draft.kind {
        RelationshipKind::OneToMany | RelationshipKind::OneToOne => {
            other_lines.extend(foreign_key(&mut edit, target, class)?);
        }
        RelationshipKind::ManyToOne => own_lines.extend(foreign_key(&mut edit, class, target)?),
        RelationshipKind::ManyToMany => {}
    }
    let one_to_one = draft.kind == RelationshipKind::OneToOne;
    let own = Side {
        name: &draft.name,
        target: &draft.target,
        back,
        many: matches!(draft.kind, RelationshipKind::OneToMany | RelationshipKind::ManyToMany),
        scalar_collection: one_to_one,
        secondary: secondary.as_deref(),
    };
    own_lines.push(edit.relationship(&own));
    if let Some(back) = back {
        let other = Side {
            name: back,
            target: &draft.class,
            back: Some(&draft.name),
            many: matches!(draft.kind, RelationshipKind::ManyToOne | RelationshipKind::ManyToMany),
            scalar_collection: false,
            secondary: secondary.as_deref(),
        };
        other_lines.push(edit.relationship(&other));
    }
    if class.name == target.name {
        own_lines.append(&mut other_lines);
    }
    edit.add_to(class, &own_lines);
    if !other_lines.is_empty() {
        edit.add_to(target, &other_lines);
    }
    if let Some(table) = &secondary {
        association(&mut edit, table, class, target);
    }
    Ok(edit.finish())
}

/// The foreign key column that a relationship needs, unless there is one.
fn foreign_key(
    edit: &mut Draft<'_, '_>,
    owner: &ClassOutline,
    target: &ClassOutline,
) -> Result<Vec<String>, String> {
    let table = table_of(target);
    let reference = format!("{table}.id");
    let has = owner.body.iter().any(|member| {
        let text = edit.text.slice(member.span.start, member.span.end);
        text.contains("ForeignKey") && text.contains(&format!("{table}."))
    });
    if has {
        return Ok(Vec::new());
    }
    let column = ColumnDraft {
        name: format!("{}_id", snake(&target.name)),
        type_name: "Integer".into(),
        nullable: true,
        foreign_key: Some(reference),
        ..ColumnDraft::default()
    };
    edit.column(&column).map(|line| vec![line])
}

/// The table of pairs, before the class that names it first.
fn association(edit: &mut Draft<'_, '_>, name: &str, one: &ClassOutline, other: &ClassOutline) {
    for needed in ["Table", "Column", "ForeignKey"] {
        edit.needs_core(needed);
    }
    let base = base_class(edit.text).unwrap_or_else(|| "Base".into());
    let column = |class: &ClassOutline| {
        let reference = quoted(&format!("{}.id", table_of(class)));
        format!(
            "    Column(\"{}_id\", ForeignKey({reference}), primary_key=True),\n",
            snake(&class.name)
        )
    };
    let table = format!(
        "{name} = Table(\n    {},\n    {base}.metadata,\n{}{})\n\n\n",
        quoted(name),
        column(one),
        column(other)
    );
    let at = one.span.start.min(other.span.start);
    edit.insert(at, table);
}

pub(super) fn set_cascade(
    text: &Text<'_>,
    class: &str,
    relationship: &str,
    cascade: &[String],
) -> Result<Edits, String> {
    let mut edit = Draft::new(text);
    let found = edit.class(class)?;
    let member = found.body.iter().find(|member| member.name.as_deref() == Some(relationship));
    let Some(call) = member.and_then(|member| member.call.as_ref()) else {
        return Err(format!(
            "{class}.{relationship} is not declared with relationship() in its class"
        ));
    };
    let value = quoted(&shortest(cascade));
    match call.keywords.iter().find(|(name, ..)| name == "cascade") {
        Some((_, _, old)) => edit.replace(old.start, old.end, value),
        None => {
            let comma = if call.count == 0 { "" } else { ", " };
            let end = call.arguments.end.saturating_sub(1);
            let inside = text.slice(call.arguments.start, end);
            let comma = if inside.trim_end().ends_with(',') { " " } else { comma };
            edit.insert(end, format!("{comma}cascade={value}"));
        }
    }
    Ok(edit.finish())
}

/// Cascades as people write them: `all` for the five that it means.
fn shortest(cascade: &[String]) -> String {
    const ALL: [&str; 5] = ["save-update", "merge", "refresh-expire", "expunge", "delete"];
    let has = |name: &str| cascade.iter().any(|known| known == name);
    let mut words: Vec<&str> = Vec::new();
    if ALL.iter().all(|name| has(name)) {
        words.push("all");
        words.extend(cascade.iter().map(String::as_str).filter(|name| !ALL.contains(name)));
    } else {
        words.extend(cascade.iter().map(String::as_str));
    }
    words.join(", ")
}

fn check_free(class: &ClassOutline, name: &str) -> Result<(), String> {
    if class.body.iter().any(|member| member.name.as_deref() == Some(name)) {
        return Err(format!("{} has an attribute {name} already", class.name));
    }
    Ok(())
}

/// The base that the script's classes have, by name.
fn base_class(text: &Text<'_>) -> Option<String> {
    let classes = &text.outline.classes;
    let mapped = |class: &&ClassOutline| {
        class.body.iter().any(|member| member.name.as_deref() == Some("__tablename__"))
    };
    let of_mapped = classes.iter().find(mapped).and_then(|class| class.bases.first().cloned());
    let declared = classes
        .iter()
        .find(|class| class.bases.iter().any(|base| last_part(base) == "DeclarativeBase"));
    of_mapped.or(declared.map(|class| class.name.clone()))
}

/// The table of a class: its `__tablename__`, or its name in small letters.
fn table_of(class: &ClassOutline) -> String {
    let named = class.body.iter().find(|member| member.name.as_deref() == Some("__tablename__"));
    named.and_then(|member| member.text.clone()).unwrap_or_else(|| snake(&class.name))
}

fn last_part(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// `BlogPost` as `blog_post`.
fn snake(name: &str) -> String {
    let mut out = String::new();
    for (at, letter) in name.chars().enumerate() {
        if letter.is_uppercase() && at > 0 {
            out.push('_');
        }
        out.extend(letter.to_lowercase());
    }
    out
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The Python type whose default SQL type is this one.
fn python_type(sql: &str) -> Option<&'static str> {
    Some(match sql {
        "Integer" | "BigInteger" | "SmallInteger" => "int",
        "String" | "Text" | "Unicode" | "UnicodeText" => "str",
        "Boolean" => "bool",
        "Float" | "Double" => "float",
        "LargeBinary" => "bytes",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use vidro_python::outline::outline;

    use super::*;

    const SHOP: &str = "from sqlalchemy import ForeignKey\nfrom sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column\n\nclass Base(DeclarativeBase):\n    pass\n\nclass User(Base):\n    __tablename__ = \"users\"\n    id: Mapped[int] = mapped_column(primary_key=True)\n\nclass Post(Base):\n    __tablename__ = \"posts\"\n    id: Mapped[int] = mapped_column(primary_key=True)\n";

    fn applied(source: &str, edits: &Edits) -> String {
        let mut out = String::new();
        let mut at = 0;
        for edit in &edits.edits {
            let (start, end) = (edit.start as usize, edit.end as usize);
            out.push_str(&source[at..start]);
            out.push_str(&edit.insert);
            at = end;
        }
        out.push_str(&source[at..]);
        out
    }

    fn text(source: &str) -> Text<'_> {
        Text { source, outline: outline(source).unwrap_or_default() }
    }

    #[test]
    fn a_column_is_added_in_the_spelling_of_the_file() {
        let column = ColumnDraft {
            name: "title".into(),
            type_name: "String(50)".into(),
            nullable: true,
            ..ColumnDraft::default()
        };
        let check = |source: &str, class: &str, expect: &str| {
            let edits = add_column(&text(source), class, &column).unwrap_or_default();
            let after = applied(source, &edits);
            assert!(after.contains(expect), "{after}");
            assert!(outline(&after).is_some(), "{after}");
        };
        check(SHOP, "Post", "    title: Mapped[str | None] = mapped_column(String(50))\n");
        check(SHOP, "Post", "from sqlalchemy import ForeignKey, String\n");
        let old = "from sqlalchemy import Column, Integer\nclass A(Base):\n    id = Column(Integer, primary_key=True)\n\n    def f(self):\n        pass\n";
        check(
            old,
            "A",
            "    id = Column(Integer, primary_key=True)\n    title = Column(String(50))\n",
        );
    }

    #[test]
    fn a_relationship_gets_its_key_and_its_other_side() {
        let draft = RelationshipDraft {
            class: "User".into(),
            name: "posts".into(),
            target: "Post".into(),
            kind: RelationshipKind::OneToMany,
            back_populates: Some("author".into()),
        };
        let edits = add_relationship(&text(SHOP), &draft).unwrap_or_default();
        let after = applied(SHOP, &edits);
        for line in [
            "    posts: Mapped[list[\"Post\"]] = relationship(back_populates=\"author\")\n",
            "    user_id: Mapped[int | None] = mapped_column(ForeignKey(\"users.id\"))\n",
            "    author: Mapped[\"User\"] = relationship(back_populates=\"posts\")\n",
            "mapped_column, relationship\n",
        ] {
            assert!(after.contains(line), "{line} in {after}");
        }
    }

    #[test]
    fn a_class_is_declared_after_the_last() {
        let draft = ClassDraft { class: "BlogTag".into(), ..ClassDraft::default() };
        let edits = declare_class(&text(SHOP), &draft).unwrap_or_default();
        let after = applied(SHOP, &edits);
        assert!(after.contains("class BlogTag(Base):\n    __tablename__ = \"blog_tag\"\n\n    id: Mapped[int] = mapped_column(primary_key=True)"), "{after}");
        assert!(declare_class(&text(SHOP), &ClassDraft { class: "Post".into(), ..draft }).is_err());
    }

    #[test]
    fn cascades_are_set_in_place() {
        let source = "class A(Base):\n    xs = relationship(\"X\")\n    ys = relationship(\"Y\", cascade=\"all\")\n";
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let check = |name: &str, cascade: &str, expect: &str| {
            let edits = set_cascade(&text(source), "A", name, &words(cascade)).unwrap_or_default();
            assert!(applied(source, &edits).contains(expect));
        };
        let all = "save-update merge refresh-expire expunge delete";
        check(
            "xs",
            &format!("{all} delete-orphan"),
            "relationship(\"X\", cascade=\"all, delete-orphan\")",
        );
        check("ys", "save-update merge", "relationship(\"Y\", cascade=\"save-update, merge\")");
    }
}
