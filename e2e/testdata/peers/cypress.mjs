// As much of Cypress as the commands of its plugins need, without a browser: they are
// registered on the globals that Cypress has, and run in its order.
//
// A command gives a chain, which is a promise with the methods of Cypress. What stands
// in should() is tried again for as long as cy.verifyUpcomingAssertions asks for it, and
// run() waits for all commands that were begun, also within others, as Cypress does.
import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { setTimeout as sleep } from "node:timers/promises";

const running = new AsyncLocalStorage(); // the assertions that follow the command
let begun = [];

const checks = {
  "not.have.length": (subject, n) => assert.notEqual(subject.length, n),
  "to.have.length.greaterThan": (subject, n) => assert.ok(subject.length > n, `${subject.length} is not greater than ${n}`),
  "have.length": (subject, n) => assert.equal(subject.length, n),
};

class Chain {
  constructor(promise, assertions = []) {
    this.promise = promise;
    this.assertions = assertions;
    promise.catch(() => {}); // run() reports it
    begun.push(promise);
  }

  // A function that returns nothing passes its subject on.
  then(met, failed) {
    if (failed) {
      return this.promise.then(met, failed); // which is what await calls
    }
    return new Chain(this.promise.then(async (subject) => (await met(subject)) ?? subject), this.assertions);
  }

  its(name) {
    return this.then((subject) => subject[name]);
  }

  should(name, expected) {
    const check = checks[name] ?? assert.fail(`should("${name}") is not known here`);
    this.assertions.push((subject) => check(subject, expected));
    return new Chain(this.promise.then((subject) => (check(subject, expected), subject)), this.assertions);
  }
}

// start runs a command once what stands behind it is known.
function start(command) {
  const assertions = [];
  return new Chain(Promise.resolve().then(() => running.run(assertions, command)), assertions);
}

async function request({ method = "GET", url, qs = {}, body, auth, failOnStatusCode = true }) {
  const target = new URL(url);
  for (const [name, value] of Object.entries(qs)) {
    target.searchParams.set(name, value);
  }
  const headers = {};
  if (auth) {
    headers.Authorization = `Basic ${Buffer.from(`${auth.user}:${auth.pass}`).toString("base64")}`;
  }
  if (typeof body === "object") {
    headers["Content-Type"] = "application/json";
    body = JSON.stringify(body);
  }
  const response = await fetch(target, { method, headers, body });
  const text = await response.text();
  if (failOnStatusCode && !response.ok) {
    throw new Error(`cy.request() failed: ${method} ${target}: ${response.status}: ${text}`);
  }
  const [type] = (response.headers.get("Content-Type") ?? "").split(";");
  return { status: response.status, headers: Object.fromEntries(response.headers), body: type.endsWith("/json") && text !== "" ? JSON.parse(text) : text };
}

async function verifyUpcomingAssertions(subject, _, { onRetry }) {
  try {
    running.getStore().forEach((check) => check(subject));
    return subject;
  } catch {
    await sleep(20);
    return onRetry();
  }
}

export const cy = {
  request: (options) => new Chain(request(options)),
  wrap: (value) => new Chain(Promise.resolve(value)),
  wait: (ms) => new Chain(sleep(ms)),
  verifyUpcomingAssertions: (...args) => new Chain(verifyUpcomingAssertions(...args)),
};

function add(name, options, command) {
  if (typeof options === "function") {
    [options, command] = [{}, options];
  }
  if (options.prevSubject) {
    Chain.prototype[name] = function (...args) {
      return this.then((subject) => command(subject, ...args));
    };
  } else {
    cy[name] = (...args) => start(() => command(...args));
  }
}

// install sets the globals, with the configuration and the environment variables of
// Cypress.
export function install(config, env = {}) {
  cy.env = (names) => cy.wrap(Object.fromEntries(names.map((name) => [name, env[name]])));
  globalThis.cy = cy;
  globalThis.Cypress = {
    Commands: { add },
    config: (name) => config[name],
    env: (name) => env[name],
    expose: (name) => config[name],
  };
}

// run gives what the chain that body returns ends in, once all that it began has ended.
export async function run(body) {
  begun = [];
  const result = await body();
  for (let i = 0; i < begun.length; i++) {
    await begun[i];
  }
  return result;
}
