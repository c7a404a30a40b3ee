//! INSERT, UPDATE and DELETE of mapped classes in bulk: no unit of work, the session kept in step.

mod bulk;
mod evaluate;
mod matched;
mod returning;

use std::rc::Rc;

use vidro_engine::result::Info;
use vidro_engine::{Connection, ExecutionOptions, ResultSet};
use vidro_sql::Value;
use vidro_sql::dml::{Delete, DmlKey, Insert, Update};
use vidro_sql::expr::Expr;
use vidro_sql::schema::Column;
use vidro_sql::statement::Statement;

use crate::Orm;
use crate::error::{Error, Result};
use crate::flush;
use crate::host::Host;
use crate::load::{self, EntityId, Item, Rows};
use crate::mapping::{Mapper, MapperId, Property};
use crate::session::{self, SessionId};

pub use bulk::{as_flush, bulk_insert, bulk_update, save_objects};
use matched::Matched;
use returning::Returning;

/// One row of a bulk statement: attribute or column keys and values.
pub type BulkRow = Vec<(Rc<str>, Value)>;

/// How objects in the session learn of an UPDATE or DELETE: `synchronize_session`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Synchronize {
    /// By evaluating the condition in Python, else by fetching keys.
    #[default]
    Auto,
    /// By evaluating the condition in Python.
    Evaluate,
    /// By fetching the keys of the rows.
    Fetch,
    /// Not at all.
    No,
}

/// What an execution of a bulk statement is given.
#[derive(Clone, Debug, Default)]
pub struct DmlOptions {
    /// Parameters.
    pub params: Params,
    /// What RETURNING yields.
    pub returning: Vec<Item>,
    /// How objects in the session are kept in step.
    pub synchronize: Synchronize,
    /// Objects that RETURNING yields are filled again.
    pub populate_existing: bool,
    /// NULL is written out, rather than left to the column's default.
    pub render_nulls: bool,
}

/// Parameters of an execution.
#[derive(Clone, Debug, Default)]
pub enum Params {
    /// None.
    #[default]
    None,
    /// One set.
    One(BulkRow),
    /// A list of sets.
    Many(Vec<BulkRow>),
}

impl Params {
    /// The sets as the engine takes them.
    fn sets(&self) -> &[BulkRow] {
        match self {
            Self::None => &[],
            Self::One(set) => std::slice::from_ref(set),
            Self::Many(sets) => sets,
        }
    }
}

/// What a bulk statement did.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What the cursor left; none where rows were written by several statements.
    pub info: Option<Info>,
    /// What RETURNING gave.
    pub rows: Option<Rows>,
}

/// `session.execute(insert(User), …)`: rows given as parameters are written in bulk.
pub fn insert(
    orm: &mut Orm,
    host: &mut dyn Host,
    session: SessionId,
    mapper: MapperId,
    statement: &Insert,
    options: &DmlOptions,
) -> Result<Outcome> {
    let rows = options.params.sets();
    if !rows.is_empty() {
        return bulk_insert(orm, host, session, mapper, Some(statement), rows, options);
    }
    flush::autoflush(orm, host, session)?;
    let returning = Returning::new(orm, options)?;
    let statement = statement.clone().altered(|s| s.returning.clone_from(&returning.columns));
    let connection = session::connection(orm, host, session)?;
    let result = run(&connection, statement.into(), &[])?;
    let rows = returning.read(orm, session, values(&result)?)?;
    Ok(Outcome { info: Some(result.info()), rows })
}

