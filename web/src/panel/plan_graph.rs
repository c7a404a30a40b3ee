//! The flush plan as a graph from left to right: solid must, dashed key copy, dotted tie-break.

use super::plan::{look, subject};
use crate::i18n::{Text, kind_name};
use crate::store::Store;
use crate::workspace::{PlanRun, Workspace};
use leptos::prelude::*;
use vidro_protocol::{EdgeKind, EdgeView, StepView};

const WIDTH: f64 = 156.0;
const HEIGHT: f64 = 48.0;
const GAP_X: f64 = 64.0;
const GAP_Y: f64 = 16.0;
/// At most this many steps are drawn.
const DRAWN: usize = 120;

/// Where a step stands.
struct Spot<'a> {
    step: &'a StepView,
    x: f64,
    y: f64,
}

/// The drawing.
pub(crate) fn graph(store: Store, now: &Workspace, run: &PlanRun) -> AnyView {
    let mut heights: Vec<f64> = Vec::new();
    let spots: Vec<Spot<'_>> =
        run.plan.steps.iter().take(DRAWN).map(|step| spot(step, &mut heights)).collect();
    let right = spots.iter().map(|spot| spot.x + WIDTH).fold(0.0, f64::max) + 16.0;
    let bottom = heights.iter().copied().fold(0.0, f64::max) + 16.0;
    let label = store.tf(
        Text::GraphLabel,
        &[&run.plan.step_count.max(1).to_string(), &run.plan.edges.len().to_string()],
    );
    let edges = run.plan.edges.iter().map(|edge| arrow(&spots, edge)).collect_view();
    let boxes = spots.iter().map(|spot| node(store, now, run, spot)).collect_view();
    view! {
        <svg class="diagram graph" width=right height=bottom viewBox=format!("0 0 {right} {bottom}") role="img" aria-label=label>
            {edges}{boxes}
        </svg>
        <p class="legend">
            {[EdgeKind::Must, EdgeKind::KeyCopy, EdgeKind::TieBreak].map(|kind| legend(store, kind)).into_iter().collect_view()}
        </p>
    }
    .into_any()
}

fn spot<'a>(step: &'a StepView, heights: &mut Vec<f64>) -> Spot<'a> {
    let wave = step.wave.saturating_sub(1) as usize;
    if heights.len() <= wave {
        heights.resize(wave + 1, 16.0);
    }
    let y = heights.get(wave).copied().unwrap_or(16.0);
    if let Some(height) = heights.get_mut(wave) {
        *height += HEIGHT + GAP_Y;
    }
    Spot { step, x: 16.0 + f64::from(step.wave.saturating_sub(1)) * (WIDTH + GAP_X), y }
}

fn class_of(kind: EdgeKind) -> &'static str {
    match kind {
        EdgeKind::Must => "edge must",
        EdgeKind::KeyCopy => "edge key",
        EdgeKind::TieBreak => "edge tie",
    }
}

fn arrow(spots: &[Spot<'_>], edge: &EdgeView) -> AnyView {
    let find = |id| spots.iter().find(|spot| spot.step.id == id);
    let (Some(from), Some(to)) = (find(edge.before), find(edge.after)) else {
        return ().into_any();
    };
    let path = if to.x > from.x {
        let (x1, y1, x2, y2) =
            (from.x + WIDTH, from.y + HEIGHT / 2.0, to.x - 6.0, to.y + HEIGHT / 2.0);
        let bend = (x2 - x1) / 2.0;
        format!("M{x1} {y1}C{} {y1} {} {y2} {x2} {y2}m-6 -4l6 4l-6 4", x1 + bend, x2 - bend)
    } else {
        let (x, y1, y2) = (from.x + WIDTH / 2.0, from.y + HEIGHT, to.y - 3.0);
        format!("M{x} {y1}V{y2}m-4 -6l4 6l4 -6")
    };
    view! { <path class=class_of(edge.kind) d=path /> }.into_any()
}

fn node(store: Store, now: &Workspace, run: &PlanRun, spot: &Spot<'_>) -> AnyView {
    let (sign, class, verb) = look(spot.step.action);
    let done = if run.done.contains_key(&spot.step.id) { " done" } else { "" };
    let title: String = subject(now, spot.step).chars().take(18).collect();
    let sub = format!("{} {}", store.t(verb), spot.step.table);
    view! {
        <g class=format!("node {class}{done}")>
            <rect x=spot.x y=spot.y width=WIDTH height=HEIGHT rx="8" />
            <text class="sign" x=spot.x + 14.0 y=spot.y + 29.0>{sign}</text>
            <text class="title" x=spot.x + 32.0 y=spot.y + 21.0>{format!("{} {title}", spot.step.id)}</text>
            <text class="type" x=spot.x + 32.0 y=spot.y + 37.0>{sub}</text>
        </g>
    }
    .into_any()
}

fn legend(store: Store, kind: EdgeKind) -> AnyView {
    view! {
        <span>
            <svg width="32" height="8" aria-hidden="true"><path class=class_of(kind) d="M0 4h32" /></svg>
            {store.t(kind_name(kind))}
        </span>
    }
    .into_any()
}
