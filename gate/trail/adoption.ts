import { GateError } from "../model/error.ts";
import { type Batch, batchIdOf, buildBatch, checkpointText } from "./batch.ts";
import type { EntryContent } from "./entry.ts";
import { readHead } from "./head.ts";
import type { Landed } from "./journal.ts";
import { type Landing, landBatch } from "./landing.ts";
import { toRow } from "./outbox-row.ts";
import { commitsOnTop } from "./position.ts";
import type { TrailStore } from "./store.ts";
import { currentKey } from "./trail-file.ts";
import { readEdge, TreeReader } from "./tree-reader.ts";
import type { WriterWorld } from "./writer.ts";

/**
 * Goes on above commits that are not ours, where rules forbid to take them off the branch: the next commit puts back
 * every file that they touched, and an entry for each says why. `explain` gives that `gap.explained` entry. Rejects
 * `TRAIL_NOT_HALTED` unless a foreign commit is what the trail was halted for.
 */
export async function adopt(world: WriterWorld, explain: (commit: string) => EntryContent): Promise<Landing> {
  const { store, journal } = world;
  await journal.assertLeading();
  const [halt, landed] = [await journal.halted(), await journal.landed()];
  const foreign = landed === undefined ? [] : await commitsOnTop(world, landed.commit);
  const tip = foreign.at(-1);
  if (halt?.code !== "TRAIL_FOREIGN_COMMIT" || landed === undefined || tip === undefined) {
    throw new GateError(
      "TRAIL_NOT_HALTED",
      "Cannot adopt the branch: it was not halted for a foreign commit",
    );
  }
  const rows = foreign.map((commit) => toRow(explain(commit)));
  const restoration = await restore(store, landed.commit, tip);
  const reserved = await journal.reserved();
  const landing =
    reserved === undefined
      ? await landExplained({ world, landed, rows, tip, restoration })
      : await landReserved(world, onTopOf(reserved, tip, restoration));
  if (landing.kind !== "landed") return landing;
  // What was reserved went first; the explanations follow as any event does.
  if (reserved !== undefined) for (const row of rows) await journal.enqueue(row);
  await journal.resume();
  return landing;
}

/** What puts the files of one commit in the place of another's. */
type Restoration = Pick<Batch, "writes" | "deletes">;

async function restore(store: TrailStore, from: string, to: string): Promise<Restoration> {
  const paths = await store.diff(from, to);
  const files = await store.read(from, paths);
  const writes = new Map<string, Uint8Array>();
  for (const [at, path] of paths.entries()) {
    const bytes = files[at];
    if (bytes !== undefined) writes.set(path, bytes);
  }
  return { writes, deletes: paths.filter((path) => !writes.has(path)) };
}

interface Explained {
  readonly world: WriterWorld;
  readonly landed: Landed;
  readonly rows: readonly ReturnType<typeof toRow>[];
  readonly tip: string;
  readonly restoration: Restoration;
}

async function landExplained({ world, landed, rows, tip, restoration }: Explained): Promise<Landing> {
  const { store, journal, now } = world;
  const head = await readHead(store, landed.commit);
  const edge = await readEdge(new TreeReader(store, landed.commit, landed.size), landed.root);
  const { origin } = head.file;
  const vkeys = [currentKey(head.file).vkey];
  const { batch } = buildBatch({ origin, edge, rows, parent: tip, vkeys, now: now() });
  return landBatch(world, await journal.reserve(onTopOf(batch, tip, restoration)));
}

async function landReserved(world: WriterWorld, batch: Batch): Promise<Landing> {
  await world.journal.rebase(batch);
  return landBatch(world, batch);
}

/** The batch on another parent: same entries, same root, same signature. */
function onTopOf(batch: Batch, parent: string, { writes, deletes }: Restoration): Batch {
  const merged = new Map([...writes, ...batch.writes]);
  for (const path of batch.deletes) merged.delete(path);
  return {
    ...batch,
    parent,
    batchId: batchIdOf(parent, checkpointText(batch)),
    writes: merged,
    deletes: [...new Set([...deletes, ...batch.deletes])].filter((path) => !merged.has(path)),
  };
}
