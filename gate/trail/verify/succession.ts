import type { Entry } from "../entry.ts";
import type { Succession } from "../succession.ts";
import { digestOf } from "../trail-file.ts";
import type { History, Snapshot } from "./history.ts";
import type { Findings } from "./report.ts";

const KIND: ReadonlyMap<string, Succession> = new Map([
  ["config.changed", "configured"],
  ["key.rotated", "rotated"],
  ["key.revoked", "revoked"],
]);

/** A commit that changes `trail.json` records so in an entry of its own, and such an entry stands nowhere else. */
export function checkSuccessions(
  history: History | undefined,
  entries: ReadonlyMap<number, Entry>,
  findings: Findings,
): void {
  if (history === undefined) return;
  const changes = [...entries].filter(([, { predicate }]) => KIND.has(predicate.kind));
  for (const snapshot of history.snapshots.filter(({ succession }) => succession !== "same")) {
    const own = changes.filter(([seq]) => isIn(snapshot, seq));
    const isRecorded = own.length === 1 && own.every(([, entry]) => isRecordOf(snapshot, entry));
    if (isRecorded) continue;
    const { commit } = snapshot;
    findings.add("TRAIL_FILE_UNRECORDED", `commit ${commit} changes trail.json, its entries do not say so`, {
      commit,
    });
  }
  checkFirst(history, entries.get(0), findings);
  const first = history.snapshots[0]?.from ?? 0;
  for (const [seq, { predicate }] of changes) {
    if (
      seq < first ||
      history.snapshots.some((snapshot) => snapshot.succession !== "same" && isIn(snapshot, seq))
    )
      continue;
    const message = `entry ${seq} is ${predicate.kind}, but its commit does not change trail.json`;
    findings.add("TRAIL_FILE_UNRECORDED", message, { seq });
  }
}

/** The description that the first commit brings is the one that entry 0 names. */
function checkFirst({ snapshots: [first] }: History, entry: Entry | undefined, findings: Findings): void {
  if (first?.from !== 0 || entry?.predicate.trail?.digest === digestOf(first.file)) return;
  const { commit } = first;
  findings.add("TRAIL_FILE_UNRECORDED", `commit ${commit} has another trail.json than entry 0 names`, {
    commit,
  });
}

function isIn({ from, checkpoint }: Snapshot, seq: number): boolean {
  return from <= seq && seq < checkpoint.size;
}

function isRecordOf({ succession, file, checkpoint }: Snapshot, { predicate }: Entry): boolean {
  const { kind, config, rotation, revocation } = predicate;
  if (config?.from !== undefined && config.from !== checkpoint.size) return false;
  return KIND.get(kind) === succession && (config ?? rotation ?? revocation)?.digest === digestOf(file);
}
