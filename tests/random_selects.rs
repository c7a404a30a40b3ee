//! Laws of the SQL compiler, tried on random selects: SQLite prepares the text, and the text with literal values
//! returns the rows of the bound form.
#![cfg(not(target_family = "wasm"))]
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::rc::Rc;
use std::slice::Iter;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use vidro_engine::clock::ManualClock;
use vidro_engine::{Bind, DriverParameters, Engine, EngineOptions, Host, Item, Url};
use vidro_sql::compile::{BindSet, CompileOptions, compile};
use vidro_sql::dialect::Dialect;
use vidro_sql::expr::{Expr, InOperand, IntoExpr as _, Op, and_, not_, or_};
use vidro_sql::from::FromClause;
use vidro_sql::schema::{ColumnSpec, MetaData, Table, TableItem, TableOptions};
use vidro_sql::select::{CompoundSelect, Query, Select, SetOperation};
use vidro_sql::statement::Statement;
use vidro_sql::types::Type;
use vidro_sql::{Result, Value};
use vidro_sqlite::Sqlite;

/// Texts that are hard to write as literals.
const TEXTS: &[&str] =
    &["", "a", "it's", "100%", "a_b", ":x", "?", "%(x)s", "\\", "/", "ção", "\"q\"", "two\nlines"];

/// A database with two tables and a few rows.
struct Shop {
    _metadata: MetaData,
    item: Table,
    part: Table,
    engine: Engine,
}

impl Shop {
    fn new() -> Self {
        let metadata = MetaData::new();
        let table = |name: &str, columns: Vec<ColumnSpec>| {
            let items = columns.into_iter().map(|spec| TableItem::Column(spec.build())).collect();
            Table::new(name, &metadata, items, TableOptions::default()).unwrap()
        };
        let id = || ColumnSpec::new("id", Type::integer()).primary_key();
        let item = table(
            "item",
            vec![
                id(),
                ColumnSpec::new("name", Type::string()),
                ColumnSpec::new("note", Type::string()),
                ColumnSpec::new("count", Type::integer()),
            ],
        );
        let part = table(
            "part",
            vec![
                id(),
                ColumnSpec::new("item_id", Type::null()).references("item.id"),
                ColumnSpec::new("name", Type::string()),
                ColumnSpec::new("count", Type::integer()),
            ],
        );
        let host = Host::new(Rc::new(ManualClock::default()));
        let url = Url::parse("sqlite://").unwrap();
        let dialect = Rc::new(Dialect::sqlite());
        let options = EngineOptions::default();
        let engine = Engine::create(url, dialect, Rc::new(Sqlite), options, host).unwrap();
        let bind = Bind::Engine(engine.clone());
        vidro_engine::schema::create_all(&bind, &metadata, None, false).unwrap();
        let shop = Self { _metadata: metadata, item, part, engine };
        shop.fill();
        shop
    }

    fn fill(&self) {
        let connection = self.engine.connect().unwrap();
        let run = |sql: &str, sets: Vec<Vec<Value>>| {
            connection.exec_driver_sql(sql, DriverParameters::Many(sets)).unwrap();
        };
        let text = |at: usize| Value::from(TEXTS[at % TEXTS.len()]);
        let items = (1_usize..=9).map(|id| {
            let note = if id % 3 == 0 { Value::Null } else { text(id * 5) };
            let count = if id % 4 == 0 { Value::Null } else { number(id % 5) };
            vec![number(id), text(id), note, count]
        });
        run("INSERT INTO item VALUES (?, ?, ?, ?)", items.collect());
        let parts =
            (1_usize..=12).map(|id| vec![number(id), number(id % 6), text(id * 7), number(id % 4)]);
        run("INSERT INTO part VALUES (?, ?, ?, ?)", parts.collect());
        connection.commit().unwrap();
    }

    /// The rows of a statement, in a form that can be compared; in any order.
    fn rows(&self, sql: &str, values: Vec<Value>) -> std::result::Result<Vec<String>, String> {
        let connection = self.engine.connect().map_err(|error| error.to_string())?;
        let result = connection.exec_driver_sql(sql, DriverParameters::One(values));
        let items = result.and_then(|result| result.all()).map_err(|error| error.to_string())?;
        let mut rows: Vec<String> = items
            .iter()
            .map(|item| match item {
                Item::Row(row) => format!("{:?}", row.to_vec()),
                other => format!("{other:?}"),
            })
            .collect();
        rows.sort();
        Ok(rows)
    }
}

fn number(value: usize) -> Value {
    Value::Int(i64::try_from(value).unwrap())
}

