//! `select(…)`, `union(…)`, `text(…).columns(…)` and what is made of them.

mod methods;

use std::rc::Rc;

use vidro_orm::load::{EntityId, Item, LoadOption, OrmSelect, lower};
use vidro_python::{Args, Class, ClassBuilder, Object, Raise, Str, Value, Vm};
use vidro_sql::expr::{Expr, Kind};
use vidro_sql::from::FromClause;
use vidro_sql::select::{CompoundSelect, Query, Select, SetOperation, TextualSelect};
use vidro_sql::statement::Statement;

use super::{ExprObject, collection, expect, from_object, object};
use crate::mapping::{
    self, AliasObject, AttributeObject, BundleObject, Bundled, CompositeAttribute,
};
use crate::world::{with_orm, with_sql};
use crate::{exc, value};

const SELECTABLE: &str = "sqlalchemy.sql.selectable";

/// A SELECT as Python sees it.
#[derive(Clone, Debug)]
pub(crate) struct SelectObject {
    /// What each row yields, for `select(…)`.
    pub(crate) items: Vec<Item>,
    /// The arguments as given, for descriptions.
    pub(crate) raw: Vec<Value>,
    /// What it is.
    pub(crate) body: Body,
    /// Items that rows show as one value.
    pub(crate) bundles: Vec<Bundled>,
    /// Loader options.
    pub(crate) loaders: Vec<LoadOption>,
    /// Execution options.
    pub(crate) options: Vec<(Str, Value)>,
    /// `select(User).from_statement(text)`
    pub(crate) statement: Option<Statement>,
    /// Entities of a set operation that stand for their classes in whatever comes after it.
    pub(crate) stand_ins: Vec<EntityId>,
}

/// The kinds of queries.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    /// `select(…)`; its columns are in the items.
    Select(Select),
    /// `union(…)` and its kin.
    Compound(CompoundSelect),
    /// `text(…).columns(…)`
    Text(TextualSelect),
    /// `values(…)` as a query.
    Values(FromClause),
}

type Call = fn(&mut Vm, Args) -> Result<Value, Raise>;

/// Methods of a query in a value's place: `scalar_subquery()`, `exists()`.
pub(super) const VALUE_METHODS: &[(&str, Call)] = &[
    ("where", |vm, args| methods::on_value(vm, args, "where")),
    ("filter", |vm, args| methods::on_value(vm, args, "where")),
    ("correlate", |vm, args| methods::on_value(vm, args, "correlate")),
    ("correlate_except", |vm, args| methods::on_value(vm, args, "correlate_except")),
    ("select_from", |vm, args| methods::on_value(vm, args, "select_from")),
    ("select", select_of_expr),
];

pub(super) fn define(vm: &mut Vm) {
    let root = vm.named_class("sqlalchemy.sql.elements.ClauseElement");
    let base =
        ClassBuilder::new(SELECTABLE, "SelectBase").base(&root).methods(methods::COMMON).build(vm);
    ClassBuilder::new(SELECTABLE, "Select").base(&base).methods(methods::SELECT).build(vm);
    for name in ["CompoundSelect", "TextualSelect"] {
        ClassBuilder::new(SELECTABLE, name).base(&base).build(vm);
    }
}

/// A plain query as a Python object.
pub(crate) fn core(query: Query) -> Value {
    let (items, body) = match query {
        Query::Select(select) => {
            (select.columns.iter().cloned().map(Item::Column).collect(), Body::Select(select))
        }
        Query::Compound(compound) => (Vec::new(), Body::Compound(compound)),
        Query::Text(text) => (Vec::new(), Body::Text(text)),
        Query::Values(from) => (Vec::new(), Body::Values(from)),
    };
    Value::object(SelectObject {
        items,
        raw: Vec::new(),
        body,
        bundles: Vec::new(),
        loaders: Vec::new(),
        options: Vec::new(),
        statement: None,
        stand_ins: Vec::new(),
    })
}

