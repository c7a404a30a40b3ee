//! `CreateTable`, `DropTable`, `CreateIndex`, `DDL` and their kin: DDL as printable, executable objects.

use std::rc::Rc;

use vidro_python::{Args, Class, ClassBuilder, Object, Raise, Str, Value, Vm};
use vidro_sql::ddl::{CreateTable, Ddl};
use vidro_sql::statement::Statement;

use super::{Item, ItemObject};
use crate::{expression, value};

const DDL: &str = "sqlalchemy.sql.ddl";

/// A DDL statement as Python sees it.
#[derive(Debug)]
pub(crate) struct DdlObject {
    /// The statement.
    pub(crate) ddl: Ddl,
    class: &'static str,
}

const CLASSES: &[&str] = &[
    "CreateTable",
    "DropTable",
    "CreateColumn",
    "CreateIndex",
    "DropIndex",
    "CreateSequence",
    "DropSequence",
    "CreateSchema",
    "DropSchema",
    "AddConstraint",
    "DropConstraint",
    "SetTableComment",
    "SetColumnComment",
    "DDL",
];

pub(super) fn define(vm: &mut Vm) {
    let base = vm.named_class("sqlalchemy.sql.elements.ClauseElement");
    let base = ClassBuilder::new(DDL, "ExecutableDDLElement").base(&base).build(vm);
    for name in CLASSES {
        ClassBuilder::new(DDL, *name).base(&base).constructor(construct).build(vm);
    }
}

fn construct(vm: &mut Vm, mut args: Args) -> Result<Value, Raise> {
    let class = args.at(0).as_class().map(|class| class.name()).unwrap_or_default();
    let if_exists = value::flag(vm, args.take_keyword("if_exists"))?;
    let if_not_exists = value::flag(vm, args.take_keyword("if_not_exists"))?;
    let cascade = value::flag(vm, args.take_keyword("cascade"))?;
    let target = args.at(1);
    let made = statement(&class, &target, if_exists, if_not_exists, cascade);
    let class = CLASSES.iter().find(|known| **known == &*class).copied().unwrap_or("DDL");
    match made {
        Some(ddl) => Ok(Value::object(DdlObject { ddl, class })),
        None => {
            let shown = vm.repr(&target)?;
            Err(crate::exc::argument(vm, format!("{class}() cannot be made of {shown}")))
        }
    }
}

fn statement(
    class: &str,
    target: &Value,
    if_exists: bool,
    if_not_exists: bool,
    cascade: bool,
) -> Option<Ddl> {
    let item = target.downcast_ref::<ItemObject>().map(|object| object.item.clone());
    let table = super::as_table(target);
    let text = || target.as_str().map(|text| Rc::from(&*text));
    let sequence = || match &item {
        Some(Item::Sequence(sequence)) => Some(sequence.clone()),
        _ => None,
    };
    match class {
        "CreateTable" => table.map(|table| {
            Ddl::CreateTable(CreateTable { table, foreign_keys: None, if_not_exists })
        }),
        "DropTable" => table.map(|table| Ddl::DropTable { table, if_exists }),
        "SetTableComment" => table.map(Ddl::SetTableComment),
        "SetColumnComment" => super::as_column(target).map(Ddl::SetColumnComment),
        "CreateColumn" => super::as_column(target).map(Ddl::CreateColumn),
        "CreateIndex" => match item {
            Some(Item::Index(index)) => Some(Ddl::CreateIndex { index, if_not_exists }),
            _ => None,
        },
        "DropIndex" => match item {
            Some(Item::Index(index)) => Some(Ddl::DropIndex { index, if_exists }),
            _ => None,
        },
        "AddConstraint" => match item {
            Some(Item::Constraint(constraint)) => Some(Ddl::AddConstraint(constraint)),
            _ => None,
        },
        "DropConstraint" => match item {
            Some(Item::Constraint(constraint)) => {
                Some(Ddl::DropConstraint { constraint, if_exists, cascade })
            }
            _ => None,
        },
        "CreateSequence" => {
            sequence().map(|sequence| Ddl::CreateSequence { sequence, if_not_exists })
        }
        "DropSequence" => sequence().map(|sequence| Ddl::DropSequence { sequence, if_exists }),
        "CreateSchema" => text().map(|name| Ddl::CreateSchema { name, if_not_exists }),
        "DropSchema" => text().map(|name| Ddl::DropSchema { name, if_exists, cascade }),
        _ => text().map(Ddl::Text),
    }
}

impl Object for DdlObject {
    fn class(&self, vm: &Vm) -> Rc<Class> {
        vm.named_class(&format!("{DDL}.{}", self.class))
    }

    fn str(&self, vm: &mut Vm) -> Result<Str, Raise> {
        expression::statement_text(vm, &Statement::Ddl(self.ddl.clone()))
    }

    fn get_attribute(self: Rc<Self>, vm: &mut Vm, name: &str) -> Result<Option<Value>, Raise> {
        Ok(match (name, &self.ddl) {
            ("element", Ddl::CreateTable(create)) => Some(super::table_object(vm, &create.table)?),
            ("element", Ddl::DropTable { table, .. }) => Some(super::table_object(vm, table)?),
            ("statement", Ddl::Text(text)) => Some(Value::from(&**text)),
            _ => None,
        })
    }
}
