import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { TestClock } from "pg-boss";
import { openPostgresStore } from "../../../app/store/postgres-store.ts";
import { openSqliteStore } from "../../../app/store/sqlite-store.ts";
import type { Store } from "../../../app/store/store.ts";
import { type PostgresServer, startPostgres } from "../postgres.ts";

/** Processes that receive and work, killed with SIGKILL in the middle of it, again and again. */

const CHILD = fileURLToPath(new URL("crash-child.ts", import.meta.url));
const OPTIONS = { leaseMs: 10_000, quietMs: 0 };
const HOUR_MS = 3_600_000;
/** A process is killed when it has said so much, or up to twice as much. */
const WORDS_MIN = 150;

let server: PostgresServer;
before(async () => {
  server = await startPostgres({ databases: 1 });
});
after(() => server.stop());

interface Line {
  readonly at: number;
  readonly what: string;
  readonly words: readonly string[];
}

/** What the processes said until they were killed, each in the middle of whatever it was doing. */
async function runAndKill(
  kind: string,
  where: string,
  processes: number,
): Promise<readonly (readonly Line[])[]> {
  return Promise.all(Array.from({ length: processes }, () => runOneAndKill(kind, where)));
}

async function runOneAndKill(kind: string, where: string): Promise<readonly Line[]> {
  const child = spawn(process.execPath, [CHILD, kind, where], { stdio: ["ignore", "pipe", "pipe"] });
  const errors: Buffer[] = [];
  child.stderr.on("data", (chunk: Buffer) => errors.push(chunk));
  const closed = once(child, "close");
  const enough = WORDS_MIN + Math.random() * WORDS_MIN;
  let said = "";
  let lines = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    said += chunk;
    lines += chunk.toString().split("\n").length - 1;
    if (lines > enough) child.kill("SIGKILL");
  });
  const [, signal] = await closed;
  assert.equal(signal, "SIGKILL", Buffer.concat(errors).toString());
  return parseLines(said);
}

/** Whole lines: the last may have been cut off by the kill. */
function parseLines(text: string): readonly Line[] {
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => {
      const [at, what = "", ...words] = line.split(" ");
      return { at: Number(at), what, words };
    });
}

/** Everything that can still be taken, once all leases have run out. */
async function drain(store: Store): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let work = await store.inbox.take(); work !== undefined; work = await store.inbox.take()) {
    ids.push(...work.deliveries.map(({ id }) => id));
    await store.inbox.finish(work);
  }
  return ids;
}

interface Span {
  readonly key: string;
  readonly from: number;
  readonly to: number;
}

/** When one process worked on which key; until its last words where it was killed in the middle. */
function spansOf(lines: readonly Line[]): readonly Span[] {
  return lines
    .filter(({ what }) => what === "begun")
    .map(({ at, words: [key = ""] }) => {
      const end = lines.find((line) => line.at >= at && line.what === "ended" && line.words[0] === key);
      return { key, from: at, to: end?.at ?? lines.at(-1)!.at };
    });
}

function assertKept(
  rounds: readonly (readonly Line[])[],
  left: readonly string[],
  known: ReadonlySet<string>,
): void {
  const lines = rounds.flat();
  const kept = lines.filter(({ what }) => what === "kept").flatMap(({ words }) => words);
  const done = lines.filter(({ what }) => what === "done").flatMap(({ words }) => words.slice(1));
  assert.ok(kept.length > 100 && done.length > 10, `${kept.length} were kept, ${done.length} done`);
  const missing = kept.filter((id) => !known.has(id));
  assert.deepEqual(missing, [], "what was acknowledged is known");
  // What was begun but not seen done may have been finished just before the kill: it is in neither list.
  const begun = lines.filter(({ what }) => what === "begun").flatMap(({ words }) => words.slice(1));
  const seen = new Set([...begun, ...left]);
  assert.deepEqual(
    kept.filter((id) => !seen.has(id)),
    [],
    "what was acknowledged is worked on",
  );
  assert.equal(new Set(done).size, done.length, "what is done is not done again");
  const again = new Set(done);
  assert.deepEqual(
    left.filter((id) => again.has(id)),
    [],
    "what is done is not left",
  );
}

function assertApart(rounds: readonly (readonly Line[])[]): void {
  const spans = rounds.flatMap(spansOf).toSorted((one, other) => one.from - other.from);
  for (const [at, span] of spans.entries()) {
    const next = spans.slice(at + 1).find(({ key }) => key === span.key);
    assert.ok(next === undefined || next.from >= span.to, `${span.key} was worked on twice at a time`);
  }
}

test("C69: killed at random, a SQLite store loses nothing that it has acknowledged", async () => {
  const folder = mkdtempSync(join(tmpdir(), "weighbridge-crash-"));
  const rounds: (readonly Line[])[] = [];
  for (let round = 0; round < 4; round++) rounds.push(...(await runAndKill("SQLite", folder, 1)));
  const store = openSqliteStore(folder, OPTIONS, () => Date.now() + HOUR_MS);
  const left = await drain(store);
  const known = await store.inbox.known(rounds.flat().flatMap(({ words }) => words));
  assertKept(rounds, left, known);
  assertApart(rounds);
  assert.deepEqual(await store.inbox.depth(), { waiting: 0, dead: 0 });
  await store.close();
  rmSync(folder, { recursive: true });
});

test("C69: killed at random, three processes on PostgreSQL lose nothing and keep out of each other's way", async () => {
  const rounds: (readonly Line[])[] = [];
  for (let round = 0; round < 3; round++) rounds.push(...(await runAndKill("PostgreSQL", server.url(0), 3)));
  const clock = new TestClock(Date.now() + HOUR_MS);
  const store = await openPostgresStore(server.url(0), { ...OPTIONS, clock, onError: assert.ifError });
  await clock.tick(20_000);
  const left = await drain(store);
  const known = await store.inbox.known(rounds.flat().flatMap(({ words }) => words));
  assertKept(rounds, left, known);
  assertApart(rounds);
  assert.deepEqual(await store.inbox.depth(), { waiting: 0, dead: 0 });
  await store.close();
});
