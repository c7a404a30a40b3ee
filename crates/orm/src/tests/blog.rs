//! The models of most scenarios: users, posts, tags and a tree.

use vidro_sql::schema::{Column, ColumnSpec, MetaData, Table, TableItem, TableOptions};
use vidro_sql::types::Type;

use super::Bench;
use crate::mapping::{BackrefSpec, Deferred, MapperSpec, PropertySpec, RelationshipSpec};
use crate::{MapperId, Orm};

pub(super) fn integer(name: &str) -> ColumnSpec {
    ColumnSpec::new(name, Type::integer())
}

pub(super) fn string(name: &str) -> ColumnSpec {
    ColumnSpec::new(name, Type::string())
}

pub(super) fn table(metadata: &MetaData, name: &str, columns: Vec<ColumnSpec>) -> Table {
    let items = columns.into_iter().map(|c| TableItem::Column(Column::new(c))).collect();
    Table::new(name, metadata, items, TableOptions::default()).unwrap()
}

pub(super) fn text(name: &str) -> Deferred {
    Deferred::Text(name.into())
}

pub(super) fn relation(target: &str, back: Option<&str>) -> RelationshipSpec {
    RelationshipSpec {
        target: text(target),
        back_populates: back.map(Into::into),
        ..RelationshipSpec::default()
    }
}

pub(super) fn declare(
    orm: &mut Orm,
    class: &str,
    table: &Table,
    relationships: Vec<(&str, RelationshipSpec)>,
) -> MapperId {
    let properties = relationships
        .into_iter()
        .map(|(key, spec)| (key.into(), PropertySpec::Relationship(Box::new(spec))))
        .collect();
    orm.declare(MapperSpec {
        class_name: class.into(),
        module: "__main__".into(),
        table: Some(table.clone()),
        properties,
        ..MapperSpec::default()
    })
    .unwrap()
}

/// User 1-N Post N-N Tag, and Node with children and parent.
pub(super) fn blog() -> Bench {
    blog_with(|_| {})
}

/// The same with `User.posts` configured further.
pub(super) fn blog_with(change: impl FnOnce(&mut RelationshipSpec)) -> Bench {
    let metadata = MetaData::new();
    let mut orm = Orm::default();
    let tags = table(
        &metadata,
        "tags",
        vec![
            integer("post_id").references("posts.id").primary_key(),
            integer("tag_id").references("tag.id").primary_key(),
        ],
    );
    let users = table(&metadata, "users", vec![integer("id").primary_key(), string("name")]);
    let posts = table(
        &metadata,
        "posts",
        vec![
            integer("id").primary_key(),
            string("title"),
            integer("user_id").references("users.id"),
        ],
    );
    let tag = table(&metadata, "tag", vec![integer("id").primary_key(), string("name")]);
    let node = table(
        &metadata,
        "node",
        vec![integer("id").primary_key(), integer("parent_id").references("node.id")],
    );
    let mut user_posts = relation("Post", Some("user"));
    user_posts.order_by = Some(text("Post.title"));
    change(&mut user_posts);
    declare(&mut orm, "User", &users, vec![("posts", user_posts)]);
    let mut post_tags = relation("Tag", None);
    post_tags.secondary = Some(Deferred::Table(tags));
    post_tags.backref = Some(BackrefSpec { key: "posts".into(), spec: Box::default() });
    let post_user = relation("User", Some("posts"));
    declare(&mut orm, "Post", &posts, vec![("user", post_user), ("tags", post_tags)]);
    declare(&mut orm, "Tag", &tag, vec![]);
    let mut children = relation("Node", None);
    let parent = RelationshipSpec {
        remote_side: Some(Deferred::Exprs(vec![node.c("id").unwrap()])),
        ..RelationshipSpec::default()
    };
    children.backref = Some(BackrefSpec { key: "parent".into(), spec: Box::new(parent) });
    declare(&mut orm, "Node", &node, vec![("children", children)]);
    Bench::new(orm, &metadata)
}
