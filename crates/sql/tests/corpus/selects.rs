//! The SELECTs of the corpus.
#![expect(clippy::too_many_lines, reason = "tables of cases")]

use vidro_sql::Value;
use vidro_sql::dml::Insert;
use vidro_sql::expr::{Expr, IntoExpr, Op, and_, not_, or_};
use vidro_sql::from::{FromClause, TableClause, TableValued};
use vidro_sql::select::{
    Affix, CompoundSelect, Fetch, ForUpdate, JoinStep, LabelStyle, OrderItem, Query, Select,
    SetOperation, TextualSelect,
};
use vidro_sql::statement::Statement;
use vidro_sql::text::TextClause;
use vidro_sql::types::Type;

use super::{Case, Tables, c};

fn q(name: &'static str, statement: impl Into<Statement>) -> Case {
    (name, statement.into())
}

fn textual_desc(name: &str) -> Expr {
    Expr::order_name(name).modifier(Op::Desc)
}

fn set(op: SetOperation, selects: Vec<Query>) -> CompoundSelect {
    CompoundSelect::new(op, selects).unwrap()
}

pub(crate) fn cases(t: &Tables) -> Vec<Case> {
    let mut out = plain(t);
    out.extend(nested(t));
    out.extend(sets(t));
    out.extend(odd(t));
    out
}

fn plain(t: &Tables) -> Vec<Case> {
    let (u, a, o) = (&t.u, &t.a, &t.o);
    let uf = FromClause::from(u);
    let all = || Select::of(&uf);
    let id = || c(u, "id");
    let name = || c(u, "name");
    let named = || name().eq("a").unwrap();
    let lock = |change: fn(&mut ForUpdate)| {
        let mut options = ForUpdate::default();
        change(&mut options);
        Select::new([id()]).with_for_update(options)
    };
    let affix = |text: &str| Affix { text: Expr::text(text), dialect: None };
    let (ua, ub) = (uf.alias(None), uf.alias(Some("u2".into())));
    vec![
        q("s_all", all()),
        q("s_cols", Select::new([id(), name()])),
        q("s_where", all().where_(named())),
        q("s_where2", all().where_(named()).where_(id().gt(5).unwrap())),
        q(
            "s_where_or",
            all().where_(or_([named(), id().gt(5).unwrap()]).unwrap()).where_(id().lt(9).unwrap()),
        ),
        q("s_join", Select::new([name(), c(a, "email_address")]).join(a, None)),
        q(
            "s_join_from",
            Select::new([name()]).join_step(JoinStep {
                left: Some(u.into()),
                right: a.into(),
                on: None,
                outer: false,
                full: false,
                called: None,
            }),
        ),
        q("s_outer", Select::new([name()]).outerjoin(a, None)),
        q(
            "s_full",
            Select::new([name()]).join_step(JoinStep {
                left: None,
                right: a.into(),
                on: None,
                outer: false,
                full: true,
                called: None,
            }),
        ),
        q("s_join_on", Select::new([name()]).join(a, Some(c(a, "user_id").eq(id()).unwrap()))),
        q("s_select_from", Select::new([Expr::count_star()]).select_from(u)),
        q(
            "s_select_from_join",
            Select::new([name()]).select_from(uf.join(&a.into(), None, false, false).unwrap()),
        ),
        q("s_two", Select::new([id(), c(a, "id")])),
        q("s_dup", Select::new([id(), id()])),
        q("s_dup3", Select::new([id(), c(a, "id"), c(o, "id")])),
        q(
            "s_tq",
            Select::new(
                uf.columns().into_iter().chain(FromClause::from(a).columns()).map(|(_, e)| e),
            )
            .label_style(LabelStyle::TablenamePlusCol),
        ),
        q("s_none", Select::new([id(), c(a, "id")]).label_style(LabelStyle::None)),
        q("s_order", all().order_by(name().modifier(Op::Desc)).order_by(id())),
        q("s_order_str", Select::new([name().label("q")]).order_by("q")),
        q("s_order_label", Select::new([name().label("q")]).order_by(textual_desc("q"))),
        q(
            "s_group",
            Select::new([name(), Expr::count(&c(a, "id"))])
                .join(a, None)
                .group_by(name())
                .having(Expr::count(&c(a, "id")).gt(1).unwrap()),
        ),
        q("s_distinct", Select::new([name()]).distinct()),
        q("s_limit", Select::new([id()]).limit(5).unwrap()),
        q("s_offset", Select::new([id()]).offset(5).unwrap()),
        q("s_lo", Select::new([id()]).limit(5).unwrap().offset(10).unwrap()),
        q(
            "s_fetch",
            Select::new([id()]).altered(|s| {
                let count = Expr::literal(5);
                s.fetch = Some(Fetch { count, with_ties: false, percent: false });
            }),
        ),
        q("s_order_lim", Select::new([id()]).order_by(id()).limit(1).unwrap()),
        q("s_alias", Select::of(&ua).where_(ua.c("name").unwrap().eq("x").unwrap())),
        q(
            "s_aliases",
            Select::new([ua.c("name").unwrap(), ub.c("name").unwrap()])
                .join(&ub, Some(ua.c("id").unwrap().gt(ub.c("id").unwrap()).unwrap())),
        ),
        q(
            "s_self",
            Select::new([ua.c("id").unwrap(), id()]).where_(ua.c("id").unwrap().eq(id()).unwrap()),
        ),
        q("s_for", lock(|_| {})),
        q("s_for_nowait", lock(|l| l.nowait = true)),
        q(
            "s_for_share",
            lock(|l| {
                l.read = true;
                l.skip_locked = true;
            }),
        ),
        q(
            "s_for_of",
            Select::new([id()])
                .with_for_update(ForUpdate { of_tables: vec![u.into()], ..ForUpdate::default() }),
        ),
        q("s_prefix", Select::new([id()]).altered(|s| s.prefixes.push(affix("/*+ x */")))),
        q("s_suffix", Select::new([id()]).altered(|s| s.suffixes.push(affix("-- y")))),
    ]
}

