//! `TypeDecorator` and `UserDefinedType`: types that the script itself defines.

use std::rc::Rc;

use vidro_python::{Args, ClassBuilder, Instance, Raise, Value, Vm};
use vidro_sql::Result;
use vidro_sql::dialect::Dialect;
use vidro_sql::expr::Expr;
use vidro_sql::expr::Op;
use vidro_sql::types::Type;
use vidro_sql::types::{JsonCodec, TypeDecorator};

use super::TypeObject;
use crate::exc;
use crate::expression;
use crate::value;
use crate::world::call_back_sql;

const DECORATOR: &str = "sqlalchemy.sql.type_api.TypeDecorator";
const USER_DEFINED: &str = "sqlalchemy.sql.type_api.UserDefinedType";

pub(super) fn define(vm: &mut Vm) {
    let engine = vm.named_class("sqlalchemy.sql.type_api.TypeEngine");
    ClassBuilder::new(super::table::API, "TypeDecorator")
        .base(&engine)
        .attribute("cache_ok", Value::None)
        .method("__init__", init)
        .method("__repr__", |vm, args| repr(vm, &args.at(0)).map(Value::from))
        .method("copy", |_, args| Ok(args.at(0)))
        .method("load_dialect_impl", |vm, args| vm.get_attribute(&args.at(0), "impl"))
        .build(vm);
    ClassBuilder::new(super::table::API, "UserDefinedType")
        .base(&engine)
        .attribute("cache_ok", Value::None)
        .method("__init__", |_, _| Ok(Value::None))
        .method("__repr__", |vm, args| repr(vm, &args.at(0)).map(Value::from))
        .build(vm);
}

/// `TypeDecorator.__init__(*args, **kwargs)`: makes the implementing type.
fn init(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    let this = args.at(0);
    let Some(instance) = this.as_instance() else { return Ok(Value::None) };
    let Some(implementation) = instance.class().lookup("impl") else {
        return Err(vm.attribute_error(
            "TypeDecorator implementations require a class-level variable 'impl' which refers \
             to the class of type being decorated",
        ));
    };
    args.positional.remove(0);
    let made = match implementation {
        Value::Class(_) => vm.call(&implementation, args)?,
        other => other,
    };
    instance.set("impl", made);
    Ok(Value::None)
}

fn repr(vm: &mut Vm, this: &Value) -> Result<String, Raise> {
    let class = vm.class_of(this).name();
    let inner = this.as_instance().and_then(|instance| instance.get("impl"));
    let arguments = match inner.as_ref().and_then(|inner| inner.downcast_ref::<TypeObject>()) {
        Some(object) => {
            let repr = object.ty.python_repr();
            let open = repr.find('(').map_or(repr.len(), |at| at + 1);
            repr.get(open..repr.len().saturating_sub(1)).unwrap_or("").to_owned()
        }
        None => String::new(),
    };
    let _ = vm;
    Ok(format!("{class}({arguments})"))
}

/// The type of an instance of a script's type class.
pub(super) fn from_instance(vm: &mut Vm, value: &Value) -> Result<Option<Type>, Raise> {
    let Some(instance) = value.as_instance() else { return Ok(None) };
    if let Some(known) = instance.payload::<Type>() {
        return Ok(Some((*known).clone()));
    }
    let class = instance.class();
    let decorated = class.is_subclass(&vm.named_class(DECORATOR));
    let defined = class.is_subclass(&vm.named_class(USER_DEFINED));
    if !decorated && !defined {
        return Ok(None);
    }
    let implementation = if decorated {
        let declared = vm.get_attribute(value, "impl")?;
        super::expect(vm, &declared)?
    } else {
        Type::null()
    };
    let overrides = |name: &str| class.lookup(name).is_some();
    let cache_ok = match class.lookup("cache_ok") {
        Some(ok) => vm.truth(&ok)?,
        None => false,
    };
    let own_impl = class.mro().take_while(|c| &*c.module() != "sqlalchemy.sql.type_api");
    let loads = own_impl.into_iter().any(|class| class.dict.contains("load_dialect_impl"));
    let decorator = Scripted {
        name: Rc::from(&*class.name()),
        repr: vm.repr(value)?.to_string(),
        implementation,
        bind: overrides("process_bind_param") || overrides("bind_processor"),
        result: overrides("process_result_value") || overrides("result_processor"),
        literal: overrides("process_literal_param"),
        coerces: overrides("coerce_compared_value"),
        binds: overrides("bind_expression"),
        columns: overrides("column_expression"),
        spec: overrides("get_col_spec"),
        loads,
        cache_ok,
        instance: Rc::clone(instance),
    };
    let ty = Type::decorated(Rc::new(decorator));
    instance.set_payload(Rc::new(ty.clone()));
    Ok(Some(ty))
}

/// The instance behind a decorator of `vidro-sql`.
pub(super) fn instance(decorator: &dyn TypeDecorator) -> Option<Value> {
    let any = decorator.as_any()?;
    any.downcast_ref::<Scripted>().map(|scripted| Value::Instance(Rc::clone(&scripted.instance)))
}

/// A type class of the script.
struct Scripted {
    name: Rc<str>,
    repr: String,
    implementation: Type,
    bind: bool,
    result: bool,
    literal: bool,
    coerces: bool,
    binds: bool,
    columns: bool,
    spec: bool,
    loads: bool,
    cache_ok: bool,
    instance: Rc<Instance>,
}

