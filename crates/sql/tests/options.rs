//! Compilation with keys of parameters, many rows, literal values, expanded lists.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[cfg(target_family = "wasm")]
#[macro_use]
extern crate vidro_browser_test;
#[cfg(target_family = "wasm")]
wasm_bindgen_test_configure!(run_in_browser);

mod support;

use std::rc::Rc;

use support::{c, schema, table, user};
use vidro_sql::compile::{CompileOptions, Compiled, compile};
use vidro_sql::dialect::Dialect;
use vidro_sql::dml::{Insert, Update};
use vidro_sql::expr::{Expr, IntoExpr, Op, and_};
use vidro_sql::schema::{ColumnSpec, Default as ColumnDefault, MetaData, ServerDefault, Table};
use vidro_sql::select::Select;
use vidro_sql::statement::Statement;
use vidro_sql::types::Type;

fn tables() -> (MetaData, Table, Table) {
    let m = schema();
    let server = |name: &str| Expr::function(name, vec![]).unwrap();
    let mut created = ColumnSpec::new("created", Type::datetime());
    created.server_default = Some(ServerDefault::Sql(server("now")));
    let mut n = ColumnSpec::new("n", Type::integer());
    n.default = Some(ColumnDefault::Scalar(5.into()));
    let mut k = ColumnSpec::new("k", Type::integer());
    k.default = Some(ColumnDefault::Sql(server("foo")));
    let id = ColumnSpec::new("id", Type::integer()).primary_key();
    let name = ColumnSpec::new("name", Type::string_of(30));
    let u = table(&m, "u", vec![id, name, created, n, k]);
    let id = ColumnSpec::new("id", Type::string_of(3)).primary_key();
    let p = table(&m, "p", vec![id, ColumnSpec::new("x", Type::integer())]);
    (m, u, p)
}

fn dialects() -> [Dialect; 4] {
    [Dialect::sqlite(), Dialect::postgresql(), Dialect::mysql(), Dialect::mariadb()]
}

fn with_keys(insert: &Insert, keys: &[&str], many: bool, dialect: &Dialect) -> Compiled {
    let keys: Rc<[Rc<str>]> = keys.iter().map(|key| Rc::from(*key)).collect();
    let options = CompileOptions {
        column_keys: Some(keys),
        for_executemany: many,
        ..CompileOptions::default()
    };
    compile(&insert.clone().into(), dialect, &options).unwrap()
}

/// Text on the four dialects, and what is fetched: `post|pre|implicit|lastrowid`.
fn check(insert: &Insert, keys: &[&str], many: bool, expect: [(&str, &str); 4]) {
    for (dialect, (text, fetched)) in dialects().iter().zip(expect) {
        let compiled = with_keys(insert, keys, many, dialect);
        assert_eq!(&*compiled.sql, text, "{}", dialect.name());
        let info = compiled.dml.unwrap();
        let names = |columns: &[vidro_sql::Column]| {
            columns.iter().map(|c| c.key().to_string()).collect::<Vec<_>>().join(",")
        };
        let have = format!(
            "{}|{}|{}|{}",
            names(&info.postfetch),
            names(&info.prefetch),
            names(&info.implicit_returning),
            u8::from(info.lastrowid)
        );
        assert_eq!(have, fetched, "{}", dialect.name());
    }
}

