import assert from "node:assert/strict";
import { test } from "node:test";
import { enqueueRows, FileJournal } from "../../gate/trail/file-journal.ts";
import { toRow } from "../../gate/trail/outbox-row.ts";
import { decision } from "./rig.ts";
import { scratchFolder } from "./scratch.ts";

const row = (number: number) => toRow(decision(number));

async function pendingIn(folder: string): Promise<readonly (number | undefined)[]> {
  const journal = await FileJournal.open(folder);
  const rows = await journal.pending(1_024);
  await journal.close();
  return rows.map(({ content }) => content.predicate.pr?.number);
}

test("rows stand in the order in which they were given, over calls, each once", async () => {
  const folder = scratchFolder();
  await enqueueRows(folder, [row(5), row(3), row(5), row(4)]);
  await enqueueRows(folder, []);
  await enqueueRows(folder, [row(3), row(1), row(2)]);
  assert.deepEqual(await pendingIn(folder), [5, 3, 4, 1, 2]);
});

test("rows that two keep at the same time are all there, each one's in order", async () => {
  const folder = scratchFolder();
  const keep = async (start: number) => {
    for (let at = start; at < start + 20; at += 4)
      await enqueueRows(
        folder,
        [0, 1, 2, 3].map((n) => row(at + n)),
      );
  };
  await Promise.all([keep(100), keep(200), keep(300)]);
  const numbers = (await pendingIn(folder)) as readonly number[];
  for (const start of [100, 200, 300]) {
    const own = numbers.filter((number) => Math.floor(number / 100) * 100 === start);
    assert.deepEqual(
      own,
      Array.from({ length: 20 }, (_, at) => start + at),
    );
  }
});
