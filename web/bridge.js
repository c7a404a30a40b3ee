// What the page needs of the browser that has no short spelling in Rust.

const bytesToText = (bytes) => {
  let binary = "";
  for (let at = 0; at < bytes.length; at += 8192) {
    binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
};

const textToBytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));

const through = async (bytes, transform) =>
  new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(transform)).arrayBuffer());

/** Text as base64url of deflate-raw, for the URL's hash. */
export async function pack(text) {
  const bytes = await through(new TextEncoder().encode(text), new CompressionStream("deflate-raw"));
  return bytesToText(bytes);
}

/** The inverse of `pack`; throws when the text is not one of its results. */
export async function unpack(text) {
  const bytes = await through(textToBytes(text), new DecompressionStream("deflate-raw"));
  return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
}

/** Starts the worker that sits beside the page. In a sandboxed frame, whose origin is opaque, a worker may
 * not be loaded from the page's own address, but a blob that imports it may. It keeps what comes early. */
export function spawn(file, onMessage, onError) {
  const url = new URL(file, document.baseURI).href;
  const code = `self.early = []; self.onmessage = (event) => early.push(event); import(${JSON.stringify(url)});`;
  const blob = () => URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  const worker = self.origin === "null" ? new Worker(blob()) : new Worker(url, { type: "module" });
  worker.onmessage = (event) => onMessage(event.data);
  worker.onerror = (event) => {
    event.preventDefault();
    onError(String(event.message ?? "the worker could not be loaded"));
  };
  return worker;
}

/** Runs a change of the page so that cards glide to their new places, where the browser can and the reader wants it. */
export function glide(change) {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (still || !document.startViewTransition || document.visibilityState !== "visible") {
    change();
    return;
  }
  const transition = document.startViewTransition(async () => {
    change();
    await new Promise((done) => setTimeout(done, 0));
  });
  // A change that follows at once skips the gliding of the one before; that is no error.
  for (const part of [transition.ready, transition.finished, transition.updateCallbackDone]) part.catch(() => {});
}

/** Types text where the caret is. The command is old, but nothing else keeps the browser's undo. */
export function insertText(text) {
  document.execCommand("insertText", false, text);
}
