//! `sqlalchemy.types`: type classes, types as objects, and what may stand for a type.

mod decorator;
mod enumeration;
mod table;

use std::rc::Rc;

use vidro_python::{Args, Class, ClassBuilder, Object, Raise, Str, Value, Vm};
use vidro_sql::dialect::{Dialect, Family};
use vidro_sql::types::Type;
use vidro_sql::types::{Affinity, TypeArgs, TypeKind};

use crate::exc;
use crate::expression;
use crate::value;
use crate::world::World;
use table::{ROWS, Row};

pub(crate) use decorator::{json_codec, pickle};
pub(crate) use enumeration::of_annotation as enum_of;
pub(crate) use table::names;

/// A type as Python sees it.
#[derive(Debug)]
pub(crate) struct TypeObject {
    /// The type.
    pub(crate) ty: Type,
    class: Rc<Class>,
}

/// How `JSON.NULL` prints: JSON's null, where `None` may be that of SQL.
pub(crate) const JSON_NULL: &str = "symbol('JSON_NULL')";

/// Makes all type classes.
pub(crate) fn define(vm: &mut Vm) {
    ClassBuilder::new(table::API, "TypeEngine")
        .method("with_variant", with_variant)
        .method("compile", compile)
        .method("evaluates_none", |_, args| Ok(args.at(0)))
        .method("as_generic", |_, args| Ok(args.at(0)))
        .build(vm);
    decorator::define(vm);
    for row in ROWS {
        let base = vm.named_class(&table::full_name(row.base));
        let mut builder = ClassBuilder::new(row.module, row.name)
            .base(&base)
            .attribute("__visit_name__", Value::from(row.kind))
            .constructor(construct);
        if row.name == "JSON" {
            builder = builder.attribute("NULL", crate::names::symbol(JSON_NULL));
        }
        builder.build(vm);
    }
}

/// `to_instance(type)`: the type as an object that columns made with it give back as it is.
pub(crate) fn to_instance(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let given = args.at(0);
    let made = match &given {
        Value::Class(_) => vm.call(&given, Args::none())?,
        _ => given,
    };
    let ty = expect(vm, &made)?;
    if ty.decorator().is_some() {
        return Ok(made);
    }
    let own = ty.altered(|_| {});
    let Some(address) = own.address() else { return Ok(made) };
    let object = object(vm, &own);
    World::of(vm)?.wrappers.borrow_mut().insert(address, object.clone());
    Ok(object)
}

/// A type as a Python object, of the class that SQLAlchemy gives it.
pub(crate) fn object(vm: &mut Vm, ty: &Type) -> Value {
    let known = ty
        .address()
        .and_then(|address| vm.state::<World>()?.wrappers.borrow().get(&address).cloned());
    if let Some(known) = known {
        return known;
    }
    if let Some(decorator) = ty.decorator()
        && let Some(instance) = decorator::instance(&**decorator)
    {
        return instance;
    }
    let name = ty.kind().name();
    let row = ROWS.iter().find(|row| row.kind == name);
    let class = row.map(|row| vm.named_class(&format!("{}.{}", row.module, row.name)));
    let class = class.unwrap_or_else(|| vm.named_class("sqlalchemy.sql.type_api.TypeEngine"));
    Value::object(TypeObject { ty: ty.clone(), class })
}

/// A type of a Python value that stands for one: a type, a type class, a decorator.
pub(crate) fn from_value(vm: &mut Vm, value: &Value) -> Result<Option<Type>, Raise> {
    if let Some(object) = value.downcast_ref::<TypeObject>() {
        return Ok(Some(object.ty.clone()));
    }
    match value {
        Value::Class(class) => {
            let engine = vm.named_class("sqlalchemy.sql.type_api.TypeEngine");
            if !class.is_subclass(&engine) {
                return Ok(None);
            }
            let made = vm.call(value, Args::none())?;
            if matches!(made, Value::Class(_)) { Ok(None) } else { from_value(vm, &made) }
        }
        Value::Instance(_) => decorator::from_instance(vm, value),
        _ => Ok(None),
    }
}

/// A type of a value that must be one.
pub(crate) fn expect(vm: &mut Vm, value: &Value) -> Result<Type, Raise> {
    match from_value(vm, value)? {
        Some(ty) => Ok(ty),
        None => {
            let shown = vm.repr(value)?;
            Err(exc::argument(vm, format!("Object {shown} is not legal as a SQL type")))
        }
    }
}

/// An optional type argument.
pub(crate) fn optional(vm: &mut Vm, value: Option<Value>) -> Result<Option<Type>, Raise> {
    match value {
        None | Some(Value::None) => Ok(None),
        Some(value) => expect(vm, &value).map(Some),
    }
}

