//! Declarative mapping: from a class statement to table, mapper and attributes.

mod scan;

use std::rc::Rc;

use vidro_orm::mapping::{ColumnSpec as AttributeSpec, PolymorphicLoad, PropertySpec};
use vidro_orm::{MapperId, MapperSpec};
use vidro_python::{Args, Class, Raise, Str, Value, Vm};
use vidro_sql::schema::{Column, Table};

use super::column::{PropertyObject, SynonymObject};
use super::composite::CompositeObject;
use super::relationship::RelationshipObject;
use super::{dataclass, registry};
use crate::schema::{self};
use crate::world::{Model, World, with_orm};
use crate::{exc, expression, value};
use scan::{Scan, gather};
pub(super) use scan::{is_special, names_of};

/// Maps a class that derives from a declarative base.
///
/// `keywords` are those of the class statement; only dataclass mapping has any.
pub(super) fn map_class(
    vm: &mut Vm,
    class: &Rc<Class>,
    keywords: &[(Str, Value)],
) -> Result<(), Raise> {
    dataclass::inherit(vm, class, keywords)?;
    if own_truth(vm, class, "__abstract__")? {
        return Ok(());
    }
    let location = vm.location();
    let inherits = parent_of(vm, class)?;
    let mut scan = Scan::default();
    gather(vm, class, &mut scan)?;
    dataclass::apply(vm, class, &scan.fields)?;
    let table = make_table(vm, class, &mut scan, inherits)?;
    for composite in &scan.composites {
        composite.instruct(&mut scan.properties);
    }
    let composites = std::mem::take(&mut scan.composites);
    let mapper = declare(vm, class, scan, table.clone(), inherits)?;
    for composite in composites {
        composite.install(vm, class, mapper)?;
    }
    finish(vm, class, mapper, table, location)
}

/// The nearest mapped class above.
pub(super) fn parent_of(vm: &mut Vm, class: &Rc<Class>) -> Result<Option<MapperId>, Raise> {
    for above in class.mro().skip(1).cloned().collect::<Vec<_>>() {
        if let Some(mapper) = super::mapper_of_class(vm, &above)? {
            return Ok(Some(mapper));
        }
    }
    Ok(None)
}

fn own_truth(vm: &mut Vm, class: &Rc<Class>, name: &str) -> Result<bool, Raise> {
    match class.dict.get(name) {
        Some(given) => vm.truth(&given),
        None => Ok(false),
    }
}

/// The class's own table: made, given, or none for single-table inheritance.
fn make_table(
    vm: &mut Vm,
    class: &Rc<Class>,
    scan: &mut Scan,
    inherits: Option<MapperId>,
) -> Result<Option<Table>, Raise> {
    scan.columns.sort_by_key(|(order, _)| *order);
    if let Some(table) = &scan.table {
        return Ok(Some(table.clone()));
    }
    let own_name = class.dict.contains("__tablename__");
    let tablename = scan.tablename.clone().filter(|name| !name.is_none());
    // A subclass of a mapped class has a table only if it names one itself, or a mixin does.
    let named = match (&tablename, inherits) {
        (Some(_), Some(parent)) => {
            own_name || inherited_name_differs(vm, parent, tablename.as_ref())?
        }
        (Some(_), None) => true,
        (None, _) => false,
    };
    if !named {
        return single_table(vm, class, scan, inherits);
    }
    let Some(name) = tablename.as_ref().and_then(expression::name) else {
        return Err(exc::argument(vm, "__tablename__ must be a string"));
    };
    let (items, keywords) = table_arguments(vm, scan)?;
    let (options, rest) = schema::table_options(vm, keywords)?;
    if let Some((name, _)) = rest.first() {
        let name = name.clone();
        return Err(vm.type_error(format!(
            "Additional arguments should be named <dialectname>_<argument>, got '{name}'"
        )));
    }
    let mut all = Vec::new();
    for (_, column) in &scan.columns {
        all.push(schema::column_object(vm, column)?);
    }
    all.extend(items);
    all.append(&mut scan.items);
    let metadata = metadata_of(vm, class)?;
    schema::new_table(vm, name, &metadata, &all, options).map(Some)
}

fn inherited_name_differs(
    vm: &mut Vm,
    parent: MapperId,
    name: Option<&Value>,
) -> Result<bool, Raise> {
    let table = super::local_table(vm, parent)?;
    let name = name.and_then(Value::as_str);
    Ok(match (table, name) {
        (Some(table), Some(name)) => **table.name() != *name,
        _ => false,
    })
}

/// Positional and keyword parts of `__table_args__`.
type TableArguments = (Vec<Value>, Vec<(Str, Value)>);