fn nested(t: &Tables) -> Vec<Case> {
    let (u, a) = (&t.u, &t.a);
    let uf = FromClause::from(u);
    let (id, name) = (c(u, "id"), c(u, "name"));
    let mine = c(a, "user_id").eq(&id).unwrap();
    let sub = Query::from(
        Select::new([c(a, "user_id"), Expr::count(&c(a, "id")).label("n")])
            .group_by(c(a, "user_id")),
    )
    .subquery(None);
    let ids = Query::from(Select::new([id.clone()])).subquery(None);
    let filtered =
        Query::from(Select::new([id.clone()]).where_(name.eq("a").unwrap())).subquery(None);
    let scalar =
        Query::from(Select::new([Expr::count(&c(a, "id"))]).where_(mine.clone())).scalar_subquery();
    let star = || Expr::literal_column("*", Type::null());
    let exists = || Query::from(Select::new([star()]).where_(mine.clone())).exists();
    let exists_id = Query::from(Select::new([c(a, "id")]).where_(mine.clone())).exists();
    let cte = Query::from(Select::new([c(a, "user_id"), c(a, "email_address")])).cte(
        Some("c".into()),
        false,
        false,
    );
    let counter =
        Query::from(Select::new([Expr::literal(1).label("i")])).cte(Some("r".into()), true, false);
    let i = counter.c("i").unwrap();
    let step = Select::new([i.add(1).unwrap()]).where_(i.lt(5).unwrap());
    let counter = counter.cte_union(SetOperation::UnionAll, vec![step.into()]).unwrap();
    let inner = Query::from(
        Select::new([cte.c("user_id").unwrap()]).where_(cte.c("user_id").unwrap().gt(5).unwrap()),
    )
    .cte(Some("c2".into()), false, false);
    let lateral =
        Query::from(Select::new([c(a, "id")]).where_(mine.clone())).lateral(Some("l".into()));
    let correlated = Query::from(
        Select::new([c(a, "user_id")]).where_(c(a, "id").eq(&id).unwrap()).correlate([uf.clone()]),
    );
    let except = Query::from(
        Select::new([c(a, "id")]).where_(mine.clone()).correlate_except([FromClause::from(a)]),
    );
    vec![
        q("s_sub", Select::new([name.clone(), sub.c("n").unwrap()]).join(&sub, None)),
        q("s_sub_named", Select::of(&Query::from(Select::of(&uf)).subquery(Some("q".into())))),
        q("s_sub_anon", Select::of(&Query::from(Select::new([Expr::count(&id)])).subquery(None))),
        q("s_subsub", Select::of(&Query::from(Select::of(&ids)).subquery(None))),
        q("s_sub_where", Select::new([filtered.c("id").unwrap()]).where_(Expr::text("1 = 1"))),
        q("s_scalar", Select::new([name.clone(), scalar.clone()])),
        q("s_scalar_l", Select::new([name.clone(), scalar.label("n")]).order_by("n")),
        q("s_scalar_w", Select::new([name.clone()]).where_(scalar.gt(5).unwrap())),
        q("s_scalar_bare", Select::new([scalar])),
        q("s_exists", Select::new([name.clone()]).where_(exists())),
        q("s_exists2", Select::new([name.clone()]).where_(not_(&exists_id))),
        q(
            "s_exists_sel",
            Select::new([Query::from(Select::new([star()]).where_(id.eq(5).unwrap())).exists()]),
        ),
        q(
            "s_in",
            Select::new([name.clone()]).where_(
                id.in_query(
                    Select::new([c(a, "user_id")])
                        .where_(c(a, "email_address").eq("x").unwrap())
                        .into(),
                )
                .unwrap(),
            ),
        ),
        q(
            "s_corr",
            Select::new([name.clone()]).where_(id.eq(correlated.scalar_subquery()).unwrap()),
        ),
        q("s_correl_except", Select::new([id.clone()]).where_(except.exists())),
        q("s_cte", Select::new([name.clone(), cte.c("email_address").unwrap()]).join(&cte, None)),
        q(
            "s_cte2",
            Select::new([
                cte.c("user_id").unwrap(),
                cte.alias(Some("k".into())).c("email_address").unwrap(),
            ]),
        ),
        q(
            "s_cte_anon",
            Select::of(&Query::from(Select::new([id.clone()])).cte(None, false, false)),
        ),
        q("s_cte_rec", Select::new([counter.c("i").unwrap()])),
        q("s_cte_nested", Select::of(&inner)),
        q("s_lateral", Select::new([id, lateral.c("id").unwrap()])),
    ]
}

