//! Executing statements: compile or find in the cache, fill parameters, run, shape the result.

use std::rc::Rc;

use rustc_hash::FxHashMap;
use vidro_sql::Value;
use vidro_sql::compile::{CompileOptions, DmlInfo, InsertMany, Rendered, Source, StatementKind};
use vidro_sql::expr::BindValue;
use vidro_sql::schema::{Column, Default, DefaultContext};
use vidro_sql::select::Select;
use vidro_sql::statement::Statement;

use crate::collect::Collector;
use crate::connection::Connection;
use crate::engine::Prepared;
use crate::error::{Error, FailedStatement, Result};
use crate::event::{BatchNote, Construct};
use crate::execute::{Call, Style};
use crate::options::ExecutionOptions;
use crate::result::{Info, ResultSet};
use crate::row::Keys;

/// The parameters of one execution, by name.
pub type ParameterSet = Vec<(Rc<str>, Value)>;

impl Connection {
    /// `execute(statement, parameters)`: none, one or several parameter sets.
    pub fn execute(
        &self,
        statement: &Statement,
        sets: &[ParameterSet],
        options: &ExecutionOptions,
    ) -> Result<ResultSet> {
        if let Statement::Expr(expr) = statement {
            return self.execute(&Select::new([expr.clone()]).into(), sets, options);
        }
        let many = sets.len() > 1;
        let mut keys: Vec<Rc<str>> =
            sets.first().into_iter().flatten().map(|(key, _)| Rc::clone(key)).collect();
        keys.sort();
        let options = self.execution_options().merged(options);
        let compile = CompileOptions {
            column_keys: Some(keys.into()),
            for_executemany: many,
            ..CompileOptions::default()
        };
        let construct = Construct { statement: statement.clone(), options: compile };
        let prepared = self.engine().prepare(
            &construct.statement,
            &construct.options,
            options.caching_disabled(),
        )?;
        let execution = Execution { connection: self, prepared: &prepared, construct: &construct };
        if many {
            execution.many(sets, &options)
        } else {
            execution.one(sets.first().map_or(&[], Vec::as_slice))
        }
    }

    /// `scalar(statement, parameters)`
    pub fn scalar(&self, statement: &Statement, sets: &[ParameterSet]) -> Result<Value> {
        self.execute(statement, sets, &ExecutionOptions::default())?.scalar()
    }
}

/// One statement at work.
struct Execution<'a> {
    connection: &'a Connection,
    prepared: &'a Prepared,
    construct: &'a Construct,
}

/// A parameter set ready for the driver.
struct Filled {
    rendered: Rendered,
    /// What was given, with the defaults that were made.
    set: ParameterSet,
}

