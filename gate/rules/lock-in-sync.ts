import type { Judgement } from "../model/decision.ts";
import type { LockEvidence } from "../model/evidence.ts";
import type { Finding } from "../model/finding.ts";
import { broken, combine, fail, notApplicable, pass } from "./judgement.ts";
import type { Rule, View } from "./rule.ts";

const NO_PIPELINE = "No pipeline makes this model";
const LOCK_FILE = /(?:^|\/)dvc\.(?:lock|yaml)$/;

export const lockInSync: Rule = {
  name: "lock.in-sync",
  title: "The pipeline's lock matches its files and parameters",
  scope: "model",
  parameters: {},
  judge(_args, view) {
    if (view.model?.head === undefined) return notApplicable("The model is removed");
    const unread = view.problems.filter(({ side, place }) => side === "head" && LOCK_FILE.test(place.path));
    if (unread.length > 0)
      return broken(unread.map(({ code, message, place }) => ({ code, message, place })));
    const stages = view.evidence.filter(
      (item): item is LockEvidence => item.kind === "lock" && item.side === "head",
    );
    if (stages.length === 0) return hadPipeline(view) ? fail(removed(view)) : notApplicable(NO_PIPELINE);
    return combine(stages.map(judgeStage));
  },
};

/** By what the base says: a change does not excuse itself by deleting its recipe. */
function hadPipeline({ evidence, problems }: View): boolean {
  return (
    evidence.some(({ kind, side }) => kind === "lock" && side === "base") ||
    problems.some(({ side, place }) => side === "base" && LOCK_FILE.test(place.path))
  );
}

function removed({ model }: View): Finding {
  const path = model?.head?.manifest?.path;
  return {
    code: "LOCK_REMOVED",
    message: "A pipeline makes this model at the base, and none does any more",
    ...(path === undefined ? {} : { place: { path } }),
    fix: "Keep the stages in dvc.yaml and dvc.lock, or have the gate waived",
  };
}

function judgeStage(stage: LockEvidence): Judgement {
  const seen = { observed: stage.stage, expected: "in sync", evidence: [stage] };
  if (stage.mismatches.length === 0) return pass(seen);
  return fail(
    stage.mismatches.map(({ message, place }) => ({
      code: "LOCK_OUT_OF_SYNC",
      message: `Stage ${stage.stage}: ${message}`,
      place,
      fix: "Run dvc repro, or dvc commit -f for a dependency that was taken out, and commit dvc.lock",
    })),
    seen,
  );
}
