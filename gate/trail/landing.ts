import { GateError } from "../model/error.ts";
import { type Batch, CHECKPOINT_FILE, checkpointText, parseMessage, toCommit } from "./batch.ts";
import { parseCheckpoint } from "./checkpoint.ts";
import type { Journal, Landed } from "./journal.ts";
import { equalHashes } from "./merkle.ts";
import { formatNote, parseNote, parseVkey, type Signer, signNote, verifyNote } from "./note.ts";
import { foreignAbove, settledHead } from "./position.ts";
import type { AppendAnswer, TrailCommit, TrailStore } from "./store.ts";

/** Commits above the last known one among which a lost answer is looked for. */
const LOOK_BACK = 8;
/** A lost answer is looked for this long, and then the same bytes are sent again, so often. */
const LOOK_MS = 60_000;
const LOOK_EVERY_MS = 2_000;
const ATTEMPTS_MAX = 3;
const RETRY_SECONDS = 30;

export interface LandingWorld {
  readonly store: TrailStore;
  readonly journal: Journal;
  readonly signers: readonly Signer[];
  readonly sleep: (ms: number) => Promise<void>;
}

export type Landing =
  | { readonly kind: "landed"; readonly landed: Landed; readonly ids: readonly string[] }
  /** Nothing is lost and nothing is wrong: the same batch goes out later. */
  | { readonly kind: "waiting"; readonly cause: GateError; readonly seconds: number };

/**
 * Brings a reserved batch to the branch, whatever became of it before: it may have landed already, be signed, or
 * neither. Rejects with what the trail has to halt on.
 */
export async function landBatch(world: LandingWorld, batch: Batch, { isNew = false } = {}): Promise<Landing> {
  const commit = isNew ? undefined : await findSettled(world, batch);
  if (commit !== undefined) return settle(world, batch, commit);
  const signed = await signBatch(world, batch);
  if (signed instanceof GateError) return { kind: "waiting", cause: signed, seconds: RETRY_SECONDS };
  return send(world, batch, toCommit(batch, signed));
}

async function send(world: LandingWorld, batch: Batch, commit: TrailCommit): Promise<Landing> {
  let cause: unknown;
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    await world.journal.assertLeading();
    const answer = await attemptAppend(world.store, commit);
    if (answer.kind === "landed") return settle(world, batch, answer.commit);
    if (answer.kind === "refused") throw refused(answer.cause);
    if (answer.kind === "wait") return waiting(answer.cause, answer.seconds);
    const forMs = answer.kind === "moved" ? world.store.staleMs : LOOK_MS;
    const found = (await lookFor(world, batch, forMs)) ?? (await findSettled(world, batch));
    if (found !== undefined) return settle(world, batch, found);
    if (answer.kind === "unknown") cause = answer.cause;
  }
  return waiting(cause, RETRY_SECONDS);
}

/** One request. A store that throws has not said that nothing landed. */
async function attemptAppend(store: TrailStore, commit: TrailCommit): Promise<AppendAnswer> {
  try {
    return await store.append(commit);
  } catch (cause) {
    return { kind: "unknown", cause };
  }
}

/** Looks for the batch on the branch for a while: a read may show what was before the write. */
async function lookFor(world: LandingWorld, batch: Batch, forMs: number): Promise<string | undefined> {
  for (let waited = 0; ; waited += LOOK_EVERY_MS) {
    const commit = await findLanded(world.store, batch, await world.store.head());
    if (commit !== undefined || waited >= forMs) return commit;
    await world.sleep(LOOK_EVERY_MS);
  }
}

/** The commit of the batch; undefined if it is not among the last ones below `head`. */
async function findLanded(
  store: TrailStore,
  batch: Batch,
  head: string | undefined,
): Promise<string | undefined> {
  if (head === undefined || head === batch.parent) return undefined;
  const commits = await store.log(head, LOOK_BACK);
  const found = commits.find(({ message }) => parseMessage(message)?.batchId === batch.batchId);
  if (found === undefined) return undefined;
  // A message can be copied: the checkpoint of that commit must be the one that the batch's keys signed.
  const [note] = await store.read(found.id, [CHECKPOINT_FILE]);
  return note !== undefined && isCheckpointOf(batch, note) ? found.id : undefined;
}

function isCheckpointOf(batch: Batch, bytes: Uint8Array): boolean {
  const note = parseNote(bytes, CHECKPOINT_FILE);
  const { size, root } = parseCheckpoint(note.text, CHECKPOINT_FILE);
  if (size !== batch.size || !equalHashes(root, batch.root)) return false;
  verifyNote(note, batch.vkeys.map(parseVkey), CHECKPOINT_FILE);
  return true;
}

/**
 * The commit of the batch; undefined where the branch still ends with its parent. Rejects where it ends otherwise:
 * then the batch can never land.
 */
async function findSettled({ store, sleep }: LandingWorld, batch: Batch): Promise<string | undefined> {
  const head = await settledHead({ store, sleep }, batch.parent);
  const found = await findLanded(store, batch, head);
  if (found !== undefined || head === undefined || head === batch.parent) return found;
  throw await foreignAbove(store, head, batch.parent);
}

/** The signed checkpoint: made once and kept, so that sending again signs nothing again. */
async function signBatch(world: LandingWorld, batch: Batch): Promise<Uint8Array | GateError> {
  const kept = await world.journal.signedCheckpoint(batch);
  if (kept !== undefined) return kept;
  const signers = batch.vkeys.map((vkey) => world.signers.find((signer) => signer.vkey === vkey));
  const missing = batch.vkeys.find((_, at) => signers[at] === undefined);
  if (missing !== undefined) {
    return new GateError("TRAIL_SIGNER_MISSING", `Cannot sign the trail: there is no signer for ${missing}`);
  }
  await world.journal.assertLeading();
  let note: Uint8Array;
  try {
    note = formatNote(await signNote(checkpointText(batch), signers as Signer[]));
  } catch (cause) {
    return cause instanceof GateError
      ? cause
      : new GateError("TRAIL_SIGNER_FAILED", "Cannot sign the trail: the signer failed", { cause });
  }
  await world.journal.keepSigned(batch, note);
  return note;
}

async function settle({ journal }: LandingWorld, batch: Batch, commit: string): Promise<Landing> {
  const landed: Landed = { size: batch.size, root: batch.root, commit };
  // Ids first: whatever has landed is known, also after a crash between the two.
  await journal.addIds(batch.from, batch.ids);
  await journal.land(landed);
  await journal.remove(batch.ids);
  return { kind: "landed", landed, ids: batch.ids };
}

function waiting(cause: unknown, seconds: number): Landing {
  const error =
    cause instanceof GateError
      ? cause
      : new GateError("TRAIL_STORE_UNAVAILABLE", "Cannot append to the trail: no answer yet", { cause });
  return { kind: "waiting", cause: error, seconds };
}

function refused(cause: unknown): GateError {
  return new GateError(
    "TRAIL_REFUSED",
    "Cannot append to the trail: permission is gone or a rule forbids it",
    {
      cause,
      fix: "Restore the permission, then resume",
    },
  );
}
