//! `URL` and `make_url`.

use std::rc::Rc;

use indexmap::IndexMap;
use vidro_engine::Url;
use vidro_engine::url::QueryValue;
use vidro_python::{Args, Class, ClassBuilder, Compare, Object, Raise, Str, Value, Vm};

use vidro_sql::dialect::Dialect;

use crate::expression::dialect_class;
use crate::{exc, value};

/// A URL as Python sees it.
#[derive(Debug)]
pub(crate) struct UrlObject {
    /// The URL.
    pub(crate) url: Url,
}

pub(super) fn define(vm: &mut Vm) {
    ClassBuilder::new("sqlalchemy.engine.url", "URL")
        .class_method("create", create)
        .method("render_as_string", render)
        .method("set", set)
        .method("get_backend_name", |vm, args| Ok(Value::from(this(vm, &args)?.url.backend_name())))
        .method("get_driver_name", |vm, args| Ok(Value::from(this(vm, &args)?.url.driver_name())))
        .method("get_dialect", get_dialect)
        .method("update_query_dict", update_query_dict)
        .method("update_query_pairs", update_query_pairs)
        .method("update_query_string", |vm, mut args| {
            let append = value::flag(vm, args.take_keyword("append"))?;
            let this = this(vm, &args)?;
            let text = value::text(vm, &args.at(1))?;
            Ok(Value::object(UrlObject { url: this.url.update_query_string(&text, append) }))
        })
        .method("difference_update_query", |vm, args| {
            let this = this(vm, &args)?;
            let names = value::strings(vm, &args.at(1))?;
            let names: Vec<&str> = names.iter().map(|name| &**name).collect();
            Ok(Value::object(UrlObject { url: this.url.difference_update_query(&names) }))
        })
        .build(vm);
}

/// `make_url(text)`
pub(super) fn make_url(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let url = url_of(vm, &args.at(0))?;
    Ok(Value::object(UrlObject { url }))
}

/// The URL that a string or `URL` means.
pub(super) fn url_of(vm: &mut Vm, given: &Value) -> Result<Url, Raise> {
    if let Some(object) = given.downcast_ref::<UrlObject>() {
        return Ok(object.url.clone());
    }
    match given.as_str() {
        Some(text) => Url::parse(&text).map_err(|error| exc::from_engine(vm, &error)),
        None => {
            let shown = vm.repr(given)?;
            Err(exc::argument(vm, format!("Expected string or URL object, got {shown}")))
        }
    }
}

/// `url.get_dialect()`: what makes the dialect of the URL when it is called.
fn get_dialect(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let object = this(vm, &args)?;
    let (name, driver) = match object.url.drivername.split_once('+') {
        Some((name, driver)) => (name, Some(driver)),
        None => (object.url.drivername.as_str(), None),
    };
    let dialect = Dialect::for_url(name, driver).map_err(|e| exc::from_sql(vm, &e))?;
    Ok(dialect_class(dialect))
}

fn this(vm: &mut Vm, args: &Args) -> Result<Rc<UrlObject>, Raise> {
    args.this::<UrlObject>(vm)
}

fn change(vm: &mut Vm, url: &mut Url, name: &str, given: &Value) -> Result<(), Raise> {
    let text = given.as_str().map(|text| text.to_string());
    let optional = given.is_none() && name != "drivername";
    if matches!(name, "drivername" | "username" | "host" | "database")
        && text.is_none()
        && !optional
    {
        return Err(vm.type_error(format!("{name} must be a string")));
    }
    match name {
        "drivername" => url.drivername = text.unwrap_or_default(),
        "username" => url.username = text,
        "password" => url.password = text,
        "host" => url.host = text,
        "port" => {
            url.port = match (given.as_int(), &text, given) {
                (None, None, Value::None) => None,
                (Some(port), _, _) => Some(port),
                _ => value::builtin(vm, "int").map_or(Ok(None), |int| {
                    vm.call(&int, Args::from([given.clone()])).map(|port| port.as_int())
                })?,
            };
        }
        "database" => url.database = text,
        "query" => url.query = query(vm, given)?,
        _ => {
            return Err(
                vm.type_error(format!("URL.create() got an unexpected keyword argument '{name}'"))
            );
        }
    }
    Ok(())
}

