//! Classes that derive from mapped classes: single-table and joined-table inheritance.

use std::rc::Rc;

use vidro_sql::schema::Column;

use super::mapper::{ColumnSpec, Mapper, MapperSpec, push_column};
use super::{MapperId, Mapping, Property};
use crate::error::{Error, Result};

/// A mapper that starts with everything its parent has.
pub(super) fn inherit(mapping: &Mapping, parent: MapperId, id: MapperId) -> Result<Mapper> {
    let parent = mapping.mapper(parent);
    if parent.id == MapperId::NONE {
        return Err(Error::invalid_request("the class to inherit from is not mapped"));
    }
    Ok(Mapper {
        id,
        inherits: Some(parent.id),
        children: Vec::new(),
        polymorphic_identity: None,
        polymorphic_load: None,
        delete_orphans: Vec::new(),
        unconfigured: Vec::new(),
        ..Mapper::clone(parent)
    })
}

/// Maps a column; one that inheritance joins to an inherited column shares its attribute.
pub(super) fn add_column(
    mapper: &mut Mapper,
    key: &Rc<str>,
    column: &Column,
    given: &ColumnSpec,
) -> Result<()> {
    match mapper.properties.get(key).copied() {
        Some(Property::Column(index)) => {
            let attribute = mapper.columns.get_mut(usize::from(index));
            let attribute = attribute.filter(|a| !a.columns.iter().any(|c| c.ptr_eq(column)));
            if let Some(attribute) = attribute {
                attribute.columns.insert(0, column.clone());
            }
            Ok(())
        }
        _ => push_column(mapper, key, vec![column.clone()], given, None),
    }
}

/// The discriminator and its value for this class.
pub(super) fn set_polymorphic(mapper: &mut Mapper, spec: &MapperSpec) -> Result<()> {
    if let Some(column) = &spec.polymorphic_on {
        mapper.polymorphic_on = mapper.attribute_of(column);
        if mapper.polymorphic_on.is_none() {
            return Err(Error::argument(format!(
                "Can't determine polymorphic_on value '{column}' - no attribute is mapped to this name."
            )));
        }
    }
    mapper.polymorphic_identity = spec.polymorphic_identity.clone();
    mapper.polymorphic_load = spec.polymorphic_load;
    Ok(())
}
