//! `mapped_column`, `column_property`, `deferred`, `synonym`: attributes of a class that is not mapped yet.

use std::rc::Rc;

use vidro_orm::mapping::ColumnSpec as AttributeSpec;
use vidro_python::{
    Args, BinaryOperator, Class, ClassBuilder, Compare, Object, Raise, Str, UnaryOperator, Value,
    Vm,
};
use vidro_sql::expr::Expr;
use vidro_sql::schema::Column;

use crate::expression::{self, operators};
use crate::schema::{ColumnArguments, column_arguments, refuse_rest};
use crate::value;

/// The module of `mapped_column` objects.
const PROPERTIES: &str = "sqlalchemy.orm.properties";

/// What dataclass mapping wants to know of an attribute.
#[derive(Clone, Debug, Default)]
pub(crate) struct FieldOptions {
    /// `init`
    pub(crate) init: Option<bool>,
    /// `repr`
    pub(crate) repr: Option<bool>,
    /// `default`
    pub(crate) default: Option<Value>,
    /// `default_factory`
    pub(crate) default_factory: Option<Value>,
    /// `kw_only`
    pub(crate) kw_only: Option<bool>,
    /// `compare`
    pub(crate) compare: Option<bool>,
    /// `hash`
    pub(crate) hash: Option<bool>,
    /// Nobody sets it, so `__init__` does not take it unless told to.
    pub(crate) read_only: bool,
}

impl FieldOptions {
    /// What was given, as the keywords of `dataclasses.field`.
    pub(super) fn given(&self) -> Vec<(&'static str, Value)> {
        let flag = |given: Option<bool>| given.map(Value::Bool);
        [
            ("init", flag(self.init)),
            ("repr", flag(self.repr)),
            ("default", self.default.clone()),
            ("default_factory", self.default_factory.clone()),
            ("kw_only", flag(self.kw_only)),
            ("compare", flag(self.compare)),
            ("hash", flag(self.hash)),
        ]
        .into_iter()
        .filter_map(|(name, given)| Some((name, given?)))
        .collect()
    }
}

/// `mapped_column(…)` or `column_property(…)`.
#[derive(Debug)]
pub(crate) struct PropertyObject {
    /// The column, not in a table yet; none for an expression.
    pub(crate) column: Option<Column>,
    /// What `column_property` computes.
    pub(crate) expression: Option<Expr>,
    /// The class that `mapped_column` made it of, for messages.
    pub(crate) kind: &'static str,
    /// Options of the attribute.
    pub(crate) options: AttributeSpec,
    /// Position among the columns.
    pub(crate) sort_order: i64,
    /// Take the column of that name that is there already.
    pub(crate) use_existing: bool,
    /// Whether a type was given.
    pub(crate) typed: bool,
    /// `insert_default`, when it was given beside `default`.
    pub(crate) has_insert_default: bool,
    /// What dataclass mapping wants to know.
    pub(crate) field: FieldOptions,
}

/// `synonym("name")`
#[derive(Debug)]
pub(crate) struct SynonymObject {
    /// The attribute it stands for.
    pub(crate) name: Rc<str>,
    /// What instances use in its place, such as a property.
    descriptor: Option<Value>,
    /// What dataclass mapping wants to know.
    pub(crate) field: FieldOptions,
}

pub(super) fn define(vm: &mut Vm) {
    let operators = vm.named_class("sqlalchemy.sql.operators.ColumnOperators");
    for name in ["MappedColumn", "ColumnProperty", "MappedSQLExpression"] {
        ClassBuilder::new(PROPERTIES, name).base(&operators).build(vm);
    }
    ClassBuilder::new("sqlalchemy.orm.descriptor_props", "Synonym").build(vm);
}

/// Takes the dataclass options out of the keywords.
pub(crate) fn field_options(vm: &mut Vm, args: &mut Args) -> Result<FieldOptions, Raise> {
    let default = args.keywords.iter().find(|(name, _)| &**name == "default");
    let default = default.map(|(_, given)| given.clone());
    let mut flag = |vm: &mut Vm, name: &str| value::optional_flag(vm, args.take_keyword(name));
    let mut out = FieldOptions {
        default,
        init: flag(vm, "init")?,
        repr: flag(vm, "repr")?,
        kw_only: flag(vm, "kw_only")?,
        compare: flag(vm, "compare")?,
        hash: flag(vm, "hash")?,
        ..FieldOptions::default()
    };
    out.default_factory = args.take_keyword("default_factory");
    args.take_keyword("dataclass_metadata");
    Ok(out)
}

