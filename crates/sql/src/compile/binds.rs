//! Bound parameters in the text: their names, their marks, and lists that expand at execution.

use std::rc::Rc;

use super::compiled::{Compiled, Param, Rendered, Source, missing};
use super::compiler::{Compiler, Cx, placeholder};
use super::names::{identity, mark};
use crate::dialect::{Dialect, Family};
use crate::error::{Error, Result};
use crate::expr::{Bind, BindName, BindValue, Expr};
use crate::text::{TextClause, TextPart};
use crate::types::{Affinity, Type, TypeKind};
use crate::value::Value;

/// The mark of a parameter inside unfinished text: its number between two characters of no text.
pub(super) struct Mark;

const START: char = '\u{FDD0}';
const END: char = '\u{FDD1}';

impl Mark {
    /// Write the mark of a parameter.
    pub(super) fn write(at: usize, out: &mut String) {
        out.push(START);
        out.push_str(&at.to_string());
        out.push(END);
    }

    /// Text before the next mark, its number, and the rest.
    pub(super) fn next(text: &str) -> Option<(&str, usize, &str)> {
        let (before, after) = text.split_once(START)?;
        let (number, rest) = after.split_once(END)?;
        Some((before, number.parse().ok()?, rest))
    }
}

impl Compiler<'_> {
    /// A bound parameter.
    pub(super) fn bind(&mut self, expr: &Expr, cx: Cx, out: &mut String) -> Result<()> {
        let Some(bind) = expr.as_bind() else { return Ok(()) };
        let ty = expr.ty();
        if let Some(decorator) = ty.decorator().filter(|_| !cx.skip_wrap)
            && let Some(wrapped) = decorator.bind_expression(expr)?
        {
            return self.expr(&wrapped, Cx { skip_wrap: true, ..cx }, out);
        }
        if cx.literal {
            return self.literal_bind(bind, &ty, out);
        }
        let at = self.param(expr, bind, &ty, cx)?;
        if bind.expanding {
            out.push('(');
        }
        let written_out = self.params.get(at).is_some_and(|param| param.literal_execute);
        let cast = if written_out { None } else { self.bind_cast(&ty)? };
        if let (Some(cast), false) = (&cast, bind.expanding) {
            Mark::write(at, out);
            out.push_str(cast);
        } else {
            Mark::write(at, out);
        }
        if let (Some(cast), true, Some(param)) = (cast, bind.expanding, self.params.get_mut(at)) {
            param.wrap = Some(("".into(), cast.into()));
        }
        if bind.expanding {
            out.push(')');
        }
        Ok(())
    }

    /// The cast that PostgreSQL's drivers want after a parameter.
    fn bind_cast(&self, ty: &Type) -> Result<Option<String>> {
        if self.dialect.family() != Family::Postgresql
            || !matches!(self.dialect.driver(), "psycopg" | "asyncpg" | "pg8000")
        {
            return Ok(None);
        }
        Ok(self.cast_name(ty)?.map(|cast| format!("::{cast}")))
    }

    /// The type that such a cast names.
    pub(super) fn cast_name(&self, ty: &Type) -> Result<Option<String>> {
        let ty = ty.on(&self.dialect);
        let cast = match ty.affinity() {
            Affinity::String if matches!(ty.kind(), TypeKind::Enum | TypeKind::ENUM) => {
                return Ok(None);
            }
            Affinity::String => {
                let collation = ty.args().and_then(|args| args.collation.clone());
                match collation {
                    Some(name) => {
                        format!("VARCHAR COLLATE {}", self.dialect.quote_name(&name.into()))
                    }
                    None => "VARCHAR".into(),
                }
            }
            Affinity::Integer
            | Affinity::Date
            | Affinity::Time
            | Affinity::DateTime
            | Affinity::Uuid
            | Affinity::Json
            | Affinity::Array => ty.ddl(&self.dialect)?,
            _ if matches!(ty.kind(), TypeKind::JSONIntIndexType | TypeKind::JSONStrIndexType) => {
                ty.ddl(&self.dialect)?
            }
            _ => return Ok(None),
        };
        Ok(Some(cast))
    }

    /// The number of a parameter, new or known.
    fn param(&mut self, expr: &Expr, bind: &Bind, ty: &Type, cx: Cx) -> Result<usize> {
        if let Some(at) = self.param_of.get(&expr.id()) {
            return Ok(*at);
        }
        let name = self.bind_name(expr, bind, cx);
        if let Some(at) = self.param_names.get(&name).copied() {
            let known = self.params.get(at);
            if let Some(error) = known.and_then(|known| conflict(known, bind, &name)) {
                return Err(error);
            }
            self.param_of.insert(expr.id(), at);
            // The last of one name gives the value.
            let source = self.bind_source(expr, bind);
            if let Some(known) = self.params.get_mut(at).filter(|known| !known.crud) {
                known.source = source;
            }
            return Ok(at);
        }
        let source = self.bind_source(expr, bind);
        let tuple_width = match &bind.value {
            BindValue::Tuples(rows) => rows.first().map_or(0, |row| row.len()),
            _ => ty.args().map_or(0, |args| args.items.len()),
        };
        self.param_names.insert(name.clone(), self.params.len());
        self.params.push(Param {
            name,
            processor: ty.bind_processor(&self.dialect)?,
            ty: ty.clone(),
            source,
            expanding: bind.expanding,
            literal_execute: bind.literal_execute || cx.literal_execute,
            in_negated: bind.in_negated,
            tuple_width,
            wrap: None,
            unique: bind.unique,
            crud: bind.crud && !cx.own_names,
        });
        let at = self.params.len() - 1;
        self.param_of.insert(expr.id(), at);
        Ok(at)
    }

    fn bind_source(&self, expr: &Expr, bind: &Bind) -> Source {
        match (self.walk.get(&expr.id()), &bind.value) {
            (Some(at), _) => Source::Walk(*at),
            (None, BindValue::Required) => Source::Required,
            (None, _) => Source::Fixed(expr.clone()),
        }
    }

    fn bind_name(&mut self, expr: &Expr, bind: &Bind, cx: Cx) -> Rc<str> {
        match &bind.name {
            _ if bind.crud && cx.own_names => {
                let template = mark(&identity(expr), "param");
                self.anon.resolve_within(&template, self.label_length())
            }
            BindName::Named(name) if bind.unique && !bind.crud => {
                let template = mark(&identity(expr), &sanitized(name));
                self.anon.resolve_within(&template, self.label_length())
            }
            BindName::Named(name) => name.clone(),
            BindName::Anon(base) => {
                let template = mark(&identity(expr), &sanitized(base));
                self.anon.resolve_within(&template, self.label_length())
            }
        }
    }

    /// A parameter for a column's value that the execution gives or a default makes.
    pub(super) fn column_param(
        &mut self,
        name: Rc<str>,
        ty: Type,
        source: Source,
        out: &mut String,
    ) -> Result<()> {
        let at = match self.param_names.get(&name).copied() {
            Some(at) => at,
            None => {
                self.param_names.insert(name.clone(), self.params.len());
                self.params.push(Param {
                    name,
                    processor: ty.bind_processor(&self.dialect)?,
                    ty: ty.clone(),
                    source,
                    expanding: false,
                    literal_execute: false,
                    in_negated: false,
                    tuple_width: 0,
                    wrap: None,
                    unique: false,
                    crud: true,
                });
                self.params.len() - 1
            }
        };
        Mark::write(at, out);
        if let Some(cast) = self.bind_cast(&ty)? {
            out.push_str(&cast);
        }
        Ok(())
    }

    /// A parameter's value written into the text.
    fn literal_bind(&mut self, bind: &Bind, ty: &Type, out: &mut String) -> Result<()> {
        match &bind.value {
            BindValue::One(Value::Null) | BindValue::Required
                if !matches!(ty.kind(), TypeKind::JSON | TypeKind::JSONB) =>
            {
                out.push_str("NULL");
                Ok(())
            }
            BindValue::One(value) => {
                out.push_str(&literal_value(value, ty, &self.dialect)?);
                Ok(())
            }
            BindValue::Required => Ok(()),
            values => {
                out.push('(');
                let width = ty.args().map_or(1, |args| args.items.len().max(1));
                literal_list(values, ty, width, bind.in_negated, &self.dialect, out)?;
                out.push(')');
                Ok(())
            }
        }
    }

    /// `text()`
    pub(super) fn text(&mut self, text: &TextClause, cx: Cx, out: &mut String) -> Result<()> {
        for part in text.parts.iter() {
            match part {
                TextPart::Raw(raw) if self.dialect.doubles_percent() => {
                    out.push_str(&raw.replace('%', "%%"));
                }
                TextPart::Raw(raw) => out.push_str(raw),
                TextPart::Bind(at) => {
                    if let Some(bind) = text.binds.get(*at) {
                        self.bind(&bind.clone(), cx, out)?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// Two parameters of one name that cannot be one.
fn conflict(known: &Param, bind: &Bind, name: &str) -> Option<Error> {
    if known.unique || bind.unique {
        return Some(Error::compile(format!(
            "Bind parameter '{name}' conflicts with unique bind parameter of the same name"
        )));
    }
    if known.expanding != bind.expanding {
        return Some(Error::compile(format!(
            "Can't reuse bound parameter name '{name}' in both 'expanding' (e.g. within an IN \
             expression) and non-expanding contexts.  If this parameter is to receive a list/array \
             value, set 'expanding=True' on it for expressions that aren't IN, otherwise use a \
             different parameter name."
        )));
    }
    if known.crud != bind.crud {
        return Some(Error::compile(format!(
            "bindparam() name '{name}' is reserved for automatic usage in the VALUES or SET clause \
             of this insert/update statement.   Please use a name other than column name when using \
             bindparam() with insert() or update() (for example, 'b_{name}')."
        )));
    }
    None
}

fn sanitized(base: &str) -> String {
    let odd = |c: char| matches!(c, '%' | '(' | ')' | ' ' | '$');
    if !base.contains(odd) {
        return base.trim_matches('_').to_owned();
    }
    let mut out = String::new();
    let mut last = false;
    for c in base.chars() {
        if !odd(c) {
            out.push(c);
        } else if !last {
            out.push('_');
        }
        last = odd(c);
    }
    out.trim_matches('_').to_owned()
}

/// A value as SQL text, or the error SQLAlchemy raises.
pub(super) fn literal_value(value: &Value, ty: &Type, dialect: &Dialect) -> Result<String> {
    let failed = |why: &str| {
        Error::compile(format!(
            "{why} literal value \"{}\" with datatype {}{}",
            value.repr(),
            ty.ddl(&Dialect::default_dialect()).unwrap_or_else(|_| "NULL".into()),
            if why.starts_with("Could") { "; see parent stack trace for more detail." } else { "" }
        ))
    };
    match ty.literal(value, dialect) {
        Ok(Some(text)) => Ok(text),
        Ok(None) if ty.is_null() || ty.affinity() == Affinity::Json => {
            Err(failed("No literal value renderer is available for"))
        }
        Ok(None) => Err(failed("Could not render")),
        Err(_) => Err(failed("Could not render")),
    }
}

/// The inside of an IN list whose values are written out.
fn literal_list(
    values: &BindValue,
    ty: &Type,
    width: usize,
    negated: bool,
    dialect: &Dialect,
    out: &mut String,
) -> Result<()> {
    let item = |at: usize| ty.args().and_then(|args| args.items.get(at)).cloned();
    match values {
        BindValue::Many(list) if !list.is_empty() => {
            for (at, value) in list.iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                out.push_str(&literal_value(value, ty, dialect)?);
            }
        }
        BindValue::Tuples(rows) if !rows.is_empty() => {
            if dialect.caps().tuple_in_values {
                out.push_str("VALUES ");
            }
            for (at, row) in rows.iter().enumerate() {
                out.push_str(if at > 0 { ", (" } else { "(" });
                for (column, value) in row.iter().enumerate() {
                    if column > 0 {
                        out.push_str(", ");
                    }
                    let ty = item(column).unwrap_or_else(|| Type::for_value(value));
                    out.push_str(&literal_value(value, &ty, dialect)?);
                }
                out.push(')');
            }
        }
        _ => empty_list(negated, width, ty, dialect, out),
    }
    Ok(())
}

/// What stands in the parentheses of an empty IN: no row for IN, every row for NOT IN.
fn empty_list(negated: bool, width: usize, ty: &Type, dialect: &Dialect, out: &mut String) {
    let _ = ty;
    if dialect.family() == Family::Sqlite {
        let ones = vec!["1"; width.max(1)].join(", ");
        out.push_str(&format!("SELECT {ones} FROM (SELECT {ones}) WHERE 1!=1"));
        return;
    }
    if width > 1 {
        out.push('(');
        out.push_str(&vec!["NULL"; width].join(", "));
        out.push_str(if negated { ")) OR (1 = 1" } else { ")) AND (1 != 1" });
    } else {
        out.push_str(if negated { "NULL) OR (1 = 1" } else { "NULL) AND (1 != 1" });
    }
}

/// Finish a text whose parameters expand: `IN (?, ?, ?)`.
pub(super) fn expand(
    compiled: &Compiled,
    binds: &[Expr],
    given: &dyn Fn(&str) -> Option<Value>,
) -> Result<Rendered> {
    let filler = Filler { compiled, shown: false, values: Vec::new(), names: Vec::new() };
    fill(filler, binds, given)
}

fn fill(
    mut filler: Filler<'_>,
    binds: &[Expr],
    given: &dyn Fn(&str) -> Option<Value>,
) -> Result<Rendered> {
    let compiled = filler.compiled;
    let positional = compiled.dialect.paramstyle().is_positional();
    let mut sql = String::with_capacity(compiled.sql.len() + 32);
    let mut rest: &str = &compiled.sql;
    let mut seen: Vec<usize> = Vec::new();
    for at in compiled.positions.iter().copied() {
        let Some(param) = compiled.params.get(at) else { continue };
        let mut own = String::new();
        if param.expanding || param.literal_execute {
            own.push_str("__[POSTCOMPILE_");
            own.push_str(&param.shown_name());
            own.push(']');
        } else {
            let name = param.spelled(&compiled.dialect);
            placeholder(compiled.dialect.paramstyle(), &name, 0, &mut own);
        }
        let numbered = matches!(
            compiled.dialect.paramstyle(),
            crate::dialect::Paramstyle::NumericDollar | crate::dialect::Paramstyle::Numeric
        );
        let plain = !(param.expanding || param.literal_execute);
        let found = if plain && numbered {
            number_at(rest)
        } else {
            rest.find(&own).map(|start| (start, start + own.len()))
        };
        let Some((start, end)) = found else { continue };
        sql.push_str(rest.get(..start).unwrap_or_default());
        rest = rest.get(end..).unwrap_or_default();
        let value = compiled.value_of(param, binds, given)?;
        let repeated = !positional && seen.contains(&at);
        seen.push(at);
        filler.write(param, &value, repeated, &mut sql)?;
    }
    sql.push_str(rest);
    Ok(Rendered { sql: sql.into(), values: filler.values, names: filler.names })
}

/// The same statement with its lists written out, for `render_postcompile`.
pub(super) fn expanded(compiled: &Compiled, binds: &[Expr]) -> Result<Compiled> {
    let filler = Filler { compiled, shown: true, values: Vec::new(), names: Vec::new() };
    let rendered = fill(filler, binds, &|_| None)?;
    let mut out = compiled.clone();
    out.sql = rendered.sql;
    out.has_postcompile = false;
    out.cacheable = false;
    out.params.clear();
    out.positions.clear();
    for (name, value) in rendered.names.into_iter().zip(rendered.values) {
        let known = compiled.params.iter().find(|param| {
            param.name == name || (param.expanding && name.starts_with(&*param.name))
        });
        let Some(known) = known else { continue };
        let source = if known.expanding {
            Source::Fixed(Bind::named(name.clone(), BindValue::One(value)).expr(Type::null()))
        } else {
            known.source.clone()
        };
        out.positions.push(out.params.len());
        out.params.push(Param { name, source, expanding: false, ..known.clone() });
    }
    Ok(out)
}

/// The next `$1` or `:1`.
fn number_at(text: &str) -> Option<(usize, usize)> {
    let start = text.find(['$', ':'])?;
    let digits = text.get(start + 1..)?.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 {
        let (before, end) = number_at(text.get(start + 1..)?)?;
        return Some((before + start + 1, end + start + 1));
    }
    Some((start, start + 1 + digits))
}

/// The values collected while a text is finished.
struct Filler<'a> {
    compiled: &'a Compiled,
    /// Whether the text is only shown: values stay as given.
    shown: bool,
    values: Vec<Value>,
    names: Vec<Rc<str>>,
}

impl Filler<'_> {
    fn write(
        &mut self,
        param: &Param,
        value: &BindValue,
        repeated: bool,
        out: &mut String,
    ) -> Result<()> {
        let dialect = &self.compiled.dialect;
        if param.literal_execute {
            return match value {
                BindValue::One(value) => {
                    out.push_str(&literal_value(value, &param.ty, dialect)?);
                    Ok(())
                }
                BindValue::Required => Err(missing(&param.name)),
                list => literal_list(
                    list,
                    &param.ty,
                    param.tuple_width.max(1),
                    param.in_negated,
                    dialect,
                    out,
                ),
            };
        }
        match value {
            BindValue::One(value) => {
                let name = param.name.clone();
                self.one(param, value, name, repeated, out)
            }
            BindValue::Required => Err(missing(&param.name)),
            BindValue::Many(list) if !list.is_empty() => {
                for (at, value) in list.iter().enumerate() {
                    if at > 0 {
                        out.push_str(", ");
                    }
                    let name = format!("{}_{}", param.name, at + 1).into();
                    self.one(param, value, name, repeated, out)?;
                }
                Ok(())
            }
            BindValue::Tuples(rows) if !rows.is_empty() => {
                if dialect.caps().tuple_in_values {
                    out.push_str("VALUES ");
                }
                for (at, row) in rows.iter().enumerate() {
                    out.push_str(if at > 0 { ", (" } else { "(" });
                    for (column, value) in row.iter().enumerate() {
                        if column > 0 {
                            out.push_str(", ");
                        }
                        let name = format!("{}_{}_{}", param.name, at + 1, column + 1).into();
                        self.item(param, column, value, name, repeated, out)?;
                    }
                    out.push(')');
                }
                Ok(())
            }
            _ => {
                empty_list(param.in_negated, param.tuple_width.max(1), &param.ty, dialect, out);
                Ok(())
            }
        }
    }

    fn item(
        &mut self,
        param: &Param,
        column: usize,
        value: &Value,
        name: Rc<str>,
        repeated: bool,
        out: &mut String,
    ) -> Result<()> {
        let ty = param.ty.args().and_then(|args| args.items.get(column)).cloned();
        let processor = match ty {
            Some(ty) => ty.bind_processor(&self.compiled.dialect)?,
            None => None,
        };
        let item = Param { processor, ..param.clone() };
        self.one(&item, value, name, repeated, out)
    }

    fn one(
        &mut self,
        param: &Param,
        value: &Value,
        name: Rc<str>,
        repeated: bool,
        out: &mut String,
    ) -> Result<()> {
        let style = self.compiled.dialect.paramstyle();
        placeholder(style, &name, self.values.len() + 1, out);
        if let Some((_, after)) = param.wrap.as_ref().filter(|_| param.expanding) {
            out.push_str(after);
        }
        if repeated {
            return Ok(());
        }
        self.values.push(match &param.processor {
            Some(processor) if !self.shown => processor.bind(value, &self.compiled.dialect)?,
            _ => value.clone(),
        });
        self.names.push(name);
        Ok(())
    }
}
