//! What the lower crates ask of the script: names to resolve, callables to call, listeners to run.

use vidro_orm::host::{Moment, RelatedChange};
use vidro_orm::mapping::{Deferred, Resolved};
use vidro_orm::{Host, InstanceId, MapperId, Notice, Orm, RelationshipId, Result, SessionId};
use vidro_python::Args;
use vidro_sql::Value;

use crate::world::call_back;
use crate::{events, mapping, value};

/// The script behind the ORM. It holds nothing: the machine is lent, see [`crate::lend`].
pub(crate) struct ScriptHost;

impl Host for ScriptHost {
    fn resolve(
        &mut self,
        orm: &mut Orm,
        parent: MapperId,
        deferred: &Deferred,
    ) -> Result<Resolved> {
        call_back(orm, |vm| mapping::resolve(vm, parent, deferred))
    }

    fn call(&mut self, orm: &mut Orm, callable: &Value) -> Result<Value> {
        call_back(orm, |vm| {
            let callable = value::to_python(vm, callable);
            let result = vm.call(&callable, Args::none())?;
            value::from_python(vm, &result)
        })
    }

    fn on_set(
        &mut self,
        orm: &mut Orm,
        instance: InstanceId,
        column: u16,
        value: Value,
    ) -> Result<Value> {
        call_back(orm, |vm| events::on_set(vm, instance, column, value))
    }

    fn on_related(
        &mut self,
        orm: &mut Orm,
        instance: InstanceId,
        relationship: RelationshipId,
        change: RelatedChange,
    ) -> Result<Option<InstanceId>> {
        call_back(orm, |vm| events::on_related(vm, instance, relationship, change))
    }

    fn on_instance(&mut self, orm: &mut Orm, notice: &Notice) -> Result<()> {
        call_back(orm, |vm| events::on_instance(vm, notice))
    }

    fn on_mapper(&mut self, orm: &mut Orm, moment: Moment, instance: InstanceId) -> Result<()> {
        call_back(orm, |vm| events::on_mapper(vm, moment, instance))
    }

    fn on_session(&mut self, orm: &mut Orm, moment: Moment, session: SessionId) -> Result<()> {
        call_back(orm, |vm| events::on_session(vm, moment, session))
    }
}