/// `select(*entities)`
pub(crate) fn select(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    if !args.keywords.is_empty() {
        return Err(exc::argument(
            vm,
            "Additional keyword arguments are not accepted by this function/method.  The presence \
             of **kw is for pep-484 typing purposes",
        ));
    }
    SelectObject::new(vm, &args.positional).map(Value::object)
}

/// `union(*selects)` and its kin.
pub(crate) fn compound(vm: &mut Vm, args: &Args, keyword: SetOperation) -> Result<Value, Raise> {
    let mut queries = Vec::new();
    for given in &args.positional {
        match as_query(vm, given)? {
            Some(query) => queries.push(query),
            None => {
                let shown = vm.repr(given)?;
                return Err(exc::argument(
                    vm,
                    format!(
                        "SELECT construct for inclusion in a UNION or other set construct expected, got {shown}."
                    ),
                ));
            }
        }
    }
    let made = with_sql(vm, || CompoundSelect::new(keyword, queries))?;
    Ok(core(Query::Compound(made)))
}

/// `exists(…)`, of a query, a column or nothing.
pub(crate) fn exists(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let query = match args.get(0) {
        None => {
            Query::Select(Select::new([Expr::literal_column("*", vidro_sql::types::Type::null())]))
        }
        Some(given) => match as_query(vm, given)? {
            Some(query) => query,
            None => SelectObject::new(vm, &args.positional)?.query(vm)?,
        },
    };
    Ok(object(vm, query.exists()))
}

/// The query behind a Python value, if it is one.
pub(crate) fn as_query(vm: &mut Vm, given: &Value) -> Result<Option<Query>, Raise> {
    if let Some(object) = given.downcast::<SelectObject>() {
        return object.query(vm).map(Some);
    }
    if let Some(object) = given.downcast_ref::<ExprObject>() {
        return Ok(match object.expr.kind() {
            Kind::Scalar(query) | Kind::Subselect(query) => Some(query.clone()),
            _ => None,
        });
    }
    if let Some(object) = given.downcast_ref::<super::FromObject>() {
        return Ok(match &object.from {
            from @ FromClause::Values(_) => Some(Query::Values(from.clone())),
            FromClause::Alias(alias) => match &alias.element {
                vidro_sql::from::Element::Query(_) => Some(Query::Select(Select::of(&object.from))),
                _ => None,
            },
            _ => None,
        });
    }
    match given {
        // A `Query` of the ORM gives its SELECT.
        Value::Object(_) => match vm.try_attribute(given, "__query_element__")? {
            Some(method) => {
                let element = vm.call(&method, Args::none())?;
                as_query(vm, &element)
            }
            None => Ok(None),
        },
        _ => Ok(None),
    }
}

/// `function.select()`, `expr.select()`
pub(super) fn select_of_expr(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = args.at(0);
    SelectObject::new(vm, &[this]).map(Value::object)
}

/// `text(…).columns(*columns, **types)`
pub(super) fn text_columns(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = expect(vm, &args.at(0))?;
    let Kind::Text(text) = this.kind() else { return Ok(args.at(0)) };
    let mut columns = Vec::new();
    for given in args.positional.iter().skip(1) {
        columns.push(expect(vm, given)?);
    }
    let positional = !columns.is_empty() && args.keywords.is_empty();
    for (name, given) in &args.keywords {
        let ty = crate::types::expect(vm, given)?;
        columns.push(Expr::column(&**name, ty));
    }
    Ok(core(Query::Text(TextualSelect::new(text.clone(), columns, positional))))
}

