//! The workloads for JavaScript.

use std::rc::Rc;

use js_sys::{Function, Reflect};
use vidro_engine::Clock;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast as _, JsError, JsValue};

use crate::{Workload, measure};

/// `performance.now()`, in a page or a worker.
struct Browser {
    performance: JsValue,
    now: Function,
}

impl Clock for Browser {
    fn now(&self) -> f64 {
        let now = self.now.call0(&self.performance).ok().and_then(|now| now.as_f64());
        now.unwrap_or_default() / 1000.0
    }
}

/// A line of the table for the workload of that name.
#[wasm_bindgen]
pub fn workload(name: &str, users: u32, rounds: u32) -> Result<String, JsError> {
    let found = Workload::ALL.into_iter().find(|(known, _)| *known == name);
    let (_, workload) = found.ok_or_else(|| JsError::new(&format!("no workload {name}")))?;
    let fail = |_| JsError::new("there is no performance.now()");
    let performance =
        Reflect::get(&js_sys::global(), &JsValue::from_str("performance")).map_err(fail)?;
    let now = Reflect::get(&performance, &JsValue::from_str("now")).map_err(fail)?;
    let now = now.dyn_into::<Function>().map_err(fail)?;
    let clock: Rc<dyn Clock> = Rc::new(Browser { performance, now });
    let rounds = usize::try_from(rounds).unwrap_or(1);
    let figures = measure(name, workload, i64::from(users), rounds, &clock)
        .map_err(|error| JsError::new(&error))?;
    Ok(format!("{name:<10}{users:>9}{figures}"))
}

/// The heading of the table.
#[wasm_bindgen]
pub fn heading() -> String {
    crate::HEADING.to_owned()
}
