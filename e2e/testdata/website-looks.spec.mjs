// The website in Chromium: how it looks, and what axe has to complain of.
import { expect, test } from "@playwright/test";
import axe from "axe-core";
import MailComposer from "nodemailer/lib/mail-composer/index.js";
import { EMPTY, MAIL, PICTURE, SCREENSHOTS, codeMail, credentials, listOf, rows, send, someone } from "./site.mjs";

test.use(credentials);

const sizes = { phone: [390, 844], tablet: [768, 1024], desktop: [1440, 900], large: [2560, 1440] };
// How far from the top the first row and the mail may begin.
const tops = { phone: [70, 200], desktop: [110, 230] };

// Each page is loaded once, and drawn in all sizes and colours.
async function look(page, view, { row, frame, only = Object.keys(sizes) } = {}) {
  const top = (selector) => page.locator(selector).first().evaluate((element) => element.getBoundingClientRect().top);
  for (const name of only) {
    const [width, height] = sizes[name];
    await page.setViewportSize({ width, height });
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" }); // rows that have just come fade otherwise
      await page.screenshot({ path: `${SCREENSHOTS}/${view}-${name}-${colorScheme}.png` });
      expect(await complaints(page, colorScheme), `${view}, ${name}, ${colorScheme}`).toEqual([]);
    }
    expect(await page.evaluate(() => document.documentElement.scrollWidth), `${view}, ${name}`).toBeLessThanOrEqual(width);
    // Mail of the tests beside this one may be announced above the list until it is loaded anew.
    if (row && tops[name]) {
      await expect(async () => {
        await page.reload();
        expect(await top(".row")).toBeLessThanOrEqual(tops[name][0]);
      }).toPass();
    }
    if (!frame) continue;
    if (tops[name]) expect(await top("iframe")).toBeLessThanOrEqual(tops[name][1]);
    // Nothing but the frame scrolls in the pane.
    expect(await page.locator("#show").evaluate((pane) => pane.scrollHeight - pane.clientHeight)).toBeLessThanOrEqual(0);
  }
}

