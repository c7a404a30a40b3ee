//! FROM objects: tables, aliases, subqueries, CTEs, joins, `values()`.

use std::rc::Rc;

use vidro_python::{Args, Class, ClassBuilder, Object, Raise, Str, Value, Vm};
use vidro_sql::expr::{Expr, Kind};
use vidro_sql::from::{AliasKind, FromClause, TableClause};
use vidro_sql::name::Name;
use vidro_sql::select::{Query, Select, SetOperation};
use vidro_sql::types::Type;

use super::{collection, conditions, object};
use crate::{exc, mapping, schema, types, value};

/// The module of the classes.
const SELECTABLE: &str = "sqlalchemy.sql.selectable";

/// A FROM object as Python sees it.
#[derive(Debug)]
pub(crate) struct FromObject {
    /// The FROM object.
    pub(crate) from: FromClause,
}

type Call = fn(&mut Vm, Args) -> Result<Value, Raise>;

const METHODS: &[(&str, Call)] = &[
    ("alias", alias),
    ("join", |vm, args| join(vm, args, false)),
    ("outerjoin", |vm, args| join(vm, args, true)),
    ("select", select),
    ("insert", |vm, args| super::dml::insert(vm, args)),
    ("update", |vm, args| super::dml::update(vm, args)),
    ("delete", |vm, args| super::dml::delete(vm, args)),
    ("corresponding_column", corresponding_column),
    ("union", |vm, args| cte_union(vm, args, SetOperation::Union)),
    ("union_all", |vm, args| cte_union(vm, args, SetOperation::UnionAll)),
    ("data", data),
    ("tablesample", tablesample),
    ("lateral", lateral),
    ("table_valued", |vm, args| {
        let from = this(vm, &args)?;
        Ok(object(vm, Expr::from_clause_value(&from)))
    }),
    ("prefix_with", |vm, args| affix(vm, args, true)),
    ("suffix_with", |vm, args| affix(vm, args, false)),
    ("cte", cte),
    ("subquery", |vm, args| subquery(vm, args)),
    ("render_derived", render_derived),
];

pub(super) fn define(vm: &mut Vm) {
    let root = vm.named_class("sqlalchemy.sql.elements.ClauseElement");
    let base = ClassBuilder::new(SELECTABLE, "FromClause").base(&root).methods(METHODS).build(vm);
    let aliased = ClassBuilder::new(SELECTABLE, "AliasedReturnsRows").base(&base).build(vm);
    for name in ["Alias", "Subquery", "CTE", "Lateral", "TableSample", "TableValuedAlias"] {
        ClassBuilder::new(SELECTABLE, name).base(&aliased).build(vm);
    }
    for name in ["TableClause", "Join", "Values"] {
        let mut builder = ClassBuilder::new(SELECTABLE, name).base(&base);
        if name == "Values" {
            builder = builder.constructor(|vm, mut args| {
                args.positional.remove(0);
                values_of(vm, args)
            });
        }
        builder.build(vm);
    }
}

/// A FROM object as a Python object; tables are always the same one.
pub(crate) fn from_object(vm: &mut Vm, from: FromClause) -> Result<Value, Raise> {
    match &from {
        FromClause::Table(table) => schema::table_object(vm, table),
        _ => Ok(Value::object(FromObject { from })),
    }
}

/// The FROM object behind a Python value, if it stands for one.
pub(crate) fn try_from_clause(vm: &mut Vm, given: &Value) -> Result<Option<FromClause>, Raise> {
    if let Some(object) = given.downcast_ref::<FromObject>() {
        return Ok(Some(object.from.clone()));
    }
    if let Some(object) = given.downcast_ref::<super::ExprObject>()
        && matches!(object.expr.kind(), Kind::Text(_))
    {
        return Ok(Some(FromClause::Text(object.expr.clone())));
    }
    if let Some(from) = mapping::from_of(vm, given)? {
        return Ok(Some(from));
    }
    match given {
        Value::Instance(_) | Value::Object(_) => {
            let Some(method) = vm.try_attribute(given, "__clause_element__")? else {
                return Ok(None);
            };
            let element = vm.call(&method, Args::none())?;
            if element.is(given) { Ok(None) } else { try_from_clause(vm, &element) }
        }
        _ => Ok(None),
    }
}

/// The FROM object behind a Python value that must stand for one.
pub(crate) fn from_clause(vm: &mut Vm, given: &Value) -> Result<FromClause, Raise> {
    match try_from_clause(vm, given)? {
        Some(from) => Ok(from),
        None => Err(super::expected_sql(
            vm,
            "FROM expression, such as a Table or alias() object",
            given,
        )?),
    }
}