fn table_arguments(vm: &mut Vm, scan: &Scan) -> Result<TableArguments, Raise> {
    let keywords = |dict: &Value| match dict {
        Value::Dict(dict) => dict.names(),
        _ => Vec::new(),
    };
    match &scan.table_args {
        None | Some(Value::None) => Ok((Vec::new(), Vec::new())),
        Some(given @ Value::Dict(_)) => Ok((Vec::new(), keywords(given))),
        Some(Value::Tuple(items)) => match items.split_last() {
            Some((last @ Value::Dict(_), rest)) => Ok((rest.to_vec(), keywords(last))),
            _ => Ok((items.to_vec(), Vec::new())),
        },
        Some(_) => Err(exc::argument(vm, "__table_args__ value must be a tuple, dict, or None")),
    }
}

/// Columns of a class without a table go to its parent's.
fn single_table(
    vm: &mut Vm,
    class: &Rc<Class>,
    scan: &Scan,
    inherits: Option<MapperId>,
) -> Result<Option<Table>, Raise> {
    let Some(parent) = inherits else {
        let shown = crate::value::full_name(class);
        return Err(exc::invalid_request(
            vm,
            format!(
                "Class <class '{shown}'> does not have a __table__ or __tablename__ specified and \
                 does not inherit from an existing table-mapped class."
            ),
        ));
    };
    if let Some(table) = super::local_table(vm, parent)? {
        for (_, column) in &scan.columns {
            if table.column(&column.key()).is_none() {
                table.append_column(column, false).map_err(|error| exc::from_sql(vm, &error))?;
            }
        }
    }
    Ok(None)
}

/// The metadata of a class: its own, its base's or its registry's.
fn metadata_of(vm: &mut Vm, class: &Rc<Class>) -> Result<vidro_sql::schema::MetaData, Raise> {
    if let Some(found) = class.lookup("metadata").as_ref().and_then(schema::metadata_of) {
        return Ok(found);
    }
    if let Some(registry) = class.lookup("registry") {
        let found = vm.get_attribute(&registry, "metadata")?;
        if let Some(found) = schema::metadata_of(&found) {
            return Ok(found);
        }
    }
    Err(exc::invalid_request(vm, "this class has no metadata"))
}

fn declare(
    vm: &mut Vm,
    class: &Rc<Class>,
    scan: Scan,
    table: Option<Table>,
    inherits: Option<MapperId>,
) -> Result<MapperId, Raise> {
    let mut spec = MapperSpec {
        class_name: Rc::from(&*class.qualified_name()),
        module: Rc::from(&*class.module()),
        table,
        inherits,
        properties: scan.properties,
        ..MapperSpec::default()
    };
    spec.class_name = Rc::from(&*class.name());
    if let Some(given) = scan.mapper_args.filter(|given| !given.is_none()) {
        for (name, given) in value::items(vm, &given)? {
            if let Some(name) = name.as_str() {
                mapper_argument(vm, &mut spec, &name, given)?;
            }
        }
    }
    with_orm(vm, |orm, _| orm.declare(spec))
}

/// One entry of `__mapper_args__`.
pub(super) fn mapper_argument(
    vm: &mut Vm,
    spec: &mut MapperSpec,
    name: &str,
    given: Value,
) -> Result<(), Raise> {
    match name {
        "polymorphic_on" => spec.polymorphic_on = column_argument(vm, spec, &given)?,
        "polymorphic_identity" => {
            spec.polymorphic_identity = Some(value::from_python(vm, &given)?);
        }
        "polymorphic_load" => {
            spec.polymorphic_load = match given.as_str().as_deref() {
                Some("inline") => Some(PolymorphicLoad::Inline),
                Some("selectin") => Some(PolymorphicLoad::SelectIn),
                _ => None,
            };
        }
        "version_id_col" => spec.version_id_col = column_argument(vm, spec, &given)?,
        "primary_key" => {
            let mut columns = Vec::new();
            for item in vm.collect(&given)? {
                columns.extend(column_argument(vm, spec, &item)?);
            }
            spec.primary_key = columns;
        }
        "eager_defaults" => {
            spec.eager_defaults = match given.as_str() {
                Some(_) => None,
                None => Some(vm.truth(&given)?),
            };
        }
        "confirm_deleted_rows" => spec.ignore_deleted_rows = !vm.truth(&given)?,
        "exclude_properties" => spec.exclude = column_names(vm, &given)?,
        "include_properties" => spec.include = Some(column_names(vm, &given)?),
        "column_prefix" => spec.column_prefix = value::optional_text(vm, Some(given))?,
        "properties" => {
            for (key, given) in value::items(vm, &given)? {
                let key = value::text(vm, &key)?;
                if let Some(property) = property_spec(vm, &given)? {
                    spec.properties.push((key, property));
                }
            }
        }
        _ => {}
    }
    Ok(())
}

/// Columns given by name or as themselves.
fn column_names(vm: &mut Vm, given: &Value) -> Result<Vec<Rc<str>>, Raise> {
    let mut names = Vec::new();
    for one in vm.collect(given)? {
        names.push(match super::column_behind(&one) {
            Some(column) => Rc::clone(&column.name().text),
            None => value::text(vm, &one)?,
        });
    }
    Ok(names)
}