fn row_of(class: &Rc<Class>) -> Option<&'static Row> {
    class.mro().find_map(|class| {
        let module = class.module();
        let name = class.name();
        ROWS.iter().find(|row| row.name == &*name && row.module == &*module)
    })
}

/// `String(50)`: the row of the class says which arguments there are.
fn construct(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let class = args.at(0);
    let Some(class) = class.as_class() else { return Ok(Value::None) };
    let Some(row) = row_of(class) else { return Ok(Value::None) };
    let kind = TypeKind::from_name(row.kind).unwrap_or(TypeKind::NullType);
    let own = match (row.module, row.name) {
        (table::MY, _) => Some(Family::Mysql),
        (table::ORA, _) => Some(Family::Oracle),
        (table::PG, "JSON") => Some(Family::Postgresql),
        _ => None,
    };
    let ty = match row.arguments {
        "*enums" => {
            let made = enumeration::construct(vm, kind, args)?;
            if own.is_some() { made.altered(|args| args.own = own) } else { made }
        }
        "*types" => {
            let mut items = Vec::new();
            for item in args.positional.iter().skip(1) {
                items.push(expect(vm, item)?);
            }
            Type::with(kind, TypeArgs { items, ..TypeArgs::default() })
        }
        "pickle" => return Err(pickle(vm)),
        signature => {
            let mut type_args = TypeArgs {
                own,
                national: own == Some(Family::Mysql) && matches!(row.name, "NCHAR" | "NVARCHAR"),
                ..TypeArgs::default()
            };
            let any = fill(vm, row, signature, &args, &mut type_args)? || own.is_some();
            if kind == TypeKind::NUMBER && type_args.asdecimal.is_none() {
                type_args.asdecimal = Some(type_args.scale.is_some_and(|scale| scale > 0));
            }
            if matches!(row.kind, "JSON" | "JSONB") {
                type_args.codec = Some(json_codec());
                Type::with(kind, type_args)
            } else if any {
                Type::with(kind, type_args)
            } else {
                Type::of(kind)
            }
        }
    };
    Ok(Value::object(TypeObject { ty, class: Rc::clone(class) }))
}

fn fill(
    vm: &mut Vm,
    row: &Row,
    signature: &str,
    args: &Args,
    out: &mut TypeArgs,
) -> Result<bool, Raise> {
    let names: Vec<&str> = signature.split_whitespace().collect();
    let given = args.positional.len().saturating_sub(1);
    if given > names.len() {
        let (name, most) = (row.name, names.len());
        return Err(if most == 0 {
            vm.type_error(format!("{name}() takes no arguments"))
        } else {
            vm.type_error(format!(
                "{name}.__init__() takes from 1 to {} positional arguments but {} were given",
                most + 1,
                given + 1
            ))
        });
    }
    let mut any = false;
    for (name, value) in names.iter().zip(args.positional.iter().skip(1)) {
        any |= set(vm, out, name, value)?;
    }
    for (name, value) in &args.keywords {
        if !names.contains(&&**name) {
            let (class, name) = (row.name, name.clone());
            return Err(vm.type_error(format!(
                "{class}.__init__() got an unexpected keyword argument '{name}'"
            )));
        }
        any |= set(vm, out, name, value)?;
    }
    Ok(any)
}

/// Sets one argument; false when it says nothing.
fn set(vm: &mut Vm, args: &mut TypeArgs, name: &str, value: &Value) -> Result<bool, Raise> {
    if value.is_none() {
        return Ok(false);
    }
    let text = || value.as_str().map(|text| Rc::from(&*text));
    let number = value.as_int();
    match name {
        "length" => args.length = number,
        "collation" => args.collation = text(),
        "precision" | "second_precision" => args.precision = number,
        "day_precision" => args.day_precision = number,
        "binary_precision" => args.binary_precision = number,
        "local_timezone" => args.local_timezone = vm.truth(value)?,
        "native" => args.native_interval = Some(vm.truth(value)?),
        "native_uuid" => args.native_uuid = Some(vm.truth(value)?),
        "varying" => args.varying = vm.truth(value)?,
        "scale" => args.scale = number,
        "decimal_return_scale" => args.decimal_return_scale = number,
        "asdecimal" => args.asdecimal = Some(vm.truth(value)?),
        "timezone" => args.timezone = vm.truth(value)?,
        "as_uuid" => args.as_uuid = Some(vm.truth(value)?),
        "none_as_null" => args.none_as_null = vm.truth(value)?,
        "dimensions" => args.dimensions = number,
        "unsigned" => args.unsigned = vm.truth(value)?,
        "zerofill" => args.zerofill = vm.truth(value)?,
        "display_width" => args.display_width = number,
        "charset" => args.charset = text(),
        "fsp" => args.fsp = number,
        "fields" => args.fields = text(),
        "name" => args.name = text(),
        "schema" => args.schema = text(),
        "create_constraint" => args.create_constraint = vm.truth(value)?,
        "item_type" => args.item = Some(expect(vm, value)?),
        _ => return Ok(false),
    }
    Ok(true)
}

