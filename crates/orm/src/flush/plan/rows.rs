//! The rows of one group: which columns, which operands, which of them share a statement.

use std::cmp::Ordering;
use std::rc::Rc;

use rustc_hash::FxHashSet;
use vidro_sql::Value;
use vidro_sql::expr::Expr;
use vidro_sql::schema::Table;

use super::batch::{Open, Row};
use super::{Batch, BatchColumn, FlushPlan, Manner, Operand, Refresh, Step, StepId, StepKind};
use crate::Orm;
use crate::error::{Error, Result};
use crate::flush::changes::{AssociationRow, Changes};
use crate::flush::collect::{UnitIndex, Units};
use crate::flush::statement::{self, Shape};
use crate::instance::{Instance, InstanceId, Key, Slot};
use crate::load;
use crate::mapping::{MappedTable, Mapper, MapperId, Relationship, RelationshipId, TableColumn};

pub(super) struct Planner<'a> {
    pub(super) orm: &'a Orm,
    pub(super) units: &'a Units,
    pub(super) changes: &'a Changes,
    progress: &'a mut Progress,
    pub(super) plan: &'a mut FlushPlan,
    /// Scratch: columns of the row being built.
    pub(super) columns: Vec<Picked>,
    /// Scratch: its SQL expressions.
    pub(super) expressions: Vec<(usize, Rc<Expr>)>,
    /// Columns of the batch being built.
    pub(super) open: Option<Open>,
}

/// How far planning has come.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// Units whose deletion a row switch made superfluous.
    pub(crate) switched: FxHashSet<UnitIndex>,
    /// Objects whose expired attributes are loaded on the way.
    refreshed: FxHashSet<InstanceId>,
    /// Relationships that have copied keys already.
    processed: FxHashSet<RelationshipId>,
}

/// A column chosen for a row: its position in the table, and whether it finds the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Picked {
    pub(super) position: usize,
    pub(super) condition: bool,
}

impl<'a> Planner<'a> {
    pub(super) fn new(
        orm: &'a Orm,
        units: &'a Units,
        changes: &'a Changes,
        plan: &'a mut FlushPlan,
        progress: &'a mut Progress,
    ) -> Self {
        Self {
            orm,
            units,
            changes,
            progress,
            plan,
            columns: Vec::new(),
            expressions: Vec::new(),
            open: None,
        }
    }

    /// INSERT and UPDATE of a hierarchy, table by table.
    pub(super) fn save(&mut self, base: MapperId, mut members: Vec<UnitIndex>) -> Result<()> {
        sort(self.orm, self.units, &mut members)?;
        let (mut inserts, mut updates) = (Vec::new(), Vec::new());
        for unit in members {
            let instance = &self.orm.instances[self.units.unit(unit).id];
            if instance.key.is_some() {
                updates.push((unit, None));
            } else if let Some(old) = self.row_switch(unit)? {
                updates.push((unit, Some(old)));
            } else {
                inserts.push(unit);
            }
        }
        for table in self.tables(base) {
            self.update_rows(&table, &updates)?;
            self.insert_rows(&table, &inserts)?;
        }
        Ok(())
    }

    /// All tables of a hierarchy, parents first.
    fn tables(&self, base: MapperId) -> Vec<Table> {
        let mut tables: Vec<Table> = Vec::new();
        for mapper in self.orm.mapping.self_and_descendants(base) {
            for mapped in &self.orm.mapping.mapper(mapper).tables {
                if !tables.iter().any(|table| table.ptr_eq(&mapped.table)) {
                    tables.push(mapped.table.clone());
                }
            }
        }
        tables
    }

