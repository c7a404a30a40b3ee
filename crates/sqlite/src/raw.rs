//! The hand-written loops that the ORM's workloads are measured beside: the same statements, plain structs.

use std::hint::black_box;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, Result, params};

const SCHEMA: &str = "
CREATE TABLE user (id INTEGER NOT NULL, name VARCHAR(100) NOT NULL, fullname VARCHAR(100) NOT NULL, PRIMARY KEY (id));
CREATE TABLE address (id INTEGER NOT NULL, email VARCHAR(100) NOT NULL, user_id INTEGER NOT NULL, PRIMARY KEY (id), FOREIGN KEY(user_id) REFERENCES user (id));
CREATE INDEX ix_address_user_id ON address (user_id);";

struct User {
    id: i64,
    name: String,
    fullname: String,
    addresses: Vec<Address>,
}

struct Address {
    id: i64,
    email: String,
    user_id: i64,
}

/// Seconds that the loop beside a workload takes: `W1`, `W1 rowid`, `W2` or `W4`.
pub fn run(
    workload: &str,
    users: i64,
    elapsed: &dyn Fn() -> f64,
) -> std::result::Result<f64, String> {
    time(workload, users, elapsed).map_err(|error| error.to_string())
}

fn time(workload: &str, users: i64, elapsed: &dyn Fn() -> f64) -> Result<f64> {
    let connection = Connection::open_in_memory()?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, false)?;
    connection.execute_batch(SCHEMA)?;
    if workload.starts_with("W1") {
        let started = elapsed();
        let mut built = build(users);
        if workload == "W1" {
            insert(&connection, &mut built)
        } else {
            insert_rowid(&connection, &mut built)
        }?;
        let seconds = elapsed() - started;
        black_box(checksum(&built));
        return Ok(seconds);
    }
    populate(&connection, users)?;
    if workload == "W2" {
        let started = elapsed();
        let loaded = load(&connection)?;
        let seconds = elapsed() - started;
        black_box(checksum(&loaded));
        return Ok(seconds);
    }
    let loaded = load(&connection)?;
    let started = elapsed();
    update(&connection, &loaded)?;
    Ok(elapsed() - started)
}

fn build(users: i64) -> Vec<User> {
    let addresses = |i: i64| {
        let address = |j| Address { id: 0, email: format!("user{i}_{j}@example.com"), user_id: 0 };
        (0..3).map(address).collect()
    };
    let user = |i| User {
        id: 0,
        name: format!("name{i}"),
        fullname: format!("Full Name {i}"),
        addresses: addresses(i),
    };
    (0..users).map(user).collect()
}

/// Each row returns its key, as SQLAlchemy asks for by default.
fn insert(connection: &Connection, users: &mut [User]) -> Result<()> {
    let transaction = connection.unchecked_transaction()?;
    let mut statement = connection
        .prepare_cached("INSERT INTO user (name, fullname) VALUES (?, ?) RETURNING id")?;
    for user in users.iter_mut() {
        user.id = statement.query_row(params![user.name, user.fullname], |row| row.get(0))?;
    }
    let mut statement = connection
        .prepare_cached("INSERT INTO address (email, user_id) VALUES (?, ?) RETURNING id")?;
    for user in users {
        for address in &mut user.addresses {
            address.user_id = user.id;
            address.id =
                statement.query_row(params![address.email, address.user_id], |row| row.get(0))?;
        }
    }
    transaction.commit()
}

/// Each key is the rowid, as with `use_insertmanyvalues=False`.
fn insert_rowid(connection: &Connection, users: &mut [User]) -> Result<()> {
    let transaction = connection.unchecked_transaction()?;
    let mut statement =
        connection.prepare_cached("INSERT INTO user (name, fullname) VALUES (?, ?)")?;
    for user in users.iter_mut() {
        user.id = statement.insert(params![user.name, user.fullname])?;
    }
    let mut statement =
        connection.prepare_cached("INSERT INTO address (email, user_id) VALUES (?, ?)")?;
    for user in users {
        for address in &mut user.addresses {
            address.user_id = user.id;
            address.id = statement.insert(params![address.email, address.user_id])?;
        }
    }
    transaction.commit()
}

fn populate(connection: &Connection, users: i64) -> Result<()> {
    let sql = "INSERT INTO user (id, name, fullname) WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL \
               SELECT i + 1 FROM c WHERE i < ?) SELECT i, 'name' || i, 'Full Name ' || i FROM c";
    connection.execute(sql, [users]).map(drop)
}

fn load(connection: &Connection) -> Result<Vec<User>> {
    let mut statement =
        connection.prepare_cached("SELECT user.id, user.name, user.fullname FROM user")?;
    let mut rows = statement.raw_query();
    let mut users = Vec::new();
    while let Some(row) = rows.next()? {
        users.push(User {
            id: row.get(0)?,
            name: row.get(1)?,
            fullname: row.get(2)?,
            addresses: Vec::new(),
        });
    }
    Ok(users)
}

fn update(connection: &Connection, users: &[User]) -> Result<()> {
    let transaction = connection.unchecked_transaction()?;
    let mut statement = connection.prepare_cached("UPDATE user SET name=? WHERE user.id = ?")?;
    for (i, user) in users.iter().enumerate() {
        statement.execute(params![format!("name{i}x"), user.id])?;
    }
    transaction.commit()
}

/// Uses every field, so that nothing is optimised away.
fn checksum(users: &[User]) -> i64 {
    let of_address = |address: &Address| {
        address.id ^ address.user_id ^ i64::try_from(address.email.len()).unwrap_or(0)
    };
    users.iter().fold(0, |sum, user| {
        let text = i64::try_from(user.name.len() + user.fullname.len()).unwrap_or(0);
        sum ^ user.id ^ text ^ user.addresses.iter().fold(0, |sum, a| sum ^ of_address(a))
    })
}
