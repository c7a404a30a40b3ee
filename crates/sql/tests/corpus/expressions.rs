//! The expressions of the corpus.

use std::rc::Rc;

use vidro_sql::Value;
use vidro_sql::expr::{
    Bind, BindValue, CastKind, CustomOp, Expr, Frame, FrameKind, InOperand, IntoExpr, Op, Operand,
    and_, not_, or_, tuple,
};
use vidro_sql::schema::Table;
use vidro_sql::select::{Query, Select};
use vidro_sql::statement::Statement;
use vidro_sql::types::{Type, TypeArgs, TypeKind};

use super::{Case, Tables, c};

fn e(name: &'static str, expr: Expr) -> Case {
    (name, Statement::Expr(expr))
}

fn v(value: impl Into<Value>) -> Operand {
    Operand::Value(value.into())
}

fn col(name: &str, ty: Type) -> Expr {
    Expr::column(name, ty)
}

fn like(expr: &Expr, op: Op, text: &str) -> Expr {
    expr.like_op(op, v(text), None, false).unwrap()
}

fn f(name: &str, args: Vec<Operand>) -> Expr {
    Expr::function(name, args).unwrap()
}

fn x(expr: &Expr) -> Operand {
    expr.into_operand()
}

fn custom(text: &str, precedence: i32, is_comparison: bool) -> CustomOp {
    CustomOp {
        text: text.into(),
        precedence,
        is_comparison,
        return_type: None,
        natural_self_precedent: false,
        eager_grouping: false,
    }
}

pub(crate) fn cases(t: &Tables) -> Vec<Case> {
    let mut out = arithmetic();
    out.extend(logic());
    out.extend(strings());
    out.extend(functions());
    out.extend(rest(&t.u, &t.a, &t.o));
    out
}

fn arithmetic() -> Vec<Case> {
    let (a, b) = (col("x", Type::integer()), col("y", Type::integer()));
    let (s, t) = (col("s", Type::string()), col("t", Type::string()));
    let (g, n) = (col("f", Type::float()), col("n", Type::numeric()));
    let d = col("d", Type::datetime());
    vec![
        e("add", a.add(5).unwrap()),
        e("sub", a.sub(5).unwrap()),
        e("mul", a.mul(5).unwrap()),
        e("div", a.div(5).unwrap()),
        e("floordiv", a.operate(Op::FloorDiv, 5).unwrap()),
        e("mod", a.modulo(5).unwrap()),
        e("div_f", g.div(5).unwrap()),
        e("rsub", a.operate_reversed(Op::Sub, 5).unwrap()),
        e("neg", a.unary(Op::Neg)),
        e("bits", a.operate(Op::BitAnd, 7).unwrap()),
        e("bitor", a.operate(Op::BitOr, &b).unwrap()),
        e("bitxor", a.operate(Op::BitXor, 1).unwrap()),
        e("bitnot", a.unary(Op::BitNot)),
        e("lshift", a.operate(Op::LShift, 2).unwrap()),
        e("rshift", a.operate(Op::RShift, 2).unwrap()),
        e("prec1", a.add(&b).unwrap().mul(2).unwrap()),
        e("prec2", a.add(b.mul(2).unwrap()).unwrap()),
        e("prec3", a.sub(b.sub(3).unwrap()).unwrap()),
        e("prec4", a.sub(&b).unwrap().sub(3).unwrap()),
        e("prec5", a.add(&b).unwrap().add(3).unwrap().add(&a).unwrap()),
        e("prec6", a.add(1).unwrap().eq(b.add(2).unwrap()).unwrap()),
        e("prec7", a.add(&b).unwrap().unary(Op::Neg)),
        e("prec8", a.mul(b.div(2).unwrap()).unwrap()),
        e("concat", s.add("a").unwrap()),
        e("concat2", s.add(&t).unwrap().add("b").unwrap()),
        e("concat3", s.concat("x").unwrap()),
        e("concat4", s.operate_reversed(Op::Add, "a").unwrap()),
        e("str_num", s.add(&a).unwrap()),
        e("num_add", n.add(1).unwrap()),
        e("float_mul", g.mul(2).unwrap()),
        e("int_float", a.add(1.5).unwrap()),
        e("dt_sub", d.sub(&d).unwrap()),
        e("neg_prec", a.unary(Op::Neg).mul(&b).unwrap()),
        e("lit_none", a.add(Value::Null).unwrap()),
        e("add_prec_cmp", a.add(&b).unwrap().gt(a.mul(2).unwrap().sub(1).unwrap()).unwrap()),
        e("concat_cmp", s.add(&t).unwrap().eq("ab").unwrap()),
    ]
}

