//! What a composite makes of its columns, and how it takes an object apart.

use std::rc::Rc;

use vidro_python::{Args, Class, Raise, Str, Value, Vm};

use crate::exc;

/// Which columns stand for an object, and of which class.
#[derive(Debug)]
pub(crate) struct Shape {
    /// The class, or a function that makes the objects.
    pub(in crate::mapping) class: Value,
    /// The attributes that hold the columns.
    pub(crate) keys: Vec<Rc<str>>,
    /// The columns that make no object but `None`.
    pub(super) none_on: NoneOn,
    /// `comparator_factory`: the class of what compares it in SQL.
    pub(super) comparator: Option<Value>,
}

/// `return_none_on`
#[derive(Clone, Debug)]
pub(super) enum NoneOn {
    /// Not given; an optional annotation means `All`.
    Unset,
    /// Never.
    Never,
    /// All columns are NULL.
    All,
    /// What a function says.
    Given(Value),
}

/// The names of a dataclass's fields that its constructor takes; none for another class.
pub(super) fn fields(vm: &mut Vm, class: &Rc<Class>) -> Result<Option<Vec<(Str, Value)>>, Raise> {
    let Some(Value::Dict(fields)) = class.lookup("__dataclass_fields__") else { return Ok(None) };
    let mut out = Vec::new();
    for (name, field) in fields.names() {
        let init = vm.get_attribute(&field, "init")?;
        if vm.truth(&init)? {
            out.push((name, vm.get_attribute(&field, "type")?));
        }
    }
    Ok(Some(out))
}

impl Shape {
    /// The object of some column values.
    pub(crate) fn make(&self, vm: &mut Vm, values: Vec<Value>) -> Result<Value, Raise> {
        let none = match &self.none_on {
            NoneOn::Unset | NoneOn::Never => false,
            NoneOn::All => values.iter().all(Value::is_none),
            NoneOn::Given(function) => {
                let answer = vm.call(function, Args::from(values.clone()))?;
                vm.truth(&answer)?
            }
        };
        if none { Ok(Value::None) } else { vm.call(&self.class, Args::from(values)) }
    }

    /// The column values of an object; of `None` as many as there are columns.
    pub(crate) fn take_apart(&self, vm: &mut Vm, given: &Value) -> Result<Vec<Value>, Raise> {
        if given.is_none() {
            return Ok(vec![Value::None; self.keys.len()]);
        }
        let class = self.class.as_class();
        let own = class.is_some_and(|class| class.lookup("__composite_values__").is_some());
        let fields = match class {
            Some(class) if !own => fields(vm, class)?,
            _ => None,
        };
        if let Some(fields) = fields {
            let get = |(name, _): &(Str, Value)| vm.get_attribute(given, name);
            return fields.iter().map(get).collect();
        }
        if let Some(method) = vm.try_attribute(given, "__composite_values__")? {
            let values = vm.call(&method, Args::none())?;
            return vm.collect(&values);
        }
        let class = class.map(|class| class.name()).unwrap_or_default();
        Err(exc::invalid_request(
            vm,
            format!(
                "Composite class {class} is not a dataclass and does not define a \
                 __composite_values__() method; can't get state"
            ),
        ))
    }

    /// Whether a value is an object of the composite's class.
    pub(super) fn is_instance(&self, vm: &mut Vm, given: &Value) -> bool {
        let class = vm.class_of(given);
        self.class.as_class().is_some_and(|wanted| class.is_subclass(wanted))
    }
}
