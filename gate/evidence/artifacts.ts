import { scanFile } from "../artifact/scan.ts";
import type { ByteSource } from "../model/bytes.ts";
import type { Artifact } from "../model/change.ts";
import type { Digest } from "../model/digest.ts";
import { GateError } from "../model/error.ts";
import type { ArtifactEvidence, FileScan } from "../model/evidence.ts";
import { type CommitFiles, contentPath, openPointer, using } from "./commit-files.ts";
import type { ModelSide } from "./side.ts";

/** What the bytes of each artifact say. One whose digest could not be told has its problem said by the change. */
export async function collectArtifacts(
  on: Pick<ModelSide, "model" | "side" | "version" | "files">,
): Promise<readonly ArtifactEvidence[]> {
  const { artifacts, subject } = on.version;
  const evidence: ArtifactEvidence[] = [];
  for (const artifact of artifacts) {
    const { path, digest, problem } = artifact;
    if (problem !== undefined || digest === undefined) continue;
    evidence.push({
      kind: "artifact",
      model: on.model,
      side: on.side,
      // Scanned here and now, out of bytes whose digest was checked.
      trust: "ci",
      path,
      scan: await scanArtifact(on.files, artifact, digest),
      source: { adapter: "scan@1", path, digest },
      ...(subject === undefined ? {} : { subject }),
    });
  }
  return evidence;
}

async function scanArtifact(files: CommitFiles, artifact: Artifact, digest: Digest): Promise<FileScan> {
  const sha256 = digest.startsWith("sha256:") ? { sha256: digest.slice("sha256:".length) } : {};
  try {
    const source = await openArtifact(files, artifact);
    return await using(source, () => scanFile(source, contentPath(artifact.path), sha256));
  } catch (error) {
    if (!(error instanceof GateError)) throw error;
    const { code, message, fix } = error;
    return {
      path: artifact.path,
      format: "unknown",
      size: 0,
      sha256: sha256.sha256 ?? "",
      findings: [{ code, severity: "fail", where: "", message, ...(fix === undefined ? {} : { fix }) }],
      complete: false,
    };
  }
}

async function openArtifact(
  { tree, repository }: CommitFiles,
  { path, pointer }: Artifact,
): Promise<ByteSource> {
  if (pointer?.digest.endsWith(".dir")) {
    const message = `Cannot scan ${path}: DVC tracks it as a folder, expected a file`;
    throw new GateError("ARTIFACT_FOLDER", message, { fix: "Track each model file by itself: dvc add FILE" });
  }
  if (pointer !== undefined) return openPointer(repository, pointer, contentPath(path));
  const entry = tree.get(path);
  if (entry === undefined)
    throw new GateError("ARTIFACT_MISSING", `Cannot scan ${path}: the commit has no such file`);
  return repository.open(entry);
}