/// What one argument of `select` yields.
pub(crate) fn items_of(vm: &mut Vm, given: &Value) -> Result<Vec<Item>, Raise> {
    if let Some(entity) = mapping::entity_of(vm, given)? {
        return Ok(vec![Item::Entity(entity)]);
    }
    if let Some(attribute) = given.downcast::<AttributeObject>() {
        let expr = attribute.expect_expr(vm)?;
        return Ok(vec![Item::Column(expr)]);
    }
    if let Some(composite) = given.downcast::<CompositeAttribute>() {
        return Ok(composite.exprs(vm)?.into_iter().map(Item::Column).collect());
    }
    if let Some(object) = given.downcast_ref::<super::FromObject>() {
        let columns = object.from.columns();
        return Ok(columns.into_iter().map(|(_, expr)| Item::Column(expr)).collect());
    }
    if let Some(columns) = collection::columns(given) {
        let mut items = Vec::new();
        for column in columns {
            items.extend(items_of(vm, &column)?);
        }
        return Ok(items);
    }
    if let Some(expr) = super::try_expr(vm, given)? {
        return Ok(vec![Item::Column(expr)]);
    }
    match given {
        Value::Bool(true) => return Ok(vec![Item::Column(Expr::true_())]),
        Value::Bool(false) => return Ok(vec![Item::Column(Expr::false_())]),
        Value::None => return Ok(vec![Item::Column(Expr::null())]),
        Value::Int(_) | Value::Float(_) => {
            let number = vm.str(given)?;
            let number = Expr::literal_column(&*number, vidro_sql::types::Type::null());
            return Ok(vec![Item::Column(number)]);
        }
        _ => {}
    }
    let shown = vm.repr(given)?;
    if given.as_str().is_some() {
        let message = format!(
            "Textual column expression {shown} should be explicitly declared with text({shown}), \
             or use column({shown}) for more specificity"
        );
        return Err(exc::argument(vm, message));
    }
    let role = "Column expression, FROM clause, or other columns clause element";
    if !matches!(given, Value::List(_) | Value::Tuple(_)) {
        return Err(super::expected(vm, role, given)?);
    }
    let mut items = Vec::new();
    for item in vm.collect(given)? {
        items.push(vm.repr(&item)?.to_string());
    }
    let message =
        format!("{role} expected, got {shown}. Did you mean to say select({})?", items.join(", "));
    Err(exc::argument(vm, message))
}

/// The FROM objects of a query as Python objects.
fn froms(vm: &mut Vm, query: &Query) -> Result<Value, Raise> {
    let mut out = Vec::new();
    for from in query.froms() {
        out.push(from_object(vm, from)?);
    }
    Ok(Value::list(out))
}

impl SelectObject {
    /// `select(*entities)`
    pub(crate) fn new(vm: &mut Vm, given: &[Value]) -> Result<Self, Raise> {
        let mut items = Vec::new();
        let mut raw = Vec::new();
        let mut bundles = Vec::new();
        for one in given {
            if mapping::mapper_of(vm, one)?.is_some() {
                mapping::configure(vm)?;
            }
            if let Some(bundle) = one.downcast_ref::<BundleObject>() {
                let (start, name) = (items.len(), Rc::clone(&bundle.name));
                for column in &bundle.columns {
                    items.extend(items_of(vm, column)?);
                }
                let key = |item: &Item| match item {
                    Item::Column(expr) => expr.proxy_key().unwrap_or_default(),
                    Item::Entity(_) => Rc::default(),
                };
                let keys = items.iter().skip(start).map(key).collect();
                bundles.push(Bundled { start, keys, name, single: bundle.single, shape: None });
                raw.push(one.clone());
                continue;
            }
            if let Some(composite) = one.downcast::<CompositeAttribute>() {
                let (start, name) = (items.len(), Rc::clone(&composite.key));
                let shape = Rc::clone(&composite.shape);
                items.extend(items_of(vm, one)?);
                let keys = shape.keys.clone();
                bundles.push(Bundled { start, keys, name, single: false, shape: Some(shape) });
                raw.push(one.clone());
                continue;
            }
            if one.downcast_ref::<super::FromObject>().is_none() {
                raw.push(one.clone());
            }
            items.extend(items_of(vm, one)?);
        }
        let joined = given.iter().filter_map(|one| {
            let object = one.downcast_ref::<super::FromObject>()?;
            matches!(object.from, FromClause::Join(_)).then(|| object.from.clone())
        });
        let mut select = Select::new([]);
        for from in joined {
            select = select.select_from(from);
        }
        Ok(Self {
            items,
            raw,
            body: Body::Select(select),
            bundles,
            loaders: Vec::new(),
            options: Vec::new(),
            statement: None,
            stand_ins: Vec::new(),
        })
    }

