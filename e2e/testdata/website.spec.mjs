// The website in Chromium. The Go test beside this folder starts the server, behind
// a password and under /mail/, and sends 10,000 emails to the bucket at BIG.
import { AxeBuilder } from "@axe-core/playwright";
import { expect, test } from "@playwright/test";
import { randomUUID } from "node:crypto";
import { createServer } from "node:net";
import { createTransport } from "nodemailer";

const { MAIL, EMPTY, BIG, SMTP, SCREENSHOTS } = process.env;
const [host, port] = SMTP.split(":");
const transport = createTransport({ host, port, secure: false, disableFileAccess: true });

// A pixel, as a mail's logo.
const png = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");

test.use({ httpCredentials: { username: "alice", password: "secret" } });

const send = (mail) => transport.sendMail({ from: "App <app@example.com>", subject: "Hello", text: "Hello", ...mail });
const someone = () => `${randomUUID()}@run.test`;
const rows = (page) => page.locator("#list tbody tr");
const listOf = (recipient) => `${MAIL}/?recipient=${recipient}`;
const codeMail = (to) => ({
  to, subject: "Confirm your address", text: "Your verification code is 483920.\n\nhttps://app.example/confirm?token=abc",
  html: `<meta name="color-scheme" content="light dark"><style>p { color: rgb(1, 2, 3) } @media (prefers-color-scheme: dark) { p { color: rgb(9, 9, 9) } }</style>
    <h1>Welcome</h1><p>Your verification code is <b>483920</b>.</p><img id="logo" src="cid:logo@x"><a href="https://app.example/confirm?token=abc">Confirm</a>
    <img src="https://tracker.example/pixel.gif"><div style="background: url(http://cdn.example/banner.png)">Banner</div>`,
  attachments: [{ filename: "logo.png", content: png, cid: "logo@x" }, { filename: "terms.txt", content: "terms" }],
});

test("an empty bucket tells where to send, and a first email appears", async ({ page }) => {
  await page.goto(`${EMPTY}/`);
  await expect(page.getByText("No mail yet")).toBeVisible();
  const command = await page.locator("pre code").textContent();
  expect(command).toContain(`smtp://`);
  await page.getByRole("button", { name: /^Copy/ }).click();
  await expect(page.getByRole("button", { name: /^Copy/ })).toHaveText("Copied");
});

test("arrivals appear without a reload, and only those that match", async ({ page }) => {
  const to = someone();
  await send({ to, subject: "first" });
  await page.goto(listOf(to));
  await expect(page).toHaveTitle("(1) mailbucket");
  await expect(page.getByText("Live")).toBeVisible();
  await page.evaluate(() => { window.same = true; });
  await page.getByRole("checkbox", { name: "Select first" }).check();
  for (const subject of ["second", "third"]) {
    await send({ to, subject });
    await send({ to: someone(), subject: "of another" });
    await expect(rows(page).first()).toContainText(subject);
  }
  await expect(page).toHaveTitle("(3) mailbucket");
  await expect(rows(page)).toHaveCount(3);
  await expect(page.getByRole("checkbox", { name: "Select first" })).toBeChecked();
  expect(await page.evaluate(() => window.same)).toBe(true);
});

test("a burst of mail appears whole", async ({ page }) => {
  const to = someone();
  await page.goto(listOf(to));
  await expect(page.getByText("No email matches")).toBeVisible();
  await Promise.all(Array.from({ length: 120 }, (_, i) => send({ to, subject: `mail ${i}` })));
  await expect(page).toHaveTitle("(120) mailbucket");
  await expect(rows(page)).toHaveCount(50);
});

test("search by sender, recipient and text, and back again", async ({ page }) => {
  const [to, word] = [someone(), randomUUID()];
  await send({ to, from: `s-${to}`, subject: "Invoice", text: `for ${word}` });
  await send({ to, subject: "Other" });
  await page.goto(`${MAIL}/`);
  await page.getByLabel("Recipient").fill(to);
  await page.getByRole("button", { name: "Search" }).click();
  await expect(rows(page)).toHaveCount(2);
  await page.getByLabel("Sender").fill(`s-${to}`);
  await page.keyboard.press("Enter");
  await expect(rows(page)).toHaveCount(1);
  await page.getByRole("link", { name: "Clear" }).click();
  await page.getByLabel("Subject, address or text").fill(word.toUpperCase());
  await page.keyboard.press("Enter");
  await expect(rows(page)).toHaveCount(1);
  await rows(page).getByRole("link").click();
  await expect(page.getByRole("heading", { name: "Invoice" })).toBeVisible();
  await page.goBack();
  await expect(rows(page)).toHaveCount(1);
  await page.goForward();
  await page.getByRole("link", { name: "All mail" }).click();
  await expect(page.getByLabel("Subject, address or text")).toHaveValue(word.toUpperCase());
});

