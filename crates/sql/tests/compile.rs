//! Statements and their text, as SQLAlchemy 2.1 writes them.

mod support;

use support::{address, alias, bind, c, check, check_on, schema, user};
use vidro_sql::dialect::Dialect;
use vidro_sql::dml::{Delete, DmlKey, Insert, Update};
use vidro_sql::expr::{Expr, IntoExpr, Op, and_, not_, or_};
use vidro_sql::from::FromClause;
use vidro_sql::select::{CompoundSelect, LabelStyle, Query, Select, SetOperation};
use vidro_sql::types::Type;

#[test]
fn selects() {
    let m = schema();
    let (u, a) = (user(&m), address(&m));
    let uf = FromClause::from(&u);
    let af = FromClause::from(&a);
    check(
        Select::of(&uf).where_(c(&u, "name").eq("spongebob").unwrap()),
        "SELECT user_account.id, user_account.name, user_account.fullname \nFROM user_account \nWHERE user_account.name = :name_1",
    );
    check(
        Select::new([c(&u, "name"), c(&a, "email_address")]).join(&a, None),
        "SELECT user_account.name, address.email_address \nFROM user_account JOIN address ON user_account.id = address.user_id",
    );
    check(
        Select::new([c(&u, "name"), Expr::count(&c(&a, "id")).label("count")])
            .join(&a, None)
            .group_by(c(&u, "name"))
            .having(Expr::count(&c(&a, "id")).gt(1).unwrap())
            .order_by("count"),
        "SELECT user_account.name, count(address.id) AS count \nFROM user_account JOIN address ON user_account.id = address.user_id GROUP BY user_account.name \nHAVING count(address.id) > :count_1 ORDER BY count",
    );
    check(
        Select::new([c(&u, "id"), c(&a, "id")]),
        "SELECT user_account.id, address.id AS id_1 \nFROM user_account, address",
    );
    check(
        Select::of(&uf).label_style(LabelStyle::TablenamePlusCol),
        "SELECT user_account.id AS user_account_id, user_account.name AS user_account_name, user_account.fullname AS user_account_fullname \nFROM user_account",
    );
    let (u1, u2) = (uf.alias(None), uf.alias(None));
    check(
        Select::new([u1.c("name").unwrap(), u2.c("name").unwrap()])
            .join(&u2, Some(u1.c("id").unwrap().gt(u2.c("id").unwrap()).unwrap())),
        "SELECT user_account_1.name, user_account_2.name AS name_1 \nFROM user_account AS user_account_1 JOIN user_account AS user_account_2 ON user_account_1.id > user_account_2.id",
    );
    let sub = Query::from(
        Select::new([Expr::count(&c(&a, "id")).label("count"), c(&a, "user_id")])
            .group_by(c(&a, "user_id")),
    )
    .subquery(None);
    check(
        Select::new([c(&u, "name"), sub.c("count").unwrap()]).join(&sub, None),
        "SELECT user_account.name, anon_1.count \nFROM user_account JOIN (SELECT count(address.id) AS count, address.user_id AS user_id \nFROM address GROUP BY address.user_id) AS anon_1 ON user_account.id = anon_1.user_id",
    );
    let scalar = Query::from(
        Select::new([Expr::count(&c(&a, "id"))]).where_(c(&u, "id").eq(c(&a, "user_id")).unwrap()),
    )
    .scalar_subquery();
    check(
        Select::new([c(&u, "name"), scalar.label("n")]),
        "SELECT user_account.name, (SELECT count(address.id) AS count_1 \nFROM address \nWHERE user_account.id = address.user_id) AS n \nFROM user_account",
    );
    let exists = Query::from(
        Select::new([c(&a, "user_id")]).where_(c(&u, "id").eq(c(&a, "user_id")).unwrap()),
    )
    .exists();
    check(
        Select::new([c(&u, "name")]).where_(not_(&exists)),
        "SELECT user_account.name \nFROM user_account \nWHERE NOT (EXISTS (SELECT address.user_id \nFROM address \nWHERE user_account.id = address.user_id))",
    );
    let cte = Query::from(Select::new([c(&a, "user_id")])).cte(Some("x".into()), false, false);
    check(
        Select::new([c(&u, "name")]).join(&cte, None),
        "WITH x AS \n(SELECT address.user_id AS user_id \nFROM address)\n SELECT user_account.name \nFROM user_account JOIN x ON user_account.id = x.user_id",
    );
    let s1 = Select::of(&uf).where_(c(&u, "name").eq("a").unwrap());
    let s2 = Select::of(&uf).where_(c(&u, "name").eq("b").unwrap());
    let union = CompoundSelect::new(SetOperation::UnionAll, vec![s1.into(), s2.into()]).unwrap();
    check(
        union.order_by(c(&u, "name")),
        "SELECT user_account.id, user_account.name, user_account.fullname \nFROM user_account \nWHERE user_account.name = :name_1 UNION ALL SELECT user_account.id, user_account.name, user_account.fullname \nFROM user_account \nWHERE user_account.name = :name_2 ORDER BY name",
    );
    let _ = (af, alias, bind);
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
fn expressions() {
    let x = Expr::column("x", Type::integer());
    let y = Expr::column("y", Type::integer());
    let s = Expr::column("s", Type::string());
    let b = Expr::column("b", Type::boolean());
    let cases: Vec<(Expr, &str)> = vec![
        (x.eq(5).unwrap(), "x = :x_1"),
        (x.add(y.mul(2).unwrap()).unwrap(), "x + y * :y_1"),
        (x.add(&y).unwrap().mul(2).unwrap(), "(x + y) * :param_1"),
        (x.sub(y.sub(1).unwrap()).unwrap(), "x - (y - :y_1)"),
        (x.add(&y).unwrap().add(1).unwrap(), "x + y + :param_1"),
        (x.eq(vidro_sql::Value::Null).unwrap(), "x IS NULL"),
        (x.ne(vidro_sql::Value::Null).unwrap(), "x IS NOT NULL"),
        (s.add("a").unwrap(), "s || :s_1"),
        (not_(&x.eq(1).unwrap()), "x != :x_1"),
        (not_(&b), "b = 0"),
        (and_([b.clone(), x.eq(1).unwrap()]).unwrap(), "b = 1 AND x = :x_1"),
        (
            or_([and_([x.eq(1).unwrap(), y.eq(2).unwrap()]).unwrap(), x.gt(5).unwrap()]).unwrap(),
            "x = :x_1 AND y = :y_1 OR x > :x_2",
        ),
        (
            and_([or_([x.eq(1).unwrap(), y.eq(2).unwrap()]).unwrap(), x.gt(5).unwrap()]).unwrap(),
            "(x = :x_1 OR y = :y_1) AND x > :x_2",
        ),
        (x.in_values([1, 2]).unwrap(), "x IN (__[POSTCOMPILE_x_1])"),
        (not_(&x.in_values([1, 2]).unwrap()), "(x NOT IN (__[POSTCOMPILE_x_1]))"),
        (x.between(1, 5).unwrap(), "x BETWEEN :x_1 AND :x_2"),
        (not_(&x.between(1, 5).unwrap()), "x NOT BETWEEN :x_1 AND :x_2"),
        (s.like("a%").unwrap(), "s LIKE :s_1"),
        (
            s.like_op(Op::ILike, "a".into_operand(), None, false).unwrap(),
            "lower(s) LIKE lower(:s_1)",
        ),
        (
            s.like_op(Op::StartsWith, "a%".into_operand(), None, true).unwrap(),
            "s LIKE :s_1 || '%' ESCAPE '/'",
        ),
        (
            s.like_op(Op::Contains, "a".into_operand(), None, false).unwrap(),
            "s LIKE '%' || :s_1 || '%'",
        ),
        (x.unary(Op::Neg), "-x"),
        (x.div(2).unwrap(), "x / CAST(:x_1 AS NUMERIC)"),
        (x.operate(Op::FloorDiv, 2).unwrap(), "x / :x_1"),
        (Expr::cast(&x, Type::string()).unwrap(), "CAST(x AS VARCHAR)"),
        (Expr::count_star(), "count(*)"),
        (Expr::function("now", vec![]).unwrap(), "now()"),
        (Expr::function("current_timestamp", vec![]).unwrap(), "CURRENT_TIMESTAMP"),
        (x.modifier(Op::Desc).modifier(Op::NullsLast), "x DESC NULLS LAST"),
        (x.collate("nocase"), "x COLLATE nocase"),
        (Expr::extract("year", &x).unwrap(), "EXTRACT(year FROM x)"),
        (
            Expr::case(
                None,
                vec![(x.gt(1).unwrap().into_operand(), "a".into_operand())],
                Some("b".into_operand()),
            )
            .unwrap(),
            "CASE WHEN (x > :x_1) THEN :param_1 ELSE :param_2 END",
        ),
        (
            Expr::function("row_number", vec![]).unwrap().over(
                vec![x.clone()],
                vec![y.clone()],
                None,
            ),
            "row_number() OVER (PARTITION BY x ORDER BY y)",
        ),
        (Expr::text("a = :b"), "a = :b"),
    ];
    for (expr, expect) in cases {
        assert_eq!(expr.to_string(), expect);
    }
}

#[test]
fn the_cache_knows_structures() {
    use vidro_sql::cache::{Cache, Origin};
    use vidro_sql::compile::CompileOptions;
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
