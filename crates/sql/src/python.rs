//! Python's `repr()` of schema objects and the class names of expressions.

use crate::expr::{ColumnTarget, Expr, Kind, ListClass, Op};
use crate::from::{AliasKind, AliasName, FromClause};
use crate::repr;
use crate::schema::{Column, Constraint, ConstraintKind, Index, ServerDefault, Table};
use crate::select::Query;
use crate::statement::Statement;

/// `repr(table)`
pub(crate) fn table_repr(table: &Table) -> String {
    let mut parts = vec![repr::string(table.name()), "MetaData()".to_owned()];
    parts.extend(table.columns().iter().map(column_repr));
    let schema = table.schema().map_or_else(|| "None".to_owned(), |schema| repr::string(schema));
    parts.push(format!("schema={schema}"));
    format!("Table({})", parts.join(", "))
}

/// `repr(column)`
pub(crate) fn column_repr(column: &Column) -> String {
    let spec = column.spec();
    let name = spec.name.as_ref().map_or_else(|| "None".to_owned(), |name| repr::string(name));
    drop(spec);
    let mut parts = vec![name, column.ty().python_repr()];
    let spec = column.spec();
    parts.extend(spec.foreign_keys.iter().map(|key| format!("{key:?}")));
    for check in &spec.checks {
        parts.push(constraint_repr(check));
    }
    match column.table() {
        Some(table) => parts.push(format!("table=<{}>", table.name())),
        None => parts.push("table=None".into()),
    }
    if let Some(key) = spec.key.as_ref().filter(|key| Some(&***key) != spec.name.as_deref()) {
        parts.push(format!("key={}", repr::string(key)));
    }
    if spec.primary_key {
        parts.push("primary_key=True".into());
    }
    if !column.is_nullable() {
        parts.push("nullable=False".into());
    }
    if let Some(onupdate) = &spec.onupdate {
        parts.push(format!("onupdate={}", default_repr(onupdate)));
    }
    if let Some(default) = &spec.default {
        parts.push(format!("default={}", default_repr(default)));
    }
    match &spec.server_default {
        Some(ServerDefault::Fetched) => parts.push("server_default=FetchedValue()".into()),
        Some(ServerDefault::Text(text)) => parts.push(default_clause(&repr::string(text))),
        Some(ServerDefault::Sql(expr)) => parts.push(default_clause(&expr.python_repr())),
        None => {}
    }
    if spec.identity.is_some() {
        parts.push("server_default=Identity()".into());
    }
    if let Some(computed) = &spec.computed {
        parts.push(format!("server_default=Computed({})", computed.sqltext.python_repr()));
    }
    if let Some(comment) = &spec.comment {
        parts.push(format!("comment={}", repr::string(comment)));
    }
    format!("Column({})", parts.join(", "))
}

fn default_clause(argument: &str) -> String {
    format!("server_default=DefaultClause({argument}, for_update=False)")
}

fn default_repr(default: &crate::schema::Default) -> String {
    use crate::schema::Default;
    match default {
        Default::Scalar(value) => format!("ScalarElementColumnDefault({})", value.repr()),
        Default::Callable(callable) => {
            format!("CallableColumnDefault({})", callable.object().repr())
        }
        Default::Sql(expr) => format!("ColumnElementColumnDefault({})", expr.python_repr()),
        Default::Sequence(sequence) => format!("{sequence:?}"),
    }
}

/// `repr(constraint)`
pub(crate) fn constraint_repr(constraint: &Constraint) -> String {
    let columns: Vec<String> = constraint.columns().iter().map(column_repr).collect();
    match constraint.kind() {
        ConstraintKind::Check(condition) => {
            format!("CheckConstraint({})", condition.python_repr())
        }
        ConstraintKind::ForeignKey(_) => "ForeignKeyConstraint()".into(),
        _ => format!("{}({})", constraint.class_name(), columns.join(", ")),
    }
}

/// `repr(index)`
pub(crate) fn index_repr(index: &Index) -> String {
    let name = crate::schema::index_name(index).ok().flatten();
    let mut parts = vec![name.map_or_else(|| "None".into(), |name| repr::string(&name))];
    parts.extend(index.expressions().iter().map(|expr| match expr.schema_column() {
        Some(column) => column_repr(column),
        // A column given by its name waits for the table.
        None => match expr.as_column().map(|column| (&column.target, column.name())) {
            Some((ColumnTarget::Bare { literal: false, table: None, .. }, Some(name))) => {
                repr::string(&name)
            }
            _ => expr.python_repr(),
        },
    }));
    if index.is_unique() {
        parts.push("unique=True".into());
    }
    format!("Index({})", parts.join(", "))
}

/// `repr(from)`
pub(crate) fn from_repr(from: &FromClause) -> String {
    match from {
        FromClause::Table(table) => table_repr(table),
        FromClause::Alias(alias) => {
            let class = from_class(from);
            let name = match &alias.name {
                AliasName::Named(name) => name.to_string(),
                AliasName::Anon(_) => "anon_1".to_owned(),
            };
            format!("<sqlalchemy.sql.selectable.{class} at {:#x}; {name}>", from.id())
        }
        other => {
            format!("<sqlalchemy.sql.selectable.{} object at {:#x}>", from_class(other), other.id())
        }
    }
}

