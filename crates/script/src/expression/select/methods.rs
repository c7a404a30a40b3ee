//! The generative methods of a SELECT.

use std::rc::Rc;

use vidro_orm::load::{EntityId, Item, join_relationship};
use vidro_python::{Args, Raise, Str, Value, Vm};
use vidro_sql::expr::{Expr, Kind, Op, Operand};
use vidro_sql::from::FromClause;
use vidro_sql::name::Name;
use vidro_sql::select::{
    Affix, Fetch, ForUpdate, Hint, JoinStep, LabelStyle, OrderItem, Query, Select, SetOperation,
};

use super::{Body, Call, SelectObject, as_query, core, items_of};
use crate::expression::{
    self, ExprObject, conditions, expect, from_clause, from_object, object, operand,
    try_from_clause,
};
use crate::mapping::{self, AttributeObject};
use crate::world::{with_orm, with_sql};
use crate::{exc, query, value};

/// Methods of every query.
pub(super) const COMMON: &[(&str, Call)] = &[
    ("subquery", subquery),
    ("alias", subquery),
    ("cte", cte),
    ("lateral", lateral),
    ("scalar_subquery", scalar_subquery),
    ("as_scalar", scalar_subquery),
    ("label", label),
    ("exists", |vm, args| {
        let query = this(vm, &args)?.query(vm)?;
        Ok(object(vm, query.exists()))
    }),
    ("order_by", order_by),
    ("limit", |vm, args| limit(vm, args, false)),
    ("offset", |vm, args| limit(vm, args, true)),
    ("fetch", fetch),
    ("group_by", group_by),
    ("with_for_update", with_for_update),
    ("execution_options", execution_options),
    ("options", options),
    ("set_label_style", set_label_style),
    ("add_cte", add_cte),
    ("select", |vm, args| {
        let query = this(vm, &args)?.query(vm)?;
        Ok(core(Query::Select(Select::of(&query.subquery(None)))))
    }),
    ("in_", |vm, args| {
        let query = this(vm, &args)?.query(vm)?;
        let expr = object(vm, query.scalar_subquery());
        vm.call_method(&expr, "in_", [args.at(1)])
    }),
];

/// Methods of `select(…)` alone.
pub(super) const SELECT: &[(&str, Call)] = &[
    ("where", where_),
    ("filter", where_),
    ("filter_by", filter_by),
    ("having", having),
    ("join", |vm, args| join_method(vm, args, false)),
    ("outerjoin", |vm, args| join_method(vm, args, true)),
    ("join_from", |vm, args| join_from(vm, args, false)),
    ("outerjoin_from", |vm, args| join_from(vm, args, true)),
    ("select_from", select_from),
    ("distinct", distinct),
    ("add_columns", add_columns),
    ("column", add_columns),
    ("with_only_columns", with_only_columns),
    ("correlate", |vm, args| correlate(vm, args, false)),
    ("correlate_except", |vm, args| correlate(vm, args, true)),
    ("prefix_with", |vm, args| affix(vm, args, true)),
    ("suffix_with", |vm, args| affix(vm, args, false)),
    ("with_hint", with_hint),
    ("with_statement_hint", with_statement_hint),
    ("from_statement", from_statement),
    ("get_final_froms", |vm, args| {
        let query = this(vm, &args)?.query(vm)?;
        super::froms(vm, &query)
    }),
    ("union", |vm, args| super::compound(vm, &args, SetOperation::Union)),
    ("union_all", |vm, args| super::compound(vm, &args, SetOperation::UnionAll)),
    ("except_", |vm, args| super::compound(vm, &args, SetOperation::Except)),
    ("except_all", |vm, args| super::compound(vm, &args, SetOperation::ExceptAll)),
    ("intersect", |vm, args| super::compound(vm, &args, SetOperation::Intersect)),
    ("intersect_all", |vm, args| super::compound(vm, &args, SetOperation::IntersectAll)),
    ("reduce_columns", |_, args| Ok(args.at(0))),
    ("slice", slice),
];

fn this(vm: &mut Vm, args: &Args) -> Result<Rc<SelectObject>, Raise> {
    args.this::<SelectObject>(vm)
}

