//! The INSERTs, UPDATEs and DELETEs of the corpus.

use vidro_sql::Value;
use vidro_sql::dml::{Delete, DmlKey, Insert, Update};
use vidro_sql::expr::{Expr, IntoExpr, Op, Operand};
use vidro_sql::select::{Affix, Query, Select};
use vidro_sql::statement::Statement;
use vidro_sql::types::Type;

use super::{Case, Tables, c};

fn q(name: &'static str, statement: impl Into<Statement>) -> Case {
    (name, statement.into())
}

fn set<const N: usize>(pairs: [(&str, Operand); N]) -> Vec<(DmlKey, Operand)> {
    pairs.into_iter().map(|(key, value)| (DmlKey::from(key), value)).collect()
}

fn v(value: impl Into<Value>) -> Operand {
    Operand::Value(value.into())
}

pub(crate) fn cases(t: &Tables) -> Vec<Case> {
    let mut out = inserts(t);
    out.extend(updates(t));
    out.extend(deletes(t));
    out
}

fn inserts(t: &Tables) -> Vec<Case> {
    let (u, a, o) = (&t.u, &t.a, &t.o);
    let new = |pairs: Vec<(DmlKey, Operand)>| Insert::new(u).values(pairs).unwrap();
    let email = || c(a, "email_address");
    let rows = vec![
        set([("name", v("a")), ("fullname", v("b"))]),
        set([("name", v("c")), ("fullname", v("d"))]),
    ];
    let scalar =
        Query::from(Select::new([email()]).where_(c(a, "id").eq(1).unwrap())).scalar_subquery();
    let ignore = Affix { text: Expr::text("OR IGNORE"), dialect: None };
    let cte =
        Query::from(Select::new([c(a, "user_id"), email()])).cte(Some("c".into()), false, false);
    let lower = Expr::function("lower", vec![v("A")]).unwrap();
    vec![
        q("i_all", Insert::new(u)),
        q("i_vals", new(set([("name", v("a")), ("fullname", v("b"))]))),
        q("i_one", new(set([("name", v("a"))]))),
        q("i_many", Insert::new(u).values_many(rows).unwrap()),
        q("i_ret", new(set([("name", v("a"))])).returning(vec![c(u, "id"), c(u, "name")])),
        q("i_empty", new(set([("id", v(1))]))),
        q("i_expr", new(set([("name", lower.into_operand())]))),
        q(
            "i_sel",
            Insert::new(u).from_select(
                vec!["name".into(), "fullname".into()],
                Select::new([email(), email()]).into(),
                true,
            ),
        ),
        q("i_sel_sub", new(set([("name", scalar.into_operand())]))),
        q("i_defaults", Insert::new(o).values(set([("userId", v(1))])).unwrap()),
        q("i_key", Insert::new(o).values(set([("remark", v("x")), ("total", v(5))])).unwrap()),
        q("i_prefix", new(set([("name", v("a"))])).altered(|i| i.prefixes.push(ignore))),
        q("i_null", new(set([("name", v(Value::Null))]))),
        q(
            "i_sel_cte",
            Insert::new(u).from_select(
                vec!["name".into()],
                Select::new([cte.c("email_address").unwrap()]).into(),
                true,
            ),
        ),
    ]
}

fn updates(t: &Tables) -> Vec<Case> {
    let (u, a, o) = (&t.u, &t.a, &t.o);
    let (id, name) = (c(u, "id"), c(u, "name"));
    let new = |pairs: Vec<(DmlKey, Operand)>| Update::new(u).values(pairs).unwrap();
    let first = Select::new([c(a, "email_address")])
        .where_(c(a, "user_id").eq(&id).unwrap())
        .order_by(c(a, "id"))
        .limit(1)
        .unwrap();
    let cte = Query::from(Select::new([c(a, "user_id"), c(a, "email_address")])).cte(
        Some("c".into()),
        false,
        false,
    );
    let from_cte = Query::from(Select::new([cte.c("user_id").unwrap()])).scalar_subquery();
    let bind = |name: &str| Expr::bindparam(name, Type::null());
    vec![
        q("u_one", new(set([("name", v("a"))]))),
        q("u_where", new(set([("fullname", v("y"))])).where_(name.eq("x").unwrap())),
        q(
            "u_expr",
            new(set([("fullname", name.operate_reversed(Op::Add, "U: ").unwrap().into_operand())])),
        ),
        q("u_sub", new(set([("fullname", first.into_operand())]))),
        q(
            "u_from",
            new(set([("fullname", v("Pat"))]))
                .where_(id.eq(c(a, "user_id")).unwrap())
                .where_(c(a, "email_address").eq("p").unwrap()),
        ),
        q(
            "u_ret",
            new(set([("name", v("a"))])).where_(id.eq(1).unwrap()).returning(vec![id.clone()]),
        ),
        q(
            "u_order",
            Update::new(u)
                .ordered_values(vec![
                    (DmlKey::Column(c(u, "fullname")), v("b")),
                    (DmlKey::Column(name.clone()), v("a")),
                ])
                .unwrap(),
        ),
        q(
            "u_bind",
            new(set([("name", bind("newname").into_operand())]))
                .where_(name.eq(bind("oldname")).unwrap()),
        ),
        q("u_all", Update::new(u)),
        q("u_in", new(set([("name", v("q"))])).where_(id.in_values([1, 2]).unwrap())),
        q(
            "u_schema",
            Update::new(o)
                .values(set([("total", c(o, "total").add(1).unwrap().into_operand())]))
                .unwrap()
                .where_(c(o, "userId").eq(5).unwrap()),
        ),
        q("u_inc", new(set([("id", id.add(1).unwrap().into_operand())]))),
        q("u_cte", new(set([("name", v("x"))])).where_(id.eq(from_cte).unwrap())),
    ]
}

fn deletes(t: &Tables) -> Vec<Case> {
    let (u, a) = (&t.u, &t.a);
    let (id, name) = (c(u, "id"), c(u, "name"));
    let cte = Query::from(Select::new([c(a, "user_id"), c(a, "email_address")])).cte(
        Some("c".into()),
        false,
        false,
    );
    vec![
        q("d_all", Delete::new(u)),
        q("d_where", Delete::new(u).where_(name.eq("x").unwrap())),
        q(
            "d_using",
            Delete::new(u)
                .where_(id.eq(c(a, "user_id")).unwrap())
                .where_(c(a, "email_address").eq("p").unwrap()),
        ),
        q("d_ret", Delete::new(u).where_(id.eq(1).unwrap()).returning(vec![id.clone(), name])),
        q(
            "d_sub",
            Delete::new(u).where_(id.in_query(Select::new([c(a, "user_id")]).into()).unwrap()),
        ),
        q(
            "d_cte",
            Delete::new(u)
                .where_(id.in_query(Select::new([cte.c("user_id").unwrap()]).into()).unwrap()),
        ),
    ]
}
