//! Frames of windows: `rows=(…)`, `range_=(…)`, `groups=(…)`.

use vidro_python::{Raise, Value, Vm};
use vidro_sql::expr::{Frame, FrameKind};

use crate::{exc, value};

/// The frame that the arguments of `over` ask for.
pub(super) fn frame(
    vm: &mut Vm,
    rows: Option<Value>,
    range: Option<Value>,
    groups: Option<Value>,
    exclude: Option<Value>,
) -> Result<Option<Frame>, Raise> {
    let given = [(FrameKind::Rows, rows), (FrameKind::Range, range), (FrameKind::Groups, groups)];
    let mut found = None;
    for (kind, bounds) in given {
        let Some(bounds) = bounds.filter(|given| !given.is_none()) else { continue };
        if found.is_some() {
            return Err(exc::argument(
                vm,
                "only one of 'rows', 'range_', or 'groups' may be provided",
            ));
        }
        let ends = match bounds {
            Value::Tuple(_) | Value::List(_) => vm.collect(&bounds)?,
            _ => Vec::new(),
        };
        let [start, end] = ends.as_slice() else {
            return Err(exc::argument(vm, "2-tuple expected for range/rows/groups"));
        };
        let number = |given: &Value| given.is_none() || given.as_int().is_some();
        if !(number(start) && number(end)) {
            let kind = if kind == FrameKind::Range { "range" } else { "rows/groups" };
            let message = format!("Integer or None expected for values in {kind} frame");
            return Err(exc::argument(vm, message));
        }
        let (start, end) = (start.as_int(), end.as_int());
        let frame = Frame::new(kind, start, end).map_err(|error| exc::from_sql(vm, &error))?;
        found = Some(frame);
    }
    if let (Some(frame), Some(exclude)) = (&mut found, exclude.filter(|given| !given.is_none())) {
        frame.exclude = Some(value::text(vm, &exclude)?);
    }
    Ok(found)
}