test("each view of an email", async ({ page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const to = someone();
  await send(codeMail(to));
  await page.goto(listOf(to));
  await expect(page.getByRole("img", { name: "Has attachments" })).toBeVisible();
  await rows(page).getByRole("link").click();
  const mail = page.frameLocator("iframe");
  await expect(mail.getByText("Welcome")).toBeVisible();
  await expect.poll(() => mail.locator("#logo").evaluate((image) => image.naturalWidth)).toBe(1);
  await expect(page.getByText("2 remote items are blocked.")).toBeVisible();

  await page.getByRole("button", { name: "Copy 483920" }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe("483920");

  const width = () => page.locator("iframe").evaluate((frame) => frame.clientWidth);
  for (const [name, pixels] of [["Phone", 375], ["Tablet", 768]]) {
    await page.getByRole("link", { name }).click();
    await expect.poll(width).toBe(pixels);
  }
  const colour = () => mail.locator("p").evaluate((p) => getComputedStyle(p).color);
  expect(await colour()).toBe("rgb(1, 2, 3)");
  await page.getByRole("link", { name: "Dark" }).click();
  await expect.poll(colour).toBe("rgb(9, 9, 9)");
  expect(new URL(page.url()).search).toContain("scheme=dark&width=tablet");

  const tab = async (name, ...texts) => {
    await page.getByRole("link", { name, exact: false }).first().click();
    await expect(page.locator(".tabs [aria-current=page]")).toContainText(name);
    for (const text of texts) await expect(page.locator("section")).toContainText(text);
  };
  await tab("Text", "Your verification code is 483920.");
  await expect(page.locator("section a")).toHaveAttribute("href", "https://app.example/confirm?token=abc");
  await tab("Headers", "Message-ID", "App <app@example.com>");
  await tab("Source", "Content-Type: multipart/");
  await tab("Attachments", "logo.png", "terms.txt", "5 B");
  await expect.poll(() => page.locator("section img").evaluate((image) => image.naturalWidth)).toBe(1);
  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "terms.txt" }).click();
  expect((await download).suggestedFilename()).toBe("terms.txt");
  await tab("Links", "Confirm", "https://app.example/confirm?token=abc");
  await tab("Session", "EHLO", "RCPT TO", "250");
  await tab("Problems", "No problems were found in this email.");
  await page.goBack();
  await expect(page.locator(".tabs [aria-current=page]")).toContainText("Session");
});

test("emails are deleted: one, the selected, and all that match", async ({ page }) => {
  const to = someone();
  for (const subject of ["a", "b", "c", "d", "e"]) await send({ to, subject });
  await page.goto(listOf(to));
  const ask = () => page.getByText("Delete…").click();
  await page.getByRole("checkbox", { name: "Select b" }).check();
  await page.getByRole("checkbox", { name: "Select d" }).check();
  await ask();
  await page.getByRole("button", { name: "Delete the selected (2)" }).click();
  await expect(rows(page)).toHaveCount(3);
  await page.getByRole("link", { name: "c", exact: true }).click();
  await ask();
  await page.getByRole("button", { name: "Delete this email" }).click();
  await expect(page.getByRole("heading", { name: "a", exact: true })).toBeVisible();
  await page.getByRole("link", { name: "All mail" }).click();
  await expect(rows(page)).toHaveCount(2);
  await ask();
  await send({ to, subject: "late" }); // not seen, so it stays
  await page.getByRole("button", { name: "Delete all 2 that match" }).click();
  await expect(rows(page)).toHaveText([/late/]);
});

test("everything by keyboard", async ({ page }) => {
  const to = someone();
  for (const subject of ["oldest", "middle", "newest"]) await send({ to, subject });
  await page.goto(listOf(to));
  const focused = () => page.evaluate(() => document.activeElement.textContent);
  const heading = async (name) => {
    await expect(page.getByRole("heading", { name })).toBeVisible();
    await page.waitForLoadState(); // the script is there for the next key
  };
  await expect(page.getByText("Live")).toBeVisible();
  await page.keyboard.press("d"); // nothing is selected, so that Enter only closes it
  await expect(page.getByRole("button", { name: "Delete all 3 that match" })).toBeVisible();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: "Delete all 3 that match" })).toBeHidden();
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("j");
  expect(await focused()).toBe("newest");
  await page.keyboard.press("j");
  expect(await focused()).toBe("middle");
  await page.keyboard.press("o");
  await heading("middle");
  await page.keyboard.press("k");
  await heading("newest");
  await page.keyboard.press("j");
  await heading("middle");
  await page.keyboard.press("u");
  await expect(page.getByRole("link", { name: "middle", exact: true })).toBeFocused();
  await page.waitForLoadState();
  await page.keyboard.press("x");
  await expect(page.getByRole("checkbox", { name: "Select middle" })).toBeChecked();
  await page.keyboard.press("d");
  await expect(page.getByRole("button", { name: "Delete the selected (1)" })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("button", { name: "Delete the selected (1)" })).toBeHidden();
  await page.keyboard.press("d");
  await page.keyboard.press("Enter");
  await expect(rows(page)).toHaveCount(2);
  await page.waitForLoadState();
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toBeHidden();
  await page.keyboard.press("/");
  await page.keyboard.type("jokdux?/");
  await expect(page.getByLabel("Subject, address or text")).toHaveValue("jokdux?/");
  await page.keyboard.press("Enter");
  await expect(page.getByText("No email matches")).toBeVisible();
});

