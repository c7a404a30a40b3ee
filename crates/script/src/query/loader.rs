//! Loader options: `joinedload(User.posts)`, `load_only(User.name)` and what is chained to them.

use std::rc::Rc;

use vidro_orm::MapperId;
use vidro_orm::load::{Columns, LoadOption, Strategy};
use vidro_orm::mapping::Property;
use vidro_python::{Args, Class, ClassBuilder, Object, Raise, Value, Vm};

use crate::mapping::{self, AttributeObject, CompositeAttribute};
use crate::world::World;
use crate::{exc, value};

/// A chain of options: each one concerns the target of the one before.
#[derive(Clone, Debug, Default)]
struct LoadObject {
    /// The chain from the outermost.
    chain: Vec<LoadOption>,
    /// Options beside the chain, at its end.
    beside: Vec<LoadOption>,
    /// The class that `Load(User)` names.
    mapper: Option<MapperId>,
}

type Call = fn(&mut Vm, Args) -> Result<Value, Raise>;

/// Functions of `sqlalchemy.orm` that make options.
pub(crate) const FUNCTIONS: &[(&str, Call)] = &[
    ("joinedload", |vm, args| start(vm, args, "joinedload")),
    ("selectinload", |vm, args| start(vm, args, "selectinload")),
    ("subqueryload", |vm, args| start(vm, args, "subqueryload")),
    ("lazyload", |vm, args| start(vm, args, "lazyload")),
    ("immediateload", |vm, args| start(vm, args, "immediateload")),
    ("noload", |vm, args| start(vm, args, "noload")),
    ("raiseload", |vm, args| start(vm, args, "raiseload")),
    ("defaultload", |vm, args| start(vm, args, "defaultload")),
    ("contains_eager", |vm, args| start(vm, args, "contains_eager")),
    ("load_only", |vm, args| start(vm, args, "load_only")),
    ("defer", |vm, args| start(vm, args, "defer")),
    ("undefer", |vm, args| start(vm, args, "undefer")),
    ("undefer_group", |vm, args| start(vm, args, "undefer_group")),
    ("with_expression", |vm, args| start(vm, args, "with_expression")),
    ("selectin_polymorphic", |vm, mut args| {
        let base = args.positional.first().cloned().unwrap_or_default();
        let mapper = mapping::mapper_of(vm, &base)?;
        args.positional.drain(..args.positional.len().min(1));
        let object = LoadObject { mapper, ..LoadObject::default() };
        extend(vm, object, args.positional, args.keywords, "selectin_polymorphic")
    }),
];

const METHODS: &[(&str, Call)] = &[
    ("joinedload", |vm, args| chained(vm, args, "joinedload")),
    ("selectinload", |vm, args| chained(vm, args, "selectinload")),
    ("subqueryload", |vm, args| chained(vm, args, "subqueryload")),
    ("lazyload", |vm, args| chained(vm, args, "lazyload")),
    ("immediateload", |vm, args| chained(vm, args, "immediateload")),
    ("noload", |vm, args| chained(vm, args, "noload")),
    ("raiseload", |vm, args| chained(vm, args, "raiseload")),
    ("defaultload", |vm, args| chained(vm, args, "defaultload")),
    ("contains_eager", |vm, args| chained(vm, args, "contains_eager")),
    ("load_only", |vm, args| chained(vm, args, "load_only")),
    ("defer", |vm, args| chained(vm, args, "defer")),
    ("undefer", |vm, args| chained(vm, args, "undefer")),
    ("undefer_group", |vm, args| chained(vm, args, "undefer_group")),
    ("with_expression", |vm, args| chained(vm, args, "with_expression")),
    ("selectin_polymorphic", |vm, args| chained(vm, args, "selectin_polymorphic")),
    ("options", options),
];

pub(super) fn define(vm: &mut Vm) {
    ClassBuilder::new("sqlalchemy.orm.strategy_options", "Load")
        .constructor(|vm, args| {
            let given = args.at(1);
            let mapper = mapping::mapper_of(vm, &given)?;
            Ok(Value::object(LoadObject { mapper, ..LoadObject::default() }))
        })
        .methods(METHODS)
        .build(vm);
}

