//! The tables of the corpus, and its DDL.
#![expect(clippy::too_many_lines, reason = "tables of cases")]

use vidro_sql::Value;
use vidro_sql::ddl::{CreateTable, Ddl};
use vidro_sql::expr::{Expr, IntoExpr, Op};
use vidro_sql::schema::{
    Column, ColumnArg, ColumnSpec, Computed, Constraint, ConstraintKind, Default as ColumnDefault,
    ForeignKey, ForeignKeyOptions, ForeignKeyTarget, Identity, Index, MetaData, SequenceOptions,
    ServerDefault, Table, TableItem, TableOptions,
};
use vidro_sql::statement::Statement;
use vidro_sql::types::{EnumMembers, Type, TypeArgs, TypeKind};

use super::{Case, Tables, c};

fn col(name: &str, ty: Type) -> ColumnSpec {
    ColumnSpec::new(name, ty)
}

fn kind(kind: TypeKind) -> Type {
    Type::of(kind)
}

fn sized(kind: TypeKind, length: i64) -> Type {
    Type::with(kind, TypeArgs { length: Some(length), ..TypeArgs::default() })
}

fn build(specs: Vec<ColumnSpec>) -> Vec<TableItem> {
    specs.into_iter().map(|spec| TableItem::Column(spec.build())).collect()
}

fn id() -> ColumnSpec {
    col("id", Type::integer()).primary_key()
}

fn server(mut spec: ColumnSpec, default: ServerDefault) -> ColumnSpec {
    spec.server_default = Some(default);
    spec
}

fn sql(text: &str) -> ServerDefault {
    ServerDefault::Sql(Expr::text(text))
}

fn now() -> ServerDefault {
    ServerDefault::Sql(Expr::function("now", vec![]).unwrap())
}

pub(crate) fn tables() -> Tables {
    let m = MetaData::new();
    let none = TableOptions::default;
    let u = vec![
        id(),
        col("name", Type::string_of(30)).nullable(false),
        col("fullname", Type::string()),
    ];
    let u = Table::new("user_account", &m, build(u), none()).unwrap();
    let a = vec![
        id(),
        col("email_address", Type::string()).nullable(false),
        col("user_id", Type::null()).references("user_account.id").nullable(false),
    ];
    let a = Table::new("address", &m, build(a), none()).unwrap();
    let mut total = col("total", Type::numeric_of(10, 2));
    total.default = Some(ColumnDefault::Scalar(0.into()));
    let mut note = col("note", Type::text());
    note.key = Some("remark".into());
    let o = vec![
        id(),
        col("userId", Type::integer()).references("user_account.id"),
        total,
        server(col("paid", Type::boolean()), sql("false")),
        server(col("created", Type::datetime()), now()),
        note,
    ];
    let options = TableOptions { schema: Some("shop".into()), ..TableOptions::default() };
    let o = Table::new("order", &m, build(o), options).unwrap();
    Tables { u, a, o, _metadata: m }
}

fn create(name: &'static str, items: Vec<TableItem>, options: TableOptions) -> Case {
    let m = MetaData::new();
    Table::new("user_account", &m, build(vec![id()]), TableOptions::default()).unwrap();
    let table = Table::new("t", &m, items, options).unwrap();
    // The metadata must outlive the compilation: foreign keys are looked up in it.
    std::mem::forget(m);
    (name, Statement::Ddl(Ddl::create_table(&table)))
}

fn named(names: &[&str]) -> Vec<ColumnArg> {
    names.iter().map(|name| ColumnArg::Name((*name).into())).collect()
}

fn constraint(kind: ConstraintKind, name: &str, columns: &[&str]) -> TableItem {
    let constraint = Constraint::new(kind, Some(name.into()), ForeignKeyOptions::default());
    TableItem::Constraint(constraint.of_columns(named(columns)))
}

fn check(text: &str, name: Option<&str>) -> Constraint {
    Constraint::check(Expr::text(text), name.map(Into::into))
}

fn enumeration(create_constraint: bool, native: bool) -> Type {
    let members = EnumMembers {
        names: vec!["a".into(), "bb".into()],
        values: vec!["a".into(), "bb".into()],
        native: Some(native),
        ..EnumMembers::default()
    };
    let args = TypeArgs {
        members: Some(members),
        name: Some("en".into()),
        create_constraint,
        ..TypeArgs::default()
    };
    Type::with(TypeKind::Enum, args)
}

