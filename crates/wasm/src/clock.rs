//! The browser's time and chance.

use js_sys::{Date, Function, Math, Reflect};
use vidro_playground::Clock;
use wasm_bindgen::{JsCast as _, JsValue};

/// `performance.now()`, `Date.now()` and `Math.random()`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Browser;

impl Clock for Browser {
    fn now(&self) -> i128 {
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970 are exact")]
        let milliseconds = Date::now() as i128;
        milliseconds * 1_000_000
    }

    fn elapsed(&self) -> f64 {
        performance_now().unwrap_or_else(Date::now) / 1000.0
    }

    fn random(&self) -> u64 {
        let half = || {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "the product lies between nought and 2 to the 32"
            )]
            let bits = (Math::random() * 4_294_967_296.0) as u64;
            bits
        };
        (half() << 32) | half()
    }
}

/// Looked up by name, because page, worker and Node keep it in scopes of different types.
fn performance_now() -> Option<f64> {
    let performance = Reflect::get(&js_sys::global(), &JsValue::from_str("performance")).ok()?;
    let now = Reflect::get(&performance, &JsValue::from_str("now")).ok()?;
    now.dyn_ref::<Function>()?.call0(&performance).ok()?.as_f64()
}
