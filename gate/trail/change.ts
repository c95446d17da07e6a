import { hash } from "node:crypto";
import { GateError } from "../model/error.ts";
import { APPROVAL_FILE, verifyApproval } from "./approval.ts";
import type { EntryContent, Subject } from "./entry.ts";
import { EMPTY_EDGE } from "./fold.ts";
import { toOwnRow } from "./outbox-row.ts";
import { revoke, rotate } from "./succession.ts";
import { currentKey, digestOf, repositoryOf, type TrailFile } from "./trail-file.ts";
import type { ChangePlan, Flush, TrailWriter } from "./writer.ts";

/**
 * The trail's own life: it begins, its description changes, its key is handed over or revoked. Each change rejects
 * `TRAIL_FILE_SAME` if it was made before.
 */

export type Setting = Pick<EntryContent["predicate"], "repo" | "source_ts"> &
  Partial<Pick<EntryContent["predicate"], "app" | "actor" | "reason">>;

/** Begins a trail with the description `file`: entry 0 names its digest, which auditors pin outside. */
export function createTrail(writer: TrailWriter, file: TrailFile, setting: Setting): Promise<Flush> {
  const { origin } = file;
  const { vkey } = currentKey(file);
  const content: EntryContent = {
    subject: [stateOf(file)],
    predicate: { ...setting, kind: "trail.created", trail: { origin, digest: digestOf(file), vkey } },
  };
  const plan = { rows: [toOwnRow(content, [])], trailFile: file, vkeys: [vkey] };
  return writer.create({ ...plan, origin, edge: EMPTY_EDGE });
}

/**
 * Hands over to the key `vkey`. The writer needs signers for both: the first checkpoint with the entry is signed by
 * both and is the old key's last. `approval` is an owner's SSH signature over `approvalText`.
 */
export function rotateKey(
  writer: TrailWriter,
  { vkey, approval }: { readonly vkey: string; readonly approval: Uint8Array },
  setting: Setting,
): Promise<Flush> {
  return writer.change(approval, ({ head, edge }) => {
    const old = currentKey(head.file).vkey;
    if (old === vkey) throw same(`its key is ${vkey}`);
    const file = rotate(head.file, vkey, edge.size + 1);
    verifyApproval(approval, head.file.origin, { kind: "key.rotated", old, new: vkey });
    const rotation = { old, new: vkey, digest: digestOf(file), approval: hash("sha256", approval) };
    return planOf({ ...setting, kind: "key.rotated", rotation }, { file, approval, vkeys: [old, vkey] });
  });
}

/** Replaces a key that was found to be stolen; the new one alone signs. */
export function revokeKey(
  writer: TrailWriter,
  {
    vkey,
    lastGoodSize,
    approval,
  }: {
    readonly vkey: string;
    readonly lastGoodSize: number;
    readonly approval: Uint8Array;
  },
  setting: Setting,
): Promise<Flush> {
  return writer.change(approval, ({ head, edge }) => {
    const old = currentKey(head.file).vkey;
    if (old === vkey) throw same(`its key is ${vkey}`);
    const file = revoke(head.file, vkey, { size: edge.size + 1, lastGoodSize });
    verifyApproval(approval, head.file.origin, { kind: "key.revoked", vkey: old, lastGoodSize, new: vkey });
    const revocation = {
      vkey: old,
      last_good_size: lastGoodSize,
      new: vkey,
      digest: digestOf(file),
      approval: hash("sha256", approval),
    };
    return planOf({ ...setting, kind: "key.revoked", revocation }, { file, approval, vkeys: [vkey] });
  });
}

/**
 * Changes the description: what is governed, the witnesses, the anchors. Keys and identity stay.
 */
export function configure(
  writer: TrailWriter,
  {
    change,
    approval,
  }: {
    readonly change: (file: TrailFile) => TrailFile;
    readonly approval: Uint8Array;
  },
  setting: Setting,
): Promise<Flush> {
  return writer.change(approval, ({ head, edge }) => {
    const file = change(head.file);
    const digest = digestOf(file);
    if (digest === digestOf(head.file)) throw same("it says this");
    verifyApproval(approval, head.file.origin, { kind: "config.changed", digest });
    const config = { digest, approval: hash("sha256", approval), from: edge.size + 1 };
    return planOf(
      { ...setting, kind: "config.changed", config },
      { file, approval, vkeys: [currentKey(file).vkey] },
    );
  });
}

function planOf(
  predicate: EntryContent["predicate"],
  { file, approval, vkeys }: { file: TrailFile; approval: Uint8Array; vkeys: readonly string[] },
): ChangePlan {
  const evidence = {
    name: APPROVAL_FILE,
    digest: { sha256: hash("sha256", approval) },
    size: approval.length,
    mediaType: "text/plain",
  };
  const content = { subject: [stateOf(file)], predicate: { ...predicate, evidence: [evidence] } };
  return { rows: [toOwnRow(content, [approval])], trailFile: file, vkeys };
}

function same(state: string): GateError {
  return new GateError("TRAIL_FILE_SAME", `Cannot change trail.json: ${state} already`);
}

/** The governed repository at the commit where the trail's watch begins. */
function stateOf({ origin, genesis }: TrailFile): Subject {
  return { name: repositoryOf(origin).url, digest: { gitCommit: genesis } };
}
