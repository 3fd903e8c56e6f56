import assert from "node:assert";
import { randomUUID } from "node:crypto";
import test from "node:test";

const { APP, MAIL } = process.env;
const get = async (path) => (await fetch(MAIL + path)).json();

test("sign-up", async () => {
  const email = `${randomUUID()}@run42.test`; // of this test alone
  await fetch(`${APP}/signup`, { method: "POST", body: new URLSearchParams({ email }) });
  const { links } = await get(`/emails/latest?wait=30s&recipient=${email}`);
  const page = await fetch(links[0].url);
  assert.match(await page.text(), /Welcome/);
});
