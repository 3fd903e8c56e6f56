// Debian's Chromium, which must not ask its maker's servers for anything. The time
// limits end what hangs, and measure nothing.
export default {
  reporter: "line",
  timeout: 10 * 60_000,
  workers: 2, // files beside each other, the tests of each in order
  expect: { timeout: 2 * 60_000 },
  use: {
    actionTimeout: 2 * 60_000,
    launchOptions: {
      executablePath: "/usr/bin/chromium",
      args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--host-resolver-rules=MAP plain.test 127.0.0.1"],
      timeout: 5 * 60_000,
    },
  },
};
