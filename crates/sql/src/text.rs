//! `text()`: SQL of the user, with `:name` parameters.

use std::rc::Rc;

use crate::error::{Error, Result};
use crate::expr::{Bind, BindName, BindValue, Expr, Kind};
use crate::types::Type;
use crate::value::Value;

/// SQL text of the user with the parameters found in it.
#[derive(Clone, Debug)]
pub struct TextClause {
    /// Text between parameters and the parameters themselves, in order.
    pub parts: Rc<[TextPart]>,
    /// One expression for each distinct name, in order of appearance.
    pub binds: Vec<Expr>,
}

/// A piece of user text.
#[derive(Clone, Debug, PartialEq)]
pub enum TextPart {
    /// Printed as it is.
    Raw(Rc<str>),
    /// The parameter of that position in `binds`.
    Bind(usize),
}

impl TextClause {
    /// `text(sql)`
    pub fn new(sql: &str) -> Self {
        let mut parts = Vec::new();
        let mut binds: Vec<Expr> = Vec::new();
        let mut raw = String::new();
        let chars: Vec<char> = sql.chars().collect();
        let at = |i: usize| chars.get(i).copied();
        let mut i = 0;
        while let Some(c) = at(i) {
            let before = i.checked_sub(1).and_then(at);
            let starts = c == ':'
                && !before.is_some_and(|b| b == ':' || b == '\\' || is_word(b))
                && at(i + 1).is_some_and(is_word);
            if c == '\\' && at(i + 1) == Some(':') {
                raw.push(':');
                i += 2;
                continue;
            }
            if !starts {
                raw.push(c);
                i += 1;
                continue;
            }
            let name: String = chars.iter().skip(i + 1).take_while(|c| is_word(**c)).collect();
            let end = i + 1 + name.chars().count();
            if at(end) == Some(':') {
                raw.push(':');
                raw.push_str(&name);
                i = end;
                continue;
            }
            if !raw.is_empty() {
                parts.push(TextPart::Raw(std::mem::take(&mut raw).into()));
            }
            let known = binds.iter().position(|bind| bind_name(bind) == Some(&*name));
            parts.push(TextPart::Bind(known.unwrap_or(binds.len())));
            if known.is_none() {
                binds.push(Expr::bindparam(name.as_str(), Type::null()));
            }
            i = end;
        }
        if !raw.is_empty() {
            parts.push(TextPart::Raw(raw.into()));
        }
        Self { parts: parts.into(), binds }
    }

    /// `text.bindparams(name=value)`
    pub fn bind_value(&self, name: &str, value: Value) -> Result<Self> {
        self.replace(name, |old| {
            let ty = if old.ty().is_null() { Type::for_value(&value) } else { old.ty() };
            Bind::named(name, BindValue::One(value)).expr(ty)
        })
    }

    /// `text.bindparams(bindparam(…))`
    pub fn bind_param(&self, bind: &Expr) -> Result<Self> {
        let name = bind_name(bind).unwrap_or_default().to_owned();
        self.replace(&name, |_| bind.clone())
    }

    fn replace(&self, name: &str, change: impl FnOnce(&Expr) -> Expr) -> Result<Self> {
        let mut copy = self.clone();
        let found = copy.binds.iter_mut().find(|bind| bind_name(bind) == Some(name));
        let Some(slot) = found else {
            return Err(Error::argument(format!(
                "This text() construct doesn't define a bound parameter named {}",
                crate::repr::string(name)
            )));
        };
        *slot = change(slot);
        Ok(copy)
    }

    /// As an expression.
    pub fn expr(self) -> Expr {
        Expr::new(Kind::Text(self), Type::null())
    }
}

impl Expr {
    /// `text(sql)` inside an expression.
    pub fn text(sql: &str) -> Self {
        TextClause::new(sql).expr()
    }
}

fn bind_name(bind: &Expr) -> Option<&str> {
    match &bind.as_bind()?.name {
        BindName::Named(name) | BindName::Anon(name) => Some(name),
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
