// Bad input: a clear error at line and column, a page that stays alive, and a database that is kept.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { MODELS, Page, start, until } from "./vidro.mjs";

let site;
before(async () => (site = await start()));
after(() => site?.close());

const lines = MODELS.split("\n").length;

/** Script, what the error says, and its line. */
const CASES = {
  "a syntax error": ["x = 1\ndef def():\n    pass\n", /SyntaxError/, 2],
  "unsupported syntax": ["x = 1\ny = 2j\n", /SyntaxError.*not supported/s, 2],
  "an unknown import": ["x = 1\nimport numpy\n", /ModuleNotFoundError.*numpy/s, 2],
  "an unknown attribute": [`${MODELS}print(User(name="a").nam)\n`, /AttributeError.*nam/s, lines],
  "a wrong keyword": [`${MODELS}User(nam="a")\n`, /TypeError.*nam/s, lines],
  "a relationship to no class": [
    `${MODELS}\nclass Pet(Base):\n    __tablename__ = "pet"\n    id: Mapped[int] = mapped_column(primary_key=True)\n    owner_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))\n    owner = relationship("Owner")\n\nPet()\n`,
    /InvalidRequestError.*Owner/s,
  ],
  "a missing foreign key": [
    `${MODELS}\nclass Pet(Base):\n    __tablename__ = "pet"\n    id: Mapped[int] = mapped_column(primary_key=True)\n    owner = relationship("User")\n\nPet()\n`,
    /NoForeignKeysError|Could not determine join condition/,
  ],
  "unbounded recursion": ["def f(n):\n    return f(n + 1)\nf(0)\n", /RecursionError/],
  "a list that grows for ever": ["x = [0]\nwhile True:\n    x.extend(x)\n", /MemoryError/],
};

for (const [name, [source, expect, line]] of Object.entries(CASES)) {
  test(name, async () => {
    const page = await Page.open(site);
    await page.run(source);
    const told = await page.error();
    assert.match(told, expect);
    if (line) {
      assert.match(told, new RegExp(`line ${line}\\b`));
      assert.equal(await page.page.locator(".ln.bad").first().getAttribute("data-n"), String(line));
    }
    await page.run('print("alive")\n');
    assert.match(await page.text(".console"), /alive/);
    await page.clean();
  });
}

test("a script that cannot be compiled leaves the database of the run before", async () => {
  const page = await Page.open(site);
  await page.run(`${MODELS}session.add(User(name="kept"))\nsession.commit()\n`);
  assert.deepEqual(await page.rows("user_account"), [["1", "'kept'"]]);
  await page.run("def def\n");
  assert.match(await page.error(), /SyntaxError/);
  assert.deepEqual(await page.rows("user_account"), [["1", "'kept'"]]);
  await page.clean();
});

test("without a network, what was not fetched yet is missed in plain words", async () => {
  const page = await Page.open(site);
  await page.page.context().route("**/*_rest.wasm", (route) => route.abort());
  await page.run('print("%05.1f" % 3.14159, sorted({3, 1}))\n');
  assert.match(await page.error(), /could not be fetched/);
  await page.page.context().unroute("**/*_rest.wasm");
  await page.run('print("alive")\n');
  assert.match(await page.text(".console"), /alive/);
});

test("an infinite loop is stopped, and the database is kept", async (told) => {
  const page = await Page.open(site);
  await page.type(`${MODELS}session.add(User(name="kept"))\nsession.commit()\nwhile True:\n    pass\n`);
  await page.click(".controls .primary");
  await page.phase("running");
  await page.page.waitForTimeout(500);
  // A busy machine may be slow, so the time is told and not judged.
  told.diagnostic(`Stop took ${await page.timed(".controls button >> nth=2", "stopped")} ms`);
  assert.deepEqual(await page.rows("user_account"), [["1", "'kept'"]]);
  await page.run('print("alive")\n');
  assert.match(await page.text(".console"), /alive/);
  await page.clean();
});

test("a script of 5 MB is refused, and the page goes on", async () => {
  const page = await Page.open(site);
  // As a reader pastes: at once, not through the keyboard's undo.
  const paste = (line, times) =>
    page.page.evaluate(([line, times]) => {
      const area = document.querySelector("#script");
      area.value = line.repeat(times);
      area.dispatchEvent(new Event("input", { bubbles: true }));
    }, [line, times]);
  await paste("x = 1  # a line that is not short at all\n", 130_000);
  await page.click(".controls .primary");
  const told = await page.error();
  assert.match(told, /SyntaxError: the program is too long/);
  assert.match(told, /line 1, column 1/);
  await paste('print("alive")\n', 1);
  await page.run();
  assert.match(await page.text(".console"), /alive/);
  await page.clean();
});
