// Every command of the Cypress plugin cypress-mailpit, as it is published.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import "./cypress-loader.mjs";
import { cy, install, run } from "./cypress.mjs";
import { htmlOnly, MAIL, ours, pdf, rich, send, sendAll, textOnly } from "./mails.mjs";

// The plugin asks for `//api/…` where its URL ends in a slash, which Mailpit redirects.
install({ MAILPIT_URL: ours ? `${MAIL}/` : MAIL, defaultCommandTimeout: 4000 });
await import("cypress-mailpit");

beforeEach(() => sendAll(() => run(() => cy.mailpitDeleteAllEmails())));

const subjects = (list) => list.messages.map((entry) => entry.Subject);
const quick = { timeout: 3000, interval: 20 };
const brief = { timeout: 100, interval: 20 };

test("mailpitDeleteAllEmails", async () => {
  const answer = await run(() => cy.mailpitDeleteAllEmails());
  assert.deepEqual([answer.status, answer.body], [200, ours ? "" : "ok"]);
  assert.equal((await run(() => cy.mailpitGetAllMails())).total, 0);
});

test("mailpitGetAllMails: all, and page by page", async () => {
  const list = await run(() => cy.mailpitGetAllMails());
  assert.deepEqual([list.total, list.unread, list.count], [3, 3, 3]);
  assert.deepEqual(subjects(list), [textOnly.subject, htmlOnly.subject, rich.subject]);
  assert.deepEqual(subjects(await run(() => cy.mailpitGetAllMails(1, 1))), [htmlOnly.subject]);
});

test("mailpitGetMail: the latest, and by its id", async () => {
  assert.equal((await run(() => cy.mailpitGetMail())).Subject, textOnly.subject);
  const { messages } = await run(() => cy.mailpitGetAllMails());
  const mail = await run(() => cy.mailpitGetMail(messages[2].ID));
  assert.deepEqual([mail.Subject, mail.Attachments[0].Size], [rich.subject, pdf.length]);
  await assert.rejects(run(() => cy.mailpitGetMail("unknown")), /404/);
});

test("mailpitSearchEmails, mailpitGetEmailsBySubject, mailpitGetEmailsByTo", async () => {
  assert.deepEqual(subjects(await run(() => cy.mailpitSearchEmails("has:attachment"))), [rich.subject]);
  assert.deepEqual(subjects(await run(() => cy.mailpitSearchEmails("example", 1, 1))), [htmlOnly.subject]);
  // Its words stand unquoted in the query: of "subject:Only text" the second looks anywhere.
  assert.deepEqual(subjects(await run(() => cy.mailpitGetEmailsBySubject("Only text"))), [textOnly.subject]);
  assert.deepEqual(subjects(await run(() => cy.mailpitGetEmailsBySubject("Köln"))), [rich.subject]);
  assert.deepEqual(subjects(await run(() => cy.mailpitGetEmailsByTo("juergen@example.org"))), [htmlOnly.subject, rich.subject]);
  assert.equal((await run(() => cy.mailpitGetEmailsByTo("nobody@example.org"))).messages_count, 0);
});

test("mailpitHasEmailsBy…: there, and not there", async () => {
  for (const [name, there, messages] of [
    ["mailpitHasEmailsBySearch", "is:unread from:zoe", 1],
    ["mailpitHasEmailsBySubject", "Only", 2],
    ["mailpitHasEmailsByTo", "juergen@example.org", 2],
  ]) {
    assert.equal((await run(() => cy[name](there, 0, 50, quick))).messages_count, messages, name);
    await assert.rejects(run(() => cy[name]("nobody@example.org", 0, 50, brief)), /Timed out/, name);
  }
});

test("mailpitHasEmailsByTo: waits for a mail that comes later", async () => {
  const waiting = run(() => cy.mailpitHasEmailsByTo("later@example.org", 0, 50, quick));
  await send({ ...textOnly, to: "later@example.org" });
  assert.equal((await waiting).messages[0].To[0].Address, "later@example.org");
});

test("mailpitNotHasEmailsBy…: not there, and there", async () => {
  for (const [name, there] of [
    ["mailpitNotHasEmailsBySearch", "has:attachment"],
    ["mailpitNotHasEmailsBySubject", "Only"],
    ["mailpitNotHasEmailsByTo", "alone@example.org"],
  ]) {
    assert.equal((await run(() => cy[name]("nobody@example.net", 0, 50, quick))).messages_count, 0, name);
    await assert.rejects(run(() => cy[name](there, 0, 50, brief)), /Timed out/, name);
  }
});