fn rest(args: &Args) -> &[Value] {
    args.positional.get(1..).unwrap_or_default()
}

fn made(object: SelectObject) -> Result<Value, Raise> {
    Ok(Value::object(object))
}

/// A clause method on a query that stands as a value.
pub(super) fn on_value(vm: &mut Vm, mut args: Args, name: &str) -> Result<Value, Raise> {
    let this = args.at(0);
    let (inner, exists) = match this.downcast_ref::<ExprObject>().map(|object| object.expr.kind()) {
        Some(Kind::Unary(Op::Exists, inner)) => (object(vm, inner.clone()), true),
        _ => (this.clone(), false),
    };
    let Some(query) = as_query(vm, &inner)? else { return Ok(this) };
    let inner = core(query);
    args.positional.remove(0);
    let method = vm.get_attribute(&inner, name)?;
    let changed = vm.call(&method, args)?;
    let Some(query) = as_query(vm, &changed)? else { return Ok(this) };
    let expr = if exists { query.exists() } else { query.scalar_subquery() };
    Ok(object(vm, expr))
}

fn where_(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = this(vm, &args)?;
    let all = conditions(vm, rest(&args))?;
    made(this.altered(|select| select.altered(|data| data.where_.extend(all))))
}

fn having(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = this(vm, &args)?;
    let all = conditions(vm, rest(&args))?;
    made(this.altered(|select| select.altered(|data| data.having.extend(all))))
}

/// The attribute or column that `filter_by(name=…)` means: of what was joined last, else of the first.
fn filter_target(vm: &mut Vm, this: &SelectObject, name: &str) -> Result<Expr, Raise> {
    if let Some(entity) = this.filter_entity() {
        let attribute = with_orm(vm, |orm, _| {
            let mapper = orm.mapping.mapper(orm.entity_mapper(entity));
            Ok((mapper.id, mapper.property(name).is_some(), mapper.describe()))
        })?;
        let (mapper, known, shown) = attribute;
        if !known {
            return Err(no_property(vm, name, &shown));
        }
        let attribute = AttributeObject { entity, ..AttributeObject::of_class(mapper, name) };
        return attribute.expect_expr(vm);
    }
    let from = match &this.body {
        Body::Select(select) => match select.joins.last() {
            Some(step) => Some(step.right.clone()),
            None => this.query(vm)?.froms().into_iter().next(),
        },
        _ => None,
    };
    let Some(from) = from else {
        return Err(exc::invalid_request(vm, "filter_by() needs a FROM clause"));
    };
    match from.c(name) {
        Ok(expr) => Ok(expr),
        Err(_) => {
            let shown = from.plain_name().unwrap_or_else(|| "anon".into());
            Err(no_property(vm, name, &shown))
        }
    }
}

fn no_property(vm: &mut Vm, name: &str, searched: &str) -> Raise {
    let message = format!(
        "None of the FROM clause entities have a property \"{name}\". Searched entities: {searched}"
    );
    exc::invalid_request(vm, message)
}

fn filter_by(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = this(vm, &args)?;
    let mut all = Vec::new();
    for (name, given) in &args.keywords {
        all.push(filter_one(vm, &this, name, given)?);
    }
    made(this.altered(|select| select.altered(|data| data.where_.extend(all))))
}

/// One `name=value` of `filter_by`.
fn filter_one(vm: &mut Vm, this: &SelectObject, name: &str, given: &Value) -> Result<Expr, Raise> {
    if let Some(entity) = this.filter_entity() {
        let mapper = with_orm(vm, |orm, _| Ok(orm.entity_mapper(entity)))?;
        let attribute = AttributeObject { entity, ..AttributeObject::of_class(mapper, name) };
        if let Some(composite) = mapping::composite_of(vm, entity, name)? {
            return composite.compared(vm, vidro_python::Compare::Equal, given);
        }
        if attribute.relationship(vm)?.is_some() {
            let attribute = Value::object(attribute);
            let made = vm.compare(vidro_python::Compare::Equal, &attribute, given)?;
            return expression::condition(vm, &made);
        }
    }
    let column = filter_target(vm, this, name)?;
    let given = operand(vm, given)?;
    with_sql(vm, || column.eq(given))
}

