import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { hash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { APPROVAL_FILE } from "../../gate/trail/approval.ts";
import { batchIdOf, buildBatch, CHECKPOINT_FILE, checkpointText } from "../../gate/trail/batch.ts";
import { revokeKey, rotateKey } from "../../gate/trail/change.ts";
import { type EntryContent, parseEntry, sealEntry } from "../../gate/trail/entry.ts";
import { EMPTY_EDGE } from "../../gate/trail/fold.ts";
import { openGitStore } from "../../gate/trail/git-store.ts";
import { formatState, type KeptState, parseState } from "../../gate/trail/kept-state.ts";
import { formatNote, type Signer, signNote } from "../../gate/trail/note.ts";
import { toOwnRow } from "../../gate/trail/outbox-row.ts";
import { rotate } from "../../gate/trail/succession.ts";
import { digestOf, type TrailFile } from "../../gate/trail/trail-file.ts";
import { exitStatus, Findings } from "../../gate/trail/verify/report.ts";
import { checkSuccessions } from "../../gate/trail/verify/succession.ts";
import { type VerifyRequest, verifyTrail } from "../../gate/trail/verify.ts";
import { type ScratchRepository, scratchRepository } from "../git.ts";
import { ownerOf } from "./owner.ts";
import {
  decision,
  decisions,
  FIRST_KEY,
  GENESIS,
  landed,
  ORIGIN,
  type Rig,
  SECOND_KEY,
  SETTING,
  startedRig,
  trailFile,
} from "./rig.ts";
import { BRANCH } from "./tamper.ts";

/** What an auditor trusts, and what somebody makes of it who holds a key of later, or may push. */

const OWNER = ownerOf(21);
const STRANGER = ownerOf(22);
const PIN = { vkey: FIRST_KEY.vkey, digest: digestOf(trailFile()) };
const owners = (publicKey: string) => new Map([[publicKey, "maria"]]);

const rigs: Rig[] = [];
const repositories: ScratchRepository[] = [];
after(async () => {
  for (const rig of rigs) await rig.close();
  for (const { remove } of [...rigs.map(({ repository }) => repository), ...repositories]) remove();
});
async function started(): Promise<Rig> {
  const rig = await startedRig({ signers: [FIRST_KEY, SECOND_KEY] });
  rigs.push(rig);
  await rig.append(decisions(3));
  return rig;
}

type Request = Omit<VerifyRequest, "store" | "level"> & { readonly level?: 0 | 1 };
const verify = ({ store }: Pick<Rig, "store">, request: Request = {}) =>
  verifyTrail({ store, level: 1, entries: "new", ...request });

/** Exit status and codes. */
async function said(rig: Pick<Rig, "store">, request: Request = {}): Promise<readonly (string | number)[]> {
  const { report } = await verify(rig, request);
  const codes = [...report.findings, ...report.undecided].map(({ code }) => code);
  return [exitStatus(report), ...new Set(codes)];
}

async function stateOf(rig: Rig, request: Request = {}): Promise<KeptState> {
  const { state } = await verify(rig, request);
  assert.ok(state !== undefined);
  const read = parseState(formatState(state), "state");
  assert.deepEqual(formatState(read), formatState(state));
  return read;
}

interface Forgery {
  readonly file: TrailFile;
  readonly contents: readonly { readonly content: EntryContent; readonly evidence?: readonly Uint8Array[] }[];
  readonly signer: Signer;
  /** Lines of the commit's header before its author, and behind its committer. */
  readonly header: { readonly parents: string; readonly rest: string };
  /** The parent that the message and its Batch-Id speak of, and the first entry that it names. */
  readonly said: { readonly parent?: string; readonly first: number };
}

/** A branch of one commit that nobody's git wrote. */
async function forge({ file, contents, signer, header, said }: Forgery) {
  const repository = await scratchRepository({ bare: true });
  repositories.push(repository);
  const { batch } = buildBatch({
    ...{ origin: ORIGIN, edge: EMPTY_EDGE, vkeys: [signer.vkey], now: new Date(), trailFile: file },
    rows: contents.map(({ content, evidence = [] }) => toOwnRow(content, evidence)),
    parent: undefined,
  });
  const text = checkpointText(batch);
  const note = formatNote(await signNote(text, [signer]));
  const env = { ...process.env, GIT_INDEX_FILE: join(repository.directory, "forged") };
  const git = (args: readonly string[], input: string | Uint8Array = "") =>
    execFileSync("git", args, { cwd: repository.directory, env, input, encoding: "utf8" }).trim();
  for (const [path, bytes] of [...batch.writes, [CHECKPOINT_FILE, note] as const]) {
    const id = git(["hash-object", "-w", "--stdin"], bytes);
    git(["update-index", "--add", "--cacheinfo", `100644,${id},${path}`]);
  }
  const size = contents.length;
  const who = "weighbridge <trail@weighbridge.invalid> 1700000000 +0000";
  const message = [
    `trail: ${said.first}..${size - 1} [skip ci]\n`,
    `Batch-Id: ${batchIdOf(said.parent, text)}`,
    `Tree-Size: ${size}`,
    `Root: ${Buffer.from(batch.root).toString("base64")}\n`,
  ].join("\n");
  const commit = `tree ${git(["write-tree"])}\n${header.parents}author ${who}\ncommitter ${who}\n${header.rest}\n${message}`;
  const id = git(["hash-object", "-t", "commit", "-w", "--literally", "--stdin"], commit);
  git(["update-ref", `refs/heads/${BRANCH}`, id]);
  return { store: await openGitStore(repository.directory) };
}

const SUBJECT = [{ name: "git+https://example.com/acme/models", digest: { gitCommit: GENESIS } }];
const CREATED: EntryContent = {
  subject: SUBJECT,
  predicate: {
    ...SETTING,
    kind: "trail.created",
    trail: { origin: ORIGIN, digest: PIN.digest, vkey: PIN.vkey },
  },
};

/** All of a trail by somebody who has the second key alone: the first one's approval is genuine. */
function takenOver(header: Forgery["header"], said: Forgery["said"]): Forgery {
  const file = rotate(trailFile(), SECOND_KEY.vkey, 3);
  const approval = OWNER.approve({ kind: "key.rotated", old: FIRST_KEY.vkey, new: SECOND_KEY.vkey });
  const digest = hash("sha256", approval);
  const rotation: EntryContent = {
    subject: SUBJECT,
    predicate: {
      ...SETTING,
      kind: "key.rotated",
      rotation: { old: FIRST_KEY.vkey, new: SECOND_KEY.vkey, digest: digestOf(file), approval: digest },
      evidence: [
        { name: APPROVAL_FILE, digest: { sha256: digest }, size: approval.length, mediaType: "text/plain" },
      ],
    },
  };
  const contents = [
    { content: CREATED },
    { content: decision(666) },
    { content: rotation, evidence: [approval] },
    { content: decision(667) },
  ];
  return { file, contents, signer: SECOND_KEY, header, said };
}

describe("a history that somebody with a later key made up is a finding", () => {
  const parent = "ab".repeat(20);
  const cases: Readonly<Record<string, readonly [Forgery["header"], Forgery["said"], readonly string[]]>> = {
    "that says that something came before": [
      { parents: "", rest: "" },
      { parent, first: 3 },
      ["TRAIL_FOREIGN_COMMIT", "TRAIL_FILE_UNRECORDED"],
    ],
    "with a parent where git looks for none": [
      { parents: "", rest: `parent ${parent}\n` },
      { parent, first: 3 },
      ["TRAIL_FOREIGN_COMMIT", "TRAIL_FILE_UNRECORDED"],
    ],
    "with a second author": [
      { parents: "", rest: "author weighbridge <trail@weighbridge.invalid> 1700000000 +0000\n" },
      { first: 0 },
      ["TRAIL_FOREIGN_COMMIT", "TRAIL_FILE_UNRECORDED"],
    ],
  };
  for (const [name, [header, told, codes]] of Object.entries(cases)) {
    test(name, async () => {
      const forged = await forge(takenOver(header, told));
      const pin = { ...PIN, owners: owners(OWNER.publicKey) };
      assert.deepEqual(await said(forged, { pin }), [1, ...codes]);
      await forged.store.close();
    });
  }

  test("whose first description is not the one that it says it began with, though the last one is", () => {
    const file = { ...trailFile(), governed: { branch: "main", globs: ["nothing/**"] } };
    const checkpoint = { origin: ORIGIN, size: 1, root: new Uint8Array(32), text: "", signatures: [] };
    const snapshot = { commit: "1".repeat(40), checkpoint, from: 0, file, succession: "same" } as const;
    const findings = new Findings();
    const history = { foreign: [], isSigned: false, isShallow: false, commits: new Set<string>() };
    const seal = { seq: 0, prev: "0".repeat(64), ts: "2026-11-21T22:14:05.000Z" };
    const read = parseEntry(sealEntry(CREATED, seal).bytes, "entry 0");
    assert.ok(read.known);
    checkSuccessions({ ...history, snapshots: [snapshot] }, new Map([[0, read.entry]]), findings);
    assert.deepEqual(
      findings.findings.map(({ code }) => code),
      ["TRAIL_FILE_UNRECORDED"],
    );
  });
});

describe("a kept state", () => {
  test("is not kept of a run that left something open", async () => {
    const rig = await started();
    const folder = mkdtempSync(join(tmpdir(), "weighbridge-shallow-"));
    const git = (...args: string[]) => execFileSync("git", args, { cwd: folder });
    git("clone", "-q", "--bare", "--depth", "1", "-b", BRANCH, `file://${rig.repository.directory}`, ".");
    const store = await openGitStore(folder);
    const { report, state } = await verify({ store });
    assert.equal(exitStatus(report), 2);
    assert.equal(state, undefined);
    await store.close();
    rmSync(folder, { recursive: true });
  });

  test("of the last commit alone is nothing to go on from for a run over the history", async () => {
    const rig = await started();
    const git = rig.repository.git;
    const foreign = git("commit-tree", `${BRANCH}^{tree}`, "-p", BRANCH, "-m", "foreign");
    git("update-ref", `refs/heads/${BRANCH}`, foreign);
    const since = await stateOf(rig, { level: 0 });
    assert.deepEqual(await said(rig, { since, level: 0 }), [0]);
    assert.deepEqual(await said(rig, { since }), [1, "TRAIL_FOREIGN_COMMIT"]);
  });

  test("of the history is one for a run over the last commit, whose own is of that", async () => {
    const rig = await started();
    const since = await stateOf(rig);
    await rig.append([decision(50)]);
    const { report, state } = await verify(rig, { since, level: 0 });
    assert.equal(report.entriesRead, 1);
    assert.equal(state?.level, 0);
  });

  test("does not stand for what is pinned", async () => {
    const rig = await started();
    const since = await stateOf(rig);
    await rig.append([decision(50)]);
    assert.deepEqual(await said(rig, { since, pin: PIN }), [0]);
    assert.deepEqual(await said(rig, { since, pin: { vkey: SECOND_KEY.vkey } }), [1, "TRAIL_PIN_WRONG"]);
    assert.deepEqual(await said(rig, { since, pin: { digest: "00".repeat(32) } }), [1, "TRAIL_PIN_WRONG"]);
  });

  test("does not stand for who the owners are", async () => {
    const rig = await started();
    const approval = STRANGER.approve({
      kind: "key.rotated",
      old: FIRST_KEY.vkey,
      new: SECOND_KEY.vkey,
    });
    landed(await rotateKey(rig.writer, { vkey: SECOND_KEY.vkey, approval }, SETTING));
    const since = await stateOf(rig);
    await rig.append([decision(50)]);
    const pin = (publicKey: string) => ({ owners: owners(publicKey) });
    assert.deepEqual(await said(rig, { since, pin: pin(STRANGER.publicKey) }), [0]);
    assert.deepEqual(await said(rig, { since, pin: pin(OWNER.publicKey) }), [1, "TRAIL_APPROVAL_STRANGER"]);
  });
});

test("a key that is revoked on anybody's word is left open to who pinned the first and names no owners", async () => {
  const rig = await started();
  const change = {
    kind: "key.revoked",
    vkey: FIRST_KEY.vkey,
    lastGoodSize: 4,
    new: SECOND_KEY.vkey,
  } as const;
  const approval = STRANGER.approve(change);
  landed(await revokeKey(rig.writer, { vkey: SECOND_KEY.vkey, lastGoodSize: 4, approval }, SETTING));
  assert.deepEqual(await said(rig, { pin: PIN }), [2, "TRAIL_OWNERS_UNKNOWN"]);
  const pin = (publicKey: string) => ({ ...PIN, owners: owners(publicKey) });
  assert.deepEqual(await said(rig, { pin: pin(OWNER.publicKey) }), [1, "TRAIL_APPROVAL_STRANGER"]);
  assert.deepEqual(await said(rig, { pin: pin(STRANGER.publicKey) }), [0]);
});