    fn instance(&self, unit: UnitIndex) -> &'a Instance {
        &self.orm.instances[self.units.unit(unit).id]
    }

    fn mapper(&self, unit: UnitIndex) -> &'a Rc<Mapper> {
        self.orm.mapping.mapper(self.units.unit(unit).mapper)
    }

    /// The persistent object whose row a new object takes over, because that one is deleted.
    fn row_switch(&mut self, unit: UnitIndex) -> Result<Option<InstanceId>> {
        let mapper = self.mapper(unit);
        let id = self.units.unit(unit).id;
        let mut values = Vec::with_capacity(mapper.primary_key.len());
        for &attribute in &mapper.primary_key {
            match self.value(id, attribute, 0) {
                Operand::Known(value) if !value.is_null() => values.push(value),
                _ => return Ok(None),
            }
        }
        let identity = &self.orm.sessions.get(self.units.session)?.identity;
        let Some(existing) = identity.get(mapper.base, &Key::new(&values)) else { return Ok(None) };
        let Some(doomed) =
            self.units.find(self.orm, existing).filter(|u| self.units.unit(*u).delete)
        else {
            self.orm.warn(&format!(
                "New instance {} with identity key {} conflicts with persistent instance {}",
                self.orm.state_str(id),
                self.orm.identity_key_str(existing),
                self.orm.state_str(existing),
            ));
            return Ok(None);
        };
        self.progress.switched.insert(doomed);
        self.plan.row_switches.push((id, existing));
        Ok(Some(existing))
    }

    /// The value of an attribute once everything before has run.
    fn value(&self, id: InstanceId, attribute: u16, depth: u32) -> Operand {
        let instance = &self.orm.instances[id];
        let slot = instance.column(attribute);
        if let Some(unit) = self.units.find(self.orm, id) {
            let copy = self.changes.copy_into(unit, attribute);
            if let Some(copy) = copy.filter(|_| depth < 32) {
                return match copy.source {
                    Some((source, attribute)) => self.value(source, attribute, depth + 1),
                    None => Operand::Known(Value::Null),
                };
            }
            let generated =
                matches!(slot, Slot::Absent) || slot.value().is_some_and(Value::is_null);
            let planned = self.plan.units.get(unit_position(unit));
            if let Some(step) = planned.and_then(|planned| planned.insert).filter(|_| generated) {
                return Operand::From { step, column: attribute };
            }
        }
        match slot {
            Slot::Value(value) => Operand::Known(value.clone()),
            Slot::Expression(_) => Operand::Expression,
            Slot::Absent | Slot::Deferred | Slot::Expired => {
                Operand::Known(self.orm.key_part(id, attribute))
            }
        }
    }

    fn insert_rows(&mut self, table: &Table, members: &[UnitIndex]) -> Result<()> {
        for &unit in members {
            let mapper = Rc::clone(self.mapper(unit));
            let Some(index) = table_index(&mapper, table) else { continue };
            let Some(mapped) = mapper.tables.get(index) else { continue };
            self.insert_row(unit, &mapper, index, mapped)?;
        }
        self.close()
    }

    fn insert_row(
        &mut self,
        unit: UnitIndex,
        mapper: &Rc<Mapper>,
        index: usize,
        mapped: &MappedTable,
    ) -> Result<()> {
        let id = self.units.unit(unit).id;
        let start = self.plan.operands.len();
        self.columns.clear();
        self.expressions.clear();
        let (mut complete, mut defaults) = (true, true);
        for (position, column) in mapped.columns.iter().enumerate() {
            let operand =
                column.attribute.and_then(|a| self.insert_operand(unit, id, mapper, a, column));
            match operand {
                Some(operand) => {
                    if let (Operand::Expression, Some(attribute)) = (&operand, column.attribute)
                        && let Slot::Expression(expr) = self.orm.instances[id].column(attribute)
                    {
                        self.expressions.push((self.columns.len(), Rc::clone(expr)));
                    }
                    self.columns.push(Picked { position, condition: false });
                    self.plan.operands.push(operand);
                }
                None => {
                    complete &= !column.primary_key;
                    defaults &= !column.server_default;
                }
            }
        }
        let complete = complete && defaults && self.expressions.is_empty();
        let step = self.push_step(&Row {
            kind: StepKind::Insert,
            unit,
            operands: start,
            mapper,
            table: index,
            complete,
        })?;
        if let Some(planned) = self.plan.units.get_mut(unit_position(unit)) {
            planned.insert.get_or_insert(step);
        }
        Ok(())
    }

    /// What an INSERT says for a column, or nothing.
    fn insert_operand(
        &self,
        unit: UnitIndex,
        id: InstanceId,
        mapper: &Mapper,
        attribute: u16,
        column: &TableColumn,
    ) -> Option<Operand> {
        let copy = self.changes.copy_into(unit, attribute);
        let copied = copy.filter(|copy| !self.is_late(copy.relationship));
        let operand = match (copied, copy) {
            (Some(_), _) => self.value(id, attribute, 0),
            (None, Some(_)) => Operand::Known(Value::Null),
            (None, None) if mapper.version == Some(attribute) => Operand::Known(Value::Int(1)),
            (None, None) => match self.orm.instances[id].column(attribute) {
                Slot::Value(value) if column.evaluates_none => {
                    return Some(Operand::Known(value.clone()));
                }
                _ if column.evaluates_none => return None,
                Slot::Value(value) if !value.is_null() => Operand::Known(value.clone()),
                Slot::Expression(_) => Operand::Expression,
                // The key that an inherited table's INSERT generated.
                _ if column.primary_key => self.value(id, attribute, 0),
                _ => Operand::Known(Value::Null),
            },
        };
        match &operand {
            Operand::Known(Value::Null) => column.null_when_missing.then_some(operand),
            _ => Some(operand),
        }
    }

    /// Whether a relationship writes its keys by a second UPDATE.
    fn is_late(&self, relationship: RelationshipId) -> bool {
        self.orm.mapping.relationship(relationship).post_update
    }

    fn update_rows(
        &mut self,
        table: &Table,
        members: &[(UnitIndex, Option<InstanceId>)],
    ) -> Result<()> {
        for &(unit, switched) in members {
            let mapper = Rc::clone(self.mapper(unit));
            let Some(index) = table_index(&mapper, table) else { continue };
            let Some(mapped) = mapper.tables.get(index) else { continue };
            self.update_row(unit, &mapper, index, mapped, switched)?;
        }
        self.close()
    }

    fn update_row(
        &mut self,
        unit: UnitIndex,
        mapper: &Rc<Mapper>,
        index: usize,
        mapped: &MappedTable,
        switched: Option<InstanceId>,
    ) -> Result<()> {
        let id = self.units.unit(unit).id;
        let instance = self.instance(unit);
        if !instance.is_modified() && self.changes.of(unit).next().is_none() && switched.is_none() {
            return Ok(());
        }
        let start = self.plan.operands.len();
        self.columns.clear();
        self.expressions.clear();
        for (position, column) in mapped.columns.iter().enumerate() {
            let Some(attribute) = column.attribute else { continue };
            if mapper.version == Some(attribute) || (switched.is_some() && column.primary_key) {
                continue;
            }
            if let Some(operand) = self.changed_value(unit, id, attribute, false) {
                self.note_expression(id, attribute, &operand);
                self.columns.push(Picked { position, condition: false });
                self.plan.operands.push(operand);
            }
        }
        if self.columns.is_empty() {
            return Ok(());
        }
        let version =
            mapper.version.filter(|v| mapped.columns.iter().any(|c| c.attribute == Some(*v)));
        self.refresh(switched.unwrap_or(id));
        if let Some(version) = version {
            self.version_operand(switched.unwrap_or(id), mapped, version, true);
        }
        self.key_operands(unit, switched.unwrap_or(id), mapped, "update")?;
        if let Some(version) = version {
            self.version_operand(switched.unwrap_or(id), mapped, version, false);
        }
        self.push_step(&Row {
            kind: StepKind::Update,
            unit,
            operands: start,
            mapper,
            table: index,
            complete: true,
        })?;
        Ok(())
    }

    fn note_expression(&mut self, id: InstanceId, attribute: u16, operand: &Operand) {
        if let (Operand::Expression, Slot::Expression(expr)) =
            (operand, self.orm.instances[id].column(attribute))
        {
            self.expressions.push((self.columns.len(), Rc::clone(expr)));
        }
    }

    /// The new value of an attribute, if it differs from what the row holds.
    fn changed_value(
        &self,
        unit: UnitIndex,
        id: InstanceId,
        attribute: u16,
        late: bool,
    ) -> Option<Operand> {
        let instance = &self.orm.instances[id];
        let copy = self.changes.copy_into(unit, attribute);
        let copied = copy.is_some_and(|copy| late || !self.is_late(copy.relationship));
        if !copied {
            let changed = crate::flush::column_changed(instance, attribute);
            return match instance.column(attribute) {
                Slot::Value(value) => changed.then(|| Operand::Known(value.clone())),
                Slot::Expression(_) => Some(Operand::Expression),
                Slot::Absent | Slot::Deferred | Slot::Expired => None,
            };
        }
        let new = self.value(id, attribute, 0);
        let old = match instance.committed_column(attribute) {
            Some((old, _)) => old.value(),
            None if instance.is_fresh() => None,
            None => instance.column(attribute).value(),
        };
        match (&new, old) {
            (Operand::Known(new), Some(old)) if new == old => None,
            _ => Some(new),
        }
    }

    /// The operands that find a row: its primary key as the database has it.
    fn key_operands(
        &mut self,
        unit: UnitIndex,
        id: InstanceId,
        mapped: &MappedTable,
        verb: &str,
    ) -> Result<()> {
        for &position in &mapped.primary_key {
            let Some(column) = mapped.columns.get(position) else { continue };
            let Some(attribute) = column.attribute else { continue };
            let instance = &self.orm.instances[id];
            let committed = instance.committed_column(attribute).and_then(|(old, _)| old.value());
            let operand = match committed {
                Some(old) => Operand::Known(old.clone()),
                None => match instance.column(attribute) {
                    Slot::Value(value) if !value.is_null() => Operand::Known(value.clone()),
                    _ if instance.key.is_some() => Operand::Known(self.orm.key_part(id, attribute)),
                    _ => self.value(self.units.unit(unit).id, attribute, 0),
                },
            };
            if operand == Operand::Known(Value::Null) {
                let (verb, preposition) =
                    if verb == "update" { ("update", "") } else { ("delete from", "") };
                return Err(Error::flush(format!(
                    "Can't {verb}{preposition} table {} using NULL for primary key value on column {}",
                    mapped.table.full_name(),
                    column.column,
                )));
            }
            self.columns.push(Picked { position, condition: true });
            self.plan.operands.push(operand);
        }
        Ok(())
    }

    /// The version counter: the old one finds the row, the next one is written.
    fn version_operand(&mut self, id: InstanceId, mapped: &MappedTable, version: u16, next: bool) {
        let instance = &self.orm.instances[id];
        let committed = instance.committed_column(version).and_then(|(old, _)| old.value());
        let old =
            committed.or_else(|| instance.column(version).value()).cloned().unwrap_or_default();
        let value = match (&old, next) {
            (Value::Int(count), true) => Value::Int(count.wrapping_add(1)),
            _ => old,
        };
        let found = mapped.columns.iter().position(|c| c.attribute == Some(version));
        if let Some(position) = found {
            self.columns.push(Picked { position, condition: !next });
            self.plan.operands.push(Operand::Known(value));
        }
    }

    /// DELETE of a hierarchy, children's tables first.
    pub(super) fn delete(&mut self, base: MapperId, mut members: Vec<UnitIndex>) -> Result<()> {
        members.retain(|unit| {
            !self.progress.switched.contains(unit) && !self.units.unit(*unit).list_only
        });
        sort(self.orm, self.units, &mut members)?;
        for table in self.tables(base).iter().rev() {
            for &unit in &members {
                let mapper = Rc::clone(self.mapper(unit));
                let Some(index) = table_index(&mapper, table) else { continue };
                let Some(mapped) = mapper.tables.get(index) else { continue };
                let start = self.plan.operands.len();
                self.columns.clear();
                self.expressions.clear();
                let id = self.units.unit(unit).id;
                self.refresh(id);
                self.key_operands(unit, id, mapped, "delete")?;
                let version = mapper
                    .version
                    .filter(|v| mapped.columns.iter().any(|c| c.attribute == Some(*v)));
                if let Some(version) = version {
                    self.version_operand(id, mapped, version, false);
                }
                self.push_step(&Row {
                    kind: StepKind::Delete,
                    unit,
                    operands: start,
                    mapper: &mapper,
                    table: index,
                    complete: true,
                })?;
            }
            self.close()?;
        }
        Ok(())
    }

    /// UPDATE of the foreign keys that had to wait.
    pub(super) fn post_update(&mut self, base: MapperId, delete: bool) -> Result<()> {
        let mut members: Vec<UnitIndex> = Vec::new();
        for (unit, _) in &self.changes.post_updates {
            let found = self.units.unit(*unit);
            let of_base = self.orm.mapping.mapper(found.mapper).base == base;
            if of_base && found.delete == delete && !members.contains(unit) {
                members.push(*unit);
            }
        }
        sort(self.orm, self.units, &mut members)?;
        for table in self.tables(base) {
            for &unit in &members {
                self.post_update_row(unit, &table)?;
            }
            self.close()?;
        }
        Ok(())
    }

    fn post_update_row(&mut self, unit: UnitIndex, table: &Table) -> Result<()> {
        let mapper = Rc::clone(self.mapper(unit));
        let Some(index) = table_index(&mapper, table) else { return Ok(()) };
        let Some(mapped) = mapper.tables.get(index) else { return Ok(()) };
        let id = self.units.unit(unit).id;
        let start = self.plan.operands.len();
        self.columns.clear();
        self.expressions.clear();
        for (position, column) in mapped.columns.iter().enumerate() {
            let Some(attribute) = column.attribute else { continue };
            if !self.changes.post_updates.contains(&(unit, attribute)) {
                continue;
            }
            if let Some(operand) = self.changed_value(unit, id, attribute, true) {
                self.columns.push(Picked { position, condition: false });
                self.plan.operands.push(operand);
            }
        }
        if self.columns.is_empty() {
            return Ok(());
        }
        self.refresh(id);
        self.key_operands(unit, id, mapped, "update")?;
        self.push_step(&Row {
            kind: StepKind::PostUpdate,
            unit,
            operands: start,
            mapper: &mapper,
            table: index,
            complete: true,
        })?;
        Ok(())
    }

    /// The work of a relationship: the keys it reads, and its association rows.
    pub(super) fn process(
        &mut self,
        relationship: RelationshipId,
        delete: bool,
        members: &[UnitIndex],
    ) -> Result<()> {
        let relationship = self.orm.mapping.relationship(relationship);
        let members: FxHashSet<UnitIndex> = members.iter().copied().collect();
        for read in &self.changes.reads {
            if read.relationship == relationship.id
                && read.delete == delete
                && members.contains(&read.owner)
            {
                self.refresh(read.instance);
            }
        }
        self.progress.processed.insert(relationship.id);
        match &relationship.secondary {
            Some(secondary) => self.associate(&relationship, secondary, delete, &members),
            None => Ok(()),
        }
    }

    /// Has expired attributes of an object loaded before the statement that needs its key.
    fn refresh(&mut self, id: InstanceId) {
        if !self.orm.is_key_expired(id) || !self.progress.refreshed.insert(id) {
            return;
        }
        let unit = self.units.find(self.orm, id);
        let copies = unit.into_iter().flat_map(|unit| self.changes.of(unit));
        let copied = copies.filter(|copy| self.progress.processed.contains(&copy.relationship));
        let written: Vec<u16> = copied.map(|copy| copy.column).collect();
        let mut attributes = load::expired_attributes(self.orm, id);
        attributes.retain(|attribute| !written.contains(attribute));
        let before = small(self.plan.batches.len());
        self.plan.refreshes.push(Refresh { instance: id, attributes, before });
    }

    /// Rows of an association table: what leaves first, then what comes.
    fn associate(
        &mut self,
        relationship: &Relationship,
        secondary: &Table,
        delete: bool,
        members: &FxHashSet<UnitIndex>,
    ) -> Result<()> {
        for insert in [false, true] {
            let mut batch: Option<Rc<[BatchColumn]>> = None;
            let first = self.plan.steps.len();
            for row in &self.changes.rows {
                if row.relationship != relationship.id
                    || row.delete != delete
                    || row.insert != insert
                    || !members.contains(&row.owner)
                {
                    continue;
                }
                let columns = batch
                    .get_or_insert_with(|| association_columns(relationship, secondary, !insert));
                let columns = Rc::clone(columns);
                self.association_row(relationship, row, &columns);
            }
            if let Some(columns) = batch {
                let kind =
                    if insert { StepKind::AssociationInsert } else { StepKind::AssociationDelete };
                let count = self.plan.steps.len() - first;
                let many = count > 1;
                let shape = Shape {
                    kind,
                    columns: &columns,
                    returning: &[],
                    many,
                    attributes: &[],
                    expressions: &[],
                };
                let sql = statement::compiled(self.orm, self.plan.session, secondary, &shape)?;
                self.plan.batches.push(Batch {
                    kind,
                    table: secondary.clone(),
                    relationship: Some(relationship.id),
                    mapper: relationship.parent,
                    columns,
                    first: StepId(small(first)),
                    count: small(count),
                    manner: if many { Manner::Many } else { Manner::Single },
                    generated: None,
                    sql,
                });
            }
        }
        Ok(())
    }

    fn association_row(
        &mut self,
        relationship: &Relationship,
        row: &AssociationRow,
        columns: &[BatchColumn],
    ) {
        let start = self.plan.operands.len();
        for column in columns {
            let of = |pairs: &[crate::mapping::SyncPair]| {
                pairs.iter().find(|p| p.dest.ptr_eq(&column.column)).map(|p| p.source_attribute)
            };
            let operand = match of(&relationship.synchronize_pairs) {
                Some(attribute) => self.value(row.parent, attribute, 0),
                None => match of(&relationship.secondary_synchronize_pairs) {
                    Some(attribute) => self.value(row.child, attribute, 0),
                    None => Operand::Known(Value::Null),
                },
            };
            self.plan.operands.push(operand);
        }
        let kind =
            if row.insert { StepKind::AssociationInsert } else { StepKind::AssociationDelete };
        self.plan.steps.push(Step {
            kind,
            instance: row.parent,
            other: Some(row.child),
            batch: small(self.plan.batches.len()),
            operands: small(start),
            unit: row.owner,
        });
    }
}