fn column_argument(vm: &mut Vm, spec: &MapperSpec, given: &Value) -> Result<Option<Column>, Raise> {
    if let Some(name) = given.as_str() {
        let own = spec.properties.iter().find_map(|(key, property)| match property {
            PropertySpec::Column(column) if **key == *name => column.column.clone(),
            _ => None,
        });
        let own = own.or_else(|| spec.table.as_ref().and_then(|table| table.column(&name)));
        if own.is_none() {
            return Err(exc::argument(
                vm,
                format!(
                    "Can't determine polymorphic_on value '{name}' - no attribute is mapped to this name."
                ),
            ));
        }
        return Ok(own);
    }
    if let Some(column) = super::column_behind(given) {
        return Ok(Some(column));
    }
    Ok(expression::try_expr(vm, given)?.and_then(|expr| expr.schema_column().cloned()))
}

/// A property given by value: `properties={"posts": relationship(…)}` or `User.posts = …`.
pub(super) fn property_spec(vm: &mut Vm, given: &Value) -> Result<Option<PropertySpec>, Raise> {
    if let Some(relationship) = given.downcast_ref::<RelationshipObject>() {
        return Ok(Some(PropertySpec::Relationship(Box::new(relationship.copied()))));
    }
    if let Some(property) = given.downcast_ref::<PropertyObject>() {
        let mut options = property.options.clone();
        return Ok(Some(match &property.expression {
            Some(expression) => PropertySpec::Expression(options, expression.clone()),
            None => {
                options.column = property.column.clone();
                PropertySpec::Column(options)
            }
        }));
    }
    if given.downcast_ref::<CompositeObject>().is_some() {
        return Ok(Some(PropertySpec::Foreign));
    }
    if let Some(synonym) = given.downcast_ref::<SynonymObject>() {
        return Ok(Some(PropertySpec::Synonym(Rc::clone(&synonym.name))));
    }
    if let Some(column) = schema::as_column(given) {
        let options = AttributeSpec { column: Some(column), ..AttributeSpec::default() };
        return Ok(Some(PropertySpec::Column(options)));
    }
    if expression::try_expr(vm, given)?.is_some() {
        let expr = expression::expect(vm, given)?;
        return Ok(Some(PropertySpec::Expression(AttributeSpec::default(), expr)));
    }
    Ok(None)
}

/// Ties class, mapper and table together and tells who wants to know.
pub(super) fn finish(
    vm: &mut Vm,
    class: &Rc<Class>,
    mapper: MapperId,
    table: Option<Table>,
    location: Option<vidro_python::Location>,
) -> Result<(), Raise> {
    let world = World::of(vm)?;
    let model = Model { mapper, class: Rc::clone(class), declared_at: location };
    world.models.borrow_mut().push(model.clone());
    let table = match table {
        Some(table) => Some(table),
        None => super::local_table(vm, mapper)?,
    };
    if let Some(table) = table {
        let table = schema::table_object(vm, &table)?;
        class.set("__table__", table);
    }
    class.set("__mapper__", super::mapper::object(mapper));
    super::install_attributes(vm, class, mapper)?;
    super::listen_for_validators(vm, class, mapper)?;
    if let Some(registry) = class.lookup("registry") {
        registry::remember(vm, &registry, class)?;
    }
    world.surroundings.declared(&model);
    Ok(())
}

/// An attribute set on a class that is mapped already; whether it was a mapping.
pub(super) fn add_later(
    vm: &mut Vm,
    class: &Rc<Class>,
    name: &str,
    given: &Value,
) -> Result<bool, Raise> {
    let Some(mapper) = super::mapper_of_class(vm, class)? else { return Ok(false) };
    if given.downcast_ref::<super::AttributeObject>().is_some() {
        return Ok(false);
    }
    let Some(property) = property_spec(vm, given)? else { return Ok(false) };
    if let PropertySpec::Column(options) = &property
        && let Some(column) = &options.column
        && column.table().is_none()
    {
        if column.name_opt().is_none() {
            column.alter(|spec| spec.name = Some(name.into()));
        }
        if let Some(table) = super::local_table(vm, mapper)? {
            table.append_column(column, false).map_err(|error| exc::from_sql(vm, &error))?;
        }
    }
    with_orm(vm, |orm, _| orm.add_property(mapper, Rc::from(name), property))?;
    if let Some(composite) = given.downcast_ref::<CompositeObject>() {
        composite.ready(vm, Rc::from(name))?.install(vm, class, mapper)?;
        return Ok(true);
    }
    class.set(name, Value::object(super::AttributeObject::of_class(mapper, name)));
    Ok(true)
}

/// The arguments a constructor of a mapped class takes.
pub(super) fn constructor(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = args.at(0);
    if args.len() > 1 {
        let given = args.len();
        return Err(
            vm.type_error(format!("__init__() takes 1 positional argument but {given} were given"))
        );
    }
    let class = vm.class_of(&this);
    for (name, given) in args.keywords {
        if class.lookup(&name).is_none() {
            let class = class.name();
            return Err(
                vm.type_error(format!("'{name}' is an invalid keyword argument for {class}"))
            );
        }
        vm.set_attribute(&this, &name, given)?;
    }
    Ok(Value::None)
}