pub(crate) fn cases(t: &Tables) -> Vec<Case> {
    let mut out = columns();
    out.extend(constraints());
    out.extend(others(t));
    out
}

fn columns() -> Vec<Case> {
    let none = TableOptions::default;
    let basic = vec![
        id(),
        col("name", Type::string_of(30)).nullable(false),
        col("txt", Type::text()),
        col("f", Type::float()),
        col("n", Type::numeric_of(10, 2)),
        col("b", Type::boolean()),
        col("d", Type::date()),
        col("dt", Type::datetime()),
        col("tm", Type::time()),
        col("bin", Type::large_binary()),
        col("bi", Type::big_integer()),
        col("si", Type::small_integer()),
        col("j", Type::json()),
        col("uu", Type::uuid()),
        col("iv", Type::interval()),
        col("dbl", Type::double()),
    ];
    let mut plain = col("d", Type::integer());
    plain.default = Some(ColumnDefault::Scalar(5.into()));
    let defaults = vec![
        id(),
        server(col("a", Type::integer()), sql("5")),
        server(col("b", Type::datetime()), now()),
        server(col("c", Type::string_of(5)), ServerDefault::Text("it's".into())),
        plain,
        server(col("e", Type::integer()), sql("5 + 5")),
    ];
    let mut double = col("b", Type::integer());
    double.computed = Some(Computed { sqltext: Expr::text("a * 2"), persisted: Some(true) });
    let numbers =
        SequenceOptions { start: Some(5), increment: Some(2), ..SequenceOptions::default() };
    let mut identity = id();
    identity.identity = Some(Identity { options: numbers, ..Identity::default() });
    let mut commented = id();
    commented.comment = Some("the id".into());
    let zone = Type::with(TypeKind::DateTime, TypeArgs { timezone: true, ..TypeArgs::default() });
    let five = TypeArgs { precision: Some(5), scale: Some(1), ..TypeArgs::default() };
    let float5 = TypeArgs { precision: Some(5), ..TypeArgs::default() };
    let types = vec![
        col("id", Type::big_integer()).primary_key(),
        col("v", sized(TypeKind::VARCHAR, 5)),
        col("c", sized(TypeKind::CHAR, 3)),
        col("ts", kind(TypeKind::TIMESTAMP)),
        col("dec", Type::with(TypeKind::DECIMAL, five)),
        col("r", kind(TypeKind::REAL)),
        col("u", sized(TypeKind::Unicode, 5)),
        col("ut", kind(TypeKind::UnicodeText)),
        col("tz", zone),
        col("bl", kind(TypeKind::BLOB)),
        col("nn", Type::numeric()),
        col("fp", Type::with(TypeKind::Float, float5)),
    ];
    let quoted = vec![
        col("Id", Type::integer()).primary_key(),
        col("select", Type::string_of(5)),
        col("a b", Type::integer()),
    ];
    let comment = TableOptions { comment: Some("a table".into()), ..none() };
    let auto = TableOptions {
        dialect_options: vec![
            ("sqlite_autoincrement".into(), Value::Bool(true)),
            ("mysql_engine".into(), "InnoDB".into()),
            ("mysql_charset".into(), "utf8mb4".into()),
        ],
        ..none()
    };
    let prefixed = TableOptions { prefixes: vec!["TEMPORARY".into()], ..none() };
    let text_key = vec![col("id", Type::string_of(36)).primary_key(), col("z", Type::integer())];
    vec![
        create("c_basic", build(basic), none()),
        create("c_def", build(defaults), none()),
        create("c_quote", build(quoted), none()),
        create("c_comp", build(vec![id(), col("a", Type::integer()), double]), none()),
        create("c_enum", build(vec![id(), col("e", enumeration(false, true))]), none()),
        create("c_auto", build(vec![id(), col("a", Type::integer())]), auto),
        create("c_ident", build(vec![identity, col("a", Type::integer())]), none()),
        create("c_strpk", build(text_key), none()),
        create("c_comment", build(vec![commented]), comment),
        create("c_types", build(types), none()),
        create("c_prefix", build(vec![id()]), prefixed),
    ]
}

