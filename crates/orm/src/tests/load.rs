//! Loading: lazily, by key and eagerly.

use super::Bench;
use super::blog::blog;
use crate::load::EntityId;
use crate::load::{Item, LoadOption, OrmSelect, Strategy, execute};
use crate::{InstanceId, NoHost};

fn populated() -> Bench {
    let mut bench = blog();
    let a = bench.create("User", &[("name", "a".into())]);
    let b = bench.create("User", &[("name", "b".into())]);
    let p = bench.create("Post", &[("title", "p".into())]);
    let q = bench.create("Post", &[("title", "q".into())]);
    bench.append(a, "posts", p);
    bench.append(a, "posts", q);
    for name in ["t1", "t2"] {
        let tag = bench.create("Tag", &[("name", name.into())]);
        bench.append(p, "tags", tag);
    }
    bench.add(&[a, b]);
    bench.commit();
    bench.expunge_all();
    bench.orm.instances.release(a);
    bench.log();
    bench
}

fn select(bench: &mut Bench, class: &str, options: Vec<LoadOption>) -> Vec<InstanceId> {
    let entity = EntityId::of(bench.mapper(class));
    let statement = OrmSelect { options, ..OrmSelect::new(vec![Item::Entity(entity)]) };
    execute(&mut bench.orm, &mut NoHost, bench.session, &statement).unwrap().unique_instances()
}

fn option(bench: &Bench, class: &str, key: &str, strategy: Strategy) -> LoadOption {
    let relationship = Some(bench.relationship(class, key));
    LoadOption { relationship, strategy, ..LoadOption::default() }
}

#[test]
fn lazy_loads() {
    let mut bench = populated();
    let user = bench.get("User", 1).unwrap();
    let posts = bench.many(user, "posts");
    assert_eq!(bench.one(posts[0], "user"), Some(user));
    let tags = bench.many(posts[0], "tags");
    assert_eq!(bench.many(tags[0], "posts"), [posts[0]]);
    assert_eq!(bench.get("User", 1), Some(user));
    bench.check(
        "BEGIN
        SELECT users.id, users.name FROM users WHERE users.id = ? (1)
        SELECT posts.id, posts.title, posts.user_id FROM posts WHERE ? = posts.user_id ORDER BY posts.title (1)
        SELECT tag.id, tag.name FROM tag, tags WHERE ? = tags.post_id AND tag.id = tags.tag_id (1)
        SELECT posts.id, posts.title, posts.user_id FROM posts, tags WHERE ? = tags.tag_id AND posts.id = tags.post_id (1)",
    );
}

#[test]
fn many_to_one_by_key() {
    let mut bench = populated();
    let post = bench.get("Post", 1).unwrap();
    bench.log();
    assert!(bench.one(post, "user").is_some());
    bench.check("SELECT users.id, users.name FROM users WHERE users.id = ? (1)");
}

#[test]
fn eager_loads() {
    for (class, key, strategy, expected) in [
        (
            "User",
            "posts",
            Strategy::SelectIn,
            "SELECT users.id, users.name FROM users
            SELECT posts.user_id, posts.id, posts.title FROM posts WHERE posts.user_id IN (?, ?) ORDER BY posts.title (1, 2)",
        ),
        (
            "Post",
            "tags",
            Strategy::SelectIn,
            "SELECT posts.id, posts.title, posts.user_id FROM posts
            SELECT tags.post_id, tag.id, tag.name FROM tags JOIN tag ON tag.id = tags.tag_id WHERE tags.post_id IN (?, ?) (1, 2)",
        ),
        (
            "Post",
            "user",
            Strategy::SelectIn,
            "SELECT posts.id, posts.title, posts.user_id FROM posts
            SELECT users.id, users.name FROM users WHERE users.id IN (?) (1)",
        ),
        (
            "User",
            "posts",
            Strategy::Joined,
            "SELECT users.id, users.name, posts_1.id AS id_1, posts_1.title, posts_1.user_id FROM users LEFT OUTER JOIN posts AS posts_1 ON users.id = posts_1.user_id ORDER BY posts_1.title",
        ),
        (
            "Post",
            "tags",
            Strategy::Joined,
            "SELECT posts.id, posts.title, posts.user_id, tag_1.id AS id_1, tag_1.name FROM posts LEFT OUTER JOIN (tags AS tags_1 JOIN tag AS tag_1 ON tag_1.id = tags_1.tag_id) ON posts.id = tags_1.post_id",
        ),
        (
            "Post",
            "user",
            Strategy::Joined,
            "SELECT posts.id, posts.title, posts.user_id, users_1.id AS id_1, users_1.name FROM posts LEFT OUTER JOIN users AS users_1 ON users_1.id = posts.user_id",
        ),
    ] {
        let mut bench = populated();
        let option = option(&bench, class, key, strategy);
        let loaded = select(&mut bench, class, vec![option]);
        assert_eq!(loaded.len(), 2);
        bench.check(&format!("BEGIN\n{expected}"));
        let relationship = bench.relationship(class, key);
        let slot = bench.orm.mapping.mapper(bench.mapper(class)).slot(relationship).unwrap();
        assert!(loaded.iter().all(|id| bench.orm.instances[*id].related(slot).is_loaded()));
        assert!(loaded.iter().any(|id| !bench.orm.instances[*id].related(slot).ids().is_empty()));
    }
}

#[test]
fn chained_joins_and_limits() {
    let mut bench = populated();
    let mut outer = option(&bench, "User", "posts", Strategy::Joined);
    outer.children.push(option(&bench, "Post", "tags", Strategy::Joined));
    assert_eq!(select(&mut bench, "User", vec![outer]).len(), 2);
    bench.check(
        "BEGIN
        SELECT users.id, users.name, tag_1.id AS id_1, tag_1.name AS name_1, posts_1.id AS id_2, posts_1.title, posts_1.user_id FROM users LEFT OUTER JOIN posts AS posts_1 ON users.id = posts_1.user_id LEFT OUTER JOIN (tags AS tags_1 JOIN tag AS tag_1 ON tag_1.id = tags_1.tag_id) ON posts_1.id = tags_1.post_id ORDER BY posts_1.title",
    );
    bench.expunge_all();
    let entity = EntityId::of(bench.mapper("User"));
    let mut statement = OrmSelect::new(vec![Item::Entity(entity)]);
    statement.options = vec![option(&bench, "User", "posts", Strategy::Joined)];
    let name = bench.orm.attribute_expr(entity, 1).unwrap();
    statement.select = statement.select.order_by(name).limit(1).unwrap();
    let rows = execute(&mut bench.orm, &mut NoHost, bench.session, &statement).unwrap();
    assert!(rows.requires_unique);
    bench.check(
        "SELECT anon_1.id, anon_1.name, posts_1.id AS id_1, posts_1.title, posts_1.user_id FROM (SELECT users.id AS id, users.name AS name FROM users ORDER BY users.name LIMIT ? OFFSET ?) AS anon_1 LEFT OUTER JOIN posts AS posts_1 ON anon_1.id = posts_1.user_id ORDER BY anon_1.name, posts_1.title (1, 0)",
    );
}
