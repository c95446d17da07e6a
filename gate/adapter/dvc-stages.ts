import { GateError } from "../model/error.ts";
import { quote } from "../parse/excerpt.ts";
import type { MapNode, Node, Position } from "../parse/node.ts";
import type { RawPipeline, RawProblem } from "./adapter.ts";
import { FILLED_CHARS_MAX, fill, fillCommand, print, type Scope, unresolved } from "./dvc-template.ts";
import {
  loadPipelineVariables,
  loadVariables,
  NO_VARIABLES,
  PARAMS_FILE,
  type ReadVariables,
  textNode,
  withVariables,
} from "./dvc-variables.ts";

/** One stage of `dvc.yaml` with its templates filled in; paths are as written, from the working folder. */
export interface Stage {
  /** `name`, or `name@item` of a `foreach` or `matrix`. */
  readonly name: string;
  readonly at: Position;
  /** From the folder of `dvc.yaml`. */
  readonly wdir: string;
  readonly cmd: Node;
  readonly deps: readonly string[];
  readonly outs: readonly string[];
  readonly params: readonly StageParams[];
}

/** Keys of one parameter file that a stage depends on; all of them if absent. */
export interface StageParams {
  readonly file: string;
  readonly keys?: readonly string[];
}

export const STAGES_MAX = 1_000;
/** Of one item's part of a stage's name. */
const ITEM_CHARS_MAX = 200;

/**
 * The stages of a pipeline as DVC makes them (dvc/parsing). A stage whose templates cannot be filled in is a
 * problem, by its name: what it stands for is not known, so that nothing about it can be in sync.
 */
export async function resolveStages(
  pipeline: RawPipeline,
  read: ReadVariables,
): Promise<{ stages: readonly Stage[]; problems: ReadonlyMap<string, RawProblem> }> {
  const stages: Stage[] = [];
  const problems = new Map<string, RawProblem>();
  const variables = await loadPipelineVariables(pipeline.vars, { read, wdir: "." });
  const scope: Scope = { variables, budget: { chars: FILLED_CHARS_MAX } };
  for (const [name, definition] of pipeline.stages) {
    const stagesMax = STAGES_MAX - stages.length;
    try {
      stages.push(...(await resolveDefinition({ name, definition, scope, stagesMax }, read)));
    } catch (error) {
      if (!(error instanceof GateError)) throw error;
      problems.set(name, toProblem(name, definition, error));
    }
  }
  return { stages, problems };
}

function toProblem(name: string, definition: MapNode, error: GateError): RawProblem {
  const { line, column } = error.place ?? {};
  return {
    code: error.code,
    message: `Cannot read the stage ${quote(name)}: ${error.message}`,
    at: line === undefined ? definition.at : { line, column: column ?? 1 },
    ...(error.fix === undefined ? {} : { fix: error.fix }),
  };
}

interface Definition {
  readonly name: string;
  readonly definition: MapNode;
  readonly scope: Scope;
  readonly stagesMax: number;
}

async function resolveDefinition(given: Definition, read: ReadVariables): Promise<readonly Stage[]> {
  const { name, definition, scope, stagesMax } = given;
  const variants = variantsOf(definition, scope);
  if ((variants?.size ?? 1) > stagesMax) throw unresolved(definition, `more than ${STAGES_MAX} stages`);
  if (variants === undefined) return [await resolveStage(name, { template: definition, scope }, read)];
  const template = definition.entries.get("do")?.value ?? definition;
  if (template.kind !== "map") throw unresolved(template, "do is not a map");
  const stages: Stage[] = [];
  for (const [key, item] of variants) {
    const variables = withVariables(scope.variables, [
      ["item", item],
      ["key", textNode(key)],
    ]);
    stages.push(await resolveStage(`${name}@${key}`, { template, scope: { ...scope, variables } }, read));
  }
  return stages;
}

/** The items of a `foreach` or `matrix` by the key that names their stage; undefined for a plain stage. */
function variantsOf(definition: MapNode, scope: Scope): ReadonlyMap<string, Node> | undefined {
  const matrix = definition.entries.get("matrix")?.value;
  if (matrix !== undefined) return combinations(fill(matrix, scope));
  const foreach = definition.entries.get("foreach")?.value;
  if (foreach === undefined) return undefined;
  const data = fill(foreach, scope);
  if (data.kind === "map") return new Map([...data.entries].map(([key, { value }]) => [key, value]));
  if (data.kind === "scalar") throw unresolved(foreach, "foreach is neither a list nor a map");
  const isComposite = data.items.some((item) => item.kind !== "scalar");
  return new Map(data.items.map((item, index) => [isComposite ? String(index) : printItem(item), item]));
}

