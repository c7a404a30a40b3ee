//! `TypedColumns`: the columns of a `Table` written as the body of a class.

use std::rc::Rc;

use vidro_python::{Class, Raise, Str, Value, Vm};
use vidro_sql::name::Name;
use vidro_sql::schema::{Column, ColumnSpec};

use super::annotation::{self, MappedType, Meaning};
use super::declarative::{is_special, names_of};
use crate::{exc, schema};

/// The module that defines `TypedColumns`.
pub(super) const MODULE: &str = "sqlalchemy.sql._annotated_cols";

/// The columns of a `TypedColumns` class; none for anything else.
pub(crate) fn typed_columns(vm: &mut Vm, given: &Value) -> Result<Option<Vec<Column>>, Raise> {
    let Some(class) = given.as_class() else { return Ok(None) };
    let root = vm.named_class(&format!("{MODULE}.TypedColumns"));
    if Rc::ptr_eq(class, &root) || !class.is_subclass(&root) {
        return Ok(None);
    }
    let mut columns: Vec<Column> = Vec::new();
    let levels: Vec<Rc<Class>> = class.mro().cloned().collect();
    for level in levels.iter().rev().filter(|level| level.is_subclass(&root)) {
        for name in names_of(level).into_iter().filter(|name| !is_special(name)) {
            let Some(column) = column(vm, level, &name)? else { continue };
            match columns.iter_mut().find(|known| known.key() == column.key()) {
                Some(known) => *known = column,
                None => columns.push(column),
            }
        }
    }
    Ok(Some(columns))
}

/// One column: a copy of the one that is assigned, completed by the annotation.
fn column(vm: &mut Vm, class: &Rc<Class>, name: &Str) -> Result<Option<Column>, Raise> {
    let annotation = class.annotations().into_iter().find(|found| found.name == *name);
    let mapped = match &annotation {
        Some(annotation) => match annotation::meaning(vm, annotation)? {
            Meaning::Mapped(mapped) => Some(mapped),
            Meaning::Ignored | Meaning::Plain => None,
        },
        None => None,
    };
    let assigned = class.dict.get(name);
    let column = match assigned.as_ref().map(schema::as_column) {
        Some(Some(column)) => column.copy(),
        Some(None) => return Ok(None),
        None => ColumnSpec::unnamed(vidro_sql::types::Type::null()).build(),
    };
    let ty = match &mapped {
        Some(mapped) if column.spec().ty.is_null() => sql_type(vm, class, name, mapped)?,
        _ => None,
    };
    let keyed = !column.spec().foreign_keys.is_empty();
    if ty.is_none() && !keyed && column.spec().ty.is_null() {
        let class = class.name();
        return Err(exc::argument(
            vm,
            format!(
                "Python typing annotation is required for attribute '{class}.{name}' when primary \
                 argument(s) for Column construct are None or not present"
            ),
        ));
    }
    column.alter(|spec| {
        let named: Rc<str> = Rc::from(&**name);
        if spec.name.is_none() {
            spec.name = Some(Name::new(Rc::clone(&named)));
        }
        spec.key.get_or_insert(named);
        if let Some(ty) = ty {
            spec.ty = ty;
        }
        if let Some(mapped) = mapped
            && spec.nullable.is_none()
            && !spec.primary_key
        {
            spec.nullable = Some(mapped.optional);
        }
    });
    Ok(Some(column))
}

fn sql_type(
    vm: &mut Vm,
    class: &Rc<Class>,
    name: &Str,
    mapped: &MappedType,
) -> Result<Option<vidro_sql::types::Type>, Raise> {
    if matches!(mapped.whole, Value::None) {
        return Ok(None);
    }
    match annotation::sql_type(vm, mapped, &[], name) {
        Ok(ty) => Ok(Some(ty)),
        Err(_) => {
            let shown = vm.repr(&mapped.whole)?;
            let class = class.name();
            Err(exc::argument(
                vm,
                format!("Could not find a SQL type for type {shown} in attribute '{class}.{name}'"),
            ))
        }
    }
}
