//! `Result`, `ScalarResult`, `MappingResult` and `Row`.

use std::cell::Cell;
use std::rc::Rc;

use vidro_engine::result::{Info, Shape};
use vidro_engine::{Item, Keys, ResultSet, Row};
use vidro_python::{
    Args, Class, ClassBuilder, Compare, Instance, Object, Raise, Str, Value, Vm, iterator,
};

use crate::expression;
use crate::{exc, value};

const RESULT: &str = "sqlalchemy.engine.result";

/// A result as Python sees it.
#[derive(Debug)]
pub(crate) struct ResultObject {
    /// The rows.
    result: ResultSet,
    /// Joined eager loading repeats rows: `unique()` must be called first.
    requires_unique: Cell<bool>,
    /// Whether rows come from an execution of a connection.
    cursor: bool,
}

/// A row as Python sees it.
#[derive(Debug)]
pub(crate) struct RowObject {
    row: Row,
}

/// A row as a mapping.
#[derive(Debug)]
struct MappingObject {
    row: Row,
}

/// `result.keys()`
#[derive(Debug)]
struct KeysObject {
    keys: Rc<Keys>,
}

type Call = fn(&mut Vm, Args) -> Result<Value, Raise>;

const METHODS: &[(&str, Call)] = &[
    ("all", all),
    ("fetchall", all),
    ("first", |vm, args| {
        let this = this(vm, &args)?;
        let found = run(vm, this.result.first())?;
        Ok(optional(vm, found))
    }),
    ("one", |vm, args| {
        let this = checked(vm, &args)?;
        let found = run(vm, this.result.one())?;
        Ok(item(vm, found))
    }),
    ("one_or_none", |vm, args| {
        let this = checked(vm, &args)?;
        let found = run(vm, this.result.one_or_none())?;
        Ok(optional(vm, found))
    }),
    ("scalar", |vm, args| {
        let this = this(vm, &args)?;
        let found = run(vm, this.result.scalar())?;
        Ok(value::to_python(vm, &found))
    }),
    ("scalar_one", |vm, args| {
        let this = checked(vm, &args)?;
        let found = run(vm, this.result.scalar_one())?;
        Ok(value::to_python(vm, &found))
    }),
    ("scalar_one_or_none", |vm, args| {
        let this = checked(vm, &args)?;
        let found = run(vm, this.result.scalar_one_or_none())?;
        Ok(value::to_python(vm, &found))
    }),
    ("scalars", scalars),
    ("mappings", |vm, args| {
        let this = this(vm, &args)?;
        Ok(this.with(this.result.mappings()))
    }),
    ("tuples", |_, args| Ok(args.at(0))),
    ("columns", columns),
    ("unique", |vm, args| {
        let this = this(vm, &args)?;
        let made = this.result.unique();
        Ok(Value::object(ResultObject {
            result: made,
            requires_unique: Cell::new(false),
            cursor: this.cursor,
        }))
    }),
    ("partitions", partitions),
    ("yield_per", |vm, args| {
        let this = this(vm, &args)?;
        let count = args.at(1).as_int().and_then(|n| usize::try_from(n).ok()).unwrap_or(1);
        Ok(this.with(this.result.yield_per(count)))
    }),
    ("fetchone", |vm, args| {
        let this = checked(vm, &args)?;
        let found = run(vm, this.result.next_item())?;
        Ok(optional(vm, found))
    }),
    ("fetchmany", |vm, args| {
        let this = checked(vm, &args)?;
        let size = this.many(vm, args.get(1).or_else(|| args.keywords.first().map(|k| &k.1)))?;
        let found = run(vm, this.result.fetch_many(size))?;
        Ok(items(vm, found))
    }),
    ("keys", |vm, args| {
        let this = this(vm, &args)?;
        let keys = run(vm, this.result.keys())?;
        Ok(Value::object(KeysObject { keys }))
    }),
    ("close", |vm, args| {
        this(vm, &args)?.result.close();
        Ok(Value::None)
    }),
    ("freeze", freeze),
    ("supports_sane_rowcount", |_, _| Ok(Value::Bool(true))),
    ("supports_sane_multi_rowcount", |_, _| Ok(Value::Bool(true))),
    ("last_inserted_params", |vm, args| {
        let this = this(vm, &args)?;
        Ok(params(vm, &this.result.info()))
    }),
    ("last_updated_params", |vm, args| {
        let this = this(vm, &args)?;
        Ok(params(vm, &this.result.info()))
    }),
];

