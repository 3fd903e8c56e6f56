// The website in Chromium: what happens while it is open, in one window or in many.
import { expect, test } from "@playwright/test";
import { MAIL, PLAIN, codeMail, credentials, listOf, rows, send, someone } from "./site.mjs";

test.use(credentials);

test("arrivals appear without a reload, and only those that match", async ({ page }) => {
  const to = someone();
  await send({ to, subject: "first" });
  await page.goto(listOf(to));
  await expect(page).toHaveTitle(/^\([0-9,]+\) mailbucket$/); // the unread
  await expect(page.locator("link[rel=icon]")).toHaveAttribute("href", /unread/);
  await expect(page.getByText("Live")).toBeVisible();
  await page.evaluate(() => { window.same = true; });
  for (const subject of ["second", "third"]) {
    await send({ to, subject });
    await send({ to: someone(), subject: "of another" });
    await expect(rows(page).first()).toContainText(subject);
    await expect(page.locator("#arrivals")).toHaveText("1 new email"); // is said aloud
  }
  await expect(rows(page)).toHaveCount(3);
  await expect(page.getByText("3 emails match")).toBeVisible();

  // What is ticked does not move: new ones wait until they are asked for.
  await page.getByRole("checkbox", { name: "Select first" }).check();
  for (const subject of ["fourth", "fifth"]) await send({ to, subject });
  await page.getByRole("button", { name: "2 new" }).click();
  await expect(rows(page)).toHaveCount(5);
  await expect(page.getByRole("checkbox", { name: "Select first" })).toBeChecked();
  await page.getByRole("checkbox", { name: "Select first" }).uncheck();

  // The list beside an open email goes on to live and to lead to others.
  await page.getByRole("link", { name: "first" }).click();
  await expect(page.getByRole("heading", { name: "first" })).toBeVisible();
  await expect(page.locator(".row.current")).toContainText("first");
  for (const subject of ["sixth", "seventh"]) {
    await send({ to, subject });
    await expect(rows(page).first()).toContainText(subject);
  }
  await expect(page.locator(".row.current")).toContainText("first");
  await page.getByRole("link", { name: "sixth" }).click();
  await expect(page.getByRole("heading", { name: "sixth" })).toBeVisible();
  await expect(page.locator(".row.current")).toContainText("sixth");
  expect(await page.evaluate(() => window.same)).toBe(true);
});

test("what arrives while a button is down takes neither the click nor the place of what is chosen", async ({ page }) => {
  const to = someone();
  for (const subject of ["one", "two"]) await send({ to, subject });
  await page.goto(listOf(to));
  await expect(page.getByText("Live")).toBeVisible();
  await page.getByRole("checkbox", { name: "Select one" }).hover();
  await page.mouse.down();
  const drawn = page.waitForResponse(/newer=/);
  await send({ to, subject: "three" });
  await (await drawn).finished();
  await page.mouse.up();
  await expect(page.getByRole("checkbox", { name: "Select one" })).toBeChecked();
  await expect(page.getByRole("button", { name: "1 new" })).toBeVisible();
  await expect(rows(page)).toHaveCount(2);
});

test("a burst of mail appears whole", async ({ page }) => {
  const to = someone();
  await page.goto(listOf(to));
  await expect(page.getByText("No email matches")).toBeVisible();
  await Promise.all(Array.from({ length: 120 }, (_, i) => send({ to, subject: `mail ${i}` })));
  await expect(page.getByText("120 emails match")).toBeVisible();
  await expect(rows(page)).toHaveCount(50);
});

