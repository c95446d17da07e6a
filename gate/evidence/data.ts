import { dvc } from "../adapter/dvc.ts";
import { type DvcOutput, parseDvcPointer } from "../change/pointer.ts";
import type { TreeEntry } from "../model/change.ts";
import type { Digest } from "../model/digest.ts";
import { GateError } from "../model/error.ts";
import type { DatasetEvidence, EvidenceProblem, Source } from "../model/evidence.ts";
import type { DeclaredDataset } from "../model/manifest.ts";
import { oncePer } from "../model/once.ts";
import { sha256Of } from "../parse/canonical.ts";
import { YAML_BYTES_MAX } from "../parse/yaml.ts";
import { type CommitFiles, digestBy, openEntry, readFile, readLfsPointer, using } from "./commit-files.ts";
import { FOLDER_FILES_MAX } from "./lock-content.ts";
import type { Pipeline } from "./pipeline.ts";
import { attempt, type Collected, type ModelSide } from "./side.ts";

/** What binds the content of a dataset, and the file that says so. */
interface Pin {
  readonly digest: Digest;
  readonly source: Source;
}

const CONTENT = "content@1";

/** Every dataset of the manifest with what pins it; one that nothing pins is evidence too. */
export async function collectData(on: ModelSide, pipelines: readonly Pipeline[]): Promise<Collected> {
  const { data, path: manifestPath, lines } = on.manifest;
  if (data.length === 0) return { evidence: [], problems: [] };
  const manifest = await readFile(on.files, manifestPath, YAML_BYTES_MAX);
  const stated: Source = {
    adapter: "manifest@1",
    path: manifestPath,
    digest: sha256Of(manifest ?? ""),
    ...(lines.data === undefined ? {} : { line: lines.data }),
  };
  const evidence: DatasetEvidence[] = [];
  const problems: EvidenceProblem[] = [];
  for (const dataset of data) {
    const concern = { on, path: dataset.path ?? manifestPath, metrics: [] };
    const read = await attempt(concern, () => findPin(on.files, dataset, pipelines));
    problems.push(...read.problems);
    // The manifest's word stands alone only where there is nothing to compare it with.
    const word = read.problems.length === 0 ? dataset.digest : undefined;
    evidence.push(toEvidence(on, dataset, read.value ?? { source: stated, digest: word }));
  }
  return { evidence, problems };
}

function toEvidence(
  on: ModelSide,
  { name, role, path, digest: declared }: DeclaredDataset,
  { digest, source }: { readonly digest: Digest | undefined; readonly source: Source },
): DatasetEvidence {
  return {
    kind: "dataset",
    model: on.model,
    side: on.side,
    trust: "declared",
    name,
    role,
    source,
    ...(path === undefined ? {} : { path }),
    ...(digest === undefined ? {} : { digest }),
    ...(declared === undefined || declared === digest ? {} : { declared }),
    ...(source.line === undefined ? {} : { line: source.line }),
  };
}

/** By the commit's own bytes, a pointer to others, or the lock of the pipeline that makes or reads the data. */
async function findPin(
  files: CommitFiles,
  { path, digest }: DeclaredDataset,
  pipelines: readonly Pipeline[],
): Promise<Pin | undefined> {
  if (path === undefined) return undefined;
  if (path.endsWith(".dvc")) return pinOfPointer(files, path, () => true);
  const entry = files.tree.get(path);
  if (entry !== undefined) return pinOfFile(files, entry, digest);
  return (
    (await pinOfPointer(files, `${path}.dvc`, (output) => output.path === path)) ??
    (await pinOfFolder(files, path)) ??
    pinOfLock(pipelines, path)
  );
}

async function pinOfPointer(
  files: CommitFiles,
  path: string,
  counts: (output: DvcOutput) => boolean,
): Promise<Pin | undefined> {
  const bytes = await readFile(files, path, YAML_BYTES_MAX);
  if (bytes === undefined) return undefined;
  const [output, second] = parseDvcPointer(bytes, path).filter(counts);
  if (output !== undefined && second === undefined) {
    return { digest: output.digest, source: { adapter: dvc.name, path, digest: sha256Of(bytes) } };
  }
  const message = `Cannot tell the dataset of ${path}: ${output === undefined ? "none" : "several"} of its outs could be meant`;
  throw new GateError("DVC_INVALID", message, {
    place: { path },
    fix: "Track each dataset by itself: dvc add",
  });
}

/** In the terms that the manifest uses, so that both can be compared. */
async function pinOfFile(files: CommitFiles, entry: TreeEntry, stated: Digest | undefined): Promise<Pin> {
  const digest = await digestOf(files, entry, stated?.startsWith("md5:") ? "md5" : "sha256");
  return { digest, source: { adapter: CONTENT, path: entry.path, digest } };
}

/** Taken once, of a commit: thousands of datasets may be the same folder. */
interface Taken {
  /** By kind of entry, object id and algorithm. */
  readonly digests: Map<string, Digest>;
  readonly folders: Map<string, Digest>;
}

const takenOf: (files: CommitFiles) => Taken = oncePer(() => ({ digests: new Map(), folders: new Map() }));

async function digestOf(files: CommitFiles, entry: TreeEntry, algorithm: "md5" | "sha256"): Promise<Digest> {
  const { digests } = takenOf(files);
  const key = `${entry.kind} ${entry.oid} ${algorithm}`;
  const known = digests.get(key);
  if (known !== undefined) return known;
  const digest = await using(await openEntry(files.repository, entry), async (source) => {
    // A pointer pins content that need not be here.
    const pointer = await readLfsPointer(source, entry.path);
    return pointer?.digest ?? digestBy(source, algorithm);
  });
  digests.set(key, digest);
  return digest;
}

async function pinOfFolder(files: CommitFiles, folder: string): Promise<Pin | undefined> {
  const { folders } = takenOf(files);
  const digest = folders.get(folder) ?? (await digestOfFolder(files, folder));
  if (digest === undefined) return undefined;
  folders.set(folder, digest);
  return { digest, source: { adapter: CONTENT, path: folder, digest } };
}

/** A folder as a model of several artifacts is: SHA-256 over the lines `<digest>  <path>\n`, sorted by path. */
async function digestOfFolder(files: CommitFiles, folder: string): Promise<Digest | undefined> {
  const paths = files.below(folder);
  if (paths.length === 0) return undefined;
  if (paths.length > FOLDER_FILES_MAX) {
    const message = `Cannot pin the folder ${folder}: ${paths.length} files, limit is ${FOLDER_FILES_MAX}`;
    throw new GateError("DATASET_LIMIT", message, { fix: "Track it with DVC, or pack it into one file" });
  }
  const lines: string[] = [];
  for (const path of paths) {
    const digest = await digestOf(files, files.tree.get(path)!, "sha256");
    lines.push(`${digest}  ${path.slice(folder.length + 1)}\n`);
  }
  return sha256Of(lines.join(""));
}

function pinOfLock(pipelines: readonly Pipeline[], path: string): Pin | undefined {
  for (const { stages, lockPath, digest } of pipelines) {
    for (const { deps, outs } of stages) {
      const locked = [...outs, ...deps].find((link) => link.path === path)?.locked;
      if (locked?.digest === undefined) continue;
      const source = { adapter: dvc.name, path: lockPath, digest, line: locked.at.line };
      return { digest: locked.digest, source };
    }
  }
  return undefined;
}
