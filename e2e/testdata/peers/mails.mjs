// The mails that the tests of existing clients send, and how they send them.
import { createHash } from "node:crypto";
import { createTransport } from "nodemailer";

// PEER says which server the tests run against: mailbucket, mailpit or mailhog. Where
// they differ on purpose a test has both values, and so says how.
export const { MAIL, SMTP_HOST, SMTP_PORT, PEER } = process.env;
export const ours = PEER === "mailbucket";

// Every byte value, so that a client that decodes wrongly is found out.
export const pdf = Buffer.concat([Buffer.from("%PDF-1.4\n"), Buffer.from(Array.from({ length: 512 }, (_, i) => i % 256))]);

// An image of one pixel.
export const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

export const digest = (algorithm, bytes) => createHash(algorithm).update(bytes).digest("hex");

// rich has what there is: names and a subject beyond ASCII, all kinds of recipients, a
// text, HTML with an image in it, and an attachment.
export const rich = {
  from: { name: "Zoë Ångström", address: "zoe@example.com" },
  to: [
    { name: "Jürgen Groß", address: "juergen@example.org" },
    { name: "", address: "second@example.org" },
  ],
  cc: { name: "Kopie", address: "copy@example.org" },
  bcc: "hidden@example.org",
  replyTo: "answers@example.com",
  subject: "Grüße aus Köln 🎉",
  date: new Date("2026-02-03T04:05:06Z"),
  messageId: "<rich-1@example.com>",
  headers: { "X-Campaign": "spring", "List-Unsubscribe": "<https://example.com/leave?u=1>" },
  text: "Schöne Grüße!\nDer Code ist 604118.",
  textEncoding: "base64", // of its fields too: the npm package mailhog does not read "_" as a blank
  html: '<p>Schöne <b>Grüße</b>!</p><p><img src="cid:logo@example.com" alt="Logo"></p>',
  attachments: [
    { filename: "report.pdf", content: pdf, contentType: "application/pdf" },
    { filename: "logo.png", content: png, cid: "logo@example.com", contentType: "image/png", contentDisposition: "inline" },
  ],
};

export const htmlOnly = {
  from: "shop@example.com",
  to: "juergen@example.org",
  subject: "Only HTML",
  messageId: "<html-1@example.com>",
  html: "<h1>Für Sie</h1><p>Nur als HTML</p>",
};

export const textOnly = {
  from: "plain@example.net",
  to: "alone@example.org",
  subject: "Only text",
  messageId: "<text-1@example.net>",
  text: "Nothing but text.",
};

const transport = createTransport({ host: SMTP_HOST, port: Number(SMTP_PORT), ignoreTLS: true });

// send sends mails one after the other, so that the last one is the newest.
export async function send(...mails) {
  for (const mail of mails) {
    await transport.sendMail(mail);
  }
}

// sendAll empties the mailbox by the client's own call, and sends all three.
export async function sendAll(empty) {
  await empty();
  await send(rich, htmlOnly, textOnly);
}

// pick gives some members of an object.
export const pick = (object, ...names) => Object.fromEntries(names.map((name) => [name, object[name]]));
