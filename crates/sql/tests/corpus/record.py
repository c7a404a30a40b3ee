"""Record the corpus from real SQLAlchemy: `python record.py > corpus.txt`.

Each line is name, dialect and text with tabs between; newlines and tabs of the text are escaped.
`tests/corpus.rs` builds the statements of the same names.
"""

import datetime
import decimal

from sqlalchemy import *
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.dialects.mysql import mariadb
from sqlalchemy.schema import CreateIndex, CreateTable, DropIndex, DropTable, DropConstraint, AddConstraint
from sqlalchemy.sql import column, table

CASES = []
E = lambda name, obj: CASES.append((name, obj))

m = MetaData()
u = Table(
    "user_account", m,
    Column("id", Integer, primary_key=True),
    Column("name", String(30), nullable=False),
    Column("fullname", String),
)
a = Table(
    "address", m,
    Column("id", Integer, primary_key=True),
    Column("email_address", String, nullable=False),
    Column("user_id", ForeignKey("user_account.id"), nullable=False),
)
o = Table(
    "order", m,
    Column("id", Integer, primary_key=True),
    Column("userId", Integer, ForeignKey("user_account.id")),
    Column("total", Numeric(10, 2), default=0),
    Column("paid", Boolean, server_default=text("false")),
    Column("created", DateTime, server_default=func.now()),
    Column("note", Text, key="remark"),
    schema="shop",
)
x, y = column("x", Integer), column("y", Integer)
s, t = column("s", String), column("t", String)
b, f, d = column("b", Boolean), column("f", Float), column("d", DateTime)
n = column("n", Numeric)

