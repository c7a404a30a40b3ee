//! `Table`: its constructor and methods. Tables are FROM objects, see [`crate::expression::FromObject`].

use vidro_python::{Args, ClassBuilder, Raise, Str, Value, Vm};
use vidro_sql::name::Name;
use vidro_sql::schema::{MetaData, Table};
use vidro_sql::schema::{TableItem, TableOptions};

use super::column::is_dialect_option;
use super::{Item, ItemObject, SCHEMA};
use crate::{exc, expression, value};

pub(super) fn define(vm: &mut Vm) {
    let base = vm.named_class("sqlalchemy.sql.selectable.TableClause");
    ClassBuilder::new(SCHEMA, "Table")
        .base(&base)
        .constructor(construct)
        .method("append_column", append_column)
        .method("append_constraint", append_constraint)
        .method("to_metadata", to_metadata)
        .method("tometadata", to_metadata)
        .method("create", |vm, args| super::metadata::create_or_drop(vm, args, true))
        .method("drop", |vm, args| super::metadata::create_or_drop(vm, args, false))
        .build(vm);
}

fn construct(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    args.positional.remove(0);
    if args.positional.len() < 2 {
        return Err(vm.type_error(
            "Table.__init__() missing 2 required positional arguments: 'name' and 'metadata'",
        ));
    }
    let name = args.positional.remove(0);
    let metadata = args.positional.remove(0);
    let Some(name) = expression::name(&name) else {
        return Err(exc::argument(vm, "a table needs a name"));
    };
    let Some(metadata) = super::metadata_of(&metadata) else {
        let shown = vm.repr(&metadata)?;
        return Err(exc::argument(
            vm,
            format!("expected a MetaData instance as the second argument of Table(), got {shown}"),
        ));
    };
    let autoload = args.take_keyword("autoload_with").filter(|given| !given.is_none());
    let (options, rest) = table_options(vm, std::mem::take(&mut args.keywords))?;
    if let Some((name, _)) = rest.first() {
        let name = name.clone();
        return Err(vm.type_error(format!(
            "Additional arguments should be named <dialectname>_<argument>, got '{name}'"
        )));
    }
    let table = new_table(vm, name, &metadata, &args.positional, options)?;
    if let Some(bind) = autoload {
        crate::engine::autoload(vm, &table, &bind)?;
    }
    super::table_object(vm, &table)
}

/// A table of Python items: columns, constraints, indexes.
pub(crate) fn new_table(
    vm: &mut Vm,
    name: Name,
    metadata: &MetaData,
    items: &[Value],
    options: TableOptions,
) -> Result<Table, Raise> {
    let mut parts = Vec::new();
    for given in items {
        match crate::mapping::typed_columns(vm, given)? {
            Some(columns) => parts.extend(columns.into_iter().map(TableItem::Column)),
            None => parts.push(table_item(vm, given)?),
        }
    }
    Table::new(name, metadata, parts, options).map_err(|error| exc::from_sql(vm, &error))
}

fn table_item(vm: &mut Vm, given: &Value) -> Result<TableItem, Raise> {
    if let Some(column) = super::as_column(given) {
        return Ok(TableItem::Column(column));
    }
    if let Some(object) = given.downcast_ref::<ItemObject>() {
        match &object.item {
            Item::Constraint(constraint) => return Ok(TableItem::Constraint(constraint.clone())),
            Item::Index(index) => return Ok(TableItem::Index(index.clone())),
            _ => {}
        }
    }
    let shown = vm.repr(given)?;
    Err(exc::argument(
        vm,
        format!("'SchemaItem' object, such as a 'Column' or a 'Constraint' expected, got {shown}"),
    ))
}

type Keywords = Vec<(Str, Value)>;

/// Keyword arguments of a table, and those it does not know.
pub(crate) fn table_options(
    vm: &mut Vm,
    keywords: Keywords,
) -> Result<(TableOptions, Keywords), Raise> {
    let mut options = TableOptions::default();
    let mut rest = Vec::new();
    for (name, given) in keywords {
        match &*name {
            "schema" => options.schema = expression::name(&given),
            "quote" => options.quote = value::optional_flag(vm, Some(given))?,
            "comment" => options.comment = value::optional_text(vm, Some(given))?,
            "prefixes" => options.prefixes = value::strings(vm, &given)?,
            "info" => options.info = Some(value::from_python(vm, &given)?),
            "extend_existing" => options.extend_existing = vm.truth(&given)?,
            "keep_existing" => options.keep_existing = vm.truth(&given)?,
            "implicit_returning" => {
                options.implicit_returning = value::optional_flag(vm, Some(given))?;
            }
            "quote_schema" | "listeners" | "resolve_fks" | "include_columns" | "must_exist" => {}
            other if is_dialect_option(other) => {
                super::item::dialect_option(vm, other, &given, &mut options.dialect_options)?;
            }
            _ => rest.push((name, given)),
        }
    }
    Ok((options, rest))
}

fn this(vm: &mut Vm, args: &Args) -> Result<Table, Raise> {
    match super::as_table(&args.at(0)) {
        Some(table) => Ok(table),
        None => Err(vm.type_error("a table was expected")),
    }
}

fn append_column(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    let table = this(vm, &args)?;
    let replace = value::flag(vm, args.take_keyword("replace_existing"))?;
    if let Some(column) = super::as_column(&args.at(1)) {
        table.append_column(&column, replace).map_err(|error| exc::from_sql(vm, &error))?;
    }
    Ok(Value::None)
}

fn append_constraint(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let table = this(vm, &args)?;
    let result = match table_item(vm, &args.at(1))? {
        TableItem::Constraint(constraint) => table.append_constraint(&constraint),
        TableItem::Index(index) => table.append_index(&index),
        TableItem::Column(column) => table.append_column(&column, false),
    };
    result.map_err(|error| exc::from_sql(vm, &error))?;
    Ok(Value::None)
}

fn to_metadata(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [this, metadata, _schema, _referred, name] =
        args.bind(vm, "Table.to_metadata(self, metadata, schema=, referred_schema_fn=, name=)")?;
    let table = super::as_table(&this.unwrap_or_default());
    let metadata = metadata.as_ref().and_then(super::metadata_of);
    let name = name.as_ref().and_then(expression::name);
    match (table, metadata) {
        (Some(table), Some(metadata)) => {
            let copy =
                table.to_metadata(&metadata, name).map_err(|error| exc::from_sql(vm, &error))?;
            super::table_object(vm, &copy)
        }
        _ => Ok(Value::None),
    }
}
