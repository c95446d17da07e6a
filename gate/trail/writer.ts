import { GateError } from "../model/error.ts";
import {
  BATCH_BYTES_MAX,
  BATCH_ENTRIES_MAX,
  type Batch,
  type BatchRequest,
  buildBatch,
  evidencePath,
  type OutboxRow,
  WITNESSED_FILE,
} from "./batch.ts";
import type { EntryContent } from "./entry.ts";
import type { Halt } from "./journal.ts";
import { type Landing, type LandingWorld, landBatch } from "./landing.ts";
import { toRow } from "./outbox-row.ts";
import { locate, type Position } from "./position.ts";
import { StoreUnavailable } from "./store.ts";
import { currentKey, TRAIL_FILE, type TrailFile } from "./trail-file.ts";
import { isCosigned } from "./witness-policy.ts";

/** What stops a trail until a person has looked: going on could sign a second truth, or hide a first. */
const HALTING: ReadonlySet<string> = new Set([
  "TRAIL_BRANCH_GONE",
  "TRAIL_BUNDLE_MALFORMED",
  "TRAIL_CHECKPOINT_MALFORMED",
  "TRAIL_FILE_INVALID",
  "TRAIL_FILE_MISSING",
  "TRAIL_FOREIGN_COMMIT",
  "TRAIL_FORKED",
  "TRAIL_KEY_RANGE",
  "TRAIL_NOTE_FORGED",
  "TRAIL_NOTE_MALFORMED",
  "TRAIL_NOTE_UNSIGNED",
  "TRAIL_NOT_CANONICAL",
  "TRAIL_ORIGIN_WRONG",
  "TRAIL_REFUSED",
  "TRAIL_REWRITTEN",
  "TRAIL_SUCCESSION_WRONG",
  "TRAIL_TILE_MALFORMED",
  "TRAIL_TREE_DAMAGED",
]);

export interface WriterWorld extends LandingWorld {
  readonly now: () => Date;
}

export type Flush = Landing | { readonly kind: "idle" } | { readonly kind: "halted"; readonly halt: Halt };

/**
 * Writes a trail: events go into the journal's outbox, and `flush` brings them to the branch in one commit. An event
 * lands once however often it is given, and after a crash at any step the next flush goes on where this one stopped.
 */
export class TrailWriter {
  readonly #world: WriterWorld;

  constructor(world: WriterWorld) {
    this.#world = world;
  }

  /** Id of the event. It is kept on the disk when this returns, and nothing is done if it has landed before. */
  async enqueue(content: EntryContent, evidence: readonly Uint8Array[] = []): Promise<string> {
    const row = toRow(content, evidence);
    const { journal } = this.#world;
    if (!(await journal.known([row.id])).has(row.id)) await journal.enqueue(row);
    return row.id;
  }