/// The options behind a value given to `.options(…)`.
pub(crate) fn load_options(vm: &mut Vm, given: &Value) -> Result<Vec<LoadOption>, Raise> {
    match given.downcast_ref::<LoadObject>() {
        Some(object) => Ok(object.folded()),
        None => {
            let shown = vm.repr(given)?;
            Err(exc::argument(
                vm,
                format!("ExecutableOption Core options or ORM Load options expected, got {shown}."),
            ))
        }
    }
}

impl LoadObject {
    /// The chain as options within options.
    fn folded(&self) -> Vec<LoadOption> {
        let mut inner = self.beside.clone();
        for option in self.chain.iter().rev() {
            let mut option = option.clone();
            option.children.append(&mut inner);
            inner = vec![option];
        }
        inner
    }
}

fn start(vm: &mut Vm, args: Args, name: &'static str) -> Result<Value, Raise> {
    extend(vm, LoadObject::default(), args.positional, args.keywords, name)
}

fn chained(vm: &mut Vm, mut args: Args, name: &'static str) -> Result<Value, Raise> {
    let this = args.this::<LoadObject>(vm)?;
    args.positional.remove(0);
    extend(vm, (*this).clone(), args.positional, args.keywords, name)
}

fn extend(
    vm: &mut Vm,
    mut object: LoadObject,
    given: Vec<Value>,
    keywords: Vec<(vidro_python::Str, Value)>,
    name: &str,
) -> Result<Value, Raise> {
    mapping::configure(vm)?;
    let keyword = |wanted: &str| keywords.iter().find(|(known, _)| &**known == wanted);
    if matches!(name, "load_only" | "defer" | "undefer" | "undefer_group") {
        let raises = value::flag(vm, keyword("raiseload").map(|(_, given)| given.clone()))?;
        let option = column_option(vm, &object, &given, name, raises)?;
        object.beside.push(option);
        return Ok(Value::object(object));
    }
    if name == "selectin_polymorphic" {
        let classes = given.first().cloned().unwrap_or_default();
        let strategy = Strategy::SelectInPolymorphic(mapping::mappers(vm, &classes)?);
        let mapper = object.mapper;
        object.beside.push(LoadOption { mapper, strategy, ..LoadOption::default() });
        return Ok(Value::object(object));
    }
    if name == "with_expression" {
        let option = expression_option(vm, &given)?;
        object.beside.push(option);
        return Ok(Value::object(object));
    }
    let sql_only = match keyword("sql_only") {
        Some((_, given)) => vm.truth(given)?,
        None => false,
    };
    let innerjoin = match keyword("innerjoin") {
        Some((_, given)) => Some(vm.truth(given)?),
        None => None,
    };
    let strategy = match name {
        "joinedload" => Strategy::Joined,
        "selectinload" => Strategy::SelectIn,
        "subqueryload" => Strategy::Subquery,
        "lazyload" => Strategy::Select,
        "immediateload" => Strategy::Immediate,
        "noload" => Strategy::NoLoad,
        "raiseload" if sql_only => Strategy::RaiseOnSql,
        "raiseload" => Strategy::Raise,
        "contains_eager" => Strategy::ContainsEager,
        _ => Strategy::Default,
    };
    for one in given {
        if one.as_str().as_deref() == Some("*") {
            let mapper = object.mapper;
            object.beside.push(LoadOption {
                strategy: strategy.clone(),
                mapper,
                ..LoadOption::default()
            });
            continue;
        }
        let option = relationship_option(vm, &one, strategy.clone(), innerjoin)?;
        object.chain.push(option);
    }
    if let Some((_, alias)) = keyword("alias")
        && let Some(entity) = mapping::entity_of(vm, &alias.clone())?
        && let Some(last) = object.chain.last_mut()
    {
        last.entity = Some(entity);
    }
    Ok(Value::object(object))
}

fn relationship_option(
    vm: &mut Vm,
    given: &Value,
    strategy: Strategy,
    innerjoin: Option<bool>,
) -> Result<LoadOption, Raise> {
    let attribute = given.downcast::<AttributeObject>();
    let relationship = match &attribute {
        Some(attribute) => attribute.relationship(vm)?,
        None => None,
    };
    let (Some(attribute), Some(relationship)) = (attribute, relationship) else {
        if given.as_str().is_some() {
            let message = "Strings are not accepted for attribute names in loader options; please \
                           use class-bound attributes directly.";
            return Err(exc::argument(vm, message));
        }
        let shown = vm.str(given)?;
        let message =
            format!("expected ORM mapped attribute for loader strategy argument, got {shown}");
        return Err(exc::argument(vm, message));
    };
    Ok(LoadOption {
        relationship: Some(relationship),
        mapper: Some(attribute.mapper),
        strategy,
        entity: attribute.of_type,
        innerjoin,
        criteria: attribute.criteria.clone(),
        ..LoadOption::default()
    })
}

