// Hostile mails in Chromium with a profile on disk, as people have it: a private one,
// which browser automation uses by default, ignores preconnect and dns-prefetch. The
// Go test beside this folder starts the server at SITE and SMTP.
import { chromium, expect, test } from "@playwright/test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hostile } from "./hostile.mjs";
import config from "./playwright.config.mjs";

const { SITE } = process.env;

// The other host: it answers to any name below localhost, and keeps what it is sent.
async function listen() {
  const host = { heard: [] };
  const server = createServer((socket) => {
    const heard = { text: "" };
    host.heard.push(heard);
    socket.on("data", (data) => {
      heard.text += data.toString("latin1");
      socket.end("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n" + (host.page ?? ""));
    });
    socket.on("error", () => {});
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  host.port = server.address().port;
  host.close = () => server.close();
  return host;
}

const fill = (html, name, port) => html.replaceAll("URL", `http://${name}.localhost:${port}`).replaceAll("HOST", `//${name}.localhost:${port}`);

async function store(html) {
  const response = await fetch(`${SITE}/emails?sender=a@x.test&recipient=b@x.test`, {
    method: "POST", headers: { "Content-Type": "message/rfc822" },
    body: `Subject: hostile\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n${html}\r\n`,
  });
  expect(response.status).toBe(201);
  return (await response.json()).id;
}

let folder, log, context;
test.beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "hostile-"));
  log = join(folder, "net.json");
  const { executablePath, args, timeout } = config.use.launchOptions;
  context = await chromium.launchPersistentContext(join(folder, "profile"), { executablePath, timeout, args: [...args, `--log-net-log=${log}`] });
});
test.afterAll(async () => {
  await context.close();
  rmSync(folder, { recursive: true, force: true });
});

test(`${hostile.length} hostile mails look up, connect to, load and run nothing`, async () => {
  test.setTimeout(25 * 60_000);
  expect(hostile.length).toBeGreaterThan(98);
  const evil = await listen();
  const ids = await Promise.all(hostile.map((html, i) => store(fill(html, `mail${i}`, evil.port))));
  const faults = [], asked = [];
  context.on("request", (request) => asked.push(request.url()));
  context.on("dialog", (dialog) => { faults.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });

  // By itself, in some tabs beside each other, of which each stays until it is quiet.
  const tabs = await Promise.all(Array.from({ length: 8 }, () => context.newPage()));
  const known = new Set(context.pages());
  context.on("page", (page) => { if (!known.has(page)) faults.push(`a new tab at ${page.url()}`); });
  const quiet = (page) => page.waitForLoadState("networkidle");
  const visit = async (page, path, html) => {
    const url = `${SITE}/${path}`;
    await page.goto(url);
    await quiet(page);
    if (page.url() !== url || await page.evaluate(() => window.pwned)) faults.push(`${path} of ${html}`);
    if (page.frames().length > 1) faults.push(`a frame at ${page.frames()[1].url()} of ${html}`);
  };
  let next = 0;
  await Promise.all(tabs.map(async (page) => {
    while (next < hostile.length) {
      const i = next++;
      await visit(page, `emails/${ids[i]}/html`, hostile[i]);
      if (hostile[i].includes("<a ")) await visit(page, `view/${ids[i]}/links`, hostile[i]);
    }
  }));
  // In the frame of an email's page; those of the others, alike but for the id, are put
  // beside it, in light and in dark.
  const rack = tabs[0], each = 20;
  for (let i = 0; i < hostile.length; i += each) {
    const url = `${SITE}/view/${ids[i]}?scheme=both`;
    await rack.goto(url);
    const shown = ids.slice(i, i + each);
    await rack.evaluate(([first, ...others]) => {
      const own = [...document.querySelectorAll("iframe")];
      for (const id of others) for (const frame of own) {
        const like = frame.cloneNode();
        like.src = frame.src.replace(first, id);
        frame.after(like);
      }
    }, shown);
    await quiet(rack);
    if (rack.url() !== url || await rack.evaluate(() => window.pwned)) faults.push(`${url} among those from ${hostile[i]}`);
    const frames = () => rack.frames().slice(1).filter((frame) => frame.parentFrame() === rack.mainFrame());
    const want = shown.flatMap((id) => ["light", "dark"].map((scheme) => `${SITE}/emails/${id}/html?preview=${scheme}`));
    await expect.poll(() => frames().map((frame) => frame.url()).sort()).toEqual(want.sort());
    if (frames().length !== rack.frames().length - 1) faults.push(`frames in frames: ${rack.frames().map((frame) => frame.url())}`);
  }

  expect.soft(faults).toEqual([]);
  expect.soft(asked.filter((url) => !url.startsWith(`${SITE}/`) && !url.startsWith("data:"))).toEqual([]);

  // The same browser does connect and look up when a page of that host asks for it,
  // which also comes after all that was asked for before.
  evil.page = `<link rel=preconnect href="http://asked.localhost:${evil.port}"><link rel=dns-prefetch href="//looked-up.localhost"><p>a`;
  known.add(await context.newPage());
  const before = evil.heard.length;
  await [...known].at(-1).goto(`http://control.localhost:${evil.port}/`);
  await expect.poll(() => evil.heard.length).toBeGreaterThan(before + 1);
  const looked = () => readFileSync(log, "latin1").match(/"host":"[^"]*\.localhost[^"]*"/g) ?? [];
  await context.close();
  expect.soft(evil.heard.slice(0, before).map((heard) => heard.text)).toEqual([]);
  expect(looked().filter((host) => /looked-up|asked/.test(host)).length).toBeGreaterThan(0);
  expect(looked().filter((host) => /mail\d/.test(host))).toEqual([]);
  evil.close();
});
