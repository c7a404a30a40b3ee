//! Statements for SQLite as they are executed, and the cache that keeps them.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[cfg(target_family = "wasm")]
#[macro_use]
extern crate vidro_browser_test;
#[cfg(target_family = "wasm")]
wasm_bindgen_test_configure!(run_in_browser);

mod support;

use support::{c, schema, user};
use vidro_sql::compile::{CompileOptions, compile};
use vidro_sql::dialect::Dialect;
use vidro_sql::dml::{Delete, DmlKey, Insert, Update};
use vidro_sql::expr::IntoExpr;
use vidro_sql::from::FromClause;
use vidro_sql::select::Select;
use vidro_sql::statement::Statement;

fn check_on(statement: impl Into<Statement>, dialect: &Dialect, expect: &str) {
    let compiled = compile(&statement.into(), dialect, &CompileOptions::default()).unwrap();
    assert_eq!(&*compiled.sql, expect);
}

#[test]
fn sqlite_statements() {
    let m = schema();
    let u = user(&m);
    let uf = FromClause::from(&u);
    let sqlite = Dialect::sqlite();
    check_on(
        Select::of(&uf).limit(2).unwrap().offset(1).unwrap(),
        &sqlite,
        "SELECT user_account.id, user_account.name, user_account.fullname \nFROM user_account\n LIMIT ? OFFSET ?",
    );
    check_on(
        Select::of(&uf).limit(2).unwrap(),
        &sqlite,
        "SELECT user_account.id, user_account.name, user_account.fullname \nFROM user_account\n LIMIT ? OFFSET ?",
    );
    check_on(
        Insert::new(&u).values(vec![(DmlKey::from("name"), "x".into_operand())]).unwrap(),
        &sqlite,
        "INSERT INTO user_account (name) VALUES (?)",
    );
    check_on(
        Update::new(&u)
            .values(vec![(DmlKey::from("fullname"), "x".into_operand())])
            .unwrap()
            .where_(c(&u, "name").eq("y").unwrap()),
        &sqlite,
        "UPDATE user_account SET fullname=? WHERE user_account.name = ?",
    );
    check_on(
        Delete::new(&u).where_(c(&u, "name").eq("y").unwrap()).returning(vec![c(&u, "id")]),
        &sqlite,
        "DELETE FROM user_account WHERE user_account.name = ? RETURNING id",
    );
    check_on(
        Insert::of_columns(&u, &[1, 2]).returning(vec![c(&u, "id")]),
        &sqlite,
        "INSERT INTO user_account (name, fullname) VALUES (?, ?) RETURNING id",
    );
}

#[test]
fn the_cache_knows_structures() {
    use vidro_sql::cache::{Cache, Origin};
    let m = schema();
    let u = user(&m);
    let mut cache = Cache::default();
    let (sqlite, options) = (Dialect::sqlite(), CompileOptions::default());
    let by_name = |name: &str| {
        let aliased = FromClause::from(&u).alias(None);
        let column = aliased.c("name").unwrap();
        Select::of(&aliased).where_(column.eq(name).unwrap()).into()
    };
    let (first, origin) = cache.compile(&by_name("a"), &sqlite, &options, 1.0).unwrap();
    assert_eq!(origin, Origin::Generated);
    let (second, origin) = cache.compile(&by_name("b"), &sqlite, &options, 2.0).unwrap();
    assert_eq!(origin, Origin::Cached(1.0));
    assert!(std::rc::Rc::ptr_eq(&first, &second));
    let rendered = second.render(cache.binds(), &|_| None).unwrap();
    assert_eq!(rendered.values, vec!["b".into()]);
    let other = Select::new([c(&u, "id")]).where_(c(&u, "id").in_values([1, 2, 3]).unwrap()).into();
    let (compiled, origin) = cache.compile(&other, &sqlite, &options, 3.0).unwrap();
    assert_eq!(origin, Origin::Generated);
    let rendered = compiled.render(cache.binds(), &|_| None).unwrap();
    assert_eq!(
        &*rendered.sql,
        "SELECT user_account.id \nFROM user_account \nWHERE user_account.id IN (?, ?, ?)"
    );
    assert_eq!(rendered.values, vec![1.into(), 2.into(), 3.into()]);
}
