//! The compiler's state, its entry point, and the last pass that spells parameters.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::CompileOptions;
use super::binds::Mark;
use super::compiled::{Compiled, DmlInfo, Param, ResultColumn, Source, StatementKind};
use super::cte::CteEntry;
use super::names::{AnonMap, OPEN};
use crate::cache::Key;
use crate::dialect::{Dialect, Paramstyle};
use crate::error::Result;
use crate::expr::Expr;
use crate::from::FromClause;
use crate::name::Name;
use crate::select::Query;
use crate::statement::Statement;
use crate::types::Type;

/// The state of one compilation.
pub(super) struct Compiler<'a> {
    pub(super) dialect: Dialect,
    pub(super) options: &'a CompileOptions,
    pub(super) anon: AnonMap,
    pub(super) params: Vec<Param>,
    /// The place of each parameter, by name.
    pub(super) param_names: FxHashMap<Rc<str>, usize>,
    /// Where each bound parameter of the tree went, by node.
    pub(super) param_of: FxHashMap<usize, usize>,
    /// The walk position of each bound parameter, by node.
    pub(super) walk: FxHashMap<usize, usize>,
    pub(super) stack: Vec<Level>,
    pub(super) columns: Vec<ResultColumn>,
    pub(super) columns_ordered: bool,
    pub(super) ctes: Vec<CteEntry>,
    pub(super) dml: Option<DmlInfo>,
    pub(super) insert_split: Option<InsertSplit>,
    pub(super) cacheable: bool,
    /// Parameters of the compiler's own making, the same in each compilation.
    pub(super) constants: Vec<usize>,
}

/// Where the VALUES row of an INSERT stands in the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct InsertSplit {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) ordered: bool,
    pub(super) counter: bool,
}

/// A statement that is being written, and what those inside it may correlate to.
#[derive(Clone, Debug, Default)]
pub(super) struct Level {
    /// FROM objects of this and all enclosing statements.
    pub(super) correlate: Vec<FromClause>,
    /// FROM objects of this statement alone.
    pub(super) asfrom: Vec<FromClause>,
    /// Whether results of parts of a UNION are those of the whole.
    pub(super) need_result_map: bool,
    /// Columns that ORDER BY and GROUP BY may name.
    pub(super) labels: Vec<Expr>,
    /// FROM objects whose columns they may name too.
    pub(super) froms: Vec<FromClause>,
    /// Whether this is a SELECT or UNION, where labels can be named at all.
    pub(super) has_labels: bool,
}

/// What the place of an expression means for its text.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "flags handed down the tree")]
pub(super) struct Cx {
    /// Inside the columns clause, where labels print with AS.
    pub(super) columns: bool,
    /// Inside a label already.
    pub(super) label: bool,
    /// Columns print without their table.
    pub(super) bare: bool,
    /// Values are written out.
    pub(super) literal: bool,
    /// The label that prints as its name only.
    pub(super) label_only: Option<usize>,
    /// In a FROM clause.
    pub(super) asfrom: bool,
    /// Position in a UNION.
    pub(super) compound: Option<usize>,
    /// Inside `INSERT … SELECT`.
    pub(super) insert_into: bool,
    /// A LATERAL subquery.
    pub(super) lateral: bool,
    /// Values are written out when executed.
    pub(super) literal_execute: bool,
    /// Values of columns are parameters of their own names: in CTEs and DO UPDATE SET.
    pub(super) own_names: bool,
    /// Inside what a type's `bind_expression` made.
    pub(super) skip_wrap: bool,
    /// In ON DUPLICATE KEY UPDATE, where columns of the new row print as `VALUES(name)`.
    pub(super) inserted: bool,
    /// Inside an operator.
    pub(super) in_operator: bool,
    /// Operators inside others stand in parentheses.
    pub(super) eager_grouping: bool,
}

pub(super) fn compile(
    statement: &Statement,
    dialect: &Dialect,
    options: &CompileOptions,
    key: &Key,
) -> Result<Compiled> {
    let mut walk = FxHashMap::default();
    for (at, bind) in key.binds().iter().enumerate() {
        walk.entry(bind.id()).or_insert(at);
    }
    let mut compiler = Compiler {
        dialect: *dialect,
        options,
        anon: AnonMap::default(),
        params: Vec::new(),
        param_names: FxHashMap::default(),
        param_of: FxHashMap::default(),
        walk,
        stack: Vec::new(),
        columns: Vec::new(),
        columns_ordered: true,
        ctes: Vec::new(),
        dml: None,
        insert_split: None,
        cacheable: true,
        constants: Vec::new(),
    };
    let mut out = String::with_capacity(256);
    let cx = Cx { literal: options.literal_binds, ..Cx::default() };
    let kind = match statement {
        Statement::Query(query) => {
            compiler.query(query, cx, &mut out)?;
            StatementKind::Select
        }
        Statement::Insert(insert) => {
            compiler.insert(insert, cx, &mut out)?;
            StatementKind::Insert
        }
        Statement::Update(update) => {
            compiler.update(update, cx, &mut out)?;
            StatementKind::Update
        }
        Statement::Delete(delete) => {
            compiler.delete(delete, cx, &mut out)?;
            StatementKind::Delete
        }
        Statement::Text(text) => {
            compiler.text(text, cx, &mut out)?;
            StatementKind::Text
        }
        Statement::Ddl(ddl) => {
            compiler.ddl(ddl, &mut out)?;
            compiler.cacheable = false;
            StatementKind::Ddl
        }
        Statement::Expr(expr) => {
            compiler.expr(expr, cx, &mut out)?;
            StatementKind::Expression
        }
        Statement::From(from) => {
            compiler.alone(from, cx, &mut out)?;
            StatementKind::Expression
        }
    };
    let compiled = compiler.finish(kind, out)?;
    if options.render_postcompile && compiled.has_postcompile {
        return super::binds::expanded(&compiled, key.binds());
    }
    Ok(compiled)
}

