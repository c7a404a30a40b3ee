//! The interpreter of a plan: runs each batch, binds operands, keeps what the database generates.

use std::ops::ControlFlow;
use std::rc::Rc;

use vidro_engine::driver::{Done, Exchange, RowView};
use vidro_engine::error::FailedStatement;
use vidro_engine::{Call, Connection, Style, echo};
use vidro_sql::Value;
use vidro_sql::schema::{Column, Default as ColumnDefault, DefaultContext};

use super::plan::{Batch, FlushPlan, Manner, Operand, StepId, StepKind};
use super::statement::{BindSource, Sql};
use crate::Orm;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::host::Host;
use crate::load;
use crate::session;

/// What the database answered.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// The generated key of each step, NULL where there is none.
    pub(crate) generated: Vec<Value>,
    /// Other values that defaults and the server made, by step.
    pub(crate) fetched: Vec<Fetched>,
    /// How many batches are done.
    pub(crate) finished: usize,
    /// How many of the loads between them are done.
    pub(crate) refreshed: usize,
}

/// A value that a default or the server made for a column.
#[derive(Clone, Debug)]
pub(crate) struct Fetched {
    pub(crate) step: StepId,
    pub(crate) attribute: u16,
    pub(crate) value: Value,
}

impl Outcome {
    /// The value a step generated for an attribute.
    pub(crate) fn value(&self, plan: &FlushPlan, step: StepId, attribute: u16) -> Value {
        let batch = plan.steps.get(step.position()).and_then(|step| plan.batch(step));
        if batch.is_some_and(|batch| batch.generated == Some(attribute)) {
            return self.generated.get(step.position()).cloned().unwrap_or_default();
        }
        // Steps run in order, so their values are sorted by step.
        let start = self.fetched.partition_point(|fetched| fetched.step < step);
        let of_step = self.fetched.iter().skip(start).take_while(|fetched| fetched.step == step);
        let found = of_step.into_iter().find(|fetched| fetched.attribute == attribute);
        found.map(|fetched| fetched.value.clone()).unwrap_or_default()
    }
}

/// Runs a plan. Objects are not touched, but for expired ones that are loaded on the way; what
/// comes back is for `settle`.
pub(crate) fn execute(
    orm: &mut Orm,
    host: &mut dyn Host,
    plan: &FlushPlan,
    outcome: &mut Outcome,
) -> Result<()> {
    orm.emit(Event::FlushPlanned { session: plan.session, plan });
    resume(orm, host, plan, outcome)
}

/// Runs what a plan holds beyond that which has run.
pub(crate) fn resume(
    orm: &mut Orm,
    host: &mut dyn Host,
    plan: &FlushPlan,
    outcome: &mut Outcome,
) -> Result<()> {
    outcome.generated.resize(plan.steps.len(), Value::Null);
    let todo = plan.batches.iter().skip(outcome.finished);
    for (number, batch) in (outcome.finished..).zip(todo) {
        refresh(orm, host, plan, outcome, number)?;
        let connection = session::connection_for(orm, host, plan.session, batch.mapper, "")?;
        if orm.is_observed() {
            orm.emit(Event::StepStarted { session: plan.session, step: batch.first });
        }
        run(&connection, plan, batch, outcome, orm)?;
        outcome.finished += 1;
        tell_finished(orm, plan, batch, outcome);
    }
    refresh(orm, host, plan, outcome, plan.batches.len())
}

/// Loads what the batch of this number, or the end of the flush, reads.
fn refresh(
    orm: &mut Orm,
    host: &mut dyn Host,
    plan: &FlushPlan,
    outcome: &mut Outcome,
    number: usize,
) -> Result<()> {
    while let Some(refresh) = plan.refreshes.get(outcome.refreshed)
        && usize::try_from(refresh.before).is_ok_and(|before| before <= number)
    {
        outcome.refreshed += 1;
        load::refresh_attributes(orm, host, refresh.instance, &refresh.attributes)?;
    }
    Ok(())
}

fn tell_finished(orm: &Orm, plan: &FlushPlan, batch: &Batch, outcome: &Outcome) {
    if !orm.is_observed() {
        return;
    }
    for step in batch.steps() {
        let generated = outcome.generated.get(step.position()).filter(|value| !value.is_null());
        orm.emit(Event::StepFinished { session: plan.session, step, generated });
    }
}

