//! `inspect(engine)`: what tables, columns, keys and indexes a SQLite database has.
//!
//! The same statements in the same order as SQLAlchemy sends, cached for each inspector.

mod text;

use std::cell::RefCell;
use std::rc::Rc;

use rustc_hash::FxHashMap;
use vidro_sql::Value;
use vidro_sql::types::{Type, TypeKind};

use crate::bind::Bind;
use crate::connection::Connection;
use crate::engine::Engine;
use crate::error::{Error, Result};

use self::text::Clause;

/// `sqlalchemy.engine.reflection.Inspector`
#[derive(Debug)]
pub struct Inspector {
    bind: Bind,
    /// Texts of CREATE TABLE that were read for unique and check constraints.
    texts: RefCell<FxHashMap<String, Option<Rc<str>>>>,
    columns: RefCell<FxHashMap<String, Vec<ColumnInfo>>>,
    names: RefCell<FxHashMap<String, Vec<String>>>,
    indexes: RefCell<FxHashMap<(String, bool), Vec<IndexInfo>>>,
    foreign_keys: RefCell<FxHashMap<String, Vec<ForeignKeyInfo>>>,
    has_table: RefCell<FxHashMap<String, bool>>,
}

/// One column, as `get_columns` tells it.
#[derive(Clone, Debug)]
pub struct ColumnInfo {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: Type,
    /// Whether it takes NULL.
    pub nullable: bool,
    /// Its default as SQL.
    pub default: Option<String>,
    /// Its place in the primary key, from one; nought outside.
    pub primary_key: i64,
    /// Whether it is computed, and then whether it is stored.
    pub computed: Option<bool>,
}

/// The primary key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrimaryKeyInfo {
    /// Its columns in order.
    pub columns: Vec<String>,
    /// Its name.
    pub name: Option<String>,
}

/// One foreign key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForeignKeyInfo {
    /// Its name.
    pub name: Option<String>,
    /// Its columns.
    pub columns: Vec<String>,
    /// The table it refers to.
    pub referred_table: String,
    /// The columns it refers to.
    pub referred_columns: Vec<String>,
    /// `ondelete`, `onupdate`, `initially` in SQLAlchemy's order.
    pub options: Vec<(&'static str, String)>,
    /// `deferrable`
    pub deferrable: Option<bool>,
}

/// One index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndexInfo {
    /// Its name.
    pub name: String,
    /// Its columns.
    pub columns: Vec<String>,
    /// Whether its values are unique.
    pub unique: bool,
    /// The condition of a partial index.
    pub condition: Option<String>,
}

/// One unique constraint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UniqueInfo {
    /// Its name.
    pub name: Option<String>,
    /// Its columns.
    pub columns: Vec<String>,
}

/// One check constraint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckInfo {
    /// Its name.
    pub name: Option<String>,
    /// Its condition.
    pub sqltext: String,
}

impl Inspector {
    /// `inspect(engine)`: each question opens a connection.
    pub fn of_engine(engine: &Engine) -> Result<Self> {
        engine.connect()?.close()?;
        Ok(Self::new(Bind::Engine(engine.clone())))
    }

    /// `inspect(connection)`
    pub fn of_connection(connection: &Connection) -> Self {
        Self::new(Bind::Connection(connection.clone()))
    }

    fn new(bind: Bind) -> Self {
        Self {
            bind,
            texts: RefCell::default(),
            columns: RefCell::default(),
            names: RefCell::default(),
            indexes: RefCell::default(),
            foreign_keys: RefCell::default(),
            has_table: RefCell::default(),
        }
    }

    /// `clear_cache()`
    pub fn clear_cache(&self) {
        self.texts.borrow_mut().clear();
        self.columns.borrow_mut().clear();
        self.names.borrow_mut().clear();
        self.indexes.borrow_mut().clear();
        self.foreign_keys.borrow_mut().clear();
        self.has_table.borrow_mut().clear();
    }

    /// `get_table_names()`
    pub fn table_names(&self) -> Result<Vec<String>> {
        self.master_names("sqlite_master", "table")
    }

    /// `get_view_names()`
    pub fn view_names(&self) -> Result<Vec<String>> {
        self.master_names("sqlite_master", "view")
    }

    /// `get_temp_table_names()`
    pub fn temp_table_names(&self) -> Result<Vec<String>> {
        self.master_names("sqlite_temp_master", "table")
    }