const ROW: &[(&str, Call)] = &[
    ("_asdict", |vm, args| {
        let this = args.this::<RowObject>(vm)?;
        Ok(dict(vm, &this.row))
    }),
    ("_tuple", |vm, args| {
        let this = args.this::<RowObject>(vm)?;
        Ok(this.tuple(vm))
    }),
    ("tuple", |vm, args| {
        let this = args.this::<RowObject>(vm)?;
        Ok(this.tuple(vm))
    }),
    ("count", |vm, args| on_tuple(vm, args, "count")),
    ("index", |vm, args| on_tuple(vm, args, "index")),
];

const MAPPING: &[(&str, Call)] = &[
    ("keys", |vm, args| {
        let this = args.this::<MappingObject>(vm)?;
        Ok(Value::object(KeysObject { keys: Rc::clone(this.row.keys()) }))
    }),
    ("values", |vm, args| on_dict(vm, args, "values")),
    ("items", |vm, args| on_dict(vm, args, "items")),
    ("get", |vm, args| on_dict(vm, args, "get")),
];

pub(super) fn define(vm: &mut Vm) {
    let base = ClassBuilder::new(RESULT, "Result").methods(METHODS).build(vm);
    for name in ["ScalarResult", "MappingResult", "IteratorResult", "ChunkedIteratorResult"] {
        ClassBuilder::new(RESULT, name).base(&base).build(vm);
    }
    ClassBuilder::new("sqlalchemy.engine.cursor", "CursorResult").base(&base).build(vm);
    let tuple = vm.class_of(&Value::tuple(Vec::new()));
    ClassBuilder::new("sqlalchemy.engine.row", "Row").base(&tuple).methods(ROW).build(vm);
    ClassBuilder::new("sqlalchemy.engine.row", "RowMapping").methods(MAPPING).build(vm);
    ClassBuilder::new(RESULT, "RMKeyView").build(vm);
}

/// The result of an execution as a Python object.
pub(crate) fn object(result: ResultSet) -> Value {
    Value::object(ResultObject { result, requires_unique: Cell::new(false), cursor: true })
}

/// A result of rows that are Python values already.
pub(crate) fn from_rows(
    keys: Vec<Rc<str>>,
    rows: Vec<Vec<vidro_sql::Value>>,
    requires_unique: bool,
) -> Value {
    let values = rows.into_iter().flatten().collect();
    let result = ResultSet::new(Rc::new(Keys::without_cursor(keys)), values, Info::default());
    Value::object(ResultObject {
        result,
        requires_unique: Cell::new(requires_unique),
        cursor: false,
    })
}

/// Lets a result keep its rows for as long as it lives.
pub(crate) fn prebuffer(result: &Value) {
    if let Some(this) = result.downcast_ref::<ResultObject>() {
        this.result.prebuffer();
    }
}

/// The result of statements that yield no rows.
pub(crate) fn null() -> Value {
    Value::object(ResultObject {
        result: ResultSet::rowless(Info::default()),
        requires_unique: Cell::new(false),
        cursor: false,
    })
}

/// One row of Python's own making.
pub(crate) fn row_of(keys: Vec<Rc<str>>, values: Vec<vidro_sql::Value>) -> Value {
    Value::object(RowObject { row: Row::from_values(Rc::new(Keys::new(keys)), values) })
}