fn logic() -> Vec<Case> {
    let (a, b) = (col("x", Type::integer()), col("y", Type::integer()));
    let (q, s) = (col("b", Type::boolean()), col("s", Type::string()));
    let (one, two) = (a.eq(1).unwrap(), b.eq(2).unwrap());
    let and12 = and_([one.clone(), two.clone()]).unwrap();
    let or12 = or_([one.clone(), two.clone()]).unwrap();
    vec![
        e("eq", one.clone()),
        e("ne", a.ne(1).unwrap()),
        e("lt", a.lt(1).unwrap()),
        e("le", a.le(1).unwrap()),
        e("gt", a.gt(1).unwrap()),
        e("ge", a.ge(1).unwrap()),
        e("isnull", a.eq(Value::Null).unwrap()),
        e("notnull", a.ne(Value::Null).unwrap()),
        e("is_true", q.eq(true).unwrap()),
        e("is_false", q.is(false).unwrap()),
        e("not_b", not_(&q)),
        e("is_", a.is(Value::Null).unwrap()),
        e("is_not", a.is_not(Value::Null).unwrap()),
        e("isdist", a.compare(Op::IsDistinct, 5).unwrap()),
        e("isnotdist", a.compare(Op::IsNotDistinct, Value::Null).unwrap()),
        e("and1", and12.clone()),
        e("or1", or12.clone()),
        e("and_or", and_([or12.clone(), a.gt(3).unwrap()]).unwrap()),
        e("or_and", or_([and12.clone(), a.gt(3).unwrap()]).unwrap()),
        e("not_and", not_(&and12)),
        e("not_or", not_(&or12)),
        e("not_eq", not_(&one)),
        e("not_like", not_(&s.like("a").unwrap())),
        e("and_bool", and_([q.clone(), one.clone()]).unwrap()),
        e("or_bool", or_([not_(&q), one.clone()]).unwrap()),
        e("and_true", and_([Expr::true_(), one.clone()]).unwrap()),
        e("and_false", and_([one.clone(), Expr::false_()]).unwrap()),
        e("or_true", or_([one.clone(), Expr::true_()]).unwrap()),
        e("not_add", not_(&a.add(1).unwrap())),
        e("true", Expr::true_()),
        e("false", Expr::false_()),
        e("null", Expr::null()),
        e("bool_cmp", q.eq(&a).unwrap()),
        e("null_cmp", Expr::null().eq(&a).unwrap()),
        e("nested_not", not_(&not_(&one))),
        e("label_cmp", a.label("q").eq(5).unwrap()),
        e("lit_true", Expr::literal(true)),
        e("andchain", one.and(&two).unwrap().and(a.gt(0).unwrap()).unwrap()),
        e("orchain", one.or(two.and(a.gt(0).unwrap()).unwrap()).unwrap()),
        e("not_func", not_(&f("foo", vec![x(&a)]))),
        e(
            "not_func_bool",
            not_(
                &Expr::function_in(vec!["foo".into()], vec![x(&a)], Some(Type::boolean())).unwrap(),
            ),
        ),
    ]
}

