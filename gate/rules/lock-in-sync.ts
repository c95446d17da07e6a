import type { Judgement } from "../model/decision.ts";
import type { LockEvidence } from "../model/evidence.ts";
import { broken, combine, fail, notApplicable, pass } from "./judgement.ts";
import type { Rule } from "./rule.ts";

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
    if (stages.length === 0) return notApplicable("No pipeline makes this model");
    return combine(stages.map(judgeStage));
  },
};

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
