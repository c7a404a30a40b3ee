// The first minute: a finished example, a plan before it runs, a step that brings a key, a run back in time.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { MODELS, Page, start, until } from "./vidro.mjs";

let site;
before(async () => (site = await start()));
after(() => site?.close());

test("the first visit shows a finished example, already run", async () => {
  const page = await Page.open(site);
  assert.deepEqual(await page.lane("pending"), ["ana", "sea", "boat"]);
  assert.match(await page.text(".console"), /3 objects wait for a flush/);
  assert.match(await page.text(".badge"), /\+3/);
  assert.ok((await page.sql()).some((sql) => sql.startsWith("CREATE TABLE book")));
  assert.deepEqual(await page.rows("author"), []);
  page.light();
  await page.clean();
});

test("Step brings a card from pending to persistent, and a key appears", async () => {
  const page = await Page.open(site);
  await page.click(".controls button >> nth=1");
  await until(async () => (await page.lane("persistent")).length === 3, "three persistent cards");
  assert.match(await page.text("#card-1, .card.persistent >> nth=0"), /id\s*1/);
  assert.match(await page.text(".identity"), /\(Author, 1\)/);
  assert.deepEqual(await page.rows("author"), [["1", "'Ana'"]]);
  page.light();
  await page.clean();
});

test("a plan is previewed, explained, and applied", async () => {
  const page = await Page.open(site);
  await page.stage("plan");
  const steps = await page.page.locator(".plan .step-head b").allInnerTexts();
  assert.deepEqual(steps, ["insert ana", "insert sea", "insert boat"]);
  assert.match(await page.text(".plan .waves"), /author_id\s*= id of step 1/);
  assert.match(await page.text(".plan .waves"), /because session\.add\(ana\)/);
  assert.match(await page.text(".why"), /its new author\.id is copied into book\.author_id/);
  const before = await page.sql();
  assert.ok(!before.some((sql) => sql.startsWith("INSERT")), "nothing ran yet");
  await page.click(".plan-head .primary");
  await until(async () => (await page.sql()).some((sql) => sql.startsWith("INSERT INTO book")), "the flush");
  assert.match(await page.source(), /session\.flush\(\)\n$/);
  assert.match(await page.text(".plan-head"), /done/);
  for (const shape of [1, 2]) {
    await page.click(`.plan .tabs .choice >> nth=${shape}`);
    await page.page.waitForSelector(shape === 1 ? ".plan svg.graph .node" : ".plan table.rows tr.ins");
  }
  page.light();
  await page.clean();
});

test("a script is edited and run", async () => {
  const page = await Page.open(site);
  await page.run(`${MODELS}\nbob = User(name="Bob")\nsession.add(bob)\nsession.commit()\nprint(bob.name)\nbob.name = "Bobby"\nprint("done")\n`);
  assert.match(await page.text(".console"), /done/);
  assert.deepEqual(await page.lane("persistent"), ["bob"]);
  assert.match(await page.text(".card.persistent"), /Bob'?\s*→\s*'Bobby'/);
  assert.deepEqual(await page.rows("user_account"), [["1", "'Bob'"]]);
  await page.clean();
});

test("the timeline restores objects and rows at any event", async () => {
  const page = await Page.open(site);
  await page.run(`${MODELS}\nbob = User(name="Bob")\nsession.add(bob)\nsession.commit()\nsession.delete(bob)\nsession.commit()\n`);
  assert.deepEqual(await page.lane("detached"), ["bob"]);
  const seen = new Set();
  const slider = page.page.locator(".timeline input");
  const last = Number(await slider.getAttribute("max"));
  for (let at = last; at >= 0; at -= 1) {
    await slider.fill(String(at));
    for (const state of ["transient", "pending", "persistent", "deleted", "detached"]) {
      if ((await page.lane(state)).length > 0) seen.add(state);
    }
    if ((await page.lane("transient")).length > 0) assert.deepEqual(await page.rows("user_account"), []);
  }
  assert.deepEqual([...seen].sort(), ["deleted", "detached", "pending", "persistent", "transient"]);
  assert.match(await page.text(".board"), /No objects yet/);
  await page.click(".transport button >> nth=4");
  assert.deepEqual(await page.lane("detached"), ["bob"]);
  for (let turn = 0; turn < 4; turn += 1) await page.click(".transport button >> nth=1");
  assert.notEqual(await slider.inputValue(), String(last));
  await page.clean();
});

test("stepping pauses at each statement and goes on", async () => {
  const page = await Page.open(site);
  await page.type(`a = 1\nb = a + 1\nprint("b is", b)\n`);
  await page.click(".controls button >> nth=3");
  for (const line of ["1", "2", "3"]) {
    await page.click(".controls button >> nth=1");
    await page.phase("paused");
    await until(async () => (await page.page.locator(".ln.now").getAttribute("data-n")) === line, `line ${line}`);
  }
  await page.click(".controls .primary");
  await page.rests();
  assert.match(await page.text(".console"), /b is 2/);
  await page.clean();
});

test("the link carries the script", async () => {
  const page = await Page.open(site);
  await page.type('print("from the link")\n');
  await until(async () => page.page.url().includes("#1.d."), "the address");
  await page.page.waitForTimeout(200);
  const hash = new URL(page.page.url()).hash;
  const other = await Page.open(site, { hash });
  assert.match(await other.text(".console"), /from the link/);
  await other.clean();
  await page.clean();
});
