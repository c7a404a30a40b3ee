//! The flush plan as a list in waves: what each step writes, why it is there, and why it comes when it does.

use super::{empty, line_link, live, plan_graph, plan_rows, value};
use crate::i18n::{Lang, Text, cause, kind_name, reason};
use crate::paint;
use crate::store::{Stage, Store};
use crate::workspace::{PlanRun, Workspace};
use leptos::prelude::*;
use vidro_protocol::{EdgeKind, EdgeView, Operand, OperandValue, PlanView, StepAction, StepView};

/// The three views of one plan.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    List,
    Graph,
    Rows,
}

/// The panel.
pub(crate) fn plan(store: Store) -> AnyView {
    let shape = RwSignal::new(Shape::List);
    let pair = RwSignal::new((1_u32, 2_u32));
    let content = live(move || {
        store.now.with(|now| match &now.plan {
            None => empty(store.t(Text::PlanEmpty)),
            Some(run) => {
                let body = match shape.get() {
                    Shape::List => list(store, now, run),
                    Shape::Graph => plan_graph::graph(store, now, run),
                    Shape::Rows => plan_rows::before_and_after(store, now, run),
                };
                view! { {head(store, run)}{shapes(store, shape)}{body}{why(store, now, &run.plan, pair)} }.into_any()
            }
        })
    });
    view! {
        <section class="panel plan" aria-label=store.s(Text::Plan)>
            <div class="scroll" tabindex="0" role="group" aria-label=store.s(Text::Plan)>{content}</div>
        </section>
    }
    .into_any()
}

/// A count of waiting steps beside the tabs; it opens the plan.
pub(crate) fn badge(store: Store) -> AnyView {
    let waiting = move || {
        store.now.with(|now| {
            let run = now.plan.as_ref().filter(|run| run.is_preview())?;
            let counts = counts(&run.plan);
            Some(view! {
                <button type="button" class="badge" title=store.t(Text::PlanPreview) on:click=move |_| store.stage.set(Stage::Plan)>
                    <small>{store.t(Text::PlanPreview)}</small>{counts}
                </button>
            })
        })
    };
    view! { <span class="badge-place">{waiting}</span> }.into_any()
}

/// `+2 ~1`, each with its colour.
fn counts(plan: &PlanView) -> AnyView {
    let count = |classes: [StepAction; 2], sign: &'static str, class: &'static str| {
        let count = plan.steps.iter().filter(|step| classes.contains(&step.action)).count();
        (count > 0).then(|| view! { <span class=class>{sign}{count}</span> })
    };
    let inserted = count([StepAction::Insert, StepAction::Link], "+", "ins");
    let updated = count([StepAction::Update, StepAction::PostUpdate], "~", "upd");
    let deleted = count([StepAction::Delete, StepAction::Unlink], "−", "del");
    view! { {inserted}{updated}{deleted} }.into_any()
}

fn head(store: Store, run: &PlanRun) -> AnyView {
    let number = run.plan.flush.to_string();
    let title = match (run.is_preview(), run.failed, run.finished) {
        (true, ..) => store.t(Text::PlanPreview).to_owned(),
        (_, true, _) => store.tf(Text::PlanFailed, &[&number]),
        (_, _, true) => store.tf(Text::PlanDone, &[&number]),
        _ => store.tf(Text::PlanRunning, &[&number]),
    };
    let apply = run.is_preview().then(|| {
        let hint = store.t(Text::ApplyHint);
        let text = store.t(Text::Apply);
        view! { <button type="button" class="primary" title=hint on:click=move |_| store.apply_plan()>{text}</button> }
    });
    let line = run.span.filter(|_| !run.is_preview()).map(|span| line_link(store, span.line));
    view! { <header class="plan-head"><h3>{title}</h3><span class="counts">{counts(&run.plan)}</span>{line}{apply}</header> }
        .into_any()
}

fn shapes(store: Store, shape: RwSignal<Shape>) -> AnyView {
    let one = |value: Shape, text: Text| super::choice(store, shape, value, text);
    view! {
        <div class="tabs small" role="group" aria-label=store.t(Text::Plan)>
            {one(Shape::List, Text::PlanList)}{one(Shape::Graph, Text::PlanGraph)}{one(Shape::Rows, Text::PlanRows)}
        </div>
    }
    .into_any()
}

