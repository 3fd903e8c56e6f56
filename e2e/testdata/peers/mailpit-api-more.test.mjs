// The calls of the npm package mailpit-api beside those for reading mail: sending,
// checking, tags, chaos, and what the server says of itself.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { MailpitClient } from "mailpit-api";
import { MAIL, ours, pdf, rich, send, sendAll, textOnly } from "./mails.mjs";

const client = new MailpitClient(MAIL);

beforeEach(() => sendAll(() => client.deleteMessages()));

const addresses = (list) => list.map((mailbox) => mailbox.Address);
const newestTo = async (address) => (await client.searchMessages({ query: `to:${address}` })).messages[0].ID;

test("getInfo: what is held", async () => {
  const info = await client.getInfo();
  assert.deepEqual([info.Messages, info.Unread], [3, 3]);
  for (const name of ["Version", "LatestVersion", "Database"]) {
    assert.equal(typeof info[name], "string", name);
  }
  assert.equal(typeof info.DatabaseSize, "number");
  assert.ok(info.RuntimeStats.SMTPAccepted >= 3 && info.RuntimeStats.SMTPAcceptedSize > pdf.length);
  for (const name of ["Uptime", "Memory", "MessagesDeleted", "SMTPRejected", "SMTPIgnored"]) {
    assert.equal(typeof info.RuntimeStats[name], "number", name);
  }
});

test("getConfiguration", async () => {
  const configuration = await client.getConfiguration();
  assert.equal(configuration.MessageRelay.Enabled, false);
  assert.equal(configuration.SpamAssassin, false);
});

test("sendMessage: all it can say, and as it is read back", async () => {
  const { ID } = await client.sendMessage({
    From: { Email: "api@example.com", Name: "Zoë" },
    To: [{ Email: "by-api@example.org", Name: "Jürgen" }],
    Cc: [{ Email: "cc@example.org" }],
    Bcc: ["bcc@example.org"],
    ReplyTo: [{ Email: "reply@example.com" }],
    Subject: "Über die API 🎉",
    Text: "Füße",
    HTML: "<p>Füße</p>",
    Attachments: [{ Content: pdf.toString("base64"), Filename: "übersicht.pdf", ContentType: "application/pdf" }],
    Headers: { "X-IP": "1.2.3.4" },
    Tags: ["one", "two"],
  });
  const message = await client.getMessageSummary(ID);
  assert.deepEqual([message.From, message.To], [
    { Name: "Zoë", Address: "api@example.com" },
    [{ Name: "Jürgen", Address: "by-api@example.org" }],
  ]);
  assert.deepEqual([message.Cc, message.Bcc, message.ReplyTo].map(addresses), [["cc@example.org"], ["bcc@example.org"], ["reply@example.com"]]);
  assert.deepEqual([message.Subject, message.Text.trim(), message.HTML.trim()], ["Über die API 🎉", "Füße", "<p>Füße</p>"]);
  assert.deepEqual(message.Tags.toSorted(), ["one", "two"]);
  assert.deepEqual(message.Attachments.map((part) => [part.FileName, part.Size]), [["übersicht.pdf", pdf.length]]);
  assert.deepEqual((await client.getMessageHeaders(ID))["X-Ip"], ["1.2.3.4"]);
  assert.equal((await client.listMessages()).total, 4);
  assert.deepEqual((await client.getTags()).toSorted(), ["one", "two"]);
});

test("sendMessage: what cannot be", async () => {
  await assert.rejects(client.sendMessage({}), /400 .*Error/);
  if (ours) { // Mailpit takes it for an address
    await assert.rejects(client.sendMessage({ From: { Email: "no address" }, To: [{ Email: "a@example.com" }] }), /400 .*Error/);
  }
  const broken = await fetch(`${MAIL}/api/v1/send`, { method: "POST", body: "{" });
  assert.equal(broken.status, 400);
  assert.equal(typeof (await broken.json()).Error, "string");
  assert.equal((await client.listMessages()).total, 3);
});

test("releaseMessage: refused where nothing is set up for it", async () => {
  await assert.rejects(client.releaseMessage("latest", ["a@example.com"]), /40[034]/);
});

test("linkCheck: nothing is fetched because of a mail", async () => {
  const check = client.linkCheck(await newestTo("second@example.org"));
  if (ours) {
    await assert.rejects(check, /404/);
  } else {
    assert.equal((await check).Errors, 0);
  }
});

test("spamAssassinCheck: there is none", async () => {
  await assert.rejects(client.spamAssassinCheck(), ours ? /404/ : /40[04]/);
});

test("tags: those of the field X-Tags", async () => {
  await send({ ...textOnly, subject: "Tagged", headers: { "X-Tags": "spring, big one" } });
  assert.deepEqual((await client.getTags()).toSorted(), ["big one", "spring"]);
  const list = await client.searchMessages({ query: 'tag:"big one"' });
  assert.deepEqual(list.messages.map((entry) => [entry.Subject, entry.Tags.toSorted()]), [["Tagged", ["big one", "spring"]]]);
});

test("setTags, renameTag, deleteTag: change the tags of a message", async () => {
  const { ID } = (await client.listMessages()).messages[0];
  const tags = async () => (await client.getMessageSummary(ID)).Tags;
  assert.equal(await client.setTags({ IDs: [ID], Tags: ["new", "other"] }), "ok");
  assert.deepEqual((await tags()).toSorted(), ["new", "other"]);
  assert.equal(await client.renameTag("new", "newer"), "ok");
  assert.deepEqual((await tags()).toSorted(), ["newer", "other"]);
  assert.deepEqual((await client.searchMessages({ query: "tag:newer" })).messages.map((entry) => entry.ID), [ID]);
  assert.equal(await client.deleteTag("newer"), "ok");
  assert.deepEqual(await tags(), ["other"]);
  await assert.rejects(client.deleteTag("newer"), /400/);
});

test("chaos: a sender is refused, and then not any more", async () => {
  const off = await client.setChaosTriggers();
  assert.deepEqual(["Sender", "Recipient", "Authentication"].map((name) => off[name].Probability), [0, 0, 0]);
  const on = await client.setChaosTriggers({ Sender: { ErrorCode: 451, Probability: 100 } });
  assert.deepEqual([on.Sender, on.Recipient.Probability], [{ ErrorCode: 451, Probability: 100 }, 0]);
  assert.deepEqual((await client.getChaosTriggers()).Sender, { ErrorCode: 451, Probability: 100 });
  await assert.rejects(send(textOnly), /451/);
  await client.setChaosTriggers({ Recipient: { ErrorCode: 452, Probability: 100 } });
  await assert.rejects(send(textOnly), /452/);
  await client.setChaosTriggers();
  await send(textOnly);
  assert.equal((await client.listMessages()).total, 4);
});

test("the website and the calls of supervisors", async () => {
  for (const path of ["/", "/livez", "/readyz"]) {
    assert.equal((await fetch(MAIL + path)).status, 200, path);
    assert.equal((await fetch(MAIL + path, { method: "HEAD" })).status, ours || path !== "/" ? 200 : 405, path);
  }
});

test("htmlCheck", async () => {
  const check = await client.htmlCheck(await newestTo("juergen@example.org"));
  assert.ok(Array.isArray(check.Warnings ?? []));
  for (const name of ["Nodes", "Partial", "Supported", "Tests", "Unsupported"]) {
    assert.equal(typeof check.Total[name], "number", name);
  }
  await assert.rejects(client.htmlCheck("unknown"), /404/);
});