test("mailpitDeleteEmailsBySearch", async () => {
  const answer = await run(() => cy.mailpitDeleteEmailsBySearch("to:juergen@example.org"));
  assert.deepEqual([answer.status, answer.body], [200, "ok"]);
  assert.deepEqual(subjects(await run(() => cy.mailpitGetAllMails())), [textOnly.subject]);
});

test("mailpitSendMail: its own mail, and one with everything", async () => {
  const { ID } = await run(() => cy.mailpitSendMail());
  assert.equal((await run(() => cy.mailpitGetMail(ID))).Subject, "Hello Mailpit");
  const sent = await run(() =>
    cy.mailpitSendMail({
      from: { Email: "ich@example.com", Name: "Zoë" },
      to: [{ Email: "du@example.org", Name: "Jürgen" }],
      cc: [],
      bcc: ["geheim@example.org"],
      replyTo: [{ Email: "antwort@example.com" }],
      subject: "Grüße 🎉",
      textBody: "Füße",
      htmlBody: "<p>Füße</p>",
      headers: { "X-Campaign": "spring" },
      tags: ["one"],
      attachments: [{ Content: pdf.toString("base64"), Filename: "report.pdf" }],
    }),
  );
  const mail = await run(() => cy.mailpitGetMail(sent.ID));
  assert.deepEqual([mail.From, mail.Subject, mail.Text.trim()], [{ Name: "Zoë", Address: "ich@example.com" }, "Grüße 🎉", "Füße"]);
  assert.deepEqual([mail.Bcc[0].Address, mail.Tags, mail.Attachments[0].Size], ["geheim@example.org", ["one"], pdf.length]);
});

test("mailpitGetSubject, …RecipientAddress, …FromAddress, …Attachments", async () => {
  const { ID } = (await run(() => cy.mailpitSearchEmails("from:zoe"))).messages[0];
  const of = (name) => run(() => cy.mailpitGetMail(ID)[name]());
  assert.equal(await of("mailpitGetSubject"), rich.subject);
  assert.deepEqual(await of("mailpitGetRecipientAddress"), ["juergen@example.org", "second@example.org"]);
  assert.equal(await of("mailpitGetFromAddress"), "zoe@example.com");
  assert.deepEqual(await of("mailpitGetAttachments"), ["report.pdf"]);
});

test("mailpitGetMailHTMlBody, mailpitGetMailTextBody", async () => {
  const { ID } = (await run(() => cy.mailpitSearchEmails("from:zoe"))).messages[0];
  const of = (id, name) => run(() => cy.mailpitGetMail(id)[name]());
  assert.match(await of(ID, "mailpitGetMailHTMlBody"), /<b>Grüße<\/b>/);
  assert.equal((await of(ID, "mailpitGetMailTextBody")).replaceAll("\r\n", "\n").trim(), rich.text);
  assert.equal((await of("latest", "mailpitGetMailTextBody")).trim(), textOnly.text);
  await assert.rejects(of("latest", "mailpitGetMailHTMlBody"), /404/);
});

test("mailpitSetStatusAsRead, …AsUnRead: of one, of several, of all", async () => {
  const unread = async () => (await run(() => cy.mailpitGetAllMails())).unread;
  const { messages } = await run(() => cy.mailpitGetAllMails());
  assert.equal(await run(() => cy.wrap(messages[0]).mailpitSetStatusAsRead()), "ok");
  assert.equal(await unread(), 2);
  assert.equal(await run(() => cy.wrap(messages.slice(1)).mailpitSetStatusAsRead()), "ok");
  assert.equal(await unread(), 0);
  assert.equal(await run(() => cy.wrap(messages.slice(1)).mailpitSetStatusAsUnRead()), "ok");
  assert.equal(await unread(), 2);
  await run(() => cy.mailpitSetAllEmailStatusAsUnRead());
  assert.equal(await unread(), 3);
  await run(() => cy.mailpitSetAllEmailStatusAsRead());
  assert.equal(await unread(), 0);
});

test("mailpitGetMailSpamAssassinSummary, mailpitGetMailSpamAssainSummary: there is none", async () => {
  for (const name of ["mailpitGetMailSpamAssassinSummary", "mailpitGetMailSpamAssainSummary"]) {
    await assert.rejects(run(() => cy.mailpitGetMail()[name]()), ours ? /404/ : /40[04]/, name);
  }
});
