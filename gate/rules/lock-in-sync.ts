import { formerVersions } from "../model/change.ts";
import type { Judgement } from "../model/decision.ts";
import type { LockEvidence, Side } from "../model/evidence.ts";
import type { Finding } from "../model/finding.ts";
import type { DeclaredArtifact } from "../model/manifest.ts";
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
    const orphans = findOrphans(view).map((path) => fail(removed(view, path)));
    return combine([...stages.map(judgeStage), ...orphans]);
  },
};

/** By what the base says: a change does not excuse itself by deleting its recipe. */
function hadPipeline({ evidence, problems }: View): boolean {
  return (
    evidence.some(({ kind, side }) => kind === "lock" && side === "base") ||
    problems.some(({ side, place }) => side === "base" && LOCK_FILE.test(place.path))
  );
}

/**
 * Paths that a stage makes at the base and none does any more, whatever the stage is called. A new name is no way out
 * for an artifact: where one that was made is gone, each that is new has to be made, too.
 */
function findOrphans(view: View): readonly string[] {
  const manifest = view.model?.head?.manifest;
  if (view.model === undefined || manifest === undefined) return [];
  const [before, now] = [madeAt(view, "base"), madeAt(view, "head")];
  const former = formerVersions(view.model).flatMap((version) => version.manifest?.artifacts ?? []);
  const kept = new Set(manifest.artifacts.map(({ path }) => path));
  const isReplaced = former.some(({ path }) => before.has(path) && !kept.has(path));
  const handmade = new Set(former.filter(({ path }) => !before.has(path)).map(nameOf));
  const lost = [...manifest.artifacts, ...manifest.evaluation].filter(({ path }) => before.has(path));
  const heirs = isReplaced ? manifest.artifacts.filter((artifact) => !handmade.has(nameOf(artifact))) : [];
  const paths = new Set([...lost, ...heirs].map(({ path }) => path));
  return [...paths].filter((path) => !now.has(path));
}

function madeAt({ evidence }: View, side: Side): ReadonlySet<string> {
  return new Set(
    evidence.flatMap((item) => (item.kind === "lock" && item.side === side ? (item.makes ?? []) : [])),
  );
}

function nameOf({ path }: DeclaredArtifact): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function removed({ model }: View, made?: string): Finding {
  const path = model?.head?.manifest?.path;
  return {
    code: "LOCK_REMOVED",
    message: `A pipeline makes ${made ?? "this model"} at the base, and none does any more`,
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