/// Pending units in the order they were added, then the others by primary key.
pub(crate) fn sort(orm: &Orm, units: &Units, members: &mut [UnitIndex]) -> Result<()> {
    let instance = |unit: UnitIndex| &orm.instances[units.unit(unit).id];
    let mut unsortable = None;
    members.sort_by(|a, b| {
        let (a, b) = (instance(*a), instance(*b));
        match (&a.key, &b.key) {
            (None, None) => a.insert_order.cmp(&b.insert_order),
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(Key::Int(a)), Some(Key::Int(b))) => a.cmp(b),
            (Some(a), Some(b)) => compare_keys(&a.values(), &b.values()).unwrap_or_else(|pair| {
                unsortable = Some(pair);
                Ordering::Equal
            }),
        }
    });
    match unsortable {
        None => Ok(()),
        Some((a, b)) => Err(Error::invalid_request(format!(
            "Could not sort objects by primary key; primary key values must be sortable in \
                 Python (was: '<' not supported between instances of '{a}' and '{b}')"
        ))),
    }
}

/// Columns of an association table that a relationship fills, in the table's order.
fn association_columns(
    relationship: &Relationship,
    secondary: &Table,
    condition: bool,
) -> Rc<[BatchColumn]> {
    let pairs =
        || relationship.synchronize_pairs.iter().chain(&relationship.secondary_synchronize_pairs);
    secondary
        .columns()
        .into_iter()
        .filter(|column| pairs().any(|pair| pair.dest.ptr_eq(column)))
        .map(|column| BatchColumn { column, attribute: None, condition })
        .collect()
}

