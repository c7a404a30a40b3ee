//! `Column`: arguments, attributes, operators.

use std::rc::Rc;

use vidro_python::{
    Args, BinaryOperator, Class, ClassBuilder, Compare, Object, Raise, Str, UnaryOperator, Value,
    Vm,
};
use vidro_sql::name::Name;
use vidro_sql::schema::Column;
use vidro_sql::schema::{
    Autoincrement, ColumnSpec, Default, DefaultContext, DefaultFn, ServerDefault,
};
use vidro_sql::types::Type;

use super::{Item, ItemObject, SCHEMA};
use crate::expression::{self, operators};
use crate::world::call_back_sql;
use crate::{exc, types, value};

/// A column as Python sees it.
#[derive(Debug)]
pub(crate) struct ColumnObject {
    /// The column.
    pub(crate) column: Column,
}

pub(super) fn define(vm: &mut Vm) {
    let base = vm.named_class("sqlalchemy.sql.elements.ColumnClause");
    ClassBuilder::new(SCHEMA, "Column")
        .base(&base)
        .constructor(construct)
        .method("copy", copy)
        .method("_copy", copy)
        .method("references", references)
        .method("append_foreign_key", append_foreign_key)
        .build(vm);
    ClassBuilder::new(SCHEMA, "DefaultExecutionContext")
        .method("get_current_parameters", |_, args| Ok(current_parameters(&args.at(0))))
        .property("current_parameters", |_, args| Ok(current_parameters(&args.at(0))))
        .build(vm);
}

/// `Column(…)` taken apart; what the schema does not know is left over for declarative.
pub(crate) struct ColumnArguments {
    /// What the schema knows.
    pub(crate) spec: ColumnSpec,
    /// Keyword arguments it does not know.
    pub(crate) rest: Vec<(Str, Value)>,
}

fn construct(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    args.positional.remove(0);
    let ColumnArguments { spec, rest } = column_arguments(vm, args)?;
    refuse_rest(vm, &rest)?;
    super::column_object(vm, &spec.build())
}

/// Refuses keyword arguments that no column has.
pub(crate) fn refuse_rest(vm: &mut Vm, rest: &[(Str, Value)]) -> Result<(), Raise> {
    let Some((name, _)) = rest.first() else { return Ok(()) };
    Err(vm.type_error(format!(
        "Additional arguments should be named <dialectname>_<argument>, got '{name}'"
    )))
}

/// Sorts the arguments of `Column` or `mapped_column`.
pub(crate) fn column_arguments(vm: &mut Vm, args: Args) -> Result<ColumnArguments, Raise> {
    let mut spec = ColumnSpec::unnamed(Type::null());
    let mut typed = false;
    for (at, arg) in args.positional.iter().enumerate() {
        if at == 0 && (arg.as_str().is_some() || arg.is_none()) {
            spec.name = expression::name(arg);
            continue;
        }
        // A type of `None` is taken from the column that a foreign key refers to.
        if arg.is_none() && !typed {
            typed = true;
            continue;
        }
        if let Some(object) = arg.downcast_ref::<ItemObject>() {
            add_item(&mut spec, &object.item);
            continue;
        }
        match types::from_value(vm, arg)? {
            Some(ty) if !typed => {
                spec.ty = ty;
                typed = true;
            }
            _ => {
                let shown = vm.repr(arg)?;
                return Err(exc::argument(
                    vm,
                    format!(
                        "'SchemaItem' object, such as a 'Column' or a 'Constraint' expected, got {shown}"
                    ),
                ));
            }
        }
    }
    let mut rest = Vec::new();
    for (name, value) in args.keywords {
        if !keyword(vm, &mut spec, &name, &value)? {
            rest.push((name, value));
        }
    }
    Ok(ColumnArguments { spec, rest })
}

