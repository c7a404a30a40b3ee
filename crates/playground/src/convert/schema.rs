//! Models and tables.

use vidro_engine::driver::{ColumnShape, TableShape};
use vidro_orm::mapping::{Cascade, ColumnAttribute, Direction, Mapper};
use vidro_orm::{Orm, Relationship, RelationshipId};
use vidro_protocol as view;
use vidro_script::Model;
use vidro_sql::dialect::Dialect;
use vidro_sql::schema::{Column, Default, ServerDefault};

use super::span;

/// A mapped class, with the relationships that are known so far.
pub(crate) fn model(orm: &Orm, model: &Model) -> view::ModelView {
    let mapper = orm.mapping.mapper(model.mapper);
    view::ModelView {
        class: mapper.class_name.to_string(),
        table: mapper.local_table().map(|table| table.full_name()).unwrap_or_default(),
        base: mapper.inherits.map(|base| orm.mapping.mapper(base).class_name.to_string()),
        columns: mapper.columns.iter().filter_map(|column| mapped_column(mapper, column)).collect(),
        relationships: mapper.relationships.iter().map(|id| relationship(orm, *id)).collect(),
        span: model.declared_at.as_ref().map(span),
    }
}

fn mapped_column(mapper: &Mapper, attribute: &ColumnAttribute) -> Option<view::ColumnView> {
    let column = attribute.column()?;
    let local = mapper.local_table().is_none_or(|own| {
        mapper.inherits.is_none() || column.table().is_some_and(|table| table.ptr_eq(own))
    });
    local.then(|| view::ColumnView {
        name: column.name().to_string(),
        attribute: attribute.key.to_string(),
        type_name: type_name(column),
        primary_key: column.is_primary_key(),
        nullable: column.is_nullable(),
        unique: column.spec().unique == Some(true),
        index: column.spec().index == Some(true),
        foreign_key: column
            .foreign_keys()
            .first()
            .map(vidro_sql::schema::ForeignKey::target_fullname),
        default: default_text(column),
    })
}

/// The type as SQLite's DDL says it.
fn type_name(column: &Column) -> String {
    let ddl = Dialect::for_url("sqlite", None).and_then(|dialect| column.ty().ddl(&dialect));
    ddl.unwrap_or_else(|_| column.ty().python_repr())
}

/// The default of a column as far as it can be shown.
fn default_text(column: &Column) -> Option<String> {
    let spec = column.spec();
    match (&spec.default, &spec.server_default) {
        (Some(Default::Scalar(value)), _) => Some(vidro_sql::repr::value(value)),
        (Some(Default::Callable(callable)), _) => Some(vidro_sql::repr::value(&callable.object())),
        (_, Some(ServerDefault::Text(text))) => Some(text.to_string()),
        (Some(_), _) | (_, Some(_)) => Some("SQL".into()),
        (None, None) => None,
    }
}

fn relationship(orm: &Orm, id: RelationshipId) -> view::RelationshipView {
    let relationship = orm.mapping.relationship(id);
    let secondary = relationship.secondary.as_ref();
    view::RelationshipView {
        name: relationship.key.to_string(),
        target: orm.mapping.mapper(relationship.target).class_name.to_string(),
        kind: kind(orm, &relationship),
        secondary: secondary.map(vidro_sql::schema::Table::full_name),
        back_populates: relationship.back_populates.map(|id| super::relationship_name(orm, id)),
        cascade: cascades(relationship.cascade),
        span: None,
    }
}

fn kind(orm: &Orm, relationship: &Relationship) -> view::RelationshipKind {
    match (relationship.direction, relationship.uselist) {
        (Direction::OneToMany, true) => view::RelationshipKind::OneToMany,
        (Direction::OneToMany, false) => view::RelationshipKind::OneToOne,
        (Direction::ManyToMany, _) => view::RelationshipKind::ManyToMany,
        (Direction::ManyToOne, _) => {
            let scalar_back = relationship.reverse.iter().any(|back| {
                let back = orm.mapping.relationship(*back);
                back.direction == Direction::OneToMany && !back.uselist
            });
            if scalar_back {
                view::RelationshipKind::OneToOne
            } else {
                view::RelationshipKind::ManyToOne
            }
        }
    }
}

fn cascades(cascade: Cascade) -> Vec<String> {
    let named = [
        (Cascade::SAVE_UPDATE, "save-update"),
        (Cascade::MERGE, "merge"),
        (Cascade::DELETE, "delete"),
        (Cascade::DELETE_ORPHAN, "delete-orphan"),
        (Cascade::EXPUNGE, "expunge"),
        (Cascade::REFRESH_EXPIRE, "refresh-expire"),
    ];
    let has = named.iter().filter(|(kind, _)| cascade.contains(*kind));
    has.map(|(_, name)| (*name).to_owned()).collect()
}

/// A table of a database.
pub(crate) fn table(engine: u32, shape: &TableShape) -> view::TableView {
    let columns = shape.columns.iter().map(column).collect();
    view::TableView { engine, name: shape.name.clone(), columns }
}

fn column(shape: &ColumnShape) -> view::ColumnView {
    view::ColumnView {
        name: shape.name.clone(),
        attribute: shape.name.clone(),
        type_name: shape.type_name.clone(),
        primary_key: shape.primary_key,
        nullable: shape.nullable,
        unique: shape.unique,
        index: false,
        foreign_key: shape.foreign_key.clone(),
        default: shape.default.clone(),
    }
}
