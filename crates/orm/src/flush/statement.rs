//! The statements of a flush: compiled once for each table and set of columns.

use std::cell::Cell;
use std::rc::Rc;

use vidro_engine::{Construct, Note};
use vidro_sql::compile::{BindSet, CompileOptions, Compiled, Source, compile};
use vidro_sql::dialect::Dialect;
use vidro_sql::dml::{Delete, DmlKey, Insert, Update};
use vidro_sql::expr::{Operand as SqlOperand, and_};
use vidro_sql::schema::{Column, Table};
use vidro_sql::statement::Statement;
use vidro_sql::types::Processor;
use vidro_sql::{Value, expr::Expr};

use super::plan::{Batch, BatchColumn, StepKind};
use crate::Orm;
use crate::error::{Error, Result};
use crate::session::{Bind, SessionId};

/// What a statement looks like.
pub(super) struct Shape<'a> {
    pub(super) kind: StepKind,
    pub(super) columns: &'a [BatchColumn],
    /// Columns whose values an INSERT brings back.
    pub(super) returning: &'a [Column],
    /// Several parameter sets follow.
    pub(super) many: bool,
    /// Attributes of the table's columns.
    pub(super) attributes: &'a [(Column, u16)],
    /// SQL expressions among the columns, by position.
    pub(super) expressions: &'a [(usize, Rc<Expr>)],
}

/// When a text ran first.
pub(crate) type Since = Rc<Cell<Option<f64>>>;

/// A compiled statement and where each of its parameters comes from.
#[derive(Debug)]
pub(crate) struct Sql {
    /// Also keeps the table alive, whose address is part of the cache's key.
    pub(super) construct: Construct,
    compiled: Compiled,
    /// For each placeholder its source and conversion.
    pub(super) binds: Vec<BindFrom>,
    /// Columns that each row of RETURNING holds.
    pub(super) returned: Vec<Returned>,
    /// Columns that the server fills behind our back.
    pub(super) postfetch: Vec<Column>,
    /// When it was compiled, once it has run; shared by all statements of the same text.
    since: Since,
    /// Attributes of columns that the database or a default fills.
    attributes: Vec<(Column, u16)>,
}

/// Where a parameter comes from.
#[derive(Debug)]
pub(super) struct BindFrom {
    pub(super) source: BindSource,
    pub(super) processor: Option<Processor>,
}

/// The value of a parameter.
#[derive(Debug)]
pub(super) enum BindSource {
    /// An operand of the step.
    Operand(usize),
    /// A Python-side default.
    Default(Column),
    /// A value of a SQL expression.
    Fixed(Value),
}

/// A column of RETURNING.
#[derive(Debug)]
pub(super) struct Returned {
    pub(super) column: Column,
    pub(super) processor: Option<Processor>,
}

impl Sql {
    /// The text.
    pub(super) fn text(&self) -> &str {
        &self.compiled.sql
    }

    pub(super) fn dialect(&self) -> &Dialect {
        &self.compiled.dialect
    }

    /// The attribute a column of this statement maps to.
    pub(super) fn attribute_of(&self, batch: &Batch, column: &Column) -> Option<u16> {
        let known = batch.columns.iter().find(|c| c.column.ptr_eq(column));
        match known {
            Some(known) => known.attribute,
            None => self.attributes.iter().find(|(c, _)| c.ptr_eq(column)).map(|(_, a)| *a),
        }
    }

    /// Where the text came from, for the log.
    pub(super) fn note(&self, now: f64) -> Note {
        match self.since.get() {
            Some(since) => Note::Cached(since),
            None => {
                self.since.set(Some(now));
                Note::Generated(now)
            }
        }
    }
}

/// The dialect of a session's engine; SQLite's for a session without one.
pub(crate) fn dialect(orm: &Orm, session: SessionId) -> Dialect {
    let owner = orm.sessions.get(session).ok();
    let bind = owner.and_then(|owner| owner.options.bind.as_ref());
    bind.map_or_else(Dialect::sqlite, |bind| *bind.dialect())
}

