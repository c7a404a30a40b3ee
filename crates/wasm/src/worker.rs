//! The worker's side of the page: requests come in as messages, batches go out as messages.
//!
//! Scripts run in short slices with a turn of the event loop between them, so that *Stop* and every
//! other request is heard while a script runs.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use vidro_playground::Playground;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{DedicatedWorkerGlobalScope, MessageChannel, MessageEvent, MessagePort};

use crate::{from_js, to_js};

/// Seconds of script between two turns of the event loop.
const SLICE: f64 = 0.015;

/// Starts to answer the page.
pub(crate) fn serve(scope: DedicatedWorkerGlobalScope) {
    let Ok(channel) = MessageChannel::new() else { return };
    let worker = Rc::new(Worker {
        playground: RefCell::new(crate::playground()),
        wake: channel.port2(),
        awake: Cell::new(false),
        scope: scope.clone(),
    });
    let listener = Rc::clone(&worker);
    let on_request = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        listener.request(event.data());
    });
    scope.set_onmessage(Some(on_request.as_ref().unchecked_ref()));
    let on_wake = Closure::<dyn FnMut()>::new(move || worker.slice());
    channel.port1().set_onmessage(Some(on_wake.as_ref().unchecked_ref()));
    // Both listen as long as the worker lives.
    on_request.forget();
    on_wake.forget();
}

struct Worker {
    playground: RefCell<Playground>,
    /// A message on this port comes back as the next slice: sooner than any timer.
    wake: MessagePort,
    /// Whether such a message is on its way.
    awake: Cell<bool>,
    scope: DedicatedWorkerGlobalScope,
}

impl Worker {
    fn request(&self, message: JsValue) {
        match from_js(message) {
            Ok(request) => self.playground.borrow_mut().handle(request),
            Err(error) => {
                // The page speaks another version of the protocol; only a reload helps.
                wasm_bindgen::throw_val(error.into());
            }
        }
        self.post();
        self.wake();
    }

    fn slice(&self) {
        self.awake.set(false);
        let more = self.playground.borrow_mut().pump(SLICE);
        self.post();
        if more {
            self.wake();
        }
    }

    fn wake(&self) {
        if !self.awake.replace(true) && self.wake.post_message(&JsValue::NULL).is_err() {
            self.awake.set(false);
        }
    }

    fn post(&self) {
        let batch = self.playground.borrow_mut().take();
        if batch.responses.is_empty() && batch.events.is_empty() {
            return;
        }
        if let Ok(message) = to_js(&batch) {
            // Only values that cannot be copied are refused; a batch holds none.
            let _ = self.scope.post_message(&message);
        }
    }
}