    /// `get_temp_view_names()`
    pub fn temp_view_names(&self) -> Result<Vec<String>> {
        self.master_names("sqlite_temp_master", "view")
    }

    /// `get_schema_names()`
    pub fn schema_names(&self) -> Result<Vec<String>> {
        let rows =
            self.bind.with(|connection| connection.raw_rows("PRAGMA database_list", Vec::new()))?;
        let names = rows.iter().map(|row| text_at(row, 1));
        Ok(names.filter(|name| name != "temp").collect())
    }

    fn master_names(&self, master: &str, kind: &str) -> Result<Vec<String>> {
        let key = format!("{master}.{kind}");
        if let Some(known) = self.names.borrow().get(&key) {
            return Ok(known.clone());
        }
        let sql = format!(
            "SELECT name FROM {master} WHERE type='{kind}' AND name NOT LIKE 'sqlite~_%' ESCAPE '~' ORDER BY name"
        );
        let rows = self.bind.with(|connection| connection.raw_rows(&sql, Vec::new()))?;
        let names: Vec<String> = rows.iter().map(|row| text_at(row, 0)).collect();
        self.names.borrow_mut().insert(key, names.clone());
        Ok(names)
    }

    /// `get_view_definition(name)`
    pub fn view_definition(&self, view: &str) -> Result<String> {
        let sql = "SELECT sql FROM  (SELECT * FROM sqlite_master UNION ALL   SELECT * FROM \
                   sqlite_temp_master) WHERE name = ? AND type='view'";
        let rows = self.bind.with(|connection| connection.raw_rows(sql, vec![view.into()]))?;
        rows.first().map(|row| text_at(row, 0)).ok_or_else(|| Error::no_such_table(view))
    }

    /// `has_table(name)`
    pub fn has_table(&self, table: &str) -> Result<bool> {
        if let Some(known) = self.has_table.borrow().get(table) {
            return Ok(*known);
        }
        let found = self.bind.with(|connection| has_table(connection, None, table))?;
        self.has_table.borrow_mut().insert(table.into(), found);
        Ok(found)
    }

    /// `get_columns(table)`
    pub fn columns(&self, table: &str) -> Result<Vec<ColumnInfo>> {
        self.bind.with(|connection| self.columns_on(connection, table))
    }

    fn columns_on(&self, connection: &Connection, table: &str) -> Result<Vec<ColumnInfo>> {
        if let Some(known) = self.columns.borrow().get(table) {
            return Ok(known.clone());
        }
        let rows = pragma(connection, "table_xinfo", table)?;
        let columns: Vec<ColumnInfo> =
            rows.iter().filter(|row| int_at(row, 6) != 1).map(|row| column_info(row)).collect();
        if columns.is_empty() && !has_table(connection, None, table)? {
            return Err(Error::no_such_table(table));
        }
        self.columns.borrow_mut().insert(table.into(), columns.clone());
        Ok(columns)
    }

    /// `get_pk_constraint(table)`
    pub fn primary_key(&self, table: &str) -> Result<PrimaryKeyInfo> {
        self.bind.with(|connection| self.primary_key_on(connection, table))
    }

    fn primary_key_on(&self, connection: &Connection, table: &str) -> Result<PrimaryKeyInfo> {
        let sql = table_sql(connection, table)?;
        let name = clauses(sql.as_deref()).into_iter().find_map(|clause| match clause {
            Clause::PrimaryKey { name } => Some(name),
            Clause::ForeignKey(_) | Clause::Unique { .. } | Clause::Check { .. } => None,
        });
        let mut columns = self.columns_on(connection, table)?;
        columns.retain(|column| column.primary_key > 0);
        columns.sort_by_key(|column| column.primary_key);
        let columns: Vec<String> = columns.into_iter().map(|column| column.name).collect();
        let name = name.filter(|_| !columns.is_empty());
        Ok(PrimaryKeyInfo { columns, name })
    }

    /// `get_foreign_keys(table)`
    pub fn foreign_keys(&self, table: &str) -> Result<Vec<ForeignKeyInfo>> {
        if let Some(known) = self.foreign_keys.borrow().get(table) {
            return Ok(known.clone());
        }
        let keys = self.bind.with(|connection| self.foreign_keys_on(connection, table))?;
        self.foreign_keys.borrow_mut().insert(table.into(), keys.clone());
        Ok(keys)
    }