/// Makes a statement from bytes: each choice takes one, and an empty tape chooses the simplest.
struct Tape<'a> {
    shop: &'a Shop,
    bytes: Iter<'a, u8>,
}

impl Tape<'_> {
    fn pick(&mut self, choices: usize) -> usize {
        self.bytes.next().map_or(0, |byte| usize::from(*byte) % choices)
    }

    fn item(&self, column: &str) -> Expr {
        self.shop.item.c(column).unwrap()
    }

    fn number(&mut self, depth: usize) -> Result<Expr> {
        let deep = depth.saturating_sub(1);
        Ok(match self.pick(if depth == 0 { 3 } else { 11 }) {
            0 => self.item("id"),
            1 => self.item("count"),
            // Not below zero: SQLAlchemy, too, writes the negative of -3 as `--3`, a comment.
            2 => Expr::literal(i64::try_from(self.pick(10)).unwrap()),
            3 => self.number(deep)?.operate(Op::Add, self.number(deep)?)?,
            4 => self.number(deep)?.operate(Op::Sub, self.number(deep)?)?,
            5 => self.number(deep)?.operate(Op::Mul, self.number(deep)?)?,
            6 => self.number(deep)?.unary(Op::Neg),
            7 => {
                let (when, then) = (self.truth(deep)?, self.number(deep)?);
                let otherwise = self.number(deep)?.into_operand();
                Expr::case(None, vec![(when.into_operand(), then.into_operand())], Some(otherwise))?
            }
            8 => Expr::function("length", vec![self.text(deep)?.into_operand()])?,
            9 => {
                let both = vec![self.number(deep)?.into_operand(), self.number(0)?.into_operand()];
                Expr::function("coalesce", both)?
            }
            _ => self.parts().scalar_subquery(),
        })
    }

    /// How many parts an item has, correlated.
    fn parts(&self) -> Query {
        let parts = FromClause::from(&self.shop.part).alias(None);
        let part = |column: &str| parts.c(column).unwrap();
        let of_item = part("item_id").eq(self.item("id")).unwrap();
        Query::Select(Select::new([Expr::count(&part("id"))]).where_(of_item))
    }

    fn text(&mut self, depth: usize) -> Result<Expr> {
        let deep = depth.saturating_sub(1);
        Ok(match self.pick(if depth == 0 { 3 } else { 7 }) {
            0 => self.item("name"),
            1 => self.item("note"),
            2 => Expr::literal(TEXTS[self.pick(TEXTS.len())]),
            3 => self.text(deep)?.operate(Op::Concat, self.text(deep)?)?,
            4 => Expr::function("upper", vec![self.text(deep)?.into_operand()])?,
            5 => Expr::cast(self.number(deep)?, Type::string())?,
            _ => {
                let (when, then) = (self.truth(deep)?, self.text(deep)?);
                Expr::case(None, vec![(when.into_operand(), then.into_operand())], None)?
            }
        })
    }

    fn truth(&mut self, depth: usize) -> Result<Expr> {
        let deep = depth.saturating_sub(1);
        Ok(match self.pick(if depth == 0 { 4 } else { 12 }) {
            0 => self.number(deep)?.operate(self.comparison(), self.number(deep)?)?,
            1 => self.text(deep)?.operate(self.comparison(), TEXTS[self.pick(TEXTS.len())])?,
            2 => self.text(0)?.operate(Op::Is, Expr::null())?,
            3 => self.among(deep)?,
            4 => self.number(deep)?.between(self.number(deep)?, self.number(deep)?)?,
            5 | 6 => self.like(deep)?,
            7 => self.number(deep)?.operate(Op::IsDistinct, self.number(deep)?)?,
            8 => not_(&self.truth(deep)?),
            9 => and_([self.truth(deep)?, self.truth(deep)?])?,
            10 => or_([self.truth(deep)?, self.truth(deep)?, self.truth(deep)?])?,
            _ => self.parts().exists(),
        })
    }

    fn comparison(&mut self) -> Op {
        [Op::Eq, Op::Ne, Op::Lt, Op::Le, Op::Gt, Op::Ge][self.pick(6)].clone()
    }

    /// IN a list, perhaps an empty one, or NOT.
    fn among(&mut self, depth: usize) -> Result<Expr> {
        let op = [Op::In, Op::NotIn][self.pick(2)].clone();
        let count = self.pick(4);
        if self.pick(2) == 0 {
            let values = (0..count).map(|_| number(self.pick(9))).collect();
            return self.number(depth)?.in_op(op, InOperand::Values(values));
        }
        let values = (0..count).map(|_| Value::from(TEXTS[self.pick(TEXTS.len())])).collect();
        self.text(depth)?.in_op(op, InOperand::Values(values))
    }

    fn like(&mut self, depth: usize) -> Result<Expr> {
        let ops = [Op::Like, Op::ILike, Op::NotLike, Op::Contains, Op::StartsWith, Op::IEndsWith];
        let op = ops[self.pick(ops.len())].clone();
        let pattern = TEXTS[self.pick(TEXTS.len())].into_operand();
        let auto = matches!(op, Op::Contains | Op::StartsWith | Op::IEndsWith) && self.pick(2) == 1;
        self.text(depth)?.like_op(op, pattern, None, auto)
    }

    /// Some columns of items, perhaps joined, grouped, in order, cut.
    fn select(&mut self) -> Result<Select> {
        if self.pick(4) == 3 {
            return self.grouped();
        }
        let columns = [
            self.item("id"),
            self.number(3)?.label("a"),
            self.text(3)?.label("b"),
            self.truth(3)?.label("c"),
        ];
        let mut select = Select::new(columns);
        let part = |column: &str| self.shop.part.c(column).unwrap();
        let (part_id, belongs) = (part("id"), part("item_id").eq(self.item("id"))?);
        match self.pick(3) {
            0 => {}
            1 => select = select.join(&self.shop.part, Some(belongs)).order_by(part_id),
            _ => select = select.outerjoin(&self.shop.part, Some(belongs)).order_by(part_id),
        }
        if self.pick(2) == 1 {
            select = select.where_(self.truth(3)?);
        }
        if self.pick(3) == 2 {
            select = select.distinct();
        }
        if self.pick(3) == 2 {
            select = select.order_by(self.item("id"));
            select = select.limit(i64::try_from(self.pick(5)).unwrap())?;
            select = select.offset(i64::try_from(self.pick(3)).unwrap())?;
        }
        Ok(select)
    }

    fn grouped(&mut self) -> Result<Select> {
        let key = self.text(2)?.label("b");
        let total = Expr::function("sum", vec![self.number(2)?.into_operand()])?.label("a");
        let any = Expr::function("max", vec![self.item("id").into_operand()])?;
        let columns = [any.label("id"), total, key.clone(), Expr::count_star().label("c")];
        let having = Expr::count_star().operate(self.comparison(), self.number_literal())?;
        Ok(Select::new(columns).group_by(key).having(having))
    }

    fn number_literal(&mut self) -> Expr {
        Expr::literal(i64::try_from(self.pick(4)).unwrap())
    }

    /// A select by itself, or as a subquery, a CTE, or a part of a UNION.
    fn statement(&mut self) -> Result<Statement> {
        let select = Query::Select(self.select()?);
        let around = |from: &FromClause| Select::of(from);
        Ok(match self.pick(5) {
            1 => around(&select.subquery(None)).into(),
            2 => around(&select.cte(Some("c".into()), false, false)).into(),
            3 | 4 => {
                let keyword = [SetOperation::Union, SetOperation::UnionAll][self.pick(2)];
                let other = Query::Select(self.select()?);
                // SQLite takes no ORDER BY or LIMIT inside a UNION but in a subquery.
                let parts = [select, other].map(|part| around(&part.subquery(None)));
                let parts = parts.into_iter().map(Query::Select).collect();
                Statement::Query(Query::Compound(CompoundSelect::new(keyword, parts)?))
            }
            _ => Statement::Query(select),
        })
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, rng_seed: RngSeed::Fixed(66), ..ProptestConfig::default() })]

    #[test]
    fn literal_text_returns_the_rows_of_the_bound_form(bytes in proptest::collection::vec(any::<u8>(), 0..90)) {
        thread_local! {
            static SHOP: Shop = Shop::new();
        }
        SHOP.with(|shop| {
            let statement = Tape { shop, bytes: bytes.iter() }.statement().unwrap();
            let dialect = Dialect::sqlite();
            let compiled = compile(&statement, &dialect, &CompileOptions::default()).unwrap();
            let mut walk = BindSet::default();
            walk.collect(&statement);
            let rendered = compiled.render(&walk.binds, &|_| None).unwrap();
            let bound = shop.rows(&rendered.sql, rendered.values);
            prop_assert!(bound.is_ok(), "{bound:?}\n{}", rendered.sql);
            let options = CompileOptions { literal_binds: true, ..CompileOptions::default() };
            let literal = compile(&statement, &dialect, &options).unwrap();
            let literal = literal.render(&[], &|_| None).unwrap().sql;
            let written = shop.rows(&literal, Vec::new());
            prop_assert_eq!(bound, written, "\n{}\n{}", rendered.sql, literal);
            Ok(())
        })?;
    }
}
