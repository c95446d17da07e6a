import { GateError } from "../model/error.ts";

/** Histories that cross: what a merge brings in is then nothing that one merge base could be compared with. */
export function severalMergeBases(
  { base, head }: { readonly base: string; readonly head: string },
  [found, another]: readonly [string, string],
): GateError {
  const message = `Cannot tell what ${head} changes: it has more than one merge base with ${base}, ${found} and ${another} among them`;
  return new GateError("MERGE_BASE_SEVERAL", message, {
    fix: "Merge the base branch into the change once more, or rebase the change onto it",
  });
}