fn strings() -> Vec<Case> {
    let (a, b) = (col("x", Type::integer()), col("y", Type::integer()));
    let (s, t) = (col("s", Type::string()), col("t", Type::string()));
    let auto = |op: Op, text: &str| s.like_op(op, v(text), None, true).unwrap();
    vec![
        e("between", a.between(1, 5).unwrap()),
        e("notbetween", not_(&a.between(1, 5).unwrap())),
        e("between_sym", a.between_with(Op::Between, v(1), v(5), true).unwrap()),
        e("between_and", and_([a.between(1, 2).unwrap(), b.eq(3).unwrap()]).unwrap()),
        e("between_expr", a.add(1).unwrap().between(&b, b.mul(2).unwrap()).unwrap()),
        e("like", s.like("a%").unwrap()),
        e("notlike", like(&s, Op::NotLike, "a%")),
        e("like_esc", s.like_op(Op::Like, v("a/%"), Some("/"), false).unwrap()),
        e("ilike", like(&s, Op::ILike, "a")),
        e("notilike", like(&s, Op::NotILike, "a")),
        e("startswith", like(&s, Op::StartsWith, "a")),
        e("startswith_auto", auto(Op::StartsWith, "a%_/")),
        e("endswith", like(&s, Op::EndsWith, "a")),
        e("contains", like(&s, Op::Contains, "a")),
        e("not_contains", not_(&like(&s, Op::Contains, "a"))),
        e("istartswith", like(&s, Op::IStartsWith, "a")),
        e("icontains", like(&s, Op::IContains, "a")),
        e("not_icontains", not_(&like(&s, Op::IContains, "a"))),
        e("contains_col", s.like_op(Op::Contains, x(&t), None, false).unwrap()),
        e("iendswith", like(&s, Op::IEndsWith, "a")),
        e("regexp", s.regexp_match(v("^a"), None).unwrap()),
        e("notregexp", not_(&s.regexp_match(v("^a"), None).unwrap())),
        e("regexp_flags", s.regexp_match(v("^a"), Some("i".into())).unwrap()),
        e("regexp_replace", s.regexp_replace(v("a"), v("b"), None).unwrap()),
        e("match", s.compare(Op::Match, "word").unwrap()),
        e("collate", s.collate("nocase")),
        e("collate_cmp", s.collate("nocase").eq("x").unwrap()),
        e("desc", a.modifier(Op::Desc)),
        e("asc", a.modifier(Op::Asc)),
        e("nulls", a.modifier(Op::Desc).modifier(Op::NullsLast)),
        e("nullsf", a.modifier(Op::NullsFirst)),
        e("distinct", Expr::count(&a.unary(Op::Distinct))),
    ]
}

