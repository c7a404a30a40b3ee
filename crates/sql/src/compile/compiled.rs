//! What compiling yields, and how it is filled with values.

use std::borrow::Cow;
use std::rc::Rc;

use crate::cache::Key;
use crate::dialect::{Dialect, Family};
use crate::error::{Error, ErrorKind, Result};
use crate::expr::{Bind, BindValue, Expr};
use crate::schema::{Column, Table};
use crate::statement::Statement;
use crate::types::{Processor, Type};
use crate::value::Value;

/// A compiled statement. It holds no values, so that one serves all statements of its structure.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// What it is.
    pub kind: StatementKind,
    /// The text; parameters that expand stand in it as `__[POSTCOMPILE_name]`.
    pub sql: Rc<str>,
    /// The dialect it was made for.
    pub dialect: Dialect,
    /// The parameters, each name once, in order of appearance.
    pub params: Vec<Param>,
    /// For positional styles: the parameter of each placeholder, in the order of the text.
    pub positions: Vec<usize>,
    /// The result columns; empty when the statement returns no rows or does not know them.
    pub columns: Vec<ResultColumn>,
    /// Whether result columns match the cursor's by position.
    pub columns_ordered: bool,
    /// Whether the text must be finished with the values, for expanding parameters.
    pub has_postcompile: bool,
    /// What an INSERT, UPDATE or DELETE does beside its text.
    pub dml: Option<DmlInfo>,
    /// Whether it may be kept for statements of the same structure.
    pub cacheable: bool,
}

/// What a statement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StatementKind {
    /// SELECT and its kin.
    Select,
    /// INSERT
    Insert,
    /// UPDATE
    Update,
    /// DELETE
    Delete,
    /// Text of the user.
    Text,
    /// DDL
    Ddl,
    /// An expression or function by itself.
    Expression,
}

/// A parameter of a compiled statement.
#[derive(Clone, Debug)]
pub struct Param {
    /// Its name, as `compiled.params` shows it.
    pub name: Rc<str>,
    /// Its type.
    pub ty: Type,
    /// Where its value comes from.
    pub source: Source,
    /// The conversion on the way in; `None` when values pass unchanged.
    pub processor: Option<Processor>,
    /// Whether the value is a list that becomes several parameters.
    pub expanding: bool,
    /// Whether the value is written into the text.
    pub literal_execute: bool,
    /// Whether an empty list compares as NOT IN.
    pub in_negated: bool,
    /// How many items a tuple in the list has; nought for plain values.
    pub tuple_width: usize,
    /// SQL around each rendered parameter, such as a cast: before and after.
    pub wrap: Option<(Rc<str>, Rc<str>)>,
    /// Whether its name was numbered to be its own.
    pub unique: bool,
    /// Whether it stands for a column of an INSERT or UPDATE.
    pub crud: bool,
}

/// Where the value of a parameter comes from when the execution does not name it.
#[derive(Clone, Debug)]
pub enum Source {
    /// The bound parameter at that place of the statement's walk; see [`BindSet`].
    Walk(usize),
    /// Only the execution can give it.
    Required,
    /// A value of the statement itself that no walk finds.
    Fixed(Expr),
    /// A Python-side default, made before execution.
    Prefetch(Column),
}

/// A column of the result.
#[derive(Clone, Debug)]
pub struct ResultColumn {
    /// The name in the cursor's description.
    pub name: Rc<str>,
    /// The name by which rows show it.
    pub key: Rc<str>,
    /// The expression, by which rows can be asked for it.
    pub expr: Option<Expr>,
    /// Its type.
    pub ty: Type,
    /// The conversion on the way out; `None` when values pass unchanged.
    pub processor: Option<Processor>,
}

/// What an INSERT, UPDATE or DELETE does beside its text.
#[derive(Clone, Debug)]
pub struct DmlInfo {
    /// The table, when it is one of the schema.
    pub table: Option<Table>,
    /// Columns whose Python-side defaults are made before execution; each has a parameter.
    pub prefetch: Vec<Column>,
    /// Columns that the server fills and the statement does not return.
    pub postfetch: Vec<Column>,
    /// Columns of a RETURNING that was added to fetch new keys; they are not part of the result.
    pub implicit_returning: Vec<Column>,
    /// Whether the new key is the cursor's `lastrowid`.
    pub lastrowid: bool,
    /// Whether the user asked for RETURNING.
    pub has_returning: bool,
    /// Whether VALUES has several rows in the statement itself.
    pub multi_values: bool,
    /// The pieces for an INSERT of many rows in one statement.
    pub insert_many: Option<InsertMany>,
}

/// The pieces of an INSERT that repeats its VALUES: `head row, row, … tail`.
#[derive(Clone, Debug)]
pub struct InsertMany {
    /// Everything before the first row.
    pub head: Rc<str>,
    /// One row with its placeholders.
    pub row: Rc<str>,
    /// Everything after the last row.
    pub tail: Rc<str>,
    /// Parameters of one row.
    pub row_params: usize,
    /// Whether each row gets its number as one more value, as PostgreSQL's form needs.
    pub counter: bool,
    /// Whether rows return in an order that can be matched; otherwise rows go one by one.
    pub ordered: bool,
}

