import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, test } from "node:test";
import { SqlArchive } from "../../../app/store/sql-archive.ts";
import { WalCheckpoint } from "../../../app/store/sqlite-checkpoint.ts";
import { SqliteDatabase } from "../../../app/store/sqlite-database.ts";
import { openSqliteStore } from "../../../app/store/sqlite-store.ts";

const FOLDER = mkdtempSync(join(tmpdir(), "weighbridge-sqlite-"));
after(() => rmSync(FOLDER, { recursive: true }));

const VERSIONS = ["CREATE TABLE word (word TEXT PRIMARY KEY)"];
let files = 0;
const path = () => join(FOLDER, `${files++}.db`);

async function words(database: SqliteDatabase): Promise<readonly unknown[]> {
  return (await database.query("SELECT word FROM word ORDER BY word")).map(({ word }) => word);
}

const insert = (word: string) => ["INSERT INTO word (word) VALUES ($1)", [word]] as const;

test("transactions that are asked for at once share a commit, and each stands or falls by itself", async () => {
  const database = SqliteDatabase.open(path(), VERSIONS);
  const asked = ["a", "b", "a", "c"].map((word) =>
    database.transaction(async (sql) => {
      await sql.query(...insert(`${word}1`));
      if (word === "b") throw new RangeError("not this one");
      await sql.query(...insert(`${word}2`));
      return word;
    }),
  );
  const settled = await Promise.allSettled(asked);
  assert.deepEqual(
    settled.map(({ status }) => status),
    ["fulfilled", "rejected", "rejected", "fulfilled"],
  );
  assert.deepEqual(await words(database), ["a1", "a2", "c1", "c2"]);
  await assert.rejects(asked[1]!, RangeError);
  await assert.rejects(asked[2]!, { code: "STORE_UNAVAILABLE" });
  await database.close();
});

test("a statement that fails takes back what it did, and nothing of those beside it", async () => {
  const database = SqliteDatabase.open(path(), VERSIONS);
  const settled = await Promise.allSettled([
    database.query(...insert("a")),
    database.query("INSERT INTO word (word) VALUES ($1), ($2)", ["b", "a"]),
    database.query(...insert("c")),
  ]);
  assert.deepEqual(
    settled.map(({ status }) => status),
    ["fulfilled", "rejected", "fulfilled"],
  );
  assert.deepEqual(await words(database), ["a", "c"]);
  await database.close();
});

test("what is appended fails with all that was to be committed beside it, and is there with it otherwise", async () => {
  const database = SqliteDatabase.open(path(), VERSIONS);
  const ask = (...appended: readonly string[]) =>
    Promise.allSettled([
      database.query(...insert(`beside ${appended}`)),
      ...appended.map((word) => database.append((sql) => sql.query(...insert(word)))),
    ]);
  const statuses = (settled: readonly PromiseSettledResult<unknown>[]) => settled.map(({ status }) => status);
  assert.deepEqual(statuses(await ask("a", "b")), ["fulfilled", "fulfilled", "fulfilled"]);
  const failed = await ask("c", "a");
  assert.deepEqual(statuses(failed), ["rejected", "rejected", "rejected"]);
  for (const each of failed)
    assert.equal(each.status === "rejected" && each.reason.code, "STORE_UNAVAILABLE");
  assert.deepEqual(await words(database), ["a", "b", "beside a,b"]);
  assert.deepEqual(statuses(await ask("c")), ["fulfilled", "fulfilled"]);
  await database.close();
});

test("more transactions than fit into one group all get their turn", async () => {
  const database = SqliteDatabase.open(path(), VERSIONS);
  const all = Array.from({ length: 1_000 }, (_, at) => `w${String(at).padStart(4, "0")}`);
  await Promise.all(all.map((word) => database.query(...insert(word))));
  assert.deepEqual(await words(database), all);
  await database.close();
});

test("closing waits for what was asked for", async () => {
  const file = path();
  const database = SqliteDatabase.open(file, VERSIONS);
  const written = database.query(...insert("late"));
  await database.close();
  await written;
  const again = SqliteDatabase.open(file, VERSIONS);
  assert.deepEqual(await words(again), ["late"]);
  await again.close();
});

test("a file has one process, and is told to be another's", async () => {
  const file = path();
  const database = SqliteDatabase.open(file, VERSIONS);
  const message = `Cannot open ${file}: another process has it open`;
  const script = `
    const { SqliteDatabase } = await import(${JSON.stringify(import.meta.resolve("../../../app/store/sqlite-database.ts"))});
    try { SqliteDatabase.open(${JSON.stringify(file)}, []); } catch ({ code, message }) { console.log(code + " " + message); }`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    encoding: "utf8",
  });
  assert.equal(stdout, `STORE_LOCKED ${message}\n`, stderr);
  assert.throws(() => SqliteDatabase.open(file, VERSIONS), { code: "STORE_LOCKED", message });
  await database.query(...insert("mine"));
  await database.close();
  await SqliteDatabase.open(file, VERSIONS).close();
});

test("a file is another's though its lock is gone, or there never was one", async () => {
  const file = path();
  const database = SqliteDatabase.open(file, VERSIONS);
  rmSync(`${file}-lock`);
  assert.throws(() => SqliteDatabase.open(file, VERSIONS), { code: "STORE_LOCKED" });
  await database.close();
  // As versions held it that had no lock beside it.
  const other = new DatabaseSync(file);
  other.exec("PRAGMA locking_mode = EXCLUSIVE; DELETE FROM word");
  assert.throws(() => SqliteDatabase.open(file, VERSIONS), { code: "STORE_LOCKED" });
  other.close();
  await SqliteDatabase.open(file, VERSIONS).close();
});