#[test]
fn one_row() {
    let (_m, u, p) = tables();
    check(
        &Insert::new(&u),
        &["name"],
        false,
        [
            ("INSERT INTO u (name, n, k) VALUES (?, ?, foo())", "created,k|n||1"),
            (
                "INSERT INTO u (name, n, k) VALUES (%(name)s::VARCHAR, %(n)s::INTEGER, foo()) RETURNING u.id",
                "created,k|n|id|0",
            ),
            ("INSERT INTO u (name, n, k) VALUES (%s, %s, foo())", "created,k|n||1"),
            ("INSERT INTO u (name, n, k) VALUES (%s, %s, foo())", "created,k|n||1"),
        ],
    );
    check(
        &Insert::new(&u).altered(|i| i.return_defaults = Some(vec![])),
        &["name"],
        false,
        [
            (
                "INSERT INTO u (name, n, k) VALUES (?, ?, foo()) RETURNING id, created, k",
                "|n|id,created,k|0",
            ),
            (
                "INSERT INTO u (name, n, k) VALUES (%(name)s::VARCHAR, %(n)s::INTEGER, foo()) RETURNING u.id, u.created, u.k",
                "|n|id,created,k|0",
            ),
            ("INSERT INTO u (name, n, k) VALUES (%s, %s, foo())", "created,k|n||1"),
            (
                "INSERT INTO u (name, n, k) VALUES (%s, %s, foo()) RETURNING u.id, u.created, u.k",
                "|n|id,created,k|0",
            ),
        ],
    );
    check(
        &Insert::new(&p),
        &["id", "x"],
        false,
        [
            ("INSERT INTO p (id, x) VALUES (?, ?)", "|||0"),
            ("INSERT INTO p (id, x) VALUES (%(id)s::VARCHAR, %(x)s::INTEGER)", "|||0"),
            ("INSERT INTO p (id, x) VALUES (%s, %s)", "|||0"),
            ("INSERT INTO p (id, x) VALUES (%s, %s)", "|||0"),
        ],
    );
}

#[test]
fn many_rows() {
    let (_m, u, p) = tables();
    let sorted = |insert: Insert| insert.altered(|i| i.sort_by_parameter_order = true);
    check(
        &Insert::new(&u),
        &["name"],
        true,
        [
            ("INSERT INTO u (name, n, k) VALUES (?, ?, foo())", "created,k|n||0"),
            (
                "INSERT INTO u (name, n, k) VALUES (%(name)s::VARCHAR, %(n)s::INTEGER, foo())",
                "created,k|n||0",
            ),
            ("INSERT INTO u (name, n, k) VALUES (%s, %s, foo())", "created,k|n||0"),
            ("INSERT INTO u (name, n, k) VALUES (%s, %s, foo())", "created,k|n||0"),
        ],
    );
    check(
        &sorted(Insert::new(&u).returning(vec![c(&u, "id")])),
        &["name"],
        true,
        [
            ("INSERT INTO u (name, n, k) VALUES (?, ?, foo()) RETURNING id", "created,k|n||0"),
            (
                "INSERT INTO u (name, n, k) SELECT p0::VARCHAR, p1::INTEGER, p2::INTEGER FROM (VALUES (%(name)s::VARCHAR, %(n)s::INTEGER, foo())) AS imp_sen(p0, p1, p2, sen_counter) ORDER BY sen_counter RETURNING u.id, u.id AS id__1",
                "created,k|n||0",
            ),
            (
                "INSERT INTO u (name, n, k) VALUES (%s, %s, foo()) RETURNING u.id, u.id AS id__1",
                "created,k|n||0",
            ),
            (
                "INSERT INTO u (name, n, k) VALUES (%s, %s, foo()) RETURNING u.id, u.id AS id__1",
                "created,k|n||0",
            ),
        ],
    );
    check(
        &sorted(Insert::new(&p).returning(vec![c(&p, "id")])),
        &["id", "x"],
        true,
        [
            ("INSERT INTO p (id, x) VALUES (?, ?) RETURNING id, id AS id__1", "|||0"),
            (
                "INSERT INTO p (id, x) VALUES (%(id)s::VARCHAR, %(x)s::INTEGER) RETURNING p.id, p.id AS id__1",
                "|||0",
            ),
            ("INSERT INTO p (id, x) VALUES (%s, %s) RETURNING p.id, p.id AS id__1", "|||0"),
            ("INSERT INTO p (id, x) VALUES (%s, %s) RETURNING p.id, p.id AS id__1", "|||0"),
        ],
    );
    let id = u.primary_key_columns();
    let compiled = with_keys(
        &sorted(Insert::new(&u).altered(|i| i.return_defaults = Some(id))),
        &["name"],
        true,
        &Dialect::sqlite(),
    );
    assert_eq!(&*compiled.sql, "INSERT INTO u (name, n, k) VALUES (?, ?, foo()) RETURNING id");
    let info = compiled.dml.unwrap();
    let pieces = info.insert_many.unwrap();
    assert_eq!(&*pieces.head, "INSERT INTO u (name, n, k) VALUES ");
    assert_eq!((&*pieces.row, &*pieces.tail), ("(?, ?, foo())", " RETURNING id"));
    assert_eq!((pieces.row_params, pieces.ordered), (2, false));
    assert_eq!(info.implicit_returning.len(), 1);
}