fn this(vm: &mut Vm, args: &Args) -> Result<FromClause, Raise> {
    from_clause(vm, &args.at(0))
}

fn alias(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [this, name, _flat] = args.bind(vm, "alias(self, name=, flat=)")?;
    let from = from_clause(vm, &this.unwrap_or_default())?;
    let name = name.as_ref().and_then(super::name);
    from_object(vm, from.alias(name))
}

/// `left.join(right, onclause, isouter, full)`
pub(super) fn join(vm: &mut Vm, args: Args, outer: bool) -> Result<Value, Raise> {
    let [this, right, on, is_outer, full] =
        args.bind(vm, "join(self, right, onclause=, isouter=, full=)")?;
    let left = from_clause(vm, &this.unwrap_or_default())?;
    let right = from_clause(vm, &right.unwrap_or_default())?;
    let on = match on.filter(|given| !given.is_none()) {
        Some(on) => Some(super::on_clause(vm, &on)?),
        None => None,
    };
    let outer = outer || value::flag(vm, is_outer)?;
    let full = value::flag(vm, full)?;
    let joined = left.join(&right, on, outer, full).map_err(|error| exc::from_sql(vm, &error))?;
    from_object(vm, joined)
}

fn select(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let from = this(vm, &args)?;
    let mut select = Select::of(&from);
    if matches!(from, FromClause::Join(_)) {
        select = select.select_from(from);
    }
    let conditions = conditions(vm, args.positional.get(1..).unwrap_or_default())?;
    for condition in conditions {
        select = select.where_(condition);
    }
    Ok(super::select::core(Query::Select(select)))
}

fn corresponding_column(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let from = this(vm, &args)?;
    let column = super::expect(vm, &args.at(1))?;
    Ok(from.corresponding_column(&column).map_or(Value::None, |expr| object(vm, expr)))
}

fn cte_union(vm: &mut Vm, args: Args, keyword: SetOperation) -> Result<Value, Raise> {
    let from = this(vm, &args)?;
    let mut others = Vec::new();
    for given in args.positional.iter().skip(1) {
        match super::as_query(vm, given)? {
            Some(query) => others.push(query),
            None => return Err(exc::argument(vm, "a SELECT was expected")),
        }
    }
    let made = from.cte_union(keyword, others).map_err(|error| exc::from_sql(vm, &error))?;
    from_object(vm, made)
}

/// `values(*columns, name=…, literal_binds=…)`
pub(super) fn values_of(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    let name = args.take_keyword("name").as_ref().and_then(super::name);
    let literal = value::flag(vm, args.take_keyword("literal_binds"))?;
    let mut columns = Vec::new();
    for given in &args.positional {
        let column = super::expect(vm, given)?;
        let name = column.column_name().unwrap_or_else(|| "anon".into());
        columns.push((Name::new(name), column.ty()));
    }
    for (key, given) in &args.keywords {
        columns.push((Name::new(&**key), types::expect(vm, given)?));
    }
    let made = FromClause::values(columns, name, Vec::new());
    let made = made.altered_values(|values| values.literal_binds = literal);
    from_object(vm, made)
}

fn data(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let from = this(vm, &args)?;
    let FromClause::Values(values) = &from else {
        return Err(vm.attribute_error("data"));
    };
    let mut rows = values.rows.clone();
    for row in vm.collect(&args.at(1))? {
        let mut cells = Vec::new();
        for (at, cell) in vm.collect(&row)?.iter().enumerate() {
            cells.push(match super::operand(vm, cell)? {
                vidro_sql::expr::Operand::Expr(expr) => expr,
                vidro_sql::expr::Operand::Value(cell) => {
                    let ty = values.columns.get(at).map_or_else(Type::null, |c| c.1.clone());
                    let ty = if ty.is_null() { Type::for_value(&cell) } else { ty };
                    Expr::literal_typed(cell, ty)
                }
            });
        }
        rows.push(cells);
    }
    from_object(vm, from.altered_values(|values| values.rows = rows))
}

