//! `sessionmaker` and `scoped_session`: what makes sessions and keeps one at hand.

use std::cell::RefCell;
use std::rc::Rc;

use vidro_python::{Args, Class, ClassBuilder, Object, Raise, Str, Value, Vm};

use super::{TransactionObject, session_id};
use crate::world::with_orm;
use crate::{exc, ext};

/// `sessionmaker(engine, …)`
#[derive(Debug)]
struct MakerObject {
    defaults: RefCell<Vec<(Str, Value)>>,
    class: Value,
}

/// `scoped_session(factory)`: one session for the one thread there is.
#[derive(Debug)]
struct ScopedObject {
    factory: Value,
    current: RefCell<Option<Value>>,
}

pub(super) fn define(vm: &mut Vm) {
    ClassBuilder::new("sqlalchemy.orm.session", "sessionmaker")
        .constructor(construct)
        .method("configure", configure)
        .method("begin", begin)
        .build(vm);
    ClassBuilder::new("sqlalchemy.orm.scoping", "scoped_session")
        .constructor(|_, args| {
            Ok(Value::object(ScopedObject { factory: args.at(1), current: RefCell::new(None) }))
        })
        .method("remove", remove)
        .method("configure", configure_scoped)
        .method("query_property", |vm, mut args| {
            let class = args.take_keyword("query_cls").or_else(|| args.get(1).cloned());
            let given = Args::from(vec![args.at(0), class.unwrap_or_default()]);
            ext::call(vm, ext::SCOPING, "QueryProperty", given)
        })
        .method("_has", |vm, args| {
            Ok(Value::Bool(args.this::<ScopedObject>(vm)?.current.borrow().is_some()))
        })
        .method("_set", |vm, args| {
            let this = args.this::<ScopedObject>(vm)?;
            *this.current.borrow_mut() = Some(args.at(1)).filter(|given| !given.is_none());
            Ok(Value::None)
        })
        .build(vm);
    ClassBuilder::new("sqlalchemy.util._collections", "IdentitySet").build(vm);
}

pub(super) fn names(vm: &mut Vm) -> Vec<(&'static str, Value)> {
    vec![
        ("sessionmaker", Value::Class(vm.named_class("sqlalchemy.orm.session.sessionmaker"))),
        ("scoped_session", Value::Class(vm.named_class("sqlalchemy.orm.scoping.scoped_session"))),
    ]
}

fn construct(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    let class = match args.take_keyword("class_") {
        Some(class) => class,
        None => Value::Class(vm.named_class("sqlalchemy.orm.session.Session")),
    };
    let mut defaults = std::mem::take(&mut args.keywords);
    if let Some(bind) = args.get(1) {
        defaults.push(("bind".into(), bind.clone()));
    }
    Ok(Value::object(MakerObject { defaults: RefCell::new(defaults), class }))
}

fn configure(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = args.this::<MakerObject>(vm)?;
    let mut defaults = this.defaults.borrow_mut();
    for (name, given) in args.keywords {
        defaults.retain(|(known, _)| *known != name);
        defaults.push((name, given));
    }
    Ok(Value::None)
}

/// `with Maker.begin() as session`: commits and closes.
fn begin(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let maker = args.at(0);
    let session = vm.call(&maker, Args::none())?;
    let Some(id) = session_id(&session) else { return Ok(session) };
    with_orm(vm, |orm, _| vidro_orm::session::begin(orm, id))?;
    TransactionObject::new(vm, session, id, false, true).map(Value::object)
}

impl Object for MakerObject {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class("sqlalchemy.orm.session.sessionmaker")
    }

    fn is_callable(&self) -> bool {
        true
    }

    fn call(self: Rc<Self>, vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
        let bound = !args.positional.is_empty();
        for (name, given) in self.defaults.borrow().iter() {
            let known = args.keywords.iter().any(|(known, _)| known == name);
            if !(known || bound && &**name == "bind") {
                args.keywords.push((name.clone(), given.clone()));
            }
        }
        vm.call(&self.class, args)
    }

    fn repr(&self, vm: &mut Vm) -> Result<Str, Raise> {
        let defaults = self.defaults.borrow();
        let always =
            [("bind", Value::None), ("autoflush", true.into()), ("expire_on_commit", true.into())];
        let is_always = |name: &str| always.iter().any(|(known, _)| *known == name);
        let mut shown: Vec<(&str, Value)> = Vec::new();
        shown.extend(defaults.iter().map(|(name, given)| (&**name, given.clone())));
        shown.retain(|(name, _)| !is_always(name));
        for (name, otherwise) in always {
            let given = defaults.iter().find(|(known, _)| &**known == name);
            shown.push((name, given.map_or(otherwise, |(_, given)| given.clone())));
        }
        let mut parts = Vec::new();
        for (name, given) in shown {
            parts.push(format!("{name}={}", vm.repr(&given)?));
        }
        Ok(format!("sessionmaker(class_='Session', {})", parts.join(", ")).into())
    }
}

impl ScopedObject {
    fn current(&self, vm: &mut Vm) -> Result<Value, Raise> {
        let known = self.current.borrow().clone();
        match known {
            Some(session) => Ok(session),
            None => {
                let made = vm.call(&self.factory, Args::none())?;
                *self.current.borrow_mut() = Some(made.clone());
                Ok(made)
            }
        }
    }
}

/// `scoped.configure(**options)`: for the sessions that its factory makes from now on.
fn configure_scoped(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    let this = args.this::<ScopedObject>(vm)?;
    let method = vm.get_attribute(&this.factory, "configure")?;
    args.positional.remove(0);
    vm.call(&method, args)
}

fn remove(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let this = args.this::<ScopedObject>(vm)?;
    let session = this.current.borrow_mut().take();
    if let Some(session) = session {
        vm.call_method(&session, "close", Args::none())?;
    }
    Ok(Value::None)
}

impl Object for ScopedObject {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class("sqlalchemy.orm.scoping.scoped_session")
    }

    fn is_callable(&self) -> bool {
        true
    }

    fn call(self: Rc<Self>, vm: &mut Vm, args: Args) -> Result<Value, Raise> {
        if args.is_empty() {
            return self.current(vm);
        }
        if self.current.borrow().is_some() {
            return Err(exc::invalid_request(
                vm,
                "Scoped session is already present; no new arguments may be specified.",
            ));
        }
        let made = vm.call(&self.factory, args)?;
        *self.current.borrow_mut() = Some(made.clone());
        Ok(made)
    }

    fn get_attribute(self: Rc<Self>, vm: &mut Vm, name: &str) -> Result<Option<Value>, Raise> {
        match name {
            "session_factory" => return Ok(Some(self.factory.clone())),
            "registry" => {
                let given = Args::from(vec![Value::Object(self)]);
                return ext::call(vm, ext::SCOPING, "ScopedRegistry", given).map(Some);
            }
            _ => {}
        }
        let session = self.current(vm)?;
        vm.try_attribute(&session, name)
    }

    fn contains(&self, vm: &mut Vm, item: &Value) -> Result<Option<bool>, Raise> {
        let session = self.current(vm)?;
        vm.contains(&session, item).map(Some)
    }
}