fn query(vm: &mut Vm, given: &Value) -> Result<IndexMap<String, QueryValue>, Raise> {
    let mut out = IndexMap::new();
    if given.is_none() {
        return Ok(out);
    }
    for (key, given) in value::items(vm, given)? {
        let key = value::text(vm, &key)?.to_string();
        let found = match given.as_str() {
            Some(text) => QueryValue::One(text.to_string()),
            None => {
                let all = value::strings(vm, &given)?;
                QueryValue::Many(all.iter().map(|text| text.to_string()).collect())
            }
        };
        out.insert(key, found);
    }
    Ok(out)
}

fn create(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    const NAMES: &[&str] =
        &["drivername", "username", "password", "host", "port", "database", "query"];
    let mut url = Url::default();
    for (name, given) in NAMES.iter().zip(args.positional.iter().skip(1)) {
        change(vm, &mut url, name, given)?;
    }
    for (name, given) in &args.keywords {
        change(vm, &mut url, name, given)?;
    }
    Ok(Value::object(UrlObject { url }))
}

fn set(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let mut url = this(vm, &args)?.url.clone();
    for (name, given) in &args.keywords {
        change(vm, &mut url, name, given)?;
    }
    Ok(Value::object(UrlObject { url }))
}

fn render(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [this, hide] = args.bind(vm, "render_as_string(self, hide_password=)")?;
    let hide = match hide {
        Some(hide) => vm.truth(&hide)?,
        None => true,
    };
    let this = this.unwrap_or_default();
    let url = this.downcast_ref::<UrlObject>().map(|object| object.url.render(hide));
    Ok(Value::from(url.unwrap_or_default()))
}

fn update_query_dict(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    let append = value::flag(vm, args.take_keyword("append"))?;
    let this = this(vm, &args)?;
    let mut pairs = Vec::new();
    for (key, found) in query(vm, &args.at(1))? {
        for one in found.as_slice() {
            pairs.push((key.clone(), one.clone()));
        }
    }
    Ok(Value::object(UrlObject { url: this.url.update_query(&pairs, append) }))
}

fn update_query_pairs(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    let append = value::flag(vm, args.take_keyword("append"))?;
    let this = this(vm, &args)?;
    let mut pairs = Vec::new();
    for pair in vm.collect(&args.at(1))? {
        if let [key, one] = value::strings(vm, &pair)?.as_slice() {
            pairs.push((key.to_string(), one.to_string()));
        }
    }
    Ok(Value::object(UrlObject { url: this.url.update_query(&pairs, append) }))
}

impl Object for UrlObject {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class("sqlalchemy.engine.url.URL")
    }

    fn get_attribute(self: Rc<Self>, _: &mut Vm, name: &str) -> Result<Option<Value>, Raise> {
        let text = |text: &Option<String>| {
            Some(text.as_ref().map_or(Value::None, |text| Value::from(text.as_str())))
        };
        Ok(match name {
            "drivername" => Some(Value::from(self.url.drivername.as_str())),
            "username" => text(&self.url.username),
            "password" => text(&self.url.password),
            "host" => text(&self.url.host),
            "port" => Some(self.url.port.map_or(Value::None, Value::Int)),
            "database" => text(&self.url.database),
            "query" => {
                let found = |found: &QueryValue| match found {
                    QueryValue::One(text) => Value::from(text.as_str()),
                    QueryValue::Many(all) => {
                        Value::tuple(all.iter().map(|text| Value::from(text.as_str())).collect())
                    }
                };
                Some(Value::dict(self.url.query.iter().map(|(key, v)| (key.as_str(), found(v)))))
            }
            _ => None,
        })
    }

    fn compare(self: Rc<Self>, _: &mut Vm, by: Compare, other: &Value) -> Result<Value, Raise> {
        let same = other.downcast_ref::<Self>().is_some_and(|other| other.url == self.url);
        Ok(match by {
            Compare::Equal => Value::Bool(same),
            Compare::NotEqual => Value::Bool(!same),
            _ => Value::NotImplemented,
        })
    }

    fn repr(&self, _: &mut Vm) -> Result<Str, Raise> {
        Ok(self.url.render(true).into())
    }

    fn str(&self, _: &mut Vm) -> Result<Str, Raise> {
        Ok(self.url.render(true).into())
    }
}
