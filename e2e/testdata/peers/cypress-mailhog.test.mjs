// Every command of the Cypress plugin cypress-mailhog, as it is published.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { cy, install, run } from "./cypress.mjs";
import { htmlOnly, MAIL, rich, send, sendAll, textOnly } from "./mails.mjs";

install({ mailHogUrl: `${MAIL}/`, defaultCommandTimeout: 500, responseTimeout: 30_000 });
await import("cypress-mailhog");

beforeEach(() => sendAll(() => run(() => cy.mhDeleteAll())));

// A sender's own subject as its header field has it, for comparing with.
const subjectOf = async (mail) => {
  const [found] = await run(() => cy.mhGetMailsBySender(mail.from.address));
  return found.Content.Headers.Subject[0];
};

const senders = (mails) => mails.map((mail) => mail.Raw.From);
const all = ["plain@example.net", "shop@example.com", "zoe@example.com"];

test("mhGetAllMails: all, or the newest", async () => {
  assert.deepEqual(senders(await run(() => cy.mhGetAllMails())), all);
  assert.deepEqual(senders(await run(() => cy.mhGetAllMails(2))), all.slice(0, 2));
});

test("mhDeleteAll", async () => {
  assert.equal((await run(() => cy.mhDeleteAll())).status, 200);
  assert.deepEqual(await run(() => cy.mhGetAllMails()), []);
});

test("mhFirst", async () => {
  assert.equal((await run(() => cy.mhGetAllMails().mhFirst())).Raw.From, all[0]);
});

test("mhGetMailsBySubject: also one that is encoded", async () => {
  assert.deepEqual(senders(await run(() => cy.mhGetMailsBySubject(htmlOnly.subject))), [htmlOnly.from]);
  assert.deepEqual(senders(await run(async () => cy.mhGetMailsBySubject(await subjectOf(rich)))), [rich.from.address]);
  assert.deepEqual(await run(() => cy.mhGetMailsBySubject("Only")), []);
});

test("mhGetMailsByRecipient: of To, Cc and Bcc", async () => {
  assert.deepEqual(senders(await run(() => cy.mhGetMailsByRecipient("juergen@example.org"))), all.slice(1));
  for (const recipient of ["second@example.org", "copy@example.org", "hidden@example.org"]) {
    assert.deepEqual(senders(await run(() => cy.mhGetMailsByRecipient(recipient))), [rich.from.address], recipient);
  }
  assert.deepEqual(await run(() => cy.mhGetMailsByRecipient("juergen")), []);
});

test("mhGetMailsBySender", async () => {
  assert.deepEqual(senders(await run(() => cy.mhGetMailsBySender("shop@example.com"))), ["shop@example.com"]);
  assert.deepEqual(await run(() => cy.mhGetMailsBySender("shop")), []);
});

test("mhSearchMails: each kind", async () => {
  assert.deepEqual(senders(await run(() => cy.mhSearchMails("from", "shop"))), ["shop@example.com"]);
  assert.deepEqual(senders(await run(() => cy.mhSearchMails("to", "juergen", 1))), ["shop@example.com"]);
  assert.deepEqual(senders(await run(() => cy.mhSearchMails("containing", "nothing but"))), ["plain@example.net"]);
  await assert.rejects(run(() => cy.mhSearchMails("other", "x")), /400/);
});

test("mhFilterBySubject, mhFilterByRecipient, mhFilterBySender", async () => {
  const by = (name, value) => run(() => cy.mhGetAllMails()[name](value));
  assert.deepEqual(senders(await by("mhFilterBySubject", "Only text")), ["plain@example.net"]);
  assert.deepEqual(senders(await by("mhFilterByRecipient", "hidden@example.org")), ["zoe@example.com"]);
  assert.deepEqual(senders(await by("mhFilterBySender", "shop@example.com")), ["shop@example.com"]);
  const both = await run(() => cy.mhGetAllMails().mhFilterByRecipient("juergen@example.org").mhFilterBySender("zoe@example.com"));
  assert.deepEqual(senders(both), ["zoe@example.com"]);
});

test("mhGetSubject, mhGetBody, mhGetSender, mhGetRecipients", async () => {
  const of = (sender, name) => run(() => cy.mhGetMailsBySender(sender).mhFirst()[name]());
  assert.equal(await of("plain@example.net", "mhGetSubject"), textOnly.subject);
  assert.equal(await of("plain@example.net", "mhGetBody"), textOnly.text);
  assert.equal(await of("zoe@example.com", "mhGetSender"), "zoe@example.com");
  assert.deepEqual(await of("zoe@example.com", "mhGetRecipients"), [
    "juergen@example.org",
    "second@example.org",
    "copy@example.org",
    "hidden@example.org",
  ]);
});

test("mhGetAttachments", async () => {
  const of = (sender) => run(() => cy.mhGetMailsBySender(sender).mhFirst().mhGetAttachments());
  assert.deepEqual(await of("zoe@example.com"), ["report.pdf"]);
  assert.deepEqual(await of("plain@example.net"), []);
});

test("mhHasMailWithSubject, mhHasMailFrom, mhHasMailTo: there, and not there", async () => {
  await run(() => cy.mhHasMailWithSubject(textOnly.subject));
  await run(() => cy.mhHasMailFrom("shop@example.com"));
  await run(() => cy.mhHasMailTo("hidden@example.org"));
  for (const name of ["mhHasMailWithSubject", "mhHasMailFrom", "mhHasMailTo"]) {
    await assert.rejects(run(() => cy[name]("nobody@example.org")), assert.AssertionError, name);
  }
});

test("mhHasMailTo and mhWaitForMails: wait for a mail that comes later", async () => {
  const waiting = run(() => cy.mhHasMailTo("later@example.org"));
  await send({ ...textOnly, to: "later@example.org" });
  await waiting;
  await run(() => cy.mhWaitForMails(3));
  await assert.rejects(run(() => cy.mhWaitForMails(4)), assert.AssertionError);
});
