//! Declarative mapping: from a class statement to table, mapper and attributes.

use std::rc::Rc;

use vidro_orm::mapping::{ColumnSpec as AttributeSpec, Deferred, Lazy, PropertySpec};
use vidro_orm::{MapperId, MapperSpec};
use vidro_python::{Args, Class, Raise, Str, Value, Vm};
use vidro_sql::schema::{Column, Table};

use super::annotation::{self, MappedType, Meaning};
use super::column::{PropertyObject, SynonymObject, implied};
use super::registry;
use super::relationship::RelationshipObject;
use crate::schema::{self, Item, ItemObject};
use crate::types;
use crate::world::{Model, World, with_orm};
use crate::{exc, expression, value};

/// What a scan of a class and its mixins found.
#[derive(Default)]
pub(super) struct Scan {
    /// Attributes in the order of mapping.
    properties: Vec<(Rc<str>, PropertySpec)>,
    /// Columns for the table with their positions.
    columns: Vec<(i64, Column)>,
    /// Constraints and indexes that stood in the class body.
    items: Vec<Value>,
    /// `__tablename__`
    tablename: Option<Value>,
    /// `__table__`
    table: Option<Table>,
    /// `__table_args__`
    table_args: Option<Value>,
    /// `__mapper_args__`
    mapper_args: Option<Value>,
}

