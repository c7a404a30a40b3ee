//! Relationships inside conditions: `any`, `has`, `contains`, `==`.

use std::rc::Rc;

use vidro_sql::Value;
use vidro_sql::expr::{Expr, and_, or_};
use vidro_sql::from::FromClause;
use vidro_sql::schema::Column;
use vidro_sql::select::{Query, Select};
use vidro_sql::types::Type;

use super::entity::{EntityId, join_parts, replace};
use crate::Orm;
use crate::error::Result;
use crate::host::Host;
use crate::instance::{InstanceId, Key, Slot};
use crate::mapping::{Direction, Relationship};

impl Orm {
    /// `User.posts.any(criteria)` and `Post.user.has(criteria)`: `EXISTS (SELECT 1 …)`.
    ///
    /// A self-referential relationship looks at an alias, to which the criteria are turned.
    pub fn exists_condition(
        &mut self,
        owner: EntityId,
        relationship: &Relationship,
        target: Option<EntityId>,
        criteria: &[Expr],
    ) -> Result<Expr> {
        let plain = EntityId::of(relationship.target);
        let same_table = self.mapping.common_parent(relationship.parent, relationship.target);
        let target = match target {
            Some(target) if target != plain => target,
            _ if same_table => self.aliased(relationship.target, None, None)?,
            _ => plain,
        };
        let right = self.entity_from(target)?;
        let middle = relationship.secondary.clone().map(FromClause::Table);
        let parts = join_parts(self, owner, relationship, target, middle.clone())?;
        let mut clauses: Vec<Expr> = Vec::new();
        clauses.extend(parts.secondary.map(|(_, primary)| primary));
        clauses.push(parts.on);
        for criterion in criteria {
            clauses.push(if same_table {
                self.adapt(criterion, target)?
            } else {
                criterion.clone()
            });
        }
        let mut inside = vec![right];
        inside.extend(middle);
        let mut select = Select::new([Expr::literal_column("1", Type::null())]);
        for from in &inside {
            select = select.select_from(from.clone());
        }
        let select = select.where_(join_all(clauses)?).correlate_except(inside);
        Ok(Query::Select(select).exists())
    }

    /// `Post.user == user` and `User.posts.contains(post)`, for a class's own tables.
    pub fn equals_condition(
        &mut self,
        host: &mut dyn Host,
        relationship: &Relationship,
        member: InstanceId,
    ) -> Result<Expr> {
        let values = self.remote_values(host, relationship, member)?;
        let bind = |column: &Column| {
            let value = values.iter().find(|(c, _)| c.ptr_eq(column)).map(|(_, v)| v.clone());
            Some(Expr::literal_typed(value?, column.ty()))
        };
        let Some(join) = &relationship.secondaryjoin else {
            return replace(&relationship.primaryjoin, &|expr| bind(expr.schema_column()?));
        };
        let parts = join_parts(
            self,
            EntityId::of(relationship.parent),
            relationship,
            EntityId::of(relationship.target),
            None,
        )?;
        let Some((middle, primary)) = parts.secondary else { return Ok(parts.on) };
        let second = replace(join, &|expr| {
            bind(expr.schema_column()?).or_else(|| middle.corresponding_column(expr))
        })?;
        Ok(and_([primary, second])?)
    }

    /// `User.posts.contains(post)`
    pub fn contains_condition(
        &mut self,
        host: &mut dyn Host,
        relationship: &Relationship,
        member: InstanceId,
    ) -> Result<Expr> {
        self.equals_condition(host, relationship, member)
    }