fn tablesample(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [this, sampling, name, seed] =
        args.bind(vm, "tablesample(self, sampling, name=, seed=)")?;
    let from = from_clause(vm, &this.unwrap_or_default())?;
    let sampling = sampling.unwrap_or_default();
    let sampling = match super::try_expr(vm, &sampling)? {
        Some(expr) => expr,
        None => {
            let sampling = value::from_python(vm, &sampling)?;
            let argument = vidro_sql::expr::Operand::Value(sampling);
            Expr::function("system", vec![argument]).map_err(|e| exc::from_sql(vm, &e))?
        }
    };
    let seed = match seed.filter(|given| !given.is_none()) {
        Some(seed) => Some(match super::operand(vm, &seed)? {
            vidro_sql::expr::Operand::Expr(expr) => expr,
            vidro_sql::expr::Operand::Value(seed) => Expr::literal(seed),
        }),
        None => None,
    };
    let name = name.as_ref().and_then(super::name);
    let kind = AliasKind::TableSample { sampling, seed };
    from_object(vm, from.named_as(kind, name))
}

fn lateral(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let from = this(vm, &args)?;
    let name = args.get(1).and_then(super::name);
    from_object(vm, from.named_as(AliasKind::Lateral, name))
}

fn cte(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = this(vm, &args)?;
    let name = args.get(1).and_then(super::name);
    from_object(vm, Query::Values(this).cte(name, false, false))
}

fn subquery(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = this(vm, &args)?;
    let name = args.get(1).and_then(super::name);
    from_object(vm, Query::Values(this).subquery(name))
}

/// `cte.prefix_with("MATERIALIZED")`
fn affix(vm: &mut Vm, mut args: Args, before: bool) -> Result<Value, Raise> {
    let dialect = value::optional_text(vm, args.take_keyword("dialect"))?;
    let mut from = this(vm, &args)?;
    for given in args.positional.iter().skip(1) {
        let text = value::text(vm, given)?;
        from = from.altered_cte(|cte| {
            let list = if before { &mut cte.prefixes } else { &mut cte.suffixes };
            list.push((text, dialect.clone()));
        });
    }
    from_object(vm, from)
}

fn render_derived(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    let with_types = value::flag(vm, args.take_keyword("with_types"))?;
    let name = args.take_keyword("name").as_ref().and_then(super::name);
    let from = this(vm, &args)?;
    let FromClause::Alias(alias) = &from else { return Ok(args.at(0)) };
    let (AliasKind::TableValued(valued), vidro_sql::from::Element::Function(function)) =
        (&alias.kind, &alias.element)
    else {
        return Ok(args.at(0));
    };
    let mut valued = valued.clone();
    valued.derived = true;
    valued.derived_types = with_types;
    from_object(vm, FromClause::table_valued(function.clone(), valued, name))
}

/// `table("name", *columns, schema=…)`
pub(super) fn lightweight_table(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    let schema = args.take_keyword("schema").as_ref().and_then(super::name);
    let Some(name) = super::name(&args.at(0)) else {
        return Err(exc::argument(vm, "a table needs a name"));
    };
    let mut columns = Vec::new();
    for given in args.positional.iter().skip(1) {
        let column = super::expect(vm, given)?;
        let name = column.column_name().unwrap_or_else(|| "anon".into());
        columns.push((Name::new(name), column.ty()));
    }
    from_object(vm, FromClause::Clause(Rc::new(TableClause { name, schema, columns })))
}

impl FromObject {
    fn class_name(&self) -> (&'static str, &'static str) {
        let name = match &self.from {
            FromClause::Table(_) => return (schema::SCHEMA, "Table"),
            FromClause::Clause(_) => "TableClause",
            FromClause::Join(_) => "Join",
            FromClause::Values(_) => "Values",
            FromClause::Text(_) => return (super::ELEMENTS, "TextClause"),
            FromClause::Alias(alias) => match alias.kind {
                AliasKind::Alias => "Alias",
                AliasKind::Subquery => "Subquery",
                AliasKind::Cte(_) => "CTE",
                AliasKind::Lateral => "Lateral",
                AliasKind::TableSample { .. } => "TableSample",
                AliasKind::TableValued(_) => "TableValuedAlias",
            },
        };
        (SELECTABLE, name)
    }
}

/// `.c` of a FROM object.
pub(super) fn columns_of(vm: &mut Vm, from: &FromClause) -> Value {
    let columns = from.columns().into_iter().map(|(key, expr)| (key, object(vm, expr)));
    collection(columns.collect())
}

