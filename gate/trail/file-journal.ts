import { join } from "node:path";
import { GateError } from "../model/error.ts";
import type { Batch, OutboxRow } from "./batch.ts";
import {
  createAllDurably,
  createDurably,
  findFile,
  listFiles,
  readFiles,
  removeDurably,
  writeDurably,
} from "./durable-file.ts";
import { IdFile } from "./id-file.ts";
import type { Halt, Journal, Landed } from "./journal.ts";
import {
  formatBatch,
  formatHalt,
  formatLanded,
  formatRow,
  parseBatch,
  parseHalt,
  parseLanded,
  parseRow,
} from "./journal-file.ts";
import { Leader } from "./leader.ts";
import { equalHashes } from "./merkle.ts";

/** Commits remembered. A reservation is refused by the last one, so more than one is only for people to look at. */
const LANDED_KEPT = 8;
const ROW_FILE = /^([0-9]{12})-([0-9a-f]{64})\.json$/;
const SIZE_FILE = /^[0-9]{16}\.json$/;
const HALTED_FILE = "halted.json";
const WITNESSED_FILE = "witnessed";

type Kind = "reserved" | "signed" | "landed";

/**
 * A journal in a folder of this machine:
 *
 *     outbox/<order>-<id>.json   what is to be written
 *     reserved/<from>.json       the batch that continues the tree of that size: made once, never replaced
 *     signed/<from>.json         its signed checkpoint
 *     landed/<size>.json         what landed
 *     ids                        ids of all entries
 *     witnessed                  the last checkpoint with its cosignatures
 *     halted.json                why nothing is written
 *     leader/<term>              who may write
 *
 * That one size never gets two signed roots rests on file names alone. A reservation is created under the size that
 * it continues and only where none is; after that, the last landed commit must still have that size. Whoever wakes
 * late either finds the other's reservation, or a later landed commit, and has signed nothing.
 */
export class FileJournal implements Journal {
  readonly #folder: string;
  readonly #leader: Leader;
  readonly #ids: IdFile;

  private constructor(folder: string, leader: Leader) {
    this.#folder = folder;
    this.#leader = leader;
    this.#ids = new IdFile(join(folder, "ids"));
  }

  /** Begins a term as leader. Rejects `TRAIL_LEADER_BUSY`. */
  static async open(folder: string, now: () => number = Date.now): Promise<FileJournal> {
    return new FileJournal(folder, await Leader.begin(join(folder, "leader"), now));
  }

  /** Ends the term. */
  async close(): Promise<void> {
    await this.#leader.end();
  }

  assertLeading(): Promise<void> {
    return this.#leader.assertLeading();
  }

