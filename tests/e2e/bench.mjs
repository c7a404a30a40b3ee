// The ORM's workloads in headless Chromium: `cargo xtask bench` builds `crates/bench` and names its folder.
import { start } from "./vidro.mjs";

const quick = process.argv.includes("--quick");
const sizes = quick ? [1_000] : [1_000, 10_000, 100_000];
const site = await start(process.env.VIDRO_BENCH, "vidro_bench.js");
const page = await site.browser.newPage();
// Any document of the same origin will do; the module is imported into it.
await page.goto(site.base + "vidro_bench.js");
await page.evaluate(async () => {
  globalThis.bench = await import("./vidro_bench.js");
  await globalThis.bench.default();
});
console.log(await page.evaluate(() => globalThis.bench.heading()));
for (const name of ["W1", "W2", "W4"]) {
  for (const users of sizes) {
    const rounds = quick || users > 10_000 ? 3 : 7;
    console.log(await page.evaluate((asked) => globalThis.bench.workload(...asked), [name, users, rounds]));
  }
}
await site.close();
