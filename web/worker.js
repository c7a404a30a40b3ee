// Starts the core in a worker. The core listens for requests and posts its batches by itself.
import init from "./vidro-wasm.js";

// Requests that come while the module loads wait their turn.
const early = (self.early ??= []);
self.onmessage = (event) => early.push(event);
await init();
for (const event of early) self.onmessage(event);