fn add_item(spec: &mut ColumnSpec, item: &Item) {
    match item {
        Item::ForeignKey(key) => spec.foreign_keys.push(key.clone()),
        Item::Constraint(constraint) => spec.checks.push(constraint.clone()),
        Item::Sequence(sequence) => spec.default = Some(Default::Sequence(sequence.clone())),
        Item::Computed(computed) => spec.computed = Some(computed.clone()),
        Item::Identity(identity) => spec.identity = Some(identity.clone()),
        Item::ServerDefault(default) => spec.server_default = Some(default.clone()),
        Item::Default(default) => spec.default = Some(default.clone()),
        Item::Index(_) => {}
    }
}

/// One keyword argument; false when the schema does not know it.
fn keyword(vm: &mut Vm, spec: &mut ColumnSpec, name: &str, given: &Value) -> Result<bool, Raise> {
    let flag = |vm: &mut Vm| value::optional_flag(vm, Some(given.clone()));
    match name {
        "name" => spec.name = expression::name(given),
        "key" => spec.key = value::optional_text(vm, Some(given.clone()))?,
        "type_" => spec.ty = types::expect(vm, given)?,
        "primary_key" => spec.primary_key = vm.truth(given)?,
        "nullable" => spec.nullable = flag(vm)?,
        "unique" => spec.unique = flag(vm)?,
        "index" => spec.index = flag(vm)?,
        "system" => spec.system = vm.truth(given)?,
        "default" => spec.default = default(vm, given)?,
        "onupdate" => spec.onupdate = default(vm, given)?,
        "server_default" => spec.server_default = server_default(vm, given)?,
        "server_onupdate" => spec.server_onupdate = server_default(vm, given)?,
        "comment" => spec.comment = value::optional_text(vm, Some(given.clone()))?,
        "doc" => spec.doc = value::optional_text(vm, Some(given.clone()))?,
        "info" => spec.info = Some(value::from_python(vm, given)?),
        "quote" => {
            let quote = flag(vm)?;
            if let Some(name) = &mut spec.name {
                name.quote = quote;
            }
        }
        "insert_sentinel" => spec.insert_sentinel = vm.truth(given)?,
        "autoincrement" => {
            spec.autoincrement = match given.as_str().as_deref() {
                Some("ignore_fk") => Autoincrement::IgnoreFk,
                Some(_) => Autoincrement::Auto,
                None if vm.truth(given)? => Autoincrement::True,
                None => Autoincrement::False,
            };
        }
        other if is_dialect_option(other) => {
            let given = value::from_python(vm, given)?;
            spec.dialect_options.push((other.into(), given));
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// `sqlite_on_conflict`, `mysql_engine`: an option of a dialect.
pub(super) fn is_dialect_option(name: &str) -> bool {
    ["sqlite_", "postgresql_", "mysql_", "mariadb_", "oracle_", "mssql_"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
}

fn default(vm: &mut Vm, given: &Value) -> Result<Option<Default>, Raise> {
    if given.is_none() {
        return Ok(None);
    }
    if let Some(object) = given.downcast_ref::<ItemObject>() {
        return Ok(match &object.item {
            Item::Default(default) => Some(default.clone()),
            Item::Sequence(sequence) => Some(Default::Sequence(sequence.clone())),
            _ => None,
        });
    }
    if let Some(expr) = expression::try_expr(vm, given)? {
        return Ok(Some(Default::Sql(expr)));
    }
    if vm.is_callable(given) {
        let context = wants_context(given);
        let object = value::from_python(vm, given)?;
        let callable = given.clone();
        return Ok(Some(Default::Callable(Rc::new(ScriptDefault { callable, object, context }))));
    }
    value::from_python(vm, given).map(|given| Some(Default::Scalar(given)))
}

/// Whether a callable takes one required argument: the context.
fn wants_context(callable: &Value) -> bool {
    match callable {
        Value::Function(function) => function.required() >= 1,
        Value::BoundMethod(method) => match &method.function {
            Value::Function(function) => function.required() >= 2,
            _ => false,
        },
        _ => false,
    }
}

/// A default for `default=` given as a Python value.
pub(crate) fn default_of(vm: &mut Vm, given: &Value) -> Result<Option<Default>, Raise> {
    default(vm, given)
}

fn server_default(vm: &mut Vm, given: &Value) -> Result<Option<ServerDefault>, Raise> {
    if given.is_none() {
        return Ok(None);
    }
    if let Some(object) = given.downcast_ref::<ItemObject>() {
        return Ok(match &object.item {
            Item::ServerDefault(default) => Some(default.clone()),
            _ => Some(ServerDefault::Fetched),
        });
    }
    if let Some(text) = given.as_str() {
        return Ok(Some(ServerDefault::Text(Rc::from(&*text))));
    }
    match expression::try_expr(vm, given)? {
        Some(expr) => Ok(Some(ServerDefault::Sql(expr))),
        None => {
            let class = vm.class_of(given);
            let shown = class.full_name();
            Err(exc::argument(
                vm,
                format!(
                    "Argument 'arg' is expected to be one of type '<class 'str'>' or '<class \
                     'sqlalchemy.sql.elements.ClauseElement'>' or '<class \
                     'sqlalchemy.sql.elements.TextClause'>', got '<class '{shown}'>'"
                ),
            ))
        }
    }
}

/// A callable of the script as a column's default.
struct ScriptDefault {
    callable: Value,
    object: vidro_sql::Value,
    context: bool,
}

impl DefaultFn for ScriptDefault {
    fn call(&self, cx: &dyn DefaultContext) -> vidro_sql::Result<vidro_sql::Value> {
        let parameters = if self.context { cx.current_parameters() } else { Vec::new() };
        call_back_sql(|vm| {
            let mut args = Args::none();
            if self.context {
                let mut pairs = Vec::new();
                for (name, given) in &parameters {
                    pairs.push((&**name, value::to_python(vm, given)));
                }
                let parameters = Value::dict(pairs);
                args.positional.push(Value::object(ContextObject { parameters }));
            }
            let made = vm.call(&self.callable, args)?;
            value::from_python(vm, &made)
        })
    }

    fn object(&self) -> vidro_sql::Value {
        self.object.clone()
    }
}

/// What a default that takes an argument is given.
#[derive(Debug)]
struct ContextObject {
    parameters: Value,
}

impl Object for ContextObject {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class("sqlalchemy.sql.schema.DefaultExecutionContext")
    }
}

fn current_parameters(this: &Value) -> Value {
    this.downcast_ref::<ContextObject>().map(|cx| cx.parameters.clone()).unwrap_or_default()
}

fn this(vm: &mut Vm, args: &Args) -> Result<Column, Raise> {
    args.this::<ColumnObject>(vm).map(|object| object.column.clone())
}

fn copy(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let column = this(vm, &args)?;
    super::column_object(vm, &column.copy())
}

fn references(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let column = this(vm, &args)?;
    Ok(Value::Bool(super::as_column(&args.at(1)).is_some_and(|other| column.references(&other))))
}

fn append_foreign_key(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let column = this(vm, &args)?;
    if let Some(object) = args.at(1).downcast_ref::<ItemObject>()
        && let Item::ForeignKey(key) = &object.item
    {
        column.alter(|spec| spec.foreign_keys.push(key.clone()));
    }
    Ok(Value::None)
}

impl Object for ColumnObject {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class("sqlalchemy.sql.schema.Column")
    }

    fn get_attribute(self: Rc<Self>, vm: &mut Vm, name: &str) -> Result<Option<Value>, Raise> {
        let column = &self.column;
        let text = |text: &Option<Rc<str>>| {
            Some(text.as_ref().map_or(Value::None, |text| Value::from(&**text)))
        };
        let flag = |flag: Option<bool>| Some(flag.map_or(Value::None, Value::Bool));
        let spec = column.spec().clone();
        Ok(match name {
            "name" => Some(spec.name.as_ref().map_or(Value::None, |name| Value::from(&**name))),
            "key" => Some(Value::from(&*column.key())),
            "type" => Some(types::object(vm, &column.ty())),
            "table" => match column.table() {
                Some(table) => Some(super::table_object(vm, &table)?),
                None => None,
            },
            "primary_key" => Some(Value::Bool(column.is_primary_key())),
            "nullable" => Some(Value::Bool(column.is_nullable())),
            "unique" => flag(spec.unique),
            "index" => flag(spec.index),
            "comment" => text(&spec.comment),
            "doc" => text(&spec.doc),
            "system" => Some(Value::Bool(spec.system)),
            "autoincrement" => Some(match spec.autoincrement {
                Autoincrement::Auto => "auto".into(),
                Autoincrement::IgnoreFk => "ignore_fk".into(),
                Autoincrement::True => Value::Bool(true),
                Autoincrement::False => Value::Bool(false),
            }),
            "foreign_keys" => {
                let keys = column.foreign_keys().into_iter().map(Item::ForeignKey);
                let keys = keys.map(|item| item.object()).collect();
                Some(vm.new_set(keys, false)?)
            }
            "default" => Some(optional(spec.default.map(Item::Default))),
            "onupdate" => Some(optional(spec.onupdate.map(Item::Default))),
            "server_default" => Some(optional(spec.server_default.map(Item::ServerDefault))),
            "server_onupdate" => Some(optional(spec.server_onupdate.map(Item::ServerDefault))),
            "computed" => Some(optional(spec.computed.map(Item::Computed))),
            "identity" => Some(optional(spec.identity.map(Item::Identity))),
            "info" => Some(match &spec.info {
                Some(info) => value::to_python(vm, info),
                None => {
                    let info = Value::dict([]);
                    let stored = value::from_python(vm, &info)?;
                    column.alter(|spec| spec.info = Some(stored));
                    info
                }
            }),
            "expression" => Some(Value::Object(self)),
            _ => return expression::comparator_attribute(vm, &column.expr(), "Column", name),
        })
    }

    fn set_attribute(self: Rc<Self>, vm: &mut Vm, name: &str, given: Value) -> Result<bool, Raise> {
        let mut spec = self.column.spec().clone();
        let known = keyword(vm, &mut spec, if name == "type" { "type_" } else { name }, &given)?;
        if known {
            self.column.alter(|old| *old = spec);
        }
        Ok(known)
    }

    fn binary(
        self: Rc<Self>,
        vm: &mut Vm,
        operator: BinaryOperator,
        other: &Value,
        reflected: bool,
    ) -> Result<Value, Raise> {
        operators::binary(vm, &self.column.expr(), operator, other, reflected)
    }

    fn unary(self: Rc<Self>, vm: &mut Vm, operator: UnaryOperator) -> Result<Value, Raise> {
        operators::unary(vm, &self.column.expr(), operator)
    }

    fn compare(self: Rc<Self>, vm: &mut Vm, by: Compare, other: &Value) -> Result<Value, Raise> {
        operators::compare(vm, &self.column.expr(), by, other)
    }

    fn get_item(self: Rc<Self>, vm: &mut Vm, key: &Value) -> Result<Value, Raise> {
        operators::get_item(vm, &self.column.expr(), key)
    }

    fn contains(&self, vm: &mut Vm, _: &Value) -> Result<Option<bool>, Raise> {
        Err(expression::no_membership(vm))
    }

    fn truth(&self, vm: &mut Vm) -> Result<Option<bool>, Raise> {
        Err(vm.type_error("Boolean value of this clause is not defined"))
    }

    fn repr(&self, _: &mut Vm) -> Result<Str, Raise> {
        Ok(format!("{:?}", self.column).into())
    }

    fn str(&self, _: &mut Vm) -> Result<Str, Raise> {
        Ok(self.column.to_string().into())
    }
}

fn optional(item: Option<Item>) -> Value {
    item.map_or(Value::None, |item| item.object())
}

/// A name of an argument that may be `None`.
pub(super) fn optional_name(value: Option<Value>) -> Option<Name> {
    value.as_ref().and_then(expression::name)
}
