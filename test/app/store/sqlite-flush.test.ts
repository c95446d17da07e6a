import assert from "node:assert/strict";
import { mkdtempSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { SqliteDatabase } from "../../../app/store/sqlite-database.ts";
import { WalFlush } from "../../../app/store/sqlite-flush.ts";

const FOLDER = mkdtempSync(join(tmpdir(), "weighbridge-flush-"));
after(() => rmSync(FOLDER, { recursive: true }));

const VERSIONS = ["CREATE TABLE word (word TEXT PRIMARY KEY)"];
const INSERT = "INSERT INTO word (word) VALUES ($1)";

test("what is asked for while a flush runs shares the next one", async () => {
  const path = join(FOLDER, "shared");
  writeFileSync(`${path}-wal`, "frames");
  const flush = new WalFlush(path);
  const first = flush.flush();
  assert.equal(flush.flush(), first, "it has not begun");
  await first;
  const [second, third] = [flush.flush(), flush.flush()];
  assert.notEqual(second, first);
  assert.equal(second, third);
  await second;
  await flush.close();
});

test("a log that could not be brought to the disk once is never said to be there", async () => {
  const path = join(FOLDER, "broken");
  // A device that can be written to, and not be flushed.
  symlinkSync("/dev/null", `${path}-wal`);
  const flush = new WalFlush(path);
  await assert.rejects(flush.flush(), { code: "EINVAL" });
  unlinkSync(`${path}-wal`);
  writeFileSync(`${path}-wal`, "frames");
  await assert.rejects(flush.flush(), { code: "EINVAL" });
  await flush.close();
});

test("nobody is told of a commit that is not on the disk, nor of what could be read of it", async () => {
  const path = join(FOLDER, "lost.db");
  const database = SqliteDatabase.open(path, VERSIONS);
  unlinkSync(`${path}-wal`);
  const written = database.query(INSERT, ["a"]);
  await assert.rejects(written, { code: "STORE_UNAVAILABLE" });
  await assert.rejects(database.query("SELECT word FROM word"), { code: "STORE_UNAVAILABLE" });
  await assert.rejects(database.query(INSERT, ["b"]), { code: "STORE_UNAVAILABLE" });
  await database.close();
});

test("who only reads, and sees nothing new, waits for no disk", async () => {
  const path = join(FOLDER, "read.db");
  const database = SqliteDatabase.open(path, VERSIONS);
  // A flush would not find it.
  unlinkSync(`${path}-wal`);
  assert.deepEqual(await database.query("SELECT word FROM word"), []);
  await database.close();
});