impl Object for FromObject {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        let (module, name) = self.class_name();
        vm.named_class(&format!("{module}.{name}"))
    }

    fn get_attribute(self: Rc<Self>, vm: &mut Vm, name: &str) -> Result<Option<Value>, Raise> {
        if let FromClause::Table(table) = &self.from
            && let Some(found) = table_attribute(vm, table, name)?
        {
            return Ok(Some(found));
        }
        Ok(match (name, &self.from) {
            ("c" | "columns" | "exported_columns", _) => Some(columns_of(vm, &self.from)),
            ("name", from) => Some(from.plain_name().map_or(Value::None, |n| Value::from(&*n))),
            ("left", FromClause::Join(join)) => Some(from_object(vm, join.left.clone())?),
            ("right", FromClause::Join(join)) => Some(from_object(vm, join.right.clone())?),
            ("onclause", FromClause::Join(join)) => Some(object(vm, join.on.clone())),
            ("isouter", FromClause::Join(join)) => Some(Value::Bool(join.outer)),
            ("full", FromClause::Join(join)) => Some(Value::Bool(join.full)),
            ("element" | "original", FromClause::Alias(alias)) => match &alias.element {
                vidro_sql::from::Element::From(from) => Some(from_object(vm, from.clone())?),
                vidro_sql::from::Element::Query(query) => Some(super::select::core(query.clone())),
                vidro_sql::from::Element::Function(expr) => Some(object(vm, expr.clone())),
                vidro_sql::from::Element::Dml(_) => None,
            },
            ("primary_key", _) => Some(collection(Vec::new())),
            ("column", FromClause::Alias(alias)) => match alias.kind {
                AliasKind::TableValued(_) => Some(object(vm, Expr::from_clause_value(&self.from))),
                _ => None,
            },
            _ => None,
        })
    }

    fn repr(&self, _: &mut Vm) -> Result<Str, Raise> {
        Ok(self.from.python_repr().into())
    }

    fn str(&self, vm: &mut Vm) -> Result<Str, Raise> {
        match &self.from {
            FromClause::Table(table) => Ok(table.to_string().into()),
            other => {
                super::statement_text(vm, &vidro_sql::statement::Statement::From(other.clone()))
            }
        }
    }

    fn truth(&self, vm: &mut Vm) -> Result<Option<bool>, Raise> {
        Err(vm.type_error("Boolean value of this clause is not defined"))
    }
}

fn table_attribute(
    vm: &mut Vm,
    table: &vidro_sql::schema::Table,
    name: &str,
) -> Result<Option<Value>, Raise> {
    use crate::schema::Item;
    let objects = |vm: &mut Vm, columns: Vec<vidro_sql::schema::Column>| {
        let mut out = Vec::new();
        for column in columns {
            out.push((column.key(), schema::column_object(vm, &column)?));
        }
        Ok::<Value, Raise>(collection(out))
    };
    Ok(match name {
        "c" | "columns" | "exported_columns" => Some(objects(vm, table.columns())?),
        "name" => Some(Value::from(&**table.name())),
        "fullname" | "key" => Some(Value::from(table.full_name())),
        "schema" => Some(table.schema().map_or(Value::None, |schema| Value::from(&**schema))),
        "metadata" => Some(schema::metadata_of_table(vm, table)?),
        "primary_key" => Some(Item::Constraint(table.primary_key()).object()),
        "foreign_keys" => {
            let keys = table.foreign_keys().into_iter().map(|key| Item::ForeignKey(key).object());
            let keys = keys.collect();
            Some(vm.new_set(keys, false)?)
        }
        "foreign_key_constraints" => {
            let all = table.foreign_key_constraints().into_iter();
            let all = all.map(|constraint| Item::Constraint(constraint).object()).collect();
            Some(vm.new_set(all, false)?)
        }
        "constraints" => {
            let all = std::iter::once(table.primary_key()).chain(table.constraints());
            let all = all.map(|constraint| Item::Constraint(constraint).object()).collect();
            Some(vm.new_set(all, false)?)
        }
        "indexes" => {
            let all = table.indexes().into_iter().map(|index| Item::Index(index).object());
            let all = all.collect();
            Some(vm.new_set(all, false)?)
        }
        "autoincrement_column" | "_autoincrement_column" => match table.autoincrement_column() {
            Some(column) => Some(schema::column_object(vm, &column)?),
            None => Some(Value::None),
        },
        "comment" => {
            let comment = table.options().comment.clone();
            Some(comment.map_or(Value::None, |text| Value::from(&*text)))
        }
        "info" => {
            let info = table.options().info.clone();
            Some(info.map_or_else(|| Value::dict([]), |info| value::to_python(vm, &info)))
        }
        _ => None,
    })
}