fn list(store: Store, now: &Workspace, run: &PlanRun) -> AnyView {
    let plan = &run.plan;
    let last = plan.steps.iter().map(|step| step.wave).max().unwrap_or(0);
    let waves = (1..=last).map(|wave| {
        let steps = plan.steps.iter().filter(|step| step.wave == wave).map(|shown| step(store, now, run, shown));
        let steps = steps.collect_view();
        view! { <li class="wave"><h4>{store.tf(Text::Wave, &[&wave.to_string()])}</h4><ol>{steps}</ol></li> }
    });
    let shown = plan.steps.len();
    let cut = (plan.step_count as usize > shown).then(|| {
        view! { <p class="empty">{store.tf(Text::CutPlan, &[&shown.to_string(), &plan.step_count.to_string()])}</p> }
    });
    view! { <ol class="waves">{waves.collect_view()}</ol>{cut}{statements(store, plan)} }.into_any()
}

fn statements(store: Store, plan: &PlanView) -> AnyView {
    let all = plan.batches.iter().map(|batch| {
        let steps = batch.steps.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
        let label = store.tf(Text::StepNumber, &[&steps]);
        view! { <li><span class="steps">{label}</span><pre class="code" inner_html=paint::sql(&batch.sql)></pre></li> }
    });
    let title = format!("{} ({})", store.t(Text::Statements), plan.batches.len());
    view! { <details class="statements" open=true><summary>{title}</summary><ol>{all.collect_view()}</ol></details> }.into_any()
}

fn step(store: Store, now: &Workspace, run: &PlanRun, shown: &StepView) -> AnyView {
    let (sign, class, verb) = look(shown.action);
    let lang = store.lang.get();
    let what = subject(now, shown);
    let written = shown
        .operands
        .iter()
        .filter(|operand| !operand.condition)
        .map(|one| operand(store, now, run, shown, one));
    let done = run.done.contains_key(&shown.id);
    let causes = shown.causes.iter().map(|told| {
        let line = told.span.map(|span| line_link(store, span.line));
        view! { <p class="cause"><span>{store.t(Text::Because)}</span>" "{cause(lang, told)}" "{line}</p> }
    });
    let after = run
        .plan
        .edges
        .iter()
        .filter(|edge| edge.after == shown.id && edge.kind != EdgeKind::TieBreak);
    let after = after.map(|edge| reason_line(store, lang, edge)).collect_view();
    view! {
        <li class=format!("step {class}") id=format!("step-{}", shown.id) data-done=done.to_string()>
            <div class="step-head">
                <span class="sign" aria-hidden="true">{sign}</span>
                <span class="no">{shown.id}</span>
                <b>{store.t(verb)}" "{what}</b>
                <code>{shown.table.clone()}</code>
                {done.then_some(view! { <span class="done">"✓"</span> })}
            </div>
            <dl>{written.collect_view()}</dl>
            {causes.collect_view()}{after}
        </li>
    }
    .into_any()
}

/// The object of a step, or the pair of an association row.
pub(crate) fn subject(now: &Workspace, step: &StepView) -> String {
    match step.object {
        Some(id) => now.name_of(id),
        None => step.table.clone(),
    }
}

fn reason_line(store: Store, lang: Lang, edge: &EdgeView) -> AnyView {
    let step = store.tf(Text::StepNumber, &[&edge.before.to_string()]);
    let class = if edge.kind == EdgeKind::KeyCopy { "reason key" } else { "reason" };
    view! { <p class=class><span>{store.t(Text::After)}" "{step}</span>": "{reason(lang, &edge.reason)}</p> }.into_any()
}

/// Sign, class and word of an action.
pub(crate) fn look(action: StepAction) -> (&'static str, &'static str, Text) {
    match action {
        StepAction::Insert => ("+", "ins", Text::Insert),
        StepAction::Update => ("~", "upd", Text::Update),
        StepAction::Delete => ("−", "del", Text::DeleteRow),
        StepAction::Link => ("+", "ins", Text::Link),
        StepAction::Unlink => ("−", "del", Text::Unlink),
        StepAction::PostUpdate => ("~", "upd", Text::PostUpdate),
    }
}

fn operand(
    store: Store,
    now: &Workspace,
    run: &PlanRun,
    step: &StepView,
    one: &Operand,
) -> AnyView {
    let old = step.old.iter().find(|old| old.name == one.column);
    let old = old.map(|old| view! { <del>{value(now, &old.value)}</del>" → " });
    let held = match &one.value {
        OperandValue::Known(known) => value(now, known),
        OperandValue::From { step, column } => copied(store, now, run, *step, column),
        OperandValue::Generated => generated(store, now, run, step.id, &one.column),
    };
    view! { <div><dt>{one.column.clone()}</dt><dd>{old}{held}</dd></div> }.into_any()
}

/// A key that another step generates: `= id of step 1`, and its value once that step is done.
fn copied(store: Store, now: &Workspace, run: &PlanRun, step: u32, column: &str) -> AnyView {
    let text = store.tf(Text::FromStep, &[column, &step.to_string()]);
    let known =
        run.done.get(&step).and_then(|values| values.iter().find(|value| value.name == column));
    let known = known.map(|known| view! { {value(now, &known.value)}" " });
    view! { <span class="copied">{known}<span aria-hidden="true">"= "</span>{text}</span> }
        .into_any()
}

