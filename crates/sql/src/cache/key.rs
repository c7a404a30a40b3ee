//! The key of a statement: its structure as a sequence of numbers, and its bound parameters.

mod expr;

use crate::compile::CompileOptions;
use crate::ddl::Ddl;
use crate::dialect::Dialect;
use crate::dml::{DmlKey, InsertValues, OnConflict};
use rustc_hash::FxHashMap;

use crate::expr::{Expr, Op};
use crate::from::{Alias, AliasKind, AliasName, Element, FromClause, TableValued};
use crate::name::Name;
use crate::select::{Affix, CompoundSelect, Fetch, ForUpdate, Hint, Query, Select};
use crate::statement::Statement;
use crate::text::{TextClause, TextPart};
use crate::types::Type;

/// The structure of a statement as numbers, and its bound parameters in the order of the walk.
#[derive(Clone, Debug, Default)]
pub struct Key {
    tokens: Vec<u64>,
    binds: Vec<Expr>,
    /// FROM objects met so far; the second time only their place is written.
    seen: Vec<usize>,
    /// Where each bound parameter was met first.
    first: FxHashMap<usize, usize>,
    uncacheable: bool,
}

impl Key {
    /// Write the key of a statement, replacing what was there.
    pub fn write(&mut self, statement: &Statement, dialect: &Dialect, options: &CompileOptions) {
        self.tokens.clear();
        self.binds.clear();
        self.seen.clear();
        self.first.clear();
        self.uncacheable = matches!(statement, Statement::Ddl(_));
        self.address(std::ptr::from_ref(dialect.caps()).addr());
        self.code(dialect.paramstyle() as usize);
        self.flags(&[options.for_executemany, options.literal_binds, options.render_postcompile]);
        match &options.column_keys {
            Some(keys) => {
                self.code(keys.len() + 1);
                for key in keys.iter() {
                    self.text(key);
                }
            }
            None => self.code(0),
        }
        for (from, to) in &options.schema_translate {
            self.option_text(from.as_deref());
            self.option_text(to.as_deref());
        }
        self.statement(statement);
    }

    /// The numbers.
    pub fn tokens(&self) -> &[u64] {
        &self.tokens
    }

    /// The bound parameters.
    pub fn binds(&self) -> &[Expr] {
        &self.binds
    }

    /// Take the bound parameters out.
    pub fn take_binds(&mut self) -> Vec<Expr> {
        std::mem::take(&mut self.binds)
    }

    /// Whether two statements are of one structure and bind equal values.
    pub(crate) fn same_values(&self, other: &Self) -> bool {
        let value = |expr: &Expr| expr.as_bind().map(|bind| bind.value.clone());
        self.tokens == other.tokens
            && self.binds.len() == other.binds.len()
            && self.binds.iter().zip(&other.binds).all(|(a, b)| value(a) == value(b))
    }

    /// Whether the structure can be a key at all.
    pub fn is_cacheable(&self) -> bool {
        !self.uncacheable
    }

    fn push(&mut self, token: u64) {
        self.tokens.push(token);
    }

    fn code(&mut self, code: usize) {
        self.push(code as u64);
    }

    fn address(&mut self, address: usize) {
        self.push(address as u64);
    }

    fn flags(&mut self, flags: &[bool]) {
        let token = flags.iter().fold(1, |token, flag| token << 1 | u64::from(*flag));
        self.push(token);
    }

    fn number(&mut self, number: Option<i64>) {
        match number {
            Some(number) => {
                self.push(1);
                self.push(number.cast_unsigned());
            }
            None => self.push(0),
        }
    }

    fn text(&mut self, text: &str) {
        self.code(text.len());
        for chunk in text.as_bytes().chunks(8) {
            let mut word = [0; 8];
            for (slot, byte) in word.iter_mut().zip(chunk) {
                *slot = *byte;
            }
            self.push(u64::from_le_bytes(word));
        }
    }

    fn option_text(&mut self, text: Option<&str>) {
        match text {
            Some(text) => {
                self.push(1);
                self.text(text);
            }
            None => self.push(0),
        }
    }

    fn name(&mut self, name: &Name) {
        self.code(match name.quote {
            None => 0,
            Some(false) => 1,
            Some(true) => 2,
        });
        self.text(name);
    }

    fn option_name(&mut self, name: Option<&Name>) {
        match name {
            Some(name) => self.name(name),
            None => self.push(9),
        }
    }