/// What ORDER BY is given.
pub(crate) const ORDER_BY: &str = "ORDER BY expression";

/// Items of ORDER BY and GROUP BY.
pub(crate) fn order_items(
    vm: &mut Vm,
    role: &str,
    given: &[Value],
) -> Result<Vec<OrderItem>, Raise> {
    let mut out = Vec::new();
    for one in given {
        match one {
            Value::List(_) | Value::Tuple(_) => {
                let inner = vm.collect(one)?;
                out.extend(order_items(vm, role, &inner)?);
            }
            _ => out.push(match one.as_str() {
                Some(name) => OrderItem::Name(Rc::from(&*name)),
                None => match mapping::mapper_of(vm, one)? {
                    Some(_) => {
                        let from = from_clause(vm, one)?;
                        OrderItem::Expr(Expr::clause_list(
                            from.columns().into_iter().map(|(_, expr)| expr).collect(),
                        ))
                    }
                    None => OrderItem::Expr(expression::expect_as(vm, role, one)?),
                },
            }),
        }
    }
    Ok(out)
}

/// Whether the one argument takes back what was there: `order_by(None)`.
fn clears(args: &Args) -> bool {
    matches!(rest(args), [Value::None | Value::Bool(false)])
}

fn order_by(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = this(vm, &args)?;
    let clear = clears(&args);
    let items = if clear { Vec::new() } else { order_items(vm, ORDER_BY, rest(&args))? };
    let mut copy = (*this).clone();
    copy.body = match copy.body {
        Body::Select(mut select) => {
            if clear {
                select = select.altered(|data| data.order_by.clear());
            }
            Body::Select(items.into_iter().fold(select, |select, item| select.order_by(item)))
        }
        Body::Compound(mut compound) => {
            if clear {
                compound = compound.altered(|data| data.order_by.clear());
            }
            Body::Compound(
                items.into_iter().fold(compound, |compound, item| compound.order_by(item)),
            )
        }
        other => other,
    };
    made(copy)
}

fn group_by(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = this(vm, &args)?;
    if clears(&args) {
        return made(this.altered(|select| select.altered(|data| data.group_by.clear())));
    }
    let items = order_items(vm, "GROUP BY expression", rest(&args))?;
    made(
        this.altered(|select| items.into_iter().fold(select, |select, item| select.group_by(item))),
    )
}

fn limit(vm: &mut Vm, args: Args, offset: bool) -> Result<Value, Raise> {
    if args.positional.len() > 2 {
        let (name, given) = (if offset { "offset" } else { "limit" }, args.positional.len());
        return Err(vm.type_error(format!(
            "GenerativeSelect.{name}() takes 2 positional arguments but {given} were given"
        )));
    }
    let this = this(vm, &args)?;
    let given = operand(vm, &args.at(1))?;
    let mut copy = (*this).clone();
    copy.body = match copy.body {
        Body::Select(select) => {
            let changed =
                with_sql(vm, || if offset { select.offset(given) } else { select.limit(given) });
            Body::Select(changed?)
        }
        Body::Compound(compound) => {
            let plain = with_sql(vm, || {
                let select = Select::new([]);
                if offset { select.offset(given) } else { select.limit(given) }
            })?;
            Body::Compound(compound.altered(|data| {
                if offset {
                    data.offset.clone_from(&plain.offset);
                } else {
                    data.limit.clone_from(&plain.limit);
                }
            }))
        }
        other => other,
    };
    made(copy)
}

/// `slice(start, stop)`
fn slice(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = args.at(0);
    let start = args.at(1).as_int().unwrap_or(0);
    let mut out = match args.at(2).as_int() {
        Some(stop) => vm.call_method(&this, "limit", [Value::Int(stop - start)])?,
        None => this,
    };
    if start != 0 {
        out = vm.call_method(&out, "offset", [Value::Int(start)])?;
    }
    Ok(out)
}

