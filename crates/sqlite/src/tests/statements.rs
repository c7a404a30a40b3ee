//! Statements of the expression language on real SQLite: what is logged, what comes back.

use std::rc::Rc;

#[cfg(all(target_family = "wasm", target_os = "unknown"))]
use wasm_bindgen_test::wasm_bindgen_test as test;

use vidro_engine::sql::Value;
use vidro_engine::sql::dml::{Delete, DmlKey, Insert, Update};
use vidro_engine::sql::expr::{Expr, Operand};
use vidro_engine::sql::schema::{ColumnSpec, Default, MetaData, Table, TableItem, TableOptions};
use vidro_engine::sql::select::Select;
use vidro_engine::sql::statement::Statement;
use vidro_engine::sql::text::TextClause;
use vidro_engine::sql::types::Type;
use vidro_engine::{Bind, Connection, ExecutionOptions, ParameterSet, Result, ResultSet, schema};

use super::{Recorder, echoing};

/// A table `u`, created; its log is thrown away.
fn table() -> (MetaData, Table, Connection, Rc<Recorder>) {
    let (engine, log) = echoing();
    let metadata = MetaData::new();
    let id = ColumnSpec::new("id", Type::integer()).primary_key().build();
    let mut name = ColumnSpec::new("name", Type::string_of(30));
    name.default = Some(Default::Scalar("anon".into()));
    let ok = ColumnSpec::new("ok", Type::boolean()).build();
    let items = [id, name.build(), ok].into_iter().map(TableItem::Column).collect();
    let table = Table::new("u", &metadata, items, TableOptions::default()).unwrap();
    schema::create_all(&Bind::Engine(engine.clone()), &metadata, None, true).unwrap();
    let connection = engine.connect().unwrap();
    (metadata, table, connection, log)
}

fn set(pairs: &[(&str, Value)]) -> ParameterSet {
    pairs.iter().map(|(name, value)| ((*name).into(), value.clone())).collect()
}

fn execute(
    connection: &Connection,
    statement: impl Into<Statement>,
    sets: &[ParameterSet],
) -> Result<ResultSet> {
    connection.execute(&statement.into(), sets, &ExecutionOptions::default())
}

fn rows(result: &ResultSet) -> String {
    let shown = result.all().unwrap().into_iter().map(|item| match item {
        vidro_engine::Item::Row(row) => row.to_string(),
        other => format!("{other:?}"),
    });
    shown.collect::<Vec<_>>().join(" ")
}

#[test]
fn create_all_looks_before_it_creates() {
    let (metadata, _, connection, log) = table();
    let created = [
        "BEGIN (implicit)",
        "PRAGMA main.table_info(\"u\")",
        "[raw sql] ()",
        "PRAGMA temp.table_info(\"u\")",
        "[raw sql] ()",
        "\nCREATE TABLE u (\n\tid INTEGER NOT NULL, \n\tname VARCHAR(30), \n\tok BOOLEAN, \n\tPRIMARY KEY (id)\n)\n\n",
        "[no key 0.00000s] ()",
        "COMMIT",
    ];
    assert_eq!(log.take(), created);
    schema::drop_all(&Bind::Connection(connection), &metadata, None, true).unwrap();
    let dropped = [
        "BEGIN (implicit)",
        "PRAGMA main.table_info(\"u\")",
        "[raw sql] ()",
        "\nDROP TABLE u",
        "[no key 0.00000s] ()",
    ];
    assert_eq!(log.take(), dropped);
}

#[test]
fn inserts_make_defaults_and_tell_new_keys() {
    let (_, table, connection, log) = table();
    let key = |result: ResultSet| result.inserted_primary_key().unwrap().to_string();
    let named = Insert::new(&table)
        .values(vec![(DmlKey::Name("name".into()), Operand::Value("a".into()))])
        .unwrap();
    let result = execute(&connection, named, &[]).unwrap();
    assert_eq!((result.rowcount(), result.info().lastrowid), (1, 1));
    assert_eq!(key(result), "(1,)");
    let result = execute(&connection, Insert::new(&table), &[set(&[("ok", true.into())])]).unwrap();
    assert_eq!(key(result), "(2,)");
    log.take();
    let two = [set(&[("name", "x".into())]), set(&[("name", "y".into())])];
    let result = execute(&connection, Insert::new(&table), &two).unwrap();
    assert_eq!(result.rowcount(), 2);
    let (id, name) = (table.c("id").unwrap(), table.c("name").unwrap());
    let returning = Insert::new(&table).returning(vec![id.clone(), name]);
    assert_eq!(rows(&execute(&connection, returning, &two).unwrap()), "(5, 'x') (6, 'y')");
    let sorted = Insert::new(&table)
        .returning(vec![id])
        .altered(|insert| insert.sort_by_parameter_order = true);
    assert_eq!(rows(&execute(&connection, sorted, &two).unwrap()), "(7,) (8,)");
    let expect = [
        "INSERT INTO u (name) VALUES (?)",
        "[generated in 0.00000s] [('x',), ('y',)]",
        "INSERT INTO u (name) VALUES (?), (?) RETURNING id, name",
        "[generated in 0.00000s (insertmanyvalues) 1/1 (unordered)] ('x', 'y')",
        "INSERT INTO u (name) VALUES (?) RETURNING id",
        "[generated in 0.00000s (insertmanyvalues) 1/2 (ordered; batch not supported)] ('x',)",
        "INSERT INTO u (name) VALUES (?) RETURNING id",
        "[insertmanyvalues 2/2 (ordered; batch not supported)] ('y',)",
    ];
    assert_eq!(log.take(), expect);
}