fn run(
    connection: &Connection,
    plan: &FlushPlan,
    batch: &Batch,
    outcome: &mut Outcome,
    orm: &Orm,
) -> Result<()> {
    let sql = Rc::clone(&batch.sql);
    let style = match batch.manner {
        Manner::Single => Style::Once,
        Manner::Many => Style::Many,
        Manner::Returning => Style::RowByRow,
    };
    let total = usize::try_from(batch.count).unwrap_or(usize::MAX);
    let note = sql.note(connection.engine().host().now());
    let construct = Some(&sql.construct);
    let call = Call { sql: sql.text(), construct, note, style, total };
    let hide = connection.hide_parameters();
    let mut rows = Rows {
        plan,
        batch,
        sql: &sql,
        outcome,
        bound: 0,
        done: 0,
        rowcount: 0,
        hide,
        made: Vec::new(),
        failed: None,
    };
    let ran = connection.run(&call, &mut rows);
    let (rowcount, failed) = (rows.rowcount, rows.failed);
    if let Some(error) = failed {
        return Err(error);
    }
    ran?;
    check_rowcount(orm, batch, rowcount)
}

/// The parameter sets of a batch, and what comes back for each.
struct Rows<'a> {
    plan: &'a FlushPlan,
    batch: &'a Batch,
    sql: &'a Sql,
    outcome: &'a mut Outcome,
    /// Steps whose parameters were given.
    bound: u32,
    /// Steps that are done.
    done: u32,
    rowcount: i64,
    /// `hide_parameters=True`
    hide: bool,
    /// The defaults made for the row being bound.
    made: Vec<(Rc<str>, Value)>,
    /// An error of a default or a conversion, which the driver must not see.
    failed: Option<Error>,
}

impl Rows<'_> {
    fn bind(&mut self, step: StepId, set: &mut Vec<Value>) -> Result<()> {
        self.made.clear();
        let operands = self.plan.operands(step);
        for bind in &self.sql.binds {
            let value = match &bind.source {
                BindSource::Operand(index) => match operands.get(*index) {
                    Some(Operand::Known(value)) => value.clone(),
                    Some(Operand::From { step, column }) => {
                        self.outcome.value(self.plan, *step, *column)
                    }
                    Some(Operand::Expression) | None => Value::Null,
                },
                BindSource::Fixed(value) => value.clone(),
                BindSource::Default(column) => self.default(step, column)?,
            };
            set.push(match &bind.processor {
                Some(processor) => processor
                    .bind(&value, self.sql.dialect())
                    .map_err(|error| self.statement_error(error))?,
                None => value,
            });
        }
        Ok(())
    }

    /// An error of making parameters, with the statement and the values that were given.
    fn statement_error(&self, error: vidro_sql::Error) -> Error {
        let sets = self.batch.steps().map(|step| echo::repr_named(&self.parameters(step)));
        let shown: Vec<String> = sets.collect();
        let statement = FailedStatement {
            sql: self.sql.text().to_owned(),
            parameters: Vec::new(),
            many: true,
            hide: self.hide,
            text: Some(format!("[{}]", shown.join(", "))),
        };
        vidro_engine::Error::statement_error(error, statement).into()
    }

    /// Makes a Python-side default and keeps it for the object.
    fn default(&mut self, step: StepId, column: &Column) -> Result<Value> {
        let insert = self.batch.kind == StepKind::Insert;
        let default = {
            let spec = column.spec();
            if insert { spec.default.clone() } else { spec.onupdate.clone() }
        };
        let value = match default {
            Some(ColumnDefault::Scalar(value)) => value,
            Some(ColumnDefault::Callable(callable)) => {
                let mut parameters = self.parameters(step);
                parameters.extend(self.made.iter().cloned());
                callable.call(&Parameters { parameters, insert })?
            }
            Some(ColumnDefault::Sql(_) | ColumnDefault::Sequence(_)) | None => Value::Null,
        };
        self.made.push((column.key(), value.clone()));
        let mapped = self.sql.attribute_of(self.batch, column);
        if let Some(attribute) = mapped {
            self.outcome.fetched.push(Fetched { step, attribute, value: value.clone() });
        }
        Ok(value)
    }

    fn parameters(&self, step: StepId) -> Vec<(Rc<str>, Value)> {
        let operands = self.plan.operands(step);
        let known = |(column, operand): (&super::plan::BatchColumn, &Operand)| {
            let value = match operand {
                Operand::Known(value) => value.clone(),
                Operand::From { step, column } => self.outcome.value(self.plan, *step, *column),
                Operand::Expression => Value::Null,
            };
            (column.column.key(), value)
        };
        self.batch.columns.iter().zip(operands).map(known).collect()
    }

    fn take_row(&mut self, step: StepId, row: &dyn RowView) -> Result<()> {
        for (index, returned) in self.sql.returned.iter().enumerate() {
            let value = row.get(index).to_value();
            let value = match &returned.processor {
                Some(processor) => processor.result(value, self.sql.dialect())?,
                None => value,
            };
            let Some(attribute) = self.sql.attribute_of(self.batch, &returned.column) else {
                continue;
            };
            if self.batch.generated == Some(attribute) {
                if let Some(slot) = self.outcome.generated.get_mut(step.position()) {
                    *slot = value;
                }
            } else if !returned.column.is_primary_key() || self.batch.generated.is_none() {
                self.outcome.fetched.push(Fetched { step, attribute, value });
            }
        }
        Ok(())
    }

    fn step(&self, number: u32) -> StepId {
        StepId(self.batch.first.0 + number)
    }
}

