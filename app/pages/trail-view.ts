import { WITNESSED_FILE } from "../../gate/trail/batch.ts";
import { openCheckpoint } from "../../gate/trail/checkpoint.ts";
import { cosignatureTime } from "../../gate/trail/cosignature.ts";
import { parseEntry } from "../../gate/trail/entry.ts";
import { type Head, readHead } from "../../gate/trail/head.ts";
import { parseVkey } from "../../gate/trail/note.ts";
import { parseProof } from "../../gate/trail/proof.ts";
import type { TrailStore } from "../../gate/trail/store.ts";
import { currentKey, keysAt, type TrailFile } from "../../gate/trail/trail-file.ts";
import { TreeReader } from "../../gate/trail/tree-reader.ts";
import { parseWitnessPolicy } from "../../gate/trail/witness-policy.ts";
import { findProven, type WantedDecision, wantedDecision } from "../trail-search.ts";
import type { Repository } from "./login.ts";

/** What the pages show of a trail. It is read where it is kept, not from what the App remembers of it. */
export interface TrailView {
  /** Undefined where the repository has no trail. */
  status(repository: Repository): Promise<TrailStatus | undefined>;
  /** Undefined where the trail does not hold the decision, or not yet. */
  prove(repository: Repository, wanted: WantedDecision): Promise<DecisionProof | undefined>;
}

export interface TrailStatus {
  readonly origin: string;
  readonly commit: string;
  readonly size: number;
  /** Standard base64. */
  readonly root: string;
  /** The key that signs what comes next. */
  readonly vkey: string;
  readonly last?: { readonly seq: number; readonly kind: string; readonly at: string };
  /** Absent where trail.json names no witnesses. */
  readonly witnessed?: Witnessed;
}

export interface Witnessed {
  readonly isEnough: boolean;
  /** Entries of the checkpoint that they saw; absent while none did. */
  readonly size?: number;
  readonly witnesses: readonly {
    readonly name: string;
    /** Milliseconds since 1970, as the witness says; absent where it did not cosign. */
    readonly at?: number;
  }[];
}

export interface DecisionProof {
  readonly seq: number;
  readonly at: string;
  /** Digest of the record that the entry keeps: an equal judgement made again has no entry of its own. */
  readonly digest: string;
  readonly entry: Uint8Array;
  /** The `.tlog-proof` file. */
  readonly proof: Uint8Array;
  readonly hashes: readonly Uint8Array[];
  readonly origin: string;
  readonly size: number;
  /** Standard base64. */
  readonly root: string;
  /** Keys that signed the checkpoint. */
  readonly vkeys: readonly string[];
}

type Reader = Pick<TrailStore, "head" | "read" | "list">;

/** The view over the stores of trails; `open` gives undefined where a repository has none. */
export function trailView(open: (repository: Repository) => Promise<Reader | undefined>): TrailView {
  const openHead = async (repository: Repository) => {
    const store = await open(repository);
    const commit = await store?.head();
    if (store === undefined || commit === undefined) return undefined;
    return { store, head: await readHead(store, commit) };
  };
  return {
    async status(repository) {
      const trail = await openHead(repository);
      return trail === undefined ? undefined : readStatus(trail.store, trail.head);
    },
    async prove(repository, wanted) {
      const trail = await openHead(repository);
      return trail === undefined ? undefined : findProof(trail.store, trail.head, wanted);
    },
  };
}

async function readStatus(store: Reader, head: Head): Promise<TrailStatus> {
  const { commit, file, checkpoint } = head;
  const { origin, size, root } = checkpoint;
  const [note] = await store.read(commit, [WITNESSED_FILE]);
  const last = await readLast(new TreeReader(store, commit, size));
  const witnessed = witnessedOf(file, note);
  return {
    ...{ origin, commit, size, root: base64(root), vkey: currentKey(file).vkey },
    ...(last === undefined ? {} : { last }),
    ...(witnessed === undefined ? {} : { witnessed }),
  };
}

async function readLast(reader: TreeReader): Promise<TrailStatus["last"]> {
  if (reader.size === 0) return undefined;
  const seq = reader.size - 1;
  const read = parseEntry(await reader.entry(seq), `entry ${seq}`);
  return read.known ? { seq, kind: read.entry.predicate.kind, at: read.entry.predicate.ts } : undefined;
}

function witnessedOf(file: TrailFile, note: Uint8Array | undefined): Witnessed | undefined {
  if (file.witness === undefined) return undefined;
  const { witnesses, isMetBy } = parseWitnessPolicy(file.witness);
  if (note === undefined) {
    return { isEnough: isMetBy(new Set()), witnesses: witnesses.map(({ name }) => ({ name })) };
  }
  const keys = [
    ...file.keys.map(({ vkey }) => parseVkey(vkey)),
    ...witnesses.map(({ verifier }) => verifier),
  ];
  const { size, signatures } = openCheckpoint(note, keys, WITNESSED_FILE);
  const seen = witnesses.map(({ name, verifier: { name: key, keyId, vkey } }) => {
    const cosignature = signatures.find((signature) => signature.name === key && signature.keyId === keyId);
    return { name, vkey, signature: cosignature?.signature };
  });
  const vkeys = seen.flatMap(({ vkey, signature }) => (signature === undefined ? [] : [vkey]));
  return {
    isEnough: isMetBy(new Set(vkeys)),
    size,
    witnesses: seen.map(({ name, signature }) =>
      signature === undefined ? { name } : { name, at: cosignatureTime(signature) * 1_000 },
    ),
  };
}

async function findProof(
  store: Reader,
  head: Head,
  wanted: WantedDecision,
): Promise<DecisionProof | undefined> {
  const { file, checkpoint } = head;
  const { origin, size, root } = checkpoint;
  const found = await findProven(store, head, wantedDecision(wanted));
  if (found === undefined) return undefined;
  const { seq, entry, proof } = found.proven;
  return {
    ...{ seq, entry, proof, origin, size, root: base64(root) },
    at: found.entry.predicate.ts,
    digest: `sha256:${found.entry.predicate.decision?.digest.sha256}`,
    hashes: parseProof(proof, "the proof").hashes,
    vkeys: keysAt(file, size).map(({ vkey }) => vkey),
  };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
