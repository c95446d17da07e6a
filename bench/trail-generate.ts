import { spawn } from "node:child_process";
import { createPrivateKey, hash, sign } from "node:crypto";
import { once } from "node:events";
import { type Batch, batchIdOf, checkpointText, toCommit } from "../gate/trail/batch.ts";
import { rawPublicKey } from "../gate/trail/ed25519.ts";
import { type EntryContent, sealEntry } from "../gate/trail/entry.ts";
import { EMPTY_EDGE, foldEntries } from "../gate/trail/fold.ts";
import { DEFAULT_BRANCH, importCommands } from "../gate/trail/git-store.ts";
import { leafHash } from "../gate/trail/merkle.ts";
import { formatNote, formatVkey, parseVkey, type Signer, signNote } from "../gate/trail/note.ts";
import { digestOf, formatTrailFile, TRAIL_FILE, type TrailFile } from "../gate/trail/trail-file.ts";

/**
 * Trails of any length, written through one `git fast-import` in the form that the writer gives them: same bundles,
 * same tiles, same checkpoints. Only the entries are made by a template, for speed; verifying them is the test.
 */

const ORIGIN = "github.com/acme/models/trail";
const START = Date.UTC(2026, 0, 1);
const MODELS = 200;
const REPO = { id: 777000111, name: "acme/models" };

const KEY = createPrivateKey({
  key: Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), Buffer.alloc(32, 1)]),
  format: "der",
  type: "pkcs8",
});
const VKEY = formatVkey(ORIGIN, rawPublicKey(KEY));

export const BENCH_SIGNER: Signer = {
  name: ORIGIN,
  keyId: parseVkey(VKEY).keyId,
  vkey: VKEY,
  sign: async (text) => sign(null, text, KEY),
};

const FILE: TrailFile = {
  v: 1,
  origin: ORIGIN,
  repo_id: REPO.id,
  genesis: "44".repeat(20),
  governed: { branch: "main", globs: ["models/**"] },
  keys: [{ vkey: VKEY, from: 0 }],
  heartbeat_minutes: 60,
};

/** Writes a trail of `size` entries, `perCommit` in each commit, to a bare repository. */
export async function generateTrail(directory: string, size: number, perCommit: number): Promise<void> {
  const git = fastImport(directory);
  let [edge, parent]: [typeof EMPTY_EDGE, string | undefined] = [EMPTY_EDGE, undefined];
  for (let from = 0; from < size; ) {
    const count = from === 0 ? 1 : Math.min(perCommit, size - from);
    const entries: Uint8Array[] = [];
    for (let at = 0, prev = edge.last; at < count; at++) {
      const entry = from + at === 0 ? createdEntry() : decisionEntry(from + at, prev);
      entries.push(entry);
      prev = leafHash(entry);
    }
    const fold = foldEntries(edge, entries);
    edge = fold.edge;
    const batch: Batch = {
      origin: ORIGIN,
      from,
      size: edge.size,
      root: fold.root,
      batchId: "",
      vkeys: [VKEY],
      ids: [],
      parent,
      time: Math.floor(timeOf(from) / 1000),
      writes: from === 0 ? new Map([...fold.writes, [TRAIL_FILE, formatTrailFile(FILE)]]) : fold.writes,
      deletes: fold.deletes,
    };
    const text = checkpointText(batch);
    const note = formatNote(await signNote(text, [BENCH_SIGNER]));
    const commit = toCommit({ ...batch, batchId: batchIdOf(parent, text) }, note);
    parent = await git.commit(commit);
    from = edge.size;
  }
  await git.end();
}

/** A repository in which each record is a commit of its own: the record is the message. */
export async function generatePlain(directory: string, size: number): Promise<void> {
  const git = fastImport(directory);
  let prev: Uint8Array = new Uint8Array(32);
  for (let seq = 1; seq <= size; seq++) {
    const record = decisionEntry(seq, prev);
    prev = leafHash(record);
    const [message, time] = [record.toString("latin1"), Math.floor(timeOf(seq) / 1000)];
    await git.commit({ parent: undefined, message, time, writes: new Map(), deletes: [] });
  }
  await git.end();
}

