//! Pools, transactions, statements, tables and rows.

use vidro_engine::driver::{RowChange, TableShape};
use vidro_engine::event::{Event, Execution, Outcome, Parameters, PoolMoment, PoolNote};
use vidro_engine::{Construct, Error, Observer};
use vidro_protocol as view;
use vidro_protocol::EventBody;
use vidro_protocol::{OperandValue, PoolAction, Provenance, TransactionAction};

use super::{Recorder, State};
use crate::convert;

/// Parameter sets of one statement that are shown.
const MOST_SETS: usize = 20;
/// Statements of a run that can be shown in other dialects: as many as the page lists, and some.
const MOST_CONSTRUCTS: usize = 500;

impl Observer for Recorder {
    fn observe(&self, event: &Event<'_>) -> vidro_engine::Result<()> {
        match event {
            Event::EngineCreated { engine, url, dialect, pool, bounds } => {
                self.emit(EventBody::EngineCreated(view::Engine {
                    id: *engine,
                    url: url.to_string(),
                    dialect: (*dialect).into(),
                    pool: (*pool).into(),
                    pool_size: bounds.map(|(size, _)| size),
                    max_overflow: bounds.and_then(|(_, more)| more),
                }));
            }
            Event::Pool(note) => self.pool(note),
            Event::Begin { connection, .. } => {
                self.transaction(*connection, TransactionAction::Began, None);
            }
            Event::Commit { connection, .. } => {
                self.transaction(*connection, TransactionAction::Committed, None);
            }
            Event::Rollback { connection, .. } => {
                self.transaction(*connection, TransactionAction::RolledBack, None);
            }
            Event::Savepoint { connection, name } => {
                self.transaction(*connection, TransactionAction::Savepoint, Some(name));
            }
            Event::RollbackToSavepoint { connection, name } => {
                self.transaction(*connection, TransactionAction::RolledBackTo, Some(name));
            }
            Event::ReleaseSavepoint { connection, name } => {
                self.transaction(*connection, TransactionAction::Released, Some(name));
            }
            Event::BeforeExecute(_) => {}
            Event::AfterExecute(execution, outcome) => self.executed(execution, *outcome),
            Event::ExecuteFailed(execution, error) => self.refused(execution, error),
            Event::RowsChanged { engine, connection, changes } => {
                self.rows(*engine, *connection, changes);
            }
            Event::SchemaChanged { engine, connection, tables } => {
                self.tables(*engine, *connection, tables);
            }
        }
        Ok(())
    }

    fn wants_rows(&self) -> bool {
        !self.outbox.is_full()
    }
}

impl Recorder {
    fn pool(&self, note: &PoolNote<'_>) {
        let action = match note.moment {
            PoolMoment::Connect => PoolAction::Opened,
            PoolMoment::Checkout => PoolAction::CheckedOut,
            PoolMoment::Share => PoolAction::Shared,
            PoolMoment::Unshare => PoolAction::Unshared,
            PoolMoment::Reset => PoolAction::Reset,
            PoolMoment::Checkin => PoolAction::CheckedIn,
            PoolMoment::Close => PoolAction::Closed,
            PoolMoment::Invalidate => PoolAction::Invalidated,
            PoolMoment::Overflow => PoolAction::Overflowed,
            PoolMoment::Timeout => PoolAction::TimedOut,
        };
        self.emit(EventBody::Pool(view::PoolChange {
            engine: note.engine,
            link: note.dbapi,
            holder: note.holder,
            action,
            reason: note.reason.map(str::to_owned),
        }));
    }

    fn transaction(&self, connection: u32, action: TransactionAction, savepoint: Option<&str>) {
        let savepoint = savepoint.map(str::to_owned);
        self.emit(EventBody::Transaction(view::TransactionChange {
            connection,
            action,
            savepoint,
        }));
    }

    fn executed(&self, execution: &Execution<'_>, outcome: Outcome) {
        if self.outbox.is_full() {
            return;
        }
        let mut sql = self.statement(execution);
        sql.affected = u32::try_from(outcome.rowcount).ok();
        sql.returned = (outcome.rows > 0).then(|| convert::small(outcome.rows));
        sql.duration = outcome.seconds * 1000.0;
        self.emit(EventBody::Sql(sql));
    }

    fn refused(&self, execution: &Execution<'_>, error: &Error) {
        let mut sql = self.statement(execution);
        sql.error = Some(error.message().to_owned());
        self.emit(EventBody::Sql(sql));
    }

    fn statement(&self, execution: &Execution<'_>) -> view::SqlView {
        let mut state = self.state.borrow_mut();
        state.statements = state.statements.saturating_add(1);
        state.keep(execution.construct);
        let purpose = state.purpose(execution);
        let (sets, set_count) = match execution.parameters {
            Parameters::One(set) => (vec![state.parameters(set, &purpose, 0)], 1),
            Parameters::Many(sets) => {
                let shown = sets.iter().take(MOST_SETS).enumerate();
                let shown = shown.map(|(row, set)| state.parameters(set, &purpose, row)).collect();
                (shown, sets.len())
            }
        };
        view::SqlView {
            id: state.statements,
            connection: execution.connection,
            text: execution.sql.trim().into(),
            sets,
            set_count: convert::small(set_count),
            purpose,
            ..view::SqlView::default()
        }
    }

