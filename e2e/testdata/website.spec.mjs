// The website in Chromium: what people do with it.
import { expect, test } from "@playwright/test";
import { randomUUID } from "node:crypto";
import { createConnection, createServer } from "node:net";
import { BIG, EMPTY, MAIL, codeMail, credentials, host, listOf, port, rows, send, someone } from "./site.mjs";

test.use(credentials);

test("an empty bucket tells where to send, and a first email appears", async ({ page }) => {
  await page.goto(`${EMPTY}/`);
  await expect(page.getByText("No mail yet")).toBeVisible();
  const command = await page.locator("pre code").textContent();
  expect(command).toContain(`smtp://`);
  await page.getByRole("button", { name: /^Copy/ }).click();
  await expect(page.getByRole("button", { name: /^Copy/ })).toHaveText("Copied");
});

test("search by sender, recipient and text, and back again", async ({ page }) => {
  const [to, word] = [someone(), randomUUID()];
  await send({ to, from: `s-${to}`, subject: "Invoice", text: `for ${word}` });
  await send({ to, subject: "Other" });
  await page.goto(`${MAIL}/`);
  const box = page.getByRole("combobox", { name: "Search" });
  await box.fill(`recipient:${to}`);
  await page.getByRole("button", { name: "Search" }).click();
  await expect(rows(page)).toHaveCount(2);
  await box.fill(`recipient:${to} sender:s-${to}`);
  await page.keyboard.press("Enter");
  await expect(rows(page)).toHaveCount(1);
  await page.getByRole("link", { name: `Without sender:s-${to}` }).click();
  await expect(rows(page)).toHaveCount(2);
  await box.fill(`recipient:${to} "no such words"`);
  await page.keyboard.press("Enter");
  await expect(page.getByText("No email matches")).toBeVisible();
  await page.locator(".notice").getByRole("link", { name: 'Without "no such words"' }).click();
  await expect(rows(page)).toHaveCount(2);
  await box.fill(word.toUpperCase());
  await page.keyboard.press("Enter");
  await expect(rows(page)).toHaveCount(1);
  await rows(page).getByRole("link").click();
  await expect(page.getByRole("heading", { name: "Invoice" })).toBeVisible();
  await page.goBack();
  await expect(page.getByText("Choose an email")).toBeVisible();
  await expect(rows(page)).toHaveCount(1);
  await page.goForward();
  await expect(page.getByRole("heading", { name: "Invoice" })).toBeVisible();
  await expect(box).toHaveValue(word.toUpperCase());
  expect((await page.goto(`${MAIL}/?foo=1`)).status()).toBe(400);
});

