import { expect, test } from "@playwright/test";
import { randomUUID } from "node:crypto";

const { APP, MAIL } = process.env;

test("sign-up", async ({ page, request }) => {
  const email = `${randomUUID()}@run42.test`; // of this test alone
  await page.goto(APP);
  await page.getByLabel("Email").fill(email);
  await page.getByRole("button", { name: "Sign up" }).click();
  const mail = await request.get(`${MAIL}/emails/latest?wait=30s&recipient=${email}`);
  const { links } = await mail.json();
  await page.goto(links[0].url);
  await expect(page.getByText("Welcome")).toBeVisible();
});