fn constraints() -> Vec<Case> {
    let none = TableOptions::default;
    let actions = ForeignKeyOptions {
        ondelete: Some("CASCADE".into()),
        onupdate: Some("SET NULL".into()),
        ..ForeignKeyOptions::default()
    };
    let target = || ForeignKeyTarget::Spec("user_account.id".into());
    let mut owner = col("user_id", Type::null()).nullable(false);
    owner.foreign_keys.push(ForeignKey::new(target(), actions));
    let mut unique = build(vec![id()]);
    let mut e = col("e", Type::string_of(5));
    e.unique = Some(true);
    let pair = constraint(ConstraintKind::Unique(vec![]), "uq_ab", &["a", "b"]);
    unique.extend(build(vec![e, col("a", Type::integer()), col("b", Type::integer())]));
    unique.push(pair);
    let mut limited = col("a", Type::integer());
    limited.checks.push(check("a > 5", None));
    let mut checked = build(vec![id(), limited]);
    checked.push(TableItem::Constraint(check("a < 100", Some("ck_a"))));
    let two = vec![
        col("a", Type::integer()).primary_key(),
        col("b", Type::integer()).primary_key(),
        server(col("c", Type::string_of(2)), ServerDefault::Text("x".into())),
    ];
    let mut keyed = build(vec![col("a", Type::integer()), col("b", Type::integer())]);
    keyed.push(constraint(ConstraintKind::PrimaryKey(vec![]), "pk_t", &["a", "b"]));
    let flag =
        TypeArgs { create_constraint: true, name: Some("ckb".into()), ..TypeArgs::default() };
    let flags = vec![
        id(),
        col("e", enumeration(true, false)),
        col("b", Type::with(TypeKind::Boolean, flag)),
    ];
    let deferred = ForeignKeyOptions {
        deferrable: Some(true),
        initially: Some("DEFERRED".into()),
        ..ForeignKeyOptions::default()
    };
    let keys = vec![ForeignKey::new(target(), ForeignKeyOptions::default())];
    let foreign = Constraint::new(ConstraintKind::ForeignKey(keys), Some("fk_u".into()), deferred)
        .of_columns(named(&["uid"]));
    let mut explicit = build(vec![id(), col("uid", Type::integer())]);
    explicit.push(TableItem::Constraint(foreign));
    let schema = TableOptions { schema: Some("sc".into()), ..none() };
    let across = vec![id(), col("o", Type::integer()).references("user_account.id")];
    vec![
        create("c_fk", build(vec![id(), owner]), none()),
        create("c_uq", unique, none()),
        create("c_ck", checked, none()),
        create("c_pk2", build(two), none()),
        create("c_pkn", keyed, none()),
        create("c_enum_ck", build(flags), none()),
        create("c_fkc", explicit, none()),
        create("c_schema", build(across), schema),
    ]
}

fn others(t: &Tables) -> Vec<Case> {
    let (u, a, o) = (&t.u, &t.a, &t.o);
    let ddl = |name, ddl| (name, Statement::Ddl(ddl));
    let index = |name: &str, exprs: Vec<Expr>, unique| {
        let index = Index::new(Some(name.into()), exprs, unique);
        Ddl::CreateIndex { index, if_not_exists: false }
    };
    let lower = Expr::function("lower", vec![c(u, "name").into_operand()]).unwrap();
    let big = c(u, "id").gt(5).unwrap();
    let partial = Index::with(
        Some("ix_w".into()),
        vec![c(u, "name")],
        false,
        Vec::new(),
        vec![("sqlite".into(), big.clone()), ("postgresql".into(), big)],
        false,
    );
    let dropped = Index::new(Some("ix_d".into()), vec![c(u, "fullname")], false);
    let create = CreateTable { table: a.clone(), foreign_keys: None, if_not_exists: true };
    let _: Option<Column> = None;
    vec![
        ddl("c_user", Ddl::create_table(u)),
        ddl("c_address", Ddl::create_table(a)),
        ddl("c_order", Ddl::create_table(o)),
        ddl("drop", Ddl::drop_table(u)),
        ddl("drop_ie", Ddl::DropTable { table: o.clone(), if_exists: true }),
        ddl("create_ine", Ddl::CreateTable(create)),
        ddl("ix1", index("ix_a", vec![c(a, "email_address")], false)),
        ddl("ix2", index("ix_u", vec![c(u, "name"), c(u, "fullname")], true)),
        ddl("ix3", index("ix_f", vec![lower], false)),
        ddl("ix4", Ddl::CreateIndex { index: partial, if_not_exists: false }),
        ddl("ix_drop", Ddl::DropIndex { index: dropped, if_exists: false }),
        ddl("ix_desc", index("ix_z", vec![c(u, "name").modifier(Op::Desc)], false)),
    ]
}
