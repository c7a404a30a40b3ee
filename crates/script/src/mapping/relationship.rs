//! `relationship()` and `backref()`: arguments to a specification.

use std::cell::RefCell;
use std::rc::Rc;

use vidro_orm::mapping::{BackrefSpec, Cascade, Deferred, Lazy, PassiveDeletes, RelationshipSpec};
use vidro_python::{Args, Class, ClassBuilder, Object, Raise, Str, Value, Vm};

use super::column::{FieldOptions, field_options};
use crate::world::World;
use crate::{exc, expression, value};

/// `relationship(…)` before its class is mapped.
#[derive(Debug)]
pub(crate) struct RelationshipObject {
    /// The arguments; the target may still come from the annotation.
    pub(crate) spec: RefCell<RelationshipSpec>,
    /// What dataclass mapping wants to know.
    pub(crate) field: FieldOptions,
}

/// `backref(name, …)`
#[derive(Debug)]
struct BackrefObject {
    spec: BackrefSpec,
}

pub(super) fn define(vm: &mut Vm) {
    ClassBuilder::new("sqlalchemy.orm.relationships", "Relationship").build(vm);
    ClassBuilder::new("sqlalchemy.orm", "Backref").build(vm);
}

/// `relationship(argument, secondary, …)`
pub(crate) fn relationship(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    let field = field_options(vm, &mut args)?;
    if args.positional.len() > 2 {
        return Err(vm.type_error(format!(
            "relationship() takes from 0 to 2 positional arguments but {} were given",
            args.positional.len()
        )));
    }
    let spec = specification(vm, args)?;
    Ok(Value::object(RelationshipObject { spec: RefCell::new(spec), field }))
}

/// `dynamic_loader(…)`
pub(crate) fn dynamic_loader(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    args.keywords.push(("lazy".into(), "dynamic".into()));
    relationship(vm, args)
}

/// `backref(name, **arguments)`
pub(crate) fn backref(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    if args.positional.is_empty() {
        return Err(vm.type_error("backref() missing 1 required positional argument: 'name'"));
    }
    let key = args.positional.remove(0);
    let key = value::text(vm, &key)?;
    let spec = Box::new(specification(vm, args)?);
    Ok(Value::object(BackrefObject { spec: BackrefSpec { key, spec } }))
}

fn specification(vm: &mut Vm, args: Args) -> Result<RelationshipSpec, Raise> {
    let mut spec = RelationshipSpec::default();
    let names = ["argument", "secondary"];
    let positional = args.positional.into_iter().zip(names).map(|(v, n)| (Str::from(n), v));
    for (name, given) in positional.chain(args.keywords) {
        if given.is_none() {
            continue;
        }
        if !set(vm, &mut spec, &name, given)? {
            return Err(vm.type_error(format!(
                "relationship() got an unexpected keyword argument '{name}'"
            )));
        }
    }
    Ok(spec)
}

/// Sets one argument; false when there is none of that name.
fn set(vm: &mut Vm, spec: &mut RelationshipSpec, name: &str, given: Value) -> Result<bool, Raise> {
    match name {
        "argument" => spec.target = deferred(vm, &given)?,
        "secondary" => spec.secondary = Some(deferred(vm, &given)?),
        "primaryjoin" => spec.primaryjoin = Some(deferred(vm, &given)?),
        "secondaryjoin" => spec.secondaryjoin = Some(deferred(vm, &given)?),
        "foreign_keys" => spec.foreign_keys = Some(deferred(vm, &given)?),
        "remote_side" => spec.remote_side = Some(deferred(vm, &given)?),
        "order_by" => {
            spec.order_by = match given {
                Value::Bool(false) => None,
                given => Some(deferred(vm, &given)?),
            };
        }
        "back_populates" => spec.back_populates = Some(value::text(vm, &given)?),
        "backref" => {
            spec.backref = Some(match given.downcast_ref::<BackrefObject>() {
                Some(object) => object.spec.clone(),
                None => BackrefSpec { key: value::text(vm, &given)?, spec: Box::default() },
            });
        }
        "uselist" => spec.uselist = Some(vm.truth(&given)?),
        "cascade" => spec.cascade = Some(cascades(vm, &given)?),
        "lazy" => spec.lazy = lazy(vm, &given)?,
        "viewonly" => spec.viewonly = Some(vm.truth(&given)?),
        "post_update" => spec.post_update = Some(vm.truth(&given)?),
        "passive_deletes" => {
            spec.passive_deletes = match given.as_str().as_deref() {
                Some("all") => PassiveDeletes::All,
                _ if vm.truth(&given)? => PassiveDeletes::Yes,
                _ => PassiveDeletes::No,
            };
        }
        "passive_updates" => spec.passive_updates = Some(vm.truth(&given)?),
        "single_parent" => spec.single_parent = vm.truth(&given)?,
        "active_history" => spec.active_history = vm.truth(&given)?,
        "sync_backref" => spec.sync_backref = Some(vm.truth(&given)?),
        "innerjoin" => {
            spec.innerjoin = matches!(given.as_str().as_deref(), Some("unnested" | "nested"))
                || vm.truth(&given)?;
        }
        "join_depth" => {
            spec.join_depth = given.as_int().and_then(|depth| u32::try_from(depth).ok());
        }
        "overlaps" => {
            let names = value::text(vm, &given)?;
            spec.overlaps = names.split(',').map(|name| Rc::from(name.trim())).collect();
        }
        "collection_class" => spec.tag = World::of(vm)?.keep_collection_class(given),
        "info"
        | "doc"
        | "comparator_factory"
        | "omit_join"
        | "enable_typechecks"
        | "cascade_backrefs"
        | "bake_queries"
        | "distinct_target_key"
        | "load_on_pending"
        | "query_class" => {}
        _ => return Ok(false),
    }
    Ok(true)
}

