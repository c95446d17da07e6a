import type { Artifact, ModelChange, Tree } from "../model/change.ts";
import type { Manifest } from "../model/manifest.ts";
import { once } from "../model/once.ts";
import type { Repository } from "../world.ts";
import { type ArtifactSource, indexTree, readArtifact, subjectOf } from "./artifacts.ts";
import { readLockOutputs } from "./lock-outputs.ts";
import { readManifestFiles } from "./manifest-file.ts";
import { folderOf } from "./path.ts";
import { readAttributes } from "./side.ts";

/**
 * The models, each with what it is by now in the tree of the commit that the change wants to enter. A branch that left before the
 * model was refreshed would else be weighed against the older one.
 */
export async function withTips(
  models: readonly ModelChange[],
  tree: Tree,
  repository: Repository,
): Promise<ModelChange[]> {
  // Thousands of models may stand there that the change does not touch.
  const own = models.flatMap(({ base }) => tree.get(base?.manifest?.path ?? "") ?? []);
  const few = new Map(own.map((entry) => [entry.path, entry]));
  const { base: manifests } = await readManifestFiles({ base: few, head: few }, repository);
  const source: ArtifactSource = {
    ...{ tree, repository },
    known: new Map(),
    index: once(() => indexTree(tree)),
    attributes: once(() => readAttributes(tree, repository)),
    outputs: once(() => readLockOutputs(tree, repository)),
  };
  const withTip: ModelChange[] = [];
  for (const model of models) {
    const path = model.base?.manifest?.path;
    const file = path === undefined ? undefined : manifests.get(folderOf(path));
    const result = file?.read();
    if (file === undefined || result === undefined) withTip.push(model);
    else if (result.kind === "broken") withTip.push({ ...model, tip: { artifacts: [] } });
    else withTip.push({ ...model, tip: await readTip(result.manifest, file.folder, source) });
  }
  return withTip;
}

async function readTip(
  manifest: Manifest,
  folder: string,
  source: ArtifactSource,
): Promise<NonNullable<ModelChange["tip"]>> {
  const artifacts: Artifact[] = [];
  for (const artifact of manifest.artifacts) artifacts.push(await readArtifact(artifact, source));
  const subject = subjectOf(artifacts, folder);
  return { artifacts, manifest, ...(subject === undefined ? {} : { subject }) };
}
