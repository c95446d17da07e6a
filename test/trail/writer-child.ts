import { setTimeout as sleep } from "node:timers/promises";
import { GateError } from "../../gate/model/error.ts";
import { listFiles } from "../../gate/trail/durable-file.ts";
import { enqueueRows, FileJournal } from "../../gate/trail/file-journal.ts";
import { toRow } from "../../gate/trail/outbox-row.ts";
import { TrailWriter } from "../../gate/trail/writer.ts";
import { openPlace } from "./place.ts";
import { decisions, FIRST_KEY, landed } from "./rig.ts";

/**
 * One of many writers of one trail: `node writer-child.ts <repository or origin> <journal> <first> <count>`. It keeps
 * its events in the outbox that all share, some at a time, and leads for one commit whenever nobody does, until its own have landed.
 */
const [place = "", folder = "", first = "", count = ""] = process.argv.slice(2);
const AT_ONCE = 50;

const { store, close } = await openPlace(place);
const rows = decisions(Number(count), Number(first)).map((content) => toRow(content));
for (let at = 0; at < rows.length; at += AT_ONCE) await enqueueRows(folder, rows.slice(at, at + AT_ONCE));

const ids = new Set(rows.map(({ id }) => id));
while (await isPending()) {
  const journal = await tryToLead();
  if (journal !== undefined) {
    const world = { store, journal, signers: [FIRST_KEY], now: () => new Date(), sleep };
    const flush = await new TrailWriter(world).flush();
    if (flush.kind !== "idle") landed(flush);
    await journal.close();
  }
  await sleep(100 + Math.random() * 200);
}
await close();

/** Whatever has landed leaves the outbox. */
async function isPending(): Promise<boolean> {
  return (await listFiles(`${folder}/outbox`)).some((name) => ids.has(name.slice(13, -5)));
}

async function tryToLead(): Promise<FileJournal | undefined> {
  try {
    return await FileJournal.open(folder);
  } catch (error) {
    if (error instanceof GateError && error.code === "TRAIL_LEADER_BUSY") return undefined;
    throw error;
  }
}