test.describe("without script", () => {
  test.use({ javaScriptEnabled: false });

  test("search, read and delete", async ({ page }) => {
    const to = someone();
    for (const subject of ["a", "b", "c"]) await send({ ...codeMail(to), subject });
    await page.goto(`${MAIL}/`);
    await page.getByLabel("Recipient").fill(to);
    await page.getByRole("button", { name: "Search" }).click();
    await expect(rows(page)).toHaveCount(3);
    await page.getByRole("link", { name: "c", exact: true }).click();
    await expect(page.frameLocator("iframe").getByText("Welcome")).toBeVisible();
    await page.getByRole("link", { name: "Headers" }).click();
    await expect(page.locator("section")).toContainText("Message-ID");
    await page.getByText("Delete…").click();
    await page.getByRole("button", { name: "Delete this email" }).click();
    await page.getByRole("link", { name: "All mail" }).click();
    await page.getByRole("checkbox", { name: "Select a" }).check();
    await page.getByText("Delete…").click();
    await page.getByRole("button", { name: "Delete the selected" }).click();
    await expect(rows(page)).toHaveCount(1);
    await page.getByText("Delete…").click();
    await page.getByRole("button", { name: "Delete all 1 that match" }).click();
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
  for (const name of ["Text", "Headers", "Source", "Attachments", "Links", "Session", "Problems", "HTML"]) {
    await page.locator(".tabs").getByRole("link", { name }).click();
    await page.waitForLoadState("networkidle");
  }
  expect(address).toContain("/mail/view/");
  expect(await page.evaluate(() => window.pwned)).toBeUndefined();
  expect(dialogs).toEqual([]);
  const ours = new URL(MAIL).origin;
  const beyond = asked.filter((url) => !url.startsWith(`${ours}/mail/`) && !url.startsWith("data:") && !url.startsWith("about:"));
  expect(beyond).toEqual([]);
  // Nor anything on this server but what the page itself loads.
  expect(asked.filter((url) => /\/mail\/emails(\?|$)|\/relative|\/x$/.test(url))).toEqual([]);
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
  await page.getByRole("link", { name: "Load remote content" }).click();
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
  await expect(page).toHaveTitle("(10,000) mailbucket");
  const timing = await page.evaluate(() => performance.getEntriesByType("navigation")[0].responseEnd);
  test.info().annotations.push({ type: "first page", description: `${timing.toFixed(1)} ms` });
  await page.getByRole("link", { name: "Older" }).click();
  await expect(page.getByText("51–100 of 10,000")).toBeVisible();
  await page.goto(`${BIG}/?page=200`);
  await expect(page.getByText("9,951–10,000 of 10,000")).toBeVisible();
  await expect(rows(page)).toHaveCount(50);
});

const sizes = { phone: [390, 800], tablet: [820, 1000], desktop: [1280, 800] };

for (const scheme of ["light", "dark"]) {
  for (const [name, [width, height]] of Object.entries(sizes)) {
    test(`${name}, ${scheme}: nothing to complain of, and pictures`, async ({ browser }) => {
      const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, httpCredentials: { username: "alice", password: "secret" } });
      const page = await context.newPage();
      const to = someone();
      for (const subject of ["Your order has shipped", "Weekly report: three new customers and a long, long subject line that does not fit anywhere", "Password reset"]) await send({ to, subject });
      await send(codeMail(to));
      const check = async (view) => {
        await page.screenshot({ path: `${SCREENSHOTS}/${view}-${name}-${scheme}.png` });
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
        const { violations } = await new AxeBuilder({ page }).exclude("iframe").withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]).analyze();
        expect(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" ")}`)).toEqual([]);
      };
      await page.goto(`${EMPTY}/`);
      await check("empty");
      await page.goto(listOf(to));
      await expect(page.getByText("Live")).toBeVisible();
      await check("list");
      await page.keyboard.press("?");
      await check("keys");
      await page.keyboard.press("Escape");
      await rows(page).first().getByRole("link").click();
      await expect(page.frameLocator("iframe").getByText("Welcome")).toBeVisible();
      await check("html");
      for (const view of ["Text", "Headers", "Source", "Attachments", "Links", "Session", "Problems"]) {
        await page.locator(".tabs").getByRole("link", { name: view }).click();
        await check(view.toLowerCase());
      }
      await page.goto(`${MAIL}/view/0123456789abcdef0123456789abcdef`);
      await check("gone");
      await context.close();
    });
  }
}
