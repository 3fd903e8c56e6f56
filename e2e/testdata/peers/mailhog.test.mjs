// Every call of the npm package mailhog, as it is published.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import mailhog from "mailhog";
import { htmlOnly, MAIL, ours, pdf, png, rich, send, sendAll, textOnly } from "./mails.mjs";

const { hostname: host, port, pathname } = new URL(MAIL);
const client = mailhog({ host, port, basePath: `${pathname.replace(/\/$/, "")}/api` });

beforeEach(() => sendAll(client.deleteAll));

const subjects = (result) => result.items.map((item) => item.subject);

test("messages: all of them, the newest first", async () => {
  const result = await client.messages();
  assert.deepEqual([result.total, result.count, result.start], [3, 3, 0]);
  assert.deepEqual(subjects(result), [textOnly.subject, htmlOnly.subject, rich.subject]);
});

test("messages: page by page", async () => {
  const result = await client.messages(1, 1);
  assert.deepEqual([result.total, result.count, result.start], [3, 1, 1]);
  assert.deepEqual(subjects(result), [htmlOnly.subject]);
  const beyond = await client.messages(100, 10);
  assert.deepEqual([beyond.total, beyond.count, beyond.items], [3, 0, []]);
});

test("messages: numbers that are none are the default", async () => {
  for (const query of ["start=-1&limit=0", "start=x&limit=y", "limit=100000", "start=99999999999999999999"]) {
    const answer = await fetch(`${MAIL}/api/v2/messages?${query}`);
    assert.deepEqual([answer.status, (await answer.json()).count], [200, 3], query);
  }
});

test("an item: its fields, decoded by the client", async () => {
  const item = await client.latestTo("juergen@example.org").then((newest) => {
    assert.equal(newest.subject, htmlOnly.subject);
    return client.latestFrom("zoe@example.com");
  });
  assert.equal(item.subject, rich.subject);
  assert.equal(item.from, "Zoë Ångström <zoe@example.com>");
  assert.equal(item.to, "Jürgen Groß <juergen@example.org>, second@example.org");
  assert.equal(item.cc, "Kopie <copy@example.org>");
  assert.equal(item.bcc, undefined); // it is in the envelope only
  assert.equal(item.replyTo, "answers@example.com");
  assert.deepEqual(item.date, rich.date);
  assert.ok(Math.abs(item.deliveryDate - Date.now()) < 3_600_000, `${item.deliveryDate}`);
});

test("an item: envelope, header and raw text", async () => {
  const item = await client.latestFrom("zoe@example.com");
  assert.match(item.ID, /^[\w=@.-]{20,}$/);
  assert.deepEqual(item.From, { Relays: null, Mailbox: "zoe", Domain: "example.com", Params: "" });
  assert.deepEqual(
    item.To.map((path) => `${path.Mailbox}@${path.Domain}`),
    ["juergen@example.org", "second@example.org", "copy@example.org", "hidden@example.org"],
  );
  assert.equal(item.Raw.From, "zoe@example.com");
  assert.deepEqual(item.Raw.To, ["juergen@example.org", "second@example.org", "copy@example.org", "hidden@example.org"]);
  assert.notEqual(item.Raw.Helo, "");
  const { Headers } = item.Content;
  assert.deepEqual(Headers["X-Campaign"], ["spring"]);
  assert.deepEqual(Headers["Message-ID"], ["<rich-1@example.com>"]);
  assert.match(Headers.Subject[0], /^=\?UTF-8\?[BQ]\?/); // undecoded, under its name as sent
  assert.deepEqual(Headers["Return-Path"], ["<zoe@example.com>"]);
  assert.match(Headers.Received[0], /^from \S+ by [^;]+; /);
  const end = item.Raw.Data.indexOf("\r\n\r\n");
  assert.equal(item.Content.Body, item.Raw.Data.slice(end + 4));
  assert.equal(item.Content.Size, item.Raw.Data.length);
  assert.equal(item.Content.MIME, null);
});

test("an item: bodies and attachments", async () => {
  const item = await client.latestFrom("zoe@example.com");
  const [alternative, attached] = item.MIME.Parts;
  assert.match(alternative.Headers["Content-Type"][0], /^multipart\/alternative/);
  const [text, related] = alternative.MIME.Parts;
  assert.equal(client.decode(text.Body, text.Headers["Content-Transfer-Encoding"][0]), rich.text);
  const [html, logo] = related.MIME.Parts;
  assert.equal(client.decode(html.Body, html.Headers["Content-Transfer-Encoding"][0]), rich.html);
  assert.deepEqual(logo.Headers["Content-Id"] ?? logo.Headers["Content-ID"], ["<logo@example.com>"]);
  assert.deepEqual(Buffer.from(logo.Body, "base64"), png);
  assert.equal(attached.MIME, null);

  assert.deepEqual(item.attachments.map((part) => part.name), ["report.pdf"]);
  const [report] = item.attachments;
  assert.equal(report.encoding, "base64");
  assert.match(report.type, /^application\/pdf/);
  assert.deepEqual(Buffer.from(report.Body, "base64"), pdf);
});

