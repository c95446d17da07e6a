import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { generateKey } from "../../gate/trail/keys.ts";
import { startServer } from "../github/server.ts";
import { startProxy } from "../proxy.ts";

/** Nobody listens there: what is asked of it arrives by the proxy or not at all. */
const API = "http://127.0.0.1:2";

test("asks GitHub through the proxy that its settings name", async (test) => {
  const stand = await startServer();
  test.after(() => stand.close());
  const app = stand.github.addApp("weighbridge");
  const proxy = await startProxy(Number(new URL(stand.origin).port));
  test.after(() => proxy.close());
  const home = mkdtempSync(join(tmpdir(), "weighbridge-proxy-"));
  test.after(() => rmSync(home, { recursive: true }));
  writeFileSync(join(home, "trail.pem"), generateKey("trail").pem, { mode: 0o600 });

  const child = spawn(process.execPath, [join(import.meta.dirname, "../../app/main.ts")], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      PATH: process.env.PATH,
      HTTP_PROXY: proxy.url,
      ...{ APP_ID: String(app.id), PRIVATE_KEY: app.privateKey, WEBHOOK_SECRET: app.webhookSecret },
      ...{ WEIGHBRIDGE_DATA: home, TRAIL_KEY: `file:${join(home, "trail.pem")}` },
      ...{ GITHUB_API_URL: API, GITHUB_SERVER_URL: API, HOST: "127.0.0.1", PORT: "0" },
    },
  });
  test.after(() => child.kill());
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line);
    if (line.includes('"message":"Swept"')) break;
  }

  assert.deepEqual([...proxy.asked], [new URL(API).host], said.join("\n"));
  assert.ok(!said.some((line) => line.includes('"level":"error"')), said.join("\n"));
});