# expressions
E("add", x + 5); E("sub", x - 5); E("mul", x * 5); E("div", x / 5); E("floordiv", x // 5); E("mod", x % 5)
E("div_f", f / 5); E("rsub", 5 - x); E("neg", -x); E("bits", x.bitwise_and(7)); E("bitor", x.bitwise_or(y)); E("bitxor", x.bitwise_xor(1))
E("bitnot", x.bitwise_not()); E("lshift", x.bitwise_lshift(2)); E("rshift", x.bitwise_rshift(2))
E("prec1", (x + y) * 2); E("prec2", x + y * 2); E("prec3", x - (y - 3)); E("prec4", (x - y) - 3); E("prec5", x + y + 3 + x)
E("prec6", (x + 1) == (y + 2)); E("prec7", -(x + y)); E("prec8", x * (y / 2))
E("concat", s + "a"); E("concat2", s + t + "b"); E("concat3", s.concat("x")); E("concat4", "a" + s)
E("eq", x == 1); E("ne", x != 1); E("lt", x < 1); E("le", x <= 1); E("gt", x > 1); E("ge", x >= 1)
E("isnull", x == None); E("notnull", x != None); E("is_true", b == True); E("is_false", b.is_(False)); E("not_b", ~b)
E("is_", x.is_(None)); E("is_not", x.is_not(None)); E("isdist", x.is_distinct_from(5)); E("isnotdist", x.is_not_distinct_from(None))
E("and1", and_(x == 1, y == 2)); E("or1", or_(x == 1, y == 2)); E("and_or", and_(or_(x == 1, y == 2), x > 3)); E("or_and", or_(and_(x == 1, y == 2), x > 3))
E("not_and", not_(and_(x == 1, y == 2))); E("not_or", ~or_(x == 1, y == 2)); E("not_eq", ~(x == 1)); E("not_like", ~s.like("a"))
E("and_bool", and_(b, x == 1)); E("or_bool", or_(~b, x == 1)); E("and_true", and_(True, x == 1)); E("and_false", and_(x == 1, False)); E("or_true", or_(x == 1, True))
E("not_add", ~(x + 1)); E("true", true()); E("false", false()); E("null", null())
E("in", x.in_([1, 2, 3])); E("notin", x.not_in([1, 2, 3])); E("in_empty", x.in_([])); E("in_null", x.in_([1, None])); E("in_expr", x.in_([y, 3]))
E("in_sub", x.in_(select(u.c.id))); E("notin_sub", x.not_in(select(u.c.id))); E("in_bind", x.in_(bindparam("ids", expanding=True)))
E("tuple_in", tuple_(x, y).in_([(1, 2), (3, 4)])); E("tuple_eq", tuple_(x, y) == tuple_(1, 2))
E("between", x.between(1, 5)); E("notbetween", ~x.between(1, 5)); E("between_sym", x.between(1, 5, symmetric=True)); E("between_and", and_(x.between(1, 2), y == 3))
E("like", s.like("a%")); E("notlike", s.not_like("a%")); E("like_esc", s.like("a/%", escape="/")); E("ilike", s.ilike("a")); E("notilike", s.not_ilike("a"))
E("startswith", s.startswith("a")); E("startswith_auto", s.startswith("a%_/", autoescape=True)); E("endswith", s.endswith("a")); E("contains", s.contains("a"))
E("not_contains", ~s.contains("a")); E("istartswith", s.istartswith("a")); E("icontains", s.icontains("a")); E("not_icontains", ~s.icontains("a")); E("contains_col", s.contains(t)); E("iendswith", s.iendswith("a"))
E("regexp", s.regexp_match("^a")); E("notregexp", ~s.regexp_match("^a")); E("regexp_flags", s.regexp_match("^a", flags="i")); E("regexp_replace", s.regexp_replace("a", "b"))
E("match", s.match("word")); E("collate", s.collate("nocase")); E("collate_cmp", s.collate("nocase") == "x")
E("desc", x.desc()); E("asc", x.asc()); E("nulls", x.desc().nulls_last()); E("nullsf", x.nulls_first()); E("distinct", func.count(distinct(x)))
E("cast", cast(x, String)); E("cast_num", cast(s, Numeric(10, 2))); E("cast_int", cast(s, Integer)); E("cast_lit", cast("5", Integer)); E("cast_dt", cast(s, DateTime)); E("cast_coll", cast(x, String(5, collation="fr")))
E("type_coerce", type_coerce(x, String) + "a"); E("extract", extract("year", d)); E("extract_m", extract("month", d)); E("cast_bool", cast(x, Boolean)); E("cast_float", cast(x, Float))
E("case1", case((x > 1, "a"), (x < 0, "b"), else_="c")); E("case2", case({"a": 1, "b": 2}, value=s, else_=0)); E("case3", case((x == 1, y), else_=None))
E("func", func.lower(s)); E("func2", func.coalesce(x, 5, y)); E("func_pkg", func.pkg.sub.Thing(1)); E("func_count", func.count()); E("func_countx", func.count(x)); E("func_now", func.now()); E("func_ct", func.current_timestamp()); E("func_char", func.char_length(s)); E("func_rand", func.random()); E("func_max", func.max(x) + 1); E("func_str", func.myfn("a", 2.5)); E("func_quote", func["odd name"](x) if False else func.lower(s)); E("func_concat", func.concat(s, "-", t)); E("func_sum", func.sum(x) / 2); E("func_eq", func.lower(s) == "a")
E("filter", func.count(x).filter(y > 1)); E("filter2", func.count(x).filter(y > 1, x < 5)); E("over1", func.row_number().over(order_by=x)); E("over2", func.sum(x).over(partition_by=[x, y], order_by=[x.desc(), y])); E("over_rows", func.sum(x).over(order_by=x, rows=(-2, 3))); E("over_range", func.sum(x).over(order_by=x, range_=(None, 0))); E("over_groups", func.sum(x).over(order_by=x, groups=(0, None))); E("over_empty", func.rank().over())
E("within", func.percentile_cont(0.5).within_group(x)); E("within2", func.mode().within_group(x.desc())); E("agg_order", func.array_agg(x).label("q"))
E("label", (x + 1).label("q")); E("lit", literal("a")); E("lit5", literal(5)); E("litcol", literal_column("now()")); E("bindp", bindparam("p")); E("bindpu", bindparam("p", 5, unique=True)); E("textb", text("a = :b AND c = 'x\\:y' AND d::int = 1"))
E("op", x.op("@>")(5)); E("op_cmp", and_(x.op("@>", is_comparison=True)(5), y == 1)); E("op_prec", x.op("@@", precedence=5)(y + 1)); E("boolop", ~x.bool_op("~~")(5))
E("any", 5 == any_(select(u.c.id).scalar_subquery())); E("all", 5 < all_(select(u.c.id).scalar_subquery())); E("x_eq_sub", x == select(u.c.id).scalar_subquery())
E("exists", exists(select(u.c.id))); E("not_exists", ~exists().where(u.c.id == a.c.user_id)); E("exists_col", select(u.c.id).where(u.c.id == x).exists())
E("dt_cmp", d > datetime.datetime(2024, 1, 2, 3, 4, 5)); E("num_cmp", n > decimal.Decimal("1.5")); E("quote1", column("Mixed") == 1); E("quote2", column("select") == 1); E("quote3", column("a b") == 1); E("quote4", u.c.id == 1); E("same2", or_(u.c.id == 1, u.c.id == 2)); E("cmp_cols", u.c.id == a.c.user_id); E("schema_col", o.c.id == o.c.userId); E("keycol", o.c.remark == "x")
E("bool_cmp", b == x); E("str_num", s + x); E("num_add", n + 1); E("float_mul", f * 2); E("int_float", x + 1.5); E("dt_sub", d - d); E("neg_prec", -x * y); E("null_cmp", null() == x); E("nested_not", not_(not_(x == 1))); E("label_cmp", x.label("q") == 5); E("in_str", s.in_(["a", "b"])); E("bool_in", b.in_([True, False]))
E("try", type_coerce(s, Integer) == 5); E("lit_none", x + None); E("between_expr", (x + 1).between(y, y * 2)); E("lit_true", literal(True)); E("not_in_sub", ~x.in_(select(u.c.id))); E("concat_cmp", (s + t) == "ab"); E("func_in", func.lower(s).in_(["a"])); E("add_prec_cmp", (x + y) > (x * 2 - 1)); E("andchain", (x == 1) & (y == 2) & (x > 0)); E("orchain", (x == 1) | (y == 2) & (x > 0)); E("not_func", ~func.foo(x)); E("not_func_bool", ~func.foo(x, type_=Boolean))

# selects
ua, ub = u.alias(), u.alias("u2")
E("s_all", select(u)); E("s_cols", select(u.c.id, u.c.name)); E("s_where", select(u).where(u.c.name == "a")); E("s_where2", select(u).where(u.c.name == "a").where(u.c.id > 5)); E("s_where_or", select(u).where(or_(u.c.name == "a", u.c.id > 5), u.c.id < 9))
E("s_join", select(u.c.name, a.c.email_address).join(a)); E("s_join_from", select(u.c.name).join_from(u, a)); E("s_outer", select(u.c.name).outerjoin(a)); E("s_full", select(u.c.name).join(a, full=True)); E("s_join_on", select(u.c.name).join(a, a.c.user_id == u.c.id)); E("s_select_from", select(func.count()).select_from(u)); E("s_select_from_join", select(u.c.name).select_from(u.join(a))); E("s_two", select(u.c.id, a.c.id)); E("s_dup", select(u.c.id, u.c.id)); E("s_dup3", select(u.c.id, a.c.id, o.c.id)); E("s_tq", select(u, a).set_label_style(LABEL_STYLE_TABLENAME_PLUS_COL)); E("s_none", select(u.c.id, a.c.id).set_label_style(LABEL_STYLE_NONE))
E("s_order", select(u).order_by(u.c.name.desc(), u.c.id)); E("s_order_str", select(u.c.name.label("q")).order_by("q")); E("s_order_label", select(u.c.name.label("q")).order_by(desc("q"))); E("s_group", select(u.c.name, func.count(a.c.id)).join(a).group_by(u.c.name).having(func.count(a.c.id) > 1)); E("s_distinct", select(u.c.name).distinct()); E("s_limit", select(u.c.id).limit(5)); E("s_offset", select(u.c.id).offset(5)); E("s_lo", select(u.c.id).limit(5).offset(10)); E("s_fetch", select(u.c.id).fetch(5)); E("s_order_lim", select(u.c.id).order_by(u.c.id).limit(1))
E("s_alias", select(ua).where(ua.c.name == "x")); E("s_aliases", select(ua.c.name, ub.c.name).join(ub, ua.c.id > ub.c.id)); E("s_self", select(ua.c.id, u.c.id).where(ua.c.id == u.c.id))
sub = select(a.c.user_id, func.count(a.c.id).label("n")).group_by(a.c.user_id).subquery()
E("s_sub", select(u.c.name, sub.c.n).join(sub)); E("s_sub_named", select(select(u).subquery("q"))); E("s_sub_anon", select(select(func.count(u.c.id)).subquery())); E("s_subsub", select(select(select(u.c.id).subquery()).subquery())); E("s_sub_where", select(select(u.c.id).where(u.c.name == "a").subquery().c.id).where(text("1 = 1")))
sc = select(func.count(a.c.id)).where(a.c.user_id == u.c.id).scalar_subquery()
E("s_scalar", select(u.c.name, sc)); E("s_scalar_l", select(u.c.name, sc.label("n")).order_by("n")); E("s_scalar_w", select(u.c.name).where(sc > 5)); E("s_scalar_bare", select(sc)); E("s_exists", select(u.c.name).where(exists().where(a.c.user_id == u.c.id))); E("s_exists2", select(u.c.name).where(~select(a.c.id).where(a.c.user_id == u.c.id).exists())); E("s_exists_sel", select(exists().where(u.c.id == 5)))
E("s_in", select(u.c.name).where(u.c.id.in_(select(a.c.user_id).where(a.c.email_address == "x")))); E("s_corr", select(u.c.name).where(u.c.id == select(a.c.user_id).where(a.c.id == u.c.id).correlate(u).scalar_subquery()))
cte = select(a.c.user_id, a.c.email_address).cte("c")
E("s_cte", select(u.c.name, cte.c.email_address).join(cte)); E("s_cte2", select(cte.c.user_id, cte.alias("k").c.email_address)); E("s_cte_anon", select(select(u.c.id).cte()));
r = select(literal(1).label("i")).cte("r", recursive=True); r = r.union_all(select(r.c.i + 1).where(r.c.i < 5))
E("s_cte_rec", select(r.c.i)); E("s_cte_nested", select(select(cte.c.user_id).where(cte.c.user_id > 5).cte("c2")));
s1, s2 = select(u.c.id).where(u.c.name == "a"), select(a.c.id).where(a.c.id > 5)
E("s_union", union(s1, s2)); E("s_union_all", union_all(s1, s2).order_by("id").limit(2)); E("s_except", except_(s1, s2)); E("s_intersect", intersect(s1, s2)); E("s_union3", union(s1, union_all(s2, s1))); E("s_union_sub", select(union(s1, s2).subquery())); E("s_union_order", union(s1.order_by(u.c.id).limit(1), s2)); E("s_union_cte", select(union(s1, s2).cte("z")))
E("s_lateral", select(u.c.id, select(a.c.id).where(a.c.user_id == u.c.id).lateral("l").c.id)); E("s_for", select(u.c.id).with_for_update()); E("s_for_nowait", select(u.c.id).with_for_update(nowait=True)); E("s_for_share", select(u.c.id).with_for_update(read=True, skip_locked=True)); E("s_for_of", select(u.c.id).with_for_update(of=u)); E("s_prefix", select(u.c.id).prefix_with("/*+ x */")); E("s_suffix", select(u.c.id).suffix_with("-- y")); E("s_text_cols", select(text("a"), text("b")).select_from(text("t") if False else u)); E("s_textual", text("SELECT id FROM t WHERE x = :y").columns(u.c.id)); E("s_textual_sub", select(text("SELECT id, name FROM t").columns(u.c.id, u.c.name).subquery("q"))); E("s_values", select(values(column("a", Integer), column("b", String), name="v").data([(1, "x"), (2, "y")]))); E("s_lit", select(literal("a"), literal(5))); E("s_nofrom", select(1 + literal(2))); E("s_expr", select(u.c.id + 5, func.lower(u.c.name))); E("s_cast_label", select(cast(u.c.id, String))); E("s_label", select((u.c.id + 1).label("q"))); E("s_case_anon", select(case((u.c.id > 5, "a"), else_="b"))); E("s_bool", select(u.c.id > 5)); E("s_not_bool", select(~(u.c.id > 5))); E("s_null", select(null(), true())); E("s_schema", select(o)); E("s_schema_join", select(o.c.total).join(u)); E("s_schema_alias", select(o.alias("oo").c.userId)); E("s_distinct_on", select(u.c.id).distinct(u.c.name)); E("s_over", select(func.row_number().over(partition_by=u.c.name).label("rn"))); E("s_tvf", select(func.json_each('["a"]').table_valued("value", name="j"))); E("s_tvf2", select(func.generate_series(1, 5).table_valued("v").alias("g").c.v)); E("s_colval", select(func.unnest(5).column_valued("z"))); E("s_group2", select(u.c.name.label("k"), func.count().label("n")).group_by("k").order_by(desc("n"))); E("s_unary", select(-u.c.id)); E("s_anon_label", select(u.c.name.label(None))); E("s_like", select(u).where(u.c.name.like("a%"))); E("s_join3", select(u.c.id).join(a).join(o, o.c.userId == u.c.id)); E("s_join_sub", select(u.c.id).join(select(a).subquery("q"), text("1 = 1") if False else u.c.id == 5)); E("s_mod", select(u.c.id % 5)); E("s_table_clause", select(table("tt", column("q"), column("w")))); E("s_add_cols", select(u.c.id).add_columns(a.c.id).where(u.c.id == a.c.user_id)); E("s_in_lit", select(u.c.id).where(u.c.name.in_(["a", "b"])).order_by(u.c.id).limit(3)); E("s_count_distinct", select(func.count(distinct(u.c.name)))); E("s_crit_func", select(u.c.id).where(func.lower(u.c.name) == "a")); E("s_agg_filter", select(func.count(u.c.id).filter(u.c.name == "a"))); E("s_bind", select(u.c.id).where(u.c.id == bindparam("q"))); E("s_correl_except", select(u.c.id).where(exists(select(a.c.id).where(a.c.user_id == u.c.id).correlate_except(a))))

# dml
E("i_all", insert(u)); E("i_vals", insert(u).values(name="a", fullname="b")); E("i_one", insert(u).values(name="a")); E("i_many", insert(u).values([{"name": "a", "fullname": "b"}, {"name": "c", "fullname": "d"}])); E("i_ret", insert(u).values(name="a").returning(u.c.id, u.c.name)); E("i_empty", insert(u).values({}) if False else insert(u).values(id=1)); E("i_expr", insert(u).values(name=func.lower("A"))); E("i_sel", insert(u).from_select(["name", "fullname"], select(a.c.email_address, a.c.email_address))); E("i_sel_sub", insert(u).values(name=select(a.c.email_address).where(a.c.id == 1).scalar_subquery())); E("i_defaults", insert(o).values(userId=1)); E("i_key", insert(o).values(remark="x", total=5)); E("i_prefix", insert(u).prefix_with("OR IGNORE").values(name="a")); E("i_null", insert(u).values(name=None))
E("u_one", update(u).values(name="a")); E("u_where", update(u).where(u.c.name == "x").values(fullname="y")); E("u_expr", update(u).values(fullname="U: " + u.c.name)); E("u_sub", update(u).values(fullname=select(a.c.email_address).where(a.c.user_id == u.c.id).order_by(a.c.id).limit(1).scalar_subquery())); E("u_from", update(u).where(u.c.id == a.c.user_id).where(a.c.email_address == "p").values(fullname="Pat")); E("u_ret", update(u).where(u.c.id == 1).values(name="a").returning(u.c.id)); E("u_order", update(u).ordered_values((u.c.fullname, "b"), (u.c.name, "a"))); E("u_bind", update(u).where(u.c.name == bindparam("oldname")).values(name=bindparam("newname"))); E("u_all", update(u)); E("u_in", update(u).where(u.c.id.in_([1, 2])).values(name="q")); E("u_schema", update(o).values(total=o.c.total + 1).where(o.c.userId == 5)); E("u_inc", update(u).values({u.c.id: u.c.id + 1}))
E("d_all", delete(u)); E("d_where", delete(u).where(u.c.name == "x")); E("d_using", delete(u).where(u.c.id == a.c.user_id).where(a.c.email_address == "p")); E("d_ret", delete(u).where(u.c.id == 1).returning(u.c.id, u.c.name)); E("d_sub", delete(u).where(u.c.id.in_(select(a.c.user_id)))); E("d_cte", delete(u).where(u.c.id.in_(select(cte.c.user_id)))); E("u_cte", update(u).values(name="x").where(u.c.id == select(cte.c.user_id).scalar_subquery())); E("i_cte_ret", select(insert(u).values(name="a").returning(u.c.id).cte("ins").c.id))
E("i_sel_cte", insert(u).from_select(["name"], select(cte.c.email_address)))

# ddl
def ddl(name, *items, **kw):
    md = MetaData()
    Table("user_account", md, Column("id", Integer, primary_key=True))
    E(name, CreateTable(Table("t", md, *items, **kw)))
C = Column
ddl("c_basic", C("id", Integer, primary_key=True), C("name", String(30), nullable=False), C("txt", Text), C("f", Float), C("n", Numeric(10, 2)), C("b", Boolean), C("d", Date), C("dt", DateTime), C("tm", Time), C("bin", LargeBinary), C("bi", BigInteger), C("si", SmallInteger), C("j", JSON), C("uu", Uuid), C("iv", Interval), C("dbl", Double))
ddl("c_fk", C("id", Integer, primary_key=True), C("user_id", ForeignKey("user_account.id", ondelete="CASCADE", onupdate="SET NULL"), nullable=False))
ddl("c_uq", C("id", Integer, primary_key=True), C("e", String(5), unique=True), C("a", Integer), C("b", Integer), UniqueConstraint("a", "b", name="uq_ab"))
ddl("c_ck", C("id", Integer, primary_key=True), C("a", Integer, CheckConstraint("a > 5")), CheckConstraint("a < 100", name="ck_a"))
ddl("c_pk2", C("a", Integer, primary_key=True), C("b", Integer, primary_key=True), C("c", String(2), server_default="x"))
ddl("c_pkn", C("a", Integer), C("b", Integer), PrimaryKeyConstraint("a", "b", name="pk_t"))
ddl("c_def", C("id", Integer, primary_key=True), C("a", Integer, server_default=text("5")), C("b", DateTime, server_default=func.now()), C("c", String(5), server_default="it's"), C("d", Integer, default=5), C("e", Integer, server_default=text("5 + 5")))
ddl("c_quote", C("Id", Integer, primary_key=True), C("select", String(5)), C("a b", Integer))
ddl("c_comp", C("id", Integer, primary_key=True), C("a", Integer), C("b", Integer, Computed("a * 2", persisted=True)))
ddl("c_enum", C("id", Integer, primary_key=True), C("e", Enum("a", "bb", name="en")))
ddl("c_enum_ck", C("id", Integer, primary_key=True), C("e", Enum("a", "bb", name="en", create_constraint=True, native_enum=False)), C("b", Boolean(create_constraint=True, name="ckb")))
ddl("c_auto", C("id", Integer, primary_key=True), C("a", Integer), sqlite_autoincrement=True, mysql_engine="InnoDB", mysql_charset="utf8mb4")
ddl("c_ident", C("id", Integer, Identity(start=5, increment=2), primary_key=True), C("a", Integer))
ddl("c_strpk", C("id", String(36), primary_key=True), C("z", Integer))
ddl("c_comment", C("id", Integer, primary_key=True, comment="the id"), comment="a table")
ddl("c_fkc", C("id", Integer, primary_key=True), C("uid", Integer), ForeignKeyConstraint(["uid"], ["user_account.id"], name="fk_u", deferrable=True, initially="DEFERRED"))
ddl("c_types", C("id", BigInteger, primary_key=True), C("v", VARCHAR(5)), C("c", CHAR(3)), C("ts", TIMESTAMP), C("dec", DECIMAL(5, 1)), C("r", REAL), C("u", Unicode(5)), C("ut", UnicodeText), C("tz", DateTime(timezone=True)), C("bl", BLOB), C("nn", Numeric), C("fp", Float(5)))
ddl("c_schema", C("id", Integer, primary_key=True), C("o", Integer, ForeignKey("user_account.id")), schema="sc")
ddl("c_prefix", C("id", Integer, primary_key=True), prefixes=["TEMPORARY"])
E("c_user", CreateTable(u)); E("c_address", CreateTable(a)); E("c_order", CreateTable(o)); E("drop", DropTable(u)); E("drop_ie", DropTable(o, if_exists=True)); E("create_ine", CreateTable(a, if_not_exists=True))
E("ix1", CreateIndex(Index("ix_a", a.c.email_address))); E("ix2", CreateIndex(Index("ix_u", u.c.name, u.c.fullname, unique=True))); E("ix3", CreateIndex(Index("ix_f", func.lower(u.c.name)))); E("ix4", CreateIndex(Index("ix_w", u.c.name, sqlite_where=u.c.id > 5, postgresql_where=u.c.id > 5))); E("ix_drop", DropIndex(Index("ix_d", u.c.fullname))); E("ix_desc", CreateIndex(Index("ix_z", u.c.name.desc())))

DIALECTS = [("default", None), ("sqlite", sqlite.dialect()), ("postgresql", postgresql.dialect()), ("mysql", mysql.dialect()), ("mariadb", mariadb.MariaDBDialect())]

def main():
    import warnings
    warnings.simplefilter("ignore")
    for name, obj in CASES:
        for dname, dialect in DIALECTS:
            try:
                out = str(obj.compile(dialect=dialect)) if dialect is not None else str(obj)
            except Exception as error:
                out = f"!{type(error).__name__}: {error}"
            print(name, dname, out.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t"), sep="\t")

main()
