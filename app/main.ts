import http from "node:http";
import { GateError } from "../gate/model/error.ts";
import { terminal } from "../gate/report/escape.ts";
import { startApp } from "./app.ts";
import { readConfig, type TrailKey } from "./config.ts";
import { openSigner } from "./trail-key.ts";

/** As long as an orchestrator usually waits before it kills, less a little. */
const GRACE_MS = 25_000;

/** The outermost shell: starts, waits for the signal to end, ends in order. */
async function run(): Promise<void> {
  const config = readConfig(process.env);
  if (config.proxy !== undefined) http.setGlobalProxyFromEnv({ ...config.proxy });
  await assertTrailKey(config.trailKey);
  const app = await startApp(config);
  const stop = new Promise<void>((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve());
  });
  await stop;
  await app.stop(GRACE_MS);
}

/** A key that cannot be used is better known now than when the first decision is to be written down. */
async function assertTrailKey(key: TrailKey): Promise<void> {
  // What is behind a command is asked for nothing but signatures.
  if (key.kind !== "command") await openSigner(key, { name: "weighbridge", vkey: "" });
}

try {
  await run();
} catch (cause) {
  const text =
    cause instanceof GateError ? cause.message : cause instanceof Error ? (cause.stack ?? "") : String(cause);
  process.stderr.write(`weighbridge: ${text.split("\n").map(terminal).join("\n")}\n`);
  process.exitCode = 1;
}