    /// `Post.user != user`: another one, or none.
    pub fn differs_condition(
        &mut self,
        host: &mut dyn Host,
        owner: EntityId,
        relationship: &Relationship,
        member: InstanceId,
    ) -> Result<Expr> {
        if relationship.direction != Direction::ManyToOne {
            let values = self.key_condition(host, relationship, member)?;
            return Ok(self.exists_condition(owner, relationship, None, &[values])?.negate());
        }
        let values = self.remote_values(host, relationship, member)?;
        let mut clauses = Vec::new();
        for (local, remote) in &relationship.local_remote_pairs {
            let value = values.iter().find(|(c, _)| c.ptr_eq(remote)).map(|(_, v)| v.clone());
            let local = self.column_of(owner, local)?;
            let other = value.unwrap_or_default();
            clauses.push(or_([local.ne(other)?, local.is(Value::Null)?])?);
        }
        join_all(clauses)
    }

    /// `Post.user == None`, or its opposite.
    pub fn none_condition(
        &mut self,
        owner: EntityId,
        relationship: &Relationship,
        negate: bool,
    ) -> Result<Expr> {
        if relationship.direction != Direction::ManyToOne {
            let exists = self.exists_condition(owner, relationship, None, &[])?;
            return Ok(if negate { exists } else { exists.negate() });
        }
        let mut clauses = Vec::new();
        for (local, _) in &relationship.local_remote_pairs {
            let local = self.column_of(owner, local)?;
            clauses.push(if negate {
                local.is_not(Value::Null)?
            } else {
                local.is(Value::Null)?
            });
        }
        join_all(clauses)
    }

    /// A condition on a class's tables, turned to one of its aliases.
    pub fn adapt_to(&self, condition: &Expr, entity: EntityId) -> Result<Expr> {
        self.adapt(condition, entity)
    }

    /// The primary key of the target is that of an object.
    fn key_condition(
        &mut self,
        host: &mut dyn Host,
        relationship: &Relationship,
        member: InstanceId,
    ) -> Result<Expr> {
        let target = Rc::clone(self.mapping.mapper(relationship.target));
        let mut clauses = Vec::new();
        for &pk in &target.primary_key {
            let value = self.loaded_value(host, member, pk)?;
            let column = self.attribute_expr(EntityId::of(relationship.target), pk)?;
            clauses.push(column.eq(value)?);
        }
        join_all(clauses)
    }

    /// The target's side of a join condition as an object has it.
    fn remote_values(
        &mut self,
        host: &mut dyn Host,
        relationship: &Relationship,
        member: InstanceId,
    ) -> Result<Vec<(Column, Value)>> {
        let mapper = self.mapper_of(member)?;
        let columns: Vec<Column> = match &relationship.secondary {
            None => relationship.remote_columns.clone(),
            Some(_) => relationship
                .secondary_synchronize_pairs
                .iter()
                .map(|pair| pair.source.clone())
                .collect(),
        };
        let mut values = Vec::with_capacity(columns.len());
        for column in columns {
            if let Some(attribute) = mapper.attribute_of(&column) {
                values.push((column, self.loaded_value(host, member, attribute)?));
            }
        }
        Ok(values)
    }

    /// A column's value; a detached object's key stands in for what it cannot load.
    fn loaded_value(
        &mut self,
        host: &mut dyn Host,
        id: InstanceId,
        attribute: u16,
    ) -> Result<Value> {
        let instance = &self.instances[id];
        if !instance.column(attribute).is_loaded() && instance.key.is_some() {
            if instance.session.is_none() && instance.key.as_ref().is_some_and(|k| !is_empty(k)) {
                return Ok(self.key_part(id, attribute));
            }
            self.load_column(host, id, attribute)?;
        }
        Ok(match self.instances[id].column(attribute) {
            Slot::Value(value) => value.clone(),
            _ => Value::Null,
        })
    }
}

fn is_empty(key: &Key) -> bool {
    matches!(key, Key::Values(values) if values.is_empty())
}

fn join_all(mut clauses: Vec<Expr>) -> Result<Expr> {
    match (clauses.pop(), clauses.is_empty()) {
        (Some(only), true) => Ok(only),
        (Some(last), false) => {
            clauses.push(last);
            Ok(and_(clauses)?)
        }
        (None, _) => Ok(Expr::true_()),
    }
}