fn with_variant(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [this, other, names] =
        args.bind(vm, "TypeEngine.with_variant(self, type_, *dialect_names)")?;
    let ty = expect(vm, &this.unwrap_or_default())?;
    let other = expect(vm, &other.unwrap_or_default())?;
    let names = value::strings(vm, &names.unwrap_or_default())?;
    let names: Vec<&str> = names.iter().map(|name| &**name).collect();
    let made = ty.with_variant(&other, &names).map_err(|error| exc::from_sql(vm, &error))?;
    Ok(object(vm, &made))
}

fn compile(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [this, dialect] = args.bind(vm, "TypeEngine.compile(self, dialect=)")?;
    let ty = expect(vm, &this.unwrap_or_default())?;
    let dialect = expression::dialect_or_default(vm, dialect)?;
    let text = ty.ddl(&dialect).map_err(|error| exc::from_sql(vm, &error))?;
    Ok(Value::from(text))
}

impl Object for TypeObject {
    fn class(&self, _: &Vm) -> Rc<Class> {
        Rc::clone(&self.class)
    }

    fn repr(&self, _: &mut Vm) -> Result<Str, Raise> {
        Ok(self.ty.python_repr().into())
    }

    fn str(&self, _: &mut Vm) -> Result<Str, Raise> {
        let text = self.ty.ddl(&Dialect::default_dialect());
        Ok(text.unwrap_or_else(|_| self.ty.python_repr()).into())
    }

    fn get_attribute(self: Rc<Self>, vm: &mut Vm, name: &str) -> Result<Option<Value>, Raise> {
        let blank = TypeArgs::default();
        let args = self.ty.args().unwrap_or(&blank);
        let number = |value: Option<i64>| Some(value.map_or(Value::None, Value::Int));
        let text = |value: &Option<Rc<str>>| {
            Some(value.as_ref().map_or(Value::None, |text| Value::from(&**text)))
        };
        Ok(match name {
            "length" => number(args.length),
            "precision" => number(args.precision),
            "scale" => number(args.scale),
            "dimensions" => number(args.dimensions),
            "collation" => text(&args.collation),
            "name" => text(&args.name),
            "timezone" => Some(Value::Bool(args.timezone)),
            "unsigned" => Some(Value::Bool(args.unsigned)),
            "asdecimal" => {
                let default = self.ty.affinity() == vidro_sql::types::Affinity::Numeric;
                Some(Value::Bool(args.asdecimal.unwrap_or(default)))
            }
            "as_uuid" => Some(Value::Bool(args.as_uuid.unwrap_or(true))),
            "item_type" => args.item.clone().map(|item| object(vm, &item)),
            "enums" => args.members.as_ref().map(|members| {
                Value::list(members.names.iter().map(|name| Value::from(&**name)).collect())
            }),
            "enum_class" => enumeration::class_of(&self.ty),
            "python_type" => enumeration::class_of(&self.ty).or_else(|| python_type(vm, &self.ty)),
            "impl" => Some(Value::Object(self)),
            "_type_affinity" => {
                let name = match self.ty.affinity() {
                    Affinity::Binary => "_Binary".to_owned(),
                    Affinity::Json => "JSON".to_owned(),
                    Affinity::Array => "ARRAY".to_owned(),
                    Affinity::Null => "NullType".to_owned(),
                    Affinity::Other | Affinity::Tuple => self.class.name().to_string(),
                    other => format!("{other:?}"),
                };
                Some(Value::Class(vm.named_class(&table::full_name(&name))))
            }
            "hashable" => Some(Value::Bool(!matches!(self.ty.kind().name(), "JSON" | "ARRAY"))),
            _ => None,
        })
    }
}

/// The Python class that values of a type have.
fn python_type(vm: &mut Vm, ty: &Type) -> Option<Value> {
    let asdecimal = ty.args().and_then(|args| args.asdecimal);
    let name = match ty.affinity() {
        Affinity::Integer => "int",
        Affinity::Numeric if asdecimal.unwrap_or(true) => "decimal.Decimal",
        Affinity::Numeric | Affinity::Float => "float",
        Affinity::String => "str",
        Affinity::Boolean => "bool",
        Affinity::Date => "datetime.date",
        Affinity::Time => "datetime.time",
        Affinity::DateTime => "datetime.datetime",
        Affinity::Interval => "datetime.timedelta",
        Affinity::Binary => "bytes",
        Affinity::Json => "dict",
        Affinity::Uuid => "uuid.UUID",
        Affinity::Array => "list",
        Affinity::Tuple | Affinity::Other | Affinity::Null => return None,
    };
    value::class_named(vm, name)
}