impl Exchange for Rows<'_> {
    fn next_set(&mut self, set: &mut Vec<Value>) -> bool {
        if self.bound == self.batch.count || self.failed.is_some() {
            return false;
        }
        let step = self.step(self.bound);
        self.bound += 1;
        match self.bind(step, set) {
            Ok(()) => true,
            Err(error) => {
                self.failed = Some(error);
                false
            }
        }
    }

    fn row(&mut self, row: &dyn RowView) -> ControlFlow<()> {
        match self.take_row(self.step(self.done), row) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.failed = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    fn done(&mut self, done: Done) -> ControlFlow<()> {
        if self.batch.generated.is_some() && self.sql.returned.is_empty() {
            let step = self.step(self.done);
            if let Some(slot) = self.outcome.generated.get_mut(step.position()) {
                *slot = Value::Int(done.last_insert_rowid);
            }
        }
        self.rowcount += done.rowcount;
        self.done += 1;
        ControlFlow::Continue(())
    }
}

/// What a context-sensitive default may ask.
struct Parameters {
    parameters: Vec<(Rc<str>, Value)>,
    insert: bool,
}

impl DefaultContext for Parameters {
    fn current_parameters(&self) -> Vec<(Rc<str>, Value)> {
        self.parameters.clone()
    }

    fn is_insert(&self) -> bool {
        self.insert
    }
}

fn check_rowcount(orm: &Orm, batch: &Batch, matched: i64) -> Result<()> {
    let expected = i64::from(batch.count);
    if matched < 0 || matched == expected {
        return Ok(());
    }
    let table = batch.table.full_name();
    match batch.kind {
        StepKind::Insert | StepKind::AssociationInsert => Ok(()),
        StepKind::Update | StepKind::PostUpdate => Err(Error::stale_data(format!(
            "UPDATE statement on table '{table}' expected to update {expected} row(s); {matched} \
             were matched."
        ))),
        StepKind::AssociationDelete => Err(Error::stale_data(format!(
            "DELETE statement on table '{table}' expected to delete {expected} row(s); Only \
             {matched} were matched."
        ))),
        StepKind::Delete => {
            let mapper = orm.mapping.mapper(batch.mapper);
            if !mapper.confirm_deleted_rows {
                return Ok(());
            }
            let message = format!(
                "DELETE statement on table '{table}' expected to delete {expected} row(s); \
                 {matched} were matched.  Please set confirm_deleted_rows=False within the mapper \
                 configuration to prevent this warning."
            );
            if mapper.version.is_some() {
                return Err(Error::stale_data(message));
            }
            orm.warn(&message);
            Ok(())
        }
    }
}
