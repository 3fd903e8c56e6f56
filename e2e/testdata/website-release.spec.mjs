// The website in Chromium: an email is sent on to a real address.
import { expect, test } from "@playwright/test";
import { randomUUID } from "node:crypto";
import { LEAVING, credentials, listOf, rows } from "./site.mjs";

test.use(credentials);

test("an email is released to an address that is allowed, once somebody has said yes", async ({ page }) => {
  const to = `${randomUUID()}@ours.test`;
  const stored = await page.request.post(`${LEAVING}/emails?sender=app@example.com&recipient=someone@run.test`, {
    headers: { "Content-Type": "message/rfc822" }, data: "From: App <app@example.com>\r\nSubject: Invoice\r\n\r\nHello\r\n",
  });
  expect(stored.status()).toBe(201);
  await page.goto(`${LEAVING}/view/${(await stored.json()).id}`);
  await page.getByRole("link", { name: "Release…" }).click();
  await expect(page.getByRole("heading", { name: "Release this email" })).toBeVisible();
  await expect(page.getByText("Allowed: *@ours.test")).toBeVisible();

  const field = page.getByRole("textbox", { name: "To", exact: true });
  const send = () => page.getByRole("button", { name: "Yes, send it" }).click();
  await send(); // the browser asks for an address
  await expect(field).toBeFocused();
  await field.fill(`${to}, ann@evil.test`);
  await send();
  await expect(page.getByRole("alert")).toContainText("ann@evil.test is not on the list");
  await expect(field).toHaveValue(`${to}, ann@evil.test`);
  await field.fill(to);
  await page.keyboard.press("Enter");
  await expect(page.locator(".releases")).toContainText(`${to} by alice`);
  await page.getByRole("link", { name: "Back to the email" }).click();
  await page.locator("details.facts summary").click();
  await expect(page.locator(".facts .releases")).toContainText(to);

  await page.goto(listOf(to));
  await expect(rows(page)).toHaveCount(1);
  await rows(page).getByRole("link").click();
  await page.getByRole("link", { name: "Headers" }).click();
  await expect(page.getByText("Resent-To")).toBeVisible();
});
