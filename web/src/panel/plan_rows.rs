//! The flush plan as rows before and after.

use super::plan::look;
use super::{value, value_text};
use crate::i18n::Text;
use crate::store::Store;
use crate::workspace::{PlanRun, Workspace};
use leptos::prelude::*;
use vidro_protocol::{OperandValue, StepAction, StepView};

/// One pair of columns for each table that the plan touches.
pub(crate) fn before_and_after(store: Store, now: &Workspace, run: &PlanRun) -> AnyView {
    let mut tables: Vec<&str> = Vec::new();
    for step in &run.plan.steps {
        if !tables.contains(&step.table.as_str()) {
            tables.push(&step.table);
        }
    }
    tables.into_iter().map(|table| one_table(store, now, run, table)).collect_view().into_any()
}

fn one_table(store: Store, now: &Workspace, run: &PlanRun, table: &str) -> AnyView {
    let rows = run.plan.steps.iter().filter(|step| step.table == table).map(|step| {
        let (sign, class, verb) = look(step.action);
        let word = store.t(verb);
        view! {
            <tr class=class>
                <td class="sign"><span aria-hidden="true">{sign}</span><span class="hidden">{word}</span></td>
                <td>{before(store, now, step)}</td>
                <td>{after(store, now, run, step)}</td>
            </tr>
        }
    });
    view! {
        <div class="table-wrap">
            <table class="rows">
                <caption><code>{table.to_owned()}</code></caption>
                <thead><tr><th><span class="hidden">{store.t(Text::Kind)}</span></th><th>{store.t(Text::Before)}</th><th>{store.t(Text::AfterTitle)}</th></tr></thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn before(store: Store, now: &Workspace, step: &StepView) -> AnyView {
    let old = step.old.iter().map(|old| (old.name.clone(), value_text(now, &old.value)));
    let keys =
        step.operands.iter().filter(|operand| operand.condition).filter_map(
            |operand| match &operand.value {
                OperandValue::Known(known) => {
                    Some((operand.column.clone(), value_text(now, known)))
                }
                OperandValue::From { .. } | OperandValue::Generated => None,
            },
        );
    if matches!(step.action, StepAction::Insert | StepAction::Link) {
        return view! { <em>{store.t(Text::NoRow)}</em> }.into_any();
    }
    keys.chain(old)
        .map(|(name, text)| view! { <p><span class="name">{name}</span>" "{text}</p> })
        .collect_view()
        .into_any()
}

fn after(store: Store, now: &Workspace, run: &PlanRun, step: &StepView) -> AnyView {
    if matches!(step.action, StepAction::Delete | StepAction::Unlink) {
        return view! { <em>{store.t(Text::NoRow)}</em> }.into_any();
    }
    let cell = |operand: &vidro_protocol::Operand| {
        let filled = |id: u32, column: &str| {
            run.done
                .get(&id)
                .and_then(|values| values.iter().find(|value| value.name == column))
                .map(|known| value(now, &known.value))
        };
        let held = match &operand.value {
            OperandValue::Known(known) => value(now, known),
            OperandValue::From { step, column } => filled(*step, column).unwrap_or_else(|| {
                let text = store.tf(Text::FromStep, &[column, &step.to_string()]);
                view! { <span class="copied">"= "{text}</span> }.into_any()
            }),
            OperandValue::Generated => filled(step.id, &operand.column).unwrap_or_else(|| {
                view! { <em>{store.t(Text::GeneratedByDatabase)}</em> }.into_any()
            }),
        };
        view! { <p><span class="name">{operand.column.clone()}</span>" "{held}</p> }
    };
    step.operands.iter().map(cell).collect_view().into_any()
}
