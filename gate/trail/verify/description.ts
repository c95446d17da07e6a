import type { ObjectReader } from "../../checkout/objects.ts";
import { GateError } from "../../model/error.ts";
import { approvableOf, verifyApproval } from "../approval.ts";
import { evidencePathOf } from "../batch.ts";
import type { Entry } from "../entry.ts";
import type { Beginning, KeptState } from "../kept-state.ts";
import type { Predicate } from "../kind.ts";
import { digestOf, type TrailFile, type TrailKey } from "../trail-file.ts";
import type { Listing } from "./listing.ts";
import type { Findings } from "./report.ts";
import { readFile } from "./tree.ts";

/** What an auditor keeps outside of the trail. */
export interface Pin {
  /** The first key. */
  readonly vkey?: string;
  /** SHA-256 of the first `trail.json`, as entry 0 says it. */
  readonly digest?: string;
  /** Public keys of the owners, as `ssh-ed25519 AAAA…`, with their names. */
  readonly owners?: ReadonlyMap<string, string>;
}

export interface DescriptionCheck {
  readonly objects: ObjectReader;
  readonly listing: Listing;
  readonly file: TrailFile;
  /** What was verified before, if this goes on from there. */
  readonly base: Verified | undefined;
  readonly entries: ReadonlyMap<number, Entry>;
  readonly pin: Pin;
  readonly findings: Findings;
}

interface Verified extends Pick<KeptState, "began" | "approvers"> {
  readonly file: TrailFile;
}

/** What a later run compares its pins with. */
export interface Described {
  /** Absent where the trail does not begin as it should. */
  readonly began: Beginning | undefined;
  readonly approvers: readonly string[];
}

/**
 * The trail's description is what its entries say: begun once, each change and each key recorded and approved. That
 * the keys signed what they had to is checked with the checkpoints.
 */
export async function checkDescription(check: DescriptionCheck): Promise<Described> {
  const { file, base, entries, findings } = check;
  const began = base?.began ?? findBeginning(check);
  if (began !== undefined) checkPins(began, check);
  const steps = [...entries].filter(([, { predicate }]) => predicate.rotation ?? predicate.revocation);
  const first = base === undefined ? 0 : base.file.keys.length - 1;
  for (const [at, [seq, { predicate }]] of steps.entries()) {
    checkStep(predicate, { seq, old: file.keys[first + at], next: file.keys[first + at + 1] }, findings);
  }
  const recorded = first + steps.length + 1;
  if (file.keys.length !== recorded) {
    const message = `trail.json names ${file.keys.length} keys, the entries ${recorded}`;
    findings.add("TRAIL_KEY_UNRECORDED", message, { path: "trail.json" });
  }
  checkDigest(check);
  const approvers = new Set(base?.approvers);
  for (const approver of approvers) checkApprover(check, approver, "an earlier entry");
  for (const [seq, entry] of entries) {
    const approver = await checkApproval(check, seq, entry);
    if (approver !== undefined) approvers.add(approver);
  }
  return { began, approvers: [...approvers].sort() };
}

function findBeginning({ file, entries, findings }: DescriptionCheck): Beginning | undefined {
  const created = [...entries].filter(([, { predicate }]) => predicate.trail !== undefined);
  const [first, second] = created;
  const trail = first?.[1].predicate.trail;
  if (trail === undefined || first?.[0] !== 0) {
    findings.add("TRAIL_BEGINNING_WRONG", "entry 0 is not trail.created", { seq: 0 });
    return undefined;
  }
  if (second !== undefined) {
    findings.add("TRAIL_BEGINNING_WRONG", `entry ${second[0]} is trail.created again`, { seq: second[0] });
  }
  if (trail.origin !== file.origin || trail.vkey !== file.keys[0]?.vkey) {
    findings.add("TRAIL_BEGINNING_WRONG", "entry 0 names another origin or key than trail.json", { seq: 0 });
  }
  return { vkey: trail.vkey, digest: trail.digest };
}

