// Pages of other sites in Chromium. The Go test beside this folder starts the server,
// which answers at PORT to localhost and mail.test. Chromium says of requests to
// localhost which site has asked for them, and of those to mail.test not.
import { expect, test } from "@playwright/test";
import { createServer } from "node:http";
import config from "./playwright.config.mjs";

const { PORT } = process.env;
const trusted = `http://localhost:${PORT}`, untrusted = `http://mail.test:${PORT}`;

test.use({
  launchOptions: { ...config.use.launchOptions, args: [...config.use.launchOptions.args, "--host-resolver-rules=MAP *.test 127.0.0.1"] },
});

// The other site has an empty page at every path.
let other;
test.beforeAll(async () => {
  other = createServer((_, response) => response.setHeader("Content-Type", "text/html").end("<!doctype html><title>other</title><body>"));
  await new Promise((listening) => other.listen(0, "127.0.0.1", listening));
});
test.afterAll(() => other.close());
const otherSites = () => [`http://127.0.0.1:${other.address().port}/`, `http://localhost:${other.address().port}/`, `http://evil.test:${other.address().port}/`];

const raw = (subject) => [
  "From: app@example.com", `Subject: ${subject}`, "Content-Type: multipart/related; boundary=b", "", "--b",
  "Content-Type: text/html", "", `<p>${subject}</p><img id=logo src="cid:logo@x"><div id=box style="width:1px;height:1px;background:url(cid:logo@x)"></div>`, "--b",
  "Content-Type: image/png", "Content-ID: <logo@x>", "Content-Transfer-Encoding: base64", "",
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "--b--", ""].join("\r\n");

async function store(request, recipient, subject) {
  const response = await request.post(`${trusted}/emails?sender=app@example.com&recipient=${recipient}`, { data: raw(subject), headers: { "Content-Type": "message/rfc822" } });
  expect(response.status()).toBe(201);
  return (await response.json()).id;
}

// probe has a page load a URL in every way there is, and tells what it sees of each.
// Nothing it does depends on how long anything takes, but all has to end.
const probe = (page, url) => page.evaluate(async (url) => {
  const settled = (promise) => promise.then((r) => `got ${r.type} ${r.status}`, (e) => `failed: ${e.name}`);
  const element = (name, attributes) => new Promise((done) => {
    const e = Object.assign(document.createElement(name), attributes);
    e.onload = () => done("load");
    e.onerror = () => done("error");
    document.body.append(e);
  });
  return {
    "no-cors": await settled(fetch(url, { mode: "no-cors" })),
    cors: await settled(fetch(url)),
    credentials: await settled(fetch(url, { mode: "no-cors", credentials: "include" })),
    image: await element("img", { src: url }),
    script: await element("script", { src: url }),
    style: await element("link", { rel: "stylesheet", href: url }),
    audio: await element("audio", { src: url, preload: "auto" }),
    frame: await element("iframe", { src: url }),
    object: await element("object", { data: url }),
    frames: window.length,
  };
}, url);

test("where the browser says who asks, what there is and what is not look the same", async ({ page, request }) => {
  const id = await store(request, "a@run.test", "secret");
  for (const site of otherSites()) {
    const answers = [];
    page.on("response", (response) => { if (response.url().startsWith(trusted)) answers.push(response); });
    const pairs = [
      ["/emails?q=secret", "/emails?q=nothing"],
      ["/emails?wait=10m&recipient=a@run.test", "/emails?wait=10m&recipient=none@run.test"],
      [`/emails/${id}`, `/emails/${"0".repeat(32)}`],
      [`/emails/${id}/html`, `/emails/${"0".repeat(32)}/html`],
      [`/emails/${id}/inline/logo@x`, `/emails/${id}/inline/none`],
      [`/view/${id}`, `/view/${"0".repeat(32)}`],
      ["/?q=secret", "/?q=nothing"],
      ["/mailbucket.css", "/emails/none"],
    ];
    for (const [there, not] of pairs) {
      await page.goto(site);
      const first = await probe(page, trusted + there);
      await page.goto(site);
      expect(await probe(page, trusted + not), `${there} from ${site}`).toEqual(first);
      expect(first["no-cors"]).toBe("failed: TypeError");
    }
    expect(answers.length).toBeGreaterThan(0);
    for (const answer of answers) expect(answer.status(), answer.url()).toBe(403);
  }
});