fn attribute_options(vm: &mut Vm, args: &mut Args) -> Result<AttributeSpec, Raise> {
    let group = value::optional_text(vm, args.take_keyword("deferred_group"))?;
    let raiseload = value::flag(vm, args.take_keyword("deferred_raiseload"))?;
    let deferred = value::optional_flag(vm, args.take_keyword("deferred"))?;
    Ok(AttributeSpec {
        deferred: deferred.unwrap_or(group.is_some() || raiseload),
        deferred_group: group,
        deferred_raiseload: raiseload,
        active_history: value::flag(vm, args.take_keyword("active_history"))?,
        ..AttributeSpec::default()
    })
}

/// `mapped_column(…)`
pub(crate) fn mapped_column(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    let field = field_options(vm, &mut args)?;
    let options = attribute_options(vm, &mut args)?;
    let sort_order = args.take_keyword("sort_order").and_then(|given| given.as_int()).unwrap_or(0);
    let use_existing = value::flag(vm, args.take_keyword("use_existing_column"))?;
    let insert_default = args.take_keyword("insert_default");
    let has_insert_default = insert_default.is_some();
    if let Some(default) = insert_default {
        args.take_keyword("default");
        args.keywords.push(("default".into(), default));
    }
    let ColumnArguments { spec, rest } = column_arguments(vm, args)?;
    refuse_rest(vm, &rest)?;
    let typed = !spec.ty.is_null();
    Ok(Value::object(PropertyObject {
        column: Some(spec.build()),
        expression: None,
        kind: "MappedColumn",
        options,
        sort_order,
        use_existing,
        typed,
        has_insert_default,
        field,
    }))
}

/// A `mapped_column()` without arguments, for a bare annotation.
pub(crate) fn implied() -> PropertyObject {
    let spec = vidro_sql::schema::ColumnSpec::unnamed(vidro_sql::types::Type::null());
    PropertyObject {
        column: Some(spec.build()),
        expression: None,
        kind: "MappedColumn",
        options: AttributeSpec::default(),
        sort_order: 0,
        use_existing: false,
        typed: false,
        has_insert_default: false,
        field: FieldOptions::default(),
    }
}

/// `column_property(column_or_expression, …)`
pub(crate) fn column_property(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    let field = field_options(vm, &mut args)?;
    let group = value::optional_text(vm, args.take_keyword("group"))?;
    let deferred = value::flag(vm, args.take_keyword("deferred"))? || group.is_some();
    let options = AttributeSpec {
        deferred,
        deferred_group: group,
        deferred_raiseload: value::flag(vm, args.take_keyword("raiseload"))?,
        active_history: value::flag(vm, args.take_keyword("active_history"))?,
        ..AttributeSpec::default()
    };
    property_of(vm, &args.at(0), options, field, "ColumnProperty")
}

/// `deferred(column, group=…, raiseload=…)`
pub(crate) fn deferred(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    args.keywords.push(("deferred".into(), Value::Bool(true)));
    column_property(vm, args)
}

/// `query_expression(default)`: filled by `with_expression` only.
pub(crate) fn query_expression(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    let field = FieldOptions { read_only: true, ..field_options(vm, &mut args)? };
    let expression = match args.get(0) {
        Some(given) => expression::expect(vm, given)?,
        None => Expr::null(),
    };
    Ok(Value::object(PropertyObject {
        column: None,
        expression: Some(expression),
        kind: "MappedSQLExpression",
        options: AttributeSpec::default(),
        sort_order: 0,
        use_existing: false,
        typed: true,
        has_insert_default: false,
        field,
    }))
}