function checkPins({ vkey, digest }: Beginning, { pin, findings }: DescriptionCheck): void {
  if (pin.vkey !== undefined && pin.vkey !== vkey) {
    findings.add("TRAIL_PIN_WRONG", `the trail began with the key ${vkey}, pinned is ${pin.vkey}`, {
      seq: 0,
    });
  }
  if (pin.digest !== undefined && pin.digest !== digest) {
    findings.add("TRAIL_PIN_WRONG", `the trail began with ${digest}, pinned is ${pin.digest}`, {
      seq: 0,
    });
  }
  if (pin.vkey === undefined && pin.digest === undefined) {
    findings.note(
      "The first key is the trail's own word: compare it with the one printed when the trail was made.",
    );
  }
}

interface Step {
  readonly seq: number;
  readonly old: TrailKey | undefined;
  readonly next: TrailKey | undefined;
}

/** An entry about keys and the two keys of `trail.json` that it stands for. */
function checkStep({ rotation, revocation }: Predicate, { seq, old, next }: Step, findings: Findings): void {
  const said = rotation ?? { old: revocation!.vkey, new: revocation!.new };
  const end = rotation === undefined ? revocation!.last_good_size : next?.from;
  const isRight =
    old?.vkey === said.old &&
    next?.vkey === said.new &&
    next.from > seq &&
    old.to !== undefined &&
    old.to === end;
  if (isRight) return;
  const message = `entry ${seq} replaces a key in another way than trail.json says`;
  findings.add("TRAIL_KEY_WRONG", message, { seq, path: "trail.json" });
}

/** The last entry that names a description names this one. */
function checkDigest({ file, base, entries, findings }: DescriptionCheck): void {
  const named = [...entries.values()].map(
    ({ predicate: p }) => (p.trail ?? p.config ?? p.rotation ?? p.revocation)?.digest,
  );
  const last = named.findLast((digest) => digest !== undefined) ?? (base && digestOf(base.file));
  if (last === digestOf(file)) return;
  findings.add("TRAIL_FILE_UNRECORDED", "trail.json is not the one that the entries name last", {
    path: "trail.json",
  });
}

/** Who approved the change that an entry tells of; undefined if it tells of none, or nobody rightly did. */
async function checkApproval(
  check: DescriptionCheck,
  seq: number,
  { predicate }: Entry,
): Promise<string | undefined> {
  const { objects, listing, file, pin, findings } = check;
  const change = approvableOf(predicate);
  const digest = (predicate.rotation ?? predicate.revocation ?? predicate.config)?.approval;
  if (change === undefined || digest === undefined) return undefined;
  const path = evidencePathOf(digest);
  const signature = await readFile(objects, listing, path);
  if (signature === undefined) {
    findings.add("TRAIL_APPROVAL_MISSING", `the owner's approval of entry ${seq} is not there`, {
      seq,
      path,
    });
    return undefined;
  }
  let approver: string;
  try {
    approver = verifyApproval(signature, file.origin, change);
  } catch (cause) {
    if (!(cause instanceof GateError)) throw cause;
    if (cause.code === "TRAIL_SSHSIG_UNSUPPORTED")
      findings.leaveOpen(cause.code, cause.message, { seq, path });
    else findings.addError(cause, { seq, path });
    return undefined;
  }
  checkApprover(check, approver, `entry ${seq}`, { seq, path });
  const isPinned = pin.vkey !== undefined || pin.digest !== undefined;
  if (change.kind === "key.revoked" && isPinned && pin.owners === undefined) {
    // No key from before signed it: without the owners, whoever may push could have.
    const message = `entry ${seq} revokes a key on the word of ${approver}: say with --owners whether that is an owner`;
    findings.leaveOpen("TRAIL_OWNERS_UNKNOWN", message, { seq });
  }
  return approver;
}

function checkApprover(
  { pin: { owners }, findings }: DescriptionCheck,
  approver: string,
  what: string,
  place: { readonly seq?: number; readonly path?: string } = {},
): void {
  if (owners === undefined) {
    findings.note(
      `What ${what} changes was approved by ${approver}: whether that is an owner's key is for you to say.`,
    );
  } else if (!owners.has(approver)) {
    findings.add("TRAIL_APPROVAL_STRANGER", `${what} was approved by ${approver}, no owner's key`, place);
  }
}