fn column_option(
    vm: &mut Vm,
    object: &LoadObject,
    given: &[Value],
    name: &str,
    raises: bool,
) -> Result<LoadOption, Raise> {
    let mut mapper = object.mapper;
    let mut columns = Columns { raises, ..Columns::default() };
    let indexes = &mut columns.named;
    for one in given {
        if name == "undefer_group" {
            let group = value::text(vm, one)?;
            let owner = mapper.or_else(|| object.chain.last().and_then(|option| option.mapper));
            indexes.extend(of_group(vm, owner, &group)?);
            continue;
        }
        if one.as_str().as_deref() == Some("*") {
            columns.all = true;
            continue;
        }
        for attribute in attributes_of(vm, one)? {
            mapper = Some(attribute.mapper);
            let world = World::of(vm)?;
            let property =
                world.look(|orm| orm.mapping.mapper(attribute.mapper).property(&attribute.key));
            if let Some(Some(Property::Column(index))) = property {
                indexes.push(index);
            }
        }
    }
    let strategy = match name {
        "load_only" => Strategy::LoadOnly(columns),
        "defer" => Strategy::Defer(columns),
        _ => Strategy::Undefer(columns),
    };
    Ok(LoadOption { mapper, strategy, ..LoadOption::default() })
}

/// The attribute that an option names, or those of a composite.
fn attributes_of(vm: &mut Vm, given: &Value) -> Result<Vec<AttributeObject>, Raise> {
    if let Some(composite) = given.downcast_ref::<CompositeAttribute>() {
        return Ok(composite.attributes().collect());
    }
    match given.downcast_ref::<AttributeObject>() {
        Some(attribute) => Ok(vec![attribute.clone()]),
        None => {
            let shown = vm.repr(given)?;
            Err(exc::argument(vm, format!("mapped attribute expected, got {shown}")))
        }
    }
}

/// `with_expression(User.count, expression)`
fn expression_option(vm: &mut Vm, given: &[Value]) -> Result<LoadOption, Raise> {
    let (Some(key), Some(expr)) = (given.first(), given.get(1)) else {
        return Err(
            vm.type_error("with_expression() missing required arguments: 'key' and 'expression'")
        );
    };
    let Some(attribute) = key.downcast::<AttributeObject>() else {
        let shown = vm.repr(key)?;
        return Err(exc::argument(vm, format!("mapped attribute expected, got {shown}")));
    };
    let expr = crate::expression::expect(vm, expr)?;
    let world = World::of(vm)?;
    let index =
        world.look(|orm| match orm.mapping.mapper(attribute.mapper).property(&attribute.key) {
            Some(Property::Column(index)) => Some(index),
            _ => None,
        });
    let strategy = match index.flatten() {
        Some(index) => Strategy::Expression(index, expr),
        None => Strategy::Default,
    };
    Ok(LoadOption { mapper: Some(attribute.mapper), strategy, ..LoadOption::default() })
}

/// Deferred attributes of a group.
fn of_group(vm: &mut Vm, mapper: Option<MapperId>, group: &str) -> Result<Vec<u16>, Raise> {
    let world = World::of(vm)?;
    let found = world.look(|orm| {
        let owners = orm.mapping.mappers().iter().filter(|m| mapper.is_none_or(|id| id == m.id));
        let of = |owner: &Rc<vidro_orm::Mapper>| {
            let all = owner.columns.iter().zip(0_u16..);
            let of_group =
                all.filter(|(column, _)| column.deferred_group.as_deref() == Some(group));
            of_group.map(|(_, index)| index).collect::<Vec<_>>()
        };
        owners.flat_map(of).collect::<Vec<_>>()
    });
    Ok(found.unwrap_or_default())
}

/// `joinedload(User.posts).options(…)`
fn options(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = args.this::<LoadObject>(vm)?;
    let mut object = (*this).clone();
    for given in args.positional.iter().skip(1) {
        object.beside.extend(load_options(vm, given)?);
    }
    Ok(Value::object(object))
}

impl Object for LoadObject {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class("sqlalchemy.orm.strategy_options.Load")
    }
}