    fn list(&mut self, exprs: &[Expr]) {
        self.code(exprs.len());
        for expr in exprs {
            self.expr(expr);
        }
    }

    fn option(&mut self, expr: Option<&Expr>) {
        match expr {
            Some(expr) => self.expr(expr),
            None => self.push(u64::MAX),
        }
    }

    fn ty(&mut self, ty: &Type) {
        self.code(ty.kind() as usize);
        let Some(args) = ty.args() else {
            self.push(0);
            return;
        };
        if let Some(decorator) = &args.decorator {
            self.uncacheable |= !decorator.cache_ok();
            self.address(decorator.identity());
            return;
        }
        self.push(1);
        for number in [
            args.length,
            args.precision,
            args.scale,
            args.decimal_return_scale,
            args.dimensions,
            args.display_width,
            args.fsp,
        ] {
            self.number(number);
        }
        self.flags(&[
            args.asdecimal == Some(true),
            args.asdecimal.is_some(),
            args.timezone,
            args.as_uuid == Some(false),
            args.none_as_null,
            args.unsigned,
            args.zerofill,
            args.create_constraint,
        ]);
        for text in [&args.collation, &args.charset, &args.fields, &args.name, &args.schema] {
            self.option_text(text.as_deref());
        }
        if let Some(members) = &args.members {
            self.code(members.names.len());
            for name in &members.names {
                self.text(name);
            }
            self.option_text(members.class_name.as_deref());
        }
        if let Some(codec) = &args.codec {
            self.address(std::rc::Rc::as_ptr(codec).cast::<()>().addr());
        }
        if let Some(item) = &args.item {
            self.ty(item);
        }
        for item in &args.items {
            self.ty(item);
        }
        for (name, other) in &args.variants {
            self.text(name);
            self.ty(other);
        }
    }

    fn op(&mut self, op: &Op) {
        self.push(op.code());
        if let Op::Custom(custom) = op {
            self.text(&custom.text);
            self.number(Some(i64::from(custom.precedence)));
            self.flags(&[custom.is_comparison]);
        }
    }

    fn statement(&mut self, statement: &Statement) {
        match statement {
            Statement::Query(query) => {
                self.push(1);
                self.query(query);
            }
            Statement::Insert(insert) => {
                self.push(2);
                self.insert(insert);
            }
            Statement::Update(update) => {
                self.push(3);
                self.update(update);
            }
            Statement::Delete(delete) => {
                self.push(4);
                self.ctes(&delete.ctes);
                self.affixes(&delete.prefixes);
                self.from(&delete.table);
                self.froms(&delete.using);
                self.list(&delete.where_);
                self.list(&delete.returning);
                self.limit(delete.limit.as_ref());
            }
            Statement::Text(text) => {
                self.push(5);
                self.text_clause(text);
            }
            Statement::Ddl(ddl) => {
                self.push(6);
                if let Ddl::CreateTableAs { query, .. } = ddl {
                    self.query(query);
                }
            }
            Statement::Expr(expr) => {
                self.push(7);
                self.expr(expr);
            }
            Statement::From(from) => {
                self.push(8);
                self.from(from);
            }
        }
    }

    fn table_of(&mut self, from: &FromClause) {
        self.from(from);
        // Columns added to a table after a statement was kept change what it inserts.
        if let FromClause::Table(table) = from {
            self.push(u64::from(table.version()));
        }
    }

    fn insert(&mut self, insert: &crate::dml::Insert) {
        self.ctes(&insert.ctes);
        self.affixes(&insert.prefixes);
        self.table_of(&insert.table);
        self.flags(&[insert.inline, insert.sort_by_parameter_order]);
        match &insert.values {
            InsertValues::None => self.push(0),
            InsertValues::One(row) => {
                self.push(1);
                self.row(row);
            }
            InsertValues::Many(rows) => {
                self.push(2);
                // Every number of rows is a text of its own; SQLAlchemy keeps none.
                self.uncacheable = true;
                self.code(rows.len());
                for row in rows {
                    self.row(row);
                }
            }
            InsertValues::Select { names, query, include_defaults } => {
                self.push(3);
                self.flags(&[*include_defaults]);
                self.code(names.len());
                for key in names {
                    self.dml_key(key);
                }
                self.query(query);
            }
        }
        self.defaults(insert.return_defaults.as_deref());
        self.list(&insert.returning);
        match &insert.on_conflict {
            Some(clause) => self.on_conflict(clause),
            None => self.push(0),
        }
        self.row(&insert.on_duplicate);
    }

