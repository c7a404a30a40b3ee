//! Flushes: order and batching of statements.

use vidro_sql::Value;

use super::Bench;
use super::blog::{blog, blog_with};
use crate::InstanceId;
use crate::mapping::Cascade;

/// Two users, two posts with tags, a tree of four.
fn populate(bench: &mut Bench) -> Vec<InstanceId> {
    let a = bench.create("User", &[("name", "a".into())]);
    let p = bench.create("Post", &[("title", "p".into())]);
    for name in ["t1", "t2"] {
        let tag = bench.create("Tag", &[("name", name.into())]);
        bench.append(p, "tags", tag);
    }
    bench.append(a, "posts", p);
    let q = bench.create("Post", &[("title", "q".into())]);
    bench.append(a, "posts", q);
    let b = bench.create("User", &[("name", "b".into())]);
    bench.add(&[a, b]);
    let root = bench.create("Node", &[]);
    let left = bench.create("Node", &[]);
    let right = bench.create("Node", &[]);
    let leaf = bench.create("Node", &[]);
    bench.append(right, "children", leaf);
    bench.append(root, "children", left);
    bench.append(root, "children", right);
    bench.add(&[root]);
    vec![a, b, p, q, root]
}

#[test]
fn parents_come_first_and_trees_go_level_by_level() {
    let mut bench = blog();
    populate(&mut bench);
    bench.commit();
    bench.check(
        "BEGIN
        INSERT INTO users (name) VALUES (?) RETURNING id ('a')
        INSERT INTO users (name) VALUES (?) RETURNING id ('b')
        INSERT INTO node (parent_id) VALUES (?) (None)
        INSERT INTO tag (name) VALUES (?) RETURNING id ('t1')
        INSERT INTO tag (name) VALUES (?) RETURNING id ('t2')
        INSERT INTO posts (title, user_id) VALUES (?, ?) RETURNING id ('p', 1)
        INSERT INTO posts (title, user_id) VALUES (?, ?) RETURNING id ('q', 1)
        INSERT INTO node (parent_id) VALUES (?) RETURNING id (1)
        INSERT INTO node (parent_id) VALUES (?) RETURNING id (1)
        INSERT INTO tags (post_id, tag_id) VALUES (?, ?) (1, 1) (1, 2)
        INSERT INTO node (parent_id) VALUES (?) (3)
        COMMIT",
    );
}

#[test]
fn deleting_a_parent_nulls_its_children() {
    let mut bench = blog();
    populate(&mut bench);
    bench.commit();
    bench.expunge_all();
    bench.log();
    let user = bench.get("User", 1).unwrap();
    bench.delete(user);
    bench.flush();
    bench.check(
        "BEGIN
        SELECT users.id, users.name FROM users WHERE users.id = ? (1)
        SELECT posts.id, posts.title, posts.user_id FROM posts WHERE ? = posts.user_id ORDER BY posts.title (1)
        UPDATE posts SET user_id=? WHERE posts.id = ? (None, 1) (None, 2)
        DELETE FROM users WHERE users.id = ? (1)",
    );
    bench.rollback();
    bench.log();
    let post = bench.get("Post", 1).unwrap();
    bench.delete(post);
    bench.flush();
    bench.check(
        "BEGIN
        SELECT posts.id, posts.title, posts.user_id FROM posts WHERE posts.id = ? (1)
        SELECT tag.id, tag.name FROM tag, tags WHERE ? = tags.post_id AND tag.id = tags.tag_id (1)
        DELETE FROM tags WHERE tags.post_id = ? AND tags.tag_id = ? (1, 1) (1, 2)
        DELETE FROM posts WHERE posts.id = ? (1)",
    );
}

