// Fetches the second part of the core when the first one calls into it. The core waits for it, which a worker may.
import { initSync } from "./vidro-wasm.js";

export function load() {
  const request = new XMLHttpRequest();
  request.open("GET", new URL("vidro-wasm_rest.wasm", import.meta.url), false);
  request.responseType = "arraybuffer";
  request.send();
  // The core runs, so this starts nothing: it only gives the core's exports.
  new WebAssembly.Instance(new WebAssembly.Module(request.response), { first: initSync() });
}