    fn update(&mut self, update: &crate::dml::Update) {
        self.ctes(&update.ctes);
        self.affixes(&update.prefixes);
        self.table_of(&update.table);
        self.flags(&[update.ordered]);
        self.row(&update.values);
        self.list(&update.where_);
        self.defaults(update.return_defaults.as_deref());
        self.list(&update.returning);
        self.limit(update.limit.as_ref());
    }

    fn defaults(&mut self, columns: Option<&[crate::schema::Column]>) {
        match columns {
            Some(columns) => {
                self.code(columns.len() + 1);
                for column in columns {
                    self.address(column.id());
                }
            }
            None => self.push(0),
        }
    }

    /// A dialect's LIMIT of an UPDATE or DELETE.
    fn limit(&mut self, limit: Option<&(std::rc::Rc<str>, Expr)>) {
        self.option(limit.map(|(_, limit)| limit));
        if let Some((dialect, _)) = limit {
            self.text(dialect);
        }
    }

    fn on_conflict(&mut self, clause: &OnConflict) {
        self.push(1);
        self.flags(&[clause.postgresql]);
        self.option_text(clause.constraint.as_deref());
        self.list(&clause.elements);
        self.option(clause.index_where.as_ref());
        self.row(&clause.set);
        self.option(clause.where_.as_ref());
    }

    fn row(&mut self, row: &[(DmlKey, Expr)]) {
        self.code(row.len());
        for (key, value) in row {
            self.dml_key(key);
            self.expr(value);
        }
    }

    fn dml_key(&mut self, key: &DmlKey) {
        match key {
            DmlKey::Name(name) => {
                self.push(0);
                self.text(name);
            }
            DmlKey::Column(expr) => {
                self.push(1);
                self.expr(expr);
            }
        }
    }

    fn ctes(&mut self, ctes: &[(FromClause, bool)]) {
        self.code(ctes.len());
        for (cte, nest) in ctes {
            self.flags(&[*nest]);
            self.from(cte);
        }
    }

    fn affixes(&mut self, list: &[Affix]) {
        self.code(list.len());
        for affix in list {
            self.option_text(affix.dialect.as_deref());
            self.expr(&affix.text);
        }
    }

    fn hints(&mut self, list: &[Hint]) {
        self.code(list.len());
        for hint in list {
            self.text(&hint.text);
            self.text(&hint.dialect);
            if let Some(from) = &hint.from {
                self.from(from);
            }
        }
    }

    /// A query.
    fn query(&mut self, query: &Query) {
        match query {
            Query::Select(select) => {
                self.push(1);
                self.select(select);
            }
            Query::Compound(compound) => {
                self.push(2);
                self.compound(compound);
            }
            Query::Text(text) => {
                self.push(3);
                self.text_clause(&text.text);
                self.list(&text.columns);
                self.flags(&[text.positional]);
            }
            Query::Values(from) => {
                self.push(4);
                self.from(from);
            }
        }
    }

    fn select(&mut self, select: &Select) {
        self.ctes(&select.ctes);
        self.affixes(&select.prefixes);
        self.flags(&[select.distinct]);
        self.code(select.label_style as usize);
        self.list(&select.distinct_on);
        self.list(&select.columns);
        self.froms(&select.from);
        self.code(select.joins.len());
        for step in &select.joins {
            self.flags(&[step.outer, step.full, step.left.is_some()]);
            if let Some(left) = &step.left {
                self.from(left);
            }
            self.from(&step.right);
            self.option(step.on.as_ref());
        }
        self.list(&select.where_);
        self.list(&select.group_by);
        self.list(&select.having);
        self.list(&select.order_by);
        self.limits(select.limit.as_ref(), select.offset.as_ref(), select.fetch.as_ref());
        self.lock(select.for_update.as_ref());
        self.affixes(&select.suffixes);
        self.hints(&select.hints);
        for list in [&select.correlate, &select.correlate_except] {
            match list {
                Some(list) => self.froms(list),
                None => self.push(u64::MAX),
            }
        }
    }

    fn compound(&mut self, compound: &CompoundSelect) {
        self.ctes(&compound.ctes);
        self.code(compound.keyword as usize);
        self.code(compound.label_style as usize);
        self.code(compound.selects.len());
        for query in &compound.selects {
            self.query(query);
        }
        self.list(&compound.group_by);
        self.list(&compound.order_by);
        self.limits(compound.limit.as_ref(), compound.offset.as_ref(), compound.fetch.as_ref());
        self.lock(compound.for_update.as_ref());
    }