/// The loader strategy of `lazy=…`.
fn lazy(vm: &mut Vm, given: &Value) -> Result<Lazy, Raise> {
    let text = given.as_str();
    Ok(match (text.as_deref(), given) {
        (Some("select"), _) | (_, Value::Bool(true)) => Lazy::Select,
        (Some("joined"), _) | (_, Value::Bool(false)) => Lazy::Joined,
        (Some("selectin"), _) => Lazy::SelectIn,
        (Some("subquery"), _) => Lazy::Subquery,
        (Some("immediate"), _) => Lazy::Immediate,
        (Some("raise"), _) => Lazy::Raise,
        (Some("raise_on_sql"), _) => Lazy::RaiseOnSql,
        (Some("noload"), _) => Lazy::NoLoad,
        (Some("write_only"), _) => Lazy::WriteOnly,
        (Some("dynamic"), _) => Lazy::Dynamic,
        _ => {
            let shown = vm.repr(given)?;
            return Err(exc::argument(
                vm,
                format!("Can't find strategy (('lazy', {shown}),) for this relationship"),
            ));
        }
    })
}

/// The cascades of `cascade="all, delete-orphan"`.
fn cascades(vm: &mut Vm, given: &Value) -> Result<Cascade, Raise> {
    let names: Vec<Rc<str>> = match given.as_str() {
        Some(text) => text.split(',').map(|name| Rc::from(name.trim())).collect(),
        None => value::strings(vm, given)?,
    };
    let mut out = Cascade::default();
    let mut unknown = Vec::new();
    let mut none = false;
    for name in names.iter().filter(|name| !name.is_empty()) {
        out = out.union(match &**name {
            "all" => Cascade::ALL,
            "none" => {
                none = true;
                Cascade::default()
            }
            "save-update" => Cascade::SAVE_UPDATE,
            "delete" => Cascade::DELETE,
            "refresh-expire" => Cascade::REFRESH_EXPIRE,
            "merge" => Cascade::MERGE,
            "expunge" => Cascade::EXPUNGE,
            "delete-orphan" => Cascade::DELETE_ORPHAN,
            other => {
                unknown.push(vidro_sql::repr::string(other));
                Cascade::default()
            }
        });
    }
    if !unknown.is_empty() {
        unknown.sort();
        let list = unknown.join(", ");
        return Err(exc::argument(vm, format!("Invalid cascade option(s): {list}")));
    }
    Ok(if none { Cascade::default() } else { out })
}

/// An argument that may be given as a string, a callable, a class or expressions.
pub(super) fn deferred(vm: &mut Vm, given: &Value) -> Result<Deferred, Raise> {
    if let Some(text) = given.as_str() {
        return Ok(Deferred::Text(Rc::from(&*text)));
    }
    if let Some(mapper) = super::mapper_of(vm, given)? {
        return Ok(Deferred::Mapper(mapper));
    }
    if let Some(table) = crate::schema::as_table(given) {
        return Ok(Deferred::Table(table));
    }
    match given {
        Value::Function(_) | Value::BoundMethod(_) | Value::Native(_) | Value::Class(_) => {
            return value::from_python(vm, given).map(Deferred::Callable);
        }
        Value::List(_) | Value::Tuple(_) | Value::Set(_) => {
            let mut exprs = Vec::new();
            for item in vm.collect(given)? {
                exprs.push(expression::expect(vm, &item)?);
            }
            return Ok(Deferred::Exprs(exprs));
        }
        _ => {}
    }
    expression::expect(vm, given).map(|expr| Deferred::Exprs(vec![expr]))
}

impl RelationshipObject {
    /// A copy, for a mixin's relationship on several classes.
    pub(crate) fn copied(&self) -> RelationshipSpec {
        self.spec.borrow().clone()
    }
}

impl Object for RelationshipObject {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class("sqlalchemy.orm.relationships.Relationship")
    }
}

impl Object for BackrefObject {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class("sqlalchemy.orm.Backref")
    }
}
