//! `select(User).from_statement(…)`: objects of the rows of any statement.

use std::rc::Rc;

use rustc_hash::FxHashSet;
use vidro_engine::ExecutionOptions;
use vidro_sql::Value;
use vidro_sql::expr::Expr;
use vidro_sql::select::{Query, TextualSelect};
use vidro_sql::statement::Statement;

use super::entity::EntityId;
use super::follow::{self, Follow, Loaded, Trail};
use super::hydrate::Source;
use super::select::{Cell, OrmSelect, Rows, item_layouts};
use super::strategy::{self, LoadOption, Owner};
use crate::Orm;
use crate::error::Result;
use crate::flush;
use crate::host::Host;
use crate::instance::InstanceId;
use crate::mapping::MapperId;
use crate::session::{self, SessionId};

/// Runs the statement and reads its rows as the items of the select.
pub(super) fn execute(
    orm: &mut Orm,
    host: &mut dyn Host,
    session: SessionId,
    select: &OrmSelect,
    statement: &Statement,
) -> Result<Rows> {
    if select.autoflush {
        flush::autoflush(orm, host, session)?;
    }
    let mut wanted = Vec::new();
    let layouts = item_layouts(orm, &select.items, &select.options, &mut wanted)?;
    // Plain text yields the columns by name, with their types.
    let statement = match statement {
        Statement::Text(text) => {
            Query::Text(TextualSelect::new(text.clone(), wanted.clone(), false)).into()
        }
        other => other.clone(),
    };
    let connection = session::connection(orm, host, session)?;
    let sets: &[_] =
        if select.params.is_empty() { &[] } else { std::slice::from_ref(&select.params) };
    let result = connection.execute(&statement, sets, &ExecutionOptions::default())?;
    let names = result.keys().map(|keys| keys.names().to_vec()).unwrap_or_default();
    let places: Vec<Option<usize>> =
        wanted.iter().map(|column| place(&statement, &names, column)).collect();
    let place = |at: usize| places.get(at).copied().flatten();

    let plain = |position| Source { position, processor: None };
    let mut rows = Rows::default();
    let mut readers = Vec::with_capacity(layouts.len());
    for layout in layouts {
        readers.push(match layout {
            Ok(mut layout) => {
                layout.move_to(&place);
                let mapper = Rc::clone(orm.mapping.mapper(orm.entity_mapper(layout.entity)));
                let options = strategy::options_for(orm, &select.options, mapper.id);
                let mut recipe =
                    layout.recipe_with(orm, &plain, strategy::context(orm, &options))?;
                if recipe.key.len() < mapper.primary_key.len() {
                    let missing = mapper.primary_key.first().map(|pk| mapper.column(*pk));
                    let column = missing.transpose()?.and_then(|found| found.column());
                    let name = column.map(ToString::to_string).unwrap_or_default();
                    let message = format!("Could not locate column in row for column '{name}'");
                    return Err(vidro_engine::Error::no_such_column(message).into());
                }
                recipe.populate_existing = select.populate_existing;
                rows.keys.push(Rc::clone(&mapper.class_name));
                Ok((recipe, options))
            }
            Err(at) => {
                let at = place(at).unwrap_or(at);
                rows.keys.push(names.get(at).cloned().unwrap_or_else(|| "".into()));
                Err(at)
            }
        });
    }
    let mut loaded: Vec<Vec<InstanceId>> = vec![Vec::new(); readers.len()];
    let mut seen = FxHashSet::default();
    for row in crate::dml::values(&result)? {
        for (index, reader) in readers.iter().enumerate() {
            rows.cells.push(match reader {
                Ok((recipe, _)) => {
                    let id = recipe.hydrate_row(orm, session, row.as_slice())?;
                    let new = id.filter(|id| seen.insert((index, *id)));
                    if let (Some(id), Some(list)) = (new, loaded.get_mut(index)) {
                        list.push(id);
                    }
                    Cell::Instance(id)
                }
                Err(at) => Cell::Value(row.get(*at).cloned().unwrap_or(Value::Null)),
            });
        }
    }
    orm.tell_notices(host)?;
    for (index, (reader, ids)) in readers.iter().zip(&loaded).enumerate() {
        if let Ok((recipe, options)) = reader {
            follow_up(orm, host, (session, select), recipe.mapper, index, (ids, options))?;
        }
    }
    Ok(rows)
}

/// Runs the eager loads that follow for the objects of an item.
fn follow_up(
    orm: &mut Orm,
    host: &mut dyn Host,
    (session, select): (SessionId, &OrmSelect),
    mapper: MapperId,
    item: usize,
    (ids, options): (&[InstanceId], &[LoadOption]),
) -> Result<()> {
    let follow = Follow {
        session,
        statement: None,
        joins: &[],
        populate_existing: select.populate_existing,
        refresh: false,
        known: &FxHashSet::default(),
    };
    let trail = Trail { entity: EntityId::of(mapper), steps: Vec::new(), classes: vec![mapper] };
    let owner = Owner::Item(item);
    follow::after(orm, host, &follow, &Loaded { owner, mapper, ids, options, trail })
}

/// Where a column stands among those of a statement: itself, else whatever has its name.
fn place(statement: &Statement, names: &[Rc<str>], column: &Expr) -> Option<usize> {
    let columns = match statement {
        Statement::Query(Query::Text(text)) if !text.positional => &[],
        Statement::Query(query) => query.selected_columns(),
        Statement::Insert(insert) => insert.returning.as_slice(),
        Statement::Update(update) => update.returning.as_slice(),
        Statement::Delete(delete) => delete.returning.as_slice(),
        _ => &[],
    };
    let itself = columns.iter().position(|known| known.same_column(column));
    itself.or_else(|| {
        let name = column.column_name()?;
        names.iter().position(|known| *known == name)
    })
}