/// The Python class of a FROM object.
pub(crate) fn from_class(from: &FromClause) -> &'static str {
    match from {
        FromClause::Table(_) => "Table",
        FromClause::Clause(_) => "TableClause",
        FromClause::Join(_) => "Join",
        FromClause::Values(_) => "Values",
        FromClause::Text(_) => "TextClause",
        FromClause::Alias(alias) => match alias.kind {
            AliasKind::Alias => "Alias",
            AliasKind::Subquery => "Subquery",
            AliasKind::Cte(_) => "CTE",
            AliasKind::Lateral => "Lateral",
            AliasKind::TableSample { .. } => "TableSample",
            AliasKind::TableValued(_) => "TableValuedAlias",
        },
    }
}

/// The Python class of a statement.
pub(crate) fn statement_class(statement: &Statement) -> &'static str {
    match statement {
        Statement::Query(Query::Select(_)) => "Select",
        Statement::Query(Query::Compound(_)) => "CompoundSelect",
        Statement::Query(Query::Text(_)) => "TextualSelect",
        Statement::Query(Query::Values(_)) => "Values",
        Statement::Insert(_) => "Insert",
        Statement::Update(_) => "Update",
        Statement::Delete(_) => "Delete",
        Statement::Text(_) => "TextClause",
        Statement::Ddl(_) => "DDL",
        Statement::Expr(expr) => expr.python_class(),
        Statement::From(from) => from_class(from),
    }
}

impl Expr {
    /// The Python class of an expression.
    pub fn python_class(&self) -> &'static str {
        match self.kind() {
            Kind::Column(_) if self.schema_column().is_some() => "Column",
            Kind::Column(_) => "ColumnClause",
            Kind::Bind(_) => "BindParameter",
            Kind::Null => "Null",
            Kind::True => "True_",
            Kind::False => "False_",
            Kind::Text(_) => "TextClause",
            Kind::Unary(Op::Exists, _) => "Exists",
            Kind::Unary(Op::Any | Op::All, _) => "CollectionAggregate",
            Kind::Unary(..) | Kind::Modifier(..) => "UnaryExpression",
            Kind::AsBoolean(..) => "AsBoolean",
            Kind::Binary(_) => "BinaryExpression",
            Kind::List(list) => match list.class {
                ListClass::Boolean => "BooleanClauseList",
                ListClass::Expression => "ExpressionClauseList",
                ListClass::Clause => "ClauseList",
                ListClass::Tuple => "Tuple",
            },
            Kind::Grouping(_) => "Grouping",
            Kind::Label(_) => "Label",
            Kind::LabelReference(_) => "_label_reference",
            Kind::TextualLabel(_) => "_textual_label_reference",
            Kind::Case(_) => "Case",
            Kind::Cast(kind, _) => match kind {
                crate::expr::CastKind::Cast => "Cast",
                crate::expr::CastKind::TryCast => "TryCast",
                crate::expr::CastKind::Coerce => "TypeCoerce",
            },
            Kind::Extract(..) => "Extract",
            Kind::Collation(_) => "CollationClause",
            Kind::Function(_) => "Function",
            Kind::Over(_) => "Over",
            Kind::WithinGroup(..) => "WithinGroup",
            Kind::AggregateOrderBy(..) => "AggregateOrderBy",
            Kind::Filter(..) => "FunctionFilter",
            Kind::Scalar(_) => "ScalarSelect",
            Kind::Subselect(_) => "Select",
            Kind::Array(_) => "array",
            Kind::Slice(..) => "Slice",
            Kind::NextValue(_) => "next_value",
            Kind::FromValue(_) => "TableValuedColumn",
            Kind::Field(..) => "ScalarFunctionColumn",
        }
    }

    /// Python's `repr()`.
    pub fn python_repr(&self) -> String {
        match self.kind() {
            Kind::Column(column) => match self.schema_column() {
                Some(schema) => column_repr(schema),
                None => {
                    let name = column.name().unwrap_or_else(|| "None".into());
                    let class = "sqlalchemy.sql.elements.ColumnClause";
                    format!("<{class} at {:#x}; {name}>", self.id())
                }
            },
            Kind::Bind(bind) => {
                let name = match &bind.name {
                    crate::expr::BindName::Named(name) => repr::string(name),
                    crate::expr::BindName::Anon(base) => {
                        repr::string(&format!("%({} {base})s", self.id()))
                    }
                };
                let value = match &bind.value {
                    crate::expr::BindValue::One(value) => value.repr(),
                    _ => "None".into(),
                };
                format!("BindParameter({name}, {value}, type_={})", self.ty().python_repr())
            }
            Kind::Label(label) => {
                let name = match &label.name {
                    crate::expr::LabelName::Named(name) => name.to_string(),
                    crate::expr::LabelName::Anon(base) => format!("%({} {base})s", self.id()),
                };
                format!("<sqlalchemy.sql.elements.Label at {:#x}; {name}>", self.id())
            }
            Kind::Function(function) => format!(
                "<sqlalchemy.sql.functions.{} at {:#x}; {}>",
                if function.generic { function.name() } else { "Function".into() },
                self.id(),
                function.name()
            ),
            _ => {
                let class = self.python_class();
                let module = match class {
                    "ScalarSelect" | "Exists" | "Select" => "selectable",
                    "next_value" => "functions",
                    _ => "elements",
                };
                format!("<sqlalchemy.sql.{module}.{class} object at {:#x}>", self.id())
            }
        }
    }
}
