//! The ER view: tables in layers, those that are referred to on the left.

use super::{empty, live};
use crate::i18n::Text;
use crate::store::Store;
use crate::workspace::Workspace;
use leptos::prelude::*;
use vidro_protocol::{ColumnView, RelationshipKind};

const ROW: f64 = 22.0;
const HEAD: f64 = 32.0;
const GAP_X: f64 = 88.0;
const GAP_Y: f64 = 32.0;
const LETTER: f64 = 7.0;

/// One box of the diagram.
#[derive(Clone, Debug, Default, PartialEq)]
struct Node {
    title: String,
    table: String,
    columns: Vec<ColumnView>,
    layer: usize,
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

/// One foreign key, from its row to the row it refers to.
#[derive(Clone, Debug, PartialEq)]
struct Tie {
    from: usize,
    column: usize,
    to: usize,
    target: usize,
    single: bool,
    optional: bool,
}

/// The panel.
pub(crate) fn er(store: Store) -> AnyView {
    let drawing = live(move || {
        store.now.with(|now| {
            let mut nodes = nodes(now);
            if nodes.is_empty() {
                return empty(store.t(Text::ErEmpty));
            }
            let ties = ties(&nodes, now);
            place(&mut nodes, &ties);
            draw(store, &nodes, &ties)
        })
    });
    view! {
        <section class="panel er" aria-label=store.s(Text::Er)>
            <div class="scroll" tabindex="0" role="group" aria-label=store.s(Text::Er)>{drawing}</div>
        </section>
    }
    .into_any()
}

/// Mapped classes, then tables that no class maps.
fn nodes(now: &Workspace) -> Vec<Node> {
    let mut nodes: Vec<Node> = Vec::new();
    for model in now.models.iter() {
        nodes.push(node(&model.class, &model.table, model.columns.clone()));
    }
    for table in &now.database.tables {
        if !nodes.iter().any(|node| node.table == table.name) {
            nodes.push(node("", &table.name, table.columns.clone()));
        }
    }
    nodes
}

fn node(title: &str, table: &str, columns: Vec<ColumnView>) -> Node {
    let widest =
        columns.iter().map(|column| letters(&column.name) + letters(&column.type_name) + 5.0);
    let head = letters(title) + letters(table) + 4.0;
    let width = widest.fold(head, f64::max) * LETTER + 24.0;
    let height = HEAD + ROW * f64::from(u32::try_from(columns.len()).unwrap_or(0)) + 8.0;
    Node {
        title: title.to_owned(),
        table: table.to_owned(),
        columns,
        width: width.max(140.0),
        height,
        ..Node::default()
    }
}

fn letters(text: &str) -> f64 {
    f64::from(u32::try_from(text.chars().count()).unwrap_or(0))
}

fn ties(nodes: &[Node], now: &Workspace) -> Vec<Tie> {
    let mut ties = Vec::new();
    for (from, node) in nodes.iter().enumerate() {
        for (column, shown) in node.columns.iter().enumerate() {
            let Some((table, name)) =
                shown.foreign_key.as_deref().and_then(|key| key.rsplit_once('.'))
            else {
                continue;
            };
            let Some(to) = nodes.iter().position(|node| node.table == table) else { continue };
            let target = nodes
                .get(to)
                .and_then(|node| node.columns.iter().position(|column| column.name == name));
            let single = shown.unique || is_one_to_one(now, &nodes[to].title, &node.title);
            ties.push(Tie {
                from,
                column,
                to,
                target: target.unwrap_or(0),
                single,
                optional: shown.nullable,
            });
        }
    }
    ties
}

fn is_one_to_one(now: &Workspace, parent: &str, child: &str) -> bool {
    let ties = now.model(parent).map(|model| model.relationships.as_slice()).unwrap_or_default();
    ties.iter().any(|tie| tie.target == child && tie.kind == RelationshipKind::OneToOne)
}

/// Puts each box right of all it refers to; a cycle stops growing after as many rounds as there are boxes.
fn place(nodes: &mut [Node], ties: &[Tie]) {
    for _ in 0..nodes.len() {
        for tie in ties.iter().filter(|tie| tie.from != tie.to) {
            let least = nodes[tie.to].layer + 1;
            if nodes[tie.from].layer < least && least < nodes.len() {
                nodes[tie.from].layer = least;
            }
        }
    }
    let last = nodes.iter().map(|node| node.layer).max().unwrap_or(0);
    let mut x = 16.0;
    for layer in 0..=last {
        let (mut y, mut widest) = (16.0, 0.0);
        for node in nodes.iter_mut().filter(|node| node.layer == layer) {
            node.x = x;
            node.y = y;
            y += node.height + GAP_Y;
            widest = f64::max(widest, node.width);
        }
        if widest > 0.0 {
            x += widest + GAP_X;
        }
    }
}

fn draw(store: Store, nodes: &[Node], ties: &[Tie]) -> AnyView {
    let right = nodes.iter().map(|node| node.x + node.width).fold(0.0, f64::max) + 32.0;
    let bottom = nodes.iter().map(|node| node.y + node.height).fold(0.0, f64::max) + 24.0;
    let label = store.tf(Text::ErLabel, &[&nodes.len().to_string()]);
    let lines = ties.iter().map(|tie| line(nodes, tie)).collect_view();
    let boxes = nodes.iter().map(entity).collect_view();
    view! {
        <svg class="diagram" width=right height=bottom viewBox=format!("0 0 {right} {bottom}") role="img" aria-label=label>
            {lines}{boxes}
        </svg>
    }
    .into_any()
}

fn row_y(node: &Node, row: usize) -> f64 {
    node.y + HEAD + ROW * (f64::from(u32::try_from(row).unwrap_or(0)) + 0.5) + 2.0
}

/// A foreign key with a crow's foot at the many side, a bar at one, a ring where it may be empty.
fn line(nodes: &[Node], tie: &Tie) -> AnyView {
    let (Some(from), Some(to)) = (nodes.get(tie.from), nodes.get(tie.to)) else {
        return ().into_any();
    };
    let (y1, y2) = (row_y(from, tie.column), row_y(to, tie.target));
    let forward = to.x + to.width < from.x;
    let (x1, side1) = if forward { (from.x, -1.0) } else { (from.x + from.width, 1.0) };
    let x2 = to.x + to.width;
    let (s1, s2) = (x1 + side1 * 14.0, x2 + 22.0);
    let bend = if forward { ((s1 - s2) / 2.0).max(16.0) } else { 40.0 };
    let path =
        format!("M{x1} {y1}H{s1}C{} {y1} {} {y2} {s2} {y2}H{x2}", s1 + side1 * bend, s2 + bend);
    let many = if tie.single {
        format!("M{0} {1}v10", x1 + side1 * 8.0, y1 - 5.0)
    } else {
        format!("M{x1} {}L{2} {y1}L{x1} {1}", y1 - 5.0, y1 + 5.0, x1 + side1 * 10.0)
    };
    let one = format!("M{0} {1}v10", x2 + 8.0, y2 - 5.0);
    let ring = tie.optional.then(|| view! { <circle cx=x2 + 14.0 cy=y2 r="4" /> });
    view! { <g class="tie"><path d=path /><path d=many /><path d=one />{ring}</g> }.into_any()
}

fn entity(node: &Node) -> AnyView {
    let rows = node.columns.iter().enumerate().map(|(row, column)| {
        let y = row_y(node, row) + 4.0;
        let mark = if column.primary_key { "●" } else if column.foreign_key.is_some() { "→" } else { "" };
        let class = if column.primary_key { "col pk" } else { "col" };
        let optional = if column.nullable { "?" } else { "" };
        view! {
            <g class=class>
                <text x=node.x + 12.0 y=y class="mark">{mark}</text>
                <text x=node.x + 28.0 y=y>{format!("{}{optional}", column.name)}</text>
                <text x=node.x + node.width - 12.0 y=y class="type" text-anchor="end">{column.type_name.clone()}</text>
            </g>
        }
    });
    let (title, sub) =
        if node.title.is_empty() { (&node.table, "") } else { (&node.title, node.table.as_str()) };
    let head = node.y + 21.0;
    let rule = node.y + HEAD;
    view! {
        <g class="entity">
            <rect x=node.x y=node.y width=node.width height=node.height rx="8" />
            <line x1=node.x x2=node.x + node.width y1=rule y2=rule />
            <text x=node.x + 12.0 y=head class="title">{title.clone()}</text>
            <text x=node.x + node.width - 12.0 y=head class="type" text-anchor="end">{sub.to_owned()}</text>
            {rows.collect_view()}
        </g>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tie(from: usize, to: usize) -> Tie {
        Tie { from, column: 0, to, target: 0, single: false, optional: false }
    }

    #[test]
    fn what_is_referred_to_stands_left() {
        let check = |count: usize, pairs: &[(usize, usize)], expect: &[usize]| {
            let mut nodes: Vec<Node> =
                (0..count).map(|at| node(&at.to_string(), "t", Vec::new())).collect();
            let ties: Vec<Tie> = pairs.iter().map(|(from, to)| tie(*from, *to)).collect();
            place(&mut nodes, &ties);
            assert_eq!(nodes.iter().map(|node| node.layer).collect::<Vec<_>>(), expect);
        };
        check(2, &[(1, 0)], &[0, 1]);
        check(3, &[(0, 1), (0, 2), (2, 1)], &[2, 0, 1]);
        check(1, &[(0, 0)], &[0]);
        check(2, &[], &[0, 0]);
    }

    #[test]
    fn a_cycle_ends() {
        let mut nodes = vec![node("a", "a", Vec::new()), node("b", "b", Vec::new())];
        place(&mut nodes, &[tie(0, 1), tie(1, 0)]);
        assert!(nodes.iter().all(|node| node.layer < 2));
    }
}