fn sets(t: &Tables) -> Vec<Case> {
    let (u, a) = (&t.u, &t.a);
    let s1 = Select::new([c(u, "id")]).where_(c(u, "name").eq("a").unwrap());
    let s2 = Select::new([c(a, "id")]).where_(c(a, "id").gt(5).unwrap());
    let pair = || -> Vec<Query> { vec![s1.clone().into(), s2.clone().into()] };
    let limit = Expr::literal(2);
    let ordered = s1.clone().order_by(c(u, "id")).limit(1).unwrap();
    vec![
        q("s_union", set(SetOperation::Union, pair())),
        q(
            "s_union_all",
            set(SetOperation::UnionAll, pair()).order_by("id").altered(|s| s.limit = Some(limit)),
        ),
        q("s_except", set(SetOperation::Except, pair())),
        q("s_intersect", set(SetOperation::Intersect, pair())),
        q(
            "s_union3",
            set(
                SetOperation::Union,
                vec![
                    s1.clone().into(),
                    set(SetOperation::UnionAll, vec![s2.clone().into(), s1.clone().into()]).into(),
                ],
            ),
        ),
        q("s_union_sub", Select::of(&Query::from(set(SetOperation::Union, pair())).subquery(None))),
        q("s_union_order", set(SetOperation::Union, vec![ordered.into(), s2.clone().into()])),
        q(
            "s_union_cte",
            Select::of(&Query::from(set(SetOperation::Union, pair())).cte(
                Some("z".into()),
                false,
                false,
            )),
        ),
    ]
}

