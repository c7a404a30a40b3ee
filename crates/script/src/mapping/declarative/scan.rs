//! The scan of a class body and its mixins: what each name and annotation maps to.

use std::rc::Rc;

use vidro_orm::mapping::{ColumnSpec as AttributeSpec, Deferred, Lazy, PropertySpec};
use vidro_python::{Class, Raise, Str, Value, Vm};
use vidro_sql::schema::{Column, Table};

use crate::exc;
use crate::mapping::annotation::{self, MappedType, Meaning};
use crate::mapping::column::{FieldOptions, PropertyObject, SynonymObject, implied};
use crate::mapping::composite::{CompositeObject, Part, Pending, part_of};
use crate::mapping::registry;
use crate::mapping::relationship::RelationshipObject;
use crate::schema::{self, Item, ItemObject};
use crate::world::World;

/// What a scan of a class and its mixins found.
#[derive(Default)]
pub(super) struct Scan {
    /// Attributes in the order of mapping.
    pub(super) properties: Vec<(Rc<str>, PropertySpec)>,
    /// Columns for the table with their positions.
    pub(super) columns: Vec<(i64, Column)>,
    /// Constraints and indexes that stood in the class body.
    pub(super) items: Vec<Value>,
    /// `__tablename__`
    pub(super) tablename: Option<Value>,
    /// `__table__`
    pub(super) table: Option<Table>,
    /// `__table_args__`
    pub(super) table_args: Option<Value>,
    /// `__mapper_args__`
    pub(super) mapper_args: Option<Value>,
    /// Composites, which the class gets once it is mapped.
    pub(super) composites: Vec<Pending>,
    /// Attributes with a `Mapped` annotation, and what a dataclass wants to know of them.
    pub(super) fields: Vec<(Str, FieldOptions)>,
}