impl Scripted {
    fn call(&self, method: &str, args: impl FnOnce(&mut Vm) -> Vec<Value>) -> Result<Value> {
        call_back_sql(|vm| {
            let this = Value::Instance(Rc::clone(&self.instance));
            let method = vm.get_attribute(&this, method)?;
            let args = args(vm);
            vm.call(&method, Args::from(args))
        })
    }

    /// A method that takes a value and the dialect.
    fn process(
        &self,
        method: &str,
        value: &vidro_sql::Value,
        dialect: &Dialect,
    ) -> Result<vidro_sql::Value> {
        let made =
            self.call(method, |vm| vec![value::to_python(vm, value), dialect_object(dialect)])?;
        call_back_sql(|vm| value::from_python(vm, &made))
    }

    fn expression(&self, method: &str, expr: &Expr) -> Result<Option<Expr>> {
        let made = self.call(method, |vm| vec![expression::object(vm, expr.clone())])?;
        call_back_sql(|vm| {
            if made.is_none() { Ok(None) } else { expression::expect(vm, &made).map(Some) }
        })
    }
}

impl TypeDecorator for Scripted {
    fn type_name(&self) -> Rc<str> {
        Rc::clone(&self.name)
    }

    fn as_any(&self) -> Option<&dyn std::any::Any> {
        Some(self)
    }

    fn repr(&self) -> String {
        self.repr.clone()
    }

    fn impl_type(&self) -> Type {
        self.implementation.clone()
    }

    fn load_dialect_impl(&self, dialect: &Dialect) -> Result<Option<Type>> {
        if !self.loads {
            return Ok(None);
        }
        let made = self.call("load_dialect_impl", |_| vec![dialect_object(dialect)])?;
        call_back_sql(|vm| super::expect(vm, &made).map(Some))
    }

    fn has_bind(&self) -> bool {
        self.bind
    }

    fn has_result(&self) -> bool {
        self.result
    }

    fn process_bind_param(
        &self,
        value: &vidro_sql::Value,
        dialect: &Dialect,
    ) -> Result<vidro_sql::Value> {
        self.process("process_bind_param", value, dialect)
    }

    fn process_result_value(
        &self,
        value: vidro_sql::Value,
        dialect: &Dialect,
    ) -> Result<vidro_sql::Value> {
        self.process("process_result_value", &value, dialect)
    }

    fn process_literal_param(
        &self,
        value: &vidro_sql::Value,
        dialect: &Dialect,
    ) -> Result<Option<vidro_sql::Value>> {
        if self.literal {
            self.process("process_literal_param", value, dialect).map(Some)
        } else {
            Ok(None)
        }
    }

    fn coerce_compared_value(&self, _: &Op, value: &vidro_sql::Value) -> Result<Option<Type>> {
        if !self.coerces {
            return Ok(None);
        }
        let made = self
            .call("coerce_compared_value", |vm| vec![Value::None, value::to_python(vm, value)])?;
        call_back_sql(|vm| super::expect(vm, &made).map(Some))
    }

    fn bind_expression(&self, bind: &Expr) -> Result<Option<Expr>> {
        if self.binds { self.expression("bind_expression", bind) } else { Ok(None) }
    }

    fn column_expression(&self, column: &Expr) -> Result<Option<Expr>> {
        if self.columns { self.expression("column_expression", column) } else { Ok(None) }
    }

    fn cache_ok(&self) -> bool {
        self.cache_ok
    }

    fn identity(&self) -> usize {
        Rc::as_ptr(&self.instance).addr()
    }

    fn col_spec(&self) -> Result<Option<String>> {
        if !self.spec {
            return Ok(None);
        }
        let made = self.call("get_col_spec", |_| Vec::new())?;
        Ok(made.as_str().map(|text| text.to_string()))
    }
}

/// JSON by the script's own `json` module.
pub(crate) fn json_codec() -> Rc<dyn JsonCodec> {
    Rc::new(Json)
}

struct Json;

impl Json {
    fn run(function: &str, argument: impl FnOnce(&mut Vm) -> Value) -> Result<Value> {
        call_back_sql(|vm| {
            let module = vm.import("json")?;
            let function = vm.get_attribute(&Value::Module(module), function)?;
            let argument = argument(vm);
            vm.call(&function, Args::from([argument]))
        })
    }
}

impl JsonCodec for Json {
    fn dumps(&self, value: &vidro_sql::Value) -> Result<String> {
        let text = Self::run("dumps", |vm| {
            let given = value::to_python(vm, value);
            if crate::names::is_symbol(&given, super::JSON_NULL) { Value::None } else { given }
        })?;
        Ok(text.as_str().map(|text| text.to_string()).unwrap_or_default())
    }

    fn loads(&self, text: &str) -> Result<vidro_sql::Value> {
        let made = Self::run("loads", |_| Value::from(text))?;
        call_back_sql(|vm| value::from_python(vm, &made))
    }
}

/// `PickleType` is refused: there is no pickle in this Python.
pub(crate) fn pickle(vm: &mut Vm) -> Raise {
    exc::raise(
        vm,
        "NotImplementedError",
        "PickleType is not supported: pickles run code when they are loaded; use JSON",
    )
}

fn dialect_object(dialect: &Dialect) -> Value {
    Value::object(expression::DialectObject { dialect: *dialect })
}