impl Compiler<'_> {
    /// Spell parameters, and put everything together.
    fn finish(mut self, kind: StatementKind, text: String) -> Result<Compiled> {
        let mut positions = Vec::new();
        let split = self.insert_split.take();
        let sql = match split {
            Some(split) => {
                let head = self.spell(text.get(..split.start).unwrap_or_default(), &mut positions);
                let before = positions.len();
                let row = self
                    .spell(text.get(split.start..split.end).unwrap_or_default(), &mut positions);
                let row_params = positions.len() - before;
                let tail = self.spell(text.get(split.end..).unwrap_or_default(), &mut positions);
                let sql = format!("{head}{row}{tail}");
                if let Some(dml) = &mut self.dml {
                    dml.insert_many = Some(super::InsertMany {
                        head: head.into(),
                        row: row.into(),
                        tail: tail.into(),
                        row_params,
                        ordered: split.ordered,
                        counter: split.counter,
                    });
                }
                sql
            }
            None => self.spell(&text, &mut positions),
        };
        let has_postcompile =
            self.params.iter().any(|param| param.expanding || param.literal_execute);
        let fixed = self.params.iter().any(|param| match &param.source {
            Source::Fixed(expr) => !self.constants.contains(&expr.id()),
            _ => false,
        });
        Ok(Compiled {
            kind,
            sql: sql.into(),
            dialect: self.dialect,
            params: self.params,
            positions,
            columns: self.columns,
            columns_ordered: self.columns_ordered,
            has_postcompile,
            dml: self.dml,
            cacheable: self.cacheable && !fixed && !self.options.literal_binds,
        })
    }

    /// Turn the marks of parameters into placeholders, noting their order.
    fn spell(&self, text: &str, positions: &mut Vec<usize>) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, at, after)) = Mark::next(rest) {
            out.push_str(before);
            rest = after;
            let Some(param) = self.params.get(at) else { continue };
            if param.expanding || param.literal_execute {
                out.push_str("__[POSTCOMPILE_");
                out.push_str(&param.shown_name());
                out.push(']');
            } else {
                let name = param.spelled(&self.dialect);
                placeholder(self.dialect.paramstyle(), &name, positions.len() + 1, &mut out);
            }
            positions.push(at);
        }
        out.push_str(rest);
        out
    }

    /// Append an identifier, a template among them.
    pub(super) fn name(&mut self, name: &Name, out: &mut String) {
        if name.text.contains(OPEN) {
            let text = self.anon.resolve_within(&name.text, self.label_length());
            self.dialect.write_name(&Name::quoted(text, name.quote), out);
        } else {
            self.dialect.write_name(name, out);
        }
    }

    pub(super) fn label_length(&self) -> usize {
        self.dialect.caps().max_identifier
    }

    /// An identifier's text without quotes.
    pub(super) fn plain_name(&mut self, name: &Name) -> Rc<str> {
        self.anon.resolve_within(&name.text, self.label_length())
    }

    /// Note a column of the result.
    pub(super) fn add_result(&mut self, name: Rc<str>, expr: Option<Expr>, ty: Type) -> Result<()> {
        if ty.kind() == crate::types::TypeKind::TupleType {
            return Err(crate::Error::compile(
                "Most backends don't support SELECTing from a tuple() object.  If this is an ORM \
                 query, consider using the Bundle object.",
            ));
        }
        if name.is_empty() || &*name == "*" {
            self.columns_ordered = false;
        }
        let processor = ty.result_processor(&self.dialect)?;
        self.columns.push(ResultColumn { key: name.clone(), name, expr, ty, processor });
        Ok(())
    }

    /// Whether a query at this place gives the statement's result.
    pub(super) fn is_result(&self, cx: Cx) -> bool {
        match self.stack.last() {
            None => true,
            Some(level) => level.need_result_map && cx.compound.unwrap_or(0) == 0,
        }
    }

    /// A query of any sort.
    pub(super) fn query(&mut self, query: &Query, cx: Cx, out: &mut String) -> Result<()> {
        match query {
            Query::Select(select) => self.select(select, cx, out),
            Query::Compound(compound) => self.compound(compound, cx, out),
            Query::Text(text) => self.textual(text, cx, out),
            Query::Values(from) => self.values_body(from, cx, out),
        }
    }
}

/// Append one placeholder.
pub(super) fn placeholder(style: Paramstyle, name: &str, position: usize, out: &mut String) {
    match style {
        Paramstyle::Qmark => out.push('?'),
        Paramstyle::Format => out.push_str("%s"),
        Paramstyle::Named => {
            out.push(':');
            out.push_str(name);
        }
        Paramstyle::Pyformat => {
            out.push_str("%(");
            out.push_str(name);
            out.push_str(")s");
        }
        Paramstyle::NumericDollar => {
            out.push('$');
            out.push_str(&position.to_string());
        }
        Paramstyle::Numeric => {
            out.push(':');
            out.push_str(&position.to_string());
        }
    }
}