fn odd(t: &Tables) -> Vec<Case> {
    let (u, a, o) = (&t.u, &t.a, &t.o);
    let of = FromClause::from(o);
    let (id, name) = (c(u, "id"), c(u, "name"));
    let f = |name: &str, args| Expr::function(name, args).unwrap();
    let valued = |columns: &[&str]| TableValued {
        columns: columns.iter().map(|name| ((*name).into(), Type::null())).collect(),
        ..TableValued::default()
    };
    let json = FromClause::table_valued(
        f("json_each", vec!["[\"a\"]".into_operand()]),
        valued(&["value"]),
        Some("j".into()),
    );
    let series = FromClause::table_valued(
        f("generate_series", vec![1.into_operand(), 5.into_operand()]),
        valued(&["v"]),
        None,
    )
    .alias(Some("g".into()));
    let values = FromClause::values(
        vec![("a".into(), Type::integer()), ("b".into(), Type::string())],
        Some("v".into()),
        vec![vec![1.into(), "x".into()], vec![2.into(), "y".into()]],
    );
    let clause = FromClause::Clause(std::rc::Rc::new(TableClause {
        name: "tt".into(),
        schema: None,
        columns: vec![("q".into(), Type::null()), ("w".into(), Type::null())],
    }));
    let textual =
        |sql: &str, columns: Vec<Expr>| TextualSelect::new(TextClause::new(sql), columns, true);
    let sub = Query::from(Select::of(&FromClause::from(a))).subquery(Some("q".into()));
    let inserted = insert_returning(t);
    vec![
        q("s_text_cols", Select::new([Expr::text("a"), Expr::text("b")]).select_from(u)),
        q("s_textual", textual("SELECT id FROM t WHERE x = :y", vec![id.clone()])),
        q(
            "s_textual_sub",
            Select::of(
                &Query::Text(textual("SELECT id, name FROM t", vec![id.clone(), name.clone()]))
                    .subquery(Some("q".into())),
            ),
        ),
        q("s_values", Select::of(&values)),
        q("s_lit", Select::new([Expr::literal("a"), Expr::literal(5)])),
        q("s_nofrom", Select::new([Expr::literal(2).operate_reversed(Op::Add, 1).unwrap()])),
        q("s_expr", Select::new([id.add(5).unwrap(), f("lower", vec![(&name).into_operand()])])),
        q("s_cast_label", Select::new([Expr::cast(&id, Type::string()).unwrap()])),
        q("s_label", Select::new([id.add(1).unwrap().label("q")])),
        q(
            "s_case_anon",
            Select::new([Expr::case(
                None,
                vec![(id.gt(5).unwrap().into_operand(), "a".into_operand())],
                Some("b".into_operand()),
            )
            .unwrap()]),
        ),
        q("s_bool", Select::new([id.gt(5).unwrap()])),
        q("s_not_bool", Select::new([not_(&id.gt(5).unwrap())])),
        q("s_null", Select::new([Expr::null(), Expr::true_()])),
        q("s_schema", Select::of(&of)),
        q("s_schema_join", Select::new([c(o, "total")]).join(u, None)),
        q("s_schema_alias", Select::new([of.alias(Some("oo".into())).c("userId").unwrap()])),
        q(
            "s_distinct_on",
            Select::new([id.clone()]).altered(|s| {
                s.distinct = true;
                s.distinct_on.push(name.clone());
            }),
        ),
        q(
            "s_over",
            Select::new([f("row_number", vec![])
                .over(vec![name.clone()], vec![], None)
                .label("rn")]),
        ),
        q("s_tvf", Select::of(&json)),
        q(
            "s_colval",
            Select::new([FromClause::column_valued(
                f("unnest", vec![5.into_operand()]),
                Some("z".into()),
            )]),
        ),
        q("s_tvf2", Select::new([series.c("v").unwrap()])),
        q(
            "s_group2",
            Select::new([name.label("k"), Expr::count_star().label("n")])
                .group_by("k")
                .order_by(OrderItem::Expr(textual_desc("n"))),
        ),
        q("s_unary", Select::new([id.unary(Op::Neg)])),
        q("s_anon_label", Select::new([name.label_anon()])),
        q("s_like", Select::of(&u.into()).where_(name.like("a%").unwrap())),
        q(
            "s_join3",
            Select::new([id.clone()]).join(a, None).join(o, Some(c(o, "userId").eq(&id).unwrap())),
        ),
        q("s_join_sub", Select::new([id.clone()]).join(&sub, Some(id.eq(5).unwrap()))),
        q("s_mod", Select::new([id.modulo(5).unwrap()])),
        q("s_table_clause", Select::of(&clause)),
        q(
            "s_add_cols",
            Select::new([id.clone()])
                .add_column(c(a, "id"))
                .where_(id.eq(c(a, "user_id")).unwrap()),
        ),
        q(
            "s_in_lit",
            Select::new([id.clone()])
                .where_(name.in_values(["a", "b"]).unwrap())
                .order_by(id.clone())
                .limit(3)
                .unwrap(),
        ),
        q("s_count_distinct", Select::new([Expr::count(&name.unary(Op::Distinct))])),
        q(
            "s_crit_func",
            Select::new([id.clone()])
                .where_(f("lower", vec![(&name).into_operand()]).eq("a").unwrap()),
        ),
        q(
            "s_agg_filter",
            Select::new([Expr::count(&id).filter(vec![name.eq("a").unwrap()]).unwrap()]),
        ),
        q(
            "s_bind",
            Select::new([id.clone()]).where_(id.eq(Expr::bindparam("q", Type::null())).unwrap()),
        ),
        q("i_cte_ret", inserted),
        q("and_unused", Select::new([and_([id.eq(Value::Null).unwrap()]).unwrap()])),
    ]
}

fn insert_returning(t: &Tables) -> Select {
    let insert = Insert::new(&t.u)
        .values(vec![("name".into(), "a".into_operand())])
        .unwrap()
        .returning(vec![c(&t.u, "id")]);
    let cte = Statement::from(insert).cte(Some("ins".into()), false);
    Select::new([cte.c("id").unwrap()])
}