fn generated(store: Store, now: &Workspace, run: &PlanRun, step: u32, column: &str) -> AnyView {
    let known =
        run.done.get(&step).and_then(|values| values.iter().find(|value| value.name == column));
    match known {
        Some(known) => value(now, &known.value),
        None => view! { <em>{store.t(Text::GeneratedByDatabase)}</em> }.into_any(),
    }
}

fn why(store: Store, now: &Workspace, plan: &PlanView, pair: RwSignal<(u32, u32)>) -> AnyView {
    if plan.steps.len() < 2 {
        return ().into_any();
    }
    let (first, second) = pair.get();
    let pick = |chosen: u32| {
        let options = plan.steps.iter().map(|step| {
            let (sign, ..) = look(step.action);
            let text = format!("{} {sign} {}", step.id, subject(now, step));
            view! { <option value=step.id.to_string() selected=step.id == chosen>{text}</option> }
        });
        options.collect_view()
    };
    let number = |event| event_target_value(&event).parse().unwrap_or(1);
    let answer = explain(store, plan, first, second);
    view! {
        <section class="why">
            <h3>{store.t(Text::WhyTitle)}</h3>
            <div class="line">
                <select aria-label=store.t(Text::WhyFirst) on:change=move |event| pair.update(|pair| pair.0 = number(event))>{pick(first)}</select>
                <span aria-hidden="true">"→"</span>
                <select aria-label=store.t(Text::WhySecond) on:change=move |event| pair.update(|pair| pair.1 = number(event))>{pick(second)}</select>
            </div>
            <div role="status">{answer}</div>
        </section>
    }
    .into_any()
}

/// The shortest chain of ties from one step to another; must and key copies count before tie-breaks.
pub(crate) fn chain(edges: &[EdgeView], from: u32, to: u32, ties: bool) -> Option<Vec<&EdgeView>> {
    let mut paths: Vec<(u32, Vec<&EdgeView>)> = vec![(from, Vec::new())];
    let mut seen = vec![from];
    let mut at = 0;
    while let Some((step, path)) = paths.get(at).cloned() {
        if step == to {
            return Some(path);
        }
        for edge in edges
            .iter()
            .filter(|edge| edge.before == step && (ties || edge.kind != EdgeKind::TieBreak))
        {
            if !seen.contains(&edge.after) {
                seen.push(edge.after);
                let longer = path.iter().copied().chain([edge]).collect();
                paths.push((edge.after, longer));
            }
        }
        at += 1;
    }
    None
}

fn explain(store: Store, plan: &PlanView, first: u32, second: u32) -> AnyView {
    if first == second {
        return empty(store.t(Text::WhySame));
    }
    let find = |from, to| {
        chain(&plan.edges, from, to, false).or_else(|| chain(&plan.edges, from, to, true))
    };
    let names = [first.to_string(), second.to_string()]
        .map(|number| store.tf(Text::StepNumber, &[&number]));
    let (turned, path) = match (find(first, second), find(second, first)) {
        (Some(path), _) => (None, path),
        (None, Some(path)) => (Some(store.tf(Text::WhyReversed, &[&names[0], &names[1]])), path),
        (None, None) => {
            let none = store.tf(Text::WhyNone, &[&names[0], &names[1]]);
            return view! { <p class="empty">{none}</p> }.into_any();
        }
    };
    let lang = store.lang.get();
    let links = path.into_iter().map(|edge| {
        let kind = match edge.kind {
            EdgeKind::Must => "must",
            EdgeKind::KeyCopy => "key",
            EdgeKind::TieBreak => "tie",
        };
        view! {
            <li class=kind>
                <b>{edge.before}" → "{edge.after}</b>" "
                <span class="kind">{store.t(kind_name(edge.kind))}</span>" "
                {reason(lang, &edge.reason)}
            </li>
        }
    });
    view! { {turned.map(|text| view! { <p>{text}</p> })}<ol class="chain">{links.collect_view()}</ol> }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chain_between_two_steps_is_found() {
        let edge = |before, after, kind| EdgeView { before, after, kind, ..EdgeView::default() };
        let edges = [
            edge(1, 2, EdgeKind::Must),
            edge(2, 3, EdgeKind::KeyCopy),
            edge(1, 4, EdgeKind::TieBreak),
        ];
        let check = |from, to, ties, expect: Option<usize>| {
            assert_eq!(chain(&edges, from, to, ties).map(|path| path.len()), expect);
        };
        check(1, 3, false, Some(2));
        check(1, 4, false, None);
        check(1, 4, true, Some(1));
        check(3, 1, true, None);
    }
}