/// Reads the class and those above it that are not mapped themselves.
pub(super) fn gather(vm: &mut Vm, class: &Rc<Class>, scan: &mut Scan) -> Result<(), Raise> {
    let mut seen: Vec<Str> = Vec::new();
    let mut inherited: Vec<Rc<Class>> = Vec::new();
    for (at, level) in class.mro().cloned().collect::<Vec<_>>().into_iter().enumerate() {
        let own = at == 0;
        if !own && crate::mapping::mapper_of_class(vm, &level)?.is_some() {
            inherited.push(level);
            continue;
        }
        if !own && is_foreign(&level) {
            continue;
        }
        special_names(vm, class, &level, scan)?;
        for name in names_of(&level) {
            // What a mixin gave to a mapped class above comes down from there, not once more.
            let found = level.dict.get(&name);
            let above = inherited.iter().any(|class| class.dict.contains(&name))
                && !found.as_ref().is_some_and(registry::cascades);
            if above || seen.contains(&name) || is_special(&name) {
                continue;
            }
            let level_annotation = level.annotations().into_iter().find(|a| a.name == name);
            let meaning = match &level_annotation {
                Some(annotation) => annotation::meaning(vm, annotation)?,
                None => Meaning::Ignored,
            };
            let annotated = level_annotation.is_some();
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

pub(in crate::mapping) fn is_special(name: &str) -> bool {
    name.starts_with("__") && name.ends_with("__")
}

/// Names of values and annotations of one class, merged so that both keep their order.
pub(in crate::mapping) fn names_of(class: &Rc<Class>) -> Vec<Str> {
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
    scan: &mut Scan,
) -> Result<(), Raise> {
    for name in ["__tablename__", "__table__", "__table_args__", "__mapper_args__"] {
        let Some(found) = level.dict.get(name) else { continue };
        let declared = registry::declared(&found);
        let found = match &declared {
            Some(function) => vm.call(function, [Value::Class(Rc::clone(class))])?,
            None => found,
        };
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
        None if !own && found.as_ref().is_some_and(is_made_per_class) => {
            let message = "Mapper properties (i.e. deferred,column_property(), relationship(), etc.) \
                           must be declared as @declared_attr callables on declarative mixin \
                           classes.  For dataclass field() objects, use a lambda:";
            return Err(exc::invalid_request(vm, message));
        }
        None => found,
    };
    match meaning {
        Meaning::Mapped(mapped) => {
            mapped_name(vm, class, own, name, found, &mapped, scan)?;
            return Ok(true);
        }
        Meaning::Plain
            if annotated && is_mappable(found.as_ref()) && !allows_unmapped(vm, class)? =>
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

/// Whether a mixin may give this value to the classes below it only by a function.
fn is_made_per_class(found: &Value) -> bool {
    found.downcast_ref::<PropertyObject>().is_some_and(|given| given.kind != "MappedColumn")
        || found.downcast_ref::<RelationshipObject>().is_some()
        || found.downcast_ref::<CompositeObject>().is_some()
        || found.downcast_ref::<SynonymObject>().is_some()
}

/// Whether declarative would map this value: then its annotation must say `Mapped`.
fn is_mappable(found: Option<&Value>) -> bool {
    found.is_none_or(|found| {
        found.downcast_ref::<PropertyObject>().is_some()
            || found.downcast_ref::<RelationshipObject>().is_some()
            || found.downcast_ref::<CompositeObject>().is_some()
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
    scan.fields.push((name.clone(), field_of(found.as_ref())));
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
    if let Some(composite) = found.downcast::<CompositeObject>() {
        return add_composite(vm, class, own, name, &composite, Some(mapped), scan);
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
    add_column(vm, class, name, &implied(), Some(mapped), scan)
}

/// What a dataclass makes of the value that stands beside an annotation.
fn field_of(found: Option<&Value>) -> FieldOptions {
    let Some(found) = found else { return FieldOptions::default() };
    if let Some(property) = found.downcast_ref::<PropertyObject>() {
        return property.field.clone();
    }
    if let Some(relationship) = found.downcast_ref::<RelationshipObject>() {
        return relationship.field.clone();
    }
    if let Some(synonym) = found.downcast_ref::<SynonymObject>() {
        return synonym.field.clone();
    }
    if let Some(composite) = found.downcast_ref::<CompositeObject>() {
        return composite.field();
    }
    let plain = schema::as_column(found).is_none();
    FieldOptions { default: plain.then(|| found.clone()), ..FieldOptions::default() }
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
    if let Some(composite) = found.downcast::<CompositeObject>() {
        add_composite(vm, class, own, name, &composite, None, scan)?;
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

/// A composite and the columns that only it names.
fn add_composite(
    vm: &mut Vm,
    class: &Rc<Class>,
    own: bool,
    name: &Str,
    composite: &CompositeObject,
    mapped: Option<&MappedType>,
    scan: &mut Scan,
) -> Result<(), Raise> {
    let key: Rc<str> = Rc::from(&**name);
    scan.properties.push((Rc::clone(&key), PropertySpec::Foreign));
    let annotated = mapped.map(|mapped| &mapped.inner);
    let made = composite.class_or(vm, class, name, annotated)?;
    let mut parts = Vec::new();
    match composite.fields(vm, &made)? {
        Some(fields) => {
            for field in fields {
                let mapped = annotation::of_type(vm, &field.annotation)?;
                let given = field.given.unwrap_or_else(|| Value::object(implied()));
                let name = field.named.map_or(field.name, |named| Str::from(&*named));
                parts.push(add_part(vm, class, own, &given, Some((&name, &mapped)), scan)?);
            }
        }
        None => {
            for given in &composite.parts {
                parts.push(add_part(vm, class, own, given, None, scan)?);
            }
        }
    }
    let optional = mapped.is_some_and(|mapped| mapped.optional);
    scan.composites.push(composite.pending(key, made, parts, optional));
    Ok(())
}

/// One column of a composite; `field` is the name and annotation that a dataclass has for it.
fn add_part(
    vm: &mut Vm,
    class: &Rc<Class>,
    own: bool,
    given: &Value,
    field: Option<(&Str, &MappedType)>,
    scan: &mut Scan,
) -> Result<Part, Raise> {
    let Part::Column(column) = part_of(vm, given)? else { return part_of(vm, given) };
    if column.table().is_some() {
        return Ok(Part::Column(column));
    }
    let column = if own { column } else { column.copy() };
    let (property, mapped) = match given.downcast_ref::<PropertyObject>() {
        Some(given) => {
            let property =
                PropertyObject { column: Some(column.clone()), ..clone_property(given, false) };
            (property, field.map(|(_, mapped)| mapped))
        }
        None => (PropertyObject { column: Some(column.clone()), typed: true, ..implied() }, None),
    };
    let named = column.name_opt().map(|name| Str::from(&*name.text));
    let name = named.or_else(|| field.map(|(name, _)| name.clone())).unwrap_or_default();
    add_column(vm, class, &name, &property, mapped, scan)?;
    Ok(Part::Column(column))
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
