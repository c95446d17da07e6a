import { existsSync } from "node:fs";
import chromium from "@sparticuz/chromium";
import { type Browser, chromium as playwright } from "playwright-core";

const SYSTEM_CHROMIUM = "/usr/bin/chromium";

/** Chromium without a window: the machine's own, or the one that a package carries. */
export async function openBrowser(): Promise<Browser> {
  const executablePath = existsSync(SYSTEM_CHROMIUM) ? SYSTEM_CHROMIUM : await chromium.executablePath();
  return playwright.launch({
    executablePath,
    // Debian's is a script: what it needs is where it always is, whatever our own path says.
    env: { ...process.env, PATH: "/usr/local/bin:/usr/bin:/bin" },
    args: [
      "--headless",
      // As root, Chromium does not start with its sandbox.
      ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}