test("deletions and marks of others are seen, and what is open stays open", async ({ page, context }) => {
  const to = someone();
  for (const subject of ["one", "two", "three"]) await send({ to, subject });
  await page.goto(listOf(to));
  await expect(page.getByText("Live")).toBeVisible();
  await expect(page.locator(".row.unread")).toHaveCount(3);
  const other = await context.newPage();
  await other.goto(listOf(to));
  await other.getByRole("link", { name: "three" }).click();
  await expect(other.getByRole("heading", { name: "three" })).toBeVisible();
  await expect(page.locator(".row.unread")).toHaveCount(2);
  await page.getByRole("link", { name: "two" }).click();
  await expect(page.getByRole("heading", { name: "two" })).toBeVisible();
  const id = /view\/([0-9a-f]{32})/.exec(page.url())[1];
  expect((await page.request.delete(`${MAIL}/emails/${id}`)).status()).toBe(204);
  await expect(page.getByText("It stays on this page until you leave it.")).toBeVisible();
  await expect(rows(page)).toHaveCount(2);
  await expect(page.getByRole("heading", { name: "two" })).toBeVisible();
});

const show = (tab, hidden) => tab.evaluate((hidden) => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}, hidden);

// Browsers give locks to pages from secure origins alone, such as those of this machine.
for (const [kind, site, locks] of [["this machine", MAIL, true], ["another host", PLAIN, false]]) {
  test(`twelve windows side by side work over plain HTTP from ${kind}`, async ({ context }) => {
    const to = someone();
    await send({ to, subject: "first" });
    const streams = new Map(); // with the windows that hold them
    context.on("request", (request) => request.url().includes("/events?") && streams.set(request, request.frame().page()));
    for (const ended of ["requestfailed", "requestfinished"]) context.on(ended, (request) => streams.delete(request));
    const holders = () => [...streams.values()].filter((window) => !window.isClosed());
    const windows = [];
    for (let i = 0; i < 12; i++) {
      const window = await context.newPage();
      await window.goto(i % 2 ? `${site}/` : `${site}/?recipient=${to}`);
      windows.push(window);
    }
    expect(await windows[0].evaluate(() => "locks" in navigator)).toBe(locks);
    const seen = (subject, among) => Promise.all(among.map((window) => expect(rows(window).getByRole("link", { name: subject, exact: true })).toBeVisible()));
    for (const window of windows) await expect(window.getByText("Live")).toBeVisible();
    await send({ to, subject: `second ${to}` });
    await seen(`second ${to}`, windows);
    await expect.poll(() => holders().length).toBe(1); // on a slow machine another one may have taken over for a moment

    // Another one takes over when the one with the stream is hidden, or is no more.
    const [hidden] = holders();
    await show(hidden, true);
    await send({ to, subject: `third ${to}` });
    await seen(`third ${to}`, windows.filter((window) => window !== hidden));
    await expect.poll(() => holders().length > 0 && !holders().includes(hidden)).toBe(true);
    const [closed] = holders();
    await closed.close();
    await send({ to, subject: `fourth ${to}` });
    await show(hidden, false);
    await seen(`fourth ${to}`, windows.filter((window) => window !== closed));
    await expect.poll(() => holders().length).toBe(1); // on a slow machine another one may have taken over for a moment
    await rows(hidden).first().getByRole("link").click();
    await expect(hidden.getByRole("heading", { name: `fourth ${to}` })).toBeVisible();
  });
}

test("200 arrivals in 10 s cost less than 200 kB", async ({ page }) => {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("Network.enable");
  await page.goto(`${MAIL}/`);
  await expect(page.getByText("Live")).toBeVisible();
  let received = 0, requests = 0;
  cdp.on("Network.dataReceived", ({ encodedDataLength }) => { received += encodedDataLength; });
  cdp.on("Network.responseReceivedExtraInfo", ({ headersText }) => { requests++; received += headersText?.length ?? 500; });
  const to = someone();
  for (let i = 0; i < 200; i++) {
    send({ ...codeMail(to), subject: `arrival ${i}` });
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await expect(rows(page).getByRole("link", { name: "arrival 199" })).toBeVisible();
  await expect(rows(page)).toHaveCount(50);
  test.info().annotations.push({ type: "burst", description: `${received} bytes in ${requests} answers` });
  console.log(`200 arrivals: ${received} bytes in ${requests} answers`);
  expect(received).toBeLessThan(200_000);
});