  enqueue(row: OutboxRow): Promise<void> {
    return enqueueRows(this.#folder, [row]);
  }

  async pending(countMax: number): Promise<readonly OutboxRow[]> {
    const outbox = join(this.#folder, "outbox");
    const names = (await listFiles(outbox)).filter((name) => ROW_FILE.test(name));
    const files = await readFiles(outbox, names.slice(0, countMax));
    return files.map(({ path, bytes }) => parseRow(bytes, path));
  }

  async remove(ids: readonly string[]): Promise<void> {
    const gone = new Set(ids);
    const outbox = join(this.#folder, "outbox");
    const names = (await listFiles(outbox)).filter((name) => gone.has(ROW_FILE.exec(name)?.[2] ?? ""));
    await removeDurably(outbox, names);
  }

  async reserved(): Promise<Batch | undefined> {
    const from = (await this.landed())?.size ?? 0;
    return this.#readBatch(from);
  }

  async reserve(batch: Batch): Promise<Batch> {
    await this.assertLeading();
    if (!(await createDurably(this.#pathOf("reserved", batch.from), formatBatch(batch)))) {
      const other = await this.#readBatch(batch.from);
      if (other !== undefined) return other;
      throw fenced(batch);
    }
    // Created after the size had already been continued and cleared away: then the last commit says so.
    if (((await this.landed())?.size ?? 0) === batch.from) return batch;
    await removeDurably(join(this.#folder, "reserved"), [nameOf(batch.from)]);
    throw fenced(batch);
  }

  async rebase(batch: Batch): Promise<void> {
    await this.assertLeading();
    const reserved = await this.#readBatch(batch.from);
    if (reserved?.size !== batch.size || !equalHashes(reserved.root, batch.root)) {
      throw new GateError(
        "TRAIL_FORKED",
        `Cannot put another tree in the place of the one reserved after ${batch.from}`,
      );
    }
    await writeDurably(this.#pathOf("reserved", batch.from), formatBatch(batch));
  }

  async signedCheckpoint({ from }: Batch): Promise<Uint8Array | undefined> {
    return findFile(this.#pathOf("signed", from));
  }

  async keepSigned({ from }: Batch, checkpoint: Uint8Array): Promise<void> {
    await createDurably(this.#pathOf("signed", from), checkpoint);
  }

  async landed(): Promise<Landed | undefined> {
    const last = (await this.#sizes("landed")).at(-1);
    return last === undefined ? undefined : this.#readLanded(last);
  }

  async land(landed: Landed): Promise<void> {
    const path = this.#pathOf("landed", landed.size);
    if (!(await createDurably(path, formatLanded(landed)))) await this.#assertSame(landed);
    const older = (kind: Kind, sizes: readonly number[]) =>
      removeDurably(join(this.#folder, kind), sizes.map(nameOf));
    await older(
      "reserved",
      (await this.#sizes("reserved")).filter((from) => from < landed.size),
    );
    await older(
      "signed",
      (await this.#sizes("signed")).filter((from) => from < landed.size),
    );
    await older("landed", (await this.#sizes("landed")).slice(0, -LANDED_KEPT));
  }

  async idCount(): Promise<number> {
    return this.#ids.count((await this.landed())?.size ?? 0);
  }

  async known(ids: readonly string[]): Promise<ReadonlySet<string>> {
    return this.#ids.known(ids, (await this.landed())?.size ?? 0);
  }

  addIds(from: number, ids: readonly string[]): Promise<void> {
    return this.#ids.write(from, ids);
  }

  witnessed(): Promise<Uint8Array | undefined> {
    return findFile(join(this.#folder, WITNESSED_FILE));
  }

  keepWitnessed(checkpoint: Uint8Array): Promise<void> {
    return writeDurably(join(this.#folder, WITNESSED_FILE), checkpoint);
  }

  async halted(): Promise<Halt | undefined> {
    const path = join(this.#folder, HALTED_FILE);
    const bytes = await findFile(path);
    return bytes === undefined ? undefined : parseHalt(bytes, path);
  }

  async halt(halt: Halt): Promise<void> {
    // The first reason is the one to look at.
    await createDurably(join(this.#folder, HALTED_FILE), formatHalt(halt));
  }

  resume(): Promise<void> {
    return removeDurably(this.#folder, [HALTED_FILE]);
  }

  /** Sizes that there is a file of, the smallest first. */
  async #sizes(kind: Kind): Promise<readonly number[]> {
    const names = await listFiles(join(this.#folder, kind));
    return names.filter((name) => SIZE_FILE.test(name)).map((name) => Number.parseInt(name, 10));
  }

  async #readBatch(from: number): Promise<Batch | undefined> {
    const path = this.#pathOf("reserved", from);
    const bytes = await findFile(path);
    return bytes === undefined ? undefined : parseBatch(bytes, path);
  }

  async #readLanded(size: number): Promise<Landed | undefined> {
    const path = this.#pathOf("landed", size);
    const bytes = await findFile(path);
    return bytes === undefined ? undefined : parseLanded(bytes, path);
  }

  async #assertSame(landed: Landed): Promise<void> {
    const other = await this.#readLanded(landed.size);
    if (other === undefined) return;
    if (other.commit === landed.commit && equalHashes(other.root, landed.root)) return;
    throw new GateError(
      "TRAIL_FORKED",
      `Cannot record commit ${landed.commit}: size ${landed.size} has landed as ${other.commit}`,
    );
  }

  #pathOf(kind: Kind, size: number): string {
    return join(this.#folder, kind, nameOf(size));
  }
}

function nameOf(size: number): string {
  return `${String(size).padStart(16, "0")}.json`;
}

/**
 * Keeps rows in the outbox of the journal in `folder`, in their order; they are on the disk when this returns, and of
 * a row that is there already nothing is kept. Needs no term as leader: whoever learns of an event may say so while
 * another writes.
 */
export async function enqueueRows(folder: string, rows: readonly OutboxRow[]): Promise<void> {
  const outbox = join(folder, "outbox");
  const known = new Set<string>();
  let order = 0;
  for (const name of await listFiles(outbox)) {
    const match = ROW_FILE.exec(name);
    known.add(match?.[2] ?? "");
    order = Math.max(order, Number(match?.[1] ?? 0));
  }
  const files = new Map<string, Uint8Array>();
  for (const row of rows) {
    if (known.has(row.id)) continue;
    known.add(row.id);
    order++;
    files.set(`${String(order).padStart(12, "0")}-${row.id}.json`, formatRow(row));
  }
  if (files.size > 0) await createAllDurably(outbox, files);
}

function fenced({ from }: Batch): GateError {
  return new GateError("TRAIL_FENCED", `Cannot reserve what follows size ${from}: the trail has gone on`);
}