    fn foreign_keys_on(&self, connection: &Connection, table: &str) -> Result<Vec<ForeignKeyInfo>> {
        let rows = pragma(connection, "foreign_key_list", table)?;
        let mut keys: Vec<(i64, ForeignKeyInfo)> = Vec::new();
        for row in &rows {
            let (number, referred) = (int_at(row, 0), text_at(row, 4));
            let known = keys.iter().position(|(known, _)| *known == number);
            let index = known.unwrap_or_else(|| {
                let key = ForeignKeyInfo { referred_table: text_at(row, 2), ..Default::default() };
                keys.push((number, key));
                keys.len() - 1
            });
            let Some((_, key)) = keys.get_mut(index) else { continue };
            key.columns.push(text_at(row, 3));
            if referred.is_empty() {
                key.referred_columns =
                    self.primary_key_on(connection, &key.referred_table)?.columns;
            } else {
                key.referred_columns.push(referred);
            }
        }
        let mut named = Vec::new();
        for clause in clauses(table_sql(connection, table)?.as_deref()) {
            let Clause::ForeignKey(clause) = clause else { continue };
            let same = |key: &ForeignKeyInfo| {
                key.columns == clause.columns
                    && key.referred_table == clause.table
                    && key.referred_columns == clause.referred
            };
            let Some(index) = keys.iter().position(|(_, key)| same(key)) else { continue };
            let (_, mut key) = keys.remove(index);
            key.name = clause.name;
            key.options.extend(clause.ondelete.map(|action| ("ondelete", action)));
            key.options.extend(clause.onupdate.map(|action| ("onupdate", action)));
            key.options.extend(clause.initially.map(|when| ("initially", when)));
            key.deferrable = clause.deferrable;
            named.push(key);
        }
        named.extend(keys.into_iter().map(|(_, key)| key));
        Ok(named)
    }

    /// `get_indexes(table)`
    pub fn indexes(&self, table: &str) -> Result<Vec<IndexInfo>> {
        self.bind.with(|connection| self.indexes_on(connection, table, false))
    }

    fn indexes_on(
        &self,
        connection: &Connection,
        table: &str,
        auto: bool,
    ) -> Result<Vec<IndexInfo>> {
        let key = (table.to_owned(), auto);
        if let Some(known) = self.indexes.borrow().get(&key) {
            return Ok(known.clone());
        }
        let mut indexes = Vec::new();
        for row in pragma(connection, "index_list", table)? {
            let name = text_at(&row, 1);
            if !auto && name.starts_with("sqlite_autoindex") {
                continue;
            }
            let mut index =
                IndexInfo { unique: int_at(&row, 2) != 0, name, ..IndexInfo::default() };
            if int_at(&row, 4) != 0 {
                let sql = "SELECT sql FROM sqlite_master WHERE name = ? AND type = 'index'";
                let found = connection.raw_rows(sql, vec![index.name.as_str().into()])?;
                index.condition = found.first().and_then(|row| condition(&text_at(row, 0)));
            }
            indexes.push(index);
        }
        let mut plain = Vec::new();
        for mut index in indexes {
            let rows = pragma(connection, "index_info", &index.name)?;
            if rows.iter().all(|row| row.get(2).is_some_and(|name| !name.is_null())) {
                index.columns = rows.iter().map(|row| text_at(row, 2)).collect();
                plain.push(index);
            }
        }
        plain.sort_by(|a, b| a.name.cmp(&b.name));
        if plain.is_empty() && !has_table(connection, None, table)? {
            return Err(Error::no_such_table(table));
        }
        self.indexes.borrow_mut().insert(key, plain.clone());
        Ok(plain)
    }

    /// `get_unique_constraints(table)`
    pub fn unique_constraints(&self, table: &str) -> Result<Vec<UniqueInfo>> {
        self.bind.with(|connection| {
            let mut indexes = self.indexes_on(connection, table, true)?;
            indexes.retain(|index| index.name.starts_with("sqlite_autoindex"));
            let sql = self.cached_sql(connection, table)?;
            let mut found = Vec::new();
            let (mut of_table, mut of_columns) = (Vec::new(), Vec::new());
            for clause in clauses(sql.as_deref()) {
                let Clause::Unique { name, columns } = clause else { continue };
                let list = if name.is_some() || columns.len() > 1 {
                    &mut of_table
                } else {
                    &mut of_columns
                };
                list.push((name, columns));
            }
            for (name, columns) in of_table.into_iter().chain(of_columns) {
                if let Some(at) = indexes.iter().position(|index| index.columns == columns) {
                    indexes.remove(at);
                    found.push(UniqueInfo { name, columns });
                }
            }
            Ok(found)
        })
    }