fn property_of(
    vm: &mut Vm,
    given: &Value,
    options: AttributeSpec,
    field: FieldOptions,
    kind: &'static str,
) -> Result<Value, Raise> {
    let column = super::column_behind(given);
    let expression = match column {
        Some(_) => None,
        None => Some(expression::expect(vm, given)?),
    };
    Ok(Value::object(PropertyObject {
        column,
        expression,
        kind,
        options,
        sort_order: 0,
        use_existing: false,
        typed: true,
        has_insert_default: false,
        field,
    }))
}

/// `synonym("name", descriptor=…)`
pub(crate) fn synonym(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    let field = field_options(vm, &mut args)?;
    args.take_keyword("default");
    let [name, _, descriptor, _, _, _] = args
        .bind(vm, "synonym(name, *, map_column=, descriptor=, comparator_factory=, info=, doc=)")?;
    let name = value::text(vm, &name.unwrap_or_default())?;
    let descriptor = descriptor.filter(|given| !given.is_none());
    Ok(Value::object(SynonymObject { name, descriptor, field }))
}

/// `@synonym_for("name")` above a property
pub(crate) fn synonym_for(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [name, _] = args.bind(vm, "synonym_for(name, map_column=)")?;
    let name = value::text(vm, &name.unwrap_or_default())?;
    Ok(Value::closure("decorate", move |_, args| {
        Ok(Value::object(SynonymObject {
            name: Rc::clone(&name),
            descriptor: args.get(0).cloned(),
            field: FieldOptions::default(),
        }))
    }))
}

/// What instances of a class use in the place of a synonym: what it was given, else what the class has
/// under that name already.
pub(super) fn descriptor_of(
    vm: &mut Vm,
    class: &Rc<Class>,
    key: &str,
) -> Result<Option<Value>, Raise> {
    let Some(found) = class.lookup(key) else { return Ok(None) };
    if let Some(synonym) = found.downcast_ref::<SynonymObject>() {
        return Ok(synonym.descriptor.clone());
    }
    if let Some(above) = found.downcast_ref::<super::AttributeObject>() {
        return Ok(above.descriptor.clone());
    }
    Ok(vm.try_attribute(&found, "fget")?.is_some().then_some(found))
}

impl PropertyObject {
    /// What it stands for inside an expression.
    pub(crate) fn expr(&self) -> Expr {
        match (&self.column, &self.expression) {
            (Some(column), _) => column.expr(),
            (None, Some(expression)) => expression.clone(),
            (None, None) => Expr::null(),
        }
    }
}

impl Object for PropertyObject {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class(&format!("{PROPERTIES}.{}", self.kind))
    }

    fn get_attribute(self: Rc<Self>, vm: &mut Vm, name: &str) -> Result<Option<Value>, Raise> {
        Ok(match (name, &self.column) {
            ("column", Some(column)) => Some(crate::schema::column_object(vm, column)?),
            ("expression", _) => Some(expression::object(vm, self.expr())),
            ("columns", Some(column)) => {
                Some(Value::list(vec![crate::schema::column_object(vm, column)?]))
            }
            (other, Some(column)) if !other.starts_with('_') => {
                let column = crate::schema::column_object(vm, column)?;
                vm.try_attribute(&column, other)?
            }
            _ => None,
        })
    }

    fn binary(
        self: Rc<Self>,
        vm: &mut Vm,
        operator: BinaryOperator,
        other: &Value,
        reflected: bool,
    ) -> Result<Value, Raise> {
        operators::binary(vm, &self.expr(), operator, other, reflected)
    }

    fn unary(self: Rc<Self>, vm: &mut Vm, operator: UnaryOperator) -> Result<Value, Raise> {
        operators::unary(vm, &self.expr(), operator)
    }

    fn compare(self: Rc<Self>, vm: &mut Vm, by: Compare, other: &Value) -> Result<Value, Raise> {
        operators::compare(vm, &self.expr(), by, other)
    }

    fn repr(&self, vm: &mut Vm) -> Result<Str, Raise> {
        let class = self.class(vm).full_name();
        Ok(expression::plain_repr(&class, std::ptr::from_ref(self).addr()).into())
    }
}

impl Object for SynonymObject {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class("sqlalchemy.orm.descriptor_props.Synonym")
    }
}