    fn limits(&mut self, limit: Option<&Expr>, offset: Option<&Expr>, fetch: Option<&Fetch>) {
        self.option(limit);
        self.option(offset);
        match fetch {
            Some(fetch) => {
                self.flags(&[fetch.with_ties, fetch.percent]);
                self.expr(&fetch.count);
            }
            None => self.push(0),
        }
    }

    fn lock(&mut self, lock: Option<&ForUpdate>) {
        let Some(lock) = lock else {
            self.push(0);
            return;
        };
        self.flags(&[lock.nowait, lock.read, lock.skip_locked, lock.key_share]);
        self.list(&lock.of);
        self.froms(&lock.of_tables);
    }

    fn froms(&mut self, list: &[FromClause]) {
        self.code(list.len());
        for from in list {
            self.from(from);
        }
    }

    fn text_clause(&mut self, text: &TextClause) {
        self.code(text.parts.len());
        for part in text.parts.iter() {
            match part {
                TextPart::Raw(raw) => self.text(raw),
                TextPart::Bind(at) => self.code(usize::MAX - at),
            }
        }
        self.list(&text.binds);
    }

    /// A FROM object: tables by identity, the rest by structure and place.
    fn from(&mut self, from: &FromClause) {
        if let FromClause::Table(table) = from {
            self.push(1);
            self.address(table.id());
            return;
        }
        let id = from.id();
        if let Some(at) = self.seen.iter().position(|known| *known == id) {
            self.push(2);
            self.code(at);
            return;
        }
        self.seen.push(id);
        match from {
            FromClause::Table(_) => {}
            FromClause::Clause(clause) => {
                self.push(3);
                self.name(&clause.name);
                self.option_name(clause.schema.as_ref());
                self.columns(&clause.columns);
            }
            FromClause::Alias(alias) => {
                self.push(4);
                self.alias(alias);
            }
            FromClause::Join(join) => {
                self.push(5);
                self.flags(&[join.outer, join.full]);
                self.from(&join.left);
                self.from(&join.right);
                self.expr(&join.on);
            }
            FromClause::Values(values) => {
                self.push(6);
                self.columns(&values.columns);
                self.flags(&[values.literal_binds, values.lateral]);
                self.uncacheable = true;
                if let Some(name) = &values.name {
                    self.alias_name(name);
                }
                self.code(values.rows.len());
                for row in &values.rows {
                    self.list(row);
                }
            }
            FromClause::Text(text) => {
                self.push(7);
                self.expr(text);
            }
        }
    }

    fn columns(&mut self, columns: &[(Name, Type)]) {
        self.code(columns.len());
        for (name, ty) in columns {
            self.name(name);
            self.ty(ty);
        }
    }

    fn alias_name(&mut self, name: &AliasName) {
        match name {
            AliasName::Named(name) => {
                self.push(1);
                self.name(name);
            }
            AliasName::Anon(base) => {
                self.push(2);
                self.text(base);
            }
        }
    }

    fn alias(&mut self, alias: &Alias) {
        self.alias_name(&alias.name);
        match &alias.kind {
            AliasKind::Alias => self.push(1),
            AliasKind::Subquery => self.push(2),
            AliasKind::Cte(cte) => {
                self.push(3);
                self.flags(&[cte.recursive, cte.nesting]);
                for (text, dialect) in cte.prefixes.iter().chain(&cte.suffixes) {
                    self.text(text);
                    self.option_text(dialect.as_deref());
                }
                for other in cte.restates.iter().chain(&cte.alias_of) {
                    self.from(other);
                }
            }
            AliasKind::Lateral => self.push(4),
            AliasKind::TableSample { sampling, seed } => {
                self.push(5);
                self.expr(sampling);
                self.option(seed.as_ref());
            }
            AliasKind::TableValued(TableValued {
                columns,
                ordinality,
                derived,
                derived_types,
                joins_implicitly,
                scalar,
            }) => {
                self.push(6);
                self.columns(columns);
                self.flags(&[*ordinality, *derived, *derived_types, *joins_implicitly, *scalar]);
            }
        }
        match &alias.element {
            Element::From(from) => self.from(from),
            Element::Query(query) => self.query(query),
            Element::Dml(statement) => self.statement(statement),
            Element::Function(function) => self.expr(function),
        }
    }
}
