//! The shape of a source text for tools that edit it: imports, classes, what their bodies declare.

use ruff_python_ast::{Expr, Stmt};
use ruff_text_size::{Ranged, TextRange};

use crate::diagnostic::Span;

/// A source text's statements at the top level, as far as tools want to know them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outline {
    /// `from module import …`, in order.
    pub imports: Vec<Import>,
    /// Classes, in order.
    pub classes: Vec<ClassOutline>,
    /// Every statement, in order.
    pub statements: Vec<Span>,
    /// Names assigned at the top level, in order of first assignment.
    pub names: Vec<String>,
}

/// `from module import a, b as c`
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Import {
    /// The module.
    pub module: String,
    /// The names the script has for what it imports, and the byte after each in the text.
    pub names: Vec<(String, u32)>,
    /// The whole statement.
    pub span: Span,
}

/// A class statement.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClassOutline {
    /// Its name.
    pub name: String,
    /// The source text of its bases.
    pub bases: Vec<String>,
    /// The whole statement.
    pub span: Span,
    /// Statements of the body.
    pub body: Vec<Member>,
}

/// A statement of a class body.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Member {
    /// The name it declares, if it is an assignment or annotation.
    pub name: Option<String>,
    /// The whole statement.
    pub span: Span,
    /// The annotation.
    pub annotation: Option<Span>,
    /// The value, when it is a call.
    pub call: Option<Call>,
    /// The text of a string that is the value.
    pub text: Option<String>,
    /// Whether it is a `def` or another class.
    pub is_definition: bool,
}

/// A call in a class body: `relationship("Post", cascade="all")`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Call {
    /// The source text of what is called.
    pub function: String,
    /// The parentheses with everything between them.
    pub arguments: Span,
    /// How many arguments there are.
    pub count: usize,
    /// Keyword arguments: name, the whole `name=value`, the value.
    pub keywords: Vec<(String, Span, Span)>,
}

/// The outline of a source text; none when it does not parse.
pub fn outline(text: &str) -> Option<Outline> {
    let parsed = crate::compile::parse_program(text)?;
    let mut outline = Outline::default();
    for statement in &parsed {
        outline.statements.push(span(statement.range()));
        match statement {
            Stmt::ImportFrom(import) => outline.imports.push(Import {
                module: import.module.as_ref().map(|name| name.to_string()).unwrap_or_default(),
                names: import
                    .names
                    .iter()
                    .map(|alias| {
                        let name = alias.asname.as_ref().unwrap_or(&alias.name);
                        (name.to_string(), alias.range().end().to_u32())
                    })
                    .collect(),
                span: span(import.range()),
            }),
            Stmt::ClassDef(class) => outline.classes.push(ClassOutline {
                name: class.name.to_string(),
                bases: class.bases().iter().map(|base| slice(text, base.range())).collect(),
                span: span(class.range()),
                body: class.body.iter().map(|statement| member(text, statement)).collect(),
            }),
            Stmt::Assign(assign) => {
                for target in &assign.targets {
                    note_name(&mut outline.names, target);
                }
            }
            Stmt::AnnAssign(assign) => note_name(&mut outline.names, &assign.target),
            _ => {}
        }
    }
    Some(outline)
}

fn note_name(names: &mut Vec<String>, target: &Expr) {
    if let Expr::Name(name) = target
        && !names.iter().any(|known| known == name.id.as_str())
    {
        names.push(name.id.to_string());
    }
}

fn member(text: &str, statement: &Stmt) -> Member {
    let mut member = Member { span: span(statement.range()), ..Member::default() };
    let value = match statement {
        Stmt::Assign(assign) => {
            member.name = assign.targets.first().and_then(name_of);
            Some(&*assign.value)
        }
        Stmt::AnnAssign(assign) => {
            member.name = name_of(&assign.target);
            member.annotation = Some(span(assign.annotation.range()));
            assign.value.as_deref()
        }
        Stmt::FunctionDef(_) | Stmt::ClassDef(_) => {
            member.is_definition = true;
            None
        }
        _ => None,
    };
    match value {
        Some(Expr::Call(call)) => {
            let keywords = call.arguments.keywords.iter().filter_map(|keyword| {
                let name = keyword.arg.as_ref()?.to_string();
                Some((name, span(keyword.range()), span(keyword.value.range())))
            });
            member.call = Some(Call {
                function: slice(text, call.func.range()),
                arguments: span(call.arguments.range()),
                count: call.arguments.args.len() + call.arguments.keywords.len(),
                keywords: keywords.collect(),
            });
        }
        Some(Expr::StringLiteral(string)) => member.text = Some(string.value.to_str().to_owned()),
        _ => {}
    }
    member
}

fn name_of(target: &Expr) -> Option<String> {
    match target {
        Expr::Name(name) => Some(name.id.to_string()),
        _ => None,
    }
}

fn span(range: TextRange) -> Span {
    Span { start: range.start().to_u32(), end: range.end().to_u32() }
}

fn slice(text: &str, range: TextRange) -> String {
    text.get(range.start().to_usize()..range.end().to_usize()).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_found_with_their_members() {
        let text = "from sqlalchemy import Column, Integer as I\n\nclass User(Base):\n    __tablename__ = \"users\"\n    id = Column(I, primary_key=True)\n    posts: Mapped[list[\"Post\"]] = relationship()\n\nu = User()\n";
        let found = outline(text).unwrap_or_default();
        assert_eq!(found.imports[0].module, "sqlalchemy");
        assert_eq!(
            found.imports[0].names.iter().map(|n| n.0.as_str()).collect::<Vec<_>>(),
            ["Column", "I"]
        );
        let class = &found.classes[0];
        assert_eq!(
            (class.name.as_str(), class.bases.as_slice()),
            ("User", &["Base".to_owned()][..])
        );
        assert_eq!(class.body[0].text.as_deref(), Some("users"));
        let call = class.body[1].call.clone().unwrap_or_default();
        assert_eq!((call.function.as_str(), call.count), ("Column", 2));
        assert!(class.body[2].annotation.is_some());
        assert_eq!(found.names, ["u"]);
        assert_eq!(outline("class ("), None);
    }
}