test("each view of an email", async ({ page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const to = someone();
  await send(codeMail(to));
  await page.goto(listOf(to));
  await expect(page.getByRole("img", { name: "1 attachment" })).toBeVisible(); // the logo is none
  await rows(page).click({ position: { x: 200, y: 30 } }); // all of the row is the target
  const mail = page.frameLocator("iframe");
  await expect(mail.getByText("Welcome")).toBeVisible();
  await expect(mail.locator("#logo")).toHaveJSProperty("naturalWidth", 1);
  await expect(page.getByText("Load 2 blocked items")).toBeVisible();

  const copied = () => page.evaluate(() => navigator.clipboard.readText());
  await page.locator("#mail").getByRole("button", { name: "Copy 483920" }).click();
  expect(await copied()).toBe("483920");
  await expect(page.locator(".strip").getByRole("link", { name: "Confirm" })).toHaveAttribute("href", "https://app.example/confirm?token=abc");
  await page.getByLabel("More for this email").click();
  await page.getByRole("button", { name: "Copy the URL in the API" }).click();
  expect(await copied()).toMatch(new RegExp(`^${MAIL}/emails/[0-9a-f]{32}$`));
  await page.getByRole("button", { name: "curl command that waits" }).click();
  expect(await copied()).toBe(`curl -sS '${MAIL}/emails?recipient=${encodeURIComponent(to)}&wait=30s'`);
  await page.keyboard.press("Escape");

  const width = () => page.locator("iframe").evaluate((frame) => frame.clientWidth);
  for (const pixels of [375, 768, 1280]) {
    await page.getByRole("link", { name: `${pixels}`, exact: true }).click();
    await expect.poll(width).toBe(pixels);
    const [shown, place] = await page.evaluate(() => ["iframe", ".stage"].map((name) => document.querySelector(name).getBoundingClientRect().width));
    expect(shown).toBeLessThanOrEqual(place + 1); // it is scaled to fit
  }
  await expect(mail.locator("p")).toHaveCSS("color", "rgb(1, 2, 3)");
  await page.getByRole("link", { name: "Dark" }).click();
  await expect(mail.locator("p")).toHaveCSS("color", "rgb(9, 9, 9)");
  expect(new URL(page.url()).search).toContain("scheme=dark&width=1280");
  await page.getByRole("link", { name: "Both" }).click();
  await expect(page.locator("iframe")).toHaveCount(2);
  await page.getByRole("link", { name: "Light" }).click();

  const tab = async (name, ...texts) => {
    await page.locator(".tabs").getByRole("link", { name: new RegExp(`^${name}( [0-9,]+)?$`) }).click();
    await expect(page.locator(".tabs [aria-current=page]")).toContainText(name);
    for (const text of texts) await expect(page.locator("#show")).toContainText(text);
  };
  await tab("Text", "Your verification code is 483920.");
  await expect(page.locator("#show a")).toHaveAttribute("href", "https://app.example/confirm?token=abc");
  await tab("Headers", "Message-ID", "App <app@example.com>");
  await tab("HTML source", "<h1>Welcome</h1>");
  await tab("Source", "Content-Type: multipart/");
  await tab("Parts", "multipart/mixed", "logo.png", "terms.txt", "5 B");
  await page.locator("#show li").getByRole("link", { name: "text/html" }).click();
  await expect(page.locator("#show pre")).toContainText("<h1>Welcome</h1>");
  await expect(page.locator("#show img")).toHaveJSProperty("naturalWidth", 1);
  const download = page.waitForEvent("download");
  await page.locator(".strip").getByRole("link", { name: "terms.txt" }).click();
  expect((await download).suggestedFilename()).toBe("terms.txt");
  await tab("Links", "Confirm", "https://app.example/confirm?token=abc");
  await tab("Session", "EHLO", "RCPT TO", "250");
  await tab("Check");
  await page.goBack(); // the views of an email are one step
  await expect(page.getByText("Choose an email")).toBeVisible();
});

test("emails are deleted: one, the selected, and all that match", async ({ page }) => {
  const to = someone();
  for (const subject of ["a", "b", "c", "d", "e"]) await send({ to, subject });
  await page.goto(listOf(to));
  await expect(page.getByRole("button", { name: "Delete selected" })).toBeHidden();
  await page.getByRole("checkbox", { name: "Select b" }).check();
  await page.getByRole("checkbox", { name: "Select d" }).check();
  await page.getByRole("button", { name: "Delete selected (2)" }).click();
  await expect(rows(page)).toHaveCount(3);
  await page.getByRole("checkbox", { name: "Select a", exact: true }).check();
  const before = await page.locator("#list").elementHandle();
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(rows(page)).toHaveCount(5);
  await expect.poll(() => before.evaluate((list) => list.isConnected)).toBe(false); // it is drawn anew
  await page.getByRole("checkbox", { name: "Select d" }).click({ modifiers: ["Shift"] }); // and those between
  await page.getByRole("button", { name: "Delete selected (4)" }).click();
  await expect.poll(() => held(page, to)).toEqual(["e"]);

  for (const subject of ["f", "g"]) await send({ to, subject });
  await expect(rows(page)).toHaveCount(3);
  await page.getByRole("link", { name: "f", exact: true }).click();
  await expect(page.getByRole("heading", { name: "f", exact: true })).toBeVisible();
  await page.getByRole("button", { name: "Delete this email" }).click();
  await expect(page.getByRole("heading", { name: "e", exact: true })).toBeVisible();
  await expect(rows(page)).toHaveCount(2);
  await page.goto(listOf(to)); // it is deleted though the page is left
  await expect.poll(() => held(page, to)).toEqual(["g", "e"]);
  await page.reload();
  await page.getByLabel("More for this list").click();
  await send({ to, subject: "late" }); // not seen, so it stays
  await page.getByRole("button", { name: "Delete all 2 that match" }).click();
  await expect.poll(() => held(page, to)).toEqual(["late"]);
});

const held = async (page, to) => {
  const answer = await page.request.get(`${MAIL}/emails?recipient=${to}`);
  return (await answer.json()).results.map((entry) => entry.subject);
};

test("everything by keyboard", async ({ page }) => {
  const to = someone();
  for (const subject of ["oldest", "middle", "newest"]) await send({ to, subject });
  await page.goto(listOf(to));
  const focused = (name) => expect(page.getByRole("link", { name, exact: true })).toBeFocused();
  const heading = (name) => expect(page.getByRole("heading", { name })).toBeVisible();
  await expect(page.getByText("Live")).toBeVisible();
  await page.keyboard.press("d"); // nothing is selected
  await expect(rows(page)).toHaveCount(3);
  await page.keyboard.press("j");
  await focused("newest");
  await page.keyboard.press("j");
  await focused("middle");
  await page.keyboard.press("o");
  await heading("middle");
  await page.keyboard.press("k");
  await heading("newest");
  await page.keyboard.press("j");
  await heading("middle");
  await page.keyboard.press("u");
  await expect(page.getByText("Choose an email")).toBeVisible();
  await focused("middle");
  await page.keyboard.press("x");
  await expect(page.getByRole("checkbox", { name: "Select middle" })).toBeChecked();
  await page.keyboard.press("d");
  await expect(rows(page)).toHaveCount(2);
  await focused("oldest");
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toBeHidden();
  await page.keyboard.press("/");
  await page.keyboard.type("jokdux?/");
  await expect(page.getByRole("combobox", { name: "Search" })).toHaveValue("jokdux?/");
  await page.keyboard.press("Enter");
  await expect(page.getByText("No email matches")).toBeVisible();
});

test("keys in an open email are for it", async ({ page }) => {
  const to = someone();
  for (const subject of ["oldest", "middle", "newest"]) await send({ ...codeMail(to), subject });
  await page.goto(listOf(to));
  const heading = (name) => page.getByRole("heading", { name, exact: true });
  await page.getByRole("link", { name: "newest", exact: true }).click();
  await expect(heading("newest")).toBeVisible();
  await page.keyboard.press("j");
  await expect(heading("middle")).toBeFocused(); // so that the next stop is in the email
  const tab = page.locator(".tabs").getByRole("link", { name: "Text" });
  await tab.focus();
  await page.keyboard.press("Enter");
  await expect(page.locator("#show")).toContainText("Your verification code is 483920.");
  await expect(tab).toBeFocused();
  await page.keyboard.press("d"); // not the row that was clicked
  await expect(page.getByText("1 email deleted")).toBeVisible();
  await expect(page.locator(".row.going")).toContainText("middle");
  await expect(heading("oldest")).toBeFocused();
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(rows(page)).toHaveCount(3);
  await page.getByRole("link", { name: "newest", exact: true }).click();
  await expect(heading("newest")).toBeVisible();
  await page.keyboard.press("d"); // the row that was clicked is the open email
  await expect(page.locator(".row.going")).toContainText("newest");
  await expect(heading("middle")).toBeVisible();
});

test("what is around the panes goes with them", async ({ page }) => {
  const to = someone();
  for (const subject of ["one", "two"]) await send({ to, subject });
  await page.goto(`${listOf(to)}&q=subject%3Aone`);
  await expect(rows(page)).toHaveCount(1);
  const box = page.getByRole("combobox", { name: "Search" });
  await page.getByRole("link", { name: "Without subject:one" }).click();
  await expect(rows(page)).toHaveCount(2);
  await expect(box).toHaveValue("");
  await box.pressSequentially("subject:two to:"); // suggestions are for the last word
  await expect(page.locator(`#words option[value="subject:two to:${to}"]`)).toBeAttached();
  await page.keyboard.press("Enter"); // goes on within the other conditions
  await expect(page.getByRole("link", { name: `Without recipient: ${to}` })).toBeVisible();
  await page.getByRole("link", { name: "mailbucket", exact: true }).click();
  await expect(page.locator(".chips")).toBeHidden();
  await expect(page.locator(".search [name=recipient]")).not.toBeAttached();
});

test("all that match are marked as read", async ({ page }) => {
  const to = someone();
  for (const subject of ["one", "two"]) await send({ to, subject });
  await page.goto(listOf(to));
  await expect(page.locator(".row.unread")).toHaveCount(2);
  await page.getByLabel("More for this list").click();
  await page.getByRole("button", { name: "Mark all that match as read" }).click();
  await expect(page.locator(".row.unread")).toHaveCount(0);
  await expect(rows(page)).toHaveCount(2);
});

test("sessions without mail say why", async ({ page }) => {
  await new Promise((resolve) => {
    const client = createConnection(port, host, () => client.write("EHLO app\r\nMAIL FROM:<app@example.com> SIZE=99999999\r\nQUIT\r\n"));
    client.on("close", resolve).resume();
  });
  await page.goto(`${MAIL}/`);
  await page.getByRole("link", { name: /Sessions without mail/ }).click();
  const entry = page.locator("details", { hasText: "552 5.3.4" }).first();
  await entry.locator("summary").click();
  await expect(entry.locator("pre")).toContainText("SIZE=99999999");
});

test("the theme is the reader's", async ({ page }) => {
  await page.goto(`${MAIL}/`);
  const colour = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const before = await colour();
  await page.getByRole("button", { name: /^Colours of this page/ }).click();
  await expect.poll(colour).not.toBe(before);
  await page.reload();
  await expect.poll(colour).not.toBe(before);
});

test("a screen reader is told what is seen", async ({ page, context }) => {
  const to = someone();
  await send({ to, subject: "first" });
  await send(codeMail(to));
  await page.goto(listOf(to));
  await expect(page.locator("#live:not([hidden])")).toBeAttached();
  const cdp = await context.newCDPSession(page);
  // The parts of the tree of a role, as name and what else is said of them.
  const said = async (role, ...properties) => {
    const { nodes } = await cdp.send("Accessibility.getFullAXTree");
    return nodes.filter((node) => !node.ignored && node.role.value === role).map((node) => [node.name?.value, node.description?.value ?? "",
      ...properties.map((name) => node.properties.find((property) => property.name === name)?.value.value)]);
  };
  const names = async (role) => (await said(role)).map(([name]) => name);
  // The tree follows what is drawn, at times a little later.
  await expect.poll(() => said("checkbox", "checked")).toEqual([
    ["Select all on this page", "", "false"], ["Select Confirm your address", "", "false"], ["Select first", "", "false"]]);
  await expect.poll(() => said("link")).toContainEqual(["Confirm your address", "Unread: App"]);
  await expect.poll(() => names("region")).toEqual(["Emails", "Email"]);
  await expect.poll(() => names("image")).toContain("1 attachment");
  await page.getByRole("link", { name: "Confirm your address" }).click();
  await expect(page.getByRole("heading", { name: "Confirm your address" })).toBeVisible();
  await expect.poll(() => names("article")).toEqual(["Email"]);
  await expect.poll(() => names("heading")).toContain("Confirm your address");
  await expect.poll(() => names("navigation")).toEqual(expect.arrayContaining(["Views of this email", "Width", "Colours", "Other emails"]));
  await expect.poll(() => names("Iframe")).toEqual(["HTML of this email, Full, Light"]);
  await expect.poll(() => said("link")).toContainEqual(["Confirm your address", "App"]); // no longer unread
});

test("a phone has the theme, and touching an email for a while selects it", async ({ browser }) => {
  const context = await browser.newContext({ ...credentials, viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  const page = await context.newPage();
  const to = someone();
  for (const subject of ["one", "two"]) await send({ to, subject });
  await page.goto(listOf(to));
  await expect(page.getByRole("button", { name: /^Colours of this page/ })).toBeVisible();
  const touch = await context.newCDPSession(page);
  const { x, y } = await rows(page).first().getByRole("link").boundingBox();
  const point = { x: x + 20, y: y + 8 };
  await touch.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: [point] });
  await expect(page.getByRole("checkbox", { name: "Select two" })).toBeChecked();
  await touch.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  await expect(page.getByRole("button", { name: "Delete selected (1)" })).toBeVisible();
  expect(new URL(page.url()).pathname).toBe("/mail/");
  await page.touchscreen.tap(point.x, point.y);
  await expect(page.getByRole("heading", { name: "two" })).toBeVisible();
  await context.close();
});

test("the list in one line for each email stays so", async ({ page }) => {
  const to = someone();
  await send({ to, subject: "short" });
  await page.goto(listOf(to));
  const height = () => rows(page).first().evaluate((row) => row.clientHeight);
  const before = await height();
  await page.getByLabel("More for this list").click();
  await page.getByRole("button", { name: "One line for each email" }).click();
  await expect.poll(height).toBeLessThan(before / 2);
  await page.reload();
  await expect.poll(height).toBeLessThan(before / 2);
});

test.describe("without script", () => {
  test.use({ javaScriptEnabled: false });

  test("search, read and delete", async ({ page }) => {
    const to = someone();
    for (const subject of ["a", "b", "c"]) await send({ ...codeMail(to), subject });
    await page.goto(`${MAIL}/`);
    await page.getByRole("combobox", { name: "Search" }).fill(`recipient:${to}`);
    await page.getByRole("button", { name: "Search" }).click();
    await expect(rows(page)).toHaveCount(3);
    await page.getByRole("link", { name: "c", exact: true }).click();
    await expect(page.frameLocator("iframe").getByText("Welcome")).toBeVisible();
    await page.getByRole("link", { name: "Headers" }).click();
    await expect(page.locator("#show")).toContainText("Message-ID");
    await page.getByRole("button", { name: "Delete this email" }).click();
    await page.getByRole("checkbox", { name: "Select a", exact: true }).check();
    await page.getByRole("button", { name: "Delete selected" }).click();
    await expect(rows(page)).toHaveCount(1);
    await page.getByLabel("More for this list").click();
    await page.getByText("Delete all 1 that match…").click();
    await page.getByRole("button", { name: "Yes, delete them" }).click();
    await expect(page.getByText("No email matches")).toBeVisible();
  });
});

// A host that no mail may reach: it counts connections.
async function listen() {
  const host = { connections: 0 };
  const server = createServer((socket) => {
    host.connections++;
    socket.on("error", () => {});
    socket.end("HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  host.url = `http://127.0.0.1:${server.address().port}`;
  host.close = () => server.close();
  return host;
}

const hostile = (evil) => `<!doctype html><html><head>
  <base href="${evil}/base/"><meta http-equiv="refresh" content="0;url=${evil}/refresh"><meta http-equiv="Content-Security-Policy" content="default-src *">
  <link rel="preconnect" href="${evil}"><link rel="dns-prefetch" href="${evil}"><link rel="preload" as="image" href="${evil}/preload"><link rel="prefetch" href="${evil}/prefetch">
  <link rel="modulepreload" href="${evil}/module"><link rel="icon" href="${evil}/icon"><link rel="manifest" href="${evil}/manifest"><link rel="stylesheet" href="${evil}/style.css">
  <style>@import "${evil}/import.css"; @font-face { font-family: f; src: url(${evil}/font) } body { font-family: f; background: url(${evil}/background) }
    li { list-style-image: url(${evil}/list); } a { cursor: url(${evil}/cursor), auto } p::before { content: url(${evil}/content) }</style>
  <script>top.pwned = parent.pwned = true; document.title = "pwned"; fetch("${evil}/fetch"); top.location = "${evil}/top"</script>
  <script src="${evil}/script.js"></script></head>
  <body onload="top.location='${evil}/onload'" background="${evil}/body">
  <img src="${evil}/img" onerror="top.pwned = true" srcset="${evil}/srcset 2x"><img src=x onerror="alert(1)"><img src="/mail/emails"><img loading="eager" src="//127.0.0.1:1/relative">
  <svg onload="alert(2)"><image href="${evil}/svg"/><use href="${evil}/use#a"/><script>alert(3)</script><foreignObject><iframe src="${evil}/foreign"></iframe></foreignObject></svg>
  <iframe src="${evil}/frame"></iframe><iframe srcdoc="<script>top.pwned = true</script><img src=${evil}/srcdoc>"></iframe><object data="${evil}/object"></object><embed src="${evil}/embed">
  <video src="${evil}/video" poster="${evil}/poster" autoplay></video><audio src="${evil}/audio" autoplay></audio><picture><source srcset="${evil}/source"><img src="${evil}/picture"></picture>
  <form action="${evil}/form" id="f"><input name="a" autofocus onfocus="alert(4)"><button id="submit">Send</button></form><input type="image" src="${evil}/input">
  <a id="top" href="${evil}/top" target="_top" ping="${evil}/ping">top</a><a id="script" href="javascript:top.pwned=true">script</a><area href="${evil}">
  <marquee onstart="alert(5)">x</marquee><details open ontoggle="alert(6)">x</details><p>text<ul><li>a</ul><table background="${evil}/table"><tr><td>x</table>
  <div style="background: url('${evil}/inline'); width: expression(alert(7))">x</div><noscript><img src="${evil}/noscript"></noscript>
  <template><img src="${evil}/template"></template><math><maction actiontype="statusline" xlink:href="javascript:alert(8)">x</maction></math>
  <svg><style><img src="${evil}/svgstyle"></style><title><img src="${evil}/svgtitle"></title><image><animate attributeName="href" to="${evil}/animate"/></image></svg>
  <style>@\\69mport "${evil}/escaped"; p { background: u\\72 l(${evil}/escapedurl); border-image: image-set("${evil}/set" 1x) }</style>
  <!--><img src="${evil}/comment"> --><math><mtext><style><img src="${evil}/math"></style></mtext></math><![CDATA[><img src="${evil}/cdata">]]>
  <textarea><img src="${evil}/textarea"></textarea><select><template><img src="${evil}/select"></template></select><div><template shadowrootmode="open"><img src="${evil}/shadow"></template></div>
  <plaintext><img src="${evil}/plaintext">`;

test("hostile mail runs no script and reaches no network", async ({ page, context }) => {
  const evil = await listen();
  const to = someone();
  await send({ to, subject: "</title><script>top.pwned=true</script>", text: `<script>top.pwned=true</script><img src=${evil.url}/text>`, html: hostile(evil.url),
    attachments: [{ filename: `"><img src=${evil.url}/name>.html`, content: "<script>top.pwned=true</script>", contentType: "text/html" },
      { filename: "a.svg", content: `<svg xmlns="http://www.w3.org/2000/svg"><script>top.pwned=true</script></svg>`, contentType: "image/svg+xml" }] });
  const asked = [], dialogs = [];
  context.on("request", (request) => asked.push(request.url()));
  page.on("dialog", (dialog) => { dialogs.push(dialog.message()); dialog.dismiss(); });

  await page.goto(listOf(to));
  await rows(page).getByRole("link").click();
  const mail = page.frameLocator("iframe");
  await expect(mail.locator("#top")).toBeVisible();
  await mail.locator("#submit").click();
  await page.waitForLoadState("networkidle");
  const address = page.url();
  for (const name of ["Text", "Headers", "HTML source", "Source", "Parts", "Links", "Session", "Check", "HTML"]) {
    await page.locator(".tabs").getByRole("link", { name: new RegExp(`^${name}( [0-9,]+)?$`) }).click();
    await page.waitForLoadState("networkidle");
  }
  expect(address).toContain("/mail/view/");
  expect(await page.evaluate(() => window.pwned)).toBeUndefined();
  expect(dialogs).toEqual([]);
  const ours = new URL(MAIL).origin;
  const beyond = asked.filter((url) => !url.startsWith(`${ours}/mail/`) && !url.startsWith("data:") && !url.startsWith("about:"));
  expect(beyond).toEqual([]);
  // Nor anything on this server but what the page itself loads.
  expect(asked.filter((url) => /\/mail\/emails$|\/relative|\/x$/.test(url))).toEqual([]);
  expect(evil.connections).toBe(0);

  // The HTML by itself is no better off.
  const id = /view\/([0-9a-f]{32})/.exec(page.url())[1];
  const alone = await context.newPage();
  await alone.goto(`${MAIL}/emails/${id}/html`);
  await expect(alone.locator("#top")).toBeVisible();
  expect(await alone.evaluate(() => document.title)).not.toBe("pwned");
  expect(alone.url()).toContain(`/emails/${id}/html`);
  await alone.close();

  // A reader may ask for images, and gets no more than these.
  expect(evil.connections).toBe(0);
  asked.length = 0;
  await page.getByRole("link", { name: /^Load/ }).click();
  await expect.poll(() => asked.some((url) => url === `${evil.url}/img` || url === `${evil.url}/srcset`)).toBe(true);
  await page.waitForLoadState("networkidle");
  expect(await page.evaluate(() => window.pwned)).toBeUndefined();
  for (const path of ["script.js", "fetch", "top", "refresh", "frame", "form", "object", "embed", "onload", "ping", "use", "foreign"]) expect(asked).not.toContain(`${evil.url}/${path}`);
  evil.close();
});

test("a link in a mail opens in a tab of its own", async ({ page, context }) => {
  const site = await listen();
  const to = someone();
  await send({ to, html: `<a href="${site.url}/confirm" target="_top">Confirm</a>` });
  await page.goto(listOf(to));
  await rows(page).getByRole("link").click();
  const popup = context.waitForEvent("page");
  await page.frameLocator("iframe").getByText("Confirm").click();
  await expect.poll(async () => (await popup).url()).toBe(`${site.url}/confirm`);
  expect(await (await popup).evaluate(() => [document.referrer, window.opener])).toEqual(["", null]);
  site.close();
});

test("10,000 emails are listed at once", async ({ page }) => {
  await page.goto(`${BIG}/`);
  await expect(page.getByText("10,000 emails")).toBeVisible();
  const timing = await page.evaluate(() => performance.getEntriesByType("navigation")[0].responseEnd);
  test.info().annotations.push({ type: "first page", description: `${timing.toFixed(1)} ms` });
  await page.getByRole("link", { name: "Older" }).click();
  await expect(page.getByText("51–100 of 10,000")).toBeVisible();
  await page.goto(`${BIG}/?page=200`);
  await expect(page.getByText("9,951–10,000 of 10,000")).toBeVisible();
  await expect(rows(page)).toHaveCount(50);
});
