// The website in Chromium: how it looks, and what axe has to complain of.
import { expect, test } from "@playwright/test";
import axe from "axe-core";
import { EMPTY, MAIL, SCREENSHOTS, codeMail, credentials, listOf, rows, send, someone } from "./site.mjs";

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
  for (const view of ["Text", "Headers", "Source", "Parts", "Links", "Session", "Check"]) {
    await page.locator(".tabs").getByRole("link", { name: view }).click();
    await expect(page.locator(".tabs [aria-current=page]")).toContainText(view);
    await look(page, view.toLowerCase());
  }
});