#[test]
fn literals_and_lists() {
    let m = schema();
    let u = user(&m);
    let when = vidro_sql::Value::DateTime(jiff::civil::datetime(2024, 1, 2, 3, 4, 5, 0));
    let both = and_([
        c(&u, "name").eq("it's").unwrap(),
        c(&u, "id").in_values([1, 2]).unwrap(),
        Expr::literal(1.5).gt(c(&u, "id")).unwrap(),
        Expr::column("d", Type::datetime()).lt(when).unwrap(),
    ]);
    let statement: Statement = Select::new([c(&u, "id")]).where_(both.unwrap()).into();
    let literal = CompileOptions { literal_binds: true, ..CompileOptions::default() };
    let text = |dialect: Dialect, options: &CompileOptions| {
        compile(&statement, &dialect, options).unwrap().sql.to_string()
    };
    assert_eq!(
        text(Dialect::default_dialect(), &literal),
        "SELECT user_account.id \nFROM user_account \nWHERE user_account.name = 'it''s' AND user_account.id IN (1, 2) AND 1.5 > user_account.id AND d < '2024-01-02 03:04:05'"
    );
    assert_eq!(
        text(Dialect::sqlite(), &literal),
        "SELECT user_account.id \nFROM user_account \nWHERE user_account.name = 'it''s' AND user_account.id IN (1, 2) AND 1.5 > user_account.id AND d < '2024-01-02 03:04:05.000000'"
    );
    let expanded = CompileOptions { render_postcompile: true, ..CompileOptions::default() };
    assert_eq!(
        text(Dialect::default_dialect(), &expanded),
        "SELECT user_account.id \nFROM user_account \nWHERE user_account.name = :name_1 AND user_account.id IN (:id_1_1, :id_1_2) AND :param_1 > user_account.id AND d < :d_1"
    );
    let empty: Statement = Select::new([c(&u, "id")])
        .where_(c(&u, "id").in_op(Op::NotIn, vidro_sql::expr::InOperand::Values(vec![])).unwrap())
        .into();
    let options = CompileOptions::default();
    let mut binds = vidro_sql::compile::BindSet::default();
    binds.collect(&empty);
    let rendered = |dialect: Dialect| {
        let compiled = compile(&empty, &dialect, &options).unwrap();
        compiled.render(&binds.binds, &|_| None).unwrap().sql.to_string()
    };
    assert_eq!(
        rendered(Dialect::sqlite()),
        "SELECT user_account.id \nFROM user_account \nWHERE (user_account.id NOT IN (SELECT 1 FROM (SELECT 1) WHERE 1!=1))"
    );
    assert_eq!(
        rendered(Dialect::postgresql()),
        "SELECT user_account.id \nFROM user_account \nWHERE (user_account.id NOT IN (NULL) OR (1 = 1))"
    );
    let update = Update::new(&u)
        .values(vec![("name".into(), "x".into_operand())])
        .unwrap()
        .where_(c(&u, "name").eq("y").unwrap());
    let compiled = compile(&update.into(), &Dialect::default_dialect(), &options).unwrap();
    let names: Vec<_> = compiled.params.iter().map(|p| p.name.to_string()).collect();
    assert_eq!(names, ["name", "name_1"]);
}
