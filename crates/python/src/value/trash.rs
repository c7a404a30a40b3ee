//! Dropping long chains of values without recursion.
//!
//! A linked list of a hundred thousand nodes would otherwise be dropped by a hundred thousand
//! nested calls. Containers hand their contents here; beyond a small depth they wait in a queue.

use std::cell::{Cell, RefCell};

use super::Value;

const MAX_DEPTH: u32 = 40;

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    static WAITING: RefCell<Vec<Vec<Value>>> = const { RefCell::new(Vec::new()) };
}

/// Drops values that a container held, now or, when drops are nested deeply, a little later.
pub(crate) fn discard(values: Vec<Value>) {
    if values.is_empty() {
        return;
    }
    let depth = DEPTH.try_with(Cell::get).unwrap_or(MAX_DEPTH);
    if depth >= MAX_DEPTH {
        let mut values = Some(values);
        let _ = WAITING.try_with(|waiting| {
            if let (Ok(mut waiting), Some(values)) = (waiting.try_borrow_mut(), values.take()) {
                waiting.push(values);
            }
        });
        return;
    }
    let _ = DEPTH.try_with(|cell| cell.set(depth + 1));
    drop(values);
    if depth == 0 {
        drain();
    }
    let _ = DEPTH.try_with(|cell| cell.set(depth));
}

fn drain() {
    loop {
        let next = WAITING.try_with(|waiting| waiting.try_borrow_mut().ok()?.pop());
        match next {
            Ok(Some(values)) => drop(values),
            _ => return,
        }
    }
}