impl Execution<'_> {
    fn one(&self, set: &[(Rc<str>, Value)]) -> Result<ResultSet> {
        let filled = self.fill(set, None, &[set.to_vec()])?;
        let mut collector = Collector::new(vec![filled.rendered.values]);
        let sql = &filled.rendered.sql;
        let call = self.call(sql, Style::Once, 1);
        self.connection.run(&call, &mut collector)?;
        self.result(collector, &[filled.set])
    }

    fn many(&self, sets: &[ParameterSet], options: &ExecutionOptions) -> Result<ResultSet> {
        let mut filled = Vec::with_capacity(sets.len());
        for (number, set) in sets.iter().enumerate() {
            filled.push(self.fill(set, Some(number), sets)?);
        }
        let insert_many =
            self.prepared.compiled.dml.as_ref().and_then(|dml| dml.insert_many.as_ref());
        let sorted = matches!(&self.construct.statement, Statement::Insert(insert) if insert.sort_by_parameter_order);
        let mut rows = Vec::with_capacity(filled.len());
        let mut given = Vec::with_capacity(filled.len());
        let mut text = Rc::clone(&self.prepared.compiled.sql);
        for one in filled {
            text = one.rendered.sql;
            rows.push(one.rendered.values);
            given.push(one.set);
        }
        let collector = match insert_many {
            Some(pieces) if self.connection.engine().use_insertmanyvalues() => {
                if sorted && !pieces.ordered {
                    self.row_by_row(&text, rows)?
                } else {
                    self.batches(pieces, rows, sorted, options)?
                }
            }
            Some(_) | None => {
                let mut collector = Collector::new(rows);
                let call = self.call(&text, Style::Many, given.len());
                self.connection.run(&call, &mut collector)?;
                collector
            }
        };
        self.result(collector, &given)
    }

    fn call<'c>(&'c self, sql: &'c str, style: Style, total: usize) -> Call<'c> {
        Call { sql, construct: Some(self.construct), note: self.prepared.note, style, total }
    }

    fn row_by_row(&self, sql: &str, rows: Vec<Vec<Value>>) -> Result<Collector> {
        let total = rows.len();
        let mut collector = Collector::new(rows);
        let call = self.call(sql, Style::RowByRow, total);
        self.connection.run(&call, &mut collector)?;
        Ok(collector)
    }

    /// One INSERT for each page of rows.
    fn batches(
        &self,
        pieces: &InsertMany,
        rows: Vec<Vec<Value>>,
        ordered: bool,
        options: &ExecutionOptions,
    ) -> Result<Collector> {
        let width = pieces.row_params.max(1);
        let most = self.connection.engine().dialect().caps().insertmanyvalues_params / width;
        let page = options.insertmanyvalues_page_size();
        let page = page.unwrap_or_else(|| self.connection.engine().insertmanyvalues_page_size());
        let size = page.min(most).max(1);
        let total = rows.len().div_ceil(size);
        let mut collector = Collector::default();
        for (index, page) in rows.chunks(size).enumerate() {
            let list = vec![&*pieces.row; page.len()].join(", ");
            let sql = format!("{}{list}{}", pieces.head, pieces.tail);
            let (in_rows, after) = page
                .first()
                .map_or((&[][..], &[][..]), |set| set.split_at(pieces.row_params.min(set.len())));
            let mut values = Vec::with_capacity(in_rows.len() * page.len() + after.len());
            for set in page {
                values.extend(set.iter().take(in_rows.len()).cloned());
            }
            values.extend_from_slice(after);
            let batch = BatchNote { number: index + 1, total, ordered, downgraded: false };
            let call = self.call(&sql, Style::Batch(batch), total);
            collector.add_set(values);
            self.connection.run(&call, &mut collector)?;
        }
        Ok(collector)
    }

    /// Makes defaults and puts the values in order.
    fn fill(
        &self,
        set: &[(Rc<str>, Value)],
        group: Option<usize>,
        all: &[ParameterSet],
    ) -> Result<Filled> {
        let set = self.with_defaults(set)?;
        let by_name: FxHashMap<&str, &Value> =
            set.iter().map(|(name, value)| (&**name, value)).collect();
        let given = |name: &str| by_name.get(name).map(|value| (*value).clone());
        let rendered =
            self.prepared.compiled.render(&self.prepared.binds, &given).map_err(|error| {
                let error = match group {
                    Some(group) if error.code() == Some("cd3x") => {
                        let message = format!("{}, in parameter group {group}", error.message());
                        vidro_sql::Error::invalid_request(message).with_code("cd3x")
                    }
                    Some(_) | None => error,
                };
                Error::statement_error(error, self.failed(all))
            })?;
        Ok(Filled { rendered, set })
    }

    /// The statement as an error shows it that came before any parameter was converted.
    fn failed(&self, all: &[ParameterSet]) -> FailedStatement {
        let shown: Vec<String> = all.iter().map(|set| crate::echo::repr_named(set)).collect();
        FailedStatement {
            sql: self.prepared.compiled.sql.to_string(),
            parameters: Vec::new(),
            many: true,
            hide: self.connection.hide_parameters(),
            text: Some(format!("[{}]", shown.join(", ")))
                .filter(|_| all.iter().any(|set| !set.is_empty())),
        }
    }

    /// The set with the defaults that Python makes.
    fn with_defaults(&self, set: &[(Rc<str>, Value)]) -> Result<ParameterSet> {
        let mut full = set.to_vec();
        let Some(dml) = &self.prepared.compiled.dml else { return Ok(full) };
        for column in &dml.prefetch {
            let key = column.key();
            if full.iter().any(|(known, _)| *known == key) {
                continue;
            }
            let value = self.default_value(column, &full)?;
            full.push((key, value));
        }
        Ok(full)
    }

    fn default_value(&self, column: &Column, set: &ParameterSet) -> Result<Value> {
        let is_insert = self.prepared.compiled.kind == StatementKind::Insert;
        let default = {
            let spec = column.spec();
            if is_insert { spec.default.clone() } else { spec.onupdate.clone() }
        };
        match default {
            Some(Default::Scalar(value)) => Ok(value),
            Some(Default::Callable(callable)) => {
                let parameters = self.current_parameters(set);
                Ok(callable.call(&Context { parameters, is_insert })?)
            }
            Some(Default::Sql(expr)) => self.connection.scalar(&Select::new([expr]).into(), &[]),
            Some(Default::Sequence(_)) | None => Ok(Value::Null),
        }
    }

    /// All values of the row so far, the statement's own among them.
    fn current_parameters(&self, set: &ParameterSet) -> ParameterSet {
        let mut all = Vec::new();
        for param in &self.prepared.compiled.params {
            if matches!(param.source, Source::Prefetch(_)) {
                continue;
            }
            let given = |name: &str| {
                set.iter().find(|(known, _)| **known == *name).map(|(_, value)| value.clone())
            };
            if let Ok(BindValue::One(value)) =
                self.prepared.compiled.value_of(param, &self.prepared.binds, &given)
            {
                all.push((Rc::clone(&param.name), value));
            }
        }
        for (name, value) in set {
            if !all.iter().any(|(known, _)| known == name) {
                all.push((Rc::clone(name), value.clone()));
            }
        }
        all
    }

    /// Rows under the statement's own column names, values converted, new keys noted.
    fn result(&self, mut collector: Collector, sets: &[ParameterSet]) -> Result<ResultSet> {
        let mut info = collector.info();
        info.compiled = true;
        info.sets = sets.len();
        info.is_insert = self.prepared.compiled.kind == StatementKind::Insert;
        let dml = self.prepared.compiled.dml.as_ref();
        let last = sets.last().cloned().unwrap_or_default();
        let whole = dml.is_none() || last.len() >= self.prepared.compiled.params.len();
        info.last_params = if whole { last } else { self.current_parameters(&last) };
        if let Some(dml) = dml {
            self.note_keys(dml, &collector, sets, &mut info);
        }
        let user_rows = dml.is_none_or(|dml| dml.has_returning);
        if !collector.returns_rows || !user_rows {
            return Ok(ResultSet::rowless(info));
        }
        let keys = self.shape(&mut collector)?;
        Ok(ResultSet::new(Rc::new(keys), collector.values, info))
    }

    /// Matches the statement's columns with the cursor's and converts the values.
    fn shape(&self, collector: &mut Collector) -> Result<Keys> {
        let columns = &self.prepared.compiled.columns;
        let width = collector.names.len();
        let by_position = self.prepared.compiled.columns_ordered && columns.len() == width;
        let mut keys = Keys::default();
        let mut processors = Vec::new();
        for (position, name) in collector.names.iter().enumerate() {
            let column = if by_position {
                columns.get(position)
            } else {
                columns.iter().find(|column| column.name == *name)
            };
            keys.push(column.map_or_else(|| Rc::clone(name), |column| Rc::clone(&column.key)));
            let Some(column) = column else { continue };
            if let Some(expr) = &column.expr {
                keys.identify(expr.id(), position);
                if let Some(schema_column) = expr.schema_column() {
                    keys.identify(schema_column.id(), position);
                }
            }
            if let Some(processor) = &column.processor {
                processors.push((position, processor));
            }
        }
        for (position, column) in columns.iter().enumerate().filter(|_| by_position) {
            keys.alias(Rc::clone(&column.name), position);
        }
        let dialect = self.connection.engine().dialect();
        for row in collector.values.chunks_mut(width.max(1)) {
            for (position, processor) in &processors {
                if let Some(value) = row.get_mut(*position) {
                    *value = processor.result(std::mem::take(value), dialect)?;
                }
            }
        }
        Ok(keys)
    }

    /// `inserted_primary_key`
    fn note_keys(
        &self,
        dml: &DmlInfo,
        collector: &Collector,
        sets: &[ParameterSet],
        info: &mut Info,
    ) {
        let Some(table) = dml.table.as_ref().filter(|_| info.is_insert && !dml.multi_values) else {
            return;
        };
        let columns = table.primary_key_columns();
        let automatic = table.autoincrement_column();
        info.primary_key_names = columns.iter().map(Column::key).collect();
        let returned = dml.implicit_returning.len();
        for (number, set) in sets.iter().enumerate() {
            let all = self.current_parameters(set);
            let key = columns.iter().map(|column| {
                let name = column.key();
                let at = dml.implicit_returning.iter().position(|known| known.ptr_eq(column));
                if let Some(at) = at {
                    return collector
                        .values
                        .get(number * returned + at)
                        .cloned()
                        .unwrap_or_default();
                }
                let own =
                    all.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
                match own {
                    Some(value) if !value.is_null() => value,
                    Some(_) | None if automatic.as_ref().is_some_and(|c| c.ptr_eq(column)) => {
                        collector.rowids.get(number).map_or(Value::Null, |id| Value::Int(*id))
                    }
                    Some(_) | None => Value::Null,
                }
            });
            let key = key.collect();
            info.inserted_primary_keys.push(key);
        }
    }
}

/// What a default may ask of its row.
struct Context {
    parameters: ParameterSet,
    is_insert: bool,
}

impl DefaultContext for Context {
    fn current_parameters(&self) -> ParameterSet {
        self.parameters.clone()
    }

    fn is_insert(&self) -> bool {
        self.is_insert
    }
}