fn functions() -> Vec<Case> {
    let (a, b) = (col("x", Type::integer()), col("y", Type::integer()));
    let (s, t) = (col("s", Type::string()), col("t", Type::string()));
    let d = col("d", Type::datetime());
    let coll = TypeArgs { length: Some(5), collation: Some("fr".into()), ..TypeArgs::default() };
    let cast = |expr: &Expr, ty: Type| Expr::cast(expr, ty).unwrap();
    let sum = f("sum", vec![x(&a)]);
    let frame = |kind, start, end| Some(Frame::new(kind, start, end).unwrap());
    vec![
        e("cast", cast(&a, Type::string())),
        e("cast_num", cast(&s, Type::numeric_of(10, 2))),
        e("cast_int", cast(&s, Type::integer())),
        e("cast_lit", Expr::cast("5", Type::integer()).unwrap()),
        e("cast_dt", cast(&s, Type::datetime())),
        e("cast_coll", cast(&a, Type::with(TypeKind::String, coll))),
        e("cast_bool", cast(&a, Type::boolean())),
        e("cast_float", cast(&a, Type::float())),
        e(
            "type_coerce",
            Expr::cast_as(CastKind::Coerce, &a, Type::string()).unwrap().add("a").unwrap(),
        ),
        e("try", Expr::cast_as(CastKind::Coerce, &s, Type::integer()).unwrap().eq(5).unwrap()),
        e("extract", Expr::extract("year", &d).unwrap()),
        e("extract_m", Expr::extract("month", &d).unwrap()),
        e(
            "case1",
            Expr::case(
                None,
                vec![(x(&a.gt(1).unwrap()), v("a")), (x(&a.lt(0).unwrap()), v("b"))],
                Some(v("c")),
            )
            .unwrap(),
        ),
        e(
            "case2",
            Expr::case(Some(s.clone()), vec![(v("a"), v(1)), (v("b"), v(2))], Some(v(0))).unwrap(),
        ),
        e("case3", Expr::case(None, vec![(x(&a.eq(1).unwrap()), x(&b))], None).unwrap()),
        e("func", f("lower", vec![x(&s)])),
        e("func2", f("coalesce", vec![x(&a), v(5), x(&b)])),
        e(
            "func_pkg",
            Expr::function_in(vec!["pkg".into(), "sub".into(), "Thing".into()], vec![v(1)], None)
                .unwrap(),
        ),
        e("func_count", f("count", vec![])),
        e("func_countx", f("count", vec![x(&a)])),
        e("func_now", f("now", vec![])),
        e("func_ct", f("current_timestamp", vec![])),
        e("func_char", f("char_length", vec![x(&s)])),
        e("func_rand", f("random", vec![])),
        e("func_max", f("max", vec![x(&a)]).add(1).unwrap()),
        e("func_str", f("myfn", vec![v("a"), v(2.5)])),
        e("func_quote", f("lower", vec![x(&s)])),
        e("func_concat", f("concat", vec![x(&s), v("-"), x(&t)])),
        e("func_sum", sum.div(2).unwrap()),
        e("func_eq", f("lower", vec![x(&s)]).eq("a").unwrap()),
        e("func_in", f("lower", vec![x(&s)]).in_values(["a"]).unwrap()),
        e("filter", Expr::count(&a).filter(vec![b.gt(1).unwrap()]).unwrap()),
        e("filter2", Expr::count(&a).filter(vec![b.gt(1).unwrap(), a.lt(5).unwrap()]).unwrap()),
        e("over1", f("row_number", vec![]).over(vec![], vec![a.clone()], None)),
        e(
            "over2",
            sum.over(vec![a.clone(), b.clone()], vec![a.modifier(Op::Desc), b.clone()], None),
        ),
        e(
            "over_rows",
            sum.over(vec![], vec![a.clone()], frame(FrameKind::Rows, Some(-2), Some(3))),
        ),
        e("over_range", sum.over(vec![], vec![a.clone()], frame(FrameKind::Range, None, Some(0)))),
        e(
            "over_groups",
            sum.over(vec![], vec![a.clone()], frame(FrameKind::Groups, Some(0), None)),
        ),
        e("over_empty", f("rank", vec![]).over(vec![], vec![], None)),
        e("within", f("percentile_cont", vec![v(0.5)]).within_group(vec![a.clone()])),
        e("within2", f("mode", vec![]).within_group(vec![a.modifier(Op::Desc)])),
        e("agg_order", f("array_agg", vec![x(&a)]).label("q")),
    ]
}

