//! SQLAlchemy's modules: which name of which module is which class or function.

mod table;

use std::rc::Rc;

use vidro_python::{Args, Class, ClassBuilder, Module, Object, Raise, Str, Value, Vm};
use vidro_sql::dialect::Dialect;
use vidro_sql::select::SetOperation;

use crate::engine;
use crate::{exc, expression, ext, mapping, query, schema, session, types};
use table::{DRIVERS, MODULES, Part};

/// Makes all classes and registers all modules.
pub(crate) fn install(vm: &mut Vm) {
    exc::define(vm);
    expression::define(vm);
    types::define(vm);
    schema::define(vm);
    engine::define(vm);
    mapping::define(vm);
    session::define(vm);
    query::define(vm);
    ClassBuilder::new("sqlalchemy.util.langhelpers", "symbol").build(vm);
    for (name, _) in MODULES {
        vm.register_module(name, fill);
    }
    for name in DRIVERS {
        vm.register_module(name, fill);
    }
    ext::register(vm);
}

/// The package of the dialects.
const DIALECTS: &str = "sqlalchemy.dialects.";

/// Fills a module with the names that the table gives it.
fn fill(vm: &mut Vm, module: &Rc<Module>) -> Result<(), Raise> {
    let parts = MODULES.iter().find(|(name, _)| **name == *module.name).map(|(_, parts)| *parts);
    for part in parts.unwrap_or_default() {
        add(vm, module, part)?;
    }
    match module.name.strip_prefix(DIALECTS) {
        Some(path) => fill_dialect(vm, module, path),
        None => Ok(()),
    }
}

/// Fills a module of a dialect, or of one of its drivers, with the `dialect` to call.
fn fill_dialect(vm: &mut Vm, module: &Rc<Module>, path: &str) -> Result<(), Raise> {
    let (name, driver) = path.split_once('.').map_or((path, None), |(n, d)| (n, Some(d)));
    if let Ok(dialect) = Dialect::for_url(name, driver) {
        module.set("dialect", expression::dialect_class(dialect));
    }
    for full in DRIVERS {
        if let Some((package, driver)) = full.rsplit_once('.')
            && *package == *module.name
        {
            let inner = vm.import(full)?;
            module.set(driver, Value::Module(inner));
        }
    }
    Ok(())
}

fn add(vm: &mut Vm, module: &Rc<Module>, part: &Part) -> Result<(), Raise> {
    match part {
        Part::Classes(prefix, names) => {
            for name in names.split_whitespace() {
                let class = vm.named_class(&format!("{prefix}.{name}"));
                module.set(name, Value::Class(class));
            }
        }
        Part::Types(dialect) => {
            for (name, full) in types::names(dialect) {
                let class = vm.named_class(&full);
                module.set(name, Value::Class(class));
            }
        }
        Part::Errors(of) => {
            for name in exc::names(of) {
                let class = vm.named_class(&format!("{of}.{name}"));
                module.set(name, Value::Class(class));
            }
        }
        Part::Functions(functions) => {
            for (name, function) in *functions {
                module.set(name, Value::function(*name, *function));
            }
        }
        Part::Values(names) => {
            for name in names.split_whitespace() {
                let made = special(vm, name);
                module.set(name, made);
            }
        }
        Part::Modules(names) => {
            for name in names.split_whitespace() {
                let inner = vm.import(&format!("{}.{name}", module.name))?;
                module.set(name, Value::Module(inner));
            }
        }
        Part::Session => {
            for (name, made) in session::names(vm) {
                module.set(name, made);
            }
            for (name, made) in query::names(vm) {
                module.set(name, made);
            }
        }
        Part::Mapping => {
            for (name, full) in mapping::BASES {
                let class = vm.named_class(full);
                module.set(name, Value::Class(class));
            }
            for (name, function) in mapping::FUNCTIONS {
                module.set(name, Value::function(*name, *function));
            }
        }
    }
    Ok(())
}

/// Names that are neither classes nor plain functions.
fn special(vm: &mut Vm, name: &str) -> Value {
    match name {
        "func" => expression::func(),
        "__version__" => Value::from("2.1.9"),
        "LABEL_STYLE_DEFAULT" | "LABEL_STYLE_DISAMBIGUATE_ONLY" => {
            symbol("<SelectLabelStyle.LABEL_STYLE_DISAMBIGUATE_ONLY: 2>")
        }
        "LABEL_STYLE_NONE" => symbol("<SelectLabelStyle.LABEL_STYLE_NONE: 0>"),
        "LABEL_STYLE_TABLENAME_PLUS_COL" => {
            symbol("<SelectLabelStyle.LABEL_STYLE_TABLENAME_PLUS_COL: 1>")
        }
        "NO_VALUE" => symbol("<LoaderCallableStatus.NO_VALUE: 4>"),
        "ONETOMANY" => symbol("<RelationshipDirection.ONETOMANY: 1>"),
        "MANYTOONE" => symbol("<RelationshipDirection.MANYTOONE: 2>"),
        "MANYTOMANY" => symbol("<RelationshipDirection.MANYTOMANY: 3>"),
        _ => {
            let _ = vm;
            Value::None
        }
    }
}