#[test]
fn delete_cascades_take_children_first() {
    let mut bench = blog_with(|posts| {
        posts.cascade = Some(Cascade::ALL.union(Cascade::DELETE_ORPHAN));
    });
    populate(&mut bench);
    bench.commit();
    bench.log();
    let user = bench.get("User", 1).unwrap();
    bench.delete(user);
    let plan = crate::flush::plan(&mut bench.orm, &mut crate::NoHost, bench.session).unwrap();
    assert_eq!(
        plan.to_string(),
        "  1 - delete from tags where post_id=1 where tag_id=1\n  2 - delete from tags where post_id=1 where tag_id=2\n  3 - delete from posts where id=1\n  4 - delete from posts where id=2\n  5 - delete from users where id=1\n"
    );
    bench.log();
    bench.flush();
    bench.check(
        "DELETE FROM tags WHERE tags.post_id = ? AND tags.tag_id = ? (1, 1) (1, 2)
        DELETE FROM posts WHERE posts.id = ? (1) (2)
        DELETE FROM users WHERE users.id = ? (1)",
    );
}

#[test]
fn orphans_are_deleted() {
    let mut bench = blog_with(|posts| {
        posts.cascade = Some(Cascade::ALL.union(Cascade::DELETE_ORPHAN));
    });
    populate(&mut bench);
    bench.commit();
    let user = bench.get("User", 1).unwrap();
    let posts = bench.many(user, "posts");
    bench.log();
    bench.remove(user, "posts", posts[1]);
    bench.flush();
    bench.check(
        "SELECT tag.id, tag.name FROM tag, tags WHERE ? = tags.post_id AND tag.id = tags.tag_id (2)
        DELETE FROM posts WHERE posts.id = ? (2)",
    );
}

#[test]
fn updates_go_by_primary_key_and_group_by_columns() {
    let mut bench = blog();
    let ids = populate(&mut bench);
    bench.commit();
    let (a, b) = (ids[0], ids[1]);
    bench.set(b, "name", "bb".into());
    bench.set(a, "name", "aa".into());
    bench.log();
    bench.commit();
    bench.check(
        "BEGIN
        SELECT users.id FROM users WHERE users.id = ? (1)
        SELECT users.id FROM users WHERE users.id = ? (2)
        UPDATE users SET name=? WHERE users.id = ? ('aa', 1) ('bb', 2)
        COMMIT",
    );
}

#[test]
fn a_moved_child_is_updated_once() {
    let mut bench = blog();
    let ids = populate(&mut bench);
    bench.commit();
    let (a, b, p) = (ids[0], ids[1], ids[2]);
    let posts = bench.many(a, "posts");
    assert_eq!(posts.len(), 2);
    bench.many(b, "posts");
    bench.log();
    bench.append(b, "posts", p);
    bench.flush();
    bench.check("UPDATE posts SET user_id=? WHERE posts.id = ? (2, 1)");
    assert_eq!(bench.many(a, "posts").len(), 1);
    bench.set_one(p, "user", None);
    bench.flush();
    bench.check("UPDATE posts SET user_id=? WHERE posts.id = ? (None, 1)");
}

#[test]
fn a_new_object_takes_over_a_deleted_row() {
    let mut bench = blog();
    populate(&mut bench);
    bench.commit();
    let old = bench.get("Tag", 1).unwrap();
    bench.many(old, "posts");
    bench.log();
    bench.delete(old);
    let new = bench.create("Tag", &[("id", 1.into()), ("name", "new".into())]);
    bench.add(&[new]);
    bench.flush();
    bench.check(
        "DELETE FROM tags WHERE tags.post_id = ? AND tags.tag_id = ? (1, 1)
        UPDATE tag SET name=? WHERE tag.id = ? ('new', 1)",
    );
    assert_eq!(bench.get("Tag", 1), Some(new));
}

#[test]
fn known_keys_allow_executemany() {
    let mut bench = blog();
    let tags: Vec<InstanceId> = [3, 2]
        .into_iter()
        .map(|id| bench.create("Tag", &[("id", Value::Int(id)), ("name", "t".into())]))
        .collect();
    bench.add(&tags);
    bench.flush();
    bench.check(
        "BEGIN
        INSERT INTO tag (id, name) VALUES (?, ?) (3, 't') (2, 't')",
    );
}
