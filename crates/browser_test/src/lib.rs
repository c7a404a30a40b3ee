//! Makes `#[test]` run in a browser: a crate that imports this one's macros has one set of tests for both targets.
//!
//! ```text
//! #[cfg(all(test, target_family = "wasm"))]
//! #[macro_use]
//! extern crate vidro_browser_test;
//! ```

pub use wasm_bindgen_test::wasm_bindgen_test as test;
pub use wasm_bindgen_test::wasm_bindgen_test_configure;
