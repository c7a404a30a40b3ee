//! `Bundle("name", *columns)`: some columns of a query as one value of its rows.

use std::rc::Rc;

use vidro_python::{Args, Class, ClassBuilder, Object, Raise, Value, Vm};

use super::Shape;
use crate::expression;
use crate::{engine, exc, value};

/// A bundle as Python sees it.
#[derive(Debug)]
pub(crate) struct BundleObject {
    /// Its name in rows.
    pub(crate) name: Rc<str>,
    /// Its columns as given.
    pub(crate) columns: Vec<Value>,
    /// `single_entity=True`
    pub(crate) single: bool,
}

/// Where the columns of a bundle stand among the items of a SELECT.
#[derive(Clone, Debug)]
pub(crate) struct Bundled {
    /// The first of them.
    pub(crate) start: usize,
    /// Their names inside.
    pub(crate) keys: Vec<Rc<str>>,
    /// The name of the whole.
    pub(crate) name: Rc<str>,
    /// `single_entity=True`
    pub(crate) single: bool,
    /// What a composite makes of them in the place of a row.
    pub(crate) shape: Option<Rc<Shape>>,
}

pub(super) fn define(vm: &mut Vm) {
    ClassBuilder::new("sqlalchemy.orm.util", "Bundle").constructor(construct).build(vm);
}

fn construct(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    let single = value::flag(vm, args.take_keyword("single_entity"))?;
    let name = value::text(vm, &args.at(1))?;
    let columns = args.positional.get(2..).unwrap_or_default().to_vec();
    if columns.is_empty() {
        return Err(exc::argument(vm, "a bundle needs columns"));
    }
    Ok(Value::object(BundleObject { name, columns, single }))
}

/// Puts rows of their own, or the objects of composites, in the place of their columns.
pub(crate) fn gather(
    vm: &mut Vm,
    bundles: &[Bundled],
    keys: &mut Vec<Rc<str>>,
    rows: &mut [Vec<vidro_sql::Value>],
) -> Result<(), Raise> {
    for bundle in bundles.iter().rev() {
        let range = bundle.start..bundle.start + bundle.keys.len();
        if range.end > keys.len() {
            continue;
        }
        let name = std::iter::once(Rc::clone(&bundle.name));
        keys.splice(range.clone(), name);
        for row in rows.iter_mut().filter(|row| range.end <= row.len()) {
            let values: Vec<_> = row.drain(range.clone()).collect();
            let made = match &bundle.shape {
                Some(shape) => {
                    let values = value::all_to_python(vm, &values);
                    shape.make(vm, values)?
                }
                None => engine::result::row_of(bundle.keys.clone(), values),
            };
            row.insert(range.start, value::held(made));
        }
    }
    Ok(())
}

impl Object for BundleObject {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class("sqlalchemy.orm.util.Bundle")
    }

    fn get_attribute(self: Rc<Self>, vm: &mut Vm, name: &str) -> Result<Option<Value>, Raise> {
        match name {
            "name" => return Ok(Some(Value::from(&*self.name))),
            "clauses" | "exprs" => return Ok(Some(Value::list(self.columns.clone()))),
            "c" | "columns" => {}
            _ => return Ok(None),
        }
        let mut columns = Vec::with_capacity(self.columns.len());
        for column in &self.columns {
            let key = expression::expect(vm, column)?.proxy_key();
            columns.push((key.unwrap_or_else(|| "".into()), column.clone()));
        }
        Ok(Some(expression::collection(columns)))
    }
}