/** Every combination of the lists of a matrix, the last one changing fastest. */
function combinations(matrix: Node): ReadonlyMap<string, Node> {
  if (matrix.kind !== "map") throw unresolved(matrix, "matrix is not a map");
  let found: { readonly names: readonly string[]; readonly item: MapNode }[] = [
    { names: [], item: NO_VARIABLES },
  ];
  for (const [key, { value }] of matrix.entries) {
    if (value.kind !== "list") throw unresolved(value, `${key} of the matrix is not a list`);
    if (found.length * value.items.length > STAGES_MAX) {
      throw unresolved(matrix, `more than ${STAGES_MAX} stages`);
    }
    found = found.flatMap(({ names, item }) =>
      value.items.map((choice, index) => ({
        names: [...names, choice.kind === "scalar" ? printItem(choice) : `${key}${index}`],
        item: withVariables(item, [[key, choice]]),
      })),
    );
  }
  return new Map(found.map(({ names, item }) => [names.join("-"), item]));
}

function printItem(item: Node): string {
  const text = print(item);
  if (text.length <= ITEM_CHARS_MAX) return text;
  throw unresolved(
    item,
    `an item of ${text.length} characters in a stage's name, limit is ${ITEM_CHARS_MAX}`,
  );
}

async function resolveStage(
  name: string,
  { template, scope }: { template: MapNode; scope: Scope },
  read: ReadVariables,
): Promise<Stage> {
  const folder = template.entries.get("wdir")?.value;
  const wdir = folder === undefined ? "." : print(fill(folder, scope));
  const variables = await loadVariables(scope.variables, itemsOf(template, "vars"), { read, wdir });
  const own = { ...scope, variables };
  const cmd = template.entries.get("cmd")?.value;
  if (cmd === undefined) throw unresolved(template, "it has no cmd");
  const paths = (key: string) => itemsOf(template, key).flatMap((item) => pathsOf(fill(item, own)));
  return {
    name,
    at: template.at,
    wdir,
    cmd: fillCommand(cmd, own),
    deps: paths("deps"),
    outs: [...paths("outs"), ...paths("metrics"), ...paths("plots")],
    params: paramsOf(itemsOf(template, "params").map((item) => fill(item, own))),
  };
}

function itemsOf(map: MapNode, key: string): readonly Node[] {
  const found = map.entries.get(key)?.value;
  if (found === undefined) return [];
  if (found.kind !== "list") throw unresolved(found, `${key} is not a list`);
  return found.items;
}

/** A path is written plain, or as the one key of a map of flags. */
function pathsOf(item: Node): readonly string[] {
  return item.kind === "map" ? [...item.entries.keys()] : [print(item)];
}

/** Source: dvc/dependency/__init__.py, _merge_params: a file that is named without keys counts as a whole. */
function paramsOf(items: readonly Node[]): readonly StageParams[] {
  const keys = new Map<string, string[]>();
  const whole = new Set<string>();
  for (const [file, value] of items.flatMap(namedParams)) {
    if (value.kind === "map") throw unresolved(value, `the params of ${file} are not a list`);
    const named = (value.kind === "list" ? value.items : [value]).filter((node) => !isNull(node));
    if (named.length === 0) whole.add(file);
    const texts = keys.get(file) ?? [];
    for (const node of named) texts.push(print(node));
    keys.set(file, texts);
  }
  return [...keys].map(([file, texts]) => (whole.has(file) ? { file } : { file, keys: [...new Set(texts)] }));
}

/** An entry is a key of `params.yaml`, or a map from file to keys. */
function namedParams(item: Node): readonly (readonly [string, Node])[] {
  if (item.kind !== "map") return [[PARAMS_FILE, item]];
  return [...item.entries].map(([file, { value }]) => [file, value]);
}

function isNull(node: Node): boolean {
  return node.kind === "scalar" && node.value === null;
}