/// Maps a class that derives from a declarative base.
pub(super) fn map_class(vm: &mut Vm, class: &Rc<Class>) -> Result<(), Raise> {
    if own_truth(vm, class, "__abstract__")? {
        return Ok(());
    }
    let location = vm.location();
    let inherits = parent_of(vm, class)?;
    let mut scan = Scan::default();
    gather(vm, class, &mut scan)?;
    let table = make_table(vm, class, &mut scan, inherits)?;
    let mapper = declare(vm, class, scan, table.clone(), inherits)?;
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

/// Reads the class and those above it that are not mapped themselves.
pub(super) fn gather(vm: &mut Vm, class: &Rc<Class>, scan: &mut Scan) -> Result<(), Raise> {
    let mut seen: Vec<Str> = Vec::new();
    for (at, level) in class.mro().cloned().collect::<Vec<_>>().into_iter().enumerate() {
        let own = at == 0;
        if !own && (super::mapper_of_class(vm, &level)?.is_some() || is_foreign(&level)) {
            continue;
        }
        special_names(vm, class, &level, own, scan)?;
        for name in names_of(&level) {
            if seen.contains(&name) || is_special(&name) {
                continue;
            }
            let level_annotation = level.annotations().into_iter().find(|a| a.name == name);
            let meaning = match &level_annotation {
                Some(annotation) => annotation::meaning(vm, annotation)?,
                None => Meaning::Ignored,
            };
            let annotated = level_annotation.is_some();
            let found = level.dict.get(&name);
            let mapped = one_name(vm, class, own, &name, found, annotated, meaning, scan)?;
            if mapped {
                seen.push(name);
            }
        }
    }
    Ok(())
}

/// Whether a class is none of the script's.
fn is_foreign(class: &Rc<Class>) -> bool {
    let module = class.module();
    &*module == "builtins" || module.starts_with("sqlalchemy") || &*module == "typing"
}

pub(super) fn is_special(name: &str) -> bool {
    name.starts_with("__") && name.ends_with("__")
}

/// Names of values and annotations of one class, merged so that both keep their order.
pub(super) fn names_of(class: &Rc<Class>) -> Vec<Str> {
    let values: Vec<Str> = class.dict.names().into_iter().map(|(name, _)| name).collect();
    let annotations: Vec<Str> = class.annotations().into_iter().map(|a| a.name).collect();
    let mut overlap: Vec<&Str> = values.iter().filter(|name| annotations.contains(name)).collect();
    let mut lists = [values.iter(), annotations.iter()];
    let mut current = 0;
    let mut out: Vec<Str> = Vec::new();
    loop {
        let mut switched = false;
        while let Some(name) = lists.get_mut(current).and_then(Iterator::next) {
            if let Some(at) = overlap.iter().position(|known| *known == name) {
                overlap.remove(at);
                current = 1 - current;
                switched = true;
                break;
            }
            out.push(name.clone());
        }
        if !switched {
            if let Some(rest) = lists.get_mut(1 - current) {
                out.extend(rest.cloned());
            }
            break;
        }
    }
    let mut unique: Vec<Str> = Vec::new();
    for name in out {
        if !unique.contains(&name) {
            unique.push(name);
        }
    }
    unique
}

/// `__tablename__` and its kin, on the class or a mixin, as values or declared attributes.
fn special_names(
    vm: &mut Vm,
    class: &Rc<Class>,
    level: &Rc<Class>,
    own: bool,
    scan: &mut Scan,
) -> Result<(), Raise> {
    for name in ["__tablename__", "__table__", "__table_args__", "__mapper_args__"] {
        let Some(found) = level.dict.get(name) else { continue };
        let declared = registry::declared(&found);
        let found = match &declared {
            Some(function) => vm.call(function, [Value::Class(Rc::clone(class))])?,
            None => found,
        };
        let _ = own;
        match name {
            "__tablename__" if scan.tablename.is_none() => scan.tablename = Some(found),
            "__table__" if scan.table.is_none() => scan.table = schema::as_table(&found),
            "__table_args__" if scan.table_args.is_none() => scan.table_args = Some(found),
            "__mapper_args__" if scan.mapper_args.is_none() => scan.mapper_args = Some(found),
            _ => {}
        }
    }
    Ok(())
}

/// One name of a class body; whether it is mapped.
#[expect(clippy::too_many_arguments, reason = "everything known about one name")]
fn one_name(
    vm: &mut Vm,
    class: &Rc<Class>,
    own: bool,
    name: &Str,
    found: Option<Value>,
    annotated: bool,
    meaning: Meaning,
    scan: &mut Scan,
) -> Result<bool, Raise> {
    let found = match found.as_ref().and_then(registry::declared) {
        Some(function) => Some(vm.call(&function, [Value::Class(Rc::clone(class))])?),
        None => found,
    };
    match meaning {
        Meaning::Mapped(mapped) => {
            mapped_name(vm, class, own, name, found, &mapped, scan)?;
            return Ok(true);
        }
        Meaning::Plain
            if annotated && is_mappable(vm, found.as_ref())? && !allows_unmapped(vm, class)? =>
        {
            return Err(plain_annotation(vm, class, name));
        }
        Meaning::Plain | Meaning::Ignored => {}
    }
    match found {
        Some(found) => unannotated(vm, class, own, name, found, scan),
        None => Ok(false),
    }
}

/// Whether declarative would map this value: then its annotation must say `Mapped`.
fn is_mappable(vm: &mut Vm, found: Option<&Value>) -> Result<bool, Raise> {
    let _ = vm;
    Ok(match found {
        None => true,
        Some(found) => {
            found.downcast_ref::<PropertyObject>().is_some()
                || found.downcast_ref::<RelationshipObject>().is_some()
        }
    })
}

fn allows_unmapped(vm: &mut Vm, class: &Rc<Class>) -> Result<bool, Raise> {
    match class.lookup("__allow_unmapped__") {
        Some(given) => vm.truth(&given),
        None => Ok(class.lookup("__sa_dataclass__").is_some()),
    }
}

fn plain_annotation(vm: &mut Vm, class: &Rc<Class>, name: &str) -> Raise {
    let class = class.name();
    let raise = exc::raise(
        vm,
        "MappedAnnotationError",
        format!(
            "Type annotation for \"{class}.{name}\" can't be correctly interpreted for Annotated \
             Declarative Table form.  ORM annotations should normally make use of the ``Mapped[]`` \
             generic type, or other ORM-compatible generic type, as a container for the actual type, \
             which indicates the intent that the attribute is mapped. Class variables that are not \
             intended to be mapped by the ORM should use ClassVar[].  To allow Annotated Declarative \
             to disregard legacy annotations which don't use Mapped[] to pass, set \
             \"__allow_unmapped__ = True\" on the class or a superclass this class."
        ),
    );
    raise.0.set("code", Value::from("zlpr"));
    raise
}

/// `name: Mapped[…]`, with or without a value.
fn mapped_name(
    vm: &mut Vm,
    class: &Rc<Class>,
    own: bool,
    name: &Str,
    found: Option<Value>,
    mapped: &MappedType,
    scan: &mut Scan,
) -> Result<(), Raise> {
    let Some(found) = found else {
        let carried =
            mapped.metadata.iter().find(|given| given.downcast_ref::<PropertyObject>().is_some());
        let carried = carried.and_then(|given| given.downcast::<PropertyObject>());
        let base = match carried {
            Some(carried) => clone_property(&carried, true),
            None => implied(),
        };
        return add_column(vm, class, name, &base, Some(mapped), scan);
    };
    if let Some(property) = found.downcast::<PropertyObject>() {
        let copy;
        let property: &PropertyObject = if own {
            &property
        } else {
            copy = clone_property(&property, true);
            &copy
        };
        return add_column(vm, class, name, property, Some(mapped), scan);
    }
    if let Some(relationship) = found.downcast::<RelationshipObject>() {
        return add_relationship(vm, name, &relationship, Some(mapped), scan);
    }
    if let Some(column) = schema::as_column(&found) {
        let property = PropertyObject { column: Some(column), typed: true, ..implied() };
        return add_column(vm, class, name, &property, Some(mapped), scan);
    }
    if found.downcast_ref::<SynonymObject>().is_some() {
        unannotated(vm, class, own, name, found, scan)?;
        return Ok(());
    }
    // A plain default value beside an annotation: `name: Mapped[str] = "x"`.
    let mut property = implied();
    property.field.default = Some(found);
    add_column(vm, class, name, &property, Some(mapped), scan)
}

/// A value without a `Mapped` annotation; whether it is mapped.
fn unannotated(
    vm: &mut Vm,
    class: &Rc<Class>,
    own: bool,
    name: &Str,
    found: Value,
    scan: &mut Scan,
) -> Result<bool, Raise> {
    if let Some(column) = schema::as_column(&found) {
        let column = if own || column.table().is_some() { column } else { column.copy() };
        let property = PropertyObject { column: Some(column), typed: true, ..implied() };
        add_column(vm, class, name, &property, None, scan)?;
        return Ok(true);
    }
    if let Some(property) = found.downcast::<PropertyObject>() {
        let property = if own { property } else { Rc::new(clone_property(&property, true)) };
        add_column(vm, class, name, &property, None, scan)?;
        return Ok(true);
    }
    if let Some(relationship) = found.downcast::<RelationshipObject>() {
        let given = relationship.copied();
        if matches!(given.target, Deferred::Missing) {
            let class = class.name();
            return Err(exc::argument(
                vm,
                format!(
                    "Python typing annotation is required for attribute \"{class}.{name}\" when \
                     primary argument(s) for \"Relationship\" construct are None or not present"
                ),
            ));
        }
        add_relationship(vm, name, &relationship, None, scan)?;
        return Ok(true);
    }
    if let Some(synonym) = found.downcast_ref::<SynonymObject>() {
        let target = Rc::clone(&synonym.name);
        scan.properties.push((Rc::from(&**name), PropertySpec::Synonym(target)));
        return Ok(true);
    }
    if found
        .downcast_ref::<ItemObject>()
        .is_some_and(|o| matches!(o.item, Item::Constraint(_) | Item::Index(_)))
    {
        scan.items.push(found);
        return Ok(false);
    }
    if let Value::Tuple(items) = &found
        && let [only] = &***items
        && (schema::as_column(only).is_some() || only.downcast_ref::<PropertyObject>().is_some())
    {
        vm.write(&format!(
            "SAWarning: Ignoring declarative-like tuple value of attribute '{name}': possibly a \
             copy-and-paste error with a comma accidentally placed at the end of the line?\n"
        ));
    }
    Ok(false)
}

/// The same attribute over a free copy of its column.
fn clone_property(property: &PropertyObject, copy: bool) -> PropertyObject {
    PropertyObject {
        column: property.column.as_ref().map(|c| if copy { c.copy() } else { c.clone() }),
        expression: property.expression.clone(),
        kind: property.kind,
        options: property.options.clone(),
        sort_order: property.sort_order,
        use_existing: property.use_existing,
        typed: property.typed,
        has_insert_default: property.has_insert_default,
        field: property.field.clone(),
    }
}

fn add_column(
    vm: &mut Vm,
    class: &Rc<Class>,
    name: &Str,
    property: &PropertyObject,
    mapped: Option<&MappedType>,
    scan: &mut Scan,
) -> Result<(), Raise> {
    let key: Rc<str> = Rc::from(&**name);
    if let Some(expression) = &property.expression {
        let spec = property.options.clone();
        scan.properties.push((key, PropertySpec::Expression(spec, expression.clone())));
        return Ok(());
    }
    let Some(column) = &property.column else { return Ok(()) };
    let mut options = property.options.clone();
    if let Some(mapped) = mapped {
        apply_annotation(vm, class, name, property, column, mapped, &mut options)?;
    }
    if column.name_opt().is_none() {
        let attribute = Rc::clone(&key);
        column.alter(|spec| {
            spec.name = Some(vidro_sql::name::Name::new(Rc::clone(&attribute)));
            spec.key.get_or_insert(attribute);
        });
    }
    if column.table().is_none() {
        scan.columns.push((property.sort_order, column.clone()));
    }
    options.column = Some(column.clone());
    scan.properties.push((key, PropertySpec::Column(options)));
    Ok(())
}

/// Type, nullability and defaults that the annotation adds to a column.
fn apply_annotation(
    vm: &mut Vm,
    class: &Rc<Class>,
    name: &Str,
    property: &PropertyObject,
    column: &Column,
    mapped: &MappedType,
    options: &mut AttributeSpec,
) -> Result<(), Raise> {
    for carried in &mapped.metadata {
        if let Some(carried) = carried.downcast::<PropertyObject>()
            && let Some(template) = &carried.column
            && !template.ptr_eq(column)
        {
            merge(column, template);
            if !options.deferred {
                options.deferred = carried.options.deferred;
            }
        }
    }
    let optional = mapped.optional;
    column.alter(|spec| {
        if spec.nullable.is_none() && !spec.primary_key {
            spec.nullable = Some(optional);
        }
    });
    let typed = property.typed || !column.spec().ty.is_null();
    let keyed = !column.spec().foreign_keys.is_empty();
    if !typed && !matches!(mapped.whole, Value::None) {
        let maps = type_maps(vm, class)?;
        match annotation::sql_type(vm, mapped, &maps, name) {
            Ok(ty) => column.alter(|spec| spec.ty = ty),
            // A foreign key gives the column its type later.
            Err(raise) if keyed => drop(raise),
            Err(raise) => return Err(raise),
        }
    }
    Ok(())
}

/// What a column lacks, from the one that `Annotated` carries.
fn merge(column: &Column, template: &Column) {
    let from = template.copy();
    let from = from.spec().clone();
    column.alter(|spec| {
        if spec.ty.is_null() {
            spec.ty = from.ty;
        }
        spec.primary_key |= from.primary_key;
        spec.nullable = spec.nullable.or(from.nullable);
        spec.unique = spec.unique.or(from.unique);
        spec.index = spec.index.or(from.index);
        if spec.default.is_none() {
            spec.default = from.default;
        }
        if spec.onupdate.is_none() {
            spec.onupdate = from.onupdate;
        }
        if spec.server_default.is_none() {
            spec.server_default = from.server_default;
        }
        if spec.foreign_keys.is_empty() {
            spec.foreign_keys = from.foreign_keys;
        }
        if spec.name.is_none() {
            spec.name = from.name;
        }
        spec.comment = spec.comment.take().or(from.comment);
    });
}

/// The `type_annotation_map`s that hold for a class, nearest first.
fn type_maps(vm: &mut Vm, class: &Rc<Class>) -> Result<Vec<Value>, Raise> {
    let mut maps = Vec::new();
    if let Some(map) = class.lookup("type_annotation_map") {
        maps.push(map);
    }
    if let Some(registry) = class.lookup("registry")
        && let Some(map) = vm.try_attribute(&registry, "type_annotation_map")?
        && !map.is_none()
    {
        maps.push(map);
    }
    Ok(maps)
}

fn add_relationship(
    vm: &mut Vm,
    name: &Str,
    relationship: &RelationshipObject,
    mapped: Option<&MappedType>,
    scan: &mut Scan,
) -> Result<(), Raise> {
    let mut spec = relationship.copied();
    if let Some(mapped) = mapped {
        if matches!(spec.target, Deferred::Missing) {
            spec.target = annotation::target(vm, mapped)?;
        }
        if spec.uselist.is_none() {
            spec.uselist = Some(mapped.collection.is_some() || mapped.container != "Mapped");
        }
        match mapped.container {
            "WriteOnlyMapped" => spec.lazy = Lazy::WriteOnly,
            "DynamicMapped" => spec.lazy = Lazy::Dynamic,
            _ => {}
        }
        if let (Some(collection), 0) = (&mapped.collection, spec.tag) {
            let class = match collection {
                Value::Class(class) => class.name(),
                other => {
                    let form = other.downcast_ref::<vidro_python::SpecialForm>();
                    form.map(|form| form.name.clone()).unwrap_or_default()
                }
            };
            if matches!(&*class, "set" | "Set" | "MutableSet" | "AbstractSet") {
                let set = crate::value::builtin(vm, "set").unwrap_or_default();
                spec.tag = World::of(vm)?.keep_collection_class(set);
            }
        }
    }
    scan.properties.push((Rc::from(&**name), PropertySpec::Relationship(Box::new(spec))));
    Ok(())
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
fn table_arguments(vm: &mut Vm, scan: &Scan) -> Result<(Vec<Value>, Vec<(Str, Value)>), Raise> {
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
        "exclude_properties" => spec.exclude = value::strings(vm, &given)?,
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
    class.set(name, Value::object(super::AttributeObject::of_class(mapper, name)));
    Ok(true)
}

/// The type of an attribute, for messages.
#[expect(dead_code, reason = "used by dataclass mapping")]
fn shown_type(vm: &mut Vm, column: &Column) -> Result<String, Raise> {
    let ty = types::object(vm, &column.ty());
    Ok(vm.repr(&ty)?.to_string())
}

/// The arguments a constructor of a mapped class takes.
pub(super) fn constructor(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = args.at(0);
    if args.len() > 1 {
        let given = args.len();
        return Err(vm.type_error(format!(
            "_declarative_constructor() takes 1 positional argument but {given} were given"
        )));
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