/// A named constant such as `MANYTOONE`.
#[derive(Debug)]
struct Symbol {
    repr: &'static str,
}

/// A constant that prints like this.
pub(crate) fn symbol(repr: &'static str) -> Value {
    Value::object(Symbol { repr })
}

/// Whether this is that constant.
pub(crate) fn is_symbol(given: &Value, repr: &str) -> bool {
    given.downcast_ref::<Symbol>().is_some_and(|symbol| symbol.repr == repr)
}

impl Object for Symbol {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class("sqlalchemy.util.langhelpers.symbol")
    }

    fn get_attribute(self: Rc<Self>, _: &mut Vm, name: &str) -> Result<Option<Value>, Raise> {
        Ok((name == "name").then(|| {
            let short = self.repr.rsplit('.').next().unwrap_or(self.repr);
            Value::from(short.split(':').next().unwrap_or(short))
        }))
    }

    fn compare(
        self: Rc<Self>,
        _: &mut Vm,
        by: vidro_python::Compare,
        other: &Value,
    ) -> Result<Value, Raise> {
        use vidro_python::Compare;
        let same = other.downcast_ref::<Self>().is_some_and(|other| other.repr == self.repr);
        Ok(match by {
            Compare::Equal => Value::Bool(same),
            Compare::NotEqual => Value::Bool(!same),
            _ => Value::NotImplemented,
        })
    }

    fn hash(&self, _: &mut Vm) -> Result<u64, Raise> {
        Ok(u64::try_from(self.repr.len()).unwrap_or(0))
    }

    fn repr(&self, _: &mut Vm) -> Result<Str, Raise> {
        Ok(self.repr.into())
    }

    fn str(&self, _: &mut Vm) -> Result<Str, Raise> {
        // The name of an enum's member: `<LoaderCallableStatus.NO_VALUE: 4>` without the rest.
        let member = self.repr.strip_prefix('<').and_then(|rest| rest.split_once(": "));
        Ok(member.map_or(self.repr, |(name, _)| name).into())
    }
}

/// Names that strings in `relationship()` may use beside classes and tables.
pub(crate) fn for_relationships(vm: &mut Vm) -> Result<Vec<(Str, Value)>, Raise> {
    let module = vm.import("sqlalchemy")?;
    let orm = vm.import("sqlalchemy.orm")?;
    let mut names = module.dict.names();
    for name in ["foreign", "remote", "backref"] {
        if let Some(found) = orm.dict.get(name) {
            names.push((name.into(), found));
        }
    }
    Ok(names)
}

type Call = fn(&mut Vm, Args) -> Result<Value, Raise>;

/// Functions of `sqlalchemy` that make statements.
pub(crate) const STATEMENTS: &[(&str, Call)] = &[
    ("select", expression::select),
    ("insert", expression::insert),
    ("update", expression::update),
    ("delete", expression::delete),
    ("exists", expression::exists),
    ("union", |vm, args| expression::compound(vm, &args, SetOperation::Union)),
    ("union_all", |vm, args| expression::compound(vm, &args, SetOperation::UnionAll)),
    ("except_", |vm, args| expression::compound(vm, &args, SetOperation::Except)),
    ("except_all", |vm, args| expression::compound(vm, &args, SetOperation::ExceptAll)),
    ("intersect", |vm, args| expression::compound(vm, &args, SetOperation::Intersect)),
    ("intersect_all", |vm, args| expression::compound(vm, &args, SetOperation::IntersectAll)),
    ("cte", |vm, mut args| {
        if args.positional.is_empty() {
            return Ok(Value::None);
        }
        let this = args.positional.remove(0);
        vm.call_method(&this, "cte", args)
    }),
    ("subquery", |vm, mut args| {
        let alias = args.positional.first().cloned().unwrap_or_default();
        let _ = args.take_keyword("name");
        vm.call_method(&args.at(1), "subquery", [alias])
    }),
    ("inspect", inspect),
];

/// `inspect(subject, raiseerr=True)`
fn inspect(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [subject, raises] = args.bind(vm, "inspect(subject, raiseerr=)")?;
    let subject = subject.unwrap_or_default();
    if let Some(found) = engine::inspect(vm, &subject)? {
        return Ok(found);
    }
    if let Some(found) = mapping::inspect(vm, &subject)? {
        return Ok(found);
    }
    if schema::as_table(&subject).is_some() {
        return Ok(subject);
    }
    let raises = match raises {
        Some(raises) => vm.truth(&raises)?,
        None => true,
    };
    if !raises {
        return Ok(Value::None);
    }
    Err(exc::no_inspection(vm, &subject))
}