test("where the browser does not say who asks, waits and searches end at once for other sites", async ({ page, request }) => {
  await store(request, "b@run.test", "secret");
  for (const site of otherSites()) {
    for (const path of [
      "/emails?wait=10m&recipient=none@run.test", "/emails?q=secret", "/?q=secret", "/view/latest.html?query=secret",
      "/view/latest.html?query=nothing", "/api/v1/message/latest?query=secret", "/api/v1/message/latest?query=nothing",
    ]) {
      await page.goto(site);
      const seen = await probe(page, untrusted + path);
      expect(seen["no-cors"], `${path} from ${site}`).toBe("failed: TypeError");
      expect(seen.cors).toBe("failed: TypeError");
      expect(seen.image).toBe("error");
      expect(seen.script).toBe("error");
    }
  }
});

test("a program that calls itself a browser reads and waits", async ({ request }) => {
  const list = request.get(`${trusted}/emails?wait=10m&recipient=c@run.test`, { headers: { "User-Agent": "Mozilla/5.0" } });
  await store(request, "c@run.test", "hello");
  expect((await (await list).json()).totalResults).toBe(1);
});

test("the latest email is shown in a tab, and to the tool's own requests, also where the browser does not say who asks", async ({ page, request }) => {
  const id = await store(request, "f@run.test", "newest");
  for (const path of ["/view/latest.html?query=newest", "/view/latest.html?query=recipient:f@run.test", "/view/latest.html"]) {
    for (const site of [trusted, untrusted]) {
      await page.goto(site + path);
      await expect(page.getByText("newest"), site + path).toBeVisible();
    }
  }
  // These have the browser's name, and none of its marks.
  for (const path of ["/view/latest.txt?query=newest", "/api/v1/message/latest/raw?query=newest", "/api/v1/message/latest/part/1?query=newest", "/emails/latest/raw?q=newest"]) {
    const answer = await page.request.get(trusted + path);
    expect(answer.status(), path).toBe(200);
    expect(await answer.text()).toContain("newest");
  }
  expect((await (await page.request.get(`${trusted}/api/v1/message/latest?query=newest`)).json()).ID).toBe(id);
  expect((await page.request.get(`${trusted}/view/latest.html?query=none`)).status()).toBe(404);
});

test("a link on another site leads to a view and to a search, and nowhere else", async ({ page, request }) => {
  const id = await store(request, "d@run.test", "linked");
  for (const site of otherSites()) {
    for (const path of [`/view/${id}`, "/?recipient=d@run.test"]) {
      await page.goto(site);
      await page.evaluate((url) => { location = url; }, trusted + path);
      await expect(page.getByText("linked").first()).toBeVisible();
      expect(page.url()).toBe(trusted + path);
      await page.reload();
      await expect(page.getByText("linked").first()).toBeVisible();
      await page.goBack();
      await expect(page).toHaveTitle("other");
    }
    await page.goto(site);
    const answer = page.waitForResponse(`${trusted}/emails/${id}`);
    await page.evaluate((url) => { location = url; }, `${trusted}/emails/${id}`);
    expect((await answer).status()).toBe(403);
    await page.waitForURL(`${trusted}/emails/${id}`);
  }
});

test("a mail's own images are shown in its HTML", async ({ page, request }) => {
  const id = await store(request, "e@run.test", "image");
  for (const path of [`/emails/${id}/html`, `/emails/${id}/html?remote=1`]) {
    await page.goto(trusted + path);
    await expect(page.locator("#logo"), path).toHaveJSProperty("naturalWidth", 1);
  }
  await page.goto(`${trusted}/view/${id}`);
  await expect(page.frameLocator("iframe").locator("#logo")).toHaveJSProperty("naturalWidth", 1);
});