/// The number of a session's engine, 0 for a session without one.
pub(crate) fn engine_id(orm: &Orm, session: SessionId) -> u32 {
    match orm.sessions.get(session).ok().and_then(|owner| owner.options.bind.as_ref()) {
        Some(Bind::Engine(engine)) => engine.id(),
        Some(Bind::Connection(connection)) => connection.engine().id(),
        None => 0,
    }
}

/// Whether an INSERT of many rows may bring generated values back.
pub(super) fn returns_in_order(orm: &Orm, session: SessionId) -> bool {
    let engine = match orm.sessions.get(session).ok().and_then(|owner| owner.options.bind.as_ref())
    {
        Some(Bind::Engine(engine)) => engine,
        Some(Bind::Connection(connection)) => connection.engine(),
        None => return dialect(orm, session).caps().insert_returning,
    };
    engine.use_insertmanyvalues()
        && engine.implicit_returning()
        && engine.dialect().caps().insert_returning
}

/// Whether an INSERT brings the values of server defaults back.
pub(super) fn returns_defaults(orm: &Orm, session: SessionId) -> bool {
    let implicit = match orm.sessions.get(session).ok().and_then(|o| o.options.bind.as_ref()) {
        Some(Bind::Engine(engine)) => engine.implicit_returning(),
        Some(Bind::Connection(connection)) => connection.engine().implicit_returning(),
        None => true,
    };
    implicit && dialect(orm, session).caps().insert_returning
}

/// What a cached statement is found by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct CacheKey {
    table: usize,
    kind: u8,
    dialect: &'static str,
    many: bool,
    returning: Vec<usize>,
    columns: Vec<(usize, bool)>,
}

/// The statement of a shape, from the cache unless it holds expressions.
pub(super) fn compiled(
    orm: &Orm,
    session: SessionId,
    table: &Table,
    shape: &Shape<'_>,
) -> Result<Rc<Sql>> {
    let dialect = dialect(orm, session);
    if !shape.expressions.is_empty() {
        // Its expressions hold values of their own, so only the note is shared.
        let mut sql = build(table, &dialect, shape)?;
        let mut notes = orm.expression_notes.borrow_mut();
        sql.since = Rc::clone(notes.entry(sql.text().into()).or_default());
        return Ok(Rc::new(sql));
    }
    let key = CacheKey {
        table: table.id(),
        kind: shape.kind as u8,
        dialect: dialect.name(),
        many: shape.many,
        returning: shape.returning.iter().map(Column::id).collect(),
        columns: shape.columns.iter().map(|c| (c.column.id(), c.condition)).collect(),
    };
    if let Some(sql) = orm.statements.borrow().get(&key) {
        return Ok(Rc::clone(sql));
    }
    let sql = Rc::new(build(table, &dialect, shape)?);
    orm.statements.borrow_mut().insert(key, Rc::clone(&sql));
    Ok(sql)
}

