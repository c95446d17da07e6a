import { faultOf, isAhead } from "../approval/waiver-terms.ts";
import { formerVersions, type ModelChange } from "../model/change.ts";
import type { JudgedModel, Judgement } from "../model/decision.ts";
import type { Gate } from "../model/gate.ts";
import type { Waiver } from "../model/policy.ts";
import type { WaiverUses } from "../model/trail.ts";
import { isLower, isWithin } from "../policy/version-range.ts";

/** What a waiver would be applied to. */
export interface Case {
  readonly gate: Gate;
  readonly judgement: Judgement;
  readonly model: ModelChange;
  readonly judged: JudgedModel;
  readonly now: string;
  readonly uses: readonly WaiverUses[] | undefined;
}

export interface Waived {
  /** The waiver that opens the gate. */
  readonly waiver?: string;
  readonly refusedWaivers: readonly { readonly id: string; readonly reason: string }[];
}

/** Whether a waiver of the base opens the gate, and why the others that name it do not. */
export function waive(waivers: readonly Waiver[], about: Case): Waived {
  const named = waivers.filter(
    ({ model, gates }) => model === about.model.id && gates.includes(about.gate.id),
  );
  const judged = named.map((waiver) => ({ id: waiver.id, reason: refusal(waiver, about) }));
  const effective = judged.find(({ reason }) => reason === undefined);
  return {
    ...(effective === undefined ? {} : { waiver: effective.id }),
    refusedWaivers: judged.flatMap(({ id, reason }) => (reason === undefined ? [] : [{ id, reason }])),
  };
}

/** Why the waiver has no effect; undefined if it has. The first reason that holds, hardest first. */
function refusal(waiver: Waiver, about: Case): string | undefined {
  const { gate, judged, now } = about;
  if (!gate.waivable) return `${gate.id} can never be waived`;
  return (
    faultOf(waiver, judged.tier, now) ??
    (isAhead(waiver, now) ? `it begins only at ${waiver.created}` : undefined) ??
    usesRefusal(waiver, about) ??
    scopeRefusal(waiver, about) ??
    floorRefusal(waiver, about)
  );
}

/** Uses are counted from the trail; where that cannot be done, a limit of uses cannot be kept. */
function usesRefusal({ id, maxUses }: Waiver, { uses }: Case): string | undefined {
  if (maxUses === undefined) return undefined;
  const count = uses?.find(({ waiver }) => waiver === id)?.count;
  if (count === undefined) return "its uses cannot be counted here";
  return count < maxUses ? undefined : `it was used ${count} of ${maxUses} times`;
}

function scopeRefusal({ scope }: Waiver, { model }: Case): string | undefined {
  switch (scope.kind) {
    case "digest":
      return scope.digest === model.head?.subject ? undefined : `it is about ${scope.digest}`;
    case "change_class":
      return scope.changeClass === model.changeClass
        ? undefined
        : `it is about changes of class ${scope.changeClass}`;
    case "version_range":
      return versionRefusal(scope.range, model);
  }
}

/** A version is the change's own word: one that goes back below the base's is not taken for one of the range. */
function versionRefusal(range: string, model: ModelChange): string | undefined {
  const version = model.head?.manifest?.version;
  if (version === undefined) return `model.yml states no version to hold against ${range}`;
  const former = formerVersions(model).flatMap(({ manifest }) => manifest?.version ?? []);
  const before = former.find((each) => isLower(version, each));
  if (before !== undefined) return `model.yml goes back from version ${before} to ${version}`;
  return isWithin(version, range) ? undefined : `it is about versions ${range}, this is ${version}`;
}

/** The waiver's own hard limit: a floor for most gates, a ceiling where the gate is one. */
function floorRefusal({ floor }: Waiver, { gate, judgement }: Case): string | undefined {
  if (floor === undefined) return undefined;
  const { measured } = judgement;
  if (measured === undefined) return `its floor of ${floor} cannot be held against this outcome`;
  const holds = gate.rule === "metric.ceiling" ? measured <= floor : measured >= floor;
  return holds ? undefined : `${measured} is past its own limit of ${floor}`;
}