    fn rows(&self, engine: u32, connection: u32, changes: &[RowChange]) {
        for change in changes {
            if self.outbox.is_full() {
                return;
            }
            let (table, row) = (change.table.clone(), change.rowid.to_string());
            if change.new.is_empty() {
                self.emit(EventBody::RowDeleted(view::RowRemoved {
                    engine,
                    connection,
                    table,
                    row,
                }));
                continue;
            }
            let values = change.new.iter().map(convert::value).collect();
            let body = view::RowChange { engine, connection, table, row, values };
            self.emit(if change.old.is_empty() {
                EventBody::RowInserted(body)
            } else {
                EventBody::RowUpdated(body)
            });
        }
    }

    fn tables(&self, engine: u32, connection: u32, shapes: &[TableShape]) {
        let now: Vec<_> = shapes.iter().map(|shape| convert::table(engine, shape)).collect();
        let before = self.state.borrow_mut().tables.insert(engine, now.clone()).unwrap_or_default();
        for old in &before {
            if !now.iter().any(|table| table.name == old.name) {
                let name = old.name.clone();
                self.emit(EventBody::TableDropped(view::TableDropped { engine, name, connection }));
            }
        }
        for table in now {
            if !before.contains(&table) {
                self.emit(EventBody::TableCreated(table));
            }
        }
    }
}

impl State {
    /// Keeps what a statement was compiled from, and forgets the oldest of many.
    fn keep(&mut self, construct: Option<&Construct>) {
        if self.constructs.len() == MOST_CONSTRUCTS {
            self.constructs.pop_front();
        }
        self.constructs.push_back(construct.cloned());
    }

    /// What a statement was compiled from, when that is still known.
    pub(super) fn construct(&self, statement: u32) -> Option<&Construct> {
        let back = usize::try_from(self.statements.checked_sub(statement)?).ok()?;
        self.constructs.iter().rev().nth(back)?.as_ref()
    }

    /// Why a statement runs: what the ORM said last, or what the text itself tells.
    fn purpose(&mut self, execution: &Execution<'_>) -> view::Purpose {
        if let Some(purpose) = self.purposes.last() {
            return purpose.clone();
        }
        if let Some(plan) = &self.running {
            let flush = plan.flush;
            let rows = self.rows(&execution.parameters).min(self.steps.len());
            return view::Purpose::Flush { flush, steps: self.steps.drain(..rows).collect() };
        }
        match execution
            .sql
            .split_whitespace()
            .next()
            .unwrap_or_default()
            .to_ascii_uppercase()
            .as_str()
        {
            "CREATE" | "DROP" | "ALTER" => view::Purpose::Ddl,
            "PRAGMA" => view::Purpose::Introspection,
            _ => view::Purpose::Query,
        }
    }

    /// How many steps of the running batch a statement does: a batch may run row by row.
    fn rows(&self, parameters: &Parameters<'_>) -> usize {
        match parameters {
            Parameters::Many(sets) => sets.len(),
            Parameters::One(set) => {
                let first = self.steps.first().and_then(|id| self.step(*id));
                let bound = first.map_or(0, |step| bound(step).count());
                set.len().checked_div(bound).unwrap_or(1).max(1)
            }
        }
    }

    fn step(&self, id: u32) -> Option<&view::StepView> {
        self.running.as_ref()?.steps.iter().find(|step| step.id == id)
    }

    /// Parameters with where they came from; in a flush the plan knows, by position.
    fn parameters(
        &self,
        set: &[vidro_sql::Value],
        purpose: &view::Purpose,
        row: usize,
    ) -> Vec<view::Parameter> {
        let steps: Vec<&view::StepView> = match purpose {
            view::Purpose::Flush { steps, .. } => {
                // One set may hold the rows of several steps.
                steps.iter().skip(row).filter_map(|id| self.step(*id)).collect()
            }
            _ => Vec::new(),
        };
        let operands: Vec<_> = steps
            .iter()
            .flat_map(|step| bound(step).map(move |operand| (operand, *step)))
            .collect();
        let known = operands.len() >= set.len();
        let parameter = |(index, value): (usize, &vidro_sql::Value)| view::Parameter {
            name: String::new(),
            value: convert::value(value),
            provenance: match operands.get(index) {
                Some((operand, step)) if known => provenance(operand, step),
                _ => Provenance::Literal,
            },
        };
        set.iter().enumerate().map(parameter).collect()
    }
}

/// The operands of a step that a statement binds.
fn bound(step: &view::StepView) -> impl Iterator<Item = &view::Operand> {
    step.operands.iter().filter(|operand| operand.value != OperandValue::Generated)
}

fn provenance(operand: &view::Operand, step: &view::StepView) -> Provenance {
    match (&operand.value, step.object) {
        (OperandValue::From { step, column }, _) => {
            Provenance::StepKey { step: *step, column: column.clone() }
        }
        (OperandValue::Known(_), Some(object)) => {
            Provenance::Attribute { object, attribute: operand.column.clone() }
        }
        _ => Provenance::Literal,
    }
}
