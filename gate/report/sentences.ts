import type { ChangeClass, ChangeSet } from "../model/change.ts";
import type { DecisionRecord } from "../model/decision.ts";
import type { PolicyChange } from "../model/policy.ts";

export const CLASS_WORDS: Readonly<Record<ChangeClass, string>> = {
  A: "documentation only",
  B: "refresh",
  C: "material change",
  D: "new model",
  E: "retirement or rollback",
};

export interface Counts {
  readonly results: number;
  readonly closed: number;
  readonly warned: number;
  readonly waived: number;
  readonly passed: number;
  readonly notApplicable: number;
}

/** What became of the change; `unused` counts what the run brought and no model took. */
export function statementOf(record: DecisionRecord, counts: Counts, unused = 0): string {
  const nothing = emptiness(record.input.change);
  if (nothing === undefined) return outcomeStatement(record, counts, unused);
  // Whatever a gate says then, it says of no change.
  if (record.verdict === "pass") return `${nothing}, so there is nothing to judge`;
  return `${outcomeStatement(record, counts, unused)}; ${nothing}, so there is no change`;
}

/** Why there is no change at all, which is easily taken for one that was judged; undefined where there may be one. */
export function emptiness({ base, mergeBase, head }: ChangeSet): string | undefined {
  if (base === head) return "base and head are the same commit";
  return mergeBase === head ? "the base already holds the head" : undefined;
}

function outcomeStatement(
  { verdict, models, input }: DecisionRecord,
  counts: Counts,
  unused: number,
): string {
  switch (verdict) {
    case "error":
      return "this change could not be judged, so it stays closed";
    case "fail":
      return `${phrase(counts.closed, "gate closes", "gates close")} this change`;
    case "wait":
      return "only approvals are missing";
    case "pass":
      if (models.length === 0 && counts.warned === 0) return "this change touches no model";
      if (input.policy.mode === "advisory") return `nothing is enforced${remainder(counts, unused)}`;
      return `no gate closes this change${remainder(counts, unused)}`;
  }
}

function remainder({ warned, waived }: Counts, unused: number): string {
  const parts = [
    ...phrases(warned, "gate warns", "gates warn"),
    ...phrases(waived, "is open by waiver", "are open by waiver"),
    ...phrases(unused, "file of the run is not used", "files of the run are not used"),
  ];
  return parts.length === 0 ? "" : `; ${parts.join(", ")}`;
}

/** `12 gates: 2 close, 1 warns, 1 is waived, 7 pass, 1 does not apply` */
export function countsLine({ results, closed, warned, waived, passed, notApplicable }: Counts): string {
  const parts = [
    ...phrases(closed, "closes", "close"),
    ...phrases(warned, "warns", "warn"),
    ...phrases(waived, "is waived", "are waived"),
    ...phrases(passed, "passes", "pass"),
    ...phrases(notApplicable, "does not apply", "do not apply"),
  ];
  const what = phrase(results, "gate", "gates");
  return parts.length === 0 ? what : `${what}: ${parts.join(", ")}`;
}

/** `1 gate`, `2 gates` */
export function phrase(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}

function phrases(number: number, one: string, many: string): readonly string[] {
  return number === 0 ? [] : [phrase(number, one, many)];
}

const FILE_KINDS = {
  policy: "its own policy",
  waiver: "waivers",
  workflow: "workflows that judge it",
} as const;

const EFFECTS = ["loosened", "tightened", "changed"] as const;

/** What a change edits of its own judge, and who decided: never what it edits. */
export function policyChangeSentence({ files, differences, unreadable }: PolicyChange): string {
  const kinds = (["policy", "waiver", "workflow"] as const).filter((kind) =>
    files.some((file) => file.kind === kind),
  );
  const edited = kinds.map((kind) => FILE_KINDS[kind]).join(" and ");
  const effects = EFFECTS.flatMap((effect) => {
    const number = differences.filter((difference) => difference.effect === effect).length;
    return phrases(number, `demand ${effect}`, `demands ${effect}`);
  });
  const after = unreadable === undefined ? effects.join(", ") : "The new policy cannot be read";
  return `This change edits ${edited}; the policy of the base decided.${after === "" ? "" : ` ${after}.`}`;
}
