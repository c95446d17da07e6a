import { type Node, nodeAt, toValue } from "../parse/node.ts";
import { resolvePath } from "./path.ts";

/** Where DVC looks for variables that no file is named for. */
export const PARAMETERS_NAME = "params.yaml";

/** The folder of a pipeline, and the one that a stage of it works in. */
export interface StageFolders {
  readonly pipeline: string;
  readonly stage: string;
}

/** What a `dvc.yaml` says of a stage of its lock; of `train@uk`, what stands under `train`. */
export function stageAt(pipeline: Node, name: string): Node | undefined {
  return nodeAt(pipeline, ["stages", name]) ?? nodeAt(pipeline, ["stages", name.replace(/@.*$/s, "")]);
}

/** The files that may fill a stage's templates: `params.yaml`, and those that `vars` of the pipeline or its own name. */
export function variableFiles(pipeline: Node, name: string, folders: StageFolders): readonly string[] {
  const stage = stageAt(pipeline, name);
  if (stage === undefined || !JSON.stringify(toValue(stage)).includes("${")) return [];
  const own = nodeAt(stage, ["vars"]) ?? nodeAt(stage, ["do", "vars"]);
  const shared = [PARAMETERS_NAME, ...filesAt(nodeAt(pipeline, ["vars"]))];
  return [
    ...shared.flatMap((written) => resolvePath(folders.pipeline, written) ?? []),
    ...filesAt(own).flatMap((written) => resolvePath(folders.stage, written) ?? []),
  ];
}

/** Of `params.json:train,test`, the file. */
function filesAt(vars: Node | undefined): readonly string[] {
  const items = vars?.kind === "list" ? vars.items : [];
  return items.flatMap((item) => (item.kind === "scalar" ? String(item.value).replace(/:.*$/s, "") : []));
}
