//! INSERT, UPDATE and DELETE of mapped classes: `session.execute(insert(User), …)` and the bulk methods.

use std::rc::Rc;

use vidro_engine::ResultSet;
use vidro_orm::dml::{self, BulkRow, DmlOptions, Outcome, Params, Synchronize};
use vidro_orm::load::EntityId;
use vidro_orm::{MapperId, SessionId};
use vidro_python::{Args, Raise, Str, Value, Vm};
use vidro_sql::statement::Statement;

use super::{cells, on_connection};
use crate::expression::{DmlObject, items_of};
use crate::mapping;
use crate::session;
use crate::world::with_orm;
use crate::{engine, exc, value};

type Call = fn(&mut Vm, Args) -> Result<Value, Raise>;

/// Methods of a session that write rows without objects.
pub(crate) const SESSION_METHODS: &[(&str, Call)] = &[
    ("bulk_save_objects", save_objects),
    ("bulk_insert_mappings", |vm, args| mappings(vm, args, true)),
    ("bulk_update_mappings", |vm, args| mappings(vm, args, false)),
];

/// `session.execute(statement, params, execution_options=…)` of a mapped class.
pub(super) fn execute(
    vm: &mut Vm,
    id: SessionId,
    given: &Value,
    mapper: MapperId,
    params: Option<Value>,
    options: Option<Value>,
) -> Result<Value, Raise> {
    let Some(object) = given.downcast_ref::<DmlObject>() else { return Ok(Value::None) };
    let mut named = object.options.clone();
    if let Some(given) = options.as_ref().filter(|given| !given.is_none()) {
        for (name, given) in value::items(vm, given)? {
            named.push((value::text(vm, &name)?.as_ref().into(), given));
        }
    }
    let strategy = option(&named, "dml_strategy").and_then(Value::as_str);
    if matches!(strategy.as_deref(), Some("raw" | "core_only")) {
        return on_connection(vm, id, given.clone(), params, options);
    }
    let mut dml = DmlOptions {
        params: parameters(vm, mapper, params.as_ref())?,
        synchronize: synchronize(vm, option(&named, "synchronize_session"))?,
        populate_existing: flag(vm, option(&named, "populate_existing"))?,
        render_nulls: flag(vm, option(&named, "render_nulls"))?,
        ..DmlOptions::default()
    };
    for given in &object.returning {
        dml.returning.extend(items_of(vm, given)?);
    }
    let outcome = run(vm, id, mapper, &object.statement, &dml)?;
    result(vm, outcome)
}

fn option<'a>(options: &'a [(Str, Value)], name: &str) -> Option<&'a Value> {
    options.iter().rev().find(|(known, _)| &**known == name).map(|(_, given)| given)
}

fn flag(vm: &mut Vm, given: Option<&Value>) -> Result<bool, Raise> {
    given.map_or(Ok(false), |given| vm.truth(given))
}

/// Runs a statement of a mapped class.
pub(super) fn run(
    vm: &mut Vm,
    id: SessionId,
    mapper: MapperId,
    statement: &Statement,
    options: &DmlOptions,
) -> Result<Outcome, Raise> {
    with_orm(vm, |orm, host| match statement {
        Statement::Insert(insert) => dml::insert(orm, host, id, mapper, insert, options),
        Statement::Update(update) => dml::update(orm, host, id, mapper, update, options),
        Statement::Delete(delete) => dml::delete(orm, host, id, mapper, delete, options),
        _ => Ok(Outcome::default()),
    })
}

fn result(vm: &mut Vm, outcome: Outcome) -> Result<Value, Raise> {
    match (outcome.rows, outcome.info) {
        (Some(rows), _) => {
            let (keys, requires_unique) = (rows.keys.clone(), rows.requires_unique);
            let values = cells(vm, rows)?;
            Ok(engine::result::from_rows(keys, values, requires_unique))
        }
        (None, Some(info)) => Ok(engine::result::object(ResultSet::rowless(info))),
        (None, None) => Ok(engine::result::null()),
    }
}

