// What every end-to-end test needs: the built site on a sub-path of a plain static server, a browser, and short
// names for the parts of the page.
import assert from "node:assert/strict";
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const DIST = process.env.VIDRO_DIST ?? fileURLToPath(new URL("../../dist", import.meta.url));
const BASE = "/any/folder/";
const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".wasm": "application/wasm",
};

const serve = (folder) => (request, response) => {
  const { pathname } = new URL(request.url, "http://localhost");
  const name = pathname === BASE ? "index.html" : pathname.startsWith(BASE) ? pathname.slice(BASE.length) : "";
  const file = path.join(folder, path.normalize(name));
  if (!name || !file.startsWith(folder) || !fs.existsSync(file)) {
    response.writeHead(404).end();
    return;
  }
  const type = TYPES[path.extname(file)] ?? "application/octet-stream";
  response.writeHead(200, { "content-type": type, "access-control-allow-origin": "*" });
  fs.createReadStream(file).pipe(response);
};

/** A server of a folder and a browser for one test file; `close` ends both. */
export async function start(folder = DIST, main = "index.html") {
  assert.ok(fs.existsSync(path.join(folder, main)), `${folder} is missing: run cargo xtask build --release`);
  const server = http.createServer(serve(folder));
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const origin = `http://127.0.0.1:${server.address().port}`;
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync",
    ],
  });
  const close = async () => {
    await browser.close();
    server.closeAllConnections();
    server.close();
  };
  return { browser, origin, base: origin + BASE, close };
}

/** The page as a reader has it. Everything it says on the console and asks of the network is kept. */
export class Page {
  constructor(page, origin) {
    this.page = page;
    this.complaints = [];
    this.elsewhere = [];
    this.asked = [];
    page.on("console", (message) => {
      // Trunk marks preloads with integrity, which Chromium says it ignores.
      if (["error", "warning"].includes(message.type()) && !message.text().includes("`integrity`")) {
        this.complaints.push(message.text());
      }
    });
    page.on("pageerror", (error) => this.complaints.push(String(error)));
    page.on("request", (request) => {
      const url = request.url();
      this.asked.push(url);
      if (!url.startsWith(origin) && !/^(data|blob):/.test(url)) this.elsewhere.push(url);
    });
  }

  static async open(site, { width = 1440, height = 900, query = "?lang=en", hash = "", context = {} } = {}) {
    const page = await site.browser.newPage({ viewport: { width, height }, ...context });
    const self = new Page(page, site.origin);
    await page.goto(site.base + query + hash);
    await self.rests();
    return self;
  }

  /** The page neither complained nor talked to anybody else. */
  async clean() {
    assert.deepEqual(this.complaints, []);
    assert.deepEqual(this.elsewhere, []);
    await this.page.close();
  }

  /** Whether the core's first part was enough. */
  light() {
    assert.deepEqual(this.asked.filter((url) => url.endsWith("_rest.wasm")), []);
  }

  phase(...names) {
    const selector = names.map((name) => `.phase[data-phase=${name}]`).join();
    return this.page.waitForSelector(selector, { timeout: 30_000 });
  }

  /** Milliseconds, as the page itself sees them, from a click until a phase shows. */
  async timed(selector, phase) {
    const button = await this.page.locator(selector).elementHandle();
    const seen = await this.page.evaluate(([button, phase]) => {
      const shown = document.querySelector(".phase");
      const begun = performance.now();
      const seen = new Promise((done) => {
        const observer = new MutationObserver(() => {
          if (shown.dataset.phase === phase) done(performance.now() - begun);
        });
        observer.observe(shown, { attributes: true });
      });
      button.click();
      return seen;
    }, [button, phase]);
    return Math.round(seen);
  }

  async rests() {
    await this.phase("finished", "failed", "stopped");
    // What changed is drawn in the next frame.
    await this.page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  }

  async type(source) {
    await this.click(".code .tabs .choice >> nth=0");
    await this.page.fill("#script", source);
  }

  async run(source) {
    if (source !== undefined) await this.type(source);
    await this.page.click(".controls .primary");
    await this.rests();
  }

  click(selector) {
    return this.page.click(selector);
  }

  stage(name) {
    const place = ["er", "session", "plan", "pool", "dialects"].indexOf(name);
    return this.click(`.stage > .tabs .choice >> nth=${place}`);
  }

  /** Types a statement into the view of four dialects; its texts by dialect. */
  async dialects(expression) {
    if (expression !== undefined) {
      await this.page.fill(".dialects input", expression);
      await this.page.press(".dialects input", "Enter");
    }
    await this.page.waitForSelector(".dialect-grid article >> nth=3");
    const articles = await this.page.locator(".dialect-grid article").all();
    const read = async (article) => [
      await article.locator("h3").innerText(),
      { text: (await article.locator("pre, .refused").innerText()).replace(/\s+/g, " "), standing: await article.locator(".standing").innerText() },
    ];
    return Object.fromEntries(await Promise.all(articles.map(read)));
  }

  source() {
    return this.page.inputValue("#script");
  }

  text(selector) {
    return this.page.innerText(selector);
  }

  /** Names of the cards in a lane. */
  lane(state) {
    return this.page.locator(`.lane.${state} .card header b`).allInnerTexts();
  }

  /** The SQL log, statement by statement, white space folded. */
  async sql() {
    const all = await this.page.locator(".sql-entry pre").allTextContents();
    return all.map((text) => text.replace(/\s+/g, " ").trim());
  }

  /** Rows of a table as text cells. */
  rows(table) {
    return this.page.evaluate((name) => {
      const tables = [...document.querySelectorAll(".data table")];
      const found = tables.find((table) => table.caption.querySelector("code").textContent === name);
      const rows = [...(found?.tBodies[0].rows ?? [])].filter((row) => !row.querySelector(".none"));
      return rows.map((row) => [...row.cells].slice(1).map((cell) => cell.textContent.trim()));
    }, table);
  }

  /** What the output panel says is wrong. */
  async error() {
    await this.page.waitForSelector(".error", { timeout: 30_000 });
    return this.text(".error");
  }
}

/** Waits until a condition holds; the page draws a frame after it is told. */
export async function until(condition, what) {
  for (let turn = 0; turn < 100; turn += 1) {
    if (await condition()) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  assert.fail(`never came true: ${what ?? condition}`);
}

/** Models and a session, for scripts that add lines of their own. */
export const MODELS = `from sqlalchemy import ForeignKey, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "user_account"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


engine = create_engine("sqlite://")
Base.metadata.create_all(engine)
session = Session(engine)
`;