    /// Whether rows hold objects, or the statement needs the ORM for another reason.
    pub(crate) fn is_orm(&self) -> bool {
        self.items.iter().any(|item| matches!(item, Item::Entity(_)))
    }

    /// Whether mapped classes or their attributes are among the items.
    fn mentions_orm(&self) -> bool {
        self.items.iter().any(|item| match item {
            Item::Entity(_) => true,
            Item::Column(expr) => expr.note().is_some(),
        })
    }

    /// The statement as the ORM takes it.
    pub(crate) fn orm_select(&self) -> OrmSelect {
        let select = match &self.body {
            Body::Select(select) => select.clone(),
            _ => Select::new([]),
        };
        let flag = |name: &str, default: bool| {
            let found = self.options.iter().rev().find(|(known, _)| &**known == name);
            match found {
                Some((_, Value::Bool(given))) => *given,
                _ => default,
            }
        };
        OrmSelect {
            select,
            options: self.loaders.clone(),
            from_statement: self.statement.clone(),
            populate_existing: flag("populate_existing", false),
            autoflush: flag("autoflush", true),
            eagerloads: flag("enable_eagerloads", true),
            ..OrmSelect::new(self.items.clone())
        }
    }

    /// The query that a larger statement holds: entities lowered to their columns, and nothing joined
    /// to load more.
    pub(crate) fn query(&self, vm: &mut Vm) -> Result<Query, Raise> {
        self.lowered(vm, false)
    }

    /// The query that runs by itself, joined eager loads included.
    pub(crate) fn whole_query(&self, vm: &mut Vm) -> Result<Query, Raise> {
        self.lowered(vm, true)
    }

    fn lowered(&self, vm: &mut Vm, eagerloads: bool) -> Result<Query, Raise> {
        match &self.body {
            Body::Compound(compound) => Ok(Query::Compound(compound.clone())),
            Body::Text(text) => Ok(Query::Text(text.clone())),
            Body::Values(from) => Ok(Query::Values(from.clone())),
            Body::Select(select) => {
                if self.is_orm() {
                    let mut statement = self.orm_select();
                    statement.eagerloads &= eagerloads;
                    let lowered = with_orm(vm, |orm, _| lower(orm, &statement))?;
                    return Ok(Query::Select(lowered.select));
                }
                let columns = self.items.iter().filter_map(|item| match item {
                    Item::Column(expr) => Some(expr.clone()),
                    Item::Entity(_) => None,
                });
                let columns: Vec<Expr> = columns.collect();
                Ok(Query::Select(select.clone().altered(|data| data.columns = columns)))
            }
        }
    }

    /// The same SELECT with its clauses changed.
    pub(crate) fn altered(&self, change: impl FnOnce(Select) -> Select) -> Self {
        let mut copy = self.clone();
        if let Body::Select(select) = &self.body {
            copy.body = Body::Select(change(select.clone()));
        }
        copy
    }

    /// The same with values for its named parameters.
    pub(crate) fn with_params(
        &self,
        vm: &mut Vm,
        pairs: &[(Rc<str>, vidro_sql::Value)],
    ) -> Result<Value, Raise> {
        let mut copy = self.clone();
        for (name, given) in pairs {
            let given = value::to_python(vm, given);
            copy.options.push((Str::from(format!("__param_{name}")), given));
        }
        Ok(Value::object(copy))
    }

    /// Parameters given with `params()`.
    pub(crate) fn params(&self) -> Vec<(Rc<str>, Value)> {
        let named = |(name, given): &(Str, Value)| {
            name.strip_prefix("__param_").map(|name| (Rc::from(name), given.clone()))
        };
        self.options.iter().filter_map(named).collect()
    }

