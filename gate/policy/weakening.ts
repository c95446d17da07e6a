import { GateError } from "../model/error.ts";
import type { Tightening } from "../model/policy.ts";
import { type PolicyFile, showPlace } from "./document.ts";
import { grants, type Move, showFacet } from "./facets.ts";

/** One thing of the parents, and what a file changes in it. */
export interface Change {
  readonly kind: "gate" | "role" | "model";
  readonly id: string;
  readonly moves: readonly Move[];
}

/** Throws GateError `POLICY_WEAKENS`, with every weakening as a small diff, unless the file only tightens. */
export function assertTightens(file: PolicyFile, changes: readonly Change[]): void {
  const weaker = changes
    .map((change) => ({ ...change, moves: change.moves.filter(({ effect }) => effect === "loosened") }))
    .filter(({ moves }) => moves.length > 0);
  const first = weaker[0]?.moves[0];
  if (first === undefined) return;
  const blocks = weaker.map(({ kind, id, moves }) =>
    [`${kind} ${id}`, ...moves.flatMap(showMove)].join("\n"),
  );
  const state = "it weakens what its parents ask for, and a child may only tighten";
  throw new GateError("POLICY_WEAKENS", `Cannot load ${file.name}: ${state}\n${blocks.join("\n")}`, {
    place: first.to?.written?.place ?? { path: file.path },
    fix: "Write what the parent asks for or something stricter, or leave the line out",
  });
}

/** What the file makes stricter in its parents' gates; whom it is the first to let in is none of it. */
export function toTightenings(file: PolicyFile, changes: readonly Change[]): readonly Tightening[] {
  return changes
    .filter(({ kind }) => kind === "gate")
    .flatMap(({ id, moves }) =>
      moves
        .filter(({ from, to }) => from !== undefined || !grants(to))
        .map(({ what, from, to }) => ({
          gate: id,
          what,
          from: showFacet(from),
          to: showFacet(to),
          by: file.name,
        })),
    );
}

/** `- min: 0.80 (core@1.0.0)` and `+ min: 0.75 (.weighbridge/policy.yml:14)` */
function showMove({ what, from, to }: Move): readonly string[] {
  const name = what.replace(/^with\./, "");
  const [before, after] = [from?.written?.by, to?.written?.place];
  return [
    `- ${name}: ${showFacet(from)}${before === undefined ? "" : ` (${before})`}`,
    `+ ${name}: ${showFacet(to)}${after === undefined ? "" : ` (${showPlace(after)})`}`,
  ];
}
