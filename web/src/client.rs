//! The only owner of the worker: sends requests, receives answers and events.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use vidro_protocol::{Request, RequestBody, ToPage};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/bridge.js")]
extern "C" {
    type BridgeWorker;
    #[wasm_bindgen(method, js_name = postMessage)]
    fn post_message(this: &BridgeWorker, message: &JsValue);
    #[wasm_bindgen(method)]
    fn terminate(this: &BridgeWorker);
    fn spawn(file: &str, on_message: &JsValue, on_error: &JsValue) -> BridgeWorker;
    #[wasm_bindgen(catch)]
    async fn pack(text: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch)]
    async fn unpack(text: &str) -> Result<JsValue, JsValue>;
    fn glide(change: &JsValue);
    #[wasm_bindgen(js_name = insertText)]
    fn insert(text: &str);
}

/// The script that starts the core, beside the page.
const WORKER: &str = "worker.js";

/// What the worker tells the page.
pub(crate) enum Message {
    /// A batch of answers and events.
    Batch(ToPage),
    /// The worker died; its text says why.
    Died(String),
}

/// A running worker.
pub(crate) struct Client {
    worker: RefCell<BridgeWorker>,
    next: Cell<u32>,
    on_message: JsValue,
    on_error: JsValue,
}

impl Client {
    /// Starts a worker that tells everything to `listen`.
    pub(crate) fn start(listen: impl Fn(Message) + 'static) -> Self {
        let listen = Rc::new(listen);
        let to_batch = Rc::clone(&listen);
        let on_message = Closure::<dyn Fn(JsValue)>::new(move |value| {
            match serde_wasm_bindgen::from_value::<ToPage>(value) {
                Ok(batch) => to_batch(Message::Batch(batch)),
                Err(error) => to_batch(Message::Died(error.to_string())),
            }
        })
        .into_js_value();
        let on_error =
            Closure::<dyn Fn(String)>::new(move |text| listen(Message::Died(text))).into_js_value();
        let worker = RefCell::new(spawn(WORKER, &on_message, &on_error));
        Self { worker, next: Cell::new(1), on_message, on_error }
    }

    /// Ends the worker, whatever it does, and starts a fresh one.
    pub(crate) fn restart(&self) {
        self.worker.borrow().terminate();
        *self.worker.borrow_mut() = spawn(WORKER, &self.on_message, &self.on_error);
    }

    /// Asks something; the answer will carry the number returned.
    pub(crate) fn send(&self, body: RequestBody) -> u32 {
        let id = self.next.get();
        self.next.set(id.wrapping_add(1));
        if let Ok(message) = serde_wasm_bindgen::to_value(&Request { id, body }) {
            self.worker.borrow().post_message(&message);
        }
        id
    }
}

/// Text in a form that a URL's hash can carry.
pub(crate) async fn to_link(text: &str) -> Option<String> {
    pack(text).await.ok()?.as_string()
}

/// The text that `to_link` made the link from.
pub(crate) async fn from_link(link: &str) -> Option<String> {
    unpack(link).await.ok()?.as_string()
}

/// Runs a change of the page so that cards glide to their new places.
pub(crate) fn gently(change: impl FnOnce() + 'static) {
    glide(&Closure::once_into_js(change));
}

/// Types text where the caret is, so that the browser's undo knows of it.
pub(crate) fn insert_text(text: &str) {
    insert(text);
}
