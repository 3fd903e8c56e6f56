// What the tests of the website share. The Go test beside this folder starts the server,
// behind a password and under /mail/, and sends 10,000 emails to the bucket at BIG; PLAIN
// is MAIL by a name of another host, and what is released from LEAVING comes to MAIL.
import { randomUUID } from "node:crypto";
import { createTransport } from "nodemailer";

export const { MAIL, PLAIN, EMPTY, PICTURE, BIG, LEAVING, SMTP, SCREENSHOTS } = process.env;
export const [host, port] = SMTP.split(":");
const transport = createTransport({ host, port, secure: false, disableFileAccess: true });

// A pixel, as a mail's logo.
const png = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");

export const credentials = { httpCredentials: { username: "alice", password: "secret" } };

export const send = (mail) => transport.sendMail({ from: "App <app@example.com>", subject: "Hello", text: "Hello", ...mail });
export const someone = () => `${randomUUID()}@run.test`;
export const rows = (page) => page.locator("#list .row:not(.going)");
export const listOf = (recipient) => `${MAIL}/?recipient=${recipient}`;
export const codeMail = (to) => ({
  to, subject: "Confirm your address", text: "Your verification code is 483920.\n\nhttps://app.example/confirm?token=abc",
  html: `<meta name="color-scheme" content="light dark"><style>p { color: rgb(1, 2, 3) } @media (prefers-color-scheme: dark) { p { color: rgb(9, 9, 9) } }</style>
    <h1>Welcome</h1><p>Your verification code is <b>483920</b>.</p><img id="logo" src="cid:logo@x"><a href="https://app.example/confirm?token=abc">Confirm</a>
    <img src="https://tracker.example/pixel.gif"><div style="background: url(http://cdn.example/banner.png)">Banner</div>`,
  attachments: [{ filename: "logo.png", content: png, cid: "logo@x" }, { filename: "terms.txt", content: "terms" }],
});