/** An event that no generated trail holds: for appending. */
export function benchContent(number: number): EntryContent {
  const { subject, predicate } = JSON.parse(decisionEntry(number, new Uint8Array(32)).toString("latin1"));
  const { v: _, seq: _seq, prev: _prev, id: _id, ts: _ts, ...content } = predicate;
  return { subject, predicate: content };
}

const CREATED: EntryContent = {
  subject: [{ name: "git+https://github.com/acme/models", digest: { gitCommit: FILE.genesis } }],
  predicate: {
    kind: "trail.created",
    source_ts: isoOf(0),
    repo: REPO,
    trail: { origin: ORIGIN, digest: digestOf(FILE), vkey: VKEY },
  },
};

function createdEntry(): Uint8Array {
  return sealEntry(CREATED, { seq: 0, prev: "0".repeat(64), ts: isoOf(0) }).bytes;
}

/** A passing decision, as the writer spells it: about 1,250 bytes, most of them digests. */
function decisionEntry(seq: number, prev: Uint8Array): Buffer {
  const digest = (what: string) => hash("sha256", `${what} ${seq}`);
  const commit = (what: string) => digest(what).slice(0, 40);
  // The base moves with every tenth decision, the policy never.
  const base = hash("sha256", `base ${Math.floor(seq / 10)}`).slice(0, 40);
  const [head, policy] = [commit("head"), hash("sha256", "policy")];
  const [subject, evidence, record] = [digest("subject"), digest("evidence"), digest("record")];
  const key = JSON.stringify([REPO.id, "decision.made", seq, head, base, policy, subject, evidence, "pass"]);
  const id = hash("sha256", `weighbridge-entry-id/v1\n${key}`);
  const model = `models/model-${String(seq % MODELS).padStart(3, "0")}/model.safetensors`;
  return Buffer.from(
    `{"_type":"https://in-toto.io/Statement/v1","predicate":{` +
      `"app":{"id":424242,"version":"1.4.2"},` +
      `"decision":{"approvals":[{"id":1000014,"role":"validator"}],` +
      `"digest":{"sha256":"${record}"},"evidence_digest":"${evidence}",` +
      `"gates":[{"id":"SUP-01","outcome":"pass"}],"subject_digest":"${subject}","verdict":"pass"},` +
      `"id":"${id}","kind":"decision.made","policy":{"commit":"${base}","digest":{"sha256":"${policy}"},"path":".weighbridge/policy.yml"},` +
      `"pr":{"base":"main","base_sha":"${base}","head_sha":"${head}","number":${seq}},` +
      `"prev":"${Buffer.from(prev).toString("hex")}","repo":{"id":${REPO.id},"name":"${REPO.name}"},"seq":${seq},` +
      `"source_ts":"${isoOf(seq)}","ts":"${isoOf(seq)}","v":1},` +
      `"predicateType":"https://github.com/OWNER/weighbridge/trail/entry/v1",` +
      `"subject":[{"digest":{"sha256":"${digest("model")}"},"name":"${model}"}]}`,
    "latin1",
  );
}

/** A decision every 13 seconds. */
function timeOf(seq: number): number {
  return START + 13_000 * seq;
}

function isoOf(seq: number): string {
  return new Date(timeOf(seq)).toISOString();
}

/** One `git fast-import` that takes commit after commit. */
export function fastImport(directory: string) {
  const git = spawn("git", ["fast-import", "--quiet", "--done", "--date-format=raw"], {
    cwd: directory,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ref = `refs/heads/${DEFAULT_BRANCH}`;
  let answered = "";
  return {
    /** Id of the commit. */
    async commit(commit: Parameters<typeof importCommands>[0]): Promise<string> {
      git.stdin.cork();
      // The branch goes on from its last commit by itself; that object is not on the disk yet.
      for (const part of importCommands({ ...commit, parent: undefined }, ref)) git.stdin.write(part);
      process.nextTick(() => git.stdin.uncork());
      while (!answered.includes("\n")) answered += (await once(git.stdout, "data"))[0].toString("latin1");
      const [id = "", ...rest] = answered.split("\n");
      answered = rest.join("\n");
      return id;
    },
    async end(): Promise<void> {
      git.stdin.end("done\n");
      const [status] = await once(git, "close");
      if (status !== 0) throw new Error(`git fast-import ended with status ${status}`);
    },
  };
}
