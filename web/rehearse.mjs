// The page's first minute, played to a core that marks in its memory what of it runs. Leaves that memory as a file.
// Called by `cargo xtask split` with the folder of the marking core.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const stage = process.argv[2];
const example = (name) => readFileSync(new URL(`examples/${name}`, import.meta.url), "utf8");

// The core believes that it runs in a worker of the page.
const answers = new Map();
globalThis.DedicatedWorkerGlobalScope = class {
  static [Symbol.hasInstance](value) {
    return value === globalThis;
  }
};
globalThis.postMessage = ({ responses }) => {
  for (const { id, body } of responses) answers.get(id)?.(body);
};
const core = await import(pathToFileURL(join(stage, "core.mjs")));
const exports = core.initSync({ module: readFileSync(join(stage, "core.wasm")) });

let number = 0;
const ask = (body) =>
  new Promise((done) => {
    answers.set((number += 1), done);
    globalThis.onmessage({ data: { id: number, body } });
  });
const run = (source) => ask({ Run: { source, stepping: false } });

/** Has a gesture on a card written, and the line that it stands for run. */
let script = "";
async function card(name, what) {
  const { Edits } = await ask({ Edit: { source: script, gesture: { Card: { [name]: what } } } });
  for (const { start, end, insert } of Edits.edits.reverse()) {
    const bytes = Buffer.from(script);
    script = Buffer.concat([bytes.subarray(0, start), Buffer.from(insert), bytes.subarray(end)]).toString();
  }
  await ask({ Append: { source: script, line: Edits.line } });
}

// The first visit runs the example; Step writes `session.flush()` and runs it; the script is run again.
async function minute() {
  await run(example("start.py"));
  script = example("start.py");
  await card("Flush", 1);
  await ask({ Check: { source: script } });
  // The reader's last key may be looked at while the script runs.
  await Promise.all([run(script), ask({ Check: { source: script } })]);
}

await minute();
// Once more on a machine so slow that every slice of a script takes too long.
let now = performance.now();
performance.now = () => (now += 50);
await minute();

writeFileSync(join(stage, "memory"), new Uint8Array(exports.memory.buffer));
process.exit(0);
