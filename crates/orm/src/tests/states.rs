//! Sessions: states, rollback, savepoints, failing flushes, references.

use vidro_sql::Value;

use super::blog::blog;
use crate::session::{self, Transition};
use crate::{ErrorKind, NoHost, State};

#[test]
fn states_and_rollback() {
    let mut bench = blog();
    let user = bench.create("User", &[("name", "a".into())]);
    assert_eq!(bench.orm.instances[user].state(), State::Transient);
    bench.add(&[user]);
    assert_eq!(bench.orm.instances[user].state(), State::Pending);
    bench.flush();
    assert_eq!(bench.orm.instances[user].state(), State::Persistent);
    bench.rollback();
    assert_eq!(bench.orm.instances[user].state(), State::Transient);
    assert_eq!(bench.orm.instances[user].key(), None);
    bench.add(&[user]);
    bench.commit();
    bench.delete(user);
    bench.flush();
    assert_eq!(bench.orm.instances[user].state(), State::Deleted);
    bench.rollback();
    assert_eq!(bench.orm.instances[user].state(), State::Persistent);
    assert_eq!(bench.value(user, "name"), "a".into());
    bench.delete(user);
    bench.commit();
    assert_eq!(bench.orm.instances[user].state(), State::Detached);
}

#[test]
fn illegal_transitions_are_errors() {
    let mut bench = blog();
    let user = bench.create("User", &[]);
    for transition in Transition::ALL.iter().filter(|t| t.from() != State::Transient) {
        let moved = session::transition(&mut bench.orm, user, *transition);
        assert_eq!(moved.unwrap_err().kind(), ErrorKind::IllegalStateChangeError);
    }
    let error = session::delete(&mut bench.orm, &mut NoHost, bench.session, user).unwrap_err();
    assert_eq!(
        error.message(),
        format!("Instance '{}' is not persisted", bench.orm.state_str(user))
    );
}

#[test]
fn a_failing_flush_changes_no_object() {
    let mut bench = blog();
    let a = bench.create("Tag", &[("id", Value::Int(1))]);
    bench.add(&[a]);
    bench.commit();
    bench.orm.instances.retain(a);
    bench.expunge_all();
    bench.log();
    let user = bench.create("User", &[("name", "u".into())]);
    let twin = bench.create("Tag", &[("id", Value::Int(1))]);
    bench.add(&[user, twin]);
    let error = crate::flush::flush(&mut bench.orm, &mut NoHost, bench.session, None).unwrap_err();
    assert!(error.as_engine().unwrap().is_integrity());
    assert_eq!(bench.orm.instances[user].state(), State::Transient);
    assert_eq!(bench.value(user, "id"), Value::Null);
    let again = bench.get_error("User", 1);
    assert_eq!(again.kind(), ErrorKind::PendingRollbackError);
    assert!(again.message().starts_with(
        "This Session's transaction has been rolled back due to a previous exception during \
         flush. To begin a new transaction with this Session, first issue Session.rollback(). \
         Original exception was: (sqlite3.IntegrityError) UNIQUE constraint failed: tag.id"
    ));
    bench.rollback();
    assert_eq!(bench.get("User", 1), None);
}

impl super::Bench {
    fn get_error(&mut self, class: &str, key: i64) -> crate::Error {
        let mapper = self.mapper(class);
        crate::load::get(&mut self.orm, &mut NoHost, self.session, mapper, &[Value::Int(key)])
            .unwrap_err()
    }
}

#[test]
fn savepoints_restore_what_changed_inside() {
    let mut bench = blog();
    let outer = bench.create("User", &[("name", "outer".into())]);
    bench.add(&[outer]);
    session::begin_nested(&mut bench.orm, &mut NoHost, bench.session).unwrap();
    let inner = bench.create("User", &[("name", "inner".into())]);
    bench.add(&[inner]);
    bench.flush();
    session::rollback_innermost(&mut bench.orm, &mut NoHost, bench.session).unwrap();
    assert_eq!(bench.orm.instances[inner].state(), State::Transient);
    assert_eq!(bench.orm.instances[outer].state(), State::Persistent);
    bench.commit();
    bench.check(
        "BEGIN
        INSERT INTO users (name) VALUES (?) ('outer')
        SAVEPOINT sa_savepoint_1
        INSERT INTO users (name) VALUES (?) ('inner')
        ROLLBACK TO SAVEPOINT sa_savepoint_1
        COMMIT",
    );
}

#[test]
fn the_identity_map_is_weak() {
    let mut bench = blog();
    let user = bench.create("User", &[("name", "a".into())]);
    let post = bench.create("Post", &[("title", "p".into())]);
    bench.append(user, "posts", post);
    bench.add(&[user]);
    bench.orm.instances.release(post);
    bench.orm.instances.release(user);
    bench.orm.collect_unreferenced();
    assert_eq!(bench.orm.instances.len(), 2, "pending objects are held");
    bench.flush();
    bench.orm.collect_unreferenced();
    bench.orm.collect_cycles();
    assert_eq!(bench.orm.instances.len(), 0, "persistent ones are not");
    assert!(bench.orm.sessions.get(bench.session).unwrap().identity.is_empty());
    let again = bench.get("User", 1).unwrap();
    assert_ne!(again, user);
}

#[test]
fn detached_objects_say_so() {
    let mut bench = blog();
    let user = bench.create("User", &[("name", "a".into())]);
    bench.add(&[user]);
    bench.commit();
    bench.expunge_all();
    let shown = bench.orm.state_str(user);
    let error = bench.orm.get(&mut NoHost, user, "name").unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "Instance {shown} is not bound to a Session; attribute refresh operation cannot \
             proceed (Background on this error at: https://sqlalche.me/e/21/bhk3)"
        )
    );
    let error = bench.orm.get(&mut NoHost, user, "posts").unwrap_err();
    assert_eq!(
        error.message(),
        format!(
            "Parent instance {shown} is not bound to a Session; lazy load operation of attribute \
             'posts' cannot proceed"
        )
    );
}

#[test]
fn backrefs_cascade_one_way_only() {
    let mut bench = blog();
    let user = bench.create("User", &[("name", "a".into())]);
    bench.add(&[user]);
    bench.commit();
    let post = bench.create("Post", &[]);
    bench.set_one(post, "user", Some(user));
    assert_eq!(bench.orm.instances[post].state(), State::Transient);
    let other = bench.create("Post", &[]);
    bench.append(user, "posts", other);
    assert_eq!(bench.orm.instances[other].state(), State::Pending);
    assert_eq!(bench.one(other, "user"), Some(user));
}