fn fetch(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [this, count, with_ties, percent] = args
        .bind(vm, "fetch(self, count, with_ties=, percent=, **kw)")
        .map(|[a, b, c, d, _]: [Option<Value>; 5]| [a, b, c, d])?;
    let this = this.unwrap_or_default();
    let Some(this) = this.downcast::<SelectObject>() else { return Ok(this) };
    let count = match operand(vm, &count.unwrap_or_default())? {
        Operand::Expr(expr) => expr,
        Operand::Value(given) => Expr::literal_typed(given, vidro_sql::types::Type::integer()),
    };
    let fetch =
        Fetch { count, with_ties: value::flag(vm, with_ties)?, percent: value::flag(vm, percent)? };
    made(this.altered(|select| select.altered(|data| data.fetch = Some(fetch))))
}

fn with_for_update(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [this, nowait, read, of, skip_locked, key_share] =
        args.bind(vm, "with_for_update(self, *, nowait=, read=, of=, skip_locked=, key_share=)")?;
    let this = this.unwrap_or_default();
    let Some(this) = this.downcast::<SelectObject>() else { return Ok(this) };
    let mut lock = ForUpdate {
        nowait: value::flag(vm, nowait)?,
        read: value::flag(vm, read)?,
        skip_locked: value::flag(vm, skip_locked)?,
        key_share: value::flag(vm, key_share)?,
        ..ForUpdate::default()
    };
    if let Some(of) = of.filter(|given| !given.is_none()) {
        let all = match &of {
            Value::List(_) | Value::Tuple(_) => vm.collect(&of)?,
            _ => vec![of],
        };
        for one in &all {
            match try_from_clause(vm, one)? {
                Some(from) => lock.of_tables.push(from),
                None => lock.of.push(expect(vm, one)?),
            }
        }
    }
    made(this.altered(|select| select.with_for_update(lock)))
}

fn execution_options(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let mut copy = (*this(vm, &args)?).clone();
    copy.options.extend(args.keywords);
    made(copy)
}

fn options(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let mut copy = (*this(vm, &args)?).clone();
    for given in rest(&args) {
        copy.loaders.extend(query::load_options(vm, given)?);
    }
    made(copy)
}

fn set_label_style(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = this(vm, &args)?;
    let shown = vm.repr(&args.at(1))?;
    let style = if shown.contains("TABLENAME_PLUS_COL") {
        LabelStyle::TablenamePlusCol
    } else if shown.contains("LABEL_STYLE_NONE") {
        LabelStyle::None
    } else {
        LabelStyle::DisambiguateOnly
    };
    made(this.altered(|select| select.label_style(style)))
}

fn add_cte(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    let nest = value::flag(vm, args.take_keyword("nest_here"))?;
    let this = this(vm, &args)?;
    let mut all = Vec::new();
    for given in rest(&args) {
        all.push((from_clause(vm, given)?, nest));
    }
    made(this.altered(|select| select.altered(|data| data.ctes.extend(all))))
}

fn named(args: &mut Args) -> Option<Name> {
    let given = args.take_keyword("name").or_else(|| args.get(1).cloned());
    given.as_ref().and_then(expression::name)
}

fn subquery(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    let name = named(&mut args);
    let query = this(vm, &args)?.query(vm)?;
    from_object(vm, query.subquery(name))
}

fn lateral(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    let name = named(&mut args);
    let query = this(vm, &args)?.query(vm)?;
    from_object(vm, query.lateral(name))
}

fn cte(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    let recursive = args.take_keyword("recursive").or_else(|| args.get(2).cloned());
    let recursive = value::flag(vm, recursive)?;
    let nesting = value::flag(vm, args.take_keyword("nesting"))?;
    let name = named(&mut args);
    let query = this(vm, &args)?.query(vm)?;
    from_object(vm, query.cte(name, recursive, nesting))
}

fn scalar_subquery(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let query = this(vm, &args)?.query(vm)?;
    Ok(object(vm, query.scalar_subquery()))
}

fn label(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let query = this(vm, &args)?.query(vm)?;
    let expr = query.scalar_subquery();
    let made = match args.at(1).as_str() {
        Some(name) => expr.label(&*name),
        None => expr.label_anon(),
    };
    Ok(object(vm, made))
}

fn select_from(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = this(vm, &args)?;
    let mut all = Vec::new();
    for given in rest(&args) {
        all.push(from_clause(vm, given)?);
    }
    made(this.altered(|select| all.into_iter().fold(select, Select::select_from)))
}