impl ResultObject {
    /// How many rows `fetchmany(size)` takes: without a size those of `yield_per()`, else one where
    /// a cursor is asked, and all of a result that has none.
    fn many(&self, vm: &mut Vm, size: Option<&Value>) -> Result<Option<usize>, Raise> {
        let Some(size) = size.filter(|size| !size.is_none()) else {
            return Ok(self.result.partition_size().or(self.cursor.then_some(1)));
        };
        match size.as_int() {
            Some(size) => Ok(usize::try_from(size).ok()),
            None => {
                let class = vm.class_of(size).name();
                let message =
                    format!("Argument 'num' has incorrect type (expected int, got {class})");
                Err(vm.type_error(message))
            }
        }
    }

    /// The same rows in another shape.
    fn with(&self, result: ResultSet) -> Value {
        let requires_unique = Cell::new(self.requires_unique.get());
        Value::object(Self { result, requires_unique, cursor: self.cursor })
    }
}

fn this(vm: &mut Vm, args: &Args) -> Result<Rc<ResultObject>, Raise> {
    args.this::<ResultObject>(vm)
}

/// The receiver, after `unique()` where that is required.
fn checked(vm: &mut Vm, args: &Args) -> Result<Rc<ResultObject>, Raise> {
    let this = this(vm, args)?;
    require_unique(vm, &this)?;
    Ok(this)
}

fn require_unique(vm: &mut Vm, this: &ResultObject) -> Result<(), Raise> {
    if this.requires_unique.get() {
        return Err(exc::invalid_request(
            vm,
            "The unique() method must be invoked on this Result, as it contains results that \
             include joined eager loads against collections",
        ));
    }
    Ok(())
}

fn run<T>(vm: &mut Vm, result: vidro_engine::Result<T>) -> Result<T, Raise> {
    result.map_err(|error| exc::from_engine(vm, &error))
}

fn item(vm: &mut Vm, found: Item) -> Value {
    match found {
        Item::Row(row) => Value::object(RowObject { row }),
        Item::Scalar(found) => value::to_python(vm, &found),
        Item::Mapping(row) => Value::object(MappingObject { row }),
    }
}

fn optional(vm: &mut Vm, found: Option<Item>) -> Value {
    found.map_or(Value::None, |found| item(vm, found))
}

fn items(vm: &mut Vm, found: Vec<Item>) -> Value {
    Value::list(found.into_iter().map(|one| item(vm, one)).collect())
}

fn all(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = checked(vm, &args)?;
    let found = run(vm, this.result.all())?;
    Ok(items(vm, found))
}

fn params(vm: &mut Vm, info: &Info) -> Value {
    let pairs: Vec<_> =
        info.last_params.iter().map(|(name, given)| (name, value::to_python(vm, given))).collect();
    Value::dict(pairs.iter().map(|(name, given)| (&***name, given.clone())))
}

/// The position that an index, name or column means.
fn position(vm: &mut Vm, keys: &Keys, given: &Value) -> Result<usize, Raise> {
    if let Some(index) = given.as_int() {
        let count = i64::try_from(keys.len()).unwrap_or(i64::MAX);
        let index = if index < 0 { index + count } else { index };
        return match usize::try_from(index) {
            Ok(index) if index < keys.len() => Ok(index),
            _ => Err(vm.index_error("list index out of range")),
        };
    }
    if let Some(name) = given.as_str() {
        return run(vm, keys.position(&name));
    }
    let expr = expression::expect(vm, given)?;
    let name = expr.proxy_key().or_else(|| expr.column_name()).unwrap_or_default();
    let identity = expr.schema_column().map_or_else(|| expr.id(), vidro_sql::schema::Column::id);
    run(vm, keys.position_of(identity, &name))
}

fn scalars(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = this(vm, &args)?;
    let index = match args.get(1) {
        None => 0,
        Some(given) => {
            let keys = run(vm, this.result.keys())?;
            position(vm, &keys, given)?
        }
    };
    let made = run(vm, this.result.scalars(index))?;
    Ok(this.with(made))
}

