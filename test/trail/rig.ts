import { createPrivateKey, sign } from "node:crypto";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { createTrail } from "../../gate/trail/change.ts";
import { rawPublicKey } from "../../gate/trail/ed25519.ts";
import type { EntryContent } from "../../gate/trail/entry.ts";
import { enqueueRows, FileJournal } from "../../gate/trail/file-journal.ts";
import { type GitStore, openGitStore } from "../../gate/trail/git-store.ts";
import type { Journal } from "../../gate/trail/journal.ts";
import { formatVkey, parseVkey, type Signer } from "../../gate/trail/note.ts";
import { toOwnRow } from "../../gate/trail/outbox-row.ts";
import type { TrailStore } from "../../gate/trail/store.ts";
import type { TrailFile } from "../../gate/trail/trail-file.ts";
import { type Flush, TrailWriter } from "../../gate/trail/writer.ts";
import { repositoryAt, type ScratchRepository, scratchRepository } from "../git.ts";
import { decisionContent } from "./entries.ts";
import { scratchFolder } from "./scratch.ts";

/** A real trail in a real repository, with a clock that the test turns. */

export const ORIGIN = "example.com/acme/models/trail";
export const GENESIS = "44".repeat(20);
export const START = Date.UTC(2026, 10, 21, 22, 14, 5);
export const SETTING = {
  repo: { id: 777000111, name: "acme/models" },
  source_ts: "2026-11-21T22:14:01.000Z",
};

/** A signer whose Ed25519 seed is 32 times this byte. */
export function signerOf(byte: number, name = ORIGIN): Signer {
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), Buffer.alloc(32, byte)]);
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const vkey = formatVkey(name, rawPublicKey(key));
  return { name, keyId: parseVkey(vkey).keyId, vkey, sign: async (text) => sign(null, text, key) };
}

export const FIRST_KEY = signerOf(1);
export const SECOND_KEY = signerOf(3);

export function trailFile(): TrailFile {
  return {
    v: 1,
    origin: ORIGIN,
    repo_id: 777000111,
    genesis: GENESIS,
    governed: { branch: "main", globs: ["models/**"] },
    keys: [{ vkey: FIRST_KEY.vkey, from: 0 }],
    heartbeat_minutes: 60,
  };
}

/** A clock that only moves when somebody sleeps or turns it. */
export class Clock {
  time = START;
  readonly now = () => new Date(this.time);
  readonly sleep = async (ms: number) => {
    this.time += ms;
  };
}

/** The decision of the published vector, for another pull request. */
export function decision(number: number): EntryContent {
  const content = decisionContent();
  const { evidence: _, pr, ...predicate } = content.predicate;
  return { ...content, predicate: { ...predicate, pr: { ...pr!, number } } };
}

export function decisions(count: number, from = 1): readonly EntryContent[] {
  return Array.from({ length: count }, (_, at) => decision(from + at));
}

export interface Rig {
  readonly repository: ScratchRepository;
  readonly journalFolder: string;
  readonly clock: Clock;
  readonly store: GitStore;
  readonly journal: FileJournal;
  readonly writer: TrailWriter;
  /** Entries of any kind to append, each its own event, in as many commits as batches. */
  append(...batches: readonly (readonly EntryContent[])[]): Promise<void>;
  close(): Promise<void>;
}

export interface RigOptions {
  readonly directory?: string;
  readonly clock?: Clock;
  readonly signers?: readonly Signer[];
  readonly wrapStore?: (store: GitStore) => TrailStore;
  readonly wrapJournal?: (journal: FileJournal) => Journal;
  readonly journalFolder?: string;
}

/** Opens the trail of a repository, which is made if none is given. */
export async function openRig(options: RigOptions = {}): Promise<Rig> {
  const { clock = new Clock(), signers = [FIRST_KEY] } = options;
  const repository =
    options.directory === undefined
      ? await scratchRepository({ bare: true })
      : repositoryAt(options.directory);
  const store = await openGitStore(repository.directory);
  const journalFolder = options.journalFolder ?? join(store.gitFolder, "weighbridge", "trail");
  const journal = await FileJournal.open(journalFolder, () => clock.time);
  const writer = new TrailWriter({
    store: options.wrapStore?.(store) ?? store,
    journal: options.wrapJournal?.(journal) ?? journal,
    signers,
    now: clock.now,
    sleep: clock.sleep,
  });
  return {
    repository,
    journalFolder,
    clock,
    store,
    journal,
    writer,
    async append(...batches) {
      for (const contents of batches) {
        await enqueueRows(
          journalFolder,
          contents.map((content) => toOwnRow(content, [])),
        );
        landed(await writer.flush());
      }
    },
    async close() {
      await journal.close();
      await store.close();
    },
  };
}

/** A rig whose trail has begun: one entry. */
export async function startedRig(options: RigOptions = {}): Promise<Rig> {
  const { directory, clock, wrapStore, wrapJournal, journalFolder } = options;
  const isPlain = [directory, wrapStore, wrapJournal, journalFolder].every((option) => option === undefined);
  // Most tests begin alike, so most begin with a copy.
  if (isPlain && (clock?.time ?? START) === START)
    return openRig({ ...options, directory: await begunCopy() });
  const rig = await openRig(options);
  landed(await createTrail(rig.writer, trailFile(), SETTING));
  return rig;
}

let begun: Promise<string> | undefined;

/** A folder with a repository whose trail has begun. */
async function begunCopy(): Promise<string> {
  begun ??= begin();
  const copy = scratchFolder();
  cpSync(await begun, copy, { recursive: true });
  return copy;
}

async function begin(): Promise<string> {
  const rig = await openRig();
  landed(await createTrail(rig.writer, trailFile(), SETTING));
  await rig.close();
  process.once("exit", () => rig.repository.remove());
  return rig.repository.directory;
}

/** What landed; throws for anything else. */
export function landed(flush: Flush) {
  if (flush.kind === "landed") return flush.landed;
  const why =
    flush.kind === "waiting" ? flush.cause.message : flush.kind === "halted" ? flush.halt.message : "";
  throw new Error(`expected to land, got ${flush.kind}: ${why}`);
}
