// Every call of the npm package mailpit-api, as it is published.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { MailpitClient } from "mailpit-api";
import { digest, htmlOnly, MAIL, ours, pdf, pick, png, rich, send, sendAll, textOnly } from "./mails.mjs";

const client = new MailpitClient(`${MAIL}/`);

beforeEach(() => sendAll(() => client.deleteMessages()));

const subjects = (list) => list.messages.map((entry) => entry.Subject);
const addresses = (list) => list.map((mailbox) => mailbox.Address);
const idOf = async (mail) => (await client.searchMessages({ query: `message-id:${mail.messageId.slice(1, -1)}` })).messages[0].ID;

test("listMessages: all, the newest first", async () => {
  const list = await client.listMessages();
  assert.deepEqual(pick(list, "total", "unread", "count", "messages_count", "messages_unread", "start"), {
    total: 3,
    unread: 3,
    count: 3,
    messages_count: 3,
    messages_unread: 3,
    start: 0,
  });
  assert.deepEqual(subjects(list), [textOnly.subject, htmlOnly.subject, rich.subject]);
  assert.ok(Array.isArray(list.tags));
});

test("listMessages: page by page, and numbers that are none", async () => {
  const page = await client.listMessages(1, 1);
  assert.deepEqual([page.total, page.count, page.messages_count, page.start, subjects(page)], [3, 1, 3, 1, [htmlOnly.subject]]);
  const beyond = await client.listMessages(100, 10);
  assert.deepEqual([beyond.total, beyond.count, beyond.messages], [3, 0, []]);
  assert.equal((await client.listMessages("x", -1)).count, 3);
});