/// `session.execute(update(User).where(…).values(…))`, or by primary key for a list of parameters.
pub fn update(
    orm: &mut Orm,
    host: &mut dyn Host,
    session: SessionId,
    mapper: MapperId,
    statement: &Update,
    options: &DmlOptions,
) -> Result<Outcome> {
    if let Params::Many(rows) = &options.params {
        return bulk_update(orm, host, session, mapper, Some(statement), rows, options.synchronize);
    }
    flush::autoflush(orm, host, session)?;
    let owner = Rc::clone(orm.mapping.mapper(mapper));
    let change = |(key, value): &(DmlKey, Expr)| (attribute(&owner, key), value.clone());
    let changes: Vec<(Option<u16>, Expr)> = statement.values.iter().map(change).collect();
    let matched = Matched::before(orm, session, &owner, &statement.where_, options.synchronize)?;
    let criterion = load::class_criterion(orm, EntityId::of(mapper))?;
    let returning = Returning::new(orm, options)?.behind(matched.keys(&owner));
    let statement = statement.clone().altered(|s| {
        s.where_.extend(criterion);
        s.returning.clone_from(&returning.columns);
    });
    let connection = session::connection(orm, host, session)?;
    let result = run(&connection, statement.into(), options.params.sets())?;
    let rows = values(&result)?;
    for id in matched.after(orm, session, &owner, &rows)?.exactly {
        matched::write_back(orm, &owner, id, &changes)?;
    }
    finish(orm, session, &result, &returning, rows)
}

/// `session.execute(delete(User).where(…))`
pub fn delete(
    orm: &mut Orm,
    host: &mut dyn Host,
    session: SessionId,
    mapper: MapperId,
    statement: &Delete,
    options: &DmlOptions,
) -> Result<Outcome> {
    if matches!(options.params, Params::Many(_)) {
        return Err(Error::invalid_request(
            "Bulk ORM DELETE not supported right now. Statement may be invoked at the Core level \
             using session.connection().execute(stmt, parameters)",
        ));
    }
    flush::autoflush(orm, host, session)?;
    let owner = Rc::clone(orm.mapping.mapper(mapper));
    let matched = Matched::before(orm, session, &owner, &statement.where_, options.synchronize)?;
    let criterion = load::class_criterion(orm, EntityId::of(mapper))?;
    let returning = Returning::new(orm, options)?.behind(matched.keys(&owner));
    let statement = statement.clone().altered(|s| {
        s.where_.extend(criterion);
        s.returning.clone_from(&returning.columns);
    });
    let connection = session::connection(orm, host, session)?;
    let result = run(&connection, statement.into(), options.params.sets())?;
    let rows = values(&result)?;
    let found = matched.after(orm, session, &owner, &rows)?;
    for id in found.exactly {
        matched::remove(orm, session, id)?;
    }
    for id in found.expired {
        session::expire(orm, host, session, id, None)?;
    }
    finish(orm, session, &result, &returning, rows)
}

fn finish(
    orm: &mut Orm,
    session: SessionId,
    result: &ResultSet,
    returning: &Returning<'_>,
    rows: Vec<Vec<Value>>,
) -> Result<Outcome> {
    let mut info = result.info();
    if !rows.is_empty() {
        info.rowcount = i64::try_from(rows.len()).unwrap_or(info.rowcount);
    }
    let rows = returning.read(orm, session, rows)?;
    Ok(Outcome { info: Some(info), rows })
}

fn run(connection: &Connection, statement: Statement, sets: &[BulkRow]) -> Result<ResultSet> {
    Ok(connection.execute(&statement, sets, &ExecutionOptions::default())?)
}

/// The rows of a result, if it has any.
pub(crate) fn values(result: &ResultSet) -> Result<Vec<Vec<Value>>> {
    use vidro_engine::Item::{Mapping, Row, Scalar};
    if !result.returns_rows() {
        return Ok(Vec::new());
    }
    let of = |item| match item {
        Row(row) | Mapping(row) => row.to_vec(),
        Scalar(value) => vec![value],
    };
    Ok(result.all()?.into_iter().map(of).collect())
}

/// The attribute that a key of `values()` writes.
fn attribute(mapper: &Mapper, key: &DmlKey) -> Option<u16> {
    let of_key = |name: &str| {
        let named = |column: &Column| *column.key() == *name;
        let column = mapper.tables.last()?.columns.iter().find(|c| named(&c.column))?;
        column.attribute
    };
    match key {
        DmlKey::Name(name) => of_key(name).or_else(|| match mapper.property(name) {
            Some(Property::Column(index)) => Some(index),
            _ => None,
        }),
        DmlKey::Column(expr) => expr.schema_column().and_then(|c| mapper.attribute_of(c)),
    }
}
