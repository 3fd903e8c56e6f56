// A page of another site tries to speak SMTP to the server, in every way a page has of
// reaching an address and choosing what is sent there.
import { expect, test } from "@playwright/test";
import { createServer } from "node:http";
import { connect, createServer as createTCPServer } from "node:net";

const { API, SMTP } = process.env;

const dialog = ["EHLO x", "MAIL FROM:<page@web.example>", "RCPT TO:<victim@test.example>", "DATA", "Subject: Your code is 123456", "", "x", ".", "QUIT", ""];

// A page of an origin of its own.
const serve = async (html) => {
  const server = createServer((_, response) => response.setHeader("Content-Type", "text/html").end(html));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
};

// An address that leads to the server, and records what both sides say.
const wiretap = async () => {
  const tap = { asked: "", said: "", ended: false };
  const [host, port] = SMTP.split(":");
  const server = createTCPServer((page) => {
    const smtp = connect(port, host);
    page.on("close", () => { tap.ended = true; });
    page.on("data", (data) => { tap.asked += data; smtp.write(data); });
    smtp.on("data", (data) => { tap.said += data; page.write(data); });
    for (const [one, other] of [[page, smtp], [smtp, page]]) one.on("error", () => {}).on("close", () => other.destroy());
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  tap.address = `127.0.0.1:${server.address().port}`;
  tap.close = () => server.close();
  return tap;
};

// What a page's script does to send a body to an address.
const ways = {
  "a fetch of text": (to, body) => `fetch("http://${to}/", { method: "POST", mode: "no-cors", body: ${body} })`,
  "a fetch of octets": (to, body) => `fetch("http://${to}/", { method: "POST", mode: "no-cors", body: new Blob([${body}]) })`,
  "an upload": (to, body) => `const request = new XMLHttpRequest(); request.open("POST", "http://${to}/"); request.send(${body})`,
  "a beacon": (to, body) => `navigator.sendBeacon("http://${to}/", ${body})`,
  "a form of plain text": (to, body) => `const form = document.createElement("form");
    Object.assign(form, { method: "post", enctype: "text/plain", action: "http://${to}/", target: "frame" });
    form.append(Object.assign(document.createElement("textarea"), { name: "x", value: ${body} })); document.body.append(form); form.submit()`,
  "a path": (to, body) => `fetch("http://${to}/" + encodeURI(${body}), { mode: "no-cors" })`,
  "an image": (to) => `new Image().src = "http://${to}/image.png"`,
  "a web socket": (to) => `new WebSocket("ws://${to}/")`,
  "TLS": (to) => `fetch("https://${to}/", { mode: "no-cors" })`,
};

for (const [name, way] of Object.entries(ways)) {
  test(name, async ({ page, request }) => {
    const tap = await wiretap();
    const script = way(tap.address, JSON.stringify(dialog.join("\r\n") + dialog.join("\n")));
    const site = await serve(`<!doctype html><title>page</title><body><iframe name="frame"></iframe><script>${script}</script>`);
    await page.goto(site.url);
    // A browser may hang up at the greeting, which is no HTTP, before it sends anything.
    await expect.poll(() => tap.ended || tap.said.includes("\r\n421 ")).toBe(true);
    if (tap.asked !== "") expect.soft(tap.said).toMatch(/^220 [^\r]*\r\n(421 |$)/);
    expect(tap.said).not.toMatch(/(250|354)[ -]/);
    const stats = await (await request.get(`${API}/stats`)).json();
    expect(stats.received).toBe(0);
    site.close();
    tap.close();
  });
}