    /// `get_check_constraints(table)`
    pub fn check_constraints(&self, table: &str) -> Result<Vec<CheckInfo>> {
        let known = self.texts.borrow().get(table).cloned();
        let sql = match known {
            Some(sql) => sql,
            None => self.bind.with(|connection| self.cached_sql(connection, table))?,
        };
        let mut checks: Vec<CheckInfo> = clauses(sql.as_deref())
            .into_iter()
            .filter_map(|clause| match clause {
                Clause::Check { name, sqltext } => Some(CheckInfo { name, sqltext }),
                Clause::PrimaryKey { .. } | Clause::ForeignKey(_) | Clause::Unique { .. } => None,
            })
            .collect();
        let order = |check: &CheckInfo| check.name.clone().unwrap_or_else(|| "~".into());
        checks.sort_by_key(order);
        Ok(checks)
    }

    /// `get_table_options(table)`: whether it is WITHOUT ROWID, and whether it is STRICT.
    pub fn table_options(&self, table: &str) -> Result<(bool, bool)> {
        let known = self.texts.borrow().get(table).cloned();
        let sql = match known {
            Some(sql) => sql,
            None => self.bind.with(|connection| self.cached_sql(connection, table))?,
        };
        Ok(sql.as_deref().map_or((false, false), text::table_options))
    }

    fn cached_sql(&self, connection: &Connection, table: &str) -> Result<Option<Rc<str>>> {
        if let Some(known) = self.texts.borrow().get(table) {
            return Ok(known.clone());
        }
        let sql = table_sql(connection, table)?;
        self.texts.borrow_mut().insert(table.into(), sql.clone());
        Ok(sql)
    }
}

/// Whether a table or view of that name is there.
pub(crate) fn has_table(
    connection: &Connection,
    schema: Option<&str>,
    table: &str,
) -> Result<bool> {
    if let Some(schema) = schema {
        let known = connection.raw_rows("PRAGMA database_list", Vec::new())?;
        if !known.iter().any(|row| text_at(row, 1) == schema) {
            return Ok(false);
        }
        let schema = format!("\"{}\"", schema.replace('"', "\"\""));
        return Ok(!pragma_in(connection, &[&schema], "table_info", table)?.is_empty());
    }
    Ok(!pragma(connection, "table_info", table)?.is_empty())
}

/// A pragma about a table, asked of the main and, where that knows nothing, of the temporary database.
fn pragma(connection: &Connection, pragma: &str, table: &str) -> Result<Vec<Vec<Value>>> {
    pragma_in(connection, &["main", "temp"], pragma, table)
}

fn pragma_in(
    connection: &Connection,
    databases: &[&str],
    pragma: &str,
    table: &str,
) -> Result<Vec<Vec<Value>>> {
    let quoted = table.replace('"', "\"\"");
    for database in databases {
        let sql = format!("PRAGMA {database}.{pragma}(\"{quoted}\")");
        let rows = connection.raw_rows(&sql, Vec::new())?;
        if !rows.is_empty() {
            return Ok(rows);
        }
    }
    Ok(Vec::new())
}

fn table_sql(connection: &Connection, table: &str) -> Result<Option<Rc<str>>> {
    let sql = "SELECT sql FROM  (SELECT * FROM sqlite_master UNION ALL   SELECT * FROM \
               sqlite_temp_master) WHERE name = ? AND type in ('table', 'view')";
    let rows = connection.raw_rows(sql, vec![table.into()])?;
    match rows.first() {
        Some(row) => Ok(Some(text_at(row, 0).into())),
        None if table.starts_with("sqlite_") => Ok(None),
        None => Err(Error::no_such_table(table)),
    }
}

fn clauses(sql: Option<&str>) -> Vec<Clause> {
    sql.map(text::clauses).unwrap_or_default()
}