fn distinct(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = this(vm, &args)?;
    let mut on = Vec::new();
    for given in rest(&args) {
        on.push(expect(vm, given)?);
    }
    made(this.altered(|select| {
        select.altered(|data| {
            data.distinct = true;
            data.distinct_on.extend(on);
        })
    }))
}

fn add_columns(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let mut copy = (*this(vm, &args)?).clone();
    for given in rest(&args) {
        copy.items.extend(items_of(vm, given)?);
        copy.raw.push(given.clone());
    }
    made(copy)
}

fn with_only_columns(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    let keep = value::flag(vm, args.take_keyword("maintain_column_froms"))?;
    let mut copy = (*this(vm, &args)?).clone();
    if keep {
        let froms = copy.query(vm)?.froms();
        copy = copy.altered(|select| {
            if select.from.is_empty() {
                froms.into_iter().fold(select, Select::select_from)
            } else {
                select
            }
        });
    }
    copy.items.clear();
    copy.raw.clear();
    for given in rest(&args) {
        copy.items.extend(items_of(vm, given)?);
        copy.raw.push(given.clone());
    }
    made(copy)
}

fn correlate(vm: &mut Vm, args: Args, except: bool) -> Result<Value, Raise> {
    let this = this(vm, &args)?;
    let mut all = Vec::new();
    for given in rest(&args).iter().filter(|given| !given.is_none()) {
        all.push(from_clause(vm, given)?);
    }
    made(this.altered(
        |select| {
            if except { select.correlate_except(all) } else { select.correlate(all) }
        },
    ))
}

fn affix(vm: &mut Vm, mut args: Args, prefix: bool) -> Result<Value, Raise> {
    let dialect = value::optional_text(vm, args.take_keyword("dialect"))?;
    let this = this(vm, &args)?;
    let mut all = Vec::new();
    for given in rest(&args) {
        let text = match given.as_str() {
            Some(text) => Expr::text(&text),
            None => expect(vm, given)?,
        };
        all.push(Affix { text, dialect: dialect.clone() });
    }
    made(this.altered(|select| {
        select.altered(
            |data| {
                if prefix { data.prefixes.extend(all) } else { data.suffixes.extend(all) }
            },
        )
    }))
}

fn with_hint(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [this, selectable, text, dialect] =
        args.bind(vm, "with_hint(self, selectable, text, dialect_name=)")?;
    let this = this.unwrap_or_default();
    let from = from_clause(vm, &selectable.unwrap_or_default())?;
    hint(vm, this, Some(from), text, dialect)
}

fn with_statement_hint(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [this, text, dialect] = args.bind(vm, "with_statement_hint(self, text, dialect_name=)")?;
    hint(vm, this.unwrap_or_default(), None, text, dialect)
}

fn hint(
    vm: &mut Vm,
    this: Value,
    from: Option<FromClause>,
    text: Option<Value>,
    dialect: Option<Value>,
) -> Result<Value, Raise> {
    let text = value::text(vm, &text.unwrap_or_default())?;
    let dialect = value::optional_text(vm, dialect)?.unwrap_or_else(|| "*".into());
    let Some(object) = this.downcast::<SelectObject>() else { return Ok(this) };
    let hint = Hint { from, text, dialect };
    made(object.altered(|select| select.altered(|data| data.hints.push(hint))))
}

fn from_statement(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let mut copy = (*this(vm, &args)?).clone();
    let given = args.at(1);
    copy.statement = expression::statement_of(vm, &given)?;
    made(copy)
}

fn join_method(vm: &mut Vm, mut args: Args, outer: bool) -> Result<Value, Raise> {
    let this = this(vm, &args)?;
    let outer = outer || value::flag(vm, args.take_keyword("isouter"))?;
    let full = value::flag(vm, args.take_keyword("full"))?;
    let on = args.take_keyword("onclause").or_else(|| args.get(2).cloned());
    let target = args.take_keyword("target").unwrap_or_else(|| args.at(1));
    join(vm, &this, None, &target, on.as_ref(), outer, full).map(Value::object)
}

