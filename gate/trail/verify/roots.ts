import { WITNESSED_FILE } from "../batch.ts";
import type { Checkpoint, SignedCheckpoint } from "../checkpoint.ts";
import type { KeptState } from "../kept-state.ts";
import { equalHashes } from "../merkle.ts";
import type { History } from "./history.ts";
import type { Findings } from "./report.ts";
import type { Roots } from "./tree.ts";

/** A root that somebody stated for a size, and what it means if the entries have another. */
export interface Expected {
  readonly size: number;
  readonly root: Uint8Array;
  readonly code: "TRAIL_ROOT_WRONG" | "TRAIL_FORKED";
  readonly message: string;
  readonly place: { readonly path?: string; readonly commit?: string };
}

export interface Statements {
  readonly checkpoint: SignedCheckpoint;
  readonly witnessed: SignedCheckpoint | undefined;
  readonly since: KeptState | undefined;
  /** What somebody kept of the trail, whose word it is or not. */
  readonly kept: Checkpoint | undefined;
  readonly history: History | undefined;
}

/** Every root that was stated, by rising size. A statement about more entries than there are is a finding. */
export function expectedRoots(statements: Statements, findings: Findings): readonly Expected[] {
  const { checkpoint, witnessed, since, kept, history } = statements;
  checkSince(checkpoint, since, history, findings);
  checkOrigin(checkpoint, kept, "checkpoint", findings);
  const expected: Expected[] = [
    ...(history?.snapshots ?? []).map(({ commit, checkpoint: { size, root } }) => ({
      size,
      root,
      code: "TRAIL_ROOT_WRONG" as const,
      message: `commit ${commit} signed a root of ${size} entries that they do not have`,
      place: { commit },
    })),
    signedRoot(checkpoint),
    ...(witnessed === undefined ? [] : [witnessedRoot(witnessed)]),
    ...(since === undefined ? [] : [verifiedRoot(since)]),
    ...(kept === undefined ? [] : [keptRoot(kept)]),
  ];
  for (const { size, message, place } of expected) {
    if (size > checkpoint.size)
      findings.add("TRAIL_ROLLED_BACK", `${message}: there are ${checkpoint.size}`, place);
  }
  return expected.filter(({ size }) => size <= checkpoint.size).sort((a, b) => a.size - b.size);
}

/** Each stated root is the one that the entries give. */
export async function compareRoots(
  {
    expected,
    roots,
    earlier,
  }: {
    readonly expected: readonly Expected[];
    readonly roots: Roots;
    /** Roots of sizes that this run does not pass. */
    readonly earlier: (size: number) => Promise<Uint8Array | undefined>;
  },
  findings: Findings,
): Promise<void> {
  for (const { size, root, code, message, place } of expected) {
    const computed = roots.get(size) ?? (await earlier(size));
    if (computed === undefined) {
      findings.leaveOpen("TRAIL_ROOT_UNKNOWN", `damage hides the root of ${size} entries`, place);
    } else if (!equalHashes(computed, root)) {
      findings.add(code, message, place);
    }
  }
}

function checkOrigin(
  { origin }: SignedCheckpoint,
  kept: { readonly origin: string } | undefined,
  what: "state" | "checkpoint",
  findings: Findings,
): void {
  if (kept === undefined || kept.origin === origin) return;
  findings.add("TRAIL_ORIGIN_WRONG", `this is the trail of ${origin}, kept is a ${what} of ${kept.origin}`);
}

function checkSince(
  checkpoint: SignedCheckpoint,
  since: KeptState | undefined,
  history: History | undefined,
  findings: Findings,
): void {
  if (since === undefined) return;
  checkOrigin(checkpoint, since, "state", findings);
  if (history !== undefined && !history.isShallow && !history.commits.has(since.commit)) {
    const message = `commit ${since.commit}, which was verified before, is not in the history`;
    findings.add("TRAIL_HISTORY_REWRITTEN", message, { commit: since.commit });
  }
}

function signedRoot({ size, root }: SignedCheckpoint): Expected {
  const message = `the root of ${size} entries that was signed is not theirs`;
  return { size, root, code: "TRAIL_ROOT_WRONG", message, place: { path: "checkpoint" } };
}

function witnessedRoot({ size, root }: SignedCheckpoint): Expected {
  const message = `witnesses saw another root of ${size} entries`;
  return { size, root, code: "TRAIL_FORKED", message, place: { path: WITNESSED_FILE } };
}

function keptRoot({ size, root }: Checkpoint): Expected {
  const message = `the checkpoint that was kept has another root of ${size} entries`;
  return { size, root, code: "TRAIL_FORKED", message, place: {} };
}

function verifiedRoot({ size, root, commit }: KeptState): Expected {
  const message = `a run before verified another root of ${size} entries`;
  return { size, root, code: "TRAIL_FORKED", message, place: { commit } };
}