fn table_index(mapper: &Mapper, table: &Table) -> Option<usize> {
    mapper.tables.iter().position(|mapped| mapped.table.ptr_eq(table))
}

fn unit_position(unit: UnitIndex) -> usize {
    usize::try_from(unit.0).unwrap_or(usize::MAX)
}

pub(super) fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Python's order of two keys, or the two types that have none.
fn compare_keys(a: &[Value], b: &[Value]) -> Result<Ordering, (Rc<str>, Rc<str>)> {
    for (a, b) in a.iter().zip(b) {
        let order = match (a, b) {
            (Value::Int(a), Value::Int(b)) => a.cmp(b),
            (Value::Text(a), Value::Text(b)) => a.cmp(b),
            (Value::Blob(a), Value::Blob(b)) => a.cmp(b),
            (Value::Real(a), Value::Real(b)) => a.total_cmp(b),
            (Value::Decimal(a), Value::Decimal(b)) => a.cmp(b),
            (Value::Date(a), Value::Date(b)) => a.cmp(b),
            (Value::DateTime(a), Value::DateTime(b)) => a.cmp(b),
            (Value::Time(a), Value::Time(b)) => a.cmp(b),
            (Value::Uuid(a), Value::Uuid(b)) => a.cmp(b),
            (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
            (Value::Null, Value::Null) => Ordering::Equal,
            (Value::Object(a), Value::Object(b)) => a.repr().cmp(&b.repr()),
            _ => return Err((a.type_name(), b.type_name())),
        };
        if order != Ordering::Equal {
            return Ok(order);
        }
    }
    Ok(Ordering::Equal)
}