  /** Brings what is pending to the branch: one commit at most. */
  async flush(): Promise<Flush> {
    return this.#guarded(async () => {
      const unfinished = await this.#finish();
      if (unfinished !== undefined) return unfinished;
      const position = await locate(this.#world);
      const rows = await this.#takeRows();
      return rows.length === 0 ? { kind: "idle" } : this.#append(position, { rows });
    });
  }

  /**
   * Appends one row that changes the trail's own description, in a commit of its own. `plan` sees where the trail
   * ends and says what is written there. If a run before broke off while it wrote the change with this approval, that
   * is finished and nothing else is written. Rejects `TRAIL_EVENT_KNOWN`.
   */
  async change(approval: Uint8Array, plan: (position: Position) => ChangePlan): Promise<Flush> {
    return this.#guarded(async () => {
      const reserved = await this.#world.journal.reserved();
      const unfinished = await this.#finish();
      if (unfinished?.kind === "waiting") return unfinished;
      if (unfinished && reserved && isApproved(reserved, approval)) return unfinished;
      const position = await locate(this.#world);
      const next = plan(position);
      await this.#assertNew(next.rows);
      return this.#append(position, next);
    });
  }

  /** Begins the branch. Rejects `TRAIL_EXISTS`. */
  async create(
    request: Pick<BatchRequest, "origin" | "edge" | "rows" | "vkeys"> & ChangePlan,
  ): Promise<Flush> {
    return this.#guarded(async () => {
      const unfinished = await this.#finish();
      if (unfinished !== undefined) return unfinished;
      const { store, journal, now } = this.#world;
      if ((await store.head()) !== undefined || (await journal.landed()) !== undefined) {
        throw new GateError("TRAIL_EXISTS", "Cannot begin a trail: there is one already");
      }
      const { batch } = buildBatch({ ...request, parent: undefined, now: now() });
      return this.#land(batch);
    });
  }

  /** Why nothing is written; undefined if something is. */
  halted(): Promise<Halt | undefined> {
    return this.#world.journal.halted();
  }

  /** Goes on after a halt. What halted it is looked at again before anything is written. */
  resume(): Promise<void> {
    return this.#world.journal.resume();
  }

  async #guarded(work: () => Promise<Flush>): Promise<Flush> {
    const { journal, now } = this.#world;
    const halt = await journal.halted();
    if (halt !== undefined) return { kind: "halted", halt };
    try {
      await journal.assertLeading();
      return await work();
    } catch (cause) {
      // A read failed, and whatever was reserved is still to be finished.
      if (cause instanceof StoreUnavailable) return { kind: "waiting", cause, seconds: cause.seconds };
      if (!(cause instanceof GateError && HALTING.has(cause.code))) throw cause;
      const reason: Halt = { code: cause.code, message: cause.message, since: now().toISOString() };
      await journal.halt(reason);
      return { kind: "halted", halt: reason };
    }
  }

  /** A reserved batch goes first, and nothing else can take its size. */
  async #finish(): Promise<Flush | undefined> {
    const batch = await this.#world.journal.reserved();
    return batch === undefined ? undefined : landBatch(this.#world, batch);
  }

  async #append({ head, edge }: Position, plan: ChangePlan): Promise<Flush> {
    const witnessed = await this.#witnessed(head, plan.trailFile);
    const { batch } = buildBatch({
      ...plan,
      ...(witnessed === undefined ? {} : { witnessed }),
      origin: head.file.origin,
      edge,
      parent: head.commit,
      vkeys: plan.vkeys ?? [currentKey(head.file).vkey],
      now: this.#world.now(),
    });
    return this.#land(batch);
  }

  async #assertNew(rows: readonly OutboxRow[]): Promise<void> {
    const known = await this.#world.journal.known(rows.map(({ id }) => id));
    const again = rows.find(({ id }) => known.has(id));
    if (again === undefined) return;
    const { kind } = again.content.predicate;
    throw new GateError("TRAIL_EVENT_KNOWN", `Cannot append ${kind}: the trail has this event already`);
  }

  /** What witnesses cosigned since the last commit. What those who are named now have not cosigned goes. */
  async #witnessed(
    { commit, file }: Position["head"],
    changed: TrailFile | undefined,
  ): Promise<BatchRequest["witnessed"]> {
    const kept = await this.#world.journal.witnessed();
    const policy = (changed ?? file).witness;
    // A trail without witnesses is not read for them.
    if (kept === undefined && policy === undefined && changed === undefined) return undefined;
    const [stored] = await this.#world.store.read(commit, [WITNESSED_FILE]);
    if (kept !== undefined && isCosigned(kept, policy)) {
      return stored !== undefined && Buffer.compare(stored, kept) === 0 ? undefined : kept;
    }
    return stored === undefined || isCosigned(stored, policy) ? undefined : "none";
  }

  async #land(batch: Batch): Promise<Flush> {
    const reserved = await this.#world.journal.reserve(batch);
    // Where this very batch was reserved just now, on the end of the branch as it was read, none can have landed yet.
    return landBatch(this.#world, reserved, { isNew: reserved === batch });
  }

  /** The oldest rows that have not landed, as many as fit into one commit. */
  async #takeRows(): Promise<readonly OutboxRow[]> {
    const { journal } = this.#world;
    for (;;) {
      const rows = await journal.pending(BATCH_ENTRIES_MAX);
      const known = await journal.known(rows.map(({ id }) => id));
      if (known.size > 0) await journal.remove([...known]);
      const fresh = new Map<string, OutboxRow>();
      for (const row of rows) if (!known.has(row.id) && !fresh.has(row.id)) fresh.set(row.id, row);
      if (fresh.size > 0 || rows.length === 0) return fitting([...fresh.values()]);
    }
  }
}

/** What a commit appends, beside where. */
export interface ChangePlan extends Pick<BatchRequest, "rows"> {
  readonly trailFile?: NonNullable<BatchRequest["trailFile"]>;
  /** Keys that sign; the current one if absent. */
  readonly vkeys?: readonly string[];
}

/** True of the very change to `trail.json` that this approval is of. */
function isApproved({ writes }: Batch, approval: Uint8Array): boolean {
  return writes.has(TRAIL_FILE) && writes.has(evidencePath(approval));
}

function fitting(rows: readonly OutboxRow[]): readonly OutboxRow[] {
  let bytes = 0;
  const end = rows.findIndex((row, at) => {
    bytes += sizeOf(row);
    return at > 0 && bytes > BATCH_BYTES_MAX;
  });
  return end === -1 ? rows : rows.slice(0, end);
}

/** Canonical JSON is as long as any other without spaces. */
function sizeOf({ content, evidence }: OutboxRow): number {
  return evidence.reduce((sum, file) => sum + file.length, Buffer.byteLength(JSON.stringify(content)));
}
