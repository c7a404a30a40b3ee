//! `MetaData`: the tables of a script, created and dropped together.

use std::rc::Rc;

use vidro_python::{Args, Class, ClassBuilder, Object, Raise, Str, Value, Vm};
use vidro_sql::schema::{MetaData, Table};

use super::SCHEMA;
use crate::world::World;
use crate::{engine, exc, expression, value};

/// A metadata object as Python sees it.
#[derive(Debug)]
pub(crate) struct MetaDataObject {
    /// The metadata.
    pub(crate) metadata: MetaData,
}

pub(super) fn define(vm: &mut Vm) {
    ClassBuilder::new(SCHEMA, "MetaData")
        .constructor(construct)
        .method("create_all", |vm, args| create_or_drop(vm, args, true))
        .method("drop_all", |vm, args| create_or_drop(vm, args, false))
        .method("reflect", reflect)
        .method("clear", clear)
        .method("remove", remove)
        .build(vm);
}

fn construct(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [_, schema, _, convention, info] =
        args.bind(vm, "MetaData.__init__(cls, schema=, quote_schema=, naming_convention=, info=)")?;
    let schema = value::optional_text(vm, schema)?;
    let mut names = Vec::new();
    if let Some(convention) = convention.filter(|given| !given.is_none()) {
        for (key, pattern) in value::items(vm, &convention)? {
            if let (Some(key), Some(pattern)) = (key.as_str(), pattern.as_str()) {
                names.push((Rc::from(&*key), Rc::from(&*pattern)));
            }
        }
    }
    let metadata = MetaData::with(schema, names);
    if let Some(info) = info.filter(|given| !given.is_none()) {
        let info = value::from_python(vm, &info)?;
        metadata.set_info(info);
    }
    metadata_object(vm, &metadata)
}

/// The Python object of a metadata: always the same one.
pub(crate) fn metadata_object(vm: &mut Vm, metadata: &MetaData) -> Result<Value, Raise> {
    let world = World::of(vm)?;
    let mut known = world.metadatas.borrow_mut();
    let found = known.iter().find(|value| {
        value.downcast_ref::<MetaDataObject>().is_some_and(|o| o.metadata.ptr_eq(metadata))
    });
    if let Some(found) = found {
        return Ok(found.clone());
    }
    let made = Value::object(MetaDataObject { metadata: metadata.clone() });
    known.push(made.clone());
    Ok(made)
}

/// The metadata behind a Python value.
pub(crate) fn metadata_of(value: &Value) -> Option<MetaData> {
    value.downcast_ref::<MetaDataObject>().map(|object| object.metadata.clone())
}

/// `metadata.create_all(bind, tables, checkfirst)`, `table.create(bind, checkfirst)` and their opposites.
pub(super) fn create_or_drop(vm: &mut Vm, args: Args, create: bool) -> Result<Value, Raise> {
    let this = args.at(0);
    if let Some(table) = super::as_table(&this) {
        let [_, bind, checkfirst] = args.bind(vm, "create(self, bind, checkfirst=)")?;
        let check = match checkfirst {
            Some(check) => vm.truth(&check)?,
            None => false,
        };
        let bind = bind.unwrap_or_default();
        return engine::create_or_drop(vm, &bind, None, Some(vec![table]), check, create);
    }
    let signature = if create {
        "MetaData.create_all(self, bind, tables=, checkfirst=)"
    } else {
        "MetaData.drop_all(self, bind, tables=, checkfirst=)"
    };
    let [_, bind, tables, checkfirst] = args.bind(vm, signature)?;
    let Some(metadata) = metadata_of(&this) else { return Ok(Value::None) };
    let check = match checkfirst {
        Some(check) => vm.truth(&check)?,
        None => true,
    };
    let tables: Option<Vec<Table>> = match tables.filter(|given| !given.is_none()) {
        Some(given) => {
            let given = vm.collect(&given)?;
            Some(given.iter().filter_map(super::as_table).collect())
        }
        None => None,
    };
    engine::create_or_drop(vm, &bind.unwrap_or_default(), Some(&metadata), tables, check, create)
}

fn reflect(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [this, bind, _schema, views, _resolve, only] = args.bind(
        vm,
        "MetaData.reflect(self, bind, schema=, views=, resolve_fks=, only=, *, extend_existing=)",
    )?;
    let views = value::flag(vm, views)?;
    let only = match only.filter(|given| !given.is_none()) {
        Some(only) => Some(value::strings(vm, &only)?),
        None => None,
    };
    if let Some(metadata) = this.as_ref().and_then(metadata_of) {
        engine::reflect(vm, &metadata, &bind.unwrap_or_default(), only, views)?;
    }
    Ok(Value::None)
}

fn clear(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    args.this::<MetaDataObject>(vm)?.metadata.clear();
    Ok(Value::None)
}

fn remove(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = args.this::<MetaDataObject>(vm)?;
    if let Some(table) = super::as_table(&args.at(1)) {
        this.metadata.remove(&table);
    }
    Ok(Value::None)
}

impl Object for MetaDataObject {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class("sqlalchemy.sql.schema.MetaData")
    }

    fn repr(&self, _: &mut Vm) -> Result<Str, Raise> {
        Ok("MetaData()".into())
    }

    fn contains(&self, _: &mut Vm, item: &Value) -> Result<Option<bool>, Raise> {
        let key = item.as_str();
        let known = |table: Table| self.metadata.table(&table.full_name()).is_some();
        Ok(Some(match key {
            Some(key) => self.metadata.contains(&key),
            None => super::as_table(item).is_some_and(known),
        }))
    }

    fn get_attribute(self: Rc<Self>, vm: &mut Vm, name: &str) -> Result<Option<Value>, Raise> {
        Ok(match name {
            "tables" => {
                let mut tables = Vec::new();
                for (key, table) in self.metadata.tables() {
                    tables.push((key, super::table_object(vm, &table)?));
                }
                Some(expression::facade(tables))
            }
            "sorted_tables" => {
                let sorted = self.metadata.sorted_tables();
                if let Some(error) = &sorted.error {
                    return Err(exc::from_sql(vm, error));
                }
                let mut tables = Vec::new();
                for (table, _) in &sorted.tables {
                    tables.push(super::table_object(vm, table)?);
                }
                Some(Value::list(tables))
            }
            "schema" => Some(self.metadata.schema().map_or(Value::None, |s| Value::from(&*s))),
            "info" => Some(match self.metadata.info() {
                Some(info) => value::to_python(vm, &info),
                None => {
                    let info = Value::dict([]);
                    let stored = value::from_python(vm, &info)?;
                    self.metadata.set_info(stored);
                    info
                }
            }),
            _ => None,
        })
    }
}