fn rest(u: &Table, addresses: &Table, orders: &Table) -> Vec<Case> {
    let (a, b) = (col("x", Type::integer()), col("y", Type::integer()));
    let (s, q) = (col("s", Type::string()), col("b", Type::boolean()));
    let (d, n) = (col("d", Type::datetime()), col("n", Type::numeric()));
    let ids = || Query::from(Select::new([c(u, "id")]));
    let inside = |list: Vec<Value>| a.in_op(Op::In, InOperand::Values(list)).unwrap();
    let expanding = Bind { expanding: true, ..Bind::named("ids", BindValue::Required) };
    let pairs = vec![vec![1.into(), 2.into()], vec![3.into(), 4.into()]];
    let ab = tuple(vec![x(&a), x(&b)]).unwrap();
    let unique = Bind { unique: true, ..Bind::named("p", BindValue::One(5.into())) };
    let compare = |op: Op, any: Op| ids().scalar_subquery().unary(any).compare(op, 5).unwrap();
    let when = jiff::civil::datetime(2024, 1, 2, 3, 4, 5, 0);
    let half = rust_decimal::Decimal::new(15, 1);
    let owned = c(u, "id").eq(c(addresses, "user_id")).unwrap();
    let exists_where =
        Query::from(Select::new([Expr::literal_column("*", Type::null())]).where_(owned.clone()));
    vec![
        e("in", inside(vec![1.into(), 2.into(), 3.into()])),
        e(
            "notin",
            a.in_op(Op::NotIn, InOperand::Values(vec![1.into(), 2.into(), 3.into()])).unwrap(),
        ),
        e("in_empty", inside(vec![])),
        e("in_null", inside(vec![1.into(), Value::Null])),
        e("in_expr", a.in_op(Op::In, InOperand::Operands(vec![x(&b), v(3)])).unwrap()),
        e("in_sub", a.in_query(ids()).unwrap()),
        e("notin_sub", a.in_op(Op::NotIn, InOperand::Query(ids())).unwrap()),
        e("not_in_sub", not_(&a.in_query(ids()).unwrap())),
        e("in_bind", a.in_op(Op::In, InOperand::Expr(expanding.expr(Type::null()))).unwrap()),
        e("tuple_in", ab.in_op(Op::In, InOperand::Tuples(pairs)).unwrap()),
        e("tuple_eq", ab.eq(tuple(vec![v(1), v(2)]).unwrap()).unwrap()),
        e("in_str", s.in_values(["a", "b"]).unwrap()),
        e("bool_in", q.in_values([true, false]).unwrap()),
        e("label", a.add(1).unwrap().label("q")),
        e("lit", Expr::literal("a")),
        e("lit5", Expr::literal(5)),
        e("litcol", Expr::literal_column("now()", Type::null())),
        e("bindp", Expr::bindparam("p", Type::null())),
        e("bindpu", unique.expr(Type::integer())),
        e("textb", Expr::text("a = :b AND c = 'x\\:y' AND d::int = 1")),
        e("op", a.custom(custom("@>", 0, false), 5).unwrap()),
        e("op_cmp", and_([a.custom(custom("@>", 0, true), 5).unwrap(), b.eq(1).unwrap()]).unwrap()),
        e("op_prec", a.custom(custom("@@", 5, false), b.add(1).unwrap()).unwrap()),
        e("boolop", not_(&a.custom(custom("~~", 0, true), 5).unwrap())),
        e("any", compare(Op::Eq, Op::Any)),
        e("all", compare(Op::Gt, Op::All)),
        e("x_eq_sub", a.eq(ids().scalar_subquery()).unwrap()),
        e("exists", ids().exists()),
        e("not_exists", not_(&exists_where.exists())),
        e(
            "exists_col",
            Query::from(Select::new([c(u, "id")]).where_(c(u, "id").eq(&a).unwrap())).exists(),
        ),
        e("dt_cmp", d.gt(Value::DateTime(when)).unwrap()),
        e("num_cmp", n.gt(Value::Decimal(half)).unwrap()),
        e("quote1", col("Mixed", Type::null()).eq(1).unwrap()),
        e("quote2", col("select", Type::null()).eq(1).unwrap()),
        e("quote3", col("a b", Type::null()).eq(1).unwrap()),
        e("quote4", c(u, "id").eq(1).unwrap()),
        e("same2", or_([c(u, "id").eq(1).unwrap(), c(u, "id").eq(2).unwrap()]).unwrap()),
        e("cmp_cols", owned),
        e("schema_col", c(orders, "id").eq(c(orders, "userId")).unwrap()),
        e("keycol", c(orders, "remark").eq("x").unwrap()),
        e("and_rc", Rc::new(a).eq(1).unwrap()),
    ]
}