    /// `.column_descriptions`
    pub(crate) fn descriptions(&self, vm: &mut Vm) -> Result<Value, Raise> {
        let mut out = Vec::new();
        if self.mentions_orm() {
            for given in &self.raw {
                out.push(mapping::column_description(vm, given, None)?);
            }
            return Ok(Value::list(out));
        }
        let query = self.query(vm)?;
        let columns = query.subquery(None).columns();
        for ((name, _), expr) in columns.into_iter().zip(query.selected_columns()) {
            out.push(Value::dict([
                ("name", Value::from(&*name)),
                ("type", crate::types::object(vm, &expr.ty())),
                ("expr", object(vm, expr.clone())),
            ]));
        }
        Ok(Value::list(out))
    }

    /// The names under which rows show entities; aliases go by their own.
    pub(crate) fn entity_names(&self, vm: &mut Vm) -> Result<Vec<Option<Rc<str>>>, Raise> {
        let mut out = Vec::new();
        for given in &self.raw {
            if let Some(bundle) = given.downcast_ref::<BundleObject>() {
                out.extend(bundle.columns.iter().map(|_| None));
                continue;
            }
            if let Some(composite) = given.downcast_ref::<CompositeAttribute>() {
                out.extend(composite.shape.keys.iter().map(|_| None));
                continue;
            }
            out.push(if let Some(alias) = given.downcast::<AliasObject>() {
                Some(alias.shown_name(vm)?)
            } else if let Some(attribute) = given.downcast::<AttributeObject>() {
                attribute.row_key(vm)?
            } else {
                None
            });
        }
        Ok(out)
    }

    fn class_name(&self) -> &'static str {
        match self.body {
            Body::Select(_) => "Select",
            Body::Compound(_) => "CompoundSelect",
            Body::Text(_) => "TextualSelect",
            Body::Values(_) => "Values",
        }
    }
}

impl Object for SelectObject {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class(&format!("{SELECTABLE}.{}", self.class_name()))
    }

    fn get_attribute(self: Rc<Self>, vm: &mut Vm, name: &str) -> Result<Option<Value>, Raise> {
        Ok(match name {
            "selected_columns" | "exported_columns" | "inner_columns" => {
                let query = self.query(vm)?;
                let keys = query.subquery(None).columns().into_iter().map(|(key, _)| key);
                let columns = query.selected_columns().to_vec();
                let items = keys.zip(columns).map(|(key, expr)| (key, object(vm, expr)));
                Some(collection(items.collect()))
            }
            "columns_clause_froms" => {
                let Query::Select(select) = self.query(vm)? else { return Ok(None) };
                let bare = select.altered(|data| {
                    data.from.clear();
                    data.joins.clear();
                    data.where_.clear();
                });
                Some(froms(vm, &Query::Select(bare))?)
            }
            "c" | "columns" => None,
            "column_descriptions" => Some(self.descriptions(vm)?),
            "froms" => {
                let query = self.query(vm)?;
                Some(froms(vm, &query)?)
            }
            "whereclause" => match &self.body {
                Body::Select(select) if !select.where_.is_empty() => {
                    let all = select.where_.clone();
                    let made = with_sql(vm, || vidro_sql::expr::and_(all))?;
                    Some(object(vm, made))
                }
                _ => Some(Value::None),
            },
            "is_select" => Some(Value::Bool(true)),
            "is_insert" | "is_update" | "is_delete" | "is_dml" => Some(Value::Bool(false)),
            _ => None,
        })
    }

    fn repr(&self, vm: &mut Vm) -> Result<Str, Raise> {
        let class = self.class(vm).full_name();
        Ok(super::plain_repr(&class, std::ptr::from_ref(self).addr()).into())
    }

    fn str(&self, vm: &mut Vm) -> Result<Str, Raise> {
        if let Some(statement) = &self.statement {
            return super::statement_text(vm, statement);
        }
        let query = self.whole_query(vm)?;
        super::statement_text(vm, &Statement::Query(query))
    }

    fn truth(&self, vm: &mut Vm) -> Result<Option<bool>, Raise> {
        Err(vm.type_error("Boolean value of this clause is not defined"))
    }
}