fn columns(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = this(vm, &args)?;
    let keys = run(vm, this.result.keys())?;
    let mut positions = Vec::new();
    for given in args.positional.iter().skip(1) {
        positions.push(position(vm, &keys, given)?);
    }
    let made = run(vm, this.result.columns(&positions))?;
    Ok(this.with(made))
}

/// `result.freeze()`: what gives the same rows again at each call.
fn freeze(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = checked(vm, &args)?;
    let keys = run(vm, this.result.keys())?.names().to_vec();
    let mut rows = Vec::new();
    for found in run(vm, this.result.all())? {
        rows.push(match found {
            Item::Row(row) | Item::Mapping(row) => row.to_vec(),
            Item::Scalar(found) => vec![found],
        });
    }
    Ok(Value::closure("frozen", move |_, _| Ok(from_rows(keys.clone(), rows.clone(), false))))
}

fn partitions(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = checked(vm, &args)?;
    let size = this.many(vm, args.get(1).or_else(|| args.keywords.first().map(|k| &k.1)))?;
    let mut parts = Vec::new();
    loop {
        let found = run(vm, this.result.fetch_many(size))?;
        if found.is_empty() {
            break;
        }
        parts.push(items(vm, found));
    }
    Ok(iterator(parts))
}

fn dict(vm: &mut Vm, row: &Row) -> Value {
    let names = row.keys().names().to_vec();
    let values = value::all_to_python(vm, &row.to_vec());
    Value::dict(names.iter().zip(values).map(|(name, given)| (&**name, given)))
}

fn on_tuple(vm: &mut Vm, mut args: Args, name: &str) -> Result<Value, Raise> {
    let this = args.this::<RowObject>(vm)?;
    let tuple = this.tuple(vm);
    args.positional.remove(0);
    let method = vm.get_attribute(&tuple, name)?;
    vm.tail_call(method, args)
}

fn on_dict(vm: &mut Vm, mut args: Args, name: &str) -> Result<Value, Raise> {
    let this = args.this::<MappingObject>(vm)?;
    let dict = dict(vm, &this.row);
    args.positional.remove(0);
    let method = vm.get_attribute(&dict, name)?;
    vm.tail_call(method, args)
}

impl Object for ResultObject {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        let name = match (self.result.shape(), self.cursor) {
            (Shape::Scalars, _) => "sqlalchemy.engine.result.ScalarResult",
            (Shape::Mappings, _) => "sqlalchemy.engine.result.MappingResult",
            (Shape::Rows, true) => "sqlalchemy.engine.cursor.CursorResult",
            (Shape::Rows, false) if !self.result.returns_rows() => {
                "sqlalchemy.engine.result.IteratorResult"
            }
            (Shape::Rows, false) => "sqlalchemy.engine.result.ChunkedIteratorResult",
        };
        vm.named_class(name)
    }

    fn get_attribute(self: Rc<Self>, vm: &mut Vm, name: &str) -> Result<Option<Value>, Raise> {
        Ok(match name {
            "_soft_closed" => Some(Value::Bool(self.result.is_closed())),
            // What never had rows is not closed either.
            "closed" => {
                let closed = self.result.is_closed() && self.result.returns_rows();
                Some(Value::Bool(closed))
            }
            _ if !self.cursor => None,
            "rowcount" => Some(Value::Int(self.result.rowcount())),
            "lastrowid" => Some(Value::Int(self.result.info().lastrowid)),
            "returns_rows" => Some(Value::Bool(self.result.returns_rows())),
            "is_insert" => Some(Value::Bool(self.result.info().is_insert)),
            "inserted_primary_key" => {
                let row = run(vm, self.result.inserted_primary_key())?;
                Some(Value::object(RowObject { row }))
            }
            "inserted_primary_key_rows" => {
                let info = self.result.info();
                let keys = Rc::new(Keys::new(info.primary_key_names.iter().cloned()));
                let row = |values: &Vec<vidro_sql::Value>| {
                    let row = Row::from_values(Rc::clone(&keys), values.clone());
                    Value::object(RowObject { row })
                };
                Some(Value::list(info.inserted_primary_keys.iter().map(row).collect()))
            }
            _ => None,
        })
    }

    fn iterate(self: Rc<Self>, vm: &mut Vm) -> Result<Option<Value>, Raise> {
        require_unique(vm, &self)?;
        Ok(Some(Value::Object(self)))
    }

    fn next(self: Rc<Self>, vm: &mut Vm) -> Result<Option<Value>, Raise> {
        require_unique(vm, &self)?;
        let found = run(vm, self.result.next_item())?;
        Ok(found.map(|found| item(vm, found)))
    }

    fn enter(self: Rc<Self>, _: &mut Vm) -> Result<Value, Raise> {
        Ok(Value::Object(self))
    }

    fn exit(self: Rc<Self>, _: &mut Vm, _: Option<&Rc<Instance>>) -> Result<bool, Raise> {
        self.result.close();
        Ok(false)
    }
}