fn build(table: &Table, dialect: &Dialect, shape: &Shape<'_>) -> Result<Sql> {
    let statement = statement(table, shape)?;
    let is_value = |index: usize| shape.expressions.iter().any(|(at, _)| *at == index);
    let keys: Rc<[Rc<str>]> = shape
        .columns
        .iter()
        .enumerate()
        .filter(|(index, column)| !column.condition && !is_value(*index))
        .map(|(_, column)| column.column.key())
        .collect();
    // Rows without a column still need a VALUES of their own when each brings a key back.
    let nothing_given = keys.is_empty() && !shape.returning.is_empty();
    let deletes = matches!(shape.kind, StepKind::Delete | StepKind::AssociationDelete);
    let options = CompileOptions {
        column_keys: (!deletes).then_some(keys),
        for_executemany: shape.many || nothing_given,
        ..CompileOptions::default()
    };
    let compiled = compile(&statement, dialect, &options)?;
    let mut walk = BindSet::default();
    walk.collect(&statement);
    let binds = compiled
        .positions
        .iter()
        .map(|position| {
            let param = compiled.params.get(*position);
            let param = param.ok_or_else(|| Error::flush("a parameter without a place"))?;
            let source = match &param.source {
                Source::Prefetch(column) => BindSource::Default(column.clone()),
                _ => bind_source(shape, &param.name, || {
                    compiled.value_of(param, &walk.binds, &|_| None)
                })?,
            };
            Ok(BindFrom { source, processor: param.processor.clone() })
        })
        .collect::<Result<Vec<_>>>()?;
    let dml = compiled.dml.as_ref();
    let returned = dml.map(|dml| dml.implicit_returning.as_slice()).unwrap_or_default();
    let returned = returned
        .iter()
        .map(|column| {
            let processor = column.ty().result_processor(dialect)?;
            Ok(Returned { column: column.clone(), processor })
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(Sql {
        construct: Construct { statement, options },
        postfetch: dml.map(|dml| dml.postfetch.clone()).unwrap_or_default(),
        binds,
        returned,
        since: Rc::default(),
        compiled,
        attributes: shape.attributes.to_vec(),
    })
}

fn bind_source(
    shape: &Shape<'_>,
    name: &str,
    fixed: impl FnOnce() -> vidro_sql::Result<vidro_sql::expr::BindValue>,
) -> Result<BindSource> {
    let found = shape.columns.iter().position(|column| match column.condition {
        true => condition_name(shape.kind, &column.column) == name,
        false => *column.column.key() == *name,
    });
    if let Some(index) = found.filter(|i| !shape.expressions.iter().any(|(at, _)| at == i)) {
        return Ok(BindSource::Operand(index));
    }
    match fixed()? {
        vidro_sql::expr::BindValue::One(value) => Ok(BindSource::Fixed(value)),
        _ => Err(Error::flush("a list cannot stand in an expression that is flushed")),
    }
}

/// The name of the parameter that finds a row, told apart from the one that is written.
fn condition_name(kind: StepKind, column: &Column) -> String {
    match kind {
        StepKind::Update | StepKind::PostUpdate => {
            let table = column.table().map(|t| t.name().text.to_string()).unwrap_or_default();
            format!("{table}_{}", column.name().text)
        }
        _ => column.key().to_string(),
    }
}

fn statement(table: &Table, shape: &Shape<'_>) -> Result<Statement> {
    let values = || {
        shape.expressions.iter().filter_map(|(index, expr)| {
            let column = shape.columns.get(*index)?;
            Some((DmlKey::Name(column.column.key()), SqlOperand::Expr((**expr).clone())))
        })
    };
    let conditions = || -> Result<Expr> {
        let equal = |column: &BatchColumn| {
            let name = condition_name(shape.kind, &column.column);
            let bind = Expr::bindparam(name.as_str(), column.column.ty());
            column.column.expr().eq(bind)
        };
        let conditions = shape.columns.iter().filter(|column| column.condition).map(equal);
        let conditions: vidro_sql::Result<Vec<Expr>> = conditions.collect();
        let mut conditions = conditions?;
        match conditions.pop() {
            Some(only) if conditions.is_empty() => Ok(only),
            Some(last) => {
                conditions.push(last);
                Ok(and_(conditions)?)
            }
            None => Err(Error::flush("a row that nothing finds")),
        }
    };
    Ok(match shape.kind {
        StepKind::Insert | StepKind::AssociationInsert => {
            let mut insert = Insert::new(table.clone());
            let values: Vec<_> = values().collect();
            if !values.is_empty() {
                insert = insert.values(values)?;
            }
            if !shape.returning.is_empty() {
                let returning = shape.returning.to_vec();
                insert = insert.altered(|s| {
                    s.return_defaults = Some(returning);
                    s.sort_by_parameter_order = true;
                });
            }
            insert.into()
        }
        StepKind::Update | StepKind::PostUpdate => {
            let mut update = Update::new(table.clone()).where_(conditions()?);
            let values: Vec<_> = values().collect();
            if !values.is_empty() {
                update = update.values(values)?;
            }
            update.into()
        }
        StepKind::Delete | StepKind::AssociationDelete => {
            Delete::new(table.clone()).where_(conditions()?).into()
        }
    })
}
