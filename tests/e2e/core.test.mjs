// Core in the page: any statement in four dialects, and who holds which connection of a pool.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { MODELS, Page, start, until } from "./vidro.mjs";

let site;
before(async () => (site = await start()));
after(() => site?.close());

test("a statement of the log is shown in four dialects", async () => {
  const page = await Page.open(site);
  const create = page.page.locator(".sql-entry", { hasText: "CREATE TABLE author" });
  await create.getByRole("button", { name: /four dialects/ }).click();
  const texts = await page.dialects();
  assert.deepEqual(Object.keys(texts), ["sqlite", "postgresql", "mysql", "mariadb"]);
  assert.equal(texts.sqlite.standing, "runs here");
  assert.equal(texts.postgresql.standing, "text only");
  assert.match(texts.sqlite.text, /id INTEGER NOT NULL/);
  assert.match(texts.postgresql.text, /id SERIAL NOT NULL/);
  assert.equal(texts.mysql.standing, "not in this dialect");
  assert.match(texts.mysql.text, /VARCHAR requires a length on dialect mysql/);
  await page.clean();
});

test("a typed statement is shown in four dialects, and what one lacks is said", async () => {
  const page = await Page.open(site);
  await page.run(`${MODELS}\nfrom sqlalchemy import select, String, try_cast\n`);
  await page.stage("dialects");
  const limited = await page.dialects("select(User.name).limit(2)");
  assert.match(limited.sqlite.text, /LIMIT \? OFFSET \?|LIMIT \?/);
  assert.match(limited.postgresql.text, /LIMIT %\(param_1\)s/);
  await page.page.fill(".dialects input", "select(");
  await page.page.press(".dialects input", "Enter");
  await until(async () => /SyntaxError/.test(await page.text(".dialects")), "the error");
  await page.page.fill(".dialects input", "select(User).where(User.nothing == 1)");
  await page.page.press(".dialects input", "Enter");
  await until(async () => /AttributeError/.test(await page.text(".dialects")), "the error");
  await page.dialects("select(User)");
  await page.clean();
});

test("a statement given as text is the same everywhere, and the page says so", async () => {
  const page = await Page.open(site);
  const pragma = page.page.locator(".sql-entry", { hasText: "PRAGMA" }).first();
  await pragma.getByRole("button", { name: /four dialects/ }).click();
  await until(async () => /no dialect changes it/.test(await page.text(".dialects")), "the notice");
  await page.clean();
});

test("the pool shows who holds which connection, at any moment", async () => {
  const page = await Page.open(site);
  await page.run(`from sqlalchemy import create_engine
from sqlalchemy.orm import Session

engine = create_engine("sqlite:///shop.db", pool_size=1, max_overflow=1, pool_timeout=0)
one = engine.connect()
session = Session(engine)
session.connection()
try:
    engine.connect()
except Exception as error:
    print(type(error).__name__)
one.close()
`);
  assert.match(await page.text(".console"), /TimeoutError/);
  await page.stage("pool");
  const links = await page.page.locator(".pool .links li").allInnerTexts();
  assert.equal(links.length, 2);
  assert.match(links[0], /waits in the pool/);
  assert.match(links[1], /session/);
  assert.match(links[1], /line 7/);
  assert.match(await page.text(".pool .counts"), /1 in use · 1 of 1 waiting/);
  assert.match(await page.text(".pool .moments"), /pool exhausted/);
  await page.page.focus(".timeline input");
  await page.page.keyboard.press("Home");
  assert.match(await page.text(".pools"), /No engine yet/);
  await page.clean();
});

test("pool and dialects speak Portuguese on a phone", async () => {
  const page = await Page.open(site, { query: "?lang=pt-BR", width: 390, height: 844 });
  await page.click(".bottom-tabs .choice >> nth=1");
  await page.stage("pool");
  assert.match(await page.text(".pools"), /em uso/);
  await page.stage("dialects");
  assert.match(await page.text(".dialects"), /Uma instrução em quatro dialetos/);
  const wide = await page.page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= 390, `${wide}`);
  await page.clean();
});