fn join_from(vm: &mut Vm, mut args: Args, outer: bool) -> Result<Value, Raise> {
    let this = this(vm, &args)?;
    let outer = outer || value::flag(vm, args.take_keyword("isouter"))?;
    let full = value::flag(vm, args.take_keyword("full"))?;
    let on = args.take_keyword("onclause").or_else(|| args.get(3).cloned());
    let left = args.at(1);
    join(vm, &this, Some(&left), &args.at(2), on.as_ref(), outer, full).map(Value::object)
}

/// What a join leads to.
const JOIN_TARGET: &str = "Join target, typically a FROM expression, or ORM relationship attribute";

/// `.join(target, onclause)`: along a relationship, to an entity, to a FROM object.
pub(crate) fn join(
    vm: &mut Vm,
    this: &SelectObject,
    left: Option<&Value>,
    target: &Value,
    on: Option<&Value>,
    outer: bool,
    full: bool,
) -> Result<SelectObject, Raise> {
    mapping::configure(vm)?;
    let on = on.filter(|given| !given.is_none());
    let along = target.downcast::<AttributeObject>();
    let along_on = on.and_then(|given| given.downcast::<AttributeObject>());
    let (attribute, entity) = match (along, along_on) {
        (Some(attribute), _) => (Some(attribute), None),
        (None, Some(attribute)) => (Some(attribute), mapping::entity_of(vm, target)?),
        (None, None) => (None, None),
    };
    if let Some(attribute) = attribute
        && let Some(relationship) = attribute.relationship(vm)?
    {
        let target = entity.or(attribute.of_type);
        let owner = attribute.entity;
        let criteria = attribute.criteria.clone();
        let steps = with_orm(vm, |orm, _| {
            let relationship = orm.mapping.relationship(relationship);
            join_relationship(orm, owner, &relationship, target, outer, &criteria)
        })?;
        let joined = with_orm(vm, |orm, _| {
            Ok(target.unwrap_or(EntityId::of(orm.mapping.relationship(relationship).target)))
        })?;
        let mut copy = this.altered(|select| {
            steps.into_iter().fold(select, |select, mut step| {
                step.full = full;
                select.join_step(step)
            })
        });
        copy.joined(joined);
        return Ok(copy);
    }
    let left = match left {
        Some(left) => Some(from_clause(vm, left)?),
        None => None,
    };
    let right = match try_from_clause(vm, target)? {
        Some(right) => right,
        None => return Err(expression::expected(vm, JOIN_TARGET, target)?),
    };
    let on = match on {
        Some(on) => Some(expression::on_clause(vm, on)?),
        None => None,
    };
    let entity = mapping::entity_of(vm, target)?;
    let called = match entity {
        None => None,
        Some(entity) => Some(with_orm(vm, |orm, _| {
            let mapper = orm.mapping.mapper(orm.entity_mapper(entity));
            Ok(format!("<Mapper at 0x{:x}; {}>", mapper.id.get(), mapper.class_name).into())
        })?),
    };
    let step = JoinStep { left, right, on, outer, full, called };
    let mut copy = this.altered(|select| select.join_step(step));
    if let Some(entity) = entity {
        copy.joined(entity);
    }
    Ok(copy)
}

/// The option under which the entity joined last is kept, for `filter_by`.
const LAST_JOINED: &str = "__last_joined";

impl SelectObject {
    fn joined(&mut self, entity: EntityId) {
        self.options.retain(|(name, _)| &**name != LAST_JOINED);
        self.options.push((Str::from(LAST_JOINED), Value::Int(i64::from(entity.0))));
    }

    /// The entity `filter_by` speaks of: the one joined last, else the first selected.
    pub(crate) fn filter_entity(&self) -> Option<EntityId> {
        let last = self.options.iter().find(|(name, _)| &**name == LAST_JOINED);
        let last = last.and_then(|(_, given)| given.as_int());
        if let Some(number) = last.and_then(|number| u32::try_from(number).ok()) {
            return Some(EntityId(number));
        }
        if let Body::Select(select) = &self.body
            && !select.joins.is_empty()
        {
            return None;
        }
        self.items.iter().find_map(|item| match item {
            Item::Entity(entity) => Some(*entity),
            Item::Column(expr) => expr.note().map(|note| EntityId(note.owner.0)),
        })
    }
}
