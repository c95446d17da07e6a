import type { Artifact } from "../model/change.ts";
import type { Judgement } from "../model/decision.ts";
import type { Digest } from "../model/digest.ts";
import type { Finding } from "../model/finding.ts";
import type { Place } from "../model/place.ts";
import { broken, combine, fail, missing, notApplicable, pass } from "./judgement.ts";
import type { Rule, View } from "./rule.ts";

export const artifactDigest: Rule = {
  name: "artifact.digest",
  title: "The manifest's digests are those of the bytes",
  scope: "model",
  parameters: {},
  judge(_args, view) {
    if (view.model?.head === undefined) return notApplicable("The model is removed");
    const { artifacts } = view.model.head;
    if (artifacts.length === 0) {
      return missing({ code: "ARTIFACT_MISSING", message: "The model has no file that could be weighed" });
    }
    return combine(artifacts.map((artifact) => judgeFile(view, artifact)));
  },
};

function judgeFile(view: View, artifact: Artifact): Judgement {
  const { path, digest, declared, problem } = artifact;
  if (problem !== undefined) return broken({ place: { path }, ...problem });
  if (digest === undefined) return missing(unknown(path));
  const seen = { observed: digest, expected: declared ?? "a digest in the manifest" };
  if (declared === undefined) return fail(notDeclared(view, path, digest), seen);
  if (declared !== digest) return fail(differs(view, artifact, digest), seen);
  return pass(seen);
}

function unknown(path: string): Finding {
  return { code: "DIGEST_UNKNOWN", message: `The content of ${path} is not known`, place: { path } };
}

function notDeclared(view: View, path: string, digest: Digest): Finding {
  return {
    code: "DIGEST_NOT_DECLARED",
    message: `No manifest states the digest of ${path}`,
    place: placeOf(view, path),
    fix: `Write digest: ${digest} beside the path in model.yml`,
  };
}

/** A different algorithm is a different digest too: what cannot be compared does not agree. */
function differs(view: View, { path, declared, pointer }: Artifact, digest: Digest): Finding {
  const says = pointer === undefined ? "bytes say" : `${pointer.kind.toUpperCase()} pointer says`;
  return {
    code: "DIGEST_DIFFERS",
    message: `model.yml states ${declared} for ${path}, its ${says} ${digest}`,
    place: placeOf(view, path),
    fix: `If this is the model you evaluated, write digest: ${digest}`,
  };
}

function placeOf(view: View, path: string): Place {
  const manifest = view.model?.head?.manifest;
  if (manifest === undefined) return { path };
  const line = manifest.lines.artifacts;
  return { path: manifest.path, ...(line === undefined ? {} : { line }) };
}