test("an item: text only, HTML only", async () => {
  const text = await client.latestTo("alone@example.org");
  assert.deepEqual([text.text, text.html, text.MIME, text.attachments], [textOnly.text, undefined, null, []]);
  const html = await client.latestFrom("shop@example.com");
  assert.deepEqual([html.text, html.html.trim(), html.MIME], [undefined, htmlOnly.html, null]);
});

test("search: by sender, by recipient, in the raw text", async () => {
  for (const [kind, query, expected] of [
    ["from", "zoe@example.com", [rich]],
    ["from", "EXAMPLE.COM", [htmlOnly, rich]],
    ["from", "nobody", []],
    ["to", "juergen", [htmlOnly, rich]],
    ["to", "hidden@example.org", [rich]],
    ["to", "copy@example.org", [rich]],
    ["containing", "nothing BUT text", [textOnly]],
    ["containing", "X-Campaign-no", []],
    ["containing", "rich-1@example.com", [rich]],
    [undefined, "Only", [textOnly, htmlOnly]],
  ]) {
    const result = await client.search(query, kind);
    assert.deepEqual(subjects(result), expected.map((mail) => mail.subject), `${kind} ${query}`);
    assert.deepEqual([result.total, result.count, result.start], [expected.length, expected.length, 0], `${kind} ${query}`);
  }
});

test("search: page by page, with the number of all that match", async () => {
  const result = await client.search("juergen", "to", 1, 1);
  assert.deepEqual([result.total, result.count, result.start, subjects(result)], [2, 1, 1, [rich.subject]]);
});

test("search: other kinds, and no query", async () => {
  for (const query of ["kind=subject&query=x", "kind=&query=x", "kind=to&query=", "kind=to", ""]) {
    assert.equal((await fetch(`${MAIL}/api/v2/search?${query}`)).status, 400, query);
  }
});

test("latestFrom, latestTo, latestContaining: the newest, or nothing", async () => {
  assert.equal((await client.latestContaining("Nothing but")).subject, textOnly.subject);
  assert.equal((await client.latestTo("juergen@example.org")).subject, htmlOnly.subject);
  assert.equal((await client.latestFrom("plain@example.net")).subject, textOnly.subject);
  assert.equal(await client.latestTo("nobody@example.org"), 0);
  await send({ ...textOnly, subject: "Newer" });
  assert.equal((await client.latestTo("alone@example.org")).subject, "Newer");
});

test("deleteMessage: one, and one that is not there", async () => {
  const { ID } = await client.latestFrom("zoe@example.com");
  assert.equal((await client.deleteMessage(ID)).statusCode, 200);
  assert.deepEqual(subjects(await client.messages()), [textOnly.subject, htmlOnly.subject]);
  assert.equal((await client.deleteMessage(ID)).statusCode, ours ? 404 : 500);
});

test("deleteAll: an answer without a body", async () => {
  assert.equal((await client.deleteAll()).statusCode, 200);
  const result = await client.messages();
  assert.deepEqual([result.total, result.count, result.items], [0, 0, []]);
});

test("releaseMessage: never to a server that the request names", async () => {
  const { ID } = await client.latestFrom("zoe@example.com");
  const release = client.releaseMessage(ID, { host: "127.0.0.1", port: "1", email: "a@example.com" });
  if (ours) {
    await assert.rejects(release, /release/i);
  } else {
    assert.equal((await release).statusCode, 500); // it tries, and nobody listens there
  }
});

test("encode and decode", () => {
  const text = "Grüße, größer als siebzig Zeichen in einer einzigen Zeile, die umgebrochen werden muss";
  for (const encoding of ["base64", "quoted-printable"]) {
    assert.equal(client.decode(client.encode(text, encoding), encoding), text);
  }
});

test("the calls that no client has: one message, its source and parts", async () => {
  const { ID, Raw } = await client.latestFrom("zoe@example.com");
  const at = (path) => fetch(`${MAIL}/api/v1/messages/${encodeURIComponent(ID)}${path}`);
  const one = await (await at("")).json();
  assert.deepEqual([one.ID, one.Raw.Data], [ID, Raw.Data]);
  const source = await at("/download");
  assert.match(source.headers.get("Content-Disposition"), /^attachment; filename=/);
  assert.match(source.headers.get("Content-Type"), /^message\/rfc822/);
  const text = await source.text();
  assert.ok(text.includes("X-Campaign: spring\r\n") && text.trimEnd().endsWith(one.Content.Body.trimEnd()));
  const part = await at("/mime/part/1/download");
  assert.match(part.headers.get("Content-Type"), /^application\/pdf/);
  assert.match(part.headers.get("Content-Disposition"), /report\.pdf/);
  assert.deepEqual(Buffer.from(await part.arrayBuffer()), pdf);
  if (ours) { // MailHog ends the connection
    for (const path of ["/mime/part/2/download", "/mime/part/-1/download", "/mime/part/x/download", "/other"]) {
      assert.equal((await at(path)).status, 404, path);
    }
    assert.equal((await fetch(`${MAIL}/api/v1/messages/unknown`)).status, 404);
  }
  assert.deepEqual(await (await fetch(`${MAIL}/api/v2/outgoing-smtp`)).json(), {});
});
