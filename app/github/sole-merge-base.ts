import { severalMergeBases } from "../../gate/change/merge-bases.ts";
import { GateError } from "../../gate/model/error.ts";
import type { ComparedCommit, Comparison } from "./comparison.ts";
import type { Stretch } from "./kept-comparison.ts";

/** Questions about one change; a usual one is answered by none or one. */
const QUESTIONS_MAX = 64;

export interface SoleMergeBaseWorld {
  /** All commits of the head that the base does not have, as far as they can be read. */
  readonly commits: (
    comparison: Comparison,
  ) => Promise<{ readonly commits: readonly ComparedCommit[]; readonly complete: boolean }>;
  /** What the second commit has and the first does not; undefined where they cannot be compared. */
  readonly stretch: (base: string, head: string) => Promise<Stretch | undefined>;
}

/**
 * Asserts that what GitHub names as merge base is the only one; it names one of several without a word. Rejects
 * `MERGE_BASE_SEVERAL` where histories cross, `MERGE_BASE_UNSURE` where there are too many commits to tell.
 */
export async function assertSoleMergeBase(
  comparison: Comparison,
  { commits, stretch }: SoleMergeBaseWorld,
): Promise<void> {
  const { base, head, mergeBase } = comparison;
  // Where the base is in the head, every commit that they have in common is an ancestor of it.
  if (mergeBase === base || mergeBase === head) return;
  const all = await commits(comparison);
  if (!all.complete)
    throw unsure(comparison, `it brings ${comparison.total} commits, which are not all read`);
  const open = commonParents(all.commits);
  open.delete(mergeBase);
  for (let questions = 0; open.size > 0; questions++) {
    if (questions === QUESTIONS_MAX) throw unsure(comparison, "the base was merged into it too often");
    const common = open.values().next().value!;
    const found = await stretch(common, mergeBase);
    if (found?.mergeBase !== common) throw severalMergeBases({ base, head }, [mergeBase, common]);
    open.delete(common);
    for (const below of found.commits ?? []) open.delete(below);
  }
}

/** Commits that the base has, too, and that commits of the head alone were made on: every merge base is among them. */
function commonParents(commits: readonly ComparedCommit[]): Set<string> {
  const own = new Set(commits.map(({ sha }) => sha));
  return new Set(commits.flatMap(({ parents }) => parents).filter((parent) => !own.has(parent)));
}

function unsure({ base, head }: Comparison, why: string): GateError {
  const message = `Cannot tell what ${head} changes: whether it has one merge base with ${base} is not known, for ${why}`;
  return new GateError("MERGE_BASE_UNSURE", message, {
    fix: "Rebase the change onto the branch that it wants to enter, or bring it in parts",
  });
}
