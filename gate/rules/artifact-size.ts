import type { Artifact } from "../model/change.ts";
import type { Judgement } from "../model/decision.ts";
import type { ArtifactEvidence } from "../model/evidence.ts";
import { numberOf } from "./arguments.ts";
import { combine, fail, missing, notApplicable, pass } from "./judgement.ts";
import type { Rule, View } from "./rule.ts";

export const artifactSize: Rule = {
  name: "artifact.size",
  title: "Model files are within their budget of bytes",
  scope: "model",
  parameters: {
    max_bytes: {
      schema: {
        type: "integer",
        minimum: 1,
        description: "Largest size of one model file, in bytes.",
        examples: [500_000_000],
      },
      required: true,
      tighter: { kind: "lower" },
    },
  },
  judge(args, view) {
    if (view.model?.head === undefined) return notApplicable("The model is removed");
    const { artifacts } = view.model.head;
    if (artifacts.length === 0) {
      return missing({ code: "ARTIFACT_MISSING", message: "The model has no file that could be weighed" });
    }
    const max = numberOf(args, "max_bytes") ?? 0;
    return combine(artifacts.map((artifact) => judgeFile(view, artifact, max)));
  },
};

function judgeFile(view: View, artifact: Artifact, max: number): Judgement {
  const { path, pointer } = artifact;
  const evidence = view.evidence.find(
    (item): item is ArtifactEvidence =>
      item.kind === "artifact" && item.side === "head" && item.path === path,
  );
  const scanned = scannedSize(evidence);
  // A pointer's size beside the right digest can be any: unseen it may be too much, and never little enough.
  const size = scanned ?? pointer?.size;
  if (size === undefined || (scanned === undefined && size <= max)) {
    return missing({ code: "SIZE_UNKNOWN", message: `The size of ${path} is not known`, place: { path } });
  }
  const seen = {
    observed: `${size} bytes`,
    expected: `≤ ${max} bytes`,
    evidence: evidence === undefined ? [] : [evidence],
  };
  if (size <= max) return pass(seen);
  return fail(
    { code: "ARTIFACT_TOO_LARGE", message: `${path} is ${size} bytes, ${max} are allowed`, place: { path } },
    seen,
  );
}

/** Undefined for a file that could not be opened. */
function scannedSize(evidence: ArtifactEvidence | undefined): number | undefined {
  if (evidence === undefined) return undefined;
  const { format, size } = evidence.scan;
  return format === "unknown" && size === 0 ? undefined : size;
}
