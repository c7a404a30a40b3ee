// Plays random modules for the test beside this file: `rehearse` runs the marking ones and leaves their memories,
// `compare` runs whole and split ones and counts where they differ.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [stage, what] = process.argv.slice(2);
const file = (number, kind) => join(stage, `${number}.${kind}`);
const compiled = (number, kind) => new WebAssembly.Module(readFileSync(file(number, `${kind}.wasm`)));
const FEW = [[0, 1]];
const MANY = [0, 1, 2, 3, 7].flatMap((a) => [[a, 0], [a, 5]]);

const call = ({ exports }, name, parameters) => {
  exports.fuel.value = 300;
  new Uint8Array(exports.memory.buffer).fill(0, 0, 64);
  return exports[name](...parameters);
};
const names = ["f0", "f1", "f2", "f3"];

let [answers, different] = [0, 0];
const compare = (one, other, ...asked) => {
  answers += 1;
  different += Number(call(one, ...asked) !== call(other, ...asked));
};
for (let number = 0; existsSync(file(number, "whole.wasm")); number += 1) {
  if (what === "rehearse") {
    const marking = new WebAssembly.Instance(compiled(number, "marking"));
    for (const name of names) for (const parameters of FEW) call(marking, name, parameters);
    writeFileSync(file(number, "memory"), new Uint8Array(marking.exports.memory.buffer));
    continue;
  }
  const whole = new WebAssembly.Instance(compiled(number, "whole"));
  const load = () => {
    const lent = { ...split.exports };
    for (let at = 0; at < lent.f.length; at += 1) lent[at] = lent.f.get(at);
    new WebAssembly.Instance(compiled(number, "rest"), { first: lent });
  };
  const early = () => {
    throw new Error(`${number}: what was rehearsed needs the rest`);
  };
  const first = compiled(number, "first");
  const alone = new WebAssembly.Instance(first, { rest: { load: early } });
  const split = new WebAssembly.Instance(first, { rest: { load } });
  for (const name of names) {
    for (const parameters of FEW) compare(whole, alone, name, parameters);
    for (const parameters of MANY) compare(whole, split, name, parameters);
  }
}
console.log(`${different} of ${answers} answers differ`);