// What axe has to complain of. Of the rules, only those of contrast depend on colours.
async function complaints(page, colorScheme) {
  if (!await page.evaluate(() => "axe" in window)) await page.evaluate(axe.source);
  return page.evaluate(async (runOnly) => {
    const { violations } = await window.axe.run({ exclude: ["iframe"] }, { runOnly, iframes: false, resultTypes: ["violations"] });
    return violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" ")}`);
  }, colorScheme === "dark" ? { type: "rule", values: ["color-contrast"] } : { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] });
}

test("nothing to complain of in the list, in any size or colours, and pictures", async ({ page }) => {
  await page.goto(`${EMPTY}/`);
  await look(page, "empty");
  const to = someone();
  for (const subject of ["Your order has shipped", "Weekly report: three new customers and a long, long subject line that does not fit anywhere", "Password reset"]) await send({ to, subject });
  await send(codeMail(to));
  await page.goto(listOf(to));
  await expect(page.locator("#live:not([hidden])")).toBeAttached();
  await look(page, "list");
  await page.keyboard.press("?");
  await look(page, "keys");
  await page.goto(`${MAIL}/`);
  await look(page, "all", { row: true, only: Object.keys(tops) });
  await page.getByLabel("More for this list").click();
  await page.getByRole("button", { name: "One line for each email" }).click();
  await page.keyboard.press("Escape");
  await look(page, "line");
  await page.goto(`${MAIL}/view/0123456789abcdef0123456789abcdef`);
  await look(page, "gone");
});

test("nothing to complain of in an email, in any size or colours, and pictures", async ({ page }) => {
  const to = someone();
  await send(codeMail(to));
  await page.goto(listOf(to));
  await rows(page).first().getByRole("link").click();
  await expect(page.frameLocator("iframe").getByText("Welcome")).toBeVisible();
  await look(page, "html", { frame: true });
  for (const view of ["Text", "Headers", "HTML source", "Source", "Parts", "Links", "Session", "Check"]) {
    await page.locator(".tabs").getByRole("link", { name: new RegExp(`^${view}( [0-9,]+)?$`) }).click();
    await expect(page.locator(".tabs [aria-current=page]")).toContainText(view);
    await look(page, view.toLowerCase().replace(" ", "-"));
  }
});

const order = `<body style="margin: 0; background: #eef1f5; font-family: sans-serif"><div style="max-width: 34rem; margin: 2rem auto; padding: 2rem; background: #fff; border-radius: 8px">
  <h1 style="margin-top: 0; color: #0b5cad">Welcome, Chloe</h1><p>Your verification code is</p><p style="font-size: 2rem; letter-spacing: 0.3rem"><b>739 204</b></p>
  <p>or confirm your address at a click:</p><p><a style="display: inline-block; padding: 0.7rem 1.4rem; background: #0b5cad; color: #fff; border-radius: 6px; text-decoration: none" href="https://northwind.example/confirm?token=abc">Confirm my address</a></p>
  <p style="color: #666">The terms of sale are attached.</p><img src="https://northwind.example/open.gif" alt=""></div>`;
const chloe = "Chloe Martin <chloe.martin@example.com>";

// The picture is of mails as they are; who changes what the page looks like puts the new one
// in the place of web/website.png.
test("the README's picture", async ({ page }) => {
  for (const mail of [
    { from: "Northwind News <news@northwind.example>", to: chloe, subject: "Autumn sale: up to 40 % off", html: "<p>Everything for your desk, until Sunday.", text: "Everything for your desk, until Sunday." },
    { from: "Anna Berg <anna@ours.example>", to: "Ben Otieno <ben@ours.example>", subject: "Re: Lunch on Thursday?", text: "12:30 at the usual place." },
    { from: "CI <ci@ours.example>", to: "ben@ours.example", subject: "Pipeline #48211 failed for main", text: "Job test:unit failed, see https://ci.ours.example/48211" },
    { from: "Northwind Security <security@northwind.example>", to: "anna.berg@example.com", subject: "Reset your password", text: "Hello Anna, choose a new one: https://northwind.example/reset?token=abc", html: "<a href='https://northwind.example/reset?token=abc'>Choose a new password</a>" },
    { from: "Mail Delivery System <mailer-daemon@mx.example>", to: "orders@northwind.example", subject: "Undelivered: your order", text: "550 5.1.1 no such user" },
    { from: "Northwind <orders@northwind.example>", to: chloe, subject: "Your order 10482 has shipped", text: "It arrives on Tuesday.", attachments: [{ filename: "invoice.pdf", content: "x".repeat(40_000) }] },
    { from: "Northwind <hello@northwind.example>", to: chloe, subject: "Confirm your address", text: "Welcome, Chloe\n\nYour verification code is 739 204\n\nor confirm your address at a click:\nhttps://northwind.example/confirm?token=abc\n\nThe terms of sale are attached.", html: order, attachments: [{ filename: "terms.pdf", content: "x".repeat(20_000) }] },
  ]) {
    const raw = await new MailComposer({ ...mail, newline: "\r\n" }).compile().build();
    const to = mail.to.replace(/.*<|>/g, "");
    expect((await page.request.post(`${PICTURE}/emails?sender=app@northwind.example&recipient=${to}`, { headers: { "Content-Type": "message/rfc822" }, data: raw })).status()).toBe(201);
  }
  await page.setViewportSize({ width: 1280, height: 720 });
  await page.goto(`${PICTURE}/`);
  await rows(page).first().getByRole("link").click();
  await expect(page.frameLocator("iframe").getByText("Welcome, Chloe")).toBeVisible();
  await page.mouse.move(900, 650);
  await page.screenshot({ path: `${SCREENSHOTS}/readme.png` });
});
