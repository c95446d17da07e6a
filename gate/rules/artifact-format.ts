import type { Judgement } from "../model/decision.ts";
import type { ArtifactEvidence, ScanFinding } from "../model/evidence.ts";
import type { Finding } from "../model/finding.ts";
import { FORMATS } from "../model/formats.ts";
import { textsOf } from "./arguments.ts";
import { broken, combine, fail, missing, notApplicable, pass } from "./judgement.ts";
import type { Rule, View } from "./rule.ts";

export const artifactFormat: Rule = {
  name: "artifact.format",
  title: "Model files are in a format that cannot run code, and every byte is explained",
  scope: "model",
  parameters: {
    allow: {
      schema: {
        type: "array",
        minItems: 1,
        uniqueItems: true,
        items: { enum: Object.keys(FORMATS) },
        description: "Formats that are allowed; every format that can be read completely if absent.",
        examples: [["safetensors", "onnx"]],
      },
      tighter: { kind: "subset" },
    },
  },
  judge(args, view) {
    if (view.model?.head === undefined) return notApplicable("The model is removed");
    const { artifacts } = view.model.head;
    if (artifacts.length === 0) return missing(noArtifact(view));
    const allow = textsOf(args, "allow");
    return combine(artifacts.map(({ path }) => judgeFile(view, path, allow)));
  },
};

function judgeFile(view: View, path: string, allow: readonly string[] | undefined): Judgement {
  const problem = view.model?.head?.artifacts.find((artifact) => artifact.path === path)?.problem;
  if (problem !== undefined) return broken({ place: { path }, ...problem });
  const evidence = view.evidence.find(
    (item): item is ArtifactEvidence =>
      item.kind === "artifact" && item.side === "head" && item.path === path,
  );
  if (evidence === undefined) return missing(notScanned(path));
  const findings = findingsOf(evidence, allow);
  const seen = {
    observed: evidence.scan.format,
    expected: allow === undefined ? "read completely, nothing that runs" : `one of ${allow.join(", ")}`,
    evidence: [evidence],
  };
  return findings.length === 0 ? pass(seen) : fail(findings, seen);
}

function findingsOf(
  { path, scan }: ArtifactEvidence,
  allow: readonly string[] | undefined,
): readonly Finding[] {
  const findings = scan.findings
    .filter(({ severity }) => severity === "fail")
    .map((finding) => toFinding(path, finding));
  if (allow !== undefined && !allow.includes(scan.format)) {
    findings.push({
      code: "FORMAT_NOT_ALLOWED",
      message: `${path} is ${scan.format}, the policy allows ${allow.join(", ")}`,
      place: { path },
      fix: `Save the model as ${allow[0]}`,
    });
  }
  if (!scan.complete && findings.length === 0) {
    findings.push({
      code: "NOT_EXPLAINED",
      message: `Some bytes of ${path} could not be explained`,
      place: { path },
    });
  }
  return findings;
}

function toFinding(path: string, { code, where, message, fix }: ScanFinding): Finding {
  const text = where === "" ? message : `${where}: ${message}`;
  return { code, message: text, place: { path }, ...(fix === undefined ? {} : { fix }) };
}

function notScanned(path: string): Finding {
  return { code: "NOT_SCANNED", message: `${path} was not scanned`, place: { path } };
}

function noArtifact(view: View): Finding {
  const path = view.model?.head?.manifest?.path;
  return {
    code: "ARTIFACT_MISSING",
    message: "The model has no file that could be weighed",
    ...(path === undefined ? {} : { place: { path } }),
    fix: "Name the model's files under artifacts in model.yml",
  };
}
