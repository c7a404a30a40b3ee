// Every gesture writes the line of script it stands for, and that line runs.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { MODELS, Page, start, until } from "./vidro.mjs";

let site;
before(async () => (site = await start()));
after(() => site?.close());

const act = async (page, card, item) => {
  await page.click(`.card:has(header b:text-is("${card}")) .more`);
  await page.click(`dialog .item:text-is("${item}")`);
};

test("a class is declared through the form", async () => {
  const page = await Page.open(site);
  await page.click(".code .tabs .choice >> nth=1");
  await page.click(".models .scroll > p button");
  await page.page.fill("dialog [name=class]", "Publisher");
  await page.page.fill("dialog [name=name0]", "city");
  await page.page.check("dialog [name=nullable0]");
  await page.click("dialog [type=submit]");
  await until(async () => (await page.source()).includes("class Publisher(Base):"), "the class in the script");
  await page.rests();
  await until(async () => (await page.text(".models")).includes("Publisher"), "the model card");
  await page.stage("er");
  assert.equal(await page.page.locator(".er .entity").count(), 3);
  await page.clean();
});

test("a column and a relationship are added to the source", async () => {
  const page = await Page.open(site);
  await page.click(".code .tabs .choice >> nth=1");
  await page.click('.model:has(h3:text-is("Author")) footer button >> nth=0');
  await page.page.fill("dialog [name=name]", "country");
  await page.page.check("dialog [name=nullable]");
  await page.click("dialog [type=submit]");
  await until(async () => /country: Mapped/.test(await page.source()), "the column");
  await page.rests();
  await page.click('.model:has(h3:text-is("Book")) footer button >> nth=1');
  await page.page.fill("dialog [name=name]", "editor");
  await page.page.selectOption("dialog [name=kind]", "1");
  await page.page.selectOption("dialog [name=target]", "Author");
  await page.click("dialog [type=submit]");
  await until(async () => /editor.*relationship\(/.test(await page.source()), "the relationship");
  await page.rests();
  await page.clean();
});

test("a card goes from its menu to pending, and a flush makes it persistent", async () => {
  const page = await Page.open(site);
  await page.run(`${MODELS}\nbob = User(name="Bob")\n`);
  assert.deepEqual(await page.lane("transient"), ["bob"]);
  await act(page, "bob", "Add to session");
  await until(async () => (await page.lane("pending")).includes("bob"), "bob pending");
  assert.match(await page.source(), /session\.add\(bob\)\n$/);
  await page.click('.session-buttons button:text-is("flush")');
  await until(async () => (await page.lane("persistent")).includes("bob"), "bob persistent");
  assert.match(await page.source(), /session\.flush\(\)\n$/);
  await act(page, "bob", "Delete");
  await page.click('.session-buttons button:text-is("commit")');
  await until(async () => (await page.lane("detached")).includes("bob"), "bob detached");
  await page.clean();
});

test("a card is dragged from lane to lane", async () => {
  const page = await Page.open(site);
  await page.run(`${MODELS}\nbob = User(name="Bob")\n`);
  await page.page.dragAndDrop(".lane.transient .card", ".lane.pending");
  await until(async () => (await page.lane("pending")).includes("bob"), "bob pending");
  await page.page.dragAndDrop(".lane.pending .card", ".lane.persistent");
  await until(async () => (await page.lane("persistent")).includes("bob"), "bob persistent");
  assert.match(await page.source(), /session\.add\(bob\)\nsession\.flush\(\)\n$/);
  await page.clean();
});

test("objects are made, changed, put into collections and rolled back", async () => {
  const page = await Page.open(site);
  await page.click(".lane.transient .new");
  await page.page.selectOption("dialog select >> nth=0", "Book");
  await page.page.fill('dialog [name="a-title"]', "Third");
  await page.page.fill("dialog [name=variable]", "third");
  await page.click("dialog [type=submit]");
  await until(async () => (await page.lane("transient")).includes("third"), "the new object");
  assert.match(await page.source(), /third = Book\(title="Third"\)\n$/);
  await page.click('.card:has(header b:text-is("ana")) .more');
  const books = page.page.locator("dialog [name=target]");
  await books.selectOption({ label: "books ← third" });
  await page.click('dialog form:has([name=target]) [type=submit]');
  await until(async () => (await page.lane("pending")).includes("third"), "cascade to pending");
  assert.match(await page.source(), /ana\.books\.append\(third\)\n$/);
  await page.click('.card:has(header b:text-is("ana")) .more');
  await page.page.fill("dialog [name=value]", "Anna");
  await page.click('dialog form:has([name=value]) [type=submit]');
  await until(async () => (await page.source()).endsWith('ana.name = "Anna"\n'), "the attribute line");
  await act(page, "third", "Expunge");
  await until(async () => (await page.lane("transient")).includes("third"), "expunged");
  await page.click('.session-buttons button:text-is("rollback")');
  await until(async () => (await page.lane("pending")).length === 0, "nothing pending after rollback");
  await page.clean();
});

test("delete-orphan changes the plan before anything runs", async () => {
  const page = await Page.open(site);
  await page.page.selectOption(".examples", "1");
  await page.rests();
  await page.stage("plan");
  await page.page.waitForSelector(".plan .step.upd");
  await page.click(".code .tabs .choice >> nth=1");
  await page.click('.model:has(h3:text-is("Order")) input[type=checkbox]');
  await page.page.waitForSelector(".plan .step.del");
  assert.match(await page.source(), /delete-orphan/);
  await page.clean();
});