test("a file that a newer version wrote is left alone", async () => {
  const file = path();
  await SqliteDatabase.open(file, [...VERSIONS, "CREATE TABLE later (x TEXT)"]).close();
  assert.throws(() => SqliteDatabase.open(file, VERSIONS), { code: "STORE_NEWER" });
  await SqliteDatabase.open(file, [...VERSIONS, "never run again"]).close();
});

test("an older file is brought up to date, and one that cannot be stays as it was", async () => {
  const file = path();
  const database = SqliteDatabase.open(file, VERSIONS);
  await database.query(...insert("kept"));
  await database.close();
  assert.throws(() => SqliteDatabase.open(file, [...VERSIONS, "CREATE TABLE later (x TEXT); nonsense"]));
  const newer = SqliteDatabase.open(file, [...VERSIONS, "CREATE TABLE later (x TEXT)"]);
  assert.deepEqual(await words(newer), ["kept"]);
  assert.deepEqual(await newer.query("SELECT x FROM later"), []);
  await newer.close();
});

test("what is no database is refused", () => {
  const file = path();
  writeFileSync(file, "certainly no database, but long enough to be looked at".repeat(100));
  assert.throws(() => SqliteDatabase.open(file, VERSIONS), { code: "STORE_UNAVAILABLE" });
  assert.throws(() => openSqliteStore("/dev/null/x", { leaseMs: 1, quietMs: 0 }), {
    code: "STORE_UNAVAILABLE",
  });
});

test("a commit is one step of the write-ahead log, which is flushed after it", async () => {
  const database = SqliteDatabase.open(path(), VERSIONS);
  const setting = async (name: string) => (await database.query(`PRAGMA ${name}`))[0]?.[name];
  assert.equal(await setting("journal_mode"), "wal");
  assert.equal(await setting("synchronous"), 1);
  assert.equal(await setting("wal_autocheckpoint"), 0);
  await database.close();
});

test("the log is copied beside those who write, and begins anew", async () => {
  const file = path();
  const database = SqliteDatabase.open(file, VERSIONS);
  let written = 0;
  const write = async (chars: number) => {
    await database.query(...insert(`${written++}`.padStart(chars, "x")));
  };
  await write(1);
  // Where it began anew, the header of the log has another salt (sqlite.org/fileformat2.html, section 4.1).
  const salt = () => readFileSync(`${file}-wal`).readUInt32BE(16);
  const first = salt();
  for (let round = 0; round < 90; round++) await Promise.all(Array.from({ length: 8 }, () => write(64_000)));
  assert.ok(statSync(`${file}-wal`).size > 32_000_000);
  while (salt() === first) await write(10);
  // What a process leaves that is killed now.
  const left = path();
  for (const suffix of ["", "-wal"]) copyFileSync(`${file}${suffix}`, `${left}${suffix}`);
  const again = SqliteDatabase.open(left, VERSIONS);
  for (const each of [database, again]) {
    assert.deepEqual(await each.query("SELECT count(*) AS count FROM word"), [
      { __proto__: null, count: written },
    ]);
    await each.close();
  }
});

test("a log that cannot be copied keeps nobody from writing", async () => {
  const checkpoint = new WalCheckpoint(join(FOLDER, "nowhere", "x.db"));
  for (let at = 0; at < 2; at++) {
    checkpoint.start();
    await checkpoint.close();
    await checkpoint.finish();
  }
});

test("what a process was doing when it ended goes on at once with the next, and counts as tried", async () => {
  const folder = join(FOLDER, "leases");
  const options = { leaseMs: 120_000, quietMs: 0 };
  const first = openSqliteStore(folder, options);
  const waits = { id: "b", event: "push", key: "repo/5", payload: "{}", receivedAt: 0 };
  for (const id of ["a", "b"]) await first.inbox.receive({ ...waits, id, key: `repo/5/pull/${id}` });
  await first.inbox.retry((await first.inbox.take())!, Date.now() + 60_000);
  assert.ok(await first.inbox.take());
  await first.close();
  const next = openSqliteStore(folder, options);
  const work = await next.inbox.take();
  assert.deepEqual([work?.deliveries[0]?.id, work?.attempts], ["b", 1]);
  assert.equal(await next.inbox.take(), undefined, "what was given back still waits for its time");
  await next.close();
});

test("the cache keeps the newest, as many as fit", async () => {
  const store = openSqliteStore(join(FOLDER, "cache"), { leaseMs: 1, quietMs: 0 });
  await store.close();
  const database = SqliteDatabase.open(join(FOLDER, "cache", "weighbridge.db"), ["already there"]);
  let now = 0;
  const archive = new SqlArchive(database, () => now++, 1_000);
  for (let at = 0; at < 20; at++) await archive.keepCached(`5/blob/${at}`, new Uint8Array(100));
  const kept = await Promise.all(Array.from({ length: 20 }, (_, at) => archive.cached(`5/blob/${at}`)));
  assert.deepEqual(
    kept.map((bytes) => bytes !== undefined),
    Array.from({ length: 20 }, (_, at) => at >= 10),
  );
  await database.close();
});