/// The text after WHERE in a CREATE INDEX statement.
fn condition(sql: &str) -> Option<String> {
    let upper = sql.to_ascii_uppercase();
    let at = upper.rfind(" WHERE ").map(|at| at + " WHERE ".len())?;
    sql.get(at..).map(|text| text.trim().to_owned())
}

fn column_info(row: &[Value]) -> ColumnInfo {
    let hidden = int_at(row, 6);
    let mut declared = text_at(row, 2).to_uppercase();
    if hidden > 1 {
        declared = declared.replace("GENERATED", "").replace("ALWAYS", "").trim().to_owned();
    }
    ColumnInfo {
        name: text_at(row, 1),
        ty: resolve_type(&declared),
        nullable: int_at(row, 3) == 0,
        default: row.get(4).filter(|value| !value.is_null()).map(|_| text_at(row, 4)),
        primary_key: int_at(row, 5),
        computed: (hidden > 1).then_some(hidden == 3),
    }
}

/// The type of a declared name: SQLAlchemy's own where it knows it, SQLite's affinity elsewhere.
pub fn resolve_type(declared: &str) -> Type {
    let end = declared.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ' '));
    let (name, rest) = declared.split_at(end.unwrap_or(declared.len()));
    let name = name.trim_end();
    let kind = known_type(name).unwrap_or_else(|| affinity(name));
    let inner = rest.strip_prefix('(').and_then(|rest| rest.split_once(')'));
    let Some((inner, _)) = inner else { return Type::of(kind) };
    let numbers =
        inner.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok());
    let numbers: Vec<i64> = numbers.collect();
    with_arguments(kind, &numbers)
}

fn known_type(name: &str) -> Option<TypeKind> {
    const OTHER_NAMES: &[(&str, TypeKind)] = &[
        ("BOOL", TypeKind::BOOLEAN),
        ("INT", TypeKind::INTEGER),
        ("DATE_CHAR", TypeKind::DATE),
        ("DATETIME_CHAR", TypeKind::DATETIME),
        ("TIME_CHAR", TypeKind::TIME),
        ("_VARCHAR", TypeKind::VARCHAR),
    ];
    const SAME_NAMES: &[TypeKind] = &[
        TypeKind::BIGINT,
        TypeKind::BLOB,
        TypeKind::BOOLEAN,
        TypeKind::CHAR,
        TypeKind::DATE,
        TypeKind::DATETIME,
        TypeKind::DOUBLE,
        TypeKind::DOUBLE_PRECISION,
        TypeKind::DECIMAL,
        TypeKind::FLOAT,
        TypeKind::INTEGER,
        TypeKind::JSON,
        TypeKind::NUMERIC,
        TypeKind::REAL,
        TypeKind::SMALLINT,
        TypeKind::TEXT,
        TypeKind::TIME,
        TypeKind::TIMESTAMP,
        TypeKind::VARCHAR,
        TypeKind::NVARCHAR,
    ];
    let other = OTHER_NAMES.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind);
    other.or_else(|| SAME_NAMES.iter().copied().find(|kind| kind.name() == name))
}

fn affinity(name: &str) -> TypeKind {
    let has = |part: &str| name.contains(part);
    if has("INT") {
        TypeKind::INTEGER
    } else if has("CHAR") || has("CLOB") || has("TEXT") {
        TypeKind::TEXT
    } else if has("BLOB") || name.is_empty() {
        TypeKind::NullType
    } else if has("REAL") || has("FLOA") || has("DOUB") {
        TypeKind::REAL
    } else {
        TypeKind::NUMERIC
    }
}

fn with_arguments(kind: TypeKind, numbers: &[i64]) -> Type {
    use vidro_sql::types::Affinity;
    let plain = Type::of(kind);
    let first = numbers.first().copied();
    match kind.affinity() {
        Affinity::String | Affinity::Binary => plain.altered(|args| args.length = first),
        Affinity::Numeric | Affinity::Float => plain.altered(|args| {
            args.precision = first;
            if kind.affinity() == Affinity::Numeric {
                args.scale = numbers.get(1).copied();
            }
        }),
        _ => plain,
    }
}

fn text_at(row: &[Value], index: usize) -> String {
    match row.get(index) {
        Some(Value::Text(text)) => text.to_string(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.repr(),
    }
}

fn int_at(row: &[Value], index: usize) -> i64 {
    row.get(index).and_then(Value::as_int).unwrap_or(0)
}
