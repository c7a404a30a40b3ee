//! The playground as a WebAssembly module: it serves a page from a Web Worker, and JavaScript as a class.

mod clock;
mod worker;

use std::rc::Rc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use vidro_playground::{Driver, Drivers, Limits, Playground, Url};
use vidro_protocol::{Request, RequestBody};
use vidro_sqlite::Sqlite;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast as _, JsError, JsValue};
use web_sys::DedicatedWorkerGlobalScope;

/// Runs when the module is loaded. In a worker it starts to serve the page; elsewhere it waits for
/// somebody to make a [`Vidro`].
#[wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
    if let Ok(scope) = js_sys::global().dyn_into::<DedicatedWorkerGlobalScope>() {
        worker::serve(scope);
    }
}

/// A script with its objects and its database, for JavaScript.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Vidro {
    playground: Playground,
    /// The number of the last request this class made by itself.
    asked: u32,
}

#[wasm_bindgen]
impl Vidro {
    /// A playground that has run nothing.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self { playground: playground(), asked: 0 }
    }

    /// Runs a whole script in a fresh database, to its end, and gives `{responses, events}`.
    pub fn run(&mut self, source: String) -> Result<JsValue, JsError> {
        self.ask(RequestBody::Run { source, stepping: false })
    }

    /// Runs a script from a line to its end in the namespace of the run before.
    pub fn append(&mut self, source: String, line: u32) -> Result<JsValue, JsError> {
        self.ask(RequestBody::Append { source, line })
    }

    /// Takes a request of the protocol. Scripts do not run here but in `pump`.
    pub fn handle(&mut self, request: JsValue) -> Result<(), JsError> {
        self.playground.handle(from_js(request)?);
        Ok(())
    }

    /// Runs the script for about that many seconds. True when there is more to do.
    pub fn pump(&mut self, seconds: f64) -> bool {
        self.playground.pump(seconds)
    }

    /// What has happened since the last call: `{responses, events}`.
    pub fn take(&mut self) -> Result<JsValue, JsError> {
        to_js(&self.playground.take())
    }

    fn ask(&mut self, body: RequestBody) -> Result<JsValue, JsError> {
        self.asked = self.asked.wrapping_add(1);
        self.playground.handle(Request { id: self.asked, body });
        while self.playground.pump(1.0) {}
        self.take()
    }
}

impl Default for Vidro {
    fn default() -> Self {
        Self::new()
    }
}

/// Instructions of one run: an endless loop ends by itself within a minute, on a slow machine too.
const INSTRUCTIONS: u64 = 300_000_000;

/// A playground with the browser's clock and SQLite.
fn playground() -> Playground {
    let limits = Limits { instructions: Some(INSTRUCTIONS), ..Limits::default() };
    Playground::new(Rc::new(clock::Browser), drivers(), limits)
}

/// The databases this module can connect to.
fn drivers() -> Drivers {
    Rc::new(|url: &Url| (url.backend_name() == "sqlite").then(|| Rc::new(Sqlite) as Rc<dyn Driver>))
}

fn from_js<T: DeserializeOwned>(value: JsValue) -> Result<T, JsError> {
    serde_wasm_bindgen::from_value(value).map_err(|error| JsError::new(&error.to_string()))
}

fn to_js<T: Serialize>(value: &T) -> Result<JsValue, JsError> {
    serde_wasm_bindgen::to_value(value).map_err(|error| JsError::new(&error.to_string()))
}
