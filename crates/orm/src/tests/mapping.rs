//! Configuration errors, to the letter.

use vidro_sql::schema::MetaData;

use super::blog::{declare, integer, relation, string, table};
use crate::mapping::{Cascade, Direction, configure};
use crate::{NoHost, Orm};

#[test]
fn a_missing_foreign_key_is_named() {
    let metadata = MetaData::new();
    let mut orm = Orm::default();
    let user = table(&metadata, "users", vec![integer("id").primary_key()]);
    let post = table(&metadata, "posts", vec![integer("id").primary_key(), string("title")]);
    declare(&mut orm, "User", &user, vec![("posts", relation("Post", None))]);
    declare(&mut orm, "Post", &post, vec![]);
    let error = configure(&mut orm, &mut NoHost).unwrap_err();
    assert_eq!(
        format!("{error:?}"),
        "NoForeignKeysError: Could not determine join condition between parent/child tables on \
         relationship User.posts - there are no foreign keys linking these tables.  Ensure that \
         referencing columns are associated with a ForeignKey or ForeignKeyConstraint, or specify \
         a 'primaryjoin' expression."
    );
    let again = configure(&mut orm, &mut NoHost).unwrap_err();
    assert!(again.message().starts_with(
        "One or more mappers failed to initialize - can't proceed with initialization of other \
         mappers. Triggering mapper: 'Mapper[User(users)]'. Original exception was: Could not"
    ));
}

#[test]
fn two_foreign_keys_are_ambiguous() {
    let metadata = MetaData::new();
    let mut orm = Orm::default();
    let user = table(&metadata, "users", vec![integer("id").primary_key()]);
    let post = table(
        &metadata,
        "posts",
        vec![
            integer("id").primary_key(),
            integer("a_id").references("users.id"),
            integer("b_id").references("users.id"),
        ],
    );
    declare(&mut orm, "User", &user, vec![]);
    declare(&mut orm, "Post", &post, vec![("user", relation("User", None))]);
    let error = configure(&mut orm, &mut NoHost).unwrap_err();
    assert_eq!(error.kind().name(), "AmbiguousForeignKeysError");
}

#[test]
fn delete_orphan_belongs_to_the_one_side() {
    let metadata = MetaData::new();
    let mut orm = Orm::default();
    let user = table(&metadata, "users", vec![integer("id").primary_key()]);
    let post = table(
        &metadata,
        "posts",
        vec![integer("id").primary_key(), integer("user_id").references("users.id")],
    );
    let mut spec = relation("User", None);
    spec.cascade = Some(Cascade::ALL.union(Cascade::DELETE_ORPHAN));
    declare(&mut orm, "User", &user, vec![]);
    declare(&mut orm, "Post", &post, vec![("user", spec)]);
    let error = configure(&mut orm, &mut NoHost).unwrap_err();
    assert!(error.message().starts_with("For many-to-one relationship Post.user, delete-orphan"));
}

#[test]
fn directions_are_found() {
    let bench = super::blog::blog();
    let direction = |class: &str, key: &str| {
        bench.orm.mapping.relationship(bench.relationship(class, key)).direction
    };
    for (class, key, expected) in [
        ("User", "posts", Direction::OneToMany),
        ("Post", "user", Direction::ManyToOne),
        ("Post", "tags", Direction::ManyToMany),
        ("Tag", "posts", Direction::ManyToMany),
        ("Node", "children", Direction::OneToMany),
        ("Node", "parent", Direction::ManyToOne),
    ] {
        assert_eq!(direction(class, key), expected, "{class}.{key}");
    }
}
