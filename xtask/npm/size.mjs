// Prints `RAW GZIP BROTLI now|lazy NAME` for each file of a built site. Called by `cargo xtask size`.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const site = process.argv[2];

// The second part of the core is fetched when a script first needs it, the editor, embed loader, licences and
// pictures when somebody asks for them.
const lazy = (name) => /^(editor|embed|examples|lazy|licen[cs]e)|_rest\.wasm$/i.test(name) || /\.(md|txt|png|map)$/.test(name);

const brotli = (bytes) =>
  brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } });

for (const entry of readdirSync(site, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue;
  const path = join(entry.parentPath ?? entry.path, entry.name);
  const name = relative(site, path).split(sep).join("/");
  const bytes = readFileSync(path);
  const sizes = [bytes.length, gzipSync(bytes, { level: 9 }).length, brotli(bytes).length];
  console.log(...sizes, lazy(name) ? "lazy" : "now", name);
}
