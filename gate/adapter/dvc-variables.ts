import { quote } from "../parse/excerpt.ts";
import { type MapNode, type Node, nodeAt, type Position, type ScalarNode } from "../parse/node.ts";
import { print, unresolved } from "./dvc-template.ts";

/**
 * A file of variables beside `dvc.yaml` or in a stage's working folder; undefined where there is none. Throws a
 * GateError for one that cannot be read.
 */
export type ReadVariables = (wdir: string, path: string) => Promise<Node | undefined>;

/** Where DVC looks for parameters, and for variables, that name no file. */
export const PARAMS_FILE = "params.yaml";

export interface VariableSource {
  readonly read: ReadVariables;
  readonly wdir: string;
}

const START: Position = { line: 1, column: 1 };

export const NO_VARIABLES: MapNode = { kind: "map", entries: new Map(), at: START };

/** Variables of a pipeline: those of `params.yaml`, which need not exist, and of its section `vars`. */
export function loadPipelineVariables(vars: readonly Node[], from: VariableSource): Promise<MapNode> {
  return loadVariables(NO_VARIABLES, [textNode(PARAMS_FILE), ...vars], from);
}

/** The variables with more of them: each entry is a map, or names a file. */
export async function loadVariables(
  variables: MapNode,
  vars: readonly Node[],
  from: VariableSource,
): Promise<MapNode> {
  let loaded = variables;
  for (const entry of vars) {
    if (entry.kind === "list") throw unresolved(entry, "an entry of vars is a list");
    const update = entry.kind === "map" ? entry : await readVariables(entry, from);
    if (update !== undefined) loaded = merge(loaded, update, entry.at);
  }
  return loaded;
}

/** The variables of a file, or those of its top keys that are named: `params.json:train,test`. */
async function readVariables(
  entry: ScalarNode,
  { read, wdir }: VariableSource,
): Promise<MapNode | undefined> {
  const [path = "", selection] = print(entry).split(":");
  const root = await read(wdir, path);
  if (root === undefined && path === PARAMS_FILE) return undefined;
  if (root === undefined) throw unresolved(entry, `the variables of ${quote(path)} do not exist`);
  if (root.kind !== "map") throw unresolved(entry, `${quote(path)} is not a map of variables`);
  if (selection === undefined) return root;
  const keys = selection.split(",").filter((key) => key !== "");
  const entries = keys.map((key): [string, Node] => {
    const value = nodeAt(root, [key]);
    if (value === undefined) throw unresolved(entry, `${quote(path)} has no ${quote(key)}`);
    return [key, value];
  });
  return withVariables(NO_VARIABLES, entries);
}

/** Both maps in one. DVC refuses a variable that is defined twice; the same file named again is no second one. */
function merge(into: MapNode, update: MapNode, place: Position): MapNode {
  const entries = new Map(into.entries);
  for (const [key, { at, value }] of update.entries) {
    const old = entries.get(key)?.value;
    const isDeeper = old?.kind === "map" && value.kind === "map";
    if (isDeeper) entries.set(key, { at, value: merge(old, value, place) });
    else if (old === undefined || old === value) entries.set(key, { at, value });
    else throw unresolved({ at: place }, `the variable ${quote(key)} is defined twice`);
  }
  return { ...into, entries };
}

/** The variables with some set, whatever they were before. */
export function withVariables(variables: MapNode, entries: readonly (readonly [string, Node])[]): MapNode {
  const set = entries.map(([key, value]) => [key, { at: value.at, value }] as const);
  return { ...variables, entries: new Map([...variables.entries, ...set]) };
}

/** A text that stands in no file. */
export function textNode(text: string): ScalarNode {
  return { kind: "scalar", value: text, text, at: START };
}
