// For everyone: both languages, 390 pixels, the keyboard, colours, WCAG by axe, a sandboxed frame, and no network.
import assert from "node:assert/strict";
import fs from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { Page, start, until } from "./vidro.mjs";

const AXE = fs.readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let site;
before(async () => (site = await start()));
after(() => site?.close());

async function accessible(page, where) {
  await page.page.evaluate(AXE);
  const found = await page.page.evaluate(() => axe.run(document));
  const told = found.violations.map((one) => `${where}: ${one.id}: ${one.nodes.map((node) => node.html).join(" ").slice(0, 300)}`);
  assert.deepEqual(told, []);
}

test("the page speaks Portuguese, and says so", async () => {
  const page = await Page.open(site, { query: "?lang=pt-BR" });
  assert.equal(await page.page.getAttribute("html", "lang"), "pt-BR");
  assert.match(await page.text(".bar"), /Executar/);
  assert.match(await page.text(".board"), /Pendente/);
  await page.stage("plan");
  assert.match(await page.text(".plan"), /porque session\.add\(ana\)/);
  await page.click(".settings button[lang=en]");
  await until(async () => (await page.page.getAttribute("html", "lang")) === "en", "English");
  assert.match(await page.text(".bar"), /Run/);
  assert.match(page.page.url(), /lang=en/);
  await page.clean();
});

for (const theme of ["light", "dark"]) {
  for (const width of [1440, 900, 390]) {
    test(`axe finds nothing at ${width} pixels, ${theme}`, async () => {
      const page = await Page.open(site, { width, query: `?lang=en&theme=${theme}` });
      for (const name of ["session", "plan", "er", "pool", "dialects"]) {
        await page.stage(name);
        if (name === "dialects") await page.dialects("select(Author)");
        await accessible(page, name);
      }
      if (width === 390) await page.click(".bottom-tabs .choice >> nth=0");
      await page.click(".code .tabs .choice >> nth=1");
      await accessible(page, "models");
      await page.click(".models .scroll > p button");
      await accessible(page, "form");
      await page.clean();
    });
  }
}

test("at 390 pixels one panel shows at a time, and nothing is wider than the page", async () => {
  const page = await Page.open(site, { width: 390, height: 844 });
  const visible = (selector) => page.page.locator(selector).isVisible();
  const tabs = { "#script": 0, ".board": 1, ".sql .log": 2, ".data table >> nth=0": 3 };
  for (const [selector, tab] of Object.entries(tabs)) {
    await page.click(`.bottom-tabs .choice >> nth=${tab}`);
    for (const other of Object.keys(tabs)) assert.equal(await visible(other), other === selector, `${other} in tab ${tab}`);
    const wide = await page.page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= 390, `tab ${tab} is ${wide} pixels wide`);
  }
  await page.click(".bottom-tabs .choice >> nth=1");
  await page.stage("plan");
  await page.click(".plan-head .primary");
  await page.stage("session");
  await until(async () => (await page.lane("persistent")).length === 3, "the flush");
  await page.clean();
});

test("the keyboard alone runs a script and moves a card", async () => {
  const page = await Page.open(site);
  const keys = page.page.keyboard;
  await page.page.focus("#script");
  await keys.press("Control+End");
  await keys.type('if True:\nprint("typed")');
  assert.match(await page.source(), /if True:\n {4}print\("typed"\)$/);
  await keys.press("Control+Enter");
  await page.phase("finished");
  await until(async () => (await page.text(".console")).includes("typed"), "the output");
  await keys.press("Escape");
  await keys.press("Tab");
  assert.notEqual(await page.page.evaluate(() => document.activeElement.id), "script");
  await page.page.focus(".card.pending .more >> nth=1");
  await keys.press("Enter");
  await page.page.waitForSelector("dialog[open]");
  await keys.press("Escape");
  await until(async () => !(await page.page.locator("dialog[open]").count()), "the menu closed");
  assert.match(await page.page.evaluate(() => document.activeElement.className), /more/);
  await page.page.focus(".timeline input");
  await keys.press("Home");
  assert.match(await page.text(".board"), /No objects yet/);
  await page.clean();
});

test("a line and its statements point at each other", async () => {
  const page = await Page.open(site);
  await page.click(".sql-entry .line-link >> nth=0");
  await until(async () => (await page.page.locator(".ln.at").count()) === 1, "the line");
  assert.match(await page.text(".ln.at"), /create_all/);
  assert.ok((await page.page.locator(".sql-entry.at").count()) >= 2);
  await page.clean();
});

test("the page runs in a sandboxed frame of opaque origin", async () => {
  const page = await site.browser.newPage();
  await page.setContent(`<iframe sandbox="allow-scripts" width="1200" height="800" src="${site.base}?lang=en"></iframe>`);
  const frame = page.frameLocator("iframe");
  await frame.locator(".phase[data-phase=finished]").waitFor({ timeout: 30_000 });
  await frame.locator(".lane.pending .card >> nth=2").waitFor();
  await page.close();
});