impl RowObject {
    fn tuple(&self, vm: &mut Vm) -> Value {
        Value::tuple(value::all_to_python(vm, &self.row.to_vec()))
    }
}

impl Object for RowObject {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class("sqlalchemy.engine.row.Row")
    }

    fn get_attribute(self: Rc<Self>, vm: &mut Vm, name: &str) -> Result<Option<Value>, Raise> {
        if let Ok(position) = self.row.keys().position(name) {
            let found = self.row.get(position).cloned().unwrap_or_default();
            return Ok(Some(value::to_python(vm, &found)));
        }
        Ok(match name {
            "_mapping" => Some(Value::object(MappingObject { row: self.row.clone() })),
            "_fields" => {
                let names = self.row.keys().names();
                Some(Value::tuple(names.iter().map(|name| Value::from(&**name)).collect()))
            }
            "t" | "_t" => Some(Value::Object(self)),
            other if other.starts_with("__") => None,
            other => {
                let error = match self.row.attribute(other) {
                    Ok(_) => return Ok(None),
                    Err(error) => error,
                };
                return Err(exc::from_engine(vm, &error));
            }
        })
    }

    fn get_item(self: Rc<Self>, vm: &mut Vm, key: &Value) -> Result<Value, Raise> {
        match key {
            Value::Int(index) => {
                let found = run(vm, self.row.index(*index).cloned())?;
                Ok(value::to_python(vm, &found))
            }
            _ => {
                let tuple = self.tuple(vm);
                vm.get_item(&tuple, key)
            }
        }
    }

    fn iterate(self: Rc<Self>, vm: &mut Vm) -> Result<Option<Value>, Raise> {
        Ok(Some(iterator(value::all_to_python(vm, &self.row.to_vec()))))
    }

    fn length(&self, _: &mut Vm) -> Result<Option<usize>, Raise> {
        Ok(Some(self.row.len()))
    }

    fn contains(&self, vm: &mut Vm, item: &Value) -> Result<Option<bool>, Raise> {
        let tuple = self.tuple(vm);
        vm.contains(&tuple, item).map(Some)
    }

    fn compare(self: Rc<Self>, vm: &mut Vm, by: Compare, other: &Value) -> Result<Value, Raise> {
        let tuple = self.tuple(vm);
        let other = match other.downcast::<Self>() {
            Some(other) => other.tuple(vm),
            None => other.clone(),
        };
        vm.compare(by, &tuple, &other)
    }

    fn set_attribute(self: Rc<Self>, vm: &mut Vm, name: &str, _: Value) -> Result<bool, Raise> {
        if self.row.keys().position(name).is_ok() {
            return Err(vm.attribute_error("can't set attribute"));
        }
        Ok(false)
    }

    fn hash(&self, vm: &mut Vm) -> Result<u64, Raise> {
        let tuple = self.tuple(vm);
        vm.hash(&tuple)
    }

    fn repr(&self, vm: &mut Vm) -> Result<Str, Raise> {
        let tuple = self.tuple(vm);
        vm.repr(&tuple)
    }
}

