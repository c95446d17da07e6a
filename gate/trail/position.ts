import { GateError } from "../model/error.ts";
import { parseEntry } from "./entry.ts";
import type { Edge } from "./fold.ts";
import { type Head, readHead } from "./head.ts";
import type { Journal, Landed } from "./journal.ts";
import { equalHashes } from "./merkle.ts";
import type { StoredCommit, TrailStore } from "./store.ts";
import { successionOf } from "./succession.ts";
import { TILE_WIDTH } from "./tile.ts";
import { readEdge, TreeReader } from "./tree-reader.ts";

const ASK_EVERY_MS = 2_000;

export interface PositionWorld {
  readonly store: TrailStore;
  readonly journal: Journal;
  readonly sleep: (ms: number) => Promise<void>;
}

/** Where the next entry goes. */
export interface Position {
  readonly head: Head;
  readonly edge: Edge;
}

/**
 * The end of the branch, if it is ours: the last commit that we know landed, or commits on top of it that the log's
 * keys signed and that extend its tree (the journal is from an old backup, or new). Rejects `TRAIL_MISSING`,
 * `TRAIL_BRANCH_GONE`, `TRAIL_FOREIGN_COMMIT`, `TRAIL_REWRITTEN`, `TRAIL_FORKED`, `TRAIL_TREE_DAMAGED`.
 */
export async function locate(world: PositionWorld): Promise<Position> {
  const { store, journal } = world;
  const landed = await journal.landed();
  const commit = landed === undefined ? await store.head() : await settledHead(world, landed.commit);
  if (commit === undefined) {
    throw new GateError("TRAIL_MISSING", "Cannot write the trail: there is none", {
      fix: "weighbridge trail init",
    });
  }
  if (landed !== undefined && commit !== landed.commit) await assertOurs(store, commit, landed);
  const head = await readHead(store, commit);
  const reader = new TreeReader(store, head.commit, head.checkpoint.size);
  const edge = await readEdge(reader, head.checkpoint.root);
  if (landed !== undefined) await assertExtends(reader, head, landed);
  await fillIds(reader, journal, head);
  if (landed?.commit !== head.commit) {
    await journal.land({ size: head.checkpoint.size, root: head.checkpoint.root, commit: head.commit });
  }
  return { head, edge };
}

/**
 * The branch's last commit, `expected` or one that descends from it. A store whose reads may be stale is asked again
 * for as long. Rejects `TRAIL_BRANCH_GONE`, `TRAIL_REWRITTEN`.
 */
export async function settledHead(
  { store, sleep }: Pick<PositionWorld, "store" | "sleep">,
  expected: string | undefined,
): Promise<string | undefined> {
  for (let waited = 0; ; waited += ASK_EVERY_MS) {
    const head = await store.head();
    if (head === expected) return head;
    // Where nothing was expected, anything is on top of it.
    if (head !== undefined && (expected === undefined || (await commitsAbove(store, head, expected)))) {
      return head;
    }
    if (waited >= store.staleMs) throw lost(head, expected);
    await sleep(ASK_EVERY_MS);
  }
}

/** The error to halt on when `head`, which descends from `expected`, should have been `expected` itself. */
export async function foreignAbove(
  store: TrailStore,
  head: string,
  expected: string | undefined,
): Promise<GateError> {
  const above = expected === undefined ? [] : await commitsAbove(store, head, expected);
  return foreign(above?.at(-1)?.id ?? head);
}

/** Commits from `expected`, exclusive, to the branch's end, oldest first. Rejects as `settledHead`. */
export async function commitsOnTop(world: PositionWorld, expected: string): Promise<readonly string[]> {
  const head = await settledHead(world, expected);
  const above = head === undefined ? [] : await commitsAbove(world.store, head, expected);
  return (above ?? []).map(({ id }) => id).reverse();
}

/** Rejects unless every commit above the last known one was signed by the log's keys, each with a larger tree. */
async function assertOurs(store: TrailStore, commit: string, landed: Landed): Promise<void> {
  const above = (await commitsAbove(store, commit, landed.commit)) ?? [];
  let last = await readHead(store, landed.commit);
  for (const { id } of above.toReversed()) {
    const next = await readSigned(store, id);
    const { size } = next.checkpoint;
    // A stolen key is not replaced behind our back: a revocation is for the operator to adopt.
    if (size <= last.checkpoint.size || successionOf(last.file, next.file, size) === "revoked")
      throw foreign(id);
    last = next;
  }
}

async function readSigned(store: TrailStore, id: string): Promise<Head> {
  try {
    return await readHead(store, id);
  } catch (cause) {
    throw foreign(id, cause);
  }
}

/** Commits above `expected`, newest first; undefined if it is not on the line of first parents below `head`. */
async function commitsAbove(
  store: TrailStore,
  head: string,
  expected: string,
): Promise<readonly StoredCommit[] | undefined> {
  const count = await store.countAbove(expected, head);
  if (count === undefined) return undefined;
  const above = await store.log(head, count);
  const end = above.findIndex(({ parents }) => parents[0] === expected);
  return end === -1 ? undefined : above.slice(0, end + 1);
}

/** Rejects `TRAIL_FORKED` unless the tree at the head begins with the tree that landed. */
async function assertExtends(reader: TreeReader, { checkpoint }: Head, landed: Landed): Promise<void> {
  const root =
    checkpoint.size === landed.size
      ? checkpoint.root
      : checkpoint.size > landed.size && (await reader.rootAt(landed.size));
  if (root !== false && equalHashes(root, landed.root)) return;
  throw new GateError(
    "TRAIL_FORKED",
    `Cannot write the trail: its tree of ${checkpoint.size} does not extend the tree of ${landed.size} that landed`,
  );
}

/** Reads the ids that the index does not hold yet from the branch. */
async function fillIds(reader: TreeReader, journal: Journal, { checkpoint }: Head): Promise<void> {
  const landed = await journal.landed();
  let count = landed === undefined ? 0 : await journal.idCount();
  while (count < checkpoint.size) {
    const tile = Math.floor(count / TILE_WIDTH);
    const entries = (await reader.entriesOf(tile)).slice(count % TILE_WIDTH);
    if (entries.length === 0) break;
    const start = count;
    const ids = entries.map((bytes, at) => parseEntry(bytes, `entry ${start + at}`).entry.predicate.id);
    await journal.addIds(count, ids);
    count += ids.length;
  }
}

function lost(head: string | undefined, expected: string | undefined): GateError {
  if (head === undefined) {
    return new GateError(
      "TRAIL_BRANCH_GONE",
      `Cannot write the trail: its branch is gone, expected ${expected}`,
    );
  }
  const message = `Cannot write the trail: ${head} does not descend from ${expected}, the branch was rewritten`;
  return new GateError("TRAIL_REWRITTEN", message);
}

function foreign(commit: string, cause?: unknown): GateError {
  const message = `Cannot write the trail: commit ${commit} on its branch is not ours`;
  return new GateError("TRAIL_FOREIGN_COMMIT", message, {
    cause,
    fix: "Find out who pushed it, restore the branch, then resume with an explanation",
  });
}
