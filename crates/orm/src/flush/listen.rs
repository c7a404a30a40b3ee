//! A flush with listeners: planned and run group by group, because they may change objects on the way.

use super::changes::Changes;
use super::collect::{UnitIndex, Units};
use super::execute::{self, Outcome};
use super::order::{Group, Order, order};
use super::plan::{self, FlushPlan, Progress};
use super::settle;
use crate::Orm;
use crate::error::Result;
use crate::event::Event;
use crate::host::{Host, Moment};

/// Plans and runs the groups of a flush in turn, telling listeners before and after each.
///
/// `plan` comes in as what would run if nobody interfered, and goes out as what did.
pub(crate) fn execute(
    orm: &mut Orm,
    host: &mut dyn Host,
    units: &Units,
    changes: &Changes,
    plan: &mut FlushPlan,
    outcome: &mut Outcome,
) -> Result<()> {
    orm.emit(Event::FlushPlanned { session: plan.session, plan });
    *plan = FlushPlan { circular: plan.circular.take(), ..FlushPlan::new(units) };
    let Order { groups, .. } = order(orm, units);
    let mut progress = Progress::default();
    for group in groups {
        let rows = Rows::of(orm, units, &progress, &group)?;
        if rows.kind == Kind::Save {
            settle::publish_copies(orm, units, changes, plan, outcome, &rows.members);
        }
        rows.tell_before(orm, host, units)?;
        let first = outcome.finished;
        plan::add(orm, units, changes, group, plan, &mut progress)?;
        execute::resume(orm, host, plan, outcome)?;
        settle::publish_generated(orm, plan, outcome, first);
        rows.tell_after(orm, host, units, plan)?;
    }
    Ok(())
}

/// What a group does to the rows of its objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Save,
    Delete,
    /// Nothing that listeners hear of.
    Other,
}

/// The objects of a group that listeners hear of, in order.
struct Rows {
    kind: Kind,
    members: Vec<UnitIndex>,
    /// Members without a row before the group runs.
    new: Vec<bool>,
}

impl Rows {
    fn of(orm: &Orm, units: &Units, progress: &Progress, group: &Group) -> Result<Self> {
        let (kind, mut members) = match group {
            Group::Save(_, members) => (Kind::Save, members.clone()),
            Group::Delete(_, members) => (Kind::Delete, members.clone()),
            Group::Process { .. } | Group::PostUpdate { .. } => (Kind::Other, Vec::new()),
        };
        members.retain(|unit| !progress.switched.contains(unit));
        plan::sort(orm, units, &mut members)?;
        let is_new = |unit: &UnitIndex| orm.instances[units.unit(*unit).id].key.is_none();
        let new = members.iter().map(is_new).collect();
        Ok(Self { kind, members, new })
    }

    fn tell_before(&self, orm: &mut Orm, host: &mut dyn Host, units: &Units) -> Result<()> {
        for (unit, new) in self.members.iter().zip(&self.new) {
            let moment = match (self.kind, new) {
                (Kind::Delete, _) => Moment::BeforeDelete,
                (_, true) => Moment::BeforeInsert,
                (_, false) => Moment::BeforeUpdate,
            };
            host.on_mapper(orm, moment, units.unit(*unit).id)?;
        }
        Ok(())
    }

    /// Inserted objects come first, then the updated ones, and those that took over a row.
    fn tell_after(
        &self,
        orm: &mut Orm,
        host: &mut dyn Host,
        units: &Units,
        plan: &FlushPlan,
    ) -> Result<()> {
        let inserted = |unit: &UnitIndex, new: bool| {
            let id = units.unit(*unit).id;
            new && !plan.row_switches.iter().any(|(taker, _)| *taker == id)
        };
        for first in [true, false] {
            for (unit, new) in self.members.iter().zip(&self.new) {
                if inserted(unit, *new) != first {
                    continue;
                }
                let moment = match (self.kind, first) {
                    (Kind::Delete, _) => Moment::AfterDelete,
                    (_, true) => Moment::AfterInsert,
                    (_, false) => Moment::AfterUpdate,
                };
                host.on_mapper(orm, moment, units.unit(*unit).id)?;
            }
        }
        Ok(())
    }
}