/// A statement's bound parameters in walk order, reusable from statement to statement.
#[derive(Clone, Debug, Default)]
pub struct BindSet {
    /// The parameters.
    pub binds: Vec<Expr>,
    key: Key,
}

/// Text and values, ready for the driver.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// The final text.
    pub sql: Rc<str>,
    /// The values in the order of the placeholders, or of the names.
    pub values: Vec<Value>,
    /// Their names, for named styles and for showing.
    pub names: Vec<Rc<str>>,
}

impl Param {
    /// The name as it stands after the mark of a placeholder.
    pub(super) fn spelled(&self, dialect: &Dialect) -> Cow<'_, str> {
        match dialect.family() {
            Family::Oracle => super::oracle::bind_name(&self.name, dialect),
            _ => self.shown_name(),
        }
    }

    /// Its name as a placeholder spells it: without what placeholders cannot hold.
    pub fn shown_name(&self) -> Cow<'_, str> {
        let odd = |c: char| matches!(c, '%' | '(' | ')' | ':' | '.' | '[' | ']' | ' ');
        if !self.name.contains(odd) {
            return Cow::Borrowed(&self.name);
        }
        let legal = |c: char| match c {
            '%' => 'P',
            '(' => 'A',
            ')' => 'Z',
            ':' => 'C',
            c if odd(c) => '_',
            c => c,
        };
        Cow::Owned(self.name.chars().map(legal).collect())
    }
}

impl BindSet {
    /// Collect the parameters of a statement.
    pub fn collect(&mut self, statement: &Statement) {
        let dialect = Dialect::default_dialect();
        self.key.write(statement, &dialect, &super::CompileOptions::default());
        self.binds.clear();
        self.binds.extend_from_slice(self.key.binds());
    }
}

impl Compiled {
    /// The value of a parameter: named by the execution, or the statement's own.
    pub fn value_of<'a>(
        &self,
        param: &'a Param,
        binds: &'a [Expr],
        given: &'a dyn Fn(&str) -> Option<Value>,
    ) -> Result<BindValue> {
        if let Some(value) = given(&param.name) {
            return Ok(match (param.expanding, &value) {
                (true, Value::Object(object)) => match object.items() {
                    Some(items) => many(items),
                    None => BindValue::One(value),
                },
                _ => BindValue::One(value),
            });
        }
        let bind = match &param.source {
            Source::Walk(at) => binds.get(*at).and_then(Expr::as_bind),
            Source::Fixed(expr) => expr.as_bind(),
            Source::Required | Source::Prefetch(_) => None,
        };
        match bind.map(|bind: &Bind| &bind.value) {
            Some(BindValue::Required) | None => Err(missing(&param.name)),
            Some(value) => Ok(value.clone()),
        }
    }

    /// `compiled.params`: names and values as the statement gives them; `None` where the execution
    /// must.
    pub fn own_params(&self, binds: &[Expr]) -> Vec<(Rc<str>, Option<BindValue>)> {
        let value = |param: &Param| self.value_of(param, binds, &|_| None).ok();
        self.params.iter().map(|param| (param.name.clone(), value(param))).collect()
    }

    /// The values of one execution, converted and in order, and the final text.
    pub fn render(
        &self,
        binds: &[Expr],
        given: &dyn Fn(&str) -> Option<Value>,
    ) -> Result<Rendered> {
        if self.has_postcompile {
            return super::binds::expand(self, binds, given);
        }
        let order: &mut dyn Iterator<Item = usize> = if self.dialect.paramstyle().is_positional() {
            &mut self.positions.iter().copied()
        } else {
            &mut (0..self.params.len())
        };
        let mut values = Vec::with_capacity(self.positions.len());
        let mut names = Vec::with_capacity(self.positions.len());
        for at in order {
            let Some(param) = self.params.get(at) else { continue };
            let value = match self.value_of(param, binds, given)? {
                BindValue::One(value) => value,
                BindValue::Many(_) | BindValue::Tuples(_) | BindValue::Required => {
                    return Err(missing(&param.name));
                }
            };
            values.push(match &param.processor {
                Some(processor) => processor.bind(&value, &self.dialect)?,
                None => value,
            });
            names.push(param.name.clone());
        }
        Ok(Rendered { sql: self.sql.clone(), values, names })
    }

    /// The parameter of a name.
    pub fn param(&self, name: &str) -> Option<&Param> {
        self.params.iter().find(|param| *param.name == *name)
    }
}

fn many(items: Vec<Value>) -> BindValue {
    let tuples: Option<Vec<Rc<[Value]>>> = items
        .iter()
        .map(|item| match item {
            Value::Object(object) => object.items().map(Rc::from),
            _ => None,
        })
        .collect();
    match tuples {
        Some(rows) if !rows.is_empty() => BindValue::Tuples(rows.into()),
        _ => BindValue::Many(items.into()),
    }
}

/// A parameter without a value.
pub(super) fn missing(name: &str) -> Error {
    let message = format!("A value is required for bind parameter {}", crate::repr::string(name));
    Error::new(ErrorKind::InvalidRequestError, message).with_code("cd3x")
}
