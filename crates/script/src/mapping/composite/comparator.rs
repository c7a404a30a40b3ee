//! `CompositeProperty.Comparator`: what compares a composite in SQL, for classes to redefine.

use std::rc::Rc;

use vidro_python::{Args, ClassBuilder, Compare, Raise, Value, Vm};

use super::CompositeAttribute;
use crate::expression;
use crate::mapping::BundleObject;

const MODULE: &str = "sqlalchemy.orm.descriptor_props";

/// The name under which a comparator keeps its attribute.
const ATTRIBUTE: &str = "_attribute";

pub(super) fn define(vm: &mut Vm) {
    let comparator = ClassBuilder::new(MODULE, "CompositeProperty.Comparator")
        .method("__clause_element__", clause_element)
        .method("__eq__", |vm, args| compare(vm, &args, Compare::Equal))
        .method("__ne__", |vm, args| compare(vm, &args, Compare::NotEqual))
        .method("__lt__", |vm, args| compare(vm, &args, Compare::Less))
        .method("__le__", |vm, args| compare(vm, &args, Compare::LessEqual))
        .method("__gt__", |vm, args| compare(vm, &args, Compare::Greater))
        .method("__ge__", |vm, args| compare(vm, &args, Compare::GreaterEqual))
        .property("expression", clause_element)
        .build(vm);
    let property = ClassBuilder::new(MODULE, "CompositeProperty")
        .attribute("Comparator", Value::Class(comparator))
        .build(vm);
    ClassBuilder::new(MODULE, "Composite").base(&property).build(vm);
}

/// The comparator of an attribute that was given a class for it.
pub(super) fn of(vm: &mut Vm, attribute: &Rc<CompositeAttribute>) -> Result<Option<Value>, Raise> {
    let Some(factory) = attribute.shape.comparator.clone() else { return Ok(None) };
    let comparator = vm.call(&factory, Args::none())?;
    let property = super::super::mapper::property_object(attribute.mapper, &attribute.key);
    vm.set_attribute(&comparator, "prop", property)?;
    vm.set_attribute(&comparator, ATTRIBUTE, Value::Object(attribute.clone()))?;
    Ok(Some(comparator))
}

fn attribute_of(vm: &mut Vm, args: &Args) -> Result<Rc<CompositeAttribute>, Raise> {
    let attribute = vm.get_attribute(&args.at(0), ATTRIBUTE)?;
    Args::from([attribute]).this::<CompositeAttribute>(vm)
}

/// Its columns, as a bundle.
fn clause_element(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let attribute = attribute_of(vm, &args)?;
    let exprs = attribute.exprs(vm)?;
    let columns = exprs.into_iter().map(|expr| expression::object(vm, expr)).collect();
    Ok(Value::object(BundleObject { name: Rc::clone(&attribute.key), columns, single: false }))
}

/// What an operator means that a class does not redefine.
fn compare(vm: &mut Vm, args: &Args, by: Compare) -> Result<Value, Raise> {
    let attribute = attribute_of(vm, args)?;
    let made = attribute.compared(vm, by, &args.at(1))?;
    Ok(expression::object(vm, made))
}
