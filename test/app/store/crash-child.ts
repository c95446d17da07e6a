import { randomUUID } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { openPostgresStore } from "../../../app/store/postgres-store.ts";
import { openSqliteStore } from "../../../app/store/sqlite-store.ts";
import type { Store } from "../../../app/store/store.ts";

/**
 * A process that receives and works until it is killed: `node crash-child.ts <kind> <where>`. It says each thing only
 * after the store has said so: `kept <id>`, `begun <key> <ids>`, `done <key> <ids>`, each with the time.
 */
const [kind, where] = process.argv.slice(2) as [string, string];
const KEYS = 40;

function say(what: string, ...words: readonly string[]): void {
  process.stdout.write(`${performance.timeOrigin + performance.now()} ${what} ${words.join(" ")}\n`);
}

async function open(): Promise<Store> {
  const options = { leaseMs: 10_000, quietMs: 0 };
  if (kind === "SQLite") return openSqliteStore(where, options);
  return openPostgresStore(where, {
    ...options,
    onError: (cause) => {
      throw cause;
    },
  });
}

const { inbox } = await open();
say("open");

async function receive(): Promise<never> {
  for (;;) {
    const id = randomUUID();
    const key = `repo/5/pull/${1 + Math.floor(Math.random() * KEYS)}`;
    await inbox.receive({ id, event: "push", key, payload: "{}", receivedAt: Date.now() });
    say("kept", id);
    await setTimeout(2);
  }
}

async function work(): Promise<never> {
  for (;;) {
    const taken = await inbox.take();
    if (taken === undefined) await setTimeout(5);
    else {
      const ids = taken.deliveries.map(({ id }) => id);
      say("begun", taken.key, ...ids);
      await setTimeout(Math.random() * 20);
      say("ended", taken.key);
      await inbox.finish(taken);
      say("done", taken.key, ...ids);
    }
  }
}

await Promise.all([receive(), receive(), receive(), work(), work(), work()]);