impl Object for MappingObject {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class("sqlalchemy.engine.row.RowMapping")
    }

    fn get_attribute(self: Rc<Self>, vm: &mut Vm, name: &str) -> Result<Option<Value>, Raise> {
        if name.starts_with("__") {
            return Ok(None);
        }
        match self.row.attribute(name) {
            Ok(found) => Ok(Some(value::to_python(vm, &found.clone()))),
            Err(error) => Err(exc::from_engine(vm, &error)),
        }
    }

    fn get_item(self: Rc<Self>, vm: &mut Vm, key: &Value) -> Result<Value, Raise> {
        let keys = Rc::clone(self.row.keys());
        let found = match key.as_str() {
            Some(name) => run(vm, self.row.mapped(&name).cloned())?,
            None => {
                let at = position(vm, &keys, key)?;
                self.row.get(at).cloned().unwrap_or_default()
            }
        };
        Ok(value::to_python(vm, &found))
    }

    fn contains(&self, vm: &mut Vm, item: &Value) -> Result<Option<bool>, Raise> {
        let keys = Rc::clone(self.row.keys());
        Ok(Some(match item.as_str() {
            Some(name) => keys.contains(&name),
            None => position(vm, &keys, item).is_ok(),
        }))
    }

    fn iterate(self: Rc<Self>, _: &mut Vm) -> Result<Option<Value>, Raise> {
        let names = self.row.keys().names();
        Ok(Some(iterator(names.iter().map(|name| Value::from(&**name)).collect())))
    }

    fn length(&self, _: &mut Vm) -> Result<Option<usize>, Raise> {
        Ok(Some(self.row.len()))
    }

    fn compare(self: Rc<Self>, vm: &mut Vm, by: Compare, other: &Value) -> Result<Value, Raise> {
        let this = dict(vm, &self.row);
        let other = match other.downcast_ref::<Self>() {
            Some(other) => dict(vm, &other.row),
            None => other.clone(),
        };
        vm.compare(by, &this, &other)
    }

    fn repr(&self, vm: &mut Vm) -> Result<Str, Raise> {
        let this = dict(vm, &self.row);
        vm.repr(&this)
    }
}

impl Object for KeysObject {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class("sqlalchemy.engine.result.RMKeyView")
    }

    fn iterate(self: Rc<Self>, _: &mut Vm) -> Result<Option<Value>, Raise> {
        let names = self.keys.names();
        Ok(Some(iterator(names.iter().map(|name| Value::from(&**name)).collect())))
    }

    fn length(&self, _: &mut Vm) -> Result<Option<usize>, Raise> {
        Ok(Some(self.keys.len()))
    }

    fn contains(&self, _: &mut Vm, item: &Value) -> Result<Option<bool>, Raise> {
        Ok(Some(item.as_str().is_some_and(|name| self.keys.contains(&name))))
    }

    fn compare(self: Rc<Self>, vm: &mut Vm, by: Compare, other: &Value) -> Result<Value, Raise> {
        let names = self.keys.names().iter().map(|name| Value::from(&**name)).collect();
        let own = vm.new_set(names, false)?;
        let other = vm.collect(other)?;
        let other = vm.new_set(other, false)?;
        vm.compare(by, &own, &other)
    }

    fn repr(&self, _: &mut Vm) -> Result<Str, Raise> {
        let names: Vec<String> =
            self.keys.names().iter().map(|name| vidro_sql::repr::string(name)).collect();
        Ok(format!("RMKeyView([{}])", names.join(", ")).into())
    }
}
