//! `timezone`: fixed offsets from UTC.

use std::rc::Rc;

use super::TimeDelta;
use crate::host::{Args, ClassBuilder, Compare, Object, Raise};
use crate::value::{Class, Str, Value};
use crate::vm::Vm;

/// A fixed offset from UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeZone {
    /// Seconds east of Greenwich.
    pub offset: i64,
    /// A name, if it was given one.
    pub name: Option<Str>,
}

impl TimeZone {
    /// UTC itself.
    pub fn utc() -> Self {
        Self { offset: 0, name: None }
    }

    pub(super) fn delta(&self) -> TimeDelta {
        TimeDelta { microseconds: i128::from(self.offset) * 1_000_000 }
    }

    /// `+02:00`.
    pub(super) fn suffix(&self, separator: &str) -> String {
        let sign = if self.offset < 0 { '-' } else { '+' };
        let seconds = self.offset.abs();
        let mut out = format!("{sign}{:02}{separator}{:02}", seconds / 3600, seconds / 60 % 60);
        if seconds % 60 != 0 {
            out += &format!("{separator}{:02}", seconds % 60);
        }
        out
    }

    pub(super) fn display(&self) -> String {
        match &self.name {
            Some(name) => name.to_string(),
            None if self.offset == 0 => "UTC".into(),
            None => format!("UTC{}", self.suffix(":")),
        }
    }
}

impl Object for TimeZone {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        super::class(vm, "datetime.timezone")
    }

    fn repr(&self, vm: &mut Vm) -> Result<Str, Raise> {
        if self.offset == 0 && self.name.is_none() {
            return Ok("datetime.timezone.utc".into());
        }
        let delta = self.delta().repr(vm)?;
        Ok(match &self.name {
            Some(name) => format!("datetime.timezone({delta}, '{name}')").into(),
            None => format!("datetime.timezone({delta})").into(),
        })
    }

    fn str(&self, _: &mut Vm) -> Result<Str, Raise> {
        Ok(self.display().into())
    }

    fn compare(self: Rc<Self>, _: &mut Vm, by: Compare, other: &Value) -> Result<Value, Raise> {
        Ok(match (by, other.downcast_ref::<Self>()) {
            (Compare::Equal, Some(other)) => Value::Bool(self.offset == other.offset),
            (Compare::NotEqual, Some(other)) => Value::Bool(self.offset != other.offset),
            _ => Value::NotImplemented,
        })
    }

    fn hash(&self, _: &mut Vm) -> Result<u64, Raise> {
        Ok(self.offset.cast_unsigned())
    }
}

fn new(vm: &mut Vm, args: Args) -> Result<Value, Raise> {
    let [_, offset, name] = args.bind(vm, "timezone(cls, offset, name=)")?;
    let Some(delta) = offset.and_then(|offset| offset.downcast::<TimeDelta>()) else {
        return Err(vm.type_error("timezone() argument 1 must be datetime.timedelta"));
    };
    let offset = i64::try_from(delta.microseconds / 1_000_000).unwrap_or(i64::MAX);
    if offset.abs() >= 86_400 {
        return Err(vm.value_error(
            "offset must be a timedelta strictly between -timedelta(hours=24) and \
             timedelta(hours=24).",
        ));
    }
    Ok(Value::object(TimeZone { offset, name: name.and_then(|name| name.as_str()) }))
}

/// `tzinfo` and `timezone`.
pub(super) fn classes(vm: &mut Vm) -> (Rc<Class>, Rc<Class>) {
    let base = ClassBuilder::new("datetime", "tzinfo").build(vm);
    let class = ClassBuilder::new("datetime", "timezone")
        .base(&base)
        .constructor(new)
        .method("utcoffset", |vm, args| Ok(Value::object(args.this::<TimeZone>(vm)?.delta())))
        .method("tzname", |vm, args| Ok(Value::from(args.this::<TimeZone>(vm)?.display())))
        .method("dst", |_, _| Ok(Value::None))
        .build(vm);
    class.set("utc", Value::object(TimeZone::utc()));
    (base, class)
}