#[test]
fn selects_updates_deletes_and_text() {
    let (_, table, connection, log) = table();
    let two = [
        set(&[("name", "a".into()), ("ok", true.into())]),
        set(&[("name", "b".into()), ("ok", Value::Null)]),
    ];
    execute(&connection, Insert::new(&table), &two).unwrap();
    log.take();
    let (id, name) = (table.c("id").unwrap(), table.c("name").unwrap());
    let all = Select::new([id.clone(), name.clone(), table.c("ok").unwrap()]);
    let result = execute(&connection, all.where_(name.eq("a").unwrap()), &[]).unwrap();
    assert_eq!(rows(&result), "(1, 'a', True)");
    let many =
        Select::new([id.clone()]).where_(id.in_values([1, 2, 3]).unwrap()).order_by(id.clone());
    assert_eq!(rows(&execute(&connection, many, &[]).unwrap()), "(1,) (2,)");
    let update = Update::new(&table)
        .where_(id.eq(1).unwrap())
        .values(vec![(DmlKey::Name("name".into()), Operand::Value("z".into()))])
        .unwrap();
    assert_eq!(execute(&connection, update, &[]).unwrap().rowcount(), 1);
    let text = TextClause::new("select id, name from u where id = :i");
    assert_eq!(rows(&execute(&connection, text, &[set(&[("i", 1.into())])]).unwrap()), "(1, 'z')");
    let count = Expr::function("count", vec![]).unwrap();
    let statement = Select::new([count]).select_from(&table).into();
    assert_eq!(connection.scalar(&statement, &[]).unwrap(), Value::Int(2));
    assert_eq!(execute(&connection, Delete::new(&table), &[]).unwrap().rowcount(), 2);
    let expect = [
        "SELECT u.id, u.name, u.ok \nFROM u \nWHERE u.name = ?",
        "[generated in 0.00000s] ('a',)",
        "SELECT u.id \nFROM u \nWHERE u.id IN (?, ?, ?) ORDER BY u.id",
        "[generated in 0.00000s] (1, 2, 3)",
        "UPDATE u SET name=? WHERE u.id = ?",
        "[generated in 0.00000s] ('z', 1)",
        "select id, name from u where id = ?",
        "[generated in 0.00000s] (1,)",
        "SELECT count(*) AS count_1 \nFROM u",
        "[generated in 0.00000s] ()",
        "DELETE FROM u",
        "[generated in 0.00000s] ()",
    ];
    assert_eq!(log.take(), expect);
}

#[test]
fn bad_parameters_show_the_statement() {
    let (_, table, connection, _) = table();
    let check = |statement: Statement, sets: &[ParameterSet], expect: &str| {
        let error = connection.execute(&statement, sets, &ExecutionOptions::default()).unwrap_err();
        assert_eq!(format!("{error:?}"), expect);
    };
    let link = "(Background on this error at: https://sqlalche.me/e/21/cd3x)";
    let missing = "StatementError: (sqlalchemy.exc.InvalidRequestError) A value is required for bind parameter";
    check(
        TextClause::new("select :a, :b").into(),
        &[set(&[("a", 1.into())])],
        &format!("{missing} 'b'\n[SQL: select ?, ?]\n[parameters: [{{'a': 1}}]]\n{link}"),
    );
    check(
        Insert::new(&table).into(),
        &[set(&[("name", "x".into())]), set(&[("ok", true.into())])],
        &format!(
            "{missing} 'name', in parameter group 1\n[SQL: INSERT INTO u (name) VALUES (?)]\n\
             [parameters: [{{'name': 'x'}}, {{'ok': True}}]]\n{link}"
        ),
    );
    check(
        Insert::new(&table).into(),
        &[set(&[("ok", "maybe".into())])],
        "StatementError: (builtins.TypeError) Not a boolean value: 'maybe'\n\
         [SQL: INSERT INTO u (name, ok) VALUES (?, ?)]\n[parameters: [{'ok': 'maybe'}]]",
    );
}