/// `synchronize_session`
pub(super) fn synchronize(vm: &mut Vm, given: Option<&Value>) -> Result<Synchronize, Raise> {
    let Some(given) = given else { return Ok(Synchronize::Auto) };
    match (given.as_str().as_deref(), given) {
        (Some("auto"), _) => Ok(Synchronize::Auto),
        (Some("evaluate"), _) => Ok(Synchronize::Evaluate),
        (Some("fetch"), _) => Ok(Synchronize::Fetch),
        (None, Value::None | Value::Bool(false)) => Ok(Synchronize::No),
        _ => Err(exc::argument(
            vm,
            "Valid strategies for session synchronization are 'auto', 'evaluate', 'fetch', False",
        )),
    }
}

fn parameters(vm: &mut Vm, mapper: MapperId, given: Option<&Value>) -> Result<Params, Raise> {
    match given {
        None | Some(Value::None) => Ok(Params::None),
        Some(Value::Dict(_)) => row(vm, mapper, given.unwrap_or(&Value::None)).map(Params::One),
        Some(list) => rows(vm, mapper, list).map(Params::Many),
    }
}

fn rows(vm: &mut Vm, mapper: MapperId, given: &Value) -> Result<Vec<BulkRow>, Raise> {
    vm.collect(given)?.iter().map(|given| row(vm, mapper, given)).collect()
}

fn row(vm: &mut Vm, mapper: MapperId, given: &Value) -> Result<BulkRow, Raise> {
    let mut row = BulkRow::new();
    for (name, given) in value::items(vm, given)? {
        let name: Rc<str> = match name.as_str() {
            Some(name) => Rc::from(&*name),
            None => match mapping::column_behind(&name) {
                Some(column) => column.key(),
                None => value::text(vm, &name)?,
            },
        };
        let Some(composite) = mapping::composite_of(vm, EntityId::of(mapper), &name)? else {
            row.push((name, value::from_python(vm, &given)?));
            continue;
        };
        for (name, part) in composite.assigned(vm, &given)? {
            row.push((name, value::from_python(vm, &part)?));
        }
    }
    Ok(row)
}

/// `session.bulk_save_objects(objects, return_defaults=…, …)`
fn save_objects(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [this, objects, _defaults, _changed, _order] = args.bind(
        vm,
        "bulk_save_objects(self, objects, return_defaults=, update_changed_only=, preserve_order=)",
    )?;
    let Some(id) = this.as_ref().and_then(session::session_id) else { return Ok(Value::None) };
    mapping::configure(vm)?;
    let mut ids = Vec::new();
    for object in vm.collect(&objects.unwrap_or_default())? {
        match mapping::try_entity(vm, &object)? {
            Some(object) => ids.push(object),
            None => return Err(mapping::unmapped_instance(vm, &object)),
        }
    }
    with_orm(vm, |orm, host| {
        dml::as_flush(orm, host, id, |orm, host| dml::save_objects(orm, host, id, &ids))
    })?;
    Ok(Value::None)
}

/// `session.bulk_insert_mappings(User, rows)` and `session.bulk_update_mappings(User, rows)`
fn mappings(vm: &mut Vm, args: Args, insert: bool) -> Result<Value, Raise> {
    let [this, mapper, given, _defaults, nulls] =
        args.bind(vm, "bulk_mappings(self, mapper, mappings, return_defaults=, render_nulls=)")?;
    let Some(id) = this.as_ref().and_then(session::session_id) else { return Ok(Value::None) };
    mapping::configure(vm)?;
    let Some(mapper) = mapping::mapper_of(vm, &mapper.unwrap_or_default())? else {
        return Err(exc::argument(vm, "Expected mapped class or mapper"));
    };
    let rows = rows(vm, mapper, &given.unwrap_or_default())?;
    let options = DmlOptions { render_nulls: value::flag(vm, nulls)?, ..DmlOptions::default() };
    with_orm(vm, |orm, host| {
        dml::as_flush(orm, host, id, |orm, host| match insert {
            true => dml::bulk_insert(orm, host, id, mapper, None, &rows, &options),
            false => dml::bulk_update(orm, host, id, mapper, None, &rows, Synchronize::No),
        })
    })?;
    Ok(Value::None)
}
