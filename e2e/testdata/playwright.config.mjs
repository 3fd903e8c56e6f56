// Debian's Chromium, which must not ask its maker's servers for anything. The time
// limits end what hangs, and measure nothing.
export default {
  reporter: "line",
  timeout: 10 * 60_000,
  expect: { timeout: 2 * 60_000 },
  use: {
    launchOptions: {
      executablePath: "/usr/bin/chromium",
      args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
      timeout: 5 * 60_000,
    },
  },
};
