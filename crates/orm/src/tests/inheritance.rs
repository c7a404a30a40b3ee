//! Inheritance: joined tables and single table.

use vidro_sql::Value;
use vidro_sql::schema::MetaData;

use super::Bench;
use super::blog::{integer, string, table};
use crate::load::{EntityId, all};
use crate::mapping::{ColumnSpec, MapperSpec, PropertySpec};
use crate::{NoHost, Orm};

fn staff() -> Bench {
    let metadata = MetaData::new();
    let mut orm = Orm::default();
    let employee = table(
        &metadata,
        "employee",
        vec![integer("id").primary_key(), string("name"), string("type")],
    );
    let sub = |name: &str, column: &str| {
        let id = integer("id").references("employee.id").primary_key();
        table(&metadata, name, vec![id, string(column)])
    };
    let (engineer, manager) = (sub("engineer", "info"), sub("manager", "data"));
    let animal = table(
        &metadata,
        "animal",
        vec![integer("id").primary_key(), string("kind"), string("name")],
    );
    let mut declare = |class: &str, spec: MapperSpec| {
        orm.declare(MapperSpec {
            class_name: class.into(),
            module: "__main__".into(),
            polymorphic_identity: Some(class.to_lowercase().into()),
            ..spec
        })
        .unwrap()
    };
    let base = declare(
        "Employee",
        MapperSpec {
            polymorphic_on: employee.column("type"),
            table: Some(employee),
            ..MapperSpec::default()
        },
    );
    for (class, table) in [("Engineer", engineer), ("Manager", manager)] {
        let inherits = Some(base);
        declare(class, MapperSpec { inherits, table: Some(table), ..MapperSpec::default() });
    }
    let root = declare(
        "Animal",
        MapperSpec {
            polymorphic_on: animal.column("kind"),
            table: Some(animal.clone()),
            ..MapperSpec::default()
        },
    );
    let bark = string("bark").build();
    animal.append_column(&bark, false).unwrap();
    let column = ColumnSpec { column: Some(bark), ..ColumnSpec::default() };
    declare(
        "Dog",
        MapperSpec {
            inherits: Some(root),
            properties: vec![("bark".into(), PropertySpec::Column(column))],
            ..MapperSpec::default()
        },
    );
    Bench::new(orm, &metadata)
}

fn classes(bench: &mut Bench, class: &str) -> Vec<(String, crate::InstanceId)> {
    let entity = EntityId::of(bench.mapper(class));
    let ids = all(&mut bench.orm, &mut NoHost, bench.session, entity).unwrap();
    ids.into_iter().map(|id| (bench.class_of(id), id)).collect()
}

#[test]
fn joined_tables() {
    let mut bench = staff();
    let new = [
        bench.create("Engineer", &[("name", "e1".into()), ("info", "i".into())]),
        bench.create("Manager", &[("name", "m1".into()), ("data", "d".into())]),
        bench.create("Employee", &[("name", "x".into())]),
        bench.create("Engineer", &[("name", "e2".into()), ("info", "j".into())]),
    ];
    bench.add(&new);
    bench.commit();
    bench.check(
        "BEGIN
        INSERT INTO employee (name, type) VALUES (?, ?) RETURNING id ('e1', 'engineer')
        INSERT INTO employee (name, type) VALUES (?, ?) RETURNING id ('m1', 'manager')
        INSERT INTO employee (name, type) VALUES (?, ?) RETURNING id ('x', 'employee')
        INSERT INTO employee (name, type) VALUES (?, ?) RETURNING id ('e2', 'engineer')
        INSERT INTO engineer (id, info) VALUES (?, ?) (1, 'i') (4, 'j')
        INSERT INTO manager (id, data) VALUES (?, ?) (2, 'd')
        COMMIT",
    );
    bench.expunge_all();
    let loaded = classes(&mut bench, "Employee");
    let names: Vec<&str> = loaded.iter().map(|(class, _)| class.as_str()).collect();
    assert_eq!(names, ["Engineer", "Manager", "Employee", "Engineer"]);
    assert_eq!(bench.value(loaded[0].1, "info"), Value::from("i"));
    bench.check(
        "BEGIN
        SELECT employee.id, employee.name, employee.type FROM employee
        SELECT engineer.info AS engineer_info FROM engineer WHERE ? = engineer.id (1)",
    );
    bench.expunge_all();
    let engineer = bench.get("Engineer", 1).unwrap();
    bench.set(engineer, "name", "zz".into());
    bench.set(engineer, "info", "q".into());
    bench.flush();
    bench.delete(engineer);
    bench.flush();
    bench.check(
        "SELECT engineer.id, employee.id AS id_1, employee.name, employee.type, engineer.info FROM employee JOIN engineer ON employee.id = engineer.id WHERE employee.id = ? (1)
        UPDATE employee SET name=? WHERE employee.id = ? ('zz', 1)
        UPDATE engineer SET info=? WHERE engineer.id = ? ('q', 1)
        DELETE FROM engineer WHERE engineer.id = ? (1)
        DELETE FROM employee WHERE employee.id = ? (1)",
    );
}

#[test]
fn single_table() {
    let mut bench = staff();
    let dog = bench.create("Dog", &[("name", "d".into()), ("bark", "w".into())]);
    let animal = bench.create("Animal", &[("name", "a".into())]);
    bench.add(&[dog, animal]);
    bench.flush();
    bench.check(
        "BEGIN
        INSERT INTO animal (kind, name, bark) VALUES (?, ?, ?) ('dog', 'd', 'w')
        INSERT INTO animal (kind, name) VALUES (?, ?) ('animal', 'a')",
    );
    bench.expunge_all();
    let loaded = classes(&mut bench, "Animal");
    assert_eq!(bench.value(loaded[0].1, "bark"), Value::from("w"));
    bench.expunge_all();
    assert_eq!(classes(&mut bench, "Dog").len(), 1);
    bench.expunge_all();
    bench.get("Dog", 1);
    bench.check(
        "SELECT animal.id, animal.kind, animal.name FROM animal
        SELECT animal.bark FROM animal WHERE animal.id = ? AND animal.kind IN (?) (1, 'dog')
        SELECT animal.id, animal.kind, animal.name, animal.bark FROM animal WHERE animal.kind IN (?) ('dog')
        SELECT animal.id, animal.kind, animal.name, animal.bark FROM animal WHERE animal.id = ? AND animal.kind IN (?) (1, 'dog')",
    );
}