test("an entry", async () => {
  const { messages } = await client.listMessages();
  const entry = messages[2];
  assert.deepEqual(pick(entry, "MessageID", "Read", "From", "To", "Cc", "ReplyTo", "Subject", "Attachments"), {
    MessageID: "rich-1@example.com",
    Read: false,
    From: { Name: "Zoë Ångström", Address: "zoe@example.com" },
    To: [
      { Name: "Jürgen Groß", Address: "juergen@example.org" },
      { Name: "", Address: "second@example.org" },
    ],
    Cc: [{ Name: "Kopie", Address: "copy@example.org" }],
    ReplyTo: [{ Name: "", Address: "answers@example.com" }],
    Subject: rich.subject,
    Attachments: 1,
  });
  assert.deepEqual(addresses(entry.Bcc), ["hidden@example.org"]);
  assert.match(entry.ID, /^\w{20,}$/);
  assert.match(entry.Created, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
  assert.ok(Math.abs(new Date(entry.Created) - Date.now()) < 3_600_000);
  assert.ok(entry.Size > pdf.length && Number.isInteger(entry.Size));
  assert.match(entry.Snippet, /^Schöne Grüße!/);
  assert.deepEqual([entry.Username ?? "", entry.Tags], ["", []]);
  assert.match(messages[1].Snippet, /Für Sie Nur als HTML/);
});

test("searchMessages: what matches", async () => {
  for (const [query, expected] of [
    ["to:juergen@example.org", [htmlOnly, rich]],
    ["to:JUERGEN", [htmlOnly, rich]],
    ["from:zoe@example.com", [rich]],
    ["from:Ångström", ours ? [rich] : []], // Mailpit knows the case of ASCII letters only
    ["from:Zoë", [rich]],
    ["cc:copy@example.org", [rich]],
    ["bcc:hidden@example.org", [rich]],
    ["addressed:hidden@example.org", [rich]],
    ["reply-to:answers@example.com", [rich]],
    ["subject:Köln", [rich]],
    ['subject:"Only HTML"', [htmlOnly]],
    ["message-id:text-1@example.net", [textOnly]],
    ["has:attachment", [rich]],
    ["is:unread", [textOnly, htmlOnly, rich]],
    ["is:read", []],
    ["Grüße", [rich]],
    ["Nothing text", [textOnly]],
    ['"but text"', [textOnly]],
    ["Only -HTML", [textOnly]],
    ["Only !HTML", [textOnly]],
    ["-to:juergen", [textOnly]],
    ["larger:1000M", []],
    ["smaller:1M", [textOnly, htmlOnly, rich]],
    ["after:2000-01-01", [textOnly, htmlOnly, rich]],
    ["before:2000-01-01", []],
    ["nothere", []],
  ]) {
    const list = await client.searchMessages({ query });
    assert.deepEqual(subjects(list), expected.map((mail) => mail.subject), query);
    assert.deepEqual([list.total, list.count, list.messages_count], [3, expected.length, expected.length], query);
  }
});

test("searchMessages: page by page, unknown parameters, no query", async () => {
  const page = await client.searchMessages({ query: "example", start: 1, limit: 1, tz: "Europe/Berlin", timeout: 2000 });
  assert.deepEqual([page.start, page.count, page.messages_count, subjects(page)], [1, 1, 3, [htmlOnly.subject]]);
  await assert.rejects(client.searchMessages({ query: "" }), /400 .*no search query/);
  await assert.rejects(client.searchMessages({}), /400 .*no search query/);
});

test("getMessageSummary: the whole message, which is then read", async () => {
  const id = await idOf(rich);
  const message = await client.getMessageSummary(id);
  assert.equal(message.ID, id);
  assert.deepEqual(pick(message, "MessageID", "From", "Subject", "ReturnPath"), {
    MessageID: "rich-1@example.com",
    From: { Name: "Zoë Ångström", Address: "zoe@example.com" },
    Subject: rich.subject,
    ReturnPath: "zoe@example.com",
  });
  assert.deepEqual(addresses(message.To), ["juergen@example.org", "second@example.org"]);
  assert.deepEqual([addresses(message.Cc), addresses(message.Bcc)], [["copy@example.org"], ["hidden@example.org"]]);
  assert.deepEqual(addresses(message.ReplyTo), ["answers@example.com"]);
  assert.equal(new Date(message.Date).getTime(), rich.date.getTime());
  assert.equal(message.Text.replaceAll("\r\n", "\n").trim(), rich.text);
  assert.equal(message.HTML.trim(), rich.html);
  assert.deepEqual(message.ListUnsubscribe, { Header: "<https://example.com/leave?u=1>", Links: ["https://example.com/leave?u=1"], Errors: "", HeaderPost: "" });
  assert.ok(message.Size > pdf.length);
  assert.deepEqual(message.Tags, []);
  assert.equal((await client.listMessages()).unread, 2);
  assert.deepEqual(subjects(await client.searchMessages({ query: "is:read" })), [rich.subject]);
});

test("getMessageSummary: attachments and inline images", async () => {
  const message = await client.getMessageSummary(await idOf(rich));
  const shown = ["FileName", "ContentType", "ContentID", "Size"];
  assert.deepEqual(message.Attachments.map((part) => pick(part, ...shown)), [
    { FileName: "report.pdf", ContentType: "application/pdf", ContentID: "", Size: pdf.length },
  ]);
  assert.deepEqual(message.Inline.map((part) => pick(part, ...shown)), [
    { FileName: "logo.png", ContentType: "image/png", ContentID: "logo@example.com", Size: png.length },
  ]);
  for (const part of [...message.Attachments, ...message.Inline]) {
    assert.notEqual(part.PartID, "");
  }
  if (ours) { // and Mailpit from 1.30 on
    assert.deepEqual(message.Attachments[0].Checksums, { MD5: digest("md5", pdf), SHA1: digest("sha1", pdf), SHA256: digest("sha256", pdf) });
  }
});

test("getMessageSummary: the latest; text only, HTML only; one that is not there", async () => {
  const text = await client.getMessageSummary();
  assert.deepEqual([text.Subject, text.Text.trim(), text.HTML, text.Attachments, text.Inline], [textOnly.subject, textOnly.text, "", [], []]);
  const html = await client.getMessageSummary(await idOf(htmlOnly));
  assert.equal(html.HTML.trim(), htmlOnly.html);
  await assert.rejects(client.getMessageSummary("0123456789abcdef0123456789abcdef"), /404/);
  await assert.rejects(client.getMessageSummary("unknown"), /404/);
});

test("getMessageHeaders: names as Go spells them", async () => {
  const headers = await client.getMessageHeaders(await idOf(rich));
  assert.deepEqual(headers["X-Campaign"], ["spring"]);
  assert.deepEqual(headers["Message-Id"], ["<rich-1@example.com>"]);
  assert.deepEqual(headers["Mime-Version"], ["1.0"]);
  assert.deepEqual((await client.getMessageHeaders()).Subject, [textOnly.subject]);
  await assert.rejects(client.getMessageHeaders("unknown"), /404/);
});

test("getMessageAttachment: each part, byte for byte", async () => {
  const id = await idOf(rich);
  const { Attachments, Inline } = await client.getMessageSummary(id);
  for (const [part, type, content] of [
    [Attachments[0], "application/pdf", pdf],
    [Inline[0], "image/png", png],
  ]) {
    const blob = await client.getMessageAttachment(id, part.PartID);
    assert.deepEqual([blob.type.split(";")[0], Buffer.from(await blob.arrayBuffer())], [type, content]);
  }
  await assert.rejects(client.getMessageAttachment(id, "99"), /404/);
  await assert.rejects(client.getMessageAttachment("unknown", "1"), /404/);
});

test("getMessageSource: as sent, and unread", async () => {
  const source = await client.getMessageSource(await idOf(rich));
  assert.ok(source.includes("X-Campaign: spring\r\n") && source.includes("\r\n\r\n"));
  assert.match(await client.getMessageSource(), /Nothing but text\./);
  assert.equal((await client.listMessages()).unread, 3);
  await assert.rejects(client.getMessageSource("unknown"), /404/);
});

test("setReadStatus: some, those that a search finds, all", async () => {
  const unread = async () => subjects(await client.searchMessages({ query: "is:unread" }));
  assert.equal(await client.setReadStatus({ IDs: [await idOf(rich)], Read: true }), "ok");
  assert.deepEqual(await unread(), [textOnly.subject, htmlOnly.subject]);
  assert.equal(await client.setReadStatus({ Search: "to:alone@example.org", Read: true }, { tz: "Europe/Berlin" }), "ok");
  assert.deepEqual(await unread(), [htmlOnly.subject]);
  assert.equal(await client.setReadStatus({ Read: true }), "ok");
  assert.deepEqual([await unread(), (await client.listMessages()).unread], [[], 0]);
  assert.equal(await client.setReadStatus(), "ok");
  assert.equal((await client.listMessages()).unread, 3);
});

test("deleteMessages: some, and all", async () => {
  assert.equal(await client.deleteMessages({ IDs: [await idOf(rich)] }), "ok");
  assert.deepEqual(subjects(await client.listMessages()), [textOnly.subject, htmlOnly.subject]);
  assert.equal(await client.deleteMessages({ IDs: [] }), "ok");
  assert.equal((await client.listMessages()).total, 0);
  await send(textOnly);
  assert.equal(await client.deleteMessages(), ours ? "" : "ok"); // MailHog's clients would fail on it
  assert.equal((await client.listMessages()).total, 0);
});

test("deleteMessages: a body that is not JSON", async () => {
  const answer = await fetch(`${MAIL}/api/v1/messages`, { method: "DELETE", body: "ids=x" });
  // Mailpit takes it for a request to delete all.
  assert.deepEqual([answer.status, (await client.listMessages()).total], ours ? [400, 3] : [200, 0]);
});

test("deleteMessagesBySearch", async () => {
  assert.equal(await client.deleteMessagesBySearch({ query: "to:juergen@example.org" }), "ok");
  assert.deepEqual(subjects(await client.listMessages()), [textOnly.subject]);
  assert.equal(await client.deleteMessagesBySearch({ query: "to:nobody@example.org" }), "ok");
  await assert.rejects(client.deleteMessagesBySearch({ query: "" }), /400/);
  assert.equal((await client.listMessages()).total, 1);
});

test("waitForMessage, waitForMessages: what is there, what comes, what does not", async () => {
  const quick = { timeout: 5000, interval: 20 };
  assert.equal((await client.waitForMessage({ query: "subject:Köln" }, quick)).Subject, rich.subject);
  const waiting = client.waitForMessage({ query: "to:later@example.org" }, quick);
  await send({ ...textOnly, to: "later@example.org" });
  assert.deepEqual(addresses((await waiting).To), ["later@example.org"]);
  assert.equal((await client.waitForMessages({ query: "from:plain@example.net", count: 2 }, quick)).messages_count, 2);
  assert.equal((await client.waitForMessages({ count: 4, exact: true }, quick)).total, 4);
  await assert.rejects(client.waitForMessage({ query: "subject:never" }, { timeout: 100, interval: 20 }), /Timeout/);
});

test("renderMessageHTML, renderMessageText", async () => {
  const id = await idOf(rich);
  const html = await client.renderMessageHTML(id);
  assert.match(html, /<b>Grüße<\/b>/);
  assert.doesNotMatch(html, /cid:/);
  assert.match(await client.renderMessageHTML(id, 1), /<b>Grüße<\/b>/);
  assert.equal((await client.renderMessageText(id)).replaceAll("\r\n", "\n").trim(), rich.text);
  assert.match(await client.renderMessageText(), /Nothing but text\./);
  await assert.rejects(client.renderMessageHTML("latest"), /404/); // it has no HTML
  await assert.rejects(client.renderMessageText("unknown"), /404/);
});

test("getAttachmentThumbnail: an image", async () => {
  const id = await idOf(rich);
  const { Inline } = await client.getMessageSummary(id);
  const blob = await client.getAttachmentThumbnail(id, Inline[0].PartID);
  assert.match(blob.type, /^image\//);
  assert.ok(blob.size > 0);
});
