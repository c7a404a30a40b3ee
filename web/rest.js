// Fetches the second part of the core when the first comes where it never went. The core waits, which a worker may.
import { initSync } from "./vidro-wasm.js";

/** The page knows it by its name and says in the reader's language what to do. */
class RestMissing extends Error {
  name = "RestMissing";
}

export function load() {
  // The core runs, so this starts nothing: it only gives the core's exports.
  const first = { ...initSync() };
  for (let at = 0; at < first.f.length; at += 1) first[at] = first.f.get(at);
  new WebAssembly.Instance(new WebAssembly.Module(fetched("vidro-wasm_rest.wasm")), { first });
}

function fetched(file) {
  const request = new XMLHttpRequest();
  request.open("GET", new URL(file, import.meta.url), false);
  request.responseType = "arraybuffer";
  try {
    request.send();
  } catch (error) {
    throw new RestMissing(`${file}: ${error.message}`);
  }
  if (!request.response?.byteLength || request.status >= 400) throw new RestMissing(`${file}: ${request.status}`);
  return request.response;
}
